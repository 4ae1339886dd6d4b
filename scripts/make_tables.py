"""Write headlines and the other pages of docs/reference, and README's headlines; --check only compares."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path

import pandas as pd

import _delay_tables as delay_tables
import _grid_tables as grid_tables
import _latency_tables as latency_tables
import _ppa_tables as ppa_tables
import _reach_tables as reach_tables
import _triangle_tables as triangle_tables
import three_mismatches as tm
from make_reference import MADE, markdown_table
from three_mismatches.layers.at_year import at_year

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "headlines.md"
DELAY_PAGE = ROOT / "docs" / "reference" / "delay.md"
GRID_PAGE = ROOT / "docs" / "reference" / "grid.md"
LATENCY_PAGE = ROOT / "docs" / "reference" / "latency.md"
PPA_PAGE = ROOT / "docs" / "reference" / "ppa.md"
REACH_PAGE = ROOT / "docs" / "reference" / "reach.md"
TANAKA_PAGE = ROOT / "docs" / "reference" / "tanaka.md"
TRIANGLE_PAGE = ROOT / "docs" / "reference" / "triangle.md"
HEAD = MADE.replace("make_reference.py from the code", "make_tables.py from the embedded Japan")
README = ROOT / "README.md"
BEGIN, END = "<!-- headlines: made by scripts/make_tables.py -->\n", "<!-- end of headlines -->"
YEARS = (2026, 2030, 2034)
DEMANDS = ("outlook", "low", "high")
ASKED = ((2030, "outlook"), (2034, "high"))
"""Year and scenario of the sensitivity tables."""


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__))
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    fleets = {
        (year, demand): tm.japan(year=year, demand=demand).solve().fleet
        for year in YEARS
        for demand in DEMANDS
    }
    made = {
        PAGE: page(fleets),
        DELAY_PAGE: HEAD + delay_tables.page(),
        GRID_PAGE: HEAD + grid_tables.page(),
        LATENCY_PAGE: HEAD + latency_tables.page(),
        PPA_PAGE: HEAD + ppa_tables.page(),
        REACH_PAGE: HEAD + reach_tables.page(),
        TANAKA_PAGE: HEAD + tm.reproduce.tanaka().markdown(),
        TRIANGLE_PAGE: HEAD + triangle_tables.page(),
        README: with_headlines(README.read_text(encoding="utf-8"), fleets),
    }
    before = {path: path.read_text(encoding="utf-8") if path.exists() else "" for path in made}
    if check:
        stale = [path for path, text in made.items() if firm(before[path]) != firm(text)]
        for path in stale:
            lines = firm(before[path]).splitlines(), firm(made[path]).splitlines()
            print(
                "\n".join(
                    [
                        f"stale: {path.name}; run scripts/make_tables.py",
                        *unified_diff(*lines, n=0, lineterm=""),
                    ]
                )
            )
        return int(bool(stale))
    stale = [path for path, text in made.items() if before[path] != text]
    for path in stale:
        path.write_text(text := made[path], encoding="utf-8", newline="\n")
        print(f"{path.name}: {len(text)} characters")
    return 0


def firm(text: str) -> str:
    """Return what of a page is the same on every machine."""
    return text.split(grid_tables.RUNG_BY_RUNG, maxsplit=1)[0]


def with_headlines(text: str, fleets: dict[tuple[int, str], pd.DataFrame]) -> str:
    """Return README with the table between its two marks made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + "\n" + headlines(fleets, DEMANDS) + "\n" + END + after


def page(fleets: dict[tuple[int, str], pd.DataFrame]) -> str:
    """Return the page of figures."""
    parts = [
        HEAD,
        "# Headlines and how they move\n\n",
        INTRO,
        "## Years and scenarios\n\n",
        headlines(fleets, DEMANDS),
        "\n## What moves them\n\n",
        MOVED,
    ]
    for year, demand in ASKED:
        table = tm.japan(year=year, demand=demand).sensitivity()
        parts += [f"\n### {year}, {demand} demand\n\n", sensitivity(table)]
    parts += ["\n## Capacity against the published balance\n\n", CAPACITY, balance()]
    return "".join(parts)


def headlines(fleets: dict[tuple[int, str], pd.DataFrame], demands: tuple[str, ...]) -> str:
    """Return one row for each year and scenario."""
    heading = [
        "year", "demand", "new load, MW", "short together, MW", "if nothing is lost, MW",
        "could be so many times as large", "first limit met", "sites over their RTT budget", "years lost [10-90 %]",
    ]  # fmt: skip
    rows = [
        [
            str(year),
            demand,
            mw(fleet["value"]["new_load_mw"] + fleet["value"]["unsited_mw"]),
            ranged(fleet.loc["joint_gap_mw"], mw),
            ranged(fleet.loc["joint_gap_intact_mw"], mw),
            ranged(fleet.loc["joint_multiple"], times),
            str(fleet["meaning"]["joint_multiple"]).partition("first: ")[2],
            ranged(fleet.loc["sites_over_rtt_budget"], mw),
            delay_tables.cell(fleet),
        ]
        for (year, demand), fleet in fleets.items()
        if demand in demands
    ]
    return markdown_table(heading, rows)


def ranged(row: pd.Series, shown: Callable[[float], str]) -> str:
    return f"{shown(row['value'])} [{shown(row['low'])}-{shown(row['high'])}]"


def sensitivity(table: pd.DataFrame) -> str:
    heading = [
        "input", "reading", "new load", "spare", "short alone", "short together", "if nothing is lost", "change",
        "times",
    ]  # fmt: skip
    rows = [
        [
            *map(str, key),
            mw(row["new_load_mw"] + row["unsited_mw"]),
            *(mw(row[name]) for name in ("spare_mw", "power_gap_mw", "joint_gap_mw", "joint_gap_intact_mw")),
            f"{round(row['change_mw']) or 0:+,d}",
            times(row["joint_multiple"]),
        ]
        for key, row in zip(table.index, table.to_dict("records"), strict=True)
    ]
    return markdown_table(heading, rows)


INTRO = (
    "Every figure here is computed; [how](../how_the_figures_are_made.md), and "
    "[from what](../where_the_figures_come_from.md), is told elsewhere. Intervals in brackets are the least and the "
    "most over the readings that the sources leave open, taken one at a time; they are no percentiles.\n\n"
)
MOVED = (
    "One input at a time departs from the study as it is. `short together` is what all new load lacks when it asks at "
    "once and the worst single loss must be survived; `if nothing is lost` is the same on the intact grid; `change` is "
    "that of `short together`. All in MW. `times` says how many times all new load could be served at once before the "
    "first place runs short: it moves where nothing is short too.\n"
)
CAPACITY = (
    "Own supply: the published supply of the peak half-hour of summer 2026 less the flows that it holds. Rated output "
    "times firm factor is a cross-check from other sources; its low and high take every factor at its low or high end, "
    "and solar's factors were measured on the same balance. All in MW.\n\n"
)


BLOCK = (
    "\nOCCTO's block reserve is that of the areas between which ties still had room in the half-hour of the area's "
    "peak, with what ties could bring. At Tokyo's peak Tokyo was a block of its own, with {seen} MW; the model would "
    "give one new site there {model} MW in 2026 before anything is lost, because it lets every converter run at its "
    "median capacity. So it is too generous by the difference in that half-hour.\n"
)


def balance() -> str:
    """Return own supply by area beside rated output times firm factor, and what OCCTO saw in reserve. [MW]"""
    grid = tm.japan().grid
    table = grid.capacity
    ends = ("_low", "", "_high")
    firm = {end: (table["p_nom"] * table[f"firm_factor{end}"]).groupby(table["area"]).sum() for end in ends}
    block = block_reserve()
    rows = [
        [
            area,
            mw(row.peak_mw),
            mw(row.firm_mw),
            f"{row.net_import_mw:+,.0f}",
            mw(row.firm_mw - row.net_import_mw),
            mw(block[area]),
            f"{mw(firm[''][area])} [{mw(firm['_low'][area])}-{mw(firm['_high'][area])}]",
            mw(table.loc[table["area"] == area, "p_nom"].sum()),
        ]
        for area, row in zip(grid.areas.index, grid.areas.itertuples(), strict=True)
    ]
    heading = [
        "area", "peak", "published supply", "net import", "own supply", "OCCTO's block reserve", "rated x firm factor",
        "rated output",
    ]  # fmt: skip
    check = BLOCK.format(seen=mw(block["tokyo"]), model=mw(room_for_one("tokyo")))
    return markdown_table(heading, rows) + check


def block_reserve() -> pd.Series:
    """Return the reserve of the block that each area was in at its own peak, as OCCTO published it. [MW]"""
    facts = pd.read_csv(ROOT / "data" / "japan" / "area_facts.csv")
    rows = facts[facts["metric"] == "block_reserve_at_peak_slot"].set_index("area")
    return rows["value"].astype(float)


def room_for_one(area: str) -> float:
    """Return what one new site in an area could have in the base year before anything is lost. [MW]"""
    study = tm.japan(year=2026)
    now = at_year(study.tables, 2026, "outlook", tm.assumptions.resolve(), base_year=2026)
    graph = tm.network.power_graph(now.grid)
    place = tm.power.Group(graph.nodes.index(area))
    return float(tm.power.area_hosting(graph, [place], stress=False)["transport_mw"].iloc[0])


def mw(value: float) -> str:
    return f"{value + 0.0:,.0f}"


def times(value: float) -> str:
    return f"{value + 0.0:.2f}"


if __name__ == "__main__":
    sys.exit(main())
