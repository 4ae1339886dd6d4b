"""Check that a built wheel and sdist hold the data pack and its licences, and nothing that must not travel."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

NEEDED = (
    "three_mismatches/py.typed",
    "three_mismatches/report/templates/report.html.j2",
    "three_mismatches/language/ja/words.toml",
    "three_mismatches/maps/fonts/OFL.txt",
    "three_mismatches/maps/fonts/ThreeMismatchesGothic-Regular.ttf",
    "three_mismatches/maps/fonts/ThreeMismatchesGothic-Bold.ttf",
    "three_mismatches/data/japan/borders.geojson",
    "three_mismatches/data/japan/sites.csv",
    "three_mismatches/data/japan/LICENSE",
    "three_mismatches/data/japan/lead_times.csv",
    "three_mismatches/data/claims/claims.csv",
    "three_mismatches/data/claims/facts.csv",
    "three_mismatches/data/japan/contracts/contracts.csv",
    "three_mismatches/data/japan/profiles/solar.csv.gz",
    "three_mismatches/data/japan/profiles/solar.json",
    "three_mismatches/data/japan_grid/branches.csv",
    "three_mismatches/data/japan_grid/certificate.csv.gz",
    "three_mismatches/data/japan_grid/LICENSE",
)
IN_SDIST = (
    "LICENSE",
    "README.md",
    "constraints.txt",
    "constraints-oracles.txt",
    "data/README.md",
    "mkdocs.yml",
    "scripts/build_japan.py",
    "tests/test_solve.py",
)
PACK_LIMITS = {"japan": 1_000_000, "japan_grid": 2_000_000}
"""Largest size of each data pack. [bytes]"""


def faults(folder: Path) -> list[str]:
    wheel = zipfile.ZipFile(next(folder.glob("*.whl")))
    names = wheel.namelist()
    found = [f"wheel lacks {name}" for name in NEEDED if name not in names]
    for name, limit in PACK_LIMITS.items():
        size = sum(item.file_size for item in wheel.infolist() if f"/data/{name}/" in item.filename)
        if size >= limit:
            found.append(f"the data pack {name} holds {size} bytes, {limit} is the limit")
    if any(name.startswith(("tests/", "data/")) for name in names):
        found.append("wheel holds tests or source tables")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    found += [f"sdist lacks {name}" for name in IN_SDIST if name not in inside]
    found += [f"sdist holds {name}" for name in inside if name.startswith((".ci", "out", "raw"))]
    return found


if __name__ == "__main__":
    told = faults(Path(sys.argv[1]))
    print("\n".join(told) or "wheel and sdist hold what they should")
    sys.exit(1 if told else 0)
