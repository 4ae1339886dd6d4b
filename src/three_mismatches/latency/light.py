"""How long light takes on the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from three_mismatches.assumptions import ASSUMPTIONS, LIGHT_SPEED_KM_PER_MS
from three_mismatches.network import FibreGraph

__all__ = ["Light", "TimedGraph", "light_of", "timed_graph"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = {"route_factor": 1.0, "cable_slack": 1.0, "equipment_ms": 0.0, "refractive_index": 1.0}


@dataclass(frozen=True, kw_only=True)
class Light:
    """
    What turns km of fibre into round-trip ms; the defaults are those of `assumptions`.

    Attributes
    ----------
    route_factor
        Built over modelled length of schematic routes and of the ways between points and fibre. [-]
    cable_slack
        Fibre over built length of surveyed routes. [-]
    equipment_ms
        Round-trip time added by each fibre node on a path that does not state its own, both ends included. [ms]
    refractive_index
        Group index of the fibre. [-]
    bare
        Whether no node adds anything, whatever it states.
    uniform
        Whether the factor and the slack hold for all routes, whatever they state.

    Raises
    ------
    ValueError
        If a factor or the index is below 1, or the equipment's time below 0, or one is not finite.
    """

    route_factor: float = ASSUMPTIONS["route_factor"].value
    cable_slack: float = ASSUMPTIONS["cable_slack"].value
    equipment_ms: float = ASSUMPTIONS["equipment_ms"].value
    refractive_index: float = ASSUMPTIONS["refractive_index"].value
    bare: bool = False
    uniform: bool = False

    def __post_init__(self) -> None:
        wrong = [
            f"{name} must be finite and >= {least:g}, not {getattr(self, name)!r}"
            for name, least in LEAST.items()
            if not least <= getattr(self, name) < np.inf
        ]
        if wrong:
            raise ValueError("; ".join(wrong))

    def access_ms(self, km: Floats) -> Floats:
        """Return the round trip over straight km between a point and the fibre. [ms]"""
        return self.glass_ms(km * self.route_factor)

    def glass_ms(self, km: Floats) -> Floats:
        """Return the round trip over km of bare glass. [ms]"""
        return np.asarray(km * (2.0 * self.refractive_index / LIGHT_SPEED_KM_PER_MS))


def light_of(*, route_factor: float | None, cable_slack: float | None, equipment: bool | float) -> Light:
    """
    Return the light of the options that every function here takes.

    Parameters
    ----------
    route_factor
        Built over modelled length of schematic routes; None: what each route states, else the assumption. [-]
    cable_slack
        Fibre over built length of surveyed routes; None: the assumption, but no more than `route_factor`, which
        holds slack and detours: so at 1 light runs in bare glass everywhere. [-]
    equipment
        True: what each node states, else the assumption; False: none; a number: the latter instead of the
        assumption. [ms]
    """
    factor = ASSUMPTIONS["route_factor"].value if route_factor is None else route_factor
    slack = min(ASSUMPTIONS["cable_slack"].value, factor) if cable_slack is None else cable_slack
    wanted = isinstance(equipment, (bool, np.bool_))
    try:
        each = ASSUMPTIONS["equipment_ms"].value if wanted else float(equipment)
    except (TypeError, ValueError):
        msg = f"equipment must be True, False or a time >= 0 ms, not {equipment!r}"
        raise ValueError(msg) from None
    return Light(
        route_factor=factor,
        cable_slack=slack,
        equipment_ms=each,
        bare=wanted and not equipment,
        uniform=route_factor is not None,
    )


@dataclass(frozen=True, eq=False)
class TimedGraph:
    """
    The fibre with a time on each edge and node.

    Attributes
    ----------
    graph, light
        Where the times come from.
    factor
        Fibre over length of each edge, shape (edges). [-]
    edge_ms
        Round trip of light along each edge, shape (edges). [ms]
    node_ms
        Round trip that each node on a path adds, both ends of the path included, shape (nodes). [ms]
    hop_ms
        Half of what the two ends of each edge add, shape (edges): so that a path's times are a sum over its
        edges, and half of its own two ends. [ms]
    """

    graph: FibreGraph
    light: Light
    factor: Floats
    edge_ms: Floats
    node_ms: Floats
    hop_ms: Floats

    def along_ms(self, route: Ints, km: Floats) -> Floats:
        """Return the round trip of light over some km of routes, given by position. [ms]"""
        return self.light.glass_ms(km * self.factor[route])

    @property
    def weight(self) -> Floats:
        """What a path is the least sum of, shape (edges). [ms]"""
        return self.edge_ms + self.hop_ms


def timed_graph(graph: FibreGraph, light: Light) -> TimedGraph:
    """Return the graph with the times of the given light."""
    assumed = np.where(graph.schematic, light.route_factor, light.cable_slack)
    factor = assumed if light.uniform else np.where(np.isnan(graph.factor), assumed, graph.factor)
    stated = np.where(np.isnan(graph.node_ms), light.equipment_ms, graph.node_ms)
    node_ms = np.zeros_like(stated) if light.bare else stated
    return TimedGraph(
        graph=graph,
        light=light,
        factor=factor,
        edge_ms=light.glass_ms(graph.edge_km * factor),
        node_ms=node_ms,
        hop_ms=(node_ms[graph.node0] + node_ms[graph.node1]) / 2.0,
    )
