"""Test cases of PYPOWER as grids, and what PYPOWER makes of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from pypower.bustypes import bustypes
from pypower.dcpf import dcpf
from pypower.ext2int import ext2int
from pypower.idx_brch import BR_STATUS, BR_X, F_BUS, RATE_A, RATE_C, SHIFT, T_BUS, TAP
from pypower.idx_bus import BUS_I, BUS_TYPE, GS, PD, VA
from pypower.idx_gen import GEN_BUS, GEN_STATUS, PG, PMAX, PMIN
from pypower.makeBdc import makeBdc
from pypower.makeSbus import makeSbus

from conftest import table
from three_mismatches.layers import Grid
from three_mismatches.layers.schemas import LAYERS, empty

Case = dict[str, Any]

CASES = ("case6ww", "case9", "case14", "case24_ieee_rts", "case30", "case39", "case57", "case118", "case300")


def case(name: str) -> Case:
    """Return a case of PYPOWER."""
    found: Case = getattr(import_module(f"pypower.{name}"), name)()
    return found


def grid_of(ppc: Case) -> Grid:
    """Return a case as a grid: buses by number, lines by row, every figure as it stands there."""
    bus, gen, branch = ppc["bus"], ppc["gen"], ppc["branch"]
    buses = {str(int(row[BUS_I])): {"slack": bool(row[BUS_TYPE] == 3)} for row in bus}
    loads = {
        f"load {int(row[BUS_I])}": {"bus": str(int(row[BUS_I])), "p_set": row[PD] + row[GS]} for row in bus
    }
    generators = {
        str(at + 1): {
            "bus": str(int(row[GEN_BUS])), "p_set": row[PG], "p_nom": max(row[PMAX], 0.0), "p_min": row[PMIN],
            "status": "operating" if row[GEN_STATUS] > 0 else "retired",
        }
        for at, row in enumerate(gen)
    }  # fmt: skip
    lines = {
        str(at + 1): {
            "bus0": str(int(row[F_BUS])), "bus1": str(int(row[T_BUS])),
            "x_pu_100": row[BR_X] * 100.0 / ppc["baseMVA"], "tap_ratio": row[TAP] or 1.0, "phase_shift": row[SHIFT],
            "s_nom": row[RATE_A] or np.inf, "s_nom_emergency": row[RATE_C] or np.inf,
            "in_service": bool(row[BR_STATUS]),
        }
        for at, row in enumerate(branch)
    }  # fmt: skip
    frames = {"buses": buses, "loads": loads, "generators": generators, "lines": lines}
    tables = {name: table(name, rows) for name, rows in frames.items()}
    return Grid(
        **{field: tables.get(field, empty(field)) for field in Grid.__dataclass_fields__ if field in LAYERS}
    )


def dc_flow_of(ppc: Case) -> pd.Series:
    """Return what PYPOWER's DC power flow sends through each branch, with the slack that the case names. [MW]"""
    inner = ext2int(ppc)
    base, bus, gen, branch = inner["baseMVA"], inner["bus"], inner["gen"], inner["branch"]
    ref, pv, pq = bustypes(bus, gen)
    matrix, flows, injected, shifted = makeBdc(base, bus, branch)
    power = makeSbus(base, bus, gen).real - injected - bus[:, GS] / base
    angle = dcpf(matrix, power, bus[:, VA] * np.pi / 180.0, ref, pv, pq)
    found = pd.Series(0.0, index=[str(at + 1) for at in range(len(ppc["branch"]))])
    found.iloc[inner["order"]["branch"]["status"]["on"]] = (flows * angle + shifted) * base
    return found
