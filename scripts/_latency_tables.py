"""The tables of docs/reference/latency.md, from the embedded Japan."""

from __future__ import annotations

import numpy as np
import pandas as pd

import make_reference
import three_mismatches as tm
from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.layers import Fibre
from three_mismatches.layers.at_year import is_top_level

FACTOR = ASSUMPTIONS["route_factor"]
ENDS = (FACTOR.low, FACTOR.value, FACTOR.high)
LIMITS = (2.0, 10.0, 20.0)
"""Round trips that are asked of every site. [ms]"""
CITIES = ("tokyo", "osaka")
SPELT_OUT = "sakura-ishikari"
PAIRS = (
    ("tokyo", "osaka"),
    ("tokyo", "sapporo"),
    ("tokyo", "hakata"),
    ("osaka", "hakata"),
    ("tokyo", "naha"),
)
YEAR, DEMAND = 2034, "high"
LISTED = 10


OPENING = f"""# How far in light, in Japan

Every figure here is computed; [how](../latency.md) is told elsewhere. Times are round trips. The fibre is the 48-node
Japan Photonic Network Model, a sketch of straight chords with model km, so that a site's way to its city is a straight
line as well. Light takes the route factor times those km: {FACTOR.value} [{FACTOR.low}-{FACTOR.high}]. Brackets give
the times at both ends of that range.
"""


def page() -> str:
    """Return the page without its head."""
    result = tm.japan(year=YEAR, demand=DEMAND).solve()
    tables = result.tables.tables
    fibre, sites = tables.fibre, tables.sites[is_top_level(tables.sites)]
    parts = [
        OPENING,
        "## Predicted and measured\n\n" + predicted(fibre),
        "## The factor that the measurements ask for\n\n" + calibrated(fibre),
        f"## {result.sites['name'][SPELT_OUT]}, one sentence for each use\n\n" + spelt_out(result),
        "## Which sites are within 2, 10 and 20 ms of Tokyo and of Osaka\n\n"
        + near(fibre, tables.hubs, sites),
        "## What one loss does\n\n" + losses(result, sites),
        "## Two paths that share nothing\n\n" + two_paths(fibre),
        "## Sites that can mirror each other\n\n"
        + mirrors(fibre, sites.assign(mw=result.sites["request_mw"])),
        "## By way of an exchange, or not\n\n" + by_exchange(result, sites),
    ]
    return "\n".join(parts)


def predicted(fibre: Fibre) -> str:
    """Return each measured round trip beside that of the model."""
    measured = tm.japan_rtt(statistic=None)
    measured = measured[measured["node1"].notna()].sort_values(["node0", "node1", "rtt_ms"], kind="stable")
    cities = sorted({*measured["node0"], *measured["node1"]})
    tables = [tm.latency.rtt(fibre, cities, cities, route_factor=factor) for factor in ENDS]
    bare = tm.latency.rtt(fibre, cities, cities, route_factor=1.0, equipment=False)
    rows = []
    for row in measured.itertuples():
        low, mid, high = (table.loc[row.node0, row.node1] for table in tables)
        held = "yes" if low <= row.rtt_ms <= high else "no"
        factor = row.rtt_ms / bare.loc[row.node0, row.node1]
        rows.append(
            (row.pair, span(low, mid, high), f"{row.rtt_ms:g}", row.statistic, f"{factor:.2f}", held,
             row.source_date, row.source)
        )  # fmt: skip
    names = [
        "pair",
        "predicted ms",
        "measured ms",
        "statistic",
        "factor it asks for",
        "in the range",
        "date",
        "source",
    ]
    return (
        "The factor is measured time over light along the model's quickest route. Minima "
        "tell of fibre; means and medians hold queues, virtual machines and access as well.\n\n"
        + markdown_table(pd.DataFrame(rows, columns=names))
    )


def calibrated(fibre: Fibre) -> str:
    """Return what least squares say, each measurement and each pair of cities weighing the same."""
    measured = tm.japan_rtt()
    ends = zip(measured["node0"], measured["node1"], strict=True)
    pair = pd.Series(["-".join(sorted(each)) for each in ends], index=measured.index)
    by_pair = measured.assign(weight=1.0 / pair.map(pair.value_counts()))
    cases = {
        "route factor, each measurement alike": (measured, ["route_factor"]),
        "route factor, each pair alike": (by_pair, ["route_factor"]),
        "both, each measurement alike": (measured, ["route_factor", "equipment_ms"]),
    }
    rows = []
    for name, (table, fit) in cases.items():
        found = tm.latency.calibrate(fibre, table, fit=fit)
        low, high = found.low["route_factor"], found.high["route_factor"]
        equipment = f"{found.assume['equipment_ms']:.3f}" if "equipment_ms" in fit else "-"
        rows.append(
            (
                name,
                f"{found.assume['route_factor']:.2f} [{low:.2f}-{high:.2f}]",
                equipment,
                f"{found.rmse_ms:.2f}",
            )
        )
    names = ["fit", "route factor [least-most, one measurement left out]", "equipment, ms a node", "rmse, ms"]
    return (
        f"`latency.calibrate` over the {len(measured)} minima. No single factor holds them all: Hokkaido is "
        "farther than its km, the Tokaido nearer. Equipment beside the factor finds no support in these pairs.\n\n"
        + markdown_table(pd.DataFrame(rows, columns=names))
    )


def spelt_out(result: tm.Result) -> str:
    """Return the sentences of one site."""
    return "\n".join(f"- {sentence}" for sentence in tm.report.latency_sentences(result, SPELT_OUT)) + "\n"


def near(fibre: Fibre, hubs: pd.DataFrame, sites: pd.DataFrame) -> str:
    """Return each site's round trips to the exchanges of both cities, and which limits they meet."""
    ends = hubs.loc[[f"ix-{city}" for city in CITIES]]
    low, mid, high = (tm.latency.rtt(fibre, sites, ends, route_factor=factor) for factor in ENDS)
    people = hubs[hubs["kind"] == "population"]
    reach = tm.latency.population_reach(fibre, sites, people, within_ms=(10.0,))
    order = mid.min(axis=1).sort_values(kind="stable").index
    rows, counts = [], []
    for site in order:
        cells = [span(low.loc[site, hub], mid.loc[site, hub], high.loc[site, hub]) for hub in ends.index]
        marks = [passed(*(table.loc[site, hub] for table in (low, mid, high))) for hub in ends.index]
        share = reach.loc[site, "share_within_10_ms"]
        rows.append((site, cells[0], marks[0], cells[1], marks[1], f"{share:.0%}"))
    for limit in LIMITS:
        within = [[int((table[hub] <= limit).sum()) for table in (high, mid, low)] for hub in ends.index]
        either = [int((table <= limit).any(axis=1).sum()) for table in (high, mid, low)]
        counts.append((f"{limit:g} ms", *(f"{b} [{a}-{c}]" for a, b, c in (*within, either))))
    names = ["site", "Tokyo, ms", "within", "Osaka, ms", "within", "people within 10 ms"]
    total = pd.DataFrame(counts, columns=["within", "of Tokyo", "of Osaka", "of either"])
    return (
        f"Of {len(sites)} sites, to the exchanges of the two cities; in brackets, at the high and the low end of the "
        "route factor.\n\n" + markdown_table(total) + "\nThe least limit that is met; in brackets at the low end of "
        "the route factor only, with a star not at its high end.\n\n"
        + markdown_table(pd.DataFrame(rows, columns=names))
    )  # fmt: skip


def passed(low: float, mid: float, high: float) -> str:
    """Return the least limit that a round trip meets, in brackets where only its low end does."""
    sure = [f"{limit:g}" for limit in LIMITS if mid <= limit]
    maybe = [f"({limit:g})" for limit in LIMITS if low <= limit < mid]
    doubt = [f"{limit:g}*" for limit in LIMITS if mid <= limit < high][:1]
    best = doubt or sure[:1]
    return " ".join([*maybe[:1], *best]) or "-"


def losses(result: tm.Result, sites: pd.DataFrame) -> str:
    """Return whom a single loss cuts off, and which losses weigh most."""
    own = result.sites.loc[sites.index]
    known = own[own["budget_ms"].notna()]
    cut = own.index[own["flags"].str.contains("single_homed")]
    worse = known[(known["rtt_ms"] <= known["budget_ms"]) & (known["n1_rtt_ms"] > known["budget_ms"])]
    grouped = known.assign(more=known["n1_rtt_ms"] - known["rtt_ms"]).groupby(["n1_kind", "n1_loss"])["more"]
    table = (
        grouped.agg(["size", "median", "max"])
        .sort_values("size", ascending=False, kind="stable")
        .head(LISTED)
    )
    rows = [
        (f"{kind} {name}", f"{row['size']:.0f}", added(row["median"]), added(row["max"]))
        for (kind, name), row in table.iterrows()
    ]
    rows.append(("none that lengthens it", str(int(known["n1_loss"].isna().sum())), "0.0", "0.0"))
    worst = pd.DataFrame(rows, columns=["worst loss", "sites", "median of what it adds, ms", "most, ms"])
    named = ", ".join(cut) or "none"
    return (
        f"For its own use, each of the {len(known)} sites with a budget, after the worst loss of one route, one node "
        "on the way or one shared-risk group; a hub at a lost node is lost, and the next one counts. Single-homed: "
        f"{named}. Within their budget before and beyond it after: {len(worse)}.\n\n" + markdown_table(worst)
    )  # fmt: skip


def added(value: float) -> str:
    return "a part is cut off" if np.isinf(value) else ms(value)


def two_paths(fibre: Fibre) -> str:
    """Return for some pairs of cities the two quickest paths that share no route, no node or no risk."""
    rows = []
    for source, target in PAIRS:
        for by in ("route", "node", "group"):
            row = tm.latency.disjoint_pairs(fibre, [source], [target], by=by).iloc[0]
            told = (
                (ms(row["first_ms"]), ms(row["second_ms"])) if not row["reason"] else ("none", row["reason"])
            )
            rows.append((f"{source}-{target}", by, ms(row["rtt_ms"]), *told))
    names = ["pair", "they share no", "quickest, ms", "first of the pair, ms", "second, ms"]
    return markdown_table(pd.DataFrame(rows, columns=names))


def mirrors(fibre: Fibre, sites: pd.DataFrame) -> str:
    """Return how many pairs are within the synchronous budget, and the largest groups in which all are."""
    rows = []
    for factor in ENDS:
        for apart in (0.0, 30.0):
            pairs = tm.latency.backup_pairs(fibre, sites, route_factor=factor, apart_km=apart)
            campuses = tm.latency.virtual_campuses(pairs, mw=sites["mw"])
            most = campuses.iloc[0] if len(campuses) else None
            largest = (
                "none"
                if most is None
                else f"{most['count']} sites, {most['mw']:,.0f} MW, {most['rtt_ms']:.2f} ms"
            )
            first = "" if most is None else f"{most['sites'][0]} ..."
            rows.append((factor, f"{apart:g}", len(pairs), int(pairs["holds"].sum()), largest, first))
    names = [
        "route factor", "at least km apart", "pairs within 2 ms", "of them after the worst loss too",
        "largest group by MW", "its first site",
    ]  # fmt: skip
    return (
        "Sites whose round trip is at most 2 ms, and the groups in which each is that near to each other: what could "
        f"work as one campus. MW are requests of {YEAR}. Paths run by the node of each site's city, so a pair of "
        "neighbours is farther here than a cable between them would be.\n\n"
        + markdown_table(pd.DataFrame(rows, columns=names))
    )


def by_exchange(result: tm.Result, sites: pd.DataFrame) -> str:
    """Return what passing an exchange city adds to the way to the people."""
    rows = result.latency.xs("ai inference", level="use").loc[sites.index]
    added = rows["rtt_policy_ms"]
    far = rows.sort_values("rtt_policy_ms", ascending=False, kind="stable").head(LISTED)
    direct = far["rtt_ms"] - far["rtt_policy_ms"]
    table = [
        (site, ms(direct[site]), ms(row["rtt_ms"]), ms(row["rtt_policy_ms"])) for site, row in far.iterrows()
    ]
    names = ["site", "straight to the people, ms", "by way of an exchange, ms", "policy, ms"]
    return (
        "The use `ai inference` reaches people by way of an exchange city, as traffic between providers does; the "
        f"others take the quickest path. That adds {ms(float(added.min()))} to {ms(float(added.max()))} ms to the mean "
        f"over all people, {ms(float(added.median()))} in the median of the sites. Traffic within one provider's "
        "network need not go that way.\n\n" + markdown_table(pd.DataFrame(table, columns=names))
    )


def span(low: float, mid: float, high: float) -> str:
    return f"{mid:.1f} [{low:.1f}-{high:.1f}]"


def ms(value: float) -> str:
    return "none" if np.isinf(value) else f"{value:.1f}"


def markdown_table(table: pd.DataFrame) -> str:
    return make_reference.markdown_table(list(table.columns), table.astype(str).to_numpy().tolist())
