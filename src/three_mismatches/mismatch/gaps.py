"""One row per site: what it asks, what the networks give it, and which mismatch weighs most."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from three_mismatches.layers import Flag
from three_mismatches.layers.at_year import add_flag

__all__ = [
    "DELAY_COLUMNS",
    "DOMINANT",
    "SITE_COLUMNS",
    "dominant_mismatch",
    "site_rows",
    "with_delay",
    "with_line_rung",
]

DOMINANT = ("sites-power", "sites-fibre", "power-fibre")
"""The three mismatches, in the order in which ties are decided (DESIGN 2)."""

UNSEEN = (Flag.REQUEST_UNKNOWN, Flag.LOCAL_GRID_UNKNOWN, Flag.POCKET_LOAD_UNKNOWN, Flag.NO_BUDGET)
"""Flags with which "no gap was seen" does not mean "there is none"."""

OF_LINES = (Flag.BASE_INFEASIBLE, Flag.BASE_VIOLATION, Flag.ISLAND, Flag.RADIAL, Flag.RATING_UNKNOWN)
"""Flags that the line model can give a site."""

DELAY_COLUMNS = (
    "time_to_power_y", "delay_y_p10", "delay_y_p50", "delay_y_p90", "critical_stream",
    "critical_building", "critical_generation", "critical_power", "critical_fibre",
)  # fmt: skip
"""Columns of the years, from the draws of `delay.simulate`."""

LATER = ("n0_mw", "n1_mw", "bus", "bus_km", *DELAY_COLUMNS)
"""Columns that need the line-level grid or the years; NaN until the model has them."""

SITE_COLUMNS = (
    "name", "name_ja", "operator", "status", "use", "area", "pocket", "part_of",
    "request_mw", "in_base_mw", "new_mw", "hosting_mw", "power_gap_mw", "power_gap_frac",
    "limiting_element", "limiting_outage",
    "adequacy_mw", "transport_mw", "n0_mw", "n1_mw", "secure_mw", "joint_mw", "joint_gap_mw", "bus", "bus_km",
    "tie_loss_mw", "tie_loss_element",
    "nearest_hub", "rtt_ms", "rtt_low_ms", "rtt_high_ms", "budget_ms", "rtt_gap_ms", "build_km",
    "rtt_vacuum_ms", "rtt_glass_ms", "rtt_route_ms", "rtt_policy_ms", "rtt_equipment_ms",
    "c_stretch", "fibre_stretch", "n1_rtt_ms", "n1_kind", "n1_loss",
    "regret_mw", "regret_place",
    *DELAY_COLUMNS,
    "dominant_mismatch", "model", "bound", "flags",
    "location_precision", "source", "source_date", "licence", "confidence", "imputed", "geometry",
)  # fmt: skip
"""Columns of `result.sites`, in order."""


def site_rows(
    sites: gpd.GeoDataFrame,
    hosting: pd.DataFrame,
    joint: pd.DataFrame,
    latency: pd.DataFrame,
    regrets: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """
    Return the result's row for each site, in the order of `sites`.

    Parameters
    ----------
    sites
        In the study year, matched: with `area`, `pocket`, `new_mw`, `in_base_mw`. [MW]
    hosting
        Index site: the ladder as headroom beyond the base draw, from `power.area_hosting`. [MW]
    joint
        Index site: `joint_mw` beyond the base draw; nested sites have none. [MW]
    latency
        Long table site x use from `latency.by_use`.
    regrets
        Index site, from `mismatch.regret`.
    """
    own = _own_use(sites, latency)
    rows = sites.drop(columns=[column for column in own if column in sites and column != "flags"])
    rows = rows.join(own.drop(columns="flags")).join(regrets)
    for rung in ("adequacy_mw", "transport_mw", "secure_mw", "tie_loss_mw"):
        rows[rung] = sites["in_base_mw"] + hosting[rung]
    for column in ("limiting_element", "limiting_outage", "tie_loss_element"):
        rows[column] = hosting[column]
    rows["hosting_mw"] = rows["secure_mw"]
    rows["power_gap_mw"] = (rows["request_mw"] - rows["hosting_mw"]).clip(lower=0.0)
    rows["power_gap_frac"] = rows["power_gap_mw"] / rows["request_mw"].where(rows["request_mw"] > 0.0)
    known = rows["request_mw"].notna()
    rows["joint_mw"] = (sites["in_base_mw"] + joint["joint_mw"].reindex(sites.index)).where(known)
    rows["joint_gap_mw"] = (rows["request_mw"] - rows["joint_mw"]).clip(lower=0.0)
    rows[list(LATER)] = np.nan
    rows["flags"] = _site_flags(rows, own["flags"], hosting)
    rows["dominant_mismatch"] = dominant_mismatch(rows)
    rows["model"] = "area"
    loose = rows["flags"].str.contains(f"{Flag.LOCAL_GRID_UNKNOWN}|{Flag.POCKET_LOAD_UNKNOWN}", regex=True)
    rows["bound"] = np.where(loose, "upper", "exact")
    extra = [column for column in rows if column not in SITE_COLUMNS]
    return rows[[*SITE_COLUMNS, *extra]]


def with_delay(rows: gpd.GeoDataFrame, delay: pd.DataFrame) -> gpd.GeoDataFrame:
    """
    Return the rows with how long each site waits, and for what.

    Parameters
    ----------
    rows
        From `site_rows`.
    delay
        Index site: the columns of `DELAY_COLUMNS`. [years, -]
    """
    found = delay.reindex(rows.index)
    return rows.assign(**{column: found[column] for column in DELAY_COLUMNS})


def with_line_rung(rows: gpd.GeoDataFrame, line: pd.DataFrame) -> gpd.GeoDataFrame:
    """
    Return the rows with what the line-level grid adds: hosting is the least of what both models allow.

    The area's rungs stay beside it. What the line model says is indicative: the grid is repaired from map lines and
    its parameters are those of voltage classes.

    Parameters
    ----------
    rows
        From `site_rows`.
    line
        Index site: `bus`, `bus_km` [km]; `n0_mw` and `n1_mw`, headroom beyond the base draw before and after any
        outage [MW], `n1_line` and `n1_outage` that limit it, `line_flags`, `overloaded`. NaN where a site has no bus.
    """
    n0, n1 = (rows["in_base_mw"] + line[rung] for rung in ("n0_mw", "n1_mw"))
    less = n1 < rows["secure_mw"]
    known = n1.notna()
    moved = rows.assign(
        n0_mw=n0,
        n1_mw=n1,
        hosting_mw=rows["secure_mw"].mask(less, n1),
        limiting_element=rows["limiting_element"].mask(less, line["n1_line"]),
        limiting_outage=rows["limiting_outage"].mask(less, line["n1_outage"]),
        model=np.where(known, "line", "area"),
        bound=np.where(known, "upper", rows["bound"]),
        bus=line["bus"],
        bus_km=line["bus_km"],
    )
    moved["power_gap_mw"] = (moved["request_mw"] - moved["hosting_mw"]).clip(lower=0.0)
    moved["power_gap_frac"] = moved["power_gap_mw"] / moved["request_mw"].where(moved["request_mw"] > 0.0)
    flags = add_flag(moved["flags"], Flag.INDICATIVE, known)
    codes = line["line_flags"].astype(object).fillna("").astype(str).str.split(";")
    for flag in OF_LINES:
        flags = add_flag(flags, flag, np.array([flag.value in each for each in codes], dtype=bool))
    moved["flags"] = add_flag(
        flags, Flag.LINE_OVERLOADED, line["overloaded"].fillna(value=False).astype(bool)
    )
    moved["dominant_mismatch"] = dominant_mismatch(moved)
    extra = [column for column in moved if column not in SITE_COLUMNS]
    return moved[[*SITE_COLUMNS, *extra]]


def dominant_mismatch(rows: pd.DataFrame) -> pd.Series:
    """
    Return the largest of the three unmet shares of each row (DESIGN 2).

    Parameters
    ----------
    rows
        With request_mw, power_gap_mw, rtt_ms, rtt_gap_ms, regret_mw and flags.

    Returns
    -------
    dominant
        "sites-power", "sites-fibre", "power-fibre"; "none" where nothing is short; "unknown" where nothing
        is seen to be short but the request, the local grid or the budget is not known.
    """
    request = rows["request_mw"].where(rows["request_mw"] > 0.0)
    slow = (rows["rtt_gap_ms"] / rows["rtt_ms"]).mask(np.isinf(rows["rtt_gap_ms"]), 1.0)
    shares = pd.concat([rows["power_gap_mw"] / request, slow, rows["regret_mw"] / request], axis=1)
    share = shares.fillna(0.0).to_numpy()
    largest = np.array(DOMINANT, dtype=object)[share.argmax(axis=1)]
    unseen = rows["flags"].str.contains("|".join(UNSEEN), regex=True) | rows["rtt_gap_ms"].isna()
    nothing = np.where(unseen, "unknown", "none")
    return pd.Series(np.where(share.max(axis=1) > 0.0, largest, nothing), index=rows.index)


def _own_use(sites: pd.DataFrame, latency: pd.DataFrame) -> pd.DataFrame:
    """Return each site's row of the latency table for its own use; a use without a budget has none."""
    key = pd.MultiIndex.from_arrays([sites.index, sites["use"]], names=["site", "use"])
    own = latency.reindex(key).droplevel("use")
    return own.assign(flags=own["flags"].fillna(Flag.NO_BUDGET.value))


def _site_flags(rows: pd.DataFrame, latency_flags: pd.Series, hosting: pd.DataFrame) -> pd.Series:
    """Return every doubt about each row: the table's own, the fibre's and the power model's."""
    own = zip(rows["flags"].fillna(""), latency_flags, strict=True)
    both = [";".join(sorted({*left.split(";"), *right.split(";")} - {""})) for left, right in own]
    flags = pd.Series(both, index=rows.index, dtype="object")
    flags = add_flag(flags, Flag.REQUEST_UNKNOWN, rows["request_mw"].isna())
    flags = add_flag(flags, Flag.LOCAL_GRID_UNKNOWN, rows["pocket"].isna())
    flags = add_flag(flags, Flag.NESTED, rows["part_of"].notna())
    return add_flag(flags, Flag.BASE_INFEASIBLE, hosting["base_shed_mw"] > 1e-3)
