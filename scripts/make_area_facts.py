"""
Measure demand, supply and tie flows of the areas around the summer peak, for `area_facts.csv` and `balances.csv`.

    python scripts/make_area_facts.py RAW_FOLDER [--check]

RAW_FOLDER holds the daily files `dashboard-YYYYMMDD.json` of github.com/hama-jp/occto-grid-observatory, folder
`data/normalized` at commit b704ccb5 (a compilation of OCCTO's half-hourly publications), from July 2026 on. They are
not kept in this repository. In `data/japan/area_facts.csv` the rows of the metrics below are replaced and all others
stay as they are; `data/japan/balances.csv` is written anew, its winter rows from the winter facts of the first table.
With --check nothing is written, and the exit code says whether both tables hold what the files say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from _occto import AREAS, FENCES_ODD, IMPORT

DATA = Path(__file__).resolve().parent.parent / "data" / "japan"
NEAR_PEAK = 0.98
HIGH_DEMAND = 0.95
EVENING_SLOT = 36
"""The half-hour from 18:00: the sun is low."""
BLOCK = (
    "reserve of the wide-area block to which the area belonged then: areas between which ties had room; what ties "
    "could still bring is in it"
)
LICENCE = "facts; OCCTO public data, attribution"
SOURCE = (
    "OCCTO area demand, supply and tie flows, half-hourly (web-kohyo.occto.or.jp), as compiled in "
    "github.com/hama-jp/occto-grid-observatory, commit b704ccb5"
)
METRICS = (
    "demand_at_national_peak",
    "block_reserve_at_peak_slot",
    "own_supply_at_peak_slot",
    "own_supply_near_peak_low",
    "own_supply_near_peak_high",
)


@dataclass(frozen=True)
class HalfHour:
    """One area in one half-hour. [MW]"""

    day: str
    slot: int
    demand: float
    supply: float
    net_import: float
    block_reserve: float

    @property
    def own(self) -> float:
        """What the area's plants can give: the published supply without what flows in."""
        return self.supply - self.net_import

    @property
    def reserve(self) -> float:
        """What is left above demand."""
        return self.supply - self.demand

    def clock(self) -> str:
        """Return when the half-hour begins, in Japan's time."""
        return f"{self.slot // 2:02d}:{30 * (self.slot % 2):02d}"

    def said(self) -> str:
        """Return the half-hour and its figures in words."""
        return (
            f"{self.day}, slot starting {self.clock()} JST: demand {self.demand:.0f}, published supply "
            f"{self.supply:.0f}, net import {self.net_import:+.0f} MW"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("raw", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    measured = half_hours(given.raw)
    tables = {"area_facts": area_facts(measured)}
    tables["balances"] = balances(measured, tables["area_facts"])
    if given.check:
        stale = [name for name, table in tables.items() if not same(table, read(name))]
        print(f"stale: {', '.join(stale)}; run scripts/make_area_facts.py" if stale else "as measured")
        return 1 if stale else 0
    for name, table in tables.items():
        table.to_csv(DATA / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    return 0


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


def same(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    """Return whether two tables hold the same rows, in whatever order."""
    return sorted(map(tuple, left.to_numpy())) == sorted(map(tuple, right.to_numpy()))


def area_facts(found: dict[str, list[HalfHour]]) -> pd.DataFrame:
    """Return the table of facts with the measured rows replaced."""
    kept = read("area_facts")
    new = pd.DataFrame(list(rows(found))).astype(str)
    return pd.concat([kept[~kept["metric"].isin(METRICS)], new], ignore_index=True)[kept.columns]


def balances(found: dict[str, list[HalfHour]], facts: pd.DataFrame) -> pd.DataFrame:
    """Return demand, supply and net import of every area in other half-hours than its own summer peak."""
    listed = []
    for balance, (day, slot) in instants(found).items():
        for area, values in found.items():
            half = next(half for half in values if (half.day, half.slot) == (day, slot))
            listed.append(
                {
                    "balance": f"{balance}, {day} {half.clock()}", "area": area, "peak_mw": f"{half.demand:.0f}",
                    "firm_mw": f"{half.supply:.0f}", "net_import_mw": f"{half.net_import:.0f}", "source": SOURCE,
                    "source_date": day, "licence": LICENCE, "confidence": "high", "note": "",
                }
            )  # fmt: skip
    return pd.DataFrame(listed + list(winters(facts)))


def instants(found: dict[str, list[HalfHour]]) -> dict[str, tuple[str, int]]:
    """Return the half-hours that all areas share: the nation's peak, its evening peak, and its least reserve."""
    demand, reserve = totals(found, "demand"), totals(found, "reserve")
    peak = max(demand, key=lambda key: demand[key])
    evening = max((key for key in demand if key[1] >= EVENING_SLOT), key=lambda key: demand[key])
    high = [key for key in demand if demand[key] >= HIGH_DEMAND * demand[peak]]
    least = min(high, key=lambda key: reserve[key] / demand[key])
    return {"national peak": peak, "evening peak": evening, "least national reserve at high demand": least}


def totals(found: dict[str, list[HalfHour]], quantity: str) -> dict[tuple[str, int], float]:
    """Return the sum of a quantity over all areas, by half-hour; half-hours that an area lacks are left out."""
    parts: dict[tuple[str, int], list[float]] = {}
    for values in found.values():
        for half in values:
            parts.setdefault((half.day, half.slot), []).append(getattr(half, quantity))
    return {key: sum(values) for key, values in parts.items() if len(values) == len(IMPORT)}


def winters(facts: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Yield each winter's highest demand that was found by area; no flows are known there."""
    winter = facts[facts["season"] == "winter"]
    for year in ("FY2024", "FY2025"):
        of_year = winter[winter["year"] == year]
        peak = of_year[of_year["metric"] == "peak_demand_lower_bound"].set_index("area")
        supply = of_year[of_year["metric"] == "supply_at_peak_slot"].set_index("area")
        for area in IMPORT:
            yield {
                "balance": f"winter {year}, few days, imports counted twice", "area": area,
                "peak_mw": peak.loc[area, "value"], "firm_mw": supply.loc[area, "value"], "net_import_mw": "",
                "source": peak.loc[area, "source"], "source_date": peak.loc[area, "source_date"],
                "licence": LICENCE, "confidence": "low", "note": peak.loc[area, "note"],
            }  # fmt: skip


def half_hours(folder: Path) -> dict[str, list[HalfHour]]:
    """Return every half-hour from 3 July to August 2026 in which demand and all flows are known, by area."""
    found: dict[str, list[HalfHour]] = {area: [] for area in IMPORT}
    for path in sorted(folder.rglob("dashboard-2026*.json")):
        day = path.stem.removeprefix("dashboard-")
        if day > FENCES_ODD[1]:
            told = json.loads(path.read_text(encoding="utf-8"))
            for area, values in of_day(f"{day[:4]}-{day[4:6]}-{day[6:]}", told):
                found[area] += values
    return found


def of_day(day: str, told: dict[str, Any]) -> Iterator[tuple[str, list[HalfHour]]]:
    """Yield each area's half-hours of one daily file."""
    flows = {tie["intertieName"]: tie["values"] for tie in told["flows"]["intertieSeries"]}
    for series in told["reserves"]["areaSeries"]:
        area = AREAS[series["area"]]
        if not set(IMPORT[area]) <= set(flows):
            continue
        values = []
        block = series["blockReserveMw"]
        for slot, (demand, supply) in enumerate(zip(series["demandMw"], series["supplyMw"], strict=True)):
            parts = {tie: flows[tie][slot] for tie in IMPORT[area]}
            if demand and supply and None not in parts.values():
                net = sum(sign * parts[tie] for tie, sign in IMPORT[area].items())
                values.append(HalfHour(day, slot, demand, supply, net, block[slot]))
        yield area, values


def rows(found: dict[str, list[HalfHour]]) -> Iterator[dict[str, object]]:
    """Yield the rows of the table."""
    day, slot = instants(found)["national peak"]
    for area, values in found.items():
        peak = max(values, key=lambda half: (half.demand, -half.slot))
        near = [half for half in values if half.demand >= NEAR_PEAK * peak.demand]
        least, most = (end(near, key=lambda half: half.own) for end in (min, max))
        then = next(half for half in values if (half.day, half.slot) == (day, slot))
        rule = f"of {len(near)} half-hours with at least {NEAR_PEAK:.0%} of the area's highest demand"
        yield row(area, "demand_at_national_peak", then.demand, then, "highest sum of ten areas")
        yield row(area, "own_supply_at_peak_slot", peak.own, peak, "published supply less net import")
        yield row(area, "block_reserve_at_peak_slot", peak.block_reserve, peak, BLOCK)
        yield row(area, "own_supply_near_peak_low", least.own, least, f"lowest {rule}")
        yield row(area, "own_supply_near_peak_high", most.own, most, f"highest {rule}")


def row(area: str, metric: str, value: float, half: HalfHour, why: str) -> dict[str, object]:
    fences = area in ("chubu", "hokuriku", "kansai") and metric != "demand_at_national_peak"
    return {
        "area": area, "metric": metric, "season": "summer", "value": f"{value:.0f}", "unit": "MW", "year": "FY2026",
        "source": SOURCE, "source_date": half.day, "licence": LICENCE,
        "confidence": "medium" if fences else "high", "note": f"{why}; {half.said()}",
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
