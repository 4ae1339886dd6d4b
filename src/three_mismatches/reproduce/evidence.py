"""What the answers rest on: solves, draws, distances and published figures, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import geopandas as gpd
import pandas as pd

from three_mismatches import delay, latency, match, mismatch
from three_mismatches.assumptions import ASSUMPTIONS, resolve
from three_mismatches.delay import Delay
from three_mismatches.inputs.claims import read_claims
from three_mismatches.layers import Grid
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.reproduce.by_year import YearAnswer, answer_of_year
from three_mismatches.sensitivity import LATE, NO_REINFORCEMENT, without_works
from three_mismatches.study import Result, Study, japan

__all__ = [
    "DELAY_READINGS",
    "EARLY_STEPS",
    "LATE",
    "LOWEST_TIES",
    "NO_REINFORCEMENT",
    "ON_TIME",
    "READINGS",
    "READY_FIRST",
    "Demand",
    "Evidence",
]

ON_TIME = "all dated works on time"
LOWEST_TIES = "lowest tie capacities"
READINGS = (ON_TIME, LATE, NO_REINFORCEMENT, LOWEST_TIES)
"""Readings of every year: of the works, and of the ties."""

EARLY = ASSUMPTIONS["undated_phase_year"].low
"""Year that undated steps are put in, to see what that does. [calendar year]"""

EARLY_STEPS = f"with undated steps in {EARLY:g}"
READY_FIRST = "with room for whoever is ready first"
DELAY_READINGS = (EARLY_STEPS, READY_FIRST)
"""Other readings of what the draws rest on, beside the ends of all lead times."""

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
    def assumed(self) -> dict[str, float]:
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
        tables, values = self.study.tables, self.assumed
        changed = without_works(tables)
        given = {
            ON_TIME: (tables, values),
            LATE: (changed.get(LATE, tables), values),
            NO_REINFORCEMENT: (changed.get(NO_REINFORCEMENT, tables), values),
            LOWEST_TIES: (tables, {**values, "tie_level": ASSUMPTIONS["tie_level"].low}),
        }
        return {
            (year, reading): answer_of_year(works, replace(self.study.settings, year=year), values)
            for year in self.years
            for reading, (works, values) in given.items()
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
        early = replace(settings, assume={**settings.assume, "undated_phase_year": EARLY})
        study, draws, seed = Study(self.study.tables, early), self.draws, self.seed
        return {
            EARLY_STEPS: delay.simulate(study, draws=draws, seed=seed),
            READY_FIRST: delay.simulate(self.study, draws=draws, seed=seed, discipline="ready first"),
        }

    @cached_property
    def triangle(self) -> mismatch.Triangle:
        """Distances between sites, generation and hubs. [km]"""
        return mismatch.triangle(self.study, permutations=0)

    @cached_property
    def reach(self) -> mismatch.Reach:
        """How much spare power lies how far from what each use must reach."""
        return mismatch.reach(self.study)

    @cached_property
    def grid(self) -> Grid:
        """The grid of the last year."""
        return match.in_its_year(self.study.tables, self.study.settings, self.assumed)[0].grid

    @cached_property
    def lowest_grid(self) -> Grid:
        """The same with the lowest tie capacities."""
        values = {**self.assumed, "tie_level": ASSUMPTIONS["tie_level"].low}
        return match.in_its_year(self.study.tables, self.study.settings, values)[0].grid

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """Rows of the result that are no part of another and not closed."""
        rows = self.result.sites
        return rows[is_top_level(rows) & rows["status"].ne("retired")]

    def pairs(self, within_ms: float, *, route_factor: float | None = None) -> pd.DataFrame:
        """
        Return the pairs of sites within a round trip of each other, as `latency.backup_pairs` does.

        Parameters
        ----------
        within_ms
            Longest round trip. [ms]
        route_factor
            That of the study, if None. [-]
        """
        return latency.backup_pairs(
            self.study.fibre,
            self.sites,
            within_ms=within_ms,
            route_factor=self.assumed["route_factor"] if route_factor is None else route_factor,
            cable_slack=self.assumed["cable_slack"],
            equipment=self.assumed["equipment_ms"],
        )
