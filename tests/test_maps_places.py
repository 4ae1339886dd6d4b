"""Isochrones, years of power, and lines at their limit on maps: what is drawn and what it says."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from shapely.geometry import Point, box

from test_maps import make_areas, make_result
from test_maps_repair import count, make_grid, named, words
from text_boxes import outside, overlaps
from three_mismatches import maps
from three_mismatches.errors import LayerError
from three_mismatches.maps import base, style
from three_mismatches.maps.time_to_power import years_of

HOSTILE = "<script>$x_1$ مركز 🏢\n" + "x" * 90


def make_isochrones(*budgets: float, **columns: object) -> gpd.GeoDataFrame:
    """Return squares about the middle of the land, half a degree wider for each."""
    shapes = [Point(4.3, 51.5).buffer(0.4 + 0.5 * at) for at in range(len(budgets))]
    frame = {"rtt_ms": list(budgets), "hub_kind": "ix", "source": "model", "licence": "facts", **columns}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


def fibre_map(isochrones: gpd.GeoDataFrame | None, **options: object):
    result = make_result()
    nodes, routes = result.fibre.fibre_nodes, result.fibre.fibre_routes
    return maps.fibre_map(
        result.sites, nodes, routes, areas=result.areas, hubs=result.hubs, isochrones=isochrones, **options
    )


def test_isochrones_are_bands_on_the_land_the_longest_at_the_bottom():
    ax = fibre_map(make_isochrones(2.0, 5.0, 10.0))
    bands = named(ax, "isochrones", PathCollection)
    widths = [path.get_extents().width for path in bands.get_paths()]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 3
    shades = bands.get_facecolors()[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(shades) > 0.03).all()
    assert bands.get_clip_path() is not None
    assert bands.get_clip_box() is not None


def test_legend_of_isochrones_has_its_unit_and_what_lies_beyond():
    found = words(fibre_map(make_isochrones(2.0, 5.0)))
    assert "Round trip to nearest\nexchange point [ms]" in found
    assert {"up to 2", "up to 5", "longer"} <= set(found)


def test_without_isochrones_nothing_of_them_is_there():
    ax = fibre_map(None)
    assert named(ax, "isochrones", PathCollection) is None
    assert "longer" not in words(ax)


@pytest.mark.parametrize("budgets", [(), tuple(map(float, range(1, 10)))])
def test_any_number_of_isochrones_is_drawn(budgets):
    ax = fibre_map(make_isochrones(*budgets, hub_kind=None))
    ax.figure.canvas.draw()
    assert len(named(ax, "isochrones", PathCollection).get_paths()) == len(budgets)
    assert any("nearest\nhub" in text for text in words(ax))


def make_places(**columns: object) -> gpd.GeoDataFrame:
    """Return three areas, and a pocket in the middle one that has no year."""
    areas = make_areas()
    pocket = gpd.GeoDataFrame(
        {"name": ["Harbour"], "source": ["plan"], "licence": ["facts"]},
        index=["harbour"], geometry=[box(3.5, 51.5, 4.2, 52.0)], crs="EPSG:4326",
    )  # fmt: skip
    places = pd.concat([areas[["name", "source", "licence", "geometry"]], pocket])
    years = {
        "year_p10": [2028.0, 2029.0, 2030.0, np.nan],
        "year_p50": [2029.0, 2031.0, 2035.0, np.nan],
        "year_p90": [2030.0, 2034.0, np.nan, np.nan],
    }
    kind = ["area"] * 3 + ["pocket"]
    return gpd.GeoDataFrame(places.assign(kind=kind, mw=100.0, last_year=2045, **{**years, **columns}))


@pytest.fixture(scope="module")
def years():
    return maps.time_to_power_map(make_places())


def test_places_are_darker_the_later_their_year(years):
    shades = named(years, "land", PathCollection).get_facecolors()[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(shades) < -0.1).all()
    assert {"2029", "2031", "2035", "Year in which 100 MW more\ncan be energised (median)"} <= set(
        words(years)
    )


def test_each_place_is_labelled_with_its_years(years):
    found = words(years)
    assert "North\n2029\n[2028–2030]" in found
    assert "South\n2035\n[2030–after 2045]" in found
    assert "Harbour\nnot by 2045" in found


def test_what_is_not_in_time_is_hatched_and_pockets_lie_over_areas(years):
    never = [found for found in years.collections if found.get_hatch()]
    assert sum(len(found.get_paths()) for found in never) == 1
    assert len(named(years, "pockets", PathCollection).get_paths()) == 1
    assert {"not by 2045", "local limit that is published"} <= set(words(years))


def test_the_legend_says_that_years_are_an_indication(years):
    found = " ".join(" ".join(words(years)).split())
    assert "lead times are an indication, not an offer" in found
    assert "without the building" in found


def test_sites_are_dots_and_their_parts_are_not():
    sites = make_result().sites.assign(part_of=[None] * 5 + ["s0"])
    ax = maps.time_to_power_map(make_places(), sites=sites)
    assert count(ax, "sites") == 5
    assert "site that asks already" in words(ax)


@pytest.mark.parametrize(
    ("columns", "lang"),
    [({"year_p10": np.nan, "year_p50": np.nan, "year_p90": np.nan}, "en"), ({"name": HOSTILE}, "ja")],
)
def test_places_of_any_kind_are_drawn_without_overlaps(columns, lang):
    figure = maps.time_to_power_map(make_places(**columns), lang=lang).figure
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_a_single_place_without_kind_or_size_is_drawn():
    place = make_places().iloc[:1].drop(columns=["kind", "mw", "last_year"])
    found = words(maps.time_to_power_map(place))
    assert "Year in which a new request\ncan be energised (median)" in found
    assert "Year in which 250 MW more\ncan be energised (median)" in words(
        maps.time_to_power_map(place, mw=250)
    )


def test_a_table_without_years_is_refused():
    with pytest.raises(LayerError, match="year_p90"):
        maps.time_to_power_map(make_places().drop(columns="year_p90"))


def test_years_in_words_never_name_one_that_is_not_known():
    assert years_of(2029.0, 2031.0, 2034.0, last=2045.0) == "2031 [2029–2034]"
    assert years_of(2029.0, np.nan, np.nan, last=2045.0) == "after 2045 [2029–after 2045]"
    assert years_of(np.nan, np.nan, np.nan, last=np.nan) == "not known"


def make_ties(**columns: object) -> pd.DataFrame:
    """Return an interface that is full from east to west, and the link of which it consists."""
    frame = {
        "area0": "west_land", "area1": "east_land", "flow_mw": [-700.0, -700.0], "binding": [True, False],
        "limit_forward": [900.0, np.inf], "limit_reverse": [700.0, np.inf], "kind": ["interface", "link"],
    }  # fmt: skip
    return pd.DataFrame({**frame, **columns}, index=pd.Index(["west-east", "dc"], name="element"))


def arrows(ax) -> list:
    return [text for text in ax.texts if text.get_label() == "flow"]


def test_each_two_areas_have_one_arrow_in_the_direction_of_their_flow():
    ax = maps.network_map(make_grid(), ties=make_ties())
    (arrow,) = arrows(ax)
    assert arrow.xy[0] < arrow.xyann[0]
    assert {"full at 700 MW", "the same, at its limit"} <= set(words(ax))


def test_a_flow_below_its_limit_says_both():
    ax = maps.network_map(make_grid(), ties=make_ties(flow_mw=[300.0, 300.0], binding=False))
    (arrow,) = arrows(ax)
    assert arrow.xy[0] > arrow.xyann[0]
    assert {"300 of 900 MW", "flow between areas [MW]"} <= set(words(ax))


def test_a_tie_without_flow_has_no_arrow():
    ax = maps.network_map(make_grid(), ties=make_ties(flow_mw=0.0, binding=False))
    assert arrows(ax) == []
    assert "no flow" in words(ax)


def named_grid(**columns: object):
    grid = make_grid()
    return replace(grid, lines=grid.lines.assign(s_nom=1000.0, **columns))


def test_lines_at_their_limit_are_marked_once_for_a_corridor_and_named():
    grid = named_grid(name=["Main line"] * 2 + [None] * 5)
    binding = ["a-b #1; c-a #1; and 3 more", "a-b #2", "a/a #1", "capacity:x", np.nan]
    ax = maps.network_map(grid, binding=binding)
    assert count(ax, "at a limit") == 3
    assert len(named(ax, "binding").get_segments()) == 3
    found = set(words(ax))
    assert {"Main line\n500 kV, 1,000 MVA", "line\n275 kV, 1,000 MVA", "a\n500 kV, 1,000 MVA"} <= found
    assert {"binding line or transformer: 3", "not on this map: 1"} <= found


def test_a_loading_is_drawn_in_per_cent_of_the_rating():
    grid = make_grid()
    loading = pd.Series([0.2, 0.6, 0.9, 1.3], index=["a-b #1", "c-a #1", "d-e #1", "f-g #1"], name="loading")
    found = words(maps.network_map(grid, value=loading))
    assert {"Loading\n[% of rating]", "up to 50", "50 to 80", "80 to 100", "over 100"} <= set(found)


def test_hostile_names_of_lines_break_nothing():
    grid = named_grid(name=HOSTILE)
    figure = maps.network_map(grid, binding=list(grid.lines.index), ties=make_ties(), lang="ja").figure
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_the_fibre_map_with_isochrones_has_no_overlapping_words():
    figure = fibre_map(make_isochrones(2.0, 5.0, 10.0, 20.0), lang="ja").figure
    assert overlaps(figure) == []


def test_the_ramp_of_years_is_even_in_lightness():
    shades = [np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) for colour in style.RAMPS["power"]]
    linear = [np.where(rgb <= 10, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4) for rgb in shades]
    cie = [116 * np.cbrt(rgb @ [0.2126, 0.7152, 0.0722]) - 16 for rgb in linear]
    assert np.ptp(np.diff(cie)) < 1.0


def test_bands_are_cut_at_the_frame_itself():
    ax = fibre_map(make_isochrones(2.0, 5.0), layout=base.Layout((3.0, 50.0, 5.0, 53.0)))
    clip, transform = (
        named(ax, "isochrones", PathCollection).get_clip_path().get_transformed_path_and_affine()
    )
    corners = ax.transData.inverted().transform(transform.transform(clip.vertices))
    assert corners.min(axis=0) == pytest.approx([3.0, 50.0])
    assert corners.max(axis=0) == pytest.approx([5.0, 53.0])
