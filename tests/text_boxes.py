"""Find the words of a figure that lie on each other."""

from __future__ import annotations

from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

TOUCH = 0.5
"""How deep two boxes may reach into each other before they overlap: rounding of type. [pixels]"""


def text_boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every text that is drawn, with the box of its letters; legends and insets included. [pixels]"""
    figure.canvas.draw()
    renderer = RendererAgg(1, 1, figure.dpi)
    unseen = _unseen(figure)
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and id(text) not in unseen]
    texts = [text for text in texts if text.get_visible() and (text.axes is None or text.axes.get_visible())]
    # Of an annotation the words alone: its arrow may cross what it points at.
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in texts]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs of texts whose boxes overlap."""
    pairs = combinations(text_boxes(figure), 2)
    return [(one, other) for (one, box), (other, its) in pairs if _depth(box, its) > TOUCH]


def outside(figure: Figure) -> list[str]:
    """Return the texts that reach beyond the page."""
    page = figure.bbox.padded(TOUCH)
    inside = [
        (text, page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1))
        for text, box in text_boxes(figure)
    ]
    return [text for text, kept in inside if not kept]


def _unseen(figure: Figure) -> set[int]:
    """Return the ids of the words of ticks that are not drawn: those of hidden axes, or beyond the limits."""
    found: set[int] = set()
    for ax in figure.findobj(Axes):
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            shown = ax.axison and ax.get_visible() and axis.get_visible()
            for tick in (*axis.majorTicks, *axis.minorTicks):
                if not shown or not low <= tick.get_loc() <= high:
                    found |= {id(tick.label1), id(tick.label2)}
    return found


def _depth(one: Bbox, other: Bbox) -> float:
    """Return by how much two boxes reach into each other, the lesser of both ways; 0 if they are apart."""
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    tall = min(one.y1, other.y1) - max(one.y0, other.y0)
    return float(max(min(wide, tall), 0.0))
