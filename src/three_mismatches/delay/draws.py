"""One chunk of draws: what slips, who comes, how long things take, and who gets room when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels.queue import allowed_room, queue_years
from three_mismatches.delay.calendar import YearStates
from three_mismatches.delay.leads import Span
from three_mismatches.delay.model import HORIZON_Y, Model
from three_mismatches.delay.summary import Samples
from three_mismatches.power.cuts import UNLIMITED_MW, room_mw

__all__ = ["CHUNK", "FIRST_COME", "READY_FIRST", "Part", "draw_chunk"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 250
"""Draws that share a stream of chance: the answer depends on this and the seed, not on who draws them."""

FIRST_COME, READY_FIRST = "first come", "ready first"


@dataclass(frozen=True, eq=False)
class Part:
    """One chunk: its samples, the states that it went through, and what each node got. (draws, years, nodes) [MW]"""

    samples: Samples
    states: YearStates
    served_mw: Floats


@dataclass(frozen=True, eq=False)
class _Times:
    """What is drawn of each request (draws, requests), and by how much each work is late (draws, works). [years]"""

    opens: Floats
    connection: Floats
    fibre: Floats
    realised: NDArray[np.bool_]
    plant: Floats
    late: Floats

    @property
    def ready(self) -> Floats:
        """When building, fibre and connection are all there."""
        return np.maximum(np.maximum(self.opens, self.fibre), self.connection)


def draw_chunk(model: Model, seed: np.random.SeedSequence, *, discipline: str) -> Part:
    """
    Return one chunk of draws.

    Parameters
    ----------
    model
        What is the same in every draw.
    seed
        Source of chance, this chunk's own.
    discipline
        Who is served first.
    """
    times = _drawn(model, np.random.default_rng(seed))
    states = model.calendar.states(times.late)
    queue, nodes = model.queue, len(model.calendar.graph.nodes)
    ready = times.ready
    network, supply = np.empty(ready.shape), np.empty(ready.shape)
    lost = np.zeros((*ready.shape, HORIZON_Y))
    unsited, served = np.zeros((2, len(ready), HORIZON_Y, nodes))
    queue_years(
        *_room_of(model, states), *_order(model, times, discipline), model.groups.of_request, queue.node, queue.mw,
        queue.plan_y, times.opens, ready, times.realised, times.plant, model.growth_mw, model.growth_share,
        model.values["ramp_y"], network, supply, lost, unsited, served,
    )  # fmt: skip
    late = ready >= HORIZON_Y
    network[late], supply[late] = 0.0, 0.0
    found = (times.opens, times.connection, network, supply, times.fibre)
    return Part(Samples.of(queue, nodes, found, times.realised, (lost, unsited)), states, served)


def _drawn(model: Model, rng: np.random.Generator) -> _Times:
    queue, spans, values = model.queue, model.spans, model.values
    at, since, level = queue.site, queue.applied_y, values["lead_time_level"]
    late = _lateness(model, rng)
    comes = rng.random((CHUNK, len(queue.sites))) < values["realisation"]
    # What makes connections slow in a zone is common to its sites; buildings and trenches are each site's own.
    zones = np.array([span.draw(rng, CHUNK, level=level) for span in spans.connection]).reshape(-1, CHUNK)
    connection = zones[spans.connection_of].T
    building = _each(rng, spans.building, spans.building_of, level)
    fibre = _each(rng, spans.fibre, spans.fibre_of, level) + model.dig_y
    never = np.full(CHUNK, np.inf)
    plant = never if spans.generation is None else spans.generation.draw(rng, CHUNK, level=level)
    opens = np.where(queue.begun, queue.plan_y, np.maximum(queue.plan_y, since + building[:, at]))
    return _Times(
        opens=opens,
        connection=np.where(queue.begun, opens, np.maximum(0.0, since + connection[:, at])),
        fibre=np.where(queue.begun, opens, np.maximum(0.0, since + fibre[:, at])),
        realised=(comes | queue.site_begun)[:, at] & ~queue.trial,
        plant=np.repeat(plant[:, None], len(at), axis=1),
        late=late,
    )


def _lateness(model: Model, rng: np.random.Generator) -> Floats:
    """Return by how much each work comes late, once for all who wait for it. (draws, works) [years]"""
    stated, values = model.calendar.p_slip, model.values
    chance = np.where(np.isnan(stated), values["slip_unknown"], stated)
    slips = rng.random((CHUNK, len(chance))) < chance
    years = model.spans.slip.draw(rng, slips.shape, level=values["lead_time_level"])
    return np.where(slips, years, 0.0)


def _each(rng: np.random.Generator, spans: tuple[Span, ...], of_site: Ints, level: float) -> Floats:
    """Return a draw of its own for each site. (draws, sites) [years]"""
    found = np.zeros((CHUNK, len(of_site)))
    for at, span in enumerate(spans):
        mine = np.flatnonzero(of_site == at)
        found[:, mine] = span.draw(rng, (CHUNK, len(mine)), level=level)
    return found


def _room_of(model: Model, states: YearStates) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return what cuts and pockets allow by draw and year, what each group takes of it, and which are of supply."""
    cuts, groups, pockets = model.cuts, model.groups, states.pocket_mw.shape[2]
    draws, years = states.pocket_mw.shape[:2]
    room = room_mw(cuts, states.grid).reshape(draws * years, len(cuts.node))
    allowed = np.empty_like(room)
    node, forward, back = map(_by_element, (cuts.node, cuts.link_forward, cuts.link_reverse))
    units = states.unit_mw.reshape(draws * years, len(node))
    allowed_room(room, node, units, *_pole_mw(states), forward, back, cuts.part, cuts.apart, allowed)
    both = np.concatenate([allowed.reshape(draws, years, -1), states.pocket_mw], axis=2)
    inside = (groups.pocket[:, None] == np.arange(pockets)).astype(np.float64)
    takes = np.concatenate([node[groups.node], inside], axis=1)
    of_supply = np.concatenate([cuts.of_generation, np.zeros(pockets, dtype=bool)])
    return both, takes, of_supply


def _by_element(price: Floats) -> Floats:
    """Return the prices of cuts with one row for each node or link."""
    return np.ascontiguousarray(price.T)


def _pole_mw(states: YearStates) -> tuple[Floats, Floats]:
    """Return what one pole of each link carries forward and back, 0 where there is none. (states, links) [MW]"""
    draws, years, links = states.pole_share.shape
    sides = (states.grid.link_forward, states.grid.link_reverse)
    forward, back = (
        (states.pole_share * np.minimum(side, UNLIMITED_MW)).reshape(draws * years, links) for side in sides
    )
    return forward, back


def _order(model: Model, times: _Times, discipline: str) -> tuple[Ints, Floats, Floats]:
    """Return who is served first, and from when to when each request holds its place. (draws, requests) [years]"""
    shape, applied = times.opens.shape, model.queue.applied_y
    if discipline == READY_FIRST:
        order = np.argsort(times.ready, axis=1, kind="stable").astype(np.int64)
        return order, np.full(shape, np.inf), np.full(shape, -np.inf)
    order = np.tile(np.arange(shape[1], dtype=np.int64), (shape[0], 1))
    lapses = np.where(times.realised, np.inf, applied + model.values["phantom_hold_y"])
    # What is not there and holds no place takes no room: a trial.
    return order, np.tile(np.where(model.queue.trial, np.inf, applied), (shape[0], 1)), lapses
