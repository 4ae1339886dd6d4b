"""
Least costs between nodes of an undirected graph: many to many, and of one path after every single loss on it.

`distances` chooses how by the size of what is asked: a search from each source, or a hierarchy of shortcuts that all
sources share. Both are exact, and the same whatever the number of threads. `replacement_paths` answers what the best
way costs once any one edge or inner node of it is lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from three_mismatches._kernels import distances as kernels
from three_mismatches._kernels import hierarchy as shortcuts
from three_mismatches._kernels import replacement_paths as losses
from three_mismatches._kernels.shortest_paths import shortest_paths

__all__ = ["Hierarchy", "Replacements", "Rows", "distances", "replacement_paths"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PART = 400_000
"""Nodes that a thread settles before it asks for more work: some 50 ms, so that an interrupt is heard."""

ALONE = 200_000
"""Nodes to settle up to which threads cost more than they bring."""

SWEPT = 20
"""Nodes that are swept, for one source, in the time in which a search settles one."""

MANY = 32
"""Sources from which on a hierarchy may pay; building it takes as long as 10 to 20 searches of a road graph."""

WORTHWHILE = 200_000
"""Nodes to settle, for all sources together, from which on a hierarchy may pay: its code takes 20 ms to load, once."""

PATIENCE = 32
"""
Entries that a hierarchy may read for each node to settle before it is given up: half of the time of the searches on
roads; up to twice all of it on a random graph, where it is given up: its entries lie as far apart as its nodes.
"""

CLEAR = 1e-9
"""Least weight, as a share of the greatest cost, that shows clearly beside rounding."""

MOST_PATIENCE = 1_500_000_000
"""Entries that any hierarchy may read: some 5 s. Roads of a million nodes take half of them."""


class Rows(NamedTuple):
    """
    An undirected graph in compressed rows: slots `indptr[v]:indptr[v + 1]` lead from node `v` to `neighbour`.

    Each edge has two slots of the same weight, one at either end; a loop has two at its own node. Parallel edges,
    loops, weights of 0 and islands are welcome.

    Attributes
    ----------
    indptr, neighbour
        Shapes (nodes + 1) and (slots).
    weight
        What a slot costs: finite and >= 0, shape (slots). [any]
    edge
        Which edge a slot belongs to, shape (slots).
    """

    indptr: Ints
    neighbour: Ints
    weight: Floats
    edge: Ints

    @classmethod
    def of(cls, node0: ArrayLike, node1: ArrayLike, weight: ArrayLike, *, nodes: int) -> Rows:
        """Return the graph of edges between node positions; edges are numbered as they come."""
        start, end = (np.asarray(ends, dtype=np.int64) for ends in (node0, node1))
        tail, head = np.concatenate([start, end]), np.concatenate([end, start])
        edge = np.tile(np.arange(start.size, dtype=np.int64), 2)
        order = np.argsort(tail, kind="stable")
        indptr = np.zeros(nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(tail, minlength=nodes), out=indptr[1:])
        return cls(indptr, head[order], np.asarray(weight, dtype=np.float64)[edge[order]], edge[order])


class Hierarchy(NamedTuple):
    """
    Shortcuts of a graph that all sources share, see `_kernels.hierarchy`: for graphs with few ways across, as roads.

    Attributes
    ----------
    up, head, cost, parent, rank
        As the kernels read them.
    """

    up: Ints
    head: Ints
    cost: Floats
    parent: Ints
    rank: Ints

    @classmethod
    def of(cls, graph: Rows, *, patience: int = MOST_PATIENCE) -> Hierarchy | None:
        """
        Return the hierarchy of a graph; None if the graph has too many ways across for one.

        Parameters
        ----------
        graph
            The network.
        patience
            Entries of lists of neighbours to read before giving up.
        """
        _check(graph, None, None)
        order, up, head, cost = shortcuts.contract(*graph[:3], patience)
        if up[-1] < 0:
            return None
        up, head, cost, parent, rank = shortcuts.number(order, up, head, cost)
        return cls(*shortcuts.prune(up, head, cost), parent, rank)


class Replacements(NamedTuple):
    """
    A shortest path, and what the best way between its ends costs after a loss.

    Attributes
    ----------
    cost
        Of the path; inf where there is none, and then all arrays but `nodes` are empty. [as `weight`]
    nodes, edges
        Along the path, shapes (h + 1) and (h).
    without_edge
        Cost once each edge is lost, that edge alone; inf where the loss parts the ends. Shape (h). [as `weight`]
    without_node
        Cost once each inner node is lost, shape (h - 1); NaN if it was not asked for. [as `weight`]
    """

    cost: float
    nodes: Ints
    edges: Ints
    without_edge: Floats
    without_node: Floats


def distances(
    graph: Rows,
    sources: ArrayLike,
    targets: ArrayLike | None = None,
    *,
    workers: int | None = None,
    hierarchy: Hierarchy | None = None,
) -> Floats:
    """
    Return the least cost from each source to each target, or to every node.

    Few sources, or a small graph: a search from each source on a heap, which ends with its last target. From `MANY`
    sources on, and where these would settle `WORTHWHILE` nodes: a hierarchy, unless the graph has so many ways across
    that building it takes too long, by `PATIENCE`; then searches after all. With targets, "sources" are the side with
    fewer different nodes. Little work is done by one thread.

    Parameters
    ----------
    graph
        The network.
    sources, targets
        Node positions; they may repeat. Without targets, all nodes.
    workers
        Most threads; without it, one for each core. The answer is the same, bit for bit.
    hierarchy
        Of this graph, if there is one from an earlier time: it is used whatever the size.

    Returns
    -------
    cost
        Shape (sources, targets) or (sources, nodes); inf where there is no path. [as `weight`]

    Raises
    ------
    ValueError
        If a weight is negative or not finite, a position is no node's, or the hierarchy is another graph's.

    Notes
    -----
    A search adds weights up from where it begins, as any Dijkstra does: to all nodes, costs are those of scipy to the
    last bit. A search from the other side, or shortcuts, add the same weights in another order: equal but for rounding,
    1e-12 of the cost at the very most.

    Examples
    --------
    >>> triangle = Rows.of([0, 1, 0], [1, 2, 2], [1.0, 1.0, 5.0], nodes=3)
    >>> distances(triangle, [0])
    array([[0., 1., 2.]])
    >>> distances(triangle, [0, 2], [1])
    array([[1.],
           [1.]])
    """
    _check(graph, workers, hierarchy)
    start = _positions(graph, sources)
    if targets is None:
        return _found(graph, start, None, workers, hierarchy)
    end = _positions(graph, targets)
    # Each different node is searched from once, and on the side that has fewer of them.
    (start, row), (end, column) = np.unique(start, return_inverse=True), np.unique(end, return_inverse=True)
    if start.size <= end.size:
        found = _found(graph, start, end, workers, hierarchy)
    else:
        found = _found(graph, end, start, workers, hierarchy).T
    return found[row[:, None], column[None, :]]


def replacement_paths(
    graph: Rows, source: int, target: int, *, nodes: bool = True, hierarchy: Hierarchy | None = None
) -> Replacements:
    """
    Return the shortest path between two nodes, and what the best way costs once any part of it is lost.

    Two searches and one pass over the edges, however long the path is; a third search for the nodes. Of equally short
    paths the one of the deterministic trees is taken, see `_kernels.shortest_paths`; any, with a hierarchy.

    Parameters
    ----------
    graph
        The network.
    source, target
        Node positions.
    nodes
        Whether the loss of inner nodes is asked for too.
    hierarchy
        Of this graph: for many pairs, as a sweep replaces two searches. Not used where there are weights of 0, or so
        small that they drown in rounding.

    Raises
    ------
    ValueError
        As `distances`.

    Notes
    -----
    A cost after a loss is the sum of two ways and of an edge, so its last bits can differ from a search of its own.

    References
    ----------
    .. [1] Malik, Mittal, Gupta (1989), The k most vital arcs in the shortest path problem, Oper. Res. Lett. 8.
    .. [2] Hershberger, Suri (2001), Vickrey prices and shortest paths: what is an edge worth?, FOCS.

    Examples
    --------
    >>> triangle = Rows.of([0, 1, 0], [1, 2, 2], [1.0, 1.0, 5.0], nodes=3)
    >>> found = replacement_paths(triangle, 0, 2)
    >>> found.edges, found.without_edge, found.without_node
    (array([0, 1]), array([5., 5.]), array([5.]))
    """
    _check(graph, None, hierarchy)
    ends = _positions(graph, [source, target])
    cost, from_node, from_edge, back = _both_ways(graph, ends, hierarchy)
    path, lost = losses.path_between(from_node, from_edge, int(ends[1]))
    if path[0] != ends[0]:
        return Replacements(np.inf, ends[1:], lost[:0], np.empty(0), np.empty(0))
    without_edge = losses.after_edge_loss(*graph, cost, from_node, back, path, lost)
    if nodes:
        without_node = losses.after_node_loss(*graph[:3], cost, from_node, back, path)
    else:
        without_node = np.full(max(0, path.size - 2), np.nan)
    return Replacements(float(cost[ends[1]]), path, lost, without_edge, without_node)


def _both_ways(graph: Rows, ends: Ints, hierarchy: Hierarchy | None) -> tuple[Floats, Ints, Ints, Floats]:
    """Return the tree from one end, as costs, nodes and edges before, and the costs from the other."""
    if hierarchy is not None:
        cost, back = _swept(hierarchy, ends, None, 1)
        greatest = max(cost[np.isfinite(cost)].max(), back[np.isfinite(back)].max())
        if graph.weight.min(initial=np.inf) > CLEAR * greatest:
            return cost, *losses.tree_of_costs(*graph, cost, int(ends[0])), back
    cost, from_node, from_edge = (part[0] for part in shortest_paths(*graph, ends[:1]))
    return cost, from_node, from_edge, _searched(graph, ends[1:], None, 1)[0]


def _found(
    graph: Rows, sources: Ints, targets: Ints | None, workers: int | None, hierarchy: Hierarchy | None
) -> Floats:
    """Return costs in the way that is quickest for so many sources."""
    settled = sources.size * (graph.indptr.size - 1)
    if hierarchy is None and sources.size >= MANY and settled >= WORTHWHILE:
        hierarchy = Hierarchy.of(graph, patience=min(PATIENCE * settled, MOST_PATIENCE))
    if hierarchy is None:
        return _searched(graph, sources, targets, workers)
    return _swept(hierarchy, sources, targets, workers)


def _searched(graph: Rows, sources: Ints, targets: Ints | None, workers: int | None) -> Floats:
    """Return costs by searches on a heap."""
    nodes = graph.indptr.size - 1
    out = np.empty((sources.size, nodes if targets is None else targets.size))

    def search(begin: int, end: int) -> None:
        if targets is None:
            kernels.distances(*graph[:3], sources[begin:end], out[begin:end])
        else:
            kernels.distances_between(*graph[:3], sources[begin:end], targets, out[begin:end])

    threads = 1 if sources.size * nodes <= ALONE else workers or os.cpu_count() or 1
    _share(search, sources.size, max(1, min(PART // max(1, nodes), -(-sources.size // threads))), threads)
    return out


def _swept(hierarchy: Hierarchy, sources: Ints, targets: Ints | None, workers: int | None) -> Floats:
    """Return costs by sweeps over a hierarchy."""
    nodes, lanes = hierarchy.rank.size, min(shortcuts.LANES, max(1, sources.size))
    if targets is None:
        part = (*hierarchy[:3], np.arange(nodes), hierarchy.rank)
    else:
        part = shortcuts.restrict(*hierarchy, targets)
    out = np.empty((sources.size, part[4].size))

    def sweep(begin: int, end: int) -> None:
        block = np.empty((part[0].size - 1, lanes))
        shortcuts.sweep(*hierarchy, *part, sources[begin:end], block, out[begin:end])

    rows = max(1, part[0].size - 1)
    threads = 1 if sources.size * rows <= SWEPT * ALONE else workers or os.cpu_count() or 1
    # Whole sweeps, as few parts as there are threads, as each needs a block of its own; but an interrupt is heard.
    most = max(1, SWEPT * PART // (lanes * rows))
    sweeps = -(-sources.size // (lanes * threads))
    _share(sweep, sources.size, lanes * max(1, min(most, sweeps)), threads)
    return out


def _share(work: Callable[[int, int], None], count: int, size: int, threads: int) -> None:
    """Have threads work on so many sources, some at a time."""
    begins = range(0, count, size)
    ends = [min(begin + size, count) for begin in begins]
    if threads == 1 or len(ends) <= 1:
        for begin, end in zip(begins, ends, strict=True):
            work(begin, end)
        return
    with ThreadPoolExecutor(min(threads, len(ends))) as pool:
        # When this is interrupted, `map` cancels what has not begun.
        for _ in pool.map(work, begins, ends):
            pass


def _check(graph: Rows, workers: int | None, hierarchy: Hierarchy | None) -> None:
    """Raise what is wrong; the weights of a graph that has a hierarchy were looked at when it was built."""
    bad = (
        np.zeros(0, dtype=np.bool_)
        if hierarchy is not None
        else ~(np.isfinite(graph.weight) & (graph.weight >= 0))
    )
    if bad.any():
        msg = f"weights must be finite and >= 0; {bad.sum()} of {bad.size} are not"
        raise ValueError(msg)
    if workers is not None and workers < 1:
        msg = f"workers must be 1 or more, or None, not {workers!r}"
        raise ValueError(msg)
    if hierarchy is not None and hierarchy.rank.size != graph.indptr.size - 1:
        msg = f"hierarchy is of {hierarchy.rank.size} nodes, the graph has {graph.indptr.size - 1}"
        raise ValueError(msg)


def _positions(graph: Rows, given: ArrayLike) -> Ints:
    nodes, positions = graph.indptr.size - 1, np.asarray(given, dtype=np.int64).reshape(-1)
    lost = (positions < 0) | (positions >= nodes)
    if lost.any():
        msg = f"positions must be 0 to {nodes - 1}; {positions[lost][:5].tolist()} are none"
        raise ValueError(msg)
    return positions
