"""Claim 5: how many MW a sum buys, and where hosting allows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from three_mismatches.reproduce.evidence import Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cell_of, cited, of_fact, shown
from three_mismatches.reproduce.rules import changes, on_capital

__all__ = ["Bought", "answer_capital", "bought"]

MODEL = "arithmetic on published figures"
POWER = "three_mismatches, area model"

BUYER = "Microsoft"
CLOUD = "cloud"


@dataclass(frozen=True)
class Bought:
    """What a sum buys: shells alone, and shells with their servers. [MW]"""

    shells: Quantity
    with_servers: Quantity


def bought(facts: pd.DataFrame, receiving_per_it: float) -> Bought:
    """
    Return what the announced sum buys under the published costs.

    Parameters
    ----------
    facts
        Published figures of `inputs.claims.read_claims`.
    receiving_per_it
        Receiving over IT power, to turn cost by W of the one into cost by W of the other. [-]
    """
    usd = float(facts["value"]["microsoft_investment"]) * 1e9
    cost, premium = cell_of(facts, "building_cost_tokyo"), cell_of(facts, "ai_building_premium")
    shell = {end: cost[end] * (1.0 + premium[end]) for end in cost}
    # The pages do not say of which W the cost is: by W of IT power, a W of receiving power is the cheaper.
    cheapest = shell["low"] / cell_of(facts, "receiving_per_it")["high"]
    campus, servers = cell_of(facts, "campus_cost"), cell_of(facts, "b200_server_cost")
    built_up = shell["value"] + servers["value"] / receiving_per_it
    costs = (campus["value"], campus["high"], built_up, shell["low"] + servers["low"])

    def mw(name: str, dollars: tuple[float, float, float]) -> Quantity:
        return Quantity.within(name, (usd / per_w / 1e6 for per_w in dollars), unit="MW", source=MODEL)

    return Bought(
        mw("MW that the sum buys as buildings for dense racks, without servers",
           (shell["value"], shell["high"], cheapest)),
        mw("MW that the sum buys as campuses with servers", (costs[0], max(costs), min(costs))),
    )  # fmt: skip


def answer_capital(evidence: Evidence) -> Answer:
    """Return the answer to claim 5."""
    facts = evidence.facts
    found = bought(facts, evidence.assumed["receiving_per_it"])
    areas = _areas_within(evidence)
    left, lowest = (_most_left(answer.left_mw(), areas) for answer in (evidence.now, evidence.at_lowest))
    listed = _listed_mw(evidence)
    figure = Quantity(
        "MW that the sum buys",
        found.with_servers.value,
        found.with_servers.low,
        found.shells.high,
        "MW",
        MODEL,
    )
    given = {"least_mw": figure.low, "most_mw": figure.high}
    verdict = on_capital(**given, left_mw=left, lowest_left_mw=lowest, listed_mw=listed)
    others = {
        "if as many MW stood in the table of sites under the buyer's name": on_capital(
            **given, left_mw=left, lowest_left_mw=lowest, listed_mw=figure.high
        ),
        "if they were listed and ties carried their lowest capacities": on_capital(
            **given, left_mw=lowest, lowest_left_mw=lowest, listed_mw=figure.high
        ),
    }
    return Answer(
        claim=5,
        figure=figure,
        text=_capital_text(evidence, found, figure, areas, left=left, listed=listed),
        formula=(
            "USD / (USD per W): buildings alone = cost of a building x (1 + premium of dense racks); with servers = "
            "cost of a campus, or building + servers / (receiving per IT power); left = what an area could take alone "
            "once all other new load is served"
        ),
        sources=cited(
            [facts["source"]["microsoft_investment"]], [facts["source"]["campus_cost"]],
            [facts["source"]["building_cost_tokyo"]], [facts["source"]["dgx_b200_price"]],
            evidence.study.tables.grid.areas["source"],
        ),
        model="arithmetic on published costs; area model for hosting",
        interval="cost of a W: from campuses with servers at their highest to buildings alone at their lowest, by W of "
        "receiving or of IT power",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " A published list of sites with MW and years would let it be judged.",
        unseen="What of the sum goes into training of people, into facilities that exist, and where; PUE of the new "
        "sites; local grids, so that what is left is an upper bound.",
        details=tuple(_capital_details(evidence, found, areas, listed)),
    )  # fmt: skip


def _areas_within(evidence: Evidence) -> list[str]:
    """Return the areas where a site lies within the cloud's round-trip budget."""
    rows = evidence.result.latency.xs(CLOUD, level="use").reindex(evidence.sites.index)
    return sorted(evidence.sites["area"][rows["rtt_ms"] <= rows["budget_ms"]].unique())


def _most_left(left: pd.Series, areas: list[str]) -> float:
    """Return what the best of some areas has left. [MW]"""
    return float(left.reindex(areas).max()) if areas else 0.0


def _listed_mw(evidence: Evidence) -> float:
    """Return the new MW in the table of sites under the buyer's name."""
    sites = evidence.sites
    own = sites["operator"].fillna("").str.contains(BUYER, regex=False)
    return float(sites["new_mw"][own].sum())


def _capital_details(
    evidence: Evidence, found: Bought, areas: list[str], listed: float
) -> Iterator[Quantity]:
    facts = evidence.facts
    yield found.shells
    yield found.with_servers
    per_gpu = facts["value"]["kw_per_gpu"] * evidence.assumed["receiving_per_it"] / 1e3
    held = (
        mw / per_gpu / 1e3
        for mw in (found.with_servers.value, found.with_servers.low, found.with_servers.high)
    )
    gpus = "B200 GPUs that so many MW with servers could hold"
    yield Quantity.within(gpus, held, unit="thousand", source=MODEL)
    yield Quantity.of(f"new MW under the name {BUYER} in the table of sites", listed, unit="MW", source=POWER)
    left, lowest = evidence.now.left_mw(), evidence.at_lowest.left_mw()
    for area in left.index:
        within = "within" if area in areas else "beyond"
        name = f"left in {area} once other new load is served ({within} the cloud's budget; low: lowest tie capacities)"
        ends = sorted((float(left[area]), float(lowest[area])))
        yield Quantity.within(name, (float(left[area]), *ends), unit="MW", source=POWER)
    for fact in (
        "microsoft_investment", "microsoft_investment_yen", "building_cost_tokyo", "building_cost_osaka",
        "ai_building_premium", "campus_cost", "b200_server_cost", "dgx_b200_price", "dgx_b200_power",
        "receiving_per_it", "pue_benchmark",
    ):  # fmt: skip
        yield of_fact(facts, fact)


def _capital_text(
    evidence: Evidence, found: Bought, figure: Quantity, areas: list[str], *, left: float, listed: float
) -> str:
    fits = "would fit" if figure.high <= left else "would not all fit"
    seen = (
        "so where the money goes cannot be seen"
        if listed < figure.low
        else "so it can be seen where it could go"
    )
    return (
        f"The sum buys {found.with_servers} with servers, or {found.shells} of buildings alone. By the area model "
        f"that {fits} where the cloud's round-trip budget is kept ({', '.join(areas) or 'nowhere'}): there the best "
        f"area has {shown(left, 'MW')} MW left in {evidence.years[-1]} once all other new load is served, local "
        f"grids left out. Under the buyer's name the table of sites holds {shown(listed, 'MW')} MW of new load, {seen}."
    )
