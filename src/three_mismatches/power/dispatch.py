"""What a grid at line resolution carries, and what each bus can host beside it, with every line in service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.network import BusGraph
from three_mismatches.power._bus_model import BusModel, DispatchSolution

__all__ = ["Dispatch", "base_dispatch", "n0_hosting"]

Floats = NDArray[np.float64]

TOLERANCE_MW = 1e-3
"""Below this an overload is the solver's rounding."""

DUAL_TOLERANCE = 1e-6
"""A dual below this is nothing. [MW/MW]"""

MANY = 3
"""More binding corridors than this are counted, not named."""


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
    model = BusModel(graph, [])
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


def n0_hosting(graph: BusGraph, buses: Sequence[str]) -> pd.DataFrame:
    """
    Return how much new load each bus can take with every line in service: a DC optimum with free redispatch.

    Ratings are thermal and interfaces do not bind here. Lines that the base dispatch overloads already are left out
    as limits: they are listed in `attrs["preexisting"]`, not turned into zeros.

    Parameters
    ----------
    graph
        From `network.bus_graph`.
    buses
        Ids to be asked; equal ones are solved once.

    Returns
    -------
    hosting
        Index bus, in the order asked; `n0_mw` [MW], `n0_element`: the lines that bind, or "capacity" where it is supply
        that ends.

    Raises
    ------
    NetworkError
        If a bus is not in the grid.
    """
    number = {bus: at for at, bus in enumerate(graph.buses)}
    strange = tuple(sorted({bus for bus in buses if bus not in number}))
    if strange:
        raise NetworkError([Fault("buses", "bus", "is not in the grid", "Name a bus of the grid", strange)])
    asked = sorted(set(buses))
    model = BusModel(graph, [number[bus] for bus in asked], interfaces=False)
    over = model.dispatch().overload_mw > TOLERANCE_MW
    model.ignore(over)
    found = [model.most_at(place) for place in range(len(asked))]
    names = _corridor_names(model)
    table = pd.DataFrame(
        {
            "n0_mw": np.array([solution.new_mw[place] for place, solution in enumerate(found)], dtype=float),
            "n0_element": [_binding(solution, names) for solution in found],
        },
        index=pd.Index(asked, name="bus"),
    )
    result = table.loc[list(buses)]
    result.attrs["preexisting"] = [names[at] for at in np.flatnonzero(over)]
    return result


def _corridor_names(model: BusModel) -> list[str]:
    """Return a name for each pair of buses: the corridors between them."""
    graph, of = model.graph, model.corridors.of_branch
    names = pd.DataFrame({"pair": of, "corridor": np.array(graph.corridors, dtype=object)[graph.corridor]})
    joined = names.drop_duplicates().groupby("pair")["corridor"].agg("; ".join)
    return [str(name) for name in joined.reindex(range(len(model.corridors.bus0))).fillna("")]


def _binding(found: DispatchSolution, names: list[str]) -> str:
    """Return the corridors that bind, by the size of their duals; "capacity" where none does."""
    binding = np.flatnonzero(np.abs(found.corridor_dual) > DUAL_TOLERANCE)
    if not len(binding):
        return "capacity"
    order = binding[np.argsort(-np.abs(found.corridor_dual[binding]), kind="stable")]
    shown = [names[at] for at in order[:MANY]]
    more = f"; and {len(order) - MANY} more" if len(order) > MANY else ""
    return "; ".join(shown) + more
