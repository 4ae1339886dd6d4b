"""The report as files: text that stays text, pages that hold what is on them, a folder that is whole."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from itertools import combinations
from types import ModuleType, SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from shapely.geometry import Point, box

from three_mismatches.export import atomic_folder, write_geopackage, write_json
from three_mismatches.language import speaking
from three_mismatches.maps.base import new_figure
from three_mismatches.maps.style import drawing
from three_mismatches.report import files, write_report
from three_mismatches.report.files import spatial_tables
from three_mismatches.report.markdown import markdown
from three_mismatches.report.pages import BOTTOM, FOOT, SIDE, TOP
from three_mismatches.report.pdf import pages_of, write_pdf
from three_mismatches.report.printed import cells, number
from three_mismatches.report.story import Bullets, Column, Paragraph, Picture, Section, Sheet, Story
from three_mismatches.report.typeset import Type, width_of, wrap

NASTY = "<script>alert(1)</script> | `a` $x$ *b* [c](d) \n# e _f_ 🚀 \u202eabc"
BODY = Type(9.6, 14.6)
COLUMNS = (
    Column("name", "Site"),
    Column("mw", "Request of the grid", "MW", 1),
    Column("ms", "Round trip", "ms", 2),
)


def make_sheet(count: int = 3, *, name: str = "a | b") -> Sheet:
    rows = {"name": [name] * count, "mw": np.linspace(1234.56, 9.0, count), "ms": 0.5, "more": "kept"}
    return Sheet(
        "by_site", pd.DataFrame(rows, index=pd.Index(range(count), name="site")), COLUMNS, "Every site"
    )


def make_picture(name: str = "one", *, width: float = 5.6, height: float = 4.0) -> Picture:
    with drawing():
        figure = new_figure(width, height)
        figure.add_axes((0.1, 0.1, 0.8, 0.8)).plot([0, 1], [0, 1])
    return Picture(name, figure, "What is <seen>", "A line that rises")


def make_story(*blocks, lang="en") -> Story:
    return Story("Three mismatches", "Testland, 2034", lang, (Section("only", "Every thing", blocks),))


def boxes(page: Figure) -> list:
    # Of this renderer letters are as wide as in a PDF, not rounded to dots.
    renderer = RendererSVG(page.bbox.width, page.bbox.height, io.StringIO())
    return [text.get_window_extent(renderer) for text in page.texts if text.get_text()]


def digests(folder) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


@pytest.fixture
def result(monkeypatch):
    """Return a small result, with stand-ins for what tells its story and for the page of the browser."""
    blocks = [Paragraph("Words"), make_picture(width=1.0, height=0.8), make_sheet()]
    contents, page = ModuleType("contents"), ModuleType("html")
    contents.story = lambda found, *, lang, ensemble: make_story(*blocks, lang=lang)
    page.html = lambda story, **_: f"<title>{story.title}</title>"
    monkeypatch.setitem(sys.modules, "three_mismatches.report.contents", contents)
    monkeypatch.setitem(sys.modules, "three_mismatches.report.html", page)
    monkeypatch.setattr(files, "summary", lambda found: {"name": "Testland"})
    points = gpd.GeoDataFrame(
        {"name": ["A", "B"]}, index=["a", "b"], geometry=[Point(0, 0), Point(1, 1)], crs=4326
    )
    areas = points.set_geometry([box(0, 0, 1, 1), box(1, 0, 2, 1)])
    ties = pd.DataFrame(
        {"area0": ["a", None], "area1": ["b", "a"], "flow_mw": [1.0, 2.0]}, index=["t", "fence"]
    )
    routes = pd.DataFrame({"node0": ["a"], "node1": ["b"], "length": [9.0]}, index=["r"])
    none = points.iloc[:0]
    return SimpleNamespace(
        sites=points, areas=areas, ties=ties, hubs=points, places=points, buses=none, lines=none, delay=None,
        fibre=SimpleNamespace(fibre_nodes=points, fibre_routes=routes), grid=SimpleNamespace(pockets=none),
        latency=pd.DataFrame({"rtt_ms": [1.0]}), fleet=pd.DataFrame({"value": [1.0]}),
    )  # fmt: skip


def test_numbers_have_decimals_and_thousands_and_say_what_is_unknown():
    found = [number(value, decimals=1) for value in (12345.67, -2.0, -0.01, np.nan, np.inf)]
    assert found == ["12,345.7", "−2.0", "0.0", "unknown", "unlimited"]
    with speaking("ja"):
        assert number(np.nan, decimals=0) == "不明"


def test_a_column_of_the_index_is_printed_too():
    sheet = Sheet("s", make_sheet().rows, (Column("site", "Id"),), "c")
    assert cells(sheet) == [["0"], ["1"], ["2"]]


def test_user_text_in_markdown_is_escaped_and_stays_on_its_line():
    told = markdown(make_story(Paragraph(NASTY), make_sheet(1, name=NASTY)))
    row = next(line for line in told.splitlines() if line.startswith("| \\<script"))
    assert (
        "\\<script\\>alert(1)\\</script\\> \\| \\`a\\` \\$x\\$ \\*b\\* \\[c\\](d) \\# e \\_f\\_ 🚀 abc"
        in told
    )
    assert len(re.findall(r"(?<!\\)\|", row)) == 4
    assert "\u202e" not in told


def test_a_line_of_markdown_that_begins_like_a_list_does_not_make_one():
    told = markdown(make_story(Paragraph("1. not a list"), Paragraph("- nor this"), Paragraph("# nor that")))
    assert "1\\. not a list\n\n\\- nor this\n\n\\# nor that" in told


def test_markdown_links_pictures_and_addresses():
    told = markdown(make_story(make_picture(), Paragraph("See https://example.org/a_b?c=1.")))
    assert "![A line that rises](figures/one.png)\n\n*What is \\<seen\\>*" in told
    assert "See <https://example.org/a_b?c=1>." in told


def test_a_table_of_markdown_has_right_aligned_numbers_with_units():
    told = markdown(make_story(make_sheet()))
    assert "| Site | Request of the grid \\[MW\\] | Round trip \\[ms\\] |\n| --- | ---: | ---: |" in told
    assert "| a \\| b | 1,234.6 | 0.50 |" in told


def test_a_long_table_is_cut_and_names_the_file_that_is_whole():
    told = markdown(make_story(make_sheet(90)))
    assert told.count("| 0.50 |") == 40
    assert "The first 40 of 90 rows; all of them are in [by_site.csv](tables/by_site.csv)." in told


def test_lists_are_marked_or_numbered():
    told = markdown(make_story(Bullets(("one", "two")), Bullets(("three",), numbered=True)))
    assert "- one\n- two\n\n1. three" in told


@pytest.mark.parametrize(
    ("lang", "text"), [("en", "words of a sentence " * 20), ("ja", "電力（系統）と光ファイバー、需要。" * 20)]
)
def test_lines_are_as_long_as_they_may_be_and_nothing_is_lost(lang, text):
    with drawing(lang):
        lines = wrap(text.strip(), BODY, width=300.0)
        assert max(width_of(line, BODY) for line in lines) <= 300.0
        assert min(width_of(line, BODY) for line in lines[:-1]) > 240.0
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one():
    with drawing("ja"):
        lines = [
            line
            for width in range(60, 120)
            for line in wrap("電力（系統）、需要「余力」。" * 4, BODY, width=width)
        ]
    assert not [line for line in lines if line[0] in "）、」。" or line[-1] in "（「"]


def test_a_word_wider_than_a_line_is_cut():
    lines = wrap("x" * 300, BODY, width=200.0)
    assert len(lines) > 5
    assert max(width_of(line, BODY) for line in lines) <= 200.0


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_text_of_a_page_leaves_the_margins_or_lies_on_other_text(lang):
    long = "送電網 and a network " * 300
    sheet = make_sheet(60, name="苫小牧AIデータセンター " + "y" * 90 + NASTY)
    story = make_story(Paragraph(long), Bullets((long[:200], "x" * 400)), make_picture(), sheet, lang=lang)
    pages = pages_of(story)
    for page in pages:
        width, height = page.bbox.size
        drawn = boxes(page)
        assert min(box.x0 for box in drawn) > SIDE - 2
        assert max(box.x1 for box in drawn) < width - SIDE + 2
        assert max(box.y1 for box in drawn) < height - TOP + 3
        assert sorted(box.y0 for box in drawn)[1] > BOTTOM - 3 > FOOT
        # Lines may touch, as letters without descenders do.
        inner = [box.padded(0, -1.6) for box in drawn]
        assert not [pair for pair in combinations(inner, 2) if pair[0].overlaps(pair[1])]


def test_every_page_has_its_number_and_every_page_of_a_table_its_heading():
    pages = pages_of(make_story(make_sheet(120)))
    words = [[text.get_text() for text in page.texts] for page in pages]
    assert len(pages) > 1
    assert [f"{at} / {len(pages)}" in found for at, found in enumerate(words, start=1)] == [True] * len(pages)
    assert all("Site" in found for found in words)


def test_a_wide_table_lies_across_its_pages_and_what_follows_stands_upright():
    rows = pd.DataFrame({f"c{at}": ["送電網の施設 of some name"] * 80 for at in range(13)})
    wide = Sheet("wide", rows, tuple(Column(name, f"Heading {name}") for name in rows), "Wide")
    pages = pages_of(make_story(Paragraph("Before"), wide, Paragraph("After")))
    sizes = [page.get_figwidth() > page.get_figheight() for page in pages]
    assert sizes == [False, *[True] * (len(pages) - 2), False]
    assert max(box.x1 for box in boxes(pages[1])) < pages[1].bbox.width - SIDE + 2


def test_a_heading_is_not_parted_from_its_table_by_a_picture_that_waits():
    first = Section("a", "First", (make_picture(width=14.0, height=7.0),))
    pages = pages_of(Story("T", "t", "en", (first, Section("b", "Second", (make_sheet(80),)))))
    words = [[text.get_text() for text in page.texts] for page in pages]
    assert [{"Second", "Every site"} <= set(found) for found in words[:3]] == [False, False, True]


def test_a_wide_picture_lies_across_a_page_of_its_own_after_the_text_that_follows_it():
    wide = make_picture(width=14.0, height=7.0)
    pages = pages_of(make_story(wide, Paragraph("After"), Paragraph("words " * 2000)))
    sizes = [page.get_figwidth() > page.get_figheight() for page in pages]
    assert sizes[:3] == [False, True, False]
    assert "After" in [text.get_text() for text in pages[0].texts]


def test_no_page_is_empty():
    for blocks in ((), (make_picture(width=14.0, height=7.0),), (make_picture(height=9.0),) * 2):
        for page in pages_of(make_story(*blocks)):
            assert len(page.texts) > 1


def test_the_pictures_of_a_pdf_are_as_they_were_afterwards():
    picture = make_picture()
    before = (picture.figure.dpi, tuple(picture.figure.get_size_inches()))
    pages_of(make_story(picture))
    assert (picture.figure.dpi, tuple(picture.figure.get_size_inches())) == before


def test_a_pdf_is_the_same_bytes_each_time_and_carries_no_date(tmp_path):
    paths = [write_pdf(make_story(make_picture(), make_sheet()), tmp_path / f"{at}.pdf") for at in "ab"]
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert b"Three mismatches" in first
    assert b"CreationDate" not in first


@pytest.mark.slow
def test_a_report_is_every_file_the_same_bytes_each_time(result, tmp_path):
    first = digests(write_report(result, tmp_path / "a"))
    names = {
        "report.html",
        "report.md",
        "report.pdf",
        "summary.json",
        "tables/tables.gpkg",
        "tables/by_site.csv",
    }
    assert names | {f"figures/one.{suffix}" for suffix in ("png", "svg", "pdf")} <= set(first)
    assert digests(write_report(result, tmp_path / "b")) == first


def test_the_geopackage_has_ties_and_routes_as_lines(result, tmp_path):
    found = write_geopackage(spatial_tables(result), tmp_path / "tables.gpkg")
    layers = {str(name) for name, _ in pyogrio.list_layers(found)}
    assert layers == {"sites", "areas", "ties", "fibre_nodes", "fibre_routes", "hubs", "places"}
    ties = gpd.read_file(found, layer="ties")
    assert ties.geometry.iloc[0].length > 0
    assert ties.geometry.iloc[1] is None


def test_a_folder_that_is_there_is_refused_before_any_work(result, tmp_path, monkeypatch):
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "three_mismatches.report.contents", None)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_report(result, tmp_path)


def test_a_report_lists_its_files(result, tmp_path):
    folder = write_report(result, tmp_path / "a", lang="ja")
    listed = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["files"]
    assert set(listed) == set(digests(folder))
    assert {"report.html", "report.md", "report.pdf", "figures/one.svg", "tables/by_site.csv"} <= set(listed)


def test_a_new_report_keeps_the_files_of_others_and_none_of_its_old_ones(tmp_path):
    with atomic_folder(tmp_path / "a") as part:
        for name in ("figures", "tables"):
            (part / name).mkdir()
            (part / name / "ours").touch()
        write_json({"files": ["figures/ours", "tables/ours"]}, part / "summary.json")
    (tmp_path / "a" / "figures" / "mine.txt").touch()
    with atomic_folder(tmp_path / "a", overwrite=True) as part:
        write_json({}, part / "summary.json")
    assert set(digests(tmp_path / "a")) == {"figures/mine.txt", "summary.json"}
    assert not (tmp_path / "a" / "tables").exists()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not installed")
@pytest.mark.parametrize(("lang", "words"), [("en", "Where power is"), ("ja", "電力と光ファイバー、需要")])
def test_the_text_of_a_pdf_can_be_searched(tmp_path, lang, words):
    path = write_pdf(make_story(Paragraph(words), lang=lang), tmp_path / "a.pdf")
    found = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True).stdout.decode()
    assert words in found
