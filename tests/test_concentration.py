"""Small indices, held against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from three_mismatches import mismatch

MEASURES = st.lists(st.floats(0.0, 1e6), min_size=2, max_size=8).filter(lambda values: sum(values) > 1.0)


def checkerboard(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return +1 and -1 in turn on a square, and who shares an edge with whom."""
    row, column = np.divmod(np.arange(side * side), side)
    apart = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    return np.where((row + column) % 2 == 0, 1.0, -1.0), (apart == 1).astype(float)


def test_gini_is_four_fifths_where_one_of_five_has_all_and_a_third_for_uniform_amounts():
    assert mismatch.gini([0.0, 0.0, 3.0, 0.0, 0.0]) == pytest.approx(0.8)
    assert mismatch.gini([2.0, 2.0, 2.0]) == pytest.approx(0.0)
    assert mismatch.gini(np.random.default_rng(0).random(200_000)) == pytest.approx(1 / 3, abs=0.002)


def test_hoover_is_0_for_one_spread_and_1_for_maps_that_share_no_place():
    assert mismatch.hoover([1.0, 2.0, 3.0], [10.0, 20.0, 30.0]) == pytest.approx(0.0)
    assert mismatch.hoover([1.0, 0.0], [0.0, 5.0]) == pytest.approx(1.0)


@given(one=MEASURES, seed=st.integers(0, 1000))
def test_hoover_is_symmetric_and_within_0_and_1(one, seed):
    other = np.random.default_rng(seed).random(len(one))
    found = mismatch.hoover(one, other)
    assert 0.0 <= found <= 1.0 + 1e-12
    assert found == pytest.approx(mismatch.hoover(other, one))


def test_a_location_quotient_is_the_ratio_of_shares():
    found = mismatch.location_quotient([3.0, 1.0, 0.0], [1.0, 1.0, 0.0])
    assert found[:2] == pytest.approx([1.5, 0.5])
    assert np.isnan(found[2])


def test_cross_k_of_patterns_that_know_nothing_of_each_other_is_the_area_of_the_disc():
    """400 pairs of patterns in the unit square; the mean lies within four standard errors of pi r squared."""
    rng, radius = np.random.default_rng(0), 0.05
    found = [
        mismatch.cross_k(rng.random((100, 2)), rng.random((100, 2)), radius, box(0, 0, 1, 1))
        for _ in range(400)
    ]
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(np.pi * radius**2, abs=4.0 * error)
    assert error < 2e-4


def test_cross_k_sees_patterns_that_stand_together():
    points = np.random.default_rng(1).random((200, 2))
    assert mismatch.cross_k(points, points + 0.001, 0.05, box(0, 0, 1, 1)) > 1.5 * np.pi * 0.05**2
    assert np.isnan(mismatch.cross_k([[0.01, 0.5]], points, 0.05, box(0, 0, 1, 1)))


def test_moran_is_minus_one_on_a_checkerboard_and_a_map_goes_with_its_negative_there():
    values, neighbours = checkerboard(6)
    assert mismatch.moran(values, neighbours) == pytest.approx(-1.0)
    assert mismatch.bivariate_moran(values, -values, neighbours) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mismatch.gini([1.0, -1.0]), "amounts must be known"),
        (lambda: mismatch.gini([0.0, 0.0]), "not all 0"),
        (lambda: mismatch.hoover([1.0], [1.0, 2.0]), "there are 1 and 2"),
        (lambda: mismatch.moran([1.0, 1.0], np.zeros((2, 2))), "must differ"),
        (lambda: mismatch.moran([1.0, 2.0], np.eye(2)), "0 on the diagonal"),
    ],
)
def test_what_is_no_measure_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
