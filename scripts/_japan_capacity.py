"""Generating capacity of the embedded Japan by area and carrier, and dated changes of supply."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

PROVENANCE = ["source", "source_date", "licence", "confidence"]
ENDS = ("", "_low", "_high")
CHANGES = {"new": 1.0, "restart": 1.0, "retire": -1.0, "stop": -1.0}
"""Sign with which a change moves supply; any other change is a status only."""


def capacity_table(sources: pd.DataFrame, factors: pd.DataFrame, generators: pd.DataFrame) -> pd.DataFrame:
    """
    Return `capacity`: one figure per area fed and carrier, its spread over sources, and what is listed of it.

    Listed units lie inside the figure; what it leaves is the residual, and what they exceed it by is told apart.
    """
    key = ["area", "carrier"]
    comparable = sources[sources["comparable"] | sources["used"]].groupby(key)["mw"]
    used = sources[sources["used"]].set_index(key).sort_index()
    if not used.index.is_unique:
        msg = f"two used rows for {sorted(set(used.index[used.index.duplicated()]))} in capacity_sources.csv"
        raise ValueError(msg)
    running = generators["status"] == "operating"
    feeds = generators["feeds_area"].fillna(generators["area"])
    closed = generators[~running].groupby([feeds, "carrier"])["p_nom"].sum().rename_axis(key)
    observed = used["kind"].str.startswith("units observed")
    used = used.assign(mw=used["mw"] - closed.reindex(used.index).fillna(0.0).where(observed, 0.0))
    used = used[used["mw"] > 0.0]
    generators = generators[running]
    listed = (
        generators.groupby([feeds, "carrier"])["p_nom"].sum().rename_axis(key).reindex(used.index).fillna(0.0)
    )
    factor = pd.DataFrame(
        [firm_factor(factors, area, carrier) for area, carrier in used.index], index=used.index
    )
    table = pd.DataFrame(
        {
            "p_nom": used["mw"],
            "p_nom_low": np.minimum(comparable.min().reindex(used.index), used["mw"]),
            "p_nom_high": comparable.max().reindex(used.index),
            "listed_mw": listed,
            "residual_mw": (used["mw"] - listed).clip(lower=0.0),
            "excess_mw": (listed - used["mw"]).clip(lower=0.0),
        }
    ).round(1)
    source = used["source"] + "; firm factor: " + factor["source"]
    confidence = used["confidence"].where(factor["confidence"] != "low", "low")
    table = table.join(factor[[f"firm_factor{end}" for end in ENDS]]).join(used[PROVENANCE])
    table = table.assign(source=source, confidence=confidence, imputed=True).reset_index()
    return table.set_index(pd.Index(table["area"] + "-" + table["carrier"], name="capacity"))


def firm_factor(factors: pd.DataFrame, area: str, carrier: str) -> dict[str, object]:
    """Return the share of a carrier to be counted on at the summer peak: the area's own, else that of all areas."""
    rows = factors[factors["used"] & (factors["season"] == "summer") & (factors["carrier"] == carrier)]
    own = rows[rows["area"] == area]
    row = (own if len(own) else rows[rows["area"] == "all"]).iloc[0]
    value, low, high = (float(row[f"factor{end}"]) for end in ENDS)
    return {
        "firm_factor": min(value, 1.0),
        "firm_factor_low": min(low, value, 1.0),
        "firm_factor_high": min(max(high, value), 1.0),
        "source": row["source"],
        "confidence": row["confidence"],
    }


def own_supply(capacity: pd.DataFrame) -> pd.Series:
    """Return rated output times firm factor, by area. [MW]"""
    return (capacity["p_nom"] * capacity["firm_factor"]).groupby(capacity["area"]).sum()


def supply_upgrades(changes: pd.DataFrame, factors: pd.DataFrame, generators: pd.DataFrame) -> pd.DataFrame:
    """
    Return upgrades of the areas' supply: dated plants that come, go, come back or stop after the base year.

    Each moves the supply and both ends of its range. A plant that is in the base year's supply counts there with
    its observed output and its area's factor, and takes that with it; a new one brings its rated output times
    the carrier's factor. A unit that is gone is no unit that can be lost.
    """
    rows = []
    for change in changes[changes["ship"]].itertuples():
        units = [] if pd.isna(change.units) else change.units.split(";")
        area = "all" if change.change == "new" else change.area_fed
        factor = firm_factor(factors, area, change.carrier)["firm_factor"]
        seen = generators.loc[units, "p_nom"].sum() if units else change.mw
        rated = seen if pd.isna(change.in_supply_mw) else change.in_supply_mw
        sign = CHANGES[change.change]
        told = _told(
            change, f"{rated:g} MW, firm factor {factor:g} of {change.carrier} (data/japan/firm_factors.csv)"
        )
        moved = {"element": change.area_fed, "value": round(sign * rated * factor, 1), "mode": "add"}
        rows += [
            {"upgrade": f"{change.unit}:{name}", "attribute": name} | moved | told
            for name in (f"firm_mw{end}" for end in ENDS)
        ]
        rows += [
            {"upgrade": f"{change.unit}:{unit}", "element": unit, "attribute": "p_unit", "mode": "set"}
            | {"value": generators.loc[unit, "p_unit"] if sign > 0.0 else 0.0}
            | told
            for unit in units
        ]
    return pd.DataFrame(rows).set_index("upgrade")


def _told(change: Any, output: str) -> dict[str, object]:  # noqa: ANN401 - a row of unit_changes
    """Return what each upgrade of one change says of itself."""
    return {
        "date": change.date,
        "p_slip": change.p_slip,
        "work": change.unit,
        "status": f"{change.name}, {change.change}: {change.status}",
        "source": f"{change.source}; {output}",
        "source_date": change.source_date,
        "licence": change.licence,
        "confidence": "low" if change.confidence == "low" else "medium",
        "note": change.note,
        "imputed": True,
    }
