"""Write docs/reference/layers.md and assumptions.md from the schemas; --check only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.layers import LAYERS, reference_table
from three_mismatches.layers.flags import MEANING

HOME = Path(__file__).parents[1] / "docs" / "reference"
MADE = "<!-- Made by scripts/make_reference.py from the code: change it there. -->\n\n"


def markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def markdown_table(heading: list[str], rows: list[list[str]]) -> str:
    lines = [markdown_row(heading), markdown_row(["---"] * len(heading)), *(markdown_row(r) for r in rows)]
    return "\n".join(lines) + "\n"


def layers_page() -> str:
    columns = reference_table()
    parts = [
        MADE
        + "# The tables of a study\n\n"
        + "Coordinates are EPSG:4326, lengths are geodesic km, unknown is NaN, unlimited is inf.\n"
    ]
    for layer in LAYERS.values():
        shape = layer.geometry or "no geometry"
        needed = "" if layer.needs_geometry or not layer.geometry else ", optional"
        rows = columns[columns["table"] == layer.name].drop(columns="table")
        cells = [
            ["`" + str(r.column) + "`", r.type, r.unit, r.bounds, r.default, r.description]
            for r in rows.itertuples()
        ]
        parts.append(
            f"\n## {layer.name}\n\n{layer.description.capitalize()}. Index `{layer.index}`; {shape}{needed}.\n\n"
            + markdown_table(["column", "type", "unit", "bounds", "default", "meaning"], cells)
        )
    flags = [[f"`{flag.value}`", text] for flag, text in MEANING.items()]
    parts.append("\n## Flags\n\n" + markdown_table(["code", "meaning"], flags))
    return "".join(parts)


def assumptions_page() -> str:
    rows = [
        [
            f"`{a.name}`",
            f"{a.value:g}",
            a.unit,
            f"{a.low:g} to {a.high:g}",
            a.meaning,
            f"{a.source} ({a.source_date})",
        ]
        for a in ASSUMPTIONS.values()
    ]
    heading = ["name", "default", "unit", "range", "meaning", "source"]
    intro = "# Assumptions\n\n"
    intro += (
        'Each can be replaced: `tm.japan(assume={"route_factor": 1.5})`, or `--assume route_factor=1.5`.\n\n'
    )
    return MADE + intro + markdown_table(heading, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    stale = []
    for name, text in {"layers.md": layers_page(), "assumptions.md": assumptions_page()}.items():
        path = HOME / name
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run scripts/make_reference.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
