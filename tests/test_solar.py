"""The synthetic solar year against pvlib itself, its two normals, and the one that ships."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import three_mismatches as tm
from three_mismatches.errors import LayerError
from three_mismatches.power import SolarPlant, match_hourly, solar_profile

INUYAMA = SolarPlant(136.944167, 35.378611, 25.0, 31.0)
SUNLESS_DAYS = 48.4
"""Normal of days without sunshine in Aichi, and the most clearness that such a day has. [days a year]"""
SUNLESS = 1 / 3


@pytest.fixture(scope="module")
def made():
    return solar_profile(INUYAMA)


@pytest.mark.filterwarnings("ignore")  # pvlib's own, of its way through pandas
def test_the_clear_sky_is_that_of_pvlib(made):
    location = pytest.importorskip("pvlib.location").Location(INUYAMA.lat, INUYAMA.lon, altitude=0)
    clearsky = pytest.importorskip("pvlib.clearsky")
    hours = made.hours.loc["2025-06-20":"2025-06-22", "ghi_clear_w_m2"]
    times = hours.index + pd.Timedelta(minutes=30)
    haze = clearsky.lookup_linke_turbidity(times, INUYAMA.lat, INUYAMA.lon, interp_turbidity=False)
    theirs = location.get_clearsky(times, linke_turbidity=haze)["ghi"]
    np.testing.assert_allclose(hours, theirs, atol=0.1)
    assert hours.idxmax().hour == 11


def test_a_plant_gives_nothing_by_night_and_never_more_than_its_inverters(made):
    dark = made.hours["ghi_clear_w_m2"] == 0.0
    assert made.hours["p_mw"].between(0.0, INUYAMA.p_ac_mw).all()
    assert made.hours.loc[dark, "p_mw"].max() == 0.0
    assert solar_profile(replace(INUYAMA, p_dc_mw=60.0)).hours["p_mw"].max() == pytest.approx(INUYAMA.p_ac_mw)
    assert (made.hours["ghi_w_m2"] <= made.hours["ghi_clear_w_m2"] + 1e-9).all()


def test_the_same_seed_is_the_same_year_and_another_is_not(made):
    again, other = (solar_profile(INUYAMA, seed=seed).hours["p_mw"] for seed in (0, 1))
    pd.testing.assert_series_equal(made.hours["p_mw"], again)
    assert not np.allclose(again, other)


def test_without_clouds_the_year_has_its_normal_and_flatters_hourly_matching(made):
    bare = solar_profile(INUYAMA, seed=None)
    assert bare.ghi_kwh_m2 == pytest.approx(13.5 * 365 / 3.6, rel=0.01)
    cloudy, clear = (match_hourly(10.0, year.hours["p_mw"]) for year in (made, bare))
    assert clear.volumetric == pytest.approx(cloudy.volumetric, rel=0.05)
    assert clear.cfe_own > cloudy.cfe_own + 0.02


def test_the_shipped_year_is_one_that_the_library_makes(made):
    shipped = tm.japan_solar_profile()
    assert (len(shipped), shipped.attrs["label"]) == (8760, "synthetic weather")
    np.testing.assert_allclose(shipped, made.hours["p_mw"] / INUYAMA.p_ac_mw, atol=2e-4)
    assert shipped.attrs["capacity_factor"] == pytest.approx(made.capacity_factor, abs=1e-4)
    assert 30.0 < made.gwh < 45.0


def test_a_leap_year_and_the_south_have_their_hours():
    plant = replace(INUYAMA, lon=-70.0, lat=-35.0, azimuth=0.0)
    hours = solar_profile(plant, year=2024).hours
    assert len(hours) == 8784
    assert str(hours.index.tz) == "Etc/GMT+5"
    month = hours["ghi_clear_w_m2"].groupby(hours.index.month).sum()
    assert month.idxmax() in (12, 1)


def test_every_fault_of_a_plant_is_told_at_once():
    wrong = SolarPlant(lon=500.0, lat=np.nan, p_ac_mw=0.0, p_dc_mw=-1.0, tilt=91.0)
    with pytest.raises(LayerError, match="6 problems"):
        solar_profile(wrong, clearness=[0.5] * 11)


def test_without_pvlib_the_cure_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pvlib.clearsky", None)
    with pytest.raises(ImportError, match=r"three-mismatches\[solar\].*japan_solar_profile"):
        solar_profile(INUYAMA)


@pytest.mark.slow
def test_twenty_years_have_their_normal_irradiation_and_sunless_days():
    years = [solar_profile(INUYAMA, seed=seed).hours for seed in range(20)]
    irradiation = [hours["ghi_w_m2"].sum() / 1e3 for hours in years]
    days = [hours.resample("D").sum() for hours in years]
    sunless = [(day["ghi_w_m2"] < SUNLESS * day["ghi_clear_w_m2"]).sum() for day in days]
    assert np.mean(irradiation) == pytest.approx(13.5 * 365 / 3.6, rel=0.02)
    assert 0.02 < np.std(irradiation) / np.mean(irradiation) < 0.06
    assert np.mean(sunless) == pytest.approx(SUNLESS_DAYS, abs=5.0)
