"""One year of a study: upgrades in force, sites as far as they are built, demand of the outlook."""

from __future__ import annotations

import calendar
import datetime
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.errors import AssumptionWarning, Fault, LayerError
from three_mismatches.layers.flags import Flag
from three_mismatches.layers.tables import StudyTables

__all__ = [
    "added_by_area",
    "at_year",
    "demand_path",
    "is_top_level",
    "new_load_mw",
    "peak_day",
    "work_day",
]

PEAK_DAY = "07-01"
"""Month and day before which an upgrade must be in service to count at that year's (summer) peak."""

LEVELS = (("areas", "firm_mw", "supply_level"), ("pockets", "limit_mw", "pocket_level"))
"""Table, column and the assumption that moves the column within its published range."""

UPGRADED = ("lines", "links", "interfaces", "pockets", "areas", "generators")


def at_year(
    tables: StudyTables, year: int, demand: str, values: Mapping[str, float], *, base_year: int = 0
) -> StudyTables:
    """
    Return the tables as they stand at the peak of one year.

    Demand is counted once: `areas.peak_mw` is the outlook without its own data-centre growth, sites bring
    theirs, and `areas.unsited_mw` is what the scenario holds beyond the listed sites.

    Parameters
    ----------
    tables
        The study, with its `upgrades`, `phases` and `outlook`.
    year
        Calendar year of the peak.
    demand
        Scenario of `outlook`, where there is one.
    values
        Every assumption's value, from `assumptions.resolve`.
    base_year
        Year in which `in_base_mw` was drawn: an operating site without it drew what its last phase begun by
        then asks.

    Raises
    ------
    LayerError
        If `outlook` has rows but none for `demand`, or an upgrade leaves a figure below 0.

    Warns
    -----
    AssumptionWarning
        If the year lies beyond the years of `outlook`: demand is held at the nearest of them.
    """
    sites, factor = _with_receiving_power(tables.sites, values)
    phases = _with_assumed_years(tables.phases, factor, values)
    sites = _with_base_draw(sites, phases, base_year)
    sites = _with_request_of(sites, phases, year)
    sites = _with_assumed_requests(_with_sums_of_parts(sites), values["unknown_request_mw"])
    areas, exceeded = _with_outlook(tables.grid.areas, tables.outlook, sites, year, demand, values)
    new = new_load_mw(sites) > 0.0
    sites["flags"] = add_flag(sites["flags"], Flag.LISTED_EXCEED_SCENARIO, new & exceeded)
    frames = _with_upgrades(tables.with_frames(areas=areas), year)
    frames["interfaces"] = _with_tie_level(frames["interfaces"], values["tie_level"])
    for name, column, level in LEVELS:
        frames[name] = frames[name].assign(**{column: _at_level(frames[name], column, values[level])})
    frames["areas"] = _with_own_supply(
        frames["areas"], values["import_share_in_supply"], values["committed_export_share"]
    )
    frames["generators"] = _in_service(frames["generators"], year)
    frames["lines"] = _with_class_factors(frames["lines"], values)
    return tables.with_frames(**frames, sites=sites, phases=phases)


def is_top_level(sites: pd.DataFrame) -> pd.Series:
    """Return which sites are no part of another row, and so count in sums."""
    return sites["part_of"].isna()


def new_load_mw(sites: pd.DataFrame) -> pd.Series:
    """Return what each site asks beyond its draw in the base year; NaN where that is unknown. [MW]"""
    return (sites["request_mw"] - sites["in_base_mw"].fillna(0.0)).clip(lower=0.0)


def _with_receiving_power(sites: pd.DataFrame, values: Mapping[str, float]) -> tuple[pd.DataFrame, pd.Series]:
    """Return sites with IT power turned into receiving power, and each site's new over old request."""
    ratio = sites["pue"].fillna(values["receiving_per_it"])
    derived = sites["it_mw"] * ratio
    redo = derived.notna() & ((sites["mw_kind"] == "IT") | sites["request_mw"].isna())
    request = sites["request_mw"].mask(redo, derived)
    factor = (request / sites["request_mw"]).fillna(1.0)
    drawn = (sites["in_base_mw"] * factor).clip(upper=request.fillna(np.inf))
    flags = add_flag(sites["flags"], Flag.MW_KIND_CONVERTED, redo)
    return sites.assign(request_mw=request, in_base_mw=drawn, flags=flags), factor


def _with_assumed_years(phases: pd.DataFrame, factor: pd.Series, values: Mapping[str, float]) -> pd.DataFrame:
    """Return phases in the study's receiving power, undated ones in the year that the study assumes."""
    assumed = phases["imputed"] & (phases["year"] == ASSUMPTIONS["undated_phase_year"].value)
    year = phases["year"].mask(assumed, values["undated_phase_year"])
    return phases.assign(year=year, mw=phases["mw"] * phases["site"].map(factor).astype(float))


def _with_base_draw(sites: pd.DataFrame, phases: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Return sites whose `in_base_mw` is known: what operates drew its phase of then, or all its request."""
    begun = phases[phases["year"] <= base_year].sort_values(["year", "mw"], kind="stable")
    then = begun.groupby("site")["mw"].last().reindex(sites.index).fillna(sites["request_mw"])
    drawn = sites["in_base_mw"].fillna(then.where(sites["status"] == "operating", 0.0)).fillna(0.0)
    return sites.assign(in_base_mw=drawn)


def _with_sums_of_parts(sites: pd.DataFrame) -> pd.DataFrame:
    """Return sites where a whole without a request asks what its parts ask, as far as these are known."""
    parts = sites[sites["part_of"].notna() & sites["request_mw"].notna()]
    sums = parts.groupby("part_of")[["request_mw", "in_base_mw"]].sum().reindex(sites.index)
    unknown = sites["request_mw"].isna() & sums["request_mw"].notna()
    return sites.assign(
        request_mw=sites["request_mw"].mask(unknown, sums["request_mw"]),
        in_base_mw=sites["in_base_mw"].mask(unknown, sums["in_base_mw"]),
    )


def _with_assumed_requests(sites: pd.DataFrame, request_mw: float) -> pd.DataFrame:
    """Return sites where an unknown request is the assumed one; what operates draws all of it already."""
    unknown = sites["request_mw"].isna() & (request_mw > 0.0)
    operating = unknown & (sites["status"] == "operating")
    retired = unknown & (sites["status"] == "retired")
    return sites.assign(
        request_mw=sites["request_mw"].mask(unknown, request_mw).mask(retired, 0.0),
        in_base_mw=sites["in_base_mw"].mask(operating, request_mw),
        flags=add_flag(
            without_flag(sites["flags"], Flag.REQUEST_UNKNOWN, unknown), Flag.REQUEST_ASSUMED, unknown
        ),
    )


def _with_class_factors(lines: pd.DataFrame, values: Mapping[str, float]) -> pd.DataFrame:
    """Return lines whose imputed reactance and ratings are moved by the study's factors."""
    banks = lines["kind"] == "transformer"
    rating = np.where(banks, values["transformer_rating_factor"], values["line_rating_factor"])
    rating = np.where(lines["imputed"], rating, 1.0)
    reactance = np.where(lines["imputed"] & ~banks, values["line_reactance_factor"], 1.0)
    moved = {"s_nom": rating, "s_nom_emergency": rating, "x": reactance, "x_pu_100": reactance}
    return lines.assign(**{column: lines[column] * factor for column, factor in moved.items()})


def _in_service(generators: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the generators that run at the peak: begun, not retired."""
    due = generators["build_year"] <= year
    begun = (generators["status"] == "operating") & ~(generators["build_year"] > year) | (
        generators["status"].isin(("under construction", "planned")) & due
    )
    return generators[begun & ~(generators["retire_year"] < year)].assign(status="operating")


def _with_request_of(sites: pd.DataFrame, phases: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return sites whose `request_mw` is that of the last phase begun; 0 before the first."""
    begun = phases[phases["year"] <= year].sort_values(["year", "mw"], kind="stable")
    reached = begun.groupby("site")["mw"].last()
    staged = sites.index.isin(phases["site"])
    request = sites["request_mw"].mask(staged, reached.reindex(sites.index).fillna(0.0))
    request = request.where(~staged, request.clip(lower=sites["in_base_mw"]))
    request = request.mask(sites["status"] == "retired", 0.0)
    flags = add_flag(sites["flags"], Flag.NOT_YET_BUILT, staged & (request == 0.0))
    return sites.assign(request_mw=request, flags=flags)


def add_flag(flags: pd.Series, flag: Flag, where: pd.Series | np.ndarray) -> pd.Series:
    """Return the flags with one more code where `where` holds."""
    texts = [
        ";".join(sorted({*filter(None, str(old).split(";")), flag.value})) if mark else old
        for old, mark in zip(flags.fillna(""), where, strict=True)
    ]
    return pd.Series(texts, index=flags.index, name="flags", dtype="object")


def without_flag(flags: pd.Series, flag: Flag, where: pd.Series) -> pd.Series:
    """Return the flags without one code where `where` holds."""
    texts = [
        ";".join(code for code in str(old).split(";") if code != flag.value) if mark else old
        for old, mark in zip(flags.fillna(""), where, strict=True)
    ]
    return pd.Series(texts, index=flags.index, name="flags", dtype="object")


def _with_upgrades(tables: StudyTables, year: int) -> dict[str, pd.DataFrame]:
    """Return copies of the grid's tables with every upgrade in force at the peak, earliest first."""
    frames = {name: tables.frames()[name].copy() for name in UPGRADED}
    last_days = tables.upgrades["date"].map(_last_day)
    in_force = tables.upgrades[last_days <= f"{year:04d}-{PEAK_DAY}"]
    # On one day totals come before additions; equal ones in the order of their ids.
    ordered = in_force.assign(day=last_days, adds=in_force["mode"] == "add").sort_index()
    ordered = ordered.sort_values(["day", "adds"], kind="stable")
    below: set[str] = set()
    for attribute, rows in ordered.groupby("attribute", sort=False):
        for frame in frames.values():
            mine = rows[rows["element"].isin(frame.index)] if attribute in frame.columns else rows.iloc[:0]
            if len(mine):
                frame[attribute] = _upgraded(frame[attribute], mine)
                changed = frame[attribute].loc[mine["element"].unique()]
                below |= set(map(str, changed.index[changed < 0.0]))
    if below:
        cure = "Correct the value, or its mode: set gives a total, add what comes on top"
        raise LayerError([Fault("upgrades", "value", "leaves less than 0", cure, tuple(sorted(below)))])
    return frames


def _upgraded(column: pd.Series, upgrades: pd.DataFrame) -> pd.Series:
    """Return one column after upgrades of it, in their order."""
    values = column.to_numpy(dtype=float, copy=True)
    at = column.index.get_indexer(pd.Index(upgrades["element"]))
    adds = (upgrades["mode"] == "add").to_numpy()
    for position, value, added in zip(at, upgrades["value"].to_numpy(dtype=float), adds, strict=True):
        values[position] = values[position] + value if added else value
    return pd.Series(values, index=column.index, name=column.name)


def _with_tie_level(interfaces: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return interfaces with their limits at the study's level between lowest and highest."""
    sides = ("limit_forward", "limit_reverse")
    return interfaces.assign(**{side: _at_level(interfaces, side, level) for side in sides})


def _with_own_supply(areas: pd.DataFrame, share: float, committed: float) -> pd.DataFrame:
    """
    Return areas whose supply is their own: what it holds of scheduled imports comes over the ties again.

    What an area exported is its own supply too, but is owed to others: `committed_export_mw`.
    """
    held = share * areas["net_import_mw"].fillna(0.0)
    own = (areas["firm_mw"] - held).clip(lower=0.0)
    return areas.assign(firm_mw=own, committed_export_mw=committed * held.clip(upper=0.0).abs())


def _at_level(table: pd.DataFrame, column: str, level: float) -> pd.Series:
    """
    Return a figure moved towards the lowest (-1) or the highest (+1) of its range, where that is known.

    An end that an upgrade has left behind is no end any more: the figure itself is.
    """
    default = table[column]
    if level == 0.0:
        return default
    end = table[f"{column}_{'low' if level < 0.0 else 'high'}"].fillna(default)
    end = end.clip(upper=default) if level < 0.0 else end.clip(lower=default)
    # Unlimited stays so: inf less inf is no number.
    return default.where(np.isinf(default), default + abs(level) * (end - default))


def peak_day(year: int) -> int:
    """Return the day before whose end a work must be in service to count at a year's peak. [proleptic ordinal]"""
    return datetime.date.fromisoformat(f"{year:04d}-{PEAK_DAY}").toordinal()


def work_day(date: object) -> int:
    """Return the last day that the date of an upgrade can mean; an undated one never comes. [proleptic ordinal]"""
    return datetime.date.fromisoformat(_last_day(date)).toordinal()


def demand_path(
    areas: pd.DataFrame,
    outlook: pd.DataFrame,
    years: Sequence[int],
    demand: str,
    values: Mapping[str, float],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Return ordinary demand and data-centre growth of each area, year by year, as `at_year` takes them.

    Parameters
    ----------
    areas
        With `peak_mw`, for areas that the outlook does not name. [MW]
    outlook
        Demand by scenario, area and year; without rows nothing grows.
    years
        Calendar years; beyond those of the outlook demand is held.
    demand
        Scenario.
    values
        Value of every assumption.

    Returns
    -------
    peak_mw, growth_mw
        Index year, one column for each area: demand without the outlook's own data centres, and these. [MW]
    """
    rows = outlook[outlook["demand"] == demand]
    peak = _paths(rows, "peak_mw", years).reindex(columns=areas.index)
    growth = _paths(_with_load_factor(rows, values), "new_dc_mw", years).reindex(columns=areas.index)
    return peak.fillna(areas["peak_mw"]), growth.fillna(0.0)


def _last_day(date: object) -> str:
    """Return the last day that an ISO date of any precision can mean; an undated upgrade never comes."""
    if not isinstance(date, str):
        return "9999-12-31"
    year, month, day = (*date.split("-"), "", "")[:3]
    month = month or "12"
    return f"{year}-{month}-{day or calendar.monthrange(int(year), int(month))[1]:0>2}"


def _with_outlook(
    areas: pd.DataFrame,
    outlook: pd.DataFrame,
    sites: pd.DataFrame,
    year: int,
    demand: str,
    values: Mapping[str, float],
) -> tuple[pd.DataFrame, bool]:
    """Return areas with the outlook's peak and the load beyond the listed sites; whether these exceed it."""
    if outlook.empty:
        return areas, False
    rows = outlook[outlook["demand"] == demand]
    if rows.empty:
        known = ", ".join(sorted(outlook["demand"].unique()))
        raise LayerError(
            [Fault("outlook", "demand", f"{demand!r} is no scenario of it", f"There are: {known}")]
        )
    first, last = int(rows["year"].min()), int(rows["year"].max())
    if not first <= year <= last:
        held = f"demand of {year} is held at that of {min(max(year, first), last)}: the outlook ends there"
        warnings.warn(held, AssumptionWarning, stacklevel=2)
    peak = _interpolated(rows, "peak_mw", year).reindex(areas.index)
    growth = added_by_area(rows, year, values).reindex(areas.index).fillna(0.0)
    listed = new_load_mw(sites)[is_top_level(sites)].sum()
    beyond = max(0.0, float(growth.sum() - listed))
    share = growth / growth.sum() if growth.sum() > 0 else growth
    unsited = areas["unsited_mw"] + beyond * share
    exceeded = bool(listed > growth.sum())
    return areas.assign(peak_mw=peak.fillna(areas["peak_mw"]), unsited_mw=unsited), exceeded


def added_by_area(rows: pd.DataFrame, year: int, values: Mapping[str, float]) -> pd.Series:
    """
    Return the data-centre load that a scenario adds since the base year, by area. [MW]

    Parameters
    ----------
    rows
        Rows of `outlook` of one scenario.
    year
        Year of the peak; flat beyond the years given.
    values
        Every assumption's value: energy becomes power by its load factor.
    """
    return _interpolated(_with_load_factor(rows, values), "new_dc_mw", year)


def _with_load_factor(rows: pd.DataFrame, values: Mapping[str, float]) -> pd.DataFrame:
    """Return rows whose MW come from TWh by the study's load factor, where the TWh are given."""
    if "new_dc_twh" not in rows:
        return rows
    hours = 8.76 * values["load_factor"]
    return rows.assign(new_dc_mw=(rows["new_dc_twh"] / hours * 1000.0).fillna(rows["new_dc_mw"]))


def _interpolated(rows: pd.DataFrame, column: str, year: int) -> pd.Series:
    """Return `column` by area, linear between the years given and flat beyond them."""
    found = _paths(rows, column, [year]).T
    return found[year] if year in found else pd.Series(dtype=float)


def _paths(rows: pd.DataFrame, column: str, years: Sequence[int]) -> pd.DataFrame:
    """Return `column` year by year, one column for each area that knows it."""
    ordered = rows.dropna(subset=[column]).sort_values("year")
    found = {
        area: np.interp(years, group["year"], group[column].astype(float))
        for area, group in ordered.groupby("area")
    }
    return pd.DataFrame(found, index=pd.Index(years, name="year"), dtype=float)
