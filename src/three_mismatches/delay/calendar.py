"""Dated works as arrays: what the grid carries in each planning year of each draw, some works having come late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.layers import Grid, StudyTables
from three_mismatches.layers.at_year import demand_path, peak_day, work_day
from three_mismatches.layers.settings import Settings
from three_mismatches.network import PowerGraph, power_graph, to_areas
from three_mismatches.power.cuts import GridStates

__all__ = ["Calendar", "YearStates", "works_calendar"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_PER_YEAR = 365.25

ENDS = ("_low", "_high")

UNIT_COLUMNS = ("p_unit", "p_nom", "build_year", "retire_year")

READ = {
    "areas": ("firm_mw", "firm_mw_low", "firm_mw_high", "net_import_mw"),
    "links": ("p_nom", "p_nom_reverse", "margin_mw", "poles"),
    "interfaces": (
        "limit_forward", "limit_forward_low", "limit_forward_high",
        "limit_reverse", "limit_reverse_low", "limit_reverse_high", "margin_mw",
    ),
    "pockets": ("limit_mw", "limit_mw_low", "limit_mw_high", "load_mw"),
    "units": UNIT_COLUMNS,
}  # fmt: skip
"""Columns of which upgrades move what the grid can carry."""


@dataclass(frozen=True, eq=False)
class YearStates:
    """
    The grid in each planning year of each draw.

    Attributes
    ----------
    grid
        Limits, supply and ordinary demand; leading axes draw, year. [MW]
    unit_mw
        Largest unit of each node, its supply at most. (draws, years, nodes) [MW]
    pole_share
        Share of each link that one pole carries. (draws, years, links) [-]
    pocket_mw
        What each pocket can take beyond what it has. (draws, years, pockets) [MW]
    """

    grid: GridStates
    unit_mw: Floats
    pole_share: Floats
    pocket_mw: Floats


@dataclass(frozen=True, eq=False)
class Calendar:
    """
    The works of a study, and the grid that they change.

    Attributes
    ----------
    graph
        The topology: every link that there is or will be.
    works
        Ids of works, in order; rows of `upgrades` that belong to one slip together.
    p_slip
        Chance of each work to come late, NaN where none is stated. [-]
    years
        Planning years. [calendar year]
    peak_mw, growth_mw
        Ordinary demand, and the data-centre growth of the scenario. (years, nodes) [MW]
    """

    graph: PowerGraph
    works: tuple[str, ...]
    p_slip: Floats
    years: tuple[int, ...]
    peak_mw: Floats
    growth_mw: Floats
    _columns: Mapping[tuple[str, str], _Column]
    _upgrades: pd.DataFrame
    _values: Mapping[str, float]
    _steady_units: Floats
    _units: pd.DataFrame
    _direct: NDArray[np.bool_]
    _pocket_load: Floats

    def under(self, values: Mapping[str, float]) -> Calendar:
        """Return the calendar with other levels of ties, supply and local limits; its demand stays."""
        return replace(self, _values=values)

    def states(self, late_y: Floats) -> YearStates:
        """
        Return the grid when each work comes so much later than it is dated.

        Works apply in the order of their printed dates, however late they come: a late total does not undo what was to
        come after it.

        Parameters
        ----------
        late_y
            (draws, works) [years]
        """
        in_force = self._in_force(late_y)
        shape = in_force.shape[:2]
        held = self._values["import_share_in_supply"] * np.nan_to_num(
            self._path("areas", "net_import_mw", in_force)
        )
        firm = np.maximum(self._at_level("areas", "firm_mw", "supply_level", in_force) - held, 0.0)
        forward = self._path("links", "p_nom", in_force)
        reverse = _or(self._path("links", "p_nom_reverse", in_force), forward)
        limit = self._at_level("interfaces", "limit_forward", "tie_level", in_force)
        back = _or(self._at_level("interfaces", "limit_reverse", "tie_level", in_force), limit)
        margin, spare = (
            np.nan_to_num(self._path(name, "margin_mw", in_force)) for name in ("links", "interfaces")
        )
        poles = self._path("links", "poles", in_force)
        return YearStates(
            GridStates(
                firm_mw=_full(firm, shape),
                peak_mw=_full(self.peak_mw, shape),
                link_forward=_full(np.maximum(forward - margin, 0.0), shape),
                link_reverse=_full(np.maximum(reverse - margin, 0.0), shape),
                interface_forward=_full(np.maximum(limit - spare, 0.0), shape),
                interface_reverse=_full(np.maximum(back - spare, 0.0), shape),
            ),
            unit_mw=np.minimum(self._largest_units(in_force), firm),
            pole_share=_full(np.where(self._direct, np.nan_to_num(1.0 / poles), 0.0), shape),
            pocket_mw=_full(self._pocket_room(in_force), shape),
        )

    def _path(self, table: str, column: str, in_force: NDArray[np.bool_]) -> Floats:
        return self._columns[table, column].path(in_force)

    def _in_force(self, late_y: Floats) -> NDArray[np.bool_]:
        """Return which upgrades are in force at the peak of each year. (draws, years, upgrades)"""
        late = np.rint(late_y[:, self._upgrades["at_work"].to_numpy()] * DAYS_PER_YEAR)
        comes = self._upgrades["day"].to_numpy() + late
        peak = np.array([peak_day(year) for year in self.years], dtype=np.float64)
        return comes[:, None, :] <= peak[None, :, None]

    def _at_level(self, table: str, column: str, name: str, in_force: NDArray[np.bool_]) -> Floats:
        """Return a figure moved towards an end of its published range, as `layers.at_year` moves it."""
        level, default = self._values[name], self._path(table, column, in_force)
        if level == 0.0:
            return default
        end = _or(self._path(table, column + ENDS[level > 0.0], in_force), default)
        end = np.minimum(end, default) if level < 0.0 else np.maximum(end, default)
        with np.errstate(invalid="ignore"):
            return np.where(np.isinf(default), default, default + abs(level) * (end - default))

    def _largest_units(self, in_force: NDArray[np.bool_]) -> Floats:
        """Return each node's largest unit that runs. (draws, years, nodes) [MW]"""
        columns = {name: self._path("units", name, in_force) for name in UNIT_COLUMNS}
        changing = _largest_at(
            self._units, _running_mw(self._units, columns, self.years), len(self.graph.nodes)
        )
        found = np.maximum(self._steady_units, changing)
        return _full(found, in_force.shape[:2])

    def _pocket_room(self, in_force: NDArray[np.bool_]) -> Floats:
        limit = self._at_level("pockets", "limit_mw", "pocket_level", in_force)
        load = _or(self._path("pockets", "load_mw", in_force), self._pocket_load)
        return np.maximum(np.where(np.isnan(limit), np.inf, limit) - load, 0.0)


@dataclass(frozen=True, eq=False)
class _Column:
    """A column as it was given, and what changes it in order: position of upgrade and row, value, whether it adds."""

    values: Floats
    steps: tuple[tuple[int, int, float, bool], ...]

    def path(self, in_force: NDArray[np.bool_]) -> Floats:
        """Return it by row: (rows,) if no upgrade touches it, else (draws, years, rows)."""
        if not self.steps:
            return self.values
        found = np.tile(self.values, (*in_force.shape[:2], 1))
        for upgrade, row, value, adds in self.steps:
            held = in_force[..., upgrade]
            found[..., row] = np.where(held, found[..., row] * adds + value, found[..., row])
        return found


def works_calendar(
    tables: StudyTables,
    settings: Settings,
    values: Mapping[str, float],
    *,
    years: Sequence[int],
    in_base_mw: pd.Series,
) -> Calendar:
    """
    Return the works of a study, ready to be moved.

    Parameters
    ----------
    tables
        The study as it was given, not as it stands in a year.
    settings, values
        Demand scenario; value of every assumption.
    years
        Planning years. [calendar year]
    in_base_mw
        Load to take for pockets whose own is not published, by pocket. [MW]

    Raises
    ------
    NetworkError
        If an area lacks its peak or firm capacity.
    """
    grid = to_areas(tables.grid)
    peak, growth = demand_path(grid.areas.sort_index(), tables.outlook, years, settings.demand, values)
    # A scenario may know what the table of areas leaves open.
    grid = replace(grid, areas=grid.areas.assign(peak_mw=peak.max()))
    upgrades, works = _with_works(tables.upgrades)
    graph = power_graph(_at_its_largest(grid, upgrades))
    units = _with_nodes(grid.generators.sort_index(), graph)
    changes = units.index.isin(upgrades["element"])
    steady = units[~changes]
    pockets = grid.pockets.sort_index()
    frames = {
        "areas": grid.areas.sort_index(),
        "links": grid.links.loc[list(graph.links)],
        "interfaces": grid.interfaces.sort_index(),
        "pockets": pockets,
        "units": units[changes],
    }
    given = {name: steady[name].to_numpy(dtype=np.float64) for name in UNIT_COLUMNS}
    return Calendar(
        graph=graph,
        works=tuple(works.index),
        p_slip=works.to_numpy(dtype=np.float64),
        years=tuple(years),
        peak_mw=peak.to_numpy(dtype=np.float64),
        growth_mw=growth.to_numpy(dtype=np.float64),
        _columns=_changing(frames, upgrades),
        _upgrades=upgrades,
        _values=values,
        _steady_units=_largest_at(steady, _running_mw(steady, given, tuple(years)), len(graph.nodes)),
        _units=frames["units"],
        _direct=frames["links"]["carrier"].isin(("HVDC", "FC")).to_numpy(),
        _pocket_load=in_base_mw.reindex(pockets.index).fillna(0.0).to_numpy(dtype=np.float64),
    )


def _with_nodes(units: pd.DataFrame, graph: PowerGraph) -> pd.DataFrame:
    """Return the units that feed a node, with its position."""
    feeds = units["feeds_area"].fillna(units["area"])
    node = pd.Index(graph.nodes).get_indexer(pd.Index(feeds))
    return units.assign(node=node)[node >= 0]


def _running_mw(units: pd.DataFrame, columns: Mapping[str, Floats], years: tuple[int, ...]) -> Floats:
    """Return the size of each unit's largest block in the years in which it runs, else 0. (..., years, units) [MW]"""
    size = np.nan_to_num(_or(columns["p_unit"], columns["p_nom"]))
    year = np.array(years, dtype=np.float64)[:, None]
    begins, ends = columns["build_year"], columns["retire_year"]
    runs = units["status"].eq("operating").to_numpy() & ~(begins > year)
    runs = runs | (units["status"].isin(("under construction", "planned")).to_numpy() & (begins <= year))
    return np.where(runs & ~(ends < year), size, 0.0)


def _largest_at(units: pd.DataFrame, mw: Floats, nodes: int) -> Floats:
    """Return the largest unit of each node. (..., nodes) [MW]"""
    found = np.zeros((*mw.shape[:-1], nodes))
    of_node = units["node"].to_numpy(dtype=np.int64)
    for node in np.unique(of_node):
        found[..., node] = mw[..., of_node == node].max(axis=-1)
    return found


def _changing(frames: Mapping[str, pd.DataFrame], upgrades: pd.DataFrame) -> dict[tuple[str, str], _Column]:
    """Return the columns that the model reads, with the upgrades of each in the order in which they apply."""
    found = {}
    for name, columns in READ.items():
        table = frames[name]
        own = upgrades.assign(
            upgrade=np.arange(len(upgrades)), row=table.index.get_indexer(pd.Index(upgrades["element"]))
        )
        own = own[own["row"] >= 0]
        for column in columns:
            rows = own[own["attribute"] == column]
            steps = zip(rows["upgrade"], rows["row"], rows["value"], rows["mode"] == "add", strict=True)
            found[name, column] = _Column(table[column].to_numpy(dtype=np.float64), tuple(steps))
    return found


def _with_works(upgrades: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Return upgrades in the order in which they apply, each with its day and work; each work's chance to slip."""
    work = upgrades["work"].fillna(upgrades.index.to_series()).astype(str)
    days = upgrades["date"].map(work_day).astype(float)
    # On one day totals come before additions; equal ones in the order of their ids.
    ordered = upgrades.assign(work=work, day=days, adds=upgrades["mode"] == "add").sort_index()
    ordered = ordered.sort_values(["day", "adds"], kind="stable")
    works = ordered.groupby("work")["p_slip"].max()
    return ordered.assign(at_work=works.index.get_indexer(pd.Index(ordered["work"]))), works


def _at_its_largest(grid: Grid, upgrades: pd.DataFrame) -> Grid:
    """Return the grid with every link as large as any work makes it: a link of 0 MW would be in no network."""
    links = grid.links
    for column in ("p_nom", "p_nom_reverse"):
        rows = upgrades[(upgrades["attribute"] == column) & upgrades["element"].isin(links.index)]
        most = rows.groupby("element")["value"].max().reindex(links.index)
        links = links.assign(**{column: links[column].where(~(most > links[column]), most)})
    return replace(grid, links=links)


def _or(values: Floats, others: Floats) -> Floats:
    """Return values, and others where they are not known."""
    return np.where(np.isnan(values), others, values)


def _full(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return values for every draw and year."""
    return np.ascontiguousarray(np.broadcast_to(values, (*shape, values.shape[-1])))
