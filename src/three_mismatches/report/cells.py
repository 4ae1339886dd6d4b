"""Values as a reader sees them in a table or a tooltip."""

from __future__ import annotations

import numpy as np
import pandas as pd

from three_mismatches.language import say
from three_mismatches.report.story import Column, Sheet

__all__ = ["figure_of", "is_number", "text_of", "values_of"]

MISSING = "–"


def figure_of(value: float, *, decimals: int = 0, unit: str = "") -> str:
    """
    Return a number in words: thousands apart, a real minus sign, and a word where it is not finite.

    Parameters
    ----------
    value
        NaN is unknown, inf unlimited.
    decimals
        Digits after the point.
    unit
        Follows a finite number.

    Examples
    --------
    >>> figure_of(-1234.5, decimals=1, unit="MW")
    '−1,234.5 MW'
    """
    if np.isnan(value):
        return say("unknown")
    if np.isinf(value):
        return say("unlimited")
    # Adding nothing makes a plus of the minus of what rounds to zero.
    text = f"{round(float(value), decimals) + 0.0:,.{decimals}f}".replace("-", "−")
    return f"{text} {unit}" if unit else text


def text_of(value: object) -> str:
    """Return a cell of text: what a user wrote as it is, yes or no, or a dash where nothing was written."""
    if isinstance(value, (bool, np.bool_)):
        return say("yes") if value else say("no")
    if value is None or value is pd.NaT or value is pd.NA or value != value or str(value) == "":
        return MISSING
    return str(value)


def is_number(values: pd.Series) -> bool:
    """Return whether a column is one of numbers."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def values_of(sheet: Sheet, column: Column) -> pd.Series:
    """Return a sheet's column; its index under the index's own name."""
    rows = sheet.rows
    if column.key not in rows.columns and column.key == rows.index.name:
        return rows.index.to_series()
    return rows[column.key]
