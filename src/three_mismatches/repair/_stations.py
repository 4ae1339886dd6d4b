"""Substations as the map has them: where they are, which voltages they state, which zones they may be in."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from three_mismatches.repair._columns import from_osm, stated_zones, text_of, voltage_text
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import feet_within, km_per_degree
from three_mismatches.repair._voltages import parse_voltage
from three_mismatches.repair._zones import Land

__all__ = ["STATES", "Stations", "make_stations"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATES, UNKNOWN, OTHER = 0, 1, 2
"""How a substation's stated voltages fit a line: it states the level, it states none, it states others only."""


@dataclass(frozen=True, eq=False)
class Stations:
    """Substations in an order of their own: sorted by place."""

    ids: NDArray[np.object_]
    names: NDArray[np.object_]
    area: NDArray[np.object_]
    lonlat: Floats
    radius_km: Floats
    levels: list[tuple[float, ...]]
    zones: list[tuple[str, ...]]
    edge_start: Floats
    edge_end: Floats
    edge_station: Ints
    polygons: NDArray[np.object_]

    def fit(self, station: Ints, level: Floats) -> Ints:
        """Return how each station's stated voltages fit each level: STATES, UNKNOWN or OTHER."""
        stated = [self.levels[at] for at in station]
        fits = [
            STATES if kv in has else (OTHER if has else UNKNOWN)
            for has, kv in zip(stated, level, strict=True)
        ]
        return np.array(fits, dtype=np.int64)

    def admits(self, station: Ints, zone: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Return whether a line of each zone may end in each station."""
        return np.array(
            [not name or name in self.zones[at] for at, name in zip(station, zone, strict=True)], dtype=bool
        )

    def near(self, lonlat: Floats, km: float) -> tuple[Ints, Ints, Floats]:
        """Return pairs of a point and a station within a distance; inside a polygon the distance is 0. [km]"""
        feet = feet_within(lonlat, self.edge_start, self.edge_end, km)
        point, station, apart = feet.point, self.edge_station[feet.segment], feet.km
        tree = shapely.STRtree(self.polygons)
        inside, polygon = tree.query(shapely.points(lonlat), predicate="intersects")
        point = np.concatenate([point, inside])
        station = np.concatenate([station, polygon])
        apart = np.concatenate([apart, np.zeros(len(inside))])
        order = np.lexsort((apart, station, point))
        point, station, apart = point[order], station[order], apart[order]
        first = (
            np.r_[True, (point[1:] != point[:-1]) | (station[1:] != station[:-1])]
            if len(point)
            else np.zeros(0, bool)
        )
        return point[first], station[first], apart[first]


def make_stations(
    substations: gpd.GeoDataFrame, land: Land, classes: tuple[float, ...], log: Log
) -> Stations:
    """Return the substations of a map; what in their voltages cannot be used goes to the log."""
    geometry = substations.geometry.to_numpy()
    centre = (
        shapely.get_coordinates(shapely.point_on_surface(geometry)) if len(geometry) else np.zeros((0, 2))
    )
    ids = np.asarray(substations.index.astype(str), dtype=object)
    order = np.lexsort((ids, centre[:, 1], centre[:, 0]))
    table, geometry, centre = substations.iloc[order], geometry[order], centre[order]
    parsed = [
        parse_voltage(text or None, classes, in_volts=osm)
        for text, osm in zip(voltage_text(table), from_osm(table), strict=True)
    ]
    bad = np.flatnonzero([bool(voltage.refused) for voltage in parsed])
    reasons = ["; ".join(parsed[at].refused) for at in bad]
    for at, reason in zip(bad, reasons, strict=True):
        log.add("set aside", f"voltage of a substation: {reason}", ids[order][at], lonlat=centre[[at]])
    area = land.area_of(centre) if len(centre) else np.zeros(0, dtype=np.int64)
    stated = [tuple(stated_zones(text)) for text in text_of(table, "zone")]
    zones = [given or (land.zones[at],) for given, at in zip(stated, area, strict=True)]
    edges = [_boundary(shape) for shape in geometry]
    count = np.array([len(start) for start, _ in edges], dtype=np.int64)
    east, north = km_per_degree(centre[:, 1])
    return Stations(
        ids=ids[order],
        names=text_of(table, "name"),
        area=text_of(table, "area"),
        lonlat=centre,
        radius_km=np.sqrt(shapely.area(geometry) * east * north / np.pi),
        levels=[voltage.levels for voltage in parsed],
        zones=zones,
        edge_start=np.concatenate([start for start, _ in edges] or [np.zeros((0, 2))]),
        edge_end=np.concatenate([end for _, end in edges] or [np.zeros((0, 2))]),
        edge_station=np.repeat(np.arange(len(geometry)), count),
        polygons=geometry,
    )


def _boundary(shape: shapely.Geometry) -> tuple[Floats, Floats]:
    """Return the edges of a station's outline; a point is one edge without length."""
    lonlat = shapely.get_coordinates(shape)
    if shapely.get_type_id(shape) == shapely.GeometryType.POINT:
        return lonlat, lonlat
    parts, owner = shapely.get_coordinates(
        shapely.get_exterior_ring(shapely.get_parts(shape)), return_index=True
    )
    same = owner[1:] == owner[:-1]
    return parts[:-1][same], parts[1:][same]
