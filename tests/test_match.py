from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, box

from conftest import table
from three_mismatches.errors import CRSError, MatchError
from three_mismatches.layers import Fibre, empty
from three_mismatches.match import to_area, to_bus, to_fibre, to_pocket


def oracle_km(lon0, lat0, lon1, lat1):
    return Geodesic.WGS84.Inverse(lat0, lon0, lat1, lon1)["s12"] / 1000.0


def points_at(*places, crs="EPSG:4326", **columns):
    """Return points named p0, p1, ...; None stands for a point without a place."""
    geometry = [None if place is None else Point(place) for place in places]
    index = pd.Index([f"p{position}" for position in range(len(places))], dtype=str, name="site")
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, index=index, crs=crs), index=index)


def areas_of(**polygons):
    return table("areas", {area: {"geometry": polygon} for area, polygon in polygons.items()})


def pockets_of(**polygons):
    return table("pockets", {pocket: {"geometry": polygon} for pocket, polygon in polygons.items()})


def buses_of(**places):
    """Return buses from name=(lon, lat, v_nom)."""
    rows = {bus: {"v_nom": v_nom, "geometry": Point(lon, lat)} for bus, (lon, lat, v_nom) in places.items()}
    return table("buses", rows)


def fibre_of(nodes, routes):
    """Return fibre from {node: (lon, lat)} and {route: columns}."""
    places = {node: {"geometry": Point(place)} for node, place in nodes.items()}
    return Fibre(table("fibre_nodes", places), table("fibre_routes", routes))


def one_route(**changes):
    """Return nodes w and e on the equator, one degree apart, and the surveyed route between them."""
    route = {"node0": "w", "node1": "e", "geometry": LineString([(0.0, 0.0), (1.0, 0.0)])}
    return fibre_of({"w": (0.0, 0.0), "e": (1.0, 0.0)}, {"r": route | changes})


def test_covering_polygon_wins_over_a_nearer_border():
    areas = areas_of(big=box(0, 0, 10, 10), small=box(10.01, 0, 11, 10))
    found = to_area(points_at((9.99, 5.0)), areas)
    assert found.loc["p0"].tolist() == ["big", 0.0, False]


def test_common_border_goes_to_the_first_id_whatever_the_order():
    areas = areas_of(west=box(0, 0, 1, 1), east=box(1, 0, 2, 1), above=box(0.5, 0.5, 1.5, 1.5))
    points = points_at((1.0, 0.25), (1.0, 0.75))
    for order in (["west", "east", "above"], ["above", "west", "east"], ["east", "above", "west"]):
        assert to_area(points, areas.loc[order])["area"].tolist() == ["east", "above"]


@pytest.mark.parametrize(
    ("island", "place"), [("minamitorishima", (153.98, 24.29)), ("yonaguni", (123.0, 24.45))]
)
def test_far_islands_take_the_geodesically_nearest_area(island, place):
    areas = areas_of(
        tokyo=box(138.5, 34.9, 140.9, 37.0),
        okinawa=box(127.6, 26.0, 128.3, 26.9),
        kyushu=box(130, 31, 132, 34),
    )
    corner = {"minamitorishima": ("tokyo", 140.9, 34.9), "yonaguni": ("okinawa", 127.6, 26.0)}[island]
    found = to_area(points_at(place), areas).loc["p0"]
    assert found["area"] == corner[0]
    assert found["nearest"]
    assert found["area_km"] == pytest.approx(oracle_km(*place, *corner[1:]), abs=1e-3)


def test_nearest_area_in_the_north_is_not_the_one_nearest_in_degrees():
    # At 70 N a degree of longitude is 38 km: 2 degrees east are nearer than 1 degree south.
    areas = areas_of(east=box(22, 69.5, 23, 70.5), south=box(19, 68, 21, 69))
    points = points_at((20.0, 70.0))
    planar = shapely.distance(points.geometry.iloc[0], np.asarray(areas.geometry))
    assert areas.index[planar.argmin()] == "south"
    found = to_area(points, areas).loc["p0"]
    assert found["area"] == "east"
    assert found["area_km"] == pytest.approx(76.3, abs=0.5)


@pytest.mark.parametrize(
    "fiji",
    [
        MultiPolygon([box(177, -19, 180, -16), box(-180, -19, -178, -16)]),
        box(177, -19, 182, -16),
        box(-183, -19, -178, -16),
    ],
    ids=["split at 180", "beyond 180", "beyond -180"],
)
def test_area_across_the_antimeridian_in_every_convention(fiji):
    areas = areas_of(fiji=fiji, tonga=box(-176, -22, -173, -18))
    points = points_at(
        (179, -17), (-179, -17), (181, -17), (180, -17), (-180, -17), (-177.8, -17), (176.5, -17)
    )
    found = to_area(points, areas)
    assert found["area"].tolist() == ["fiji"] * 7
    assert found["nearest"].tolist() == [False] * 5 + [True] * 2
    assert found["area_km"].iloc[5:].tolist() == pytest.approx([21.3, 53.2], abs=0.1)


def test_nearest_area_lies_beyond_the_antimeridian():
    areas = areas_of(east=box(-179.5, 0, -179, 1), west=box(177, 0, 178, 1))
    found = to_area(points_at((179.9, 0.5), (180.2, 0.5)), areas)
    assert found["area"].tolist() == ["east", "east"]


def test_border_is_straight_on_the_map_even_where_the_geodesic_bows():
    # Along 60 N from 0 to 20 E the geodesic rises 0.75 degrees above the parallel that the polygon follows.
    found = to_area(points_at((10.0, 60.5)), areas_of(a=box(0, 50, 20, 60))).loc["p0"]
    assert found["nearest"]
    assert found["area_km"] == pytest.approx(oracle_km(10.0, 60.5, 10.0, 60.0), abs=0.01)


def test_a_point_in_a_hole_is_outside():
    ring = box(0, 0, 3, 3).difference(box(1, 1, 2, 2))
    found = to_area(points_at((1.5, 1.1)), areas_of(a=ring)).loc["p0"]
    assert found["nearest"]
    assert found["area_km"] == pytest.approx(oracle_km(1.5, 1.1, 1.5, 1.0), abs=0.01)


def test_given_area_is_kept_unless_told_otherwise():
    areas = areas_of(a=box(0, 0, 1, 1), b=box(1, 0, 2, 1))
    points = points_at((0.5, 0.5), (0.5, 0.5), None, None, area=["b", None, "b", None])
    kept = to_area(points, areas)
    assert kept["area"].tolist()[:3] == ["b", "a", "b"]
    assert kept["area_km"].isna().tolist() == [True, False, True, True]
    fresh = to_area(points, areas, respect_given=False)
    assert fresh["area"].isna().tolist() == [False, False, True, True]
    assert fresh["area"].tolist()[:2] == ["a", "a"]


def test_points_without_a_place_stay_without_an_area():
    found = to_area(points_at(None, (0.5, 0.5)), areas_of(a=box(0, 0, 1, 1)))
    assert found["area"].isna().tolist() == [True, False]
    assert not found["nearest"].any()


def test_no_points_give_empty_tables_with_every_column():
    points = points_at()
    assert to_area(points, areas_of(a=box(0, 0, 1, 1))).columns.tolist() == ["area", "area_km", "nearest"]
    assert to_bus(points, buses_of(b=(0, 0, 275))).columns.tolist() == ["bus", "bus_km"]
    assert len(to_fibre(points, one_route())) == len(to_pocket(points, empty("pockets"))) == 0


def test_no_areas_raise():
    with pytest.raises(MatchError, match="there are none to match to"):
        to_area(points_at((0.0, 0.0)), empty("areas"))


def test_area_without_a_polygon_raises_with_its_id():
    with pytest.raises(MatchError, match="is no polygon or multipolygon for row: 'b'"):
        to_area(points_at((0.0, 0.0)), areas_of(a=box(0, 0, 1, 1), b=None))


def test_swapped_coordinates_raise_with_their_ids():
    with pytest.raises(MatchError, match=r"for row: 'p1'\. Are longitude and latitude swapped"):
        to_area(points_at((139.7, 35.7), (35.7, 139.7)), areas_of(a=box(0, 0, 1, 1)))


def test_points_in_metres_raise():
    areas = areas_of(a=box(0, 0, 1, 1))
    with pytest.raises(CRSError, match="not WGS 84"):
        to_area(points_at((0.0, 0.0), crs="EPSG:3857"), areas)
    with pytest.raises(CRSError, match="not set"):
        to_area(points_at((0.0, 0.0), crs=None), areas)


def test_footprint_instead_of_a_point_raises():
    points = points_at((0.0, 0.0))
    points.loc["p0", "geometry"] = box(0, 0, 1, 1)
    with pytest.raises(MatchError, match="is no point for row: 'p0'"):
        to_bus(points, buses_of(b=(0, 0, 275)))


def test_inputs_are_not_changed():
    points = points_at((0.5, 0.5), (5.0, 5.0), area=["b", None])
    areas = areas_of(b=box(1, 0, 2, 1), a=box(0, 0, 1, 1))
    before = points.copy(), areas.copy()
    to_area(points, areas)
    pd.testing.assert_frame_equal(points, before[0])
    pd.testing.assert_frame_equal(areas, before[1])


def test_pocket_covers_or_is_none():
    pockets = pockets_of(inner=box(0.4, 0.4, 0.6, 0.6), around=box(0, 0, 1, 1))
    found = to_pocket(points_at((0.5, 0.5), (1.0, 0.5), (1.001, 0.5), None), pockets)
    assert found.tolist()[:2] == ["around", "around"]
    assert found.isna().tolist() == [False, False, True, True]


def test_without_pockets_no_point_is_in_one():
    found = to_pocket(points_at((0.5, 0.5)), empty("pockets"))
    assert found.isna().all()
    assert found.name == "pocket"


def test_nearest_bus_at_or_above_a_voltage():
    buses = buses_of(near=(0.1, 0, 66), far=(0.3, 0, 275), unknown=(0.2, 0, np.nan))
    points = points_at((0.0, 0.0), None)
    assert to_bus(points, buses).loc["p0", "bus"] == "near"
    found = to_bus(points, buses, v_nom_min=154)
    assert found.loc["p0"].tolist() == ["far", pytest.approx(oracle_km(0, 0, 0.3, 0), abs=1e-7)]
    assert found.loc["p1"].isna().all()


def test_of_the_buses_in_one_place_the_first_id_wins():
    buses = buses_of(z=(0, 0, 500), m=(0, 0, 275), k=(0, 0, 154))
    assert to_bus(points_at((0.1, 0.0)), buses)["bus"].tolist() == ["k"]
    assert to_bus(points_at((0.1, 0.0)), buses, v_nom_min=200)["bus"].tolist() == ["m"]


def test_no_bus_at_the_voltage_raises():
    with pytest.raises(MatchError, match="buses has 1 problem"):
        to_bus(points_at((0.0, 0.0)), buses_of(b=(0, 0, 66)), v_nom_min=154)


def test_surveyed_route_is_joined_along_it():
    found = to_fibre(points_at((0.25, 0.1)), one_route()).loc["p0"]
    assert found[["kind", "fibre_route"]].tolist() == ["route", "r"]
    assert pd.isna(found["fibre_node"])
    assert found["build_km"] == pytest.approx(oracle_km(0.25, 0.1, 0.25, 0.0), abs=1e-4)
    assert found["along_km"] == pytest.approx(oracle_km(0.0, 0.0, 0.25, 0.0), abs=1e-3)
    assert found[["along_share", "lon", "lat"]].tolist() == pytest.approx([0.25, 0.25, 0.0], abs=1e-4)


def test_schematic_route_is_joined_at_its_nodes_only():
    found = to_fibre(points_at((0.25, 0.1)), one_route(geometry_kind="schematic")).loc["p0"]
    assert found[["kind", "fibre_node"]].tolist() == ["node", "w"]
    assert found["build_km"] == pytest.approx(oracle_km(0.25, 0.1, 0.0, 0.0), abs=1e-7)
    assert found[["fibre_route", "along_km", "along_share"]].isna().all()
    assert found[["lon", "lat"]].tolist() == [0.0, 0.0]


def test_surveyed_route_without_a_line_is_joined_at_its_nodes_only():
    found = to_fibre(points_at((0.25, 0.1)), one_route(geometry=None)).loc["p0"]
    assert found["fibre_node"] == "w"


def test_along_counts_from_node0_when_the_line_is_drawn_the_other_way():
    backwards = one_route(geometry=LineString([(1.0, 0.0), (0.0, 0.0)]))
    found = to_fibre(points_at((0.25, 0.1)), backwards).loc["p0"]
    assert found["along_share"] == pytest.approx(0.25, abs=1e-4)
    assert found["along_km"] == pytest.approx(oracle_km(0.0, 0.0, 0.25, 0.0), abs=1e-3)


def test_foot_at_the_end_of_a_route_is_its_node():
    found = to_fibre(points_at((-0.1, 0.0), (0.000005, 0.1), (1.2, 0.3)), one_route())
    assert found["kind"].tolist() == ["node"] * 3
    assert found["fibre_node"].tolist() == ["w", "w", "e"]


def test_foot_more_than_a_metre_from_the_node_is_on_the_route():
    found = to_fibre(points_at((0.00002, 0.1)), one_route()).loc["p0"]
    assert found["kind"] == "route"
    assert found["along_km"] == pytest.approx(0.002226, abs=1e-5)


def test_routes_not_operating_do_not_count_unless_asked_for():
    planned = {
        "node0": "w", "node1": "e", "status": "planned", "geometry": LineString([(0.0, 0.0), (1.0, 0.0)])
    }  # fmt: skip
    far = {"node0": "s", "node1": "t", "geometry": LineString([(0.0, -1.0), (1.0, -1.0)])}
    nodes = {"w": (0.0, 0.0), "e": (1.0, 0.0), "s": (0.0, -1.0), "t": (1.0, -1.0)}
    fibre = fibre_of(nodes, {"planned": planned, "far": far})
    points = points_at((0.5, 0.1), (0.0, 0.0))
    assert to_fibre(points, fibre)[["kind", "fibre_route"]].to_numpy().tolist()[0] == ["route", "far"]
    assert to_fibre(points, fibre)["fibre_node"].tolist()[1] == "s"
    asked = to_fibre(points, fibre, statuses=("operating", "planned"))
    assert asked["fibre_route"].tolist()[0] == "planned"
    assert asked["fibre_node"].tolist()[1] == "w"


def test_without_routes_every_node_counts():
    nodes = fibre_of({"w": (0.0, 0.0), "e": (1.0, 0.0)}, {}).fibre_nodes
    found = to_fibre(points_at((0.9, 0.1)), Fibre(nodes, empty("fibre_routes")))
    assert found["fibre_node"].tolist() == ["e"]


def test_fibre_without_nodes_or_counted_routes_raises():
    with pytest.raises(MatchError, match="fibre_nodes has 1 problem"):
        to_fibre(points_at((0.0, 0.0)), Fibre(empty("fibre_nodes"), empty("fibre_routes")))
    with pytest.raises(MatchError, match="Pass other statuses="):
        to_fibre(points_at((0.0, 0.0)), one_route(status="retired"))


def test_points_without_a_place_join_no_fibre():
    found = to_fibre(points_at(None, (0.25, 0.1)), one_route())
    assert found.loc["p0"].isna().all()
    assert found.index.tolist() == ["p0", "p1"]
    assert found.loc["p1", "kind"] == "route"


def test_cable_across_the_antimeridian_is_joined_in_mid_ocean():
    line = LineString([(179.0, 10.0), (-179.0, 10.0)])
    fibre = fibre_of(
        {"w": (179.0, 10.0), "e": (-179.0, 10.0)}, {"r": {"node0": "w", "node1": "e", "geometry": line}}
    )
    found = to_fibre(points_at((-180.0, 10.5), (180.0, 10.5)), fibre)
    assert found["along_share"].tolist() == pytest.approx([0.5, 0.5], abs=1e-6)
    assert found["build_km"].tolist() == pytest.approx([oracle_km(180.0, 10.5, 180.0, 10.0)] * 2, abs=0.2)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_order_of_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    nodes = {f"n{i}": tuple(rng.uniform(-1, 1, 2)) for i in range(6)}
    routes = {
        f"r{i}": {
            "node0": f"n{i}",
            "node1": f"n{i + 1}",
            "geometry": LineString([nodes[f"n{i}"], nodes[f"n{i + 1}"]]),
        }
        for i in range(5)
    }
    fibre = fibre_of(nodes, routes)
    shuffled = Fibre(fibre.fibre_nodes.sample(frac=1, random_state=rng), fibre.fibre_routes.iloc[::-1])
    points = points_at(*rng.uniform(-1.5, 1.5, (10, 2)))
    expected = to_fibre(points, fibre)
    found = to_fibre(points.iloc[::-1], shuffled).loc[points.index]
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=0, atol=1e-8)
