"""Spare power: what each area's supply leaves above its peak, and on which plants it stands."""

from __future__ import annotations

from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches import match
from three_mismatches.assumptions import resolve
from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid, StudyTables
from three_mismatches.layers.question import Question
from three_mismatches.network import firm_factor, supply_at_buses
from three_mismatches.power import Dispatch

__all__ = ["spare_by_bus", "spare_mw", "spare_power", "spare_units"]

By = Literal["area", "carrier", "generator", "bus"]

COUNTED_BY = ("area", "carrier", "generator", "bus")
"""Ways of counting spare power."""

UNLISTED = "unlisted"
"""First word of the id of a row that stands for plants of an area and carrier which no row of `generators` covers."""

WITH_BUSES = 'Ask for by="generator", or for a study with buses, as japan(resolution="line")'


def spare_mw(areas: pd.DataFrame) -> pd.Series:
    """
    Return what each area's firm supply leaves above its peak and above what it owes its neighbours, at least 0. [MW]

    Parameters
    ----------
    areas
        `firm_mw`, `peak_mw`; `committed_export_mw` where it is known. [MW]
    """
    owed = areas["committed_export_mw"].fillna(0.0) if "committed_export_mw" in areas else 0.0
    return (areas["firm_mw"] - areas["peak_mw"] - owed).clip(lower=0.0)


def spare_power(
    study: Question, *, by: By = "generator", dispatch: Dispatch | None = None
) -> pd.DataFrame | gpd.GeoDataFrame:
    """
    Return where spare power is in the study's year; every way of counting adds up to the same MW in each area.

    Parameters
    ----------
    study
        The study.
    by
        "area"; "carrier" (area and carrier); "generator"; "bus", where the study has buses.
    dispatch
        For buses: spare power stands where this dispatch leaves firm supply unused (`power.base_dispatch`). Without,
        where `generators.p_set` does, and where that is not given, like firm supply.

    Returns
    -------
    spare
        By area: `firm_mw`, `peak_mw`, `committed_export_mw`, `spare_mw`. By carrier, index (area, carrier): `p_nom`,
        `firm_mw`, `spare_mw`. By generator: as `spare_units`. By bus: `area`, `spare_mw`, geometry. [MW]

    Raises
    ------
    NetworkError
        If it is asked for by bus and there is none.
    ValueError
        If `by` is anything else.
    """
    if by not in COUNTED_BY:
        msg = f"by={by!r} is not known; there are {', '.join(map(repr, COUNTED_BY))}"
        raise ValueError(msg)
    settings = study.settings
    now, _, _ = match.in_its_year(study.tables, settings, resolve(settings.assume))
    if by == "area":
        columns = ["firm_mw", "peak_mw", "committed_export_mw"]
        return pd.DataFrame(now.grid.areas[columns]).assign(spare_mw=spare_mw(now.grid.areas))
    if by == "carrier":
        figures = ["p_nom", "firm_mw", "spare_mw"]
        return spare_units(now).groupby(["area", "carrier"])[figures].sum()
    return spare_units(now) if by == "generator" else spare_by_bus(now, dispatch)


def spare_units(now: StudyTables) -> gpd.GeoDataFrame:
    """
    Return each plant's share of the spare power of the area that it feeds.

    Parameters
    ----------
    now
        Tables in their year.

    Returns
    -------
    units
        Index generator; `area` (which it feeds), `carrier`, `p_nom`, `firm_mw`, `spare_mw` [MW], `bus`, `placed`,
        geometry. What `capacity` holds beyond the listed plants has a row "unlisted <area> <carrier>"; what an area
        without any plant has, one row "unlisted <area>". `placed` says what the point is: "point" the plant's own,
        "landing" the nearest land to wind at sea, "bus", or "" for none.

    Notes
    -----
    An area's spare power is divided by firm output: `p_nom` times the plant's own firm factor, else that of `capacity`
    for its area and carrier, else 1; by `p_nom` where all of that is 0. Plants whose `p_unit` is 0 run no more.
    `firm_mw` adds up to the area's supply, and so holds what dated changes bring that has no row of its own.
    """
    areas = now.grid.areas
    units = pd.concat([_listed(now.grid), _unlisted(now.grid)])
    units = units[units["area"].isin(areas.index)]
    firm = units.groupby("area")["weight"].transform("sum")
    units["weight"] = units["weight"].where(firm > 0.0, units["p_nom"].fillna(0.0))
    bare = areas.index[~(units.groupby("area")["weight"].sum().reindex(areas.index) > 0.0)]
    rest = pd.DataFrame({"area": bare, "carrier": "other", "p_nom": np.nan, "weight": 1.0, "bus": None})
    units = pd.concat([units, rest.set_axis([f"{UNLISTED} {area}" for area in bare]).assign(geometry=None)])
    share = units["weight"] / units.groupby("area")["weight"].transform("sum")
    point, placed = _places(units, now.grid)
    found = units[["area", "carrier", "p_nom"]].assign(
        firm_mw=share * units["area"].map(areas["firm_mw"]),
        spare_mw=share * units["area"].map(spare_mw(areas)),
        bus=units["bus"],
        placed=placed,
    )
    return gpd.GeoDataFrame(found.rename_axis("generator"), geometry=point, crs=areas.crs)


def spare_by_bus(now: StudyTables, dispatch: Dispatch | None = None) -> gpd.GeoDataFrame:
    """
    Return each bus's share of the spare power of its area.

    Parameters
    ----------
    now
        Tables in their year, with buses.
    dispatch
        What each bus supplies already; `generators.p_set` without.

    Raises
    ------
    NetworkError
        If there are no buses.
    """
    grid = now.grid
    if grid.buses.empty:
        raise NetworkError([Fault("buses", "table", "has no rows: spare power has no bus", WITH_BUSES)])
    buses = grid.buses.sort_index()
    firm = supply_at_buses(grid).reindex(buses.index)
    used = grid.generators.groupby("bus")["p_set"].sum() if dispatch is None else dispatch.buses["supply_mw"]
    room = (firm - used.reindex(buses.index).fillna(0.0)).clip(lower=0.0)
    room = room.where(room.groupby(buses["area"]).transform("sum") > 0.0, firm)
    share = (room / room.groupby(buses["area"]).transform("sum")).fillna(0.0)
    spare = share * buses["area"].map(spare_mw(grid.areas)).astype(float)
    return gpd.GeoDataFrame({"area": buses["area"], "spare_mw": spare}, geometry=buses.geometry)


def _listed(grid: Grid) -> pd.DataFrame:
    """Return the plants of `generators` with the area that they feed and their weight in its spare power."""
    plants = grid.generators
    running = ~(plants["p_unit"] == 0.0)
    weight = (plants["p_nom"] * firm_factor(plants, grid.capacity)).where(running, 0.0)
    columns = ["carrier", "bus", "geometry"]
    fed = plants["feeds_area"].where(plants["feeds_area"].notna(), plants["area"])
    return pd.DataFrame(plants[columns]).assign(
        area=fed, p_nom=plants["p_nom"].where(running, 0.0), weight=weight.fillna(0.0)
    )


def _unlisted(grid: Grid) -> pd.DataFrame:
    """Return what each area and carrier has beyond the listed plants."""
    rows = grid.capacity[grid.capacity["residual_mw"] > 0.0]
    ids = [
        f"{UNLISTED} {area} {carrier}" for area, carrier in zip(rows["area"], rows["carrier"], strict=True)
    ]
    both = rows.assign(weight=rows["residual_mw"] * rows["firm_factor"], id=ids).groupby("id")
    found = both.agg(
        area=("area", "first"),
        carrier=("carrier", "first"),
        p_nom=("residual_mw", "sum"),
        weight=("weight", "sum"),
    )
    return pd.DataFrame(found.assign(bus=None, geometry=None))


def _places(units: pd.DataFrame, grid: Grid) -> tuple[gpd.GeoSeries, pd.Series]:
    """Return where each row stands, and what that point is."""
    points = gpd.GeoSeries(units["geometry"], crs=grid.areas.crs)
    placed = pd.Series("point", index=units.index).where(~(points.isna() | points.is_empty), "")
    if not grid.buses.empty:
        of_bus = gpd.GeoSeries(units["bus"].map(grid.buses.geometry), crs=grid.areas.crs)
        use = placed.eq("") & of_bus.notna()
        points, placed = points.where(~use, of_bus), placed.mask(use, "bus")
    at_sea = (units["carrier"] == "wind") & placed.eq("point")
    land = shapely.union_all(grid.areas.geometry.to_numpy()) if at_sea.any() else None
    if land is not None and not land.is_empty:
        at_sea &= ~points.intersects(land)
        shore = [shapely.shortest_line(land, point).coords[0] for point in points[at_sea]]
        points = points.copy()
        points.loc[at_sea] = shapely.points(shore) if shore else []
    return points, placed.mask(at_sea, "landing")
