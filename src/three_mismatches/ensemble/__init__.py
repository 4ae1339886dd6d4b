"""Many draws of a study's inputs on any executor: kept, resumed, and read as ranges, ranks and shares of variance."""

from __future__ import annotations

from three_mismatches.ensemble.checkpoint import read
from three_mismatches.ensemble.chunks import SITE_COLUMNS, Answer, Evaluate, power_only, whole
from three_mismatches.ensemble.result import Ensemble, RankStability
from three_mismatches.ensemble.running import processes, run
from three_mismatches.ensemble.samplers import Ranges, Saltelli, Sampler, Table

__all__ = [
    "SITE_COLUMNS",
    "Answer",
    "Ensemble",
    "Evaluate",
    "Ranges",
    "RankStability",
    "Saltelli",
    "Sampler",
    "Table",
    "power_only",
    "processes",
    "read",
    "run",
    "whole",
]
