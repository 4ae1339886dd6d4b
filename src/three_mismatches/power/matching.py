"""How much of a load a contract covers: over the year, hour by hour, and with what ties can bring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from three_mismatches.errors import Fault, LayerError

__all__ = ["HourlyMatch", "match_hourly"]

Floats = NDArray[np.float64]

MATCHED = 1e-9
"""A load is matched in full when no more than this share of it is missing: what rounding leaves."""


@dataclass(frozen=True)
class HourlyMatch:
    """
    A load beside the carbon-free energy that is contracted for it.

    Attributes
    ----------
    load_mwh, contracted_mwh
        Sums over all hours. [MWh]
    volumetric
        Contracted over drawn energy, whenever it came: what an annual claim counts. [-]
    cfe_own
        Share of the load that the contract's own output meets in the hour in which it is drawn. [-]
    cfe_grid
        The same with the grid's carbon-free share of what is left; NaN where no share was given. [-]
    cfe_deliverable
        As `cfe_own`, of the output that ties can bring; NaN where no limit was given. [-]
    excess_mwh
        Output beyond the load of its hour. [MWh]
    unmatched_mwh
        Load beyond the output of its hour. [MWh]
    hours, full_hours
        Number of hours, and of those in which the output covers a load that is there. [h]
    """

    load_mwh: float
    contracted_mwh: float
    volumetric: float
    cfe_own: float
    cfe_grid: float
    cfe_deliverable: float
    excess_mwh: float
    unmatched_mwh: float
    hours: float
    full_hours: float


def match_hourly(
    load_mw: ArrayLike,
    contracted_mw: ArrayLike,
    *,
    grid_share: ArrayLike | None = None,
    deliverable_mw: ArrayLike | None = None,
    step_h: float = 1.0,
) -> HourlyMatch:
    r"""
    Return how much of a load its contracts cover, over the year and hour by hour.

    Parameters
    ----------
    load_mw
        Load of each hour, or one number for a flat load. [MW]
    contracted_mw
        Contracted carbon-free output of each hour; or an array (hours, contracts). [MW]
    grid_share
        Carbon-free share of what the grid delivers beside the contract, of each hour or one number: of the
        *residual* mix, or contracted energy counts twice. [-]
    deliverable_mw
        The most that ties can bring of each contract: one number, one for each hour, or for (hours, contracts) anything
        that broadcasts to it. Contracts that share a tie are one contract here; inf is no limit. [MW]
    step_h
        Length of a step. [h]

    Returns
    -------
    match
        Sums and shares; see `HourlyMatch`.

    Raises
    ------
    LayerError
        If a figure is missing, negative, or of another length, a share is above 1, or nothing is drawn.

    Notes
    -----
    With load L, output C of all contracts, D what ties let in of it and the grid's share g,

    .. math::

        V = \sum C / \sum L, \quad
        \mathrm{CFE}_{own} = \sum \min(L, C) / \sum L, \quad
        \mathrm{CFE}_{grid} = \sum \min(L, C + (L - C)_+ g) / \sum L

    and `cfe_deliverable` is `cfe_own` of min(C, D). Hence cfe_deliverable <= cfe_own <= min(1, V). `cfe_grid` counts
    all of C: it may exceed V. Surplus of one hour is never carried to another.

    References
    ----------
    .. [1] Google, "24/7 Carbon-Free Energy: Methodologies and Metrics", February 2021,
       sustainability.google/reports/24x7-carbon-free-energy-methodologies-metrics: the idea of
       an hourly score. Only its summary was read: the term in g was checked against no published text.
    .. [2] M. Ludkovski, S. Mouti, G. Swindle, "Least-Cost Structuring of 24/7 Carbon-Free Electricity
       Procurements", arXiv:2312.07733, 2023: unused output does not contribute to the score.
    .. [3] I. Riepin, T. Brown, "On the means, costs, and system-level impacts of 24/7 carbon-free energy
       procurement", arXiv:2403.07876, 2023: volumetric beside hourly matching.

    Examples
    --------
    Twelve hours of 20 MW hold as much energy as a day of 10 MW, and meet half of it:

    >>> found = match_hourly(10.0, [20.0] * 12 + [0.0] * 12)
    >>> found.volumetric, found.cfe_own
    (1.0, 0.5)
    """
    contracted = np.asarray(contracted_mw, dtype=np.float64)
    load, share, limit = _checked(load_mw, contracted, grid_share, deliverable_mw)
    output, brought = _summed(contracted), _summed(np.minimum(contracted, limit))
    drawn = float(load.sum())
    own, left = np.minimum(load, output), np.maximum(load - output, 0.0)
    full = (load > 0.0) & (left <= MATCHED * load)
    return HourlyMatch(
        load_mwh=drawn * step_h,
        contracted_mwh=float(output.sum()) * step_h,
        volumetric=float(output.sum()) / drawn,
        cfe_own=float(own.sum()) / drawn,
        cfe_grid=float((own + left * share).sum()) / drawn,
        cfe_deliverable=float("nan")
        if deliverable_mw is None
        else float(np.minimum(load, brought).sum()) / drawn,
        excess_mwh=float((output - own).sum()) * step_h,
        unmatched_mwh=float(left.sum()) * step_h,
        hours=len(load) * step_h,
        full_hours=float(full.sum()) * step_h,
    )


def _summed(output: Floats) -> Floats:
    """Return the output of all contracts together, hour by hour."""
    return output if output.ndim == 1 else output.sum(axis=1)


def _checked(
    load_mw: ArrayLike, contracted: Floats, grid_share: ArrayLike | None, deliverable_mw: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Return load and grid share of each hour and the limit of each contract, or raise for every fault at once."""
    if contracted.ndim not in (1, 2) or not contracted.size:
        cure = "Give one number for each hour, or an array (hours, contracts)"
        raise LayerError([Fault("match_hourly", "contracted_mw", f"has the shape {contracted.shape}", cure)])
    hours = contracted.shape[:1]
    faults = list(_faults("contracted_mw", contracted))
    given = {
        "load_mw": (load_mw, hours),
        "grid_share": (np.nan if grid_share is None else grid_share, hours),
        "deliverable_mw": (np.inf if deliverable_mw is None else deliverable_mw, contracted.shape),
    }
    read = {}
    for name, (values, shape) in given.items():
        array = np.asarray(values, dtype=np.float64)
        if name != "grid_share" or grid_share is not None:
            faults += _faults(name, array)
        try:
            read[name] = np.broadcast_to(array, shape)
        except ValueError:
            cure = f"Give one number, or as many as `contracted_mw` has: {shape}"
            faults.append(Fault("match_hourly", name, f"has the shape {array.shape}", cure))
    if not faults and not read["load_mw"].any():
        faults.append(
            Fault("match_hourly", "load_mw", "is 0 in every hour", "A share of nothing is not defined")
        )
    if faults:
        raise LayerError(faults)
    return read["load_mw"], read["grid_share"], read["deliverable_mw"]


def _faults(name: str, values: Floats) -> Iterable[Fault]:
    """Yield what is wrong with the values of one argument; rows are places in the array."""
    most = 1.0 if name == "grid_share" else np.inf
    unlimited = name == "deliverable_mw"
    seen = (
        ("is missing", np.isnan(values), "Fill the hour, or leave it out of every argument"),
        ("is negative", values < 0.0, "Output and load are counted from 0 up"),
        (f"is above {most:g}", values > most, "A share lies between 0 and 1"),
        ("is infinite", np.isposinf(values) & (not unlimited) & np.isinf(most), "Give MW"),
    )
    for problem, where, cure in seen:
        if where.any():
            rows = (
                tuple(str(place) for place in np.flatnonzero(where.reshape(len(values), -1).any(axis=1)))
                if values.ndim
                else ()
            )
            yield Fault("match_hourly", name, problem, cure, rows)
