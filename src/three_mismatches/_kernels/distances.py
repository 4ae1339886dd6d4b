"""
Least costs over a graph in compressed rows (CSR), without the paths: Dijkstra's algorithm on a 4-ary heap.

Slot `s` in `indptr[v]:indptr[v + 1]` leaves node `v` for `neighbour[s]` and weighs `weight[s]`. Weights are finite and
>= 0; the callers check that. Every array is contiguous, `int64` or `float64`. A cost is the least sum of weights along
any path, added up from the source on: the same to the last bit whatever the order of the slots.

The heap keeps each cost beside its node, so that it compares what lies together, and an entry whose node was reached
more cheaply since is left where it is until it comes up. No source sees another: any number of threads may share them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = ["distances", "distances_between"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# An entry of the heap has four children, 4 i + 1 to 4 i + 4: a flatter heap than a binary one, so fewer cache misses.


@kernel
def _push(key: Floats, heap: Ints, size: int, cost: float, node: int) -> None:
    """Add a node to a heap of `size` entries."""
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
        if first + 4 <= size:  # all four are there, as nearly always: two pairs, then the lesser of both
            other = first + 2
            if key[first + 1] < key[first]:
                least = first + 1
            if key[first + 3] < key[other]:
                other = first + 3
            if key[other] < key[least]:
                least = other
        else:
            for child in range(first + 1, size):
                if key[child] < key[least]:
                    least = child
        if not key[least] < cost:
            break
        key[hole], heap[hole] = key[least], heap[least]
        hole, first = least, 4 * least + 1
    key[hole], heap[hole] = cost, node


@kernel
def _settle(
    indptr: Ints, neighbour: Ints, weight: Floats, source: int, wanted: Ints, sought: int,
    cost: Floats, key: Floats, heap: Ints,
) -> None:  # fmt: skip
    """Fill `cost` from one source, until all `sought` nodes, whose `wanted` is 1, are settled; if 0, to the end."""
    cost[:] = np.inf
    cost[source] = 0.0
    key[0], heap[0] = 0.0, source
    size = 1
    while size > 0:
        near, node = key[0], heap[0]
        size -= 1
        _drop_first(key, heap, size)
        if near > cost[node]:
            continue
        if sought > 0 and wanted[node] != 0:
            sought -= 1
            if sought == 0:
                break
        for slot in range(indptr[node], indptr[node + 1]):
            other, through = neighbour[slot], near + weight[slot]
            if through < cost[other]:
                cost[other] = through
                _push(key, heap, size, through, other)
                size += 1


@kernel
def distances(indptr: Ints, neighbour: Ints, weight: Floats, sources: Ints, out: Floats) -> None:
    """
    Write the least cost from each source to every node.

    Parameters
    ----------
    indptr, neighbour, weight
        The graph, see the module; shapes (n + 1), (m), (m). [-, -, any]
    sources
        Node positions, shape (k).
    out
        Where costs are written, shape (k, n); inf where there is no path. [as `weight`]
    """
    wanted = np.zeros(0, dtype=np.int64)
    key = np.empty(neighbour.size + 1, dtype=np.float64)
    heap = np.empty(neighbour.size + 1, dtype=np.int64)
    for row in range(sources.size):
        _settle(indptr, neighbour, weight, sources[row], wanted, 0, out[row], key, heap)


@kernel
def distances_between(
    indptr: Ints, neighbour: Ints, weight: Floats, sources: Ints, targets: Ints, out: Floats
) -> None:
    """
    Write the least cost from each source to each target; the search of a source ends with its last target.

    Parameters
    ----------
    indptr, neighbour, weight
        The graph, see the module; shapes (n + 1), (m), (m). [-, -, any]
    sources, targets
        Node positions, shapes (k) and (t); they may repeat.
    out
        Where costs are written, shape (k, t); inf where there is no path. [as `weight`]
    """
    nodes = indptr.size - 1
    wanted = np.zeros(nodes, dtype=np.int64)
    sought = 0
    for target in targets:
        sought += 1 - wanted[target]
        wanted[target] = 1
    cost = np.empty(nodes, dtype=np.float64)
    key = np.empty(neighbour.size + 1, dtype=np.float64)
    heap = np.empty(neighbour.size + 1, dtype=np.int64)
    for row in range(sources.size):
        _settle(indptr, neighbour, weight, sources[row], wanted, sought, cost, key, heap)
        for column in range(targets.size):
            out[row, column] = cost[targets[column]]
