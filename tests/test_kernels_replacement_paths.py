"""Oracle tests of replacement paths: every edge and every inner node of a path deleted, and the graph searched anew."""

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
from three_mismatches._kernels.replacement_paths import after_edge_loss, after_node_loss, path_between
from three_mismatches._kernels.shortest_paths import shortest_paths
from three_mismatches.latency.distances import Rows


def after_losses(nodes, edges, source, target):
    """Return the path's nodes and edges, and the costs after the loss of each edge and of each inner node."""
    graph = Rows.of(*(np.array(edges, dtype=float).reshape(-1, 3).T), nodes=nodes)
    cost, from_node, from_edge = (part[0] for part in shortest_paths(*graph, np.array([source])))
    back = np.empty((1, nodes))
    distances(*graph[:3], np.array([target]), back)
    path, lost = path_between(from_node, from_edge, target)
    if path[0] != source:
        return path, lost, np.empty(0), np.empty(0)
    return (
        path,
        lost,
        after_edge_loss(*graph, cost, from_node, back[0], path, lost),
        after_node_loss(*graph[:3], cost, from_node, back[0], path),
    )


def cost_without(nodes, edges, source, target, *, edge=None, node=None):
    oracle = nx.MultiGraph()
    oracle.add_nodes_from(range(nodes))
    oracle.add_weighted_edges_from(ends for place, ends in enumerate(edges) if place != edge)
    if node is not None:
        oracle.remove_node(node)
    try:
        return nx.dijkstra_path_length(oracle, source, target)
    except nx.NetworkXNoPath:
        return np.inf


# Few nodes and few whole weights: ties, weights of 0, parallel edges, loops, bridges and islands all come up.
@st.composite
def pairs(draw):
    nodes = draw(st.integers(2, 10))
    place = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(place, place, st.integers(0, 3)), min_size=1, max_size=26))
    return nodes, edges, draw(place), draw(place)


@settings(deadline=None, max_examples=400)  # the first call compiles
@given(pairs())
def test_costs_after_a_loss_equal_a_search_without_what_is_lost(pair):
    path, lost, without_edge, without_node = after_losses(*pair)
    assert without_edge.tolist() == [cost_without(*pair, edge=edge) for edge in lost]
    assert without_node.tolist() == [cost_without(*pair, node=node) for node in path[1:-1]]


@pytest.mark.parametrize("zero", [0.0, 0.4])
def test_long_paths_on_random_graphs_equal_deleting_and_searching_anew(zero):
    rng = np.random.default_rng(23)
    for _ in range(110):
        nodes = int(rng.integers(12, 60))
        # A ring keeps paths long; chords, doubled edges and loops join it.
        ends = np.vstack(
            [np.c_[np.arange(nodes), np.roll(np.arange(nodes), 1)], rng.integers(0, nodes, (12, 2))]
        )
        ends = np.vstack([ends, ends[rng.integers(0, len(ends), 5)]])
        weight = np.where(rng.random(len(ends)) < zero, 0.0, rng.uniform(0.5, 9.0, len(ends)))
        pair = nodes, [(*map(int, two), w) for two, w in zip(ends, weight, strict=True)], 0, nodes // 2
        path, lost, without_edge, without_node = after_losses(*pair)
        for place in rng.permutation(lost.size)[:4]:
            expected = cost_without(*pair, edge=lost[place])
            assert without_edge[place] == pytest.approx(expected, rel=1e-12)
        for place in rng.permutation(max(0, path.size - 2))[:4]:
            expected = cost_without(*pair, node=path[place + 1])
            assert without_node[place] == pytest.approx(expected, rel=1e-12)


def test_of_two_parallel_edges_only_one_is_lost():
    path, lost, without_edge, without_node = after_losses(3, [(0, 1, 1), (0, 1, 2), (1, 2, 1)], 0, 2)
    assert (path.tolist(), lost.tolist()) == ([0, 1, 2], [0, 2])
    assert without_edge.tolist() == [3.0, np.inf]
    assert without_node.tolist() == [np.inf]


def test_a_lost_node_takes_the_ways_of_its_own_branch_along():
    # The path is 0-1-2. Node 3 hangs at 1 and leads on to 2; without 1 it is reached from 0 at 5.
    edges = [(0, 1, 1), (1, 2, 1), (1, 3, 1), (3, 2, 2), (0, 3, 5)]
    _, _, without_edge, without_node = after_losses(4, edges, 0, 2)
    assert without_edge.tolist() == [7.0, 4.0]
    assert without_node.tolist() == [7.0]


@pytest.mark.slow
def test_the_same_lines_run_without_the_compiler():
    given_edges = [(0, 1, 1), (1, 2, 1), (1, 3, 1), (3, 2, 2), (0, 3, 5), (2, 2, 0)]
    script = (
        "import json, sys\n"
        "sys.path.insert(0, 'tests')\n"
        "from test_kernels_replacement_paths import after_losses, after_node_loss\n"
        "assert type(after_node_loss).__name__ == 'function'\n"
        "print(json.dumps([part.tolist() for part in after_losses(4, json.load(sys.stdin), 0, 2)]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(given_edges),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [part.tolist() for part in after_losses(4, given_edges, 0, 2)]
