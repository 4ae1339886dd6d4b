"""Symbols that a hand fills clockwise, and their rows in a legend: a disc, a square, a triangle of one area."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from matplotlib.offsetbox import DrawingArea
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from three_mismatches.maps.legend import ROW_HEIGHT, SYMBOL_WIDTH, Row
from three_mismatches.maps.style import PALETTE

__all__ = ["path_row", "scaled", "sector"]

Floats = NDArray[np.float64]

STEP = np.pi / 36
NOTHING = 1e-6
"""Angle between two points of a rim, and a share too small to be one. [-]"""


def path_row(
    text: str, parts: Sequence[tuple[Path, str, float]], *, diameter: float, dashes: str = "-"
) -> Row:
    """Return paths over each other, each with its filling and the width of its rim [pt]."""
    height = max(diameter, ROW_HEIGHT)
    area = DrawingArea(SYMBOL_WIDTH, height, 0, 0)
    place = Affine2D().scale(diameter).translate(SYMBOL_WIDTH / 2, height / 2)
    for path, face, width in parts:
        edge = PALETTE["ink"] if width else "none"
        drawn = path.transformed(place)
        area.add_artist(PathPatch(drawn, facecolor=face, edgecolor=edge, linewidth=width, linestyle=dashes))
    return Row(area, text)


@functools.cache
def sector(sides: int, share: float = 1.0) -> Path:
    """
    Return the part of a symbol that a hand sweeps clockwise from the top.

    Parameters
    ----------
    sides
        Of the symbol, whose area is that of a disc of diameter 1; 0 is the disc.
    share
        Of the way round. [-]
    """
    if sides == 0 and share >= 1.0 - NOTHING:
        return scaled(Path.unit_circle(), 0.5)
    swept = 2 * np.pi * min(share, 1.0)
    corners = (2 * np.pi * np.arange(1, sides + 1) + (np.pi if sides == 4 else 0.0)) / max(sides, 1)
    turns = np.unique(np.concatenate([np.arange(0.0, swept, STEP), corners[corners < swept], [swept]]))
    points = np.column_stack([np.sin(turns), np.cos(turns)]) * _radius(turns, sides)[:, None]
    if share < 1.0 - NOTHING:
        points = np.vstack([[0.0, 0.0], points])
    return Path(np.vstack([points, points[:1]]), closed=True)


def _radius(turns: Floats, sides: int) -> Floats:
    """Return how far a symbol's rim is from its centre at each angle from the top."""
    if sides == 0:
        return np.full(turns.shape, 0.5)
    wedge = 2 * np.pi / sides
    apothem = np.sqrt(np.pi / 4 / (sides * np.tan(wedge / 2)))
    # A square stands on its side: its corners are half a wedge off the top.
    off = (turns + (wedge / 2 if sides == 4 else 0.0)) % wedge - wedge / 2
    return np.asarray(apothem / np.cos(off))


def scaled(path: Path, by: float) -> Path:
    """Return a path made larger or smaller about its centre."""
    return Path(np.asarray(path.vertices) * by, path.codes)
