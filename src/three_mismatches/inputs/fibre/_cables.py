"""
One submarine cable, drawn as loose pieces, becomes a network: pieces meet at landing points and branching units.

Places are compared on a sphere, which is exact to half a percent of a tolerance and knows no antimeridian.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from three_mismatches.geodesy import MEAN_RADIUS_KM, nearest_on_lines

__all__ = ["Landings", "Section", "sections_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NOWHERE = -1


@dataclass(frozen=True)
class Section:
    """A piece of cable between two nodes: a landing point, or a place of its own at which pieces meet or end."""

    lonlat: Floats
    ends: tuple[int, int]
    """Positions of landing points; below 0, `-1 - junction`."""


@dataclass(frozen=True)
class Landings:
    """Landing points, and how near to one a cable lands."""

    lonlat: Floats
    landing_km: float
    join_km: float
    tree: KDTree = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", KDTree(_space(self.lonlat)))

    def nearest(self, lonlat: Floats) -> tuple[Ints, Floats]:
        """Return the nearest landing point of each place, and how far it is. [km]"""
        if not len(self.lonlat):
            return np.full(len(lonlat), NOWHERE, dtype=np.int64), np.full(len(lonlat), np.inf)
        km, at = self.tree.query(_space(lonlat))
        return np.asarray(at, dtype=np.int64), np.asarray(km, dtype=np.float64)


@dataclass
class _Cuts:
    """Where pieces are cut: piece and vertex of each cut, its place, and the junction that it belongs to."""

    piece: Ints
    vertex: Ints
    lonlat: Floats
    junction: Ints
    landing: Ints
    """Landing point of each junction, -1 for none."""


def sections_of(pieces: Sequence[Floats], landings: Landings) -> tuple[list[Section], Floats]:
    """
    Return the sections of one cable and the places of its junctions.

    Parameters
    ----------
    pieces
        Longitudes and latitudes of the vertices of each piece, in [-180, 180]. [degrees]
    landings
        The landing points of all cables.

    Returns
    -------
    sections
        Each runs from node to node. Junctions at which just two pieces meet, as they do at the antimeridian, are gone:
        the pieces are one section.
    junctions
        Longitude and latitude of each junction; sections name them as `-1 - position`. [degrees]
    """
    kept = [piece for piece in map(_without_repeats, pieces) if len(piece) > 1]
    if not kept:
        return [], np.empty((0, 2))
    kept = _with_feet(kept, landings.join_km)
    cuts = _cuts(kept, landings)
    junctions = np.array([cuts.lonlat[cuts.junction == one][0] for one in range(len(cuts.landing))])
    sections = _joined(_cut(kept, cuts))
    return sections, junctions


def _space(lonlat: Floats) -> Floats:
    """Return places on a sphere in space. [km]"""
    lon, lat = np.radians(lonlat).T
    return MEAN_RADIUS_KM * np.stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1
    )


def _without_repeats(lonlat: Floats) -> Floats:
    same = np.zeros(len(lonlat), dtype=bool)
    same[1:] = (lonlat[1:] == lonlat[:-1]).all(axis=1)
    return lonlat[~same]


def _ends(pieces: Sequence[Floats]) -> Floats:
    return np.concatenate([piece[[0, -1]] for piece in pieces])


def _with_feet(pieces: list[Floats], join_km: float) -> list[Floats]:
    """Return pieces with a vertex more where another piece ends on one of their edges."""
    if len(pieces) < 2:
        return pieces
    found = list(pieces)
    for number, piece in enumerate(pieces):
        others = [one for one in range(len(pieces)) if one != number]
        tree = KDTree(_space(np.concatenate([pieces[one] for one in others])))
        for end in piece[[0, -1]]:
            if np.min(tree.query(_space(end[None]))[0]) <= join_km:
                continue
            foot = nearest_on_lines(end[:1], end[1:], [shapely.LineString(found[one]) for one in others])
            if foot.km[0] <= join_km:
                at = others[int(foot.line_idx[0])]
                found[at] = _with_vertex(found[at], np.array([foot.lon[0], foot.lat[0]]))
    return found


def _with_vertex(lonlat: Floats, place: Floats) -> Floats:
    """Return a line with one more vertex, on the edge that it lengthens least."""
    space, new = _space(lonlat), _space(place[None])[0]
    away = np.linalg.norm(space - new, axis=1)
    detour = away[:-1] + away[1:] - np.linalg.norm(np.diff(space, axis=0), axis=1)
    return np.insert(lonlat, int(detour.argmin()) + 1, place, axis=0)


def _cuts(pieces: Sequence[Floats], landings: Landings) -> _Cuts:
    """Return where pieces are cut: at ends, where another piece ends on them, and where they pass a landing point."""
    lonlat = np.concatenate(pieces)
    piece = np.repeat(np.arange(len(pieces)), [len(one) for one in pieces])
    first = np.cumsum([0, *(len(one) for one in pieces)])
    is_end = np.zeros(len(lonlat), dtype=bool)
    is_end[np.concatenate([first[:-1], first[1:] - 1])] = True
    at, km = landings.nearest(lonlat)
    calls = km <= landings.join_km
    space = _space(lonlat)
    rows = np.flatnonzero(is_end | calls | _ended_on(space, piece, is_end, landings.join_km))
    junction = _clusters(space[rows], landings.join_km)
    reach = np.where(is_end | calls, km, np.inf)[rows]
    landing = _landed(junction, at[rows], reach, landings.landing_km)
    return _Cuts(piece[rows], rows - first[piece[rows]], lonlat[rows], junction, landing)


def _ended_on(space: Floats, piece: Ints, is_end: NDArray[np.bool_], join_km: float) -> NDArray[np.bool_]:
    """Return which vertices other pieces end on: of each piece near an end, the nearest vertex."""
    found = np.zeros(len(space), dtype=bool)
    ends = np.flatnonzero(is_end)
    beside = KDTree(space).sparse_distance_matrix(KDTree(space[ends]), join_km, output_type="ndarray")
    order = np.argsort(beside["v"], kind="stable")
    seen: set[tuple[int, int]] = set()
    for vertex, end in zip(beside["i"][order], ends[beside["j"][order]], strict=True):
        pair = int(end), int(piece[vertex])
        if piece[vertex] != piece[end] and pair not in seen:
            seen.add(pair)
            found[vertex] = True
    return found


def _clusters(space: Floats, join_km: float) -> Ints:
    """Return a number for each place, the same for those that are one by steps of the tolerance."""
    beside = np.asarray(KDTree(space).query_pairs(join_km, output_type="ndarray")).reshape(-1, 2)
    shape = (len(space), len(space))
    joined = coo_array((np.ones(len(beside)), (beside[:, 0], beside[:, 1])), shape=shape)
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


def _landed(junction: Ints, landing: Ints, km: Floats, landing_km: float) -> Ints:
    """Return the landing point of each junction: the nearest one within reach of any of its cuts."""
    found = np.full(int(junction.max()) + 1, NOWHERE, dtype=np.int64)
    best = np.full(found.size, landing_km)
    for one, at, away in zip(junction, landing, km, strict=True):
        if away <= best[one]:
            found[one], best[one] = at, away
    return found


def _cut(pieces: Sequence[Floats], cuts: _Cuts) -> list[Section]:
    """Return the pieces between their cuts."""
    node = np.where(cuts.landing[cuts.junction] == NOWHERE, -1 - cuts.junction, cuts.landing[cuts.junction])
    found = []
    for number, piece in enumerate(pieces):
        rows = np.flatnonzero(cuts.piece == number)
        rows = rows[np.argsort(cuts.vertex[rows])]
        for row, after in pairwise(rows):
            part = piece[cuts.vertex[row] : cuts.vertex[after] + 1]
            ends = int(node[row]), int(node[after])
            # Cuts of one node side by side, such as two vertices at one landing point, leave nothing between them.
            if ends[0] != ends[1] or len(part) > 2:
                found.append(Section(part, ends))
    return found


def _joined(sections: list[Section]) -> list[Section]:
    """Return sections joined where just two of them meet at what is no landing point."""
    alive = dict(enumerate(sections))
    at: dict[int, list[int]] = defaultdict(list)
    for number, section in alive.items():
        for end in section.ends:
            if end < 0:
                at[end].append(number)
    for node in sorted(at, reverse=True):
        if len(at[node]) != 2 or at[node][0] == at[node][1]:
            continue
        first, second = at[node]
        one, other = _ending_at(alive[first], node), _ending_at(alive[second], node)
        if one.ends[0] == other.ends[0]:  # a ring: joined, it would lead nowhere
            continue
        del alive[second]
        alive[first] = Section(np.concatenate([one.lonlat, other.lonlat[::-1]]), (one.ends[0], other.ends[0]))
        for end in other.ends[:1]:
            if end < 0:
                at[end] = [first if number == second else number for number in at[end]]
    return [Section(_without_repeats(alive[number].lonlat), alive[number].ends) for number in sorted(alive)]


def _ending_at(section: Section, node: int) -> Section:
    return section if section.ends[1] == node else Section(section.lonlat[::-1], section.ends[::-1])
