"""Tables on pages: columns as wide as what they hold, the heading repeated on every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from three_mismatches.maps.style import readable
from three_mismatches.report import printed
from three_mismatches.report.markdown import rows_left_out
from three_mismatches.report.pages import HEIGHT, SIDE, TEXT_WIDTH, WIDTH, Pages
from three_mismatches.report.story import Sheet
from three_mismatches.report.typeset import Type, longest_word, width_of, wrap

__all__ = ["least_height", "set_sheet"]

CAPTION = Type(8.6, 12.0, bold=True)
NOTE = Type(7.6, 11.0, colour="quiet")
SIZES = (7.6, 7.0, 6.4, 5.8)
"""Sizes of the type that are tried, until the longest words fit. [pt]"""

LEADING = 1.36
GUTTER = 9.0
PADDING = 2.2
ROWS_PRINTED, SITES_PRINTED = 120, 400
"""Rows of a table on paper: a long list of sources is for the file that has them all."""

NAME_WIDTH = 7.5
"""Least width of a column of longer texts, over the size of the type."""

HEAD_LINES, CELL_LINES = 3, 12
FIRST_ROWS = 2
"""Rows that stand with the heading of their table."""
WIDEST_WORD = 110.0
"""A longer word, a web address mostly, may be cut. [pt]"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ruled:
    """A table ready to be set, upright or across: where its columns begin, their widths [pt] and words in lines."""

    kind: Type
    across: bool
    lefts: Floats
    widths: Floats
    numeric: tuple[bool, ...]
    head: tuple[list[str], ...]
    rows: tuple[tuple[list[str], ...], ...]


def set_sheet(pages: Pages, sheet: Sheet) -> None:
    """
    Set a table with its caption above it, over as many pages as it takes.

    Parameters
    ----------
    pages
        Where it is set.
    sheet
        The table; of a very long one the first rows.
    """
    ruled, caption = _ruled(sheet), readable(sheet.caption)
    _make_room(pages, ruled, caption)
    pages.text(caption, CAPTION, keep=9)
    _set_head(pages, ruled)
    for row in ruled.rows:
        if pages.room < _height(row, ruled.kind) and not pages.is_empty:
            pages.turn(across=ruled.across)
            _set_head(pages, ruled)
        _set_row(pages, ruled, row)
    if len(sheet.rows) > len(ruled.rows):
        pages.skip(3.0)
        pages.text(
            rows_left_out(len(sheet.rows), shown=len(ruled.rows), file=f"tables/{sheet.name}.csv"), NOTE
        )
    if ruled.across:
        pages.turn()


def least_height(sheet: Sheet) -> float:
    """Return the room that the caption, the heading and the first rows of a table take, if it stands upright. [pt]"""
    ruled = _ruled(sheet)
    return 0.0 if ruled.across else _first_height(ruled, readable(sheet.caption))


def _make_room(pages: Pages, ruled: Ruled, caption: str) -> None:
    """Turn the page where a table does not begin on it: a wide one, or one that would be parted from its heading."""
    if ruled.across:
        pages.turn(across=True)
        return
    first = _first_height(ruled, caption)
    rest = sum(_height(row, ruled.kind) for row in ruled.rows[FIRST_ROWS:])
    if pages.waiting and pages.room < first + rest:
        pages.turn()  # no picture between the pages of a table
    pages.need(first)


def _first_height(ruled: Ruled, caption: str) -> float:
    rows = sum(_height(row, ruled.kind) for row in (ruled.head, *ruled.rows[:FIRST_ROWS]))
    return rows + len(wrap(caption, CAPTION, width=TEXT_WIDTH)) * CAPTION.lead


def _ruled(sheet: Sheet) -> Ruled:
    """Return a table with its columns fitted to the page."""
    head = [printed.heading(column) for column in sheet.columns]
    rows = [
        [readable(cell) for cell in row]
        for row in printed.cells(sheet, most=SITES_PRINTED if sheet.per_site else ROWS_PRINTED)
    ]
    numeric = tuple(printed.is_number(sheet, column) for column in sheet.columns)
    kind, widths, across = _fitted(head, rows, numeric)
    lefts = SIDE + np.concatenate([[0.0], np.cumsum(widths + GUTTER)])[: len(widths)]
    bold = replace(kind, bold=True)
    return Ruled(
        kind, across, lefts, widths, numeric,
        tuple(wrap(word, bold, width=width) for word, width in zip(head, widths, strict=True)),
        tuple(
            tuple(_in_lines(cell, kind, width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        ),
    )  # fmt: skip


def _in_lines(cell: str, kind: Type, width: float) -> list[str]:
    """Return a cell as lines, not so many that its row would be taller than a page."""
    lines = wrap(cell, kind, width=width)
    if len(lines) <= CELL_LINES:
        return lines
    return [*lines[: CELL_LINES - 1], lines[CELL_LINES - 1][:-1] + "…"]


def _fitted(
    head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> tuple[Type, Floats, bool]:
    """Return the largest type in which no word is cut, the widths of the columns in it, and if the page lies across."""
    gutters = GUTTER * (len(head) - 1)
    # Headings of few lines first, then of whole words, then smaller type; and all this again across.
    ways = [(SIZES[0], HEAD_LINES), *((size, 9) for size in SIZES)]
    for across, (size, lines) in product((False, True), ways):
        kind, room = Type(size, size * LEADING), (HEIGHT if across else WIDTH) - 2 * SIDE - gutters
        least, most = _bounds(head, rows, numeric, kind, lines)
        if least.sum() <= room:
            return kind, _shared(least, most, room), across
    return kind, least * room / least.sum(), True


def _bounds(
    head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], kind: Type, lines: int
) -> tuple[Floats, Floats]:
    """Return the width of each column without a cut word, its head in few lines, and with cells on one line. [pt]"""
    bold = replace(kind, bold=True)
    least, most = [], []
    for at, title in enumerate(head):
        column = {row[at] for row in rows}
        whole = max((width_of(cell, kind) for cell in column), default=0.0)
        word = whole if numeric[at] else max((longest_word(cell, kind) for cell in column), default=0.0)
        over = max(longest_word(title, bold), 1.15 * width_of(title, bold) / lines)
        # A name of ideographs may break anywhere, but is not to be read down the page.
        text = max(min(word, WIDEST_WORD), min(whole, NAME_WIDTH * kind.size))
        narrow = max(over, word if numeric[at] else text, 12.0)
        least.append(narrow + 0.5)
        most.append(max(whole, narrow) + 0.5)
    return np.array(least), np.array(most)


def _shared(least: Floats, most: Floats, room: float) -> Floats:
    """Return widths between the bounds that fill no more than the room, what is short shared by what is wished."""
    wished = most - least
    if most.sum() <= room or wished.sum() <= 0.0:
        return most
    # Square roots: one very long text must not leave the others at their narrowest.
    widths, left = least.copy(), room - least.sum()
    for _ in range(len(least)):
        open_ = widths < most - 1e-6
        weight = np.where(open_, np.sqrt(wished), 0.0)
        if left <= 1e-6 or weight.sum() <= 0.0:
            break
        given = np.minimum(left * weight / weight.sum(), most - widths)
        widths, left = widths + given, left - given.sum()
    return widths


def _height(row: Sequence[Sequence[str]], kind: Type) -> float:
    return max((len(lines) for lines in row), default=1) * kind.lead + 2 * PADDING


def _set_head(pages: Pages, ruled: Ruled) -> None:
    pages.skip(2.0)
    bold = replace(ruled.kind, bold=True)
    tall = max((len(lines) for lines in ruled.head), default=1)
    # Headings stand on the rule below them, whatever their number of lines.
    head = [[""] * (tall - len(lines)) + lines for lines in ruled.head]
    _set_words(pages, ruled, head, bold)
    pages.at += tall * bold.lead + 2 * PADDING
    pages.rule(left=SIDE, right=_right(ruled), weight=0.8, colour="ink")


def _set_row(pages: Pages, ruled: Ruled, row: Sequence[Sequence[str]]) -> None:
    _set_words(pages, ruled, row, ruled.kind)
    pages.at += _height(row, ruled.kind)
    pages.rule(left=SIDE, right=_right(ruled), weight=0.3, colour="none")


def _set_words(pages: Pages, ruled: Ruled, row: Sequence[Sequence[str]], kind: Type) -> None:
    for lines, left, width, right in zip(row, ruled.lefts, ruled.widths, ruled.numeric, strict=True):
        for at, line in enumerate(lines):
            if line:
                below = PADDING + at * kind.lead
                pages.line(line, kind, x=float(left + width if right else left), right=right, below=below)


def _right(ruled: Ruled) -> float:
    return float(ruled.lefts[-1] + ruled.widths[-1]) if len(ruled.widths) else SIDE
