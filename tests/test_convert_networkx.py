"""Fibre as graphs of networkx: there and back, and graphs of others."""

from __future__ import annotations

import copy
import subprocess
import sys
import warnings
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given

import three_mismatches as tm
from test_fibre_inputs import DEGREE_KM, assert_same, fibres, frames, told
from three_mismatches.errors import LayerError


def test_nodes_routes_and_lengths_are_there():
    rows = (("a", "b", 150.0), ("a", "b", 160.0), ("b", "c", 100.0), ("c", "c", np.nan))
    fibre, _ = told(tm.fibre_from_frames, frames(*rows))
    graph = tm.to_networkx(fibre)
    assert isinstance(graph, nx.MultiGraph)
    assert set(graph) == set(fibre.fibre_nodes.index)
    assert graph.edges["a", "b", "r1"]["length"] == 160.0
    assert graph.edges["c", "c", "r3"]["length"] is None
    assert graph.nodes["b"]["pos"] == (graph.nodes["b"]["lon"], graph.nodes["b"]["lat"])
    assert graph.graph["crs"] == "EPSG:4326"
    km = nx.shortest_path_length(graph, "a", "c", weight="route_km")
    assert km == pytest.approx(150.0 + DEGREE_KM)  # the 100 km are less than the straight line


@given(fibres())
def test_networkx_and_back_is_the_same_fibre(tables):
    fibre, _ = told(tm.fibre_from_frames, tables)
    graph = tm.to_networkx(fibre)
    again, _ = told(tm.from_networkx, graph)
    assert_same(fibre, again)


def test_the_embedded_japan_goes_there_and_back():
    fibre = tm.japan().tables.fibre
    again, _ = told(tm.from_networkx, tm.to_networkx(fibre))
    assert_same(fibre, again)


def test_what_is_taken_out_of_the_graph_is_gone_from_the_fibre():
    fibre = tm.fibre_from_frames(frames(("a", "b", 150.0), ("b", "c", 150.0)))
    graph = tm.to_networkx(fibre)
    graph.remove_node("c")
    assert tm.from_networkx(graph).fibre_routes.index.tolist() == ["r0"]


def osmnx_like() -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph(crs="epsg:4326")
    graph.add_node(101, x=0.0, y=0.0)
    graph.add_node(102, x=1.0, y=0.0)
    line = shapely.LineString([(0, 0), (0.5, 0.1), (1, 0)])
    graph.add_edge(101, 102, osmid=7, length=120_000.0, geometry=line, oneway=False)
    graph.add_edge(102, 101, osmid=7, length=120_000.0, geometry=line.reverse(), oneway=False)
    return graph


def test_a_graph_of_osmnx_asks_for_its_unit_and_keeps_its_lines():
    graph = osmnx_like()
    before = copy.deepcopy(dict(graph.edges))
    with pytest.raises(LayerError, match='length_unit="m"'):
        tm.from_networkx(graph)
    fibre = tm.from_networkx(graph, length_unit="m", geometry_kind="surveyed", licence="ODbL 1.0")
    assert dict(graph.edges) == before
    route = fibre.fibre_routes.loc["101-102"]
    assert (route["length"], route["geometry_kind"], route["osmid"]) == (120.0, "surveyed", 7)
    assert len(route.geometry.coords) == 3
    assert len(fibre.fibre_routes) == 1


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph])
def test_plain_graphs_are_read(kind):
    graph = kind(name="toy")
    graph.add_node(("a", 1), lon=0.0, lat=0.0, u="kept")
    graph.add_node("b", lon=1.0, lat=0.0)
    graph.add_edge(("a", 1), "b", dist=150.0, source="a survey")
    fibre = tm.from_networkx(graph)
    assert fibre.fibre_nodes.index.tolist() == ['["a", 1]', "b"]
    assert fibre.fibre_nodes["u"].tolist()[0] == "kept"
    assert fibre.fibre_routes["length"].tolist() == [150.0]
    assert fibre.fibre_routes["source"].tolist() == ["a survey"]


def broken(**node: Any) -> nx.Graph:
    graph = nx.Graph()
    graph.add_node(1, **node)
    return graph


@pytest.mark.parametrize(
    ("graph", "part"),
    [(5, "graph of networkx"), (None, "graph of networkx"), (pd.DataFrame(), "graph of networkx"),
     (nx.Graph(), "there are none"), (broken(), "longitude"), (broken(lon=0.0), "longitude"),
     (broken(x=500_000.0, y=4e6), "not degrees")],
)  # fmt: skip
def test_what_is_no_such_graph_is_one_error(graph, part):
    with pytest.raises(LayerError, match=part), warnings.catch_warnings():
        tm.from_networkx(graph)


def test_networkx_is_loaded_when_it_is_asked_for():
    code = "import sys, three_mismatches as tm; tm.to_networkx, tm.read_node_link; print('networkx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
