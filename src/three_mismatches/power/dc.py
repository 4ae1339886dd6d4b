"""DC power flow of a grid at line resolution, and how flows follow injections and outages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import DcNetwork, dc_network
from three_mismatches.power._dc_model import DcModel
from three_mismatches.power._injections import balance_of, by_bus, injected_by, slack_of

__all__ = ["dc_flow", "lodf", "ptdf"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def dc_flow(
    grid: Grid,
    *,
    injections: pd.Series | None = None,
    balance: str | None = None,
    participation: pd.Series | Mapping[str, float] | None = None,
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
    model, flow, added = solved_flow(grid, injections, balance, participation)
    found = pd.Series(flow, index=grid.lines.index, name="p0")
    found.attrs["balance"] = pd.Series(added, index=model.network.buses, name="balance")
    return found


def solved_flow(
    grid: Grid,
    injections: pd.Series | None,
    balance: str | None,
    participation: pd.Series | Mapping[str, float] | None,
) -> tuple[DcModel, Floats, Floats]:
    """Return the equations of a grid, what each line carries and what was added at each bus, see `dc_flow`."""
    network = dc_network(grid)
    given = injected_by(grid) if injections is None else by_bus(injections, network.buses, "injections")
    added = balance_of(grid, network, given, balance, participation)
    model = DcModel(network)
    return model, model.flows((given + added)[:, None])[:, 0] + model.shifted, added


def ptdf(
    grid: Grid,
    lines: Sequence[str] | pd.Index | None = None,
    buses: Sequence[str] | pd.Index | None = None,
    *,
    participation: pd.Series | Mapping[str, float] | None = None,
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
    if len(row) < len(column):
        by_bus_first = np.empty((len(column), len(row)))
        model.ptdf_by_line_into(by_bus_first, row, column)
        factors = by_bus_first.T
    else:
        factors = np.empty((len(row), len(column)))
        model.ptdf_into(factors, row, column)
    if weight is not None:
        _take_off(factors, model.flows(weight[:, None])[row, 0], row, column, network)
    return pd.DataFrame(factors, index=network.branches[row], columns=network.buses[column], copy=False)


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
    model.lodf_into(factors, row, column)
    names = network.branches
    table = pd.DataFrame(factors, index=names[row], columns=names[column], copy=False)
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


def _reference(grid: Grid, network: DcNetwork) -> Ints:
    """Return the reference bus of each part of the network: its first slack, else its first bus."""
    order = np.lexsort((np.arange(len(network.buses)), slack_of(grid) == 0.0, network.component))
    first = np.unique(network.component[order], return_index=True)[1]
    return order[first].astype(np.int64)


def _shares(network: DcNetwork, participation: pd.Series | Mapping[str, float] | None) -> Floats | None:
    """Return the weight of each bus, which sums to 1 in each part of the network."""
    if participation is None:
        return None
    weight = by_bus(participation, network.buses, "participation")
    total = np.bincount(network.component, weights=weight)
    joined = np.bincount(network.component) > 1
    if (joined & ~(total > 0.0)).any():
        lost = np.flatnonzero(joined & ~(total > 0.0))
        rows = tuple(str(network.buses[(network.component == part).argmax()]) for part in lost)
        cure = "Give a weight above 0 to a bus of the part of the network that each of them is in"
        raise NetworkError([Fault("participation", "value", "is 0 all around", cure, rows)])
    share: Floats = weight / np.where(total > 0.0, total, 1.0)[network.component]
    return share


def _take_off(factors: Floats, shared: Floats, row: Ints, column: Ints, network: DcNetwork) -> None:
    """Subtract from lines what the participating buses of each part of the network make of 1 MW."""
    part = network.component[network.start[row]]
    for number in np.unique(part):
        lines, buses = part == number, network.component[column] == number
        if lines.all() and buses.all():
            factors -= shared[:, None]
            return
        factors[np.ix_(lines, buses)] -= shared[lines, None]
