"""Oracle tests of the hierarchy: networkx, scipy, and a graph worked out by hand."""

import json
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from three_mismatches._kernels.distances import distances
from three_mismatches._kernels.hierarchy import LANES, contract, number, prune, restrict, sweep
from three_mismatches.latency.distances import Rows

PATIENCE = 10_000_000


def hierarchy_of(graph):
    *arcs, parent, rank = number(*contract(*graph[:3], PATIENCE))
    return *prune(*arcs), parent, rank


def costs_of(graph, sources, targets=None, lanes=LANES):
    built = hierarchy_of(graph)
    if targets is None:
        part = (*built[:3], np.arange(built[4].size), built[4])
    else:
        part = restrict(*built, np.asarray(targets, dtype=np.int64))
    out = np.empty((len(sources), part[4].size))
    sweep(*built, *part, np.asarray(sources, dtype=np.int64), np.empty((part[0].size - 1, lanes)), out)
    return out


# Islands, self loops, parallel edges and edges of weight 0 all come up: few nodes, whole weights.
@st.composite
def edge_lists(draw):
    nodes = draw(st.integers(1, 12))
    place = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(place, place, st.integers(0, 4)), max_size=40))
    return nodes, edges


def graph_of(nodes, edges):
    return Rows.of(*(np.array(edges, dtype=float).reshape(-1, 3).T), nodes=nodes)


@settings(deadline=None, max_examples=200)  # the first call compiles
@given(edge_lists(), st.sampled_from([1, 3, LANES]))
def test_costs_equal_networkx_on_graphs_with_loops_and_parallel_edges(given_edges, lanes):
    nodes, edges = given_edges
    oracle = nx.MultiGraph()
    oracle.add_nodes_from(range(nodes))
    oracle.add_weighted_edges_from(edges)
    expected = np.full((nodes, nodes), np.inf)
    for source, lengths in nx.all_pairs_dijkstra_path_length(oracle):
        expected[source, list(lengths)] = list(lengths.values())
    assert np.array_equal(costs_of(graph_of(nodes, edges), range(nodes), lanes=lanes), expected)


@settings(deadline=None)
@given(edge_lists(), st.data())
def test_costs_to_some_targets_are_those_of_the_whole_sweep(given_edges, data):
    place = st.integers(0, given_edges[0] - 1)
    sources, targets = data.draw(st.lists(place, max_size=20)), data.draw(st.lists(place, max_size=5))
    graph = graph_of(*given_edges)
    whole = costs_of(graph, sources)[:, np.array(targets, dtype=np.int64)]
    assert np.array_equal(costs_of(graph, sources, targets), whole)


@settings(deadline=None)
@given(edge_lists())
def test_arcs_lead_upwards_to_ancestors_only(given_edges):
    up, head, cost, parent, rank = hierarchy_of(graph_of(*given_edges))
    assert sorted(rank) == list(range(rank.size))
    assert up[-1] == head.size == cost.size
    for at in range(rank.size):
        ancestors, above = set(), parent[at]
        while above >= 0:
            ancestors.add(above)
            above = parent[above]
        heads = head[up[at] : up[at + 1]].tolist()
        assert len(heads) == len(set(heads))
        assert ancestors.issuperset(heads)
        assert all(at < one for one in heads)


@pytest.mark.parametrize("shape", ["road", "random", "star", "path"])
def test_costs_equal_searches_but_for_rounding(shape):
    rng = np.random.default_rng(31)
    side, nodes = 45, 2025
    place = np.arange(nodes).reshape(side, side)
    ends = {
        "road": (
            np.r_[place[:, 1:].ravel(), place[1:].ravel()],
            np.r_[place[:, :-1].ravel(), place[:-1].ravel()],
        ),
        "random": rng.integers(0, nodes, (2, 2500)),
        "star": (np.zeros(nodes - 1), np.arange(1, nodes)),
        "path": (np.arange(nodes - 1), np.arange(1, nodes)),
    }[shape]
    ends = rng.permutation(nodes)[np.asarray(ends, dtype=np.int64)]
    graph, sources = Rows.of(*ends, rng.uniform(0.0, 5.0, ends.shape[1]), nodes=nodes), np.arange(0, 2000, 47)
    expected = np.empty((sources.size, nodes))
    distances(*graph[:3], sources, expected)
    np.testing.assert_allclose(costs_of(graph, sources), expected, rtol=1e-13)


def test_two_ends_go_before_the_middle_and_leave_a_shortcut():
    # A ring of four: 0 goes first and joins 1 to 3 at 1 + 4 = 5; the other way round they are 2 + 1 = 3 apart.
    graph = Rows.of([0, 1, 2, 3], [1, 2, 3, 0], [1.0, 2.0, 1.0, 4.0], nodes=4)
    order, up, head, cost = contract(*graph[:3], PATIENCE)
    assert order[0] == 0
    assert dict(zip(head[:2].tolist(), cost[:2].tolist(), strict=True)) == {1: 1.0, 3: 4.0}
    assert up.tolist() == [0, 2, 4, 5, 5]
    assert costs_of(graph, [0]).tolist() == [[0.0, 1.0, 3.0, 4.0]]


@settings(deadline=None)
@given(edge_lists())
def test_arcs_that_are_kept_are_the_best_way_between_their_ends(given_edges):
    graph = graph_of(*given_edges)
    nodes = given_edges[0]
    whole = number(*contract(*graph[:3], PATIENCE))
    up, head, cost, _, rank = hierarchy_of(graph)
    best = np.empty((nodes, nodes))
    distances(*graph[:3], np.argsort(rank), best)
    for built, kept in ((whole, False), ((up, head, cost, None, rank), True)):
        tail = np.repeat(np.arange(nodes), np.diff(built[0]))
        way = best[tail][np.arange(tail.size), np.argsort(rank)[built[1]]]
        assert (built[2] >= way).all()
        assert not kept or np.array_equal(built[2], way)
    assert (
        head.size
        == (
            whole[2] == best[np.repeat(np.arange(nodes), np.diff(whole[0])), np.argsort(rank)[whole[1]]]
        ).sum()
    )


def test_without_patience_nothing_is_contracted():
    graph = Rows.of([0, 1, 2, 3], [1, 2, 3, 0], [1.0, 2.0, 1.0, 4.0], nodes=4)
    order, up, head, cost = contract(*graph[:3], 3)
    assert (order.size, up[-1], head.size, cost.size) == (4, -1, 0, 0)


@pytest.mark.slow
def test_the_same_lines_run_without_the_compiler():
    rng = np.random.default_rng(2)
    edges = np.c_[rng.integers(0, 30, (60, 2)), rng.integers(0, 9, 60)].tolist()
    script = (
        "import json, sys\n"
        "sys.path.insert(0, 'tests')\n"
        "from test_kernels_hierarchy import contract, costs_of, graph_of\n"
        "assert type(contract).__name__ == 'function'\n"
        "graph = graph_of(30, json.load(sys.stdin))\n"
        "print(json.dumps([costs_of(graph, range(30)).tolist(), costs_of(graph, [3, 4], [9, 7]).tolist()]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(edges),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    graph = graph_of(30, edges)
    assert json.loads(ran.stdout) == [
        costs_of(graph, range(30)).tolist(),
        costs_of(graph, [3, 4], [9, 7]).tolist(),
    ]
