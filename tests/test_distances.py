"""Distances and replacement paths as users call them, against scipy and against deleting and searching anew."""

import _thread
import signal
import threading
import time

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from three_mismatches.latency.distances import Hierarchy, Rows, distances, replacement_paths


def roads(nodes, seed=3):
    """Return a graph that is all but planar: nodes on a grid, some streets missing, lengths that all differ."""
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(nodes))
    place = np.arange(side * side).reshape(side, side)
    node0 = np.concatenate([place[:, :-1].ravel(), place[:-1].ravel()])
    node1 = np.concatenate([place[:, 1:].ravel(), place[1:].ravel()])
    kept = rng.random(node0.size) < 0.75
    return side * side, node0[kept], node1[kept], rng.uniform(0.1, 3.0, kept.sum())


def matrix_of(nodes, node0, node1, weight):
    return coo_array((weight, (node0, node1)), shape=(nodes, nodes)).tocsr()


@pytest.fixture(scope="module")
def city():
    return roads(4900)


def test_all_costs_equal_scipy_bit_for_bit(city):
    graph, sources = Rows.of(*city[1:], nodes=city[0]), [0, 17, 4000, 17]
    expected = dijkstra(matrix_of(*city), directed=False, indices=sources)
    assert np.isinf(expected).any()
    assert np.array_equal(distances(graph, sources), expected)


@pytest.mark.parametrize(("from_", "to"), [(3, 40), (40, 3), (20, 20)])
def test_costs_between_equal_scipy_whichever_side_is_smaller(city, from_, to):
    rng = np.random.default_rng(from_)
    sources, targets = rng.integers(0, city[0], from_), rng.integers(0, city[0], to)
    expected = dijkstra(matrix_of(*city), directed=False, indices=sources)[:, targets]
    found = distances(Rows.of(*city[1:], nodes=city[0]), sources, targets)
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("targets", [None, np.arange(0, 4900, 35)])
def test_any_number_of_workers_gives_the_same_bits(city, targets):
    graph, sources = Rows.of(*city[1:], nodes=city[0]), np.arange(0, 4900, 15)
    one, two, free = (distances(graph, sources, targets, workers=some) for some in (1, 2, None))
    assert np.array_equal(one, two)
    assert np.array_equal(one, free)


def test_the_order_of_sources_and_targets_is_kept(city):
    graph = Rows.of(*city[1:], nodes=city[0])
    found = distances(graph, [9, 2, 9], [5, 1, 5, 9])
    assert np.array_equal(found[0], found[2])
    assert np.array_equal(found[:, 0], found[:, 2])
    assert found[0, 3] == 0.0
    assert found[1, 1] == distances(graph, [2])[0, 1]


def test_nothing_asked_is_answered_with_nothing():
    graph = Rows.of([0], [1], [2.0], nodes=3)
    assert distances(graph, []).shape == (0, 3)
    assert distances(graph, [], [1, 2]).shape == (0, 2)
    assert distances(graph, [1], []).shape == (1, 0)


@pytest.mark.parametrize(
    ("weight", "asked", "words"),
    [
        (-1.0, [0], "1 of 2|2 of 2"),
        (np.nan, [0], "finite"),
        (np.inf, [0], "finite"),
        (1.0, [3], r"0 to 2; \[3\]"),
        (1.0, [-1], r"0 to 2; \[-1\]"),
    ],
)
def test_what_is_wrong_is_said(weight, asked, words):
    with pytest.raises(ValueError, match=words):
        distances(Rows.of([0], [1], [weight], nodes=3), asked)


def test_workers_are_one_or_more():
    with pytest.raises(ValueError, match="workers"):
        distances(Rows.of([0], [1], [1.0], nodes=2), [0], workers=0)


@pytest.fixture
def interruptible():
    """Have SIGINT raise, which it does not in a process that was started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_is_heard(workers):
    nodes = 200_000
    graph = Rows.of(
        *np.random.default_rng(4).integers(0, nodes, (2, 3 * nodes)), np.ones(3 * nodes), nodes=nodes
    )
    distances(graph, [0])
    begun = time.perf_counter()
    distances(graph, [1, 2])
    search = 0.5 * (time.perf_counter() - begun)
    threading.Timer(2.0 * search, _thread.interrupt_main).start()
    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        distances(graph, np.arange(31), workers=workers)
    assert time.perf_counter() - begun < 12.0 * search


@pytest.mark.parametrize("shared", [False, True])
def test_replacements_equal_deleting_and_searching_anew_on_a_hundred_pairs(city, shared):
    nodes, node0, node1, weight = city
    graph, rng = Rows.of(node0, node1, weight, nodes=nodes), np.random.default_rng(5)
    hierarchy = Hierarchy.of(graph) if shared else None
    for source, target in rng.integers(0, nodes, (100, 2)):
        found = replacement_paths(graph, source, target, hierarchy=hierarchy)
        for place in rng.permutation(found.edges.size)[:1]:
            kept = np.arange(weight.size) != found.edges[place]
            after = matrix_of(nodes, node0[kept], node1[kept], weight[kept])
            expected = dijkstra(after, directed=False, indices=source)[target]
            assert found.without_edge[place] == pytest.approx(expected, rel=1e-12)
        for place in rng.permutation(max(0, found.nodes.size - 2))[:1]:
            kept = (node0 != found.nodes[place + 1]) & (node1 != found.nodes[place + 1])
            after = matrix_of(nodes, node0[kept], node1[kept], weight[kept])
            expected = dijkstra(after, directed=False, indices=source)[target]
            assert found.without_node[place] == pytest.approx(expected, rel=1e-12)


def test_no_path_and_no_way_to_go_have_nothing_to_lose():
    graph = Rows.of([0], [1], [2.0], nodes=3)
    apart, itself = replacement_paths(graph, 0, 2), replacement_paths(graph, 1, 1)
    assert (apart.cost, itself.cost) == (np.inf, 0.0)
    for found in (apart, itself):
        assert found.edges.size == found.without_edge.size == found.without_node.size == 0


def test_many_sources_share_a_hierarchy_and_equal_scipy_but_for_rounding(city):
    graph, sources = Rows.of(*city[1:], nodes=city[0]), np.arange(0, 4900, 20)
    expected = dijkstra(matrix_of(*city), directed=False, indices=sources)
    searched = distances(graph, sources[:31])  # too few for a hierarchy
    assert np.array_equal(searched, expected[:31])
    swept = distances(graph, sources)
    assert not np.array_equal(swept, expected)
    np.testing.assert_allclose(swept, expected, rtol=1e-13)


@pytest.mark.parametrize("targets", [None, np.arange(1, 4900, 2)])
def test_sweeps_by_any_number_of_workers_give_the_same_bits(city, targets):
    graph, sources = Rows.of(*city[1:], nodes=city[0]), np.arange(0, 4900, 4)
    shared = Hierarchy.of(graph)
    one, two, five = (
        distances(graph, sources, targets, workers=some, hierarchy=shared) for some in (1, 2, 5)
    )
    assert np.array_equal(one, two)
    assert np.array_equal(one, five)
    part = distances(graph, sources[3:7], targets, hierarchy=shared)
    assert targets is not None or np.array_equal(part, one[3:7])


def test_a_hierarchy_that_is_at_hand_is_used_for_one_source_too(city):
    graph = Rows.of(*city[1:], nodes=city[0])
    found = distances(graph, [7], [9, 4000, 9], hierarchy=Hierarchy.of(graph))
    np.testing.assert_allclose(found, distances(graph, [7], [9, 4000, 9]), rtol=1e-13)
    with pytest.raises(ValueError, match="4900 nodes, the graph has 2"):
        distances(Rows.of([0], [1], [1.0], nodes=2), [0], hierarchy=Hierarchy.of(graph))


def test_a_graph_with_many_ways_across_is_searched():
    rng = np.random.default_rng(8)
    ends, weight = rng.integers(0, 8000, (2, 40_000)), rng.uniform(1.0, 9.0, 40_000)
    graph, sources = Rows.of(*ends, weight, nodes=8000), np.arange(130)
    assert Hierarchy.of(graph, patience=10_000_000) is None
    one_by_one = np.vstack([distances(graph, [source]) for source in sources[:3]])
    assert np.array_equal(distances(graph, sources)[:3], one_by_one)


def test_replacements_with_a_hierarchy_are_those_without(city):
    graph, rng = Rows.of(*city[1:], nodes=city[0]), np.random.default_rng(6)
    hierarchy = Hierarchy.of(graph)
    for source, target in rng.integers(0, city[0], (40, 2)):
        one, other = (replacement_paths(graph, source, target, hierarchy=some) for some in (None, hierarchy))
        assert np.array_equal(one.edges, other.edges)
        np.testing.assert_allclose(one.without_edge, other.without_edge, rtol=1e-12)
        np.testing.assert_allclose(one.without_node, other.without_node, rtol=1e-12)


def test_edges_without_weight_are_searched_even_with_a_hierarchy():
    # 1, 2 and 3 are in one place, joined in a ring of weight 0: costs do not tell who comes by whom.
    graph = Rows.of([0, 1, 2, 3, 3, 0], [1, 2, 3, 1, 4, 4], [2.0, 0.0, 0.0, 0.0, 1.0, 9.0], nodes=5)
    found = replacement_paths(graph, 0, 4, hierarchy=Hierarchy.of(graph))
    assert (found.cost, found.edges.tolist()) == (3.0, [0, 3, 4])
    assert found.without_edge.tolist() == [9.0, 3.0, 9.0]
    assert found.without_node.tolist() == [9.0, 9.0]


def test_lost_nodes_are_unknown_when_not_asked_for():
    graph = Rows.of([0, 1, 0], [1, 2, 2], [1.0, 1.0, 5.0], nodes=3)
    assert np.isnan(replacement_paths(graph, 0, 2, nodes=False).without_node).tolist() == [True]


# Whole weights from 1 on: many paths are equally short, and any of them may be taken.
@settings(deadline=None)
@given(st.data())
def test_replacements_by_a_hierarchy_are_right_for_the_path_that_is_taken(data):
    nodes = data.draw(st.integers(2, 9))
    place = st.integers(0, nodes - 1)
    edges = data.draw(st.lists(st.tuples(place, place, st.integers(1, 3)), min_size=1, max_size=24))
    source, target = data.draw(place), data.draw(place)
    graph = Rows.of(*np.array(edges).T, nodes=nodes)
    found = replacement_paths(graph, source, target, hierarchy=Hierarchy.of(graph))
    assert found.cost == cost_without(nodes, edges, source, target)
    assert found.without_edge.tolist() == [
        cost_without(nodes, edges, source, target, edge=edge) for edge in found.edges
    ]
    assert found.without_node.tolist() == [
        cost_without(nodes, edges, source, target, node=node) for node in found.nodes[1:-1]
    ]


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
