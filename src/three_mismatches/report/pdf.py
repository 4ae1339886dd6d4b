"""A report as a PDF: A4, set in our own fonts so that it can be searched, pictures drawn as lines."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from three_mismatches.maps.style import METADATA, SAVING, drawing, own_settings, readable
from three_mismatches.report.pages import HEIGHT, SIDE, TEXT_WIDTH, Pages
from three_mismatches.report.ruled import least_height, set_sheet
from three_mismatches.report.story import Block, Bullets, Paragraph, Picture, Section, Sheet, Story
from three_mismatches.report.typeset import Type, width_of, wrap

__all__ = ["pages_of", "write_pdf"]

TITLE = Type(25.0, 32.0, bold=True)
SUBTITLE = Type(12.0, 17.0, colour="quiet")
HEADING = Type(15.0, 20.0, bold=True)
BODY = Type(9.6, 14.6)
CAPTION = Type(8.2, 11.6, colour="quiet")
BETWEEN = 7.0
BELOW_FIGURE = 5.0
LEAST_SCALE = 0.78
"""Drawn smaller than this on an upright page, a wide picture gets a page across instead."""

SMALLER = 0.62
"""A picture shrinks to this, of what fits the width, rather than leave the rest of a page empty."""


def write_pdf(story: Story, path: str | Path) -> Path:
    """
    Write a report as a PDF, the same bytes for the same report.

    Parameters
    ----------
    story
        What the report says.
    path
        The file that is to be.

    Returns
    -------
    path
        Where it was written.
    """
    told = {"Title": readable(story.title), "Subject": readable(story.subtitle)}
    with drawing(story.lang), own_settings(SAVING), PdfPages(path, metadata=told | METADATA[".pdf"]) as pdf:
        for page in pages_of(story):
            pdf.savefig(page)
    return Path(path)


def pages_of(story: Story) -> tuple[Figure, ...]:
    """
    Return the pages of a report as figures; only a PDF shows the pictures on them.

    Parameters
    ----------
    story
        What the report says.
    """
    with drawing(story.lang):
        pages = Pages()
        _set_title(pages, story)
        for section in story.sections:
            _set_section(pages, section)
        return pages.numbered()


def _set_title(pages: Pages, story: Story) -> None:
    pages.at += 40.0
    pages.text(readable(story.title), TITLE)
    pages.skip(6.0)
    pages.text(readable(story.subtitle), SUBTITLE)
    pages.skip(14.0)
    pages.rule(left=SIDE, right=SIDE + TEXT_WIDTH, weight=1.2, colour="gap")
    pages.skip(16.0)


def _set_section(pages: Pages, section: Section) -> None:
    first = section.blocks[0] if section.blocks else None
    if pages.waiting and isinstance(first, Picture | Sheet):
        pages.turn()  # else what waits would part the heading from what it heads
    pages.skip(14.0)
    pages.need(HEADING.lead + _least(pages, first))
    pages.text(readable(section.heading), HEADING)
    pages.skip(4.0)
    for block in section.blocks:
        _set_block(pages, block)
        pages.skip(BETWEEN)


def _least(pages: Pages, block: Block | None) -> float:
    """Return the room that a heading needs below itself, so that something follows it on its page. [pt]"""
    if isinstance(block, Picture) and not _is_across(block):
        return _caption_height(pages, block) + _size(block)[1] * SMALLER * _fit(block)
    return least_height(block) if isinstance(block, Sheet) else 3 * BODY.lead


def _set_block(pages: Pages, block: Block) -> None:
    match block:
        case Paragraph():
            pages.text(readable(block.text), BODY)
        case Bullets():
            _set_bullets(pages, block)
        case Picture():
            _set_picture(pages, block)
        case Sheet():
            set_sheet(pages, block)


def _set_bullets(pages: Pages, block: Bullets) -> None:
    """Set texts, each with its mark in the margin of it."""
    marks = [f"{at}." if block.numbered else "•" for at in range(1, len(block.items) + 1)]
    indent = max((width_of(mark, BODY) for mark in marks), default=0.0) + 6.0
    for mark, item in zip(marks, block.items, strict=True):
        lines = wrap(readable(item), BODY, width=TEXT_WIDTH - indent)
        pages.need(min(len(lines), 2 if len(lines) != 3 else 3) * BODY.lead)
        pages.line(mark, BODY, x=SIDE)
        pages.text(readable(item), BODY, indent=indent)
        pages.skip(2.5)


def _set_picture(pages: Pages, picture: Picture) -> None:
    """Set a picture with its caption, whole on one page; one that lies across waits for the page to be full."""
    if _is_across(picture):
        pages.waiting.append(lambda: _draw_picture(pages, picture))
        return
    if pages.waiting or pages.room < SMALLER * _fit(picture) * _size(picture)[1] + _caption_height(
        pages, picture
    ):
        pages.turn()
    _draw_picture(pages, picture)


def _draw_picture(pages: Pages, picture: Picture) -> None:
    room = pages.room - _caption_height(pages, picture)
    pages.embed(picture.figure, scale=min(_fit(picture), room / _size(picture)[1]))
    pages.skip(BELOW_FIGURE)
    pages.text(readable(picture.caption), CAPTION)


def _size(picture: Picture) -> tuple[float, float]:
    """Return the width and height of a picture. [pt]"""
    width, height = picture.figure.get_size_inches()
    return 72.0 * float(width), 72.0 * float(height)


def _fit(picture: Picture) -> float:
    """Return how much smaller a picture is drawn so that its page is wide enough; none is drawn larger."""
    room = HEIGHT - 2 * SIDE if _is_across(picture) else TEXT_WIDTH
    return min(room / _size(picture)[0], 1.0)


def _is_across(picture: Picture) -> bool:
    width, height = _size(picture)
    return width > height and TEXT_WIDTH / width < LEAST_SCALE


def _caption_height(pages: Pages, picture: Picture) -> float:
    lines = wrap(readable(picture.caption), CAPTION, width=pages.width - 2 * SIDE)
    return BELOW_FIGURE + len(lines) * CAPTION.lead
