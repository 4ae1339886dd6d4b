"""The earth mover's distance against known answers and POT; the mismatch triangle of hand-drawn studies and Japan."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import ot
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

from conftest import Rows, radial_layers, tables_of
from three_mismatches.assumptions import resolve
from three_mismatches.errors import LayerError, NetworkError
from three_mismatches.geodesy import distance_km
from three_mismatches.layers.settings import Settings
from three_mismatches.match import in_its_year
from three_mismatches.mismatch import Triangle, earth_mover, triangle

GROUNDS = ("geodesic", "network_km", "network_ms")


def on_a_line(u, v, u_weight=None, v_weight=None) -> float:
    cost = np.abs(np.subtract.outer(np.array(u, float), np.array(v, float)))
    weights = [np.ones(len(x)) if w is None else np.array(w) for x, w in ((u, u_weight), (v, v_weight))]
    return earth_mover(*weights, cost)[0]


def problem(seed: int, *, sparse: bool = False, size: int = 30) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return random weights and costs; where sparse, a third of the pairs can move, all by way of one."""
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(1, size, 2))
    weights = [random.random(many) for many in shape]
    cost = random.random(shape)
    if sparse:
        cost[random.random(shape) < 2 / 3] = np.inf
        cost[0, :] = cost[:, 0] = 1.0
        weights[0][0] = weights[1][0] = 1e3
    return weights[0] / weights[0].sum(), weights[1] / weights[1].sum(), cost


def study_of(layers: dict[str, Rows]) -> SimpleNamespace:
    return SimpleNamespace(tables=tables_of(layers), settings=Settings())


def toy(**changed: Rows) -> dict[str, Rows]:
    """
    Return `radial_layers` with a site, a plant and people in each area and an exchange in b.

    Firm: a 120 MW, b 150 MW, c 12 MW on an island. One plant in each, at (0.5, 0.5), (1.5, 0.5) and (5.5, 0.5).
    The site of a stands with its plant and asks 30 MW, that of c 5 MW; the exchange stands with the plant of b.
    So with d = (0.5, 0.5)-(1.5, 0.5): sites-generation 150/270 d, sites-hubs d, generation-hubs 120/270 d.
    """
    at = {"a": Point(0.5, 0.5), "b": Point(1.5, 0.5), "c": Point(5.5, 0.5)}
    return {
        **radial_layers(),
        "pockets": {},
        "generators": {f"plant-{area}": {"p_nom": 10.0, "area": area, "geometry": at[area]} for area in at},
        "sites": {
            "near": {"request_mw": 30.0, "geometry": at["a"]},
            "island": {"request_mw": 5.0, "geometry": at["c"]},
            "unknown": {"geometry": at["b"]},
            "hall": {"request_mw": 20.0, "part_of": "near", "geometry": at["a"]},
        },
        "hubs": {
            "exchange": {"kind": "ix", "geometry": at["b"]},
            **{f"people-{area}": {"kind": "population", "weight": 1e6, "geometry": at[area]} for area in at},
        },
        "budgets": {"any": {"hub_kind": "ix"}},
        **changed,
    }


DEGREE = float(distance_km(0.5, 0.5, 1.5, 0.5))


@pytest.fixture(scope="module")
def toy_triangle() -> Triangle:
    return triangle(study_of(toy()), permutations=19)


@pytest.fixture(scope="module", params=GROUNDS)
def of_japan(request, japan_study) -> Triangle:
    return triangle(japan_study, ground=request.param, permutations=0)


def test_distances_on_a_line_are_those_of_scipy_documentation():
    assert on_a_line([0, 1, 3], [5, 6, 8]) == pytest.approx(5.0, abs=1e-12)
    assert on_a_line([0, 1], [0, 1], [3, 1], [2, 2]) == pytest.approx(0.25, abs=1e-12)
    third = on_a_line([3.4, 3.9, 7.5, 7.8], [4.5, 1.4], [1.4, 0.9, 3.1, 7.2], [3.2, 3.5])
    assert third == pytest.approx(4.078133143804786, abs=1e-12)


def test_what_leaves_tokyo_for_osaka_is_all_that_moves():
    far = float(distance_km(139.7671, 35.6812, 135.4959, 34.7025))
    distance, plan = earth_mover([1.0], [0.6, 0.4], [[0.0, far]])
    assert distance == pytest.approx(0.4 * far, abs=1e-9)
    assert distance == pytest.approx(161.531, abs=1e-3)
    assert plan.to_dict("list") == {"source": [0, 0], "target": [0, 1], "share": pytest.approx([0.6, 0.4])}


@pytest.mark.parametrize("seed", range(50))
def test_the_distance_is_that_of_pot(seed):
    source, target, cost = problem(seed, sparse=seed % 2 == 1)
    distance, plan = earth_mover(source, target, cost)
    assert distance == pytest.approx(ot.emd2(source, target, np.where(np.isinf(cost), 1e3, cost)), abs=1e-9)
    moved = np.zeros(cost.shape)
    moved[plan["source"], plan["target"]] = plan["share"]
    assert moved.sum(axis=1) == pytest.approx(source, abs=1e-12)
    assert moved.sum(axis=0) == pytest.approx(target, abs=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_problem_too_large_to_hold_whole_is_solved_exactly(sparse):
    random = np.random.default_rng(0)
    here, there = random.random((180, 2)), 1.0 + random.random((190, 2)) ** 3
    cost = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1))
    if sparse:
        cost[90:, :95] = cost[:90, 95:] = np.inf
    source, target = np.full(180, 1 / 180), np.full(190, 1 / 190)
    expected = ot.emd2(source, target, np.where(np.isinf(cost), 1e4, cost))
    assert earth_mover(source, target, cost)[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.slow
def test_a_thousand_by_a_thousand_is_solved():
    random = np.random.default_rng(1)
    here = np.r_[random.normal(0, 1, (500, 2)), random.normal(20, 1, (500, 2))]
    there = np.r_[random.normal(3, 1, (950, 2)), random.normal(25, 1, (50, 2))]
    cost = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1))
    source, target = random.random((2, 1000))
    expected = ot.emd2(source / source.sum(), target / target.sum(), cost, numItermax=10_000_000)
    assert earth_mover(source, target, cost)[0] == pytest.approx(expected, abs=1e-9)


def test_a_plan_that_cannot_be_is_an_error_that_names_who_is_cut_off():
    cost = [[1.0, np.inf], [1.0, np.inf], [np.inf, 1.0]]
    with pytest.raises(NetworkError, match=r"0\.3 of the mass cannot be moved") as caught:
        earth_mover([0.4, 0.4, 0.2], [0.5, 0.5], cost)
    assert {fault.column for fault in caught.value.faults} == {"source_weight", "target_weight"}
    assert caught.value.faults[1].rows == ("1",)


def test_every_fault_of_the_arrays_is_told_at_once():
    with pytest.raises(LayerError) as caught:
        earth_mover([1.0, -1.0], [0.0], [[np.nan], [1.0]])
    assert [fault.column for fault in caught.value.faults] == ["source_weight", "target_weight", "cost"]
    with pytest.raises(LayerError, match="one row for each source"):
        earth_mover([1.0], [1.0], [[1.0, 2.0]])


@pytest.mark.parametrize("seed", range(50, 70))
def test_sparse_problems_have_the_plan_of_pot_or_are_an_error(seed):
    random = np.random.default_rng(seed)
    cost = random.random((6, 7))
    cost[random.random(cost.shape) < 0.45] = np.inf
    source, target = random.dirichlet(np.ones(6)), random.dirichlet(np.ones(7))
    expected = ot.emd2(source, target, np.where(np.isinf(cost), 1e4, cost))
    if expected > 1.0:
        with pytest.raises(NetworkError, match="cannot be moved"):
            earth_mover(source, target, cost)
    else:
        assert earth_mover(source, target, cost)[0] == pytest.approx(expected, abs=1e-9)


@given(seed=st.integers(0, 10_000))
def test_three_measures_make_a_triangle(seed):
    random = np.random.default_rng(seed)
    places, masses = random.random((3, 8, 2)), random.random((3, 8)) ** 3

    def side(one: int, other: int) -> float:
        cost = np.hypot(*(places[one][:, None] - places[other][None]).transpose(2, 0, 1))
        return earth_mover(masses[one], masses[other], cost)[0]

    a, b, c = side(0, 1), side(1, 2), side(0, 2)
    assert c <= a + b + 1e-9
    assert a <= b + c + 1e-9
    assert b <= a + c + 1e-9


@given(seed=st.integers(0, 10_000))
def test_the_order_of_places_changes_nothing(seed):
    source, target, cost = problem(seed, size=12)
    cost = np.round(4 * cost)
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(source.size), random.permutation(target.size)
    distance, plan = earth_mover(source, target, cost)
    again, other = earth_mover(source[rows], target[columns], cost[np.ix_(rows, columns)])
    back = other.assign(source=rows[other["source"]], target=columns[other["target"]])
    assert again == distance
    pd.testing.assert_frame_equal(back.sort_values(["source", "target"], ignore_index=True), plan)


def test_places_that_nothing_tells_apart_share_their_moves():
    _, plan = earth_mover([2.0, 1.0, 1.0], [1.0, 3.0], [[1.0, 2.0], [1.0, 2.0], [5.0, 1.0]])
    first = plan[plan["source"] == 0].set_index("target")["share"]
    second = plan[plan["source"] == 1].set_index("target")["share"]
    assert first.to_numpy() == pytest.approx(2 * second.to_numpy())


def test_sides_are_those_worked_out_by_hand(toy_triangle):
    expected = [150 / 270 * DEGREE, DEGREE, 120 / 270 * DEGREE]
    assert toy_triangle.sides["distance"].to_numpy() == pytest.approx(expected)
    assert toy_triangle.sides["total_mw"].tolist() == [30.0, 30.0, 270.0]
    assert toy_triangle.sides.at["sites-hubs", "mw_km"] == pytest.approx(30.0 * DEGREE)


def test_what_is_not_joined_and_who_asks_for_unknown_power_is_told_apart(toy_triangle):
    apart = toy_triangle.apart.set_index(["measure", "reason"])
    assert apart.loc[("sites", "not joined"), "weight"].item() == 5.0
    assert apart.loc[("generation", "not joined"), "weight"].item() == 12.0
    assert apart.loc[("sites", "request not known"), "points"].item() == 1
    assert set(apart.xs("not joined", level="reason")["areas"]) == {"c"}


def test_ordinary_load_is_what_sites_are_held_against(toy_triangle):
    # Peaks of 100 and 100 MW against 120 and 150 MW: 1/2 - 120/270 of the load would have to move.
    assert toy_triangle.excess == pytest.approx((150 / 270) / (1 / 2 - 120 / 270))


def test_one_site_placed_at_random_is_as_far_in_half_of_the_draws(toy_triangle):
    sides = toy_triangle.sides
    # In a 150/270 d, in b 120/270 d: in a it is as far as it really is.
    again = triangle(study_of(toy()), permutations=19)
    pd.testing.assert_frame_equal(again.sides, sides, check_exact=True)
    pd.testing.assert_frame_equal(again.plan, toy_triangle.plan, check_exact=True)
    share = (20 * sides.at["sites-generation", "p_value"] - 1) / 19
    assert sides.at["sites-generation", "null_distance"] == pytest.approx(
        (share * 150 + (1 - share) * 120) / 270 * DEGREE
    )
    assert 0.2 < share < 0.8


def test_no_draws_leave_no_p_value():
    sides = triangle(study_of(toy()), permutations=0).sides
    assert sides[["p_value", "null_distance"]].isna().all(axis=None)


def test_the_plan_moves_all_mass_once(toy_triangle):
    plan = toy_triangle.plan
    shares = plan[plan["side"] != "sites-surplus"].groupby("side")["share"].sum()
    assert shares.to_numpy() == pytest.approx(1.0)
    moved = plan[plan["side"].eq("sites-generation")].set_index("to_id")
    assert moved.loc["plant-b", "mw"] == pytest.approx(30 * 150 / 270)
    assert moved.loc["plant-a", "geometry"] is None
    assert plan.crs == "EPSG:4326"


def test_the_haul_is_to_what_no_other_load_needs():
    # b has 50 MW to spare, of which a's ordinary load takes 10: of the 90 MW that a's site asks 40 are left.
    areas = dict(toy()["areas"])
    areas["a"] = {**areas["a"], "peak_mw": 130.0}
    site = {"big": {"request_mw": 90.0, "geometry": Point(0.5, 0.5)}}
    found = triangle(study_of(toy(areas=areas, sites=site)), permutations=0)
    haul = found.haul.iloc[0]
    assert haul[["asked_mw", "moved_mw", "ordinary_mw"]].tolist() == pytest.approx([90.0, 40.0, 10.0])
    assert found.unserved_mw == pytest.approx(50.0)
    assert found.haul_km == pytest.approx(DEGREE)


def test_nothing_is_unserved_where_surplus_suffices(toy_triangle):
    # a has 20 MW to spare on the spot, b the other 10; the island's 5 MW find 2.
    haul = toy_triangle.haul.iloc[0]
    assert haul["unserved_mw"] == pytest.approx(3.0)
    joined = {name: row for name, row in toy()["sites"].items() if name != "island"}
    found = triangle(study_of(toy(sites=joined)), permutations=0)
    assert found.unserved_mw == 0.0
    assert found.haul_km == pytest.approx(DEGREE / 3)


def test_ids_and_the_order_of_rows_change_nothing(toy_triangle):
    layers = toy()
    names = {"plant-a": "z", "plant-b": "y", "plant-c": "x", "exchange": "q"}
    renamed = {
        name: {names.get(key, key): row for key, row in reversed(rows.items())}
        for name, rows in layers.items()
    }
    found = triangle(study_of(renamed), permutations=19)
    pd.testing.assert_frame_equal(found.sides, toy_triangle.sides)
    pd.testing.assert_frame_equal(found.haul, toy_triangle.haul)
    assert set(found.plan["to_id"]) >= {"z", "y", "q"}


def test_what_no_plant_covers_stands_with_people_or_with_plants():
    capacity = {
        "a-solar": {"area": "a", "carrier": "solar", "p_nom": 20.0, "residual_mw": 20.0, "firm_factor": 1.0}
    }
    people = {**toy()["hubs"], "people-a": {"kind": "population", "weight": 1.0, "geometry": Point(0.1, 0.5)}}
    study = study_of(toy(capacity=capacity, hubs=people))
    found = {way: triangle(study, unlisted=way, permutations=0).measures for way in ("people", "plants")}
    of_a = {
        way: table[table["measure"].eq("generation") & table["area"].eq("a")] for way, table in found.items()
    }
    assert of_a["people"].set_index("place")["weight"].to_dict() == pytest.approx(
        {"a/people-a": 80.0, "plant-a": 40.0}
    )
    assert of_a["plants"].set_index("place")["weight"].to_dict() == pytest.approx({"plant-a": 120.0})


def test_kinds_of_hubs_weigh_the_same_and_their_hubs_by_weight():
    hubs = {**toy()["hubs"], "cloud": {"kind": "cloud", "weight": 7.0, "geometry": Point(0.5, 0.5)}}
    both = triangle(study_of(toy(hubs=hubs)), hub_kinds=("ix", "cloud"), permutations=0)
    weight = both.measures[both.measures["measure"].eq("hubs")].set_index("place")["weight"]
    assert weight.to_dict() == {"cloud": 0.5, "exchange": 0.5}
    with pytest.raises(LayerError, match="no hub of this kind"):
        triangle(study_of(toy()), hub_kinds=("landing",))


def test_lines_across_the_antimeridian_do_not_wrap():
    shapes = {"a": box(178, 0, 180, 1), "b": box(-180, 0, -178, 1), "c": box(5, 0, 6, 1)}
    layers = toy()
    areas = {name: {**row, "geometry": shapes[name]} for name, row in layers["areas"].items()}
    west, east = Point(179.5, 0.5), Point(-179.5, 0.5)
    moved = toy(
        areas=areas,
        generators={"plant-b": {"p_nom": 10.0, "area": "b", "geometry": east}},
        sites={"near": {"request_mw": 30.0, "geometry": west}},
        hubs={"exchange": {"kind": "ix", "geometry": west}},
    )
    plan = triangle(study_of(moved), permutations=0).plan
    across = plan[plan["to_id"].eq("plant-b")].iloc[0]
    assert across["km"] == pytest.approx(DEGREE, rel=1e-3)
    assert across["geometry"].geom_type == "MultiLineString"
    assert across["geometry"].length == pytest.approx(1.0)


def test_no_part_with_all_three_measures_is_an_error():
    alone = {"exchange": {"kind": "ix", "geometry": Point(5.5, 0.5)}}
    joined = {"near": {"request_mw": 30.0, "geometry": Point(0.5, 0.5)}}
    with pytest.raises(NetworkError, match="no part that is joined"):
        triangle(study_of(toy(hubs=alone, sites=joined)))
    with pytest.raises(LayerError, match="request_mw"):
        triangle(study_of(toy(sites={"unknown": {"geometry": Point(0.5, 0.5)}})))


def test_options_that_are_none_are_refused():
    study = study_of(toy())
    with pytest.raises(ValueError, match="ground must be one of geodesic"):
        triangle(study, ground="euclid")
    with pytest.raises(ValueError, match="permutations"):
        triangle(study, permutations=-1)
    with pytest.raises(NetworkError, match="runs over fibre"):
        triangle(study, ground="network_km")


def over_fibre(status: str) -> SimpleNamespace:
    """Return the toy on one route of 200 km; site and plant of a stand together, some 22 km from its node."""
    nodes = {name: {"geometry": Point(lon, 0.5)} for name, lon in (("west", 0.5), ("east", 1.5))}
    route = {
        "node0": "west",
        "node1": "east",
        "length": 200.0,
        "geometry_kind": "schematic",
        "status": status,
    }
    away = {"geometry": Point(0.5, 0.7)}
    layers = toy(
        fibre_nodes=nodes, fibre_routes={"only": route}, sites={"near": {"request_mw": 30.0, **away}}
    )
    layers["generators"] = {**layers["generators"], "plant-a": {"p_nom": 10.0, "area": "a", **away}}
    return study_of(layers)


def test_the_way_along_the_fibre_is_that_of_its_routes():
    found = triangle(over_fibre("operating"), ground="network_km", permutations=0)
    km = 200.0 + float(distance_km(0.5, 0.5, 0.5, 0.7))
    assert found.sides["distance"].to_numpy() == pytest.approx([150 / 270 * km, km, 120 / 270 * km])
    # What stands in one place is not apart, however far from the fibre.
    assert found.plan.set_index("to_id").loc["plant-a", "distance"].max() == 0.0


def test_places_that_no_fibre_joins_make_no_triangle_over_it():
    with pytest.raises(NetworkError, match="no part that is joined"):
        triangle(over_fibre("planned"), ground="network_km", permutations=0)


@pytest.fixture(scope="module")
def areas_of_japan(japan_study) -> pd.DataFrame:
    return in_its_year(japan_study.tables, japan_study.settings, resolve())[0].grid.areas


@pytest.mark.slow
def test_sides_of_japan_are_sides_of_a_triangle(of_japan):
    one, two, three = of_japan.sides["distance"]
    assert min(one, two, three) > 0.0
    assert 2.0 * max(one, two, three) <= one + two + three + 1e-9
    assert of_japan.unit == ("ms" if of_japan.ground == "network_ms" else "km")


def test_okinawa_stands_apart_in_japan(of_japan):
    apart = of_japan.apart[of_japan.apart["reason"].eq("not joined")]
    assert set(apart["areas"]) == {"okinawa"}
    assert {"generation", "hubs"} <= set(apart["measure"])


def test_generation_of_japan_adds_up_to_firm_supply(of_japan, areas_of_japan):
    table = of_japan.measures[of_japan.measures["measure"].eq("generation")]
    found = table.groupby("area")["weight"].sum()
    assert found.to_numpy() == pytest.approx(areas_of_japan["firm_mw"].sort_index().to_numpy())


def test_the_haul_of_japan_keeps_to_surplus(of_japan, areas_of_japan):
    areas, haul = areas_of_japan, of_japan.haul.iloc[0]
    assert haul["surplus_mw"] == pytest.approx((areas["firm_mw"] - areas["peak_mw"]).clip(lower=0).sum())
    assert haul["moved_mw"] + haul["ordinary_mw"] <= haul["surplus_mw"]
    assert haul["unserved_mw"] == 0.0
