"""Linear cuts of the area model, held against its linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import tables_of
from test_power import random_grids
from three_mismatches.network import Outage, PowerGraph, power_graph
from three_mismatches.power import Group, area_hosting, security_outages
from three_mismatches.power.cuts import Cuts, Separator, grid_states, room_beyond_mw, room_mw


def found_cuts(graph: PowerGraph, load: np.ndarray) -> Cuts:
    """Return the cuts of every security outage, with and without some new load."""
    separator, state = Separator(graph), grid_states(graph)
    for outage in (Outage(""), *security_outages(graph)):
        after = state.after(graph, outage)
        separator.explore([after, after], [np.zeros(len(graph.nodes)), load])
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


@given(layers=random_grids(), seed=st.integers(0, 1000))
def test_cuts_host_what_the_programme_hosts(layers, seed):
    graph = power_graph(tables_of(layers).grid)
    asked = [Group(node) for node in range(len(graph.nodes))]
    load = np.random.default_rng(seed).uniform(0.0, 50.0, len(graph.nodes))
    alone = area_hosting(graph, asked, stress=False)["secure_mw"].to_numpy()
    assert hosting_by_cuts(graph, found_cuts(graph, load)) == pytest.approx(alone, abs=1e-4)


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
