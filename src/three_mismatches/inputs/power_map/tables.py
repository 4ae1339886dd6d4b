"""The two tables of a power map, whatever form they came in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from three_mismatches.errors import Fault
from three_mismatches.inputs.power_map.features import MOST_CIRCUITS, OSM_ID, Found, free_name
from three_mismatches.inputs.shapes import in_lonlat
from three_mismatches.layers.geometry import LONLAT, geometry_of
from three_mismatches.layers.schemas import Layer
from three_mismatches.layers.tidy import TEXT, all_text, as_text, labels

__all__ = ["LINE_COLUMNS", "SUBSTATION_COLUMNS", "PowerMap", "line_table", "substation_table", "together"]

LINE_COLUMNS = (
    "name", "voltage", "circuits", "frequency", "kind", "operator", "ref", "osm_id", "source", "licence",
)  # fmt: skip
SUBSTATION_COLUMNS = ("name", "voltage", "frequency", "operator", "kind", "osm_id", "source", "licence")
LINE_KINDS = ("line", "cable")
BURIED = ("underground", "submarine", "underwater")
KEPT_OUT = ("km",)  # lengths are measured anew
VOLTAGE = "voltage"
KILOVOLTS = "kv"
LIKE_VOLTAGE = ("voltage_kv", "voltage_v", "v_nom", "vn_kv", "volt", "voltages", "spannung")
PHASES = 3
LEAST_CORNERS = 3


@dataclass(frozen=True, eq=False)
class PowerMap:
    """
    Power lines, substations and plants as a map has them: nothing joined, nothing guessed.

    Attributes
    ----------
    lines
        One row for each line as it is drawn, index `line`: `LINE_COLUMNS`, then the source's own columns, then
        a LineString. `voltage` and `frequency` are text as in the source; `circuits` NaN is unknown.
    substations
        One row for each substation, converter station or plant, index `substation`: `SUBSTATION_COLUMNS`,
        then the source's own columns, then a Point or a Polygon.
    """

    lines: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame


@dataclass
class _Draft:
    """A table on its way: what is left of the source's columns, and what was said about it."""

    layer: Layer
    frame: gpd.GeoDataFrame
    faults: list[Fault]
    notes: list[Fault]

    def say(self, column: str, problem: str, cure: str, bad: Any) -> None:  # noqa: ANN401 - a mask
        """Add a fault for the rows where `bad`."""
        if np.any(bad):
            rows = labels(self.frame.index[np.asarray(bad, dtype=bool)])
            self.faults.append(Fault(self.layer.name, column, problem, cure, rows))

    def note(self, column: str, problem: str, bad: Any) -> None:  # noqa: ANN401 - a mask
        """Add a note for the rows where `bad`."""
        if np.any(bad):
            rows = labels(self.frame.index[np.asarray(bad, dtype=bool)])
            self.notes.append(Fault(self.layer.name, column, problem, rows=rows))

    def take(self, *names: str) -> pd.Series:
        """Return the first of the named columns, filled from the next ones, as text; all are used up."""
        values = pd.Series(None, index=self.frame.index, dtype=TEXT)
        for name in names:
            if name not in self.frame.columns:
                continue
            text, bad = as_text(self.frame[name])
            self.say(name, "cannot be read as text", "Write plain text", bad)
            values = values.where(values.notna(), text)
            self.frame = self.frame.drop(columns=name)
        return values


def line_table(
    found: Found, *, where: str, crs: pyproj.CRS | None, reproject: bool
) -> tuple[gpd.GeoDataFrame, list[Fault], list[Fault]]:
    """
    Return the lines of a file as `PowerMap.lines`, the faults of them, and what is to be warned of.

    Parameters
    ----------
    found
        What a reader took from the file.
    where
        Name of the file.
    crs
        Coordinate system of tables that carry none.
    reproject
        Whether another known one is converted to EPSG:4326.
    """
    layer = Layer(f"lines of {where}", "line", "", {}, geometry="LineString")
    draft = _draft(layer, found.lines, crs=crs, reproject=reproject)
    if found.needs_voltage:
        draft.faults += _no_voltage(draft)
    columns: dict[str, pd.Series] = {
        name: draft.take(name) for name in ("name", "operator", "ref", "frequency")
    }
    columns[VOLTAGE] = _voltage(draft)
    columns["circuits"] = _circuits(draft, columns["frequency"])
    columns["kind"] = _line_kind(draft)
    columns |= {name: draft.take(name) for name in ("osm_id", "source", "licence")}
    _place(draft)
    return _finished(draft, columns, LINE_COLUMNS), draft.faults, draft.notes


def substation_table(
    found: Found, *, where: str, crs: pyproj.CRS | None, reproject: bool
) -> tuple[gpd.GeoDataFrame, list[Fault], list[Fault]]:
    """Return the substations of a file as `PowerMap.substations`; else as `line_table`."""
    layer = Layer(f"substations of {where}", "substation", "", {}, geometry="Polygon")
    draft = _draft(layer, found.substations, crs=crs, reproject=reproject)
    columns = {name: draft.take(name) for name in ("name", "operator", "frequency")}
    columns[VOLTAGE] = _voltage(draft)
    columns["kind"] = _station_kind(draft)
    columns |= {name: draft.take(name) for name in ("osm_id", "source", "licence")}
    _place(draft)
    return _finished(draft, columns, SUBSTATION_COLUMNS), draft.faults, draft.notes


def together(tables: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return the rows of tables as one table, each with an id of its own."""
    filled = [table for table in tables if len(table)]
    if len(filled) < 2:
        return filled[0] if filled else tables[0]
    joined: gpd.GeoDataFrame = pd.concat(filled)
    names = _unique([str(name) for name in joined.index])
    own = [name for name in joined.columns if name not in SUBSTATION_COLUMNS and name != "geometry"]
    joined = joined[[*SUBSTATION_COLUMNS, *own, "geometry"]]
    return joined.set_axis(pd.Index(names, dtype=TEXT, name=tables[0].index.name))


def _draft(layer: Layer, frame: gpd.GeoDataFrame, *, crs: pyproj.CRS | None, reproject: bool) -> _Draft:
    """Return a table with a text for each row's id, in longitude and latitude, its shapes in one part."""
    draft = _Draft(layer, frame.drop(columns=[name for name in KEPT_OUT if name in frame]), [], [])
    _name_rows(draft)
    placed: Any = in_lonlat(draft.frame, crs=crs, reproject=reproject)
    placed = placed.set_geometry(shapely.force_2d(placed.geometry.to_numpy()), crs=placed.crs)
    draft.frame = _in_parts(placed) if layer.geometry == "LineString" else placed
    return draft


def _name_rows(draft: _Draft) -> None:
    """Make the index of the table: its own column of ids, OSM ids, or how the reader called the row."""
    frame, name = draft.frame, draft.layer.index
    ids = pd.Series([str(label) for label in frame.index], index=frame.index, dtype=object)
    frame = _with_osm_id(frame)
    known = frame["osm_id"].notna() if "osm_id" in frame else pd.Series(False, index=frame.index)
    if known.any():
        ids = ids.where(~known, frame["osm_id"].astype(object))
    ours = LINE_COLUMNS if name == "line" else SUBSTATION_COLUMNS
    own = as_text(frame[name])[0] if {name, *ours} <= set(frame.columns) else None  # a table of ours, written
    if own is not None and own.notna().all() and own.is_unique:
        ids = own.astype(object)
        frame = frame.drop(columns=name)
    elif name in frame and name == "line":
        frame = frame.rename(columns={name: free_name(f"{name}_tag", frame.columns)})
    draft.frame = frame.set_axis(pd.Index(_unique([str(one) for one in ids]), dtype=TEXT, name=name))


def _with_osm_id(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table with OSM ids as "way/123", wherever the source has them."""
    columns = {}
    for name in ("@id", "id"):
        texts = as_text(frame[name])[0] if name in frame else None
        if texts is not None and "osm_id" not in frame and texts.str.fullmatch(OSM_ID, na=False).any():
            columns["osm_id"] = texts.where(texts.str.fullmatch(OSM_ID, na=False))
            frame = frame.drop(columns=name)
            break
    if "osm_id" in frame:
        texts = as_text(frame["osm_id"])[0]
        if "osm_type" in frame:
            kind = as_text(frame["osm_type"])[0]
            texts = texts.where(texts.str.contains("/", na=True) | kind.isna(), kind + "/" + texts)
        columns["osm_id"] = texts
    return frame.assign(**columns)


def _unique(names: list[str]) -> list[str]:
    """Return names of which a repeated one has a number behind, so that no row is lost."""
    taken, made = set(names), []
    seen: dict[str, int] = {}
    for name in names:
        count = seen[name] = seen.get(name, 0) + 1
        one = name
        while count > 1 and one in taken:
            one = f"{name}~{count}"
            count += 1
        taken.add(one)
        made.append(one)
    return made


def _in_parts(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table with one row for each part of a MultiLineString, named "<id>-1" and so on."""
    shapes = frame.geometry.to_numpy()
    multi = shapely.get_type_id(shapes) == shapely.GeometryType.MULTILINESTRING
    if not multi.any():
        return frame
    counts = np.where(multi, np.maximum(shapely.get_num_geometries(shapes), 1), 1)
    rows = np.repeat(np.arange(len(frame)), counts)
    part = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    several = np.repeat(counts > 1, counts)
    parts = np.where(multi[rows], shapely.get_geometry(shapes[rows], part), shapes[rows])
    names = [
        f"{name}-{number + 1}" if split else str(name)
        for name, number, split in zip(frame.index[rows], part, several, strict=True)
    ]
    index = pd.Index(_unique(names), dtype=TEXT, name=frame.index.name)
    series = gpd.GeoSeries(parts, index=index, crs=frame.crs)
    return frame.iloc[rows].set_axis(index).set_geometry(series)


def _no_voltage(draft: _Draft) -> list[Fault]:
    """Return the fault of a table of lines that has no column of voltages."""
    names = [str(name) for name in draft.frame.columns if name != draft.frame.active_geometry_name]
    if VOLTAGE in names or KILOVOLTS in names or not len(draft.frame):
        return []
    near = [name for name in names if name.lower() in (VOLTAGE, KILOVOLTS, *LIKE_VOLTAGE)]
    if near:
        cure = f"If it is the voltage of the line, rename it: .rename(columns={{{near[0]!r}: 'voltage'}})"
        return [Fault(draft.layer.name, VOLTAGE, f"is not there, but {near[0]!r} is", cure)]
    has = ", ".join(names) or "none"
    cure = (
        f"Add a column 'voltage' (text as in OpenStreetMap, such as 500000) or 'kv'; its columns are: {has}"
    )
    return [Fault(draft.layer.name, VOLTAGE, "is missing", cure)]


def _voltage(draft: _Draft) -> pd.Series:
    """Return the voltage of each row as the source writes it; beside a column `voltage`, `kv` fills and stays."""
    beside = draft.frame.get(KILOVOLTS) if VOLTAGE in draft.frame else None
    voltage = draft.take(VOLTAGE, KILOVOLTS)
    if beside is not None:
        draft.frame = draft.frame.assign(**{KILOVOLTS: beside})
    return voltage


def _circuits(draft: _Draft, frequency: pd.Series) -> pd.Series:
    """Return how many circuits each line has: as stated, or a third of its cables if that is whole."""
    stated = draft.frame.get("circuits")
    texts = draft.take("circuits")
    circuits = pd.to_numeric(texts, errors="coerce").astype(float)
    circuits = circuits.where((circuits >= 1) & (circuits <= MOST_CIRCUITS) & (circuits % 1 == 0))
    odd = (texts.notna() & circuits.isna()).to_numpy()
    if odd.any():
        draft.note("circuits", "is no number of circuits: unknown, kept as circuits_tag", odd)
        draft.frame = draft.frame.assign(circuits_tag=stated)
    if "cables" in draft.frame:
        cables = pd.to_numeric(as_text(draft.frame["cables"])[0], errors="coerce").astype(float)
        alternating = (frequency != "0").to_numpy(dtype=bool, na_value=True)  # a DC line has no three phases
        whole = (cables > 0) & (cables % PHASES == 0) & (cables <= PHASES * MOST_CIRCUITS) & alternating
        circuits = circuits.fillna((cables / PHASES).where(whole))
    return circuits


def _line_kind(draft: _Draft) -> pd.Series:
    """Return "cable" or "line" for each line, by its tags `power` and `location`, or as the source says."""
    own = draft.take("kind")
    known = own.isin(LINE_KINDS)
    if (own.notna() & ~known).any():
        draft.frame = draft.frame.assign(kind_tag=own)
    kind = own.where(known, "line")
    for name, values in (("power", ("cable", "minor_cable")), ("location", BURIED)):
        if name in draft.frame:
            kind = kind.mask(as_text(draft.frame[name])[0].isin(values).to_numpy(), "cable")
    return kind


def _station_kind(draft: _Draft) -> pd.Series:
    """Return the tag `substation` of each; of those without it, what `power` says if that is more."""
    beside = draft.frame.get("kind") if "substation" in draft.frame else None
    kind = draft.take("substation", "kind")
    if beside is not None:
        draft.frame = draft.frame.assign(kind_tag=beside)
    if "power" not in draft.frame:
        return kind
    power = as_text(draft.frame["power"])[0]
    return kind.where(kind.notna(), power.where(power.isin(("plant", "converter"))))


def _place(draft: _Draft) -> None:
    """Check every shape of the table; an area drawn in an odd way is taken as its hull."""
    layer, frame = draft.layer, draft.frame
    if layer.geometry == "LineString":
        series, faults = geometry_of(layer, frame)
    else:
        series, faults = _areas(draft)
    draft.faults += [
        replace(fault, cure=fault.cure.replace("read_study", "read_power_map")) for fault in faults
    ]
    draft.frame = (
        frame.set_geometry(gpd.GeoSeries(series, index=frame.index), crs=LONLAT) if not faults else frame
    )


def _areas(draft: _Draft) -> tuple[gpd.GeoSeries, list[Fault]]:
    """Return points and polygons, each checked, and their faults."""
    told = [_as_place(shape) for shape in draft.frame.geometry]
    odd = np.array([assumed for _, assumed in told], dtype=bool)
    draft.note("geometry", "is not one valid area: its convex hull was taken", odd)
    shapes = gpd.GeoSeries([shape for shape, _ in told], index=draft.frame.index, crs=draft.frame.crs)
    draft.frame = draft.frame.set_geometry(shapes)
    is_point = (shapes.geom_type == "Point").to_numpy()
    faults: list[Fault] = []
    series = shapes.copy()
    for kind, rows in (("Point", is_point), ("Polygon", ~is_point)):
        checked, more = geometry_of(replace(draft.layer, geometry=kind), draft.frame.loc[rows])
        series[rows] = checked.to_numpy()
        faults += [fault for fault in more if fault not in faults]
    return series.set_crs(LONLAT, allow_override=True), faults


def _as_place(shape: BaseGeometry | None) -> tuple[BaseGeometry | None, bool]:
    """Return a shape as a point or a valid polygon, and whether that took more than closing its ring."""
    if shape is None or shape.is_empty or shape.geom_type == "Point":
        return shape, False
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return shape, False
    if isinstance(shape, shapely.LineString) and shape.is_closed and len(shape.coords) > LEAST_CORNERS:
        shape = shapely.Polygon(shape)
    if isinstance(shape, shapely.MultiPolygon) and len(shape.geoms) == 1:
        shape = shape.geoms[0]
    if shape.geom_type == "Polygon" and shape.is_valid:
        return shape, False
    hull = shape.convex_hull
    return (hull if hull.geom_type == "Polygon" else hull.centroid), True


def _finished(draft: _Draft, columns: dict[str, pd.Series], order: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Return our columns, then the source's own, then the geometry."""
    shapes = gpd.GeoSeries(draft.frame.geometry.to_numpy(), index=draft.frame.index)
    own = pd.DataFrame(draft.frame.drop(columns=draft.frame.active_geometry_name)).infer_objects()
    further = {str(name): own[name].astype(TEXT) if all_text(own[name]) else own[name] for name in own}
    table = {name: columns[name] for name in order} | further
    frame = pd.DataFrame(table, index=draft.frame.index)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=LONLAT)
