"""Where chains end, which way they come from, and whether another goes on from there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from three_mismatches.repair._chains import Chains
from three_mismatches.repair._near import km_per_degree
from three_mismatches.repair._order import numbered

__all__ = ["Ends", "line_ends"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEAR_END_DEG = 0.0005
"""How far from its end, some 50 m, the direction is taken in which a line ends. [degrees]"""


@dataclass(frozen=True, eq=False)
class Ends:
    """Places where chains end: one for each vertex, voltage, zone and current."""

    lonlat: Floats
    v_nom: Floats
    dc: Bools
    zone: NDArray[np.object_]
    degree: Ints
    of_start: Ints
    of_end: Ints
    chain: Ints
    bearing: Floats

    @property
    def dangling(self) -> Bools:
        """Return where a single chain ends."""
        return np.asarray(self.degree == 1)

    @property
    def far(self) -> Ints:
        """Return the other end of a chain that ends at each end."""
        return self.of_start[self.chain] + self.of_end[self.chain] - np.arange(len(self.chain))


def line_ends(chains: Chains) -> Ends:
    """Return where chains end, and each chain's two ends."""
    zone = chains.table["zone"].to_numpy(dtype=object)
    network = numbered(chains.table, ["v_nom", "dc", "zone"])
    count = len(chains.km)
    key = np.stack([np.tile(network, 2), np.concatenate([chains.start, chains.end])])
    unique, first, of = np.unique(key, axis=1, return_index=True, return_inverse=True)
    of = of.reshape(-1).astype(np.int64)
    chain = (first % count).astype(np.int64) if count else first.astype(np.int64)
    lonlat = chains.vertices[unique[1]]
    inward = _inward(chains, chain, first >= count)
    scale = np.stack(km_per_degree(lonlat[:, 1]), axis=1)
    way = (inward - lonlat) * scale
    return Ends(
        lonlat=lonlat,
        v_nom=chains.table["v_nom"].to_numpy()[chain],
        dc=chains.table["dc"].to_numpy(dtype=bool)[chain],
        zone=zone[chain],
        degree=np.bincount(of, minlength=unique.shape[1]).astype(np.int64),
        of_start=of[:count],
        of_end=of[count:],
        chain=chain,
        bearing=np.degrees(np.arctan2(way[:, 1], way[:, 0])),
    )


def _inward(chains: Chains, chain: Ints, at_end: Bools) -> Floats:
    """Return a place near the end, from which the line comes; further in than what rounding can turn."""
    near = np.where(at_end, -1.0, 1.0) * NEAR_END_DEG
    return shapely.get_coordinates(shapely.line_interpolate_point(chains.geometry[chain], near)).reshape(
        -1, 2
    )
