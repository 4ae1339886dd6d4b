"""Power against fibre: where spare power lies, how far it is in light, and what moving a site would cure."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from three_mismatches.geodesy import distance_km

__all__ = ["area_reach", "regret", "spare_mw"]


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


def area_reach(
    areas: gpd.GeoDataFrame, places: gpd.GeoDataFrame, place_latency: pd.DataFrame
) -> pd.DataFrame:
    """
    Return each area's spare power, and how much of it lies too far from the hubs of each use.

    Parameters
    ----------
    areas
        With `firm_mw` and `peak_mw`. [MW]
    places
        Candidate points with `area`.
    place_latency
        Long table place x use with `rtt_ms` and `budget_ms`.

    Returns
    -------
    reach
        Index area: `spare_mw`; `hub_rtt_ms`, the best place's round trip for the use with the tightest
        budget [ms]; `stranded_mw`, spare power beyond that budget; one `stranded_<use>_mw` for each. [MW]
    """
    spare = spare_mw(areas)
    rtt = place_latency["rtt_ms"].unstack("use").groupby(places["area"]).min().reindex(areas.index)
    budget = place_latency["budget_ms"].groupby("use").first().dropna().sort_values(kind="stable")
    columns: dict[str, pd.Series] = {"spare_mw": spare}
    for use in budget.index:
        beyond = ~(rtt[use] <= budget[use])
        columns[f"stranded_{str(use).replace(' ', '_')}_mw"] = spare.where(beyond, 0.0)
    if len(budget):
        tightest = budget.index[0]
        columns["hub_rtt_ms"] = rtt[tightest].fillna(np.inf)
        columns["stranded_mw"] = columns[f"stranded_{str(tightest).replace(' ', '_')}_mw"]
    return pd.DataFrame(columns)


def spare_mw(areas: pd.DataFrame) -> pd.Series:
    """Return what each area's firm supply leaves above its peak, at least 0. [MW]"""
    return (areas["firm_mw"] - areas["peak_mw"]).clip(lower=0.0)


def _nearest(point: object, places: gpd.GeoDataFrame) -> str:
    """Return the id of the place that is geodesically nearest to a point; the first by id among equals."""
    ordered = places.sort_index()
    km = distance_km(point.x, point.y, ordered.geometry.x.to_numpy(), ordered.geometry.y.to_numpy())  # type: ignore[attr-defined]
    return str(ordered.index[int(np.argmin(km))])
