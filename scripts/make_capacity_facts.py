"""
Measure the derived rows of `data/japan/capacity_sources.csv` and `data/japan/firm_factors.csv`.

    python scripts/make_capacity_facts.py OBSERVATORY ELECTRICITYMAPS RAW_FOLDER [--out data/japan]

OBSERVATORY
    A copy of github.com/hama-jp/occto-grid-observatory (commit b704ccb5): `data/normalized/dashboard-*.json`,
    155 days of OCCTO's half-hourly unit output (HKS), area demand and supply, and flows over the ties.
ELECTRICITYMAPS
    A copy of github.com/electricitymaps/electricitymaps-contrib (commit b354f28a): `config/zones/JP-*.yaml`.
RAW_FOLDER
    Holds, at any depth, `wri_raw_Japan.csv`: the Japanese input of WRI's Global Power Plant Database (CC BY 4.0).

Rows of the two tables whose `kind` is not measured here are kept by hand and are left as they are; all others are
written anew. `--feeds` prints instead which area each questionable plant feeds, by the power balance;
`--check` prints the firm sums of the two tables beside the published supply at each area's peak half-hour.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from _occto import AREAS, FENCES_FROM, FENCES_ODD, IMPORT

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "data" / "japan"
ZONES = dict(zip(["HKD", "TH", "TK", "CB", "HR", "KN", "CG", "SK", "KY", "ON"], AREAS.values(), strict=True))
FUELS = {
    "原子力": "nuclear", "水力": "hydro", "火力（石炭）": "coal", "火力（ガス）": "gas", "火力（石油）": "oil",
}  # fmt: skip
PUMPED = (
    "奥多々良木", "大河内", "奥吉野", "喜撰山", "奥美濃", "奥矢作", "馬瀬川第一", "新高瀬川", "玉原", "葛野川", "今市",
    "神流川", "塩原", "安曇", "奥清津", "下郷", "沼原", "新豊根", "池原", "長野発電所", "俣野川", "南原", "小丸川",
    "天山", "大平", "京極", "新冠", "高見", "第二沼沢", "本川",
)  # fmt: skip
# HKS files a plant where it stands. These feed another area: `--feeds` shows it. Shimokotori (135 MW) rests on its
# owner, Kansai Electric, and on its coefficient in Hokuriku (-0.15 +- 0.08); in Kansai it is 0.41 +- 0.30.
FEEDS = {
    "電源開発奥清津": "tokyo", "電源開発下郷": "tokyo", "電源開発奥只見": "tokyo", "電源開発田子倉": "tokyo",
    "電源開発御母衣": "kansai", "下小鳥": "kansai", "木曽発電所": "kansai",
}  # fmt: skip
JERA_JOETSU = "上越火力発電所"  # an exact name: Tohoku's own unit is called 東北電力上越火力発電所１号機
SUMMER_FROM, HIGHEST_DAYS, COINCIDENT_DAY = "20260701", 10, "20260723"
NIGHT = np.r_[0:10, 36:47]
LARGEST_STEP_MW, SMALLEST_SHARE = 1200.0, 0.3
DAYLIGHT, EVENING = slice(18, 30), slice(40, 46)
SMALLEST_MW = 400.0
LARGE_ONLY = ("hydro", "biomass")
EM_NAMES = {"hydro storage": "pumped_hydro", "unknown": "other"}
EM_BAND = (0.8, 1.25)
WRI_FUELS = {
    "Coal": "coal", "Natural Gas": "gas", "LNG": "gas", "Blast Furnace Gas": "gas", "Crude": "oil", "Oil": "oil",
    "HFO": "oil", "Nuclear": "nuclear", "Hydro": "hydro", "Geothermal": "geothermal", "Wind": "wind",
    "Solar": "solar", "Waste": "waste", "Unknown": "other",
}  # fmt: skip
WRI_OWNERS = {
    "Tokyo": "tokyo", "TEPCO": "tokyo", "Chubu": "chubu", "Kansai": "kansai", "Hokuriku": "hokuriku",
    "Chugoku": "chugoku", "Shikoku": "shikoku", "Kyushu": "kyushu", "Kyusyu": "kyushu", "Tohoku": "tohoku",
    "Hokkaido": "hokkaido", "HOKKAIDO": "hokkaido", "KYUSHU": "kyushu", "Okinawa": "okinawa",
}  # fmt: skip
# Retired since, as `unit_changes.csv` has it: plant of the register -> MW to take off.
WRI_RETIRED = {
    "Fukushima Daina": 4400.0, "Fukushima Daiichi": 1884.0, "Ohi|Nuclear": 2350.0, "Anegasaki": 1200.0,
    "Sodegaura": 600.0, "Chita": 3966.0, "Hirono": 600.0, "Ohi|Crude": 1050.0, "Nanko": 1800.0, "Buzen": 1000.0,
}  # fmt: skip
HKS_SOURCE = (
    "OCCTO HKS unit output disclosure, half-hourly, as compiled in github.com/hama-jp/occto-grid-observatory, "
    "commit b704ccb5"
)
BALANCE_SOURCE = (
    "power balance: OCCTO area demand less HKS unit output less net import over the ties, as compiled in "
    "github.com/hama-jp/occto-grid-observatory, commit b704ccb5"
)
EM_SOURCE = "github.com/electricitymaps/electricitymaps-contrib, commit b354f28a, config/zones/JP-{zone}.yaml"
WRI_SOURCE = "WRI Global Power Plant Database, input table of Japan (owner, fuel, capacity as printed)"
OCCTO_LICENCE = "facts; OCCTO public data, attribution"
SOURCE_COLUMNS = (
    "area", "carrier", "kind", "mw", "year", "used", "comparable", "source", "source_date", "licence",
    "confidence", "note",
)  # fmt: skip
FACTOR_COLUMNS = (
    "carrier", "area", "season", "factor", "factor_low", "factor_high", "used", "kind", "source", "source_date",
    "licence", "confidence", "note",
)  # fmt: skip
MEASURED_SOURCES = (
    "units observed", "units observed (100 MW and more)", "config", "config and units observed", "register",
    "national total shared by balance", "national total shared by model", "largest output by balance",
    "outlook less wind",
)  # fmt: skip
UNIT_CARRIERS = ("nuclear", "coal", "gas", "oil", "hydro", "pumped_hydro", "biomass", "other")
NO_OUTAGE = 0.974  # OCCTO deducts 2.6 % of all supply for forced outages
FACTOR_CHOICE = {
    "hydro": "Factor: mean run at the peak, as water is limited",
    "pumped_hydro": "Factor: mean of units that ran that day; reservoirs may be low at a late peak",
    "oil": "Factor: units that ran on any of the ten, as oil stands by; high: OCCTO's forced outages only",
    "nuclear": "Factor: mean of units that ran that day; outages of summer 2026 are in it, take 'all' for other years",
    "other": "Factor: mean of units that ran that day",
}
MEASURED_FACTORS = ("measured", "measured at coincident peak", "measured by balance")


@dataclass(frozen=True)
class Grid:
    """What the daily files hold: MW of each unit, demand and net import of each area, by day and half-hour."""

    units: pd.DataFrame
    output: np.ndarray
    days: list[str]
    demand: dict[str, np.ndarray]
    supply: dict[str, np.ndarray]
    imports: dict[str, np.ndarray]


USUAL_SHARE, SPIKE = 0.995, 1.05
"""A maximum this much above the output of 99.5 % of running half-hours is taken for a spike."""


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[1])
    for name in ("observatory", "electricitymaps", "raw_folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--out", type=Path, default=DATA)
    parser.add_argument("--feeds", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    grid = read_grid(given.observatory)
    if given.feeds:
        print(feeding_evidence(grid).to_string())
        return
    sources = pd.read_csv(given.out / "capacity_sources.csv")
    factors = pd.read_csv(given.out / "firm_factors.csv")
    if given.check:
        print(check_table(grid, sources, factors).round(0).to_string())
        return
    sources = capacity_rows(sources, grid, given.electricitymaps, given.raw_folder)
    factors = factor_rows(factors, grid, sources)
    _write(sources, given.out / "capacity_sources.csv", ["area", "carrier", "used", "kind", "source", "year"])
    _write(factors, given.out / "firm_factors.csv", ["carrier", "season", "area", "used", "kind"])
    unit_maxima(pd.read_csv(given.out / "units.csv"), grid).to_csv(
        given.out / "units.csv", index=False, lineterminator="\n", encoding="utf-8"
    )


def unit_maxima(units: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Return the list of units with their largest outputs measured anew."""
    largest = (
        grid.units.assign(mw=grid.output.max(axis=(1, 2)).round(1)).groupby(["plant", "unit"])["mw"].max()
    )
    key = pd.MultiIndex.from_arrays([units["plant_ja"], units["unit_ja"].fillna("")])
    found = largest.reindex(key).to_numpy()
    return units.assign(
        max_output_observed_mw=np.where(np.isnan(found), units["max_output_observed_mw"], found)
    )


# ------------------------------------------------------------------------------------------------ reading


def read_grid(folder: Path) -> Grid:
    """Return outputs in MW (a half-hour's kWh / 500) of every unit, and the balance of every area."""
    paths = sorted(folder.rglob("dashboard-20??????.json"))
    if not paths:
        msg = f"no dashboard-YYYYMMDD.json anywhere in {folder}"
        raise FileNotFoundError(msg)
    days = [path.stem[-8:] for path in paths]
    series: dict[tuple[str, str, str, str], np.ndarray] = {}
    demand = {area: np.full((len(days), 48), np.nan) for area in IMPORT}
    supply = {area: np.full((len(days), 48), np.nan) for area in IMPORT}
    imports = {area: np.full((len(days), 48), np.nan) for area in IMPORT}
    for at, path in enumerate(paths):
        day = json.loads(path.read_text(encoding="utf-8"))
        for unit in day["generation"]["unitSeries"]:
            key = (unit["area"], unit["plantName"], unit["unitName"] or "", unit["sourceType"] or "")
            series.setdefault(key, np.zeros((len(days), 48)))[at] = np.array(unit["values"], float) / 500
        for area in day["reserves"]["areaSeries"]:
            demand[AREAS[area["area"]]][at] = area["demandMw"]
            supply[AREAS[area["area"]]][at] = area["supplyMw"]
        flows = {
            tie["intertieName"]: np.array(tie["values"], float) for tie in day["flows"]["intertieSeries"]
        }
        for area in IMPORT:
            imports[area][at] = _net_import(flows, area, days[at])
    units = pd.DataFrame(series.keys(), columns=["listed", "plant", "unit", "fuel"])
    units["listed"] = units["listed"].map(AREAS)
    units["area"] = [
        _area_fed(plant, area) for plant, area in zip(units["plant"], units["listed"], strict=True)
    ]
    known = pd.read_csv(DATA / "plants.csv").set_index("plant_ja")["carrier"]
    units["carrier"] = [
        _carrier(plant, fuel, known) for plant, fuel in zip(units["plant"], units["fuel"], strict=True)
    ]
    output = np.stack([without_spikes(values) for values in series.values()])
    return Grid(units, output, days, demand, supply, imports)


def without_spikes(output: np.ndarray) -> np.ndarray:
    """
    Return a unit's output cut at what it exceeds in one of 200 of its running half-hours only.

    Some units show two to four half-hours far above their nameplate: an error of the meter or of the record.
    """
    running = output[output > 0.0]
    if not running.size:
        return output
    usual = np.quantile(running, USUAL_SHARE)
    return np.minimum(output, usual) if output.max() > SPIKE * usual else output


def _net_import(flows: dict[str, np.ndarray], area: str, day: str) -> np.ndarray:
    fenced = any("フェンス" in tie for tie in IMPORT[area])
    odd = day < FENCES_FROM or FENCES_ODD[0] <= day <= FENCES_ODD[1]
    if fenced and odd:
        return np.full(48, np.nan)
    gone = np.full(48, np.nan)
    total = np.zeros(48)
    for tie, sign in IMPORT[area].items():
        total = total + sign * flows.get(tie, gone)
    return total


def _area_fed(plant: str, listed: str) -> str:
    if plant == JERA_JOETSU:
        return "chubu"
    return next((area for name, area in FEEDS.items() if name in plant), listed)


def _carrier(plant: str, fuel: str, known: pd.Series) -> str:
    """Return the carrier that HKS prints; where it prints none, that of `plants.csv`."""
    carrier = FUELS.get(fuel) or str(known.get(plant, "biomass" if "バイオマス" in plant else "other"))
    pumped = carrier == "hydro" and any(name in plant for name in PUMPED)
    return "pumped_hydro" if pumped else carrier


# ------------------------------------------------------------------------------------------------ the balance


def unlisted(grid: Grid, area: str) -> np.ndarray:
    """Return what else must have fed the area: demand less listed output less net import, by day and half-hour."""
    listed = grid.output[(grid.units["area"] == area).to_numpy()].sum(axis=0)
    return grid.demand[area] - listed - grid.imports[area]


def largest_solar(grid: Grid, area: str) -> float:
    """Return the 97th percentile over the days of the highest daylight balance above that evening's."""
    rest = unlisted(grid, area)[[day >= FENCES_FROM for day in grid.days]]
    rest = rest[np.isfinite(rest).all(axis=1)]
    above = rest[:, DAYLIGHT].max(axis=1) - np.median(rest[:, EVENING], axis=1)
    return float(np.percentile(above, 97))


def feeding_evidence(grid: Grid) -> pd.DataFrame:
    """
    Return which area's balance each plant moves.

    The change of an area's demand less net import from one half-hour to the next, at night, is regressed on
    the changes of all plants: a plant has a coefficient towards 1 in the area that it feeds, near 0 elsewhere.
    """
    steps, plants = _steps(grid)
    rows = []
    since = [day >= FENCES_FROM for day in grid.days]
    for area in (area for area, ties in IMPORT.items() if ties):
        y = np.diff((grid.demand[area] - grid.imports[area])[since], axis=1)
        y = (y - np.nanmedian(y, axis=0))[:, NIGHT].ravel()
        good = np.isfinite(y) & (np.abs(y) < LARGEST_STEP_MW)
        x = steps[good]
        fit, *_ = np.linalg.lstsq(x, y[good], rcond=None)
        spread = np.sqrt(np.sum((y[good] - x @ fit) ** 2) / max(len(x) - x.shape[1], 1))
        error = spread * np.sqrt(np.clip(np.diag(np.linalg.pinv(x.T @ x)), 0, None))
        rows += [(*plant, area, b, e) for plant, b, e in zip(plants, fit, error, strict=True)]
    found = pd.DataFrame(rows, columns=["plant", "listed", "feeds", "coefficient", "error"])
    asked = found["plant"].map(lambda plant: plant == JERA_JOETSU or any(name in plant for name in FEEDS))
    clear = (found["coefficient"] > SMALLEST_SHARE) & (found["coefficient"] > 2 * found["error"])
    return found[asked & clear].round(2).sort_values(["plant", "feeds"])


def _steps(grid: Grid) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return the half-hourly changes of each plant at night, less the usual change of that half-hour."""
    names = grid.units["plant"].str.replace(r"発電所第?[０-９0-9]+号.*", "発電所", regex=True)
    plants, columns = [], []
    since = [day >= FENCES_FROM for day in grid.days]
    for name, listed in sorted(set(zip(names, grid.units["listed"], strict=True))):
        rows = ((names == name) & (grid.units["listed"] == listed)).to_numpy()
        step = np.diff(grid.output[rows].sum(axis=0)[since], axis=1)
        step = (step - np.median(step, axis=0))[:, NIGHT].ravel()
        if listed != "okinawa" and step.std() > 1:
            plants.append((str(name), str(listed)))
            columns.append(step)
    return np.column_stack(columns), plants


# ------------------------------------------------------------------------------------------------ capacities


def capacity_rows(kept: pd.DataFrame, grid: Grid, zones: Path, raw: Path) -> pd.DataFrame:
    """Return the hand-kept rows with all measured ones anew; a hand-kept row in use goes before a measured one."""
    kept = kept[~kept["kind"].isin(MEASURED_SOURCES)]
    observed = observed_rows(grid)
    config = config_rows(zones, observed)
    register = register_rows(raw)
    rows = pd.concat([kept, observed, config, register], ignore_index=True)
    rows = pd.concat([rows, *derived_rows(rows, grid)], ignore_index=True)
    return _choose(rows)[list(SOURCE_COLUMNS)]


def observed_rows(grid: Grid) -> pd.DataFrame:
    """Return the sum of the largest outputs of the units that feed each area, all and those of 100 MW and more."""
    largest = grid.output.max(axis=(1, 2))
    frame = grid.units.assign(mw=largest, idle=largest == 0)
    rows = []
    for (area, carrier), group in frame.groupby(["area", "carrier"]):
        idle = int(group["idle"].sum())
        note = f"{len(group) - idle} units; an observed maximum is a net output, below the nameplate"
        note += f"; {idle} more listed without any output in 155 days" if idle else ""
        note += _moved(group)
        rows.append((area, carrier, "units observed", group["mw"].sum(), carrier not in LARGE_ONLY, note))
        large = group.loc[group["mw"] >= 100, "mw"].sum()
        note = "the same, units of 100 MW and more only"
        rows.append(
            (area, carrier, "units observed (100 MW and more)", large, carrier not in LARGE_ONLY, note)
        )
    found = pd.DataFrame(rows, columns=["area", "carrier", "kind", "mw", "comparable", "note"])
    large_only = found["carrier"].isin(LARGE_ONLY)
    found.loc[large_only, "note"] += "; large plants only: no comparison for the whole carrier"
    return found.assign(
        year="2026", source=HKS_SOURCE, source_date="2026-08-21", licence=OCCTO_LICENCE, confidence="medium"
    )


def _moved(group: pd.DataFrame) -> str:
    away = group[(group["area"] != group["listed"]) & (group["mw"] > 0)]
    if away.empty:
        return ""
    mw = away["mw"].sum()
    listed = ", ".join(sorted(set(away["listed"])))
    return f"; includes {mw:.0f} MW that HKS lists under {listed} but that feed this area"


def config_rows(folder: Path, observed: pd.DataFrame) -> pd.DataFrame:
    """Return the capacities of the zone configurations; comparable if near what was seen of the carrier."""
    seen = observed[observed["kind"] == "units observed"].set_index(["area", "carrier"])["mw"]
    rows = []
    for zone, area in ZONES.items():
        text = next(folder.rglob(f"JP-{zone}.yaml")).read_text(encoding="utf-8")
        for name, value in _capacity_block(text).items():
            carrier = EM_NAMES.get(name, name)
            if value > 0:
                fit, why = _config_fits(area, carrier, value, float(seen.get((area, carrier), np.nan)))
                rows.append((area, carrier, value, EM_SOURCE.format(zone=zone), fit, why))
    found = pd.DataFrame(rows, columns=["area", "carrier", "mw", "source", "comparable", "note"])
    return found.assign(
        kind="config",
        year="undated",
        source_date="2026-08-21",
        licence="facts (repository AGPL-3.0)",
        confidence="low",
    )


def _capacity_block(text: str) -> dict[str, float]:
    block = re.search(r"^capacity:\n((?:  .*\n)+)", text, flags=re.MULTILINE)
    lines = block.group(1).splitlines() if block else []
    return {
        key.strip(): float(value) for key, value in (line.rsplit(":", 1) for line in lines) if value.strip()
    }


def _config_fits(area: str, carrier: str, mw: float, seen: float) -> tuple[bool, str]:
    """Return whether a configured capacity can be compared, and why not."""
    if (area, carrier) == ("chubu", "solar"):
        return (
            False,
            "wrong: 550 MW is the utility's own; the area's largest solar output by balance is above 8,000 MW",
        )
    if (area, carrier) == ("hokuriku", "biomass"):
        return (
            False,
            "wrong: 700 MW is Tsuruga 2, a coal unit that burns some wood (its source is that plant's page)",
        )
    if carrier == "solar":
        return False, "undated; stale"
    if carrier not in {"coal", "gas", "oil", "nuclear", "pumped_hydro"}:
        return True, "undated; its sources are in DATA_SOURCES.md"
    if seen > 0 and EM_BAND[0] <= mw / seen <= EM_BAND[1]:
        return True, "within 25 % of the units observed"
    why = "idle reactors in it" if carrier == "nuclear" else "the utility's own fleet or an old one"
    return (
        False,
        f"not comparable: {why}; {f'{mw / seen:.2f} of the units observed' if seen > 0 else 'nothing ran'}",
    )


def register_rows(folder: Path) -> pd.DataFrame:
    """Return the register's sums by area fed and carrier, less what is known to be retired; too old to compare."""
    table = pd.read_csv(next(folder.rglob("wri_raw_Japan.csv")))
    mw = [
        value - WRI_RETIRED.get(name, WRI_RETIRED.get(f"{name}|{fuel}", 0.0))
        for name, fuel, value in zip(table["Name"], table["Fuel"], table["Capacity (MW)"], strict=True)
    ]
    table = table.assign(mw=mw, carrier=table["Fuel"].map(WRI_FUELS), area=pd.Series(_register_areas(table)))
    pumped = table["Name"].isin(_WRI_PUMPED) & (table["carrier"] == "hydro")
    table.loc[pumped, "carrier"] = "pumped_hydro"
    grouped = table.dropna(subset=["area", "carrier"]).groupby(["area", "carrier"])["mw"]
    sums = grouped.agg(["sum", "size"]).query("sum > 0").reset_index()
    note = "stale: plants of 2014-2018 less those known to be retired; newer units missing, idle reactors in; {} plants"
    return pd.DataFrame(
        {
            "area": sums["area"], "carrier": sums["carrier"], "kind": "register", "mw": sums["sum"],
            "year": "2014-2018", "comparable": sums["carrier"] == "geothermal", "source": WRI_SOURCE,
            "source_date": "2018", "licence": "CC BY 4.0", "confidence": "low",
            "note": [note.format(size) for size in sums["size"]],
        }
    )  # fmt: skip


_WRI_PUMPED = (
    "Okukiyotsu Daini", "Okukiyotsu", "Takane Daiichi", "Okuyahagi Daiichi", "Okuyahagi Daini", "Takami", "Niikappu",
    "Nagano", "Yagisawa", "Midono", "Mazegawa Daiichi", "Shin Nariwagawa", "Ikehara", "Daini Numazawa", "Kisenyama",
    "Kannagawa", "Ohira", "Tenzan", "Hongawa", "Nabara", "Azumi", "Numappara", "Kazunogawa", "Omarugawa", "Shiobara",
    "Shimogo", "Imaichi", "Shin Toyone", "Matanogawa", "Tamahara", "Okuyoshino", "Shin Takasegawa", "Okawachi",
    "Okumino", "Okutataragi",
)  # fmt: skip
_WRI_FEEDS = {"Okukiyotsu": "tokyo", "Okukiyotsu Daini": "tokyo", "Shimogo": "tokyo", "Okutadami": "tokyo",
              "Tagokura": "tokyo", "Miboro": "kansai", "Tsuruga": "kansai", "Uryu": "hokkaido"}  # fmt: skip


def _register_areas(table: pd.DataFrame) -> list[str | None]:
    """Return the area a plant feeds: the known exceptions, the utility that owns it, or the area it stands in."""
    shapes = gpd.read_file(DATA / "areas.geojson")[["area", "geometry"]].to_crs("EPSG:6933")
    points = gpd.GeoSeries.from_xy(table["Longitude"], table["Latitude"], crs="EPSG:4326").to_crs("EPSG:6933")
    placed = points[table["Latitude"].notna()].to_frame("geometry").sjoin_nearest(shapes)["area"]
    placed = placed[~placed.index.duplicated()].reindex(table.index)
    found: list[str | None] = []
    for name, owner, place in zip(table["Name"], table["Owner"].fillna(""), placed, strict=True):
        owned = next((area for key, area in WRI_OWNERS.items() if str(owner).startswith(key)), None)
        found.append(_WRI_FEEDS.get(name) or owned or (place if isinstance(place, str) else None))
    return found


def derived_rows(rows: pd.DataFrame, grid: Grid) -> list[pd.DataFrame]:
    """Return the figures that combine others: solar by area, utility hydro with J-POWER's, batteries."""
    return [_largest_solar_rows(grid), _solar_rows(rows, grid), _hydro_rows(rows, grid), _battery_rows(rows)]


def _largest_solar_rows(grid: Grid) -> pd.DataFrame:
    rows = [(area, largest_solar(grid, area)) for area in IMPORT]
    note = (
        "97th percentile over the days of demand less listed output less net import at its highest in daylight, above "
        "the same evening: a lower bound of what is installed (pumping and curtailment lower it)"
    )
    return _derived(
        rows,
        "solar",
        "largest output by balance",
        BALANCE_SOURCE,
        note,
        comparable=False,
        licence=OCCTO_LICENCE,
    )


def _solar_rows(rows: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Return the national total less the areas that have a figure, shared by the largest output by balance."""
    solar = rows[rows["carrier"] == "solar"]
    hand = solar[(solar["kind"] == "installed") & _is_used(solar)].set_index("area")["mw"]
    outlook = _outlook_less_wind(rows)
    known = pd.concat([hand, outlook.set_index("area")["mw"]])
    total = float(solar.loc[(solar["area"] == "japan") & (solar["year"] == "FY2025"), "mw"].iloc[0])
    open_areas = {area: largest_solar(grid, area) for area in IMPORT if area not in known.index}
    scale = (total - known.sum()) / sum(open_areas.values())
    shared = [(area, mw * scale) for area, mw in open_areas.items()]
    note = (
        f"no published figure found: {total:.0f} MW (OCCTO supply plan, FY2025) less {known.sum():.0f} MW of the "
        f"{len(known)} areas with one, in proportion to the largest solar output by balance (x {scale:.2f})"
    )
    found = _derived(
        shared, "solar", "national total shared by balance",
        "OCCTO supply plan of FY2025 by rts-pv.com/en/blogs/14145; " + BALANCE_SOURCE, note,
        comparable=True, licence=OCCTO_LICENCE, year="FY2025",
    )  # fmt: skip
    return pd.concat([found, outlook], ignore_index=True)


def _outlook_less_wind(rows: pd.DataFrame) -> pd.DataFrame:
    """Return solar of the four areas whose curtailment outlook prints solar and wind together."""
    both = rows[(rows["kind"] == "installed (curtailment outlook)") & (rows["year"] == "FY2025")]
    config = rows[(rows["kind"] == "config") & (rows["carrier"] == "wind")].set_index("area")["mw"]
    shared = [(area, mw - config[area]) for area, mw in zip(both["area"], both["mw"], strict=True)]
    note = "solar and wind of the outlook less the configured wind; what the outlook counts changed between years"
    source = f"{both['source'].iloc[0]}; {EM_SOURCE.format(zone='*')}"
    return _derived(
        shared, "solar", "outlook less wind", source, note, comparable=True, licence="facts", year="FY2025"
    )


def _hydro_rows(rows: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Return the utilities' conventional hydro plus J-POWER's listed plants, which the utilities' figures lack."""
    config = rows[(rows["kind"] == "config") & (rows["carrier"] == "hydro")].set_index("area")["mw"]
    largest = grid.output.max(axis=(1, 2))
    wholesale = (grid.units["carrier"] == "hydro") & grid.units["plant"].str.contains("電源開発")
    extra = (
        pd.Series(largest[wholesale.to_numpy()]).groupby(grid.units.loc[wholesale, "area"].to_numpy()).sum()
    )
    shared = [(str(area), mw + float(extra.get(area, 0.0))) for area, mw in config.items()]
    note = (
        "the utility's own conventional hydro plus J-POWER's listed plants that feed the area; "
        "public enterprises' plants are missing"
    )
    source = f"{EM_SOURCE.format(zone='*')}; {HKS_SOURCE}"
    return _derived(
        shared,
        "hydro",
        "config and units observed",
        source,
        note,
        comparable=True,
        licence="facts",
        year="2026",
    )


def _battery_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the national total of grid batteries in the proportion of the model's allocation."""
    battery = rows[rows["carrier"] == "battery"]
    total = float(battery.loc[battery["area"] == "japan", "mw"].iloc[0])
    model = battery[battery["kind"] == "model allocation"]
    shared = [
        (area, total * mw / model["mw"].sum()) for area, mw in zip(model["area"], model["mw"], strict=True)
    ]
    note = (
        "assumption: the national total of connected grid batteries in the proportion of a model's allocation"
    )
    source = "itmedia.co.jp/smartjapan/articles/2507/03/news038.html; github.com/lutelute/All-Japan-Grid fy2025r1.yaml"
    return _derived(
        shared, "battery", "national total shared by model", source, note,
        comparable=True, licence="facts", year="2025-03",
    )  # fmt: skip


def _derived(
    rows: Sequence[tuple[str, float]], carrier: str, kind: str, source: str, note: str, *,
    comparable: bool, licence: str, year: str = "2026",
) -> pd.DataFrame:  # fmt: skip
    found = pd.DataFrame(rows, columns=["area", "mw"])
    return found.assign(
        carrier=carrier, kind=kind, year=year, comparable=comparable, source=source, source_date="2026-08-21",
        licence=licence, confidence="low", note=note,
    )  # fmt: skip


def _choose(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with one used per area and carrier: a hand-kept choice, else the first kind that is there."""
    order = {
        "units observed": 0, "outlook less wind": 1, "national total shared by balance": 1,
        "config and units observed": 1, "national total shared by model": 1, "config": 2, "register": 3,
    }  # fmt: skip
    rows = rows.assign(
        mw=rows["mw"].round(1), used=_is_used(rows), comparable=rows["comparable"].astype(bool)
    )
    rank = (rows["kind"].map(order).fillna(9) + 20 * ~rows["comparable"]).astype(float)
    rank[rows["carrier"].eq("pumped_hydro") & rows["kind"].eq("units observed")] = 5.0
    rank[rows["used"]] = -1.0
    rank[rows["area"].eq("japan") | (rank >= 20)] = np.inf
    best = rank[np.isfinite(rank)].groupby([rows["area"], rows["carrier"]]).idxmin()
    return rows.assign(used=rows.index.isin(best))


def _is_used(rows: pd.DataFrame) -> pd.Series:
    return rows["used"].map(lambda flag: str(flag) == "True").astype(bool)


# ------------------------------------------------------------------------------------------------ firm factors


def factor_rows(kept: pd.DataFrame, grid: Grid, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the hand-kept rows with all measured ones anew."""
    kept = kept[~kept["kind"].isin(MEASURED_FACTORS)]
    rows = [*_unit_factors(grid, sources), *_coincident_factors(grid), *_solar_factors(grid, sources)]
    found = pd.DataFrame(rows)
    found = found.assign(season="summer", source_date="2026-08-21", licence=OCCTO_LICENCE)
    return pd.concat([kept, found], ignore_index=True)[list(FACTOR_COLUMNS)]


def highest_days(grid: Grid, area: str) -> list[tuple[int, int]]:
    """Return day and half-hour of the area's peak on its ten highest days since July."""
    peaks = np.nanmax(grid.demand[area], axis=1)
    summer = [at for at, day in enumerate(grid.days) if day >= SUMMER_FROM]
    top = sorted(summer, key=lambda at: -peaks[at])[:HIGHEST_DAYS]
    return [(at, int(np.nanargmax(grid.demand[area][at]))) for at in top]


def _shares(grid: Grid, areas: Iterable[str], carrier: str, capacity: pd.Series | None = None) -> np.ndarray:
    """
    Return for each of the ten days the share run at the peak, the share of units that ran that day and on any.

    Shares are of the units' largest outputs or, where it is given, of the capacity by area.
    """
    total, ran_any = 0.0, 0.0
    run, day_on = np.zeros(HIGHEST_DAYS), np.zeros(HIGHEST_DAYS)
    for area in areas:
        mine = ((grid.units["area"] == area) & (grid.units["carrier"] == carrier)).to_numpy()
        if not mine.any():
            continue
        output, days = grid.output[mine], highest_days(grid, area)
        largest = output.max(axis=(1, 2))
        on = np.array([output[:, at].max(axis=1) > 0 for at, _ in days])
        total += largest.sum() if capacity is None else float(capacity[area])
        run += [output[:, at, slot].sum() for at, slot in days]
        day_on += on @ largest
        ran_any += largest[on.any(axis=0)].sum()
    shares = np.vstack([run, day_on, np.full(HIGHEST_DAYS, ran_any)])
    return shares / total if total else np.full((3, HIGHEST_DAYS), np.nan)


def _unit_factors(grid: Grid, sources: pd.DataFrame) -> list[dict[str, object]]:
    """Return availability by carrier, all areas together and each area that has enough of it."""
    largest = grid.output.max(axis=(1, 2))
    sums = grid.units.assign(mw=largest).groupby(["carrier", "area"])["mw"].sum()
    pumped = sources[sources["used"] & (sources["carrier"] == "pumped_hydro")].set_index("area")["mw"]
    rows = []
    for carrier in UNIT_CARRIERS:
        capacity = pumped if carrier == "pumped_hydro" else None
        whole = _shares(grid, IMPORT, carrier, capacity)
        rows.append(_unit_factor(carrier, "all", whole, used=carrier != "biomass"))
        for area in IMPORT:
            if float(sums.get((carrier, area), 0.0)) >= SMALLEST_MW:
                shares = _shares(grid, [area], carrier, capacity)
                rows.append(_unit_factor(carrier, area, shares, used=carrier in {"nuclear", "coal", "gas"}))
    return rows


def _unit_factor(carrier: str, area: str, shares: np.ndarray, *, used: bool) -> dict[str, object]:
    run, day_on, any_on = shares
    base = "the capacity in use" if carrier == "pumped_hydro" else "the units' largest outputs"
    note = (
        f"shares of {base} on the ten highest days since July 2026. Run at the peak half-hour: {run[0]:.2f} on the "
        f"highest day, {run.min():.2f}-{run.max():.2f} on the ten, mean {run.mean():.2f}; run is not available, so the "
        f"largest of them is a lower bound. Units that ran that day: mean {day_on.mean():.2f} "
        f"({day_on.min():.2f}-{day_on.max():.2f}). Units that ran on any of the ten: {any_on[0]:.2f}, an upper-side "
        f"estimate. {FACTOR_CHOICE.get(carrier, FACTOR_CHOICE['other'])}"
    )
    low, mid, high = run.max(), day_on.mean(), any_on[0]
    if carrier == "nuclear":
        high = 1.0  # a unit that was out for inspection is not unfit
    if carrier == "hydro":
        low, mid, high = run.min(), run.mean(), run.max()
    if carrier == "oil":
        low, mid, high = run.max(), any_on[0], max(NO_OUTAGE, any_on[0])
    return {
        "carrier": carrier, "area": area, "factor": round(max(low, mid), 3), "factor_low": round(low, 3),
        "factor_high": round(max(high, low, mid), 3), "used": used, "kind": "measured", "source": HKS_SOURCE,
        "confidence": "medium", "note": note,
    }  # fmt: skip


def _coincident_factors(grid: Grid) -> list[dict[str, object]]:
    """Return the share of each carrier that ran at the national peak half-hour."""
    at = grid.days.index(COINCIDENT_DAY)
    slot = int(np.nansum([demand[at] for demand in grid.demand.values()], axis=0).argmax())
    rows = []
    for carrier in UNIT_CARRIERS:
        mine = (grid.units["carrier"] == carrier).to_numpy()
        share = grid.output[mine, at, slot].sum() / grid.output[mine].max(axis=(1, 2)).sum()
        note = f"2026-07-23, half-hour from {slot // 2:02d}:{slot % 2 * 30:02d}: run, not available: a lower bound"
        rows.append({
            "carrier": carrier, "area": "all", "factor": round(share, 3), "factor_low": np.nan,
            "factor_high": np.nan, "used": False, "kind": "measured at coincident peak", "source": HKS_SOURCE,
            "confidence": "medium", "note": note,
        })  # fmt: skip
    return rows


def _solar_factors(grid: Grid, sources: pd.DataFrame) -> list[dict[str, object]]:
    """Return the balance at the peak half-hour above the same evening's, over the capacity in use."""
    used = sources[sources["used"] & (sources["carrier"] == "solar")].set_index("area")["mw"]
    rows, weighted = [], []
    for area in IMPORT:
        rest = unlisted(grid, area)
        seen = [rest[at, slot] - np.nanmedian(rest[at, EVENING]) for at, slot in highest_days(grid, area)]
        share = np.array([mw for mw in seen if np.isfinite(mw)]) / float(used[area])
        weighted.append((float(used[area]), share))
        rows.append(_solar_factor(area, share))
    total = sum(mw for mw, _ in weighted)
    mean, low, high = (
        sum(mw * part(share) for mw, share in weighted) / total for part in (np.mean, np.min, np.max)
    )
    return [*rows, _solar_factor("all", np.array([low, mean, high]), mean=float(mean))]


def _solar_factor(area: str, share: np.ndarray, mean: float | None = None) -> dict[str, object]:
    note = (
        "demand less listed output less net import, less the same at 20:00-23:00, over the capacity in use; ten "
        "highest days since July 2026, each at the area's own peak half-hour; low and high are the lowest and highest "
        "of them. Wind and small hydro that change over the day, and batteries, are in it. Evening peaks get none"
    )
    return {
        "carrier": "solar", "area": area, "factor": round(float(share.mean()) if mean is None else mean, 3),
        "factor_low": round(max(float(share.min()), 0.0), 3), "factor_high": round(min(float(share.max()), 1.0), 3),
        "used": True, "kind": "measured by balance", "source": BALANCE_SOURCE, "confidence": "low", "note": note,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ the check


def check_table(grid: Grid, sources: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Return capacity x firm factor by area (low, default, high) and the peak half-hour's balance beside it."""
    chosen = factors[factors["used"] & (factors["season"] == "summer")].set_index(["carrier", "area"])
    rows = {}
    for area in IMPORT:
        at, slot = highest_days(grid, area)[0]
        mine = sources[(sources["area"] == area) & sources["comparable"]]
        sums = _firm_sums(mine, chosen, area)
        flow = grid.imports[area][at, slot]
        demand, supply = grid.demand[area][at, slot], grid.supply[area][at, slot]
        rows[area] = {
            **sums, "net_import": flow, "default_with_import": sums["default"] + flow, "published_supply": supply,
            "demand": demand, "own_generation": demand - flow,
        }  # fmt: skip
    return pd.DataFrame(rows).T


def _firm_sums(mine: pd.DataFrame, chosen: pd.DataFrame, area: str) -> dict[str, float]:
    sums = {"low": 0.0, "default": 0.0, "high": 0.0}
    for carrier, group in mine.groupby("carrier"):
        if not group["used"].any():
            continue
        key = (carrier, area) if (carrier, area) in chosen.index else (carrier, "all")
        low, mid, high = chosen.loc[[key], ["factor_low", "factor", "factor_high"]].to_numpy(float)[0]
        used = float(group.loc[group["used"], "mw"].iloc[0])
        like = group.loc[~group["kind"].isin(["installed (curtailment outlook)"]), "mw"]
        sums["low"] += min(used, float(like.min())) * low
        sums["default"] += used * mid
        sums["high"] += max(used, float(like.max())) * high
    return sums


def _write(table: pd.DataFrame, path: Path, order: list[str]) -> None:
    """Write the rows in a fixed order, used ones first within their group."""
    ascending = [column != "used" for column in order]
    table.sort_values(order, ascending=ascending, kind="stable").to_csv(
        path, index=False, lineterminator="\n"
    )


if __name__ == "__main__":
    main()
