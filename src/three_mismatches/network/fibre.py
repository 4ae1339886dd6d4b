"""
Layers become networks: the only place where ids turn into array positions.

`FibreGraph` holds the routes as arrays that the kernels read; `FibreAttach` says where points meet it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import geodesy
from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Fibre

__all__ = ["FibreAttach", "FibreGraph", "fibre_attach", "fibre_graph"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A length within a millimetre of the geodesic is the geodesic, rounded: raised all the same, but no flag.
ROUNDING_KM = 1e-6


@dataclass(frozen=True, eq=False)
class FibreGraph:
    """
    The fibre network as arrays: an undirected graph in compressed rows, nodes and edges sorted by id.

    Attributes
    ----------
    nodes, routes
        Ids of the nodes and of the edges; their order is the positions' meaning.
    lon, lat
        Where the nodes are, shape (nodes). [degrees]
    node_ms
        Round trip that each node's own equipment adds, NaN where it is not stated, shape (nodes). [ms]
    indptr, neighbour, edge
        Slots `indptr[v]:indptr[v + 1]` lead from node `v` to `neighbour` along `edge`.
    node0, node1
        Ends of each edge, shape (edges).
    edge_km
        Length of each edge, at least its geodesic. [km]
    schematic
        Whether the edge is a chord of a sketch, not a surveyed route.
    floored
        Whether the given length was below the geodesic and was raised to it.
    factor
        Fibre over length of each edge as its route states it, NaN where it does not. [-]
    srlg
        Shared-risk groups of each edge, shape (edges).
    """

    nodes: pd.Index
    routes: pd.Index
    lon: Floats
    lat: Floats
    node_ms: Floats
    indptr: Ints
    neighbour: Ints
    edge: Ints
    node0: Ints
    node1: Ints
    edge_km: Floats
    schematic: Bools
    floored: Bools
    factor: Floats
    srlg: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class FibreAttach:
    """
    Where points meet the fibre: each has one door (at a node) or two (the ends of the route it lies on).

    A point within a route reaches the network through the route's two ends, so the graph stays as it is
    and no point's answer hangs on which others are there. Points at a node have the same door twice, and
    all arrays are one door wide where no point lies within a route.

    Attributes
    ----------
    ids
        Node or route that each point is attached to, shape (points).
    access_km
        Geodesic from the point to the fibre, shape (points). [km]
    lon, lat
        Where the point meets the fibre, shape (points). [degrees]
    route, share
        Edge position (-1 at a node), and the share of it from `node0` to the point, shape (points). [-, -]
    door, door_km, door_floored
        Node position of each door, km along the route to it, and whether those were raised; shape
        (points, 1 or 2). [-, km, -]
    """

    ids: NDArray[np.object_]
    access_km: Floats
    lon: Floats
    lat: Floats
    route: Ints
    share: Floats
    door: Ints
    door_km: Floats
    door_floored: Bools

    def __len__(self) -> int:
        """Return the number of points."""
        return self.ids.size

    def part(self, rows: slice | Ints) -> FibreAttach:
        """Return some of the points."""
        return FibreAttach(*(getattr(self, field.name)[rows] for field in fields(self)))


def fibre_graph(fibre: Fibre, *, statuses: Sequence[str] = ("operating",)) -> FibreGraph:
    """
    Return the graph of the fibre's nodes and of its routes of the given statuses.

    An edge is as long as its route's `length`; where that is unknown, as the route's own line, or as the
    geodesic between its nodes where it has none. No edge is shorter than that geodesic.

    Parameters
    ----------
    fibre
        Nodes and routes. Parallel routes, routes of length 0 and loops are welcome.
    statuses
        Which routes there are.

    Raises
    ------
    NetworkError
        With every fault found: ends that are no node, nodes without a place, lengths < 0 or without end.
    """
    _check(fibre)
    nodes = fibre.fibre_nodes.sort_index()
    routes = fibre.fibre_routes[fibre.fibre_routes["status"].isin(statuses)].sort_index()
    lon, lat = nodes.geometry.x.to_numpy(float), nodes.geometry.y.to_numpy(float)
    node0, node1 = (_positions(nodes.index, routes[end]) for end in ("node0", "node1"))
    chord = np.asarray(geodesy.distance_km(lon[node0], lat[node0], lon[node1], lat[node1]), dtype=np.float64)
    given = routes["length"].to_numpy(float)
    indptr, neighbour, edge = _rows(node0, node1, len(nodes))
    return FibreGraph(
        nodes=nodes.index,
        routes=routes.index,
        lon=lon,
        lat=lat,
        node_ms=_stated(nodes, "equipment_ms"),
        indptr=indptr,
        neighbour=neighbour,
        edge=edge,
        node0=node0,
        node1=node1,
        edge_km=np.fmax(np.where(np.isnan(given), _drawn_km(routes), given), chord),
        schematic=(routes["geometry_kind"] == "schematic").to_numpy(bool),
        floored=given < chord - ROUNDING_KM,
        factor=_stated(routes, "route_factor"),
        srlg=_groups(routes),
    )


def fibre_attach(graph: FibreGraph, table: pd.DataFrame) -> FibreAttach:
    """
    Return where points meet the graph, from the table that `match.to_fibre` gives.

    Parameters
    ----------
    graph
        The network.
    table
        One row for each point: kind ("node" or "route"), fibre_node, fibre_route, along_share [-],
        build_km [km], lon, lat [degrees].

    Raises
    ------
    NetworkError
        If a row names a node or a route that the graph has not got, or none.
    """
    on_route = (table["kind"] == "route").to_numpy(bool)
    ids = np.where(on_route, table["fibre_route"].to_numpy(object), table["fibre_node"].to_numpy(object))
    route = np.where(on_route, graph.routes.get_indexer(pd.Index(ids)), -1).astype(np.int64)
    node = np.where(on_route, -1, graph.nodes.get_indexer(pd.Index(ids))).astype(np.int64)
    cure = "Give each point a place, and name a row of fibre_nodes"
    placeless = table["build_km"].isna().to_numpy(bool)
    lost = (route < 0) & (node < 0)
    faults = [
        Fault("points", "node", "no such fibre node", cure, _texts(table.index[lost])),
        Fault("points", "geometry", "is missing", cure, _texts(table.index[placeless & ~lost])),
    ]
    found = [fault for fault in faults if fault.rows]
    if found:
        raise NetworkError(found)
    lon, lat = table["lon"].to_numpy(float), table["lat"].to_numpy(float)
    share = np.where(on_route, table["along_share"].to_numpy(float), 0.0)
    door, door_km, floored = _doors(graph, route, node, share, lon, lat)
    return FibreAttach(ids, table["build_km"].to_numpy(float), lon, lat, route, share, door, door_km, floored)


def _doors(
    graph: FibreGraph, route: Ints, node: Ints, share: Floats, lon: Floats, lat: Floats
) -> tuple[Ints, Floats, Bools]:
    """Return the node, the km along the route and whether those were raised, for each point and door."""
    on_route = route >= 0
    if not on_route.any():
        shape = (node.size, 1)
        return node.reshape(shape), np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    door = np.stack([np.where(on_route, end[route], node) for end in (graph.node0, graph.node1)], axis=1)
    pieces = np.stack([share, 1.0 - share], axis=1) * graph.edge_km[route, None]
    # A piece of a route can be shorter than its own geodesic even where the whole route is not.
    chord = geodesy.distance_km(lon[:, None], lat[:, None], graph.lon[door], graph.lat[door])
    raised = (pieces < chord - ROUNDING_KM) | graph.floored[route, None]
    on_route = on_route[:, None]
    return door, np.where(on_route, np.maximum(pieces, chord), 0.0), raised & on_route


def _rows(node0: Ints, node1: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Return the compressed rows of an undirected graph: each edge leaves both of its ends."""
    tail, head = np.concatenate([node0, node1]), np.concatenate([node1, node0])
    edge = np.tile(np.arange(node0.size, dtype=np.int64), 2)
    order = np.lexsort((edge, head, tail))
    indptr = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=indptr[1:])
    return indptr, head[order], edge[order]


def _stated(table: pd.DataFrame, column: str) -> Floats:
    """Return a column of figures, NaN where the table has not got it."""
    return table[column].to_numpy(float) if column in table else np.full(len(table), np.nan)


def _groups(routes: gpd.GeoDataFrame) -> tuple[tuple[str, ...], ...]:
    """Return the shared-risk groups of each route, none where it names none."""
    if "srlg" not in routes:
        return ((),) * len(routes)
    named = routes["srlg"].fillna("").astype(str).str.split(";")
    return tuple(tuple(sorted({name.strip() for name in names} - {""})) for names in named)


def _drawn_km(routes: gpd.GeoDataFrame) -> Floats:
    """Return the geodesic length of each route's own line; NaN where it has none or it is not needed."""
    lines = routes.geometry
    asked = (routes["length"].isna() & lines.notna() & ~lines.is_empty).to_numpy(bool)
    km = np.full(len(routes), np.nan)
    km[asked] = geodesy.length_km(lines[asked])
    return km


def _check(fibre: Fibre) -> None:
    nodes, routes = fibre.fibre_nodes, fibre.fibre_routes
    placeless = nodes.geometry.isna() | nodes.geometry.is_empty
    faults = [
        Fault(
            "fibre_nodes", "geometry", "no point", "Fill it or drop the rows", _texts(nodes.index[placeless])
        )
    ]
    for name, table in (("fibre_nodes", nodes), ("fibre_routes", routes)):
        twice = tuple(dict.fromkeys(_texts(table.index[table.index.duplicated()])))
        faults.append(Fault(name, "index", "the id is given twice", "Name each row differently", twice))
    for end in ("node0", "node1"):
        lost = ~routes[end].isin(nodes.index)
        faults.append(
            Fault(
                "fibre_routes",
                end,
                "no such fibre node",
                "Add the node or correct the id",
                _texts(routes.index[lost]),
            )
        )
    wrong = (routes["length"] < 0) | np.isinf(routes["length"])
    cure = "Leave it empty where it is unknown"
    faults.append(Fault("fibre_routes", "length", "not a length >= 0 km", cure, _texts(routes.index[wrong])))
    found = [fault for fault in faults if fault.rows]
    if found:
        raise NetworkError(found)


def _positions(index: pd.Index, ids: pd.Series) -> Ints:
    return np.ascontiguousarray(index.get_indexer(pd.Index(ids)), dtype=np.int64)


def _texts(ids: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(item) for item in ids)
