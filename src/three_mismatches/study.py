"""The façade: a study to be solved, and the result to be read, drawn and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import pandas as pd

from three_mismatches import export, inputs
from three_mismatches.assumptions import resolve
from three_mismatches.language import Language
from three_mismatches.layers import Fibre, Grid, StudyTables
from three_mismatches.layers.checks import check
from three_mismatches.layers.settings import Settings
from three_mismatches.refine import at_line_resolution
from three_mismatches.sensitivity import one_at_a_time
from three_mismatches.solve import DELAY_DRAWS, ResultTables, rehearse, solve

if TYPE_CHECKING:
    from folium import Map
    from matplotlib.figure import Figure

    from three_mismatches.delay import Delay
    from three_mismatches.ensemble import Ensemble
    from three_mismatches.maps import Layout
    from three_mismatches.mismatch import Triangle

__all__ = ["DEFAULT_YEAR", "Result", "Study", "japan", "read_study"]

DEFAULT_YEAR = 2034
"""The year of the critique: data-centre demand is to triple by then."""

RESOLUTIONS = ("area", "line")
"""Of the embedded Japan."""

Assume = Mapping[str, float] | str | Path | None


def japan(
    *,
    resolution: Literal["area", "line"] = "area",
    year: int = DEFAULT_YEAR,
    demand: Literal["outlook", "low", "high"] = "outlook",
    backbone: int = 48,
    assume: Assume = None,
) -> Study:
    """
    Return the embedded Japan; it needs no network.

    Parameters
    ----------
    resolution
        "area": ten service areas, published ties and pockets. "line": also the grid from 154 kV up, repaired from
        OpenStreetMap (ODbL), with parameters of voltage classes; what it says of a site is indicative.
    year
        Year of the peak that is asked about.
    demand
        "outlook" (the grid operators' own, January 2025), "low" or "high" (57 or 66 TWh in 2034).
    backbone
        Cities of the fibre model: 12, 25 or 48, three variants of the Japan Photonic Network Model.
    assume
        Assumptions to replace, by name, or a TOML file of them.

    Raises
    ------
    ValueError
        If an option or an assumption's name is unknown, with what there is.

    Examples
    --------
    >>> japan(year=2030, demand="high")
    Study('Japan', year=2030, demand='high', 92 sites, 10 areas)
    """
    if resolution not in RESOLUTIONS:
        msg = f"resolution={resolution!r} is not known; there are {' and '.join(map(repr, RESOLUTIONS))}"
        raise ValueError(msg)
    tables, settings = inputs.read_japan(backbone=backbone)
    scenarios = sorted(tables.outlook["demand"].unique())
    if demand not in scenarios:
        msg = f"demand={demand!r} is not known; there are {', '.join(scenarios)}"
        raise ValueError(msg)
    if year < settings.base_year:
        msg = f"year={year} is before the base year {settings.base_year} of the tables"
        raise ValueError(msg)
    if resolution == "line":
        tables = at_line_resolution(tables, inputs.read_japan_grid())
    return Study(tables, replace(settings, year=year, demand=demand, assume=resolve(assume, only_given=True)))


def read_study(
    path: str | Path, *, crs: str | int | None = None, reproject: bool = False, assume: Assume = None
) -> Study:
    """
    Return the study that a folder of tables or a GeoPackage holds.

    Parameters
    ----------
    path
        A folder with one file for each table (.parquet, .geojson, .csv), or one .gpkg with a layer for each.
    crs
        Coordinate system of the files that carry none.
    reproject
        Whether other declared systems are turned into EPSG:4326.
    assume
        Assumptions to replace, beside those that the study brings.

    Raises
    ------
    LayerError
        With every fault of every table: what, where, and what to do.
    """
    tables, settings = inputs.read_study(path, crs=crs, reproject=reproject)
    return Study(tables, replace(settings, assume={**settings.assume, **resolve(assume, only_given=True)}))


@dataclass(frozen=True, eq=False)
class Study:
    """
    A region's layers and the question that is asked of them.

    Parameters
    ----------
    tables
        Every layer, checked.
    settings
        Year, demand scenario and assumptions.
    """

    tables: StudyTables
    settings: Settings

    @classmethod
    def from_frames(cls, frames: Mapping[str, pd.DataFrame], *, settings: Settings | None = None) -> Study:
        """
        Return the study that tables in memory make.

        Parameters
        ----------
        frames
            Tables by name, as `layers.LAYERS` has them; one that is not there has no rows.
        settings
            Name, year, demand scenario and assumptions.

        Raises
        ------
        LayerError
            With every fault of every table.
        """
        return cls(check(frames), settings or Settings())

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """Data centres as they were read."""
        return self.tables.sites

    @property
    def grid(self) -> Grid:
        """Layers of the power system."""
        return self.tables.grid

    @property
    def fibre(self) -> Fibre:
        """Layers of the fibre network."""
        return self.tables.fibre

    @property
    def layout(self) -> Layout:
        """What maps of this study show: extent, insets and the lines of the table `borders`."""
        from three_mismatches import maps

        return maps.layout_of(self.tables.grid.areas, borders=self.tables.borders)

    def check(self) -> None:
        """
        Raise what `solve` would raise about the tables, without solving.

        Raises
        ------
        LayerError, MatchError, NetworkError
            With every fault found in the first step that fails.
        """
        rehearse(self.tables, self.settings)

    def solve(self, *, draws: int = DELAY_DRAWS) -> Result:
        """
        Return the answer: one row per site, and everything that led to it.

        Parameters
        ----------
        draws
            Draws of the years until each site runs (`delay.simulate`); 0 leaves them out.
        """
        return Result(solve(self.tables, self.settings, draws=draws), self.settings)

    def sensitivity(self) -> pd.DataFrame:
        """
        Return how the fleet's power figures move with each doubtful input, one at a time. [MW]

        Index input, reading; the first row is the study as it is, `change_mw` the difference of `joint_gap_mw`.
        """
        return one_at_a_time(self.tables, self.settings)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the study to a folder or, by the suffix .gpkg, to one GeoPackage."""
        return export.write_study(self.tables, self.settings, path, overwrite=overwrite)

    def __repr__(self) -> str:
        """Return the study's name, year and size."""
        return (
            f"Study({self.settings.name!r}, year={self.settings.year}, demand={self.settings.demand!r}, "
            f"{len(self.sites)} sites, {len(self.grid.areas)} areas)"
        )


@dataclass(frozen=True, eq=False)
class Result:
    """
    The answer to a study.

    Parameters
    ----------
    tables
        Every table that the solve made.
    settings
        The study's settings.
    """

    tables: ResultTables
    settings: Settings

    @property
    def study(self) -> Study:
        """The study that this answers."""
        return Study(self.tables.inputs, self.settings)

    @property
    def sites(self) -> gpd.GeoDataFrame:
        """One row per site: request, hosting, gaps, round trip, dominant mismatch, flags."""
        return self.tables.sites

    @property
    def latency(self) -> pd.DataFrame:
        """One row per site and use: round trip, its increments, budget and gap. [ms]"""
        return self.tables.latency

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """One row per area: spare and stranded power, new load and what of it is not served. [MW]"""
        return self.tables.areas

    @property
    def places(self) -> gpd.GeoDataFrame:
        """Candidate places for power-fibre: fibre nodes and offices with what the grid can host there. [MW]"""
        return self.tables.places

    @property
    def ties(self) -> pd.DataFrame:
        """One row per interface and link: flow, limits [MW] and shadow price [MW/MW]."""
        return self.tables.ties

    @property
    def buses(self) -> gpd.GeoDataFrame:
        """At line resolution one row per bus: demand and supply of the base dispatch; else no rows. [MW]"""
        return self.tables.buses

    @property
    def lines(self) -> gpd.GeoDataFrame:
        """At line resolution one row per circuit: flow `p0` [MW], `loading`, overload before new load; else no rows."""
        return self.tables.lines

    @property
    def grid(self) -> Grid:
        """The grid in the study's year; at line resolution with the base dispatch that `power.hosting` asks for."""
        return self.tables.grid

    @property
    def hosting(self) -> pd.DataFrame:
        """At line resolution one row per bus with sites: the rungs of what it can host anew, and why; else no rows."""
        return self.tables.hosting

    @property
    def reinforcements(self) -> pd.DataFrame:
        """At line resolution what a MW more of a rating would bring all sites together; else no rows. [MW/MW]"""
        return self.tables.reinforcements

    @property
    def delay(self) -> Delay | None:
        """How long sites wait for power, supply and fibre: `delay.sites`, `.streams`, `.fleet`, `.years`. [years]"""
        return self.tables.delay

    @cached_property
    def triangle(self) -> Triangle:
        """The mismatch triangle in km, made when it is first asked for; `mismatch.triangle` knows other grounds."""
        from three_mismatches import mismatch

        return mismatch.triangle(self.study)

    @property
    def certificate(self) -> gpd.GeoDataFrame:
        """What the repair of the map did to make the grid, and how far it can be trusted; no rows without a repair."""
        return self.tables.tables.grid.certificate

    @property
    def fleet(self) -> pd.DataFrame:
        """One row per headline quantity: value, unit, range and meaning."""
        return self.tables.fleet

    @property
    def fibre(self) -> Fibre:
        """The fibre network that the round trips ran over."""
        return self.tables.tables.fibre

    @property
    def hubs(self) -> gpd.GeoDataFrame:
        """What the sites had to reach."""
        return self.tables.tables.hubs

    @property
    def layout(self) -> Layout:
        """What maps of this answer show: extent, insets and the lines of the table `borders`."""
        return self.study.layout

    def plot(self, *, lang: Language = "en") -> Figure:
        """Return the map of the three mismatches, in English ("en") or Japanese ("ja")."""
        from three_mismatches import maps

        return maps.mismatch_map(self, lang=lang)

    def summary(self) -> list[str]:
        """Return the answer in three sentences."""
        from three_mismatches import report

        return report.sentences(self.fleet, self.sites, self.ties, self.settings)

    def write(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write tables, maps and summary to a folder or, by the suffix .gpkg, the tables to one GeoPackage."""
        from three_mismatches import report

        return report.write(self, path, overwrite=overwrite)

    def report(
        self,
        folder: str | Path,
        *,
        lang: Language = "en",
        ensemble: Ensemble | None = None,
        overwrite: bool = False,
    ) -> Path:
        """
        Write report.html, report.pdf, report.md, every picture and table to a folder, in English or Japanese.

        With an `ensemble` of the same study it also tells how far the headlines and the order of sites move.
        """
        from three_mismatches import report

        return report.write_report(self, folder, lang=lang, ensemble=ensemble, overwrite=overwrite)

    def explore(self, *, lang: Language = "en") -> Map:
        """Return a map for a browser that has a network, with layers and reasons; needs the extra `explore`."""
        from three_mismatches.report.explore import explore

        return explore(self, lang=lang)

    def __repr__(self) -> str:
        """Return the result's name, year and headline."""
        gap = float(self.fleet["value"]["joint_gap_mw"])
        name, year = self.settings.name, self.settings.year
        return f"Result({name!r}, year={year}, {len(self.sites)} sites, {gap:,.0f} MW short together)"
