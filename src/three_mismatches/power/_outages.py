"""
How flows follow an outage that takes several lines, or that splits a part of the network.

After an outage of the lines C each branch carries what it carried and, of what each lost line carried, a factor. An
outage that splits the network is two steps: the lines whose loss splits nothing, and a forest of bridges between the
pieces. What a piece sent or took over its bridges is taken up within it, by those of it that answer for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.network import DcNetwork
from three_mismatches.network.dc import components
from three_mismatches.power._base import LEAST_SHARE, Response
from three_mismatches.power._dc_model import DcModel
from three_mismatches.power.contingencies import Outages

__all__ = ["CANCELLED", "OutageFactors", "Piece", "cancelled", "outage_factors", "split_by"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SINGULAR = 1e-7
"""Lost lines that together leave less than this of a way round split the network, or nearly so."""

EQUAL = 1e-9
"""Shares of participation that differ by less are equal."""

CANCELLED = 1e-11
"""Lost lines that leave less than this of a way round and split nothing leave no flow that could be told."""


@dataclass(frozen=True, eq=False)
class Piece:
    """
    A piece that an outage splits off: its buses, and what it can feed.

    `share` is its part of the participation. A load within it can draw `limit_mw` (times that share), and what the
    piece sent over each lost line before. [MW]
    """

    buses: Ints
    share: float
    limit_mw: float
    sent: Floats


@dataclass(frozen=True, eq=False)
class OutageFactors:
    """
    What each branch takes over of the flow of each lost line.

    `moved` has shape (branches, lost); a row of NaN belongs to a piece in which nothing answers. `pieces` are those
    that are split off: all but the one with the largest share, of equal ones that with most buses.
    """

    lost: Ints
    moved: Floats
    pieces: tuple[Piece, ...]


def split_by(network: DcNetwork, lost: Ints) -> Ints | None:
    """Return the piece that each bus is in once lines are lost; None where none of them splits anything."""
    rest = network.working.copy()
    rest[lost] = False
    label = components(network.start[rest], network.end[rest], len(network.buses))
    return None if label.max(initial=-1) == network.component.max(initial=-1) else label


def outage_factors(
    model: DcModel, response: Response, outages: Outages, chosen: Ints
) -> Iterator[tuple[int, OutageFactors]]:
    """Yield the factors of some outages, some at a time so that their equations are solved together."""
    network = model.network
    for begin in range(0, len(chosen), TOGETHER):
        some = chosen[begin : begin + TOGETHER]
        lost = np.concatenate([outages.lost(outage) for outage in some])
        ends = np.unique(np.concatenate([network.start[lost], network.end[lost]]))
        injection = np.zeros((len(network.buses), len(ends)))
        injection[ends, np.arange(len(ends))] = 1.0
        ways = _Ways(model, response, ends, model.flows(injection))
        for outage in some:
            yield int(outage), ways.factors(outages.lost(outage))


TOGETHER = 64
"""Outages whose equations are solved at once."""


@dataclass(frozen=True, eq=False)
class _Part:
    """Buses and lines of a part of the network, and its row of `Response`: zeros where nothing answers."""

    buses: Bools
    lines: Bools
    share: Floats
    flow: Floats
    limit: Floats


class _Ways:
    """What each branch carries of 1 MW from some buses, and the outages that follow from it."""

    def __init__(self, model: DcModel, response: Response, ends: Ints, flows: Floats) -> None:
        self.model, self.network, self.response = model, model.network, response
        self._ends, self._flows = ends, flows
        self._parts: dict[int, _Part] = {}

    def of(self, buses: Ints) -> Floats:
        """Return what each branch carries of 1 MW from each of some buses. [MW/MW]"""
        return self._flows[:, np.searchsorted(self._ends, buses)]

    def factors(self, lost: Ints) -> OutageFactors:
        """Return the factors of one outage."""
        network = self.network
        if len(lost) == 1 and self.model.bridges[lost[0]]:
            return self._bridge(int(lost[0]))
        parts = np.unique(network.component[network.start[lost]])
        if len(parts) == 1:
            return self._within(lost)
        moved = np.zeros((len(network.branches), len(lost)))
        pieces: list[Piece] = []
        for part in parts:
            own = network.component[network.start[lost]] == part
            found = self._within(lost[own])
            here = network.component[network.start] == part
            moved[np.ix_(here, own)] = found.moved[here]
            nowhere = here & np.isnan(found.moved[:, 0])
            moved[nowhere] = np.nan
            pieces += [_wider(piece, own) for piece in found.pieces]
        return OutageFactors(lost, moved, tuple(pieces))

    def _bridge(self, lost: int) -> OutageFactors:
        """Return the factors of a single bridge: the short way to what `_split` does."""
        network, here = self.network, self._here(int(self.network.component[self.network.start[lost]]))
        behind = self.model.sides.behind(lost)
        weight = np.array([here.share[~behind].sum(), here.share[behind].sum()])
        size = np.array([here.buses.sum() - behind.sum(), behind.sum()])
        main = _main(np.arange(2), weight, size)
        moved = np.where(here.lines, np.nan, 0.0)
        pieces = []
        for name, own in enumerate((here.buses & ~behind, behind)):
            leaves = bool(own[network.start[lost]])
            end = network.start[lost] if leaves else network.end[lost]
            sign = 1.0 if leaves else -1.0
            if weight[name] > LEAST_SHARE:
                lines = own[network.start]
                lines[lost] = False
                way = self.of(np.array([end]))[lines, 0]
                moved[lines] = (way - here.flow[lines]) * (sign / weight[name])
            if name != main:
                limit = float(here.limit[own].min(initial=np.inf)) if weight.any() else 0.0
                pieces.append(Piece(np.flatnonzero(own), float(weight[name]), limit, np.array([sign])))
        return OutageFactors(np.array([lost]), moved[:, None], tuple(pieces))

    def _here(self, part: int) -> _Part:
        """Return a part of the network, and how it answers."""
        if part not in self._parts:
            buses = self.network.component == part
            found = np.flatnonzero(self.response.parts == part)
            nothing = np.zeros(len(buses)), np.zeros(len(self.network.branches)), np.zeros(len(buses))
            row = self.response.share, self.response.flow, self.response.limit_mw
            share, flow, limit = (each[found[0]] for each in row) if len(found) else nothing
            self._parts[part] = _Part(buses, buses[self.network.start], share, flow, limit)
        return self._parts[part]

    def _within(self, lost: Ints) -> OutageFactors:
        """Return the factors of an outage within one part of the network."""
        network = self.network
        through = self.of(network.start[lost]) - self.of(network.end[lost])
        left = np.eye(len(lost)) - through[lost]
        if np.linalg.svd(left, compute_uv=False).min() > SINGULAR:
            return OutageFactors(lost, _moved(through, left), ())
        label = split_by(network, lost)
        if label is None:
            _refuse(network, lost, left)
            return OutageFactors(lost, _moved(through, left), ())
        bridge = _forest(label[network.start[lost]], label[network.end[lost]])
        return self._split(lost, bridge, label, through)

    def _split(self, lost: Ints, bridge: Bools, label: Ints, through: Floats) -> OutageFactors:
        """Return the factors of an outage that splits its part into pieces joined by bridges."""
        network = self.network
        rest, over = lost[~bridge], lost[bridge]
        first = through[:, ~bridge]
        left = np.eye(len(rest)) - first[rest]
        _refuse(network, rest, left)
        moved_first = _moved(first, left)
        moved = np.full((len(network.branches), len(lost)), np.nan)
        here = network.component == network.component[network.start[lost[0]]]
        moved[~here[network.start]] = 0.0
        found = np.flatnonzero(self.response.parts == network.component[network.start[lost[0]]])
        share = self.response.share[found[0]] if len(found) else np.zeros(len(network.buses))
        names = np.unique(label[here])
        weight = np.bincount(label, weights=share, minlength=int(label.max()) + 1).astype(np.float64)
        size = np.bincount(label[here], minlength=len(weight))
        tree = _Tree(label[network.start[over]], label[network.end[over]], weight)
        pieces = []
        main = _main(names, weight, size)
        for name in names:
            own = label == name
            touching, sign = tree.touching(int(name))
            sent = np.zeros(len(lost))
            sent[np.flatnonzero(bridge)[touching]] = sign
            sent[~bridge] = sign @ moved_first[over[touching]]
            if weight[name] > LEAST_SHARE:
                lines = own[network.start] & own[network.end]
                ends = np.where(sign > 0.0, network.start[over[touching]], network.end[over[touching]])
                behind = np.array([tree.behind(int(name), int(edge)) for edge in touching]) / weight[name]
                moved[lines] = self._piece(lines, rest, moved_first, int(found[0]), ends, behind) @ _sent(
                    len(lost), bridge, moved_first, over, touching, sign
                )
                moved[np.ix_(lines, ~bridge)] += moved_first[lines]
            if name != main:
                limit = (
                    float(self.response.limit_mw[found[0]][own].min(initial=np.inf)) if len(found) else 0.0
                )
                pieces.append(Piece(np.flatnonzero(own), float(weight[name]), limit, sent))
        return OutageFactors(lost, moved, tuple(pieces))

    def _piece(
        self, lines: Bools, rest: Ints, moved_first: Floats, part: int, ends: Ints, behind: Floats
    ) -> Floats:
        """Return what lines of a piece carry of 1 MW that it sent over each of its bridges, negative as a load."""
        flow, way = self.response.flow[part], self.of(ends)
        answer = flow[lines] + moved_first[lines] @ flow[rest]
        apart = answer[:, None] - (way[lines] + moved_first[lines] @ way[rest])
        carried: Floats = apart + (apart @ behind)[:, None]
        return -carried


def _main(names: Ints, weight: Floats, size: Ints) -> int:
    """Return the piece that the others are split off from; -1 where two are alike, whatever their order."""
    heaviest = names[weight[names] >= weight[names].max() - EQUAL]
    largest = heaviest[size[heaviest] == size[heaviest].max()]
    return int(largest[0]) if len(largest) == 1 else -1


def cancelled(network: DcNetwork, lost: Ints) -> NetworkError:
    """Return the error that the loss of some lines leaves no network from which flows follow."""
    problem = "leaves reactances that cancel each other or differ too much: no flow follows from them"
    cure = "Correct them, or leave this outage out"
    return NetworkError(
        [Fault("contingencies", "line", problem, cure, tuple(map(str, network.branches[lost])))]
    )


def _refuse(network: DcNetwork, lost: Ints, left: Floats) -> None:
    """Raise an error if what lost lines leave has no solution."""
    if left.size and not np.linalg.svd(left, compute_uv=False).min() > CANCELLED:
        raise cancelled(network, lost)


def _moved(through: Floats, left: Floats) -> Floats:
    """Return the factors of lines whose loss splits nothing, from what 1 MW through each does."""
    if not left.size:
        return through
    return np.ascontiguousarray(np.linalg.solve(left.T, through.T).T, dtype=np.float64)


def _sent(count: int, bridge: Bools, moved_first: Floats, over: Ints, touching: Ints, sign: Floats) -> Floats:
    """Return what a piece sends over each of its bridges, of what each lost line carried, shape (bridges, lost)."""
    sent = np.zeros((len(touching), count))
    sent[np.arange(len(touching)), np.flatnonzero(bridge)[touching]] = sign
    sent[:, ~bridge] = sign[:, None] * moved_first[over[touching]]
    return sent


def _wider(piece: Piece, own: Bools) -> Piece:
    """Return a piece whose lost lines are some of an outage's."""
    sent = np.zeros(len(own))
    sent[own] = piece.sent
    return Piece(piece.buses, piece.share, piece.limit_mw, sent)


def _forest(start: Ints, end: Ints) -> Bools:
    """Return which of some edges between pieces make a forest that joins all they join: the first that do."""
    root: dict[int, int] = {}

    def found(piece: int) -> int:
        while root.get(piece, piece) != piece:
            piece = root[piece]
        return piece

    chosen = np.zeros(len(start), dtype=bool)
    for at, (one, other) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        roots = found(one), found(other)
        if roots[0] != roots[1]:
            root[roots[0]] = roots[1]
            chosen[at] = True
    return chosen


class _Tree:
    """Pieces as nodes of a forest whose edges are bridges, and how much participation lies behind each."""

    def __init__(self, start: Ints, end: Ints, weight: Floats) -> None:
        self._start, self._end, self._weight = start, end, weight

    def touching(self, piece: int) -> tuple[Ints, Floats]:
        """Return the bridges at a piece, and +1 for those whose flow is counted as leaving it."""
        found = np.flatnonzero((self._start == piece) | (self._end == piece))
        return found, np.where(self._start[found] == piece, 1.0, -1.0)

    def behind(self, piece: int, edge: int) -> float:
        """Return the participation of all pieces that hang on an edge of a piece, on the far side."""
        first = int(self._end[edge] if self._start[edge] == piece else self._start[edge])
        seen, open_ = {piece, first}, [first]
        total = 0.0
        while open_:
            here = open_.pop()
            total += float(self._weight[here])
            for at in self.touching(here)[0]:
                other = int(self._end[at] if self._start[at] == here else self._start[at])
                if other not in seen:
                    seen.add(other)
                    open_.append(other)
        return total
