"""What both converters share: what a grid must have to be converted, circuits as rows, and tables as a grid."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches.errors import AssumptionWarning, Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.layers.checks import grid_from_frames
from three_mismatches.layers.schemas import CARRIERS, LAYERS

BASE_MVA = 100.0
UNLIMITED = 1e6
"""Rating or capacity that stands for one without limit where a number is needed. [MVA or MW]"""

TABLES = ("buses", "loads", "generators", "lines", "links")
TOTALS = ("s_nom", "s_nom_emergency", "b_pu_100")
SERIES = ("x", "r", "x_pu_100", "r_pu_100")

OTHER_CARRIERS = {
    "solar": ("pv", "solar rooftop", "solar-hsat", "csp"),
    "wind": (
        "onwind",
        "offwind",
        "offwind-ac",
        "offwind-dc",
        "offwind-float",
        "wp",
        "wind onshore",
        "wind offshore",
    ),
    "hydro": ("ror", "run of river"),
    "pumped_hydro": ("phs", "pumped hydro"),
    "coal": ("lignite", "hard coal"),
    "gas": ("ocgt", "ccgt", "natural gas"),
    "biomass": ("bioenergy", "biogas"),
    "nuclear": ("uranium",),
}
CARRIER_OF = {name: name for name in CARRIERS} | {
    theirs: ours for ours, names in OTHER_CARRIERS.items() for theirs in names
}
"""Carriers of other libraries, in lower case, as ours."""


def library(name: str) -> Any:  # noqa: ANN401 - a module that may not be installed
    """Return an optional library."""
    try:
        return import_module(name)
    except ImportError as error:
        msg = f"{name} is not installed; `pip install three-mismatches[oracles]` brings it"
        raise ImportError(msg) from error


def note(message: str) -> None:
    """Warn of a guess, at the line that called the converter."""
    warnings.warn(message, AssumptionWarning, stacklevel=4)


def chosen_ids(chosen: pd.Series) -> str:
    """Return the ids of the rows that are chosen, at most five, as text."""
    ids = chosen.index[chosen.to_numpy(dtype=bool)]
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return ", ".join(repr(str(one)) for one in ids[:5]) + more


def our_carrier(names: pd.Series) -> pd.Series:
    """Return carriers by our names, "other" where we have none."""
    return names.astype(object).fillna("").astype(str).str.lower().map(CARRIER_OF).fillna("other")


# What a grid must have


def check_convertible(grid: Grid) -> None:
    """
    Check that another library can take a grid, bus by bus.

    Raises
    ------
    NetworkError
        If a bus has no voltage, a line has no reactance or an end that is no bus, a link ends at an area, or a part of
        the network has several slack buses, with every such fault.
    """
    buses, lines = grid.buses, grid.lines
    if buses.empty:
        cure = "Only a grid at line resolution can be converted"
        raise NetworkError([Fault("buses", "table", "has no rows", cure)])
    working = lines["in_service"].astype(bool)
    x, tap = reactance(lines), lines["tap_ratio"].fillna(1.0)
    found = [
        ("buses", "v_nom", "is missing", "Give the nominal voltage of each bus", buses["v_nom"].isna()),
        ("lines", "x_pu_100", "is missing, 0 or infinite", "Give x_pu_100, or x and v_nom",
         working & ~(np.isfinite(x) & (x != 0.0))),
        ("lines", "tap_ratio", "is not above 0", "Write 1 for none", working & ~(tap > 0.0)),
        ("lines", "s_nom", "is 0 for a transformer, whose reactance is per unit of it",
         "Give its rating, or leave it empty", is_transformer(grid) & lines["s_nom"].eq(0.0)),
        *_strange_ends(grid),
    ]  # fmt: skip
    faults = [
        Fault(table, column, problem, cure, tuple(map(str, bad.index[bad])))
        for table, column, problem, cure, bad in found
        if bad.any()
    ]
    faults = faults or _several_slacks(grid)
    if faults:
        raise NetworkError(faults)


def _strange_ends(grid: Grid) -> list[tuple[str, str, str, str, pd.Series]]:
    """Return what is at no bus, table by table."""
    known, areas = grid.buses.index, grid.areas.index
    found = []
    for table, ends in (
        ("lines", ("bus0", "bus1")),
        ("links", ("bus0", "bus1")),
        ("generators", ("bus",)),
        ("loads", ("bus",)),
    ):
        frame = getattr(grid, table)
        for end in ends:
            lost = frame[end].notna() & ~frame[end].isin(known)
            area = lost & frame[end].isin(areas) if table == "links" else lost & False
            found.append((table, end, "is an area, no bus", "Name the bus at which the link ends", area))
            found.append((table, end, "is no bus", "Correct it, or add the bus", lost & ~area))
    return found


def _several_slacks(grid: Grid) -> list[Fault]:
    """Return a fault for the slack buses of each part of the network that has several."""
    part = pd.Series(parts(grid), index=grid.buses.index)[grid.buses["slack"].astype(bool)]
    twice = part[part.duplicated(keep=False)]
    cure = "Keep one: the other libraries have one in each part that hangs together"
    problem = "is named for several buses of one part of the network"
    return [Fault("buses", "slack", problem, cure, tuple(map(str, twice.index)))] if len(twice) else []


def parts(grid: Grid) -> NDArray[np.int64]:
    """Return which buses hang together by lines in service: a number for each."""
    lines = grid.lines[grid.lines["in_service"].astype(bool)]
    start, end = (grid.buses.index.get_indexer(pd.Index(lines[one])) for one in ("bus0", "bus1"))
    return parts_of(np.asarray(start), np.asarray(end), len(grid.buses))


def parts_of(start: NDArray[Any], end: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Return which of `count` buses hang together: a number for each."""
    joined = coo_array((np.ones(len(start)), (start, end)), shape=(count, count))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


# Branches


def reactance(lines: pd.DataFrame) -> pd.Series:
    """Return the series reactance on a base of 100 MVA. [p.u.]"""
    found: pd.Series = lines["x_pu_100"].fillna(lines["x"] * BASE_MVA / lines["v_nom"] ** 2)
    return found


def resistance(lines: pd.DataFrame) -> pd.Series:
    """Return the series resistance on a base of 100 MVA, 0 where it is not known. [p.u.]"""
    own: pd.Series = lines["r"] * BASE_MVA / lines["v_nom"] ** 2
    given = lines["r_pu_100"].astype(float) if "r_pu_100" in lines else own
    return given.fillna(own).fillna(0.0)


def is_transformer(grid: Grid) -> pd.Series:
    """Return which lines must be transformers elsewhere: by their kind, voltages, tap or phase shift."""
    lines, kv = grid.lines, grid.buses["v_nom"]
    ends = [lines[end].map(kv).astype(float) for end in ("bus0", "bus1")]
    apart = (ends[0] != ends[1]) & ends[0].notna() & ends[1].notna()
    tapped = lines["tap_ratio"].fillna(1.0).ne(1.0) | lines["phase_shift"].fillna(0.0).ne(0.0)
    found: pd.Series = lines["kind"].eq("transformer") | apart | tapped
    return found


def per_circuit(frame: pd.DataFrame, count: pd.Series) -> pd.DataFrame:
    """Return one row for each circuit, "<id>-1" and so on; together they are what the row was."""
    times = count.to_numpy(dtype=np.int64)
    rows = np.repeat(np.arange(len(frame)), times)
    each, many = frame.iloc[rows].copy(), times[rows]
    for name in {*TOTALS, *SERIES} & set(frame.columns):
        values = each[name].to_numpy(dtype=float)
        each[name] = values / many if name in TOTALS else values * many
    number = np.arange(len(rows)) - (np.cumsum(times) - times)[rows] + 1
    ids = frame.index.astype(str).to_numpy()[rows]
    before = each["corridor"].to_numpy() if "corridor" in each else np.full(len(each), None)
    names = [f"{one}-{part}" if of > 1 else one for one, part, of in zip(ids, number, many, strict=True)]
    return each.assign(corridor=np.where(many > 1, ids, before)).set_axis(pd.Index(names, dtype=object))


# Tables


def carried(frame: pd.DataFrame, table: str, derived: frozenset[str]) -> pd.DataFrame:
    """Return the columns of our schema that another library has no word for, as far as they hold anything."""
    names = [
        name
        for name in LAYERS[table].columns
        if name in frame and name not in derived and name != "imputed" and frame[name].notna().any()
    ]
    found: pd.DataFrame = pd.DataFrame(frame)[names].copy()
    for name in names:
        if str(LAYERS[table].columns[name].dtype) not in ("float64", "bool"):
            found[name] = found[name].astype(object).where(found[name].notna(), None)
    return found


def distinct(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return tables below one another; an id that is taken has its table's name before it."""
    taken: set[str] = set()
    kept = []
    for name, frame in frames.items():
        ids = [f"{name} {one}" if str(one) in taken else str(one) for one in frame.index]
        taken |= set(ids)
        if len(frame):
            kept.append(frame.set_axis(pd.Index(ids, dtype=object)))
    return pd.concat(kept) if kept else pd.DataFrame()


def as_grid(frames: Mapping[str, pd.DataFrame], source: str) -> Grid:
    """Return tables as a grid, each valid by its schema; a table without rows is empty."""
    given = {}
    for name, frame in frames.items():
        if len(frame):
            rows = frame.rename_axis(LAYERS[name].index)
            given[name] = rows.assign(source=rows["source"].fillna(source) if "source" in rows else source)
    return grid_from_frames(given)
