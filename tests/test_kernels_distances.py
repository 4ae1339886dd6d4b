"""Oracle tests of the kernels of costs alone: networkx, scipy, and the trees."""

import json
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from three_mismatches._kernels.distances import distances, distances_between
from three_mismatches._kernels.shortest_paths import shortest_paths
from three_mismatches.latency.distances import Rows


def costs_of(graph, sources):
    out = np.empty((len(sources), graph.indptr.size - 1))
    distances(*graph[:3], np.asarray(sources, dtype=np.int64), out)
    return out


def costs_between(graph, sources, targets):
    out = np.empty((len(sources), len(targets)))
    ends = (np.asarray(some, dtype=np.int64) for some in (sources, targets))
    distances_between(*graph[:3], *ends, out)
    return out


# Islands, self loops, parallel edges and edges of weight 0 all come up: few nodes, whole weights.
@st.composite
def edge_lists(draw):
    nodes = draw(st.integers(1, 9))
    place = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(place, place, st.integers(0, 4)), max_size=24))
    return nodes, edges


def graph_of(nodes, edges):
    return Rows.of(*(np.array(edges).reshape(-1, 3).T), nodes=nodes)


@settings(deadline=None)  # the first call compiles
@given(edge_lists())
def test_costs_equal_networkx_on_graphs_with_loops_and_parallel_edges(given_edges):
    nodes, edges = given_edges
    oracle = nx.MultiGraph()
    oracle.add_nodes_from(range(nodes))
    oracle.add_weighted_edges_from(edges)
    expected = np.full((nodes, nodes), np.inf)
    for source, lengths in nx.all_pairs_dijkstra_path_length(oracle):
        expected[source, list(lengths)] = list(lengths.values())
    assert np.array_equal(costs_of(graph_of(nodes, edges), range(nodes)), expected)


@settings(deadline=None)
@given(edge_lists(), st.data())
def test_costs_between_are_those_of_the_whole_search(given_edges, data):
    place = st.integers(0, given_edges[0] - 1)
    sources, targets = data.draw(st.lists(place, max_size=5)), data.draw(st.lists(place, max_size=5))
    graph = graph_of(*given_edges)
    found = costs_between(graph, sources, targets)
    assert np.array_equal(found, costs_of(graph, sources)[:, np.array(targets, dtype=np.int64)])


def test_costs_equal_scipy_and_the_trees_to_the_last_bit():
    rng = np.random.default_rng(11)
    node0, node1 = rng.integers(0, 3000, (2, 6000))
    pairs, first = np.unique(np.sort([node0, node1], axis=0), axis=1, return_index=True)
    weight = rng.uniform(0.0, 50.0, first.size)  # no parallel edges: scipy would add them up
    graph, sources = Rows.of(*pairs, weight, nodes=3000), rng.choice(3000, 30, replace=False)
    matrix = coo_array((weight, pairs), shape=(3000, 3000)).tocsr()
    found = costs_of(graph, sources)
    assert np.isinf(found).any()
    assert np.array_equal(found, dijkstra(matrix, directed=False, indices=sources))
    assert np.array_equal(found, shortest_paths(*graph, sources)[0])


@pytest.mark.parametrize("nodes", [1, 2, 5, 6, 7, 8, 21, 22, 300])
def test_a_star_fills_the_heap_at_once(nodes):
    weight = np.random.default_rng(nodes).permutation(nodes - 1) + 1.0
    graph = Rows.of(np.zeros(nodes - 1), np.arange(1, nodes), weight, nodes=nodes)
    assert costs_of(graph, [0])[0].tolist() == [0.0, *weight]


def test_the_same_lines_run_without_the_compiler():
    edges = [(0, 2, 1.0), (0, 1, 1.5), (1, 3, 1.0), (2, 3, 0.0), (4, 4, 1.0), (0, 1, 0.25)]
    graph = graph_of(5, edges)
    expected = [costs_of(graph, [0, 3]).tolist(), costs_between(graph, [3, 0], [1, 2]).tolist()]
    script = (
        "import json, sys, numpy as np\n"
        "from three_mismatches._kernels.distances import distances, distances_between\n"
        "assert type(distances).__name__ == 'function'\n"
        "i, n, w = json.load(sys.stdin)\n"
        "graph = np.array(i), np.array(n), np.array(w, dtype=float)\n"
        "all_, some = np.empty((2, 5)), np.empty((2, 2))\n"
        "distances(*graph, np.array([0, 3]), all_)\n"
        "distances_between(*graph, np.array([3, 0]), np.array([1, 2]), some)\n"
        "print(json.dumps([all_.tolist(), some.tolist()]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps([part.tolist() for part in graph[:3]]),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == expected
