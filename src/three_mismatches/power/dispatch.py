"""What a grid at line resolution carries before any new load, with every line in service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.network import BusGraph
from three_mismatches.power._bus_model import BusModel, DispatchSolution

__all__ = ["Dispatch", "base_dispatch"]

Floats = NDArray[np.float64]

TOLERANCE_MW = 1e-3
"""Below this an overload is the solver's rounding."""


@dataclass(frozen=True, eq=False)
class Dispatch:
    """
    A base dispatch of a grid at line resolution.

    Attributes
    ----------
    buses
        Index bus; `demand_mw`, `supply_mw` (dispatched), `shed_mw`. [MW]
    lines
        Index line, those in service; `p0` [MW, positive leaving bus0], `loading` (|p0| over s_nom), `overload_mw`: what
        it carries beyond s_nom. [MW]
    links
        Index link; `p0`. [MW]
    least_shed_mw
        Demand that cannot be served if no line may be loaded beyond its rating: by how much the base is not feasible,
        by area. [MW]
    """

    buses: pd.DataFrame
    lines: pd.DataFrame
    links: pd.DataFrame
    least_shed_mw: pd.Series


def base_dispatch(graph: BusGraph) -> Dispatch:
    """
    Return a dispatch that serves the demand of every bus, with the least load beyond ratings.

    Supply is raised evenly within each area as far as ratings and interfaces allow. Where the map lacks lines, no
    dispatch keeps to all ratings; then `overload_mw` shows where, and `least_shed_mw` what a grid that ends at the
    map could not serve.

    Parameters
    ----------
    graph
        From `network.bus_graph`.

    Raises
    ------
    SolverError
        If the programme ends without an optimum.
    """
    model = BusModel(graph)
    return _tables(model, model.dispatch(), model.least_shed())


def _tables(model: BusModel, found: DispatchSolution, hard: DispatchSolution) -> Dispatch:
    graph, flow = model.graph, np.abs(found.flow_mw)
    beyond = flow - graph.rating_mw
    # A line rated at nothing is loaded without end as soon as it carries anything.
    full = np.where(flow > TOLERANCE_MW, np.inf, 0.0)
    shed = pd.Series(hard.shed_mw).groupby(graph.area).sum().reindex(range(len(graph.areas))).fillna(0.0)
    return Dispatch(
        buses=pd.DataFrame(
            {"demand_mw": graph.demand_mw, "supply_mw": found.supply_mw, "shed_mw": found.shed_mw},
            index=pd.Index(graph.buses, name="bus"),
        ),
        lines=pd.DataFrame(
            {
                "p0": found.flow_mw,
                "loading": np.divide(flow, graph.rating_mw, out=full, where=graph.rating_mw > 0.0),
                "overload_mw": np.where(beyond > TOLERANCE_MW, beyond, 0.0),
            },
            index=pd.Index(graph.branches, name="line"),
        ),
        links=pd.DataFrame({"p0": found.link_mw}, index=pd.Index(graph.links, name="link")),
        least_shed_mw=pd.Series(
            shed.to_numpy(), index=pd.Index(graph.areas, name="area"), name="least_shed_mw"
        ),
    )
