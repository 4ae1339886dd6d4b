"""Grids whose truth is known, drawn as a map and damaged at random, and how well a repair finds them again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from shapely import LineString, Point, box

from maps_of_lines import lonlat
from three_mismatches.repair import RepairedMap

Floats = NDArray[np.float64]
Pair = tuple[str, str, float]

LEVELS = (275.0, 154.0)
SIDE_KM = 90.0
APART_KM = 4.0
CUT_BACK_KM = 0.2
GAP_KM = 0.1
JITTER_KM = 0.008
BESIDE_KM = 0.04


@dataclass(frozen=True)
class Truth:
    """Pairs of substations that a line of a level connects, by way of T-points too, and the map of them."""

    pairs: frozenset[Pair]
    ways: list[tuple[Floats, float]]
    places: Floats
    levels: list[set[float]]


class Score(NamedTuple):
    """Pairs of the truth that were found, pairs that were not, and pairs found that are none."""

    found: int
    missed: frozenset[Pair]
    invented: frozenset[Pair]

    @property
    def recall(self) -> float:
        return self.found / max(self.found + len(self.missed), 1)

    @property
    def precision(self) -> float:
        return self.found / max(self.found + len(self.invented), 1)


def true_grid(rng: np.random.Generator) -> Truth:
    """Return a planar grid of 40 to 120 substations on two levels; some of its lines have a T-point."""
    places = _places(rng, int(rng.integers(40, 121)))
    edges = _planar(places, rng)
    levels: list[set[float]] = [set() for _ in places]
    ways: list[tuple[Floats, float]] = []
    pairs: set[Pair] = set()
    degree = np.bincount(np.ravel(edges), minlength=len(places))
    taken: set[int] = set()
    for a, b in edges:
        kv = float(rng.choice(LEVELS))
        way = _wiggle(places[a], places[b], rng)
        for level, beside in ((kv, 0.0), *(((kv, BESIDE_KM),) if rng.random() < 0.1 else ())):
            ways.append((_beside(way, beside), level))
        ends = [a, b]
        third = _third(places, way, degree, {a, b} | taken, rng)
        if third is not None:
            at = len(way) // 2
            ways.append((_wiggle(way[at], places[third], rng), kv))
            taken.add(third)
            ends.append(third)
        for end in ends:
            levels[end].add(kv)
        pairs |= {(f"S{one:03d}", f"S{two:03d}", kv) for one, two in combinations(sorted(ends), 2)}
    return Truth(frozenset(pairs), ways, places, levels)


def _places(rng: np.random.Generator, count: int) -> Floats:
    """Return places that are nowhere nearer to each other than a few km."""
    found: list[Floats] = []
    while len(found) < count:
        place = rng.uniform(-SIDE_KM / 2, SIDE_KM / 2, 2)
        if all(np.hypot(*(place - other)) >= APART_KM for other in found):
            found.append(place)
    return np.array(found)


def _planar(places: Floats, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return edges of a triangulation: those of the shortest tree, and a third of the others."""
    net = nx.Graph()
    for corner in Delaunay(places).simplices:
        for a, b in combinations(sorted(map(int, corner)), 2):
            net.add_edge(a, b, weight=float(np.hypot(*(places[a] - places[b]))))
    tree = {tuple(sorted(edge)) for edge in nx.minimum_spanning_edges(net, data=False)}
    others = sorted(tuple(sorted(edge)) for edge in net.edges if tuple(sorted(edge)) not in tree)
    # The long edges along the hull pass other substations.
    more = {edge for edge in others if rng.random() < 0.35 and net.edges[edge]["weight"] < 20.0}
    return sorted((int(a), int(b)) for a, b in tree | more)


def _wiggle(start: Floats, end: Floats, rng: np.random.Generator) -> Floats:
    """Return a line with a tower where it turns about every 2 km."""
    count = max(int(np.hypot(*(end - start)) / 2.0), 2)
    way = start + np.linspace(0.0, 1.0, count + 1)[:, None] * (end - start)
    way[1:-1] += rng.uniform(-0.15, 0.15, (count - 1, 2))
    return way


def _beside(way: Floats, km: float) -> Floats:
    """Return a line beside another; both begin and end at the same substations."""
    along = way[-1] - way[0]
    moved = way + km * np.array([-along[1], along[0]]) / np.hypot(*along)
    moved[[0, -1]] = way[[0, -1]]
    return moved


def _third(
    places: Floats, way: Floats, degree: NDArray[np.int64], taken: set[int], rng: np.random.Generator
) -> int | None:
    """Return a substation that a T-point in the middle of a line may feed: the nearest, if it is 3 to 8 km away."""
    if rng.random() > 0.15:
        return None
    apart = np.hypot(*(places - way[len(way) // 2]).T)
    apart[list(taken)] = np.inf
    best = int(apart.argmin())
    return best if 3.0 <= apart[best] <= 8.0 else None


def damaged_map(truth: Truth, rng: np.random.Generator) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return lines and substations as a careless map has them."""
    drawn: list[tuple[Floats, float]] = []
    for way, kv in truth.ways:
        cut = _inner(way, *rng.uniform(0.0, CUT_BACK_KM, 2))
        drawn += [(piece, kv) for piece in _pieces(cut, rng)]
        if rng.random() < 0.15:
            twice = cut + rng.uniform(-JITTER_KM, JITTER_KM, cut.shape) / np.sqrt(2.0) * rng.integers(0, 2)
            low, high = sorted(rng.uniform(0.0, 1.0, 2)) if rng.random() < 0.5 else (0.0, 1.0)
            total = _length(twice)
            if (high - low) * total > 1.0:
                drawn.append((_inner(twice, low * total, (1.0 - high) * total)[::-1], kv))
    order = rng.permutation(len(drawn))
    shapes = [LineString(lonlat([tuple(place) for place in _turned(drawn[n][0], rng)])) for n in order]
    frame = pd.DataFrame(
        {"voltage": [f"{drawn[n][1] * 1000:.0f}" for n in order]}, index=[f"w{n}" for n in order]
    )
    lines = gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")
    names = [f"S{n:03d}" for n in range(len(truth.places))]
    voltage = [";".join(f"{kv * 1000:.0f}" for kv in sorted(has, reverse=True)) for has in truth.levels]
    points = [Point(lonlat([tuple(place)])[0]) for place in truth.places]
    stations = gpd.GeoDataFrame(
        {"name": names, "voltage": voltage}, index=names, geometry=points, crs="EPSG:4326"
    )
    return lines, stations.sample(frac=1.0, random_state=1)


def _turned(way: Floats, rng: np.random.Generator) -> Floats:
    return way[::-1] if rng.random() < 0.5 else way


def _along(way: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])


def _length(way: Floats) -> float:
    return float(_along(way)[-1])


def _inner(way: Floats, before: float, after: float) -> Floats:
    """Return a line without so many km at its start and end."""
    along = _along(way)
    low, high = before, along[-1] - after
    ends = [[np.interp(at, along, way[:, axis]) for axis in (0, 1)] for at in (low, high)]
    return np.concatenate([[ends[0]], way[(along > low) & (along < high)], [ends[1]]])


def _pieces(way: Floats, rng: np.random.Generator) -> list[Floats]:
    """Return a line in one to four pieces with gaps of up to 0.1 km, or none, between them."""
    total = _length(way)
    cuts = np.sort(rng.uniform(0.0, total, int(rng.integers(0, 4))))
    edges = np.concatenate([[0.0], cuts, [total]])
    gaps = np.concatenate([[0.0], rng.uniform(0.0, GAP_KM, len(cuts)) * rng.integers(0, 2, len(cuts)), [0.0]])
    spans = [(edges[n] + gaps[n] / 2, edges[n + 1] - gaps[n + 1] / 2) for n in range(len(edges) - 1)]
    return [_inner(way, low, total - high) for low, high in spans if high - low > 0.02]


def one_zone() -> gpd.GeoDataFrame:
    """Return one area around the grid."""
    shape = box(*lonlat([(-SIDE_KM, -SIDE_KM)])[0], *lonlat([(SIDE_KM, SIDE_KM)])[0])
    return gpd.GeoDataFrame({"zone": ["z"]}, index=["a"], geometry=[shape], crs="EPSG:4326")


def score(truth: Truth, found: RepairedMap) -> Score:
    """Return how the pairs of a repaired map compare with the truth."""
    pairs = found_pairs(found)
    return Score(len(pairs & truth.pairs), truth.pairs - pairs, frozenset(pairs - truth.pairs))


def found_pairs(found: RepairedMap) -> set[Pair]:
    """Return pairs of substations that a branch connects, or branches by way of buses that are none."""
    name = found.buses["name"]
    pairs: set[Pair] = set()
    inner = nx.Graph()
    sides: dict[str, set[str]] = {}
    for row in found.branches.itertuples():
        ends = [row.bus0, row.bus1]
        at = [bus for bus in ends if name[bus]]
        if len(at) == 2:
            pairs.add((*sorted((name[ends[0]], name[ends[1]])), row.v_nom))
        elif len(at) == 1:
            joint = ends[1] if at[0] == ends[0] else ends[0]
            inner.add_node(joint)
            sides.setdefault(joint, set()).add(name[at[0]])
        else:
            inner.add_edge(*ends)
    for part in nx.connected_components(inner):
        around = sorted(set().union(*(sides.get(bus, set()) for bus in part)))
        kv = float(found.buses["v_nom"][next(iter(part))])
        pairs |= {(one, two, kv) for one, two in combinations(around, 2)}
    return pairs
