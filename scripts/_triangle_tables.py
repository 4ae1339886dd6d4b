"""The tables of docs/reference/triangle.md, from the embedded Japan."""

from __future__ import annotations

import numpy as np
import pandas as pd

import three_mismatches as tm
from make_reference import markdown_table
from three_mismatches.mismatch import Triangle

ASKED = ((2026, "outlook"), (2034, "high"))
GROUNDS = ("geodesic", "network_km", "network_ms")
KINDS = ("ix", "cloud", "population", "landing")
SIDES = ("sites-generation", "sites-hubs", "generation-hubs")

OPENING = """# The mismatch triangle of Japan

Every figure here is computed; [how](../triangle.md) is told elsewhere. A side is an earth mover's distance: how far a
unit of mass would have to move on the mean for two maps to coincide. The fibre under two of the grounds is the 48-node
Japan Photonic Network Model, a sketch. Sites are those whose request is known.
"""
SIDES_TEXT = """`placed at random` is the mean side once every site stands at a random point where people are; `p` how
often it is at least as long as the real one; `excess` the side over that of ordinary load.
"""
HAUL_TEXT = """How far new data-centre load is from firm supply that nobody's ordinary load needs at the peak.
`taken first` is what areas that are short at their own peak take of it before. No tie limits it.
"""
READINGS_TEXT = """One choice at a time departs from the default: hubs are those kinds that the budgets name, each kind
with the same share, and supply that no listed plant covers stands where people are. Geodesic ground, km.
"""
APART_TEXT = """What is no part of the sides. Weights are MW, those of hubs shares.
"""


def page() -> str:
    """Return the page without its head."""
    found = {
        (year, demand, ground): of_japan(year, demand, ground) for year, demand in ASKED for ground in GROUNDS
    }
    flat = {key[:2]: each for key, each in found.items() if key[2] == "geodesic"}
    parts = [
        OPENING,
        "## The three sides\n\n" + SIDES_TEXT + "\n" + sides(found),
        "## The haul to surplus power\n\n" + HAUL_TEXT + "\n" + haul(found),
        "## Other readings\n\n" + READINGS_TEXT + "\n" + readings(),
        "## What stands apart\n\n" + APART_TEXT + "\n" + apart(flat),
    ]
    return "\n".join(parts)


def of_japan(year: int, demand: str, ground: str = "geodesic", **options: object) -> Triangle:
    return tm.mismatch.triangle(tm.japan(year=year, demand=demand), ground=ground, **options)


def sides(found: dict[tuple[int, str, str], Triangle]) -> str:
    heading = [
        "year", "demand", "ground", "side", "distance", "MW", "GW km", "placed at random", "p", "excess",
    ]  # fmt: skip
    rows = [
        [str(year), demand, ground, side, f"{figure(row['distance'])} {each.unit}", figure(row["total_mw"]),
         figure(row["mw_km"] / 1000.0), figure(row["null_distance"]), chance(row["p_value"]), figure(row["excess"])]
        for (year, demand, ground), each in found.items()
        for side, row in each.sides.iterrows()
    ]  # fmt: skip
    return markdown_table(heading, rows)


def haul(found: dict[tuple[int, str, str], Triangle]) -> str:
    heading = ["year", "demand", "ground", "haul", "new load, MW", "served, MW", "unserved, MW", "surplus, MW",
               "taken first, MW"]  # fmt: skip
    columns = ("asked_mw", "moved_mw", "unserved_mw", "surplus_mw", "ordinary_mw")
    rows = [
        [*map(str, key), f"{figure(each.haul['distance'].iloc[0])} {each.unit}",
         *(figure(each.haul[column].iloc[0]) for column in columns)]
        for key, each in found.items()
    ]  # fmt: skip
    return markdown_table(heading, rows)


def readings() -> str:
    options: dict[str, dict[str, object]] = {
        "default": {},
        **{f"hubs of kind {kind} alone": {"hub_kinds": (kind,)} for kind in KINDS},
        "unlisted supply with the listed plants": {"unlisted": "plants"},
    }
    rows = []
    for year, demand in ASKED:
        for words, chosen in options.items():
            each = of_japan(year, demand, permutations=0, **chosen)
            distances = [figure(each.sides["distance"][side]) for side in SIDES]
            rows.append([str(year), demand, words, *distances, figure(each.excess)])
    return markdown_table(["year", "demand", "reading", *SIDES, "excess"], rows)


def apart(flat: dict[tuple[int, str], Triangle]) -> str:
    tables = pd.concat({key: each.apart for key, each in flat.items()})
    rows = [
        [str(key[0]), str(key[1]), row["measure"], row["reason"], row["areas"], str(row["points"]),
         figure(row["weight"]), f"{row['share']:.1%}" if np.isfinite(row["share"]) else ""]
        for key, row in tables.iterrows()
    ]  # fmt: skip
    return markdown_table(["year", "demand", "measure", "why", "areas", "points", "weight", "of all"], rows)


def chance(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else ""


def figure(value: float) -> str:
    """Return three digits of small figures and whole large ones, nothing of unknown ones."""
    if not np.isfinite(value):
        return ""
    return f"{value + 0.0:,.0f}" if abs(value) >= 100.0 or value == 0.0 else f"{value:#.3g}".rstrip(".")
