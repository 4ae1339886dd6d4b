"""The command line: what it prints, what it writes, and with which code it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from broken_inputs import BROKEN, TOLD, dump, valid_frames
from three_mismatches.cli import app

WRITTEN = {
    "sites.csv", "sites.gpkg", "sites.parquet", "latency.csv", "areas.csv", "ties.csv", "fleet.csv",
    "delay_streams.csv", "delay_years.csv", "mismatch_map.png", "mismatch_map.svg", "summary.json",
}  # fmt: skip


def run(*words: object) -> tuple[int, str]:
    """Return the exit code and all that was printed, on one line."""
    found = CliRunner().invoke(app, [str(word) for word in words], terminal_width=500)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, " ".join(found.output.split())


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    dump(valid_frames(), folder)
    return folder


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("japan") / "out"
    code, text = run("japan", "--year", 2034, "--demand", "high", "--out", out)
    assert code == 0
    return out, text


def test_japan_writes_every_file_and_says_where_the_maps_are(answer):
    out, text = answer
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert "mismatch_map.png" in text


@pytest.mark.slow
def test_japan_at_line_resolution_writes_the_grid_and_its_certificate_too(tmp_path):
    out = tmp_path / "out"
    code, text = run("japan", "--resolution", "line", "--out", out)
    assert code == 0
    grid = {"buses.csv", "lines.csv", "certificate.csv", "certificate.md", "repair_map.png", "repair_map.svg"}
    grid |= {"hosting.csv", "reinforcements.csv"}
    written = {path.name for path in out.iterdir()}
    assert written == WRITTEN | grid
    assert set(json.loads((out / "summary.json").read_text(encoding="utf-8"))["files"]) == written
    assert "At line resolution (indicative" in text
    assert "repair_map.png" in text
    assert (pd.read_csv(out / "certificate.csv")["action"] == "measure").any()


def test_the_printed_table_fits_eighty_characters_and_cuts_no_word(study, tmp_path):
    words = ["solve", str(study), "--out", str(tmp_path / "o")]
    found = CliRunner(env={"COLUMNS": "80"}).invoke(app, words)
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    # The line that says where the files are is never broken: its path is there to be copied.
    assert max(len(line) for line in lines if not line.startswith("Maps: ")) <= 80
    assert any(line.startswith(f"Maps: {tmp_path / 'o' / 'mismatch_map.png'}") for line in lines)
    assert any(line.rstrip().endswith("dominant") for line in lines)
    assert any("sites-fibre" in line or "unknown" in line for line in lines[:8])


def test_japan_prints_the_sentences_of_the_summary_and_the_answer_in_years(answer):
    out, text = answer
    told = json.loads((out / "summary.json").read_text(encoding="utf-8"))["sentences"]
    assert len(told) == 4
    assert told[3].startswith("Is it years? Of ")
    assert all(" ".join(sentence.split()) in text for sentence in told)


def test_the_tables_agree_in_every_format(answer):
    out, _ = answer
    csv = pd.read_csv(out / "sites.csv", index_col="site")
    parquet = gpd.read_parquet(out / "sites.parquet").set_index("site")
    layer = gpd.read_file(out / "sites.gpkg").set_index("site")
    for column in ("request_mw", "hosting_mw", "rtt_ms"):
        pd.testing.assert_series_equal(csv[column], parquet[column], check_index_type=False)
        pd.testing.assert_series_equal(csv[column], layer[column], check_index_type=False)
    assert (layer.geometry.x.to_numpy() == csv["lon"].to_numpy()).all()


def test_the_summary_names_versions_and_hashes_of_every_input_and_holds_no_nan(answer):
    out, _ = answer
    text = (out / "summary.json").read_text(encoding="utf-8")
    found = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert len(found["inputs_sha256"]["sites"]) == 64
    assert "three-mismatches" in found["versions"]
    assert found["headline"]["joint_gap_mw"]["unit"] == "MW"
    assert set(found["files"]) == WRITTEN


@pytest.mark.slow
def test_an_existing_folder_is_not_silently_overwritten(study, tmp_path):
    out = tmp_path / "out"
    assert run("solve", study, "--out", out)[0] == 0
    before = (out / "sites.csv").read_bytes()
    code, text = run("solve", study, "--out", out)
    assert code == 1
    assert "--overwrite" in text
    assert run("solve", study, "--out", out, "--overwrite")[0] == 0
    assert (out / "sites.csv").read_bytes() == before


def test_somebody_elses_folder_is_never_replaced(study, tmp_path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("years of work", encoding="utf-8")
    assert run("solve", study, "--out", out, "--overwrite")[0] == 1
    assert (out / "chapter.txt").read_text(encoding="utf-8") == "years of work"


@pytest.mark.slow
def test_one_geopackage_holds_every_table(study, tmp_path):
    out = tmp_path / "result.gpkg"
    assert run("solve", study, "--out", out)[0] == 0
    assert set(gpd.list_layers(out)["name"]) == {"sites", "areas", "latency", "ties", "fleet"}


def test_check_says_that_a_good_study_is_good(study):
    code, text = run("check", study)
    assert (code, "no fault found" in text) == (0, True)


PRINTED = (
    "bad_settings",
    "corrupt_parquet",
    "dangling_bus0",
    "misspelt_file",
    "nan_in_required",
    "shift_jis",
)
"""Faults of each kind, which the ordinary run prints; test_inputs reads the message of every one."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in PRINTED else pytest.mark.slow) for name in sorted(BROKEN)],
)
def test_check_tells_each_fault_in_words_without_a_traceback(name, tmp_path):
    BROKEN[name](tmp_path / "study")
    code, text = run("check", tmp_path / "study")
    assert code == 1
    assert "Traceback" not in text
    assert all(word in text for word in TOLD[name]), text


@pytest.mark.parametrize(
    "words",
    [
        ("japan", "--demand", "huge"),
        ("japan", "--backbone", "13"),
        ("japan", "--year", "soon"),
        ("japan", "--year", "1999"),
        ("japan", "--assume", "route_facto=2"),
        ("japan", "--assume", "route_factor=fast"),
        ("japan", "--assume", "nowhere.toml"),
        ("nonsense",),
        ("solve",),
    ],
)
def test_wrong_usage_leaves_with_code_two(words):
    assert run(*words)[0] == 2


def test_assumptions_come_from_the_command_line_and_from_toml(study, tmp_path):
    toml = tmp_path / "mine.toml"
    toml.write_text("route_factor = 1.7\ncable_slack = 1.05\n", encoding="utf-8")
    assert (
        run("solve", study, "--out", tmp_path / "o", "--assume", toml, "--assume", "route_factor=1.5")[0] == 0
    )
    found = json.loads((tmp_path / "o" / "summary.json").read_text(encoding="utf-8"))["assumptions"]
    assert (found["route_factor"], found["cable_slack"]) == (1.5, 1.05)


@pytest.mark.slow
def test_markup_in_a_name_is_printed_as_it_is_written(tmp_path):
    frames = valid_frames()
    first = frames["sites"].index[0]
    frames["sites"].loc[first, "name"] = "[red]x[/red]"
    dump(frames, tmp_path / "study")
    code, text = run("solve", tmp_path / "study", "--out", tmp_path / "out")
    assert (code, "[red]x[/red]" in text) == (0, True)


@pytest.mark.slow
def test_python_m_is_the_same_command():
    words = [sys.executable, "-m", "three_mismatches", "check", "nowhere"]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "does not exist" in found.stderr


@pytest.mark.slow
def test_another_backbone_gives_other_round_trips_and_the_same_power(answer, tmp_path):
    code, text = run("japan", "--demand", "high", "--backbone", "12", "--out", tmp_path / "twelve.gpkg")
    assert code == 0, text
    twelve = gpd.read_file(tmp_path / "twelve.gpkg", layer="sites").set_index("site")
    many = pd.read_csv(answer[0] / "sites.csv").set_index("site")
    assert (twelve["rtt_ms"] - many["rtt_ms"]).abs().max() > 0.1
    assert (twelve["hosting_mw"] - many["hosting_mw"]).abs().max() < 1e-6


@pytest.mark.slow
def test_an_ensemble_prints_how_far_headlines_move_and_goes_on_where_it_was(study, tmp_path):
    words = ("ensemble", study, "--draws", 3, "--only", "route_factor", "--out", tmp_path / "draws")
    code, text = run(*words)
    assert code == 0
    assert "sites_over_rtt_budget" in text
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "draws").glob("*.parquet")}
    assert kept
    assert run(*words)[0] == 0
    assert kept == {path.name: path.stat().st_mtime_ns for path in (tmp_path / "draws").glob("*.parquet")}


def test_an_ensemble_of_an_input_that_is_none_says_which_there_is(study, tmp_path):
    code, text = run("ensemble", study, "--only", "rout_factor", "--out", tmp_path / "draws")
    assert code == 2
    assert "route_factor" in text


def test_a_report_refuses_a_folder_that_is_there_before_it_solves(study, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    code, text = run("report", study, "--out", tmp_path / "out", "--overwrite")
    assert code == 1
    assert "was not written by this library" in text


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_report_of_a_study_is_written_in_both_languages(study, tmp_path, lang):
    code, text = run("report", study, "--lang", lang, "--out", tmp_path / "out")
    assert code == 0
    assert "report.html" in text
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"report.html", "report.md", "report.pdf", "summary.json", "figures", "tables"}
