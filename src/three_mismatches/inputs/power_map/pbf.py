"""Extracts of OpenStreetMap in its binary form (`.osm.pbf`), by GDAL or by osmium."""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

from three_mismatches.inputs.power_map.elements import Elements, Member, Relation, Way, found_in
from three_mismatches.inputs.power_map.features import (
    Feature,
    Found,
    UnreadableError,
    from_osm,
    sorted_out,
)

__all__ = ["parse_hstore", "read_pbf"]

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
    "osmium tags-filter x.osm.pbf power -o power.osm"
)
PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"(?:,|$)', re.DOTALL)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read_pbf(path: Path) -> Found:
    """
    Return what an extract holds, through GDAL's OSM driver, or through osmium where GDAL lacks it.

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
            raise UnreadableError(problem="is not an .osm.pbf file", cure="Download the extract again")
    if "r" in pyogrio.list_drivers().get("OSM", ""):
        return _by_gdal(path)
    try:
        osmium = importlib.import_module("osmium")
    except ImportError:
        raise UnreadableError(
            problem="cannot be read: GDAL is without its OSM driver here", cure=INSTALL
        ) from None
    return found_in(_by_osmium(path, osmium), where=path.name)


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


def _by_gdal(path: Path) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "osmconf.ini"
        config.write_text(CONFIG, encoding="utf-8")
        try:
            features = [feature for layer in LAYERS for feature in _layer(path, layer, config)]
        except TROUBLE:
            raise UnreadableError(
                problem="cannot be read as .osm.pbf", cure="Download the extract again"
            ) from None
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


def _by_osmium(path: Path, osmium: Any) -> Elements:  # noqa: ANN401 - a module that may be absent
    """Return the elements with a tag `power`, and the ways that such relations are made of."""
    elements, wanted = Elements(), set()
    for item in osmium.FileProcessor(path, osmium.osm.RELATION):
        tags = {tag.k: tag.v for tag in item.tags}
        if tags.get("power"):
            members = [Member(_KINDS[member.type], member.ref, member.role) for member in item.members]
            elements.relations[item.id] = Relation(members, None, tags)
            wanted |= {member.ref for member in members}
    for item in osmium.FileProcessor(path, osmium.osm.NODE | osmium.osm.WAY).with_locations():
        if "power" not in item.tags and item.id not in wanted:
            continue
        tags = {tag.k: tag.v for tag in item.tags}
        if item.is_node():
            elements.positions[item.id] = (item.location.lon, item.location.lat)
            elements.node_tags[item.id] = tags
        else:
            places = [
                (node.location.lon, node.location.lat) if node.location.valid() else None
                for node in item.nodes
            ]
            elements.ways[item.id] = Way([node.ref for node in item.nodes], places, None, tags)
    return elements


_KINDS = {"n": "node", "w": "way", "r": "relation"}
