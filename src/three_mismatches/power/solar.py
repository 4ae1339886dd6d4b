"""Hourly output of a solar plant from a clear sky and synthetic clouds: no weather is downloaded."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

from three_mismatches.assumptions import ASSUMPTIONS, resolve
from three_mismatches.errors import Fault, LayerError

__all__ = ["NAGOYA_CLEARNESS", "SYNTHETIC", "SolarPlant", "SolarProfile", "solar_profile"]

Floats = NDArray[np.float64]

NAGOYA_CLEARNESS = (0.759, 0.700, 0.671, 0.648, 0.614, 0.546, 0.578, 0.676, 0.641, 0.710, 0.740, 0.767)
"""Global irradiation over that of a clear sky in Nagoya, by month [-]: `scripts/make_solar_profile.py` finds it
from the two sources named in `data/japan/solar_normals.csv`."""

SYNTHETIC = "synthetic weather"
"""What every profile made here is labelled with: no hour of it was ever measured."""

INVERTER_EFFICIENCY = 0.96
"""Nominal efficiency of inverters: default of pvlib's `inverter.pvwatts`, after PVWatts version 5."""

WARMEST_DAY = 210
"""Day of the year on which air is warmest in Japan: end of July, start of August."""

MONTHS = 12


@dataclass(frozen=True)
class SolarPlant:
    """
    A solar plant on fixed tilt.

    Attributes
    ----------
    lon, lat
        Position. [degrees]
    p_ac_mw, p_dc_mw
        What inverters give at most, and what panels are rated at. [MW]
    tilt, azimuth
        Of the panels, from the horizontal and clockwise from north. [degrees]
    """

    lon: float
    lat: float
    p_ac_mw: float
    p_dc_mw: float
    tilt: float = ASSUMPTIONS["solar_tilt"].value
    azimuth: float = 180.0


@dataclass(frozen=True, eq=False)
class SolarProfile:
    """
    One year of a solar plant under synthetic weather.

    Attributes
    ----------
    plant
        The plant.
    hours
        Indexed by the start of each hour, in the hour zone of the plant's meridian: `ghi_clear_w_m2`, `ghi_w_m2`
        [W/m2], `p_mw` [MW].
    label
        What the hours are: never a measurement.
    """

    plant: SolarPlant
    hours: pd.DataFrame
    label: str = SYNTHETIC

    @property
    def gwh(self) -> float:
        """Output of the year. [GWh]"""
        return float(self.hours["p_mw"].sum()) / 1e3

    @property
    def capacity_factor(self) -> float:
        """Mean output over what the inverters give at most. [-]"""
        return float(self.hours["p_mw"].mean()) / self.plant.p_ac_mw

    @property
    def ghi_kwh_m2(self) -> float:
        """Global horizontal irradiation of the year. [kWh/m2]"""
        return float(self.hours["ghi_w_m2"].sum()) / 1e3


def solar_profile(
    plant: SolarPlant,
    *,
    clearness: Sequence[float] = NAGOYA_CLEARNESS,
    seed: int | None = 0,
    year: int = 2025,
    assume: Mapping[str, float] | str | Path | None = None,
) -> SolarProfile:
    """
    Return the output of a solar plant in each hour of a year of synthetic weather; needs the extra `solar`.

    Parameters
    ----------
    plant
        The plant.
    clearness
        Global irradiation over that of a clear sky, for each month; Nagoya's by default. [-]
    seed
        Of the weather: the same seed gives the same year. None gives every hour of a month the same clearness, without
        one cloudy day, which flatters hourly matching.
    year
        Calendar year; a leap year has 8,784 hours.
    assume
        Assumptions to replace, those that begin with `solar_` and `air_`.

    Returns
    -------
    profile
        Hours, annual energy and capacity factor.

    Raises
    ------
    ImportError
        If pvlib is not installed.
    LayerError
        If the plant is nowhere or has no size, or there are not twelve shares.

    Notes
    -----
    Clear sky after Ineichen with pvlib's monthly turbidity, at sea level, at the middle of each hour. Clouds are two
    nested processes: each day's clearness has a beta distribution about its month's mean, each hour's one about its
    day's; both remember the step before. A beta variable of mean m has the standard deviation s (m (1 - m))^1/2, with
    s the assumption `solar_daily_spread` or `solar_hourly_spread`; light is never more than the clear sky's. Diffuse
    light after Erbs, on the panels after Hay and Davies, cells after PVsyst, panels and inverters after PVWatts.

    References
    ----------
    .. [1] V. A. Graham, K. G. T. Hollands, "A method to generate synthetic hourly solar radiation globally", Solar
       Energy 44 (6), 1990: beta-distributed hours within the day, correlated 0.54 from one to the next.
    .. [2] W. F. Holmgren, C. W. Hansen, M. A. Mikofski, "pvlib python", Journal of Open Source Software 3 (29), 2018.
    .. [3] A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014.
    """
    values = resolve(assume)
    _refuse(plant, clearness)
    zone = f"Etc/GMT{-round(plant.lon / 15.0):+d}"
    start = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", tz=zone, inclusive="left")
    normals = np.minimum(np.asarray(clearness) * values["solar_clearness_factor"], 1.0)
    sky = _Sky.over(plant, start + pd.Timedelta(minutes=30))
    ghi = sky.ghi * _clouds(normals[start.month - 1], values, seed)
    hours = {"ghi_clear_w_m2": sky.ghi, "ghi_w_m2": ghi, "p_mw": _output(plant, sky, ghi, values)}
    return SolarProfile(plant, pd.DataFrame(hours, index=start.rename("start")))


@dataclass(frozen=True, eq=False)
class _Sky:
    """Where the sun is, and what a clear sky lets through. [degrees, W/m2]"""

    day_of_year: NDArray[np.int64]
    zenith: Floats
    apparent_zenith: Floats
    azimuth: Floats
    extra: Floats
    ghi: Floats

    @classmethod
    def over(cls, plant: SolarPlant, times: pd.DatetimeIndex) -> _Sky:
        """Return the sky over a plant."""
        clearsky, solarposition, atmosphere, irradiance = (
            _pvlib(name) for name in ("clearsky", "solarposition", "atmosphere", "irradiance")
        )
        sun = solarposition.get_solarposition(times, plant.lat, plant.lon)
        day = times.day_of_year.to_numpy(dtype=np.int64)
        extra = irradiance.get_extra_radiation(day)
        haze = clearsky.lookup_linke_turbidity(times, plant.lat, plant.lon, interp_turbidity=False)
        apparent = sun["apparent_zenith"].to_numpy()
        airmass = atmosphere.get_absolute_airmass(atmosphere.get_relative_airmass(apparent))
        with np.errstate(divide="ignore", invalid="ignore"):  # the night divides by its own darkness
            clear = clearsky.ineichen(apparent, airmass, haze.to_numpy(), altitude=0, dni_extra=extra)
        zenith, azimuth = sun["zenith"].to_numpy(), sun["azimuth"].to_numpy()
        return cls(day, zenith, apparent, azimuth, extra, np.nan_to_num(clear["ghi"]))


def _clouds(normals: Floats, values: Mapping[str, float], seed: int | None) -> Floats:
    """Return the clearness of each hour; its expectation is the normal of its month."""
    if seed is None:
        return normals
    random = np.random.default_rng(seed)
    days = len(normals) // 24
    of_day = _beta(
        normals[12::24], _steady(random, days, values["solar_daily_memory"]), values["solar_daily_spread"]
    )
    drawn = _steady(random, len(normals), values["solar_hourly_memory"])
    return _beta(np.repeat(of_day, 24), drawn, values["solar_hourly_spread"])


def _steady(random: np.random.Generator, size: int, memory: float) -> Floats:
    """Return the uniform marks of a normal process that remembers a share of the step before."""
    drawn = random.standard_normal(size)
    drawn[1:] *= np.sqrt(1.0 - memory**2)
    remembered = itertools.accumulate(drawn.tolist(), lambda before, new: new + memory * before)
    return np.asarray(ndtr(np.fromiter(remembered, np.float64, size)))


def _beta(mean: Floats, mark: Floats, spread: float) -> Floats:
    """Return beta quantiles of a mean, `spread` being the standard deviation over the most that the mean allows."""
    if spread == 0.0:
        return mean
    inside = np.clip(mean, 1e-3, 1.0 - 1e-3)
    weight = 1.0 / spread**2 - 1.0
    return np.asarray(betaincinv(inside * weight, (1.0 - inside) * weight, mark))


def _output(plant: SolarPlant, sky: _Sky, ghi: Floats, values: Mapping[str, float]) -> Floats:
    """Return the AC output under a global irradiance. [MW]"""
    irradiance, temperature, pvsystem, inverter = (
        _pvlib(name) for name in ("irradiance", "temperature", "pvsystem", "inverter")
    )
    parts = irradiance.erbs(ghi, sky.zenith, sky.day_of_year)
    facing = (plant.tilt, plant.azimuth, sky.apparent_zenith, sky.azimuth)
    light = (parts["dni"], ghi, parts["dhi"])
    on_panels = irradiance.get_total_irradiance(*facing, *light, dni_extra=sky.extra, model="haydavies")
    panels = np.nan_to_num(on_panels["poa_global"])
    season = np.cos(2.0 * np.pi * (sky.day_of_year - WARMEST_DAY) / 365.0)
    cells = temperature.pvsyst_cell(panels, values["air_mean_c"] + values["air_swing_c"] * season)
    direct = pvsystem.pvwatts_dc(panels, cells, plant.p_dc_mw, values["solar_per_kelvin"])
    given = inverter.pvwatts(
        direct * (1.0 - values["solar_loss"]),
        plant.p_ac_mw / INVERTER_EFFICIENCY,
        eta_inv_nom=INVERTER_EFFICIENCY,
    )
    return np.asarray(given, dtype=np.float64)


def _pvlib(name: str) -> ModuleType:
    """Return a module of pvlib, or say how to get it."""
    try:
        return importlib.import_module(f"pvlib.{name}")
    except ImportError as error:
        msg = (
            'solar profiles need pvlib: pip install "three-mismatches[solar]". '
            "Without it `three_mismatches.japan_solar_profile()` has a year that is already made."
        )
        raise ImportError(msg) from error


def _refuse(plant: SolarPlant, clearness: Sequence[float]) -> None:
    """Raise one error that names every fault of a plant and its weather."""
    bounds = {"lon": 180.0, "lat": 90.0, "azimuth": 360.0}
    wrong = [
        Fault("solar_profile", name, f"is {getattr(plant, name)}", f"Give -{most:g} to {most:g} degrees")
        for name, most in bounds.items()
        if not abs(getattr(plant, name)) <= most
    ]
    wrong += [
        Fault("solar_profile", name, f"is {getattr(plant, name)}", "Give MW above 0")
        for name in ("p_ac_mw", "p_dc_mw")
        if not 0.0 < getattr(plant, name) < np.inf
    ]
    if not 0.0 <= plant.tilt <= 90.0:
        wrong.append(Fault("solar_profile", "tilt", f"is {plant.tilt}", "Give 0 to 90 degrees"))
    shares = np.asarray(clearness, dtype=np.float64)
    if shares.shape != (MONTHS,) or not ((shares >= 0.0) & (shares <= 1.0)).all():
        cure = "Give the share of the clear sky's light for each of twelve months, 0 to 1"
        wrong.append(Fault("solar_profile", "clearness", f"is {list(clearness)}", cure))
    if wrong:
        raise LayerError(wrong)
