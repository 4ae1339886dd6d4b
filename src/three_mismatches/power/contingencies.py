"""Which lines can be lost together: circuits one by one, whole corridors, shared risks, or what a user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid

__all__ = ["WORDS", "Contingencies", "Outages", "outages_of"]

Ints = NDArray[np.int64]

Contingencies = str | Sequence[str] | Mapping[str, str | Sequence[str]]
"""A word, lines that are lost one by one, or lines that are lost together by the name of the outage."""

WORDS = ("branches", "corridors", "srlg")


@dataclass(frozen=True, eq=False)
class Outages:
    """Outages by name; those of number `o` are the lines at positions `lines[first[o]:first[o + 1]]`."""

    names: pd.Index
    first: Ints
    lines: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.names)

    def lost(self, outage: int) -> Ints:
        """Return the positions of the lines that one outage takes."""
        return self.lines[self.first[outage] : self.first[outage + 1]]


def outages_of(grid: Grid, contingencies: Contingencies) -> Outages:
    """
    Return the outages that a word or a table names.

    Parameters
    ----------
    grid
        Its `lines` have the columns `corridor` and `srlg`.
    contingencies
        "branches": each line in service alone, circuits and transformers; "corridors": all lines of one corridor
        together; "srlg": all that share a risk. Or the names of lines, each lost alone; or lines that are lost
        together, by a name of one's own. Lines out of service are left out.

    Raises
    ------
    ValueError
        If a word is not known.
    NetworkError
        If a name is no line, with every such name.
    """
    lines = grid.lines.index[grid.lines["in_service"].to_numpy(dtype=bool)]
    if isinstance(contingencies, str):
        if contingencies not in WORDS:
            known = ", ".join(map(repr, WORDS))
            msg = f"contingencies={contingencies!r} is not known; there are {known}, or names of lines"
            raise ValueError(msg)
        pairs = _by_word(grid.lines.loc[lines], contingencies)
    else:
        pairs = _named(contingencies)
        _refuse(grid, pairs)
    pairs = pairs[pairs["line"].isin(lines)].drop_duplicates()
    names = pd.Index(pairs["outage"].drop_duplicates().to_numpy(dtype=object), name="outage")
    number = names.get_indexer(pd.Index(pairs["outage"]))
    order = np.argsort(number, kind="stable")
    return Outages(
        names=names,
        first=np.concatenate([[0], np.cumsum(np.bincount(number, minlength=len(names)))]).astype(np.int64),
        lines=grid.lines.index.get_indexer(pd.Index(pairs["line"]))[order].astype(np.int64),
    )


def _by_word(lines: pd.DataFrame, word: str) -> pd.DataFrame:
    """Return outage and line of each row, in the order of the lines."""
    own = lines.index.to_series()
    if word == "branches":
        return pd.DataFrame({"outage": own, "line": own}, index=None)
    if word == "corridors":
        return pd.DataFrame({"outage": lines["corridor"].fillna(own), "line": own})
    groups = lines["srlg"].fillna("").str.split(";").explode().str.strip()
    return pd.DataFrame({"outage": groups, "line": groups.index})[groups.ne("").to_numpy()]


def _named(contingencies: Sequence[str] | Mapping[str, str | Sequence[str]]) -> pd.DataFrame:
    """Return outage and line of each name."""
    if not isinstance(contingencies, Mapping):
        return pd.DataFrame({"outage": list(contingencies), "line": list(contingencies)}, dtype=object)
    rows = [
        (str(name), line)
        for name, lost in contingencies.items()
        for line in ([lost] if isinstance(lost, str) else lost)
    ]
    return pd.DataFrame(rows, columns=["outage", "line"], dtype=object)


def _refuse(grid: Grid, pairs: pd.DataFrame) -> None:
    """Raise one error that names every line which is not there."""
    strange = pairs["line"][~pairs["line"].isin(grid.lines.index)]
    if len(strange):
        cure = "Name lines of the grid"
        rows = tuple(dict.fromkeys(map(str, strange)))
        raise NetworkError([Fault("contingencies", "line", "is not in the grid", cure, rows)])
