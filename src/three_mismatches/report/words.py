"""What readers call the codes of a result's tables, in the language that is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from three_mismatches.language import names_of, say
from three_mismatches.layers import Flag

if TYPE_CHECKING:
    from three_mismatches.study import Result

__all__ = ["element_names", "endless", "figure_of", "flag_meaning", "ms", "mw", "table_words", "word"]


def mw(value: float) -> str:
    """Return a power in words."""
    return f"{figure_of(value)} MW" if np.isfinite(value) else figure_of(value)


def ms(value: float) -> str:
    """Return a round trip in words."""
    return f"{figure_of(value, 1)} ms" if np.isfinite(value) else figure_of(value, unit="ms")


def figure_of(value: float, decimals: int = 0, *, unit: str = "") -> str:
    """Return a number with its decimals; unknown and without end in words, the latter as suits the unit."""
    if np.isnan(value):
        return say("unknown")
    if np.isinf(value):
        return endless(unit)
    # Adding zero turns a rounded minus zero into zero.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def endless(unit: str) -> str:
    """Return what a quantity without end means: light without a way, a wait beyond what the model sees, or no limit."""
    if unit == "ms":
        return say("no path")
    return say("not in sight") if unit in {"years", say("years")} else say("unlimited")


def word(code: object) -> str:
    """Return what readers call a code of a table; a text that is no code stays as it is."""
    if not isinstance(code, str):
        return ""
    return {
        **_uses(),
        **_states(),
        **_streams(),
        **_kinds(),
    }.get(code, code)


def _uses() -> Mapping[str, str]:
    return {
        "ai training": say("AI training"),
        "ai inference": say("AI inference"),
        "cloud": say("cloud"),
        "colocation": say("colocation"),
        "unspecified": say("not stated"),
    }


def _states() -> Mapping[str, str]:
    return {
        "operating": say("operating"),
        "under construction": say("under construction"),
        "planned": say("planned"),
        "announced": say("announced"),
        "retired": say("retired"),
        "high": say("high"),
        "medium": say("medium"),
        "low": say("low"),
        "outlook": say("outlook"),
        "district": say("district"),
        "municipality": say("municipality"),
        "prefecture": say("prefecture"),
    }


def _streams() -> Mapping[str, str]:
    return {
        "building": say("building"),
        "generation": say("generation"),
        "power": say("power"),
        "fibre": say("fibre"),
        "connection": say("grid connection"),
        "network": say("room on the grid"),
        "supply": say("supply as a whole"),
        "sites-power": say("sites-power"),
        "sites-fibre": say("sites-fibre"),
        "power-fibre": say("power-fibre"),
        "unknown": say("unknown"),
        "none": say("none"),
    }


def _kinds() -> Mapping[str, str]:
    return {
        "ix": say("exchange point"),
        "population": say("people"),
        "landing": say("cable landing"),
        "node": say("node"),
        "route": say("fibre route"),
        "group": say("shared-risk group"),
        "interface": say("tie"),
        "link": say("link"),
        "sites-generation": say("sites - generation"),
        "sites-hubs": say("sites - hubs"),
        "generation-hubs": say("generation - hubs"),
        "upper": say("upper bound"),
        "": "",
    }


def element_names(result: Result) -> pd.Series:
    """Return what readers call whatever may limit: pockets, ties, links, areas and their supply."""
    tables = result.tables.inputs.frames()
    found = [names_of(tables[name]) for name in ("pockets", "interfaces", "links", "areas")]
    supply = {f"capacity:{area}": say("supply of {area}", area=name) for area, name in found[-1].items()}
    every = pd.concat([*found, pd.Series(supply, dtype=object)])
    first: pd.Series = every[~every.index.duplicated()]
    return first


def table_words() -> Mapping[str, str]:
    """Return what readers call each table of a study."""
    return {
        "sites": say("Sites"),
        "phases": say("Phases of sites"),
        "areas": say("Areas"),
        "borders": say("Prefectures"),
        "balances": say("Balances of areas"),
        "capacity": say("Capacity"),
        "pockets": say("Local limits"),
        "generators": say("Generators"),
        "buses": say("Buses"),
        "loads": say("Loads"),
        "lines": say("Lines"),
        "links": say("Links"),
        "interfaces": say("Ties"),
        "interface_members": say("Members of ties"),
        "certificate": say("Certificate of the repair"),
        "upgrades": say("Dated works"),
        "lead_times": say("Lead times"),
        "outlook": say("Demand outlook"),
        "fibre_nodes": say("Fibre nodes"),
        "fibre_routes": say("Fibre routes"),
        "hubs": say("Hubs"),
        "budgets": say("Latency budgets"),
    }


def flag_meaning(flag: str) -> str:
    """Return what a flag warns of, in words; a code that is no flag stays as it is."""
    return _meanings().get(flag, flag)


def _meanings() -> Mapping[str, str]:
    return {
        Flag.AREA_NEAREST: say("lies in no area; the nearest one was taken"),
        Flag.BASE_INFEASIBLE: say("the model cannot serve even the demand that is there already"),
        Flag.BASE_VIOLATION: say("uses a line that is beyond its rating already"),
        Flag.CAPACITY_UNKNOWN: say("the area's capacity or peak is not given"),
        Flag.FIBRE_SCHEMATIC: say("fibre is a sketch of the backbone: round trips are estimates"),
        Flag.FIBRE_UNREACHABLE: say("no fibre path to any hub that the budget names"),
        Flag.FLOORED: say("a route shorter than the geodesic was raised to it"),
        Flag.INDICATIVE: say("the line model rests on map lines and voltage-class ratings"),
        Flag.ISLAND: say("no source answers in this part of the network"),
        Flag.LINE_OVERLOADED: say("a line at its bus is overloaded before any new load"),
        Flag.LISTED_EXCEED_SCENARIO: say("listed sites ask for more than the demand scenario"),
        Flag.LOCAL_GRID_UNKNOWN: say("no local supply limit is published: hosting is an upper bound"),
        Flag.LOCATION_PREFECTURE: say("known to the prefecture only; drawn at its office"),
        Flag.MW_KIND_CONVERTED: say("published as IT power; converted"),
        Flag.MW_KIND_UNSPECIFIED: say("the source does not say of which kind its MW are"),
        Flag.NESTED: say("part of another site; in no sum"),
        Flag.NO_BUDGET: say("no latency budget for this use"),
        Flag.NOT_YET_BUILT: say("not begun in the study year"),
        Flag.POCKET_LOAD_UNKNOWN: say("other load behind the same local limit is not published"),
        Flag.POWERED_LAND_FIRST_PHASE: say("powered land, taken at its first phase"),
        Flag.RADIAL: say("one outage cuts its bus off"),
        Flag.RATING_UNKNOWN: say("a line that it uses has no known rating"),
        Flag.REQUEST_ASSUMED: say("size assumed: none is published"),
        Flag.REQUEST_UNKNOWN: say("no size is published"),
        Flag.SINGLE_HOMED: say("one loss leaves it without fibre"),
        Flag.STATUS_INFERRED: say("due date passed without a report of its opening"),
        Flag.UNBOUNDED: say("nothing in the model limits it"),
        Flag.UNDATED_PHASE: say("the year of its full size is not published; a default was taken"),
    }
