"""The tables of a study: schemas, checks, flags, and the bundles that travel through the library."""

from three_mismatches.layers.flags import Flag, join_flags
from three_mismatches.layers.schemas import LAYERS, Layer, empty, reference_table
from three_mismatches.layers.tables import Fibre, Grid, StudyTables

__all__ = [
    "LAYERS",
    "Fibre",
    "Flag",
    "Grid",
    "Layer",
    "StudyTables",
    "empty",
    "join_flags",
    "reference_table",
]
