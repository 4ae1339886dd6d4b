"""
Solve symmetric equations for many transfers at once, from their factors L D L^T.

Column `j` of L, below its diagonal of ones, is `lower[indptr[j]:indptr[j + 1]]` in rows `indices`, all greater than
`j`; `inverse` is 1 / D. Unknowns are rows in the order of elimination; row `n`, one beyond the last, is the ground,
which is always 0.

A case puts 1 into row `source` and takes it out of row `sink`; LANES cases are solved in one sweep, side by side in a
block of shape (n + 1, LANES), so that the innermost loops run over what lies together. What a case moves is scaled
by `amount / (1 - feedback * difference between its own rows)`: without feedback a transfer of `amount`; with the
weight of a branch between these rows, the loss of this branch, which carried `amount`.

A reading is `weight` times the difference between rows `plus` and `minus`: what a branch carries.
Arrays are contiguous, `int64` or `float64`. Cases `begin` to `end` are solved, `begin` a multiple of LANES; as no
case sees another, it does not matter how many threads share them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = [
    "LANES",
    "ROUNDING",
    "fill",
    "fill_solved",
    "keep_worst",
    "keep_worst_solved",
    "read_solved",
    "respond",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LANES = 32
"""
Cases in one sweep: four vectors of AVX-512, to which the compiler unrolls; with 16 lanes losses took 2.4 times as long.
The count is read from the block's shape wherever it is looped over: a constant one would be unrolled, number by number.
"""

ROUNDING = 1e-9
"""
A share of a lost flow below this is rounding: a branch that it reaches no more than that carries what it carried. And
a flow greater by less than this part of it, or of 1, is equal: circuits side by side are lost with the same effect.
"""


@kernel
def _bar(worst: float, case: int) -> float:
    """Return which size a flow has to exceed to be greater than the greatest so far, of `case`; -1: there is none."""
    return -1.0 if case < 0 else abs(worst) + ROUNDING * max(abs(worst), 1.0)


@kernel
def _touch(block: Floats, touched: Ints, row: int) -> None:
    """Set a row of a block to 0 before its first use, whatever an earlier sweep left there."""
    if touched[row] == 0:
        touched[row] = 1
        for lane in range(block.shape[1]):
            block[row, lane] = 0.0


@kernel
def _forwards(
    indptr: Ints, indices: Ints, lower: Floats, block: Floats, touched: Ints, first: int
) -> None:  # fmt: skip
    """Divide by L: only `touched` rows, from `first` on, are not 0, and only they reach further."""
    lanes = block.shape[1]
    for column in range(first, touched.size):
        if touched[column] == 0:
            continue
        source = block[column]
        for slot in range(indptr[column], indptr[column + 1]):
            _touch(block, touched, indices[slot])
            factor, target = lower[slot], block[indices[slot]]
            for lane in range(lanes):
                target[lane] -= factor * source[lane]


@kernel
def _backwards(
    indptr: Ints, indices: Ints, lower: Floats, inverse: Floats, block: Floats, touched: Ints
) -> None:  # fmt: skip
    """Divide by D and L^T; a row that was not touched is written for the first time. None is touched afterwards."""
    lanes = block.shape[1]
    for column in range(touched.size - 1, -1, -1):
        factor, target = inverse[column], block[column]
        if touched[column] == 0:
            for lane in range(lanes):
                target[lane] = 0.0
        else:
            touched[column] = 0
            for lane in range(lanes):
                target[lane] *= factor
        for slot in range(indptr[column], indptr[column + 1]):
            factor, source = lower[slot], block[indices[slot]]
            for lane in range(lanes):
                target[lane] -= factor * source[lane]


@kernel
def _transfers(
    indptr: Ints, indices: Ints, lower: Floats, inverse: Floats,
    source: Ints, sink: Ints, start: int, stop: int, block: Floats, touched: Ints,
) -> None:  # fmt: skip
    """Solve for cases `start` to `stop`, at most as many as there are lanes; the lanes beyond are 0."""
    ground = inverse.size
    first = ground
    for case in range(start, stop):
        for row in (source[case], sink[case]):
            if row < ground:
                first = min(first, row)
                _touch(block, touched, row)
        if source[case] < ground:
            block[source[case], case - start] += 1.0
        if sink[case] < ground:
            block[sink[case], case - start] -= 1.0
    _forwards(indptr, indices, lower, block, touched, first)
    _backwards(indptr, indices, lower, inverse, block, touched)


@kernel
def _gain(block: Floats, lane: int, source: int, sink: int, feedback: float) -> float:
    """Return how much more than 1 a case moves by its feedback; NaN where nothing definite follows."""
    left = 1.0 - feedback * (block[source, lane] - block[sink, lane])
    return 1.0 / left if abs(left) > ROUNDING else np.nan


@kernel
def read_solved(
    block: Floats, scale: Floats, plus: Ints, minus: Ints, weight: Floats, start: int, count: int, out: Floats
) -> None:
    """Write each reading of the first `count` lanes of a block to columns from `start` on."""
    for reading in range(plus.size):
        above, below, factor = block[plus[reading]], block[minus[reading]], weight[reading]
        row = out[reading, start : start + count]
        for lane in range(count):
            row[lane] = (above[lane] - below[lane]) * factor * scale[lane] + 0.0  # + 0.0: no -0.0


@kernel
def fill_solved(
    block: Floats, source: Ints, sink: Ints, amount: Floats, feedback: Floats,
    plus: Ints, minus: Ints, weight: Floats, start: int, stop: int, scale: Floats, out: Floats,
) -> None:  # fmt: skip
    """Fill columns `start` to `stop` of a table of readings from a block that is solved; `scale` is scratch."""
    for case in range(start, stop):
        lane = case - start
        scale[lane] = amount[case] * _gain(block, lane, source[case], sink[case], feedback[case])
    read_solved(block, scale, plus, minus, weight, start, stop - start, out)


@kernel
def fill(
    indptr: Ints, indices: Ints, lower: Floats, inverse: Floats,
    source: Ints, sink: Ints, amount: Floats, feedback: Floats,
    plus: Ints, minus: Ints, weight: Floats, begin: int, end: int, out: Floats,
) -> None:  # fmt: skip
    """
    Fill a table of readings by case, each number once and in its place.

    Parameters
    ----------
    indptr, indices, lower, inverse
        The factors, see the module.
    source, sink, amount, feedback
        The cases, shape (k).
    plus, minus, weight
        The readings, shape (m).
    begin, end
        Cases to solve.
    out
        Table, shape (m, k); columns `begin` to `end` are written. NaN in a column whose feedback leaves nothing
        definite.
    """
    lanes = min(LANES, end - begin)
    block = np.zeros((inverse.size + 1, lanes), dtype=np.float64)
    touched = np.zeros(inverse.size, dtype=np.int64)
    scale = np.zeros(lanes, dtype=np.float64)
    for start in range(begin, end, LANES):
        stop = min(start + LANES, end)
        _transfers(indptr, indices, lower, inverse, source, sink, start, stop, block, touched)
        fill_solved(
            block, source, sink, amount, feedback, plus, minus, weight, start, stop, scale, out
        )  # fmt: skip


@kernel
def _keep(
    block: Floats, gain: Floats, lost: Floats, plus: Ints, minus: Ints, weight: Floats, flow: Floats,
    branch: Ints, start: int, stop: int, after: Floats, worst: Floats, worst_case: Ints,
) -> None:  # fmt: skip
    """Keep, for each reading, the greatest flow after one of the losses in a block; of equal ones the first."""
    lanes = block.shape[1]
    for reading in range(plus.size):
        above, below, factor = block[plus[reading]], block[minus[reading]], weight[reading]
        before, bar, hits = flow[reading], _bar(worst[reading], worst_case[reading]), 0
        for lane in range(lanes):
            share = (above[lane] - below[lane]) * factor * gain[lane]
            share = 0.0 if abs(share) < ROUNDING else share
            after[lane] = before + share * lost[lane]
            hits += abs(after[lane]) > bar
        if hits == 0:
            continue
        for case in range(start, stop):
            value = after[case - start]
            if abs(value) > bar and branch[case] != reading:
                worst[reading] = value
                worst_case[reading] = case
                bar = _bar(value, case)


@kernel
def keep_worst_solved(
    block: Floats, source: Ints, sink: Ints, amount: Floats, feedback: Floats, branch: Ints,
    plus: Ints, minus: Ints, weight: Floats, flow: Floats, start: int, stop: int, scratch: Floats,
    gains: Floats, worst: Floats, worst_case: Ints,
) -> None:  # fmt: skip
    """Do what `keep_worst` does for the cases `start` to `stop` of a block that is solved."""
    gain, lost, after = scratch[0], scratch[1], scratch[2]
    lost[:] = np.nan  # a lane without a case is greater than nothing
    for case in range(start, stop):
        lane = case - start
        gains[case] = _gain(block, lane, source[case], sink[case], feedback[case])
        gain[lane], lost[lane] = gains[case], amount[case]
    _keep(
        block, gain, lost, plus, minus, weight, flow, branch, start, stop, after, worst, worst_case
    )  # fmt: skip


@kernel
def keep_worst(
    indptr: Ints, indices: Ints, lower: Floats, inverse: Floats,
    source: Ints, sink: Ints, amount: Floats, feedback: Floats, branch: Ints,
    plus: Ints, minus: Ints, weight: Floats, flow: Floats, begin: int, end: int,
    gains: Floats, worst: Floats, worst_case: Ints,
) -> None:  # fmt: skip
    """
    Keep, for each branch, the greatest flow after the loss of another one; nothing else is stored.

    Parameters
    ----------
    indptr, indices, lower, inverse
        The factors, see the module.
    source, sink, amount, feedback
        The losses: rows, flow before the loss, weight of the branch, shape (k).
    branch
        Which reading is the lost branch itself, shape (k); it is not read.
    plus, minus, weight, flow
        The branches and what they carry before, shape (m).
    begin, end
        Losses to solve.
    gains
        How much of 1 MW on the lost branch others take over together, shape (k); `begin` to `end` are written. NaN:
        nothing definite follows from the loss, and it is left out.
    worst, worst_case
        The flow of the greatest size and its case, shape (m); -1 is the case where there is none yet.
    """
    lanes = min(LANES, end - begin)
    block = np.zeros((inverse.size + 1, lanes), dtype=np.float64)
    touched = np.zeros(inverse.size, dtype=np.int64)
    scratch = np.zeros((3, lanes), dtype=np.float64)
    for start in range(begin, end, LANES):
        stop = min(start + LANES, end)
        _transfers(indptr, indices, lower, inverse, source, sink, start, stop, block, touched)
        keep_worst_solved(
            block, source, sink, amount, feedback, branch, plus, minus, weight, flow, start, stop, scratch,
            gains, worst, worst_case,
        )  # fmt: skip


@kernel
def respond(
    indptr: Ints, indices: Ints, lower: Floats, inverse: Floats, place: Ints, right: Floats,
    plus: Ints, minus: Ints, weight: Floats, begin: int, end: int, out: Floats,
) -> None:  # fmt: skip
    """
    Fill a table of readings for any right-hand sides.

    Parameters
    ----------
    indptr, indices, lower, inverse
        The factors, see the module.
    place, right
        Row of each right-hand side's entries, shape (p), each row once but the ground, and the entries, shape (p, k).
    plus, minus, weight
        The readings, shape (m).
    begin, end
        Columns to solve.
    out
        Table, shape (m, k); columns `begin` to `end` are written.
    """
    ground = inverse.size
    lanes = min(LANES, end - begin)
    block = np.zeros((ground + 1, lanes), dtype=np.float64)
    touched = np.zeros(ground, dtype=np.int64)
    scale = np.ones(lanes, dtype=np.float64)
    for start in range(begin, end, LANES):
        count = min(LANES, end - start)
        for entry in range(place.size):
            if place[entry] < ground:
                touched[place[entry]] = 1
                for lane in range(count):
                    block[place[entry], lane] = right[entry, start + lane]
        _forwards(indptr, indices, lower, block, touched, 0)
        _backwards(indptr, indices, lower, inverse, block, touched)
        read_solved(block, scale, plus, minus, weight, start, count, out)
