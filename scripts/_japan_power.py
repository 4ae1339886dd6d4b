"""Areas, pockets, ties, upgrades, plants and the demand outlook of the embedded Japan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS

ZONES = {
    "hokkaido": ("hokkaido", 50),
    "tohoku": ("east", 50),
    "tokyo": ("east", 50),
    "okinawa": ("okinawa", 60),
}
WEST = ("west", 60)
NAMES_JA = {
    "hokkaido": "北海道", "tohoku": "東北", "tokyo": "東京", "chubu": "中部", "hokuriku": "北陸",
    "kansai": "関西", "chugoku": "中国", "shikoku": "四国", "kyushu": "九州", "okinawa": "沖縄",
}  # fmt: skip
CARRIERS = {
    "火力（ガス）": "gas",
    "火力（石炭）": "coal",
    "火力（石油）": "oil",
    "原子力": "nuclear",
    "水力": "hydro",
}
PROVENANCE = ["source", "source_date", "licence", "confidence"]
OCCTO = "facts; OCCTO public data, attribution"
BASE_YEAR, LAST_YEAR = 2026, 2034
HOURS = 8.76 * ASSUMPTIONS["load_factor"].value / 1000.0
"""TWh of a year per MW of peak."""


def areas_table(facts: pd.DataFrame, prefectures: pd.DataFrame) -> pd.DataFrame:
    """Return the attributes of `areas`: peak and supply of one half-hour, energy, population."""

    def fact(metric: str, year: str) -> pd.Series:
        rows = facts[(facts["metric"] == metric) & (facts["year"] == year)].set_index("area")
        return rows["value"].reindex(list(NAMES_JA))

    ids = list(NAMES_JA)
    peaks = facts[(facts["metric"] == "peak_demand") & (facts["year"] == "FY2026")].set_index("area")
    energy = facts[facts["metric"] == "annual_energy_estimate"]["source"].iloc[0]
    return pd.DataFrame(
        {
            "name": [area.capitalize() for area in ids],
            "name_ja": list(NAMES_JA.values()),
            "zone": [ZONES.get(area, WEST)[0] for area in ids],
            "frequency": [float(ZONES.get(area, WEST)[1]) for area in ids],
            "peak_mw": fact("peak_demand", "FY2026"),
            "energy_twh": fact("annual_energy_estimate", "FY2025"),
            "firm_mw": fact("supply_at_peak_slot", "FY2026"),
            "unsited_mw": 0.0,
            "population": prefectures.groupby("area")["population"].sum().reindex(ids),
            "source": [_area_source(date, energy) for date in peaks["source_date"].reindex(ids)],
            "source_date": peaks["source_date"].reindex(ids),
            "licence": f"{OCCTO}; shape public domain",
            "confidence": "medium",
            "imputed": True,
        },
        index=pd.Index(ids, name="area"),
    )


def _area_source(date: str, energy: str) -> str:
    return (
        f"peak_mw and firm_mw: highest area demand of summer 2026, on {date}, and the supply published for "
        "the same half-hour (OCCTO wide-area reserve rate publication, dailyData, as compiled in "
        f"github.com/hama-jp/occto-grid-observatory, commit b704ccb5); energy_twh: {energy}; "
        "population: Population Census 2020, prefectures by main area; shape: Natural Earth 10m admin-1"
    )


def interfaces_table(names: pd.DataFrame, ties: pd.DataFrame) -> pd.DataFrame:
    """Return `interfaces`: the median half-hour as default, the lowest and highest seen as range."""
    seen = ties[
        ties["metric"].str.startswith("operating_capacity_") | (ties["metric"] == "max_observed_flow")
    ]
    value = seen.set_index(["tie", "from_area", "to_area", "metric"])["value"]
    sources = ties[ties["metric"] == "operating_capacity_median"].drop_duplicates("tie").set_index("tie")
    rows = []
    for row in names.itertuples():
        ahead, back = (row.interface, row.from_area, row.to_area), (row.interface, row.to_area, row.from_area)
        default = f"operating_capacity_{row.forward_default}"
        limits = _limits(value, ahead, back, default)
        source = sources.loc[row.interface]
        rows.append(
            {"interface": row.interface, "name": row.name, "name_ja": row.name_ja}
            | limits
            | {"margin_mw": 0.0, "year": row.year, "source": _with_note(source["source"], row.note)}
            | {"source_date": source["source_date"], "licence": source["licence"]}
            | {"confidence": row.confidence, "imputed": row.forward_default != "median"}
        )
    return pd.DataFrame(rows).set_index("interface")


def _limits(
    value: pd.Series, ahead: tuple[str, str, str], back: tuple[str, str, str], default: str
) -> Mapping[str, float]:
    """Return the six limits of an interface; a flow above the highest capacity seen raises that end."""
    highest = float(value[(*ahead, "operating_capacity_max")])
    if default != "operating_capacity_median":
        highest = max(highest, float(value.get((*ahead, "max_observed_flow"), 0.0)))
    return {
        "limit_forward": float(value[(*ahead, default)]),
        "limit_reverse": float(value[(*back, "operating_capacity_median")]),
        "limit_forward_low": float(value[(*ahead, "operating_capacity_min")]),
        "limit_forward_high": highest,
        "limit_reverse_low": float(value[(*back, "operating_capacity_min")]),
        "limit_reverse_high": float(value[(*back, "operating_capacity_max")]),
    }


def _with_note(source: str, note: str) -> str:
    return f"{source}. Note: {note}" if note else source


def upgrades_table(printed: pd.DataFrame) -> pd.DataFrame:
    """Return the upgrades that are shipped: dated plans, and undated ones that never come by themselves."""
    shipped = printed[printed["ship"]].set_index("upgrade")
    return shipped.assign(status=shipped["status"].fillna(""))


def generators_table(units: pd.DataFrame) -> pd.DataFrame:
    """Return `generators`: units by the largest output that was observed, which is not their nameplate."""
    output = units["max_output_observed_mw"]
    name_ja = units["plant_ja"] + (" " + units["unit_ja"]).where(units["unit_ja"].notna(), "")
    table = units[["unit_id", "name", *PROVENANCE]].rename(columns={"unit_id": "generator"})
    return table.assign(
        lon=np.nan,
        lat=np.nan,
        name_ja=name_ja,
        carrier=units["fuel_ja"].map(CARRIERS).fillna("other"),
        p_nom=output,
        p_unit=output,
        p_min=0.0,
        status="operating",
        area=units["area_located"],
        feeds_area=units["area_fed"],
        imputed=True,
    ).set_index("generator")


def outlook_table(areas: pd.DataFrame, scenarios: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Return `outlook`: ordinary peak and added data-centre load by area, year and scenario."""
    share = dc_shares(areas, shares)
    years = np.arange(BASE_YEAR, LAST_YEAR + 1)
    growth = ordinary_peak(scenarios, years) / ordinary_peak(scenarios, np.array([BASE_YEAR]))
    grid = pd.MultiIndex.from_product([("outlook", "low", "high"), areas.index, range(len(years))])
    table = grid.to_frame(index=False, name=["demand", "area", "at"])
    at = table["at"].to_numpy()
    loads = {demand: added_load(scenarios, demand, years) for demand in grid.levels[0]}
    mw, twh = (
        np.array([loads[d][side][i] for d, i in zip(table["demand"], at, strict=True)]) for side in (0, 1)
    )
    part = table["area"].map(share)
    table = table.assign(
        year=years[at],
        peak_mw=(table["area"].map(areas["peak_mw"]) * growth[at]).round(1),
        new_dc_mw=(mw * part).round(1),
        new_dc_twh=(twh * part).round(4),
    )
    told = pd.DataFrame([_outlook_source(demand) for demand in table["demand"]], index=table.index)
    table = table.join(told)
    ids = table["area"] + "-" + table["year"].astype(str) + "-" + table["demand"]
    return table.set_index(pd.Index(ids, name="row"))


def series(scenarios: pd.DataFrame, demand: str, quantity: str, years: np.ndarray) -> np.ndarray:
    """Return a published quantity at `years`, linear between the years given."""
    rows = scenarios[
        scenarios["used"] & (scenarios["demand"] == demand) & (scenarios["quantity"] == quantity)
    ]
    return np.interp(years, rows["year"], rows["value"])


def ordinary_peak(scenarios: pd.DataFrame, years: np.ndarray) -> np.ndarray:
    """Return the national peak without the data centres that the outlook counts one by one. [MW]"""
    peak = series(scenarios, "outlook", "national_peak_mw", years)
    return peak - series(scenarios, "outlook", "dc_peak_mw", years)


def added_load(scenarios: pd.DataFrame, demand: str, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return data-centre load added since the base year, [MW] and [TWh]; TWh are NaN where MW are given."""
    base = np.array([BASE_YEAR])
    if demand == "outlook":
        mw = series(scenarios, demand, "dc_peak_mw", years) - series(scenarios, demand, "dc_peak_mw", base)
        return mw, np.full(len(years), np.nan)
    twh = series(scenarios, demand, "dc_energy_twh", years) - series(scenarios, demand, "dc_energy_twh", base)
    return twh / HOURS, twh


def dc_shares(areas: pd.DataFrame, shares: pd.DataFrame) -> pd.Series:
    """Return each area's share of the added load: published ones, the rest by energy."""
    given = shares.set_index("area")["share"]
    rest = areas["energy_twh"].drop(given.index)
    return pd.concat([given, rest / rest.sum() * (1.0 - given.sum())]).reindex(areas.index)


def _outlook_source(demand: str) -> dict[str, object]:
    load = {
        "outlook": "OCCTO forecast of January 2025 (470, 4,400, 6,160 MW in FY2025, FY2030, FY2034)",
        "low": "Wood Mackenzie 2025-08-26 (19 TWh in 2024, 57 TWh in 2034) at the default load factor",
        "high": "Wood Mackenzie 2025-08-26 (19 TWh in 2024, 66 TWh in 2034) at the default load factor",
    }[demand]
    return {
        "source": (
            f"new_dc: {load}; by area 60 % Tokyo (itmedia smartjapan 2501/29 news089_4), 24 % Kansai "
            "(decn.co.jp, 2023), the rest by energy; peak_mw: area peak of summer 2026 moved by the national "
            "outlook without data centres"
        ),
        "source_date": "2025-08-26" if demand != "outlook" else "2025-03-21",
        "licence": OCCTO if demand == "outlook" else "facts",
        "confidence": "low",
        "imputed": True,
    }
