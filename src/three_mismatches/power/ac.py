"""What an AC power flow makes of the load that DC power flow would let a bus take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.convert import to_pandapower
from three_mismatches.convert._tables import library, parts
from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.power.dc import dc_flow

__all__ = ["ac_check"]

ADDED = "added at "
"""Before the names of the loads that are added."""

MOST_STEPS = 20
"""Newton steps after which a power flow counts as not converged."""

COLUMNS = {
    "hosting_mw": float, "dc_loading": float, "ac_loading": float, "ac_line": str, "min_vm_pu": float,
    "min_vm_bus": str, "base_ac_loading": float, "base_min_vm_pu": float, "converged": bool,
}  # fmt: skip
UNKNOWN = {"ac_loading": np.nan, "ac_line": "", "min_vm_pu": np.nan, "min_vm_bus": ""}


def ac_check(
    grid: Grid,
    hosting: pd.DataFrame,
    *,
    top: int | None = 5,
    power_factor: float = ASSUMPTIONS["site_power_factor"].value,
    participation: pd.Series | None = None,
) -> pd.DataFrame:
    """
    Return what lines carry and how far voltages fall in AC where a bus takes the load that DC lets it take.

    One bus at a time, the network intact. Each load is added to the base case, and generators answer as they do in
    `hosting`; losses, and what the base case lacks, come from the slack bus.

    Parameters
    ----------
    grid
        As for `dc_flow`, with a slack bus in each part of the network, and with what AC needs: `lines.r`,
        `lines.b_pu_100`, `loads.q_set`, `buses.shunt_mvar`, `buses.v_mag_pu_set`. What is unknown is taken as 0, the
        voltages as 1.
    hosting
        By bus `hosting_mw`, as `hosting(grid)` gives it. [MW]
    top
        How many of the buses with the largest `hosting_mw`; None: all.
    power_factor
        Active over apparent power of the load that is added; it draws reactive power. [-]
    participation
        Weight of each bus that answers. Without, `hosting.attrs["participation"]`, else what its generators can still
        give. [MW]

    Returns
    -------
    check
        Index bus, the largest first. `hosting_mw` [MW]; `dc_loading`, the largest flow over rating in DC [-];
        `ac_loading`, the largest apparent power over rating, at the end where it is larger [-], and `ac_line`, where;
        `min_vm_pu` and `min_vm_bus`, the lowest voltage and where [p.u.]; `base_ac_loading` and `base_min_vm_pu`, the
        same before anything is added; `converged`. NaN where no solution was found. Lines without a finite rating
        have no loading.

    Raises
    ------
    ImportError
        If pandapower is not installed.
    NetworkError
        As `dc_flow` and `to_pandapower`; if a bus is not in the grid, no bus is a slack, or nobody answers.
    ValueError
        If `power_factor` is not above 0 and at most 1.

    Notes
    -----
    Newton's method from flat voltages, pi model of transformers, taps fixed. Generators hold their voltage without
    limit of reactive power: the result is a bound from the good side. A power flow that does not converge may have a
    solution all the same.

    Examples
    --------
    >>> ac_check(grid, hosting(grid, security="n0"))  # doctest: +SKIP
    """
    pandapower = library("pandapower")
    if not 0.0 < power_factor <= 1.0:
        msg = f"power_factor must be above 0 and at most 1, not {power_factor!r}"
        raise ValueError(msg)
    asked = hosting["hosting_mw"].astype(float).sort_values(ascending=False, kind="stable")
    chosen = asked[asked.notna()].iloc[:top]
    shares = _shares(
        grid, chosen.index, hosting.attrs.get("participation") if participation is None else participation
    )
    case = _Case(pandapower, grid, shares)
    base = case.solved(None)
    rows = {}
    for bus, mw in chosen.items():
        added = (-mw * shares[bus]).add(pd.Series({bus: mw}), fill_value=0.0)
        reactive = pd.Series({bus: mw * float(np.sqrt(1.0 / power_factor**2 - 1.0))})
        rows[bus] = {
            "hosting_mw": mw,
            "dc_loading": _dc_loading(grid, added),
            **case.solved(added, reactive),
            "base_ac_loading": base["ac_loading"],
            "base_min_vm_pu": base["min_vm_pu"],
        }
    found = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS)).astype(COLUMNS)
    return found.rename_axis("bus")


def _shares(grid: Grid, buses: pd.Index, weights: pd.Series | None) -> dict[Any, pd.Series]:
    """Return, for each bus, who answers for a load there: shares of buses of its part of the network."""
    known = grid.buses.index
    weight = (_room(grid) if weights is None else weights.astype(float).groupby(level=0).sum()).clip(
        lower=0.0
    )
    part = pd.Series(parts(grid), index=known)
    slack = part[grid.buses["slack"].astype(bool)]
    asked = buses.union(weight.index, sort=False)
    found = (
        ("is no bus of the grid", "Correct its name", asked[~asked.isin(known)]),
        ("is in a part of the network without a slack bus", "Set buses.slack of one bus of the part",
         buses[buses.isin(known) & ~part.reindex(buses).isin(slack)]),
    )  # fmt: skip
    faults = [
        Fault("hosting", "bus", problem, cure, tuple(map(str, ids)))
        for problem, cure, ids in found
        if len(ids)
    ]
    if faults:
        raise NetworkError(faults)
    inside = {bus: weight[(part[weight.index] == part[bus]).to_numpy() & weight.ne(0.0)] for bus in buses}
    silent = tuple(str(bus) for bus, one in inside.items() if not one.sum() > 0.0)
    if silent:
        cure = "Give participation=, a weight by bus"
        raise NetworkError(
            [Fault("hosting", "bus", "is in a part of the network where nobody answers", cure, silent)]
        )
    return {bus: one / one.sum() for bus, one in inside.items()}


def _room(grid: Grid) -> pd.Series:
    """Return what the generators of each bus can still give. [MW]"""
    plants = grid.generators[grid.generators["bus"].notna() & grid.generators["status"].eq("operating")]
    room: pd.Series = (plants["p_nom"] - plants["p_set"]).clip(lower=0.0).groupby(plants["bus"]).sum()
    return room


def _with_loads(grid: Grid, active: pd.Series) -> Grid:
    """Return a grid with further loads, by bus; one below 0 gives power. [MW]"""
    further = pd.DataFrame(
        {"bus": active.index.astype(str), "p_set": active.to_numpy(), "q_set": 0.0},
        index=pd.Index(ADDED + active.index.astype(str), name="load"),
    )
    return replace(grid, loads=pd.concat([grid.loads, further]) if len(grid.loads) else further)


def _dc_loading(grid: Grid, added: pd.Series) -> float:
    """Return the largest flow over rating with further loads. [-]"""
    flow = dc_flow(_with_loads(grid, added))
    return float((flow.abs() / _ratings(grid)).max())


def _ratings(grid: Grid) -> pd.Series:
    """Return the ratings of the lines in service that have a finite one. [MVA]"""
    lines = grid.lines
    limited = lines["in_service"].astype(bool) & np.isfinite(lines["s_nom"]) & lines["s_nom"].gt(0.0)
    found: pd.Series = lines["s_nom"].where(limited)
    return found


class _Case:
    """A grid as a net of pandapower, in which loads of 0 MW wait at the buses that are asked or answer."""

    def __init__(self, pandapower: Any, grid: Grid, shares: Mapping[Any, pd.Series]) -> None:  # noqa: ANN401
        self.pandapower, self.rating = pandapower, _ratings(grid)
        waiting = pd.Index(
            sorted({*shares, *(bus for one in shares.values() for bus in one.index)}), dtype=object
        )
        self.net = to_pandapower(_with_loads(grid, pd.Series(0.0, index=waiting)))
        self.rows = pd.Series(self.net.load.index[-len(waiting) :], index=waiting)

    def solved(self, active: pd.Series | None, reactive: pd.Series | None = None) -> dict[str, Any]:
        """Return what the AC power flow finds with these loads, by bus. [MW, MVAr]"""
        for column, values in (("p_mw", active), ("q_mvar", reactive)):
            given = 0.0 if values is None else values.reindex(self.rows.index).fillna(0.0).to_numpy()
            self.net.load.loc[self.rows.to_numpy(), column] = given
        try:
            self.pandapower.runpp(
                self.net, trafo_model="pi", init="dc", max_iteration=MOST_STEPS, numba=False
            )
        except self.pandapower.LoadflowNotConverged:
            return {"converged": False, **UNKNOWN}
        return {"converged": True, **self._worst()}

    def _worst(self) -> dict[str, Any]:
        """Return the largest loading and the lowest voltage of the solved net."""
        net, sides = self.net, {"line": ("from", "to"), "trafo": ("hv", "lv")}
        power = pd.concat([
            pd.concat([np.hypot(net[f"res_{name}"][f"p_{side}_mw"], net[f"res_{name}"][f"q_{side}_mvar"])
                       for side in ends], axis="columns").max(axis="columns").set_axis(net[name]["name"])
            for name, ends in sides.items()
        ])  # fmt: skip
        loading = (power.reindex(self.rating.index) / self.rating).dropna()
        voltage = net.res_bus["vm_pu"].set_axis(net.bus["name"]).dropna()
        return {
            "ac_loading": float(loading.max()) if len(loading) else np.nan,
            "ac_line": str(loading.idxmax()) if len(loading) else "",
            "min_vm_pu": float(voltage.min()),
            "min_vm_bus": str(voltage.idxmin()),
        }
