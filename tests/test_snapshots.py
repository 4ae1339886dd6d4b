"""Hosting over many dispatches: each is that of its own grid, and what follows from all of them is worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pypower_grids import case, grid_of
from test_dc import at, grid
from three_mismatches.errors import NetworkError
from three_mismatches.power import Snapshots, hosting, hosting_over

LINE = grid(
    at(*"ab"),
    {"ab": {"x_pu_100": 0.1, "s_nom": 100.0}},
    {"a1": {"p_set": 0.0, "p_nom": 500.0}},
    {"b1": {"p_set": 0.0}},
)
"""A generator of 500 MW at a, demand at b behind a line of 100 MW: b can host 100 MW less its demand."""

FOUR = Snapshots(
    loads=pd.DataFrame({"b1": [80.0, 10.0, 40.0, 20.0]}, index=["peak", "night", "noon", "dawn"]),
    generators=pd.DataFrame({"a1": [80.0, 10.0, 40.0, 20.0]}, index=["peak", "night", "noon", "dawn"]),
)


def over(snapshots=FOUR, **options):
    return hosting_over(LINE, snapshots, ["b"], security="n0", **options)


def test_firm_is_the_least_and_says_when_and_why():
    found = over()
    assert found.hosting_mw["b"].tolist() == pytest.approx([20.0, 90.0, 60.0, 80.0])
    row = found.buses.loc["b"]
    assert (row["firm_mw"], row["firm_snapshot"], row["limiting_line"]) == (pytest.approx(20.0), "peak", "ab")
    assert row["mean_mw"] == pytest.approx(62.5)


@pytest.mark.parametrize(
    ("availability", "mw"), [(1.0, 20.0), (0.75, 60.0), (0.7, 60.0), (0.5, 80.0), (0.1, 90.0)]
)
def test_what_is_available_in_a_share_of_the_hours(availability, mw):
    assert over(availability=availability).buses.at["b", "available_mw"] == pytest.approx(mw)


def test_a_load_without_firm_right_is_curtailed_by_what_is_lacking():
    """70 MW: 50 lack at the peak, 10 at noon. The peak stands for 2 hours of 5."""
    weight = pd.Series([2.0, 1.0, 1.0, 1.0], index=FOUR.loads.index)
    row = over(replace(FOUR, weight=weight), requests=70.0).buses.loc["b"]
    assert row["curtailed_mwh"] == pytest.approx(110.0)
    assert row["curtailed_hours"] == pytest.approx(3.0)
    assert row["curtailed_share"] == pytest.approx(110.0 / 350.0)
    assert over(requests=pd.Series({"b": 0.0})).buses.at["b", "curtailed_share"] == 0.0


def test_availability_of_plants_limits_what_they_can_give():
    """At night the plant can give 30 of 500 MW, of which 10 are used: 20 are left."""
    share = pd.DataFrame({"a1": [1.0, 0.06, 1.0, 1.0]}, index=FOUR.loads.index)
    found = over(replace(FOUR, p_max_pu=share))
    assert found.hosting_mw.at["night", "b"] == pytest.approx(20.0)
    assert found.hosting_mw.at["dawn", "b"] == pytest.approx(80.0)


@pytest.mark.parametrize("workers", [1, 2])
def test_each_snapshot_is_the_hosting_of_its_own_grid(workers):
    network = grid_of(case("case24_ieee_rts"))
    draw = np.random.default_rng(5)
    factor = draw.uniform(0.5, 1.0, 4)
    loads = pd.DataFrame(np.outer(factor, network.loads["p_set"]), columns=network.loads.index)
    plants = pd.DataFrame(np.outer(factor, network.generators["p_set"]), columns=network.generators.index)
    found = hosting_over(
        network, Snapshots(generators=plants, loads=loads), ["14", "3", "14"], cutoff=0.0, workers=workers
    )
    assert found.hosting_mw.columns.tolist() == ["14", "3"]
    for row in range(4):
        now = replace(
            network,
            loads=network.loads.assign(p_set=loads.iloc[row]),
            generators=network.generators.assign(p_set=plants.iloc[row]),
        )
        alone = hosting(now, ["14", "3"], cutoff=0.0)
        np.testing.assert_allclose(found.hosting_mw.iloc[row], alone["hosting_mw"], rtol=1e-9)
    assert (found.buses["firm_mw"] == found.hosting_mw.min()).all()


def test_links_follow_their_snapshots():
    """b draws 30 over a link of 100: what is left of it is what b can host beside."""
    network = grid(
        at(*"ab"), {}, {"a1": {"p_set": 0.0, "p_nom": 500.0}}, {"b1": {"p_set": 0.0}},
        {"ab": {"p_nom": 100.0, "p_set": 0.0}},
    )  # fmt: skip
    rows = Snapshots(
        links=pd.DataFrame({"ab": [0.0, 30.0]}),
        loads=pd.DataFrame({"b1": [0.0, 30.0]}),
        generators=pd.DataFrame({"a1": [0.0, 30.0]}),
    )
    found = hosting_over(network, rows, ["b"])
    assert found.hosting_mw["b"].tolist() == pytest.approx([100.0, 70.0])
    assert found.buses.at["b", "limiting_line"] == "ab"


@pytest.mark.parametrize(
    ("snapshots", "said"),
    [
        (Snapshots(), "not given"),
        (replace(FOUR, weight=pd.Series([1.0])), "differs"),
        (Snapshots(loads=pd.DataFrame({"z": [1.0]})), "'z'"),
        (Snapshots(loads=pd.DataFrame({"b1": [1.0, np.nan]})), "finite"),
        (replace(FOUR, weight=pd.Series(-1.0, index=FOUR.loads.index)), "below 0"),
        (Snapshots(loads=pd.DataFrame({"b1": []})), "no rows"),
    ],
)
def test_tables_that_do_not_fit_are_told(snapshots, said):
    with pytest.raises(NetworkError, match=said):
        over(snapshots)


def test_options_that_are_none_are_told():
    with pytest.raises(ValueError, match="availability"):
        over(availability=0.0)
    with pytest.raises(ValueError, match="preexisting"):
        over(preexisting="report")
    with pytest.raises(NetworkError, match="'b'"):
        over(requests=pd.Series({"a": 1.0}))


@given(st.lists(st.floats(0.0, 150.0), min_size=1, max_size=6), st.floats(0.05, 1.0), st.floats(0.0, 120.0))
def test_firm_never_exceeds_what_is_available_and_all_of_firm_is_never_curtailed(demand, share, request):
    rows = pd.DataFrame({"b1": demand})
    found = over(
        Snapshots(loads=rows, generators=rows.rename(columns={"b1": "a1"})),
        availability=share, requests=request, preexisting="count",
    ).buses.loc["b"]  # fmt: skip
    assert found["firm_mw"] <= found["available_mw"] + 1e-9
    assert found["curtailed_mwh"] == pytest.approx(
        sum(max(0.0, request - max(0.0, 100.0 - mw)) for mw in demand), abs=1e-6
    )
    assert found["curtailed_mwh"] <= 1e-6 or request > found["firm_mw"]
