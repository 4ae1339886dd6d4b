"""A grid of buses seen from afar: areas, and the ties between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from three_mismatches.layers import Grid
from three_mismatches.layers.schemas import empty

__all__ = ["crossing_lines", "to_areas"]


def crossing_lines(grid: Grid) -> pd.DataFrame:
    """
    Return the lines in service that join two areas: index line; area0, area1, tie.

    `tie` is the line's own column `tie` where it is given, else the two areas' ids, in order.
    """
    area = grid.buses["area"]
    ends = [grid.lines[end].map(area) for end in ("bus0", "bus1")]
    across = grid.lines["in_service"] & ends[0].ne(ends[1]) & ends[0].notna() & ends[1].notna()
    pair = [" - ".join(sorted(both)) for both in zip(ends[0][across], ends[1][across], strict=True)]
    stated = (
        grid.lines["tie"][across]
        if "tie" in grid.lines
        else pd.Series(np.nan, index=grid.lines.index[across])
    )
    tie = stated.where(stated.notna() & stated.ne(""), pd.Series(pair, index=stated.index, dtype=object))
    return pd.DataFrame({"area0": ends[0][across], "area1": ends[1][across], "tie": tie})


def to_areas(grid: Grid) -> Grid:
    """
    Return the grid with its buses gathered into areas; one without buses is returned as it is.

    Links join the areas of their buses, lines between areas become ties, and interfaces are made of those. A tie
    that no interface limits carries what its lines are rated for.

    Parameters
    ----------
    grid
        Buses with `area`, lines, links, interfaces.
    """
    if grid.buses.empty:
        return grid
    crossing = crossing_lines(grid)
    ties = _ties(grid, crossing)
    area = grid.buses["area"]
    links = grid.links.assign(
        **{end: grid.links[end].map(area).fillna(grid.links[end]) for end in ("bus0", "bus1")}
    )
    inside = links["bus0"] == links["bus1"]
    return replace(
        grid,
        buses=empty("buses"),
        loads=empty("loads"),
        lines=empty("lines"),
        links=pd.concat([ties, links[~inside]]) if len(ties) else links[~inside],
        interface_members=_members(grid, crossing, ties, links.index[inside]),
        generators=grid.generators.assign(bus=pd.Series(np.nan, index=grid.generators.index, dtype="str")),
    )


def _ties(grid: Grid, crossing: pd.DataFrame) -> pd.DataFrame:
    """Return a link for each tie, from the lesser area to the greater."""
    if crossing.empty:
        return empty("links")
    limited = crossing.index.isin(grid.interface_members["element"])
    rows = crossing.assign(
        s_nom=grid.lines["s_nom"].loc[crossing.index].fillna(np.inf).mask(limited, np.inf),
        low=crossing[["area0", "area1"]].min(axis=1),
        high=crossing[["area0", "area1"]].max(axis=1),
        source=grid.lines["source"].loc[crossing.index],
        licence=grid.lines["licence"].loc[crossing.index],
    )
    both = (
        rows.sort_index()
        .groupby("tie")
        .agg(
            bus0=("low", "first"),
            bus1=("high", "first"),
            p_nom=("s_nom", "sum"),
            source=("source", "first"),
            licence=("licence", "first"),
        )
    )
    table = both.rename_axis("link").assign(
        name=both.index,
        carrier="tie",
        p_nom_reverse=np.nan,
        margin_mw=0.0,
        poles=1.0,
        efficiency=1.0,
        imputed=True,
    )
    return table.reindex(columns=grid.links.columns)


def _members(grid: Grid, crossing: pd.DataFrame, ties: pd.DataFrame, inside: pd.Index) -> pd.DataFrame:
    """Return the members of interfaces, each tie once, in the tie's own direction; a link inside an area is none."""
    members = grid.interface_members
    members = members[~members["element"].isin(inside)]
    on_line = members["element"].isin(grid.lines.index)
    lines = members[on_line & members["element"].isin(crossing.index)]
    if lines.empty:
        return members[~on_line]
    of = crossing.loc[lines["element"]]
    forward = (ties["bus0"].loc[of["tie"]].to_numpy() == of["area0"].to_numpy()) * 2.0 - 1.0
    seen = lines.assign(element=of["tie"].to_numpy(), sign=lines["sign"].to_numpy() * forward)
    once = seen.drop_duplicates(["interface", "element"])
    ids = pd.Index(once["interface"] + ":" + once["element"], name=members.index.name)
    return pd.concat([members[~on_line], once.set_axis(ids)])
