"""Legends below a map, in points: discs, patches and lines with their words, and the source line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnchoredOffsetbox, DrawingArea, HPacker, OffsetBox, TextArea, VPacker
from matplotlib.patches import Circle, Rectangle

from three_mismatches.language import say, spoken
from three_mismatches.maps import base
from three_mismatches.maps.folding import fold
from three_mismatches.maps.labels import dpi_of, measurer, root_figure, settle
from three_mismatches.maps.style import PALETTE, SIZES, Style

__all__ = [
    "PAGE_SIDE",
    "TALLEST",
    "Block",
    "Row",
    "disc_row",
    "draw_legend",
    "fanned_row",
    "fit_page",
    "line_row",
    "marker_row",
    "page_axes",
    "patch_row",
    "text_width",
]

ROW_HEIGHT = 8.0
SYMBOL_WIDTH = 15.0
LEGEND_HEIGHT = 1.42
"""Room below the axes that the fullest legend of this package takes. [inch]"""

PAGE_SIDE = 0.2
"""Margin of a map on its own. [inch]"""

TALLEST = 1.5
"""Height over width from which on a tall strip of land is not drawn taller."""

CHARACTER_WIDTH = {"en": 0.53, "ja": 0.58}
"""Mean width of a column over its type size, measured on source lines in the font of each language."""


LEAST_COLUMNS = 24
# Hinted letters are wider on a screen than in print: what fits there fits everywhere.
MEASURED_DPI = 100.0
BETWEEN, SLACK = 14.0, 8.0
"""Clear space between two blocks, and how far the last one may reach beyond the axes. [pt]"""


@dataclass(frozen=True)
class Row:
    """One line of a legend: a drawing and its words."""

    symbol: DrawingArea
    text: str


@dataclass(frozen=True)
class Block:
    """One column of a legend: a title that names the unit, and its rows."""

    title: str
    rows: tuple[Row, ...]


def disc_row(text: str, *, diameter: float, face: str = "none", edge: str = "", widest: float = 0.0) -> Row:
    """Return a disc of `diameter` [pt] in a column as wide as the `widest` one [pt]."""
    width, height = max(widest, diameter, ROW_HEIGHT), max(diameter, ROW_HEIGHT)
    edge = edge or PALETTE["quiet"]
    disc = Circle((width / 2, height / 2), diameter / 2, facecolor=face, edgecolor=edge, linewidth=0.7)
    return _row(text, width, height, disc)


def patch_row(text: str, *, face: str, hatch: str = "", edge: str = "", width: float = 0.4) -> Row:
    """Return a filled box with a rim of `width` [pt]."""
    style: Style = {"edgecolor": edge or PALETTE["quiet"], "linewidth": width, "hatch": hatch or None}
    box = Rectangle((0, 0), SYMBOL_WIDTH, ROW_HEIGHT, facecolor=face, **style)
    return _row(text, SYMBOL_WIDTH, ROW_HEIGHT, box)


def line_row(text: str, *, colour: str, width: float, style: str = "-") -> Row:
    """Return a line of `width` [pt]."""
    middle = [ROW_HEIGHT / 2] * 2
    return _row(
        text, SYMBOL_WIDTH, ROW_HEIGHT, Line2D([0, SYMBOL_WIDTH], middle, color=colour, lw=width, ls=style)
    )


def marker_row(text: str, *, marker: str, size: float, face: str, edge: str) -> Row:
    """Return a marker of `size` [pt]."""
    style: Style = {"marker": marker, "markersize": size, "markerfacecolor": face, "markeredgecolor": edge}
    point = Line2D([SYMBOL_WIDTH / 2], [ROW_HEIGHT / 2], linestyle="none", markeredgewidth=0.7, **style)
    return _row(text, SYMBOL_WIDTH, ROW_HEIGHT, point)


def fanned_row(text: str = "") -> Row:
    """Return a few discs side by side."""
    style: Style = {"facecolor": "none", "edgecolor": PALETTE["ink"], "linewidth": 0.55}
    places = ((4.6, 3.0), (8.6, 5.4), (10.4, 2.4))
    discs = [Circle(place, 2.0, **style) for place in places]
    return _row(text or say("sites at one point, fanned out"), SYMBOL_WIDTH, ROW_HEIGHT, *discs)


def draw_legend(ax: Axes, blocks: Iterable[Block], *, footer: str = "") -> AnchoredOffsetbox:
    """
    Hang a legend below the axes, its blocks side by side, in several rows if need be, and the footer under them.

    Parameters
    ----------
    ax
        The map.
    blocks
        Columns, left to right; those without rows are left out.
    footer
        Text in small type over the width of the axes: the source line.

    Returns
    -------
    box
        The artist that was added.
    """
    parts: list[Artist] = _in_rows(ax, [_column(block) for block in blocks if block.rows])
    if footer:
        parts.append(
            _words(wrap(footer, width=text_width(ax), size=SIZES["small"]), size="small", colour="quiet")
        )
    parts = parts or [_words("")]  # a map with nothing to explain has a legend of no height
    body = VPacker(children=parts, align="left", pad=0, sep=8)
    box = AnchoredOffsetbox(
        loc="upper left", child=body, pad=0, borderpad=0, frameon=False,
        bbox_to_anchor=(0.0, -0.012), bbox_transform=ax.transAxes,
    )  # fmt: skip
    box.set_clip_on(False)
    ax.add_artist(box)
    return box


def footer_height(text: str, width: float) -> float:
    """Return the height of a source line that is wrapped to `width`. [inch]"""
    lines = wrap(text, width=width * 72.0, size=SIZES["small"]).count("\n") + 1 if text else 0
    return lines * SIZES["small"] * 1.35 / 72.0


def text_width(ax: Axes) -> float:
    """Return the width of the axes. [pt]"""
    settle(ax)
    return float(ax.get_window_extent().width) * 72.0 / dpi_of(ax)


def wrap(text: str, *, width: float, size: float) -> str:
    """Return `text` broken into lines of `width` [pt] at type `size` [pt]."""
    columns = max(int(width / (size * CHARACTER_WIDTH[spoken()])), LEAST_COLUMNS)
    lines = fold(text, columns)
    # The mean width of a letter is not that of every line.
    while columns > LEAST_COLUMNS and max(_width(line, size) for line in lines.split("\n")) > width:
        columns -= 1
        lines = fold(text, columns)
    return lines


def page_axes(ratio: float, footer: str, *, width: float, below: float = LEGEND_HEIGHT) -> Axes:
    """
    Return the axes of a new figure that has room for a legend and the source line below.

    Parameters
    ----------
    ratio
        Height over width of the axes.
    footer
        The source line.
    width
        Of the figure. [inch]
    below
        Room for the legend. [inch]
    """
    inner = width - 2 * PAGE_SIDE
    tall, below = inner * ratio, below + footer_height(footer, inner)
    height = tall + below + PAGE_SIDE
    figure = base.new_figure(width, height)
    return figure.add_axes((PAGE_SIDE / width, below / height, inner / width, tall / height))


def fit_page(ax: Axes, box: AnchoredOffsetbox, *, side: float = PAGE_SIDE) -> None:
    """Make the figure as tall as its map, the legend and a margin [inch] need; the map stays as large as it is."""
    figure = root_figure(ax)
    width, height = figure.get_size_inches()
    lowest = box.get_window_extent(measurer(ax)).y0 / figure.dpi
    left, bottom, wide, tall = ax.get_position(original=True).bounds
    above = (1.0 - bottom - tall) * height
    below = bottom * height - lowest + side
    new = tall * height + below + above
    figure.set_size_inches(width, new)
    ax.set_position((left, below / new, wide, tall * height / new))
    for frame in (ax, *(child for child in ax.child_axes if isinstance(child, Axes))):
        settle(frame)


def _width(text: str, size: float) -> float:
    """Return the width of a line. [pt]"""
    renderer = RendererAgg(1, 1, MEASURED_DPI)  # type: ignore[no-untyped-call]
    wide, _, _ = renderer.get_text_width_height_descent(text, FontProperties(size=size), False)  # type: ignore[no-untyped-call]
    return float(wide) * 72.0 / MEASURED_DPI


def _in_rows(ax: Axes, columns: Sequence[OffsetBox]) -> list[Artist]:
    """Return columns side by side, those beyond the width of the axes in a row below."""
    figure, scale, renderer = root_figure(ax), 72.0 / dpi_of(ax), measurer(ax)
    # A tall map leaves a part of its place free, under which the legend may reach.
    place = max(ax.get_position(original=True).width * figure.bbox.width * scale, text_width(ax))
    room = place + SLACK
    rows: list[list[Artist]] = []
    used = 0.0
    for column in columns:
        column.set_figure(figure)
        width = float(column.get_bbox(renderer).width) * scale
        if not rows or used + BETWEEN + width > room:
            rows.append([])
            used = -BETWEEN
        rows[-1].append(column)
        used += BETWEEN + width
    return [HPacker(children=row, align="top", pad=0, sep=BETWEEN) for row in rows]


def _row(text: str, width: float, height: float, *artists: Artist) -> Row:
    area = DrawingArea(width, height, 0, 0)
    for artist in artists:
        area.add_artist(artist)
    return Row(area, text)


def _column(block: Block) -> OffsetBox:
    rows: list[Artist] = [
        HPacker(children=[row.symbol, _words(row.text)], align="center", pad=0, sep=4) for row in block.rows
    ]
    body = VPacker(children=rows, align="left", pad=0, sep=2.5)
    if not block.title:
        return body
    return VPacker(children=[_words(block.title, colour="ink"), body], align="left", pad=0, sep=4)


def _words(text: str, *, size: str = "label", colour: str = "quiet") -> TextArea:
    return TextArea(text, textprops={"size": SIZES[size], "color": PALETTE[colour], "linespacing": 1.15})
