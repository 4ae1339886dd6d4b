"""The matrices of a case of MATPOWER become a grid, once they are seen to be right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from three_mismatches.errors import LayerError
from three_mismatches.inputs.matpower.case_file import (
    COLUMNS,
    CONVERT,
    NEEDED,
    ONE_NUMBER,
    RESAVE,
    Case,
    Matrix,
    read_case,
)
from three_mismatches.layers.checks import grid_from_frames
from three_mismatches.layers.schemas import CRS, LAYERS
from three_mismatches.layers.tables import Grid

__all__ = ["read_matpower"]

BASE_MVA = 100.0  # of x_pu_100
ISOLATED, REFERENCE = 4, 3
HELD = (2, REFERENCE)  # types of buses whose voltage generators hold
LARGEST_BUS = 2**53  # beyond it a float is no longer one whole number
BUS_TYPES = (1, 2, REFERENCE, ISOLATED)
FINITE: Mapping[str, tuple[str, ...]] = {
    "bus": ("BUS_I", "BUS_TYPE", "PD", "QD", "GS", "BS", "BASE_KV"),
    "gen": ("GEN_BUS", "PG", "QG", "GEN_STATUS"),
    "branch": ("F_BUS", "T_BUS", "BR_R", "BR_X", "BR_B", "TAP", "SHIFT", "BR_STATUS"),
    "dcline": ("F_BUS", "T_BUS", "BR_STATUS", "PF", "LOSS1"),
}
KNOWN: Mapping[str, tuple[str, ...]] = {
    "gen": ("PMAX", "PMIN"),
    "branch": ("RATE_A", "RATE_B", "RATE_C"),
    "dcline": ("PMIN", "PMAX"),
}
"""Columns that may be infinite, but not NaN."""
ENDS: Mapping[str, tuple[str, ...]] = {
    "gen": ("GEN_BUS",),
    "branch": ("F_BUS", "T_BUS"),
    "dcline": ("F_BUS", "T_BUS"),
}
CARRIER_OF_FUEL = {
    "biomass": "biomass", "wood": "biomass", "coal": "coal", "geothermal": "geothermal", "hydro": "hydro",
    "hydrops": "pumped_hydro", "ng": "gas", "gas": "gas", "lng": "lng", "nuclear": "nuclear", "oil": "oil",
    "dfo": "oil", "rfo": "oil", "jetfuel": "oil", "refuse": "waste", "solar": "solar", "wind": "wind",
    "ess": "battery",
}  # fmt: skip
"""Carriers of the fuels that MATPOWER names; the others are `other`."""


def read_matpower(path: str | Path) -> Grid:
    """
    Return the grid of a case in MATPOWER's format, version 2 [1]_.

    The file is read as data and never run. What becomes of each column is in `docs/reading_matpower.md`.

    Parameters
    ----------
    path
        A case as text (`.m`) or as a MAT-file (`.mat`).

    Returns
    -------
    grid
        With `buses`, `loads`, `generators`, `lines` (with the transformers) and `links` (the DC lines). The format
        has no coordinates, so nothing has a geometry. The other tables are empty.

    Raises
    ------
    LayerError
        With every fault of the file: what is no data, what is missing, and what contradicts itself.

    References
    ----------
    .. [1] R. D. Zimmerman, C. E. Murillo-Sánchez, MATPOWER User's Manual, appendix B, "Data File Format".

    Examples
    --------
    >>> grid = read_matpower("case9.m")  # doctest: +SKIP
    """
    path = Path(path)
    case = read_case(path)
    _check_given(case)
    _check_values(case)
    if case.faults:
        raise LayerError(case.faults)
    return grid_from_frames(_frames(case))


def _check_given(case: Case) -> None:
    """Add faults for what is missing, of another version, or too narrow."""
    for name in NEEDED:
        if name not in case.told:
            case.say(f"mpc.{name}", "is missing", f"Add it: a case of version 2 has {', '.join(NEEDED)}")
    for name, matrix in list(case.matrices.items()):
        needed, has = len(COLUMNS[name]), matrix.numbers.shape[1]
        if not len(matrix.numbers):
            matrix.numbers = np.empty((0, needed))
        elif has < needed:
            case.say(
                f"mpc.{name}",
                f"has {has} columns, and {needed} are needed",
                f"They are {', '.join(COLUMNS[name])}",
            )
            del case.matrices[name]
    for name in [one for one in COLUMNS if one in case.scalars]:
        case.say(f"mpc.{name}", "is not a matrix", RESAVE)
    if "bus" in case.matrices and not len(case.matrices["bus"].numbers):
        case.say("mpc.bus", "has no rows", "A grid needs a bus")
    version = case.scalars.get("version", "2")
    if not re.fullmatch(r"2(?:\.0*)?", version):
        case.say("mpc.version", f"is {version}, where 2 is read", CONVERT)
    if "baseMVA" in case.scalars and not _base(case) > 0:
        case.say("mpc.baseMVA", "is not a number above 0", "Give the power base. [MVA]")


def _base(case: Case) -> float:
    """Return the power base, NaN where it is no finite number. [MVA]"""
    text = case.scalars.get("baseMVA", "")
    base = float(text.lower().replace("d", "e")) if ONE_NUMBER.fullmatch(text) else np.nan
    return base if np.isfinite(base) else np.nan


def _check_values(case: Case) -> None:
    """Add faults for values that no case can have, row by row."""
    for name, matrix in case.matrices.items():
        table = matrix.table(name)
        for column in FINITE[name]:
            cure = "Give the number, or drop the row"
            _say(case, name, column, ~np.isfinite(table[column]), "is not a finite number", cure)
        for column in KNOWN.get(name, ()):
            _say(case, name, column, table[column].isna(), "is NaN", "Give the number, or Inf for no limit")
    if "bus" in case.matrices:
        _check_buses(case)
        _check_ends(case)
    units = len(case.matrices["gen"].numbers) if "gen" in case.matrices else None
    if case.fuels and units is not None and len(case.fuels) != units:
        problem = f"has {len(case.fuels)} texts for {units} rows of mpc.gen"
        case.say("mpc.genfuel", problem, "Give one for each row, or leave it out")


def _say(case: Case, name: str, column: str, bad: pd.Series, problem: str, cure: str) -> None:
    """Add a fault of the rows of a matrix that have it, with what stands there."""
    matrix = case.matrices[name]
    values = matrix.table(name)[column]
    rows = [f"{matrix.places[row]}: {values.iloc[row]:.12g}" for row in np.flatnonzero(bad)]
    case.say(f"mpc.{name} {column}", problem, cure, rows)


def _check_buses(case: Case) -> None:
    """Add faults of the buses' numbers and types."""
    table = case.matrices["bus"].table("bus")
    number, kind = table["BUS_I"], table["BUS_TYPE"]
    odd = np.isfinite(number) & ((number <= 0) | (number % 1 != 0) | (number > LARGEST_BUS))
    _say(case, "bus", "BUS_I", odd, "is no whole number above 0", "Number the bus")
    twice = number.duplicated() & number.notna()
    _say(case, "bus", "BUS_I", twice, "is given twice", "Number each bus differently")
    strange = np.isfinite(kind) & ~kind.isin(BUS_TYPES)
    cure = "1 is PQ, 2 PV, 3 reference, 4 isolated"
    _say(case, "bus", "BUS_TYPE", strange, "is none of 1, 2, 3 and 4", cure)


def _check_ends(case: Case) -> None:
    """Add faults of rows at buses that are not there, and of branches that lead nowhere."""
    known = case.matrices["bus"].table("bus")["BUS_I"]
    for name in (one for one in ENDS if one in case.matrices):
        table = case.matrices[name].table(name)
        for column in ENDS[name]:
            strange = ~table[column].isin(known) & np.isfinite(table[column])
            _say(case, name, column, strange, "is no bus", "Add it to mpc.bus, or drop the row")
        if "T_BUS" in table:
            loop = table["F_BUS"] == table["T_BUS"]
            _say(case, name, "T_BUS", loop, "is where the row begins, too", "Correct an end, or drop the row")


# Tables


def _frames(case: Case) -> dict[str, pd.DataFrame]:
    """Return the tables that a sound case gives, before their schemas complete them."""
    bus = case.matrices["bus"].table("bus").set_index("BUS_I", drop=False)
    working = bus["BUS_TYPE"] != ISOLATED
    frames = {
        "buses": _buses(case, bus),
        "loads": _loads(bus[working]),
        "generators": _generators(case, working),
        "lines": _lines(case, bus, working),
        "links": _links(case, working),
    }
    return {
        name: frame.assign(source=f"MATPOWER case {case.file}", imputed=False)
        for name, frame in frames.items()
    }


def _ids(numbers: pd.Series) -> pd.Series:
    return numbers.astype(np.int64).astype(str)


def _index(name: str, ids: Any) -> pd.Index:  # noqa: ANN401 - any sequence of texts
    index: pd.Index = pd.Index(ids, dtype=object, name=LAYERS[name].index)
    return index


def _row_numbers(name: str, frame: pd.DataFrame, before: str = "") -> pd.Index:
    return _index(name, [f"{before}{row + 1}" for row in range(len(frame))])


def _buses(case: Case, bus: pd.DataFrame) -> gpd.GeoDataFrame:
    gen = case.matrices["gen"].table("gen")
    held = gen[gen["GEN_STATUS"] > 0].groupby("GEN_BUS")["VG"].last().reindex(bus.index)
    frame = pd.DataFrame(
        {
            "v_nom": bus["BASE_KV"].where(bus["BASE_KV"] != 0).to_numpy(),
            "slack": (bus["BUS_TYPE"] == REFERENCE).to_numpy(),
            "v_mag_pu_set": held.where(bus["BUS_TYPE"].isin(HELD) & (held > 0.0)).to_numpy(),
            "shunt_mvar": bus["BS"].where(bus["BS"] != 0.0).to_numpy(),
            "matpower_area": bus["BUS_AREA"].to_numpy(),
            "matpower_zone": bus["ZONE"].to_numpy(),
        },
        index=_index("buses", _ids(bus["BUS_I"])),
    )
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index, crs=CRS))


def _loads(bus: pd.DataFrame) -> pd.DataFrame:
    """Return the demand and the shunt conductance of each bus; susceptances are in the table of buses."""
    parts = []
    for word, p, q in (("load", bus["PD"], bus["QD"]), ("shunt", bus["GS"], 0.0 * bus["GS"])):
        ids = _ids(bus["BUS_I"])
        every = pd.DataFrame({"bus": ids, "p_set": p, "q_set": q}).set_axis(_index("loads", f"{word} " + ids))
        parts.append(every[(every["p_set"] != 0) | (every["q_set"] != 0)])
    return pd.concat(parts)


def _generators(case: Case, working: pd.Series) -> pd.DataFrame:
    gen = case.matrices["gen"].table("gen")
    on = (gen["GEN_STATUS"] > 0) & gen["GEN_BUS"].map(working).astype(bool)
    fuels = pd.Series(case.fuels or "", index=gen.index, dtype=object)
    frame = pd.DataFrame(
        {
            "bus": _ids(gen["GEN_BUS"]),
            "carrier": fuels.str.lower().map(CARRIER_OF_FUEL).fillna("other"),
            "p_nom": gen["PMAX"].clip(lower=0.0),
            "p_min": gen["PMIN"],
            "p_set": gen["PG"].where(on, 0.0),
            "q_set": gen["QG"].where(on, 0.0),
            "q_max": gen["QMAX"],
            "q_min": gen["QMIN"],
            "status": np.where(on, "operating", "retired"),
        }
    )
    return frame.set_axis(_row_numbers("generators", frame))


def _both(branch: pd.DataFrame, working: pd.Series) -> pd.Series:
    """Return whether neither end of a branch is isolated."""
    return branch["F_BUS"].map(working).astype(bool) & branch["T_BUS"].map(working).astype(bool)


def _lines(case: Case, bus: pd.DataFrame, working: pd.Series) -> pd.DataFrame:
    """Return one row for each branch; impedances in ohm are those on the side of the higher voltage."""
    branch, base = case.matrices["branch"].table("branch"), _base(case)
    ends = [branch["F_BUS"], branch["T_BUS"]]
    kv = bus["BASE_KV"].where(bus["BASE_KV"] != 0)
    kv0, kv1 = (end.map(kv).astype(float) for end in ends)
    v_nom = np.fmax(kv0, kv1)
    apart = (kv0 != kv1) & kv0.notna() & kv1.notna()
    shifts = (branch["TAP"] != 0) | (branch["SHIFT"] != 0)
    low, high = _ids(ends[0].clip(upper=ends[1])), _ids(ends[0].clip(lower=ends[1]))
    limits = {name: branch[name].replace(0.0, np.inf) for name in ("RATE_A", "RATE_B", "RATE_C")}
    frame = pd.DataFrame(
        {
            "bus0": _ids(ends[0]),
            "bus1": _ids(ends[1]),
            "kind": np.where(apart | shifts, "transformer", "line"),
            "v_nom": v_nom,
            "x": branch["BR_X"] * v_nom**2 / base,
            "r": branch["BR_R"] * v_nom**2 / base,
            "x_pu_100": branch["BR_X"] * BASE_MVA / base,
            "r_pu_100": branch["BR_R"] * BASE_MVA / base,
            "b_pu_100": branch["BR_B"] * base / BASE_MVA,
            "tap_ratio": branch["TAP"].replace(0.0, 1.0),
            "phase_shift": branch["SHIFT"],
            "s_nom": limits["RATE_A"],
            "s_nom_short": limits["RATE_B"],
            "s_nom_emergency": limits["RATE_C"],
            "corridor": low + "-" + high,
            "in_service": (branch["BR_STATUS"] > 0) & _both(branch, working),
        }
    )
    return frame.set_axis(_row_numbers("lines", frame))


def _links(case: Case, working: pd.Series) -> pd.DataFrame:
    """Return the DC lines that are in service, under the numbers of their rows."""
    none = Matrix(np.empty((0, len(COLUMNS["dcline"]))), [])
    line = case.matrices.get("dcline", none).table("dcline")
    frame = pd.DataFrame(
        {
            "bus0": _ids(line["F_BUS"]),
            "bus1": _ids(line["T_BUS"]),
            "carrier": "HVDC",
            "p_nom": line["PMAX"].clip(lower=0.0),
            "p_nom_reverse": (-line["PMIN"]).clip(lower=0.0),
            "efficiency": 1.0 - line["LOSS1"],
            "p_set": line["PF"],
        }
    )
    on = (line["BR_STATUS"] > 0) & _both(line, working)
    return frame.set_axis(_row_numbers("links", frame, "dcline "))[on.to_numpy()]
