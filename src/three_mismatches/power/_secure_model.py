"""
New load with free redispatch as one linear programme that is kept in HiGHS: what flows allow before and after outages.

Each branch has its flow as a column, so that a rating is a bound and what remains after an outage is a short row: the
flow, and of each lost line's flow the factor. Such rows are added where a solution violates them, until none does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import highspy
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, eye_array, hstack, vstack

from three_mismatches.errors import SolverError
from three_mismatches.layers import Grid
from three_mismatches.network import DcNetwork
from three_mismatches.power._base import BaseCase, LinkRoom, links_between_buses
from three_mismatches.power._highs import held
from three_mismatches.power._injections import by_bus, operating
from three_mismatches.power._screening import Interfaces
from three_mismatches.power._watch import Watch

__all__ = ["NO_LINE", "SHED_MW", "Injections", "SecureModel", "SecureSolution", "injections_of"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ANGLE_SCALE = 1e-3
"""Angles are held in milliradians: the programme's coefficients stay within some orders of magnitude."""

SHED_MW = 1e-3
"""Demand below this that is shed is the solver's rounding."""

LEAST_SLACK_MW = 1e-7
"""What may be shed beyond the least, at first: where a line's factor is small a MW of it is worth thousands."""

SLACK_MW, SLACK = 1e-6, 2e-8
"""What a total that a solve found may give up, and the share of it, when it becomes a bound of the next."""

DEVEX = 1
"""HiGHS' rule for choosing rows. Steepest edge, its own choice, solves once for each row whenever rows are added."""

AS_EVER: dict[str, str | int] = {
    "simplex_dual_edge_weight_strategy": DEVEX,
    "simplex_strategy": 1,
    "solver": "choose",
}
METHODS: tuple[tuple[str, str | int], ...] = (
    ("simplex_dual_edge_weight_strategy", -1),
    ("simplex_strategy", 4),
    ("solver", "ipm"),
)
"""Options of HiGHS, and what is tried one after the other, from the start, where a solve breaks off."""

NO_WEIGHT = 1e-6
"""A share of the price of a common level below this is rounding."""

MOST_ROUNDS = 200
"""Rounds after which rows have stopped to help."""

ANGLE, FLOW, SUPPLY, FORWARD, REVERSE, SHED, SPILL, NEW, LEVEL = range(9)
"""Kinds of columns."""

NO_LINE = -1
"""Instead of a line: what can be generated."""

OPTIMAL = highspy.HighsModelStatus.kOptimal
INFEASIBLE = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
"""What has new load without bound is none of them: all that generators give is finite."""


@dataclass(frozen=True, eq=False)
class Injections:
    """
    What each bus draws and can be fed, and what links can carry. [MW]

    A unit that runs below its least output or above its rating in the dispatch given may stay there.
    """

    demand: Floats
    least: Floats
    most: Floats
    links: LinkRoom


@dataclass(frozen=True, eq=False)
class SecureSolution:
    """
    What one solve found. [MW]

    `flow_dual` and `security` are MW of objective for each MW of rating: by branch before any outage, and by line and
    outage after one; line `NO_LINE` is what can be generated in the piece that the outage splits off. What that says of
    links that feed the piece is in `link_dual`.
    """

    new_mw: Floats
    shed_mw: Floats
    spill_mw: Floats
    flow_mw: Floats
    supply_mw: Floats
    link_mw: Floats
    level: float
    new_dual: Floats
    flow_dual: Floats
    link_dual: Floats
    interface_dual: Floats
    row_dual: Floats
    security: pd.DataFrame

    @property
    def lost_mw(self) -> float:
        """What is shed or spilt in all."""
        return float(self.shed_mw.sum() + self.spill_mw.sum())


def injections_of(grid: Grid, network: DcNetwork) -> Injections:
    """Return what the tables of a grid draw and can feed at each bus."""
    plants = operating(grid)
    output = plants["p_set"].fillna(plants["p_min"])
    least = output.where(output < plants["p_min"], plants["p_min"]).fillna(0.0).set_axis(plants["bus"])
    most = output.where(output > plants["p_nom"], plants["p_nom"]).set_axis(plants["bus"])
    return Injections(
        demand=by_bus(grid.loads.set_index("bus")["p_set"], network.buses, "loads"),
        least=by_bus(least, network.buses, "generators"),
        most=by_bus(most, network.buses, "generators"),
        links=links_between_buses(grid, network),
    )


class SecureModel:
    """
    A grid with new load at some buses.

    Parameters
    ----------
    base
        The network, and the dispatch whose violations may be left out.
    injections
        What buses draw and can be fed.
    places
        Positions of the buses with new load.
    rating
        Bound of each flow before any outage; NaN is none. [MW]
    kirchhoff
        Whether flows follow reactances; if not they may go any way that ratings leave.

    Attributes
    ----------
    solves
        How often the programme has been solved, rounds that added rows included.
    """

    def __init__(
        self, base: BaseCase, injections: Injections, places: Ints, rating: Floats, *, kirchhoff: bool = True
    ) -> None:
        self.base, self.network, self.injections, self.places = base, base.network, injections, places
        self.rating = np.where(np.isnan(rating), np.inf, rating)
        self._kirchhoff = kirchhoff
        self._demand = np.maximum(injections.demand, 0.0)
        self._surplus = np.maximum(-injections.demand, 0.0) + np.maximum(injections.least, 0.0)
        links = len(injections.links.names)
        buses, lines = len(self.network.buses), len(self.network.branches)
        self._first = np.cumsum([0, buses, lines, buses, links, links, buses, buses, len(places), 1])
        self._security: list[tuple[int, int, int]] = []
        self._pieces: list[tuple[int, int, int]] = []
        self._piece_buses: list[Ints] = []
        self._known: set[tuple[int, int]] = set()
        self._interface_rows = slice(0, 0)
        self._watch: Watch | None = None
        self._sheds = False
        self.solves = 0
        self._highs = self._load()
        self._total_shed = self._highs.getNumRow() - 1

    @property
    def rows(self) -> int:
        """How many pairs of a line and an outage have become rows."""
        return len(self._security)

    # Building

    def _columns(self, kind: int) -> slice:
        return slice(int(self._first[kind]), int(self._first[kind + 1]))

    def _load(self) -> highspy.Highs:
        matrix, low, high = self._fixed_rows()
        highs = held(matrix, self._bounds(), (low, high))
        highs.setOptionValue("simplex_dual_edge_weight_strategy", DEVEX)
        return highs

    def _fixed_rows(self) -> tuple[csr_array, Floats, Floats]:
        """Return balance, Kirchhoff's law and the total of demand that is shed or supply that is spilt."""
        demand, nothing = self.injections.demand, np.zeros(0)
        law, pushed = self._law() if self._kirchhoff else (csr_array((0, int(self._first[-1]))), nothing)
        lost = np.arange(self._first[SHED], self._first[NEW])
        place = (np.zeros(len(lost), dtype=np.int64), lost)
        total = csr_array((np.ones(len(lost)), place), shape=(1, int(self._first[-1])))
        matrix = csr_array(vstack([self._balance(), law, total]))
        return matrix, np.concatenate([demand, pushed, [-np.inf]]), np.concatenate([demand, pushed, [np.inf]])

    def _balance(self) -> csr_array:
        """Return, for each bus, what supply, shed demand, links and branches bring, less new load and spilt supply."""
        network, links, buses = self.network, self.injections.links, len(self.network.buses)
        unit = eye_array(buses)
        start, end = _at(links.bus0, buses), _at(links.bus1, buses)
        count = len(links.names)
        arriving = csr_array((links.efficiency, (np.arange(count),) * 2), shape=(count, count))
        return csr_array(
            hstack([
                csr_array((buses, buses)), _at(network.end, buses) - _at(network.start, buses), unit,
                end @ arriving - start, start @ arriving - end,
                unit, -unit, -_at(self.places, buses), csr_array((buses, 1)),
            ])
        )  # fmt: skip

    def _law(self) -> tuple[csr_array, Floats]:
        """Return, for each branch, its flow less what its ends' angles drive: what its phase shifter takes."""
        network = self.network
        lines, buses = len(network.branches), len(network.buses)
        size = (np.arange(lines),) * 2
        weight = csr_array((network.susceptance * ANGLE_SCALE, size), shape=(lines, lines))
        angle = weight @ (_at(network.start, buses) - _at(network.end, buses)).T
        rest = csr_array((lines, int(self._first[-1] - self._first[SUPPLY])))
        return csr_array(hstack([-angle, eye_array(lines), rest])), -network.susceptance * network.shift_rad

    def _bounds(self) -> tuple[Floats, Floats]:
        """Return the bounds of the columns; one bus of each part has the angle 0."""
        given, links = self.injections, self.injections.links
        angle = np.full(len(self.network.buses), np.inf)
        angle[self.base.model.reference] = 0.0
        flow = np.where(self.network.working, self.rating, 0.0)
        zero = np.zeros(int(self._first[-1] - self._first[FORWARD]))
        new = np.zeros(len(self.places) + 1)
        upper = [links.forward_mw, links.reverse_mw, self._demand, self._surplus, new]
        return (
            np.concatenate([-angle, -flow, given.least, zero]),
            np.concatenate([angle, flow, given.most, *upper]),
        )

    def add_interfaces(self, interfaces: Interfaces) -> None:
        """Bound sums of flows over branches and links."""
        count, lines = len(interfaces.names), len(self.network.branches)
        sums = csc_array(interfaces.sums)
        on_link = sums[:, lines:]
        buses = len(self.network.buses)
        rest = csr_array((count, int(self._first[-1] - self._first[SHED])))
        gaps = csr_array((count, buses))
        block = csr_array(hstack([gaps, sums[:, :lines], gaps, on_link, -on_link, rest]))
        begin = self._highs.getNumRow()
        self._add_rows(block, interfaces.low, interfaces.high)
        self._interface_rows = slice(begin, begin + count)

    def secure_against(self, watch: Watch) -> None:
        """
        Hold flows within ratings after outages, too, from now on.

        A piece that an outage splits off feeds no more new load than its own generation and links leave.
        """
        self._watch = watch
        begin = self._highs.getNumRow()
        rows: list[Ints] = []
        limits: list[float] = []
        for outage, piece in watch.pieces:
            here = np.flatnonzero(np.isin(self.places, piece))
            if len(here):
                self._pieces.append((begin + len(rows), NO_LINE, outage))
                self._piece_buses.append(piece)
                rows.append(here + int(self._first[NEW]))
                limits.append(self._left_in(piece))
        width = [len(columns) for columns in rows]
        place = (np.repeat(np.arange(len(rows)), width), np.concatenate([*rows, np.zeros(0, dtype=np.int64)]))
        block = csr_array((np.ones(sum(width)), place), shape=(len(rows), int(self._first[-1])))
        self._add_rows(block, np.full(len(rows), -np.inf), np.array(limits))

    def _left_in(self, piece: Ints) -> float:
        """Return what generators and links can feed in some buses beyond their demand. [MW]"""
        given, links = self.injections, self.injections.links
        there, back = self._over_links(piece)
        spare = given.most[piece].sum() - given.demand[piece].sum()
        # What is nothing times what is unlimited is nothing.
        brought = there[there > 0.0] @ links.forward_mw[there > 0.0]
        brought += back[back > 0.0] @ links.reverse_mw[back > 0.0]
        return max(0.0, float(spare + brought))

    def _over_links(self, piece: Ints) -> tuple[Floats, Floats]:
        """Return what of 1 MW over each link, there and back, arrives in some buses from elsewhere. [MW/MW]"""
        links = self.injections.links
        to, back = np.isin(links.bus1, piece), np.isin(links.bus0, piece)
        return links.efficiency * (to & ~back), links.efficiency * (back & ~to)

    def _add_rows(self, block: csr_array, low: Floats, high: Floats) -> None:
        if block.shape[0]:
            self._highs.addRows(
                block.shape[0], low, high, block.nnz, block.indptr[:-1].astype(np.int32),
                block.indices.astype(np.int32), block.data,
            )  # fmt: skip

    # Solving

    def most_new(self, upper_mw: Floats) -> SecureSolution:
        """
        Return the dispatch that brings most new load in all, none beyond its bound; demand is shed first as needed.

        Parameters
        ----------
        upper_mw
            Bound of each place. [MW]

        Raises
        ------
        SolverError
            If HiGHS ends without an optimum.
        """
        self._set_bounds(NEW, np.zeros(len(upper_mw)), upper_mw)
        return self._with_least_shed({NEW: 1.0})

    def raise_level(
        self, ask_mw: Floats, most_mw: Floats, share: Floats, total_mw: float
    ) -> tuple[float, Bools]:
        """
        Return the largest common share that all places without one can have, and which of them stop the rise.

        Parameters
        ----------
        ask_mw, most_mw
            What each place asks, and the most that it may have. [MW]
        share
            Share of each place; NaN where it has none yet.
        total_mw
            What all together get at least. [MW]
        """
        open_ = np.isnan(share)
        fixed = np.where(open_, 0.0, share) * ask_mw
        self._set_bounds(NEW, np.maximum(fixed - _slack(fixed), 0.0), np.where(open_, most_mw, fixed))
        self._set_bounds(LEVEL, np.zeros(1), np.ones(1))
        places, begin = np.flatnonzero(open_), self._highs.getNumRow()
        low = np.append(np.zeros(len(places)), total_mw - _slack(np.array([total_mw])))
        self._add_rows(self._shares(ask_mw, places), low, np.full(len(low), np.inf))
        found = self._with_least_shed({LEVEL: 1.0})
        # The prices of what is asked sum to 1 where the level stops below 1.
        weight = ask_mw[places] * found.row_dual[begin : begin + len(places)]
        stopped = np.zeros(len(share), dtype=bool)
        stopped[places] = weight > NO_WEIGHT
        # What was asked once does not bind the next round.
        for row in range(begin, begin + len(low)):
            self._highs.changeRowBounds(row, -np.inf, np.inf)
        self._set_bounds(LEVEL, np.zeros(1), np.zeros(1))
        return max(found.level, 0.0), stopped

    def _shares(self, ask_mw: Floats, places: Ints) -> csr_array:
        """Return, for each place, its new load less the level's share of what it asks, and the sum of all."""
        count, new = len(places), int(self._first[NEW])
        row, last = np.arange(count), np.full(len(ask_mw), count, dtype=np.int64)
        level = np.full(count, self._first[LEVEL])
        value = np.concatenate([np.ones(count), -ask_mw[places], np.ones(len(ask_mw))])
        column = np.concatenate([new + places, level, new + np.arange(len(ask_mw))])
        place = np.concatenate([row, row, last]), column
        return csr_array((value, place), shape=(count + 1, int(self._first[-1])))

    @contextmanager
    def raised(self, element: int, step_mw: float) -> Iterator[None]:
        """
        Raise one rating for a while, before and after outages and either way.

        Parameters
        ----------
        element
            Number among branches, then interfaces, then links.
        step_mw
            By how much. [MW]
        """
        self._raise(element, step_mw)
        try:
            yield
        finally:
            self._raise(element, -step_mw)

    def _raise(self, element: int, step_mw: float) -> None:
        """Move the bounds of a branch and of its security rows, of an interface or of a link."""
        lines, interfaces = len(self.network.branches), self._interface_rows.stop - self._interface_rows.start
        if element < lines:
            self.rating[element] += step_mw
            if self._watch is not None:
                self._watch.rating[element] += step_mw
            bound = np.where(self.network.working, self.rating, 0.0)
            self._set_bounds(FLOW, -bound, bound)
            self._move_rows([row for row, line, _ in self._security if line == element], step_mw)
        elif element < lines + interfaces:
            self._move_rows([self._interface_rows.start + element - lines], step_mw)
        else:
            self._raise_link(element - lines - interfaces, step_mw)

    def _move_rows(self, rows: Sequence[int], step_mw: float) -> None:
        for row in rows:
            _, low, high, _ = self._highs.getRow(row)
            self._highs.changeRowBounds(row, low - step_mw, high + step_mw)

    def _raise_link(self, link: int, step_mw: float) -> None:
        """Move what a link can carry, and what pieces get over it."""
        links = self.injections.links
        ways = {name: getattr(links, name).copy() for name in ("forward_mw", "reverse_mw")}
        for kind, way in zip((FORWARD, REVERSE), ways.values(), strict=True):
            way[link] += step_mw
            self._set_bounds(kind, np.zeros(len(way)), way)
        self.injections = replace(self.injections, links=replace(links, **ways))
        for (row, _, _), piece in zip(self._pieces, self._piece_buses, strict=True):
            self._highs.changeRowBounds(row, -np.inf, self._left_in(piece))

    def before(self) -> SecureSolution:
        """Return a dispatch without any new load, in which as little as can be is shed or spilt."""
        nothing = np.zeros(len(self.places))
        self._set_bounds(NEW, nothing, nothing)
        return self._with_least_shed({})

    def _with_least_shed(self, cost: dict[int, float]) -> SecureSolution:
        """Return a secure solve in which no more is shed or spilt than must be; its duals do not know of shedding."""
        found = None if self._sheds else self._shedding(0.0, cost)
        slack = LEAST_SLACK_MW
        while found is None:
            # Rows that the solve with its objective adds can ask for more to be shed: then the least is sought again.
            self._sheds = True
            least = self._shedding(np.inf, {SHED: -1.0, SPILL: -1.0})
            if least is None or slack > SHED_MW:
                msg = "no dispatch keeps to the ratings, however much demand is shed: phase shifters alone exceed them"
                raise SolverError(msg)
            found = self._shedding(least.lost_mw + slack, cost)
            slack *= 10.0
        return found

    def _shedding(self, most_mw: float, cost: dict[int, float]) -> SecureSolution | None:
        """Return a secure solve in which no more than this is shed or spilt in all; None where there is none."""
        self._set_cost(cost)
        self._highs.changeRowBounds(self._total_shed, -np.inf, most_mw)
        for kind, most in ((SHED, self._demand), (SPILL, self._surplus)):
            # Columns that cannot move cost the simplex nothing.
            self._set_bounds(kind, np.zeros(len(most)), most if most_mw > 0.0 else np.zeros(len(most)))
        return self._secure()

    def _secure(self) -> SecureSolution | None:
        """Return a solve that no outage violates; None where rows that were added leave no more than is shed."""
        for _ in range(MOST_ROUNDS):
            found = self._solved()
            if found is None or not self._add_violated(found.flow_mw):
                return found
        msg = f"flows were still beyond ratings after outages when rows had been added {MOST_ROUNDS} times"
        raise SolverError(msg)

    def _add_violated(self, flow: Floats) -> bool:
        """Add rows for what a dispatch violates after outages; return whether there was any."""
        if self._watch is None:
            return False
        pairs = [pair for pair in self._watch.violated(flow) if (pair.line, pair.outage) not in self._known]
        if not pairs:
            return False
        begin = self._highs.getNumRow()
        row = np.repeat(np.arange(len(pairs)), [1 + len(pair.lost) for pair in pairs])
        column = np.concatenate([[pair.line, *pair.lost] for pair in pairs]) + int(self._first[FLOW])
        value = np.concatenate([[1.0, *pair.factor] for pair in pairs])
        block = csr_array((value, (row, column)), shape=(len(pairs), int(self._first[-1])))
        rating = self._watch.rating[[pair.line for pair in pairs]]
        self._add_rows(block, -rating, rating)
        for at, pair in enumerate(pairs):
            self._security.append((begin + at, pair.line, pair.outage))
            self._known.add((pair.line, pair.outage))
        return True

    def _set_bounds(self, kind: int, lower: Floats, upper: Floats) -> None:
        columns = np.arange(int(self._first[kind]), int(self._first[kind + 1]), dtype=np.int32)
        self._highs.changeColsBounds(len(columns), columns, lower, upper)

    def _set_cost(self, each: dict[int, float]) -> None:
        """Set the objective units of each MW of some kinds of columns; those of all others are 0."""
        cost = np.zeros(int(self._first[-1]))
        for kind, value in each.items():
            cost[self._columns(kind)] = value
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)

    def _solved(self) -> SecureSolution | None:
        """Return the optimum; None where there is none because the shed allowed is too little."""
        self.solves += 1
        self._highs.run()
        for method in METHODS:
            if self._highs.getModelStatus() in (OPTIMAL, *INFEASIBLE):
                break
            self._highs.clearSolver()
            self._highs.setOptionValue(*method)
            self._highs.run()
            self._highs.setOptionValue(method[0], AS_EVER[method[0]])
        status = self._highs.getModelStatus()
        if status in INFEASIBLE:
            return None
        if status != OPTIMAL:
            ended = self._highs.modelStatusToString(status)
            msg = f"the secure model ended as {ended!r}, not with an optimum"
            raise SolverError(msg)
        return self._solution()

    def _solution(self) -> SecureSolution:
        found = self._highs.getSolution()
        value, price = np.array(found.col_value), np.abs(np.array(found.col_dual))
        row_dual = np.abs(np.array(found.row_dual))
        limited = np.isfinite(self.rating) & self.network.working
        rows = pd.DataFrame(
            [*self._security, *self._pieces], columns=["row", "line", "outage"], dtype=np.int64
        )
        return SecureSolution(
            new_mw=value[self._columns(NEW)],
            shed_mw=value[self._columns(SHED)],
            spill_mw=value[self._columns(SPILL)],
            flow_mw=value[self._columns(FLOW)],
            supply_mw=value[self._columns(SUPPLY)],
            link_mw=value[self._columns(FORWARD)] - value[self._columns(REVERSE)],
            level=float(value[self._first[LEVEL]]),
            new_dual=price[self._columns(NEW)],
            flow_dual=np.where(limited, price[self._columns(FLOW)], 0.0),
            link_dual=self._link_price(value, price, row_dual),
            interface_dual=row_dual[self._interface_rows],
            row_dual=row_dual,
            security=rows.assign(dual=row_dual[rows["row"].to_numpy()]).drop(columns="row"),
        )

    def _link_price(self, value: Floats, price: Floats, row_dual: Floats) -> Floats:
        """Return what a MW more of each link is worth, either way: where it is full, and where pieces live by it."""
        links = self.injections.links
        found = np.zeros(len(links.names))
        for kind, most in ((FORWARD, links.forward_mw), (REVERSE, links.reverse_mw)):
            # At 0 a price only says that nothing goes that way.
            found += np.where(value[self._columns(kind)] > most - SLACK_MW, price[self._columns(kind)], 0.0)
        for (row, _, _), piece in zip(self._pieces, self._piece_buses, strict=True):
            found += row_dual[row] * sum(self._over_links(piece))
        return found


def _slack(mw: Floats) -> Floats:
    """Return what may be missing of something that a solve found where the next is held to it. [MW]"""
    return np.maximum(SLACK_MW, SLACK * mw)


def _at(buses: Ints, count: int) -> csr_array:
    """Return which of some buses each column stands at, shape (count, columns)."""
    columns = np.arange(len(buses))
    return csr_array((np.ones(len(buses)), (buses, columns)), shape=(count, len(buses)))
