"""A dispatch written back into a grid's own tables, so that whatever asks for a dispatch can be asked."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.layers import LAYERS, Grid, empty
from three_mismatches.network import BusGraph
from three_mismatches.power.dispatch import Dispatch

__all__ = ["dispatched"]

Floats = NDArray[np.float64]

LEAST_MW = 1e-6
"""A share of a link below this is none."""


def dispatched(grid: Grid, graph: BusGraph, dispatch: Dispatch) -> Grid:
    """
    Return a grid whose tables hold a dispatch: one generator and one load at each bus, and what links carry.

    Parameters
    ----------
    grid
        At line resolution.
    graph
        From `network.bus_graph` of the same grid.
    dispatch
        From `base_dispatch` of the same graph.

    Returns
    -------
    grid
        `generators` have the firm supply at each bus as `p_nom` and what is dispatched as `p_set`; `loads` all demand
        as `p_set`, and what of it the dispatch cannot serve as `shed_mw`; `links` a `p_set`. A link that ends at an
        area is one to each bus over which its end is spread, and each of these is free. [MW]
    """
    buses = dispatch.buses
    supply = pd.Series(graph.supply_mw, index=buses.index)
    feeding = supply.index[supply > 0.0]
    set_to = buses["supply_mw"].clip(lower=0.0)[feeding]
    plants = pd.DataFrame({"bus": feeding, "p_nom": supply[feeding], "p_set": set_to}, index=feeding)
    drawn = pd.DataFrame({"bus": buses.index, "p_set": buses["demand_mw"]}, index=buses.index)
    return replace(
        grid,
        generators=_table("generators", plants),
        loads=_table("loads", drawn).assign(shed_mw=buses["shed_mw"]),
        links=_links(grid, graph, dispatch),
    )


def _table(name: str, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return rows as a layer's table."""
    if rows.empty:
        return empty(name)
    layer = LAYERS[name]
    found = layer.schema().validate(rows.astype({"bus": str}).rename_axis(layer.index))
    return gpd.GeoDataFrame(found, geometry=[None] * len(found), crs=4326) if layer.geometry else found


def _links(grid: Grid, graph: BusGraph, dispatch: Dispatch) -> pd.DataFrame:
    """Return the links that can carry power, with what they carry, each from one bus to one bus."""
    links = grid.links.loc[list(graph.links)]
    links = links.assign(p_set=dispatch.links["p0"].reindex(links.index))
    ends = graph.link_from.tocsc(), graph.link_to.tocsc()
    rows = []
    for number, name in enumerate(links.index):
        (starts, shares), (stops, parts) = (_column(end, number) for end in ends)
        pair = np.outer(shares, parts)
        for first, last in np.argwhere(pair > LEAST_MW):
            whole = len(starts) * len(stops) == 1
            rows.append(
                {
                    "name": name
                    if whole
                    else f"{name} {graph.buses[starts[first]]} {graph.buses[stops[last]]}",
                    "of": name,
                    "bus0": graph.buses[starts[first]],
                    "bus1": graph.buses[stops[last]],
                    "share": pair[first, last],
                }
            )
    spread = pd.DataFrame(rows, columns=["name", "of", "bus0", "bus1", "share"]).set_index("name")
    found = pd.DataFrame(links.loc[spread["of"]].set_axis(spread.index))
    found.index.name = links.index.name
    for column in ("p_nom", "p_nom_reverse", "margin_mw", "p_set"):
        found[column] = found[column] * spread["share"]
    return found.assign(bus0=spread["bus0"], bus1=spread["bus1"])


def _column(matrix: object, number: int) -> tuple[NDArray[np.int64], Floats]:
    """Return rows and values of one column."""
    column = matrix[:, [number]].tocoo()  # type: ignore[index]
    return column.coords[0], column.data
