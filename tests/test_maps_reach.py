"""The picture of the reachable-power curve: what is drawn and what it says."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import three_mismatches as tm
from power_and_fibre import layers, study
from three_mismatches import maps
from three_mismatches.maps.reach import spread


def drawn(use="cloud", **changed):
    return maps.reach_curve(tm.mismatch.reach(study({**layers(), **changed})), use=use)


@pytest.fixture(scope="module")
def ax():
    return drawn()


def words(ax):
    told = ax.get_legend().get_texts() if ax.get_legend() else []
    return [text.get_text() for text in (*ax.texts, *told)]


def test_it_tells_what_is_within_the_budget_and_what_has_no_path(ax):
    assert "Within the budget of 1 ms: 58 of 72 MW; 2 MW have no fibre path" in words(ax)
    assert "at most 10 km of fibre to build: 65 MW" in words(ax)
    assert ax.get_xlabel().endswith("[ms]")
    assert ax.get_ylabel().endswith("[MW]")


def test_each_area_with_power_in_reach_is_named_beside_its_band(ax):
    assert {"a  20 MW", "b  50 MW"} <= set(words(ax))
    assert not any(text.startswith("c ") for text in words(ax))


def test_no_words_lie_on_others(ax):
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts if text.get_text()]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_the_budget_is_named_above_the_curve_and_below_the_legend(ax):
    ax = maps.reach_curve(tm.mismatch.reach(study()), use="cloud", within_km=(1.0, 10.0, 50.0))
    ax.figure.canvas.draw()
    named = next(text for text in ax.texts if text.get_text() == "1 ms").get_window_extent()
    curve = max(line.get_xydata()[:, 1].max() for line in ax.lines if line.get_label().startswith("_"))
    assert named.y0 > ax.transData.transform((0.0, curve))[1]
    assert not any(named.overlaps(text.get_window_extent()) for text in ax.get_legend().get_texts())


def test_sources_stand_below_unless_they_are_not_wanted(ax):
    assert any(text.startswith("Sources. Areas:") for text in words(ax))
    reach = tm.mismatch.reach(study())
    assert not any("Sources" in text for text in words(maps.reach_curve(reach, use="cloud", sources=())))
    other = Figure().add_subplot()
    assert maps.reach_curve(reach, use="batch", within_km=(), ax=other) is other


def test_nothing_to_spare_and_no_budget_are_drawn_all_the_same():
    areas = {name: {**row, "firm_mw": 1.0, "net_import_mw": 0.0} for name, row in layers()["areas"].items()}
    found = drawn("any", areas=areas, budgets={"any": {"hub_kind": "cloud"}})
    assert "0 MW to spare; no budget is known" in words(found)


def test_too_many_lengths_cannot_be_told_apart():
    with pytest.raises(ValueError, match="at most 3"):
        maps.reach_curve(tm.mismatch.reach(study()), use="cloud", within_km=(1.0, 2.0, 3.0, 4.0))


@given(st.lists(st.floats(0.0, 100.0), max_size=12))
def test_names_are_moved_apart_and_keep_their_order(heights):
    found = spread(np.sort(np.array(heights)), step=3.0, low=1.0)
    assert (np.diff(found) >= 3.0 - 1e-9).all()
    assert (found >= 1.0 - 1e-9).all()
