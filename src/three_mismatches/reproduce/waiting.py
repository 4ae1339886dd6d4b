"""Claims 2 and 8: by how many years sites are late, and where plans outrun the calendar of works."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.delay import STREAMS, Delay
from three_mismatches.reproduce.evidence import LATE, LOWEST_TIES, NO_REINFORCEMENT, ON_TIME, Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cited, of_fact, row_of, shown
from three_mismatches.reproduce.rules import THRESHOLDS, changes, on_delay, on_pace, seen

__all__ = ["answer_delay", "answer_pace"]

DRAWN = "three_mismatches, delay model"
POWER = "three_mismatches, area model"

OF_DRAWS = "(mean; 10 to 90 % of draws)"

SITES_TOLD = 10
"""Sites that are told one by one: those that lose most."""

CAUSES = ("connection", "network")


LEAD_ENDS = {"low": "lead_time_level=-1", "high": "lead_time_level=1"}
"""Readings of `Delay.readings` with all lead times at one end."""


def answer_delay(evidence: Evidence) -> Answer:
    """Return the answer to claim 2."""
    drawn, others = evidence.delay, evidence.other_delays
    fleet, lost = drawn.fleet, "years_lost_dated"
    longest = _at_lead_end(drawn, lost, "high")
    readings = {reading: float(other.fleet["value"][lost]) for reading, other in others.items()}
    ends = [_at_lead_end(drawn, lost, end) for end in LEAD_ENDS]
    widest = [float(fleet[end][lost]) for end in ("low", "high")]
    figure = Quantity.over(
        "years lost for each MW whose year is printed", float(fleet["value"][lost]), [*widest, *readings.values()],
        unit="years", source=DRAWN,
    )  # fmt: skip
    given = {
        "longest_y": longest,
        "late_share": _late_share(drawn),
        "dated_mw": float(fleet["value"]["dated_mw"]),
    }
    verdict = on_delay(mean_y=figure.value, **given)
    at_end = {
        f"with all lead times at their {end} ends ({shown(mean, 'years')} years)": on_delay(
            mean_y=mean, longest_y=mean, late_share=_late_share_at(drawn, end), dated_mw=given["dated_mw"]
        )
        for end, mean in zip(("low", "high"), ends, strict=True)
    }
    tables = evidence.study.tables
    return Answer(
        claim=2,
        figure=figure,
        text=_delay_text(drawn, figure),
        formula=(
            "max(0, slowest of connection, network, supply, fibre, less the building), each MW-year lost over the MW "
            "that come, mean over the draws; steps without a printed year are left out of the figure"
        ),
        sources=cited(
            _connection_sources(tables.lead_times), tables.upgrades["source"],
            [evidence.facts["source"]["wait_for_power_tokyo"]],
        ),
        model="delay model over the area model",
        interval="means over readings one at a time: all lead times at the low and at the high ends of their sources, "
        "all ties at their lowest half-hour in every year, the supply of all areas at its low end, "
        f"undated steps in {ASSUMPTIONS['undated_phase_year'].low:g}, room to whoever is ready first; 10 to 90 % of "
        "the draws are in the table below",
        verdict=verdict,
        would_change=changes(verdict, at_end)
        + " A printed date of connection for each site would settle it: lead times are readings of low confidence.",
        unseen="When each site applied, its place in the queue, and which connection it was promised. "
        f"{1.0 - _dated_share(drawn):.0%} of the new MW have no printed year: they stand at the assumed year "
        f"{evidence.assumed['undated_phase_year']:g} and can hardly be late.",
        details=tuple(_delay_details(evidence, drawn)),
    )  # fmt: skip


def _connection_sources(lead_times: pd.DataFrame) -> pd.Series:
    """Return the sources of the lead times of connections that are drawn from."""
    drawn = lead_times["stream"].eq("connection") & lead_times["what"].eq("default")
    return lead_times["source"][drawn]


def _at_lead_end(drawn: Delay, quantity: str, end: str) -> float:
    """Return a mean of the fleet with all lead times at one end; as it is where the study knows no other end."""
    rows = drawn.readings[quantity]
    return float(rows.get(LEAD_ENDS[end], drawn.fleet["value"][quantity]))


def _late_share_at(drawn: Delay, end: str) -> float:
    """Return a bound of the late share at an end of the lead times: no more at the low one, no less at the high."""
    name = {"low": "late_1y_mw", "high": "late_3y_mw"}[end]
    come = float(drawn.fleet["value"]["new_mw_realised"])
    return _at_lead_end(drawn, name, end) / come if come > 0.0 else 0.0


def _dated_share(drawn: Delay) -> float:
    value = drawn.fleet["value"]
    return float(value["dated_mw"] / value["new_mw_realised"]) if value["new_mw_realised"] > 0.0 else 0.0


def _late_mw(drawn: Delay) -> NDArray[np.float64]:
    """Return the MW that come so many years late as "years" means, draw by draw."""
    samples, horizon = drawn.samples, float(drawn.horizon_y)
    late = np.minimum(samples.time, horizon) - np.minimum(samples.building, horizon)
    found: NDArray[np.float64] = np.where(late >= THRESHOLDS["years"].value, samples.realised_mw, 0.0)
    return np.asarray(found.sum(axis=1), dtype=np.float64)


def _late_share(drawn: Delay) -> float:
    come = float(drawn.samples.realised_mw.sum())
    return float(_late_mw(drawn).sum()) / come if come > 0.0 else 0.0


def _late(drawn: Delay) -> Quantity:
    late = _late_mw(drawn)
    ends = np.quantile(late, (0.1, 0.9))
    name = f"MW that come {THRESHOLDS['years'].value:g} years late or more {OF_DRAWS}"
    return Quantity.within(name, (float(late.mean()), *map(float, ends)), unit="MW", source=DRAWN)


def _delay_details(evidence: Evidence, drawn: Delay) -> Iterator[Quantity]:
    fleet = drawn.fleet
    for name in ("years_lost_dated", "years_lost"):
        row = row_of(fleet, name)
        asked = "each MW whose year is printed" if name == "years_lost_dated" else "each MW that comes"
        yield Quantity.within(
            f"years lost for {asked} (ends of lead times)",
            (float(row["value"]), *(_at_lead_end(drawn, name, end) for end in LEAD_ENDS)),
            unit="years",
            source=DRAWN,
        )
        yield Quantity.within(
            f"years lost for {asked} {OF_DRAWS}", _ends(row, "p10", "p90"), unit="years", source=DRAWN
        )
        for reading, other in evidence.other_delays.items():
            yield Quantity.within(
                f"the same {reading} {OF_DRAWS}",
                _ends(row_of(other.fleet, name), "p10", "p90"),
                unit="years",
                source=DRAWN,
            )
    yield _late(drawn)
    yield Quantity.of("the same over all new MW that come", _late_share(drawn), unit="-", source=DRAWN)
    for name, title in _titles():
        row = row_of(fleet, name)
        yield Quantity.within(
            f"{title} {OF_DRAWS}", _ends(row, "p10", "p90"), unit=str(row["unit"]), source=DRAWN
        )
    yield from _site_details(evidence, drawn)
    for fact in ("wait_for_power_tokyo", "projects_at_risk_of_delay", "projects_delayed_to"):
        yield of_fact(evidence.facts, fact)


def _titles() -> Iterator[tuple[str, str]]:
    """Return the quantities of the draws that are told, and what they are called."""
    yield "new_mw_realised", "new MW that come"
    yield "dated_mw", "new MW that come whose year a source prints"
    for years in (1, 3, 5):
        yield f"late_{years}y_mw", f"new MW that come {years} years late or more"
    yield "lost_twh", "energy that is not drawn for it"
    for stream in (*STREAMS, *CAUSES):
        yield f"critical_{stream}_mw", f"new MW for which {stream} is the slowest"
        yield f"relief_{stream}_y", f"years gained for each MW if {stream} took no time"


def _ends(row: pd.Series, low: str, high: str) -> tuple[float, float, float]:
    return float(row["value"]), float(row[low]), float(row[high])


def _site_details(evidence: Evidence, drawn: Delay) -> Iterator[Quantity]:
    """Return the years of the sites that lose most: median, and 10 to 90 % of draws."""
    lost = drawn.sites["lost_mw_y"].dropna().sort_values(ascending=False, kind="stable")
    sites = evidence.study.sites
    for site in lost.index[lost > 0.0][:SITES_TOLD]:
        row = row_of(drawn.sites, site)
        waits = f"years beyond its building, most often for {row['critical_stream']}"
        name = f"{sites['name'][site]}: {waits} (median; 10 to 90 % of draws)"
        years = (float(row[f"delay_y_{end}"]) for end in ("p50", "p10", "p90"))
        (source,) = cited([sites["source"][site]]) or (DRAWN,)
        yield Quantity.within(name, years, unit="years", source=source)


def _delay_text(drawn: Delay, figure: Quantity) -> str:
    value = drawn.fleet["value"]
    streams = sorted(STREAMS, key=lambda stream: -value[f"critical_{stream}_mw"])
    beyond = [stream for stream in ("power", "generation", "fibre") if value[f"critical_{stream}_mw"] > 0.0]
    held = ", ".join(f"{stream} {shown(value[f'critical_{stream}_mw'], 'MW')} MW" for stream in beyond)
    causes = "; ".join(f"{cause} {shown(value[f'critical_{cause}_mw'], 'MW')} MW" for cause in CAUSES)
    return (
        f"Of each MW whose year is printed {figure} are lost after its building stands, of all new MW "
        f"{shown(float(value['years_lost']), 'years')} years; {_late(drawn)} come "
        f"{THRESHOLDS['years'].value:g} years late or more, a share of {_late_share(drawn):.0%}. "
        f"What takes longest is most often {streams[0]}"
        f"{'; beyond the building it is ' + held + f' ({causes})' if held else ''}."
    )


def answer_pace(evidence: Evidence) -> Answer:
    """Return the answer to claim 8."""
    worst = {
        reading: _worst_share(evidence, reading) for reading in (ON_TIME, LATE, NO_REINFORCEMENT, LOWEST_TIES)
    }
    gaps = {reading: _worst_gap(evidence, reading) for reading in worst}
    waiting = _waiting_share(evidence)
    tables, upgrades = evidence.study.tables, evidence.study.tables.upgrades
    late = max(worst[LATE], worst[LOWEST_TIES])
    verdict = on_pace(on_time=worst[ON_TIME], late=late, waiting=waiting.max(), works=len(upgrades))
    others = {
        "if all works are on time, ties keep their median capacities and nothing waits for a connection": on_pace(
            on_time=worst[ON_TIME], late=worst[ON_TIME], waiting=0.0, works=len(upgrades)
        ),
        "if what may slip is taken not to come": on_pace(
            on_time=worst[LATE], late=late, waiting=0.0, works=len(upgrades)
        ),
        "if ties are taken at their lowest capacities": on_pace(
            on_time=worst[LOWEST_TIES], late=late, waiting=0.0, works=len(upgrades)
        ),
    }
    figure = Quantity.over(
        "new load that is short in the worst year", gaps[ON_TIME], gaps.values(), unit="MW", source=POWER
    )
    return Answer(
        claim=8,
        figure=figure,
        text=_pace_text(evidence, figure, waiting),
        formula=(
            "for each year: new load less what all get together with the works then in force and the worst unit or "
            "pole lost (joint_gap_mw by area), over the area's new load; waiting: mean over the draws of MW that "
            "stand built and unpowered"
        ),
        sources=cited(
            upgrades["source"], _connection_sources(tables.lead_times), tables.outlook["source"],
            [evidence.facts["source"]["applications_tokyo"]],
        ),
        model="area model by year; delay model for waiting",
        interval="years, with works on time, works that may slip left out, all reinforcements left out, and the lowest "
        "tie capacities, one at a time",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " Dates of local works by site, which no operator prints, would change it either way.",
        unseen="Most works below the areas have no public date; what cloud companies want beyond published sites is "
        "known as applications only, which are not load.",
        details=tuple(_pace_details(evidence)),
    )  # fmt: skip


def _worst_share(evidence: Evidence, reading: str) -> float:
    """Return the largest share of an area's new load that is short in any year."""
    shares = [_gap_share(evidence, year, reading).max() for year in evidence.years]
    return float(max(shares))


def _gap_share(evidence: Evidence, year: int, reading: str) -> pd.Series:
    areas = evidence.by_year[year, reading].areas
    return (areas["gap_mw"] / areas["new_mw"].where(areas["new_mw"] > 0.0)).fillna(0.0)


def _worst_gap(evidence: Evidence, reading: str) -> float:
    return max(evidence.by_year[year, reading].gap_mw for year in evidence.years)


def _waiting_share(evidence: Evidence) -> pd.Series:
    """Return the share of each area's listed new load that stands built and unpowered, by year and area. [-]"""
    lost = evidence.delay.years["lost_mw"]
    planned = pd.concat({year: evidence.by_year[year, ON_TIME].areas["listed_mw"] for year in evidence.years})
    rows = lost.reindex(planned.index)
    share: pd.Series = (rows / planned.where(planned > 0.0)).fillna(0.0)
    return share.rename_axis(["year", "area"])


def _outrun(shares: pd.Series) -> str:
    """Return the areas whose share is a finding."""
    return ", ".join(sorted(map(str, shares.index[shares.map(seen)])))


def _pace_details(evidence: Evidence) -> Iterator[Quantity]:
    for year in evidence.years:
        now = evidence.by_year[year, ON_TIME]
        yield Quantity.of(f"new load in {year}", now.new_mw, unit="MW", source=POWER)
        for reading in (ON_TIME, LATE, NO_REINFORCEMENT, LOWEST_TIES):
            areas = _outrun(_gap_share(evidence, year, reading))
            where = f" ({areas})" if areas else ""
            gap = evidence.by_year[year, reading].gap_mw
            yield Quantity.of(f"short in {year}, {reading}{where}", gap, unit="MW", source=POWER)
        yield _waiting(evidence, year)
    yield from _ambition(evidence)
    for fact in (
        "applications_japan", "waiting_inzai", "tokyo_new_substations_by_2040", "tokyo_east_headroom_2030",
        "cloud_deployment_wish", "building_time_50_mw",
    ):  # fmt: skip
        yield of_fact(evidence.facts, fact)


def _waiting(evidence: Evidence, year: int) -> Quantity:
    """Return the MW that stand built and unpowered in a year: mean, and 10 to 90 % of draws."""
    drawn, shares = evidence.delay, _waiting_share(evidence)
    lost = drawn.samples.lost_by_year.sum(axis=2)[:, year - drawn.start]
    ends = np.quantile(lost, (0.1, 0.9))
    areas = _outrun(shares.xs(year, level="year"))
    where = f" ({areas})" if areas else ""
    name = f"built and unpowered in {year}{where} {OF_DRAWS}"
    return Quantity.within(name, (float(lost.mean()), *map(float, ends)), unit="MW", source=DRAWN)


def _ambition(evidence: Evidence) -> Iterator[Quantity]:
    """Return what is applied for in Tokyo's area beside what the area model could carry there in the last year."""
    area, left = "tokyo", evidence.now.left_mw()
    carried = float(evidence.now.areas["new_mw"][area] + left[area])
    lowest = float((evidence.at_lowest.areas["new_mw"] - evidence.at_lowest.areas["gap_mw"])[area])
    lowest += float(evidence.at_lowest.left_mw()[area])
    yield of_fact(evidence.facts, "applications_tokyo")
    yield Quantity(
        f"most new load that Tokyo's area could carry in {evidence.years[-1]}, local grids left out (low: lowest tie "
        "capacities)", carried, lowest, carried, "MW", POWER,
    )  # fmt: skip


def _slowest_cause(drawn: Delay) -> str:
    """Return what holds up most capacity beyond the buildings."""
    told = {
        "connection": "the connection itself", "network": "room on the grid", "generation": "supply", "fibre": "fibre",
    }  # fmt: skip
    return told[max(told, key=lambda stream: float(drawn.fleet["value"][f"critical_{stream}_mw"]))]


def _pace_text(evidence: Evidence, figure: Quantity, waiting: pd.Series) -> str:
    first = next((year for year in evidence.years if _outrun(_gap_share(evidence, year, LATE))), None)
    if first is None:
        slipped = "without the works that may slip as well no area is short in any year"
    else:
        gap = shown(evidence.by_year[first, LATE].gap_mw, "MW")
        areas = _outrun(_gap_share(evidence, first, LATE))
        slipped = f"without the works that may slip the plan outruns the calendar from {first} on ({gap} MW, {areas})"
    found = waiting[waiting.map(seen)]
    years = sorted(found.index.get_level_values("year").unique())
    areas = ", ".join(sorted(found.index.get_level_values("area").unique()))
    waits = (
        f"Sites that stand built and wait are a share of {THRESHOLDS['least_share'].value:.0%} or more of an area's "
        f"plan in {', '.join(map(str, years))} ({areas}), most of all for {_slowest_cause(evidence.delay)}."
        if len(found)
        else "In no year does more than a small share of an area's plan stand built and wait."
    )
    applied, carried = list(_ambition(evidence))
    return (
        f"In the worst year {figure} of new load are short; {slipped}. {waits} What data centres have applied for in "
        f"Tokyo's area, {applied}, stands beside {carried} that the area could carry in {evidence.years[-1]}."
    )
