"""DC flows and factors, against PYPOWER, printed values, hand-worked networks and the outage itself."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypower.makePTDF import makePTDF
from shapely import Point

from conftest import table
from pypower_grids import CASES, case, dc_flow_of, grid_of
from three_mismatches.errors import NetworkError
from three_mismatches.inputs.matpower import read_matpower
from three_mismatches.layers import Grid
from three_mismatches.layers.schemas import LAYERS, empty
from three_mismatches.power import dc_flow, lodf, ptdf

GOLDEN = json.loads((Path(__file__).parent / "data" / "power_golden.json").read_text(encoding="utf-8"))
"""Flows, factors and bridges of nine test cases, computed once by code of another hand and by PYPOWER."""

KNOWN = [name for name in GOLDEN if name.startswith("case")]


def grid(buses, lines, generators=(), loads=(), links=()):
    """Return a grid from rows by id; every bus stands somewhere, so that a study may hold it."""
    frames = {
        "buses": {
            name: {"geometry": Point(number / 10.0, 0.0)} | row
            for number, (name, row) in enumerate(dict(buses).items())
        },
        "lines": {name: {"bus0": name[0], "bus1": name[1]} | row for name, row in dict(lines).items()},
        "generators": {name: {"bus": name[0], "p_nom": 1e3} | row for name, row in dict(generators).items()},
        "loads": {name: {"bus": name[0]} | row for name, row in dict(loads).items()},
        "links": {name: {"bus0": name[0], "bus1": name[1]} | row for name, row in dict(links).items()},
    }  # fmt: skip
    tables = {name: table(name, rows) for name, rows in frames.items()}
    return Grid(
        **{field: tables.get(field, empty(field)) for field in Grid.__dataclass_fields__ if field in LAYERS}
    )


def at(*names):
    return {name: {} for name in names}


TRIANGLE = {name: {"x_pu_100": 0.1} for name in ("ab", "bc", "ac")}
"""Three equal lines: of what goes from a to c two thirds go directly."""


@cache
def of(name):
    return grid_of(case(name))


NO_BRIDGE = {("case300", 178)}
"""
Counted among the known bridges, and none: a series capacitor, round which another way leads (networkx finds two ways
between its ends). Its own factor is 2.27: what is beyond 1 was taken for what is 1.
"""


# Flows


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", CASES)
def test_flows_are_those_of_pypower(name):
    np.testing.assert_allclose(dc_flow(of(name)), dc_flow_of(case(name)), atol=1e-9)


@pytest.mark.parametrize("name", KNOWN)
def test_flows_are_the_known_ones(name):
    working = of(name).lines["in_service"].to_numpy()
    np.testing.assert_allclose(dc_flow(of(name))[working], GOLDEN[name]["dc_flow_mw"], atol=1e-6)


LARGE = ("case1354pegase", "case2869pegase", "case9241pegase", "case_ACTIVSg2000")
FOLDER = os.environ.get("TM_MATPOWER", "")


@pytest.mark.skipif(not FOLDER, reason="TM_MATPOWER names no folder of MATPOWER's cases")
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", LARGE)
def test_flows_of_large_cases_are_those_of_pypower(name):
    path = Path(FOLDER) / f"{name}.m"
    found = dc_flow(read_matpower(path))
    np.testing.assert_allclose(found, dc_flow_of(matrices(path.read_text(encoding="utf-8"))), atol=1e-6)


def matrices(text):
    """Return the matrices of a plain case as PYPOWER has them, read with as little care as that takes."""
    found = {"version": "2", "baseMVA": float(re.search(r"mpc\.baseMVA\s*=\s*([\d.]+)", text)[1])}
    for name, width in (("bus", 13), ("gen", 21), ("branch", 13)):
        body = re.sub(r"%.*", "", re.search(rf"mpc\.{name}\s*=\s*\[(.*?)\];", text, re.DOTALL)[1])
        rows = np.array([[float(one) for one in row.split()] for row in body.split(";") if row.strip()])
        found[name] = np.hstack([rows, np.zeros((len(rows), max(0, width - rows.shape[1])))])
    return found


def test_flows_of_a_triangle():
    """90 MW from a to c: 60 directly, 30 around. In the order of the table, and its sign by bus0."""
    lines = {"ca": {"x_pu_100": 0.1}, "ab": {"x_pu_100": 0.1}, "bc": {"x_pu_100": 0.1}}
    found = dc_flow(grid(at(*"abc"), lines, {"a1": {"p_set": 90.0}}, {"c1": {"p_set": 90.0}}))
    assert found.index.tolist() == ["ca", "ab", "bc"]
    assert found.tolist() == pytest.approx([-60.0, 30.0, 30.0])
    assert found.name == "p0"


def test_reactance_in_ohms_is_that_on_100_mva_and_a_tap_divides_it():
    """25 ohm at 500 kV are 0.01 per unit, and 0.02 with a tap of 2: a third of 90 MW against two thirds beside."""
    lines = {"ab": {"x": 25.0, "v_nom": 500.0, "tap_ratio": 2.0}, "ab'": {"x_pu_100": 0.01}}
    found = dc_flow(grid(at(*"ab"), lines, {"a1": {"p_set": 90.0}}, {"b1": {"p_set": 90.0}}))
    assert found.tolist() == pytest.approx([30.0, 60.0])


def test_a_phase_shifter_drives_power_round():
    """Two lines of 0.1 p.u. side by side, one with 1 degree: 1000 MW/rad / 2 circle against it."""
    lines = {"ab": {"x_pu_100": 0.1, "phase_shift": 1.0}, "ab'": {"x_pu_100": 0.1}}
    turn = 500.0 * np.radians(1.0)
    assert dc_flow(grid(at(*"ab"), lines)).tolist() == pytest.approx([-turn, turn])


def test_negative_reactance_is_a_series_capacitor():
    lines = {"ab": {"x_pu_100": -0.05}, "ab'": {"x_pu_100": 0.1}}
    found = dc_flow(grid(at(*"ab"), lines, {"a1": {"p_set": 10.0}}, {"b1": {"p_set": 10.0}}))
    assert found.tolist() == pytest.approx([20.0, -10.0])


def test_reactances_that_cancel_are_told():
    lines = {"ab": {"x_pu_100": -0.1}, "ab'": {"x_pu_100": 0.1}}
    with pytest.raises(NetworkError, match="cancel"):
        dc_flow(grid(at(*"ab"), lines, {"a1": {"p_set": 10.0}}, {"b1": {"p_set": 10.0}}))


def test_parts_that_do_not_hang_together_are_solved_each_for_itself():
    lines = {"ab": {"x_pu_100": 0.1}, "cd": {"x_pu_100": 0.3}, "bc": {"x_pu_100": 0.1, "in_service": False}}
    sources = {"a1": {"p_set": 5.0}, "d1": {"p_set": 7.0}}
    found = dc_flow(grid(at(*"abcde"), lines, sources, {"b1": {"p_set": 5.0}, "c1": {"p_set": 7.0}}))
    assert found.tolist() == pytest.approx([5.0, -7.0, 0.0])


def test_links_bring_what_they_are_set_to_less_their_losses():
    """40 MW leave b over the link, 36 reach c. Turned round, c sends 40 and b gets 36."""
    for sent, leaves, arrives in ((40.0, 40.0, 36.0), (-40.0, -36.0, -40.0)):
        link = {"bc": {"p_nom": 100.0, "efficiency": 0.9, "p_set": sent}}
        sources = {"a1": {"p_set": leaves}, "d1": {"p_set": -arrives}}
        found = dc_flow(
            grid(at(*"abcd"), {"ab": {"x_pu_100": 0.1}, "cd": {"x_pu_100": 0.1}}, sources, links=link)
        )
        assert found.tolist() == pytest.approx([leaves, arrives])


# Balance


def test_what_is_lacking_comes_from_the_slack_or_from_room_or_from_those_named():
    """10 MW lack at c. The slack is a; room for 30 is at b and for 10 at c."""
    sources = {"b1": {"p_set": 0.0, "p_nom": 30.0}, "c1": {"p_set": 0.0, "p_nom": 10.0}}
    network = grid({"a": {"slack": True}, "b": {}, "c": {}}, TRIANGLE, sources, {"c2": {"p_set": 10.0}})
    assert dc_flow(network).attrs["balance"].tolist() == pytest.approx([10.0, 0.0, 0.0])
    assert dc_flow(network, balance="slack").attrs["balance"].tolist() == pytest.approx([10.0, 0.0, 0.0])
    assert dc_flow(network, balance="participation").attrs["balance"].tolist() == pytest.approx(
        [0.0, 7.5, 2.5]
    )
    given = dc_flow(network, participation=pd.Series({"a": 1.0, "b": 4.0})).attrs["balance"]
    assert given.tolist() == pytest.approx([2.0, 8.0, 0.0])


def test_what_is_too_much_is_taken_back_as_far_as_units_can_go_down():
    sources = {"a1": {"p_set": 50.0, "p_min": 20.0}, "b1": {"p_set": 10.0, "p_min": 0.0}}
    found = dc_flow(grid(at(*"abc"), TRIANGLE, sources, {"c1": {"p_set": 40.0}}))
    assert found.attrs["balance"].tolist() == pytest.approx([-15.0, -5.0, 0.0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": {"ab": {}}}, "x_pu_100"),
        ({"lines": {"ab": {"x_pu_100": 0.0}}}, "'ab'"),
        ({"lines": {"ab": {"x_pu_100": np.inf}}}, "x_pu_100"),
        ({"lines": {"az": {"x_pu_100": 0.1}}}, "is no bus"),
        ({"generators": {"a1": {}}}, "p_set"),
        ({"loads": {"b1": {"p_set": 5.0}}}, "lacks 5 MW"),
        ({"loads": {"b1": {"p_set": np.inf}}}, "finite"),
        ({"buses": {}}, "has no rows"),
    ],
)
def test_what_cannot_be_solved_is_told(change, said):
    parts = {"buses": at(*"ab"), "lines": {"ab": {"x_pu_100": 0.1}}} | change
    with pytest.raises(NetworkError, match=said):
        dc_flow(grid(**parts))


def test_injections_at_unknown_buses_are_told_and_a_word_that_is_none():
    network = grid(at(*"ab"), {"ab": {"x_pu_100": 0.1}})
    with pytest.raises(NetworkError, match="'z'"):
        dc_flow(network, injections=pd.Series({"z": 1.0, "a": -1.0}))
    with pytest.raises(NetworkError, match="finite"):
        dc_flow(network, injections=pd.Series([1.0, np.nan, -1.0], index=["a", "a", "b"]))
    with pytest.raises(ValueError, match="balance"):
        dc_flow(network, balance="luck")
    assert dc_flow(network, injections=pd.Series({"a": 1.0, "b": -1.0})).tolist() == pytest.approx([1.0])


# Factors


@pytest.mark.parametrize("name", CASES)
def test_transfer_factors_are_those_of_pypower(name):
    ppc = case(name)
    if (ppc["branch"][:, 10] == 0).any():
        pytest.skip("PYPOWER numbers the branches in service only")
    inner = ppc["bus"].copy(), ppc["branch"].copy()
    number = {bus: at for at, bus in enumerate(inner[0][:, 0])}
    inner[0][:, 0] = range(len(number))
    for end in (0, 1):
        inner[1][:, end] = [number[bus] for bus in inner[1][:, end]]
    slack = int(np.flatnonzero(ppc["bus"][:, 1] == 3)[0])
    np.testing.assert_allclose(ptdf(of(name)), makePTDF(ppc["baseMVA"], *inner, slack), atol=1e-9)


@pytest.mark.parametrize("name", KNOWN)
def test_factors_and_bridges_are_the_known_ones(name):
    known = GOLDEN[name]
    found = ptdf(of(name)).to_numpy()
    assert (found**2).sum() == pytest.approx(known["ptdf_sumsq"], rel=1e-9)
    outages = lodf(of(name))
    bridges = [number for number in known["bridges"] if (name, number) not in NO_BRIDGE]
    assert outages.attrs["bridges"] == tuple(str(number + 1) for number in bridges)
    if "ptdf" in known:
        np.testing.assert_allclose(found, known["ptdf"], atol=1e-9)
        # What the known factors say of a bridge is the quotient of two roundings.
        others = np.setdiff1d(np.arange(known["n_branch"]), bridges)
        expected = np.array(known["lodf"], dtype=float)[:, others]
        np.testing.assert_allclose(outages.to_numpy()[:, others], expected, atol=1e-9)


def test_factors_of_some_lines_and_buses_are_those_of_all():
    whole, outages = ptdf(of("case118")), lodf(of("case118"))
    lines, buses = ["7", "3", "180"], ["10", "69", "116", "1"]
    some = ptdf(of("case118"), lines, buses)
    assert (some.index.tolist(), some.columns.tolist()) == (lines, buses)
    np.testing.assert_allclose(some, whole.loc[lines, buses], atol=1e-12)
    np.testing.assert_allclose(ptdf(of("case118"), buses=["10"]), whole[["10"]], atol=1e-12)
    np.testing.assert_allclose(
        lodf(of("case118"), lines, ["5", "7"]), outages.loc[lines, ["5", "7"]], atol=1e-12
    )
    with pytest.raises(KeyError, match="'nowhere'"):
        ptdf(of("case118"), ["nowhere"])


def test_lines_named_twice_get_two_rows_and_columns():
    whole = lodf(of("case14"))
    lines, outages = ["7", "3", "7"], ["3", "5", "7", "3", "14"]
    np.testing.assert_allclose(lodf(of("case14"), lines, outages), whole.loc[lines, outages], atol=1e-12)
    buses = ["2", "5", "2"]
    np.testing.assert_allclose(
        ptdf(of("case14"), lines, buses), ptdf(of("case14")).loc[lines, buses], atol=1e-12
    )


def test_factors_with_participation_are_those_of_the_slack_less_their_mean():
    weight = pd.Series(np.arange(1.0, 15.0), index=of("case14").buses.index)
    whole = ptdf(of("case14"))
    found = ptdf(of("case14"), participation=weight)
    expected = whole.sub(whole @ (weight / weight.sum()), axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # What enters everywhere by participation leaves there too.
    np.testing.assert_allclose(found @ weight, 0.0, atol=1e-9)


def test_factors_between_parts_are_zero_and_each_part_needs_participation():
    lines = {"ab": {"x_pu_100": 0.1}, "cd": {"x_pu_100": 0.1}}
    network = grid(at(*"abcd"), lines)
    assert ptdf(network).to_numpy().tolist() == [[0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, -1.0]]
    with pytest.raises(NetworkError, match="'c'"):
        ptdf(network, participation=pd.Series({"a": 1.0}))
    shares = pd.Series({"a": 1.0, "c": 1.0, "d": 3.0})
    found = ptdf(network, participation=shares)
    assert found.loc["ab"].tolist() == pytest.approx([0.0, -1.0, 0.0, 0.0])
    assert found.loc["cd"].tolist() == pytest.approx([0.0, 0.0, 0.75, -0.25])


def assert_outages_are_solved_again(network, base, pairs):
    """Compare what the factors say with the flow of a grid without the line, at the same injections."""
    flow, factors = dc_flow(network, injections=base), lodf(network)
    for name in pairs:
        without = network.lines["in_service"] & (network.lines.index != name)
        rest = Grid(**{**vars(network), "lines": network.lines.assign(in_service=without)})
        expected = dc_flow(rest, injections=base)
        np.testing.assert_allclose(flow + factors[name] * flow[name], expected, atol=1e-8)


@pytest.mark.parametrize("name", ["case14", "case24_ieee_rts", "case30", "case57", "case118"])
@pytest.mark.slow
def test_outage_factors_are_what_solving_without_the_line_gives(name):
    network = of(name)
    shifters = network.lines["phase_shift"] != 0.0
    assert not shifters.any()
    whole = dc_flow(network)
    base = -pd.Series(0.0, index=network.buses.index)
    for line, sent in whole.items():
        base[network.lines.at[line, "bus0"]] += sent
        base[network.lines.at[line, "bus1"]] -= sent
    bridges = lodf(network).attrs["bridges"]
    assert_outages_are_solved_again(network, base, [line for line in whole.index if line not in bridges])


def test_the_loss_of_a_bridge_is_unknown_on_its_own_part_only():
    lines = {**{name: {"x_pu_100": 0.1} for name in ("ab", "bc", "ac", "cd")}, "ef": {"x_pu_100": 0.1}}
    found = lodf(
        grid(at(*"abcdef"), {**lines, "ef'": {"x_pu_100": 0.2}, "bd": {"x_pu_100": 0.1, "in_service": False}})
    )
    assert found.attrs["bridges"] == ("cd",)
    assert found["cd"].isna().tolist() == [True, True, True, False, False, False, False]
    assert found.loc["cd", "cd"] == -1.0
    assert found["ab"].tolist() == pytest.approx([-1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    assert found["ef"].tolist() == pytest.approx([0.0, 0.0, 0.0, 0.0, -1.0, 1.0, 0.0])
    assert (found["bd"] == 0.0).all()


# Properties


@st.composite
def networks(draw):
    """Return a meshed grid of up to 12 buses with parallel lines, islands and outages, and balanced injections."""
    count = draw(st.integers(2, 12))
    names = [chr(ord("a") + at) for at in range(count)]
    pairs = draw(
        st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), min_size=1, max_size=25)
    )
    x = st.floats(0.01, 1.0)
    lines = {
        f"{names[a]}{names[b]}{at}": {"x_pu_100": draw(x), "in_service": draw(st.integers(0, 9)) > 0}
        for at, (a, b) in enumerate(pairs)
        if a != b
    }
    return names, lines, [draw(st.floats(-100.0, 100.0)) for _ in names]


def build(drawn, order=None):
    names, lines, _ = drawn
    rows = list(lines.items())
    return grid(at(*names), dict(rows if order is None else [rows[at] for at in order]))


def balanced(network, values):
    graph = nx.MultiGraph()
    graph.add_nodes_from(network.buses.index)
    working = network.lines[network.lines["in_service"]]
    graph.add_edges_from(zip(working["bus0"], working["bus1"], working.index, strict=True))
    injected = pd.Series(values, index=network.buses.index)
    for part in nx.connected_components(graph):
        injected[list(part)] -= injected[list(part)].mean()
    return graph, injected


@given(networks())
def test_flows_balance_at_every_bus_and_factors_give_them_too(drawn):
    network = build(drawn)
    _, injected = balanced(network, drawn[2])
    flow = dc_flow(network, injections=injected)
    for bus in network.buses.index:
        out = flow[network.lines["bus0"] == bus].sum() - flow[network.lines["bus1"] == bus].sum()
        assert out == pytest.approx(injected[bus], abs=1e-6)
    np.testing.assert_allclose(ptdf(network) @ injected, flow, atol=1e-6)
    assert (flow[~network.lines["in_service"]] == 0.0).all()


@given(networks(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_scale_of_reactance_change_no_flow(drawn, random):
    network = build(drawn)
    _, injected = balanced(network, drawn[2])
    flow = dc_flow(network, injections=injected)
    mixed = build(drawn, random.sample(range(len(drawn[1])), len(drawn[1])))
    scaled = Grid(**{**vars(mixed), "lines": mixed.lines.assign(x_pu_100=mixed.lines["x_pu_100"] * 7.0)})
    pd.testing.assert_series_equal(dc_flow(scaled, injections=injected).loc[flow.index], flow, atol=1e-6)


@given(networks())
def test_bridges_are_those_of_networkx_and_other_outages_are_solved_again(drawn):
    network = build(drawn)
    graph, injected = balanced(network, drawn[2])
    simple = nx.Graph(graph)
    once = [(a, b) for a, b in nx.bridges(simple) if graph.number_of_edges(a, b) == 1]
    expected = {next(iter(graph.get_edge_data(a, b))) for a, b in once}
    bridges = set(lodf(network).attrs["bridges"])
    assert bridges == expected
    working = network.lines.index[network.lines["in_service"]]
    assert_outages_are_solved_again(network, injected, [line for line in working if line not in bridges])
