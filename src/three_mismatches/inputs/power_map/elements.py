"""Nodes, ways and relations of OpenStreetMap, put together into features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from three_mismatches.errors import Fault
from three_mismatches.inputs.power_map.features import (
    LINE_POWERS,
    STATION_POWERS,
    Feature,
    Found,
    from_osm,
    sorted_out,
)

__all__ = ["Elements", "Member", "Position", "Relation", "Way", "found_in"]

Position = tuple[float, float]  # (lon, lat)


@dataclass
class Way:
    """A way: its nodes, and where they are if the file says so with the way itself."""

    nodes: list[int] = field(default_factory=list)
    points: list[Position | None] = field(default_factory=list)
    centre: Position | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Member:
    """A member of a relation."""

    kind: str
    ref: int
    role: str = ""
    points: Sequence[Position | None] = ()


@dataclass
class Relation:
    """A relation: its members, and its middle if the file says so."""

    members: list[Member] = field(default_factory=list)
    centre: Position | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass
class Elements:
    """Everything that an OSM file holds, by id, and as of when."""

    positions: dict[int, Position] = field(default_factory=dict)
    node_tags: dict[int, dict[str, str]] = field(default_factory=dict)
    ways: dict[int, Way] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)
    date: str = ""

    def points(self, way: Way) -> list[Position | None]:
        """Return where a way runs; None for a node whose place the file does not hold."""
        return way.points or [self.positions.get(node) for node in way.nodes]


@dataclass
class _Told:
    """Ids of elements that could not be drawn as they are."""

    unplaced: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    gathering: list[str] = field(default_factory=list)


def found_in(elements: Elements, *, where: str) -> Found:
    """
    Return the lines and substations among elements.

    Elements whose place the file does not hold at all are one fault. A way of which only a part is in the file
    (its nodes lie beyond the edge of the extract) keeps that part, and is told.

    Parameters
    ----------
    elements
        What the file holds.
    where
        Name of the file.
    """
    told = _Told()
    features = [*_nodes(elements), *_ways(elements, told), *_relations(elements, told)]
    found = sorted_out(features, where=where)
    if told.unplaced:
        cure = (
            "Ask Overpass for coordinates too (`out geom;`, or `out body; >; out skel qt;`), "
            "and cut extracts with complete ways (osmium extract --strategy=complete_ways)"
        )
        problem = "the file does not hold where it is"
        found.faults.append(Fault(where, "geometry", problem, cure, tuple(told.unplaced)))
    notes = (
        (told.cut, "runs beyond the file: only the parts inside were taken"),
        (told.short, "has fewer than two places: left out"),
        (told.gathering, "is a relation that gathers lines; its member ways are read instead: left out"),
    )
    found.notes += [Fault(where, "geometry", text, rows=tuple(ids)) for ids, text in notes if ids]
    return found


def _is_power(tags: Mapping[str, str]) -> bool:
    return bool(tags.get("power"))


def _nodes(elements: Elements) -> Iterable[Feature]:
    for ref, tags in elements.node_tags.items():
        if _is_power(tags):
            position = elements.positions.get(ref)
            shape = None if position is None else shapely.Point(position)
            yield from_osm(f"node/{ref}", tags, shape, date=elements.date)


def _ways(elements: Elements, told: _Told) -> Iterable[Feature]:
    for ref, way in elements.ways.items():
        if not _is_power(way.tags):
            continue
        name, shape = f"way/{ref}", None
        if way.tags["power"] in LINE_POWERS:
            shape = _course(elements, way, name, told)
        elif way.tags["power"] in STATION_POWERS:
            shape = _area(elements, way, name, told)
        if shape is not None or way.tags["power"] not in LINE_POWERS | STATION_POWERS:
            yield from_osm(name, way.tags, shape, date=elements.date)


def _course(elements: Elements, way: Way, name: str, told: _Told) -> BaseGeometry | None:
    """Return where a line runs, as far as the file holds it."""
    points = elements.points(way)
    if all(point is None for point in points):
        told.unplaced.append(name)
        return None
    pieces = [piece for piece in _pieces(points) if len(set(piece)) > 1]
    if None in points:
        told.cut.append(name)
    if not pieces:
        told.short.append(name)
        return None
    return shapely.LineString(pieces[0]) if len(pieces) == 1 else shapely.MultiLineString(pieces)


def _pieces(points: Sequence[Position | None]) -> list[list[Position]]:
    """Return the runs of known places."""
    pieces: list[list[Position]] = [[]]
    for point in points:
        if point is None:
            pieces.append([])
        else:
            pieces[-1].append(point)
    return [piece for piece in pieces if piece]


def _area(elements: Elements, way: Way, name: str, told: _Told) -> BaseGeometry | None:
    """Return what a way around a substation encloses, or its middle where the file holds only that."""
    points = elements.points(way)
    known = [point for point in points if point is not None]
    if not known:
        if way.centre is None:
            told.unplaced.append(name)
            return None
        return shapely.Point(way.centre)
    if len(known) < len(points):
        told.cut.append(name)
    return _drawn(known)


def _drawn(points: Sequence[Position]) -> BaseGeometry:
    return shapely.Point(points[0]) if len(set(points)) == 1 else shapely.LineString(points)


def _relations(elements: Elements, told: _Told) -> Iterable[Feature]:
    for ref, relation in elements.relations.items():
        name, power = f"relation/{ref}", relation.tags.get("power")
        if power in LINE_POWERS:
            told.gathering.append(name)
        elif power in STATION_POWERS:
            shape = _outline(elements, relation)
            if shape is None:
                told.unplaced.append(name)
            else:
                yield from_osm(name, relation.tags, shape, date=elements.date)
        elif power:
            yield from_osm(name, relation.tags, None, date=elements.date)


def _outline(elements: Elements, relation: Relation) -> BaseGeometry | None:
    """Return the area inside a relation's outer ways, else its middle, else all that its members draw."""
    drawn = [(member.role, shape) for member in relation.members if (shape := _member(elements, member))]
    outer = [shape for role, shape in drawn if role in ("outer", "") and shape.geom_type == "LineString"]
    rings = shapely.polygonize(outer)
    if len(rings.geoms):
        return shapely.union_all(list(rings.geoms))
    if relation.centre is not None:
        return shapely.Point(relation.centre)
    return shapely.GeometryCollection([shape for _, shape in drawn]) if drawn else None


def _member(elements: Elements, member: Member) -> BaseGeometry | None:
    """Return what a member of a relation draws, if the file holds it."""
    if member.kind == "node":
        point = elements.positions.get(member.ref)
        points: Sequence[Position | None] = member.points or [point]
    else:
        way = elements.ways.get(member.ref) if member.kind == "way" else None
        points = member.points or (elements.points(way) if way else [])
    known = [point for point in points if point is not None]
    return _drawn(known) if known else None
