"""The way that light takes, by routes and on the map."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from fibres import BARE, MS_PER_KM, fibre_of, points_of, random_fibre
from three_mismatches import geodesy, latency
from three_mismatches.errors import LayerError, MatchError, NetworkError

seeds = st.integers(0, 2**32 - 1)


def bent():
    """
    Return a(0)-b(1)-c(2) degrees east: a-b surveyed, 150 km, drawn from b to a over (0.5, 0.5); b-c sketched, 200 km.

    d (5) and e (6) are joined to each other only.
    """
    nodes = {"a": (0, 0), "b": (1, 0), "c": (2, 0), "d": (5, 0), "e": (6, 0)}
    routes = {
        "ab": ("a", "b", 150.0, "surveyed"),
        "bc": ("b", "c", 200.0, "schematic"),
        "de": ("d", "e", 120.0, "schematic"),
    }
    return fibre_of(nodes, routes, lines={"ab": LineString([(1, 0), (0.5, 0.5), (0, 0)])})


def test_a_path_names_its_routes_and_nodes_in_order_and_follows_their_lines():
    row = latency.path(bent(), ["a"], ["c"], **BARE).loc[("a", "c")]
    assert (row["routes"], row["nodes"], row["km"], row["reason"]) == (
        ("ab", "bc"),
        ("a", "b", "c"),
        350.0,
        "",
    )
    assert row["geometry"].equals(LineString([(0, 0), (0.5, 0.5), (1, 0), (2, 0)]))
    assert row["rtt_ms"] == pytest.approx(350 * MS_PER_KM)


def test_the_way_back_is_the_same_way():
    row = latency.path(bent(), ["c"], ["a"], **BARE).loc[("c", "a")]
    assert (row["routes"], row["nodes"]) == (("bc", "ab"), ("c", "b", "a"))
    assert row["geometry"].equals(LineString([(2, 0), (1, 0), (0.5, 0.5), (0, 0)]))


def test_a_point_within_a_route_takes_a_part_of_its_line():
    place = points_of({"s": (0.75, 0.5)})
    row = latency.path(bent(), place, ["a"], **BARE).loc[("s", "a")]
    joint, end = row["geometry"].coords[1], row["geometry"].coords[-1]
    assert row["routes"] == ("ab",)
    assert row["access_km"] == pytest.approx(geodesy.distance_km(0.75, 0.5, *joint), abs=1e-3)
    assert end == (0.0, 0.0)
    assert row["km"] == pytest.approx(
        150 * row["geometry"].length / LineString([(1, 0), (0.5, 0.5), (0, 0)]).length, rel=0.2
    )
    assert row["rtt_ms"] == pytest.approx((row["km"] + row["access_km"]) * MS_PER_KM)


def test_two_points_on_one_route_stay_on_it():
    places = points_of({"s": (0.25, 0.25), "t": (0.75, 0.25)})
    row = latency.path(bent(), places.loc[["s"]], places.loc[["t"]], **BARE).loc[("s", "t")]
    assert (row["routes"], row["nodes"]) == (("ab",), ())
    assert row["geometry"].distance(shapely.Point(0.5, 0.5)) < 1e-9
    assert row["km"] == pytest.approx(75, rel=1e-2)


def test_where_no_path_is_the_reason_is_told():
    row = latency.path(bent(), ["a"], ["e"]).loc[("a", "e")]
    assert (row["rtt_ms"], row["routes"], row["geometry"]) == (np.inf, (), None)
    assert row["reason"] == "no fibre joins the 3 nodes around 'a' with the 2 nodes around 'e'"
    table = latency.rtt(bent(), ["a"], ["b", "d", "e"])
    assert table.attrs["unreachable"] == {
        "a": "d, e: no fibre joins the 3 nodes around 'a' with the 2 nodes around 'd'"
    }
    assert latency.rtt(bent(), ["a"], ["b"]).attrs["unreachable"] == {}


def test_traffic_that_meets_at_a_hub_goes_there_and_back():
    found = latency.path(bent(), ["a"], ["b"], via=["c"], **BARE).loc[("a", "b")]
    assert (found["routes"], found["via"], found["km"]) == (("ab", "bc", "bc"), "c", 550.0)
    assert found["nodes"] == ("a", "b", "c", "b")
    assert latency.rtt(bent(), ["a"], ["b"], via=["c"], **BARE).loc["a", "b"] == pytest.approx(
        550 * MS_PER_KM
    )


def test_a_hub_that_is_on_the_way_costs_nothing_and_its_equipment_is_counted_once():
    options = {"route_factor": 1.0, "equipment": 0.5}
    direct = latency.rtt(bent(), ["a"], ["c"], **options)
    passed = latency.rtt(bent(), ["a"], ["c"], via=["b", "c"], **options)
    assert passed.loc["a", "c"] == pytest.approx(direct.loc["a", "c"])
    assert direct.loc["a", "c"] == pytest.approx(350 * MS_PER_KM + 3 * 0.5)


def test_a_hub_out_of_reach_is_told():
    found = latency.path(bent(), ["a"], ["b"], via=["d"])
    assert found["reason"].tolist() == ["no path passes any point of via"]


def test_bare_light_is_light_in_glass_whatever_the_kind_of_route():
    # NTT's statement that sites nearly 100 km apart are within 1 ms is one of fibre length.
    for kind in ("schematic", "surveyed"):
        fibre = fibre_of({"a": (0, 0), "b": (0.5, 0)}, {"ab": ("a", "b", 100.0, kind)})
        assert latency.rtt(fibre, ["a"], ["b"], **BARE).loc["a", "b"] == pytest.approx(0.979, abs=5e-4)


def test_nodes_that_state_their_equipment_add_it_and_the_others_the_assumption():
    fibre = bent()
    fibre.fibre_nodes["equipment_ms"] = pd.Series({"b": 2.0})
    light = 350 * MS_PER_KM
    found = [
        latency.rtt(fibre, ["a"], ["c"], route_factor=1.0, equipment=e).iloc[0, 0]
        for e in (True, 0.25, False)
    ]
    assert found == pytest.approx([light + 2.0, light + 2.5, light])


def test_a_route_that_states_its_factor_is_as_long_as_it_says():
    """b-c states 1.1, a-b is surveyed: 150 km times the slack, 200 km times 1.1; a factor asked for holds for both."""
    fibre = bent()
    fibre.fibre_routes["route_factor"] = pd.Series({"bc": 1.1})
    found = latency.rtt(fibre, ["a"], ["c"], equipment=False).loc["a", "c"]
    assert found == pytest.approx((150 * 1.03 + 200 * 1.1) * MS_PER_KM)
    for factor in (1.0, 1.01):
        asked = latency.rtt(fibre, ["a"], ["c"], route_factor=factor, equipment=False).loc["a", "c"]
        assert asked == pytest.approx(350 * factor * MS_PER_KM)


def test_rows_of_points_may_be_ids_of_nodes_more_than_once():
    assert latency.rtt(bent(), ["a", "a"], "c").shape == (2, 1)


def test_a_path_across_the_antimeridian_is_drawn_in_two_parts():
    fibre = fibre_of({"w": (179, 10), "e": (-179, 12)}, {"we": ("w", "e", np.nan, "schematic")})
    row = latency.path(fibre, ["w"], ["e"], **BARE).loc[("w", "e")]
    west, east = (np.array(part.coords) for part in row["geometry"].geoms)
    np.testing.assert_allclose(west, [(179, 10), (180, 11)], atol=0.01)
    np.testing.assert_allclose(east, [(-180, 11), (-179, 12)], atol=0.01)
    assert row["km"] == pytest.approx(float(geodesy.distance_km(179, 10, -179, 12)))


def test_a_node_that_is_not_there_is_refused_by_name():
    with pytest.raises(NetworkError, match="'zz'"):
        latency.path(bent(), ["a"], ["zz"])


@given(seeds, st.sampled_from([{}, {"via": ["n1", "n2"]}]))
def test_a_path_takes_as_long_as_the_round_trip_says(seed, how):
    fibre = random_fibre(seed)
    rng = np.random.default_rng(seed)
    places = points_of({f"p{i}": place for i, place in enumerate(rng.uniform([135, 33], [141, 38], (4, 2)))})
    options = {"route_factor": 1.3, "cable_slack": 1.1, "equipment": 0.2, **how}
    paths = latency.path(fibre, places, places, **options)
    table = latency.rtt(fibre, places, places, **options)
    np.testing.assert_allclose(paths["rtt_ms"].unstack().to_numpy(), table.to_numpy(), rtol=1e-12, atol=1e-12)
    bare = latency.path(fibre, places, places, **BARE, **how)
    km = bare["km"] + bare["access_km"]
    np.testing.assert_allclose(bare["rtt_ms"], km * MS_PER_KM, rtol=1e-9, atol=1e-9)
    drawn = bare["geometry"].map(lambda line: geodesy.length_km([line])[0])
    # No route is shorter than its geodesic; a line drawn with bends may be longer than the built length that is stated.
    assert (bare["rtt_ms"] >= 0).all()
    assert np.isfinite(drawn).all()


@given(seeds)
def test_a_policy_never_makes_light_quicker(seed):
    fibre = random_fibre(seed)
    names = list(fibre.fibre_nodes.index)
    direct, passed = latency.rtt(fibre, names, names), latency.rtt(fibre, names, names, via=["n3", "n5"])
    assert (passed >= direct - 1e-12).all(axis=None)
    np.testing.assert_allclose(passed.loc["n3"], direct.loc["n3"], rtol=1e-12, atol=1e-12)


def test_equipment_may_be_a_bool_of_numpy():
    fibre = bent()
    fibre.fibre_nodes["equipment_ms"] = 2.0
    for wanted in (True, False):
        one = latency.rtt(fibre, ["a"], ["c"], equipment=wanted)
        assert one.equals(latency.rtt(fibre, ["a"], ["c"], equipment=np.bool_(wanted)))


def test_points_without_a_place_are_refused_though_they_name_a_node():
    place = points_of({"s": (0, 0), "t": (0, 0)}, node=["a", "b"])
    place.loc["t", "geometry"] = None
    with pytest.raises(NetworkError, match=r"is missing for row: 't'"):
        latency.rtt(bent(), place, ["c"])
    with pytest.raises(LayerError, match="GeoDataFrame"):
        latency.rtt(bent(), pd.DataFrame({"lon": [0.0], "lat": [0.0]}), ["c"])


def test_where_no_route_operates_nothing_is_reached():
    fibre = bent()
    fibre.fibre_routes["status"] = "planned"
    row = latency.path(fibre, points_of({"s": (0, 0)}), ["c"]).iloc[0]
    assert (row["rtt_ms"], row["reason"]) == (
        np.inf,
        "no fibre joins the 1 node around 'a' with the 1 node around 'c'",
    )


def test_rows_with_one_name_are_answered_each():
    places = points_of({"s": (0, 0), "t": (1, 0)}).rename(index={"t": "s"})
    found = latency.rtt(bent(), places, ["a", "c", "c"], **BARE)
    assert found.shape == (2, 3)
    assert found.to_numpy()[:, 0] == pytest.approx([0.0, 150 * MS_PER_KM])


def test_points_that_name_a_node_must_be_on_earth_all_the_same():
    place = points_of({"s": (0, 0)}, node=["a"])
    swapped = points_of({"s": (35, 139)}, node=["a"])
    for table, word in (
        (swapped, "swapped"),
        (place.set_geometry([shapely.box(0, 0, 1, 1)], crs=4326), "no point"),
    ):
        with pytest.raises(MatchError, match=rf"{word}|{word}.*'s'"):
            latency.rtt(bent(), table, ["c"])


@pytest.mark.parametrize("equipment", [None, "yes"])
def test_equipment_that_is_no_time_is_refused(equipment):
    with pytest.raises(ValueError, match="equipment must be True, False or a time"):
        latency.rtt(bent(), ["a"], ["c"], equipment=equipment)
