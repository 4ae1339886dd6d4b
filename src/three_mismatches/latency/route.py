"""The way that light takes: which routes, in which order, drawn on the map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches import geodesy
from three_mismatches._kernels.shortest_paths import shortest_paths
from three_mismatches.latency.light import TimedGraph, light_of
from three_mismatches.latency.paths import ALONG, Paths
from three_mismatches.latency.round_trip import Points, Trip, TripPaths, reasons, trip, trip_paths
from three_mismatches.layers import Fibre
from three_mismatches.network import FibreAttach

__all__ = ["path"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def path(
    fibre: Fibre,
    sources: Points,
    targets: Points,
    *,
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
    via: Points | None = None,
) -> gpd.GeoDataFrame:
    """
    Return the quickest path between each two points: its routes and nodes in order, and its line on the map.

    Parameters
    ----------
    fibre, sources, targets, route_factor, cable_slack, equipment, via
        As for `rtt`.

    Returns
    -------
    paths
        One row for each source and target. `rtt_ms`; `km` along the routes, as the tables have them or raised to
        their geodesic, and `access_km` between the points and the fibre, straight; `routes` and `nodes`, ids in order
        from source to target; `via`, the stop that is passed; `schematic` and `floored`, whether a sketched route or
        one raised to its geodesic is on it; `reason` why there is no path, else empty; `geometry`, the line from
        source to target, in two parts where it crosses the antimeridian: the routes' own lines, a chord where a route
        has none, and straight to the points. Where there is no path: `rtt_ms` inf, kilometres NaN, no geometry.

    Raises
    ------
    ValueError, NetworkError
        As for `rtt`.
    """
    light = light_of(route_factor=route_factor, cable_slack=cable_slack, equipment=equipment)
    asked = trip(fibre, sources, targets, light, via=via)
    found = trip_paths(asked)
    walks = _walks(asked, found)
    index = pd.MultiIndex.from_product([asked.sources.index, asked.targets.index], names=["source", "target"])
    ms = found.used.ms.ravel()
    cut = np.flatnonzero(np.isinf(ms))
    reason = np.full(ms.size, "", dtype=object)
    reason[cut] = reasons(asked, *np.unravel_index(cut, found.used.ms.shape))
    columns = {
        "rtt_ms": ms,
        "km": [np.nan if walk is None else walk.km for walk in walks],
        "access_km": [np.nan if walk is None else walk.access_km for walk in walks],
        "routes": pd.Series(
            [() if walk is None else walk.routes for walk in walks], index=index, dtype=object
        ),
        "nodes": pd.Series([() if walk is None else walk.nodes for walk in walks], index=index, dtype=object),
        "via": _stops(asked, found),
        "schematic": found.used.schematic.ravel(),
        "floored": found.used.floored.ravel(),
        "reason": reason,
    }
    lines = [None if walk is None else walk.line for walk in walks]
    return gpd.GeoDataFrame(columns, index=index, geometry=gpd.GeoSeries(lines, index=index, crs="EPSG:4326"))


def _stops(asked: Trip, found: TripPaths) -> NDArray[np.object_]:
    """Return the stop that each path passes, flat; None where there is none."""
    names = np.full(found.used.ms.size, None, dtype=object)
    if asked.via is not None:
        reached = np.isfinite(found.used.ms.ravel())
        names[reached] = asked.via.index.to_numpy(object)[found.stop.ravel()[reached]]
    return names


@dataclass(frozen=True, eq=False)
class _Walk:
    """A path as it is walked: routes and nodes in order, kilometres, and its line on the map."""

    routes: tuple[str, ...]
    nodes: tuple[str, ...]
    km: float
    access_km: float
    vertices: Floats

    @property
    def line(self) -> shapely.LineString | shapely.MultiLineString:
        """The walk drawn, cut where it jumps across the antimeridian."""
        line: shapely.LineString | shapely.MultiLineString
        (line,) = geodesy.split_at_antimeridian([shapely.LineString(self.vertices)])
        return line

    def then(self, other: _Walk, *, at_node: bool) -> _Walk:
        """Return this walk and then the other; whether they meet at a node, which is then passed once."""
        shared = at_node and self.nodes[-1:] == other.nodes[:1]
        return _Walk(
            self.routes + other.routes,
            self.nodes + (other.nodes[1:] if shared else other.nodes),
            self.km + other.km,
            self.access_km + other.access_km,
            np.vstack([self.vertices, other.vertices]),
        )


@dataclass(frozen=True, eq=False)
class _Map:
    """The network as it is drawn; what has been drawn once is kept."""

    timed: TimedGraph
    lines: gpd.GeoSeries
    drawn: dict[int, Floats] = field(default_factory=dict)

    def part(self, edge: int, share0: float, share1: float) -> Floats:
        """Return the vertices of an edge between two places on it."""
        if edge not in self.drawn:
            self.drawn[edge] = self._whole(edge)
        vertices = self.drawn[edge]
        if {share0, share1} == {0.0, 1.0}:
            return vertices if share1 else vertices[::-1]
        return geodesy.line_between(vertices, share0, share1)

    def _whole(self, edge: int) -> Floats:
        """Return the vertices of an edge from its first node on: its route's line, else the chord of its nodes."""
        graph = self.timed.graph
        ends = np.array(
            [[graph.lon[node], graph.lat[node]] for node in (graph.node0[edge], graph.node1[edge])]
        )
        line = self.lines.get(graph.routes[edge])
        if line is None or line.is_empty:
            return ends
        vertices = shapely.get_coordinates(line)
        astray, backwards = (
            geodesy.distance_km(*vertices[[0, -1]].T, *wanted.T).sum() for wanted in (ends, ends[::-1])
        )
        return vertices[::-1] if backwards < astray else vertices


def _walks(asked: Trip, found: TripPaths) -> list[_Walk | None]:
    """Return the walk of each pair, row by row; None where there is no path."""
    shape, reached = found.used.ms.shape, np.isfinite(found.used.ms)
    pairs = list(zip(*np.nonzero(reached), strict=True))
    drawn, ends = _Map(asked.timed, asked.lines), (asked.sources, asked.targets)
    if asked.via_at is None or asked.via is None or found.before is None or found.after is None:
        walked = _walk_all(drawn, ends, (asked.sources_at, asked.targets_at), found.used, pairs)
    else:
        there = [(i, found.stop[i, j]) for i, j in pairs]
        onward = [(found.stop[i, j], j) for i, j in pairs]
        first = _walk_all(
            drawn, (asked.sources, asked.via), (asked.sources_at, asked.via_at), found.before, there
        )
        last = _walk_all(
            drawn, (asked.via, asked.targets), (asked.via_at, asked.targets_at), found.after, onward
        )
        at_node = [bool(asked.via_at.route[stop] < 0) for stop, _ in onward]
        walked = [
            one.then(other, at_node=there) for one, other, there in zip(first, last, at_node, strict=True)
        ]
    walks = np.full(shape, None, dtype=object)
    for (i, j), walk in zip(pairs, walked, strict=True):
        walks[i, j] = walk
    return list(walks.ravel())


def _walk_all(
    drawn: _Map,
    points: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    at: tuple[FibreAttach, FibreAttach],
    paths: Paths,
    pairs: list[tuple[int, int]],
) -> list[_Walk]:
    """Return the walk of each of the given pairs; one tree is grown for each door at which a target is entered."""
    sources_at, targets_at = at
    way = np.array([paths.way[i, j] for i, j in pairs], dtype=np.int64)
    within = sources_at.door.shape[1] - 1, targets_at.door.shape[1] - 1
    root = [targets_at.door[j, min(int(w) % 2, within[1])] for (_, j), w in zip(pairs, way, strict=True)]
    walks: list[_Walk | None] = [None] * len(pairs)
    tree_root, tree = -1, None
    timed, graph = drawn.timed, drawn.timed.graph
    weight = timed.weight[graph.edge]
    for number in np.argsort(root, kind="stable"):
        i, j = pairs[number]
        ends = _End(points[0], sources_at, i), _End(points[1], targets_at, j)
        if way[number] == ALONG:
            walks[number] = _along_route(drawn, *ends)
            continue
        if root[number] != tree_root or tree is None:
            tree_root = root[number]
            tree = shortest_paths(graph.indptr, graph.neighbour, weight, graph.edge, np.array([tree_root]))
        walks[number] = _through(drawn, *ends, divmod(int(way[number]), 2), (tree[1][0], tree[2][0]))
    return [walk for walk in walks if walk is not None]


@dataclass(frozen=True, eq=False)
class _End:
    """One end of a path: a point, and where it meets the fibre."""

    points: gpd.GeoDataFrame
    at: FibreAttach
    row: int

    @property
    def place(self) -> list[float]:
        """The point itself."""
        point = self.points.geometry.iloc[self.row]
        return [point.x, point.y]

    @property
    def joint(self) -> list[float]:
        """Where it meets the fibre."""
        return [self.at.lon[self.row], self.at.lat[self.row]]


def _through(
    drawn: _Map, source: _End, target: _End, doors: tuple[int, int], tree: tuple[Ints, Ints]
) -> _Walk:
    """Return the walk from a source by one of its doors along the tree to the target's door."""
    graph, (from_node, from_edge) = drawn.timed.graph, tree
    node, edges, nodes = int(source.at.door[source.row, doors[0]]), [], []
    while from_node[node] >= 0:
        nodes.append(node)
        edges.append(int(from_edge[node]))
        node = int(from_node[node])
    nodes.append(node)
    legs = [*_leg(source, doors[0])]
    legs += [
        (edge, *((0.0, 1.0) if graph.node0[edge] == at else (1.0, 0.0)))
        for at, edge in zip(nodes, edges, strict=False)
    ]
    legs += [(edge, there, here) for edge, here, there in _leg(target, doors[1])]
    km = graph.edge_km[edges].sum() + sum(
        end.at.door_km[end.row, door] for end, door in ((source, doors[0]), (target, doors[1]))
    )
    return _walk(drawn, source, target, legs, tuple(nodes), float(km))


def _along_route(drawn: _Map, source: _End, target: _End) -> _Walk:
    """Return the walk between two points on one route, along it."""
    route = int(source.at.route[source.row])
    share0, share1 = source.at.share[source.row], target.at.share[target.row]
    km = abs(share0 - share1) * drawn.timed.graph.edge_km[route]
    chord = float(geodesy.distance_km(*source.joint, *target.joint))
    return _walk(drawn, source, target, [(route, share0, share1)], (), max(km, chord))


def _leg(end: _End, door: int) -> Iterator[tuple[int, float, float]]:
    """Yield the part of its route between a point and one of its doors: edge, from where, to where."""
    route = int(end.at.route[end.row])
    if route >= 0:
        yield route, float(end.at.share[end.row]), float(door)


def _walk(
    drawn: _Map,
    source: _End,
    target: _End,
    legs: list[tuple[int, float, float]],
    nodes: tuple[int, ...],
    km: float,
) -> _Walk:
    """Return the walk over parts of routes, drawn."""
    graph = drawn.timed.graph
    parts = [drawn.part(*leg).copy() for leg in legs]
    # Where a point is within a route, the line is cut straight on the map, and the point's foot is the true one.
    for end, at in ((source, 0), (target, -1)):
        if parts and end.at.route[end.row] >= 0:
            parts[at][at] = end.joint
    vertices = np.vstack([[source.place, source.joint], *parts, [target.joint, target.place]])
    moved = np.append(True, (np.diff(vertices, axis=0) != 0.0).any(axis=1))
    kept = vertices[moved] if moved.sum() > 1 else vertices[[0, -1]]
    access = source.at.access_km[source.row] + target.at.access_km[target.row]
    routes = tuple(str(graph.routes[edge]) for edge, _, _ in legs)
    return _Walk(routes, tuple(str(graph.nodes[node]) for node in nodes), km, float(access), kept)
