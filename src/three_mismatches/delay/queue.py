"""The queue: what each site asks for, step by step, since when, and from when its building could use it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.layers import StudyTables
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.network import PowerGraph

__all__ = ["LEAST_MW", "Queue", "queue_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_MW = 1e-6
"""A step of less is none."""

MID_YEAR, MID_MONTH = 0.5, 0.5 / 12.0


@dataclass(frozen=True, eq=False)
class Queue:
    """
    Requests for power, the longest applied first; a site that grows by steps has one for each.

    Attributes
    ----------
    sites
        Sites that ask for anything, in order.
    site
        Position in `sites` of each request.
    mw
        What it asks; 0 where no figure is published: it waits for its connection and takes no room. [MW]
    plan_y
        Time for which it is printed, 0 where none is. [years]
    dated
        Whether a source prints that time.
    begun
        Whether its building is under construction.
    applied_y
        Time of its application. [years]
    node, pocket
        Positions in the grid's nodes and pockets (-1: none).
    trial
        Whether it only asks what it would get: it is told, and takes no room from anybody.
    """

    sites: tuple[str, ...]
    site: Ints
    mw: Floats
    plan_y: Floats
    dated: NDArray[np.bool_]
    begun: NDArray[np.bool_]
    applied_y: Floats
    node: Ints
    pocket: Ints
    trial: NDArray[np.bool_]

    @property
    def site_begun(self) -> NDArray[np.bool_]:
        """Return which sites have begun to build, and so come with certainty."""
        found = np.zeros(len(self.sites), dtype=bool)
        np.logical_or.at(found, self.site, self.begun)
        return found

    def with_trials(self, mw: float, *, node: Ints, pocket: Ints) -> Queue:
        """
        Return the queue with one more request behind it for each place, none of which knows of the others.

        Parameters
        ----------
        mw
            What each asks. [MW]
        node, pocket
            Positions of the places in the grid's nodes and pockets (-1: none).
        """
        count, behind = len(node), max(0.0, float(self.applied_y.max(initial=0.0)))
        no = np.zeros(count, dtype=bool)
        added = {
            "site": np.arange(len(self.sites), len(self.sites) + count, dtype=np.int64),
            "mw": np.full(count, mw),
            "plan_y": np.zeros(count),
            "dated": no,
            "begun": no,
            "applied_y": np.full(count, behind),
            "node": node,
            "pocket": pocket,
            "trial": ~no,
        }
        longer = {name: np.concatenate([getattr(self, name), values]) for name, values in added.items()}
        return replace(self, sites=(*self.sites, *(f"trial {at}" for at in range(count))), **longer)


def queue_of(
    now: StudyTables,
    sites: pd.DataFrame,
    graph: PowerGraph,
    values: Mapping[str, float],
    *,
    year: int,
    start: int,
) -> Queue:
    """
    Return the requests of a study, in the order of their applications.

    Parameters
    ----------
    now
        The study in its year.
    sites
        Its sites, with `area`, `pocket`, `new_mw`, as `match.in_its_year` returns them.
    graph
        The grid's nodes and pockets.
    values
        Value of every assumption: by how long an application precedes the source that tells of it.
    year, start
        Study year, up to which steps are asked for; year whose 1 January is time 0. [calendar year]
    """
    top = sites[is_top_level(sites) & ~sites["status"].eq("retired")].sort_index()
    phases = _with_phases_of_wholes(now.phases[now.phases["year"] <= year], sites)
    steps = pd.DataFrame(list(_steps(top, phases, start)), columns=["site", "mw", "plan_y", "dated", "first"])
    own = top.loc[steps["site"]]
    begun = steps["first"].to_numpy(dtype=bool) & own["status"].eq("under construction").to_numpy()
    table = steps.assign(
        begun=begun,
        applied_y=_applied(own, values["application_lead_y"], start),
        node=pd.Index(graph.nodes).get_indexer(pd.Index(own["area"])),
        pocket=pd.Index(graph.pockets, dtype=object).get_indexer(pd.Index(own["pocket"])),
    )
    # What is being built has its contract: nothing stands before it.
    table = table.assign(wait=~table["begun"]).sort_values(
        ["wait", "applied_y", "plan_y", "site"], kind="stable"
    )
    names = tuple(sorted(set(table["site"])))
    return Queue(
        sites=names,
        site=pd.Index(names, dtype=object).get_indexer(pd.Index(table["site"])).astype(np.int64),
        mw=table["mw"].to_numpy(dtype=np.float64),
        plan_y=table["plan_y"].to_numpy(dtype=np.float64),
        dated=table["dated"].to_numpy(dtype=bool),
        begun=table["begun"].to_numpy(dtype=bool),
        applied_y=table["applied_y"].to_numpy(dtype=np.float64),
        node=table["node"].to_numpy(dtype=np.int64),
        pocket=table["pocket"].to_numpy(dtype=np.int64),
        trial=np.zeros(len(table), dtype=bool),
    )


def _steps(
    sites: pd.DataFrame, phases: pd.DataFrame, start: int
) -> Iterator[tuple[str, float, float, bool, bool]]:
    """Return each step of each site: site, MW, time, whether dated, whether its first."""
    ordered = phases.sort_values(["year", "mw"], kind="stable")
    columns = (ordered[name].tolist() for name in ("site", "year", "mw", "imputed"))
    by_site: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
    for site, year, mw, imputed in zip(*columns, strict=True):
        by_site[site].append((year, mw, imputed))
    columns = (sites[name].tolist() for name in ("request_mw", "in_base_mw", "status"))
    for site, request, drawn, status in zip(map(str, sites.index), *columns, strict=True):
        if np.isnan(request):
            if status != "operating":
                yield site, 0.0, 0.0, False, True
            continue
        level, first = drawn, True
        for year, mw, imputed in by_site[site]:
            reached = min(mw, request)
            if reached > level + LEAST_MW:
                yield site, reached - level, max(0.0, year - start), not imputed, first
                level, first = reached, False
        if request > level + LEAST_MW:
            yield site, request - level, 0.0, False, first


def _with_phases_of_wholes(phases: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return phases with those of sites that have none and ask what their parts ask: the sum of these, year by year."""
    parts = sites[sites["part_of"].notna() & sites["request_mw"].notna()]
    sums = parts.groupby("part_of")["request_mw"].sum()
    asks = sites["request_mw"].reindex(sums.index)
    wholes = sums.index[np.isclose(asks, sums) & ~sums.index.isin(phases["site"])]
    parts = parts[parts["part_of"].isin(wholes)]
    of_parts = phases[phases["site"].isin(parts.index)].sort_values(["year", "mw"], kind="stable")
    if of_parts.empty:
        return phases
    by_year = of_parts.groupby(["year", "site"])["mw"].last().unstack("site").ffill().fillna(0.0)
    whole = parts["part_of"].rename("site")
    reached = by_year.T.groupby(whole).sum().T.melt(value_name="mw", ignore_index=False).reset_index()
    assumed = of_parts[of_parts["imputed"]]
    pairs = pd.MultiIndex.from_arrays([assumed["site"].map(whole), assumed["year"]])
    imputed = pd.MultiIndex.from_frame(reached[["site", "year"]]).isin(pairs)
    return pd.concat([phases, reached.assign(imputed=imputed)])


def _applied(sites: pd.DataFrame, lead_y: float, start: int) -> Floats:
    """Return when each site applied: as printed, else `lead_y` before the date of its source, else at the start."""
    printed = sites["applied"].map(_decimal_year).to_numpy(dtype=np.float64)
    told = sites["source_date"].map(_decimal_year).to_numpy(dtype=np.float64) - lead_y
    found = np.where(np.isnan(printed), told, printed)
    return np.where(np.isnan(found), float(start), found) - start


def _decimal_year(date: object) -> float:
    """Return the middle of what a date can mean, as a decimal year; NaN if the text holds none."""
    match = re.match(r"\s*(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", date) if isinstance(date, str) else None
    if match is None:
        return float("nan")
    year, month, day = match.groups()
    if month is None:
        return int(year) + MID_YEAR
    within = MID_MONTH if day is None else (int(day) - 0.5) / 365.25
    return int(year) + (int(month) - 1) / 12.0 + within
