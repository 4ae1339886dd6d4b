"""What an answer is made of: a quantity with its range and source, and a claim's answer."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

__all__ = [
    "MOST_SOURCES",
    "TITLES",
    "Answer",
    "Quantity",
    "cell_of",
    "cited",
    "of_fact",
    "of_fleet",
    "row_of",
    "shown",
]

MOST_SOURCES = 5
"""Sources that a claim names; the tables hold the rest."""

LONGEST = 160
"""Characters of a source that are printed: its first part."""

DIGITS = {
    "MW": 0, "MW years": 0, "sites": 0, "pairs": 0, "km": 0, "TWh": 1, "GWh": 1, "ms": 1, "-": 3, "%": 3, "of 3": 0,
    "GPUs": 0, "racks": 0, "USD": 0, "thousand": 0, "JPY bn": 1, "JPY/USD": 0, "months": 0,
}  # fmt: skip
"""Decimals by unit; others have two."""


@dataclass(frozen=True)
class Quantity:
    """
    One figure.

    Attributes
    ----------
    name
        What it is.
    value, low, high
        The figure and its range, NaN where there is none. [`unit`]
    unit
        Its unit; "-" for a share or a ratio.
    source
        Model or publication.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    source: str

    @classmethod
    def over(cls, name: str, value: float, readings: Iterable[float], *, unit: str, source: str) -> Quantity:
        """Return a figure with the least and the most of itself and its other readings."""
        known = [value, *(other for other in readings if other == other)]
        return cls(name, value, min(known), max(known), unit, source)

    @classmethod
    def within(cls, name: str, ends: Iterable[float], *, unit: str, source: str) -> Quantity:
        """Return a figure of its value, its low and its high end."""
        value, low, high = map(float, ends)
        return cls(name, value, low, high, unit, source)

    @classmethod
    def of(cls, name: str, value: float, *, unit: str, source: str) -> Quantity:
        """Return a figure without a range."""
        return cls(name, float(value), np.nan, np.nan, unit, source)

    def __str__(self) -> str:
        """Return the figure as it is printed: value, range and unit."""
        span = ""
        if self.low == self.low and self.high == self.high:
            span = f" [{shown(self.low, self.unit)} to {shown(self.high, self.unit)}]"
        unit = "" if self.unit == "-" else f" {self.unit}"
        return f"{shown(self.value, self.unit)}{span}{unit}"


@dataclass(frozen=True)
class Answer:
    """
    What is answered to one claim.

    Attributes
    ----------
    claim
        Its number.
    figure
        The figure that answers it.
    text
        One to three sentences.
    formula
        How the figure is computed.
    sources
        What it rests on.
    model
        Model level.
    interval
        What the interval is taken over.
    verdict
        One of `rules.VERDICTS`.
    would_change
        What would change the verdict.
    unseen
        What open data cannot show.
    details
        Further figures.
    """

    claim: int
    figure: Quantity
    text: str
    formula: str
    sources: tuple[str, ...]
    model: str
    interval: str
    verdict: str
    would_change: str
    unseen: str
    details: tuple[Quantity, ...]


def shown(value: float, unit: str) -> str:
    """
    Return a figure as it is printed.

    Examples
    --------
    >>> shown(1234.56, "MW"), shown(0.5, "years"), shown(float("nan"), "MW"), shown(float("inf"), "ms")
    ('1,235', '0.50', 'not known', 'no limit')
    """
    if value != value:
        return "not known"
    if np.isinf(value):
        return "no limit"
    if unit == "calendar year":
        return f"{value:g}"
    text = f"{value + 0.0:,.{DIGITS.get(unit, 2)}f}"
    return text.lstrip("-") if not any(digit in text for digit in "123456789") else text


TITLES: Mapping[str, str] = {
    "new_load_mw": "new load of sites with a known size, beyond what they drew in the base year",
    "unsited_mw": "new load of the scenario that no listed site stands for",
    "unlisted_mw": "data-centre load of the base year that no listed site stands for, inside the areas' peaks",
    "power_gap_mw": "power gaps of the sites, each asked alone, added up",
    "joint_gap_mw": "new load that is short when all ask at once and the worst loss must be survived",
    "joint_gap_intact_mw": "new load that would be short if no unit and no pole were ever lost",
    "regret_mw": "part of the sites' own power gaps that another place within budget would cure",
    "spare_mw": "firm capacity less peak and scheduled exports, added up over the areas",
    "sites_with_budget": "sites whose use has a round-trip budget",
    "sites_over_rtt_budget": "sites whose round trip is beyond the budget of their use",
    "over_rtt_budget_mw": "request of the sites beyond their budget",
    "rtt_gap_ms": "mean excess of the sites beyond their budget, weighted by request",
    "dominant_unknown": "sites where no gap is seen but the request, the local grid or the budget is not known",
    "dominant_none": "sites where nothing is short",
}
"""What headline quantities are called where they stand alone."""


def of_fleet(fleet: pd.DataFrame, name: str) -> Quantity:
    """Return a headline quantity of a result."""
    row = row_of(fleet, name)
    ends = (row[column] for column in ("value", "low", "high"))
    return Quantity.within(TITLES[name], ends, unit=str(row["unit"]), source=str(row["source"]))


def of_fact(facts: pd.DataFrame, name: str) -> Quantity:
    """Return a published figure, named by its meaning."""
    row = row_of(facts, name)
    ends = (row[column] for column in ("value", "low", "high"))
    source = _first_part(str(row["source"]))
    return Quantity.within(str(row["meaning"]), ends, unit=str(row["unit"]), source=source)


def row_of(table: pd.DataFrame, key: Hashable) -> pd.Series:
    """Return one row of a table whose index names each once."""
    return cast("pd.Series", table.xs(key))


def cell_of(facts: pd.DataFrame, name: str) -> dict[str, float]:
    """Return value, low and high of a published figure; without a range all three are the value."""
    row = row_of(facts, name)
    return {
        end: float(row[end] if row[end] == row[end] else row["value"]) for end in ("value", "low", "high")
    }


def cited(*sources: Iterable[object]) -> tuple[str, ...]:
    """Return the first parts of sources, each once, the first of each group before the second ones; five at most."""
    groups = [list(dict.fromkeys(_first_part(str(one)) for one in group if one == one)) for group in sources]
    longest = max(map(len, groups), default=0)
    turns = [group[at] for at in range(longest) for group in groups if at < len(group)]
    return tuple(dict.fromkeys(turns))[:MOST_SOURCES]


def _first_part(source: str) -> str:
    """Return what stands before the first semicolon or bar, outside brackets; folded at a word where it is long."""
    depth, end = 0, len(source)
    for at, letter in enumerate(source):
        depth += (letter == "(") - (letter == ")")
        if depth <= 0 and letter in ";|":
            end = at
            break
    part = re.sub(r"\s+", " ", source[:end]).strip()
    if len(part) <= LONGEST:
        return part
    return part[:LONGEST].rsplit(" ", 1)[0] + " ..."
