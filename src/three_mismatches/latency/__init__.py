"""How far in light: round-trip times over the fibre network, and what of each use's budget they leave."""

from three_mismatches.latency.budgets import COLUMNS, by_use
from three_mismatches.latency.calibration import Calibration, calibrate
from three_mismatches.latency.disjoint import disjoint_pairs
from three_mismatches.latency.isochrones import isochrones
from three_mismatches.latency.n1 import n1_rtt
from three_mismatches.latency.of_points import of_points
from three_mismatches.latency.reach import backup_pairs, population_reach, virtual_campuses
from three_mismatches.latency.risk_groups import with_risk_groups
from three_mismatches.latency.round_trip import rtt
from three_mismatches.latency.route import path

__all__ = [
    "COLUMNS",
    "Calibration",
    "backup_pairs",
    "by_use",
    "calibrate",
    "disjoint_pairs",
    "isochrones",
    "n1_rtt",
    "of_points",
    "path",
    "population_reach",
    "rtt",
    "virtual_campuses",
    "with_risk_groups",
]
