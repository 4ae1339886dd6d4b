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
        delay,
        ensemble,
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
        reproduce,
    )
    from three_mismatches.convert import (
        from_networkx,
        from_pandapower,
        from_pypsa,
        to_networkx,
        to_pandapower,
        to_pypsa,
    )
    from three_mismatches.export import write_fibre
    from three_mismatches.inputs.fibre import (
        read_fibre,
        read_fibre_csv,
        read_node_link,
        read_ofds,
        read_peeringdb,
        read_submarine_cables,
    )
    from three_mismatches.inputs.japan import japan_contracts, japan_rtt, japan_solar_profile
    from three_mismatches.inputs.matpower import read_matpower
    from three_mismatches.inputs.power_map import PowerMap, read_network_csv, read_power_map
    from three_mismatches.layers import Fibre, Grid, StudyTables
    from three_mismatches.layers.checks import fibre_from_frames, grid_from_frames
    from three_mismatches.layers.settings import Settings
    from three_mismatches.study import DEFAULT_YEAR, Result, Study, japan, read_study

__version__ = "0.1.0"

_MODULES = (
    "assumptions", "convert", "delay", "ensemble", "errors", "export", "geodesy", "latency", "layers",
    "maps", "match", "mismatch", "network", "power", "repair", "report", "reproduce",
)  # fmt: skip
_HOME = {
    "DEFAULT_YEAR": "study",
    "Fibre": "layers",
    "Grid": "layers",
    "PowerMap": "inputs.power_map",
    "Result": "study",
    "Settings": "layers.settings",
    "Study": "study",
    "StudyTables": "layers",
    "fibre_from_frames": "layers.checks",
    "from_networkx": "convert",
    "from_pandapower": "convert",
    "from_pypsa": "convert",
    "grid_from_frames": "layers.checks",
    "japan": "study",
    "japan_contracts": "inputs.japan",
    "japan_rtt": "inputs.japan",
    "japan_solar_profile": "inputs.japan",
    "read_fibre": "inputs.fibre",
    "read_fibre_csv": "inputs.fibre",
    "read_matpower": "inputs.matpower",
    "read_network_csv": "inputs.power_map",
    "read_node_link": "inputs.fibre",
    "read_ofds": "inputs.fibre",
    "read_peeringdb": "inputs.fibre",
    "read_power_map": "inputs.power_map",
    "read_study": "study",
    "read_submarine_cables": "inputs.fibre",
    "to_networkx": "convert",
    "to_pandapower": "convert",
    "to_pypsa": "convert",
    "write_fibre": "export",
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
    "delay",
    "ensemble",
    "errors",
    "export",
    "fibre_from_frames",
    "from_networkx",
    "from_pandapower",
    "from_pypsa",
    "geodesy",
    "grid_from_frames",
    "japan",
    "japan_contracts",
    "japan_rtt",
    "japan_solar_profile",
    "latency",
    "layers",
    "maps",
    "match",
    "mismatch",
    "network",
    "power",
    "read_fibre",
    "read_fibre_csv",
    "read_matpower",
    "read_network_csv",
    "read_node_link",
    "read_ofds",
    "read_peeringdb",
    "read_power_map",
    "read_study",
    "read_submarine_cables",
    "repair",
    "report",
    "reproduce",
    "to_networkx",
    "to_pandapower",
    "to_pypsa",
    "write_fibre",
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
