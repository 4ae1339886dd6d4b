"""Layers become networks: the only place where ids turn into array positions."""

from three_mismatches.network.fibre import (
    ROUNDING_KM,
    FibreAttach,
    FibreGraph,
    fibre_attach,
    fibre_graph,
)
from three_mismatches.network.power import Outage, PowerGraph, Requests, power_graph, requests

__all__ = [
    "ROUNDING_KM",
    "FibreAttach",
    "FibreGraph",
    "Outage",
    "PowerGraph",
    "Requests",
    "fibre_attach",
    "fibre_graph",
    "power_graph",
    "requests",
]
