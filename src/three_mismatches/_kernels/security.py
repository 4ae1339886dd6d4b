"""
What limits a load at a site: every monitored line, before and after every outage, exactly.

A site's load changes the flow of line `l` by `table[l, lane]` for each MW, and after an outage of the lines `C` by
`table[l, lane] + sum over j in C of factor[j] * table[C[j], lane]`. Sites stand side by side in lanes, so that the
innermost loop runs over neighbouring numbers. A pair is a line and an outage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = [
    "enter_limit",
    "keep_pairs",
    "keep_single_pairs",
    "keys_by_cluster",
    "limits_before",
    "limits_of_pairs",
    "pairs_within",
    "touched_by_pairs",
]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = 1e-12
"""By this share more is kept than must be, so that rounding loses no pair between two bounds."""


@kernel
def enter_limit(mw: Floats, line: Ints, outage: Ints, limit: float, at_line: int, at_outage: int) -> None:
    """Put a limit into a site's short list, least first; of equal ones the lower outage, then line, comes first."""
    last = len(mw) - 1
    for place in range(last + 1):
        if line[place] == at_line and outage[place] == at_outage:
            return
    place = last
    if limit > mw[place] or (
        limit == mw[place]
        and (outage[place] < at_outage or (outage[place] == at_outage and line[place] < at_line))
    ):
        return
    while place > 0 and (
        limit < mw[place - 1]
        or (
            limit == mw[place - 1]
            and (
                at_outage < outage[place - 1]
                or (at_outage == outage[place - 1] and at_line < line[place - 1])
            )
        )
    ):
        mw[place], line[place], outage[place] = mw[place - 1], line[place - 1], outage[place - 1]
        place -= 1
    mw[place], line[place], outage[place] = limit, at_line, at_outage


@kernel
def limits_before(
    table: Floats,
    flow: Floats,
    low: Floats,
    high: Floats,
    tolerance: Floats,
    skip: Bools,
    cutoff: float,
    relieved: bool,
    mw: Floats,
    line: Ints,
    outage: Ints,
) -> None:
    """
    Enter the limits of the intact network into the lists of the sites of a table.

    `skip` are rows that are no limits; `relieved` whether a row that is violated limits those who relieve it, too.
    """
    for row in range(len(flow)):
        if skip[row]:
            continue
        violated = flow[row] > high[row] + tolerance[row] or flow[row] < low[row] - tolerance[row]
        for lane in range(table.shape[1]):
            change = table[row, lane]
            if abs(change) < cutoff:
                continue
            room = (high[row] - flow[row]) if change > 0.0 else (flow[row] - low[row])
            if violated and room > 0.0 and not relieved:
                continue
            limit = max(room, 0.0) / abs(change)
            if limit <= mw[lane, -1]:
                enter_limit(mw[lane], line[lane], outage[lane], limit, row, -1)


@kernel
def keep_single_pairs(
    angle: Floats,
    start: Ints,
    end: Ints,
    susceptance: Floats,
    watched: Ints,
    lost: Ints,
    lost_as: Ints,
    flow: Floats,
    rating: Floats,
    tolerance: Floats,
    most: Floats,
    bound: float,
    key: Floats,
    line: Ints,
    outage: Ints,
    after: Floats,
    factor: Floats,
) -> int:
    """
    Keep the pairs of single outages whose key is less than `bound`; return how many.

    `angle` is made by 1 MW through each lost line, shape (buses, outages). The key, what is left of the rating divided
    by the most that any site's MW can take of it, is a lower bound of every site's limit; it is below 0 for violated
    pairs only, which are always kept. Keys of `bound` and a rounding more may be among them.
    """
    count = 0
    lanes = len(lost)
    widely = bound * (1.0 + ROUNDING)
    own, carried, reached = np.empty(lanes), np.empty(lanes), np.empty(lanes)
    left, reach = np.empty(lanes), np.empty(lanes)
    for lane in range(lanes):
        at = lost[lane]
        through = susceptance[at] * (angle[start[at], lane] - angle[end[at], lane])
        own[lane] = 1.0 / (1.0 - through)
        carried[lane], reached[lane] = flow[at], most[at]
    for row in range(len(watched)):
        at = watched[row]
        here, there, weight = start[at], end[at], susceptance[at]
        before, limit, far, beyond = flow[at], rating[at], most[at], -tolerance[at]
        # Without branches the processor takes several lanes at once; few of them are kept.
        for lane in range(lanes):
            moved = weight * (angle[here, lane] - angle[there, lane]) * own[lane]
            left[lane] = limit - abs(before + moved * carried[lane])
            reach[lane] = far + abs(moved) * reached[lane]
        for lane in range(lanes):
            violated = left[lane] < beyond
            if not (violated or left[lane] < widely * reach[lane]) or at == lost[lane]:
                continue
            room = left[lane] if violated else max(left[lane], 0.0)
            moved = weight * (angle[here, lane] - angle[there, lane]) * own[lane]
            key[count] = room / reach[lane] if reach[lane] > 0.0 else -np.inf
            line[count], outage[count] = at, lost_as[lane]
            after[count], factor[count, 0] = before + moved * carried[lane], moved
            count += 1
    return count


@kernel
def keep_pairs(
    moved: Floats,
    lost: Ints,
    as_outage: int,
    watched: Ints,
    flow: Floats,
    rating: Floats,
    tolerance: Floats,
    most: Floats,
    bound: float,
    key: Floats,
    line: Ints,
    outage: Ints,
    after: Floats,
    factor: Floats,
) -> int:
    """
    Keep the pairs of one outage of several lines, or of a bridge, as `keep_single_pairs` does.

    `moved` is the factor of each line for each lost one, shape (lines, lost). A row that begins with NaN is no limit.
    """
    count = 0
    for row in range(len(watched)):
        at = watched[row]
        if np.isnan(moved[at, 0]):
            continue
        now, reach = flow[at], most[at]
        gone = False
        for part in range(len(lost)):
            now += moved[at, part] * flow[lost[part]]
            reach += abs(moved[at, part]) * most[lost[part]]
            gone |= lost[part] == at
        left = rating[at] - abs(now)
        violated = left < -tolerance[at]
        if gone or not (left < bound * (1.0 + ROUNDING) * reach or violated):
            continue
        key[count] = (left if violated else max(left, 0.0)) / reach if reach > 0.0 else -np.inf
        line[count], outage[count], after[count] = at, as_outage, now
        for part in range(len(lost)):
            factor[count, part] = moved[at, part]
        count += 1
    return count


@kernel
def _cluster_key(
    left: float,
    at: int,
    pair: int,
    factor: Floats,
    begin: int,
    size: int,
    lost: Ints,
    most: Floats,
    needed: Floats,
) -> float:
    """Return what is left of a rating by the most that any cluster makes of it; inf where none makes enough."""
    largest = 0.0
    for cluster in range(most.shape[1]):
        reach = most[at, cluster]
        for part in range(size):
            reach += abs(factor[pair, part]) * most[lost[begin + part], cluster]
        if reach >= needed[cluster]:
            largest = max(largest, reach)
    return max(left, 0.0) / largest if largest > 0.0 else np.inf


@kernel
def keys_by_cluster(
    line: Ints,
    outage: Ints,
    after: Floats,
    factor: Floats,
    first: Ints,
    lost: Ints,
    rating: Floats,
    most: Floats,
    needed: Floats,
    earlier: Floats,
    earlier_needed: Floats,
    earlier_bound: Floats,
    key: Floats,
) -> None:
    """
    Write the keys of pairs that are not violated, by clusters of sites; inf where an earlier round had the pair.

    `most` is what 1 MW at any site of a cluster changes each branch by, times the limit up to which that cluster's
    sites look for pairs, shape (branches, clusters): so a key of 1 or more limits no site. Where a cluster's product
    is less than `needed`, the change is below the cutoff. `earlier` are those of earlier rounds, (rounds, branches,
    clusters), which had the pairs with keys below `earlier_bound`.
    """
    for pair in range(len(line)):
        at, begin = line[pair], first[outage[pair]]
        size = first[outage[pair] + 1] - begin
        left = rating[at] - abs(after[pair])
        key[pair] = _cluster_key(left, at, pair, factor, begin, size, lost, most, needed)
        for past in range(len(earlier_bound)):
            known = _cluster_key(
                left, at, pair, factor, begin, size, lost, earlier[past], earlier_needed[past]
            )
            if known < earlier_bound[past]:
                key[pair] = np.inf
                break


@kernel
def pairs_within(
    chosen: Ints,
    line: Ints,
    outage: Ints,
    after: Floats,
    factor: Floats,
    first: Ints,
    lost: Ints,
    rating: Floats,
    most: Floats,
    bound: float,
    found: Ints,
) -> int:
    """Write those of the chosen pairs to `found` that can limit some of a few sites below a bound; return how many."""
    count = 0
    for place in range(len(chosen)):
        pair = chosen[place]
        at = line[pair]
        begin = first[outage[pair]]
        reach = most[at]
        for part in range(first[outage[pair] + 1] - begin):
            reach += abs(factor[pair, part]) * most[lost[begin + part]]
        if rating[at] - abs(after[pair]) <= bound * reach:
            found[count] = pair
            count += 1
    return count


@kernel
def limits_of_pairs(
    table: Floats,
    chosen: Ints,
    line: Ints,
    outage: Ints,
    after: Floats,
    factor: Floats,
    first: Ints,
    lost: Ints,
    rating: Floats,
    tolerance: Floats,
    cutoff: float,
    relieved: bool,
    mw: Floats,
    at_line: Ints,
    at_outage: Ints,
) -> None:
    """Enter the limits of pairs into the lists of the sites of a table."""
    lanes = table.shape[1]
    change = np.empty(lanes)
    for place in range(len(chosen)):
        pair = chosen[place]
        at = line[pair]
        for lane in range(lanes):
            change[lane] = table[at, lane]
        begin = first[outage[pair]]
        for part in range(first[outage[pair] + 1] - begin):
            weight, by = factor[pair, part], lost[begin + part]
            for lane in range(lanes):
                change[lane] += weight * table[by, lane]
        up, down = rating[at] - after[pair], rating[at] + after[pair]
        violated = min(up, down) < -tolerance[at]
        for lane in range(lanes):
            size = abs(change[lane])
            room = up if change[lane] > 0.0 else down
            if size < cutoff or room > mw[lane, -1] * size:
                continue
            if violated and room > 0.0 and not relieved:
                continue
            enter_limit(mw[lane], at_line[lane], at_outage[lane], max(room, 0.0) / size, at, outage[pair])


@kernel
def touched_by_pairs(
    table: Floats,
    line: Ints,
    outage: Ints,
    factor: Floats,
    first: Ints,
    lost: Ints,
    cutoff: float,
    touched: Bools,
) -> None:
    """Mark the sites of a table whose load changes the flow of any of some pairs by the cutoff or more."""
    lanes = table.shape[1]
    for pair in range(len(line)):
        if touched.all():
            return
        begin = first[outage[pair]]
        size = first[outage[pair] + 1] - begin if outage[pair] >= 0 else 0
        for lane in range(lanes):
            change = table[line[pair], lane]
            for part in range(size):
                change += factor[pair, part] * table[lost[begin + part], lane]
            touched[lane] |= abs(change) >= cutoff
