"""The report as one page: what is in it, what cannot be, and how it behaves in a browser."""

from __future__ import annotations

import re
import sys
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise, product
from types import SimpleNamespace
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from shapely.geometry import Point, box

from browser import browser, chromium
from three_mismatches import maps
from three_mismatches.report.html import html
from three_mismatches.report.spots import spots_of
from three_mismatches.report.story import Bullets, Column, Paragraph, Picture, Section, Sheet, Story
from three_mismatches.report.svg import inline_svg

HOSTILE = (
    "<script>alert(1)</script>", "\"><img src=x onerror=\"alert('x')\">", "{{7*7}} {% raw %}", "</script></style>-->",
    "مركز البيانات \u202e", "🗾 データセンター", "x" * 5000, "$x^2$ & ' `${1}` </template>",
)  # fmt: skip
VOID = {"meta", "link", "img", "input", "br", "hr"}
COLUMNS = (
    Column("name", "Site"), Column("request_mw", "Asks for", "MW"), Column("rtt_ms", "Round trip", "ms", 1),
    Column("known", "Known"),
)  # fmt: skip


class Page(HTMLParser):
    """Every element with its attributes and text; elements must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.found, self.svgs = [], [], re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        self.feed(re.sub(r"<svg.*?</svg>", "<svg></svg>", text, flags=re.DOTALL))
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        element = SimpleNamespace(tag=tag, inside=[one.tag for one in self.open], text="", given=dict(attrs))
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        for element in self.open:
            element.text += data

    def all(self, *tags):
        return [element for element in self.found if element.tag in tags]


def make_sites(names=HOSTILE) -> gpd.GeoDataFrame:
    """Return sites whose ids are as hostile as their names, the last two on one point."""
    count = len(names)
    points = [Point(3.0 + 0.2 * min(at, count - 2), 50.5) for at in range(count)]
    request = np.where(np.arange(count) == 1, np.nan, 120.0 - 10.0 * np.arange(count))
    rtt = np.where(np.arange(count) == 2, np.inf, 3.0 + np.arange(count))
    columns = {"name": names, "request_mw": request, "power_gap_mw": request / 3, "rtt_ms": rtt}
    index = pd.Index([f"{at} {name}" for at, name in enumerate(names)], name="site")
    known = {"known": [f"{at},00{at}.5" if at % 2 else "" for at in range(count)], "critical_stream": "power"}
    return gpd.GeoDataFrame({**columns, **known}, index=index, geometry=points, crs="EPSG:4326")


def make_map(sites) -> Figure:
    shape = [box(2.5, 50.0, 6.0, 51.0)]
    areas = gpd.GeoDataFrame(
        {"name": ["Land"]}, index=pd.Index(["land"], name="area"), geometry=shape, crs=4326
    )
    return maps.gap_map(sites, areas).figure


def make_story(lang="en", names=HOSTILE, *, figures: int = 1) -> Story:
    sites, text = make_sites(names), "1 < 2 & " + " ".join(names[:4])
    picture = [Picture(f"map-{at}", make_map(sites), text, f"Map. {names[0]}") for at in range(figures)]
    sheet = Sheet("sites", sites, COLUMNS, f"Sites {names[1]}", per_site=True)
    first = Section("answer", text, (Paragraph(text), Bullets((text, "b"), numbered=True), *picture))
    return Story(text, names[5], lang, (first, Section("sites", "Sites", (sheet, Bullets(("c",))))))


@cache
def page_of(lang="en") -> str:
    return html(make_story(lang, figures=2), spots=spots_of(make_sites(), lang=lang))


@cache
def parsed(lang="en") -> Page:
    return Page(page_of(lang))


def test_the_same_story_gives_the_same_bytes():
    again = html(make_story(figures=2), spots=spots_of(make_sites()))
    assert again == page_of()


def test_what_users_wrote_is_text_and_never_markup():
    page = parsed()
    assert [element.given.get("type") for element in page.all("script")] == [None]
    assert page.all("img", "iframe", "object", "embed", "link", "base", "form") == []
    assert not [name for element in page.found for name in element.given if name.startswith("on")]
    shown = [element.text for element in page.all("th") if element.given.get("scope") == "row"]
    assert shown == [name.replace("\u202e", "") for name in HOSTILE]


def test_the_page_asks_for_nothing_outside_it():
    page = parsed()
    drawn = [node.attrib for svg in page.svgs for node in ElementTree.fromstring(svg).iter()]
    given = [*drawn, *(element.given for element in page.found)]
    links = {
        element[name] for element in given for name in ("href", "src", "data", "srcset") if name in element
    }
    assert len(links) > 10
    assert all(re.match(r"#[\w-]+$|data:image/png;base64,", link) for link in links)
    assert not re.search(r"@import|url\((?!data:)", page.all("style")[0].text)


def test_its_policy_lets_only_its_own_script_and_style_run():
    policy = next(e.given["content"] for e in parsed().all("meta") if "http-equiv" in e.given)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert len(re.findall(r"(?:style|script)-src 'sha256-[\w+/=]{44}'", policy)) == 2


def test_figures_are_sound_xml_with_alternative_text_and_ids_of_their_own():
    roots = [ElementTree.fromstring(svg) for svg in parsed().svgs]
    ids = [node.attrib["id"] for root in roots for node in root.iter() if "id" in node.attrib]
    assert len(ids) == len(set(ids)) > 10
    for root in roots:
        used = {
            found
            for node in root.iter()
            for v in node.attrib.values()
            for found in re.findall(r"url\(#(.*?)\)", v)
        }
        used |= {node.attrib["href"][1:] for node in root.iter() if node.tag.endswith("use")}
        assert used <= set(ids)
        assert root.attrib["aria-label"] == f"Map. {HOSTILE[0]}"
        assert not [
            node for node in root.iter() if node.tag.split("}")[1] in {"style", "metadata", "script", "title"}
        ]


def test_ids_of_the_page_are_unique_and_its_links_lead_somewhere():
    found = [element.given["id"] for element in parsed().found if "id" in element.given]
    targets = {element.given["href"][1:] for element in parsed().all("a")}
    assert len(found) == len(set(found))
    assert targets <= set(found)


def test_each_disc_links_to_the_row_of_its_own_site():
    sites = make_sites()
    rows = {e.given["id"]: at for at, e in enumerate(e for e in parsed().all("tr") if "id" in e.given)}
    discs = re.findall(r'<a class="spot" href="#(site-\d+)" aria-label="(.*?)">', parsed().svgs[0])
    assert sorted(rows[target] for target, _ in discs) == list(range(len(sites)))
    assert ("site-0", "&lt;script&gt;alert(1)&lt;/script&gt;") in discs
    assert 'role="group"' in parsed().svgs[0][:400]


def test_a_map_of_one_site_has_its_disc_pointed_to():
    sites = make_sites(HOSTILE[:1])
    picture = Picture("one", make_map(sites), "One", "One")
    page = html(Story("T", "", "en", (Section("a", "A", (picture,)),)), spots=spots_of(sites))
    assert page.count('<a class="spot"') == 1


def test_files_of_maps_have_no_links_and_the_figure_keeps_its_own(tmp_path):
    figure = make_map(make_sites())
    text = maps.save(figure, tmp_path / "map.svg").read_text(encoding="utf-8")
    assert "#site-" not in text
    drawn = next(found for found in figure.axes[0].collections if found.get_label() == "sites")
    assert drawn.get_urls()[0].startswith("#site-")


def test_a_picture_without_sites_is_an_image():
    figure = Figure(figsize=(2, 1))
    figure.text(0.5, 0.5, "<&>")
    page = Page(html(Story("T", "", "en", (Section("a", "A", (Picture("plain", figure, "C", "Alt"),)),))))
    assert 'role="img" aria-label="Alt"' in page.svgs[0]
    assert len(page.svgs[0]) < 4000


def test_tables_name_their_rows_and_columns():
    page = parsed()
    heads = [element for element in page.all("th") if element.given.get("scope") == "col"]
    assert [head.text for head in heads] == ["Site", "Asks for [MW]", "Round trip [ms]", "Known"]
    assert [element.text for element in page.all("caption")] == [f"Sites {HOSTILE[1]}"]
    cells = [element for element in page.all("td") if element.given["class"] == "n"]
    assert [cell.text for cell in cells[:6]] == ["120", "3.0", "–", "unknown", "4.0", "1,001.5"]
    assert [cell.given["data-v"] for cell in cells[:6]] == ["120", "3", "", "", "4", "1001.5"]
    assert [cell.given["data-v"] for cell in cells if cell.text == "no path"] == ["Infinity"]


def test_headings_are_in_order_and_names_find_their_own_direction():
    levels = [int(element.tag[1]) for element in parsed().all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(e.given.get("dir") == "auto" for e in parsed().all("th") if e.given["scope"] == "row")


def test_spots_say_what_is_known_and_why():
    spot = spots_of(make_sites())[f"2 {HOSTILE[2]}"]
    assert spot.name == HOSTILE[2]
    assert spot.facts == (
        ("Asks", "100 MW"), ("Short", "33 MW"), ("Round trip", "no path"), ("Slowest", "power"),
    )  # fmt: skip


def test_japanese_letters_travel_with_the_page():
    assert 'lang="ja"' in page_of("ja")
    for lang in ("en", "ja"):
        assert page_of(lang).count("@font-face") == 2
        assert "src:url(data:font/woff;base64," in page_of(lang)
    plain = Story("T", "", "en", (Section("a", "A", (Paragraph("Latin – only"),)),))
    assert "@font-face" not in html(plain)


def test_a_page_with_many_maps_stays_small():
    assert len(page_of().encode()) < 300_000


def test_without_jinja_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r'pip install "three-mismatches\[report\]"'):
        html(make_story(names=HOSTILE[:6], figures=0))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_can_be_read_on_every_ground():
    css = (files("three_mismatches.report") / "templates" / "report.css").read_text(encoding="utf-8")
    named = dict(re.findall(r"--(\w+): (#\w{6});", css))
    inks = {named[name] for name in re.findall(r"[{;\s]color: var\(--(\w+)\)", css)}
    grounds = {named[name] for name in re.findall(r"background: var\(--(\w+)\)", css)}
    assert len(inks) >= 3
    assert len(grounds) >= 3
    for ink, ground in product(inks, grounds):
        dark, light = sorted((luminance(ink), luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


needs_browser = pytest.mark.skipif(chromium() is None, reason="no Chromium is on PATH")
SITES = ("Alpha", "Beta", "<b>Gamma</b>", "Delta 10", "Delta 9", "データ", "x" * 300, "Ω")
SPOTTED = "document.querySelectorAll('a.spot')"
TIP = "document.querySelector('#page-tip')"


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    for lang in ("en", "ja"):
        page = html(make_story(lang, SITES), spots=spots_of(make_sites(SITES), lang=lang))
        (folder / f"{lang}.html").write_text(page, encoding="utf-8")
    (folder / "hostile.html").write_text(page_of(), encoding="utf-8")
    with browser(folder) as window:
        window.folder = folder
        yield window


def column(chrome, at):
    rows = f"[...document.querySelectorAll('tbody tr')].filter((r) => !r.hidden).map((r) => r.cells[{at}].textContent)"
    return chrome.ask(rows)


def middle(chrome, element):
    """Return the middle of an element, brought into view. [px]"""
    chrome.ask(f"{element}.scrollIntoView({{ block: 'center', behavior: 'instant' }})")
    shape = "(({ left, top, width, height }) => [left + width / 2, top + height / 2])"
    return chrome.ask(f"{shape}({element}.getBoundingClientRect())")


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [1280, 768, 390, 360])
@pytest.mark.parametrize("name", ["en", "ja", "hostile"])
def test_in_a_browser_nothing_fails_and_the_page_never_scrolls_sideways(chrome, name, width):
    chrome.open(chrome.folder / f"{name}.html", width=width)
    assert chrome.ask("document.fonts.ready.then(() => 1)") == 1
    assert chrome.faults() == []
    assert chrome.ask("document.documentElement.scrollWidth") == width


@pytest.mark.slow
@needs_browser
def test_in_a_browser_headings_sort_numbers_as_numbers_with_the_unknown_last(chrome):
    chrome.open(chrome.folder / "en.html")
    button = "document.querySelectorAll('thead button')[{}].{}()"
    chrome.ask(button.format(1, "focus"))
    chrome.key("Enter", code=13, text="\r")
    assert column(chrome, 1) == ["120", "100", "90", "80", "70", "60", "50", "unknown"]
    assert chrome.ask("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    chrome.key("Enter", code=13, text="\r")
    assert column(chrome, 1) == ["50", "60", "70", "80", "90", "100", "120", "unknown"]
    chrome.ask(button.format(2, "click"))
    assert column(chrome, 2)[0] == "no path"
    chrome.ask(button.format(0, "click"))
    assert column(chrome, 0)[:5] == ["<b>Gamma</b>", "Alpha", "Beta", "Delta 9", "Delta 10"]
    assert chrome.ask("document.querySelectorAll('[aria-sort]').length") == 1


@pytest.mark.slow
@needs_browser
def test_in_a_browser_rows_are_filtered_and_a_disc_leads_to_its_row_all_the_same(chrome):
    chrome.open(chrome.folder / "en.html")
    chrome.ask("document.querySelector('.filter input').focus()")
    chrome.order("Input.insertText", text="DELTA 1")
    assert column(chrome, 0) == ["Delta 10"]
    assert chrome.ask("document.querySelector('output').textContent") == "1 of 8 rows"
    chrome.ask(f"{SPOTTED}[0].dispatchEvent(new MouseEvent('click', {{ bubbles: true, cancelable: true }}))")
    assert chrome.ask("document.querySelector('tr:target').cells[0].textContent") == "Alpha"
    assert (
        chrome.ask(
            "new Promise((told) => setTimeout(() => told(document.querySelector('tr:target').hidden)))"
        )
        is False
    )


@pytest.mark.slow
@needs_browser
def test_in_a_browser_a_disc_tells_of_its_site_when_pointed_to(chrome):
    chrome.open(chrome.folder / "en.html")
    chrome.point(*middle(chrome, f"{SPOTTED}[0]"))
    assert chrome.ask(f"{TIP}.innerText").split("\n")[0] == "Alpha"
    assert "120 MW" in chrome.ask(f"{TIP}.innerText")
    chrome.point(5, 5)
    assert chrome.ask(f"{TIP}.hidden") is True


@pytest.mark.slow
@needs_browser
def test_in_a_browser_discs_are_reached_by_keyboard(chrome):
    chrome.open(chrome.folder / "en.html")
    chrome.ask(f"{SPOTTED}[0].focus()")
    assert chrome.ask(f"{TIP}.innerText").startswith("Alpha")
    assert chrome.ask("document.activeElement.getAttribute('aria-describedby')") == "page-tip"
    chrome.key("ArrowRight", code=39)
    assert chrome.ask(f"{TIP}.innerText").startswith("<b>Gamma</b>")
    assert chrome.ask(f"[...{SPOTTED}].filter((disc) => disc.tabIndex === 0).length") == 1
    chrome.key("Escape", code=27)
    assert chrome.ask(f"{TIP}.hidden") is True


@pytest.mark.slow
@needs_browser
def test_in_a_browser_the_first_touch_tells_and_the_second_goes_to_the_row(chrome):
    chrome.open(chrome.folder / "en.html", width=390)
    chrome.order("Emulation.setTouchEmulationEnabled", enabled=True)
    place = middle(chrome, f"{SPOTTED}[0]")
    chrome.touch(place[0] + 3, place[1] + 3)
    assert chrome.ask(f"{TIP}.innerText").startswith("Alpha")
    assert chrome.ask("location.hash") == ""
    chrome.touch(*place)
    assert chrome.ask("location.hash") == "#site-0"
    chrome.order("Emulation.setTouchEmulationEnabled", enabled=False)


@pytest.mark.slow
@needs_browser
def test_in_a_browser_a_strange_script_does_not_run(chrome):
    chrome.open(chrome.folder / "en.html")
    chrome.ask("(window.strange = document.createElement('script')).textContent = 'window.ran = 1'")
    chrome.ask("document.body.append(window.strange)")
    assert chrome.ask("window.ran") is None
    assert any("Content Security Policy" in fault for fault in chrome.faults())


@pytest.mark.slow
@needs_browser
def test_in_a_browser_without_scripts_everything_is_there_to_read(chrome):
    chrome.open(chrome.folder / "en.html", scripts=False)
    tree = chrome.order("Accessibility.getFullAXTree")["nodes"]
    names = [
        node["name"]["value"] for node in tree if not node["ignored"] and node.get("name", {}).get("value")
    ]
    assert {"Alpha", "no path", "Site"} <= set(names)
    chrome.order("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.slow
@needs_browser
def test_in_a_browser_a_figure_made_small_looks_as_its_file_does(chrome, tmp_path):
    figure, seen = make_map(make_sites()), []
    maps.save(figure, tmp_path / "file.svg")
    (tmp_path / "page.svg").write_text(inline_svg(figure, prefix="p", alt="", spotted={}), encoding="utf-8")
    for name in ("file", "page"):
        shown = f"<body style='margin: 0'><img src='{name}.svg' width=1200 height=900>"
        (tmp_path / f"{name}.html").write_text(shown, encoding="utf-8")
        chrome.open(tmp_path / f"{name}.html", width=1200, height=900)
        seen.append(imread(chrome.picture(tmp_path / f"{name}.png")))
    apart = np.abs(seen[0] - seen[1])
    assert seen[0].std() > 0.05
    assert apart.mean() < 0.01
    assert (apart > 0.3).mean() < 1e-3


@pytest.mark.slow
@needs_browser
def test_in_a_browser_the_page_prints(chrome, tmp_path):
    chrome.open(chrome.folder / "ja.html")
    data = chrome.printed(tmp_path / "page.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 5
