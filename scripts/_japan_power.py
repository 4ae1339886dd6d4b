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
PRINTED_FUELS = {"火力（ガス）": "gas", "火力（石炭）": "coal", "火力（石油）": "oil", "原子力": "nuclear"}
"""Fuels that a unit's own row prints; water and "other" are told apart by plant."""
PROVENANCE = ["source", "source_date", "licence", "confidence"]
OCCTO = "facts; OCCTO public data, attribution"
FIRST_YEAR, BASE_YEAR, LAST_YEAR = 2024, 2026, 2034
OUTLOOK_YEAR = 2025
"""First year of the outlook whose growth to the last year is printed."""
HOURS = 8.76 * ASSUMPTIONS["load_factor"].value / 1000.0
"""TWh of a year per MW of peak."""


def areas_table(facts: pd.DataFrame, prefectures: pd.DataFrame, rated: pd.Series) -> pd.DataFrame:
    """
    Return the attributes of `areas`: peaks, supply and its range, energy, population.

    The range holds the supply less flows of the half-hours near the peak, and `rated`: rated output times firm
    factors, by area. [MW]
    """
    ids = list(NAMES_JA)
    peaks = facts[(facts["metric"] == "peak_demand") & (facts["year"] == "FY2026")].set_index("area")
    energy = facts[facts["metric"] == "annual_energy_estimate"]["source"].iloc[0]
    supply = fact(facts, "supply_at_peak_slot", "FY2026")
    net_import = fact(facts, "net_tie_import_at_peak_slot", "FY2026")
    measured = {end: fact(facts, f"own_supply_near_peak{end}", "FY2026") for end in ("_low", "_high")}
    low = np.minimum(measured["_low"], rated.reindex(ids)) + net_import
    high = np.maximum(measured["_high"], rated.reindex(ids)) + net_import
    return pd.DataFrame(
        {
            "name": [area.capitalize() for area in ids],
            "name_ja": list(NAMES_JA.values()),
            "zone": [ZONES.get(area, WEST)[0] for area in ids],
            "frequency": [float(ZONES.get(area, WEST)[1]) for area in ids],
            "peak_mw": fact(facts, "peak_demand", "FY2026"),
            "energy_twh": fact(facts, "annual_energy_estimate", "FY2025"),
            "firm_mw": supply,
            "firm_mw_low": np.minimum(low, supply).round(0),
            "firm_mw_high": np.maximum(high, supply).round(0),
            "net_import_mw": net_import,
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


def fact(facts: pd.DataFrame, metric: str, year: str) -> pd.Series:
    """Return one metric of the summer, or of the year, by area."""
    chosen = (facts["metric"] == metric) & (facts["year"] == year) & facts["season"].isin(["summer", "year"])
    rows = facts[chosen].set_index("area")
    return rows["value"].reindex(list(NAMES_JA)).astype(float)


def balances_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return `balances`, named by half-hour and area."""
    ids = found["balance"].str.replace(r"[ ,:]+", "-", regex=True).str.lower() + "-" + found["area"]
    return found.set_index(pd.Index(ids, name="row"))


def _area_source(date: str, energy: str) -> str:
    return (
        f"peak_mw and firm_mw: highest area demand of summer 2026, on {date}, and the supply published for "
        "the same half-hour; net_import_mw: the tie flows of that half-hour; firm_mw_low, firm_mw_high: supply less "
        "flows in the half-hours near the peak and the table `capacity`, put on the same footing "
        "(OCCTO wide-area reserve rate publication and tie flows, as compiled in "
        f"github.com/hama-jp/occto-grid-observatory, commit b704ccb5); energy_twh: {energy}; "
        "population: Population Census 2020, prefectures by main area; unlisted_mw: data/japan/dc_stock.csv less "
        "listed sites; shape: Natural Earth 10m admin-1"
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


def generators_table(units: pd.DataFrame, plants: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """
    Return `generators`: units by the largest output that was observed, which is not their nameplate.

    Point, carrier and the areas in which a unit stands and that it feeds are those of its plant. A unit that
    closed before the peak of the base year is retired.
    """
    closed = changes[(changes["change"] == "retire") & ~changes["ship"]]["units"].dropna()
    plant = plants.set_index("plant_ja").loc[units["plant_ja"]].set_axis(units.index)
    output = units["max_output_observed_mw"]
    name_ja = units["plant_ja"] + (" " + units["unit_ja"]).where(units["unit_ja"].notna(), "")
    same = plant["area_fed"] == plant["area_located"]
    return pd.DataFrame(
        {
            "generator": units["unit_id"],
            "lon": plant["lon"],
            "lat": plant["lat"],
            "name": plant["name"],
            "name_ja": name_ja,
            "carrier": units["fuel_ja"].map(PRINTED_FUELS).fillna(plant["carrier"]),
            "p_nom": output,
            "p_unit": output,
            "p_min": 0.0,
            "status": np.where(units["unit_id"].isin(closed), "retired", "operating"),
            "area": plant["area_located"],
            "feeds_area": plant["area_fed"].mask(same),
            "source": units["source"] + "; point, carrier and areas: " + plant["source"],
            "source_date": units["source_date"],
            "licence": units["licence"] + "; " + plant["licence"],
            "confidence": plant["confidence"].where(plant["confidence"] == "low", units["confidence"]),
            "plant": plant["plant"],
            "location_precision": plant["location_precision"],
            "imputed": True,
        }
    ).set_index("generator")


def outlook_table(
    areas: pd.DataFrame, scenarios: pd.DataFrame, shares: pd.DataFrame, growth: pd.DataFrame
) -> pd.DataFrame:
    """Return `outlook`: ordinary peak and added data-centre load by area, year and scenario."""
    share = dc_shares(areas, shares)
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    ordinary = ordinary_peaks(areas, scenarios, share, published_growth(growth), years)
    rows = []
    for demand in ("outlook", "low", "high"):
        mw, twh, total = added_load(scenarios, demand, years)
        for area in areas.index:
            rows += [
                {
                    "row": f"{area}-{year}-{demand}",
                    "area": area,
                    "year": year,
                    "demand": demand,
                    "peak_mw": round(float(ordinary.loc[area, year]), 1),
                    "new_dc_mw": round(float(mw[at] * share[area]), 1),
                    "new_dc_twh": round(float(twh[at] * share[area]), 4),
                    "dc_twh": round(float(total[at] * share[area]), 4),
                }
                | _outlook_source(demand)
                for at, year in enumerate(years)
            ]
    return pd.DataFrame(rows).set_index("row")


def published_growth(growth: pd.DataFrame) -> pd.Series:
    """Return, by area, the peak of the last year over that of the base year, data centres included, where printed."""
    used = growth[growth["used"] & (growth["area"] != "japan")].set_index("area")
    whole = used.loc[used["metric"] == "peak_growth_total_pct", "value"]
    yearly = used.loc[used["metric"] == "peak_growth_annual_pct", "value"]
    per_year = pd.concat(
        [(1.0 + whole / 100.0) ** (1.0 / (LAST_YEAR - OUTLOOK_YEAR)), 1.0 + yearly / 100.0],
        verify_integrity=True,
    )
    return per_year ** (LAST_YEAR - BASE_YEAR)


def ordinary_peaks(
    areas: pd.DataFrame, scenarios: pd.DataFrame, share: pd.Series, ratio: pd.Series, years: np.ndarray
) -> pd.DataFrame:
    """
    Return each area's peak without added data centres, by year. [MW]

    An area whose growth is printed reaches it with its share of the outlook's data centres. The others share
    what the national outlook leaves, in proportion to their peaks. In between it is linear.
    """
    peak = areas["peak_mw"]
    nation = ordinary_peak(scenarios, years) / ordinary_peak(scenarios, np.array([BASE_YEAR]))
    added = added_load(scenarios, "outlook", np.array([LAST_YEAR]))[0][0]
    printed = (peak * ratio - added * share).dropna()
    others = peak.drop(printed.index)
    rest = (peak.sum() * nation[-1] - printed.sum()) / others.sum()
    last = pd.concat([printed, others * rest]).reindex(peak.index)
    along = (years - BASE_YEAR) / (LAST_YEAR - BASE_YEAR)
    linear = peak.to_numpy()[:, None] + np.clip(along, 0.0, None) * (last - peak).to_numpy()[:, None]
    scaled = linear * (peak.sum() * nation / linear.sum(axis=0))
    return pd.DataFrame(scaled, index=peak.index, columns=years)


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


def added_load(
    scenarios: pd.DataFrame, demand: str, years: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the load that data centres add to the base year's [MW] and [TWh], and all they draw [TWh].

    A scenario in MW has no TWh. Before the base year nothing is added.
    """
    base = np.array([BASE_YEAR])
    unknown = np.full(len(years), np.nan)
    if demand == "outlook":
        mw = series(scenarios, demand, "dc_peak_mw", years) - series(scenarios, demand, "dc_peak_mw", base)
        return mw.clip(min=0.0), unknown, unknown
    total = series(scenarios, demand, "dc_energy_twh", years)
    twh = (total - series(scenarios, demand, "dc_energy_twh", base)).clip(min=0.0)
    return twh / HOURS, twh, total


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
            "(decn.co.jp, 2023), none in Hokuriku, Shikoku, Okinawa (itmedia smartjapan 2501/29 news089_2), the rest "
            "by energy; peak_mw: area peak of summer 2026 moved by the national outlook without data centres, in "
            "Hokkaido, Tokyo and Chugoku by their own printed growth (data/japan/area_outlook.csv)"
        ),
        "source_date": "2025-08-26" if demand != "outlook" else "2025-03-21",
        "licence": OCCTO if demand == "outlook" else "facts",
        "confidence": "low",
        "imputed": True,
    }
