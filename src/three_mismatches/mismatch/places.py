"""Candidate places: what moving a site to one would cure, and which of them no other beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import latency
from three_mismatches.geodesy import distance_km
from three_mismatches.layers import StudyTables
from three_mismatches.mismatch.reachable import require_known

__all__ = ["Answer", "front_gaps", "on_front", "pareto", "regret"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GAINS = ("more_mw", "less_ms", "less_km")
"""What a place on the front has before a site, in the order of `on_front`."""


class AnswerTables(Protocol):
    """What a solve keeps; `solve.ResultTables` is one."""

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """One row per site."""

    @property
    def places(self) -> gpd.GeoDataFrame:
        """Candidate places with `headroom_mw`. [MW]"""

    @property
    def tables(self) -> StudyTables:
        """The study's tables in its year."""

    @property
    def values(self) -> Mapping[str, float]:
        """Value of every assumption."""


class Answer(Protocol):
    """The answer to a study; `study.Result` is one."""

    @property
    def tables(self) -> AnswerTables:
        """Every table that the solve made."""


def regret(sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame, place_latency: pd.DataFrame) -> pd.DataFrame:
    """
    Return the part of each site's power gap that standing elsewhere would have cured.

    Among the places whose round trip keeps the site's own budget, the one that can host most decides;
    the place named is the nearest to the site that would host as much of the request.

    Parameters
    ----------
    sites
        With `use`, `new_mw` (beyond the base draw) and `headroom_mw` (what the grid can add there). [MW]
    places
        Candidate points with `headroom_mw`. [MW]
    place_latency
        Long table place x use with `rtt_ms` and `budget_ms`, as `latency.by_use` returns it.

    Returns
    -------
    regret
        Index site: `regret_mw` [MW], NaN where the request or the budget is unknown; `regret_place`.
    """
    kept = (
        (place_latency["rtt_ms"] <= place_latency["budget_ms"]).unstack("use").reindex(places.index).eq(True)
    )
    best = {use: places["headroom_mw"].where(kept[use]).max() for use in kept}
    budget = place_latency["budget_ms"].groupby("use").first()
    there = np.minimum(sites["new_mw"], sites["use"].map(best).astype(float).fillna(0.0))
    here = np.minimum(sites["new_mw"], sites["headroom_mw"])
    value = (there - here).clip(lower=0.0).where(sites["use"].isin(budget.index[budget.notna()]))
    place = {
        site: _nearest(
            sites.geometry[site], places[kept[sites.at[site, "use"]] & (places["headroom_mw"] >= mw)]
        )
        for site, mw in there[value > 0.0].items()
    }
    named = pd.Series(place, dtype=object).reindex(sites.index)
    return pd.DataFrame({"regret_mw": value, "regret_place": named})


def on_front(mw: Floats, ms: Floats, km: Floats) -> Bools:
    """
    Return which places no other place beats: more MW is better, and fewer ms and km are.

    A place beats another that it equals or betters in all three and betters in one; equal places do not beat each
    other. One with a figure that is not known, or a round trip or distance without end, is on no front.

    Parameters
    ----------
    mw
        What each place can host. [MW]
    ms
        Its round trip. [ms]
    km
        Fibre to be built to it. [km]

    Returns
    -------
    front
        Shape (places).

    Examples
    --------
    >>> on_front(np.array([9.0, 9.0, 5.0]), np.array([4.0, 5.0, 1.0]), np.array([0.0, 0.0, 2.0]))
    array([ True, False,  True])
    """
    least = np.column_stack([ms, -mw, km])
    front = np.zeros(len(least), dtype=np.bool_)
    judged = np.flatnonzero(~np.isnan(mw) & np.isfinite(ms) & np.isfinite(km))
    # No place is beaten by a later one of this order.
    order = judged[np.lexsort((least[judged, 2], least[judged, 1], least[judged, 0]))]
    best = np.empty((0, 3))
    for at in order:
        as_good = (best <= least[at]).all(axis=1)
        if not (as_good & (best < least[at]).any(axis=1)).any():
            front[at] = True
            best = np.vstack([best, least[at]])
    return front


def pareto(result: Answer, *, use: str, request_mw: float = np.inf) -> gpd.GeoDataFrame:
    """
    Return every candidate place with what it can host, its round trip and the fibre to be built; which none beats.

    Parameters
    ----------
    result
        From `Study.solve`.
    use
        A row of `budgets`: its hubs must be reached.
    request_mw
        What is asked for: a place that can host more is no better for it. [MW]

    Returns
    -------
    places
        Index place, by round trip; `name`, `kind`, `area`, `deliverable_mw` [MW], `rtt_ms`, `budget_ms` [ms],
        `build_km` [km], `keeps_budget`, `on_front`, `model` of what it can host, geometry.

    Raises
    ------
    ValueError
        If the use is unknown, with the nearest name there is.
    """
    tables = result.tables
    require_known("use", use, tables.tables.budgets.index)
    places = tables.places.join(_of_use(tables, tables.places, use))
    places = places.assign(
        deliverable_mw=places["headroom_mw"].clip(upper=request_mw),
        keeps_budget=places["rtt_ms"] <= places["budget_ms"],
    )
    front = on_front(
        *(places[name].to_numpy(dtype=float) for name in ("deliverable_mw", "rtt_ms", "build_km"))
    )
    columns = ["name", "kind", "area", "deliverable_mw", "rtt_ms", "budget_ms", "build_km", "keeps_budget"]
    found = places.assign(on_front=front)[[*columns, "on_front", "model", "geometry"]]
    return found.sort_index().sort_values("rtt_ms", kind="stable")


def front_gaps(result: Answer) -> pd.DataFrame:
    """
    Return how far each site is from the front of its own use: what a place offers that costs nothing else.

    Parameters
    ----------
    result
        From `Study.solve`.

    Returns
    -------
    gaps
        Index site: `more_mw`, the MW of its new load that a place could host beyond what the site can, with no more ms
        and km than the site has; `less_ms`, with no fewer MW and no more km; `less_km`, with no fewer MW and no more
        ms; for each, `_place`, the nearest that does. 0 and no place where there is none; NaN where the request or the
        round trip is not known. [MW, ms, km]
    """
    tables = result.tables
    sites = tables.sites
    new = sites["new_mw"].to_numpy(dtype=float)
    here = np.minimum(new, (sites["hosting_mw"] - sites["in_base_mw"]).to_numpy(dtype=float))
    rows = {}
    for use, members in sites.groupby("use").groups.items():
        if use not in tables.tables.budgets.index:
            continue
        places = tables.places.join(_of_use(tables, tables.places, str(use))).sort_index()
        theirs = places[["rtt_ms", "build_km"]].to_numpy(dtype=float).T
        for site in members:
            at = sites.index.get_loc(site)
            own = np.array([here[at], sites["rtt_ms"].iloc[at], sites["build_km"].iloc[at]], dtype=float)
            mw = np.minimum(places["headroom_mw"].to_numpy(dtype=float), new[at])
            rows[site] = _gains(own, np.vstack([mw, theirs]), sites.geometry.iloc[at], places)
    columns = [*GAINS, *(f"{name}_place" for name in GAINS)]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns).reindex(sites.index)
    return found.astype(dict.fromkeys(GAINS, float))


def _gains(own: Floats, theirs: Floats, point: object, places: gpd.GeoDataFrame) -> list[object]:
    """Return the most that places better a site by in each of MW, ms and km while no worse in the others; and where."""
    if not np.isfinite(own).all():
        return [np.nan] * 3 + [None] * 3
    better = np.vstack([theirs[0] - own[0], own[1] - theirs[1], own[2] - theirs[2]])
    gains, names = [], []
    for kind in range(3):
        others = [other for other in range(3) if other != kind]
        allowed = (better[others] >= 0.0).all(axis=0) & (better[kind] > 0.0)
        most = float(better[kind][allowed].max()) if allowed.any() else 0.0
        gains.append(most)
        names.append(_nearest(point, places[allowed & (better[kind] >= most)]) if most > 0.0 else None)
    return [*gains, *names]


def _of_use(tables: AnswerTables, places: gpd.GeoDataFrame, use: str) -> pd.DataFrame:
    """Return round trip, budget and fibre to be built of every place for one use."""
    asked = tables.tables.with_frames(budgets=tables.tables.budgets.loc[[use]])
    found = latency.of_points(asked, places, tables.values, "place")
    columns = ["rtt_ms", "budget_ms", "build_km"]
    return found[columns].droplevel("use").reindex(places.index)


def _nearest(point: object, places: gpd.GeoDataFrame) -> str:
    """Return the id of the place that is geodesically nearest to a point; the first by id among equals."""
    ordered = places.sort_index()
    km = distance_km(point.x, point.y, ordered.geometry.x.to_numpy(), ordered.geometry.y.to_numpy())  # type: ignore[attr-defined]
    return str(ordered.index[int(np.argmin(km))])
