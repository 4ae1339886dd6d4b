"""A second path that is one: pairs of paths that share no route, no node, or no shared-risk group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches._kernels.shortest_paths import cheapest_pair
from three_mismatches.latency.light import light_of
from three_mismatches.latency.n1 import known_kinds
from three_mismatches.latency.pair_graph import PairGraph, pair_graph, walks_over
from three_mismatches.latency.round_trip import Points, Trip, reasons, trip, trip_ms
from three_mismatches.layers import Fibre
from three_mismatches.network import FibreGraph

__all__ = ["disjoint_pairs"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Groups = tuple[tuple[str, ...], ...]

ONE_PLACE = "both meet the fibre at one place"


def disjoint_pairs(
    fibre: Fibre,
    sources: Points,
    targets: Points,
    *,
    by: str | Collection[str] = "route",
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
) -> pd.DataFrame:
    """
    Return for each two points the two paths that share nothing and together are quickest.

    Parameters
    ----------
    fibre, sources, targets, route_factor, cable_slack, equipment
        As for `rtt`.
    by
        What the two may not share, beside a route: "route" nothing more, "node" no node on their way, "group" no
        shared-risk group of `srlg`; or several of these.

    Returns
    -------
    pairs
        One row for each source and target. `rtt_ms` of the quickest path alone; `first_ms` and `second_ms` of the pair,
        the quicker first, `total_ms` their sum, which is what is least; `first_routes`, `second_routes`, ids in order
        from source to target; `reason` why there is no pair, else empty: then the times of the pair are inf. Points
        that meet the fibre at one place need no route: both paths are empty, and `reason` says so.

    Raises
    ------
    ValueError
        As for `rtt`, or if `by` names something else.
    NetworkError
        As for `rtt`.

    Notes
    -----
    The pair of least sum is exact: Suurballe's algorithm [1]_ for routes and, with each node split in two, for nodes.
    For groups the problem is NP-hard; where the pair by routes or nodes shares a group, an integer programme (HiGHS)
    finds the best one that does not. The quickest path need not be one of the two. The way between a point and the
    fibre is common to both.

    References
    ----------
    .. [1] J. W. Suurballe, R. E. Tarjan, A quick method for finding shortest pairs of disjoint paths, Networks 14,
       1984.
    """
    kinds = known_kinds(by)
    light = light_of(route_factor=route_factor, cable_slack=cable_slack, equipment=equipment)
    asked = trip(fibre, sources, targets, light)
    alone = trip_ms(asked)
    found = _all_pairs(asked, kinds)
    index = pd.MultiIndex.from_product([asked.sources.index, asked.targets.index], names=["source", "target"])
    reason = [pair.reason for pair in found]
    cut = np.flatnonzero(np.isinf(alone.ravel()))
    for at, text in zip(cut, reasons(asked, *np.unravel_index(cut, alone.shape)), strict=True):
        reason[at] = text
    times = np.array([pair.ms for pair in found]).reshape(-1, 2)
    routes = [pd.Series([pair.routes[k] for pair in found], index=index, dtype=object) for k in range(2)]
    columns = {
        "rtt_ms": alone.ravel(),
        "first_ms": times[:, 0],
        "second_ms": times[:, 1],
        "total_ms": times.sum(axis=1),
        "first_routes": routes[0],
        "second_routes": routes[1],
        "reason": reason,
    }
    return pd.DataFrame(columns, index=index)


@dataclass(frozen=True)
class _Pair:
    """Two paths: how long each takes without what they have in common, and their routes in order."""

    ms: tuple[float, float] = (np.inf, np.inf)
    routes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    reason: str = ""

    def longer_by(self, ms: float) -> _Pair:
        """Return the pair with the ways to the points."""
        return _Pair((self.ms[0] + ms, self.ms[1] + ms), self.routes, self.reason)


def _all_pairs(asked: Trip, kinds: Collection[str]) -> list[_Pair]:
    """Return the pair of each source and target, row by row; points in one place ask only once."""
    known: dict[tuple[object, ...], _Pair] = {}
    found = []
    for i in range(len(asked.sources_at)):
        for j in range(len(asked.targets_at)):
            graph = pair_graph(asked.timed, asked.sources_at, asked.targets_at, i, j)
            ends = ((asked.sources_at, i), (asked.targets_at, j))
            key = tuple((at.ids[row], at.route[row], at.share[row]) for at, row in ends)
            if key not in known:
                known[key] = _pair(asked, graph, kinds)
            found.append(known[key].longer_by(graph.ends_ms))
    return found


def _pair(asked: Trip, graph: PairGraph, kinds: Collection[str]) -> _Pair:
    """Return the best pair over a graph that has its two points built in."""
    fibre = asked.timed.graph
    if graph.source == graph.target:
        return _Pair((0.0, 0.0), reason=ONE_PLACE)
    split = graph.with_split_nodes() if "node" in kinds else graph
    taken, paths = cheapest_pair(*split.slots(), split.ms, split.source, split.target)
    if paths < 2:
        return _Pair(reason=_why_none(fibre, graph, taken, kinds))
    walks = _walks(split, taken)
    if "group" in kinds and _shared_groups(fibre.srlg, [split.route[walk] for walk in walks]):
        from three_mismatches.latency.risk_programme import pair_without_shared_risk

        solved = pair_without_shared_risk(graph, fibre.srlg, node_disjoint="node" in kinds)
        if solved is None:
            return _Pair(reason=_why_none(fibre, graph, taken, kinds))
        split, walks = graph, solved
    walks = sorted(walks, key=lambda walk: float(split.ms[walk].sum()))
    ms = [float(split.ms[walk].sum()) for walk in walks]
    routes = [tuple(str(fibre.routes[at]) for at in split.route[walk] if at >= 0) for walk in walks]
    return _Pair((ms[0], ms[1]), (routes[0], routes[1]))


def _walks(graph: PairGraph, taken: Bools) -> list[Ints]:
    """Return the arcs of the two paths, each in order from the source to the target."""
    # Two units that cross one piece of route in opposite directions cancel: none needs it.
    kept = taken & ~((graph.twin >= 0) & taken[graph.twin])
    return walks_over(graph, np.flatnonzero(kept), 2)


def _shared_groups(srlg: Groups, routes: list[Ints]) -> set[str]:
    """Return the shared-risk groups that both paths have a route of."""
    one, other = ({name for route in path if route >= 0 for name in srlg[route]} for path in routes)
    return one & other


def _why_none(fibre: FibreGraph, graph: PairGraph, taken: Bools, kinds: Collection[str]) -> str:
    """Return what stands between the points and a second path: the elements that every path takes."""
    arcs = np.flatnonzero(taken[: graph.tail.size])
    lone = [
        f"route {fibre.routes[int(graph.route[arc])]!r}"
        for arc in arcs
        if _parts(graph, ~np.isin(np.arange(graph.tail.size), [arc, graph.twin[arc]]))
    ]
    if "node" in kinds:
        on_way = set(map(int, graph.head[arcs])) - {graph.source, graph.target}
        lone += [
            f"node {fibre.nodes[node]!r}"
            for node in sorted(on_way)
            if _parts(graph, (graph.tail != node) & (graph.head != node))
        ]
    if "group" in kinds:
        for name in sorted({name for arc in arcs for name in fibre.srlg[graph.route[arc]]}):
            of_it = np.array([name in fibre.srlg[route] for route in graph.route], dtype=bool)
            lone += [f"group {name!r}"] if _parts(graph, ~of_it) else []
    if not lone:
        return "no two paths keep clear of each other's risks, though no single one cuts both"
    return "every path takes " + " and ".join(lone)


def _parts(graph: PairGraph, kept: Bools) -> bool:
    """Return whether the points have no path over the arcs that are kept."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    shape = (graph.nodes, graph.nodes)
    joined = csr_array((np.ones(kept.sum()), (graph.tail[kept], graph.head[kept])), shape=shape)
    _, part = connected_components(joined, directed=False)
    return bool(part[graph.source] != part[graph.target])
