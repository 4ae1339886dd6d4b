"""
How a user's own columns go through files that know fewer types than pandas does.

The columns of the schemas need none of this: the schema gives them their types back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import geopandas as gpd
import pandas as pd

from three_mismatches.errors import Fault
from three_mismatches.layers.schemas import Layer
from three_mismatches.layers.tidy import TEXT, all_text, as_text

__all__ = ["Types", "decode", "encode", "further_types", "unwritable"]

Types = Mapping[str, Mapping[str, str]]
"""For each table, the pandas type of each column that its schema does not know."""

PLAIN = frozenset({"bool", "int64", "float64"})


def further_types(layer: Layer, frame: pd.DataFrame) -> dict[str, str]:
    """Return the types of the columns that the schema does not know; "text" for text."""
    own = [name for name in attributes(frame).columns if name not in layer.columns]
    return {name: "text" if all_text(frame[name]) else str(frame[name].dtype) for name in own}


def attributes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without its active geometry."""
    if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None:
        return pd.DataFrame(frame.drop(columns=frame.active_geometry_name))
    return pd.DataFrame(frame)


def unwritable(layer: Layer, frame: pd.DataFrame) -> list[Fault]:
    """Return a fault for each column whose values no file form keeps: lists, dicts, second geometries."""
    return [
        Fault(layer.name, name, f"is of type {kind}, which cannot be written", "Turn it into text or drop it")
        for name, kind in further_types(layer, frame).items()
        if _kind(kind) is None
    ]


def encode(series: pd.Series) -> pd.Series:
    """Return a column as text, float64, int64 or bool, from which `decode` makes it again."""
    kind = str(series.dtype)
    if kind in PLAIN or all_text(series):
        return series
    if _kind(kind) == "float":
        return series.astype("float64")
    written: Callable[[object], str] = _iso if _kind(kind) == "time" else str
    texts = [None if pd.isna(value) else written(value) for value in series]
    return pd.Series(texts, index=series.index, name=series.name, dtype=TEXT)


def decode(series: pd.Series, kind: str) -> pd.Series:
    """
    Return a column in the type that it had before `encode`.

    Raises
    ------
    ValueError, TypeError
        If the values do not fit the type, or the type is none that is ever written.
    """
    family = _kind(kind)
    if family is None:
        msg = f"{kind!r} is no type of a column"
        raise ValueError(msg)
    if family == "text":
        return as_text(series)[0]
    if str(series.dtype) == kind:
        return series
    if family == "time":
        return _times(series, kind)
    if family == "bool":
        texts = series.astype(TEXT).str.lower()
        series = texts.map({"true": True, "false": False}).astype("boolean")
    elif family == "integer" and isinstance(series.dtype, pd.StringDtype):
        series = pd.Series(
            [None if pd.isna(text) else int(text) for text in series], index=series.index, dtype="object"
        )
    return series.astype(kind)  # type: ignore[call-overload,no-any-return]  # the type is known only now


def _times(series: pd.Series, kind: str) -> pd.Series:
    zoned = "," in kind
    times = pd.to_datetime(series, format="ISO8601", utc=zoned)
    if zoned:
        times = times.dt.tz_convert(kind.partition(",")[2].strip(" ]"))
    return times.astype(kind)  # type: ignore[call-overload,no-any-return]  # the type is known only now


def _iso(value: object) -> str:
    return value.isoformat()  # type: ignore[attr-defined,no-any-return]  # a pandas Timestamp


def _kind(kind: str) -> str | None:
    """Return the family of a type that files keep, None for another."""
    families = {
        "bool": ("bool", "boolean"),
        "integer": ("int", "uint", "Int", "UInt"),
        "float": ("float32", "float64", "Float32", "Float64"),
        "text": ("text",),
        "time": ("datetime64[",),
    }
    for family, starts in families.items():
        if kind.startswith(starts) and not kind.startswith("interval"):
            return family
    return None
