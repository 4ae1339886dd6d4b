"""
Measure the gap between where data centres are built, where power is generated and where fibre runs.

>>> import three_mismatches as tm
>>> result = tm.japan().solve()  # doctest: +SKIP
>>> result.sites  # doctest: +SKIP

Importing this package loads the standard library only; each module is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from three_mismatches import (
        assumptions,
        convert,
        errors,
        export,
        geodesy,
        latency,
        layers,
        maps,
        match,
        mismatch,
        network,
        power,
        repair,
        report,
    )
    from three_mismatches.convert import from_pandapower, from_pypsa, to_pandapower, to_pypsa
    from three_mismatches.inputs.japan import japan_rtt
    from three_mismatches.inputs.matpower import read_matpower
    from three_mismatches.inputs.power_map import PowerMap, read_network_csv, read_power_map
    from three_mismatches.layers import Fibre, Grid, StudyTables
    from three_mismatches.layers.checks import grid_from_frames
    from three_mismatches.layers.settings import Settings
    from three_mismatches.study import DEFAULT_YEAR, Result, Study, japan, read_study

__version__ = "0.1.0"

_MODULES = (
    "assumptions", "convert", "errors", "export", "geodesy", "latency", "layers",
    "maps", "match", "mismatch", "network", "power", "repair", "report",
)  # fmt: skip
_HOME = {
    "DEFAULT_YEAR": "study",
    "Fibre": "layers",
    "Grid": "layers",
    "Result": "study",
    "Settings": "layers.settings",
    "Study": "study",
    "StudyTables": "layers",
    "PowerMap": "inputs.power_map",
    "from_pandapower": "convert",
    "from_pypsa": "convert",
    "grid_from_frames": "layers.checks",
    "japan": "study",
    "japan_rtt": "inputs.japan",
    "read_matpower": "inputs.matpower",
    "read_network_csv": "inputs.power_map",
    "read_power_map": "inputs.power_map",
    "read_study": "study",
    "to_pandapower": "convert",
    "to_pypsa": "convert",
}

__all__ = [
    "DEFAULT_YEAR",
    "Fibre",
    "Grid",
    "PowerMap",
    "Result",
    "Settings",
    "Study",
    "StudyTables",
    "assumptions",
    "convert",
    "errors",
    "export",
    "from_pandapower",
    "from_pypsa",
    "geodesy",
    "grid_from_frames",
    "japan",
    "japan_rtt",
    "latency",
    "layers",
    "maps",
    "match",
    "mismatch",
    "network",
    "power",
    "read_matpower",
    "read_network_csv",
    "read_power_map",
    "read_study",
    "repair",
    "report",
    "to_pandapower",
    "to_pypsa",
]


def __getattr__(name: str) -> object:
    """Load a module or a public name when it is first asked for (PEP 562)."""
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
