"""
What the shortest path between two nodes costs once any single edge, or inner node, of it is lost; undirected graphs.

Take the tree of shortest paths from the source, and the path in it to the target: nodes `0` to `h` along the path, edge
`i` between nodes `i` and `i + 1`. The *branch* of a node is the last node of the path on its own way from the source.
Losing edge `i` parts the branches up to `i` from those beyond. The best way round takes one edge across: up to it the
tree is whole, and beyond it nothing gains from the lost edge, as the graph is undirected. So an edge between branches
`a < b`, the lost one apart, offers `cost to a's end + weight + cost from b's end to the target` to all of edges `a` to
`b - 1`, and each takes the least of its offers: Malik, Mittal and Gupta (1989), Hershberger and Suri (2001).
Losing node `i` also cuts the ways of its own branch, which are searched anew; all branches together are one search.

The graph is as in `shortest_paths`; `cost`, `from_node`, `from_edge` are one tree of it, by a search or by
`tree_of_costs`, and `cost_back` are the costs from the target. Parallel edges, loops, weights of 0 and islands are
welcome. Each array is contiguous.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = ["after_edge_loss", "after_node_loss", "path_between", "tree_of_costs"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

UNKNOWN = -2
NOWHERE = -1  # the branch of a node that the source does not reach


@kernel
def path_between(from_node: Ints, from_edge: Ints, target: int) -> tuple[Ints, Ints]:
    """Return the nodes and the edges of the way to a target, from the source on."""
    edges = 0
    node = target
    while from_node[node] >= 0:
        node = from_node[node]
        edges += 1
    nodes = np.empty(edges + 1, dtype=np.int64)
    lost = np.empty(edges, dtype=np.int64)
    nodes[edges] = target
    for place in range(edges - 1, -1, -1):
        lost[place] = from_edge[nodes[place + 1]]
        nodes[place] = from_node[nodes[place + 1]]
    return nodes, lost


@kernel
def tree_of_costs(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, cost: Floats, source: int
) -> tuple[Ints, Ints]:  # fmt: skip
    """
    Return a tree of shortest paths from costs alone: each node comes by the neighbour that brings it there cheapest.

    Costs may be rounded, and weights have to be greater than that, lest two nodes come by each other.
    """
    from_node, from_edge = np.full(cost.size, -1, dtype=np.int64), np.full(cost.size, -1, dtype=np.int64)
    for node in range(cost.size):
        if node == source:
            continue
        least = np.inf
        for slot in range(indptr[node], indptr[node + 1]):
            through = cost[neighbour[slot]] + weight[slot]
            if through < least:
                least = through
                from_node[node], from_edge[node] = neighbour[slot], edge[slot]
    return from_node, from_edge


@kernel
def _branches(from_node: Ints, path: Ints) -> Ints:
    """Return the branch of each node."""
    branch = np.full(from_node.size, UNKNOWN, dtype=np.int64)
    climbed = np.empty(from_node.size, dtype=np.int64)
    for place in range(path.size):
        branch[path[place]] = place
    for node in range(from_node.size):
        at, steps = node, 0
        while branch[at] == UNKNOWN and from_node[at] >= 0:
            climbed[steps] = at
            steps += 1
            at = from_node[at]
        if branch[at] == UNKNOWN:
            branch[at] = NOWHERE
        for step in range(steps):
            branch[climbed[step]] = branch[at]
    return branch


@kernel
def _offer(best: Floats, first: int, last: int, cost: float) -> None:
    """Offer a cost to places `first` to `last`: to the two spans of a power of two that cover them."""
    level = 0
    while (2 << level) <= last - first + 1:
        level += 1
    for place in (first, last + 1 - (1 << level)):
        if cost < best[level, place]:
            best[level, place] = cost


@kernel
def _least(best: Floats) -> Floats:
    """Return the least offer of each place: each span hands its own down to its two halves."""
    for level in range(best.shape[0] - 1, 0, -1):
        half = 1 << (level - 1)
        for place in range(best.shape[1] - 2 * half + 1):
            cost = best[level, place]
            for below in (place, place + half):
                if cost < best[level - 1, below]:
                    best[level - 1, below] = cost
    found: Floats = best[0]
    return found


@kernel
def _no_offers(places: int) -> Floats:
    levels = 1
    while (1 << levels) <= places:
        levels += 1
    return np.full((levels, places), np.inf, dtype=np.float64)


@kernel
def after_edge_loss(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints,
    cost: Floats, from_node: Ints, cost_back: Floats, path: Ints, lost: Ints,
) -> Floats:  # fmt: skip
    """
    Return the cost between the ends of a path once each of its edges is lost.

    Parameters
    ----------
    indptr, neighbour, weight, edge
        The graph, see `shortest_paths`.
    cost, from_node
        The tree of the source, shape (n). [as `weight`, -]
    cost_back
        Costs from the target, shape (n). [as `weight`]
    path, lost
        Nodes and edges of the path, from `path_between`, shapes (h + 1) and (h).

    Returns
    -------
    cost_after
        Shape (h); inf where the loss parts the ends. [as `weight`]
    """
    branch = _branches(from_node, path)
    best = _no_offers(lost.size)
    for node in range(branch.size):
        near = branch[node]
        if near == NOWHERE:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            far = branch[other]
            if far > near and edge[slot] != lost[near]:
                _offer(best, near, far - 1, cost[node] + weight[slot] + cost_back[other])
    return _least(best)


@kernel
def _push(key: Floats, heap: Ints, size: int, cost: float, node: int) -> None:
    """Add a node to a heap of `size` entries; each entry has four children."""
    hole = size
    while hole > 0:
        parent = (hole - 1) >> 2
        if not cost < key[parent]:
            break
        key[hole], heap[hole] = key[parent], heap[parent]
        hole = parent
    key[hole], heap[hole] = cost, node


@kernel
def _drop_first(key: Floats, heap: Ints, size: int) -> None:
    """Take the root out of a heap, of which `size` entries stay: the last one is put where it belongs."""
    cost, node = key[size], heap[size]
    hole, first = 0, 1
    while first < size:
        least = first
        for child in range(first + 1, min(first + 4, size)):
            if key[child] < key[least]:
                least = child
        if not key[least] < cost:
            break
        key[hole], heap[hole] = key[least], heap[least]
        hole, first = least, 4 * least + 1
    key[hole], heap[hole] = cost, node


@kernel
def _within_branches(
    indptr: Ints, neighbour: Ints, weight: Floats, cost: Floats, branch: Ints, path: Ints
) -> Floats:
    """Return the cost from the source to each node off the path that does without its branch's node of the path."""
    around = np.full(branch.size, np.inf)
    around[path] = -np.inf  # nothing is cheaper: never entered
    key = np.empty(2 * neighbour.size + 1, dtype=np.float64)
    heap = np.empty(2 * neighbour.size + 1, dtype=np.int64)
    size = 0
    for node in range(branch.size):
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            through = cost[other] + weight[slot]
            if NOWHERE < branch[other] < branch[node] and through < around[node]:
                around[node] = through
                _push(key, heap, size, through, node)
                size += 1
    while size > 0:
        near, node = key[0], heap[0]
        size -= 1
        _drop_first(key, heap, size)
        if near > around[node]:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other, through = neighbour[slot], near + weight[slot]
            if branch[other] == branch[node] and through < around[other]:
                around[other] = through
                _push(key, heap, size, through, other)
                size += 1
    return around


@kernel
def after_node_loss(
    indptr: Ints, neighbour: Ints, weight: Floats,
    cost: Floats, from_node: Ints, cost_back: Floats, path: Ints,
) -> Floats:  # fmt: skip
    """
    Return the cost between the ends of a path once each of its inner nodes is lost.

    Parameters
    ----------
    indptr, neighbour, weight
        The graph, see `shortest_paths`.
    cost, from_node
        The tree of the source, shape (n). [as `weight`, -]
    cost_back
        Costs from the target, shape (n). [as `weight`]
    path
        Nodes of the path, from `path_between`, shape (h + 1).

    Returns
    -------
    cost_after
        For nodes 1 to h - 1 of the path, shape (h - 1); inf where the loss parts the ends. [as `weight`]
    """
    branch = _branches(from_node, path)
    around = _within_branches(indptr, neighbour, weight, cost, branch, path)
    best = _no_offers(path.size)
    for node in range(branch.size):
        near = branch[node]
        if near == NOWHERE:
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            far = branch[other]
            if far > near + 1:
                _offer(best, near + 1, far - 1, cost[node] + weight[slot] + cost_back[other])
            if far > near and around[node] >= 0.0:
                _offer(best, near, near, around[node] + weight[slot] + cost_back[other])
    return _least(best)[1:-1]
