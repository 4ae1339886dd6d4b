"""The three mismatches: gaps of sites, the reach of spare power, the fleet as a whole, and the triangle."""

from three_mismatches.mismatch.earth_mover import Triangle, earth_mover, triangle
from three_mismatches.mismatch.fleet import (
    fibre_readings,
    fleet_power,
    fleet_rows,
    line_rows,
    stock_readings,
    with_range,
)
from three_mismatches.mismatch.gaps import (
    DOMINANT,
    SITE_COLUMNS,
    dominant_mismatch,
    site_rows,
    with_line_rung,
)
from three_mismatches.mismatch.reach import area_reach, regret, spare_mw

__all__ = [
    "DOMINANT",
    "SITE_COLUMNS",
    "Triangle",
    "area_reach",
    "dominant_mismatch",
    "earth_mover",
    "fibre_readings",
    "fleet_power",
    "fleet_rows",
    "line_rows",
    "regret",
    "site_rows",
    "spare_mw",
    "stock_readings",
    "triangle",
    "with_line_rung",
    "with_range",
]
