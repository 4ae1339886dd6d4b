"""The reachable-power curve R(ms, km), its inverse, and what stays stranded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

import three_mismatches as tm
from power_and_fibre import FAR_MS, MS_PER_KM, VALUES, in_year, layers, study
from three_mismatches.geodesy import distance_km

HILL_KM = float(distance_km(0.5, 0.5, 0.5, 0.0))
limits = st.floats(0.0, 3.0) | st.just(np.inf)
km = st.floats(0.0, 100.0) | st.just(np.inf)


def reach(**changed):
    return tm.mismatch.reach(study({**layers(), **changed}))


@pytest.fixture(scope="module")
def found():
    return reach()


def of_plants(plants):
    now, places = in_year(generators=plants)
    return tm.mismatch.reach_in_year(now, places, VALUES)


def random_plants(seed):
    """Return plants of a and b anywhere in both."""
    rng = np.random.default_rng(seed)
    return {
        f"g{number}": {
            "p_nom": float(rng.integers(1, 50)),
            "area": str(rng.choice(["a", "b"])),
            "geometry": Point(rng.choice(np.linspace(0.1, 1.9, 7)), rng.choice(np.linspace(-0.5, 0.5, 3))),
        }
        for number in range(int(rng.integers(1, 9)))
    }


def test_the_curve_climbs_where_power_comes_within_reach(found):
    curve = found.curve(use="cloud")
    assert curve["rtt_ms"].tolist() == pytest.approx([0.0, 0.0, HILL_KM * MS_PER_KM, FAR_MS])
    assert curve["reachable_mw"].tolist() == pytest.approx([0.0, 52.5, 57.5, 70.0])


def test_each_area_has_its_curve_and_fibre_to_build_can_be_limited(found):
    assert found.curve(use="cloud", area="a")["reachable_mw"].tolist() == pytest.approx([0.0, 15.0, 20.0])
    assert found.curve(use="cloud", area="a", within_km=55.0)["reachable_mw"].tolist() == pytest.approx(
        [0.0, 15.0]
    )
    assert found.curve(use="cloud", area="c")["reachable_mw"].tolist() == [0.0]


def test_the_inverse_is_the_least_time_that_brings_so_many_mw(found):
    asked = [found.ms_for(mw, use="cloud") for mw in (0.0, 52.5, 53.0, 70.0, 70.1)]
    assert asked == pytest.approx([0.0, 0.0, HILL_KM * MS_PER_KM, FAR_MS, np.inf])


def test_what_a_budget_leaves_is_stranded(found):
    row = found.stranded.xs(("cloud", np.inf), level=("use", "within_km"))
    assert row["stranded_mw"].tolist() == pytest.approx([0.0, 12.5, 2.0])
    assert row["no_path_mw"].tolist() == pytest.approx([0.0, 0.0, 2.0])
    near = found.stranded.xs(("cloud", 1.0), level=("use", "within_km"))
    assert near["stranded_mw"].tolist() == pytest.approx([5.0, 12.5, 2.0])


def test_areas_carry_spare_and_stranded_power(found):
    assert found.areas["spare_mw"].tolist() == [20.0, 50.0, 2.0]
    assert found.areas["unplaced_mw"].tolist() == pytest.approx([4.0, 0.0, 2.0])
    assert found.areas["stranded_batch_mw"].tolist() == pytest.approx([0.0, 0.0, 2.0])
    assert found.areas["stranded_mw"].tolist() == found.areas["stranded_cloud_mw"].tolist()
    assert found.areas["hub_rtt_ms"].tolist() == [0.0, 0.0, np.inf]


def test_a_slower_light_strands_more_and_a_quicker_one_no_more(found):
    row = found.stranded.xs(("cloud", np.inf), level=("use", "within_km"))
    assert (row["stranded_low_mw"] <= row["stranded_mw"]).all()
    assert (row["stranded_high_mw"] >= row["stranded_mw"]).all()


def test_power_without_any_place_is_told():
    nodes, routes = layers()["fibre_nodes"], layers()["fibre_routes"]
    found = reach(
        fibre_nodes={name: nodes[name] for name in ("n0.5", "n1.5")}, fibre_routes={"route": routes["route"]}
    )
    assert found.areas["nowhere_mw"].tolist() == pytest.approx([0.0, 0.0, 2.0])
    assert found.stranded["no_path_mw"]["c"].tolist() == [2.0] * len(found.stranded.loc["c"])


def test_where_nothing_is_to_spare_the_curve_is_nothing():
    areas = {name: {**row, "firm_mw": 1.0, "net_import_mw": 0.0} for name, row in layers()["areas"].items()}
    found = reach(areas=areas)
    assert found.curve(use="cloud")["reachable_mw"].tolist() == [0.0]
    assert found.areas["stranded_mw"].tolist() == [0.0, 0.0, 0.0]


def test_without_fibre_what_is_stranded_is_not_known():
    found = reach(fibre_nodes={}, fibre_routes={}, hubs={})
    assert found.reachable_mw(np.inf, use="cloud") == 0.0
    assert found.areas[["stranded_mw", "stranded_cloud_mw", "hub_rtt_ms"]].isna().all(axis=None)


def test_a_use_without_budget_strands_nothing_that_is_known():
    found = reach(budgets={"any": {"hub_kind": "cloud"}})
    assert found.stranded["stranded_mw"].isna().all()
    assert "stranded_mw" not in found.areas
    assert reach(budgets={}).stranded.empty


def test_an_unknown_name_is_told_with_the_nearest(found):
    with pytest.raises(ValueError, match="'cloud'"):
        found.curve(use="clouds")
    with pytest.raises(ValueError, match="area='d'"):
        found.ms_for(1.0, use="cloud", area="d")


def test_the_table_holds_every_curve(found):
    rows = found.table
    one = rows[(rows["area"] == "a") & (rows["use"] == "cloud") & (rows["within_km"] == np.inf)]
    assert one["reachable_mw"].tolist() == found.curve(use="cloud", area="a")["reachable_mw"].tolist()


@given(st.integers(0, 2**32 - 1), limits, limits, km, km)
def test_more_ms_or_more_km_never_bring_less(seed, ms0, ms1, km0, km1):
    found = of_plants(random_plants(seed))
    (less, more), (near, far) = sorted([ms0, ms1]), sorted([km0, km1])
    for area in (None, "a", "b"):
        here = found.reachable_mw(less, use="cloud", area=area, within_km=near)
        assert here <= found.reachable_mw(more, use="cloud", area=area, within_km=near)
        assert here <= found.reachable_mw(less, use="cloud", area=area, within_km=far)
    assert found.reachable_mw(np.inf, use="cloud") == pytest.approx(70.0)


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 80.0))
def test_the_inverse_is_an_inverse(seed, mw):
    found = of_plants(random_plants(seed))
    ms = found.ms_for(mw, use="cloud")
    assert np.isinf(ms) or found.reachable_mw(ms, use="cloud") >= mw
    assert ms == 0.0 or found.reachable_mw(np.nextafter(ms, 0.0), use="cloud") < mw


@given(st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_other_names_and_another_order_change_nothing(seed, random):
    plants = random_plants(seed)
    names = list(plants)
    random.shuffle(names)
    other = {f"p{number}": plants[name] for number, name in enumerate(names)}
    one, two = of_plants(plants), of_plants(other)
    pd.testing.assert_frame_equal(one.curve(use="cloud"), two.curve(use="cloud"), rtol=1e-12)
    pd.testing.assert_frame_equal(one.stranded, two.stranded, rtol=1e-12)


@pytest.mark.slow
def test_japans_spare_power_is_all_within_reach_of_some_light(japan_study, japan):
    found = tm.mismatch.reach(japan_study)
    assert found.reachable_mw(np.inf, use="cloud") == pytest.approx(japan.areas["spare_mw"].sum())
    assert found.ms_for(5_000.0, use="cloud") > 2.0
