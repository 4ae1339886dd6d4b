"""Watts or bits, in km, years and money."""

from __future__ import annotations

import numpy as np
import pytest

import three_mismatches as tm
from power_and_fibre import FAR_MS, MS_PER_KM, layers, site, study
from three_mismatches.geodesy import distance_km

UP = float(distance_km(0.5, 0.6, 0.5, 0.5))
HILL_KM = float(distance_km(0.5, 0.5, 0.5, 0.0))
SITES = {
    "top": site(0.5, 0.6, request_mw=10.0),
    "west": site(0.2, 0.0, request_mw=10.0),
    "large": site(0.2, 0.0, request_mw=30.0),
    "huge": site(0.2, 0.0, request_mw=90.0),
    "isle": site(5.5, 0.0, request_mw=30.0),
    "unknown": site(0.2, 0.0),
}


@pytest.fixture(scope="module")
def found():
    return tm.mismatch.watt_bit(study(layers(**SITES)))


def test_watts_come_by_the_shortest_line_from_an_area_with_enough(found):
    assert found["source"].dropna().to_dict() == {
        "top": "gas-hill",
        "west": "gas-a",
        "large": "gas-ab",
        "isle": "hydro-b",
    }
    assert found.loc["top", ["line_km", "fibre_km"]].tolist() == pytest.approx([UP, HILL_KM])
    assert found.loc["large", "source_area"] == "b"


def test_costs_and_years_are_those_of_the_assumptions(found):
    row = found.loc["top"]
    assert row["watt_bit"] == pytest.approx(UP * 400.0 / (HILL_KM * 4.0))
    assert row["watt_bit_low"] == pytest.approx(UP * 200.0 / (HILL_KM * 9.0))
    assert row["watt_bit_high"] == pytest.approx(UP * 900.0 / (HILL_KM * 2.0))
    assert row["break_even_km"] == pytest.approx(100.0 * UP)
    assert row[["line_years", "fibre_years", "years_saved"]].tolist() == [10.0, 1.0, 9.0]


def test_where_no_fibre_has_to_be_built_bits_are_free(found):
    row = found.loc["west"]
    assert (row["fibre_km"], row["watt_bit"], row["cheaper"]) == (0.0, np.inf, "bits")
    assert row["fibre_years"] == 0.0


def test_bits_take_longer_from_the_power_and_may_miss_the_budget(found):
    row = found.loc["top"]
    assert row["source_rtt_ms"] == pytest.approx(HILL_KM * MS_PER_KM)
    assert row["extra_ms"] == pytest.approx(row["source_rtt_ms"] - row["rtt_ms"])
    assert row["keeps_budget"]
    far = found.loc["isle"]
    assert far["source_rtt_ms"] == pytest.approx(FAR_MS)
    assert not far["keeps_budget"]


def test_between_zones_the_line_is_of_direct_current(found):
    row = found.loc["isle"]
    assert (row["line_kind"], row["line_years"]) == ("HVDC", 11.0)
    assert row["line_mjpy"] == pytest.approx(2075.0 * row["line_km"])


def test_without_enough_power_or_a_request_there_is_no_comparison(found):
    figures = found.loc[
        ["huge", "unknown"], ["line_km", "watt_bit", "line_years", "fibre_years", "years_saved"]
    ]
    assert figures.isna().all(axis=None)
    assert found.loc[["huge", "unknown"], "cheaper"].tolist() == ["", ""]


def test_a_line_of_no_known_kind_has_no_price():
    rows = layers(**SITES)
    rows["areas"] = {name: {**row, "zone": None} for name, row in rows["areas"].items()}
    row = tm.mismatch.watt_bit(study(rows), "top").loc["top"]
    assert np.isnan(row[["line_mjpy", "watt_bit", "line_years"]].astype(float)).all()
    assert row["line_km"] == pytest.approx(UP)


def test_dearer_fibre_is_taken_at_its_word():
    row = tm.mismatch.watt_bit(study(layers(**SITES), fibre_mjpy_per_km=4000.0), "top").loc["top"]
    assert row["cheaper"] == "watts"
    assert row["watt_bit_low"] == pytest.approx(UP * 200.0 / (HILL_KM * 4000.0))


def test_one_site_can_be_asked_for_and_must_be_there(found):
    one = tm.mismatch.watt_bit(study(layers(**SITES)), "top")
    assert one.index.tolist() == ["top"]
    assert one["line_km"].tolist() == found.loc[["top"], "line_km"].tolist()
    with pytest.raises(ValueError, match="'west'"):
        tm.mismatch.watt_bit(study(layers(**SITES)), "wst")
