"""Annual against hourly matching, and what ties can bring: closed forms, hand grids, another solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow
from shapely.geometry import box

import three_mismatches as tm
from conftest import tables_of
from three_mismatches.errors import LayerError, NetworkError
from three_mismatches.power import deliverable, match_hourly

DAY = 24


def rectangle(mw: float, hours: int) -> np.ndarray:
    """Return a day with a plant that runs flat for some hours."""
    return np.where(np.arange(DAY) < hours, mw, 0.0)


def series(most: float) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, DAY, elements=st.floats(0.0, most, allow_subnormal=False))


@given(plant=st.floats(0.1, 100.0), hours=st.integers(0, DAY), load=st.floats(0.1, 100.0))
def test_a_rectangle_has_its_closed_form(plant, hours, load):
    found = match_hourly(load, rectangle(plant, hours))
    assert found.volumetric == pytest.approx(plant * hours / (DAY * load))
    assert found.cfe_own == pytest.approx(min(plant, load) * hours / (DAY * load))
    assert found.full_hours == (hours if plant >= load else 0)


@given(load=series(50.0), output=series(100.0), limit=series(80.0), share=st.floats(0.0, 1.0))
def test_hourly_is_never_more_than_annual_and_deliverable_never_more_than_own(load, output, limit, share):
    load = load + 1.0
    found = match_hourly(load, output, deliverable_mw=limit, grid_share=share)
    slack = 1e-9
    assert 0.0 <= found.cfe_deliverable <= found.cfe_own + slack
    assert found.cfe_own <= min(1.0, found.volumetric) + slack
    assert found.cfe_own <= found.cfe_grid + slack <= 1.0 + 2 * slack
    assert found.cfe_own * found.load_mwh + found.excess_mwh == pytest.approx(found.contracted_mwh, abs=1e-6)
    assert found.cfe_own * found.load_mwh + found.unmatched_mwh == pytest.approx(found.load_mwh)


def test_the_grid_may_lift_the_hourly_share_above_the_annual_one():
    found = match_hourly(10.0, [1.0] * DAY, grid_share=0.3)
    assert found.volumetric == pytest.approx(0.1)
    assert found.cfe_grid == pytest.approx(0.1 + 0.9 * 0.3)


def test_what_is_not_asked_is_unknown():
    found = match_hourly(10.0, [1.0] * DAY)
    assert np.isnan([found.cfe_grid, found.cfe_deliverable]).all()


def test_contracts_add_up_and_each_has_its_own_limit():
    two = np.column_stack([rectangle(6.0, 12), rectangle(8.0, 6)])
    found = match_hourly(10.0, two, deliverable_mw=[np.inf, 3.0])
    assert found.cfe_own == pytest.approx(match_hourly(10.0, two.sum(axis=1)).cfe_own)
    assert found.cfe_deliverable == pytest.approx((9.0 * 6 + 6.0 * 6) / 240.0)


def test_half_hours_hold_half_the_energy():
    whole, half = (match_hourly(10.0, np.full(48, 20.0), step_h=step) for step in (1.0, 0.5))
    assert half.excess_mwh == whole.excess_mwh / 2 == 240.0
    assert (half.hours, half.cfe_own) == (24.0, whole.cfe_own)


def test_every_fault_is_told_at_once():
    with pytest.raises(LayerError) as told:
        match_hourly([1.0, np.nan], [1.0, -2.0, 3.0], grid_share=1.5, deliverable_mw=[1.0, np.inf])
    assert "5 problems" in str(told.value)
    assert "is negative for row: '1'" in str(told.value)
    assert {fault.column for fault in told.value.faults} == {
        "contracted_mw",
        "load_mw",
        "grid_share",
        "deliverable_mw",
    }


@pytest.mark.parametrize("load", [0.0, np.zeros(DAY)])
def test_a_load_of_nothing_is_refused(load):
    with pytest.raises(LayerError, match="is 0 in every hour"):
        match_hourly(load, np.ones(DAY))


def test_a_contract_without_hours_is_refused():
    with pytest.raises(LayerError, match="has the shape"):
        match_hourly(1.0, 5.0)


def chain(**firm: float):
    """
    Return the grid of areas a - b - c and an island d.

    a-b carries 30 forward and 10 back, b-c 50 with a tenth lost on the way; a fence lets 40 out of b to c.
    Peaks are 100. From a to c: 30 less a tenth; from b to c: 40 less a tenth; from c to b: 50 less a tenth.
    """
    areas = {
        name: {"peak_mw": 100.0, "firm_mw": firm.get(name, 100.0), "geometry": box(i, 0, i + 1, 1)}
        for i, name in enumerate("abcd")
    }
    links = {
        "ab": {"bus0": "a", "bus1": "b", "carrier": "HVDC", "p_nom": 30.0, "p_nom_reverse": 10.0},
        "bc": {"bus0": "b", "bus1": "c", "carrier": "HVDC", "p_nom": 50.0, "efficiency": 0.9},
    }
    fence = {"fence": {"limit_forward": 40.0, "limit_reverse": np.inf}}
    members = {"m": {"interface": "fence", "element": "bc", "sign": 1.0}}
    return tables_of({"areas": areas, "links": links, "interfaces": fence, "interface_members": members}).grid


def test_ties_bring_what_their_limits_and_losses_leave():
    from_a, from_b, from_c = (deliverable(chain(), area) for area in "abc")
    assert from_a.to_dict() == pytest.approx({"a": np.inf, "b": 30.0, "c": 27.0, "d": 0.0})
    assert from_b.to_dict() == pytest.approx({"a": 10.0, "b": np.inf, "c": 36.0, "d": 0.0})
    assert from_c.to_dict() == pytest.approx({"a": 10.0, "b": 45.0, "c": np.inf, "d": 0.0})


def test_at_the_peak_ties_have_left_what_they_do_not_carry():
    grid = chain(a=130.0, b=88.0)
    assert deliverable(grid, "a", at_peak=True)["b"] == pytest.approx(18.0)
    assert deliverable(grid, "a")["b"] == pytest.approx(30.0)
    assert deliverable(chain(a=130.0, b=60.0), "a", at_peak=True)["b"] == pytest.approx(0.0, abs=1e-6)


def test_an_area_that_is_not_there_is_named():
    with pytest.raises(NetworkError, match="'e' is not there"):
        deliverable(chain(), "e")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 50)), min_size=1, max_size=9))
def test_without_fences_and_losses_it_is_the_largest_flow(ties):
    ties = [(one, two, mw) for one, two, mw in ties if one != two]
    areas = {f"a{i}": {"peak_mw": 1.0, "firm_mw": 1.0, "geometry": box(i, 0, i + 1, 1)} for i in range(5)}
    links = {
        f"l{j}": {"bus0": f"a{one}", "bus1": f"a{two}", "carrier": "tie", "p_nom": float(mw)}
        for j, (one, two, mw) in enumerate(ties)
    }
    capacity = np.zeros((5, 5), dtype=np.int32)
    for one, two, mw in ties:
        capacity[[one, two], [two, one]] += mw
    found = deliverable(tables_of({"areas": areas, "links": links}).grid, "a0")
    for end in range(1, 5):
        assert found[f"a{end}"] == pytest.approx(
            maximum_flow(csr_array(capacity), 0, end).flow_value, abs=1e-6
        )


def test_chubu_reaches_tokyo_through_the_frequency_converters(japan_study):
    found = deliverable(japan_study.grid, "chubu")
    limits = japan_study.grid.interfaces.loc["frequency-converters"]
    assert found["tokyo"] == pytest.approx(limits["limit_reverse"])
    assert found["kansai"] == pytest.approx(japan_study.grid.interfaces["limit_forward"]["chubu-fence"])
    assert found["okinawa"] == 0.0


def test_the_contracts_of_the_pack_name_what_is_not_published():
    table = tm.japan_contracts()
    assert table["p_ac_mw"].sum() <= 100.0
    assert table.loc["shizen-inuyama", ["p_ac_mw", "p_dc_mw", "start"]].tolist() == [25.0, 31.0, "2024-02"]
    assert (table.loc[table["confidence"] == "low", "note"].str.contains("inference")).all()
    assert table["source"].notna().all()


def test_the_aichi_contract_covers_less_by_the_hour_than_over_the_year():
    output = tm.japan_solar_profile()
    small, large = (match_hourly(10.0, mw * output) for mw in (25.0, 100.0))
    assert 0.9 * small.volumetric > small.cfe_own > 0.25
    assert large.volumetric > 1.5
    assert large.cfe_own < 0.5
