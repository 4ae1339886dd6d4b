"""The certificate of a repaired grid: what was done to the map, and how far the result can be trusted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

__all__ = ["markdown", "measures", "summary"]

LARGE = 1000.0
"""Numbers from here on are printed whole, smaller ones with four figures."""


def summary(certificate: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Return how often each thing was done, and over how many km.

    Parameters
    ----------
    certificate
        `grid.certificate`.

    Returns
    -------
    summary
        Index action, reason; rows, km [km], suspicious (rows that deserve a look).
    """
    rows = certificate[certificate["action"] != "measure"]
    table = rows.groupby(["action", "reason"]).agg(
        rows=("element", "size"), km=("km", "sum"), suspicious=("suspicious", "sum")
    )
    counted: pd.DataFrame = table.astype({"suspicious": int})
    return counted


def measures(certificate: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Return the figures by which a repair is judged.

    Parameters
    ----------
    certificate
        `grid.certificate`.

    Returns
    -------
    measures
        Index measure, of; value. Components and the share of km in the largest, as drawn and repaired, by zone; the
        imputed share of each attribute; branches across zones, which are 0.
    """
    rows = certificate[certificate["action"] == "measure"]
    value = rows["value"].to_numpy(dtype=np.float64)
    index = pd.MultiIndex.from_arrays([rows["reason"], rows["element"]], names=["measure", "of"])
    return pd.DataFrame({"value": value}, index=index)


def markdown(certificate: gpd.GeoDataFrame, *, longest: int = 20) -> str:
    """
    Return the certificate as Markdown: its measures, what was done, and what remains outside or looks wrong.

    Parameters
    ----------
    certificate
        `grid.certificate`.
    longest
        How many of the pieces that stay apart, and of the suspicious places, are listed.

    Returns
    -------
    text
        Headings and tables. Text of the map's own cannot break out of its cell.
    """
    parts = ["# Repair certificate", "", "## Measures", "", _table(measures(certificate).reset_index())]
    parts += ["", "## What was done", "", _table(summary(certificate).reset_index())]
    apart = certificate[certificate["reason"].str.startswith("apart from the largest")]
    parts += ["", "## What stays apart", "", _table(_places(apart, longest)) if len(apart) else "Nothing."]
    strange = certificate[certificate["suspicious"]]
    parts += ["", "## Suspicious places", "", _table(_places(strange, longest)) if len(strange) else "None."]
    left = len(strange) - longest
    return "\n".join([*parts, *(["", f"... and {left} more."] if left > 0 else []), ""])


def _places(rows: gpd.GeoDataFrame, longest: int) -> pd.DataFrame:
    """Return the longest rows with their places."""
    order = rows.sort_values(["km", "element"], ascending=[False, True], kind="stable").head(longest)
    return pd.DataFrame(
        {
            "element": order["element"], "zone": order["zone"], "km": order["km"], "reason": order["reason"],
            "lon": order.geometry.x.map(_degrees), "lat": order.geometry.y.map(_degrees),
        }
    )  # fmt: skip


def _degrees(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def _table(frame: pd.DataFrame) -> str:
    """Return a table in Markdown; text of a user's file cannot break out of its cell."""
    head = "| " + " | ".join(map(str, frame.columns)) + " |"
    rule = "|" + "|".join(" --- " for _ in frame.columns) + "|"
    rows = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.itertuples(index=False)]
    return "\n".join([head, rule, *rows])


def _cell(value: object) -> str:
    if isinstance(value, float):  # numpy's float64 is one
        if np.isnan(value):
            return ""
        return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.4g}"
    return " ".join(str(value).replace("|", "/").replace("<", "‹").replace(">", "›").split())
