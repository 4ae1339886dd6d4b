"""
Classes of lines and transformers against values that others published, and against hand arithmetic.

`PUBLISHED` holds types as printed: PyPSA standard types and osmTGmod (50 Hz), the Indian types of relayh (50 Hz),
PreREISE (60 Hz, per unit per mile turned into ohm per km by hand). A reactance at 50 Hz is 1.2 times as much at 60.
`MEDIANS` are medians of 582 published Japanese impedances [% on 1,000 MVA]: X and half of B.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.line_classes import (
    BASE_MVA,
    LINE_CLASSES,
    MW_PER_MVA,
    TRANSFORMER_CLASSES,
    line_class,
    line_class_table,
    transformer_class,
    transformer_class_table,
)

PAGE = Path(__file__).parents[1] / "docs" / "line_parameters.md"
JAPAN = (66.0, 77.0, 110.0, 132.0, 154.0, 187.0, 220.0, 275.0, 500.0)
LIGHT_KM_PER_S = 299_792.458
PUBLISHED = {  # kV of our class: ohm per km, Hz, as printed
    500.0: ((0.246, 50), (0.253, 50), (0.26, 50), (0.276, 50), (0.251, 50), (0.2528, 50), (0.311, 60)),
    275.0: ((0.301, 50), (0.265, 50), (0.314, 50), (0.3616, 60), (0.370, 60)),
    220.0: ((0.285, 50), (0.301, 50), (0.2791, 50), (0.3616, 60)),
    154.0: ((0.39, 50), (0.4048, 50), (0.3382, 60)),
    132.0: ((0.4048, 50), (0.3863, 50), (0.3077, 60)),
    110.0: ((0.41, 50), (0.39, 50), (0.38, 50), (0.377, 50), (0.3205, 60)),
    66.0: ((0.4461, 50), (0.284, 60)),
    765.0: ((0.2856, 50), (0.2552, 50), (0.3636, 60)),
    400.0: ((0.2528, 50), (0.2754, 50)),
    380.0: ((0.246, 50), (0.253, 50), (0.26, 50), (0.251, 50)),
    345.0: ((0.370, 60),),
    300.0: ((0.265, 50),),
    230.0: ((0.3616, 60),),
    138.0: ((0.3077, 60),),
}
MEDIANS = {  # kV: X, B/2, the frequencies that the voltage is used at
    500.0: (8.36, 3.668, (50, 60)),
    275.0: (15.93, 0.591, (50, 60)),
    220.0: (15.98, 0.214, (60,)),
    187.0: (29.39, 0.188, (50, 60)),
    154.0: (26.12, 0.058, (50, 60)),
    110.0: (20.57, 0.015, (60,)),
}
SPANS = {
    "line": (
        ("x_low", "x_ohm_per_km", "x_high"),
        ("r_low", "r_ohm_per_km", "r_high"),
        ("s_nom_low", "s_nom", "s_nom_high"),
        ("emergency_ratio_low", "emergency_ratio", "emergency_ratio_high"),
        ("circuits_low", "circuits", "circuits_high"),
    ),
    "transformer": (
        ("bank_mva_low", "bank_mva", "bank_mva_high"),
        ("banks_low", "banks", "banks_high"),
        ("x_pu_low", "x_pu", "x_pu_high"),
        ("r_pu_low", "r_pu", "r_pu_high"),
        ("emergency_ratio_low", "emergency_ratio", "emergency_ratio_high"),
    ),
}


def shown(row, columns):
    low, value, high = (f"{row[name]:g}" if row[name] < 1e4 else f"{row[name]:.0f}" for name in columns)
    return f"{value} ({low} to {high})"


def test_a_line_of_100_km_at_500_kv_in_per_unit_by_hand():
    # 0.29 ohm/km x 100 km = 29 ohm; the base is 500^2 / 100 = 2,500 ohm.
    assert line_class("line", 500.0).x_pu_100(100.0) == pytest.approx(29.0 / 2500.0, rel=1e-12)


def test_a_bank_of_1000_mva_in_per_unit_by_hand():
    # 14 % on 1,000 MVA is 1.4 % on 100 MVA.
    assert transformer_class(500.0, 275.0).x_pu_100 == pytest.approx(0.014, rel=1e-12)
    assert BASE_MVA == 100.0


@pytest.mark.parametrize("v_nom", PUBLISHED)
def test_reactance_range_holds_every_published_type_of_the_class(v_nom):
    item = LINE_CLASSES["line", v_nom]
    for ohms, _hertz in PUBLISHED[v_nom]:
        assert item.x_low <= ohms <= item.x_high


@pytest.mark.parametrize("v_nom", [v for v in PUBLISHED if v in JAPAN])
def test_reactance_range_in_japan_holds_every_50_hz_type_at_60_hz_too(v_nom):
    item = LINE_CLASSES["line", v_nom]
    for ohms, hertz in PUBLISHED[v_nom]:
        assert ohms * (60 / hertz if hertz == 50 else 1.0) <= item.x_high


@pytest.mark.parametrize("v_nom", MEDIANS)
def test_reactance_agrees_with_the_surge_impedance_of_published_japanese_lines(v_nom):
    # X = w L l and B = w C l; the wave runs at nearly the speed of light, so x = w sqrt(X / B) / c per km.
    reactance, half_charging, hertz = MEDIANS[v_nom]
    base = v_nom**2 / 1000.0
    surge = math.sqrt((reactance / 100.0 * base) / (2.0 * half_charging / 100.0 / base))
    per_km = [2.0 * math.pi * f * surge / LIGHT_KM_PER_S for f in hertz]
    item = LINE_CLASSES["line", v_nom]
    assert sum(per_km) / len(per_km) == pytest.approx(item.x_ohm_per_km, rel=0.08)
    assert all(item.x_low <= value <= item.x_high for value in per_km)


def test_rating_of_a_circuit_is_the_operating_capacity_of_a_two_circuit_line():
    # National, Shikoku, Tokyo at 500 kV: factor x sqrt(3) x 500 kV x 4 kA x 2 circuits.
    item = line_class("line", 500.0)
    expected = [factor * math.sqrt(3.0) * 500.0 * 4.0 * 2.0 for factor in (0.365, 0.629, 0.95)]
    assert [item.s_nom_low, item.s_nom, item.s_nom_high] == pytest.approx(expected, abs=0.5)


def test_rating_at_500_kv_holds_what_is_printed_for_single_routes():
    item = line_class("line", 500.0)
    # Shikoku prints 6,580 MW for two circuits; a reference book 10,000 MW for two on the Shin-Motegi line.
    assert item.s_nom_low <= 6580 / 2 <= item.s_nom_high
    assert item.s_nom_low <= 10_000 / 2 <= item.s_nom_high
    # A route carries 3,000 to 4,000 MW in practice: a tenth below the default.
    assert item.s_nom == pytest.approx(4000, rel=0.1)


def test_a_cable_circuit_at_500_kv_carries_what_j_power_prints():
    assert line_class("cable", 500.0).s_nom == pytest.approx(1200, rel=0.02)


@pytest.mark.parametrize("kind", ["line", "cable"])
def test_ratings_in_japan_rise_with_voltage(kind):
    found = [LINE_CLASSES[kind, v_nom] for v_nom in JAPAN]
    for column in ("s_nom_low", "s_nom", "s_nom_high"):
        ratings = [getattr(item, column) for item in found]
        assert ratings == sorted(ratings)


@pytest.mark.parametrize("row", line_class_table(), ids=lambda row: f"{row['kind']}-{row['v_nom']:g}")
def test_every_line_range_holds_its_default(row):
    for low, value, high in SPANS["line"]:
        assert 0 < row[low] <= row[value] <= row[high]
    assert row["source"]
    assert row["source_date"]


@pytest.mark.parametrize(
    "row", transformer_class_table(), ids=lambda row: f"{row['v_high']:g}-{row['v_low']:g}"
)
def test_every_transformer_range_holds_its_default(row):
    assert row["v_high"] > row["v_low"] > 0
    for low, value, high in SPANS["transformer"]:
        assert 0 < row[low] <= row[value] <= row[high]
    assert row["source"]


def test_a_cable_has_less_reactance_than_a_line_of_its_voltage():
    for (kind, v_nom), item in LINE_CLASSES.items():
        if kind == "cable":
            assert item.x_high < LINE_CLASSES["line", v_nom].x_low


def test_operating_capacity_of_banks_as_tepco_prints_it():
    # Two banks of 1,500 MVA run at 1,710 MW, three of 1,000 at 2,280: those left, overloaded by 1.2.
    ratio = transformer_class(500.0, 275.0).emergency_ratio
    assert 1 * 1500 * ratio * MW_PER_MVA == pytest.approx(1710)
    assert 2 * 1000 * ratio * MW_PER_MVA == pytest.approx(2280)


@pytest.mark.parametrize(
    ("v_high", "v_low", "mva", "x_on_100"),
    [(230, 500, 1100, 0.013), (230, 345, 580, 0.018), (138, 230, 330, 0.041), (345, 500, 1100, 0.0105)],
)
def test_transformers_abroad_are_as_prereise_prints_them(v_high, v_low, mva, x_on_100):
    item = transformer_class(float(v_high), float(v_low))
    assert item.bank_mva == mva
    assert item.x_pu_low <= x_on_100 * mva / 100.0 <= item.x_pu_high
    assert item.x_pu_100 == pytest.approx(x_on_100, rel=0.05)


def test_a_voltage_between_classes_keeps_the_current_of_the_nearest():
    near, item = line_class("line", 275.0), line_class("line", 287.0)
    assert item.s_nom / item.v_nom == pytest.approx(near.s_nom / near.v_nom, rel=1e-3)
    assert (item.v_nom, item.x_ohm_per_km, item.r_ohm_per_km) == (287.0, near.x_ohm_per_km, near.r_ohm_per_km)
    assert "275 kV" in item.source


@given(st.sampled_from(["line", "cable"]), st.floats(1.0, 1500.0))
def test_every_voltage_has_a_class(kind, v_nom):
    item = line_class(kind, v_nom)
    assert item.v_nom == v_nom
    assert item.s_nom_low <= item.s_nom <= item.s_nom_high
    nearest = min((v for name, v in LINE_CLASSES if name == kind), key=lambda v: abs(math.log(v / v_nom)))
    assert item.x_ohm_per_km == LINE_CLASSES[kind, nearest].x_ohm_per_km


@given(st.floats(10.0, 1200.0), st.floats(10.0, 1200.0))
def test_a_transformer_has_the_same_class_from_either_side(one, other):
    if one != other:
        assert transformer_class(one, other) is transformer_class(other, one)


def test_each_pair_of_voltages_finds_its_own_class():
    assert all(transformer_class(*pair) is item for pair, item in TRANSFORMER_CLASSES.items())


@pytest.mark.parametrize("v_nom", [0.0, -66.0, math.nan, math.inf])
def test_an_impossible_voltage_is_refused(v_nom):
    with pytest.raises(ValueError, match="above 0 kV"):
        line_class("line", v_nom)
    with pytest.raises(ValueError, match="above 0 kV"):
        transformer_class(500.0, v_nom)


def test_what_is_neither_line_nor_cable_is_refused():
    with pytest.raises(ValueError, match="'line' or 'cable', not 'busbar'"):
        line_class("busbar", 66.0)


def test_a_transformer_between_equal_voltages_is_refused():
    with pytest.raises(ValueError, match="two voltages"):
        transformer_class(154.0, 154.0)


@pytest.mark.parametrize(
    ("name", "columns"),
    [("line_reactance_factor", SPANS["line"][0]), ("line_rating_factor", SPANS["line"][2])],
)
def test_factors_of_an_ensemble_hold_the_ranges_of_the_classes(name, columns):
    low, value, high = columns
    found = [LINE_CLASSES["line", v_nom] for v_nom in JAPAN if v_nom >= 154]
    factor = ASSUMPTIONS[name]
    assert factor.low == pytest.approx(min(getattr(i, low) / getattr(i, value) for i in found), abs=0.04)
    assert factor.high == pytest.approx(max(getattr(i, high) / getattr(i, value) for i in found), abs=0.04)


def test_factor_of_transformers_holds_the_ranges_of_japanese_banks():
    found = [
        TRANSFORMER_CLASSES[pair]
        for pair in TRANSFORMER_CLASSES
        if pair[0] >= 154 and set(pair) <= set(JAPAN)
    ]
    factor = ASSUMPTIONS["transformer_rating_factor"]
    assert factor.low == pytest.approx(min(i.bank_mva_low / i.bank_mva for i in found))
    assert factor.high == pytest.approx(max(i.bank_mva_high / i.bank_mva for i in found))


def test_the_page_for_referees_prints_the_classes():
    text = PAGE.read_text(encoding="utf-8")
    for row in line_class_table():
        cells = [row["kind"], f"{row['v_nom']:g}", *(shown(row, columns) for columns in SPANS["line"])]
        assert "| " + " | ".join(cells) + " |" in text
    for row in transformer_class_table():
        pair = f"{row['v_high']:g}/{row['v_low']:g}"
        cells = [pair, *(shown(row, columns) for columns in SPANS["transformer"])]
        assert "| " + " | ".join(cells) + " |" in text
