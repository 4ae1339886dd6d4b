"""The three mismatches: gaps of sites, the reach of spare power, the fleet as a whole, and the triangle."""

from three_mismatches.mismatch.concentration import (
    bivariate_moran,
    cross_k,
    gini,
    hoover,
    location_quotient,
    moran,
)
from three_mismatches.mismatch.earth_mover import Triangle, earth_mover, triangle
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
from three_mismatches.mismatch.places import front_gaps, on_front, pareto, regret
from three_mismatches.mismatch.reachable import Reach, reach, reach_in_year
from three_mismatches.mismatch.spare_power import spare_mw, spare_power, spare_units
from three_mismatches.mismatch.watt_bits import watt_bit

__all__ = [
    "DELAY_COLUMNS",
    "DOMINANT",
    "SITE_COLUMNS",
    "Reach",
    "Triangle",
    "bivariate_moran",
    "cross_k",
    "delay_rows",
    "dominant_mismatch",
    "earth_mover",
    "fibre_readings",
    "fleet_power",
    "fleet_rows",
    "front_gaps",
    "gini",
    "hoover",
    "line_rows",
    "location_quotient",
    "moran",
    "on_front",
    "pareto",
    "reach",
    "reach_in_year",
    "regret",
    "site_rows",
    "spare_mw",
    "spare_power",
    "spare_units",
    "stock_readings",
    "triangle",
    "watt_bit",
    "with_delay",
    "with_line_rung",
    "with_range",
]
