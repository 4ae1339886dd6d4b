"""By which rules a map is repaired; every threshold is in km and says what it decides."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RepairRules"]


@dataclass(frozen=True)
class RepairRules:
    """
    Rules of `build_grid` beside its tolerance.

    Parameters
    ----------
    passing_km
        A line that passes a substation of its own voltage as near as this is connected to it. [km]
    yard_km
        A substation that states a voltage of 300 kV or more is joined to every end of a line of it as near as this: its
        yard is that large, and the map may mark it by a point. [km]
    name_km
        Two substations of one name as near as this are one. [km]
    island_km
        A piece that is connected to nothing is joined to the rest by its shortest gap, if that is no longer. [km]
    duplicate_km
        Two branches between the same buses that are nowhere farther apart are one branch, drawn twice. [km]
    short_km
        A branch that is shorter, and does not run between two substations, is one bus with its ends. [km]
    water_km
        No join has more of its way outside the areas, where only water is. [km]
    islands
        What happens to pieces that stay apart from the largest of their zone: "keep" or "drop".
    classes
        Voltage levels of the region; a level is taken as the nearest of them within 5 %. None: any level is good. [kV]
    least_kv
        Lines below this level are set aside. [kV]
    """

    passing_km: float = 0.1
    yard_km: float = 0.8
    name_km: float = 1.0
    island_km: float = 2.0
    duplicate_km: float = 0.015
    short_km: float = 0.25
    water_km: float = 1.0
    islands: str = "keep"
    classes: tuple[float, ...] | None = None
    least_kv: float = 0.0

    def __post_init__(self) -> None:
        """Refuse rules that mean nothing."""
        lengths = (
            "passing_km",
            "yard_km",
            "name_km",
            "island_km",
            "duplicate_km",
            "short_km",
            "water_km",
            "least_kv",
        )
        bad = [name for name in lengths if not getattr(self, name) >= 0.0]
        if bad:
            msg = f"RepairRules: {', '.join(bad)} must be >= 0"
            raise ValueError(msg)
        if self.islands not in ("keep", "drop"):
            msg = f"RepairRules: islands={self.islands!r} is not known; there are 'keep' and 'drop'"
            raise ValueError(msg)
