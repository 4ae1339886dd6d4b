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

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.network import DcNetwork, bridges_of
from three_mismatches.network.dc import Bridges
from three_mismatches.power.factor import PASSABLE, Cases, Factor, Readings, Worst, factorised

__all__ = ["DcModel"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 512
"""Columns that are yielded at once."""

CHECKED = 4
"""Right-hand sides of a call whose balance is checked; the factors were before, by any direction."""


class DcModel:
    """
    The factorised equations of a network.

    Parameters
    ----------
    network
        Branches between buses.
    reference
        Position of the bus of each part whose angle is 0, by number of the part; without, the first of each part.

    Attributes
    ----------
    place
        Row of each bus in the factor; the ground for reference buses.
    lines, angle
        Readings of the factor: what each branch carries, the angle of each bus.

    Notes
    -----
    `threads` of its methods is how many share the right-hand sides; without, as many as there are processors, and one
    where there is little to do. The answers are the same, bit for bit.
    """

    def __init__(self, network: DcNetwork, reference: Ints | None = None) -> None:
        self.network = network
        first = np.unique(network.component, return_index=True)[1]
        self.reference = first.astype(np.int64) if reference is None else reference
        count = len(network.buses)
        self.free = np.setdiff1d(np.arange(count), self.reference)
        self.factor = self._factorised()
        self.place = np.full(count, self.factor.ground, dtype=np.int64)
        self.place[self.free] = self.factor.row
        self.lines = Readings(self.place[network.start], self.place[network.end], network.susceptance)
        self.angle = Readings(self.place, np.full_like(self.place, self.factor.ground), np.ones(count))

    def _factorised(self) -> Factor:
        found = factorised(csc_array(_balance(self.network)[self.free][:, self.free]))
        if found is None:
            raise NetworkError([_cancelling()])
        return found

    def angles(self, injection: Floats, *, threads: int | None = None) -> Floats:
        """
        Return the angle of each bus. [rad]

        Parameters
        ----------
        injection
            Power that enters at each bus, shape (buses, cases). That of reference buses is not read. [MW]
        threads
            See the class.
        """
        theta = self.factor.respond(self.place, injection, self.angle, threads)
        network, some = self.network, _some(injection.shape[1])
        apart = theta[np.ix_(network.start, some)] - theta[np.ix_(network.end, some)]
        self._check(injection[:, some], network.susceptance[:, None] * apart)
        return theta

    def flows(self, injection: Floats, *, threads: int | None = None) -> Floats:
        """Return what each branch carries of injections, shape (branches, cases); shifters are left out. [MW]"""
        found = self.factor.respond(self.place, injection, self.lines, threads)
        some = _some(injection.shape[1])
        self._check(injection[:, some], found[:, some])
        return found

    def _check(self, injection: Floats, flow: Floats) -> None:
        """Raise if flows do not bring every bus what is injected there."""
        network = self.network
        for entering, carried in zip(injection.T, flow.T, strict=True):
            left = entering.astype(np.float64)
            np.subtract.at(left, network.start, carried)
            np.add.at(left, network.end, carried)
            off = np.abs(left[self.free]).max(initial=0.0)
            if not off <= PASSABLE * max(1.0, np.abs(entering[self.free]).max(initial=0.0)):
                raise NetworkError([_cancelling()])

    @cached_property
    def shifted(self) -> Floats:
        """What phase shifters drive through the branches where nothing is injected. [MW]"""
        network = self.network
        pushed = network.susceptance * network.shift_rad
        if not pushed.any():
            return np.zeros(len(pushed))
        injection = np.zeros(len(network.buses))
        np.add.at(injection, network.start, pushed)
        np.add.at(injection, network.end, -pushed)
        return self.flows(injection[:, None])[:, 0] - pushed

    @cached_property
    def sides(self) -> Bridges:
        """Which branches are bridges, and what lies behind each."""
        return bridges_of(self.network)

    @property
    def bridges(self) -> Bools:
        """Which branches are bridges."""
        return self.sides.found

    def chosen(self, lines: Ints | None) -> Readings:
        """Return the readings of some lines, of all without."""
        return self.lines if lines is None else self.lines.at(lines)

    def transfers(self, buses: Ints) -> Cases:
        """Return the cases that 1 MW goes from each of some buses to its reference."""
        count = len(buses)
        ground = np.full(count, self.factor.ground, dtype=np.int64)
        return Cases(self.place[buses], ground, np.ones(count), np.zeros(count))

    def losses(self, branches: Ints, flow: Floats) -> Cases:
        """Return the cases that each of some branches is lost, with what it carried; no bridge may be among them."""
        return Cases(self.lines.plus[branches], self.lines.minus[branches], flow, self.lines.weight[branches])

    def ptdf_into(self, out: Floats, lines: Ints | None, buses: Ints, threads: int | None = None) -> None:
        """Write what each of some lines carries of 1 MW from each of some buses to its reference."""
        self.factor.fill(self.transfers(buses), self.chosen(lines), out, threads)

    def ptdf_by_line_into(self, out: Floats, lines: Ints, buses: Ints, threads: int | None = None) -> None:
        """Write the same into a table of shape (buses, lines), a right-hand side for each line: B is symmetric."""
        plus, minus, weight = self.chosen(lines)
        cases = Cases(plus, minus, weight, np.zeros(len(lines)))
        self.factor.fill(cases, self.angle.at(buses), out, threads)

    def lodf_into(self, out: Floats, lines: Ints | None, outages: Ints, threads: int | None = None) -> None:
        """
        Write the share of each outage's flow that each of some lines takes over.

        -1 for the branch itself; NaN on the part of the network that a bridge would split.
        """
        network = self.network
        row = np.arange(len(network.branches)) if lines is None else lines
        bridge, working = self.bridges[outages], network.working[outages]
        cases = self.losses(outages, np.where(working & ~bridge, 1.0, 0.0))
        feedback = np.where(bridge, 0.0, cases.feedback)
        self.factor.fill(cases._replace(feedback=feedback), self.chosen(lines), out, threads)
        part = np.where(network.working, network.component[network.start], -1)[row]
        lost = network.component[network.start[outages]]
        for number in np.unique(lost[bridge]):
            out[np.ix_(part == number, bridge & (lost == number))] = np.nan
        at, same = _alike(row, outages)
        out[at, same] = np.where(working[same], -1.0, 0.0)

    def worst_after_loss(self, outages: Ints, flow: Floats, threads: int | None = None) -> Worst:
        """
        Return what each branch carries at worst after the loss of one of some branches, none of which is a bridge.

        `flow` is what all branches carry before. Nothing is stored but the greatest flow.
        """
        return self.factor.worst(self.losses(outages, flow[outages]), outages, self.lines, flow, threads)

    def ptdf_by_bus(self, buses: Ints) -> Iterator[tuple[slice, Floats]]:
        """Yield what each branch carries of 1 MW from each bus to its reference, some buses at a time."""
        for part in _parts(len(buses)):
            found = np.empty((len(self.network.branches), part.stop - part.start))
            self.ptdf_into(found, None, buses[part])
            yield part, found

    def ptdf_by_branch(self, branches: Ints) -> Iterator[tuple[slice, Floats]]:
        """Yield the same for each of some branches, shape (branches, buses): the equations are symmetric."""
        everywhere = np.arange(len(self.network.buses))
        for part in _parts(len(branches)):
            found = np.empty((len(everywhere), part.stop - part.start))
            self.ptdf_by_line_into(found, branches[part], everywhere)
            yield part, found.T

    def lodf_by_outage(self, outages: Ints) -> Iterator[tuple[slice, Floats]]:
        """
        Yield the share of an outaged branch's flow that each branch takes over, shape (branches, outages).

        As `lodf_into`, some outages at a time.
        """
        for part in _parts(len(outages)):
            found = np.empty((len(self.network.branches), part.stop - part.start))
            self.lodf_into(found, None, outages[part])
            yield part, found


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


def _alike(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Return the places of every pair of equal numbers."""
    order = np.argsort(second, kind="stable")
    least = np.searchsorted(second, first, side="left", sorter=order)
    count = np.searchsorted(second, first, side="right", sorter=order) - least
    before = np.repeat(least - np.cumsum(count) + count, count)
    return np.repeat(np.arange(len(first)), count), order[before + np.arange(len(before))]


def _some(count: int) -> Ints:
    """Return which columns are checked."""
    return np.unique(np.linspace(0, count - 1, min(count, CHECKED)).astype(np.int64))


def _cancelling() -> Fault:
    problem = "of several lines cancel each other: no flow follows from them"
    return Fault("lines", "x_pu_100", problem, "Correct the negative ones")
