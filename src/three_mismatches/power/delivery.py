"""What the area model can deliver: to each site alone, and to all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.network import Outage, PowerGraph, Requests
from three_mismatches.power._area_model import (
    DUAL_TOLERANCE,
    INTACT,
    SLACK_MW,
    AreaModel,
    Group,
    Solution,
)

__all__ = ["Delivery", "area_hosting", "area_joint", "security_outages", "tie_outages"]

Floats = NDArray[np.float64]

TOLERANCE_MW = 1e-6
"""Below this two MW figures are the same: the LP's own feasibility tolerance."""

MOST_TIMES = 1e3
"""A load that the network could carry more often than this is not what limits it."""

MANY = 3
"""More capacities than this are counted, not named."""


@dataclass(frozen=True, eq=False)
class Delivery:
    """
    What all new load gets when it asks at once.

    Attributes
    ----------
    sites
        Index site; `joint_mw`: what the site gets beyond its base draw. [MW]
    areas
        Index area; `unsited_joint_mw`, `unsited_alone_mw`: what unsited load gets with all others and alone;
        `shed_mw`: base demand that is not served. [MW]
    ties
        Index interface or link: `flow_mw` and the `outage` in which it binds most (the intact grid where it
        does not bind), limits [MW], `shadow_price` summed over outages [MW/MW], `binding`, and the areas.
    total_mw
        Sum over sites and unsited load. [MW]
    intact_mw
        What the sum could be if nothing were lost. [MW]
    base_shed_mw
        Base demand that the worst outage sheds, however little new load there is. [MW]
    multiple, multiple_element
        Largest multiple of all requests at once that can be served, inf if nothing is asked; what binds there.
    """

    sites: pd.DataFrame
    areas: pd.DataFrame
    ties: pd.DataFrame
    total_mw: float
    intact_mw: float
    base_shed_mw: float
    multiple: float
    multiple_element: str


def security_outages(graph: PowerGraph) -> tuple[Outage, ...]:
    """Return every loss of one pole or converter, and of each area's largest unit (DESIGN 6, "secure")."""
    poles = [
        Outage(f"pole:{name}", link_idx=(idx,), lost_share=float(graph.link_pole_share[idx]))
        for idx, name in enumerate(graph.links)
        if graph.link_pole_share[idx] > 0.0
    ]
    units = [
        Outage(f"unit:{name}", node_idx=int(node), lost_mw=float(mw))
        for name, node, mw in zip(graph.units, graph.unit_node, graph.unit_mw, strict=True)
    ]
    return (*poles, *units)


def tie_outages(graph: PowerGraph) -> tuple[Outage, ...]:
    """Return every loss of all that joins two areas: a stress beyond the ladder."""
    members = [np.flatnonzero(graph.tie_of_link == tie) for tie in range(len(graph.ties))]
    return tuple(
        Outage(f"tie:{name}", link_idx=tuple(int(i) for i in idx), lost_share=1.0)
        for name, idx in zip(graph.ties, members, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Alone:
    """What each group can host alone, what limits it, under which outage, and what the base sheds."""

    mw: Floats
    element: NDArray[np.object_]
    outage: NDArray[np.object_]
    shed_mw: Floats


def area_hosting(graph: PowerGraph, places: Sequence[Group], *, stress: bool = True) -> pd.DataFrame:
    """
    Return how much new load each place could take alone, by the area ladder.

    Parameters
    ----------
    graph
        The grid's arrays.
    places
        Nodes and pockets to be asked; equal ones are solved once.
    stress
        Whether to try the loss of whole ties too; without it `tie_loss_mw` is NaN.

    Returns
    -------
    hosting
        One row per place, in its order: `adequacy_mw` >= `transport_mw` >= `secure_mw`, `tie_loss_mw` [MW];
        `limiting_element`, `limiting_outage`, `tie_loss_element`; `base_shed_mw`, the least demand that the
        base case itself sheds in the worst of these outages. [MW]
    """
    groups = sorted(set(places), key=lambda group: (group.node_idx, group.pocket_idx))
    model = AreaModel(graph, groups, [INTACT])
    intact = _alone(model, INTACT)
    secure = _worst(model, security_outages(graph), intact)
    cut = _worst(model, tie_outages(graph), intact) if stress else None
    table = pd.DataFrame(
        {
            "adequacy_mw": [
                _adequacy(graph, group, shed) for group, shed in zip(groups, intact.shed_mw, strict=True)
            ],
            "transport_mw": intact.mw,
            "secure_mw": secure.mw,
            "limiting_element": secure.element,
            "limiting_outage": secure.outage,
            "tie_loss_mw": cut.mw if cut else np.nan,
            "tie_loss_element": cut.outage if cut else "",
            "base_shed_mw": secure.shed_mw,
        }
    )
    # The rungs are LPs solved to a tolerance; the order between them is a theorem.
    table["transport_mw"] = np.minimum(table["transport_mw"], table["adequacy_mw"])
    table["secure_mw"] = np.minimum(table["secure_mw"], table["transport_mw"])
    row = {group: idx for idx, group in enumerate(groups)}
    return table.iloc[[row[place] for place in places]].reset_index(drop=True)


def area_joint(
    graph: PowerGraph, wanted: Requests, *, alone_mw: Mapping[Group, float] | None = None
) -> Delivery:
    """
    Return what every site gets when all ask at once and every security outage must be survived.

    The total is the most there is; it is shared so that the worst-served share is as large as possible,
    then the next (lexicographic max-min), and pro rata inside one area and pocket: the only split that no
    order of rows can change. Nothing gets more than it could have alone: on an interface, another's load
    can make room, but nobody can rely on it.

    Parameters
    ----------
    graph
        The grid's arrays; `unsited_mw` asks beside the sites.
    wanted
        The sites' requests, nested rows left out.
    alone_mw
        Secure hosting of each place alone, where `area_hosting` has been asked already; it must hold the
        place of every site and every node without a pocket. [MW]
    """
    groups, ask, group_of = _groups(graph, wanted)
    if alone_mw is None:
        alone = area_hosting(graph, groups, stress=False)["secure_mw"].to_numpy()
    else:
        alone = np.array([alone_mw[group] for group in groups])
    outages = [INTACT, *security_outages(graph)]
    multiple, first = _multiple(graph, groups, outages, ask)
    plan = _plan(graph, groups, outages, ask, ask)
    while (plan.new_mw > alone + SLACK_MW).any():
        most = np.where(plan.new_mw > alone + SLACK_MW, alone, plan.most_mw)
        plan = _plan(graph, groups, outages, ask, most)
    share = np.divide(plan.new_mw, ask, out=np.zeros_like(ask), where=ask > 0.0)
    got = share[group_of] * wanted.new_mw
    everywhere = [groups.index(Group(node)) for node in range(len(graph.nodes))]
    plain = share[everywhere]
    areas = pd.DataFrame(
        {
            "unsited_joint_mw": plain * graph.unsited_mw,
            "unsited_alone_mw": np.minimum(graph.unsited_mw, alone[everywhere]),
            "shed_mw": plan.best.shed_mw.max(axis=0),
        },
        index=pd.Index(graph.nodes, name="area"),
    )
    return Delivery(
        sites=pd.DataFrame({"joint_mw": got}, index=pd.Index(wanted.sites, name="site")),
        areas=areas,
        ties=_tie_table(graph, plan.best, plan.flow_mw, outages),
        total_mw=float(got.sum() + areas["unsited_joint_mw"].sum()),
        intact_mw=float(_best(AreaModel(graph, groups, [INTACT]), ask).new_mw.sum()),
        base_shed_mw=float(plan.best.shed_mw.sum(axis=1).max()),
        multiple=multiple,
        multiple_element=first,
    )


def _multiple(
    graph: PowerGraph, groups: Sequence[Group], outages: Sequence[Outage], ask: Floats
) -> tuple[float, str]:
    """Return how many times all that is asked could be served at once, and what binds then; inf if nothing does."""
    asks = ask > TOLERANCE_MW
    if not asks.any():
        return float("inf"), ""
    model = AreaModel(graph, groups, outages)
    model.start_sharing(ask, np.where(asks, np.inf, 0.0), 0.0, ceiling=MOST_TIMES)
    level, _ = model.raise_level(ask, np.where(asks, np.nan, 0.0))
    if level > MOST_TIMES * (1.0 - TOLERANCE_MW):
        return float("inf"), ""
    return max(0.0, level), _limiting(graph, model.found())


@dataclass(frozen=True, eq=False)
class _Plan:
    """A joint plan: new load of each group and the most it was allowed, the solve behind it, its flows."""

    new_mw: Floats
    most_mw: Floats
    best: Solution
    flow_mw: Floats


def _plan(
    graph: PowerGraph, groups: Sequence[Group], outages: Sequence[Outage], ask: Floats, most: Floats
) -> _Plan:
    """Return the fairest of the plans that deliver most in all, no group above `most`. [MW]"""
    model = AreaModel(graph, groups, outages)
    best = _best(model, most)
    new = _fair_shares(model, ask, most, float(best.new_mw.sum())) * ask
    model.set_new_load(np.maximum(new - SLACK_MW, 0.0), new, np.ones(len(ask)))
    model.forbid_loops()
    return _Plan(new, most, best, model.solve().flow_mw)


def _best(model: AreaModel, most: Floats) -> Solution:
    """Return the plan that delivers most in all, no group above `most`. [MW]"""
    model.set_new_load(np.zeros(len(most)), most, np.ones(len(most)))
    model.settle_shed(model.solve())
    return model.solve()


def _adequacy(graph: PowerGraph, group: Group, shed_mw: float) -> float:
    """Return firm capacity less the peak that is served, over all areas that any tie connects. [MW]"""
    joined = graph.component == graph.component[group.node_idx]
    return max(0.0, float(graph.firm_mw[joined].sum() - graph.peak_mw[joined].sum()) + shed_mw)


def _alone(model: AreaModel, outage: Outage) -> _Alone:
    """Return what each group can host alone under one outage, and what limits it."""
    model.set_outage(outage)
    count = len(model.groups)
    mw, shed, element = np.zeros(count), np.zeros(count), np.full(count, "", dtype=object)
    for idx in range(count):
        chosen = np.arange(count) == idx
        model.set_new_load(np.zeros(count), np.where(chosen, np.inf, 0.0), chosen.astype(np.float64))
        found = model.solve()
        joined = model.graph.component == model.graph.component[model.groups[idx].node_idx]
        mw[idx], shed[idx] = found.new_mw[idx], found.shed_mw[0, joined].sum()
        element[idx] = _limiting(model.graph, found)
    return _Alone(mw, element, np.full(count, outage.name, dtype=object), shed)


def _worst(model: AreaModel, outages: Sequence[Outage], intact: _Alone) -> _Alone:
    """Return, for each group, the outage that leaves it least; the intact grid where none takes anything."""
    worst = intact
    for outage in outages:
        found = _alone(model, outage)
        less = found.mw < worst.mw - TOLERANCE_MW
        worst = _Alone(
            np.where(less, found.mw, worst.mw),
            np.where(less, found.element, worst.element),
            np.where(less, found.outage, worst.outage),
            np.maximum(worst.shed_mw, found.shed_mw),
        )
    return worst


def _limiting(graph: PowerGraph, found: Solution) -> str:
    """Return the names of what binds in any block: interfaces, links, pockets, then areas' capacity."""
    nothing = np.zeros(len(graph.links))
    both_ways = np.maximum(found.link_dual, 0.0).max(axis=(0, 1)) if graph.links else nothing
    named = [
        *_binding(graph.interfaces, np.abs(found.interface_dual).max(axis=0)),
        *_binding(graph.links, both_ways),
        *_binding(graph.pockets, found.pocket_dual),
    ]
    short = _binding(graph.nodes, np.abs(found.capacity_dual).max(axis=0))
    capacity = [f"capacity of {len(short)} areas"] if len(short) > MANY else [f"capacity:{a}" for a in short]
    return "; ".join([*named, *capacity])


def _binding(names: Sequence[str], dual: Floats) -> list[str]:
    return [name for name, value in zip(names, dual, strict=True) if abs(value) > DUAL_TOLERANCE]


def _groups(graph: PowerGraph, wanted: Requests) -> tuple[list[Group], Floats, NDArray[np.int64]]:
    """Return the groups of new load, what each asks, and each site's group; unsited load is in no pocket."""
    of_site = [Group(int(n), int(p)) for n, p in zip(wanted.node_idx, wanted.pocket_idx, strict=True)]
    everywhere = [Group(node) for node in range(len(graph.nodes))]
    groups = sorted({*of_site, *everywhere}, key=lambda group: (group.node_idx, group.pocket_idx))
    row = {group: idx for idx, group in enumerate(groups)}
    group_of = np.array([row[group] for group in of_site], dtype=np.int64)
    ask = np.bincount(group_of, weights=wanted.new_mw, minlength=len(groups)).astype(np.float64)
    ask[[row[group] for group in everywhere]] += graph.unsited_mw
    return groups, ask, group_of


def _fair_shares(model: AreaModel, ask: Floats, most: Floats, total: float) -> Floats:
    """
    Return each group's share of its request, lexicographically max-min among the plans that reach `total`.

    Each round raises all groups that are not frozen together, then freezes those whose rows stop the rise:
    a row with a dual binds in every optimum, so at least one group is frozen each time.
    """
    asks = ask > TOLERANCE_MW
    if total >= ask.sum() - TOLERANCE_MW:
        return asks.astype(np.float64)
    model.start_sharing(ask, most, total)
    share = np.where(asks, np.nan, 0.0)
    while np.isnan(share).any():
        level, stopped = model.raise_level(ask, share)
        done = level >= 1.0 - TOLERANCE_MW or not stopped.any()
        share = np.where(np.isnan(share) if done else stopped, level, share)
    return share


def _tie_table(
    graph: PowerGraph, found: Solution, flow_mw: Floats, outages: Sequence[Outage]
) -> pd.DataFrame:
    """Return limits, price and flow of each interface, and of each link that has a limit of its own."""
    across = np.zeros((len(flow_mw), len(graph.interfaces)))
    np.add.at(across.T, graph.member_interface, (flow_mw[:, graph.member_link] * graph.member_sign).T)
    from_area, to_area = _ends_of_interfaces(graph)
    interfaces = _tie_rows(graph.interfaces, across, np.abs(found.interface_dual), outages).assign(
        kind="interface",
        limit_forward=graph.interface_forward,
        limit_reverse=graph.interface_reverse,
        area0=from_area,
        area1=to_area,
    )
    ends = [np.array(graph.nodes, dtype=object)[idx] for idx in (graph.link_from, graph.link_to)]
    links = _tie_rows(graph.links, flow_mw, np.maximum(found.link_dual, 0.0).sum(axis=1), outages).assign(
        kind="link",
        limit_forward=graph.link_forward,
        limit_reverse=graph.link_reverse,
        area0=ends[0],
        area1=ends[1],
    )
    return pd.concat([table for table in (interfaces, links) if len(table)] or [links])


def _tie_rows(
    names: tuple[str, ...], flow_mw: Floats, price: Floats, outages: Sequence[Outage]
) -> pd.DataFrame:
    """Return, for each element, its price over all outages and its flow in the one where it binds most."""
    worst = price.argmax(axis=0)
    total = price.sum(axis=0)
    total = np.where(total > DUAL_TOLERANCE, total, 0.0)
    outage = np.array([item.name for item in outages], dtype=object)[worst]
    columns = {
        "flow_mw": flow_mw[worst, np.arange(len(names))],
        "outage": np.where(total > 0.0, outage, ""),
        "shadow_price": total,
        "binding": total > 0.0,
    }
    return pd.DataFrame(columns, index=pd.Index(names, name="element", dtype=object))


def _ends_of_interfaces(graph: PowerGraph) -> tuple[list[str | float], list[str | float]]:
    """Return the areas that each interface leaves and enters; NaN where it parts more than two."""
    leaves: list[str | float] = []
    enters: list[str | float] = []
    for interface in range(len(graph.interfaces)):
        member = graph.member_interface == interface
        link, forward = graph.member_link[member], graph.member_sign[member] > 0.0
        first = np.where(forward, graph.link_from[link], graph.link_to[link])
        last = np.where(forward, graph.link_to[link], graph.link_from[link])
        pairs = sorted(set(zip(first.tolist(), last.tolist(), strict=True)))
        leaves.append(graph.nodes[pairs[0][0]] if len(pairs) == 1 else np.nan)
        enters.append(graph.nodes[pairs[0][1]] if len(pairs) == 1 else np.nan)
    return leaves, enters
