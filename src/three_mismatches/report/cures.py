"""What would close each gap: one row for each site and gap, in words, with its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from three_mismatches import mismatch
from three_mismatches.language import names_of, say
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.report.story import Column, Sheet
from three_mismatches.report.words import element_names, elements_of, figure_of, mw, wait_without_end, word

if TYPE_CHECKING:
    from three_mismatches.study import Result

__all__ = ["cures", "reinforcements", "watts_or_bits"]

LEAST_MW, LEAST_MS, LEAST_YEARS = 0.5, 0.05, 0.5
"""Gaps below these are no row."""

MOST_REINFORCEMENTS = 15


def cures(result: Result) -> Sheet:
    """Return one row for each gap of each site: how large, what stands in the way, what would close it."""
    kept = result.sites[is_top_level(result.sites)]
    rows = [*_power(result, kept), *_light(result, kept), *_years(result, kept)]
    table = pd.DataFrame(rows, columns=["site", "name", "gap", "because", "cure"]).set_index("site")
    return Sheet(
        "cures",
        table,
        (
            Column("name", say("Site")),
            Column("gap", say("Gap")),
            Column("because", say("What stands in the way")),
            Column("cure", say("What would close it")),
        ),
        say("Each gap of each site and what would close it, by the model."),
        per_site=True,
    )


def reinforcements(result: Result) -> Sheet | None:
    """Return at line resolution what a MW more of each rating would bring, the most first."""
    if result.reinforcements.empty:
        return None
    table = pd.DataFrame(result.reinforcements).head(MOST_REINFORCEMENTS)
    told = _prices()
    columns = [
        Column(str(name), told.get(str(name), str(name)), "MW", 2)
        for name in table.columns
        if pd.api.types.is_float_dtype(table[name])
    ]
    return Sheet(
        "reinforcements",
        table.assign(element=[str(name) for name in table.index]),
        (Column("element", say("Line")), *columns),
        say("What one MW more of a line's rating would bring all sites together."),
    )


def _prices() -> Mapping[str, str]:
    """Return what readers call the gains of one MW more."""
    return {
        "mw_per_mw": say("One MW more brings"),
        "corridor_mw_per_mw": say("One MW more on all circuits beside it brings"),
        "dual": say("Price in the programme"),
        "before": say("Price with all in service"),
        "after": say("Price after a loss"),
    }


def watts_or_bits(result: Result) -> Sheet | None:
    """Return for sites that ask for new power whether a line to them or fibre to the power is cheaper."""
    found = mismatch.watt_bit(result.study)
    rows = found[found["watt_bit"].notna()].sort_values("new_mw", ascending=False, kind="stable")
    if rows.empty:
        return None
    table = rows.assign(
        name=names_of(result.sites).reindex(rows.index),
        source_area=rows["source_area"].map(names_of(result.areas)),
        keeps=np.where(rows["keeps_budget"].fillna(value=False).astype(bool), say("yes"), say("no")),
        cheaper=[say("bits") if told == "bits" else say("watts") for told in rows["cheaper"]],
    )
    return Sheet(
        "watts_or_bits",
        pd.DataFrame(table),
        (
            Column("name", say("Site")),
            Column("new_mw", say("New load"), "MW"),
            Column("source_area", say("Spare power in")),
            Column("line_km", say("Line to the site"), "km"),
            Column("fibre_km", say("Fibre to the power"), "km"),
            Column("extra_ms", say("Round trip longer by"), "ms", 1),
            Column("keeps", say("Within its budget there")),
            Column("cheaper", say("Cheaper to move")),
        ),
        say(
            "Watts or bits: a power line to the site, or fibre to where power is to spare; without substations."
        ),
        per_site=True,
    )


def _power(result: Result, sites: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a row for each site that lacks power, alone or together with all others."""
    names, called, places = (
        {str(each): str(name) for each, name in element_names(result).items()},
        names_of(sites).to_dict(),
        names_of(result.places).to_dict(),
    )
    rows: list[tuple[str, ...]] = []
    gaps = sites[["joint_gap_mw", "power_gap_mw"]].max(axis=1)
    for site, row in sites.assign(gap=gaps)[gaps > LEAST_MW].iterrows():
        limits = _elements(row["limiting_element"], names)
        moved = row["regret_mw"]
        place = places.get(row["regret_place"], row["regret_place"])
        cure = (
            say("{mw} of it would be served at {place}, within its latency budget", mw=mw(moved), place=place)
            if moved > LEAST_MW
            else say("more of {limits}; no place within its budget has room", limits=limits)
        )
        rows.append((str(site), called[site], say("{mw} short", mw=mw(row["gap"])), limits, cure))
    return rows


def _light(result: Result, sites: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a row for each site beyond its latency budget."""
    called = names_of(sites).to_dict()
    over = sites[sites["rtt_gap_ms"] > LEAST_MS].sort_values("rtt_gap_ms", ascending=False, kind="stable")
    return [
        (
            str(site),
            called[site],
            say("{ms} ms beyond budget", ms=figure_of(row["rtt_gap_ms"], 1))
            if np.isfinite(row["rtt_gap_ms"])
            else say("no path"),
            _distance(row),
            _shorter(result, str(site), row),
        )
        for site, row in over.iterrows()
    ]


def _distance(row: pd.Series) -> str:
    glass = row["rtt_vacuum_ms"] + row["rtt_glass_ms"]
    if not np.isfinite(row["rtt_ms"]):
        return say("no fibre path in the model")
    return say(
        "{glass} ms are light in glass on the straight way, {detour} ms the route's detours",
        glass=figure_of(glass, 1),
        detour=figure_of(row["rtt_ms"] - glass, 1),
    )


def _shorter(result: Result, site: str, row: pd.Series) -> str:
    """Return what would bring a site within budget: a straighter route, or a use that it is near enough for."""
    glass = row["rtt_vacuum_ms"] + row["rtt_glass_ms"]
    route = (
        say("a straighter route could do it")
        if glass <= row["budget_ms"]
        else say("no route can: light in glass alone takes longer")
    )
    uses = result.latency.loc[site]
    fits = [word(use) for use in uses.index[(uses["rtt_gap_ms"] <= 0.0) & uses["budget_ms"].notna()]]
    if not fits:
        return route
    return say("{route}; near enough for {uses}", route=route, uses=say(", ").join(fits))


def _years(result: Result, sites: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a row for each site that waits beyond its building."""
    if result.delay is None:
        return []
    called, waits = names_of(sites).to_dict(), result.delay.sites
    late = sites[sites["delay_y_p50"] >= LEAST_YEARS].sort_values(
        "delay_y_p50", ascending=False, kind="stable"
    )
    rows: list[tuple[str, ...]] = []
    for site, row in late.iterrows():
        span = _late(row)
        slowest = word(row["critical_stream"])
        relief = waits.get(f"relief_{row['critical_stream']}_y", pd.Series(dtype=float)).get(site, np.nan)
        cure = say(
            "if {stream} took no time it would run {years} years earlier",
            stream=slowest,
            years=figure_of(relief, 1),
        )
        rows.append((str(site), called[site], span, say("{stream} is the slowest", stream=slowest), cure))
    return rows


def _late(row: pd.Series) -> str:
    """Return how late a site is, with eight of ten draws."""
    p10, p50, p90 = (float(row[f"delay_y_p{share}"]) for share in (10, 50, 90))
    if np.isinf(p50):
        return wait_without_end(p10)
    ends = {"p10": figure_of(p10, 1), "p90": figure_of(p90, 1, unit=say("years"))}
    return say("{p50} years late [{p10} to {p90}]", p50=figure_of(p50, 1), **ends)


def _elements(text: object, names: Mapping[str, str]) -> str:
    return say(", ").join(elements_of(text, names)) or say("not told by the model")
