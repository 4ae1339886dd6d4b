"""
Build the line-level grid of Japan from an OpenStreetMap extract and the tables in `data/japan/`.

    python scripts/build_japan_grid.py LINES SUBSTATIONS [--out src/three_mismatches/data/japan_grid] [--check]

LINES and SUBSTATIONS are files that `inputs.read_power_map` reads: an Overpass answer, an .osm.pbf, or GeoJSON. The
extract itself is not part of this repository; what is written is derived from it and stays under its licence, ODbL.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import _japan_grid as japan_grid

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "japan"
PACK = ROOT / "src" / "three_mismatches" / "data" / "japan_grid"
BY_HAND = ("LICENSE", "README.md")
"""What the pack holds beside what is built."""


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("lines", type=Path)
    parser.add_argument("substations", type=Path)
    parser.add_argument("--out", type=Path, default=PACK)
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    given = parser.parse_args()
    files = japan_grid.pack_files(given.lines, given.substations, DATA, ROOT)
    if not given.check:
        given.out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            japan_grid.write(given.out / name, content)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            japan_grid.write(Path(folder) / name, content)
        return _compared(Path(folder), given.out)


def _compared(made: Path, shipped: Path) -> int:
    """Return 1 and say so if a file that was made differs from the shipped one, or one of them is missing."""
    here = {path.name for path in made.iterdir()}
    there = {path.name for path in shipped.iterdir()} - set(BY_HAND)
    wrong = sorted(here ^ there)
    wrong += sorted(
        name for name in here & there if japan_grid.read(made / name) != japan_grid.read(shipped / name)
    )
    if wrong:
        sys.stderr.write(f"not what the extract and data/japan make: {', '.join(wrong)}\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
