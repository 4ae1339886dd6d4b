"""Cases of MATPOWER, format version 2."""

from three_mismatches.inputs.matpower.grid import read_matpower

__all__ = ["read_matpower"]
