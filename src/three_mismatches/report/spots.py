"""What is said of a site where a reader points to it on a map."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from three_mismatches.language import Language, names_of, say, speaking
from three_mismatches.report.cells import figure_of

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
    gap = "joint_gap_mw" if "joint_gap_mw" in row else "power_gap_mw"
    figures = (
        ("request_mw", say("Asks for"), 0, "MW"),
        (gap, say("Power gap"), 0, "MW"),
        ("rtt_ms", say("Round trip"), 1, "ms"),
        ("budget_ms", say("Round-trip budget"), 1, "ms"),
        ("rtt_gap_ms", say("Beyond its budget"), 1, "ms"),
    )
    told = [
        (words, figure_of(float(row[key]), decimals=decimals, unit=unit))
        for key, words, decimals, unit in figures
        if key in row
    ]
    reasons = (
        ("dominant_mismatch", say("Largest mismatch")),
        ("critical_stream", say("What takes longest")),
    )
    told += [
        (words, _in_words(row[key])) for key, words in reasons if key in row and isinstance(row[key], str)
    ]
    return tuple(told)


def _in_words(value: str) -> str:
    """Return what readers call a mismatch or a stream; another word stays as it is."""
    words = {
        "sites-power": say("sites and power"),
        "sites-fibre": say("sites and fibre"),
        "power-fibre": say("power and fibre"),
        "none": say("none"),
        "unknown": say("unknown"),
        "power": say("grid connection"),
        "generation": say("generation"),
        "fibre": say("fibre"),
        "building": say("building"),
    }
    return words.get(value, value)
