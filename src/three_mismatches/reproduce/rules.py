"""The verdicts: one readable rule for each claim, over thresholds that stand in one place with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "CANNOT_TELL",
    "NOT_SUPPORTED",
    "PARTLY",
    "RULES",
    "SUPPORTED",
    "THRESHOLDS",
    "VERDICTS",
    "Threshold",
    "changes",
    "on_capital",
    "on_contract",
    "on_delay",
    "on_demand",
    "on_mismatches",
    "on_network",
    "on_pace",
    "on_site",
    "seen",
]

SUPPORTED, PARTLY, NOT_SUPPORTED = "supported", "partly", "not supported"
CANNOT_TELL = "cannot tell from open data"
VERDICTS = (SUPPORTED, PARTLY, NOT_SUPPORTED, CANNOT_TELL)
"""What can be said of a claim."""


NAMED = 6
"""Readings that a sentence names."""


@dataclass(frozen=True)
class Threshold:
    """One number that a verdict turns on: value, unit, and why."""

    value: float
    unit: str
    why: str


THRESHOLDS: Mapping[str, Threshold] = {
    "least_share": Threshold(
        0.05,
        "-",
        "a share below a twentieth is no finding: the readings of receiving power alone move new load by as much",
    ),
    "years": Threshold(2.0, "years", 'the claim says "by years", and one year is not years'),
    "triple": Threshold(3.0, "-", 'the claim says "triples"'),
    "hourly_share": Threshold(
        0.5, "-", "below one half, most of the load is drawn in hours in which the contract gives too little"
    ),
    "annual_cover": Threshold(
        1.0,
        "-",
        "the load whose whole year the contract covers, as an annual claim counts; the buyer's is not published",
    ),
    "annual_cover_low": Threshold(0.5, "-", "the same for a load twice as large"),
    "annual_cover_high": Threshold(2.0, "-", "the same for a load half as large"),
    "listed_share": Threshold(
        0.5,
        "-",
        "half of what the sum buys must stand in the table of sites, or nobody can say where it goes",
    ),
    "gpus": Threshold(10_000.0, "GPUs", 'the claim says "more than 10,000"'),
    "many_sites": Threshold(3.0, "sites", 'the claim says "many sites": two are a pair'),
    "most": Threshold(
        0.5, "-", "what acts as one is most of the known MW, and of the largest area's new load"
    ),
}
"""What the verdicts turn on."""


def _is(name: str) -> str:
    """Return a threshold as the rules print it."""
    item = THRESHOLDS[name]
    return f"{item.value:,.0%}" if item.unit == "-" and item.value < 1.0 else f"{item.value:,g}"


RULES: Mapping[int, str] = {
    1: (
        f"A mismatch is seen where its share is at least {_is('least_share')}: power short together over new load; "
        "sites over their round-trip budget over sites with one; spare power beyond the budget of AI inference over "
        "spare power. Supported: all three are seen as the study is. Partly: at least one is. Not supported: none is, "
        "under no reading of the sources. Cannot tell: none is as the study is, but one under a reading."
    ),
    2: (
        "Supported: of each MW whose year is printed, the mean loss is at least "
        f"{_is('years')} years as the study is. Partly: it is so at the longest lead times, or at least "
        f"{_is('least_share')} of all new MW come {_is('years')} years late or more as the study is. Not supported: "
        "neither. Cannot tell: no step of any site has a printed year."
    ),
    3: (
        f"Not supported: energy grows less than {_is('triple')}-fold even at the high end of its source, or at least "
        f"{_is('least_share')} of the new load in the last year cannot be served as the study is. Supported: it grows "
        "as much at the low end, and less than that is short in every year under every reading. Partly: otherwise. "
        "Cannot tell: the scenario prints no energy."
    ),
    4: (
        "Not supported: there is no such contract, or no tie leads from it to any area where the buyer has a site. "
        f"Supported: it covers at least {_is('hourly_share')} of a flat load hour by hour, whose year it covers, and "
        "at the peak the ties have its whole output left for every such area. Partly: otherwise."
    ),
    5: (
        "Not supported: what the sum buys at most cost is more than the areas within the cloud's round-trip budget "
        "have left once all other new load is served. Cannot tell: it would fit, but less than "
        f"{_is('listed_share')} of it stands in the table of sites under the buyer's name. Supported: what it buys at "
        "least cost fits, with the lowest tie capacities too, and is listed. Partly: otherwise."
    ),
    6: (
        f"Not supported: fewer than {_is('gpus')} GPUs are published, the area has not their MW left, or no use keeps "
        "its round-trip budget. Supported: the MW are there and all three uses (government cloud, inference, training) "
        "keep their budgets at the high end of the route factor. Partly: otherwise."
    ),
    7: (
        f"A group is {_is('many_sites')} sites or more that all lie within the synchronous round trip of each other. "
        f"Supported: groups that span two areas or more hold at least {_is('most')} of the known MW, and another area "
        f"could host at least {_is('most')} of the new load of the area that has most, with the lowest tie capacities "
        f"too. Partly: groups of any kind hold {_is('most')} of the known MW, or so much load could be hosted "
        "elsewhere as the study is. Not supported: neither."
    ),
    8: (
        "A year and area is outrun where at least "
        f"{_is('least_share')} of its new load cannot be served. Supported: any is, with all dated works on time. "
        "Partly: any is if the works that may slip do not come, or if ties carry their lowest capacities, or the mean "
        "of the draws of waiting. Not supported: none. Cannot tell: the tables hold no dated works."
    ),
}
"""The rule of each claim, with its thresholds."""


def seen(share: float) -> bool:
    """Return whether a share is a finding."""
    return share >= THRESHOLDS["least_share"].value


def on_mismatches(shares: Mapping[str, float], most: Mapping[str, float]) -> str:
    """
    Return the verdict on the three mismatches.

    Parameters
    ----------
    shares, most
        The share of each mismatch as the study is, and its most over the readings. [-]
    """
    count = sum(seen(share) for share in shares.values())
    if count == len(shares):
        return SUPPORTED
    if count:
        return PARTLY
    return CANNOT_TELL if any(seen(share) for share in most.values()) else NOT_SUPPORTED


def on_delay(*, mean_y: float, longest_y: float, late_share: float, dated_mw: float) -> str:
    """
    Return the verdict on the delay.

    Parameters
    ----------
    mean_y, longest_y
        Years lost for each MW whose year is printed: as the study is, and at the longest lead times.
    late_share
        Share of all new MW that come two years late or more. [-]
    dated_mw
        MW whose year is printed.
    """
    years = THRESHOLDS["years"].value
    if dated_mw <= 0.0:
        return CANNOT_TELL
    if mean_y >= years:
        return SUPPORTED
    return PARTLY if longest_y >= years or seen(late_share) else NOT_SUPPORTED


def on_demand(*, growth_low: float, growth_high: float, short_share: float, worst_share: float) -> str:
    """
    Return the verdict on demand.

    Parameters
    ----------
    growth_low, growth_high
        Energy of the last year over that of the first, at both ends of its source; NaN if none is printed. [-]
    short_share
        Share of new load that cannot be served in the last year as the study is. [-]
    worst_share
        The most of it over years and readings. [-]
    """
    triple = THRESHOLDS["triple"].value
    if growth_high != growth_high:
        return CANNOT_TELL
    if growth_high < triple or seen(short_share):
        return NOT_SUPPORTED
    return SUPPORTED if growth_low >= triple and not seen(worst_share) else PARTLY


def on_contract(
    *, mw: float, hourly: float, reach_mw: Mapping[str, float], peak_mw: Mapping[str, float]
) -> str:
    """
    Return the verdict on the contract.

    Parameters
    ----------
    mw
        Its rated output, NaN if there is none. [MW]
    hourly
        Share of the load met in its own hour. [-]
    reach_mw, peak_mw
        What ties could bring to each area of the buyer, empty and at the peak. [MW]
    """
    if not mw > 0.0 or not any(limit > 0.0 for limit in reach_mw.values()):
        return NOT_SUPPORTED
    brought = all(limit >= mw for limit in peak_mw.values())
    return SUPPORTED if hourly >= THRESHOLDS["hourly_share"].value and brought else PARTLY


def on_capital(
    *, least_mw: float, most_mw: float, left_mw: float, lowest_left_mw: float, listed_mw: float
) -> str:
    """
    Return the verdict on the capital.

    Parameters
    ----------
    least_mw, most_mw
        What the sum buys at most and at least cost. [MW]
    left_mw, lowest_left_mw
        What areas within the budget have left as the study is, and with the lowest tie capacities. [MW]
    listed_mw
        New MW of the buyer in the table of sites.
    """
    if least_mw > left_mw:
        return NOT_SUPPORTED
    if listed_mw < THRESHOLDS["listed_share"].value * least_mw:
        return CANNOT_TELL
    return SUPPORTED if most_mw <= min(left_mw, lowest_left_mw) else PARTLY


def on_site(
    *, gpus: float, mw: float, left_mw: float, gaps_ms: Mapping[str, float], high_gaps_ms: Mapping[str, float]
) -> str:
    """
    Return the verdict on the GPU site.

    Parameters
    ----------
    gpus
        How many are published.
    mw, left_mw
        What they draw at most, and what the area has left. [MW]
    gaps_ms, high_gaps_ms
        Excess over the round-trip budget of each use, as the study is and at the high end of the route factor. [ms]
    """
    kept = [gap <= 0.0 for gap in gaps_ms.values()]
    if gpus < THRESHOLDS["gpus"].value or mw > left_mw or not any(kept):
        return NOT_SUPPORTED
    return SUPPORTED if all(gap <= 0.0 for gap in high_gaps_ms.values()) else PARTLY


def on_network(*, in_groups: float, across: float, movable: float, lowest_movable: float) -> str:
    """
    Return the verdict on many sites acting as one.

    Parameters
    ----------
    in_groups, across
        Share of the known MW in synchronous groups of many sites, and in such as span two areas or more. [-]
    movable, lowest_movable
        Share of the new load of the area with most that another area could host: as the study is, and with the lowest
        tie capacities. [-]
    """
    most = THRESHOLDS["most"].value
    if min(across, movable, lowest_movable) >= most:
        return SUPPORTED
    return PARTLY if max(in_groups, movable) >= most else NOT_SUPPORTED


def on_pace(*, on_time: float, late: float, waiting: float, works: int) -> str:
    """
    Return the verdict on ambition and reform.

    Parameters
    ----------
    on_time, late
        The largest share of an area's new load in a year that cannot be served: with all works on time, and without
        those that may slip or with the lowest tie capacities. [-]
    waiting
        The largest share of it that waits, on the mean of the draws. [-]
    works
        Dated works in the tables.
    """
    if not works:
        return CANNOT_TELL
    if seen(on_time):
        return SUPPORTED
    return PARTLY if seen(late) or seen(waiting) else NOT_SUPPORTED


def changes(verdict: str, others: Mapping[str, str]) -> str:
    """
    Return which other readings would change a verdict, in sentences; empty if none would.

    Parameters
    ----------
    verdict
        As the study is.
    others
        Verdict by reading.

    Examples
    --------
    >>> changes("partly", {"with no works": "supported", "with all": "partly"})
    'It would read "supported" with no works.'
    """
    told = []
    for other in VERDICTS:
        readings = [reading for reading, found in others.items() if found == other != verdict]
        if readings:
            more = f"; and {len(readings) - NAMED} more" if len(readings) > NAMED else ""
            told.append(f'It would read "{other}" {"; ".join(readings[:NAMED])}{more}.')
    return " ".join(told)
