"""A grid's dispatch before anything is added: its flows, who can give more, and who answers for a new load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.network import DcNetwork, dc_network
from three_mismatches.power._dc_model import DcModel
from three_mismatches.power._injections import balance_of, by_bus, injected_by, room_upwards

__all__ = ["BaseCase", "LinkRoom", "Response", "base_case", "links_between_buses", "responses"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_SHARE = 1e-12
"""A share of participation below this is rounding."""

CLEARLY = 1e-9
"""By this share one limit must lie below another to be named instead of it."""


@dataclass(frozen=True, eq=False)
class LinkRoom:
    """Links between buses, and how much (more) each can carry each way, at its sending end. [MW]"""

    names: pd.Index
    bus0: Ints
    bus1: Ints
    efficiency: Floats
    forward_mw: Floats
    reverse_mw: Floats
    p_set: Floats


@dataclass(frozen=True, eq=False)
class BaseCase:
    """
    A balanced dispatch and what it makes of the network.

    Attributes
    ----------
    model
        The factorised equations.
    flow
        What each branch carries. [MW]
    room
        How much more the generators of each bus can give. [MW]
    weight
        Participation of each bus; not yet divided by its sum.
    links
        Those that answer; without rows where participation was given.
    """

    model: DcModel
    flow: Floats
    room: Floats
    weight: Floats
    links: LinkRoom

    @property
    def network(self) -> DcNetwork:
        """The branches."""
        return self.model.network


@dataclass(frozen=True, eq=False)
class Response:
    """
    How the network answers 1 MW more of load in each part: by part, row for row.

    Attributes
    ----------
    parts
        Numbers of the parts that can answer.
    share
        Where the MW comes from within the part itself, its links' ends included; sums to 1. Shape (parts, buses).
    flow
        What each branch carries of it, without the site's own share. Shape (parts, branches). [MW/MW]
    link
        What each link carries of it, positive from bus0. Shape (parts, links). [MW/MW]
    limit_mw
        Load at which what each bus of the part gives ends: its generators' room, or what its links can bring. Shape
        (parts, buses). [MW]
    cap_mw
        Load at which the first that gives, in this part or behind a link, can give no more. [MW]
    cap_by
        What ends there: "capacity" of generators, or a link.
    """

    parts: Ints
    share: Floats
    flow: Floats
    link: Floats
    limit_mw: Floats
    cap_mw: Floats
    cap_by: tuple[str, ...]


def base_case(
    grid: Grid,
    *,
    balance: str | None = None,
    participation: pd.Series | Mapping[str, float] | None = None,
    model: DcModel | None = None,
) -> BaseCase:
    """
    Return a grid's base dispatch, balanced.

    Parameters
    ----------
    grid
        As for `dc_flow`.
    balance
        As for `dc_flow`; by participation it is the one given.
    participation
        Weight of each bus. Without, what its generators can still give once the dispatch is balanced, and what links
        from other parts can still bring.
    model
        Factorised equations of the same grid, to be used again.

    Raises
    ------
    NetworkError
        As `dc_flow`; if a participation is negative or at no bus.
    """
    network = dc_network(grid) if model is None else model.network
    model = DcModel(network) if model is None else model
    given = injected_by(grid)
    added = balance_of(grid, network, given, balance, participation if balance == "participation" else None)
    room = np.maximum(room_upwards(grid, network.buses) - added, 0.0)
    flow = model.flows((given + added)[:, None])[:, 0] + model.shifted
    links = links_between_buses(grid, network)
    links = (
        _answering(links, network)
        if participation is None
        else _some(links, np.zeros(len(links.names), dtype=bool))
    )
    weight = room if participation is None else by_bus(participation, network.buses, "participation")
    if (weight < 0.0).any():
        rows = tuple(map(str, network.buses[weight < 0.0]))
        raise NetworkError([Fault("participation", "value", "is below 0", "Give weights of 0 or more", rows)])
    return BaseCase(model, flow, room, weight, links)


def links_between_buses(grid: Grid, network: DcNetwork) -> LinkRoom:
    """
    Return the links that can carry power, with what they can carry in all.

    Raises
    ------
    NetworkError
        If one of them ends at no bus.
    """
    links = grid.links
    ends = [network.buses.get_indexer(pd.Index(links[end])).astype(np.int64) for end in ("bus0", "bus1")]
    held = links["margin_mw"].fillna(0.0)
    ways = (links["p_nom"] - held, links["p_nom_reverse"].fillna(links["p_nom"]) - held)
    forward, reverse = (np.array(way.clip(lower=0.0), dtype=np.float64) for way in ways)
    works = (forward > 0.0) | (reverse > 0.0)
    lost = works & ((ends[0] < 0) | (ends[1] < 0))
    if lost.any():
        cure = "At line resolution a link joins buses: name them, or make its p_nom 0"
        rows = tuple(map(str, links.index[lost]))
        raise NetworkError([Fault("links", "bus0, bus1", "is no bus", cure, rows)])
    sent = links["p_set"].fillna(0.0) if "p_set" in links else pd.Series(0.0, index=links.index)
    whole = LinkRoom(
        names=links.index,
        bus0=ends[0],
        bus1=ends[1],
        efficiency=np.array(links["efficiency"], dtype=np.float64),
        forward_mw=forward,
        reverse_mw=reverse,
        p_set=np.array(sent, dtype=np.float64),
    )
    return _some(whole, works)


def _some(links: LinkRoom, rows: Bools) -> LinkRoom:
    """Return some of the links."""
    return LinkRoom(**{name: column[rows] for name, column in vars(links).items()})


def _answering(links: LinkRoom, network: DcNetwork) -> LinkRoom:
    """Return the links from other parts of the network, with what they can still bring beyond their dispatch."""
    apart = _some(links, network.component[links.bus0] != network.component[links.bus1])
    room = (apart.forward_mw - apart.p_set, apart.reverse_mw + apart.p_set)
    forward, reverse = (np.maximum(way, 0.0) for way in room)
    return replace(apart, forward_mw=forward, reverse_mw=reverse)


def responses(base: BaseCase, parts: Ints) -> Response:
    """
    Return how the network answers 1 MW more of load in each of some parts; those where nothing answers are left out.

    What a link brings into a part is taken from the generators of the part at its other end, in proportion to their
    weight, and that part's lines carry it.
    """
    size = int(base.network.component.max(initial=-1)) + 1
    total, room = (
        np.bincount(base.network.component, weights=each, minlength=size).astype(np.float64)
        for each in (base.weight, base.room)
    )
    found = [_answer(base, int(part), total, room) for part in parts]
    kept = [at for at, answer in enumerate(found) if answer is not None]
    answers = [answer for answer in found if answer is not None]
    buses, links = len(base.network.buses), len(base.links.names)
    injected = np.array([answer.injected for answer in answers]).reshape(len(answers), buses)
    return Response(
        parts=np.asarray(parts, dtype=np.int64)[kept],
        share=np.array([answer.share for answer in answers]).reshape(len(answers), buses),
        flow=base.model.flows(np.ascontiguousarray(injected.T)).T,
        link=np.array([answer.link for answer in answers]).reshape(len(answers), links),
        limit_mw=np.array([answer.limit_mw for answer in answers]).reshape(len(answers), buses),
        cap_mw=np.array([answer.cap_mw for answer in answers], dtype=np.float64),
        cap_by=tuple(answer.cap_by for answer in answers),
    )


@dataclass(frozen=True, eq=False)
class _Answer:
    """How one part answers 1 MW: see `Response`."""

    share: Floats
    injected: Floats
    link: Floats
    limit_mw: Floats
    cap_mw: float
    cap_by: str


def _answer(base: BaseCase, part: int, total: Floats, room: Floats) -> _Answer | None:
    """Return how one part answers; None where neither generators nor links do."""
    network, links = base.network, base.links
    inside = network.component == part
    into = [network.component[end] == part for end in (links.bus1, links.bus0)]
    source = np.where(into[0], network.component[links.bus0], network.component[links.bus1])
    spare = np.where(into[0], links.forward_mw, np.where(into[1], links.reverse_mw, 0.0))
    spare = np.where(np.isinf(spare), room[source], spare)
    asked = np.bincount(source, weights=spare, minlength=len(total))
    # Several links from one part together bring no more than its generators can give.
    scale = np.minimum(1.0, room[source] / np.where(asked[source] > 0.0, asked[source], 1.0))
    brought = spare * scale * links.efficiency * (total[source] > 0.0)
    whole = float(base.weight[inside].sum() + brought.sum())
    if not whole > 0.0:
        return None
    gives = np.where(inside, base.weight, 0.0) / whole
    link = brought / whole
    share, injected = gives.copy(), gives.copy()
    arrives, leaves = np.where(into[0], links.bus1, links.bus0), np.where(into[0], links.bus0, links.bus1)
    np.add.at(share, arrives, link)
    np.add.at(injected, arrives, link)
    sent = link / links.efficiency
    np.add.at(injected, leaves, -sent)
    drawn = np.bincount(source, weights=sent, minlength=len(total))
    far = base.weight * (drawn / np.where(total > 0.0, total, 1.0))[network.component]
    gone = (base.room, gives + far), (brought, link)
    at_bus, at_link = (
        np.where(share > LEAST_SHARE, room / np.maximum(share, LEAST_SHARE), np.inf) for room, share in gone
    )
    limit = np.where(inside, at_bus, np.inf)
    np.minimum.at(limit, arrives, at_link)
    cap, first = float(at_bus.min(initial=np.inf)), int(at_link.argmin()) if len(link) else -1
    short = first >= 0 and at_link[first] < cap * (1.0 - CLEARLY)
    name = str(links.names[first]) if short else "capacity"
    return _Answer(
        share,
        injected + far,
        np.where(into[0], sent, -sent),
        limit,
        min(cap, float(at_link.min(initial=np.inf))),
        name,
    )
