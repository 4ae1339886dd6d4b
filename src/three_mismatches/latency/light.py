"""How long light takes on the network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from three_mismatches.assumptions import ASSUMPTIONS, LIGHT_SPEED_KM_PER_MS

__all__ = ["Light"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST = {"route_factor": 1.0, "cable_slack": 1.0, "equipment_ms": 0.0, "refractive_index": 1.0}


@dataclass(frozen=True, kw_only=True)
class Light:
    """
    What turns km of fibre into round-trip ms; the defaults are those of `assumptions`.

    Attributes
    ----------
    route_factor
        Built over modelled length of schematic routes and of the ways between points and fibre. [-]
    cable_slack
        Fibre over built length of surveyed routes. [-]
    equipment_ms
        Round-trip time added by each fibre node on a path, both ends included. [ms]
    refractive_index
        Group index of the fibre. [-]

    Raises
    ------
    ValueError
        If a factor or the index is below 1, or the equipment's time below 0, or one is not finite.
    """

    route_factor: float = ASSUMPTIONS["route_factor"].value
    cable_slack: float = ASSUMPTIONS["cable_slack"].value
    equipment_ms: float = ASSUMPTIONS["equipment_ms"].value
    refractive_index: float = ASSUMPTIONS["refractive_index"].value

    def __post_init__(self) -> None:
        wrong = [
            f"{name} must be finite and >= {least:g}, not {getattr(self, name)!r}"
            for name, least in LEAST.items()
            if not least <= getattr(self, name) < np.inf
        ]
        if wrong:
            raise ValueError("; ".join(wrong))

    def ms(self, km: Floats, *, schematic: Bools | bool) -> Floats:
        """Return the round trip over sketched or surveyed km, without equipment. [ms]"""
        return self.glass_ms(km * np.where(schematic, self.route_factor, self.cable_slack))

    def glass_ms(self, km: Floats) -> Floats:
        """Return the round trip over km of bare glass. [ms]"""
        return np.asarray(km * (2.0 * self.refractive_index / LIGHT_SPEED_KM_PER_MS))
