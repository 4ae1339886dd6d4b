"""
What other tools call our columns, and in which unit.

A name is taken only where it stands alone: two that could both be meant are a fault that asks which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from three_mismatches.errors import Fault
from three_mismatches.layers.references import nearest

__all__ = ["KM_PER", "LENGTHS", "SETS", "columns_of", "is_missing", "like_lengths", "missing", "unit_of"]

NODE_IDS = ("fibre_node", "id", "node_id", "nodeid", "osmid")
ROUTE_IDS = ("fibre_route", "id", "link_id", "edge_id", "route_id")
POSITIONS = (
    ("lon", "lat"),
    ("longitude", "latitude"),
    ("lng", "lat"),
    ("long", "lat"),
    ("x", "y"),
)
ENDS = (
    ("node0", "node1"),  # ours
    ("source", "target"),  # node-link JSON
    ("from", "to"),
    ("from_id", "to_id"),  # snkit
    ("from_node", "to_node"),
    ("u", "v"),  # osmnx
    ("start", "end"),  # Open Fibre Data Standard
    ("node_start", "node_end"),  # momepy
    ("a", "b"),
)
KM_PER: Mapping[str, float] = {"km": 1.0, "m": 0.001, "mi": 1.609344, "ft": 0.0003048}
LENGTHS: Mapping[str, str] = {
    "length": "km", "length_km": "km", "dist": "km", "dist_km": "km", "distance": "km", "distance_km": "km",
    "km": "km", "fibrelength": "km", "length_m": "m", "dist_m": "m", "distance_m": "m", "mm_len": "m",
    "length_mi": "mi", "length_miles": "mi",
}  # fmt: skip
"""Names of a length, in lower case, and the unit that each is in unless the caller states another."""
HINTS = ("km", "len", "dist", "metre", "meter", "mile")
"""What a column of lengths under a name of its own may have in it."""

Wanted = Mapping[str, tuple[tuple[str, ...], ...]]
"""For columns of ours, by "node0 node1": the sets of names that they go by, the surest first."""

SETS: Wanted = {
    "fibre_node": tuple((one,) for one in NODE_IDS),
    "fibre_route": tuple((one,) for one in ROUTE_IDS),
    "lon lat": POSITIONS,
    "node0 node1": ENDS,
    "length": tuple((one,) for one in LENGTHS),
    "name": (("name",),),
}


def columns_of(
    names: Iterable[str], wanted: Sequence[str], *, where: str, given: Mapping[str, str] | None = None
) -> tuple[dict[str, str], list[Fault]]:
    """
    Return which column of theirs is which of ours, and what cannot be told.

    Parameters
    ----------
    names
        Their columns.
    wanted
        Keys of `SETS`.
    where
        Name of their table.
    given
        Columns that the caller has named, theirs by ours.
    """
    there = [str(name) for name in names]
    chosen, faults = _stated(there, given or {}, where)
    for key in wanted:
        ours = key.split()
        named = [one for one in ours if one in (given or {})]
        if named:
            if len(named) < len(ours):
                faults.append(Fault(where, key, "is named in part", f"Name both of {' and '.join(ours)}"))
            continue
        found = _present(there, key)
        if len(found) > 1 and list(found[0]) != ours and key not in ("fibre_node", "fibre_route"):
            listed = "; ".join(", ".join(one) for one in found)
            faults.append(Fault(where, key, f"could be {listed}", f"Keep one, or name {' and '.join(ours)}"))
        elif found:
            chosen |= dict(zip(ours, found[0], strict=True))
    return chosen, faults


def missing(where: str, key: str, names: Iterable[str]) -> Fault:
    """Return the fault that a table has none of the columns that `key` may be called."""
    accepted = "; ".join(", ".join(one) for one in SETS[key])
    cure = f"Accepted names: {accepted}. The columns are: {', '.join(map(str, names)) or 'none'}"
    return Fault(where, key, "is missing", cure)


def unit_of(column: str | None, unit: str | None, where: str) -> tuple[float, list[Fault]]:
    """Return how many km one unit of a column of lengths is, and the fault that the unit is not known."""
    if unit is not None and unit not in KM_PER:
        return 1.0, [Fault(where, "length_unit", f"is {unit!r}", f"Give one of {', '.join(KM_PER)}")]
    if unit is not None or column is None:
        return KM_PER[unit or "km"], []
    return KM_PER[LENGTHS.get(column.lower(), "km")], []


def like_lengths(names: Iterable[str]) -> list[str]:
    """Return columns that may hold lengths under a name that is not known."""
    return [str(name) for name in names if any(hint in str(name).lower() for hint in HINTS)]


def _stated(there: Sequence[str], given: Mapping[str, str], where: str) -> tuple[dict[str, str], list[Fault]]:
    faults = [
        Fault(where, str(ours), f"is to be {theirs!r}, which is not there", nearest([str(theirs)], there))
        for ours, theirs in given.items()
        if theirs not in there
    ]
    return {ours: theirs for ours, theirs in given.items() if theirs in there}, faults


def _present(there: Sequence[str], key: str) -> list[tuple[str, ...]]:
    """Return the sets of their names that are all there, in whatever case."""
    lower = {name.lower(): name for name in reversed(there)}
    own = {name: name for name in there}
    found = [
        tuple(own.get(name, lower[name]) for name in names)
        for names in SETS[key]
        if all(name in lower for name in names)
    ]
    return list(dict.fromkeys(found))


def is_missing(value: object) -> bool:
    """Return whether a value is nothing: None, NaN, or a text without letters."""
    if isinstance(value, str):
        return not value.strip()
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float) and value != value
