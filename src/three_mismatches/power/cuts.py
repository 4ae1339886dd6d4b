"""
What the area model can deliver, written as linear cuts: found once, each then holds in every year and outage.

New load `d` at the nodes can be served without shedding if and only if, for all prices `y` of nodes and `m` of
interfaces that the grid's topology allows,

    y (peak + d - firm) <= what links and interfaces let in at these prices.

By linear programming duality a few of those prices decide (the extreme ones), and they depend on which links there are,
never on how much anything carries: so a change of limits, an outage, another year only moves the right-hand sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array, hstack, identity, vstack
from scipy.sparse.csgraph import connected_components

from three_mismatches.errors import SolverError
from three_mismatches.network import Outage, PowerGraph
from three_mismatches.power._highs import held

__all__ = ["Cuts", "GridStates", "Separator", "grid_states", "known_short_mw", "room_beyond_mw", "room_mw"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DIGITS = 9
"""Decimals of a price: a rounded one is still a valid cut, and a solver's noise is not the same twice."""

LEAST_PRICE = 10.0 ** (1 - DIGITS)
"""A price of less is what rounding others left: an unlimited link must not add to a cut by it."""

UNLIMITED_MW = 1e9
"""Stands for no limit where prices multiply limits: 0 times infinity is no number."""


@dataclass(frozen=True, eq=False)
class GridStates:
    """
    What a grid of one topology carries in any number of states: years, draws, outages.

    Every array has the same leading shape, and as last axis the graph's nodes, links or interfaces. [MW]
    """

    firm_mw: Floats
    peak_mw: Floats
    link_forward: Floats
    link_reverse: Floats
    interface_forward: Floats
    interface_reverse: Floats

    def one(self, *at: int) -> GridStates:
        """Return the state at one position of the leading axes."""
        return GridStates(*(getattr(self, name)[at] for name in self.__dataclass_fields__))

    def after(self, graph: PowerGraph, outage: Outage) -> GridStates:
        """Return the same states with something lost."""
        firm = self.firm_mw.copy()
        if outage.node_idx >= 0:
            firm[..., outage.node_idx] = np.maximum(0.0, firm[..., outage.node_idx] - outage.lost_mw)
        left = np.ones(len(graph.links))
        left[list(outage.link_idx)] -= outage.lost_share
        sides = (np.minimum(side, UNLIMITED_MW) * left for side in (self.link_forward, self.link_reverse))
        forward, back = sides
        return GridStates(firm, self.peak_mw, forward, back, self.interface_forward, self.interface_reverse)


@dataclass(frozen=True, eq=False)
class Cuts:
    """
    Prices of a topology, one row each.

    Attributes
    ----------
    node
        Price of a MW at each node, at most 1; what one MW of new load there takes of the cut's room. [MW/MW]
    link_forward, link_reverse, interface_forward, interface_reverse
        What one MW of each limit adds to the room. [MW/MW]
    part
        Part of the grid that each cut is about; parts share no link and no interface, so what one is short of says
        nothing of another.
    """

    node: Floats
    link_forward: Floats
    link_reverse: Floats
    interface_forward: Floats
    interface_reverse: Floats
    part: Ints

    @property
    def of_generation(self) -> NDArray[np.bool_]:
        """Return which cuts no link and no interface can widen: supply as a whole is short there."""
        limits = (self.link_forward, self.link_reverse, self.interface_forward, self.interface_reverse)
        widest = np.concatenate(limits, axis=1).max(axis=1, initial=0.0)
        return np.asarray(widest <= 0.0, dtype=np.bool_)

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Return which pairs of cuts of one part price no node above 1 together: their sum is a cut as well."""
        together = (self.node[:, None, :] + self.node[None, :, :]).max(axis=2, initial=0.0)
        return np.asarray((together <= 1.0) & (self.part[:, None] == self.part), dtype=np.bool_)


def grid_states(graph: PowerGraph) -> GridStates:
    """Return the one state that a graph is in."""
    return GridStates(
        graph.firm_mw,
        graph.peak_mw,
        graph.link_forward,
        graph.link_reverse,
        graph.interface_forward,
        graph.interface_reverse,
    )


def room_mw(cuts: Cuts, states: GridStates) -> Floats:
    """
    Return how much priced new load each cut has room for; below 0 where ordinary demand is short already.

    Returns
    -------
    room
        The states' leading shape, and as last axis the cuts. [MW]
    """
    room = (states.firm_mw - states.peak_mw) @ cuts.node.T
    for name in ("link_forward", "link_reverse", "interface_forward", "interface_reverse"):
        room = room + np.minimum(getattr(states, name), UNLIMITED_MW) @ getattr(cuts, name).T
    return np.asarray(room, dtype=np.float64)


def room_beyond_mw(cuts: Cuts, room: Floats) -> Floats:
    """
    Return how much priced new load each cut has room for, no more being short than without any.

    Parameters
    ----------
    cuts
        Prices.
    room
        What `room_mw` returns for one state. [MW]
    """
    short = np.maximum(-room, 0.0)
    elsewhere = np.where(cuts.apart, short, 0.0).max(axis=1, initial=0.0)
    return np.asarray(room + _short_parts(cuts, room)[cuts.part] - elsewhere, dtype=np.float64)


def known_short_mw(cuts: Cuts, state: GridStates) -> float:
    """Return what ordinary demand is short of in one state as far as the cuts show, never more than it is. [MW]"""
    return float(_short_parts(cuts, room_mw(cuts, state)).sum())


def _short_parts(cuts: Cuts, room: Floats) -> Floats:
    """Return what each part of the grid is short of. [MW]"""
    short = np.zeros(cuts.part.max(initial=-1) + 1)
    np.maximum.at(short, cuts.part, -room)
    return short


class Separator:
    """
    Finds the cut that some new load breaks, by the least demand that would have to be shed with it.

    Parameters
    ----------
    graph
        The topology: its nodes, links and interfaces. Its limits are not used.
    """

    def __init__(self, graph: PowerGraph) -> None:
        self.graph = graph
        self._nodes, self._links = len(graph.nodes), len(graph.links)
        self._part_of_node, self._part_of_interface = _parts(graph)
        self._rows: dict[bytes, tuple[int, tuple[Floats, ...]]] = {}
        matrix, columns = self._matrix(), 2 * (self._nodes + self._links)
        rows = matrix.shape[0]
        cost = np.concatenate([np.zeros(self._nodes), -np.ones(self._nodes), np.zeros(2 * self._links)])
        free = (np.full(rows, -np.inf), np.full(rows, np.inf))
        self._highs = held(matrix, (np.zeros(columns), np.full(columns, np.inf)), free, cost=cost)

    def add(self, state: GridStates, new_mw: Floats) -> None:
        """
        Add the cuts that decide how much is shed in each part of one state with new load at the nodes.

        Raises
        ------
        SolverError
            If HiGHS ends without an optimum.
        """
        _, node, interface = self._solved(state, new_mw)
        for part in range(self._part_of_node.max(initial=-1) + 1):
            own = np.where(self._part_of_node == part, node, 0.0)
            if own.max() > LEAST_PRICE:
                bound = np.where(self._part_of_interface == part, interface, 0.0)
                cut = self._cut(own / own.max(), bound / own.max())
                self._rows[b"".join(each.tobytes() for each in cut)] = part, cut

    def least_shed_mw(self, state: GridStates, new_mw: Floats) -> float:
        """Return the least demand that has to be shed in one state with new load at the nodes. [MW]"""
        return self._solved(state, new_mw)[0]

    def cuts(self) -> Cuts:
        """Return every cut found so far, in an order that does not depend on the order of finding."""
        rows = [self._rows[key] for key in sorted(self._rows)]
        graph = self.graph
        widths = (self._nodes, self._links, self._links, len(graph.interfaces), len(graph.interfaces))
        node, forward, reverse, through, back = (
            np.ascontiguousarray(np.array([cut[at] for _, cut in rows]).reshape(len(rows), width))
            for at, width in enumerate(widths)
        )
        return Cuts(
            node=node,
            link_forward=forward,
            link_reverse=reverse,
            interface_forward=through,
            interface_reverse=back,
            part=np.array([part for part, _ in rows], dtype=np.int64),
        )

    def explore(self, states: Iterable[GridStates], loads: Iterable[Floats]) -> None:
        """
        Add, for each state with its new load, the cut that limits one node after the other.

        The load put on top is so large that the price there is the highest: only cuts through that node can decide.
        """
        for state, load in zip(states, loads, strict=True):
            self.add(state, load)
            for node in range(self._nodes):
                beyond = load.copy()
                beyond[node] += UNLIMITED_MW
                self.add(state, beyond)

    def surround(self, state: GridStates) -> None:
        """
        Add the cut around each node, and around all others: what can get in there, or out.

        Such a cut may decide so rarely that no state at random shows it.
        """
        for node in range(self._nodes):
            for inside in (np.arange(self._nodes) == node, np.arange(self._nodes) != node):
                firm = np.where(inside, 0.0, UNLIMITED_MW)
                self.add(replace(state, firm_mw=firm), np.where(inside, UNLIMITED_MW, 0.0))

    def _solved(self, state: GridStates, new_mw: Floats) -> tuple[float, Floats, Floats]:
        """Return the least shed demand, and the prices of nodes and interfaces that show it is the least."""
        nodes, links = self._nodes, self._links
        high = np.concatenate([state.firm_mw, np.full(nodes, np.inf), state.link_forward, state.link_reverse])
        columns, rows = 2 * (nodes + links), nodes + len(self.graph.interfaces)
        order = np.arange(max(columns, rows), dtype=np.int32)
        self._highs.changeColsBounds(columns, order[:columns], np.zeros(columns), np.maximum(high, 0.0))
        need = state.peak_mw + new_mw
        low = np.concatenate([need, -state.interface_reverse])
        high = np.concatenate([np.full(nodes, np.inf), state.interface_forward])
        self._highs.changeRowsBounds(rows, order[:rows], low, high)  # type: ignore[attr-defined]
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            # A kept basis can be numerically bad for the next bounds: once more, without it.
            self._highs.clearSolver()
            self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            status = self._highs.modelStatusToString(self._highs.getModelStatus())
            msg = f"the least shed demand of an area model ended as {status!r}, not with an optimum"
            raise SolverError(msg)
        dual = -np.array(self._highs.getSolution().row_dual)
        return -float(self._highs.getInfo().objective_function_value), dual[:nodes], dual[nodes:]

    def _cut(self, node: Floats, interface: Floats) -> tuple[Floats, ...]:
        """Return one cut from rounded prices; what a link adds follows from them and is least at them."""
        graph = self.graph
        node = np.maximum(np.round(node, DIGITS), 0.0)
        # A row held at its upper bound has a dual of the other sign than one held at its lower.
        forward, reverse = (np.maximum(np.round(side, DIGITS), 0.0) for side in (-interface, interface))
        held_by = np.zeros(self._links)
        np.add.at(held_by, graph.member_link, graph.member_sign * (forward - reverse)[graph.member_interface])
        start, end = node[graph.link_from], node[graph.link_to]
        gain = np.round(end * graph.link_efficiency - start - held_by, DIGITS)
        back = np.round(start * graph.link_efficiency - end + held_by, DIGITS)
        added = (np.where(side > LEAST_PRICE, side, 0.0) for side in (gain, back))
        return node, *added, forward, reverse

    def _matrix(self) -> csc_array:
        """Return the rows: each node's balance (at least its demand), each interface's flow."""
        graph, links = self.graph, np.arange(self._links)
        size = (self._nodes, self._links)
        leaves = csc_array((np.ones(self._links), (graph.link_from, links)), shape=size)
        enters = csc_array((graph.link_efficiency, (graph.link_to, links)), shape=size)
        back_leaves = csc_array((np.ones(self._links), (graph.link_to, links)), shape=size)
        back_enters = csc_array((graph.link_efficiency, (graph.link_from, links)), shape=size)
        unit = identity(self._nodes)
        signed = csc_array(
            (graph.member_sign, (graph.member_interface, graph.member_link)),
            shape=(len(graph.interfaces), self._links),
        )
        nothing = csc_array((len(graph.interfaces), 2 * self._nodes))
        top = hstack([unit, unit, enters - leaves, back_enters - back_leaves])
        return csc_array(vstack([top, hstack([nothing, signed, -signed])]))


def _parts(graph: PowerGraph) -> tuple[Ints, Ints]:
    """Return the part of the grid that each node and each interface belongs to: links and interfaces join parts."""
    nodes, all_of_it = len(graph.nodes), len(graph.nodes) + len(graph.interfaces)
    member_node = graph.link_from[graph.member_link]
    first = np.concatenate([graph.link_from, member_node])
    second = np.concatenate([graph.link_to, nodes + graph.member_interface])
    joined = coo_array((np.ones(len(first)), (first, second)), shape=(all_of_it, all_of_it))
    part = connected_components(joined, directed=False)[1].astype(np.int64)
    return part[:nodes], part[nodes:]
