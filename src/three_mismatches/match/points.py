"""
Spatial joins: which area, pocket and bus a point belongs to, and where it would be joined to the fibre.

Polygons first, then the geodesic nearest. A join does not depend on the order of rows: where several targets
are equally good, the first id wins.
"""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.errors import CRSError, Fault, MatchError
from three_mismatches.geodesy import (
    LineFoot,
    distance_km,
    length_km,
    nearest_on_lines,
    nearest_point,
    wrap_longitude,
)
from three_mismatches.layers import Fibre

__all__ = ["lonlat", "to_area", "to_bus", "to_fibre", "to_pocket"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

NOWHERE = -1
# A polygon's edge is straight on the map. Cut this short, it is also the geodesic, to some metres.
BOUNDARY_STEP_DEG = 0.1
# A foot this near to the node at the route's end is the node.
SAME_PLACE_KM = 1e-3


def to_area(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, *, respect_given: bool = True) -> pd.DataFrame:
    """
    Return the area of each point: the polygon that covers it, else the geodesically nearest.

    Parameters
    ----------
    points
        Sites, generators or demand: points in EPSG:4326, longitudes in [-180, 180] or [0, 360].
    areas
        Polygons in EPSG:4326; across the antimeridian either split at 180 or with longitudes beyond it.
    respect_given
        Whether a point whose own column `area` is filled keeps what it says.

    Returns
    -------
    areas
        Indexed like `points`. `area`: NaN where the point has neither a place nor an area. `area_km`: how
        far away it is, 0 inside, NaN where the area was not found by position. `nearest`: whether no polygon
        covers the point. On a common border, or where polygons overlap, the first id wins.

    Raises
    ------
    MatchError
        If there are no areas, an area has no polygon, or a geometry is no point on Earth.
    CRSError
        If a table is not in EPSG:4326.
    """
    areas = _targets(areas, "areas", shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    lon, lat, located = lonlat(points)
    area = _given(points, "area") if respect_given else np.full(len(points), np.nan, dtype=object)
    todo = np.flatnonzero(located & pd.isna(area))
    covering = _covering(lon[todo], lat[todo], areas)
    away = covering == NOWHERE
    km = np.zeros(todo.size)
    if away.any():
        covering[away], km[away] = _nearest_polygon(lon[todo][away], lat[todo][away], areas)
    area[todo] = _ids(areas.index, covering)
    area_km = np.full(len(points), np.nan)
    area_km[todo] = km
    nearest = np.zeros(len(points), dtype=bool)
    nearest[todo] = away
    columns = {"area": _text(area, points.index), "area_km": area_km, "nearest": nearest}
    return pd.DataFrame(columns, index=points.index)


def to_pocket(points: gpd.GeoDataFrame, pockets: gpd.GeoDataFrame) -> pd.Series:
    """
    Return the pocket that covers each point; a pocket nearby is none.

    Parameters
    ----------
    points
        Points in EPSG:4326.
    pockets
        Polygons in EPSG:4326; may be empty.

    Returns
    -------
    pocket
        Indexed like `points`, NaN where no pocket covers the point; where pockets overlap, the first id.

    Raises
    ------
    MatchError
        If a pocket has no polygon, or a geometry is no point on Earth.
    CRSError
        If a table is not in EPSG:4326.
    """
    lon, lat, located = lonlat(points)
    position = np.full(len(points), NOWHERE)
    if len(pockets):
        pockets = _targets(
            pockets, "pockets", shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON
        )
        position[located] = _covering(lon[located], lat[located], pockets)
    return _text(_ids(pockets.index, position), points.index).rename("pocket")


def to_bus(
    points: gpd.GeoDataFrame, buses: gpd.GeoDataFrame, *, v_nom_min: float | None = None
) -> pd.DataFrame:
    """
    Return the geodesically nearest bus of each point.

    Parameters
    ----------
    points
        Points in EPSG:4326.
    buses
        Points in EPSG:4326.
    v_nom_min
        Leave out buses below this voltage, and those whose voltage is unknown. [kV]

    Returns
    -------
    buses
        Indexed like `points`: `bus`, and its distance `bus_km`; NaN where the point has no place. Of several
        buses in one place, the first id wins.

    Raises
    ------
    MatchError
        If no bus is left to choose from, a bus has no place, or a geometry is no point on Earth.
    CRSError
        If a table is not in EPSG:4326.
    """
    if v_nom_min is not None:
        buses = buses[buses["v_nom"] >= v_nom_min]
    buses = _targets(buses, "buses", shapely.GeometryType.POINT)
    bus_lon, bus_lat, _ = lonlat(buses)
    lon, lat, located = lonlat(points)
    position = np.full(len(points), NOWHERE)
    km = np.full(len(points), np.nan)
    position[located], km[located] = nearest_point(lon[located], lat[located], bus_lon, bus_lat)
    return pd.DataFrame(
        {"bus": _text(_ids(buses.index, position), points.index), "bus_km": km}, index=points.index
    )


def to_fibre(
    points: gpd.GeoDataFrame, fibre: Fibre, *, statuses: Collection[str] = ("operating",)
) -> pd.DataFrame:
    """
    Return where each point would be joined to the fibre, and how far it would have to dig.

    A surveyed route can be joined anywhere along it. A schematic one, or one without a line, can be joined at
    its nodes only. A node that no counted route touches leads nowhere and is left out, unless the table of
    routes is empty altogether.

    Parameters
    ----------
    points
        Points in EPSG:4326.
    fibre
        Nodes and routes.
    statuses
        Which routes count, by their `status`.

    Returns
    -------
    joints
        Indexed like `points`; NaN throughout where the point has no place.
        `kind`: "node" or "route". `fibre_node` or `fibre_route`: which one. `along_km`: distance along the
        drawn line from its end at `node0`. `along_share`: the same as a share of the drawn line, in [0, 1],
        to be multiplied by the built length. `build_km`: geodesic distance to the joint. `lon`, `lat`: where
        it is. A foot within 1 m of the node at its route's end gives way to the nearest node; at equal
        distance a node wins over a route, and the first id over the others.

    Raises
    ------
    MatchError
        If there are no nodes, no route has one of `statuses`, or a geometry is no point on Earth.
    CRSError
        If a table is not in EPSG:4326.
    """
    routes, nodes = _counted(fibre, statuses)
    lon, lat, located = lonlat(points)
    lined = routes[_has_line(routes)]
    if len(lined):
        _require_wgs84(lined, "fibre_routes")
    joints = _joints(lon[located], lat[located], lined, nodes)
    joints.index = points.index[located]
    return joints.reindex(points.index)


def _targets(table: gpd.GeoDataFrame, name: str, *kinds: shapely.GeometryType) -> gpd.GeoDataFrame:
    """Return the table by order of its ids, each row known to have a geometry of one of the kinds."""
    if len(table) == 0:
        raise MatchError([Fault(name, "rows", "there are none to match to", "Add rows, or skip this join")])
    geometry = _geometries(table)
    bad = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    bad |= ~np.isin(shapely.get_type_id(geometry), [kind.value for kind in kinds])
    if bad.any():
        wanted = " or ".join(kind.name.lower() for kind in kinds)
        rows = tuple(map(str, table.index[bad]))
        raise MatchError([Fault(name, "geometry", f"is no {wanted}", "Fill it or drop the rows", rows)])
    _require_wgs84(table, name)
    return table.sort_index()


def _require_wgs84(table: gpd.GeoDataFrame, name: str) -> None:
    if table.crs is None or not table.crs.equals("EPSG:4326", ignore_axis_order=True):
        problem = "not set" if table.crs is None else f"{table.crs.name}, not WGS 84"
        raise CRSError([Fault(name, "crs", problem, 'Bring the table to EPSG:4326 with to_crs("EPSG:4326")')])


def _geometries(table: gpd.GeoDataFrame) -> Objects:
    return np.asarray(table.geometry.array, dtype=object)


def lonlat(points: gpd.GeoDataFrame) -> tuple[Floats, Floats, Bools]:
    """Return coordinates, NaN without a point, and which rows have one."""
    name = str(points.index.name or "points")
    _require_wgs84(points, name)
    geometry = _geometries(points)
    lon, lat = shapely.get_x(geometry), shapely.get_y(geometry)
    located = np.isfinite(lon) & np.isfinite(lat)
    shapeless = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    no_point = ~shapeless & (shapely.get_type_id(geometry) != shapely.GeometryType.POINT.value)
    off = located & ((np.abs(lat) > 90.0) | (lon < -180.0) | (lon > 360.0))
    checks = (
        (no_point, "is no point", "Pass the place as one point"),
        (off, "is not on Earth", "Are longitude and latitude swapped?"),
    )
    faults = [
        Fault(name, "geometry", problem, cure, tuple(map(str, points.index[bad])))
        for bad, problem, cure in checks
        if bad.any()
    ]
    if faults:
        raise MatchError(faults)
    return lon, lat, located


def _given(points: gpd.GeoDataFrame, column: str) -> Objects:
    """Return a copy of the column as objects with NaN for every missing value; all NaN without the column."""
    if column not in points:
        return np.full(len(points), np.nan, dtype=object)
    return np.array([np.nan if pd.isna(value) else value for value in points[column]], dtype=object)


def _ids(index: pd.Index, position: Ints) -> Objects:
    """Return the id at each position, NaN where it is nowhere."""
    labels = np.append(index.to_numpy(dtype=object), np.nan)
    return np.where(position == NOWHERE, np.nan, labels[position])


def _text(values: Objects, index: pd.Index) -> pd.Series:
    return pd.Series(values, index=index, dtype="str")


def _covering(lon: Floats, lat: Floats, polygons: gpd.GeoDataFrame) -> Ints:
    """Return the position of the first polygon that covers each point, or nowhere."""
    lon = wrap_longitude(lon)
    # A polygon may lie in any turn of longitude, so each point is shown in three.
    turns = np.concatenate([lon, lon - 360.0, lon + 360.0])
    tree = shapely.STRtree(np.asarray(shapely.points(turns, np.tile(lat, 3)), dtype=object))
    polygon, shown = tree.query(_geometries(polygons), predicate="intersects")
    first = np.full(lon.size, len(polygons))
    np.minimum.at(first, shown % max(lon.size, 1), polygon)
    return np.where(first == len(polygons), NOWHERE, first)


def _nearest_polygon(lon: Floats, lat: Floats, polygons: gpd.GeoDataFrame) -> tuple[Ints, Floats]:
    """Return the position and distance of the nearest polygon, for points outside all of them."""
    boundaries = shapely.segmentize(shapely.boundary(_geometries(polygons)), BOUNDARY_STEP_DEG)
    foot = nearest_on_lines(lon, lat, boundaries)
    return foot.line_idx, foot.km


def _counted(fibre: Fibre, statuses: Collection[str]) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the routes that count, and the nodes that they touch, both by order of their ids."""
    nodes = _targets(fibre.fibre_nodes, "fibre_nodes", shapely.GeometryType.POINT)
    every = fibre.fibre_routes
    if len(every) == 0:
        return every, nodes
    routes = every[every["status"].isin(list(statuses))].sort_index()
    touched = nodes.index.isin(routes["node0"]) | nodes.index.isin(routes["node1"])
    if not touched.any():
        problem = f"no route that touches a node has a status among {sorted(statuses)}"
        raise MatchError([Fault("fibre_routes", "status", problem, "Pass other statuses=, or add routes")])
    return routes, nodes[touched]


def _has_line(routes: gpd.GeoDataFrame) -> Bools:
    """Return which routes can be joined between their nodes."""
    geometry = _geometries(routes)
    drawn = shapely.get_num_coordinates(geometry) >= 2
    surveyed: Bools = routes["geometry_kind"].to_numpy() == "surveyed"
    return surveyed & drawn


def _joints(lon: Floats, lat: Floats, routes: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the joint of each point: a foot on a route where one is nearer than every node, else a node."""
    node_lon, node_lat, _ = lonlat(nodes)
    node, node_km = nearest_point(lon, lat, node_lon, node_lat)
    foot, on_route = _feet(lon, lat, node_km, routes, nodes)
    along_km, along_share = _from_node0(foot, routes, nodes)
    rows = pd.RangeIndex(lon.size)
    return pd.DataFrame(
        {
            "kind": _text(np.where(on_route, "route", "node").astype(object), rows),
            "fibre_node": _text(_ids(nodes.index, np.where(on_route, NOWHERE, node)), rows),
            "fibre_route": _text(_ids(routes.index, np.where(on_route, foot.line_idx, NOWHERE)), rows),
            "along_km": np.where(on_route, along_km, np.nan),
            "along_share": np.where(on_route, along_share, np.nan),
            "build_km": np.where(on_route, foot.km, node_km),
            "lon": np.where(on_route, foot.lon, wrap_longitude(node_lon[node])),
            "lat": np.where(on_route, foot.lat, node_lat[node]),
        }
    )


def _feet(
    lon: Floats, lat: Floats, node_km: Floats, routes: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame
) -> tuple[LineFoot, Bools]:
    """Return the nearest place on any route, and whether to join there: it is nearer than a node and none."""
    if len(routes) == 0:
        nowhere, unknown = np.full(lon.size, NOWHERE), np.full(lon.size, np.nan)
        return LineFoot(nowhere, unknown, unknown, unknown, unknown), np.zeros(lon.size, dtype=bool)
    foot = nearest_on_lines(lon, lat, _geometries(routes))
    nearer = foot.km < node_km
    # The node that the foot falls on is at most 1 m farther, and the nearest node no farther than that one.
    for column in ("node0", "node1"):
        end_lon, end_lat = _place(routes[column], nodes)
        end_km = distance_km(foot.lon, foot.lat, end_lon[foot.line_idx], end_lat[foot.line_idx])
        nearer &= ~(end_km <= SAME_PLACE_KM)
    return foot, nearer


def _place(node: pd.Series, nodes: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """Return the coordinates of the named nodes, NaN for one that is not in the table."""
    lon, lat, _ = lonlat(nodes)
    position = nodes.index.get_indexer(node)
    return np.append(lon, np.nan)[position], np.append(lat, np.nan)[position]


def _from_node0(foot: LineFoot, routes: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """Return how far along its route each foot is from the end of node0: in km, and as a share."""
    if len(routes) == 0:
        return foot.along_km, foot.along_km
    lines = _geometries(routes)
    drawn = length_km(lines)[foot.line_idx]
    along = np.minimum(foot.along_km, drawn)
    along = np.where(_drawn_backwards(lines, routes, nodes)[foot.line_idx], drawn - along, along)
    return along, np.where(drawn > 0.0, along / np.where(drawn > 0.0, drawn, 1.0), 0.0)


def _drawn_backwards(lines: Objects, routes: gpd.GeoDataFrame, nodes: gpd.GeoDataFrame) -> Bools:
    """Return which lines start at node1: their ends lie nearer to the nodes when swapped."""
    lonlat, line_of = shapely.get_coordinates(lines, return_index=True)
    rows = np.arange(len(lines))
    vertex0 = np.searchsorted(line_of, rows, side="left")
    vertex1 = np.searchsorted(line_of, rows, side="right") - 1
    first, last = (lonlat[vertex0, 0], lonlat[vertex0, 1]), (lonlat[vertex1, 0], lonlat[vertex1, 1])
    node0, node1 = _place(routes["node0"], nodes), _place(routes["node1"], nodes)
    as_drawn = _apart(first, node0) + _apart(last, node1)
    swapped = _apart(first, node1) + _apart(last, node0)
    return swapped < as_drawn


def _apart(place0: tuple[Floats, Floats], place1: tuple[Floats, Floats]) -> Floats:
    return distance_km(place0[0], place0[1], place1[0], place1[1])
