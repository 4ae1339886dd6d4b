"""Grids to and from the libraries that solve AC power flow and plan networks: PyPSA and pandapower."""

from three_mismatches.convert.pandapower import from_pandapower, to_pandapower
from three_mismatches.convert.pypsa import from_pypsa, to_pypsa

__all__ = ["from_pandapower", "from_pypsa", "to_pandapower", "to_pypsa"]
