"""The shipped claims and the figures beside them: sourced, in range, and what they are computed from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.inputs.claims import read_claims

SCRIPT = Path(__file__).parent.parent / "scripts" / "build_claims.py"


@pytest.fixture(scope="module")
def tables():
    return read_claims()


@pytest.fixture(scope="module")
def value(tables):
    return tables[1]["value"]


def test_eight_claims_each_with_a_question_and_with_figures(tables):
    claims, facts = tables
    assert list(claims.index) == list(range(1, 9))
    assert claims["question"].str.endswith("?").all()
    assert set(facts["claim"]) == set(claims.index)


def test_every_row_says_where_it_is_from_and_ranges_hold_their_value(tables):
    for table in tables:
        assert table[["source", "source_date", "licence", "confidence"]].notna().all(axis=None)
        assert table["source_date"].str.fullmatch(r"\d{4}(-\d{2}){0,2}").all()
        assert table["confidence"].isin(["high", "medium", "low"]).all()
    facts = tables[1]
    assert (facts["low"].fillna(facts["value"]) <= facts["value"]).all()
    assert (facts["value"] <= facts["high"].fillna(facts["value"])).all()
    assumed = facts["meaning"].str.contains("assumption")
    assert facts.loc[assumed, "imputed"].all()


def test_computed_figures_follow_from_those_they_name(value):
    assert value["usd_jpy"] == 1000 * value["microsoft_investment_yen"] / value["microsoft_investment"]
    assert value["kw_per_gpu"] == value["dgx_b200_power"] / value["dgx_b200_gpus"]
    assert value["sakura_it_power"] == round(value["sakura_gpus"] * value["kw_per_gpu"] / 1000, 1)
    assert value["dc_energy_growth"] == round(value["dc_energy_2034"] / value["dc_energy_2024"], 2)
    per_watt = value["dgx_b200_price"] / (1000 * value["dgx_b200_power"])
    assert value["b200_server_cost"] == round(per_watt, 1)


def test_figures_that_are_assumptions_too_agree_with_them(tables):
    fact, item = tables[1].loc["receiving_per_it"], ASSUMPTIONS["receiving_per_it"]
    assert (fact["value"], fact["low"], fact["high"]) == (item.value, item.low, item.high)
    low = tables[1]["value"]["occto_dc_peak_2034"] * 0.6 / tables[1]["value"]["applications_tokyo"]
    assert ASSUMPTIONS["realisation"].low == round(low, 2)


def test_what_is_shipped_is_what_is_kept():
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
