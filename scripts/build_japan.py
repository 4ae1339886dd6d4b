"""
Build the embedded Japan from `data/japan/`: the same bytes from the same tables, every time.

    python scripts/build_japan.py [--out src/three_mismatches/data/japan]

Nothing but `data/japan/` and the library's own assumptions is read.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import _japan_capacity as capacity
import _japan_power as power
import _japan_sites as sites
import _japan_stock as stock
from three_mismatches.layers import LAYERS

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data" / "japan"
PACK = ROOT / "src" / "three_mismatches" / "data" / "japan"
YEARS = ("year", "build_year", "retire_year", "year_operating", "year_full")
EXTRAS = {
    "sites": [
        "municipality",
        "prefecture",
        "mw_now",
        "mw_first",
        "mw_full",
        "year_operating",
        "year_full",
        "note",
    ],
    "outlook": ["new_dc_twh", "dc_twh"],
    "links": ["note"],
    "generators": ["plant", "location_precision"],
    "hubs": ["note"],
    "upgrades": ["note"],
    "lead_times": ["note"],
}
SHAPES = ("areas", "borders", "pockets")
BESIDE = ("LICENSE", "profiles/solar.csv.gz", "profiles/solar.json")
"""What the pack holds beside what is built: the profile has a script of its own, `make_solar_profile.py`."""


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("--out", type=Path, default=PACK)
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")
    given = parser.parse_args()
    if not given.check:
        write_pack(given.out)
        return 0
    with tempfile.TemporaryDirectory() as made:
        write_pack(Path(made))
        stale = [str(path) for path in differing(Path(made), given.out)]
    if stale:
        print(f"stale: {', '.join(sorted(stale))}; run scripts/build_japan.py")
    return 1 if stale else 0


def differing(made: Path, there: Path) -> list[Path]:
    """Return the files, relative to their folder, that differ or that only one of the two holds."""
    names = {path.relative_to(root) for root in (made, there) for path in root.rglob("*") if path.is_file()}

    def content(root: Path, name: Path) -> bytes | None:
        return (root / name).read_bytes() if (root / name).is_file() else None

    return sorted(
        name
        for name in names
        if name.as_posix() not in BESIDE and content(made, name) != content(there, name)
    )


def write_pack(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name, table in build().items():
        if name in SHAPES:
            write_shapes(out / f"{name}.geojson", name, table)
        else:
            write_table(out / f"{name}.csv", name, table)
    for nodes, tables in backbones().items():
        folder = out / "backbones" / str(nodes)
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            write_table(folder / f"{name}.csv", name, table)
    measured = out / "measured"
    measured.mkdir(parents=True, exist_ok=True)
    read("rtt_measured").to_csv(measured / "rtt.csv", index=False, lineterminator="\n", encoding="utf-8")
    contracts = out / "contracts"
    contracts.mkdir(parents=True, exist_ok=True)
    read("contracts").to_csv(contracts / "contracts.csv", index=False, lineterminator="\n", encoding="utf-8")
    settings = {"name": "Japan", "year": 2034, "base_year": 2026, "demand": "outlook", "assume": {}}
    (out / "study.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8", newline="\n")


def build() -> dict[str, pd.DataFrame]:
    """Return every table of the pack, without the shapes of areas, borders and pockets."""
    prefectures, factors = read("prefectures"), read("firm_factors")
    generators = power.generators_table(read("units"), read("plants"), read("unit_changes"))
    capacities = capacity.capacity_table(read("capacity_sources"), factors, generators)
    areas = power.areas_table(read("area_facts"), prefectures, capacity.own_supply(capacities))
    found = sites.sites_table(read("sites"))
    areas = areas.join(stock.unlisted_table(areas, found, read("dc_stock")))
    of_supply = capacity.supply_upgrades(read("unit_changes"), factors, generators)
    return {
        "areas": areas,
        "balances": power.balances_table(read("balances")),
        "capacity": capacities,
        "pockets": read("pockets").set_index("pocket"),
        "borders": borders(),
        "sites": found,
        "phases": sites.phases_table(found),
        "generators": generators,
        "links": read("links").set_index("link"),
        "interfaces": power.interfaces_table(read("interfaces").fillna({"note": ""}), read("ties")),
        "interface_members": read("interface_members").set_index("member"),
        "upgrades": pd.concat([power.upgrades_table(read("upgrades")), of_supply]),
        "outlook": power.outlook_table(areas, read("scenarios"), read("dc_shares"), read("area_outlook")),
        "lead_times": read("lead_times").set_index("lead_time"),
        "fibre_nodes": read("fibre_nodes").set_index("fibre_node"),
        "fibre_routes": routes(read("fibre_routes")),
        "hubs": hubs(read("hubs"), prefectures),
        "budgets": read("budgets").set_index("use"),
    }


def backbones() -> dict[int, dict[str, pd.DataFrame]]:
    """Return the two smaller variants of the fibre model, by their number of nodes."""
    return {
        nodes: {
            "fibre_nodes": read(f"fibre_nodes_{nodes}").set_index("fibre_node"),
            "fibre_routes": routes(read(f"fibre_routes_{nodes}")),
        }
        for nodes in (12, 25)
    }


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv")


def borders() -> pd.DataFrame:
    """Return `borders`: what the drawn lines say of themselves, and which two prefectures they part."""
    drawn = json.loads((DATA / "borders.geojson").read_text(encoding="utf-8"))["features"]
    told = pd.DataFrame([feature["properties"] for feature in drawn]).set_index("border")
    return told.assign(name=[str(key).replace("-", " - ").title() for key in told.index])


def routes(printed: pd.DataFrame) -> pd.DataFrame:
    """Return `fibre_routes`: chords of a sketch, so no geometry is shipped."""
    return printed.set_index("fibre_route").assign(status="operating", geometry_kind="schematic")


def hubs(listed: pd.DataFrame, prefectures: pd.DataFrame) -> pd.DataFrame:
    """Return `hubs`: those listed, and the people of each prefecture at its office."""
    people = pd.DataFrame(
        {
            "hub": "people-" + prefectures["name"].str.lower(),
            "name": prefectures["name"],
            "name_ja": prefectures["name_ja"],
            "kind": "population",
            "weight": prefectures["population"].astype(float),
            "node": prefectures["fibre_node"],
            "lon": prefectures["lon"],
            "lat": prefectures["lat"],
            **{key: prefectures[key] for key in power.PROVENANCE},
        }
    )
    return pd.concat([listed, people], ignore_index=True).set_index("hub")


def shipped(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns of its schema, in their order, and its own extra ones after them."""
    layer = LAYERS[name]
    table = table.assign(imputed=table["imputed"].astype(bool) if "imputed" in table else False)
    point = ["lon", "lat"] if layer.geometry == "Point" else []
    columns = [*point, *layer.columns, *EXTRAS.get(name, [])]
    missing = {key: column.default for key, column in layer.columns.items() if key not in table}
    table = table.assign(**{key: default for key, default in missing.items() if default is not None})
    return table.reindex(columns=columns).rename_axis(layer.index)


def write_table(path: Path, name: str, table: pd.DataFrame) -> None:
    frame = shipped(name, table)
    whole = {key: frame[key].astype("Int64") for key in YEARS if key in frame}
    frame.assign(**whole).to_csv(path, lineterminator="\n", encoding="utf-8")


def write_shapes(path: Path, name: str, table: pd.DataFrame) -> None:
    """Write attributes and shapes as GeoJSON; what is unknown is null."""
    frame = shipped(name, table)
    shapes = json.loads((DATA / path.name).read_text(encoding="utf-8"))["features"]
    shape = {feature["properties"][frame.index.name]: feature["geometry"] for feature in shapes}
    lines = []
    for key, row in zip(frame.index, frame.to_dict("records"), strict=True):
        properties = {str(frame.index.name): key} | {column: plain(value) for column, value in row.items()}
        feature = {"type": "Feature", "properties": properties, "geometry": shape[key]}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    body = ",\n".join(lines)
    path.write_text(
        f'{{"type":"FeatureCollection","features":[\n{body}\n]}}\n', encoding="utf-8", newline="\n"
    )


def plain(value: Any) -> Any:  # noqa: ANN401 - a cell of any table
    """Return a cell as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


if __name__ == "__main__":
    sys.exit(main())
