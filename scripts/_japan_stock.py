"""Data-centre load of the base year that no row of sites covers, by area, from `data/japan/dc_stock.csv`."""

from __future__ import annotations

import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS

REGIONS = {"kanto": "tokyo", "kansai-region": "kansai"}
"""Regions of the sources, and the service area that holds nearly all of each."""

ENDS = ("", "_low", "_high")


def unlisted_table(areas: pd.DataFrame, sites: pd.DataFrame, stock: pd.DataFrame) -> pd.DataFrame:
    """
    Return `unlisted_mw` and its low and high end by area: what stood when it was counted, less what rows drew.

    Listed sites that opened later are left out of what is taken off; a negative rest is 0.
    """
    counted = stock[stock["role"] == "stock"].iloc[0]
    listed = listed_then(sites, int(counted["year"])).reindex(areas.index).fillna(0.0)
    share = shares(areas, stock)
    rest = {f"unlisted_mw{end}": (total_mw(stock)[end] * share - listed).clip(lower=0.0) for end in ENDS}
    return pd.DataFrame(rest).round(0)


def total_mw(stock: pd.DataFrame) -> dict[str, float]:
    """
    Return the nation's data-centre load at the peak: default, low and high. [MW]

    Default and high are one source's TWh, at the load factor that its own peaks imply and at the model's.
    """
    row = stock.set_index("role")["value"]
    factor = ASSUMPTIONS["load_factor"]
    peak = {
        end: row["stock"] / (8.76 * value) * 1000.0
        for end, value in (("", factor.high), ("_high", factor.value))
    }
    return {**peak, "_low": float(row["stock_low"])}


def shares(areas: pd.DataFrame, stock: pd.DataFrame) -> pd.Series:
    """Return each area's share of what stands: two published ones, the rest by energy."""
    printed = stock[stock["role"] == "share"]
    given = printed.set_index(printed["area"].map(REGIONS))["value"]
    rest = areas["energy_twh"].drop(given.index)
    return pd.concat([given, rest / rest.sum() * (1.0 - given.sum())]).reindex(areas.index)


def listed_then(sites: pd.DataFrame, year: int) -> pd.Series:
    """Return what listed sites that ran in a year draw in the base year, by area; parts are in no sum. [MW]"""
    ran = (sites["status"] == "operating") & ~(sites["year_operating"] > year) & sites["part_of"].isna()
    return sites[ran].groupby("area")["in_base_mw"].sum()
