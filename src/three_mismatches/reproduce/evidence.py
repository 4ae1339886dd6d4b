"""What the answers rest on: solves, draws, distances and published figures, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import pandas as pd

from three_mismatches import delay, latency, mismatch, power
from three_mismatches.assumptions import ASSUMPTIONS, SYNCHRONOUS_RTT_MS, resolve
from three_mismatches.delay import Delay
from three_mismatches.inputs.claims import read_claims
from three_mismatches.inputs.japan import japan_contracts, japan_solar_profile
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.reproduce.by_year import YearAnswer, answer_of_year
from three_mismatches.sensitivity import LATE, NO_REINFORCEMENT, without_works
from three_mismatches.study import Result, Study, japan

__all__ = ["DELAY_READINGS", "LATE", "LOWEST_TIES", "NO_REINFORCEMENT", "ON_TIME", "READINGS", "Evidence"]

ON_TIME = "all dated works on time"
LOWEST_TIES = "lowest tie capacities"
READINGS = (ON_TIME, LATE, NO_REINFORCEMENT, LOWEST_TIES)
"""Readings of every year: of the works, and of the ties."""

DELAY_READINGS: Mapping[str, Mapping[str, float]] = {
    "the shortest lead times": {"lead_time_level": -1.0},
    "the longest lead times": {"lead_time_level": 1.0},
    f"undated steps in {ASSUMPTIONS['undated_phase_year'].low:g}": {
        "undated_phase_year": ASSUMPTIONS["undated_phase_year"].low
    },
}
"""Other readings of what the draws rest on; room to whoever is ready first is one more."""

Demand = Literal["outlook", "low", "high"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """
    Everything that a rule or a sentence may ask for.

    Parameters
    ----------
    demand
        Scenario of the embedded Japan.
    years
        Years that are told, in order; the last is the one that the claims are judged in.
    assume
        Assumptions that replace the defaults, by name.
    draws, seed
        Of the years of waiting.
    """

    demand: Demand
    years: tuple[int, ...]
    assume: Mapping[str, float]
    draws: int
    seed: int

    @cached_property
    def values(self) -> dict[str, float]:
        """Value of every assumption."""
        return resolve(self.assume)

    @cached_property
    def study(self) -> Study:
        """The study in its last year."""
        return japan(year=self.years[-1], demand=self.demand, assume=self.assume)

    @cached_property
    def published(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The claims, and the published figures beside them."""
        return read_claims()

    @property
    def facts(self) -> pd.DataFrame:
        """Published figures, by name."""
        return self.published[1]

    @cached_property
    def result(self) -> Result:
        """The study's answer without the draws."""
        return self.study.solve(draws=0)

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """The fleet under other readings of each doubtful input, in the last year. [MW]"""
        return self.study.sensitivity()

    @cached_property
    def by_year(self) -> dict[tuple[int, str], YearAnswer]:
        """Every year under every reading of works and ties."""
        tables, values = self.study.tables, self.values
        works = without_works(tables)
        given = {
            ON_TIME: (tables, values),
            LATE: (works.get(LATE, tables), values),
            NO_REINFORCEMENT: (works.get(NO_REINFORCEMENT, tables), values),
            LOWEST_TIES: (tables, {**values, "tie_level": ASSUMPTIONS["tie_level"].low}),
        }
        return {
            (year, reading): answer_of_year(*self._of(year, *given[reading]))
            for year in self.years
            for reading in READINGS
        }

    @cached_property
    def now(self) -> YearAnswer:
        """The last year with all works on time."""
        return self.by_year[self.years[-1], ON_TIME]

    @cached_property
    def at_lowest(self) -> YearAnswer:
        """The last year with the lowest tie capacities."""
        return self.by_year[self.years[-1], LOWEST_TIES]

    @cached_property
    def delay(self) -> Delay:
        """The draws of waiting."""
        return delay.simulate(self.study, draws=self.draws, seed=self.seed)

    @cached_property
    def other_delays(self) -> dict[str, Delay]:
        """The draws of waiting under other readings, by reading."""
        settings = self.study.settings
        found = {}
        for reading, moved in DELAY_READINGS.items():
            other = replace(settings, assume={**settings.assume, **moved})
            study = Study(self.study.tables, other)
            found[reading] = delay.simulate(study, draws=self.draws, seed=self.seed)
        found["room to whoever is ready first"] = delay.simulate(
            self.study, draws=self.draws, seed=self.seed, discipline="ready first"
        )
        return found
