"""What a study is besides its tables: its name, its years, its demand scenario and its assumptions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from three_mismatches.assumptions import resolve
from three_mismatches.errors import Fault, LayerError

__all__ = ["Settings", "read_settings", "settings_faults"]

FIRST_YEAR, LAST_YEAR = 1850, 2200


@dataclass(frozen=True)
class Settings:
    """
    The settings of a study.

    Parameters
    ----------
    name
        What the study is called in titles and files.
    year
        Year that is asked about. [calendar year]
    base_year
        Year in which `in_base_mw` was drawn. [calendar year]
    demand
        Scenario: a value of the column `demand` of `outlook`.
    assume
        Assumptions that replace the defaults, by name.
    """

    name: str = "study"
    year: int = 2026
    base_year: int = 2026
    demand: str = "outlook"
    assume: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values for JSON."""
        return asdict(self)


def read_settings(values: Mapping[str, object], *, where: str = "study.json") -> Settings:
    """
    Return the settings that `values` holds; what it does not name keeps its default.

    Parameters
    ----------
    values
        Names and values, as read from a file.
    where
        What the error calls the place that they come from.

    Raises
    ------
    LayerError
        If a name is unknown or a value is of the wrong kind, with every such fault.
    """
    faults = settings_faults(values, where=where)
    if faults:
        raise LayerError(faults)
    return Settings(**values)  # type: ignore[arg-type]


def settings_faults(values: Mapping[str, object], *, where: str = "study.json") -> list[Fault]:
    """Return every fault of the settings in `values`; none means that `Settings` can be made of them."""
    names = [item.name for item in fields(Settings)]
    faults = [_unknown(name, names, where) for name in values if name not in names]
    kinds = {"name": TEXT, "demand": TEXT, "year": YEAR, "base_year": YEAR}
    for name, (fits, said, cure) in kinds.items():
        if name in values and not fits(values[name]):
            faults += [Fault(where, name, f"is {values[name]!r}, not {said}", cure)]
    return faults + _assume_faults(values.get("assume", {}), where)


def _unknown(name: str, names: list[str], where: str) -> Fault:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)[0]
    return Fault(where, name, "is not a setting", f"Did you mean {near!r}?")


def _is_year(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and FIRST_YEAR <= value <= LAST_YEAR


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


TEXT = (_is_text, "a text", "Write it in quotes")
YEAR = (_is_year, "a calendar year", "Write a whole number such as 2034")


def _assume_faults(assume: object, where: str) -> list[Fault]:
    # A text would be opened as a TOML file by `resolve`; a study must not lead to other files.
    if not isinstance(assume, Mapping):
        return [
            Fault(where, "assume", f"is {assume!r}, not names and numbers", 'Write {"route_factor": 1.5}')
        ]
    try:
        resolve(assume)
    except ValueError as error:
        return [Fault(where, "assume", str(error).removeprefix("assume: "), "Correct it or take it out")]
    return []
