"""Grids at line resolution for tests: drawn by hand, at random, and from PYPOWER's cases; and scipy's word on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult, linprog
from shapely.geometry import Point, box

from conftest import tables_of
from three_mismatches.layers import Grid
from three_mismatches.network import BusGraph, bus_graph
from three_mismatches.power import base_dispatch, dispatched, ladders

Rows = dict[str, dict[str, Any]]
Lines = Mapping[str, tuple[str, str, float, float]]


def drawn(
    buses: Mapping[str, tuple[float, float]], lines: Lines, *, areas: Mapping[str, str] | None = None
) -> dict[str, Rows]:
    """
    Return layers of a grid from buses {id: (demand, supply)} and lines {id: (bus0, bus1, x_pu_100, s_nom)}.

    Each bus is an area of its own, so that supply stands where it is drawn, unless `areas` says {bus: area}: then
    demand stands where it is drawn, and supply is the plant's that bears the bus's name.
    """
    of = {bus: bus for bus in buses} if areas is None else dict(areas)
    names = sorted(set(of.values()))
    at = {bus: Point(i, 0.5) for i, bus in enumerate(buses)}
    return {
        "areas": {
            name: {
                "peak_mw": sum(d for bus, (d, _) in buses.items() if of[bus] == name),
                "firm_mw": sum(s for bus, (_, s) in buses.items() if of[bus] == name),
                "geometry": box(i, 0, i + 1, 1),
            }
            for i, name in enumerate(names)
        },
        "buses": {bus: {"v_nom": 275.0, "area": of[bus], "geometry": at[bus]} for bus in buses},
        "loads": {bus: {"bus": bus, "p_set": d} for bus, (d, _) in buses.items()},
        "generators": {
            f"plant {bus}": {"p_nom": s, "area": of[bus], "bus": bus, "firm_factor": 1.0}
            for bus, (_, s) in buses.items()
            if s > 0.0
        },
        "lines": {
            line: {"bus0": ends[0], "bus1": ends[1], "x_pu_100": ends[2], "s_nom": ends[3]}
            for line, ends in lines.items()
        },
    }


def grid_of(layers: Mapping[str, Rows]) -> Grid:
    """Return the grid of a study's layers."""
    return tables_of(layers).grid


def graph_of(layers: Mapping[str, Rows]) -> BusGraph:
    """Return the arrays of a study's layers."""
    return bus_graph(grid_of(layers))


def rungs_of(layers: Mapping[str, Rows], asked: Sequence[str]) -> pd.DataFrame:
    """Return the rungs of some buses beside the base dispatch; what that overloads already is no limit."""
    grid = grid_of(layers)
    graph = bus_graph(grid)
    return ladders(dispatched(grid, graph, base_dispatch(graph)), asked, preexisting="ignore")


def pypower_layers(solved: Mapping[str, Any], prefix: str = "") -> dict[str, Rows]:
    """
    Return the grid of a PYPOWER case that `rundcpf` has solved: its dispatch is the only one that serves all demand.

    Every bus is an area of its own whose supply is what its generators give, so that flows are determined.
    """
    base, bus, gen = solved["baseMVA"], solved["bus"], solved["gen"]
    given = {int(row[0]): 0.0 for row in bus}
    for row in gen[gen[:, 7] > 0]:
        given[int(row[0])] += row[1]
    layers = drawn({f"{prefix}{int(row[0])}": (row[2] + row[4], given[int(row[0])]) for row in bus}, {})
    for i, row in enumerate(solved["branch"]):
        layers["lines"][f"{prefix}branch {i:03d}"] = {
            "bus0": f"{prefix}{int(row[0])}", "bus1": f"{prefix}{int(row[1])}", "x_pu_100": row[3] * 100.0 / base,
            "tap_ratio": row[8] or 1.0, "phase_shift": row[9], "s_nom": row[5] or np.inf, "in_service": bool(row[10]),
        }  # fmt: skip
    return layers


def random_layers(seed: int) -> dict[str, Rows]:
    """
    Return a random grid of 4 to 7 buses in two or three areas: meshed or not, often in islands.

    Circuits run side by side, in both directions, with taps and phase shifts; a link and an interface of lines and the
    link are among it. Some have lines out of service, some lack supply, some ratings are short.
    """
    draw = np.random.default_rng(seed)
    count = int(draw.integers(4, 8))
    names = [f"b{i}" for i in range(count)]
    areas = {bus: f"a{i % int(draw.integers(2, 4))}" for i, bus in enumerate(names)}
    buses = {
        bus: (float(draw.uniform(0, 100)), float(draw.choice([0.0, draw.uniform(50, 300)]))) for bus in names
    }
    layers = drawn(buses, {}, areas=areas)
    for j in range(count + int(draw.integers(0, 4))):
        ends = draw.choice(count, 2, replace=False)
        layers["lines"][f"l{j:02d}"] = {
            "bus0": names[ends[0]], "bus1": names[ends[1]], "x_pu_100": float(draw.uniform(0.01, 0.5)),
            "s_nom": float(draw.choice([draw.uniform(10, 120), np.inf], p=[0.8, 0.2])),
            "tap_ratio": float(draw.choice([1.0, 0.96])), "phase_shift": float(draw.choice([0.0, 0.0, 0.0, 0.3, -0.2])),
            "in_service": bool(draw.uniform() < 0.9),
        }  # fmt: skip
    ends = draw.choice(count, 2, replace=False)
    layers["links"] = {
        "dc": {
            "bus0": names[ends[0]], "bus1": str(draw.choice([names[ends[1]], areas[names[ends[1]]]])),
            "carrier": "HVDC", "p_nom": 60.0, "p_nom_reverse": 20.0, "margin_mw": 5.0,
            "efficiency": float(draw.choice([1.0, 0.95])),
        }
    }  # fmt: skip
    layers["interfaces"] = {"i": {"limit_forward": 70.0, "limit_reverse": 40.0, "margin_mw": 3.0}}
    for j, element in enumerate([*list(layers["lines"])[:3], "dc"]):
        sign = float(draw.choice([-1.0, 1.0]))
        layers["interface_members"] = layers.get("interface_members", {}) | {
            f"m{j}": {"interface": "i", "element": element, "sign": sign}
        }
    return layers


class Oracle:
    """
    The line model written down once more, densely and circuit by circuit, for `scipy.optimize.linprog`.

    Unknowns: angles [rad], supply, shed, flow of each circuit, both directions of each link, overload of each circuit
    pair, new load.
    """

    def __init__(self, graph: BusGraph, *, interfaces: bool) -> None:
        n, m, k = len(graph.buses), len(graph.branches), len(graph.links)
        self.graph, self.n, self.m, self.k = graph, n, m, k
        self.width = 3 * n + m + 2 * k + 1
        a, eff = np.zeros((n + m, self.width)), graph.link_efficiency
        a[:n, n : 2 * n] = a[:n, 2 * n : 3 * n] = np.eye(n)
        enter, leave = graph.link_to.toarray(), graph.link_from.toarray()
        for i in range(m):
            at, to = graph.branch_from[i], graph.branch_to[i]
            a[at, 3 * n + i] -= 1.0
            a[to, 3 * n + i] += 1.0
            a[n + i, 3 * n + i] = 1.0
            a[n + i, at] -= graph.susceptance[i]
            a[n + i, to] += graph.susceptance[i]
        a[:n, 3 * n + m : 3 * n + m + k] = enter * eff - leave
        a[:n, 3 * n + m + k : -1] = leave * eff - enter
        self.equal = a
        self.right = np.concatenate([graph.demand_mw, -graph.susceptance * graph.shift_rad])
        self.rows = np.zeros((len(graph.interfaces) if interfaces else 0, self.width))
        for i, element, sign in zip(
            graph.member_interface, graph.member_element, graph.member_sign, strict=True
        ):
            if interfaces and element < m:
                self.rows[i, 3 * n + element] += sign
            elif interfaces:
                self.rows[i, 3 * n + m + element - m] += sign
                self.rows[i, 3 * n + m + k + element - m] -= sign

    def solve(
        self,
        cost: np.ndarray,
        *,
        at: int | None = None,
        most_shed: float = np.inf,
        free: np.ndarray | None = None,
    ) -> OptimizeResult:
        """Return scipy's minimum; new load may stand at one bus, and circuits in `free` carry anything."""
        graph, n, m = self.graph, self.n, self.m
        equal = self.equal.copy()
        if at is not None:
            equal[at, -1] = -1.0
        rating = graph.rating_mw if free is None else np.where(free, np.inf, graph.rating_mw)
        upper = [self.rows, -self.rows, np.zeros((1, self.width))]
        upper[2][0, 2 * n : 3 * n] = 1.0
        forward, reverse = (
            way[: len(self.rows)] for way in (graph.interface_forward, graph.interface_reverse)
        )
        limit = np.concatenate([forward, reverse, [most_shed]])
        bounded = np.isfinite(limit)
        bounds = [(None, None)] * n
        bounds += [(0.0, s) for s in graph.supply_mw] + [(0.0, d) for d in graph.demand_mw]
        bounds += [(-r, r) for r in rating[:m]]
        bounds += [(0.0, c) for c in (*graph.link_forward, *graph.link_reverse)]
        bounds += [(0.0, 0.0 if at is None else None)]
        return linprog(
            cost,
            A_ub=np.vstack(upper)[bounded],
            b_ub=limit[bounded],
            A_eq=equal,
            b_eq=self.right,
            bounds=bounds,
        )

    def least_shed(self, free: np.ndarray | None = None) -> OptimizeResult:
        """Return the solve that sheds least."""
        cost = np.zeros(self.width)
        cost[2 * self.n : 3 * self.n] = 1.0
        return self.solve(cost, free=free)

    def most_at(self, bus: int, free: np.ndarray) -> float:
        """Return most new load at a bus when no more is shed than must be. [MW]"""
        least = self.least_shed(free)
        assert least.status == 0
        cost = np.zeros(self.width)
        cost[-1] = -1.0
        found = self.solve(cost, at=bus, most_shed=least.fun + 1e-6, free=free)
        assert found.status == 0
        return -found.fun
