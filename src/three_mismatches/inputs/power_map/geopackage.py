"""Lines and substations as two layers of a GeoPackage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from three_mismatches.errors import Fault
from three_mismatches.inputs.power_map.features import Found, UnreadableError

__all__ = ["LINE_LAYERS", "SUBSTATION_LAYERS", "read_lines_geopackage"]

LINE_LAYERS = ("lines", "power_lines", "line")
SUBSTATION_LAYERS = ("substations", "power_substations", "substation")
TROUBLE = (DataSourceError, DataLayerError, FeatureError, OSError, ValueError, RuntimeError)
SQLITE_HEAD = b"SQLite format 3\x00"
APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")  # at byte 68 of the header (OGC 12-128r18, requirement 2)
AGAIN = "Write the file again"


def read_lines_geopackage(path: Path) -> Found:
    """
    Return what a GeoPackage holds of power lines and substations.

    Parameters
    ----------
    path
        The file. Its layers are named as `LINE_LAYERS` and `SUBSTATION_LAYERS` say; others are told and left out.

    Raises
    ------
    UnreadableError
        If it is no GeoPackage, or has neither layer.
    """
    with path.open("rb") as file:
        head = file.read(72)
    if not head.startswith(SQLITE_HEAD) or head[68:72] not in APPLICATION_IDS:
        raise UnreadableError(problem="is not a GeoPackage", cure=AGAIN)
    try:
        names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except TROUBLE:
        raise UnreadableError(problem="cannot be read as a GeoPackage", cure=AGAIN) from None
    chosen = [_chosen(names, options) for options in (LINE_LAYERS, SUBSTATION_LAYERS)]
    if chosen == [None, None]:
        cure = f"Name the layers {LINE_LAYERS[0]} and {SUBSTATION_LAYERS[0]}; it has: {', '.join(names) or 'none'}"
        raise UnreadableError(problem="has no layer of lines or substations", cure=cure)
    lines, stations = (_layer(path, name) for name in chosen)
    found = Found(lines, stations, needs_voltage=True)
    others = [name for name in names if name not in chosen]
    if others:
        found.notes.append(Fault(path.name, "layers", "were left out", rows=tuple(others)))
    return found


def _chosen(names: Sequence[str], options: Sequence[str]) -> str | None:
    """Return the one layer that goes by one of the names."""
    there = [name for name in names if name.lower() in options]
    if len(there) > 1:
        raise UnreadableError(
            problem=f"has {len(there)} layers for one table: {', '.join(there)}", cure="Keep one of them"
        )
    return there[0] if there else None


def _layer(path: Path, name: str | None) -> gpd.GeoDataFrame:
    if name is None:
        return gpd.GeoDataFrame(geometry=[], crs=None)
    try:
        frame: pd.DataFrame = pyogrio.read_dataframe(path, layer=name)
    except TROUBLE:
        raise UnreadableError(problem=f"has a layer {name!r} that cannot be read", cure=AGAIN) from None
    if not isinstance(frame, gpd.GeoDataFrame):
        raise UnreadableError(
            problem=f"has a layer {name!r} without geometry", cure="Draw its rows"
        ) from None
    labels = pd.Index([f"{name}-{number}" for number in range(1, len(frame) + 1)], dtype=object)
    return frame.set_axis(labels)
