"""A study in its year: tables as they stand then, sites and candidate places with where they lie."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from three_mismatches.errors import Fault, MatchError, NetworkError
from three_mismatches.layers import Flag, StudyTables
from three_mismatches.layers.at_year import add_flag, at_year, new_load_mw
from three_mismatches.layers.settings import Settings
from three_mismatches.match.buses import capacity_at_buses, generators_to_buses, load_buses
from three_mismatches.match.points import to_area, to_pocket

__all__ = ["in_its_year"]

PLACE = (
    "name", "name_ja", "kind", "node", "model", "source", "source_date", "licence", "confidence", "imputed", "geometry",
)  # fmt: skip
"""Columns of a candidate place."""

FARTHEST_KM = 2_000.0
"""Beyond this from every area a site is no far island (Minamitorishima lies some 1,200 km from the next)."""


def in_its_year(
    tables: StudyTables, settings: Settings, values: Mapping[str, float]
) -> tuple[StudyTables, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """
    Return a study in its year, and its sites and candidate places with the area and pocket they lie in.

    Parameters
    ----------
    tables
        Checked tables.
    settings
        Year, demand scenario and base year.
    values
        Value of every assumption.

    Returns
    -------
    now, sites, places
        The tables as they stand in that year; sites with `area`, `pocket` and `new_mw` [MW]; candidate places with
        `kind`, `area`, `pocket` and `model`: fibre nodes, offices that stand for people (hubs of kind population) and,
        at line resolution, substations that serve demand. What they can host is the area model's answer at either
        resolution. Of two with one id, the second has its kind before it.

    Raises
    ------
    MatchError
        If a site lies far from every area.
    NetworkError
        If a bus has no place.
    """
    now = at_year(tables, settings.year, settings.demand, values, base_year=settings.base_year)
    now = _connected(now)
    found = to_area(now.sites, now.grid.areas)
    _refuse_strays(found["area_km"])
    sites = now.sites.assign(
        area=found["area"],
        pocket=to_pocket(now.sites, now.grid.pockets),
        new_mw=new_load_mw(now.sites),
        flags=add_flag(now.sites["flags"], Flag.AREA_NEAREST, found["nearest"]),
    )
    pockets = now.grid.pockets
    unpublished = sites["pocket"].isin(pockets.index[pockets["load_mw"].isna()])
    sites["flags"] = add_flag(sites["flags"], Flag.POCKET_LOAD_UNKNOWN, unpublished)
    return now, sites, _places(now)


def _places(now: StudyTables) -> gpd.GeoDataFrame:
    """Return the candidate places: fibre nodes, offices that stand for people, substations that serve demand."""
    offices = now.hubs[now.hubs["kind"] == "population"]
    kinds = {"fibre node": now.fibre.fibre_nodes, "office": offices}
    if len(now.grid.buses):
        kinds["substation"] = load_buses(now.grid.buses)
    tables = [_of_kind(table, kind) for kind, table in kinds.items()]
    places = gpd.GeoDataFrame(pd.concat([table for table in tables if len(table)] or tables[:1]))
    taken = places.index.duplicated()
    ids = [
        f"{kind} {name}" if twice else str(name)
        for name, kind, twice in zip(places.index, places["kind"], taken, strict=True)
    ]
    places = places.set_axis(pd.Index(ids, name="place", dtype=object))
    return places.assign(
        area=to_area(places, now.grid.areas)["area"], pocket=to_pocket(places, now.grid.pockets)
    )


def _of_kind(table: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    """Return the columns of a candidate place; one that names its fibre node meets the fibre there."""
    located = table[table.geometry.notna() & ~table.geometry.is_empty]
    return located.reindex(columns=list(PLACE)).assign(kind=kind, model="area")


def _connected(now: StudyTables) -> StudyTables:
    """Return the study with a bus for every plant that has none given; at area resolution there is none to give."""
    if now.grid.buses.empty:
        return now
    _refuse_unplaced(now.grid.buses)
    plants, capacity = now.grid.generators, capacity_at_buses(now.grid.lines)
    connected = generators_to_buses(plants, now.grid.buses, capacity_mw=capacity)
    return now.with_frames(
        generators=plants.assign(bus=connected["bus"].astype("str").where(connected["bus"].notna()))
    )


def _refuse_unplaced(buses: gpd.GeoDataFrame) -> None:
    """Raise an error if a bus has no place: sites, plants and people are joined to the nearest."""
    lost = buses.index[buses.geometry.isna() | buses.geometry.is_empty]
    if len(lost):
        cure = "Give each bus a point; a network without places can be computed with the functions of power"
        raise NetworkError([Fault("buses", "geometry", "is missing", cure, tuple(map(str, lost)))])


def _refuse_strays(area_km: pd.Series) -> None:
    """Raise for sites so far from every area that the point, not the area, must be wrong."""
    stray = area_km[area_km > FARTHEST_KM]
    if len(stray):
        problem = f"lies {stray.iloc[0]:,.0f} km from the nearest area"
        cure = "Correct its longitude and latitude, or name its area in the column `area`"
        raise MatchError([Fault("sites", "geometry", problem, cure, tuple(map(str, stray.index)))])
