"""What comes first, what is equal and what is alike: the same for every way in which a map may list its lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["SAME_KM", "STEADY_DIGITS", "firsts", "numbered", "steady"]

STEADY_DIGITS = 6
"""Decimals of a km or degree to which two figures are equal when it is decided which comes first."""

SAME_KM = 10.0**-STEADY_DIGITS
"""Distances that differ by less are equal."""


def steady(figures: ArrayLike) -> NDArray[np.float64]:
    """Return km or degrees rounded to a millimetre or a decimetre: what is equal on the map stays equal here."""
    return np.asarray(np.round(np.asarray(figures, dtype=np.float64), STEADY_DIGITS))


def firsts(*sorted_keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where a new combination of keys begins in rows that are sorted by them."""
    new = np.zeros(len(sorted_keys[0]), dtype=bool)
    new[:1] = True
    for key in sorted_keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def numbered(table: pd.DataFrame, keys: Sequence[str]) -> NDArray[np.int64]:
    """Return a number for each combination of keys, in their order; what is not known is alike."""
    return np.asarray(table.groupby(list(keys), dropna=False).ngroup(), dtype=np.int64)
