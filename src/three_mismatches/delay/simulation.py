"""Years until each site runs: the slowest of its building, its connection, its network, supply and fibre, drawn many times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import track

from three_mismatches import match
from three_mismatches._kernels.queue import allowed_room, queue_years
from three_mismatches.assumptions import resolve
from three_mismatches.delay.calendar import Calendar, YearStates, works_calendar
from three_mismatches.delay.leads import Span, span_of, spans_of
from three_mismatches.delay.queue import Queue, queue_of
from three_mismatches.delay.summary import Delay, Samples, summarise
from three_mismatches.layers.at_year import is_top_level
from three_mismatches.layers.question import Question
from three_mismatches.layers.tables import StudyTables
from three_mismatches.power.cuts import Cuts, Separator, room_mw
from three_mismatches.network import Outage

__all__ = ["DISCIPLINES", "HORIZON_Y", "simulate"]

Floats = NDArray[np.float64]

DISCIPLINES = ("first come", "ready first")
"""Who gets room: who applied first, and holds it while nothing is built; or who can use it first."""

HORIZON_Y = 20
"""Planning years from the base year on; means count what lies beyond as this. [years]"""

CHUNK = 500
"""Draws that share a stream of chance: the answer depends on this and the seed, not on who draws them."""

PILOT, CHECKED = 40, 200
"""States that the cuts are first found in, and in which what was given out is held against the whole programme."""

CHECK_MW = 1e-3
"""A plan that sheds no more than this beyond what is short without new load is one the grid can carry."""


def simulate(
    study: Question,
    *,
    draws: int = 10_000,
    seed: int = 0,
    discipline: str = "first come",
    workers: int = 1,
    progress: bool = False,
) -> Delay:
    """
    Return how long each site waits for its power, its supply and its fibre beyond its building.

    Time 0 is 1 January of the study's base year; sites ask for what they plan up to the study year. In each planning
    year the area model says what the grid carries with the works then in force, any one unit or pole lost, to the
    sites in the order of the queue (`power.cuts`: equal to the programme of `area_hosting`, and checked against it).

    Parameters
    ----------
    study
        Tables and settings.
    draws
        Number of draws.
    seed
        Same seed, same answer, whatever the number of workers.
    discipline
        "first come": requests hold their place from application on, also those that never come
        (`phantom_hold_y`). "ready first": room goes to whoever can use it first.
    workers
        Threads.
    progress
        Whether a bar is shown.

    Returns
    -------
    delay
        Per site, per stream, for the fleet, and by year and area. [years, MW, MW years]

    Raises
    ------
    ValueError
        If `draws` or `workers` is below 1, or the discipline is not known.
    """
    _refuse(draws, workers, discipline)
    model = _model(study, discipline)
    seeds = np.random.SeedSequence(seed).spawn(-(-draws // CHUNK))
    model = _with_cuts(model, seeds[0])
    while True:
        parts = list(track(_parts(model, seeds, workers), "Draws", total=len(seeds), disable=not progress))
        samples = _joined(parts, draws)
        found = _checked(model, parts[0])
        if len(found.node) == len(model.cuts.node):
            break
        model = model.with_cuts(found)
    return summarise(
        samples,
        model.queue,
        model.sites,
        model.calendar,
        load_factor=model.values["load_factor"],
        discipline=discipline,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class _Spans:
    """Lead times: connection by class, and each site's class; one for all of the others; slip of works."""

    connection: tuple[Span, ...]
    connection_of: NDArray[np.int64]
    building: tuple[Span, ...]
    building_of: NDArray[np.int64]
    fibre: tuple[Span, ...]
    fibre_of: NDArray[np.int64]
    generation: Span | None
    slip: Span


@dataclass(frozen=True, eq=False)
class _Model:
    """All that is the same in every draw."""

    calendar: Calendar
    queue: Queue
    sites: pd.DataFrame
    spans: _Spans
    values: Mapping[str, float]
    dig_y: Floats
    study_year_at: int
    discipline: str
    separator: Separator
    cuts: Cuts

    def with_cuts(self, cuts: Cuts) -> _Model:
        """Return the model with more cuts."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _Model(**{**fields, "cuts": cuts})


@dataclass(frozen=True, eq=False)
class _Part:
    """One chunk of draws: what came of it, and the states it went through."""

    samples: Samples
    states: YearStates
    served_mw: Floats


def _refuse(draws: int, workers: int, discipline: str) -> None:
    if draws < 1 or workers < 1:
        msg = f"draws and workers must be at least 1, not {draws} and {workers}"
        raise ValueError(msg)
    if discipline not in DISCIPLINES:
        msg = f"discipline={discipline!r} is not known; there are {' and '.join(map(repr, DISCIPLINES))}"
        raise ValueError(msg)


def _model(study: Question, discipline: str) -> _Model:
    tables, settings = study.tables, study.settings
    values = resolve(settings.assume)
    now, sites, _ = match.in_its_year(tables, settings, values)
    drawn = sites[is_top_level(sites)].groupby("pocket")["in_base_mw"].sum()
    years = range(settings.base_year, settings.base_year + HORIZON_Y)
    calendar = works_calendar(tables, settings, values, years=years, in_base_mw=drawn)
    queue = queue_of(now, sites, calendar.graph, values, year=settings.year, start=settings.base_year)
    return _Model(
        calendar=calendar,
        queue=queue,
        sites=sites,
        spans=_spans(now.lead_times, sites.loc[list(queue.sites)]),
        values=values,
        dig_y=_dig_years(now, sites.loc[list(queue.sites)], values),
        study_year_at=min(settings.year - settings.base_year, HORIZON_Y - 1),
        discipline=discipline,
        separator=(separator := Separator(calendar.graph)),
        cuts=separator.cuts(),
    )


def _spans(lead_times: pd.DataFrame, sites: pd.DataFrame) -> _Spans:
    places = [(row.pocket, row.area) for row in sites[["pocket", "area"]].itertuples()]
    return _Spans(
        *spans_of(lead_times, "connection", places),
        *spans_of(lead_times, "building", places),
        *spans_of(lead_times, "fibre", places),
        generation=span_of(lead_times, "generation"),
        slip=span_of(lead_times, "slip") or Span(),
    )


def _dig_years(now: StudyTables, sites: pd.DataFrame, values: Mapping[str, float]) -> Floats:
    """Return how long the way to the fibre takes to dig; 0 where routes are a sketch, inf where there is no fibre."""
    nodes, routes = now.fibre.fibre_nodes, now.fibre.fibre_routes
    if nodes.empty:
        return np.zeros(len(sites))
    if routes["geometry_kind"].ne("surveyed").any():
        # The distance to a sketch is no trench.
        return np.zeros(len(sites))
    km = match.to_fibre(sites, now.fibre)["build_km"].to_numpy(dtype=np.float64)
    return km / values["fibre_build_km_per_y"]


def _with_cuts(model: _Model, seed: np.random.SeedSequence) -> _Model:
    """Return the model with the cuts of some states: years, late works, losses and loads at random."""
    rng = np.random.default_rng(seed.spawn(1)[0])
    late = np.zeros((PILOT, len(model.calendar.works)))
    late[1:] = np.where(rng.random(late[1:].shape) < 0.5, rng.uniform(0.0, 6.0, late[1:].shape), 0.0)
    states, graph = model.calendar.states(late), model.calendar.graph
    asked = np.bincount(model.queue.node, weights=model.queue.mw, minlength=len(graph.nodes)).astype(float)
    asked = asked + model.calendar.growth_mw[model.study_year_at]
    for draw in range(PILOT):
        year = int(rng.integers(HORIZON_Y))
        outage = _random_outage(rng, states, draw, year)
        load = asked * rng.random(len(asked)) * rng.integers(0, 3)
        model.separator.explore([states.grid.one(draw, year).after(graph, outage)], [load])
    return model.with_cuts(model.separator.cuts())


def _random_outage(rng: np.random.Generator, states: YearStates, draw: int, year: int) -> Outage:
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


def _parts(model: _Model, seeds: list[np.random.SeedSequence], workers: int) -> Iterator[_Part]:
    """Return the chunks in order, drawn by as many threads."""
    if workers == 1:
        yield from (_part(model, seed) for seed in seeds)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda seed: _part(model, seed), seeds)


@dataclass(frozen=True, eq=False)
class _Times:
    """What is drawn of each request. (draws, requests) [years]"""

    opens: Floats
    connection: Floats
    fibre: Floats
    realised: NDArray[np.bool_]
    plant: Floats
    late: Floats


def _drawn(model: _Model, seed: np.random.SeedSequence) -> _Times:
    rng = np.random.default_rng(seed)
    queue, spans, values = model.queue, model.spans, model.values
    count, sites, level = CHUNK, len(queue.sites), values["lead_time_level"]
    works = len(model.calendar.works)
    p_slip = np.where(np.isnan(model.calendar.p_slip), values["slip_unknown"], model.calendar.p_slip)
    slips = rng.random((count, works)) < p_slip
    late = np.where(slips, spans.slip.draw(rng, (count, works), level=level), 0.0)
    comes = rng.random((count, sites)) < values["realisation"]
    zones = np.array([span.draw(rng, count, level=level) for span in spans.connection]).reshape(-1, count)
    connection = zones[spans.connection_of].T
    building = _each(rng, spans.building, spans.building_of, count, level)
    fibre = _each(rng, spans.fibre, spans.fibre_of, count, level) + model.dig_y
    never = np.full(count, np.inf)
    plant = never if spans.generation is None else spans.generation.draw(rng, count, level=level)
    at, since = queue.site, queue.applied_y
    opens = np.where(queue.begun, queue.plan_y, np.maximum(queue.plan_y, since + building[:, at]))
    return _Times(
        opens=opens,
        connection=np.where(queue.begun, opens, np.maximum(0.0, since + connection[:, at])),
        fibre=np.where(queue.begun, opens, np.maximum(0.0, since + fibre[:, at])),
        realised=(comes | queue.site_begun)[:, at],
        plant=np.broadcast_to(plant[:, None], opens.shape),
        late=late,
    )


def _each(
    rng: np.random.Generator, spans: tuple[Span, ...], of: NDArray[np.int64], count: int, level: float
) -> Floats:
    """Return a draw of its own for each site. (draws, sites) [years]"""
    found = np.zeros((count, len(of)))
    for at, span in enumerate(spans):
        mine = np.flatnonzero(of == at)
        found[:, mine] = span.draw(rng, (count, len(mine)), level=level)
    return found


def _part(model: _Model, seed: np.random.SeedSequence) -> _Part:
    """Return one chunk of draws."""
    times = _drawn(model, seed)
    states = model.calendar.states(times.late)
    allowed, takes, of_supply = _room_of(model, states)
    queue, nodes = model.queue, len(model.calendar.graph.nodes)
    ready = np.maximum(np.maximum(times.opens, times.fibre), times.connection)
    order, hold_from, hold_to = _queue_order(model, times, ready)
    shape, years = ready.shape, HORIZON_Y
    network, supply = np.empty(shape), np.empty(shape)
    lost, unsited = np.zeros((*shape, years)), np.zeros((len(ready), years, nodes))
    served = np.zeros((len(ready), years, nodes))
    growth, share = _beyond_list(model)
    queue_years(
        allowed, takes, of_supply, order, _groups(model), queue.node, queue.mw, queue.plan_y, times.opens, ready, hold_from,
        hold_to, times.realised, np.ascontiguousarray(times.plant), growth, share, model.values["ramp_y"], network,
        supply, lost, unsited, served,
    )  # fmt: skip
    beyond = ready >= years
    network[beyond], supply[beyond] = 0.0, 0.0
    times_of = (times.opens, times.connection, network, supply, times.fibre)
    samples = Samples.of(queue, nodes, times_of, times.realised, (lost, unsited))
    return _Part(samples, states, served)


def _room_of(model: _Model, states: YearStates) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return what every cut and pocket allows in each draw and year, what each group takes of it, and its kind."""
    cuts, graph = model.cuts, model.calendar.graph
    draws, years = states.pocket_mw.shape[:2]
    flat = lambda array: np.ascontiguousarray(array.reshape(draws * years, -1))  # noqa: E731
    room = flat(room_mw(cuts, states.grid))
    poles = np.flatnonzero(states.pole_share.any(axis=(0, 1)))
    share = states.pole_share[..., poles, None]
    carried = (
        np.minimum(states.grid.link_forward, 1e9)[..., poles, None] * cuts.link_forward.T[poles]
        + np.minimum(states.grid.link_reverse, 1e9)[..., poles, None] * cuts.link_reverse.T[poles]
    )
    loss = np.ascontiguousarray((share * carried).reshape(draws * years, len(poles), len(cuts.node)))
    allowed = np.empty_like(room)
    allowed_room(room, cuts.node, flat(states.unit_mw), loss, allowed)
    group_node, group_pocket = _group_table(model)
    takes = cuts.node[:, group_node]
    inside = (group_pocket[None, :] == np.arange(len(graph.pockets))[:, None]).astype(np.float64)
    both = np.concatenate([allowed.reshape(draws, years, -1), states.pocket_mw], axis=2)
    of_supply = np.concatenate([cuts.of_generation, np.zeros(len(graph.pockets), dtype=bool)])
    return np.ascontiguousarray(both), np.ascontiguousarray(np.concatenate([takes, inside])), of_supply


def _group_table(model: _Model) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return node and pocket of each group: the nodes without a pocket first, then pairs in order."""
    nodes = np.arange(len(model.calendar.graph.nodes))
    pairs = _pairs(model.queue)
    node = np.concatenate([nodes, [pair[0] for pair in pairs]]).astype(np.int64)
    pocket = np.concatenate([np.full(len(nodes), -1), [pair[1] for pair in pairs]]).astype(np.int64)
    return node, pocket


def _pairs(queue: Queue) -> list[tuple[int, int]]:
    both = zip(queue.node.tolist(), queue.pocket.tolist(), strict=True)
    return sorted({(node, pocket) for node, pocket in both if pocket >= 0})


def _groups(model: _Model) -> NDArray[np.int64]:
    """Return the group of each request."""
    queue, first = model.queue, len(model.calendar.graph.nodes)
    place = {pair: first + at for at, pair in enumerate(_pairs(queue))}
    both = zip(queue.node.tolist(), queue.pocket.tolist(), strict=True)
    return np.array([place.get(pair, pair[0]) for pair in both], dtype=np.int64)


def _queue_order(
    model: _Model, times: _Times, ready: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return who is served first in each draw, and from when to when a request holds its place. (draws, requests)"""
    shape, applied = ready.shape, model.queue.applied_y
    if model.discipline == "ready first":
        order = np.argsort(ready, axis=1, kind="stable").astype(np.int64)
        return order, np.full(shape, np.inf), np.full(shape, -np.inf)
    order = np.ascontiguousarray(np.broadcast_to(np.arange(shape[1], dtype=np.int64), shape))
    lapses = applied + model.values["phantom_hold_y"]
    return order, np.ascontiguousarray(np.broadcast_to(applied, shape)), np.where(times.realised, np.inf, lapses)


def _beyond_list(model: _Model) -> tuple[Floats, Floats]:
    """Return the load that the scenario plans in each year, held from the study year on, and each node's share."""
    growth = model.calendar.growth_mw.sum(axis=1)
    growth[model.study_year_at :] = growth[model.study_year_at]
    own = model.calendar.growth_mw[model.study_year_at]
    return growth, own / own.sum() if own.sum() > 0.0 else np.zeros_like(own)


def _joined(parts: list[_Part], draws: int) -> Samples:
    return Samples.joined([part.samples for part in parts]).first(draws)


def _checked(model: _Model, part: _Part) -> Cuts:
    """Return the cuts, with those added that what was given out in some states breaks."""
    rng, graph = np.random.default_rng(0), model.calendar.graph
    for _ in range(CHECKED):
        draw, year = int(rng.integers(len(part.served_mw))), int(rng.integers(HORIZON_Y))
        outage = _random_outage(rng, part.states, draw, year)
        state = part.states.grid.one(draw, year).after(graph, outage)
        short = model.separator.least_shed_mw(state, np.zeros(len(graph.nodes)))
        given = part.served_mw[draw, year]
        if model.separator.least_shed_mw(state, given) > short + CHECK_MW:
            model.separator.add(state, given)
    return model.separator.cuts()
