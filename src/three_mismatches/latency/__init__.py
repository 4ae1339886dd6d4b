"""How far in light: round-trip times over the fibre network, and what of each use's budget they leave."""

from three_mismatches.latency.budgets import COLUMNS, by_use
from three_mismatches.latency.disjoint import disjoint_pairs
from three_mismatches.latency.n1 import n1_rtt
from three_mismatches.latency.round_trip import rtt
from three_mismatches.latency.route import path

__all__ = ["COLUMNS", "by_use", "disjoint_pairs", "n1_rtt", "path", "rtt"]
