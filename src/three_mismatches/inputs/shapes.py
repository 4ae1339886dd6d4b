"""Geometry that a file holds as columns of numbers or text, and the coordinate system that it is in."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from three_mismatches.errors import CRSError, Fault
from three_mismatches.layers.geometry import LONLAT, POSITIONS, is_lonlat
from three_mismatches.layers.schemas import Layer
from three_mismatches.layers.tidy import labels

__all__ = ["in_lonlat", "parse_crs", "with_geometry"]


def parse_crs(crs: str | int | None) -> pyproj.CRS | None:
    """
    Return the coordinate system that a user names.

    Raises
    ------
    CRSError
        If there is no such system.
    """
    try:
        return None if crs is None else pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        msg = f'crs={crs!r} is no coordinate system. Pass its code, such as crs="EPSG:4326"'
        raise CRSError(msg) from None


def in_lonlat(frame: pd.DataFrame, *, crs: pyproj.CRS | None, reproject: bool) -> pd.DataFrame:
    """
    Return a table with the stated coordinate system where it has none, and in EPSG:4326 if asked.

    Parameters
    ----------
    frame
        A table, with or without geometry.
    crs
        System of tables that carry none.
    reproject
        Whether a known system is converted to EPSG:4326.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return frame
    placed: Any = frame  # geopandas is untyped
    if placed.crs is None and crs is not None:
        placed = placed.set_crs(crs)
    if reproject and placed.crs is not None and not is_lonlat(placed.crs):
        placed = placed.to_crs(LONLAT)
    return placed  # type: ignore[no-any-return]


def with_geometry(layer: Layer, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """
    Return a table with the geometry that its columns spell, and what cannot be read of it.

    Longitudes and latitudes are EPSG:4326 by their name; well-known text carries no system.

    Parameters
    ----------
    layer
        Schema of the table.
    frame
        The table as it was read.
    """
    if layer.geometry is None or isinstance(frame, gpd.GeoDataFrame):
        return frame, []
    names = {str(name).lower(): str(name) for name in reversed(frame.columns)}
    if "geometry" in names:
        return _from_text(layer, frame, names["geometry"])
    for lon, lat in POSITIONS[:-1]:  # x and y may be anything
        if lon in names and lat in names and layer.geometry == "Point":
            return _from_degrees(layer, frame, names[lon], names[lat])
    return frame, []


def _ids(layer: Layer, frame: pd.DataFrame, bad: np.ndarray[Any, np.dtype[np.bool_]]) -> tuple[str, ...]:
    return labels(frame.loc[bad, layer.index] if layer.index in frame else frame.index[bad])


def _from_text(layer: Layer, frame: pd.DataFrame, name: str) -> tuple[pd.DataFrame, list[Fault]]:
    values = np.array([None if pd.isna(value) else value for value in frame[name]], dtype=object)
    read = shapely.from_wkb if any(isinstance(value, bytes) for value in values) else shapely.from_wkt
    try:
        shapes = read(values, on_invalid="ignore")
    except TypeError:
        shapes = np.full(len(values), None)
    bad = pd.isna(shapes) & ~pd.isna(values)
    further = frame.drop(columns=name)
    cure = f"Write {str(layer.geometry).upper()} (lon lat ...)"
    faults = (
        [Fault(layer.name, name, "is not well-known text", cure, _ids(layer, frame, bad))]
        if bad.any()
        else []
    )
    return gpd.GeoDataFrame(further, geometry=gpd.GeoSeries(shapes, index=frame.index)), faults


def _from_degrees(layer: Layer, frame: pd.DataFrame, lon: str, lat: str) -> tuple[pd.DataFrame, list[Fault]]:
    position = {
        name: pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=float) for name in (lon, lat)
    }
    known = {name: np.isfinite(position[name]) for name in position}
    faults = []
    for name in (lon, lat):
        bad = ~known[name] & (frame[name].notna().to_numpy() | known[lat if name == lon else lon])
        if bad.any():
            faults.append(
                Fault(layer.name, name, "is not a number", "Write degrees", _ids(layer, frame, bad))
            )
    shapes = np.full(len(frame), None, dtype=object)
    both = known[lon] & known[lat]
    shapes[both] = shapely.points(position[lon][both], position[lat][both])
    series = gpd.GeoSeries(shapes, index=frame.index, crs=LONLAT)
    return gpd.GeoDataFrame(frame.drop(columns=[lon, lat]), geometry=series), faults
