"""Delay in years: dated upgrades, connection times and the queue."""

from three_mismatches.delay.simulation import DISCIPLINES, READINGS, simulate, simulate_matched
from three_mismatches.delay.summary import STREAMS, Delay
from three_mismatches.delay.time_to_power import time_to_power

__all__ = ["DISCIPLINES", "READINGS", "STREAMS", "Delay", "simulate", "simulate_matched", "time_to_power"]
