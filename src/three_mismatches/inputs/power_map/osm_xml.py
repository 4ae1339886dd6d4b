"""OpenStreetMap XML (`.osm`), read without GDAL, which takes whatever driver fits the content."""

from __future__ import annotations

import math
from pathlib import Path
from xml.parsers import expat

from three_mismatches.inputs.power_map.elements import Elements, Member, Position, Relation, Way, found_in
from three_mismatches.inputs.power_map.features import Found, UnreadableError

__all__ = ["read_osm_xml"]

AGAIN = "Download the extract again"
DAY = 10  # letters of a date in a time stamp


def read_osm_xml(path: Path) -> Found:
    """
    Return what a file of OpenStreetMap XML holds.

    Parameters
    ----------
    path
        The file. A document type, which OSM files have none of, is refused: entities are declared there.

    Raises
    ------
    UnreadableError
        If it is no such file.
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except (expat.ExpatError, KeyError, ValueError, OSError) as error:
        place = f" (line {parser.CurrentLineNumber})" if not isinstance(error, OSError) else ""
        raise UnreadableError(problem=f"is not OpenStreetMap XML{place}", cure=AGAIN) from None
    if not builder.is_osm:
        raise UnreadableError(problem="is not OpenStreetMap XML: its root is not <osm>", cure=AGAIN)
    return found_in(builder.elements, where=path.name)


def _refuse(*declaration: object) -> None:
    del declaration
    raise UnreadableError(problem="declares a document type, which OpenStreetMap XML does not", cure=AGAIN)


class _Builder:
    """Takes the start and end of each element, and keeps what it draws and says."""

    def __init__(self) -> None:
        self.elements = Elements()
        self.is_osm = False
        self.open: Way | Relation | None = None
        self.tags: dict[str, str] = {}
        self.again = False
        self.depth = 0

    def start(self, name: str, said: dict[str, str]) -> None:
        """Take the start of an element and its attributes."""
        if self.depth == 0:
            self.is_osm = name == "osm"
        self.depth += 1
        if name in ("node", "way", "relation"):
            self._begin(name, said)
        elif name == "tag":
            self.tags[said["k"]] = said["v"]
        elif name == "nd":
            self._add_node(said)
        elif name == "member" and isinstance(self.open, Relation):
            self.open.members.append(Member(said["type"], int(said["ref"]), said.get("role", "")))
        elif name == "center" and self.open is not None:
            self.open.centre = _position(said)
        elif name == "meta" and "osm_base" in said:
            self.elements.date = said["osm_base"][:DAY]

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.depth -= 1
        if name in ("node", "way", "relation"):
            self.open, self.tags = None, {}

    def _begin(self, name: str, said: dict[str, str]) -> None:
        if said.get("action") == "delete" or said.get("visible") == "false":
            self.open, self.tags = None, {}
            return
        ref = int(said["id"])
        if name == "node":
            self.elements.positions[ref] = _position(said)
            self.tags = self.elements.node_tags.setdefault(ref, {})
            return
        # A way that is there twice is one: the course of its later half replaces that of the earlier.
        self.again = name == "way" and ref in self.elements.ways
        made = (
            self.elements.ways.setdefault(ref, Way())
            if name == "way"
            else self.elements.relations.setdefault(ref, Relation())
        )
        self.open, self.tags = made, made.tags

    def _add_node(self, said: dict[str, str]) -> None:
        if isinstance(self.open, Way) and "ref" in said:
            if self.again:
                self.open.nodes.clear()
                self.again = False
            self.open.nodes.append(int(said["ref"]))
            if "lat" in said:
                self.elements.positions[int(said["ref"])] = _position(said)
        elif isinstance(self.open, Relation) and self.open.members and "lat" in said:
            last = self.open.members[-1]
            points = (*last.points, _position(said))
            self.open.members[-1] = Member(last.kind, last.ref, last.role, points)


def _position(said: dict[str, str]) -> Position:
    lon, lat = float(said["lon"]), float(said["lat"])
    if not (math.isfinite(lon) and math.isfinite(lat)):
        msg = "a place has no such coordinates"
        raise ValueError(msg)
    return lon, lat
