"""Write docs/reference/ensemble.md: the headlines over many draws of all assumptions; --check only compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

import three_mismatches as tm
from make_reference import MADE, markdown_table
from three_mismatches.assumptions import ASSUMPTIONS, OUTSIDE_SOLVES

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "ensemble.md"
HEAD = MADE.replace("make_reference.py from the code", "make_ensemble.py from the embedded Japan")
YEAR, DRAWS, PROCESSES = 2034, 100, 2
OF_LINES = ("line_reactance_factor", "line_rating_factor", "transformer_rating_factor")
"""Nothing reads these at area resolution."""
NAMES = [
    name
    for name, item in ASSUMPTIONS.items()
    if item.low < item.high and name not in OUTSIDE_SOLVES and name not in OF_LINES
]
SAMPLER = tm.ensemble.Ranges(
    NAMES, draws=DRAWS, seed=0, method="latin", choices={"demand": ("low", "outlook", "high")}
)
MOVED = ("joint_gap_mw", "joint_multiple", "spare_mw", "sites_over_rtt_budget", "years_lost", "late_3y_mw")
"""Quantities whose inputs are named."""

OPENING = f"""# How sure the headlines are

Every figure here is computed: {DRAWS} draws (a Latin hypercube, seed 0) of all assumptions that a solve by areas
reads, each within its range with its default as the mode of a PERT distribution, and of the demand scenario (low,
outlook or high, each as often), for {YEAR}; [how](../ensemble.md). **A range is no probability**: the percentiles are
those of these draws, and the inputs are drawn as if none knew of the others. `as it is` is the outlook with every
default. Quantities of years are means over 500 draws of what slips and who comes, for each draw of the assumptions.

## P10, P50 and P90 of every headline figure

"""
INPUTS = """
## What moves them

The five inputs with the largest rank correlation (for the scenario, the correlation ratio), as far as it passes
{chance:.2f}: chance alone takes an input that has no part in it so far in one of 370.

"""
RANKS = """
## How the order of sites by `{column}` holds

The worst first: rank as it is, in how many draws the site is among the {top} worst, and its rank over the draws.
Kendall's rank correlation with the order as it is: {tau:.2f} on the mean, {low:.2f} at the tenth percentile.

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__))
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    text = page()
    if check:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
        print(f"stale: {PAGE.name}; run scripts/make_ensemble.py" if stale else f"{PAGE.name} is up to date")
        return int(stale)
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"{PAGE.name}: {len(text)} characters")
    return 0


def page() -> str:
    """Return the page of figures."""
    with tm.ensemble.processes(PROCESSES) as executor:
        found = tm.ensemble.run(tm.japan(year=YEAR), SAMPLER, executor=executor, chunk=20)
    chance = float(found.most_uncertain_inputs(MOVED[0])["by_chance"].iloc[0])
    parts = [HEAD, OPENING, quantiles(found), INPUTS.format(chance=chance), inputs(found)]
    return "".join([*parts, ranks(found, "delay_y_p50", 10), ranks(found, "rtt_gap_ms", 10)])


def quantiles(found: tm.ensemble.Ensemble) -> str:
    heading = ["quantity", "as it is", "P10", "P50", "P90", "unit"]
    rows = [
        [str(name), *(number(row[key]) for key in ("value", "p10", "p50", "p90")), str(row["unit"])]
        for name, row in found.quantiles().iterrows()
    ]
    return markdown_table(heading, rows)


def inputs(found: tm.ensemble.Ensemble) -> str:
    rows = []
    for name in MOVED:
        most = found.most_uncertain_inputs(name, n=5)
        told = most[most["strength"] > most["by_chance"]]
        named = ", ".join(f"`{key}` {strength:.2f}" for key, strength in told["strength"].items())
        rows.append([name, named or "none beyond chance"])
    return markdown_table(["quantity", "inputs and rank correlation"], rows)


def ranks(found: tm.ensemble.Ensemble, column: str, top: int) -> str:
    stable = found.rank_stability(column, top=top)
    tau = stable.kendall_tau.dropna()
    opening = RANKS.format(column=column, top=top, tau=tau.mean(), low=tau.quantile(0.1))
    names = tm.japan().sites["name"]
    rows = [
        [
            str(names[site]),
            f"{row['rank_as_it_is']:.0f}",
            f"{row['top_share']:.0%}",
            f"{row['rank_p10']:.0f}-{row['rank_p90']:.0f}",
        ]
        for site, row in stable.sites.head(top).iterrows()
    ]
    return opening + markdown_table(["site", "rank as it is", f"among the {top} worst", "rank P10-P90"], rows)


def number(value: float) -> str:
    """Return a figure in as many digits as a reader of it needs."""
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
