"""What can be wrong with fibre routes, measured on the ground: lengths, copies, and lines across 180 degrees."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.errors import Fault
from three_mismatches.geodesy import distance_km, length_km, split_at_antimeridian
from three_mismatches.layers.tidy import Mask, labels

__all__ = ["chord_km", "copies_share_risk", "route_faults", "route_notes", "used_km", "without_jumps"]

Floats = NDArray[np.float64]

ROUNDING_KM = 1e-6
"""A length within a millimetre of the geodesic is the geodesic, rounded."""
SAME_TOWN_KM = 1.0
"""Nodes closer than this may be one place: a route of length 0 joins them."""
ROUGH_KM = 20.0
"""Places known to some 10 km, such as town halls for stations, explain a route that is too short by this."""
LEAST_SHARE = 0.5
"""Shorter than this share of the straight line, and by more than `ROUGH_KM`, a length is in another unit."""
MOST_TIMES = 20.0
"""Longer than this many times the straight line, and by more than `DETOUR_KM`, likewise: routes between neighbours
may go round a bay or an island, but not a thousand kilometres."""
DETOUR_KM = 1000.0
IN_MILES = 0.9
"""If most routes are shorter than this share of the straight line, the unit is asked after, too."""
OFF_KM = 10.0
"""A surveyed line that ends farther than this from its node is told."""

KM_CURE = 'Lengths are in km: divide metres by 1000, multiply miles by 1.609344; readers take length_unit="m"'


@dataclass(frozen=True)
class _Measured:
    """Routes as arrays: the given length and the straight line between the nodes, NaN where unknown. [km]"""

    given: Floats
    chord: Floats


def route_faults(nodes: pd.DataFrame, routes: pd.DataFrame) -> list[Fault]:
    """
    Return the faults of lengths that no route between its nodes can have.

    Parameters
    ----------
    nodes, routes
        The tables `fibre_nodes` and `fibre_routes`, tidied; what they lack is not judged.
    """
    measured = _measured(nodes, routes)
    if measured is None:
        return []
    given, chord = measured.given, measured.chord
    endless = np.isinf(given)
    nothing = (given == 0.0) & (chord > SAME_TOWN_KM)
    short = (given > 0.0) & (given < LEAST_SHARE * chord) & (chord - given > ROUGH_KM)
    is_loop = (routes["node0"] == routes["node1"]).to_numpy(dtype=bool)
    long = ~endless & ~is_loop & (given > MOST_TIMES * chord) & (given - chord > DETOUR_KM)
    unknown = "Give the built length in km, or leave it empty if it is unknown"
    found = (
        (endless, "is infinite", unknown),
        (nothing, f"is 0 between two places {_figure(chord, nothing)} km apart", unknown),
        (short, f"is {_compared(measured, short)}, which no route can be", KM_CURE),
        (long, f"is {_compared(measured, long)}, which no route is", KM_CURE),
    )
    return [
        Fault("fibre_routes", "length", problem, cure, labels(routes.index[bad]))
        for bad, problem, cure in found
        if bad.any()
    ]


def route_notes(nodes: pd.DataFrame, routes: pd.DataFrame) -> list[Fault]:
    """
    Return what is to be told of valid routes: what is raised, what is guessed, and what leads nowhere.

    Parameters
    ----------
    nodes, routes
        The tables `fibre_nodes` and `fibre_routes`, valid by their schemas.
    """
    measured = _measured(nodes, routes)
    if measured is None or not len(routes):
        return []
    return [
        *_raised(measured, routes.index),
        *_unknown(routes),
        *_loops(routes),
        *_off_nodes(nodes, routes),
    ]


def chord_km(nodes: gpd.GeoDataFrame, routes: pd.DataFrame) -> Floats:
    """
    Return the geodesic between the nodes of each route, NaN where a node or its place is not known.

    Parameters
    ----------
    nodes
        The table `fibre_nodes`.
    routes
        With `node0` and `node1`.
    """
    lon, lat = (np.append(read(nodes.geometry.to_numpy()), np.nan) for read in (shapely.get_x, shapely.get_y))
    off = ~((np.abs(lat) <= 90.0) & np.isfinite(lon))
    lon[off], lat[off] = np.nan, np.nan
    first = ~nodes.index.duplicated()
    known = pd.Index(nodes.index[first])
    at = []
    for end in ("node0", "node1"):
        found = known.get_indexer(pd.Index(routes[end]))
        at.append(np.where(found < 0, len(nodes), np.flatnonzero(first)[found] if len(known) else 0))
    return distance_km(lon[at[0]], lat[at[0]], lon[at[1]], lat[at[1]])


def used_km(nodes: gpd.GeoDataFrame, routes: gpd.GeoDataFrame) -> Floats:
    """
    Return the length that each route has on paths: the given one, else the drawn one, and at least the geodesic. [km]

    Parameters
    ----------
    nodes, routes
        The tables `fibre_nodes` and `fibre_routes`, valid by their schemas.
    """
    given, shapes = routes["length"].to_numpy(dtype=float), routes.geometry.to_numpy()
    drawn = np.where(shapely.get_num_coordinates(shapes) > 0, length_km(shapes), np.nan)
    return np.fmax(np.where(np.isnan(given), drawn, given), chord_km(nodes, routes))


def copies_share_risk(routes: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Fault]]:
    """
    Return routes whose exact copies share a risk group, so that a copy never counts as a second path.

    Parameters
    ----------
    routes
        The table `fibre_routes`, valid by its schema.

    Returns
    -------
    routes
        A new table. Routes with the same ends, in whichever order, the same length and the same line or none get
        the group "copy:<first id>" in `srlg`, unless they share a group already.
    notes
        Which they are.
    """
    keys = pd.Series(_keys(routes), index=routes.index, dtype=object)
    several = keys.duplicated(keep=False).to_numpy(dtype=bool)
    srlg, told = routes["srlg"].astype(object).to_numpy(copy=True), []
    for _, rows in keys[several].groupby(keys[several], sort=False):
        at = routes.index.get_indexer(rows.index)
        groups = [set(_split(srlg[one])) for one in at]
        if set.intersection(*groups):
            continue
        shared = "copy:" + str(rows.index[0]).replace(";", ",")
        for one, own in zip(at, groups, strict=True):
            srlg[one] = ";".join(sorted(own | {shared}))
        told += [f"{copy} of {rows.index[0]}" for copy in rows.index[1:]]
    if not told:
        return routes, []
    problem = "is the same as another route in ends, length and line: kept, in one shared-risk group with it"
    note = Fault("fibre_routes", "srlg", problem, "Drop the copy if there is one cable only", tuple(told))
    return routes.assign(srlg=pd.Series(srlg, index=routes.index, dtype=routes["srlg"].dtype)), [note]


def without_jumps(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return routes whose lines across the antimeridian are split there; the others are not touched."""
    shapes = routes.geometry.to_numpy()
    split = split_at_antimeridian(shapes)
    if all(new is old for new, old in zip(split, shapes, strict=True)):
        return routes
    return routes.set_geometry(
        gpd.GeoSeries(split, index=routes.index, crs=routes.crs, name=routes.geometry.name)
    )


def _measured(nodes: pd.DataFrame, routes: pd.DataFrame) -> _Measured | None:
    """Return routes as measured, None if the tables have not got what that takes."""
    if not {"node0", "node1", "length"} <= set(routes.columns) or not isinstance(nodes, gpd.GeoDataFrame):
        return None
    if not (nodes.geometry.isna() | (nodes.geometry.geom_type == "Point")).all():
        return None
    return _Measured(routes["length"].to_numpy(dtype=float), chord_km(nodes, routes))


def _figure(values: Floats, chosen: Mask) -> str:
    return f"{values[chosen][0]:,.4g}" if chosen.any() else ""


def _compared(measured: _Measured, chosen: Mask) -> str:
    """Return the first chosen length beside its straight line."""
    if not chosen.any():
        return ""
    given, chord = measured.given[chosen][0], measured.chord[chosen][0]
    return f"{given:,.6g} km where the straight line is {chord:,.4g} km"


def _raised(measured: _Measured, index: pd.Index) -> list[Fault]:
    """Return what is to be told of routes shorter than their straight lines, worst first."""
    given, chord = measured.given, measured.chord
    less = np.nan_to_num(chord - given)
    rows = np.flatnonzero(less > ROUNDING_KM)
    if not rows.size:
        return []
    rows = rows[np.lexsort((rows, -less[rows]))]
    most_km, most_share = less[rows[0]], (less[rows] / chord[rows]).max()
    problem = (
        f"is less than the straight line between the nodes (by {most_km:.3g} km, {most_share:.2%} at most), "
        "which stands for it on paths"
    )
    straight = (chord > ROUGH_KM) & ~np.isnan(given)
    most = np.median(given[straight] / chord[straight]) if straight.any() else np.nan
    cure = f"Most routes are. {KM_CURE}" if most < IN_MILES else "Correct the length or the places"
    shown = tuple(f"{index[int(row)]} by {less[row]:.3g} km ({less[row] / chord[row]:.2%})" for row in rows)
    return [Fault("fibre_routes", "length", problem, cure, shown)]


def _unknown(routes: pd.DataFrame) -> list[Fault]:
    missing = routes["length"].isna().to_numpy(dtype=bool)
    problem = "is unknown: the drawn line stands for it, or the straight one where there is none"
    rows = labels(routes.index[missing])
    return [Fault("fibre_routes", "length", problem, "Fill it in if it is known", rows)] if rows else []


def _loops(routes: pd.DataFrame) -> list[Fault]:
    rows = labels(routes.index[(routes["node0"] == routes["node1"]).to_numpy(dtype=bool)])
    problem, cure = "is where the route begins, too: kept, though it leads nowhere", "Correct an end"
    return [Fault("fibre_routes", "node1", problem, cure, rows)] if rows else []


def _off_nodes(nodes: gpd.GeoDataFrame, routes: gpd.GeoDataFrame) -> list[Fault]:
    """Return what is to be told of surveyed lines that do not lead from node to node."""
    shapes = routes.geometry.to_numpy()
    drawn = (routes["geometry_kind"] == "surveyed").to_numpy(dtype=bool) & (
        shapely.get_num_coordinates(shapes) > 1
    )
    rows = np.flatnonzero(drawn)
    if not rows.size:
        return []
    ends = np.array([_ends(shape) for shape in shapes[rows]])
    places = np.stack([_places(nodes, routes[end].iloc[rows]) for end in ("node0", "node1")], axis=1)
    away = np.minimum(_apart(ends, places), _apart(ends, places[:, ::-1]))
    far = np.flatnonzero(away > OFF_KM)
    shown = tuple(f"{routes.index[rows[one]]} by {away[one]:.3g} km" for one in far)
    problem, cure = (
        "of a surveyed route ends away from its node",
        "Draw it to the node, or correct node0 and node1",
    )
    return [Fault("fibre_routes", "geometry", problem, cure, shown)] if shown else []


def _ends(shape: shapely.Geometry) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(shape)[[0, -1]], dtype=np.float64)


def _places(nodes: gpd.GeoDataFrame, ids: pd.Series) -> Floats:
    points = nodes.geometry.iloc[nodes.index.get_indexer(pd.Index(ids))].to_numpy()
    return np.stack([shapely.get_x(points), shapely.get_y(points)], axis=-1)


def _apart(ends: Floats, places: Floats) -> Floats:
    """Return how far the farther of two ends lies from its place. [km]"""
    km = distance_km(ends[..., 0], ends[..., 1], places[..., 0], places[..., 1])
    return np.asarray(km.max(axis=1), dtype=np.float64)


def _keys(routes: gpd.GeoDataFrame) -> list[tuple[object, ...]]:
    """Return what tells a route from its neighbours: ends, length and line, whichever way it is drawn."""
    shapes = routes.geometry.to_numpy()
    there, back = shapely.to_wkb(shapes), shapely.to_wkb(shapely.reverse(shapes))
    drawn = [None if one is None else min(one, other) for one, other in zip(there, back, strict=True)]
    given = routes["length"].to_numpy(dtype=float)
    length = [None if np.isnan(one) else one for one in given]
    ends = zip(routes["node0"], routes["node1"], strict=True)
    return [(*sorted(pair), km, line) for pair, km, line in zip(ends, length, drawn, strict=True)]


def _split(groups: object) -> list[str]:
    return [one for one in groups.split(";") if one] if isinstance(groups, str) else []
