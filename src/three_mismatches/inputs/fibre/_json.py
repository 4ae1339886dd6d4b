"""JSON from a path or from memory, for every format of fibre that is JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.shapes import parse_crs
from three_mismatches.layers.geometry import is_lonlat
from three_mismatches.layers.tidy import is_text

__all__ = [
    "Source",
    "fault",
    "features_of",
    "geometry_from",
    "read_json",
    "read_text",
    "require_lonlat",
    "require_text",
]

Source: TypeAlias = str | Path | Mapping[str, Any]
CRS84 = (
    "urn:ogc:def:crs:ogc::crs84",
    "urn:ogc:def:crs:ogc:1.3:crs84",
    "http://www.opengis.net/def/crs/ogc/1.3/crs84",
)


def fault(where: str, column: str, problem: str, cure: str = "", *, rows: tuple[str, ...] = ()) -> LayerError:
    """Return the error of one fault."""
    return LayerError([Fault(where, column, problem, cure, rows)])


def read_text(path: Path) -> str:
    """
    Return the text of a file.

    Raises
    ------
    LayerError
        If it is not there, no file, or not UTF-8.
    """
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            raise fault(str(path), "path", problem, "Give the path of the file")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise fault(path.name, "file", "is not UTF-8", "Save it as UTF-8") from None
    except (OSError, ValueError) as error:  # a name with NUL is a ValueError
        if isinstance(error, LayerError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise fault(str(path)[:200], "path", f"cannot be opened ({reason})", "See who may read it") from None


def read_json(source: Source, what: str) -> tuple[dict[str, Any], str]:
    """
    Return the JSON object of a file or of memory, which is not touched, and what errors call it.

    Parameters
    ----------
    source
        Path of a JSON file, or what such a file holds.
    what
        What it should be, for the error that it is none.

    Raises
    ------
    LayerError
        If it cannot be read, or is no object.
    """
    if isinstance(source, Mapping):
        try:
            value = deepcopy(dict(source))
        except RecursionError:
            raise fault(what, "mapping", "is nested too deeply", f"Give {what}") from None
        require_text(value, what)
        return value, what
    path = Path(source)
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, LayerError):
            raise
        place = f" (line {error.lineno}, {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        raise fault(path.name, "file", f"is not JSON{place}", f"Give {what}") from None
    if not isinstance(value, dict):
        raise fault(path.name, "file", "is not an object of names and values", f"Give {what}")
    require_text(value, path.name)
    return value, path.name


def require_text(value: object, where: str) -> None:
    """Raise if a text anywhere in a value is none that files can hold: with NUL, or half of a character."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)):
            left += one
        elif isinstance(one, str) and not is_text(one):
            raise fault(where, "text", f"{one[:40]!r} holds a character that files cannot", "Take it out")


def features_of(value: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """
    Return the features of a GeoJSON FeatureCollection in longitude and latitude.

    Raises
    ------
    LayerError
        If it is none, or states another coordinate system.
    """
    features = value.get("features")
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise fault(where, "features", "is not there: this is no GeoJSON FeatureCollection", "Give GeoJSON")
    stated = value.get("crs")
    if stated is not None:
        properties = stated.get("properties") if isinstance(stated, Mapping) else None
        require_lonlat(properties.get("name") if isinstance(properties, Mapping) else stated, where)
    for number, one in enumerate(features):
        if not isinstance(one.get("properties", {}) or {}, dict):
            raise fault(where, "properties", "is no object", "Correct it", rows=(f"feature {number}",))
    return features


def require_lonlat(name: object, where: str) -> None:
    """Raise unless the name of a coordinate system means longitude and latitude on WGS 84."""
    if isinstance(name, str) and (name.lower() in CRS84 or is_lonlat(parse_crs(name))):
        return
    cure = "Write it again in EPSG:4326, the longitude first"
    raise fault(where, "crs", f"is {json.dumps(name, default=str)[:60]}, not longitude and latitude", cure)


def geometry_from(value: object, where: str, row: str) -> BaseGeometry | None:
    """
    Return a GeoJSON geometry as a shape, None for none.

    Raises
    ------
    LayerError
        If it cannot be read.
    """
    if value is None:
        return None
    try:
        with np.errstate(invalid="ignore"):  # what is not finite is told where it is checked
            found = shape(value)  # type: ignore[arg-type]  # what is no geometry raises
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OverflowError,
        shapely.errors.ShapelyError,
    ):
        raise fault(
            where, "geometry", "cannot be read", "Draw it again, or write null", rows=(row,)
        ) from None
    return shapely.force_2d(found)
