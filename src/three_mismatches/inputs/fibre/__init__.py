"""Fibre as maps and other models have it: one module for each format, one network form for all."""

from three_mismatches.inputs.fibre.node_link import read_node_link

__all__ = ["read_node_link"]
