"""What is written is read again, byte for byte the same, and never half there."""

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from broken_inputs import valid_frames
from three_mismatches.errors import LayerError
from three_mismatches.export import atomic_file, atomic_folder, write_study, write_table
from three_mismatches.inputs import read_study
from three_mismatches.layers import StudyTables
from three_mismatches.layers.checks import check
from three_mismatches.layers.settings import Settings

FORMS = ("study", "study.gpkg")
SETTINGS = Settings(name='A "test"\n研究', year=2034, demand="high", assume={"route_factor": 1.5})


@pytest.fixture(scope="module")
def tables():
    return check(valid_frames())


@pytest.fixture(scope="module")
def small():
    return check(_few("areas", "sites", "budgets"))


def _few(*names):
    return {name: frame for name, frame in valid_frames().items() if name in names}


def _assert_same(one: StudyTables, other: StudyTables) -> None:
    for name, frame in one.frames().items():
        pd.testing.assert_frame_equal(frame, other.frames()[name], check_exact=True)
        assert type(frame) is type(other.frames()[name])
        if isinstance(frame, gpd.GeoDataFrame):
            assert frame.crs == other.frames()[name].crs
            assert list(frame.geometry.to_wkb()) == list(other.frames()[name].geometry.to_wkb())


def _digests(path: Path) -> dict[str, str]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.mark.parametrize("form", FORMS)
def test_study_comes_back_whole(tables, tmp_path, form):
    write_study(tables, SETTINGS, tmp_path / form)
    read, chosen = read_study(tmp_path / form)
    _assert_same(tables, read)
    assert chosen == SETTINGS


@pytest.mark.parametrize("form", FORMS)
def test_equal_studies_are_equal_bytes(tables, tmp_path, form):
    write_study(tables, SETTINGS, tmp_path / "one" / form)
    write_study(check(valid_frames()), SETTINGS, tmp_path / "two" / form)
    assert _digests(tmp_path / "one" / form) == _digests(tmp_path / "two" / form)


OWN = {
    "whole": pd.array([2**62, -1], dtype="int64"),
    "byte": pd.array([7, 255], dtype="uint8"),
    "huge": pd.array([2**64 - 1, 0], dtype="uint64"),
    "counts": pd.array([2**53 + 1, None], dtype="Int64"),
    "single": np.array([0.1, np.inf], dtype="float32"),
    "yes": [True, False],
    "perhaps": pd.array([True, None], dtype="boolean"),
    "day": pd.to_datetime(["2026-01-31T23:59:59.123456789", None]),
    "zoned": pd.to_datetime(["2026-01-31T00:00", "2026-07-01T12:00"]).tz_localize("Asia/Tokyo"),
    "nothing": [None, None],
    "名前": ["日本", "007"],
    'a "quoted", name': [1.5, np.nan],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["areas", "budgets"])
def test_types_of_further_columns_come_back(tmp_path, form, name):
    frames = _few("areas", "sites", "budgets")
    frames[name] = frames[name].assign(**OWN)
    tables = check(frames)
    write_study(tables, SETTINGS, tmp_path / form)
    _assert_same(tables, read_study(tmp_path / form)[0])


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_mixed_and_missing_geometry_and_empty_tables_come_back(tmp_path, form):
    frames = valid_frames()
    frames["areas"].loc["south", "geometry"] = box(138, 35, 140, 37)
    frames["areas"] = pd.concat(
        [frames["areas"], valid_frames()["areas"].rename(index=lambda name: name + "2")]
    )
    frames["fibre_routes"]["geometry"] = [LineString([(141, 41, 5), (139, 35, 6)]), None]
    frames["generators"]["geometry"] = gpd.GeoSeries([None, None], index=frames["generators"].index, crs=4326)
    frames["hubs"]["geometry"] = [Point(139, 35), Point(139, 36, 12)]
    frames["loads"] = pd.DataFrame({"bus": [], "kept": pd.Series([], dtype="int64")})
    tables = check(frames)
    write_study(tables, SETTINGS, tmp_path / form)
    _assert_same(tables, read_study(tmp_path / form)[0])


texts = st.one_of(
    st.none(),
    st.sampled_from(
        ["NA", "null", "nan", "1.0", "001", "inf", "True", "", " ", '"', "'", ",", "\n", "\r\n", "\r", "😀"]
    ),
    st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=6),
)
ids = st.lists(texts.filter(bool), min_size=2, max_size=2, unique=True)
pairs = st.tuples(st.floats(), st.floats())


def _assert_survives(names, words, own_words, numbers, own_numbers):
    """Write and read two sites and two upgrades with these ids, texts and figures."""
    frames = _few("areas", "sites")
    sites = frames["sites"].iloc[:2].drop(columns=["area", "use"]).set_axis(pd.Index(names, name="site"))
    frames["sites"] = sites.assign(name=list(words), own=list(own_words), figure=list(own_numbers))
    frames["upgrades"] = pd.DataFrame(
        {
            "element": ["north", "south"],
            "attribute": "peak_mw",
            "value": numbers,
            "own": own_words,
            "status": words,
        },
        index=pd.Index(names, name="upgrade"),
    )
    tables = check(frames)
    with TemporaryDirectory() as folder:
        for form in FORMS:
            write_study(tables, SETTINGS, Path(folder, form))
            _assert_same(tables, read_study(Path(folder, form))[0])


def test_awkward_text_and_numbers_come_back():
    infinite, tiny, huge = float("inf"), 5e-324, 1.7976931348623157e308
    _assert_survives(["1.0", "1"], ["\r", '"'], ["NA", None], (infinite, tiny), (float("nan"), huge))
    _assert_survives(
        ["null", "😀"], ["a,b\r\n", " "], ["001", "True"], (-infinite, 0.1), (2**53 + 2.0, -huge)
    )


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ids, st.tuples(texts, texts), st.tuples(texts, texts), pairs, pairs)
def test_any_text_and_number_comes_back(names, words, own_words, numbers, own_numbers):
    _assert_survives(names, words, own_words, numbers, own_numbers)


@pytest.mark.parametrize("form", FORMS)
def test_column_that_no_file_keeps_is_told_before_anything_is_written(tmp_path, form):
    frames = _few("areas", "sites", "budgets")
    frames["sites"]["list"] = [[1], [2], [3]]
    with pytest.raises(LayerError, match=r"list .*cannot be written"):
        write_study(check(frames), SETTINGS, tmp_path / form)
    assert list(tmp_path.iterdir()) == []


def test_columns_that_a_geopackage_cannot_tell_apart_are_told(tmp_path):
    frames = _few("areas", "sites", "budgets")
    frames["sites"]["Name"] = "x"
    frames["sites"]["FID"] = 1
    with pytest.raises(LayerError, match="sites has 2 problems"):
        write_study(check(frames), SETTINGS, tmp_path / "study.gpkg")
    write_study(check(frames), SETTINGS, tmp_path / "study")


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_overwritten_unasked(small, tmp_path, form):
    write_study(small, SETTINGS, tmp_path / form)
    before = _digests(tmp_path / form)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_study(small, Settings(), tmp_path / form)
    assert _digests(tmp_path / form) == before
    write_study(small, Settings(), tmp_path / form, overwrite=True)
    assert read_study(tmp_path / form)[1] == Settings()
    assert len(list(tmp_path.iterdir())) == 1


def test_overwriting_drops_our_old_files_and_keeps_those_of_others(small, tmp_path):
    folder = write_study(small, SETTINGS, tmp_path / "study")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    frames = {name: frame for name, frame in small.frames().items() if name != "budgets"}
    write_study(StudyTables.from_frames(frames), SETTINGS, folder, overwrite=True)
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert not (folder / "budgets.csv").exists()


def test_folder_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years", encoding="utf-8")
    with (
        pytest.raises(FileExistsError, match="not written by this library"),
        atomic_folder(tmp_path / "home", overwrite=True),
    ):
        pass
    assert (tmp_path / "home" / "thesis.tex").exists()


def test_an_answer_never_takes_the_place_of_a_study_nor_a_study_that_of_an_answer(small, tmp_path):
    study = write_study(small, SETTINGS, tmp_path / "study")
    before = _digests(study)
    with (
        pytest.raises(FileExistsError, match=r"holds a study.*Give another name"),
        atomic_folder(study, overwrite=True),
    ):
        pass
    assert _digests(study) == before
    with atomic_folder(tmp_path / "answer") as part:
        (part / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FileExistsError, match="holds an answer"):
        write_study(small, SETTINGS, tmp_path / "answer", overwrite=True)


@pytest.mark.parametrize("writer", [atomic_file, atomic_folder])
def test_failure_leaves_nothing_behind(tmp_path, writer):
    def fail(part):
        (part / "half" if part.is_dir() else part).write_text("half", encoding="utf-8")
        raise OSError

    with pytest.raises(OSError), writer(tmp_path / "out") as part:  # noqa: PT011 - just raised
        fail(part)
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_the_old_folder_as_it_was(small, tmp_path):
    folder = write_study(small, SETTINGS, tmp_path / "study")
    before = _digests(folder)
    with pytest.raises(RuntimeError), atomic_folder(folder, overwrite=True, mark="study.json"):
        raise RuntimeError
    assert _digests(folder) == before
    assert len(list(tmp_path.iterdir())) == 1


def test_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "out").mkdir()
    with atomic_folder(tmp_path / "out") as part:
        (part / "a").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


def test_folder_is_no_file_and_file_no_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError), atomic_file(tmp_path / "folder", overwrite=True):
        pass
    with pytest.raises(FileExistsError), atomic_folder(tmp_path / "file", overwrite=True):
        pass


def test_study_file_lists_what_was_written(small, tmp_path):
    folder = write_study(small, SETTINGS, tmp_path / "study")
    values = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    assert values["files"] == sorted(path.name for path in folder.iterdir())


def test_csv_table_keeps_points_as_lon_and_lat(small, tmp_path):
    path = write_table(small.sites, tmp_path / "sites.csv")
    read = pd.read_csv(path, index_col="site")
    assert list(read["lon"]) == [141.0, 139.5, 138.5]
    assert "geometry" not in read
    assert "lon" not in pd.read_csv(write_table(small.grid.areas, tmp_path / "areas.csv"))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".gpkg"])
def test_equal_tables_are_equal_bytes(small, tmp_path, suffix):
    frame = small.sites.assign(flags=np.array(["a;b", "", None], dtype=object))
    for folder in ("one", "two"):
        write_table(frame, tmp_path / folder / f"sites{suffix}")
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")


def test_geopackage_table_is_a_layer_of_the_same_name(small, tmp_path):
    path = write_table(small.sites, tmp_path / "sites.gpkg")
    assert pyogrio.list_layers(path).tolist() == [["sites", "Point"]]


def test_unknown_suffix_is_told(small, tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.csv, \.parquet or \.gpkg"):
        write_table(small.sites, tmp_path / "sites.xls")


def test_writing_does_not_change_the_date_that_gdal_writes(small, tmp_path):
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    write_table(small.sites, tmp_path / "sites.gpkg")
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
