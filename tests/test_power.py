"""The area model: hand calculations, an independent LP, and the promises of DESIGN 8."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from shapely.geometry import box

from conftest import radial_layers, tables_of
from three_mismatches import power
from three_mismatches.errors import NetworkError
from three_mismatches.network import Outage, PowerGraph, power_graph, requests
from three_mismatches.power import Group

RUNGS = ["adequacy_mw", "transport_mw", "secure_mw"]


def sites_in(places: dict[str, tuple[str, str | None, float]]) -> tuple[pd.DataFrame, pd.Series]:
    """Return sites {id: (area, pocket, new MW)} as `network.requests` takes them."""
    frame = pd.DataFrame.from_dict(places, orient="index", columns=["area", "pocket", "new_mw"])
    return frame.assign(in_base_mw=0.0), frame["new_mw"]


def linprog_hosting(graph: PowerGraph, group: Group, outage: Outage) -> float:
    """Return transport hosting from an LP written down once more, for scipy: one signed flow per link."""
    n, m = len(graph.nodes), len(graph.links)
    left = np.ones(m)
    left[list(outage.link_idx)] -= outage.lost_share
    firm = graph.firm_mw.copy()
    if outage.node_idx >= 0:
        firm[outage.node_idx] -= outage.lost_mw
    balance = np.zeros((n, 1 + n + m))
    balance[group.node_idx, 0] = -1.0
    balance[:, 1 : 1 + n] = np.eye(n)
    balance[graph.link_from, 1 + n + np.arange(m)] -= 1.0
    balance[graph.link_to, 1 + n + np.arange(m)] += 1.0
    rows = np.zeros((len(graph.interfaces), 1 + n + m))
    rows[graph.member_interface, 1 + n + graph.member_link] = graph.member_sign
    bounds = [(0, None), *[(0, f) for f in firm]]
    bounds += [(-b, f) for f, b in zip(graph.link_forward * left, graph.link_reverse * left, strict=True)]
    if group.pocket_idx >= 0:
        bounds[0] = (0, graph.pocket_limit[group.pocket_idx] - graph.pocket_load[group.pocket_idx])
    found = linprog(
        np.eye(1, 1 + n + m)[0] * -1,
        A_ub=np.vstack([rows, -rows]) if len(rows) else None,
        b_ub=np.concatenate([graph.interface_forward, graph.interface_reverse]) if len(rows) else None,
        A_eq=balance,
        b_eq=graph.peak_mw,
        bounds=bounds,
    )
    assert found.status == 0
    return -found.fun


@st.composite
def random_grids(draw: st.DrawFn) -> dict[str, dict[str, dict[str, object]]]:
    """Return layers of a random grid whose intact base is feasible: every area can serve itself."""
    count = draw(st.integers(2, 5))
    mw = st.floats(0.0, 100.0).map(lambda x: round(x, 1))
    layers = {"areas": {}, "links": {}, "generators": {}, "interfaces": {}, "interface_members": {}}
    for i in range(count):
        peak, spare = draw(mw), draw(mw)
        layers["areas"][f"a{i}"] = {"peak_mw": peak, "firm_mw": peak + spare, "geometry": box(i, 0, i + 1, 1)}
        unit = draw(st.floats(0.0, 1.0)) * spare
        layers["generators"][f"u{i}"] = {"p_nom": unit, "p_unit": unit, "area": f"a{i}"}
    for j in range(draw(st.integers(1, 6))):
        i, k = draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=2, unique=True))
        layers["links"][f"l{j}"] = {
            "bus0": f"a{i}", "bus1": f"a{k}", "p_nom": draw(mw), "p_nom_reverse": draw(mw),
            "carrier": draw(st.sampled_from(["tie", "HVDC", "FC"])), "poles": float(draw(st.integers(1, 3))),
        }  # fmt: skip
    layers["interfaces"]["i0"] = {"limit_forward": draw(mw), "limit_reverse": draw(mw)}
    for j in layers["links"]:
        sign = draw(st.sampled_from([-1.0, 1.0]))
        layers["interface_members"][f"m-{j}"] = {"interface": "i0", "element": j, "sign": sign}
    return layers


def places_of(graph: PowerGraph) -> list[Group]:
    return [Group(node) for node in range(len(graph.nodes))]


def test_radial_ladder_is_the_hand_calculation(radial):
    graph = power_graph(radial.grid)
    found = power.area_hosting(graph, [Group(0), Group(1), Group(0, 0), Group(2)])
    np.testing.assert_allclose(found[RUNGS], [[70, 30, 25], [70, 70, 30], [70, 12, 12], [2, 2, 2]], atol=1e-6)
    np.testing.assert_allclose(found["tie_loss_mw"], [20, 50, 12, 2], atol=1e-6)


def test_what_binds_is_named(radial):
    graph = power_graph(radial.grid)
    found = power.area_hosting(graph, [Group(0), Group(1), Group(0, 0), Group(2)])
    assert list(found["limiting_element"]) == ["ab; capacity:a", "capacity:a; capacity:b", "p", "capacity:c"]
    assert list(found["limiting_outage"]) == ["pole:ab", "unit:unit-b", "", ""]


def test_joint_delivery_survives_the_worst_outage_and_shares_it_evenly(radial):
    graph = power_graph(radial.grid)
    sites, new = sites_in({"s1": ("a", "p", 20.0), "s2": ("a", None, 20.0), "s3": ("b", None, 50.0)})
    found = power.area_joint(graph, requests(graph, sites, new))
    assert found.total_mw == pytest.approx(30.0)
    np.testing.assert_allclose(found.sites["joint_mw"], [20 / 3, 20 / 3, 50 / 3], atol=1e-4)


def test_a_pocket_caps_its_sites_together(radial):
    graph = power_graph(radial.grid)
    sites, new = sites_in({"s1": ("a", "p", 10.0), "s2": ("a", "p", 5.0), "s3": ("a", None, 6.0)})
    found = power.area_joint(graph, requests(graph, sites, new))
    np.testing.assert_allclose(found.sites["joint_mw"], [8.0, 4.0, 6.0], atol=1e-4)


def test_all_requests_are_met_where_nothing_is_short(radial):
    graph = power_graph(radial.grid)
    sites, new = sites_in({"s1": ("a", None, 3.0), "s3": ("b", None, 4.0)})
    found = power.area_joint(graph, requests(graph, sites, new))
    assert list(found.sites["joint_mw"]) == [3.0, 4.0]
    assert not found.ties["binding"].any()


def test_shadow_price_is_what_one_more_mw_of_the_tie_delivers():
    layers = radial_layers()
    layers["generators"] = {}
    layers["links"]["ab"]["poles"] = 1.0
    layers["links"]["ab"]["carrier"] = "tie"
    totals = []
    for capacity in (10.0, 11.0):
        layers["links"]["ab"]["p_nom_reverse"] = capacity
        graph = power_graph(tables_of(layers).grid)
        sites, new = sites_in({"s": ("a", None, 60.0)})
        found = power.area_joint(graph, requests(graph, sites, new))
        totals.append(found.total_mw)
    assert found.ties.at["ab", "shadow_price"] == pytest.approx(totals[1] - totals[0])
    assert found.ties.at["ab", "binding"]


def test_nobody_relies_on_anothers_load_to_make_room():
    """
    On an interface f1 - f2 >= 0, f1 towards far and f2 towards near: only load at far lets near import.

    Alone, near has its own 2 MW; far imports 5 over f1. Together near could take 5 more, but keeps to 2.
    """
    layers = {
        "areas": {
            "far": {"peak_mw": 0.0, "firm_mw": 0.0, "geometry": box(0, 0, 1, 1)},
            "near": {"peak_mw": 0.0, "firm_mw": 2.0, "geometry": box(1, 0, 2, 1)},
            "plant": {"peak_mw": 0.0, "firm_mw": 50.0, "geometry": box(2, 0, 3, 1)},
        },
        "links": {
            "f1": {"bus0": "plant", "bus1": "far", "p_nom": 5.0, "p_nom_reverse": 0.0},
            "f2": {"bus0": "plant", "bus1": "near", "p_nom": 9.0, "p_nom_reverse": 0.0},
        },
        "interfaces": {"i": {"limit_reverse": 0.0}},
        "interface_members": {
            "m1": {"interface": "i", "element": "f1", "sign": 1.0},
            "m2": {"interface": "i", "element": "f2", "sign": -1.0},
        },
    }
    graph = power_graph(tables_of(layers).grid)
    sites, new = sites_in({"s": ("far", None, 5.0), "t": ("near", None, 9.0)})
    joint = power.area_joint(graph, requests(graph, sites, new))
    assert joint.sites["joint_mw"].to_list() == pytest.approx([5.0, 2.0], abs=1e-4)


def test_a_lossy_link_delivers_its_efficiency():
    """The toy of METHODS A.6: local headroom 20, far line 60, loss 2 %: H = 20 + 0.98 min(F, 60)."""
    for capacity, expected in ((0.0, 20.0), (30.0, 49.4), (60.0, 78.8), (100.0, 78.8)):
        tables = tables_of(
            {
                "areas": {
                    "near": {"peak_mw": 0.0, "firm_mw": 20.0, "geometry": box(0, 0, 1, 1)},
                    "far": {"peak_mw": 0.0, "firm_mw": 60.0, "geometry": box(1, 0, 2, 1)},
                },
                "links": {"fc": {"bus0": "near", "bus1": "far", "p_nom": capacity, "efficiency": 0.98}},
            }
        )
        graph = power_graph(tables.grid)
        near = graph.nodes.index("near")
        assert power.area_hosting(graph, [Group(near)])["transport_mw"][0] == pytest.approx(expected)


def test_the_price_of_a_tie_holds_no_cost_of_shedding():
    layers = radial_layers()
    layers["areas"]["a"]["peak_mw"] = 135.0  # 15 short: 10 by the link, 5 shed
    graph = power_graph(tables_of({**layers, "generators": {}}).grid)
    sites, new = sites_in({"s": ("a", None, 60.0)})
    found = power.area_joint(graph, requests(graph, sites, new))
    assert found.base_shed_mw == pytest.approx(10.0)  # with one pole of the link lost
    assert (found.ties["shadow_price"] <= 1.0 + 1e-6).all()


def test_a_base_that_cannot_serve_itself_says_by_how_much():
    layers = radial_layers()
    layers["areas"]["c"]["peak_mw"] = 15.0
    graph = power_graph(tables_of(layers).grid)
    found = power.area_hosting(graph, [Group(2), Group(1)])
    assert found["base_shed_mw"][0] == pytest.approx(3.0)
    assert found["secure_mw"][0] == pytest.approx(0.0, abs=1e-6)
    assert found["secure_mw"][1] == pytest.approx(30.0)


def test_missing_peaks_and_strange_ends_are_named_together():
    layers = radial_layers()
    layers["areas"]["b"]["peak_mw"] = np.nan
    layers["links"]["ab"]["bus1"] = "zz"
    with pytest.raises(NetworkError) as caught:
        power_graph(tables_of(layers).grid)
    assert "'b'" in str(caught.value)
    assert "links" in str(caught.value)


@given(random_grids())
def test_hosting_equals_an_independent_lp(layers):
    graph = power_graph(tables_of(layers).grid)
    found = power.area_hosting(graph, places_of(graph))
    outages = [Outage(""), *power.security_outages(graph)]
    for idx, group in enumerate(places_of(graph)):
        each = [linprog_hosting(graph, group, outage) for outage in outages]
        assert found["transport_mw"][idx] == pytest.approx(each[0], abs=1e-5)
        assert found["secure_mw"][idx] == pytest.approx(min(each), abs=1e-5)


@given(random_grids())
def test_the_ladder_is_ordered(layers):
    graph = power_graph(tables_of(layers).grid)
    found = power.area_hosting(graph, places_of(graph))
    assert (found["adequacy_mw"] >= found["transport_mw"]).all()
    assert (found["transport_mw"] >= found["secure_mw"]).all()
    assert (found["transport_mw"] >= found["tie_loss_mw"] - 1e-6).all()


@given(random_grids(), st.floats(0.0, 50.0))
def test_hosting_never_falls_when_a_rating_rises(layers, more):
    graph = power_graph(tables_of(layers).grid)
    before = power.area_hosting(graph, places_of(graph))["secure_mw"]
    layers["links"]["l0"]["p_nom"] += more
    layers["interfaces"]["i0"]["limit_forward"] += more
    graph = power_graph(tables_of(layers).grid)
    after = power.area_hosting(graph, places_of(graph))["secure_mw"]
    assert (after >= before - 1e-5).all()


@given(random_grids(), st.lists(st.floats(0.1, 80.0), min_size=2, max_size=5))
def test_double_count_is_at_least_one_and_no_site_gets_more_than_alone(layers, wanted):
    graph = power_graph(tables_of(layers).grid)
    chosen = {f"s{i}": (graph.nodes[i % len(graph.nodes)], None, mw) for i, mw in enumerate(wanted)}
    sites, new = sites_in(chosen)
    joint = power.area_joint(graph, requests(graph, sites, new))
    alone = power.area_hosting(graph, places_of(graph))["secure_mw"].to_numpy()
    best = np.minimum(wanted, alone[[i % len(graph.nodes) for i in range(len(wanted))]])
    assert (joint.sites["joint_mw"].to_numpy() <= best + 1e-4).all()
    assert joint.total_mw <= best.sum() + 1e-4


@given(random_grids(), st.lists(st.floats(0.1, 80.0), min_size=2, max_size=5), st.randoms())
def test_renaming_and_reordering_rows_renames_the_answer(layers, wanted, rng):
    def joint_of(names: dict[str, str], order: list[int]) -> pd.Series:
        areas = [(names[a], row) for a, row in layers["areas"].items()]
        links = {
            j: {**r, "bus0": names[r["bus0"]], "bus1": names[r["bus1"]]} for j, r in layers["links"].items()
        }
        units = {u: {**r, "area": names[r["area"]]} for u, r in layers["generators"].items()}
        renamed = {
            **layers,
            "areas": dict(rng.sample(areas, len(areas))),
            "links": links,
            "generators": units,
        }
        graph = power_graph(tables_of(renamed).grid)
        old = sorted(names)
        places = {f"s{i}": (names[old[i % len(old)]], None, wanted[i]) for i in order}
        sites, new = sites_in(places)
        return power.area_joint(graph, requests(graph, sites, new)).sites["joint_mw"]

    same = {name: name for name in layers["areas"]}
    turned = {name: f"z{len(same) - i}" for i, name in enumerate(same)}
    order = list(range(len(wanted)))
    first = joint_of(same, order)
    second = joint_of(turned, order[::-1])
    pd.testing.assert_series_equal(first.sort_index(), second.sort_index(), atol=1e-3, rtol=0)


def test_a_link_below_its_limit_is_not_named_even_if_it_loses_power():
    layers = radial_layers()
    layers["links"]["ab"] = {
        "bus0": "b", "bus1": "a", "p_nom": 80.0, "efficiency": 0.9, "carrier": "tie",
    }  # fmt: skip
    layers["interfaces"] = {"i": {"limit_forward": 30.0}}
    layers["interface_members"] = {"m": {"interface": "i", "element": "ab"}}
    layers["generators"] = {}
    graph = power_graph(tables_of(layers).grid)
    assert power.area_hosting(graph, [Group(0)])["limiting_element"][0] == "i; capacity:a"


def test_a_shortage_on_one_island_is_no_matter_of_another():
    layers = radial_layers()
    layers["areas"]["c"]["peak_mw"] = 15.0
    graph = power_graph(tables_of(layers).grid)
    found = power.area_hosting(graph, [Group(0), Group(2)])
    assert found["base_shed_mw"].tolist() == pytest.approx([0.0, 3.0])


def test_an_area_that_cannot_be_helped_does_not_hide_what_another_can_host():
    """a lacks 100 and gets 10 over the tie, so b keeps 200 - 100 - 10 = 90 for new load."""
    layers = {
        "areas": {
            "a": {"peak_mw": 100.0, "firm_mw": 0.0, "geometry": box(0, 0, 1, 1)},
            "b": {"peak_mw": 100.0, "firm_mw": 200.0, "geometry": box(1, 0, 2, 1)},
        },
        "links": {"ab": {"bus0": "a", "bus1": "b", "p_nom": 10.0}},
    }
    graph = power_graph(tables_of(layers).grid)
    row = power.area_hosting(graph, [Group(1)]).iloc[0]
    assert (row["adequacy_mw"], row["secure_mw"], row["base_shed_mw"]) == pytest.approx((90.0, 90.0, 90.0))


def test_unsited_load_asks_beside_the_sites():
    layers = radial_layers()
    layers["areas"]["b"]["unsited_mw"] = 50.0
    graph = power_graph(tables_of(layers).grid)
    sites, new = sites_in({"s": ("a", None, 30.0)})
    found = power.area_joint(graph, requests(graph, sites, new))
    assert found.areas.loc["b", "unsited_joint_mw"] == pytest.approx(18.75, abs=1e-4)
    assert found.areas.loc["b", "unsited_alone_mw"] == pytest.approx(30.0)
    assert found.intact_mw == pytest.approx(70.0)


@pytest.mark.parametrize(("asked", "expected"), [(40.0, 0.625), (5.0, 5.0), (0.0, np.inf)])
def test_requests_could_grow_together_until_the_first_limit(radial, asked, expected):
    """25 MW are secure in a: 40 are 0.625 of it; nothing can be had any number of times."""
    sites, new = sites_in({"s": ("a", None, asked)})
    graph = power_graph(radial.grid)
    found = power.area_joint(graph, requests(graph, sites, new))
    assert found.multiple == pytest.approx(expected, abs=1e-5)
    assert found.multiple_element == ("" if asked == 0.0 else "ab; capacity:a")


def test_the_first_limit_can_be_a_pocket(radial):
    sites, new = sites_in({"s": ("a", "p", 6.0), "t": ("b", None, 1.0)})
    graph = power_graph(radial.grid)
    found = power.area_joint(graph, requests(graph, sites, new))
    assert found.multiple == pytest.approx(2.0, abs=1e-5)
    assert found.multiple_element == "p"


@given(layers=random_grids(), asked=st.floats(1.0, 200.0))
def test_one_site_alone_could_grow_to_what_it_can_host(layers, asked):
    graph = power_graph(tables_of(layers).grid)
    sites, new = sites_in({"s": (graph.nodes[0], None, asked)})
    hosting = power.area_hosting(graph, [Group(0)], stress=False)["secure_mw"].iloc[0]
    found = power.area_joint(graph, requests(graph, sites, new))
    assert found.multiple * asked == pytest.approx(hosting, abs=1e-3, rel=1e-5)
