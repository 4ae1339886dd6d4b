"""Delay in years: dated upgrades, connection times and the queue."""

from three_mismatches.delay.simulation import DISCIPLINES, LEVELS, simulate, simulate_matched
from three_mismatches.delay.summary import STREAMS, Delay

__all__ = ["DISCIPLINES", "LEVELS", "STREAMS", "Delay", "simulate", "simulate_matched"]
