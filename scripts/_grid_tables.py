"""The page of figures on the line-level grid of Japan: how it was repaired, how far it can be trusted, what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd

import three_mismatches as tm
from make_reference import markdown_table
from three_mismatches.assumptions import ASSUMPTIONS

YEAR, DEMAND = 2034, "high"
PUBLISHED_KM = {500.0: (2453.0, 40.0), 275.0: (1179.0, 421.0), 154.0: (2949.0, 309.0)}
"""TEPCO, FY2015: km of overhead and of cable route (www4.tepco.co.jp, 2016), as in tests/test_japan_grid.py."""

RUNG_BY_RUNG = "## Their buses, rung by rung"
"""From here on the page names what binds: of several equal limits that is rounding's choice."""

ASKING_MW = 100.0
LARGE_UNIT_MW = 300.0
"""Sites from this request on are shown."""


def page() -> str:
    """Return the page without its heading line."""
    study = tm.japan(resolution="line", year=YEAR, demand=DEMAND)
    result = study.solve()
    certificate = study.grid.certificate
    return "".join(
        [
            "# The line-level grid of Japan in figures\n\n",
            INTRO,
            "## Pieces and km, by zone\n\n",
            _zones(certificate),
            REFUSED.format((certificate["action"] == "refuse").sum()),
            "## Against published route lengths\n\n",
            LENGTHS,
            _lengths(study),
            "\n## What was done\n\n",
            _done(certificate),
            "\n## What stays apart\n\n",
            APART,
            _apart(certificate),
            "\n## Substations without a line\n\n",
            BARE,
            _bare(certificate),
            "\n## Large units far from their bus\n\n",
            _units(certificate),
            "\n## Lines between areas that are no published tie\n\n",
            OPEN,
            _opened(certificate),
            f"\n## The base dispatch of {YEAR}\n\n",
            BASE,
            _base(result),
            f"\n## Sites of {ASKING_MW:.0f} MW and more, {YEAR}, {DEMAND} demand\n\n",
            SITES,
            _sites(result),
            f"\n{RUNG_BY_RUNG}, {YEAR}, {DEMAND} demand\n\n",
            RUNGS.format(violated=_n(result.hosting.attrs["violated"])),
            _rungs(result),
            "\n## All together\n\n",
            _together(result),
        ]
    )


def _zones(certificate: pd.DataFrame) -> str:
    values = tm.repair.measures(certificate)["value"]
    zones = values["km repaired"].index
    heading = [
        "zone",
        "km drawn",
        "km of branches",
        "pieces drawn",
        "pieces",
        "in the largest, drawn",
        "in the largest",
    ]
    share = "share of km in the largest component"
    rows = [
        [
            zone,
            _n(values["km as drawn", zone]),
            _n(values["km repaired", zone]),
            _n(values["components as drawn", zone]),
            _n(values["components repaired", zone]),
            f"{values[f'{share} as drawn', zone]:.1%}",
            f"{values[f'{share} repaired', zone]:.1%}",
        ]
        for zone in zones
    ]
    return markdown_table(heading, rows)


def _lengths(study: tm.Study) -> str:
    lines = study.grid.lines
    branches = lines[(lines["kind"] != "transformer") & ~lines["corridor"].duplicated()]
    area = branches["bus0"].map(study.grid.buses["area"])
    km = branches[area == "tokyo"].groupby("v_nom")["length"].sum()
    rows = [
        [f"{kv:g}", _n(km[kv]), _n(over), _n(cable), f"{km[kv] / (over + cable) - 1.0:+.0%}"]
        for kv, (over, cable) in PUBLISHED_KM.items()
    ]
    return markdown_table(["kV", "km here", "overhead, published", "cable, published", "difference"], rows)


def _done(certificate: pd.DataFrame) -> str:
    table = tm.repair.summary(certificate).reset_index()
    rows = [
        [row.action, row.reason, _n(row.rows), _n(row.km), _n(row.suspicious)] for row in table.itertuples()
    ]
    return markdown_table(["action", "reason", "rows", "km", "worth a look"], rows)


def _places(rows: pd.DataFrame, value: str, *, by: str = "km", element: str = "line") -> str:
    ordered = rows.sort_values([by, "element"], ascending=[False, True], kind="stable")
    table = [
        [
            row.element,
            row.zone if isinstance(row.zone, str) else "",
            f"{row.value:,.4g}" if np.isfinite(row.value) else "",
            f"{row.km:.1f}" if np.isfinite(row.km) else "",
            f"{row.geometry.x:.2f}",
            f"{row.geometry.y:.2f}",
        ]
        for row in ordered.itertuples()
    ]
    heading = [element, "zone", value, "km", "lon", "lat"]
    kept = [at for at in range(len(heading)) if any(row[at] for row in table)]
    return markdown_table([heading[at] for at in kept], [[row[at] for at in kept] for row in table])


def _apart(certificate: pd.DataFrame) -> str:
    apart = certificate[certificate["reason"].str.startswith("apart from the largest")]
    far = apart["reason"].str.endswith("within island_km")
    return (
        "Nothing of their voltage within 2 km:\n\n"
        + _places(apart[far], "km to the rest")
        + "\nNearer, but joined by no rule:\n\n"
        + _places(apart[~far], "km to the rest")
    )


def _bare(certificate: pd.DataFrame) -> str:
    rows = certificate[certificate["reason"].str.startswith("substation to which no line")]
    return _places(rows, "km to the nearest line of its voltage", by="value", element="substation")


def _units(certificate: pd.DataFrame) -> str:
    far = certificate[certificate["reason"].str.startswith("a unit of ")]
    large = far[far["value"] >= LARGE_UNIT_MW]
    return UNITS.format(len(far), _n(far["value"].sum())) + _places(large, "MW", element="unit, bus")


def _opened(certificate: pd.DataFrame) -> str:
    return _places(certificate[certificate["reason"].str.startswith("between two areas")], "kV")


def _base(result: tm.Result) -> str:
    area = result.buses["area"]
    sums = result.buses.groupby(area)[["demand_mw", "supply_mw"]].sum()
    firm = tm.network.supply_at_buses(result.tables.tables.grid).groupby(area).sum()
    lines = result.lines[result.lines["in_service"]]
    over = lines.groupby(lines["bus0"].map(area))["overload_mw"].agg(
        ["sum", lambda values: (values > 1.0).sum()]
    )
    shed = result.tables.base.least_shed_mw
    rows = [
        [
            name,
            _n(sums["demand_mw"][name]),
            _n(firm[name]),
            _n(sums["supply_mw"][name]),
            _n(shed[name]),
            _n(over.iloc[:, 0].get(name, 0.0)),
            _n(over.iloc[:, 1].get(name, 0)),
        ]
        for name in sums.index
    ]
    heading = [
        "area",
        "demand",
        "firm supply",
        "dispatched",
        "least that ratings leave unserved",
        "load beyond ratings",
        "circuits so loaded",
    ]
    return markdown_table(heading, rows)


def _sites(result: tm.Result) -> str:
    factor = ASSUMPTIONS["line_rating_factor"]
    ends = {
        end: tm.japan(resolution="line", year=YEAR, demand=DEMAND, assume={"line_rating_factor": end})
        .solve()
        .sites[["n0_mw", "n1_mw"]]
        for end in (factor.low, factor.high)
    }
    # A line overloaded at one rating is no limit there and may be one at another: the ends need not be in order.
    spread = {
        rung: pd.DataFrame({end: sites[rung] for end, sites in ends.items()} | {1.0: result.sites[rung]})
        for rung in ("n0_mw", "n1_mw")
    }
    span = {rung: (each.min(axis=1), each.max(axis=1)) for rung, each in spread.items()}
    sites = result.sites[(result.sites["request_mw"] >= ASKING_MW) & result.sites["part_of"].isna()]
    rows = [
        [
            row.name, row.area, _n(row.request_mw), _n(row.secure_mw),
            *(
                f"{_n(getattr(row, rung))} [{_n(low[row.Index])}-{_n(high[row.Index])}]"
                for rung, (low, high) in span.items()
            ),
            row.bus, f"{row.bus_km:.1f}", "yes" if "line_overloaded" in row.flags else "",
        ]
        for row in sites.sort_values("request_mw", ascending=False, kind="stable").itertuples()
    ]  # fmt: skip
    heading = [
        "site",
        "area",
        "request",
        "secure, areas",
        "N-0, lines",
        "N-1, lines",
        "bus",
        "km away",
        "bus at an overloaded line",
    ]
    return markdown_table(heading, rows)


def _rungs(result: tm.Result) -> str:
    shown = result.hosting[result.hosting["request_mw"] >= ASKING_MW]
    rows = [
        [
            row.Index, _n(row.request_mw),
            *(_n(getattr(row, f"{rung}_mw")) for rung in ("adequacy", "transport", "n0", "n1", "screening")),
            _n(row.joint_mw), row.n1_line.split("; ")[0], row.n1_outage.split("; ")[0],
        ]
        for row in shown.sort_values("request_mw", ascending=False, kind="stable").itertuples()
    ]  # fmt: skip
    heading = [
        "bus",
        "asked anew",
        "adequacy",
        "transport",
        "N-0",
        "N-1",
        "screening",
        "together",
        "N-1: line",
        "outage",
    ]
    return markdown_table(heading, rows)


def _together(result: tm.Result) -> str:
    value = result.fleet["value"]
    text = (
        f"All listed sites ask {_n(value['line_joint_mw'] + value['line_joint_gap_mw'])} MW anew; together, N-1 "
        f"secure, they get {_n(value['line_joint_mw'])} MW. Each alone would get "
        f"{value['line_double_count']:.2f} times as much in all. What 1 MW more of a rating would bring them:\n\n"
    )
    tried = result.reinforcements[result.reinforcements["mw_per_mw"].notna()]
    rows = [
        [row.Index, f"{row.mw_per_mw:.2f}", f"{row.corridor_mw_per_mw:.2f}", f"{row.dual:.2f}", row.outages]
        for row in tried.itertuples()
    ]
    heading = ["element", "MW for each MW", "all its corridor raised", "its price", "after the outage of"]
    return text + markdown_table(heading, rows)


def _n(value: float) -> str:
    return f"{value + 0.0:,.0f}"


INTRO = (
    "Every figure here is computed from the network that ships with the library. It was derived from OpenStreetMap "
    "(c) OpenStreetMap contributors, ODbL 1.0; [how](../the_line_level_grid.md), and [with which parameters]"
    "(../line_parameters.md), is told elsewhere.\n\n"
)
LENGTHS = (
    "Route km of branches in Tokyo's electrical area, against what TEPCO published for FY2015. The map holds the "
    "overhead network nearly whole and lacks much of the cable network in the cities.\n\n"
)
REFUSED = (
    "\nBranches, transformers and joins across zones: 0. "
    "Joins refused because they would have crossed: {}.\n\n"
)
APART = "They are not in the shipped network. `km` is their length.\n\n"
BARE = (
    "They state a voltage of the map's lines, and no line of it comes to them: mostly stations of Tokyo "
    "whose cables the map lacks. None of them is a bus.\n\n"
)
UNITS = (
    "{} units, {} MW in all, of 100 MW and more are connected to a bus more than 5 km away: no bus that fits is nearer "
    "with room, most often because the map lacks the plant's own line or cable. Below are those of 300 MW and more.\n\n"
)
OPEN = (
    "They are on the map, and kept out of service: published operating capacities are sums over the published ties, "
    "so nothing else can be closed between areas.\n\n"
)
BASE = (
    "All MW. Demand and firm supply are the area model's, to the MW. `least that ratings leave unserved`: what a grid "
    "that ends at the map, with the class's ratings, could not serve. It was served, so this is what the map and the "
    "classes lack, most of all cables and transformer banks in Tokyo. `load beyond ratings`: what lines carry beyond "
    "them in the dispatch that overloads least; those lines are no limits when a site asks.\n\n"
)
SITES = (
    "All MW. `secure, areas` is the area model's; `N-0, lines` and `N-1, lines` what the site's bus could take with "
    "free redispatch before and after the loss of any one circuit or transformer, in brackets the least and the most "
    "with all line ratings at the low end, the middle and the high end of their class. All are upper bounds, and "
    "those of lines are indicative.\n\n"
)
RUNGS = (
    "All MW beyond the base draw; [what each rung means](../hosting.md#the-ladder). {violated} pairs of a line and an "
    "outage are beyond assumed ratings before any new load, and are no limits: the map lacks lines there. `together`: "
    "what the bus gets when all listed sites ask at once.\n\n"
)
