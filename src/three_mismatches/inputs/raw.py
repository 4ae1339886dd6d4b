"""What a reader finds before anything is checked."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from three_mismatches.errors import Fault
from three_mismatches.inputs.codec import Types, decode
from three_mismatches.layers.schemas import LAYERS

__all__ = ["Raw", "checked_types", "misspelt", "parse_json", "restored"]

ALMOST = 0.85  # a name this like a table's own is taken for a slip of the pen


@dataclass
class Raw:
    """Tables as they lie in their files, the settings beside them, and what could not be read."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    types: Types = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def misspelt(names: Mapping[str, str], found: Iterable[str]) -> list[Fault]:
    """
    Return a fault for each name that is almost that of a table which is not there.

    Parameters
    ----------
    names
        File or layer, by the table that it would be.
    found
        Tables that are there.
    """
    faults, absent = [], set(LAYERS) - set(found)
    for stem, name in names.items():
        near = difflib.get_close_matches(stem.lower(), sorted(absent), n=1, cutoff=ALMOST)
        if near:
            cure = f"Name it {near[0]}, or something else altogether"
            faults.append(Fault(near[0], "table", f"is not there, but {name!r} is", cure))
    return faults


def parse_json(text: str, where: str, key: str) -> tuple[dict[str, Any], list[Fault]]:
    """Return the object that a JSON text holds, or the fault that it holds none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" (line {error.lineno}, {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
        return {}, [Fault(where, key, f"is not JSON{place}", "Correct it, or remove it to take the defaults")]
    if not isinstance(value, dict):
        return {}, [Fault(where, key, "is not an object of names and values", 'Write {"year": 2034}')]
    return value, []


def checked_types(value: object, where: str) -> tuple[Types, list[Fault]]:
    """Return the recorded column types, or the fault that they are none."""
    good = isinstance(value, dict) and all(
        isinstance(kinds, dict) and all(isinstance(kind, str) for kind in kinds.values())
        for kinds in value.values()
    )
    if good:
        return value, []  # type: ignore[return-value]  # just tested
    return {}, [Fault(where, "types", "is not column types by table", "Remove it; types are then inferred")]


def restored(name: str, frame: pd.DataFrame, types: Types, where: str) -> tuple[pd.DataFrame, list[Fault]]:
    """Return a table with the recorded types of the user's own columns, and the ones that do not fit."""
    faults, columns = [], {}
    for column, kind in types.get(name, {}).items():
        if column not in frame.columns or column in LAYERS[name].columns:
            continue
        try:
            columns[column] = decode(frame[column], kind)
        except (ValueError, TypeError, OverflowError):
            problem = f"does not fit its type {kind!r} in {where}"
            faults.append(Fault(name, column, problem, f"Correct it, or remove the type from {where}"))
    return frame.assign(**columns), faults
