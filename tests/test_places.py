"""Candidate places: which there are, which no other beats, and what a site could have there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

import three_mismatches as tm
from power_and_fibre import FAR_MS, layers, site, study
from three_mismatches import match
from three_mismatches.layers.settings import Settings
from three_mismatches.mismatch import on_front

few = st.lists(st.integers(0, 4), min_size=9, max_size=9)
OFFICE = {"kind": "population", "weight": 1.0, "node": "n1.5", "geometry": Point(1.6, 0.0)}


def solved(**sites):
    rows = layers(**sites)
    return study({**rows, "hubs": {**rows["hubs"], "office": OFFICE}}).solve()


@pytest.fixture(scope="module")
def result():
    """Return the answer of sites that are and are not on the front: s asks 50 at the hub, t 5 where no node is."""
    return solved(s=site(0.5, 0.0, request_mw=50.0), t=site(0.5, 0.6, request_mw=5.0), u=site(0.5, 0.0))


def front_by_pairs(mw, ms, km):
    """Return the front by comparing each place with each other."""
    rows = np.column_stack([ms, -mw, km])
    as_good = (rows[:, None] <= rows[None, :]).all(axis=2)
    better = (rows[:, None] < rows[None, :]).any(axis=2)
    return ~(as_good & better).any(axis=0)


@given(few, few, few)
def test_the_front_is_that_of_all_pairs_with_ties(mw, ms, km):
    figures = [np.array(values, dtype=float) for values in (mw, ms, km)]
    assert on_front(*figures).tolist() == front_by_pairs(*figures).tolist()


def test_ten_thousand_places_agree_with_all_pairs_where_they_are_asked():
    rng = np.random.default_rng(7)
    figures = rng.integers(0, 1000, (3, 10_000)).astype(float)
    front = on_front(*figures)
    inside = figures[:, np.append(np.flatnonzero(front), np.arange(200))]
    assert front_by_pairs(*inside)[: front.sum()].all()
    assert on_front(*figures[:, ::-1]).tolist() == front[::-1].tolist()


def test_what_is_not_known_is_on_no_front():
    nothing = on_front(
        np.array([np.nan, 1.0, 1.0]), np.array([0.0, np.inf, 1.0]), np.array([0.0, 0.0, np.nan])
    )
    assert not nothing.any()


def test_offices_are_candidates_beside_fibre_nodes(result):
    places = result.places
    assert places["kind"].to_dict() == dict.fromkeys(("n0.5", "n1.5", "n5.5", "n5.6"), "fibre node") | {
        "office": "office"
    }
    assert places["headroom_mw"].loc[["n0.5", "office"]].tolist() == pytest.approx([34.0, 59.0])
    assert (places["model"] == "area").all()


def test_of_two_places_with_one_id_the_second_is_told_apart():
    rows = layers()
    frames = study({**rows, "hubs": {**rows["hubs"], "n0.5": OFFICE}}).tables
    _, _, places = match.in_its_year(frames, Settings(), tm.assumptions.resolve())
    assert places.index.tolist() == ["n0.5", "n1.5", "n5.5", "n5.6", "office n0.5"]


def test_the_front_names_what_each_place_offers(result):
    found = tm.mismatch.pareto(result, use="cloud")
    assert found.index[found["on_front"]].tolist() == [
        "n0.5",
        "n1.5",
    ]  # the office hosts as much, farther off
    assert found.loc["n1.5", "rtt_ms"] == pytest.approx(FAR_MS)
    assert found["keeps_budget"].to_dict() == {
        "n0.5": True,
        "n1.5": False,
        "office": False,
        "n5.5": False,
        "n5.6": False,
    }
    assert isinstance(found, gpd.GeoDataFrame)


def test_a_place_is_no_better_for_more_than_is_asked(result):
    found = tm.mismatch.pareto(result, use="cloud", request_mw=30.0)
    assert found.index[found["on_front"]].tolist() == ["n0.5"]
    assert found["deliverable_mw"].max() == 30.0
    with pytest.raises(ValueError, match="'batch'"):
        tm.mismatch.pareto(result, use="batches")


def test_a_site_on_the_front_is_beaten_in_nothing(result):
    row = tm.mismatch.front_gaps(result).loc["s"]
    assert row[["more_mw", "less_ms", "less_km"]].tolist() == [0.0, 0.0, 0.0]
    assert row[["more_mw_place", "less_ms_place", "less_km_place"]].isna().all()


def test_a_site_off_the_front_is_told_what_it_could_have_for_nothing(result):
    row = tm.mismatch.front_gaps(result).loc["t"]
    own = result.sites.loc["t"]
    assert (row["less_ms"], row["less_ms_place"]) == (own["rtt_ms"], "n0.5")
    assert (row["less_km"], row["less_km_place"]) == (own["build_km"], "n0.5")
    assert row["more_mw"] == 0.0


def test_without_a_request_no_site_is_judged(result):
    assert np.isnan(tm.mismatch.front_gaps(result).loc["u", "more_mw"])


def test_regret_counts_only_places_within_the_budget(result):
    """Of 50 MW the hub hosts 34; b would host them all, but 2 ms are beyond the budget of cloud."""
    assert result.sites.loc["s", ["power_gap_mw", "regret_mw"]].tolist() == pytest.approx([16.0, 0.0])
    batch = solved(s=site(0.5, 0.0, request_mw=50.0, use="batch")).sites.loc["s"]
    assert (batch["regret_mw"], batch["regret_place"]) == (pytest.approx(16.0), "n1.5")
