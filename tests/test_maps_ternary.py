"""The three-way map: its colours, its symbols, its key, and that it tells what it does not know."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from shapely.geometry import LineString, Point, box

from text_boxes import outside, overlaps
from three_mismatches import maps
from three_mismatches.errors import LayerError
from three_mismatches.maps.oklab import lightness, mixed
from three_mismatches.maps.symbols import sector
from three_mismatches.maps.ternary import CORNERS, STREAMS

SHARES = ("critical_power", "critical_generation", "critical_fibre", "critical_building")
NAN = np.nan
KINDS = {
    "power": (0.4, 0.0, 0.0, 0.6),
    "plant": (0.1, 0.5, 0.1, 0.3),
    "cable": (0.0, 0.0, 1.0, 0.0),
    "house": (0.0, 0.0, 0.0, 1.0),
    "still": (0.0, 0.0, 0.0, 0.0),
    "dark": (NAN, NAN, NAN, NAN),
}
"""Sites that wait for each of the three, that wait for nothing else than their building, not at all, and unknown."""

AREAS = gpd.GeoDataFrame(
    {"source": ["Natural Earth"]}, index=["land"], geometry=[box(2, 49, 7, 54)], crs="EPSG:4326"
)


def make_sites(kinds=KINDS, **columns: object) -> gpd.GeoDataFrame:
    shares = pd.DataFrame(list(kinds.values()), columns=list(SHARES), index=list(kinds))
    count = len(shares)
    first = {"name": [f"Site {each}" for each in kinds], "request_mw": 100.0 * np.arange(1, count + 1)}
    points = [Point(2.8 + 0.7 * (at % 5), 49.8 + 0.9 * (at // 5 % 4)) for at in range(count)]
    table = shares.assign(**first).assign(**columns)
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def drawn(ax):
    return next(each for each in ax.collections if each.get_label() == "sites")


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text()]


def key_of(ax):
    return next(each for each in ax.child_axes if each.get_label() == "key")


@pytest.fixture(scope="module")
def ax():
    return maps.ternary_map(make_sites(), AREAS)


@pytest.mark.parametrize("at", range(3))
def test_a_pure_share_has_exactly_the_colour_of_its_corner(at):
    kinds = {"one": tuple(1.0 if each == at else 0.0 for each in range(4))}
    faces = drawn(maps.ternary_map(make_sites(kinds), AREAS)).get_facecolors()
    assert to_hex(faces[1]) == CORNERS[at].lower()


def test_equal_shares_have_the_colour_of_the_middle():
    faces = drawn(maps.ternary_map(make_sites({"one": (0.2, 0.2, 0.2, 0.4)}), AREAS)).get_facecolors()
    assert faces[1][:3] == pytest.approx(mixed([[1 / 3] * 3], CORNERS)[0])


def test_a_mixture_lies_halfway_in_lightness():
    ends = lightness(mixed(np.eye(2), ["#000000", "#ffffff"]))
    assert lightness(mixed([[0.5, 0.5]], ["#000000", "#ffffff"]))[0] == pytest.approx(ends.mean(), abs=1e-6)


def test_corners_are_apart_in_grey():
    tones = np.sort(lightness(mixed(np.eye(3), CORNERS)))
    assert np.diff(tones).min() > 0.15


def test_shapes_have_one_area_and_sectors_their_share_of_the_way_round():
    areas = [abs(np.trapezoid(*sector(sides).to_polygons()[0].T)) for sides in (0, 3, 4)]
    assert areas == pytest.approx([np.pi / 4] * 3, rel=0.002)
    half = abs(np.trapezoid(*sector(0, 0.5).to_polygons()[0].T))
    assert half == pytest.approx(np.pi / 8, rel=0.002)


def test_the_sector_is_how_often_the_building_is_not_the_slowest(ax):
    # Large requests first: dark, still, house, then each waiting site as its ground and its sector.
    paths = drawn(ax).get_paths()
    assert len(paths) == 3 + 2 * 3
    area = abs(np.trapezoid(*paths[-1].to_polygons()[0].T))
    assert area == pytest.approx(0.4 * np.pi / 4, rel=0.01)


def test_the_legend_counts_sites_by_stream_and_those_apart(ax):
    found = words(ax)
    for text in (
        *(f"{stream}: 1" for stream in STREAMS),
        "building always slowest: 1",
        "nothing new asked for: 1",
        "not known: 1",
    ):
        assert text in found
    assert "Building not the\nslowest [% of draws]" in found


def test_labels_say_how_often_and_for_what(ax):
    found = " ".join(words(ax))
    assert "waits in 40%: power" in found
    assert "waits in 70%: generation most" in found


def test_the_key_has_named_corners_and_a_dot_for_each_site_that_waits(ax):
    key = key_of(ax)
    dots = next(each for each in key.collections if each.get_label() == "dots")
    assert len(dots.get_offsets()) == 3
    assert set(STREAMS) <= {text.get_text() for text in key.texts}


def test_dots_that_lie_on_each_other_are_counted():
    sites = make_sites({f"s{at}": (0.5, 0.0, 0.0, 0.5) for at in range(4)})
    assert "×4" in words(maps.ternary_map(sites, AREAS))


def test_a_site_of_unknown_size_that_waits_is_marked_and_told():
    sites = make_sites(request_mw=[NAN, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert "size not known: 1" in words(maps.ternary_map(sites, AREAS))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_words_overlap_and_none_leave_the_page(lang, ax):
    figure = ax.figure if lang == "en" else maps.ternary_map(make_sites(), AREAS, lang=lang).figure
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_any_name_is_drawn_as_text():
    names = ["<script>", "$x$", "\u202eabc", "😀" * 9, "long " * 60, "a\nb"]
    figure = maps.ternary_map(make_sites(name=names), AREAS).figure
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_shares_that_are_none_are_refused_with_their_sites():
    kinds = {"half": (0.5, 0.0, 0.0, 0.0), "minus": (1.2, -0.2, 0.0, 0.0)}
    with pytest.raises(LayerError, match=r"(?s)neither 1 nor 0.*'half'.*negative.*'minus'"):
        maps.ternary_map(make_sites(kinds), AREAS)


def test_a_missing_column_is_named():
    with pytest.raises(LayerError, match="critical_fibre"):
        maps.ternary_map(make_sites().drop(columns="critical_fibre"), AREAS)


def test_nothing_known_and_no_sites_are_drawn_all_the_same():
    nothing = make_sites({"a": KINDS["dark"]}, request_mw=[NAN])
    assert "not known: 1" in words(maps.ternary_map(nothing, AREAS))
    assert "power: 0" in words(maps.ternary_map(nothing.iloc[:0], AREAS))


@pytest.mark.slow
def test_five_thousand_sites_are_all_drawn():
    kinds = {f"s{at}": tuple(KINDS.values())[at % 3] for at in range(5000)}
    found = maps.ternary_map(make_sites(kinds), AREAS)
    assert len(drawn(found).get_paths()) == 10_000


def test_the_source_line_names_whose_lines_part_the_land():
    lines = gpd.GeoDataFrame(
        {"source": ["Ministry of Lines"]},
        index=["one"],
        geometry=[LineString([(3, 50), (6, 53)])],
        crs="EPSG:4326",
    )
    layout = maps.layout_of(AREAS, borders=lines)
    ax = maps.ternary_map(make_sites(), AREAS, layout=layout)
    assert any("Ministry of Lines" in text for text in words(ax))
