"""
Shortest paths: costs from many nodes to all, between many, and after every loss on a path, beside what else is at hand.

    python benchmarks/latency.py                                    all tables
    python benchmarks/latency.py --tntp Sydney_net.tntp             with real roads
    python benchmarks/latency.py --only matrix --graphs "roads 33k" --runs 5 --dry

What the graphs are stands in the head of `latency_graphs.py`. Every contender has a process of its own for each graph,
so that peak memory is its own; they take turns. Numerical libraries get one thread; how many a contender itself uses
stands beside its name. *Build* is from arrays of edges to each contender's own network in memory, a hierarchy included
where it has one; what is timed after that is the answer. One row of ours builds nothing beforehand:
`distances` chooses, and all is in its time. A turn lasts at least 50 ms: what is quicker runs several times, and the
mean counts. Before anything is timed each answers once, and its answer is held against scipy's.

Contenders that are not installed are left out, and named. Tables are written into benchmarks/README.md, between the
markers of each section.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

import latency_graphs as graphs
from three_mismatches.latency.distances import Hierarchy, Rows, distances, replacement_paths

README = Path(__file__).parent / "README.md"
NUMERIC = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PACKAGES = (
    "numpy", "scipy", "numba", "networkx", "igraph", "rustworkx", "networkit", "gravel-fragility", "routingkit_cch",
    "pyroutingkit", "pandana", "topohub",
)  # fmt: skip
MEGABYTE_IN_KIB = 1024.0
METRES_IN_KM = 1000.0
PANDANA_NONE = 4e6  # km: what it writes where there is no path is beyond
SMALL = "backbone"
SOURCES = 32
PAIRS = 100
TURN = 0.05  # s
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
    Contender("igraph distances", 1, igraph_of, igraph_run, "igraph"),
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


ALL = (*OURS, *SEARCHES, Contender("routingkit_cch", 1, routingkit_of, routingkit_run, "routingkit_cch"))
MATRIX = (
    *OURS,
    Contender("routingkit_cch", 1, routingkit_of, routingkit_run, "routingkit_cch"),
    Contender("pyroutingkit", 1, pyroutingkit_of, pyroutingkit_run, "pyroutingkit"),
    Contender("gravel CH", 1, gravel_hierarchy, gravel_matrix, "gravel", most=40_000),
    Contender("pandana", 1, pandana_of, pandana_run, "pandana"),
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


# The race

HELD: dict[str, Any] = {}
"""What a process holds between its turns."""


def peak_megabytes() -> float:
    """Return the peak memory of this process alone: what its parent held counts in `getrusage`."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / MEGABYTE_IN_KIB


def prepare(table: str, number: int, small: Path, path: Path, ask: Ask) -> tuple[float, float]:
    """Warm a contender on the smallest graph, load its own; return the seconds and the memory of that [s, MB]."""
    warnings.simplefilter("ignore")
    contender = TABLES[table][number]
    first = graphs.load(small)
    few = Ask(np.arange(40), np.arange(40, 80) if ask.targets.size else ask.targets)
    contender.run(contender.load(first), few)
    graph = graphs.load(path)
    start = time.perf_counter()
    of = contender.load(graph)
    taken = time.perf_counter() - start
    HELD.update(contender=contender, of=of, ask=ask)
    return taken, peak_megabytes()


def once() -> tuple[float, float]:
    """Return seconds of a run, the mean of those of a turn, and peak memory [MB]."""
    runs, start, taken = 0, time.perf_counter(), 0.0
    while taken < TURN:
        HELD.pop("answer", None)
        HELD["answer"] = HELD["contender"].run(HELD["of"], HELD["ask"])
        runs, taken = runs + 1, time.perf_counter() - start
    return taken / runs, peak_megabytes()


def difference(expected: Path) -> float:
    """Return the greatest relative difference from what is expected, inf if it is not of the same places."""
    found, right = HELD["answer"], np.load(expected)
    if found.shape != right.shape or not np.array_equal(np.isfinite(found), np.isfinite(right)):
        return float("inf")
    finite = np.isfinite(right)
    return float((np.abs(found[finite] - right[finite]) / np.maximum(right[finite], 1.0)).max(initial=0.0))


class Row(NamedTuple):
    """What was measured of a contender."""

    contender: Contender
    build: float
    seconds: list[float]
    data_mb: float
    peak_mb: float
    off: float

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def expect(table: str, graph: graphs.Graph, ask: Ask, path: Path) -> None:
    """Write what scipy answers; after losses, what ours does: scipy answers for a sample then."""
    if table == "replacements":
        np.save(path, our_replacements(our_rows(graph), ask))
    else:
        np.save(path, scipy_run(matrix_of(graph), ask))


def race(
    table: str, folder: Path, name: str, graph: graphs.Graph, ask: Ask, chosen: argparse.Namespace
) -> list[Row]:
    """Return a row for each contender; the first run is for the answers, the others take turns."""
    path, expected = folder / "graph.npz", folder / "expected.npy"
    graphs.save(graph, path)
    expect(table, graph, ask, expected)
    pools = {
        number: ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        for number, contender in enumerate(TABLES[table])
        if graph.nodes <= contender.most and installed(contender)
    }
    rows: dict[int, Row] = {}
    for number, pool in pools.items():
        contender = TABLES[table][number]
        build, data = pool.submit(prepare, table, number, folder / f"{SMALL}.npz", path, ask).result()
        seconds, peak = pool.submit(once).result()
        off = pool.submit(difference, expected).result()
        rows[number] = Row(contender, build, [seconds], data, peak, off)
        print(
            f"{table}, {name}: {contender.name} ({contender.threads}), {seconds:.3f} s, off by {off:.1e}",
            flush=True,
        )
    patient = [number for number, row in rows.items() if row.seconds[0] <= chosen.patience]
    for number in patient:
        rows[number].seconds.clear()
    for _ in range(chosen.runs):
        for number in patient:
            rows[number].seconds.append(pools[number].submit(once).result()[0])
    for pool in pools.values():
        pool.shutdown()
    return list(rows.values())


def installed(contender: Contender) -> bool:
    return not contender.package or importlib.util.find_spec(contender.package) is not None


# The tables


def markdown(name: str, graph: graphs.Graph, ask: Ask, rows: list[Row]) -> list[str]:
    lines = []
    for row in rows:
        scale = 1.0
        if row.contender.name == DELETE:
            edges = np.isfinite(our_replacements(our_rows(graph), ask)) | True
            edges = (~np.isnan(our_replacements(our_rows(graph), ask))).sum(axis=1)
            scale = float(edges.sum() / np.minimum(edges, SAMPLE).sum())
        median, least, most = (scale * 1e3 * figure(row.seconds) for figure in (statistics.median, min, max))
        lines.append(
            f"| {name} ({graph.nodes:,}, {graph.node0.size:,}) | {row.contender.name} | {row.contender.threads} "
            f"| {len(row.seconds)} | {1e3 * row.build:,.0f} | {median:,.2f} | {least:,.2f} - {most:,.2f} "
            f"| {median / (1e3 * rows[0].median):,.2f} | {row.peak_mb:,.0f} | {row.data_mb:,.0f} | {row.off:.0e} |"
        )
    return lines


HEAD = (
    "| graph (nodes, edges) | | threads | runs | build [ms] | median [ms] | least - most [ms] | times ours, 1 thread "
    "| peak [MB] | of it data [MB] | off by |\n|---|---|---:|---:|---:|---:|---|---:|---:|---:|---:|"
)
NOTES = {
    "all": f"From {SOURCES} nodes, drawn at random, to all nodes; from 64 nodes of the backbone. *Off by*: the "
    "greatest relative difference from scipy. routingkit_cch has all nodes as targets, and answers with lists.",
    "matrix": f"Between {SOURCES} nodes and {SOURCES} others, drawn at random; 64 and 64 of the backbone.",
    "replacements": "What the best way costs after the loss of each edge of the shortest path, one at a time, for "
    f"{PAIRS} pairs drawn at random (a fifth of them on large graphs); lengths are no whole metres here, so that there "
    "is one shortest path. *Off by*: the greatest relative difference from ours by searches; in the last row, which "
    f"runs {SAMPLE} losses of each path and is scaled to all, that of ours from a search without the edge.",
}


def asked(table: str, name: str, graph: graphs.Graph) -> Ask:
    rng = np.random.default_rng(graphs.SEED)
    count = 64 if name == SMALL else SOURCES
    ends = rng.choice(graph.nodes, (2, count), replace=False)
    if table == "all":
        return Ask(ends[0], ends[1, :0])
    if table == "matrix":
        return Ask(*ends)
    # Pairs in one piece of the graph, so that there is a path to lose edges of.
    reached = np.flatnonzero(np.isfinite(dijkstra(matrix_of(graph), indices=int(np.argmax(degrees(graph))))))
    return Ask(*rng.choice(reached, (2, PAIRS if graph.nodes < 100_000 else PAIRS // 5)))


def degrees(graph: graphs.Graph) -> Ints:
    return np.bincount(np.concatenate([graph.node0, graph.node1]), minlength=graph.nodes)


def section(table: str, folder: Path, chosen: argparse.Namespace) -> str:
    missing = sorted({contender.package for contender in TABLES[table] if not installed(contender)})
    lines = []
    for name in chosen.graphs:
        if table == "replacements" and name == "roads 1M":
            continue
        graph = graphs.load(folder / f"{name}.npz")
        if table == "replacements":
            graph = graphs.uneven(graph)
        ask = asked(table, name, graph)
        lines += markdown(name, graph, ask, race(table, folder, name, graph, ask, chosen))
    without = f" Not installed: {', '.join(missing)}." if missing else ""
    return f"{NOTES[table]}{without}\n\n{HEAD}\n" + "\n".join(lines)


def machine() -> str:
    def known(package: str) -> str:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            return f"{package} missing"

    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{len(os.sched_getaffinity(0))} cores, {system}, {', '.join(map(known, PACKAGES))}"


def write(name: str, text: str) -> None:
    """Put a section between its markers."""
    start, end = f"<!-- latency: {name} -->", f"<!-- /latency: {name} -->"
    page = README.read_text(encoding="utf-8")
    before, rest = page.split(start)
    after = rest.split(end)[1]
    README.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def make(folder: Path, chosen: argparse.Namespace) -> None:
    """Make the graphs that are asked for, and the smallest, which warms contenders."""
    graphs.save(graphs.backbone(), folder / f"{SMALL}.npz")
    for option, read in (("tntp", graphs.tntp), ("dimacs", graphs.dimacs)):
        path = getattr(chosen, option)
        if path:
            name = f"{Path(path).stem}"
            graphs.save(read(Path(path)), folder / f"{name}.npz")
            chosen.graphs.insert(1, name)
    for name in chosen.graphs:
        if name in graphs.SYNTHETIC:
            graphs.save(graphs.synthetic(graphs.SYNTHETIC[name]), folder / f"{name}.npz")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Shortest paths, matrices and replacement paths.")
    known = [SMALL, *graphs.SYNTHETIC]
    parser.add_argument("--only", nargs="+", default=list(TABLES), choices=list(TABLES))
    parser.add_argument("--graphs", nargs="+", default=known, choices=known)
    parser.add_argument("--tntp", default="", help="a network of the Transportation Networks collection")
    parser.add_argument("--dimacs", default="", help="a road network of the ninth DIMACS challenge")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each, in turns")
    parser.add_argument("--patience", type=float, default=10.0, help="no second run of what takes longer [s]")
    parser.add_argument("--dry", action="store_true", help="print the tables, write nothing")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ |= dict.fromkeys(NUMERIC, "1")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make(folder, chosen)
        for name in chosen.only:
            text = (
                f"{date.today().isoformat()}, {machine()}, runs in turns.\n\n{section(name, folder, chosen)}"
            )
            print(f"\n{text}\n", flush=True)
            if not chosen.dry:
                write(name, text)


if __name__ == "__main__":
    main()
