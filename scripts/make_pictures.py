"""Put the pictures of README and docs where they show them: what the examples draw, byte for byte."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))
from runs import EXAMPLES, REPO, run

HOME = REPO / "docs" / "images"
PICTURES = {
    "three_maps_of_japan": "japan_2034_high.png",
    "the_repaired_grid": "japan_repair.png",
    "the_triangle_of_two_years": "japan_triangle.png",
    "ternary_map": "japan_ternary.png",
}


def main() -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    for example, name in PICTURES.items():
        (picture,) = run(EXAMPLES / f"{example}.py").pictures
        shutil.copyfile(picture, HOME / name)


if __name__ == "__main__":
    main()
