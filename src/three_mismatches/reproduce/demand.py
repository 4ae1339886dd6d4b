"""Claim 3: does demand triple, what is that in MW by area, and is it carried year by year?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from three_mismatches.reproduce.evidence import READINGS, Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cited, of_fact, of_fleet, shown
from three_mismatches.reproduce.rules import changes, on_demand

__all__ = ["answer_demand"]

POWER = "three_mismatches, area model"

TOGETHER = "all ranges at once"
"""Input of the sensitivity table that is not one at a time."""

PRINTED_TWH = 2
"""Decimals of the energy in the outlook."""


def answer_demand(evidence: Evidence) -> Answer:
    """Return the answer to claim 3."""
    rows = _one_at_a_time(evidence)
    year, now, growth = evidence.years[-1], evidence.now, _growth(evidence)
    figure = Quantity.over(
        f"new load that cannot be served in {year}", now.gap_mw, rows["joint_gap_mw"], unit="MW", source=POWER
    )
    worst = max(found.gap_share for found in evidence.by_year.values())
    given = {"growth_low": growth.low, "growth_high": growth.high}
    verdict = on_demand(**given, short_share=now.gap_share, worst_share=max(worst, _worst(rows)))
    asked = rows["new_load_mw"] + rows["unsited_mw"]
    others = {
        f"with {name}, {reading} ({shown(gap, 'MW')} MW short)": on_demand(
            **given, short_share=gap / whole if whole > 0.0 else 0.0, worst_share=1.0
        )
        for (name, reading), gap, whole in zip(rows.index, rows["joint_gap_mw"], asked, strict=True)
        if name != "demand scenario"
    }
    tables, facts = evidence.study.tables, evidence.facts
    return Answer(
        claim=3,
        figure=figure,
        text=_text(evidence, figure, growth),
        formula=(
            "growth: TWh of the last year over those of the first; scenario MW = new TWh / (8.76 x load factor); "
            "unsited = max(0, scenario - listed new load), by share; short = new load less what all get together with "
            "the worst unit or pole lost (joint_gap_mw)"
        ),
        sources=cited(
            [facts["source"]["dc_energy_2034"]], [facts["source"]["occto_dc_peak_2034"]],
            tables.grid.areas["source"], tables.grid.interfaces["source"],
        ),
        model="area model, with ties and published local limits",
        interval=f"all readings of study.sensitivity() in {year}, one at a time; by year: works and ties",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " Published limits of local networks could only make more of the load fall short.",
        unseen="Whether the local grid carries each site; where load stands that the scenario has and no site does; "
        "the level of lines is left out here (three-mismatches japan --resolution line, indicative).",
        details=tuple(_details(evidence, growth)),
    )  # fmt: skip


def _one_at_a_time(evidence: Evidence) -> pd.DataFrame:
    table = evidence.sensitivity
    return table[table.index.get_level_values("input") != TOGETHER]


def _worst(rows: pd.DataFrame) -> float:
    """Return the largest share of new load that is short under any reading."""
    asked = rows["new_load_mw"] + rows["unsited_mw"]
    return float((rows["joint_gap_mw"] / asked.where(asked > 0.0)).max())


def _energy(evidence: Evidence, demand: str) -> pd.Series:
    """Return the energy of all data centres by year, NaN where the scenario prints none. [TWh]"""
    rows = evidence.study.tables.outlook
    energy = rows[rows["demand"] == demand].get("dc_twh", pd.Series(dtype=float))
    return energy.groupby(rows["year"]).sum(min_count=1).round(PRINTED_TWH)


def _growth(evidence: Evidence) -> Quantity:
    """Return how many times the energy of the first year is drawn in the last, over the scenarios that print it."""
    outlook, last = evidence.study.tables.outlook, evidence.years[-1]
    found = {}
    for demand in sorted(outlook["demand"].unique()):
        energy = _energy(evidence, str(demand))
        found[demand] = float(energy.get(last, np.nan) / energy.get(energy.index.min(), np.nan))
    own = found.get(evidence.demand, np.nan)
    name = f"energy of {last} over that of {outlook['year'].min():.0f} (range: scenarios)"
    (source,) = cited([evidence.facts["source"]["dc_energy_2034"]])
    if own != own:
        return Quantity(name, np.nan, np.nan, np.nan, "-", source)
    return Quantity.over(name, own, found.values(), unit="-", source=source)


def _details(evidence: Evidence, growth: Quantity) -> Iterator[Quantity]:
    yield growth
    yield from _by_area(evidence)
    fleet = evidence.result.fleet
    for name in ("new_load_mw", "unsited_mw", "unlisted_mw", "joint_gap_mw", "joint_gap_intact_mw"):
        yield of_fleet(fleet, name)
    yield from _by_year(evidence)
    yield from _what_moves_it(evidence)
    for fact in (
        "dc_energy_2024", "dc_energy_2034", "dc_peak_2034", "dc_share_of_national_peak_2034", "occto_dc_peak_2034",
        "gas_plant_lead_time",
    ):  # fmt: skip
        yield of_fact(evidence.facts, fact)


def _by_area(evidence: Evidence) -> Iterator[Quantity]:
    areas = evidence.now.areas.sort_values("new_mw", ascending=False, kind="stable")
    for area, row in areas.iterrows():
        name = (
            f"new load of {evidence.years[-1]} in {area}, of it unsited {shown(row['unsited_mw'], 'MW')} MW"
        )
        yield Quantity.of(name, row["new_mw"], unit="MW", source=POWER)


def _by_year(evidence: Evidence) -> Iterator[Quantity]:
    """Return for each year what is asked, what is short, and how many times the load could be carried."""
    energy = _energy(evidence, evidence.demand)
    for year in evidence.years:
        now = evidence.by_year[year, READINGS[0]]
        readings = [evidence.by_year[year, reading] for reading in READINGS]
        told = f" ({shown(float(energy[year]), 'TWh')} TWh in all)" if energy.get(year, np.nan) > 0.0 else ""
        yield Quantity.of(f"new load in {year}{told}", now.new_mw, unit="MW", source=POWER)
        yield Quantity.over(
            f"short in {year}", now.gap_mw, [each.gap_mw for each in readings], unit="MW", source=POWER
        )
        first = f", first limit {now.first}" if now.first else ""
        yield Quantity.over(
            f"times all new load of {year} could be served{first}", now.multiple,
            [each.multiple for each in readings], unit="times", source=POWER,
        )  # fmt: skip


def _what_moves_it(evidence: Evidence) -> Iterator[Quantity]:
    """Return the readings under which some load is short, the most first."""
    rows = _one_at_a_time(evidence)
    short = rows[rows["joint_gap_mw"] > 0.5].sort_values("joint_gap_mw", ascending=False, kind="stable")
    for (name, reading), gap in zip(short.index, short["joint_gap_mw"], strict=True):
        yield Quantity.of(f"short with {name}: {reading}", gap, unit="MW", source=POWER)


def _text(evidence: Evidence, figure: Quantity, growth: Quantity) -> str:
    now, year = evidence.now, evidence.years[-1]
    listed = float(now.areas["listed_mw"].sum())
    energy = _energy(evidence, evidence.demand).get(year, np.nan)
    grown = (
        f"The scenario draws {shown(float(energy), 'TWh')} TWh in {year}, {growth.value:.2f} times the energy of its "
        f"first year [{growth.low:.2f} to {growth.high:.2f}]. "
        if energy == energy
        else f"The scenario {evidence.demand} prints no energy for {year}. "
    )
    largest = now.areas["new_mw"].nlargest(3)
    where = ", ".join(f"{area} {shown(mw, 'MW')}" for area, mw in largest.items())
    first = (
        f"; the first limit, {now.first}, is met at {now.multiple:.2f} times the load" if now.first else ""
    )
    return (
        f"{grown}New load is {shown(now.new_mw, 'MW')} MW ({where}), of which sites with a known size stand for "
        f"{listed / now.new_mw if now.new_mw > 0.0 else 0.0:.0%}. By the area model {figure} of it cannot be served in "
        f"{year}{first}."
    )
