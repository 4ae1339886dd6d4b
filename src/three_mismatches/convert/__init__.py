"""Grids to and from PyPSA and pandapower, which solve AC power flow and plan networks; fibre to and from networkx."""

from three_mismatches.convert.networkx import from_networkx, to_networkx
from three_mismatches.convert.pandapower import from_pandapower, to_pandapower
from three_mismatches.convert.pypsa import from_pypsa, to_pypsa

__all__ = ["from_networkx", "from_pandapower", "from_pypsa", "to_networkx", "to_pandapower", "to_pypsa"]
