"""
The queue for room on the grid: who gets how much in which year, and what is lost until then.

Times are years from the start, years are planning years counted from 0. A cut is a limit on priced new load: a MW of
group `g` takes `takes[cut, g]` of its room. Groups are the nodes first, then nodes with their pockets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from three_mismatches._kernels._jit import kernel

__all__ = ["allowed_room", "queue_years"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLERANCE_MW = 1e-6
"""Room that lacks less than this is enough: the programmes that find the cuts are no better."""


@kernel
def allowed_room(
    room: Floats,
    node_price: Floats,
    unit_mw: Floats,
    pole_mw: Floats,
    back_mw: Floats,
    link_price: Floats,
    back_price: Floats,
    part: Ints,
    apart: Bools,
    allowed: Floats,
) -> None:
    """
    Write what each cut leaves for new load in the intact grid and after the loss of any one unit or pole.

    Where ordinary demand is short already new load must not add to it. So a cut may be as short as the shortest of its
    part of the grid, less what is short apart from it: the sum of two cuts that are apart is a cut as well.

    Parameters
    ----------
    room
        Room of each cut with nothing lost. (states, cuts) [MW]
    node_price
        What a MW lost at each node takes of it. (nodes, cuts) [MW/MW]
    unit_mw
        What is lost with each node's largest unit. (states, nodes) [MW]
    pole_mw, back_mw
        What a pole of each link carries forward and back, 0 where there is none. (states, links) [MW]
    link_price, back_price
        What one MW of it adds to each cut. (links, cuts) [MW/MW]
    part
        Part of the grid that each cut is about. (cuts,)
    apart
        Which cuts of one part are priced at different nodes, so that their sum is a cut. (cuts, cuts)
    allowed
        Written: the least of all. (states, cuts) [MW]
    """
    states, cuts = room.shape
    nodes, links = unit_mw.shape[1], pole_mw.shape[1]
    left, short = np.empty(cuts), np.zeros(0 if cuts == 0 else part.max() + 1)
    for state in range(states):
        allowed[state] = np.inf
        _keep_least(room[state], part, apart, short, allowed[state])
        for node in range(nodes):
            if unit_mw[state, node] > 0.0:
                for cut in range(cuts):
                    left[cut] = room[state, cut] - node_price[node, cut] * unit_mw[state, node]
                _keep_least(left, part, apart, short, allowed[state])
        for link in range(links):
            forward, back = pole_mw[state, link], back_mw[state, link]
            if forward > 0.0 or back > 0.0:
                for cut in range(cuts):
                    lost = forward * link_price[link, cut] + back * back_price[link, cut]
                    left[cut] = room[state, cut] - lost
                _keep_least(left, part, apart, short, allowed[state])


@kernel
def _keep_least(left: Floats, part: Ints, apart: Bools, short: Floats, allowed: Floats) -> None:
    """Lower what is allowed to what one loss leaves, and what ordinary demand of the part is short of with it."""
    short[:] = 0.0
    for cut in range(left.shape[0]):
        short[part[cut]] = max(short[part[cut]], -left[cut])
    for cut in range(left.shape[0]):
        owed = short[part[cut]]
        if owed > 0.0:
            elsewhere = 0.0
            for other in range(left.shape[0]):
                if apart[cut, other]:
                    elsewhere = max(elsewhere, -left[other])
            owed -= elsewhere
        allowed[cut] = min(allowed[cut], left[cut] + owed)


@kernel
def queue_years(
    allowed: Floats,
    takes: Floats,
    of_supply: Bools,
    order: Ints,
    hold_from: Floats,
    hold_to: Floats,
    group: Ints,
    node: Ints,
    mw: Floats,
    plan: Floats,
    opens: Floats,
    ready: Floats,
    realised: Bools,
    plant: Floats,
    growth: Floats,
    share: Floats,
    ramp: float,
    network_y: Floats,
    supply_y: Floats,
    lost: Floats,
    unsited_lost: Floats,
    served: Floats,
) -> None:
    """
    Give room year by year in the order of the queue; write when each request first gets all that it asks for.

    Parameters
    ----------
    allowed
        Room of each cut. (draws, years, cuts) [MW]
    takes, of_supply
        (groups, cuts) [MW/MW]; whether a cut is one of supply, not of the network. (cuts,)
    order
        Requests, first served first. (draws, requests)
    hold_from, hold_to
        Between these a request holds its place, ready or not. (draws, requests) [years]
    group, node, mw, plan
        Of each request: group and its node, size [MW], and the time for which it is planned. (requests,) [years]
    opens, ready
        When its building stands; when building, fibre and connection are all there. (draws, requests) [years]
    realised
        Whether it comes at all. (draws, requests)
    plant
        From when a plant of its own brings what supply lacks: no cut of supply stops it. (draws, requests) [years]
    growth, share
        Load that is planned in all (years,) [MW]; what the listed requests leave of it asks last, by node (nodes,) [-].
    ramp
        From opening to full draw. [years]
    network_y, supply_y
        Written: first time with room for all of it, 0 where there was room when it was ready, inf without.
        (draws, requests) [years]
    lost, unsited_lost
        Written: what could have been drawn and was not, (draws, requests, years) and (draws, years, nodes). [MW years]
    served
        Written: what is given out at each node, held places included, from plants other than requests' own.
        (draws, years, nodes) [MW]
    """
    draws, years, cuts = allowed.shape
    used = np.empty(cuts)
    for draw in range(draws):
        network_y[draw] = np.inf
        supply_y[draw] = np.inf
        for year in range(years):
            used[:] = 0.0
            listed = _serve_list(
                draw, year, allowed[draw, year], used, takes, of_supply, order[draw], hold_from, hold_to, group,
                node, mw, plan, opens, ready, realised, plant, ramp, network_y, supply_y, lost, served,
            )  # fmt: skip
            asked = max(0.0, growth[year] - listed)
            _serve_rest(allowed[draw, year], used, takes, asked, share, unsited_lost[draw, year])
            for at in range(share.shape[0]):
                served[draw, year, at] += asked * share[at] - unsited_lost[draw, year, at]


@kernel
def _serve_list(
    draw: int,
    year: int,
    allowed: Floats,
    used: Floats,
    takes: Floats,
    of_supply: Bools,
    order: Ints,
    hold_from: Floats,
    hold_to: Floats,
    group: Ints,
    node: Ints,
    mw: Floats,
    plan: Floats,
    opens: Floats,
    ready: Floats,
    realised: Bools,
    plant: Floats,
    ramp: float,
    network_y: Floats,
    supply_y: Floats,
    lost: Floats,
    served: Floats,
) -> float:
    """Serve the requests of one year in their order; return what of them is planned by its end. [MW]"""
    listed = 0.0
    for at in order:
        comes = realised[draw, at]
        if comes and plan[at] < year + 1.0:
            listed += mw[at]
        is_ready = ready[draw, at] < year + 1.0
        holds = hold_from[draw, at] < year + 1.0 and hold_to[draw, at] > year
        got = with_plant = 0.0
        if is_ready or holds:
            network = supply = np.inf
            if mw[at] > 0.0:
                network, supply = _room(allowed, used, takes, of_supply, group[at])
            got = max(0.0, min(mw[at], network, supply))
            with_plant = max(got, min(mw[at], network)) if plant[draw, at] < year + 1.0 else got
            if is_ready:
                _note_first(draw, at, year, mw[at], network, supply, ready, plant, network_y, supply_y)
        if with_plant > 0.0 and (holds or (comes and is_ready)):
            served[draw, year, node[at]] += got
            for cut in range(used.shape[0]):
                used[cut] += takes[group[at], cut] * (got if of_supply[cut] else with_plant)
        if comes:
            since = min(max(ready[draw, at], float(year)), year + 1.0)
            runs = min(max(plant[draw, at], since), year + 1.0)
            lost[draw, at, year] = (
                _lost_within(mw[at], opens[draw, at], ramp, 0.0, float(year), since)
                + _lost_within(mw[at], opens[draw, at], ramp, got, since, runs)
                + _lost_within(mw[at], opens[draw, at], ramp, with_plant, runs, year + 1.0)
            )
    return listed


@kernel
def _note_first(
    draw: int,
    at: int,
    year: int,
    mw: float,
    network: float,
    supply: float,
    ready: Floats,
    plant: Floats,
    network_y: Floats,
    supply_y: Floats,
) -> None:
    """Write the first time with room for all of a request, 0 if there is when the rest of it is ready."""
    late = ready[draw, at] < year
    if np.isinf(network_y[draw, at]) and network >= mw - TOLERANCE_MW:
        network_y[draw, at] = float(year) if late else 0.0
    if np.isinf(supply_y[draw, at]):
        if supply >= mw - TOLERANCE_MW:
            supply_y[draw, at] = float(year) if late else 0.0
        elif plant[draw, at] < year + 1.0:
            supply_y[draw, at] = plant[draw, at] if plant[draw, at] > ready[draw, at] else 0.0


@kernel
def _serve_rest(
    allowed: Floats, used: Floats, takes: Floats, asked: float, share: Floats, missing: Floats
) -> None:
    """Give load that no request stands for what is left, all nodes alike while they have room; write the rest."""
    level = 0.0
    rising = asked * share
    while level < 1.0 and rising.sum() > 0.0:
        step, stopped = 1.0 - level, -1
        for cut in range(allowed.shape[0]):
            rate = _priced(takes, cut, rising)
            if rate > 0.0 and max(0.0, (allowed[cut] - used[cut]) / rate) < step:
                step, stopped = max(0.0, (allowed[cut] - used[cut]) / rate), cut
        for cut in range(allowed.shape[0]):
            used[cut] += _priced(takes, cut, rising) * step
        level += step
        if stopped < 0:
            break
        for node in range(share.shape[0]):
            if rising[node] > 0.0 and takes[node, stopped] > 0.0:
                missing[node] = rising[node] * (1.0 - level)
                rising[node] = 0.0


@kernel
def _priced(takes: Floats, cut: int, rising: Floats) -> float:
    """Return what a cut loses as the nodes' load rises."""
    total = 0.0
    for node in range(rising.shape[0]):
        total += takes[node, cut] * rising[node]
    return total


@kernel
def _room(allowed: Floats, used: Floats, takes: Floats, of_supply: Bools, group: int) -> tuple[float, float]:
    """Return the MW that the cuts of the network, and those of supply, leave for a group."""
    network = supply = np.inf
    for cut in range(allowed.shape[0]):
        if takes[group, cut] > 0.0:
            left = (allowed[cut] - used[cut]) / takes[group, cut]
            if of_supply[cut]:
                supply = min(supply, left)
            else:
                network = min(network, left)
    return network, supply


@kernel
def _lost_within(mw: float, opens: float, ramp: float, got: float, start: float, end: float) -> float:
    """Return the integral, from start to end, of what a building could draw beyond what it gets. [MW years]"""
    return _lost_until(mw, opens, ramp, got, end) - _lost_until(mw, opens, ramp, got, start)


@kernel
def _lost_until(mw: float, opens: float, ramp: float, got: float, time: float) -> float:
    """Return the same integral from the beginning of time. [MW years]"""
    if mw <= got or time <= opens:
        return 0.0
    if ramp <= 0.0:
        return (mw - got) * (time - opens)
    crossing, full = opens + ramp * got / mw, opens + ramp
    if time <= crossing:
        return 0.0
    if time <= full:
        return 0.5 * mw / ramp * (time - crossing) ** 2
    return 0.5 * mw / ramp * (full - crossing) ** 2 + (mw - got) * (time - full)
