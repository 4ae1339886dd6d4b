"""Delay in years: dated upgrades, connection times and the queue."""

from three_mismatches.delay.simulation import DISCIPLINES, READINGS, simulate, simulate_matched
from three_mismatches.delay.summary import STREAMS, Delay

__all__ = ["DISCIPLINES", "READINGS", "STREAMS", "Delay", "simulate", "simulate_matched"]
