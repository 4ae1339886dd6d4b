"""
Which gaps between two ends of lines are closed for their nearness alone.

Ends that are near each other are not always one: two lines of a corridor may be cut at the same place, and a
short piece of a line has both its ends near those of its neighbours. Neither rule knows the tolerance, and each
leaves what it refuses connected, or lets it be connected as an island.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches.repair._near import km_per_degree
from three_mismatches.repair._order import SAME_KM, firsts, steady

__all__ = ["DETOUR", "FACING_KM", "beside", "detours", "same_side"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FACING_KM = 0.25
"""A line that is cut goes on at an end that faces it within this."""

AHEAD_DEG = 45.0
"""Such an end lies ahead, and its line goes on ahead, within this."""

TOUCHING_KM = 0.012
"""Of ends as near as this it cannot be said which side of the other they are on."""

DETOUR = 3.0
"""Two ends that a line between them connects, by a way no longer than this many times their gap, need no join."""


def beside(a: Ints, b: Ints, km: Floats, lonlat: Floats, bearing: Floats) -> Bools:
    """
    Return which pairs of ends lie beside each other while each line goes on at another end that faces it.

    Parameters
    ----------
    a, b, km
        Every pair of ends within `FACING_KM` that may be joined, and how far apart they are. [km]
    lonlat
        Place of each end. [degrees]
    bearing
        Direction from each end into its line. [degrees]
    """
    facing = np.flatnonzero(_faces(a, b, km, lonlat, bearing))
    one = np.concatenate([a[facing], b[facing]])
    other = np.concatenate([b[facing], a[facing]])
    order = np.lexsort((other, steady(np.tile(km[facing], 2)), one))
    nearest = order[firsts(one[order])]
    partner = np.full(len(lonlat), -1, dtype=np.int64)
    partner[one[nearest]] = other[nearest]
    goes_on = (partner >= 0) & (partner[partner] == np.arange(len(lonlat)))
    found: Bools = goes_on[a] & goes_on[b] & (partner[a] != b)
    return found


def _faces(a: Ints, b: Ints, km: Floats, lonlat: Floats, bearing: Floats) -> Bools:
    """Return which pairs of ends within `FACING_KM` face each other."""
    east, north = km_per_degree(lonlat[a][:, 1])
    way = (lonlat[b] - lonlat[a]) * np.stack([east, north], axis=1)
    ahead = np.degrees(np.arctan2(way[:, 1], way[:, 0]))
    opposite = _bend(bearing[a], bearing[b]) <= AHEAD_DEG
    straight = (_bend(bearing[a], ahead) <= AHEAD_DEG) & (_bend(bearing[b], ahead + 180.0) <= AHEAD_DEG)
    found: Bools = (km <= FACING_KM) & opposite & (straight | (km <= TOUCHING_KM))
    return found


def same_side(first: Floats, second: Floats) -> Bools:
    """Return where two ends belong to lines that come from one side. [degrees]"""
    found: Bools = _bend(first, second) >= 180.0 - AHEAD_DEG
    return found


def _bend(first: Floats, second: Floats) -> Floats:
    """Return by how much two bearings miss being opposite. [degrees]"""
    return np.abs(np.abs(first - second) % 360.0 - 180.0)


def detours(a: Ints, b: Ints, km: Floats, far_end: Ints, far_km: Floats) -> Bools:
    """
    Return which pairs of ends are connected without a join: over one line, by nearer pairs, on a way hardly longer.

    A pair is left out only for pairs that are nearer, so those that remain connect all that all pairs connect.

    Parameters
    ----------
    a, b, km
        Pairs of ends that may be joined, and how far apart they are. [km]
    far_end, far_km
        For each end of a line the other end, and the length of the line. [km]
    """
    size = len(far_end)
    legs = _Legs(a, b, km, size)
    pair, near, leg = legs.from_(a)
    # From a over a nearer end to the far end of its line, and from there to b.
    rest = legs.between(far_end[near], b[pair])
    less = km[pair] - SAME_KM
    short = leg + far_km[near] + rest <= DETOUR * km[pair] + SAME_KM
    found = np.zeros(len(a), dtype=bool)
    found[pair[short & (leg < less) & (rest < less)]] = True
    return found


class _Legs:
    """Pairs of ends both ways round, and every end with itself, to be looked up."""

    def __init__(self, a: Ints, b: Ints, km: Floats, size: int) -> None:
        itself = np.arange(size)
        key = np.concatenate([a * size + b, b * size + a, itself * size + itself])
        order = np.argsort(key, kind="stable")
        self.size, self.key = size, key[order]
        self.km = np.concatenate([km, km, np.zeros(size)])[order]

    def from_(self, start: Ints) -> tuple[Ints, Ints, Floats]:
        """Return every leg from each start: the position of the start, where the leg goes, and its length. [km]"""
        low = np.searchsorted(self.key, start * self.size)
        count = np.searchsorted(self.key, (start + 1) * self.size) - low
        pair = np.repeat(np.arange(len(start)), count)
        at = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
        return pair, self.key[at] % self.size, self.km[at]

    def between(self, start: Ints, end: Ints) -> Floats:
        """Return the length of the leg between each start and end; infinite where there is none. [km]"""
        wanted = start * self.size + end
        at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        return np.where(self.key[at] == wanted, self.km[at], np.inf)
