"""A grid's branches as arrays for DC power flow: what the physics needs, and nothing of demand or supply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid

__all__ = [
    "BASE_MVA",
    "NO_REACTANCE",
    "Bridges",
    "DcNetwork",
    "bridges_of",
    "components",
    "dc_network",
    "reactance_pu",
]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BASE_MVA = 100.0

NO_REACTANCE = "Give x_pu_100, or x and v_nom; merge the ends of a branch without reactance"


@dataclass(frozen=True, eq=False)
class DcNetwork:
    """
    Branches between buses, in the order of the grid's tables; one that is out of service has susceptance 0.

    Attributes
    ----------
    buses, branches
        Ids.
    start, end
        Position of the bus at each end.
    working
        Which branches are in service.
    susceptance
        1 / (x tap). [MW/rad]
    shift_rad
        Angle of a phase shifter, taken from the flow.
    component
        Number of the part of the network that each bus is in.
    """

    buses: pd.Index
    branches: pd.Index
    start: Ints
    end: Ints
    working: Bools
    susceptance: Floats
    shift_rad: Floats
    component: Ints


def dc_network(grid: Grid) -> DcNetwork:
    """
    Return the branches of a grid at line resolution as arrays.

    Raises
    ------
    NetworkError
        If there are no buses, a line ends at no bus or has no reactance, with every such line.
    """
    buses, lines = grid.buses, grid.lines
    if buses.empty:
        problem, cure = "has no rows", "At line resolution a grid needs buses and lines"
        raise NetworkError([Fault("buses", "table", problem, cure)])
    ends = [buses.index.get_indexer(pd.Index(lines[end])).astype(np.int64) for end in ("bus0", "bus1")]
    working = lines["in_service"].to_numpy(dtype=bool)
    reactance = reactance_pu(lines).to_numpy(dtype=np.float64)
    tap = lines["tap_ratio"].fillna(1.0).to_numpy(dtype=np.float64)
    lost = (ends[0] < 0) | (ends[1] < 0)
    still = working & ~(np.isfinite(reactance) & (reactance != 0.0))
    found = (
        ("bus0, bus1", "is no bus", "Correct its ends, or add the bus", lost),
        ("x_pu_100", "is missing, 0 or infinite", NO_REACTANCE, still),
        ("tap_ratio", "is not above 0", "Write 1 for none", working & ~(tap > 0.0)),
    )
    faults = [
        Fault("lines", column, problem, cure, tuple(map(str, lines.index[bad])))
        for column, problem, cure, bad in found
        if bad.any()
    ]
    if faults:
        raise NetworkError(faults)
    susceptance = np.zeros(len(lines))
    susceptance[working] = BASE_MVA / (reactance[working] * tap[working])
    return DcNetwork(
        buses=buses.index,
        branches=lines.index,
        start=ends[0],
        end=ends[1],
        working=working,
        susceptance=susceptance,
        shift_rad=np.radians(lines["phase_shift"].fillna(0.0).to_numpy(dtype=np.float64)),
        component=components(ends[0][working], ends[1][working], len(buses)),
    )


def reactance_pu(lines: pd.DataFrame) -> pd.Series:
    """Return reactance on a base of 100 MVA: as given, else from ohms."""
    return lines["x_pu_100"].fillna(lines["x"] * BASE_MVA / lines["v_nom"] ** 2)


def components(start: Ints, end: Ints, count: int) -> Ints:
    """Return which buses hang together: one number for each island of branches."""
    joined = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    return connected_components(joined, directed=False)[1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Bridges:
    """
    Branches without which the network falls apart, and what lies behind each.

    Attributes
    ----------
    found
        Which branches are bridges.
    place
        Number of each bus in the order of a search.
    first, last
        Behind a bridge are the buses with places from `first` to below `last`; 0 for other branches.
    """

    found: Bools
    place: Ints
    first: Ints
    last: Ints

    def behind(self, bridge: int) -> Bools:
        """Return which buses lie behind a bridge, seen from where the search began."""
        found: Bools = (self.place >= self.first[bridge]) & (self.place < self.last[bridge])
        return found


def bridges_of(network: DcNetwork) -> Bridges:
    """
    Return which branches in service are bridges: without one of them its network falls apart.

    Tarjan's search from each component's first bus, without recursion; parallel branches are told apart, so that none
    of them is a bridge.
    """
    at = np.flatnonzero(network.working & (network.start != network.end))
    start, end = network.start[at], network.end[at]
    ends = np.concatenate([start, end])
    order = np.argsort(ends, kind="stable")
    first = np.searchsorted(ends[order], np.arange(len(network.buses) + 1)).tolist()
    far = np.concatenate([end, start])[order].tolist()
    edge = np.tile(np.arange(len(at)), 2)[order].tolist()
    seen = [-1] * len(network.buses)
    low = [0] * len(network.buses)
    follow = first[:-1]
    found = np.zeros(len(network.branches), dtype=bool)
    begin, stop = np.zeros(len(found), dtype=np.int64), np.zeros(len(found), dtype=np.int64)
    clock = 0
    for root in range(len(network.buses)):
        if seen[root] >= 0:
            continue
        seen[root] = low[root] = clock
        clock += 1
        path = [(root, -1)]
        while path:
            bus, by = path[-1]
            if follow[bus] < first[bus + 1]:
                step = follow[bus]
                follow[bus] += 1
                if edge[step] == by:
                    continue
                other = far[step]
                if seen[other] >= 0:
                    low[bus] = min(low[bus], seen[other])
                    continue
                seen[other] = low[other] = clock
                clock += 1
                path.append((other, edge[step]))
                continue
            path.pop()
            if path:
                above = path[-1][0]
                low[above] = min(low[above], low[bus])
                if low[bus] > seen[above]:
                    found[at[by]] = True
                    begin[at[by]], stop[at[by]] = seen[bus], clock
    return Bridges(found, np.array(seen, dtype=np.int64), begin, stop)
