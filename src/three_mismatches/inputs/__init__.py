"""
Real files become layers: one module for each format.

`fibre`, `matpower` and `power_map` are loaded when they are asked for: a study needs none of them.
"""

from three_mismatches.inputs.japan import japan_contracts, japan_rtt, japan_solar_profile, read_japan
from three_mismatches.inputs.japan_grid import GridPack, read_japan_grid
from three_mismatches.inputs.study import read_study

__all__ = [
    "GridPack",
    "japan_contracts",
    "japan_rtt",
    "japan_solar_profile",
    "read_japan",
    "read_japan_grid",
    "read_study",
]
