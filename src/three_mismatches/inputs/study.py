"""From a path to a checked study."""

from __future__ import annotations

from pathlib import Path

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.folder import SETTINGS_FILE, read_folder
from three_mismatches.inputs.geopackage import SETTINGS_LAYER, read_geopackage
from three_mismatches.inputs.raw import Raw, restored
from three_mismatches.inputs.shapes import in_lonlat, parse_crs, with_geometry
from three_mismatches.layers.checks import check
from three_mismatches.layers.schemas import LAYERS
from three_mismatches.layers.settings import Settings, settings_faults
from three_mismatches.layers.tables import StudyTables

__all__ = ["read_study"]


def read_study(
    path: str | Path, *, crs: str | int | None = None, reproject: bool = False
) -> tuple[StudyTables, Settings]:
    """
    Return the tables and the settings of a study.

    Parameters
    ----------
    path
        A folder with one file for each table (`.parquet`, `.geojson`, `.json`, `.csv`) and `study.json`,
        or one GeoPackage with a layer for each.
    crs
        Coordinate system of the files that carry none. Columns named lon and lat are EPSG:4326.
    reproject
        Whether other systems are converted to EPSG:4326.

    Returns
    -------
    tables
        Every table, complete and valid; one without a file has no rows.
    settings
        The settings; the defaults where the study has none.

    Raises
    ------
    LayerError
        With every fault of every file and table. A `CRSError` if all are about coordinate systems.

    Examples
    --------
    >>> tables, settings = read_study("my_study", crs="EPSG:4326")  # doctest: +SKIP
    """
    system = parse_crs(crs)
    raw, where = _read(Path(path))
    frames = {}
    for name, frame in raw.frames.items():
        typed, faults = restored(name, frame, raw.types, where)
        placed, more = with_geometry(LAYERS[name], typed)
        frames[name] = in_lonlat(placed, crs=system, reproject=reproject)
        raw.faults += faults + more
    raw.faults += settings_faults(raw.settings, where=where)
    tables = check(frames, known=raw.faults)
    return tables, Settings(**raw.settings)


def _read(path: Path) -> tuple[Raw, str]:
    """Return what lies at a path, and what its settings are called."""
    if path.is_dir():
        raw, where = read_folder(path), SETTINGS_FILE
    elif path.is_file() and path.suffix.lower() == ".gpkg":
        raw, where = read_geopackage(path), SETTINGS_LAYER
    else:
        raise LayerError([_no_study(path)])
    if not raw.frames:
        cure = f"Its tables are {', '.join(LAYERS)}; it needs sites and areas"
        raise LayerError(raw.faults or [Fault(str(path), "path", "holds no table of a study", cure)])
    return raw, where


def _no_study(path: Path) -> Fault:
    if not path.exists():
        return Fault(str(path), "path", "does not exist", "Give a folder of tables or a GeoPackage")
    return Fault(str(path), "path", "is neither a folder nor a .gpkg file", "Give the folder that it lies in")
