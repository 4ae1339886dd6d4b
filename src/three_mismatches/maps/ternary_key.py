"""The key of a three-way map: a triangle of all mixtures, its corners named, each site a dot in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from mpltern.ternary import TernaryAxes
from numpy.typing import NDArray

from three_mismatches.language import say
from three_mismatches.maps.labels import dpi_of, settle
from three_mismatches.maps.oklab import mixed
from three_mismatches.maps.style import PALETTE, SIZES, Style, number

__all__ = ["KEY_HEIGHT", "draw_key"]

Floats = NDArray[np.float64]

WIDE, TALL, RIGHT, DOWN = 1.12, 0.97, 0.24, 0.5
"""Inches: the triangle, what is clear to its right, and how far below the map its tip is."""

KEY_HEIGHT = 127.0
"""Of the triangle with all its words. [pt]"""

PARTS = 24
"""Steps of colour along a side."""

TICKS = (0.25, 0.5, 0.75)
ALIKE = 0.02
"""Dots nearer to each other than this are told by a number beside them. [-]"""

COUNTED = 4
"""So many heaps of dots get their number, the largest first."""


def draw_key(ax: Axes, shares: Floats, corners: Sequence[str]) -> TernaryAxes:
    """
    Draw the triangle below the right end of a map.

    Parameters
    ----------
    ax
        The map, its position final.
    shares
        Shape (sites, 3), rows that sum to 1: to the top, to the left and to the right corner. [-]
    corners
        Their colours.

    Returns
    -------
    key
        The triangle's axes, a child of the map's.
    """
    settle(ax)
    box = ax.get_window_extent()
    wide, tall = box.width / dpi_of(ax), box.height / dpi_of(ax)
    bounds = (1.0 - (RIGHT + WIDE) / wide, -(DOWN + TALL) / tall, WIDE / wide, TALL / tall)
    key: TernaryAxes = ax.inset_axes(bounds, axes_class=TernaryAxes)
    key.set_label("key")
    settle(key)
    key.patch.set_visible(False)
    _fill(key, corners)
    _mark(key, shares)
    _rule(key)
    _name(key)
    return key


def _fill(key: TernaryAxes, corners: Sequence[str]) -> None:
    """Fill the triangle with small ones, each of the colour of its middle."""
    cells = []
    for top in range(PARTS):
        for left in range(PARTS - top):
            right = PARTS - top - left
            upright = [(top + 1, left, right - 1), (top, left + 1, right - 1), (top, left, right)]
            cells.append(upright)
            if right > 1:
                cells.append([upright[0], upright[1], (top + 1, left + 1, right - 2)])
    shares = np.array(cells, dtype=np.float64) / PARTS
    filled = PolyCollection(
        [_places(key, cell) for cell in shares], facecolors=mixed(shares.mean(axis=1), corners),
        # A rim in its own colour closes the seams between cells.
        edgecolors="face", linewidths=0.3, zorder=1,
    )  # fmt: skip
    filled.set_label("mixtures")
    key.add_collection(filled, autolim=False)


def _places(key: TernaryAxes, shares: Floats) -> Floats:
    """Return where shares lie, in the coordinates that the triangle's axes draw in."""
    return np.asarray(shares @ np.asarray(key.corners_data))


def _mark(key: TernaryAxes, shares: Floats) -> None:
    """Draw a dot for each site, and the number of those that lie on each other."""
    style: Style = {"facecolor": PALETTE["sea"], "edgecolor": PALETTE["ink"], "linewidth": 0.6}
    key.scatter(*shares.T, s=9, zorder=5, clip_on=False, label="dots", **style)
    cells, counts = np.unique(np.round(shares / ALIKE), axis=0, return_counts=True)
    for at in np.argsort(-counts, kind="stable")[:COUNTED]:
        if counts[at] > 1:
            _count(key, _places(key, cells[at] * ALIKE), int(counts[at]))


def _count(key: TernaryAxes, place: Floats, count: int) -> None:
    ground: Style = {"facecolor": PALETTE["sea"], "edgecolor": "none", "boxstyle": "round,pad=0.08"}
    words: Style = {"size": SIZES["small"], "va": "center", "zorder": 6, "textcoords": "offset points"}
    key.annotate(f"×{number(count)}", place, (5, 0), bbox=ground, annotation_clip=False, **words)


def _rule(key: TernaryAxes) -> None:
    """Draw the lines of equal shares, with their figures. [%]"""
    for axis in (key.taxis, key.laxis, key.raxis):
        axis.set_ticks(TICKS, labels=[number(100.0 * tick) for tick in TICKS])
        axis.set_tick_params(
            labelsize=SIZES["small"] - 1.0, labelcolor=PALETTE["quiet"], length=2.0, width=0.5
        )
    key.grid(color=PALETTE["sea"], linewidth=0.4, alpha=0.7)
    for spine in key.spines.values():
        spine.set(color=PALETTE["ink"], linewidth=0.6)


def _name(key: TernaryAxes) -> None:
    """Name the corners, and say what the triangle is of."""
    words = (say("power"), say("generation"), say("fibre"))
    places = (((0, 3), "center", "bottom"), ((-2, -18), "center", "top"), ((-5, -18), "center", "top"))
    for text, corner, (offset, ha, va) in zip(words, key.corners_data, places, strict=True):
        style: Style = {"ha": ha, "va": va, "size": SIZES["label"], "color": PALETTE["ink"]}
        key.annotate(text, corner, offset, textcoords="offset points", annotation_clip=False, **style)
    heading = say("Slowest, given that the\nbuilding is not [%]")
    style = {"ha": "center", "va": "bottom", "size": SIZES["label"], "color": PALETTE["ink"]}
    key.annotate(heading, key.corners_data[0], (0, 13.5), textcoords="offset points",
                 annotation_clip=False, linespacing=1.15, **style)  # fmt: skip
