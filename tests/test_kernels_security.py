"""The kernels of security: limits of lines before and after outages, against numpy's whole tables."""

from __future__ import annotations

import numpy as np
import pytest

from three_mismatches._kernels.security import (
    enter_limit,
    keep_pairs,
    keep_single_pairs,
    keys_by_cluster,
    limits_before,
    limits_of_pairs,
    pairs_within,
    touched_by_pairs,
)

LANES, TOP = 3, 4


def lists(cap=1e3):
    """Return the empty lists of three sites."""
    return (
        np.full((LANES, TOP), cap),
        np.full((LANES, TOP), -3, dtype=np.int64),
        np.full((LANES, TOP), -1, dtype=np.int64),
    )


def blank(size, width):
    """Return columns of pairs that a kernel can fill."""
    numbers = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    return np.empty(size), *numbers, np.empty(size), np.zeros((size, width))


class Case:
    """Twelve lines, five outages of one to three of them, three sites, and a flow after each outage."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.lines, self.width = 12, 3
        size = rng.integers(1, self.width + 1, 5)
        self.first = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        self.lost = np.concatenate([rng.choice(self.lines, one, replace=False) for one in size]).astype(
            np.int64
        )
        self.table = rng.normal(0.0, 0.5, (self.lines, LANES))
        self.flow = rng.normal(0.0, 30.0, self.lines)
        self.rating = rng.uniform(20.0, 150.0, self.lines)
        self.tolerance = np.full(self.lines, 1e-6)
        self.most = np.abs(self.table).max(axis=1)
        self.moved = [rng.normal(0.0, 0.4, (self.lines, one)) for one in size]

    def of(self, outage):
        return self.lost[self.first[outage] : self.first[outage + 1]]

    def kept(self, bound=np.inf):
        """Return the pairs of all outages, each of whose columns is filled up with 0."""
        size = self.lines * len(self.moved)
        pairs = blank(size, self.width)
        count = 0
        for outage, moved in enumerate(self.moved):
            count += keep_pairs(
                moved, self.of(outage), outage, np.arange(self.lines), self.flow, self.rating, self.tolerance,
                self.most, bound, *(column[count:] for column in pairs),
            )  # fmt: skip
        return [column[:count] for column in pairs]

    def whole(self):
        """Return flow and change of every pair, by numpy; NaN where the line is lost."""
        after = np.array([self.flow + moved @ self.flow[self.of(at)] for at, moved in enumerate(self.moved)])
        change = np.array(
            [self.table + moved @ self.table[self.of(at)] for at, moved in enumerate(self.moved)]
        )
        for outage in range(len(self.moved)):
            after[outage, self.of(outage)] = np.nan
        return after, change

    def limits(self, *, relieved, cutoff=1e-9):
        """Return the limit of each pair at each site by numpy, shape (outages, lines, sites); inf for none."""
        after, change = self.whole()
        after = after[:, :, None]
        room = np.where(change > 0.0, self.rating[:, None] - after, self.rating[:, None] + after)
        violated = np.abs(after) > self.rating[:, None] + 1e-6
        counts = (np.abs(change) >= cutoff) & ~np.isnan(after)
        if not relieved:
            counts &= ~(violated & (room > 0.0))
        return np.where(counts, np.maximum(room, 0.0) / np.abs(change), np.inf)

    def entered(self, pairs, chosen=None, *, relieved, cutoff=1e-9):
        found = lists()
        chosen = np.arange(len(pairs[0])) if chosen is None else chosen
        limits_of_pairs(
            self.table, chosen, *pairs[1:], self.first, self.lost, self.rating, self.tolerance, cutoff, relieved,
            *found,
        )  # fmt: skip
        return found


SEEDS = range(4)


def test_limits_are_kept_in_order_and_once():
    mw, line, outage = (column[0] for column in lists(50.0))
    for limit, at, lost in ((9.0, 5, 1), (7.0, 2, 4), (9.0, 3, 1), (9.0, 8, 0), (7.0, 2, 4), (60.0, 1, 1)):
        enter_limit(mw, line, outage, limit, at, lost)
    assert mw.tolist() == [7.0, 9.0, 9.0, 9.0]
    assert list(zip(line.tolist(), outage.tolist(), strict=True)) == [(2, 4), (8, 0), (3, 1), (5, 1)]
    enter_limit(mw, line, outage, 8.0, 6, 6)
    assert mw.tolist() == [7.0, 8.0, 9.0, 9.0]
    assert line.tolist() == [2, 6, 8, 3]


def test_a_limit_equal_to_what_ends_the_list_does_not_enter():
    mw, line, outage = (column[0] for column in lists(50.0))
    enter_limit(mw, line, outage, 50.0, 3, -1)
    assert line.tolist() == [-3, -3, -3, -3]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("relieved", [True, False])
def test_limits_before_outages_are_those_of_numpy(seed, relieved):
    case = Case(seed)
    low, high = -case.rating, case.rating * 0.5
    skip = np.arange(case.lines) % 5 == 0
    found = lists()
    limits_before(case.table, case.flow, low, high, case.tolerance, skip, 0.1, relieved, *found)
    flow, up = case.flow[:, None], case.table > 0.0
    room = np.where(up, high[:, None] - flow, flow - low[:, None])
    violated = (flow > high[:, None] + 1e-6) | (flow < low[:, None] - 1e-6)
    counts = (np.abs(case.table) >= 0.1) & ~skip[:, None]
    if not relieved:
        counts &= ~(violated & (room > 0.0))
    limit = np.where(counts, np.maximum(room, 0.0) / np.abs(case.table), np.inf)
    np.testing.assert_allclose(found[0], np.sort(limit, axis=0)[:TOP].T.clip(max=1e3), rtol=1e-12)
    assert (found[2] == -1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_kept_pairs_carry_what_they_carry_after_the_outage(seed):
    case = Case(seed)
    key, line, outage, after, factor = case.kept()
    whole, change = case.whole()
    assert len(key) == np.isfinite(whole).sum()
    np.testing.assert_allclose(after, whole[outage, line], rtol=1e-12)
    for at in range(len(key)):
        lost = case.of(outage[at])
        made = case.table[line[at]] + factor[at, : len(lost)] @ case.table[lost]
        np.testing.assert_allclose(made, change[outage[at], line[at]], rtol=1e-12)
        assert (factor[at, len(lost) :] == 0.0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_key_is_below_every_sites_limit_and_below_0_where_violated(seed):
    case = Case(seed)
    key, line, outage, _, _ = case.kept()
    limit = case.limits(relieved=True)[outage, line].min(axis=1)
    assert (key <= limit * (1.0 + 1e-12)).all()
    violated = np.abs(case.whole()[0][outage, line]) > case.rating[line] + 1e-6
    assert ((key < 0.0) == violated).all()
    assert violated.any()


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_with_keys_below_a_bound_are_kept_and_violated_ones(seed):
    case = Case(seed)
    key, line, outage, *_ = case.kept()
    middle = float(np.median(key))
    found = case.kept(middle)
    assert (found[0] <= middle * (1.0 + 1e-9)).all()
    below = {*zip(line[key < middle].tolist(), outage[key < middle].tolist(), strict=True)}
    assert below <= {*zip(found[1].tolist(), found[2].tolist(), strict=True)}
    assert ((case.kept(0.0)[0] < 0.0).sum(), len(case.kept(0.0)[0])) == ((key < 0.0).sum(),) * 2


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("relieved", [True, False])
def test_limits_of_pairs_are_those_of_numpy(seed, relieved):
    case = Case(seed)
    for cutoff in (1e-9, 0.3):
        found = case.entered(case.kept(), relieved=relieved, cutoff=cutoff)
        limit = case.limits(relieved=relieved, cutoff=cutoff).reshape(-1, LANES)
        np.testing.assert_allclose(found[0], np.sort(limit, axis=0)[:TOP].T.clip(max=1e3), rtol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_beyond_a_bound_limit_nobody_below_it(seed):
    case = Case(seed)
    pairs = case.kept()
    whole = case.entered(pairs, relieved=True)
    bound = float(whole[0][:, -1].max())
    found = np.empty(len(pairs[0]), dtype=np.int64)
    everything = np.arange(len(pairs[0]))
    count = pairs_within(everything, *pairs[1:], case.first, case.lost, case.rating, case.most, bound, found)
    assert count < len(pairs[0])
    fewer = case.entered(pairs, found[:count], relieved=True)
    assert all((one == other).all() for one, other in zip(whole, fewer, strict=True))


def test_sites_that_change_a_violated_pair_are_touched():
    case = Case(0)
    _, line, outage, _, factor = case.kept()
    change = np.abs(case.whole()[1][outage, line])
    for chosen in ([], [3], [3, 8, 20]):
        touched = np.zeros(LANES, dtype=bool)
        some = line[chosen], outage[chosen], factor[chosen]
        touched_by_pairs(case.table, *some, case.first, case.lost, 0.5, touched)
        assert touched.tolist() == (change[chosen] >= 0.5).any(axis=0).tolist()


def ring(count=6):
    """Return angles of 1 MW through each line of a ring with a chord, and the same as shares of flow moved."""
    start = np.array([*range(count), 0], dtype=np.int64)
    end = np.array([*range(1, count), 0, count // 2], dtype=np.int64)
    b = np.linspace(100.0, 300.0, count + 1)
    matrix = np.zeros((count, count))
    np.add.at(matrix, (start, start), b)
    np.add.at(matrix, (end, end), b)
    np.add.at(matrix, (start, end), -b)
    np.add.at(matrix, (end, start), -b)
    ends = np.eye(count)[:, start] - np.eye(count)[:, end]
    angle = np.linalg.pinv(matrix) @ ends
    through = b[:, None] * (angle[start] - angle[end])
    return start, end, b, angle, through / (1.0 - np.diag(through))


@pytest.mark.parametrize("bound", [np.inf, 20.0])
def test_pairs_of_single_outages_are_those_of_their_factors(bound):
    start, end, b, angle, moved = ring()
    rng = np.random.default_rng(5)
    count = len(start)
    flow, rating = rng.normal(0.0, 20.0, count), rng.uniform(15.0, 60.0, count)
    limits = flow, rating, np.full(count, 1e-6), rng.uniform(0.1, 0.9, count), bound
    watched, lost = np.array([0, 1, 3, 4, 6]), np.array([5, 0, 2])
    pairs = blank(len(watched) * len(lost), 1)
    columns = np.ascontiguousarray(angle[:, lost])
    found = keep_single_pairs(columns, start, end, b, watched, lost, lost + 10, *limits, *pairs)
    again = blank(len(watched) * len(lost), 1)
    known = 0
    for one in lost:
        rest = (column[known:] for column in again)
        factor = np.ascontiguousarray(moved[:, [one]])
        known += keep_pairs(factor, np.array([one]), one + 10, watched, *limits, *rest)
    assert found == known
    order, other = (np.lexsort((each[1][:found], each[2][:found])) for each in (pairs, again))
    for ours, theirs in zip(pairs, again, strict=True):
        np.testing.assert_allclose(ours[:found][order], theirs[:found][other], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_keys_by_cluster_are_those_of_numpy_and_pairs_of_an_earlier_round_have_none(seed):
    """Each cluster's key is what is left over its reach; the least counts, of those with a change large enough."""
    case, rng = Case(seed), np.random.default_rng(seed)
    pairs = case.kept()
    sound = np.abs(pairs[3]) <= case.rating[pairs[1]]
    line, outage, after, factor = (column[sound].copy() for column in pairs[1:])
    most, needed = rng.uniform(0.0, 2.0, (case.lines, 3)), np.array([0.1, 1.5, 2.5])
    before, before_needed, bound = (
        rng.uniform(0.0, 2.0, (2, case.lines, 3)),
        np.full((2, 3), 0.2),
        np.array([5.0, 9.0]),
    )

    def told(reach_of, least):
        reach = reach_of[line] + sum(
            np.abs(factor[:, [part]])
            * reach_of[case.lost[np.minimum(case.first[outage] + part, len(case.lost) - 1)]]
            for part in range(case.width)
        )
        largest = np.where(reach >= least, reach, 0.0).max(axis=1)
        left = case.rating[line] - np.abs(after)
        return np.divide(left, largest, out=np.full(len(line), np.inf), where=largest > 0.0)

    known = [told(one, least) < limit for one, least, limit in zip(before, before_needed, bound, strict=True)]
    expected = np.where(np.any(known, axis=0), np.inf, told(most, needed))
    key = np.empty(len(line))
    keys_by_cluster(
        line,
        outage,
        after,
        factor,
        case.first,
        case.lost,
        case.rating,
        most,
        needed,
        before,
        before_needed,
        bound,
        key,
    )
    np.testing.assert_allclose(key, expected, rtol=1e-12)
    assert np.isfinite(expected).any()
    assert np.isinf(expected).any()
