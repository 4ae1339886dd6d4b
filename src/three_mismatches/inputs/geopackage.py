"""A study as one GeoPackage: a layer for each table, and a layer `study` of keys and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from three_mismatches.errors import Fault
from three_mismatches.inputs.folder import NOT_SETTINGS
from three_mismatches.inputs.raw import Raw, checked_types, misspelt
from three_mismatches.layers.schemas import LAYERS

__all__ = ["SETTINGS_LAYER", "read_geopackage", "settings_table"]

SETTINGS_LAYER = "study"
TROUBLE = (DataSourceError, DataLayerError, FeatureError, OSError, ValueError, RuntimeError)
SQLITE_HEAD = b"SQLite format 3\x00"
APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")  # at byte 68 of the header (OGC 12-128r18, requirement 2)


def read_geopackage(path: Path) -> Raw:
    """
    Return what a GeoPackage holds of a study, unchecked.

    Parameters
    ----------
    path
        The file. Layers that are no table of a study are ignored, except one that is named almost like a
        table which is not there.
    """
    raw = Raw()
    if not _is_geopackage(path):
        raw.faults.append(Fault(path.name, "file", "is not a GeoPackage", "Write the file again"))
        return raw
    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except TROUBLE:
        raw.faults.append(Fault(path.name, "file", "cannot be read as a GeoPackage", "Write the file again"))
        return raw
    for name in [SETTINGS_LAYER, *LAYERS]:
        if name in layers:
            _add_layer(path, name, raw)
    others = {name: name for name in layers if name not in LAYERS and name != SETTINGS_LAYER}
    raw.faults += misspelt(others, [name for name in layers if name in LAYERS])
    return raw


def settings_table(values: Mapping[str, object]) -> pd.DataFrame:
    """Return settings as the layer that holds them: one row for each, its value as JSON."""
    rows = {
        "key": list(values),
        "value": [json.dumps(value, ensure_ascii=False) for value in values.values()],
    }
    return pd.DataFrame(rows)


def _is_geopackage(path: Path) -> bool:
    """Return whether the file says that it is one; GDAL would take any format, whatever the name."""
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError:
        return False
    return head.startswith(SQLITE_HEAD) and head[68:72] in APPLICATION_IDS


def _add_layer(path: Path, name: str, raw: Raw) -> None:
    """Add one layer, or the fault that it cannot be read, to what was read."""
    try:
        frame = pyogrio.read_dataframe(path, layer=name)
    except TROUBLE:
        raw.faults.append(Fault(name, "table", f"cannot be read from {path.name}", "Write the file again"))
        return
    if name in LAYERS:
        raw.frames[name] = frame
        return
    try:
        values: dict[str, Any] = {
            key: json.loads(value) for key, value in zip(frame["key"], frame["value"], strict=True)
        }
    except (KeyError, TypeError, ValueError, RecursionError):
        raw.faults.append(
            Fault(name, "value", "is not JSON", "Correct it, or delete the layer to take the defaults")
        )
        return
    raw.types, faults = checked_types(values.get("types", {}), SETTINGS_LAYER)
    raw.settings = {key: value for key, value in values.items() if key not in NOT_SETTINGS}
    raw.faults += faults
