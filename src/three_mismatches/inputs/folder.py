"""A study as a folder: one file for each table, and `study.json`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from shapely.geometry import shape

from three_mismatches.errors import Fault
from three_mismatches.inputs.codec import Types
from three_mismatches.inputs.raw import Raw, checked_types, misspelt, parse_json
from three_mismatches.layers.geometry import LONLAT
from three_mismatches.layers.schemas import LAYERS

__all__ = ["SETTINGS_FILE", "read_folder"]

SETTINGS_FILE = "study.json"
NOT_SETTINGS = ("files", "types")  # what study.json holds for us, not for the study


class _UnreadableError(Exception):
    """A file is not what its name says."""

    def __init__(self, *, problem: str, cure: str) -> None:
        super().__init__(problem, cure)


def read_folder(folder: Path) -> Raw:
    """
    Return what a folder holds of a study, unchecked.

    Parameters
    ----------
    folder
        A folder with `<table>.parquet`, `.geojson`, `.json` or `.csv` for each table that there is. Other
        files are ignored, except one that is named almost like a table which is not there.
    """
    raw = Raw()
    _read_settings(folder / SETTINGS_FILE, raw)
    files = _table_files(folder)
    for name, paths in files.items():
        if len(paths) > 1:
            listed = ", ".join(path.name for path in paths)
            raw.faults.append(Fault(name, "table", f"is in {len(paths)} files: {listed}", "Keep one of them"))
            continue
        try:
            raw.frames[name] = READERS[paths[0].suffix](paths[0], name, raw.types)
        except _UnreadableError as error:
            raw.faults.append(Fault(name, paths[0].name, *error.args))
    others = {path.stem: path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in READERS}
    raw.faults += misspelt({stem: name for stem, name in others.items() if stem not in LAYERS}, files)
    return raw


def _table_files(folder: Path) -> dict[str, list[Path]]:
    found = {name: [folder / f"{name}{suffix}" for suffix in READERS] for name in LAYERS}
    kept = {name: [path for path in paths if path.is_file()] for name, paths in found.items()}
    return {name: paths for name, paths in kept.items() if paths}


def _read_settings(path: Path, raw: Raw) -> None:
    """Add the settings of `study.json`, if it is there, to what was read."""
    if not path.is_file():
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    values, faults = parse_json(text, SETTINGS_FILE, "file")
    raw.types, more = checked_types(values.get("types", {}), SETTINGS_FILE)
    raw.settings = {name: value for name, value in values.items() if name not in NOT_SETTINGS}
    raw.faults += faults + more


def _read_csv(path: Path, name: str, types: Types) -> pd.DataFrame:
    """Return a CSV file; what the schema or `study.json` gives a type is read as text, the rest inferred."""
    told = [*LAYERS[name].columns, LAYERS[name].index, *types.get(name, {})]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row longer than the header
            return pd.read_csv(
                path,
                dtype=dict.fromkeys(told, str),
                keep_default_na=False,
                na_values=[""],
                index_col=False,
                encoding="utf-8-sig",
                low_memory=False,
            )
    except UnicodeDecodeError:
        raise _UnreadableError(problem="is not UTF-8", cure="Save it as CSV UTF-8") from None
    except pd.errors.EmptyDataError:
        raise _UnreadableError(
            problem="is empty: it has no header", cure="Write the column names, or delete it"
        ) from None
    except (OSError, ValueError, pd.errors.ParserWarning):
        cure = "Quote fields that hold commas or line breaks, and count the fields of each row"
        raise _UnreadableError(problem="is not a table of comma-separated values", cure=cure) from None


def _read_parquet(path: Path, name: str, types: Types) -> pd.DataFrame:
    """Return a GeoParquet file, or a Parquet file without geometry."""
    del name, types  # a Parquet file carries its own
    try:
        is_geo = b"geo" in (pq.read_schema(path).metadata or {})
        frame: pd.DataFrame = gpd.read_parquet(path) if is_geo else pd.read_parquet(path)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, shapely.errors.ShapelyError):
        raise _UnreadableError(problem="cannot be read as Parquet", cure="Write the file again") from None
    return frame


def _read_geojson(path: Path, name: str, types: Types) -> pd.DataFrame:
    """
    Return a GeoJSON file.

    It is read here rather than by GDAL, which takes whatever driver fits the content: some of them open
    further files and addresses that the content names.
    """
    del types
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise _UnreadableError(problem="is not UTF-8", cure="Save it as UTF-8") from None
    collection, faults = parse_json(text, name, path.name)
    features = collection.get("features")
    if faults or not isinstance(features, list) or not all(isinstance(item, dict) for item in features):
        raise _UnreadableError(problem="is not a GeoJSON FeatureCollection", cure="Write it again as GeoJSON")
    rows = [item.get("properties") or {} for item in features]
    shapes = [_shape(item.get("geometry"), number) for number, item in enumerate(features)]
    series = gpd.GeoSeries(shapes, index=range(len(rows)), crs=_stated_crs(collection))
    frame: pd.DataFrame = gpd.GeoDataFrame(pd.DataFrame(rows, index=range(len(rows))), geometry=series)
    return frame


def _shape(geometry: Any, number: int) -> object:  # noqa: ANN401 - whatever JSON holds
    if geometry is None:
        return None
    try:
        return shape(geometry)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError):
        problem = f"has no readable geometry in feature {number} (counted from 0)"
        raise _UnreadableError(problem=problem, cure="Draw it again, or write null") from None


def _stated_crs(collection: dict[str, Any]) -> pyproj.CRS:
    """Return the system that older GeoJSON may state; by its standard it is longitude and latitude."""
    stated = collection.get("crs")
    if stated is None:
        return LONLAT
    try:
        return pyproj.CRS.from_user_input(str(stated["properties"]["name"]))
    except (TypeError, KeyError, pyproj.exceptions.CRSError):
        shown = json.dumps(stated)[:60]
        raise _UnreadableError(
            problem=f"states an unknown crs: {shown}", cure="Write it again in EPSG:4326"
        ) from None


READERS: dict[str, Callable[[Path, str, Types], pd.DataFrame]] = {
    ".parquet": _read_parquet,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".csv": _read_csv,
}
