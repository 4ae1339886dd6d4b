"""What the network makes of 1 MW at a bus or through a line: solved once, and kept while memory lasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches.power._dc_model import DcModel

__all__ = ["Sensitivities"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HELD_BYTES = 500_000_000
"""What may be kept for the next dispatch of the same network."""


class Sensitivities:
    """
    Solutions of a network's equations that do not depend on its dispatch.

    Parameters
    ----------
    model
        The factorised equations.
    keep
        Whether to keep solutions: worth it where the same buses and outages are asked again.
    """

    def __init__(self, model: DcModel, *, keep: bool = False) -> None:
        self.model, self._left = model, HELD_BYTES if keep else 0
        self._flows: dict[bytes, Floats] = {}
        self._angles: dict[bytes, Floats] = {}

    def flows_from(self, buses: Ints) -> Floats:
        """Return what each branch carries of 1 MW from each bus to its reference, shape (branches, buses)."""
        key = buses.tobytes()
        if key not in self._flows:
            injection = np.zeros((len(self.model.network.buses), len(buses)))
            injection[buses, np.arange(len(buses))] = 1.0
            return self._kept(self._flows, key, self.model.flows(injection, threads=1))
        return self._flows[key]

    def angles_across(self, lines: Ints) -> Floats:
        """Return the angles that 1 MW from end to end of each line makes, shape (buses, lines). [rad]"""
        key = lines.tobytes()
        if key not in self._angles:
            network, case = self.model.network, np.arange(len(lines))
            injection = np.zeros((len(network.buses), len(lines)))
            np.add.at(injection, (network.start[lines], case), 1.0)
            np.add.at(injection, (network.end[lines], case), -1.0)
            return self._kept(self._angles, key, self.model.angles(injection, threads=1))
        return self._angles[key]

    def _kept(self, store: dict[bytes, Floats], key: bytes, found: Floats) -> Floats:
        """Return what was found, and keep it if there is room."""
        if found.nbytes <= self._left:
            self._left -= found.nbytes
            store[key] = found
        return found
