"""
Round trips by another way: networkx over a graph in which the points are built in, and everything lost is left out.

And networks that are nastier than life: points that share a route, nodes in one place, cross-connects of 0 km, parallel
routes, loops, parts that nothing joins, routes and nodes that state their own figures, routes drawn backwards.
"""

from itertools import combinations, pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from shapely.geometry import LineString, Point

from fibres import MS_PER_KM
from three_mismatches import geodesy
from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.layers import Fibre
from three_mismatches.match import to_fibre

HERE = ([135.0, 33.0], [137.0, 35.0])


def nasty_fibre(seed, *, nodes=7, extra=5, groups=3):
    rng = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(nodes)]
    place = {name: tuple(rng.uniform(*HERE)) for name in names}
    ends = [(int(rng.integers(0, i)), i) for i in range(1, nodes)]
    if rng.random() < 0.5:
        place["n1"] = place["n0"]
        ends.append((0, 1))
    if rng.random() < 0.4:
        ends.pop(int(rng.integers(0, nodes - 1)))
    ends += [tuple(map(int, rng.integers(0, nodes, 2))) for _ in range(extra)] + [ends[0]]
    rows = [_route(rng, names[i], names[j], place, groups) for i, j in ends]
    index = [f"r{number:02}" for number in range(len(rows))]
    routes = gpd.GeoDataFrame(rows, index=index, geometry="geometry", crs=4326)
    stated = [rng.uniform(0, 0.5) if rng.random() < 0.5 else np.nan for _ in names]
    shapes = [Point(place[name]) for name in names]
    table = gpd.GeoDataFrame({"equipment_ms": stated}, index=names, geometry=shapes, crs=4326)
    return Fibre(table.iloc[rng.permutation(nodes)], routes.iloc[rng.permutation(len(rows))])


def _route(rng, node0, node1, place, groups):
    bends = [tuple(rng.uniform(*HERE)) for _ in range(rng.integers(0, 3))]
    vertices = [place[node0], *bends, place[node1]]
    line = LineString(vertices) if len(set(vertices)) > 1 and rng.random() < 0.85 else None
    if rng.random() < 0.5:
        node0, node1 = node1, node0
    chord = float(geodesy.distance_km(*place[node0], *place[node1]))
    built = (
        0.0 if chord < 1 else rng.choice([chord * 1.2, chord * rng.uniform(0.8, 3.0) + rng.uniform(0, 50)])
    )
    return {
        "node0": node0,
        "node1": node1,
        "length": np.nan if rng.random() < 0.3 else float(built),
        "geometry_kind": str(rng.choice(["schematic", "surveyed"], p=[0.35, 0.65])),
        "status": "planned" if rng.random() < 0.1 else "operating",
        "srlg": ";".join({f"g{g}" for g in rng.integers(0, groups, 2)}) if rng.random() < 0.5 else None,
        "route_factor": rng.uniform(1, 2) if rng.random() < 0.3 else np.nan,
        "geometry": line,
    }


def nasty_points(fibre, seed, count, letter):
    """Return points near surveyed routes, most of them near one, at nodes that they name, and anywhere."""
    rng = np.random.default_rng(seed)
    routes = fibre.fibre_routes.sort_index()
    lines = routes.geometry[
        (routes["geometry_kind"] == "surveyed") & (routes["status"] == "operating")
    ].dropna()
    rows = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.6 and len(lines):
            line = lines.iloc[0] if rng.random() < 0.7 else lines.iloc[int(rng.integers(len(lines)))]
            foot = line.interpolate(rng.random(), normalized=True)
            rows.append((None, Point(foot.x + rng.normal() * 1e-3, foot.y + rng.normal() * 1e-3)))
        else:
            node = str(rng.choice(sorted(fibre.fibre_nodes.index))) if kind < 0.8 else None
            rows.append((node, Point(rng.uniform(*HERE))))
    index = [f"{letter}{number}" for number in range(count)]
    nodes, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"node": pd.Series(nodes, index, dtype=object)}, geometry=list(shapes), index=index, crs=4326
    )


class Oracle:
    """Round trips between the points of some tables; `equipment` as ms for nodes that state none."""

    def __init__(self, fibre, *tables, route_factor=None, equipment=None):
        factor = ASSUMPTIONS["route_factor"].value if route_factor is None else route_factor
        slack = min(ASSUMPTIONS["cable_slack"].value, factor)
        stated = fibre.fibre_nodes["equipment_ms"]
        self.node_ms = (
            dict.fromkeys(stated.index, 0.0)
            if equipment is False
            else stated.fillna(equipment or 0.0).to_dict()
        )
        self.place = {name: (point.x, point.y) for name, point in fibre.fibre_nodes.geometry.items()}
        self.routes = fibre.fibre_routes[fibre.fibre_routes["status"] == "operating"].sort_index()
        self.km, self.factor = {}, {}
        for route in self.routes.itertuples():
            drawn = np.nan if route.geometry is None else float(geodesy.length_km([route.geometry])[0])
            chord = float(geodesy.distance_km(*self.place[route.node0], *self.place[route.node1]))
            self.km[route.Index] = np.nanmax([drawn if np.isnan(route.length) else route.length, chord])
            own = np.nan if route_factor is not None else route.route_factor
            assumed = factor if route.geometry_kind == "schematic" else slack
            self.factor[route.Index] = assumed if np.isnan(own) else own
        self.groups = (
            self.routes["srlg"].fillna("").str.split(";").map(lambda names: set(names) - {""}).to_dict()
        )
        self.at, self.access_ms = {}, {}
        for table in tables:
            self._attach(fibre, table, factor)

    def _attach(self, fibre, table, factor):
        """Note where each point joins the fibre: a node, or a route, how far along, and where."""
        joints = to_fibre(table[table["node"].isna()], fibre)
        for name, row in table.iterrows():
            if isinstance(row["node"], str):
                km = float(geodesy.distance_km(row.geometry.x, row.geometry.y, *self.place[row["node"]]))
                self.at[name] = (row["node"], None, None)
            else:
                joint = joints.loc[name]
                km, on_route = joint["build_km"], joint["kind"] == "route"
                self.at[name] = (
                    (joint["fibre_route"], joint["along_share"], (joint["lon"], joint["lat"]))
                    if on_route
                    else (joint["fibre_node"], None, None)
                )
            self.access_ms[name] = km * factor * MS_PER_KM

    def pieces(self, points, *, lost=(), node=None, cut=(None, 0.0)):
        """Yield (end, end, ms, route) of what is left of every route between its nodes and those points on it."""
        for route in self.routes.itertuples():
            if route.Index in lost:
                continue
            own = {
                p: self.at[p] for p in points if self.at[p][0] == route.Index and self.at[p][1] is not None
            }
            marks = [(0.0, route.node0, self.place[route.node0])]
            marks += [(share, ("point", p), place) for p, (_, share, place) in own.items()]
            marks += [(1.0, route.node1, self.place[route.node1])]
            for (share0, end0, place0), (share1, end1, place1) in combinations(marks, 2):
                low, high = sorted((share0, share1))
                if node in (end0, end1) or (cut[0] == route.Index and low < cut[1] < high):
                    continue
                km = (high - low) * self.km[route.Index]
                straight = float(geodesy.distance_km(*place0, *place1))
                yield end0, end1, max(km, straight) * self.factor[route.Index] * MS_PER_KM, route.Index

    def graph(self, points, **without):
        """Return the directed graph in which each arc brings the equipment of the node that it enters."""
        graph = nx.DiGraph()
        for end0, end1, ms, _ in self.pieces(points, **without):
            for tail, head in ((end0, end1), (end1, end0)):
                through = ms + self.node_ms.get(head, 0.0)
                if through < graph.get_edge_data(tail, head, {"weight": np.inf})["weight"]:
                    graph.add_edge(tail, head, weight=through)
        graph.add_nodes_from(name for name in self.place if name != without.get("node"))
        return graph

    def rtt(self, source, target, *, via=None, **without):
        """Return the round trip between two points, by way of one of some others, without what is lost. [ms]"""
        if via is not None:
            passed = [0.0 if self.at[stop][1] is not None else self.node_ms[self.at[stop][0]] for stop in via]
            ways = [self.rtt(source, stop, **without) + self.rtt(stop, target, **without) for stop in via]
            return min(way - once for way, once in zip(ways, passed, strict=True))
        ends = [self.at[p][0] if self.at[p][1] is None else ("point", p) for p in (source, target)]
        access = self.access_ms[source] + self.access_ms[target]
        graph = self.graph({source, target}, **without)
        try:
            far = nx.dijkstra_path_length(graph, *ends) if ends[0] != ends[1] else 0.0
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return np.inf
        return access + far + self.node_ms.get(ends[0], 0.0)

    def worst(self, source, target, *, via=None):
        """Return the round trip after the worst loss of each kind. [ms]"""
        points = [source, target, *(via or [])]
        own = {self.at[p][0] for p in (source, target) if self.at[p][1] is None}
        cuts = []
        for route in self.routes.index:
            shares = sorted(
                {0.0, 1.0}
                | {self.at[p][1] for p in points if self.at[p][0] == route and self.at[p][1] is not None}
            )
            cuts += [{"cut": (route, (low + high) / 2)} for low, high in pairwise(shares)]
        losses = {
            "route": cuts,
            "node": [{"node": node} for node in self.place if node not in own],
            "group": [
                {"lost": {route for route, names in self.groups.items() if name in names}}
                for name in set().union(*self.groups.values())
            ],
        }
        whole = self.rtt(source, target, via=via)
        return {
            kind: max([whole, *(self.rtt(source, target, via=via, **loss) for loss in each)])
            for kind, each in losses.items()
        }
