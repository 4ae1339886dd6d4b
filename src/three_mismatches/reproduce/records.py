"""What an answer is made of: a quantity with its range and source, and a claim's answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["MOST_SOURCES", "Answer", "Quantity", "cited", "of_fact", "of_fleet", "shown"]

MOST_SOURCES = 5
"""Sources that a claim names; the tables hold the rest."""

LONGEST = 160
"""Characters of a source that are printed: its first part."""

DIGITS = {"MW": 0, "MW years": 0, "sites": 0, "km": 0, "TWh": 1, "GWh": 1, "ms": 1, "years": 2, "GW": 2, "-": 3}
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
    def over(
        cls, name: str, value: float, readings: Iterable[float], *, unit: str, source: str
    ) -> Quantity:
        """Return a figure with the least and the most of itself and its other readings."""
        known = [value, *(other for other in readings if other == other)]
        return cls(name, value, min(known), max(known), unit, source)

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


def of_fleet(fleet: pd.DataFrame, name: str) -> Quantity:
    """Return a headline quantity of a result, named by its meaning."""
    row = fleet.loc[name]
    spans = row["low"], row["high"]
    if not np.isfinite(spans[0]) and np.isfinite(row["p10"]):
        spans = row["p10"], row["p90"]
    return Quantity(str(row["meaning"]), float(row["value"]), *map(float, spans), row["unit"], row["source"])


def of_fact(facts: pd.DataFrame, name: str) -> Quantity:
    """Return a published figure, named by its meaning."""
    row = facts.loc[name]
    numbers = [float(row[column]) for column in ("value", "low", "high")]
    return Quantity(str(row["meaning"]), *numbers, str(row["unit"]), _first_part(str(row["source"])))


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
