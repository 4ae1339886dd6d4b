"""The three mismatches: gaps of sites, the reach of spare power, and the fleet as a whole."""

from three_mismatches.mismatch.fleet import (
    delay_rows,
    fibre_readings,
    fleet_power,
    fleet_rows,
    line_rows,
    stock_readings,
    with_range,
)
from three_mismatches.mismatch.gaps import (
    DELAY_COLUMNS,
    DOMINANT,
    SITE_COLUMNS,
    dominant_mismatch,
    site_rows,
    with_delay,
    with_line_rung,
)
from three_mismatches.mismatch.reach import area_reach, regret, spare_mw

__all__ = [
    "DELAY_COLUMNS",
    "DOMINANT",
    "SITE_COLUMNS",
    "area_reach",
    "delay_rows",
    "dominant_mismatch",
    "fibre_readings",
    "fleet_power",
    "fleet_rows",
    "line_rows",
    "regret",
    "site_rows",
    "spare_mw",
    "stock_readings",
    "with_delay",
    "with_line_rung",
    "with_range",
]
