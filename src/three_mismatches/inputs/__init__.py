"""Real files become layers: one module for each format."""

from three_mismatches.inputs.japan import read_japan
from three_mismatches.inputs.study import read_study

__all__ = ["read_japan", "read_study"]
