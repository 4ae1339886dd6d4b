"""
Lines as they are drawn -> chains: maximal pieces of one voltage between places where something happens.

How a map cuts a line into pieces, which way it draws them and in which order it lists them must not change
the network. So the drawing is taken apart into edges between vertices, an edge that is drawn twice is kept
once, and the edges are strung together again wherever exactly two of a kind meet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from three_mismatches.geodesy import length_km
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import feet_within, km_per_degree, middles, straight
from three_mismatches.repair._order import STEADY_DIGITS, firsts, numbered, steady

__all__ = ["Chains", "Drawn", "label_components", "make_chains", "spanning_forest"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

DEGREE_DIGITS = 7
"""Decimals of a degree to which two vertices are the same: the map's own, about a centimetre."""

OVERLAP_KM = 0.00003
"""Edges that run along each other within this are one: rounding moves the vertices of either as far."""

FOLDED_DEG = 15.0
"""Two lines that meet at an end and come from the same side within this both end there."""

STRAIGHT_DEG = 20.0
"""Two lines that share a tower and go straight on within this cross there; they are not connected."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One row for each line and voltage level of the map, with what the map says about it."""

    geometry: Objects
    table: pd.DataFrame  # line, v_nom, dc, zone, area, hertz, circuits, kind, ref, name


@dataclass(frozen=True, eq=False)
class Chains:
    """Chains as arrays: geometry, its two ends as vertex numbers, and what is known about each."""

    geometry: Objects
    start: Ints
    end: Ints
    km: Floats
    table: (
        pd.DataFrame
    )  # v_nom, dc, zone, area, hertz, circuits, kind, ref, name, line (an input row that it came from)
    vertices: Floats

    def take(self, idx: Ints) -> Chains:
        """Return the chains at the given positions."""
        table = self.table.iloc[idx].reset_index(drop=True)
        return replace(
            self,
            geometry=self.geometry[idx],
            start=self.start[idx],
            end=self.end[idx],
            km=self.km[idx],
            table=table,
        )


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges between vertices, and the drawn row that each belongs to."""

    tail: Ints
    head: Ints
    row: Ints
    vertices: Floats

    def take(self, idx: Ints | Bools) -> _Edges:
        return replace(self, tail=self.tail[idx], head=self.head[idx], row=self.row[idx])


def label_components(first: Ints, second: Ints, size: int) -> Ints:
    """Return the number of the component that each of `size` members is in."""
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1]
    return np.asarray(labels, dtype=np.int64)


def spanning_forest(first: Ints, second: Ints, size: int) -> Bools:
    """Return which pairs, taken in their order, connect what none before them does."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    kept = np.sort(np.unique(np.stack([low, high]), axis=1, return_index=True)[1])
    kept = kept[low[kept] != high[kept]]
    weight = np.arange(1.0, len(kept) + 1.0)
    forest = minimum_spanning_tree(coo_array((weight, (low[kept], high[kept])), shape=(size, size)).tocsr())
    chosen = np.zeros(len(first), dtype=bool)
    chosen[kept[forest.data.astype(np.int64) - 1]] = True
    return chosen


def make_chains(drawn: Drawn, log: Log) -> Chains:
    """
    Return the chains of a drawing; what was drawn twice goes to the log.

    The answer does not change when lines are listed, drawn or cut in another way.
    """
    edges = _edges(drawn)
    edges = _split_overlaps(edges, drawn)
    edges = _without_duplicates(edges, drawn, log)
    return _strung(edges, _labels(edges, _sort_of(drawn)), drawn)


@dataclass(frozen=True)
class _Sort:
    """For each drawn row: the level that it can touch, its circuit there, and the kind that can be one chain."""

    network: Ints
    circuit: Ints
    kind: Ints


def _sort_of(drawn: Drawn) -> _Sort:
    table = drawn.table
    alike = ["v_nom", "dc", "zone", "area", "hertz", "circuits", "kind", "ref"]
    keys = (["v_nom", "dc"], ["v_nom", "dc", "ref"], alike)
    return _Sort(*(numbered(table, key) for key in keys))


def _edges(drawn: Drawn) -> _Edges:
    """Return every edge of every line; those without length are left out."""
    lonlat, row = shapely.get_coordinates(drawn.geometry, return_index=True)
    scaled = np.round(lonlat * 10.0**DEGREE_DIGITS).astype(np.int64)
    unique, number = np.unique(scaled, axis=0, return_inverse=True)
    number = number.reshape(-1).astype(np.int64)
    same = row[1:] == row[:-1]
    tail, head, owner = number[:-1][same], number[1:][same], row[:-1][same].astype(np.int64)
    longer = tail != head
    return _Edges(tail[longer], head[longer], owner[longer], unique / 10.0**DEGREE_DIGITS)


def _split_overlaps(edges: _Edges, drawn: Drawn) -> _Edges:
    """Return edges that, where they run along each other, have the same vertices."""
    network = _sort_of(drawn).network[edges.row]
    key = np.unique(np.stack([np.tile(network, 2), np.concatenate([edges.tail, edges.head])]), axis=1)
    point = edges.vertices[key[1]]
    feet = feet_within(point, edges.vertices[edges.tail], edges.vertices[edges.head], OVERLAP_KM)
    vertex = key[1][feet.point]
    inside = (
        (key[0][feet.point] == network[feet.segment])
        & (vertex != edges.tail[feet.segment])
        & (vertex != edges.head[feet.segment])
    )
    edge, vertex, share = feet.segment[inside], vertex[inside], feet.share[inside]
    along = _runs_along(edges, network, edge, vertex)
    return _cut(edges, edge[along], vertex[along], share[along])


def _runs_along(edges: _Edges, network: Ints, edge: Ints, vertex: Ints) -> Bools:
    """Return which vertices lie on an edge because another edge of the same network runs along it there."""
    if not len(edge):
        return np.zeros(0, dtype=bool)
    order = np.argsort(np.concatenate([edges.tail, edges.head]), kind="stable")
    ends = np.concatenate([edges.tail, edges.head])[order]
    owner = np.tile(np.arange(len(edges.tail)), 2)[order]
    low, high = np.searchsorted(ends, vertex, "left"), np.searchsorted(ends, vertex, "right")
    count = high - low
    pair = np.repeat(np.arange(len(edge)), count)
    other = owner[np.repeat(low, count) + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)]
    good = (network[other] == network[edge[pair]]) & (other != edge[pair])
    pair, other = pair[good], other[good]
    turn = _turn(edges, edge[pair], other)
    reach = np.minimum(_edge_km(edges, edge[pair]), _edge_km(edges, other))
    # Nearly parallel: within the overlap's width over the shorter edge's length, and never more than 2 degrees.
    along = np.sin(np.radians(turn)) * reach <= OVERLAP_KM
    ahead = _overlaps(edges, edge[pair], other)
    result = np.zeros(len(edge), dtype=bool)
    result[pair[along & ahead & (turn < 2.0)]] = True
    return result


def _overlaps(edges: _Edges, edge: Ints, other: Ints) -> Bools:
    """Return whether the other edge has a stretch, not only a point, beside the edge."""
    a, b = edges.vertices[edges.tail[edge]], edges.vertices[edges.head[edge]]
    scale = np.stack(km_per_degree(a[:, 1]), axis=1)
    way = (b - a) * scale
    square = np.einsum("ij,ij->i", way, way)
    shares = [
        np.einsum("ij,ij->i", way, (edges.vertices[end[other]] - a) * scale) / square
        for end in (edges.tail, edges.head)
    ]
    low, high = np.minimum(*shares), np.maximum(*shares)
    common = (np.minimum(high, 1.0) - np.maximum(low, 0.0)) * np.sqrt(square)
    overlaps: Bools = common > OVERLAP_KM
    return overlaps


def _edge_km(edges: _Edges, edge: Ints) -> Floats:
    a, b = edges.vertices[edges.tail[edge]], edges.vertices[edges.head[edge]]
    way = (b - a) * np.stack(km_per_degree(a[:, 1]), axis=1)
    return np.asarray(np.hypot(*way.T))


def _turn(edges: _Edges, edge: Ints, other: Ints) -> Floats:
    """Return the angle between the directions of two edges, either way round. [degrees]"""
    bearings = []
    for which in (edge, other):
        a, b = edges.vertices[edges.tail[which]], edges.vertices[edges.head[which]]
        way = (b - a) * np.stack(km_per_degree(a[:, 1]), axis=1)
        bearings.append(np.degrees(np.arctan2(way[:, 1], way[:, 0])))
    turn = np.abs(bearings[0] - bearings[1]) % 180.0
    return np.asarray(np.minimum(turn, 180.0 - turn))


def _cut(edges: _Edges, edge: Ints, vertex: Ints, share: Floats) -> _Edges:
    """Return the edges, each cut at the vertices that lie on it."""
    if not len(edge):
        return edges
    everything = np.arange(len(edges.tail))
    at = np.concatenate([everything, edge, everything])
    place = np.concatenate([np.full(len(everything), -1.0), share, np.full(len(everything), 2.0)])
    number = np.concatenate([edges.tail, vertex, edges.head])
    order = np.lexsort((number, place, at))
    at, number = at[order], number[order]
    piece = (at[1:] == at[:-1]) & (number[1:] != number[:-1])
    return replace(edges, tail=number[:-1][piece], head=number[1:][piece], row=edges.row[at[:-1][piece]])


def _without_duplicates(edges: _Edges, drawn: Drawn, log: Log) -> _Edges:
    """
    Return each edge once for each circuit that the map tells apart by `ref`.

    Of equal edges the one that the map says most of is kept, then that of the first line by what it says.
    """
    network = _sort_of(drawn).network[edges.row]
    low, high = np.minimum(edges.tail, edges.head), np.maximum(edges.tail, edges.head)
    named = (drawn.table["ref"] != "").to_numpy()
    ref = drawn.table["ref"].rank(method="dense").to_numpy(dtype=np.int64)[edges.row]
    order = np.lexsort((edges.row, _worth(drawn.table)[edges.row], ref, high, low, network))
    edges = edges.take(order)
    begins = firsts(network[order], low[order], high[order])
    told = np.zeros(begins.sum(), dtype=bool)
    group, with_ref = np.cumsum(begins) - 1, named[edges.row]
    told[group[with_ref]] = True
    # An edge without a ref beside one with a ref says nothing new.
    kept = (begins | firsts(ref[order])) & (with_ref | ~told[group])
    _log_duplicates(edges.take(~kept), drawn, log)
    return edges.take(kept)


def _worth(table: pd.DataFrame) -> Ints:
    """Return the rank of each line among those that may be one: most circuits, then what is known, the id last."""
    known = (table[["zone", "area", "name"]].to_numpy() != "").sum(axis=1)
    known += table[["hertz", "circuits"]].notna().to_numpy().sum(axis=1)
    said = table[["zone", "area", "hertz", "circuits", "kind", "name", "line"]].assign(
        fewer=-table["circuits"].fillna(0.0), unknown=-known
    )
    order = said.sort_values(["fewer", "unknown", *said.columns[:-2]], kind="stable").index
    rank = np.empty(len(table), dtype=np.int64)
    rank[order.to_numpy()] = np.arange(len(table))
    return rank


def _log_duplicates(dropped: _Edges, drawn: Drawn, log: Log) -> None:
    """Add a row for each line of which some or all is drawn elsewhere too."""
    if not len(dropped.row):
        return
    km = np.bincount(
        dropped.row, weights=_edge_km(dropped, np.arange(len(dropped.row))), minlength=len(drawn.table)
    )
    rows, first = np.unique(dropped.row, return_index=True)
    at = dropped.vertices[np.minimum(dropped.tail, dropped.head)[first]]
    log.add(
        "drop",
        "drawn twice: the same edges, or edges along each other",
        drawn.table["line"].to_numpy()[rows],
        lonlat=at,
        km=km[rows],
        value=drawn.table["circuits"].to_numpy(dtype=np.float64)[rows],
    )


def _labels(edges: _Edges, sort: _Sort) -> Ints:
    """
    Return the chain that each edge belongs to: edges of a kind are strung where two meet, or cross straight.

    Circuits that the map tells apart by `ref` pass each other at a vertex; but where one of them ends, all do.
    """
    count = len(edges.tail)
    ends, owner = np.concatenate([edges.tail, edges.head]), np.tile(np.arange(count), 2)
    network, circuit = np.tile(sort.network[edges.row], 2), np.tile(sort.circuit[edges.row], 2)
    order = np.lexsort((owner, circuit, ends, network))
    begins = np.flatnonzero(firsts(network[order], ends[order], circuit[order]))
    degree = np.diff(np.r_[begins, len(order)])
    place = np.cumsum(firsts(network[order], ends[order]))[begins]
    two = (degree == 2) & ~_folded(edges, order, begins, degree)
    crossing, first, second = _crossings(edges, order, begins, degree)
    passed = np.ones(int(place.max(initial=-1)) + 1, dtype=bool)
    passed[place[~two & ~crossing]] = False
    at = begins[two & passed[place]]
    first = np.concatenate([owner[order[at]], first[passed[place[crossing]]].ravel()])
    second = np.concatenate([owner[order[at + 1]], second[passed[place[crossing]]].ravel()])
    kind = sort.kind[edges.row]
    alike = kind[first] == kind[second]
    return label_components(first[alike], second[alike], count)


def _folded(edges: _Edges, order: Ints, begins: Ints, degree: Ints) -> Bools:
    """Return where two edges come from one side: two lines that end there, not one that goes on."""
    at = np.flatnonzero(degree == 2)
    bearing = _bearing(edges, order[begins[at][:, None] + np.arange(2)])
    folded = np.zeros(len(begins), dtype=bool)
    folded[at] = _bend(bearing[:, 0], bearing[:, 1]) > 180.0 - FOLDED_DEG
    return folded


def _bearing(edges: _Edges, end: Ints) -> Floats:
    """Return the direction from ends of edges, tails before heads, into their edges. [degrees]"""
    here = edges.vertices[np.concatenate([edges.tail, edges.head])[end]]
    way = edges.vertices[np.concatenate([edges.head, edges.tail])[end]] - here
    east, north = km_per_degree(here[..., 1])
    return np.asarray(np.degrees(np.arctan2(way[..., 1] * north, way[..., 0] * east)))


def _crossings(edges: _Edges, order: Ints, begins: Ints, degree: Ints) -> tuple[Bools, Ints, Ints]:
    """
    Return at which places two lines share a tower and nothing else, and both pairs of edges that go straight on there.

    `order` has the ends of edges, tails before heads, by place; `begins` where a place begins, `degree` how many meet.
    """
    count = len(edges.tail)
    at = np.flatnonzero(degree == 4)
    four = order[begins[at][:, None] + np.arange(4)]
    bearing = _bearing(edges, four)
    pairs = np.zeros((len(at), 2, 2), dtype=np.int64)
    straight = np.zeros(len(at), dtype=bool)
    for one, other in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))):
        bends = [_bend(bearing[:, a], bearing[:, b]) for a, b in (one, other)]
        apart = np.abs(bearing[:, one[0]] - bearing[:, other[0]]) % 180.0
        here_too = (np.maximum(*bends) < STRAIGHT_DEG) & (np.minimum(apart, 180.0 - apart) >= STRAIGHT_DEG)
        pairs[here_too] = np.stack([four[here_too][:, one], four[here_too][:, other]], axis=1) % max(count, 1)
        straight |= here_too
    crossing = np.zeros(len(begins), dtype=bool)
    crossing[at[straight]] = True
    return crossing, pairs[straight, :, 0], pairs[straight, :, 1]


def _bend(first: Floats, second: Floats) -> Floats:
    """Return by how much two outgoing bearings miss being opposite. [degrees]"""
    return np.abs(np.abs(first - second) % 360.0 - 180.0)


def _strung(edges: _Edges, label: Ints, drawn: Drawn) -> Chains:
    """Return the chains of labelled edges, drawn from the lesser of their ends, in an order of their own."""
    order = np.lexsort((edges.row, label))
    lines = straight(edges.vertices[edges.tail], edges.vertices[edges.head])
    bundles = shapely.multilinestrings(lines[order], indices=np.unique(label[order], return_inverse=True)[1])
    merged = shapely.line_merge(bundles)
    parts, part_label = shapely.get_parts(merged, return_index=True)
    parts = _canonical(parts)
    km = length_km(parts)
    table = _attributes(edges, label, drawn).iloc[part_label].reset_index(drop=True)
    start, end = shapely.get_point(parts, 0), shapely.get_point(parts, -1)
    first, last = (_vertex_number(edges.vertices, shapely.get_coordinates(p)) for p in (start, end))
    ref = table["ref"].rank(method="dense")
    sort = np.lexsort((ref, *steady(middles(parts)).T, steady(km), last, first, table["dc"], -table["v_nom"]))
    return Chains(parts, first, last, km, table, edges.vertices).take(sort)


def _canonical(parts: Objects) -> Objects:
    """Return lines from the lesser of their ends; a ring from its least vertex, the lesser neighbour next."""
    first, last = (shapely.get_coordinates(shapely.get_point(parts, at)) for at in (0, -1))
    swap = (first[:, 0] > last[:, 0]) | ((first[:, 0] == last[:, 0]) & (first[:, 1] > last[:, 1]))
    turned: Objects = np.where(swap, shapely.reverse(parts), parts)
    for at in np.flatnonzero((first == last).all(axis=1)):
        ring = shapely.get_coordinates(turned[at])[:-1]
        ring = np.roll(ring, -int(np.lexsort((ring[:, 1], ring[:, 0]))[0]), axis=0)
        if tuple(ring[-1]) < tuple(ring[1]):
            ring = np.concatenate([ring[:1], ring[:0:-1]])
        turned[at] = shapely.linestrings(np.concatenate([ring, ring[:1]]))
    return turned


def _vertex_number(vertices: Floats, lonlat: Floats) -> Ints:
    """Return which vertex each place is; vertices are in order."""
    known, scaled = (np.round(places * 10.0**DEGREE_DIGITS).astype(np.int64) for places in (vertices, lonlat))
    width = 2 * 180 * 10**DEGREE_DIGITS
    return np.asarray(np.searchsorted(known @ [width, 1], scaled @ [width, 1]), dtype=np.int64)


def _attributes(edges: _Edges, label: Ints, drawn: Drawn) -> pd.DataFrame:
    """Return what is known of each chain; its name is the one that most of its km carry."""
    km = _edge_km(edges, np.arange(len(edges.tail)))
    rows = drawn.table.iloc[edges.row].reset_index(drop=True).assign(label=label, km=km)
    named = rows.groupby(["label", "name"], sort=True)["km"].sum().round(STEADY_DIGITS).reset_index()
    named = named.sort_values(["label", "km", "name"], ascending=[True, False, True], kind="stable")
    name = named.groupby("label")["name"].first()
    first = rows.sort_values(["label", "line"], kind="stable").groupby("label").first()
    # `first` skips what is missing; circuits of a chain are all alike, so that is what they are.
    return first.drop(columns="km").assign(name=name).sort_index()
