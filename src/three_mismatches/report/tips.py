"""What the map in a browser says of each thing that is pointed at: its names, its figures and why they are so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from three_mismatches.language import names_of, say
from three_mismatches.maps.style import number, shorten
from three_mismatches.report.printed import one_line
from three_mismatches.report.words import elements_of, flag_meaning, mw, wait_without_end, without_end, word

__all__ = ["Tip", "area_tip", "hub_tip", "line_tip", "pocket_tip", "route_tip", "site_tip", "tie_tip"]

FIRST = 6
"""Rows that are read while pointing; the others are read after a click."""

LONGEST_NAME, LONGEST_TEXT = 90, 220
LISTED = 6


@dataclass(frozen=True)
class Tip:
    """Plain text, never markup: a heading, the name in the other language, rows of words, notes."""

    head: str
    sub: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return what the page makes text of."""
        return asdict(self) | {"few": FIRST}


def site_tip(site: pd.Series, *, called: str, elements: Mapping[str, str], hubs: Mapping[str, str]) -> Tip:
    """
    Return what is said of a site: what it asks, what it lacks, what limits it, how far it is in light, how late.

    Parameters
    ----------
    site
        A row of `result.sites`.
    called
        What readers call it.
    elements, hubs
        What readers call whatever may limit a site, and what it must reach.
    """
    rows = [
        (say("Asks"), mw(_value(site, "request_mw"))),
        (say("Short, all at once"), mw(_value(site, "joint_gap_mw"))),
        (say("Short, alone"), mw(_value(site, "power_gap_mw"))),
        (say("What limits it"), _listed(site.get("limiting_element"), elements)),
        (say("Round trip"), _round_trip(site, hubs)),
        (say("Budget"), f"{_number(site, 'budget_ms')} ms"),
        (say("Beyond it"), f"{_number(site, 'rtt_gap_ms')} ms"),
        (say("Could have alone"), _hosting(site)),
        (say("After the loss of"), _listed(site.get("limiting_outage"), elements)),
        (say("Waits"), _waits(site)),
        (say("Slowest"), word(site.get("critical_stream"))),
        (say("Weighs most"), word(site.get("dominant_mismatch"))),
        (say("Use"), word(site.get("use"))),
        (say("Status"), word(site.get("status"))),
        *_origin(site),
    ]
    return Tip(_name(called), _other_name(site, called), _filled(rows), _notes(site))


def area_tip(area: pd.Series, *, called: str) -> Tip:
    """Return what is said of an area: its power to spare, and what its load lacks."""
    rows = [
        (say("Power to spare"), mw(_value(area, "spare_mw"))),
        (say("of it too far in light for cloud load"), mw(_value(area, "stranded_cloud_mw"))),
        (say("New load"), mw(_value(area, "new_load_mw"))),
        (say("Short, all at once"), mw(_value(area, "joint_gap_mw"))),
        (say("Round trip to the nearest cloud region"), f"{_number(area, 'hub_rtt_ms')} ms"),
        *_origin(area),
    ]
    return Tip(_name(called), _other_name(area, called), _filled(rows))


def tie_tip(tie: pd.Series, *, called: str, areas: Mapping[str, str]) -> Tip:
    """Return what is said of a tie: its flow at the peak in its direction, its limits, whether it binds."""
    flow = _value(tie, "flow_mw")
    ends = [areas.get(str(tie[side]), str(tie[side])) for side in ("area0", "area1")]
    start, end = ends[::-1] if flow < 0 else ends
    between = (start, end, _value(tie, "limit_forward"), _value(tie, "limit_reverse"))
    forward = say("{start} to {end}", start=start, end=end)
    limits = (between[2], between[3]) if flow >= 0 or np.isnan(flow) else (between[3], between[2])
    rows = [
        (say("Flow at the peak"), _flow(flow, forward)),
        (say("Limit that way"), mw(limits[0])),
        (say("Limit the other way"), mw(limits[1])),
        (say("Binds"), say("yes") if bool(tie.get("binding", False)) else say("no")),
        *_origin(tie),
    ]
    return Tip(_name(called), rows=_filled(rows))


def _flow(flow: float, direction: str) -> str:
    """Return a flow with its direction, where it has one."""
    if not abs(flow) > 0.0:
        return mw(flow)
    return say("{mw}, {direction}", mw=mw(abs(flow)), direction=direction)


def route_tip(route: pd.Series, *, nodes: Mapping[str, str]) -> Tip:
    """Return what is said of a fibre route: its ends, its length and whether it is surveyed."""
    ends = " – ".join(nodes.get(str(route[end]), str(route[end])) for end in ("node0", "node1"))
    rows = [(say("Built length"), f"{_number(route, 'length')} km"), *_origin(route)]
    sketch = (say("a sketch: the route on the ground is not known"),)
    return Tip(
        _name(ends), rows=_filled(rows), notes=sketch if route.get("geometry_kind") == "schematic" else ()
    )


def hub_tip(hub: pd.Series, *, called: str) -> Tip:
    """Return what is said of a hub."""
    kind = say("cloud region") if hub.get("kind") == "cloud" else word(hub.get("kind"))
    return Tip(_name(called), _other_name(hub, called), _filled([(say("Kind"), kind), *_origin(hub)]))


def pocket_tip(pocket: pd.Series, *, called: str) -> Tip:
    """Return what is said of a published local limit."""
    rows = [(say("Limit"), mw(_value(pocket, "limit_mw"))), (say("Load"), mw(_value(pocket, "load_mw")))]
    return Tip(_name(called), _other_name(pocket, called), _filled([*rows, *_origin(pocket)]))


def line_tip(line: pd.Series, *, called: str) -> Tip:
    """Return what is said of a line: voltage, rating, flow and loading."""
    loading = _value(line, "loading")
    rows = [
        (say("Voltage"), f"{_number(line, 'v_nom')} kV"),
        (say("Rating"), f"{_number(line, 's_nom')} MVA"),
        (say("Flow at the peak"), mw(abs(_value(line, "p0")))),
        (say("Loading"), say("unknown") if np.isnan(loading) else f"{loading:.0%}"),
    ]
    return Tip(_name(called), rows=_filled(rows))


def both_names(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series, str]]:
    """Yield the id of each row, the row, and what readers call it."""
    called = names_of(table)
    for (label, row), name in zip(table.iterrows(), called, strict=True):
        yield str(label), row, str(name)


def _value(row: pd.Series, column: str) -> float:
    """Return a number of a row; NaN where there is none."""
    value = row.get(column, np.nan)
    return float(value) if isinstance(value, int | float | np.number) else np.nan


def _number(row: pd.Series, column: str) -> str:
    return number(_value(row, column))


def _name(text: str) -> str:
    return shorten(one_line(text), most=LONGEST_NAME)


def _other_name(row: pd.Series, called: str) -> str:
    """Return the name in the language that is not spoken, where it has one."""
    given = [one_line(row.get(column)) for column in ("name", "name_ja")]
    return next((_name(name) for name in given if name and name != one_line(called)), "")


def _listed(text: object, names: Mapping[str, str]) -> str:
    """Return elements by the names that readers know, the first of them."""
    words = [one_line(name) for name in elements_of(text, names)]
    shown = say(", ").join(words[:LISTED])
    count = len(words) - LISTED
    return say("{names} and {count} more", names=shown, count=count) if count > 0 else shown


def _hosting(site: pd.Series) -> str:
    """Return what a site could have, and of which kind the figure is."""
    most = mw(_value(site, "hosting_mw"))
    bound = word(site.get("bound"))
    return say("{value} ({note})", value=most, note=bound) if bound else most


def _round_trip(site: pd.Series, hubs: Mapping[str, str]) -> str:
    """Return the round trip with its range, and to what."""
    rtt, low, high = (_value(site, name) for name in ("rtt_ms", "rtt_low_ms", "rtt_high_ms"))
    words = say("no path") if np.isinf(rtt) else f"{number(rtt)} ms"
    if np.isfinite([low, high]).all():
        words = say("{time} [{low} to {high}]", time=words, low=number(low), high=number(high))
    hub = one_line(site.get("nearest_hub"))
    return say("{time} to {hub}", time=words, hub=_name(hubs.get(hub, hub))) if hub else words


def _waits(site: pd.Series) -> str:
    """Return the years that a site waits after its building stands, with eight of ten draws."""
    p10, p50, p90 = (_value(site, f"delay_y_p{share}") for share in (10, 50, 90))
    if "delay_y_p50" not in site:
        return ""
    if np.isnan(p50):
        return say("unknown")
    if np.isinf(p50):
        return wait_without_end(p10)
    last = without_end(say("years")) if np.isinf(p90) else number(p90)
    return say("{p50} years [{p10} to {p90}]", p50=number(p50), p10=number(p10), p90=last)


def _notes(row: pd.Series) -> tuple[str, ...]:
    flags = row.get("flags")
    return tuple(flag_meaning(flag) for flag in flags.split(";") if flag) if isinstance(flags, str) else ()


def _origin(row: pd.Series) -> list[tuple[str, str]]:
    return [(say("Source"), one_line(row.get("source"))), (say("Licence"), one_line(row.get("licence")))]


def _filled(rows: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the rows that say something, none of them endless."""
    return tuple((label, shorten(words, most=LONGEST_TEXT)) for label, words in rows if words)
