"""Claim 4: how much of a constant load does the Aichi contract cover, and can its power reach the sites?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.inputs.japan import japan_contracts, japan_solar_profile
from three_mismatches.power import HourlyMatch, SolarPlant, deliverable, match_hourly, solar_profile
from three_mismatches.reproduce.evidence import Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cited, of_fact, row_of, shown
from three_mismatches.reproduce.rules import THRESHOLDS, changes, on_contract

__all__ = ["answer_contract"]

CONTRACT = "shizen-inuyama"

MODEL = "three_mismatches, hourly match over a synthetic solar year"
TIES = "three_mismatches, area model: deliverable"

OF_SOLAR = ("solar_", "air_")
"""How the names of assumptions begin that the solar year is made with."""

COVERS = ("annual_cover", "annual_cover_low", "annual_cover_high")


def answer_contract(evidence: Evidence) -> Answer:
    """Return the answer to claim 4."""
    row = row_of(japan_contracts(), CONTRACT)
    output = _output(evidence, row)
    found = {name: _matched(output, THRESHOLDS[name].value) for name in COVERS}
    reach, areas = _reach(evidence, str(row["area"])), _buyer_areas(evidence, str(row["buyer"]))
    figure = Quantity.over(
        "share of a flat load met in its own hour, whose year the contract covers", found["annual_cover"].cfe_own,
        [other.cfe_own for other in found.values()], unit="-", source=MODEL,
    )  # fmt: skip
    mw = float(row["p_ac_mw"])
    limits = {end: {area: float(reach[end][area]) for area in areas} for end in reach}
    verdict = on_contract(mw=mw, hourly=figure.value, reach_mw=limits["median"], peak_mw=limits["peak"])
    half = THRESHOLDS["hourly_share"].value
    others = {
        f"if the ties had all of it left at the peak and storage raised the hourly share to {half:.0%}": on_contract(
            mw=mw, hourly=half, reach_mw=limits["median"], peak_mw=limits["median"]
        ),
        "if the ties had all of it left at the peak": on_contract(
            mw=mw, hourly=figure.value, reach_mw=limits["median"], peak_mw=limits["median"]
        ),
    }
    tables = evidence.study.tables
    return Answer(
        claim=4,
        figure=figure,
        text=_text(evidence, row, found["annual_cover"], limits, figure),
        formula="volumetric = sum C / sum L; hourly = sum min(L, C) / sum L over 8,760 hours, L flat; "
        "deliverable = largest flow from the plant's area that links and interfaces allow",
        sources=cited(
            [row["source"]], [japan_solar_profile().attrs.get("source", np.nan)],
            [evidence.facts["source"]["dc_energy_2034"]], tables.grid.interfaces["source"],
        ),
        model="hourly match of one contract; area model for ties",
        interval="size of the flat load: from twice to half the one whose year the contract covers; one synthetic year",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " The buyer's load, or a contract for storage or for other hours, would change the hourly share.",
        unseen="Hours of the plant, the load that the buyer holds against it, and what ties carry for others. The "
        "contract is virtual: it moves certificates and money, and does not promise to bring power.",
        details=tuple(_details(evidence, row, output, found, reach, areas)),
    )  # fmt: skip


def _output(evidence: Evidence, row: pd.Series) -> NDArray[np.float64]:
    """Return the contract's output hour by hour: of the year that ships, unless its assumptions are replaced. [MW]"""
    moved = {name: value for name, value in evidence.assume.items() if name.startswith(OF_SOLAR)}
    if not moved:
        return float(row["p_ac_mw"]) * japan_solar_profile().to_numpy(dtype=np.float64)
    tilt = evidence.assumed["solar_tilt"]
    plant = SolarPlant(row["lon"], row["lat"], row["p_ac_mw"], row["p_dc_mw"], tilt=tilt)
    return solar_profile(plant, assume=moved).hours["p_mw"].to_numpy(dtype=np.float64)


def _matched(output: NDArray[np.float64], cover: float) -> HourlyMatch:
    """Return the match with the flat load whose year is covered so many times."""
    return match_hourly(float(output.mean()) / cover, output)


def _buyer_areas(evidence: Evidence, buyer: str) -> list[str]:
    """Return the areas where the buyer has a site."""
    sites = evidence.result.sites
    return sorted(sites["area"][sites["operator"].fillna("").str.contains(buyer, regex=False)].unique())


def _reach(evidence: Evidence, area: str) -> dict[str, pd.Series]:
    """Return what ties can bring from the plant's area: in median and lowest capacities, and left at the peak. [MW]"""
    return {
        "median": deliverable(evidence.grid, area),
        "lowest": deliverable(evidence.lowest_grid, area),
        "peak": deliverable(evidence.grid, area, at_peak=True),
    }


def _details(
    evidence: Evidence, row: pd.Series, output: NDArray[np.float64], found: Mapping[str, HourlyMatch],
    reach: Mapping[str, pd.Series], areas: list[str],
) -> Iterator[Quantity]:  # fmt: skip
    hours, one = float(len(output)), found["annual_cover"]
    gwh, market = one.contracted_mwh / 1e3, evidence.facts["value"]["dc_energy_2034"]
    share = Quantity.of("capacity factor", output.mean() / row["p_ac_mw"], unit="-", source=MODEL)
    yield Quantity.of("energy of the contract in a year", gwh, unit="GWh", source=MODEL)
    yield share
    yield Quantity.of("flat load whose year it covers", output.mean(), unit="MW (mean)", source=MODEL)
    yield Quantity.of(
        "hours in which that load is met in full", one.full_hours / hours, unit="-", source=MODEL
    )
    yield Quantity.of("output beyond that load", one.excess_mwh / one.contracted_mwh, unit="-", source=MODEL)
    for match, name in zip(found.values(), COVERS, strict=True):
        told = f"hourly share for a load that it covers {THRESHOLDS[name].value:g} times over the year"
        yield Quantity.of(told, match.cfe_own, unit="-", source=MODEL)
    yield Quantity.of(f"of {market:g} TWh", gwh / 10.0 / market, unit="%", source=MODEL)
    all_four = float(evidence.facts["value"]["shizen_ppas"])
    yield Quantity.of(
        f"the same if all {all_four:g} MW of the buyer's contracts stood there",
        gwh / 10.0 / market * all_four / row["p_ac_mw"], unit="%", source=MODEL,
    )  # fmt: skip
    for area in areas:
        for end, limits in reach.items():
            told = f"most that ties could bring to {area}, {_END[end]}"
            yield Quantity.of(told, float(limits[area]), unit="MW", source=TIES)
    for fact in ("aichi_ppa_ac", "aichi_ppa_dc", "aichi_ppa_term", "shizen_ppas", "solar_build_time"):
        yield of_fact(evidence.facts, fact)


_END = {
    "median": "if they carried nothing else",
    "lowest": "the same at their lowest capacities",
    "peak": "left when every area draws its peak",
}


def _text(
    evidence: Evidence,
    row: pd.Series,
    one: HourlyMatch,
    limits: Mapping[str, Mapping[str, float]],
    figure: Quantity,
) -> str:
    market = float(evidence.facts["value"]["dc_energy_2034"])
    ways = ", ".join(
        f"{area} {shown(limits['median'][area], 'MW')} MW if they carried nothing else and {shown(left, 'MW')} MW at "
        f"the peak of {evidence.years[-1]}"
        for area, left in limits["peak"].items()
    )
    share = one.contracted_mwh / 1e6 / market
    return (
        f"The contract is published: {row['name']}, {row['p_ac_mw']:g} MW in {row['area']}, by {row['seller']}. It "
        f"makes {shown(one.contracted_mwh / 1e3, 'GWh')} GWh a year, {share:.3%} of {market:g} TWh; of a flat load of "
        f"{one.load_mwh / one.hours:.1f} MW, whose whole year it covers, it meets {figure.value:.0%} in the hour in "
        f"which it is drawn [{figure.low:.0%} to {figure.high:.0%}]. Ties could bring {ways}."
    )
