"""From nodes and routes under any names to a checked fibre network: what every format has in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.fibre._names import SETS, columns_of, is_missing, like_lengths, missing, unit_of
from three_mismatches.layers.checks import examined_fibre
from three_mismatches.layers.geometry import LONLAT
from three_mismatches.layers.references import nearest
from three_mismatches.layers.schemas import GEOMETRY_KINDS, LAYERS
from three_mismatches.layers.tables import Fibre

__all__ = ["Draft", "Provenance", "as_label", "as_number", "plain_value"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Provenance:
    """Where the rows of a file come from, for the rows that do not say so themselves."""

    source: str | None = None
    licence: str | None = None

    def fill(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table with what is known of its source in rows that have none."""
        filled = {}
        for name, value in (("source", self.source), ("licence", self.licence)):
            if value is not None:
                own = frame[name] if name in frame else pd.Series(None, index=frame.index, dtype=object)
                filled[name] = own.astype(object).where(~own.map(is_missing).astype(bool), value)
        return frame.assign(**filled)


@dataclass
class Draft:
    """
    Nodes and routes as a file lists them, and what is wrong or to be told about them.

    Attributes
    ----------
    nodes, routes
        One mapping for each, under the file's own names.
    where
        Name of the file, for messages.
    names
        Columns that the caller has named: theirs by ours.
    length, length_unit
        Column of the lengths and its unit, where the caller states them.
    geometry_kind
        What the routes' lines are where the file does not say it.
    by_columns
        Whether the caller names columns by `columns`, for the cure.
    """

    nodes: Sequence[Row]
    routes: Sequence[Row]
    where: str
    names: Mapping[str, str] = field(default_factory=dict)
    length: str | None = None
    length_unit: str | None = None
    geometry_kind: str = "schematic"
    by_columns: bool = False
    provenance: Provenance = field(default_factory=Provenance)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)

    def say(self, table: str, column: str, problem: str, cure: str, rows: Sequence[str]) -> None:
        """Add a fault, if there are rows that have it."""
        if rows:
            self.faults.append(Fault(table, column, problem, cure, tuple(dict.fromkeys(rows))))

    def fibre(self) -> tuple[Fibre, list[Fault]]:
        """
        Return the checked network and what is to be told of it.

        Raises
        ------
        LayerError
            With every fault.
        """
        if self.geometry_kind not in GEOMETRY_KINDS:
            cure = f"Give one of {', '.join(GEOMETRY_KINDS)}"
            self.faults.append(Fault(self.where, "geometry_kind", f"is {self.geometry_kind!r}", cure))
        known = [one for key in SETS for one in key.split()]
        for name in (name for name in self.names if name not in known):
            cure = nearest([str(name)], known)
            self.faults.append(Fault(self.where, str(name), "is not a column that can be named", cure))
        nodes = self._node_table()
        routes = self._route_table(nodes)
        if self.faults:
            raise LayerError(self.faults)
        fibre, notes = examined_fibre({"fibre_nodes": nodes, "fibre_routes": routes})
        return fibre, self.notes + notes

    def _columns(self, frame: pd.DataFrame, wanted: Sequence[str], table: str) -> dict[str, str]:
        own = {one for key in wanted for one in key.split()}
        given = {ours: theirs for ours, theirs in self.names.items() if ours in own}
        if self.length is not None and "length" in own:
            given["length"] = self.length
        chosen, faults = columns_of(map(str, frame.columns), wanted, where=table, given=given)
        self.faults += faults
        return chosen

    def _node_table(self) -> gpd.GeoDataFrame:
        frame = _frame(self.nodes)
        table = f"nodes of {self.where}"
        if not len(frame):
            self.faults.append(Fault(table, "rows", "there are none", "A network needs nodes"))
            return gpd.GeoDataFrame(frame, geometry=[], crs=LONLAT)
        chosen = self._columns(frame, ["fibre_node", "lon lat", "name"], table)
        if "fibre_node" not in chosen:
            self.faults.append(missing(table, "fibre_node", frame.columns))
            return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs=LONLAT)
        ids = self._ids(frame[chosen["fibre_node"]], table, chosen["fibre_node"])
        shapes = self._points(frame, chosen, table, ids)
        left = frame.drop(columns=[*chosen.values(), "pos"], errors="ignore")
        if "name" in chosen:
            left.insert(0, "name", [_name(value) for value in frame[chosen["name"]]])
        left = self.provenance.fill(_plain(left, "fibre_nodes"))
        index = pd.Index(ids, name="fibre_node", dtype=object)
        return gpd.GeoDataFrame(left.set_axis(index), geometry=gpd.GeoSeries(shapes, index=index), crs=LONLAT)

    def _ids(self, values: pd.Series, table: str, column: str) -> list[str]:
        """Return the ids as text, each of its own."""
        ids = [as_label(value) for value in values]
        unnamed = [str(number) for number, one in enumerate(ids) if one is None]
        self.say(table, column, "missing (rows counted from 0)", "Name the row", unnamed)
        texts = ["" if one is None else one for one in ids]
        twice = pd.Series(texts).duplicated(keep="first").to_numpy() & np.array(
            [one is not None for one in ids]
        )
        cure = "Name each node differently, also as text: 1 and '1' are one name"
        self.say(table, column, "the id is given twice", cure, list(np.array(texts, dtype=object)[twice]))
        return texts

    def _points(
        self, frame: pd.DataFrame, chosen: Mapping[str, str], table: str, ids: Sequence[str]
    ) -> NDArray[np.object_]:
        """Return the place of each node; None where it is not to be read, which is a fault."""
        if "lon" in chosen and "lat" in chosen:
            lon, lat = (frame[chosen[one]].to_list() for one in ("lon", "lat"))
        elif "pos" in frame:
            pairs = [_pair(value) for value in frame["pos"]]
            lon, lat = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        elif not any(fault.column == "lon lat" for fault in self.faults):
            self.faults.append(missing(table, "lon lat", frame.columns))
            return np.full(len(frame), None, dtype=object)
        else:
            return np.full(len(frame), None, dtype=object)
        x, y = (np.array([as_number(value) for value in axis], dtype=float) for axis in (lon, lat))
        bad = ~(np.isfinite(x) & np.isfinite(y))
        cure = "Give the longitude and the latitude in degrees, or drop the node and its routes"
        self.say(
            table, "position", "has no place", cure, [one for one, off in zip(ids, bad, strict=True) if off]
        )
        shapes = np.full(len(frame), None, dtype=object)
        shapes[~bad] = shapely.points(x[~bad], y[~bad])
        return shapes

    def _route_table(self, nodes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        frame = _frame(self.routes)
        table = f"routes of {self.where}"
        if not len(frame):
            return gpd.GeoDataFrame(frame, geometry=[], crs=LONLAT)
        wanted = ["node0 node1", "fibre_route", "length", "name"]
        chosen = self._columns(frame, wanted, table)
        if not {"node0", "node1"} <= set(chosen):
            if not any(fault.table in (table, self.where) for fault in self.faults):
                self.faults.append(missing(table, "node0 node1", frame.columns))
            return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs=LONLAT)
        ends = {end: [as_label(value) for value in frame[chosen[end]]] for end in ("node0", "node1")}
        index = pd.Index(self._route_ids(frame, chosen, ends), name="fibre_route", dtype=object)
        own = pd.DataFrame({**ends, "length": self._lengths(frame, chosen, table, index)}, index=index)
        if "name" in chosen:
            own["name"] = [_name(value) for value in frame[chosen["name"]]]
        left = frame.drop(columns=[*chosen.values(), "geometry", "key"], errors="ignore").set_axis(index)
        further = _plain(left, "fibre_routes")
        kind = (
            further.pop("geometry_kind")
            if "geometry_kind" in further
            else pd.Series(index=index, dtype=object)
        )
        own["geometry_kind"] = kind.where(~kind.map(is_missing).astype(bool), self.geometry_kind)
        both = self.provenance.fill(own.join(further[[name for name in further if name not in own]]))
        shapes = _lines(frame, own, nodes)
        return gpd.GeoDataFrame(both, geometry=gpd.GeoSeries(shapes, index=index), crs=LONLAT)

    def _route_ids(
        self, frame: pd.DataFrame, chosen: Mapping[str, str], ends: Mapping[str, Sequence[str | None]]
    ) -> list[str]:
        """Return what routes are called: as the file does, else by their ends; one that is taken gets ~2 and so on."""
        given = (
            [as_label(value) for value in frame[chosen["fibre_route"]]] if "fibre_route" in chosen else None
        )
        names = [
            (given[row] if given else None) or f"{one}-{other}"
            for row, (one, other) in enumerate(zip(ends["node0"], ends["node1"], strict=True))
        ]
        return unique_names(names)

    def _lengths(
        self, frame: pd.DataFrame, chosen: Mapping[str, str], table: str, index: pd.Index
    ) -> NDArray[np.float64]:
        """Return the lengths in km, NaN where there is none."""
        column = chosen.get("length")
        factor, faults = unit_of(column, self.length_unit, table)
        self.faults += faults
        if column is None:
            hints = [name for name in like_lengths(frame.columns) if name not in chosen.values()]
            if hints and self.length is None and not any(fault.column == "length" for fault in self.faults):
                problem = f"is under no name that is known, but there is {', '.join(hints[:5])}"
                said = f"columns={{'length': {hints[0]!r}}}" if self.by_columns else f"length={hints[0]!r}"
                cure = f"Say which is the built length, such as {said}, and its length_unit if it is not km"
                self.faults.append(Fault(table, "length", problem, cure))
            return np.full(len(frame), np.nan)
        values = np.array(
            [np.nan if is_missing(one) else as_number(one) for one in frame[column]], dtype=float
        )
        bad = np.isnan(values) & ~np.array([is_missing(one) for one in frame[column]], dtype=bool)
        cure = "Write digits only, without a unit or commas, or leave it empty"
        self.say(table, column, "is not a number", cure, list(map(str, index[bad])))
        return values * factor


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as a table of objects, with texts for column names."""
    named = [{str(key): value for key, value in row.items()} for row in rows]
    columns = list(dict.fromkeys(key for row in named for key in row))
    return pd.DataFrame({key: pd.Series([row.get(key) for row in named], dtype=object) for key in columns})


def as_label(value: object) -> str | None:
    """Return an id of any type as text: 1 and 1.0 as "1", a list as its JSON; None for nothing."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, dict, bool)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def as_number(value: object) -> float:
    """Return a value as a float, NaN for what is no number."""
    if isinstance(value, (bool, np.bool_)):
        return np.nan
    try:
        return float(value)  # type: ignore[arg-type]  # whatever is none raises
    except (TypeError, ValueError, OverflowError):
        return np.nan


def joined_groups(value: object) -> object:
    """Return shared-risk groups as the tables hold them: a list of names as one text, joined by ";"."""
    if isinstance(value, (list, tuple, set)):
        return ";".join(sorted(str(one) for one in value if not is_missing(one))) or None
    return plain_value(value)


def plain_value(value: object) -> object:
    """Return a value as tables and files hold it: what is nested becomes its JSON."""
    if isinstance(value, (dict, list, tuple, set)):
        inner = sorted(map(str, value)) if isinstance(value, set) else value
        return json.dumps(inner, ensure_ascii=False, default=str)
    return None if is_missing(value) else value


def unique_names(names: Sequence[str]) -> list[str]:
    """Return names, each of its own: the second of one name gets "~2" behind, the third "~3"."""
    taken, seen, told = set(names), dict[str, int](), []
    for name in names:
        count = seen.get(name, 0) + 1
        new = name
        while count > 1 and new in taken:
            new = f"{name}~{count}"
            count += new in taken
        seen[name] = count
        taken.add(new)
        told.append(new)
    return told


def _name(value: object) -> str | None:
    return None if is_missing(value) else as_label(value)


def _pair(value: object) -> tuple[object, object]:
    """Return the two numbers of a position (lon, lat), or nothing."""
    if isinstance(value, (list, tuple, np.ndarray)) and len(value) >= 2:
        return value[0], value[1]
    return None, None


def _plain(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the file's further columns as plain values; a name of the geometry column is not kept as one."""
    free = frame.drop(columns=["geometry"], errors="ignore")
    columns = {}
    for name in free.columns:
        as_held = joined_groups if name == "srlg" else plain_value
        values = pd.Series([as_held(one) for one in free[name]], index=free.index, dtype=object)
        known = name in LAYERS[table].columns
        mixed = len(set(values.dropna().map(type))) > 1 and not known
        numbers = (
            values.dropna().map(lambda one: isinstance(one, (int, float)) and not isinstance(one, bool)).all()
        )
        columns[name] = (
            values.map(as_label, na_action="ignore") if mixed and not numbers else values.infer_objects()
        )
    return pd.DataFrame(columns, index=free.index)


def _lines(frame: pd.DataFrame, own: pd.DataFrame, nodes: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the line of each route: its own; of a sketch without one, the chord between its nodes."""
    shapes = np.full(len(frame), None, dtype=object)
    if "geometry" in frame:
        shapes[:] = [
            one if isinstance(one, BaseGeometry) and not one.is_empty else None for one in frame["geometry"]
        ]
    places = nodes.geometry[~nodes.index.duplicated()]
    if not _on_earth(places):  # told of the nodes: chords would only say it again
        return shapes
    known = own["node0"].isin(places.index) & own["node1"].isin(places.index) & (own["node0"] != own["node1"])
    chord = (known & (own["geometry_kind"] == "schematic")).to_numpy(dtype=bool) & pd.isna(shapes)
    for row in np.flatnonzero(chord):
        ends = [places[own[end].iloc[row]] for end in ("node0", "node1")]
        if all(end is not None for end in ends):
            shapes[row] = shapely.LineString(ends)
    return shapes


def _on_earth(places: gpd.GeoSeries) -> bool:
    west, south, east, north = places.total_bounds
    return bool(west >= -180.0 and south >= -90.0 and east <= 180.0 and north <= 90.0)
