"""The lines and links of a grid, made ready to draw: by voltage and zone, or by a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError
from three_mismatches.language import say
from three_mismatches.maps import base
from three_mismatches.maps.discs import class_colour, class_rows
from three_mismatches.maps.labels import Label, place_labels, settle
from three_mismatches.maps.legend import (
    ROW_HEIGHT,
    SYMBOL_WIDTH,
    TALLEST,
    Block,
    Row,
    draw_legend,
    fit_page,
    line_row,
    marker_row,
    page_axes,
    patch_row,
)
from three_mismatches.maps.style import (
    PALETTE,
    RAMPS,
    VOLTAGE_RAMP,
    ZONE_RAMPS,
    ZONE_TINTS,
    Style,
    breaks,
    number,
    readable,
    shorten,
)
from three_mismatches.maps.terms import zone_word

__all__ = [
    "Branches",
    "Frame",
    "GridTables",
    "Page",
    "corridors",
    "draw_by_value",
    "draw_by_voltage",
    "draw_lines",
    "draw_links",
    "figures_of",
    "finish",
    "label_zones",
    "make_branches",
    "place_of",
    "start",
    "way_of",
    "words_row",
    "zone_of",
    "zone_rows",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

WIDTH = 7.0
"""Width of a map on its own. [inch]"""

CLASS_EDGES = (100.0, 200.0, 330.0)
CLASS_WIDTHS = (0.4, 0.6, 0.9, 1.5)
"""Lines are drawn in four classes of voltage [kV], each with its width [pt]."""

VALUE_WIDTHS = (0.5, 2.6)
WHOLE, PART = 0.75, 1.5
"""How much finer a whole country is drawn than an inset, and how much coarser a part of it on its own."""

ZONE_CLEAR = 26.0
LISTED_ZONES = 6


class GridTables(Protocol):
    """What these maps read of a grid."""

    @property
    def areas(self) -> gpd.GeoDataFrame:
        """Service areas."""

    @property
    def buses(self) -> gpd.GeoDataFrame:
        """Buses."""

    @property
    def lines(self) -> gpd.GeoDataFrame:
        """Circuits and transformers."""

    @property
    def links(self) -> pd.DataFrame:
        """Links between buses or areas."""

    @property
    def certificate(self) -> gpd.GeoDataFrame:
        """What the repair did."""


@dataclass(frozen=True)
class Frame:
    """Axes, what they show, and how coarsely."""

    ax: Axes
    extent: base.Extent
    scale: float


@dataclass(frozen=True)
class Page:
    """A map with land on it and its insets, ready for lines."""

    frames: tuple[Frame, ...]
    footer: str
    zones: tuple[str, ...]
    fit: bool

    @property
    def ax(self) -> Axes:
        """The map itself."""
        return self.frames[0].ax

    @property
    def scale(self) -> float:
        """How coarsely the legend is drawn."""
        return max(frame.scale for frame in self.frames)

    def inside(self, places: Floats) -> Mask:
        """Return whether each point is on the map or on one of its insets."""
        seen = [base.inside(places[:, 0], places[:, 1], frame.extent) for frame in self.frames]
        return np.asarray(np.any(seen, axis=0))


@dataclass(frozen=True)
class Branches:
    """One entry for each corridor: its way, voltage [kV], number of its zone, and its row in `lines`."""

    ways: tuple[Floats, ...]
    v_nom: Floats
    zone: Ints
    rows: Ints

    @property
    def level(self) -> Ints:
        """Class of voltage, 0 the lowest or unknown."""
        known = np.where(np.isfinite(self.v_nom), self.v_nom, 0.0)
        return np.searchsorted(CLASS_EDGES, known, side="right").astype(np.int64)

    @property
    def width(self) -> Floats:
        """Width by class of voltage. [pt]"""
        return np.array(CLASS_WIDTHS)[self.level]


def start(
    grid: GridTables,
    *,
    ax: Axes | None,
    extent: base.Extent | None,
    layout: base.Layout | None,
    sources: tuple[str, ...] | None,
    tinted: bool = True,
) -> Page:
    """Return axes with land on them, tinted by zone where there are several."""
    for name, table in {"buses": grid.buses, "lines": grid.lines}.items():
        base.need_degrees(table, name)
    layout = _layout(grid, extent, layout)
    footer = base.source_line(_sources(grid, layout) if sources is None else sources)
    zones = tuple(dict.fromkeys([*zone_of(grid.areas), *sorted(zone_of(grid.buses))]))
    fills = {str(area): _tint(zones.index(zone)) for area, zone in zone_of(grid.areas).items()}
    drawn = page_axes(min(layout.ratio, TALLEST), footer, width=WIDTH) if ax is None else ax
    insets = base.draw_base(drawn, grid.areas, layout, fills=fills if tinted and len(zones) > 1 else None)
    frames = [Frame(drawn, layout.extent, WHOLE if extent is None else PART)]
    frames += [Frame(inset, of.extent, 1.0) for inset, of in zip(insets, layout.insets, strict=True)]
    for frame in frames:
        settle(frame.ax)
    return Page(tuple(frames), footer, zones, fit=ax is None)


def finish(page: Page, blocks: Sequence[Block]) -> Axes:
    """Hang the legend below the map; a figure of our own is made as tall as that needs."""
    if page.footer or any(block.rows for block in blocks):
        box = draw_legend(page.ax, blocks, footer=page.footer)
        if page.fit:
            fit_page(page.ax, box)
    return page.ax


def zone_of(table: pd.DataFrame) -> pd.Series:
    """Return the zone of each row; rows without one share a nameless zone."""
    zone = table["zone"] if "zone" in table else pd.Series(None, index=table.index, dtype=object)
    return zone.astype(object).where(zone.notna(), "").astype(str)


def corridors(lines: pd.DataFrame) -> pd.Series:
    """Return the corridor of each row; a row without one is its own."""
    return lines["corridor"].where(lines["corridor"].notna(), pd.Series(lines.index, index=lines.index))


def make_branches(grid: GridTables, zones: Sequence[str]) -> Branches:
    """Return the first row of each corridor; where it has no line, the chord between its buses."""
    lines = grid.lines
    base.need_columns(lines, "lines", ("bus0", "bus1", "kind", "v_nom", "corridor"))
    first = ~corridors(lines).duplicated().to_numpy() & lines["kind"].ne("transformer").to_numpy(bool)
    place = place_of(grid)
    number_of = {bus: zones.index(zone) for bus, zone in zone_of(grid.buses).items()}
    ways, rows = [], []
    for row in np.flatnonzero(first):
        way = way_of(lines.geometry.iloc[row], *(place.get(lines[end].iloc[row]) for end in ("bus0", "bus1")))
        if way is not None:
            ways.append(way)
            rows.append(row)
    kept = lines.iloc[rows]
    zone = np.array([number_of.get(bus, 0) for bus in kept["bus0"]], dtype=np.int64)
    return Branches(tuple(ways), kept["v_nom"].to_numpy(float), zone, np.array(rows, dtype=np.int64))


def draw_lines(
    page: Page,
    branches: Branches,
    order: Ints,
    colours: Sequence[str],
    widths: Floats,
    *,
    name: str,
    zorder: float = 2.2,
    style: str = "-",
) -> None:
    """Draw branches in an order, the first at the bottom, on every frame those that it can show; widths in pt."""
    for frame in page.frames:
        seen = [int(at) for at in order if _crosses(branches.ways[at], frame.extent)]
        drawn = LineCollection(
            [branches.ways[at] for at in seen],
            colors=[colours[at] for at in seen],
            linewidths=[float(widths[at]) * frame.scale for at in seen],
            linestyles=style,
            zorder=zorder,
            capstyle="round" if style == "-" else "butt",
        )
        drawn.set_label(name)
        frame.ax.add_collection(drawn, autolim=False)


def draw_by_voltage(page: Page, branches: Branches) -> list[Row]:
    """Draw lines, the higher voltages on top, and return the legend: grey where zones differ in hue."""
    level, hue = branches.level, branches.zone % len(ZONE_RAMPS)
    colours = [ZONE_RAMPS[zone][at] for zone, at in zip(hue, level, strict=True)]
    draw_lines(page, branches, np.argsort(level, kind="stable"), colours, branches.width, name="lines")
    hues = set(hue.tolist())
    ramp = ZONE_RAMPS[hues.pop()] if len(hues) == 1 else VOLTAGE_RAMP
    widths = [CLASS_WIDTHS[at] * page.scale for at in range(len(CLASS_WIDTHS))]
    return [
        line_row(_kilovolts(branches.v_nom[level == at]), colour=ramp[at], width=widths[at])
        for at in np.unique(level)[::-1]
    ]


def figures_of(lines: pd.DataFrame, branches: Branches, value: pd.Series) -> Floats:
    """Return the largest figure of each branch, by the corridor's own name or by those of its circuits."""
    known = value.astype(float).groupby(level=0).max()
    corridor = corridors(lines)
    if len(value) and len(lines) and not (lines.index.isin(known.index) | corridor.isin(known.index)).any():
        cure = f"Index it by line or by corridor; it has {shorten(', '.join(map(str, value.index[:3])))}"
        raise LayerError([Fault("value", "index", "holds none of the lines", cure)])
    own, shared = (known.reindex(keys).to_numpy(float) for keys in (lines.index, corridor))
    largest = pd.Series(np.fmax(own, shared)).groupby(corridor.to_numpy()).max()
    return np.asarray(largest.reindex(corridor.iloc[branches.rows]), dtype=np.float64)


def draw_by_value(
    page: Page, branches: Branches, figures: Floats, edges: Sequence[float] | None
) -> list[Row]:
    """Draw lines by a figure, darker and wider where it is larger, and return the legend."""
    steps = tuple(edges) if edges is not None else breaks(figures)
    known = np.isfinite(figures)
    shown = np.where(known, figures, -np.inf)
    level = np.searchsorted(steps, shown, side="left")
    widths = np.linspace(*VALUE_WIDTHS, len(steps) + 1) if steps else np.array([np.mean(VALUE_WIDTHS)])
    paint = [class_colour(value, steps, RAMPS["gap"]) for value in (*steps, np.inf)]
    order = np.argsort(shown, kind="stable")
    draw_lines(page, branches, order[known[order]], [paint[at] for at in level], widths[level], name="lines")
    grey, thin = [PALETTE["quiet"]] * len(known), np.full(len(known), 0.8)
    draw_lines(page, branches, np.flatnonzero(~known), grey, thin, name="not known", zorder=2.1, style=":")
    words = [row.text for row in class_rows(steps, RAMPS["gap"], figures)] or ["0"] * bool(known.any())
    rows = [line_row(text, colour=paint[at], width=widths[at] * page.scale) for at, text in enumerate(words)]
    return rows + [line_row(say("not known"), colour=PALETTE["quiet"], width=0.8, style=":")] * bool(
        (~known).any()
    )


def _standing(grid: GridTables) -> pd.DataFrame:
    """Return the links without those that wait for their upgrade and have no place yet: 0 MW between areas."""
    links = grid.links
    if "p_nom" not in links:
        return links
    planned = (
        links["p_nom"].eq(0.0) & ~links["bus0"].isin(grid.buses.index) & ~links["bus1"].isin(grid.buses.index)
    )
    return links[~planned]


def draw_links(page: Page, grid: GridTables) -> list[Row]:
    """Draw links as double lines between their converters, frequency converters as diamonds."""
    if not len(grid.links):
        return []
    base.need_columns(grid.links, "links", ("bus0", "bus1"))
    links = _standing(grid)
    place = place_of(grid)
    ends = zip(links["bus0"], links["bus1"], strict=True)
    ways = [way_of(None, place.get(one), place.get(other)) for one, other in ends]
    carrier = links["carrier"] if "carrier" in links else pd.Series("tie", index=links.index)
    rows: list[Row] = []
    for kind, draw in (("HVDC", _draw_direct), ("tie", _draw_ties), ("FC", _draw_converters)):
        here = [way for way, same in zip(ways, carrier.eq(kind), strict=True) if same and way is not None]
        rows += [draw(page, here)] if here else []
    return rows


def label_zones(page: Page, grid: GridTables, branches: Branches) -> None:
    """Write the name of each zone that has lines beside its largest area."""
    found = []
    areas = grid.areas[grid.areas.geometry.notna()] if len(page.zones) > 1 else grid.areas.iloc[:0]
    for zone in np.unique(branches.zone):
        own = areas[zone_of(areas).eq(page.zones[zone]).to_numpy(bool)]
        name = _zone_name(page.zones[zone], own)
        if name and len(own):
            centre = base.centres(own).iloc[int(np.argmax([shape.area for shape in own.geometry]))]
            colour = ZONE_RAMPS[zone % len(ZONE_RAMPS)][3]
            found.append(Label(name, centre["lon"], centre["lat"], radius=ZONE_CLEAR, colour=colour))
    vertices = [way[:: max(len(way) // 8, 1)] for way in branches.ways]
    points = np.concatenate([np.empty((0, 2)), *vertices])
    discs = np.column_stack([points, np.full(len(points), 1.0)])
    boxes = base.fixed_boxes(page.ax, [frame.ax for frame in page.frames[1:]])
    place_labels(page.ax, found, discs=discs, frames=boxes)


def zone_rows(page: Page, branches: Branches, words: Mapping[str, str]) -> tuple[Row, ...]:
    """Return a row for each zone: its tint, the hue of its lines if it has any, and words on it."""
    several = len(page.zones) > 1
    rows = []
    for at, zone in enumerate(page.zones[:LISTED_ZONES]):
        name = shorten(zone_word(readable(zone)), most=20) or (say("no zone stated") if several else "")
        told = words.get(zone, "")
        text = say("{words}: {count}", words=name, count=told) if name and told else name or told
        row = patch_row(text, face=_tint(at) if several else PALETTE["land"])
        if (branches.zone == at).any():
            _add_line(row, colour=ZONE_RAMPS[at % len(ZONE_RAMPS)][2], width=1.5)
        rows += [row] if text else []
    more = len(page.zones) - LISTED_ZONES
    return (*rows, *([words_row(say("and {count} more", count=more))] if more > 0 else []))


def words_row(text: str) -> Row:
    """Return a row of a legend that has words only."""
    return line_row(text, colour="none", width=0)


def _layout(grid: GridTables, extent: base.Extent | None, layout: base.Layout | None) -> base.Layout:
    """Return the part that is asked for, the given layout, or that of the land; without land, of the buses."""
    if extent is None:
        return layout or base.layout_of(grid.areas if len(grid.areas) else grid.buses)
    west, south, east, north = extent
    if not (west < east and south < north):
        msg = f"extent {extent} has no size: give west, south, east, north in degrees"
        raise ValueError(msg)
    return base.Layout(extent, borders=layout.borders if layout else None)


def _sources(grid: GridTables, layout: base.Layout) -> tuple[str, ...]:
    """Return where lines and areas come from, with the notice that OpenStreetMap asks for."""
    tables = (grid.lines, grid.buses, grid.links, grid.certificate)
    told = [table[column] for table in tables for column in ("source", "licence") if column in table]
    words = {str(word).lower() for column in told for word in column.dropna().unique()}
    free = any(mark in word for word in words for mark in ("openstreetmap", "odbl"))
    return (say("Map data © OpenStreetMap contributors, ODbL"),) * free + base.source_texts(
        {"Lines": grid.lines, "Areas": grid.areas, "Borders": layout.borders}
    )


def _tint(zone: int) -> str:
    return ZONE_TINTS[zone % len(ZONE_TINTS)]


def _zone_name(zone: str, areas: gpd.GeoDataFrame) -> str:
    """Return what a zone is called, with its frequency where its areas state one."""
    stated = set(areas["frequency"].dropna()) if "frequency" in areas else set()
    hertz = f"{number(float(stated.pop()))} Hz" if len(stated) == 1 else ""
    return " ".join(part for part in (shorten(zone_word(readable(zone)), most=18), hertz) if part)


def place_of(grid: GridTables) -> dict[object, Floats]:
    """Return the point of each area, and of each bus."""
    centres = base.centres(grid.areas)
    known = grid.buses[grid.buses.geometry.notna() & ~grid.buses.geometry.is_empty]
    points = np.column_stack([known.geometry.x, known.geometry.y]).astype(float)
    return dict(zip([*centres.index, *known.index], [*centres.to_numpy(float), *points], strict=True))


def way_of(shape: object, start: Floats | None, end: Floats | None) -> Floats | None:
    """Return the points of a line, or the chord between two places."""
    coordinates = getattr(shape, "coords", ())
    if len(coordinates) > 1:
        return np.asarray(coordinates, dtype=float)[:, :2]
    if start is None or end is None or not np.isfinite([start, end]).all():
        return None
    return np.array([start, end])


def _crosses(way: Floats, extent: base.Extent) -> bool:
    """Return whether the box round a line touches the extent."""
    west, south, east, north = extent
    (low_lon, low_lat), (high_lon, high_lat) = way.min(axis=0), way.max(axis=0)
    return bool(low_lon <= east and high_lon >= west and low_lat <= north and high_lat >= south)


def _kilovolts(v_nom: Floats) -> str:
    """Return the levels of one class in words, the highest first."""
    told = [f"{kv:g}" for kv in sorted({float(kv) for kv in v_nom if np.isfinite(kv)}, reverse=True)]
    words = ", ".join(told) if len(told) <= 3 else say("{low} to {high}", low=told[0], high=told[-1])
    unknown = "" if np.isfinite(v_nom).all() else say("not known")
    return ", ".join(part for part in (words, unknown) if part)


def _draw_direct(page: Page, ways: Sequence[Floats]) -> Row:
    ends = np.concatenate(ways)
    style: Style = {"marker": "s", "facecolor": PALETTE["ink"], "edgecolor": PALETTE["sea"], "linewidth": 0.6}
    for frame in page.frames:
        _add_ways(frame, ways, PALETTE["ink"], 2.2, 2.8, name="HVDC")
        _add_ways(frame, ways, PALETTE["sea"], 0.9, 2.81, name="HVDC core")
        frame.ax.scatter(ends[:, 0], ends[:, 1], 13, zorder=3.0, label="converters", **style)
    row = line_row(say("HVDC, converters"), colour=PALETTE["ink"], width=2.2)
    _add_line(row, colour=PALETTE["sea"], width=0.9)
    square: Style = {"marker": "s", "markersize": 3.7, "color": PALETTE["ink"], "linestyle": "none"}
    row.symbol.add_artist(Line2D([2, SYMBOL_WIDTH - 2], [ROW_HEIGHT / 2] * 2, **square))
    return row


def _draw_ties(page: Page, ways: Sequence[Floats]) -> Row:
    for frame in page.frames:
        _add_ways(frame, ways, PALETTE["quiet"], 0.9, 2.8, name="ties")
    return line_row(say("tie"), colour=PALETTE["quiet"], width=0.9)


def _draw_converters(page: Page, ways: Sequence[Floats]) -> Row:
    middles = np.array([way.mean(axis=0) for way in ways])
    style: Style = {"marker": "D", "facecolor": PALETTE["sea"], "edgecolor": PALETTE["ink"], "linewidth": 1.1}
    for frame in page.frames:
        _add_ways(frame, ways, PALETTE["ink"], 0.9, 2.8, name="FC")
        frame.ax.scatter(middles[:, 0], middles[:, 1], 19, zorder=3.1, label="frequency converters", **style)
    return marker_row(
        say("frequency converter"), marker="D", size=4.4, face=PALETTE["sea"], edge=PALETTE["ink"]
    )


def _add_ways(
    frame: Frame, ways: Sequence[Floats], colour: str, width: float, zorder: float, *, name: str
) -> None:
    drawn = LineCollection(list(ways), colors=colour, linewidths=width, zorder=zorder)
    drawn.set_label(name)
    frame.ax.add_collection(drawn, autolim=False)


def _add_line(row: Row, *, colour: str, width: float) -> None:
    """Draw a line over a row's symbol."""
    row.symbol.add_artist(Line2D([0, SYMBOL_WIDTH], [ROW_HEIGHT / 2] * 2, color=colour, lw=width))
