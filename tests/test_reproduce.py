"""Answers to the critique: verdicts by readable rules, figures from code, and files that are the same each time."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import three_mismatches as tm
from three_mismatches.cli import app
from three_mismatches.inputs.claims import read_claims
from three_mismatches.reproduce import RULES, THRESHOLDS, VERDICTS
from three_mismatches.reproduce.answers import DETAILS, TABLE, Answers, Provenance
from three_mismatches.reproduce.by_year import answer_of_year
from three_mismatches.reproduce.capital import bought
from three_mismatches.reproduce.gpu_site import drawn_by_gpus
from three_mismatches.reproduce.many_sites import groups_of
from three_mismatches.reproduce.records import MOST_SOURCES, Answer, Quantity, cited, shown
from three_mismatches.reproduce.rules import (
    CANNOT_TELL,
    NOT_SUPPORTED,
    PARTLY,
    SUPPORTED,
    changes,
    on_capital,
    on_contract,
    on_delay,
    on_demand,
    on_mismatches,
    on_network,
    on_pace,
    on_site,
)
from three_mismatches.reproduce.text import table

FILES = {"tanaka.md", "tanaka.csv", "tanaka_details.csv", "summary.json"}
NAN = float("nan")


@pytest.fixture(scope="module")
def facts():
    return read_claims()[1]


@pytest.fixture(scope="module")
def found():
    """Claims 2 and 8 of one year, with few draws."""
    return tm.reproduce.tanaka(claims=(8, 2), years=(2028,), draws=20)


@pytest.fixture
def made():
    """One answer that is made up, with what would break a table."""
    figure = Quantity("a | b", 1.5, 1.0, 2.0, "years", "somebody | else")
    answer = Answer(
        2, figure, "Line\nand | pipe.", "x | y", ("one; two",), "none", "nothing", PARTLY, "", "", (figure,)
    )
    provenance = Provenance("0", "high", (2030, 2034), {"route_factor": 1.5}, 10, 0, {"sites": "0" * 64})
    return Answers(read_claims()[0].loc[[2]], (answer,), provenance)


ON_MISMATCHES = {
    SUPPORTED: ({"a": 0.1, "b": 0.1}, {"a": 0.1, "b": 0.1}),
    PARTLY: ({"a": 0.1, "b": 0.0}, {"a": 0.1, "b": 0.0}),
    CANNOT_TELL: ({"a": 0.0, "b": 0.0}, {"a": 0.1, "b": 0.0}),
    NOT_SUPPORTED: ({"a": 0.0, "b": 0.049}, {"a": 0.0, "b": 0.049}),
}


@pytest.mark.parametrize(("verdict", "given"), ON_MISMATCHES.items())
def test_mismatches_are_counted_by_share(verdict, given):
    assert on_mismatches(*given) == verdict


@pytest.mark.parametrize(
    ("mean", "longest", "late", "dated", "verdict"),
    [
        (2.0, 2.0, 0.0, 1.0, SUPPORTED),
        (1.9, 2.0, 0.0, 1.0, PARTLY),
        (0.1, 0.2, 0.05, 1.0, PARTLY),
        (0.1, 0.2, 0.04, 1.0, NOT_SUPPORTED),
        (9.0, 9.0, 1.0, 0.0, CANNOT_TELL),
    ],
)
def test_delay_is_by_years_where_the_mean_or_the_late_share_is(mean, longest, late, dated, verdict):
    assert on_delay(mean_y=mean, longest_y=longest, late_share=late, dated_mw=dated) == verdict


@pytest.mark.parametrize(
    ("low", "high", "short", "worst", "verdict"),
    [
        (3.0, 3.5, 0.0, 0.0, SUPPORTED),
        (2.9, 3.5, 0.0, 0.0, PARTLY),
        (3.0, 3.5, 0.0, 0.5, PARTLY),
        (3.0, 3.5, 0.05, 0.5, NOT_SUPPORTED),
        (2.0, 2.9, 0.0, 0.0, NOT_SUPPORTED),
        (NAN, NAN, 0.0, 0.0, CANNOT_TELL),
    ],
)
def test_demand_must_triple_and_be_carried(low, high, short, worst, verdict):
    assert on_demand(growth_low=low, growth_high=high, short_share=short, worst_share=worst) == verdict


@pytest.mark.parametrize(
    ("mw", "hourly", "reach", "peak", "verdict"),
    [
        (25.0, 0.5, 900.0, 25.0, SUPPORTED),
        (25.0, 0.4, 900.0, 25.0, PARTLY),
        (25.0, 0.5, 900.0, 0.0, PARTLY),
        (25.0, 0.5, 0.0, 0.0, NOT_SUPPORTED),
        (NAN, 0.5, 900.0, 900.0, NOT_SUPPORTED),
    ],
)
def test_a_contract_must_match_hours_and_reach_the_buyer(mw, hourly, reach, peak, verdict):
    assert on_contract(mw=mw, hourly=hourly, reach_mw={"tokyo": reach}, peak_mw={"tokyo": peak}) == verdict


@pytest.mark.parametrize(
    ("left", "lowest", "listed", "verdict"),
    [
        (500.0, 500.0, 50.0, SUPPORTED),
        (500.0, 300.0, 50.0, PARTLY),
        (500.0, 500.0, 49.0, CANNOT_TELL),
        (99.0, 99.0, 100.0, NOT_SUPPORTED),
    ],
)
def test_capital_must_fit_and_be_listed(left, lowest, listed, verdict):
    given = {"left_mw": left, "lowest_left_mw": lowest, "listed_mw": listed}
    assert on_capital(least_mw=100.0, most_mw=400.0, **given) == verdict


@pytest.mark.parametrize(
    ("gpus", "left", "gaps", "high", "verdict"),
    [
        (10_000.0, 30.0, (0.0, 0.0), (0.0, 0.0), SUPPORTED),
        (10_000.0, 30.0, (0.0, 0.0), (0.0, 1.0), PARTLY),
        (10_000.0, 30.0, (1.0, 0.0), (1.0, 1.0), PARTLY),
        (10_000.0, 30.0, (1.0, 1.0), (1.0, 1.0), NOT_SUPPORTED),
        (10_000.0, 29.0, (0.0, 0.0), (0.0, 0.0), NOT_SUPPORTED),
        (9_999.0, 30.0, (0.0, 0.0), (0.0, 0.0), NOT_SUPPORTED),
    ],
)
def test_a_site_needs_gpus_power_and_budgets(gpus, left, gaps, high, verdict):
    uses = [dict(zip("ab", ends, strict=True)) for ends in (gaps, high)]
    assert on_site(gpus=gpus, mw=30.0, left_mw=left, gaps_ms=uses[0], high_gaps_ms=uses[1]) == verdict


@pytest.mark.parametrize(
    ("groups", "across", "movable", "lowest", "verdict"),
    [
        (0.9, 0.5, 0.5, 0.5, SUPPORTED),
        (0.9, 0.5, 0.5, 0.4, PARTLY),
        (0.9, 0.0, 0.0, 0.0, PARTLY),
        (0.0, 0.0, 0.5, 0.0, PARTLY),
        (0.4, 0.4, 0.4, 0.4, NOT_SUPPORTED),
    ],
)
def test_sites_act_as_one_across_areas_or_within(groups, across, movable, lowest, verdict):
    given = {"in_groups": groups, "across": across, "movable": movable, "lowest_movable": lowest}
    assert on_network(**given) == verdict


@pytest.mark.parametrize(
    ("on_time", "late", "waiting", "works", "verdict"),
    [
        (0.05, 0.9, 0.9, 3, SUPPORTED),
        (0.0, 0.05, 0.0, 3, PARTLY),
        (0.0, 0.0, 0.05, 3, PARTLY),
        (0.0, 0.0, 0.04, 3, NOT_SUPPORTED),
        (0.9, 0.9, 0.9, 0, CANNOT_TELL),
    ],
)
def test_plans_outrun_the_calendar_on_time_late_or_waiting(on_time, late, waiting, works, verdict):
    assert on_pace(on_time=on_time, late=late, waiting=waiting, works=works) == verdict


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0), st.floats(0.0, 1.0))
def test_more_years_never_weaken_the_verdict_on_delay(mean, more, late):
    order = [NOT_SUPPORTED, PARTLY, SUPPORTED]
    less, worse = (
        on_delay(mean_y=years, longest_y=years, late_share=late, dated_mw=1.0)
        for years in (mean, mean + more)
    )
    assert order.index(less) <= order.index(worse)


def test_every_claim_has_a_rule_and_every_threshold_a_reason():
    assert set(RULES) == set(read_claims()[0].index)
    assert all(item.why and item.unit for item in THRESHOLDS.values())
    assert all("Supported:" in rule and "Not supported:" in rule for rule in RULES.values())


def test_what_would_change_a_verdict_is_grouped_by_what_it_would_read():
    others = {f"at {at}": SUPPORTED for at in range(8)} | {"never": PARTLY, "else": NOT_SUPPORTED}
    told = changes(PARTLY, others)
    assert told.startswith('It would read "supported" at 0; at 1')
    assert "and 2 more" in told
    assert told.endswith('It would read "not supported" else.')
    assert "never" not in told


def test_the_sum_buys_its_dollars_over_the_cost_of_a_watt(facts):
    mw = bought(facts, 1.3)
    cost = facts["value"]["building_cost_tokyo"] * (1.0 + facts["value"]["ai_building_premium"])
    assert mw.with_servers.value == pytest.approx(10e9 / facts["value"]["campus_cost"] / 1e6)
    assert mw.shells.value == pytest.approx(10e9 / cost / 1e6)
    for item in (mw.shells, mw.with_servers):
        assert item.low <= item.value <= item.high


def test_twice_the_sum_buys_twice_the_power(facts):
    twice = facts.assign(value=facts["value"].where(facts.index != "microsoft_investment", 20.0))
    assert bought(twice, 1.3).shells.high == pytest.approx(2.0 * bought(facts, 1.3).shells.high)


def test_gpus_draw_their_systems_power_times_pue(facts):
    need = drawn_by_gpus(facts)
    assert need.value == pytest.approx(10_800 * 14.3 / 8 * 1.11 / 1e3)
    assert (need.low, need.high) == pytest.approx(
        (10_000 * 14.3 / 8 * 1.11 / 1e3, 10_800 * 14.3 / 8 * 1.53 / 1e3)
    )


@pytest.fixture
def near():
    """Three sites in a ring, one of them in another area, and a pair apart."""
    ends = [("a", "b"), ("a", "c"), ("b", "c"), ("d", "e")]
    index = pd.MultiIndex.from_tuples(ends, names=["site0", "site1"])
    return pd.DataFrame({"rtt_ms": 1.0, "holds": [True, True, False, True]}, index=index)


def test_groups_count_sites_power_and_areas(near):
    sites = pd.DataFrame(
        {"area": ["x", "x", "y", "z", "z"], "request_mw": [10.0, 20.0, NAN, 60.0, 10.0]}, index=list("abcde")
    )
    groups = groups_of(near, sites)
    assert (groups.sites, groups.mw, groups.areas, groups.widest) == (3.0, 30.0, ("x", "y"), 3.0)
    assert groups.share == groups.across == pytest.approx(0.3)
    assert (groups.pairs, groups.holding) == (4.0, 3.0)


def test_without_pairs_there_are_no_groups(near):
    groups = groups_of(near.iloc[:0], pd.DataFrame({"area": [], "request_mw": []}))
    assert groups.sites == groups.share == groups.widest == 0.0


def test_a_figure_is_printed_with_range_and_unit():
    assert str(Quantity("x", 0.0, 0.0, 2336.4, "MW", "")) == "0 [0 to 2,336] MW"
    assert str(Quantity.of("x", 0.4, unit="-", source="")) == "0.400"
    assert [shown(-0.0, "MW"), shown(2026.75, "calendar year"), shown(NAN, "ms")] == [
        "0",
        "2026.75",
        "not known",
    ]


def test_a_range_holds_its_value_and_leaves_out_what_is_unknown():
    item = Quantity.over("x", 2.0, [NAN, 1.0], unit="MW", source="")
    assert (item.low, item.high) == (1.0, 2.0)


def test_sources_are_named_once_in_turn_and_folded():
    told = cited(["a (b; c); d", "e"], ["f | g", "a (b; c)"], ["h " * 200], [NAN])
    assert told[:3] == ("a (b; c)", "f", told[2])
    assert told[2].endswith("...")
    assert len(told[2]) < 170
    assert len(cited([str(number) for number in range(9)])) == MOST_SOURCES


def test_what_would_break_a_table_is_escaped(made):
    text = made.markdown()
    assert "a \\| b" in text
    assert "somebody \\| else" in text
    assert "Line and \\| pipe." in text
    assert table(["x"], [["<b> a\\b"]]).endswith("| &lt;b> a\\\\b |\n")


def test_every_row_of_every_table_has_the_columns_of_its_head(found):
    width = 0
    for line in found.markdown().splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (width and cells) or cells == width, line
        width = cells


def test_the_head_says_what_was_replaced_and_no_date(made):
    text = made.markdown()
    assert "`route_factor` = 1.5 - (default 1.65)" in text
    assert "years 2030 to 2034, judged in 2034" in text
    assert "sites 000000000000." in text


def test_answers_are_one_row_for_each_claim_in_order(found):
    assert list(found.table.index) == [2, 8]
    assert list(found.table.columns) == list(TABLE)
    assert set(found.table["verdict"]) <= set(VERDICTS)
    assert (found.table["low"] <= found.table["figure"]).all()
    assert (found.table["figure"] <= found.table["high"]).all()


def test_further_figures_all_have_units_and_sources(found):
    assert list(found.details.columns) == list(DETAILS)
    assert found.details[["quantity", "unit", "source"]].map(bool).all(axis=None)
    assert set(found.details["claim"]) == {2, 8}


def test_every_figure_of_the_page_is_in_the_tables(found):
    text = found.markdown()
    for answer in found.answers:
        assert f"## Claim {answer.claim}: {answer.verdict}" in text
        assert RULES[answer.claim].replace("<", "&lt;") in text
        assert all(shown(item.value, item.unit) in text for item in answer.details)


def test_files_are_written_whole_and_the_same_bytes_each_time(found, tmp_path):
    one, other = (found.write(tmp_path / name) for name in ("one", "other"))
    assert {path.name for path in one.iterdir()} == FILES
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)
    summary = json.loads((one / "summary.json").read_text(encoding="utf-8"))
    assert summary["verdicts"]["8"] == found.table["verdict"][8]
    assert set(summary["files"]) == FILES
    assert len(pd.read_csv(one / "tanaka_details.csv")) == len(found.details)


def test_a_folder_is_replaced_only_when_asked_and_keeps_what_is_somebody_elses(made, tmp_path):
    folder = made.write(tmp_path / "out")
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        made.write(folder)
    again = replace(made.answers[0], verdict=SUPPORTED)
    Answers(made.claims, (again,), made.provenance).write(folder, overwrite=True)
    assert (folder / "note.txt").is_file()
    assert "## Claim 2: supported" in (folder / "tanaka.md").read_text(encoding="utf-8")


def test_all_that_is_wrong_with_what_is_asked_is_one_error():
    with pytest.raises(ValueError, match=r"no claim 9.*2050.*draws must be at least 1"):
        tm.reproduce.tanaka(claims=(9,), years=(2030, 2050), draws=0)
    with pytest.raises(ValueError, match="outlook"):
        tm.reproduce.tanaka(demand="huge")
    with pytest.raises(ValueError, match="route_factor"):
        tm.reproduce.tanaka(assume={"route_facto": 1.5})


def test_a_wrong_assumption_is_a_matter_of_usage():
    answer = CliRunner().invoke(app, ["reproduce", "--assume", "route_facto=1.5"])
    assert answer.exit_code == 2


@pytest.mark.slow
def test_short_load_by_area_is_that_of_a_solve():
    study = tm.japan(year=2034, demand="high", assume={"tie_level": -1.0})
    found = answer_of_year(study.tables, study.settings, tm.assumptions.resolve({"tie_level": -1.0}))
    assert found.gap_mw == pytest.approx(2_336, abs=1.0)
    assert found.left_mw()["tokyo"] == pytest.approx(0.0, abs=1e-6)
    assert (found.movable_mw().max(axis=1) <= found.areas["new_mw"][found.movable_mw().index] + 1e-6).all()


@pytest.mark.slow
def test_years_by_area_are_those_of_a_solve():
    study = tm.japan(year=2033, demand="high", assume={"tie_level": -1.0})
    areas = study.solve(draws=0).areas.sort_index()
    found = answer_of_year(study.tables, study.settings, tm.assumptions.resolve({"tie_level": -1.0})).areas
    pd.testing.assert_series_equal(found["gap_mw"], areas["joint_gap_mw"], check_names=False, atol=1e-3)
    pd.testing.assert_series_equal(found["new_mw"], areas["new_load_mw"], check_names=False)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("tanaka") / "out"
    answer = CliRunner().invoke(app, ["reproduce", "--out", str(out)])
    assert answer.exit_code == 0, answer.output
    return out, answer.output


@pytest.mark.slow
def test_the_command_answers_all_eight_claims_within_80_columns(written):
    out, told = written
    answers = pd.read_csv(out / "tanaka.csv")
    assert list(answers["number"]) == list(range(1, 9))
    assert set(answers["verdict"]) <= set(VERDICTS)
    assert "tanaka.md" in told
    # The line that says where the answers are is never broken: its path is there to be copied.
    assert max(len(line) for line in told.splitlines() if not line.startswith("Answers: ")) <= 80
    assert {path.name for path in out.iterdir()} == FILES


@pytest.mark.slow
def test_the_same_seed_gives_the_same_files(written, tmp_path):
    out, _ = written
    again = tm.reproduce.tanaka().write(tmp_path / "again")
    assert all((out / name).read_bytes() == (again / name).read_bytes() for name in FILES)


@pytest.mark.slow
def test_other_assumptions_change_verdicts():
    assume = {"tie_level": -1.0, "lead_time_level": 1.0}
    moved = tm.reproduce.tanaka(claims=(2, 3, 8), years=(2034,), draws=50, assume=assume).table["verdict"]
    assert (moved[2], moved[3], moved[8]) == (SUPPORTED, NOT_SUPPORTED, SUPPORTED)
    other = tm.reproduce.tanaka(claims=(3,), years=(2034,), demand="outlook").table["verdict"]
    assert other[3] == CANNOT_TELL


@pytest.mark.slow
def test_assumptions_of_the_sun_reach_the_contract():
    moved = tm.reproduce.tanaka(claims=(4,), years=(2034,), assume={"solar_loss": 0.2})
    plain = tm.reproduce.tanaka(claims=(4,), years=(2034,))
    energy = [each.details["value"].iloc[0] for each in (moved, plain)]
    assert energy[0] < energy[1]
