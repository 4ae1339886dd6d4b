"""The line model: PYPOWER's flows, scipy's optima, hand calculations, and the promises of DESIGN 8."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from pypower.case9 import case9
from pypower.case30 import case30
from pypower.case118 import case118
from pypower.ppoption import ppoption
from pypower.rundcpf import rundcpf

from bus_grids import Oracle, drawn, graph_of, pypower_layers, random_layers, rungs_of
from three_mismatches.errors import NetworkError, SolverError
from three_mismatches.network import BusGraph
from three_mismatches.power import Dispatch, base_dispatch

SHIFT = 9


def solved_case(case, *, shifts=(), out=()):
    """Return a PYPOWER case with phase shifts {branch: degrees} and branches out of service, and its solution."""
    # Some cases are of whole numbers, in which PYPOWER would cut off what it finds.
    given_case = {
        key: value * 1.0 if isinstance(value, np.ndarray) else value for key, value in case().items()
    }
    for branch, degrees in dict(shifts).items():
        given_case["branch"][branch, SHIFT] = degrees
    given_case["branch"][list(out), 10] = 0.0
    with warnings.catch_warnings():
        # PYPOWER still computes with numpy's matrices.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        result, fine = rundcpf(given_case, ppoption(VERBOSE=0, OUT_ALL=0))
    assert fine
    return result


def assert_flows_equal(layers, *solutions: tuple[str, dict]) -> None:
    """Assert that the base dispatch of `layers` has the flows of the solved cases, by prefix of their ids."""
    found = base_dispatch(graph_of(layers)).lines["p0"]
    for prefix, solved in solutions:
        names = [f"{prefix}branch {i:03d}" for i in range(len(solved["branch"]))]
        working = solved["branch"][:, 10] > 0
        assert set(found.index[found.index.str.startswith(f"{prefix}branch")]) == set(
            np.array(names)[working]
        )
        expected = solved["branch"][working, 13]
        np.testing.assert_allclose(found[list(np.array(names)[working])], expected, atol=1e-6)


def total_shed(found: Dispatch) -> float:
    return float(found.buses["shed_mw"].sum())


@pytest.mark.parametrize("case", [case9, case30, case118])
def test_flows_are_those_of_pypower(case):
    """Taps and parallel circuits (case118), ratings that the dispatch exceeds (case30)."""
    solved = solved_case(case)
    assert_flows_equal(pypower_layers(solved), ("", solved))


def test_flows_with_phase_shifters_and_lines_out_of_service_are_those_of_pypower():
    """Branches 65 and 66 of case118 are two circuits of one corridor; only one of them shifts."""
    solved = solved_case(case118, shifts={0: 3.0, 40: -2.0, 65: 1.5, 100: 4.0}, out=[10, 20])
    parallel = pd.DataFrame(solved["branch"][:, :2]).duplicated(keep=False)
    assert parallel[65]
    assert_flows_equal(pypower_layers(solved), ("", solved))


def test_flows_in_two_islands_are_those_of_each_alone():
    east, west = solved_case(case30, shifts={5: 2.0}), solved_case(case9)
    layers = pypower_layers(east, "e")
    for name, rows in pypower_layers(west, "w").items():
        layers[name] |= rows
    graph = graph_of(layers)
    assert graph.component.max() == 1
    assert_flows_equal(layers, ("e", east), ("w", west))


TRIANGLE = {"12": ("1", "2", 0.1, 100.0), "13": ("1", "3", 0.1, 100.0), "23": ("2", "3", 0.1, 100.0)}


def test_three_equal_lines_bring_one_and_a_half_of_one():
    """Two thirds of what 1 sends to 3 take the line 1-3, a third the way by 2: 150 MW load it with 100."""
    found = rungs_of(drawn({"1": (0, 500), "2": (0, 0), "3": (0, 0)}, TRIANGLE), ["3"])
    assert found["n0_mw"]["3"] == pytest.approx(150.0)
    assert found["n0_line"]["3"] == "13"


@pytest.mark.parametrize(("bridge", "most"), [(False, 200.0), (True, 500.0 / 3.0)])
def test_a_further_line_can_lower_what_a_bus_can_host(bridge, most):
    """
    Wheatstone: 1-2, 3-4 of 0.1 and 1-3, 2-4 of 0.2, each 100 MW.

    Without 2-3 each way carries half. With it (0.1), of F the line 1-2 carries a with a + (2 a - F) = 2 (F - a), so
    a = 3/5 F: 166.67 MW load it with 100.
    """
    lines = {
        "12": ("1", "2", 0.1, 100.0),
        "34": ("3", "4", 0.1, 100.0),
        "13": ("1", "3", 0.2, 100.0),
        "24": ("2", "4", 0.2, 100.0),
    }
    lines |= {"23": ("2", "3", 0.1, 100.0)} if bridge else {}
    layers = drawn({"1": (0, 500), "2": (0, 0), "3": (0, 0), "4": (0, 0)}, lines)
    assert rungs_of(layers, ["4"])["n0_mw"]["4"] == pytest.approx(most)


@pytest.mark.parametrize(("converter", "most"), [(0.0, 20.0), (30.0, 49.4), (60.0, 78.8), (100.0, 78.8)])
def test_a_converter_brings_what_it_and_the_line_behind_it_carry_less_its_loss(converter, most):
    """20 MW at the site's own bus, and 0.98 of what the lesser of converter and far line (60 MW) carries."""
    layers = drawn({"far": (0, 500), "end": (0, 0), "site": (0, 20)}, {"l": ("far", "end", 0.1, 60.0)})
    layers["links"] = {
        "fc": {"bus0": "end", "bus1": "site", "carrier": "FC", "p_nom": converter, "efficiency": 0.98}
    }
    assert rungs_of(layers, ["site"])["n0_mw"]["site"] == pytest.approx(most)


def test_a_margin_is_held_back_on_links_in_both_directions():
    layers = drawn({"a": (10, 110), "b": (10, 110)}, {})
    layers["links"] = {
        "dc": {"bus0": "a", "bus1": "b", "p_nom": 60.0, "p_nom_reverse": 40.0, "margin_mw": 15.0}
    }
    found = rungs_of(layers, ["a", "b"])["n0_mw"]
    np.testing.assert_allclose(found, [100 + 25, 100 + 45])


def two_areas(limit: float) -> dict:
    """Return a (no demand, 100 MW) and b (demand 50) on two lines of 40 and 60 MW in proportion; one interface."""
    lines = {"ab 1": ("a", "b", 0.15, 40.0), "ba 2": ("b", "a", 0.1, 60.0)}
    layers = drawn({"a": (0, 200), "b": (50, 0)}, lines)
    layers["interfaces"] = {"i": {"limit_forward": limit, "margin_mw": 2.0}}
    layers["interface_members"] = {
        "1": {"interface": "i", "element": "ab 1", "sign": 1.0},
        "2": {"interface": "i", "element": "ba 2", "sign": -1.0},
    }
    return layers


def test_an_interface_binds_in_the_base_dispatch_and_not_in_hosting():
    """32 less 2 of 50 MW arrive; with the lines alone b gets 100, 50 beyond its demand."""
    base = base_dispatch(graph_of(two_areas(32.0)))
    assert total_shed(base) == pytest.approx(20.0, abs=1e-4)
    np.testing.assert_allclose(base.lines["p0"], [12.0, -18.0], atol=1e-4)
    assert base.least_shed_mw["b"] == pytest.approx(20.0, abs=1e-4)
    found = rungs_of(two_areas(32.0), ["b"])
    assert found["n0_mw"]["b"] == pytest.approx(50.0)
    assert found["n1_mw"]["b"] == pytest.approx(0.0, abs=1e-4)


def test_an_interface_of_one_of_two_circuits_bounds_that_one():
    """The first carries 0.4 of all: 12 MW on it are 30 in all."""
    layers = two_areas(14.0)
    del layers["interface_members"]["2"]
    assert total_shed(base_dispatch(graph_of(layers))) == pytest.approx(20.0, abs=1e-4)


def test_circuits_side_by_side_with_unlike_shifts_are_each_bounded():
    """
    Two circuits of 0.1 (1,000 MW/rad) and 50 MW; one of them shifts by 1 degree, 17.45 MW.

    Half of that runs around them: of F the one carries F/2 + 8.73, the other F/2 - 8.73. So F = 82.55.
    """
    layers = drawn({"a": (0, 500), "b": (0, 0)}, {"1": ("a", "b", 0.1, 50.0), "2": ("b", "a", 0.1, 50.0)})
    layers["lines"]["2"]["phase_shift"] = 1.0
    found = base_dispatch(graph_of(layers)).lines["p0"]
    around = 500.0 * np.radians(1.0)
    np.testing.assert_allclose(found, [-around, -around], atol=1e-6)
    assert rungs_of(layers, ["b"])["n0_mw"]["b"] == pytest.approx(100.0 - 2.0 * around)


def test_a_dispatch_overloads_nothing_where_redispatch_can_help_it():
    """
    Even supply, 50 MW each, sends 0.495 MW from 1 by 4 to 3, where 0.25 may pass.

    25.25 MW from bus 1 do: much redispatch for little, but no overload.
    """
    lines = {
        "13": ("1", "3", 0.001, np.inf),
        "23": ("2", "3", 0.001, np.inf),
        "14": ("1", "4", 0.05, 0.25),
        "43": ("4", "3", 0.05, np.inf),
    }
    layers = drawn(
        {"1": (0, 100), "2": (0, 100), "3": (100, 0), "4": (0, 0)}, lines, areas=dict.fromkeys("1234", "a")
    )
    found = base_dispatch(graph_of(layers))
    assert found.lines["overload_mw"].sum() == 0.0
    np.testing.assert_allclose(found.buses["supply_mw"], [25.25, 74.75, 0, 0], atol=0.01)
    layers["lines"]["14"]["s_nom"] = np.inf
    np.testing.assert_allclose(base_dispatch(graph_of(layers)).buses["supply_mw"], [50, 50, 0, 0], atol=1e-4)


def test_no_demand_is_shed_for_new_load_however_much_it_would_free():
    """
    1 MW of demand at c; by the way over c a share of 5e-5 of what b gets, of which the line a-c leaves 0.005.

    So b gets 100 MW. Each MW that c went without would make way for 10,000 at b.
    """
    lines = {
        "ab": ("a", "b", 1e-5, np.inf),
        "ac": ("a", "c", 0.1, 0.505),
        "cb": ("c", "b", 0.09999, np.inf),
    }
    layers = drawn({"a": (0, 1001), "b": (0, 0), "c": (1, 0)}, lines)
    flow = base_dispatch(graph_of(layers)).lines["p0"]["ac"]
    most = (0.505 - flow) / 5e-5
    assert 50.0 < most < 200.0
    assert rungs_of(layers, ["b"])["n0_mw"]["b"] == pytest.approx(most, abs=0.3)


def test_lines_that_the_base_overloads_are_listed_and_are_no_limit():
    """
    b draws 80 over a line of 50 MW: 30 beyond it, which nothing can cure. c hangs on a line of 70 MW beside it.

    b is bounded by supply, 200 - 80, not by the line that was overloaded before; c by its own line.
    """
    lines = {"ab": ("a", "b", 0.1, 50.0), "ac": ("a", "c", 0.1, 70.0)}
    layers = drawn({"a": (0, 200), "b": (80, 0), "c": (0, 0)}, lines)
    base, found = base_dispatch(graph_of(layers)), rungs_of(layers, ["c", "b"])
    np.testing.assert_allclose(base.lines["overload_mw"], [30.0, 0.0], atol=1e-4)
    np.testing.assert_allclose(base.lines["loading"], [1.6, 0.0], atol=1e-4)
    np.testing.assert_allclose(base.least_shed_mw, [0.0, 30.0, 0.0], atol=1e-6)
    assert total_shed(base) == pytest.approx(0.0, abs=1e-4)
    # ab, and ab after the loss of ac.
    assert found.attrs["violated"] == 2
    assert dict(found["n0_mw"].round(4)) == {"c": 70.0, "b": 120.0}
    assert dict(found["n0_line"]) == {"c": "ac", "b": "capacity"}


def test_each_circuit_is_overloaded_by_what_it_carries_beyond_its_own_rating():
    """100 MW over two equal circuits of 30 and 45 MW: 20 and 5 beyond."""
    lines = {"1": ("a", "b", 0.1, 30.0), "2": ("a", "b", 0.1, 45.0)}
    found = base_dispatch(graph_of(drawn({"a": (0, 100), "b": (100, 0)}, lines))).lines
    np.testing.assert_allclose(found["overload_mw"], [20.0, 5.0], atol=1e-4)


def test_a_line_rated_at_nothing_is_loaded_without_end_once_it_carries():
    lines = {"ab": ("a", "b", 0.1, 0.0), "cd": ("c", "d", 0.1, 0.0)}
    found = base_dispatch(graph_of(drawn({"a": (0, 9), "b": (9, 0), "c": (1, 1), "d": (0, 0)}, lines))).lines
    assert list(found["loading"]) == [np.inf, 0.0]
    np.testing.assert_allclose(found["overload_mw"], [9.0, 0.0], atol=1e-4)


def test_supply_is_even_within_an_area_and_a_link_does_not_run_idle():
    """90 MW of demand in a, 30 and 150 MW of supply there: half of each. b can serve itself."""
    areas = {"a1": "a", "a2": "a", "b": "b"}
    layers = drawn(
        {"a1": (90, 30), "a2": (0, 150), "b": (10, 50)}, {"l": ("a1", "a2", 0.1, np.inf)}, areas=areas
    )
    layers["links"] = {"dc": {"bus0": "a1", "bus1": "b", "p_nom": 100.0}}
    found = base_dispatch(graph_of(layers))
    np.testing.assert_allclose(found.buses["supply_mw"], [15.0, 75.0, 10.0], atol=1e-4)
    assert found.links["p0"]["dc"] == pytest.approx(0.0, abs=1e-4)


def test_a_grid_without_lines_serves_each_bus_from_its_own():
    layers = drawn({"a": (10, 30), "b": (10, 4)}, {})
    assert total_shed(base_dispatch(graph_of(layers))) == pytest.approx(6.0, abs=1e-4)
    found = rungs_of(layers, ["b", "a", "b"])
    np.testing.assert_allclose(found["n0_mw"], [0.0, 20.0, 0.0], atol=1e-3)
    assert list(found.index) == ["b", "a", "b"]
    assert set(found["n0_line"]) == {"capacity"}


def test_nobody_asked_is_an_empty_table_of_numbers():
    found = rungs_of(drawn({"a": (10, 30)}, {}), [])
    assert found.empty
    assert found["n0_mw"].dtype == float


def test_a_bus_that_is_not_there_is_named():
    with pytest.raises(NetworkError, match=r"is not in the grid for 2 rows: 'y', 'x'"):
        rungs_of(drawn({"a": (10, 30)}, {}), ["y", "a", "x"])


def test_a_circulating_flow_beyond_ratings_is_a_solver_error_that_says_so():
    """A shift of 30 degrees drives 1,745 MW around three lines of 0.1, where 100 may pass."""
    layers = drawn({"1": (0, 10), "2": (0, 0), "3": (10, 0)}, TRIANGLE)
    layers["lines"]["12"]["phase_shift"] = 30.0
    with pytest.raises(SolverError, match="Infeasible"):
        base_dispatch(graph_of(layers))


SEEDS = pytest.mark.parametrize(
    "seed", [0, 1, 2, 3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (4, 5))]
)


@cache
def random_graph(seed: int) -> BusGraph:
    return graph_of(random_layers(seed))


def feasible(graph: BusGraph, *, interfaces: bool) -> Oracle:
    """Return the oracle of a graph, in which shifters alone break no limit."""
    oracle = Oracle(graph, interfaces=interfaces)
    assert oracle.least_shed().status == 0
    return oracle


@SEEDS
def test_least_shed_is_that_of_scipy(seed):
    graph = random_graph(seed)
    expected = feasible(graph, interfaces=True).least_shed().fun
    found = base_dispatch(graph)
    assert found.least_shed_mw.sum() == pytest.approx(expected, rel=1e-6, abs=1e-6)


@SEEDS
def test_a_base_dispatch_sheds_and_overloads_no_more_than_must_be(seed):
    graph = random_graph(seed)
    oracle = feasible(graph, interfaces=True)
    found, free = base_dispatch(graph), np.ones(len(graph.branches), dtype=bool)
    least = oracle.least_shed(free).fun
    assert total_shed(found) == pytest.approx(least, rel=1e-6, abs=1e-4)
    avoidable = oracle.least_shed().fun <= least + 1e-6
    assert not (avoidable and (found.lines["overload_mw"] > 1e-2).any())


@SEEDS
def test_flows_of_a_base_dispatch_balance_every_bus_and_keep_to_interfaces(seed):
    graph = random_graph(seed)
    feasible(graph, interfaces=True)
    found = base_dispatch(graph)
    p0, link = found.lines["p0"].to_numpy(), found.links["p0"].to_numpy()
    brought = found.buses["supply_mw"].to_numpy() + found.buses["shed_mw"].to_numpy() - graph.demand_mw
    np.subtract.at(brought, graph.branch_from, p0)
    np.add.at(brought, graph.branch_to, p0)
    out, back, eff = np.maximum(link, 0.0), np.maximum(-link, 0.0), graph.link_efficiency
    brought += graph.link_to @ (eff * out - back) + graph.link_from @ (eff * back - out)
    np.testing.assert_allclose(brought, 0.0, atol=1e-5)
    flow = np.concatenate([p0, link])[graph.member_element] * graph.member_sign
    crossing = np.bincount(graph.member_interface, weights=flow, minlength=1)
    assert -graph.interface_reverse[0] - 1e-5 <= crossing[0] <= graph.interface_forward[0] + 1e-5


def assert_hosting_is_that_of_scipy(seed: int) -> None:
    graph = random_graph(seed)
    oracle = feasible(graph, interfaces=False)
    found = rungs_of(random_layers(seed), graph.buses)
    over = base_dispatch(graph).lines["overload_mw"].to_numpy() > 1e-3
    expected = [oracle.most_at(at, over) for at in range(len(graph.buses))]
    assert (found["n0_mw"] >= -1e-9).all()
    # A link that ends at an area is spread over its buses, each part free: scipy's is one.
    if graph.link_to.nnz == len(graph.links):
        # The total of shed demand may grow by 1e-5 MW, which some places can make more of.
        np.testing.assert_allclose(found["n0_mw"], expected, rtol=1e-6, atol=2e-3)


@SEEDS
def test_hosting_is_that_of_scipy(seed):
    assert_hosting_is_that_of_scipy(seed)


@pytest.mark.slow
def test_hosting_is_that_of_scipy_for_many_grids():
    for seed in range(100, 200):
        assert_hosting_is_that_of_scipy(seed)


@SEEDS
def test_a_base_dispatch_does_not_depend_on_the_order_of_rows(seed):
    layers, shuffler = random_layers(seed), np.random.default_rng(seed)
    mixed = {
        name: {str(key): rows[key] for key in shuffler.permutation(list(rows))}
        for name, rows in layers.items()
    }
    graph, again = random_graph(seed), graph_of(mixed)
    pd.testing.assert_frame_equal(base_dispatch(again).lines, base_dispatch(graph).lines)


@SEEDS
def test_hosting_does_not_depend_on_the_names_of_buses_and_lines(seed):
    """All ids run backwards, so the arrays do; where the base overloads lines, which ones may depend on that."""
    graph = random_graph(seed)
    here = rungs_of(random_layers(seed), graph.buses)
    if here.attrs["violated"]:
        return
    names = {bus: f"z{9 - i}" for i, bus in enumerate(graph.buses)}
    lines = {f"l{j:02d}": f"l{99 - j}" for j in range(20)}
    text = {**names, **lines}
    layers = {
        name: {
            text.get(key, key): {column: text.get(str(value), value) for column, value in row.items()}
            for key, row in rows.items()
        }
        for name, rows in random_layers(seed).items()
    }
    other = rungs_of(layers, [names[bus] for bus in graph.buses])
    np.testing.assert_allclose(other["n0_mw"], here["n0_mw"], rtol=1e-6, atol=2e-3)


@SEEDS
def test_a_higher_rating_never_lets_more_demand_be_shed(seed):
    graph = random_graph(seed)
    feasible(graph, interfaces=True)
    before = base_dispatch(graph).least_shed_mw.sum()
    for line in range(len(graph.branches)):
        rating = graph.rating_mw.copy()
        rating[line] *= 1.5
        after = base_dispatch(replace(graph, rating_mw=rating)).least_shed_mw.sum()
        assert after <= before + 1e-6
