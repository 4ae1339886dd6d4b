"""Buses and branches get their names, and become the tables of a grid."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.repair._assemble import Network
from three_mismatches.repair._chains import label_components
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import middles
from three_mismatches.repair._order import STEADY_DIGITS, steady
from three_mismatches.repair._stations import Stations
from three_mismatches.repair._zones import Land

__all__ = ["branch_table", "bus_table", "link_table", "transformer_pairs"]

Ints = NDArray[np.int64]

PLACE_DIGITS = 4
"""Decimals of a degree in the id of a bus without a substation: about 10 m."""


def bus_table(network: Network, stations: Stations, land: Land) -> gpd.GeoDataFrame:
    """
    Return the buses that a branch ends on: index bus; v_nom, zone, area, name, substation, point.

    A bus is named after its substation and voltage, or after its place. Positions in `network` are kept in the
    column `number`.
    """
    ends = network.branches[["bus0", "bus1"]].to_numpy(dtype=np.int64)
    used = np.unique(ends)
    rows = network.buses.iloc[used].assign(number=used)
    area = _areas(network, stations, land)[used]
    station = rows["station"].to_numpy(dtype=np.int64)
    named = np.where(station >= 0, stations.names[station] if len(stations.names) else "", "")
    ids = np.where(station >= 0, stations.ids[station] if len(stations.ids) else "", "")
    zone = rows["zone"].rank(method="dense")
    order = np.lexsort((ids, zone, rows["dc"], steady(rows["lat"]), steady(rows["lon"]), -rows["v_nom"]))
    rows, area, named, ids = rows.iloc[order], area[order], named[order], ids[order]
    return gpd.GeoDataFrame(
        {
            "v_nom": rows["v_nom"].to_numpy(),
            "zone": rows["zone"].to_numpy(dtype=object),
            "area": area,
            "name": named,
            "substation": ids,
            "dc": rows["dc"].to_numpy(dtype=bool),
            "number": rows["number"].to_numpy(dtype=np.int64),
        },
        index=pd.Index(_bus_ids(rows, named), name="bus"),
        geometry=gpd.points_from_xy(rows["lon"], rows["lat"]),
        crs="EPSG:4326",
    )


def _bus_ids(rows: pd.DataFrame, named: NDArray[np.object_]) -> list[str]:
    """Return a name for each bus: the substation's, or the place, and the voltage; repeated ones are counted."""
    lon, lat = (steady(rows[axis].to_numpy()).round(PLACE_DIGITS) for axis in ("lon", "lat"))
    place = [f"{x:.{PLACE_DIGITS}f},{y:.{PLACE_DIGITS}f}" for x, y in zip(lon, lat, strict=True)]
    words = [" ".join(str(name).split()) or at for name, at in zip(named, place, strict=True)]
    return _counted([f"{word} {kv:g}" for word, kv in zip(words, rows["v_nom"], strict=True)])


def _counted(names: list[str]) -> list[str]:
    """Return names of which a repeated one carries its number."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _areas(network: Network, stations: Stations, land: Land) -> NDArray[np.object_]:
    """Return the area of each bus: as its substation states, else as most km of its branches do, else by place."""
    buses = network.buses
    station = buses["station"].to_numpy(dtype=np.int64)
    stated = np.where(station >= 0, stations.area[station] if len(stations.area) else "", "")
    told = _told_by_branches(network)
    lonlat = buses[["lon", "lat"]].to_numpy()
    by_place = land.names[land.area_of(lonlat, buses["zone"].to_numpy(dtype=object))]
    known = land.names.tolist()
    zone_of = dict(zip(known, land.zones, strict=True))
    zone = buses["zone"].to_numpy(dtype=object)
    found = by_place.copy()
    for words in (told, stated):
        fits = np.array(
            [bool(w) and (zone_of.get(w) == z or not z) for w, z in zip(words, zone, strict=True)]
        )
        found = np.where(fits, words, found)
    return found


def _told_by_branches(network: Network) -> NDArray[np.object_]:
    """Return the area that most km of each bus's branches state, "" where none does."""
    rows = network.branches[network.branches["area"].fillna("") != ""]
    both = pd.concat([rows[["area", "km"]].assign(bus=rows[end]) for end in ("bus0", "bus1")])
    sums = (
        both.groupby(["bus", "area"])["km"]
        .sum()
        .round(STEADY_DIGITS)
        .reset_index()
        .sort_values(["bus", "km", "area"], kind="stable")
    )
    told = np.full(len(network.buses), "", dtype=object)
    told[sums["bus"].to_numpy(dtype=np.int64)] = sums["area"].to_numpy(dtype=object)
    return told


def branch_table(network: Network, buses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the branches: bus0, bus1 (ids, in order), kind, v_nom, dc, length [km], circuits, name, bridge."""
    ids = pd.Series(buses.index, index=buses["number"])
    rows = network.branches
    ends = np.stack(
        [ids.loc[rows["bus0"]].to_numpy(dtype=object), ids.loc[rows["bus1"]].to_numpy(dtype=object)], axis=1
    )
    rank = pd.Index(buses.index)
    turned = rank.get_indexer(ends[:, 0]) > rank.get_indexer(ends[:, 1])
    ends = np.where(turned[:, None], ends[:, ::-1], ends)
    shapes = rows["geometry"].to_numpy(dtype=object)
    shapes = np.where(turned, shapely.reverse(shapes), shapes)
    middle = middles(shapes)
    order = np.lexsort(
        (
            *steady(middle).T,
            rows["ref"],
            steady(rows["km"]),
            rank.get_indexer(ends[:, 1]),
            rank.get_indexer(ends[:, 0]),
        )
    )
    names = _counted([f"{a} - {b}" for a, b in ends[order]])
    return gpd.GeoDataFrame(
        {
            "bus0": ends[order, 0],
            "bus1": ends[order, 1],
            "kind": rows["kind"].to_numpy(dtype=object)[order],
            "v_nom": rows["v_nom"].to_numpy()[order],
            "dc": rows["dc"].to_numpy(dtype=bool)[order],
            "length": rows["km"].to_numpy()[order],
            "circuits": rows["circuits"].to_numpy(dtype=np.float64)[order],
            "name": rows["name"].fillna("").to_numpy(dtype=object)[order],
            "bridge": rows["bridge"].to_numpy(dtype=bool)[order],
        },
        index=pd.Index(names, name="branch"),
        geometry=shapes[order],
        crs="EPSG:4326",
    )


def transformer_pairs(network: Network, buses: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the ids of both buses of each transformer, the higher voltage first, shape (transformers, 2)."""
    pairs = _past_bare_levels(network.transformers, buses["number"].to_numpy(dtype=np.int64))
    found = buses.index.to_numpy(dtype=object)[
        pd.Index(buses["number"]).get_indexer(pairs.ravel()).reshape(-1, 2)
    ]
    return np.asarray(found[np.lexsort((found[:, 1].astype(str), found[:, 0].astype(str)))])


def _past_bare_levels(pairs: Ints, kept: Ints) -> Ints:
    """Return pairs of kept buses; where a level between two has no branch, the levels above and below it are a pair."""
    above: dict[int, set[int]] = {}
    below: dict[int, set[int]] = {}
    for high, low in pairs.tolist():
        above.setdefault(low, set()).add(high)
        below.setdefault(high, set()).add(low)
    for bare in sorted(set(np.unique(pairs).tolist()) - set(kept.tolist())):
        highs, lows = above.pop(bare, set()), below.pop(bare, set())
        for high in highs:
            below[high] = (below[high] - {bare}) | lows
        for low in lows:
            above[low] = (above[low] - {bare}) | highs
    found = sorted((high, low) for high, lows in below.items() for low in lows)
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def link_table(network: Network, buses: gpd.GeoDataFrame, log: Log) -> pd.DataFrame:
    """
    Return a link for each line of direct current, between the AC buses of the substations at its ends.

    A map does not tell what it can carry: 0 MW, until somebody states it.
    """
    rows = network.branches[network.branches["dc"].to_numpy(dtype=bool)]
    ends = rows[["bus0", "bus1"]].to_numpy(dtype=np.int64)
    label = label_components(ends[:, 0], ends[:, 1], len(network.buses))
    found = []
    for _, group in rows.groupby(label[ends[:, 0]]):
        sides = _ac_sides(network, buses, np.unique(group[["bus0", "bus1"]].to_numpy(dtype=np.int64)))
        name = min(set(group["name"]) - {""}, default="direct current")
        where, km = middles(group["geometry"].to_numpy(dtype=object)[:1]), float(group["km"].sum())
        if len(sides) != 2:
            reason = f"line of direct current with {len(sides)} ends at AC substations"
            log.add("set aside", reason, name, lonlat=where, km=km, suspicious=True)
            continue
        reason = "0 MW for a line of direct current: the map does not tell"
        log.add("impute", reason, name, lonlat=where, km=km, value=0.0)
        bus0, bus1 = _partners(sides[0], sides[1])
        found.append({"name": name, "bus0": bus0, "bus1": bus1, "length": km})
    table = pd.DataFrame(found, columns=["name", "bus0", "bus1", "length"])
    table = table.sort_values(["bus0", "bus1", "name", "length"], ignore_index=True)
    ids = _counted([f"{row.bus0} = {row.bus1}" for row in table.itertuples()])
    return table.assign(carrier="HVDC", p_nom=0.0, imputed=True).set_axis(pd.Index(ids, name="link"))


def _ac_sides(network: Network, buses: gpd.GeoDataFrame, ends: Ints) -> list[pd.DataFrame]:
    """Return, for each place where a DC line ends in a substation with AC buses, those buses."""
    complex_of = network.buses["complex"].to_numpy(dtype=np.int64)
    of_bus = complex_of[buses["number"].to_numpy(dtype=np.int64)]
    ac = ~buses["dc"].to_numpy(dtype=bool)
    places = np.unique(complex_of[ends])
    sides = [buses[ac & (of_bus == place)] for place in places[places >= 0]]
    return [side for side in sides if len(side)]


def _partners(one: pd.DataFrame, other: pd.DataFrame) -> tuple[str, str]:
    """Return the AC buses at both ends: of two zones, if that is possible, and of the highest voltages."""
    pairs = [
        (zone_a == zone_b, -kv_a - kv_b, *sorted((str(a), str(b))))
        for a, zone_a, kv_a in zip(one.index, one["zone"], one["v_nom"], strict=True)
        for b, zone_b, kv_b in zip(other.index, other["zone"], other["v_nom"], strict=True)
    ]
    return min(pairs)[2:]
