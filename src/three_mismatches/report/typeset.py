"""Text as lines of a given width, measured letter by letter in the fonts that draw it."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font, LoadFlags

from three_mismatches.language import spoken
from three_mismatches.maps.style import FAMILIES, add_fonts

__all__ = ["Type", "longest_word", "width_of", "wrap"]

MEASURED_AT = 100.0  # [pt]
NEVER_FIRST = "、。，．・：；？！）」』】〕〉》ーゝゞ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ％)]}.,:;!?%…’”"
NEVER_LAST = "（「『【〔〈《([{‘“"
# A run without a place to break: letters that are not ideographs or kana, or one of those.
PIECES = re.compile(r"\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+|.", re.DOTALL)


@dataclass(frozen=True)
class Type:
    """A size and weight of type, and the distance between its lines. [pt]"""

    size: float
    lead: float
    bold: bool = False
    colour: str = "ink"


def width_of(text: str, kind: Type) -> float:
    """Return the width of a text that is set on one line. [pt]"""
    family = tuple(FAMILIES[spoken()])
    return sum(_advance(char, family, kind.bold) for char in text) * kind.size / MEASURED_AT


def longest_word(text: str, kind: Type) -> float:
    """Return the width of the widest part of a text that `wrap` keeps whole where it can. [pt]"""
    return max((width_of(piece.rstrip(), kind) for piece in _pieces(text)), default=0.0)


def wrap(text: str, kind: Type, *, width: float) -> list[str]:
    """
    Return a text as lines of at most a width; a word that is wider by itself is cut.

    Parameters
    ----------
    text
        On one line.
    kind
        Its type.
    width
        Of a line. [pt]
    """
    lines, line = [], ""
    for piece in (part for whole in _pieces(text) for part in _cut(whole, kind, width)):
        if line and width_of((line + piece).rstrip(), kind) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str) -> Iterator[str]:
    """Yield what stays together: a word and the space after it, an ideograph with its punctuation."""
    held = ""
    for piece in PIECES.findall(text):
        alone = held and not held.endswith(tuple(NEVER_LAST))
        if alone and not (piece[0] in NEVER_FIRST or piece.isspace()):
            yield held
            held = ""
        held += piece
    if held:
        yield held


def _cut(piece: str, kind: Type, width: float) -> Iterator[str]:
    """Yield a piece in parts that fit the width, one part if it fits whole."""
    part = ""
    for char in piece:
        joined = unicodedata.combining(char) or char.isspace()
        if part and not joined and width_of(part + char, kind) > width:
            yield part
            part = ""
        part += char
    yield part


@functools.cache
def _advance(char: str, family: tuple[str, ...], bold: bool) -> float:
    """Return how far a letter moves the pen, in the first font of the family that has it. [pt at `MEASURED_AT`]"""
    font = next((font for font in _fonts(family, bold) if ord(char) in font[1]), _fonts(family, bold)[0])[0]
    return float(font.load_char(ord(char), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536)


@functools.cache
def _fonts(family: tuple[str, ...], bold: bool) -> list[tuple[FT2Font, frozenset[int]]]:
    """Return each font of the family with the letters that it has."""
    add_fonts()
    weight = "bold" if bold else "normal"
    paths = [font_manager.findfont(FontProperties(family=[name], weight=weight)) for name in family]
    fonts = [FT2Font(path) for path in paths]
    for font in fonts:
        font.set_size(MEASURED_AT, 72)
    return [(font, frozenset(font.get_charmap())) for font in fonts]
