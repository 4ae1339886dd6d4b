"""The ground under the triangle: how far two places are, in km or in ms, and which places it joins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches.errors import Fault, NetworkError
from three_mismatches.geodesy import distance_km
from three_mismatches.latency.light import Light, timed_graph
from three_mismatches.latency.paths import attach_points
from three_mismatches.latency.round_trip import Trip, trip_ms
from three_mismatches.layers import Fibre
from three_mismatches.network import FibreGraph, fibre_graph

__all__ = ["GROUNDS", "Ground", "ground_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUNDS = {"geodesic": "km", "network_km": "km", "network_ms": "ms"}
"""Ground metrics and their units."""


DIGITS = 9
"""Ways of one length over a network are equal to a micrometre: rounding must not choose between plans."""


class Ground(Protocol):
    """A metric on some points, and the part of the ground that each lies on: nothing joins two parts."""

    @property
    def part(self) -> Ints:
        """Number of the part, shape (points)."""

    def between(self, sources: Ints, targets: Ints) -> Floats:
        """Return how far each source is from each target, by position; shape (sources, targets)."""


def ground_of(kind: str, fibre: Fibre, points: pd.DataFrame, values: Mapping[str, float]) -> Ground:
    """
    Return the ground under some points.

    Parameters
    ----------
    kind
        Of `GROUNDS`.
    fibre
        The network, for those that run over it.
    points
        With lon, lat [degrees] and node.
    values
        Value of every assumption.

    Raises
    ------
    NetworkError
        If the ground needs fibre and there is none.
    """
    lon, lat = points["lon"].to_numpy(float), points["lat"].to_numpy(float)
    if kind == "geodesic":
        return _Geodesic(lon, lat, np.zeros(len(points), dtype=np.int64))
    if fibre.fibre_nodes.empty:
        cure = 'Add the fibre, or ask for ground="geodesic"'
        raise NetworkError([Fault("fibre_nodes", "table", f"has no rows, and {kind} runs over fibre", cure)])
    return _network(kind, fibre, points, values)


@dataclass(frozen=True, eq=False)
class _Geodesic:
    lon: Floats
    lat: Floats
    part: Ints

    def between(self, sources: Ints, targets: Ints) -> Floats:
        ends = (
            self.lon[sources, None],
            self.lat[sources, None],
            self.lon[None, targets],
            self.lat[None, targets],
        )
        return np.asarray(distance_km(*ends))


@dataclass(frozen=True, eq=False)
class _Network:
    """The way along the fibre and to it; 0 between points in one place that meet it in one place."""

    asked: Trip
    geodesic: _Geodesic
    place: Ints
    part: Ints
    per_ms: float

    def between(self, sources: Ints, targets: Ints) -> Floats:
        every = self.asked
        here = Trip(
            every.timed, every.sources.iloc[sources], every.targets.iloc[targets], every.sources_at.part(sources),
            every.targets_at.part(targets), None, None, every.lines,
        )  # fmt: skip
        # Only rounding is cut off here, as `latency.rtt` does.
        floor = every.timed.light.glass_ms(self.geodesic.between(sources, targets))
        far = np.round(np.maximum(trip_ms(here), floor) * self.per_ms, DIGITS)
        return np.where(self.place[sources, None] == self.place[None, targets], 0.0, far)


def _network(kind: str, fibre: Fibre, points: pd.DataFrame, values: Mapping[str, float]) -> _Network:
    light = _light(kind, values)
    graph = fibre_graph(fibre)
    where = gpd.points_from_xy(points["lon"], points["lat"], crs="EPSG:4326")
    table = gpd.GeoDataFrame({"node": points["node"]}, index=points.index, geometry=where)
    at = attach_points(fibre, graph, table)
    keys = pd.DataFrame({"lon": points["lon"], "lat": points["lat"], "at": at.ids, "share": at.share})
    place = keys.groupby(list(keys), sort=False).ngroup().to_numpy().astype(np.int64)
    asked = Trip(timed_graph(graph, light), table, table, at, at, None, None, fibre.fibre_routes.geometry)
    flat = _Geodesic(points["lon"].to_numpy(float), points["lat"].to_numpy(float), place)
    per_ms = 1.0 / float(light.glass_ms(np.ones(1))[0]) if kind == "network_km" else 1.0
    return _Network(asked, flat, place, _parts(graph)[at.door[:, 0]], per_ms)


def _light(kind: str, values: Mapping[str, float]) -> Light:
    """Return the study's light; for km bare glass without detours, whose round trips are km in other words."""
    if kind == "network_km":
        return Light(route_factor=1.0, cable_slack=1.0, bare=True, uniform=True)
    return Light(
        route_factor=values["route_factor"],
        cable_slack=min(values["cable_slack"], values["route_factor"]),
        equipment_ms=values["equipment_ms"],
        refractive_index=values["refractive_index"],
    )


def _parts(graph: FibreGraph) -> Ints:
    """Return the connected part of the fibre that each node lies in."""
    size = len(graph.nodes)
    joined = coo_array((np.ones(graph.node0.size), (graph.node0, graph.node1)), shape=(size, size))
    return connected_components(joined, directed=False)[1].astype(np.int64)
