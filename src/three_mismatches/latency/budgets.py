"""How far in light each site is from what each use must reach, against that use's budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.assumptions import ASSUMPTIONS, LIGHT_SPEED_KM_PER_MS
from three_mismatches.errors import Fault, LayerError
from three_mismatches.latency.light import Light, TimedGraph, timed_graph
from three_mismatches.latency.losses import rounds
from three_mismatches.latency.n1 import Worst, tables_after
from three_mismatches.latency.paths import (
    Paths,
    Trees,
    attach_points,
    attached_to_sketch,
    by_way_of,
    distance_matrix,
    grow_trees,
    least_paths,
)
from three_mismatches.latency.round_trip import passed_once_ms
from three_mismatches.layers import Fibre, Flag, join_flags
from three_mismatches.network import FibreAttach, FibreGraph, fibre_graph

__all__ = ["COLUMNS", "by_use"]

Table = dict[str, NDArray[Any]]
Ints = NDArray[np.int64]

PAIRS = 1_000_000  # sites x hubs held at a time: some 200 MB
INCREMENTS = ("rtt_vacuum_ms", "rtt_glass_ms", "rtt_route_ms", "rtt_policy_ms", "rtt_equipment_ms")
COLUMNS = (
    "hub_kind", "statistic", "nearest_hub", "rtt_ms", "rtt_low_ms", "rtt_high_ms", "budget_ms", "rtt_gap_ms",
    "build_km", "fibre_attach", *INCREMENTS, "c_stretch", "fibre_stretch", "n1_rtt_ms", "n1_kind", "n1_loss", "flags",
)  # fmt: skip
"""Columns of the long table site x use, in order."""


@dataclass(frozen=True, eq=False)
class _Model:
    """What does not change from site to site; networks and trees at the low, given and high route factor."""

    graph: FibreGraph
    timed: tuple[TimedGraph, TimedGraph, TimedGraph]
    trees: tuple[Trees, Trees, Trees]
    bare: tuple[TimedGraph, Trees]
    hubs: gpd.GeoDataFrame
    hubs_at: FibreAttach


def by_use(
    fibre: Fibre,
    sites: gpd.GeoDataFrame,
    hubs: gpd.GeoDataFrame,
    budgets: pd.DataFrame,
    *,
    values: Mapping[str, float],
    losses: bool = True,
) -> pd.DataFrame:
    """
    Return how far each site is in light from what each use must reach, and what that exceeds its budget by.

    Parameters
    ----------
    fibre
        The network.
    sites
        Points, indexed by site.
    hubs
        Points with kind, weight [-] and node, indexed by hub.
    budgets
        hub_kind, statistic and rtt_ms [ms] of each use. `nearest` is the hub with the least round trip,
        `all` the one with the largest, `weighted` the mean over the hubs by their weights. Where `via` names a kind of
        hub, the traffic passes one of those on its way, whichever makes the round trip least.
    values
        Every assumption's value, as `assumptions.resolve` returns them; `rtt_low_ms` and `rtt_high_ms` take
        the ends of the route factor's range instead.
    losses
        Whether the worst loss of one route, node or shared-risk group is looked for; else `n1_rtt_ms` is NaN.

    Returns
    -------
    latency
        One row for each site and use, in the order of both tables: hub_kind, statistic, nearest_hub, rtt_ms,
        rtt_low_ms, rtt_high_ms, budget_ms, rtt_gap_ms [ms], build_km [km], fibre_attach; the increments
        rtt_vacuum_ms, rtt_glass_ms, rtt_route_ms, rtt_policy_ms, rtt_equipment_ms, which add up to rtt_ms
        [ms]; c_stretch and fibre_stretch, the round trip over that of light in vacuum and in glass along the geodesic
        [-], NaN where that is 0; n1_rtt_ms after the worst loss, of n1_kind ("route", "node", "group") and id n1_loss;
        flags. What no fibre joins is inf, and its increments are NaN. After a loss the nearest hub may be another, and
        the hub that stands at a lost node is none; a mean, or the farthest of all, is inf where a hub is cut off.

    Raises
    ------
    ValueError
        If a factor among `values` is below 1, or its equipment's time below 0.
    LayerError
        If the hubs of a weighted use have no weights.
    NetworkError
        If the fibre is no network, or a hub's node is not in it.
    """
    _check_weights(hubs, budgets)
    hubs = hubs.sort_index()  # the first of equals is then the lowest id
    model, sites_at = _model(fibre, sites, hubs, values)
    blocks = [
        _all_uses(_rounds(model, sites.iloc[rows], sites_at.part(rows), budgets), hubs, budgets)
        for rows in _slices(len(sites), PAIRS // max(1, len(hubs)))
    ]
    found = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    worst = _after_losses(model, sites_at, budgets) if losses else _not_asked(len(budgets) * len(sites))
    index = pd.MultiIndex.from_product([sites.index, budgets.index], names=["site", "use"])
    return _finish({**found, **worst}, budgets, model.graph, sites_at, index)


def _model(
    fibre: Fibre, sites: gpd.GeoDataFrame, hubs: gpd.GeoDataFrame, values: Mapping[str, float]
) -> tuple[_Model, FibreAttach]:
    """Return the networks and their trees from the hubs, and where the sites meet the fibre."""
    graph = fibre_graph(fibre)
    hubs_at, sites_at = attach_points(fibre, graph, hubs), attach_points(fibre, graph, sites)

    def grown(light: Light) -> tuple[TimedGraph, Trees]:
        timed = timed_graph(graph, light)
        # Hubs are leaves too: traffic by way of a hub goes on from there.
        return timed, grow_trees(timed, hubs_at, sites_at, hubs_at)

    low, mid, high = map(grown, _lights(values))
    bare = grown(replace(mid[0].light, bare=True)) if mid[0].node_ms.any() else mid
    timed, trees = (low[0], mid[0], high[0]), (low[1], mid[1], high[1])
    return _Model(graph, timed, trees, bare, hubs, hubs_at), sites_at


def _check_weights(hubs: gpd.GeoDataFrame, budgets: pd.DataFrame) -> None:
    """Refuse a weighted mean over hubs whose weights are unknown, negative, or all zero."""
    asked = hubs[hubs["kind"].isin(budgets.loc[budgets["statistic"] == "weighted", "hub_kind"])]
    wrong = asked.index[~(asked["weight"] >= 0.0) | np.isinf(asked["weight"])]
    total = asked["weight"].groupby(asked["kind"]).sum()
    faults = [Fault("hubs", "weight", "not a number >= 0", "A use is weighted by it", tuple(map(str, wrong)))]
    faults += [
        Fault("hubs", "weight", "all zero", "Give one a weight", (kind,))
        for kind in total.index[total == 0.0]
    ]
    found = [fault for fault in faults if fault.rows]
    if found:
        raise LayerError(found)


def _lights(values: Mapping[str, float]) -> tuple[Light, Light, Light]:
    """Return the light of the low, the given and the high route factor."""
    span, given = ASSUMPTIONS["route_factor"], values["route_factor"]
    mid = Light(
        route_factor=given,
        cable_slack=min(values["cable_slack"], given),
        equipment_ms=values["equipment_ms"],
        refractive_index=values["refractive_index"],
    )
    low, high = (replace(mid, route_factor=end) for end in (min(span.low, given), max(span.high, given)))
    return low, mid, high


def _slices(rows: int, at_a_time: int) -> Iterator[slice]:
    """Yield slices that cover the rows; one empty slice where there are none."""
    step = max(1, at_a_time)
    for first in range(0, max(1, rows), step):
        yield slice(first, first + step)


def _rounds(
    model: _Model, sites: gpd.GeoDataFrame, sites_at: FibreAttach, budgets: pd.DataFrame
) -> dict[str | None, Table]:
    """Return the round trips from some sites to all hubs and what explains them, (sites, hubs) each, by kind passed."""
    direct = [
        least_paths(timed, trees, sources=sites_at, targets=model.hubs_at)
        for timed, trees in zip(model.timed, model.trees, strict=True)
    ]
    shortest = (
        least_paths(*model.bare, sources=sites_at, targets=model.hubs_at) if _differs(model) else direct[1]
    )
    found: dict[str | None, Table] = {None: _explained(model, sites, direct, shortest.ms)}
    for kind in _kinds_passed(budgets):
        stops = np.flatnonzero(model.hubs["kind"] == kind)
        used = [
            _passing(timed, trees, paths, model.hubs_at, stops)
            for timed, trees, paths in zip(model.timed, model.trees, direct, strict=True)
        ]
        found[kind] = _explained(model, sites, used, shortest.ms)
    return found


def _differs(model: _Model) -> bool:
    """Return whether the shortest path can be another than the quickest."""
    return model.bare[0] is not model.timed[1]


def _kinds_passed(budgets: pd.DataFrame) -> list[str]:
    """Return the kinds of hub that any use's traffic passes on its way."""
    return sorted(budgets["via"].dropna().unique()) if "via" in budgets else []


def _passing(timed: TimedGraph, trees: Trees, direct: Paths, hubs_at: FibreAttach, stops: Ints) -> Paths:
    """Return the paths to all hubs that pass one of some hubs, shape (sites, hubs)."""
    stops_at = hubs_at.part(stops)
    onward = least_paths(timed, trees, sources=stops_at, targets=hubs_at)
    return by_way_of(direct.to(stops), onward, passed_once_ms(timed, stops_at))[0]


def _explained(
    model: _Model, sites: gpd.GeoDataFrame, used: list[Paths], shortest_ms: NDArray[np.float64]
) -> Table:
    """Return the round trips at the low, given and high route factor, and the increments of the given one."""
    light = model.timed[1].light
    vacuum = distance_matrix(sites, model.hubs) * (2.0 / LIGHT_SPEED_KM_PER_MS)
    glass = vacuum * light.refractive_index
    # Only rounding is cut off here: every leg is at least its geodesic already.
    ms = [np.maximum(path.ms, glass + path.equipment_ms) for path in used]
    equipment = used[1].equipment_ms
    shortest = np.maximum(shortest_ms, glass)
    with np.errstate(invalid="ignore"):  # inf - inf where no path is; the increments are NaN there
        policy = np.maximum(ms[1] - equipment - shortest, 0.0)
        route = ms[1] - equipment - policy - glass
    parts = (vacuum, glass - vacuum, route, policy, equipment)
    return {
        **dict(zip(("rtt_low_ms", "rtt_ms", "rtt_high_ms"), ms, strict=True)),
        **dict(zip(INCREMENTS, parts, strict=True)),
        "floored": used[1].floored,
        "schematic": used[1].schematic,
    }


def _uses(hubs: gpd.GeoDataFrame, budgets: pd.DataFrame) -> list[tuple[str | None, str, Ints]]:
    """Return for each use the kind that its traffic passes, its statistic, and positions of the hubs it counts."""
    passed = budgets["via"] if "via" in budgets else pd.Series(None, index=budgets.index, dtype=object)
    return [
        (
            via if isinstance(via, str) else None,
            statistic,
            # A hub without weight is nothing that has to be reached.
            np.flatnonzero((hubs["kind"] == kind) & ((statistic != "weighted") | (hubs["weight"] > 0.0))),
        )
        for kind, statistic, via in zip(budgets["hub_kind"], budgets["statistic"], passed, strict=True)
    ]


def _all_uses(rounds: dict[str | None, Table], hubs: gpd.GeoDataFrame, budgets: pd.DataFrame) -> Table:
    """Return what each use makes of the round trips, site by site and use by use, flat."""
    sites = rounds[None]["rtt_ms"].shape[0]
    uses = []
    for via, statistic, idx in _uses(hubs, budgets):
        asked = {name: values[:, idx] for name, values in rounds[via].items()}
        uses.append(_one_use(asked, hubs.iloc[idx], statistic) if idx.size else _no_hub(sites))
    # Column by column: one row for each use becomes one row for each site and use.
    kinds = {name: values.dtype for name, values in _no_hub(0).items()}
    return {
        name: np.array([use[name] for use in uses], dtype=kind).reshape(len(uses), sites).T.ravel()
        for name, kind in kinds.items()
    }


def _one_use(asked: Table, hubs: gpd.GeoDataFrame, statistic: str) -> Table:
    """Return a use's statistic over its hubs, shape (sites) each."""
    rows = np.arange(len(asked["rtt_ms"]))
    weights = hubs["weight"].to_numpy(float)

    def taken(name: str, *, by: str = "rtt_ms") -> NDArray[Any]:
        if statistic == "weighted":
            return np.asarray((asked[name] * (weights / weights.sum())).sum(axis=1))
        pick = np.argmax if statistic == "all" else np.argmin
        return np.asarray(asked[name][rows, pick(asked[by], axis=1)])

    rtt = taken("rtt_ms")
    nearest = np.argmin(asked["rtt_ms"], axis=1)
    reached = np.isfinite(asked["rtt_ms"][rows, nearest])
    decisive = np.argmax(asked["rtt_ms"], axis=1) if statistic == "all" else nearest
    return {
        "nearest_hub": np.where(reached, hubs.index.to_numpy(object)[nearest], None),
        "rtt_ms": rtt,
        **{name: taken(name, by=name) for name in ("rtt_low_ms", "rtt_high_ms")},
        **{name: np.where(np.isfinite(rtt), taken(name), np.nan) for name in INCREMENTS},
        **{name: asked[name][rows, decisive] for name in ("floored", "schematic")},
    }


def _after_losses(model: _Model, sites_at: FibreAttach, budgets: pd.DataFrame) -> Table:
    """Return each use's round trip after the worst loss, and what is lost then, site by site and use by use, flat."""
    answers = {}
    for via, statistic, idx in dict.fromkeys((v, s, tuple(i)) for v, s, i in _uses(model.hubs, budgets)):
        answers[via, statistic, idx] = _worst_of_use(
            model, sites_at, via, statistic, np.array(idx, dtype=np.int64)
        )
    uses = [answers[via, statistic, tuple(idx)] for via, statistic, idx in _uses(model.hubs, budgets)]
    found = {
        name: [use[name] for use in uses] for name in ("n1_rtt_ms", "n1_kind", "n1_loss", "single_homed")
    }
    kinds = (float, object, object, bool)
    return {
        name: np.array(column, dtype=kind).reshape(len(uses), len(sites_at)).T.ravel()
        for (name, column), kind in zip(found.items(), kinds, strict=True)
    }


def _worst_of_use(model: _Model, sites_at: FibreAttach, via: str | None, statistic: str, idx: Ints) -> Table:
    """Return one use's round trip after the worst loss, shape (sites) each."""
    stops = None if via is None else model.hubs_at.part(np.flatnonzero(model.hubs["kind"] == via))
    whole = rounds(model.timed[1], sites_at, model.hubs_at.part(idx), stops)
    base, weights = whole.whole(), model.hubs["weight"].to_numpy(float)[idx]
    worst, cut_off = Worst(_of_hubs(base, statistic, weights)), np.zeros(len(sites_at), dtype=np.bool_)
    kind_of = np.full(len(sites_at), None, dtype=object)
    for kind, name, rows, ms in tables_after(whole, base, keep_targets=statistic != "nearest"):
        longer = worst.meet(name, rows, _of_hubs(ms, statistic, weights))
        kind_of[rows[longer]] = kind
        cut_off[rows] |= np.isinf(ms).all(axis=1)
    reached = np.isfinite(base).any(axis=1)
    return {
        "n1_rtt_ms": worst.ms,
        "n1_kind": kind_of,
        "n1_loss": worst.name,
        "single_homed": cut_off & reached,
    }


def _of_hubs(ms: NDArray[np.float64], statistic: str, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a use's statistic over its hubs, shape (sites); inf where there is none. [ms]"""
    if not ms.shape[1]:
        return np.full(len(ms), np.inf)
    if statistic == "weighted":
        return np.asarray((ms * (weights / weights.sum())).sum(axis=1))
    return np.asarray(ms.max(axis=1) if statistic == "all" else ms.min(axis=1))


def _not_asked(rows: int) -> Table:
    """Return the columns of losses where nobody asked for them."""
    none = np.full(rows, None, dtype=object)
    return {
        "n1_rtt_ms": np.full(rows, np.nan),
        "n1_kind": none,
        "n1_loss": none,
        "single_homed": np.zeros(rows, dtype=np.bool_),
    }


def _no_hub(sites: int) -> Table:
    """Return the answer where there is no hub to reach, shape (sites) each."""
    far, none = np.full(sites, np.inf), np.zeros(sites, dtype=np.bool_)
    return {
        "nearest_hub": np.full(sites, None),
        **dict.fromkeys(("rtt_ms", "rtt_low_ms", "rtt_high_ms"), far),
        **dict.fromkeys(INCREMENTS, np.full(sites, np.nan)),
        **dict.fromkeys(("floored", "schematic"), none),
    }


def _finish(
    found: Table, budgets: pd.DataFrame, graph: FibreGraph, sites_at: FibreAttach, index: pd.MultiIndex
) -> pd.DataFrame:
    """Return the result's columns in their order, with the gap and the flags."""
    uses, sites = len(budgets), len(sites_at)
    budget = np.tile(budgets["rtt_ms"].to_numpy(float), sites)
    cut_off = np.isinf(found["rtt_ms"])
    over = np.where(cut_off, np.inf, np.maximum(found["rtt_ms"] - budget, 0.0))
    marks = {
        Flag.FIBRE_SCHEMATIC: np.repeat(attached_to_sketch(graph, sites_at), uses) | found["schematic"],
        Flag.FIBRE_UNREACHABLE: cut_off,
        Flag.FLOORED: found["floored"],
        Flag.NO_BUDGET: np.isnan(budget),
        Flag.SINGLE_HOMED: found["single_homed"],
    }
    vacuum = found["rtt_vacuum_ms"]
    glass = np.where(vacuum > 0.0, vacuum + found["rtt_glass_ms"], np.nan)
    columns = {
        "hub_kind": np.tile(budgets["hub_kind"].to_numpy(object), sites),
        "statistic": np.tile(budgets["statistic"].to_numpy(object), sites),
        "nearest_hub": found["nearest_hub"],
        **{name: found[name] for name in ("rtt_ms", "rtt_low_ms", "rtt_high_ms")},
        "budget_ms": budget,
        "rtt_gap_ms": np.where(np.isnan(budget), np.nan, over),
        "build_km": np.repeat(sites_at.access_km, uses),
        "fibre_attach": np.repeat(sites_at.ids, uses),
        **{name: found[name] for name in INCREMENTS},
        "c_stretch": found["rtt_ms"] / np.where(vacuum > 0.0, vacuum, np.nan),
        "fibre_stretch": found["rtt_ms"] / glass,
        "n1_rtt_ms": np.maximum(found["n1_rtt_ms"], found["rtt_ms"]),
        **{name: pd.Series(found[name], index=index, dtype=object) for name in ("n1_kind", "n1_loss")},
    }
    return pd.DataFrame(columns, index=index).assign(flags=join_flags(marks, index))
