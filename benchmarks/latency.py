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
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

import latency_graphs as graphs
from latency_contenders import (
    DELETE,
    SAMPLE,
    TABLES,
    Ask,
    Contender,
    matrix_of,
    our_replacements,
    our_rows,
    scipy_run,
)

README = Path(__file__).parent / "README.md"
NUMERIC = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
PACKAGES = (
    "numpy", "scipy", "numba", "networkx", "igraph", "rustworkx", "networkit", "gravel-fragility", "routingkit_cch",
    "pyroutingkit", "pandana", "topohub",
)  # fmt: skip
MEGABYTE_IN_KIB = 1024.0
SMALL = "backbone"
SOURCES = 32
PAIRS = 100
TURN = 0.05  # s

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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
        if table != "all" and name == "roads 1M":
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
