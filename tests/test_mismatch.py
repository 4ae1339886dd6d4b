"""Regret, reach, the dominant mismatch and the fleet."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from three_mismatches import mismatch


def points(rows: dict[str, dict[str, object]]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index")
    return gpd.GeoDataFrame(frame, geometry=[Point(lon, 0.0) for lon in frame.pop("lon")], crs="EPSG:4326")


def rounds(rtt: dict[str, float], budget: float, *, use: str = "cloud") -> pd.DataFrame:
    """Return the long table of places for one use."""
    index = pd.MultiIndex.from_tuples([(place, use) for place in rtt], names=["fibre_node", "use"])
    return pd.DataFrame({"rtt_ms": list(rtt.values()), "budget_ms": budget}, index=index)


PLACES = points(
    {
        "near": {"lon": 0.0, "headroom_mw": 30.0, "area": "a"},
        "mid": {"lon": 1.0, "headroom_mw": 80.0, "area": "a"},
        "big": {"lon": 2.0, "headroom_mw": 500.0, "area": "b"},
    }
)


def one_site(new_mw: float, headroom_mw: float, *, use: str = "cloud") -> gpd.GeoDataFrame:
    return points({"s": {"lon": 0.1, "new_mw": new_mw, "headroom_mw": headroom_mw, "use": use}})


def test_regret_is_what_the_best_place_within_budget_would_add():
    reach = rounds({"near": 1.0, "mid": 2.0, "big": 9.0}, 5.0)
    found = mismatch.regret(one_site(100.0, 30.0), PLACES, reach)
    assert found.loc["s", "regret_mw"] == 50.0  # mid hosts 80, the site 30; big is beyond the budget
    assert found.loc["s", "regret_place"] == "mid"


def test_regret_names_the_nearest_place_that_hosts_as_much():
    reach = rounds({"near": 1.0, "mid": 1.0, "big": 1.0}, 5.0)
    found = mismatch.regret(one_site(60.0, 10.0), PLACES, reach)
    assert tuple(found.loc["s"]) == (50.0, "mid")


def test_regret_is_unknown_without_a_budget_or_a_request():
    reach = rounds({"near": 1.0, "mid": 1.0, "big": 1.0}, np.nan)
    assert np.isnan(mismatch.regret(one_site(60.0, 10.0), PLACES, reach).loc["s", "regret_mw"])
    reach = rounds({"near": 1.0, "mid": 1.0, "big": 1.0}, 5.0)
    assert np.isnan(mismatch.regret(one_site(np.nan, 10.0), PLACES, reach).loc["s", "regret_mw"])


@given(st.floats(0.1, 1e4), st.floats(0.0, 1e4), st.lists(st.floats(0.0, 20.0), min_size=3, max_size=3))
def test_regret_lies_between_zero_and_the_gap(new_mw, headroom, rtt):
    reach = rounds(dict(zip(PLACES.index, rtt, strict=True)), 10.0)
    value = mismatch.regret(one_site(new_mw, headroom), PLACES, reach).loc["s", "regret_mw"]
    assert 0.0 <= value <= max(0.0, new_mw - headroom)


def test_the_range_spans_value_and_readings_and_is_unknown_where_nothing_was_read():
    fleet = pd.DataFrame({"value": [5.0, 7.0, 9.0]}, index=["gap", "share", "asked"])
    readings = [pd.Series({"gap": 2.0}), pd.Series({"gap": 8.0, "share": 7.5}), pd.Series({"gap": 3.0})]
    found = mismatch.with_range(fleet, readings)
    assert found["low"].tolist()[:2] == [2.0, 7.0]
    assert found["high"].tolist()[:2] == [8.0, 7.5]
    assert found.loc["asked", ["low", "high"]].isna().all()


def row(**changed: object) -> pd.DataFrame:
    base = {
        "request_mw": 100.0,
        "power_gap_mw": 0.0,
        "rtt_ms": 10.0,
        "rtt_gap_ms": 0.0,
        "regret_mw": 0.0,
        "flags": "",
    }
    return pd.DataFrame([{**base, **changed}])


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "none"),
        ({"flags": "local_grid_unknown"}, "unknown"),
        ({"request_mw": np.nan, "flags": "request_unknown"}, "unknown"),
        ({"power_gap_mw": 10.0}, "sites-power"),
        ({"power_gap_mw": 10.0, "flags": "local_grid_unknown"}, "sites-power"),
        ({"rtt_gap_ms": 2.0}, "sites-fibre"),
        ({"power_gap_mw": 20.0, "rtt_gap_ms": 2.0}, "sites-power"),  # 0.2 and 0.2: the order of the pairs
        ({"power_gap_mw": 20.0, "regret_mw": 20.0}, "sites-power"),
        ({"rtt_ms": np.inf, "rtt_gap_ms": np.inf}, "sites-fibre"),
        ({"request_mw": np.nan, "rtt_gap_ms": 2.0, "flags": "request_unknown"}, "sites-fibre"),
    ],
)
def test_the_dominant_mismatch_is_the_largest_unmet_share(changed, expected):
    assert mismatch.dominant_mismatch(row(**changed)).tolist() == [expected]
