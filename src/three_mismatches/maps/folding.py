"""Text cut and broken into lines by its width on the page: a full-width letter is as wide as two others."""

from __future__ import annotations

import re
import textwrap
import unicodedata

__all__ = ["display_width", "fold", "shorten"]

SHORT_NAME = 30

SLACK = 2
"""By how many columns a name's line may be longer where it then breaks between two scripts."""

NOT_FIRST = frozenset(
    "。、，．・：；？！）」』】〉》〕］｝ー々ゝゞぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…％)]}.,;:!?%"
)
NOT_LAST = frozenset("（「『【〈《〔［｛([{")
"""Letters with which a Japanese line neither begins nor ends."""

WIDE = "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]"
PIECE = re.compile(rf"{WIDE}|(?:(?!{WIDE})\S)+|\s+")
SCRIPTS = (("kana", "\u3041", "\u30ff"), ("han", "\u3005", "\u9fff"))


def display_width(text: str) -> int:
    """
    Return the width of a text in columns: two for a full-width letter, one for any other.

    Examples
    --------
    >>> display_width("石狩 DC")
    7
    """
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def shorten(text: str, *, most: int = SHORT_NAME) -> str:
    """Return `text` cut to `most` columns, at a word where there is one, with an ellipsis."""
    if display_width(text) <= most:
        return text
    cut = _start_of(text, most - 1)
    word = cut.rsplit(" ", 1)[0]
    return (word if display_width(word) > most // 2 else cut).rstrip(" ,;.(-、・（") + "…"


def fold(text: str, columns: int, *, lines: int | None = None) -> str:
    """
    Return `text` broken into lines of at most so many columns.

    Words stay whole; between full-width letters a line may break anywhere, but none begins with a closing mark or
    ends with an opening one.

    Parameters
    ----------
    text
        On one line.
    columns
        Width of a line; a full-width letter takes two.
    lines
        Largest number of lines, the last of which ends in an ellipsis where the text goes on; any if None. A text
        held to few lines is a name, and breaks between two scripts where it can.
    """
    if display_width(text) == len(text):
        return textwrap.fill(text, columns, max_lines=lines, placeholder="…")
    pieces = _pieces(text, columns)
    found = _filled(pieces, columns)
    if lines is None:
        return "\n".join(found)
    if neat := _halves(pieces, columns) if len(found) == 2 else None:
        return "\n".join(neat)
    rest = shorten("".join(found[lines - 1 :]), most=columns)
    return "\n".join([*found[: lines - 1], rest] if len(found) > lines else found)


def _start_of(text: str, columns: int) -> str:
    """Return as much of the start of a text as so many columns hold."""
    taken = 0
    for at, char in enumerate(text):
        taken += display_width(char)
        if taken > columns:
            return text[:at]
    return text


def _pieces(text: str, columns: int) -> list[str]:
    """Return the parts of a text between which a line may break, spaces at the end of the part before."""
    pieces: list[str] = []
    for piece in PIECE.findall(text):
        joins = piece.isspace() or piece[0] in NOT_FIRST or (pieces and pieces[-1][-1] in NOT_LAST)
        if pieces and joins:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return [part for piece in pieces for part in _cut(piece, columns)]


def _cut(piece: str, columns: int) -> list[str]:
    """Return a piece in parts that fit on a line."""
    parts = []
    while display_width(piece.rstrip()) > columns:
        parts.append(_start_of(piece, columns))
        piece = piece[len(parts[-1]) :]
    return [*parts, piece] if piece else parts


def _filled(pieces: list[str], columns: int) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and display_width((lines[-1] + piece).rstrip()) > columns:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]


def _halves(pieces: list[str], columns: int) -> list[str] | None:
    """Return two lines that part at a space or between two scripts, the most even ones; None if there are none."""
    best: tuple[int, list[str]] | None = None
    for at in range(1, len(pieces)):
        one, other = "".join(pieces[:at]), "".join(pieces[at:])
        widths = [display_width(part.rstrip()) for part in (one, other)]
        parted = one[-1].isspace() or _script(one[-1]) != _script(other[0])
        uneven = abs(widths[0] - widths[1])
        # A word whole is worth a column or two beyond the measure.
        if max(widths) <= columns + SLACK and parted and (best is None or uneven < best[0]):
            best = (uneven, [one.rstrip(), other.rstrip()])
    return best[1] if best else None


def _script(char: str) -> str:
    return next((name for name, low, high in SCRIPTS if low <= char <= high), "other")
