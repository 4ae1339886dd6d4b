"""From a path to a checked power map."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pyproj

from three_mismatches.errors import AssumptionWarning, CRSError, Fault, LayerError
from three_mismatches.inputs.power_map.features import Found, UnreadableError
from three_mismatches.inputs.power_map.geojson import read_json
from three_mismatches.inputs.power_map.geopackage import read_lines_geopackage
from three_mismatches.inputs.power_map.osm_xml import read_osm_xml
from three_mismatches.inputs.power_map.pbf import read_pbf
from three_mismatches.inputs.power_map.tables import PowerMap, line_table, substation_table, together
from three_mismatches.inputs.shapes import parse_crs

__all__ = ["read_power_map"]

READERS: dict[str, Callable[[Path], Found]] = {
    ".geojson": read_json,
    ".json": read_json,
    ".osm": read_osm_xml,
    ".pbf": read_pbf,
    ".gpkg": read_lines_geopackage,
}


def read_power_map(
    path: str | Path,
    *,
    substations: str | Path | None = None,
    crs: str | int | None = None,
    reproject: bool = False,
) -> PowerMap:
    """
    Return the power lines and substations that a file draws.

    Nothing is joined and no value is read into: voltages stay text. What each form must hold is in
    `docs/reading_power_lines.md`.

    Parameters
    ----------
    path
        A GeoJSON file (`.geojson`), an answer of the Overpass API (`.json`), an extract of OpenStreetMap
        (`.osm.pbf`, `.osm`), or a GeoPackage (`.gpkg`).
    substations
        A second file, in any of these forms. Its substations come after those of the first; its lines are left
        out.
    crs
        Coordinate system of GeoPackage layers that carry none. GeoJSON and OpenStreetMap are EPSG:4326 by
        their standards.
    reproject
        Whether other systems are converted to EPSG:4326.

    Returns
    -------
    power_map
        The two tables, in EPSG:4326.

    Raises
    ------
    LayerError
        With every fault of every file. A `CRSError` if all are about coordinate systems.

    Warns
    -----
    AssumptionWarning
        For what was left out, and for shapes and counts that had to be taken for something.

    Examples
    --------
    >>> power_map = read_power_map("lines.geojson", substations="substations.geojson")  # doctest: +SKIP
    """
    system = parse_crs(crs)
    paths = [Path(path)] if substations is None else [Path(path), Path(substations)]
    faults: list[Fault] = []
    notes: list[Fault] = []
    drawn: list[PowerMap] = []
    for number, one in enumerate(paths):
        found, more = _read(one)
        faults += more
        if found is not None:
            found.needs_voltage &= number == 0  # lines are taken from the first file only
            drawn.append(_tables(found, one, faults, notes, crs=system, reproject=reproject))
    if drawn and not faults:
        faults += _no_lines(drawn[0], paths[0])
    if faults:
        raise CRSError(faults) if all(fault.column == "crs" for fault in faults) else LayerError(faults)
    if len(drawn) > 1 and len(drawn[1].lines):
        problem = f"{len(drawn[1].lines)} lines of the file of substations were left out"
        notes.append(Fault(paths[1].name, "lines", problem, "Join the two files first if they are wanted"))
    if drawn[0].lines["voltage"].isna().all():
        problem = "is missing on every line: none can become part of a grid"
        notes.append(Fault(f"lines of {paths[0].name}", "voltage", problem))
    for note in notes:
        warnings.warn(f"{note.table}: {note.column} {note}", AssumptionWarning, stacklevel=2)
    return PowerMap(drawn[0].lines, together([one.substations for one in drawn]))


def _tables(
    found: Found,
    path: Path,
    faults: list[Fault],
    notes: list[Fault],
    *,
    crs: pyproj.CRS | None,
    reproject: bool,
) -> PowerMap:
    """Return what one file holds as tables, and add what is to be said of it."""
    lines, *said = line_table(found, where=path.name, crs=crs, reproject=reproject)
    stations, *more = substation_table(found, where=path.name, crs=crs, reproject=reproject)
    faults += [*found.faults, *said[0], *more[0]]
    notes += [*found.notes, *said[1], *more[1]]
    return PowerMap(lines, stations)


def _read(path: Path) -> tuple[Found | None, list[Fault]]:
    """Return what lies at a path, or the fault that it cannot be read."""
    if not path.is_file():
        return None, [_no_file(path)]
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        cure = f"Give one of {', '.join(READERS)}; unpack it first if it is compressed"
        return None, [Fault(path.name, "file", "is of a form that is not read", cure)]
    try:
        return reader(path), []
    except UnreadableError as error:
        return None, [Fault(path.name, "file", *error.args)]
    except OSError as error:
        return None, [Fault(path.name, "file", f"cannot be opened ({error.strerror})", "See who may read it")]


def _no_file(path: Path) -> Fault:
    if not path.exists():
        return Fault(str(path), "path", "does not exist", "Give a file of power lines")
    cure = "Give a file; a folder of buses.csv and lines.csv is read by read_network_csv()"
    return Fault(str(path), "path", "is not a file", cure)


def _no_lines(power_map: PowerMap, path: Path) -> list[Fault]:
    if len(power_map.lines):
        return []
    cure = "Draw lines as LineString; in OpenStreetMap they are tagged power=line, cable or minor_line"
    return [Fault(path.name, "lines", "holds no power line", cure)]
