"""Round trips, paths and losses on the published backbones of Japan, beside scipy and networkx."""

import warnings
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import topohub
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

import three_mismatches as tm
from fibres import BARE, MS_PER_KM
from three_mismatches.errors import AssumptionWarning
from three_mismatches.network import fibre_graph

BACKBONES = (12, pytest.param(25, marks=pytest.mark.slow), 48)


@pytest.fixture(scope="module", params=BACKBONES)
def fibre(request):
    """Return one of the published backbones."""
    return tm.japan(backbone=request.param).fibre


def as_networkx(fibre):
    """Return the backbone with the km that the table and the geodesic give, by the tables alone."""
    graph, built = nx.Graph(), fibre_graph(fibre)
    for route, km in zip(built.routes, built.edge_km, strict=True):
        row = fibre.fibre_routes.loc[route]
        graph.add_edge(row["node0"], row["node1"], km=km, route=route)
    return graph


def test_all_round_trips_equal_scipy(fibre):
    names = sorted(fibre.fibre_nodes.index)
    position = {name: at for at, name in enumerate(names)}
    graph = as_networkx(fibre)
    ends = np.array([[position[a], position[b]] for a, b in graph.edges])
    km = np.array([graph.edges[edge]["km"] for edge in graph.edges])
    matrix = coo_array((km, (ends[:, 0], ends[:, 1])), shape=(len(names),) * 2).tocsr()
    expected = dijkstra(matrix, directed=False) * MS_PER_KM
    found = tm.latency.rtt(fibre, names, names, **BARE).to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    with_nodes = tm.latency.rtt(fibre, names, names, route_factor=1.5, equipment=0.0).to_numpy()
    np.testing.assert_allclose(with_nodes, 1.5 * expected, rtol=1e-12, atol=1e-12)


def test_paths_are_those_of_networkx(fibre):
    graph = as_networkx(fibre)
    names = sorted(graph)[:6]
    found = tm.latency.path(fibre, names, sorted(graph), **BARE)
    for (source, target), row in found.iterrows():
        assert row["km"] == pytest.approx(nx.dijkstra_path_length(graph, source, target, weight="km"))
        assert [graph.edges[step]["route"] for step in pairwise(row["nodes"])] == list(row["routes"])
        assert (row["nodes"][0], row["nodes"][-1]) == (source, target)


def test_losses_of_every_route_and_node_equal_networkx_without_them(fibre):
    """Some 200 pairs on the largest backbone, each with every route and each node on its way deleted."""
    graph = as_networkx(fibre)
    names = sorted(graph)
    sources, targets = names[::12], names
    found = tm.latency.n1_rtt(fibre, sources, targets, of=("route", "node"), **BARE)
    worst = {(s, t, kind): 0.0 for s in sources for t in targets for kind in ("route", "node")}
    lesser = [("route", nx.restricted_view(graph, [], [edge]), ()) for edge in graph.edges]
    lesser += [("node", nx.restricted_view(graph, [node], []), (node,)) for node in graph]
    for kind, view, gone in lesser:
        for source in set(sources) - set(gone):
            km = nx.single_source_dijkstra_path_length(view, source, weight="km")
            for target in set(targets) - set(gone):
                worst[source, target, kind] = max(worst[source, target, kind], km.get(target, np.inf))
    for (source, target), row in found.iterrows():
        for kind in ("route", "node"):
            assert row[f"after_{kind}_ms"] == pytest.approx(worst[source, target, kind] * MS_PER_KM, rel=1e-9)


def test_disjoint_pairs_cost_what_networkx_flow_costs(fibre):
    """Whole metres, because networkx wants whole costs."""
    rounded = type(fibre)(fibre.fibre_nodes, fibre.fibre_routes.copy())
    built = fibre_graph(fibre)
    metres = dict(zip(built.routes, np.ceil(built.edge_km * 1000.0), strict=True))
    rounded.fibre_routes["length"] = [metres[route] / 1000.0 for route in fibre.fibre_routes.index]
    names = sorted(fibre.fibre_nodes.index)
    pairs = tm.latency.disjoint_pairs(rounded, names[:3], names[3::4], **BARE)
    for (source, target), row in pairs.iterrows():
        flow = nx.DiGraph()
        for route in rounded.fibre_routes.itertuples():
            for a, b in ((route.node0, route.node1), (route.node1, route.node0)):
                flow.add_edge(a, b, weight=round(route.length * 1000.0), capacity=1)
        flow.nodes[source]["demand"], flow.nodes[target]["demand"] = -2, 2
        try:
            expected = nx.min_cost_flow_cost(flow) / 1000.0 * MS_PER_KM
        except nx.NetworkXUnfeasible:
            expected = np.inf
        assert row["total_ms"] == pytest.approx(expected, rel=1e-9)


def test_the_default_explains_every_measured_minimum_within_its_range():
    fibre, measured = tm.japan().fibre, tm.japan_rtt()
    factor = tm.assumptions.ASSUMPTIONS["route_factor"]
    found = tm.latency.calibrate(fibre, measured, fit="route_factor")
    asked = found.residuals["route_factor"]
    assert len(measured) == 9
    assert factor.low == pytest.approx(asked.min(), abs=5e-3)
    assert factor.high == pytest.approx(asked.max(), abs=6e-3)
    assert (measured["rtt_ms"] >= found.residuals["glass_ms"]).all()
    pairs = asked.groupby(
        ["-".join(sorted(p)) for p in zip(measured["node0"], measured["node1"], strict=True)]
    )
    assert pairs.mean().mean() == pytest.approx(factor.value, abs=0.02)


def test_every_measured_row_has_its_source():
    rows = tm.japan_rtt(statistic=None)
    assert (
        rows[["rtt_ms", "statistic", "source", "source_date", "licence", "confidence"]].notna().all(axis=None)
    )
    assert set(rows["node0"]) <= set(tm.japan().fibre.fibre_nodes.index)


@pytest.mark.slow
def test_ishikari_is_told_in_one_sentence_for_each_use(japan):
    told = tm.report.latency_sentences(japan, "sakura-ishikari")
    assert len(told) == len(japan.tables.tables.budgets)
    assert "beyond the 2 ms budget" in told[0]
    assert "no route can meet it" in told[0]
    training = next(each for each in told if each.startswith("For ai training"))
    assert "within the 100 ms budget" in training
    assert all(each.endswith(".") for each in told)


@pytest.mark.parametrize("name", ["backbone/africa", "backbone/europe", "topozoo/Abilene"])
def test_published_graphs_of_other_regions_equal_scipy_and_networkx(name):
    """Every pair of up to 60 nodes; lengths below their geodesic are raised, for both."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", AssumptionWarning
        )  # of lengths that are rounded below the straight line
        fibre = tm.read_node_link(Path(topohub.__file__).parent / "data" / f"{name}.json")
    graph, built = nx.MultiGraph(), fibre_graph(fibre)
    for route, km in zip(built.routes, built.edge_km, strict=True):
        graph.add_edge(*fibre.fibre_routes.loc[route, ["node0", "node1"]], weight=float(km))
    names = sorted(graph)
    chosen = names[:: max(1, len(names) // 60)]
    found = tm.latency.rtt(fibre, chosen, names, **BARE).to_numpy() / MS_PER_KM
    matrix = nx.to_scipy_sparse_array(graph_of_least(graph), nodelist=names, weight="weight")
    by_scipy = dijkstra(matrix, directed=False, indices=[names.index(one) for one in chosen])
    np.testing.assert_allclose(found, by_scipy, rtol=1e-9, atol=1e-9)
    by_networkx = nx.single_source_dijkstra_path_length(graph, chosen[0], weight="weight")
    np.testing.assert_allclose(
        found[0], [by_networkx.get(one, np.inf) for one in names], rtol=1e-9, atol=1e-9
    )


def graph_of_least(graph):
    """Return the graph in which of parallel edges the shortest is left: a matrix would add them up."""
    simple = nx.Graph()
    for one, other, km in graph.edges(data="weight"):
        if one != other and km < simple.get_edge_data(one, other, {"weight": np.inf})["weight"]:
            simple.add_edge(one, other, weight=max(km, 1e-9))  # 0 is no edge in a matrix
    simple.add_nodes_from(graph)
    return simple
