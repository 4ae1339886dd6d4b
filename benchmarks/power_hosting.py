"""
Hosting of every bus beside our own brute force, and programmes beside HiGHS alone: sections of `power.py`.

Nobody else offers the job, so the rival is what anyone would write first: for each bus, each outage and each line,
with PTDF and LODF given and not timed. It runs some buses, and its time is scaled to all: they cost the same each.
Bridges are left out by both, what is violated before counts for none, and both answers are held against each other
for the buses that ran.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import highspy
import numba
import numpy as np
from numpy.typing import NDArray

import three_mismatches as tm
from three_mismatches.layers import Grid
from three_mismatches.power._base import base_case
from three_mismatches.power.ladder import Models

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SITES = 24
"""Buses that brute force runs."""

REQUESTS = 20
"""Buses that ask together."""

AFTER = 1.2
"""Rating after an outage over that before: the cases state none."""

KIB_IN_MEGABYTE = 1024.0

LEAST = 1e-9
"""A change below this is rounding, for both."""


SLACK_MW = 1e-6
"""Beyond a rating by more than this is violated before."""


class Given(NamedTuple):
    """What brute force is given."""

    sites: Ints
    change: Floats
    moved: Floats
    flow: Floats
    rating: Floats
    emergency: Floats
    outages: Ints
    cap: float


def given(grid: Grid) -> Given:
    """Return what brute force is given: factors of lines with a rating first, then of the others."""
    base = base_case(grid)
    network, model = base.network, base.model
    sites = np.linspace(0, len(network.buses) - 1, SITES).astype(np.int64)
    rated = np.isfinite(grid.lines["s_nom"].to_numpy(dtype=np.float64)) & network.working
    outages = np.flatnonzero(network.working & ~model.bridges)
    order = np.concatenate([np.flatnonzero(rated), np.setdiff1d(outages, np.flatnonzero(rated))])
    place = np.empty(len(network.branches), dtype=np.int64)
    place[order] = np.arange(len(order))
    share = base.weight / base.weight.sum()
    injected = np.zeros((len(network.buses), SITES))
    injected[sites, np.arange(SITES)] = 1.0
    change = (model.flows(share[:, None]) - model.flows(injected))[order].T
    moved = np.empty((rated.sum(), len(outages)))
    model.lodf_into(moved, np.flatnonzero(rated), outages)
    normal = grid.lines["s_nom"].to_numpy(dtype=np.float64)
    after = grid.lines["s_nom_emergency"].fillna(grid.lines["s_nom"]).to_numpy(dtype=np.float64)
    answering = base.weight > 0.0
    return Given(
        sites=sites,
        change=np.ascontiguousarray(change),
        moved=np.ascontiguousarray(moved.T),
        flow=base.flow[order],
        rating=normal[order][: rated.sum()],
        emergency=after[order][: rated.sum()],
        outages=place[outages],
        cap=float((base.room[answering] / share[answering]).min()),
    )


def brute(of: Given) -> Floats:
    size = len(of.rating)
    return brute_rows(of.change, of.moved, of.flow, of.rating, of.emergency, of.outages, of.cap, size)


@numba.njit(cache=True)
def brute_rows(change, moved, flow, rating, emergency, outages, cap, size):
    """
    Return the least limit of each bus: `change` by bus and line, `moved` by outage and line.

    Lines with a rating come first, `size` of them; the others only stand there as what can be lost.
    """
    best = np.full(len(change), cap)
    for site in range(len(change)):
        for line in range(size):
            by = change[site, line]
            room = rating[line] - flow[line] if by > 0.0 else rating[line] + flow[line]
            held = abs(flow[line]) <= rating[line] + SLACK_MW
            if held and abs(by) > LEAST and room < best[site] * abs(by):
                best[site] = max(room, 0.0) / abs(by)
        for number in range(len(outages)):
            lost = outages[number]
            by_lost, flow_lost = change[site, lost], flow[lost]
            for line in range(size):
                by = change[site, line] + moved[number, line] * by_lost
                now = flow[line] + moved[number, line] * flow_lost
                room = emergency[line] - now if by > 0.0 else emergency[line] + now
                closer = abs(by) > LEAST and room < best[site] * abs(by) and line != lost
                if closer and abs(now) <= emergency[line] + SLACK_MW:
                    best[site] = max(room, 0.0) / abs(by)
    return best


def hosting_section(chosen: argparse.Namespace, folder: Path, grid_of: Callable[[Path], Grid]) -> str:
    """Return the table of hosting."""
    rows = []
    for case in chosen.sizes[1:]:
        grid = grid_of(folder / f"{case}.m")
        lines = grid.lines.assign(s_nom_emergency=AFTER * grid.lines["s_nom"])
        rows += _hosting_rows(case, Grid(**{**vars(grid), "lines": lines}), chosen.runs)
    head = (
        "| case (buses, rated lines, outages) | | threads | runs | median [s] | times ours, 1 thread "
        "| off by [MW] |"
    )
    return (
        "From the tables to the limit of every bus, N-1, and of it what binds; PTDF and LODF are part of our time and "
        f"not of brute force's, which runs {SITES} buses, scaled to all. Nobody else offers this job. Ratings after an "
        "outage are 1.2 times those before; what is violated before counts for none (and is listed by ours).\n\n"
        + "\n".join([head, "|---|---|---:|---:|---:|---:|---:|", *rows])
    )


def _hosting_rows(case: str, grid: Grid, runs: int) -> list[str]:
    of = given(grid)
    options = {"islanding": "skip", "cutoff": 0.0, "preexisting": "ignore"}
    contenders: dict[tuple[str, int], Callable[[], object]] = {
        ("three_mismatches, first limit", 1): lambda: tm.power.hosting(grid, workers=1, top=1, **options),
        ("three_mismatches, first limit", 2): lambda: tm.power.hosting(grid, workers=2, top=1, **options),
        ("three_mismatches, five limits, splits evaluated", 2): lambda: tm.power.hosting(
            grid, workers=2, cutoff=0.0
        ),
        ("brute force, scaled", 1): lambda: brute(of),
    }
    taken: dict[tuple[str, int], list[float]] = {key: [] for key in contenders}
    for turn in range(runs + 1):
        for key, run in contenders.items():
            start = time.perf_counter()
            run()
            taken[key].append(time.perf_counter() - start)
            print(f"{case} {key} {turn}: {taken[key][-1]:.2f} s", flush=True)
    seconds = {key: statistics.median(times[1:]) for key, times in taken.items()}
    seconds["brute force, scaled", 1] *= len(grid.buses) / SITES
    ours = seconds["three_mismatches, first limit", 1]
    found = tm.power.hosting(grid, top=1, **options)["hosting_mw"].to_numpy()
    off = float(np.abs(found[of.sites] - brute(of)).max())
    size = f"{case} ({len(grid.buses):,}, {len(of.rating):,}, {len(of.outages):,})"
    return [
        f"| {size} | {name} | {threads} | {runs} | {each:,.2f} | {each / ours:,.1f} | {off:.0e} |"
        for (name, threads), each in seconds.items()
    ]


def memory_section(chosen: argparse.Namespace, folder: Path, grid_of: Callable[[Path], Grid]) -> str:
    """Return the table of the most memory that one run takes, each in a process of its own."""
    rows = []
    for case in chosen.sizes[1:]:
        grid = grid_of(folder / f"{case}.m")
        grid = Grid(**{**vars(grid), "lines": grid.lines.assign(s_nom_emergency=AFTER * grid.lines["s_nom"])})
        for name in ("data", "first limit", "five limits", "brute force"):
            rows.append(f"| {case} | {name} | {_peak(grid, name):,.0f} |")
            print(rows[-1], flush=True)
    return "Peak memory of hosting, the process and its data included.\n\n" + "\n".join(
        ["| case | | peak [MB] |", "|---|---|---:|", *rows]
    )


def _peak(grid: Grid, name: str) -> float:
    """Return the most memory that one run takes in a process of its own. [MB]"""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_ran, grid, name).result()


def _ran(grid: Grid, name: str) -> float:
    if name == "brute force":
        brute(given(grid))
    elif name != "data":
        tm.power.hosting(grid, workers=1, cutoff=0.0, top=5 if name == "five limits" else 1)
    # The peak that getrusage tells is that of the process which began this one, if that is larger.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / KIB_IN_MEGABYTE


def programme_section(chosen: argparse.Namespace, folder: Path, grid_of: Callable[[Path], Grid]) -> str:
    """Return the table of the programmes."""
    rows = []
    for case in chosen.sizes:
        grid = grid_of(folder / f"{case}.m")
        grid = Grid(**{**vars(grid), "generators": grid.generators.assign(p_min=0.0)})
        rows.append(_programme_row(case, grid, chosen.runs))
    head = (
        "| case | places | columns, rows | tables read [s] | ours, built and solved [s] | HiGHS alone [s] "
        "| ours / HiGHS | N-1, all outages [s] | rows added, of pairs |"
    )
    return (
        f"Most new load at {REQUESTS} buses with free redispatch. HiGHS alone is handed the finished arrays of the "
        "same programme (ratings before outages); ours makes them of the grid's. The last columns: the same with every "
        "outage of a line, by rows that are added until nothing is violated; what the dispatch violates already is "
        "left out. Ratings after an outage are 1.2 times those before.\n\n"
        + "\n".join([head, "|---|---:|---:|---:|---:|---:|---:|---:|---:|", *rows])
    )


def _programme_row(case: str, grid: Grid, runs: int) -> str:
    grid = Grid(**{**vars(grid), "lines": grid.lines.assign(s_nom_emergency=AFTER * grid.lines["s_nom"])})
    base = base_case(grid)
    places = np.linspace(0, len(base.network.buses) - 1, REQUESTS).astype(np.int64)
    upper = np.full(REQUESTS, 200.0)
    made = Models.of(grid, base, places, "branches", islanding="redistribute", preexisting="ignore")
    arrays = made.intact()
    arrays.most_new(upper)
    lp = arrays._highs.getLp()
    read, ours, alone, secure = [], [], [], []
    for _ in range(runs + 1):
        start = time.perf_counter()
        fresh = base_case(grid)
        models = Models.of(grid, fresh, places, "branches", islanding="redistribute", preexisting="ignore")
        read.append(time.perf_counter() - start)
        start = time.perf_counter()
        found = models.intact().most_new(upper)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.passModel(lp)
        highs.run()
        alone.append(time.perf_counter() - start)
        start = time.perf_counter()
        model = models.secure()
        model.most_new(upper)
        secure.append(time.perf_counter() - start)
        print(f"{case}: {ours[-1]:.3f} {alone[-1]:.3f} {secure[-1]:.3f}", flush=True)
    total = float(found.new_mw.sum())
    off = abs(total - float(np.array(highs.getSolution().col_value)[arrays._columns(7)].sum()))
    print(f"{case}: off by {off:.1e} MW of {total:,.1f}", flush=True)
    begun, first, second, third = (statistics.median(times[1:]) for times in (read, ours, alone, secure))
    pairs = int(np.isfinite(made.emergency).sum()) * len(made.outages)
    return (
        f"| {case} | {REQUESTS} | {lp.num_col_:,}, {lp.num_row_:,} | {begun:.3f} | {first:.3f} | {second:.3f} "
        f"| {first / second:.2f} | {third:.2f} | {len(model._security):,} of {pairs:,} |"
    )


__all__ = ["hosting_section", "memory_section", "programme_section"]
