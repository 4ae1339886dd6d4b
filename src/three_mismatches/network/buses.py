"""Tables of a grid at line resolution as arrays: nodes are buses, branches are circuits and transformers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network.dc import BASE_MVA, NO_REACTANCE, components, reactance_pu

__all__ = ["BusGraph", "bus_graph", "demand_at_buses", "firm_factor", "supply_at_buses"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BusGraph:
    """
    A grid as arrays, in the order of sorted ids, so that no answer depends on the order of rows.

    `susceptance` is MW per radian. A link leaves `link_from` and enters `link_to`: shares of it by bus, so that one
    whose end is only known by area is spread over the area's demand. `member_*` are the elements of interfaces:
    branches first, then links. [MW]
    """

    buses: tuple[str, ...]
    areas: tuple[str, ...]
    area: Ints
    component: Ints
    demand_mw: Floats
    supply_mw: Floats
    branches: tuple[str, ...]
    branch_from: Ints
    branch_to: Ints
    susceptance: Floats
    shift_rad: Floats
    rating_mw: Floats
    emergency_mw: Floats
    corridor: Ints
    corridors: tuple[str, ...]
    links: tuple[str, ...]
    link_from: coo_array
    link_to: coo_array
    link_forward: Floats
    link_reverse: Floats
    link_efficiency: Floats
    interfaces: tuple[str, ...]
    interface_forward: Floats
    interface_reverse: Floats
    member_interface: Ints
    member_element: Ints
    member_sign: Floats


def demand_at_buses(grid: Grid) -> pd.Series:
    """
    Return the demand at each bus, scaled so that each area has its `peak_mw`. [MW]

    `loads` say how an area's demand is divided; an area without loads divides it equally among its buses.
    """
    buses = grid.buses.sort_index()
    drawn = grid.loads.groupby("bus")["p_set"].sum().reindex(buses.index).fillna(0.0)
    return _scaled(drawn, buses["area"], grid.areas["peak_mw"])


def supply_at_buses(grid: Grid) -> pd.Series:
    """
    Return the firm supply at each bus, scaled so that each area has its `firm_mw`. [MW]

    Listed plants stand at their `bus` with `p_nom` times the firm factor of their carrier; what `capacity` holds
    beyond them (rooftops, small plants) is divided like demand.
    """
    buses = grid.buses.sort_index()
    plants = grid.generators[grid.generators["bus"].isin(buses.index)]
    factor = firm_factor(plants, grid.capacity)
    listed = (plants["p_nom"] * factor).groupby(plants["bus"]).sum().reindex(buses.index).fillna(0.0)
    capacity = grid.capacity
    residual = (capacity["residual_mw"] * capacity["firm_factor"]).groupby(capacity["area"]).sum()
    spread = _scaled(demand_at_buses(grid), buses["area"], residual.reindex(grid.areas.index).fillna(0.0))
    return _scaled(listed + spread, buses["area"], grid.areas["firm_mw"])


def firm_factor(plants: pd.DataFrame, capacity: pd.DataFrame) -> pd.Series:
    """Return each plant's own firm factor, else that of its carrier in the area that it feeds, else 1. [-]"""
    feeds = plants["feeds_area"].fillna(plants["area"])
    table = capacity.set_index(["area", "carrier"])["firm_factor"]
    table = table[~table.index.duplicated()]
    of_carrier = table.reindex(pd.MultiIndex.from_arrays([feeds, plants["carrier"]])).to_numpy()
    return plants["firm_factor"].fillna(pd.Series(of_carrier, index=plants.index)).fillna(1.0)


def _scaled(weight: pd.Series, area: pd.Series, total: pd.Series) -> pd.Series:
    """Return the totals of areas divided among their buses by weight; equally where all weights are 0."""
    sums = weight.groupby(area).transform("sum")
    even = 1.0 / area.map(area.value_counts()).astype(float)
    share = (weight / sums).where(sums > 0.0, even)
    return (share * area.map(total).astype(float)).fillna(0.0)


def bus_graph(grid: Grid) -> BusGraph:
    """
    Return the arrays of a grid whose lines join buses.

    Raises
    ------
    NetworkError
        If there are no buses, a bus has no area, an area without buses has demand, supply or a link, an area lacks its
        peak or supply, a line has no reactance, or an interface holds what is neither line nor link, with every such
        fault.
    """
    _refuse(grid)
    buses, areas = grid.buses.sort_index(), grid.areas.sort_index()
    lines = grid.lines[grid.lines["in_service"]].sort_index()
    number = pd.Series(np.arange(len(buses), dtype=np.int64), index=buses.index)
    ends = [number.loc[lines[end]].to_numpy(dtype=np.int64) for end in ("bus0", "bus1")]
    corridor = pd.Categorical(lines["corridor"].fillna(lines.index.to_series()))
    links, interfaces = _working(grid.links).sort_index(), grid.interfaces.sort_index()
    demand, members = demand_at_buses(grid), _members(grid, lines, links)
    link_limits = _both_ways(links, "p_nom", "p_nom_reverse")
    interface_limits = _both_ways(interfaces, "limit_forward", "limit_reverse")
    return BusGraph(
        buses=tuple(buses.index),
        areas=tuple(areas.index),
        area=areas.index.get_indexer(pd.Index(buses["area"])).astype(np.int64),
        component=components(ends[0], ends[1], len(buses)),
        demand_mw=_floats(demand),
        supply_mw=_floats(supply_at_buses(grid)),
        branches=tuple(lines.index),
        branch_from=ends[0],
        branch_to=ends[1],
        susceptance=_floats(BASE_MVA / (reactance_pu(lines) * lines["tap_ratio"])),
        shift_rad=np.radians(_floats(lines["phase_shift"])),
        rating_mw=_floats(lines["s_nom"].fillna(np.inf)),
        emergency_mw=_floats(lines["s_nom_emergency"].fillna(lines["s_nom"]).fillna(np.inf)),
        corridor=corridor.codes.astype(np.int64),
        corridors=tuple(map(str, corridor.categories)),
        links=tuple(links.index),
        link_from=_ends(links["bus0"], number, buses, demand),
        link_to=_ends(links["bus1"], number, buses, demand),
        link_forward=link_limits[0],
        link_reverse=link_limits[1],
        link_efficiency=_floats(links["efficiency"]),
        interfaces=tuple(interfaces.index),
        interface_forward=interface_limits[0],
        interface_reverse=interface_limits[1],
        member_interface=interfaces.index.get_indexer(pd.Index(members["interface"])).astype(np.int64),
        member_element=members["number"].to_numpy(dtype=np.int64),
        member_sign=_floats(members["sign"]),
    )


def _refuse(grid: Grid) -> None:
    """Raise one error that names every fault which no schema can see."""
    buses, lines, areas, links = grid.buses, grid.lines, grid.areas, grid.links
    if buses.empty:
        raise NetworkError(
            [Fault("buses", "table", "has no rows", "At line resolution a grid needs buses and lines")]
        )
    bare = ~areas.index.isin(buses["area"])
    ends = pd.concat([links["bus0"], links["bus1"]])
    nowhere = ~ends.isin(buses.index) & ~ends.isin(areas.index[~bare])
    reactance = reactance_pu(lines)
    still = lines["in_service"] & (reactance.isna() | (reactance == 0.0))
    element = grid.interface_members["element"]
    strange = ~element.isin(lines.index) & ~element.isin(links.index)
    name_it, give_bus = "Name the area of each bus", "Give the area a bus"
    found = [
        ("buses", "area", "is no area", name_it, buses.index[~buses["area"].isin(areas.index)]),
        ("areas", "peak_mw", "has no bus to be drawn at", give_bus, areas.index[bare & (areas["peak_mw"] > 0.0)]),
        ("areas", "firm_mw", "has no bus to be fed in at", give_bus, areas.index[bare & (areas["firm_mw"] > 0.0)]),
        ("links", "bus0, bus1", "is neither bus nor area with buses", "Correct it", ends.index[nowhere].unique()),
        *(
            ("areas", column, "missing", f"Give the area's {column}", areas.index[areas[column].isna()])
            for column in ("peak_mw", "firm_mw")
        ),
        ("lines", "x_pu_100", "is missing or 0", NO_REACTANCE, lines.index[still]),
        ("interface_members", "element", "is neither line nor link", "Correct its name", element.index[strange]),
    ]  # fmt: skip
    faults = [
        Fault(table, column, problem, cure, tuple(map(str, ids)))
        for table, column, problem, cure, ids in found
        if len(ids)
    ]
    if faults:
        raise NetworkError(faults)


def _working(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links that can carry anything."""
    reverse = links["p_nom_reverse"].fillna(links["p_nom"])
    return links[(links["p_nom"] > 0.0) | (reverse > 0.0)]


def _ends(end: pd.Series, number: pd.Series, buses: pd.DataFrame, demand: pd.Series) -> coo_array:
    """Return the share of each link at each bus, shape (buses, links): an area's end is spread like its demand."""
    rows: list[Ints] = []
    columns: list[Ints] = []
    shares: list[Floats] = []
    for at, name in enumerate(end):
        if name in number.index:
            here, weight = np.array([number[name]]), np.ones(1)
        else:
            inside = buses.index[(buses["area"] == name).to_numpy()]
            drawn = demand.loc[inside].to_numpy()
            here = number.loc[inside].to_numpy()
            weight = drawn / drawn.sum() if drawn.sum() > 0.0 else np.full(len(here), 1.0 / max(len(here), 1))
        rows.append(here)
        columns.append(np.full(len(here), at))
        shares.append(weight)
    if not rows:
        return coo_array((len(buses), 0))
    place = (np.concatenate(rows), np.concatenate(columns))
    return coo_array((np.concatenate(shares), place), shape=(len(buses), len(end)))


def _members(grid: Grid, lines: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Return the members of interfaces that work: their number among branches, then links."""
    members = grid.interface_members.sort_values(["interface", "element"], kind="stable")
    of_line = lines.index.get_indexer(pd.Index(members["element"]))
    of_link = links.index.get_indexer(pd.Index(members["element"]))
    number = np.where(of_line >= 0, of_line, np.where(of_link >= 0, len(lines) + of_link, -1))
    return members.assign(number=number)[number >= 0]


def _both_ways(table: pd.DataFrame, forward: str, reverse: str) -> tuple[Floats, Floats]:
    """Return what rows carry forwards and in reverse, less the margin; reverse is as forward where not given."""
    ways = (table[forward], table[reverse].fillna(table[forward]))
    held = table["margin_mw"].fillna(0.0)
    return _floats((ways[0] - held).clip(lower=0.0)), _floats((ways[1] - held).clip(lower=0.0))


def _floats(values: pd.Series) -> Floats:
    return np.ascontiguousarray(values.to_numpy(dtype=np.float64))
