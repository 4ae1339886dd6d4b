"""Power lines as maps and other models have them: one module for each format, one table form for all."""

from three_mismatches.inputs.power_map.network_csv import read_network_csv
from three_mismatches.inputs.power_map.read import read_power_map
from three_mismatches.inputs.power_map.tables import PowerMap

__all__ = ["PowerMap", "read_network_csv", "read_power_map"]
