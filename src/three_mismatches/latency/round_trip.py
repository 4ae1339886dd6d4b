"""Round-trip times between points along the fibre."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.latency.light import Light
from three_mismatches.latency.paths import attach_points, distance_matrix, grow_trees, least_paths
from three_mismatches.layers import Fibre
from three_mismatches.network import fibre_graph

__all__ = ["rtt"]


def rtt(
    fibre: Fibre,
    sources: gpd.GeoDataFrame,
    targets: gpd.GeoDataFrame,
    *,
    route_factor: float = ASSUMPTIONS["route_factor"].value,
    cable_slack: float = ASSUMPTIONS["cable_slack"].value,
    equipment_ms: float = ASSUMPTIONS["equipment_ms"].value,
) -> pd.DataFrame:
    r"""
    Return the least round-trip time between points along the operating fibre.

    Parameters
    ----------
    fibre
        The network; points meet it where `match.to_fibre` says.
    sources, targets
        Points; where a row's `node` names a fibre node, it meets the fibre there.
    route_factor
        Built over modelled length of schematic routes and of the ways between points and fibre, >= 1. [-]
    cable_slack
        Fibre over built length of surveyed routes, >= 1. [-]
    equipment_ms
        Round-trip time added by each fibre node on the path, both ends included, >= 0. [ms]

    Returns
    -------
    rtt
        One row for each source, one column for each target; inf where no fibre joins them. [ms]

    Raises
    ------
    ValueError
        If a factor is below 1 or `equipment_ms` below 0.
    NetworkError
        If the fibre is no network, or a `node` is not in it.

    Notes
    -----
    Each leg is at least as long as its geodesic, so light in glass along the geodesic `d` is a floor:

    .. math:: t = \frac{2 n}{c} \sum_e f_e L_e + k\, t_{node} \ge \frac{2 n d}{c}
    """
    light = Light(route_factor=route_factor, cable_slack=cable_slack, equipment_ms=equipment_ms)
    graph = fibre_graph(fibre)
    rows, columns = (attach_points(fibre, graph, points) for points in (sources, targets))
    # A tree is grown for each node at which the smaller side meets the fibre.
    swap = len(rows) < len(columns)
    many, few = (columns, rows) if swap else (rows, columns)
    ms = least_paths(graph, light, grow_trees(graph, light, few, many), sources=many, targets=few).ms
    # Only rounding is cut off here: every leg is at least its geodesic already.
    floor = light.glass_ms(distance_matrix(sources, targets))
    return pd.DataFrame(np.maximum(ms.T if swap else ms, floor), index=sources.index, columns=targets.index)
