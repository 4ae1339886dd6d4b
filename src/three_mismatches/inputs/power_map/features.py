"""What a file draws, one by one, and which of it is a line or a substation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry.base import BaseGeometry

from three_mismatches.errors import Fault
from three_mismatches.layers.geometry import LONLAT

__all__ = [
    "LINE_POWERS", "MOST_CIRCUITS", "OSM_ID", "STATION_POWERS", "Feature", "Found", "UnreadableError", "free_name",
    "from_osm", "sorted_out",
]  # fmt: skip

LINE_POWERS = frozenset({"line", "cable", "minor_line", "minor_cable"})
STATION_POWERS = frozenset({"substation", "sub_station", "station", "plant", "converter"})
OSM_SOURCE = "OpenStreetMap"
OSM_LICENCE = "ODbL 1.0"
OURS = frozenset({"source", "licence", "kind", "osm_id", "line", "geometry", "zone", "area"})
"""Names that mean something else in our tables than the OSM tag of the same name does."""
MOST_CIRCUITS = 100
"""More than any row of towers carries: a slip of the pen."""
OSM_ID = re.compile(r"(node|way|relation)/-?\d+")


class UnreadableError(Exception):
    """A file is not what its name says."""

    def __init__(self, *, problem: str, cure: str) -> None:
        super().__init__(problem, cure)


@dataclass(frozen=True)
class Feature:
    """One thing that a file draws: how to name it in a message, its tags, and its shape if it has one."""

    label: str
    tags: Mapping[str, Any]
    shape: BaseGeometry | None


@dataclass
class Found:
    """
    What a reader took from a file, as it lies there.

    `faults` are what the user must cure, `notes` what was left out or taken to be, which is told as warnings.
    """

    lines: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)
    needs_voltage: bool = False


def from_osm(osm_id: str, tags: Mapping[str, str], shape: BaseGeometry | None, *, date: str = "") -> Feature:
    """
    Return an element of OpenStreetMap as a feature.

    Parameters
    ----------
    osm_id
        Such as "way/123".
    tags
        Its tags. One that is named like a column of ours which means something else gets "_tag" behind.
    shape
        What it draws, if that is known. [degrees]
    date
        As of when the file shows the map.
    """
    own = {f"{key}_tag" if key in OURS else key: value for key, value in tags.items()}
    source = f"{OSM_SOURCE}, {date}" if date else OSM_SOURCE
    told = {"osm_id": osm_id, "source": source, "licence": OSM_LICENCE}
    return Feature(osm_id, {**own, **told}, shape)


def sorted_out(features: Iterable[Feature], *, where: str, crs: object = LONLAT) -> Found:
    """
    Return the lines and the substations among features.

    Parameters
    ----------
    features
        What the file draws. The tag `power` says what each is; without it, lines are lines, and points and
        areas are substations.
    where
        Name of the file.
    crs
        Coordinate system of the shapes.
    """
    lines, stations, unplaced, odd = [], [], [], []
    others: Counter[str] = Counter()
    for feature in features:
        role = _role(feature)
        if role == "line":
            lines.append(feature)
        elif role == "substation":
            stations.append(feature)
        elif role == "unplaced":
            unplaced.append(feature.label)
        elif role == "point":
            odd.append(feature.label)
        else:
            others[role] += 1
    found = Found(_frame(lines, crs), _frame(stations, crs))
    if unplaced:
        found.faults.append(Fault(where, "geometry", "missing", "Draw it, or drop the row", tuple(unplaced)))
    if odd:
        problem = "is a line by its tag and a point by its shape: left out"
        found.notes.append(Fault(where, "power", problem, rows=tuple(odd)))
    if others:
        found.notes.append(_left_out(others, where))
    return found


def _left_out(others: Counter[str], where: str) -> Fault:
    counts = ", ".join(f"{power} {count}" for power, count in others.most_common())
    problem = f"left out {others.total()} that are neither lines nor substations ({counts})"
    return Fault(where, "power", problem)


def _role(feature: Feature) -> str:
    """Return what a feature is: line, substation, unplaced, point (drawn for a line), or its other tag."""
    power = _power(feature.tags)
    kind = "" if feature.shape is None else feature.shape.geom_type
    if power in LINE_POWERS:
        return "point" if "Point" in kind else "line"
    if power in STATION_POWERS:
        return "substation"
    if power:
        return power
    if not kind:
        return "unplaced"
    return "line" if "Line" in kind else "substation"


def _power(tags: Mapping[str, Any]) -> str:
    power = tags.get("power")
    return power if isinstance(power, str) else ""


def free_name(wanted: str, taken: Collection[object]) -> str:
    """Return a name that no column has yet: the wanted one, or that with underscores behind."""
    return free_name(f"{wanted}_", taken) if wanted in taken else wanted


def _frame(features: list[Feature], crs: object) -> gpd.GeoDataFrame:
    """Return features as a table as wide as their tags."""
    tags = pd.DataFrame([dict(feature.tags) for feature in features], dtype=object)
    tags = tags.rename(columns={"geometry": free_name("geometry_tag", tags.columns)})
    labels = pd.Index([feature.label for feature in features], dtype=object)
    shapes = gpd.GeoSeries([feature.shape for feature in features], index=labels, crs=crs)
    return gpd.GeoDataFrame(tags.set_axis(labels), geometry=shapes)
