"""What is the same in every draw: the works, the queue, the lead times, and what the grid can carry as cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches import match
from three_mismatches.delay.calendar import Calendar, YearStates, works_calendar
from three_mismatches.delay.leads import Span, span_of, spans_of
from three_mismatches.delay.queue import Queue, queue_of
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.layers.settings import Settings
from three_mismatches.layers.tables import StudyTables
from three_mismatches.network import Outage
from three_mismatches.power.cuts import Cuts, Separator, known_short_mw

__all__ = ["HORIZON_Y", "Groups", "Model", "Spans", "model_of", "with_broken_cuts", "with_trials"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HORIZON_Y = 20
"""Planning years from the base year on; means count what lies beyond as this. [years]"""

PILOT = 40
"""States in which the cuts are first found."""

PILOT_SLIP_Y = 6.0
"""In the pilot half of all works come late by up to this, so that no mix of works is far from one that was seen."""

CHECK_MW = 1e-3
"""A plan that sheds no more than this beyond what is short without new load is one that the grid can carry."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Lead times of connection, building and fibre by zone, with each site's zone; of supply; of late works."""

    connection: tuple[Span, ...]
    connection_of: Ints
    building: tuple[Span, ...]
    building_of: Ints
    fibre: tuple[Span, ...]
    fibre_of: Ints
    generation: Span | None
    slip: Span


@dataclass(frozen=True, eq=False)
class Groups:
    """New load that no cut can tell apart: the nodes first, without a pocket (-1), then nodes with a pocket."""

    node: Ints
    pocket: Ints
    of_request: Ints


@dataclass(frozen=True, eq=False)
class Model:
    """
    All that is the same in every draw.

    Attributes
    ----------
    calendar, queue, spans, groups
        Works and grid; requests; lead times; classes of new load.
    values
        Value of every assumption.
    dig_y
        What digging to the fibre adds for each site of the queue. [years]
    growth_mw, growth_share
        Load that the scenario plans in each planning year, no more after the study year; each node's share. [MW, -]
    separator, cuts
        What finds cuts, and those found so far.
    """

    calendar: Calendar
    queue: Queue
    spans: Spans
    groups: Groups
    values: Mapping[str, float]
    dig_y: Floats
    growth_mw: Floats
    growth_share: Floats
    separator: Separator
    cuts: Cuts


def model_of(
    tables: StudyTables,
    settings: Settings,
    values: Mapping[str, float],
    now: StudyTables,
    sites: gpd.GeoDataFrame,
    *,
    rng: np.random.Generator,
) -> Model:
    """
    Return the model of a study, with the cuts of some states at random.

    Parameters
    ----------
    tables, settings, values
        The study as it was given; value of every assumption.
    now, sites
        As `match.in_its_year` returns them.
    rng
        Chooses the states.
    """
    drawn = sites[is_top_level(sites)].groupby("pocket")["in_base_mw"].sum()
    years = range(settings.base_year, settings.base_year + HORIZON_Y)
    calendar = works_calendar(tables, settings, values, years=years, in_base_mw=drawn)
    queue = queue_of(now, sites, calendar.graph, values, year=settings.year, start=settings.base_year)
    growth, share = _beyond_list(calendar, settings.year)
    asking = sites.loc[list(queue.sites)]
    separator = Separator(calendar.graph)
    model = Model(
        calendar=calendar,
        queue=queue,
        spans=_spans(now, asking),
        groups=_groups(queue, len(calendar.graph.nodes)),
        values=values,
        dig_y=_dig_years(now, asking, values),
        growth_mw=growth,
        growth_share=share,
        separator=separator,
        cuts=separator.cuts(),
    )
    return _with_pilot_cuts(model, rng)


def with_trials(
    model: Model, now: StudyTables, sites: gpd.GeoDataFrame, places: pd.DataFrame, mw: float
) -> Model:
    """
    Return the model with a request behind the queue at each place, for power alone: no building, no fibre.

    Parameters
    ----------
    model
        Of the same study.
    now, sites
        As `match.in_its_year` returns them.
    places
        `area` and `pocket` (NaN: none) of each place.
    mw
        What each request asks. [MW]
    """
    graph = model.calendar.graph
    queue = model.queue.with_trials(
        mw,
        node=pd.Index(graph.nodes).get_indexer(pd.Index(places["area"])).astype(np.int64),
        pocket=pd.Index(graph.pockets, dtype=object).get_indexer(pd.Index(places["pocket"])).astype(np.int64),
    )
    asking = pd.concat([sites.loc[list(model.queue.sites), ["area", "pocket"]], places[["area", "pocket"]]])
    zones = list(zip(asking["pocket"], asking["area"], strict=True))
    spans, none = model.spans, np.zeros(len(places), dtype=np.int64)
    connection, connection_of = spans_of(now.lead_times, "connection", zones)
    power_alone = replace(
        spans,
        connection=connection,
        connection_of=connection_of,
        building=(*spans.building, Span()),
        building_of=np.concatenate([spans.building_of, none + len(spans.building)]),
        fibre=(*spans.fibre, Span()),
        fibre_of=np.concatenate([spans.fibre_of, none + len(spans.fibre)]),
    )
    return replace(
        model,
        queue=queue,
        spans=power_alone,
        groups=_groups(queue, len(graph.nodes)),
        dig_y=np.concatenate([model.dig_y, np.zeros(len(places))]),
    )


def with_broken_cuts(
    model: Model, states: YearStates, served_mw: Floats, rng: np.random.Generator, *, count: int
) -> Model:
    """
    Return the model with the cuts that it lacked in some of the states in which it gave room out.

    A cut is lacking where what was given out sheds more than the cuts say is short without it: they allow too much, or
    too little, because they do not see all that ordinary demand is short of.

    Parameters
    ----------
    model
        The model that gave it out.
    states
        The states of some draws.
    served_mw
        What each node got in them. (draws, years, nodes) [MW]
    rng
        Chooses which are checked, and what is lost there.
    count
        How many are.
    """
    separator, graph = model.separator, model.calendar.graph
    nothing = np.zeros(len(graph.nodes))
    for _ in range(count):
        draw, year = int(rng.integers(len(served_mw))), int(rng.integers(HORIZON_Y))
        outage = _random_outage(states, draw, year, rng)
        state, given = states.grid.one(draw, year).after(graph, outage), served_mw[draw, year]
        if separator.least_shed_mw(state, given) > known_short_mw(model.cuts, state) + CHECK_MW:
            separator.explore([state, state], [given, nothing])
    return replace(model, cuts=separator.cuts())


def _spans(now: StudyTables, sites: gpd.GeoDataFrame) -> Spans:
    places = list(zip(sites["pocket"], sites["area"], strict=True))
    return Spans(
        *spans_of(now.lead_times, "connection", places),
        *spans_of(now.lead_times, "building", places),
        *spans_of(now.lead_times, "fibre", places),
        generation=span_of(now.lead_times, "generation"),
        slip=span_of(now.lead_times, "slip") or Span(),
    )


def _dig_years(now: StudyTables, sites: gpd.GeoDataFrame, values: Mapping[str, float]) -> Floats:
    """Return how long the way to the fibre takes to dig; 0 where routes are a sketch: nobody digs to that."""
    routes = now.fibre.fibre_routes
    if routes.empty or routes["geometry_kind"].ne("surveyed").any():
        return np.zeros(len(sites))
    km = match.to_fibre(sites, now.fibre)["build_km"].to_numpy(dtype=np.float64)
    return np.asarray(km / values["fibre_build_km_per_y"], dtype=np.float64)


def _beyond_list(calendar: Calendar, study_year: int) -> tuple[Floats, Floats]:
    """Return what the scenario adds in each planning year, held from the study year on; each node's share then."""
    at = min(max(study_year, calendar.years[0]), calendar.years[-1]) - calendar.years[0]
    growth = calendar.growth_mw.sum(axis=1)
    growth[at:] = growth[at]
    own = calendar.growth_mw[at]
    return growth, own / own.sum() if own.sum() > 0.0 else np.zeros_like(own)


def _groups(queue: Queue, nodes: int) -> Groups:
    both = list(zip(queue.node.tolist(), queue.pocket.tolist(), strict=True))
    pairs = sorted({(node, pocket) for node, pocket in both if pocket >= 0})
    place = {pair: nodes + at for at, pair in enumerate(pairs)}
    return Groups(
        node=np.array([*range(nodes), *(node for node, _ in pairs)], dtype=np.int64),
        pocket=np.array([-1] * nodes + [pocket for _, pocket in pairs], dtype=np.int64),
        of_request=np.array([place.get(pair, pair[0]) for pair in both], dtype=np.int64),
    )


def _with_pilot_cuts(model: Model, rng: np.random.Generator) -> Model:
    """Return the model with the cuts of states at random: years, late works, losses and loads."""
    calendar, queue = model.calendar, model.queue
    late = np.zeros((PILOT, len(calendar.works)))
    slips = rng.random(late.shape) < np.linspace(0.0, 0.5, PILOT)[:, None]
    states = calendar.states(np.where(slips, rng.uniform(0.0, PILOT_SLIP_Y, late.shape), late))
    asked = model.growth_mw[-1] * model.growth_share
    asked = asked + np.bincount(queue.node, weights=queue.mw, minlength=len(asked))
    for draw in range(PILOT):
        year = int(rng.integers(HORIZON_Y))
        outage = _random_outage(states, draw, year, rng)
        load = asked * rng.random(len(asked)) * rng.integers(0, 3)
        model.separator.explore([states.grid.one(draw, year).after(calendar.graph, outage)], [load])
    model.separator.surround(states.grid.one(0, HORIZON_Y - 1))
    return replace(model, cuts=model.separator.cuts())


def _random_outage(states: YearStates, draw: int, year: int, rng: np.random.Generator) -> Outage:
    """Return the loss of nothing, of a unit or of a pole."""
    outages = list(_outages(states, draw, year))
    return outages[int(rng.integers(len(outages)))]


def _outages(states: YearStates, draw: int, year: int) -> Iterator[Outage]:
    yield Outage("")
    for node, mw in enumerate(states.unit_mw[draw, year]):
        if mw > 0.0:
            yield Outage("unit", node_idx=node, lost_mw=float(mw))
    for link, share in enumerate(states.pole_share[draw, year]):
        if share > 0.0:
            yield Outage("pole", link_idx=(link,), lost_share=float(share))
