"""
The line model as one linear programme that is kept in HiGHS and solved again with other bounds.

DC power flow: a branch carries its susceptance times the difference of its ends' angles. Circuits between the
same two buses are one row of the programme; every angle, flow and limit keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, eye_array, hstack, vstack

from three_mismatches.errors import SolverError
from three_mismatches.network import BusGraph
from three_mismatches.power._highs import held

__all__ = ["BusModel", "Corridors", "DispatchSolution"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ANGLE_SCALE = 1e-3
"""Angles are held in milliradians: the programme's coefficients stay within some orders of magnitude."""

SHED_COST = 1e3
"""Objective units for each MW that is shed: no slack of its total is spent for less."""

OVERLOAD_COST = 1e1
"""Objective units for each MW above a rating: far above redispatch, far below shedding."""

REDISPATCH_COST = 1e-1
"""Objective units for each MW by which a bus leaves its area's common share of supply."""

LINK_COST = 1e-2
"""Objective units for each MW on a link, so that none runs idle."""

SLACK_MW = 1e-5
"""What a total that a solve found may give up when it becomes a bound of the next: above HiGHS' tolerance."""

ANGLE, SUPPLY, SHED, LINK, ABOVE, BELOW, SHARE, OVER = range(8)
"""Kinds of columns."""


@dataclass(frozen=True, eq=False)
class Corridors:
    """
    Circuits between the same two buses, as one: susceptance [MW/rad], and what phase shifters push through it [MW].

    `low_mw` and `high_mw` bound the flow that its ends' angles make, that of the shifters left out. [MW]
    """

    bus0: Ints
    bus1: Ints
    susceptance: Floats
    low_mw: Floats
    high_mw: Floats
    shift_mw: Floats
    of_branch: Ints
    sign_of_branch: Floats


@dataclass(frozen=True, eq=False)
class DispatchSolution:
    """What one solve found: by bus, by branch, by link and by corridor. [MW]"""

    supply_mw: Floats
    shed_mw: Floats
    flow_mw: Floats
    link_mw: Floats
    overload_mw: Floats


def corridors_of(graph: BusGraph) -> Corridors:
    """
    Return the circuits between each pair of buses as one.

    One difference of angles drives them all, so the first circuit to reach its rating limits the others. Where shifters
    drive circuits side by side beyond their ratings, both limits are the middle between them.
    """
    low, high = np.minimum(graph.branch_from, graph.branch_to), np.maximum(graph.branch_from, graph.branch_to)
    pairs, of = np.unique(low * len(graph.buses) + high, return_inverse=True)
    of = of.reshape(-1).astype(np.int64)
    size = len(pairs)
    sign = np.where(graph.branch_from == low, 1.0, -1.0)
    susceptance, shift = np.zeros(size), np.zeros(size)
    np.add.at(susceptance, of, graph.susceptance)
    np.add.at(shift, of, -sign * graph.susceptance * graph.shift_rad)
    least, most = np.full(size, -np.inf), np.full(size, np.inf)
    reach = graph.rating_mw / np.abs(graph.susceptance)
    np.maximum.at(least, of, sign * graph.shift_rad - reach)
    np.minimum.at(most, of, sign * graph.shift_rad + reach)
    apart = least > most
    least[apart] = most[apart] = (least[apart] + most[apart]) / 2.0
    bounds = np.sort(np.stack([least, most]) * susceptance, axis=0)
    return Corridors(
        bus0=pairs // len(graph.buses),
        bus1=pairs % len(graph.buses),
        susceptance=susceptance,
        low_mw=bounds[0],
        high_mw=bounds[1],
        shift_mw=shift,
        of_branch=of,
        sign_of_branch=sign,
    )


class BusModel:
    """
    A grid at line resolution, to be dispatched.

    Columns: angle, supply and shed demand of each bus, both directions of each link, how far supply leaves its
    area's common share upwards and downwards, that share, and how far each corridor is loaded beyond its rating, in
    both directions. Rows: balance of each bus, flow of each corridor, interfaces, shares, and
    the totals of shed demand and of overload.
    """

    def __init__(self, graph: BusGraph) -> None:
        self.graph = graph
        self.corridors = corridors_of(graph)
        self.buses, self.links = len(graph.buses), len(graph.links)
        self._first = np.cumsum([0, *self._widths()])
        self._highs = self._load()
        rows = self._highs.getNumRow()
        self._total_row = {SHED: rows - 2, OVER: rows - 1}

    def _widths(self) -> list[int]:
        """Return how many columns of each kind there are, in the order of `ANGLE` to `OVER`."""
        buses, corridors = self.buses, len(self.corridors.bus0)
        return [
            buses,
            buses,
            buses,
            2 * self.links,
            buses,
            buses,
            len(self.graph.areas),
            2 * corridors,
        ]

    def _columns(self, kind: int) -> slice:
        return slice(int(self._first[kind]), int(self._first[kind + 1]))

    def _load(self) -> highspy.Highs:
        matrix, low, high = self._rows()
        return held(matrix, self._bounds(), (low, high))

    def _rows(self) -> tuple[csc_array, Floats, Floats]:
        """Return the matrix, and the lower and upper bound of each row."""
        flow = self._flow()
        incidence = self._incidence()
        blocks = [
            self._balance(incidence, flow),
            self._limits(flow),
            self._interface_rows(flow),
            self._share_rows(),
            self._total_rows(),
        ]
        matrix = csc_array(vstack([block for block, _, _ in blocks]))
        return (
            matrix,
            np.concatenate([low for _, low, _ in blocks]),
            np.concatenate([high for _, _, high in blocks]),
        )

    def _incidence(self) -> coo_array:
        """Return buses by corridors: +1 where a corridor leaves, -1 where it enters."""
        count = len(self.corridors.bus0)
        column = np.tile(np.arange(count), 2)
        row = np.concatenate([self.corridors.bus0, self.corridors.bus1])
        return coo_array((np.repeat([1.0, -1.0], count), (row, column)), shape=(self.buses, count))

    def _flow(self) -> coo_array:
        """Return the flow of each corridor by the angles of buses. [MW per milliradian]"""
        count = len(self.corridors.bus0)
        weight = coo_array(
            (self.corridors.susceptance * ANGLE_SCALE, (np.arange(count),) * 2), shape=(count, count)
        )
        return coo_array(weight @ self._incidence().T)

    def _balance(self, incidence: coo_array, flow: coo_array) -> tuple[coo_array, Floats, Floats]:
        """Return, for each bus, what supply, shed demand, links and branches bring: its demand."""
        graph, unit = self.graph, eye_array(self.buses)
        lossy = coo_array(
            (graph.link_efficiency, (np.arange(self.links),) * 2), shape=(self.links, self.links)
        )
        forward = graph.link_to @ lossy - graph.link_from
        reverse = graph.link_from @ lossy - graph.link_to
        nothing = coo_array((self.buses, 2 * self.buses + len(graph.areas)))
        over = coo_array((self.buses, 2 * len(self.corridors.bus0)))
        block = hstack([-(incidence @ flow), unit, unit, forward, reverse, nothing, over])
        # What a phase shifter pushes through its branch is a fixed injection at its two ends.
        demand = graph.demand_mw + incidence @ self.corridors.shift_mw
        return coo_array(block), demand, demand

    def _limits(self, flow: coo_array) -> tuple[coo_array, Floats, Floats]:
        """Return the flow of each corridor less what is beyond its rating, between its limits."""
        unit = eye_array(flow.shape[0])
        rest = coo_array((flow.shape[0], int(self._first[OVER]) - self.buses))
        return coo_array(hstack([flow, rest, -unit, unit])), self.corridors.low_mw, self.corridors.high_mw

    def _interface_rows(self, flow: coo_array) -> tuple[coo_array, Floats, Floats]:
        """Return the signed flow of the members of each interface."""
        graph, width = self.graph, int(self._first[-1])
        branches = len(graph.branches)
        on_branch = graph.member_element < branches
        element = graph.member_element[on_branch]
        share = graph.susceptance[element] / self.corridors.susceptance[self.corridors.of_branch[element]]
        value = graph.member_sign[on_branch] * self.corridors.sign_of_branch[element] * share
        place = (graph.member_interface[on_branch], self.corridors.of_branch[element])
        shape = (len(graph.interfaces), len(self.corridors.bus0))
        lines = coo_array((value, place), shape=shape)
        link_place = (graph.member_interface[~on_branch], graph.member_element[~on_branch] - branches)
        links = coo_array(
            (graph.member_sign[~on_branch], link_place), shape=(len(graph.interfaces), self.links)
        )
        gap = coo_array((len(graph.interfaces), 2 * self.buses))
        rest = coo_array((len(graph.interfaces), width - int(self._first[ABOVE])))
        block = hstack([lines @ flow, gap, links, -links, rest])
        pushed = -graph.member_sign[on_branch] * graph.susceptance[element] * graph.shift_rad[element]
        shifted = np.bincount(place[0], weights=pushed, minlength=len(graph.interfaces))
        return coo_array(block), -graph.interface_reverse - shifted, graph.interface_forward - shifted

    def _share_rows(self) -> tuple[coo_array, Floats, Floats]:
        """Return, for each bus, supply less its area's common share: what is above less what is below."""
        graph, unit = self.graph, eye_array(self.buses)
        common = coo_array(
            (-graph.supply_mw, (np.arange(self.buses), graph.area)), shape=(self.buses, len(graph.areas))
        )
        no_angle, no_shed = (
            coo_array((self.buses, self.buses)),
            coo_array((self.buses, self.buses + 2 * self.links)),
        )
        rest = coo_array((self.buses, int(self._first[-1] - self._first[OVER])))
        block = hstack([no_angle, unit, no_shed, -unit, unit, common, rest])
        return coo_array(block), np.zeros(self.buses), np.zeros(self.buses)

    def _total_rows(self) -> tuple[coo_array, Floats, Floats]:
        """Return the totals that `_hold` bounds: shed demand, and load beyond ratings."""
        kinds = (self._columns(SHED), self._columns(OVER))
        column = np.concatenate([np.arange(kind.start, kind.stop) for kind in kinds])
        row = np.repeat([0, 1], [kind.stop - kind.start for kind in kinds])
        block = coo_array((np.ones(len(column)), (row, column)), shape=(2, int(self._first[-1])))
        return block, np.full(2, -np.inf), np.full(2, np.inf)

    def _bounds(self) -> tuple[Floats, Floats]:
        """Return the bounds of the columns; one bus of each component has the angle 0."""
        graph = self.graph
        free = np.full(self.buses, np.inf)
        free[np.unique(graph.component, return_index=True)[1]] = 0.0
        zero = np.zeros(int(self._first[-1]) - self.buses)
        links = np.concatenate([graph.link_forward, graph.link_reverse])
        unlimited = np.full(2 * self.buses, np.inf)
        upper = [
            free,
            graph.supply_mw,
            np.maximum(graph.demand_mw, 0.0),
            links,
            unlimited,
            np.ones(len(graph.areas)),
        ]
        closed = np.zeros(2 * len(self.corridors.bus0))
        return np.concatenate([-free, zero]), np.concatenate([*upper, closed])

    def dispatch(self) -> DispatchSolution:
        """
        Return a base dispatch: all demand served that supply can reach, then least load beyond ratings.

        Then supply is as even within each area as these allow, and links do not run idle.

        Raises
        ------
        SolverError
            If HiGHS ends without an optimum.
        """
        self._free(np.full(2 * len(self.corridors.bus0), np.inf))
        cost = {SHED: -SHED_COST}
        self._hold(SHED, cost)
        cost[OVER] = -OVERLOAD_COST
        self._hold(OVER, cost)
        self._set_cost(cost | {LINK: -LINK_COST, ABOVE: -REDISPATCH_COST, BELOW: -REDISPATCH_COST})
        return self._solved()

    def least_shed(self) -> DispatchSolution:
        """Return the dispatch that sheds least when no corridor may be loaded beyond its rating."""
        self._free(np.zeros(2 * len(self.corridors.bus0)))
        self._set_cost({SHED: -SHED_COST})
        return self._solved()

    def _free(self, overload_mw: Floats) -> None:
        """Bound the overload of each corridor, both directions, and neither total."""
        self._set_upper(OVER, overload_mw)
        for row in self._total_row.values():
            self._highs.changeRowBounds(row, -np.inf, np.inf)

    def _hold(self, kind: int, cost: Mapping[int, float]) -> None:
        """Make a total, of shed demand or of overload, what the costs leave of it, and keep it there."""
        self._set_cost(cost)
        found = self._solved()
        total = found.shed_mw.sum() if kind == SHED else found.overload_mw.sum()
        self._highs.changeRowBounds(self._total_row[kind], -np.inf, max(float(total), 0.0) + SLACK_MW)

    def _set_upper(self, kind: int, upper: Floats) -> None:
        columns = np.arange(int(self._first[kind]), int(self._first[kind + 1]), dtype=np.int32)
        self._highs.changeColsBounds(len(columns), columns, np.zeros(len(columns)), upper)

    def _set_cost(self, each: Mapping[int, float]) -> None:
        """Set the objective units of each MW of some kinds of columns; those of all others are 0."""
        cost = np.zeros(int(self._first[-1]))
        for kind, value in each.items():
            cost[self._columns(kind)] = value
        self._highs.changeColsCost(len(cost), np.arange(len(cost), dtype=np.int32), cost)

    def _solved(self) -> DispatchSolution:
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            self._highs.clearSolver()
            self._highs.run()
        status = self._highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            msg = f"the line model ended as {self._highs.modelStatusToString(status)!r}, not with an optimum"
            raise SolverError(msg)
        found = self._highs.getSolution()
        value = np.array(found.col_value)
        angle = value[self._columns(ANGLE)] * ANGLE_SCALE
        graph, link = self.graph, value[self._columns(LINK)]
        apart = angle[graph.branch_from] - angle[graph.branch_to] - graph.shift_rad
        return DispatchSolution(
            supply_mw=value[self._columns(SUPPLY)],
            shed_mw=value[self._columns(SHED)],
            flow_mw=graph.susceptance * apart,
            link_mw=link[: self.links] - link[self.links :],
            overload_mw=value[self._columns(OVER)].reshape(2, -1).sum(axis=0),
        )
