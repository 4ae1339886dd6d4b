"""
What limits a load at each of many sites, before and after every outage: exact, and never sites x lines x outages.

Of all pairs of a line and an outage those are collected whose key, a lower bound of every site's limit, is least; as
many as a budget of memory allows. A site whose limits all lie below the keys of the pairs left out is done. For the
others the next pairs are collected. Sites are taken in small groups that lie near each other, in which most pairs can
be told to limit none by one comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import depth_first_order, dijkstra

from three_mismatches._kernels.security import (
    enter_limit,
    keep_pairs,
    keep_single_pairs,
    keys_by_cluster,
    limits_before,
    limits_of_pairs,
    pairs_within,
    touched_by_pairs,
)
from three_mismatches.network import DcNetwork
from three_mismatches.power._base import LEAST_SHARE, BaseCase, Response
from three_mismatches.power._outages import CANCELLED, OutageFactors, cancelled, outage_factors
from three_mismatches.power._pairs import Kept, Pairs
from three_mismatches.power._sensitivities import Sensitivities
from three_mismatches.power.contingencies import Outages

__all__ = ["CAPACITY", "MAXIMUM", "NONE", "Interfaces", "Limits", "Rules", "Screening"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Item = TypeVar("Item")
Result = TypeVar("Result")

CAPACITY, MAXIMUM, NONE = -1, -2, -3
"""Instead of a line: what can be generated, the user's maximum, and no limit at all."""

LANES = 32
"""Sites side by side."""

GROUPS = 8
"""Groups of sites for which pairs are chosen together first."""

CLUSTERS = 32
"""Clusters of sites by which pairs are told."""

CHUNK = 64
"""Outages whose equations are solved at once."""

WAVE = 8
"""Chunks after which the bound is taken anew: the same for any number of workers."""

FARTHEST = 2.0
"""Further limits are listed up to this many times the first."""

PAIRS = 2_000_000
"""Pairs that are held at once."""

SLICE = 8_192
"""Pairs after which the bound of a group is taken anew."""

LEAST_CUTOFF = 1e-9
"""A change below this for each MW is rounding."""

VIOLATED, VIOLATED_MW = 1e-9, 1e-6
"""A rating is violated beyond this share of it and this many MW."""

MOST_VIOLATIONS = 100_000
"""Of an outage's kind no more violations than this are listed: the worst."""


@dataclass(frozen=True)
class Rules:
    """What counts as a limit (see `hosting`), and how much is done at once."""

    cutoff: float = 0.0
    preexisting: str = "ignore"
    islanding: str = "redistribute"
    top: int = 5
    workers: int = 1
    pairs: int = PAIRS


@dataclass(frozen=True, eq=False)
class Interfaces:
    """
    Sums of flows over branches and then links, shape (interfaces, branches + links), and their limits. [MW]

    `fixed` is what other members carry; the limits are those of the rest.
    """

    names: pd.Index
    sums: csr_array
    low: Floats
    high: Floats
    fixed: Floats


@dataclass(eq=False)
class Limits:
    """
    The least limits of each site, least first, shape (sites, top). [MW]

    Attributes
    ----------
    line
        Position among branches and then interfaces, or one of `CAPACITY`, `MAXIMUM`, `NONE`.
    outage
        Number of the outage; -1 before any.
    answered, radial, touched, blind
        Which sites anything answers; which an outage leaves without anything that answers; which change a flow that is
        violated before; which change one whose rating is unknown.
    """

    mw: Floats
    line: Ints
    outage: Ints
    answered: Bools
    radial: Bools
    touched: Bools
    blind: Bools

    @classmethod
    def none(cls, sites: int, top: int) -> Limits:
        """Return the lists of sites that nothing answers."""
        line = np.full((sites, top), NONE, dtype=np.int64)
        outage = np.full((sites, top), -1, dtype=np.int64)
        return cls(np.zeros((sites, top)), line, outage, *(np.zeros(sites, dtype=bool) for _ in range(4)))

    def bound(self, sites: Ints) -> Floats:
        """Return up to which limit some of the sites still look. [MW]"""
        found: Floats = np.minimum(self.mw[sites, -1], FARTHEST * self.mw[sites, 0])
        return found

    def near(self) -> Limits:
        """Return the lists without limits that are too far from the first to have been looked for."""
        far = (self.mw > FARTHEST * self.mw[:, :1]) & (self.line != NONE)
        return replace(self, line=np.where(far, NONE, self.line))

    def at(self, sites: Ints) -> Limits:
        """Return the lists of some of the sites."""
        return Limits(*(column[sites] for column in vars(self).values()))

    def put(self, sites: Ints, found: Limits) -> None:
        """Write the lists of some of the sites."""
        for own, new in zip(vars(self).values(), vars(found).values(), strict=True):
            own[sites] = new


@dataclass(frozen=True, eq=False)
class _Round:
    """
    By what the pairs of a round are told: see `keys_by_cluster`.

    `sites` are those that still look, by cluster; `scale` up to which limit they do [MW].
    """

    sites: tuple[Ints, ...]
    scale: Floats
    most: Floats
    needed: Floats

    @classmethod
    def of(cls, sites: Sequence[Ints], most: Sequence[Floats], limits: Limits, cutoff: float) -> _Round:
        """Return the round of the sites that are left, and of what 1 MW at any of them changes each branch by."""
        scale = np.array([limits.bound(here).max(initial=0.0) for here in sites])
        # A site whose limit is infinite looks for all pairs: their keys are 0, and none is left out.
        product = np.stack(
            [np.where(each > 0.0, each * factor, 0.0) for each, factor in zip(most, scale, strict=True)],
            axis=1,
        )
        return cls(tuple(sites), scale, np.ascontiguousarray(product), cutoff * scale)


@dataclass(frozen=True, eq=False)
class _Ask:
    """The buses that are asked about, neighbours side by side, the sites of each cluster, and their limits so far."""

    buses: Ints
    clusters: tuple[Ints, ...]
    limits: Limits


class Screening:
    """
    One dispatch with its outages, ready to be asked about sites.

    Parameters
    ----------
    base, response
        The dispatch, and how it answers in each part that has sites.
    outages
        What can be lost.
    rating, emergency
        What each branch may carry before and after an outage; NaN is no limit. [MW]
    interfaces
        They count before any outage.
    rules
        What counts.
    sensitivities
        Of the same network, to be used again.
    """

    def __init__(
        self,
        base: BaseCase,
        response: Response,
        outages: Outages,
        ratings: tuple[Floats, Floats],
        interfaces: Interfaces,
        rules: Rules,
        sensitivities: Sensitivities | None = None,
    ) -> None:
        self.sensitivities = Sensitivities(base.model) if sensitivities is None else sensitivities
        self.base, self.response, self.outages, self.rules = base, response, outages, rules
        self.interfaces, self.network = interfaces, base.network
        self.rating = np.where(self.network.working, ratings[0], np.inf)
        self.emergency = ratings[1]
        self.tolerance = _tolerance(self.emergency)
        self.cutoff = max(rules.cutoff, LEAST_CUTOFF)
        self.violations: list[pd.DataFrame] = []
        self._row_of_part = np.full(int(self.network.component.max(initial=-1)) + 1, -1)
        self._row_of_part[response.parts] = np.arange(len(response.parts))
        answered = self._row_of_part[self.network.component[self.network.start]] >= 0
        self.watched = np.flatnonzero(self.network.working & np.isfinite(self.emergency) & answered)

    def limits(self, buses: Ints, maximum_mw: Floats) -> Limits:
        """
        Return the least limits of a load at each of some buses.

        Parameters
        ----------
        buses
            Their positions.
        maximum_mw
            Limits of each above this are not looked for. [MW]
        """
        found = Limits.none(len(buses), self.rules.top)
        row = self._row_of_part[self.network.component[buses]]
        known = np.flatnonzero(row >= 0)
        order = known[np.argsort(_places(self.network)[buses[known]], kind="stable")]
        count = min(CLUSTERS, 1 + len(order) // (2 * LANES))
        ask = _Ask(buses[order], tuple(np.array_split(np.arange(len(order)), count)), found.at(order))
        least, cap = ask.limits, self.response.cap_mw[row[order]]
        least.answered[:] = True
        maximum = maximum_mw[order]
        least.mw[:] = np.minimum(cap, maximum)[:, None]
        least.line[:, 0] = np.where(maximum < cap, MAXIMUM, CAPACITY)
        most = self._before(ask)
        for width, singles, others in self._classes():
            self._after(ask, width, singles, others, most)
        found.put(order, least)
        return found.near()

    def _map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Return what a function makes of items, in their order; kernels let several run at once."""
        if self.rules.workers == 1:
            return map(function, items)
        with ThreadPoolExecutor(self.rules.workers) as pool:
            return iter(list(pool.map(function, items)))

    def _table(self, buses: Ints) -> Floats:
        """Return what each branch and interface carries of 1 MW more load at each bus, shape (rows, buses)."""
        row = self._row_of_part[self.network.component[buses]]
        table = self.response.flow[row].T - self.sensitivities.flows_from(buses)
        if not len(self.interfaces.names):
            return np.ascontiguousarray(table)
        return np.vstack([table, self.interfaces.sums @ np.vstack([table, self.response.link[row].T])])

    def _largest(self, some: Iterable[Floats]) -> Floats:
        """Return the largest change of each branch that 1 MW at any of some sites makes."""
        most = np.zeros(len(self.network.branches))
        for one in some:
            np.maximum(most, one, out=most)
        return most

    # Before any outage

    def _before(self, ask: _Ask) -> list[Floats]:
        """Enter the limits of the intact network; return what 1 MW changes each branch by at most, by cluster."""
        both = np.concatenate([self.base.flow, self.base.links.p_set])
        flow = np.concatenate([self.base.flow, self.interfaces.sums @ both])
        low = np.concatenate([-self.rating, self.interfaces.low])
        high = np.concatenate([self.rating, self.interfaces.high])
        slack = _tolerance(np.minimum(np.abs(low), np.abs(high)))
        violated = np.flatnonzero((flow > high + slack) | (flow < low - slack))
        fixed = np.concatenate([np.zeros(len(self.rating)), self.interfaces.fixed])
        limit = np.where(flow > high, high + fixed, -low - fixed)[violated]
        self._note(violated, np.full(len(violated), -1), (flow + fixed)[violated], limit)
        skip = np.isnan(high)
        skip[violated] |= self.rules.preexisting == "ignore"
        unknown = np.flatnonzero(np.isnan(self.rating))
        relieved = self.rules.preexisting == "count"

        def enter(here: Ints) -> Floats:
            table, own = self._table(ask.buses[here]), ask.limits.at(here)
            lists = own.mw, own.line, own.outage
            limits_before(table, flow, low, high, slack, skip, self.cutoff, relieved, *lists)
            own.touched[:] = (np.abs(table[violated]) >= self.cutoff).any(axis=0)
            own.blind[:] = (np.abs(table[unknown]) >= self.cutoff).any(axis=0)
            ask.limits.put(here, own)
            most: Floats = np.abs(table[: len(self.rating)]).max(axis=1)
            return most

        return [self._largest(self._map(enter, _sliced(sites, LANES))) for sites in ask.clusters]

    def _note(self, line: Ints, outage: Ints, flow: Floats, rating: Floats) -> None:
        """Keep violations for the list."""
        columns = {"line": line, "outage": outage, "p0_mw": flow, "rating_mw": rating}
        self.violations.append(pd.DataFrame(columns))

    # After outages

    def _classes(self) -> Iterator[tuple[int, Ints, Ints]]:
        """Yield outages by how many lines they take, up to a power of two: lines that are no bridges, and the rest."""
        size = np.diff(self.outages.first)
        if not len(size):
            return
        single = size == 1
        easy = single.copy()
        easy[single] = ~self.base.model.bridges[self.outages.lines[self.outages.first[:-1][single]]]
        part = self.network.component[self.network.start[self.outages.lines]]
        matters = np.logical_or.reduceat(self._row_of_part[part] >= 0, self.outages.first[:-1])
        width = 2 ** np.ceil(np.log2(size)).astype(np.int64)
        for each in np.unique(width[matters]):
            here = (width == each) & matters
            yield int(size[here].max()), np.flatnonzero(here & easy), np.flatnonzero(here & ~easy)

    def _after(self, ask: _Ask, width: int, singles: Ints, others: Ints, most: list[Floats]) -> None:
        """Enter the limits of some outages: the pairs with the least keys first, until no site needs more."""
        now, earlier = _Round.of(ask.clusters, most, ask.limits, self.cutoff), _Earlier(len(self.rating))
        while now.scale.any():
            kept, violated = Kept(width, self.rules.pairs), [Pairs.room_for(0, width)]
            for pairs in self._collected(kept, now, singles, others, ask if not len(earlier) else None):
                sound = self._without_violated(pairs, violated, first=not len(earlier))
                kept.add(self._told(sound, now, earlier, kept.bound))
            found = kept.joined()
            if self.rules.preexisting != "ignore":
                found = Pairs.joined([*violated, found])
            beyond = _worst(violated)
            left, largest = [], []
            for sites, scale in zip(now.sites, now.scale, strict=True):

                def scan(
                    here: Ints,
                    pairs: Pairs = found,
                    beyond: Pairs = beyond,
                    done: float = kept.bound * scale,
                ) -> Floats:
                    return self._scan(ask, here, pairs, beyond, done)

                largest.append(self._largest(self._map(scan, _sliced(sites, LANES * GROUPS))))
                left.append(sites[ask.limits.bound(sites) > kept.bound * scale])
            if kept.bound >= 1.0:
                return
            earlier.add(now, kept.bound)
            now = _Round.of(left, largest, ask.limits, self.cutoff)

    def _told(self, pairs: Pairs, now: _Round, earlier: _Earlier, bound: float) -> Pairs:
        """Return the pairs of a round, with their keys."""
        keys_by_cluster(
            pairs.line, pairs.outage, pairs.after, pairs.factor, self.outages.first, self.outages.lines,
            self.emergency, now.most, now.needed, earlier.most, earlier.needed, earlier.bound, pairs.key,
        )  # fmt: skip
        return pairs.at(pairs.key < bound)

    def _collected(
        self, kept: Kept, now: _Round, singles: Ints, others: Ints, ask: _Ask | None
    ) -> Iterator[Pairs]:
        """Yield the pairs of some outages that may be told; of pieces that are split off the limits, too."""
        most = now.most.max(axis=1)
        width = int(np.diff(self.outages.first)[np.concatenate([singles, others])].max(initial=1))
        chunks = list(_sliced(singles, CHUNK))
        for wave in range(0, len(chunks), WAVE):
            bound = kept.bound

            def collect(chunk: Ints, bound: float = bound) -> Pairs:
                return self._single_pairs(chunk, width, most, bound)

            yield from self._map(collect, chunks[wave : wave + WAVE])
        for outage, factors in outage_factors(self.base.model, self.response, self.outages, others):
            if factors.pieces and self.rules.islanding == "skip":
                continue
            if ask is not None:
                self._split_off(ask, outage, factors)
            yield self._other_pairs(outage, factors, width, most, kept.bound)

    def _split_off(self, ask: _Ask, outage: int, factors: OutageFactors) -> None:
        """Enter what sites can draw in the pieces that an outage splits off."""
        limits, before = ask.limits, self.base.flow[factors.lost]
        for piece in factors.pieces:
            within = np.isin(ask.buses, piece.buses)
            alone = piece.share <= LEAST_SHARE
            room = 0.0 if alone else max(0.0, piece.limit_mw * piece.share + float(piece.sent @ before))
            limits.radial |= within & alone
            last, by = limits.mw[:, -1], limits.outage[:, -1]
            for site in np.flatnonzero(within & ((room < last) | ((room == last) & (outage < by)))):
                lists = limits.mw[site], limits.line[site], limits.outage[site]
                enter_limit(*lists, room, CAPACITY, outage)

    def _single_pairs(self, chunk: Ints, width: int, most: Floats, bound: float) -> Pairs:
        """Return the pairs of outages of one line each that are no bridges."""
        network = self.network
        lost = self.outages.lines[self.outages.first[chunk]]
        angle, case = self.sensitivities.angles_across(lost), np.arange(len(lost))
        apart = angle[network.start[lost], case] - angle[network.end[lost], case]
        stuck = ~(np.abs(1.0 - network.susceptance[lost] * apart) > CANCELLED)
        if stuck.any():
            raise cancelled(network, lost[stuck])
        found = Pairs.room_for(len(self.watched) * len(lost), width)
        count = keep_single_pairs(
            angle, network.start, network.end, network.susceptance,
            self.watched, lost, chunk, self.base.flow, self.emergency, self.tolerance, most, bound,
            *found.arrays(),
        )  # fmt: skip
        return found.at(slice(count))

    def _other_pairs(
        self, outage: int, factors: OutageFactors, width: int, most: Floats, bound: float
    ) -> Pairs:
        """Return the pairs of an outage of several lines, or of a bridge."""
        found = Pairs.room_for(len(self.watched), width)
        count = keep_pairs(
            factors.moved, factors.lost, outage,
            self.watched, self.base.flow, self.emergency, self.tolerance, most, bound,
            *found.arrays(),
        )  # fmt: skip
        return found.at(slice(count))

    def _without_violated(self, pairs: Pairs, violated: list[Pairs], *, first: bool) -> Pairs:
        """Return the pairs that are not violated before; in the first round note those that are."""
        beyond = self.emergency[pairs.line] - np.abs(pairs.after) < -self.tolerance[pairs.line]
        if not beyond.any():
            return pairs
        if first:
            found = pairs.at(beyond)
            violated.append(found)
            self._note(found.line, found.outage, found.after, self.emergency[found.line])
        return pairs.at(~beyond)

    def _scan(self, ask: _Ask, here: Ints, pairs: Pairs, violated: Pairs, bound: float) -> Floats:
        """Enter the limits of pairs; return the most that 1 MW at any site that needs more changes each branch."""
        groups = list(_sliced(here, LANES))
        tables = [self._table(ask.buses[group]) for group in groups]
        most = self._largest(np.abs(table[: len(self.rating)]).max(axis=1) for table in tables)
        chosen = self._within(np.arange(len(pairs.key)), pairs, most, float(ask.limits.bound(here).max()))
        rest = []
        for group, table in zip(groups, tables, strict=True):
            own = ask.limits.at(group)
            self._enter(table, own, chosen, pairs)
            touched_by_pairs(
                table, violated.line, violated.outage, violated.factor,
                self.outages.first, self.outages.lines, self.cutoff, own.touched,
            )  # fmt: skip
            ask.limits.put(group, own)
            everyone = np.arange(len(group))
            left = np.abs(table[: len(self.rating), own.bound(everyone) > bound])
            rest.append(left.max(axis=1, initial=0.0))
        return self._largest(rest)

    def _enter(self, table: Floats, own: Limits, chosen: Ints, pairs: Pairs) -> None:
        """Enter the limits of pairs at the sites of one table."""
        most = np.abs(table[: len(self.rating)]).max(axis=1)
        relieved = self.rules.preexisting == "count"
        for begin in range(0, len(chosen), SLICE):
            some = self._within(
                chosen[begin : begin + SLICE], pairs, most, float(own.bound(np.arange(len(own.mw))).max())
            )
            limits_of_pairs(
                table, some, pairs.line, pairs.outage, pairs.after, pairs.factor,
                self.outages.first, self.outages.lines, self.emergency, self.tolerance, self.cutoff, relieved,
                own.mw, own.line, own.outage,
            )  # fmt: skip

    def _within(self, some: Ints, pairs: Pairs, most: Floats, bound: float) -> Ints:
        """Return those of some pairs that can limit below a bound where 1 MW changes no branch by more than `most`."""
        found = np.empty(len(some), dtype=np.int64)
        count = pairs_within(
            some, pairs.line, pairs.outage, pairs.after, pairs.factor,
            self.outages.first, self.outages.lines, self.emergency, most, bound, found,
        )  # fmt: skip
        return found[:count]


class _Earlier:
    """By what the pairs of earlier rounds were told."""

    def __init__(self, branches: int) -> None:
        self.most, self.needed, self.bound = np.zeros((0, branches, 0)), np.zeros((0, 0)), np.zeros(0)

    def __len__(self) -> int:
        """Return how many rounds there were."""
        return len(self.bound)

    def add(self, past: _Round, bound: float) -> None:
        """Add a round, and the bound of its keys."""
        if not len(self):
            self.most, self.needed = (
                self.most.reshape(0, *past.most.shape),
                self.needed.reshape(0, len(past.needed)),
            )
        self.most = np.concatenate([self.most, past.most[None]])
        self.needed = np.concatenate([self.needed, past.needed[None]])
        self.bound = np.append(self.bound, bound)


def _worst(violated: Sequence[Pairs]) -> Pairs:
    """Return the violations that decide which sites touch one: the worst of them."""
    pairs = Pairs.joined(violated)
    if len(pairs.key) <= MOST_VIOLATIONS:
        return pairs
    return pairs.at(np.argsort(pairs.key, kind="stable")[:MOST_VIOLATIONS])


def _sliced(items: Ints, size: int) -> Iterator[Ints]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def _tolerance(rating: Floats) -> Floats:
    """Return by how much a flow may be beyond its rating before it is violated. [MW]"""
    finite = np.where(np.isfinite(rating), rating, 0.0)
    return np.maximum(VIOLATED * finite, VIOLATED_MW)


def _places(network: DcNetwork) -> Ints:
    """
    Return a number for each bus such that neighbours have neighbouring ones.

    Buses are counted along a tree of shortest ways by reactance, branch after branch, so that any stretch of the count
    is a part of the network with few ways out.
    """
    size, at = len(network.buses), network.working
    roots = np.unique(network.component, return_index=True)[1]
    ends = (
        np.concatenate([network.start[at], np.full(len(roots), size)]),
        np.concatenate([network.end[at], roots]),
    )
    length = np.concatenate([1.0 / np.abs(network.susceptance[at]), np.ones(len(roots))])
    # Of parallel lines scipy adds the lengths, which only moves some ways.
    ways = coo_array((length, ends), shape=(size + 1, size + 1)).tocsr()
    found = dijkstra(ways, directed=False, indices=[size], return_predecessors=True)
    before = found[1][0, :size].astype(np.int64)
    tree = coo_array((np.ones(size), (before, np.arange(size))), shape=(size + 1, size + 1)).tocsr()
    place = np.empty(size + 1, dtype=np.int64)
    place[depth_first_order(tree, size, return_predecessors=False)] = np.arange(size + 1)
    return place[:size]
