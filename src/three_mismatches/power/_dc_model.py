"""
The equations of DC power flow, factorised once for each part of a network.

A branch carries its susceptance times the difference of its ends' angles, less what a phase shifter takes. The
angle of one bus of each part is 0; what is injected there does not enter, so that it takes up what the rest lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import SuperLU, splu

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.network import DcNetwork, bridges_of

__all__ = ["DcModel"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 512
"""Right-hand sides that are solved at once: wide enough for the solver, narrow enough for memory."""

RESIDUAL_MW = 1e-6
"""A balance that is farther off than this, for each MW injected, was solved with reactances that cancel."""


class DcModel:
    """
    The factorised equations of a network.

    Parameters
    ----------
    network
        Branches between buses.
    reference
        Position of the bus of each part whose angle is 0, by number of the part; without, the first of each part.
    """

    def __init__(self, network: DcNetwork, reference: Ints | None = None) -> None:
        self.network = network
        first = np.unique(network.component, return_index=True)[1]
        self.reference = first.astype(np.int64) if reference is None else reference
        count = len(network.buses)
        self.free = np.setdiff1d(np.arange(count), self.reference)
        matrix = _balance(network)
        self.reduced = csc_array(matrix[self.free][:, self.free])
        self.lu = self._factorised() if len(self.free) else None

    def _factorised(self) -> SuperLU:
        try:
            return splu(self.reduced, permc_spec="MMD_AT_PLUS_A")
        except RuntimeError:
            raise NetworkError([_cancelling()]) from None

    def angles(self, injection: Floats) -> Floats:
        """
        Return the angle of each bus. [rad]

        Parameters
        ----------
        injection
            Power that enters at each bus, shape (buses, cases). That of reference buses is not read. [MW]
        """
        theta = np.zeros_like(injection)
        if self.lu is None:
            return theta
        right = np.ascontiguousarray(injection[self.free])
        solved = self.lu.solve(right)
        off = np.abs(self.reduced @ solved - right).max(initial=0.0)
        if not off <= RESIDUAL_MW * max(1.0, np.abs(right).max(initial=0.0)):
            raise NetworkError([_cancelling()])
        theta[self.free] = solved
        return theta

    def flows(self, injection: Floats) -> Floats:
        """Return what each branch carries of injections, shape (branches, cases); shifters are left out. [MW]"""
        theta, network = self.angles(injection), self.network
        apart: Floats = theta[network.start] - theta[network.end]
        apart *= network.susceptance[:, None]
        return apart

    @cached_property
    def shifted(self) -> Floats:
        """What phase shifters drive through the branches where nothing is injected. [MW]"""
        network = self.network
        pushed = network.susceptance * network.shift_rad
        injection = np.zeros(len(network.buses))
        np.add.at(injection, network.start, pushed)
        np.add.at(injection, network.end, -pushed)
        return self.flows(injection[:, None])[:, 0] - pushed

    @cached_property
    def bridges(self) -> Bools:
        """Which branches are bridges."""
        return bridges_of(self.network)

    def ptdf_by_bus(self, buses: Ints) -> Iterator[tuple[slice, Floats]]:
        """Yield what each branch carries of 1 MW from each bus to its reference, some buses at a time."""
        for part in _parts(len(buses)):
            here = buses[part]
            injection = np.zeros((len(self.network.buses), len(here)))
            injection[here, np.arange(len(here))] = 1.0
            yield part, self.flows(injection)

    def ptdf_by_branch(self, branches: Ints) -> Iterator[tuple[slice, Floats]]:
        """Yield the same for each of some branches, shape (branches, buses): the equations are symmetric."""
        network = self.network
        for part in _parts(len(branches)):
            here = branches[part]
            injection = np.zeros((len(network.buses), len(here)))
            np.add.at(injection, (network.start[here], np.arange(len(here))), 1.0)
            np.add.at(injection, (network.end[here], np.arange(len(here))), -1.0)
            yield part, (self.angles(injection) * network.susceptance[here]).T

    def lodf_by_outage(self, outages: Ints) -> Iterator[tuple[slice, Floats]]:
        """
        Yield the share of an outaged branch's flow that each branch takes over, shape (branches, outages).

        -1 for the branch itself; NaN on the part of the network that a bridge would split.
        """
        network = self.network
        for part in _parts(len(outages)):
            here = outages[part]
            case = np.arange(len(here))
            injection = np.zeros((len(network.buses), len(here)))
            np.add.at(injection, (network.start[here], case), 1.0)
            np.add.at(injection, (network.end[here], case), -1.0)
            moved = self.flows(injection)
            own = moved[here, case]
            bridge = self.bridges[here]
            moved /= np.where(bridge | ~network.working[here], np.nan, 1.0 - own)
            moved[:, ~network.working[here]] = 0.0
            elsewhere = network.component[network.start][:, None] != network.component[network.start[here]]
            moved[elsewhere | ~network.working[:, None]] = 0.0
            moved[here, case] = np.where(network.working[here], -1.0, 0.0)
            yield part, moved


def _balance(network: DcNetwork) -> csc_array:
    """Return what leaves each bus for each angle, shape (buses, buses). [MW/rad]"""
    b, start, end = network.susceptance, network.start, network.end
    values = np.concatenate([b, b, -b, -b])
    rows = np.concatenate([start, end, start, end])
    columns = np.concatenate([start, end, end, start])
    size = len(network.buses)
    return csc_array(coo_array((values, (rows, columns)), shape=(size, size)))


def _parts(count: int) -> Iterator[slice]:
    for begin in range(0, count, CHUNK):
        yield slice(begin, min(begin + CHUNK, count))


def _cancelling() -> Fault:
    problem = "of several lines cancel each other: no flow follows from them"
    return Fault("lines", "x_pu_100", problem, "Correct the negative ones")
