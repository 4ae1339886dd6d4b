"""Which synchronous zone and area lines and substations are in: as the map says, else where they stand."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.geodesy import length_km
from three_mismatches.repair._chains import Chains, label_components
from three_mismatches.repair._columns import text_of
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import km_per_degree, middles, straight
from three_mismatches.repair._order import numbered, steady

__all__ = ["Land", "chain_zones", "touching", "with_zones"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[np.object_]


class Land:
    """The areas as a map to look things up in."""

    def __init__(self, areas: gpd.GeoDataFrame) -> None:
        ordered = areas.set_axis(areas.index.astype(str)).sort_index()
        self.names = np.asarray(ordered.index, dtype=object)
        self.zones = text_of(ordered, "zone")
        hertz = ordered["frequency"] if "frequency" in ordered else pd.Series(np.nan, index=ordered.index)
        self.hertz = pd.to_numeric(hertz).to_numpy(dtype=np.float64)
        self.parts, self.area_of_part = shapely.get_parts(ordered.geometry.to_numpy(), return_index=True)
        shapely.prepare(self.parts)
        self.tree = shapely.STRtree(self.parts)
        lonlat, ring = shapely.get_coordinates(shapely.get_rings(self.parts), return_index=True)
        same = ring[1:] == ring[:-1]
        self.borders = shapely.STRtree(straight(lonlat[:-1][same], lonlat[1:][same]))

    def area_of(self, lonlat: Floats, zone: NDArray[np.object_] | None = None) -> Ints:
        """
        Return the position of the area that each point is in, or that is nearest to it.

        Parameters
        ----------
        lonlat
            Points, shape (points, 2). [degrees]
        zone
            Zone of each point: only areas of that zone count. Without, all do.
        """
        points = np.asarray(shapely.points(lonlat), dtype=object)
        found = np.full(len(points), -1, dtype=np.int64)
        point, part = self.tree.query(points, predicate="intersects")
        area = self.area_of_part[part]
        if zone is not None:
            good = self.zones[area] == zone[point]
            point, area = point[good], area[good]
        order = np.lexsort((area, point))[::-1]
        found[point[order]] = area[order]
        for group in np.unique(zone[found < 0]) if zone is not None else ("",):
            missing = np.flatnonzero((found < 0) & ((zone == group) if zone is not None else True))
            areas = np.flatnonzero(self.zones == group) if zone is not None else np.arange(len(self.names))
            if len(missing) and len(areas):
                found[missing] = self.nearest_of(lonlat[missing], areas)
        return found

    def nearest_of(self, lonlat: Floats, areas: Ints) -> Ints:
        """Return which of some areas is nearest to each point, on the plane of degrees."""
        parts = np.flatnonzero(np.isin(self.area_of_part, areas))
        nearest = shapely.STRtree(self.parts[parts]).nearest(shapely.points(lonlat))
        return np.asarray(self.area_of_part[parts[nearest]], dtype=np.int64)

    def shares(self, start: Floats, end: Floats) -> tuple[Ints, Ints, Floats]:
        """
        Return which share of straight edges lies in which area, as rows of edge, area and share.

        An edge that crosses no border is where its middle is.
        """
        point, part = self.tree.query(shapely.points((start + end) / 2.0), predicate="intersects")
        lines = straight(start, end)
        across = np.unique(self.borders.query(lines, predicate="intersects")[0])
        whole = ~np.isin(point, across)
        line, other = self.tree.query(lines[across], predicate="intersects")
        cut = shapely.length(shapely.intersection(lines[across][line], self.parts[other]))
        cut /= np.maximum(shapely.length(lines[across][line]), 1e-300)
        edge = np.concatenate([point[whole], across[line]]).astype(np.int64)
        area = self.area_of_part[np.concatenate([part[whole], other])].astype(np.int64)
        return edge, area, np.concatenate([np.ones(int(whole.sum())), cut])

    def outside_share(self, lines: NDArray[np.object_]) -> Floats:
        """Return the share of each straight line that lies outside every area, on water."""
        inside = np.zeros(len(lines))
        line, part = self.tree.query(lines, predicate="intersects")
        np.add.at(inside, line, shapely.length(shapely.intersection(lines[line], self.parts[part])))
        length = shapely.length(lines)
        return 1.0 - np.minimum(inside / np.where(length > 0.0, length, 1.0), 1.0)


def chain_zones(chains: Chains, land: Land, far_km: float, log: Log) -> Floats:
    """
    Return km of each chain by area, shape (chains, areas).

    Where areas overlap, both count. What lies at sea belongs to no area; a chain that is wholly outside them to the
    nearest, and farther out than `far_km` that is worth a look.
    """
    lonlat, owner = shapely.get_coordinates(chains.geometry, return_index=True)
    same = owner[1:] == owner[:-1]
    start, end, of_edge = lonlat[:-1][same], lonlat[1:][same], owner[:-1][same]
    km = np.hypot(*((end - start) * np.stack(km_per_degree((start + end)[:, 1] / 2.0), axis=1)).T)
    edge, area, share = land.shares(start, end)
    table = np.zeros((len(chains.km), len(land.names)))
    np.add.at(table, (of_edge[edge], area), share * km[edge])
    nowhere = np.flatnonzero(table.sum(axis=1) == 0.0)
    if len(nowhere):
        table[nowhere, land.area_of(middles(chains.geometry[nowhere]))] = 1.0
        _log_outside(chains, nowhere, land, far_km, log)
    return np.asarray(table / table.sum(axis=1, keepdims=True) * chains.km[:, None])


def _log_outside(chains: Chains, nowhere: Ints, land: Land, far_km: float, log: Log) -> None:
    """Add a row for each chain that lies farther outside all areas."""
    shapes = chains.geometry[nowhere]
    way = shapely.shortest_line(shapes, land.parts[land.tree.nearest(shapes)])
    km = length_km(way)
    far = km > far_km
    log.add(
        "keep", "outside every area: taken for the nearest one's", _names(chains, nowhere[far]),
        lonlat=middles(shapes[far]), km=km[far], suspicious=True,
    )  # fmt: skip


def with_zones(chains: Chains, land: Land, far_km: float, log: Log) -> Chains:
    """Return the chains with a zone each: as the map or its frequency says; else as most km of what it touches."""
    km = chain_zones(chains, land, far_km, log)
    zones = np.unique([zone for zone in land.zones if zone] + [zone for zone in chains.table["zone"] if zone])
    by_zone = np.stack([km[:, land.zones == zone].sum(axis=1) for zone in zones], axis=1)
    dc = chains.table["dc"].to_numpy(dtype=bool)
    stated = _stated(chains, land, km)
    vote = np.where((stated != "")[:, None], (stated[:, None] == zones) * chains.km[:, None], 0.0)
    label = touching(chains)
    size = int(label.max(initial=-1)) + 1
    told, stood = np.zeros((size, len(zones))), np.zeros((size, len(zones)))
    np.add.at(told, label, vote)
    np.add.at(stood, label, by_zone)
    by_km = steady(np.where(told.sum(axis=1, keepdims=True) > 0.0, told, stood)).argmax(axis=1)
    zone = np.where(dc, "", np.where(stated != "", stated, zones[by_km[label]]))
    _log_strange(chains, zone, stated, np.where(dc[:, None], 0.0, km), far_km, land, log)
    return replace(chains, table=chains.table.assign(zone=zone))


def _stated(chains: Chains, land: Land, km: Floats) -> Objects:
    """Return the zone that the map states for each chain: by name, else by its frequency, else none."""
    stated = chains.table["zone"].to_numpy(dtype=object).copy()
    hertz = chains.table["hertz"].to_numpy(dtype=np.float64)
    for value in np.unique(hertz[np.isfinite(hertz)]):
        areas = np.flatnonzero(land.hertz == value)
        at = np.flatnonzero((hertz == value) & (stated == ""))
        inside = steady(km[np.ix_(at, areas)])
        nearest = land.nearest_of(middles(chains.geometry[at]), areas) if len(at) else at
        by_km = areas[inside.argmax(axis=1)] if len(at) else at
        stated[at] = land.zones[np.where(inside.sum(axis=1) > 0.0, by_km, nearest)]
    return stated


def _log_strange(
    chains: Chains, zone: Objects, stated: Objects, km: Floats, far_km: float, land: Land, log: Log
) -> None:
    """Add a row for each chain that stands, by most of its km or by part of them, in another zone than its own."""
    most = steady(km).argmax(axis=1)
    other = (land.zones[most] != zone) & (km[np.arange(len(km)), most] > 0.0)
    outside = np.where(land.zones[None, :] != zone[:, None], km, 0.0).sum(axis=1)
    partly = ~other & (zone != "") & (outside > far_km)
    for text, which in (
        ("stands in another zone than the map states", other & (stated != "")),
        ("stands in another zone than what it touches", other & (stated == "")),
        ("stands partly in another zone", partly),
    ):
        at = np.flatnonzero(which)
        log.add(
            "keep", text, _names(chains, at), lonlat=middles(chains.geometry[at]), km=outside[at], zone=zone[at],
            suspicious=stated[at] == "",
        )  # fmt: skip


def _names(chains: Chains, at: Ints) -> NDArray[np.object_]:
    table = chains.table.iloc[at]
    return table["name"].where(table["name"].fillna("") != "", table["line"]).to_numpy(dtype=object)


def touching(chains: Chains) -> Ints:
    """Return the component of chains that share a vertex, each voltage for itself, AC and DC apart."""
    network = numbered(chains.table, ["v_nom", "dc"])
    key = np.concatenate([np.stack([network, end]) for end in (chains.start, chains.end)], axis=1)
    _, node = np.unique(key, axis=1, return_inverse=True)
    node = node.reshape(-1).astype(np.int64) + len(chains.km)
    chain = np.tile(np.arange(len(chains.km)), 2)
    return label_components(chain, node, len(chains.km) + int(node.max(initial=0)) + 1)[: len(chains.km)]
