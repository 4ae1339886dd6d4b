"""Round trips of any points of a study: its sites, its candidate places."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from three_mismatches.latency.budgets import COLUMNS, by_use
from three_mismatches.layers import StudyTables

__all__ = ["of_points"]


def of_points(
    now: StudyTables,
    points: gpd.GeoDataFrame,
    values: Mapping[str, float],
    index: str,
    *,
    losses: bool = False,
) -> pd.DataFrame:
    """
    Return the long table of points by use; without rows where the study has no fibre to run over.

    Parameters
    ----------
    now
        The study's tables in its year: fibre, hubs and budgets.
    points
        Points, one row each.
    values
        Value of every assumption.
    index
        Name of the first level of the result's index.
    losses
        Whether the worst loss is looked for (`by_use`).

    Returns
    -------
    latency
        As `by_use` returns it. [ms, km]
    """
    if now.fibre.fibre_nodes.empty or now.budgets.empty:
        return pd.DataFrame(
            columns=list(COLUMNS), index=pd.MultiIndex.from_arrays([[], []], names=[index, "use"])
        ).astype({column: float for column in COLUMNS if column.endswith(("_ms", "_km"))})
    found = by_use(now.fibre, points, now.hubs, now.budgets, values=values, losses=losses)
    return found.rename_axis(index={"site": index})
