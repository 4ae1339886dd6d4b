"""Pages of a report, filled from the top: headings, paragraphs, pictures and tables, and their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.artist import Artist
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from three_mismatches.maps.style import PALETTE
from three_mismatches.report.typeset import Type, wrap

__all__ = ["BOTTOM", "HEIGHT", "SIDE", "TEXT_WIDTH", "TOP", "WIDTH", "Pages"]

WIDTH, HEIGHT = 595.276, 841.89
"""A4, upright. [pt]"""

SIDE, TOP, BOTTOM = 58.0, 58.0, 64.0
"""Margins. [pt]"""

TEXT_WIDTH = WIDTH - 2 * SIDE
FOOT = 34.0
NUMBER = Type(8.0, 10.0, colour="quiet")
ASCENT = 0.93
"""Height of a line's letters above its baseline, over their size: DejaVu Sans with an accent."""


class Embedded(Artist):
    """A finished figure, drawn to scale on a page of a PDF as what it is made of; nowhere else."""

    def __init__(self, figure: Figure, *, scale: float, left: float, bottom: float) -> None:
        """Take a figure, how much smaller it is drawn, and where its corner lies. [pt]"""
        super().__init__()
        self.embedded, self.scale, self.left, self.bottom = figure, scale, left, bottom

    def draw(self, renderer: RendererBase) -> None:
        """Draw the figure's artists in a coordinate system of their own."""
        file: Any = getattr(renderer, "file", None)
        if file is None:
            return
        from matplotlib.backends.backend_pdf import Op

        state: Any = renderer.gc  # type: ignore[attr-defined]
        file.output(*state.finalize())
        file.output(Op.gsave, self.scale, 0, 0, self.scale, self.left, self.bottom, Op.concat_matrix)
        before, self.embedded.dpi = self.embedded.dpi, 72.0  # a page has 72 points to the inch
        self.embedded.draw(renderer)
        self.embedded.dpi = before
        file.output(*state.finalize(), Op.grestore)


class Pages:
    """The pages so far and how far down the last of them is filled."""

    def __init__(self) -> None:
        """Begin with an empty page."""
        self.figures: list[Figure] = []
        self.waiting: list[Callable[[], None]] = []
        self.at = TOP
        self._begin(WIDTH, HEIGHT)

    @property
    def width(self) -> float:
        """Width of the page. [pt]"""
        return float(self.figures[-1].get_figwidth()) * 72.0

    @property
    def height(self) -> float:
        """Height of the page. [pt]"""
        return float(self.figures[-1].get_figheight()) * 72.0

    @property
    def room(self) -> float:
        """Height that is left above the lower margin. [pt]"""
        return self.height - BOTTOM - self.at

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands on the page yet."""
        return self.at <= TOP

    def turn(self, *, across: bool = False) -> None:
        """Begin a new page, upright or across, after the pictures that wait for the last one to be full."""
        self.set_waiting()
        self._begin(*((HEIGHT, WIDTH) if across else (WIDTH, HEIGHT)))

    def set_waiting(self) -> None:
        """Set what waits, each on a page across."""
        waiting, self.waiting = self.waiting, []
        for fill in waiting:
            self._begin(HEIGHT, WIDTH)
            fill()

    def _begin(self, width: float, height: float) -> None:
        """Begin a page [pt], in the place of one that is still empty."""
        if self.figures and self.is_empty:
            self.figures.pop()
        figure = Figure(figsize=(width / 72.0, height / 72.0), dpi=72, facecolor=PALETTE["sea"])
        FigureCanvasAgg(figure)
        self.figures.append(figure)
        self.at = TOP

    def need(self, height: float) -> None:
        """Turn the page unless so much room is left. [pt]"""
        if self.room < height and not self.is_empty:
            self.turn()

    def skip(self, height: float) -> None:
        """Leave room, but none at the top of a page. [pt]"""
        if not self.is_empty:
            self.at += height

    def text(self, words: str, kind: Type, *, indent: float = 0.0, keep: int = 2) -> None:
        """Set a text over as many lines and pages as it takes, at least `keep` lines of it together."""
        lines = wrap(words, kind, width=self.width - 2 * SIDE - indent)
        self.need(min(len(lines), keep) * kind.lead)
        for at, line in enumerate(lines):
            left = len(lines) - at
            # The last line of a paragraph is not left alone on the next page.
            self.need(2 * kind.lead if left == 2 and at else kind.lead)
            self.line(line, kind, x=SIDE + indent)
            self.at += kind.lead

    def line(self, words: str, kind: Type, *, x: float, right: bool = False, below: float = 0.0) -> None:
        """Write one line that begins, or ends, at x, without moving on. [pt]"""
        base = self.at + below + (kind.lead - kind.size) / 2 + ASCENT * kind.size
        self.figures[-1].text(
            x / self.width,
            1 - base / self.height,
            words,
            size=kind.size,
            weight="bold" if kind.bold else "normal",
            color=PALETTE[kind.colour],
            ha="right" if right else "left",
            va="baseline",
            parse_math=False,
        )

    def rule(self, *, left: float, right: float, weight: float = 0.5, colour: str = "quiet") -> None:
        """Draw a line across the page at the height that is reached. [pt]"""
        figure, y = self.figures[-1], 1 - self.at / self.height
        ends = [left / self.width, right / self.width]
        figure.add_artist(
            Line2D(ends, [y, y], color=PALETTE[colour], linewidth=weight, transform=figure.transFigure)
        )

    def embed(self, figure: Figure, *, scale: float) -> None:
        """Put a figure in the middle of the page's width, below what is there."""
        width, height = (72.0 * scale * float(side) for side in figure.get_size_inches())
        bottom = self.height - self.at - height
        self.figures[-1].add_artist(
            Embedded(figure, scale=scale, left=(self.width - width) / 2, bottom=bottom), clip=False
        )
        self.at += height

    def numbered(self) -> tuple[Figure, ...]:
        """Return the pages, each with its number and how many there are."""
        self.set_waiting()
        if self.is_empty and len(self.figures) > 1:
            self.figures.pop()
        for number, figure in enumerate(self.figures, start=1):
            words = f"{number} / {len(self.figures)}"
            x, y = 0.5, FOOT / (72.0 * float(figure.get_figheight()))
            figure.text(x, y, words, size=NUMBER.size, color=PALETTE["quiet"], ha="center", va="baseline")
        return tuple(self.figures)
