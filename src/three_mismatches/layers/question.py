"""What a study is to the steps that are told of it: its tables and what is asked of them."""

from __future__ import annotations

from typing import Protocol

from three_mismatches.layers.settings import Settings
from three_mismatches.layers.tables import StudyTables

__all__ = ["Question"]


class Question(Protocol):
    """Anything with the tables and the settings of a study; `study.Study` is one."""

    @property
    def tables(self) -> StudyTables:
        """Every layer, checked."""

    @property
    def settings(self) -> Settings:
        """Year, demand scenario and assumptions."""
