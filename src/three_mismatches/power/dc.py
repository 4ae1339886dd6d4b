"""DC power flow of a grid at line resolution, and how flows follow injections and outages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import DcNetwork, dc_network
from three_mismatches.power._dc_model import DcModel

__all__ = ["dc_flow", "lodf", "ptdf"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BALANCED_MW = 1e-9
"""An imbalance below this, for each MW injected, is rounding."""


def dc_flow(
    grid: Grid,
    *,
    injections: pd.Series | None = None,
    balance: str | None = None,
    participation: pd.Series | None = None,
) -> pd.Series:
    """
    Return the active power that each line carries.

    Parameters
    ----------
    grid
        Its `lines` join `buses`; reactance is `x_pu_100`, or x and v_nom, times `tap_ratio`.
    injections
        Power that enters at each bus, by bus; a bus that is not named has none. Without, it is `p_set` of operating
        `generators` less that of `loads`, and what `links` bring where they state a column `p_set`. [MW]
    balance
        Who takes up what a part of the network lacks or has too much of: "slack", the bus that `buses.slack` names, or
        "participation". None: the slack where there is one.
    participation
        Weight of each bus; without, the room of its generators: upwards (p_nom - p_set) where power is lacking,
        downwards (p_set - p_min) where there is too much. [MW]

    Returns
    -------
    p0
        Index line, in the order of `grid.lines`: positive leaves bus0. 0 for a line out of service.
        `attrs["balance"]` is what was added at each bus. [MW]

    Raises
    ------
    NetworkError
        If a line has no reactance or ends at no bus, an injection is at no bus or no number, or nobody can take up what
        a part of the network lacks, with every such fault.

    Notes
    -----
    Lossless, flat voltage, small angles: p0 = (angle0 - angle1 - phase_shift) / (x tap_ratio). Each part that hangs
    together is solved for itself.

    References
    ----------
    B. Stott, J. Jardim, O. Alsac, "DC power flow revisited", IEEE Trans. Power Systems 24(3), 2009.
    """
    network = dc_network(grid)
    given = _injected(grid) if injections is None else _by_bus(injections, network.buses, "injections")
    added = _balance(grid, network, given, balance, participation)
    model = DcModel(network)
    flow = model.flows((given + added)[:, None])[:, 0] + model.shifted
    found = pd.Series(flow, index=grid.lines.index, name="p0")
    found.attrs["balance"] = pd.Series(added, index=network.buses, name="balance")
    return found


def ptdf(
    grid: Grid,
    lines: Sequence[str] | pd.Index | None = None,
    buses: Sequence[str] | pd.Index | None = None,
    *,
    participation: pd.Series | None = None,
) -> pd.DataFrame:
    """
    Return the power transfer distribution factors: what each line carries of 1 MW that enters at each bus.

    Parameters
    ----------
    grid
        As `dc_flow`.
    lines, buses
        Rows and columns; all of them without. Few of either are much faster, and need less memory.
    participation
        Weight of the buses at which the MW leaves. Without, it leaves at the bus that `buses.slack` names, else at the
        first bus of each part of the network.

    Returns
    -------
    factors
        Index line, a column for each bus: MW from bus0 to bus1 for each MW. 0 between parts that do not hang together,
        and for lines out of service. [MW/MW]

    Raises
    ------
    KeyError
        If a line or bus is not in the grid.
    NetworkError
        As `dc_flow`; if a part of the network has no participation.
    """
    network = dc_network(grid)
    row, column = _positions(network.branches, lines, "line"), _positions(network.buses, buses, "bus")
    weight = _shares(network, participation)
    model = DcModel(network, None if weight is not None else _reference(grid, network))
    factors = np.empty((len(row), len(column)))
    if len(row) < len(column) or weight is not None:
        for part, found in model.ptdf_by_branch(row):
            if weight is not None:
                found = found - _balanced(found, weight, network.component)  # noqa: PLW2901 - the same rows
            factors[part] = found[:, column]
    else:
        for part, found in model.ptdf_by_bus(column):
            factors[:, part] = found[row]
    apart = network.component[network.start[row]][:, None] != network.component[column]
    factors[apart] = 0.0
    return pd.DataFrame(factors, index=network.branches[row], columns=network.buses[column])


def lodf(
    grid: Grid,
    lines: Sequence[str] | pd.Index | None = None,
    outages: Sequence[str] | pd.Index | None = None,
) -> pd.DataFrame:
    """
    Return the line outage distribution factors: the share of a lost line's flow that each line takes over.

    Parameters
    ----------
    grid
        As `dc_flow`.
    lines, outages
        Rows and columns; all lines without.

    Returns
    -------
    factors
        Index line, a column for each outage: -1 for the line itself. NaN where the loss of a bridge splits the part of
        the network that a line is in: what flows then is no multiple of what flowed before. `attrs["bridges"]` are
        the outages that do so. [MW/MW]

    Raises
    ------
    KeyError
        If a line is not in the grid.
    NetworkError
        As `dc_flow`.
    """
    network = dc_network(grid)
    row, column = (_positions(network.branches, ids, "line") for ids in (lines, outages))
    model = DcModel(network)
    factors = np.empty((len(row), len(column)))
    for part, found in model.lodf_by_outage(column):
        factors[:, part] = found[row]
    table = pd.DataFrame(factors, index=network.branches[row], columns=network.branches[column])
    table.attrs["bridges"] = tuple(network.branches[column[model.bridges[column]]])
    return table


def _positions(known: pd.Index, asked: Sequence[str] | pd.Index | None, what: str) -> Ints:
    """Return where in an index some ids are; all of them without."""
    if asked is None:
        return np.arange(len(known))
    ids = pd.Index([asked] if isinstance(asked, str) else asked)
    found = known.get_indexer(ids).astype(np.int64)
    if (found < 0).any():
        lost = ", ".join(repr(one) for one in ids[found < 0][:5])
        msg = f"the grid has no {what} {lost}"
        raise KeyError(msg)
    return found


def _by_bus(values: pd.Series, buses: pd.Index, what: str) -> Floats:
    """Return values by bus in the order of the grid, 0 where none is given."""
    found = values.astype(np.float64)
    strange = ~found.index.isin(buses)
    bad = ~np.isfinite(found.to_numpy())
    faults = [
        Fault(what, "index" if at == 0 else "value", problem, cure, tuple(map(str, found.index[rows])))
        for at, (problem, cure, rows) in enumerate(
            (
                ("is no bus of the grid", "Correct its name", strange),
                ("is not a finite number", "Give MW", bad),
            )
        )
        if rows.any()
    ]
    if faults:
        raise NetworkError(faults)
    return _floats(found.groupby(level=0).sum().reindex(buses).fillna(0.0))


def _floats(values: pd.Series) -> Floats:
    return np.array(values, dtype=np.float64)


def _injected(grid: Grid) -> Floats:
    """Return what the tables inject at each bus. [MW]"""
    buses = grid.buses.index
    plants = _operating(grid)
    untold = plants[plants["p_set"].isna()]
    if len(untold):
        cure = "Give the output of each, or injections=; base_dispatch() finds a dispatch"
        rows = tuple(map(str, untold.index))
        raise NetworkError([Fault("generators", "p_set", "is missing", cure, rows)])
    total = _by_bus(plants.set_index("bus")["p_set"], buses, "generators")
    total -= _by_bus(grid.loads.set_index("bus")["p_set"], buses, "loads")
    if "p_set" in grid.links:
        sent = grid.links[grid.links["p_set"].notna()]
        arriving = sent["p_set"].where(sent["p_set"] < 0.0, sent["p_set"] * sent["efficiency"])
        leaving = sent["p_set"].where(sent["p_set"] >= 0.0, sent["p_set"] * sent["efficiency"])
        total -= _by_bus(leaving.set_axis(sent["bus0"]), buses, "links")
        total += _by_bus(arriving.set_axis(sent["bus1"]), buses, "links")
    return total


def _operating(grid: Grid) -> pd.DataFrame:
    """Return the generators at buses that operate."""
    plants = grid.generators
    found: pd.DataFrame = plants[plants["bus"].notna() & plants["status"].eq("operating")]
    return found


def _balance(
    grid: Grid, network: DcNetwork, injected: Floats, balance: str | None, participation: pd.Series | None
) -> Floats:
    """Return what is added at each bus so that each part of the network is balanced. [MW]"""
    if balance not in (None, "slack", "participation"):
        msg = f"balance={balance!r} is not known; there are 'slack' and 'participation'"
        raise ValueError(msg)
    count = int(network.component.max(initial=-1)) + 1
    lacking: Floats = -np.bincount(network.component, weights=injected, minlength=count).astype(np.float64)
    size = np.bincount(network.component, weights=np.abs(injected), minlength=count)
    lacking[np.abs(lacking) <= BALANCED_MW * np.maximum(size, 1.0)] = 0.0
    slack = _slack(grid) if balance != "participation" and participation is None else np.zeros(len(injected))
    has_slack = np.bincount(network.component, weights=slack, minlength=count) > 0.0
    given = None if participation is None else _by_bus(participation, network.buses, "participation")
    if balance == "slack":
        weight = slack
    else:
        room = given if given is not None else _room(grid, network, lacking)
        weight = np.where(has_slack[network.component], slack, room)
    total = np.bincount(network.component, weights=weight, minlength=count)
    lost = np.flatnonzero((lacking != 0.0) & ~(total > 0.0))
    if len(lost):
        raise NetworkError(_unbalanced(network, lost, lacking))
    share = np.where(total > 0.0, lacking / np.where(total > 0.0, total, 1.0), 0.0)
    added: Floats = weight * share[network.component]
    return added


def _room(grid: Grid, network: DcNetwork, lacking: Floats) -> Floats:
    """Return how far generators can still go in the direction that their part of the network asks for. [MW]"""
    plants = _operating(grid)
    output = plants["p_set"].fillna(0.0)
    up = (plants["p_nom"] - output).clip(lower=0.0).groupby(plants["bus"]).sum()
    down = (output - plants["p_min"].fillna(0.0)).clip(lower=0.0).groupby(plants["bus"]).sum()
    rooms = [_floats(side.reindex(network.buses).fillna(0.0)) for side in (up, down)]
    return np.where(lacking[network.component] > 0.0, rooms[0], rooms[1])


def _slack(grid: Grid) -> Floats:
    if "slack" not in grid.buses:
        return np.zeros(len(grid.buses))
    return _floats(grid.buses["slack"].astype(float).fillna(0.0))


def _reference(grid: Grid, network: DcNetwork) -> Ints:
    """Return the reference bus of each part of the network: its first slack, else its first bus."""
    order = np.lexsort((np.arange(len(network.buses)), _slack(grid) == 0.0, network.component))
    first = np.unique(network.component[order], return_index=True)[1]
    return order[first].astype(np.int64)


def _shares(network: DcNetwork, participation: pd.Series | None) -> Floats | None:
    """Return the weight of each bus, which sums to 1 in each part of the network."""
    if participation is None:
        return None
    weight = _by_bus(participation, network.buses, "participation")
    total = np.bincount(network.component, weights=weight)
    joined = np.bincount(network.component) > 1
    if (joined & ~(total > 0.0)).any():
        lost = np.flatnonzero(joined & ~(total > 0.0))
        rows = tuple(str(network.buses[(network.component == part).argmax()]) for part in lost)
        cure = "Give a weight above 0 to a bus of the part of the network that each of them is in"
        raise NetworkError([Fault("participation", "value", "is 0 all around", cure, rows)])
    share: Floats = weight / np.where(total > 0.0, total, 1.0)[network.component]
    return share


def _balanced(found: Floats, share: Floats, component: Ints) -> Floats:
    """Return, for each row and bus, what the participating buses of the bus' part of the network make of 1 MW."""
    parts = int(component.max(initial=-1)) + 1
    weighted = np.zeros((len(found), parts))
    for part in range(parts):
        inside = component == part
        weighted[:, part] = found[:, inside] @ share[inside]
    return weighted[:, component]


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
