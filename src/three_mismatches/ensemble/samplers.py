"""Where draws come from: ranges of assumptions, a design for Sobol indices, or a table of the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from three_mismatches.ensemble.marginals import Distribution, Floats, Marginal, checked, marginals_of
from three_mismatches.errors import Fault, LayerError

__all__ = ["Ranges", "Saltelli", "Sampler", "Table"]

METHODS = ("random", "latin")


class Sampler(Protocol):
    """Anything that gives draws: the same for the same sampler, whoever asks."""

    def frame(self) -> pd.DataFrame:
        """Return one row for each draw, one column for each input: assumptions, `demand`, `year`."""

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it, as plain values for JSON."""


@dataclass(frozen=True, eq=False)
class Ranges:
    """
    Draws of assumptions within their ranges, each input independent of the others.

    Draw i of an input follows from the seed, the input's name and i: more draws, or more inputs, leave those that
    were there as they are (by "latin" a draw also depends on how many there are).

    Parameters
    ----------
    names
        Assumptions that are drawn within their range (`assumptions.ASSUMPTIONS`); without, all that have
        one and that a solve reads.
    draws
        How many.
    seed
        Any whole number from 0.
    method
        "random", or "latin": each n-th part of each input's distribution holds one of n draws.
    shape
        Between the ends of a range "pert", a beta distribution whose mode is the default and whose mean is
        (low + 4 default + high) / 6; "triangular", with the same mode; or "uniform".
    choices
        Inputs that take one of some values, each as often: `{"demand": ("low", "high"), "year": (2030, 2034)}`.
    distributions
        Inputs with another distribution, by name: anything with `ppf`, such as `scipy.stats.norm(1.6, 0.1)`.

    Raises
    ------
    LayerError
        With every name that is no input, empty choice, input that is given twice, and option that is none.

    Examples
    --------
    >>> Ranges(["route_factor"], draws=3, seed=1).frame()["route_factor"].between(1.37, 1.99).all()
    True
    """

    names: Sequence[str] | None = None
    draws: int = field(kw_only=True)
    seed: int = field(default=0, kw_only=True)
    method: str = field(default="random", kw_only=True)
    shape: str = field(default="pert", kw_only=True)
    choices: Mapping[str, Sequence[object]] = field(default_factory=dict, kw_only=True)
    distributions: Mapping[str, Distribution] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        """Raise if it cannot be drawn from."""
        _refuse(self.draws, self.seed, least=1)
        if self.method not in METHODS:
            problem = f"is {self.method!r}"
            raise LayerError([Fault("sampler", "method", problem, f"There are {', '.join(METHODS)}")])
        self.marginals()

    def marginals(self) -> dict[str, Marginal]:
        """Return how each input is drawn, by name."""
        return marginals_of(self.names, self.shape, self.choices, self.distributions)

    def frame(self) -> pd.DataFrame:
        """Return one row for each draw, one column for each input."""
        shares = _random if self.method == "random" else _latin
        columns = {
            name: marginal.at(shares(self.seed, name, self.draws))
            for name, marginal in self.marginals().items()
        }
        return checked(pd.DataFrame(columns), where="draws")

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it."""
        options = {"draws": self.draws, "seed": self.seed, "method": self.method}
        return {"kind": "Ranges", **options, "inputs": _described(self.marginals())}


@dataclass(frozen=True, eq=False)
class Saltelli:
    """
    The design that Sobol indices ask for: `base` points, each with one variant for every input, and its counterpart.

    Parameters
    ----------
    names, seed, shape, choices, distributions
        As for `Ranges`.
    base
        A power of 2. There are `base` x (inputs + 2) draws; those of one point follow each other.

    Raises
    ------
    LayerError
        As `Ranges`; if `base` is no power of 2.

    Notes
    -----
    Points are those of Sobol's sequence under a random digital shift. Of two independent points A and B come the draws
    A, B, and for each input A with that input from B.

    References
    ----------
    .. [1] Saltelli et al. 2010, Computer Physics Communications 181(2), 259-270.
    """

    names: Sequence[str] | None = None
    base: int = field(default=256, kw_only=True)
    seed: int = field(default=0, kw_only=True)
    shape: str = field(default="pert", kw_only=True)
    choices: Mapping[str, Sequence[object]] = field(default_factory=dict, kw_only=True)
    distributions: Mapping[str, Distribution] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        """Raise if it cannot be drawn from."""
        _refuse(self.base, self.seed, least=2)
        if self.base & (self.base - 1):
            raise LayerError([Fault("sampler", "base", f"is {self.base}, no power of 2", "Take 256 or 1024")])
        self.marginals()

    def marginals(self) -> dict[str, Marginal]:
        """Return how each input is drawn, by name."""
        return marginals_of(self.names, self.shape, self.choices, self.distributions)

    def frame(self) -> pd.DataFrame:
        """Return one row for each draw, one column for each input."""
        marginals = self.marginals()
        a, b = np.split(_sobol_points(2 * len(marginals), self.base, self.seed), 2, axis=1)
        columns = {
            name: np.stack(
                [b[:, at] if row in (1, at + 2) else a[:, at] for row in range(len(marginals) + 2)]
            )
            for at, name in enumerate(marginals)
        }
        drawn = {name: marginals[name].at(shares.T.ravel()) for name, shares in columns.items()}
        return checked(pd.DataFrame(drawn), where="draws")

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it."""
        return {
            "kind": "Saltelli",
            "base": self.base,
            "seed": self.seed,
            "inputs": _described(self.marginals()),
        }


@dataclass(frozen=True, eq=False)
class Table:
    """
    Draws of the user's own.

    Parameters
    ----------
    draws
        One row for each draw; columns are assumptions, `demand` and `year`. They are numbered from 0 in their order.

    Raises
    ------
    LayerError
        If there are none, a column is no input, or a value is none that its input can take.
    """

    draws: pd.DataFrame

    def __post_init__(self) -> None:
        """Raise if it cannot be drawn from."""
        self.frame()

    def frame(self) -> pd.DataFrame:
        """Return one row for each draw, one column for each input."""
        return checked(self.draws, where="draws")

    def describe(self) -> dict[str, object]:
        """Return what a manifest says of it; the values are in its hash of the draws."""
        return {"kind": "Table", "draws": len(self.draws), "inputs": list(map(str, self.draws.columns))}


def _refuse(count: int, seed: int, *, least: int) -> None:
    """Raise if there are too few draws, or the seed is no whole number from 0."""
    faults = []
    if not isinstance(count, int) or count < least:
        faults.append(Fault("sampler", "draws", f"are {count!r}", f"Ask for a whole number from {least}"))
    if not isinstance(seed, int) or seed < 0:
        faults.append(Fault("sampler", "seed", f"is {seed!r}", "Give a whole number from 0"))
    if faults:
        raise LayerError(faults)


def _described(marginals: Mapping[str, Marginal]) -> dict[str, object]:
    return {name: marginal.describe() for name, marginal in marginals.items()}


def _bits(seed: int, name: str) -> np.random.PCG64:
    """Return the stream of random bits of one input."""
    words = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype="<u4")
    return np.random.PCG64(np.random.SeedSequence([seed, *map(int, words)]))


def _random(seed: int, name: str, draws: int) -> Floats:
    """Return numbers between 0 and 1, neither of them ever; from raw bits, which no release of numpy changes."""
    return _between(_bits(seed, name).random_raw(draws))


def _between(raw: NDArray[np.uint64]) -> Floats:
    shares: Floats = ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
    return shares


def _latin(seed: int, name: str, draws: int) -> Floats:
    """Return numbers between 0 and 1, one in each of as many equal parts as there are, in random order."""
    bits = _bits(seed, name)
    within, order = _between(bits.random_raw(draws)), np.argsort(bits.random_raw(draws), kind="stable")
    shares: Floats = (order + within) / draws
    # So near to 1 that the sum is rounded up to it: 1 has no value in an unbounded distribution.
    return np.minimum(shares, np.nextafter(1.0, 0.0))


def _sobol_points(dimensions: int, count: int, seed: int) -> Floats:
    """Return the first points of Sobol's sequence under a digital shift, at the middles of their cells."""
    sequence = qmc.Sobol(dimensions, scramble=False)
    cells = 2.0**SOBOL_BITS
    points = (sequence.random(count) * cells).astype(np.uint64)
    shift = _bits(seed, "Sobol").random_raw(dimensions) >> np.uint64(64 - SOBOL_BITS)
    shares: Floats = ((points ^ shift).astype(np.float64) + 0.5) / cells
    return shares


SOBOL_BITS = 30
"""Bits of a coordinate of Sobol's sequence, as scipy makes it."""
