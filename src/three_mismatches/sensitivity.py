"""How the fleet's power figures move with each doubtful input, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from three_mismatches import match
from three_mismatches.assumptions import ASSUMPTIONS, ends_of, resolve
from three_mismatches.layers import Flag, StudyTables
from three_mismatches.layers.settings import Settings
from three_mismatches.solve import fleet_power

__all__ = ["SHOWN", "one_at_a_time"]

SHOWN = (
    "new_load_mw", "unsited_mw", "spare_mw", "power_gap_mw", "joint_gap_mw", "joint_gap_intact_mw", "joint_multiple",
)  # fmt: skip
"""Quantities of the fleet that the table shows; `joint_multiple` moves where nothing is short too."""

LEVELS: Mapping[str, Mapping[str, float]] = {
    "capacity of ties": {"tie_level": 1.0},
    "supply of areas": {"supply_level": 1.0},
    "local limits": {"pocket_level": 1.0},
}
"""What moves within the range that its sources print: input, and the assumption with its better end."""

BETTER: Mapping[str, float] = {
    "tie_level": 1.0,
    "supply_level": 1.0,
    "pocket_level": 1.0,
    "load_factor": 0.98,
}
WORSE: Mapping[str, float] = {"tie_level": -1.0, "supply_level": -1.0, "pocket_level": -1.0}

GRID = ("links", "interfaces", "pockets")


@dataclass(frozen=True, eq=False)
class _Variant:
    """One other reading of one input: assumptions, tables or the scenario that replace the study's own."""

    input: str
    reading: str
    assume: Mapping[str, float] = field(default_factory=dict)
    tables: StudyTables | None = None
    demand: str | None = None


def one_at_a_time(tables: StudyTables, settings: Settings) -> pd.DataFrame:
    """
    Return the fleet's power figures under other readings of each doubtful input.

    A reading is there if the tables hold what it needs: no row is made up for an input without a range.

    Parameters
    ----------
    tables
        Checked tables.
    settings
        Year, demand scenario and assumptions: the first row, from which one input at a time departs.

    Returns
    -------
    sensitivity
        Index input, reading. The quantities of `SHOWN` [MW], and `change_mw`: `joint_gap_mw` less that of
        the first row. [MW]

    Raises
    ------
    LayerError, MatchError, NetworkError
        As `solve` would.
    """
    values = resolve(settings.assume)
    places = pd.DataFrame(
        {
            "area": match.to_area(tables.sites, tables.grid.areas)["area"],
            "pocket": match.to_pocket(tables.sites, tables.grid.pockets),
        }
    )
    rows = {}
    for variant in (_Variant("study", "as it is"), *_variants(tables, settings)):
        asked = replace(settings, demand=variant.demand or settings.demand)
        used = variant.tables if variant.tables is not None else tables
        found = fleet_power(used, asked, {**values, **variant.assume}, places)
        rows[variant.input, variant.reading] = found[list(SHOWN)]
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["input", "reading"])
    return table.assign(change_mw=table["joint_gap_mw"] - table["joint_gap_mw"].iloc[0])


def _variants(tables: StudyTables, settings: Settings) -> Iterator[_Variant]:
    """Return every other reading that the tables know, by input."""
    yield from _levels(tables)
    yield from _capacity(tables)
    yield from _balances(tables)
    yield from _works(tables)
    yield from _pockets(tables)
    yield from _demand(tables, settings)
    yield from _sites(tables)
    yield _Variant("all ranges at once", "best end of each", BETTER)
    yield _Variant("all ranges at once", "worst end of each", WORSE)


def _levels(tables: StudyTables) -> Iterator[_Variant]:
    columns = {
        "capacity of ties": tables.grid.interfaces["limit_forward_low"],
        "supply of areas": tables.grid.areas["firm_mw_low"],
        "local limits": tables.grid.pockets["limit_mw_low"],
    }
    for name, assume in LEVELS.items():
        if columns[name].notna().any():
            ((assumption, end),) = assume.items()
            yield _Variant(name, "lowest of the sources", {assumption: -end})
            yield _Variant(name, "highest of the sources", {assumption: end})
    if tables.grid.areas["net_import_mw"].notna().any():
        yield _Variant("imports in the published supply", "none", {"import_share_in_supply": 0.0})


def _capacity(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study with the sums of the capacity table for its supply, at three sets of firm factors."""
    capacity = tables.grid.capacity
    if capacity.empty:
        return
    for end, reading in (("", "default"), ("_low", "low"), ("_high", "high")):
        factor = capacity[f"firm_factor{end}"].fillna(capacity["firm_factor"])
        firm = (capacity["p_nom"] * factor).groupby(capacity["area"]).sum()
        yield _Variant(
            "capacity source", f"rated output x {reading} firm factors", tables=_with_firm(tables, firm)
        )


def _with_firm(tables: StudyTables, firm: pd.Series) -> StudyTables:
    """Return the study with plants' own output for the supply of the areas that `firm` names."""
    areas = tables.grid.areas
    own = firm.reindex(areas.index)
    return tables.with_frames(
        areas=areas.assign(
            firm_mw=own.fillna(areas["firm_mw"]), net_import_mw=areas["net_import_mw"].where(own.isna(), 0.0)
        )
    )


def _balances(tables: StudyTables) -> Iterator[_Variant]:
    """
    Return the study with the demand and supply of other half-hours, where these are known.

    Demand of every year moves as that of the base year does; works come on top as they do there.
    """
    areas = tables.grid.areas
    for balance, rows in tables.grid.balances.groupby("balance", sort=True):
        other = rows.set_index("area").reindex(areas.index)
        known = other["peak_mw"].notna()
        ratio = (other["peak_mw"] / areas["peak_mw"]).where(known, 1.0)
        outlook = tables.outlook.assign(peak_mw=tables.outlook["peak_mw"] * tables.outlook["area"].map(ratio))
        then = areas.assign(
            peak_mw=other["peak_mw"].where(known, areas["peak_mw"]),
            firm_mw=other["firm_mw"].where(known, areas["firm_mw"]),
            net_import_mw=other["net_import_mw"].fillna(0.0).where(known, areas["net_import_mw"]),
        )
        yield _Variant("half-hour", str(balance), tables=tables.with_frames(areas=then, outlook=outlook))


def _works(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study without dated works: those that may slip, those of the grid, those of supply."""
    upgrades = tables.upgrades
    of_supply = upgrades["element"].isin(tables.grid.areas.index)
    of_grid = upgrades["element"].isin([key for name in GRID for key in getattr(tables.grid, name).index])
    without = {
        "those that may slip do not come": upgrades["p_slip"] > 0.0,
        "no reinforcement comes": of_grid,
        "no plant comes or goes": of_supply,
    }
    for reading, gone in without.items():
        if gone.any():
            yield _Variant("dated works", reading, tables=tables.with_frames(upgrades=upgrades[~gone]))


def _pockets(tables: StudyTables) -> Iterator[_Variant]:
    pockets = tables.grid.pockets
    if len(pockets):
        names = pd.Index(pockets.index)
        kept = tables.upgrades[~tables.upgrades["element"].isin(names)]
        off = tables.with_frames(pockets=pockets.iloc[:0], upgrades=kept)
        yield _Variant("local limits", "none", tables=off)


def _demand(tables: StudyTables, settings: Settings) -> Iterator[_Variant]:
    energy = tables.outlook.get("new_dc_twh", pd.Series(np.nan, index=tables.outlook.index))
    if energy[tables.outlook["demand"] == settings.demand].notna().any():
        for end in ends_of("load_factor"):
            yield _Variant("load factor", f"{end:g}", {"load_factor": end})
    for demand in sorted(set(tables.outlook["demand"]) - {settings.demand}):
        yield _Variant("demand scenario", demand, demand=demand)


def _sites(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study with other readings of what its sites ask, and when."""
    sites, phases = tables.sites, tables.phases
    if (sites["mw_kind"].eq("IT") & sites["pue"].isna() & sites["it_mw"].notna()).any():
        for end in ends_of("receiving_per_it"):
            yield _Variant("receiving power per IT power", f"{end:g}", {"receiving_per_it": end})
    if len(phases):
        undated = ASSUMPTIONS["undated_phase_year"]
        yield _Variant("undated phases", f"in {undated.low:g}", {"undated_phase_year": undated.low})
        yield _Variant("undated phases", f"in {undated.high:g}", {"undated_phase_year": undated.high})
        yield _Variant(
            "phases", "every site at its full plan", tables=tables.with_frames(phases=phases.iloc[:0])
        )
    yield from _powered_land(tables)
    known = sites.loc[sites["part_of"].isna(), "request_mw"]
    if known.isna().any() and known.notna().any():
        median = float(known.median())
        reading = f"at the median of the others, {median:.0f} MW"
        yield _Variant("sites without a published MW", reading, {"unknown_request_mw": median})


def _powered_land(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study with offers of powered land at their full plan, where the table prints that."""
    sites, phases = tables.sites, tables.phases
    if "mw_full" not in sites:
        return
    offered = sites["flags"].fillna("").str.contains(Flag.POWERED_LAND_FIRST_PHASE)
    full = sites["mw_full"].where(offered).dropna()
    if full.empty:
        return
    last = phases.sort_values("year", kind="stable").groupby("site").tail(1)
    grown = phases.index.isin(last.index[last["site"].isin(full.index)])
    changed = tables.with_frames(
        sites=sites.assign(request_mw=full.reindex(sites.index).fillna(sites["request_mw"])),
        phases=phases.assign(mw=phases["mw"].mask(grown, phases["site"].map(full))),
    )
    yield _Variant("powered land", "full plan at once", tables=changed)
