"""What people do wrong is told once, with the table, the row and the cure."""

import json

import geopandas as gpd
import numpy as np
import pytest

import three_mismatches as tm
from broken_inputs import BROKEN, TOLD, dump, valid_frames
from three_mismatches.errors import CRSError, LayerError
from three_mismatches.inputs import read_study
from three_mismatches.layers.settings import Settings


@pytest.fixture
def folder(tmp_path):
    dump(valid_frames(), tmp_path / "study")
    return tmp_path / "study"


def _told(path, **options):
    with pytest.raises(LayerError) as caught:
        read_study(path, **options)
    return caught.value


LIBRARIES = ("pandera", "pyogrio", "pyarrow", "gdal", "traceback", "coerce", "dtype", "object")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if number % 2 else ()) for number, name in enumerate(BROKEN)],
)
@pytest.mark.slow
def test_broken_input_is_told_once_with_table_row_and_cure(name, tmp_path):
    BROKEN[name](tmp_path / "study")
    error = _told(tmp_path / "study")
    assert [words for words in TOLD[name] if words not in str(error)] == []
    assert all(fault.problem and fault.cure for fault in error.faults)
    assert len(error.faults) == (2 if name == "bad_settings" else 1)
    assert [word for word in LIBRARIES if word in str(error).lower()] == []


def test_faults_of_all_tables_are_raised_together(folder):
    (folder / "links.csv").write_text("link,bus0,bus1,p_nom\ntie,nort,south,-5\n", encoding="utf-8")
    (folder / "hubs.parquet").write_bytes(b"PAR1")
    (folder / "study.json").write_text('{"year": "soon"}', encoding="utf-8")
    tables = [fault.table for fault in _told(folder).faults]
    assert sorted(set(tables)) == ["hubs", "links", "study.json"]
    assert tables.count("links") == 2


def test_only_crs_faults_make_a_crs_error(tmp_path):
    for name in ("missing_crs", "metric_crs"):
        BROKEN[name](tmp_path / name)
        with pytest.raises(CRSError):
            read_study(tmp_path / name)


def test_stated_crs_is_taken_where_a_file_carries_none(tmp_path):
    BROKEN["missing_crs"](tmp_path / "study")
    tables, _ = read_study(tmp_path / "study", crs="EPSG:4326")
    assert tables.grid.areas.crs == "EPSG:4326"


def test_reproject_turns_metres_into_degrees(tmp_path):
    BROKEN["metric_crs"](tmp_path / "study")
    tables, _ = read_study(tmp_path / "study", reproject=True)
    np.testing.assert_allclose(tables.sites.geometry.x, [141.0, 139.5, 138.5], atol=1e-8)


def test_crs_that_is_none_is_told(folder):
    with pytest.raises(CRSError, match="'mars' is no coordinate system"):
        read_study(folder, crs="mars")


@pytest.mark.parametrize("path", ["nowhere", "study/links.csv", "empty"])
def test_path_without_a_study_is_told(folder, path):
    (folder.parent / "empty").mkdir()
    assert len(_told(folder.parent / path).faults) == 1


def test_text_that_calls_itself_a_geopackage_is_not_opened(tmp_path):
    path = tmp_path / "study.gpkg"
    path.write_text("<OGRVRTDataSource><OGRVRTLayer name='sites'/></OGRVRTDataSource>", encoding="utf-8")
    assert "is not a GeoPackage" in str(_told(path))


def test_truncated_geopackage_is_told(tmp_path):
    path = tmp_path / "study.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=gpd.points_from_xy([1], [2]), crs=4326).to_file(path, layer="sites")
    path.write_bytes(path.read_bytes()[:3000])
    assert "cannot be read" in str(_told(path))


def test_csv_points_come_from_lon_and_lat_and_ids_stay_text(folder):
    (folder / "sites.parquet").unlink()
    (folder / "sites.csv").write_text(
        "site,Longitude,Latitude,name,request_mw,own\n001,141.1,41.2,NA,inf\n", encoding="utf-8"
    )
    text = str(_told(folder))
    assert "'001'" in text
    assert "is inf" in text
    (folder / "sites.csv").write_text("site,lon,lat,name,own\n001,141.1,41.2,NA,7\n", encoding="utf-8")
    sites = read_study(folder)[0].sites
    assert sites.geometry["001"].coords[0] == (141.1, 41.2)
    assert list(sites.loc["001", ["name", "own"]]) == ["NA", 7]


def test_csv_geometry_as_text_needs_a_stated_crs(folder):
    (folder / "areas.parquet").unlink()
    areas = valid_frames()["areas"]
    areas.to_wkt().to_csv(folder / "areas.csv")
    assert "not set" in str(_told(folder))
    tables, _ = read_study(folder, crs=4326)
    assert tables.grid.areas.geometry.geom_equals(areas.geometry).all()


def test_unreadable_positions_are_told_by_row(folder):
    (folder / "hubs.parquet").unlink()
    (folder / "hubs.csv").write_text("hub,lon,lat\nx,139,35\ny,139E,35\nz,139,\n", encoding="utf-8")
    faults = {fault.column: fault.rows for fault in _told(folder).faults if fault.column != "geometry"}
    assert faults == {"lon": ("y",), "lat": ("z",)}


def test_geojson_is_read_with_numbers_for_ids(folder):
    (folder / "hubs.parquet").unlink()
    hubs = gpd.GeoDataFrame({"hub": [1, 2]}, geometry=gpd.points_from_xy([139, 140], [35, 36]), crs=4326)
    (folder / "hubs.geojson").write_text(hubs.to_json(), encoding="utf-8")
    tables, _ = read_study(folder)
    assert list(tables.hubs.index) == ["1", "2"]
    assert tables.hubs.crs == "EPSG:4326"


@pytest.mark.parametrize(
    "text",
    [
        "[1]", "{}", "<OGRVRTDataSource/>", "[" * 100_000,
        '{"features": [{"properties": {"hub": "a"}, "geometry": {"type": "Point"}}]}',
        '{"features": [], "crs": {"properties": {"name": "mars"}}}',
    ],
)  # fmt: skip
@pytest.mark.slow
def test_geojson_that_is_none_is_told(folder, text):
    (folder / "hubs.parquet").unlink()
    (folder / "hubs.geojson").write_text(text, encoding="utf-8")
    assert [fault.column for fault in _told(folder).faults] == ["hubs.geojson"]


def test_settings_are_read_and_default(folder):
    assert read_study(folder)[1] == Settings()
    values = {"name": "two areas", "year": 2034, "demand": "high", "assume": {"route_factor": 1.5}}
    (folder / "study.json").write_text(json.dumps(values), encoding="utf-8")
    assert read_study(folder)[1] == Settings(**values)


def test_settings_lead_to_no_other_file(folder):
    (folder / "study.json").write_text('{"assume": "/etc/hostname"}', encoding="utf-8")
    assert "not names and numbers" in str(_told(folder))


@pytest.mark.parametrize(("table", "column"), [("lead_times", "low_y"), ("phases", "year")])
def test_a_figure_that_cannot_be_unlimited_is_not_to_be_written_as_inf(table, column):
    frames = tm.japan().tables.frames()
    row = frames[table].index[0]
    frames[table] = frames[table].assign(**{column: frames[table][column].where(frames[table].index != row)})
    with pytest.raises(LayerError, match="Fill it, or drop the row"):
        tm.Study.from_frames(frames)
