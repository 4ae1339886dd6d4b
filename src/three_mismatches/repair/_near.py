"""What lies near what, on a plane of kilometres around each point: right to a ten-thousandth within some km."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree

from three_mismatches.geodesy import GEOD

__all__ = ["Feet", "feet_within", "km_per_degree", "middles", "pairs_within", "straight"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

PAD = 1.001
"""By how much a search is wider than its radius, so that the plane's error loses nothing."""


class Feet(NamedTuple):
    """Pairs of a point and a segment within reach: where on the segment the foot is, and how far away."""

    point: Ints
    segment: Ints
    share: Floats
    km: Floats


def km_per_degree(lat: Floats) -> tuple[Floats, Floats]:
    """Return the length of a degree of longitude and of latitude on the WGS 84 ellipsoid. [km/degree]"""
    phi = np.radians(lat)
    bulge = 1.0 - GEOD.es * np.sin(phi) ** 2
    normal = GEOD.a / 1000.0 / np.sqrt(bulge)
    meridian = normal * (1.0 - GEOD.es) / bulge
    degree = np.pi / 180.0
    return degree * normal * np.maximum(np.cos(phi), 1e-9), degree * meridian


def straight(start: Floats, end: Floats) -> Objects:
    """Return the straight lines between places, shape (lines, 2) each. [degrees]"""
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)


def middles(lines: Objects) -> Floats:
    """Return the place half way along each line, shape (lines, 2). [degrees]"""
    found = shapely.line_interpolate_point(np.asarray(lines, dtype=object), 0.5, normalized=True)
    return shapely.get_coordinates(found).reshape(-1, 2)


def pairs_within(lonlat: Floats, km: float) -> tuple[Ints, Ints, Floats]:
    """
    Return every pair of points that are within a distance of each other.

    Parameters
    ----------
    lonlat
        Coordinates, shape (points, 2). [degrees]
    km
        Largest distance. [km]

    Returns
    -------
    first, second, km
        Positions, the lesser first, in their order; and how far apart the points are. [km]
    """
    places = _in_space(lonlat)
    pairs = KDTree(places).query_pairs(km, output_type="ndarray").astype(np.int64)
    first, second = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
    return first, second, np.asarray(np.linalg.norm(places[first] - places[second], axis=1))


def feet_within(lonlat: Floats, start: Floats, end: Floats, km: float) -> Feet:
    """
    Return every pair of a point and a segment that are within a distance of each other.

    Parameters
    ----------
    lonlat
        Points, shape (points, 2). [degrees]
    start, end
        Ends of the segments, shape (segments, 2). [degrees]
    km
        Largest distance. [km]
    """
    if not len(lonlat) or not len(start):
        none = np.zeros(0, dtype=np.int64)
        return Feet(none, none, np.zeros(0), np.zeros(0))
    tree = shapely.STRtree(straight(start, end))
    east, north = km_per_degree(lonlat[:, 1])
    reach = np.stack([km * PAD / east, km * PAD / north], axis=1)
    boxes = shapely.box(*(lonlat - reach).T, *(lonlat + reach).T)
    point, segment = tree.query(boxes).astype(np.int64)
    share, apart = _foot(lonlat[point], start[segment], end[segment])
    near = apart <= km
    return Feet(point[near], segment[near], share[near], apart[near])


def _in_space(lonlat: Floats) -> Floats:
    """Return points in space; the chord between near points is as long as the way on the ground. [km]"""
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    normal = GEOD.a / 1000.0 / np.sqrt(1.0 - GEOD.es * np.sin(lat) ** 2)
    level = normal * np.cos(lat)
    return np.stack(
        [level * np.cos(lon), level * np.sin(lon), normal * (1.0 - GEOD.es) * np.sin(lat)], axis=1
    )


def _foot(lonlat: Floats, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Return where each point's foot is on its segment, as a share, and how far away. [km]"""
    scale = np.stack(km_per_degree(lonlat[:, 1]), axis=1)
    way, out = (end - start) * scale, (lonlat - start) * scale
    square = np.einsum("ij,ij->i", way, way)
    share = np.einsum("ij,ij->i", way, out) / np.where(square > 0.0, square, 1.0)
    share = np.clip(share, 0.0, 1.0)
    away = out - share[:, None] * way
    return share, np.sqrt(np.einsum("ij,ij->i", away, away))
