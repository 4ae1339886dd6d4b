"""Geodesic cells: the ground that is nearer to one place than to any other, seen from that place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from three_mismatches.geodesy import GEOD, MEAN_RADIUS_KM, distance_km

__all__ = ["Cell", "cell_of", "polygon_round"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AZIMUTHS = 360
"""Directions looked in: a disc then falls short of round by 4e-5 of its radius."""

EDGE_KM = 20.0
"""Longest side of a cell's outline: straight on the map, it is a geodesic to some metres."""

ROUNDS = 5
"""Times that long sides are halved: they are then shorter than 1/32 of what they were."""

FIRST = 48
"""Neighbours that are looked at in all directions; the others only where these leave room."""

CANDIDATES = 3
"""Neighbours that are solved for on the ellipsoid in each direction: the nearest sides on the sphere."""

FLATTENED = 0.03
"""By how much less a side may lie off than the sphere has it, or another one farther."""

STEPS = 4
BISECTIONS = 24
FREE = -1


@dataclass(frozen=True, eq=False)
class Cell:
    """
    What is nearest to a place: how far it goes in each azimuth.

    Attributes
    ----------
    lon, lat
        The place. [degrees]
    azimuth, km
        Directions, ascending, and how far the cell goes there. [degrees], [km]
    """

    lon: float
    lat: float
    azimuth: Floats
    km: Floats

    def within(self, radius_km: float, *, overlap_km: float = 0.0) -> BaseGeometry:
        """Return the part of the cell in a disc round its place; its sides are moved out by the overlap."""
        return polygon_round(
            self.lon, self.lat, self.azimuth, np.minimum(self.km + overlap_km, radius_km)
        )


@dataclass(frozen=True, eq=False)
class _Sight:
    """A place and its neighbours, the nearest first: azimuth [degrees] and half of the way to each [radians]."""

    lon: float
    lat: float
    target_lon: Floats
    target_lat: Floats
    azimuth: Floats
    half: Floats
    most_km: float

    def reach(self, azimuth: Floats) -> tuple[Floats, Ints]:
        """Return how far the cell goes in some directions, and whose side ends it there (-1: nobody's). [km]"""
        far = self._sides_km(azimuth, slice(0, FIRST))
        km, side = self._nearest(azimuth, far, 0)
        # A neighbour's side is at least half of the way to it.
        if self.half.size > FIRST:
            open_ = np.flatnonzero(km > self.half[FIRST] * MEAN_RADIUS_KM * 0.99)
            if open_.size:
                others = self._sides_km(azimuth[open_], slice(FIRST, None))
                more, whose = self._nearest(azimuth[open_], others, FIRST)
                nearer = more < km[open_]
                km[open_[nearer]], side[open_[nearer]] = more[nearer], whose[nearer]
        return km, side

    def _sides_km(self, azimuth: Floats, some: slice) -> Floats:
        """Return how far neighbours' sides are on the sphere, inf for none. (directions, neighbours) [km]"""
        slant = np.cos(np.radians(azimuth[:, None] - self.azimuth[None, some]))
        with np.errstate(divide="ignore"):
            away = np.arctan(np.tan(self.half[some]) / np.where(slant > 0.0, slant, 0.0))
        return np.where(slant > 0.0, away, np.inf) * MEAN_RADIUS_KM

    def _nearest(self, azimuth: Floats, far: Floats, first: int) -> tuple[Floats, Ints]:
        """Return the nearest side on the ellipsoid in each direction, and its neighbour."""
        km, side = np.full(azimuth.size, self.most_km), np.full(azimuth.size, FREE)
        count = min(CANDIDATES, far.shape[1])
        if not count:
            return km, side
        likely = np.argpartition(far, count - 1, axis=1)[:, :count]
        best = (1.0 + FLATTENED) * np.minimum(far.min(axis=1), self.most_km)
        for column in likely.T:
            guess = far[np.arange(azimuth.size), column]
            seen = np.flatnonzero(guess <= best)
            found = self._solved(azimuth[seen], column[seen] + first, guess[seen])
            nearer = found < km[seen]
            km[seen[nearer]], side[seen[nearer]] = found[nearer], column[seen[nearer]] + first
        return km, side

    def _solved(self, azimuth: Floats, neighbour: Ints, guess: Floats) -> Floats:
        """Return how far it is to where a neighbour is as near as the place, by Newton's steps. [km]"""
        km, origin = guess, (np.full(azimuth.size, self.lon), np.full(azimuth.size, self.lat))
        for _ in range(STEPS):
            lon, lat, back = GEOD.fwd(*origin, azimuth, km * 1000.0)
            towards, _, metres = GEOD.inv(lon, lat, self.target_lon[neighbour], self.target_lat[neighbour])
            closing = 1.0 + np.cos(np.radians(np.asarray(towards) - (np.asarray(back) + 180.0)))
            ahead = (np.asarray(metres) / 1000.0 - km) / np.maximum(closing, 1e-6)
            km = np.clip(km + ahead, 0.0, 1.2 * self.most_km)
        return km

    def corners(self, azimuth: Floats, radius_km: float) -> Floats:
        """Return the directions between those given in which the outline within a disc has a corner. [degrees]"""
        side = self._ended_by(azimuth, radius_km)
        turns = np.flatnonzero(side != np.roll(side, -1))
        low, wanted = azimuth[turns], side[turns]
        high = np.append(azimuth[1:], azimuth[0] + 360.0)[turns]
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            same = self._ended_by(middle, radius_km) == wanted
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return np.concatenate([low, high])

    def _ended_by(self, azimuth: Floats, radius_km: float) -> Ints:
        km, side = self.reach(azimuth)
        return np.where(km < radius_km, side, FREE)


def cell_of(lon: Floats, lat: Floats, at: int, radii_km: Floats) -> Cell:
    """
    Return the cell of one of some places, as far as the largest radius.

    Parameters
    ----------
    lon, lat
        All places, no two the same. [degrees]
    at
        Position of the one.
    radii_km
        Discs that will be cut out of it: their corners are among its directions. [km]
    """
    sight = _sight(lon, lat, at, float(radii_km.max()))
    azimuth = np.linspace(0.0, 360.0, AZIMUTHS, endpoint=False)
    corners = [sight.corners(azimuth, float(radius)) for radius in radii_km if radius > 0.0]
    azimuth = np.unique(np.concatenate([azimuth, *corners]) % 360.0)
    km, _ = sight.reach(azimuth)
    for _ in range(ROUNDS):
        turn = np.append(azimuth[1:], azimuth[0] + 360.0)
        apart = np.hypot(np.roll(km, -1) - km, km * np.radians(turn - azimuth))
        long = apart > EDGE_KM
        if not long.any():
            break
        azimuth = np.unique(np.concatenate([azimuth, (azimuth + turn)[long] / 2.0 % 360.0]))
        km, _ = sight.reach(azimuth)
    return Cell(sight.lon, sight.lat, azimuth, km)


def _sight(lon: Floats, lat: Floats, at: int, most_km: float) -> _Sight:
    away = np.asarray(distance_km(lon[at], lat[at], lon, lat), dtype=np.float64)
    away[at] = np.inf
    # Who is more than twice as far away is nowhere nearer.
    near = np.flatnonzero(away <= 2.1 * most_km)
    near = near[np.argsort(away[near], kind="stable")]
    here = np.full(near.size, lon[at]), np.full(near.size, lat[at])
    azimuth, _, _ = GEOD.inv(*here, lon[near], lat[near])
    half = away[near] / MEAN_RADIUS_KM / 2.0
    return _Sight(
        float(lon[at]), float(lat[at]), lon[near], lat[near], np.asarray(azimuth, dtype=np.float64), half, most_km
    )


def polygon_round(lon: float, lat: float, azimuth: Floats, km: Floats) -> BaseGeometry:
    """
    Return the polygon whose corners lie so far from a place in so many directions.

    Parameters
    ----------
    lon, lat
        The place, inside it. [degrees]
    azimuth, km
        Directions, ascending, all the way round, and distances of less than a quarter of the Earth's girth.

    Returns
    -------
    polygon
        In longitudes of [-180, 180]: split at the antimeridian, with the pole that it goes round.
    """
    origin = np.full(azimuth.size, lon), np.full(azimuth.size, lat)
    x, y, _ = GEOD.fwd(*origin, azimuth, km * 1000.0)
    x = np.unwrap(np.append(x, x[0]), period=360.0)
    ring = np.column_stack([x, np.append(y, y[0])])
    if abs(x[-1] - x[0]) > 180.0:
        pole = 90.0 if km[0] > float(distance_km(lon, lat, lon, 90.0)) else -90.0
        ring = np.concatenate([ring, [[x[-1], pole], [x[0], pole]]])
    shape = shapely.Polygon(ring)
    if not shape.is_valid:
        shape = shapely.make_valid(shape)
    west, _, east, _ = shape.bounds
    if west >= -180.0 and east <= 180.0:
        return shape
    world = shapely.box(-180.0, -90.0, 180.0, 90.0)
    turns = [shapely.transform(shape, lambda xy, by=turn: xy + [by, 0.0]) for turn in (-360.0, 0.0, 360.0)]
    return shapely.unary_union([part.intersection(world) for part in turns])
