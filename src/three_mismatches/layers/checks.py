"""
Whether tables are what the schemas say: every fault of every table is gathered, then raised once.

Further columns are kept. A geometry on a table that has none by its schema is left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache

import geopandas as gpd
import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from three_mismatches.errors import AssumptionWarning, CRSError, Fault, LayerError
from three_mismatches.layers.geometry import geometry_of
from three_mismatches.layers.references import SHOWN_VALUES, across, nearest
from three_mismatches.layers.routes import copies_share_risk, route_notes, without_jumps
from three_mismatches.layers.schemas import LAYERS, Layer, empty
from three_mismatches.layers.tables import Fibre, Grid, StudyTables
from three_mismatches.layers.tidy import labels, tidy

__all__ = ["check", "check_table", "examined_fibre", "fibre_from_frames", "grid_from_frames", "tell"]

ABSENT = (SchemaErrorReason.COLUMN_NOT_IN_DATAFRAME, SchemaErrorReason.ADD_MISSING_COLUMN_NO_DEFAULT)
LEAVE_OUT = "Correct it, or leave it empty if it is unknown"


def check(frames: Mapping[str, pd.DataFrame], *, known: Sequence[Fault] = ()) -> StudyTables:
    """
    Return the study's tables, complete and in the types of their schemas.

    Parameters
    ----------
    frames
        Tables by name. A table that is not there has no rows.
    known
        Faults that a reader found before; they are raised with the others.

    Returns
    -------
    tables
        New tables: columns of the schema first, then the user's own, then the geometry in EPSG:4326.

    Raises
    ------
    LayerError
        With every fault of every table. A `CRSError` if all of them are about coordinate systems.
    """
    faults = list(known) + _strangers(frames)
    unread = {fault.table for fault in known}
    checked: dict[str, pd.DataFrame] = {}
    for name, layer in LAYERS.items():
        checked[name], found = _examine(layer, frames.get(name))
        if name in frames or name not in unread:
            faults += found
    faults += across(checked, unread=unread)
    _raise(faults)
    return StudyTables.from_frames(checked)


def grid_from_frames(frames: Mapping[str, pd.DataFrame]) -> Grid:
    """
    Return the grid that tables in memory make, for what needs no study: flows, hosting, joint delivery.

    Parameters
    ----------
    frames
        Tables of a grid by name: `buses`, `lines`, `generators`, `loads`, and whatever else there is. A table that is
        not there has no rows.

    Raises
    ------
    LayerError
        With every fault of every table. A `CRSError` if all of them are about coordinate systems.
    """
    checked, faults = _bundle(Grid, frames, "a grid")
    _raise(faults)
    return Grid(**checked)


def fibre_from_frames(frames: Mapping[str, pd.DataFrame]) -> Fibre:
    """
    Return the fibre network that tables in memory make, for what needs no study: round trips, paths, spare routes.

    Parameters
    ----------
    frames
        `fibre_nodes` and `fibre_routes`. A table that is not there has no rows.

    Returns
    -------
    fibre
        New tables. Lines that cross the antimeridian are split there. Exact copies of a route (same ends, length and
        line) share a risk group in `srlg`; parallel routes that differ are real and are kept as they are.

    Raises
    ------
    LayerError
        With every fault of both tables: ends that are no node, nodes without a place, ids given twice, and lengths
        that are negative, infinite, 0 between two places more than 1 km apart, less than half of the straight line
        between the nodes (and more than 20 km less), or more than 20 times it (and more than 1,000 km more): such a
        length is in another unit. A `CRSError` if all of them are about coordinate systems.

    Warns
    -----
    AssumptionWarning
        Once for each kind, with the rows and by how much: routes shorter than the straight line, which is taken
        instead when paths are sought; routes of unknown length; copies; routes that end where they begin; surveyed
        lines that end more than 10 km from their node.

    Examples
    --------
    >>> fibre = fibre_from_frames({"fibre_nodes": nodes, "fibre_routes": routes})  # doctest: +SKIP
    """
    fibre, notes = examined_fibre(frames)
    tell(notes, stacklevel=3)
    return fibre


def examined_fibre(
    frames: Mapping[str, pd.DataFrame], *, known: Sequence[Fault] = ()
) -> tuple[Fibre, list[Fault]]:
    """
    Return the fibre network that tables make, and what its user is to be told.

    Parameters
    ----------
    frames
        As for `fibre_from_frames`.
    known
        Faults that a reader found before; they are raised with the others.

    Raises
    ------
    LayerError
        With every fault.
    """
    checked, faults = _bundle(Fibre, frames, "a fibre network")
    _raise([*known, *faults])
    fibre = Fibre(**checked)
    routes, copies = copies_share_risk(without_jumps(fibre.fibre_routes))
    notes = route_notes(fibre.fibre_nodes, routes) + copies
    return Fibre(fibre.fibre_nodes, routes), notes


def tell(notes: Sequence[Fault], *, stacklevel: int) -> None:
    """
    Warn of each note.

    Parameters
    ----------
    notes
        What was guessed or left as it is.
    stacklevel
        Which caller the warning points to; 1 is this function.
    """
    for note in notes:
        warnings.warn(f"{note.table}: {note.column} {note}", AssumptionWarning, stacklevel=stacklevel)


def _bundle(
    kind: type, frames: Mapping[str, pd.DataFrame], what: str
) -> tuple[dict[str, pd.DataFrame], list[Fault]]:
    """Return the tables of a bundle, each as far as it can be completed, and every fault of them."""
    own = [field.name for field in fields(kind)]
    faults = [
        Fault(name, "table", f"is not a table of {what}", nearest([name], own))
        for name in frames
        if name not in own
    ]
    checked = {name: empty(name) for name in LAYERS}
    for name in (name for name in own if name in frames):
        checked[name], found = _examine(LAYERS[name], frames[name])
        faults += found
    faults += across(checked, unread=set())
    return {name: checked[name] for name in own}, faults


def check_table(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """
    Return one table, complete and in the types of its schema; references to other tables are not checked.

    Parameters
    ----------
    name
        Name of the table in `LAYERS`.
    frame
        The table, its ids as the index or as a column of the index's name.

    Raises
    ------
    LayerError
        With every fault of the table. A `CRSError` if all of them are about its coordinate system.
    """
    if name not in LAYERS:
        raise LayerError(_strangers({name: frame}))
    checked, faults = _examine(LAYERS[name], frame)
    _raise(faults)
    return checked


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise CRSError(faults) if all(fault.column == "crs" for fault in faults) else LayerError(faults)


def _strangers(frames: Mapping[str, pd.DataFrame]) -> list[Fault]:
    return [
        Fault(name, "table", "is not a table of a study", nearest([name], LAYERS))
        for name in frames
        if name not in LAYERS
    ]


def _examine(layer: Layer, frame: pd.DataFrame | None) -> tuple[pd.DataFrame, list[Fault]]:
    """Return one table as far as it can be completed, and its faults."""
    if frame is None:
        return empty(layer.name), _row_faults(layer, frame)
    if isinstance(frame.index, pd.MultiIndex):
        cure = f"Name each row by one text: set_index({layer.index!r})"
        return empty(layer.name), [Fault(layer.name, "index", "has more than one level", cure)]
    plain = pd.DataFrame(frame)
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        plain = plain.drop(columns=frame.active_geometry_name)
    attributes, faults = tidy(layer, plain)
    faults += _row_faults(layer, frame)
    told = {fault.column for fault in faults}
    faults += [fault for fault in _unstated(layer, plain, attributes) if fault.column not in told]
    completed, more = _conform(layer, attributes)
    faults += more
    if layer.geometry is None:
        return completed, faults
    shapes, found = geometry_of(layer, frame.set_axis(attributes.index))
    further = completed.drop(columns="geometry", errors="ignore")
    return gpd.GeoDataFrame(further, geometry=shapes), faults + found


def _row_faults(layer: Layer, frame: pd.DataFrame | None) -> list[Fault]:
    if not layer.needs_rows or (frame is not None and len(frame)):
        return []
    problem = "is missing" if frame is None else "has no rows"
    return [Fault(layer.name, "table", problem, f"A study needs {layer.name}: add at least one row")]


def _unstated(layer: Layer, given: pd.DataFrame, attributes: pd.DataFrame) -> list[Fault]:
    """
    Return the faults of figures that are unknown where the model would have to guess them.

    A column that is not given at all has its default, where there is one.
    """
    faults = []
    for column in layer.must_state:
        if column not in given and layer.columns[column].default is not None:
            continue
        unknown = attributes[column].isna().to_numpy() if column in attributes else np.zeros(0, dtype=bool)
        if unknown.any():
            unlimited = "write inf for unlimited, or" if _may_be_unlimited(layer.columns[column]) else "or"
            cure = f"Fill it, {unlimited} drop the row"
            faults.append(Fault(layer.name, column, "missing", cure, labels(attributes.index[unknown])))
    return faults


def _may_be_unlimited(column: pa.Column) -> bool:
    """Return whether no bound of the column stands against inf."""
    return str(column.dtype) == "float64" and not any(
        check.name == pa.Check.le(0).name for check in column.checks
    )


def _conform(layer: Layer, attributes: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the attributes with defaults filled in, and what breaks the schema."""
    if not len(attributes):
        return attributes, []
    schema, unknown = LAYERS[layer.name].columns, attributes.isna().all()
    blank = tuple(
        key for key in attributes.columns[unknown] if key in schema and _may_be_missing(schema[key])
    )
    try:
        valid = _schema(layer.name, blank).validate(attributes, lazy=True)
    except SchemaErrors as errors:
        told = [_fault(layer, error, attributes) for error in errors.schema_errors]
        return attributes, [fault for fault in told if fault is not None]
    defaults = {key: schema[key].default for key in blank if schema[key].default is not None}
    return valid[list(attributes.columns)].fillna(defaults), []


def _may_be_missing(column: pa.Column) -> bool:
    return bool(column.nullable) or column.default is not None


@cache
def _schema(name: str, blank: tuple[str, ...]) -> pa.DataFrameSchema:
    """Return the schema of a table without columns that are blank, or typed by `tidy` and hold anything."""
    schema = LAYERS[name].schema()
    free = {
        key
        for key, column in schema.columns.items()
        if column.nullable and column.default is None and not column.checks
    }
    return schema.remove_columns(sorted(free | set(blank)))


def _fault(layer: Layer, error: SchemaError, attributes: pd.DataFrame) -> Fault | None:
    """Return one of pandera's errors in our words; None for a missing column, which `tidy` has told."""
    column, cases = str(error.schema.name), error.failure_cases
    if error.reason_code in ABSENT:
        return None
    if error.reason_code == SchemaErrorReason.SERIES_CONTAINS_DUPLICATES:
        twice = labels(attributes.index[attributes.index.duplicated()])
        return Fault(layer.name, layer.index, "the id is given twice", "Name each row differently", twice)
    rows = labels(cases["index"]) if isinstance(cases, pd.DataFrame) else ()
    if error.reason_code == SchemaErrorReason.SERIES_CONTAINS_NULLS:
        return Fault(layer.name, column, "missing", "Fill it or drop the rows", rows)
    values = list(cases["failure_case"]) if isinstance(cases, pd.DataFrame) else []
    problem, cure = _broken(error.check, values)
    return Fault(layer.name, column, problem, cure, rows)


def _broken(check: object, values: list[object]) -> tuple[str, str]:
    """Return what is wrong with values that fail a check, and the cure."""
    if not isinstance(check, pa.Check) or not values:
        return "holds values of the wrong type", "See the reference of the tables"
    statistics = check.statistics or {}
    allowed = statistics.get("allowed_values")
    shown = labels(values)[:SHOWN_VALUES]
    if allowed is not None:
        known = [str(option) for option in allowed]
        return f"{', '.join(map(repr, shown))} is not one of {', '.join(known)}", nearest(shown, known)
    if "pattern" in statistics:
        return f"{shown[0]!r} is not a date", f"Write {check.error}"
    bound, _, cure = str(check.error).partition(". ")
    return f"{_figure(values[0])} {bound.removesuffix(' -')}", cure or LEAVE_OUT


def _figure(value: object) -> str:
    return f"is {value:.12g} but" if isinstance(value, (int, float, np.number)) else f"is {value!r} but"
