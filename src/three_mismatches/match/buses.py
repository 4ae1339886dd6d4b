"""
Demand and plants to buses, area by area.

A map says where people live and where plants stand, not which substation serves them. Both rules here are
assumptions, stated once, that use nothing but distance, voltage and size.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, MatchError
from three_mismatches.geodesy import distance_km
from three_mismatches.line_classes import line_class

__all__ = [
    "BULK_KV",
    "OWN_YARD_KM",
    "capacity_at_buses",
    "demand_shares",
    "generators_to_buses",
    "load_buses",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAREST_BUSES = 8
"""Substations among which a municipality's demand is divided: an assumption; networks below the grid are meshed."""

SOFTENING_KM = 5.0
"""Added to each distance before it divides demand, so that a substation next door does not take all of it."""

BULK_KV = 300.0
"""Stations above this pass power on; demand is drawn there only where a substation has no lower level."""

EVACUATION_SHARE = 0.5
"""Share of what a bus's branches can carry that plants may fill: a line of two circuits is worth one."""

OWN_YARD_KM = 5.0
"""A bus this near is a plant's own: it takes units up to all that its branches can carry."""

UNLIMITED_MW = 1e9
"""What a branch without a limit counts for where demand is divided: far beyond any other."""

FAR_KM = 50.0
"""Farther than this no unit is taken to reach for a bus with room: an assumption."""


def capacity_at_buses(lines: pd.DataFrame) -> pd.Series:
    """
    Return what the branches in service at each bus can carry, summed; a rating that is not known counts nothing. [MW]

    Parameters
    ----------
    lines
        One row per circuit or bank: bus0, bus1, s_nom [MVA], in_service.
    """
    working = lines[lines["in_service"].astype(bool)]
    both = pd.concat([working.groupby(end)["s_nom"].sum() for end in ("bus0", "bus1")])
    total: pd.Series = both.groupby(level=0).sum().rename_axis("bus")
    return total


def load_buses(buses: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Return the buses at which demand is drawn: one of each substation.

    It is that of the highest voltage up to 300 kV, from which distribution is fed directly, else the lowest. An area
    without any substation keeps all its buses.

    Parameters
    ----------
    buses
        Index bus; v_nom [kV], zone, area, substation.
    """
    stands = buses["substation"].fillna("").ne("")
    bulk = buses["v_nom"] > BULK_KV
    order = buses["v_nom"].where(bulk, -buses["v_nom"])
    ranked = buses[stands].assign(bulk=bulk, order=order, zone=buses["zone"].fillna(""))
    ranked = ranked.sort_index().sort_values(["bulk", "order"], kind="stable")
    chosen = ranked.groupby(["substation", "zone"]).head(1).index
    bare = ~buses["area"].isin(buses["area"][stands])
    return buses[buses.index.isin(chosen) | bare]


def demand_shares(
    people: gpd.GeoDataFrame, buses: gpd.GeoDataFrame, *, capacity_mw: pd.Series | None = None
) -> pd.Series:
    """
    Return the share of its area's demand that each bus serves.

    Parameters
    ----------
    people
        Points with `population` and `area`.
    buses
        The buses that serve demand: points with `area`, as `load_buses` returns them.
    capacity_mw
        What the branches at each bus can carry, by bus: a station with more takes more. Without, all are alike. [MW]

    Returns
    -------
    share
        Index bus; sums to 1 in each area that has a bus. [-]

    Raises
    ------
    MatchError
        If a bus has no area, people have no place, or population is negative.

    Notes
    -----
    The people of each point are divided among the eight nearest buses of their area, by capacity over the distance
    and 5 km. An area of buses where no people are listed shares its demand equally.
    """
    _refuse(people, buses)
    share = pd.Series(0.0, index=buses.index, name="share")
    capacity = (
        pd.Series(1.0, index=buses.index)
        if capacity_mw is None
        else capacity_mw.reindex(buses.index).fillna(0.0).clip(upper=UNLIMITED_MW)
    )
    for area, here in buses.sort_index().groupby("area"):
        weight = _served(people[people["area"] == area], here, capacity.loc[here.index].to_numpy())
        share.loc[here.index] = weight / weight.sum() if weight.sum() > 0.0 else 1.0 / len(here)
    return share


def _refuse(people: gpd.GeoDataFrame, buses: gpd.GeoDataFrame) -> None:
    faults = []
    if buses["area"].isna().any():
        nowhere = tuple(map(str, buses.index[buses["area"].isna()]))
        faults.append(Fault("buses", "area", "missing", "Name the area of each bus", nowhere))
    lost = people.geometry.isna() | people.geometry.is_empty
    if lost.any():
        rows = tuple(map(str, people.index[lost]))
        faults.append(Fault("people", "geometry", "missing", "Give the point or drop the row", rows))
    bad = ~(people["population"] >= 0.0)
    if bad.any():
        rows = tuple(map(str, people.index[bad]))
        faults.append(Fault("people", "population", "is no number >= 0", "Correct it or drop the row", rows))
    if faults:
        raise MatchError(faults)


def _served(people: gpd.GeoDataFrame, buses: gpd.GeoDataFrame, capacity: Floats) -> Floats:
    """Return the people that each bus of one area serves."""
    weight = np.zeros(len(buses))
    if not len(people):
        return weight
    km = _apart(people, buses)
    nearest = np.argsort(km, axis=1, kind="stable")[:, :NEAREST_BUSES]
    pull = np.maximum(capacity, np.finfo(float).tiny)[nearest] / (
        np.take_along_axis(km, nearest, axis=1) + SOFTENING_KM
    )
    pull /= pull.sum(axis=1, keepdims=True)
    np.add.at(weight, nearest, pull * people["population"].to_numpy(dtype=np.float64)[:, None])
    return weight


def _apart(points: gpd.GeoDataFrame, buses: gpd.GeoDataFrame) -> Floats:
    """Return the distance of each point from each bus, shape (points, buses). [km]"""
    x, y = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    bus_x, bus_y = buses.geometry.x.to_numpy(), buses.geometry.y.to_numpy()
    return distance_km(x[:, None], y[:, None], bus_x[None, :], bus_y[None, :])


def generators_to_buses(
    generators: gpd.GeoDataFrame, buses: gpd.GeoDataFrame, *, capacity_mw: pd.Series | None = None
) -> pd.DataFrame:
    """
    Return the bus that each unit is connected to: of a voltage that fits its size, in the area that it feeds.

    Parameters
    ----------
    generators
        Points with `p_nom` [MW], `area`, `feeds_area`; one whose `bus` is given keeps it.
    buses
        Points with v_nom [kV] and `area`.
    capacity_mw
        What the branches at each bus can carry, by bus; without, a bus takes any number of units. [MW]

    Returns
    -------
    connections
        Index generator; `bus`, `bus_km` [km], `fits` (False where no such bus is within 50 km). NaN where the unit
        has no place or its area no bus.

    Notes
    -----
    A voltage fits if one circuit of its class carries the unit; a larger unit takes the highest voltage of its area.
    A bus of unknown voltage fits none, unless no voltage of the area is known.
    The largest units choose first, each the nearest bus that fits and whose branches, at half of what they can carry,
    still have room: so the units of a large plant may go to several substations, as they do. A bus within 5 km is the
    plant's own and may be filled. Above 300 kV a substation without a lower level takes units of its own only: it
    switches, or changes a line to a cable. Where none is within 50 km, it is the nearest that fits.
    """
    feeds = generators["feeds_area"].fillna(generators["area"])
    found = pd.DataFrame(
        {"bus": generators["bus"].astype(object), "bus_km": np.nan, "fits": True}, index=generators.index
    )
    located = ~(generators.geometry.isna() | generators.geometry.is_empty)
    room = pd.Series(np.inf, index=buses.index)
    if capacity_mw is not None:
        room = capacity_mw.reindex(buses.index).fillna(0.0)
    for area, here in buses.sort_index().groupby("area"):
        units = generators[located & generators["bus"].isna() & (feeds == area)]
        if len(units):
            found.loc[units.index] = _connected(units, here, room.loc[here.index].to_numpy(dtype=np.float64))
    return found.astype({"fits": bool, "bus_km": float})


def _passes_on(buses: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which buses above 300 kV are of a substation without a lower level: it switches, and feeds nothing."""
    station = buses["substation"].fillna("") if "substation" in buses else pd.Series("", index=buses.index)
    lower = station[(buses["v_nom"] <= BULK_KV) & station.ne("")]
    passes: NDArray[np.bool_] = (
        (buses["v_nom"] > BULK_KV) & station.ne("") & ~station.isin(lower)
    ).to_numpy()
    return passes


def _connected(units: gpd.GeoDataFrame, buses: gpd.GeoDataFrame, room: Floats) -> pd.DataFrame:
    """Return the connection of units that feed one area; `room` is what the branches of each bus can carry. [MW]"""
    v_nom = buses["v_nom"].fillna(0.0).to_numpy(dtype=np.float64)
    carries = np.array([line_class("line", kv).s_nom if kv > 0.0 else -np.inf for kv in v_nom])
    size = units["p_nom"].fillna(0.0).to_numpy(dtype=np.float64)
    km = _apart(units, buses)
    fits = (carries[None, :] >= size[:, None]) | (v_nom == v_nom.max())[None, :]
    own = km <= OWN_YARD_KM
    elsewhere = fits & (own | ~_passes_on(buses))
    fits = np.where(elsewhere.any(axis=1, keepdims=True), elsewhere, fits)
    left, held = room.copy(), np.where(np.isfinite(room), room * (1.0 - EVACUATION_SHARE), 0.0)
    chosen, near = np.zeros(len(units), dtype=np.int64), np.ones(len(units), dtype=bool)
    for unit in np.lexsort((units.index.astype(str), -size)):
        reserve = np.where(own[unit], 0.0, held)
        away = np.where(fits[unit] & (left - reserve >= size[unit]), km[unit], np.inf)
        near[unit] = away.min() <= FAR_KM
        chosen[unit] = (away if near[unit] else np.where(fits[unit], km[unit], np.inf)).argmin()
        left[chosen[unit]] -= size[unit]
    rows = np.arange(len(units))
    return pd.DataFrame(
        {"bus": buses.index.to_numpy(dtype=object)[chosen], "bus_km": km[rows, chosen], "fits": near},
        index=units.index,
    )
