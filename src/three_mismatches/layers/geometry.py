"""What can be wrong with the points, lines and polygons of a table, and with their coordinate system."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from three_mismatches.errors import Fault
from three_mismatches.layers.schemas import CRS, Layer
from three_mismatches.layers.tidy import Mask, labels

__all__ = ["LONLAT", "geometry_of", "is_lonlat", "lies_swapped"]

LONLAT = pyproj.CRS(CRS)  # parsed once: that takes milliseconds
KINDS = {
    "Point": ("Point",),
    "LineString": ("LineString", "MultiLineString"),
    "Polygon": ("Polygon", "MultiPolygon"),
}
POSITIONS = (("lon", "lat"), ("longitude", "latitude"), ("lng", "lat"), ("x", "y"))
FAR_DEGREES = 9.0  # about 1,000 km of latitude: farther than a site lies from the areas of its own study


def is_lonlat(crs: object) -> bool:
    """Return whether a pyproj CRS is longitude and latitude on WGS 84, in whatever order it lists them."""
    return crs is not None and bool(crs.equals(LONLAT, ignore_axis_order=True))  # type: ignore[attr-defined]


def geometry_of(layer: Layer, frame: pd.DataFrame) -> tuple[gpd.GeoSeries, list[Fault]]:
    """
    Return a table's geometry in EPSG:4326 and every fault of it.

    Parameters
    ----------
    layer
        Schema of the table, one with a geometry.
    frame
        The table, its ids for an index.

    Returns
    -------
    geometry
        One point, line or polygon for each row; None where it is missing or empty. [degrees]
    faults
        What is wrong with the coordinate system or the coordinates.
    """
    if not _has_geometry(frame):
        none = gpd.GeoSeries([None] * len(frame), index=frame.index, crs=LONLAT, name="geometry")
        return none, _no_column(layer, frame)
    series = frame.geometry
    shapes = _without(series.to_numpy(), shapely.is_empty(series.to_numpy()))
    faults = _crs_faults(layer, series.crs, anything=bool((~pd.isna(shapes)).any()))
    faults += _shape_faults(layer, frame.index, shapes)
    if not faults:
        faults = _range_faults(layer, frame.index, shapes)
    return gpd.GeoSeries(shapes, index=frame.index, crs=LONLAT, name="geometry"), faults


def lies_swapped(points: gpd.GeoSeries, areas: gpd.GeoSeries) -> Mask:
    """
    Return which points lie far from the areas' bounding box but inside it with their coordinates swapped.

    Parameters
    ----------
    points
        Points, missing ones allowed. [degrees]
    areas
        Polygons. [degrees]
    """
    west, south, east, north = areas.total_bounds
    x, y = shapely.get_x(points.to_numpy()), shapely.get_y(points.to_numpy())
    far = (
        (x < west - FAR_DEGREES)
        | (x > east + FAR_DEGREES)
        | (y < south - FAR_DEGREES)
        | (y > north + FAR_DEGREES)
    )
    inside = (west <= y) & (y <= east) & (south <= x) & (x <= north)
    return np.asarray(far & inside & (abs(y) <= 90), dtype=bool)  # what is off the globe is told already


def _has_geometry(frame: pd.DataFrame) -> bool:
    return isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None


def _no_column(layer: Layer, frame: pd.DataFrame) -> list[Fault]:
    """Return the fault of a table without geometry, unless it may do without."""
    names = {str(name).lower(): name for name in frame.columns}
    for lon, lat in POSITIONS:
        if lon in names and lat in names and layer.geometry == "Point":
            made = f"gpd.points_from_xy(frame[{names[lon]!r}], frame[{names[lat]!r}])"
            cure = f'gpd.GeoDataFrame(frame, geometry={made}, crs="EPSG:4326")'
            return [Fault(layer.name, "geometry", f"is still in {names[lon]!r} and {names[lat]!r}", cure)]
    if "geometry" in names:
        cure = 'gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")'
        return [Fault(layer.name, "geometry", "is a plain column", cure)]
    if not layer.needs_geometry or not len(frame):
        return []
    cure = "Add columns lon and lat" if layer.geometry == "Point" else f"Add a {layer.geometry} for each row"
    return [Fault(layer.name, "geometry", "is missing", cure)]


def _crs_faults(layer: Layer, crs: object, *, anything: bool) -> list[Fault]:
    if is_lonlat(crs) or (crs is None and not anything):
        return []
    if crs is None:
        cure = 'frame.set_crs("EPSG:4326"), or read_study(..., crs="EPSG:4326")'
        cure = f"If these are longitudes and latitudes: {cure}"
        return [Fault(layer.name, "crs", "not set", cure)]
    name = f"{crs.to_string()[:40]} ({crs.name})"  # type: ignore[attr-defined]
    cure = 'Convert it: frame.to_crs("EPSG:4326"), or read_study(..., reproject=True)'
    return [Fault(layer.name, "crs", f"is {name}, not EPSG:4326 (longitude, latitude)", cure)]


def _shape_faults(layer: Layer, index: pd.Index, shapes: NDArray[np.object_]) -> list[Fault]:
    """Return the faults that a geometry has in any coordinate system."""
    kinds = KINDS[str(layer.geometry)]
    missing = np.asarray(pd.isna(shapes), dtype=bool)
    found = np.array(["" if shape is None else shape.geom_type for shape in shapes], dtype=object)
    wrong = ~missing & ~np.isin(found, kinds)
    faults = []
    if layer.needs_geometry and missing.any():
        faults.append(
            Fault(layer.name, "geometry", "missing", "Fill it or drop the rows", labels(index[missing]))
        )
    if wrong.any():
        problem = f"is a {found[wrong][0]}, not a {' or '.join(kinds)}"
        cure = "Take one point of each, such as .representative_point()" if kinds == ("Point",) else ""
        cure = cure or f"Draw a {kinds[0]} for each row"
        faults.append(Fault(layer.name, "geometry", problem, cure, labels(index[wrong])))
    return faults + _odd_shapes(layer, index, _without(shapes, wrong))


def _odd_shapes(layer: Layer, index: pd.Index, shapes: NDArray[np.object_]) -> list[Fault]:
    """Return faults of coordinates that are no numbers and of polygons that cross themselves."""
    coordinates, rows = shapely.get_coordinates(shapes, return_index=True)
    endless = np.zeros(len(shapes), dtype=bool)
    endless[rows[~np.isfinite(coordinates).all(axis=1)]] = True
    faults = []
    if endless.any():
        cure = "Fill them in, or leave the geometry out"
        faults.append(
            Fault(layer.name, "geometry", "has NaN or inf for coordinates", cure, labels(index[endless]))
        )
    if layer.geometry == "Polygon":
        crossed = ~shapely.is_valid(shapes) & ~endless & ~np.asarray(pd.isna(shapes), dtype=bool)
        if crossed.any():
            reason = shapely.is_valid_reason(shapes[crossed][0])
            cure = "Mend it: frame.geometry.make_valid()"
            problem = f"is not a valid polygon ({reason})"
            faults.append(Fault(layer.name, "geometry", problem, cure, labels(index[crossed])))
    return faults


def _range_faults(layer: Layer, index: pd.Index, shapes: NDArray[np.object_]) -> list[Fault]:
    """Return faults of coordinates that are no longitudes and latitudes, or these in the wrong order."""
    west, south, east, north = np.nan_to_num(shapely.bounds(shapes)).T
    lon, lat = np.maximum(abs(west), abs(east)), np.maximum(abs(south), abs(north))
    swapped = (lon <= 90) & (lat > 90) & (lat <= 180)
    round_east = (lat <= 90) & (lon > 180) & (lon <= 360)
    metric = ((lon > 180) | (lat > 90)) & ~swapped & ~round_east
    told = (
        (swapped, "are (lat, lon): the order is swapped", "Give the longitude first, then the latitude"),
        (round_east, "have a longitude beyond 180", "Longitudes run from -180 to 180: subtract 360"),
        (metric, "are not degrees", 'Metres? Set the CRS that they are in, then .to_crs("EPSG:4326")'),
    )
    return [
        Fault(layer.name, "geometry", f"coordinates {_first(shapes[bad])} {what}", cure, labels(index[bad]))
        for bad, what, cure in told
        if bad.any()
    ]


def _without(shapes: NDArray[np.object_], bad: Mask) -> NDArray[np.object_]:
    """Return a copy with None where `bad`."""
    kept = np.array(shapes, dtype=object)
    kept[bad] = None
    return kept


def _first(shapes: NDArray[np.object_]) -> str:
    x, y = shapely.get_coordinates(shapes[0])[0]
    return f"({x:.10g}, {y:.10g})"
