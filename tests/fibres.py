"""Fibre networks for tests: hand-drawn ones, and random ones with ties, parallel routes and shared risks."""

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import LineString

from three_mismatches.layers import Fibre

MS_PER_KM = 2 * 1.468 / 299.792458  # round trip in bare glass
BARE = {"route_factor": 1.0, "equipment": False}


def points_of(places, **columns):
    index = pd.Index(list(places), dtype="object")
    lon, lat = np.array(list(places.values()), dtype=float).reshape(-1, 2).T
    return gpd.GeoDataFrame(columns, index=index, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def fibre_of(nodes, routes, *, lines=None, srlg=None):
    """Return nodes {id: (lon, lat)} and routes {id: (node0, node1, length, kind)}, with lines and groups for some."""
    columns = ["node0", "node1", "length", "geometry_kind"]
    index = pd.Index(list(routes), dtype="object")
    table = pd.DataFrame(list(routes.values()), columns=columns, index=index).astype({"length": float})
    drawn = gpd.GeoSeries([(lines or {}).get(route) for route in routes], index=index, crs="EPSG:4326")
    table = table.assign(status="operating", srlg=pd.Series(srlg or {}, dtype=object).reindex(index))
    return Fibre(points_of(nodes), gpd.GeoDataFrame(table, geometry=drawn))


def in_one_place(routes, *, srlg=None, **nodes_at):
    """Return sketched routes {id: (node0, node1, km)} between nodes in one place: no length is below its geodesic."""
    names = sorted({end for route in routes.values() for end in route[:2]})
    places = dict.fromkeys(names, (0.0, 0.0)) | nodes_at
    return fibre_of(places, {key: (*route, "schematic") for key, route in routes.items()}, srlg=srlg)


def random_fibre(seed, *, nodes=8, extra=6, groups=0, whole=False):
    """
    Return a connected fibre with parallel routes and loops, lengths with ties, and shared-risk groups.

    With `whole` every length is a whole number of km, 0 among them, in one place; else the routes are sketched and
    surveyed over Japan.
    """
    rng = np.random.default_rng(seed)
    ends = [(int(rng.integers(0, i)), i) for i in range(1, nodes)]
    ends += [tuple(map(int, rng.integers(0, nodes, 2))) for _ in range(extra)]
    named = [f"r{number:02}" for number in range(len(ends))]
    srlg = {
        name: ";".join(sorted({f"g{g}" for g in rng.integers(0, groups, 2)}))
        for name in named
        if groups and rng.random() < 0.6
    }
    if whole:
        routes = {
            name: (f"n{i}", f"n{j}", float(rng.integers(0, 5)))
            for name, (i, j) in zip(named, ends, strict=True)
        }
        return in_one_place(routes, srlg=srlg)
    at = {f"n{i}": tuple(place) for i, place in enumerate(rng.uniform([135, 33], [141, 38], (nodes, 2)))}
    routes, lines = {}, {}
    for name, (i, j) in zip(named, ends, strict=True):
        kind = str(rng.choice(["schematic", "surveyed"]))
        routes[name] = (f"n{i}", f"n{j}", float(rng.choice([np.nan, rng.uniform(0, 900)])), kind)
        lines[name] = LineString([at[f"n{i}"], tuple(rng.uniform([135, 33], [141, 38])), at[f"n{j}"]])
    return fibre_of(at, routes, lines=lines, srlg=srlg)


def without(fibre, routes):
    """Return the fibre without some routes."""
    return Fibre(fibre.fibre_nodes, fibre.fibre_routes.drop(index=list(routes)))
