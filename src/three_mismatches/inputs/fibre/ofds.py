"""The Open Fibre Data Standard, 0.1 to 0.3: network packages as JSON, nodes and spans as GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from three_mismatches.errors import Fault
from three_mismatches.geodesy import wrap_longitude
from three_mismatches.inputs.fibre._json import (
    Source,
    fault,
    features_of,
    geometry_from,
    read_json,
    require_lonlat,
)
from three_mismatches.inputs.fibre._tables import Draft, Provenance, as_label
from three_mismatches.layers.checks import tell
from three_mismatches.layers.references import nearest
from three_mismatches.layers.tables import Fibre

__all__ = ["read_ofds"]

STATUS = {
    "operational": "operating",
    "inactive": "under construction",
    "underConstruction": "under construction",
    "planned": "planned",
    "proposed": "announced",
    "decommissioned": "retired",
}
"""Our status for each code of the closed list `spanStatus`: what is built but carries no traffic is not yet there."""
MEDIUM = {"aboveGround": "aerial", "belowGround": "terrestrial"}
FULL_TURN = 360.0
WHAT = "a network package of the Open Fibre Data Standard (networks), or its nodes or spans as GeoJSON"


@dataclass
class _Network:
    """One network of a package: its nodes and spans as the standard has them, and what it says of itself."""

    about: Mapping[str, Any]
    nodes: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)


def read_ofds(
    package: Source,
    spans: Source | None = None,
    *,
    length_unit: str = "km",
    source: str | None = None,
    licence: str | None = None,
) -> Fibre:
    """
    Return the fibre network of data in the Open Fibre Data Standard [1]_.

    Parameters
    ----------
    package
        A network package (JSON, with `networks`), one network of it, or a GeoJSON file of nodes, or of nodes and spans
        together; a path, or what such a file holds, which is not changed.
    spans
        The GeoJSON file of spans, where `package` has the nodes only.
    length_unit
        Unit of `fibreLength`: "km", as the standard says since 0.3, "m", "mi" or "ft". Before, it had none, and the
        standard's own example gives 276000 for a way of 200 km: such a file is refused until the unit is stated.
    source, licence
        Where the data comes from and under what licence. Without `source`, the publisher and the network's name.

    Returns
    -------
    fibre
        Nodes by their `id`, routes by the spans' `id`; with several networks, "<network id>/<id>". `length` is
        `fibreLength`, unknown where there is none. A span with a `route` is surveyed, one without schematic. `medium`
        is aerial where all of it is above ground, else terrestrial. `status` is as below; the standard's own word stays
        in `ofds_status`. All other members are kept under their names, nested ones as JSON.

    Raises
    ------
    LayerError
        With every fault: what is not the standard's form, spans without ends, unknown codes, another coordinate system
        than longitude and latitude, and all that `fibre_from_frames` refuses.

    Warns
    -----
    AssumptionWarning
        For spans that are not fibre (microwave, copper, coaxial), which are left out; for those without a status, taken
        as operating; and as `fibre_from_frames` does.

    Notes
    -----
    operational: operating. underConstruction, and inactive (built, not lit): under construction. planned: planned.
    proposed: announced. decommissioned: retired. Files that only link to others are refused: no address is opened.

    References
    ----------
    .. [1] Open Telecoms Data, Open Fibre Data Standard 0.3.0 (2023), schema/network-schema.json and
       docs/reference/publication_formats/geojson.md in github.com/Open-Telecoms-Data/open-fibre-data-standard.

    Examples
    --------
    >>> fibre = read_ofds("network-package.json", licence="CC BY 4.0")  # doctest: +SKIP
    """
    value, where = read_json(package, WHAT)
    networks = _networks(value, where)
    if spans is not None:
        more, beside = read_json(spans, WHAT)
        networks = _together(networks, _networks(more, beside))
    draft = Draft([], [], where, length_unit=length_unit, provenance=Provenance(None, licence))
    nodes: list[dict[str, Any]] = []
    routes: list[dict[str, Any]] = []
    for number, network in enumerate(networks):
        prefix = f"{as_label(network.about.get('id')) or number}/" if len(networks) > 1 else ""
        told = source or _publisher(network.about) or where
        date = network.about.get("publicationDate")
        own = {"source": told, "source_date": date if isinstance(date, str) else None}
        nodes += [_node(one, prefix, where) | own for one in network.nodes]
        routes += [_route(one, prefix, where, draft) | own for one in network.spans]
    draft.nodes, draft.routes = nodes, _fibre_only(routes, draft)
    _tell_unstated(draft)
    fibre, notes = draft.fibre()
    tell(notes, stacklevel=3)
    return fibre


def _networks(value: Mapping[str, Any], where: str) -> list[_Network]:
    """Return the networks of a package, of one network, or of GeoJSON."""
    if value.get("type") == "FeatureCollection" or "features" in value:
        return _from_features(features_of(value, where), where)
    listed = value.get("networks", [value] if "nodes" in value else None)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise fault(where, "networks", f"is no list of networks: this is not {WHAT}", f"Give {WHAT}")
    found = []
    for one in listed:
        crs = one.get("crs")
        if crs is not None:
            require_lonlat(crs.get("name") if isinstance(crs, Mapping) else crs, where)
        linked = "; save what its links lead to, and give that" if one.get("links") else ""
        if "nodes" not in one:
            raise fault(where, "nodes", "are not in the file", f"Embed nodes and spans{linked}")
        nodes, spans = (_objects(one.get(key, []), where, key) for key in ("nodes", "spans"))
        found.append(_Network({k: v for k, v in one.items() if k not in ("nodes", "spans")}, nodes, spans))
    return found


def _objects(value: object, where: str, key: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise fault(where, key, "is not a list of objects", f"Give {WHAT}")
    return value


def _from_features(features: Sequence[dict[str, Any]], where: str) -> list[_Network]:
    """Return features as the networks that their `network` names."""
    found: dict[str, _Network] = {}
    for number, feature in enumerate(features):
        own = dict(feature.get("properties") or {})
        about = own.pop("network", None)
        about = about if isinstance(about, dict) else {}
        network = found.setdefault(as_label(about.get("id")) or "", _Network(about))
        kind = own.pop("featureType", None) or ("span" if "start" in own or "end" in own else "node")
        if kind not in ("node", "span"):
            raise fault(
                where, "featureType", f"is {kind!r}", "Write node or span", rows=(f"feature {number}",)
            )
        own["location" if kind == "node" else "route"] = feature.get("geometry")
        (network.nodes if kind == "node" else network.spans).append(own)
    return list(found.values())


def _together(networks: list[_Network], others: Sequence[_Network]) -> list[_Network]:
    """Return networks with the nodes and spans that another file has of them."""
    by_id = {as_label(one.about.get("id")): one for one in networks}
    for other in others:
        same = by_id.get(as_label(other.about.get("id")))
        if same is None:
            networks.append(other)
        else:
            same.nodes += other.nodes
            same.spans += other.spans
    return networks


def _node(node: Mapping[str, Any], prefix: str, where: str) -> dict[str, Any]:
    """Return a node as a row; what is missing in it is told with the others."""
    row = {key: one for key, one in node.items() if key not in ("id", "location", "status")}
    label = as_label(node.get("id"))
    point = geometry_from(node.get("location"), where, f"node {label}")
    if point is not None and point.geom_type != "Point":
        raise fault(where, "location", f"is a {point.geom_type}", "Give a Point", rows=(f"node {label}",))
    lon, lat = (
        (None, None) if point is None or point.is_empty else (shapely.get_x(point), shapely.get_y(point))
    )
    place = {
        "lon": lon if lon is None else float(wrap_longitude(lon)) if abs(lon) <= FULL_TURN else lon,
        "lat": lat,
    }
    row |= {"fibre_node": None if label is None else prefix + label, "ofds_status": node.get("status")}
    return {
        key: one for key, one in row.items() if key.lower() not in ("lon", "lat", "geometry", "pos")
    } | place


def _route(span: Mapping[str, Any], prefix: str, where: str, draft: Draft) -> dict[str, Any]:
    """Return a span as a row."""
    left_out = ("id", "start", "end", "route", "status", "fibreLength")
    row = {key: one for key, one in span.items() if key not in left_out}
    label = as_label(span.get("id"))
    if label is None:
        draft.faults.append(Fault(f"spans of {where}", "id", "missing", "Name each span"))
    ends = [
        one.get("id") if isinstance(one, Mapping) else one for one in (span.get("start"), span.get("end"))
    ]
    texts = [as_label(one) for one in ends]
    line = geometry_from(span.get("route"), where, f"span {label}")
    if line is not None and line.geom_type not in ("LineString", "MultiLineString"):
        raise fault(where, "route", f"is a {line.geom_type}", "Give a LineString", rows=(f"span {label}",))
    drawn = line is not None and not line.is_empty
    return row | {
        "fibre_route": prefix + (label or "?"),
        "node0": None if texts[0] is None else prefix + texts[0],
        "node1": None if texts[1] is None else prefix + texts[1],
        "length": span.get("fibreLength"),
        "geometry": shapely.transform(line, _turned) if drawn else None,
        "geometry_kind": "surveyed" if drawn else "schematic",
        "status": _status(span.get("status"), label, draft),
        "ofds_status": span.get("status"),
        "medium": _medium(span.get("deployment"), label, draft),
    }


def _turned(lonlat: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return coordinates whose longitudes of up to a full turn are in [-180, 180]."""
    lon = lonlat[:, 0].copy()
    near = np.abs(lon) <= FULL_TURN
    lon[near] = wrap_longitude(lon[near])
    return np.stack([lon, lonlat[:, 1]], axis=-1)


def _status(code: object, label: str | None, draft: Draft) -> str | None:
    if code is None:
        return None
    if isinstance(code, str) and code in STATUS:
        return STATUS[code]
    known = list(STATUS)
    problem = f"{code!r} is not one of {', '.join(known)}"
    draft.faults.append(
        Fault(f"spans of {draft.where}", "status", problem, nearest([str(code)], known), (label or "?",))
    )
    return None


def _medium(codes: object, label: str | None, draft: Draft) -> str:
    """Return the medium of a span: aerial where every code says so."""
    listed = [codes] if isinstance(codes, str) else codes if isinstance(codes, list) else []
    strange = [str(one) for one in listed if not isinstance(one, str) or one not in MEDIUM]
    if strange:
        problem = f"{strange[0]!r} is not one of {', '.join(MEDIUM)}"
        cure = nearest(strange[:1], MEDIUM)
        draft.faults.append(Fault(f"spans of {draft.where}", "deployment", problem, cure, (label or "?",)))
    return (
        "aerial"
        if listed and not strange and all(MEDIUM[one] == "aerial" for one in listed)
        else "terrestrial"
    )


def _fibre_only(routes: list[dict[str, Any]], draft: Draft) -> list[dict[str, Any]]:
    """Return the rows that are fibre; what states other media only is left out, told."""
    others = [
        row
        for row in routes
        if row.get("transmissionMedium") and "fibre" not in _listed(row["transmissionMedium"])
    ]
    if others:
        media = sorted({one for row in others for one in _listed(row["transmissionMedium"])})
        problem = f"is {', '.join(media)}, not fibre: left out"
        rows = tuple(row["fibre_route"] for row in others)
        draft.notes.append(Fault(f"spans of {draft.where}", "transmissionMedium", problem, rows=rows))
    left = {id(row) for row in others}
    return [row for row in routes if id(row) not in left]


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _tell_unstated(draft: Draft) -> None:
    unstated = tuple(str(row["fibre_route"]) for row in draft.routes if row["ofds_status"] is None)
    if unstated:
        problem, cure = "is not stated: taken as operating", "Write status"
        draft.notes.append(Fault(f"spans of {draft.where}", "status", problem, cure, unstated))


def _publisher(about: Mapping[str, Any]) -> str | None:
    """Return who published a network and what it is called, as far as it says so."""
    publisher = about.get("publisher")
    told = [publisher.get("name") if isinstance(publisher, Mapping) else publisher, about.get("name")]
    return ", ".join(str(one) for one in told if isinstance(one, str) and one) or None
