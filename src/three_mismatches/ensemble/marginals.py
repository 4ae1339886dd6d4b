"""How one input is drawn: from a number between 0 and 1 to a value of the input."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv

from three_mismatches.assumptions import ASSUMPTIONS, OUTSIDE_SOLVES, resolve
from three_mismatches.errors import Fault, LayerError

__all__ = ["SHAPES", "STUDY_INPUTS", "Distribution", "Marginal", "checked", "marginals_of"]

SHAPES = ("pert", "triangular", "uniform")
"""How values lie between the ends of an assumption's range."""

STUDY_INPUTS = ("demand", "year")
"""What a draw may replace beside assumptions."""

PERT_WEIGHT = 4.0
"""Weight of the most likely value against either end in a PERT mean (Clark 1962, Operations Research 10, 405-406)."""

Floats = NDArray[np.float64]


class Distribution(Protocol):
    """A distribution that gives the value below which a share of it lies: those of `scipy.stats` do."""

    def ppf(self, q: Floats) -> Floats:
        """Return the values below which the shares `q` lie."""


class Marginal(Protocol):
    """How one input is drawn."""

    def at(self, share: Floats) -> NDArray[Any]:
        """Return the values below which the shares lie."""

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it."""


@dataclass(frozen=True)
class Between:
    """Values between two ends, most of them near a third; all at one place if the ends are one."""

    low: float
    mode: float
    high: float
    shape: str

    def at(self, share: Floats) -> Floats:
        """Return the values below which the shares lie."""
        width = self.high - self.low
        if width == 0.0:
            return np.full(len(share), self.low)
        below = (self.mode - self.low) / width
        if self.shape == "uniform":
            return self.low + width * share
        if self.shape == "pert":
            part = betaincinv(1.0 + PERT_WEIGHT * below, 1.0 + PERT_WEIGHT * (1.0 - below), share)
        else:
            part = np.where(
                share < below, np.sqrt(share * below), 1.0 - np.sqrt((1.0 - share) * (1.0 - below))
            )
        values: Floats = np.clip(self.low + width * part, self.low, self.high)
        return values

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it."""
        return {"shape": self.shape, "low": self.low, "mode": self.mode, "high": self.high}


@dataclass(frozen=True)
class Choice:
    """One of some values, each as often as the others."""

    values: tuple[object, ...]

    def at(self, share: Floats) -> NDArray[Any]:
        """Return the values below which the shares lie, in their order."""
        at = (share * len(self.values)).astype(np.int64)
        return np.array(self.values, dtype=object if isinstance(self.values[0], str) else None)[at]

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it."""
        return {"choices": list(self.values)}


@dataclass(frozen=True)
class Given:
    """A distribution of the user's own."""

    distribution: Distribution

    def at(self, share: Floats) -> Floats:
        """Return the values below which the shares lie."""
        return np.asarray(self.distribution.ppf(share), dtype=np.float64)

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it; the values themselves are in its hash of the draws."""
        family = getattr(self.distribution, "dist", self.distribution)
        return {"distribution": str(getattr(family, "name", type(family).__name__))}


def marginals_of(
    names: Iterable[str] | None,
    shape: str,
    choices: Mapping[str, Sequence[object]],
    distributions: Mapping[str, Distribution],
) -> dict[str, Marginal]:
    """
    Return how each input is drawn, by name.

    Parameters
    ----------
    names
        Assumptions that are drawn within their range; None for all that have one and that a solve reads.
    shape
        One of `SHAPES`.
    choices
        Inputs that take one of some values.
    distributions
        Inputs with a distribution of the user's own.

    Raises
    ------
    LayerError
        With every name that is no input, every empty choice, and every name that is given twice.
    """
    ranged = [
        item.name for item in ASSUMPTIONS.values() if item.low < item.high and item.name not in OUTSIDE_SOLVES
    ]
    own = {*choices, *distributions}
    asked = [name for name in ranged if name not in own] if names is None else list(names)
    if isinstance(names, str):
        asked = [names]
    every = [*asked, *choices, *distributions]
    faults = [fault for name in dict.fromkeys(every) for fault in _name_faults(name, every)]
    if shape not in SHAPES:
        faults.append(Fault("sampler", "shape", f"is {shape!r}", f"There are {', '.join(SHAPES)}"))
    faults += [
        Fault("sampler", name, "has no values to choose from", "Give at least one")
        for name, values in choices.items()
        if not len(values)
    ]
    faults += [
        Fault(
            "sampler", name, "is no assumption with a range", "Give its values as choices or a distribution"
        )
        for name in asked
        if name in STUDY_INPUTS
    ]
    if not every:
        faults.append(Fault("sampler", "names", "are none", "Name at least one input"))
    if faults:
        raise LayerError(faults)
    return (
        {name: _range_of(name, shape) for name in asked}
        | {name: Choice(tuple(values)) for name, values in choices.items()}
        | {name: Given(distribution) for name, distribution in distributions.items()}
    )


def _range_of(name: str, shape: str) -> Between:
    item = ASSUMPTIONS[name]
    return Between(item.low, item.value, item.high, shape)


def _name_faults(name: str, every: Sequence[str]) -> list[Fault]:
    """Return what is wrong with the name of an input."""
    if every.count(name) > 1:
        return [Fault("sampler", name, "is given more than once", "Give each input one way of being drawn")]
    if name in STUDY_INPUTS:
        return []
    try:
        resolve({name: 0.0} if name not in ASSUMPTIONS else {})
    except ValueError as error:
        cure = f"Beside assumptions there are {' and '.join(STUDY_INPUTS)}"
        return [Fault("sampler", name, str(error).removeprefix("assume: "), cure)]
    return []


def checked(frame: pd.DataFrame, *, where: str) -> pd.DataFrame:
    """
    Return draws with their index counted from 0, years as whole numbers and assumptions as floats.

    Parameters
    ----------
    frame
        One row for each draw, one column for each input.
    where
        What an error calls the table.

    Raises
    ------
    LayerError
        If there is no row or no column, a column is no input, or a value is none that its input can take.
    """
    if not len(frame) or not len(frame.columns):
        what = "rows" if not len(frame) else "columns"
        raise LayerError([Fault(where, what, "are none", "Ask for at least one draw of one input")])
    names = [str(name) for name in frame.columns]
    faults = [fault for name in dict.fromkeys(names) for fault in _name_faults(name, names)]
    if not faults:
        faults = [fault for name in names for fault in _value_faults(frame[name], where)]
    if faults:
        raise LayerError(faults)
    kinds = {name: {"year": "int64", "demand": "object"}.get(name, "float64") for name in names}
    return frame.reset_index(drop=True).astype(kinds).rename_axis("draw")


def _value_faults(values: pd.Series, where: str) -> list[Fault]:
    """Return what is wrong with the values of one input."""
    name = str(values.name)
    if name == "demand":
        bad = ~values.map(lambda value: isinstance(value, str) and bool(value)).to_numpy(dtype=bool)
        problem, cure = "is no text", "Name a scenario of `outlook`"
    else:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
        least, most = (1850, 2200) if name == "year" else ASSUMPTIONS[name].possible
        bad = ~((numbers >= least) & (numbers <= most) & (numbers < math.inf))
        if name == "year":
            bad |= numbers != np.round(numbers)
        kind = "a whole year" if name == "year" else "a number"
        problem = f"is not {kind} between {least:g} and {most:g}"
        cure = "Correct it, or cut the distribution off there"
    rows = tuple(map(str, values.index[bad]))
    return [Fault(where, name, problem, cure, rows)] if rows else []
