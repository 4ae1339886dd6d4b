"""A fibre network as this library writes it, alone or as a part of a study."""

from __future__ import annotations

from pathlib import Path

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.folder import SETTINGS_FILE, read_folder
from three_mismatches.inputs.geopackage import SETTINGS_LAYER, read_geopackage
from three_mismatches.inputs.raw import Raw, restored
from three_mismatches.inputs.shapes import in_lonlat, parse_crs, with_geometry
from three_mismatches.layers.checks import examined_fibre, tell
from three_mismatches.layers.schemas import LAYERS
from three_mismatches.layers.tables import Fibre

__all__ = ["read_fibre"]

TABLES = ("fibre_nodes", "fibre_routes")


def read_fibre(path: str | Path, *, crs: str | int | None = None, reproject: bool = False) -> Fibre:
    """
    Return the fibre network of a GeoPackage or folder that has the tables `fibre_nodes` and `fibre_routes`.

    Parameters
    ----------
    path
        What `write_fibre` or `Study.write` wrote, or files of the same form; other tables are not looked at.
    crs
        Coordinate system of files that carry none.
    reproject
        Whether other systems are converted to EPSG:4326.

    Returns
    -------
    fibre
        The tables, with the columns and types that they were written with.

    Raises
    ------
    LayerError
        With every fault, as `fibre_from_frames` raises it.

    Warns
    -----
    AssumptionWarning
        As `fibre_from_frames` does.

    Examples
    --------
    >>> fibre = read_fibre(write_fibre(fibre, "fibre.gpkg"))  # doctest: +SKIP
    """
    system = parse_crs(crs)
    raw, where = _read(Path(path))
    faults = [fault for fault in raw.faults if fault.table not in LAYERS or fault.table in TABLES]
    frames = {}
    for name in (name for name in TABLES if name in raw.frames):
        typed, more = restored(name, raw.frames[name], raw.types, where)
        placed, odd = with_geometry(LAYERS[name], typed)
        frames[name] = in_lonlat(placed, crs=system, reproject=reproject)
        faults += [*more, *odd]
    fibre, notes = examined_fibre(frames, known=faults)
    tell(notes, stacklevel=3)
    return fibre


def _read(path: Path) -> tuple[Raw, str]:
    """Return what lies at a path, and what its column types are kept in."""
    if path.is_dir():
        raw, where = read_folder(path), SETTINGS_FILE
    elif path.is_file() and path.suffix.lower() == ".gpkg":
        raw, where = read_geopackage(path), SETTINGS_LAYER
    else:
        problem = "is neither a folder nor a .gpkg file" if path.exists() else "does not exist"
        raise LayerError([Fault(str(path), "path", problem, "Give what write_fibre() wrote")])
    if not set(TABLES) & set(raw.frames) and not raw.faults:
        raise LayerError(
            [Fault(str(path), "path", "holds no fibre", f"Its tables are {' and '.join(TABLES)}")]
        )
    return raw, where
