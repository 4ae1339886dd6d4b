"""Claim 1: are there three mismatches, how large is each, and which dominates where?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from three_mismatches.mismatch import DOMINANT
from three_mismatches.reproduce.evidence import Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cited, of_fleet, shown
from three_mismatches.reproduce.rules import changes, on_mismatches, seen

__all__ = ["answer_mismatches"]

USE = "ai inference"
"""Use whose budget spare power is held against: the claim is of AI."""

FIBRE_MODEL = "three_mismatches, fibre model"

SIDES = {
    "sites-generation": "how far a MW of site is from generation",
    "sites-hubs": "how far a MW of site is from what it must reach",
    "generation-hubs": "how far generation is from what sites must reach",
}


def answer_mismatches(evidence: Evidence) -> Answer:
    """Return the answer to claim 1."""
    shares = _shares(evidence)
    value = {name: share.value for name, share in shares.items()}
    least = {name: share.low for name, share in shares.items()}
    most = {name: share.high for name, share in shares.items()}
    counts = [float(sum(seen(share) for share in end.values())) for end in (value, least, most)]
    model = "three_mismatches, area and fibre models"
    verdict = on_mismatches(value, most)
    others = {
        f"at the worst reading of {name}": on_mismatches({**value, name: most[name]}, most) for name in shares
    } | {
        f"at the best reading of {name}": on_mismatches({**value, name: least[name]}, most) for name in shares
    }
    tables = evidence.study.tables
    return Answer(
        claim=1,
        figure=Quantity.within("mismatches that are seen, of three", counts, unit="of 3", source=model),
        text=_text(evidence, shares),
        formula=(
            "count of shares at or above the threshold: joint_gap_mw / new load; sites over their round-trip budget / "
            f"sites with one; spare power beyond the budget of {USE} / spare power; triangle: earth mover's distances"
        ),
        sources=cited(
            tables.grid.areas["source"], tables.fibre.fibre_nodes["source"], tables.budgets["source"],
            tables.hubs["source"],
        ),
        model="area model for power; fibre model of 48 cities for light",
        interval="readings of ties, supply, local limits, load factor and receiving power, and both ends of the route "
        "factor, one at a time",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " Published limits of local networks would show gaps of single sites that the area model cannot see.",
        unseen="Local networks below the areas: at most sites only an upper bound of what can be hosted is known, so "
        "that no gap is not the same as none. Fibre is a backbone sketch; digging is not known.",
        details=(*_power(evidence), *shares.values(), *_fibre(evidence), *_reach(evidence), *_sides(evidence),
                 *_dominance(evidence)),
    )  # fmt: skip


def _shares(evidence: Evidence) -> dict[str, Quantity]:
    """Return the share of each mismatch with its range."""
    fleet, beyond = evidence.result.fleet, _beyond(evidence)
    asked = float(fleet["value"]["new_load_mw"] + fleet["value"]["unsited_mw"])
    gap, over = (of_fleet(fleet, name) for name in ("joint_gap_mw", "sites_over_rtt_budget"))
    return {
        "sites-power": _over("share of new load that is short", gap, asked),
        "sites-fibre": _over(
            "share of sites over their budget", over, float(fleet["value"]["sites_with_budget"])
        ),
        "power-fibre": _over(f"share of spare power beyond the budget of {USE}", beyond, _spare(evidence)),
    }


def _over(name: str, part: Quantity, whole: float) -> Quantity:
    values = (part.value, part.low, part.high)
    return Quantity.within(
        name, (value / whole if whole > 0.0 else 0.0 for value in values), unit="-", source=part.source
    )


def _stranded(evidence: Evidence) -> pd.DataFrame:
    """Return what of each area's spare power is beyond the budget of the use, whatever fibre must be built."""
    found = evidence.reach.stranded.xs((USE, np.inf), level=("use", "within_km"))
    return cast("pd.DataFrame", found)


def _spare(evidence: Evidence) -> float:
    return float(_stranded(evidence)["spare_mw"].sum())


def _beyond(evidence: Evidence) -> Quantity:
    columns = ("stranded_mw", "stranded_low_mw", "stranded_high_mw")
    sums = _stranded(evidence)[list(columns)].sum()
    name = f"spare power beyond the round-trip budget of {USE}"
    return Quantity.within(
        name, (float(sums[column]) for column in columns), unit="MW", source=f"{FIBRE_MODEL}, reach"
    )


def _power(evidence: Evidence) -> list[Quantity]:
    fleet = evidence.result.fleet
    names = (
        "new_load_mw",
        "unsited_mw",
        "power_gap_mw",
        "joint_gap_mw",
        "joint_gap_intact_mw",
        "regret_mw",
        "spare_mw",
    )
    return [of_fleet(fleet, name) for name in names]


def _fibre(evidence: Evidence) -> list[Quantity]:
    fleet = evidence.result.fleet
    return [
        of_fleet(fleet, name)
        for name in ("sites_with_budget", "sites_over_rtt_budget", "over_rtt_budget_mw", "rtt_gap_ms")
    ]


def _reach(evidence: Evidence) -> list[Quantity]:
    """Return the spare power beyond the budget, in all and by area."""
    rows = _stranded(evidence)
    rows = rows[rows["stranded_mw"] > 0.0].sort_values("stranded_mw", ascending=False, kind="stable")
    columns = ["stranded_mw", "stranded_low_mw", "stranded_high_mw"]
    by_area = [
        Quantity.within(f"of it in {area}", map(float, row), unit="MW", source=f"{FIBRE_MODEL}, reach")
        for area, row in zip(rows.index, rows[columns].to_numpy(), strict=True)
    ]
    return [_beyond(evidence), *by_area]


def _sides(evidence: Evidence) -> list[Quantity]:
    triangle = evidence.triangle
    rows = [
        Quantity.of(
            meaning, triangle.sides["distance"][side], unit="km", source=triangle.sides["source"][side]
        )
        for side, meaning in SIDES.items()
    ]
    times = "how far sites are from generation over how far ordinary load is: above 1 they stand worse"
    return [
        *rows,
        Quantity.of(times, triangle.excess, unit="-", source="three_mismatches, earth mover's distance"),
    ]


def _dominance(evidence: Evidence) -> list[Quantity]:
    """Return at how many sites of each area each mismatch dominates, and at how many nothing can be told."""
    sites = evidence.sites
    counts = sites.groupby(["dominant_mismatch", "area"]).size()
    model = "three_mismatches, area and fibre models"
    return [
        Quantity.of(
            f"sites in {area} where {name} dominates", float(counts[name, area]), unit="sites", source=model
        )
        for name in DOMINANT
        for area in sites["area"].unique()
        if (name, area) in counts.index
    ] + [of_fleet(evidence.result.fleet, f"dominant_{name}") for name in ("unknown", "none")]


def _text(evidence: Evidence, shares: Mapping[str, Quantity]) -> str:
    fleet, beyond = evidence.result.fleet, _beyond(evidence)
    value = fleet["value"]
    gap = of_fleet(fleet, "joint_gap_mw")
    counts = {name: value[f"dominant_{name.replace('-', '_')}"] for name in DOMINANT}
    most = max(counts, key=lambda name: counts[name])
    where = evidence.sites.loc[evidence.sites["dominant_mismatch"] == most, "area"].value_counts(sort=False)
    places = ", ".join(f"{area} {count}" for area, count in sorted(where.items()))
    led = (
        f"Where anything dominates at a site, it is most often {most}: at {counts[most]:.0f} ({places}); at "
        f"{value['dominant_unknown']:.0f} no gap is seen but the request, the local grid or the budget is not known."
        if counts[most]
        else "No mismatch dominates at any site that can be judged."
    )
    excess = of_fleet(fleet, "rtt_gap_ms")
    return (
        f"Together the sites and the scenario lack {gap} of {shown(value['new_load_mw'] + value['unsited_mw'], 'MW')} "
        f"MW of new load; {value['sites_over_rtt_budget']:.0f} of {value['sites_with_budget']:.0f} sites are beyond "
        f"their round-trip budget, by {excess} on the mean weighted by MW; and {beyond} of spare power, a share of "
        f"{shares['power-fibre'].value:.0%}, lie beyond the budget of {USE}. {led}"
    )
