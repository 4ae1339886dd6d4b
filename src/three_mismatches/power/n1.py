"""What each line carries at worst after the loss of any other one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import DcNetwork
from three_mismatches.power.dc import solved_flow

__all__ = ["n1_loading"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def n1_loading(
    grid: Grid,
    *,
    injections: pd.Series | None = None,
    balance: str | None = None,
    participation: pd.Series | Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """
    Return how much each line is loaded, and at worst after the loss of any other line in service.

    Parameters
    ----------
    grid, injections, balance, participation
        As `dc_flow`.

    Returns
    -------
    loading
        Index line, in the order of `grid.lines`, with the columns

        - `p0`: what the line carries; positive leaves bus0. [MW]
        - `loading`: its size over `s_nom`. [-]
        - `worst_p0`: the greatest flow after a loss; NaN where no other line can be lost. [MW]
        - `worst_loading`: its size over `s_nom_emergency`, where that is unknown over `s_nom`. [-]
        - `worst_outage`: the line lost; of equally bad ones the first. Missing where there is none.

        Loading is 0 where the rating is unlimited, and NaN where it is unknown. Lines out of service carry 0.
        `attrs["bridges"]` are the lines whose loss would split the network: they are left out.

    Raises
    ------
    NetworkError
        As `dc_flow`; if without one of the lines the reactances of others cancel.

    Notes
    -----
    After the loss of line c line l carries p_l + LODF_lc p_c. Nobody's output changes, as nothing is split off.
    Parallel circuits are lost one by one. Only the greatest flow of each line is ever stored. A share LODF_lc below
    1e-9 is rounding and counts as 0.
    """
    model, flow, _ = solved_flow(grid, injections, balance, participation)
    network, lines = model.network, grid.lines
    outages = np.flatnonzero(network.working & ~model.bridges)
    found = model.worst_after_loss(outages, flow)
    _refuse_cancelling(network, outages[np.isnan(found.gain)])
    line = np.where(network.working & (found.case >= 0), np.append(outages, -1)[found.case], -1)
    worst = np.where(line >= 0, found.flow, np.where(network.working, np.nan, 0.0))
    rating = lines["s_nom"].to_numpy(dtype=np.float64)
    emergency = lines["s_nom_emergency"].to_numpy(dtype=np.float64)
    columns = {
        "p0": flow,
        "loading": _over(flow, rating),
        "worst_p0": worst,
        "worst_loading": _over(worst, np.where(np.isnan(emergency), rating, emergency)),
        "worst_outage": network.branches.take(line, allow_fill=True, fill_value=np.nan),
    }
    table = pd.DataFrame(columns, index=lines.index)
    table.attrs["bridges"] = tuple(network.branches[model.bridges])
    return table


def _over(flow: Floats, rating: Floats) -> Floats:
    """Return the size of flows over ratings."""
    with np.errstate(divide="ignore", invalid="ignore"):
        loading: Floats = np.abs(flow) / rating
    return loading


def _refuse_cancelling(network: DcNetwork, lost: Ints) -> None:
    if len(lost):
        problem = "of other lines cancel each other when this one is lost: no flow follows from them"
        rows = tuple(map(str, network.branches[lost]))
        raise NetworkError([Fault("lines", "x_pu_100", problem, "Correct the negative ones", rows)])
