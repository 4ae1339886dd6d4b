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
    _frames: Mapping[str, pd.DataFrame]
    _upgrades: pd.DataFrame
    _values: Mapping[str, float]
    _pocket_load: pd.Series

    def states(self, late_y: Floats) -> YearStates:
        """
        Return the grid when each work comes so much later than it is dated.

        Parameters
        ----------
        late_y
            (draws, works) [years]
        """
        path = _Paths(self._upgrades, self._in_force(late_y))
        areas, links, interfaces = (self._frames[name] for name in ("areas", "links", "interfaces"))
        firm = self._at_level(path, areas, "firm_mw", "supply_level")
        imports = self._values["import_share_in_supply"] * np.nan_to_num(path.of(areas, "net_import_mw"))
        firm = np.maximum(firm - imports, 0.0)
        forward = path.of(links, "p_nom")
        reverse = _or(path.of(links, "p_nom_reverse"), forward)
        limit = self._at_level(path, interfaces, "limit_forward", "tie_level")
        back = _or(self._at_level(path, interfaces, "limit_reverse", "tie_level"), limit)
        margin, spare = (np.nan_to_num(path.of(table, "margin_mw")) for table in (links, interfaces))
        shape = (len(late_y), len(self.years))
        return YearStates(
            GridStates(
                firm_mw=_full(firm, shape),
                peak_mw=_full(self.peak_mw, shape),
                link_forward=_full(np.maximum(forward - margin, 0.0), shape),
                link_reverse=_full(np.maximum(reverse - margin, 0.0), shape),
                interface_forward=_full(np.maximum(limit - spare, 0.0), shape),
                interface_reverse=_full(np.maximum(back - spare, 0.0), shape),
            ),
            unit_mw=np.minimum(self._largest_units(path, shape), firm),
            pole_share=_full(self._pole_share(path, links), shape),
            pocket_mw=_full(self._pocket_room(path), shape),
        )

    def _in_force(self, late_y: Floats) -> NDArray[np.bool_]:
        """Return which upgrades are in force at the peak of each year. (draws, years, upgrades)"""
        late = np.rint(late_y[:, self._upgrades["at_work"].to_numpy()] * DAYS_PER_YEAR)
        comes = self._upgrades["day"].to_numpy() + late
        peak = np.array([peak_day(year) for year in self.years], dtype=np.float64)
        return comes[:, None, :] <= peak[None, :, None]

    def _at_level(self, path: _Paths, table: pd.DataFrame, column: str, name: str) -> Floats:
        """Return a figure moved towards an end of its published range, as `layers.at_year` moves it."""
        level, default = self._values[name], path.of(table, column)
        if level == 0.0:
            return default
        end = _or(path.of(table, column + ENDS[level > 0.0]), default)
        end = np.minimum(end, default) if level < 0.0 else np.maximum(end, default)
        with np.errstate(invalid="ignore"):
            return np.where(np.isinf(default), default, default + abs(level) * (end - default))

    def _largest_units(self, path: _Paths, shape: tuple[int, int]) -> Floats:
        """Return each node's largest unit that runs. (draws, years, nodes) [MW]"""
        units = self._frames["generators"]
        found = np.zeros((*shape, len(self.graph.nodes)))
        # Few units ever change: the others are the same in every draw.
        changing = units.index.isin(self._upgrades["element"])
        for table in (units[~changing], units[changing]):
            size = self._running_mw(path, table)
            of_node = table["node"].to_numpy(dtype=np.int64)
            for node in np.unique(of_node):
                largest = size[..., of_node == node].max(axis=-1)
                found[..., node] = np.maximum(found[..., node], largest)
        return found

    def _running_mw(self, path: _Paths, units: pd.DataFrame) -> Floats:
        """Return the size of each unit's largest block in the years in which it runs, else 0. [MW]"""
        size = np.nan_to_num(_or(path.of(units, "p_unit"), path.of(units, "p_nom")))
        years = np.array(self.years, dtype=np.float64)[:, None]
        begins, ends = (path.of(units, column) for column in ("build_year", "retire_year"))
        runs = units["status"].eq("operating").to_numpy() & ~(begins > years)
        runs = runs | (units["status"].isin(("under construction", "planned")).to_numpy() & (begins <= years))
        return np.where(runs & ~(ends < years), size, 0.0)

    def _pole_share(self, path: _Paths, links: pd.DataFrame) -> Floats:
        direct = links["carrier"].isin(("HVDC", "FC")).to_numpy()
        return np.where(direct, np.nan_to_num(1.0 / path.of(links, "poles")), 0.0)

    def _pocket_room(self, path: _Paths) -> Floats:
        pockets = self._frames["pockets"]
        limit = self._at_level(path, pockets, "limit_mw", "pocket_level")
        load = _or(path.of(pockets, "load_mw"), self._pocket_load.to_numpy(dtype=np.float64))
        return np.maximum(np.where(np.isnan(limit), np.inf, limit) - load, 0.0)


class _Paths:
    """Columns of tables after the upgrades in force, for every draw and year."""

    def __init__(self, upgrades: pd.DataFrame, in_force: NDArray[np.bool_]) -> None:
        self._upgrades, self._in_force = upgrades, in_force

    def of(self, table: pd.DataFrame, column: str) -> Floats:
        """Return a column by row: (rows,) if no upgrade touches it, else (draws, years, rows)."""
        values = table[column].to_numpy(dtype=np.float64)
        mine = (self._upgrades["attribute"] == column) & self._upgrades["element"].isin(table.index)
        rows = np.flatnonzero(mine.to_numpy())
        if not len(rows):
            return values
        found = np.tile(values, (*self._in_force.shape[:2], 1))
        at = table.index.get_indexer(pd.Index(self._upgrades["element"].iloc[rows]))
        steps = self._upgrades.iloc[rows][["value", "mode"]].itertuples(index=False)
        for row, place, (value, mode) in zip(rows, at, steps, strict=True):
            held = self._in_force[..., row]
            found[..., place] = np.where(held, found[..., place] * (mode == "add") + value, found[..., place])
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
    frames = {
        name: getattr(grid, name).sort_index() for name in ("areas", "interfaces", "pockets", "generators")
    }
    frames["links"] = grid.links.loc[list(graph.links)]
    feeds = frames["generators"]["feeds_area"].fillna(frames["generators"]["area"])
    node = pd.Index(graph.nodes).get_indexer(pd.Index(feeds))
    frames["generators"] = frames["generators"].assign(node=node)[node >= 0]
    return Calendar(
        graph=graph,
        works=tuple(works.index),
        p_slip=works.to_numpy(dtype=np.float64),
        years=tuple(years),
        peak_mw=peak.to_numpy(dtype=np.float64),
        growth_mw=growth.to_numpy(dtype=np.float64),
        _frames=frames,
        _upgrades=upgrades,
        _values=values,
        _pocket_load=in_base_mw.reindex(frames["pockets"].index).fillna(0.0),
    )


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
