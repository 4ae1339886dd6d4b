"""Draws, runs that are stopped and go on, and what many answers say; figures worked out by hand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import ensemble_work as work
import three_mismatches as tm
from three_mismatches.assumptions import ASSUMPTIONS, OUTSIDE_SOLVES
from three_mismatches.ensemble import Ranges, Saltelli, Table, run
from three_mismatches.errors import LayerError, SolverError

TIES = Ranges(["tie_level", "supply_level"], draws=7, seed=3)


@pytest.fixture(scope="module")
def study():
    return work.study()


def table(values, name="tie_level"):
    return Table(pd.DataFrame({name: values}))


def contents(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


# Draws


def test_draws_are_the_same_for_the_same_seed_and_others_for_another():
    assert TIES.frame().equals(replace(TIES).frame())
    assert not TIES.frame().equals(replace(TIES, seed=4).frame())


def test_more_draws_or_more_inputs_leave_those_there_were():
    fewer, more = TIES.frame(), Ranges(["route_factor", "supply_level", "tie_level"], draws=9, seed=3).frame()
    pd.testing.assert_frame_equal(more.iloc[:7][["tie_level", "supply_level"]], fewer)


def test_every_assumption_with_a_range_that_a_solve_reads_is_drawn_without_names():
    frame = Ranges(draws=50).frame()
    ranged = [name for name, item in ASSUMPTIONS.items() if item.low < item.high]
    assert [*frame] == [name for name in ranged if name not in OUTSIDE_SOLVES]
    assert {"solar_tilt", "fibre_years", "hvdc_mjpy_per_km"} <= OUTSIDE_SOLVES
    assert not {"realisation", "lead_time_level", "route_factor"} & OUTSIDE_SOLVES
    for name in frame:
        assert frame[name].between(ASSUMPTIONS[name].low, ASSUMPTIONS[name].high).all()


@pytest.mark.parametrize("method", ["random", "latin"])
@pytest.mark.parametrize(
    ("shape", "mean"),
    [
        ("pert", (1.37 + 4 * 1.65 + 1.99) / 6),
        ("triangular", (1.37 + 1.65 + 1.99) / 3),
        ("uniform", (1.37 + 1.99) / 2),
    ],
)
def test_means_are_those_of_the_shapes(method, shape, mean):
    drawn = Ranges(["route_factor"], draws=20_000, shape=shape, method=method).frame()["route_factor"]
    assert drawn.mean() == pytest.approx(mean, abs=1e-6 if method == "latin" else 4e-3)


def test_latin_draws_have_one_in_each_equal_part():
    drawn = Ranges(["tie_level"], draws=100, shape="uniform", method="latin").frame()["tie_level"]
    assert sorted(np.floor((drawn + 1.0) / 2.0 * 100)) == list(range(100))


def test_scenarios_years_and_distributions_of_ones_own_are_drawn():
    own = {"route_factor": stats.truncnorm(-2, 2, 1.6, 0.1)}
    choices = {"demand": ("low", "high"), "year": (2030, 2034)}
    frame = Ranges([], draws=400, choices=choices, distributions=own).frame()
    assert frame["route_factor"].mean() == pytest.approx(1.6, abs=0.02)
    assert frame["demand"].value_counts()["low"] == pytest.approx(200, abs=40)
    assert set(frame["year"]) == {2030, 2034}


def test_one_error_names_every_fault_of_a_sampler():
    with pytest.raises(LayerError) as told:
        Ranges(["route_facter", "year"], draws=3, choices={"demand": ()}, shape="round")
    for part in ("'route_factor'", "Give its values as choices", "no values to choose from", "'round'"):
        assert part in str(told.value)


@pytest.mark.parametrize("draws", [0, -1, 2.5])
def test_a_sampler_without_draws_is_refused(draws):
    with pytest.raises(LayerError, match="whole number from 1"):
        Ranges(["tie_level"], draws=draws)


def test_an_empty_table_is_refused():
    with pytest.raises(LayerError, match="at least one draw"):
        table([])


def test_a_table_names_the_rows_that_no_study_can_take():
    with pytest.raises(LayerError, match="rows: '1', '2'"):
        table([0.5, 1.5, np.nan])
    with pytest.raises(LayerError, match="whole year"):
        table([2030.5], "year")


def test_a_distribution_that_leaves_what_has_meaning_is_refused():
    with pytest.raises(LayerError, match="cut the distribution off"):
        Ranges([], draws=50, distributions={"route_factor": stats.norm(1.0, 0.5)}).frame()


def test_a_base_that_is_no_power_of_two_is_refused():
    with pytest.raises(LayerError, match="power of 2"):
        Saltelli(["tie_level"], base=100)


# Runs


def test_a_draw_replaces_what_the_study_assumes(study):
    found = run(study, table([0.5, -1.0]), evaluate=work.linear)
    assert found.fleet["total_mw"].to_list() == [10.0, -5.0]
    assert found.fleet_as_it_is["total_mw"] == 5.0
    assert found.sites.loc[(0, "a"), "power_gap_mw"] == 2.5


def test_a_real_solve_of_each_draw_is_that_of_the_study(study):
    found = run(study, table([1.5, 1.6], "route_factor"))
    alone = tm.Study(study.tables, study.settings).solve()
    assert found.fleet_as_it_is["joint_gap_mw"] == alone.fleet["value"]["joint_gap_mw"]
    assert found.quantiles()["unit"]["joint_gap_mw"] == "MW"
    assert found.with_percentiles(alone.fleet)["p50"]["joint_gap_mw"] == pytest.approx(15.0, abs=1e-4)


def test_power_alone_is_that_of_the_whole_answer(study):
    draws = table([15.0, 1.0], "unknown_request_mw")
    whole, power = run(study, draws), run(study, draws, evaluate=tm.ensemble.power_only)
    pd.testing.assert_frame_equal(power.fleet, whole.fleet[[*power.fleet]])
    assert power.units == {name: whole.units[name] for name in power.fleet}
    assert power.sites.empty


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_the_size_of_chunks_changes_nothing(study, chunk):
    one, other = run(study, TIES, evaluate=work.linear), run(study, TIES, evaluate=work.linear, chunk=chunk)
    pd.testing.assert_frame_equal(one.fleet, other.fleet)
    pd.testing.assert_frame_equal(one.sites, other.sites)
    pd.testing.assert_frame_equal(other.inputs, TIES.frame())


def test_an_executor_changes_no_byte(study, tmp_path):
    run(study, TIES, evaluate=work.linear, chunk=2, checkpoint=tmp_path / "one")
    with ThreadPoolExecutor(3) as executor:
        run(
            study,
            TIES,
            executor=executor,
            ahead=2,
            evaluate=work.linear,
            chunk=2,
            checkpoint=tmp_path / "two",
        )
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert len(contents(tmp_path / "one")) == 4 + 2


def test_a_draw_that_fails_is_told_and_loses_no_other(study, caplog):
    found = run(study, table([0.5, -0.5, 1.0]), evaluate=work.fails_below_zero)
    assert found.errors.to_dict() == {1: "NetworkError: ties carry nothing"}
    assert found.fleet.index.to_list() == [0, 2]
    assert found.quantiles()["draws"]["total_mw"] == 2
    assert "1 of 3 draws failed" in caplog.text


def test_a_run_of_failures_alone_raises(study):
    with pytest.raises(SolverError, match="all 2 draws failed; the first: NetworkError"):
        run(study, table([-0.5, -1.0]), evaluate=work.fails_below_zero)


def test_a_lack_of_memory_is_not_the_draws_fault(study):
    with pytest.raises(MemoryError):
        run(study, TIES, evaluate=work.runs_out_of_memory)


def test_a_scenario_that_the_study_lacks_is_refused_before_any_work(japan_study):
    with pytest.raises(LayerError, match="has 'medium'"):
        run(japan_study, table(["low", "medium"], "demand"))


# Checkpoints


@pytest.fixture
def kept(study, tmp_path):
    """Return a folder of a finished run of three chunks."""
    run(study, TIES, evaluate=work.linear, chunk=3, checkpoint=tmp_path / "kept")
    return tmp_path / "kept"


def test_a_finished_run_is_read_again_and_solved_no_more(study, kept):
    before = {name: (kept / name).stat().st_mtime_ns for name in contents(kept) if name.endswith("parquet")}
    again = run(study, TIES, evaluate=work.linear, chunk=3, checkpoint=kept)
    assert {name: (kept / name).stat().st_mtime_ns for name in before} == before
    pd.testing.assert_frame_equal(tm.ensemble.read(kept).fleet, again.fleet)


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_chunk_is_made_again_and_told(study, kept, caplog, damage):
    whole, bad = contents(kept), kept / "draws_000001.parquet"
    if damage == "gone":
        bad.unlink()
    else:
        bad.write_bytes(bad.read_bytes()[:100] if damage == "cut" else b"\0" * bad.stat().st_size)
    with pytest.raises(LayerError, match=r"draws_000001\.parquet"):
        tm.ensemble.read(kept)
    run(study, TIES, evaluate=work.linear, chunk=3, checkpoint=kept)
    assert contents(kept) == whole
    assert "draws_000001.parquet is damaged or missing" in caplog.text


def test_what_a_killed_write_left_is_cleared(study, kept):
    whole = contents(kept)
    (kept / f".draws_000001-{'0' * 32}.parquet").write_bytes(b"half")
    run(study, TIES, evaluate=work.linear, chunk=3, checkpoint=kept)
    assert contents(kept) == whole


def test_one_error_names_all_in_which_a_checkpoint_is_another_runs(study, kept):
    other = tm.Study(study.tables.with_frames(pockets=study.tables.grid.pockets.iloc[:0]), study.settings)
    with pytest.raises(LayerError) as told:
        run(other, replace(TIES, seed=9), evaluate=work.slow_linear, chunk=2, checkpoint=kept)
    for part in ("pockets", "seed (was 3, is now 9)", "sha256", "slow_linear", "was 3 and is now 2"):
        assert part in str(told.value)


def test_another_release_does_not_go_on(study, kept):
    manifest = json.loads((kept / "manifest.json").read_text())
    manifest["versions"]["three_mismatches"] = "0.0.9"
    (kept / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LayerError, match=r"three_mismatches \(was '0.0.9'.*Install those versions"):
        run(study, TIES, evaluate=work.linear, chunk=3, checkpoint=kept)


def test_a_folder_of_somebody_elses_is_refused(study, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no checkpoint of this library"):
        run(study, TIES, evaluate=work.linear, checkpoint=tmp_path)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


def test_an_interrupt_leaves_whole_chunks_and_the_run_goes_on(study, tmp_path, monkeypatch):
    left = iter([work.linear] * 5)

    def interrupted(tables, settings):
        for evaluate in left:
            return evaluate(tables, settings)
        raise KeyboardInterrupt

    interrupted.__module__, interrupted.__qualname__ = work.linear.__module__, work.linear.__qualname__
    with pytest.raises(KeyboardInterrupt):
        run(study, TIES, evaluate=interrupted, chunk=2, checkpoint=tmp_path / "stopped")
    assert sorted(contents(tmp_path / "stopped"))[:-1] == [
        "as_it_is.parquet", "draws_000000.parquet", "draws_000001.parquet",
    ]  # fmt: skip
    run(study, TIES, evaluate=work.linear, chunk=2, checkpoint=tmp_path / "stopped")
    run(study, TIES, evaluate=work.linear, chunk=2, checkpoint=tmp_path / "whole")
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


def test_a_second_run_in_the_folder_of_one_that_works_is_refused(study, tmp_path):
    def again(tables, settings):
        run(study, TIES, evaluate=work.linear, checkpoint=tmp_path / "one")

    with pytest.raises(FileExistsError, match="another run is writing"):
        run(study, TIES, evaluate=again, checkpoint=tmp_path / "one")


def test_progress_is_shown_when_asked(study, capsys):
    run(study, TIES, evaluate=work.linear, progress=True)
    run(study, TIES, evaluate=work.linear)
    assert capsys.readouterr().out.count("100%") == 1


def command(kind: str, folder: Path) -> dict[str, object]:
    """Return how a run of its own process is started."""
    here = str(Path(__file__).parent)
    paths = os.pathsep.join([here, *filter(None, sys.path)])
    code = "import ensemble_work; ensemble_work.main()"
    return {
        "args": [sys.executable, "-c", code, kind, str(folder)],
        "env": {**os.environ, "PYTHONPATH": paths},
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["serial", "processes", "dask"])
def test_a_run_killed_half_way_and_resumed_ends_in_the_bytes_of_one_that_was_not(study, tmp_path, kind):
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    run(study, work.SAMPLER, evaluate=work.slow_linear, chunk=2, checkpoint=whole)
    with subprocess.Popen(
        **command(kind, folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as killed:
        kept = (line for line in killed.stdout if "is kept" in line)
        told = list(islice(kept, 8))
        killed.kill()
        # The pipe ends only when the workers, who share it, have ended too.
        told += kept
    assert killed.returncode == -signal.SIGKILL
    assert 8 <= len(told) < 21
    begun = json.loads((folder / "manifest.json").read_text())["files"]
    stamps = {name: (folder / name).stat().st_mtime_ns for name in begun}
    assert 1 <= len(begun) < 21
    subprocess.run(**command(kind, folder), check=True, capture_output=True)
    assert contents(folder) == contents(whole)
    assert {name: (folder / name).stat().st_mtime_ns for name in begun} == stamps


@pytest.mark.slow
def test_japan_is_the_same_by_processes_byte_for_byte(japan_study, tmp_path):
    draws = Ranges(draws=3, choices={"demand": ("outlook", "low", "high")})
    run(japan_study, draws, chunk=2, checkpoint=tmp_path / "one")
    with tm.ensemble.processes(2) as executor:
        run(japan_study, draws, chunk=2, executor=executor, checkpoint=tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


# What many answers say


def answers(fleet, *, inputs=None, base=None, sites=None, now=None):
    """Return an ensemble of figures at hand."""
    fleet = pd.DataFrame(fleet).rename_axis("draw")
    inputs = pd.DataFrame(inputs if inputs is not None else {"tie_level": np.zeros(len(fleet))})
    empty = pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=["draw", "site"]))
    return tm.ensemble.Ensemble(
        inputs=inputs.rename_axis("draw"),
        fleet=fleet,
        sites=empty if sites is None else sites,
        errors=pd.Series(dtype=object, name="error"),
        units=dict.fromkeys(fleet, "MW"),
        fleet_as_it_is=fleet.iloc[0],
        sites_as_it_is=pd.DataFrame() if now is None else now,
        base=base,
    )


def ranked(*rows, now):
    """Return an ensemble with one column of sites a, b, c, ...; one row for each draw."""
    names = list("abcdef"[: len(now)])
    frame = pd.DataFrame(rows, columns=names).rename_axis("draw").rename_axis("site", axis=1)
    sites = frame.unstack().swaplevel().to_frame("power_gap_mw")
    return answers(
        {"x": np.zeros(len(rows))}, sites=sites, now=pd.DataFrame({"power_gap_mw": now}, index=names)
    )


def test_percentiles_of_0_to_100_are_themselves():
    row = answers({"x": np.arange(101.0)[::-1]}).quantiles().loc["x"]
    assert row[["p10", "p50", "p90"]].to_list() == [10.0, 50.0, 90.0]
    assert (row["value"], row["unit"], row["draws"]) == (100.0, "MW", 101)


def test_an_infinite_draw_is_not_interpolated_and_an_unknown_one_not_counted():
    row = answers({"x": [*np.arange(1.0, 9.0), np.inf, np.inf, np.nan]}).quantiles().loc["x"]
    assert row[["p10", "p50", "p90"]].to_list() == [1.0, 5.0, np.inf]
    assert row["draws"] == 10


def test_ranks_hold_where_no_draw_moves_them():
    found = ranked([3.0, 2.0, 1.0], [30.0, 20.0, 10.0], now=[3.0, 2.0, 1.0]).rank_stability(top=2)
    assert found.sites["top_share"].to_list() == [1.0, 1.0, 0.0]
    assert found.kendall_tau.to_list() == [1.0, 1.0]


def test_a_turned_order_has_a_tau_of_minus_one_and_shares_by_draws():
    found = ranked([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], now=[3.0, 2.0, 1.0]).rank_stability(top=1)
    assert found.sites["top_share"].to_dict() == {"a": 0.5, "b": 0.0, "c": 0.5}
    assert found.kendall_tau.to_list() == [1.0, -1.0]
    assert found.sites.loc["a", ["rank_as_it_is", "rank_p50"]].to_list() == [1.0, 2.0]


def test_equals_share_the_places_that_are_left():
    found = ranked([5.0, 0.0, 0.0, 0.0], now=[5.0, 0.0, 0.0, 0.0]).rank_stability(top=2)
    assert found.sites["top_share"].to_list() == pytest.approx([1.0, 1 / 3, 1 / 3, 1 / 3])
    assert found.sites["rank_as_it_is"].to_list() == [1.0, 3.0, 3.0, 3.0]
    assert np.isnan(ranked([0.0, 0.0], now=[1.0, 0.0]).rank_stability().kendall_tau[0])


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=5, max_size=5), min_size=1, max_size=4))
def test_the_shares_of_places_sum_to_the_places(rows):
    found = ranked(*rows, now=rows[0]).rank_stability(top=3)
    assert found.sites["top_share"].sum() == pytest.approx(3.0)


def test_sites_of_a_run_have_ranges_shares_and_ranks(study):
    found = run(study, table([-1.0, 0.0, 1.0]), evaluate=work.linear)
    assert found.site_quantiles().loc["a", "p50"] == 2.0
    assert found.site_quantiles().loc["d", "draws"] == 0
    assert found.shares().loc["a", "none"] == 1.0
    assert found.rank_stability(top=1).sites["top_share"].to_list() == pytest.approx(
        [7 / 9, 1 / 9, 1 / 9, 0.0]
    )
    with pytest.raises(ValueError, match="ask for its shares"):
        found.rank_stability("dominant_mismatch")


def ishigami(base):
    """Return the Ishigami function of three inputs, with what it is known to answer."""
    names = ["tie_level", "pocket_level", "supply_level"]
    design = Saltelli(names, base=base, shape="uniform").frame()
    x, y, z = (design[name] * np.pi for name in names)
    return answers({"f": np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)}, inputs=design, base=base)


def test_the_ishigami_function_has_the_sobol_indices_that_are_known():
    found = ishigami(8192).sobol(["f"], resamples=20)
    assert found["first"].to_list() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert found["total"].to_list() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    assert (found["total_low"] <= found["total"] + 0.01).all()
    assert (found["total_high"] - found["total_low"]).between(0.0, 0.06).all()


def test_the_input_that_acts_through_another_is_seen_by_sobol_and_not_by_rank():
    sobol, ranks = ishigami(512), replace(ishigami(512), base=None)
    found = sobol.most_uncertain_inputs("f")
    assert [*found.index] == ["tie_level", "pocket_level", "supply_level"]
    assert found.loc["supply_level", "strength"] > 0.2
    assert ranks.most_uncertain_inputs("f", n=3)["strength"]["pocket_level"] < 0.1


def test_a_saltelli_run_gives_the_shares_of_a_sum(study):
    """The variance of 10 tie + 5 supply, both over [-1, 1], is four parts tie to one part supply."""
    design = Saltelli(["tie_level", "supply_level"], base=64, shape="uniform")
    found = run(study, design, evaluate=work.linear, site_columns=())
    assert len(found.fleet) == 64 * 4
    indices = found.sobol(resamples=10)
    assert indices.loc["total_mw", "first"].to_list() == pytest.approx([0.8, 0.2], abs=0.02)
    assert (indices.loc["year"] == 0.0).all(axis=None)


def test_a_scenario_is_measured_by_the_correlation_ratio():
    inputs = {"demand": ["low", "high"] * 4, "tie_level": [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]}
    found = answers({"x": [0.0, 9.0] * 4}, inputs=inputs).most_uncertain_inputs("x")
    assert found["strength"].to_dict() == {"demand": pytest.approx(1.0), "tie_level": pytest.approx(0.0)}


def test_sobol_indices_of_other_draws_are_refused(study):
    with pytest.raises(ValueError, match="Saltelli"):
        answers({"x": [1.0, 2.0]}).sobol()
    failed = run(study, Saltelli(["tie_level"], base=4), evaluate=work.fails_below_zero)
    with pytest.raises(ValueError, match="need every draw"):
        failed.sobol()
