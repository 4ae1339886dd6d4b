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
from scipy.sparse.csgraph import connected_components

from three_mismatches.geodesy import length_km
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import feet_within, km_per_degree

__all__ = ["Chains", "Drawn", "label_components", "make_chains", "pair_graph"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

DEGREE_DIGITS = 7
"""Decimals of a degree to which two vertices are the same: the map's own, about a centimetre."""

OVERLAP_KM = 0.002
"""Edges that run along each other within this are the same edge, drawn with other vertices."""

STRAIGHT_DEG = 20.0
"""Two lines that share a tower and go straight on within this cross there; they are not connected."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One row for each line and voltage level of the map, with what the map says about it."""

    geometry: Objects
    table: pd.DataFrame  # line, v_nom, dc, zone, area, circuits, kind, ref, name


@dataclass(frozen=True, eq=False)
class Chains:
    """Chains as arrays: geometry, its two ends as vertex numbers, and what is known about each."""

    geometry: Objects
    start: Ints
    end: Ints
    km: Floats
    table: pd.DataFrame  # v_nom, dc, zone, area, circuits, kind, name, line (an input row that it came from)
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


def pair_graph(first: Ints, second: Ints, size: int) -> coo_array:
    """Return the graph in which each pair is joined."""
    return coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(size, size))


def label_components(first: Ints, second: Ints, size: int) -> Ints:
    """Return the number of the component that each of `size` members is in."""
    labels = connected_components(pair_graph(first, second, size), directed=False)[1]
    return np.asarray(labels, dtype=np.int64)


def make_chains(drawn: Drawn, log: Log) -> Chains:
    """
    Return the chains of a drawing; what was drawn twice goes to the log.

    The answer does not change when lines are listed, drawn or cut in another way.
    """
    edges = _edges(drawn)
    edges = _split_overlaps(edges, drawn)
    edges, layer = _without_duplicates(edges, drawn, log)
    sort = _sort_of(drawn)
    place = sort.network[edges.row] * (layer.max(initial=0) + 1) + layer
    label = _labels(edges, place, sort.kind[edges.row])
    return _strung(edges, label, drawn)


@dataclass(frozen=True)
class _Sort:
    """For each drawn row: the level that it can touch, and the kind that can be strung into one chain."""

    network: Ints
    kind: Ints


def _sort_of(drawn: Drawn) -> _Sort:
    table = drawn.table
    kind = table.groupby(["v_nom", "dc", "zone", "area", "circuits", "kind"], dropna=False).ngroup()
    network = table.groupby(["v_nom", "dc"]).ngroup()
    return _Sort(network.to_numpy(dtype=np.int64), kind.to_numpy(dtype=np.int64))


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
    return np.sqrt(np.einsum("ij,ij->i", way, way))


def _turn(edges: _Edges, edge: Ints, other: Ints) -> Floats:
    """Return the angle between the directions of two edges, either way round. [degrees]"""
    bearings = []
    for which in (edge, other):
        a, b = edges.vertices[edges.tail[which]], edges.vertices[edges.head[which]]
        way = (b - a) * np.stack(km_per_degree(a[:, 1]), axis=1)
        bearings.append(np.degrees(np.arctan2(way[:, 1], way[:, 0])))
    turn = np.abs(bearings[0] - bearings[1]) % 180.0
    return np.minimum(turn, 180.0 - turn)


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


def _without_duplicates(edges: _Edges, drawn: Drawn, log: Log) -> tuple[_Edges, Ints]:
    """
    Return each edge once, and its layer: circuits that the map tells apart by `ref` lie in layers.

    Of equal edges the one of the first line by id is kept.
    """
    table = drawn.table
    name_rank = table["line"].rank(method="dense").to_numpy(dtype=np.int64)[edges.row]
    network = _sort_of(drawn).network[edges.row]
    low, high = np.minimum(edges.tail, edges.head), np.maximum(edges.tail, edges.head)
    ref = table["ref"].fillna("").astype("category").cat.codes.to_numpy(dtype=np.int64)[edges.row]
    order = np.lexsort((edges.row, name_rank, ref, high, low, network))
    key = np.stack([network, low, high])[:, order]
    begins = np.r_[True, (key[:, 1:] != key[:, :-1]).any(axis=0)] if len(order) else np.zeros(0, bool)
    new_ref = np.r_[True, ref[order][1:] != ref[order][:-1]] if len(order) else np.zeros(0, bool)
    unnamed = (table["ref"].fillna("") == "").to_numpy()[edges.row][order]
    # An edge without a ref beside one with a ref says nothing new.
    group = np.cumsum(begins) - 1
    told = np.zeros(begins.sum(), dtype=bool)
    told[group[~unnamed]] = True
    kept = (begins | new_ref) & ~(unnamed & told[group])
    dropped = edges.take(order[~kept])
    _log_duplicates(dropped, drawn, log)
    first = np.flatnonzero(kept)
    layer = np.arange(len(first)) - np.searchsorted(group[first], group[first], side="left")
    return edges.take(order[kept]), layer.astype(np.int64)


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
    )


def _labels(edges: _Edges, place: Ints, kind: Ints) -> Ints:
    """Return the chain that each edge belongs to: edges of a kind are strung where two meet, or cross straight."""
    count = len(edges.tail)
    ends = np.concatenate([edges.tail, edges.head])
    owner = np.tile(np.arange(count), 2)
    other_end = np.concatenate([edges.head, edges.tail])
    order = np.lexsort((owner, ends, np.tile(place, 2)))
    key = np.stack([np.tile(place, 2)[order], ends[order]])
    begins = (
        np.flatnonzero(np.r_[True, (key[:, 1:] != key[:, :-1]).any(axis=0)])
        if count
        else np.zeros(0, np.int64)
    )
    degree = np.diff(np.r_[begins, len(order)])
    two = begins[degree == 2]
    pairs = [np.stack([owner[order[two]], owner[order[two + 1]]])]
    pairs += [_crossings(edges, order, owner, other_end, begins[degree == 4])]
    first, second = np.concatenate(pairs, axis=1)
    alike = kind[first] == kind[second]
    return label_components(first[alike], second[alike], count)


def _crossings(edges: _Edges, order: Ints, owner: Ints, other_end: Ints, at: Ints) -> Ints:
    """Return the pairs of edges that go straight on where two lines share a tower and nothing else."""
    if not len(at):
        return np.zeros((2, 0), dtype=np.int64)
    four = order[at[:, None] + np.arange(4)]
    here = np.where(
        edges.tail[owner[four]] == other_end[four], edges.head[owner[four]], edges.tail[owner[four]]
    )
    way = edges.vertices[other_end[four]] - edges.vertices[here]
    scale = np.stack(km_per_degree(edges.vertices[here][..., 1].ravel()), axis=1).reshape(way.shape)
    way = way * scale
    bearing = np.degrees(np.arctan2(way[..., 1], way[..., 0]))
    pairs = []
    for (a, b), (c, d) in (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))):
        straight = (_bend(bearing[:, a], bearing[:, b]) < STRAIGHT_DEG) & (
            _bend(bearing[:, c], bearing[:, d]) < STRAIGHT_DEG
        )
        apart = np.abs(bearing[:, a] - bearing[:, c]) % 180.0
        crossing = straight & (np.minimum(apart, 180.0 - apart) >= STRAIGHT_DEG)
        pairs += [owner[four[crossing][:, [a, b]]].T, owner[four[crossing][:, [c, d]]].T]
    return np.concatenate(pairs, axis=1)


def _bend(first: Floats, second: Floats) -> Floats:
    """Return by how much two outgoing bearings miss being opposite. [degrees]"""
    return np.abs(np.abs(first - second) % 360.0 - 180.0)


def _strung(edges: _Edges, label: Ints, drawn: Drawn) -> Chains:
    """Return the chains of labelled edges, drawn from the lesser of their ends, in an order of their own."""
    order = np.lexsort((edges.row, label))
    lines = shapely.linestrings(np.stack([edges.vertices[edges.tail], edges.vertices[edges.head]], axis=1))
    bundles = shapely.multilinestrings(lines[order], indices=np.unique(label[order], return_inverse=True)[1])
    merged = shapely.line_merge(bundles)
    parts, part_label = shapely.get_parts(merged, return_index=True)
    parts = _canonical(parts)
    km = length_km(parts)
    table = _attributes(edges, label, drawn).iloc[part_label].reset_index(drop=True)
    start, end = shapely.get_point(parts, 0), shapely.get_point(parts, -1)
    first, last = (_vertex_number(edges.vertices, shapely.get_coordinates(p)) for p in (start, end))
    middle = shapely.get_coordinates(shapely.line_interpolate_point(parts, 0.5, normalized=True))
    sort = np.lexsort((km, middle[:, 1], middle[:, 0], last, first, table["dc"], -table["v_nom"]))
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
    scaled = np.round(lonlat * 10.0**DEGREE_DIGITS).astype(np.int64)
    known = np.round(vertices * 10.0**DEGREE_DIGITS).astype(np.int64)
    key = pd.MultiIndex.from_arrays(known.T)
    return np.asarray(key.get_indexer(pd.MultiIndex.from_arrays(scaled.T)), dtype=np.int64)


def _attributes(edges: _Edges, label: Ints, drawn: Drawn) -> pd.DataFrame:
    """Return what is known of each chain; its name is the one that most of its km carry."""
    km = _edge_km(edges, np.arange(len(edges.tail)))
    rows = drawn.table.iloc[edges.row].reset_index(drop=True).assign(label=label, km=km)
    named = rows.groupby(["label", "name"], sort=True)["km"].sum().reset_index()
    named = named.sort_values(["label", "km", "name"], ascending=[True, False, True], kind="stable")
    name = named.groupby("label")["name"].first()
    first = rows.sort_values(["label", "line"], kind="stable").groupby("label").first()
    # `first` skips what is missing; circuits of a chain are all alike, so that is what they are.
    return first.drop(columns=["km", "ref"]).assign(name=name).sort_index()
