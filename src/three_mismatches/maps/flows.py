"""Arrows between areas with what flows there, and marks on lines that are at their limit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from three_mismatches.language import names_of, say
from three_mismatches.maps import base
from three_mismatches.maps.labels import Label, dpi_of
from three_mismatches.maps.legend import Row, line_row, marker_row
from three_mismatches.maps.lines import Frame, GridTables, Page, corridors, place_of, way_of, words_row
from three_mismatches.maps.style import NOTHING, PALETTE, Style, number, readable, shorten

__all__ = ["Flow", "Limits", "draw_flows", "draw_limits", "flows_of", "labels_on", "limits_of"]

Floats = NDArray[np.float64]

ARROW = 20.0
"""Length of an arrow. [pt]"""

FREE, FULL = 1.5, 3.4
"""Width of an arrow, and of one at its limit. [pt]"""

CASING, MARK = 4.2, 5.2
"""Width of the dark casing of a line at its limit, and size of the mark on it. [pt]"""

NAMED, NAMED_IN_INSET = 6, 4
NAME_LENGTH = 20
ABOVE_ALL = 5.6


@dataclass(frozen=True)
class Flow:
    """What flows between two areas: from where to where [degrees], how much, and at most [MW]; whether it is full."""

    start: Floats
    end: Floats
    mw: float
    limit_mw: float
    full: bool

    @property
    def middle(self) -> Floats:
        """Half way between the areas' centres. [degrees]"""
        return (self.start + self.end) / 2.0


@dataclass(frozen=True)
class Limits:
    """Lines at their limit: their ways, the points of transformers, what each is called; ids that have no place."""

    ways: tuple[Floats, ...]
    words: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def spots(self) -> Floats:
        """Where each is marked: half way along it. [degrees]"""
        middles = [_half_way(way) for way in self.ways]
        return np.array(middles, dtype=float).reshape(-1, 2)


def flows_of(areas: gpd.GeoDataFrame, ties: pd.DataFrame | None, full: Collection[str]) -> list[Flow]:
    """Return the flow between each two areas, by interfaces where there are any, else by links."""
    if ties is None or ties.empty:
        return []
    base.need_columns(ties, "ties", ("area0", "area1", "flow_mw"))
    kind = ties["kind"] if "kind" in ties else pd.Series("interface", index=ties.index)
    table = ties.assign(
        kind=kind.to_numpy(),
        full=_flag(ties, "binding") | ties.index.isin(list(full)),
        forward=_limit(ties, "limit_forward"),
        reverse=_limit(ties, "limit_reverse"),
    )
    centres = base.centres(areas)
    known = table[table["area0"].isin(centres.index) & table["area1"].isin(centres.index)]
    pairs = [tuple(sorted(pair)) for pair in zip(known["area0"], known["area1"], strict=True)]
    found = []
    for pair, rows in known.groupby(pd.Series(pairs, index=known.index, dtype=object), sort=True):
        between = rows[rows["kind"].eq("interface")]
        found.append(_flow(centres, pair, between if len(between) else rows))
    return [flow for flow in found if np.isfinite([flow.start, flow.end]).all()]


def _flow(centres: pd.DataFrame, pair: tuple[str, str], rows: pd.DataFrame) -> Flow:
    """Return the net flow of some ties between two areas, in its direction."""
    along = rows["area0"].eq(pair[0]).to_numpy()
    net = float(np.where(along, 1.0, -1.0) @ rows["flow_mw"].to_numpy(float))
    forward = along if net >= 0.0 else ~along
    limit = float(np.where(forward, rows["forward"], rows["reverse"]).sum())
    ends = [centres.loc[area].to_numpy(float) for area in (pair if net >= 0.0 else pair[::-1])]
    return Flow(ends[0], ends[1], abs(net), limit, bool(rows["full"].any()))


def _flag(table: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    if column not in table:
        return np.zeros(len(table), dtype=bool)
    return table[column].astype(object).eq(other=True).to_numpy(bool)


def _limit(table: pd.DataFrame, column: str) -> Floats:
    return table[column].to_numpy(float) if column in table else np.full(len(table), np.nan)


def draw_flows(page: Page, flows: Sequence[Flow]) -> list[Row]:
    """Draw an arrow for each flow on the map itself, and return the legend's rows."""
    frame = page.frames[0]
    for flow in flows:
        if flow.mw > NOTHING:
            _draw_arrow(frame, flow)
    still = np.array([flow.middle for flow in flows if flow.mw <= NOTHING], dtype=float).reshape(-1, 2)
    style: Style = {"facecolor": PALETTE["sea"], "edgecolor": PALETTE["power"], "linewidth": 0.9}
    frame.ax.scatter(still[:, 0], still[:, 1], s=11, zorder=ABOVE_ALL, label="no flow", **style)
    full = [flow.full for flow in flows if flow.mw > NOTHING]
    rows = [_arrow_row(say("flow between areas [MW]"), FREE)] * (False in full)
    rows += [_arrow_row(say("the same, at its limit"), FULL)] * (True in full)
    face, edge = PALETTE["sea"], PALETTE["power"]
    return rows + [marker_row(say("no flow"), marker="o", size=3.3, face=face, edge=edge)] * bool(len(still))


def _arrow_row(words: str, width: float) -> Row:
    return line_row(words, colour=PALETTE["power"], width=width)


def _draw_arrow(frame: Frame, flow: Flow) -> None:
    """Draw an arrow of one length about the middle of two areas, in a pale casing."""
    to_page, points = frame.ax.transData, dpi_of(frame.ax) / 72.0
    way = to_page.transform(flow.end) - to_page.transform(flow.start)
    step = way / max(float(np.hypot(*way)), 1e-9) * ARROW / 2.0 * points
    middle = to_page.transform(flow.middle)
    ends = [to_page.inverted().transform(middle + side * step) for side in (-1.0, 1.0)]
    tail, tip = ((float(end[0]), float(end[1])) for end in ends)
    width = FULL if flow.full else FREE
    for colour, more, zorder in ((PALETTE["sea"], 2.0, ABOVE_ALL), (PALETTE["power"], 0.0, ABOVE_ALL + 0.01)):
        shape: Style = {
            "arrowstyle": "-|>,head_width=0.22,head_length=0.4",
            "color": colour,
            "lw": width + more,
        }
        shape |= {"mutation_scale": 12.0 + 2.0 * width, "shrinkA": 0, "shrinkB": 0}
        arrow = frame.ax.annotate("", tip, tail, arrowprops=shape, zorder=zorder)
        arrow.set_label("flow" if not more else "flow casing")


def limits_of(grid: GridTables, ids: Sequence[str]) -> Limits:
    """Return the branches of the given ids or corridors, once each, in their order."""
    table, corridor, place = grid.lines, corridors(grid.lines), place_of(grid)
    first = {str(name): row for row, name in reversed(list(enumerate(corridor)))}
    rows_of = {str(name): row for row, name in enumerate(table.index)} | first
    ways, words, lost = [], [], []
    # Circuits of one corridor run side by side: one mark is enough.
    known = dict.fromkeys(corridor.iloc[rows_of[element]] for element in ids if element in rows_of)
    for element in (*known, *(element for element in ids if element not in rows_of)):
        row = rows_of.get(str(element))
        ends = [] if row is None else [place.get(table[end].iloc[row]) for end in ("bus0", "bus1")]
        way = None if row is None else way_of(table.geometry.iloc[row], *ends)
        if row is None or way is None:
            lost.append(str(element))
        else:
            ways.append(way)
            words.append(_called(grid, table.iloc[row]))
    return Limits(tuple(ways), tuple(words), tuple(lost))


def _called(grid: GridTables, branch: pd.Series) -> str:
    """Return what a branch is called, and its rating."""
    name = readable(branch.get("name"))
    kind = str(branch.get("kind", "line"))
    level = f"{branch['v_nom']:g} kV" if np.isfinite(branch["v_nom"]) else ""
    if not name and kind == "transformer" and branch["bus0"] in grid.buses.index:
        name = _station(grid.buses.loc[[branch["bus0"]]])
    if not name:
        name = say("transformer") if kind == "transformer" else say("line")
    limit = float(branch.get("s_nom", np.nan))
    rated = f"{number(limit)} MVA" if np.isfinite(limit) else ""
    told = [shorten(name, most=NAME_LENGTH), ", ".join(part for part in (level, rated) if part)]
    return "\n".join(part for part in told if part)


def _station(bus: pd.DataFrame) -> str:
    """Return the name of a bus, or of its substation; nothing where that is only a place in figures."""
    given = str(names_of(bus).iloc[0])
    if given == str(bus.index[0]) and "substation" in bus:
        given = bus["substation"].iloc[0]
    name = readable(given)
    return name if any(char.isalpha() for char in name) else ""


def draw_limits(page: Page, limits: Limits) -> list[Row]:
    """Draw lines at their limit in a dark casing, mark each with a cross, and return the legend's rows."""
    ink, spots = PALETTE["ink"], limits.spots
    for frame in page.frames:
        casing = LineCollection(
            list(limits.ways), colors=ink, linewidths=CASING * frame.scale, zorder=2.15, capstyle="round"
        )
        casing.set_label("binding")
        frame.ax.add_collection(casing, autolim=False)
        style: Style = {"facecolor": PALETTE["sea"], "edgecolor": ink, "linewidth": 0.9, "marker": "X"}
        size = (MARK + 1.0) * (1.0 + frame.scale) / 2.0
        frame.ax.scatter(spots[:, 0], spots[:, 1], s=size**2, zorder=5.2, label="at a limit", **style)
    words = say("binding line or transformer: {count}", count=number(len(limits.ways)))
    rows = [marker_row(words, marker="X", size=MARK, face=PALETTE["sea"], edge=ink)] * bool(len(limits.ways))
    return rows + [words_row(say("not on this map: {count}", count=number(len(limits.lost))))] * bool(
        limits.lost
    )


def labels_on(page: Page, at: int, flows: Sequence[Flow], limits: Limits) -> tuple[list[Label], Floats]:
    """Return the words of one frame, those of the flows first, and the discs that they keep off."""
    frame, spots = page.frames[at], limits.spots
    own = base.inside(spots[:, 0], spots[:, 1], frame.extent)
    if not at:
        for other in page.frames[1:]:
            own &= ~base.inside(spots[:, 0], spots[:, 1], other.extent)
    chosen = np.flatnonzero(own)[: NAMED_IN_INSET if at else NAMED]
    named = [
        Label(limits.words[row], spots[row, 0], spots[row, 1], radius=MARK / 2.0 + 1.0) for row in chosen
    ]
    moving = [] if at else [flow for flow in flows if flow.mw > NOTHING]
    told = [
        Label(_flow_words(flow), flow.middle[0], flow.middle[1], radius=ARROW / 3.0, colour=PALETTE["power"])
        for flow in moving
    ]
    points = [*spots[own], *(flow.middle for flow in moving)]
    radii = [*np.full(int(own.sum()), MARK / 2.0), *np.full(len(moving), ARROW / 2.0)]
    return [*told, *named], np.column_stack([np.array(points).reshape(-1, 2), radii])


def _flow_words(flow: Flow) -> str:
    if flow.full and np.isfinite(flow.limit_mw):
        return say("full at {mw} MW", mw=number(flow.limit_mw))
    if np.isfinite(flow.limit_mw):
        return say("{mw} of {limit} MW", mw=number(flow.mw), limit=number(flow.limit_mw))
    return f"{number(flow.mw)} MW"


def _half_way(way: Floats) -> Floats:
    middle = (
        shapely.LineString(way).interpolate(0.5, normalized=True) if len(way) > 1 else shapely.Point(way[0])
    )
    return np.array([middle.x, middle.y])
