"""Every map in both languages, however crowded: no words lie on others, and none is left in the other language."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from shapely.geometry import LineString, Point, box

from test_maps import make_areas, make_result, make_sites, make_ties
from test_maps_triangle import make_triangle
from text_boxes import outside, overlaps
from three_mismatches import maps
from three_mismatches.maps import base

LONG = "東京湾岸第一データセンターキャンパス新棟"
NAMES = {"short": "Site", "long": LONG, "hostile": "<script>$x_1$ مركز 🏢 " + "x" * 90}


def at(places, **columns):
    sites = make_sites(len(places), **columns)
    return sites.set_geometry([Point(place) for place in places], crs="EPSG:4326")


def crowd(count=60):
    """Sites on a spiral within the inset of Kanto."""
    turn = np.arange(count)
    return list(zip(139.75 + 0.006 * turn * np.cos(turn), 35.8 + 0.005 * turn * np.sin(turn), strict=True))


def japan(**columns):
    areas = make_areas(name=["Tohoku", "Tokyo", "Okinawa"], name_ja=["東北", "東京", "沖縄"], **columns)
    shapes = [box(139.0, 37.0, 141.5, 41.0), box(138.8, 35.0, 140.9, 37.0), box(127.6, 26.1, 128.3, 26.9)]
    return areas.rename(index={"south": "okinawa"}).set_geometry(shapes, crs="EPSG:4326")


def result(sites):
    found = make_result(sites)
    found.areas = japan()
    found.ties = make_ties().replace("south", "okinawa")
    return found


def words(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(Text))


CROWDS = {
    "60 in an inset": (crowd(), "long"),
    "12 at a point": ([(139.7, 35.7)] * 12, "hostile"),
    "9 at a point": ([(139.7, 38.0)] * 9, "long"),
}


@pytest.mark.parametrize(
    ("where", "lang"),
    [
        ("60 in an inset", "ja"),
        ("12 at a point", "en"),
        pytest.param("60 in an inset", "en", marks=pytest.mark.slow),
        pytest.param("12 at a point", "ja", marks=pytest.mark.slow),
        pytest.param("9 at a point", "en", marks=pytest.mark.slow),
        pytest.param("9 at a point", "ja", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow
def test_words_of_the_composed_map_never_overlap(where, lang):
    places, name = CROWDS[where]
    sites = at(places, name=NAMES[name], name_ja=NAMES[name])
    figure = maps.mismatch_map(result(sites), lang=lang)
    assert overlaps(figure) == []
    assert outside(figure) == []


@pytest.mark.parametrize("lang", [pytest.param("en", marks=pytest.mark.slow), "ja"])
def test_words_of_single_maps_never_overlap(lang):
    sites, made = at(crowd(20), name=LONG), make_triangle(200.0, 5.0, 201.0)
    for ax in (
        maps.gap_map(sites, japan(), column="rtt_gap_ms", lang=lang),
        maps.triangle([made, make_triangle(190.0, 6.0, 198.0, year=2026)], lang=lang),
        maps.desire_lines(made, japan(), lang=lang),
    ):
        assert overlaps(ax.figure) == []


def test_a_map_in_japanese_has_no_english_words():
    sites = at(crowd(4), name="Site", name_ja=["石狩", "印西", "白井", "京田辺"])
    said = words(maps.mismatch_map(result(sites), sources=(), title="", lang="ja"))
    assert set(re.findall(r"[A-Za-z]{2,}", said)) <= {"MW", "ms", "km", "IX"}
    assert {"関東", "東北", "京田辺"} <= set(said.split())


def test_english_is_drawn_unless_another_language_is_asked_for():
    sites = at(crowd(2), name="Ishikari", name_ja="石狩")
    assert "Ishikari" in words(maps.gap_map(sites, japan()).figure)
    assert "石狩" in words(maps.gap_map(sites, japan(), lang="ja").figure)


def test_a_japanese_name_is_at_most_two_lines():
    ax = maps.gap_map(at([(140.0, 36.0)], name=LONG * 3), japan(), lang="ja")
    label = next(text.get_text() for text in ax.child_axes[0].texts if "MW" in text.get_text())
    assert len(label.split("\n")) == 3


def test_unknown_language_is_refused_before_anything_is_drawn():
    ax = Figure().add_subplot()
    with pytest.raises(ValueError, match="'fr' is not spoken here"):
        maps.gap_map(make_sites(), make_areas(), ax=ax, lang="fr")
    assert not ax.collections


def drawn_borders(ax):
    return [found for found in ax.collections if found.get_label() == "borders"]


def test_fine_lines_are_drawn_on_the_map_and_its_insets_and_their_source_is_named():
    lines = gpd.GeoDataFrame(
        {"source": "Natural Earth", "licence": "public domain"},
        index=["chiba-tokyo"],
        geometry=[LineString([(139.9, 35.6), (139.8, 35.9)])],
        crs="EPSG:4326",
    )
    layout = base.layout_of(japan(), borders=lines)
    ax = maps.gap_map(at(crowd(2)), japan(), layout=layout)
    assert [len(drawn_borders(frame)) for frame in (ax, *ax.child_axes)] == [1] * 4
    assert "Borders: Natural Earth (public domain)" in words(ax.figure).replace("\n", " ")
    assert drawn_borders(maps.reach_map(japan(), layout=layout))
    assert not drawn_borders(maps.gap_map(at(crowd(2)), japan()))


def test_fine_lines_are_thinner_than_the_borders_of_areas():
    assert base.BORDER_WIDTH <= base.AREA_WIDTH / 2
