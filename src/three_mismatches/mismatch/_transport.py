"""The transport programme: how shares at some places become shares at others at the least cost, exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from three_mismatches.errors import SolverError
from three_mismatches.power._highs import held

__all__ = ["Merged", "Moves", "Transport", "merged", "unreachable"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

WHOLE = 20_000
"""Cells up to which the programme holds every one; beyond, the nearest first and what their prices call for."""

NEAREST, CALLED = 8, 4
"""Cells of each row and column that it starts with, and that one round may add."""

TOLERANCE = 1e-10
"""What a share, and a reduced cost over the greatest cost, may be beyond its bound."""

NOTHING = 1e-13
"""Shares below this are rounding."""

MOST_ROUNDS = 10_000
DUAL, PRIMAL = 1, 4

OPTIONS: tuple[tuple[str, str | int | float], ...] = (
    ("presolve", "off"),
    ("primal_feasibility_tolerance", TOLERANCE),
    ("dual_feasibility_tolerance", TOLERANCE),
)
"""Without presolve, and by the dual simplex: measured several times as fast as the default on these programmes."""


@dataclass(frozen=True, eq=False)
class Moves:
    """Which share goes from which row to which column, and what all of it costs."""

    source: Ints
    target: Ints
    share: Floats
    cost: float


@dataclass(frozen=True, eq=False)
class Merged:
    """
    A transport problem without doubles: places that nothing tells apart are one.

    Attributes
    ----------
    cost
        Shape (groups of sources, groups of targets); inf where nothing can go.
    source_group, target_group
        The group of each source and target.
    """

    cost: Floats
    source_group: Ints
    target_group: Ints

    def shares(self, source_share: Floats, target_share: Floats) -> tuple[Floats, Floats]:
        """Return the shares of the groups."""
        rows, columns = self.cost.shape
        return _sums(self.source_group, source_share, rows), _sums(self.target_group, target_share, columns)

    def apart(self, moves: Moves, source_share: Floats, target_share: Floats) -> Moves:
        """Return moves between groups as moves between their members, each group divided by shares."""
        sums = self.shares(source_share, target_share)
        sides = [
            _members(self.source_group, source_share / sums[0][self.source_group], moves.source),
            _members(self.target_group, target_share / sums[1][self.target_group], moves.target),
        ]
        (member0, part0, row0), (member1, part1, row1) = sides
        # Every member of the source's group with every member of the target's, move by move.
        each = np.bincount(row1, minlength=moves.share.size)[row0]
        first = np.searchsorted(row1, row0)
        left = np.repeat(np.arange(row0.size), each)
        right = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each) + first[left]
        share = moves.share[row0[left]] * part0[left] * part1[right]
        return Moves(member0[left], member1[right], share, moves.cost)


def _sums(group: Ints, share: Floats, size: int) -> Floats:
    """Return the sum of each group, the least first: rounding must not tell in which order they came."""
    order = np.argsort(share, kind="stable")
    return np.bincount(group[order], share[order], size).astype(np.float64)


def _members(group: Ints, part: Floats, asked: Ints) -> tuple[Ints, Floats, Ints]:
    """Return the members of each group that is asked for, their part of it, and by which question."""
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    first = np.cumsum(size) - size
    row = np.repeat(np.arange(asked.size), size[asked])
    inside = np.arange(row.size) - np.repeat(np.cumsum(size[asked]) - size[asked], size[asked])
    member = order[first[asked][row] + inside]
    return member.astype(np.int64), part[member], row


def merged(cost: Floats, source_share: Floats, target_share: Floats) -> Merged:
    """
    Return a problem in an order of its own, so that the order in which it is given decides nothing.

    Rows and columns are ordered by what they cost and weigh; those that are equal throughout become one.
    """
    by_row, by_column = _order(cost, source_share), _order(cost.T, target_share)
    ordered = cost[by_row][:, by_column]
    rows, row_of = np.unique(ordered, axis=0, return_inverse=True)
    columns, column_of = np.unique(rows, axis=1, return_inverse=True)
    groups = [np.empty(order.size, dtype=np.int64) for order in (by_row, by_column)]
    groups[0][by_row], groups[1][by_column] = row_of.ravel(), column_of.ravel()
    return Merged(np.ascontiguousarray(columns), *groups)


def _order(cost: Floats, share: Floats) -> Ints:
    """Return the rows in the order of their sorted costs, then of their shares."""
    _, rank = np.unique(np.sort(cost, axis=1), axis=0, return_inverse=True)
    return np.lexsort((share, rank.ravel())).astype(np.int64)


class Transport:
    """
    A transport programme that HiGHS holds, to be solved again with other shares.

    It starts with the cells of the nearest pairs and takes up the others as their prices call for them: it ends when
    no cell that it does not hold could make the plan cheaper, so the answer is that of the whole programme.

    Parameters
    ----------
    cost
        Shape (rows, columns), >= 0; inf where nothing can go.
    """

    def __init__(self, cost: Floats) -> None:
        self.cost = cost
        self._scale = float(cost[np.isfinite(cost)].max(initial=0.0)) or 1.0
        self._price = cost / self._scale
        self._held = _nearest(self._price) if cost.size > WHOLE else np.isfinite(cost)
        self._cells = np.nonzero(self._held)
        self._highs: highspy.Highs | None = None

    def moves(self, source_share: Floats, target_share: Floats) -> Moves:
        """
        Return the cheapest plan between shares that each add up to 1.

        Raises
        ------
        SolverError
            If HiGHS ends without an optimum: for one, as `unreachable` would have told, where there is no plan.
        """
        if self.cost.size > WHOLE:
            self._take_up(self._start(source_share, target_share))
        share = self._solved(np.concatenate([source_share, target_share]))
        some = np.flatnonzero(share > NOTHING)
        source, target = (axis[some].astype(np.int64) for axis in self._cells)
        return Moves(source, target, share[some], math.fsum(share[some] * self.cost[source, target]))

    def least_cost(self, source_share: Floats, target_share: Floats) -> float:
        """Return what the cheapest plan costs."""
        return self.moves(source_share, target_share).cost

    def _start(self, source_share: Floats, target_share: Floats) -> Bools:
        """Return cells that hold some plan: where everything can go, a staircase; else what a search for one used."""
        new = np.zeros(self.cost.shape, dtype=np.bool_)
        if np.isfinite(self.cost).all():
            new[_staircase(source_share, target_share)] = True
            return new
        found = unreachable(self.cost, source_share, target_share)
        new[found.source, found.target] = True
        return new & np.isfinite(self.cost)

    def _solved(self, shares: Floats) -> Floats:
        """Return the share of each cell that is held, once no other cell is worth taking up."""
        highs = self._programme(shares)
        for _ in range(MOST_ROUNDS):
            _run(highs)
            found = highs.getSolution()
            called = self._called(-np.array(found.row_dual))
            if not called.any():
                return np.array(found.col_value)
            self._take_up(called)
        msg = f"the transport was not solved within {MOST_ROUNDS} rounds"
        raise SolverError(msg)

    def _programme(self, shares: Floats) -> highspy.Highs:
        """Return the solver with these shares: made once, and started from its last plan thereafter."""
        if self._highs is None:
            source, target = self._cells
            many = np.zeros(source.size), np.full(source.size, np.inf)
            self._highs = held(
                self._columns(source, target), many, (shares, shares), cost=-self._price[self._cells]
            )
            for option, value in OPTIONS:
                self._highs.setOptionValue(option, value)
            return self._highs
        for row, share in enumerate(shares):
            self._highs.changeRowBounds(row, share, share)
        return self._highs

    def _called(self, dual: Floats) -> Bools:
        """Return cells whose reduced cost is below 0: the worst few of each row and column."""
        rows = self.cost.shape[0]
        reduced = self._price - dual[:rows, None] - dual[None, rows:]
        worth = (reduced < -TOLERANCE) & ~self._held
        if not worth.any():
            return worth
        reduced[~worth] = 0.0
        return _least(reduced, CALLED) & worth

    def _take_up(self, cells: Bools) -> None:
        """Add cells that are not held yet."""
        source, target = np.nonzero(cells & ~self._held)
        self._held[source, target] = True
        self._cells = tuple(
            np.concatenate([old, new]) for old, new in zip(self._cells, (source, target), strict=True)
        )
        if self._highs is None or not source.size:
            return
        new = self._columns(source, target)
        bounds = np.zeros(source.size), np.full(source.size, np.inf)
        self._highs.addCols(
            source.size,
            -self._price[source, target],
            *bounds,
            new.nnz,
            new.indptr[:-1],
            new.indices,
            new.data,
        )

    def _columns(self, source: Ints, target: Ints) -> csc_array:
        """Return the columns of cells: each takes from its source's row and gives to its target's."""
        rows, columns = self.cost.shape
        ends = np.stack([source, rows + target], axis=1).ravel()
        start = np.arange(0, 2 * source.size + 1, 2)
        return csc_array((np.ones(ends.size), ends, start), shape=(rows + columns, source.size))


def _run(highs: highspy.Highs) -> None:
    """Solve the programme; from scratch where the last plan leads HiGHS astray, then by its other simplex."""
    for method in (DUAL, DUAL, PRIMAL):
        highs.setOptionValue("simplex_strategy", method)
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            return
        highs.clearSolver()
    msg = f"HiGHS ended the transport with {highs.modelStatusToString(highs.getModelStatus())}"
    raise SolverError(msg)


def unreachable(cost: Floats, source_share: Floats, target_share: Floats) -> Moves:
    """
    Return a plan that moves as little as possible where nothing can go; its cost is that share, 0 if there is a plan.

    It is itself a transport: of cost 1 where nothing can go and of 0 elsewhere.
    """
    return Transport(np.where(np.isfinite(cost), 0.0, 1.0)).moves(source_share, target_share)


def _nearest(price: Floats) -> Bools:
    return _least(price, NEAREST) & np.isfinite(price)


def _least(value: Floats, most: int) -> Bools:
    """Return the cells with the least value of each row and of each column."""
    rows, columns = value.shape
    chosen = np.zeros(value.shape, dtype=np.bool_)
    wide, tall = min(most, columns), min(most, rows)
    chosen[np.arange(rows)[:, None], np.argpartition(value, wide - 1, axis=1)[:, :wide]] = True
    chosen[np.argpartition(value, tall - 1, axis=0)[:tall], np.arange(columns)] = True
    return chosen


def _staircase(source_share: Floats, target_share: Floats) -> tuple[Ints, Ints]:
    """Return the cells of a plan that serves targets in order from sources in order: the north-west corner."""
    ends = np.cumsum(source_share), np.cumsum(target_share)
    cuts = np.unique(np.concatenate([[0.0], ends[0][:-1], ends[1][:-1]]))
    found = [np.minimum(np.searchsorted(end, cuts, side="right"), end.size - 1) for end in ends]
    # Rounding may part two ends that are one: the cell between them is held, too.
    before = [np.maximum(axis - 1, 0) for axis in found]
    return np.concatenate([found[0], before[0], found[0]]), np.concatenate([found[1], found[1], before[1]])
