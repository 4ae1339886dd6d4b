"""Networkx's node-link JSON, as `topohub` ships its backbones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from three_mismatches.errors import Fault, LayerError
from three_mismatches.inputs.fibre._json import Source, fault, geometry_from, read_json
from three_mismatches.inputs.fibre._names import LENGTHS
from three_mismatches.inputs.fibre._tables import Draft, Provenance, as_label
from three_mismatches.layers.checks import tell
from three_mismatches.layers.schemas import MEDIA
from three_mismatches.layers.tables import Fibre

__all__ = ["merged_arcs", "read_node_link", "with_medium"]

WHAT = "networkx node-link JSON: an object with nodes, and edges or links"
MEDIUM_OF_TYPE = {"seacable": "submarine"}
"""Media by the attribute `type` of topohub's edges."""


def read_node_link(
    graph: Source,
    *,
    length: str | None = None,
    length_unit: str | None = None,
    geometry_kind: str = "schematic",
    source: str | None = None,
    licence: str | None = None,
) -> Fibre:
    """
    Return the fibre network of a graph in networkx's node-link form.

    Parameters
    ----------
    graph
        The mapping that `networkx.node_link_data` gives, which is not changed, or the path of a JSON file that holds
        it. Edges may be under `edges` or `links`.
    length
        Attribute of the edges that is their length. Without it, whichever there is of `length`, `length_km`, `dist`,
        `dist_km`, `distance`, `distance_km`, `km`, `fibreLength` (all km), `length_m`, `dist_m`, `distance_m`,
        `mm_len` (metres), `length_mi`, `length_miles` (miles), in any case.
    length_unit
        Its unit, if that is another: "km", "m", "mi" or "ft".
    geometry_kind
        "schematic": routes are chords of a sketch, joined at nodes only, and `route_factor` is applied to their
        lengths. "surveyed": lengths are those of the built cable.
    source, licence
        Where the graph comes from and under what licence, for rows that do not say so. Without `source`, what the
        graph's own attributes `source` or `name` say.

    Returns
    -------
    fibre
        One node for each node, one route for each edge; two opposite arcs of a directed graph with the same length are
        one route. Ids become text. An edge's `geometry`, GeoJSON or well-known text, is its line; a list under `srlg`
        names shared risks. Further attributes are kept, nested ones as JSON.

    Raises
    ------
    LayerError
        With every fault: nodes without a place, edges to nodes that are not there, ids that become one as text, and
        all that `fibre_from_frames` refuses.

    Warns
    -----
    AssumptionWarning
        As `fibre_from_frames` does.

    Notes
    -----
    A node's place is its `lon` and `lat`, `longitude` and `latitude`, or `x` and `y`, in any case, or else `pos`, a
    pair (longitude, latitude) as in topohub [1]_. An edge of `type` "seacable" is submarine. An edge is called by its
    `fibre_route`, `id`, `link_id`, `edge_id` or `route_id`, else by its ends: "a-b", the next one "a-b~2".

    References
    ----------
    .. [1] P. Jurkiewicz, TopoHub: A repository of reference Gabriel graph and real-world topologies for networking
       research, SoftwareX 24, 101540 (2023). The package is under the MIT licence; its files state none of their own,
       and the Internet Topology Zoo, SNDlib and CAIDA have terms of their own: give `licence` as you know it.

    Examples
    --------
    >>> fibre = read_node_link(topohub.get("backbone/africa"), source="topohub 1.5.1")  # doctest: +SKIP
    """
    value, where = read_json(graph, WHAT)
    draft = Draft(
        nodes=_rows(value, ("nodes",), where),
        routes=[],
        where=where,
        length=length,
        length_unit=length_unit,
        geometry_kind=geometry_kind,
        provenance=_provenance(value, where, source, licence),
    )
    edges = [_with_line(edge, where) for edge in _rows(value, ("edges", "links"), where)]
    draft.routes = with_medium(merged_arcs(edges, length) if value.get("directed") is True else edges)
    fibre, notes = draft.fibre()
    tell(notes, stacklevel=3)
    return fibre


def merged_arcs(
    edges: Sequence[Mapping[str, Any]], length: str | None, *, ends: tuple[str, str] = ("source", "target")
) -> list[Mapping[str, Any]]:
    """
    Return the arcs of a directed graph as routes: two opposite ones of one length are one.

    Parameters
    ----------
    edges
        The arcs.
    length
        Attribute that is the length, if the caller has named it.
    ends
        Attributes that are the ends.
    """
    waiting: Counter[tuple[object, ...]] = Counter()
    kept = []
    for edge in edges:
        tail, head = as_label(edge.get(ends[0])), as_label(edge.get(ends[1]))
        own = tuple((key, str(one)) for key, one in edge.items() if key == length or key.lower() in LENGTHS)
        if waiting[head, tail, own]:
            waiting[head, tail, own] -= 1
            continue
        waiting[tail, head, own] += 1
        kept.append(edge)
    return kept


def _with_line(edge: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return an edge whose `geometry`, GeoJSON or well-known text, is a shape."""
    drawn = edge.get("geometry")
    if drawn is None:
        return edge
    row = f"{edge.get('source')}-{edge.get('target')}"
    if not isinstance(drawn, str):
        return {**edge, "geometry": geometry_from(drawn, where, row)}
    try:
        return {**edge, "geometry": shapely.from_wkt(drawn)}
    except shapely.errors.ShapelyError:
        cure = "Write LINESTRING (...), GeoJSON, or null"
        raise fault(where, "geometry", "is not well-known text", cure, rows=(row,)) from None


def with_medium(edges: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return edges with the medium that topohub's `type` says; the others are as they were."""
    told = [MEDIUM_OF_TYPE.get(str(edge.get("type"))) for edge in edges]
    return [
        {**edge, "medium": medium} if medium in MEDIA and "medium" not in edge else edge
        for edge, medium in zip(edges, told, strict=True)
    ]


def _rows(value: Mapping[str, Any], keys: Sequence[str], where: str) -> list[dict[str, Any]]:
    """Return the list under one of the keys; both at once are a fault, and so is none."""
    there = [key for key in keys if key in value]
    wanted = " or ".join(keys)
    if not there:
        raise fault(
            where,
            wanted,
            f"is missing: this is no {WHAT}",
            f"It has: {', '.join(map(str, value)) or 'nothing'}",
        )
    if len(there) > 1 and value[there[0]] != value[there[1]]:
        raise fault(where, wanted, "are both there and differ", "Keep one of them")
    rows = value[there[0]]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise fault(where, there[0], "is not a list of objects", f"Give {WHAT}")
    return rows


def _provenance(value: Mapping[str, Any], where: str, source: str | None, licence: str | None) -> Provenance:
    """Return where the rows come from: as the caller says, or as the graph does."""
    told = value.get("graph")
    if isinstance(told, list):  # networkx before 2.0 wrote pairs
        told = {pair[0]: pair[1] for pair in told if isinstance(pair, list) and len(pair) > 1}
    if told is not None and not isinstance(told, Mapping):
        raise LayerError(
            [Fault(where, "graph", "is no object of names and values", "Correct it, or leave it out")]
        )
    own = {str(key).lower(): one for key, one in (told or {}).items() if isinstance(one, str) and one}
    licence = licence or own.get("licence") or own.get("license")
    name = f"node-link graph {own['name']!r}" if "name" in own else where
    return Provenance(source or own.get("source") or name, licence)
