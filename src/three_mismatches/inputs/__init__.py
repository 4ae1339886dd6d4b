"""Real files become layers: one module for each format."""

from three_mismatches.inputs.fibre import (
    read_fibre,
    read_fibre_csv,
    read_node_link,
    read_ofds,
    read_peeringdb,
    read_submarine_cables,
)
from three_mismatches.inputs.japan import japan_rtt, read_japan
from three_mismatches.inputs.japan_grid import GridPack, read_japan_grid
from three_mismatches.inputs.matpower import read_matpower
from three_mismatches.inputs.power_map import PowerMap, read_network_csv, read_power_map
from three_mismatches.inputs.study import read_study

__all__ = [
    "GridPack",
    "PowerMap",
    "japan_rtt",
    "read_fibre",
    "read_fibre_csv",
    "read_japan",
    "read_japan_grid",
    "read_matpower",
    "read_network_csv",
    "read_node_link",
    "read_ofds",
    "read_peeringdb",
    "read_power_map",
    "read_study",
    "read_submarine_cables",
]
