"""The cells of a printed table: numbers as readers want them, what users wrote on one line."""

from __future__ import annotations

import unicodedata

import numpy as np
import pandas as pd

from three_mismatches.language import say
from three_mismatches.maps.style import DIRECTIONS
from three_mismatches.report.story import Column, Sheet
from three_mismatches.report.words import without_end

__all__ = ["cells", "heading", "is_number", "number", "one_line"]


def cells(sheet: Sheet, *, most: int | None = None) -> list[list[str]]:
    """
    Return the words of each cell, row by row.

    Parameters
    ----------
    sheet
        A table as it is printed.
    most
        Only so many rows, the first ones; all of them if None.
    """
    rows = sheet.rows if most is None else sheet.rows.iloc[:most]
    columns = [_words(_values(rows, column.key), column) for column in sheet.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def heading(column: Column) -> str:
    """Return what readers call a column, with its unit in brackets."""
    return f"{column.heading} [{column.unit}]" if column.unit else column.heading


def is_number(sheet: Sheet, column: Column) -> bool:
    """Return whether a column is of numbers, which stand to the right."""
    return pd.api.types.is_float_dtype(_values(sheet.rows, column.key).dtype)


def number(value: float, *, decimals: int, unit: str = "") -> str:
    """
    Return a number with its decimals and thousands set apart; NaN is unknown, inf what it means in the unit.

    Examples
    --------
    >>> number(12345.678, decimals=1)
    '12,345.7'
    """
    if np.isnan(value):
        return say("unknown")
    if np.isinf(value):
        return without_end(unit) if value > 0 else "−" + say("unlimited")
    # Adding zero takes the sign off a zero.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def one_line(text: object) -> str:
    """Return a text on one line, without controls and marks that turn the direction; nothing if missing."""
    if text is None or text is pd.NA or text is pd.NaT or text != text:
        return ""
    words = " ".join(str(text).split())
    return "".join(char for char in words if unicodedata.category(char) != "Cc" and char not in DIRECTIONS)


def _values(rows: pd.DataFrame, key: str) -> pd.Series:
    """Return a column, or the index if it is the index that has the name."""
    return rows[key] if key in rows or key != rows.index.name else rows.index.to_series()


def _words(values: pd.Series, column: Column) -> list[str]:
    if pd.api.types.is_float_dtype(values.dtype):
        return [
            number(float(value), decimals=column.decimals, unit=column.unit) for value in values.astype(float)
        ]
    return [one_line(value) for value in values]
