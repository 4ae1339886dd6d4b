"""Loading after the loss of any line: against solving again without it, and against dense factors."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from conftest import table
from pypower_grids import case, grid_of
from three_mismatches.errors import NetworkError
from three_mismatches.layers import Grid
from three_mismatches.layers.schemas import LAYERS, empty
from three_mismatches.power import dc_flow, lodf, n1_loading

NAMES = ["case14", "case24_ieee_rts", "case30", "case57", "case118", "case300"]


@cache
def of(name):
    return grid_of(case(name))


def grid(lines, injections=None):
    """Return a grid of lines between buses that their ids name, each of 0.1 p.u. where nothing else is said."""
    rows = {name: {"bus0": name[0], "bus1": name[1], "x_pu_100": 0.1} | row for name, row in lines.items()}
    buses = {bus: {} for bus in sorted({bus for name in lines for bus in name[:2]})}
    tables = {"lines": table("lines", rows), "buses": table("buses", buses)}
    return Grid(
        **{field: tables.get(field, empty(field)) for field in Grid.__dataclass_fields__ if field in LAYERS}
    )


def loaded(lines, injections):
    return n1_loading(grid(lines), injections=pd.Series(injections, dtype=float))


def injections_of(network):
    """Return what is injected where, phase shifters as injections beside the flows that they take."""
    flow = dc_flow(network)
    injected = pd.Series(0.0, index=network.buses.index)
    np.add.at(injected.values, network.buses.index.get_indexer(network.lines["bus0"]), flow)
    np.subtract.at(injected.values, network.buses.index.get_indexer(network.lines["bus1"]), flow)
    return injected


@pytest.mark.parametrize("name", NAMES)
def test_loading_is_the_greatest_that_dense_factors_give(name):
    network = of(name)
    found, factors = n1_loading(network), lodf(network)
    flow = dc_flow(network).to_numpy()
    after = flow[:, None] + factors.to_numpy() * flow
    np.fill_diagonal(after, np.nan)
    after[:, ~network.lines["in_service"].to_numpy()] = np.nan
    bridges = factors.columns.isin(factors.attrs["bridges"])
    expected = np.nanmax(np.abs(after[:, ~bridges]), axis=1)
    assert found.attrs["bridges"] == factors.attrs["bridges"]
    np.testing.assert_allclose(found["p0"], flow, atol=1e-12)
    np.testing.assert_allclose(found["worst_p0"].abs(), expected, atol=1e-7)
    named = factors.columns.get_indexer(found["worst_outage"])
    np.testing.assert_allclose(found["worst_p0"], after[np.arange(len(flow)), named], atol=1e-7)


@pytest.mark.parametrize("name", ["case14", "case24_ieee_rts", "case30"])
def test_loading_is_what_solving_without_each_line_gives(name):
    network = of(name)
    injected, found = injections_of(network), n1_loading(network)
    after = pd.DataFrame(index=network.lines.index)
    for line in network.lines.index.difference(found.attrs["bridges"]):
        rest = network.lines.assign(in_service=network.lines["in_service"] & (network.lines.index != line))
        after[line] = dc_flow(Grid(**{**vars(network), "lines": rest}), injections=injected)
    np.testing.assert_allclose(found["worst_p0"].abs(), after.abs().max(axis=1), atol=1e-7)
    again = [after.at[line, lost] for line, lost in found["worst_outage"].items()]
    np.testing.assert_allclose(found["worst_p0"], again, atol=1e-7)


def test_a_triangle_carries_everything_on_what_is_left():
    """90 MW from a to c: 60 directly, 30 round by b. Without either way all of it goes the other."""
    found = loaded(
        {"ac": {"s_nom": 100.0}, "ab": {"s_nom": 60.0}, "cb": {"s_nom": 60.0}}, {"a": 90, "c": -90}
    )
    assert found["p0"].tolist() == pytest.approx([60.0, 30.0, -30.0])
    assert found["worst_p0"].tolist() == pytest.approx([90.0, 90.0, -90.0])
    assert found["worst_outage"].tolist() == ["ab", "ac", "ac"]
    assert found["loading"].tolist() == pytest.approx([0.6, 0.5, 0.5])
    assert found["worst_loading"].tolist() == pytest.approx([0.9, 1.5, 1.5])


def test_ratings_after_an_outage_unlimited_and_unknown_ones():
    """Four circuits carry 20 MW each, three of them a third more."""
    rows = [
        {"s_nom": 40.0, "s_nom_emergency": 80.0},
        {"s_nom": 40.0, "s_nom_emergency": np.nan},
        {"s_nom": np.inf},
        {"s_nom": np.nan, "s_nom_emergency": np.nan},
    ]
    lines = {f"ab{number}": row for number, row in enumerate(rows)}
    found = loaded(lines, {"a": 80, "b": -80})
    third = 80.0 / 3.0
    np.testing.assert_allclose(found["worst_p0"], third)
    np.testing.assert_allclose(found["loading"], [0.5, 0.5, 0.0, np.nan])
    np.testing.assert_allclose(found["worst_loading"], [third / 80.0, third / 40.0, 0.0, np.nan])
    assert found["worst_outage"].tolist() == ["ab1", "ab0", "ab0", "ab0"]


def test_bridges_are_left_out_and_what_nothing_reaches_names_the_first_outage():
    """A triangle with a tail to d, an island e-f of two circuits, one line out of service."""
    lines = {name: {} for name in ("cd", "ab", "bc", "ac", "ef1", "ef2")} | {"ab2": {"in_service": False}}
    found = loaded(lines, {"a": 30, "d": -30, "e": 8, "f": -8})
    assert found.attrs["bridges"] == ("cd",)
    assert found.loc["cd", ["p0", "worst_p0"]].tolist() == pytest.approx([30.0, 30.0])
    assert found.at["cd", "worst_outage"] == "ab"
    assert found.at["ef1", "worst_outage"] == "ef2"
    assert found.at["ef1", "worst_p0"] == pytest.approx(8.0)
    assert found.loc["ab2", ["p0", "worst_p0"]].tolist() == [0.0, 0.0]
    assert pd.isna(found.at["ab2", "worst_outage"])


def test_where_no_other_line_can_be_lost_nothing_is_worst():
    found = loaded({"ab": {"s_nom": 10.0}, "bc": {"s_nom": 10.0}}, {"a": 5, "c": -5})
    assert found.attrs["bridges"] == ("ab", "bc")
    np.testing.assert_allclose(found["loading"], 0.5)
    assert found[["worst_p0", "worst_loading", "worst_outage"]].isna().all(axis=None)
    nothing = n1_loading(Grid(**{**vars(grid({"ab": {}})), "lines": empty("lines")}))
    assert nothing.empty
    assert nothing.columns.tolist() == found.columns.tolist()


def test_a_phase_shifter_that_is_lost_takes_its_push_with_it():
    """Two circuits carry nothing but what the shifter drives round; without it, nothing."""
    found = loaded({"ab1": {"phase_shift": 1.0}, "ab2": {}, "ab3": {}}, {})
    push = 1000.0 * np.radians(1.0)
    np.testing.assert_allclose(found["p0"], [-push / 1.5, push / 3.0, push / 3.0])
    np.testing.assert_allclose(found["worst_p0"], [-push / 2.0, push / 2.0, push / 2.0])
    assert found["worst_outage"].tolist() == ["ab2", "ab3", "ab2"]


def test_reactances_that_cancel_after_a_loss_are_told():
    """Without ab1 the other two circuits cancel."""
    with pytest.raises(NetworkError, match="'ab1'"):
        loaded({"ab1": {}, "ab2": {"x_pu_100": 0.2}, "ab3": {"x_pu_100": -0.2}}, {"a": 1, "b": -1})
