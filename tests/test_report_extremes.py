"""The report and its maps where a study lacks what they speak of, or has too much of it."""

import re

import numpy as np
import pytest
from matplotlib.text import Text
from shapely.geometry import Point

import three_mismatches as tm
from browser import browser, chromium
from conftest import radial_layers, tables_of
from test_maps import make_areas, make_sites
from three_mismatches import maps
from three_mismatches.export import write_json
from three_mismatches.layers.settings import Settings
from three_mismatches.report.answer import five_sentences
from three_mismatches.report.html import html
from three_mismatches.report.printed import number
from three_mismatches.report.sheets import triangle, triangle_of
from three_mismatches.report.spots import spots_of
from three_mismatches.report.story import Column, Picture, Section, Sheet, Story

SITES = {
    "p1": {"geometry": Point(0.2, 0.2), "request_mw": 50.0, "use": "cloud"},
    "b1": {"geometry": Point(1.5, 0.5), "request_mw": 5.0, "use": "cloud"},
}
needs_browser = pytest.mark.skipif(chromium() is None, reason="no Chromium on PATH")
HALF = "\ud800"


def solved(*, draws: int = 0, name: str = "Radial", **layers) -> tm.Result:
    """Return the answer to the radial study with other layers."""
    return tm.Study(tables_of({**radial_layers(), **layers}), Settings(name=name)).solve(draws=draws)


@pytest.fixture(scope="module")
def dark() -> tm.Result:
    """Two sites in a study that says nothing of fibre."""
    return solved(sites=SITES, draws=10)


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def story_of(sites, figure) -> Story:
    sheet = Sheet(
        "sites", sites, (Column("name", "Site"), Column("request_mw", "Asks", "MW")), "C", per_site=True
    )
    return Story("T", "", "en", (Section("a", "A", (Picture("map", figure, "C", "Alt"), sheet)),))


def test_without_fibre_the_maps_are_drawn_and_say_that_it_is_not_known(dark):
    assert words(dark.plot()).count("not known") == 3


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_without_fibre_the_answer_does_not_call_power_out_of_reach(dark, lang):
    told = five_sentences(dark, lang=lang)[3]
    assert ("is not known" if lang == "en" else "不明") in told
    assert not re.search(r"cloud|クラウド", told)


def test_a_study_with_no_sites_is_drawn_and_asks_nothing_of_the_grid():
    empty = solved()
    assert len(empty.plot().axes) == 3
    assert five_sentences(empty)[1].startswith("Nothing new is asked of the grid")


def test_a_local_limit_is_named_as_what_binds(dark):
    assert "what binds is p;" in five_sentences(dark)[1]


def test_years_without_lead_times_are_told_as_a_lower_bound(dark):
    told = five_sentences(dark)[4]
    assert "no lead times of grid connection, building, fibre" in told
    assert "beyond the building" in told or "longer than the building" in told


def test_where_hubs_are_not_known_there_is_no_triangle(dark):
    assert triangle_of(dark) is None
    assert triangle(dark) is None


def test_what_has_no_end_is_told_as_suits_its_unit():
    assert [number(np.inf, decimals=1, unit=unit) for unit in ("ms", "years", "MW")] == [
        "no path", "no end in sight", "unlimited",
    ]  # fmt: skip


def test_thousands_of_sites_make_a_page_of_pixels_and_first_rows():
    few, many = (make_sites(count) for count in (3, 510))
    pages = [
        html(story_of(each, maps.gap_map(each, make_areas()).figure), spots=spots_of(each))
        for each in (few, many)
    ]
    assert [page.count('<a class="spot"') for page in pages] == [3, 0]
    assert [page.count('data-spot="') for page in pages] == [3, 0]
    assert "The first 500 of 510 rows; all of them are in tables/sites.csv." in pages[1]
    assert len(pages[1]) < 1_000_000


def test_sites_on_the_three_way_map_can_be_pointed_to_once_each():
    shares = {
        "critical_power": 0.5,
        "critical_generation": 0.2,
        "critical_fibre": 0.1,
        "critical_building": 0.2,
    }
    sites = make_sites(3, **shares)
    page = html(story_of(sites, maps.ternary_map(sites, make_areas()).figure), spots=spots_of(sites))
    assert re.findall(r'<a class="spot" href="#site-(\d+)"', page) == ["2", "1", "0"]


def test_half_a_letter_does_not_stop_a_report(tmp_path):
    assert "<h1>T ?</h1>" in html(Story(f"T {HALF}", "", "en", ()))
    assert (
        write_json({"name": HALF}, tmp_path / "a.json") or tmp_path / "a.json"
    ).read_text() == '{\n  "name": "?"\n}\n'


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    "layers",
    [{}, {"sites": SITES}, {"sites": SITES, "links": {}, "pockets": {}, "generators": {}}],
    ids=["no sites", "no fibre", "one area each"],
)
def test_a_study_that_lacks_nearly_all_is_reported(layers, lang, tmp_path):
    result = solved(draws=20, name=f"<script>{HALF}</script>", **layers)
    folder = result.report(tmp_path / "out", lang=lang)
    assert {"report.html", "report.pdf", "report.md"} <= {path.name for path in folder.iterdir()}
    assert "&lt;script&gt;" in (folder / "report.html").read_text(encoding="utf-8")
    assert "nan" not in (folder / "report.md").read_text(encoding="utf-8").split("## ")[1]


@pytest.mark.slow
@needs_browser
def test_in_a_browser_a_symbol_of_parts_has_a_ring_where_the_keyboard_is(tmp_path):
    shares = {
        "critical_power": 0.5,
        "critical_generation": 0.2,
        "critical_fibre": 0.1,
        "critical_building": 0.2,
    }
    sites = make_sites(3, **shares)
    page = html(story_of(sites, maps.ternary_map(sites, make_areas()).figure), spots=spots_of(sites))
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    with browser(tmp_path) as chrome:
        chrome.open(tmp_path / "page.html")
        chrome.ask("document.querySelector('a.spot').focus()")
        width = "getComputedStyle(document.querySelector('a.spot').firstElementChild).strokeWidth"
        assert float(str(chrome.ask(width)).removesuffix("px")) > 2.0
        assert chrome.ask("document.getElementById('page-tip').hidden") is False
