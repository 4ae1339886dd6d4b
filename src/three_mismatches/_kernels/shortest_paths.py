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

__all__ = [
    "cheapest_pair",
    "costs_after_loss",
    "edges_to_leaves",
    "preorder",
    "shortest_paths",
    "sum_along_paths",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# An entry of the heap has four children, 4 i + 1 to 4 i + 4: a flatter heap than a binary one, so fewer cache misses.


@kernel
def _before(key: Floats, heap: Ints, a: int, b: int) -> bool:
    """Return whether entry `a` leaves the heap before `b`: the nearer one, then the lower position."""
    if (
        key[a] != key[b]
    ):  # written so, as "<, or == and <" compiles into something that takes 2.5 times as long
        return bool(key[a] < key[b])
    return bool(heap[a] < heap[b])


@kernel
def _push(key: Floats, heap: Ints, size: int, cost: float, node: int) -> None:
    """Add a node to a heap of `size` entries; where the node was before, it stays as well."""
    hole = size
    while hole > 0:
        parent = (hole - 1) >> 2
        if key[parent] < cost or (key[parent] == cost and heap[parent] < node):
            break
        key[hole], heap[hole] = key[parent], heap[parent]
        hole = parent
    key[hole], heap[hole] = cost, node


@kernel
def _drop_first(key: Floats, heap: Ints, size: int) -> None:
    """Take the root out of a heap, of which `size` entries stay: the last one is put where it belongs."""
    hole, first = 0, 1
    while first < size:
        least = first
        if first + 4 <= size:  # all four are there, as nearly always: two pairs, then the lesser of both
            other = first + 2
            if _before(key, heap, first + 1, first):
                least = first + 1
            if _before(key, heap, first + 3, other):
                other = first + 3
            if _before(key, heap, other, least):
                least = other
        else:
            for child in range(first + 1, size):
                if _before(key, heap, child, least):
                    least = child
        if not _before(key, heap, least, size):
            break
        key[hole], heap[hole] = key[least], heap[least]
        hole, first = least, 4 * least + 1
    key[hole], heap[hole] = key[size], heap[size]


@kernel
def _tree(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, source: int,
    cost: Floats, from_node: Ints, from_edge: Ints, key: Floats, heap: Ints, settled: Ints,
) -> None:  # fmt: skip
    """Fill `cost`, `from_node` and `from_edge` with the shortest-path tree of one source."""
    cost[:] = np.inf
    from_node[:] = -1
    from_edge[:] = -1
    settled[:] = 0
    cost[source] = 0.0
    key[0], heap[0] = 0.0, source
    size = 1
    while size > 0:
        near, node = key[0], heap[0]
        size -= 1
        _drop_first(key, heap, size)
        if near > cost[node]:  # it was reached more cheaply since, and so settled before
            continue
        settled[node] = 1
        for slot in range(indptr[node], indptr[node + 1]):
            other, through = neighbour[slot], near + weight[slot]
            if through < cost[other]:
                cost[other] = through
                from_node[other] = node
                from_edge[other] = edge[slot]
                _push(key, heap, size, through, other)
                size += 1
            # A settled node keeps its predecessor, else edges of weight 0 could close a ring of predecessors.
            elif through == cost[other] and settled[other] == 0 and (
                node < from_node[other] or (node == from_node[other] and edge[slot] < from_edge[other])
            ):  # fmt: skip
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
    key = np.empty(neighbour.size + 1, dtype=np.float64)
    heap = np.empty(neighbour.size + 1, dtype=np.int64)
    settled = np.empty(nodes, dtype=np.int64)
    for row in range(sources.size):
        _tree(
            indptr, neighbour, weight, edge, sources[row],
            cost[row], from_node[row], from_edge[row], key, heap, settled,
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


@kernel
def _children(from_node: Ints) -> tuple[Ints, Ints]:
    """Return the nodes below each node of a tree: `children[begin[v]:begin[v + 1]]`."""
    nodes = from_node.size
    begin = np.zeros(nodes + 2, dtype=np.int64)
    for node in range(nodes):
        if from_node[node] >= 0:
            begin[from_node[node] + 2] += 1
    for node in range(nodes):
        begin[node + 2] += begin[node + 1]
    children = np.empty(nodes, dtype=np.int64)
    for node in range(nodes):
        if from_node[node] >= 0:
            children[begin[from_node[node] + 1]] = node
            begin[from_node[node] + 1] += 1
    return begin, children


@kernel
def preorder(from_node: Ints) -> tuple[Ints, Ints, Ints]:
    """
    Return the nodes of one tree so that what hangs below each stands together.

    Parameters
    ----------
    from_node
        A tree as `shortest_paths` returns it, shape (n).

    Returns
    -------
    order
        Nodes, each before those below it, shape (n).
    first, last
        Node `v` and all below it are `order[first[v]:last[v]]`, shape (n) each.
    """
    nodes = from_node.size
    begin, children = _children(from_node)
    order = np.empty(nodes, dtype=np.int64)
    first = np.empty(nodes, dtype=np.int64)
    last = np.empty(nodes, dtype=np.int64)
    stack = np.empty(nodes, dtype=np.int64)
    placed = 0
    for root in range(nodes):
        if from_node[root] >= 0:
            continue
        stack[0], size = root, 1
        while size > 0:
            size -= 1
            node = stack[size]
            order[placed], first[node] = node, placed
            placed += 1
            for at in range(begin[node], begin[node + 1]):
                stack[size] = children[at]
                size += 1
    for place in range(nodes):
        last[order[place]] = place + 1
    for place in range(nodes - 1, -1, -1):  # the last of those below is known before the node is met
        above = from_node[order[place]]
        if above >= 0:
            last[above] = max(last[above], last[order[place]])
    return order, first, last


@kernel
def _enter_rim(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, cost: Floats, below: Ints, stamp: int,
    state: Ints, lost_at: Ints, fresh: Floats, key: Floats, heap: Ints, size: int,
) -> int:  # fmt: skip
    """Add to the heap those of some nodes that are cut off which have a neighbour that is not; return its size."""
    for node in below:
        fresh[node] = np.inf
        for slot in range(indptr[node], indptr[node + 1]):
            if state[neighbour[slot]] != stamp and lost_at[edge[slot]] != stamp:
                fresh[node] = min(fresh[node], cost[neighbour[slot]] + weight[slot])
        if fresh[node] < np.inf:
            _push(key, heap, size, fresh[node], node)
            size += 1
    return size


@kernel
def costs_after_loss(
    indptr: Ints, neighbour: Ints, weight: Floats, edge: Ints, cost: Floats, order: Ints, first: Ints, last: Ints,
    tops: Ints, lost: Ints, leaves: Ints, stamp: int,
    state: Ints, lost_at: Ints, fresh: Floats, key: Floats, heap: Ints, out: Floats,
) -> None:  # fmt: skip
    """
    Write the least cost from a tree's root to some nodes when some edges are lost.

    Only what the lost edges cut off from the root is searched again, from its rim inwards, and nothing else is touched.

    Parameters
    ----------
    indptr, neighbour, weight, edge
        The graph, see the module.
    cost
        From the root in the whole graph, shape (n); inf where there is no path. [as `weight`]
    order, first, last
        The root's tree, from `preorder`.
    tops
        Nodes below which the tree is cut off: the lower ends of those lost edges that belong to it, shape (c).
    lost
        Edges that are lost, shape (l).
    leaves
        Nodes asked for, shape (t).
    stamp
        A number that no call before has used with the same work space.
    state, lost_at, fresh, key, heap
        Work space: shapes (n), (edges), (n), (n + slots), (n + slots); `state` and `lost_at` begin as -1.
    out
        Cost to each leaf, inf where no path is left, shape (t). [as `weight`]
    """
    lost_at[lost] = stamp
    for top in tops:
        state[order[first[top] : last[top]]] = stamp
    size = 0
    for top in tops:
        below = order[first[top] : last[top]]
        size = _enter_rim(
            indptr, neighbour, weight, edge, cost, below, stamp, state, lost_at, fresh, key, heap, size
        )
    while size > 0:
        near, node = key[0], heap[0]
        size -= 1
        _drop_first(key, heap, size)
        if near > fresh[node]:  # it was reached more cheaply since, and so settled before
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            other, through = neighbour[slot], near + weight[slot]
            if state[other] == stamp and lost_at[edge[slot]] != stamp and through < fresh[other]:
                fresh[other] = through
                _push(key, heap, size, through, other)
                size += 1
    for at in range(leaves.size):
        out[at] = fresh[leaves[at]] if state[leaves[at]] == stamp else cost[leaves[at]]


@kernel
def _residual_tree(
    indptr: Ints, to: Ints, arc: Ints, ahead: NDArray[np.bool_], cost: Floats, taken: NDArray[np.bool_],
    potential: Floats, source: int, far: Floats, from_node: Ints, from_arc: Ints, key: Floats, heap: Ints,
) -> None:  # fmt: skip
    """Fill `far`, `from_node`, `from_arc`: free arcs forwards, taken ones backwards at the negative of their cost."""
    far[:] = np.inf
    from_arc[:] = -1
    far[source] = 0.0
    key[0], heap[0] = 0.0, source
    size = 1
    while size > 0:
        near, node = key[0], heap[0]
        size -= 1
        _drop_first(key, heap, size)
        if near > far[node]:  # it was reached more cheaply since, and so settled before
            continue
        for slot in range(indptr[node], indptr[node + 1]):
            if ahead[slot] == taken[arc[slot]]:
                continue
            other, own = to[slot], cost[arc[slot]]
            # Potentials make every cost >= 0, but for rounding.
            through = near + max((own if ahead[slot] else -own) + potential[node] - potential[other], 0.0)
            if through < far[other]:
                far[other] = through
                from_node[other] = node
                from_arc[other] = arc[slot]
                _push(key, heap, size, through, other)
                size += 1


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
    key = np.empty(to.size + 1, dtype=np.float64)
    heap = np.empty(to.size + 1, dtype=np.int64)
    for paths in range(2):
        _residual_tree(
            indptr, to, arc, ahead, cost, taken, potential, source, far, from_node, from_arc, key, heap
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
