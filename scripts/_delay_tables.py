"""The tables of docs/reference/delay.md, from the embedded Japan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

import three_mismatches as tm
from make_reference import markdown_table
from three_mismatches.assumptions import ASSUMPTIONS, ends_of
from three_mismatches.delay import Delay
from three_mismatches.delay.queue import queue_of
from three_mismatches.network import power_graph

ASKED = ((2030, "outlook"), (2034, "outlook"), (2034, "high"))
SPELT_OUT = (2034, "high")
DRAWS, READ_DRAWS = 1_000, 500
LISTED = 25
CAUSES = ("connection", "network", "generation")
SHOWN = ("value", "p10", "p50", "p90", "low", "high")
FLEET = (
    "new_mw_realised", "years_lost", "lost_mw_y", "lost_twh", "dated_mw", "years_lost_dated", "late_1y_mw",
    "late_3y_mw", "late_5y_mw", "critical_connection_mw", "critical_network_mw", "critical_generation_mw",
    "critical_fibre_mw", "unsited_lost_mw_y",
)  # fmt: skip
ENDS = (
    "lead_time_level",
    "undated_phase_year",
    "realisation",
    "slip_unknown",
    "phantom_hold_y",
    "tie_level",
    "supply_level",
)

OPENING = f"""# Years, in Japan

Every figure here is computed, from {DRAWS:,} draws each; [how](../delay.md) is told elsewhere. Time 0 is 1
January 2026. Lead times of connections are readings of a few sources of low confidence: an indication, no
forecast.
"""
FLEET_TEXT = """Mean, and percentiles of the draws; low and high are the least and the most mean over
readings of the sources, one at a time: all lead times at their low and at their high ends, all ties at their lowest
half-hour in every year, the supply of all areas at its low end. Steps count for themselves: a site that
grows in two steps may be late with one.
"""
SIDE_TEXT = """First come: who applied first holds the room, built or not. Ready first: room goes to whoever can
use it. In brackets: 10 to 90 % of the draws.
"""
YEARS_TEXT = """Mean over the draws of what sites could have drawn and did not, on the mean of the year. [MW]
Areas in which nothing is lost are left out, as are years.
"""
SITES_TEXT = f"""The {LISTED} sites that wait longest on the mean; sites of unknown size wait too (size -), and
lose no MW. `runs` is the median of the time at which the last of the steps that are asked for by 2034 runs; all
but `lost` is told of sites as if they came. `gain` is how much earlier, on the mean, if that stream took no
time.
"""
READINGS_TEXT = f"""One assumption at a time at the ends of its range, 2034, high demand, first come,
{READ_DRAWS} draws. `dated` counts the steps in a year that a source prints. `tie_level` -1 takes the lowest
half-hour of 15 months for all ties in all years at once: a stress, no forecast.
The last three columns are MW of steps by what holds them up longest.
"""
LEADS_TEXT = """Rows that are drawn, then rows that are evidence. [years]
"""
BEGUN_TEXT = """
What is under construction is taken to have its connection: {begun} MW of the {mw} MW that are asked for,
{largest} the largest with {most} MW. {undated} MW stand at an assumed year (2034, or now) because no source
prints one.
"""


def page() -> str:
    """Return the page without its head."""
    found = {
        (year, demand, discipline): of_japan(year, demand, discipline=discipline)
        for year, demand in ASKED
        for discipline in tm.delay.DISCIPLINES
    }
    first = {key[:2]: each for key, each in found.items() if key[2] == tm.delay.DISCIPLINES[0]}
    parts = [
        OPENING,
        "## The fleet\n\n" + FLEET_TEXT + "\n" + "\n".join(fleet(*key, each) for key, each in first.items()),
        "## Two queues\n\n" + SIDE_TEXT + "\n" + side_by_side(found),
        "## By year and area\n\n" + YEARS_TEXT + "\n" + years(first[SPELT_OUT]),
        "## Sites\n\n" + SITES_TEXT + "\n" + sites(first[SPELT_OUT]),
        "## Other readings\n\n" + READINGS_TEXT + "\n" + readings(),
        "## Lead times\n\n" + LEADS_TEXT + "\n" + leads(),
    ]
    return "\n".join(parts)


def of_japan(
    year: int, demand: str, *, discipline: str = "first come", draws: int = DRAWS, **assume: float
) -> Delay:
    settings = replace(japan().settings, year=year, demand=demand, assume=assume)
    return tm.delay.simulate(tm.Study(japan().tables, settings), draws=draws, discipline=discipline)


@cache
def japan() -> tm.Study:
    return tm.japan()


def fleet(year: int, demand: str, found: Delay) -> str:
    rows = [
        [name, row["unit"], *(number(row[column]) for column in SHOWN), row["meaning"]]
        for name, row in found.fleet.loc[list(FLEET)].iterrows()
    ]  # fmt: skip
    heading = ["quantity", "unit", "mean", "10 %", "50 %", "90 %", "low", "high", "meaning"]
    return f"### {year}, {demand} demand\n\n" + markdown_table(heading, rows)


def side_by_side(found: Mapping[tuple[int, str, str], Delay]) -> str:
    heading = [
        "year",
        "demand",
        "queue",
        "years lost",
        "GW years lost",
        "3 years late or more, MW",
        "for room on the grid, MW",
    ]
    rows = [
        [str(year), demand, discipline, ranged(each, "years_lost"), ranged(each, "lost_mw_y", 1e-3),
         ranged(each, "late_3y_mw"), ranged(each, "critical_network_mw")]
        for (year, demand, discipline), each in found.items()
    ]  # fmt: skip
    return markdown_table(heading, rows)


def years(found: Delay) -> str:
    table = found.years["lost_mw"].unstack("area")
    shown = table.loc[table.sum(axis=1) >= 1.0, table.sum() >= 1.0]
    rest = found.years["unsited_lost_mw"].groupby("year").sum()
    rows = [
        [str(year), *(f"{value:,.0f}" for value in row), f"{row.sum():,.0f}", f"{rest[year]:,.0f}"]
        for year, row in shown.iterrows()
    ]
    return markdown_table(["year", *shown.columns, "sum", "beside it, load that no site stands for"], rows)


def sites(found: Delay) -> str:
    asking = found.sites[found.sites["critical_stream"].notna()]
    listed = asking.sort_values("delay_y_mean", ascending=False, kind="stable").head(LISTED)
    rows = [
        [
            site,
            f"{row['mw']:,.0f}" if row["mw"] > 0.0 else "-",
            f"{found.start + row['time_p50_y']:.1f}",
            *(f"{row[f'delay_y_{name}']:.1f}" for name in ("p10", "p50", "p90")),
            row["critical_stream"],
            f"{row['critical_' + row['critical_stream']]:.0%}",
            f"{row['relief_' + row['critical_stream'] + '_y']:.1f}",
            f"{row['lost_mw_y']:,.0f}",
        ]
        for site, row in listed.iterrows()
    ]
    heading = [
        "site",
        "MW",
        "runs",
        "late, 10 %",
        "50 %",
        "90 %, years",
        "slowest",
        "in draws",
        "gain, years",
        "lost, MW years",
    ]
    return markdown_table(heading, rows) + begun()


def begun() -> str:
    """Return what the answer takes for granted: what has begun, and what has no year."""
    year, demand = SPELT_OUT
    settings, values = replace(japan().settings, year=year, demand=demand), tm.assumptions.resolve()
    now, places, _ = tm.match.in_its_year(japan().tables, settings, values)
    queue = queue_of(now, places, power_graph(now.grid), values, year=year, start=settings.base_year)
    built = np.where(queue.begun, queue.mw, 0.0)
    largest = int(built.argmax())
    return BEGUN_TEXT.format(
        begun=f"{built.sum():,.0f}",
        mw=f"{queue.mw.sum():,.0f}",
        largest=queue.sites[queue.site[largest]],
        most=f"{built[largest]:,.0f}",
        undated=f"{queue.mw[~queue.dated].sum():,.0f}",
    )


def readings() -> str:
    ends = [(name, end) for name in ENDS for end in ends_of(name)]
    ends += [(name, ASSUMPTIONS[name].high) for name in ("application_lead_y", "ramp_y")]
    tried = {("as it is", ""): of_japan(*SPELT_OUT, draws=READ_DRAWS)}
    for name, end in ends:
        tried[name, f"{end:g}"] = of_japan(*SPELT_OUT, draws=READ_DRAWS, **{name: end})
    heading = [
        "assumption", "at", "come, MW", "years lost", "dated: years lost", "3 years late or more, MW",
        "the connection", "room on the grid", "supply",
    ]  # fmt: skip
    rows = [
        [
            name,
            end,
            number(each.fleet.at["new_mw_realised", "value"]),
            *(ranged(each, quantity) for quantity in ("years_lost", "years_lost_dated", "late_3y_mw")),
            *(number(each.fleet.at[f"critical_{cause}_mw", "value"]) for cause in CAUSES),
        ]
        for (name, end), each in tried.items()
    ]
    return markdown_table(heading, rows)


def leads() -> str:
    table = japan().tables.lead_times
    ordered = table.assign(evidence=table["what"].ne("default")).sort_values(
        ["evidence", "stream"], kind="stable"
    )
    rows = [
        [row["stream"], where(row["place"]), "drawn" if row["what"] == "default" else row["what"],
         f"{row['low_y']:g}", f"{row['mode_y']:g}", f"{row['high_y']:g}", row["confidence"], row["source"]]
        for _, row in ordered.iterrows()
    ]  # fmt: skip
    return markdown_table(["stream", "where", "what", "low", "mode", "high", "confidence", "source"], rows)


def where(place: object) -> str:
    return place if isinstance(place, str) else "everywhere"


def ranged(found: Delay, name: str, times: float = 1.0) -> str:
    row = found.fleet.loc[name]
    return f"{number(row['value'] * times)} [{number(row['p10'] * times)}-{number(row['p90'] * times)}]"


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value + 0.0:.2f}"


def cell(fleet: pd.DataFrame) -> str:
    """Return years lost, and 10 to 90 % of the draws, for the table of headlines."""
    row = fleet.loc["years_lost"]
    return f"{row['value']:.2f} [{row['p10']:.2f}-{row['p90']:.2f}]"
