"""Our Japanese font cut down to the letters of one page, to travel inside it: no reader sees an empty box."""

from __future__ import annotations

import base64
import functools
import io
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from three_mismatches.language import Language
from three_mismatches.maps.style import add_fonts

__all__ = ["font_faces"]

EAST_ASIAN = range(0x2E80, 0xFFF0)
"""Kana, kanji, and the punctuation and wide letters that go with them."""


def font_faces(text: str, *, lang: Language) -> str:
    """
    Return the CSS that brings the letters of a page, or nothing where it has no Japanese ones.

    A Japanese page takes all its letters from our font, so that it looks the same everywhere; an English one takes
    those that a reader's machine may lack. Regular and bold are families of their own, since the bold one has fewer
    letters: a browser looks for what it lacks in the next family, never in the next weight.

    Parameters
    ----------
    text
        Everything that the page says.
    lang
        "en" or "ja".
    """
    japanese = {char for char in text if ord(char) in EAST_ASIAN}
    if not japanese:
        return ""
    letters = {char for char in text if char.isprintable()} if lang == "ja" else japanese
    span = "" if lang == "ja" else f"unicode-range:U+{EAST_ASIAN.start:X}-{EAST_ASIAN.stop - 1:X};"
    return "".join(_face(path, "".join(sorted(letters)), span) for path in add_fonts())


@functools.lru_cache(maxsize=4)
def _face(path: Path, letters: str, span: str) -> str:
    """Return one weight; the same letters give the same bytes."""
    font = TTFont(path, recalcTimestamp=False)
    # What only another program's layout reads, and names, are no use in one page.
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[], recalc_timestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(font)
    font.flavor = "woff"
    page = io.BytesIO()
    font.save(page, reorderTables=None)
    data = base64.b64encode(page.getvalue()).decode("ascii")
    family, weight = ("Gothic Bold", 700) if "Bold" in path.name else ("Gothic", 400)
    return (
        f'@font-face{{font-family:"Three Mismatches {family}";font-weight:{weight};{span}'
        f"src:url(data:font/woff;base64,{data}) format('woff')}}\n"
    )
