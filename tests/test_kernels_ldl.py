"""Oracle tests of the triangular solves: scipy, dense inverses, and the matrix without the lost branch."""

import numpy as np
import pytest
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu, spsolve

from three_mismatches._kernels.ldl import LANES
from three_mismatches.power.factor import Cases, Readings, factorised

COUNTS = (1, LANES - 1, LANES, LANES + 1, 3 * LANES + 5)


def laplacian(size, ends, weight):
    """Return the matrix of weighted branches; what ends at `size` ends at the ground."""
    start, end = (np.asarray(side, dtype=np.int64) for side in ends)
    rows, columns = np.concatenate([start, end, start, end]), np.concatenate([start, end, end, start])
    values = np.concatenate([weight, weight, -weight, -weight])
    inner = (rows < size) & (columns < size)
    return csc_array(coo_array((values[inner], (rows[inner], columns[inner])), shape=(size, size)))


def network(size, seed=0, negative=0.0):
    """Return branches of a random tree on the ground with as many loops, some of them of negative weight."""
    rng = np.random.default_rng(seed)
    far = np.array([rng.integers(max(0, bus - 5), bus) if bus % 40 else size for bus in range(size)])
    loops = rng.integers(0, size, (2, size))
    loops[1] = np.where(loops[0] == loops[1], size, loops[1])
    weight = rng.uniform(1.0, 20.0, 2 * size)
    weight[size:] *= np.where(rng.random(size) < negative, -1.0, 1.0)
    return np.concatenate([[np.arange(size), far], loops], axis=1), weight


def lines_of(factor, ends, weight):
    place = np.append(factor.row, factor.ground)
    return Readings(place[ends[0]], place[ends[1]], weight)


def unknowns_of(factor):
    return Readings(factor.row, np.full_like(factor.row, factor.ground), np.ones(factor.ground))


@pytest.mark.parametrize("negative", [0.0, 0.3])
@pytest.mark.parametrize("count", COUNTS)
def test_any_right_hand_side_is_solved_as_scipy_solves_it(count, negative):
    matrix = laplacian(200, *network(200, seed=1, negative=negative))
    right = np.random.default_rng(2).normal(size=(200, count))
    factor = factorised(matrix)
    assert factor.pivoted is None
    assert (factor.inverse.min() < 0.0) == (negative > 0.0)
    found = factor.respond(factor.row, right, unknowns_of(factor))
    np.testing.assert_allclose(found, spsolve(matrix, right).reshape(200, -1), atol=1e-9)


@pytest.mark.parametrize("count", COUNTS)
def test_transfers_are_columns_of_the_inverse(count):
    ends, weight = network(120, seed=3)
    factor = factorised(laplacian(120, ends, weight))
    inverse = np.pad(np.linalg.inv(laplacian(120, ends, weight).toarray()), (0, 1))
    rng = np.random.default_rng(4)
    source, sink = rng.integers(0, 121, (2, count))
    amount, place = rng.normal(size=count), np.append(factor.row, factor.ground)
    out = np.empty((len(weight), count))
    factor.fill(
        Cases(place[source], place[sink], amount, np.zeros(count)), lines_of(factor, ends, weight), out
    )
    angle = (inverse[:, source] - inverse[:, sink]) * amount
    np.testing.assert_allclose(out, weight[:, None] * (angle[ends[0]] - angle[ends[1]]), atol=1e-9)


def losses(factor, ends, weight, flow, lost):
    read = lines_of(factor, ends, weight)
    return Cases(read.plus[lost], read.minus[lost], flow[lost], weight[lost]), read


@pytest.mark.parametrize("negative", [0.0, 0.2])
def test_a_loss_is_what_the_matrix_without_the_branch_says(negative):
    size = 60
    ends, weight = network(size, seed=5, negative=negative)
    matrix, right = laplacian(size, ends, weight), np.random.default_rng(6).normal(size=size)
    factor = factorised(matrix)
    flow = factor.respond(factor.row, right[:, None], lines_of(factor, ends, weight))[:, 0]
    loops = np.arange(size, 2 * size)
    expected = np.empty((len(weight), size))
    for case, branch in enumerate(loops):
        rest = np.where(np.arange(len(weight)) == branch, 0.0, weight)
        angle = np.append(np.linalg.solve(laplacian(size, ends, rest).toarray(), right), 0.0)
        expected[:, case] = rest * (angle[ends[0]] - angle[ends[1]])
    cases, read = losses(factor, ends, weight, flow, loops)
    out = np.empty_like(expected)
    factor.fill(cases, read, out)
    after = flow[:, None] + out
    after[loops, np.arange(size)] = 0.0
    scale = np.abs(expected).max()
    np.testing.assert_allclose(after, expected, atol=1e-8 * scale)
    worst = factor.worst(cases, loops, read, flow)
    np.testing.assert_allclose(np.abs(worst.flow), np.abs(expected).max(axis=1), atol=1e-8 * scale)
    np.testing.assert_allclose(worst.flow, expected[np.arange(len(weight)), worst.case], atol=1e-8 * scale)


def test_parts_do_not_see_each_other_and_one_unknown_is_solved():
    """Two buses on the ground each for itself, by weights 2 and 4; a third one between them would join them."""
    factor = factorised(laplacian(2, ([0, 1], [2, 2]), np.array([2.0, 4.0])))
    found = factor.respond(factor.row, np.eye(2), unknowns_of(factor))
    assert found.tolist() == [[0.5, 0.0], [0.0, 0.25]]
    assert not np.signbit(found).any()
    one = factorised(csc_array([[-4.0]]))
    assert one.respond(one.row, np.array([[8.0, 2.0]]), unknowns_of(one)).tolist() == [[-2.0, -0.5]]


def test_nothing_unknown_is_solved_too():
    factor = factorised(csc_array((0, 0)))
    ground = np.zeros(3, dtype=np.int64)
    read = Readings(ground, ground, np.ones(3))
    assert not factor.respond(ground, np.ones((3, 2)), read).any()
    out = np.empty((3, 3))
    factor.fill(Cases(ground, ground, np.ones(3), np.zeros(3)), read, out)
    assert not out.any()


def test_the_number_of_threads_changes_no_bit():
    ends, weight = network(100, seed=7, negative=0.1)
    factor = factorised(laplacian(100, ends, weight))
    right = np.random.default_rng(8).normal(size=(100, 5 * LANES + 3))
    flow = factor.respond(factor.row, right, lines_of(factor, ends, weight))[:, 0]
    cases, read = losses(factor, ends, weight, flow, np.arange(len(weight)))

    def answers(threads):
        out = np.empty((len(weight), len(weight)))
        factor.fill(cases, read, out, threads)
        worst = factor.worst(cases, np.arange(len(weight)), read, flow, threads)
        return [factor.respond(factor.row, right, read, threads), out, *worst]

    first = [answer.tobytes() for answer in answers(1)]
    for threads in (2, 3, 16):
        assert [answer.tobytes() for answer in answers(threads)] == first


def test_of_equally_bad_losses_the_first_is_kept_and_the_branch_itself_never():
    """Three equal branches to the ground carry 1 each; without one of them the others carry -1.5 each."""
    ends, weight = np.array([[0, 0, 0], [1, 1, 1]]), np.ones(3)
    factor = factorised(laplacian(1, ends, weight))
    cases, read = losses(factor, ends, weight, np.full(3, -1.0), np.arange(3))
    found = factor.worst(cases, np.arange(3), read, np.full(3, -1.0))
    assert found.case.tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.flow, -1.5)
    np.testing.assert_allclose(found.gain, 1.5)
    none = factor.worst(Cases(*(part[:0] for part in cases)), np.arange(0), read, np.full(3, -1.0))
    assert (none.flow.tolist(), none.case.tolist()) == ([0.0] * 3, [-1] * 3)


def test_a_pivot_of_zero_is_taken_from_elsewhere():
    """Bus 0 of a ring hangs on weights 1 and -1, which cancel on the diagonal; its inverse is that of numpy."""
    ends, weight = np.array([[0, 0, 1, 1], [1, 2, 2, 3]]), np.array([1.0, -1.0, 3.0, 2.0])
    matrix = laplacian(3, ends, weight)
    factor = factorised(matrix)
    assert matrix.toarray()[0, 0] == 0.0
    inverse = np.linalg.inv(matrix.toarray())
    read = unknowns_of(factor)
    np.testing.assert_allclose(factor.respond(factor.row, np.eye(3), read), inverse, atol=1e-12)
    out = np.empty((3, 3))
    factor.fill(Cases(read.plus, read.minus, np.ones(3), np.zeros(3)), read, out)
    np.testing.assert_allclose(out, inverse, atol=1e-12)


def pivoted(factor, matrix):
    """Return the factor with which SuperLU solves."""
    return factor._replace(
        row=np.arange(matrix.shape[0]), inverse=np.zeros(matrix.shape[0]), pivoted=splu(matrix)
    )


def test_superlu_answers_as_the_kernels_do():
    ends, weight = network(80, seed=9)
    matrix = laplacian(80, ends, weight)
    answers = []
    for factor in (factorised(matrix), pivoted(factorised(matrix), matrix)):
        flow = factor.respond(factor.row, np.eye(80), lines_of(factor, ends, weight))[:, 7]
        cases, read = losses(factor, ends, weight, flow, np.arange(len(weight)))
        out = np.empty((len(weight), len(weight)))
        factor.fill(cases, read, out)
        worst = factor.worst(cases, np.arange(len(weight)), read, flow)
        answers.append((flow, out, worst.flow, worst.gain))
    for ours, theirs in zip(*answers, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_what_is_singular_has_no_factors():
    assert factorised(csc_array([[1.0, -1.0], [-1.0, 1.0]])) is None
    rounded = np.nextafter(1.0, 2.0)
    assert factorised(csc_array([[rounded, -1.0], [-1.0, 1.0]])) is None
