"""Linear cuts of the area model, held against its linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from conftest import radial_layers, tables_of
from test_power import random_grids
from three_mismatches.network import Outage, PowerGraph, power_graph
from three_mismatches.power import Group, area_hosting, security_outages
from three_mismatches.power.cuts import Cuts, Separator, grid_states, known_short_mw, room_beyond_mw, room_mw


def found_cuts(graph: PowerGraph, load: np.ndarray) -> Cuts:
    """Return the cuts of every security outage, with and without some new load."""
    separator, state = Separator(graph), grid_states(graph)
    for outage in (Outage(""), *security_outages(graph)):
        after = state.after(graph, outage)
        separator.explore([after, after], [np.zeros(len(graph.nodes)), load])
    separator.surround(state)
    return separator.cuts()


def hosting_by_cuts(graph: PowerGraph, cuts: Cuts) -> np.ndarray:
    """Return what each node can host alone after the worst outage, no more shed than without it. [MW]"""
    least = np.full(len(cuts.node), np.inf)
    for outage in (Outage(""), *security_outages(graph)):
        room = room_mw(cuts, grid_states(graph).after(graph, outage))
        least = np.minimum(least, room_beyond_mw(cuts, room))
    limits = [least[price > 0.0] / price[price > 0.0] for price in cuts.node.T]
    return np.array([limit.min(initial=np.inf) for limit in limits])


def test_the_radial_grid_hosts_by_cuts_what_is_worked_out_by_hand(radial):
    graph = power_graph(radial.grid)
    cuts = found_cuts(graph, np.zeros(3))
    assert hosting_by_cuts(graph, cuts) == pytest.approx([25.0, 30.0, 2.0], abs=1e-6)


def test_the_cut_that_no_link_widens_is_one_of_supply(radial):
    """All of a and b together: 20 + 50; c stands alone, so its own cut is one of supply too, and never joins theirs."""
    graph = power_graph(radial.grid)
    cuts = found_cuts(graph, np.array([1000.0, 1000.0, 1000.0]))
    supply = cuts.node[cuts.of_generation]
    assert sorted(map(tuple, supply)) == [(0.0, 0.0, 1.0), (1.0, 1.0, 0.0)]


def test_what_one_part_is_short_of_gives_no_room_in_another():
    layers = radial_layers()
    layers["areas"]["c"]["peak_mw"] = 15.0
    graph = power_graph(tables_of(layers).grid)
    cuts = found_cuts(graph, np.zeros(3))
    assert hosting_by_cuts(graph, cuts) == pytest.approx([25.0, 30.0, 0.0], abs=1e-6)
    assert known_short_mw(cuts, grid_states(graph)) == pytest.approx(3.0)


def test_what_one_end_is_short_of_gives_no_room_at_the_other():
    """a lacks 20 and gets 5; c, on the other side of b, has 5 to spare and a link of 10: b can give it no more."""
    areas = {
        name: {"peak_mw": 100.0, "firm_mw": firm, "geometry": box(at, 0, at + 1, 1)}
        for at, (name, firm) in enumerate({"a": 80.0, "b": 130.0, "c": 105.0}.items())
    }
    links = {
        "ab": {"bus0": "a", "bus1": "b", "carrier": "tie", "p_nom": 5.0},
        "bc": {"bus0": "b", "bus1": "c", "carrier": "tie", "p_nom": 10.0},
    }
    graph = power_graph(tables_of({"areas": areas, "links": links}).grid)
    cuts = found_cuts(graph, np.zeros(3))
    assert hosting_by_cuts(graph, cuts) == pytest.approx([0.0, 30.0, 15.0], abs=1e-6)


def test_an_unlimited_link_that_loses_power_adds_nothing_to_a_cut():
    areas = {
        name: {"peak_mw": 10.0, "firm_mw": 30.0, "geometry": box(at, 0, at + 1, 1)}
        for at, name in enumerate("abcdef")
    }
    links = {
        f"{one}{two}": {"bus0": one, "bus1": two, "carrier": "tie", "p_nom": np.inf, "efficiency": 0.983}
        for one, two in zip("abcde", "bcdef", strict=True)
    }
    graph = power_graph(tables_of({"areas": areas, "links": links}).grid)
    cuts = found_cuts(graph, np.zeros(6))
    reach = 20.0 * sum(0.983**step for step in range(6))
    assert hosting_by_cuts(graph, cuts)[0] == pytest.approx(reach, abs=1e-3)
    assert cuts.of_generation.any()


def of_one_link(layers: dict[str, dict[str, dict[str, object]]]) -> dict[str, dict[str, dict[str, object]]]:
    """Return a grid whose interface holds one link alone: no flow over it can make room for another's."""
    members = dict(list(layers["interface_members"].items())[:1])
    return {**layers, "interface_members": members}


def alone_and_by_cuts(
    layers: dict[str, dict[str, dict[str, object]]], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each node can host by the programme and by the cuts. [MW]"""
    graph = power_graph(tables_of(layers).grid)
    load = np.random.default_rng(seed).uniform(0.0, 50.0, len(graph.nodes))
    asked = [Group(node) for node in range(len(graph.nodes))]
    alone = area_hosting(graph, asked, stress=False)["secure_mw"].to_numpy()
    return alone, hosting_by_cuts(graph, found_cuts(graph, load))


@given(layers=random_grids().map(of_one_link), seed=st.integers(0, 1000))
def test_cuts_host_what_the_programme_hosts(layers, seed):
    alone, found = alone_and_by_cuts(layers, seed)
    assert found == pytest.approx(alone, abs=1e-4)


@given(layers=random_grids(), seed=st.integers(0, 1000))
def test_cuts_host_no_less_than_the_programme_where_flows_make_room_for_each_other(layers, seed):
    """Behind the cuts power that nobody takes may be thrown away, so that a counterflow needs no end."""
    alone, found = alone_and_by_cuts(layers, seed)
    assert (found >= alone - 1e-4).all()


def test_cuts_host_what_the_programme_hosts_in_japan(japan):
    graph = power_graph(japan.grid)
    asked = [Group(node) for node in range(len(graph.nodes))]
    alone = area_hosting(graph, asked, stress=False)["secure_mw"].to_numpy()
    assert hosting_by_cuts(graph, found_cuts(graph, np.zeros(len(asked)))) == pytest.approx(alone, abs=1e-3)


@given(layers=random_grids(), load=st.lists(st.floats(0.0, 80.0), min_size=5, max_size=5))
def test_a_cut_found_in_one_state_holds_in_every_other(layers, load):
    """Weak duality: what must be shed is never less than what a cut lacks, whatever the limits are."""
    graph = power_graph(tables_of(layers).grid)
    cuts = found_cuts(graph, np.zeros(len(graph.nodes)))
    separator, new = Separator(graph), np.array(load[: len(graph.nodes)] + [0.0] * len(graph.nodes))
    new = new[: len(graph.nodes)]
    smaller = grid_states(graph).after(
        graph, Outage("all", link_idx=tuple(range(len(graph.links))), lost_share=0.7)
    )
    lacks = (cuts.node @ new - room_mw(cuts, smaller)).max(initial=0.0)
    assert separator.least_shed_mw(smaller, new) >= lacks - 1e-6
