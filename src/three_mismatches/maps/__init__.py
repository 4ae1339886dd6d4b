"""Finished tables as maps: nothing is computed here, nothing global is touched."""

from three_mismatches.maps.base import JAPAN, Inset, Layout, layout_of, source_texts
from three_mismatches.maps.mismatch import mismatch_map
from three_mismatches.maps.panels import fibre_map, gap_map, power_map, reach_map
from three_mismatches.maps.ranks import rank_stability
from three_mismatches.maps.reach import reach_curve
from three_mismatches.maps.repair import network_map, repair_map
from three_mismatches.maps.style import PALETTE, save
from three_mismatches.maps.ternary import ternary_map
from three_mismatches.maps.triangle import desire_lines, triangle
from three_mismatches.maps.waterfall import latency_waterfall, power_waterfall, waterfall

__all__ = [
    "JAPAN",
    "PALETTE",
    "Inset",
    "Layout",
    "desire_lines",
    "fibre_map",
    "gap_map",
    "latency_waterfall",
    "layout_of",
    "mismatch_map",
    "network_map",
    "power_map",
    "power_waterfall",
    "rank_stability",
    "reach_curve",
    "reach_map",
    "repair_map",
    "save",
    "source_texts",
    "ternary_map",
    "triangle",
    "waterfall",
]
