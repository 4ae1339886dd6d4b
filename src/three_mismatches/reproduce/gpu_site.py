"""Claim 6: how many MW 10,000 GPUs draw, and Ishikari's three gaps by use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import pandas as pd

from three_mismatches import report
from three_mismatches.reproduce.evidence import Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cell_of, cited, of_fact, row_of, shown
from three_mismatches.reproduce.rules import changes, on_site

__all__ = ["answer_site", "drawn_by_gpus"]

MODEL = "arithmetic on published figures"
POWER = "three_mismatches, area model"
FIBRE = "three_mismatches, fibre model"

SITE = "sakura-ishikari"
USES: Mapping[str, str] = {
    "government cloud": "cloud",
    "inference": "ai inference",
    "training": "ai training",
}
"""The claim's uses, and the rows of `budgets` that stand for them."""

ENDS: Mapping[str, str] = {"value": "rtt_ms", "low": "rtt_low_ms", "high": "rtt_high_ms"}


def drawn_by_gpus(facts: pd.DataFrame) -> Quantity:
    """
    Return what the announced GPUs draw from the grid, if all are B200.

    Parameters
    ----------
    facts
        Published figures of `inputs.claims.read_claims`.
    """
    gpus, pue = cell_of(facts, "sakura_gpus"), cell_of(facts, "ishikari_pue")
    kw = float(facts["value"]["kw_per_gpu"])
    values = (gpus[end] * kw * pue[end] / 1e3 for end in ("value", "low", "high"))
    return Quantity.within("receiving power of the GPUs, if all are B200", values, unit="MW", source=MODEL)


def answer_site(evidence: Evidence) -> Answer:
    """Return the answer to claim 6."""
    facts, need = evidence.facts, drawn_by_gpus(evidence.facts)
    area = str(evidence.result.sites["area"][SITE])
    left = float(evidence.now.left_mw()[area])
    trips = cast("pd.DataFrame", evidence.result.latency.xs(SITE, level="site"))
    gaps = {end: _gaps(trips, column) for end, column in ENDS.items()}
    given = {"gpus": float(facts["value"]["sakura_gpus"]), "mw": need.high, "left_mw": left}
    verdict = on_site(**given, gaps_ms=gaps["value"], high_gaps_ms=gaps["high"])
    within = dict.fromkeys(USES, 0.0)
    others = {
        "at the low end of the route factor": on_site(**given, gaps_ms=gaps["low"], high_gaps_ms=gaps["low"]),
        "if every use allowed the round trip": on_site(**given, gaps_ms=within, high_gaps_ms=within),
        "if training did not keep its budget either": on_site(
            **given, gaps_ms={**gaps["value"], "training": 1.0}, high_gaps_ms=gaps["high"]
        ),
    }
    tables = evidence.study.tables
    return Answer(
        claim=6,
        figure=need,
        text=_site_text(evidence, need, trips, area=area, left=left),
        formula=(
            "MW = GPUs x kW per GPU x PUE / 1,000; power gap = max(0, MW - what the area has left); round-trip gap = "
            "max(0, RTT - budget) by use; what moving would cure = min(power gap, what other places have)"
        ),
        sources=cited(
            [facts["source"]["sakura_gpus"]], [facts["source"]["ishikari_pue"]],
            [tables.sites["source"][SITE]], tables.budgets["source"],
        ),
        model="arithmetic for MW; area model for power; fibre model of 48 cities for light",
        interval="GPUs as claimed to as planned, and PUE by design to rooms let to others; of round trips, "
        "the range of the route factor",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " A measured round trip from the site, or users placed in Hokkaido, would move the uses.",
        unseen="Whether the site met the conditions of the government cloud by their date; its own request, so "
        "that its power gap is that of the GPUs alone; the local grid at Ishikari; which GPUs stand at which site.",
        details=tuple(_site_details(evidence, need, trips, area=area, left=left)),
    )  # fmt: skip


def _gaps(trips: pd.DataFrame, column: str) -> dict[str, float]:
    """Return the excess over each use's budget. [ms]"""
    over = (trips[column] - trips["budget_ms"]).clip(lower=0.0)
    return {name: float(over[use]) for name, use in USES.items()}


def _site_details(
    evidence: Evidence, need: Quantity, trips: pd.DataFrame, *, area: str, left: float
) -> Iterator[Quantity]:
    gap = [max(0.0, mw - left) for mw in (need.value, need.low, need.high)]
    yield need
    yield Quantity.of(
        f"left in {area} once other new load is served, local grid left out", left, unit="MW", source=POWER
    )
    yield Quantity.within("sites-power: power gap of the GPUs", gap, unit="MW", source=POWER)
    stranded = evidence.reach.stranded.xs((area, float("inf")), level=("area", "within_km"))
    for name, use in USES.items():
        row = row_of(trips, use)
        rtt = tuple(float(row[column]) for column in ENDS.values())
        yield Quantity.within(f"round trip, {name}", rtt, unit="ms", source=FIBRE)
        yield Quantity.of(
            f"budget, {name}", row["budget_ms"], unit="ms", source=cited([_budget(evidence, use)])[0]
        )
        over = (max(0.0, ms - float(row["budget_ms"])) for ms in rtt)
        yield Quantity.within(f"sites-fibre: round-trip gap, {name}", over, unit="ms", source=FIBRE)
        beyond = (float(stranded[f"stranded{end}_mw"][use]) for end in ("", "_low", "_high"))
        yield Quantity.within(
            f"power-fibre: spare power of {area} beyond the budget, {name}", beyond, unit="MW", source=FIBRE
        )
    for fact in (
        "sakura_support", "sakura_gpus", "sakura_programme_cost", "kw_per_gpu", "sakura_it_power", "ishikari_pue",
        "ishikari_rack_power", "ishikari_racks", "government_cloud_deadline",
    ):  # fmt: skip
        yield of_fact(evidence.facts, fact)


def _budget(evidence: Evidence, use: str) -> object:
    return evidence.study.tables.budgets["source"][use]


def _site_text(evidence: Evidence, need: Quantity, trips: pd.DataFrame, *, area: str, left: float) -> str:
    gpus = of_fact(evidence.facts, "sakura_gpus")
    rows = [
        f"{name} {trips['rtt_ms'][use]:.1f} ms [{trips['rtt_low_ms'][use]:.1f} to {trips['rtt_high_ms'][use]:.1f}] "
        f"against {trips['budget_ms'][use]:g} ms"
        for name, use in USES.items()
    ]
    told = report.latency_sentences(evidence.result, SITE)
    cloud = next(line for line in told if line.startswith(f"For {USES['government cloud']},"))
    gap = (
        "so no power gap is seen above the local grid"
        if need.high <= left
        else "so that they would be short at most"
    )
    return (
        f"{shown(gpus.value, 'GPUs')} GPUs draw {need}, and {area} has {shown(left, 'MW')} MW left, {gap}. "
        f"Round trips: {'; '.join(rows)}. {cloud}"
    )
