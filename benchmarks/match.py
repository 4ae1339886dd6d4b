"""
Join points to the nearest of many routes, beside geopandas on a projected plane.

    python benchmarks/match.py --points 100000 --routes 50000

Every contender runs in a process of its own, so that peak memory is its own. The rival's answer is planar: it
measures in UTM zone 54N, which stretches what lies far from 141 E. The last line says by how much it is off.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.geodesy import nearest_on_lines
from three_mismatches.layers import Fibre
from three_mismatches.match import to_fibre

JAPAN = (123.0, 24.0, 154.0, 46.0)
KM_PER_DEGREE = 111.2
PLANE = "EPSG:32654"
MEGABYTE_IN_KIB = 1024.0

Answer = tuple[NDArray[np.int64], NDArray[np.float64]]  # which route, and how far [km]


def random_places(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Return places over Japan's bounding box, shape (count, 2). [degrees]"""
    return rng.uniform(JAPAN[:2], JAPAN[2:], (count, 2))


def random_routes(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Return the vertices of winding routes of 5 to 30 km, shape (count, 5, 2). [degrees]"""
    start = random_places(rng, count)
    step = rng.uniform(5.0, 30.0, (count, 1)) / 4.0 / KM_PER_DEGREE
    heading = rng.uniform(0.0, 2.0 * np.pi, (count, 1)) + np.cumsum(rng.normal(0.0, 0.4, (count, 4)), axis=1)
    east = step * np.sin(heading) / np.cos(np.radians(start[:, 1:]))
    moves = np.stack([east, step * np.cos(heading)], axis=-1)
    return np.concatenate([start[:, None], start[:, None] + np.cumsum(moves, axis=1)], axis=1)


def tables(points: int, routes: int) -> tuple[gpd.GeoDataFrame, Fibre]:
    """Return the sites and the fibre of the benchmark, always the same."""
    rng = np.random.default_rng(0)
    site = gpd.GeoDataFrame(geometry=shapely.points(random_places(rng, points)), crs="EPSG:4326")
    site.index = site.index.map("site{}".format)
    vertices = random_routes(rng, routes)
    ends = pd.Index([f"n{number:06d}" for number in range(2 * routes)], name="fibre_node")
    places = shapely.points(np.concatenate([vertices[:, 0], vertices[:, -1]]))
    nodes = gpd.GeoDataFrame(index=ends, geometry=places, crs="EPSG:4326")
    columns = {
        "node0": ends[:routes], "node1": ends[routes:], "status": "operating", "geometry_kind": "surveyed"
    }  # fmt: skip
    index = pd.Index([f"r{number:06d}" for number in range(routes)], name="fibre_route")
    lines = gpd.GeoDataFrame(columns, index=index, geometry=shapely.linestrings(vertices), crs="EPSG:4326")
    return site, Fibre(nodes, lines)


def lonlat(points: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return points.geometry.x.to_numpy(), points.geometry.y.to_numpy()


def by_nearest_on_lines(points: gpd.GeoDataFrame, fibre: Fibre) -> Answer:
    foot = nearest_on_lines(*lonlat(points), fibre.fibre_routes.geometry.to_numpy())
    return foot.line_idx, foot.km


def by_to_fibre(points: gpd.GeoDataFrame, fibre: Fibre) -> Answer:
    joints = to_fibre(points, fibre)
    return fibre.fibre_routes.index.get_indexer(joints["fibre_route"]), joints["build_km"].to_numpy()


def by_sjoin_nearest(points: gpd.GeoDataFrame, fibre: Fibre) -> Answer:
    routes = fibre.fibre_routes.reset_index(drop=True)[["geometry"]].to_crs(PLANE)
    joined = points.to_crs(PLANE).sjoin_nearest(routes, distance_col="metres")
    joined = joined[~joined.index.duplicated()].loc[points.index]
    return joined["index_right"].to_numpy(), joined["metres"].to_numpy() / 1000.0


CONTENDERS: dict[str, Callable[[gpd.GeoDataFrame, Fibre], Answer]] = {
    "nearest_on_lines": by_nearest_on_lines,
    "to_fibre (nodes and routes)": by_to_fibre,
    "geopandas.sjoin_nearest, UTM 54N": by_sjoin_nearest,
}


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE_IN_KIB


def run(name: str, points: int, routes: int) -> tuple[float, float, float, Answer]:
    """Return wall time [s], memory with the data loaded and at the peak [MB], and the answer."""
    warnings.simplefilter("ignore")
    site, fibre = tables(points, routes)
    CONTENDERS[name](site.iloc[:10], fibre)
    loaded = peak_megabytes()
    start = time.perf_counter()
    answer = CONTENDERS[name](site, fibre)
    return time.perf_counter() - start, loaded, peak_megabytes(), answer


def compare(planar: Answer, geodesic: Answer) -> str:
    """Return in words how far the planar answer is off."""
    error = planar[1] - geodesic[1]
    worst = np.abs(error).argmax()
    return (
        f"planar answer: another route for {(planar[0] != geodesic[0]).sum()} points; distances off by up to "
        f"{1000.0 * error[worst]:.0f} m (of {geodesic[1][worst]:.1f} km)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Join points to the nearest of many routes.")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--routes", type=int, default=50_000)
    size = parser.parse_args()
    print(f"{size.points} points against {size.routes} routes of 5 vertices\n")
    print(f"{'':34}{'seconds':>9}{'peak MB':>10}{'data MB':>10}")
    answers = {}
    for name in CONTENDERS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            seconds, loaded, peak, answers[name] = pool.submit(run, name, size.points, size.routes).result()
        print(f"{name:34}{seconds:9.2f}{peak:10.0f}{loaded:10.0f}")
    print("\n" + compare(answers["geopandas.sjoin_nearest, UTM 54N"], answers["nearest_on_lines"]))


if __name__ == "__main__":
    main()
