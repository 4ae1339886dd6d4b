"""Oracle tests of the shortest-path kernels: scipy, networkx and paths walked by hand."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from three_mismatches._kernels.shortest_paths import (
    costs_after_loss,
    edges_to_leaves,
    preorder,
    shortest_paths,
    sum_along_paths,
)


def rows_of(nodes, tail, head, weight):
    """Return the undirected graph in compressed rows; edge ids are positions in the lists."""
    tail, head = np.asarray(tail, dtype=np.int64), np.asarray(head, dtype=np.int64)
    edge = np.tile(np.arange(tail.size), 2)
    tail, head = np.concatenate([tail, head]), np.concatenate([head, tail])
    order = np.argsort(tail, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=nodes))]).astype(np.int64)
    edge = np.ascontiguousarray(edge[order], dtype=np.int64)
    return indptr, np.ascontiguousarray(head[order]), np.asarray(weight, dtype=np.float64)[edge], edge


def trees_of(nodes, tail, head, weight, sources=None):
    sources = np.arange(nodes) if sources is None else np.asarray(sources)
    return shortest_paths(*rows_of(nodes, tail, head, weight), sources.astype(np.int64))


# Islands, self loops, parallel edges and edges of weight 0 all come up: few nodes, whole weights.
@st.composite
def graphs(draw):
    nodes = draw(st.integers(1, 9))
    place = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(place, place, st.integers(0, 4)), max_size=24))
    tail, head, weight = (list(part) for part in zip(*edges, strict=True)) if edges else ([], [], [])
    return nodes, tail, head, weight


@settings(deadline=None)  # the first call compiles
@given(graphs())
def test_costs_equal_networkx_on_graphs_with_loops_and_parallel_edges(graph):
    nodes, tail, head, weight = graph
    oracle = nx.MultiGraph()
    oracle.add_nodes_from(range(nodes))
    oracle.add_weighted_edges_from(zip(tail, head, weight, strict=True))
    expected = np.full((nodes, nodes), np.inf)
    for source, lengths in nx.all_pairs_dijkstra_path_length(oracle):
        expected[source, list(lengths)] = list(lengths.values())
    assert np.array_equal(trees_of(*graph)[0], expected)


def test_costs_equal_scipy_on_a_graph_of_two_thousand_edges():
    rng = np.random.default_rng(7)
    tail, head = rng.integers(0, 900, (2, 2000))
    weight = rng.uniform(0.1, 50.0, 2000)
    sources = rng.choice(900, 40, replace=False)
    # scipy adds parallel edges up, so it is given the shortest of each only.
    least = {}
    for a, b, w in zip(tail, head, weight, strict=True):
        least[min(a, b), max(a, b)] = min(w, least.get((min(a, b), max(a, b)), np.inf))
    ends = np.array(list(least))
    matrix = csr_array((np.array(list(least.values())), (ends[:, 0], ends[:, 1])), shape=(900, 900))
    expected = dijkstra(matrix, directed=False, indices=sources)
    cost = trees_of(900, tail, head, weight, sources)[0]
    assert np.isinf(cost).any()
    np.testing.assert_allclose(cost, expected, rtol=1e-13)


@settings(deadline=None)
@given(graphs())
def test_predecessors_lead_back_to_the_source_at_the_stated_cost(graph):
    nodes, tail, head, weight = graph
    cost, from_node, from_edge = trees_of(*graph)
    for source, node in np.ndindex(nodes, nodes):
        total, at, steps = 0, node, 0
        while from_node[source, at] >= 0:
            edge = from_edge[source, at]
            assert {tail[edge], head[edge]} == {at, from_node[source, at]}
            total, at, steps = total + weight[edge], from_node[source, at], steps + 1
            assert steps < nodes
        assert total == cost[source, node] if at == source else np.isinf(cost[source, node])


@settings(deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_slots_changes_no_path(graph, random):
    indptr, neighbour, slot_weight, edge = rows_of(*graph)
    order = np.arange(edge.size)
    for first, last in pairwise(indptr):
        part = order[first:last].tolist()
        random.shuffle(part)
        order[first:last] = part
    sources = np.arange(graph[0])
    shuffled = shortest_paths(indptr, neighbour[order], slot_weight[order], edge[order], sources)
    for one, other in zip(trees_of(*graph), shuffled, strict=True):
        assert np.array_equal(one, other)


def test_of_equal_paths_the_lowest_node_and_then_the_lowest_edge_is_taken():
    # 0 reaches 3 by 1 and by 2 in two steps of 1 each; edges 2 and 3 are the same way from 1 to 3.
    _, from_node, from_edge = trees_of(4, [0, 0, 1, 1, 2], [2, 1, 3, 3, 3], [1, 1, 1, 1, 1], [0])
    assert from_node[0].tolist() == [-1, 0, 0, 1]
    assert from_edge[0].tolist() == [-1, 1, 0, 2]


def test_a_lower_node_settled_later_takes_over_an_equal_path():
    # Node 3 is 3 away by 2 (1 + 2), which settles first, and by 1 (2 + 1).
    _, from_node, from_edge = trees_of(4, [0, 0, 2, 1], [2, 1, 3, 3], [1, 2, 2, 1], [0])
    assert (from_node[0, 3], from_edge[0, 3]) == (1, 3)


def test_of_equally_near_nodes_the_lowest_settles_first():
    # From 2, nodes 1 and 0 are 1 away and 0 apart: 0 settles first and so becomes the one before 1.
    _, from_node, _ = trees_of(3, [2, 2, 0], [1, 0, 1], [1, 1, 0], [2])
    assert from_node[0].tolist() == [2, 0, -1]


def test_an_island_is_at_infinity_and_has_no_predecessor():
    cost, from_node, from_edge = trees_of(3, [0], [1], [2.5], [0])
    assert cost[0].tolist() == [0.0, 2.5, np.inf]
    assert from_node[0, 2] == from_edge[0, 2] == -1


@settings(deadline=None)
@given(graphs())
def test_the_weights_summed_along_the_paths_are_the_costs(graph):
    trees = trees_of(*graph)
    assert np.array_equal(sum_along_paths(*trees, np.asarray(graph[3], dtype=np.float64)), trees[0])


def test_an_attribute_is_summed_along_the_quickest_path_not_along_its_own():
    # 0-1-2 weighs 2 and carries 30; 0-2 weighs 5 and would carry 1; node 3 is an island.
    trees = trees_of(4, [0, 1, 0], [1, 2, 2], [1.0, 1.0, 5.0], [0, 2])
    total = sum_along_paths(*trees, np.array([10.0, 20.0, 1.0]))
    assert total.tolist() == [[0.0, 10.0, 30.0, np.inf], [30.0, 20.0, 0.0, np.inf]]


@pytest.mark.parametrize("nodes", [0, 1])
def test_no_sources_and_no_edges_are_answered(nodes):
    cost, _, _ = trees_of(nodes, [], [], [], np.zeros(0, dtype=np.int64))
    assert cost.shape == (0, nodes)


def test_the_same_lines_run_without_the_compiler():
    graph = (4, [0, 0, 1, 1, 2], [2, 1, 3, 3, 3], [1.0, 1.5, 1.0, 1.0, 1.0], [0])
    expected = [part.tolist() for part in trees_of(*graph)]
    script = (
        "import json, sys, numpy as np\n"
        "from three_mismatches._kernels.shortest_paths import shortest_paths\n"
        "i, n, w, e, s = json.load(sys.stdin)\n"
        "ints = [np.array(part, dtype=np.int64) for part in (i, n, e, s)]\n"
        "assert type(shortest_paths).__name__ == 'function'\n"
        "trees = shortest_paths(ints[0], ints[1], np.array(w), ints[2], ints[3])\n"
        "print(json.dumps([part.tolist() for part in trees]))\n"
    )
    given_rows = json.dumps([part.tolist() for part in rows_of(*graph[:4])] + [[0]])
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=given_rows,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == expected


@settings(deadline=None)
@given(graphs())
def test_what_hangs_below_a_node_stands_together(graph):
    _, from_node, _ = trees_of(*graph)
    for tree in from_node:
        order, first, last = preorder(tree)
        assert sorted(order.tolist()) == list(range(graph[0]))
        below = {node: {node} for node in range(graph[0])}
        for node in range(graph[0]):
            above = tree[node]
            while above >= 0:
                below[above].add(node)
                above = tree[above]
        assert all(set(order[first[v] : last[v]].tolist()) == below[v] for v in range(graph[0]))


@settings(deadline=None)
@given(graphs(), st.lists(st.integers(0, 23), max_size=4, unique=True))
def test_costs_after_losses_are_those_of_the_graph_without_the_edges(graph, lost):
    nodes, tail, head, weight = graph
    lost = np.array([edge for edge in lost if edge < len(tail)], dtype=np.int64)
    rows = rows_of(*graph)
    trees = shortest_paths(*rows, np.arange(nodes))
    kept = [at for at in range(len(tail)) if at not in lost]
    expected = trees_of(nodes, *([column[at] for at in kept] for column in (tail, head, weight)))[0]
    state, lost_at = np.full(nodes, -1), np.full(len(tail), -1)
    fresh, key = np.empty(nodes), np.empty(nodes + rows[1].size)
    heap, out = np.empty(key.size, dtype=np.int64), np.empty(nodes)
    ends = np.array([tail, head], dtype=np.int64).reshape(2, -1)[:, lost].ravel()
    for root in range(nodes):
        tops = ends[trees[2][root][ends] == np.tile(lost, 2)]
        costs_after_loss(
            *rows, trees[0][root], *preorder(trees[1][root]), tops, lost, np.arange(nodes), root,
            state, lost_at, fresh, key, heap, out,
        )  # fmt: skip
        assert np.array_equal(out, expected[root])


@settings(deadline=None)
@given(graphs())
def test_edges_to_leaves_are_those_of_the_paths(graph):
    _, from_node, from_edge = trees_of(*graph)
    leaves = np.arange(0, graph[0], 2)
    used = edges_to_leaves(from_node, from_edge, leaves, len(graph[1]))
    for root, tree in enumerate(from_node):
        on_way = set()
        for leaf in leaves:
            at = leaf
            while tree[at] >= 0:
                on_way.add(int(from_edge[root, at]))
                at = tree[at]
        assert set(np.flatnonzero(used[root]).tolist()) == on_way
