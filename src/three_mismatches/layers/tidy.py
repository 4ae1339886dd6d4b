"""
One form for values that people write in many ways: ids, texts, numbers, yes and no.

Nothing is judged here but what cannot be read at all; bounds and options are the schema's business.
"""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault
from three_mismatches.layers.schemas import Layer

__all__ = ["TEXT", "all_text", "as_text", "is_text", "labels", "tidy"]

Mask: TypeAlias = NDArray[np.bool_]

TEXT = pd.Series(["a"]).dtype  # what this version of pandas makes of text
NUMBERED = (
    "phases",
    "capacity",
    "loads",
    "interface_members",
    "upgrades",
    "outlook",
    "lead_times",
)  # nothing refers to their rows
YES = frozenset({"true", "t", "yes", "y", "1", "1.0"})
NO = frozenset({"false", "f", "no", "n", "0", "0.0"})

# What other tools call our columns. They are offered, never renamed in silence: a name is not yet a unit.
ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "sites": {
        "it_mw": ("data_center_it_power_mw", "it_power_mw", "it_load_mw"),
        "pue": ("data_center_pue",),
        "request_mw": ("p_nom", "capacity_mw", "power_mw"),
    },
    "generators": {"p_nom": ("capacity_mw", "p_nom_mw"), "carrier": ("fuel", "primary_fuel")},
    "lines": {"bus0": ("from_bus", "from_id", "u", "start"), "bus1": ("to_bus", "to_id", "v", "end")},
    "links": {"bus0": ("from_bus", "from_id", "u", "start"), "bus1": ("to_bus", "to_id", "v", "end")},
    "fibre_routes": {
        "node0": ("u", "from_id", "start", "node_start"),
        "node1": ("v", "to_id", "end", "node_end"),
        "length": ("fibreLength", "length_km"),
    },
}


def tidy(layer: Layer, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """
    Return the table's attributes with ids as index and each column in its schema's type.

    Parameters
    ----------
    layer
        Schema of the table.
    frame
        The table without its geometry.

    Returns
    -------
    tidied
        A new table: the columns of the schema, then the user's own. A value that cannot be read is missing
        in it, and so is "".
    faults
        What could not be read, and columns that are not there.
    """
    named, faults = _named_columns(layer, frame)
    indexed, more = _indexed(layer, named)
    faults += more + _absent(layer, indexed)
    told = {fault.column for fault in faults} - set(indexed.columns)
    further = [name for name in indexed.columns if name not in layer.columns]
    columns = {name: _blank(layer, name, indexed.index) for name in layer.columns if name not in told}
    for name in [*columns, *further]:
        if name in indexed.columns:
            columns[name], problem, bad = _column(layer, indexed[name], name)
            if bad.any():
                faults.append(Fault(layer.name, name, *problem, rows=labels(indexed.index[bad])))
    return pd.DataFrame(columns, index=indexed.index), faults


def _blank(layer: Layer, name: str, index: pd.Index) -> pd.Series:
    """Return a column of the schema in which nothing is known."""
    column = layer.columns[name]
    if str(column.dtype) == "bool":
        return pd.Series(bool(column.default), index=index)
    if str(column.dtype).startswith("float"):
        return pd.Series(np.nan, index=index)
    return pd.Series(None, index=index, dtype=TEXT)


def labels(index: Iterable[object]) -> tuple[str, ...]:
    """Return row labels as they are shown in a fault, each once."""
    return tuple(dict.fromkeys(str(label) for label in index))


def _named_columns(layer: Layer, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the table with text for column names, each once."""
    named = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    twice = named.columns.duplicated()
    faults = [
        Fault(layer.name, name, "is there twice", "Rename or drop one of the two columns")
        for name in labels(named.columns[twice])
    ]
    return named.loc[:, ~twice], faults


def _indexed(layer: Layer, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Fault]]:
    """Return the table with its ids, as text, for an index."""
    faults: list[Fault] = []
    unnamed = isinstance(frame.index, pd.RangeIndex) and frame.index.name != layer.index
    if layer.index in frame.columns:
        faults = _two_ids(layer, frame)
        frame = frame.set_index(layer.index)
    elif unnamed and len(frame) and layer.name not in NUMBERED:
        cure = f"Add a column {layer.index!r} with a name for each row"
        faults = [Fault(layer.name, layer.index, "is missing: the rows have no names", cure)]
    texts, bad = as_text(pd.Series(frame.index))
    rows = labels(np.flatnonzero(texts.isna().to_numpy()))
    if rows:
        problem = "cannot be read as text" if bad.any() else "missing"
        faults.append(
            Fault(layer.name, layer.index, f"{problem} (rows counted from 0)", "Name the row", rows)
        )
    names = [f"({row})" if pd.isna(text) else text for row, text in enumerate(texts)]
    return frame.set_axis(pd.Index(names, dtype=TEXT, name=layer.index)), faults


def _two_ids(layer: Layer, frame: pd.DataFrame) -> list[Fault]:
    if frame.index.name != layer.index or list(frame.index) == list(frame[layer.index]):
        return []
    problem = "is both the index and a column, and the two differ"
    return [Fault(layer.name, layer.index, problem, "Drop one of them")]


def _absent(layer: Layer, frame: pd.DataFrame) -> list[Fault]:
    """Return a fault for each column that must be there, or that is there under another tool's name."""
    faults = []
    for name, column in layer.columns.items():
        if name in frame.columns:
            continue
        others = ALIASES.get(layer.name, {}).get(name, ())
        found = [other for other in others if other in frame.columns]
        if found:
            cure = (
                f"If it is the same in the same unit, rename it: .rename(columns={{{found[0]!r}: {name!r}}})"
            )
            faults.append(Fault(layer.name, name, f"is not there, but {found[0]!r} is", cure))
        elif len(frame) and not column.nullable and column.default is None:
            known = f" (other tools call it {', '.join(others)})" if others else ""
            faults.append(Fault(layer.name, name, "is missing", f"Add a column {name!r}{known}"))
    return faults


def _column(layer: Layer, series: pd.Series, name: str) -> tuple[pd.Series, tuple[str, str], Mask]:
    """Return one column in its type, what to say of values that cannot be read, and where these are."""
    if name not in layer.columns:
        return _further(series)
    schema = layer.columns[name]
    read, said, cure = _reader(str(schema.dtype))
    values, bad = read(series)
    if str(schema.dtype) == "bool":
        values = values.fillna(bool(schema.default)).astype(bool)
    shown = f"{series[bad].iloc[0]!r} {said}" if bad.any() else said
    return values, (shown, cure), bad


def _reader(kind: str) -> tuple[Callable[[pd.Series], tuple[pd.Series, Mask]], str, str]:
    """Return how a column of this type is read, what is said of a value that cannot be, and the cure."""
    if kind.startswith("float"):
        return _as_number, "is not a number", "Write digits only, without a unit or commas"
    if kind == "bool":
        return _as_bool, "is neither true nor false", "Write true or false"
    return as_text, "cannot be read as text", "Write plain text"


def as_text(series: pd.Series) -> tuple[pd.Series, Mask]:
    """
    Return a column as text, with "" as missing, and where a value is nothing that text can hold.

    Whole numbers lose the ".0" that a missing neighbour gave them, and midnights their time.
    """
    if isinstance(series.dtype, pd.StringDtype):
        bad = series.str.contains("\x00", regex=False, na=False).to_numpy(dtype=bool)
        keep = series.notna().to_numpy() & ~bad & (series.fillna("") != "").to_numpy(dtype=bool)
        return series.astype(TEXT).where(keep), bad
    if series.isna().all():  # most columns of most tables
        return pd.Series(None, index=series.index, dtype=TEXT, name=series.name), np.zeros(len(series), bool)
    texts = [_text(value) for value in series.astype(object)]
    bad = np.array([text is not None and not is_text(text) for text in texts], dtype=bool)
    kept = [text if text and not wrong else None for text, wrong in zip(texts, bad, strict=True)]
    return pd.Series(kept, index=series.index, dtype=TEXT, name=series.name), bad


def _text(value: object) -> object:
    """Return a value as the text a person would write for it; what is no such value is returned as it is."""
    if isinstance(value, str) or value is None or value is pd.NaT or value is pd.NA:
        return value if isinstance(value, str) else None
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, (bool, np.bool_, numbers.Integral)):
        return str(value)
    if isinstance(value, numbers.Real):
        number = float(value)
        return None if np.isnan(number) else str(int(number) if number.is_integer() else number)
    return value


def is_text(value: object) -> bool:
    """Return whether a value is a text that files can hold: no NUL, no half of a character."""
    if not isinstance(value, str):
        return False
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _as_number(series: pd.Series) -> tuple[pd.Series, Mask]:
    """Return a column as floats, and where a value is no number."""
    if pd.api.types.is_numeric_dtype(series.dtype) and series.dtype.kind != "c":
        values = series.to_numpy(dtype=float, na_value=np.nan)
        return pd.Series(values, index=series.index, name=series.name), np.zeros(len(series), dtype=bool)
    texts, bad = as_text(series)
    numbers_ = [_number(text) for text in texts.astype(object)]
    wrong = np.array([number is None for number in numbers_], dtype=bool)
    return pd.Series(numbers_, index=series.index, name=series.name, dtype=float), bad | wrong


def _number(text: object) -> float | None:
    """Return what a text says in digits, NaN for no text, None for another."""
    if not isinstance(text, str):
        return np.nan
    try:
        return float(text)
    except ValueError:
        return None


def _as_bool(series: pd.Series) -> tuple[pd.Series, Mask]:
    """Return a column of true, false and missing, and where a value is none of the three."""
    if series.dtype == bool:
        return series, np.zeros(len(series), dtype=bool)
    texts, bad = as_text(series)
    lower = texts.str.strip().str.lower()
    values = pd.Series(None, index=series.index, dtype="boolean", name=series.name)
    values[lower.isin(YES)] = True
    values[lower.isin(NO)] = False
    return values, bad | (values.isna() & lower.notna()).to_numpy(dtype=bool)


def _further(series: pd.Series) -> tuple[pd.Series, tuple[str, str], Mask]:
    """Return a column of the user's own in a plain type: no categories, no objects that are all text."""
    said = ("holds a character that files cannot", "Take it out")
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if all_text(series):
        values, bad = as_text(series)
        return values, said, bad
    return series.infer_objects(), said, np.zeros(len(series), dtype=bool)


def all_text(series: pd.Series) -> bool:
    """Return whether a column holds nothing but text, whatever this version of pandas calls that."""
    if isinstance(series.dtype, pd.StringDtype):
        return True
    return series.dtype == object and all(isinstance(value, str) for value in series.dropna())
