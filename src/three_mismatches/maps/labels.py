"""Place labels beside their discs so that none touches another, a disc that matters, or a frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from three_mismatches.maps.style import PALETTE, SIZES, Style

__all__ = ["Label", "boxes_overlap", "place_labels", "plate"]

DISTANCES = (2.5, 6.0, 12.0, 20.0, 30.0)
"""Clear space between a disc and its label that is tried, nearest first. [pt]"""

DIRECTIONS = [np.array([np.cos(angle), np.sin(angle)]) for angle in np.arange(16) * (2 * np.pi / 16)]
ROUNDS = 6
PER_POINT = 0.12
LOST = 12.0
PADDING = 1.5
CLEAR = 2.5
LEADER_FROM = 5.0

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Label:
    """Words for one place: `radius` [pt] is that of its disc."""

    text: str
    lon: float
    lat: float
    radius: float = 0.0
    colour: str = PALETTE["ink"]


@dataclass(frozen=True)
class _Placed:
    """A label with its size and the place of its disc. [pt]"""

    label: Label
    size: Floats
    anchor: Floats


@dataclass(frozen=True)
class _Spot:
    """Where a label may go: its box, its leader, and what that costs. [pt]"""

    box: Floats
    leader: Floats
    cost: float
    distance: float


@dataclass(frozen=True)
class _Page:
    """What is on the map already: its edge, shape (4,), forbidden boxes (n, 4) and discs (n, 3). [pt]"""

    edge: Floats
    frames: Floats
    discs: Floats


def place_labels(
    ax: Axes, labels: Sequence[Label], *, discs: Floats | None = None, frames: Sequence[Bbox] = ()
) -> list[Annotation]:
    """
    Write labels, most important first; one that fits nowhere is left out.

    Parameters
    ----------
    ax
        The map, its limits and position final.
    labels
        In order of importance.
    discs
        Shape (n, 3): lon, lat and radius [pt] of what labels should keep off where they can.
    frames
        Boxes in display coordinates that no label may touch: insets, the scale bar.

    Returns
    -------
    drawn
        The labels that found room.
    """
    settle(ax)
    page = _page(ax, discs, frames)
    texts = [_Placed(label, _text_size(ax, label.text), _anchor(ax, label)) for label in labels]
    best: tuple[float, dict[int, _Spot]] = (np.inf, {})
    order = list(range(len(texts)))
    for _ in range(ROUNDS if len(texts) > 1 else 1):
        spots = _greedy(texts, order, page)
        costs = [spots[at].cost if at in spots else LOST + len(texts) - at for at in range(len(texts))]
        if sum(costs) < best[0] - 1e-9:
            best = (sum(costs), spots)
        # Those that fared worst choose first in the next round.
        order.sort(key=lambda at: -costs[at])
    return [_write(ax, texts[at], spot) for at, spot in sorted(best[1].items())]


def root_figure(ax: Axes) -> Figure:
    """Return the figure that holds the axes, through any subfigures."""
    figure: FigureBase | None = ax.figure
    while isinstance(figure, SubFigure):
        figure = figure.figure
    if not isinstance(figure, Figure):
        msg = "ax must belong to a figure"
        raise TypeError(msg)
    return figure


def dpi_of(ax: Axes) -> float:
    """Return the resolution of the axes' figure. [dots per inch]"""
    return float(root_figure(ax).dpi)


def measurer(ax: Axes) -> RendererBase:
    """Return a renderer that measures text as it will be drawn, whatever the figure's own canvas is."""
    renderer: RendererBase = RendererAgg(1, 1, dpi_of(ax))  # type: ignore[no-untyped-call]
    return renderer


def settle(ax: Axes) -> None:
    """Bring the axes to where they will be drawn, so that positions can be read."""
    locator: Any = ax.get_axes_locator()
    ax.apply_aspect(None if locator is None else locator(ax, None))


def boxes_overlap(box: Floats, others: Floats, *, padding: float = 0.0) -> NDArray[np.bool_]:
    """Return for each of `others`, shape (n, 4) of x0 y0 x1 y1, whether it touches `box`."""
    apart = (
        (others[:, 0] > box[2] + padding)
        | (others[:, 2] < box[0] - padding)
        | (others[:, 1] > box[3] + padding)
        | (others[:, 3] < box[1] - padding)
    )
    return np.asarray(~apart)


def plate() -> Style:
    """Return the pale ground that keeps words readable on any map; a stroke would double an SVG's size."""
    box = "round,pad=0.06,rounding_size=0.25"
    return {"facecolor": PALETTE["sea"], "alpha": 0.66, "linewidth": 0, "boxstyle": box}


def _greedy(texts: Sequence[_Placed], order: Sequence[int], page: _Page) -> dict[int, _Spot]:
    """Return the cheapest free spot of each label in turn; a label without one is not there."""
    spots: dict[int, _Spot] = {}
    for at in order:
        spot = _best_spot(texts[at], page, list(spots.values()))
        if spot is not None:
            spots[at] = spot
    return spots


def _best_spot(text: _Placed, page: _Page, others: Sequence[_Spot]) -> _Spot | None:
    """Return the cheapest free spot round a label's disc."""
    taken = np.vstack([page.frames, *(spot.box[None] for spot in others)])
    best: _Spot | None = None
    for distance in DISTANCES:
        # Distance alone costs this much: nothing farther out can be cheaper.
        if best is not None and best.cost <= PER_POINT * distance:
            break
        for box, slant in _boxes(text, distance):
            if not _free(box, page.edge, taken):
                continue
            leader = _leader(box, text)
            if any(_within(leader, frame) for frame in taken) or any(
                _within(spot.leader, box) for spot in others
            ):
                continue
            cost = PER_POINT * distance + 0.2 * slant + _clutter(box, leader, text, page.discs)
            if best is None or cost < best.cost - 1e-9:
                best = _Spot(box, leader, cost, distance)
    return best


def _boxes(text: _Placed, distance: float) -> Iterator[tuple[Floats, float]]:
    """Yield boxes round a disc that clear it, with how far each is from level."""
    for way in DIRECTIONS:
        centre = (
            text.anchor + way * (text.label.radius + distance) + np.clip(1.5 * way, -1.0, 1.0) * text.size / 2
        )
        box = np.concatenate([centre - text.size / 2, centre + text.size / 2])
        if np.hypot(*(text.anchor - _nearest(box, text.anchor))) >= text.label.radius + 2.0:
            yield box, abs(float(way[1]))


def _free(box: Floats, edge: Floats, taken: Floats) -> bool:
    """Return whether a box lies inside the map and off all others."""
    inside = (box[:2] > edge[:2] + PADDING).all() and (box[2:] < edge[2:] - PADDING).all()
    return bool(inside) and not boxes_overlap(box, taken, padding=PADDING).any()


def _clutter(box: Floats, leader: Floats, text: _Placed, discs: Floats) -> float:
    """Return the cost of hiding other discs, of running over them, and of lying nearer to one of them."""
    away = np.hypot(*(discs[:, :2] - _nearest(box, discs[:, :2])).T) - discs[:, 2]
    own = np.hypot(*(discs[:, :2] - text.anchor).T) <= max(text.label.radius, 1.0)
    hidden = np.where(own, 0.5, 1.0) @ np.clip(CLEAR - away, 0.0, 8.0)
    others = discs[~own]
    depth = others[:, 2] - _to_segment(others[:, :2], text.anchor, leader[-1])
    crossed = np.where(depth > 0, np.maximum(others[:, 2], 1.5), 0.0).sum()
    nearest = np.hypot(*(text.anchor - _nearest(box, text.anchor))) - text.label.radius
    mistaken = bool(len(others)) and away[~own].min() < nearest - 1.0
    return float(1.2 * hidden + crossed + 3.0 * mistaken)


def _to_segment(points: Floats, start: Floats, end: Floats) -> Floats:
    """Return the distance of each point from a segment."""
    way = end - start
    share = np.clip((points - start) @ way / max(float(way @ way), 1e-12), 0.0, 1.0)
    return np.asarray(np.hypot(*(points - start - share[:, None] * way).T))


def _leader(box: Floats, text: _Placed) -> Floats:
    """Return points along the line from the anchor to the middle of the box, as far as its rim."""
    middle = (box[:2] + box[2:]) / 2
    line = text.anchor + np.linspace(0.0, 1.0, 24)[:, None] * (middle - text.anchor)
    return np.asarray(line[~((line > box[:2]) & (line < box[2:])).all(axis=1)])


def _within(line: Floats, box: Floats) -> bool:
    return bool(((line > box[:2]) & (line < box[2:])).all(axis=1).any())


def _nearest(box: Floats, points: Floats) -> Floats:
    return np.clip(points, box[:2], box[2:])


def _write(ax: Axes, text: _Placed, spot: _Spot) -> Annotation:
    label = text.label
    offset = (spot.box[:2] + spot.box[2:]) / 2 - text.anchor
    arrow: Style = {"arrowstyle": "-", "color": PALETTE["quiet"], "linewidth": 0.5}
    style: Style = {"ha": "center", "va": "center", "linespacing": 1.05, "bbox": plate(), "zorder": 9}
    if spot.distance > LEADER_FROM:
        style["arrowprops"] = {**arrow, "shrinkA": 0, "shrinkB": label.radius}
    return ax.annotate(
        label.text,
        (label.lon, label.lat),
        (float(offset[0]), float(offset[1])),
        textcoords="offset points",
        size=SIZES["label"],
        color=label.colour,
        **style,
    )


def _page(ax: Axes, discs: Floats | None, frames: Sequence[Bbox]) -> _Page:
    points = 72.0 / dpi_of(ax)
    boxes = np.array([frame.extents for frame in frames], dtype=float).reshape(-1, 4) * points
    circles = np.empty((0, 3))
    if discs is not None and len(discs):
        circles = np.column_stack([ax.transData.transform(discs[:, :2]) * points, discs[:, 2]])
    return _Page(np.array(ax.get_window_extent().extents) * points, boxes, circles)


def _anchor(ax: Axes, label: Label) -> Floats:
    return np.asarray(ax.transData.transform((label.lon, label.lat))) * 72.0 / dpi_of(ax)


def _text_size(ax: Axes, text: str) -> Floats:
    """Return width and height of a label. [pt]"""
    words = Text(0, 0, text, size=SIZES["label"], linespacing=1.05, ha="center", va="center")
    words.set_figure(root_figure(ax))
    extent = words.get_window_extent(measurer(ax))
    return np.array([extent.width, extent.height]) * 72.0 / dpi_of(ax)
