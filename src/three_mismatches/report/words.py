"""What readers call the codes of a result's tables, in the language that is spoken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from three_mismatches.language import names_of, say
from three_mismatches.layers import Flag

if TYPE_CHECKING:
    from three_mismatches.study import Result

__all__ = [
    "element_names",
    "elements_of",
    "figure_of",
    "flag_meaning",
    "ms",
    "mw",
    "table_words",
    "wait_without_end",
    "without_end",
    "word",
]


MORE = re.compile(r"and (\d+) more")
"""What ends a list of elements that a table has cut."""


def mw(value: float) -> str:
    """Return a power in words."""
    return f"{figure_of(value)} MW" if np.isfinite(value) else figure_of(value)


def ms(value: float) -> str:
    """Return a round trip in words."""
    return f"{figure_of(value, 1)} ms" if np.isfinite(value) else figure_of(value, unit="ms")


def figure_of(value: float, decimals: int = 0, *, unit: str = "") -> str:
    """Return a number with its decimals; unknown, and infinite as far as its unit tells of what, in words."""
    if np.isnan(value):
        return say("unknown")
    if np.isinf(value):
        return without_end(unit)
    # Adding zero turns a rounded minus zero into zero.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "−")


def without_end(unit: str) -> str:
    """Return what is infinite in a unit: light has no path, a wait no end, any other figure no limit."""
    return {"ms": say("no path"), say("years"): say("no end in sight")}.get(unit, say("unlimited"))


def wait_without_end(p10: float, *, decimals: int = 1) -> str:
    """Return what is said of a wait whose median is infinite: from which year on in nine of ten draws. [years]"""
    if not np.isfinite(p10):
        return say("no end in sight")
    return say("no end in sight [{p10} years or more]", p10=figure_of(p10, decimals))


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
    """Return what readers call whatever may limit or be lost: pockets, ties, links, areas, supply, units, poles."""
    tables = result.tables.inputs.frames()
    found = [names_of(tables[name]) for name in ("pockets", "interfaces", "links", "areas")]
    supply = {f"capacity:{area}": say("supply of {area}", area=name) for area, name in found[-1].items()}
    units = {
        f"unit:{unit}": say("unit {name}", name=name) for unit, name in names_of(tables["generators"]).items()
    }
    poles = {f"pole:{link}": say("one pole of {name}", name=name) for link, name in found[2].items()}
    others = pd.Series({**supply, **units, **poles}, dtype=object)
    every = pd.concat([*found, others, _tie_names(result)])
    first: pd.Series = every[~every.index.duplicated()]
    return first


def _tie_names(result: Result) -> pd.Series:
    """Return what readers call ties; those that are made of lines have no name and are called by their areas."""
    ties, areas = result.ties, names_of(result.areas)
    names = names_of(ties)
    for tie in ties.index[names.eq(ties.index.to_series())]:
        first, last = (ties[end][tie] for end in ("area0", "area1"))
        if first in areas.index and last in areas.index:
            names[tie] = say("{first}-{last} tie", first=areas[first], last=areas[last])
    return names


def elements_of(text: object, names: Mapping[str, str]) -> list[str]:
    """Return by the names that readers know what a table lists with semicolons, "and 3 more" as it is said."""
    parts = [part.strip() for part in text.split(";")] if isinstance(text, str) else []
    return [
        say("and {count} more", count=more.group(1)) if (more := MORE.fullmatch(part)) else str(names.get(part, part))
        for part in parts if part not in ("", "-")
    ]  # fmt: skip


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
