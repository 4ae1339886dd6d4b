"""Maps: what is drawn, what it says, and that nothing else changes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from types import SimpleNamespace

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from three_mismatches import maps
from three_mismatches.errors import CRSError, LayerError
from three_mismatches.geodesy import distance_km
from three_mismatches.maps import base, style
from three_mismatches.maps.labels import Label, place_labels

PLACES = {"north": (4.0, 53.0), "middle": (4.5, 51.5), "south": (4.2, 50.2)}


def make_sites(count: int = 6, **columns: object) -> gpd.GeoDataFrame:
    """Return sites on a grid: requests of 50, 100, ... MW, every second one with a gap of a third."""
    request = 50.0 * np.arange(1, count + 1)
    gap = np.where(np.arange(count) % 2, request / 3, 0.0)
    points = [Point(3.0 + 0.13 * (at % 20), 50.0 + 0.17 * (at % 23)) for at in range(count)]
    gaps = {"power_gap_mw": gap, "joint_gap_mw": gap, "rtt_gap_ms": gap / 10}
    origin = {"source": "https://www.example.org/a/b", "licence": "facts"}
    frame = {"name": [f"Site {at}" for at in range(count)], "request_mw": request, **gaps, **origin}
    index = pd.Index([f"s{at}" for at in range(count)], name="site")
    return gpd.GeoDataFrame({**frame, **columns}, index=index, geometry=points, crs="EPSG:4326")


def make_areas(**columns: object) -> gpd.GeoDataFrame:
    power = {"spare_mw": [900.0, 400.0, 0.0], "stranded_mw": [300.0, 0.0, 0.0]}
    origin = {"source": "Natural Earth 10m admin-1", "licence": "public domain"}
    frame = {"name": ["North", "Middle", "South"], **power, "hub_rtt_ms": [12.0, 3.0, 0.4], **origin}
    shapes = [box(2.5, 52.5, 6.0, 54.0), box(2.5, 51.0, 6.0, 52.5), box(2.5, 49.5, 6.0, 51.0)]
    index = pd.Index(list(PLACES), name="area")
    return gpd.GeoDataFrame({**frame, **columns}, index=index, geometry=shapes, crs="EPSG:4326")


def make_ties() -> pd.DataFrame:
    rows = {"area0": ["north", "middle"], "area1": ["middle", "south"], "binding": [False, True]}
    limits = {"limit_forward": [800.0, 1500.0], "limit_reverse": [800.0, 1200.0], "flow_mw": [100.0, -1200.0]}
    return pd.DataFrame({**rows, **limits}, index=pd.Index(["north-middle", "middle-south"], name="element"))


def make_result(sites: gpd.GeoDataFrame | None = None) -> SimpleNamespace:
    nodes = gpd.GeoDataFrame(
        index=pd.Index(list(PLACES), name="fibre_node"),
        geometry=[Point(p) for p in PLACES.values()],
        crs="EPSG:4326",
    )
    routes = pd.DataFrame(
        {"node0": ["north", "middle"], "node1": ["middle", "south"], "length": [170.0, 150.0]}
    )
    kinds = {"kind": ["cloud", "ix", "population"]}
    hubs = gpd.GeoDataFrame(kinds, geometry=[Point(p) for p in PLACES.values()], crs="EPSG:4326")
    return SimpleNamespace(
        sites=make_sites() if sites is None else sites, areas=make_areas(), ties=make_ties(), hubs=hubs,
        fibre=SimpleNamespace(fibre_nodes=nodes, fibre_routes=routes),
        settings=SimpleNamespace(name="Testland", year=2034, demand="high"),
    )  # fmt: skip


def words(artist: Figure | Axes) -> list[str]:
    return [text.get_text() for text in artist.findobj(Text) if text.get_text()]


def all_axes(figure: Figure) -> Iterator[Axes]:
    for ax in figure.axes:
        yield ax
        yield from ax.child_axes


def discs(ax: Axes) -> PathCollection:
    return next(found for found in ax.collections if found.get_label() == "sites")


def text_boxes(ax: Axes, coordinates: str = "") -> list[mpl.transforms.Bbox]:
    """Return the boxes of words on a map, or of those placed in the given coordinates."""
    renderer = ax.get_figure().canvas.get_renderer()
    drawn = [text for text in ax.texts if text.get_text() and coordinates in ("", text.xycoords)]
    return [Text.get_window_extent(text, renderer) for text in drawn]


def digest(figure: Figure, path) -> str:
    return hashlib.sha256(maps.save(figure, path, dpi=80).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def figure() -> Figure:
    drawn = maps.mismatch_map(make_result())
    drawn.canvas.draw()
    return drawn


def test_mismatch_map_has_three_panels_with_headings(figure):
    assert len(figure.axes) == 3
    assert {"1  Sites and power", "2  Sites and fibre", "3  Power and fibre"} <= set(words(figure))


def test_default_title_names_study_year_and_demand(figure):
    assert "Three mismatches: Testland, 2034, high demand" in words(figure)


def test_given_title_replaces_the_default():
    found = words(maps.mismatch_map(make_result(), title="Ours"))
    assert "Ours" in found
    assert not any("Testland" in text for text in found)


def test_every_legend_title_of_a_quantity_carries_its_unit(figure):
    found = " | ".join(words(figure))
    for title in (
        "Request\n[MW]",
        "sites at once [MW]",
        "its budget [ms]",
        "Spare power\n[MW]",
        "cloud hub [ms]",
    ):
        assert title in found


@pytest.mark.parametrize("name", ["sites", "areas", "borders", "fibre_nodes", "hubs"])
def test_a_table_in_metres_is_refused_by_name_and_not_drawn_as_nothing(name):
    result = make_result(make_sites())
    tables = {
        "sites": result.sites,
        "areas": result.areas,
        "borders": result.areas.boundary.to_frame("geometry"),
    }
    tables |= {"fibre_nodes": result.fibre.fibre_nodes, "hubs": result.hubs}
    tables[name] = gpd.GeoDataFrame(tables[name], geometry="geometry").to_crs(3857)
    with pytest.raises(CRSError, match=rf"^{name} has 1 problem\n  crs  .*to_crs\(\"EPSG:4326\"\)"):
        maps.fibre_map(
            tables["sites"], tables["fibre_nodes"], result.fibre.fibre_routes, areas=tables["areas"],
            hubs=tables["hubs"], layout=maps.layout_of(tables["areas"], borders=tables["borders"]),
        )  # fmt: skip


def test_legend_says_which_power_gap_is_drawn():
    alone = maps.power_map(make_sites().drop(columns="joint_gap_mw"), make_areas())
    assert "Power gap, each\nsite on its own [MW]" in words(alone)
    assert "Power gap, all\nsites at once [MW]" in words(maps.power_map(make_sites(), make_areas()))


def test_source_line_names_sources_and_licences_of_what_is_drawn(figure):
    line = next(text.get_text() for text in figure.texts if text.get_label() == "sources").replace("\n", " ")
    assert "Sites: example.org (facts)" in line
    assert "Areas: Natural Earth 10m admin-1 (public domain)" in line
    assert "Fibre: source not stated" in line


def test_source_line_can_be_given_or_left_out():
    assert "Sources. Ours." in words(maps.reach_map(make_areas(), sources=("Ours",)))
    assert not any("Sources" in text for text in words(maps.reach_map(make_areas(), sources=())))


def test_every_map_and_inset_has_a_scale_bar(figure):
    for ax in all_axes(figure):
        assert any(line.get_label() == "scale bar" for line in ax.lines)


@pytest.mark.parametrize(
    "extent", [(128.0, 30.0, 146.0, 46.0), (-1.0, -0.5, 1.0, 0.5), (10.0, -45.0, 11.0, -44.0)]
)
def test_scale_bar_is_as_long_as_it_says(extent):
    km, degrees = base.scale_length(extent)
    lat = (extent[1] + extent[3]) / 2
    assert float(distance_km(extent[0], lat, extent[0] + degrees, lat)) == pytest.approx(km, rel=1e-3)
    assert 0.04 < degrees / (extent[2] - extent[0]) <= 0.22


def test_aspect_makes_a_km_as_long_east_as_north(figure):
    for ax in figure.axes:
        lat = np.mean(ax.get_ylim())
        assert ax.get_aspect() == pytest.approx(1 / np.cos(np.radians(lat)))


def test_each_site_is_one_disc_and_parts_of_sites_are_none():
    ax = maps.gap_map(make_sites(6, part_of=["", "", "", "", "", "s4"]), make_areas())
    assert len(discs(ax).get_offsets()) == 5


def test_disc_area_is_in_proportion_to_the_request_and_large_ones_come_first():
    sizes = discs(maps.gap_map(make_sites(6), make_areas())).get_sizes()
    assert sizes == pytest.approx(style.LARGEST_DISC**2 * np.array([6, 5, 4, 3, 2, 1]) / 6)


def test_darker_discs_have_the_larger_gap():
    sites = make_sites(5, power_gap_mw=[0.0, 1.0, 15.0, 100.0, 900.0])
    faces = discs(maps.gap_map(sites, make_areas())).get_facecolors()[::-1, :3]
    lightness = faces @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) < 0).all()


def test_unknown_request_is_a_small_hollow_dot_with_an_entry_in_the_legend():
    ax = maps.gap_map(make_sites(3, request_mw=[np.nan, 10.0, 20.0]), make_areas())
    assert discs(ax).get_sizes()[-1] == pytest.approx(style.UNKNOWN_DISC**2)
    assert discs(ax).get_facecolors()[-1, 3] == 0
    assert "request not known" in words(ax)


def test_unknown_gap_is_hollow_and_no_gap_is_neutral():
    ax = maps.gap_map(make_sites(3, power_gap_mw=[np.nan, 0.0, 1e-7]), make_areas())
    faces = discs(ax).get_facecolors()
    assert faces[2, 3] == 0
    assert [colors.to_hex(face) for face in faces[:2]] == [style.PALETTE["none"].lower()] * 2
    assert {"not known", "none"} <= set(words(ax))


def test_sites_at_one_point_are_fanned_out_and_the_legend_says_so():
    sites = make_sites(4).set_geometry([Point(4.0, 52.0)] * 4, crs="EPSG:4326")
    ax = maps.gap_map(sites, make_areas())
    offsets = np.asarray(discs(ax).get_offsets())
    assert len(np.unique(offsets.round(6), axis=0)) == 4
    assert offsets[0] == pytest.approx([4.0, 52.0])
    assert "sites at one point, fanned out" in words(ax)


def test_binding_tie_is_marked_with_its_direction_and_limit():
    found = words(maps.power_map(make_sites(), make_areas(), ties=make_ties()))
    assert "South → Middle\nfull at 1,200 MW" in found
    assert {"tie between areas", "tie at its limit"} <= set(found)


def test_tie_to_an_area_without_a_shape_is_left_out():
    ties = make_ties().assign(area1="elsewhere")
    assert "tie at its limit" not in words(maps.power_map(make_sites(), make_areas(), ties=ties))


def test_full_interface_without_two_areas_is_named_in_the_legend():
    ties = make_ties().assign(area1=["middle", None])
    assert "also full: middle-south" in words(maps.power_map(make_sites(), make_areas(), ties=ties))


def test_reach_map_names_the_budget_that_strands_the_power():
    areas = make_areas(stranded_ai_training_mw=[900.0, 0.0, 0.0])
    assert "within the ai training budget" in words(maps.reach_map(areas, column="stranded_ai_training_mw"))
    assert "within the cloud budget" in words(maps.reach_map(make_areas(stranded_cloud_mw=0.0)))


def test_route_is_drawn_as_its_line_or_else_as_its_chord():
    result = make_result()
    bend = LineString([(4.0, 53.0), (5.5, 52.0), (4.5, 51.5)])
    routes = gpd.GeoDataFrame(result.fibre.fibre_routes, geometry=[bend, None], crs="EPSG:4326")
    ax = maps.fibre_map(result.sites, result.fibre.fibre_nodes, routes, areas=result.areas)
    lines = [
        len(path.vertices)
        for found in ax.collections
        if found.get_zorder() == 2.2
        for path in found.get_paths()
    ]
    assert lines == [3, 2]


def test_hubs_are_marked_by_kind_but_people_are_not():
    result = make_result()
    ax = maps.fibre_map(
        result.sites,
        result.fibre.fibre_nodes,
        result.fibre.fibre_routes,
        areas=result.areas,
        hubs=result.hubs,
    )
    assert {"cloud region", "exchange point"} <= set(words(ax))
    assert not any("population" in text or "people" in text for text in words(ax))


def test_reach_map_tells_spare_stranded_and_none():
    found = words(maps.reach_map(make_areas()))
    assert {
        "North\n900 MW\n12 ms",
        "within the latency budget",
        "stranded: beyond it",
        "none to spare",
    } <= set(found)


def test_reach_map_fills_the_farther_area_darker():
    ax = maps.reach_map(make_areas())
    land = next(found for found in ax.collections if found.get_label() == "land")
    lightness = land.get_facecolors()[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert lightness[0] < lightness[1] < lightness[2]


def test_reach_map_without_any_figures_still_draws():
    ax = maps.reach_map(make_areas(spare_mw=np.nan, stranded_mw=np.nan, hub_rtt_ms=np.nan))
    assert "not known" in words(ax)


def test_ramps_are_ordered_by_lightness_alone():
    for ramp in style.RAMPS.values():
        lightness = np.array([colors.to_rgb(colour) for colour in ramp]) @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(lightness) < -0.03).all()


@pytest.mark.parametrize("count", [1, 6, 60])
def test_labels_touch_neither_each_other_nor_the_frame(count):
    figure = maps.mismatch_map(make_result(make_sites(count)))
    figure.canvas.draw()
    for ax in all_axes(figure):
        assert all(ax.bbox.fully_containsx(x) for found in text_boxes(ax, "data") for x in found.intervalx)
        assert not any(one.overlaps(other) for one, other in combinations(text_boxes(ax), 2))


def test_label_without_room_is_left_out():
    ax = maps.reach_map(make_areas())
    huge = Label("\n".join(["word " * 40] * 60), 4.0, 52.0)
    assert place_labels(ax, [huge]) == []


def test_japan_layout_is_chosen_by_okinawa_and_holds_its_insets():
    areas = make_areas().rename(index={"south": "okinawa"})
    assert base.layout_of(areas) is maps.JAPAN
    ax = maps.gap_map(make_sites(), areas)
    titles = [text for inset in ax.child_axes for text in words(inset)]
    assert {"Kanto", "Kansai", "Okinawa"} <= set(titles)


def test_japan_insets_are_true_to_scale_and_apart():
    insets = maps.JAPAN.insets
    boxes = [box(i.left, i.bottom, i.left + i.width, i.bottom + maps.JAPAN.height_of(i)) for i in insets]
    assert not any(one.intersects(other) for one, other in combinations(boxes, 2))
    assert all(box(0, 0, 1, 1).contains(frame) for frame in boxes)
    ax = maps.gap_map(make_sites(), make_areas().rename(index={"south": "okinawa"}))
    for inset, spec in zip(ax.child_axes, insets, strict=True):
        frame = inset.get_window_extent()
        west, south, east, north = spec.extent
        true = (north - south) / ((east - west) * np.cos(np.radians((south + north) / 2)))
        assert frame.height / frame.width == pytest.approx(true, rel=0.01)


def test_site_in_a_zoom_is_drawn_on_the_map_and_in_the_zoom():
    inzai = make_sites(1).set_geometry([Point(140.15, 35.83)], crs="EPSG:4326")
    ax = maps.gap_map(inzai, make_areas().rename(index={"south": "okinawa"}))
    assert len(discs(ax).get_offsets()) == 1
    assert [len(discs(inset).get_offsets()) for inset in ax.child_axes] == [1, 0, 0]


def test_area_in_an_inset_of_its_own_name_is_labelled_by_its_figures():
    island = make_areas(name=["North", "Middle", "Okinawa"]).rename(index={"south": "okinawa"})
    island.loc["okinawa", "geometry"] = box(127.6, 26.1, 128.3, 26.9)
    ax = maps.reach_map(island)
    assert [words(inset)[0] for inset in ax.child_axes] == ["100 km"]
    assert "0 MW\n0.4 ms" in words(ax.child_axes[0])


def test_layout_of_other_land_holds_all_of_it():
    layout = base.layout_of(make_areas())
    assert layout.insets == ()
    assert layout.extent[0] < 2.5 < 6.0 < layout.extent[2]
    assert layout.extent[1] < 49.5 < 54.0 < layout.extent[3]


def test_hole_in_an_area_stays_open():
    ring = Polygon(box(3, 50, 6, 53).exterior.coords, holes=[box(4, 51, 5, 52).exterior.coords])
    path = base.polygon_path(ring)
    turns = [Polygon(part).exterior.is_ccw for part in path.to_polygons()]
    assert sorted(turns) == [False, True]


def test_area_centre_lies_in_its_largest_part():
    far, near = box(20, 50, 21, 51), box(0, 50, 5, 55)
    areas = gpd.GeoDataFrame(index=["a", "b"], geometry=[MultiPolygon([far, near]), None], crs="EPSG:4326")
    found = base.centres(areas)
    assert near.contains(Point(found.loc["a", "lon"], found.loc["a", "lat"]))
    assert found.loc["b"].isna().all()


@pytest.mark.parametrize(
    "name",
    [
        "costs $5 and $6_2^x$",
        "<script>alert(1)</script>",
        "🏢🔥 tower",
        "x" * 400,
        "a\nb\tc\x00d",
        "مركز",
        "データセンター",
        "",
    ],
)
def test_any_name_is_drawn_as_text(name, tmp_path):
    ax = maps.gap_map(make_sites(2, name=[name, None]), make_areas(), sources=())
    svg = maps.save(ax.figure, tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "<script" not in svg
    assert max(len(line) for text in words(ax) for line in text.split("\n")) <= 30


def test_title_of_any_length_stays_on_the_page():
    figure = maps.mismatch_map(make_result(), title="<b>$x_1$</b> 🏢 " + "long " * 200)
    title = figure.texts[0].get_window_extent(figure.canvas.get_renderer())
    assert title.x1 < figure.bbox.x1


def test_japanese_name_is_drawn_on_an_english_map():
    found = words(maps.gap_map(make_sites(1, name=["石狩再エネデータセンター"]), make_areas()))
    assert any(text.replace("\n", "").startswith("石狩再エネデータセンター") for text in found)


def test_name_without_any_glyph_falls_back_to_the_id():
    found = words(maps.gap_map(make_sites(1, name=["🗾🏭"]), make_areas()))
    assert any(text.startswith("s0\n") for text in found)


def test_result_without_gaps_draws_and_says_none():
    quiet = make_sites(4, power_gap_mw=0.0, joint_gap_mw=0.0, rtt_gap_ms=0.0)
    figure = maps.mismatch_map(make_result(quiet))
    assert words(figure.axes[0]).count("none") == 1


def test_all_requests_unknown_still_draws():
    unknown = make_sites(4, request_mw=np.nan, power_gap_mw=np.nan, joint_gap_mw=np.nan, rtt_gap_ms=np.nan)
    found = words(maps.mismatch_map(make_result(unknown)).axes[0])
    assert "request not known" in found
    assert "Request\n[MW]" not in found


def test_no_sites_at_all_still_draws():
    assert len(maps.mismatch_map(make_result(make_sites(3).iloc[:0])).axes) == 3


@pytest.mark.slow
def test_five_thousand_sites_are_all_drawn():
    assert len(discs(maps.gap_map(make_sites(5000), make_areas())).get_offsets()) == 5000


@pytest.mark.slow
def test_result_of_five_thousand_sites_is_saved(tmp_path):
    figure = maps.mismatch_map(make_result(make_sites(5000)))
    assert maps.save(figure, tmp_path / "map.png", dpi=50).stat().st_size > 0


@pytest.mark.parametrize("suffix", ["png", "svg", pytest.param("pdf", marks=pytest.mark.slow)])
def test_same_result_gives_the_same_bytes(suffix, figure, tmp_path):
    saved = digest(figure, tmp_path / f"map.{suffix}")
    assert digest(figure, tmp_path / f"again.{suffix}") == saved
    assert digest(maps.mismatch_map(make_result()), tmp_path / f"anew.{suffix}") == saved


def test_saved_map_holds_no_date_and_no_version(tmp_path):
    svg = maps.save(maps.reach_map(make_areas()).figure, tmp_path / "map.svg").read_bytes()
    png = maps.save(maps.reach_map(make_areas()).figure, tmp_path / "map.png").read_bytes()
    assert b"<dc:date>" not in svg
    assert b"Software" not in png


def test_saving_under_another_suffix_names_those_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"map\.jpg.*\.png, \.svg, \.pdf"):
        maps.save(maps.reach_map(make_areas()).figure, tmp_path / "map.jpg")


def test_callers_settings_change_neither_the_map_nor_after_it(figure, tmp_path):
    plain = digest(figure, tmp_path / "a.svg")
    with mpl.rc_context(
        {"font.size": 30, "font.family": ["serif"], "axes.facecolor": "pink", "lines.linewidth": 9}
    ):
        before = dict(mpl.rcParams)
        assert digest(maps.mismatch_map(make_result()), tmp_path / "b.svg") == plain
        assert dict(mpl.rcParams) == before


def test_drawing_neither_loads_pyplot_nor_opens_a_figure():
    code = """
import sys, geopandas, shapely
from three_mismatches import maps
columns = {"spare_mw": [1.0], "stranded_mw": [0.0], "hub_rtt_ms": [2.0]}
maps.reach_map(geopandas.GeoDataFrame(columns, geometry=[shapely.box(0, 0, 1, 1)], crs="EPSG:4326"))
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    maps.mismatch_map(make_result())
    assert plt.get_fignums() == before


def test_panel_draws_on_the_axes_that_it_is_given_and_returns_them():
    given_axes = Figure().add_subplot()
    assert maps.power_map(make_sites(), make_areas(), ties=make_ties(), ax=given_axes) is given_axes


def test_tables_are_not_changed():
    result, untouched = make_result(), make_result()
    maps.mismatch_map(result)
    pd.testing.assert_frame_equal(result.sites, untouched.sites)
    pd.testing.assert_frame_equal(result.areas, untouched.areas)
    pd.testing.assert_frame_equal(result.ties, untouched.ties)


def test_missing_column_is_named_with_those_there_are():
    with pytest.raises(LayerError, match=r"regret_mw +is missing\. The table has name, request_mw"):
        maps.gap_map(make_sites(), make_areas(), column="regret_mw")


def test_figsize_is_taken_and_the_panels_stay_inside():
    figure = maps.mismatch_map(make_result(), figsize=(10, 6))
    assert tuple(figure.get_size_inches()) == (10, 6)
    assert all(figure.bbox.contains(*corner) for ax in figure.axes for corner in ax.bbox.corners())


def test_legends_lie_on_the_page_and_above_the_source_line(figure):
    renderer = figure.canvas.get_renderer()
    line = next(text for text in figure.texts if text.get_label() == "sources").get_window_extent(renderer)
    for ax in figure.axes:
        legend = ax.artists[-1].get_window_extent(renderer)
        assert line.y1 < legend.y0
        assert legend.x1 < figure.bbox.x1


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=8))
def test_breaks_leave_no_class_empty(values):
    edges = style.breaks(values)
    assert set(np.searchsorted(edges, values, side="left")) == set(range(len(edges) + 1))


@given(st.lists(st.floats(1e-6, 1e6), max_size=30))
def test_breaks_are_round_ascending_and_part_the_values(values):
    edges = style.breaks(values)
    assert len(edges) <= 4
    assert list(edges) == sorted(set(edges))
    assert all(float(f"{edge:.1g}") == edge and edge < max(values) for edge in edges)


def test_single_class_says_a_bound_that_holds():
    sites = make_sites(2, regret_mw=[10.34, 10.34])
    assert "up to 11" in words(maps.gap_map(sites, make_areas(), column="regret_mw"))


def test_a_notebook_shows_the_figure_without_pyplot():
    assert maps.mismatch_map(make_result())._repr_png_().startswith(b"\x89PNG")


def test_gaps_have_the_same_classes_on_every_map():
    small, large = (
        words(maps.gap_map(make_sites(2, power_gap_mw=[gap, gap]), make_areas())) for gap in (3.0, 3000.0)
    )
    assert all("50 to 200" in found and "over 500" in found for found in (small, large))


def test_near_values_are_not_drawn_as_the_ends_of_the_ramp():
    sites = make_sites(3, regret_mw=[3.5, 8.9, 10.3])
    drawn = maps.gap_map(sites, make_areas(), column="regret_mw")
    faces = {colors.to_hex(face).upper() for face in discs(drawn).get_facecolors()}
    assert faces == {style.RAMPS["gap"][1], style.RAMPS["gap"][3]}


@given(st.floats(1e-3, 1e5))
def test_disc_legend_is_round_and_no_larger_than_the_largest(largest):
    shown = style.disc_legend(largest)
    assert 2 <= len(shown) <= 3
    assert largest / 2.5 <= shown[0] <= largest
    assert list(shown) == sorted(shown, reverse=True)


@given(st.text(max_size=60))
def test_readable_text_has_a_glyph_for_each_character(text):
    shown = style.readable(text)
    assert all(ord(char) in style._glyphs() for char in shown)
    assert len(style.shorten(shown)) <= style.SHORT_NAME


@pytest.mark.parametrize(
    ("source", "short"),
    [
        ("https://www.a.jp/x?p=1 | http://b.org/y", "a.jp, b.org"),
        ("Natural Earth 10m admin-1 (v5), read 2026", "Natural Earth 10m admin-1"),
        ("shape: Natural Earth; population: Population Census 2020", "Natural Earth, Population Census 2020"),
        ("http://[bad", "[bad"),
        ("plain words; more", "plain words"),
        (None, "source not stated"),
    ],
)
def test_sources_are_shortened_to_hosts_and_names(source, short):
    assert maps.source_texts({"T": pd.DataFrame({"source": [source]})}) == (f"T: {short}",)


def test_many_sources_are_counted_and_licences_kept_apart():
    sources = [f"https://s{at}.org" for at in range(9)]
    table = pd.DataFrame({"source": sources, "licence": ["facts"] * 8 + ["ODbL 1.0"]})
    assert maps.source_texts({"T": table}) == (
        "T: s0.org, s1.org, s2.org and 5 more (facts); s8.org (ODbL 1.0)",
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1200.0, "1,200"),
        (17.4, "17"),
        (3.44, "3.4"),
        (-250.0, "−250"),
        (0.041, "0.04"),
        (np.inf, "unlimited"),
        (np.nan, "unknown"),
    ],
)
def test_numbers_are_written_for_readers(value, text):
    assert style.number(value) == text
