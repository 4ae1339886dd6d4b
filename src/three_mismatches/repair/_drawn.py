"""From a table of lines to what can be strung: one row for each line and level, everything else set aside."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.geodesy import length_km
from three_mismatches.repair._chains import Drawn
from three_mismatches.repair._columns import circuit_refs, frequencies, from_osm, text_of, voltage_text
from three_mismatches.repair._log import Log
from three_mismatches.repair._voltages import parse_voltage
from three_mismatches.repair._zones import Land
from three_mismatches.repair.rules import RepairRules

__all__ = ["make_drawn"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

MOST_CIRCUITS = 100
"""More than any row of towers carries: a slip of the pen."""

DIRECT_WORDS = ("HVDC", "直流")
"""Words in a line's name that say so too; a map may give the voltage of a DC line and forget its frequency."""


def make_drawn(lines: gpd.GeoDataFrame, land: Land, rules: RepairRules, log: Log) -> Drawn:
    """Return one row for each part and level of each line; what cannot be used goes to the log, with the reason."""
    ids = np.asarray(lines.index.astype(str), dtype=object)
    dc = _direct(lines, ids, log)
    hertz, strange = _hertz(lines, ids, dc, land, log)
    levels = _levels(lines, ids, dc, strange, rules, log)
    shapes, row = shapely.get_parts(shapely.force_2d(lines.geometry.to_numpy()), return_index=True)
    count = np.array([len(levels[at]) for at in row], dtype=np.int64)
    each = np.repeat(np.arange(len(row)), count)
    v_nom = np.array([kv for at in row for kv in levels[at]], dtype=np.float64)
    table = _known(lines, ids, log).assign(dc=dc, hertz=hertz).iloc[row[each]].reset_index(drop=True)
    # Circuits of a line with several levels are divided among them on the map; nobody says how.
    several = np.repeat(count, count) > 1
    untold = table.loc[several & table["circuits"].notna()].drop_duplicates("line")
    place = shapely.get_coordinates(shapely.point_on_surface(shapes[each][untold.index]))
    log.add("set aside", "circuits of a line of several levels: not told apart", untold["line"], lonlat=place)
    circuits = table["circuits"].mask(several)
    return Drawn(shapes[each], table.assign(v_nom=v_nom, circuits=circuits))


def _known(lines: gpd.GeoDataFrame, ids: Objects, log: Log) -> pd.DataFrame:
    """Return what the map says of each line beside its voltage."""
    return pd.DataFrame(
        {
            "line": ids,
            "zone": text_of(lines, "zone"),
            "area": text_of(lines, "area"),
            "circuits": _circuits(lines, ids, log),
            "kind": np.where(text_of(lines, "kind") == "cable", "cable", "line"),
            "ref": circuit_refs(lines),
            "name": text_of(lines, "name"),
        }
    )


def _hertz(lines: gpd.GeoDataFrame, ids: Objects, dc: Bools, land: Land, log: Log) -> tuple[Floats, Bools]:
    """Return the frequency of each line as far as it decides the zone, and which have a frequency of no area."""
    text = text_of(lines, "frequency")
    told = [frequencies(one) for one in text]
    placed = dc | (text_of(lines, "zone") != "")
    unclear = np.array([one is None or len(one) > 1 for one in told], dtype=bool) & ~placed
    for at in np.flatnonzero(unclear).tolist():
        reason = f"frequency of a line: {text[at][:40]}: no single one, taken as unknown"
        log.add("keep", reason, ids[[at]], lonlat=_middle(lines, [at]), suspicious=True)
    hertz = np.array([one[0] if one and len(one) == 1 else np.nan for one in told], dtype=np.float64)
    hertz[placed | ~np.isfinite(land.hertz).any()] = np.nan
    return hertz, np.isfinite(hertz) & ~np.isin(hertz, land.hertz)


def _circuits(lines: gpd.GeoDataFrame, ids: Objects, log: Log) -> Floats:
    """Return how many circuits the map states for each line, NaN where that is nothing to count."""
    text = text_of(lines, "circuits")
    count = pd.to_numeric(pd.Series(text), errors="coerce").to_numpy(np.float64, copy=True)
    count[~np.isfinite(count)] = np.nan
    odd = (text != "") & ~((count >= 1.0) & (count <= MOST_CIRCUITS) & (count % 1.0 == 0.0))
    for at in np.flatnonzero(odd).tolist():
        reason = f"circuits of a line: {text[at][:40]}: no whole number from 1 to {MOST_CIRCUITS}"
        log.add("set aside", reason, ids[[at]], lonlat=_middle(lines, [at]))
    count[odd] = np.nan
    return count


def _middle(lines: gpd.GeoDataFrame, rows: list[int]) -> Floats:
    """Return a place on each of some lines, NaN for one without a geometry."""
    shapes = lines.geometry.to_numpy()[rows]
    where = np.full((len(rows), 2), np.nan)
    there = ~(pd.isna(shapes) | shapely.is_empty(shapes))
    where[there] = shapely.get_coordinates(shapely.point_on_surface(shapes[there]))
    return where


def _levels(
    lines: gpd.GeoDataFrame, ids: Objects, dc: Bools, strange: Bools, rules: RepairRules, log: Log
) -> list[tuple[float, ...]]:
    """Return the levels of each line that can be used; what cannot goes to the log."""
    shapes = lines.geometry.to_numpy()
    there = ~(pd.isna(shapes) | shapely.is_empty(shapes))
    long = shapely.length(np.where(there, shapes, None)) > 0.0
    levels: list[tuple[float, ...]] = []
    aside: dict[str, list[int]] = {}
    for at, (text, osm) in enumerate(zip(voltage_text(lines), from_osm(lines), strict=True)):
        # Direct current has voltages of its own.
        voltage = parse_voltage(text or None, () if dc[at] else rules.classes or (), in_volts=osm)
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
    frequency, name = text_of(lines, "frequency"), text_of(lines, "name")
    told = np.array([frequencies(text) == (0.0,) for text in frequency], dtype=bool)
    named = (frequency == "") & np.array(
        [any(word in text for word in DIRECT_WORDS) for text in name], dtype=bool
    )
    where = _middle(lines, np.flatnonzero(named).tolist())
    log.add("keep", "taken as direct current by its name", ids[named], lonlat=where, suspicious=True)
    return np.asarray(told | named, dtype=bool)
