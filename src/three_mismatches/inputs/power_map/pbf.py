"""Extracts of OpenStreetMap in its binary form (`.osm.pbf`), by GDAL or by osmium."""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from three_mismatches.errors import Fault
from three_mismatches.inputs.power_map.elements import Elements, Member, Relation, Way, found_in
from three_mismatches.inputs.power_map.features import (
    Feature,
    Found,
    UnreadableError,
    from_osm,
    sorted_out,
)

__all__ = ["parse_hstore", "read_pbf"]

AGAIN = "Download the extract again"
TROUBLE = (DataSourceError, DataLayerError, FeatureError, OSError, ValueError, RuntimeError)
HEAD = re.compile(rb"\x00\x00..\x0a\x09OSMHeader", re.DOTALL)
"""Length of the first blob's header, then its type (the PBF Format page of the OpenStreetMap wiki)."""
LAYERS = ("points", "lines", "multilinestrings", "multipolygons", "other_relations")
CONFIG = "attribute_name_laundering=no\nclosed_ways_are_polygons=\n" + "".join(
    f"[{layer}]\nosm_id=yes\nattributes=power\nignore=\nunsignificant=\nother_tags=yes\n" for layer in LAYERS
)
"""What GDAL's OSM driver shall report: `power` as a field to choose by, every other tag in `other_tags`."""
INSTALL = (
    "Install osmium: pip install 'three-mismatches[osm]'; or convert the file: "
    "osmium tags-filter x.osm.pbf nwr/power -o power.osm"
)
UNTOLD = (
    "that are not in the file are passed over by GDAL without a word: cut ways may be missing or straight"
)
TELLS = "With osmium (pip install 'three-mismatches[osm]') they are told"
PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"(?:,|$)', re.DOTALL)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read_pbf(path: Path) -> Found:
    """
    Return what an extract holds, through osmium where it is installed, else through GDAL's OSM driver.

    GDAL draws a way of which nodes are missing without them, and leaves it out if fewer than two are there, and
    says neither: that is told as a warning of every extract that it reads.

    Parameters
    ----------
    path
        The file. It must begin as such files do, with bytes that no other driver of GDAL takes.

    Raises
    ------
    UnreadableError
        If it is no such file, or nothing is installed that reads it.
    """
    with path.open("rb") as file:
        if not HEAD.match(file.read(15)):
            raise UnreadableError(problem="is not an .osm.pbf file", cure=AGAIN)
    osmium = _osmium()
    if osmium is not None:
        return _by_osmium(path, osmium)
    if "r" not in pyogrio.list_drivers().get("OSM", ""):
        raise UnreadableError(problem="cannot be read: GDAL is without its OSM driver here", cure=INSTALL)
    found = _by_gdal(path)
    found.notes.append(Fault(path.name, "nodes", UNTOLD, TELLS))
    return found


def parse_hstore(text: str) -> dict[str, str]:
    r"""
    Return tags that are written as PostgreSQL's hstore.

    Parameters
    ----------
    text
        Such as `"voltage"=>"500000","note"=>"the \"old\" line"`.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    tags, end = {}, 0
    for pair in PAIR.finditer(text):
        if pair.start() != end:
            break
        key, value = (ESCAPE.sub(r"\1", part) for part in pair.groups())
        tags[key], end = value, pair.end()
    if end != len(text):
        msg = f"tags cannot be read from character {end}"
        raise ValueError(msg)
    return tags


def _osmium() -> ModuleType | None:
    try:
        return importlib.import_module("osmium")
    except ImportError:
        return None


def _by_gdal(path: Path) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "osmconf.ini"
        config.write_text(CONFIG, encoding="utf-8")
        try:
            features = [feature for layer in LAYERS for feature in _layer(path, layer, config)]
        except TROUBLE:
            raise UnreadableError(problem="cannot be read as .osm.pbf", cure=AGAIN) from None
    return sorted_out(features, where=path.name)


def _layer(path: Path, layer: str, config: Path) -> Iterator[Feature]:
    """Return one of the five layers that GDAL makes of an extract."""
    frame: gpd.GeoDataFrame = pyogrio.read_dataframe(
        path.resolve(), layer=layer, where="power IS NOT NULL", CONFIG_FILE=str(config)
    )
    kind = {"points": "node", "lines": "way"}.get(layer, "relation")
    for row in frame.itertuples(index=False):
        own, told = row._asdict(), {}
        if isinstance(own.get("other_tags"), str):
            told = parse_hstore(own["other_tags"])
        way = own.get("osm_way_id")
        osm_id = f"way/{way}" if isinstance(way, str) and way else f"{kind}/{own['osm_id']}"
        yield from_osm(osm_id, {"power": own["power"], **told}, own["geometry"])


def _by_osmium(path: Path, osmium: Any) -> Found:  # noqa: ANN401 - a module that may be absent
    try:
        elements = Elements()
        members = _add_relations(elements, path, osmium)
        _add_ways(elements, path, osmium, members)
    except (RuntimeError, ValueError, OSError):
        raise UnreadableError(problem="cannot be read as .osm.pbf", cure=AGAIN) from None
    return found_in(elements, where=path.name)


def _add_relations(elements: Elements, path: Path, osmium: Any) -> set[int]:  # noqa: ANN401 - as above
    """Add the relations with a tag `power`, and return which ways and nodes they are made of."""
    wanted: set[int] = set()
    for item in osmium.FileProcessor(str(path), osmium.osm.RELATION):
        tags = {tag.k: tag.v for tag in item.tags}
        if tags.get("power"):
            members = [Member(KINDS[member.type], member.ref, member.role) for member in item.members]
            elements.relations[item.id] = Relation(members, None, tags)
            wanted |= {member.ref for member in members}
    return wanted


def _add_ways(elements: Elements, path: Path, osmium: Any, wanted: set[int]) -> None:  # noqa: ANN401 - as above
    """Add the nodes and ways with a tag `power`, and those that are wanted."""
    processor = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
    for item in processor.with_locations():
        if "power" not in item.tags and item.id not in wanted:
            continue
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_node():
            elements.positions[item.id] = (item.location.lon, item.location.lat)
            elements.node_tags[item.id] = tags
            continue
        places = [(node.lon, node.lat) if node.location.valid() else None for node in item.nodes]
        elements.ways[item.id] = Way([node.ref for node in item.nodes], places, None, tags)


KINDS = {"n": "node", "w": "way", "r": "relation"}
