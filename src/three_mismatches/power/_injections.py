"""What a grid's tables inject at each bus, and who takes up what is lacking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import DcNetwork

__all__ = [
    "balance_of",
    "by_bus",
    "floats_of",
    "injected_by",
    "operating",
    "room_upwards",
    "served",
    "slack_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BALANCED_MW = 1e-9
"""An imbalance below this, for each MW injected, is rounding."""


def by_bus(values: pd.Series | Mapping[str, float], buses: pd.Index, what: str) -> Floats:
    """Return values by bus in the order of the grid, 0 where none is given."""
    found = pd.Series(values, dtype=np.float64)
    at = buses.get_indexer(found.index)
    strange = at < 0
    bad = ~np.isfinite(found.to_numpy())
    faults = [
        Fault(what, column, problem, cure, tuple(map(str, found.index[rows])))
        for column, problem, cure, rows in (
            ("index", "is no bus of the grid", "Correct its name", strange),
            ("value", "is not a finite number", "Give MW", bad),
        )
        if rows.any()
    ]
    if faults:
        raise NetworkError(faults)
    return np.bincount(at, weights=found.to_numpy(), minlength=len(buses)).astype(np.float64)


def floats_of(values: pd.Series) -> Floats:
    """Return a column's figures as an array of its own."""
    return np.array(values, dtype=np.float64)


def injected_by(grid: Grid) -> Floats:
    """Return what the tables inject at each bus. [MW]"""
    buses = grid.buses.index
    plants = operating(grid)
    untold = plants[plants["p_set"].isna()]
    if len(untold):
        cure = "Give the output of each; the grid of a study's result has a dispatch, study.solve().grid"
        rows = tuple(map(str, untold.index))
        raise NetworkError([Fault("generators", "p_set", "is missing", cure, rows)])
    total = by_bus(plants.set_index("bus")["p_set"], buses, "generators")
    total -= by_bus(served(grid).set_axis(grid.loads["bus"]), buses, "loads")
    if "p_set" in grid.links:
        sent = grid.links[grid.links["p_set"].notna()]
        arriving = sent["p_set"].where(sent["p_set"] < 0.0, sent["p_set"] * sent["efficiency"])
        leaving = sent["p_set"].where(sent["p_set"] >= 0.0, sent["p_set"] * sent["efficiency"])
        total -= by_bus(leaving.set_axis(sent["bus0"]), buses, "links")
        total += by_bus(arriving.set_axis(sent["bus1"]), buses, "links")
    return total


def served(grid: Grid) -> pd.Series:
    """Return what each load draws: all of it, unless a dispatch had to shed some. [MW]"""
    drawn = grid.loads["p_set"]
    return drawn - grid.loads["shed_mw"] if "shed_mw" in grid.loads else drawn


def operating(grid: Grid) -> pd.DataFrame:
    """Return the generators at buses that operate."""
    plants = grid.generators
    found: pd.DataFrame = plants[plants["bus"].notna() & plants["status"].eq("operating")]
    return found


def balance_of(
    grid: Grid,
    network: DcNetwork,
    injected: Floats,
    balance: str | None,
    participation: pd.Series | Mapping[str, float] | None,
) -> Floats:
    """Return what is added at each bus so that each part of the network is balanced. [MW]"""
    if balance not in (None, "slack", "participation"):
        msg = f"balance={balance!r} is not known; there are 'slack' and 'participation'"
        raise ValueError(msg)
    count = int(network.component.max(initial=-1)) + 1
    lacking: Floats = -np.bincount(network.component, weights=injected, minlength=count).astype(np.float64)
    size = np.bincount(network.component, weights=np.abs(injected), minlength=count)
    lacking[np.abs(lacking) <= BALANCED_MW * np.maximum(size, 1.0)] = 0.0
    slack = (
        slack_of(grid) if balance != "participation" and participation is None else np.zeros(len(injected))
    )
    has_slack = np.bincount(network.component, weights=slack, minlength=count) > 0.0
    given = None if participation is None else by_bus(participation, network.buses, "participation")
    if balance == "slack":
        weight = slack
    else:
        room = given if given is not None else _room_either_way(grid, network, lacking)
        weight = np.where(has_slack[network.component], slack, room)
    total = np.bincount(network.component, weights=weight, minlength=count)
    lost = np.flatnonzero((lacking != 0.0) & ~(total > 0.0))
    if len(lost):
        raise NetworkError(_unbalanced(network, lost, lacking))
    share = np.where(total > 0.0, lacking / np.where(total > 0.0, total, 1.0), 0.0)
    added: Floats = weight * share[network.component]
    return added


def _room_either_way(grid: Grid, network: DcNetwork, lacking: Floats) -> Floats:
    """Return how far generators can still go in the direction that their part of the network asks for. [MW]"""
    plants = operating(grid)
    output = plants["p_set"].fillna(0.0)
    down = (output - plants["p_min"].fillna(0.0)).clip(lower=0.0).groupby(plants["bus"]).sum()
    downwards = floats_of(down.reindex(network.buses).fillna(0.0))
    return np.where(lacking[network.component] > 0.0, room_upwards(grid, network.buses), downwards)


def room_upwards(grid: Grid, buses: pd.Index) -> Floats:
    """Return how much more the generators of each bus can give. [MW]"""
    plants = operating(grid)
    room = (plants["p_nom"] - plants["p_set"].fillna(0.0)).clip(lower=0.0)
    return floats_of(room.groupby(plants["bus"]).sum().reindex(buses).fillna(0.0))


def slack_of(grid: Grid) -> Floats:
    """Return 1 for each slack bus, else 0."""
    if "slack" not in grid.buses:
        return np.zeros(len(grid.buses))
    return floats_of(grid.buses["slack"].astype(float).fillna(0.0))


def _unbalanced(network: DcNetwork, lost: Ints, lacking: Floats) -> list[Fault]:
    """Return a fault for each part of the network that nobody can balance."""
    faults = []
    for part in lost:
        inside = np.flatnonzero(network.component == part)
        text = f"{'lacks' if lacking[part] > 0.0 else 'has too much by'} {abs(lacking[part]):.6g} MW"
        problem = f"of a part of the network with {len(inside)} {text}, and nobody there can take it up"
        cure = "Correct the injections, name a slack bus, or give participation="
        faults.append(Fault("buses", "balance", problem, cure, tuple(map(str, network.buses[inside[:5]]))))
    return faults
