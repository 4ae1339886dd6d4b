"""The mismatch triangle as a figure, true to scale, and who would move where on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from three_mismatches.errors import Fault, LayerError
from three_mismatches.language import Language, say
from three_mismatches.maps import base
from three_mismatches.maps.labels import Label, place_labels, settle
from three_mismatches.maps.legend import (
    TALLEST,
    Block,
    Row,
    draw_legend,
    fit_page,
    line_row,
    marker_row,
    page_axes,
)
from three_mismatches.maps.style import (
    PALETTE,
    SIZES,
    Style,
    breaks,
    drawing,
    number,
    readable,
    round_down,
    shorten,
)
from three_mismatches.maps.terms import study_word, table_word

__all__ = ["desire_lines", "triangle"]

Floats = NDArray[np.float64]

WIDTH, TALL = 5.6, 3.6 / 5.2
"""Width of a figure on its own [inch], and height over width of a triangle's axes."""

ROOM = 0.24
"""Clear space round a triangle, as a share of its larger extent."""

CORNERS = {
    "generation": ("s", PALETTE["power"]),
    "hubs": ("^", PALETTE["fibre"]),
    "sites": ("o", PALETTE["demand"]),
    "surplus": ("s", PALETTE["power"]),
}
"""Marker and colour of each measure."""

ENDS = {
    "generation-hubs": ("generation", "hubs"),
    "sites-generation": ("sites", "generation"),
    "sites-hubs": ("sites", "hubs"),
    "sites-surplus": ("sites", "surplus"),
}
SIDES = tuple(ENDS)[:3]
SIDES_IN_WORDS = ("sites-generation", "sites-hubs", "generation-hubs")

INKS = (("#22252A", "-", 1.8), ("#7E848B", "--", 1.5), ("#9EA3A8", ":", 1.6), ("#5F646B", "-.", 1.2))
"""Colour, dashes and width [pt] of the last triangle, of the one before it, and so on."""

LINE_WIDTHS = (0.35, 2.6)
POINTS_ON_SIDE = 24


class TriangleTables(Protocol):
    """What these figures read of a triangle."""

    @property
    def name(self) -> str:
        """Of the study."""

    @property
    def year(self) -> int:
        """Of the study."""

    @property
    def demand(self) -> str:
        """Of the study."""

    @property
    def unit(self) -> str:
        """What lengths are in: km or ms."""

    @property
    def sides(self) -> pd.DataFrame:
        """Index side; distance, total_mw, source."""

    @property
    def plan(self) -> gpd.GeoDataFrame:
        """Moves: side, mw and a line each."""


Triangles: TypeAlias = TriangleTables | Sequence[TriangleTables] | Mapping[str, TriangleTables]
"""One triangle, or several, by the words that tell them apart."""


@dataclass(frozen=True)
class _Drawn:
    """One triangle made ready: its words, its corners by measure, its lengths by side, and how it is inked."""

    words: str
    corners: Mapping[str, Floats]
    lengths: Mapping[str, float]
    ink: tuple[str, str, float]


def triangle(
    triangles: Triangles,
    *,
    ax: Axes | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw the mismatch triangle with sides as long as the distances are, or several over each other.

    Generation is where all of them meet, with hubs to its right; so a later year shows where sites have moved.

    Parameters
    ----------
    triangles
        What `mismatch.triangle` returns; a list of these, or a mapping from words to them. The last is drawn on top.
    ax
        Where to draw; a new figure if None.
    sources
        Texts of the source line; None reads them from the sides, () leaves the line out.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes, in km or ms both ways.

    Raises
    ------
    LayerError
        If there is no triangle, a column or a side is missing, or some are in km and some in ms.
    """
    with drawing(lang):
        given = _by_words(triangles)
        unit = _one_unit(given)
        footer = base.source_line(_model_texts(given) if sources is None else sources)
        drawn = [_ready(words, each, len(given) - at) for at, (words, each) in enumerate(given.items(), 1)]
        own = ax is None
        ax = (
            page_axes(TALL, footer, width=WIDTH, below=0.55 + 0.16 * max(len(given), 3)) if ax is None else ax
        )
        _frame(ax, np.array([place for each in drawn for place in each.corners.values()]))
        for at, each in enumerate(drawn):
            _draw_triangle(ax, each, zorder=3.0 + at)
        _scale(ax, unit)
        _write(ax, drawn, unit)
        box = draw_legend(ax, _blocks(given, drawn), footer=footer)
        if own:
            fit_page(ax, box)
        return ax


def desire_lines(
    triangle: TriangleTables,
    areas: gpd.GeoDataFrame,
    *,
    side: str = "sites-generation",
    ax: Axes | None = None,
    layout: base.Layout | None = None,
    sources: tuple[str, ...] | None = None,
    lang: Language = "en",
) -> Axes:
    """
    Draw who would move where for two measures to coincide: lines as wide as the MW on them.

    Parameters
    ----------
    triangle
        What `mismatch.triangle` returns.
    areas
        Polygons of the land, indexed by area.
    side
        Side of the triangle, or "sites-surplus" for the haul to power that nobody else needs.
    ax
        Where to draw; a new figure if None.
    layout
        Extent and insets; `base.layout_of(areas)` if None.
    sources
        Texts of the source line; None reads them from the tables, () leaves the line out.
    lang
        "en" or "ja".

    Returns
    -------
    ax
        The axes.

    Raises
    ------
    LayerError
        If the side is none, or a column is missing.
    """
    with drawing(lang):
        base.need_columns(triangle.plan, "plan", ("side", "mw"))
        if side not in ENDS:
            raise LayerError([Fault("plan", "side", f"{side!r} is no side", f"There are: {', '.join(ENDS)}")])
        moves = triangle.plan[triangle.plan["side"].eq(side)]
        layout = layout or base.layout_of(areas)
        drawn = {"Areas": areas, "Borders": layout.borders}
        told = (*_model_texts({"": triangle}), *base.source_texts(drawn))
        footer = base.source_line(told if sources is None else sources)
        own = ax is None
        ax = page_axes(min(layout.ratio, TALLEST), footer, width=WIDTH) if ax is None else ax
        frames = [ax, *base.draw_base(ax, areas, layout)]
        ways, ends, mw = _ways(moves)
        edges = breaks(mw)
        widths = np.linspace(*LINE_WIDTHS, len(edges) + 1) if edges else np.array([np.mean(LINE_WIDTHS)])
        for frame in frames:
            settle(frame)
            _draw_ways(frame, ways, widths[np.searchsorted(edges, mw, side="left")], ENDS[side][1])
            _draw_ends(frame, ends, side)
        box = draw_legend(ax, _map_blocks(moves, side, mw, edges, widths), footer=footer)
        if own:
            fit_page(ax, box)
        return ax


def _corner_words() -> dict[str, str]:
    """Return what readers call each measure."""
    return {
        "generation": say("Generation"),
        "hubs": say("Hubs"),
        "sites": say("Sites"),
        "surplus": say("Surplus power"),
    }


def _by_words(triangles: Triangles) -> dict[str, TriangleTables]:
    """Return triangles by what tells them apart: the words given, else year and demand, else their number."""
    if isinstance(triangles, Mapping):
        found = {readable(words): each for words, each in triangles.items()}
    else:
        every = list(triangles) if isinstance(triangles, Sequence) else [triangles]
        told = [_study_words(each) for each in every]
        same = len(set(told)) < len(told)
        found = {
            f"{at}: {text}" if same else text: each
            for at, (text, each) in enumerate(zip(told, every, strict=True), 1)
        }
    if not found:
        raise LayerError([Fault("triangles", "table", "there is none", "Pass at least one triangle")])
    for words, each in found.items():
        base.need_columns(each.sides, f"sides of {words}", ("distance", "total_mw"))
        base.need_columns(each.sides.T, f"sides of {words}", SIDES)
    return found


def _study_words(each: TriangleTables) -> str:
    """Return a study's name, year and demand."""
    demand = {"low": say("low"), "high": say("high"), "outlook": say("outlook")}
    told = readable(each.demand)
    name, year = study_word(readable(each.name)), say("{year}", year=each.year)
    return say(", ").join([f"{name} {year}", demand.get(told, told)])


def _one_unit(given: Mapping[str, TriangleTables]) -> str:
    units = sorted({each.unit for each in given.values()})
    if len(units) > 1:
        cure = "Take the same ground for all of them"
        raise LayerError([Fault("triangles", "unit", f"some are in {' and some in '.join(units)}", cure)])
    return units[0]


def _model_texts(given: Mapping[str, TriangleTables]) -> tuple[str, ...]:
    found = [each.sides["source"].iloc[0] for each in given.values() if "source" in each.sides]
    return tuple(
        dict.fromkeys(
            say("{table}: {sources}", table=table_word("Distances"), sources=readable(text)) for text in found
        )
    )


def _ready(words: str, each: TriangleTables, back: int) -> _Drawn:
    """Return a triangle ready to draw, `back` places before the last."""
    lengths = {side: float(each.sides["distance"][side]) for side in SIDES}
    flat, left, right = lengths["generation-hubs"], lengths["sites-generation"], lengths["sites-hubs"]
    # The law of cosines; two corners in one place leave the third straight above.
    along = (left**2 + flat**2 - right**2) / (2.0 * flat) if flat > 0.0 else 0.0
    along = float(np.clip(along, -left, left))
    top = np.array([along, np.sqrt(max(left**2 - along**2, 0.0))])
    corners = {"generation": np.zeros(2), "hubs": np.array([flat, 0.0]), "sites": top}
    return _Drawn(words, corners, lengths, INKS[min(back, len(INKS) - 1)])


def _frame(ax: Axes, places: Floats) -> None:
    """Show all corners with room round them, one unit as long across as it is upwards."""
    low, high = places.min(axis=0), places.max(axis=0)
    span = float((high - low).max()) or 1.0
    # A flat triangle keeps a figure that can be read.
    half = np.maximum((high - low) / 2.0, 0.18 * span) + ROOM * span
    settle(ax)
    box = ax.get_window_extent()
    # Fill the axes: the same unit both ways, and none of them bent.
    half = np.maximum(half, half[::-1] * [box.width / box.height, box.height / box.width])
    (west, east), (south, north) = zip((low + high) / 2.0 - half, (low + high) / 2.0 + half, strict=True)
    ax.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], facecolor=PALETTE["sea"])
    ax.set_aspect("equal", adjustable="box", anchor="NW")
    ax.set_autoscale_on(False)
    for spine in ax.spines.values():
        spine.set(color=PALETTE["border"], linewidth=0.6)
    settle(ax)


def _draw_triangle(ax: Axes, each: _Drawn, *, zorder: float) -> None:
    colour, dashes, width = each.ink
    for side in SIDES:
        ends = np.array([each.corners[name] for name in ENDS[side]])
        line = ax.plot(*ends.T, color=colour, linestyle=dashes, linewidth=width, zorder=zorder)[0]
        line.set_label(f"{side} {each.words}")
    for name, place in each.corners.items():
        marker, face = CORNERS[name]
        ax.scatter(
            place[0],
            place[1],
            s=46,
            marker=marker,
            facecolor=face,
            edgecolor=colour,
            linewidth=1.0,
            zorder=zorder + 5,
        )


def _scale(ax: Axes, unit: str) -> None:
    """Draw a bar of a round length in a corner."""
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    length = round_down((east - west) * 0.22)
    x, y = west + 0.965 * (east - west), south + 0.04 * (north - south)
    bar = ax.plot([x - length, x], [y, y], color=PALETTE["quiet"], lw=1.6, zorder=9)[0]
    bar.set_label("scale bar")
    style: Style = {
        "ha": "right",
        "va": "bottom",
        "zorder": 9,
        "color": PALETTE["quiet"],
        "size": SIZES["small"],
    }
    words = ax.annotate(f"{number(length)} {unit}", (x, y), (0, 2.5), textcoords="offset points", **style)
    words.set_label("scale words")


def _write(ax: Axes, drawn: Sequence[_Drawn], unit: str) -> None:
    """Name the corners, and write the lengths of a single triangle beside its sides."""
    last = drawn[-1]
    corner = _corner_words()
    labels = [Label(corner[name], *_xy(last.corners[name]), radius=5.0) for name in ("generation", "hubs")]
    for each in reversed(drawn):
        words = f"{corner['sites']}\n{shorten(each.words, most=22)}" if len(drawn) > 1 else corner["sites"]
        labels.append(Label(words, *_xy(each.corners["sites"]), radius=5.0))
    # Beside several triangles it is hard to see which side is meant: the legend has their lengths.
    for side in SIDES if len(drawn) == 1 else ():
        middle = np.mean([last.corners[name] for name in ENDS[side]], axis=0)
        labels.append(Label(f"{_length(last.lengths[side])} {unit}", *_xy(middle), radius=1.0))
    steps = np.linspace(0.0, 1.0, POINTS_ON_SIDE)[:, None]
    ways = [(each.corners[a], each.corners[b]) for each in drawn for a, b in (ENDS[side] for side in SIDES)]
    along = np.concatenate([one + steps * (other - one) for one, other in ways])
    corners = np.array([place for each in drawn for place in each.corners.values()])
    discs = np.concatenate(
        [
            np.column_stack([along, np.full(len(along), 1.0)]),
            np.column_stack([corners, np.full(len(corners), 4.5)]),
        ]
    )
    place_labels(ax, labels, discs=discs, frames=base.fixed_boxes(ax))


def _xy(place: Floats) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def _length(value: float) -> str:
    """Return a side's length with three digits, as far as there are."""
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"


def _blocks(given: Mapping[str, TriangleTables], drawn: Sequence[_Drawn]) -> list[Block]:
    """Return the legend: whose triangle each is, with the MW of its measures."""
    rows = []
    for each, tables in zip(drawn, given.values(), strict=True):
        colour, dashes, width = each.ink
        lengths = " / ".join(_length(each.lengths[side]) for side in SIDES_IN_WORDS)
        mw = [
            number(float(tables.sides["total_mw"][side])) for side in ("sites-generation", "generation-hubs")
        ]
        words = say(
            "{name}: {lengths}; {mw} MW",
            name=shorten(each.words, most=24), lengths=f"{lengths} {tables.unit}", mw=f"{mw[0]} / {mw[1]}",
        )  # fmt: skip
        rows.append(line_row(words, colour=colour, width=width, style=dashes))
    corner = _corner_words()
    marks = [
        marker_row(word, marker=marker, size=5.5, face=face, edge=PALETTE["ink"])
        for marker, face, word in ((*CORNERS[name], corner[name]) for name in ("sites", "generation", "hubs"))
    ]
    title = say("Sites-generation / sites-hubs / generation-hubs; MW of sites / of generation")
    return [Block(say("Measures"), tuple(marks)), Block(title, tuple(rows))]


def _ways(moves: gpd.GeoDataFrame) -> tuple[list[Floats], Floats, Floats]:
    """Return the lines, their ends, shape (lines, 2, 2), and MW: one for each pair of places, wide ones first."""
    there = moves[moves.geometry.notna() & ~moves.geometry.is_empty]
    key = shapely.to_wkb(there.geometry.to_numpy())
    mw = there["mw"].groupby(key).sum().sort_values(ascending=False, kind="stable")
    shapes = [shapely.from_wkb(each) for each in mw.index]
    ways = [np.asarray(part.coords)[:, :2] for shape in shapes for part in getattr(shape, "geoms", [shape])]
    parts = [len(getattr(shape, "geoms", [shape])) for shape in shapes]
    ends = np.array([shapely.get_coordinates(shape)[[0, -1]] for shape in shapes]).reshape(-1, 2, 2)
    return ways, ends, np.repeat(mw.to_numpy(float), parts)


def _draw_ways(ax: Axes, ways: Sequence[Floats], widths: Floats, measure: str) -> None:
    drawn = LineCollection(
        list(ways),
        colors=CORNERS[measure][1],
        linewidths=list(widths),
        alpha=0.7,
        zorder=3.0,
        capstyle="round",
    )
    drawn.set_label("moves")
    ax.add_collection(drawn, autolim=False)


def _draw_ends(ax: Axes, ends: Floats, side: str) -> None:
    """Mark where the moves begin and end."""
    for at, name in reversed(list(enumerate(ENDS[side]))):
        marker, face = CORNERS[name]
        places = np.unique(ends[:, at], axis=0)
        style: Style = {
            "facecolor": face,
            "edgecolor": PALETTE["ink"],
            "linewidth": 0.4,
            "zorder": 4.2 - 0.1 * at,
        }
        ax.scatter(places[:, 0], places[:, 1], s=13 - 4 * at, marker=marker, label=name, **style)


def _map_blocks(
    moves: gpd.GeoDataFrame, side: str, mw: Floats, edges: Sequence[float], widths: Floats
) -> list[Block]:
    """Return the legend: what widths mean, what the marks are, and what stays where it is."""
    colour, word = CORNERS[ENDS[side][1]][1], _corner_words()
    rows: list[Row] = []
    if mw.size:
        tops = [*edges, float(mw.max())]
        words = [say("up to {value}", value=number(top)) for top in tops]
        if edges:
            words[-1] = say("over {value}", value=number(edges[-1]))
        rows = [
            line_row(text, colour=colour, width=float(width))
            for text, width in zip(words, widths, strict=True)
        ]
    marks = [
        marker_row(word[name], marker=CORNERS[name][0], size=4.5, face=CORNERS[name][1], edge=PALETTE["ink"])
        for name in ENDS[side]
    ]
    still = float(moves["mw"][moves.geometry.isna() | moves.geometry.is_empty].sum())
    also = (
        [line_row(say("{mw} MW in place already", mw=number(still)), colour="none", width=0)]
        if still > 0.0
        else []
    )
    return [Block(say("Would move\n[MW]"), tuple(rows)), Block(say("From, to") + "\n", (*marks, *also))]
