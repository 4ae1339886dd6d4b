"""Round trips after the loss of a route, a node or a shared-risk group, held against deleting and asking again."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from fibres import BARE, MS_PER_KM, fibre_of, in_one_place, points_of, random_fibre, without
from three_mismatches import latency
from three_mismatches.assumptions import resolve

seeds = st.integers(0, 2**32 - 1)


def square():
    """
    Return the ring a-b-c-d of 1, 2, 3 and 4 km and the spur d-e of 5 km; a-b and b-c share the group "tunnel".

    From a to c it is 3 km by b; without any part of that 7 km by d. From a to e it is 9 km by d, else 11.
    """
    routes = {
        "ab": ("a", "b", 1.0),
        "bc": ("b", "c", 2.0),
        "cd": ("c", "d", 3.0),
        "da": ("d", "a", 4.0),
        "de": ("d", "e", 5.0),
    }
    return in_one_place(routes, srlg={"ab": "tunnel", "bc": "tunnel"})


def test_the_worst_loss_of_each_kind_on_a_ring():
    row = latency.n1_rtt(square(), ["a"], ["c"], **BARE).loc[("a", "c")]
    assert row["rtt_ms"] == pytest.approx(3 * MS_PER_KM)
    assert row[["after_route_ms", "after_node_ms", "after_group_ms"]].tolist() == pytest.approx(
        [7 * MS_PER_KM] * 3
    )
    assert row[["lost_route", "lost_node", "lost_group"]].tolist() == ["ab", "b", "tunnel"]
    # Of equally bad losses a route is named before a node before a group.
    assert row[["n1_kind", "n1_loss", "single_homed"]].tolist() == ["route", "ab", False]


def test_a_spur_is_single_homed_and_the_loss_that_cuts_it_is_named():
    row = latency.n1_rtt(square(), ["a"], ["e"], **BARE).loc[("a", "e")]
    assert row[["n1_rtt_ms", "n1_kind", "n1_loss", "single_homed"]].tolist() == [np.inf, "route", "de", True]
    routes_only = latency.n1_rtt(square(), ["a"], ["c"], of="route", **BARE).iloc[0]
    assert "after_node_ms" not in routes_only
    assert routes_only["n1_rtt_ms"] == pytest.approx(7 * MS_PER_KM)


def test_a_group_can_cut_what_no_route_of_it_cuts():
    fibre = in_one_place(
        {"x": ("a", "b", 1.0), "y": ("a", "b", 2.0)}, srlg={"x": "strait;other", "y": "strait"}
    )
    row = latency.n1_rtt(fibre, ["a"], ["b"], **BARE).iloc[0]
    assert [row["after_route_ms"], row["after_group_ms"]] == pytest.approx([2 * MS_PER_KM, np.inf])
    assert (row["n1_kind"], row["n1_loss"], row["single_homed"]) == ("group", "strait", True)


def test_points_at_one_node_lose_nothing_and_points_apart_stay_apart():
    fibre = square()
    same = latency.n1_rtt(fibre, ["a"], ["a"], **BARE).iloc[0]
    assert same[["rtt_ms", "n1_rtt_ms"]].tolist() == [0.0, 0.0]
    assert [same["n1_loss"], same["single_homed"]] == [None, False]
    apart = latency.n1_rtt(without(fibre, ["de"]), ["a"], ["e"], **BARE).iloc[0]
    assert [apart["rtt_ms"], apart["n1_rtt_ms"], apart["single_homed"]] == [np.inf, np.inf, False]


def test_a_cut_leaves_a_point_within_the_route_the_end_on_its_own_side():
    """
    The route a-b of 100 km on the equator with s at its middle; a-c 10 km, b-c 30 km.

    s is 60 km from c by a, 80 by b. Cut on a's side it takes 80; on b's side nothing changes.
    """
    nodes = {"a": (0, 0), "b": (0.2, 0), "c": (0.1, 0.02)}
    routes = {
        "ab": ("a", "b", 100.0, "surveyed"),
        "ac": ("a", "c", 15.0, "schematic"),
        "bc": ("b", "c", 30.0, "schematic"),
    }
    fibre = fibre_of(nodes, routes, lines={"ab": LineString([(0, 0), (0.2, 0)])})
    row = latency.n1_rtt(fibre, points_of({"s": (0.1, 0)}), ["c"], of="route", **BARE).iloc[0]
    assert row["rtt_ms"] == pytest.approx(65 * MS_PER_KM, rel=1e-6)
    assert row["n1_rtt_ms"] == pytest.approx(80 * MS_PER_KM, rel=1e-6)
    node = latency.n1_rtt(fibre, points_of({"s": (0.1, 0)}), ["c"], of="node", **BARE).iloc[0]
    assert (node["n1_loss"], node["single_homed"]) == ("a", False)
    assert node["n1_rtt_ms"] == pytest.approx(80 * MS_PER_KM, rel=1e-6)


def test_what_can_be_lost_is_named_rightly():
    with pytest.raises(ValueError, match="'cable'"):
        latency.n1_rtt(square(), ["a"], ["c"], of=["cable"])


def lost_routes(fibre, kind):
    """Return what each element of a kind takes with it."""
    table = fibre.fibre_routes
    if kind == "route":
        return {name: [name] for name in table.index}
    if kind == "node":
        return {
            n: list(table.index[(table["node0"] == n) | (table["node1"] == n)])
            for n in fibre.fibre_nodes.index
        }
    groups = table["srlg"].dropna().str.split(";").explode()
    return {name: list(groups.index[groups == name]) for name in sorted(set(groups))}


def deleted(fibre, names, **options):
    """Return the largest round trip over every deletion of each kind, asked again from the start."""
    whole = latency.rtt(fibre, names, names, **options)
    worst = {}
    for kind in ("route", "node", "group"):
        tables = [whole]
        for name, routes in lost_routes(fibre, kind).items():
            again = latency.rtt(without(fibre, routes), names, names, **options)
            if kind == "node":
                again.loc[name], again[name] = whole.loc[name], whole[name]
            tables.append(again)
        worst[kind] = np.max([table.to_numpy() for table in tables], axis=0)
    return worst


@pytest.mark.slow
@given(seeds, st.sampled_from([{}, {"equipment": 0.4}, {"via": ["n2", "n5"]}]))
def test_every_loss_equals_deleting_it_and_asking_again(seed, options):
    # 49 pairs each and three kinds of loss; the wide profile and the backbones bring it to far more than 200 pairs.
    fibre = random_fibre(seed, nodes=7, extra=5, groups=3, whole=bool(seed % 2))
    names = list(fibre.fibre_nodes.index)
    found = latency.n1_rtt(fibre, names, names, **options)
    expected = deleted(fibre, names, **options)
    for kind, ms in expected.items():
        assert_ms = found[f"after_{kind}_ms"].unstack().reindex(index=names, columns=names).to_numpy()
        np.testing.assert_allclose(assert_ms, ms, rtol=1e-9, atol=1e-9, err_msg=kind)
    worst = np.max(list(expected.values()), axis=0)
    n1 = found["n1_rtt_ms"].unstack().reindex(index=names, columns=names).to_numpy()
    np.testing.assert_allclose(n1, worst, rtol=1e-9, atol=1e-9)
    assert (found["n1_rtt_ms"] >= found["rtt_ms"]).all()


@given(seeds)
def test_what_is_named_as_lost_makes_the_path_as_long_as_told(seed):
    fibre = random_fibre(seed, groups=3)
    names = list(fibre.fibre_nodes.index)
    found = latency.n1_rtt(fibre, ["n0"], names)
    for (source, target), row in found.iterrows():
        if row["n1_loss"] is None:
            assert row["n1_rtt_ms"] == row["rtt_ms"]
            continue
        again = without(fibre, lost_routes(fibre, row["n1_kind"])[row["n1_loss"]])
        assert latency.rtt(again, [source], [target]).iloc[0, 0] == pytest.approx(row["n1_rtt_ms"], rel=1e-9)


def uses_of(**uses):
    return pd.DataFrame.from_dict(uses, orient="index", columns=["hub_kind", "statistic", "rtt_ms", "via"])


def hubs_at(fibre, **kinds):
    nodes = list(kinds)
    return points_of(
        {f"h-{n}": (fibre.fibre_nodes.geometry[n].x, fibre.fibre_nodes.geometry[n].y) for n in nodes},
        kind=list(kinds.values()), weight=1.0, node=nodes,
    )  # fmt: skip


def test_after_a_loss_another_hub_may_be_nearest():
    """On the ring, from a: b is 1 km and d 4 km away. Without b it is d; without d and the tunnel nothing is left."""
    fibre = square()
    hubs = hubs_at(fibre, b="ix", d="ix")
    uses = uses_of(
        near=("ix", "nearest", 1.0, None), every=("ix", "all", 1.0, None), mean=("ix", "weighted", 1.0, None)
    )
    values = resolve({"route_factor": 1.0})
    found = latency.by_use(fibre, points_of({"s": (0, 0)}, node=["a"]), hubs, uses, values=values).loc["s"]
    assert found["rtt_ms"].tolist() == pytest.approx([km * MS_PER_KM for km in (1, 4, 2.5)], rel=1e-3)
    # near: d after a-b, b or the tunnel; all and mean must reach b, which stands alone without the tunnel.
    assert found["n1_rtt_ms"].tolist() == pytest.approx([4 * MS_PER_KM, np.inf, np.inf], rel=1e-3)
    assert found["n1_loss"].tolist() == ["ab", "tunnel", "tunnel"]
    assert not found["flags"].str.contains("single_homed").any()


def test_traffic_by_way_of_an_exchange_has_a_policy_increment():
    """From a to the hub at c by way of the exchange at d: 4 + 3 km instead of 3."""
    fibre = square()
    hubs = hubs_at(fibre, c="cloud", d="ix")
    uses = uses_of(direct=("cloud", "nearest", 1.0, None), passed=("cloud", "nearest", 1.0, "ix"))
    values = resolve({"route_factor": 1.0, "equipment_ms": 0.125})
    found = latency.by_use(fibre, points_of({"s": (0, 0)}, node=["a"]), hubs, uses, values=values).loc["s"]
    assert found["rtt_policy_ms"].tolist() == pytest.approx([0.0, 4 * MS_PER_KM], rel=1e-3, abs=1e-9)
    assert found["rtt_equipment_ms"].tolist() == pytest.approx([3 * 0.125] * 2)
    parts = found[
        [
            column
            for column in found
            if column.startswith("rtt_")
            and column.split("_")[1] in ("vacuum", "glass", "route", "policy", "equipment")
        ]
    ]
    np.testing.assert_allclose(parts.sum(axis=1), found["rtt_ms"], rtol=1e-12)


@pytest.mark.slow
@given(seeds)
def test_a_use_after_losses_equals_deleting_and_asking_again(seed):
    fibre = random_fibre(seed, nodes=7, extra=4, groups=2)
    hubs = hubs_at(fibre, n1="ix", n4="ix", n6="cloud")
    uses = uses_of(
        near=("ix", "nearest", 1.0, None),
        every=("ix", "all", 1.0, None),
        passed=("ix", "nearest", 1.0, "cloud"),
    )
    sites = points_of({"s": (0, 0), "t": (0, 0)}, node=["n0", "n3"])
    values = resolve({"route_factor": 1.5})
    found = latency.by_use(fibre, sites, hubs, uses, values=values)
    worst = found["rtt_ms"].copy()
    for kind in ("route", "group"):
        for routes in lost_routes(fibre, kind).values():
            again = latency.by_use(without(fibre, routes), sites, hubs, uses, values=values, losses=False)[
                "rtt_ms"
            ]
            worst = np.maximum(worst, again)
    assert (found["n1_rtt_ms"] >= worst - 1e-9).all()
    by_node = found["n1_kind"].eq("node")
    np.testing.assert_allclose(found["n1_rtt_ms"][~by_node], worst[~by_node], rtol=1e-9)


def test_uses_without_losses_asked_have_none():
    fibre = square()
    uses = uses_of(near=("ix", "nearest", 1.0, None))
    site = points_of({"s": (0, 0)}, node=["a"])
    row = latency.by_use(fibre, site, hubs_at(fibre, b="ix"), uses, values=resolve(), losses=False).iloc[0]
    assert np.isnan(row["n1_rtt_ms"])
    assert row["n1_loss"] is None


def test_stretch_is_over_the_geodesic_and_unknown_where_there_is_none():
    fibre = fibre_of({"a": (0, 0), "b": (1, 0)}, {"ab": ("a", "b", 200.0, "schematic")})
    hub = points_of({"h": (1, 0)}, kind="ix", weight=1.0, node=None)
    uses = uses_of(u=("ix", "nearest", 1.0, None))
    sites = points_of({"s": (0, 0), "t": (1, 0)})
    found = latency.by_use(fibre, sites, hub, uses, values=resolve({"route_factor": 1.0}))
    straight = 111.31949079327357
    assert found["fibre_stretch"].tolist() == pytest.approx([200 / straight, np.nan], nan_ok=True)
    assert found["c_stretch"].iloc[0] == pytest.approx(1.468 * 200 / straight)
