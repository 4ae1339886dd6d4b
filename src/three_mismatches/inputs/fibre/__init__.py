"""Fibre as maps and other tools have it: one module for each format, one network form for all."""

from three_mismatches.inputs.fibre.csv_files import read_fibre_csv
from three_mismatches.inputs.fibre.node_link import read_node_link
from three_mismatches.inputs.fibre.ofds import read_ofds
from three_mismatches.inputs.fibre.own import read_fibre
from three_mismatches.inputs.fibre.peeringdb import read_peeringdb
from three_mismatches.inputs.fibre.telegeography import read_submarine_cables

__all__ = [
    "read_fibre",
    "read_fibre_csv",
    "read_node_link",
    "read_ofds",
    "read_peeringdb",
    "read_submarine_cables",
]
