"""The area model as one linear programme that is kept in HiGHS and solved again with other bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, coo_array, csc_array, hstack, vstack

from three_mismatches.errors import SolverError
from three_mismatches.network import Outage, PowerGraph
from three_mismatches.power._highs import held

__all__ = ["INTACT", "SLACK_MW", "AreaModel", "Group", "Solution"]

Floats = NDArray[np.float64]

INTACT = Outage("")
"""Nothing is lost."""

SHED_COST = 100.0
"""Objective units for each MW of base demand that is shed: far above the 1 that a MW of new load earns."""

FLOW_COST = 1e-6
"""Objective units for each MW on a link, where flows are asked for: enough to forbid idle loops."""

SLACK_MW = 1e-5
"""What a solved plan may give up when it becomes a bound of the next solve: above HiGHS' tolerance of 1e-7."""

DUAL_TOLERANCE = 1e-7
"""A dual below this is nothing: the solver's own tolerance on duals."""


@dataclass(frozen=True)
class Group:
    """New load that the model cannot tell apart: all that stands at one node and in one pocket (-1: none)."""

    node_idx: int
    pocket_idx: int = -1


@dataclass(frozen=True, eq=False)
class Solution:
    """What one solve found: new load by group, and for each block the shed demand, flows and duals."""

    new_mw: Floats
    shed_mw: Floats
    flow_mw: Floats
    interface_dual: Floats
    link_dual: Floats
    capacity_dual: Floats
    pocket_dual: Floats


class AreaModel:
    """
    One copy (block) of the grid for each outage, all serving the same new load.

    Per block the variables are generation, shed demand and both directions of every link; each node
    balances, each interface stays in its limits. Pockets limit the new load itself, once.
    """

    def __init__(self, graph: PowerGraph, groups: Sequence[Group], outages: Sequence[Outage]) -> None:
        self.graph = graph
        self.groups = tuple(groups)
        self.blocks = len(outages)
        self._nodes, self._links = len(graph.nodes), len(graph.links)
        self._width = 2 * (self._nodes + self._links)
        self._highs = self._load(outages)
        self._level = self._first_share = -1
        self._own_rows = self._highs.getNumRow()

    def set_outage(self, outage: Outage, *, block: int = 0) -> None:
        """Replace what is lost in one block; the next solve starts from the last basis."""
        low, high = self._block_bounds(outage)
        first = len(self.groups) + block * self._width
        columns = np.arange(first, first + self._width, dtype=np.int32)
        self._highs.changeColsBounds(self._width, columns, low, high)

    def set_new_load(self, low: Floats, high: Floats, value: Floats) -> None:
        """Bound each group's new load [MW] and say what one MW of it is worth to the objective."""
        columns = np.arange(len(self.groups), dtype=np.int32)
        self._highs.changeColsBounds(len(columns), columns, low, high)
        self._highs.changeColsCost(len(columns), columns, value)

    def settle_shed(self, found: Solution) -> None:
        """
        Allow the shed demand that a solve found, no more, and without a cost.

        The cost only makes shedding come last; left in, it would stand in every dual of a base that sheds.
        """
        first = len(self.groups) + self._nodes + self._width * np.arange(self.blocks)
        columns = (first[:, None] + np.arange(self._nodes)).ravel().astype(np.int32)
        nothing = np.zeros(len(columns))
        self._highs.changeColsBounds(len(columns), columns, nothing, np.maximum(found.shed_mw.ravel(), 0.0))
        self._highs.changeColsCost(len(columns), columns, nothing)

    def forbid_loops(self) -> None:
        """
        Leave sharing, and make flow cost a little: power takes the fewest links, duals are off by that little.

        The rows that sharing added are freed, not deleted: the basis stays.
        """
        for row in range(self._own_rows, self._highs.getNumRow()):
            self._highs.changeRowBounds(row, -np.inf, np.inf)
        if self._level >= 0:
            self._highs.changeColCost(self._level, 0.0)
        first = len(self.groups) + 2 * self._nodes + self._width * np.arange(self.blocks)
        columns = (first[:, None] + np.arange(2 * self._links)).ravel().astype(np.int32)
        self._highs.changeColsCost(len(columns), columns, np.full(len(columns), -FLOW_COST))

    def solve(self) -> Solution:
        """
        Return the best new load for the bounds and values that were set last.

        Raises
        ------
        SolverError
            If HiGHS ends without an optimum.
        """
        self._run()
        return self.found()

    def start_sharing(self, ask: Floats, most: Floats, total: float, *, ceiling: float = 1.0) -> None:
        """
        Turn the programme into one that raises all groups together, with their sum held at `total`.

        One column, the level, `ceiling` at most, and one row for each group: its new load, `most` at most, is
        at least `ask` times the level.
        """
        groups = len(self.groups)
        columns = np.arange(groups, dtype=np.int32)
        self.set_new_load(np.zeros(groups), most, np.zeros(groups))
        self._highs.addRow(total - SLACK_MW, np.inf, groups, columns, np.ones(groups))
        self._highs.addCol(1.0, 0.0, ceiling, 0, np.empty(0, np.int32), np.empty(0))
        self._level = self._highs.getNumCol() - 1
        self._first_share = self._highs.getNumRow()
        for idx in range(groups):
            row = np.array([idx, self._level], dtype=np.int32)
            self._highs.addRow(0.0, np.inf, 2, row, np.array([1.0, -ask[idx]]))

    def raise_level(self, ask: Floats, frozen: Floats) -> tuple[float, NDArray[np.bool_]]:
        """Return the highest common share of the groups that are not frozen (NaN), and those that stop it."""
        for idx, share in enumerate(frozen):
            row = self._first_share + idx
            held = not np.isnan(share)
            self._highs.changeCoeff(row, self._level, 0.0 if held else -ask[idx])
            self._highs.changeRowBounds(row, ask[idx] * share - SLACK_MW if held else 0.0, np.inf)
        self._run()
        found = self._highs.getSolution()
        dual = np.abs(np.array(found.row_dual)[self._first_share :])
        return float(found.col_value[self._level]), np.isnan(frozen) & (dual * ask > DUAL_TOLERANCE)

    def _load(self, outages: Sequence[Outage]) -> highspy.Highs:
        """Return a solver that holds the whole programme."""
        matrix = self._matrix()
        bounds = [self._block_bounds(outage) for outage in outages]
        free = np.zeros(len(self.groups))
        low = np.concatenate([free, *(low for low, _ in bounds)])
        high = np.concatenate([free, *(high for _, high in bounds)])
        cost = np.concatenate([free, np.tile(self._block_costs(), self.blocks)])
        return held(matrix, (low, high), self._row_bounds(), cost=cost)

    def _run(self) -> None:
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # A kept basis can be numerically bad for the next bounds: once more, without it.
            self._highs.clearSolver()
            self._highs.run()
        status = self._highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            msg = f"the area model ended as {self._highs.modelStatusToString(status)!r}, not with an optimum"
            raise SolverError(msg)

    def _matrix(self) -> csc_array:
        """Return the rows: balances and interfaces of each block, then pockets."""
        block = vstack([self._balance(), self._interfaces()])
        nodes = np.array([group.node_idx for group in self.groups])
        order = np.arange(len(self.groups))
        drawn = coo_array((-np.ones(len(nodes)), (nodes, order)), shape=(block.shape[0], len(nodes)))
        top = hstack([vstack([drawn] * self.blocks), block_diag([block] * self.blocks)])
        pockets = np.array([group.pocket_idx for group in self.groups])
        inside = pockets >= 0
        bottom = coo_array(
            (np.ones(inside.sum()), (pockets[inside], order[inside])),
            shape=(len(self.graph.pockets), top.shape[1]),
        )
        return csc_array(vstack([top, bottom]))

    def _balance(self) -> coo_array:
        """Return, for each node, what generation, shed demand and links bring it."""
        graph, unit = self.graph, np.eye(self._nodes)
        columns = np.arange(self._links)
        size = (self._nodes, self._links)
        leaves = coo_array((np.ones(self._links), (graph.link_from, columns)), shape=size)
        enters = coo_array((np.ones(self._links), (graph.link_to, columns)), shape=size)
        lossy = np.diag(graph.link_efficiency)
        signed = [coo_array(unit), coo_array(unit), enters @ lossy - leaves, leaves @ lossy - enters]
        return coo_array(hstack(signed))

    def _interfaces(self) -> coo_array:
        """Return, for each interface, the signed flow of its members."""
        graph = self.graph
        signed = coo_array(
            (graph.member_sign, (graph.member_interface, graph.member_link)),
            shape=(len(graph.interfaces), self._links),
        )
        nothing = coo_array((len(graph.interfaces), 2 * self._nodes))
        return hstack([nothing, signed, -signed])

    def _row_bounds(self) -> tuple[Floats, Floats]:
        graph = self.graph
        low = np.concatenate([graph.peak_mw, -graph.interface_reverse])
        high = np.concatenate([graph.peak_mw, graph.interface_forward])
        headroom = np.maximum(graph.pocket_limit - graph.pocket_load, 0.0)
        unbounded = np.full(len(headroom), -np.inf)
        return (
            np.concatenate([np.tile(low, self.blocks), unbounded]),
            np.concatenate([np.tile(high, self.blocks), headroom]),
        )

    def _block_bounds(self, outage: Outage) -> tuple[Floats, Floats]:
        """Return the bounds of one block's generation, shed demand and links under an outage."""
        graph = self.graph
        firm = graph.firm_mw.copy()
        if outage.node_idx >= 0:
            firm[outage.node_idx] = max(0.0, firm[outage.node_idx] - outage.lost_mw)
        left = np.ones(self._links)
        left[list(outage.link_idx)] -= outage.lost_share
        forward, reverse = (_scaled(side, left) for side in (graph.link_forward, graph.link_reverse))
        high = np.concatenate([firm, graph.peak_mw, forward, reverse])
        return np.zeros(self._width), high

    def _block_costs(self) -> Floats:
        shed = np.full(self._nodes, -SHED_COST)
        return np.concatenate([np.zeros(self._nodes), shed, np.zeros(2 * self._links)])

    def found(self) -> Solution:
        """Return the vectors of the last solve, cut into the parts they belong to."""
        found = self._highs.getSolution()
        value, cost = np.array(found.col_value), np.array(found.col_dual)
        dual = np.array(found.row_dual)
        groups, nodes, links = len(self.groups), self._nodes, self._links
        blocks = slice(groups, groups + self.blocks * self._width)
        block_value = value[blocks].reshape(self.blocks, self._width)
        block_cost = cost[blocks].reshape(self.blocks, self._width)
        rows = nodes + len(self.graph.interfaces)
        block_dual = dual[: rows * self.blocks].reshape(self.blocks, rows)
        return Solution(
            new_mw=value[:groups],
            shed_mw=block_value[:, nodes : 2 * nodes],
            flow_mw=block_value[:, 2 * nodes : 2 * nodes + links] - block_value[:, 2 * nodes + links :],
            interface_dual=block_dual[:, nodes:],
            link_dual=block_cost[:, 2 * nodes :].reshape(self.blocks, 2, links),
            capacity_dual=block_cost[:, :nodes],
            pocket_dual=dual[rows * self.blocks : self._own_rows],
        )


def _scaled(capacity: Floats, left: Floats) -> Floats:
    """Return capacity times what is left of it; an unlimited link that is lost carries nothing."""
    return np.where(left > 0.0, capacity * np.where(left > 0.0, left, 1.0), 0.0)
