"""What fails together: routes through one hazard zone, and cables that land at one place."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches import geodesy
from three_mismatches.errors import CRSError, Fault, LayerError
from three_mismatches.layers import Fibre
from three_mismatches.layers.geometry import is_lonlat

__all__ = ["with_risk_groups"]

FULL_TURN = 360.0


def with_risk_groups(
    fibre: Fibre, *, hazards: gpd.GeoDataFrame | None = None, landings: bool = False
) -> Fibre:
    """
    Return the fibre with more shared-risk groups beside those that its routes name.

    Parameters
    ----------
    fibre
        The network.
    hazards
        Polygons in EPSG:4326, indexed by hazard: routes that meet one share the group `hazard:` with its id (";" in it
        becomes ","). A route
        without a line of its own is taken as the chord of its nodes.
    landings
        Whether submarine routes that end at one node share the group `landing:` with its id.

    Returns
    -------
    fibre
        A new one; `srlg` of its routes is extended, in alphabetical order, without repeats.

    Raises
    ------
    CRSError
        If the hazards are not in EPSG:4326.
    LayerError
        If a hazard is no polygon.

    Notes
    -----
    Whether a route meets a hazard is asked on the map as it is drawn: for a sketch, that of chords.
    """
    routes = fibre.fibre_routes
    named = [_named(routes)]
    if landings:
        named += [_landing(routes, end) for end in ("node0", "node1")]
    if hazards is not None:
        named += [_met(fibre, hazards)]
    joined = ["".join(f"{name};" for name in names if name) for names in zip(*named, strict=True)]
    groups = [";".join(sorted({name.strip() for name in text.split(";")} - {""})) for text in joined]
    srlg = pd.Series(groups, index=routes.index, dtype=object).replace("", None)
    return Fibre(fibre.fibre_nodes, routes.assign(srlg=srlg.astype(object)))


def _named(routes: gpd.GeoDataFrame) -> list[str]:
    """Return the groups that the routes name themselves."""
    return list(routes["srlg"].fillna("").astype(str)) if "srlg" in routes else [""] * len(routes)


def _landing(routes: gpd.GeoDataFrame, end: str) -> list[str]:
    """Return the landing group of one end of each submarine route."""
    wet = (
        routes["medium"].eq("submarine") if "medium" in routes else pd.Series(data=False, index=routes.index)
    )
    return [f"landing:{node}" if is_wet else "" for node, is_wet in zip(routes[end], wet, strict=True)]


def _met(fibre: Fibre, hazards: gpd.GeoDataFrame) -> list[str]:
    """Return the hazards that each route meets."""
    if not is_lonlat(hazards.crs):
        cure = "Call to_crs(4326) on it, or set_crs(4326) if these are longitudes and latitudes"
        raise CRSError([Fault("hazards", "crs", "is not EPSG:4326", cure)])
    flat = shapely.get_dimensions(hazards.geometry.to_numpy()) != 2
    if flat.any():
        rows = tuple(map(str, hazards.index[flat]))
        raise LayerError(
            [Fault("hazards", "geometry", "is no polygon", "Drop it, or draw it as an area", rows)]
        )
    lines = gpd.GeoSeries(_lines(fibre))
    names: list[set[str]] = [set() for _ in range(len(lines))]
    # A zone may be drawn across the antimeridian, with longitudes beyond 180.
    for turn in (-FULL_TURN, 0.0, FULL_TURN):
        at, which = hazards.translate(xoff=turn).sindex.query(lines, predicate="intersects")
        for row, hazard in zip(at, which, strict=True):
            names[row].add("hazard:" + str(hazards.index[hazard]).replace(";", ","))
    return [";".join(sorted(each)) for each in names]


def _lines(fibre: Fibre) -> NDArray[np.object_]:
    """Return each route's own line, else the chord of its nodes, in parts across the antimeridian."""
    routes, nodes = fibre.fibre_routes, fibre.fibre_nodes.geometry
    ends = [nodes.loc[routes[end]] for end in ("node0", "node1")]
    vertices = np.stack([np.stack([end.x, end.y], axis=1) for end in ends], axis=1)
    own = routes.geometry
    known = (own.notna() & ~own.is_empty).to_numpy(bool)
    chords = np.array([shapely.LineString(pair) for pair in vertices], dtype=object)
    return geodesy.split_at_antimeridian(np.where(known, own.to_numpy(object), chords))
