"""A report as one HTML file that asks nothing of anyone: no server, no network, no font, no other file."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from three_mismatches.language import say, speaking
from three_mismatches.maps.discs import site_url
from three_mismatches.report import printed
from three_mismatches.report.markdown import rows_left_out
from three_mismatches.report.spots import Spot
from three_mismatches.report.story import Bullets, Column, Paragraph, Picture, Sheet, Story
from three_mismatches.report.svg import Spotted, inline_svg
from three_mismatches.report.webfont import font_faces

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["html"]

FILTERED = 40
"""Rows from which on a table has a box to filter it; that of the sites always has."""

MOST_ROWS = 500
"""Rows of a table that a page holds; whole tables are files beside it."""

SPOTTED = re.compile(r'<a class="spot" href="#site-(\d+)"')

SHORT, LONG = 14, 60
"""Letters of the longest text in a column that stays on one line, and in one that needs no more room than most."""

MISSING = "–"
FIGURE = re.compile(r"−?\d{1,3}(,?\d{3})*(\.\d+)?")
"""A number in words: a column of nothing else stands to the right, and is sorted as one of numbers."""

WIDE = 600.0
"""Width from which on a figure is scrolled on a narrow screen, not shrunk until it cannot be read. [pt]"""


@dataclass(frozen=True)
class _Head:
    """A column's heading: words, unit, and its kind: (n)umbers, (s)hort texts, (t)exts, (l)ong ones."""

    words: str
    unit: str
    kind: str


@dataclass(frozen=True)
class _Cell:
    """A cell: what is read, and what a column of numbers is sorted by (nothing where it is unknown)."""

    text: str
    value: str = ""


@dataclass(frozen=True)
class _Row:
    """A row; `at` numbers the site that it is of."""

    at: int | None
    cells: tuple[_Cell, ...]


def html(story: Story, *, spots: Mapping[str, Spot] | None = None) -> str:
    """
    Return a report as one page of HTML.

    What users wrote is text in it, never markup, and its policy lets nothing run but its own script.

    Parameters
    ----------
    story
        What the report says.
    spots
        By site, what is said of it where a reader points to its disc on a map; see `spots_of`.

    Returns
    -------
    page
        The same bytes for the same story.

    Raises
    ------
    ImportError
        If Jinja2 is not installed.
    """
    template = _template()
    with speaking(story.lang):
        numbers = _numbers(story, spots or {})
        parts = _parts(story, spots or {}, numbers)
        text = _whole(template.render(**parts, css="", script="", policy=""))
    css, script = font_faces(text, lang=story.lang) + _packaged("report.css"), _packaged("report.js")
    return _whole(template.render(**parts, css=css, script=script, policy=_policy(css, script)))


def _whole(text: str) -> str:
    """Return text that a file can hold: half a letter becomes a question mark."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def _template() -> Template:
    """Return the page's template: it escapes everything but our own style, script and drawings."""
    try:
        import jinja2
    except ImportError as error:
        msg = 'an HTML report needs Jinja2: pip install "three-mismatches[report]"'
        raise ImportError(msg) from error
    made = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return made.from_string(_packaged("report.html.j2"))


@functools.cache
def _packaged(name: str) -> str:
    """Return a file that lies beside this module."""
    return (files("three_mismatches.report") / "templates" / name).read_text(encoding="utf-8")


def _policy(css: str, script: str) -> str:
    """Return what a browser may do with the page: show its one style, run its one script, and ask for nothing."""
    own = {"style-src": css, "script-src": script}
    hashes = [f"{name} '{_hash(text)}'" for name, text in own.items()]
    rest = ("img-src data:", "font-src data:", "base-uri 'none'", "form-action 'none'")
    return "; ".join(["default-src 'none'", *hashes, *rest])


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _numbers(story: Story, spots: Mapping[str, Spot]) -> dict[str, int]:
    """Return a number for each site of a table or a map: ids may hold anything, numbers are safe in links."""
    sheets = [block for section in story.sections for block in section.blocks if isinstance(block, Sheet)]
    rows = (str(site) for sheet in sheets if sheet.per_site for site in sheet.rows.index)
    return {site: at for at, site in enumerate(dict.fromkeys([*rows, *spots]))}


def _parts(story: Story, spots: Mapping[str, Spot], numbers: Mapping[str, int]) -> dict[str, object]:
    """Return what the template fills in."""
    spotted = {site_url(site): (numbers[site], spot.name) for site, spot in spots.items()}
    free = dict(numbers)
    drawn = [[_block(block, spotted, free) for block in section.blocks] for section in story.sections]
    sections = [
        {"slug": section.slug, "heading": section.heading, "blocks": blocks}
        for section, blocks in zip(story.sections, drawn, strict=True)
    ]
    drawings = (str(block.get("drawing", "")) for blocks in drawn for block in blocks)
    pointed = {int(at) for drawing in drawings for at in SPOTTED.findall(drawing)}
    told = [(numbers[site], spot) for site, spot in spots.items() if numbers[site] in pointed]
    return {"story": story, "sections": sections, "spots": told, "words": _words()}


def _block(block: object, spotted: Spotted, free: dict[str, int]) -> dict[str, object]:
    """Return one block as the template reads it."""
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": block.text}
        case Bullets():
            return {"kind": "bullets", "items": block.items, "tag": "ol" if block.numbered else "ul"}
        case Picture():
            return _picture(block, spotted)
        case Sheet():
            return _sheet(block, free)
    msg = f"a report cannot hold {type(block).__name__}"
    raise TypeError(msg)


def _picture(picture: Picture, spotted: Spotted) -> dict[str, object]:
    """Return a figure as the template reads it."""
    prefix = f"picture-{picture.name}"
    drawing = inline_svg(picture.figure, prefix=prefix, alt=picture.alt, spotted=spotted)
    return {
        "kind": "picture",
        "id": prefix,
        "drawing": drawing,
        "caption": picture.caption,
        "wide": picture.figure.get_figwidth() * 72.0 > WIDE,
        "pointed": '<a class="spot"' in drawing,
    }


def _sheet(sheet: Sheet, free: dict[str, int]) -> dict[str, object]:
    """Return a table as the template reads it; each site's first row takes its number."""
    count, sheet = len(sheet.rows), replace(sheet, rows=sheet.rows.iloc[:MOST_ROWS])
    texts = printed.cells(sheet)
    columns = [
        _column(column, [row[at] for row in texts], _floats(sheet, column))
        for at, column in enumerate(sheet.columns)
    ]
    numbers = [free.pop(str(site), None) if sheet.per_site else None for site in sheet.rows.index]
    cells = zip(*(cells for _, cells in columns), strict=True)
    rows = [_Row(at, row) for at, row in zip(numbers, cells, strict=True)]
    return {
        "kind": "sheet", "id": f"table-{sheet.name}", "caption": sheet.caption,
        "heads": [head for head, _ in columns], "rows": rows,
        "filtered": sheet.per_site or len(rows) >= FILTERED,
        "rest": rows_left_out(count, shown=len(rows), file=f"tables/{sheet.name}.csv") if count > len(rows) else "",
    }  # fmt: skip


def _floats(sheet: Sheet, column: Column) -> list[float] | None:
    """Return the values of a column of numbers, or nothing for one of texts."""
    return [float(value) for value in sheet.rows[column.key]] if printed.is_number(sheet, column) else None


def _column(column: Column, texts: list[str], values: list[float] | None) -> tuple[_Head, list[_Cell]]:
    """Return a column's heading and its cells."""
    if values is None and any(texts) and all(not text or FIGURE.fullmatch(text) for text in texts):
        values = [float(text.replace(",", "").replace("−", "-")) if text else np.nan for text in texts]
    shown = [text or MISSING for text in texts]
    if values is None:
        longest = max(map(len, texts), default=0)
        kind = "s" if longest <= SHORT else "t" if longest <= LONG else "l"
        return _Head(column.heading, column.unit, kind), [_Cell(text) for text in shown]
    cells = [_Cell(text, _sortable(value)) for text, value in zip(shown, values, strict=True)]
    return _Head(column.heading, column.unit, "n"), cells


def _sortable(value: float) -> str:
    """Return a number as a script reads it, nothing if it is unknown."""
    if np.isnan(value):
        return ""
    return f"{value:.9g}" if np.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"


def _words() -> dict[str, str]:
    """Return what the page itself says; the script fills the braces that are left."""
    return {
        "contents": say("Contents"),
        "skip": say("Skip to the text"),
        "filter": say("Filter the rows"),
        "shown": say("{shown} of {count} rows", shown="{shown}", count="{count}"),
        "hint": say("Point to a site, or go through the sites with the arrow keys, to read its figures."),
    }
