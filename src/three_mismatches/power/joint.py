"""What sites get together: each may host its request alone, and all of them far less."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Flag, Grid
from three_mismatches.layers.flags import join_flags
from three_mismatches.power._base import base_case
from three_mismatches.power._secure_model import NO_LINE, SHED_MW, SecureModel, SecureSolution
from three_mismatches.power.contingencies import Contingencies
from three_mismatches.power.hosting import CHOICES, hosting, positions_of
from three_mismatches.power.ladder import DUAL, Models, rungs

__all__ = ["Joint", "joint", "ladders_and_joint"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEP_MW = 1.0
"""By how much a rating is raised to see what that brings."""

MOST_TRIED, FEW_TRIED = 20, 5
"""So many ratings are raised, those with the largest duals; few where a study asks beside all else."""

SAME_MW = 1e-5
"""What is nearer to a bound than this is at it."""

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
        less joint), `flags`. Nothing gets more than alone: another's load can make room, but nobody can rely on it.
        [MW]
    reinforcements
        Index line or interface or link, the most worth first: `mw_per_mw`, what all sites together gain when its
        ratings are raised by 1 MW, solved again (NaN beyond the first 20); `corridor_mw_per_mw`, what they gain when
        those of all lines of its corridor, or between its two buses, are: of two circuits one alone brings nothing.
        `dual` is what the programme's prices say, `before` and `after` an outage; where several limits bind at once
        one of them alone brings less than its price. `outages` after which it binds.
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
    requests: pd.Series | Mapping[str, float],
    *,
    objective: str = "max_total",
    security: str = "n1",
    contingencies: Contingencies = "branches",
    participation: pd.Series | Mapping[str, float] | None = None,
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
        largest share of its request (of what it gets alone, where it asks for inf), then the next. "max_min": that
        share first, whatever it costs in all.
    security
        "n0": within ratings before any outage. "n1": after every outage too, and to interfaces before any.
    contingencies, participation, balance, islanding, preexisting
        As for `ladder`.

    Returns
    -------
    joint
        Where the base cannot be served securely, or units that must run give more than can be taken, the least is shed
        or spilt first (`base_shed_mw`, flag `base_infeasible`), and the rest is what sites get beside it.

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
    _refuse(islanding=(islanding, CHOICES["islanding"]), preexisting=(preexisting, CHOICES["preexisting"]))
    asked = _added_up(requests)
    base = base_case(grid, balance=balance, participation=participation)
    places = positions_of(base.network.buses, asked.index)
    models = Models.of(grid, base, places, contingencies, islanding=islanding, preexisting=preexisting)
    model = models.secure() if security == "n1" else models.intact()
    each = [_alone(model, asked.to_numpy(dtype=np.float64), at) for at in range(len(asked))]
    return _together(models, model, asked, each, objective, MOST_TRIED)


def ladders_and_joint(
    grid: Grid,
    requests: pd.Series | Mapping[str, float],
    *,
    contingencies: Contingencies = "branches",
    participation: pd.Series | Mapping[str, float] | None = None,
    balance: str | None = None,
    islanding: str = "redistribute",
    preexisting: str = "count",
) -> tuple[pd.DataFrame, Joint]:
    """
    Return `ladders` of the buses that ask, and what they get together: the programmes are built once.

    Parameters
    ----------
    grid, requests, contingencies, participation, balance, islanding, preexisting
        As for `joint`.

    Returns
    -------
    rungs
        As `ladders`, without a cutoff.
    joint
        As `joint`; only the first 5 reinforcements are solved again.

    Raises
    ------
    NetworkError, SolverError, ValueError
        As `joint`.
    """
    asked = _added_up(requests)
    screen = hosting(
        grid, asked.index, contingencies=contingencies, participation=participation, balance=balance,
        islanding=islanding, cutoff=0.0, preexisting=preexisting, top=1,
    )  # fmt: skip
    base = base_case(grid, balance=balance, participation=participation)
    places = positions_of(base.network.buses, asked.index)
    models = Models.of(grid, base, places, contingencies, islanding=islanding, preexisting=preexisting)
    programmes = models.by_rung()
    found, each = rungs(models, screen, programmes)
    return found, _together(models, programmes["n1"], asked, each, "max_total", FEW_TRIED)


def _together(
    models: Models,
    model: SecureModel,
    asked: pd.Series,
    each: list[SecureSolution],
    objective: str,
    tried: int,
) -> Joint:
    """Return what all get together under one programme, from what each gets alone; so many ratings are raised."""
    request, before = asked.to_numpy(dtype=np.float64), model.before()
    alone = np.array([found.new_mw[at] for at, found in enumerate(each)], dtype=np.float64)
    most = np.minimum(request, np.maximum(alone, 0.0))
    best = model.most_new(most)
    total = float(best.new_mw.sum()) if objective == "max_total" else 0.0
    new = _fair_shares(model, np.where(np.isinf(request), most, request), most, total)
    worth = _worth(models, model, request, _Solved(best, each, most), tried)
    sites = asked.to_frame().assign(alone_mw=most, joint_mw=new)
    return _tables(models, (before, model.most_new(new)), worth, sites)


@dataclass(frozen=True, eq=False)
class _Solved:
    """What all get together, what each gets alone, and the least of that and its request. [MW]"""

    best: SecureSolution
    alone: list[SecureSolution]
    most: Floats


def _alone(model: SecureModel, request: Floats, at: int) -> SecureSolution:
    """Return the solve in which one place asks and nobody else does."""
    return model.most_new(np.where(np.arange(len(request)) == at, request, 0.0))


def _fair_shares(model: SecureModel, ask: Floats, most: Floats, total: float) -> Floats:
    """
    Return what each place gets, lexicographically max-min in shares of what it asks among plans that reach `total`.

    Each round raises all places that are not fixed together, then fixes those whose rows stop the rise. [MW]
    """
    some = most > SAME_MW
    if total >= most.sum() - SAME_MW:
        return most
    share = np.where(some, np.nan, 0.0)
    while np.isnan(share).any():
        level, stopped = model.raise_level(ask, most, share, total)
        # Nobody stops a level of 1.
        share = np.where(stopped if stopped.any() else np.isnan(share), level, share)
    got: Floats = np.minimum(share * np.where(some, ask, 0.0), most)
    return got


def _tables(
    models: Models, found: tuple[SecureSolution, SecureSolution], worth: pd.DataFrame, sites: pd.DataFrame
) -> Joint:
    """Return the answer as tables, from the dispatches before anything is added and after."""
    buses, (before, after) = models.base.network.buses, found
    total = float(sites["joint_mw"].sum())
    shed = pd.Series(before.shed_mw, index=buses, name="base_shed_mw")
    infeasible = np.full(len(sites), before.lost_mw > SHED_MW)
    sites["gap_mw"] = (sites["request_mw"] - sites["joint_mw"]).clip(lower=0.0)
    sites["flags"] = join_flags({Flag.BASE_INFEASIBLE: infeasible}, sites.index)
    counted = float(sites["alone_mw"].sum())
    short = counted > total + SHED_MW
    return Joint(
        sites=sites,
        reinforcements=worth,
        total_mw=total,
        double_count=(counted / total if total > SHED_MW else np.inf) if short else 1.0,
        base_shed_mw=shed[shed > SHED_MW],
        dispatch=pd.DataFrame({"supply_mw": after.supply_mw, "shed_mw": after.shed_mw}, index=buses),
    )


def _worth(models: Models, model: SecureModel, request: Floats, solved: _Solved, tried: int) -> pd.DataFrame:
    """Return what a MW more of each rating brings all sites together, the most first."""
    interfaces = models.interfaces.names[: len(solved.best.interface_dual)]
    known = models.base.network.branches, interfaces, models.injections.links.names
    names = [str(name) for some in known for name in some]
    before, rows = _prices(request, solved)
    after = np.zeros(len(before))
    np.add.at(after, rows["line"].to_numpy(), rows["dual"].to_numpy())
    priced = np.flatnonzero(before + after > DUAL)
    priced = priced[np.argsort(-(before + after)[priced], kind="stable")]
    lost = rows.groupby("line")["outage"].agg(
        lambda of: "; ".join(map(str, models.outages.names[np.unique(of)]))
    )
    total = float(solved.best.new_mw.sum())
    chosen = priced[:tried]
    beside = _corridors(models)
    groups = {
        int(at): np.flatnonzero(beside == beside[at]) if at < len(beside) else np.array([at]) for at in chosen
    }
    alone = [_raised(model, request, solved, np.array([at])) - total for at in chosen]
    every = {tuple(group): _raised(model, request, solved, group) - total for group in groups.values()}
    rest = [np.nan] * len(priced[tried:])
    table = pd.DataFrame(
        {
            "mw_per_mw": np.array([*alone, *rest], dtype=np.float64) / STEP_MW,
            "corridor_mw_per_mw": np.array([*(every[tuple(groups[int(at)])] for at in chosen), *rest])
            / STEP_MW,
            "dual": (before + after)[priced],
            "before": before[priced],
            "after": after[priced],
            "outages": pd.Series([lost.get(at, "") for at in priced], dtype=object),
        }
    ).set_axis(pd.Index([names[at] for at in priced], name="element", dtype=object))
    for column in ("mw_per_mw", "corridor_mw_per_mw"):
        table[column] = table[column].mask(table[column] < SAME_MW, 0.0)
    return table.sort_values(["mw_per_mw", "corridor_mw_per_mw", "dual"], ascending=False, kind="stable")


def _corridors(models: Models) -> Ints:
    """Return a number for each branch: lines of one corridor, or between the same two buses, have the same."""
    network = models.base.network
    ends = np.minimum(network.start, network.end), np.maximum(network.start, network.end)
    pair = pd.Series(ends[0] * len(network.buses) + ends[1], index=network.branches).astype(str)
    found, _ = pd.factorize(
        models.grid.lines["corridor"].astype(object).where(models.grid.lines["corridor"].notna(), pair)
    )
    return np.asarray(found, dtype=np.int64)


def _prices(request: Floats, solved: _Solved) -> tuple[Floats, pd.DataFrame]:
    """Return what a MW more of each rating is worth before any outage, and after one by line and outage."""
    weight = np.where(solved.most < request, solved.best.new_dual, 0.0)
    parts = [
        (1.0, solved.best),
        *((mw, found) for mw, found in zip(weight, solved.alone, strict=True) if mw > DUAL),
    ]
    before: Floats = np.sum([share * _before(found) for share, found in parts], axis=0)
    rows = pd.concat([found.security.assign(dual=share * found.security["dual"]) for share, found in parts])
    return before, rows[(rows["dual"] > DUAL) & (rows["line"] != NO_LINE)]


def _before(found: SecureSolution) -> Floats:
    """Return the prices of branches, interfaces and links before any outage."""
    return np.concatenate([found.flow_dual, found.interface_dual, found.link_dual])


def _raised(model: SecureModel, request: Floats, solved: _Solved, elements: Ints) -> float:
    """Return what all get together once ratings are raised; what each gets alone is sought anew where it grows. [MW]"""
    moved = [
        at
        for at, found in enumerate(solved.alone)
        if solved.most[at] < request[at] and any(_binds(found, int(element)) for element in elements)
    ]
    with ExitStack() as raised:
        for element in elements:
            raised.enter_context(model.raised(int(element), STEP_MW))
        most = solved.most.copy()
        for at in moved:
            most[at] = min(request[at], max(most[at], float(_alone(model, request, at).new_mw[at])))
        return float(model.most_new(most).new_mw.sum())


def _binds(found: SecureSolution, element: int) -> bool:
    """Return whether a rating has a price in a solve, before any outage or after one."""
    rows = found.security
    return bool(_before(found)[element] > DUAL or ((rows["line"] == element) & (rows["dual"] > DUAL)).any())


def _added_up(requests: pd.Series | Mapping[str, float]) -> pd.Series:
    """Return requests by bus, in their order; raise one error for all that are none."""
    value = pd.Series(requests, dtype=np.float64)
    bad = ~(value >= 0.0)
    if bad.any():
        rows = tuple(dict.fromkeys(map(str, value.index[bad])))
        raise NetworkError(
            [Fault("requests", "value", "is missing or below 0", "Give MW of 0 or more", rows)]
        )
    total: pd.Series = value.groupby(level=0, sort=False, dropna=False).sum()
    return total.rename_axis("bus").rename("request_mw")


def _refuse(**words: tuple[str, tuple[str, ...]]) -> None:
    for name, (word, known) in words.items():
        if word not in known:
            msg = f"{name}={word!r} is not known; there are {', '.join(map(repr, known))}"
            raise ValueError(msg)
