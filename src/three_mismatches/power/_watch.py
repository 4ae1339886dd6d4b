"""Which flows a dispatch would drive beyond ratings after outages, for programmes that add rows where it does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels.security import keep_pairs, keep_single_pairs
from three_mismatches.power._base import BaseCase, Response
from three_mismatches.power._outages import OutageFactors, outage_factors
from three_mismatches.power._sensitivities import Sensitivities
from three_mismatches.power.contingencies import Outages

__all__ = ["Violated", "Watch"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SECURE_MW, SECURE = 1e-4, 1e-6
"""A flow after an outage is within its rating up to this many MW and this share."""

ROWS_PER_LINE, ROWS_AT_ONCE = 3, 2_000
"""Violations that one round names for each line, and in all: the worst."""

HELD = 40_000_000
"""Factors of outages that are kept; beyond it they are made again in each round."""

CHUNK = 64
"""Outages whose equations are solved at once."""

FEW_CHUNKS = 8
"""Fewer than so many are not worth a thread."""


@dataclass(frozen=True, eq=False)
class Violated:
    """A line that is beyond its rating after an outage: which, by how much of it, and how its flow follows."""

    line: int
    outage: int
    excess: float
    lost: Ints
    factor: Floats


class Watch:
    """
    What flows may be after outages, and which of them a dispatch violates.

    Parameters
    ----------
    base, response
        The network, and who answers an outage that splits it.
    outages
        What can be lost.
    rating
        What each branch may carry after an outage; NaN is no limit. [MW]
    islanding, preexisting
        See `ladder`.
    """

    def __init__(
        self,
        base: BaseCase,
        response: Response,
        outages: Outages,
        rating: Floats,
        *,
        islanding: str,
        preexisting: str,
    ) -> None:
        self.base, self.network, self.outages, self.rating = base, base.network, outages, rating
        self._sensitivities = Sensitivities(base.model, keep=True)
        self._response, self._islanding, self._preexisting = response, islanding, preexisting
        self.watched = np.flatnonzero(self.network.working & np.isfinite(rating))
        self._tolerance = np.maximum(SECURE * np.where(np.isfinite(rating), rating, 0.0), SECURE_MW)
        size = np.diff(outages.first)
        single = size == 1
        easy = single.copy()
        easy[single] = ~base.model.bridges[outages.lines[outages.first[:-1][single]]]
        self._singles, self._others = np.flatnonzero(easy), np.flatnonzero(~easy)
        self._held: list[tuple[int, OutageFactors]] | None = None
        self.pieces = self._pieces()
        self._bridges = self._together()

    def _pieces(self) -> list[tuple[int, Ints]]:
        """Return the outages that split off pieces, with each piece's buses, and keep the factors if they are few."""
        few = len(self.network.branches) * int(np.diff(self.outages.first)[self._others].sum()) <= HELD
        held: list[tuple[int, OutageFactors]] = []
        pieces: list[tuple[int, Ints]] = []
        for outage, factors in self._factors():
            pieces += [(outage, piece.buses) for piece in factors.pieces]
            if few:
                held.append((outage, factors))
        self._held = held if few else None
        return pieces

    def _together(self) -> tuple[Ints, Ints, Floats]:
        """Take the outages of one line each out of what is kept: their numbers, lines, and factors side by side."""
        some = [(outage, each) for outage, each in self._held or [] if len(each.lost) == 1]
        if self._held is not None:
            self._held = [(outage, each) for outage, each in self._held if len(each.lost) > 1]
        moved = np.array([each.moved[self.watched, 0] for _, each in some]).reshape(
            len(some), len(self.watched)
        )
        number, lost = (
            np.array(column, dtype=np.int64)
            for column in ([outage for outage, _ in some], [each.lost[0] for _, each in some])
        )
        # A line that is lost itself, or in a piece where nobody answers, is not looked at.
        moved[self.watched == lost[:, None]] = np.nan
        return number, lost, moved

    def _factors(self) -> Iterator[tuple[int, OutageFactors]]:
        """Yield the factors of outages that take several lines, or a bridge."""
        if self._held is not None:
            yield from self._held
            return
        for outage, factors in outage_factors(self.base.model, self._response, self.outages, self._others):
            if not (factors.pieces and self._islanding == "skip"):
                yield outage, factors

    def violated(self, flow: Floats) -> list[Violated]:
        """Return what a dispatch violates after outages: the worst outages of each line."""
        some = self._by_single(flow), self._by_bridges(flow), self._by_others(flow)
        found = [pair for pairs in some for pair in pairs]
        found.sort(key=lambda pair: (-pair.excess, pair.outage, pair.line))
        seen = np.zeros(len(self.network.branches), dtype=np.int64)
        chosen = []
        for pair in found:
            seen[pair.line] += 1
            if seen[pair.line] <= ROWS_PER_LINE:
                chosen.append(pair)
        return chosen[:ROWS_AT_ONCE]

    def _by_single(self, flow: Floats) -> Iterator[Violated]:
        network, nobody = self.network, np.zeros(len(self.network.branches))

        def chosen(some: Ints) -> list[Violated]:
            lost = self.outages.lines[self.outages.first[some]]
            kept = _Room(len(self.watched) * len(lost), 1)
            count = keep_single_pairs(
                self._sensitivities.angles_across(lost), network.start, network.end, network.susceptance,
                self.watched, lost, some, flow, self.rating, self._tolerance, nobody, 0.0,
                kept.key, kept.line, kept.outage, kept.after, kept.factor,
            )  # fmt: skip
            return list(self._chosen(kept, count))

        chunks = [self._singles[begin : begin + CHUNK] for begin in range(0, len(self._singles), CHUNK)]
        if len(chunks) < FEW_CHUNKS:
            found = [chosen(some) for some in chunks]
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                found = list(pool.map(chosen, chunks))
        yield from (pair for pairs in found for pair in pairs)

    def _by_bridges(self, flow: Floats) -> Iterator[Violated]:
        number, lost, moved = self._bridges
        after = flow[self.watched] + moved * flow[lost][:, None]
        outage, place = np.nonzero(np.abs(after) > (self.rating + self._tolerance)[self.watched])
        kept = _Room(0, 1)
        kept.line, kept.outage = self.watched[place], number[outage]
        kept.after, kept.factor = after[outage, place], moved[outage, place][:, None]
        yield from self._chosen(kept, len(place))

    def _by_others(self, flow: Floats) -> Iterator[Violated]:
        for outage, factors in self._factors():
            kept = _Room(len(self.watched), len(factors.lost))
            count = keep_pairs(
                factors.moved, factors.lost, outage,
                self.watched, flow, self.rating, self._tolerance, np.zeros(len(self.network.branches)), 0.0,
                kept.key, kept.line, kept.outage, kept.after, kept.factor,
            )  # fmt: skip
            yield from self._chosen(kept, count)

    def _chosen(self, kept: _Room, count: int) -> Iterator[Violated]:
        """Yield the violations that count among some pairs, for each line the worst of them."""
        line, outage, factor = kept.line[:count], kept.outage[:count], kept.factor[:count]
        excess = np.abs(kept.after[:count]) - self.rating[line]
        counts = excess > self._tolerance[line]
        if self._preexisting == "ignore":
            before = self.base.flow[line].copy()
            for part in range(factor.shape[1]):
                lost = np.minimum(self.outages.first[outage] + part, len(self.outages.lines) - 1)
                before += factor[:, part] * self.base.flow[self.outages.lines[lost]]
            counts &= np.abs(before) <= self.rating[line] + self._tolerance[line]
        share = excess / np.maximum(self.rating[line], 1.0)
        at = np.flatnonzero(counts)
        at = at[np.lexsort((outage[at], -share[at], line[at]))]
        place = np.arange(len(at)) - np.searchsorted(line[at], line[at])
        for pair in at[place < ROWS_PER_LINE]:
            lost = self.outages.lost(int(outage[pair]))
            yield Violated(
                int(line[pair]), int(outage[pair]), float(share[pair]), lost, factor[pair, : len(lost)].copy()
            )


class _Room:
    """Arrays that a kernel can fill with pairs."""

    def __init__(self, size: int, width: int) -> None:
        self.key, self.after = np.empty(size), np.empty(size)
        self.line, self.outage = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        self.factor = np.zeros((size, width))
