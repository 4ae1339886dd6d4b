"""Tables of a grid at area resolution as arrays: nodes are areas, branches are controllable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network.areas import to_areas

__all__ = ["Outage", "PowerGraph", "Requests", "power_graph", "requests"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PowerGraph:
    """
    A grid as arrays, in the order of sorted ids, so that no answer depends on the order of rows.

    `member_*` are the non-zero elements of interface by link; `unit_*` is each node's largest generating
    unit. Capacities are net of margins. [MW]
    """

    nodes: tuple[str, ...]
    firm_mw: Floats
    peak_mw: Floats
    unsited_mw: Floats
    component: Ints
    links: tuple[str, ...]
    tie_of_link: Ints
    ties: tuple[str, ...]
    link_from: Ints
    link_to: Ints
    link_forward: Floats
    link_reverse: Floats
    link_efficiency: Floats
    link_pole_share: Floats
    interfaces: tuple[str, ...]
    interface_forward: Floats
    interface_reverse: Floats
    member_interface: Ints
    member_link: Ints
    member_sign: Floats
    pockets: tuple[str, ...]
    pocket_limit: Floats
    pocket_load: Floats
    units: tuple[str, ...]
    unit_node: Ints
    unit_mw: Floats


@dataclass(frozen=True)
class Outage:
    """What is lost at once: MW of generation at nodes, and a share of the capacity of links."""

    name: str
    node_idx: int = -1
    lost_mw: float = 0.0
    link_idx: tuple[int, ...] = ()
    lost_share: float = 0.0


@dataclass(frozen=True, eq=False)
class Requests:
    """Sites as arrays: node, pocket (-1: none), and what they ask beyond what they drew already. [MW]"""

    sites: tuple[str, ...]
    node_idx: Ints
    pocket_idx: Ints
    new_mw: Floats
    in_base_mw: Floats


def power_graph(grid: Grid, pocket_load_mw: pd.Series | None = None) -> PowerGraph:
    """
    Return the arrays of a grid at area resolution; one of buses is gathered into areas first.

    Parameters
    ----------
    grid
        Areas, links, interfaces, pockets and generators.
    pocket_load_mw
        Load to take for pockets whose own `load_mw` is not given, by pocket. [MW]

    Raises
    ------
    NetworkError
        If an area lacks its peak or firm capacity, or an interface holds an element that is no link.
    """
    grid = to_areas(grid)
    areas, interfaces, pockets = (table.sort_index() for table in (grid.areas, grid.interfaces, grid.pockets))
    _refuse(areas, grid.links, grid.interface_members)
    links = _built(grid.links).sort_index()
    members = grid.interface_members.sort_values(["interface", "element"], kind="stable")
    members = members[members["element"].isin(links.index)]
    node_idx = pd.Series(np.arange(len(areas), dtype=np.int64), index=areas.index)
    ends = [node_idx.loc[links[end]].to_numpy() for end in ("bus0", "bus1")]
    joined = coo_array((np.ones(len(links)), (ends[0], ends[1])), shape=(len(areas), len(areas)))
    component = connected_components(joined, directed=False)[1].astype(np.int64)
    ties, tie_of_link = _ties(links)
    load = pockets["load_mw"].fillna(
        pd.Series(0.0, index=pockets.index) if pocket_load_mw is None else pocket_load_mw
    )
    unit_names, unit_node, unit_mw = _largest_units(grid.generators, node_idx)
    return PowerGraph(
        nodes=tuple(areas.index),
        firm_mw=_floats(areas["firm_mw"]),
        peak_mw=_floats(areas["peak_mw"]),
        unsited_mw=_floats(areas["unsited_mw"]),
        component=component,
        links=tuple(links.index),
        tie_of_link=tie_of_link,
        ties=ties,
        link_from=ends[0],
        link_to=ends[1],
        link_forward=_less_margin(links["p_nom"], links["margin_mw"]),
        link_reverse=_less_margin(links["p_nom_reverse"].fillna(links["p_nom"]), links["margin_mw"]),
        link_efficiency=_floats(links["efficiency"]),
        link_pole_share=_pole_share(links),
        interfaces=tuple(interfaces.index),
        interface_forward=_less_margin(interfaces["limit_forward"], interfaces["margin_mw"]),
        interface_reverse=_less_margin(
            interfaces["limit_reverse"].fillna(interfaces["limit_forward"]), interfaces["margin_mw"]
        ),
        member_interface=interfaces.index.get_indexer(pd.Index(members["interface"])).astype(np.int64),
        member_link=links.index.get_indexer(pd.Index(members["element"])).astype(np.int64),
        member_sign=_floats(members["sign"]),
        pockets=tuple(pockets.index),
        pocket_limit=_floats(pockets["limit_mw"].fillna(np.inf)),
        pocket_load=_floats(load),
        units=unit_names,
        unit_node=unit_node,
        unit_mw=unit_mw,
    )


def requests(graph: PowerGraph, sites: pd.DataFrame, new_mw: pd.Series) -> Requests:
    """
    Return sites as arrays, in the order of sorted ids; a request that is unknown is 0.

    Parameters
    ----------
    graph
        The grid's arrays.
    sites
        Table with `area` and `pocket` (both found by `match`) and `in_base_mw`.
    new_mw
        What each site asks beyond what it drew in the base year. [MW]
    """
    ordered = sites.sort_index()
    return Requests(
        sites=tuple(ordered.index),
        node_idx=pd.Index(graph.nodes).get_indexer(pd.Index(ordered["area"])).astype(np.int64),
        pocket_idx=pd.Index(graph.pockets, dtype=object)
        .get_indexer(pd.Index(ordered["pocket"]))
        .astype(np.int64),
        new_mw=_floats(new_mw.reindex(ordered.index).fillna(0.0)),
        in_base_mw=_floats(ordered["in_base_mw"].fillna(0.0)),
    )


def _refuse(areas: pd.DataFrame, links: pd.DataFrame, members: pd.DataFrame) -> None:
    """Raise one error that names every fault which no schema can see."""
    faults = [
        Fault(
            "areas", column, "missing", f"Give the area's {column}", tuple(areas.index[areas[column].isna()])
        )
        for column in ("peak_mw", "firm_mw")
        if areas[column].isna().any()
    ]
    for end in ("bus0", "bus1"):
        away = tuple(links.index[~links[end].isin(areas.index)])
        if away:
            faults.append(Fault("links", end, "is no area", "At area resolution links join areas", away))
    other = tuple(members.index[~members["element"].isin(links.index)])
    if other:
        cure = "At area resolution interfaces are made of links"
        faults.append(Fault("interface_members", "element", "is no link", cure, other))
    if faults:
        raise NetworkError(faults)


def _built(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links that can carry anything: a link of 0 MW waits for its upgrade and joins nothing."""
    reverse = links["p_nom_reverse"].fillna(links["p_nom"])
    return links[(links["p_nom"] > 0.0) | (reverse > 0.0)]


def _ties(links: pd.DataFrame) -> tuple[tuple[str, ...], Ints]:
    """Return the pairs of areas that links join, and each link's pair: a tie is all that joins two areas."""
    pairs = [" - ".join(sorted(ends)) for ends in zip(links["bus0"], links["bus1"], strict=True)]
    ties, tie_of_link = np.unique(np.array(pairs, dtype=object), return_inverse=True)
    return tuple(ties), tie_of_link.astype(np.int64)


def _pole_share(links: pd.DataFrame) -> Floats:
    """Return the share of a link's capacity that one pole or converter carries; 0 for AC ties."""
    return _floats((1.0 / links["poles"]).where(links["carrier"].isin(("HVDC", "FC")), 0.0))


def _largest_units(generators: pd.DataFrame, node_idx: pd.Series) -> tuple[tuple[str, ...], Ints, Floats]:
    """Return the largest operating unit that feeds each node: its id, node and MW."""
    feeds = generators["feeds_area"].fillna(generators["area"])
    units = generators.assign(feeds=feeds, unit=generators["p_unit"].fillna(generators["p_nom"]))
    units = units[
        (units["status"] == "operating") & units["feeds"].isin(node_idx.index) & (units["unit"] > 0)
    ]
    largest = units.sort_index().sort_values("unit", ascending=False, kind="stable").groupby("feeds").head(1)
    largest = largest.sort_values("feeds")
    node = node_idx.loc[largest["feeds"]].to_numpy(dtype=np.int64)
    return tuple(largest.index), node, _floats(largest["unit"])


def _less_margin(capacity: pd.Series, margin: pd.Series) -> Floats:
    return _floats((capacity - margin.fillna(0.0)).clip(lower=0.0))


def _floats(values: pd.Series) -> Floats:
    return np.ascontiguousarray(values.to_numpy(dtype=np.float64))
