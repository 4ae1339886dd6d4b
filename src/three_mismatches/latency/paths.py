"""The quickest paths along the fibre between points, as matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import geodesy, match
from three_mismatches._kernels.shortest_paths import shortest_paths, sum_along_paths
from three_mismatches.latency.light import TimedGraph
from three_mismatches.layers import Fibre
from three_mismatches.network import ROUNDING_KM, FibreAttach, FibreGraph, fibre_attach

__all__ = [
    "ALONG",
    "Loss",
    "Paths",
    "Trees",
    "along_one_route_ms",
    "attach_points",
    "attached_to_sketch",
    "by_way_of",
    "distance_matrix",
    "door_ms",
    "doors_of",
    "grow_trees",
    "least_ms",
    "least_paths",
    "leg_ms",
    "ms_by_way_of",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TREE_CELLS = 4_000_000  # sources x nodes held at a time: some 250 MB with all that belongs to a tree
NONE = -1
ALONG = 4


@dataclass(frozen=True, eq=False)
class Loss:
    """
    What is out of service: some edges, or a node with all of its own, or one edge cut at one place.

    Attributes
    ----------
    edges
        Positions of the edges that no path can take.
    node
        Position of the node that is lost, with all its edges; -1 for none. A point within one of them keeps the other
        end.
    share
        Where along its only edge the cut is, as a share from `node0`: a point on that edge still reaches the end on
        its own side of the cut. NaN: the edges are lost from end to end.
    """

    edges: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    node: int = NONE
    share: float = np.nan

    def of_doors(self, points: FibreAttach) -> Bools:
        """Return the doors that points within a route have lost, shape (points, doors)."""
        if self.node != NONE:
            return np.asarray((points.route >= 0)[:, None] & (points.door == self.node))
        on_lost = np.isin(points.route, self.edges)[:, None]
        if np.isnan(self.share):
            return np.broadcast_to(on_lost, points.door.shape)
        sides = np.stack([points.share > self.share, points.share < self.share], axis=1)
        return np.asarray(on_lost & sides[:, : points.door.shape[1]])

    def between(self, route: Ints, share0: Floats, share1: Floats) -> Bools:
        """Return whether the way along one route between two places on it is lost."""
        if self.node != NONE:
            return np.zeros(route.shape, dtype=np.bool_)
        apart = (np.minimum(share0, share1) < self.share) & (self.share < np.maximum(share0, share1))
        return np.asarray(np.isin(route, self.edges) & (np.isnan(self.share) | apart))


@dataclass(frozen=True, eq=False)
class Trees:
    """
    The quickest paths between two sets of graph nodes, shape (roots, leaves) each.

    `ms` holds light and equipment, of which `hop_ms` is the equipment; of the path's two ends half is counted.
    `schematic` and `floored` count the sketched and the raised edges on it.
    """

    roots: Ints
    leaves: Ints
    ms: Floats
    hop_ms: Floats
    schematic: Floats
    floored: Floats


@dataclass(frozen=True, eq=False)
class Paths:
    """
    The quickest path between each two points, shape (sources, targets) each.

    `ms` is inf where there is none; `equipment_ms` is what of it the nodes add. `schematic` and `floored` say whether a
    sketched or a raised edge is on it. `way` says how it leaves and enters: 2 x door of the source + door of the
    target, or 4 for the way along the route that both lie on.
    """

    ms: Floats
    equipment_ms: Floats
    schematic: Bools
    floored: Bools
    way: Ints

    def to(self, targets: Ints) -> Paths:
        """Return the paths to some of the targets."""
        return Paths(*(getattr(self, each.name)[:, targets] for each in fields(self)))

    def or_quicker(self, other: Paths) -> Paths:
        """Return the quicker path of each pair; of two equally quick ones, the one of `self`."""
        better = other.ms < self.ms
        return Paths(
            np.where(better, other.ms, self.ms),
            np.where(better, other.equipment_ms, self.equipment_ms),
            np.where(better, other.schematic, self.schematic),
            np.where(better, other.floored, self.floored),
            np.where(better, other.way, self.way),
        )


def attach_points(fibre: Fibre, graph: FibreGraph, points: gpd.GeoDataFrame) -> FibreAttach:
    """Return where points meet the operating fibre: at the node named in `node`, else where it is nearest."""
    node = points["node"] if "node" in points else pd.Series(None, index=points.index, dtype="object")
    named = node.notna().to_numpy(bool)
    routes = fibre.fibre_routes
    # Where no route operates, points stand at nodes that lead nowhere: out of reach, not an error.
    operating = Fibre(fibre.fibre_nodes, routes[routes["status"].eq("operating")])
    found = _spread(match.to_fibre(points[~named], operating), named)
    place = np.where(named, graph.nodes.get_indexer(pd.Index(node)), -1)
    lon, lat = (np.append(axis, np.nan)[place] for axis in (graph.lon, graph.lat))
    # Points that name their node are asked for a place on Earth like the others.
    km = geodesy.distance_km(*match.lonlat(points)[:2], lon, lat)
    at_node = {"kind": "node", "fibre_node": node, "build_km": km, "lon": lon, "lat": lat}
    joints = found.assign(**{k: np.where(named, v, found[k]) for k, v in at_node.items()})
    return fibre_attach(graph, joints.set_axis(points.index))


def _spread(table: pd.DataFrame, left_out: Bools) -> pd.DataFrame:
    """Return the table with a row without values at each place that was left out of it, numbered."""
    place = np.cumsum(~left_out) - 1
    return table.reset_index(drop=True).reindex(np.where(left_out, -1, place)).reset_index(drop=True)


def attached_to_sketch(graph: FibreGraph, points: FibreAttach) -> Bools:
    """Return whether a schematic route touches the node, or is the route, that each point is attached to."""
    drawn = np.zeros(len(graph.nodes), dtype=np.bool_)
    for end in (graph.node0, graph.node1):
        drawn[end[graph.schematic]] = True
    return np.where(points.route < 0, drawn[points.door[:, 0]], _of_route(graph.schematic, points.route))


def grow_trees(timed: TimedGraph, roots: FibreAttach, *leaves: FibreAttach) -> Trees:
    """Return the quickest paths from the doors of some points to the doors of others."""
    graph = timed.graph
    from_nodes, to_nodes = np.unique(roots.door), doors_of(*leaves)
    counted = [timed.hop_ms, graph.schematic.astype(np.float64), graph.floored.astype(np.float64)]
    at_a_time = max(1, TREE_CELLS // max(1, len(graph.nodes)))
    grown = []
    for first in range(0, from_nodes.size, at_a_time):
        sources = from_nodes[first : first + at_a_time]
        tree = shortest_paths(graph.indptr, graph.neighbour, timed.weight[graph.edge], graph.edge, sources)
        sums = [sum_along_paths(*tree, attribute)[:, to_nodes] for attribute in counted]
        grown.append([tree[0][:, to_nodes], *sums])
    none = [[np.empty((0, to_nodes.size))] * 4]
    return Trees(
        from_nodes, to_nodes, *(np.concatenate(parts) for parts in zip(*(grown or none), strict=True))
    )


def doors_of(*points: FibreAttach) -> Ints:
    """Return the nodes by which any of the points is reached, each once."""
    return np.unique(np.concatenate([each.door.ravel() for each in points]))


def least_paths(timed: TimedGraph, trees: Trees, *, sources: FibreAttach, targets: FibreAttach) -> Paths:
    """Return the quickest path between each two points: from leaves of the trees to their roots."""
    best, *others = _all_ways(timed, trees, sources, targets)
    for other in others:
        best = best.or_quicker(other)
    return best


def by_way_of(first: Paths, second: Paths, once_ms: Floats) -> tuple[Paths, Ints]:
    """
    Return the quickest paths that pass one of some points on their way, and the position of that point.

    Parameters
    ----------
    first
        Paths from the sources to those points, shape (sources, points).
    second
        Paths from those points to the targets, shape (points, targets).
    once_ms
        What both of them count at each point and is counted once, shape (points). [ms]
    """
    best, which = None, np.zeros((first.ms.shape[0], second.ms.shape[1]), dtype=np.int64)
    for at in range(once_ms.size):
        there, on = (slice(None), slice(at, at + 1)), (slice(at, at + 1), slice(None))
        joined = Paths(
            ms=first.ms[there] + second.ms[on] - once_ms[at],
            equipment_ms=first.equipment_ms[there] + second.equipment_ms[on] - once_ms[at],
            schematic=first.schematic[there] | second.schematic[on],
            floored=first.floored[there] | second.floored[on],
            way=np.broadcast_to(first.way[there], which.shape),
        )
        if best is not None:
            which[joined.ms < best.ms] = at
        best = joined if best is None else best.or_quicker(joined)
    if best is None:
        far, none = np.full(which.shape, np.inf), np.zeros(which.shape, dtype=np.bool_)
        return Paths(far, np.zeros(which.shape), none, none, which), which
    return best, which


def least_ms(
    timed: TimedGraph,
    between: tuple[Ints, Ints, Floats],
    *,
    sources: FibreAttach,
    targets: FibreAttach,
    lost: Loss | None = None,
) -> Floats:
    """
    Return the round trip of the quickest path between each two points, shape (sources, targets); inf for none. [ms]

    Parameters
    ----------
    timed
        The network.
    between
        Node positions to reach targets by, node positions to leave sources by, both sorted, and the least weight
        between them, shape (first, second). [-, -, ms]
    sources, targets
        Where points meet the fibre.
    lost
        What is out of service.
    """
    here, there = (leg_ms(timed, points, lost=lost) for points in (sources, targets))
    best = np.full((len(sources), len(targets)), np.inf)
    for a in range(here.shape[1]):
        for b in range(there.shape[1]):
            way = door_ms(*between, (sources, targets), (a, b))
            np.minimum(best, way + here[:, a, None] + there[None, :, b], out=best)
    if here.shape[1] == there.shape[1] == 2:
        i, j, ms, _ = along_one_route_ms(timed, sources, targets, lost=lost)
        best[i, j] = np.minimum(best[i, j], ms)
    return best


def ms_by_way_of(before: Floats, onward: Floats, once_ms: Floats) -> Floats:
    """Return what `by_way_of` does, of round trips alone. [ms]"""
    best = np.full((before.shape[0], onward.shape[1]), np.inf)
    for at, once in enumerate(once_ms):
        np.minimum(best, before[:, at, None] + onward[None, at] - once, out=best)
    return best


def distance_matrix(sources: gpd.GeoDataFrame, targets: gpd.GeoDataFrame) -> Floats:
    """Return the geodesic between each two points, shape (sources, targets). [km]"""
    x0, y0 = sources.geometry.x.to_numpy(float), sources.geometry.y.to_numpy(float)
    x1, y1 = targets.geometry.x.to_numpy(float), targets.geometry.y.to_numpy(float)
    return np.asarray(geodesy.distance_km(x0[:, None], y0[:, None], x1[None, :], y1[None, :]))


def leg_ms(timed: TimedGraph, points: FibreAttach, *, lost: Loss | None = None) -> Floats:
    """Return the way from each point to each of its doors, with half of the door's equipment, shape (points, doors)."""
    ms = timed.light.access_ms(points.access_km)[:, None] + timed.node_ms[points.door] / 2.0
    within = np.flatnonzero(points.route >= 0)
    ms[within] += timed.along_ms(points.route[within, None], points.door_km[within])
    return ms if lost is None else np.where(lost.of_doors(points), np.inf, ms)


def door_ms(
    roots: Ints,
    leaves: Ints,
    tree_ms: Floats,
    points: tuple[FibreAttach, FibreAttach],
    doors: tuple[int, int],
) -> Floats:
    """
    Return the way between a door of each source and a door of each target, shape (sources, targets).

    Parameters
    ----------
    roots, leaves
        Node positions, sorted.
    tree_ms
        Any sum along the paths between them, shape (roots, leaves).
    points
        Sources, all of whose doors are leaves, and targets, all of whose doors are roots.
    doors
        Which door of each. [-]
    """
    sources, targets = points
    leaf = np.searchsorted(leaves, sources.door[:, doors[0]])
    root = np.searchsorted(roots, targets.door[:, doors[1]])
    return tree_ms[root[None, :], leaf[:, None]]


def along_one_route_ms(
    timed: TimedGraph, sources: FibreAttach, targets: FibreAttach, *, lost: Loss | None = None
) -> tuple[Ints, Ints, Floats, Bools]:
    """
    Return the ways between points on the same route that stay on it and so pass no node.

    Returns
    -------
    source_idx, target_idx, ms, raised
        Which pairs there are, how long each takes [ms], and whether it is raised to its geodesic; shape (pairs) each.
    """
    graph = timed.graph
    i, j = np.nonzero((sources.route[:, None] == targets.route[None, :]) & (sources.route[:, None] >= 0))
    route = sources.route[i]
    km = np.abs(sources.share[i] - targets.share[j]) * graph.edge_km[route]
    chord = geodesy.distance_km(sources.lon[i], sources.lat[i], targets.lon[j], targets.lat[j])
    access = timed.light.access_ms(sources.access_km[i] + targets.access_km[j])
    ms = access + timed.along_ms(route, np.maximum(km, chord))
    if lost is not None:
        ms = np.where(lost.between(route, sources.share[i], targets.share[j]), np.inf, ms)
    return i, j, ms, graph.floored[route] | (km < chord - ROUNDING_KM)


def _all_ways(timed: TimedGraph, trees: Trees, sources: FibreAttach, targets: FibreAttach) -> Iterator[Paths]:
    """Yield the paths by each pair of doors, and those along the route that both points lie on."""
    here, there = leg_ms(timed, sources), leg_ms(timed, targets)
    for a in range(sources.door.shape[1]):
        for b in range(targets.door.shape[1]):
            yield _through_doors(timed, trees, (sources, targets), (here[:, a], there[:, b]), (a, b))
    if sources.door.shape[1] == targets.door.shape[1] == 2:
        yield _along_one_route(timed, sources, targets)


def _through_doors(
    timed: TimedGraph,
    trees: Trees,
    points: tuple[FibreAttach, FibreAttach],
    legs: tuple[Floats, Floats],
    doors: tuple[int, int],
) -> Paths:
    """Return the paths that leave each source by one of its doors and enter each target by one of its own."""

    def between(values: Floats) -> Floats:
        return door_ms(trees.roots, trees.leaves, values, points, doors)

    ms = between(trees.ms)
    joined = np.isfinite(ms)
    ends = [timed.node_ms[point.door[:, door]] / 2.0 for point, door in zip(points, doors, strict=True)]
    on_sketch = [_of_route(timed.graph.schematic, point.route) for point in points]
    raised = [point.door_floored[:, door] for point, door in zip(points, doors, strict=True)]
    hops = between(trees.hop_ms)

    def marked(count: Floats, of_points: list[Bools]) -> Bools:
        ways = between(count) > 0
        return joined & (ways | of_points[0][:, None] | of_points[1][None, :])

    return Paths(
        ms=ms + legs[0][:, None] + legs[1][None, :],
        equipment_ms=np.where(joined, hops + ends[0][:, None] + ends[1][None, :], 0.0),
        schematic=marked(trees.schematic, on_sketch),
        floored=marked(trees.floored, raised),
        way=np.full(ms.shape, 2 * doors[0] + doors[1]),
    )


def _along_one_route(timed: TimedGraph, sources: FibreAttach, targets: FibreAttach) -> Paths:
    """Return the paths between points on the same route that stay on it."""
    shape = (len(sources), len(targets))
    ms, (schematic, floored) = np.full(shape, np.inf), np.zeros((2, *shape), dtype=np.bool_)
    i, j, found, raised = along_one_route_ms(timed, sources, targets)
    ms[i, j], floored[i, j] = found, raised
    schematic[i, j] = timed.graph.schematic[sources.route[i]]
    return Paths(ms, np.zeros(shape), schematic, floored, np.full(shape, ALONG))


def _of_route(values: Bools, route: Ints) -> Bools:
    """Return the value of each point's route, False for a point at a node (route -1)."""
    return np.append(values, np.False_)[route]
