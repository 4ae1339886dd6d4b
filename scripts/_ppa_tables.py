"""The tables of docs/reference/ppa.md, from the embedded Japan and the solar profile."""

from __future__ import annotations

import numpy as np
import pandas as pd

import make_reference
import three_mismatches as tm
from three_mismatches.assumptions import ASSUMPTIONS, ends_of, resolve
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.match import in_its_year
from three_mismatches.power import HourlyMatch, SolarPlant, deliverable, match_hourly, solar_profile

CONTRACT = "shizen-inuyama"
CASES = ((25.0, 10.0), (100.0, 10.0), (100.0, 50.0))
"""AC capacity of the plant and flat load. [MW]"""
SEEDS = range(20)
"""Weather years of the ranges."""
MARKET_TWH = 66.0
"""Demand of Japan's data centres in 2034, Wood Mackenzie. [TWh]"""
YEARS = ((2026, "outlook"), (2034, "high"))
MOVED = ("solar_tilt", "solar_clearness_factor", "solar_daily_spread", "solar_hourly_spread", "solar_loss")

OPENING = """# The solar contract of Aichi, hour by hour

Every figure here is computed; [how, and what it leaves out](../ppa.md), is told elsewhere. The weather is
**synthetic**: no output of the plant is published. Loads are flat.
"""


def page() -> str:
    """Return the page without its head."""
    row = tm.japan_contracts().loc[CONTRACT]
    plant = SolarPlant(row["lon"], row["lat"], row["p_ac_mw"], row["p_dc_mw"])
    shares = {seed: per_unit(plant, seed) for seed in (None, *SEEDS)}
    parts = [
        OPENING,
        "## Over the year, and hour by hour\n\n" + cases(shares),
        "## Can it reach the sites?\n\n" + reach(str(row["area"])),
        "## What moves it\n\n" + moved(plant),
        "## The contracts\n\n" + contracts(),
    ]
    return "\n".join(parts)


def per_unit(plant: SolarPlant, seed: int | None) -> np.ndarray:
    """Return a year's output per unit of AC capacity; a constant clearness for no seed."""
    return solar_profile(plant, seed=seed).hours["p_mw"].to_numpy() / plant.p_ac_mw


def cases(shares: dict[int | None, np.ndarray]) -> str:
    shipped = tm.japan_solar_profile().to_numpy()
    heading = ["plant", "load", "GWh a year", "of 66 TWh", "volumetric", "`cfe_own`", "hours met in full", "excess",
               "`cfe_own` without clouds"]  # fmt: skip
    rows = []
    for plant_mw, load_mw in CASES:
        found = match_hourly(load_mw, plant_mw * shipped)
        years = [match_hourly(load_mw, plant_mw * shares[seed]) for seed in SEEDS]
        rows.append(
            [
                f"{plant_mw:g} MW",
                f"{load_mw:g} MW",
                f"{found.contracted_mwh / 1e3:.1f} {span([y.contracted_mwh / 1e3 for y in years], 1)}",
                f"{100 * found.contracted_mwh / (MARKET_TWH * 1e6):.3f} %",
                f"{found.volumetric:.3f} {span([y.volumetric for y in years])}",
                f"{found.cfe_own:.3f} {span([y.cfe_own for y in years])}",
                f"{found.full_hours:,.0f}",
                f"{100 * found.excess_mwh / found.contracted_mwh:.0f} %",
                f"{match_hourly(load_mw, plant_mw * shares[None]).cfe_own:.3f}",
            ]
        )
    return CASES_TOLD + make_reference.markdown_table(heading, rows)


CASES_TOLD = (
    f"The year that ships, and in brackets the least and the most of {len(SEEDS)} weather years. The last column "
    "gives every hour of a month the same clearness: without one cloudy day the hourly figure is too high. 100 MW is "
    "what four contracts of the same buyer and seller hold together; here they all stand in Aichi, which they do not."
    "\n\n"
)


def span(values: list[float], digits: int = 3) -> str:
    return f"[{min(values):.{digits}f}-{max(values):.{digits}f}]"


def reach(area: str) -> str:
    """Return, for each area with a site, what ties can bring there and what that leaves of the match."""
    output = CASES[0][0] * tm.japan_solar_profile().to_numpy()
    parts = [REACH_TOLD]
    for year, demand in YEARS:
        limits, sites = limits_of(area, year, demand)
        rows = [
            [name, f"{count:.0f}", *(mw(value) for value in limits.loc[name]),
             *(f"{covered(output, value).cfe_deliverable:.3f}" for value in limits.loc[name])]
            for name, count in sites.items()
        ]  # fmt: skip
        heading = [
            "area",
            "sites",
            "lowest, MW",
            "median, MW",
            "at the peak, MW",
            "CFE, lowest",
            "CFE, median",
            "CFE, at the peak",
        ]
        parts.append(f"\n### {year}, {demand} demand\n\n" + make_reference.markdown_table(heading, rows))
    return "".join(parts)


REACH_TOLD = (
    "The most that ties can bring from Chubu: by the lowest operating capacities seen, of all ties at once; by those "
    "of the median half-hour; and what the latter have left when every area draws its peak. Beside them the "
    "`cfe_deliverable` of 25 MW for 10 MW, had every hour of the year that limit. The peak is one hour: for most hours "
    "of a year what is left at the peak is too little, and the other two are upper bounds, for ties carry other power "
    "too.\n"
)


def limits_of(area: str, year: int, demand: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return what ties can bring to each area with a site, by reading [MW], and the number of its sites."""
    study = tm.japan(year=year, demand=demand)
    found = {}
    for name, level in (("lowest", -1.0), ("median", 0.0)):
        now, sites, _ = in_its_year(study.tables, study.settings, resolve({"tie_level": level}))
        found[name] = deliverable(now.grid, area)
    found["peak"] = deliverable(now.grid, area, at_peak=True)
    return pd.DataFrame(found), sites[is_top_level(sites)].groupby("area").size()


def covered(output: np.ndarray, limit: float) -> HourlyMatch:
    return match_hourly(CASES[0][1], output, deliverable_mw=limit)


def mw(value: float) -> str:
    return "-" if np.isinf(value) else f"{value:,.0f}"


def moved(plant: SolarPlant) -> str:
    """Return what each assumption does to the first case."""
    plant_mw, load_mw = CASES[0]
    rows = []
    for name in MOVED:
        for end in ends_of(name):
            facing = plant if name != "solar_tilt" else SolarPlant(*list(vars(plant).values())[:4], tilt=end)
            year = solar_profile(facing, assume=None if name == "solar_tilt" else {name: end})
            found = match_hourly(load_mw, plant_mw * year.hours["p_mw"] / plant.p_ac_mw)
            rows.append([f"`{name}`", f"{end:g}", f"{ASSUMPTIONS[name].value:g}", f"{year.gwh:.1f}",
                         f"{found.volumetric:.3f}", f"{found.cfe_own:.3f}"])  # fmt: skip
    heading = ["assumption", "taken", "default", "GWh a year", "volumetric", "`cfe_own`"]
    return (
        "25 MW for 10 MW, one assumption at a time, the same weather marks.\n\n"
        + make_reference.markdown_table(heading, rows)
    )


def contracts() -> str:
    heading = ["contract", "buyer", "seller", "MW AC", "MW DC", "area", "since", "confidence", "source"]
    rows = [
        [str(row["name"]), row["buyer"], row["seller"], known(row["p_ac_mw"]), known(row["p_dc_mw"]), row["area"],
         known(row["start"]), row["confidence"], row["source"]]
        for _, row in tm.japan_contracts().iterrows()
    ]  # fmt: skip
    return make_reference.markdown_table(heading, rows)


def known(value: object) -> str:
    return "not published" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)
