"""
Repair a map's lines into a network, beside what else is at hand, at one to ten times the lines.

    python benchmarks/repair.py --raw FOLDER --runs 3
    python benchmarks/repair.py --pypsa-earth CHECKOUT

FOLDER (or TM_RAW) holds osm_lines_ge154kv.geojson, with `kv` and `name`, and osm_substations.geojson. Without it the
map is made up, always the same. Ten times the lines are ten countries side by side, each with areas of its own.
Every contender and size has a process of its own with one thread, so that peak memory is its own; they take turns.

What each does beside closing gaps within 250 m, line ends and substations alike:

- build_network: duplicates, T-junctions, passed substations, levels and transformers, synchronous zones, direct
  current, water, islands, merging into branches, and the certificate.
- recipe: nothing. Ends of one voltage by KD-tree, ends to the nearest substation, connected components.
- snkit: T-junctions. Voltage by voltage; substations join the voltages. No duplicates, zones, merging or certificate.
- neatnet (where momepy's functions went): T-junctions, merging. Voltage by voltage, without substations.
- PyPSA-Earth's build_osm_network, from a checkout of the reader's: passed substations, stations as clusters,
  transformers and converters. Every line's end is a station. No T-junctions, duplicates, zones or certificate.

Rivals get alternating current only, except PyPSA-Earth, which knows direct current. They measure on a conformal
plane, off by less than 1 % from 31 to 46 N, whichever the longitude; PyPSA-Earth, as published, in EPSG:3857.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import math
import os
import platform
import resource
import statistics
import sys
import time
import types
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

import three_mismatches as tm
from three_mismatches import repair

TOLERANCE_M = 250.0
LOOK_UP_M = 300.0
"""How far from the middle of a line the branch may be that the line has become."""

DIRECT_KV = (200.0, 250.0)
DIRECT_WORDS = "HVDC|直流"
CLASSES_KV = (500.0, 275.0, 220.0, 187.0, 154.0, 132.0, 110.0, 100.0, 77.0, 66.0, 33.0, 22.0)
COPY_DEGREES = -24.0
PLANE = "+proj=lcc +lat_1=33 +lat_2=44 +lat_0=38 +lon_0=30 +datum=WGS84 +units=m"
WEB_PLANE = "EPSG:3857"
MEGABYTE_IN_KIB = 1024.0
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PACKAGES = (
    "three-mismatches",
    "numpy",
    "pandas",
    "shapely",
    "geopandas",
    "scipy",
    "networkx",
    "snkit",
    "neatnet",
)

Ints = NDArray[np.int64]


class Map(NamedTuple):
    """What every contender gets: lines (kv, name, frequency), substations (kv, name), areas (zone)."""

    lines: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    areas: gpd.GeoDataFrame


# The map


def read_map(folder: str) -> Map:
    """Return Japan's map, or one made up if there is no folder."""
    areas = tm.japan().grid.areas[["zone", "frequency", "geometry"]]
    if not folder:
        return made_up(areas)
    lines = gpd.read_file(Path(folder) / "osm_lines_ge154kv.geojson")[["name", "kv", "geometry"]]
    direct = lines["kv"].isin(DIRECT_KV) | lines["name"].str.contains(DIRECT_WORDS)
    lines["frequency"] = np.where(direct, "0", "")
    substations = gpd.read_file(Path(folder) / "osm_substations.geojson")[["name", "kv", "geometry"]]
    return Map(lines, substations, areas)


def made_up(areas: gpd.GeoDataFrame, sites: int = 1000) -> Map:
    """Return trees of lines with loops between random sites of each zone, cut to pieces of 3 km with gaps."""
    rng = np.random.default_rng(0)
    west, south, east, north = areas.total_bounds
    places = rng.uniform((west, south), (east, north), (40 * sites, 2))
    zone = zone_of(shapely.points(places), areas, nearest=False)
    here = np.flatnonzero(zone != "")[:sites]
    places, zone = places[here], zone[here]
    order = rng.permutation(len(here))
    lines: list[gpd.GeoDataFrame] = []
    stations = [_substations(places, 154.0)]
    for kv, share in ((154.0, 1.0), (275.0, 0.3), (500.0, 0.12)):
        chosen = order[: int(share * len(order))]
        for name in np.unique(zone[chosen]):
            at = chosen[zone[chosen] == name]
            if len(at) > 3:
                others = areas.geometry[areas["zone"] != name].union_all().buffer(0.02)
                lines.append(_drawn(rng, places[at][_spans(places[at], others)], kv))
        stations.append(_substations(places[chosen], kv))
    mains = pd.concat(lines)
    foot = shapely.get_coordinates(middles(mains[mains["kv"] == 154.0].sample(200, random_state=0)))
    tip = foot + rng.normal(0.0, 0.03, foot.shape)
    same = zone_of(shapely.points(tip), areas, nearest=False) == zone_of(shapely.points(foot), areas)
    lines.append(_drawn(rng, np.stack([foot, tip], axis=1)[same], 154.0))
    table = pd.concat(lines, ignore_index=True).assign(name="", frequency="")
    return Map(table, pd.concat(stations, ignore_index=True), areas)


def _substations(places: NDArray[np.float64], kv: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=shapely.points(places), crs="EPSG:4326").assign(name="", kv=kv)


def _spans(places: NDArray[np.float64], others: shapely.Geometry) -> Ints:
    """Return pairs of sites, not by way of other zones: the shortest tree, and a tenth as many loops."""
    triangles = Delaunay(places).simplices
    pairs = np.unique(np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]]), axis=1), axis=0)
    shapely.prepare(others)
    pairs = pairs[~shapely.intersects(others, shapely.linestrings(places[pairs]))]
    length = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    tree = minimum_spanning_tree(coo_array((length, pairs.T), shape=(len(places),) * 2)).tocoo()
    loops = pairs[np.argsort(length)][: len(places) // 10]
    return np.concatenate([np.stack([tree.row, tree.col], axis=1), loops]).astype(np.int64)


def _drawn(rng: np.random.Generator, spans: NDArray[np.float64], kv: float) -> gpd.GeoDataFrame:
    """Return each span as winding pieces that end some 50 m from where they should, as a map has them."""
    pieces = []
    for start, end in spans:
        count = max(1, round(float(np.hypot(*(end - start))) / 0.03))
        way = start + np.linspace(0.0, 1.0, 4 * count + 1)[:, None] * (end - start)
        way[1:-1] += rng.normal(0.0, 0.002, way[1:-1].shape)
        for first in range(0, 4 * count, 4):
            piece = way[first : first + 5].copy()
            piece[[0, -1]] += rng.normal(0.0, 0.0003, (2, 2))
            pieces.append(shapely.linestrings(piece.round(4)))
    return gpd.GeoDataFrame(geometry=pieces, crs="EPSG:4326").assign(kv=kv)


def times(drawn: Map, count: int) -> Map:
    """Return so many copies of a map side by side, each with zones of its own."""
    tables: list[list[gpd.GeoDataFrame]] = [[], [], []]
    for number in range(count):
        lines, substations, areas = (
            table.set_geometry(table.geometry.translate(xoff=COPY_DEGREES * number)) for table in drawn
        )
        named = areas.assign(zone=[f"{zone} {number}" for zone in areas["zone"]])
        tables[0].append(lines)
        tables[1].append(substations)
        tables[2].append(named.rename(index=lambda area, at=number: f"{area} {at}"))
    lines, substations = (pd.concat(table, ignore_index=True) for table in tables[:2])
    return Map(lines, substations, pd.concat(tables[2]))


# The contenders: each returns branches with kv, component and geometry in degrees


def labels(first: Ints, second: Ints, size: int) -> Ints:
    """Return the component of each node."""
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def alternating(drawn: Map) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the lines of alternating current and the substations, on the plane."""
    lines = drawn.lines[(drawn.lines["frequency"] != "0").to_numpy()]
    return lines.reset_index(drop=True).to_crs(PLANE), drawn.substations.to_crs(PLANE)


def ends_of(lines: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the first and last vertex of each line, shape (2 x lines, 2): all first ones, then all last ones."""
    shapes = lines.geometry.to_numpy()
    return shapely.get_coordinates(np.concatenate([shapely.get_point(shapes, at) for at in (0, -1)]))


def by_build_network(drawn: Map) -> gpd.GeoDataFrame:
    rules = repair.RepairRules(classes=CLASSES_KV)
    found = repair.build_network(
        drawn.lines, drawn.substations, drawn.areas, tolerance_km=TOLERANCE_M / 1000.0, rules=rules
    )
    both = pd.concat([found.branches[["bus0", "bus1"]], found.transformers[["bus0", "bus1"]]])
    ends = [found.buses.index.get_indexer(both[side]) for side in ("bus0", "bus1")]
    label = labels(*ends, len(found.buses))
    return found.branches[["geometry"]].assign(
        kv=found.branches["v_nom"], component=label[ends[0][: len(found.branches)]]
    )


def by_recipe(drawn: Map) -> gpd.GeoDataFrame:
    import networkx as nx

    lines, substations = alternating(drawn)
    ends, count = ends_of(lines), len(lines)
    graph = nx.Graph()
    graph.add_edges_from(zip(range(count), range(count, 2 * count), strict=True))
    kv = np.tile(lines["kv"].to_numpy(), 2)
    for level in np.unique(kv):
        at = np.flatnonzero(kv == level)
        graph.add_edges_from(at[cKDTree(ends[at]).query_pairs(TOLERANCE_M, output_type="ndarray")].tolist())
    places = shapely.get_coordinates(substations.geometry.to_numpy())
    km, station = cKDTree(places).query(ends, distance_upper_bound=TOLERANCE_M)
    near = np.flatnonzero(np.isfinite(km))
    graph.add_edges_from(zip(near.tolist(), (station[near] + 2 * count).tolist(), strict=True))
    component = {
        node: number for number, nodes in enumerate(nx.connected_components(graph)) for node in nodes
    }
    return lines[["kv", "geometry"]].assign(component=[component[at] for at in range(count)]).to_crs(4326)


def by_snkit(drawn: Map) -> gpd.GeoDataFrame:
    import snkit

    lines, substations = alternating(drawn)
    found, joints, offset = [], [], 0
    for kv, rows in lines.groupby("kv"):
        near = np.unique(
            substations.sindex.query(rows.geometry, predicate="dwithin", distance=TOLERANCE_M)[1]
        )
        nodes = substations.iloc[near][["geometry"]].assign(substation=near.astype(np.float64))
        network = snkit.network.add_endpoints(snkit.Network(nodes=nodes, edges=rows[["geometry"]]))
        network = snkit.network.link_nodes_to_edges_within(network, TOLERANCE_M, tolerance=1e-3)
        network = snkit.network.add_topology(snkit.network.add_ids(network))
        network = snkit.network.add_component_ids(network)
        found.append(
            network.edges[["geometry"]].assign(kv=kv, component=network.edges["component_id"] + offset)
        )
        at = network.nodes.dropna(subset=["substation"])
        joints.append(at[["substation"]].assign(component=at["component_id"] + offset))
        offset += int(network.nodes["component_id"].max()) + 1
    joint = pd.concat(joints).astype(np.int64)
    label = labels(
        joint["component"].to_numpy(), joint["substation"].to_numpy() + offset, offset + len(substations)
    )
    table = pd.concat(found, ignore_index=True).set_crs(PLANE, allow_override=True)
    return table.assign(component=label[table["component"].to_numpy(dtype=np.int64)]).to_crs(4326)


def by_neatnet(drawn: Map) -> gpd.GeoDataFrame:
    import neatnet

    found, offset = [], 0
    for kv, rows in alternating(drawn)[0].groupby("kv"):
        closed = neatnet.close_gaps(rows[["geometry"]].reset_index(drop=True), TOLERANCE_M)
        drawn_up = gpd.GeoDataFrame(geometry=closed.geometry, crs=PLANE)
        noded = neatnet.induce_nodes(neatnet.extend_lines(drawn_up, TOLERANCE_M), eps=1e-3)
        edges = neatnet.remove_interstitial_nodes(noded).reset_index(drop=True)
        node = np.unique(ends_of(edges).round(2), axis=0, return_inverse=True)[1].reshape(2, -1)
        label = labels(node[0], node[1], int(node.max()) + 1)
        found.append(edges[["geometry"]].assign(kv=kv, component=label[node[0]] + offset))
        offset += len(label)
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=PLANE).to_crs(4326)


def pypsa_earth() -> types.ModuleType:
    """Return the script of a checkout as a module; of its helpers only the logger is ever called."""
    if "build_osm_network" not in sys.modules:
        helpers = types.ModuleType("_helpers")
        for name in (
            "configure_logging",
            "read_geojson",
            "read_osm_config",
            "save_to_geojson",
            "to_csv_nafix",
        ):
            setattr(helpers, name, None)
        helpers.create_logger = logging.getLogger
        sys.modules["_helpers"] = helpers
        path = Path(os.environ["PYPSA_EARTH"]) / "scripts" / "build_osm_network.py"
        spec = importlib.util.spec_from_file_location("build_osm_network", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        # shapely's linemerge refuses a line that is whole already; the script meets them where an end is on its bus.
        merge = module.linemerge
        module.linemerge = lambda shape: shape if shape.geom_type == "LineString" else merge(shape)
        sys.modules["build_osm_network"] = module
    return sys.modules["build_osm_network"]


def pypsa_earth_tables(drawn: Map) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return lines and buses as its own cleaning hands them on: every end of a line is a bus beside the substations."""
    lines = drawn.lines[~drawn.lines.geometry.is_ring].reset_index(drop=True)
    lines = lines.assign(
        voltage=(1000.0 * lines["kv"]).astype(np.int64), dc=lines["frequency"] == "0", circuits=1, country="JP",
        line_id=lines.index.astype(str), under_construction=False, underground=False, tag_type="line",
        tag_frequency=np.where(lines["frequency"] == "0", 0, 50), length=0.0,
    )  # fmt: skip
    known = drawn.substations[drawn.substations["kv"].isin(lines["kv"].unique())]
    tables = [known[["geometry"]].assign(voltage=(1000.0 * known["kv"]).astype(np.int64), dc=False)]
    ends = gpd.points_from_xy(*ends_of(lines).T, crs=lines.crs)
    both = pd.concat([lines[["voltage", "dc"]]] * 2)
    tables.append(gpd.GeoDataFrame(both, geometry=ends))
    buses = pd.concat(tables, ignore_index=True)
    buses = buses.assign(
        bus_id=buses.index, country="JP", symbol="substation", tag_substation="transmission", tag_area=0.0,
        under_construction=False, lon=buses.geometry.x, lat=buses.geometry.y, station_id=np.nan,
    )  # fmt: skip
    return lines, buses


def by_pypsa_earth(drawn: Map, passing_m: float = 1.0, tolerance_m: float = 5000.0) -> gpd.GeoDataFrame:
    script = pypsa_earth()
    lines, buses = pypsa_earth_tables(drawn)
    lines = script.line_endings_to_bus_conversion(lines)
    lines, buses = script.fix_overpassing_lines(lines, buses, WEB_PLANE, tol=passing_m)
    lines = script.line_endings_to_bus_conversion(lines)
    lines, buses = script.merge_stations_lines_by_station_id_and_voltage(
        lines, buses, "EPSG:4326", WEB_PLANE, tol=tolerance_m
    )
    transformers, converters = script.get_transformers(buses, lines), script.get_converters(buses, lines)
    del converters  # made, as published; they are no part of an AC component
    pairs = pd.concat(
        [lines.loc[~lines["dc"].astype(bool), ["bus0", "bus1"]], transformers[["bus0", "bus1"]]]
    )
    label = labels(*pairs.to_numpy(dtype=np.int64).T, int(buses["bus_id"].max()) + 1)
    ac = lines[~lines["dc"].astype(bool)]
    return ac[["geometry"]].assign(
        kv=ac["voltage"] / 1000.0, component=label[ac["bus0"].to_numpy(dtype=np.int64)]
    )


def by_pypsa_earth_250(drawn: Map) -> gpd.GeoDataFrame:
    return by_pypsa_earth(drawn, TOLERANCE_M, TOLERANCE_M)


OURS = "build_network"
CONTENDERS: dict[str, tuple[Callable[[Map], gpd.GeoDataFrame], str]] = {
    OURS: (by_build_network, ""),
    "recipe: scipy, networkx": (by_recipe, "networkx"),
    "snkit": (by_snkit, "snkit"),
    "neatnet": (by_neatnet, "neatnet"),
    "PyPSA-Earth, as published (5 km)": (by_pypsa_earth, "PYPSA_EARTH"),
    "PyPSA-Earth at 250 m": (by_pypsa_earth_250, "PYPSA_EARTH"),
}


def missing(need: str) -> bool:
    """Return whether what a contender needs is not here: a package, or a checkout that the environment names."""
    if need == "PYPSA_EARTH":
        return not os.environ.get(need) or not importlib.util.find_spec("sklearn")
    return bool(need) and importlib.util.find_spec(need) is None


# The answers


def zone_of(
    shapes: NDArray[np.object_], areas: gpd.GeoDataFrame, *, nearest: bool = True
) -> NDArray[np.object_]:
    """Return the zone in which each point stands, else of the nearest area, or ""."""
    parts, owner = shapely.get_parts(areas.geometry.to_numpy(), return_index=True)
    tree = shapely.STRtree(parts)
    found = np.full(len(shapes), "", dtype=object)
    zones = areas["zone"].to_numpy(dtype=object)
    point, part = tree.query(shapes, predicate="intersects")
    found[point] = zones[owner[part]]
    left = np.flatnonzero(found == "")
    if nearest and len(left):
        found[left] = zones[owner[tree.nearest(shapes[left])]]
    return found


def middles(lines: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return shapely.line_interpolate_point(lines.geometry.to_numpy(), 0.5, normalized=True)


def drawn_zones(drawn: Map) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """Return the AC lines on the plane and the zone where most of each piece stands: lines whose ends the map joins."""
    lines = drawn.lines[(drawn.lines["frequency"] != "0").to_numpy()].reset_index(drop=True)
    key = np.column_stack([np.tile(lines["kv"], 2), ends_of(lines)])
    node = np.unique(key, axis=0, return_inverse=True)[1].reshape(2, -1)
    piece = labels(node[0], node[1], int(node.max()) + 1)[node[0]]
    plane = lines.to_crs(PLANE)
    stands = zone_of(middles(lines), drawn.areas)
    km = pd.DataFrame({"piece": piece, "zone": stands, "km": plane.length / 1000.0})
    sums = km.groupby(["piece", "zone"])["km"].sum().reset_index().sort_values("km")
    most = sums.drop_duplicates("piece", keep="last").set_index("piece")["zone"]
    return plane.assign(km=km["km"], piece=piece), most.loc[piece].to_numpy(dtype=object)


def judged(answer: gpd.GeoDataFrame, drawn: Map) -> dict[str, object]:
    """
    Return what an answer says of the map's own lines: components, the largest of each zone, what is fused.

    A zone is fused if the largest component of its lines is that of another zone too. Ends that stand in another
    zone than most of their component need not be wrong: a line of one zone may run through areas of another.
    """
    lines, zone = drawn_zones(drawn)
    branches = answer.to_crs(PLANE)
    component = np.full(len(lines), -1, dtype=np.int64)
    for kv, rows in lines.groupby("kv"):
        own = branches[branches["kv"] == kv]
        tree = shapely.STRtree(own.geometry.to_numpy())
        at, branch = tree.query_nearest(middles(rows), max_distance=LOOK_UP_M, all_matches=False)
        component[rows.index.to_numpy()[at]] = own["component"].to_numpy()[branch]
    table = lines.drop(columns="geometry").assign(zone=zone, component=component)
    here = table[table["component"] >= 0]
    by_both = here.groupby(["component", "zone"]).agg(km=("km", "sum"))
    total = table.groupby("zone")["km"].sum()
    largest = (by_both["km"].groupby("zone").max() / total).fillna(0.0)
    main = by_both["km"].groupby("zone").idxmax().map(lambda key: key[0])
    # A piece as short as the look-up may be found in a neighbour.
    known = here[here.groupby("piece")["km"].transform("sum") > LOOK_UP_M / 1000.0]
    mixed = known.groupby(["component", "zone"]).agg(km=("km", "sum"), lines=("km", "size"))
    minor = mixed.sort_values("km").groupby("component", sort=False).head(-1)
    # Copies are alike: the first stands for all.
    first = {name.removesuffix(" 0"): share for name, share in largest.items() if name.endswith(" 0")}
    return {
        "components": int(here["component"].nunique()),
        "largest": ", ".join(f"{name} {share:.1%}" for name, share in first.items()),
        "missing_km": float(table.loc[table["component"] < 0, "km"].sum()),
        "fused": len(main) - main.nunique(),
        "ends": 2 * int(minor["lines"].sum()),
        "fused_km": float(minor["km"].sum()),
    }  # fmt: skip


# The race

HELD: dict[str, object] = {}
"""What a process holds between its turns."""


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE_IN_KIB


def prepare(name: str, folder: str, count: int) -> float:
    """Make the map and run the contender on a small part of it; return the memory that takes. [MB]"""
    quiet()
    whole = read_map(folder)
    HELD["map"] = times(whole, count)
    run, _ = CONTENDERS[name]
    run(times(whole._replace(lines=whole.lines.iloc[:100]), 1))
    HELD["run"] = run
    return peak_megabytes()


def quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def once() -> tuple[float, float, float]:
    """Return wall and processor time [s] and peak memory [MB] of one run."""
    start, worked = time.perf_counter(), time.process_time()
    HELD["answer"] = HELD["run"](HELD["map"])
    return time.perf_counter() - start, time.process_time() - worked, peak_megabytes()


def judge() -> dict[str, object]:
    return judged(HELD["answer"], HELD["map"])


def race(names: list[str], folder: str, count: int, runs: int, patience: float) -> pd.DataFrame:
    """Return a row for each contender: times in turns (one only of the slow), memory and what its answer is worth."""
    pools = {name: ProcessPoolExecutor(1, mp_context=get_context("spawn")) for name in names}
    rows: dict[str, dict[str, object]] = {}
    for name, pool in pools.items():
        rows[name] = {"size": count, "seconds": [], "worked": []}
        rows[name]["data_mb"] = pool.submit(prepare, name, folder, count).result()
    for _ in range(runs):
        for name, pool in pools.items():
            if name != OURS and rows[name]["seconds"] and rows[name]["seconds"][0] > patience:
                continue
            seconds, worked, peak = pool.submit(once).result()
            rows[name]["seconds"].append(seconds)
            rows[name]["worked"].append(worked)
            rows[name]["peak_mb"] = peak
    for name, pool in pools.items():
        rows[name] |= pool.submit(judge).result()
        pool.shutdown()
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("name").reset_index()
    table["median"], table["cpu"] = (table[kind].map(statistics.median) for kind in ("seconds", "worked"))
    return table.assign(ratio=table["median"] / table.loc[table["name"] == OURS, "median"].iloc[0])


def speed(table: pd.DataFrame) -> str:
    head = (
        "| | lines | runs | median [s] | least - most [s] | processor [s] | times build_network | peak [MB] "
        "| of it data [MB] |"
    )
    rows = [
        f"| {row.name} | {row.size}x | {len(row.seconds)} | {row.median:.2f} | {min(row.seconds):.2f} - "
        f"{max(row.seconds):.2f} | {row.cpu:.2f} | {row.ratio:.2f} | {row.peak_mb:.0f} | {row.data_mb:.0f} |"
        for row in table.itertuples(index=False)
    ]  # fmt: skip
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|---:|---:|", *rows])


def quality(table: pd.DataFrame) -> str:
    head = (
        "| | components | largest, share of its zone's km | zones fused into another | ends that stand in another "
        "zone than most of their component | km of them | km not in the answer |"
    )
    rows = [
        f"| {row.name} | {row.components} | {row.largest} | {row.fused} | {row.ends} | {row.fused_km:.0f} | "
        f"{row.missing_km:.0f} |"
        for row in table.itertuples(index=False)
    ]
    return "\n".join([head, "|---|---:|---|---:|---:|---:|---:|", *rows])


def growth(table: pd.DataFrame) -> str:
    """Return how each contender's processor time grows between the least and the greatest size that it ran."""
    said = []
    for name, rows in table.groupby("name", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        if last["size"] > first["size"]:
            factor = last["cpu"] / first["cpu"]
            power = math.log(factor) / math.log(last["size"] / first["size"])
            said.append(
                f"{name}: {factor:.1f} times at {last['size']}x the lines, as lines to the power of {power:.2f}"
            )
    return "\n".join(f"- {words}" for words in said)


def machine() -> str:
    def known(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "missing"

    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    packages = ", ".join(f"{package} {known(package)}" for package in PACKAGES)
    return f"{os.cpu_count()} cores, one thread each, {system}, {packages}"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Repair a map's lines into a network.")
    parser.add_argument("--raw", default=os.environ.get("TM_RAW", ""), help="folder of the map; else TM_RAW")
    parser.add_argument(
        "--pypsa-earth", default=os.environ.get("PYPSA_EARTH", ""), help="folder of a checkout"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        help="no second run, and no greater size, of what takes longer [s]",
    )
    parser.add_argument(
        "--only", nargs="+", default=[], help="contenders beside build_network, by their first word"
    )
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ |= dict.fromkeys(THREADS, "1") | {"TQDM_DISABLE": "1", "PYPSA_EARTH": chosen.pypsa_earth}
    quiet()
    absent = [name for name, (_, need) in CONTENDERS.items() if missing(need)]
    asked = (OURS, *(chosen.only or CONTENDERS))
    names = [name for name in CONTENDERS if name not in absent and name.startswith(asked)]
    drawn = read_map(chosen.raw)
    print(f"{machine()}; {chosen.runs} runs each, in turns\n")
    print(
        f"{'Map' if chosen.raw else 'Made-up map'}: {len(drawn.lines)} lines, {len(drawn.substations)} substations"
    )
    print(f"Not here: {', '.join(absent) or 'none'}\n")
    tables: list[pd.DataFrame] = []
    for size in sorted(chosen.sizes):
        if tables:
            last = tables[-1].set_index("name")
            slow = last["median"] * size / last["size"] > chosen.patience
            names = [name for name in names if name == OURS or (name in last.index and not slow[name])]
        tables.append(race(names, chosen.raw, size, chosen.runs, chosen.patience))
        print(f"{speed(tables[-1])}\n", flush=True)
    print(f"{quality(tables[0])}\n\n{quality(tables[-1])}\n\n{growth(pd.concat(tables))}")


if __name__ == "__main__":
    main()
