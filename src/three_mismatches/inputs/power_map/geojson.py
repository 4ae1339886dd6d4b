"""GeoJSON, and which kind of JSON a file holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyproj
import shapely
from shapely.geometry import shape

from three_mismatches.inputs.power_map.features import OSM_ID, Feature, Found, UnreadableError, sorted_out
from three_mismatches.inputs.power_map.overpass import read_overpass
from three_mismatches.inputs.raw import parse_json
from three_mismatches.layers.geometry import LONLAT

__all__ = ["read_json"]

FORMS = "Give a GeoJSON FeatureCollection, or what the Overpass API answers with [out:json]"


def read_json(path: Path) -> Found:
    """
    Return what a GeoJSON file or an answer of the Overpass API holds.

    It is read here rather than by GDAL, which takes whatever driver fits the content: some of them open
    further files and addresses that the content names.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    UnreadableError
        If it is neither.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UnreadableError(problem="is not UTF-8", cure="Save it as UTF-8") from None
    value, faults = parse_json(text, path.name, "file")
    if faults:
        raise UnreadableError(problem=faults[0].problem, cure=FORMS)
    for key, read in (("elements", read_overpass), ("features", _read_geojson)):
        if isinstance(value.get(key), list):
            return read(value, where=path.name)
    raise UnreadableError(
        problem="is JSON, but neither GeoJSON nor an answer of the Overpass API", cure=FORMS
    )


def _read_geojson(collection: Mapping[str, Any], *, where: str) -> Found:
    features = [_feature(item, number) for number, item in enumerate(collection["features"])]
    found = sorted_out(features, where=where, crs=_stated_crs(collection))
    found.needs_voltage = True
    return found


def _feature(item: Any, number: int) -> Feature:  # noqa: ANN401 - whatever JSON holds
    """Return one feature; `number` names it where nothing else does."""
    try:
        tags = dict(item.get("properties") or {})
        drawn = None if item.get("geometry") is None else shape(item["geometry"])
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        problem = f"has no readable geometry in feature {number} (counted from 0)"
        raise UnreadableError(problem=problem, cure="Draw it again, or write null") from None
    own = item.get("id")
    if isinstance(own, str) and OSM_ID.fullmatch(own) and not {"@id", "osm_id"} & set(tags):
        tags["osm_id"] = own
    label = str(own) if isinstance(own, (str, int)) and own != "" else f"feature-{number}"
    return Feature(label, tags, drawn)


def _stated_crs(collection: Mapping[str, Any]) -> pyproj.CRS:
    """Return the system that older GeoJSON may state; by its standard it is longitude and latitude."""
    stated = collection.get("crs")
    if stated is None:
        return LONLAT
    try:
        return pyproj.CRS.from_user_input(str(stated["properties"]["name"]))
    except (TypeError, KeyError, pyproj.exceptions.CRSError):
        shown = json.dumps(stated)[:60]
        raise UnreadableError(
            problem=f"states an unknown crs: {shown}", cure="Write it again in EPSG:4326"
        ) from None
