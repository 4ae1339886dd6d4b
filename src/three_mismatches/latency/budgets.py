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
from three_mismatches.latency.light import Light
from three_mismatches.latency.paths import (
    Trees,
    attach_points,
    attached_to_sketch,
    distance_matrix,
    grow_trees,
    least_paths,
)
from three_mismatches.layers import Fibre, Flag, join_flags
from three_mismatches.network import FibreAttach, FibreGraph, fibre_graph

__all__ = ["COLUMNS", "by_use"]

Table = dict[str, NDArray[Any]]

PAIRS = 1_000_000  # sites x hubs held at a time: some 200 MB
INCREMENTS = ("rtt_vacuum_ms", "rtt_glass_ms", "rtt_route_ms", "rtt_policy_ms", "rtt_equipment_ms")
COLUMNS = (
    "hub_kind", "statistic", "nearest_hub", "rtt_ms", "rtt_low_ms", "rtt_high_ms", "budget_ms", "rtt_gap_ms",
    "build_km", "fibre_attach", *INCREMENTS, "flags",
)  # fmt: skip
"""Columns of the long table site x use, in order."""


@dataclass(frozen=True, eq=False)
class _Model:
    """What does not change from site to site; trees and lights at the low, given and high route factor."""

    graph: FibreGraph
    lights: tuple[Light, Light, Light]
    trees: tuple[Trees, Trees, Trees]
    hubs: gpd.GeoDataFrame
    hubs_at: FibreAttach


def by_use(
    fibre: Fibre,
    sites: gpd.GeoDataFrame,
    hubs: gpd.GeoDataFrame,
    budgets: pd.DataFrame,
    *,
    values: Mapping[str, float],
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
        `all` the one with the largest, `weighted` the mean over the hubs by their weights.
    values
        Every assumption's value, as `assumptions.resolve` returns them; `rtt_low_ms` and `rtt_high_ms` take
        the ends of the route factor's range instead.

    Returns
    -------
    latency
        One row for each site and use, in the order of both tables: hub_kind, statistic, nearest_hub, rtt_ms,
        rtt_low_ms, rtt_high_ms, budget_ms, rtt_gap_ms [ms], build_km [km], fibre_attach; the increments
        rtt_vacuum_ms, rtt_glass_ms, rtt_route_ms, rtt_policy_ms, rtt_equipment_ms, which add up to rtt_ms
        [ms]; flags. What no fibre joins is inf, and its increments are NaN.

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
    graph = fibre_graph(fibre)
    hubs_at, sites_at = attach_points(fibre, graph, hubs), attach_points(fibre, graph, sites)
    lights = _lights(values)
    low, mid, high = (grow_trees(graph, light, hubs_at, sites_at) for light in lights)
    model = _Model(graph, lights, (low, mid, high), hubs, hubs_at)
    blocks = [
        _all_uses(_rounds(model, sites.iloc[rows], sites_at.part(rows)), hubs, budgets)
        for rows in _slices(len(sites), PAIRS // max(1, len(hubs)))
    ]
    found = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    index = pd.MultiIndex.from_product([sites.index, budgets.index], names=["site", "use"])
    return _finish(found, budgets, graph, sites_at, index)


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
        cable_slack=values["cable_slack"],
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


def _rounds(model: _Model, sites: gpd.GeoDataFrame, sites_at: FibreAttach) -> Table:
    """Return the round trips from some sites to all hubs and what explains them, shape (sites, hubs) each."""
    low, mid, high = (
        least_paths(model.graph, light, trees, sources=sites_at, targets=model.hubs_at)
        for light, trees in zip(model.lights, model.trees, strict=True)
    )
    light = model.lights[1]
    vacuum = distance_matrix(sites, model.hubs) * (2.0 / LIGHT_SPEED_KM_PER_MS)
    glass = vacuum * light.refractive_index
    # Only rounding is cut off here: every leg is at least its geodesic already.
    ms = [np.maximum(path.ms, glass + path.nodes * light.equipment_ms) for path in (low, mid, high)]
    equipment = mid.nodes * light.equipment_ms
    # No policy is modelled yet: the path used is the quickest one.
    parts = (vacuum, glass - vacuum, ms[1] - equipment - glass, np.zeros_like(vacuum), equipment)
    return {
        **dict(zip(("rtt_low_ms", "rtt_ms", "rtt_high_ms"), ms, strict=True)),
        **dict(zip(INCREMENTS, parts, strict=True)),
        "floored": mid.floored,
        "schematic": mid.schematic,
    }


def _all_uses(rounds: Table, hubs: gpd.GeoDataFrame, budgets: pd.DataFrame) -> Table:
    """Return what each use makes of the round trips, site by site and use by use, flat."""
    sites = rounds["rtt_ms"].shape[0]
    uses = []
    for kind, statistic in zip(budgets["hub_kind"], budgets["statistic"], strict=True):
        # A hub without weight is nothing that has to be reached.
        idx = np.flatnonzero((hubs["kind"] == kind) & ((statistic != "weighted") | (hubs["weight"] > 0.0)))
        asked = {name: values[:, idx] for name, values in rounds.items()}
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
    }
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
    }
    return pd.DataFrame(columns, index=index).assign(flags=join_flags(marks, index))
