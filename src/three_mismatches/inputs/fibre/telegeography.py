"""Submarine cables and landing points in the GeoJSON of TeleGeography's Submarine Cable Map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.assumptions import SUBMARINE_ROUTE_FACTOR
from three_mismatches.errors import Fault, LayerError
from three_mismatches.geodesy import length_km, split_at_antimeridian, wrap_longitude
from three_mismatches.inputs.fibre._cables import Landings, Section, sections_of
from three_mismatches.inputs.fibre._json import Source, fault, features_of, geometry_from, read_json
from three_mismatches.inputs.fibre._tables import as_label, plain_value
from three_mismatches.layers.checks import examined_fibre, tell
from three_mismatches.layers.geometry import LONLAT
from three_mismatches.layers.references import nearest
from three_mismatches.layers.tables import Fibre

__all__ = ["read_submarine_cables"]

Floats = NDArray[np.float64]
CABLES = "GeoJSON of cables, a (Multi)LineString each, with the properties id and name"
LANDINGS = "GeoJSON of landing points, a Point each, with the properties id and name"
FULL_TURN = 360.0


def read_submarine_cables(
    cables: Source,
    landing_points: Source,
    *,
    licence: str,
    source: str = "TeleGeography, Submarine Cable Map",
    planned: Collection[str] | None = None,
    route_factor: float = SUBMARINE_ROUTE_FACTOR,
    cable_is_one_risk: bool = False,
    landing_km: float = 5.0,
    join_km: float = 0.5,
) -> Fibre:
    """
    Return the network that drawn submarine cables make with their landing points.

    This library ships no such data. TeleGeography's was published under CC BY-NC-SA 3.0 [1]_; later versions may have
    other terms. State those of your copy: they go into every row.

    Parameters
    ----------
    cables
        GeoJSON of cables, as version 3 of the map's API has it: (Multi)LineStrings with `id`, `name`, `color`. Several
        features of one `id` are one cable. A path, or what the file holds, which is not changed.
    landing_points
        GeoJSON of landing points: Points with `id` and `name`.
    licence
        Licence of the copy that is read.
    source
        Where it is from.
    planned
        Ids of cables that are planned, `()` for none. The file does not say; without it all are taken as operating.
    route_factor
        Built over drawn length of the cables, >= 1; it goes into every route, so that a route factor of sketches on
        land does not touch them. [-]
    cable_is_one_risk
        Whether all sections of a cable share a risk group, "cable:<id>" in `srlg`. They do not by default: a cut takes
        one section, and the two sides of a ring are built to fail apart. A landing point is a node, so that its loss is
        the loss of a node and needs no group.
    landing_km
        How far from a landing point the end of a piece still lands there. [km]
    join_km
        How far apart ends and vertices of one cable are one place; how near a cable passes a landing point to call
        there. [km]

    Returns
    -------
    fibre
        Landing points by their `id`, and "<cable>~1" and so on where three pieces meet (branching units) or one ends
        nowhere. A route, "<cable>:1" and so on, is what lies between two nodes, however many pieces it was drawn in; at
        the antimeridian pieces are joined. Lines are extended to their nodes. `length` is the geodesic along the line,
        `medium` submarine, `geometry_kind` schematic: the map is stylised, so that sites join at nodes only.

    Raises
    ------
    LayerError
        With what is wrong with either file.

    Warns
    -----
    AssumptionWarning
        How many landing points no cable reaches, how many pieces end nowhere, that `planned` is not known.

    Notes
    -----
    On the map of November 2022 (526 cables), 98.7 % of the ends of pieces lie within 5 km of a landing point or of a
    vertex of another piece of their cable; such a vertex is within 0.1 km for 34.2 % of them, within 1 km for 34.3 %:
    `join_km` hardly matters. The stated length of 494 cables is 1.06 times the drawn one in the median (half of
    them 1.00 to 1.13).

    References
    ----------
    .. [1] github.com/telegeography/www.submarinecablemap.com, README and `api/v3`.

    Examples
    --------
    >>> fibre = read_submarine_cables("cable-geo.json", "landing-point-geo.json",
    ...                               licence="CC BY-NC-SA 3.0")  # doctest: +SKIP
    """
    _require(licence, route_factor, landing_km, join_km)
    lines, where = _lines(cables)
    points = _points(landing_points)
    landings = Landings(_lonlat(points.geometry), landing_km, join_km)
    drawn = {cable: sections_of(one["pieces"], landings) for cable, one in lines.items()}
    nodes, names = _node_table(points, drawn)
    routes = _route_table(lines, drawn, nodes, names)
    _set_status(routes, planned, where)
    routes["route_factor"] = float(route_factor)
    if cable_is_one_risk:
        routes["srlg"] = "cable:" + routes["cable"].str.replace(";", ",")
    told = {"source": source, "licence": licence}
    fibre, notes = examined_fibre(
        {"fibre_nodes": nodes.assign(**told), "fibre_routes": routes.assign(**told)}
    )
    tell(_told(fibre, points.index, planned) + notes, stacklevel=3)
    return fibre


def _require(licence: object, route_factor: float, landing_km: float, join_km: float) -> None:
    faults = []
    if not 1.0 <= route_factor < np.inf:
        faults.append(Fault("read_submarine_cables", "route_factor", f"is {route_factor!r}", "Give one >= 1"))
    if not isinstance(licence, str) or not licence.strip():
        cure = 'State that of your copy, such as "CC BY-NC-SA 3.0"'
        faults.append(Fault("read_submarine_cables", "licence", "is not stated", cure))
    for name, km in (("landing_km", landing_km), ("join_km", join_km)):
        if not 0.0 <= km <= landing_km + 100.0:
            faults.append(Fault("read_submarine_cables", name, f"is {km!r}", "Give a tolerance in km"))
    if faults:
        raise LayerError(faults)


def _features(source: Source, what: str) -> tuple[list[tuple[str, dict[str, Any], Any]], str]:
    """Return id, properties and shape of each feature, and the name of the file."""
    value, where = read_json(source, what)
    found = []
    for number, feature in enumerate(features_of(value, where)):
        own = dict(feature.get("properties") or {})
        label = as_label(own.pop("id", None))
        if label is None:
            raise fault(where, "id", "missing", f"Give {what}", rows=(f"feature {number}",))
        shape = geometry_from(feature.get("geometry"), where, label)
        if shape is None or shape.is_empty:
            raise fault(where, "geometry", "missing", "Draw it, or drop the feature", rows=(label,))
        kinds = ("Point",) if what is LANDINGS else ("LineString", "MultiLineString")
        if shape.geom_type not in kinds:
            raise fault(where, "geometry", f"is a {shape.geom_type}", f"Give {what}", rows=(label,))
        found.append(
            (label, own, shapely.transform(shape, _turned) if _in_degrees(shape, where, label) else shape)
        )
    return found, where


def _in_degrees(shape: Any, where: str, label: str) -> bool:  # noqa: ANN401 - a shape
    """Return True, or raise if a coordinate is no longitude or latitude."""
    lonlat = shapely.get_coordinates(shape)
    if (
        np.isfinite(lonlat).all()
        and (np.abs(lonlat[:, 1]) <= 90.0).all()
        and (np.abs(lonlat[:, 0]) <= FULL_TURN).all()
    ):
        return True
    cure = "Give longitudes and latitudes, in this order"
    raise fault(where, "geometry", "has coordinates that are no degrees", cure, rows=(label,))


def _turned(lonlat: Floats) -> Floats:
    return np.stack([wrap_longitude(lonlat[:, 0]), lonlat[:, 1]], axis=-1)


def _lines(cables: Source) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the pieces and the properties of each cable, by id."""
    found: dict[str, dict[str, Any]] = {}
    features, where = _features(cables, CABLES)
    for label, own, shape in features:
        cable = found.setdefault(label, {"pieces": [], "about": {}})
        cable["pieces"] += [shapely.get_coordinates(part) for part in shapely.get_parts(shape)]
        dropped = ("coordinates", "feature_id")  # where the map writes the label, and which feature it is
        cable["about"] |= {key: plain_value(one) for key, one in own.items() if key not in dropped}
    return dict(sorted(found.items())), where


def _points(landing_points: Source) -> gpd.GeoDataFrame:
    features, where = _features(landing_points, LANDINGS)
    ids = [label for label, _, _ in features]
    twice = pd.Series(ids, dtype=object).duplicated().to_numpy()
    if twice.any():
        rows = tuple(np.array(ids, dtype=object)[twice])
        raise fault(where, "id", "is given twice", "Name each landing point differently", rows=rows)
    own = [
        {key: plain_value(one) for key, one in about.items() if key != "geometry"} for _, about, _ in features
    ]
    index = pd.Index(ids, name="fibre_node", dtype=object)
    table = pd.DataFrame(own, index=index).assign(kind="landing")
    return gpd.GeoDataFrame(table, geometry=[shape for _, _, shape in features], crs=LONLAT)


def _lonlat(points: gpd.GeoSeries) -> Floats:
    return np.asarray(shapely.get_coordinates(points.to_numpy()), dtype=np.float64).reshape(-1, 2)


Drawn: TypeAlias = Mapping[str, tuple[Sequence[Section], Floats]]
"""Sections and places of junctions, by cable."""
Names: TypeAlias = Mapping[tuple[str, int], str]
"""Nodes by cable and end of section."""


def _node_table(points: gpd.GeoDataFrame, drawn: Drawn) -> tuple[gpd.GeoDataFrame, Names]:
    """Return landing points and the junctions at which sections meet or end, and the name of each end."""
    names = {(cable, number): one for number, one in enumerate(points.index) for cable in drawn}
    rows, places = {}, list(points.geometry)
    for cable, (sections, junctions) in drawn.items():
        ends = Counter(end for section in sections for end in section.ends if end < 0)
        for number, (node, met) in enumerate(sorted(ends.items(), reverse=True)):
            names[cable, node] = f"{cable}~{number + 1}"
            rows[names[cable, node]] = {"kind": "branching unit" if met > 1 else "end", "cable": cable}
            places.append(shapely.Point(junctions[-1 - node]))
    taken = [one for one in rows if one in points.index]
    if taken:
        raise fault(LANDINGS, "id", "is the name of a junction", "Rename it", rows=tuple(taken))
    own = pd.DataFrame.from_dict(rows, orient="index", columns=["kind", "cable"], dtype=object)
    table = pd.concat([pd.DataFrame(points.drop(columns="geometry")), own]).rename_axis("fibre_node")
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(places, index=table.index), crs=LONLAT), names


def _route_table(
    lines: Mapping[str, Mapping[str, Any]], drawn: Drawn, nodes: gpd.GeoDataFrame, names: Names
) -> gpd.GeoDataFrame:
    """Return a route for each section, its line extended to its nodes."""
    place = dict(zip(nodes.index, _lonlat(nodes.geometry), strict=True))
    rows, shapes = {}, []
    for cable, (sections, _) in drawn.items():
        for number, section in enumerate(sections):
            node0, node1 = (names[cable, end] for end in section.ends)
            own = {"node0": node0, "node1": node1, "cable": cable}
            rows[f"{cable}:{number + 1}"] = {**lines[cable]["about"], **own}
            shapes.append(shapely.LineString(np.vstack([place[node0], section.lonlat, place[node1]])))
    columns = None if rows else ["node0", "node1", "cable"]
    table = pd.DataFrame(
        list(rows.values()), index=pd.Index(list(rows), name="fibre_route", dtype=object), columns=columns
    )
    table = table.assign(length=length_km(shapes), medium="submarine", geometry_kind="schematic")
    split = split_at_antimeridian(shapely.remove_repeated_points(np.array(shapes, dtype=object)))
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(split, index=table.index), crs=LONLAT)


def _set_status(routes: pd.DataFrame, planned: Collection[str] | None, where: str) -> None:
    """Write which routes are planned into the table."""
    if planned is None:
        return
    known = set(routes["cable"])
    strange = [one for one in planned if one not in known]
    if strange:
        raise fault(where, "planned", "is no cable", nearest(strange[:3], sorted(known)), rows=tuple(strange))
    routes["status"] = np.where(routes["cable"].isin(list(planned)), "planned", "operating")


def _told(fibre: Fibre, landing: pd.Index, planned: Collection[str] | None) -> list[Fault]:
    """Return what is not joined, by count, and what was taken for granted."""
    nodes, routes = fibre.fibre_nodes, fibre.fibre_routes
    served = set(routes["node0"]) | set(routes["node1"])
    alone = tuple(one for one in landing if one not in served)
    loose = tuple(nodes.index[(nodes["kind"] == "end").to_numpy(dtype=bool)])
    found = []
    if alone:
        problem = f"is reached by no cable ({len(alone)} of {len(landing)})"
        found.append(Fault("fibre_nodes", "landing", problem, rows=alone))
    if loose:
        problem = f"is an end at no landing point and on no other piece ({len(loose)} ends of pieces)"
        found.append(
            Fault(
                "fibre_nodes",
                "junction",
                problem,
                "Give a greater landing_km, or draw them to the shore",
                loose,
            )
        )
    if planned is None:
        problem, cure = (
            "is not in the file: every cable was taken as operating",
            "Give the ids of planned cables",
        )
        found.append(Fault("fibre_routes", "status", problem, f"{cure}: planned=[...]"))
    return found
