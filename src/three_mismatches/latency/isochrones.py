"""Isochrones: the ground from which a hub is within some round trips."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from three_mismatches import geodesy
from three_mismatches.errors import Fault, LayerError
from three_mismatches.latency._cells import cell_of
from three_mismatches.latency.light import light_of
from three_mismatches.latency.round_trip import Points, named_points, rtt
from three_mismatches.layers import Fibre

__all__ = ["isochrones"]

Floats = NDArray[np.float64]

OVERLAP_KM = 0.02
"""By how much neighbouring cells are drawn over each other, so that no slits are left between them."""

SLIT_DEG = 0.002
"""Holes that are narrower are such slits, where a cell's sides are long and far away."""

FARTHEST_KM = 9_000.0
"""Reach of one joint that can still be drawn: less than a quarter of the way round."""


def isochrones(
    fibre: Fibre,
    hubs: Points,
    *,
    ms: Sequence[float] = (2.0, 5.0, 10.0, 20.0),
    kind: str | None = None,
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
    via: Points | None = None,
    step_km: float = 5.0,
) -> gpd.GeoDataFrame:
    r"""
    Return the ground, land and sea, from which the nearest hub is within some round trips.

    A point meets the fibre as `rtt` has it: where that is nearest, at a node or along a surveyed route, whether or not
    another joint would be quicker. So each joint has a cell, the ground nearest to it, of which the part within a
    geodesic disc is in time:

    .. math:: r = (budget - t_{joint}) \, c / (2 n f)

    Parameters
    ----------
    fibre, route_factor, cable_slack, equipment, via
        As for `rtt`.
    hubs
        Points, or ids of fibre nodes; the nearest in light counts.
    ms
        Round trips, in any order. [ms]
    kind
        Hubs of this kind alone; None: all. It needs the column `kind`.
    step_km
        Length of the pieces in which a surveyed route is joined: along it, round trips are those of the nearest end of
        a piece, wrong by light over half a piece at most. Sketched routes are joined at nodes, exactly. [km]

    Returns
    -------
    isochrones
        One row for each round trip, shortest first, each within the next but for rounding: `rtt_ms` [ms];
        `hub_kind`, as asked for; `km2` on the ellipsoid [km2]; `source` and `licence` of routes and hubs; `geometry`, a (multi)polygon, empty where nothing is in
        time. It covers sea as well: clip it to land as the map needs.

    Raises
    ------
    LayerError
        If no hub is of the kind.
    ValueError
        If a round trip is not a number >= 0, or one reaches farther from a joint than can be drawn, 9,000 km.
    NetworkError, MatchError
        As for `rtt`.

    Notes
    -----
    Polygons are split at the antimeridian and hold the poles that they reach. Their borders are drawn with a corner
    each degree round a joint and at the ends of a cell's sides; cells overlap by 20 m.
    """
    budgets = _budgets(ms)
    targets = _of_kind(named_points(fibre, hubs), kind)
    light = light_of(route_factor=route_factor, cable_slack=cable_slack, equipment=equipment)
    joints = _joints(fibre, step_km)
    trips = rtt(
        fibre, joints, targets, route_factor=route_factor, cable_slack=cable_slack, equipment=equipment, via=via
    )
    spare_ms = budgets[:, None] - trips.to_numpy().min(axis=1)[None, :]
    radius_km = spare_ms / float(light.access_ms(np.ones(1))[0])
    _refuse_beyond(joints, radius_km)
    shapes = _shapes(joints, radius_km)
    table = gpd.GeoDataFrame(
        {"rtt_ms": budgets, "km2": [_km2(shape) for shape in shapes]}, geometry=shapes, crs="EPSG:4326"
    )
    told = {name: _told(name, fibre.fibre_routes, targets) for name in ("source", "licence")}
    return table.assign(hub_kind=kind, **told)[["rtt_ms", "hub_kind", "km2", "source", "licence", "geometry"]]


def _budgets(ms: Sequence[float]) -> Floats:
    found = np.unique(np.atleast_1d(np.asarray(ms, dtype=np.float64)))
    if not found.size or not ((found >= 0.0) & np.isfinite(found)).all():
        msg = f"ms must hold round trips >= 0 ms, not {list(np.atleast_1d(ms))!r}"
        raise ValueError(msg)
    return found


def _of_kind(hubs: gpd.GeoDataFrame, kind: str | None) -> gpd.GeoDataFrame:
    chosen = hubs if kind is None else hubs[hubs["kind"].eq(kind)]
    if not len(chosen):
        there = ", ".join(sorted(map(str, hubs["kind"].unique()))) if "kind" in hubs else "none"
        problem = "there are none" if kind is None else f"none is {kind!r}"
        raise LayerError([Fault("hubs", "kind", problem, f"Ask for one that there is: {there}")])
    return chosen


def _told(column: str, *tables: pd.DataFrame) -> str:
    """Return what all rows say of their provenance, each once."""
    texts = [text for table in tables if column in table for text in table[column].dropna().unique()]
    return "; ".join(dict.fromkeys(map(str, texts)))


def _joints(fibre: Fibre, step_km: float) -> gpd.GeoDataFrame:
    """Return where points can meet the fibre: the nodes that operating routes touch, and places along surveyed ones."""
    if not step_km > 0.0:
        msg = f"step_km must be above 0, not {step_km!r}"
        raise ValueError(msg)
    routes = fibre.fibre_routes[fibre.fibre_routes["status"].eq("operating")].sort_index()
    nodes = fibre.fibre_nodes.sort_index()
    touched = nodes.index.isin(routes["node0"]) | nodes.index.isin(routes["node1"])
    nodes = nodes[touched] if touched.any() else nodes
    places = [np.column_stack([nodes.geometry.x, nodes.geometry.y])]
    surveyed = routes[routes["geometry_kind"].eq("surveyed") & routes.geometry.notna()]
    lines = shapely.get_parts(np.asarray(surveyed.geometry.array, dtype=object))
    places += [_along(shapely.get_coordinates(line), step_km) for line in lines if not line.is_empty]
    lonlat = np.concatenate(places)
    names = np.full(len(lonlat), None, dtype=object)
    names[: len(nodes)] = nodes.index
    # Of joints in one place the first counts: nodes go before routes, and by their ids.
    _, first = np.unique(np.round(lonlat, 9), axis=0, return_index=True)
    kept = np.sort(first)
    points = gpd.points_from_xy(*lonlat[kept].T)
    return gpd.GeoDataFrame({"node": names[kept]}, geometry=points, crs="EPSG:4326")


def _along(vertices: Floats, step_km: float) -> Floats:
    """Return the ends of a line's pieces: places along the geodesics between its vertices, a step apart at most."""
    azimuth, _, metres = geodesy.GEOD.inv(*vertices[:-1].T, *vertices[1:].T)
    km = np.asarray(metres, dtype=np.float64) / 1000.0
    count = np.maximum(np.ceil(km / step_km), 1.0).astype(np.int64)
    edge = np.repeat(np.arange(km.size), count)
    number = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    at_m = number * km[edge] / count[edge] * 1000.0
    lon, lat, _ = geodesy.GEOD.fwd(*vertices[edge].T, np.asarray(azimuth)[edge], at_m)
    return np.concatenate([np.column_stack([lon, lat]), vertices[-1:]])


def _shapes(joints: gpd.GeoDataFrame, radius_km: Floats) -> list[BaseGeometry]:
    """Return the union of the cells' parts within each row of radii, each within the next."""
    lon, lat = joints.geometry.x.to_numpy(float), joints.geometry.y.to_numpy(float)
    used = np.flatnonzero(radius_km.max(axis=0) > 0.0)
    cells = [cell_of(lon, lat, int(at), radius_km[:, at]) for at in used]
    shapes: list[BaseGeometry] = []
    for row in radius_km:
        parts = [
            cell.within(float(row[at]), overlap_km=OVERLAP_KM)
            for cell, at in zip(cells, used, strict=True)
            if row[at] > 0.0
        ]
        # What is in time sooner is in time: rounding must not leave it out.
        shapes.append(_without_slits(shapely.unary_union([*parts, *shapes[-1:]])))
    return shapes


def _without_slits(shape: BaseGeometry) -> BaseGeometry:
    """Return the shape without holes that are no wider than what straight sides leave between cells."""

    def filled(part: shapely.Polygon) -> shapely.Polygon:
        holes = [ring for ring in part.interiors if 2.0 * shapely.Polygon(ring).area > SLIT_DEG * ring.length]
        return shapely.Polygon(part.exterior, holes)

    parts = [filled(part) for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.unary_union(parts)


def _refuse_beyond(joints: gpd.GeoDataFrame, radius_km: Floats) -> None:
    farthest = int(radius_km.max(axis=0).argmax())
    if radius_km[:, farthest].max() > FARTHEST_KM:
        place = joints.geometry.iloc[farthest]
        msg = (
            f"the longest round trip leaves {radius_km[:, farthest].max():,.0f} km from the joint at "
            f"({place.x:.2f}, {place.y:.2f}); beyond {FARTHEST_KM:,.0f} km no ground can be drawn. Ask for less"
        )
        raise ValueError(msg)


def _km2(shape: BaseGeometry) -> float:
    """Return the area of a polygon on the ellipsoid. [km2]"""
    return 0.0 if shape.is_empty else abs(geodesy.GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0]) / 1e6
