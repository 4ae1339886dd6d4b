"""What a report says: five sentences, tables of figures, and what would close each gap."""

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

import three_mismatches as tm
from conftest import radial_layers, tables_of
from three_mismatches.language import LANGUAGES, names_of, speaking
from three_mismatches.layers import Flag
from three_mismatches.layers.settings import Settings
from three_mismatches.report import cures, sheets
from three_mismatches.report.answer import five_sentences, reading
from three_mismatches.report.contents import story
from three_mismatches.report.story import Sheet
from three_mismatches.report.words import (
    element_names,
    elements_of,
    figure_of,
    flag_meaning,
    mw,
    table_words,
    word,
)

FIBRE = {
    "fibre_nodes": {"west": {"geometry": Point(0.5, 0.5)}, "east": {"geometry": Point(1.5, 0.5)}},
    "fibre_routes": {"we": {"node0": "west", "node1": "east", "length": 150.0, "geometry_kind": "schematic"}},
    "hubs": {"cloud-east": {"geometry": Point(1.5, 0.5), "kind": "cloud", "node": "east"}},
    "budgets": {
        "cloud": {"hub_kind": "cloud", "rtt_ms": 2.0},
        "batch": {"hub_kind": "cloud", "rtt_ms": 50.0},
    },
}
EVIL = "<script>alert(1)</script> {year} | 東京 🏭"


def solve(**sites):
    layers = {**radial_layers(), **FIBRE, "sites": sites}
    return tm.Study(tables_of(layers), Settings()).solve(draws=10)


def site(lon=0.5, lat=0.5, **columns):
    return {"geometry": Point(lon, lat), "use": "cloud", "status": "planned", **columns}


@pytest.fixture(scope="module")
def short():
    """One site that asks 40 MW where 12 are to be had, 2.4 ms of fibre from a hub that it must be 2 ms from."""
    return solve(s=site(request_mw=40.0, name=EVIL, name_ja="西の町"), t=site(1.5, request_mw=1.0))


def shown(sheet):
    """The printed columns of a sheet, by heading."""
    return {column.heading: sheet.rows[column.key] for column in sheet.columns}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_answer_has_five_sentences_and_each_ends_once(japan, lang):
    told = five_sentences(japan, lang=lang)
    stop = "。" if lang == "ja" else ". "
    assert len(told) == 5
    assert all(f"{text} ".count(stop) == 1 and text.endswith(stop.strip()) for text in told)
    assert not any("{" in text or "nan" in text for text in told)


def test_the_sentences_carry_the_headlines(japan):
    asked, power, fibre, spare, years = five_sentences(japan)
    value = japan.fleet["value"]
    assert mw(value["new_load_mw"]) in asked
    assert mw(value["joint_gap_mw"]) in power
    assert f"{value['sites_over_rtt_budget']:.0f} of" in fibre
    assert mw(value["spare_mw"]) in spare
    assert f"{value['years_lost']:.1f} years" in years


def test_the_sentences_name_what_binds_and_the_farthest_site_as_users_wrote_it(short):
    _, power, fibre, *_ = five_sentences(short)
    assert "cannot bring 28 MW" in power
    assert EVIL in fibre
    assert "西の町" in five_sentences(short, lang="ja")[2]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_study_that_knows_nothing_is_told_in_five_sentences_too(lang):
    told = five_sentences(solve(s=site(use="unspecified")), lang=lang)
    assert len(told) == 5
    assert not any("nan" in text for text in told)


def test_every_flag_table_and_reading_has_words():
    assert all(flag_meaning(flag) != flag for flag in Flag)
    assert set(solve(s=site()).tables.inputs.frames()) - {"borders"} <= set(table_words())
    assert reading("tie_level=-1") != "tie_level=-1"
    assert word("anything else") == "anything else"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234.5, "1,234"), (-0.2, "0"), (-12.0, "−12"), (math.inf, "unlimited"), (math.nan, "unknown")],
)
def test_figures_are_printed_for_readers(value, said):
    assert figure_of(value) == said


def test_elements_are_listed_by_their_names_and_the_rest_is_counted():
    with speaking("ja"):
        assert elements_of("a; b; and 12 more", {"a": "甲"}) == ["甲", "b", "ほか12件"]
    assert elements_of("-", {}) == elements_of(None, {}) == []


def test_a_tie_without_a_name_is_called_by_its_areas(short):
    row = pd.DataFrame({"area0": ["north"], "area1": ["south"]}, index=["made-of-lines"])
    areas = pd.DataFrame({"name_ja": ["北", "南"]}, index=["north", "south"])
    result = SimpleNamespace(tables=short.tables, ties=row, areas=areas)
    assert element_names(result)["made-of-lines"] == "北-南 tie"
    with speaking("ja"):
        assert element_names(result)["made-of-lines"] == "北・南間連系線"


def test_an_infinite_figure_is_told_by_its_unit():
    assert figure_of(math.inf, unit="ms") == "no path"
    assert figure_of(math.inf, unit="years") == "no end in sight"


def test_sentences_have_the_article_that_cells_have_not(japan):
    assert word("connection") == "grid connection"
    assert five_sentences(japan)[4].endswith("most often the grid connection.")


def test_names_of_ties_and_of_the_study_are_japanese_too(japan):
    with speaking("ja"):
        ties = shown(sheets.ties(japan))["連系線"]
        assert ties["fc-sakuma"] == "佐久間周波数変換設備"
        assert ties.is_unique
        assert names_of(japan.ties).tolist() == ties.reindex(japan.ties.index).tolist()
    assert story(japan, lang="ja").title == "3つのミスマッチ：日本、2034年"


def test_the_headlines_are_those_of_the_fleet(japan):
    found = shown(sheets.headlines(japan))
    assert found["As it is"]["spare_mw"] == figure_of(japan.fleet["value"]["spare_mw"])
    assert found["P10"]["years_lost"] == figure_of(japan.fleet["p10"]["years_lost"], 1)
    assert found["P10"]["spare_mw"] == ""


def test_the_site_table_has_each_whole_site_once_the_worst_first(short, japan):
    assert list(sheets.sites(short).rows.index) == ["s", "t"]
    assert len(sheets.sites(japan).rows) == japan.sites["part_of"].isna().sum()
    assert shown(sheets.sites(short))["Short, all at once"]["s"] == pytest.approx(28.0)


def test_a_gap_that_moving_cures_names_the_place_and_how_much(short):
    rows = cures.cures(short).rows.loc[["s"]]
    power = rows[rows["gap"].str.contains("MW short")].iloc[0]
    assert "28 MW" in power["gap"]
    assert "p" in power["because"]
    assert "18 MW of it would be served" in power["cure"] or "no place" in power["cure"]


def test_light_says_whether_any_route_could_do_it(short):
    rows = cures.cures(short).rows.loc[["s"]]
    light = rows[rows["gap"].str.contains("ms beyond")].iloc[0]
    row = short.sites.loc["s"]
    assert row["rtt_vacuum_ms"] + row["rtt_glass_ms"] < row["budget_ms"]
    assert light["cure"] == "a straighter route could do it; near enough for batch"


def test_light_in_glass_beyond_the_budget_is_beyond_any_route(japan):
    row = japan.sites.loc["sakura-ishikari"]
    told = cures.cures(japan).rows.loc[["sakura-ishikari"], "cure"].iloc[0]
    assert row["rtt_vacuum_ms"] + row["rtt_glass_ms"] > row["budget_ms"]
    assert told.startswith("no route can")


def test_a_tie_is_told_with_what_a_megawatt_of_it_brings(short):
    found = shown(sheets.ties(short))
    assert found["One MW more brings"].max() == pytest.approx(short.ties["shadow_price"].max())
    assert len(found["Tie"]) == len(short.ties)


def test_every_source_of_every_table_is_listed_once(japan):
    rows = sheets.licences(japan).rows
    sites = rows[rows["table"] == "Sites"]
    named = japan.tables.inputs.sites["source"].str.split(" | ", regex=False).explode()
    assert set(sites["source"]) == set(named)
    assert not rows.duplicated(["table", "source", "licence"]).any()
    assert (rows["licence"] != "").all()


def test_tables_speak_japanese(short):
    with speaking("ja"):
        found = sheets.sites(short)
    assert found.rows["name"]["s"] == "西の町"
    assert [column.heading for column in found.columns][:2] == ["サイト", "エリア"]
    assert np.isfinite(found.rows["request_mw"]).all()


def test_budgets_count_whole_sites_only(japan):
    whole = japan.sites["part_of"].isna().sum()
    assert set(shown(sheets.budgets(japan))["Of"]) == {float(whole)}


def test_what_is_slowest_beyond_the_building_is_not_called_the_slowest(japan):
    value = japan.fleet["value"]
    assert value["critical_building_mw"] > value["critical_connection_mw"]
    assert "beyond the building what is slowest" in five_sentences(japan)[4]


@pytest.mark.slow
def test_an_ensemble_adds_its_percentiles_and_the_order_of_sites(japan, japan_study):
    draws = tm.ensemble.run(japan_study, tm.ensemble.Ranges(draws=4, seed=0))
    told = story(japan, ensemble=draws)
    sheets_told = {
        block.name: block for part in told.sections for block in part.blocks if isinstance(block, Sheet)
    }
    assert "rank_stability" in {picture.name for picture in told.pictures()}
    assert sheets_told["draws"].rows.loc["spare_mw", "p50"] == figure_of(
        draws.quantiles().loc["spare_mw", "p50"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_japan_is_told_in_eight_sections_with_every_picture(japan, lang):
    told = story(japan, lang=lang)
    slugs = ["answer", "mismatches", "triangle", "sites", "cures", "uncertainty", "method", "sources"]
    assert [part.slug for part in told.sections] == slugs
    drawn = {picture.name for picture in told.pictures()}
    assert drawn >= {
        "mismatch_map", "fibre_map", "reach_curve", "ternary_map", "triangle", "desire_lines", "time_to_power_map",
        "waterfall_1", "waterfall_2", "waterfall_3",
    }  # fmt: skip
    assert all(picture.alt and picture.caption for picture in told.pictures())
