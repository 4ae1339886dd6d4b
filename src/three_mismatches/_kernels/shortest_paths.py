"""
Shortest paths over a graph in compressed rows (CSR): exact, and the same whatever the order of the edges.

Slot `s` in `indptr[v]:indptr[v + 1]` leaves node `v` for `neighbour[s]`, weighs `weight[s]` and belongs to
edge `edge[s]`. An undirected edge has two slots. Weights are finite and >= 0; the callers check that.
Every array is contiguous, `int64` or `float64`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = ["cheapest_pair", "costs_after_loss", "edges_to_leaves", "shortest_paths", "sum_along_paths"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

WAYS = 4  # children of a heap entry: a flatter heap than a binary one, so fewer cache misses
NOT_SEEN = -1
SETTLED = -2


@kernel
def _before(cost: Floats, a: int, b: int) -> bool:
    """Return whether node `a` leaves the heap before `b`: the nearer one, then the lower position."""
    return bool(cost[a] < cost[b] or (cost[a] == cost[b] and a < b))


@kernel
def _rise(heap: Ints, place: Ints, cost: Floats, hole: int, node: int) -> None:
    """Put `node` where it belongs between entry `hole` and the root."""
    while hole > 0:
        parent = (hole - 1) // WAYS
        if not _before(cost, node, heap[parent]):
            break
        heap[hole] = heap[parent]
        place[heap[hole]] = hole
        hole = parent
    heap[hole] = node
    place[node] = hole


@kernel
def _sink(heap: Ints, place: Ints, cost: Floats, size: int, node: int) -> None:
    """Put `node` where it belongs below the root of a heap of `size` entries."""
    hole = 0
    while True:
        first = WAYS * hole + 1
        if first >= size:
            break
        least = first
        for child in range(first + 1, min(first + WAYS, size)):
            if _before(cost, heap[child], heap[least]):
                least = child
        if not _before(cost, heap[least], node):
            break
        heap[hole] = heap[least]
        place[heap[hole]] = hole
        hole = least
    heap[hole] = node
    place[node] = hole


@kernel
def _tree(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, source: int,
    cost: Floats, from_node: Ints, from_edge: Ints, heap: Ints, place: Ints,
) -> None:  # fmt: skip
    """Fill `cost`, `from_node` and `from_edge` with the shortest-path tree of one source."""
    cost[:] = np.inf
    from_node[:] = -1
    from_edge[:] = -1
    place[:] = NOT_SEEN
    cost[source] = 0.0
    heap[0] = source
    place[source] = 0
    size = 1
    while size > 0:
        node = heap[0]
        place[node] = SETTLED
        size -= 1
        if size > 0:
            _sink(heap, place, cost, size, heap[size])
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            # A settled node keeps its predecessor, else edges of weight 0 could close a ring of predecessors.
            if place[other] == SETTLED:
                continue
            through = cost[node] + weight[slot]
            if through < cost[other]:
                cost[other] = through
                from_node[other] = node
                from_edge[other] = edge[slot]
                hole = place[other]
                if hole == NOT_SEEN:
                    hole = size
                    size += 1
                _rise(heap, place, cost, hole, other)
            elif through == cost[other] and (
                node < from_node[other] or (node == from_node[other] and edge[slot] < from_edge[other])
            ):
                from_node[other] = node
                from_edge[other] = edge[slot]


@kernel
def shortest_paths(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, sources: Ints
) -> tuple[Floats, Ints, Ints]:
    """
    Return the shortest-path tree of each source, by Dijkstra's algorithm on a 4-ary heap.

    Of equally short paths the one through the lowest predecessor position is taken, then through the
    lowest edge, among the nodes settled before; so the answer does not hang on the order of the slots.

    Parameters
    ----------
    indptr, neighbour, weight, edge
        The graph, see the module; shapes (n + 1), (m), (m), (m). [-, -, any, -]
    sources
        Node positions, shape (k).

    Returns
    -------
    cost
        Least sum of weights from each source, shape (k, n); inf where there is no path. [as `weight`]
    from_node, from_edge
        Node before each node on its path, and the edge between them, shape (k, n); -1 at the source and
        where there is no path.
    """
    nodes = indptr.size - 1
    cost = np.empty((sources.size, nodes), dtype=np.float64)
    from_node = np.empty((sources.size, nodes), dtype=np.int64)
    from_edge = np.empty((sources.size, nodes), dtype=np.int64)
    heap = np.empty(nodes, dtype=np.int64)
    place = np.empty(nodes, dtype=np.int64)
    for row in range(sources.size):
        _tree(
            indptr, neighbour, weight, edge, sources[row],
            cost[row], from_node[row], from_edge[row], heap, place,
        )  # fmt: skip
    return cost, from_node, from_edge


@kernel
def sum_along_paths(cost: Floats, from_node: Ints, from_edge: Ints, attribute: Floats) -> Floats:
    """
    Return the sum of an edge attribute along each path of `shortest_paths`.

    Parameters
    ----------
    cost, from_node, from_edge
        Trees as `shortest_paths` returns them, shape (k, n).
    attribute
        One value for each edge, shape (number of edges). [any]

    Returns
    -------
    total
        Shape (k, n); 0 at the source, inf where there is no path. [as `attribute`]
    """
    sources, nodes = cost.shape
    total = np.empty((sources, nodes), dtype=np.float64)
    climbed = np.empty(nodes, dtype=np.int64)
    for row in range(sources):
        total[row] = np.nan  # NaN: not summed yet
        for node in range(nodes):
            at = node
            steps = 0
            while np.isnan(total[row, at]) and from_node[row, at] >= 0:
                climbed[steps] = at
                steps += 1
                at = from_node[row, at]
            if np.isnan(total[row, at]):
                total[row, at] = 0.0 if cost[row, at] == 0.0 else np.inf
            for step in range(steps - 1, -1, -1):
                below = climbed[step]
                total[row, below] = total[row, at] + attribute[from_edge[row, below]]
                at = below
    return total


@kernel
def edges_to_leaves(from_node: Ints, from_edge: Ints, leaves: Ints, edges: int) -> NDArray[np.bool_]:
    """
    Return which edges are on the path to any of some nodes, tree by tree.

    Parameters
    ----------
    from_node, from_edge
        Trees as `shortest_paths` returns them, shape (k, n).
    leaves
        Node positions, shape (t).
    edges
        How many edges there are.

    Returns
    -------
    used
        Shape (k, edges).
    """
    used = np.zeros((from_node.shape[0], edges), dtype=np.bool_)
    for row in range(from_node.shape[0]):
        for leaf in leaves:
            node = leaf
            while from_node[row, node] >= 0 and not used[row, from_edge[row, node]]:
                used[row, from_edge[row, node]] = True
                node = from_node[row, node]
    return used


SAFE = 1
CUT_OFF = 2


@kernel
def _mark_cut_off(
    from_node: Ints, from_edge: Ints, lost: NDArray[np.bool_], state: Ints, climbed: Ints
) -> None:
    """Fill `state`: whether the path of each node in the tree crosses a lost edge."""
    state[:] = 0
    for start in range(state.size):
        node = start
        steps = 0
        while state[node] == 0:
            climbed[steps] = node
            steps += 1
            if from_node[node] < 0:
                state[node] = SAFE
            elif lost[from_edge[node]]:
                state[node] = CUT_OFF
            else:
                node = from_node[node]
        for step in range(steps):
            state[climbed[step]] = state[node]


@kernel
def _enter_rim(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, cost: Floats, lost: NDArray[np.bool_], state: Ints,
    fresh: Floats, heap: Ints, place: Ints,
) -> int:  # fmt: skip
    """Fill the heap with the nodes that are cut off but have a safe neighbour; return how many there are."""
    size = 0
    for node in range(cost.size):
        if state[node] != CUT_OFF:
            place[node] = SETTLED
            continue
        fresh[node] = np.inf
        for slot in range(indptr[node], indptr[node + 1]):
            if state[neighbour[slot]] == SAFE and not lost[edge[slot]]:
                fresh[node] = min(fresh[node], cost[neighbour[slot]] + weight[slot])
        if fresh[node] < np.inf:
            _rise(heap, place, fresh, size, node)
            size += 1
    return size


@kernel
def costs_after_loss(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, cost: Floats, from_node: Ints, from_edge: Ints,
    lost: NDArray[np.bool_], leaves: Ints,
) -> Floats:  # fmt: skip
    """
    Return the least cost from a tree's root to some nodes when some edges are lost.

    Only what the lost edges cut off from the root is searched again, from its rim inwards.

    Parameters
    ----------
    indptr, neighbour, weight, edge
        The graph, see the module.
    cost, from_node, from_edge
        The root's tree in the whole graph, shape (n) each.
    lost
        Which edges are lost, shape (number of edges).
    leaves
        Node positions, shape (t).

    Returns
    -------
    cost
        Shape (t); inf where no path is left. [as `weight`]
    """
    nodes = cost.size
    state = np.empty(nodes, dtype=np.int64)
    heap = np.empty(nodes, dtype=np.int64)
    place = np.full(nodes, NOT_SEEN)
    fresh = cost.copy()
    _mark_cut_off(from_node, from_edge, lost, state, heap)
    size = _enter_rim(indptr, neighbour, weight, edge, cost, lost, state, fresh, heap, place)
    while size > 0:
        node = heap[0]
        place[node] = SETTLED
        size -= 1
        if size > 0:
            _sink(heap, place, fresh, size, heap[size])
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            through = fresh[node] + weight[slot]
            if place[other] == SETTLED or lost[edge[slot]] or through >= fresh[other]:
                continue
            fresh[other] = through
            hole = place[other]
            if hole == NOT_SEEN:
                hole = size
                size += 1
            _rise(heap, place, fresh, hole, other)
    return fresh[leaves]


@kernel
def _residual_tree(
    indptr: Ints, to: Ints, arc: Ints, ahead: NDArray[np.bool_], cost: Floats, taken: NDArray[np.bool_],
    potential: Floats, source: int, far: Floats, from_node: Ints, from_arc: Ints, heap: Ints, place: Ints,
) -> None:  # fmt: skip
    """Fill `far`, `from_node`, `from_arc`: free arcs forwards, taken ones backwards at the negative of their cost."""
    far[:] = np.inf
    from_arc[:] = -1
    place[:] = NOT_SEEN
    far[source] = 0.0
    heap[0] = source
    place[source] = 0
    size = 1
    while size > 0:
        node = heap[0]
        place[node] = SETTLED
        size -= 1
        if size > 0:
            _sink(heap, place, far, size, heap[size])
        for slot in range(indptr[node], indptr[node + 1]):
            other = to[slot]
            if place[other] == SETTLED or ahead[slot] == taken[arc[slot]]:
                continue
            own = cost[arc[slot]] if ahead[slot] else -cost[arc[slot]]
            # Potentials make every cost >= 0, but for rounding.
            through = far[node] + max(own + potential[node] - potential[other], 0.0)
            if through < far[other]:
                far[other] = through
                from_node[other] = node
                from_arc[other] = arc[slot]
                hole = place[other]
                if hole == NOT_SEEN:
                    hole = size
                    size += 1
                _rise(heap, place, far, hole, other)


@kernel
def cheapest_pair(
    indptr: Ints, to: Ints, arc: Ints, ahead: NDArray[np.bool_], cost: Floats, source: int, target: int
) -> tuple[NDArray[np.bool_], int]:
    """
    Return two paths that share no arc and together cost least.

    Suurballe's algorithm, as two units of a flow of least cost.

    Parameters
    ----------
    indptr, to, arc, ahead
        Slots `indptr[v]:indptr[v + 1]` of node `v` lead along `arc` to node `to`; `ahead` says whether in the arc's own
        direction. Each arc has two slots, one at its tail and one, against it, at its head.
    cost
        Of each arc, finite and >= 0, shape (arcs). [any]
    source, target
        Node positions; not the same.

    Returns
    -------
    taken
        Arcs that the paths take, shape (arcs). Where only one path was found, those of it.
    paths
        How many there are: 0, 1 or 2.
    """
    nodes = indptr.size - 1
    taken = np.zeros(cost.size, dtype=np.bool_)
    potential = np.zeros(nodes, dtype=np.float64)
    far = np.empty(nodes, dtype=np.float64)
    from_node = np.empty(nodes, dtype=np.int64)
    from_arc = np.empty(nodes, dtype=np.int64)
    heap = np.empty(nodes, dtype=np.int64)
    place = np.empty(nodes, dtype=np.int64)
    for paths in range(2):
        _residual_tree(
            indptr, to, arc, ahead, cost, taken, potential, source, far, from_node, from_arc, heap, place
        )
        if far[target] == np.inf:
            return taken, paths
        node = target
        while node != source:
            taken[from_arc[node]] = not taken[from_arc[node]]
            node = from_node[node]
        for node in range(nodes):
            if far[node] < np.inf:
                potential[node] += far[node]
    return taken, 2
