"""
Measure demand, supply and tie flows of the areas around the summer peak, for `data/japan/area_facts.csv`.

    python scripts/make_area_facts.py RAW_FOLDER [--check]

RAW_FOLDER holds the daily files `dashboard-YYYYMMDD.json` of github.com/hama-jp/occto-grid-observatory, folder
`data/normalized` at commit b704ccb5 (a compilation of OCCTO's half-hourly publications), from July 2026 on. They are not
kept in this repository. The rows of the metrics below are replaced; all others stay as they are. With --check nothing is
written, and the exit code says whether the table holds what the files say.
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

TABLE = Path(__file__).resolve().parent.parent / "data" / "japan" / "area_facts.csv"
AREAS = {
    "北海道": "hokkaido", "東北": "tohoku", "東京": "tokyo", "中部": "chubu", "北陸": "hokuriku",
    "関西": "kansai", "中国": "chugoku", "四国": "shikoku", "九州": "kyushu", "沖縄": "okinawa",
}  # fmt: skip
IMPORT = {
    "hokkaido": {"北海道・本州間電力連系設備": -1},
    "tohoku": {"北海道・本州間電力連系設備": 1, "相馬双葉幹線": -1},
    "tokyo": {"相馬双葉幹線": 1, "周波数変換設備": -1},
    "chubu": {"周波数変換設備": 1, "中部フェンス": -1},
    "hokuriku": {"北陸フェンス": 1},
    "kansai": {"関西フェンス": 1, "西播東岡山線・山崎智頭線": -1, "阿南紀北直流幹線": -1},
    "chugoku": {"西播東岡山線・山崎智頭線": 1, "本四連系線": -1, "関門連系線": -1},
    "shikoku": {"本四連系線": 1, "阿南紀北直流幹線": 1},
    "kyushu": {"関門連系線": 1},
    "okinawa": {},
}
"""Sign with which each published flow enters an area; see "Direction" in data/README.md."""

NEAR_PEAK = 0.98
SOURCE = (
    "OCCTO area demand, supply and tie flows, half-hourly (web-kohyo.occto.or.jp), as compiled in "
    "github.com/hama-jp/occto-grid-observatory, commit b704ccb5"
)
METRICS = ("demand_at_national_peak", "own_supply_at_peak_slot", "own_supply_near_peak_low", "own_supply_near_peak_high")


@dataclass(frozen=True)
class HalfHour:
    """One area in one half-hour. [MW]"""

    day: str
    slot: int
    demand: float
    supply: float
    net_import: float

    @property
    def own(self) -> float:
        """What the area's plants can give: the published supply without what flows in."""
        return self.supply - self.net_import

    def said(self) -> str:
        """Return the half-hour and its figures in words."""
        clock = f"{self.slot // 2:02d}:{30 * (self.slot % 2):02d}"
        return (
            f"{self.day}, slot starting {clock} JST: demand {self.demand:.0f}, published supply {self.supply:.0f}, "
            f"net import {self.net_import:+.0f} MW"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    parser.add_argument("raw", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    found = pd.DataFrame(list(rows(half_hours(given.raw))))
    kept = pd.read_csv(TABLE, dtype=str, keep_default_na=False)
    new = pd.concat([kept[~kept["metric"].isin(METRICS)], found.astype(str)], ignore_index=True)[kept.columns]
    if given.check:
        same = new.sort_values(list(new.columns), ignore_index=True).equals(
            kept.sort_values(list(kept.columns), ignore_index=True)
        )
        print("as measured" if same else "stale: run scripts/make_area_facts.py")
        return 0 if same else 1
    new.to_csv(TABLE, index=False, lineterminator="\n", encoding="utf-8")
    return 0


def half_hours(folder: Path) -> dict[str, list[HalfHour]]:
    """Return every half-hour of July and August 2026 in which demand and all flows are known, by area."""
    found: dict[str, list[HalfHour]] = {area: [] for area in IMPORT}
    for path in sorted(folder.rglob("dashboard-2026*.json")):
        day = path.stem.removeprefix("dashboard-")
        if day >= "20260701":
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
        for slot, (demand, supply) in enumerate(zip(series["demandMw"], series["supplyMw"], strict=True)):
            parts = {tie: flows[tie][slot] for tie in IMPORT[area]}
            if demand and supply and None not in parts.values():
                net = sum(sign * parts[tie] for tie, sign in IMPORT[area].items())
                values.append(HalfHour(day, slot, float(demand), float(supply), float(net)))
        yield area, values


def rows(found: dict[str, list[HalfHour]]) -> Iterator[dict[str, object]]:
    """Yield the rows of the table."""
    day, slot = national_peak(found)
    for area, values in found.items():
        peak = max(values, key=lambda half: (half.demand, -half.slot))
        near = [half for half in values if half.demand >= NEAR_PEAK * peak.demand]
        least, most = (end(near, key=lambda half: half.own) for end in (min, max))
        then = next(half for half in values if (half.day, half.slot) == (day, slot))
        rule = f"of {len(near)} half-hours with at least {NEAR_PEAK:.0%} of the area's highest demand"
        yield row(area, "demand_at_national_peak", then.demand, then, "highest sum of ten areas")
        yield row(area, "own_supply_at_peak_slot", peak.own, peak, "published supply less net import")
        yield row(area, "own_supply_near_peak_low", least.own, least, f"lowest {rule}")
        yield row(area, "own_supply_near_peak_high", most.own, most, f"highest {rule}")


def national_peak(found: dict[str, list[HalfHour]]) -> tuple[str, int]:
    """Return the day and slot of the highest sum of all areas' demand."""
    total: dict[tuple[str, int], list[float]] = {}
    for values in found.values():
        for half in values:
            total.setdefault((half.day, half.slot), []).append(half.demand)
    return max((key for key, parts in total.items() if len(parts) == len(IMPORT)), key=lambda key: sum(total[key]))


def row(area: str, metric: str, value: float, half: HalfHour, why: str) -> dict[str, object]:
    fences = area in ("chubu", "hokuriku", "kansai") and metric != "demand_at_national_peak"
    return {
        "area": area, "metric": metric, "season": "summer", "value": f"{value:.0f}", "unit": "MW", "year": "FY2026",
        "source": SOURCE, "source_date": half.day, "licence": "facts; OCCTO public data, attribution",
        "confidence": "medium" if fences else "high", "note": f"{why}; {half.said()}",
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
