"""How much more load each bus can take, before and after every outage, and what stops it there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Flag, Grid, join_flags
from three_mismatches.power import _screening as screening
from three_mismatches.power._base import BaseCase, base_case, responses
from three_mismatches.power._screening import Interfaces, Limits, Rules, Screening
from three_mismatches.power._sensitivities import Sensitivities
from three_mismatches.power.contingencies import Contingencies, Outages, outages_of

__all__ = [
    "Limit",
    "hosting",
    "interfaces_of",
    "maximum_of",
    "positions_of",
    "refuse",
    "screened",
    "screening_of",
]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHOICES = {
    "security": ("n0", "n1"),
    "islanding": ("redistribute", "skip"),
    "preexisting": ("ignore", "count", "count_if_worsened"),
}
"""Words that options take."""

MOST_LISTED = 10_000
"""Violations that are listed: the worst."""

ALONE = 20_000
"""Below this many lines times buses one thread is faster than several."""


class Limit(NamedTuple):
    """
    One limit of a bus: at which load, on which line, after which outage.

    `line` is "capacity" where it is generation that ends, "max_mw" where it is the user's own limit; `outage` is empty
    before any.
    """

    mw: float
    line: str
    outage: str


def hosting(
    grid: Grid,
    buses: Sequence[str] | pd.Index | None = None,
    *,
    security: str = "n1",
    contingencies: Contingencies = "branches",
    participation: pd.Series | Mapping[str, float] | None = None,
    balance: str | None = None,
    islanding: str = "redistribute",
    cutoff: float = 0.05,
    preexisting: str = "ignore",
    max_mw: float | pd.Series | None = None,
    top: int = 5,
    workers: int | None = None,
) -> pd.DataFrame:
    r"""
    Return how much more load each bus can take, alone, and which line and which outage limit it.

    The closed form of incremental transfer capability, from those who answer for the load to the bus: exact where
    the dispatch follows `participation`. `ladder` shows what free redispatch would add.

    Parameters
    ----------
    grid
        As for `dc_flow`, with a dispatch. `lines.s_nom` limits the intact network, `s_nom_emergency` (else s_nom)
        what remains after an outage; inf is unlimited, NaN unknown and no limit. [MVA, taken as MW]
    buses
        All without; in the order asked.
    security
        "n0": the intact network by its ratings alone. "n1": after every outage too, and `interfaces` before any.
    contingencies
        "branches", "corridors" or "srlg"; or names of lines; or lines that are lost together by name. See
        `outages_of`.
    participation
        Weight of each bus that answers. Without, what its generators can still give in the balanced dispatch, and what
        links from other parts of the network can still bring. [MW]
    balance
        Who balances the dispatch, as for `dc_flow`.
    islanding
        "redistribute": an outage that splits the network is evaluated, each piece balanced by those of it that
        answer; a piece that is split off must feed the load itself, and one without anything that answers can feed
        none (flag `radial`). "skip": such outages are left out.
    cutoff
        A line whose flow the load changes by less than this is no limit. [MW/MW]
    preexisting
        What becomes of pairs of line and outage that are violated before anything is added. "ignore": they are no
        limits, buses that would change them are flagged `base_violation`. "count": they are limits like others, of 0
        where the load worsens them. "count_if_worsened": they limit only those who worsen them.
    max_mw
        Most that a connection may ask for, for all or by bus. [MW]
    top
        Length of `limits` at most; limits beyond twice the first are not listed.
    workers
        Threads; the answer is the same for any number. None: as many as there are processors, one for small grids.

    Returns
    -------
    hosting
        Index bus; `hosting_mw` [MW]; `limiting_line`: a line, an interface, "capacity" where generation ends, a link
        that brings no more, or "max_mw"; `limiting_outage`, empty before any; `limits`: the least limits, a tuple of
        `Limit`; `flags`. `attrs["participation"]`: the weights of buses that were used; `attrs["preexisting"]`:
        violations that were there before, with line, outage, p0_mw, rating_mw and loading, the worst first, up to
        10,000 of the `attrs["violated"]` there are.

    Raises
    ------
    NetworkError
        As `dc_flow`; if a bus or line is not in the grid, with every such name.
    ValueError
        If an option has another value than those above.

    Notes
    -----
    .. math:: H_k = \min_{l,c} (\pm r_l - f_l - L_{lc} f_c) / (s_{lk} + L_{lc} s_{ck})

    The sign of the denominator picks that of the rating. Lossless and at flat voltage: see `dc_power_flow` in docs for
    what that hides.

    References
    ----------
    North American Electric Reliability Council, "Available Transfer Capability Definitions and Determination", 1996
    (first contingency incremental transfer capability).
    """
    refuse(cutoff, top, workers, security=security, islanding=islanding, preexisting=preexisting)
    base = base_case(grid, balance=balance, participation=participation)
    asked = positions_of(base.network.buses, buses)
    outages = outages_of(grid, contingencies if security == "n1" else ())
    threads = workers or (1 if len(base.network.branches) * len(asked) < ALONE else os.cpu_count() or 1)
    rules = Rules(cutoff, preexisting, islanding, top, threads)
    screen = screening_of(grid, base, asked, outages, rules, with_interfaces=security == "n1")
    unique, of = np.unique(asked, return_inverse=True)
    limits = screen.limits(unique, maximum_of(max_mw, base.network.buses)[unique])
    return screened(screen, limits.at(of.reshape(-1)), asked)


def screening_of(
    grid: Grid,
    base: BaseCase,
    asked: Ints,
    outages: Outages,
    rules: Rules,
    *,
    with_interfaces: bool,
    sensitivities: Sensitivities | None = None,
) -> Screening:
    """Return the dispatch of a grid, ready to be asked about some buses."""
    network = base.network
    links = base.links
    ends = np.concatenate([network.component[links.bus0], network.component[links.bus1]])
    parts = np.unique(np.concatenate([network.component[asked], ends]))
    normal = np.array(grid.lines["s_nom"], dtype=np.float64)
    emergency = np.array(grid.lines["s_nom_emergency"].fillna(grid.lines["s_nom"]), dtype=np.float64)
    interfaces = interfaces_of(grid, base.network.branches, links.names, counted=with_interfaces)
    return Screening(
        base, responses(base, parts), outages, (normal, emergency), interfaces, rules, sensitivities
    )


def screened(screen: Screening, limits: Limits, asked: Ints) -> pd.DataFrame:
    """Return what was found for some buses as a table."""
    names = [*map(str, screen.network.branches), *map(str, screen.interfaces.names)]
    outages = [*map(str, screen.outages.names), ""]
    part = np.searchsorted(screen.response.parts, screen.network.component[asked])

    def limit(site: int, place: int) -> Limit:
        line, outage = int(limits.line[site, place]), int(limits.outage[site, place])
        if line == screening.CAPACITY and outage < 0:
            named = screen.response.cap_by[part[site]]
        else:
            named = {screening.CAPACITY: "capacity", screening.MAXIMUM: "max_mw"}.get(line) or names[line]
        return Limit(float(limits.mw[site, place]), named, outages[outage])

    known = limits.line != screening.NONE
    lists = [
        tuple(limit(site, place) for place in np.flatnonzero(known[site]).tolist())
        or (Limit(0.0, "capacity", ""),)
        for site in range(len(asked))
    ]
    index = screen.network.buses[asked].rename("bus")
    marks = {
        Flag.BASE_VIOLATION: limits.touched & (screen.rules.preexisting == "ignore"),
        Flag.ISLAND: ~limits.answered,
        Flag.RADIAL: limits.radial,
        Flag.RATING_UNKNOWN: limits.blind,
        Flag.UNBOUNDED: np.isinf(limits.mw[:, 0]),
    }
    table = pd.DataFrame(
        {
            "hosting_mw": limits.mw[:, 0],
            "limiting_line": pd.Series([found[0].line for found in lists], index=index, dtype=object),
            "limiting_outage": pd.Series([found[0].outage for found in lists], index=index, dtype=object),
            "limits": pd.Series(lists, index=index, dtype=object),
            "flags": join_flags(marks, index),
        },
        index=index,
    )
    table.attrs["participation"] = pd.Series(
        screen.base.weight, index=screen.network.buses, name="participation"
    )
    table.attrs["preexisting"] = _violations(screen, names, outages)
    table.attrs["violated"] = sum(map(len, screen.violations))
    return table


def positions_of(known: pd.Index, asked: Sequence[str] | pd.Index | None) -> Ints:
    """
    Return where some buses are; all of them without.

    Raises
    ------
    NetworkError
        If one is not in the grid.
    """
    if asked is None:
        return np.arange(len(known))
    ids = pd.Index([asked] if isinstance(asked, str) else asked)
    found = known.get_indexer(ids).astype(np.int64)
    if (found < 0).any():
        lost = tuple(dict.fromkeys(map(str, ids[found < 0])))
        raise NetworkError([Fault("buses", "bus", "is not in the grid", "Name buses of the grid", lost)])
    return found


def _violations(screen: Screening, names: list[str], outages: list[str]) -> pd.DataFrame:
    """Return what was beyond its rating before anything was added, the worst first."""
    found = pd.concat(screen.violations, ignore_index=True)
    over = (found["p0_mw"].abs() / found["rating_mw"]).fillna(np.inf)
    found = found.assign(loading=over).sort_values(
        ["loading", "outage", "line"], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    found = found.iloc[:MOST_LISTED]
    return found.assign(
        line=[names[at] for at in found["line"]], outage=[outages[at] for at in found["outage"]]
    )


def interfaces_of(grid: Grid, lines: pd.Index, links: pd.Index, *, counted: bool = True) -> Interfaces:
    """Return the interfaces of a grid as sums over its lines and some links; what others carry moves the limits."""
    table = grid.interfaces if counted else grid.interfaces.iloc[:0]
    held = table["margin_mw"].fillna(0.0)
    high = (table["limit_forward"] - held).clip(lower=0.0)
    low = -(table["limit_reverse"].fillna(table["limit_forward"]) - held).clip(lower=0.0)
    members = grid.interface_members
    number = table.index.get_indexer(pd.Index(members["interface"]))
    elements = lines.append(links)
    at = elements.get_indexer(pd.Index(members["element"]))
    known = (number >= 0) & (at >= 0)
    sign = members["sign"].to_numpy(dtype=np.float64)
    sums = csr_array((sign[known], (number[known], at[known])), shape=(len(table), len(elements)))
    fixed = np.zeros(len(table))
    if "p_set" in grid.links:
        sent = pd.Index(members["element"]).map(grid.links["p_set"].fillna(0.0)).to_numpy(dtype=np.float64)
        still = (number >= 0) & ~known & np.isfinite(sent)
        np.add.at(fixed, number[still], sign[still] * sent[still])
    least, most = (np.array(limit, dtype=np.float64) - fixed for limit in (low, high))
    return Interfaces(table.index, sums, least, most, fixed)


def maximum_of(max_mw: float | pd.Series | None, buses: pd.Index) -> Floats:
    """
    Return the most that each bus may ask for. [MW]

    Raises
    ------
    NetworkError
        If a bus is not in the grid.
    ValueError
        If one may ask for less than 0, or for all it is no number.
    """
    found = np.full(len(buses), np.inf)
    if isinstance(max_mw, pd.Series):
        np.fmin.at(found, positions_of(buses, max_mw.index), max_mw.to_numpy(dtype=np.float64))
    elif max_mw is not None:
        found[:] = max_mw
    if not (found >= 0.0).all():
        msg = f"max_mw must be 0 MW or more, not {found[~(found >= 0.0)][0]:g}"
        raise ValueError(msg)
    return found


def refuse(cutoff: float, top: int, workers: int | None, **words: str) -> None:
    """Raise an error for an option that is none of its choices."""
    for name, word in words.items():
        if word not in CHOICES[name]:
            msg = f"{name}={word!r} is not known; there are {', '.join(map(repr, CHOICES[name]))}"
            raise ValueError(msg)
    if not 0.0 <= cutoff < 1.0:
        msg = f"cutoff must be at least 0 and less than 1 MW/MW, not {cutoff!r}"
        raise ValueError(msg)
    if workers is not None and workers < 1:
        msg = f"workers must be 1 or more, or None, not {workers!r}"
        raise ValueError(msg)
    if top < 1:
        msg = f"top must be 1 or more, not {top!r}"
        raise ValueError(msg)
