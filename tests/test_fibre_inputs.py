"""Fibre from files and frames: hand-drawn networks, every fault in one error, and what is told of guesses."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import three_mismatches as tm
from three_mismatches.errors import AssumptionWarning, CRSError, LayerError
from three_mismatches.geodesy import length_km, split_at_antimeridian

DEGREE_KM = 111.31949079327357  # one degree of the equator of WGS 84
PLACES = {"a": (0.0, 0.0), "b": (1.0, 0.0), "c": (2.0, 0.0), "west": (179.5, 0.0), "east": (-179.5, 0.0)}

Row = tuple[str, str, float]


def frames(*rows: Row, lines: list[Any] | None = None, **columns: list[Any]) -> dict[str, Any]:
    """Return the tables of a network on the equator: `rows` are (node0, node1, length), called r0, r1, ..."""
    nodes = gpd.GeoDataFrame(
        index=pd.Index(list(PLACES), name="fibre_node"),
        geometry=gpd.points_from_xy(*zip(*PLACES.values(), strict=True)),
        crs="EPSG:4326",
    )
    index = pd.Index([f"r{number}" for number in range(len(rows))], name="fibre_route")
    table = pd.DataFrame(list(rows), columns=["node0", "node1", "length"], index=index).assign(**columns)
    shapes = gpd.GeoSeries(lines or [None] * len(rows), index=index, crs="EPSG:4326")
    return {"fibre_nodes": nodes, "fibre_routes": gpd.GeoDataFrame(table, geometry=shapes)}


def told(call: Any, *args: Any, **options: Any) -> tuple[Any, list[str]]:
    """Return what a reader gives, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call(*args, **options)
    assert all(issubclass(one.category, AssumptionWarning) for one in caught)
    assert all(one.filename == __file__ for one in caught)  # the warning points to the caller
    return result, [str(one.message) for one in caught]


# Frames


def test_tables_in_memory_become_a_network():
    fibre = tm.fibre_from_frames(frames(("a", "b", 150.0), ("b", "c", 120.0)))
    assert fibre.fibre_routes["length"].tolist() == [150.0, 120.0]
    assert fibre.fibre_routes["status"].tolist() == ["operating"] * 2


def test_every_fault_of_the_frames_is_in_one_error():
    tables = frames(
        ("a", "b", -1.0), ("a", "x", 5.0), ("a", "b", np.inf), ("a", "c", 0.0), ("a", "b", 150_000.0), ("a", "c", 0.3)
    )  # fmt: skip
    tables["fibre_nodes"].loc["east", "geometry"] = None
    with pytest.raises(LayerError) as error:
        tm.fibre_from_frames(tables)
    text = str(error.value)
    for part in (
        "must be >= 0 km for row: 'r0'",
        "'x', not in fibre_nodes for row: 'r1'",
        "infinite for row: 'r2'",
        "is 0 between two places 222.6 km apart for row: 'r3'",
        "is 150,000 km where the straight line is 111.3 km",
        "is 0.3 km where the straight line is 222.6 km",
        'length_unit="m"',
        "missing for row: 'east'",
    ):
        assert part in text


def test_ids_given_twice_and_strange_tables_are_faults():
    tables = frames(("a", "b", 150.0), ("b", "c", 150.0))
    tables["fibre_routes"].index = pd.Index(["r", "r"], name="fibre_route")
    with pytest.raises(LayerError, match=r"(?s)not a table of a fibre network.*given twice"):
        tm.fibre_from_frames({**tables, "fibre_node": tables["fibre_nodes"]})


def test_a_route_shorter_than_its_straight_line_is_told_with_by_how_much():
    fibre, said = told(tm.fibre_from_frames, frames(("a", "b", 100.0), ("b", "c", 110.0), ("a", "c", 230.0)))
    assert len(said) == 1
    assert "by 11.3 km, 10.17% at most" in said[0]
    assert "'r0 by 11.3 km (10.17%)', 'r1 by 1.32 km (1.19%)'" in said[0]
    assert fibre.fibre_routes["length"].tolist() == [
        100.0,
        110.0,
        230.0,
    ]  # flagged as floored when paths are sought


def test_lengths_in_miles_are_asked_after():
    rows = [(one, other, 0.75 * DEGREE_KM) for one, other in (("a", "b"), ("b", "c"))]
    _, said = told(tm.fibre_from_frames, frames(*rows))
    assert "miles" in said[0]


def test_neighbours_may_be_joined_the_long_way_round():
    tables = frames(("a", "b", 1_000.0))  # nine times the straight line: a ring, perhaps
    assert len(tm.fibre_from_frames(tables).fibre_routes) == 1


def test_copies_share_a_risk_and_parallel_routes_do_not():
    rows = (("a", "b", 150.0), ("b", "a", 150.0), ("a", "b", 151.0), ("a", "b", 150.0))
    fibre, said = told(tm.fibre_from_frames, frames(*rows, srlg=["tunnel", None, None, None]))
    assert fibre.fibre_routes["srlg"].fillna("").tolist() == ["copy:r0;tunnel", "copy:r0", "", "copy:r0"]
    assert said == [one for one in said if "'r1 of r0', 'r3 of r0'" in one]
    again, silent = told(tm.fibre_from_frames, {name: getattr(fibre, name) for name in vars(fibre)})
    assert not silent
    assert again.fibre_routes["srlg"].equals(fibre.fibre_routes["srlg"])


def test_a_copy_drawn_backwards_is_a_copy():
    line = shapely.LineString([(0, 0), (0.5, 0.2), (1, 0)])
    tables = frames(
        ("a", "b", 150.0), ("b", "a", 150.0), ("a", "b", 150.0), lines=[line, line.reverse(), None]
    )
    fibre, _ = told(tm.fibre_from_frames, tables)
    assert fibre.fibre_routes["srlg"].notna().tolist() == [True, True, False]


def test_unknown_lengths_loops_and_lines_off_their_nodes_are_told():
    lines = [None, None, shapely.LineString([(0, 0.5), (1, 0)])]
    rows = (("a", "b", np.nan), ("c", "c", 3.0), ("a", "b", 130.0))
    _, said = told(tm.fibre_from_frames, frames(*rows, lines=lines))
    assert [one for one in said if "unknown" in one and "'r0'" in one]
    assert [one for one in said if "leads nowhere" in one and "'r1'" in one]
    assert [one for one in said if "away from its node" in one and "'r2 by 55.3 km'" in one]
    assert len(said) == 3


def test_a_line_across_the_antimeridian_is_split_there_and_keeps_its_length():
    line = shapely.LineString([(179.5, 0), (-179.5, 0)])
    fibre = tm.fibre_from_frames(frames(("west", "east", 120.0), lines=[line]))
    drawn = fibre.fibre_routes.geometry.iloc[0]
    assert drawn.wkt == "MULTILINESTRING ((179.5 0, 180 0), (-180 0, -179.5 0))"
    assert length_km([drawn])[0] == pytest.approx(DEGREE_KM)
    site = gpd.GeoDataFrame(index=["quay"], geometry=[shapely.Point(-179.9, 0.1)], crs="EPSG:4326")
    joint = tm.match.to_fibre(site, fibre).loc["quay"]
    assert joint["kind"] == "route"
    assert joint["along_share"] == pytest.approx(0.6, abs=1e-6)


LONGITUDES = st.floats(-180, 180, allow_nan=False)
LATITUDES = st.floats(-85, 85, allow_nan=False)


@given(st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=2, max_size=8, unique=True))
def test_splitting_keeps_length_and_leaves_no_jump(vertices):
    line = shapely.LineString(vertices)
    split = split_at_antimeridian([line])[0]
    assert length_km([split])[0] == pytest.approx(length_km([line])[0], rel=1e-9, abs=1e-6)
    assert all(
        (np.abs(np.diff(shapely.get_coordinates(part)[:, 0])) <= 180).all()
        for part in shapely.get_parts(split)
    )
    assert split is line or split.geom_type == "MultiLineString" or abs(split.coords[0][0]) == 180


def test_a_study_is_refused_for_the_same_lengths_and_not_warned_about_floors():
    japan = tm.japan().tables.frames()
    routes = japan["fibre_routes"]
    metres = routes.assign(length=routes["length"] * 1000)
    with pytest.raises(LayerError, match="no route is"):
        tm.layers.checks.check({**japan, "fibre_routes": metres})
    _, said = told(tm.fibre_from_frames, {name: japan[name] for name in ("fibre_nodes", "fibre_routes")})
    assert "for 5 rows" in said[0]


# Node-link JSON


def node_link(**options: Any) -> dict[str, Any]:
    """Return three nodes on the equator, a-b-c, in topohub's form."""
    return {
        "directed": False,
        "multigraph": False,
        "graph": {"name": "toy"},
        "nodes": [
            {"id": 0, "name": "A", "pos": [0, 0]},
            {"id": 1, "pos": [1, 0]},
            {"id": "2", "pos": [2, 0]},
        ],
        "edges": [
            {"source": 0, "target": 1, "dist": 150, "ecmp": {"x": [1]}},
            {"source": 1, "target": "2", "dist": 120.5, "type": "seacable"},
        ],
        **options,
    }


def test_node_link_is_read_and_not_changed():
    graph = node_link()
    before = copy.deepcopy(graph)
    fibre = tm.read_node_link(graph, licence="MIT")
    assert graph == before
    assert fibre.fibre_nodes["name"].tolist()[0] == "A"
    routes = fibre.fibre_routes
    assert routes.index.tolist() == ["0-1", "1-2"]
    assert routes["length"].tolist() == [150.0, 120.5]
    assert routes["medium"].tolist() == ["terrestrial", "submarine"]
    assert routes["ecmp"].tolist()[0] == '{"x": [1]}'
    assert set(routes["geometry_kind"]) == {"schematic"}
    assert set(routes["licence"]) == set(fibre.fibre_nodes["licence"]) == {"MIT"}
    assert set(routes["source"]) == {"node-link graph 'toy'"}


@pytest.mark.parametrize("lon", ["lon", "Longitude", "x"])
@pytest.mark.parametrize("key", ["edges", "links"])
def test_node_link_spellings(tmp_path, lon, key):
    lat = {"lon": "lat", "Longitude": "Latitude", "x": "y"}[lon]
    nodes = [{"id": number, lon: float(number), lat: 0.0} for number in range(3)]
    edges = [
        {"source": 0, "target": 1, "Length_M": 150_000},
        {"source": 1, "target": 2, "Length_M": "120500"},
    ]
    path = tmp_path / "graph.json"
    path.write_text(json.dumps({"nodes": nodes, key: edges}), encoding="utf-8")
    fibre = tm.read_node_link(path)
    assert fibre.fibre_routes["length"].tolist() == [150.0, 120.5]
    assert fibre.fibre_nodes.geometry.x.tolist() == [0.0, 1.0, 2.0]


def test_two_arcs_of_one_length_are_one_route_and_parallel_ones_stay():
    arcs = [(0, 1, 150), (1, 0, 150), (0, 1, 160), (1, 0, 170), (1, 0, 150)]
    edges = [{"source": one, "target": other, "dist": km} for one, other, km in arcs]
    fibre, said = told(tm.read_node_link, node_link(directed=True, multigraph=True, edges=edges))
    assert fibre.fibre_routes["length"].tolist() == [150.0, 160.0, 170.0, 150.0]
    assert fibre.fibre_routes.index.is_unique
    assert len(said) == 1  # two of 150 km: a copy


def test_lengths_are_chosen_by_name_and_unit():
    edges = [{"source": 0, "target": 1, "dist": 1, "rail": 100.0}]
    fibre = tm.read_node_link(node_link(edges=edges), length="rail", length_unit="mi")
    assert fibre.fibre_routes["length"].tolist() == pytest.approx([160.9344])
    with pytest.raises(LayerError, match="Give one of km, m, mi, ft"):
        tm.read_node_link(node_link(), length_unit="metre")


BROKEN_GRAPHS: dict[str, tuple[Any, str]] = {
    "no nodes": ({"edges": []}, "nodes  is missing"),
    "no edges": ({"nodes": []}, "edges or links  is missing"),
    "nodes no list": (node_link(nodes={"a": 1}), "not a list of objects"),
    "node no object": (node_link(nodes=[1]), "not a list of objects"),
    "empty": (node_link(nodes=[], edges=[]), "there are none"),
    "two keys": (node_link(links=[]), "are both there and differ"),
    "unplaced": (node_link(nodes=[{"id": 0, "pos": [0, 0]}, {"id": 1}]), "no place for row: '1'"),
    "no places": (node_link(nodes=[{"id": one} for one in range(3)]), "longitude, latitude"),
    "place of text": (node_link(nodes=[{"id": one, "pos": "here"} for one in range(3)]), "has no place"),
    "plane": (node_link(nodes=[{"id": one, "pos": [180.7, 135.6]} for one in range(3)]), "not degrees"),
    "clash": (node_link(nodes=[{"id": 1, "pos": [0, 0]}, {"id": "1", "pos": [1, 0]}]), "given twice for row: '1'"),
    "unnamed": (node_link(nodes=[{"pos": [0, 0]}]), "fibre_node"),
    "null id": (node_link(nodes=[{"id": None, "pos": [0, 0]}]), "missing (rows counted from 0)"),
    "unknown end": (node_link(edges=[{"source": 0, "target": 9, "dist": 5}]), "'9', not in fibre_nodes"),
    "no ends": (node_link(edges=[{"dist": 5}]), "source, target"),
    "missing end": (node_link(edges=[{"source": 0, "target": None, "dist": 5}]), "node1"),
    "negative": (node_link(edges=[{"source": 0, "target": 1, "dist": -5}]), ">= 0 km"),
    "endless": (node_link(edges=[{"source": 0, "target": 1, "dist": float("inf")}]), "infinite"),
    "huge": (node_link(edges=[{"source": 0, "target": 1, "dist": 10**400}]), "not a number"),
    "text": (node_link(edges=[{"source": 0, "target": 1, "dist": "150 km"}]), "not a number"),
    "true": (node_link(edges=[{"source": 0, "target": 1, "dist": True}]), "not a number"),
    "other name": (node_link(edges=[{"source": 0, "target": 1, "rail_km": 150}]), "length='rail_km'"),
    "two lengths": (node_link(edges=[{"source": 0, "target": 1, "dist": 150, "km": 7}]), "could be dist; km"),
    "half a letter": (node_link(graph={"name": "\ud800"}), "a character that files cannot"),
    "odd graph": (node_link(graph=5), "no object of names"),
    "status": (node_link(edges=[{"source": 0, "target": 1, "dist": 150, "status": "lit"}]), "'lit' is not one of"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_GRAPHS)
def test_a_broken_graph_is_one_error_that_says_what_is_wrong(name):
    graph, part = BROKEN_GRAPHS[name]
    with pytest.raises(LayerError) as error:
        tm.read_node_link(graph)
    assert part in str(error.value)


BROKEN_FILES: dict[str, bytes] = {
    "nothing": b"", "text": b"import os", "list": b"[1]", "half": b'{"nodes": [', "bytes": b"\xff\xfe\x00",
    "deep": b"[" * 100_000, "null": b"null", "number": b'{"nodes": 1, "edges": 2}', "keys": b'{"": {}}',
}  # fmt: skip
READERS = {
    "node_link": lambda path: tm.read_node_link(path),
    "ofds": lambda path: tm.read_ofds(path),
    "spans": lambda path: tm.read_ofds(path, path),
    "cables": lambda path: tm.read_submarine_cables(path, path, licence="x"),
    "peeringdb": lambda path: tm.read_peeringdb(path, licence="x"),
    "csv": lambda path: tm.read_fibre_csv(path, path),
    "fibre": lambda path: tm.read_fibre(path),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", [*BROKEN_FILES, "absent", "folder", "nul"])
def test_a_file_of_another_kind_is_one_error(tmp_path, reader, name):
    path = tmp_path / "file.json"
    if name == "folder":
        path.mkdir()
    elif name == "nul":
        path = Path("a\0b")
    elif name in BROKEN_FILES:
        path.write_bytes(BROKEN_FILES[name])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LayerError):
        READERS[reader](path)
    assert sorted(tmp_path.rglob("*")) == before


# topohub


SHIPPED = Path(pytest.importorskip("topohub").__file__).parent / "data"


def shipped(name: str) -> Any:
    """Return a graph of topohub; its own `get` leaves the file open."""
    return json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name",
    ["backbone/africa", "backbone/eastern", "backbone/emea", "topozoo/Garr201109", "sndlib/nobel-germany"],
)
@pytest.mark.slow
def test_a_graph_of_topohub_has_the_nodes_the_links_and_the_lengths_of_networkx(name):
    data = shipped(name)
    graph = nx.node_link_graph(data, edges="edges")
    fibre, _ = told(tm.read_node_link, data)
    assert set(fibre.fibre_nodes.index) == {str(node) for node in graph}
    assert len(fibre.fibre_routes) == graph.number_of_edges()
    ends = zip(
        fibre.fibre_routes["node0"], fibre.fibre_routes["node1"], fibre.fibre_routes["length"], strict=True
    )
    theirs = {(frozenset((str(u), str(v))), km) for u, v, km in graph.edges(data="dist")}
    assert {(frozenset((u, v)), km) for u, v, km in ends} == theirs


@pytest.mark.parametrize("name", ["backbone/north_america_nosc", "topozoo/Abilene", "sndlib/germany50"])
def test_round_trips_follow_the_shortest_paths_of_networkx(name):
    data = shipped(name)
    graph = nx.node_link_graph(data, edges="edges")
    fibre, _ = told(tm.read_node_link, data)
    nodes = fibre.fibre_nodes
    ours = nx.Graph()  # a length below the straight line is raised to it
    ours.add_weighted_edges_from(
        (u, v, max(km, one)) for u, v, km, one in _with_chords(fibre)
    )  # fmt: skip
    some = nodes.index[:: max(1, len(nodes) // 5)]
    points = nodes.loc[some, ["geometry"]].assign(node=some)
    ms = tm.latency.rtt(fibre, points, points, route_factor=1.0, equipment=False)
    for node in some:
        km = nx.single_source_dijkstra_path_length(ours, node)
        expected = [km.get(other, np.inf) * 2 * 1.468 / 299.792458 for other in some]
        assert ms.loc[node].to_numpy() == pytest.approx(expected, rel=1e-9)
        theirs = nx.single_source_dijkstra_path_length(graph, type(next(iter(graph)))(node), weight="dist")
        raised = [
            km[other] / theirs[type(next(iter(graph)))(other)]
            for other in some
            if other != node and other in km
        ]
        assert min(raised) + 1e-12 >= 1.0
        assert max(raised) < 1.02


def _with_chords(fibre: Any) -> list[tuple[str, str, float, float]]:
    from three_mismatches.layers.routes import chord_km

    routes = fibre.fibre_routes
    chords = chord_km(fibre.fibre_nodes, routes)
    return list(zip(routes["node0"], routes["node1"], routes["length"], chords, strict=True))


@pytest.mark.slow
def test_all_of_topohub_is_read_or_refused_for_its_plane_coordinates():
    read = refused = 0
    for path in sorted(
        [
            *SHIPPED.glob("backbone/*"),
            *SHIPPED.glob("sndlib/*"),
            *SHIPPED.glob("topozoo/*"),
            *SHIPPED.glob("caida/*/*"),
        ]
    ):
        graph = nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")), edges="edges")
        if any(abs(node["pos"][1]) > 90 for _, node in graph.nodes(data=True)):
            refused += 1
            with pytest.raises(LayerError, match="not degrees"):
                tm.read_node_link(path)
            continue
        fibre, _ = told(tm.read_node_link, path)
        assert (len(fibre.fibre_nodes), len(fibre.fibre_routes)) == (len(graph), graph.number_of_edges())
        read += 1
    assert refused == 11  # SNDlib draws some of its networks on a plane
    assert read == 336


# Open Fibre Data Standard


def package(**span: Any) -> dict[str, Any]:
    """Return one network of two nodes and one span, as the standard has it."""
    nodes = [
        {
            "id": "1",
            "name": "Accra",
            "location": {"type": "Point", "coordinates": [0.0, 0.0]},
            "type": ["pop"],
        },
        {"id": "2", "name": "Kumasi", "location": {"type": "Point", "coordinates": [1.0, 0.0]}},
    ]
    own = {
        "id": "s", "start": "1", "end": "2", "status": "operational", "fibreLength": 150.0, "darkFibre": True,
        "deployment": ["aboveGround"],
        "route": {"type": "LineString", "coordinates": [[0.0, 0.0], [0.5, 0.1], [1.0, 0.0]]},
        **span,
    }  # fmt: skip
    crs = {"name": "urn:ogc:def:crs:OGC::CRS84", "uri": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    about = {
        "id": "n",
        "name": "Net",
        "publisher": {"name": "Co"},
        "publicationDate": "2023-01-31",
        "crs": crs,
    }
    return {
        "networks": [
            {**about, "nodes": nodes, "spans": [{key: one for key, one in own.items() if one is not None}]}
        ]
    }


def as_features(networks: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a package as the standard's two files of GeoJSON."""
    nodes, spans = [], []
    for network in networks["networks"]:
        about = {key: one for key, one in network.items() if key not in ("nodes", "spans", "crs")}
        by_id = {node["id"]: node for node in network["nodes"]}
        for node in network["nodes"]:
            own = {key: one for key, one in node.items() if key != "location"}
            nodes.append(
                {"type": "Feature", "geometry": node["location"], "properties": {**own, "network": about}}
            )
        for span in network["spans"]:
            own = {key: one for key, one in span.items() if key != "route"}
            own |= {"start": by_id[span["start"]], "end": by_id[span["end"]], "network": about}
            spans.append({"type": "Feature", "geometry": span.get("route"), "properties": own})
    return {"type": "FeatureCollection", "features": nodes}, {"type": "FeatureCollection", "features": spans}


def test_a_package_and_its_geojson_are_one_network():
    fibre = tm.read_ofds(package(), licence="CC BY 4.0")
    route = fibre.fibre_routes.loc["s"]
    assert (route["node0"], route["node1"], route["length"]) == ("1", "2", 150.0)
    assert (route["status"], route["medium"], route["geometry_kind"]) == ("operating", "aerial", "surveyed")
    assert (route["source"], route["source_date"], route["licence"]) == ("Co, Net", "2023-01-31", "CC BY 4.0")
    assert route["darkFibre"]
    assert fibre.fibre_nodes["name"].tolist() == ["Accra", "Kumasi"]
    other = tm.read_ofds(*as_features(package()), licence="CC BY 4.0")
    pd.testing.assert_frame_equal(fibre.fibre_routes, other.fibre_routes, check_like=True)
    both = {
        "type": "FeatureCollection",
        "features": [one for part in as_features(package()) for one in part["features"]],
    }
    assert tm.read_ofds(both).fibre_routes["length"].tolist() == [150.0]


@pytest.mark.parametrize(
    ("code", "status"),
    [("inactive", "under construction"), ("underConstruction", "under construction"), ("planned", "planned"),
     ("proposed", "announced"), ("decommissioned", "retired")],
)  # fmt: skip
def test_codes_of_status_are_ours(code, status):
    route = tm.read_ofds(package(status=code)).fibre_routes.loc["s"]
    assert (route["status"], route["ofds_status"]) == (status, code)


def test_metres_in_a_package_are_refused_until_they_are_stated():
    with pytest.raises(LayerError, match="length_unit"):
        tm.read_ofds(package(fibreLength=150_000))
    assert tm.read_ofds(package(fibreLength=150_000), length_unit="m").fibre_routes["length"].tolist() == [
        150.0
    ]


def test_what_is_not_fibre_is_left_out_and_what_is_not_stated_told():
    fibre, said = told(tm.read_ofds, package(transmissionMedium=["microwave"]))
    assert len(fibre.fibre_routes) == 0
    assert "microwave, not fibre: left out" in said[0]
    fibre, said = told(tm.read_ofds, package(status=None, fibreLength=None, route=None))
    assert any("taken as operating" in one for one in said)
    assert any("unknown" in one for one in said)
    assert fibre.fibre_routes["geometry_kind"].tolist() == ["schematic"]


def test_two_networks_keep_their_nodes_apart():
    both = package()
    both["networks"].append({**copy.deepcopy(both["networks"][0]), "id": "m"})
    fibre, _ = told(tm.read_ofds, both)
    assert fibre.fibre_nodes.index.tolist() == ["n/1", "n/2", "m/1", "m/2"]
    assert fibre.fibre_routes["node0"].tolist() == ["n/1", "m/1"]


def test_a_span_drawn_beyond_180_degrees_is_brought_back():
    value = package(
        fibreLength=None, route={"type": "LineString", "coordinates": [[179.5, 0.0], [180.5, 0.0]]}
    )
    for node, lon in zip(value["networks"][0]["nodes"], (179.5, 180.5), strict=True):
        node["location"]["coordinates"] = [lon, 0.0]
    fibre, _ = told(tm.read_ofds, value)
    assert fibre.fibre_nodes.geometry.x.tolist() == [179.5, -179.5]
    assert length_km(fibre.fibre_routes.geometry.to_numpy())[0] == pytest.approx(DEGREE_KM)


def spoilt(**network: Any) -> dict[str, Any]:
    value = package()
    value["networks"][0] |= network
    return value


BROKEN_PACKAGES: dict[str, tuple[Any, str]] = {
    "none": ({}, "no list of networks"),
    "networks": ({"networks": 3}, "no list of networks"),
    "linked": ({"networks": [{"id": "n", "links": [{"href": "file:///etc/passwd"}]}]}, "nodes  are not in the file"),
    "nodes": (spoilt(nodes=3), "not a list of objects"),
    "spans": (spoilt(spans=["x"]), "not a list of objects"),
    "crs": (spoilt(crs={"name": "EPSG:3857"}), "not longitude and latitude"),
    "place": (spoilt(nodes=[{"id": "1"}, {"id": "2"}]), "has no place for 2 rows"),
    "kind": (spoilt(nodes=[{"id": "1", "location": {"type": "MultiPoint", "coordinates": [[0, 0]]}}]), "MultiPoint"),
    "geometry": (package(route={"type": "LineString", "coordinates": "x"}), "cannot be read"),
    "point": (package(route={"type": "Point", "coordinates": [0, 0]}), "is a Point"),
    "status": (package(status="lit"), "'lit' is not one of"),
    "deployment": (package(deployment=["moon"]), "'moon' is not one of"),
    "deployments": (package(deployment=[{}]), "'{}' is not one of"),
    "end": (package(end="9"), "'9', not in fibre_nodes"),
    "no end": (package(end=None), "node1"),
    "no id": (package(id=None), "Name each span"),
    "length": (package(fibreLength="far"), "not a number"),
    "feature": ({"features": [{"properties": {"id": "1", "featureType": "tree"}}]}, "'tree'"),
    "properties": ({"features": [{"properties": 5}]}, "no object"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_PACKAGES)
def test_a_broken_package_is_one_error_that_says_what_is_wrong(name):
    value, part = BROKEN_PACKAGES[name]
    with pytest.raises(LayerError) as error:
        tm.read_ofds(value)
    assert part in str(error.value)


# Submarine cables


def collection(kind: str, shapes: dict[str, Any]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {"id": key, "name": key.title()},
            "geometry": {"type": kind, "coordinates": one},
        }
        for key, one in shapes.items()
    ]
    return {"type": "FeatureCollection", "features": features}


SHORES = collection(
    "Point", {"one": [0, 0], "two": [4, 0], "three": [2, 3], "far": [50, 50], "kiri": [-178, 0]}
)


def cables(**shapes: Any) -> dict[str, Any]:
    return collection("MultiLineString", shapes)


def read_cables(drawn: dict[str, Any], **options: Any) -> tuple[Any, list[str]]:
    return told(tm.read_submarine_cables, drawn, SHORES, licence="CC BY-NC-SA 3.0", planned=(), **options)


def test_a_branching_unit_joins_three_pieces():
    """A trunk from one to two with a vertex at (2, 0), and a branch from three that ends 111 m beside it."""
    fibre, said = read_cables(cables(wet=[[[0, 0], [2, 0], [4, 0]], [[2, 3], [2, 0.001]]]))
    routes = fibre.fibre_routes
    assert sorted(zip(routes["node0"], routes["node1"], strict=True)) == [
        ("one", "wet~1"), ("three", "wet~1"), ("wet~1", "two")
    ]  # fmt: skip
    assert routes["length"].sum() == pytest.approx(4 * DEGREE_KM + 331.7, abs=0.5)
    assert set(routes["medium"]) == {"submarine"}
    assert set(routes["licence"]) == {"CC BY-NC-SA 3.0"}
    assert routes["srlg"].isna().all()
    assert len(said) == 1
    assert "is reached by no cable (2 of 5)" in said[0]


def test_a_branch_may_end_on_an_edge_and_a_cable_be_one_risk():
    fibre, _ = read_cables(cables(wet=[[[0, 0], [4, 0]], [[2, 3], [2, 0]]]), cable_is_one_risk=True)
    assert len(fibre.fibre_routes) == 3
    assert set(fibre.fibre_routes["srlg"]) == {"cable:wet"}


def test_pieces_are_joined_at_the_antimeridian():
    shores = collection("Point", {"west": [178, 0], "east": [-178, 0]})
    drawn = cables(wet=[[[178, 0], [179.9999, 0]], [[-179.9999, 0], [-178, 0]]])
    fibre = tm.read_submarine_cables(drawn, shores, licence="x", planned=())
    assert fibre.fibre_routes["route_factor"].eq(1.06).all()
    assert fibre.fibre_routes["length"].tolist() == pytest.approx([4 * DEGREE_KM])
    assert fibre.fibre_routes.geometry.iloc[0].geom_type == "MultiLineString"
    beyond = tm.read_submarine_cables(cables(wet=[[[178, 0], [182, 0]]]), shores, licence="x", planned=())
    assert beyond.fibre_routes["length"].tolist() == pytest.approx([4 * DEGREE_KM])


def test_other_cables_meet_at_landing_points_only():
    """Two cables cross at (2, 1): no joint. A piece that passes 0.2 km from a landing point calls there."""
    drawn = cables(
        wet=[[[0, 0], [2, 1], [4, 0]]],
        dry=[[[2, 3], [2, 1], [2, -3]]],
        festoon=[[[0, 0], [2, 3.002], [4, 0]]],
    )
    fibre, said = read_cables(drawn)
    ends = set(zip(fibre.fibre_routes["node0"], fibre.fibre_routes["node1"], strict=True))
    assert ends == {("one", "two"), ("three", "dry~1"), ("one", "three"), ("three", "two")}
    assert any("1 ends of pieces" in one for one in said)


def test_ends_farther_than_the_tolerance_do_not_land():
    drawn = cables(wet=[[[0.1, 0], [4, 0]]])
    assert set(read_cables(drawn)[0].fibre_routes["node0"]) == {"wet~1"}
    near, _ = read_cables(drawn, landing_km=12.0)
    assert near.fibre_routes["node0"].tolist() == ["one"]
    assert near.fibre_routes["length"].tolist() == pytest.approx([4 * DEGREE_KM])


def test_planned_cables_are_told_apart_where_the_user_knows_them():
    drawn = cables(wet=[[[0, 0], [4, 0]]], new=[[[0, 0], [2, 3]]])
    _, said = told(tm.read_submarine_cables, drawn, SHORES, licence="x")
    assert any("every cable was taken as operating" in one for one in said)
    fibre, _ = told(tm.read_submarine_cables, drawn, SHORES, licence="x", planned=["new"])
    assert dict(zip(fibre.fibre_routes["cable"], fibre.fibre_routes["status"], strict=True)) == {
        "new": "planned", "wet": "operating"
    }  # fmt: skip
    with pytest.raises(LayerError, match="Did you mean 'new'"):
        tm.read_submarine_cables(drawn, SHORES, licence="x", planned=["newe"])


@pytest.mark.parametrize(
    ("drawn", "shores", "options", "part"),
    [
        (cables(), SHORES, {"licence": " "}, "licence"),
        (cables(), SHORES, {"join_km": -1.0}, "tolerance"),
        (cables(wet=[[[0, 0], [4, 95]]]), SHORES, {}, "no degrees"),
        (cables(wet=[[[0, 0], [float("nan"), 5]]]), SHORES, {}, "no degrees"),
        (collection("Point", {"wet": [0, 0]}), SHORES, {}, "is a Point"),
        (cables(wet=None), SHORES, {}, "geometry"),
        (cables(), collection("Point", {"one": []}), {}, "geometry"),
        (cables(), {"features": SHORES["features"] * 2}, {}, "twice"),
        ({"features": [{"properties": {}}]}, SHORES, {}, "id"),
        (cables() | {"crs": {"properties": {"name": "EPSG:3857"}}}, SHORES, {}, "not longitude and latitude"),
        (cables() | {"crs": 5}, SHORES, {}, "not longitude and latitude"),
        (cables() | {"crs": {"properties": {"name": "EPSG:99999999"}}}, SHORES, {}, "no coordinate system"),
    ],
)  # fmt: skip
def test_broken_cables_are_one_error(drawn, shores, options, part):
    with pytest.raises(LayerError, match=part):
        tm.read_submarine_cables(drawn, shores, **{"licence": "x", **options})


# CSV


NODES = "id,name,latitude,longitude\n007,Here,0,0\n08,There,0,1\n"


def write(folder: Path, nodes: str, links: str) -> tuple[Path, Path]:
    paths = folder / "nodes.csv", folder / "links.csv"
    for path, text in zip(paths, (nodes, links), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_two_csv_files_are_a_network(tmp_path):
    links = "from_id,to_id,Length_km,operator\n007,08,150,Co\n08,007,,Other\n"
    fibre, said = told(tm.read_fibre_csv, *write(tmp_path, NODES, links), licence="CC0")
    assert fibre.fibre_nodes.index.tolist() == ["007", "08"]
    assert fibre.fibre_routes["length"].tolist()[0] == 150.0
    assert fibre.fibre_routes["operator"].tolist() == ["Co", "Other"]
    assert set(fibre.fibre_routes["source"]) == {"links.csv"}
    assert len(said) == 1
    assert "unknown" in said[0]


def test_columns_under_other_names_are_named(tmp_path):
    """The form of the Japan Photonic Network Model: links by the nodes' names, three lengths."""
    links = "a,b,xlron_km,jpn_model_km,great_circle_km\nHere,There,225,150,111.3\n"
    paths = write(tmp_path, NODES, links)
    with pytest.raises(LayerError, match=r"columns=\{'length': 'xlron_km'\}"):
        tm.read_fibre_csv(*paths)
    fibre = tm.read_fibre_csv(*paths, columns={"fibre_node": "name", "length": "jpn_model_km"})
    assert fibre.fibre_routes.loc["Here-There", "length"] == 150.0
    assert fibre.fibre_routes["great_circle_km"].tolist() == [111.3]


@pytest.mark.parametrize(
    "ends", ["node0,node1", "source,target", "u,v", "from_id,to_id", "node_start,node_end", "A,B"]
)
def test_ends_under_every_name(tmp_path, ends):
    fibre = tm.read_fibre_csv(*write(tmp_path, NODES, f"{ends},km\n007,08,150\n"))
    assert fibre.fibre_routes[["node0", "node1", "length"]].to_numpy().tolist() == [["007", "08", 150.0]]


def test_lines_as_well_known_text_are_surveyed_when_said_to_be(tmp_path):
    links = 'u,v,length_m,geometry\n007,08,150000,"LINESTRING (0 0, 0.5 0.1, 1 0)"\n'
    fibre = tm.read_fibre_csv(*write(tmp_path, NODES, links), geometry_kind="surveyed")
    assert fibre.fibre_routes["geometry_kind"].tolist() == ["surveyed"]
    assert len(fibre.fibre_routes.geometry.iloc[0].coords) == 3


BROKEN_CSV: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "no id": ("nom,lat,lon\na,0,0\n", "u,v,km\na,a,1\n", {}, "Accepted names: fibre_node; id"),
    "no place": ("id\na\n", "u,v,km\na,a,1\n", {}, "longitude, latitude"),
    "no ends": (NODES, "x1,x2,km\n007,08,1\n", {}, "node_start, node_end"),
    "two ends": (NODES, "u,v,a,b,km\n007,08,007,08,150\n", {}, "could be u, v; a, b"),
    "unit": (NODES, "u,v,km\n007,08,150\n", {"length_unit": "yd"}, "km, m, mi, ft"),
    "kind": (NODES, "u,v,km\n007,08,150\n", {"geometry_kind": "drawn"}, "surveyed, schematic"),
    "column": (NODES, "u,v,km\n007,08,150\n", {"columns": {"length": "miles"}}, "'miles', which is not there"),
    "our column": (NODES, "u,v,km\n007,08,150\n", {"columns": {"lengthe": "km"}}, "Did you mean 'length'"),
    "half": (NODES, "u,v,km\n007,08,150\n", {"columns": {"node0": "u"}}, "named in part"),
    "row": (NODES, "u,v,km\n007,08,150,9,9\n", {}, "comma-separated"),
    "wkt": (NODES, "u,v,km,geometry\n007,08,150,LINE\n", {}, "well-known text"),
    "number": (NODES, "u,v,km\n007,08,far\n", {}, "not a number"),
    "degrees": ("id,x,y\n007,500000,4000000\n08,600000,4000000\n", "u,v,km\n007,08,150\n", {}, "not degrees"),
    "swapped": ("id,lon,lat\n007,35,139\n08,35,140\n", "u,v,km\n007,08,150\n", {}, "order is swapped"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_CSV)
def test_broken_csv_is_one_error(tmp_path, name):
    nodes, links, options, part = BROKEN_CSV[name]
    with pytest.raises(LayerError) as error:
        tm.read_fibre_csv(*write(tmp_path, nodes, links), **options)
    assert part in str(error.value)


# PeeringDB


def facilities(*rows: dict[str, Any]) -> dict[str, Any]:
    own = [
        {"id": 1, "name": "North", "country": "JP", "latitude": 35.7, "longitude": 139.7, "net_count": 90,
         "ix_count": 4, "status": "ok", "updated": "2024-05-06T07:08:09Z", "net_set": [3, 4]},
        {"id": 2, "name": "South", "country": "AU", "latitude": -33.9, "longitude": 151.2, "net_count": 10},
        {"id": 3, "name": "Gone", "country": "JP", "latitude": 35.7, "longitude": 139.7, "status": "deleted"},
    ]  # fmt: skip
    return {"meta": {}, "data": [*own, *rows]}


def test_facilities_are_hubs():
    hubs = tm.read_peeringdb(facilities(), weight="net_count", licence="AUP")
    assert hubs.index.tolist() == ["peeringdb-1", "peeringdb-2"]
    assert hubs["weight"].tolist() == [90.0, 10.0]
    assert hubs["kind"].tolist() == ["ix", "ix"]
    assert hubs["licence"].tolist() == ["AUP", "AUP"]
    assert hubs.loc["peeringdb-1", "source_date"] == "2024-05-06"
    assert hubs.loc["peeringdb-1", "net_set"] == "[3, 4]"
    assert (hubs.geometry.x.iloc[0], hubs.geometry.y.iloc[0]) == (139.7, 35.7)
    assert len(tm.read_peeringdb(facilities(), country="jp", kind="cloud", licence="AUP")) == 1


def test_facilities_without_a_place_are_a_fault_or_left_out_and_told():
    lost = facilities({"id": 4, "name": "Nowhere", "latitude": None, "longitude": None})
    with pytest.raises(LayerError, match=r"1 of 3.*peeringdb-4 \(Nowhere\).*drop_unplaced=True"):
        tm.read_peeringdb(lost, licence="AUP")
    hubs, said = told(tm.read_peeringdb, lost, licence="AUP", drop_unplaced=True)
    assert len(hubs) == 2
    assert "left out" in said[0]


def test_facilities_without_a_weight_are_told():
    hubs, said = told(tm.read_peeringdb, facilities(), weight="ix_count", licence="AUP")
    assert hubs["weight"].tolist() == [4.0, 0.0]
    assert "weigh 0" in said[0]


@pytest.mark.parametrize(
    ("value", "options", "part"),
    [
        ({"data": 1}, {}, "api/fac"),
        ({"data": [{"name": "x"}]}, {}, "id"),
        (facilities({"id": 1}), {}, "twice"),
        (facilities(), {"kind": "pop"}, "not one of"),
        (facilities(), {"weight": "size"}, "not one of"),
        (facilities(), {"country": "ZZ"}, "nowhere"),
        (facilities(), {"licence": ""}, "not stated"),
        (facilities({"id": 9, "latitude": 99, "longitude": 200}), {}, "degrees"),
    ],
)
def test_broken_facilities_are_one_error(value, options, part):
    with pytest.raises(LayerError, match=part):
        tm.read_peeringdb(value, **{"licence": "AUP", **options})


# Writing and reading back


IDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=6,
)


@st.composite
def fibres(draw: Any) -> dict[str, Any]:
    """Return tables of a network of some kilometres, with columns of the user's own."""
    ids = draw(st.lists(IDS, min_size=2, max_size=5, unique=True))
    places = [(float(number), draw(st.sampled_from([0.0, 0.25]))) for number in range(len(ids))]
    nodes = gpd.GeoDataFrame(
        {"name": draw(st.lists(IDS, min_size=len(ids), max_size=len(ids))), "racks": range(len(ids))},
        index=pd.Index(ids, name="fibre_node"),
        geometry=[shapely.Point(place) for place in places],
        crs="EPSG:4326",
    )
    ends = draw(st.lists(st.tuples(*[st.sampled_from(range(len(ids)))] * 2), min_size=1, max_size=6))
    lines = [
        shapely.LineString([places[one], (0.5, 0.5), places[other]]) if draw(st.booleans()) else None
        for one, other in ends
    ]
    count = len(ends)
    table = pd.DataFrame(
        {
            "node0": [ids[one] for one, _ in ends],
            "node1": [ids[other] for _, other in ends],
            "length": draw(
                st.lists(st.one_of(st.just(np.nan), st.floats(600, 900)), min_size=count, max_size=count)
            ),
            "geometry_kind": draw(
                st.lists(st.sampled_from(["surveyed", "schematic"]), min_size=count, max_size=count)
            ),
            "srlg": draw(st.lists(st.one_of(st.none(), st.just("x;y")), min_size=count, max_size=count)),
            "pairs": draw(st.lists(st.integers(0, 99), min_size=count, max_size=count)),
            "lit": draw(st.lists(st.booleans(), min_size=count, max_size=count)),
            "opened": pd.date_range("2020-01-01", periods=count),
        },
        index=pd.Index([f"r{number}" for number in range(count)], name="fibre_route"),
    )
    return {"fibre_nodes": nodes, "fibre_routes": gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")}


def assert_same(one: Any, other: Any) -> None:
    for name in ("fibre_nodes", "fibre_routes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
        assert getattr(other, name).crs == "EPSG:4326"


@given(fibres())
def test_fibre_is_read_back_as_it_was_written(tmp_path_factory, tables):
    folder = tmp_path_factory.mktemp("fibre")
    fibre, _ = told(tm.fibre_from_frames, tables)
    for name in ("fibre.gpkg", "fibre"):
        path = tm.write_fibre(fibre, folder / name)
        assert_same(fibre, told(tm.read_fibre, path)[0])


def test_the_same_fibre_gives_the_same_bytes_and_nothing_is_overwritten_unasked(tmp_path):
    line = shapely.LineString([(179.5, 0), (-179.5, 0)])
    fibre = tm.fibre_from_frames(frames(("a", "b", 150.0), ("west", "east", 120.0), lines=[None, line]))
    one, other = (tm.write_fibre(fibre, tmp_path / name) for name in ("one.gpkg", "other.gpkg"))
    assert one.read_bytes() == other.read_bytes()
    assert tm.read_fibre(one).fibre_routes.geometry.iloc[1].geom_type == "MultiLineString"
    with pytest.raises(FileExistsError):
        tm.write_fibre(fibre, one)
    tm.write_fibre(fibre, one, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.gpkg", "other.gpkg"]


def test_the_fibre_of_a_study_is_read_alone(tmp_path):
    study = tm.japan()
    study.write(tmp_path / "japan")
    fibre, said = told(tm.read_fibre, tmp_path / "japan")
    assert_same(study.tables.fibre, fibre)
    assert len(said) == 1


def test_an_invalid_fibre_is_not_written(tmp_path):
    tables = frames(("a", "b", 150.0))
    broken = tm.Fibre(tables["fibre_nodes"], tables["fibre_routes"].assign(node0="x"))
    with pytest.raises(LayerError):
        tm.write_fibre(broken, tmp_path / "fibre.gpkg")
    assert not list(tmp_path.iterdir())


def test_fibre_without_a_coordinate_system_says_so(tmp_path):
    tables = frames(("a", "b", 150.0))
    with pytest.raises(CRSError):
        tm.fibre_from_frames(
            {**tables, "fibre_nodes": tables["fibre_nodes"].set_crs(None, allow_override=True)}
        )


# What a referee found


def graph_with(*edges):
    nodes = [{"id": name, "lon": lon, "lat": 0.0} for name, lon in (("a", 0.0), ("b", 1.0), ("c", 0.5))]
    return {
        "nodes": nodes,
        "edges": [{"source": "a", "target": "b", "dist": 150.0, **edge} for edge in edges],
    }


def test_shared_risks_may_be_a_list():
    fibre = tm.read_node_link(graph_with({"srlg": ["strait", "x"]}, {"srlg": ["strait"], "dist": 160.0}))
    assert fibre.fibre_routes["srlg"].tolist() == ["strait;x", "strait"]
    row = tm.latency.disjoint_pairs(fibre, ["a"], ["b"], by="group").iloc[0]
    assert row["reason"] == "every path takes group 'strait'"


@pytest.mark.parametrize(
    "drawn",
    ["LINESTRING (0 0, 0.5 0.2, 1 0)", {"type": "LineString", "coordinates": [[0, 0], [0.5, 0.2], [1, 0]]}],
)
def test_edges_of_a_graph_may_be_drawn(drawn):
    fibre = tm.read_node_link(graph_with({"geometry": drawn}), geometry_kind="surveyed")
    assert shapely.get_coordinates(fibre.fibre_routes.geometry.iloc[0]).tolist() == [
        [0, 0],
        [0.5, 0.2],
        [1, 0],
    ]


@pytest.mark.parametrize("drawn", ["LINESTRING (0 0", {"type": "Line"}, 7])
def test_a_line_that_cannot_be_read_is_told(drawn):
    with pytest.raises(LayerError, match=r"geometry.*'a-b'"):
        tm.read_node_link(graph_with({"geometry": drawn}))


def test_rows_of_two_names_are_refused():
    nodes = gpd.GeoDataFrame(
        index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
        geometry=gpd.points_from_xy([0, 1], [0, 0]),
        crs=4326,
    )
    with pytest.raises(LayerError, match="more than one level"):
        tm.fibre_from_frames({"fibre_nodes": nodes})


def test_long_numbers_stay_names(tmp_path):
    nodes = "id,lon,lat\n9007199254740993,0,0\n9007199254740995,1,0\n"
    links = "source,target,length\n9007199254740993,9007199254740995,150\n"
    fibre = tm.read_fibre_csv(*write(tmp_path, nodes, links))
    assert fibre.fibre_nodes.index.tolist() == ["9007199254740993", "9007199254740995"]
