"""Calibration: known factors are found again, impossible measurements are refused by name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibres import in_one_place, points_of, random_fibre
from three_mismatches import latency
from three_mismatches.errors import LayerError

seeds = st.integers(0, 2**32 - 1)
MS_PER_KM = 2 * 1.468 / 299.792458


def chain():
    """Return a-b-c-d of 100, 200 and 300 km and the direct a-d of 700 km."""
    return in_one_place(
        {"ab": ("a", "b", 100.0), "bc": ("b", "c", 200.0), "cd": ("c", "d", 300.0), "ad": ("a", "d", 700.0)}
    )


def measured(fibre, pairs, *, noise=0.0, **light):
    table = latency.rtt(fibre, sorted({a for a, _ in pairs}), sorted({b for _, b in pairs}), **light)
    rows = [(a, b, table.loc[a, b] + noise * (-1) ** at) for at, (a, b) in enumerate(pairs)]
    return pd.DataFrame(rows, columns=["node0", "node1", "rtt_ms"], index=[f"{a}-{b}" for a, b in pairs])


def test_factors_that_made_the_measurements_are_found_again():
    table = measured(chain(), [("a", "b"), ("a", "c"), ("b", "d")], route_factor=1.4, equipment=0.08)
    found = latency.calibrate(chain(), table)
    assert found.assume == pytest.approx({"route_factor": 1.4, "equipment_ms": 0.08}, rel=1e-5)
    assert found.low == pytest.approx(found.high, rel=1e-4)
    assert (found.at_bound, found.undetermined) == ((), ())
    assert found.rmse_ms < 1e-6
    assert "route_factor=1.4 [" in repr(found)


def test_one_factor_alone_is_the_mean_that_least_squares_give():
    """Two routes of 100 and 200 km at 1.3 and 1.6: (1.3 * 100^2 + 1.6 * 200^2) / (100^2 + 200^2) = 1.54."""
    rows = [("a", "b", 130 * MS_PER_KM), ("b", "c", 320 * MS_PER_KM)]
    table = pd.DataFrame(rows, columns=["node0", "node1", "rtt_ms"], index=["near", "far"])
    found = latency.calibrate(chain(), table, fit="route_factor")
    assert found.assume == pytest.approx({"route_factor": 1.54}, rel=1e-6)
    # Left alone, each pair asks for its own.
    assert [found.low["route_factor"], found.high["route_factor"]] == pytest.approx([1.3, 1.6], rel=1e-6)
    assert found.residuals["route_factor"].tolist() == pytest.approx([1.3, 1.6])
    assert found.residuals["residual_ms"].tolist() == pytest.approx([-24 * MS_PER_KM, 12 * MS_PER_KM])
    twice = latency.calibrate(chain(), table.assign(weight=[4.0, 0.0]), fit="route_factor")
    assert twice.assume["route_factor"] == pytest.approx(1.3)


def test_pairs_of_one_shape_cannot_tell_distance_from_equipment():
    table = measured(chain(), [("a", "b")], route_factor=1.4, equipment=0.1)
    found = latency.calibrate(chain(), table)
    assert found.undetermined == ("route_factor", "equipment_ms")
    assert "undetermined: route_factor, equipment_ms" in repr(found)


def test_bare_glass_is_bare_whatever_routes_and_nodes_state():
    fibre = chain()
    fibre.fibre_routes["route_factor"] = 1.8
    fibre.fibre_nodes["equipment_ms"] = 0.5
    found = latency.calibrate(fibre, measured(fibre, [("a", "b"), ("b", "d")]))
    assert found.residuals["bare_ms"].tolist() == pytest.approx([100 * MS_PER_KM, 500 * MS_PER_KM])


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(LayerError, match="all of them 0"):
        latency.calibrate(chain(), measured(chain(), [("a", "b")]).assign(weight=0.0))


def test_a_value_that_wants_more_than_it_may_is_told():
    table = measured(chain(), [("a", "b"), ("a", "c")], route_factor=1.4)
    found = latency.calibrate(chain(), table, fit="route_factor", bounds={"route_factor": (1.0, 1.2)})
    assert found.at_bound == ("route_factor",)
    assert (found.residuals["residual_ms"] > 0).all()
    assert found.residuals["route_factor"].isna().all()


def test_measurements_faster_than_light_in_glass_are_refused_by_name():
    places = points_of({"x": (0.0, 0.0), "y": (5.0, 0.0)})
    table = pd.DataFrame(
        {"node0": "x", "node1": ["y", "y"], "rtt_ms": [5.0, 50.0]}, index=["one way", "fine"]
    )
    with pytest.raises(
        LayerError, match=r"5 ms is less than light takes in glass.*5\.451 ms.*'one way'"
    ) as raised:
        latency.calibrate(chain(), table, points=places)
    assert "fine" not in str(raised.value)


def test_every_fault_of_the_table_is_told_at_once():
    table = pd.DataFrame(
        {"node0": ["a", "zz"], "node1": ["b", None], "rtt_ms": [-1.0, 3.0]}, index=["p", "q"]
    )
    with pytest.raises(LayerError) as raised:
        latency.calibrate(chain(), table)
    assert all(
        word in str(raised.value) for word in ("'p'", "'q'", "no such place as", "'zz'", "not a time > 0 ms")
    )
    with pytest.raises(LayerError, match="no such column"):
        latency.calibrate(chain(), table.drop(columns="rtt_ms"))
    with pytest.raises(LayerError, match="at least one"):
        latency.calibrate(chain(), table.iloc[:0])
    apart = in_one_place({"ab": ("a", "b", 1.0), "cd": ("c", "d", 1.0)})
    across = pd.DataFrame({"node0": ["a"], "node1": ["d"], "rtt_ms": [9.0]})
    with pytest.raises(LayerError, match="no fibre joins"):
        latency.calibrate(apart, across)


@pytest.mark.parametrize(
    "options",
    [{"fit": "slack"}, {"fit": ()}, {"bounds": {"route_factor": (2.0, 1.0)}}, {"bounds": {"kappa": (1, 2)}}],
)
def test_what_cannot_be_fitted_is_refused(options):
    table = measured(chain(), [("a", "b")])
    with pytest.raises(ValueError, match=r"bounds must|cannot be fitted"):
        latency.calibrate(chain(), table, **options)


@given(seeds, st.floats(1.1, 2.5), st.floats(0.02, 0.3))
def test_factors_are_found_on_random_networks_where_they_can_be(seed, factor, equipment):
    fibre = random_fibre(seed)
    fibre.fibre_routes["geometry_kind"] = "schematic"
    names = list(fibre.fibre_nodes.index)
    pairs = [(a, b) for a in names[:4] for b in names[4:]]
    table = measured(fibre, pairs, route_factor=factor, equipment=equipment)
    found = latency.calibrate(fibre, table)
    if not found.undetermined:
        assert found.rmse_ms < 1e-4
        np.testing.assert_allclose(list(found.assume.values()), [factor, equipment], rtol=1e-3, atol=1e-4)
