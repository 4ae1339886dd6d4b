"""
Tables become files: whole or not at all, and the same bytes for the same tables.

A folder or file appears under its name only when it is complete. What is there already is replaced only when
the caller says so, and a folder only if it is one of ours.
"""

from __future__ import annotations

import csv
import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.codec import attributes, encode, further_types, unwritable
from three_mismatches.inputs.folder import SETTINGS_FILE
from three_mismatches.inputs.geopackage import SETTINGS_LAYER, settings_table
from three_mismatches.layers.checks import check, examined_fibre
from three_mismatches.layers.schemas import LAYERS, Layer
from three_mismatches.layers.settings import Settings
from three_mismatches.layers.tables import Fibre, StudyTables

__all__ = [
    "OWN_MARKS",
    "atomic_file",
    "atomic_folder",
    "check_folder",
    "write_fibre",
    "write_geopackage",
    "write_json",
    "write_study",
    "write_table",
]

ANSWER_FILE = "summary.json"
OWN_MARKS = (SETTINGS_FILE, ANSWER_FILE)
"""A folder that holds one of these was written by this library; its key "files" lists what else was."""

WRITTEN = "2000-01-01T00:00:00Z"  # the date inside every GeoPackage, so that equal tables give equal bytes
RESERVED = ("fid", "geom")  # columns that a GeoPackage layer has of its own


def write_study(
    tables: StudyTables, settings: Settings, path: str | Path, *, overwrite: bool = False
) -> Path:
    """
    Write a study so that `read_study` gives back the same tables and settings.

    Parameters
    ----------
    tables
        The tables; they are checked first.
    settings
        The settings.
    path
        A name ending in `.gpkg` for one GeoPackage; any other for a folder, of GeoParquet for tables with
        geometry, CSV for those without, and `study.json`.
    overwrite
        Whether a study that is there already is replaced.

    Returns
    -------
    path
        Where it was written.

    Raises
    ------
    LayerError
        If the tables are not valid, or a column of the user's own is of a type that no file keeps.
    FileExistsError
        If something is there and `overwrite` is False, or it is a folder of somebody else's.
    """
    return _write_tables(check(tables.frames()).frames(), settings.as_dict(), Path(path), overwrite=overwrite)


def write_fibre(fibre: Fibre, path: str | Path, *, overwrite: bool = False) -> Path:
    """
    Write a fibre network so that `read_fibre` gives back the same tables, the same bytes for the same tables.

    Parameters
    ----------
    fibre
        Nodes and routes; they are checked first.
    path
        A name ending in `.gpkg` for one GeoPackage; any other for a folder of GeoParquet, as a study is written.
    overwrite
        Whether what this library has written there is replaced.

    Returns
    -------
    path
        Where it was written.

    Raises
    ------
    LayerError
        If the tables are not valid, or a column of the user's own is of a type that no file keeps.
    FileExistsError
        If something is there and `overwrite` is False, or it is a folder of somebody else's.
    """
    checked, _ = examined_fibre({"fibre_nodes": fibre.fibre_nodes, "fibre_routes": fibre.fibre_routes})
    frames = {"fibre_nodes": checked.fibre_nodes, "fibre_routes": checked.fibre_routes}
    return _write_tables(frames, {}, Path(path), overwrite=overwrite)


def _write_tables(
    tables: Mapping[str, pd.DataFrame], settings: Mapping[str, object], target: Path, *, overwrite: bool
) -> Path:
    """Write checked tables and settings as a GeoPackage or a folder, whichever the name says."""
    frames = {name: frame for name, frame in tables.items() if _worth_writing(name, frame)}
    faults = [fault for name, frame in frames.items() for fault in unwritable(LAYERS[name], frame)]
    in_one_file = target.suffix.lower() == ".gpkg"
    if in_one_file:
        faults += [fault for name, frame in frames.items() for fault in _clashes(LAYERS[name], frame)]
    if faults:
        raise LayerError(faults)
    types = {name: further_types(LAYERS[name], frame) for name, frame in frames.items()}
    meta = {**settings, "types": {name: kinds for name, kinds in types.items() if kinds}}
    if in_one_file:
        _write_geopackage(frames, meta, target, overwrite=overwrite)
    else:
        _write_folder(frames, meta, target, overwrite=overwrite)
    return target


def write_table(frame: pd.DataFrame, path: str | Path, *, overwrite: bool = False) -> Path:
    """
    Write one table in the format that the suffix names, the same bytes for the same table.

    Parameters
    ----------
    frame
        The table; a named index becomes the first column.
    path
        A name ending in `.csv` (points become the columns lon and lat, other geometry is left out),
        `.parquet` or `.gpkg` (the layer is named after the file).
    overwrite
        Whether a file that is there already is replaced.

    Raises
    ------
    ValueError
        If the suffix is another.
    FileExistsError
        If the file is there and `overwrite` is False.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in (".csv", ".parquet", ".gpkg"):
        msg = f"cannot write {target.name!r}: the name must end in .csv, .parquet or .gpkg"
        raise ValueError(msg)
    with atomic_file(target, overwrite=overwrite) as part:
        if suffix == ".csv":
            _write_csv(_with_lonlat(frame), part)
        elif suffix == ".parquet":
            _columns(frame).to_parquet(part, index=False)
        else:
            _write_layer(frame, part, target.stem, append=False)
    return target


def write_geopackage(
    frames: Mapping[str, pd.DataFrame], path: str | Path, *, overwrite: bool = False
) -> Path:
    """
    Write tables as the layers of one GeoPackage, the same bytes for the same tables.

    Parameters
    ----------
    frames
        Tables by the name of their layer, with or without geometry.
    path
        The file that is to be.
    overwrite
        Whether a file that is there already is replaced.

    Raises
    ------
    FileExistsError
        If the file is there and `overwrite` is False.
    """
    target = Path(path)
    with atomic_file(target, overwrite=overwrite) as part:
        for number, (name, frame) in enumerate(frames.items()):
            _write_layer(frame, part, name, append=number > 0)
    return target


def write_json(values: Mapping[str, object], path: Path) -> None:
    """Write names and values as JSON, keys in their order, one to a line."""
    text = json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)
    # Half a letter, which no file can hold, becomes a question mark.
    path.write_text(text + "\n", encoding="utf-8", errors="replace", newline="\n")


@contextmanager
def atomic_file(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """
    Yield a name beside `path` to write to; it takes the name `path` when the block ends without an error.

    Parameters
    ----------
    path
        The file that is to be.
    overwrite
        Whether a file that is there already is replaced.

    Raises
    ------
    FileExistsError
        If it is there and `overwrite` is False, or it is a folder.
    """
    target = Path(path)
    if target.is_dir() or (target.exists() and not overwrite):
        raise FileExistsError(_taken(target, "a folder" if target.is_dir() else "there already"))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(target)
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path, *, overwrite: bool = False, mark: str = ANSWER_FILE) -> Iterator[Path]:
    """
    Yield an empty folder beside `path`; it takes the name `path` when the block ends without an error.

    An old folder is replaced only by one of its kind, an answer never takes the place of a study. Files in it that the
    mark's list "files" does not name are somebody else's: they are moved into the new folder.

    Parameters
    ----------
    path
        The folder that is to be.
    overwrite
        Whether a folder that is there already is replaced.
    mark
        The one of `OWN_MARKS` that the new folder will hold.

    Raises
    ------
    FileExistsError
        If it is there and not empty, and `overwrite` is False or the folder is not one of ours and of the same kind.
    """
    target = Path(path)
    check_folder(target, overwrite=overwrite, mark=mark)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _beside(target)
    part.mkdir()
    try:
        yield part
        _swap(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def check_folder(path: str | Path, *, overwrite: bool = False, mark: str = ANSWER_FILE) -> None:
    """
    Raise what `atomic_folder` would raise of a name, before the work that is to fill it.

    Parameters
    ----------
    path
        The folder that is to be.
    overwrite
        Whether a folder that is there already may be replaced.
    mark
        The one of `OWN_MARKS` that the new folder will hold.

    Raises
    ------
    FileExistsError
        If it is there and not empty, and `overwrite` is False or the folder is not one of ours and of the same kind.
    """
    target = Path(path)
    if target.exists() and not target.is_dir():
        raise FileExistsError(_taken(target, "a file"))
    if not target.is_dir() or not any(target.iterdir()):
        return
    if not overwrite:
        raise FileExistsError(_taken(target, "there already"))
    held = [own for own in OWN_MARKS if (target / own).is_file()]
    if not held:
        msg = f"{target} was not written by this library (no {' or '.join(OWN_MARKS)}). Give another name"
        raise FileExistsError(msg)
    if held != [mark]:
        what = "a study" if SETTINGS_FILE in held else "an answer"
        msg = f"{target} holds {what} ({', '.join(held)}), which is not replaced by anything else. Give another name"
        raise FileExistsError(msg)


def _taken(target: Path, what: str) -> str:
    return f"{target} is {what}. Give another name, or overwrite=True (--overwrite) to replace what this library wrote"


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.stem}-{uuid.uuid4().hex}{target.suffix}")


def _swap(part: Path, target: Path) -> None:
    """Give the new folder its name; what was there moves aside first and back if that fails."""
    if not target.exists():
        part.rename(target)
        return
    old, ours = _beside(target), _listed(target)
    target.rename(old)
    try:
        part.rename(target)
    except OSError:
        old.rename(target)
        raise
    _keep(old, target, ours)
    shutil.rmtree(old)


def _keep(old: Path, new: Path, ours: set[str]) -> None:
    """Move what is not ours from an old folder to the new one, from folders of ours too."""
    for entry in sorted(old.iterdir()):
        inside = {name.partition("/")[2] for name in ours if name.startswith(f"{entry.name}/")}
        if inside and entry.is_dir() and not entry.is_symlink():
            _keep_inside(entry, new / entry.name, inside)
        elif entry.name not in ours and not (new / entry.name).exists():
            entry.rename(new / entry.name)


def _keep_inside(old: Path, new: Path, ours: set[str]) -> None:
    """Move what is not ours from a folder of ours; one that the new answer lacks stays only for that."""
    there = new.is_dir()
    new.mkdir(exist_ok=True)
    _keep(old, new, ours)
    if not there and not any(new.iterdir()):
        new.rmdir()


def _listed(folder: Path) -> set[str]:
    """Return the names of the files that the folder's own marks say were written by us."""
    names = set(OWN_MARKS)
    for mark in OWN_MARKS:
        try:
            listed: Any = json.loads((folder / mark).read_text(encoding="utf-8"))["files"]
            names.update(str(name) for name in listed)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return names


def _worth_writing(name: str, frame: pd.DataFrame) -> bool:
    """Return whether reading would miss the table: it has rows, or columns of the user's own."""
    return bool(len(frame)) or bool(further_types(LAYERS[name], frame))


def _clashes(layer: Layer, frame: pd.DataFrame) -> list[Fault]:
    """Return a fault for each column that a GeoPackage cannot tell from another."""
    seen, faults = {*RESERVED}, []
    for name in [layer.index, *attributes(frame).columns]:
        if name.lower() in seen:
            problem = "is a name that a GeoPackage layer has already (capitals make no difference)"
            faults.append(Fault(layer.name, name, problem, "Rename it, or write a folder"))
        seen.add(name.lower())
    return faults


def _write_folder(
    frames: Mapping[str, pd.DataFrame], meta: Mapping[str, object], target: Path, *, overwrite: bool
) -> None:
    suffixes = {name: "csv" if LAYERS[name].geometry is None else "parquet" for name in frames}
    files = sorted([SETTINGS_FILE, *(f"{name}.{suffix}" for name, suffix in suffixes.items())])
    with atomic_folder(target, overwrite=overwrite, mark=SETTINGS_FILE) as part:
        for name, frame in frames.items():
            write_table(frame, part / f"{name}.{suffixes[name]}")
        write_json({**meta, "files": files}, part / SETTINGS_FILE)


def _write_geopackage(
    frames: Mapping[str, pd.DataFrame], meta: Mapping[str, object], target: Path, *, overwrite: bool
) -> None:
    write_geopackage({**frames, SETTINGS_LAYER: settings_table(meta)}, target, overwrite=overwrite)


def _write_layer(frame: pd.DataFrame, path: Path, layer: str, *, append: bool) -> None:
    """Write one layer of a GeoPackage; kinds of geometry are kept as they are, mixed or not."""
    table = _columns(frame)
    table = table.assign(**{name: encode(table[name]) for name in attributes(table).columns})
    kinds = {"geometry_type": _geometry_type(table)} if _has_geometry(table) else {}
    with _dated():
        pyogrio.write_dataframe(
            table, path, layer=layer, driver="GPKG", append=append, promote_to_multi=False, **kinds
        )


def _geometry_type(table: gpd.GeoDataFrame) -> str:
    """Return the one kind of geometry in a table, or what a GeoPackage calls a mixture."""
    shapes = table.geometry.dropna()
    kinds = set(shapes.geom_type + shapes.has_z.map({True: " Z", False: ""}))
    return kinds.pop() if len(kinds) == 1 else "Unknown"


@contextmanager
def _dated() -> Iterator[None]:
    """Let GDAL write a fixed date instead of today's."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": WRITTEN})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _has_geometry(frame: pd.DataFrame) -> bool:
    return isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None


def _columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its named index, or the levels of it, as the first columns."""
    return frame.reset_index(drop=all(name is None for name in frame.index.names))


def _with_lonlat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without geometry; points are kept as longitude and latitude."""
    plain = attributes(frame)
    if not _has_geometry(frame) or not (frame.geometry.dropna().geom_type == "Point").all():
        return plain
    position = {"lon": frame.geometry.x, "lat": frame.geometry.y}
    return plain.assign(**{name: values for name, values in position.items() if name not in plain})


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    table = _columns(frame)
    table = table.assign(**{name: encode(table[name]) for name in table.columns})
    # Python leaves a lone carriage return unquoted, and every reader takes it for the end of the row.
    returns = any("\r" in text for name in table for text in (name, *table[name]) if isinstance(text, str))
    table.to_csv(
        path,
        index=False,
        encoding="utf-8",
        lineterminator="\n",
        quoting=csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL,
    )
