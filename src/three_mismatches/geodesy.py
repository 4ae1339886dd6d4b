"""
Distances on the WGS 84 ellipsoid: between points, along lines, and to the nearest of many.

The nearest of many is found in space: a k-d tree over geocentric coordinates knows neither poles nor an
antimeridian. A chord through the Earth bounds the geodesic above it from both sides, so the tree hands over
every target that could win, and the geodesic decides between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod
from scipy.spatial import KDTree

__all__ = [
    "LineFoot",
    "distance_km",
    "length_km",
    "line_between",
    "nearest_on_lines",
    "nearest_point",
    "split_at_antimeridian",
    "wrap_longitude",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Lines = Sequence[shapely.Geometry | None] | NDArray[np.object_]

GEOD = Geod(ellps="WGS84")
EQUATOR_KM = GEOD.a / 1000.0
POLE_KM = GEOD.b / 1000.0
MEAN_RADIUS_KM = (2.0 * EQUATOR_KM + POLE_KM) / 3.0
# The ellipsoid's least and greatest radii of curvature: along the meridian at the equator, and at a pole.
SHARPEST_RADIUS_KM = POLE_KM**2 / EQUATOR_KM
FLATTEST_RADIUS_KM = EQUATOR_KM**2 / POLE_KM

TIE_KM = 1e-9  # rounding moves a geodesic by nanometres: within a micrometre two distances are equal
CHORD_PAD_KM = 1e-8  # and a geocentric coordinate by as little
CONVERGED_KM = 1e-9
MAX_STEPS = 20
BISECTIONS = 50  # 20,000 km halved so often is far below a micrometre
# Beyond half the way to where the spherical step towards a foot turns round, it is not trusted for screening.
FAR_KM = 5000.0
# A line is cut into pieces no longer than this, so that a piece's midpoint speaks for the whole of it ...
PIECE_KM = 8.0
# ... unless the lines are so long that there would be too many pieces to hold.
MAX_PIECES = 2_000_000
# Pieces of like length share a tree: street-level routes must not be searched as widely as sea cables.
LENGTH_LEVELS_KM = (0.125, 0.5, 2.0)
# Pairs of point and candidate looked at together: some 100 MB of work space.
BLOCK_PAIRS = 500_000


class LineFoot(NamedTuple):
    """Where each point meets the nearest of many lines; arrays with one entry for each point."""

    line_idx: Ints
    km: Floats
    along_km: Floats
    lon: Floats
    lat: Floats


@dataclass(frozen=True)
class _Pieces:
    """Geodesic arcs that together are the lines: where each starts, heads and ends, and whose it is."""

    line_idx: Ints
    along_km: Floats
    lon: Floats
    lat: Floats
    azimuth: Floats
    km: Floats
    start: Floats
    end: Floats


@dataclass(frozen=True)
class _Level:
    """A tree over the midpoints of members of like size, none of which reaches farther than `reach_km`."""

    members: Ints
    tree: KDTree
    reach_km: float


def wrap_longitude(lon: ArrayLike) -> Floats:
    """
    Return longitudes in [-180, 180]; those that lie there already are not touched.

    Parameters
    ----------
    lon
        Longitudes, any shape. [degrees]

    Examples
    --------
    >>> wrap_longitude([190.0, -180.0, 180.0]).tolist()
    [-170.0, -180.0, 180.0]
    """
    lon = np.asarray(lon, dtype=np.float64)
    wrapped: Floats = np.where(np.abs(lon) <= 180.0, lon, (lon + 180.0) % 360.0 - 180.0)
    return wrapped


def distance_km(lon0: ArrayLike, lat0: ArrayLike, lon1: ArrayLike, lat1: ArrayLike) -> Floats:
    """
    Return the geodesic distance between points, pair by pair.

    Parameters
    ----------
    lon0, lat0, lon1, lat1
        Coordinates of both ends, in shapes that broadcast. [degrees]

    Returns
    -------
    km
        Length of the geodesic, NaN where a coordinate is NaN; in the broadcast shape. [km]

    Raises
    ------
    ValueError
        If a latitude lies outside [-90, 90] or a coordinate is infinite.

    References
    ----------
    .. [1] C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87, 43-55 (2013).

    Examples
    --------
    >>> distance_km(0.0, 0.0, [0.0, 179.5], [90.0, 0.5]).round(3)
    array([10001.966, 19936.289])
    """
    ends = [np.asarray(value, dtype=np.float64) for value in (lon0, lat0, lon1, lat1)]
    _require_on_earth(ends[0], ends[1], allow_nan=True)
    _require_on_earth(ends[2], ends[3], allow_nan=True)
    lon0, lat0, lon1, lat1 = np.broadcast_arrays(*ends)
    return _inverse(lon0, lat0, lon1, lat1)[1]


def length_km(lines: Lines) -> Floats:
    """
    Return the length of lines whose vertices are joined by geodesics.

    Parameters
    ----------
    lines
        (Multi)LineStrings in longitude and latitude; the gaps of a MultiLineString do not count. [degrees]

    Returns
    -------
    km
        One length for each line; 0 where it is missing or empty. [km]

    Examples
    --------
    >>> length_km([shapely.LineString([(179.0, 0.0), (-179.0, 0.0)]), None]).round(3)
    array([222.639,   0.   ])
    """
    line_idx, head, tail = _edges(lines)
    km = _inverse(head[:, 0], head[:, 1], tail[:, 0], tail[:, 1])[1]
    return np.bincount(line_idx, weights=km, minlength=len(lines)).astype(np.float64)


def split_at_antimeridian(lines: Lines) -> NDArray[np.object_]:
    """
    Return lines that end at longitude 180 and go on at -180 where they cross the antimeridian.

    Parameters
    ----------
    lines
        (Multi)LineStrings in longitude and latitude. Consecutive vertices more than 180 degrees apart are joined
        through the antimeridian, as everywhere in this module. [degrees]

    Returns
    -------
    lines
        MultiLineStrings for those that cross it, of the same length; the others are the very same objects.

    References
    ----------
    .. [1] RFC 7946, The GeoJSON Format, section 3.1.9, "Antimeridian Cutting".

    Examples
    --------
    >>> line = split_at_antimeridian([shapely.LineString([(179.0, 0.0), (-179.0, 0.0)])])[0]
    >>> line.wkt
    'MULTILINESTRING ((179 0, 180 0), (-180 0, -179 0))'
    """
    found = _object_array(lines)
    for at, line in enumerate(found):
        parts = [] if line is None else [shapely.get_coordinates(part) for part in shapely.get_parts(line)]
        if any((np.abs(np.diff(part[:, 0])) > 180.0).any() for part in parts):
            pieces = [piece for part in parts for piece in _without_jumps(part)]
            found[at] = shapely.MultiLineString(pieces) if len(pieces) > 1 else shapely.LineString(pieces[0])
    return found


def nearest_point(
    lon: ArrayLike, lat: ArrayLike, target_lon: ArrayLike, target_lat: ArrayLike
) -> tuple[Ints, Floats]:
    """
    Return which target is geodesically nearest to each point, and how far it is.

    Parameters
    ----------
    lon, lat
        Points, shape (points,). [degrees]
    target_lon, target_lat
        Targets, shape (targets,). [degrees]

    Returns
    -------
    target_idx
        Position of the nearest target; the first of those that tie, to a micrometre.
    km
        Its distance. [km]

    Raises
    ------
    ValueError
        If there is no target, or a coordinate is not on Earth.

    Examples
    --------
    >>> target, km = nearest_point([179.9], [0.0], [170.0, -179.9], [0.0, 0.0])
    >>> target.tolist(), km.round(3).tolist()
    ([1], [22.264])
    """
    lon, lat = _coordinates(lon, lat)
    targets, first = np.unique(np.stack(_coordinates(target_lon, target_lat)), axis=1, return_index=True)
    if first.size == 0:
        msg = "there are no targets to be near to"
        raise ValueError(msg)
    xyz = _geocentric(lon, lat)
    tree = KDTree(_geocentric(*targets))
    guess = tree.query(xyz, workers=-1)[1]
    bound = _inverse(lon, lat, *targets[:, guess])[1]
    levels = [_Level(np.arange(first.size), tree, 0.0)]
    found = []
    for at, point, target in _candidates(levels, xyz, _longest_chord(bound)):
        km = _inverse(lon[at][point], lat[at][point], *targets[:, target])[1]
        won = _winners(point, km, first[target])
        found.append((first[target[won]], km[won]))
    target_idx, km = (np.concatenate(part) for part in zip(*found, strict=True))
    return target_idx, km


def nearest_on_lines(lon: ArrayLike, lat: ArrayLike, lines: Lines) -> LineFoot:
    """
    Return the nearest point of any of many lines, for each point.

    Consecutive vertices are joined by the geodesic between them, so an edge from longitude 179 to -179 is
    the short one. The foot is exact to less than a millimetre.

    Parameters
    ----------
    lon, lat
        Points, shape (points,). [degrees]
    lines
        (Multi)LineStrings in longitude and latitude; missing and empty ones are never the answer. [degrees]

    Returns
    -------
    foot
        `line_idx`, the position of the nearest line, the first of those that tie to a micrometre; `km`, its
        distance; `along_km`, from the line's first vertex to the foot; `lon` and `lat` of the foot.

    Raises
    ------
    ValueError
        If no line has an edge, or a coordinate is not on Earth.

    Examples
    --------
    >>> foot = nearest_on_lines([180.0], [1.0], [shapely.LineString([(179.0, 0.0), (-179.0, 0.0)])])
    >>> foot.km.round(3).tolist(), foot.along_km.round(3).tolist()
    ([110.574], [111.319])
    """
    lon, lat = _coordinates(lon, lat)
    pieces = _pieces(lines)
    if pieces.km.size == 0:
        msg = "there are no lines to be near to: each is missing or empty"
        raise ValueError(msg)
    xyz = _geocentric(lon, lat)
    levels = _levels(pieces)
    reach = _longest_chord(_distance_to_guess(pieces, levels, lon, lat, xyz))
    found = []
    for at, point, piece in _candidates(levels, xyz, reach):
        share, chord = _project(pieces, piece, xyz[at][point])
        near = chord <= reach[at][point] + _sagitta(pieces.km[piece])
        point, piece, share = point[near], piece[near], share[near]  # noqa: PLW2901
        hope = _hopeful(pieces, piece, point, lon[at][point], lat[at][point], share)
        point, piece, share = point[hope], piece[hope], share[hope]  # noqa: PLW2901
        found.append(_nearest_feet(pieces, piece, point, lon[at][point], lat[at][point], share))
    return LineFoot(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _require_on_earth(lon: Floats, lat: Floats, *, allow_nan: bool = False) -> None:
    usable = np.abs(lat) <= 90.0
    if allow_nan:
        usable |= np.isnan(lat)
    bad = int((~usable).sum()) + int(np.isinf(lon).sum()) + (0 if allow_nan else int(np.isnan(lon).sum()))
    if bad:
        msg = f"longitudes must be finite and latitudes in [-90, 90] degrees; {bad} of {lat.size} are not"
        raise ValueError(msg)


def _coordinates(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """Return coordinates as two flat arrays, known to be on Earth."""
    lon, lat = (np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in (lon, lat))
    if lon.shape != lat.shape or lon.ndim != 1:
        msg = f"lon and lat must be flat and alike in length; their shapes are {lon.shape} and {lat.shape}"
        raise ValueError(msg)
    _require_on_earth(lon, lat)
    return lon, lat


def _inverse(lon0: Floats, lat0: Floats, lon1: Floats, lat1: Floats) -> tuple[Floats, Floats]:
    """Return the azimuth at the first point [degrees] and the geodesic distance [km]."""
    azimuth, _, metres = GEOD.inv(lon0, lat0, lon1, lat1)
    return np.asarray(azimuth, dtype=np.float64), np.asarray(metres, dtype=np.float64) / 1000.0


def _direct(lon: Floats, lat: Floats, azimuth: Floats, km: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the point at the end of a geodesic, and the azimuth in which it arrives there [degrees]."""
    lon, lat, back = GEOD.fwd(lon, lat, azimuth, km * 1000.0)
    return np.asarray(lon), np.asarray(lat), np.asarray(back) + 180.0


def _geocentric(lon: Floats, lat: Floats) -> Floats:
    """Return x, y and z on the ellipsoid, shape (points, 3). [km]"""
    phi, lam = np.radians(lat), np.radians(lon)
    normal = EQUATOR_KM / np.sqrt(1.0 - GEOD.es * np.sin(phi) ** 2)
    level = normal * np.cos(phi)
    polar = normal * (1.0 - GEOD.es) * np.sin(phi)
    return np.stack([level * np.cos(lam), level * np.sin(lam), polar], axis=-1)


def _longest_chord(km: Floats) -> Floats:
    """
    Return the longest chord that a geodesic of this length can span [km].

    A chord is longest where its arc bends least, as it does at a pole. What is farther than this in space is
    farther on the ground, too.
    """
    diameter = 2.0 * FLATTEST_RADIUS_KM
    return diameter * np.sin(np.minimum(km / diameter, np.pi / 2.0)) + CHORD_PAD_KM


def _sagitta(km: Floats) -> Floats:
    """Return the most by which a geodesic arc can leave its chord [km]."""
    return km**2 / (8.0 * SHARPEST_RADIUS_KM)


def _edges(lines: Lines) -> tuple[Ints, Floats, Floats]:
    """Return the line that each edge belongs to, and the coordinates of its two ends."""
    parts, part_line = shapely.get_parts(_object_array(lines), return_index=True)
    lonlat, vertex_part = shapely.get_coordinates(parts, return_index=True)
    _require_on_earth(lonlat[:, 0], lonlat[:, 1])
    head = np.flatnonzero(vertex_part[1:] == vertex_part[:-1])
    return part_line[vertex_part[head]].astype(np.int64), lonlat[head], lonlat[head + 1]


def _object_array(lines: Lines) -> NDArray[Any]:
    # np.asarray alone would turn a sequence of one geometry collection into its members.
    array = np.empty(len(lines), dtype=object)
    array[:] = list(lines)
    return array


def _without_jumps(lonlat: Floats) -> list[Floats]:
    """Return a line's vertices in parts, none of which crosses the antimeridian."""
    pieces, start = [], 0
    before: list[Floats] = []
    for edge in np.flatnonzero(np.abs(np.diff(lonlat[:, 0])) > 180.0):
        side = 180.0 if lonlat[edge, 0] > 0.0 else -180.0
        lat = _crossing(lonlat[edge], lonlat[edge + 1])
        pieces.append(np.concatenate([*before, lonlat[start : edge + 1], [[side, lat]]]))
        before, start = [np.array([[-side, lat]])], int(edge) + 1
    pieces.append(np.concatenate([*before, lonlat[start:]]))
    # An edge that begins or ends at 180 leaves a part of one place only.
    return [piece for piece in pieces if len(np.unique(piece, axis=0)) > 1]


def _crossing(head: Floats, tail: Floats) -> float:
    """Return the latitude at which the geodesic between two points crosses the antimeridian. [degrees]"""
    for end in (head, tail):
        if abs(end[0]) == 180.0:
            return float(end[1])
    azimuth, km = _inverse(head[:1], head[1:], tail[:1], tail[1:])
    low, high = np.zeros(1), km
    lat = head[1:]
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        lon, lat, _ = _direct(head[:1], head[1:], azimuth, middle)
        gone = np.abs(lon - head[0]) > 180.0
        low, high = np.where(gone, low, middle), np.where(gone, middle, high)
    return float(lat[0])


def _pieces(lines: Lines) -> _Pieces:
    """Return the lines' edges, cut into geodesic arcs short enough to be searched for."""
    line_idx, head, tail = _edges(lines)
    azimuth, km = _inverse(head[:, 0], head[:, 1], tail[:, 0], tail[:, 1])
    longest = max(PIECE_KM, float(km.sum()) / MAX_PIECES)
    count = np.maximum(np.ceil(km / longest), 1.0).astype(np.int64)
    edge = np.repeat(np.arange(km.size), count)
    step = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count)
    piece_km = km[edge] / count[edge]
    origin = (head[edge, 0], head[edge, 1], azimuth[edge])
    lon, lat, heading = _direct(*origin, step * piece_km)
    end_lon, end_lat, _ = _direct(*origin, (step + 1) * piece_km)
    along = _along(line_idx, km)[edge] + step * piece_km
    start, end = _geocentric(lon, lat), _geocentric(end_lon, end_lat)
    return _Pieces(line_idx[edge], along, lon, lat, heading, piece_km, start, end)


def _along(line_idx: Ints, km: Floats) -> Floats:
    """Return how far along its line each edge starts [km]; the edges of a line stand together."""
    before = np.cumsum(km) - km
    first = np.searchsorted(line_idx, line_idx, side="left")
    return before - before[first]


def _levels(pieces: _Pieces) -> list[_Level]:
    """Return the trees that find pieces by their midpoints, one for each class of length there is."""
    middle = (pieces.start + pieces.end) / 2.0
    level_of = np.digitize(pieces.km, LENGTH_LEVELS_KM)
    levels = []
    for level in np.unique(level_of):
        members = np.flatnonzero(level_of == level)
        longest = pieces.km[members].max()
        levels.append(_Level(members, KDTree(middle[members]), float(longest / 2.0 + _sagitta(longest))))
    return levels


def _project(pieces: _Pieces, piece: Ints, xyz: Floats) -> tuple[Floats, Floats]:
    """Return where on the piece's chord each point is nearest, as a share, and how far in space [km]."""
    start = pieces.start[piece]
    chord = pieces.end[piece] - start
    square = np.einsum("ij,ij->i", chord, chord)
    share = np.einsum("ij,ij->i", xyz - start, chord) / np.where(square > 0.0, square, 1.0)
    share = np.clip(share, 0.0, 1.0)
    away = xyz - start - share[:, None] * chord
    return share, np.sqrt(np.einsum("ij,ij->i", away, away))


def _distance_to_guess(
    pieces: _Pieces, levels: list[_Level], lon: Floats, lat: Floats, xyz: Floats
) -> Floats:
    """Return a distance that the nearest line cannot exceed: that to the piece with the nearest midpoint."""
    bound = np.full(lon.size, np.inf)
    for level in levels:
        piece = level.members[level.tree.query(xyz, workers=-1)[1]]
        share, _ = _project(pieces, piece, xyz)
        bound = np.minimum(bound, _look(pieces, piece, share * pieces.km[piece], lon, lat)[0])
    return bound


def _candidates(levels: list[_Level], xyz: Floats, reach: Floats) -> Iterator[tuple[slice, Ints, Ints]]:
    """Yield blocks of points with every pair (point in the block, member) that may be within reach."""
    count = np.zeros(len(xyz), dtype=np.int64)
    for level in levels:
        count += level.tree.query_ball_point(xyz, reach + level.reach_km, return_length=True, workers=-1)
    block_of = np.cumsum(count) // BLOCK_PAIRS
    cuts = [0, *(np.flatnonzero(np.diff(block_of)) + 1).tolist(), len(xyz)]
    for first, last in pairwise(cuts):
        at = slice(first, last)
        pairs = [_within(level, xyz[at], reach[at]) for level in levels]
        point, member = (np.concatenate(part) for part in zip(*pairs, strict=True))
        yield at, point, member


def _within(level: _Level, xyz: Floats, reach: Floats) -> tuple[Ints, Ints]:
    hits = level.tree.query_ball_point(xyz, reach + level.reach_km, workers=-1)
    count = np.fromiter(map(len, hits), dtype=np.int64, count=len(hits))
    member = np.fromiter(chain.from_iterable(hits), dtype=np.int64, count=int(count.sum()))
    return np.repeat(np.arange(len(hits)), count), level.members[member]


def _look(
    pieces: _Pieces, piece: Ints, at_km: Floats, lon: Floats, lat: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return each point's distance from a place on a piece, how far ahead its foot seems, and the place."""
    here_lon, here_lat, heading = _direct(pieces.lon[piece], pieces.lat[piece], pieces.azimuth[piece], at_km)
    azimuth, km = _inverse(here_lon, here_lat, lon, lat)
    # The right-angled triangle of point, place and foot, solved on the sphere; repeated, it is exact.
    arc = km / MEAN_RADIUS_KM
    ahead = np.arctan2(np.sin(arc) * np.cos(np.radians(azimuth - heading)), np.cos(arc))
    return km, ahead * MEAN_RADIUS_KM, here_lon, here_lat


def _walk_to_foot(pieces: _Pieces, piece: Ints, lon: Floats, lat: Floats, share: Floats) -> Floats:
    """Return how far along its piece each point's foot is [km], from a first guess as a share."""
    at_km = share * pieces.km[piece]
    moving = np.arange(piece.size)
    for _ in range(MAX_STEPS):
        here = piece[moving]
        ahead = _look(pieces, here, at_km[moving], lon[moving], lat[moving])[1]
        onward = np.clip(at_km[moving] + ahead, 0.0, pieces.km[here])
        far = np.abs(onward - at_km[moving]) > CONVERGED_KM
        at_km[moving] = onward
        moving = moving[far]
        if moving.size == 0:
            break
    return at_km


def _hopeful(
    pieces: _Pieces, piece: Ints, point: Ints, lon: Floats, lat: Floats, share: Floats
) -> NDArray[np.bool_]:
    """Return which pairs may still win after one look: what a step cannot gain, a pair cannot make good."""
    km, ahead, *_ = _look(pieces, piece, share * pieces.km[piece], lon, lat)
    least = np.full(int(point.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, point, km)
    # The first step is right to a per cent or so, but not from so far that it may lead the wrong way.
    step = np.where(km < FAR_KM, 2.0 * np.abs(ahead), np.inf)
    hopeful: NDArray[np.bool_] = km - np.minimum(step, pieces.km[piece]) <= least[point] + TIE_KM
    return hopeful


def _nearest_feet(
    pieces: _Pieces, piece: Ints, point: Ints, lon: Floats, lat: Floats, share: Floats
) -> LineFoot:
    """Return the best foot of each point among its candidate pieces."""
    # From beyond a quarter of the way round, the walk may end at the farthest place: the ends compete, too.
    places = (_walk_to_foot(pieces, piece, lon, lat, share), np.zeros(piece.size), pieces.km[piece])
    looks = [_look(pieces, piece, at_km, lon, lat) for at_km in places]
    best = np.argmin([look[0] for look in looks], axis=0)
    km, _, foot_lon, foot_lat = (np.choose(best, part) for part in zip(*looks, strict=True))
    line_idx = pieces.line_idx[piece]
    along = pieces.along_km[piece] + np.choose(best, places)
    won = _winners(point, km, line_idx, along)
    return LineFoot(line_idx[won], km[won], along[won], foot_lon[won], foot_lat[won])


def _winners(point: Ints, km: Floats, *ranks: NDArray[Any]) -> Ints:
    """Return the winning pair of each point, in order: the nearest, of those that tie the lowest ranked."""
    least = np.full(int(point.max(initial=-1)) + 1, np.inf)
    np.minimum.at(least, point, km)
    tied = np.flatnonzero(km <= least[point] + TIE_KM)
    order = tied[np.lexsort((*(rank[tied] for rank in reversed(ranks)), point[tied]))]
    return order[np.unique(point[order], return_index=True)[1]]


def line_between(vertices: Floats, share0: float, share1: float) -> Floats:
    """
    Return the vertices of the part of a line between two places on it, from the first to the second.

    Parameters
    ----------
    vertices
        Longitudes and latitudes of the whole line, shape (n, 2); its edges are straight on the map, the short way
        round. [degrees]
    share0, share1
        Places as shares of its geodesic length; where `share0` is the larger the part runs backwards. [-]

    Returns
    -------
    part
        Shape (m, 2), m >= 2. [degrees]
    """
    km = np.concatenate([[0.0], np.cumsum(distance_km(*vertices[:-1].T, *vertices[1:].T))])
    lon, lat = np.unwrap(vertices[:, 0], period=360.0), vertices[:, 1]
    low, high = (share * km[-1] for share in sorted((share0, share1)))
    within = (km > low) & (km < high)
    place = np.concatenate([[low], km[within], [high]])
    part = np.stack([wrap_longitude(np.interp(place, km, lon)), np.interp(place, km, lat)], axis=1)
    return part[::-1] if share0 > share1 else part
