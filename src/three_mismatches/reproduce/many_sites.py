"""Claim 7: which sites are near enough in light to act as one, and how much load could move between areas?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from three_mismatches import latency
from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.reproduce.by_year import YearAnswer
from three_mismatches.reproduce.evidence import Evidence
from three_mismatches.reproduce.records import Answer, Quantity, cited, of_fact, row_of, shown
from three_mismatches.reproduce.rules import THRESHOLDS, changes, on_network, seen

__all__ = ["Groups", "answer_many_sites", "groups_of"]

POWER = "three_mismatches, area model"
FIBRE = "three_mismatches, fibre model"

ROUNDING_MW = 1e-3

LOOSE = "ai training"
"""Use whose budget loosely coupled work keeps."""


@dataclass(frozen=True)
class Groups:
    """
    What sites that are all near each other come to.

    Attributes
    ----------
    sites, mw, areas
        Of the group with most sites: how many, their known MW, and their areas.
    share, across
        Known MW in groups of many sites, and in such as span two areas or more, over those of all sites. [-]
    widest
        Sites of the largest group that spans two areas or more; 0 if none does.
    pairs, holding
        Pairs within the round trip, and of these such as remain so after the worst loss.
    """

    sites: float
    mw: float
    areas: tuple[str, ...]
    share: float
    across: float
    widest: float
    pairs: float
    holding: float


def groups_of(pairs: pd.DataFrame, sites: pd.DataFrame) -> Groups:
    """
    Return what the pairs make in groups.

    Parameters
    ----------
    pairs
        From `latency.backup_pairs`.
    sites
        Index site; `area`, `request_mw`. [MW]
    """
    mw, area = sites["request_mw"].fillna(0.0), sites["area"]
    if pairs.empty:
        return Groups(0.0, 0.0, (), 0.0, 0.0, 0.0, 0.0, 0.0)
    campuses = latency.virtual_campuses(pairs, mw=mw)
    spans = [tuple(sorted(set(area[list(group)]))) for group in campuses["sites"]]
    largest = int(campuses["count"].to_numpy().argmax())
    many = campuses["count"] >= THRESHOLDS["many_sites"].value
    wide = pd.Series([len(span) > 1 for span in spans], index=campuses.index)
    known = float(mw.sum())

    def held(groups: pd.Series) -> float:
        members = sorted({site for group in campuses["sites"][groups] for site in group})
        return float(mw[members].sum()) / known if known > 0.0 else 0.0

    return Groups(
        sites=float(campuses["count"].iloc[largest]),
        mw=float(campuses["mw"].iloc[largest]),
        areas=spans[largest],
        share=held(many),
        across=held(many & wide),
        widest=float(campuses["count"][wide].max()) if wide.any() else 0.0,
        pairs=float(len(pairs)),
        holding=float(pairs["holds"].sum()),
    )


def answer_many_sites(evidence: Evidence) -> Answer:
    """Return the answer to claim 7."""
    budget = float(evidence.facts["value"]["synchronous_round_trip"])
    found = _groups(evidence, budget)
    share, lowest = (_movable_share(answer) for answer in (evidence.now, evidence.at_lowest))
    ends = [groups.sites for groups in found.values()]
    figure = Quantity(
        f"sites of the largest group within {budget:g} ms of each other", found["value"].sites, min(ends), max(ends),
        "sites", FIBRE,
    )  # fmt: skip
    given = {"movable": share, "lowest_movable": lowest}
    own, wide = found["value"], _wide(evidence)
    verdict = on_network(in_groups=own.share, across=own.across, **given)
    wider = _groups_at(evidence, wide)
    readings = {
        "at the low end of the route factor": found["low"],
        "at the high end of the route factor": found["high"],
        f"if {wide:g} ms counted as synchronous": wider,
    }
    others = {
        reading: on_network(in_groups=groups.share, across=groups.across, **given)
        for reading, groups in readings.items()
    }
    tables = evidence.study.tables
    return Answer(
        claim=7,
        figure=figure,
        text=_text(evidence, own, budget, share, lowest),
        formula=(
            "groups: maximal cliques of sites whose round trips to each other are at most the budget; movable: the "
            "lesser of an area's new load and what another area could take alone once all other new load is served, "
            "the secure rung"
        ),
        sources=cited(
            [evidence.facts["source"]["synchronous_round_trip"]], tables.fibre.fibre_nodes["source"],
            [tables.budgets["source"][LOOSE]], tables.grid.interfaces["source"], tables.grid.areas["source"],
        ),
        model="fibre model of 48 cities; area model for what could move",
        interval="range of the route factor; of what could move, median and lowest tie capacities",
        verdict=verdict,
        would_change=changes(verdict, others)
        + " Measured round trips between sites, and ways of training that bear longer ones, would change it.",
        unseen="Small sites in the radio network are in no table; ducts that two routes share; Gbit/s; whether load "
        "that could move is of a kind that may.",
        details=tuple(_details(evidence, found, wider)),
    )  # fmt: skip


def _wide(evidence: Evidence) -> float:
    """Return the longest round trip that a source calls synchronous. [ms]"""
    return float(evidence.facts["high"]["synchronous_round_trip"])


def _groups_at(evidence: Evidence, within_ms: float, route_factor: float | None = None) -> Groups:
    return groups_of(evidence.pairs(within_ms, route_factor=route_factor), evidence.sites)


def _groups(evidence: Evidence, budget: float) -> dict[str, Groups]:
    """Return the groups as the study is, and at both ends of the route factor."""
    factor = ASSUMPTIONS["route_factor"]
    return {
        "value": _groups_at(evidence, budget),
        "low": _groups_at(evidence, budget, factor.low),
        "high": _groups_at(evidence, budget, factor.high),
    }


def _movable_share(answer: YearAnswer) -> float:
    """Return the share of the new load of the area with most that the best other area could host. [-]"""
    new = answer.areas["new_mw"]
    if not new.max() > 0.0:
        return 0.0
    movable = row_of(answer.movable_mw(), new.idxmax())
    return float(movable.max() / new.max())


def _details(evidence: Evidence, found: dict[str, Groups], wider: Groups) -> Iterator[Quantity]:
    own, low, high = found["value"], found["low"], found["high"]

    def row(name: str, field: str, unit: str) -> Quantity:
        readings = [float(getattr(each, field)) for each in (low, high)]
        return Quantity.over(name, float(getattr(own, field)), readings, unit=unit, source=FIBRE)

    yield row(f"known MW of the largest group ({', '.join(own.areas) or 'none'})", "mw", "MW")
    yield row("share of the known MW in groups of three sites or more", "share", "-")
    yield row("share of the known MW in such groups that span two areas or more", "across", "-")
    yield row("sites of the largest group that spans two areas or more", "widest", "sites")
    yield row("pairs of sites within the synchronous round trip", "pairs", "pairs")
    yield row("of these, within it after the worst loss too", "holding", "pairs")
    wide = f"{_wide(evidence):g} ms"
    yield Quantity.of(f"sites of the largest group within {wide}", wider.sites, unit="sites", source=FIBRE)
    yield Quantity.of(
        f"share of the known MW in groups within {wide} that span two areas or more",
        wider.across,
        unit="-",
        source=FIBRE,
    )
    yield from _between_areas(evidence)
    for fact in (
        "synchronous_round_trip",
        "telco_ai_cloud_start",
        "softbank_gpu_cloud_start",
        "workload_shift_trial",
    ):
        yield of_fact(evidence.facts, fact)


def _between_areas(evidence: Evidence) -> Iterator[Quantity]:
    """Return what each area's new load could find elsewhere, and the widest round trip of all."""
    now, lowest = evidence.now.movable_mw(), evidence.at_lowest.movable_mw()
    new = evidence.now.areas["new_mw"].sort_values(ascending=False, kind="stable")
    for area, mw in new[(new / new.sum()).map(seen)].items():
        whole = int((row_of(now, area) >= mw - ROUNDING_MW).sum())
        name = f"new load of {area} that one other area could host ({whole} could host all; low: lowest tie capacities)"
        values = float(row_of(now, area).max()), float(row_of(lowest, area).max())
        yield Quantity(name, values[0], min(values), max(values), "MW", POWER)
    budget = float(evidence.study.tables.budgets["rtt_ms"][LOOSE])
    trips = evidence.result.latency.xs(LOOSE, level="use").reindex(evidence.sites.index)
    name = f"sites within {budget:g} ms of an exchange, as loosely coupled training needs"
    ends = (float((trips[column] <= budget).sum()) for column in ("rtt_ms", "rtt_high_ms", "rtt_low_ms"))
    yield Quantity.within(name, ends, unit="sites", source=FIBRE)


def _text(evidence: Evidence, own: Groups, budget: float, share: float, lowest: float) -> str:
    new = evidence.now.areas["new_mw"]
    across = (
        f"those that span two areas or more hold {own.across:.0%}" if own.widest else "none spans two areas"
    )
    return (
        f"The largest group of sites within {budget:g} ms of each other has {own.sites:.0f} ({', '.join(own.areas)}, "
        f"{shown(own.mw, 'MW')} MW known). Groups of three and more hold {own.share:.0%} of the known MW, {across}. "
        f"By the area model another area could host {share:.0%} of the {shown(float(new.max()), 'MW')} MW of new load "
        f"of {new.idxmax()} ({lowest:.0%} with the lowest tie capacities), local grids left out."
    )
