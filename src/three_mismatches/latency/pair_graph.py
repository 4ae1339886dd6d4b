"""The fibre as two points see it: directed arcs, the points built in, ready for pairs of disjoint paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from three_mismatches import geodesy
from three_mismatches.latency.light import TimedGraph
from three_mismatches.network import FibreAttach

__all__ = ["PairGraph", "pair_graph", "walks_over"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OF_NODE = -1


@dataclass(frozen=True, eq=False)
class PairGraph:
    """
    Arcs between nodes, from a source to a target.

    Attributes
    ----------
    tail, head
        Ends of each arc, shape (arcs).
    ms
        Round trip that each arc adds, shape (arcs). [ms]
    route
        Position of the route that each arc belongs to; -1 for an arc through a split node.
    twin
        The arc that leads back over the same piece of route; -1 for an arc through a split node.
    source, target
        Node positions.
    nodes
        How many nodes there are.
    ends_ms
        What both paths of a pair have in common: the ways between points and fibre, and half of the equipment of the
        nodes that the points stand at. [ms]
    """

    tail: Ints
    head: Ints
    ms: Floats
    route: Ints
    twin: Ints
    source: int
    target: int
    nodes: int
    ends_ms: float

    def slots(self) -> tuple[Ints, Ints, Ints, Bools]:
        """Return `indptr`, `to`, `arc` and `ahead`, as the kernel wants them."""
        arcs = self.tail.size
        of_node = np.concatenate([self.tail, self.head])
        to = np.concatenate([self.head, self.tail])
        arc = np.tile(np.arange(arcs, dtype=np.int64), 2)
        ahead = np.arange(2 * arcs) < arcs
        order = np.lexsort((arc, to, of_node))
        indptr = np.zeros(self.nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(of_node, minlength=self.nodes), out=indptr[1:])
        return indptr, to[order], arc[order], ahead[order]

    def with_split_nodes(self) -> PairGraph:
        """Return the graph in which each node is an arc from its in to its out, so that paths cannot share it."""
        node = np.arange(self.nodes, dtype=np.int64)
        through = np.full(self.nodes, OF_NODE)
        return PairGraph(
            tail=np.concatenate([2 * self.tail + 1, 2 * node]),
            head=np.concatenate([2 * self.head, 2 * node + 1]),
            ms=np.concatenate([self.ms, np.zeros(self.nodes)]),
            route=np.concatenate([self.route, through]),
            twin=np.concatenate([self.twin, through]),
            source=2 * self.source + 1,
            target=2 * self.target,
            nodes=2 * self.nodes,
            ends_ms=self.ends_ms,
        )


Piece = tuple[int, int, float, int]
"""Nodes at both ends, ms and route of a part of a route that joins a point to the network."""


def pair_graph(timed: TimedGraph, sources: FibreAttach, targets: FibreAttach, i: int, j: int) -> PairGraph:
    """
    Return the fibre with a source and a target built in.

    A point at a node is that node. A point within a route is a node of its own, which cuts the route in two: a path
    that leaves it one way and one that leaves it the other way share nothing. Two points in one place of a route are
    one node.
    """
    graph, size = timed.graph, len(timed.graph.nodes)
    ends = [(sources, i, size), (targets, j, size + 1)]
    within = [end for end in ends if end[0].route[end[1]] >= 0]
    cut = [int(at.route[row]) for at, row, _ in within]
    pieces = _shared_pieces(timed, within) if len(cut) > len(set(cut)) else _own_pieces(timed, within)
    kept = ~np.isin(np.arange(graph.node0.size), cut)
    joined = np.array(pieces, dtype=np.float64).reshape(-1, 4).T
    node0 = np.concatenate([graph.node0[kept], joined[0].astype(np.int64)])
    node1 = np.concatenate([graph.node1[kept], joined[1].astype(np.int64)])
    ms = np.concatenate([timed.weight[kept], joined[2]])
    route = np.concatenate([np.flatnonzero(kept), joined[3].astype(np.int64)])
    if len(within) == 2 and len(set(cut)) == 1 and sources.share[i] == targets.share[j]:
        ends = [(sources, i, size), (targets, j, size)]
    places = [own if at.route[row] >= 0 else int(at.door[row, 0]) for at, row, own in ends]
    edges = np.arange(node0.size, dtype=np.int64)
    return PairGraph(
        tail=np.concatenate([node0, node1]),
        head=np.concatenate([node1, node0]),
        ms=np.tile(ms, 2),
        route=np.tile(route, 2),
        twin=np.concatenate([edges + edges.size, edges]),
        source=places[0],
        target=places[1],
        nodes=size + 2,
        ends_ms=sum(_end_ms(timed, at, row) for at, row, _ in ends),
    )


def walks_over(graph: PairGraph, arcs: Ints, count: int) -> list[Ints]:
    """
    Return some paths from the source to the target over arcs that hold them, each in order; no arc is taken twice.

    Rings, which cost nothing where routes of length 0 make them, are left out.
    """
    onward: dict[int, list[int]] = {}
    for arc in arcs[::-1]:
        onward.setdefault(int(graph.tail[arc]), []).append(int(arc))
    walks = []
    for _ in range(count):
        nodes, walk = [graph.source], []
        while nodes[-1] != graph.target:
            arc = onward[nodes[-1]].pop()
            nodes.append(int(graph.head[arc]))
            walk.append(arc)
            first = nodes.index(nodes[-1])  # where a ring has closed, else the end
            nodes, walk = nodes[: first + 1], walk[:first]
        walks.append(np.array(walk, dtype=np.int64))
    return walks


def _own_pieces(timed: TimedGraph, ends: list[tuple[FibreAttach, int, int]]) -> list[Piece]:
    """Return the two pieces that each point cuts its route into."""
    return [
        (own, int(at.door[row, door]), _piece_ms(timed, at, row, door), int(at.route[row]))
        for at, row, own in ends
        for door in range(2)
    ]


def _shared_pieces(timed: TimedGraph, ends: list[tuple[FibreAttach, int, int]]) -> list[Piece]:
    """Return the three pieces of a route that both points lie on."""
    (at0, row0, own0), (at1, row1, own1) = sorted(ends, key=lambda end: float(end[0].share[end[1]]))
    route = int(at0.route[row0])
    km = (at1.share[row1] - at0.share[row0]) * timed.graph.edge_km[route]
    chord = geodesy.distance_km(at0.lon[row0], at0.lat[row0], at1.lon[row1], at1.lat[row1])
    between = timed.along_ms(np.array([route]), np.maximum(km, chord))[0]
    return [
        (own0, int(at0.door[row0, 0]), _piece_ms(timed, at0, row0, 0), route),
        (own0, own1, float(between), route),
        (own1, int(at1.door[row1, 1]), _piece_ms(timed, at1, row1, 1), route),
    ]


def _piece_ms(timed: TimedGraph, at: FibreAttach, row: int, door: int) -> float:
    """Return the round trip from a point within a route to one of its ends, with half of that node's equipment."""
    light = timed.along_ms(at.route[[row]], at.door_km[[row], door])[0]
    return float(light + timed.node_ms[at.door[row, door]] / 2.0)


def _end_ms(timed: TimedGraph, at: FibreAttach, row: int) -> float:
    """Return the way between a point and the fibre, with half of the equipment of the node that it stands at."""
    own = 0.0 if at.route[row] >= 0 else timed.node_ms[at.door[row, 0]] / 2.0
    return float(timed.light.access_ms(at.access_km[row]) + own)
