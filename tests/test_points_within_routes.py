"""Points within routes, sharing them, on nasty networks: held against networkx with the points built in."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from fibre_oracle import Oracle, nasty_fibre, nasty_points
from fibres import MS_PER_KM, fibre_of, points_of
from three_mismatches import latency

seeds = st.integers(0, 2**32 - 1)
CLOSE = {"rtol": 1e-7, "atol": 1e-7}


@given(
    seeds,
    st.sampled_from(
        [{}, {"route_factor": 1.0, "equipment": False}, {"route_factor": 1.02, "equipment": 0.2}]
    ),
)
def test_round_trips_and_paths_equal_networkx(seed, light):
    fibre = nasty_fibre(seed)
    sources, targets, stops = (nasty_points(fibre, seed + k, 3, letter) for k, letter in enumerate("stv"))
    oracle = Oracle(fibre, sources, targets, stops, **light)
    before = fibre.fibre_nodes.copy(), fibre.fibre_routes.copy()
    for via in (None, stops):
        names = None if via is None else list(via.index)
        expected = [[oracle.rtt(s, t, via=names) for t in targets.index] for s in sources.index]
        found = latency.rtt(fibre, sources, targets, via=via, **light)
        np.testing.assert_allclose(found.to_numpy(), expected, **CLOSE)
        paths = latency.path(fibre, sources, targets, via=via, **light)
        np.testing.assert_allclose(paths["rtt_ms"].unstack().to_numpy(), expected, **CLOSE)
        reached = paths[np.isfinite(paths["rtt_ms"])]
        assert (reached["reason"] == "").all()
    assert before[0].equals(fibre.fibre_nodes)
    assert before[1].equals(fibre.fibre_routes)


@given(seeds, st.booleans())
def test_losses_equal_networkx_without_what_is_lost(seed, by_way):
    fibre = nasty_fibre(seed)
    sources, targets, stops = (nasty_points(fibre, seed + k, 2, letter) for k, letter in enumerate("stv"))
    via = stops if by_way else None
    oracle = Oracle(fibre, sources, targets, stops)
    found = latency.n1_rtt(fibre, sources, targets, via=via)
    for (source, target), row in found.iterrows():
        worst = oracle.worst(source, target, via=list(stops.index) if by_way else None)
        told = [row[f"after_{kind}_ms"] for kind in worst]
        np.testing.assert_allclose(told, list(worst.values()), **CLOSE)
        assert row["n1_rtt_ms"] == pytest.approx(max(worst.values()), rel=1e-7)


def best_pair(oracle, source, target, *, node_disjoint, risk_disjoint):
    """Return the least sum of two paths that share no piece, by brute force over simple paths. [ms]"""
    graph = nx.MultiGraph()
    graph.add_nodes_from(oracle.place)
    on_route = {oracle.at[p][0] for p in (source, target) if oracle.at[p][1] is not None}
    seen = {}
    for end0, end1, ms, route in oracle.pieces({source, target}):
        if route in on_route and {end0, end1} == set(oracle.routes.loc[route, ["node0", "node1"]]):
            continue  # the point lies on the way
        if route in on_route and _passes(oracle, route, end0, end1, source, target):
            continue
        number = seen.setdefault(route, 0)
        seen[route] += 1
        graph.add_edge(end0, end1, key=(route, number), ms=ms)
    ends = [oracle.at[p][0] if oracle.at[p][1] is None else ("point", p) for p in (source, target)]
    paths = []
    for edges in nx.all_simple_edge_paths(graph, *ends):
        inner = {end for edge in edges for end in edge[:2]} - set(ends)
        nodes_ms = sum(oracle.node_ms.get(node, 0.0) for node in {*inner, *ends})
        risks = set().union(*(oracle.groups[edge[2][0]] for edge in edges))
        shared = [
            {edge[2] for edge in edges},
            inner if node_disjoint else set(),
            risks if risk_disjoint else set(),
        ]
        paths.append((sum(graph.edges[edge]["ms"] for edge in edges) + nodes_ms, *shared))
    sums = [a[0] + b[0] for a, b in combinations(paths, 2) if not any(a[k] & b[k] for k in (1, 2, 3))]
    access = 2 * (oracle.access_ms[source] + oracle.access_ms[target])
    return access + min(sums, default=np.inf)


def _passes(oracle, route, end0, end1, source, target):
    """Return whether another of the two points lies between two ends on a route."""
    share = {oracle.routes.loc[route, "node0"]: 0.0, oracle.routes.loc[route, "node1"]: 1.0}
    share |= {("point", p): oracle.at[p][1] for p in (source, target) if oracle.at[p][0] == route}
    low, high = sorted((share[end0], share[end1]))
    return any(low < at < high for name, at in share.items() if name not in (end0, end1))


@given(seeds, st.sampled_from(["route", "node", "group", ("node", "group")]))
def test_disjoint_pairs_equal_brute_force(seed, by):
    fibre = nasty_fibre(seed, nodes=6, extra=3)
    loops = fibre.fibre_routes["node0"] == fibre.fibre_routes["node1"]
    fibre = type(fibre)(fibre.fibre_nodes, fibre.fibre_routes[~loops])
    sources, targets = nasty_points(fibre, seed, 2, "s"), nasty_points(fibre, seed + 1, 2, "t")
    oracle = Oracle(fibre, sources, targets)
    found = latency.disjoint_pairs(fibre, sources, targets, by=by)
    for (source, target), row in found.iterrows():
        if "one place" in row["reason"]:
            continue
        expected = best_pair(oracle, source, target, node_disjoint="node" in by, risk_disjoint="group" in by)
        assert row["total_ms"] == pytest.approx(expected, rel=1e-7)


def ladder():
    """Return a-b of 100 km surveyed on the equator with s at 0.3 and t at 0.7, and a-b again of 50 km."""
    routes = {"ab": ("a", "b", 100.0, "surveyed"), "ba": ("a", "b", 50.0, "schematic")}
    fibre = fibre_of({"a": (0, 0), "b": (0.2, 0)}, routes, lines={"ab": LineString([(0, 0), (0.2, 0)])})
    return fibre, points_of({"s": (0.06, 0)}), points_of({"t": (0.14, 0)})


def test_a_cut_between_two_points_on_one_route_sends_light_round():
    """s and t are 40 km apart; cut between them it is 30 + 50 + 30."""
    fibre, s, t = ladder()
    row = latency.n1_rtt(fibre, s, t, route_factor=1.0, equipment=False).iloc[0]
    assert [row["rtt_ms"] / MS_PER_KM, row["after_route_ms"] / MS_PER_KM] == pytest.approx(
        [40, 110], rel=1e-6
    )
    assert [row["after_node_ms"] / MS_PER_KM, row["lost_route"]] == [pytest.approx(40, rel=1e-6), "ab"]


def test_a_stop_within_a_route_is_no_node_of_the_path():
    """From a by way of v at 0.3 of a-b back to a: 30 km each way, and a is passed twice."""
    fibre, v, _ = ladder()
    row = latency.path(fibre, ["a"], ["a"], via=v, route_factor=1.0, equipment=1.0).iloc[0]
    assert row["nodes"] == ("a", "a")
    assert row["routes"] == ("ab", "ab")
    assert row["rtt_ms"] == pytest.approx(60 * MS_PER_KM + 2.0, rel=1e-6)
