"""The scripts that build the embedded Japan, on tables small enough to check by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPTS = Path(__file__).parent.parent / "scripts"


@pytest.fixture(scope="module")
def scripts():
    """Return the modules of `scripts/` by name."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        import _japan_capacity
        import _japan_power
        import _japan_stock
    finally:
        sys.path.remove(str(SCRIPTS))
    return {"capacity": _japan_capacity, "power": _japan_power, "stock": _japan_stock}


def generators(**columns: list[object]) -> pd.DataFrame:
    index = pd.Index(["u1", "u2", "u3"], name="generator")
    table = {
        "area": ["north"] * 3,
        "feeds_area": ["south", np.nan, np.nan],
        "carrier": ["gas"] * 3,
        "p_nom": [40.0, 30.0, 20.0],
        "p_unit": [40.0, 30.0, 20.0],
        "status": ["operating", "operating", "retired"],
    }
    return pd.DataFrame(table | columns, index=index)


def factors() -> pd.DataFrame:
    rows = [
        ("gas", "all", "summer", 0.9, 0.8, 0.95, True),
        ("gas", "north", "summer", 0.7, 0.6, 0.8, True),
        ("gas", "all", "winter", 0.1, 0.1, 0.1, True),
        ("gas", "south", "summer", 0.2, 0.2, 0.2, False),
    ]
    names = ["carrier", "area", "season", "factor", "factor_low", "factor_high", "used"]
    return pd.DataFrame(rows, columns=names).assign(source="measured", confidence="medium")


def sources() -> pd.DataFrame:
    rows = [
        ("north", "gas", 100.0, True, True, "units observed"),
        ("north", "gas", 70.0, False, True, "config"),
        ("north", "gas", 500.0, False, False, "config"),
        ("south", "gas", 35.0, True, True, "config"),
    ]
    names = ["area", "carrier", "mw", "used", "comparable", "kind"]
    told = {"source": "s", "source_date": "2026", "licence": "facts", "confidence": "high"}
    return pd.DataFrame(rows, columns=names).assign(**told)


def test_capacity_holds_listed_units_by_the_area_they_feed_and_leaves_out_closed_ones(scripts):
    table = scripts["capacity"].capacity_table(sources(), factors(), generators())
    north, south = table.loc["north-gas"], table.loc["south-gas"]
    # 100 were observed, 20 of them of a unit that has closed; 70 is the other comparable source, 500 is none.
    assert north[["p_nom", "p_nom_low", "p_nom_high"]].tolist() == [80.0, 70.0, 100.0]
    assert north[["listed_mw", "residual_mw", "excess_mw"]].tolist() == [30.0, 50.0, 0.0]
    assert south[["listed_mw", "residual_mw", "excess_mw"]].tolist() == [40.0, 0.0, 5.0]
    assert north[["firm_factor", "firm_factor_low", "firm_factor_high"]].tolist() == [0.7, 0.6, 0.8]
    assert south[["firm_factor", "firm_factor_low", "firm_factor_high"]].tolist() == [0.9, 0.8, 0.95]
    assert scripts["capacity"].own_supply(table).to_dict() == pytest.approx({"north": 56.0, "south": 31.5})


def changes(**columns: object) -> pd.DataFrame:
    row = {
        "unit": "x", "name": "X", "carrier": "gas", "mw": 50.0, "units": np.nan, "in_supply_mw": np.nan,
        "area_fed": "north", "change": "new", "date": "2030-03", "ship": True, "p_slip": 0.2, "status": "planned",
        "source": "s", "source_date": "2026", "licence": "facts", "confidence": "high", "note": "",
    }  # fmt: skip
    return pd.DataFrame([row | columns])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, 45.0),  # rated output by the carrier's factor of all areas
        ({"change": "retire", "units": "u2"}, -21.0),  # observed output by its own area's
        ({"change": "retire", "units": "u1;u2", "in_supply_mw": 40.0}, -28.0),
        ({"change": "restart", "units": "u2"}, 21.0),
    ],
)
def test_a_change_moves_supply_and_both_ends_by_what_counts_of_it(scripts, columns, expected):
    upgrades = scripts["capacity"].supply_upgrades(changes(**columns), factors(), generators())
    supply = upgrades[upgrades["element"] == "north"]
    assert set(supply["attribute"]) == {"firm_mw", "firm_mw_low", "firm_mw_high"}
    assert supply["value"].tolist() == pytest.approx([expected] * 3)
    assert (supply["mode"] == "add").all()
    units = upgrades[upgrades["attribute"] == "p_unit"]
    assert len(units) == len(str(columns.get("units", "")).split(";")) * ("units" in columns)
    assert (units["value"] == (30.0 if columns.get("change") == "restart" else 0.0)).all()


def test_a_change_that_is_not_shipped_moves_nothing(scripts):
    both = pd.concat([changes(), changes(unit="y", ship=False)])
    upgrades = scripts["capacity"].supply_upgrades(both, factors(), generators())
    assert set(upgrades.index) == {"x:firm_mw", "x:firm_mw_low", "x:firm_mw_high"}


def test_unlisted_load_is_what_stood_less_what_listed_sites_drew_then(scripts):
    areas = pd.DataFrame({"energy_twh": [1.0, 1.0, 3.0, 1.0]}, index=["tokyo", "kansai", "north", "south"])
    stock = pd.DataFrame(
        {
            "area": ["japan", "japan", "kanto", "kansai-region"],
            "role": ["stock", "stock_low", "share", "share"],
            "value": [8.76, 500.0, 0.6, 0.2],
            "year": [2024, 2025, 2023, 2023],
        }
    )
    sites = pd.DataFrame(
        {
            "area": ["tokyo", "tokyo", "tokyo", "tokyo"],
            "status": ["operating", "operating", "operating", "planned"],
            "year_operating": [np.nan, 2025, 2020, np.nan],
            "part_of": [np.nan, np.nan, "x", np.nan],
            "in_base_mw": [100.0, 999.0, 999.0, 999.0],
        }
    )
    found = scripts["stock"].unlisted_table(areas, sites, stock)
    # 8.76 TWh are 1,000 MW on average: 1,020 at a load factor of 0.98, 1,250 at 0.80.
    assert found.loc["tokyo"].tolist() == [round(1000 / 0.98 * 0.6 - 100), 200.0, 650.0]
    assert found.loc["north"].tolist() == pytest.approx([1000 / 0.98 * 0.15, 75.0, 187.5], abs=0.6)
    assert found["unlisted_mw"].sum() == pytest.approx(1000 / 0.98 - 100, abs=2.0)


def test_areas_with_printed_growth_reach_it_and_the_others_share_the_rest(scripts):
    power = scripts["power"]
    areas = pd.DataFrame({"peak_mw": [100.0, 300.0]}, index=["a", "b"])
    scenarios = pd.DataFrame(
        [
            ("outlook", "national_peak_mw", 2024, 500.0, True),
            ("outlook", "national_peak_mw", 2034, 550.0, True),
            ("outlook", "dc_peak_mw", 2024, 100.0, True),
            ("outlook", "dc_peak_mw", 2034, 140.0, True),
        ],
        columns=["demand", "quantity", "year", "value", "used"],
    )
    share = pd.Series({"a": 0.5, "b": 0.5})
    years = np.arange(2024, 2035)
    found = power.ordinary_peaks(areas, scenarios, share, pd.Series({"a": 1.2}), years)
    # Ordinary demand of the nation: 410 of 550 in 2034 against 402 in 2026. a: 120 less half of the 32 added.
    assert found.loc["a", 2034] == pytest.approx(120.0 - 16.0)
    assert found[2034].sum() == pytest.approx(400.0 * 410.0 / 402.0)
    assert found[2026].tolist() == pytest.approx([100.0, 300.0])
    assert found[2030].sum() == pytest.approx(400.0 * 406.0 / 402.0)
