"""Who runs in `latency.py`: how each contender makes its own network of a graph, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

import latency_graphs as graphs
from three_mismatches.latency.distances import Hierarchy, Rows, distances, replacement_paths

__all__ = [
    "DELETE",
    "SAMPLE",
    "TABLES",
    "Ask",
    "Contender",
    "matrix_of",
    "our_replacements",
    "our_rows",
    "scipy_run",
]

METRES_IN_KM = 1000.0
PANDANA_NONE = 4e6  # km: what it writes where there is no path is beyond
SAMPLE = 10
"""Edges of a path that are deleted one by one, the graph searched anew; its time is scaled to the path."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Ask(NamedTuple):
    """What is asked of a graph: costs from sources to all nodes (targets empty) or to targets; or pairs of them."""

    sources: Ints
    targets: Ints


class Contender(NamedTuple):
    """`load` makes its own network of a graph, `run` is timed and returns metres, inf where there is no path."""

    name: str
    threads: int
    load: Callable[[graphs.Graph], Any]
    run: Callable[[Any, Ask], Any]
    package: str = ""
    most: int = 10_000_000


# Ours


def our_rows(graph: graphs.Graph) -> Rows:
    return Rows.of(graph.node0, graph.node1, graph.metres, nodes=graph.nodes)


def our_hierarchy(graph: graphs.Graph) -> Any:
    rows = our_rows(graph)
    return rows, Hierarchy.of(rows)


def targets_of(ask: Ask) -> Ints | None:
    return ask.targets if ask.targets.size else None


def searched(rows: Rows, ask: Ask, workers: int = 1) -> Floats:
    """Search from each source: fewer at a time than a hierarchy is built for."""
    parts = np.array_split(ask.sources, -(-ask.sources.size // 31))
    return np.vstack([distances(rows, part, targets_of(ask), workers=workers) for part in parts])


def searched_by_two(rows: Rows, ask: Ask) -> Floats:
    return searched(rows, ask, 2)


def chosen_by_size(rows: Rows, ask: Ask) -> Floats:
    return distances(rows, ask.sources, targets_of(ask), workers=1)


def swept(of: Any, ask: Ask, workers: int = 1) -> Floats:
    return distances(of[0], ask.sources, targets_of(ask), workers=workers, hierarchy=of[1])


def swept_by_two(of: Any, ask: Ask) -> Floats:
    return swept(of, ask, 2)


OURS = (
    Contender("three_mismatches, hierarchy at hand", 1, our_hierarchy, swept),
    Contender("three_mismatches, hierarchy at hand", 2, our_hierarchy, swept_by_two),
    Contender("three_mismatches, chosen by size", 1, our_rows, chosen_by_size),
    Contender("three_mismatches, searches", 1, our_rows, searched),
    Contender("three_mismatches, searches", 2, our_rows, searched_by_two),
)


# Searches of others


def matrix_of(graph: graphs.Graph) -> csr_array:
    tail, head, metres = graph.both_ways()
    return coo_array((metres, (tail, head)), shape=(graph.nodes, graph.nodes)).tocsr()


def part_of(found: Any, ask: Ask) -> Floats:
    costs = np.asarray(found, dtype=np.float64)
    return costs[:, ask.targets] if ask.targets.size else costs


def scipy_run(matrix: csr_array, ask: Ask) -> Floats:
    return part_of(dijkstra(matrix, directed=True, indices=ask.sources), ask)


def networkx_of(graph: graphs.Graph) -> Any:
    import networkx as nx

    net = nx.Graph()
    net.add_nodes_from(range(graph.nodes))
    ends = graph.node0.tolist(), graph.node1.tolist(), graph.metres.tolist()
    net.add_weighted_edges_from(zip(*ends, strict=True))
    return net


def networkx_run(net: Any, ask: Ask) -> Floats:
    import networkx as nx

    found = np.full((ask.sources.size, len(net)), np.inf)
    for row, source in enumerate(ask.sources.tolist()):
        lengths = nx.single_source_dijkstra_path_length(net, source)
        found[row, list(lengths)] = list(lengths.values())
    return part_of(found, ask)


def igraph_of(graph: graphs.Graph) -> Any:
    import igraph

    return igraph.Graph(graph.nodes, np.stack([graph.node0, graph.node1], axis=1)), graph.metres.tolist()


def igraph_run(of: Any, ask: Ask) -> Floats:
    net, metres = of
    target = ask.targets.tolist() if ask.targets.size else None
    return np.array(net.distances(ask.sources.tolist(), target, weights=metres, algorithm="dijkstra"))


def rustworkx_of(graph: graphs.Graph) -> Any:
    import rustworkx

    net = rustworkx.PyGraph(multigraph=False)
    net.add_nodes_from([None] * graph.nodes)
    ends = graph.node0.tolist(), graph.node1.tolist(), graph.metres.tolist()
    net.add_edges_from(list(zip(*ends, strict=True)))
    return net


def rustworkx_run(net: Any, ask: Ask) -> Floats:
    import rustworkx

    found = np.full((ask.sources.size, net.num_nodes()), np.inf)
    for row, source in enumerate(ask.sources.tolist()):
        lengths = rustworkx.graph_dijkstra_shortest_path_lengths(net, source, float)
        found[row, list(lengths.keys())] = list(lengths.values())
    found[np.arange(ask.sources.size), ask.sources] = 0.0
    return part_of(found, ask)


def networkit_of(graph: graphs.Graph, threads: int = 1) -> Any:
    import networkit as nk

    nk.setNumberOfThreads(threads)
    net = nk.GraphFromCoo(
        (graph.metres, (graph.node0, graph.node1)), n=graph.nodes, weighted=True, directed=False
    )
    net.indexEdges()
    return net


def networkit_of_two(graph: graphs.Graph) -> Any:
    return networkit_of(graph, 2)


def networkit_run(net: Any, ask: Ask) -> Floats:
    import networkit as nk

    search = nk.distance.SPSP(net, ask.sources.tolist())
    search.run()
    found = np.asarray(search.getDistances(asarray=True), dtype=np.float64)
    return part_of(np.where(found > 1e300, np.inf, found), ask)  # it writes the greatest number for none


def gravel_of(graph: graphs.Graph) -> Any:
    import gravel

    gravel.set_max_threads(1)
    rows = our_rows(graph)
    return gravel.Graph(rows.indptr.astype(np.uint32), rows.neighbour.astype(np.uint32), rows.weight)


def gravel_run(net: Any, ask: Ask) -> Floats:
    import gravel

    return part_of(
        np.vstack([gravel.dijkstra(net, source).distances for source in ask.sources.tolist()]), ask
    )


SEARCHES = (
    Contender("scipy.sparse.csgraph", 1, matrix_of, scipy_run),
    Contender("gravel dijkstra", 1, gravel_of, gravel_run, "gravel"),
    Contender("networkit SPSP", 1, networkit_of, networkit_run, "networkit"),
    Contender("networkit SPSP", 2, networkit_of_two, networkit_run, "networkit"),
    Contender("igraph distances", 1, igraph_of, igraph_run, "igraph", most=300_000),
    Contender("rustworkx dijkstra", 1, rustworkx_of, rustworkx_run, "rustworkx", most=300_000),
    Contender("networkx", 1, networkx_of, networkx_run, "networkx", most=40_000),
)


# Hierarchies of others


def gravel_hierarchy(graph: graphs.Graph) -> Any:
    import gravel

    return gravel.CHQuery(gravel.build_ch(gravel_of(graph)))


def gravel_matrix(query: Any, ask: Ask) -> Floats:
    return np.asarray(query.distance_matrix(ask.sources.tolist(), ask.targets.tolist()))


def routingkit_of(graph: graphs.Graph) -> Any:
    import routingkit_cch as kit

    tail, head, metres = graph.both_ways()
    arcs = tail.tolist(), head.tolist()
    order = kit.compute_order_inertial(graph.nodes, *arcs, graph.lat.tolist(), graph.lon.tolist())
    topology = kit.CCH(order, *arcs, False)
    return kit.CCHMetric(topology, metres.astype(np.int64).tolist()), graph.nodes


def routingkit_run(of: Any, ask: Ask) -> Floats:
    import routingkit_cch as kit

    targets = ask.targets.tolist() if ask.targets.size else list(range(of[1]))
    query = kit.CCHOneToMany(of[0], targets)
    return np.array([query.distances_from(source) for source in ask.sources.tolist()], dtype=np.float64)


def pyroutingkit_of(graph: graphs.Graph) -> Any:
    import pyroutingkit as kit

    tail, head, metres = graph.both_ways()
    topology = kit.CCHTopology()
    places = graph.lat.astype(np.float32), graph.lon.astype(np.float32)
    topology.build(tail.astype(np.uint32), head.astype(np.uint32), *places, graph.nodes)
    metric = kit.CCHMetric(topology)
    metric.customize(metres.astype(np.uint32), 1)
    return metric, topology


def pyroutingkit_run(of: Any, ask: Ask) -> Floats:
    import pyroutingkit as kit

    found = of[0].distances_many_to_many(ask.sources.astype(np.uint32), ask.targets.astype(np.uint32))
    return np.where(found >= kit.INF_WEIGHT, np.inf, found.astype(np.float64))


def pandana_of(graph: graphs.Graph) -> Any:
    import pandana
    import pandas as pd

    ends = pd.Series(graph.node0), pd.Series(graph.node1)
    places = pd.Series(graph.lon), pd.Series(graph.lat)
    # It keeps thousandths as whole numbers: metres, of kilometres; more digits and it never comes back.
    return pandana.Network(*places, *ends, pd.DataFrame({"km": graph.metres / METRES_IN_KM}))


def pandana_run(net: Any, ask: Ask) -> Floats:
    sources = np.repeat(ask.sources, ask.targets.size)
    found = np.array(net.shortest_path_lengths(sources, np.tile(ask.targets, ask.sources.size)))
    found = found.reshape(ask.sources.size, ask.targets.size)
    return np.where(found > PANDANA_NONE, np.inf, np.rint(found * METRES_IN_KM))


ALL = (
    *OURS,
    *SEARCHES,
    Contender("routingkit_cch", 1, routingkit_of, routingkit_run, "routingkit_cch", most=300_000),
)
MATRIX = (
    *OURS,
    Contender("routingkit_cch", 1, routingkit_of, routingkit_run, "routingkit_cch"),
    Contender("pyroutingkit", 1, pyroutingkit_of, pyroutingkit_run, "pyroutingkit"),
    Contender("gravel CH", 1, gravel_hierarchy, gravel_matrix, "gravel", most=40_000),
    Contender("pandana", 1, pandana_of, pandana_run, "pandana", most=300_000),
    SEARCHES[0],
    Contender("igraph distances", 1, igraph_of, igraph_run, "igraph", most=300_000),
)


# Replacement paths: costs by edge of the path, as a row for each pair, filled up with NaN


def padded(rows: list[Floats]) -> Floats:
    found = np.full((len(rows), max(row.size for row in rows)), np.nan)
    for row, values in zip(found, rows, strict=True):
        row[: values.size] = np.sort(values)
    return found


def our_replacements(of: Any, ask: Ask, *, nodes: bool = False) -> Floats:
    rows, hierarchy = of if isinstance(of[0], Rows) else (of, None)
    pairs = zip(ask.sources.tolist(), ask.targets.tolist(), strict=True)
    found = [replacement_paths(rows, *pair, nodes=nodes, hierarchy=hierarchy) for pair in pairs]
    return padded([one.without_edge for one in found])


def with_nodes(of: Any, ask: Ask) -> Floats:
    return our_replacements(of, ask, nodes=True)


def gravel_replacements(net: Any, ask: Ask) -> Floats:
    import gravel

    found = []
    for pair in zip(ask.sources.tolist(), ask.targets.tolist(), strict=True):
        costs = [one.replacement_distance for one in gravel.hershberger_suri(net, *pair).edge_fragilities]
        found.append(np.array(costs))
    return padded(found)


def deleted_of(graph: graphs.Graph) -> Any:
    return our_rows(graph), matrix_of(graph), {}


def deleted(of: Any, ask: Ask) -> Floats:
    """Delete some edges of each path, which is known after the first run, and search anew; the time is scaled."""
    rows, matrix, paths = of
    found = []
    for source, target in zip(ask.sources.tolist(), ask.targets.tolist(), strict=True):
        if (source, target) not in paths:
            paths[source, target] = replacement_paths(rows, source, target, nodes=False)
        path = paths[source, target]
        costs = np.full(path.edges.size, np.nan)
        for place in np.unique(np.linspace(0, path.edges.size - 1, SAMPLE).astype(np.int64)):
            here, there = path.nodes[place : place + 2].tolist()
            slots = [
                begin + int(np.flatnonzero(matrix.indices[begin:end] == other)[0])
                for node, other in ((here, there), (there, here))
                for begin, end in [matrix.indptr[node : node + 2]]
            ]
            kept = matrix.data[slots]
            matrix.data[slots] = np.inf
            costs[place] = dijkstra(matrix, directed=True, indices=source)[target]
            matrix.data[slots] = kept
        found.append(np.where(np.isnan(costs), path.without_edge, costs))
    return padded(found)


DELETE = "scipy, edges deleted one by one, scaled"
REPLACED = (
    Contender("three_mismatches, hierarchy at hand", 1, our_hierarchy, our_replacements),
    Contender("three_mismatches, searches", 1, our_rows, our_replacements),
    Contender("three_mismatches, hierarchy, inner nodes too", 1, our_hierarchy, with_nodes),
    Contender("gravel hershberger_suri", 1, gravel_of, gravel_replacements, "gravel"),
    Contender(DELETE, 1, deleted_of, deleted),
)
TABLES = {"all": ALL, "matrix": MATRIX, "replacements": REPLACED}
