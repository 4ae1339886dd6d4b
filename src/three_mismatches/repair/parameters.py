"""
What a map does not say of a branch: circuits, reactance, resistance and ratings, by class of voltage.

Each value taken from a class is imputed and carries the range of its class, from which an ensemble can draw.
"""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.line_classes import (
    BASE_MVA,
    MW_PER_MVA,
    LineClass,
    TransformerClass,
    line_class,
    transformer_class,
)
from three_mismatches.repair._near import straight

__all__ = ["circuits_of", "transformers_of"]

Floats = NDArray[np.float64]


def circuits_of(branches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Return one row of `lines` for each circuit of each branch.

    Parameters
    ----------
    branches
        Index branch; bus0, bus1, kind ("line" or "cable"), v_nom [kV], length [km], geometry; `circuits`, NaN or
        missing where it is not known; `name`.

    Returns
    -------
    lines
        Index line, the branch's id with the circuit's number; `corridor` is the branch. x, r [ohm], x_pu_100 (which
        follows x), s_nom, s_nom_emergency [MVA], `circuits` of the corridor; x, r, both ratings and `circuits` with
        `_low` and `_high`, the range of the class.

    Notes
    -----
    A line of two circuits carries what one can, once the loss of the other must be survived: that follows from
    the two rows and needs no rating of its own.
    """
    classes = [line_class(kind, kv) for kind, kv in zip(branches["kind"], branches["v_nom"], strict=True)]
    stated = branches["circuits"] if "circuits" in branches else pd.Series(np.nan, index=branches.index)
    known = (stated >= 1.0).to_numpy()
    count = np.where(known, stated, _each(classes, lambda c: c.circuits)).astype(np.int64)
    length = branches["length"].to_numpy(dtype=np.float64)
    table = pd.DataFrame(
        {
            "bus0": branches["bus0"], "bus1": branches["bus1"], "kind": branches["kind"], "v_nom": branches["v_nom"],
            "length": length, "corridor": branches.index.astype(str), "circuits": count.astype(np.float64),
            "circuits_low": np.where(known, stated, _each(classes, lambda c: c.circuits_low)),
            "circuits_high": np.where(known, stated, _each(classes, lambda c: c.circuits_high)),
            "name": branches.get("name", ""),
        },
        index=branches.index,
    )  # fmt: skip
    table = table.assign(**_series(classes, length, table["v_nom"].to_numpy(dtype=np.float64)))
    table = table.assign(tap_ratio=1.0, phase_shift=0.0, in_service=True, imputed=True)
    table["source"] = [item.source for item in classes]
    table["source_date"] = [item.source_date for item in classes]
    return _rows_for_each(table, count, branches.geometry.to_numpy())


def _series(classes: list[LineClass], length: Floats, v_nom: Floats) -> dict[str, Floats]:
    """Return the electrical values of one circuit of each branch."""
    to_pu = BASE_MVA / v_nom**2
    x = _each(classes, lambda c: c.x_ohm_per_km) * length
    return {
        "x": x,
        "x_low": _each(classes, lambda c: c.x_low) * length,
        "x_high": _each(classes, lambda c: c.x_high) * length,
        "r": _each(classes, lambda c: c.r_ohm_per_km) * length,
        "r_low": _each(classes, lambda c: c.r_low) * length,
        "r_high": _each(classes, lambda c: c.r_high) * length,
        "x_pu_100": x * to_pu,
        "s_nom": _each(classes, lambda c: c.s_nom),
        "s_nom_low": _each(classes, lambda c: c.s_nom_low),
        "s_nom_high": _each(classes, lambda c: c.s_nom_high),
        "s_nom_emergency": _each(classes, lambda c: c.s_nom * c.emergency_ratio),
        "s_nom_emergency_low": _each(classes, lambda c: c.s_nom * c.emergency_ratio_low),
        "s_nom_emergency_high": _each(classes, lambda c: c.s_nom * c.emergency_ratio_high),
    }


def transformers_of(pairs: NDArray[np.object_], buses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Return one row of `lines` for each transformer bank between two levels of a substation.

    Parameters
    ----------
    pairs
        Ids of the buses on both sides, the higher voltage first, shape (pairs, 2).
    buses
        Index bus; `v_nom` [kV] and point.

    Returns
    -------
    lines
        As `circuits_of`, with kind "transformer", length 0 and the higher voltage for v_nom.
    """
    high, low = (buses["v_nom"].loc[pairs[:, side]].to_numpy(dtype=np.float64) for side in (0, 1))
    classes = [transformer_class(*levels) for levels in zip(high, low, strict=True)]
    count = _each(classes, lambda c: c.banks).astype(np.int64)
    index = pd.Index([f"{a} / {b}" for a, b in pairs], name="branch")
    bank = _each(classes, lambda c: c.bank_mva)
    to_pu = BASE_MVA / bank
    table = pd.DataFrame(
        {
            "bus0": pairs[:, 0], "bus1": pairs[:, 1], "kind": "transformer", "v_nom": high, "length": 0.0,
            "corridor": index, "circuits": count.astype(np.float64),
            "circuits_low": _each(classes, lambda c: c.banks_low),
            "circuits_high": _each(classes, lambda c: c.banks_high),
            "name": "", "x_pu_100": _each(classes, lambda c: c.x_pu) * to_pu,
            # Lines are rated in MW as printed; a bank's nameplate is brought to the same.
            "s_nom": bank * MW_PER_MVA,
            "s_nom_low": _each(classes, lambda c: c.bank_mva_low) * MW_PER_MVA,
            "s_nom_high": _each(classes, lambda c: c.bank_mva_high) * MW_PER_MVA,
            "s_nom_emergency": bank * MW_PER_MVA * _each(classes, lambda c: c.emergency_ratio),
            "s_nom_emergency_low": bank * MW_PER_MVA * _each(classes, lambda c: c.emergency_ratio_low),
            "s_nom_emergency_high": bank * MW_PER_MVA * _each(classes, lambda c: c.emergency_ratio_high),
            "source": [item.source for item in classes], "source_date": [item.source_date for item in classes],
        },
        index=index,
    )  # fmt: skip
    ohm = high**2 / BASE_MVA
    table = table.assign(
        x=table["x_pu_100"] * ohm,
        x_low=_each(classes, lambda c: c.x_pu_low) * to_pu * ohm,
        x_high=_each(classes, lambda c: c.x_pu_high) * to_pu * ohm,
        r=_each(classes, lambda c: c.r_pu) * to_pu * ohm,
        r_low=_each(classes, lambda c: c.r_pu_low) * to_pu * ohm,
        r_high=_each(classes, lambda c: c.r_pu_high) * to_pu * ohm,
        tap_ratio=1.0, phase_shift=0.0, in_service=True, imputed=True,
    )  # fmt: skip
    ends = (shapely.get_coordinates(buses.geometry.loc[pairs[:, side]].to_numpy()) for side in (0, 1))
    return _rows_for_each(table, count, straight(*ends))


def _each(classes: list[LineClass] | list[TransformerClass], value: Callable[..., float]) -> Floats:
    return np.array([value(item) for item in classes], dtype=np.float64)


def _rows_for_each(
    table: pd.DataFrame, count: NDArray[np.int64], geometry: NDArray[np.object_]
) -> gpd.GeoDataFrame:
    """Return each row as often as it has circuits, numbered from 1."""
    at = np.repeat(np.arange(len(table)), count)
    number = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count) + 1
    rows = table.iloc[at]
    ids = pd.Index([f"{name} #{n}" for name, n in zip(rows.index, number, strict=True)], name="line")
    return gpd.GeoDataFrame(rows.set_axis(ids), geometry=geometry[at], crs="EPSG:4326")
