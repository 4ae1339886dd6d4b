"""Fibre networks as graphs of networkx, and back."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.codec import decode, further_types
from three_mismatches.inputs.fibre._json import require_text
from three_mismatches.inputs.fibre._tables import Draft, Provenance
from three_mismatches.inputs.fibre.node_link import merged_arcs, with_medium
from three_mismatches.layers.checks import examined_fibre, tell
from three_mismatches.layers.routes import used_km
from three_mismatches.layers.schemas import CRS, LAYERS
from three_mismatches.layers.tables import Fibre

__all__ = ["from_networkx", "to_networkx"]

MARK = "three_mismatches"
"""Attribute of graphs that `to_networkx` made: types of columns that no schema knows, by table; the order of routes."""
ENDS = ("end 0", "end 1")
"""Where the ends of another's edges are put, so that they are under no name that an attribute has."""
DERIVED = frozenset({"lon", "lat", "pos", "route_km"})
"""Attributes that `to_networkx` adds for the libraries that read it; columns of the same name go before them."""


def to_networkx(fibre: Fibre) -> Any:  # noqa: ANN401 - networkx has no types
    """
    Return a fibre network as a graph of networkx.

    Parameters
    ----------
    fibre
        Nodes and routes. Routes of every status are there; choose by the attribute `status`.

    Returns
    -------
    graph
        A `networkx.MultiGraph`. Nodes are the ids of `fibre_nodes`, with every column, and `lon`, `lat` and `pos` (lon,
        lat) besides. Keys of edges are the ids of `fibre_routes`, with every column, the line under `geometry`, and
        `route_km` besides: the length on paths, never less than the straight line. What is missing is None.
        `graph.graph["crs"]` is "EPSG:4326".

    Notes
    -----
    Take `weight="route_km"` for shortest paths: `length` is None where it is unknown, and less than the straight line
    where the table says so. `from_networkx` gives back the same tables.

    Examples
    --------
    >>> networkx.shortest_path_length(to_networkx(fibre), "tokyo", "osaka", weight="route_km")  # doctest: +SKIP
    """
    graph = import_module("networkx").MultiGraph()
    nodes, routes = fibre.fibre_nodes, fibre.fibre_routes
    types = {
        name: further_types(LAYERS[name], getattr(fibre, name)) for name in ("fibre_nodes", "fibre_routes")
    }
    graph.graph |= {"crs": CRS, MARK: {**types, "routes": routes.index.to_list()}}
    place = {"lon": nodes.geometry.x, "lat": nodes.geometry.y}
    for node, own, lon, lat in zip(nodes.index, _attributes(nodes), place["lon"], place["lat"], strict=True):
        graph.add_node(node, **({"lon": lon, "lat": lat, "pos": (lon, lat)} | own))
    ends = zip(routes["node0"], routes["node1"], strict=True)
    km = used_km(nodes, routes)
    for route, (node0, node1), own, used in zip(routes.index, ends, _attributes(routes), km, strict=True):
        graph.add_edge(node0, node1, key=route, **({"route_km": float(used)} | own))
    return graph


def from_networkx(
    graph: Any,  # noqa: ANN401 - networkx has no types
    *,
    length: str | None = None,
    length_unit: str | None = None,
    geometry_kind: str = "schematic",
    source: str | None = None,
    licence: str | None = None,
) -> Fibre:
    """
    Return a graph of networkx as a fibre network.

    Parameters
    ----------
    graph
        Any networkx graph; it is not changed. One that `to_networkx` made gives back the tables that it was made of, as
        far as nodes and edges are still there.
    length, length_unit, geometry_kind, source, licence
        As for `read_node_link`, for other graphs. osmnx's `length` is in metres: `length_unit="m"`.

    Returns
    -------
    fibre
        One route for each edge. Two opposite arcs of a directed graph with the same length are one route. An edge's
        `geometry`, as osmnx has it, is its line.

    Raises
    ------
    LayerError
        As `read_node_link` does.

    Warns
    -----
    AssumptionWarning
        As `fibre_from_frames` does.

    Examples
    --------
    >>> fibre = from_networkx(osmnx_graph, length_unit="m", geometry_kind="surveyed")  # doctest: +SKIP
    """
    if not all(hasattr(graph, name) for name in ("nodes", "edges", "graph", "is_multigraph", "is_directed")):
        raise LayerError([Fault("graph", "type", f"is {type(graph).__name__}", "Give a graph of networkx")])
    require_text([list(graph.nodes(data=True)), list(graph.edges(data=True))], "graph")
    if isinstance(graph.graph.get(MARK), dict):
        fibre, notes = _ours(graph)
    else:
        named = Provenance(source or _text(graph.graph.get("name")), licence)
        draft = Draft(
            nodes=[{**dict(own), "fibre_node": node} for node, own in graph.nodes(data=True)],
            routes=_edges(graph, length),
            where="graph",
            names=dict(zip(("node0", "node1"), ENDS, strict=True)),
            length=length,
            length_unit=length_unit,
            geometry_kind=geometry_kind,
            provenance=named,
        )
        fibre, notes = draft.fibre()
    tell(notes, stacklevel=3)
    return fibre


def _attributes(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as attributes, None for what is missing; points are told as lon and lat."""
    dropped = (
        [frame.geometry.name] if (frame.geom_type.dropna() == "Point").all() and "node0" not in frame else []
    )
    table = pd.DataFrame(frame.drop(columns=dropped))
    columns = {
        str(name): table[name].astype(object).where(table[name].notna(), None).to_list() for name in table
    }
    rows = zip(*columns.values(), strict=True) if columns else ([] for _ in range(len(table)))
    return [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return numpy's numbers as Python's: some writers of graphs know no others."""
    return value.item() if isinstance(value, np.generic) else value


def _edges(graph: Any, length: str | None) -> list[Any]:  # noqa: ANN401
    """Return the edges under the names of their ends; arcs of two directions are one route."""
    keyed = (
        graph.edges(keys=True, data=True)
        if graph.is_multigraph()
        else [(u, v, 0, d) for u, v, d in graph.edges(data=True)]
    )
    rows: list[Any] = [
        {str(name): one for name, one in own.items()}
        | dict(zip(ENDS, (u, v), strict=True))
        | ({"fibre_route": key} if isinstance(key, str) and "fibre_route" not in own else {})
        for u, v, key, own in keyed
    ]
    return with_medium(merged_arcs(rows, length, ends=ENDS) if graph.is_directed() else rows)


def _ours(graph: Any) -> tuple[Fibre, list[Fault]]:  # noqa: ANN401
    """Return the tables that `to_networkx` made a graph of."""
    types = graph.graph[MARK]
    ids, rows = [], []
    for node, own in graph.nodes(data=True):
        ids.append(node)
        rows.append(own)
    places = gpd.points_from_xy([own.get("lon") for own in rows], [own.get("lat") for own in rows], crs=CRS)
    nodes = _table(ids, rows, types.get("fibre_nodes", {}), "fibre_nodes")
    order = {route: number for number, route in enumerate(types.get("routes", ()))}
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: order.get(edge[2], len(order)))
    own = [{**data, **_ends(u, v, data)} for u, v, _, data in edges]
    routes = _table([key for _, _, key, _ in edges], own, types.get("fibre_routes", {}), "fibre_routes")
    lines = [data.get("geometry") for *_, data in edges]
    return examined_fibre({
        "fibre_nodes": gpd.GeoDataFrame(nodes, geometry=gpd.GeoSeries(places, index=nodes.index)),
        "fibre_routes": gpd.GeoDataFrame(routes, geometry=gpd.GeoSeries(lines, index=routes.index, crs=CRS)),
    })  # fmt: skip


def _ends(u: object, v: object, data: dict[str, Any]) -> dict[str, object]:
    """Return the ends of an edge in the order that its route has; networkx knows none."""
    return (
        {"node0": v, "node1": u}
        if (data.get("node0"), data.get("node1")) == (v, u)
        else {"node0": u, "node1": v}
    )


def _table(ids: list[Any], rows: list[Any], types: dict[str, str], name: str) -> pd.DataFrame:
    """Return attributes as a table of one column each, in the types that they had."""
    index = pd.Index(ids, name=LAYERS[name].index, dtype=object)
    names = dict.fromkeys(key for row in rows for key in row)
    kept = [key for key in names if key != "geometry" and (key not in DERIVED or key in types)]
    columns = {}
    for key in kept:
        values = pd.Series([row.get(key) for row in rows], index=index, dtype=object)
        columns[key] = decode(values, types[key]) if key in types else values.infer_objects()
    return pd.DataFrame(columns, index=index)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
