"""The embedded default: Japan at area resolution, read like any other study."""

from __future__ import annotations

from importlib.resources import as_file, files

from three_mismatches.inputs.study import read_study
from three_mismatches.layers import StudyTables
from three_mismatches.layers.settings import Settings

__all__ = ["read_japan"]


def read_japan() -> tuple[StudyTables, Settings]:
    """Return the tables and settings of the facts pack that ships with the library."""
    with as_file(files("three_mismatches") / "data" / "japan") as folder:
        return read_study(folder)
