"""Checks complete and type a table, and say what is wrong with it in our own words."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from broken_inputs import valid_frames
from three_mismatches.errors import CRSError, LayerError
from three_mismatches.layers import LAYERS, Grid, StudyTables
from three_mismatches.layers.checks import check, check_table, grid_from_frames


def _faults(name, frame):
    with pytest.raises(LayerError) as caught:
        check_table(name, frame)
    return caught.value.faults


def _hubs(**columns):
    size = len(next(iter(columns.values())))
    index = pd.Index([f"h{row}" for row in range(size)], name="hub")
    return gpd.GeoDataFrame(columns, index=index, geometry=[Point(139, 35)] * size, crs=4326)


def test_valid_study_passes_and_every_table_is_complete():
    tables = check(valid_frames())
    assert isinstance(tables, StudyTables)
    for name, frame in tables.frames().items():
        assert list(frame.columns[: len(LAYERS[name].columns)]) == list(LAYERS[name].columns)
        assert frame.index.name == LAYERS[name].index


def test_checking_twice_changes_nothing():
    once = check(valid_frames()).frames()
    for name, frame in check(once).frames().items():
        pd.testing.assert_frame_equal(frame, once[name])


def test_input_is_not_changed():
    frames, before = valid_frames(), valid_frames()
    check(frames)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])


def test_defaults_fill_missing_values():
    links = pd.DataFrame({"link": ["l"], "bus0": ["a"], "bus1": ["b"], "efficiency": [None]})
    link = check_table("links", links).loc["l"]
    assert (link["efficiency"], link["p_nom"], link["carrier"]) == (1.0, np.inf, "tie")


def test_further_columns_are_kept_in_plain_types():
    hubs = check_table("hubs", _hubs(mine=pd.Categorical(["x", "y"]), count=[1, 2], note=["", "a"]))
    assert list(hubs["mine"]) == ["x", "y"]
    assert hubs["count"].dtype == "int64"
    assert hubs["note"].isna().tolist() == [True, False]
    assert hubs.columns[-1] == "geometry"


@pytest.mark.parametrize("text", ["yes", "TRUE", "1", 1, 1.0, True])
def test_words_for_true_are_true(text):
    assert check_table("hubs", _hubs(imputed=[text, None]))["imputed"].tolist() == [True, False]


def test_whole_numbers_and_dates_become_plain_text():
    hubs = _hubs(node=[7.0, np.nan], source_date=pd.to_datetime(["2026-05-01", None]))
    checked = check_table("hubs", hubs)
    assert checked["node"].iloc[0] == "7"
    assert checked["source_date"].iloc[0] == "2026-05-01"
    assert checked["node"].isna().iloc[1]


def test_rows_without_names_are_numbered_only_where_nothing_refers_to_them():
    phases = check_table("phases", pd.DataFrame({"site": ["a", "b"], "year": [2030, 2031], "mw": [1, 2]}))
    assert list(phases.index) == ["0", "1"]
    (fault,) = _faults("interfaces", pd.DataFrame({"limit_forward": [1.0]}))
    assert "Add a column 'interface'" in fault.cure


def test_missing_id_is_told_by_its_place():
    faults = _faults("budgets", pd.DataFrame({"use": ["a", None, ""], "rtt_ms": [1, 2, 3]}))
    assert [fault.rows for fault in faults] == [("1", "2")]


def test_text_that_no_file_can_hold_is_told():
    assert _faults("hubs", _hubs(name=["a\x00b", "ok"]))[0].rows == ("h0",)
    assert _faults("hubs", _hubs(name=["ok", ["a", "list"]]))[0].rows == ("h1",)


def test_plain_frame_with_lonlat_is_told_how_to_become_points():
    (fault,) = _faults("hubs", pd.DataFrame({"hub": ["h"], "lon": [139.0], "lat": [35.0]}))
    assert "gpd.points_from_xy(frame['lon'], frame['lat'])" in fault.cure


def test_table_that_may_lack_geometry_gets_an_empty_one():
    lines = check_table("lines", pd.DataFrame({"line": ["l"], "bus0": ["a"], "bus1": ["b"]}))
    assert isinstance(lines, gpd.GeoDataFrame)
    assert lines.geometry.isna().all()
    assert lines.crs == "EPSG:4326"


def test_crs84_is_the_same_as_4326():
    assert (
        check_table("hubs", _hubs(kind=["ix"]).set_crs("OGC:CRS84", allow_override=True)).crs == "EPSG:4326"
    )


def test_other_degrees_are_named_and_cured():
    with pytest.raises(CRSError, match=r"EPSG:6668 \(JGD2011\).*to_crs"):
        check_table("hubs", _hubs(kind=["ix"]).set_crs("EPSG:6668", allow_override=True))


@pytest.mark.parametrize(
    ("point", "words"),
    [((35.0, 139.0), "swapped"), ((200.0, 35.0), "beyond 180"), ((4e5, 3.9e6), "not degrees"),
     ((np.inf, 35.0), "NaN or inf")],
)  # fmt: skip
def test_coordinates_off_the_globe_are_told_apart(point, words):
    hubs = _hubs(kind=["ix", "ix"])
    hubs.loc["h1", "geometry"] = Point(point)
    (fault,) = _faults("hubs", hubs)
    assert words in fault.problem
    assert fault.rows == ("h1",)


def test_swapped_polygons_and_lines_are_told_too():
    areas = gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(35, 138, 37, 140)], crs=4326)
    routes = gpd.GeoDataFrame(
        {"fibre_route": ["r"], "node0": ["a"], "node1": ["b"]},
        geometry=[LineString([(35, 139), (36, 140)])],
        crs=4326,
    )
    assert "swapped" in _faults("areas", areas)[0].problem
    assert "swapped" in _faults("fibre_routes", routes)[0].problem


def test_site_on_an_island_far_from_its_area_is_not_called_swapped():
    frames = valid_frames()
    frames["sites"].loc["naga", "geometry"] = Point(153.98, 24.28)  # Minamitorishima
    check(frames)


def test_height_is_kept():
    hubs = _hubs(kind=["ix"])
    hubs["geometry"] = [Point(139, 35, 12)]
    assert check_table("hubs", hubs).geometry.iloc[0].z == 12


def test_unknown_table_is_told_with_the_nearest():
    with pytest.raises(LayerError, match="Did you mean 'sites'"):
        check_table("site", pd.DataFrame())


def test_reference_to_a_table_without_rows_says_so():
    frames = valid_frames()
    frames["generators"]["bus"] = ["b1", None]
    with pytest.raises(LayerError, match="Add these rows to buses"):
        check(frames)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(), min_size=1, max_size=8))
def test_number_passes_exactly_if_it_keeps_its_bounds(values):
    frame = pd.DataFrame({"rtt_ms": values}, index=pd.Index(map(str, range(len(values))), name="use"))
    bad = [row for row, value in zip(frame.index, values, strict=True) if value <= 0]
    if bad:
        assert _faults("budgets", frame)[0].rows == tuple(bad)
    else:
        np.testing.assert_array_equal(check_table("budgets", frame)["rtt_ms"], values)


def test_tables_of_a_grid_need_no_study():
    frames = {
        "buses": pd.DataFrame(index=["a", "b"]).assign(v_nom=275.0),
        "lines": pd.DataFrame(
            {"bus0": ["a"], "bus1": ["b"], "x_pu_100": [0.1], "s_nom": [50.0]}, index=["ab"]
        ),
    }
    grid = grid_from_frames(frames)
    assert isinstance(grid, Grid)
    assert grid.lines.at["ab", "in_service"]
    assert grid.areas.empty


def test_faults_of_a_grids_tables_are_told_together():
    frames = {
        "sites": pd.DataFrame(index=["s"]),
        "buses": pd.DataFrame({"v_nom": [-1.0]}, index=["a"]),
        "lines": pd.DataFrame({"bus0": ["a"], "bus1": ["z"]}, index=["az"]),
    }
    with pytest.raises(LayerError) as raised:
        grid_from_frames(frames)
    assert all(word in str(raised.value) for word in ("'z'", "v_nom", "sites"))


def test_a_load_of_unknown_size_is_told_and_not_taken_for_none():
    frames = {
        "buses": pd.DataFrame(index=["a", "b"]).assign(v_nom=275.0),
        "loads": pd.DataFrame({"bus": ["a", "b"], "p_set": [5.0, np.nan]}, index=["la", "lb"]),
    }
    with pytest.raises(LayerError, match=r"p_set.*missing.*'lb'"):
        grid_from_frames(frames)
