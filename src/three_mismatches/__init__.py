"""Measure the gap between where data centres are built, where power is generated and where fibre runs."""
