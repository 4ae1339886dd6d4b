"""Round trips after a route, a node or a shared-risk group is lost, one at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels.shortest_paths import (
    costs_after_loss,
    edges_to_leaves,
    preorder,
    shortest_paths,
)
from three_mismatches.latency.light import TimedGraph
from three_mismatches.latency.paths import Loss, doors_of, least_ms, ms_by_way_of
from three_mismatches.latency.round_trip import passed_once_ms
from three_mismatches.network import FibreAttach, FibreGraph

__all__ = ["KINDS", "Element", "Rounds", "elements", "rounds"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KINDS = ("route", "node", "group")
"""What can be lost: a route between two nodes, a node with all its routes, a shared-risk group of routes."""


@dataclass(frozen=True, eq=False)
class Element:
    """One thing that can be lost: its kind, its id, and each way in which it can be."""

    kind: str
    name: str
    losses: tuple[Loss, ...]


@dataclass(eq=False)
class _Roots:
    """The quickest paths from some nodes to all others, and what they cost to the leaves after a loss. [ms]"""

    graph: FibreGraph
    roots: Ints
    leaves: Ints
    weight: Floats
    cost: Floats
    from_edge: Ints
    used: Bools
    orders: list[tuple[Ints, Ints, Ints]]
    ints: tuple[Ints, Ints, Ints]
    floats: tuple[Floats, Floats]
    stamp: int = 0

    @classmethod
    def of(cls, timed: TimedGraph, roots: Ints, leaves: Ints) -> _Roots:
        """Grow the trees."""
        graph = timed.graph
        weight = timed.weight[graph.edge]
        cost, from_node, from_edge = shortest_paths(graph.indptr, graph.neighbour, weight, graph.edge, roots)
        nodes, edges, slots = len(graph.nodes), len(graph.routes), graph.edge.size
        return cls(
            graph, roots, leaves, weight, cost, from_edge,
            used=edges_to_leaves(from_node, from_edge, leaves, edges),
            orders=[preorder(row) for row in from_node],
            ints=(np.full(nodes, -1), np.full(edges, -1), np.empty(nodes + slots, dtype=np.int64)),
            floats=(np.empty(nodes), np.empty(nodes + slots)),
        )  # fmt: skip

    def whole(self) -> Floats:
        """Return the costs with everything in service, shape (roots, leaves)."""
        return self.cost[:, self.leaves]

    def after(self, lost: Ints) -> tuple[Floats, Ints]:
        """Return the costs when some edges are lost, shape (roots, leaves), and the leaves of which one has changed."""
        graph, ms = self.graph, self.whole()
        (state, lost_at, heap), (fresh, key) = self.ints, self.floats
        hit = np.flatnonzero(self.used[:, lost].any(axis=1))
        before = ms[hit]
        for row in hit:
            self.stamp += 1
            ends = np.concatenate([graph.node0[lost], graph.node1[lost]])
            tops = ends[self.from_edge[row][ends] == np.tile(lost, 2)]
            costs_after_loss(
                graph.indptr, graph.neighbour, self.weight, graph.edge, self.cost[row], *self.orders[row],
                tops, lost, self.leaves, self.stamp, state, lost_at, fresh, key, heap, ms[row],
            )  # fmt: skip
        return ms, self.leaves[(ms[hit] != before).any(axis=0)]


@dataclass(frozen=True, eq=False)
class Rounds:
    """Round trips between points, whole and after a loss; by way of stops, where there are any."""

    timed: TimedGraph
    sources: FibreAttach
    targets: FibreAttach
    stops: FibreAttach | None
    trees: _Roots

    def whole(self) -> Floats:
        """Return the round trips with everything in service, shape (sources, targets). [ms]"""
        return self._ms(self.trees.whole(), self.sources, None)

    def after(self, loss: Loss) -> tuple[Ints, Floats]:
        """
        Return the round trips that a loss can change.

        Returns
        -------
        rows
            Positions of the sources, shape (r).
        ms
            Shape (r, targets).
        """
        tree_ms, changed = self.trees.after(loss.edges)
        met = _met(self.sources, loss, changed) | _met(self.targets, loss, changed[:0]).any()
        if self.stops is not None:
            met |= _met(self.stops, loss, changed).any()
        rows = np.flatnonzero(met)
        return rows, self._ms(tree_ms, self.sources.part(rows), loss)

    def _ms(self, tree_ms: Floats, sources: FibreAttach, loss: Loss | None) -> Floats:
        """Return the round trips of some sources with the given costs of the trees. [ms]"""
        if self.stops is None:
            return self._least(tree_ms, sources, self.targets, loss)
        before = self._least(tree_ms, sources, self.stops, loss)
        onward = self._least(tree_ms, self.stops, self.targets, loss)
        return ms_by_way_of(before, onward, passed_once_ms(self.timed, self.stops))

    def _least(
        self, tree_ms: Floats, sources: FibreAttach, targets: FibreAttach, loss: Loss | None
    ) -> Floats:
        """Return the least round trips between two sets of points. [ms]"""
        between = self.trees.roots, self.trees.leaves, tree_ms
        return least_ms(self.timed, between, sources=sources, targets=targets, lost=loss)


def _met(points: FibreAttach, loss: Loss, changed: Ints) -> Bools:
    """Return the points whose way to a door is lost, or from one of whose doors it has become farther."""
    return np.asarray(np.isin(points.door, changed).any(axis=1) | np.isin(points.route, loss.edges))


def rounds(
    timed: TimedGraph, sources: FibreAttach, targets: FibreAttach, stops: FibreAttach | None = None
) -> Rounds:
    """Return the round trips between points over a network, by way of one of some stops where they are given."""
    ends = [targets] if stops is None else [targets, stops]
    starts = [sources] if stops is None else [sources, stops]
    trees = _Roots.of(timed, doors_of(*ends), doors_of(*starts))
    return Rounds(timed, sources, targets, stops, trees)


def elements(whole: Rounds, kinds: Collection[str] = KINDS) -> Iterator[Element]:
    """
    Yield what can be lost and would lengthen a path: routes by id, then nodes, then shared-risk groups.

    A route is cut at one place: a point on it keeps the end on its own side of the cut. A group takes its routes
    from end to end. A point at a node keeps that node: its own loss is no detour.
    """
    graph, touched = whole.timed.graph, _touched(whole)
    if "route" in kinds:
        for edge in map(int, np.flatnonzero(touched)):
            yield Element("route", str(graph.routes[edge]), tuple(_cuts(whole, edge)))
    if "node" in kinds:
        for node in map(int, np.unique([graph.node0[touched], graph.node1[touched]])):
            at_it = graph.edge[graph.indptr[node] : graph.indptr[node + 1]]
            yield Element("node", str(graph.nodes[node]), (Loss(np.unique(at_it), node),))
    if "group" in kinds:
        for name, edges in groups_of(graph).items():
            if touched[edges].any():
                yield Element("group", name, (Loss(edges),))


def groups_of(graph: FibreGraph) -> dict[str, Ints]:
    """Return the edges of each shared-risk group, groups by name."""
    found: dict[str, list[int]] = {}
    for edge, names in enumerate(graph.srlg):
        for name in names:
            found.setdefault(name, []).append(edge)
    return {name: np.array(found[name], dtype=np.int64) for name in sorted(found)}


def _touched(whole: Rounds) -> Bools:
    """Return the edges that are on a path, or that a point lies on."""
    touched: Bools = np.logical_or.reduce(whole.trees.used, axis=0)
    for points in (whole.sources, whole.targets, whole.stops):
        if points is not None:
            touched[points.route[points.route >= 0]] = True
    return touched


def _cuts(whole: Rounds, edge: int) -> Iterator[Loss]:
    """Yield the cuts of a route that differ: one between each two neighbouring points on it."""
    on_it = [
        points.share[points.route == edge]
        for points in (whole.sources, whole.targets, whole.stops)
        if points is not None
    ]
    places = np.unique(np.concatenate([*on_it, [0.0, 1.0]]))
    for here, there in pairwise(places):
        yield Loss(np.array([edge]), share=float((here + there) / 2.0))
