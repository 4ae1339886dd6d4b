"""Round-trip times between points along the fibre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError, NetworkError
from three_mismatches.latency.distances import Rows, distances
from three_mismatches.latency.light import Light, TimedGraph, light_of, timed_graph
from three_mismatches.latency.paths import (
    Paths,
    attach_points,
    by_way_of,
    distance_matrix,
    doors_of,
    grow_trees,
    least_ms,
    least_paths,
    ms_by_way_of,
)
from three_mismatches.layers import Fibre
from three_mismatches.network import FibreAttach, fibre_graph

__all__ = ["Points", "Trip", "TripPaths", "named_points", "reasons", "rtt", "trip", "trip_ms", "trip_paths"]

Points: TypeAlias = gpd.GeoDataFrame | Sequence[str]
"""A table of points, or ids of fibre nodes."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LISTED = 5


def rtt(
    fibre: Fibre,
    sources: Points,
    targets: Points,
    *,
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
    via: Points | None = None,
) -> pd.DataFrame:
    r"""
    Return the least round-trip time between points along the operating fibre.

    Parameters
    ----------
    fibre
        The network; points meet it where `match.to_fibre` says.
    sources, targets
        Points, or ids of fibre nodes; where a row's `node` names a fibre node, it meets the fibre there.
    route_factor
        Built over modelled length of schematic routes, whatever they state, and of the ways between points and fibre,
        >= 1; by default what each route states in `route_factor`, else the assumption. [-]
    cable_slack
        Fibre over built length of surveyed routes, >= 1; by default the assumption, but no more than
        `route_factor`. [-]
    equipment
        True: what each node on the path states in `equipment_ms`, else the assumption, both ends included; False:
        none; a number takes the assumption's place. With `route_factor=1.0` False leaves bare light in glass. [ms]
    via
        Points of which the traffic passes at least one on its way, whichever makes the round trip least: carriers
        meet there, and nowhere nearer.

    Returns
    -------
    rtt
        One row for each source, one column for each target; inf where no fibre joins them, and
        `attrs["unreachable"]` says why, by source. [ms]

    Raises
    ------
    ValueError
        If a factor is below 1 or `equipment` below 0.
    NetworkError
        If the fibre is no network, or a node that is named is not in it.

    Notes
    -----
    Each leg is at least as long as its geodesic, so light in glass along the geodesic `d` is a floor:

    .. math:: t = \frac{2 n}{c} \sum_e f_e L_e + \sum_v t_v \ge \frac{2 n d}{c}
    """
    light = light_of(route_factor=route_factor, cable_slack=cable_slack, equipment=equipment)
    asked = trip(fibre, sources, targets, light, via=via)
    ms = trip_ms(asked)
    # Only rounding is cut off here: every leg is at least its geodesic already.
    floor = light.glass_ms(distance_matrix(asked.sources, asked.targets))
    table = pd.DataFrame(np.maximum(ms, floor), index=asked.sources.index, columns=asked.targets.index)
    table.attrs["unreachable"] = _unreachable(asked, ms)
    return table


@dataclass(frozen=True, eq=False)
class Trip:
    """What is asked: from where to where over which fibre, in which light, by way of what; routes' lines by id."""

    timed: TimedGraph
    sources: gpd.GeoDataFrame
    targets: gpd.GeoDataFrame
    sources_at: FibreAttach
    targets_at: FibreAttach
    via: gpd.GeoDataFrame | None
    via_at: FibreAttach | None
    lines: gpd.GeoSeries


@dataclass(frozen=True, eq=False)
class TripPaths:
    """
    The answer to a trip, shape (sources, targets).

    `used` holds the paths as the traffic goes; `stop` is the point of `via` that each passes. `before` and `after` are
    the parts to and from those points, shape (sources, via) and (via, targets); None without `via`.
    """

    used: Paths
    stop: Ints
    before: Paths | None = None
    after: Paths | None = None


def trip(fibre: Fibre, sources: Points, targets: Points, light: Light, *, via: Points | None = None) -> Trip:
    """Return the points on the network, and the network in the given light."""
    graph = fibre_graph(fibre)
    tables = [named_points(fibre, points) for points in (sources, targets)]
    at = [attach_points(fibre, graph, points) for points in tables]
    stops = None if via is None else named_points(fibre, via)
    stops_at = None if stops is None else attach_points(fibre, graph, stops)
    lines = fibre.fibre_routes.geometry
    return Trip(timed_graph(graph, light), tables[0], tables[1], at[0], at[1], stops, stops_at, lines)


def trip_ms(asked: Trip) -> Floats:
    """Return the round trips of a trip, shape (sources, targets): by whatever is quickest for so many points. [ms]"""
    graph = asked.timed.graph
    rows = Rows(graph.indptr, graph.neighbour, asked.timed.weight[graph.edge], graph.edge)

    def least(one: FibreAttach, other: FibreAttach) -> Floats:
        roots, leaves = doors_of(other), doors_of(one)
        between = roots, leaves, distances(rows, roots, leaves)
        return least_ms(asked.timed, between, sources=one, targets=other)

    if asked.via_at is None:
        return least(asked.sources_at, asked.targets_at)
    before, onward = least(asked.sources_at, asked.via_at), least(asked.via_at, asked.targets_at)
    return ms_by_way_of(before, onward, passed_once_ms(asked.timed, asked.via_at))


def trip_paths(asked: Trip) -> TripPaths:
    """Return the quickest paths of a trip, by way of its stops where it has any."""

    def least(one: FibreAttach, other: FibreAttach) -> Paths:
        return least_paths(asked.timed, grow_trees(asked.timed, other, one), sources=one, targets=other)

    if asked.via_at is None:
        used = least(asked.sources_at, asked.targets_at)
        return TripPaths(used, np.zeros(used.ms.shape, dtype=np.int64))
    before, after = least(asked.sources_at, asked.via_at), least(asked.via_at, asked.targets_at)
    used, stop = by_way_of(before, after, passed_once_ms(asked.timed, asked.via_at))
    return TripPaths(used, stop, before, after)


def passed_once_ms(timed: TimedGraph, stops: FibreAttach) -> Floats:
    """Return what the path to a stop and the path from it both count: the equipment of the node that it stands at."""
    return np.where(stops.route < 0, timed.node_ms[stops.door[:, 0]], 0.0)


def named_points(fibre: Fibre, points: Points) -> gpd.GeoDataFrame:
    """
    Return a table of points; of ids of fibre nodes, those nodes.

    Raises
    ------
    NetworkError
        If an id is no fibre node.
    LayerError
        If a table has no points.
    """
    if isinstance(points, gpd.GeoDataFrame):
        return points
    if isinstance(points, pd.DataFrame):
        cure = "Make it a GeoDataFrame: geometry=geopandas.points_from_xy(lon, lat), crs=4326"
        raise LayerError([Fault("points", "geometry", "no such column", cure)])
    ids = pd.Index([points] if isinstance(points, str) else list(points), dtype=object)
    nodes = fibre.fibre_nodes
    lost = ids[~ids.isin(nodes.index)]
    if len(lost):
        cure = "Name rows of fibre_nodes, or pass a table of points"
        raise NetworkError([Fault("points", "node", "no such fibre node", cure, tuple(map(str, lost)))])
    return gpd.GeoDataFrame(
        {"node": ids}, index=ids, geometry=nodes.geometry.loc[ids].to_numpy(), crs=nodes.crs
    )


def reasons(asked: Trip, source_idx: Ints, target_idx: Ints) -> list[str]:
    """Return why no path joins each of the given pairs."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    graph = asked.timed.graph
    size = len(graph.nodes)
    joined = csr_array((np.ones(graph.node0.size), (graph.node0, graph.node1)), shape=(size, size))
    _, part = connected_components(joined, directed=False)
    nodes = np.bincount(part, minlength=1)
    one, other = part[asked.sources_at.door[:, 0]], part[asked.targets_at.door[:, 0]]

    def told(i: int, j: int) -> str:
        if one[i] == other[j]:
            return "no path passes any point of via"
        ends = (asked.sources_at.ids[i], nodes[one[i]]), (asked.targets_at.ids[j], nodes[other[j]])
        return "no fibre joins " + " with ".join(
            f"the {count} node{'s' if count > 1 else ''} around {name!r}" for name, count in ends
        )

    return [told(i, j) for i, j in zip(source_idx, target_idx, strict=True)]


def _unreachable(asked: Trip, ms: Floats) -> dict[str, str]:
    """Return for each source that does not reach every target: which ones, and why the first of them."""
    rows = np.flatnonzero(np.isinf(ms).any(axis=1))
    if not rows.size:
        return {}
    why = reasons(asked, rows, np.isinf(ms[rows]).argmax(axis=1))
    names = asked.targets.index.astype(str).to_numpy()
    texts = {}
    for row, reason in zip(rows, why, strict=True):
        lost = names[np.isinf(ms[row])]
        more = f" and {lost.size - LISTED} more" if lost.size > LISTED else ""
        texts[str(asked.sources.index[row])] = f"{', '.join(map(str, lost[:LISTED]))}{more}: {reason}"
    return texts
