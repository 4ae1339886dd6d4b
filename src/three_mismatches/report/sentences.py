"""What a result says in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.layers import Flag
from three_mismatches.layers.settings import Settings

if TYPE_CHECKING:
    from three_mismatches.study import Result

__all__ = ["latency_sentences", "sentences"]

LISTED = 3
"""Names that a sentence can hold."""

HUBS = {
    "ix": ("exchange", "exchanges"),
    "cloud": ("cloud region", "cloud regions"),
    "population": ("people", "people"),
    "landing": ("landing point", "landing points"),
}
"""What a sentence calls one hub, and many, of each kind."""

IN_WORDS = {
    "lead_time_level=-1": "all lead times at their low ends",
    "lead_time_level=1": "all lead times at their high ends",
    "tie_level=-1": "all ties at their lowest half-hour, in every year",
    "supply_level=-1": "the supply of all areas at its low end",
}
"""Readings that make the ends of the years lost."""

LEAST_TOLD_MS = 0.05


def sentences(fleet: pd.DataFrame, sites: pd.DataFrame, ties: pd.DataFrame, settings: Settings) -> list[str]:
    """
    Return the answer in sentences: power, fibre, which mismatch weighs most, and years; one more on the line model.

    Parameters
    ----------
    fleet, sites, ties
        Tables of a result.
    settings
        Year, base year and demand scenario.
    """
    line = [_line(fleet)] if "line_power_gap_mw" in fleet.index else []
    years = [_years(fleet, settings)] if "years_lost" in fleet.index else []
    return [_power(fleet, ties, settings), _fibre(fleet, sites), _dominant(fleet), *years, *line]


def latency_sentences(result: Result, site: str) -> list[str]:
    """
    Return one sentence for each use: how far in light the site is from what that use must reach, and if it may be.

    Parameters
    ----------
    result
        An answer.
    site
        A row of `result.sites`.

    Raises
    ------
    KeyError
        If there is no such site, or its study has no fibre or no uses.
    """
    rows = result.latency.loc[site]
    given = result.sites["name"][site]
    name = given if isinstance(given, str) else site
    return [_in_light(name, str(use), row) for use, row in rows.iterrows()]


def _power(fleet: pd.DataFrame, ties: pd.DataFrame, settings: Settings) -> str:
    """Return what the grid cannot bring when all ask at once, under which condition, and what binds."""
    value = fleet["value"]
    if value["sites_with_request"] == 0 and value["unsited_mw"] == 0.0:
        return f"No site of the study has a known size, so nothing can be said of power in {settings.year}."
    scenario = f" ({settings.demand} demand)" if value["unsited_mw"] > 0.0 else ""
    beyond = " and the load that the scenario adds beyond them" if value["unsited_mw"] > 0.0 else ""
    gap, low, high = (float(fleet[column]["joint_gap_mw"]) for column in ("value", "low", "high"))
    binding = ties[ties["binding"]].sort_values("shadow_price", ascending=False, kind="stable")
    names = ", ".join(binding["name"].fillna(binding.index.to_series()).iloc[:LISTED].astype(str))
    shed = value["base_shed_mw"]
    return (
        f"In {settings.year}{scenario}, the {value['sites_with_request']:.0f} listed data-centre sites with a known "
        f"size{beyond} ask for {_mw(value['new_load_mw'] + value['unsited_mw'])} beyond what was drawn in the tables' "
        f"base year, {settings.base_year}; with the supply of {settings.base_year} and the dated works of grid and "
        f"plants, {_mw(gap)} of it could not be served at the peak if the worst single unit or converter pole were "
        f"lost, {_mw(value['joint_gap_intact_mw'])} if none were{_leeway(low, high)}"
        f"{'; what binds is ' + names if names else ''}{_multiple(fleet)}"
        f"{f'; {_mw(shed)} of ordinary demand would be short too' if shed >= 1.0 else ''}"
        f"; limits of local networks, mostly unpublished, would come on top."
    )


def _leeway(low: float, high: float) -> str:
    """Return the range of the shortfall over what sources leave open, where there is any."""
    if np.isnan(low):
        return ""
    return (
        f" ({_mw(low)} to {_mw(high)} with that loss, by what sources leave open of ties, supply and demand)"
    )


def _multiple(fleet: pd.DataFrame) -> str:
    """Return how many times the load could be carried and what would be short first, as far as anything limits it."""
    value, low, high = (float(fleet[column]["joint_multiple"]) for column in ("value", "low", "high"))
    if not np.isfinite(value):
        return ""
    _, _, first = str(fleet["meaning"]["joint_multiple"]).partition("first: ")
    span = "" if np.isnan(low) else f" ({low:.2g} to {high:.2g})"
    return f"; all at once could be {value:.2g} times as large{span} before the first limit, {first}, is met"


def _fibre(fleet: pd.DataFrame, sites: pd.DataFrame) -> str:
    """Return how many sites are too far in light, and the farthest with its use."""
    judged = sites[sites["budget_ms"].notna() & sites["part_of"].isna()]
    if judged.empty:
        return "No site has a round-trip budget over a modelled fibre network, so nothing can be said of latency."
    factor = ASSUMPTIONS["route_factor"]
    over = judged[judged["rtt_gap_ms"] > 0.0]
    few, many = (fleet[end]["sites_over_rtt_budget"] for end in ("low", "high"))
    start = (
        f"Over the modelled fibre network, {len(over)} of the {len(judged)} sites whose use has a round-trip budget "
        f"exceed it ({few:.0f} to {many:.0f} over the range of the route factor, {factor.low}-{factor.high})"
    )
    if over.empty:
        return f"{start}."
    worst = over.sort_values("rtt_gap_ms", ascending=False, kind="stable").iloc[0]
    name = worst["name"] if isinstance(worst["name"], str) else over["rtt_gap_ms"].idxmax()
    if np.isinf(worst["rtt_ms"]):
        return f"{start}; {name} ({worst['use']}) has no path at all."
    return (
        f"{start}, most of all {name} ({worst['use']}): {worst['rtt_ms']:.1f} ms "
        f"[{worst['rtt_low_ms']:.1f}-{worst['rtt_high_ms']:.1f}] against {worst['budget_ms']:g} ms."
    )


def _in_light(name: str, use: str, row: pd.Series) -> str:
    """Return what is said of one site and use."""
    one, many = HUBS[row["hub_kind"]]
    whom = {
        "nearest": f"the nearest {one} ({row['nearest_hub']})",
        "all": f"the farthest {one}",
        "weighted": f"the {many}, on the mean",
    }[row["statistic"]]
    start = f"For {use}, {name} is"
    if np.isinf(row["rtt_ms"]):
        return f"{start} joined by no fibre of the model with {whom.partition(' (')[0]}."
    span = f"{row['rtt_ms']:.1f} ms [{row['rtt_low_ms']:.1f}-{row['rtt_high_ms']:.1f}]"
    policy = row["rtt_policy_ms"]
    detour = f" ({policy:.1f} ms of it by the way that traffic must take)" if policy >= LEAST_TOLD_MS else ""
    return f"{start} {span} there and back from {whom}{detour}: {_against_budget(row)}{_after_loss(row)}."


def _against_budget(row: pd.Series) -> str:
    """Return whether the round trip is within the budget, over the range of the route factor, and if any could be."""
    budget, glass = row["budget_ms"], row["rtt_vacuum_ms"] + row["rtt_glass_ms"]
    if np.isnan(budget):
        return "no budget is published for that use"
    if row["rtt_high_ms"] <= budget:
        return f"within the {budget:g} ms budget, by {budget - row['rtt_ms']:.1f} ms"
    over = f"{row['rtt_gap_ms']:.1f} ms beyond the {budget:g} ms budget"
    if glass > budget:
        return f"{over}, and bare glass along the geodesic takes {glass:.1f} ms, so no route can meet it"
    if row["rtt_low_ms"] > budget:
        return f"{over}, though bare glass along the geodesic takes {glass:.1f} ms"
    if row["rtt_ms"] > budget:
        return f"{over}, within it at the low end of the route factor"
    return f"within the {budget:g} ms budget, beyond it at the high end of the route factor"


def _after_loss(row: pd.Series) -> str:
    """Return what the worst single loss does to the round trip."""
    if np.isnan(row["n1_rtt_ms"]) or not isinstance(row["n1_loss"], str):
        return ""
    lost = f"{row['n1_kind']} {row['n1_loss']}"
    if np.isinf(row["n1_rtt_ms"]):
        cut = "the site is cut off" if Flag.SINGLE_HOMED in row["flags"] else "a part of it is cut off"
        return f"; without {lost} {cut}"
    return f"; {row['n1_rtt_ms']:.1f} ms without {lost}, the worst single loss"


def _dominant(fleet: pd.DataFrame) -> str:
    """Return how many sites each mismatch dominates, taken one site at a time."""
    value = fleet["value"]
    counts = ", ".join(
        f"{name} at {value['dominant_' + name.replace('-', '_')]:.0f}"
        for name in ("sites-power", "sites-fibre", "power-fibre")
    )
    model = ", by the area model" if "line_power_gap_mw" in fleet.index else ""
    return (
        f"Taken one site at a time{model}, the dominant mismatch is {counts} of {value['sites']:.0f} sites; at "
        f"{value['dominant_unknown']:.0f} no gap is seen but the request, the local grid or the budget is not known, "
        f"and at {value['dominant_none']:.0f} nothing is short."
    )


def _years(fleet: pd.DataFrame, settings: Settings) -> str:
    """Return the answer to "is it years": how many, for how much capacity, because of what, and how sure."""
    value, p10, p90 = (fleet[column] for column in ("value", "p10", "p90"))
    come, lost = value["new_mw_realised"], "years_lost"
    if come == 0.0:
        return "Of sites with a known size none asks for anything new, so nothing can be said of years."
    return (
        f"Is it years? Of {_mw(come)} of new load that come on the mean of the draws, "
        f"{_spread(fleet, 'late_1y_mw')} run a year or more after their buildings stand, "
        f"{_spread(fleet, 'late_3y_mw')} three years or more; weighted by capacity {value[lost]:.1f} years are lost "
        f"[10 to 90 % of draws: {p10[lost]:.1f} to {p90[lost]:.1f}{_ends(fleet)}], "
        f"{value['years_lost_dated']:.1f} for the {_mw(value['dated_mw'])} whose year a source prints. "
        f"{_waits_for(value)} {_leads(fleet)}, counted from 1 January {settings.base_year}: an indication, no forecast."
    )


def _leads(fleet: pd.DataFrame) -> str:
    """Return how far the lead times behind the years can be trusted, or which there are none of."""
    _, _, untimed = str(fleet["meaning"]["years_lost"]).partition("no lead times of: ")
    if untimed:
        return f"The study gives no lead times of {untimed}, so these take no time and the years are a lower bound"
    return (
        "Lead times are readings of the sources in the table `lead_times`, by the confidence that it states"
    )


def _ends(fleet: pd.DataFrame) -> str:
    """Return the range of years lost over readings of the sources, and which reading makes each end."""
    row = fleet.loc["years_lost"]
    _, _, named = str(row["meaning"]).partition("least: ")
    least, _, most = named.partition("; no lead times of: ")[0].partition("; most: ")
    if not most:
        return ""
    ends = (
        f"{row[end]:.1f} with {IN_WORDS.get(name, name)}" for end, name in (("low", least), ("high", most))
    )
    return f"; over other readings, one at a time: {' to '.join(ends)}"


def _waits_for(value: pd.Series) -> str:
    """Return which stream holds how much capacity up, the building apart."""
    held = {
        stream: value[f"critical_{stream}_mw"] for stream in ("connection", "network", "generation", "fibre")
    }
    named = {
        "connection": "the grid connection itself (sites-power)",
        "network": "room on the grid (sites-power)",
        "generation": "supply as a whole",
        "fibre": "fibre (sites-fibre)",
    }
    parts = ", ".join(f"{named[stream]} {_mw(mw)}" for stream, mw in held.items())
    return f"What is slowest beyond the building: {parts}."


def _spread(fleet: pd.DataFrame, quantity: str) -> str:
    value, least, most = (float(fleet[column][quantity]) for column in ("value", "p10", "p90"))
    return f"{_mw(value)} [{least:,.0f} to {most:,.0f}]"


def _line(fleet: pd.DataFrame) -> str:
    """Return what the line model adds, and why it is indicative."""
    value = fleet["value"]
    return (
        f"At line resolution (indicative: the grid is repaired from map lines, with parameters of voltage classes), "
        f"{value['line_sites_short']:.0f} sites lack more than by the area model when asked alone and any one circuit "
        f"may fail, {_mw(value['line_power_gap_mw'])} in all; together they get {_mw(value['line_joint_mw'])} of "
        f"{_mw(value['line_joint_mw'] + value['line_joint_gap_mw'])}; within those ratings the map's lines leave "
        f"{_mw(value['line_least_shed_mw'])} ({value['line_least_shed_share']:.0%}) of ordinary demand unserved, "
        f"though it was served: so much of the grid below is not on the map."
    )


def _mw(value: float) -> str:
    return f"{value:,.0f} MW"
