"""Maps of a grid: what the repair did and left, and figures of its lines."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.text import Text
from shapely.geometry import LineString, Point, box

from three_mismatches import maps, repair
from three_mismatches.errors import LayerError
from three_mismatches.layers import Grid, StudyTables
from three_mismatches.maps import style

OSM = {"source": "openstreetmap.org, extract of 2026-09-01", "licence": "ODbL 1.0"}
PLACES = {
    "a5": (1.0, 1.0, 500.0, "left"), "b5": (3.0, 1.0, 500.0, "left"), "a2": (1.0, 1.0, 275.0, "left"),
    "c2": (1.0, 3.0, 275.0, "left"), "d1": (2.0, 4.0, 154.0, "left"), "e1": (3.0, 4.0, 154.0, "left"),
    "f5": (5.0, 1.0, 500.0, "right"), "g5": (7.0, 2.0, 500.0, "right"),
}  # fmt: skip
CORRIDORS = {
    "a-b": ("a5", "b5", 500.0, "line", 2), "c-a": ("a2", "c2", 275.0, "line", 1),
    "a/a": ("a5", "a2", 500.0, "transformer", 1), "d-e": ("d1", "e1", 154.0, "cable", 2),
    "f-g": ("f5", "g5", 500.0, "line", 1),
}  # fmt: skip
SHARE = "share of km in the largest component "
CERTIFICATE = [
    ("join", "a line's end and a substation", "", 0.1, np.nan, False, (1.0, 1.0)),
    ("join", "two lines' ends", "", 0.2, np.nan, False, (1.0, 2.0)),
    ("join", "two lines' ends, to connect an island", "", 0.9, np.nan, True, (1.0, 3.0)),
    ("refuse", "a join within the tolerance would have crossed zones", "500 kV", 0.1, np.nan, True, (4.0, 1.0)),
    ("keep", "apart from the largest component of its zone: kept", "d-e", 100.0, 1.0, True, (2.5, 4.0)),
    ("keep", "stands in another zone than what it touches", "f-g", 1.0, np.nan, True, (5.0, 1.0)),
    ("set aside", "line of direct current with 1 ends at AC substations", "x", 1.0, np.nan, True, (6.0, 3.0)),
    ("keep", "taken as direct current by its name", "7", np.nan, np.nan, True, None),
    ("measure", SHARE + "as drawn", "left", np.nan, 0.123, False, None),
    ("measure", SHARE + "repaired", "left", np.nan, 0.988, False, None),
    ("measure", "branches across zones", "all zones", np.nan, 0.0, False, None),
]  # fmt: skip


def make_areas(**columns: object) -> gpd.GeoDataFrame:
    frame = {
        "zone": ["left", "right"],
        "frequency": [50.0, 60.0],
        "source": "Natural Earth",
        "licence": "public domain",
    }
    index = pd.Index(["west_land", "east_land"], name="area")
    return gpd.GeoDataFrame(
        {**frame, **columns}, index=index, geometry=[box(0, 0, 4, 5), box(4, 0, 8, 5)], crs="EPSG:4326"
    )


def make_lines(**columns: object) -> gpd.GeoDataFrame:
    rows = [
        {"line": f"{name} #{at + 1}", "bus0": one, "bus1": other, "kind": kind, "v_nom": kv, "corridor": name}
        for name, (one, other, kv, kind, circuits) in CORRIDORS.items()
        for at in range(circuits)
    ]
    frame = pd.DataFrame(rows).set_index("line").assign(**{**OSM, **columns})
    ends = zip(frame["bus0"], frame["bus1"], strict=True)
    shapes = [LineString([PLACES[one][:2], PLACES[other][:2]]) for one, other in ends]
    frame["length"] = [100.0 * shape.length for shape in shapes]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


def make_grid(**tables: pd.DataFrame) -> Grid:
    points = [Point(place[:2]) for place in PLACES.values()]
    buses = gpd.GeoDataFrame(
        {
            "v_nom": [place[2] for place in PLACES.values()],
            "zone": [place[3] for place in PLACES.values()],
            "substation": [name[0] for name in PLACES],
        },
        index=pd.Index(list(PLACES), name="bus"), geometry=points, crs="EPSG:4326",
    )  # fmt: skip
    links = pd.DataFrame(
        {"bus0": ["b5", "b5"], "bus1": ["f5", "f5"], "carrier": ["HVDC", "FC"], "p_nom": [600.0, 300.0]},
        index=pd.Index(["dc", "fc"], name="link"),
    )
    columns = ["action", "reason", "element", "km", "value", "suspicious"]
    certificate = gpd.GeoDataFrame(
        [row[:-1] for row in CERTIFICATE], columns=columns, crs="EPSG:4326",
        geometry=[None if row[-1] is None else Point(row[-1]) for row in CERTIFICATE],
    ).rename_axis("row")  # fmt: skip
    certificate.index = certificate.index.map("{:06d}".format)
    frames = {
        "areas": make_areas(),
        "buses": buses,
        "lines": make_lines(),
        "links": links,
        "certificate": certificate,
    }
    return StudyTables.from_frames({**frames, **tables}).grid


def empty_like(grid: Grid, *names: str) -> Grid:
    return replace(grid, **{name: getattr(grid, name).iloc[:0] for name in names})


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.figure.findobj(Text) if text.get_text().strip()]


def named(ax: Axes, label: str, kind: type = LineCollection):
    found = [artist for artist in ax.collections if artist.get_label() == label and isinstance(artist, kind)]
    return found[0] if found else None


def count(ax: Axes, label: str) -> int:
    found = named(ax, label, PathCollection)
    return 0 if found is None else len(found.get_offsets())


def footer(ax: Axes) -> str:
    return " ".join(next((text for text in words(ax) if text.startswith("Sources.")), "").split())


def lightness(colour: str) -> float:
    return float(np.array(colors.to_rgb(colour)) @ [0.2126, 0.7152, 0.0722])


@pytest.fixture(scope="module")
def grid() -> Grid:
    return make_grid()


@pytest.fixture(scope="module")
def whole(grid) -> Axes:
    ax = maps.repair_map(grid)
    ax.figure.canvas.draw()
    return ax


@pytest.fixture(scope="module")
def part(grid) -> Axes:
    ax = maps.repair_map(grid, extent=(0.5, 0.5, 4.5, 4.5))
    ax.figure.canvas.draw()
    return ax


def test_each_corridor_is_drawn_once_and_transformers_are_not(whole):
    assert len(named(whole, "lines").get_segments()) == 4


def test_higher_voltages_are_darker_wider_and_on_top(whole):
    drawn = named(whole, "lines")
    widths = drawn.get_linewidths()
    assert list(widths) == sorted(widths)
    left = [lightness(colour) for colour in drawn.get_colors()[:3]]
    assert left == sorted(left, reverse=True)
    assert len(set(left)) == 3


def test_lines_of_two_zones_differ_in_hue_and_not_in_lightness(whole):
    first, second = map(tuple, named(whole, "lines").get_colors()[-2:])
    assert first != second
    assert lightness(first) == pytest.approx(lightness(second), abs=0.06)


def test_a_piece_apart_is_drawn_once_more_dashed_in_the_warning_colour(whole):
    drawn = named(whole, "apart")
    assert [segment.tolist() for segment in drawn.get_segments()] == [[[2.0, 4.0], [3.0, 4.0]]]
    assert colors.to_hex(drawn.get_colors()[0]) == style.PALETTE["gap"].lower()
    assert drawn.get_linestyles()[0][1] is not None
    assert "apart from the rest" in words(whole)


def test_the_largest_piece_of_each_zone_is_not_apart(grid):
    joined = make_lines()
    joined = joined[joined["corridor"] != "d-e"]
    ax = maps.repair_map(replace(grid, lines=joined))
    assert named(ax, "apart") is None
    assert "apart from the rest" not in words(ax)


def test_legend_counts_suspicious_places_by_kind(whole):
    for text in (
        "join refused across zones: 1",
        "island joined over a gap: 1",
        "branch that stays apart: 1",
        "zone by contact, not place: 1",
        "anything else: 1",
        "without a place: 1",
    ):
        assert text in words(whole)
    assert count(whole, "join refused across zones") == 1


def test_kinds_of_places_are_open_and_differ_in_shape():
    assert len({kind.marker for kind in maps.repair.KINDS}) == len(maps.repair.KINDS)
    ax = maps.repair_map(make_grid())
    assert not len(named(ax, "join refused across zones", PathCollection).get_facecolors())


def test_legend_says_levels_measures_and_zones(whole):
    found = words(whole)
    for text in ("500", "275", "154", "HVDC, converters", "frequency converter"):
        assert text in found
    for text in ("left: 12.3 → 98.8", "right", "joins made: 3", "branches across zones: 0"):
        assert text in found
    for title in (
        "Lines\n[kV]",
        "Worth a look\n[places]",
        "Zone: km in its largest piece,\ndrawn → repaired [%]",
    ):
        assert title in found
    assert {"left 50 Hz", "right 60 Hz"} <= set(found)


def test_a_whole_map_shows_no_joins_and_no_substations(whole):
    assert count(whole, "joins") == count(whole, "substations") == 0


def test_a_part_shows_joins_and_substations_in_view(part):
    assert count(part, "joins") == 3
    assert count(part, "substations") == 5
    assert {"join: 3", "substation: 5", "Worth a look\n[places in view]"} <= set(words(part))
    assert "zone by contact, not place: 1" not in words(part)


def test_a_part_has_the_extent_asked_for(part):
    assert (*part.get_xlim(), *part.get_ylim()) == (0.5, 4.5, 0.5, 4.5)


def test_show_chooses(grid):
    ax = maps.repair_map(grid, show=("joins",))
    assert count(ax, "joins") == 3
    assert named(ax, "apart") is None
    assert count(ax, "join refused across zones") == 0
    assert maps.repair_map(grid, show="substations") is not None


def test_show_refuses_what_it_does_not_know(grid):
    with pytest.raises(ValueError, match="rings is not known; there are suspicious"):
        maps.repair_map(grid, show=("rings",))


@pytest.mark.parametrize("extent", [(3.0, 0.0, 1.0, 4.0), (0.0, 4.0, 3.0, 4.0), (0.0, 0.0, np.nan, 4.0)])
def test_an_extent_without_size_is_refused(grid, extent):
    for draw in (maps.repair_map, maps.network_map):
        with pytest.raises(ValueError, match="has no size"):
            draw(grid, extent=extent)


def test_links_are_double_lines_and_converters_marked(whole):
    assert named(whole, "HVDC").get_linewidths()[0] > named(whole, "HVDC core").get_linewidths()[0]
    assert count(whole, "converters") == 2
    assert named(whole, "frequency converters", PathCollection).get_offsets().tolist() == [[4.0, 1.0]]


def test_source_line_names_openstreetmap_and_its_licence(grid, whole):
    assert "© OpenStreetMap contributors, ODbL" in footer(whole)
    assert "Lines: openstreetmap.org" in footer(whole)
    assert "Areas: Natural Earth (public domain)" in footer(whole)
    assert "© OpenStreetMap contributors, ODbL" in footer(maps.network_map(grid))


def test_notice_follows_from_any_table_with_such_rows(grid):
    own = make_lines(source="utility map", licence="CC BY 4.0")
    assert "OpenStreetMap" not in footer(maps.repair_map(replace(grid, lines=own)))
    marked = replace(grid, lines=own, buses=grid.buses.assign(licence="ODbL"))
    assert "© OpenStreetMap contributors, ODbL" in footer(maps.repair_map(marked))


def test_given_sources_replace_those_of_the_tables(grid):
    assert footer(maps.repair_map(grid, sources=("Ours",))) == "Sources. Ours."
    assert footer(maps.repair_map(grid, sources=())) == ""


@pytest.mark.parametrize("which", ["whole", "part"])
def test_no_words_overlap_and_all_are_on_the_figure(which, request):
    ax = request.getfixturevalue(which)
    renderer = ax.figure.canvas.get_renderer()
    shown = [text for text in ax.figure.findobj(Text) if text.get_text().strip()]
    boxes = [Text.get_window_extent(text, renderer) for text in shown]
    for (one, first), (other, second) in combinations(list(zip(shown, boxes, strict=True)), 2):
        assert not first.overlaps(second), (one.get_text(), other.get_text())
    for text, extent in zip(shown, boxes, strict=True):
        assert min(extent.x0, extent.y0) >= 0, text.get_text()
        assert extent.x1 <= ax.figure.bbox.x1, text.get_text()
        assert extent.y1 <= ax.figure.bbox.y1, text.get_text()


def test_inputs_and_settings_are_left_as_they_are(grid):
    before = {
        name: getattr(grid, name).copy() for name in ("areas", "buses", "lines", "links", "certificate")
    }
    settings = dict(mpl.rcParams)
    maps.repair_map(grid, extent=(0.5, 0.5, 4.5, 4.5))
    maps.network_map(grid, value=pd.Series(0.5, index=grid.lines.index))
    assert dict(mpl.rcParams) == settings
    for name, table in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(getattr(grid, name)))


def test_draws_into_given_axes_without_changing_the_figure(grid):
    figure = maps.base.new_figure(6.0, 8.0)
    ax = figure.add_axes((0.05, 0.3, 0.9, 0.6))
    assert maps.repair_map(grid, ax=ax) is ax
    assert figure.get_size_inches().tolist() == [6.0, 8.0]


def test_pyplot_is_not_loaded():
    code = "import sys; from three_mismatches import maps; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("missing", ["certificate", "links", "lines", "areas"])
def test_a_grid_without_rows_of_a_table_is_drawn(grid, missing):
    for draw in (maps.repair_map, maps.network_map):
        ax = draw(empty_like(grid, missing))
        ax.figure.canvas.draw()
    assert len(named(ax, "lines").get_segments()) == (0 if missing == "lines" else 4)


def test_buses_without_a_line_are_marked(grid, whole):
    assert count(whole, "buses alone") == 0
    alone = replace(grid, lines=grid.lines[grid.lines["corridor"] != "d-e"])
    ax = maps.repair_map(alone)
    assert count(ax, "buses alone") == 2
    assert "bus without a line: 2" in words(ax)


def test_one_bus_is_drawn_and_so_is_nothing(grid):
    bare = empty_like(grid, "lines", "links", "certificate", "areas")
    for last in (1, 0):
        for draw in (maps.repair_map, maps.network_map):
            draw(replace(bare, buses=bare.buses.iloc[:last])).figure.canvas.draw()


def test_tables_without_zones_are_one_zone(grid):
    plain = replace(
        grid, areas=grid.areas.drop(columns="zone"), buses=grid.buses.drop(columns=["zone", "substation"])
    )
    ax = maps.repair_map(plain, extent=(0.5, 0.5, 7.5, 4.5))
    # One zone: the two shorter pieces are apart, lines have one hue, and the legend has it too.
    assert len(named(ax, "apart").get_segments()) == 2
    assert count(ax, "substations") == 0


def test_lines_without_a_shape_are_chords_and_lost_ends_are_left_out(grid):
    lines = make_lines()
    lines = lines.set_geometry(gpd.GeoSeries([None] * len(lines), index=lines.index, crs="EPSG:4326"))
    lines.loc["f-g #1", "bus1"] = "nowhere"
    drawn = named(maps.repair_map(replace(grid, lines=lines)), "lines")
    assert len(drawn.get_segments()) == 3
    assert drawn.get_segments()[-1].tolist() == [[1.0, 1.0], [3.0, 1.0]]


def test_lines_without_corridor_voltage_or_length_are_drawn(grid):
    lines = make_lines().drop(columns="length").assign(corridor=None, v_nom=np.nan)
    ax = maps.repair_map(replace(grid, lines=lines))
    assert len(named(ax, "lines").get_segments()) == 6
    assert "not known" in words(ax)


def test_links_may_join_areas_and_unknown_ends_are_left_out(grid):
    links = pd.DataFrame({"bus0": ["west_land", "lost"], "bus1": ["east_land", "b5"]}, index=["tie", "gone"])
    ax = maps.repair_map(replace(grid, links=links))
    assert len(named(ax, "ties").get_segments()) == 1
    assert "tie" in words(ax)


def test_text_of_users_is_drawn_as_text(grid):
    strange = "<b>$x^2$ 🗾🏭\n| zone " + "long " * 20
    zones = {"left": strange, "right": "right"}
    odd = replace(
        grid,
        areas=make_areas(zone=[strange, "right"]),
        buses=grid.buses.assign(zone=grid.buses["zone"].map(zones)),
    )
    ax = maps.repair_map(odd)
    ax.figure.canvas.draw()
    assert any(text.startswith("<b>$x^2$ ▯") and len(text) < 60 for text in words(ax))


def test_many_zones_are_not_all_listed(grid):
    count = 9
    areas = gpd.GeoDataFrame(
        {"zone": [f"zone {at}" for at in range(count)]}, index=[f"area {at}" for at in range(count)],
        geometry=[box(at, 0, at + 1, 5) for at in range(count)], crs="EPSG:4326",
    )  # fmt: skip
    ax = maps.repair_map(replace(grid, areas=areas, buses=grid.buses.assign(zone="zone 8")))
    assert "and 3 more" in words(ax)


@pytest.mark.parametrize(
    ("table", "column"), [("lines", "corridor"), ("certificate", "action"), ("links", "bus1")]
)
def test_a_missing_column_is_named(grid, table, column):
    with pytest.raises(LayerError, match=column):
        maps.repair_map(replace(grid, **{table: getattr(grid, table).drop(columns=column)}))


def test_a_repaired_map_is_drawn_from_end_to_end():
    lines = gpd.GeoDataFrame(
        {"voltage": ["275000"] * 3}, crs="EPSG:4326",
        geometry=[LineString([(1, 1), (2, 1)]), LineString([(2.001, 1), (3, 2)]), LineString([(1, 4), (2, 4)])],
    )  # fmt: skip
    stations = gpd.GeoDataFrame({"name": ["A"]}, geometry=[Point(1, 1)], crs="EPSG:4326")
    grid = repair.build_grid(lines, stations, make_areas())
    ax = maps.repair_map(grid, extent=(0.5, 0.5, 3.5, 4.5))
    assert len(named(ax, "apart").get_segments()) == int(
        grid.certificate["reason"].str.startswith("apart from the largest").sum()
    )
    assert count(ax, "joins") == int(grid.certificate["action"].eq("join").sum())
    assert any(text.startswith("left: ") and "→" in text for text in words(ax))


def test_figures_colour_and_widen_the_lines(grid):
    value = pd.Series([0.2, 0.4, 0.6, 0.95], index=["a-b #1", "a-b #2", "c-a #1", "f-g #1"])
    ax = maps.network_map(grid, value=value, label="Loading [share of rating]", edges=(0.3, 0.5, 0.9))
    drawn = named(ax, "lines")
    unknown = named(ax, "not known")
    assert [segment.tolist() for segment in unknown.get_segments()] == [[[2.0, 4.0], [3.0, 4.0]]]
    assert unknown.get_linestyles()[0][1] is not None
    # A corridor shows the largest figure of its circuits.
    assert drawn.get_segments()[0].tolist() == [[1.0, 1.0], [3.0, 1.0]]
    shades = [lightness(colour) for colour in drawn.get_colors()]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3
    assert list(drawn.get_linewidths()) == sorted(drawn.get_linewidths())
    for text in ("Loading [share of rating]\n", "up to 0.3", "0.3 to 0.5", "over 0.9", "not known"):
        assert text in words(ax)


def test_figures_may_be_by_corridor_and_choose_their_own_classes(grid):
    value = pd.Series([120.0, 3.0], index=["a-b", "f-g"], name="flow [MW]")
    ax = maps.network_map(grid, value=value)
    assert "flow [MW]\n" in words(ax)
    assert any(text.startswith("up to") for text in words(ax))


@pytest.mark.parametrize("figure", [0.0, np.nan, 0.4])
def test_figures_that_are_all_alike_are_drawn(grid, figure):
    ax = maps.network_map(grid, value=pd.Series(figure, index=grid.lines.index))
    ax.figure.canvas.draw()
    shown = [len(named(ax, label).get_segments()) for label in ("lines", "not known")]
    assert shown == ([0, 4] if np.isnan(figure) else [4, 0])


def test_figures_of_other_lines_are_refused(grid):
    with pytest.raises(LayerError, match="holds none of the lines"):
        maps.network_map(grid, value=pd.Series([1.0], index=["elsewhere"]))


def test_a_network_without_figures_is_drawn_by_voltage(grid):
    ax = maps.network_map(grid)
    assert {"500", "275", "154", "left", "right", "Lines\n[kV]"} <= set(words(ax))
    assert named(ax, "apart") is None


def test_ramps_of_zones_are_alike_in_lightness_and_ordered():
    for ramp in (*style.ZONE_RAMPS, style.VOLTAGE_RAMP):
        shades = np.array([lightness(colour) for colour in ramp])
        assert (np.diff(shades) < -0.03).all()
        assert shades == pytest.approx([lightness(colour) for colour in style.VOLTAGE_RAMP], abs=0.08)
    assert len({round(lightness(tint), 2) for tint in style.ZONE_TINTS}) == len(style.ZONE_TINTS)
