"""What is said of a site where a reader points to it on a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from three_mismatches.language import Language, names_of, say, speaking
from three_mismatches.report.words import figure_of, word

__all__ = ["Spot", "spots_of"]


@dataclass(frozen=True)
class Spot:
    """A site's name, and what is known of it: pairs of a word and a value."""

    name: str
    facts: tuple[tuple[str, str], ...]


def spots_of(sites: pd.DataFrame, *, lang: Language = "en") -> dict[str, Spot]:
    """
    Return what is said of each site: what it asks for, its gaps, its round trip, and why.

    Parameters
    ----------
    sites
        `result.sites`, or any table of sites with some of its columns.
    lang
        "en" or "ja".
    """
    with speaking(lang):
        names = names_of(sites)
        return {
            str(site): Spot(str(names.iloc[at]), _facts(sites.iloc[at]))
            for at, site in enumerate(sites.index)
        }


def _facts(row: pd.Series) -> tuple[tuple[str, str], ...]:
    """Return what is known of one site, as far as its table has it."""
    alone = "joint_gap_mw" not in row
    figures = (
        ("request_mw", say("Asks"), "MW", 0),
        (
            "power_gap_mw" if alone else "joint_gap_mw",
            say("Short") if alone else say("Short, all at once"),
            "MW",
            0,
        ),
        ("rtt_ms", say("Round trip"), "ms", 1),
        ("budget_ms", say("Budget"), "ms", 1),
        ("rtt_gap_ms", say("Beyond it"), "ms", 1),
        ("delay_y_p50", say("Waits, median"), say("years"), 1),
    )
    codes = (("critical_stream", say("Slowest")), ("dominant_mismatch", say("Weighs most")))
    told = [
        (words, _figure(row[key], decimals, unit)) for key, words, unit, decimals in figures if key in row
    ]
    told += [(words, word(row[key])) for key, words in codes if key in row and word(row[key])]
    return tuple(told)


def _figure(value: float, decimals: int, unit: str) -> str:
    """Return a number with its unit, where it is one."""
    words = figure_of(float(value), decimals, unit=unit)
    return f"{words} {unit}" if np.isfinite(value) else words
