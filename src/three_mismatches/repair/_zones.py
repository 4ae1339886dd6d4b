"""Which synchronous zone and area lines and substations are in: as the map says, else where they stand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.repair._chains import Chains, label_components
from three_mismatches.repair._log import Log

__all__ = ["Land", "chain_zones", "with_zones"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Land:
    """The areas as a map to look things up in."""

    def __init__(self, areas: gpd.GeoDataFrame) -> None:
        ordered = areas.sort_index()
        self.names = np.asarray(ordered.index, dtype=object)
        self.zones = ordered["zone"].fillna("").to_numpy(dtype=object)
        hertz = ordered["frequency"] if "frequency" in ordered else pd.Series(np.nan, index=ordered.index)
        self.hertz = hertz.to_numpy(dtype=np.float64)
        self.parts, self.area_of_part = shapely.get_parts(ordered.geometry.to_numpy(), return_index=True)
        shapely.prepare(self.parts)
        self.tree = shapely.STRtree(self.parts)

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
        points = shapely.points(lonlat)
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

    def outside_share(self, lines: NDArray[np.object_]) -> Floats:
        """Return the share of each straight line that lies outside every area, on water."""
        inside = np.zeros(len(lines))
        line, part = self.tree.query(lines, predicate="intersects")
        np.add.at(inside, line, shapely.length(shapely.intersection(lines[line], self.parts[part])))
        length = shapely.length(lines)
        return 1.0 - np.minimum(inside / np.where(length > 0.0, length, 1.0), 1.0)


def chain_zones(chains: Chains, land: Land) -> pd.DataFrame:
    """
    Return km of each chain by area, shape (chains, areas).

    Edges at sea belong to no area; a chain that is wholly at sea to the nearest.
    """
    lonlat, owner = shapely.get_coordinates(chains.geometry, return_index=True)
    same = owner[1:] == owner[:-1]
    middle = (lonlat[1:][same] + lonlat[:-1][same]) / 2.0
    step = lonlat[1:][same] - lonlat[:-1][same]
    weight = np.hypot(step[:, 0] * np.cos(np.radians(middle[:, 1])), step[:, 1])
    of_edge = owner[:-1][same]
    table = np.zeros((len(chains.km), len(land.names)))
    point, part = land.tree.query(shapely.points(middle), predicate="intersects")
    np.add.at(table, (of_edge[point], land.area_of_part[part]), weight[point])
    nowhere = np.flatnonzero(table.sum(axis=1) == 0.0)
    if len(nowhere):
        centre = shapely.get_coordinates(
            shapely.line_interpolate_point(chains.geometry[nowhere], 0.5, normalized=True)
        )
        table[nowhere, land.area_of(centre)] = 1.0
    return pd.DataFrame(table / table.sum(axis=1, keepdims=True) * chains.km[:, None], columns=land.names)


def with_zones(chains: Chains, land: Land, log: Log) -> Chains:
    """
    Return the chains with a zone each: what the map says; else that of what it touches; else where most of it stands.
    """
    km = chain_zones(chains, land)
    zones = np.unique([zone for zone in land.zones if zone] + [zone for zone in chains.table["zone"] if zone])
    by_zone = np.stack([km.to_numpy()[:, land.zones == zone].sum(axis=1) for zone in zones], axis=1)
    stated = chains.table["zone"].to_numpy(dtype=object)
    vote = np.where((stated != "")[:, None], (stated[:, None] == zones) * chains.km[:, None], 0.0)
    label = _touching(chains)
    size = int(label.max(initial=-1)) + 1
    told, stood = np.zeros((size, len(zones))), np.zeros((size, len(zones)))
    np.add.at(told, label, vote)
    np.add.at(stood, label, by_zone)
    of_label = np.where(told.sum(axis=1) > 0.0, told.argmax(axis=1), stood.argmax(axis=1))
    dc = chains.table["dc"].to_numpy(dtype=bool)
    zone = np.where(dc, "", np.where(stated != "", stated, zones[of_label[label]]))
    strange = km.to_numpy()[np.arange(len(km)), km.to_numpy().argmax(axis=1)]
    where = land.zones[km.to_numpy().argmax(axis=1)]
    other = (where != zone) & (strange > 0.0) & ~dc
    centre = shapely.get_coordinates(shapely.line_interpolate_point(chains.geometry, 0.5, normalized=True))
    reason = np.where(
        stated != "",
        "stands in another zone than the map states",
        "stands in another zone than what it touches",
    )
    for text in np.unique(reason[other]):
        at = np.flatnonzero(other & (reason == text))
        log.add(
            "keep",
            str(text),
            _names(chains, at),
            lonlat=centre[at],
            km=chains.km[at],
            zone=zone[at],
            suspicious=stated[at] == "",
        )
    return Chains(
        chains.geometry, chains.start, chains.end, chains.km, chains.table.assign(zone=zone), chains.vertices
    )


def _names(chains: Chains, at: Ints) -> NDArray[np.object_]:
    table = chains.table.iloc[at]
    return table["name"].where(table["name"].fillna("") != "", table["line"]).to_numpy(dtype=object)


def _touching(chains: Chains) -> Ints:
    """Return the component of chains that share a vertex, each voltage for itself, AC and DC apart."""
    network = chains.table.groupby(["v_nom", "dc"]).ngroup().to_numpy(dtype=np.int64)
    key = np.concatenate([np.stack([network, end]) for end in (chains.start, chains.end)], axis=1)
    _, node = np.unique(key, axis=1, return_inverse=True)
    node = node.reshape(-1).astype(np.int64) + len(chains.km)
    chain = np.tile(np.arange(len(chains.km)), 2)
    return label_components(chain, node, len(chains.km) + int(node.max(initial=0)) + 1)[: len(chains.km)]
