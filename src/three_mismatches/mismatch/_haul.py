"""The haul: how far new data centres are from power that nobody else needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.mismatch._ground import Ground
from three_mismatches.mismatch._transport import Moves, Transport, merged

__all__ = ["Haul", "haul_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOTHING_MW = 1e-6
NO_MOVES = Moves(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0), 0.0)


@dataclass(frozen=True, eq=False)
class Haul:
    """
    Who takes surplus power from where.

    `source` and `target` are rows of the points, `mw` what goes between them. `asked_mw` is all new load, `surplus_mw`
    all surplus, `ordinary_mw` what of it other areas' ordinary load takes first.
    """

    source: Ints
    target: Ints
    mw: Floats
    cost: float
    asked_mw: float
    surplus_mw: float
    ordinary_mw: float

    @property
    def moved_mw(self) -> float:
        """New load that finds surplus."""
        return float(self.mw.sum())

    @property
    def unserved_mw(self) -> float:
        """New load that finds none; 0 within rounding."""
        left = self.asked_mw - self.moved_mw
        return left if left > NOTHING_MW else 0.0


def haul_of(
    points: pd.DataFrame, ground: Ground, component: Ints, new_mw: Floats, areas: pd.DataFrame
) -> Haul:
    """
    Return the least haul of new load to surplus power, component by component, ordinary load served first.

    Parameters
    ----------
    points
        The long table of measures.
    ground
        The metric on them.
    component
        Of each point.
    new_mw
        New load of each point, 0 for all but sites. [MW]
    areas
        With `firm_mw` and `peak_mw`. [MW]
    """
    left = areas["firm_mw"] - areas["peak_mw"]
    share = (
        (left.clip(lower=0.0) / areas["firm_mw"]).fillna(0.0),
        ((-left).clip(lower=0.0) / areas["peak_mw"]).fillna(0.0),
    )
    surplus, short = (
        np.where(points["measure"].eq(name), points["weight"] * points["area"].map(part).astype(float), 0.0)
        for name, part in zip(("generation", "load"), share, strict=True)
    )
    found = [
        _in_component(ground, np.flatnonzero(component == part), new_mw, surplus, short)
        for part in np.unique(component[new_mw > 0.0])
    ]
    moves = [NO_MOVES, *(part for part, _ in found)]
    return Haul(
        source=np.concatenate([part.source for part in moves]),
        target=np.concatenate([part.target for part in moves]),
        mw=np.concatenate([part.share for part in moves]),
        cost=sum(part.cost for part in moves),
        asked_mw=float(new_mw.sum()),
        surplus_mw=float(surplus.sum()),
        ordinary_mw=sum(taken for _, taken in found),
    )


def _in_component(
    ground: Ground, rows: Ints, new_mw: Floats, surplus: Floats, short: Floats
) -> tuple[Moves, float]:
    """Return who hauls what from where, and what ordinary load has taken before. [MW]"""
    supply, lacking, asking = (rows[value[rows] > NOTHING_MW] for value in (surplus, short, new_mw))
    first = _partial(ground.between(lacking, supply), short[lacking], surplus[supply])
    taken = np.bincount(first.target, first.share, supply.size)
    left = np.maximum(surplus[supply] - taken, 0.0)
    moves = _partial(ground.between(asking, supply), new_mw[asking], left)
    return Moves(asking[moves.source], supply[moves.target], moves.share, moves.cost), float(taken.sum())


def _partial(cost: Floats, need: Floats, supply: Floats) -> Moves:
    """Return the cheapest plan that serves as much of the need as there is supply; shares and cost in MW."""
    total = max(float(need.sum()), float(supply.sum()))
    if min(float(need.sum()), float(supply.sum())) <= NOTHING_MW:
        return NO_MOVES
    spare = total - need.sum(), total - supply.sum()
    # One more need, or one more supply, takes up the difference at no cost.
    padded = np.pad(cost, ((0, 1), (0, 1)))
    shares = [
        np.append(value, max(0.0, rest)) / total for value, rest in zip((need, supply), spare, strict=True)
    ]
    kept = [np.flatnonzero(share > 0.0) for share in shares]
    shares = [share[some] for share, some in zip(shares, kept, strict=True)]
    problem = merged(padded[np.ix_(*kept)], *shares)
    moves = problem.apart(Transport(problem.cost).moves(*problem.shares(*shares)), *shares)
    source, target = kept[0][moves.source], kept[1][moves.target]
    real = (source < need.size) & (target < supply.size)
    return Moves(source[real], target[real], moves.share[real] * total, moves.cost * total)
