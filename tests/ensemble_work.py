"""A small study and cheap evaluations of it, and a run of its own process that a test can kill."""

from __future__ import annotations

import logging
import sys
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd

from three_mismatches import ensemble
from three_mismatches.assumptions import resolve
from three_mismatches.errors import NetworkError

SAMPLER = ensemble.Ranges(["tie_level", "route_factor"], draws=40, seed=7, choices={"year": (2030, 2034)})


def study():
    """Return one site of 40 MW where 25 are secure (see conftest.radial_layers)."""
    from shapely.geometry import Point

    from conftest import radial_layers, tables_of
    from three_mismatches.layers.settings import Settings

    sites = {"s": {"geometry": Point(0.2, 0.7), "request_mw": 40.0, "status": "planned"}}
    tables = tables_of({**radial_layers(), "sites": sites})
    return SimpleNamespace(tables=tables, settings=Settings())


def linear(tables, settings):
    """Return a total of 10 tie_level + 5 (supply_level + 1) and three sites, b and c equal."""
    values = resolve(settings.assume)
    tie, supply = values["tie_level"], values["supply_level"]
    fleet = pd.DataFrame(
        {"value": [10.0 * tie + 5.0 * (supply + 1.0), float(settings.year)], "unit": ["MW", "-"]},
        index=["total_mw", "year"],
    )
    sites = pd.DataFrame(
        {
            "power_gap_mw": [2.0 + tie, 1.0, 1.0, np.nan],
            "dominant_mismatch": ["none", "none", None, "unknown"],
        },
        index=["a", "b", "c", "d"],
    )
    return SimpleNamespace(fleet=fleet, sites=sites)


def slow_linear(tables, settings):
    """Return what `linear` does, after some milliseconds of work."""
    np.linalg.inv(np.eye(300) + 0.001 * np.arange(300.0))
    return linear(tables, settings)


def fails_below_zero(tables, settings):
    """Return what `linear` does; raise where ties are below their median."""
    if settings.assume.get("tie_level", 0.0) < 0.0:
        msg = "ties carry nothing"
        raise NetworkError(msg)
    return linear(tables, settings)


def runs_out_of_memory(tables, settings):
    raise MemoryError


def executor_of(kind: str) -> AbstractContextManager[Executor | None]:
    if kind == "serial":
        return nullcontext()
    if kind == "processes":
        return ensemble.processes(2)
    from dask.distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None)
    return Client(cluster).get_executor()


def main() -> None:
    """Run in the folder, by the executor, that the command line names; say which chunks are kept."""
    kind, folder = sys.argv[1:]
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING)
    logging.getLogger("three_mismatches").setLevel(logging.INFO)
    with executor_of(kind) as executor:
        ensemble.run(study(), SAMPLER, executor=executor, checkpoint=folder, chunk=2, evaluate=slow_linear)
