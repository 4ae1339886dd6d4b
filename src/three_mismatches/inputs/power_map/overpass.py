"""What the Overpass API answers, as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from three_mismatches.inputs.power_map.elements import Elements, Member, Position, Relation, Way, found_in
from three_mismatches.inputs.power_map.features import Found, UnreadableError

__all__ = ["read_overpass"]

AGAIN = "Ask the Overpass API again, with [out:json] and a longer [timeout:...]"
DAY = 10  # letters of a date in a time stamp


def read_overpass(answer: Mapping[str, Any], *, where: str) -> Found:
    """
    Return what an answer of the Overpass API holds.

    Parameters
    ----------
    answer
        The parsed JSON, with a list `elements`.
    where
        Name of the file.

    Raises
    ------
    UnreadableError
        If it is no such answer, or one that the server broke off.
    """
    remark = answer.get("remark")
    if isinstance(remark, str) and "error" in remark.lower():
        raise UnreadableError(problem=f"was broken off by the server ({remark[:120]})", cure=AGAIN)
    elements, stamp = Elements(), answer.get("osm3s")
    if isinstance(stamp, dict) and isinstance(stamp.get("timestamp_osm_base"), str):
        elements.date = stamp["timestamp_osm_base"][:DAY]
    for number, element in enumerate(answer["elements"]):
        try:
            _add(elements, element)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            problem = f"has no readable element {number} (counted from 0)"
            raise UnreadableError(problem=problem, cure=AGAIN) from None
    return found_in(elements, where=where)


def _add(elements: Elements, element: Mapping[str, Any]) -> None:
    """Add one element; what is there twice, once with its tags and once with its place, is one."""
    ref = int(element["id"])
    tags = {str(key): str(value) for key, value in (element.get("tags") or {}).items()}
    if element["type"] == "node":
        if "lat" in element:
            elements.positions[ref] = _position(element)
        elements.node_tags.setdefault(ref, {}).update(tags)
    elif element["type"] == "way":
        way = elements.ways.setdefault(ref, Way())
        way.nodes = [int(node) for node in element.get("nodes", ())] or way.nodes
        way.points = _points(element.get("geometry")) or way.points
        way.centre = _centre(element) or way.centre
        way.tags.update(tags)
    elif element["type"] == "relation":
        relation = elements.relations.setdefault(ref, Relation())
        relation.members = [_member(member) for member in element.get("members", ())] or relation.members
        relation.centre = _centre(element) or relation.centre
        relation.tags.update(tags)


def _member(member: Mapping[str, Any]) -> Member:
    points = _points(member.get("geometry")) or ([_position(member)] if "lat" in member else [])
    return Member(str(member["type"]), int(member["ref"]), str(member.get("role", "")), points)


def _points(drawn: Sequence[Mapping[str, Any] | None] | None) -> list[Position | None]:
    return [None if point is None else _position(point) for point in drawn or ()]


def _centre(element: Mapping[str, Any]) -> Position | None:
    return _position(element["center"]) if element.get("center") else None


def _position(point: Mapping[str, Any]) -> Position:
    lon, lat = float(point["lon"]), float(point["lat"])
    if not (math.isfinite(lon) and math.isfinite(lat)):
        msg = "a place has no such coordinates"
        raise ValueError(msg)
    return lon, lat
