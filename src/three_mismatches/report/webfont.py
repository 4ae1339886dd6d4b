"""Our Japanese font cut down to the letters of one page, to travel inside it."""

from __future__ import annotations

import base64
import functools
import io
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from three_mismatches.maps.style import add_fonts

__all__ = ["font_face"]

FAMILY = "Three Mismatches Gothic"
FIRST = 0x2000
"""Letters below are Latin, Greek, Cyrillic, Hebrew or Arabic: every machine has them, and we have but the first."""

EAST_ASIAN = 0x2E80


def font_face(text: str) -> str:
    """
    Return the CSS that brings the letters of a page, or nothing where it has no Japanese ones.

    Parameters
    ----------
    text
        Everything that the page says.
    """
    letters = {char for char in text if ord(char) >= FIRST}
    if not any(ord(char) >= EAST_ASIAN for char in letters):
        return ""
    return "".join(_face(path, "".join(sorted(letters))) for path in add_fonts())


@functools.lru_cache(maxsize=4)
def _face(path: Path, letters: str) -> str:
    """Return one weight; the same letters give the same bytes."""
    font = TTFont(path, recalcTimestamp=False)
    # Tables that only another program's layout reads, and names, are no use in one page.
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[], recalc_timestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(text=letters)
    cutter.subset(font)
    font.flavor = "woff"
    page = io.BytesIO()
    font.save(page, reorderTables=None)
    data = base64.b64encode(page.getvalue()).decode("ascii")
    weight = 700 if "Bold" in path.name else 400
    return (
        f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};'
        f"src:url(data:font/woff;base64,{data}) format('woff')}}\n"
    )
