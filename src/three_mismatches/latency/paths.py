"""The quickest paths along the fibre between points, as matrices."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import geodesy, match
from three_mismatches._kernels.shortest_paths import shortest_paths, sum_along_paths
from three_mismatches.latency.light import Light
from three_mismatches.layers import Fibre
from three_mismatches.network import ROUNDING_KM, FibreAttach, FibreGraph, fibre_attach

__all__ = [
    "Paths",
    "Trees",
    "attach_points",
    "attached_to_sketch",
    "distance_matrix",
    "grow_trees",
    "least_paths",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TREE_CELLS = 4_000_000  # sources x nodes held at a time: some 250 MB with all that belongs to a tree


@dataclass(frozen=True, eq=False)
class Trees:
    """
    The quickest paths between two sets of graph nodes, shape (roots, leaves) each.

    `ms` holds light and the equipment of every node but the root; `edges`, `schematic` and `floored` count
    the edges on the path: all of them, the sketched and the raised ones.
    """

    roots: Ints
    leaves: Ints
    ms: Floats
    edges: Floats
    schematic: Floats
    floored: Floats


@dataclass(frozen=True, eq=False)
class Paths:
    """
    The quickest path between each two points, shape (sources, targets) each.

    `ms` is inf where there is none. `nodes` is how many fibre nodes it passes, both ends included;
    `schematic` and `floored` say whether a sketched or a raised edge is on it.
    """

    ms: Floats
    nodes: Floats
    schematic: Bools
    floored: Bools

    def or_quicker(self, other: Paths) -> Paths:
        """Return the quicker path of each pair; of two equally quick ones, the one of `self`."""
        better = other.ms < self.ms
        return Paths(
            np.where(better, other.ms, self.ms),
            np.where(better, other.nodes, self.nodes),
            np.where(better, other.schematic, self.schematic),
            np.where(better, other.floored, self.floored),
        )


def attach_points(fibre: Fibre, graph: FibreGraph, points: gpd.GeoDataFrame) -> FibreAttach:
    """Return where points meet the operating fibre: at the node named in `node`, else where it is nearest."""
    node = points["node"] if "node" in points else pd.Series(None, index=points.index, dtype="object")
    named = node.notna().to_numpy(bool)
    found = match.to_fibre(points[~named], fibre).reindex(points.index)
    place = np.where(named, graph.nodes.get_indexer(pd.Index(node)), -1)
    lon, lat = (np.append(axis, np.nan)[place] for axis in (graph.lon, graph.lat))
    km = geodesy.distance_km(points.geometry.x.to_numpy(float), points.geometry.y.to_numpy(float), lon, lat)
    at_node = {"kind": "node", "fibre_node": node, "build_km": km, "lon": lon, "lat": lat}
    return fibre_attach(graph, found.assign(**{k: np.where(named, v, found[k]) for k, v in at_node.items()}))


def attached_to_sketch(graph: FibreGraph, points: FibreAttach) -> Bools:
    """Return whether a schematic route touches the node, or is the route, that each point is attached to."""
    drawn = np.zeros(len(graph.nodes), dtype=np.bool_)
    for end in (graph.node0, graph.node1):
        drawn[end[graph.schematic]] = True
    return np.where(points.route < 0, drawn[points.door[:, 0]], _of_route(graph.schematic, points.route))


def grow_trees(graph: FibreGraph, light: Light, roots: FibreAttach, leaves: FibreAttach) -> Trees:
    """Return the quickest paths from the doors of some points to the doors of others."""
    from_nodes, to_nodes = np.unique(roots.door), np.unique(leaves.door)
    weight = light.ms(graph.edge_km, schematic=graph.schematic) + light.equipment_ms
    counted = [np.ones_like(weight), graph.schematic.astype(np.float64), graph.floored.astype(np.float64)]
    at_a_time = max(1, TREE_CELLS // max(1, len(graph.nodes)))
    grown = []
    for first in range(0, from_nodes.size, at_a_time):
        sources = from_nodes[first : first + at_a_time]
        tree = shortest_paths(graph.indptr, graph.neighbour, weight[graph.edge], graph.edge, sources)
        sums = [sum_along_paths(*tree, attribute)[:, to_nodes] for attribute in counted]
        grown.append([tree[0][:, to_nodes], *sums])
    none = [[np.empty((0, to_nodes.size))] * 4]
    return Trees(
        from_nodes, to_nodes, *(np.concatenate(parts) for parts in zip(*(grown or none), strict=True))
    )


def least_paths(
    graph: FibreGraph, light: Light, trees: Trees, *, sources: FibreAttach, targets: FibreAttach
) -> Paths:
    """Return the quickest path between each two points: from leaves of the trees to their roots."""
    paths = [
        _through_doors(graph, light, trees, sources=sources, targets=targets, doors=(a, b))
        for a in range(sources.door.shape[1])
        for b in range(targets.door.shape[1])
    ]
    if sources.door.shape[1] == targets.door.shape[1] == 2:
        paths.append(_along_one_route(graph, light, sources=sources, targets=targets))
    best = paths[0]
    for other in paths[1:]:
        best = best.or_quicker(other)
    return best


def distance_matrix(sources: gpd.GeoDataFrame, targets: gpd.GeoDataFrame) -> Floats:
    """Return the geodesic between each two points, shape (sources, targets). [km]"""
    x0, y0 = sources.geometry.x.to_numpy(float), sources.geometry.y.to_numpy(float)
    x1, y1 = targets.geometry.x.to_numpy(float), targets.geometry.y.to_numpy(float)
    return np.asarray(geodesy.distance_km(x0[:, None], y0[:, None], x1[None, :], y1[None, :]))


def _through_doors(
    graph: FibreGraph,
    light: Light,
    trees: Trees,
    *,
    sources: FibreAttach,
    targets: FibreAttach,
    doors: tuple[int, int],
) -> Paths:
    """Return the paths that leave each source by one of its doors and enter each target by one of its own."""
    here, there = _leg(graph, light, sources, doors[0]), _leg(graph, light, targets, doors[1])
    leaf = np.searchsorted(trees.leaves, sources.door[:, doors[0]])[:, None]
    root = np.searchsorted(trees.roots, targets.door[:, doors[1]])[None, :]
    joined = np.isfinite(trees.ms)[root, leaf]
    return Paths(
        ms=trees.ms[root, leaf] + light.equipment_ms + here.ms[:, None] + there.ms[None, :],
        nodes=np.where(joined, trees.edges[root, leaf] + 1.0, 0.0),
        schematic=joined
        & ((trees.schematic[root, leaf] > 0) | here.schematic[:, None] | there.schematic[None, :]),
        floored=joined & ((trees.floored[root, leaf] > 0) | here.floored[:, None] | there.floored[None, :]),
    )


def _leg(graph: FibreGraph, light: Light, points: FibreAttach, door: int) -> Paths:
    """Return the way from each point to one of its doors, shape (points); no node is counted."""
    schematic = _of_route(graph.schematic, points.route)
    ms = light.ms(points.access_km, schematic=True) + light.ms(points.door_km[:, door], schematic=schematic)
    return Paths(ms, np.zeros_like(ms), schematic, points.door_floored[:, door])


def _along_one_route(graph: FibreGraph, light: Light, *, sources: FibreAttach, targets: FibreAttach) -> Paths:
    """Return the paths between points on the same route that stay on it and so pass no node."""
    shape = (len(sources), len(targets))
    i, j = np.nonzero((sources.route[:, None] == targets.route[None, :]) & (sources.route[:, None] >= 0))
    route = sources.route[i]
    km = np.abs(sources.share[i] - targets.share[j]) * graph.edge_km[route]
    chord = geodesy.distance_km(sources.lon[i], sources.lat[i], targets.lon[j], targets.lat[j])
    access = light.ms(sources.access_km[i] + targets.access_km[j], schematic=True)
    ms, (schematic, floored) = np.full(shape, np.inf), np.zeros((2, *shape), dtype=np.bool_)
    ms[i, j] = access + light.ms(np.maximum(km, chord), schematic=graph.schematic[route])
    schematic[i, j], floored[i, j] = graph.schematic[route], graph.floored[route] | (km < chord - ROUNDING_KM)
    return Paths(ms, np.zeros(shape), schematic, floored)


def _of_route(values: Bools, route: Ints) -> Bools:
    """Return the value of each point's route, False for a point at a node (route -1)."""
    return np.append(values, np.False_)[route]
