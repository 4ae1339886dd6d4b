"""The tables of a study, bundled by who needs them: a grid, a fibre network, and the study as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

import geopandas as gpd
import pandas as pd

from three_mismatches.layers.schemas import LAYERS, empty

__all__ = ["Fibre", "Grid", "StudyTables"]


@dataclass(frozen=True, eq=False)
class Grid:
    """
    The power system: where demand and generation are, and what connects them.

    At area resolution `buses`, `loads` and `lines` are empty, and `links` and `interfaces` join areas.
    `certificate` says what a repaired map was joined from, and how far it can be trusted.
    """

    areas: gpd.GeoDataFrame
    balances: pd.DataFrame
    capacity: pd.DataFrame
    pockets: gpd.GeoDataFrame
    generators: gpd.GeoDataFrame
    buses: gpd.GeoDataFrame
    loads: pd.DataFrame
    lines: gpd.GeoDataFrame
    links: pd.DataFrame
    interfaces: pd.DataFrame
    interface_members: pd.DataFrame
    certificate: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class Fibre:
    """The fibre network: nodes, and the routes that are built between them."""

    fibre_nodes: gpd.GeoDataFrame
    fibre_routes: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class StudyTables:
    """Every table of a study (DESIGN 4), each valid by its schema; nothing in the library changes them."""

    sites: gpd.GeoDataFrame
    phases: pd.DataFrame
    grid: Grid
    fibre: Fibre
    hubs: gpd.GeoDataFrame
    budgets: pd.DataFrame
    upgrades: pd.DataFrame
    outlook: pd.DataFrame
    lead_times: pd.DataFrame
    borders: gpd.GeoDataFrame

    @classmethod
    def from_frames(cls, frames: Mapping[str, pd.DataFrame]) -> StudyTables:
        """Return the bundle of the tables in `frames`; a table that is not there is empty."""
        table = {name: frames[name] if name in frames else empty(name) for name in LAYERS}

        def bundle(kind: type) -> dict[str, pd.DataFrame]:
            return {field.name: table[field.name] for field in fields(kind) if field.name in table}

        return cls(grid=Grid(**bundle(Grid)), fibre=Fibre(**bundle(Fibre)), **bundle(cls))

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return every table by name, in the order of the schemas."""
        found = dict(_named(self)) | dict(_named(self.grid)) | dict(_named(self.fibre))
        return {name: found[name] for name in LAYERS}

    def with_frames(self, **changed: pd.DataFrame) -> StudyTables:
        """Return a copy in which the named tables are replaced."""
        return StudyTables.from_frames({**self.frames(), **changed})

    def with_grid(self, grid: Grid) -> StudyTables:
        """Return a copy with another grid."""
        return replace(self, grid=grid)


def _named(bundle: StudyTables | Grid | Fibre) -> Iterator[tuple[str, pd.DataFrame]]:
    for field in fields(bundle):
        value = getattr(bundle, field.name)
        if isinstance(value, pd.DataFrame):
            yield field.name, value
