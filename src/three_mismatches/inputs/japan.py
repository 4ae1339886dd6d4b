"""The embedded default: Japan at area resolution, read like any other study."""

from __future__ import annotations

import json
from importlib.resources import as_file, files

import pandas as pd

from three_mismatches.inputs.folder import read_folder
from three_mismatches.inputs.shapes import with_geometry
from three_mismatches.inputs.study import read_study
from three_mismatches.layers import LAYERS, StudyTables
from three_mismatches.layers.checks import check_table
from three_mismatches.layers.settings import Settings

__all__ = [
    "BACKBONES",
    "DEFAULT_BACKBONE",
    "japan_contracts",
    "japan_rtt",
    "japan_solar_profile",
    "read_japan",
]

DEFAULT_BACKBONE = 48
BACKBONES = (12, 25, DEFAULT_BACKBONE)
"""Numbers of nodes of the Japan Photonic Network Model's variants."""


def read_japan(*, backbone: int = DEFAULT_BACKBONE) -> tuple[StudyTables, Settings]:
    """
    Return the tables and settings of the facts pack that ships with the library.

    Parameters
    ----------
    backbone
        Number of nodes of the fibre model, one of `BACKBONES`.

    Raises
    ------
    ValueError
        If there is no backbone of that size.
    """
    if backbone not in BACKBONES:
        msg = f"backbone={backbone!r} is not known; there are {', '.join(map(str, BACKBONES))} nodes"
        raise ValueError(msg)
    with as_file(files("three_mismatches") / "data" / "japan") as folder:
        tables, settings = read_study(folder)
        raw = {} if backbone == DEFAULT_BACKBONE else read_folder(folder / "backbones" / str(backbone)).frames
    fibre = {name: check_table(name, with_geometry(LAYERS[name], frame)[0]) for name, frame in raw.items()}
    nodes = fibre.get("fibre_nodes", tables.fibre.fibre_nodes).index
    # A hub whose city the smaller model leaves out is served by the nearest one that it has.
    hubs = tables.hubs.assign(node=tables.hubs["node"].where(tables.hubs["node"].isin(nodes)))
    return tables.with_frames(**fibre, hubs=hubs), settings


def japan_rtt(*, statistic: str | None = "minimum") -> pd.DataFrame:
    """
    Return the measured round trips that ship with the embedded Japan, for `latency.calibrate` and for comparison.

    Parameters
    ----------
    statistic
        "minimum": of pings between two cities of the fibre model, of at least medium confidence: what tells of fibre.
        None: every row, medians, means and printed figures as well, and such as have an end that is no city of the
        model.

    Returns
    -------
    measured
        Indexed by measurement: pair, node0 and node1 (fibre nodes of the 48-node model, missing where there is none),
        rtt_ms [ms], statistic, source, source_date, licence, confidence, note.
    """
    with as_file(files("three_mismatches") / "data" / "japan" / "measured" / "rtt.csv") as path:
        table = pd.read_csv(path, index_col="measurement", dtype={"source_date": str})
    if statistic is None:
        return table
    kept = table["statistic"].eq(statistic) & table["node1"].notna() & table["confidence"].ne("low")
    return table[kept]


def japan_contracts() -> pd.DataFrame:
    """
    Return the power contracts of data centres that ship with the embedded Japan.

    Returns
    -------
    contracts
        Indexed by contract: name, buyer, seller, carrier, p_ac_mw and p_dc_mw [MW], lon and lat [degrees], area, start
        (year and month), years [y], source, source_date, licence, confidence, note; what is not published is missing.
    """
    with as_file(files("three_mismatches") / "data" / "japan" / "contracts" / "contracts.csv") as path:
        return pd.read_csv(path, index_col="contract", dtype={"start": str, "source_date": str})


def japan_solar_profile() -> pd.Series:
    """
    Return a year of a solar plant at Inuyama, Aichi, under synthetic weather; pvlib is not needed.

    Returns
    -------
    p_pu
        AC output over AC capacity, indexed by the hour of a year of 365 days in UTC+9, from 0; `attrs` tells what it
        is made of, under which licence, and that the weather is synthetic. `power.solar_profile` makes others. [-]
    """
    with as_file(files("three_mismatches") / "data" / "japan" / "profiles") as folder:
        hours = pd.read_csv(folder / "solar.csv.gz", index_col="hour")["p_pu"]
        hours.attrs = json.loads((folder / "solar.json").read_text(encoding="utf-8"))
    return hours
