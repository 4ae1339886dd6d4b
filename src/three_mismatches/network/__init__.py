"""Layers become networks: the only place where ids turn into array positions."""

from three_mismatches.network.areas import crossing_lines, to_areas
from three_mismatches.network.buses import BusGraph, bus_graph, demand_at_buses, firm_factor, supply_at_buses
from three_mismatches.network.dc import DcNetwork, bridges_of, dc_network
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
    "BusGraph",
    "DcNetwork",
    "FibreAttach",
    "FibreGraph",
    "Outage",
    "PowerGraph",
    "Requests",
    "bridges_of",
    "bus_graph",
    "crossing_lines",
    "dc_network",
    "demand_at_buses",
    "fibre_attach",
    "fibre_graph",
    "firm_factor",
    "power_graph",
    "requests",
    "supply_at_buses",
    "to_areas",
]
