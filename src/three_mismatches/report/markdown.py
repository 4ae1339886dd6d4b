"""A report as Markdown: what users wrote stays text, pictures and whole tables are files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from three_mismatches.language import say, speaking
from three_mismatches.report import printed
from three_mismatches.report.story import Block, Bullets, Paragraph, Picture, Section, Sheet, Story

__all__ = ["markdown"]

ROWS_SHOWN = 40
SPECIAL = re.compile(r"([\\`*_\[\]{}<>#|~$&!^=])")
AT_START = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+:])")
ADDRESS = re.compile(r"https?://[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*[A-Za-z0-9\-_~/=]")


def markdown(story: Story) -> str:
    """
    Return a report as GitHub-flavoured Markdown.

    Pictures are looked for as figures/<name>.png, tables that are too long to be read whole as tables/<name>.csv.

    Parameters
    ----------
    story
        What the report says.

    Examples
    --------
    >>> print(markdown(Story("Title", "Where power is", "en", ())))
    # Title
    <BLANKLINE>
    Where power is
    <BLANKLINE>
    """
    with speaking(story.lang):
        parts = [f"# {_text(story.title)}", _text(story.subtitle)]
        parts += [part for section in story.sections for part in _section(section)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield f"## {_text(section.heading)}"
    for block in section.blocks:
        yield _block(block)


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return _text(block.text)
        case Bullets():
            marks = [f"{at}." if block.numbered else "-" for at in range(1, len(block.items) + 1)]
            return "\n".join(f"{mark} {_text(item)}" for mark, item in zip(marks, block.items, strict=True))
        case Picture():
            return f"![{_text(block.alt)}](figures/{block.name}.png)\n\n*{_text(block.caption)}*"
        case Sheet():
            return _sheet(block)


def _sheet(sheet: Sheet) -> str:
    """Return the caption, a pipe table and, if rows are left out, where they all are."""
    ends = ["---:" if printed.is_number(sheet, column) else "---" for column in sheet.columns]
    lines = [[_text(printed.heading(column)) for column in sheet.columns], ends]
    lines += [[_text(cell) for cell in row] for row in printed.cells(sheet, most=ROWS_SHOWN)]
    parts = [f"**{_text(sheet.caption)}**", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
    if len(sheet.rows) > ROWS_SHOWN:
        parts.append(
            rows_left_out(
                len(sheet.rows), shown=ROWS_SHOWN, file=f"[{sheet.name}.csv](tables/{sheet.name}.csv)"
            )
        )
    return "\n\n".join(part for part in parts if part != "****")


def rows_left_out(rows: int, *, shown: int, file: str) -> str:
    """Return the sentence below a table that is cut short: how much of it is shown, and where it is whole."""
    return say(
        "The first {shown} of {count} rows; all of them are in {file}.",
        shown=shown,
        count=f"{rows:,}",
        file=file,
    )


def _text(given: str) -> str:
    """Return text that Markdown shows as it is written, on one line; web addresses become links."""
    words, parts, end = printed.one_line(given), [], 0
    for found in ADDRESS.finditer(words):
        parts += [_escaped(words[end : found.start()]), f"<{found[0]}>"]
        end = found.end()
    parts.append(_escaped(words[end:]))
    return AT_START.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", "".join(parts))


def _escaped(words: str) -> str:
    return SPECIAL.sub(r"\\\1", words)
