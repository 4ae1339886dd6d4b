"""Delay in years: dated upgrades, connection times and the queue."""
