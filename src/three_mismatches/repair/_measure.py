"""The figures by which a repair is judged, as rows of its certificate."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.geodesy import length_km
from three_mismatches.repair._assemble import Merges, Network
from three_mismatches.repair._chains import Chains, spanning_forest
from three_mismatches.repair._joins import PASSING, STATIONS, TO_END, TO_LINE, TO_STATION, Joins
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import middles
from three_mismatches.repair._order import steady
from three_mismatches.repair._stations import Stations
from three_mismatches.repair._zones import touching

__all__ = ["IMPUTED", "log_bare_stations", "log_joins", "log_measures", "with_imputations"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WHAT = {
    TO_STATION: "a line's end and a substation",
    TO_END: "two lines' ends",
    TO_LINE: "a line's end and the line that it branches off from",
    PASSING: "a line and a substation of its voltage that it passes",
    STATIONS: "two substations of one name or voltage",
}
"""What each kind of join connects."""

IMPUTED = ("circuits", "x", "r", "s_nom", "s_nom_emergency")
"""Attributes of a branch that a map seldom tells."""


def log_joins(log: Log, joins: Joins, merges: Merges) -> None:
    """Add a row for each join that connects what no shorter one has, for each line that it splits, and each bridge."""
    order = np.lexsort((merges.second, merges.first, steady(merges.table["km"])))
    spans = np.sort(order[spanning_forest(merges.first[order], merges.second[order], merges.nodes)])
    made, words = merges.table.iloc[spans], merges.words[spans]
    bridges = joins.table[joins.table["bridge"].to_numpy(dtype=bool)]
    for kind, what in WHAT.items():
        here = (made["kind"] == kind).to_numpy()
        _add(log, "join", what, made[here], words[here])
        island = bridges[(bridges["kind"] == kind).to_numpy()]
        words_here = island["word"].to_numpy(dtype=object)
        _add(log, "join", f"{what}, to connect an island", island, words_here, suspicious=True)
    split = merges.splits[spans]
    what = "a line, where another branches off or a substation is passed"
    _add(log, "split", what, made[split], words[split])
    stations = joins.table[(joins.table["kind"] == STATIONS).to_numpy()]
    _add(log, "join", WHAT[STATIONS], stations, stations["word"].to_numpy(dtype=object))


def _add(
    log: Log,
    action: str,
    what: str,
    rows: pd.DataFrame,
    words: NDArray[np.object_],
    *,
    suspicious: bool = False,
) -> None:
    log.add(
        action, what, words,
        lonlat=rows[["lon", "lat"]].to_numpy(dtype=np.float64), km=rows["km"].to_numpy(),
        zone=rows["zone"].to_numpy(dtype=object), suspicious=suspicious,
    )  # fmt: skip


def log_bare_stations(log: Log, stations: Stations, complex_of: Ints, joins: Joins, chains: Chains) -> None:
    """Add a row for each substation that states a level of the map's lines, and to which no line comes."""
    alternating = ~chains.table["dc"].to_numpy(dtype=bool)
    v_nom = chains.table["v_nom"].to_numpy(dtype=np.float64)[alternating]
    of_map = set(v_nom.tolist())
    to_station = joins.table.loc[joins.table["kind"].isin([TO_STATION, PASSING]), "b"]
    reached = set(complex_of[to_station.to_numpy(dtype=np.int64)].tolist())
    bare = [
        at
        for at, levels in enumerate(stations.levels)
        if of_map & set(levels) and int(complex_of[at]) not in reached
    ]
    if not bare:
        return
    level = np.array([max(of_map & set(stations.levels[at])) for at in bare])
    place = np.asarray(shapely.points(stations.lonlat[bare]), dtype=object)
    km = np.empty(len(bare))
    for kv in np.unique(level):
        shapes = chains.geometry[alternating][v_nom == kv]
        here = np.flatnonzero(level == kv)
        km[here] = length_km(
            shapely.shortest_line(place[here], shapes[shapely.STRtree(shapes).nearest(place[here])])
        )
    names = np.where(stations.names[bare] != "", stations.names[bare], stations.ids[bare])
    labels = [f"{name}, {kv:g} kV" for name, kv in zip(names, level, strict=True)]
    log.add(
        "set aside", "substation to which no line of its voltage comes (value: km to the nearest)", labels,
        lonlat=stations.lonlat[bare], value=km, suspicious=True,
    )  # fmt: skip


def log_measures(log: Log, *, chains: Chains, whole: Network, label: Ints) -> None:
    """Add components and the share of km in the largest, as drawn and repaired, and joins across zones."""
    before = touching(chains)
    alternating = ~chains.table["dc"].to_numpy(dtype=bool)
    zone = chains.table["zone"].to_numpy(dtype=object)
    _log_components(log, "as drawn", before[alternating], zone[alternating], chains.km[alternating])
    rows = whole.branches[~whole.branches["dc"].to_numpy(dtype=bool)]
    after = label[rows["bus0"].to_numpy(dtype=np.int64)]
    _log_components(log, "repaired", after, rows["zone"].to_numpy(dtype=object), rows["km"].to_numpy())
    ends = [
        whole.buses["zone"].to_numpy(dtype=object)[rows[end].to_numpy(dtype=np.int64)]
        for end in ("bus0", "bus1")
    ]
    pairs = [whole.buses["zone"].to_numpy(dtype=object)[whole.transformers[:, side]] for side in (0, 1)]
    across = int((ends[0] != ends[1]).sum() + (pairs[0] != pairs[1]).sum())
    log.add("measure", "branches across zones", "all zones", value=across)


def _log_components(log: Log, when: str, label: Ints, zone: NDArray[np.object_], km: Floats) -> None:
    for name in np.unique(zone):
        here = zone == name
        sums = pd.Series(km[here]).groupby(label[here]).sum()
        log.add("measure", f"components {when}", name, value=float(len(sums)), zone=name)
        log.add("measure", f"km {when}", name, value=float(sums.sum()), zone=name)
        log.add(
            "measure",
            f"share of km in the largest component {when}",
            name,
            value=float(sums.max() / sums.sum()),
            zone=name,
        )


def with_imputations(
    certificate: gpd.GeoDataFrame, branches: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, zones: pd.Series
) -> gpd.GeoDataFrame:
    """Return the certificate with a row for each attribute of a branch that a class filled in; zones by bus."""
    log = Log([certificate.reset_index(drop=True)])
    corridors = lines[~lines["corridor"].duplicated()]
    stated = branches["circuits"].notna().reindex(corridors["corridor"]).fillna(False).to_numpy(dtype=bool)
    where = middles(corridors.geometry.to_numpy())
    for attribute in IMPUTED:
        imputed = ~stated if attribute == "circuits" else np.ones(len(corridors), dtype=bool)
        rows = corridors[imputed]
        log.add(
            "impute", f"{attribute} by voltage class", rows["corridor"].to_numpy(dtype=object),
            lonlat=where[imputed], value=rows[attribute].to_numpy(dtype=np.float64),
            zone=zones.loc[rows["bus0"]].to_numpy(dtype=object),
        )  # fmt: skip
        log.add("measure", "imputed share", attribute, value=float(imputed.mean()) if len(imputed) else 0.0)
    return log.table()
