"""The whole line: a study's tables in, its result tables out, every intermediate table kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from three_mismatches import delay, latency, match, mismatch, power
from three_mismatches.assumptions import ends_of, resolve
from three_mismatches.delay import Delay
from three_mismatches.layers import Grid, StudyTables
from three_mismatches.layers.at_year import at_year, is_top_level, new_load_mw
from three_mismatches.layers.settings import Settings
from three_mismatches.network import BusGraph, PowerGraph, bus_graph, power_graph, requests, to_areas

__all__ = ["DELAY_DRAWS", "FLEET_POWER", "READINGS", "ResultTables", "fleet_power", "rehearse", "solve"]

READINGS: tuple[Mapping[str, float], ...] = (
    {"tie_level": -1.0},
    {"tie_level": 1.0},
    {"import_share_in_supply": 0.0},
    {"pocket_level": -1.0},
    {"pocket_level": 1.0},
    {"supply_level": -1.0},
    {"supply_level": 1.0},
    *({name: end} for name in ("load_factor", "receiving_per_it") for end in ends_of(name)),
)
"""Readings of the published power figures over which the headlines' range is taken, one at a time."""

DELAY_DRAWS = 500
"""Draws of the years in a solve: Japan's mean of years lost is then known to some 2 %."""

FLEET_POWER = (
    "request_mw", "in_base_mw", "new_load_mw", "unsited_mw", "power_gap_mw", "joint_mw", "joint_gap_mw",
    "joint_gap_listed_mw", "joint_gap_intact_mw", "joint_multiple", "base_shed_mw", "double_count", "spare_mw",
)  # fmt: skip
"""Quantities of the fleet that a reading of the power figures can move."""


@dataclass(frozen=True, eq=False)
class ResultTables:
    """
    Every table that a solve makes.

    Attributes
    ----------
    sites, latency, areas, ties, fleet
        The answer: one row per site; per site and use; per area; per tie; per headline quantity.
    places
        Candidate places for power-fibre: fibre nodes and offices with what the grid can host there. [MW]
    buses, lines
        At line resolution the base dispatch: demand and supply of each bus, flow and loading of each line; else without
        rows.
    base
        The base dispatch as a whole; None at area resolution.
    grid
        The grid of the study's year; at line resolution with the base dispatch in its tables, as `power.hosting` asks.
    hosting
        At line resolution the rungs of each bus that sites stand at, beyond their base draw (`power.ladders`), and
        `request_mw`, `joint_mw`: what its sites ask anew, and get of it together with all others. [MW] Else no rows.
    reinforcements
        At line resolution what a MW more of a rating would bring all sites together (`power.Joint`); else no rows.
    delay
        How long sites wait, and for what; None if no draws were asked for.
    tables
        The study's tables as they stand in its year.
    inputs
        The study's tables as they were given.
    values
        Value of every assumption.
    """

    sites: gpd.GeoDataFrame
    latency: pd.DataFrame
    areas: gpd.GeoDataFrame
    ties: pd.DataFrame
    fleet: pd.DataFrame
    places: gpd.GeoDataFrame
    buses: gpd.GeoDataFrame
    lines: gpd.GeoDataFrame
    base: power.Dispatch | None
    grid: Grid
    hosting: pd.DataFrame
    reinforcements: pd.DataFrame
    delay: Delay | None
    tables: StudyTables
    inputs: StudyTables
    values: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class _PowerAnswer:
    """What the power model says of one reading of the published figures."""

    hosting: pd.DataFrame
    places: pd.Series
    joint: power.Delivery


def solve(
    tables: StudyTables, settings: Settings, *, draws: int = DELAY_DRAWS, readings: bool = True
) -> ResultTables:
    """
    Return the answer: at area resolution, and beside it at line resolution where the study has buses.

    Parameters
    ----------
    tables
        Checked tables.
    settings
        Year, demand scenario and assumptions.
    draws
        Draws of the years until each site runs; 0 leaves them out.
    readings
        Whether the fleet's range over other readings of the sources is taken, whole ties are lost for stress and the
        worst loss of fibre is looked for; an ensemble, which draws its inputs, needs none of it.

    Raises
    ------
    NetworkError
        If the tables make no network, for example because an area lacks its peak.
    MatchError
        If a site belongs to no area or fibre.
    """
    values = resolve(settings.assume)
    now, sites, places = match.in_its_year(tables, settings, values)
    answer = _power(now, sites, places, stress=readings)
    by_use = latency.of_points(now, sites, values, "site", losses=readings)
    place_latency = latency.of_points(now, places, values, "place")
    places = places.assign(headroom_mw=answer.places)
    moving = sites.assign(headroom_mw=answer.hosting["secure_mw"])
    regrets = mismatch.regret(moving, places, place_latency)
    rows = mismatch.site_rows(sites, answer.hosting, answer.joint.sites, by_use, regrets)
    years = _delay(tables, settings, values, now, sites, draws=draws, readings=readings)
    if years is not None:
        rows = mismatch.with_delay(rows, years.sites)
    areas = _area_rows(now, rows, answer.joint, mismatch.reach_in_year(now, places, values).areas)
    fleet = mismatch.fleet_rows(rows, areas, answer.joint)
    if years is not None:
        areas = areas.assign(lost_mw_y=years.years["lost_mw"].groupby("area").sum().reindex(areas.index))
    line = _line_answer(now, sites)
    power_readings = [
        fleet_power(tables, settings, {**values, **reading}, rows)
        for reading in READINGS
        if readings and _is_open(now, settings.demand, reading)
    ]
    other = [*mismatch.fibre_readings(rows), *mismatch.stock_readings(now.grid.areas)] if readings else []
    final = rows if line is None else mismatch.with_line_rung(rows, line.sites)
    if line is not None:
        more = line.dispatch, line.joint, line.hosting.attrs["violated"]
        fleet = pd.concat([fleet, mismatch.line_rows(final, rows["power_gap_mw"], *more)])
    return ResultTables(
        sites=final,
        latency=by_use,
        areas=areas,
        ties=answer.joint.ties.join(_tie_provenance(now)),
        fleet=_fleet(mismatch.with_range(fleet, [*power_readings, *other]), years),
        places=places,
        buses=now.grid.buses if line is None else line.buses,
        lines=now.grid.lines if line is None else line.lines,
        base=None if line is None else line.dispatch,
        grid=now.grid if line is None else line.grid,
        hosting=pd.DataFrame() if line is None else line.hosting,
        reinforcements=pd.DataFrame() if line is None else line.joint.reinforcements,
        delay=years,
        tables=now,
        inputs=tables,
        values=values,
    )


def _fleet(fleet: pd.DataFrame, years: Delay | None) -> pd.DataFrame:
    """Return the fleet with what the draws say of it."""
    return (
        fleet
        if years is None
        else pd.concat([fleet, mismatch.delay_rows(years.fleet, years.readings, years.untimed)])
    )


def _delay(
    tables: StudyTables,
    settings: Settings,
    values: Mapping[str, float],
    now: StudyTables,
    sites: gpd.GeoDataFrame,
    *,
    draws: int,
    readings: bool,
) -> Delay | None:
    if draws == 0:
        return None
    read = delay.READINGS if readings else ()
    return delay.simulate_matched(tables, settings, values, now, sites, draws=draws, readings=read)


def rehearse(tables: StudyTables, settings: Settings) -> None:
    """
    Do all of `solve` that can fail on a study's tables, and solve nothing.

    Raises
    ------
    LayerError, MatchError, NetworkError, ValueError
        As `solve` would.
    """
    values = resolve(settings.assume)
    now, _, _ = match.in_its_year(tables, settings, values)
    power_graph(now.grid)
    if len(now.grid.buses):
        bus_graph(now.grid)
    if len(now.fibre.fibre_nodes):
        latency.of_points(now, now.sites.iloc[:1], values, "site")


@dataclass(frozen=True, eq=False)
class _LineAnswer:
    """What the line model says: by site and by bus, of all together, and its base dispatch by bus and line."""

    sites: pd.DataFrame
    buses: gpd.GeoDataFrame
    lines: gpd.GeoDataFrame
    dispatch: power.Dispatch
    grid: Grid
    hosting: pd.DataFrame
    joint: power.Joint


def _line_answer(now: StudyTables, sites: gpd.GeoDataFrame) -> _LineAnswer | None:
    """Return what each site's bus can host, what all get together, and the base dispatch; None at area resolution."""
    if now.grid.buses.empty:
        return None
    graph = bus_graph(now.grid)
    base = power.base_dispatch(graph)
    grid = power.dispatched(now.grid, graph, base)
    connected = _site_buses(sites, now.grid.buses)
    asked = pd.Index(connected["bus"].dropna().unique(), dtype=object)
    top = is_top_level(sites) & (sites["new_mw"] > 0.0)
    wanted = sites["new_mw"][top].groupby(connected["bus"][top]).sum().reindex(asked).fillna(0.0)
    # What the base loads beyond its rating shows that the map lacks a line, not that the site lacks power.
    rungs, together = power.ladders_and_joint(grid, wanted, preexisting="ignore")
    found = connected.join(rungs[["n0_mw", "n1_mw", "n1_line", "n1_outage"]], on="bus").assign(
        line_flags=connected["bus"].map(rungs["flags"]),
        overloaded=connected["bus"].isin(_strained(graph, base)),
    )
    hosting = rungs.join(together.sites[["request_mw", "joint_mw"]])
    hosting.attrs = rungs.attrs
    return _LineAnswer(
        sites=found,
        buses=now.grid.buses.join(base.buses),
        lines=now.grid.lines.join(base.lines),
        dispatch=base,
        grid=grid,
        hosting=hosting,
        joint=together,
    )


def _site_buses(sites: gpd.GeoDataFrame, buses: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return each site's bus: the nearest of its area that serves demand."""
    serving = match.load_buses(buses)
    found = pd.DataFrame({"bus": np.nan, "bus_km": np.nan}, index=sites.index).astype({"bus": object})
    for area, here in serving.groupby("area"):
        rows = sites.index[sites["area"] == area]
        if len(rows):
            found.loc[rows] = match.to_bus(sites.loc[rows], here)
    return found


def _strained(graph: BusGraph, base: power.Dispatch) -> set[str]:
    """Return the buses at the ends of lines that the base dispatch loads beyond their ratings."""
    over = base.lines["overload_mw"].to_numpy() > 0.0
    ends = np.concatenate([graph.branch_from[over], graph.branch_to[over]])
    return {graph.buses[at] for at in ends}


def _power(
    now: StudyTables, sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, stress: bool = True
) -> _PowerAnswer:
    """Return what sites and candidate places can host alone, and what all sites get together."""
    top = sites[is_top_level(sites)]
    graph = power_graph(now.grid, top.groupby("pocket")["in_base_mw"].sum())
    asked = [*_groups(graph, sites), *_groups(graph, places), *map(power.Group, range(len(graph.nodes)))]
    alone = power.area_hosting(graph, asked, stress=stress)
    hosting = alone.iloc[: len(sites)].set_index(sites.index)
    headroom = alone.iloc[len(sites) : len(sites) + len(places)]["secure_mw"].set_axis(places.index)
    wanted = requests(graph, top[top["new_mw"].notna()], top["new_mw"])
    secure = dict(zip(asked, alone["secure_mw"], strict=True))
    return _PowerAnswer(hosting, headroom, power.area_joint(graph, wanted, alone_mw=secure))


def _groups(graph: PowerGraph, points: pd.DataFrame) -> list[power.Group]:
    node = pd.Index(graph.nodes).get_indexer(pd.Index(points["area"]))
    pocket = pd.Index(graph.pockets, dtype=object).get_indexer(pd.Index(points["pocket"]))
    return [power.Group(int(n), int(p)) for n, p in zip(node, pocket, strict=True)]


def _area_rows(
    now: StudyTables, rows: pd.DataFrame, joint: power.Delivery, reach: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Return the areas with spare power, its reach, the new load and what of it is not served."""
    top = rows[is_top_level(rows)]
    listed = top.groupby("area")[["new_mw", "joint_gap_mw"]].sum().reindex(now.grid.areas.index).fillna(0.0)
    unsited = now.grid.areas["unsited_mw"]
    beyond = (unsited - joint.areas["unsited_joint_mw"]).clip(lower=0.0)
    return now.grid.areas.join(reach).assign(
        new_load_mw=listed["new_mw"] + unsited,
        joint_gap_mw=listed["joint_gap_mw"] + beyond,
        unsited_joint_mw=joint.areas["unsited_joint_mw"],
        base_shed_mw=joint.areas["shed_mw"],
    )


def _is_open(now: StudyTables, demand: str, reading: Mapping[str, float]) -> bool:
    """Return whether a reading can differ: whether any row knows the figure that it moves."""
    ((name, level),) = reading.items()
    end = "low" if level < 0.0 else "high"
    of_it = now.sites["mw_kind"].eq("IT") & now.sites["pue"].isna()
    energy = now.outlook.get("new_dc_twh", pd.Series(dtype=float))
    moved = {
        "tie_level": now.grid.interfaces[[f"limit_forward_{end}", f"limit_reverse_{end}"]].notna(),
        "pocket_level": now.grid.pockets[[f"limit_mw_{end}"]].notna(),
        "supply_level": now.grid.areas[[f"firm_mw_{end}"]].notna(),
        "import_share_in_supply": now.grid.areas[["net_import_mw"]].notna(),
        "load_factor": energy[now.outlook["demand"] == demand].notna().to_frame(),
        "receiving_per_it": (of_it & now.sites["it_mw"].notna()).to_frame(),
    }
    return name not in moved or bool(moved[name].any(axis=None))


def _tie_provenance(now: StudyTables) -> pd.DataFrame:
    """Return names, source and licence of every interface and link."""
    columns = ["name", "name_ja", "source", "source_date", "licence", "confidence"]
    grid = to_areas(now.grid)
    rows = pd.concat([grid.interfaces[columns], grid.links[columns]])
    return rows[~rows.index.duplicated()]


def fleet_power(
    tables: StudyTables, settings: Settings, values: Mapping[str, float], places: pd.DataFrame
) -> pd.Series:
    """
    Return the fleet's power figures of a study, without round trips, regret and stress.

    Parameters
    ----------
    tables
        Checked tables; sites must be those of `places`.
    settings
        Year, demand scenario and base year.
    values
        Value of every assumption.
    places
        `area` and `pocket` of each site, as a solve has matched them.

    Returns
    -------
    fleet
        Value of each quantity in `FLEET_POWER`. [MW]
    """
    now = at_year(tables, settings.year, settings.demand, values, base_year=settings.base_year)
    new = new_load_mw(now.sites)
    sites = now.sites.assign(area=places["area"], pocket=places["pocket"], new_mw=new, regret_mw=np.nan)
    answer = _power(now, sites, sites.iloc[:0], stress=False)
    hosting = sites["in_base_mw"] + answer.hosting["secure_mw"]
    rows = sites.assign(
        hosting_mw=hosting,
        power_gap_mw=(sites["request_mw"] - hosting).clip(lower=0.0),
        joint_mw=sites["in_base_mw"] + answer.joint.sites["joint_mw"].reindex(sites.index),
    )
    areas = now.grid.areas.assign(spare_mw=mismatch.spare_mw(now.grid.areas))
    return mismatch.fleet_power(rows, areas, answer.joint)[list(FLEET_POWER)]
