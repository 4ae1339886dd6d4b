"""The ladder of a bus: hand-worked and known answers, an explicit programme of every state, promises, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import table
from secure_lp_oracle import Oracle, drawn, plain_of, random_grid, with_lines
from test_dc import GOLDEN, TRIANGLE, of
from three_mismatches.errors import NetworkError, SolverError
from three_mismatches.layers import Grid
from three_mismatches.power import dc_flow, hosting, ladder, ladders
from three_mismatches.power._base import base_case
from three_mismatches.power.ladder import RUNGS, Models

MW = [f"{rung}_mw" for rung in RUNGS]
LINEAR = ("transport", "n0", "n1")
"""Rungs that are linear programmes."""


def changed(network, **tables):
    """Return a grid with other tables."""
    return Grid(**{**vars(network), **tables})


def without_least(network):
    return changed(network, generators=network.generators.assign(p_min=0.0))


def proportional(network):
    """Return what generators can still give, as participation."""
    plants = network.generators
    return (plants["p_nom"] - plants["p_set"]).groupby(plants["bus"]).sum()


RTS = without_least(of("case24_ieee_rts"))
KNOWN = GOLDEN["rts24_hosting"]["ladder_bus_prorataN1_lpN1_lpN0_transport_adequacy"]


# Known answers


def test_rungs_of_rts_24_are_the_known_ones():
    found = ladders(RTS, list(KNOWN), participation=proportional(RTS), islanding="skip")
    for bus, known in KNOWN.items():
        assert found.loc[bus, MW[::-1]].tolist() == pytest.approx(known, abs=0.01)
    assert found.attrs["base_shed_mw"].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def three_equal_lines(rating=100.0):
    lines = {name: row | {"s_nom": rating} for name, row in TRIANGLE.items()}
    return drawn("abc", lines, {"a1": {"p_set": 0.0, "p_nom": 300.0}})


def test_a_triangle_hosts_what_two_lines_one_path_or_a_cut_carry():
    """Two thirds go directly: 150 with all three lines, 100 over what is left of them, 200 if power chose its way."""
    found = ladder(three_equal_lines(), "c", request_mw=250.0)
    assert found["hosting_mw"].tolist() == pytest.approx([300.0, 200.0, 150.0, 100.0, 100.0])
    assert found["taken_mw"].tolist() == pytest.approx([0.0, 50.0, 50.0, 50.0, 0.0])
    assert found.attrs["gap_mw"] == pytest.approx(150.0)
    assert found.loc["n0", ["limiting_line", "limiting_outage"]].tolist() == ["ac", ""]
    assert found.loc["n1", "limiting_line"] in ("ac", "ab", "bc")
    assert found.loc["n1", "limiting_outage"] in ("ac", "ab", "bc")


def wheatstone(*, bridge):
    x = {"sm": 0.1, "mt": 0.2, "sn": 0.2, "nt": 0.1} | ({"mn": 0.1} if bridge else {})
    lines = {name: {"x_pu_100": each, "s_nom": 100.0} for name, each in x.items()}
    return drawn("smnt", lines, {"s1": {"p_set": 0.0, "p_nom": 500.0}})


def test_a_line_more_can_lower_what_a_bus_gets():
    """Two paths of 0.3 p.u. carry 100 each. A line across sends 3 of 5 through s-m and n-t: 100 / 0.6 = 166.67."""
    for bridge, n0 in ((False, 200.0), (True, 166.667)):
        found = ladder(wheatstone(bridge=bridge), "t")["hosting_mw"]
        assert found[["transport", "n0"]].tolist() == pytest.approx([200.0, n0], abs=1e-3)


@pytest.mark.parametrize(("link_mw", "hosted"), [(0.0, 20.0), (30.0, 49.4), (60.0, 78.8), (100.0, 78.8)])
def test_a_link_brings_what_it_and_the_far_line_carry_less_its_losses(link_mw, hosted):
    """20 MW at a itself, and 0.98 of what reaches b over the far line of 60 MW and the link."""
    lines = {"cb": {"x_pu_100": 0.1, "s_nom": 60.0}}
    plants = {"a1": {"p_set": 0.0, "p_nom": 20.0}, "c1": {"p_set": 0.0, "p_nom": 500.0}}
    links = {"ba": {"p_nom": link_mw, "p_nom_reverse": 0.0, "efficiency": 0.98, "p_set": 0.0}}
    found = ladder(drawn("abc", lines, plants, links=links), "a")["hosting_mw"]
    assert found["n0"] == pytest.approx(hosted, abs=1e-6)


def test_an_outage_that_splits_the_grid_leaves_a_site_what_its_piece_feeds():
    """Bus b has 30 MW of its own for a demand of 10, and a line for 100: 120 before, 20 once the line is lost."""
    plants = {"a1": {"p_set": 10.0, "p_nom": 500.0}, "b1": {"p_set": 0.0, "p_nom": 30.0}}
    network = drawn("ab", {"ab": {"x_pu_100": 0.1, "s_nom": 100.0}}, plants, {"b2": {"p_set": 10.0}})
    found = ladder(network, "b")
    assert found.loc[["n0", "n1"], "hosting_mw"].tolist() == pytest.approx([120.0, 20.0])
    assert found.loc["n1", ["limiting_line", "limiting_outage"]].tolist() == ["capacity", "ab"]
    assert ladder(network, "b", islanding="skip").loc["n1", "hosting_mw"] == pytest.approx(120.0)


# Against an explicit programme of every state


def assert_as_oracle(seed):
    """Compare three buses of a random grid, on each rung and before anything is added."""
    network, islanding = random_grid(seed), "skip" if seed % 5 == 0 else "redistribute"
    plain = plain_of(network)
    buses = np.random.default_rng(seed).choice(plain.buses, min(3, len(plain.buses)), replace=False).tolist()
    found = ladders(network, buses, islanding=islanding)
    for rung in LINEAR:
        oracle = Oracle(plain, buses, rung, islanding=islanding)
        expected = oracle.alone([np.inf] * len(buses))
        np.testing.assert_allclose(found[f"{rung}_mw"], expected, atol=1e-4)
        shed = oracle.base_shed()
        assert found.attrs["base_shed_mw"][rung] == pytest.approx(shed, abs=1e-4)
        assert shed <= 1e-3 or found["flags"].str.contains("base_infeasible").all()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.slow
def test_rungs_are_those_of_every_state_at_once(seed):
    assert_as_oracle(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8, 80))
def test_rungs_of_many_grids_are_those_of_every_state_at_once(seed):
    assert_as_oracle(seed)


@pytest.mark.parametrize("seed", [1, 3])
def test_corridors_and_outages_by_name_are_those_of_every_state_at_once(seed):
    network = random_grid(seed)
    plain = plain_of(network)
    lines = network.lines.loc[list(plain.lines)]
    lost = [tuple(np.flatnonzero(lines["corridor"] == one).tolist()) for one in lines["corridor"].unique()]
    oracle = Oracle(plain, plain.buses[-2:], "n1", outages=lost)
    found = ladders(network, plain.buses[-2:], contingencies="corridors")
    np.testing.assert_allclose(found["n1_mw"], oracle.alone([np.inf] * 2), atol=1e-4)
    pair = Oracle(plain, plain.buses[-2:], "n1", outages=[(0, 1)])
    found = ladders(network, plain.buses[-2:], contingencies={"both": list(plain.lines[:2])})
    np.testing.assert_allclose(found["n1_mw"], pair.alone([np.inf] * 2), atol=1e-4)


@pytest.mark.parametrize("seed", [2, 6])
def test_participation_decides_what_pieces_do_and_nothing_else(seed):
    network = random_grid(seed)
    plain = plain_of(network)
    weight = dict(
        zip(plain.buses, np.random.default_rng(seed).uniform(0.1, 1.0, len(plain.buses)), strict=True)
    )
    found = ladders(network, plain.buses[:2], participation=pd.Series(weight))
    for rung in LINEAR:
        expected = Oracle(plain, plain.buses[:2], rung, participation=weight).alone([np.inf] * 2)
        np.testing.assert_allclose(found[f"{rung}_mw"], expected, atol=1e-4)


# Promises

seeds = st.integers(0, 100_000)


@given(seeds)
def test_on_a_secure_base_no_rung_lies_above_another(seed):
    network = random_grid(seed)
    found = ladders(network, network.buses.index[:3])
    if found.attrs["violated"] == 0 and not found["flags"].str.contains("base_infeasible").any():
        assert (np.diff(found[MW].to_numpy(), axis=1) <= 1e-4).all()


@given(seeds, st.floats(0.0, 1e4))
def test_what_the_rungs_take_adds_up_to_the_gap(seed, request_mw):
    network = random_grid(seed)
    found = ladder(network, network.buses.index[-1], request_mw=request_mw)
    assert (found["taken_mw"] >= 0.0).all()
    assert found["taken_mw"].sum() == pytest.approx(found.attrs["gap_mw"], abs=1e-6)
    left = request_mw - found.attrs["gap_mw"]
    assert left == pytest.approx(min(request_mw, found["hosting_mw"].min()), abs=1e-6)


@given(seeds)
def test_names_order_and_slack_change_nothing(seed):
    network, rng = random_grid(seed), np.random.default_rng(seed)
    new = {bus: f"bus {at}" for at, bus in enumerate(rng.permutation(network.buses.index))}
    buses = network.buses.rename(index=new).assign(slack=False)
    buses.iloc[rng.integers(len(buses)), buses.columns.get_loc("slack")] = True
    tables = {
        name: frame.assign(**{end: frame[end].map(new) for end in ("bus", "bus0", "bus1") if end in frame})
        for name, frame in vars(network).items()
        if name in ("lines", "generators", "loads", "links")
    } | {"buses": buses}
    mixed = {name: frame.iloc[rng.permutation(len(frame))] for name, frame in tables.items()}
    asked = network.buses.index[:3]
    found = ladders(changed(network, **mixed), [new[bus] for bus in asked])[MW]
    np.testing.assert_allclose(found, ladders(network, asked)[MW], atol=1e-4)


@given(seeds, st.floats(1.0, 3.0))
def test_a_larger_rating_takes_nothing_away(seed, factor):
    network = random_grid(seed)
    asked = network.buses.index[-2:]
    before = ladders(network, asked)
    line = network.lines.index[seed % len(network.lines)]
    more = np.where(network.lines.index == line, factor, 1.0)
    ratings = {name: network.lines[name] * more for name in ("s_nom", "s_nom_emergency")}
    after = ladders(with_lines(network, **ratings), asked)
    # With less demand shed, less may be left for new load.
    if not before["flags"].str.contains("base_infeasible").any():
        for rung in LINEAR:
            assert (after[f"{rung}_mw"] >= before[f"{rung}_mw"] - 1e-4).all()


# A base that cannot be served


def test_demand_beyond_a_line_is_shed_and_told():
    """30 of 90 MW do not reach b; a, before the line, gets what generation is left then."""
    plants = {"a1": {"p_set": 90.0, "p_nom": 100.0}}
    network = drawn("ab", {"ab": {"x_pu_100": 0.1, "s_nom": 60.0}}, plants, {"b1": {"p_set": 90.0}})
    found = ladders(network, ["a", "b"], contingencies=[])
    assert found.attrs["base_shed_mw"].tolist() == pytest.approx([30.0, 30.0, 30.0])
    assert found["n0_mw"].tolist() == pytest.approx([40.0, 0.0], abs=1e-5)
    assert found["adequacy_mw"].tolist() == pytest.approx([40.0, 40.0])
    assert found["flags"].str.contains("base_infeasible").all()


def test_no_demand_is_shed_for_new_load_however_little_it_would_take():
    """
    The line s-k is full. New load at j loads it by 1e-4 of itself, demand at k by 0.9: 1 MW less there makes room for
    9,000 MW at j. It is not for us to take.
    """
    x = {"sk": 0.1, "kj": 0.9, "sj": 0.0001}
    full = 50.0 * (x["kj"] + x["sj"]) / sum(x.values())
    lines = {name: {"x_pu_100": each, "s_nom": full if name == "sk" else np.inf} for name, each in x.items()}
    network = drawn("skj", lines, {"s1": {"p_set": 50.0, "p_nom": 2e4}}, {"k1": {"p_set": 50.0}})
    found = ladder(network, "j", contingencies=[])
    assert found.attrs["base_shed_mw"].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert found.loc["n0", "hosting_mw"] < 0.01
    assert found.loc["transport", "hosting_mw"] > 1e4


def test_demand_that_is_shed_is_the_least_where_some_must_be():
    """As above, and at e 5 of 20 MW are out of reach: nothing more than these 5 is shed."""
    x = {"sk": 0.1, "kj": 0.9, "sj": 0.0001, "se": 0.1}
    full = 50.0 * (x["kj"] + x["sj"]) / (x["sk"] + x["kj"] + x["sj"])
    limit = {"sk": full, "se": 15.0}
    lines = {name: {"x_pu_100": each, "s_nom": limit.get(name, np.inf)} for name, each in x.items()}
    loads = {"k1": {"p_set": 50.0}, "e1": {"p_set": 20.0}}
    found = ladder(drawn("skje", lines, {"s1": {"p_set": 70.0, "p_nom": 2e4}}, loads), "j", contingencies=[])
    assert found.attrs["base_shed_mw"].tolist() == pytest.approx([5.0, 5.0, 5.0], abs=1e-4)
    assert found.loc["n0", "hosting_mw"] < 0.1


def test_units_that_must_run_and_that_nobody_takes_are_told():
    """50 MW must run for a demand of 30: 20 are spilt, and a new load takes them."""
    plants = {"a1": {"p_set": 50.0, "p_min": 50.0, "p_nom": 60.0}}
    network = drawn(
        {"a": {"slack": True}, "b": {}}, {"ab": {"x_pu_100": 0.1}}, plants, {"b1": {"p_set": 30.0}}
    )
    found = ladder(network, "b", contingencies=[])
    assert "base_infeasible" in found.attrs["flags"]
    assert found.loc["n0", "hosting_mw"] == pytest.approx(30.0)


def test_what_a_dispatch_violates_counts_or_not():
    """The dispatch sends 90 MW over a line for 60: counted, nothing more may go there; ignored, it is no limit."""
    plants = {"a1": {"p_set": 90.0, "p_nom": 200.0}, "b1": {"p_set": 0.0, "p_nom": 40.0}}
    network = drawn("ab", {"ab": {"x_pu_100": 0.1, "s_nom": 60.0}}, plants, {"b2": {"p_set": 90.0}})
    count = ladder(network, "b", contingencies=[])
    assert count.loc["n0", "hosting_mw"] == pytest.approx(10.0)
    ignore = ladder(network, "b", contingencies=[], preexisting="ignore")
    assert ignore.loc["n0", "hosting_mw"] == pytest.approx(150.0)
    assert "base_violation" in ignore.attrs["flags"]


def test_phase_shifters_that_alone_exceed_a_rating_are_told():
    """30 degrees drive 500 MW/rad round two lines for 10 MW: no demand is there that could be shed."""
    lines = {
        "ab": {"x_pu_100": 0.1, "s_nom": 10.0, "phase_shift": 30.0},
        "ab'": {"x_pu_100": 0.1, "s_nom": 10.0},
    }
    network = drawn("ab", lines, {"a1": {"p_set": 1.0}}, {"b1": {"p_set": 1.0}})
    with pytest.raises(SolverError, match="phase shifters"):
        ladder(network, "b")


# Edges and bad input


def test_ratings_without_end_or_unknown_leave_generation_as_the_limit():
    network = three_equal_lines()
    for rating in (np.inf, np.nan):
        found = ladder(with_lines(network, s_nom=rating), "c")
        assert found["hosting_mw"].tolist() == pytest.approx([300.0] * 5)
        assert (found["limiting_line"] == "capacity").all()


def test_a_part_without_generation_hosts_nothing():
    network = drawn("abz", {"ab": {"x_pu_100": 0.1}}, {"a1": {"p_set": 0.0, "p_nom": 50.0}})
    found = ladder(network, "z", request_mw=5.0)
    assert found["hosting_mw"].tolist() == pytest.approx([0.0] * 5)
    assert found.attrs["gap_mw"] == pytest.approx(5.0)
    assert "island" in found.attrs["flags"]


def test_a_line_out_of_service_limits_nothing():
    lines = {
        "ab": {"x_pu_100": 0.1, "s_nom": 10.0},
        "ab'": {"x_pu_100": 0.1, "s_nom": 10.0, "in_service": False},
    }
    network = drawn("ab", lines, {"a1": {"p_set": 0.0, "p_nom": 50.0}})
    found = ladder(network, "b", contingencies=[])
    assert found.loc[["transport", "n0", "n1"], "limiting_line"].tolist() == ["ab"] * 3


def test_a_unit_below_its_least_output_may_stay_there():
    plants = {"a1": {"p_set": 10.0, "p_min": 40.0, "p_nom": 50.0}}
    network = drawn("ab", {"ab": {"x_pu_100": 0.1}}, plants, {"b1": {"p_set": 10.0}})
    found = ladder(network, "b", contingencies=[])
    assert found["hosting_mw"].tolist() == pytest.approx([40.0] * 5)
    assert "base_infeasible" not in found.attrs["flags"]


def test_a_bus_may_be_asked_twice_and_none_at_all():
    network = three_equal_lines()
    assert ladders(network, ["c", "c"])["n1_mw"].tolist() == pytest.approx([100.0, 100.0])
    assert ladders(network, []).empty
    assert ladders(network)["n0_mw"].tolist() == pytest.approx([300.0, 150.0, 150.0])


def test_requests_of_nothing_and_without_end():
    network = three_equal_lines()
    assert ladder(network, "c", request_mw=0.0)["taken_mw"].tolist() == [0.0] * 5
    found = ladder(network, "c", request_mw=np.inf)
    assert found.attrs["gap_mw"] == np.inf
    assert found["taken_mw"].tolist() == pytest.approx([np.inf, 100.0, 50.0, 50.0, 0.0])


@pytest.mark.parametrize("request_mw", [np.nan, -1.0])
def test_a_request_that_is_none_is_told(request_mw):
    with pytest.raises(NetworkError, match="request_mw"):
        ladder(three_equal_lines(), "c", request_mw=request_mw)


def test_unknown_buses_lines_and_words_are_told():
    network = three_equal_lines()
    with pytest.raises(NetworkError, match="'z'"):
        ladder(network, "z")
    with pytest.raises(NetworkError, match="'za'"):
        ladder(network, "c", contingencies=["za"])
    for wrong in ({"contingencies": "luck"}, {"islanding": "luck"}, {"preexisting": "luck"}, {"cutoff": 2.0}):
        with pytest.raises(ValueError, match=r"luck|cutoff"):
            ladder(network, "c", **wrong)


def test_the_last_rung_is_hosting():
    buses = ["3", "6", "14"]
    found = ladders(RTS, buses, cutoff=0.05, preexisting="ignore")
    expected = hosting(RTS, buses)
    assert found["screening_mw"].tolist() == expected["hosting_mw"].tolist()
    assert found["screening_line"].tolist() == expected["limiting_line"].tolist()


def test_interfaces_bind_before_outages_on_the_n1_rung_only():
    network = changed(
        three_equal_lines(),
        interfaces=table("interfaces", {"into c": {"limit_forward": 70.0, "margin_mw": 10.0}}),
        interface_members=table(
            "interface_members",
            {str(at): {"interface": "into c", "element": line} for at, line in enumerate(("bc", "ac"))},
        ),
    )
    found = ladder(network, "c")
    assert found.loc[["n0", "n1"], "hosting_mw"].tolist() == pytest.approx([150.0, 60.0])
    assert found.loc["n1", "limiting_line"] == "into c"


# Size


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case118", "case300"])
def test_few_rows_secure_a_large_grid(name):
    network = without_least(of(name))
    flow = dc_flow(network).abs().to_numpy()
    network = with_lines(network, s_nom=flow * 1.3 + 20.0, s_nom_emergency=flow * 1.8 + 40.0)
    base = base_case(network)
    models = Models.of(
        network, base, np.arange(0, 100, 10), "branches", islanding="redistribute", preexisting="ignore"
    )
    model = models.secure()
    found = model.most_new(np.full(10, np.inf))
    assert found.new_mw.sum() > 0.0
    assert model.solves <= 15
    assert model.rows <= len(network.lines)
