"""What sites get together: each may host its request alone, and all of them far less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Flag, Grid
from three_mismatches.layers.flags import join_flags
from three_mismatches.power._base import base_case
from three_mismatches.power._secure_model import NO_LINE, SecureModel, SecureSolution
from three_mismatches.power.contingencies import Contingencies
from three_mismatches.power.hosting import positions_of
from three_mismatches.power.ladder import DUAL, SHED_MW, Models

__all__ = ["Joint", "joint"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

STEP_MW = 1.0
"""By how much a rating is raised to see what that brings."""

MOST_TRIED = 20
"""So many ratings are raised, those with the largest duals."""

OBJECTIVES = ("max_total", "max_min")
"""What all sites together are to have most of."""


@dataclass(frozen=True, eq=False)
class Joint:
    """
    What sites get together.

    Attributes
    ----------
    sites
        Index bus: `request_mw`, `alone_mw` (what it gets of it if nobody else asks), `joint_mw`, `gap_mw` (request
        less joint), `flags`. [MW]
    reinforcements
        Index line or interface or link, the most worth first: `mw_per_mw`, what all sites together gain when its
        ratings are raised by 1 MW, solved again (NaN beyond the first 20). `dual` is what the programme's prices say,
        `before` and `after` an outage; where several limits bind at once one of them alone brings less than its price.
        `outages` after which it binds.
    total_mw
        What all get together. [MW]
    double_count
        What each gets alone, added up, over `total_mw`: 1 when nothing is counted twice, inf when nothing is left.
    base_shed_mw
        Demand that cannot be served securely before anything is added, by bus. [MW]
    dispatch
        Index bus: `supply_mw` and `shed_mw` beside the new load. [MW]
    """

    sites: pd.DataFrame
    reinforcements: pd.DataFrame
    total_mw: float
    double_count: float
    base_shed_mw: pd.Series
    dispatch: pd.DataFrame


def joint(
    grid: Grid,
    requests: pd.Series,
    *,
    objective: str = "max_total",
    security: str = "n1",
    contingencies: Contingencies = "branches",
    participation: pd.Series | None = None,
    balance: str | None = None,
    islanding: str = "redistribute",
    preexisting: str = "count",
) -> Joint:
    """
    Return what all sites get together, with free redispatch, and which lines it would be worth most to strengthen.

    Parameters
    ----------
    grid
        As for `hosting`.
    requests
        New load asked at each bus; requests at one bus are added. inf asks for whatever there is. [MW]
    objective
        "max_total": as much as possible in all, and of the ways to do so the one in which the worst served gets the
        largest share of its request, then the next. "max_min": that share first, whatever it costs in all.
    security
        "n0": within ratings before any outage. "n1": after every outage too, and to interfaces before any.
    contingencies, participation, balance, islanding, preexisting
        As for `ladder`.

    Returns
    -------
    joint
        Where the base cannot be served securely, the least demand is shed first (`base_shed_mw`, flag
        `base_infeasible`), and the rest is what sites get beside it.

    Raises
    ------
    NetworkError
        As `hosting`; if a request is missing, negative or at no bus, with every such bus.
    SolverError
        If HiGHS ends without an optimum.
    ValueError
        If the objective or security is none of those above.
    """
    _refuse(objective=(objective, OBJECTIVES), security=(security, ("n0", "n1")))
    asked = _added_up(requests)
    base = base_case(grid, balance=balance, participation=participation)
    places = positions_of(base.network.buses, asked.index)
    models = Models.of(grid, base, places, contingencies, islanding=islanding, preexisting=preexisting)
    model = models.secure() if security == "n1" else models.intact()
    request = asked.to_numpy(dtype=np.float64)
    alone = np.array([_alone(model, request, at) for at in range(len(request))], dtype=np.float64)
    most = np.minimum(request, alone)
    best = model.most_new(most)
    total = float(best.new_mw.sum()) if objective == "max_total" else 0.0
    new = _fair_shares(model, most, total) * most
    new = np.where(new > most - SHED_MW, most, new)
    found = model.settle(new)
    return _tables(models, found, _worth(models, model, best, most), asked, alone, new)


def _alone(model: SecureModel, request: Floats, at: int) -> float:
    """Return what one place gets if nobody else asks. [MW]"""
    chosen = np.where(np.arange(len(request)) == at, request, 0.0)
    return float(model.most_new(chosen).new_mw[at])


def _fair_shares(model: SecureModel, ask: Floats, total: float) -> Floats:
    """
    Return each place's share of what it asks, lexicographically max-min among the plans that reach `total`.

    Each round raises all places that are not fixed together, then fixes those whose rows stop the rise.
    """
    asks = ask > SHED_MW
    if total >= ask.sum() - SHED_MW:
        return asks.astype(np.float64)
    share = np.where(asks, np.nan, 0.0)
    while np.isnan(share).any():
        level, stopped = model.raise_level(ask, share, total)
        done = level >= 1.0 - SHED_MW or not stopped.any()
        share = np.where(np.isnan(share) if done else stopped, level, share)
    return share


def _tables(
    models: Models, found: SecureSolution, worth: pd.DataFrame, asked: pd.Series, alone: Floats, new: Floats
) -> Joint:
    """Return the answer as tables."""
    buses, total = models.base.network.buses, float(new.sum())
    shed = pd.Series(found.shed_mw, index=buses, name="base_shed_mw")
    shed = shed[shed > SHED_MW]
    request = asked.to_numpy(dtype=np.float64)
    infeasible = np.full(len(asked), len(shed) > 0)
    sites = pd.DataFrame(
        {
            "request_mw": request,
            "alone_mw": alone,
            "joint_mw": new,
            "gap_mw": np.maximum(request - new, 0.0),
            "flags": join_flags({Flag.BASE_INFEASIBLE: infeasible}, asked.index),
        },
        index=asked.index,
    )
    counted = float(np.minimum(alone, request).sum())
    short = counted > total + SHED_MW
    return Joint(
        sites=sites,
        reinforcements=worth,
        total_mw=total,
        double_count=(counted / total if total > SHED_MW else np.inf) if short else 1.0,
        base_shed_mw=shed,
        dispatch=pd.DataFrame({"supply_mw": found.supply_mw, "shed_mw": found.shed_mw}, index=buses),
    )


def _worth(models: Models, model: SecureModel, best: SecureSolution, most: Floats) -> pd.DataFrame:
    """Return what a MW more of each rating brings all sites together, the most first."""
    lines, interfaces = models.base.network.branches, models.interfaces.names[: len(best.interface_dual)]
    names = [*map(str, lines), *map(str, interfaces), *map(str, models.injections.links.names)]
    before = np.concatenate([best.flow_dual, best.interface_dual, best.link_dual])
    rows = best.security[(best.security["dual"] > DUAL) & (best.security["line"] != NO_LINE)]
    after = np.zeros(len(before))
    np.add.at(after, rows["line"].to_numpy(), rows["dual"].to_numpy())
    priced = np.flatnonzero(before + after > DUAL)
    priced = priced[np.argsort(-(before + after)[priced], kind="stable")]
    total = float(best.new_mw.sum())
    lost = rows.groupby("line")["outage"].agg(lambda of: "; ".join(map(str, models.outages.names[of])))
    table = pd.DataFrame(
        {
            "mw_per_mw": [
                (model.gain(most, int(at), STEP_MW) - total) / STEP_MW for at in priced[:MOST_TRIED]
            ]
            + [np.nan] * len(priced[MOST_TRIED:]),
            "dual": (before + after)[priced],
            "before": before[priced],
            "after": after[priced],
            "outages": [lost.get(at, "") for at in priced],
        },
        index=pd.Index([names[at] for at in priced], name="element"),
    )
    table["mw_per_mw"] = table["mw_per_mw"].mask(table["mw_per_mw"] < DUAL, 0.0)
    return table.sort_values(["mw_per_mw", "dual"], ascending=False, kind="stable")


def _added_up(requests: pd.Series) -> pd.Series:
    """Return requests by bus, in their order; raise one error for all that are none."""
    value = requests.astype(np.float64)
    bad = ~(value >= 0.0)
    if bad.any():
        rows = tuple(dict.fromkeys(map(str, value.index[bad])))
        raise NetworkError(
            [Fault("requests", "value", "is missing or below 0", "Give MW of 0 or more", rows)]
        )
    return value.groupby(level=0, sort=False).sum().rename_axis("bus")


def _refuse(**words: tuple[str, tuple[str, ...]]) -> None:
    for name, (word, known) in words.items():
        if word not in known:
            msg = f"{name}={word!r} is not known; there are {', '.join(map(repr, known))}"
            raise ValueError(msg)
