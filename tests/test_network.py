"""Routes and nodes become a graph: lengths, floors, faults, and the doors of points within a route."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from conftest import radial_layers, tables_of
from three_mismatches.errors import NetworkError
from three_mismatches.layers import Fibre
from three_mismatches.network import fibre_attach, fibre_graph, power_graph

DEGREE_KM = 111.31949079327357  # one degree of the equator of WGS 84


def fibre_of(routes, nodes=None):
    """Return a, b, c on the equator at 0, 1 and 2 degrees east, and routes (node0, node1, length, ...)."""
    nodes = {"a": (0, 0), "b": (1, 0), "c": (2, 0)} if nodes is None else nodes
    points = gpd.GeoSeries([None if at is None else Point(at) for at in nodes.values()], crs="EPSG:4326")
    columns = ("node0", "node1", "length", "geometry_kind", "status", "geometry")
    fill = (None, None, np.nan, "schematic", "operating", None)
    rows = [(*route, *fill[len(route) :]) for route in routes.values()]
    table = pd.DataFrame(
        rows, columns=columns, index=pd.Index(list(routes), name="fibre_route", dtype="object")
    )
    table = table.astype({"length": float})
    lines = gpd.GeoSeries(list(table.pop("geometry")), index=table.index, crs="EPSG:4326")
    index = pd.Index(list(nodes), name="fibre_node", dtype="object")
    return Fibre(
        gpd.GeoDataFrame(index=index, geometry=points.set_axis(index)),
        gpd.GeoDataFrame(table, geometry=lines),
    )


def attach_table(*rows):
    columns = ["kind", "fibre_node", "fibre_route", "along_share", "build_km", "lon", "lat"]
    return pd.DataFrame(list(rows), columns=columns, index=[f"p{row}" for row in range(len(rows))])


def test_each_route_leaves_both_of_its_ends():
    graph = fibre_of({"ab": ("a", "b", 200.0), "bc": ("b", "c", 300.0)})
    graph = fibre_graph(graph)
    assert graph.indptr.tolist() == [0, 1, 3, 4]
    assert graph.neighbour.tolist() == [1, 0, 2, 1]
    assert graph.edge_km[graph.edge].tolist() == [200.0, 200.0, 300.0, 300.0]


def test_the_order_of_rows_does_not_show_in_the_graph():
    routes = {"ab": ("a", "b", 200.0), "bc": ("b", "c", 300.0), "ac": ("c", "a", 400.0)}
    one = fibre_graph(fibre_of(routes))
    fibre = fibre_of(dict(reversed(routes.items())))
    other = fibre_graph(Fibre(fibre.fibre_nodes.iloc[::-1], fibre.fibre_routes))
    assert one.routes.tolist() == other.routes.tolist() == ["ab", "ac", "bc"]
    for name in ("indptr", "neighbour", "edge", "edge_km", "lon"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_a_route_below_its_geodesic_is_raised_to_it_and_flagged():
    graph = fibre_graph(fibre_of({"short": ("a", "b", 100.0), "true": ("a", "b", 111.4)}))
    assert graph.edge_km.tolist() == [pytest.approx(DEGREE_KM, abs=1e-9), 111.4]
    assert graph.floored.tolist() == [True, False]


def test_an_unknown_length_is_that_of_the_line_and_else_the_geodesic():
    detour = LineString([(0, 0), (0, 1), (1, 1), (1, 0)])
    graph = fibre_graph(fibre_of({"x": ("a", "b", np.nan, "surveyed", "operating", detour), "y": ("a", "b")}))
    north, along = 110.574, 111.303  # km of one degree of latitude at 0.5 N, and of longitude at 1 N
    assert graph.edge_km == pytest.approx([2 * north + along, DEGREE_KM], abs=2e-3)
    assert not graph.floored.any()
    assert graph.schematic.tolist() == [False, True]


def test_only_routes_of_the_given_statuses_are_there():
    fibre = fibre_of({"ab": ("a", "b"), "bc": ("b", "c", np.nan, "schematic", "planned")})
    assert fibre_graph(fibre).routes.tolist() == ["ab"]
    assert fibre_graph(fibre, statuses=("operating", "planned")).routes.tolist() == ["ab", "bc"]


def test_loops_parallel_routes_and_routes_of_length_zero_are_welcome():
    nodes = {"a": (0, 0), "b": (0, 0)}
    routes = {"loop": ("a", "a", 5.0), "one": ("a", "b", 0.0), "two": ("b", "a", 3.0)}
    graph = fibre_graph(fibre_of(routes, nodes))
    assert graph.edge_km.tolist() == [5.0, 0.0, 3.0]
    assert graph.indptr.tolist() == [0, 4, 6]


def test_every_fault_is_told_at_once():
    routes = {"x": ("a", "nowhere", 1.0), "y": ("a", "b", -3.0), "z": ("lost", "b", np.inf)}
    with pytest.raises(NetworkError) as caught:
        fibre_graph(fibre_of(routes, {"a": (0, 0), "b": (1, 0), "c": None}))
    found = {(fault.table, fault.column): fault.rows for fault in caught.value.faults}
    assert found == {
        ("fibre_nodes", "geometry"): ("c",),
        ("fibre_routes", "node0"): ("z",),
        ("fibre_routes", "node1"): ("x",),
        ("fibre_routes", "length"): ("y", "z"),
    }


def test_a_fibre_without_routes_is_a_graph_of_nodes():
    graph = fibre_graph(fibre_of({}))
    assert graph.indptr.tolist() == [0, 0, 0, 0]
    attach = fibre_attach(graph, attach_table(("node", "b", None, np.nan, 7.0, 1.0, 0.0)))
    assert (attach.door.tolist(), attach.door_km.tolist()) == ([[1]], [[0.0]])


def test_a_point_within_a_route_has_a_door_at_each_end():
    graph = fibre_graph(fibre_of({"ab": ("a", "b", 120.0, "surveyed")}))
    rows = (("route", None, "ab", 0.25, 2.0, 0.25, 0.0), ("node", "c", None, np.nan, 0.0, 2.0, 0.0))
    attach = fibre_attach(graph, attach_table(*rows))
    assert attach.door.tolist() == [[0, 1], [2, 2]]
    assert attach.door_km.tolist() == [[30.0, 90.0], [0.0, 0.0]]
    assert not attach.door_floored.any()
    assert attach.ids.tolist() == ["ab", "c"]


def test_a_piece_of_a_route_is_never_below_its_own_geodesic():
    # The line bulges to 1 N, but is said to be as long as the straight way.
    graph = fibre_graph(fibre_of({"ab": ("a", "b", DEGREE_KM, "surveyed")}))
    attach = fibre_attach(graph, attach_table(("route", None, "ab", 0.5, 0.0, 0.5, 1.0)))
    assert (attach.door_km > 123.0).all()
    assert attach.door_floored.all()


def test_a_point_at_no_known_node_is_named():
    graph = fibre_graph(fibre_of({"ab": ("a", "b")}))
    rows = (("node", "a", None, np.nan, 0.0, 0.0, 0.0), ("node", "zz", None, np.nan, 0.0, 0.0, 0.0))
    with pytest.raises(NetworkError, match="p1"):
        fibre_attach(graph, attach_table(*rows))


def test_part_keeps_the_rows_together():
    graph = fibre_graph(fibre_of({"ab": ("a", "b")}))
    rows = [("node", node, None, np.nan, float(km), 0.0, 0.0) for km, node in enumerate("abc")]
    part = fibre_attach(graph, attach_table(*rows)).part(slice(1, 3))
    assert (part.ids.tolist(), part.access_km.tolist(), len(part)) == (["b", "c"], [1.0, 2.0], 2)


def test_a_unit_counts_where_it_feeds_and_only_while_it_operates():
    layers = radial_layers()
    layers["generators"]["far"] = {"p_nom": 90.0, "p_unit": 90.0, "area": "a", "feeds_area": "b"}
    layers["generators"]["idle"] = {"p_nom": 99.0, "p_unit": 99.0, "area": "a", "status": "planned"}
    graph = power_graph(tables_of(layers).grid)
    assert graph.units == ("unit-a", "far")
    assert list(graph.unit_mw) == [5.0, 90.0]


def test_margins_are_held_back_in_both_directions():
    layers = radial_layers()
    layers["links"]["ab"]["margin_mw"] = 4.0
    layers["interfaces"] = {"i": {"limit_forward": 50.0, "margin_mw": 8.0}}
    graph = power_graph(tables_of(layers).grid)
    assert (list(graph.link_forward), list(graph.link_reverse)) == ([26.0], [6.0])
    assert (list(graph.interface_forward), list(graph.interface_reverse)) == ([42.0], [42.0])


def test_a_link_of_nothing_joins_nothing():
    layers = radial_layers()
    layers["links"]["bc"] = {"bus0": "b", "bus1": "c", "p_nom": 0.0, "p_nom_reverse": 0.0}
    graph = power_graph(tables_of(layers).grid)
    assert graph.links == ("ab",)
    assert graph.component[2] not in graph.component[:2]


def test_a_pockets_load_is_its_own_or_what_is_said_for_it():
    layers = radial_layers()
    layers["pockets"]["q"] = {"limit_mw": 9.0, "geometry": box(0.6, 0.6, 0.9, 0.9)}
    graph = power_graph(tables_of(layers).grid, pd.Series({"p": 99.0, "q": 2.0}))
    assert list(graph.pocket_load) == [3.0, 2.0]
