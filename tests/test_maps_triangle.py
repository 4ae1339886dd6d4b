"""The triangle is drawn true to scale, and lines are as wide as the MW on them."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.text import Text
from shapely.geometry import LineString, MultiLineString, box

from three_mismatches import maps
from three_mismatches.errors import LayerError

SIDES = ["sites-generation", "sites-hubs", "generation-hubs"]


def make_triangle(*lengths: float, unit: str = "km", year: int = 2034) -> SimpleNamespace:
    sides = {"distance": lengths, "total_mw": [1200.0, 1200.0, 9000.0], "source": "a model"}
    lines = [
        LineString([(3, 50), (5, 51)]),
        LineString([(3, 50), (5, 51)]),
        LineString([(3, 50), (4, 53)]),
        None,
    ]
    plan = {"side": "sites-generation", "mw": [10.0, 20.0, 300.0, 40.0]}
    return SimpleNamespace(
        name="Testland", year=year, demand="high", unit=unit,
        sides=pd.DataFrame(sides, index=pd.Index(SIDES, name="side")),
        plan=gpd.GeoDataFrame(plan, geometry=gpd.GeoSeries(lines, crs="EPSG:4326")),
    )  # fmt: skip


def make_areas() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(index=["land"], geometry=[box(2.5, 49.5, 6.0, 54.0)], crs="EPSG:4326")


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.findobj(Text) if text.get_text()]


def lengths_drawn(ax: Axes) -> list[float]:
    found = {line.get_label(): line.get_xydata() for line in ax.lines}
    return [float(np.hypot(*np.diff(found[f"{side} Testland 2034, high"], axis=0)[0])) for side in SIDES]


def moves(ax: Axes) -> LineCollection:
    return next(drawn for drawn in ax.collections if drawn.get_label() == "moves")


@pytest.mark.parametrize(
    "lengths",
    [(202.0, 189.0, 103.0), (100.0, 100.0, 0.0), (60.0, 40.0, 100.0), (0.0, 50.0, 50.0), (0.0, 0.0, 0.0)],
)
def test_sides_are_as_long_as_the_distances(lengths):
    ax = maps.triangle(make_triangle(*lengths))
    assert lengths_drawn(ax) == pytest.approx(lengths, abs=1e-6)
    assert ax.get_aspect() == 1.0
    ax.figure.canvas.draw()


def test_lengths_are_written_with_their_unit():
    assert {"202 km", "189 km", "103 km", "Sites", "Hubs"} <= set(
        words(maps.triangle(make_triangle(202, 189, 103)))
    )
    assert "3.43 ms" in words(maps.triangle(make_triangle(3.43, 2.74, 2.48, unit="ms")))


def test_no_words_touch_each_other():
    ax = maps.triangle(make_triangle(202, 189, 103))
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    boxes = [Text.get_window_extent(text, renderer) for text in ax.texts]
    assert not any(one.overlaps(two) for at, one in enumerate(boxes) for two in boxes[at + 1 :])


def test_several_triangles_are_told_apart_without_colour():
    given = {"2026": make_triangle(202, 189, 103, year=2026), "2034": make_triangle(120, 110, 107)}
    ax = maps.triangle(given)
    dashes = {
        line.get_label().split()[-1]: line.get_linestyle() for line in ax.lines if "-" in line.get_label()
    }
    assert dashes["2026"] != dashes["2034"]
    assert any(text.startswith("2026: 202 / 189 / 103 km; 1,200 / 9,000 MW") for text in words(ax))
    assert len(maps.triangle(list(given.values())).lines) == len(ax.lines)


def test_what_cannot_be_laid_over_each_other_is_refused():
    with pytest.raises(LayerError, match="some are in km and some in ms"):
        maps.triangle([make_triangle(3, 4, 5), make_triangle(3, 4, 5, unit="ms")])
    with pytest.raises(LayerError, match="there is none"):
        maps.triangle([])


def test_lines_between_the_same_places_are_one_as_wide_as_all():
    ax = maps.desire_lines(make_triangle(3, 4, 5), make_areas())
    widths = moves(ax).get_linewidths()
    assert len(widths) == 2
    assert widths[0] > widths[1]
    assert "40 MW in place already" in words(ax)


def test_a_line_across_the_antimeridian_is_drawn_in_two_parts():
    given = make_triangle(3, 4, 5)
    parts = MultiLineString([[(179.0, 50.0), (180.0, 50.0)], [(-180.0, 50.0), (-179.0, 50.0)]])
    given.plan = given.plan.iloc[:1].set_geometry(gpd.GeoSeries([parts], crs="EPSG:4326"))
    drawn = moves(maps.desire_lines(given, make_areas())).get_segments()
    assert [abs(float(np.ptp(segment[:, 0]))) for segment in drawn] == [1.0, 1.0]


def test_a_side_without_moves_and_one_that_is_none():
    given = make_triangle(3, 4, 5)
    assert not moves(maps.desire_lines(given, make_areas(), side="sites-hubs")).get_segments()
    with pytest.raises(LayerError, match="is no side"):
        maps.desire_lines(given, make_areas(), side="up")
