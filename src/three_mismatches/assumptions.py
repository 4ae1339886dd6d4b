"""
Every number of the model: value, unit, range, source and date.

Physical constants are plain names. What a user may dispute is an `Assumption` in `ASSUMPTIONS`, and
`assume={"route_factor": 1.5}` (or a TOML file with the same names) replaces its value for one study.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ASSUMPTIONS",
    "FIBRE_REFRACTIVE_INDEX",
    "LIGHT_SPEED_KM_PER_MS",
    "OUTSIDE_SOLVES",
    "SUBMARINE_ROUTE_FACTOR",
    "SYNCHRONOUS_RTT_MS",
    "Assumption",
    "ends_of",
    "resolve",
]

LIGHT_SPEED_KM_PER_MS = 299.792458
"""Speed of light in vacuum [km/ms]; exact by the definition of the metre (SI Brochure, 9th ed., 2019)."""

FIBRE_REFRACTIVE_INDEX = 1.468
"""Group index of standard single-mode fibre at 1550 nm [-]; see `ASSUMPTIONS["refractive_index"]`."""

SYNCHRONOUS_RTT_MS = 2.0
"""Round trip within which cloud zones mirror each other [ms]: Microsoft Learn, availability zones overview, until 2024."""

SUBMARINE_ROUTE_FACTOR = 1.06
"""Stated over drawn length of submarine cables [-]: median of 494 cables, half of them 1.00 to 1.13; computed from
TeleGeography's Submarine Cable Map, API v3, copy of November 2022 (github.com/telegeography/www.submarinecablemap.com)."""


@dataclass(frozen=True)
class Assumption:
    """One disputable number: its default, its range, who says so, and beyond which bounds it has no meaning."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    meaning: str
    source: str
    source_date: str
    possible: tuple[float, float] = (-math.inf, math.inf)


_ALL = (
    Assumption(
        "refractive_index", FIBRE_REFRACTIVE_INDEX, "-", 1.467, 1.469,
        "group index of the fibre at 1550 nm",
        "assumption within what vendors print for single-mode fibre at 1550 nm: 1.467 (G.652.D, HNK Optic product page, hnkoptic.com/indexbda3.html) to 1.469 (G.655, zdfocable.com NewsDetail 1830)",
        "undated",
        possible=(1.0, 3.0),
    ),
    Assumption(
        "route_factor", 1.65, "-", 1.37, 1.99,
        "measured round trip over light along the schematic route's model km; holds detours, slack and equipment",
        "nine measured minima (eight of pings, one of a traceroute) between three pairs of cities on the 48-node model, routes raised to their geodesic: Tokyo-Osaka 1.37 to 1.46 (7.58 to 8.05 ms, WonderNetwork 2018-11 and WonderProxy 2020-07), Osaka-Sapporo 1.68 (22.88 ms), Tokyo-Sapporo 1.80 to 1.99 (16.67 ms, Sakura's Ishikari 2016-12, to 18.36 ms, WonderProxy 2020-07); the default is near the mean of the three pairs, 1.66, the range holds all nine; least squares over the nine give 1.74, by pair 1.71",
        "2020-07",
        possible=(1.0, 10.0),
    ),
    Assumption(
        "cable_slack", 1.03, "-", 1.0, 1.10,
        "length of fibre over the built length of a surveyed route: slack loops and vertical runs",
        "assumption: no source was found",
        "2026",
        possible=(1.0, 3.0),
    ),
    Assumption(
        "equipment_ms", 0.0, "ms", 0.0, 0.14,
        "round-trip time added at each node passed; 0 because the calibrated route factor holds it already",
        "assumption: measured pairs of cities give 0 beside the route factor (`latency.calibrate`); two short all-photonics lines leave 0.18 ms (35 km, Akihabara-Mitaka) and 0.27 ms (30 km, Hirosaki-Tsugaru) beyond light for both ends together",
        "2026",
        possible=(0.0, 100.0),
    ),
    Assumption(
        "load_factor", 0.80, "-", 0.80, 0.98,
        "mean over peak draw of data centres, to turn TWh into MW",
        "OCCTO demand outlook, January 2025, by itmedia smartjapan 2501/29 news089_3 (about 80 %); 0.98 is implied by Wood Mackenzie's 66 TWh at 7.7 GW",
        "2025-01-29",
        possible=(0.01, 1.0),
    ),
    Assumption(
        "receiving_per_it", 1.30, "-", 1.04, 1.43,
        "receiving power of a site over its IT power, where the source prints IT power only",
        "printed pairs: ESR OS1 25/19.2 MW = 1.30 (default), PDG Saitama about 100/96 = 1.04, SC Zeus OSA1 100/70 = 1.43",
        "2025-01-16",
        possible=(1.0, 5.0),
    ),
    Assumption(
        "undated_phase_year", 2034.0, "calendar year", 2030.0, 2040.0,
        "year in which a full plan without a published date is taken to draw its full power",
        "assumption: the last year of the OCCTO outlook of January 2025",
        "2025-01",
        possible=(1900.0, 2200.0),
    ),
    Assumption(
        "tie_level", 0.0, "-", -1.0, 1.0,
        "operating capacity of ties: 0 the median half-hour, -1 the lowest seen, +1 the highest, linear between",
        "half-hourly OCCTO operating capacities of FY2025-26, in the columns of `interfaces`",
        "2026-06",
        possible=(-1.0, 1.0),
    ),
    Assumption(
        "pocket_level", 0.0, "-", -1.0, 1.0,
        "local limits: 0 the default source, -1 the lowest that a source prints, +1 the highest, linear between",
        "sources that disagree, in the columns of `pockets`",
        "2024-12",
        possible=(-1.0, 1.0),
    ),
    Assumption(
        "supply_level", 0.0, "-", -1.0, 1.0,
        "supply of the areas: 0 the default source, -1 the least that a source supports, +1 the most, linear between",
        "sources that disagree, in the columns of `areas`; the default is the published supply at the peak half-hour",
        "2026-08",
        possible=(-1.0, 1.0),
    ),
    Assumption(
        "unknown_request_mw", 0.0, "MW", 0.0, 70.0,
        "request taken for every site without a published one; 0 leaves it unknown",
        "assumption: nothing is taken by default; 70 MW is near the median of the requests that are published for Japan",
        "2026",
        possible=(0.0, 20_000.0),
    ),
    Assumption(
        "import_share_in_supply", 1.0, "-", 0.0, 1.0,
        "share of `areas.net_import_mw` that the published supply holds; it is taken out of the areas' own supply",
        "OCCTO half-hourly area supply, demand and tie flows, 2026-03-20 to 08-21: in Kyushu, with one tie, demand and net export exceed the published supply in 47 % of half-hours, so the supply is what is left after scheduled flows; 0 is the other reading",
        "2026-08-21",
        possible=(0.0, 1.0),
    ),
    Assumption(
        "line_reactance_factor", 1.0, "-", 0.7, 1.3,
        "reactance of lines over that of their voltage class, where the class is all that is known; one factor for all lines alike moves flows only against transformers",
        "envelope of `line_classes` for overhead lines from 154 kV in Japan: 0.71 (187 kV, twin bundle at 50 Hz) to 1.26 (187 and 154 kV, single conductor at 60 Hz) of the default; no primary Japanese source",
        "2026-09-03",
        possible=(0.01, 100.0),
    ),
    Assumption(
        "line_rating_factor", 1.0, "-", 0.58, 1.69,
        "rating of lines over that of their voltage class, where the class is all that is known",
        "envelope of `line_classes` for overhead lines from 154 kV in Japan: 0.58 (500 kV, lowest area's median) to 1.69 (275 kV, highest area's median) of the default, the national median of published operating capacities",
        "2026-09-03",
        possible=(0.01, 100.0),
    ),
    Assumption(
        "transformer_rating_factor", 1.0, "-", 0.5, 1.5,
        "rating of transformer banks over that of their class, where the class is all that is known",
        "envelope of `line_classes` for banks from 154 kV in Japan: 0.53 (500/154 kV, 400 MVA for 750) to 1.5 (500/275 kV, 1,500 MVA for 1,000) of the default, sizes printed by utilities; 0.5 where the size is an assumption",
        "2026-08-17",
        possible=(0.01, 100.0),
    ),
    Assumption(
        "site_power_factor", 0.9806, "-", 0.95, 1.0,
        "active over apparent power of new load, which draws reactive power, in `power.ac_check` alone; 0.9806 is 0.2 MVAr for each MW",
        "assumption: no source was found",
        "2026",
        possible=(0.01, 1.0),
    ),
    Assumption(
        "realisation", 0.8, "-", 0.39, 1.0,
        "share of planned and announced sites that come at all",
        "assumption: 1 less the fifth of planned projects that the IEA sees at risk of delay (Energy and AI, by latitudemedia.com report-global-grid-congestion-puts-20-of-data-center-projects-at-risk), which is not the same as never; low: OCCTO counts 6,160 MW of data centres in FY2034, just under 60 % of them in Tokyo's area (itmedia smartjapan 2501/29 news089_3, news089_4), against 9,540 MW of applications there (2504/01 news079_3): 6,160 x 0.60 / 9,540 = 0.39; the applications reach to FY2037. Lower still: 5,642 of 30,000 MW, 0.19, were contracted once a tariff bound the applicant (aepohio.com news release 10753, Ohio)",
        "2025-04-10",
        possible=(0.0, 1.0),
    ),
    Assumption(
        "phantom_hold_y", 1.0, "years", 0.25, 5.0,
        "for how long a request that is never built holds its place in the queue, from its application",
        "assumption: no source was found; low: three months from the operator's acceptance without payment of the contribution, after which Japan's new rule cancels the application (itmedia smartjapan 2509/30 news034_2); high is an assumption: those who pay may put off or shrink their load (2504/01 news079_3)",
        "2025-09-30",
        possible=(0.0, 50.0),
    ),
    Assumption(
        "application_lead_y", 0.0, "years", 0.0, 3.0,
        "by how many years a connection was applied for before the date of the row's source, where `applied` is not given",
        "assumption: no source prints dates of applications; 0 counts from the first report",
        "2026",
        possible=(0.0, 50.0),
    ),
    Assumption(
        "slip_unknown", 0.2, "-", 0.0, 0.5,
        "chance that a dated work without a stated `p_slip` comes late",
        "assumption: no source was found; operators print dates, not chances",
        "2026",
        possible=(0.0, 1.0),
    ),
    Assumption(
        "fibre_build_km_per_y", 360.0, "km/year", 100.0, 1400.0,
        "new terrestrial fibre laid in a year on one route, where routes are surveyed",
        "Denver-Salt Lake City as built: 532 route miles from the second quarter of 2019 to October 2021, 856 km in 2.4 years (convergedigest.com 2019/08 and cloud7.news zayo-completes-long-haul-dark-fiber-routes); high: 800 miles planned for 2015 (telecomramblings.com ?p=25831), a plan; low is an assumption. All in the United States",
        "2021-10-06",
        possible=(0.1, 100_000.0),
    ),
    Assumption(
        "ramp_y", 0.0, "years", 0.0, 4.0,
        "from a building's opening to its full draw, linear; it moves what is lost by waiting, not when a site is ready",
        "assumption: no source was found; 0 counts all of a late site's power as lost from the day its building stands",
        "2026",
        possible=(0.0, 50.0),
    ),
    Assumption(
        "lead_time_level", 0.0, "-", -1.0, 1.0,
        "lead times: 0 drawn between their low and high ends, -1 all at the low end, +1 all at the high end, linear between",
        "a level of sensitivity, over the columns of `lead_times`",
        "2026",
        possible=(-1.0, 1.0),
    ),
    Assumption(
        "solar_tilt", 20.0, "degrees", 10.0, 30.0,
        "tilt of a solar plant's panels, where it is not published",
        "assumption: no source was found",
        "2026",
        possible=(0.0, 90.0),
    ),
    Assumption(
        "solar_clearness_factor", 1.0, "-", 0.96, 1.04,
        "global irradiation over the normals that a solar profile is made from: Nagoya's 13.5 MJ/m2 a day, 1981-2010",
        "normals of JMA printed by universal-zero.com/?p=2639; Nagoya's sunshine rose by 2.4 % since, 2,091.6 to 2,141.3 h (1991-2020, small-circle-fx.com/kishodai1991-2020_nisshojikan_year_ave); the range is an assumption about it",
        "2026",
        possible=(0.1, 2.0),
    ),
    Assumption(
        "solar_daily_spread", 0.53, "-", 0.45, 0.60,
        "standard deviation of a day's clearness over the most that its mean allows; 0: no cloudy days",
        "set so that 48.4 days a year are sunless in Aichi (normal of days without sunshine, mimizun.com/log/2ch/sky/1296879296/143-145), a sunless day having at most 0.33 of the clear sky's light (FAO Irrigation and Drainage Paper 56, a/(a+b)); the range is that of 0.27 to 0.40",
        "2011-11",
        possible=(0.0, 0.99),
    ),
    Assumption(
        "solar_daily_memory", 0.30, "-", 0.0, 0.50,
        "correlation of a day's clearness, as a normal mark, with the day before",
        "assumption: no source was found; it moves the spread of months and years, not their mean",
        "2026",
        possible=(0.0, 0.99),
    ),
    Assumption(
        "solar_hourly_spread", 0.30, "-", 0.15, 0.45,
        "standard deviation of an hour's clearness over the most that its day's mean allows",
        "assumption: no source was found",
        "2026",
        possible=(0.0, 0.99),
    ),
    Assumption(
        "solar_hourly_memory", 0.54, "-", 0.40, 0.68,
        "correlation of an hour's clearness, as a normal mark, with the hour before",
        "Graham and Hollands, Solar Energy 44 (6), 1990: 0.54 +- 0.14 within the day",
        "1990",
        possible=(0.0, 0.99),
    ),
    Assumption(
        "solar_loss", 0.14, "-", 0.10, 0.20,
        "what soiling, shading, mismatch, wiring, ageing and outages take of a solar plant's DC output",
        "PVWatts version 5 losses by default, 2, 3, 2, 2, 0.5, 1.5, 1 and 3 % in a row, as in pvlib 0.13.1, pvsystem.pvwatts_losses; the range is an assumption",
        "2014-09",
        possible=(0.0, 0.99),
    ),
    Assumption(
        "solar_per_kelvin", -0.004, "1/K", -0.005, -0.002,
        "change of a panel's output for each degree above 25 degrees C",
        "pvlib 0.10.5, documentation of pvsystem.pvwatts_dc: typically -0.002 to -0.005; the default within it is an assumption",
        "2024",
        possible=(-0.02, 0.0),
    ),
    Assumption(
        "air_mean_c", 17.1, "degrees C", 15.0, 20.0,
        "mean of the air temperature over the year at a solar plant",
        "middle of Nagoya's January (5.2) and August (29.0), means of the printed daily highs and lows of 1991-2020 (teguchi.info/weather/average-temperature/aichi); the high end is by day",
        "2021",
        possible=(-40.0, 50.0),
    ),
    Assumption(
        "air_swing_c", 11.9, "K", 9.0, 14.0,
        "half the difference of the air temperature between summer and winter at a solar plant",
        "half of Nagoya's January to August, as for `air_mean_c`; the range is an assumption",
        "2021",
        possible=(0.0, 40.0),
    ),
    Assumption(
        "committed_export_share", 1.0, "-", 0.0, 1.0,
        "share of an area's scheduled net export (`areas.net_import_mw` below 0, as far as supply holds it) that is owed to its neighbours and so is no spare power",
        "assumption: no source says what part of a schedule is firm; 1 leaves an exporter the spare power that its published supply shows, 0 counts all of its own supply above its peak",
        "2026",
        possible=(0.0, 1.0),
    ),
    Assumption(
        "ac_line_mjpy_per_km", 400.0, "million JPY/km", 200.0, 900.0,
        "cost of a new high-voltage overhead line, without substations",
        "OCCTO 2016, by Denki Shimbun 376618: several hundred million JPY/km; read as 2 to 9 hundred million, the default near their geometric mean; J-CAST 2006-10-04 prints the same order for 270 kV with land, and tenfold under ground",
        "2016",
        possible=(0.0, 1e6),
    ),
    Assumption(
        "hvdc_mjpy_per_km", 2075.0, "million JPY/km", 1900.0, 2250.0,
        "cost of a new HVDC link between synchronous zones; whether converters are in it is not said",
        "Sea of Japan link, 2 GW, about 800 km: 1.5 to 1.8 trillion JPY (Niigata Nippo 366433, Denki Shimbun 379871); the default is the middle",
        "2025-04",
        possible=(0.0, 1e6),
    ),
    Assumption(
        "fibre_mjpy_per_km", 4.0, "million JPY/km", 2.0, 9.0,
        "cost of new fibre along a route",
        "OCCTO 2016, by Denki Shimbun 376618: several million JPY/km; read as 2 to 9 million, the default is 1/100 of that of a line, as TEPCO Power Grid's vice-president puts it there",
        "2016",
        possible=(0.0, 1e6),
    ),
    Assumption(
        "ac_line_years", 10.0, "y", 7.0, 11.0,
        "years from plan to service of a new AC line between areas",
        "Tohoku-Tokyo line: 7 to 11 years by earlier lines (kankyo-business.jp 011718, 2015-12); 10 years 8 months from the start of works to November 2027 (newenergy-news.com p=8866, 2017)",
        "2017-02",
        possible=(0.0, 100.0),
    ),
    Assumption(
        "hvdc_years", 11.0, "y", 6.8, 15.0,
        "years from plan to service of a new HVDC link between synchronous zones",
        "New Kitahon, 300 MW more: May 2021 to March 2028 (Asahi ASP5N6FLDP5NIIPE005); at least 15 years for an HVDC cable (itmedia 2206/13); the default is the middle",
        "2022-06-13",
        possible=(0.0, 100.0),
    ),
    Assumption(
        "fibre_years", 1.0, "y", 0.5, 1.5,
        "years from permits to service of new fibre on land",
        "edgeology.co, fiber route planning: 6 to 18 months for permits and trenching, more in dense cities; no Japanese source was found; the default is the middle",
        "undated",
        possible=(0.0, 100.0),
    ),
)  # fmt: skip

ASSUMPTIONS: Mapping[str, Assumption] = {item.name: item for item in _ALL}

OUTSIDE_SOLVES = frozenset(
    name
    for name in ASSUMPTIONS
    if name.startswith(("solar_", "air_"))
    or name.endswith(("_mjpy_per_km", "_years"))
    or name == "site_power_factor"
)
"""Assumptions that no solve of a study reads: those of solar profiles, of watts or bits, and of AC checks."""


def ends_of(name: str) -> tuple[float, ...]:
    """
    Return the ends of an assumption's range that are not its default.

    Examples
    --------
    >>> ends_of("load_factor")
    (0.98,)
    """
    item = ASSUMPTIONS[name]
    return tuple(end for end in (item.low, item.high) if end != item.value)


def resolve(
    assume: Mapping[str, float] | str | Path | None = None, *, only_given: bool = False
) -> dict[str, float]:
    """
    Return the value of every assumption, with those that `assume` names replaced.

    Parameters
    ----------
    assume
        Names and values, or the path of a TOML file that holds them.
    only_given
        Whether to leave out what `assume` does not name.

    Raises
    ------
    ValueError
        If a name is unknown, with the nearest name there is, or if a value is no number in its range's
        meaning (NaN, or not a number at all).

    Examples
    --------
    >>> resolve({"route_factor": 1.5})["route_factor"]
    1.5
    """
    given = _read_toml(assume) if isinstance(assume, (str, Path)) else dict(assume or {})
    faults = [_fault(name, value) for name, value in given.items()]
    told = [fault for fault in faults if fault]
    if told:
        raise ValueError("assume: " + "; ".join(told))
    values = {} if only_given else {name: item.value for name, item in ASSUMPTIONS.items()}
    return values | {name: float(value) for name, value in given.items()}


def _read_toml(path: str | Path) -> dict[str, float]:
    return dict(tomllib.loads(Path(path).read_text(encoding="utf-8")))


def _fault(name: str, value: object) -> str:
    """Return what is wrong with one given assumption, or nothing."""
    if name not in ASSUMPTIONS:
        near = difflib.get_close_matches(name, ASSUMPTIONS, n=1, cutoff=0.0)
        return f"there is no {name!r}; the nearest name is {near[0]!r}"
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return f"{name} must be a number [{ASSUMPTIONS[name].unit}], not {value!r}"
    least, most = ASSUMPTIONS[name].possible
    if not least <= value <= most:
        return f"{name} must lie between {least:g} and {most:g} [{ASSUMPTIONS[name].unit}], not {value!r}"
    return ""
