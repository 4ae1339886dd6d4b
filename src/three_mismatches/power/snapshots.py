"""What each bus can host over many hours or dispatches: what is firm, what is mostly there, what is curtailed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import dc_network
from three_mismatches.power._base import base_case
from three_mismatches.power._dc_model import DcModel
from three_mismatches.power._screening import Rules
from three_mismatches.power._sensitivities import Sensitivities
from three_mismatches.power.contingencies import Contingencies, outages_of
from three_mismatches.power.hosting import ALONE, maximum_of, positions_of, refuse, screened, screening_of

__all__ = ["HostingOver", "Snapshots", "hosting_over"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Snapshots:
    """
    Hours, or dispatches, of one grid: a row for each, with the same index in every table.

    Attributes
    ----------
    generators, loads, links
        `p_set` of those named by columns; the others keep that of the grid. [MW]
    p_max_pu
        Share of `p_nom` that generators named by columns can give; the others can give all. [p.u.]
    weight
        Hours that each row stands for; 1 without. [h]
    """

    generators: pd.DataFrame | None = None
    loads: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    p_max_pu: pd.DataFrame | None = None
    weight: pd.Series | None = None


@dataclass(frozen=True, eq=False)
class HostingOver:
    """
    What each bus can host over snapshots.

    Attributes
    ----------
    buses
        Index bus: `firm_mw`, what it can host in every snapshot, with `firm_snapshot`, `limiting_line` and
        `limiting_outage` of the least; `available_mw`, what it can host in the asked share of the hours; `mean_mw`;
        where requests are given `request_mw`, `curtailed_mwh` (expected: what of it cannot be had, over all hours),
        `curtailed_share` of its energy, `curtailed_hours`; `flags` of any snapshot.
    hosting_mw
        Index snapshot, a column for each bus. [MW]
    """

    buses: pd.DataFrame
    hosting_mw: pd.DataFrame


def hosting_over(
    grid: Grid,
    snapshots: Snapshots,
    buses: Sequence[str] | pd.Index | None = None,
    *,
    requests: float | pd.Series | None = None,
    availability: float = 0.95,
    security: str = "n1",
    contingencies: Contingencies = "branches",
    participation: pd.Series | Mapping[str, float] | None = None,
    balance: str | None = None,
    islanding: str = "redistribute",
    cutoff: float = 0.05,
    preexisting: str = "ignore",
    max_mw: float | pd.Series | None = None,
    workers: int | None = None,
    progress: bool = False,
) -> HostingOver:
    """
    Return what each bus can host in many hours or dispatches; the network is factorised once.

    Parameters
    ----------
    grid
        As for `hosting`; what snapshots do not say is as it says.
    snapshots
        The dispatches.
    buses
        All without.
    requests
        Load that would be connected without a firm right, at each bus or by bus: what is curtailed of it. [MW]
    availability
        Share of the hours in which `available_mw` is to be had. [-]
    security, contingencies, participation, balance, islanding, cutoff, preexisting, max_mw, workers
        As for `hosting`. Without `participation` it is each snapshot's own.
    progress
        Whether to show how far it is.

    Raises
    ------
    NetworkError
        As `hosting`; if a table names what is not in the grid, lacks snapshots or figures, with every such fault.
    ValueError
        As `hosting`; if `availability` is not between 0 and 1.

    Notes
    -----
    A load is served up to what its bus can host in that hour and curtailed beyond: loads do not compete. Hours follow
    each other without memory.
    """
    refuse(cutoff, 1, workers, security=security, islanding=islanding, preexisting=preexisting)
    if not 0.0 < availability <= 1.0:
        msg = f"availability must be above 0 and at most 1, not {availability!r}"
        raise ValueError(msg)
    index = _checked(grid, snapshots)
    model = DcModel(dc_network(grid))
    asked = pd.unique(positions_of(model.network.buses, buses))
    outages = outages_of(grid, contingencies if security == "n1" else ())
    threads = workers or (1 if len(model.network.branches) * len(asked) < ALONE else os.cpu_count() or 1)
    rules = Rules(cutoff, preexisting, islanding, 1, threads)
    maximum = maximum_of(max_mw, model.network.buses)[asked]
    known, tables = Sensitivities(model, keep=True), []
    for row in track(range(len(index)), "Snapshots", disable=not progress):
        now = _at(grid, snapshots, row)
        base = base_case(now, balance=balance, participation=participation, model=model)
        screen = screening_of(
            now, base, asked, outages, rules, with_interfaces=security == "n1", sensitivities=known
        )
        tables.append(screened(screen, screen.limits(asked, maximum), asked))
    values = np.array([table["hosting_mw"] for table in tables], dtype=np.float64)
    hosting_mw = pd.DataFrame(values, index=index, columns=model.network.buses[asked].rename("bus"))
    weight = np.ones(len(index)) if snapshots.weight is None else snapshots.weight.to_numpy(dtype=np.float64)
    found = _firm(tables, hosting_mw)
    found["available_mw"] = _available(values, weight, availability)
    found["mean_mw"] = weight @ values / weight.sum()
    if requests is not None:
        found = found.join(_curtailed(values, weight, _by_bus(requests, found.index), found.index))
    found["flags"] = _all_flags([table["flags"] for table in tables])
    return HostingOver(found, hosting_mw)


def _firm(tables: list[pd.DataFrame], hosting_mw: pd.DataFrame) -> pd.DataFrame:
    """Return what each bus can host in every snapshot, and what limits it in the worst."""
    worst = hosting_mw.to_numpy().argmin(axis=0)
    rows = [tables[row].iloc[bus] for bus, row in enumerate(worst)]
    columns = {
        "firm_mw": "hosting_mw",
        "limiting_line": "limiting_line",
        "limiting_outage": "limiting_outage",
    }
    found = pd.DataFrame(
        {name: [row[column] for row in rows] for name, column in columns.items()}, index=hosting_mw.columns
    )
    found.insert(1, "firm_snapshot", hosting_mw.index[worst])
    return found


def _all_flags(some: list[pd.Series]) -> list[str]:
    """Return the flags of any snapshot, by bus."""
    each = zip(*some, strict=True)
    return [";".join(sorted({code for text in texts for code in text.split(";") if code})) for texts in each]


def _available(values: Floats, weight: Floats, availability: float) -> Floats:
    """Return the most that is to be had in the asked share of the hours, by bus. [MW]"""
    order = np.argsort(-values, axis=0, kind="stable")
    hours = np.cumsum(weight[order], axis=0)
    enough = (hours >= availability * weight.sum() * (1.0 - 1e-12)).argmax(axis=0)
    at = np.arange(values.shape[1])
    found: Floats = values[order[enough, at], at]
    return found


def _curtailed(values: Floats, weight: Floats, request: Floats, index: pd.Index) -> pd.DataFrame:
    """Return what of requests cannot be had."""
    short = np.maximum(request - values, 0.0)
    lost = weight @ short
    asked = request * weight.sum()
    return pd.DataFrame(
        {
            "request_mw": request,
            "curtailed_mwh": lost,
            "curtailed_share": np.divide(lost, asked, out=np.zeros_like(lost), where=asked > 0.0),
            "curtailed_hours": weight @ (short > CURTAILED_MW),
        },
        index=index,
    )


CURTAILED_MW = 1e-6
"""Less than this is not curtailed."""


def _by_bus(requests: float | pd.Series, buses: pd.Index) -> Floats:
    """Return the request at each bus. [MW]"""
    if not isinstance(requests, pd.Series):
        return np.full(len(buses), float(requests))
    lost = buses.difference(requests.index)
    if len(lost) or requests.isna().any() or (requests < 0.0).any():
        bad = [*lost, *requests.index[requests.isna() | (requests < 0.0)]]
        cure = "Give MW of 0 or more for every bus that is asked"
        raise NetworkError([Fault("requests", "value", "is missing or below 0", cure, tuple(map(str, bad)))])
    return requests.reindex(buses).to_numpy(dtype=np.float64)


def _checked(grid: Grid, snapshots: Snapshots) -> pd.Index:
    """Return the index of the snapshots; raise one error for all that is wrong with their tables."""
    tables = {
        field.name: getattr(snapshots, field.name)
        for field in fields(snapshots)
        if getattr(snapshots, field.name) is not None
    }
    if not tables:
        raise NetworkError(
            [Fault("snapshots", "table", "is not given", "Give at least one, such as loads", ())]
        )
    index: pd.Index = next(iter(tables.values())).index
    faults = []
    for name, table in tables.items():
        if not table.index.equals(index):
            cure = "Give every table the same rows"
            faults.append(Fault(f"snapshots.{name}", "index", "differs from the first table's", cure, ()))
        frame = table.to_frame() if isinstance(table, pd.Series) else table
        bad = ~np.isfinite(frame.to_numpy(dtype=np.float64)).all(axis=1)
        if bad.any():
            rows = tuple(map(str, table.index[bad]))
            faults.append(
                Fault(f"snapshots.{name}", "values", "are not all finite numbers", "Fill them", rows)
            )
        if isinstance(table, pd.DataFrame):
            known = (grid.generators if name == "p_max_pu" else getattr(grid, name)).index
            strange = tuple(map(str, table.columns[~table.columns.isin(known)]))
            if strange:
                faults.append(
                    Fault(f"snapshots.{name}", "columns", "are not in the grid", "Correct them", strange)
                )
    if snapshots.weight is not None and not (snapshots.weight >= 0.0).all():
        faults.append(Fault("snapshots.weight", "values", "are below 0", "Give hours", ()))
    if faults:
        raise NetworkError(faults)
    if not len(index):
        raise NetworkError([Fault("snapshots", "index", "has no rows", "Give at least one snapshot", ())])
    return index


def _at(grid: Grid, snapshots: Snapshots, row: int) -> Grid:
    """Return the grid in one snapshot."""
    generators = _set(grid.generators, "p_set", snapshots.generators, row)
    if snapshots.p_max_pu is not None:
        share = snapshots.p_max_pu.iloc[row].reindex(generators.index).fillna(1.0)
        generators = generators.assign(p_nom=generators["p_nom"] * share)
    links = grid.links if snapshots.links is None else _set(grid.links, "p_set", snapshots.links, row)
    return replace(
        grid, generators=generators, loads=_set(grid.loads, "p_set", snapshots.loads, row), links=links
    )


def _set(table: pd.DataFrame, column: str, snapshots: pd.DataFrame | None, row: int) -> pd.DataFrame:
    """Return a table with the figures of one snapshot in a column."""
    if snapshots is None:
        return table
    now = snapshots.iloc[row].reindex(table.index)
    before = table[column] if column in table else pd.Series(np.nan, index=table.index)
    return table.assign(**{column: now.fillna(before)})
