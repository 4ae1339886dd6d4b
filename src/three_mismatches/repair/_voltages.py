"""What a map writes under `voltage`: several levels in one text, volts for kilovolts, and slips of the pen."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

__all__ = ["Voltage", "parse_voltage"]

HIGHEST_KV = 1200.0
"""No line of the world runs above this (1,150 kV Ekibastuz-Kokshetau; 1,100 kV DC Changji-Guquan)."""

VOLTS_FROM = 1500.0
"""A number from here on is in volts."""

SEPARATORS = re.compile(r"[;,/|]")


class Voltage(NamedTuple):
    """The levels that a text names [kV], highest first, and what in it could not be used."""

    levels: tuple[float, ...]
    refused: tuple[str, ...]


def parse_voltage(
    text: object, classes: Sequence[float] = (), *, within: float = 0.05, in_volts: bool = False
) -> Voltage:
    """
    Return the voltage levels that a map's text names.

    Parameters
    ----------
    text
        A number or a text such as "500000;275000", "154.0", "66 kV", "400 V". Without a unit, numbers from 1,500 on are
        volts, smaller ones kilovolts.
    classes
        Levels that exist in the region; a level is taken as the nearest of them. Without, any is good. [kV]
    within
        How far from its class a level may be, as a share of the class.
    in_volts
        Whether the source writes volts only, as OpenStreetMap does. Then a smaller number without a unit is either a
        level of a street or a slip: it is refused.

    Examples
    --------
    >>> parse_voltage("500000;275000")
    Voltage(levels=(500.0, 275.0), refused=())
    >>> parse_voltage("770006.6", (500.0, 154.0, 77.0, 66.0)).refused
    ('770006.6: 770.0066 kV is no level of the region',)
    """
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return Voltage((), ())
    levels: list[float] = []
    refused: list[str] = []
    for part in filter(None, (token.strip() for token in SEPARATORS.split(str(text)))):
        level, problem = _level(part, classes, within, in_volts=in_volts)
        if problem:
            refused.append(f"{part[:40]}: {problem}")
        elif level not in levels:
            levels.append(level)
    return Voltage(tuple(sorted(levels, reverse=True)), tuple(refused))


def _level(part: str, classes: Sequence[float], within: float, *, in_volts: bool) -> tuple[float, str]:
    """Return one level [kV], or what is wrong with it."""
    text = part.lower()
    number = text.removesuffix("v").removesuffix("k").strip()
    try:
        value = float(number)
    except ValueError:
        return math.nan, "not a number"
    stated = text.endswith("v")
    if in_volts and not stated and 0.0 < value < VOLTS_FROM:
        return math.nan, "in volts no level of transmission, in kV without its unit"
    in_kv = text.endswith("kv") if stated else value < VOLTS_FROM
    kv = value if in_kv else value / 1000.0
    if not 0.0 < kv <= HIGHEST_KV:
        return math.nan, f"{kv:.12g} kV is impossible"
    if not len(classes):
        return kv, ""
    nearest = float(np.asarray(classes)[np.abs(np.log(np.asarray(classes) / kv)).argmin()])
    if abs(kv - nearest) > within * nearest:
        return math.nan, f"{kv:.12g} kV is no level of the region"
    return nearest, ""
