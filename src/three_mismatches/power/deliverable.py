"""How much of a plant's output the ties between areas could bring to each other area."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import PowerGraph, power_graph
from three_mismatches.power._area_model import INTACT, AreaModel, Group

__all__ = ["deliverable"]

Floats = NDArray[np.float64]

UNLIMITED_MW = 1e6
"""A transfer that reaches this is limited by nothing: five times the peak of all Japan."""


def deliverable(grid: Grid, from_area: str, *, at_peak: bool = False) -> pd.Series:
    """
    Return the most power that one area could send to each area over the grid's ties.

    Parameters
    ----------
    grid
        Areas, links and interfaces; a grid of buses is gathered into areas first. For a study in its year:
        `match.in_its_year`.
    from_area
        Where the plant feeds in.
    at_peak
        False: ties carry nothing else, so this is what their limits allow: an upper bound. True: every area draws its
        peak and is served from firm capacity over the fewest links; other plants then generate what they do, and no
        more, and this is what the ties have left.

    Returns
    -------
    deliverable
        Indexed by area; inf where nothing limits it, as in the area itself, 0 where no tie leads. [MW]

    Raises
    ------
    NetworkError
        If there is no such area, or tables make no network.
    SolverError
        If the solver ends without an optimum.

    Notes
    -----
    Each figure is a largest flow from one area to another, through others too, within the limits of links and
    interfaces in that direction and net of the losses of links. Figures for two areas may share a tie: they do not
    add up. Limits are those of the median half-hour in the embedded Japan (`tie_level` moves them); the real ones
    change every half-hour, as does what ties carry.
    """
    graph = power_graph(grid)
    if from_area not in graph.nodes:
        cure = f"Areas are {', '.join(graph.nodes)}"
        raise NetworkError([Fault("areas", "area", f"{from_area!r} is not there", cure)])
    source = graph.nodes.index(from_area)
    firm, drawn = _dispatched(graph) if at_peak else np.zeros((2, len(graph.nodes)))
    firm[source] = np.inf
    asked = replace(graph, firm_mw=firm, peak_mw=drawn)
    found = [np.inf if node == source else _largest(asked, node) for node in range(len(graph.nodes))]
    return pd.Series(found, index=pd.Index(graph.nodes, name="area"), name="deliverable_mw")


def _largest(graph: PowerGraph, node: int) -> float:
    """Return the most new load that one node can be given; inf if nothing limits it."""
    model = AreaModel(graph, [Group(node)], [INTACT])
    model.set_new_load(np.zeros(1), np.full(1, UNLIMITED_MW), np.ones(1))
    found = float(model.solve().new_mw[0])
    return float("inf") if found >= UNLIMITED_MW else max(0.0, found)


def _dispatched(graph: PowerGraph) -> tuple[Floats, Floats]:
    """Return what each node generates at the peak, and draws of it, where power takes the fewest links. [MW]"""
    model = AreaModel(graph, [Group(0)], [INTACT])
    nothing = np.zeros(1)
    model.set_new_load(nothing, nothing, nothing)
    model.settle_shed(model.solve())
    model.forbid_loops()
    found = model.solve()
    served = graph.peak_mw - found.shed_mw[0]
    ahead, back = np.maximum(found.flow_mw[0], 0.0), np.maximum(-found.flow_mw[0], 0.0)
    kept, size = graph.link_efficiency, len(graph.nodes)
    sent = np.bincount(graph.link_from, ahead - kept * back, size)
    sent += np.bincount(graph.link_to, back - kept * ahead, size)
    return np.maximum(served + sent, 0.0), served
