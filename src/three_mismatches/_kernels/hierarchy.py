"""
Least costs from many sources at once, by a hierarchy of shortcuts: undirected graphs with few ways across, as roads.

Nodes are put out of the graph one by one, always one that has fewest neighbours left, and those neighbours are joined:
a *shortcut* costs what the way through the node that went costs. When it went is a node's *rank*. What stays are upward
arcs, from each node to all that were around it when it went, its *heads*; the first of them to go is its *parent*. Arc
`a` in `up[v]:up[v + 1]` leads from rank `v` to `head[a]` and weighs `cost[a]`. All heads of a node are its ancestors,
so that one tree tells who reaches whom (customizable contraction hierarchies: Dibbelt, Strasser, Wagner 2016).

Between any two nodes there is a shortest way that first climbs and then descends. So a source climbs along its
ancestors; then one sweep over the ranks, from the last to the first, lets each node take the least through its heads
(PHAST: Delling, Goldberg, Nowatzyk, Werneck 2011). LANES sources share a sweep, side by side in a block of shape
(ranks, LANES), so that the innermost loops run over what lies together. Where only some targets matter, only their
ancestors are swept (RPHAST).

The graph is as in `distances`; each array is contiguous, `int64` or `float64`. Shortcuts add weights up in another
order than a search would, so costs are a search's up to rounding. No lane sees another: it does not matter which share
a sweep, nor how many threads there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = ["LANES", "contract", "number", "prune", "restrict", "sweep"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LANES = 16
"""Sources in one sweep: 128 bytes of a node. With 8, a source takes 1.5 times as long; with 32, as long as with 16."""

NONE = -1

ROOM = 8
"""How many times the memory of the graph's own lists the lists may take before a hierarchy is given up."""

LEAST_ROOM = 8_000_000
"""Entries that they may take in any case: 128 MB."""


@kernel
def _enter(node: int, degree: int, first: Ints, after: Ints, before: Ints) -> None:
    """Put a node at the head of the list of those with as many neighbours."""
    follower = first[degree]
    after[node], before[node] = follower, NONE - 1 - degree
    if follower >= 0:
        before[follower] = node
    first[degree] = node


@kernel
def _leave(node: int, first: Ints, after: Ints, before: Ints) -> None:
    """Take a node out of its list; what is before the first one tells which list it is."""
    if before[node] >= 0:
        after[before[node]] = after[node]
    else:
        first[NONE - 1 - before[node]] = after[node]
    if after[node] >= 0:
        before[after[node]] = before[node]


@kernel
def _begin(
    indptr: Ints, neighbour: Ints, weight: Floats, begin: Ints, count: Ints, slot_of: Ints, near: Ints, cost: Floats
) -> None:  # fmt: skip
    """Fill the lists of neighbours: of parallel edges the cheapest, no loops."""
    for node in range(count.size):
        for slot in range(indptr[node], indptr[node + 1]):
            other = neighbour[slot]
            known = slot_of[other]  # where it is in this list; else where it was in an earlier one, or -1
            if other == node:
                continue
            if known < begin[node]:
                known = begin[node] + count[node]
                slot_of[other], near[known], cost[known] = known, other, weight[slot]
                count[node] += 1
            else:
                cost[known] = min(cost[known], weight[slot])


@kernel
def _drop_gone(
    node: int, begin: Ints, count: Ints, near: Ints, cost: Floats, turn: Ints, slot_of: Ints, stamp: Ints
) -> None:
    """Take those that went out of a node's list, and note where in it the others are."""
    kept = begin[node]
    for slot in range(begin[node], begin[node] + count[node]):
        other = near[slot]
        if turn[other] == NONE:
            near[kept], cost[kept] = other, cost[slot]
            slot_of[other], stamp[other] = kept, node
            kept += 1
    count[node] = kept - begin[node]


@kernel
def _join(
    node: int, through: float, heads: Ints, costs: Floats,
    begin: Ints, count: Ints, near: Ints, cost: Floats, slot_of: Ints, stamp: Ints,
) -> None:  # fmt: skip
    """Join a node to the others around the one that goes, which it reaches for `through`; it has room for them."""
    for place in range(heads.size):
        other = heads[place]
        if other == node:
            continue
        if stamp[other] == node:
            slot = slot_of[other]
            cost[slot] = min(cost[slot], through + costs[place])
        else:
            slot = begin[node] + count[node]
            near[slot], cost[slot] = other, through + costs[place]
            count[node] += 1


@kernel
def _move(node: int, to: int, begin: Ints, count: Ints, near: Ints, cost: Floats, slot_of: Ints) -> None:
    """Move a node's list to where there is more room."""
    for entry in range(count[node]):
        old = begin[node] + entry
        near[to + entry], cost[to + entry] = near[old], cost[old]
        slot_of[near[old]] = to + entry
    begin[node] = to


@kernel
def _connect(
    heads: Ints, costs: Floats, size: int, turn: Ints, begin: Ints, count: Ints, room: Ints, near: Ints, cost: Floats,
    slot_of: Ints, stamp: Ints, degree: Ints, first: Ints, after: Ints, before: Ints,
) -> int:  # fmt: skip
    """Join all that were around a node that went; return how much of `near` is taken."""
    for place in range(heads.size):
        node = heads[place]
        _leave(node, first, after, before)
        if heads.size == 1:  # its list is not even read: a hub may lose many such neighbours
            degree[node] -= 1
        else:
            _drop_gone(node, begin, count, near, cost, turn, slot_of, stamp)
            most = count[node] + heads.size - 1
            if most > room[node]:
                room[node] = 2 * most
                _move(node, size, begin, count, near, cost, slot_of)
                size += room[node]
            _join(node, costs[place], heads, costs, begin, count, near, cost, slot_of, stamp)
            degree[node] = count[node]
        _enter(node, degree[node], first, after, before)
    return size


@kernel
def _packed(
    turn: Ints, begin: Ints, count: Ints, room: Ints, near: Ints, cost: Floats, more: int
) -> tuple[Ints, Floats, int]:  # fmt: skip
    """Return the lists of the nodes that are left, with room for that much more and as much again; and their size."""
    taken = 0
    for node in range(turn.size):
        if turn[node] == NONE:
            taken += count[node]
    size = max(near.size, 2 * (taken + more))
    packed, costs, taken = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.float64), 0
    for node in range(turn.size):
        if turn[node] == NONE:
            for entry in range(count[node]):
                packed[taken + entry], costs[taken + entry] = (
                    near[begin[node] + entry],
                    cost[begin[node] + entry],
                )
            begin[node], room[node] = taken, count[node]
            taken += count[node]
    return packed, costs, taken


@kernel
def contract(
    indptr: Ints, neighbour: Ints, weight: Floats, patience: int
) -> tuple[Ints, Ints, Ints, Floats]:  # fmt: skip
    """
    Return the order in which nodes go and what is around each when it goes.

    Parameters
    ----------
    indptr, neighbour, weight
        The graph; shapes (n + 1), (m), (m). [-, -, any]
    patience
        Entries of lists of neighbours that may be read before this is given up.

    Returns
    -------
    order
        The nodes as they go, shape (n).
    up, head, cost
        Arcs from each of them, in this order, to other nodes; shapes (n + 1), (arcs), (arcs). If it was given up, no
        arcs at all, and -1 at the end of `up`.
    """
    nodes = indptr.size - 1
    nobody = np.full(nodes, NONE, dtype=np.int64)
    turn, slot_of, stamp, after, before = nobody, nobody.copy(), nobody.copy(), nobody.copy(), nobody.copy()
    room = np.maximum(4, 2 * (indptr[1:] - indptr[:-1]))
    begin, count, size = np.cumsum(room) - room, np.zeros(nodes, dtype=np.int64), room.sum()
    most = max(ROOM * size, LEAST_ROOM)
    near, cost = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.float64)
    _begin(indptr, neighbour, weight, begin, count, slot_of, near, cost)
    degree, first = count.copy(), np.full(nodes + 1, NONE, dtype=np.int64)
    for node in range(nodes - 1, -1, -1):
        _enter(node, degree[node], first, after, before)
    order, up = np.empty(nodes, dtype=np.int64), np.zeros(nodes + 1, dtype=np.int64)
    heads, costs = np.empty(4 * nodes, dtype=np.int64), np.empty(4 * nodes, dtype=np.float64)
    arcs, least = 0, 0
    for step in range(nodes):
        while first[least] == NONE:
            least += 1
        gone = first[least]
        _leave(gone, first, after, before)
        order[step], turn[gone], start = gone, step, arcs
        while arcs + degree[gone] > heads.size:
            heads, costs = np.concatenate((heads, heads)), np.concatenate((costs, costs))
        need = size
        for slot in range(begin[gone], begin[gone] + count[gone]):
            if turn[near[slot]] == NONE:
                heads[arcs], costs[arcs] = near[slot], cost[slot]
                need += 2 * (count[near[slot]] + degree[gone])
                arcs += 1
        patience -= need - size
        if need > near.size:
            near, cost, size = _packed(turn, begin, count, room, near, cost, need - size)
            patience = patience if near.size <= most else -1
        if patience < 0:
            up[nodes] = NONE
            return order, up, heads[:0], costs[:0]
        up[step + 1] = arcs
        size = _connect(
            heads[start:arcs], costs[start:arcs], size, turn, begin, count, room, near, cost,
            slot_of, stamp, degree, first, after, before,
        )  # fmt: skip
        least = max(0, least - 1)  # a neighbour may have one less than the one that went, and no fewer
    return order, up, heads[:arcs].copy(), costs[:arcs].copy()


@kernel
def _tree_order(parent: Ints) -> Ints:
    """
    Return new numbers that put each one's descendants right before it, and so leave all arcs upward.

    What a sweep reads was then written shortly before.
    """
    child, sibling = np.full(parent.size, NONE, dtype=np.int64), np.full(parent.size, NONE, dtype=np.int64)
    rank, stack = np.empty(parent.size, dtype=np.int64), np.empty(parent.size, dtype=np.int64)
    for at in range(parent.size - 1, -1, -1):
        if parent[at] >= 0:
            sibling[at], child[parent[at]] = child[parent[at]], at
    count = 0
    for root in range(parent.size):
        if parent[root] >= 0:
            continue
        stack[0], depth = root, 1
        while depth > 0:
            at = stack[depth - 1]
            below = child[at]
            if below >= 0:
                child[at] = sibling[below]
                stack[depth] = below
                depth += 1
            else:
                rank[at] = count
                count += 1
                depth -= 1
    return rank


@kernel
def number(order: Ints, up: Ints, head: Ints, cost: Floats) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """
    Return the hierarchy with ranks instead of nodes.

    Parameters
    ----------
    order, up, head, cost
        From `contract`.

    Returns
    -------
    up, head, cost
        Arcs, see the module; shapes (n + 1), (arcs), (arcs). [-, -, as `cost`]
    parent
        Parent of each rank, -1 where there is none; shape (n).
    rank
        Rank of each node, shape (n).
    """
    nodes = order.size
    turn, early = np.empty(nodes, dtype=np.int64), np.full(nodes, NONE, dtype=np.int64)
    turn[order] = np.arange(nodes)
    for step in range(nodes):
        for arc in range(up[step], up[step + 1]):
            above = turn[head[arc]]
            if early[step] == NONE or above < early[step]:
                early[step] = above
    at = _tree_order(early)
    rank, parent = at[turn], np.full(nodes, NONE, dtype=np.int64)
    step_at = np.empty(nodes, dtype=np.int64)
    step_at[at] = np.arange(nodes)
    ranked_up = np.zeros(nodes + 1, dtype=np.int64)
    ranked_head, ranked_cost = np.empty(head.size, dtype=np.int64), np.empty(head.size, dtype=np.float64)
    size = 0
    for place in range(nodes):
        step = step_at[place]
        if early[step] >= 0:
            parent[place] = at[early[step]]
        for arc in range(up[step], up[step + 1]):
            ranked_head[size], ranked_cost[size] = rank[head[arc]], cost[arc]
            size += 1
        ranked_up[place + 1] = size
    return ranked_up, ranked_head, ranked_cost, parent, rank


@kernel
def prune(up: Ints, head: Ints, cost: Floats) -> tuple[Ints, Ints, Floats]:
    """
    Return the arcs without those that are longer than the best way between their ends.

    Such a way first goes to another head, above or below the end, and what lies beyond is the best already if the
    ranks are seen from the last to the first.
    """
    nodes = up.size - 1
    slot_of, stamp = np.empty(nodes, dtype=np.int64), np.full(nodes, NONE, dtype=np.int64)
    best = cost.copy()
    for at in range(nodes - 1, -1, -1):
        for arc in range(up[at], up[at + 1]):
            slot_of[head[arc]], stamp[head[arc]] = arc, at
        for arc in range(up[at], up[at + 1]):
            for beyond in range(up[head[arc]], up[head[arc] + 1]):
                if stamp[head[beyond]] == at:
                    other, between = slot_of[head[beyond]], best[beyond]
                    best[arc] = min(best[arc], cost[other] + between)
                    best[other] = min(best[other], cost[arc] + between)
    kept_up, size = np.zeros(nodes + 1, dtype=np.int64), 0
    kept_head, kept_cost = np.empty(head.size, dtype=np.int64), np.empty(head.size, dtype=np.float64)
    for at in range(nodes):
        for arc in range(up[at], up[at + 1]):
            if cost[arc] <= best[arc]:
                kept_head[size], kept_cost[size] = head[arc], cost[arc]
                size += 1
        kept_up[at + 1] = size
    return kept_up, kept_head[:size].copy(), kept_cost[:size].copy()


@kernel
def restrict(
    up: Ints, head: Ints, cost: Floats, parent: Ints, rank: Ints, targets: Ints
) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """
    Return what a sweep needs for some targets: their ancestors and the arcs of these, numbered anew.

    Returns
    -------
    part_up, part_head, part_cost
        The arcs; shapes (kept + 1), (arcs), (arcs). [-, -, as `cost`]
    place
        Number of each rank that is kept, else -1; shape (n).
    column
        Number of each target, shape (targets).
    """
    place, kept, arcs = np.full(rank.size, NONE, dtype=np.int64), 0, 0
    for target in targets:
        at = rank[target]
        while at >= 0 and place[at] == NONE:
            place[at] = 0
            kept += 1
            arcs += up[at + 1] - up[at]
            at = parent[at]
    part_up = np.zeros(kept + 1, dtype=np.int64)
    part_head, part_cost = np.empty(arcs, dtype=np.int64), np.empty(arcs, dtype=np.float64)
    # From the last to the first, so that heads have their places.
    for at in range(rank.size - 1, -1, -1):
        if place[at] == 0:
            kept -= 1
            place[at], part_up[kept + 1] = kept, arcs
            for arc in range(up[at], up[at + 1]):
                arcs -= 1
                part_head[arcs], part_cost[arcs] = place[head[arc]], cost[arc]
    return part_up, part_head, part_cost, place, place[rank[targets]]


@kernel
def _climb(
    up: Ints, head: Ints, cost: Floats, parent: Ints, source: int, near: Floats,
    place: Ints, block: Floats, lane: int, touched: Ints,
) -> None:  # fmt: skip
    """Write the costs of a source's ancestors, by ways that only climb, into a lane; `near` is inf before and after."""
    near[source] = 0.0
    at = source
    while at >= 0:
        for arc in range(up[at], up[at + 1]):
            near[head[arc]] = min(near[head[arc]], near[at] + cost[arc])
        row = place[at]
        if row >= 0:
            if touched[row] == 0:  # whatever an earlier sweep left there
                touched[row] = 1
                block[row, :] = np.inf
            block[row, lane] = near[at]
        near[at] = np.inf
        at = parent[at]


@kernel
def _descend(up: Ints, head: Ints, cost: Floats, block: Floats, touched: Ints) -> None:
    """Let each row of a block, from the last to the first, take the least through its heads; none is touched after."""
    lanes = block.shape[1]
    for row in range(touched.size - 1, -1, -1):
        target = block[row]
        if touched[row] == 0:
            for lane in range(lanes):
                target[lane] = np.inf
        touched[row] = 0
        odd = up[row] + (up[row + 1] - up[row]) % 2
        for arc in range(odd, up[row + 1], 2):  # two at a time: the target is read and written half as often
            more, source, also, second = cost[arc], block[head[arc]], cost[arc + 1], block[head[arc + 1]]
            for lane in range(lanes):
                through, other = source[lane] + more, second[lane] + also
                least = through if through < other else other
                target[lane] = least if least < target[lane] else target[lane]
        for arc in range(up[row], odd):
            more, source = cost[arc], block[head[arc]]
            for lane in range(lanes):
                through = source[lane] + more
                target[lane] = through if through < target[lane] else target[lane]


@kernel
def sweep(
    up: Ints, head: Ints, cost: Floats, parent: Ints, rank: Ints,
    part_up: Ints, part_head: Ints, part_cost: Floats, place: Ints, column: Ints,
    sources: Ints, block: Floats, out: Floats,
) -> None:  # fmt: skip
    """
    Write the least cost from each source to each target.

    Parameters
    ----------
    up, head, cost, parent, rank
        The hierarchy, see the module.
    part_up, part_head, part_cost, place, column
        What is swept, from `restrict`. For all nodes: the arcs themselves, the ranks in order, and `rank`.
    sources
        Node positions, shape (k).
    block
        Where a sweep works, shape (nodes that are swept, LANES or fewer); what it holds does not matter.
    out
        Where costs are written, shape (k, targets); inf where there is no path. [as `cost`]
    """
    near = np.full(rank.size, np.inf, dtype=np.float64)
    touched, lanes = np.zeros(part_up.size - 1, dtype=np.int64), block.shape[1]
    for begin in range(0, sources.size, lanes):
        used = min(lanes, sources.size - begin)
        for lane in range(used):
            source = rank[sources[begin + lane]]
            _climb(up, head, cost, parent, source, near, place, block, lane, touched)
        _descend(part_up, part_head, part_cost, block, touched)
        rows = out[begin : begin + used]
        for target in range(column.size):
            row = block[column[target]]
            for lane in range(rows.shape[0]):
                rows[lane, target] = row[lane]
