"""The tables of a report: headline figures, sites, ties, triangle, doubts and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from three_mismatches.errors import LayerError, NetworkError
from three_mismatches.language import names_of, say
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.maps.terms import hub_word
from three_mismatches.report.answer import reading
from three_mismatches.report.story import Column, Sheet
from three_mismatches.report.words import element_names, figure_of, flag_meaning, table_words, word

if TYPE_CHECKING:
    from three_mismatches.ensemble import Ensemble
    from three_mismatches.mismatch import Triangle
    from three_mismatches.study import Result

__all__ = [
    "budgets",
    "doubts",
    "draws",
    "headlines",
    "inputs",
    "licences",
    "sites",
    "ties",
    "triangle",
    "triangle_of",
]

DECIMALS = {"years": 1, "ms": 1, "TWh": 1, "-": 2}
"""Of each unit; MW and counts have none."""


def headlines(result: Result) -> Sheet:
    """Return the headline figures with their ranges."""
    told, value = _quantities(), result.fleet["value"]
    judged = "sites_with_budget" not in value or value["sites_with_budget"] > 0.0
    rows = result.fleet.loc[[name for name in told if name in value and (judged or name not in OF_LIGHT)]]
    return Sheet(
        "headlines",
        _readable(rows, ("value", "low", "high", "p10", "p90")),
        (
            Column("figure", say("Figure")),
            Column("value", say("As it is")),
            Column("low", say("Least")),
            Column("high", say("Most")),
            Column("p10", "P10"),
            Column("p90", "P90"),
            Column("unit", say("Unit")),
        ),
        say(
            "Headline figures. Least and most are over other readings of the doubtful inputs, one at a time; P10 and "
            "P90 are over the draws of what takes how long."
        ),
    )


OF_LIGHT = ("sites_over_rtt_budget", "over_rtt_budget_mw", "rtt_gap_ms")
"""Figures of which nothing is known where no site has a budget over fibre."""


def sites(result: Result) -> Sheet:
    """Return one row per site that is no part of another, the worst first."""
    kept = result.sites[is_top_level(result.sites)]
    order = [
        column for column in ("joint_gap_mw", "rtt_gap_ms", "delay_y_p50", "request_mw") if column in kept
    ]
    rows = kept.sort_values(order, ascending=False, na_position="last", kind="stable")
    areas = names_of(result.areas)
    words = {
        column: rows[column].map(word) for column in ("use", "status", "critical_stream", "dominant_mismatch")
    }
    table = pd.DataFrame(rows.drop(columns="geometry")).assign(
        name=names_of(rows), area=rows["area"].map(areas).fillna(""), **words
    )
    return Sheet(
        "sites",
        table,
        (
            Column("name", say("Site")),
            Column("area", say("Area")),
            Column("use", say("Use")),
            Column("status", say("Status")),
            Column("request_mw", say("Asks"), "MW"),
            Column("hosting_mw", say("Could have alone"), "MW"),
            Column("joint_gap_mw", say("Short, all at once"), "MW"),
            Column("rtt_ms", say("Round trip"), "ms", 1),
            Column("budget_ms", say("Budget"), "ms", 1),
            Column("rtt_gap_ms", say("Beyond it"), "ms", 1),
            Column("delay_y_p50", say("Waits, median"), say("years"), 1),
            Column("delay_y_p90", say("Waits, P90"), say("years"), 1),
            Column("critical_stream", say("Slowest")),
            Column("dominant_mismatch", say("Weighs most")),
        ),
        say(
            "Every site: power, light and years. Could have alone is an upper bound where no local limit is known."
        ),
        per_site=True,
    )


def ties(result: Result) -> Sheet | None:
    """Return the ties with their flow, their limits, and what a MW more of each would bring."""
    rows = result.ties
    if rows.empty:
        return None
    names = element_names(result)
    table = pd.DataFrame(rows).assign(
        name=[names.get(element, element) for element in rows.index],
        full=np.where(rows["binding"], say("yes"), ""),
    )
    return Sheet(
        "ties",
        table.sort_values(["shadow_price", "binding"], ascending=False, kind="stable"),
        (
            Column("name", say("Tie")),
            Column("flow_mw", say("Flow at the peak"), "MW"),
            Column("limit_forward", say("Limit forward"), "MW"),
            Column("limit_reverse", say("Limit backward"), "MW"),
            Column("full", say("Binds")),
            Column("shadow_price", say("One MW more brings"), "MW", 2),
        ),
        say("Ties between areas. What one MW more of a tie would bring is zero while nothing is short."),
    )


def triangle_of(result: Result) -> Triangle | None:
    """Return the mismatch triangle; None where sites, generation or hubs have no mass, or nothing joins them."""
    try:
        return result.triangle
    except (LayerError, NetworkError):
        return None


def triangle(result: Result) -> Sheet | None:
    """Return the sides of the mismatch triangle beside what chance would make of them."""
    made = triangle_of(result)
    if made is None:
        return None
    sides = made.sides
    # Only sites are placed at random: of the side between the other two nothing is to be said.
    chance = {"null_distance": 0, "p_value": 2}
    told = {
        column: ["" if np.isnan(value) else figure_of(value, digits) for value in sides[column]]
        for column, digits in chance.items()
    }
    table = pd.DataFrame(sides).assign(pair=[word(side) for side in sides.index], **told)
    return Sheet(
        "triangle",
        table,
        (
            Column("pair", say("Side")),
            Column("distance", say("Distance"), "km"),
            Column("total_mw", say("Mass"), "MW"),
            Column("null_distance", say("If sites stood where people live"), "km"),
            Column("p_value", say("Share of random placements that are farther"), "", 2),
        ),
        say("Sides of the triangle, beside sites that are placed at random where people live."),
    )


def budgets(result: Result) -> Sheet | None:
    """Return how many sites each use's budget would allow, whatever the site's own use."""
    rows = result.latency
    if rows.empty:
        return None
    whole = result.sites.index[is_top_level(result.sites)]
    rows = rows[rows.index.get_level_values("site").isin(whole)]
    known = rows[rows["budget_ms"].notna()]
    found = known.groupby(level="use", sort=True)
    table = pd.DataFrame(
        {
            "budget_ms": found["budget_ms"].first(),
            "hub": found["hub_kind"].first().map(_hub),
            "within": found["rtt_gap_ms"].agg(lambda gaps: float((gaps <= 0.0).sum())),
            "sites": found.size().astype(float),
        }
    )
    return Sheet(
        "budgets",
        table.assign(called=[word(use) for use in table.index]),
        (
            Column("called", say("Use")),
            Column("budget_ms", say("Budget"), "ms", 1),
            Column("hub", say("To")),
            Column("within", say("Sites within it")),
            Column("sites", say("Of")),
        ),
        say("The budget decides whether there is a gap: sites that would be within the budget of each use."),
    )


def _hub(kind: str) -> str:
    """Return what readers call a kind of hub; the cloud, which is a use too, by its places."""
    return hub_word(kind) or word(kind)


def doubts(result: Result) -> Sheet:
    """Return how many sites carry each warning."""
    codes = result.sites["flags"].fillna("").str.split(";").explode()
    counts = codes[codes != ""].value_counts()
    table = pd.DataFrame({"count": counts.astype(float)}, index=counts.index)
    return Sheet(
        "doubts",
        table.assign(meaning=[flag_meaning(str(flag)) for flag in counts.index], flag=list(counts.index)),
        (
            Column("meaning", say("Warning")),
            Column("count", say("Sites")),
            Column("flag", say("Code")),
        ),
        say("What the rows warn of themselves; of {sites} rows.", sites=len(result.sites)),
    )


def draws(ensemble: Ensemble) -> Sheet:
    """Return how far the headline figures move over the draws of an ensemble."""
    told = _quantities()
    found = ensemble.quantiles()
    rows = found.loc[[name for name in told if name in found.index]]
    table = _readable(rows, ("value", "p10", "p50", "p90"))
    return Sheet(
        "draws",
        table,
        (
            Column("figure", say("Figure")),
            Column("value", say("As it is")),
            Column("p10", "P10"),
            Column("p50", "P50"),
            Column("p90", "P90"),
            Column("unit", say("Unit")),
        ),
        say(
            "Headline figures over {draws} draws of the doubtful inputs: percentiles over their ranges, which are no "
            "probabilities.",
            draws=len(ensemble.fleet),
        ),
    )


def licences(result: Result) -> Sheet:
    """Return every source with its licence and date, by table."""
    told = table_words()
    frames = {name: frame for name, frame in result.tables.inputs.frames().items() if len(frame)}
    parts = [_sources(told.get(name, name), frame) for name, frame in frames.items() if "source" in frame]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(SOURCED))
    return Sheet(
        "sources",
        table,
        (
            Column("table", say("Table")),
            Column("source", say("Source")),
            Column("licence", say("Licence")),
            Column("source_date", say("Date")),
            Column("rows", say("Rows")),
        ),
        say("Every source of every input table, as the rows name it."),
    )


SOURCED = ("table", "source", "licence", "source_date", "rows")


def inputs(result: Result, hashes: dict[str, str]) -> Sheet:
    """Return the rows of each input table and the hash that tells whether it is the same."""
    told = table_words()
    frames = result.tables.inputs.frames()
    table = pd.DataFrame(
        {
            "table": [told.get(name, name) for name in hashes],
            "rows": [float(len(frames[name])) for name in hashes],
            "sha256": [value[:16] for value in hashes.values()],
        },
        index=list(hashes),
    )
    return Sheet(
        "inputs",
        table[table["rows"] > 0],
        (Column("table", say("Table")), Column("rows", say("Rows")), Column("sha256", "SHA-256")),
        say("Input tables; the first 16 digits of their hashes, which summary.json has in full."),
    )


def _sources(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return each source of one table once, with the number of its rows."""
    rows = pd.DataFrame(
        {
            "source": frame["source"].fillna("").astype(str).str.split(" | ", regex=False),
            "licence": frame.get("licence", pd.Series("", index=frame.index)).fillna("").astype(str),
            "source_date": frame.get("source_date", pd.Series("", index=frame.index)).fillna("").astype(str),
        }
    ).explode("source")
    rows = rows[rows["source"].str.strip() != ""]
    found = rows.groupby(["source", "licence"], sort=False).agg(
        source_date=("source_date", "max"), rows=("source_date", "size")
    )
    return found.reset_index().assign(table=table, rows=found["rows"].to_numpy(float))[list(SOURCED)]


def _readable(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return figures of the fleet as readers want them: each with the decimals of its unit, and in words what it is."""
    told = _quantities()
    units = {"sites": say("sites"), "years": say("years"), "MW years": say("MW years"), "-": ""}
    printed = {
        column: [_rounded(row[column], row["unit"]) for _, row in rows.iterrows()] for column in columns
    }
    return pd.DataFrame(printed, index=rows.index).assign(
        figure=[told[str(name)] for name in rows.index],
        unit=[units.get(unit, unit) for unit in rows["unit"]],
    )


def _rounded(value: float, unit: str) -> str:
    return (
        ""
        if np.isnan(value)
        else figure_of(value, DECIMALS.get(unit, 0), unit=say("years") if unit == "years" else unit)
    )


def _quantities() -> dict[str, str]:
    return {
        "sites": say("Sites"),
        "sites_with_request": say("of these with a known size"),
        "new_load_mw": say("New load of listed sites"),
        "unsited_mw": say("New load that no listed site stands for"),
        "unlisted_mw": say("Load of today that no listed site stands for"),
        "power_gap_mw": say("Short if each site asked alone, summed"),
        "joint_gap_mw": say("Short if all ask at once, after the worst loss"),
        "joint_gap_intact_mw": say("Short if all ask at once, nothing lost"),
        "joint_multiple": say("Times the load could grow before a limit"),
        "double_count": say("Headroom counted twice, ratio"),
        "spare_mw": say("Power to spare at the peak"),
        "regret_mw": say("Gap that another place would cure"),
        "sites_over_rtt_budget": say("Sites beyond their latency budget"),
        "over_rtt_budget_mw": say("Load of these sites"),
        "rtt_gap_ms": say("Their mean excess"),
        "years_lost": say("Years lost for each MW that comes"),
        "years_lost_dated": say("the same, for steps whose year is printed"),
        "lost_mw_y": say("Capacity lost to waiting"),
        "lost_twh": say("the same as energy"),
        "late_1y_mw": say("Load that runs a year or more late"),
        "late_3y_mw": say("Load that runs three years or more late"),
        "critical_connection_mw": say("Slowest is the grid connection"),
        "critical_network_mw": say("Slowest is room on the grid"),
        "critical_generation_mw": say("Slowest is supply"),
        "critical_fibre_mw": say("Slowest is fibre"),
    }


def least_and_most(meaning: str) -> tuple[str, str]:
    """Return in words which readings make the least and the most of a figure, as its meaning says."""
    ends = (meaning.partition(f"{end}: ")[2].partition(";")[0].strip() for end in ("least", "most"))
    least, most = (reading(end) for end in ends)
    return least, most
