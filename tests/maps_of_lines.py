"""Maps of lines drawn in kilometres: what `repair` is tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from shapely import LineString, Point, box

from three_mismatches.repair import RepairedMap, RepairRules, build_network

LON, LAT = 139.0, 36.0
KM_PER_LON, KM_PER_LAT = 90.16322, 110.95866
"""Kilometres in a degree at 36 N."""

Xy = tuple[float, float]
Row = Mapping[str, Any]


def lonlat(way: Sequence[Xy]) -> list[Xy]:
    """Return places given in km east and north of 139 E, 36 N."""
    return [(LON + x / KM_PER_LON, LAT + y / KM_PER_LAT) for x, y in way]


def line(*way: Xy, voltage: Any = "275000", **known: Any) -> Row:
    """Return a row of lines, drawn in km."""
    return {"geometry": LineString(lonlat(way)), "voltage": voltage, **known}


def station(x: float, y: float, voltage: Any = "275000", **known: Any) -> Row:
    """Return a row of substations, a point given in km."""
    return {"geometry": Point(lonlat([(x, y)])[0]), "voltage": voltage, **known}


def yard(x: float, y: float, half_km: float, voltage: Any = "275000", **known: Any) -> Row:
    """Return a row of substations, a square given by its middle and half its width in km."""
    low, high = lonlat([(x - half_km, y - half_km), (x + half_km, y + half_km)])
    return {"geometry": box(*low, *high), "voltage": voltage, **known}


def table(rows: Mapping[str, Row], index: str) -> gpd.GeoDataFrame:
    """Return a map's table of rows by id."""
    columns = sorted({column for row in rows.values() for column in row} | {"voltage", "geometry"})
    frame = pd.DataFrame(
        [{column: row.get(column) for column in columns} for row in rows.values()],
        index=pd.Index(list(rows), name=index, dtype=object),
        columns=columns,
    )
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def two_zones() -> gpd.GeoDataFrame:
    """Return two areas of 50 km by 100 km: west of 139 E with 60 Hz, east of it with 50 Hz."""
    halves = [(-50.0, 0.0), (0.0, 50.0)]
    shapes = [box(*lonlat([(low, -50.0)])[0], *lonlat([(high, 50.0)])[0]) for low, high in halves]
    return gpd.GeoDataFrame(
        {"zone": ["west", "east"], "frequency": [60.0, 50.0]},
        index=pd.Index(["w", "e"], name="area"),
        geometry=shapes,
        crs="EPSG:4326",
    )


def repaired(
    lines: Mapping[str, Row],
    substations: Mapping[str, Row] | None = None,
    areas: gpd.GeoDataFrame | None = None,
    *,
    tolerance_km: float = 0.25,
    **rules: Any,
) -> RepairedMap:
    """Return what a map drawn in km is repaired to; substations are called as their ids."""
    named = {name: {"name": name, **row} for name, row in (substations or {}).items()}
    return build_network(
        table(lines, "line"),
        table(named, "substation"),
        two_zones() if areas is None else areas,
        tolerance_km=tolerance_km,
        rules=RepairRules(**rules),
    )


def pairs(found: RepairedMap) -> list[tuple[str, str]]:
    """Return both buses of each branch."""
    return sorted(zip(found.branches["bus0"], found.branches["bus1"], strict=True))


def graph(found: RepairedMap) -> nx.Graph:
    """Return buses as nodes, branches and transformers as edges."""
    net = nx.Graph()
    net.add_nodes_from(found.buses.index)
    net.add_edges_from(pairs(found))
    net.add_edges_from(found.transformers[["bus0", "bus1"]].itertuples(index=False, name=None))
    return net


def pieces(found: RepairedMap) -> int:
    """Return the number of components that have a branch."""
    return sum(len(part) > 1 for part in nx.connected_components(graph(found)))


def rows_of(found: RepairedMap, action: str, reason: str = "") -> gpd.GeoDataFrame:
    """Return the certificate's rows of an action whose reason holds some words."""
    rows = found.certificate
    return rows[(rows["action"] == action) & rows["reason"].str.contains(reason, regex=False)]


def drawn_km(lines: gpd.GeoDataFrame) -> float:
    """Return the length of all lines. [km]"""
    metres = lines.geometry.apply(lambda shape: _geod().geometry_length(shape))
    return float(metres.sum()) / 1000.0


def _geod() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def same_lines(first: RepairedMap, second: RepairedMap, *, km: float = 1e-6) -> None:
    """Assert that two networks are one: ids, ends, voltages, transformers and lengths."""
    pd.testing.assert_index_equal(first.buses.index, second.buses.index)
    pd.testing.assert_index_equal(first.branches.index, second.branches.index)
    columns = ["bus0", "bus1", "kind", "v_nom", "bridge"]
    pd.testing.assert_frame_equal(first.branches[columns], second.branches[columns])
    pd.testing.assert_frame_equal(first.transformers, second.transformers)
    pd.testing.assert_frame_equal(first.links.drop(columns="length"), second.links.drop(columns="length"))
    pd.testing.assert_frame_equal(
        first.buses[["v_nom", "zone", "area"]], second.buses[["v_nom", "zone", "area"]]
    )
    assert np.abs(first.branches["length"] - second.branches["length"]).max() <= km or first.branches.empty
    apart = shapely.distance(first.buses.geometry.to_numpy(), second.buses.geometry.to_numpy())
    assert apart.max(initial=0.0) < 1e-6
