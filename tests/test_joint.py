"""What sites get together: known answers, an explicit programme of every state, what ratings are worth, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_lp_oracle import Oracle, drawn, plain_of, random_grid, with_lines
from test_dc import at, grid, of
from three_mismatches.errors import NetworkError
from three_mismatches.layers import Grid
from three_mismatches.power import dc_flow, joint, ladders, ladders_and_joint

INF = np.inf


def star(**limit):
    """Return a source s of 300 MW, a hub h, and arms to a, b and c; lines without a limit carry what comes."""
    lines = {name: {"x_pu_100": 0.1, "s_nom": limit.get(name, INF)} for name in ("sh", "ha", "hb", "hc")}
    return drawn("shabc", lines, {"s1": {"p_set": 0.0, "p_nom": 300.0}})


def asked(**mw):
    return pd.Series(mw, dtype=float)


# Known answers


def test_four_buses_of_rts_24_get_together_less_than_half_of_what_each_gets_alone():
    network = of("case24_ieee_rts")
    plants = network.generators
    weight = (plants["p_nom"] - plants["p_set"]).groupby(plants["bus"]).sum()
    network = Grid(**{**vars(network), "generators": plants.assign(p_min=0.0)})
    requests = pd.Series(INF, index=["3", "6", "9", "14"])
    found = joint(network, requests, participation=weight, islanding="skip")
    assert found.total_mw == pytest.approx(555.0, abs=1e-3)
    assert found.sites["alone_mw"].sum() == pytest.approx(1207.0, abs=0.01)
    assert found.double_count == pytest.approx(2.17, abs=0.01)
    assert found.dispatch["supply_mw"].sum() == pytest.approx(2850.0 + 555.0, abs=1e-3)


def test_the_total_comes_first_and_then_the_worst_served():
    """100 MW reach the hub; all of them can be had in many ways. b and c get half of what they ask, a its 10."""
    found = joint(star(sh=100.0, ha=10.0), asked(a=100.0, b=90.0, c=90.0), contingencies=[])
    assert found.total_mw == pytest.approx(100.0)
    assert found.sites["joint_mw"].tolist() == pytest.approx([10.0, 45.0, 45.0], abs=1e-4)
    assert found.sites["alone_mw"].tolist() == pytest.approx([10.0, 90.0, 90.0])
    assert found.sites["gap_mw"].tolist() == pytest.approx([90.0, 45.0, 45.0], abs=1e-4)
    assert found.double_count == pytest.approx(1.9)


def test_the_worst_served_can_come_first_whatever_it_costs():
    """A third of what a draws goes over s-m, two thirds of what m draws: 30 MW there serve 90 at a, or 45 at m."""
    lines = {name: {"x_pu_100": 0.1, "s_nom": INF} for name in ("sa", "sm", "ma")} | {
        "sm": {"x_pu_100": 0.1, "s_nom": 30.0}
    }
    network = drawn("sma", lines, {"s1": {"p_set": 0.0, "p_nom": 300.0}})
    total = joint(network, asked(a=90.0, m=45.0), contingencies=[])
    fair = joint(network, asked(a=90.0, m=45.0), objective="max_min", contingencies=[])
    assert total.sites["joint_mw"].tolist() == pytest.approx([90.0, 0.0], abs=1e-4)
    assert fair.sites["joint_mw"].tolist() == pytest.approx([45.0, 22.5], abs=1e-4)


def test_nothing_gets_more_than_alone_though_another_load_would_make_room():
    """A third of either's load goes over m-n, against the other's: together they would get 10 MW and more each."""
    lines = {name: {"x_pu_100": 0.1, "s_nom": 10.0 if name == "mn" else INF} for name in ("sm", "sn", "mn")}
    network = drawn("smn", lines, {"s1": {"p_set": 0.0, "p_nom": 300.0}})
    found = joint(network, asked(m=100.0, n=100.0), contingencies=[])
    assert found.sites["alone_mw"].tolist() == pytest.approx([30.0, 30.0])
    assert found.total_mw == pytest.approx(60.0)
    assert found.double_count == 1.0
    # Each gets 3 MW more for a MW more of the line: alone, and so together.
    assert found.reinforcements.loc["mn", "mw_per_mw"] == pytest.approx(6.0)


def test_of_two_circuits_one_alone_brings_nothing_and_both_bring_what_one_carries():
    """After the loss of either of two lines of 100 MW the other carries all: 100 MW at b, 101 with both at 101."""
    lines = {"ab": {"x_pu_100": 0.1, "s_nom": 100.0}, "ab'": {"x_pu_100": 0.1, "s_nom": 100.0}}
    found = joint(grid(at(*"ab"), lines, {"a1": {"p_set": 0.0}}), pd.Series({"b": 500.0}))
    assert found.total_mw == pytest.approx(100.0)
    assert found.reinforcements["mw_per_mw"].tolist() == [0.0] * len(found.reinforcements)
    assert found.reinforcements["corridor_mw_per_mw"].iloc[0] == pytest.approx(1.0)


# Against an explicit programme of every state


def assert_as_oracle(seed):
    """Compare what three buses of a random grid get, in all and each, with and without outages."""
    network, rng = random_grid(seed), np.random.default_rng(seed)
    plain = plain_of(network)
    buses = rng.choice(plain.buses, min(3, len(plain.buses)), replace=False).tolist()
    requests = pd.Series(rng.uniform(20.0, 150.0, len(buses)), buses)
    requests.iloc[0] = INF if seed % 4 == 0 else requests.iloc[0]
    for security, objective in (("n0", "max_total"), ("n1", "max_total"), ("n1", "max_min")):
        found = joint(network, requests, security=security, objective=objective)
        oracle = Oracle(plain, buses, security)
        alone = oracle.alone(requests.tolist())
        np.testing.assert_allclose(found.sites["alone_mw"], alone, atol=1e-4)
        assert found.base_shed_mw.sum() == pytest.approx(oracle.base_shed(), abs=1e-4)
        most = oracle.most(alone.tolist())
        if objective == "max_total":
            assert found.total_mw == pytest.approx(most, abs=1e-4)
        ask = np.where(np.isinf(requests), alone, requests)
        fair = oracle.fair(ask, alone, most if objective == "max_total" else 0.0)
        # Shares that follow from each other pass on what a solve may miss.
        np.testing.assert_allclose(found.sites["joint_mw"], fair, atol=1e-3)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.slow
def test_what_sites_get_is_what_every_state_at_once_allows(seed):
    assert_as_oracle(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8, 80))
def test_what_sites_of_many_grids_get_is_what_every_state_at_once_allows(seed):
    assert_as_oracle(seed)


# What ratings are worth


def assert_worth(seed):
    """Raise ratings in the grid itself and solve it anew."""
    network = random_grid(seed)
    weight = pd.Series(1.0, index=network.buses.index)
    requests = pd.Series([200.0, INF], index=network.buses.index[-2:])
    found = joint(network, requests, participation=weight)
    assert (found.reinforcements["mw_per_mw"] <= found.reinforcements["dual"] + 1e-4).all()
    for element, row in found.reinforcements.head(3).iterrows():
        more = _raised(network, element)
        again = joint(more, requests, participation=weight)
        assert max(again.total_mw - found.total_mw, 0.0) == pytest.approx(row["mw_per_mw"], abs=1e-3)


def _raised(network, element):
    """Return a grid in which a line, a link or an interface carries 1 MW more."""
    if element in network.lines.index:
        here = network.lines.index == element
        return with_lines(
            network, **{name: network.lines[name] + here for name in ("s_nom", "s_nom_emergency")}
        )
    name, columns = (
        ("links", ("p_nom", "p_nom_reverse"))
        if element in network.links.index
        else ("interfaces", ("limit_forward", "limit_reverse"))
    )
    rows = getattr(network, name)
    more = rows.assign(**{column: rows[column] + (rows.index == element) for column in columns})
    return Grid(**{**vars(network), name: more})


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_what_a_rating_is_worth_is_what_raising_it_brings(seed):
    assert_worth(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 66))
def test_what_ratings_of_many_grids_are_worth_is_what_raising_them_brings(seed):
    assert_worth(seed)


def test_a_rating_in_series_with_another_is_worth_nothing_alone():
    found = joint(star(sh=100.0, ha=100.0), asked(a=200.0), contingencies=[])
    assert found.reinforcements["mw_per_mw"].tolist() == [0.0] * len(found.reinforcements)
    assert found.reinforcements["dual"].sum() == pytest.approx(1.0)


def test_a_rating_is_worth_what_its_site_gets_more_alone():
    """Alone or together, a gets what its line carries: it would get a MW more for a MW more."""
    found = joint(star(ha=40.0), asked(a=INF, b=50.0), contingencies=[])
    assert found.reinforcements["mw_per_mw"].to_dict() == pytest.approx({"ha": 1.0})
    assert found.reinforcements.loc["ha", ["before", "after", "outages"]].tolist() == pytest.approx(
        [1.0, 0.0, ""]
    )


def test_a_rating_that_holds_two_sites_back_is_worth_what_both_get_more():
    """m and n both hang on s-x, each for itself: 30 of 60 MW asked, and nobody else's MW make room."""
    lines = {"sx": {"x_pu_100": 0.1, "s_nom": 30.0}, "xm": {"x_pu_100": 0.1, "s_nom": INF}}
    network = drawn(
        "sxmn", lines | {"xn": {"x_pu_100": 0.1, "s_nom": INF}}, {"s1": {"p_set": 0.0, "p_nom": 300.0}}
    )
    found = joint(network, asked(m=60.0, n=60.0), contingencies=[])
    assert found.sites["joint_mw"].tolist() == pytest.approx([15.0, 15.0], abs=1e-4)
    assert found.reinforcements["mw_per_mw"].to_dict() == pytest.approx({"sx": 1.0})


def test_after_an_outage_the_line_that_is_left_is_worth_a_mw():
    """Two lines of 60 and 100 MW: what the lesser carries once the other is lost."""
    lines = {"ab": {"x_pu_100": 0.1, "s_nom": 60.0}, "ab'": {"x_pu_100": 0.1, "s_nom": 100.0}}
    network = drawn("ab", lines, {"a1": {"p_set": 0.0, "p_nom": 300.0}})
    found = joint(network, asked(b=200.0))
    assert found.total_mw == pytest.approx(60.0)
    assert found.reinforcements.loc["ab", "mw_per_mw"] == pytest.approx(1.0)
    assert found.reinforcements.loc["ab", ["after", "outages"]].tolist() == pytest.approx([1.0, "ab'"])


def test_a_link_that_alone_feeds_a_piece_is_worth_what_it_brings():
    """Bus b gets 100 MW over a line and 30 over a link; without the line 0.9 of 30, and 0.9 more for a MW more."""
    lines = {"ab": {"x_pu_100": 0.1, "s_nom": 100.0}}
    plants = {"a1": {"p_set": 0.0, "p_nom": 300.0}, "c1": {"p_set": 0.0, "p_nom": 300.0}}
    links = {"cb": {"p_nom": 30.0, "p_nom_reverse": 0.0, "efficiency": 0.9, "p_set": 0.0}}
    found = joint(drawn("abc", lines, plants, links=links), asked(b=INF))
    assert found.total_mw == pytest.approx(27.0)
    assert found.reinforcements["mw_per_mw"].to_dict() == pytest.approx({"cb": 0.9})


# Promises


@given(st.integers(0, 100_000))
def test_together_nobody_gets_more_than_alone_or_than_it_asks(seed):
    network = random_grid(seed)
    requests = pd.Series([30.0, 80.0, INF], index=network.buses.index[:3])
    found = joint(network, requests)
    assert (found.sites["joint_mw"] <= found.sites["alone_mw"] + 1e-6).all()
    assert (found.sites["alone_mw"] <= requests + 1e-6).all()
    assert found.double_count >= 1.0
    assert found.total_mw == pytest.approx(found.sites["joint_mw"].sum())
    fair = joint(network, requests, objective="max_min")
    assert fair.total_mw <= found.total_mw + 1e-3
    share = [(one.sites["joint_mw"] / requests).iloc[:2].min() for one in (fair, found)]
    assert share[0] >= share[1] - 1e-4 or np.isinf(requests).any()


@given(st.integers(0, 100_000))
def test_the_order_of_requests_changes_nothing(seed):
    network = random_grid(seed)
    requests = pd.Series([30.0, 80.0, 500.0], index=network.buses.index[:3])
    found, other = joint(network, requests), joint(network, requests.iloc[::-1])
    assert other.sites.index.tolist() == requests.index[::-1].tolist()
    columns = ["alone_mw", "joint_mw"]
    pd.testing.assert_frame_equal(
        found.sites[columns], other.sites.loc[requests.index, columns], check_exact=False, atol=1e-3
    )


def test_rungs_and_joint_at_once_are_those_of_each():
    network = random_grid(1)
    requests = pd.Series([30.0, 500.0], index=network.buses.index[:2])
    rungs, together = ladders_and_joint(network, requests)
    expected = ladders(network, requests.index)
    pd.testing.assert_frame_equal(rungs.filter(like="_mw"), expected.filter(like="_mw"), atol=1e-5)
    assert together.total_mw == pytest.approx(joint(network, requests).total_mw, abs=1e-4)


# Edges and bad input


def test_requests_at_one_bus_are_added_and_none_may_ask():
    requests = pd.Series([30.0, 10.0, 20.0], index=["a", "b", "a"])
    found = joint(star(ha=40.0), requests, contingencies=[])
    assert found.sites["request_mw"].to_dict() == {"a": 50.0, "b": 10.0}
    assert found.sites["joint_mw"].tolist() == pytest.approx([40.0, 10.0])
    nobody = joint(star(), asked(), contingencies=[])
    assert (nobody.total_mw, nobody.double_count, len(nobody.sites)) == (0.0, 1.0, 0)


def test_who_asks_for_nothing_gets_nothing_and_all_is_said_to_be_there():
    found = joint(star(), asked(a=0.0, b=50.0), contingencies=[])
    assert found.sites["joint_mw"].tolist() == [0.0, 50.0]
    assert found.sites["gap_mw"].tolist() == [0.0, 0.0]
    assert found.double_count == 1.0
    assert found.reinforcements.empty


def test_where_nothing_can_be_had_nothing_is_counted_twice():
    """A bus that nothing reaches gets nothing alone either: nothing is counted at all."""
    network = drawn("abz", {"ab": {"x_pu_100": 0.1}}, {"a1": {"p_set": 0.0, "p_nom": 50.0}})
    found = joint(network, asked(z=INF, b=20.0))
    assert found.sites["joint_mw"].tolist() == pytest.approx([0.0, 0.0], abs=1e-6)
    assert found.double_count == 1.0


def test_demand_that_is_there_is_served_first():
    """30 MW reach b, which draws 40; c gets what is left of the source, 300 less 30, of which its line carries 100."""
    lines = {"ab": {"x_pu_100": 0.1, "s_nom": 30.0}, "ac": {"x_pu_100": 0.1, "s_nom": 100.0}}
    network = drawn("abc", lines, {"a1": {"p_set": 40.0, "p_nom": 300.0}}, {"b1": {"p_set": 40.0}})
    found = joint(network, asked(b=50.0, c=500.0), contingencies=[])
    assert found.base_shed_mw.to_dict() == pytest.approx({"b": 10.0})
    assert found.sites["joint_mw"].tolist() == pytest.approx([0.0, 100.0], abs=1e-4)
    assert (found.sites["flags"] == "base_infeasible").all()


def test_what_new_load_would_cure_is_told_as_it_was_before():
    """100 MW must run at a, and 60 can leave: 40 are spilt, and as many not served, until a site at a takes them."""
    plants = {"a1": {"p_set": 100.0, "p_min": 100.0, "p_nom": 100.0}}
    network = drawn("ab", {"ab": {"x_pu_100": 0.1, "s_nom": 60.0}}, plants, {"b1": {"p_set": 100.0}})
    found = joint(network, asked(a=70.0), contingencies=[])
    assert found.base_shed_mw.to_dict() == pytest.approx({"b": 40.0})
    assert found.sites["joint_mw"].tolist() == pytest.approx([40.0], abs=1e-4)
    assert found.sites["flags"].tolist() == ["base_infeasible"]


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        (pd.Series({"z": 1.0}), "'z'"),
        (pd.Series({"a": np.nan, "b": -1.0}), r"'a', 'b'"),
        (pd.Series([1.0, 2.0], index=["a", None]), "is not in the grid"),
    ],
)
def test_requests_that_are_none_are_told(requests, said):
    with pytest.raises(NetworkError, match=said):
        joint(star(), requests)


@pytest.mark.parametrize(
    "word", ["objective", "security", "islanding", "preexisting", "contingencies", "balance"]
)
def test_words_that_are_none_are_told(word):
    with pytest.raises(ValueError, match="luck"):
        joint(star(), asked(a=1.0), **{word: "luck"})


# Size


@pytest.mark.slow
def test_many_sites_of_a_large_grid_are_served_together():
    network = of("case118")
    network = Grid(**{**vars(network), "generators": network.generators.assign(p_min=0.0)})
    flow = dc_flow(network).abs().to_numpy()
    network = with_lines(network, s_nom=flow * 1.2 + 30.0, s_nom_emergency=flow * 1.5 + 50.0)
    requests = pd.Series(60.0, index=network.buses.index[::6])
    found = joint(network, requests, preexisting="ignore")
    assert 0.0 < found.total_mw <= requests.sum()
    assert found.double_count >= 1.0
    assert len(found.reinforcements) > 0


def test_requests_may_be_a_mapping():
    network = grid(at(*"ab"), {"ab": {"x_pu_100": 0.1, "s_nom": 100.0}}, {"a1": {"p_set": 0.0}})
    given = joint(network, {"b": 30.0}, security="n0")
    assert given.sites["joint_mw"].to_dict() == pytest.approx({"b": 30.0})
