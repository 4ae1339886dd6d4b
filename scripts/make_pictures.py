"""Draw the pictures of README and docs from the embedded Japan."""

from __future__ import annotations

from pathlib import Path

import three_mismatches as tm

HOME = Path(__file__).parents[1] / "docs" / "images"
SCREEN_DPI = 110


def main() -> None:
    HOME.mkdir(parents=True, exist_ok=True)
    figure = tm.japan(year=2034, demand="high").solve().plot()
    tm.maps.save(figure, HOME / "japan_2034_high.png", dpi=SCREEN_DPI)
    repaired = tm.maps.repair_map(tm.japan(resolution="line").grid).figure
    tm.maps.save(repaired, HOME / "japan_repair.png", dpi=SCREEN_DPI)
    draw_triangle()


def draw_triangle() -> None:
    """Draw the triangles of two years over each other."""
    asked = {"2026": tm.japan(year=2026), "2034, high": tm.japan(year=2034, demand="high")}
    found = {words: tm.mismatch.triangle(study, permutations=0) for words, study in asked.items()}
    tm.maps.save(tm.maps.triangle(found).figure, HOME / "japan_triangle.png", dpi=SCREEN_DPI)


if __name__ == "__main__":
    main()
