"""Which area, pocket, bus and fibre a point belongs to, and which buses demand and plants are connected to."""

from three_mismatches.match.buses import (
    BULK_KV,
    OWN_YARD_KM,
    capacity_at_buses,
    demand_shares,
    generators_to_buses,
    load_buses,
)
from three_mismatches.match.points import lonlat, to_area, to_bus, to_fibre, to_pocket
from three_mismatches.match.study_year import in_its_year

__all__ = [
    "BULK_KV",
    "OWN_YARD_KM",
    "capacity_at_buses",
    "demand_shares",
    "generators_to_buses",
    "in_its_year",
    "load_buses",
    "lonlat",
    "to_area",
    "to_bus",
    "to_fibre",
    "to_pocket",
]
