"""Three anchors of how maps look, held against stored pictures; CONTRIBUTING says how these are renewed."""

from __future__ import annotations

import io
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image, ImageFilter

from test_maps_in_japanese import at, crowd, result
from test_maps_triangle import make_triangle
from three_mismatches import maps

DPI = 70
BLUR = 4
"""
Pixels. Letters are left out and the rest is blurred: letters drawn by another freetype then change a picture by
less than its tolerance, another hue or a legend that has moved by 1 % by more. Other tests hold what the words say.
"""

DRAWN_WITH = "3.11"
"""Other matplotlibs set lines of words closer, which moves every row of a legend."""

pytestmark = pytest.mark.skipif(
    not mpl.__version__.startswith(DRAWN_WITH + "."), reason=f"pictures are of matplotlib {DRAWN_WITH}"
)


def anchor(tolerance):
    return pytest.mark.mpl_image_compare(
        baseline_dir="baseline", tolerance=tolerance, style="default", savefig_kwargs={"dpi": DPI}
    )


def softened(drawn: Figure, page: tuple[int, int]) -> Figure:
    """Return a page [pixels] that shows a figure without its letters, blurred."""
    drawn.canvas.draw()
    for text in drawn.findobj(Text):
        text.set(color="none", bbox=None)
    image = io.BytesIO()
    drawn.savefig(image, dpi=DPI)
    canvas = Image.new("RGB", page, "white")
    canvas.paste(Image.open(image).convert("RGB"))
    figure = Figure(figsize=(page[0] / DPI, page[1] / DPI), dpi=DPI)
    figure.figimage(np.asarray(canvas.filter(ImageFilter.GaussianBlur(BLUR))), origin="upper")
    return figure


def reach():
    """Return steps of 40, 90 and 120 MW at 1, 4 and 9 ms, in two areas."""
    curves = {
        None: [0.0, 40.0, 90.0, 120.0],
        "north": [0.0, 40.0, 40.0, 70.0],
        "south": [0.0, 0.0, 50.0, 50.0],
    }
    names = {"name": ["North", "South"], "name_ja": ["北部", "南部"], "source": "a model"}
    areas = pd.DataFrame({"spare_mw": [75.0, 50.0]}, index=["north", "south"])

    def curve(*, use, area=None, within_km=float("inf")):
        share = 1.0 if within_km > 20.0 else 0.5
        return pd.DataFrame(
            {"rtt_ms": [0.0, 1.0, 4.0, 9.0], "reachable_mw": [share * mw for mw in curves[area]]}
        )

    return SimpleNamespace(
        areas=areas, budget_ms=pd.Series({"cloud": 5.0}), curve=curve,
        origin={"Areas": pd.DataFrame(names, index=areas.index)}, reachable_mw=lambda ms, *, use: 90.0,
    )  # fmt: skip


@anchor(tolerance=0.5)
def test_mismatch_map_looks_as_it_did():
    places = [*crowd(6), (135.5, 34.7), (140.5, 40.2), (139.5, 36.5), (139.5, 36.5)]
    return softened(maps.mismatch_map(result(at(places)), figsize=(12.8, 6.6)), (900, 470))


@anchor(tolerance=0.25)
def test_triangle_looks_as_it_did():
    years = [make_triangle(150.0, 160.0, 90.0, year=2026), make_triangle(202.0, 189.0, 103.0)]
    return softened(maps.triangle(years).figure, (400, 350))


@anchor(tolerance=0.3)
def test_reach_curve_in_japanese_looks_as_it_did():
    return softened(maps.reach_curve(reach(), use="cloud", lang="ja").figure, (510, 370))
