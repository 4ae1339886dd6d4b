"""The year of a new request at each place, held against the simulation of the study with that site in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

import three_mismatches as tm
from conftest import tables_of
from test_delay import lead, one_area
from test_delay_oracle import random_studies
from three_mismatches.layers.settings import Settings

CERTAIN = {"realisation": 1.0}
LAST = "2027-12-31"
"""After every other application."""


def study_of(layers, **assume):
    return tm.Study(tables_of(layers), Settings(year=2034, assume={**CERTAIN, **assume}))


def one_asker(**changed):
    """Return the area of `one_area` with a site that leaves 40 of 140 MW until 60 more come in 2033."""
    layers = one_area(**changed)
    layers["sites"]["s"] |= {"request_mw": 10.0}
    return {**layers, "phases": {}}


def years_of(layers, mw, **assume):
    return tm.delay.time_to_power(study_of(layers, **assume), mw=mw, draws=20)


def test_a_request_waits_for_the_supply_that_the_queue_leaves_it():
    places = {mw: years_of(one_asker(), mw).loc["a"] for mw in (30.0, 31.0, 91.0)}
    assert places[30.0][["year_p50", "critical_stream"]].tolist() == [2026.0, "none"]
    assert places[31.0][["year_p10", "year_p90", "critical_stream"]].tolist() == [
        2033.0,
        2033.0,
        "generation",
    ]
    assert np.isnan(places[91.0]["year_p50"])


def test_what_does_not_come_by_the_last_year_says_why():
    place = years_of(one_asker(), 91.0).loc["a"]
    assert place["comes_share"] == 0.0
    assert place["reason"] == "not by 2045 in 100 % of draws; generation is most often the slowest"
    assert years_of(one_asker(), 30.0).at["a", "reason"] == ""


def test_a_pocket_is_a_place_of_its_own_with_its_own_wait():
    layers = one_asker(
        pockets={"p": {"limit_mw": 5.0, "load_mw": 0.0, "geometry": box(0, 0, 0.4, 0.4)}},
        lead_times={
            "c": lead("connection", 2.5, 2.5, 2.5),
            "p": lead("connection", 4.5, 4.5, 4.5, place="p"),
        },
    )
    found = years_of(layers, 4.0)
    assert found["kind"].to_dict() == {"a": "area", "p": "pocket"}
    assert (found["year_p50"] - found.at["a", "year_p50"]).to_dict() == {"a": 0.0, "p": 2.0}
    assert years_of(layers, 6.0).loc["p", ["comes_share", "critical_stream"]].tolist() == [0.0, "network"]


def test_building_and_fibre_are_left_out():
    slow = {"b": lead("building", 9.0, 9.0, 9.0), "f": lead("fibre", 9.0, 9.0, 9.0)}
    assert years_of(one_asker(lead_times=slow), 30.0).at["a", "year_p50"] == 2026.0


def test_a_study_without_sites_has_places_too():
    found = years_of(one_area(sites={}, phases={}), 40.0)
    assert found.loc["a", ["year_p50", "comes_share"]].tolist() == [2026.0, 1.0]


@pytest.mark.parametrize("mw", [0.0, -1.0, np.nan, np.inf])
def test_a_size_that_is_none_raises(mw):
    with pytest.raises(ValueError, match="mw must be a size above 0 MW"):
        years_of(one_asker(), mw)


def with_site(layers, place, mw):
    asks = {"geometry": place, "status": "planned", "request_mw": mw, "applied": LAST}
    return {**layers, "sites": {**layers["sites"], "zz": asks}}


@given(random_studies(), st.sampled_from([5.0, 30.0, 90.0]))
def test_a_place_waits_as_a_site_there_at_the_end_of_the_queue_would(layers, mw):
    layers = {**layers, "lead_times": {k: v for k, v in layers["lead_times"].items() if k in "cps"}}
    anchor = {"geometry": Point(1.5, 0.5), "status": "planned", "request_mw": 1.0, "applied": LAST}
    layers["sites"] = {**layers["sites"], "zy": anchor}
    found = years_of(layers, mw)
    for name, place in {"a": Point(0.75, 0.5), "b": Point(1.5, 0.5), "p": Point(0.25, 0.5)}.items():
        simulated = tm.delay.simulate(study_of(with_site(layers, place, mw)), draws=20).sites.loc["zz"]
        came = simulated["time_to_power_y"] < 20
        wanted = np.floor(2026 + simulated["time_to_power_y"]) if came else np.nan
        assert found.at[name, "year_p50"] == pytest.approx(wanted, nan_ok=True)
        assert found.at[name, "comes_share"] == pytest.approx(1.0 - simulated["never_share"])


@given(random_studies(), st.floats(1.0, 100.0), st.floats(1.0, 3.0))
def test_more_never_comes_sooner(layers, mw, times):
    less, more = years_of(layers, mw), years_of(layers, mw * times)
    assert (less["comes_share"] >= more["comes_share"]).all()
    for year in ("year_p10", "year_p50", "year_p90"):
        assert (less[year].fillna(9999) <= more[year].fillna(9999)).all()


@pytest.mark.slow
def test_places_of_japan_wait_as_their_last_site_would():
    japan = tm.japan()
    leads = japan.tables.lead_times
    tables = replace(japan.tables, lead_times=leads[~leads["stream"].isin(["building", "fibre"])])
    study = tm.Study(tables, japan.settings)
    found = tm.delay.time_to_power(study, mw=300.0, draws=1000)
    for place in ("hokkaido", "tokyo", "inzai-shiroi"):
        point = found.geometry[place].representative_point()
        if place == "tokyo":
            point = Point(139.2, 36.4)
        site = study.sites.iloc[[0]].assign(
            request_mw=300.0, in_base_mw=0.0, status="planned", applied="2026-07", part_of=None, area=None
        )
        site = site.set_axis(pd.Index(["zz"], name=study.sites.index.name)).set_geometry([point], crs=4326)
        longer = tm.Study(replace(tables, sites=pd.concat([study.sites, site])), japan.settings)
        one = tm.delay.simulate(longer, draws=1000)
        assert found.at[place, "year_p50"] == pytest.approx(
            2026 + one.sites.at["zz", "time_to_power_y"], abs=1.0
        )
        assert found.at[place, "comes_share"] == pytest.approx(
            1 - one.sites.at["zz", "never_share"], abs=0.05
        )
