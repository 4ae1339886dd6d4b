"""The tables of docs/reference/reach.md, from the embedded Japan."""

from __future__ import annotations

import numpy as np
import pandas as pd

import make_reference
import three_mismatches as tm
from three_mismatches.mismatch import Reach

YEAR, DEMAND = 2034, "high"
KM = (10.0, 25.0, 50.0, np.inf)
ASKED_MW = (500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)
LISTED = 12

OPENING = f"""# Where power is to spare, and how far that is

Every figure here is computed; [how](../power_and_fibre.md) is told elsewhere. Year {YEAR}, demand scenario `{DEMAND}`.
The fibre is a sketch of 48 cities: km of fibre to build are to its nearest city, an upper bound. In brackets the
figures at the high and the low end of the route factor; for watts or bits, of costs.
"""


def page() -> str:
    """Return the page without its head."""
    study = tm.japan(year=YEAR, demand=DEMAND)
    reach, result = tm.mismatch.reach(study), study.solve()
    parts = [
        OPENING,
        "## Spare power by area\n\n" + spare(study, reach),
        "## By carrier\n\n" + carriers(study),
        "## What each use can reach\n\n" + within_budget(reach),
        "## How many ms must be tolerated\n\n" + inverse(reach),
        "## What stays stranded, by area\n\n" + stranded(reach),
        "## Places that no other beats\n\n" + fronts(result),
        "## Watts or bits\n\n" + watts_or_bits(study),
    ]
    return "\n".join(parts)


def spare(study: tm.Study, reach: Reach) -> str:
    """Return what each area has to spare, and what it would have if nothing were owed to neighbours."""
    table = tm.mismatch.spare_power(study, by="area")
    gross = (table["firm_mw"] - table["peak_mw"]).clip(lower=0.0)
    rows = [
        (area, mw(row.firm_mw), mw(row.peak_mw), mw(row.committed_export_mw), mw(row.spare_mw), mw(gross[area]),
         mw(reach.areas.loc[area, "unplaced_mw"]))
        for area, row in zip(table.index, table.itertuples(), strict=True)
    ]  # fmt: skip
    total = table.sum()
    rows.append(
        ("all", mw(total["firm_mw"]), mw(total["peak_mw"]), mw(total["committed_export_mw"]), mw(total["spare_mw"]),
         mw(gross.sum()), mw(reach.areas["unplaced_mw"].sum()))
    )  # fmt: skip
    names = [
        "area",
        "own supply",
        "peak",
        "owed to neighbours",
        "spare",
        "if nothing were owed",
        "of spare, no place known",
    ]
    return "MW. Power without a known place is spread over the plants of its area.\n\n" + markdown(
        rows, names
    )


def carriers(study: tm.Study) -> str:
    """Return spare power by carrier over all areas."""
    units = tm.mismatch.spare_power(study)
    placed = units["spare_mw"].where(units["placed"] != "", 0.0).groupby(units["carrier"]).sum()
    whole = units.groupby("carrier")["spare_mw"].sum().sort_values(ascending=False, kind="stable")
    rows = [(carrier, mw(value), mw(placed[carrier])) for carrier, value in whole.items() if value >= 0.5]
    return (
        "Each carrier has the share of its area's spare power that it has of firm output at the peak.\n\n"
        + markdown(rows, ["carrier", "spare, MW", "of it at listed plants, MW"])
    )


def within_budget(reach: Reach) -> str:
    """Return what is within each use's budget, by km of fibre to build."""
    rows = []
    for use in reach.uses:
        budget = reach.budget_ms[use]
        if np.isnan(budget):
            continue
        sums = reach.stranded.xs(use, level="use").groupby(level="within_km").sum()
        cells = [mw(sums.loc[km, "reachable_mw"]) for km in KM[:-1]]
        whole = sums.loc[np.inf]
        ends = [whole["spare_mw"] - whole[f"stranded_{end}_mw"] for end in ("high", "low")]
        rows.append(
            (use, f"{budget:g}", *cells, f"{mw(whole['reachable_mw'])} [{mw(ends[0])}-{mw(ends[1])}]")
        )
    names = ["use", "budget, ms", *(f"at most {km:g} km to build" for km in KM[:-1]), "however far"]
    return f"MW of {mw(reach.areas['spare_mw'].sum())} that stand within the budget.\n\n" + markdown(
        rows, names
    )


def inverse(reach: Reach) -> str:
    """Return the round trip to be tolerated for so many MW."""
    uses = [use for use in reach.uses if not np.isnan(reach.budget_ms[use])]
    rows = [(mw(asked), *(ms(reach.ms_for(asked, use=use)) for use in uses)) for asked in ASKED_MW]
    return "ms of round trip, by MW that are wanted.\n\n" + markdown(rows, ["MW", *uses])


def stranded(reach: Reach) -> str:
    """Return what of each area's spare power is beyond each budget."""
    uses = [use for use in reach.uses if not np.isnan(reach.budget_ms[use])]
    table = reach.stranded.xs(np.inf, level="within_km")["stranded_mw"].unstack("use")
    rows = [
        (area, mw(reach.areas.loc[area, "spare_mw"]), ms(reach.areas.loc[area, "hub_rtt_ms"]),
         *(mw(table.loc[area, use]) for use in uses))
        for area in reach.areas.index
    ]  # fmt: skip
    return "MW, however much fibre is built.\n\n" + markdown(
        rows, ["area", "spare", "nearest plant to a cloud hub, ms", *uses]
    )


def fronts(result: tm.Result) -> str:
    """Return the Pareto front of each use."""
    rows = []
    for use in ("cloud", "ai inference", "ai training"):
        table = tm.mismatch.pareto(result, use=use)
        rows += [
            (use, place, row.area, mw(row.deliverable_mw), ms(row.rtt_ms), f"{row.build_km:.0f}",
             "yes" if row.keeps_budget else "no")
            for place, row in zip(table.index[table["on_front"]], table[table["on_front"]].itertuples(), strict=True)
        ]  # fmt: skip
    names = [
        "use",
        "place",
        "area",
        "one site could have, MW",
        "round trip, ms",
        "fibre to build, km",
        "keeps the budget",
    ]
    kinds = result.places["kind"].value_counts()
    return (
        f"Of {len(result.places)} candidates ({kinds['fibre node']} cities of the fibre model, {kinds['office']} "
        "prefectural offices). What a place could have is the area model's answer: no local grid is in it.\n\n"
        + markdown(rows, names)
    )


def watts_or_bits(study: tm.Study) -> str:
    """Return the comparison for the largest new loads."""
    table = tm.mismatch.watt_bit(study)
    judged = table[table["watt_bit"].notna()]
    keeps = judged[judged["keeps_budget"].astype(bool)]
    largest = judged.sort_values("new_mw", ascending=False, kind="stable").head(LISTED)
    rows = [
        (site, row.use, mw(row.new_mw), row.source_area, f"{row.line_km:.0f}", f"{row.fibre_km:.0f}",
         f"{row.extra_ms:+.1f}", "yes" if row.keeps_budget else "no",
         f"{row.watt_bit:.0f} [{row.watt_bit_low:.0f}-{row.watt_bit_high:.0f}]", f"{row.years_saved:.0f}")
        for site, row in zip(largest.index, largest.itertuples(), strict=True)
    ]  # fmt: skip
    names = ["site", "use", "new MW", "from", "line, km", "fibre, km", "added, ms", "keeps its budget",
             "watt-bit", "years saved"]  # fmt: skip
    cheaper = int((judged["watt_bit"] > 1.0).sum())
    sure = int((judged["watt_bit_low"] > 1.0).sum())
    return (
        f"{len(judged)} sites have new load that some area could supply. A line would cost more than the fibre for "
        f"{cheaper} of them, for {sure} at the unfavourable end of every range too; {len(keeps)} of the {len(judged)} "
        f"would keep their budget beside the power. The largest {len(rows)}:\n\n" + markdown(rows, names)
    )


def mw(value: float) -> str:
    return f"{value + 0.0:,.0f}"


def ms(value: float) -> str:
    return "none" if np.isinf(value) else f"{value:.1f}"


def markdown(rows: list[tuple[str, ...]], names: list[str]) -> str:
    table = pd.DataFrame(rows, columns=names).astype(str)
    return make_reference.markdown_table(names, table.to_numpy().tolist())
