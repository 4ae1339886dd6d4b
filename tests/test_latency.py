"""Round-trip times: hand-drawn networks on the equator, and the promises on random ones."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from three_mismatches import geodesy
from three_mismatches.assumptions import ASSUMPTIONS, resolve
from three_mismatches.errors import LayerError, NetworkError
from three_mismatches.latency import budgets as budgets_module
from three_mismatches.latency import by_use, rtt
from three_mismatches.layers import Fibre

DEGREE_KM = 111.31949079327357  # one degree of the equator of WGS 84
FACTOR = ASSUMPTIONS["route_factor"]
MS_PER_KM = 2 * 1.468 / 299.792458  # round trip in bare glass
INCREMENTS = ["rtt_vacuum_ms", "rtt_glass_ms", "rtt_route_ms", "rtt_policy_ms", "rtt_equipment_ms"]
BARE = {"route_factor": 1.0, "cable_slack": 1.0}

seeds = st.integers(0, 2**32 - 1)


def points_of(places, **columns):
    index = pd.Index(list(places), dtype="object")
    lon, lat = np.array(list(places.values()), dtype=float).reshape(-1, 2).T
    return gpd.GeoDataFrame(columns, index=index, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def fibre_of(nodes, routes, lines=None):
    """Return nodes {id: (lon, lat)} and routes {id: (node0, node1, length, kind)}, with lines for some."""
    columns = ["node0", "node1", "length", "geometry_kind"]
    index = pd.Index(list(routes), dtype="object")
    table = pd.DataFrame(list(routes.values()), columns=columns, index=index).astype({"length": float})
    drawn = gpd.GeoSeries([(lines or {}).get(route) for route in routes], index=table.index, crs="EPSG:4326")
    return Fibre(points_of(nodes), gpd.GeoDataFrame(table.assign(status="operating"), geometry=drawn))


def chain():
    """
    Return a(0)-b(1)-c(2) degrees east: a-b 150 km and b-c 200 km, both schematic, and the node d alone at 5.

    At route factor 1.5, a to c takes 350 * 1.5 * MS_PER_KM = 5.14 ms and b to c 300 * MS_PER_KM = 2.94 ms.
    """
    nodes = {"a": (0, 0), "b": (1, 0), "c": (2, 0), "d": (5, 0), "e": (5, 1)}
    routes = {
        "ab": ("a", "b", 150.0, "schematic"),
        "bc": ("b", "c", 200.0, "schematic"),
        "de": ("d", "e", np.nan, "schematic"),
    }
    return fibre_of(nodes, routes)


def surveyed():
    """Return the straight surveyed route a(0)-b(1) of 120 km on the equator."""
    line = LineString([(0, 0), (1, 0)])
    return fibre_of({"a": (0, 0), "b": (1, 0)}, {"ab": ("a", "b", 120.0, "surveyed")}, {"ab": line})


def hubs_of(places, *, kind="ix", weight=1.0, node=None):
    return points_of(places, kind=kind, weight=weight, node=node)


def budgets_of(**uses):
    return pd.DataFrame.from_dict(uses, orient="index", columns=["hub_kind", "statistic", "rtt_ms"])


def random_study(seed, *, nodes=7, sites=6, hubs=4):
    """Return a connected fibre of sketched and surveyed routes, sites and hubs, without ties of place."""
    rng = np.random.default_rng(seed)
    at = {f"n{i}": place for i, place in enumerate(rng.uniform([135, 33], [141, 38], (nodes, 2)))}
    ends = [(i, i + 1) for i in range(nodes - 1)] + [tuple(rng.integers(0, nodes, 2)) for _ in range(4)]
    kinds = rng.choice(["schematic", "surveyed"], len(ends))
    routes, lines = {}, {}
    for number, ((i, j), kind) in enumerate(zip(ends, kinds, strict=True)):
        length = rng.choice([np.nan, rng.uniform(0, 900)])
        routes[f"r{number}"] = (f"n{i}", f"n{j}", length, kind)
        bend = rng.uniform([135, 33], [141, 38])
        lines[f"r{number}"] = LineString([at[f"n{i}"], bend, at[f"n{j}"]])
    places = [
        {f"{c}{i}": p for i, p in enumerate(rng.uniform([134, 32], [142, 39], (k, 2)))}
        for c, k in (("s", sites), ("h", hubs))
    ]
    hub_table = hubs_of(places[1], kind=rng.choice(["ix", "cloud"], hubs), weight=rng.uniform(0.1, 5, hubs))
    return fibre_of(at, routes, lines), points_of(places[0]), hub_table


def all_statistics():
    rows = [(kind, how, 5.0) for kind in ("ix", "cloud") for how in ("nearest", "all", "weighted")]
    return budgets_of(**{f"{kind}-{how}": (kind, how, ms) for kind, how, ms in rows})


def test_rtt_follows_the_route_not_the_great_circle():
    ends = points_of({"a": (0, 0), "c": (2, 0)})
    found = rtt(chain(), ends, ends, route_factor=1.5)
    assert found.loc["a", "c"] == pytest.approx(350 * 1.5 * MS_PER_KM, rel=1e-12)
    assert found.loc["a", "a"] == 0.0


def test_a_surveyed_route_takes_the_slack_and_the_way_to_it_the_route_factor():
    site, hub = points_of({"s": (0, 1)}), points_of({"h": (1, 0)})
    north = geodesy.distance_km(0, 1, 0, 0)
    found = rtt(surveyed(), site, hub, route_factor=1.5, cable_slack=1.1)
    assert found.loc["s", "h"] == pytest.approx((120 * 1.1 + north * 1.5) * MS_PER_KM, rel=1e-9)


def test_points_within_a_route_meet_without_passing_its_ends():
    places = points_of({"s": (0.25, 0), "t": (0.75, 0)})
    found = rtt(surveyed(), places, places, cable_slack=1.0, equipment=100.0)
    assert found.loc["s", "t"] == pytest.approx(60 * MS_PER_KM, rel=1e-6)


def test_points_on_an_understated_route_are_no_nearer_than_their_geodesic():
    # The line climbs to 1 N and back, but is said to be as long as the straight way.
    line = LineString([(0, 0), (0.5, 1), (1, 0)])
    nodes, route = {"a": (0, 0), "b": (1, 0)}, ("a", "b", 112.0, "surveyed")
    places = points_of({"s": (0.0, 0.0), "t": (0.5, 1.0), "u": (0.25, 0.5)})
    found = rtt(fibre_of(nodes, {"ab": route}, {"ab": line}), places, places, cable_slack=1.1)
    for other in ("s", "u"):
        (x0, y0), (x1, y1) = [(point.x, point.y) for point in places.geometry[["t", other]]]
        apart = geodesy.distance_km(x0, y0, x1, y1)
        assert found.loc["t", other] == pytest.approx(1.1 * apart * MS_PER_KM, rel=1e-4)


def test_a_hub_within_a_route_is_reached_from_the_nearer_end():
    line = LineString([(0, 0), (1, 0)])
    nodes = {"a": (0, 0), "b": (1, 0), "c": (1, 1)}
    routes = {"ab": ("a", "b", 120.0, "surveyed"), "bc": ("b", "c", 130.0, "surveyed")}
    fibre, hub = fibre_of(nodes, routes, {"ab": line}), points_of({"h": (0.75, 0)})
    found = rtt(fibre, points_of({"a": (0, 0), "c": (1, 1)}), hub, cable_slack=1.0)["h"]
    assert found.tolist() == pytest.approx([90 * MS_PER_KM, 160 * MS_PER_KM], rel=1e-6)


def test_a_point_within_a_route_is_no_farther_for_others_being_there():
    fibre = surveyed()
    alone = rtt(fibre, points_of({"s": (0.25, 0)}), points_of({"h": (1, 0)}))
    company = rtt(fibre, points_of({"s": (0.25, 0), "t": (0.5, 0.1)}), points_of({"h": (1, 0)}))
    assert company.loc["s", "h"] == alone.loc["s", "h"]
    assert alone.loc["s", "h"] == pytest.approx(90 * 1.03 * MS_PER_KM, rel=1e-6)


def test_a_target_meets_the_fibre_at_the_node_that_it_names():
    site, at = points_of({"s": (0, 0)}), {"h": (2, 0)}
    named = rtt(chain(), site, hubs_of(at, node=["b"]), route_factor=1.5)
    assert named.loc["s", "h"] == pytest.approx((150 + DEGREE_KM) * 1.5 * MS_PER_KM, rel=1e-12)


def test_what_no_fibre_joins_is_infinitely_far():
    found = rtt(chain(), points_of({"s": (0, 0)}), points_of({"h": (5, 0)}))
    assert found.loc["s", "h"] == np.inf


def test_equipment_is_added_for_each_node_on_the_path_and_can_change_it():
    # a-x-c is 12 km shorter than a-c, by one more node.
    nodes = {"a": (0, 0), "x": (0.1, 0), "c": (0.2, 0)}
    legs = {
        "ax": ("a", "x", 14.0, "schematic"),
        "xc": ("x", "c", 14.0, "schematic"),
        "ac": ("a", "c", 40.0, "schematic"),
    }
    fibre, ends = fibre_of(nodes, legs), points_of({"a": (0, 0), "c": (0.2, 0)})
    short = rtt(fibre, ends, ends, route_factor=1.0, equipment=0.1)
    direct = rtt(fibre, ends, ends, route_factor=1.0, equipment=0.2)
    assert short.loc["a", "c"] == pytest.approx(28 * MS_PER_KM + 0.3)
    assert direct.loc["a", "c"] == pytest.approx(40 * MS_PER_KM + 0.4)


@pytest.mark.parametrize(
    ("name", "value"),
    [("route_factor", 0.99), ("cable_slack", 0.5), ("equipment", -1e-3), ("route_factor", np.nan)],
)
def test_light_faster_than_in_glass_is_refused(name, value):
    ends = points_of({"a": (0, 0)})
    with pytest.raises(ValueError, match=f"{name}.* must be"):
        rtt(chain(), ends, ends, **{name: value})


def test_a_node_that_is_not_there_is_refused():
    with pytest.raises(NetworkError, match="'h'"):
        rtt(chain(), points_of({"s": (0, 0)}), hubs_of({"h": (1, 0)}, node=["zz"]))


@pytest.mark.parametrize("empty", [0, 1])
def test_no_points_give_an_empty_matrix(empty):
    ends = [points_of({"a": (0, 0)}), points_of({"b": (1, 0)})]
    ends[empty] = ends[empty].iloc[:0]
    assert rtt(chain(), *ends).shape == (1 - (empty == 0), 1 - (empty == 1))


def test_each_statistic_takes_the_hubs_it_names():
    # From a: hub at b 150 km, at c 350 km; weights 3 and 1 make (3 * 150 + 350) / 4 = 200 km.
    hubs = hubs_of({"hc": (2, 0), "hb": (1, 0)}, weight=[1.0, 3.0])
    uses = budgets_of(near=("ix", "nearest", 1.0), every=("ix", "all", 1.0), mean=("ix", "weighted", 100.0))
    found = by_use(chain(), points_of({"s": (0, 0)}), hubs, uses, values=resolve({"route_factor": 1.5})).loc[
        "s"
    ]
    assert found["rtt_ms"].tolist() == pytest.approx([km * 1.5 * MS_PER_KM for km in (150, 350, 200)])
    assert found["nearest_hub"].tolist() == ["hb", "hb", "hb"]
    assert found["rtt_gap_ms"].tolist() == pytest.approx([225 * MS_PER_KM - 1, 525 * MS_PER_KM - 1, 0.0])


def test_of_equally_near_hubs_the_lowest_id_is_named():
    hubs = hubs_of({"z": (1, 0), "m": (1, 0), "q": (1, 0)})
    found = by_use(
        chain(), points_of({"s": (0, 0)}), hubs, budgets_of(u=("ix", "nearest", 1.0)), values=resolve()
    )
    assert found["nearest_hub"].tolist() == ["m"]


def test_the_increments_of_a_hand_drawn_path():
    values = resolve({"route_factor": 1.5, "equipment_ms": 0.05})
    uses = budgets_of(u=("ix", "nearest", np.nan))
    row = (
        by_use(chain(), points_of({"s": (0, 0)}), hubs_of({"h": (2, 0)}), uses, values=values)
        .loc["s"]
        .iloc[0]
    )
    vacuum = 2 * 2 * DEGREE_KM / 299.792458
    expected = [vacuum, 0.468 * vacuum, 525 * MS_PER_KM - 1.468 * vacuum, 0.0, 3 * 0.05]
    assert row[INCREMENTS].tolist() == pytest.approx(expected, rel=1e-12)
    assert (row["rtt_ms"], row["budget_ms"], row["rtt_gap_ms"]) == pytest.approx(
        (sum(expected), np.nan, np.nan), nan_ok=True
    )
    assert row["flags"] == "fibre_schematic;no_budget;single_homed"


def test_low_and_high_are_at_the_ends_of_the_route_factors_range():
    uses = budgets_of(u=("ix", "nearest", 1.0))
    found = by_use(chain(), points_of({"s": (0, 0)}), hubs_of({"h": (1, 0)}), uses, values=resolve())
    factors = found[["rtt_low_ms", "rtt_ms", "rtt_high_ms"]].to_numpy() / (150 * MS_PER_KM)
    assert factors.tolist()[0] == pytest.approx([FACTOR.low, FACTOR.value, FACTOR.high])
    given_factor = by_use(
        chain(), points_of({"s": (0, 0)}), hubs_of({"h": (1, 0)}), uses, values=resolve({"route_factor": 2.0})
    )
    assert given_factor["rtt_high_ms"].tolist() == given_factor["rtt_ms"].tolist()


def test_low_takes_the_hub_that_is_nearest_at_the_low_factor():
    # b is 150 km of sketch away, c 240 km of survey: c is nearer at 1.65, b at the low end.
    nodes = {"a": (0, 0), "b": (1, 0), "c": (2, 0)}
    routes = {"ab": ("a", "b", 150.0, "schematic"), "ac": ("a", "c", 240.0, "surveyed")}
    hubs, uses = hubs_of({"hb": (1, 0), "hc": (2, 0)}), budgets_of(u=("ix", "nearest", 1.0))
    row = by_use(fibre_of(nodes, routes), points_of({"s": (0, 0)}), hubs, uses, values=resolve()).iloc[0]
    assert row["nearest_hub"] == "hc"
    assert [row["rtt_low_ms"], row["rtt_ms"]] == pytest.approx(
        [150 * FACTOR.low * MS_PER_KM, 240 * 1.03 * MS_PER_KM]
    )


def test_a_kind_without_hubs_and_a_hub_on_another_island_are_unreachable():
    uses = budgets_of(none=("cloud", "nearest", 1.0), cut=("ix", "all", 1.0), near=("ix", "nearest", 1.0))
    hubs = hubs_of({"h": (1, 0), "far": (5, 0)})
    found = by_use(chain(), points_of({"s": (0, 0)}), hubs, uses, values=resolve()).loc["s"]
    assert found["rtt_ms"].tolist()[:2] == found["rtt_gap_ms"].tolist()[:2] == [np.inf, np.inf]
    assert found[INCREMENTS].isna().all(axis=1).tolist() == [True, True, False]
    assert ["fibre_unreachable" in flags for flags in found["flags"]] == [True, True, False]
    assert [found["nearest_hub"].isna().iloc[0], *found["nearest_hub"].iloc[1:]] == [True, "h", "h"]


def test_a_hub_without_weight_need_not_be_reached():
    hubs = hubs_of({"h": (1, 0), "far": (5, 0)}, weight=[2.0, 0.0])
    uses = budgets_of(u=("ix", "weighted", 1.0))
    found = by_use(chain(), points_of({"s": (0, 0)}), hubs, uses, values=resolve({"route_factor": 1.0}))
    assert found["rtt_ms"].tolist() == pytest.approx([150 * MS_PER_KM])


@pytest.mark.parametrize("weight", [[0.0, 0.0], [1.0, np.nan], [1.0, -1.0]])
def test_a_mean_without_weights_is_refused(weight):
    hubs = hubs_of({"h": (1, 0), "g": (2, 0)}, weight=weight)
    with pytest.raises(LayerError, match="weight"):
        by_use(
            chain(), points_of({"s": (0, 0)}), hubs, budgets_of(u=("ix", "weighted", 1.0)), values=resolve()
        )


def test_a_raised_route_is_flagged_where_it_is_on_the_path_only():
    nodes = {"a": (0, 0), "b": (1, 0), "c": (2, 0)}
    fibre = fibre_of(nodes, {"ab": ("a", "b", 5.0, "schematic"), "bc": ("b", "c", 500.0, "schematic")})
    uses = budgets_of(u=("ix", "nearest", 1.0))
    found = by_use(
        fibre, points_of({"s": (0, 0), "t": (2, 0)}), hubs_of({"h": (1, 0)}), uses, values=resolve()
    )
    assert found["flags"].tolist() == [
        "fibre_schematic;floored;single_homed",
        "fibre_schematic;single_homed",
    ]


def test_a_site_on_surveyed_fibre_is_no_sketch():
    uses = budgets_of(u=("ix", "nearest", 1.0))
    row = by_use(
        surveyed(), points_of({"s": (0.25, 0.5)}), hubs_of({"h": (1, 0)}), uses, values=resolve()
    ).iloc[0]
    assert (row["flags"], row["fibre_attach"]) == ("single_homed", "ab")
    assert row["build_km"] == pytest.approx(geodesy.distance_km(0.25, 0.5, 0.25, 0), abs=1e-3)


def test_rows_are_every_site_by_every_use_in_the_order_of_the_tables():
    uses = budgets_of(v=("ix", "nearest", 1.0), u=("cloud", "all", 2.0))
    sites = points_of({"t": (0, 0), "s": (1, 0)})
    found = by_use(chain(), sites, hubs_of({"h": (1, 0)}), uses, values=resolve())
    assert found.index.names == ["site", "use"]
    assert found.index.tolist() == [("t", "v"), ("t", "u"), ("s", "v"), ("s", "u")]
    assert by_use(chain(), sites, hubs_of({"h": (1, 0)}), uses.iloc[:0], values=resolve()).shape == (0, 21)
    assert by_use(chain(), sites.iloc[:0], hubs_of({"h": (1, 0)}), uses, values=resolve()).shape == (0, 21)


def test_sites_in_many_blocks_get_the_same_answer(monkeypatch):
    fibre, sites, hubs = random_study(3, sites=9)
    whole = by_use(fibre, sites, hubs, all_statistics(), values=resolve())
    monkeypatch.setattr(budgets_module, "PAIRS", 8)
    pd.testing.assert_frame_equal(by_use(fibre, sites, hubs, all_statistics(), values=resolve()), whole)


def test_nothing_changes_its_input():
    fibre, sites, hubs = random_study(5)
    tables = [fibre.fibre_nodes, fibre.fibre_routes, sites, hubs, all_statistics()]
    before = [table.copy() for table in tables]
    by_use(fibre, sites, hubs, tables[-1], values=resolve())
    for table, kept in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(table, kept)


@given(seeds)
def test_no_round_trip_beats_light_in_glass(seed):
    fibre, sites, hubs = random_study(seed)
    apart = geodesy.distance_km(
        sites.geometry.x.to_numpy()[:, None],
        sites.geometry.y.to_numpy()[:, None],
        hubs.geometry.x,
        hubs.geometry.y,
    )
    assert (rtt(fibre, sites, hubs, **BARE).to_numpy() >= MS_PER_KM * apart * (1 - 1e-15)).all()


def test_rounding_does_not_beat_light_either():
    lon = np.sort(np.random.default_rng(1).uniform(0, 9, 30))
    nodes = {f"n{i:02}": (x, 0.0) for i, x in enumerate(lon)}
    routes = {f"r{i}": (f"n{i:02}", f"n{i + 1:02}", np.nan, "schematic") for i in range(29)}
    ends = points_of(nodes)
    found = rtt(fibre_of(nodes, routes), ends, ends, **BARE).to_numpy()
    assert (found >= geodesy.distance_km(lon[:, None], 0.0, lon[None, :], 0.0) * MS_PER_KM).all()


@given(seeds)
def test_rtt_equals_networkx_on_a_graph_with_the_points_built_in(seed):
    fibre, sites, hubs = random_study(seed)
    nodes = fibre.fibre_nodes.geometry
    oracle = nx.MultiGraph()
    routes = fibre.fibre_routes.assign(geometry_kind="schematic")
    for route in routes.itertuples():
        one, two = nodes[route.node0], nodes[route.node1]
        straight = float(geodesy.distance_km(one.x, one.y, two.x, two.y))
        given_km = route.length if route.length == route.length else geodesy.length_km([route.geometry])[0]
        oracle.add_edge(route.node0, route.node1, weight=max(given_km, straight))
    touched = nodes[list(oracle)]
    for name, point in [*sites.geometry.items(), *hubs.geometry.items()]:
        km = geodesy.distance_km(point.x, point.y, touched.x, touched.y)
        oracle.add_edge(name, touched.index[np.argmin(km)], weight=km.min())
    found = rtt(Fibre(fibre.fibre_nodes, routes), sites, hubs, route_factor=1.5)
    for site in sites.index:
        lengths = nx.single_source_dijkstra_path_length(oracle, site)
        expected = [lengths[hub] * 1.5 * MS_PER_KM for hub in hubs.index]
        assert found.loc[site].tolist() == pytest.approx(expected, rel=1e-12)


@given(seeds, st.floats(0, 2000))
def test_a_new_route_between_nodes_of_the_network_never_raises_a_round_trip(seed, length):
    fibre, sites, hubs = random_study(seed)
    ends = np.random.default_rng(seed).choice(fibre.fibre_nodes.index, 2)
    new = fibre.fibre_routes.iloc[:1].assign(
        node0=ends[0], node1=ends[1], length=length, geometry_kind="schematic"
    )
    more = Fibre(fibre.fibre_nodes, pd.concat([fibre.fibre_routes, new.set_axis(["new"])]))
    assert (rtt(more, sites, hubs) <= rtt(fibre, sites, hubs)).all(axis=None)


@given(seeds)
def test_other_ids_and_another_order_permute_the_results(seed):
    fibre, sites, hubs = random_study(seed)
    rng = np.random.default_rng(seed)

    def renamed(table):
        names = dict(zip(table.index, (f"x{i}" for i in rng.permutation(len(table))), strict=True))
        return names, table.rename(index=names).iloc[rng.permutation(len(table))]

    (of_node, nodes), (_, routes), (of_hub, new_hubs) = map(
        renamed, (fibre.fibre_nodes, fibre.fibre_routes, hubs)
    )
    routes = routes.assign(node0=routes["node0"].map(of_node), node1=routes["node1"].map(of_node))
    one = by_use(fibre, sites, hubs, all_statistics(), values=resolve())
    shuffled = sites.iloc[rng.permutation(len(sites))]
    other = by_use(Fibre(nodes, routes), shuffled, new_hubs, all_statistics(), values=resolve()).loc[
        one.index
    ]
    assert one["nearest_hub"].map(of_hub).equals(other["nearest_hub"])
    names = ["rtt_ms", "rtt_low_ms", "rtt_high_ms", "rtt_gap_ms", "build_km", *INCREMENTS]
    np.testing.assert_allclose(one[names].to_numpy(), other[names].to_numpy(), rtol=1e-12, atol=1e-12)
    assert one["flags"].tolist() == other["flags"].tolist()


@given(seeds, st.floats(1, 3), st.floats(1, 3))
def test_rtt_never_falls_as_the_route_factor_rises(seed, one, other):
    fibre, sites, hubs = random_study(seed)
    low, high = (rtt(fibre, sites, hubs, route_factor=factor) for factor in sorted((one, other)))
    assert (low <= high).all(axis=None)


@given(seeds, st.floats(1, 3), st.floats(0, 0.2))
def test_increments_add_up_and_low_mid_high_are_in_order(seed, factor, equipment):
    fibre, sites, hubs = random_study(seed)
    values = resolve({"route_factor": factor, "equipment_ms": equipment, "cable_slack": 1.0})
    found = by_use(fibre, sites, hubs, all_statistics(), values=values)
    reached = np.isfinite(found["rtt_ms"])
    assert (
        np.abs(found[INCREMENTS].sum(axis=1) - found["rtt_ms"])[reached].max() < 1e-9
        if reached.any()
        else True
    )
    assert (found.loc[reached, INCREMENTS] >= -1e-12).all(axis=None)
    assert ((found["rtt_low_ms"] <= found["rtt_ms"]) & (found["rtt_ms"] <= found["rtt_high_ms"])).all()


@given(seeds)
def test_rtt_is_the_same_both_ways(seed):
    fibre, sites, hubs = random_study(seed)
    np.testing.assert_allclose(rtt(fibre, sites, hubs), rtt(fibre, hubs, sites).T, rtol=1e-12)
