"""Whom a site reaches in time: people, and other sites that could stand in for it or work as one with it."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.assumptions import SYNCHRONOUS_RTT_MS
from three_mismatches.errors import Fault, LayerError
from three_mismatches.latency.n1 import n1_rtt
from three_mismatches.latency.paths import distance_matrix
from three_mismatches.latency.round_trip import Points, named_points, rtt
from three_mismatches.layers import Fibre

__all__ = ["backup_pairs", "population_reach", "virtual_campuses"]

Floats = NDArray[np.float64]


def population_reach(
    fibre: Fibre,
    sites: Points,
    population: gpd.GeoDataFrame,
    *,
    within_ms: Sequence[float] = (5.0, 10.0, 20.0),
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
    via: Points | None = None,
) -> pd.DataFrame:
    """
    Return how many people each site reaches within some round trips, and how far all of them are on the mean.

    Parameters
    ----------
    fibre, sites, route_factor, cable_slack, equipment, via
        As for `rtt`.
    population
        Points with `weight`, the people at each. [persons, or any unit]
    within_ms
        Round trips asked about. [ms]

    Returns
    -------
    reach
        One row for each site. `rtt_ms`, the mean over the people that fibre reaches by their number, inf where it
        reaches nobody [ms]; `unreached_share` of the people [-]; for each time, such as 5: `within_5_ms`, people [as
        `weight`], and `share_within_5_ms` of all [-].

    Raises
    ------
    LayerError
        If a weight is missing, below 0 or inf, or all are 0.
    ValueError, NetworkError
        As for `rtt`.

    Notes
    -----
    The way between people and the fibre is that of the model, straight times the route factor: access networks, which
    add some milliseconds of their own, are not in it.
    """
    weight = _weights(population)
    found = rtt(
        fibre,
        sites,
        population,
        route_factor=route_factor,
        cable_slack=cable_slack,
        equipment=equipment,
        via=via,
    )
    ms = found.to_numpy()
    reached = np.isfinite(ms)
    people = reached @ weight
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(people > 0.0, (np.where(reached, ms, 0.0) @ weight) / people, np.inf)
    columns = {"rtt_ms": mean, "unreached_share": 1.0 - people / weight.sum()}
    for most in within_ms:
        near = (ms <= most) @ weight
        columns |= {f"within_{most:g}_ms": near, f"share_within_{most:g}_ms": near / weight.sum()}
    return pd.DataFrame(columns, index=found.index)


def backup_pairs(
    fibre: Fibre,
    sites: Points,
    *,
    within_ms: float = SYNCHRONOUS_RTT_MS,
    apart_km: float = 0.0,
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
) -> pd.DataFrame:
    """
    Return the pairs of sites near enough in light to mirror each other synchronously.

    Parameters
    ----------
    fibre, sites, route_factor, cable_slack, equipment
        As for `rtt`.
    within_ms
        Longest round trip. [ms]
    apart_km
        Least geodesic between the two, so that no single event meets both. [km]

    Returns
    -------
    pairs
        One row for each pair `site0`, `site1`, in the order of the sites, quickest first: `rtt_ms`; `apart_km`;
        `n1_rtt_ms` after the worst loss of a route, a node or a shared-risk group, `n1_kind` and `n1_loss`; `holds`,
        whether they remain within `within_ms` then. [ms, km]

    Raises
    ------
    LayerError
        If two sites have one id.
    ValueError, NetworkError
        As for `rtt`.
    """
    places = named_points(fibre, sites)
    twice = places.index[places.index.duplicated()]
    if len(twice):
        rows = tuple(map(str, dict.fromkeys(twice)))
        raise LayerError(
            [Fault("sites", "index", "the id is given twice", "Name each site differently", rows)]
        )
    found = rtt(
        fibre, places, places, route_factor=route_factor, cable_slack=cable_slack, equipment=equipment
    ).to_numpy()
    km = distance_matrix(places, places)
    one, other = np.nonzero(np.triu((found <= within_ms) & (km >= apart_km), k=1))
    index = pd.MultiIndex.from_arrays([places.index[one], places.index[other]], names=["site0", "site1"])
    pairs = pd.DataFrame({"rtt_ms": found[one, other], "apart_km": km[one, other]}, index=index)
    used = places.iloc[np.unique([one, other])]
    losses = n1_rtt(
        fibre, used, used, route_factor=route_factor, cable_slack=cable_slack, equipment=equipment
    )
    worst = losses.reindex(index)[["n1_rtt_ms", "n1_kind", "n1_loss"]]
    pairs = pairs.join(worst).assign(holds=worst["n1_rtt_ms"] <= within_ms)
    return pairs.sort_values("rtt_ms", kind="stable")


def virtual_campuses(
    pairs: pd.DataFrame, *, mw: pd.Series | None = None, most: int = 100_000
) -> pd.DataFrame:
    """
    Return the largest groups of sites that are all near each other: what could work as one campus.

    Parameters
    ----------
    pairs
        From `backup_pairs`, or any table with index `site0`, `site1` and `rtt_ms`. [ms]
    mw
        Power of each site; a site that is missing or unknown counts 0. [MW]
    most
        Most groups that are looked for: their number can grow beyond all bounds with that of the sites.

    Returns
    -------
    campuses
        One row for each group that no further site could join: `sites`, `count`, `mw` together [MW], and the widest
        `rtt_ms` in it [ms]; the most MW first, then the most sites, then the first names.

    Raises
    ------
    ValueError
        If there are more than `most` groups.

    Notes
    -----
    The groups are the maximal cliques of the graph of pairs. A site may belong to several.
    """
    import networkx as nx

    graph = nx.Graph(list(pairs.index))
    near = {frozenset(pair): ms for pair, ms in zip(pairs.index, pairs["rtt_ms"], strict=True)}
    power = {} if mw is None else mw.fillna(0.0).to_dict()
    rows = []
    for number, clique in enumerate(nx.find_cliques(graph)):
        if number == most:
            msg = f"there are more than {most} groups; ask for fewer sites, a shorter round trip, or a larger `most`"
            raise ValueError(msg)
        sites = tuple(sorted(clique))
        widest = max(near[frozenset((a, b))] for at, a in enumerate(sites) for b in sites[at + 1 :])
        rows.append((sites, len(sites), float(sum(power.get(site, 0.0) for site in sites)), widest))
    rows.sort(key=lambda row: (-row[2], -row[1], row[0]))
    table = pd.DataFrame(rows, columns=["sites", "count", "mw", "rtt_ms"])
    return table.rename_axis("campus")


def _weights(population: gpd.GeoDataFrame) -> Floats:
    """Return the people at each point; raise one error for all that are none."""
    given = population["weight"] if "weight" in population else pd.Series(np.nan, index=population.index)
    weight = pd.to_numeric(given, errors="coerce")
    bad = population.index[~((weight >= 0.0) & np.isfinite(weight))]
    faults = [
        Fault("population", "weight", "not a number >= 0", "Fill it or drop the rows", tuple(map(str, bad)))
    ]
    if not len(bad):
        faults = (
            [Fault("population", "weight", "all zero, or no row", "Give one people")]
            if not weight.sum()
            else []
        )
    if faults:
        raise LayerError(faults)
    return np.asarray(weight, dtype=np.float64)
