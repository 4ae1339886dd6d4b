"""
A symmetric matrix factorised once, and solved by the kernels for many right-hand sides at a time, by several threads.

SuperLU factorises. Where it took every pivot from the diagonal its factors are L and D L^T, and the kernels solve with
them. Negative reactances may make a pivot 0, or so small that solutions are off: then the matrix is factorised again
with pivots from anywhere, and SuperLU solves.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, tril
from scipy.sparse.linalg import SuperLU, splu

from three_mismatches._kernels import ldl

__all__ = ["Cases", "Factor", "Readings", "Worst", "factorised"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Answer = TypeVar("Answer")

EXACT = 1e-8
"""A residual beyond this, for right-hand sides of about 1, asks for other pivots."""

PASSABLE = 1e-6
"""A residual beyond this, for right-hand sides of about 1, is no solution."""

SMALL = 4_000_000
"""Rows times right-hand sides up to which threads cost more than they bring."""

PART = 8 * ldl.LANES
"""Right-hand sides that a thread takes at a time."""

LOSSES = 32 * ldl.LANES
"""
Losses that a thread takes at a time: as many whatever the number of threads, so that of equally bad ones they keep the
same. In the first of them every branch has a new greatest flow, so there should be many.
"""


class Cases(NamedTuple):
    """Right-hand sides, see `_kernels.ldl`; shape (cases) each."""

    source: Ints
    sink: Ints
    amount: Floats
    feedback: Floats


class Readings(NamedTuple):
    """What is read of solutions, see `_kernels.ldl`; shape (readings) each."""

    plus: Ints
    minus: Ints
    weight: Floats

    def at(self, chosen: Ints) -> Readings:
        """Return some of them."""
        return Readings(self.plus[chosen], self.minus[chosen], self.weight[chosen])


class Worst(NamedTuple):
    """For each reading the greatest flow and its case, 0 and -1 where there is none; for each case its gain."""

    flow: Floats
    case: Ints
    gain: Floats


class Factor(NamedTuple):
    """
    A factorised matrix.

    Attributes
    ----------
    indptr, indices, lower, inverse
        L and 1 / D, see `_kernels.ldl`.
    row
        Row of each unknown in the order of elimination.
    pivoted
        SuperLU, where it has to solve.
    """

    indptr: Ints
    indices: Ints
    lower: Floats
    inverse: Floats
    row: Ints
    pivoted: SuperLU | None

    @property
    def ground(self) -> int:
        """Row of what is always 0."""
        return len(self.row)

    def respond(self, place: Ints, right: Floats, read: Readings, threads: int | None = None) -> Floats:
        """Return readings for any right-hand sides, shape (readings, cases); `place` is the row of each entry."""
        right = np.ascontiguousarray(right, dtype=np.float64)
        out = np.empty((len(read.plus), right.shape[1]))

        def part(begin: int, end: int) -> None:
            if self.pivoted is None:
                ldl.respond(*self[:4], place, right, *read, begin, end, out)
                return
            block = np.zeros((self.ground + 1, end - begin))
            block[place] = right[:, begin:end]
            ldl.read_solved(self._solved(block), np.ones(end - begin), *read, begin, end - begin, out)

        for _ in self._share(part, right.shape[1], threads):
            pass
        return out

    def fill(self, cases: Cases, read: Readings, out: Floats, threads: int | None = None) -> None:
        """Write readings by case into a table of shape (readings, cases)."""

        def part(begin: int, end: int) -> None:
            if self.pivoted is None:
                ldl.fill(*self[:4], *cases, *read, begin, end, out)
                return
            for start, stop, block in self._blocks(cases, begin, end):
                ldl.fill_solved(block, *cases, *read, start, stop, np.zeros(ldl.LANES), out)

        for _ in self._share(part, len(cases.source), threads):
            pass

    def worst(
        self, losses: Cases, branch: Ints, read: Readings, flow: Floats, threads: int | None = None
    ) -> Worst:
        """
        Return the greatest flow of each branch after one of the losses; of equals the first.

        `branch` is which reading each loss takes, `flow` what each reading is before.
        """
        gain = np.full(len(branch), np.nan)

        def part(begin: int, end: int) -> tuple[Floats, Ints]:
            worst, case = np.zeros(len(flow)), np.full(len(flow), -1, dtype=np.int64)
            if self.pivoted is None:
                ldl.keep_worst(*self[:4], *losses, branch, *read, flow, begin, end, gain, worst, case)
                return worst, case
            for start, stop, block in self._blocks(losses, begin, end):
                scratch = np.zeros((3, ldl.LANES))
                ldl.keep_worst_solved(
                    block, *losses, branch, *read, flow, start, stop, scratch, gain, worst, case
                )  # fmt: skip
            return worst, case

        parts = self._share(part, len(branch), threads, LOSSES)
        worst, case = next(parts, (np.zeros(len(flow)), np.full(len(flow), -1, dtype=np.int64)))
        for more, at in parts:
            size = np.abs(worst)
            bar = np.where(case < 0, -1.0, size + ldl.ROUNDING * np.maximum(size, 1.0))
            greater = (at >= 0) & (np.abs(more) > bar)
            worst[greater], case[greater] = more[greater], at[greater]
        return Worst(worst, case, gain)

    def _share(
        self, work: Callable[[int, int], Answer], count: int, threads: int | None, size: int = PART
    ) -> Iterator[Answer]:
        """Have threads work on so many columns, some blocks at a time; yield their answers in order."""
        if threads is None:
            threads = 1 if count * self.ground <= SMALL else os.cpu_count() or 1
        begins = range(0, count, size)
        ends = [min(begin + size, count) for begin in begins]
        if threads == 1 or len(ends) <= 1 or self.pivoted is not None:
            yield from map(work, begins, ends)
            return
        with ThreadPoolExecutor(threads) as pool:
            yield from pool.map(work, begins, ends)

    def _blocks(self, cases: Cases, begin: int, end: int) -> Iterator[tuple[int, int, Floats]]:
        """Yield cases by the block, solved by SuperLU."""
        for start in range(begin, end, ldl.LANES):
            stop = min(start + ldl.LANES, end)
            block, lane = np.zeros((self.ground + 1, ldl.LANES)), np.arange(stop - start)
            block[cases.source[start:stop], lane] += 1.0
            block[cases.sink[start:stop], lane] -= 1.0
            yield start, stop, self._solved(block)

    def _solved(self, block: Floats) -> Floats:
        """Turn right-hand sides into solutions by SuperLU, the ground into 0."""
        if self.pivoted is not None and self.ground:
            block[:-1] = self.pivoted.solve(block[:-1])
        block[-1] = 0.0
        return block


def factorised(matrix: csc_array) -> Factor | None:
    """Return the factors of a symmetric matrix; None if it is singular, or so nearly that nothing solves it."""
    if not matrix.shape[0]:
        none = np.zeros(0, dtype=np.int64)
        return Factor(np.zeros(1, dtype=np.int64), none, np.zeros(0), np.zeros(0), none, None)
    for pivots in (_of_the_diagonal, _of_anywhere):
        found = pivots(matrix)
        if found is not None and _residual(matrix, found) <= (PASSABLE if found.pivoted else EXACT):
            return found
    return None


def _of_the_diagonal(matrix: csc_array) -> Factor | None:
    options = {"SymmetricMode": True}
    try:
        lu = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    except RuntimeError:
        return None
    if (lu.perm_r != lu.perm_c).any():
        return None
    below = csc_array(tril(lu.L, -1))
    below.sort_indices()
    return Factor(
        below.indptr.astype(np.int64), below.indices.astype(np.int64), np.ascontiguousarray(below.data),
        1.0 / lu.U.diagonal(), lu.perm_c.astype(np.int64), None,
    )  # fmt: skip


def _of_anywhere(matrix: csc_array) -> Factor | None:
    try:
        lu = splu(matrix, permc_spec="MMD_AT_PLUS_A")
    except RuntimeError:
        return None
    none = np.zeros(0, dtype=np.int64)
    size = matrix.shape[0]
    return Factor(np.zeros(size + 1, dtype=np.int64), none, np.zeros(0), np.zeros(size), np.arange(size), lu)


def _residual(matrix: csc_array, factor: Factor) -> float:
    """
    Return how far solutions are off, by right-hand sides of any direction.

    A factor that is off by as much for one bus shows it in them all: each of them holds every bus.
    """
    right = np.random.default_rng(0).uniform(-1.0, 1.0, (factor.ground, ldl.LANES))
    unknowns = Readings(factor.row, np.full_like(factor.row, factor.ground), np.ones(factor.ground))
    with np.errstate(all="ignore"):
        off = np.abs(matrix @ factor.respond(factor.row, right, unknowns) - right).max()
    return float(off) if np.isfinite(off) else np.inf
