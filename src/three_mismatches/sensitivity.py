"""How the fleet's power figures move with each doubtful input, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from three_mismatches import match
from three_mismatches.assumptions import ASSUMPTIONS, ends_of, resolve
from three_mismatches.layers import Flag, StudyTables
from three_mismatches.layers.at_year import added_by_area, at_year, is_top_level, new_load_mw
from three_mismatches.layers.settings import Settings
from three_mismatches.solve import fleet_power

__all__ = ["LATE", "NO_REINFORCEMENT", "SHOWN", "one_at_a_time", "without_works"]

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
    "tie_level": 1.0, "supply_level": 1.0, "pocket_level": 1.0, "load_factor": 0.98,
    "receiving_per_it": 1.04, "undated_phase_year": 2040.0,
}  # fmt: skip
WORSE: Mapping[str, float] = {
    "tie_level": -1.0, "supply_level": -1.0, "pocket_level": -1.0, "load_factor": 0.80,
    "receiving_per_it": 1.43, "undated_phase_year": 2030.0,
}  # fmt: skip
"""The end of each range that is better, and worse, for new load."""

GRID = ("links", "interfaces", "pockets")

LATE = "what may slip does not come, closures do"
NO_REINFORCEMENT = "no reinforcement comes"


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
    variants = [
        _Variant("study", "as it is"),
        *_variants(tables, settings),
        *_unsited_by_area(tables, settings, values, places),
        _Variant("all ranges at once", "best end of each", BETTER),
        _Variant("all ranges at once", "worst end of each", WORSE),
    ]
    for variant in variants:
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
    """Return the study with the sums of the capacity table for its supply: other firm factors, other sources."""
    capacity = tables.grid.capacity
    if capacity.empty:
        return
    columns = {
        "rated output x default firm factors": ("p_nom", "firm_factor"),
        "rated output x low firm factors": ("p_nom", "firm_factor_low"),
        "rated output x high firm factors": ("p_nom", "firm_factor_high"),
        "rated output of the lowest sources": ("p_nom_low", "firm_factor"),
        "rated output of the highest sources": ("p_nom_high", "firm_factor"),
    }
    for reading, (output, factor) in columns.items():
        rated = capacity[output].fillna(capacity["p_nom"])
        firm = rated * capacity[factor].fillna(capacity["firm_factor"])
        by_area = firm.groupby(capacity["area"]).sum()
        yield _Variant("capacity source", reading, tables=_with_firm(tables, by_area))


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

    Demand of every year moves as that of the base year does; works come on top as they do there. Where flows
    are not known, imports stay in the supply and are counted a second time over the ties.
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


def without_works(tables: StudyTables) -> dict[str, StudyTables]:
    """
    Return the study without some of its dated works, where it has such.

    Parameters
    ----------
    tables
        Checked tables.

    Returns
    -------
    studies
        By what does not come: what may slip (but for what takes supply away), all of the grid's, all of supply's.
    """
    upgrades, grid = tables.upgrades, tables.grid
    of_supply = upgrades["element"].isin([*grid.areas.index, *grid.generators.index])
    of_grid = upgrades["element"].isin([key for name in GRID for key in getattr(grid, name).index])
    takes_away = (upgrades["mode"] == "add") & (upgrades["value"] < 0.0)
    closes = upgrades["element"].isin(grid.generators.index) & (upgrades["value"] == 0.0)
    without = {
        LATE: (upgrades["p_slip"] > 0.0) & ~takes_away & ~closes,
        NO_REINFORCEMENT: of_grid,
        "no plant comes or goes": of_supply,
    }
    return {
        reading: tables.with_frames(upgrades=upgrades[~gone])
        for reading, gone in without.items()
        if gone.any()
    }


def _works(tables: StudyTables) -> Iterator[_Variant]:
    for reading, changed in without_works(tables).items():
        yield _Variant("dated works", reading, tables=changed)


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


def _unsited_by_area(
    tables: StudyTables, settings: Settings, values: Mapping[str, float], places: pd.DataFrame
) -> Iterator[_Variant]:
    """Return the study whose unsited load is what each area's own share leaves, not what the nation's does."""
    rows = tables.outlook[tables.outlook["demand"] == settings.demand]
    if rows.empty:
        return
    areas = tables.grid.areas
    growth = added_by_area(rows, settings.year, values).reindex(areas.index).fillna(0.0)
    now = at_year(tables, settings.year, settings.demand, values, base_year=settings.base_year)
    new = new_load_mw(now.sites).where(is_top_level(now.sites), 0.0).groupby(places["area"]).sum()
    left = (growth - new.reindex(areas.index).fillna(0.0)).clip(lower=0.0)
    outlook = tables.outlook.assign(new_dc_mw=0.0, new_dc_twh=np.nan)
    changed = tables.with_frames(areas=areas.assign(unsited_mw=areas["unsited_mw"] + left), outlook=outlook)
    yield _Variant("unsited load", "by each area's own share", tables=changed)


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
    yield from _kinds(tables)
    yield from _drawn(tables)
    yield from _powered_land(tables)
    known = sites.loc[sites["part_of"].isna(), "request_mw"]
    if known.isna().any() and known.notna().any():
        median = float(known.median())
        reading = f"at the median of the others, {median:.0f} MW"
        yield _Variant("sites without a published MW", reading, {"unknown_request_mw": median})


def _kinds(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study with MW of an unknown kind taken for IT power."""
    sites, phases = tables.sites, tables.phases
    vague = (sites["mw_kind"] == "unspecified") & sites["request_mw"].notna() & sites["it_mw"].isna()
    if not vague.any():
        return
    ratio = sites["pue"].fillna(ASSUMPTIONS["receiving_per_it"].value).where(vague, 1.0)
    of_site = phases["site"].map(ratio).astype(float)
    changed = tables.with_frames(
        sites=sites.assign(request_mw=sites["request_mw"] * ratio, in_base_mw=sites["in_base_mw"] * ratio),
        phases=phases.assign(mw=phases["mw"] * of_site),
    )
    yield _Variant("MW of an unknown kind", "taken for IT power", tables=changed)


def _drawn(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study where an operating site drew only what is printed, where the table says what is."""
    sites = tables.sites
    if "mw_now" not in sites or not pd.api.types.is_numeric_dtype(sites["mw_now"]):
        return
    parts = sites["in_base_mw"].where(sites["mw_now"].notna()).groupby(sites["part_of"]).sum()
    guessed = (sites["status"] == "operating") & sites["mw_now"].isna() & sites["request_mw"].notna()
    if guessed.any():
        drawn = parts.reindex(sites.index).fillna(0.0)
        changed = tables.with_frames(sites=sites.assign(in_base_mw=sites["in_base_mw"].mask(guessed, drawn)))
        yield _Variant("drawn already", "only what is printed", tables=changed)


def _powered_land(tables: StudyTables) -> Iterator[_Variant]:
    """Return the study with offers of powered land at their full plan, where the table prints that."""
    sites, phases = tables.sites, tables.phases
    if "mw_full" not in sites or not pd.api.types.is_numeric_dtype(sites["mw_full"]):
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
