"""Pairs of disjoint paths: published examples, an independent flow of least cost, and brute force."""

from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from shapely.geometry import LineString

from fibres import BARE, MS_PER_KM, fibre_of, in_one_place, points_of, random_fibre
from three_mismatches import latency
from three_mismatches.network import fibre_graph

seeds = st.integers(0, 2**32 - 1)
KM = 1.0 / MS_PER_KM


def suurballe():
    """Return the example of Wikipedia's article on Suurballe's algorithm: A to F, 3 alone, 5 and 5 as a pair."""
    edges = ("AB", 1), ("AC", 2), ("BD", 1), ("BE", 2), ("CD", 2), ("DF", 1), ("EF", 2)
    return in_one_place({name: (*name, float(km)) for name, km in edges})


def trap():
    """Return the trap: the quickest path s-a-b-t of 3 leaves no second one, yet a pair of 5 and 5 is there."""
    edges = ("sa", 1), ("ab", 1), ("bt", 1), ("sb", 4), ("at", 4)
    return in_one_place({name: (*name, float(km)) for name, km in edges})


def test_suurballes_published_example():
    row = latency.disjoint_pairs(suurballe(), ["A"], ["F"], **BARE).loc[("A", "F")]
    assert [row[name] * KM for name in ("rtt_ms", "first_ms", "second_ms", "total_ms")] == pytest.approx(
        [3, 5, 5, 10]
    )
    assert {row["first_routes"], row["second_routes"]} == {("AB", "BE", "EF"), ("AC", "CD", "DF")}
    n1 = latency.n1_rtt(suurballe(), ["A"], ["F"], of="route", **BARE).iloc[0]
    assert n1["n1_rtt_ms"] * KM == pytest.approx(5)


def test_the_trap_is_not_fallen_into():
    row = latency.disjoint_pairs(trap(), ["s"], ["t"], **BARE).iloc[0]
    assert [row[name] * KM for name in ("rtt_ms", "first_ms", "second_ms", "total_ms")] == pytest.approx(
        [3, 5, 5, 10]
    )
    assert {row["first_routes"], row["second_routes"]} == {("sa", "at"), ("sb", "bt")}


def test_paths_that_share_a_node_share_no_route():
    """Two triangles that meet in m: routes can be kept apart, nodes cannot."""
    edges = {"sm": 1.0, "sx": 1.0, "xm": 1.0, "mt": 1.0, "my": 1.0, "yt": 1.0}
    fibre = in_one_place({name: (*name, km) for name, km in edges.items()})
    assert latency.disjoint_pairs(fibre, ["s"], ["t"], **BARE).iloc[0]["total_ms"] * KM == pytest.approx(6)
    row = latency.disjoint_pairs(fibre, ["s"], ["t"], by="node").iloc[0]
    assert [row["second_ms"], row["reason"]] == [np.inf, "every path takes node 'm'"]


def test_a_bridge_is_named():
    fibre = in_one_place({"ab": ("a", "b", 1.0), "bc": ("b", "c", 1.0), "bc2": ("b", "c", 3.0)})
    row = latency.disjoint_pairs(fibre, ["a"], ["c"]).iloc[0]
    assert row["reason"] == "every path takes route 'ab'"
    assert row[["first_ms", "second_ms"]].tolist() == [np.inf, np.inf]
    apart = latency.disjoint_pairs(
        in_one_place({"ab": ("a", "b", 1.0), "cd": ("c", "d", 1.0)}), ["a"], ["d"]
    ).iloc[0]
    assert apart["reason"].startswith("no fibre joins")


def test_parallel_routes_are_two_paths_unless_they_share_a_risk():
    routes = {"x": ("a", "b", 1.0), "y": ("a", "b", 2.0), "z": ("a", "b", 7.0)}
    plain = latency.disjoint_pairs(in_one_place(routes), ["a"], ["b"], by="node", **BARE).iloc[0]
    assert plain["second_ms"] * KM == pytest.approx(2)
    one_conduit = in_one_place(routes, srlg={"x": "conduit", "y": "conduit"})
    row = latency.disjoint_pairs(one_conduit, ["a"], ["b"], by="group", **BARE).iloc[0]
    assert [row["first_routes"], row["second_routes"]] == [("x",), ("z",)]
    every = in_one_place(routes, srlg=dict.fromkeys(routes, "strait"))
    assert (
        latency.disjoint_pairs(every, ["a"], ["b"], by="group").iloc[0]["reason"]
        == "every path takes group 'strait'"
    )


def test_risks_can_forbid_every_pair_without_any_cutting_both():
    """x and y share one risk, y and z another, z and x a third."""
    routes = {"x": ("a", "b", 1.0), "y": ("a", "b", 2.0), "z": ("a", "b", 7.0)}
    fibre = in_one_place(routes, srlg={"x": "p;r", "y": "p;q", "z": "q;r"})
    row = latency.disjoint_pairs(fibre, ["a"], ["b"], by="group").iloc[0]
    assert row["reason"].startswith("no two paths keep clear")


def test_a_point_within_a_route_leaves_it_both_ways():
    nodes = {"a": (0, 0), "b": (0.2, 0)}
    routes = {"ab": ("a", "b", 100.0, "surveyed"), "ba": ("a", "b", 40.0, "schematic")}
    fibre = fibre_of(nodes, routes, lines={"ab": LineString([(0, 0), (0.2, 0)])})
    row = latency.disjoint_pairs(fibre, points_of({"s": (0.05, 0)}), ["b"], **BARE).iloc[0]
    assert [row["first_ms"] * KM, row["second_ms"] * KM] == pytest.approx([65, 75], rel=1e-6)
    both = points_of({"s": (0.05, 0), "t": (0.15, 0)})
    row = latency.disjoint_pairs(fibre, both.loc[["s"]], both.loc[["t"]], **BARE).iloc[0]
    assert [row["first_ms"] * KM, row["second_ms"] * KM] == pytest.approx([50, 90], rel=1e-6)
    assert (row["first_routes"], row["second_routes"]) == (("ab",), ("ab", "ba", "ab"))


def test_points_at_one_node_need_no_route():
    row = latency.disjoint_pairs(trap(), ["a"], ["a"], equipment=0.5).iloc[0]
    assert (row["first_ms"], row["second_ms"], row["first_routes"]) == (0.5, 0.5, ())
    assert "one place" in row["reason"]


def flow_of_two(fibre, source, target, *, split):
    """Return the least cost of two units of flow by a linear programme over arcs, inf if there are none. [ms]"""
    graph = fibre_graph(fibre)
    nodes, ends = len(graph.nodes), graph.nodes.get_indexer([source, target])
    ms = graph.edge_km * MS_PER_KM
    tail = np.concatenate([graph.node0, graph.node1])
    head = np.concatenate([graph.node1, graph.node0])
    cost = np.tile(ms, 2)
    if split:
        inner = np.arange(nodes)
        tail, head = np.concatenate([2 * tail + 1, 2 * inner]), np.concatenate([2 * head, 2 * inner + 1])
        cost = np.concatenate([cost, np.zeros(nodes)])
        nodes, ends = 2 * nodes, np.array([2 * ends[0] + 1, 2 * ends[1]])
    balance = np.zeros((nodes, tail.size))
    np.add.at(balance, (tail, np.arange(tail.size)), 1.0)
    np.add.at(balance, (head, np.arange(tail.size)), -1.0)
    supply = np.zeros(nodes)
    supply[ends] = 2.0, -2.0
    found = linprog(cost, A_eq=balance, b_eq=supply, bounds=(0.0, 1.0))
    return found.fun if found.status == 0 else np.inf


@given(seeds, st.booleans(), st.sampled_from(["route", "node"]))
def test_pairs_cost_what_an_independent_flow_costs(seed, whole, by):
    fibre = random_fibre(seed, whole=whole)
    names = list(fibre.fibre_nodes.index)
    found = latency.disjoint_pairs(fibre, names[:2], names[2:5], by=by, cable_slack=1.0, **BARE)
    for (source, target), row in found.iterrows():
        expected = flow_of_two(fibre, source, target, split=by == "node")
        assert row["total_ms"] == pytest.approx(expected, rel=1e-7, abs=1e-9)
        assert np.isfinite(expected) == (row["reason"] == "")


def walked(fibre, source, routes):
    """Return the nodes that a path passes and how long it takes, by the table alone. [-, ms]"""
    table, graph = fibre.fibre_routes, fibre_graph(fibre)
    km = dict(zip(graph.routes, graph.edge_km, strict=True))
    at, passed = source, [source]
    for route in routes:
        ends = [table.loc[route, "node0"], table.loc[route, "node1"]]
        assert at in ends
        ends.remove(at)
        at = ends[0]
        passed.append(at)
    return passed, sum(km[route] for route in routes) * MS_PER_KM


@given(seeds, st.sampled_from(["route", "node", "group", ("node", "group")]))
def test_each_pair_is_walkable_shares_nothing_and_takes_as_long_as_told(seed, by):
    fibre = random_fibre(seed, groups=4)
    names = list(fibre.fibre_nodes.index)
    found = latency.disjoint_pairs(fibre, names[:2], names[2:4], by=by, cable_slack=1.0, **BARE)
    groups = fibre.fibre_routes["srlg"].fillna("").str.split(";").map(lambda each: set(each) - {""})
    for (source, target), row in found[found["reason"] == ""].iterrows():
        walks = [walked(fibre, source, row[name]) for name in ("first_routes", "second_routes")]
        assert [nodes[-1] for nodes, _ in walks] == [target, target]
        assert [ms for _, ms in walks] == pytest.approx(
            [row["first_ms"], row["second_ms"]], rel=1e-9, abs=1e-12
        )
        assert not set(row["first_routes"]) & set(row["second_routes"])
        assert row["first_ms"] <= row["second_ms"]
        assert row["rtt_ms"] <= row["first_ms"] + 1e-12
        if "node" in by:
            assert not set(walks[0][0][1:-1]) & set(walks[1][0][1:-1])
        if "group" in by:
            met = [set().union(*groups[list(row[name])]) for name in ("first_routes", "second_routes")]
            assert not met[0] & met[1]


def best_by_brute_force(fibre, source, target, *, nodes_too):
    """Return the least sum over all pairs of simple paths that share nothing, inf if there are none. [ms]"""
    graph = nx.MultiGraph()
    graph.add_nodes_from(fibre.fibre_nodes.index)
    built = fibre_graph(fibre)
    km = dict(zip(built.routes, built.edge_km, strict=True))
    groups = fibre.fibre_routes["srlg"].fillna("").str.split(";").map(lambda each: set(each) - {""})
    for route in fibre.fibre_routes.itertuples():
        graph.add_edge(route.node0, route.node1, key=route.Index)
    paths = []
    for edges in nx.all_simple_edge_paths(graph, source, target):
        routes = {key for _, _, key in edges}
        inner = {end for edge in edges for end in edge[:2]} - {source, target}
        paths.append((sum(km[r] for r in routes), routes, set().union(*groups[list(routes)]), inner))
    sums = [
        a[0] + b[0]
        for a, b in combinations(paths, 2)
        if not a[1] & b[1] and not a[2] & b[2] and not (nodes_too and a[3] & b[3])
    ]
    return min(sums, default=np.inf) * MS_PER_KM


@given(seeds, st.booleans())
def test_risk_disjoint_pairs_equal_brute_force(seed, nodes_too):
    fibre = random_fibre(seed, nodes=6, extra=6, groups=5, whole=True)
    by = ("node", "group") if nodes_too else "group"
    names = list(fibre.fibre_nodes.index)
    found = latency.disjoint_pairs(fibre, names[:2], names[2:], by=by, **BARE)
    for source, target in product(names[:2], names[2:]):
        expected = best_by_brute_force(fibre, source, target, nodes_too=nodes_too)
        assert found.loc[(source, target), "total_ms"] == pytest.approx(expected, rel=1e-9)


@given(seeds)
def test_a_second_path_is_no_shorter_than_what_is_left_after_a_loss(seed):
    fibre = random_fibre(seed)
    names = list(fibre.fibre_nodes.index)
    pairs = latency.disjoint_pairs(fibre, names[:3], names[3:])
    n1 = latency.n1_rtt(fibre, names[:3], names[3:], of="route")
    assert (pairs["second_ms"] >= n1["n1_rtt_ms"] - 1e-9).all()
    assert (np.isinf(pairs["second_ms"]) == np.isinf(n1["n1_rtt_ms"])).all()


def test_rings_of_no_length_are_left_out_of_paths():
    """a-b-c is a ring of 0 km on the way from s to t, twice."""
    routes = {
        "sa": ("s", "a", 1.0), "ab": ("a", "b", 0.0), "bc": ("b", "c", 0.0), "ca": ("c", "a", 0.0),
        "at": ("a", "t", 1.0),
        "sd": ("s", "d", 1.0), "de": ("d", "e", 0.0), "ed": ("e", "d", 0.0), "dt": ("d", "t", 1.0),
        "st": ("s", "t", 1.5), "st2": ("s", "t", 9.0),
    }  # fmt: skip
    fibre = in_one_place(routes, srlg={"sa": "x", "sd": "x", "at": "y"})
    for by in ("route", "node", "group", ("node", "group")):
        row = latency.disjoint_pairs(fibre, ["s"], ["t"], by=by, **BARE).iloc[0]
        assert {*row["first_routes"], *row["second_routes"]} <= {"sa", "at", "sd", "dt", "st"}
        assert row["first_ms"] * KM == pytest.approx(1.5, abs=1e-2)


def test_a_point_within_a_route_needs_no_route_to_itself():
    line = LineString([(0, 0), (0.2, 0)])
    fibre = fibre_of({"a": (0, 0), "b": (0.2, 0)}, {"ab": ("a", "b", 100.0, "surveyed")}, lines={"ab": line})
    place = points_of({"s": (0.05, 0)})
    row = latency.disjoint_pairs(fibre, place, place, **BARE).iloc[0]
    assert (row["first_ms"], row["second_ms"], row["reason"]) == (
        0.0,
        0.0,
        "both meet the fibre at one place",
    )


def test_a_node_and_a_route_of_one_name_are_two_places():
    nodes = {"x": (0, 0), "b": (1, 0), "c": (0, 1)}
    routes = {
        "x": ("c", "b", 400.0, "surveyed"),
        "xb": ("x", "b", 150.0, "schematic"),
        "xc": ("x", "c", 150.0, "schematic"),
        "bc": ("b", "c", 300.0, "schematic"),
    }
    fibre = fibre_of(nodes, routes, lines={"x": LineString([(0, 1), (1, 1), (1, 0)])})
    places = points_of({"node": (0, 0), "route": (0.01, 1.01)}, node=["x", None])
    both = latency.disjoint_pairs(fibre, places, ["b"], **BARE)
    for name in places.index:
        alone = latency.disjoint_pairs(fibre, places.loc[[name]], ["b"], **BARE)
        assert both.loc[(name, "b"), "total_ms"] == pytest.approx(alone.iloc[0]["total_ms"])


def test_points_on_an_understated_route_are_no_nearer_than_their_geodesic():
    """The line climbs to 1 N and back, but is said to be as long as the straight way."""
    line = LineString([(0, 0), (0.5, 1), (1, 0)])
    nodes, route = {"a": (0, 0), "b": (1, 0)}, ("a", "b", 112.0, "surveyed")
    fibre = fibre_of(nodes, {"ab": route, "ba": ("a", "b", 900.0, "schematic")}, lines={"ab": line})
    s, t = points_of({"s": (0.25, 0.5)}), points_of({"t": (0.5, 1.0)})
    row = latency.disjoint_pairs(fibre, s, t, **BARE).iloc[0]
    assert row["first_ms"] == pytest.approx(latency.rtt(fibre, s, t, **BARE).iloc[0, 0])
    assert row["first_ms"] * KM > 60
