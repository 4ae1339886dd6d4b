"""Where sites, generation, hubs, ordinary load and people are: the measures between which distances are taken."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches import match
from three_mismatches.errors import Fault, LayerError
from three_mismatches.geodesy import wrap_longitude
from three_mismatches.layers import StudyTables
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.network import demand_at_buses, firm_factor

__all__ = ["COLUMNS", "UNLISTED", "measures_of"]

COLUMNS = ("measure", "place", "weight", "area", "lon", "lat", "node")
"""Columns of the long table of measures, in order; weight in MW, of hubs a share, of people as their hubs state."""

UNLISTED = ("people", "plants")
"""Where the supply of an area stands that no listed plant covers."""


def measures_of(
    now: StudyTables, sites: gpd.GeoDataFrame, hub_kinds: Collection[str] | None, unlisted: str
) -> pd.DataFrame:
    """
    Return all measures of a study as one long table, in an order that neither ids nor rows decide.

    Parameters
    ----------
    now, sites
        From `match.in_its_year`.
    hub_kinds
        Kinds of hubs that count, each with the same share; None: those that the budgets name.
    unlisted
        Of `UNLISTED`.

    Returns
    -------
    points
        `COLUMNS`; measure is sites, generation, hubs, load or people. Only weights above 0.

    Raises
    ------
    LayerError
        If a measure has no place, with every such measure.
    """
    people = _people(now)
    parts = {
        "sites": _sites(sites),
        "generation": _generation(now, people, unlisted),
        "hubs": _hubs(now, hub_kinds),
        "load": _load(now, people),
        "people": people,
    }
    table = pd.concat([part.assign(measure=name) for name, part in parts.items()], ignore_index=True)
    table = table[table["weight"] > 0.0]
    _refuse_empty(table)
    table["lon"] = wrap_longitude(table["lon"].to_numpy(float))
    return table[list(COLUMNS)].sort_values(["measure", "lon", "lat", "weight", "place"], ignore_index=True)


def _refuse_empty(points: pd.DataFrame) -> None:
    """Raise one error for each measure of the triangle that weighs nothing."""
    cures = {
        "sites": ("sites", "request_mw", "Fill it for some site, or ask for a later year"),
        "generation": ("areas", "firm_mw", "Give the areas' firm supply"),
        "hubs": ("hubs", "weight", "Add hubs of the kinds that are asked for"),
    }
    bare = [cure for name, cure in cures.items() if not points["measure"].eq(name).any()]
    if bare:
        raise LayerError([Fault(table, column, "nothing above 0", cure) for table, column, cure in bare])


def _rows(table: gpd.GeoDataFrame, weight: pd.Series, area: pd.Series) -> pd.DataFrame:
    """Return rows of a measure at the points of a table; those without a point are left out."""
    lon, lat, located = match.lonlat(table)
    node = table["node"] if "node" in table else pd.Series(None, index=table.index, dtype=object)
    columns = {
        "place": table.index.astype(str),
        "weight": weight.to_numpy(float),
        "area": area.to_numpy(object),
    }
    rows = pd.DataFrame({**columns, "lon": lon, "lat": lat, "node": node.to_numpy(object)})
    return rows[located]


def _sites(sites: gpd.GeoDataFrame) -> pd.DataFrame:
    top = sites[is_top_level(sites)]
    return _rows(top, top["request_mw"].fillna(0.0), top["area"])


def _hubs(now: StudyTables, kinds: Collection[str] | None) -> pd.DataFrame:
    """Return hubs, each kind with the same share, inside a kind by weight."""
    named = now.budgets["hub_kind"].dropna() if len(now.budgets) else now.hubs["kind"]
    wanted = sorted(set(named if kinds is None else [kinds] if isinstance(kinds, str) else kinds))
    chosen = now.hubs[now.hubs["kind"].isin(wanted) & (now.hubs["weight"] > 0.0)].sort_index()
    absent = tuple(sorted(set(wanted) - set(chosen["kind"]))) if kinds is not None else ()
    if absent:
        cure = f"Of weight above 0 there are: {', '.join(sorted(now.hubs['kind'][now.hubs['weight'] > 0].unique()))}"
        raise LayerError([Fault("hubs", "kind", "no hub of this kind", cure, absent)])
    share = chosen["weight"] / chosen.groupby("kind")["weight"].transform("sum") / chosen["kind"].nunique()
    return _rows(chosen, share, match.to_area(chosen, now.grid.areas)["area"])


def _people(now: StudyTables) -> pd.DataFrame:
    """Return hubs of kind population; without any, areas by inhabitants, or by peak where these are not known."""
    hubs = now.hubs[now.hubs["kind"].eq("population") & (now.hubs["weight"] > 0.0)].sort_index()
    if len(hubs):
        return _rows(hubs, hubs["weight"], match.to_area(hubs, now.grid.areas)["area"])
    areas = now.grid.areas
    known = areas["population"] if areas["population"].notna().all() else areas["peak_mw"]
    return _centres(areas).assign(weight=known.fillna(0.0).to_numpy(float))


def _centres(areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a point on the largest part of each area."""
    parts = [max(shapely.get_parts(shape), key=shapely.area) for shape in areas.geometry]
    points = shapely.point_on_surface(parts)
    columns = {"place": areas.index.astype(str), "weight": 1.0, "area": areas.index.astype(object)}
    return pd.DataFrame({**columns, "lon": shapely.get_x(points), "lat": shapely.get_y(points), "node": None})


def _load(now: StudyTables, people: pd.DataFrame) -> pd.DataFrame:
    """Return the areas' peaks at the buses that loads name; without loads where people are."""
    grid = now.grid
    if grid.loads.empty:
        return _spread(grid.areas["peak_mw"], people, grid.areas)
    buses = grid.buses.sort_index()
    return _rows(buses, demand_at_buses(grid), buses["area"])


def _generation(now: StudyTables, people: pd.DataFrame, unlisted: str) -> pd.DataFrame:
    """Return the areas' firm supply: at listed plants, and for the rest where `unlisted` says."""
    grid = now.grid
    plants, capacity = _located(grid.generators.sort_index(), grid.buses), grid.capacity.sort_index()
    feeds = plants["feeds_area"].fillna(match.to_area(plants, grid.areas)["area"])
    firm_mw = (plants["p_nom"] * firm_factor(plants.assign(feeds_area=feeds), capacity)).fillna(0.0)
    listed = _rows(plants, firm_mw, feeds)
    listed = listed[listed["weight"] > 0.0]
    rest = (capacity["residual_mw"] * capacity["firm_factor"]).groupby(capacity["area"]).sum()
    placeless = firm_mw.groupby(feeds).sum().sub(listed.groupby("area")["weight"].sum(), fill_value=0.0)
    rest = rest.add(placeless.clip(lower=0.0), fill_value=0.0).reindex(grid.areas.index).fillna(0.0)
    has_plants = grid.areas.index.isin(listed["area"])
    rest = rest.mask(has_plants, 0.0) if unlisted == "plants" else rest
    rest = rest.where(has_plants | (rest > 0.0), 1.0)
    rows = pd.concat([listed, _spread(rest, people, grid.areas)], ignore_index=True)
    total = rows["area"].map(rows.groupby("area")["weight"].sum()).astype(float)
    return rows.assign(weight=rows["weight"] / total * rows["area"].map(grid.areas["firm_mw"]).astype(float))


def _located(plants: gpd.GeoDataFrame, buses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return plants, those without a point of their own at that of their bus."""
    bare = plants.geometry.isna() | plants.geometry.is_empty
    if buses.empty or not bare.any():
        return plants
    at_bus = plants["bus"].map(buses.geometry)
    points = np.where(bare, at_bus.where(at_bus.notna(), None), plants.geometry)
    return plants.set_geometry(gpd.GeoSeries(list(points), index=plants.index, crs=plants.crs))


def _spread(total: pd.Series, people: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the totals of areas divided among their people; at the area's own point where nobody is counted."""
    there = people[people["weight"] > 0.0]
    lonely = areas[~areas.index.isin(there["area"])]
    rows = pd.concat([there, _centres(lonely)], ignore_index=True) if len(lonely) else there
    share = rows["weight"] / rows.groupby("area")["weight"].transform("sum")
    name = rows["area"].astype(str) + "/" + rows["place"]
    return rows.assign(place=name, weight=share * rows["area"].map(total).astype(float))
