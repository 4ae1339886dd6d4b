"""
Make the subsets of BIZ UDPGothic that the wheel ships for Japanese maps and reports.

    python scripts/make_fonts.py FOLDER

FOLDER holds `BIZUDPGothic-Regular.ttf` and `BIZUDPGothic-Bold.ttf`, version 1.05, of the BIZ UDGothic project
(SIL Open Font License 1.1, no reserved font names). Regular keeps the whole of JIS X 0208, Bold its first level;
both are renamed, since they are changed versions, and lose what matplotlib does not read: hints, vertical metrics,
alternates.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parent
FONTS = HERE.parent / "src" / "three_mismatches" / "maps" / "fonts"
FAMILY = "Three Mismatches Gothic"
LATIN = {*range(0x20, 0x7F), *range(0xA0, 0x100)}
OTHERS = {ord(char) for char in "–—‘’“”…→←↑↓−≤≥▯～－∥￠￡￢"}
"""Of these, the last six are what other tables of JIS X 0208 have for letters that this one writes otherwise."""
FIRST_ROW, FIRST_OF_LEVEL_2, LAST_ROW = 0x21, 0x50, 0x74


def jis_x_0208(last_row: int) -> set[int]:
    """Return the code points of the rows of JIS X 0208 up to one."""
    found = set()
    for row in range(FIRST_ROW, last_row + 1):
        for cell in range(0x21, 0x7F):
            try:
                found.add(ord(bytes([0x1B, 0x24, 0x42, row, cell, 0x1B, 0x28, 0x42]).decode("iso2022_jp")))
            except UnicodeDecodeError:
                continue
    return found


def cut(source: Path, weight: str, letters: set[int]) -> None:
    """Write a subset of one weight."""
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, recalc_timestamp=False)
    options.drop_tables += ["GSUB", "GPOS", "vhea", "vmtx", "BASE", "meta"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters)
    cutter.subset(font)
    names = {
        1: FAMILY,
        2: weight,
        3: f"{FAMILY} {weight}",
        4: f"{FAMILY} {weight}",
        6: f"ThreeMismatchesGothic-{weight}",
    }
    kept = [
        record for record in font["name"].names if record.nameID in {0, 5, 13, 14} and record.langID == 0x409
    ]
    font["name"].names = kept
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font.save(FONTS / f"ThreeMismatchesGothic-{weight}.ttf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    FONTS.mkdir(exist_ok=True)
    for weight, last in (("Regular", LAST_ROW), ("Bold", FIRST_OF_LEVEL_2 - 1)):
        cut(folder / f"BIZUDPGothic-{weight}.ttf", weight, LATIN | OTHERS | jis_x_0208(last))


if __name__ == "__main__":
    main()
