"""From a table of lines to what can be strung: one row for each line and level, everything else set aside."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError
from three_mismatches.geodesy import length_km
from three_mismatches.layers.geometry import is_lonlat
from three_mismatches.repair._chains import Drawn
from three_mismatches.repair._log import Log
from three_mismatches.repair._voltages import parse_voltage
from three_mismatches.repair._zones import Land
from three_mismatches.repair.rules import RepairRules

__all__ = ["make_drawn", "refuse", "voltage_text"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

VOLTAGE_COLUMNS = ("voltage", "v_nom", "kv")
"""Where a line's or substation's voltage may stand; the first that is there counts."""

DIRECT = "0"
"""What a map writes under `frequency` of a line of direct current."""

DIRECT_WORDS = ("HVDC", "直流")
"""Words in a line's name that say so too; a map may give the voltage of a DC line and forget its frequency."""

LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
PLACES = (shapely.GeometryType.POINT, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
SURFACES = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def refuse(
    lines: gpd.GeoDataFrame, substations: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, tolerance_km: float
) -> None:
    """Raise one error that names every fault of the three tables."""
    faults = _geometry_faults("lines", lines, LINES, "Draw it as a LineString")
    faults += _geometry_faults("substations", substations, PLACES, "Draw it as a Point or a Polygon")
    faults += _geometry_faults("areas", areas, SURFACES, "Draw it as a Polygon")
    if not any(column in lines for column in VOLTAGE_COLUMNS):
        cure = f"Name the column that holds it one of {', '.join(VOLTAGE_COLUMNS)}"
        faults.append(Fault("lines", "voltage", "is not there", cure))
    if "zone" not in areas:
        faults.append(Fault("areas", "zone", "is not there", "Name each area's synchronous zone"))
    elif areas["zone"].isna().any():
        nameless = tuple(map(str, areas.index[areas["zone"].isna()]))
        faults.append(Fault("areas", "zone", "missing", "Name the area's synchronous zone", nameless))
    if not len(areas):
        faults.append(
            Fault("areas", "table", "has no rows", "A grid needs areas: they say which zone is where")
        )
    for name, table in (("lines", lines), ("substations", substations), ("areas", areas)):
        twice = tuple(map(str, table.index[table.index.duplicated()]))
        if twice:
            faults.append(Fault(name, "index", "the id is given twice", "Name each row differently", twice))
    if not 0.0 <= tolerance_km < np.inf:
        faults.append(Fault("options", "tolerance_km", f"is {tolerance_km!r}", "Give kilometres >= 0"))
    if faults:
        raise LayerError(faults)


def _geometry_faults(name: str, table: gpd.GeoDataFrame, kinds: tuple[int, ...], cure: str) -> list[Fault]:
    """Return what is wrong with the coordinate system and the shapes of a table."""
    if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None:
        return [Fault(name, "geometry", "is not there", "Give a GeoDataFrame with a geometry")]
    if not len(table):
        return []
    if not is_lonlat(table.crs):
        return [Fault(name, "crs", f"is {table.crs}", 'Set it, or convert with .to_crs("EPSG:4326")')]
    shapes = table.geometry.to_numpy()
    empty = pd.isna(shapes) | shapely.is_empty(shapes)
    wrong = ~empty & ~np.isin(shapely.get_type_id(shapes), kinds)
    faults = []
    if wrong.any():
        faults.append(
            Fault(name, "geometry", "is of another kind", cure, tuple(map(str, table.index[wrong])))
        )
    lonlat, row = shapely.get_coordinates(shapes, return_index=True)
    off = ~np.isfinite(lonlat).all(axis=1) | (np.abs(lonlat[:, 1]) > 90.0) | (np.abs(lonlat[:, 0]) > 180.0)
    if off.any():
        rows = tuple(map(str, table.index[np.unique(row[off])]))
        faults.append(Fault(name, "geometry", "lies beyond longitude 180 or latitude 90", "Correct it", rows))
    return faults


def make_drawn(lines: gpd.GeoDataFrame, land: Land, rules: RepairRules, log: Log) -> Drawn:
    """Return one row for each part and level of each line; what cannot be used goes to the log, with the reason."""
    ids = np.asarray(lines.index.astype(str), dtype=object)
    dc = _direct(lines, ids, log)
    hertz, strange = _hertz(lines, dc, land)
    levels = _levels(lines, ids, dc, strange, rules, log)
    shapes, row = shapely.get_parts(shapely.force_2d(lines.geometry.to_numpy()), return_index=True)
    count = np.array([len(levels[at]) for at in row], dtype=np.int64)
    each = np.repeat(np.arange(len(row)), count)
    v_nom = np.array([kv for at in row for kv in levels[at]], dtype=np.float64)
    table = _known(lines, ids).assign(dc=dc, hertz=hertz).iloc[row[each]].reset_index(drop=True)
    # Circuits of a line with several levels are divided among them on the map; nobody says how.
    circuits = table["circuits"].mask(np.repeat(count, count) > 1)
    return Drawn(shapes[each], table.assign(v_nom=v_nom, circuits=circuits))


def _known(lines: gpd.GeoDataFrame, ids: Objects) -> pd.DataFrame:
    """Return what the map says of each line beside its voltage."""
    has_circuits = "circuits" in lines
    return pd.DataFrame(
        {
            "line": ids,
            "zone": _text(lines, "zone"),
            "area": _text(lines, "area"),
            "circuits": pd.to_numeric(lines["circuits"], errors="coerce").to_numpy(np.float64)
            if has_circuits
            else np.nan,
            "kind": np.where(_text(lines, "kind") == "cable", "cable", "line"),
            "ref": _text(lines, "ref"),
            "name": _text(lines, "name"),
        }
    )


def _hertz(lines: gpd.GeoDataFrame, dc: Bools, land: Land) -> tuple[Floats, Bools]:
    """Return the frequency of each line as far as it decides the zone, and which have a frequency of no area."""
    hertz = pd.to_numeric(pd.Series(_text(lines, "frequency")), errors="coerce").to_numpy(
        np.float64, copy=True
    )
    hertz[dc | (hertz <= 0.0) | (_text(lines, "zone") != "") | ~np.isfinite(land.hertz).any()] = np.nan
    return hertz, np.isfinite(hertz) & ~np.isin(hertz, land.hertz)


def _text(table: gpd.GeoDataFrame, column: str) -> Objects:
    if column not in table:
        return np.full(len(table), "", dtype=object)
    values = ["" if value is None or value != value else str(value).strip() for value in table[column]]
    return np.array(values, dtype=object)


def voltage_text(table: gpd.GeoDataFrame) -> Objects:
    """Return what the table says of voltage, in the first column that may hold it."""
    for column in VOLTAGE_COLUMNS:
        if column in table:
            return _text(table, column)
    return np.full(len(table), "", dtype=object)


def _levels(
    lines: gpd.GeoDataFrame, ids: Objects, dc: Bools, strange: Bools, rules: RepairRules, log: Log
) -> list[tuple[float, ...]]:
    """Return the levels of each line that can be used; what cannot goes to the log."""
    shapes = lines.geometry.to_numpy()
    there = ~(pd.isna(shapes) | shapely.is_empty(shapes))
    long = shapely.length(np.where(there, shapes, None)) > 0.0
    levels: list[tuple[float, ...]] = []
    aside: dict[str, list[int]] = {}
    for at, text in enumerate(voltage_text(lines)):
        # Direct current has voltages of its own.
        voltage = parse_voltage(text or None, () if dc[at] else rules.classes or ())
        usable = tuple(kv for kv in voltage.levels if kv >= rules.least_kv)
        reasons = [f"voltage of a line: {problem}" for problem in voltage.refused]
        if not there[at]:
            reasons.append("line without a geometry")
        elif not long[at]:
            reasons.append("line without length")
        elif strange[at]:
            reasons.append("frequency of no area")
        elif voltage.levels and not usable:
            reasons.append(f"voltage of a line is below {rules.least_kv:g} kV")
        elif not reasons and not usable:
            reasons.append("voltage of a line is not on the map")
        levels.append(usable if long[at] and not strange[at] else ())
        for reason in reasons:
            aside.setdefault(reason, []).append(at)
    unused = np.array([not usable for usable in levels], dtype=bool)
    for reason, rows in aside.items():
        _log_aside(log, reason, ids[rows], shapes[rows], unused[rows])
    return levels


def _log_aside(log: Log, reason: str, ids: Objects, shapes: Objects, unused: Bools) -> None:
    """Add a row for each line that is set aside; with its length, if no part of it is used."""
    where, km = np.full((len(ids), 2), np.nan), np.full(len(ids), np.nan)
    known = ~(pd.isna(shapes) | shapely.is_empty(shapes))
    where[known] = shapely.get_coordinates(shapely.point_on_surface(shapes[known]))
    km[known & unused] = length_km(shapely.force_2d(shapes[known & unused]))
    log.add("set aside", reason, ids, lonlat=where, km=km)


def _direct(lines: gpd.GeoDataFrame, ids: Objects, log: Log) -> Bools:
    """Return which lines carry direct current: by their frequency, or by their name where none is given."""
    frequency, name = _text(lines, "frequency"), _text(lines, "name")
    told = frequency == DIRECT
    named = (frequency == "") & np.array(
        [any(word in text for word in DIRECT_WORDS) for text in name], dtype=bool
    )
    where = np.full((len(ids), 2), np.nan)
    shapes = lines.geometry.to_numpy()
    placed = named & ~(pd.isna(shapes) | shapely.is_empty(shapes))
    where[placed] = shapely.get_coordinates(shapely.point_on_surface(shapes[placed]))
    log.add("keep", "taken as direct current by its name", ids[named], lonlat=where[named], suspicious=True)
    return np.asarray(told | named, dtype=bool)
