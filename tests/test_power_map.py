"""The same lines are the same tables, whatever form they come in; what is wrong or left out is told."""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import sys
import warnings
import zlib
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box, mapping

from three_mismatches.errors import AssumptionWarning, CRSError, LayerError
from three_mismatches.inputs.power_map import PowerMap, read_network_csv, read_power_map
from three_mismatches.inputs.power_map.pbf import parse_hstore
from three_mismatches.inputs.power_map.tables import LINE_COLUMNS, SUBSTATION_COLUMNS

NODES = {
    1: (139.1, 35.1), 2: (139.2, 35.15), 3: (139.3, 35.1), 4: (139.4, 35.2),
    11: (139.09, 35.09), 12: (139.11, 35.09), 13: (139.11, 35.11), 14: (139.09, 35.11),
    21: (139.3, 35.1),
}  # fmt: skip
NODE_TAGS = {21: {"power": "substation", "name": "B", "substation": "transmission", "voltage": "275000"}}
WAYS = {
    100: (
        [1, 2, 3],
        {"power": "line", "voltage": "500000;275000", "cables": "6", "frequency": "50", "name": "北線"},
    ),
    101: (
        [3, 4],
        {"power": "cable", "voltage": "154000", "circuits": "1", "operator": 'T "and" \\ D', "ref": "a,b"},
    ),
    102: ([4, 2], {"power": "line", "location": "underground", "frequency": "0", "cables": "3"}),
    200: ([11, 12, 13, 14, 11], {"power": "substation", "name": "A", "frequency": "50", "operator": "T"}),
}
"""Two lines and a buried one between substation A, an area, and B, a point; 100 has two circuits by its cables."""


def features(nodes=NODES, node_tags=NODE_TAGS, ways=WAYS):
    """Return (osm id, tags, shape) of each tagged element."""
    for ref, tags in node_tags.items():
        yield f"node/{ref}", tags, Point(nodes[ref])
    for ref, (refs, tags) in ways.items():
        line = LineString([nodes[one] for one in refs])
        yield f"way/{ref}", tags, Polygon(line) if tags["power"] == "substation" else line


def geojson(path, *parts):
    items = [
        {
            "type": "Feature",
            "properties": {"@id": name, **tags},
            "geometry": mapping(shape) if shape else None,
        }
        for name, tags, shape in features(*parts)
    ]
    return dump(path / "map.geojson", {"type": "FeatureCollection", "features": items})


def dump(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def overpass_geometry(path, nodes=NODES, node_tags=NODE_TAGS, ways=WAYS):
    """Write the answer to `out geom;`."""
    places = {ref: {"lat": lat, "lon": lon} for ref, (lon, lat) in nodes.items()}
    elements = [{"type": "node", "id": ref, **places[ref], "tags": tags} for ref, tags in node_tags.items()]
    elements += [
        {"type": "way", "id": ref, "nodes": refs, "geometry": [places[one] for one in refs], "tags": tags}
        for ref, (refs, tags) in ways.items()
    ]
    return dump(path / "geom.json", {"version": 0.6, "elements": elements})


def overpass_skeleton(path, nodes=NODES, node_tags=NODE_TAGS, ways=WAYS):
    """Write the answer to `out body; >; out skel qt;`: nodes apart, some of them twice."""
    bodies = [
        {"type": "node", "id": ref, "lon": nodes[ref][0], "lat": nodes[ref][1], "tags": tags}
        for ref, tags in node_tags.items()
    ]
    bodies += [{"type": "way", "id": ref, "nodes": refs, "tags": tags} for ref, (refs, tags) in ways.items()]
    bones = [{"type": "node", "id": ref, "lon": lon, "lat": lat} for ref, (lon, lat) in nodes.items()]
    return dump(path / "skel.json", {"version": 0.6, "elements": bodies + bones})


def osm_xml(path, nodes=NODES, node_tags=NODE_TAGS, ways=WAYS):
    def spelt(tags):
        return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())

    rows = [
        f'<node id="{ref}" lon="{lon!r}" lat="{lat!r}">{spelt(node_tags.get(ref, {}))}</node>'
        for ref, (lon, lat) in nodes.items()
    ]
    for ref, (refs, tags) in ways.items():
        rows.append(
            f'<way id="{ref}">{"".join(f"<nd ref={quoteattr(str(one))}/>" for one in refs)}{spelt(tags)}</way>'
        )
    file = path / "map.osm"
    file.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{"".join(rows)}</osm>', encoding="utf-8"
    )
    return file


def geopackage(path, *parts):
    rows = [{"osm_id": name, **tags, "geometry": shape} for name, tags, shape in features(*parts)]
    frame = gpd.GeoDataFrame(rows, crs="EPSG:4326")
    is_line = frame.geom_type == "LineString"
    file = path / "map.gpkg"
    file.unlink(missing_ok=True)
    frame[is_line].to_file(file, layer="lines")
    if not is_line.all():
        frame[~is_line].to_file(file, layer="substations")
    return file


def varint(value):
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def part(number, value):
    """Return a field of a protocol buffer: bytes or a whole number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def blob(kind, content):
    body = part(2, len(content)) + part(3, zlib.compress(content))
    header = part(1, kind) + part(3, len(body))
    return struct.pack(">I", len(header)) + header + body


def pbf(path, nodes=NODES, node_tags=NODE_TAGS, ways=WAYS, relations=()):
    """Write an extract by the PBF Format page of the OpenStreetMap wiki: plain nodes, then ways, then relations."""
    texts = [b""]

    def text(value):
        texts.append(value.encode())
        return len(texts) - 1

    def told(tags):
        if not tags:
            return b""
        keys, values = [text(key) for key in tags], [text(value) for value in tags.values()]
        return part(2, b"".join(map(varint, keys))) + part(3, b"".join(map(varint, values)))

    def deltas(refs):
        return b"".join(zigzag(one - last) for last, one in zip([0, *refs[:-1]], refs, strict=True))

    groups = []
    for ref, (lon, lat) in sorted(nodes.items()):
        place = part(8, 0)[:1] + zigzag(round(lat * 1e7)) + part(9, 0)[:1] + zigzag(round(lon * 1e7))
        tags = told(node_tags[ref]) if ref in node_tags else b""
        groups.append(part(1, part(1, 0)[:1] + zigzag(ref) + tags + place))
    ways_ = [
        part(3, part(1, ref) + told(tags) + part(8, deltas(refs)))
        for ref, (refs, tags) in sorted(ways.items())
    ]
    members = [
        part(4, part(1, ref) + told(tags) + part(8, b"".join(varint(text(role)) for _, role in parts))
             + part(9, deltas([one for one, _ in parts])) + part(10, b"\x01" * len(parts)))
        for ref, parts, tags in relations
    ]  # fmt: skip
    blocks = [part(2, b"".join(group)) for group in (groups, ways_, members) if group]
    table = part(1, b"".join(part(1, one) for one in texts))
    header = part(4, b"OsmSchema-V0.6")
    file = path / "map.osm.pbf"
    file.write_bytes(blob(b"OSMHeader", header) + blob(b"OSMData", table + b"".join(blocks)))
    return file


HAS_OSMIUM = importlib.util.find_spec("osmium") is not None
HAS_GDAL_OSM = "r" in pyogrio.list_drivers().get("OSM", "")
WRITERS = {
    "geojson": geojson, "overpass geom": overpass_geometry, "overpass skel": overpass_skeleton,
    "osm": osm_xml, "gpkg": geopackage,
}  # fmt: skip
if HAS_GDAL_OSM or HAS_OSMIUM:
    WRITERS["pbf"] = pbf
needs_pbf = pytest.mark.skipif("pbf" not in WRITERS, reason="nothing is installed that reads extracts")


def read(path):
    """Return the map of a file, whether or not GDAL reads it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*passed over by GDAL", category=AssumptionWarning)
        return read_power_map(path)


def told(read, *names, error=LayerError):
    with pytest.raises(error) as caught:
        read()
    assert [name for name in names if name not in str(caught.value)] == []
    assert all(fault.problem and fault.cure for fault in caught.value.faults)
    return caught.value


def plain(table, columns):
    """Return a table in the form in which those of different files are compared."""
    kept = [name for name in columns if name not in ("source", "licence")]
    frame = pd.DataFrame(table[kept]).astype(object).where(lambda values: values.notna(), None)
    shapes = table.geometry.normalize().set_precision(1e-7).to_wkt()
    return frame.assign(shape=shapes).sort_index().to_dict("index")


def same(one: PowerMap, other: PowerMap):
    assert plain(one.lines, LINE_COLUMNS) == plain(other.lines, LINE_COLUMNS)
    assert plain(one.substations, SUBSTATION_COLUMNS) == plain(other.substations, SUBSTATION_COLUMNS)


@pytest.mark.parametrize("form", WRITERS)
def test_a_map_is_read_from_each_form(form, tmp_path):
    found = read(WRITERS[form](tmp_path))
    lines = found.lines.sort_index()
    assert list(lines.index) == ["way/100", "way/101", "way/102"] == list(lines["osm_id"])
    assert lines.index.name == "line"
    assert list(lines.columns[: len(LINE_COLUMNS)]) == list(LINE_COLUMNS)
    assert list(lines["kind"]) == ["line", "cable", "cable"]
    assert lines["circuits"].to_list()[:2] == [2.0, 1.0]
    assert np.isnan(lines["circuits"].iloc[2])  # DC: three cables are no circuit
    assert lines.loc["way/100", ["voltage", "frequency", "name"]].to_list() == ["500000;275000", "50", "北線"]
    assert lines.loc["way/101", ["operator", "ref"]].to_list() == ['T "and" \\ D', "a,b"]
    assert lines.crs.to_epsg() == 4326
    stations = found.substations.sort_index()
    assert list(stations.index) == ["node/21", "way/200"]
    assert list(stations.columns[: len(SUBSTATION_COLUMNS)]) == list(SUBSTATION_COLUMNS)
    assert stations.loc["node/21", "kind"] == "transmission"
    assert list(stations.geom_type) == ["Point", "Polygon"]


def texts():
    letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co", "Zl", "Zp"))
    return st.text(letters, min_size=1, max_size=8).map(lambda text: f"x{text}x")


@st.composite
def networks(draw):
    place = st.tuples(st.integers(1_390_000_000, 1_400_000_000), st.integers(350_000_000, 360_000_000))
    places = draw(st.lists(place, min_size=2, max_size=8, unique=True))
    nodes = {number + 1: (lon / 1e7, lat / 1e7) for number, (lon, lat) in enumerate(places)}
    optional = {
        "voltage": st.sampled_from(["500000", "275000;154000", "66 kV"]), "cables": st.sampled_from(["3", "6", "4"]),
        "circuits": st.sampled_from(["1", "2"]), "frequency": st.sampled_from(["50", "60", "0", "50;0"]),
        "name": texts(), "operator": texts(), "ref": texts(), "location": st.sampled_from(["underground", "overhead"]),
    }  # fmt: skip
    ways = {}
    for number in range(draw(st.integers(1, 4))):
        refs = draw(st.lists(st.sampled_from(list(nodes)), min_size=2, max_size=5, unique=True))
        tags = draw(st.fixed_dictionaries({"power": st.sampled_from(["line", "cable"])}, optional=optional))
        ways[100 + number] = (refs, {**tags, "voltage": tags.get("voltage", "500000")})
    return nodes, {1: {"power": "substation", "name": draw(texts())}}, ways


@pytest.mark.slow
@given(network=networks())
def test_every_form_gives_the_same_map(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    maps = [read(write(folder, *network)) for write in WRITERS.values()]
    for other in maps[1:]:
        same(maps[0], other)


def test_a_written_map_is_read_again(tmp_path):
    found = read_power_map(geojson(tmp_path))
    found.lines.to_file(tmp_path / "again.gpkg", layer="lines")
    found.substations.to_file(tmp_path / "again.gpkg", layer="substations")
    again = read_power_map(tmp_path / "again.gpkg")
    same(found, again)
    assert list(again.lines.columns) == list(found.lines.columns)


def collection(path, *rows, **more):
    items = [
        {"type": "Feature", "properties": tags, "geometry": None if shape is None else mapping(shape)}
        for tags, shape in rows
    ]
    return dump(path, {"type": "FeatureCollection", "features": items, **more})


SPAN = LineString([(139, 35), (139.1, 35)])


def test_kv_is_the_voltage_where_there_is_none_and_other_columns_stay(tmp_path):
    lines = collection(
        tmp_path / "l.geojson",
        ({"kv": 154.5, "km": 9.1, "src_region": "tokyo", "area": "Tokyo", "n": 1}, SPAN),
        ({"kv": None, "km": 9.1, "src_region": "chubu", "area": "Chubu", "n": 2}, SPAN),
    )
    stations = collection(
        tmp_path / "s.geojson", ({"kv": 77000220006.600006, "area": "Kansai"}, Point(139, 35))
    )
    found = read_power_map(lines, substations=stations)
    assert found.lines["voltage"].astype(object).where(found.lines["voltage"].notna(), None).to_list() == [
        "154.5",
        None,
    ]
    assert list(found.lines.columns) == [*LINE_COLUMNS, "src_region", "area", "n", "geometry"]
    assert list(found.lines["n"]) == [1, 2]
    assert list(found.lines.index) == ["feature-0", "feature-1"]
    assert list(found.substations["voltage"]) == ["77000220006.6"]


def test_columns_beside_the_ones_that_are_taken_stay(tmp_path):
    rows = [({"voltage": "500000", "kv": 500}, SPAN), ({"voltage": None, "kv": 154}, SPAN)]
    station = ({"substation": "traction", "kind": "x"}, Point(139, 35))
    found = read_power_map(collection(tmp_path / "l.geojson", *rows, station))
    assert list(found.lines["voltage"]) == ["500000", "154"]
    assert list(found.lines["kv"]) == [500, 154]
    assert found.substations[["kind", "kind_tag"]].iloc[0].to_list() == ["traction", "x"]


def test_substations_of_two_files_come_one_after_the_other(tmp_path):
    station = {"@id": "node/1", "power": "substation"}
    first = collection(tmp_path / "l.geojson", ({"voltage": "1"}, SPAN), (station, Point(139, 35)))
    second = collection(tmp_path / "s.geojson", ({**station, "n": 2}, Point(139, 36)), ({}, SPAN))
    with pytest.warns(AssumptionWarning, match="1 lines of the file of substations were left out"):
        found = read_power_map(first, substations=second)
    assert list(found.substations.index) == ["node/1", "node/1~2"]
    assert len(found.lines) == 1


def test_lines_in_parts_are_rows_and_repeated_ids_lose_no_row(tmp_path):
    parts = MultiLineString([[(139, 35), (139.1, 35)], [(139.2, 35), (139.3, 35)]])
    rows = [({"@id": "way/1", "voltage": "1"}, parts), ({"@id": "way/2", "voltage": "1"}, SPAN)]
    found = read_power_map(collection(tmp_path / "l.geojson", *rows, rows[1]))
    assert list(found.lines.index) == ["way/1-1", "way/1-2", "way/2", "way/2~2"]
    assert list(found.lines["osm_id"]) == ["way/1", "way/1", "way/2", "way/2"]
    assert set(found.lines.geom_type) == {"LineString"}


def test_what_is_neither_line_nor_substation_is_counted(tmp_path):
    rows = [({"power": "line", "voltage": "1"}, SPAN), *[({"power": "tower"}, Point(139, 35))] * 3]
    with pytest.warns(AssumptionWarning, match="left out 3 .*tower 3"):
        found = read_power_map(collection(tmp_path / "l.geojson", *rows))
    assert len(found.lines) == 1
    assert not len(found.substations)


def test_an_odd_area_is_taken_as_its_hull_and_told(tmp_path):
    yards = MultiPolygon([box(139, 35, 139.1, 35.1), box(139.2, 35, 139.3, 35.1)])
    rows = [({"power": "line", "voltage": "1"}, SPAN), ({"power": "substation", "@id": "relation/7"}, yards)]
    with pytest.warns(AssumptionWarning, match="convex hull was taken for row: 'relation/7'"):
        found = read_power_map(collection(tmp_path / "l.geojson", *rows))
    assert found.substations.geometry.iloc[0].equals(box(139, 35, 139.3, 35.1))


def test_a_count_of_circuits_that_is_none_is_unknown_and_kept(tmp_path):
    rows = [({"voltage": "1", "circuits": "2;1"}, SPAN), ({"voltage": "1", "circuits": 2}, SPAN)]
    with pytest.warns(AssumptionWarning, match="no number of circuits"):
        found = read_power_map(collection(tmp_path / "l.geojson", *rows))
    assert np.isnan(found.lines["circuits"].iloc[0])
    assert found.lines["circuits"].iloc[1] == 2
    assert found.lines["circuits_tag"].iloc[0] == "2;1"


def test_a_tag_that_is_named_as_a_column_of_ours_is_kept_beside_it(tmp_path):
    ways = {
        100: ([1, 2], {"power": "line", "voltage": "1", "line": "busbar", "source": "survey", "kind": "x"})
    }
    for write in (overpass_geometry, WRITERS.get("pbf", osm_xml)):
        row = read(write(tmp_path, NODES, {}, ways)).lines.iloc[0]
        assert [row["line_tag"], row["source_tag"], row["kind_tag"]] == ["busbar", "survey", "x"]
        assert [row["source"], row["licence"], row["kind"]] == ["OpenStreetMap", "ODbL 1.0", "line"]


def test_plants_and_converters_are_places_where_lines_end(tmp_path):
    node_tags = {
        3: {"power": "plant"},
        4: {"power": "substation", "substation": "converter"},
        21: {"power": "converter"},
    }
    found = read_power_map(overpass_geometry(tmp_path, NODES, node_tags))
    assert found.substations["kind"].reindex(["node/3", "node/4", "node/21"]).to_list() == [
        "plant",
        "converter",
        "converter",
    ]


# Overpass


def answer(path, *elements, **more):
    return dump(path / "o.json", {"version": 0.6, "elements": list(elements), **more})


LINE = {
    "type": "way", "id": 1, "nodes": [1, 2], "tags": {"power": "line", "voltage": "275000"},
    "geometry": [{"lat": 35, "lon": 139}, {"lat": 35, "lon": 139.1}],
}  # fmt: skip


def ring(*places):
    return [{"lat": lat, "lon": lon} for lon, lat in places]


def test_a_way_that_leaves_the_extract_keeps_the_parts_inside(tmp_path):
    drawn = [*LINE["geometry"], None, {"lat": 36, "lon": 139}, {"lat": 36, "lon": 139.2}]
    with pytest.warns(AssumptionWarning, match="beyond the file.*'way/1'"):
        found = read_power_map(answer(tmp_path, {**LINE, "geometry": drawn}))
    assert list(found.lines.index) == ["way/1-1", "way/1-2"]


def test_elements_without_a_place_are_one_fault_with_their_ids(tmp_path):
    bare = [
        {"type": "way", "id": number, "nodes": [1, 2], "tags": {"power": "line", "voltage": "275000"}}
        for number in (5, 6)
    ]
    lost = {"type": "relation", "id": 7, "tags": {"power": "substation"}, "members": []}
    error = told(
        lambda: read_power_map(answer(tmp_path, LINE, *bare, lost)),
        "way/5",
        "way/6",
        "relation/7",
        "out geom",
    )
    assert len(error.faults) == 1


def test_a_relation_is_the_area_inside_its_outer_ways(tmp_path):
    halves = [ring((139, 35), (139.1, 35), (139.1, 35.1)), ring((139.1, 35.1), (139, 35.1), (139, 35))]
    members = [
        {"type": "way", "ref": 9 + n, "role": "outer", "geometry": half} for n, half in enumerate(halves)
    ]
    hole = ring((139.04, 35.04), (139.06, 35.04), (139.05, 35.06), (139.04, 35.04))
    members.append({"type": "way", "ref": 20, "role": "inner", "geometry": hole})
    station = {"type": "relation", "id": 7, "tags": {"power": "substation"}, "members": members}
    found = read_power_map(answer(tmp_path, LINE, station))
    assert found.substations.geometry.iloc[0].equals(box(139, 35, 139.1, 35.1))


def test_a_relation_or_way_of_which_only_the_middle_is_known_is_a_point(tmp_path):
    centre = {"center": {"lat": 35.5, "lon": 139.5}, "tags": {"power": "substation"}}
    stations = [{"type": "relation", "id": 7, **centre}, {"type": "way", "id": 8, **centre}]
    found = read_power_map(answer(tmp_path, LINE, *stations))
    assert list(found.substations.geometry) == [Point(139.5, 35.5)] * 2


def test_odd_elements_are_left_out_and_told(tmp_path):
    elements = [
        LINE,
        {"type": "node", "id": 1, "lat": 35, "lon": 139, "tags": {"power": "line", "voltage": "275000"}},
        {
            "type": "way",
            "id": 2,
            "geometry": ring((139, 35), (139, 35)),
            "tags": {"power": "line", "voltage": "275000"},
        },
        {"type": "relation", "id": 3, "tags": {"power": "line", "voltage": "275000"}, "members": []},
    ]
    with pytest.warns(AssumptionWarning) as caught:
        found = read_power_map(answer(tmp_path, *elements))
    assert len(found.lines) == 1
    said = " ".join(str(one.message) for one in caught)
    assert [name for name in ("node/1", "way/2", "relation/3") if name not in said] == []


def test_the_date_of_an_answer_is_in_its_source(tmp_path):
    path = answer(tmp_path, LINE, osm3s={"timestamp_osm_base": "2026-04-01T00:00:00Z"})
    assert list(read_power_map(path).lines["source"]) == ["OpenStreetMap, 2026-04-01"]


def test_an_answer_that_the_server_broke_off_is_a_fault(tmp_path):
    path = answer(tmp_path, LINE, remark="runtime error: Query timed out after 25 seconds.")
    told(lambda: read_power_map(path), "broken off", "timed out", "timeout:")


@pytest.mark.parametrize(
    "element", [7, {"type": "way"}, {**LINE, "geometry": [{"lat": "x", "lon": 1}]}, {**LINE, "tags": 3}]
)
def test_an_element_that_is_none_is_a_fault_not_a_crash(element, tmp_path):
    told(lambda: read_power_map(answer(tmp_path, LINE, element)), "element 1")


# OpenStreetMap files


def test_a_document_type_is_refused(tmp_path):
    path = tmp_path / "m.osm"
    path.write_text('<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "b">]><osm>&a;</osm>', encoding="utf-8")
    told(lambda: read_power_map(path), "document type")


@pytest.mark.parametrize(
    "text", ["<osm><way", "<kml></kml>", "no xml", "<osm><node id='x' lat='1' lon='2'/></osm>", ""]
)
def test_what_is_no_osm_file_is_told(text, tmp_path):
    path = tmp_path / "m.osm"
    path.write_text(text, encoding="utf-8")
    told(lambda: read_power_map(path), "is not OpenStreetMap XML")


def test_a_way_that_is_there_twice_is_one(tmp_path):
    """Files that were put one behind the other: the course is drawn once."""
    path = osm_xml(tmp_path)
    once = read(path).lines
    text = path.read_text(encoding="utf-8")
    way = text[text.index('<way id="100">') : text.index("</way>") + len("</way>")]
    path.write_text(text.replace("</osm>", f"{way}</osm>"), encoding="utf-8")
    assert_geodataframe_equal(read(path).lines, once)


def test_a_map_without_any_voltage_is_told(tmp_path):
    path = osm_xml(tmp_path, ways={100: ([1, 2], {"power": "line"})})
    with pytest.warns(AssumptionWarning, match="voltage is missing on every line"):
        assert len(read_power_map(path).lines) == 1


def test_properties_called_as_the_columns_made_of_others_are_kept(tmp_path):
    said = {"voltage": "1", "line": "busbar", "line_tag": "x", "geometry": "y", "geometry_tag": "z"}
    row = read(collection(tmp_path / "l.geojson", (said, SPAN))).lines.iloc[0]
    assert [row["line_tag"], row["line_tag_"], row["geometry_tag"], row["geometry_tag_"]] == [
        "x",
        "busbar",
        "z",
        "y",
    ]


@pytest.mark.parametrize("said", [{"circuits": 1e99}, {"circuits": 2.5}, {"cables": "300000000"}])
def test_more_circuits_than_towers_carry_are_unknown(said, tmp_path):
    path = collection(tmp_path / "l.geojson", ({"voltage": "1"} | said, SPAN))
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        assert np.isnan(read_power_map(path).lines["circuits"].iloc[0])


def test_deleted_elements_are_not_read(tmp_path):
    path = osm_xml(tmp_path)
    text = path.read_text(encoding="utf-8").replace('<way id="102">', '<way id="102" action="delete">')
    path.write_text(text, encoding="utf-8")
    assert list(read_power_map(path).lines.index) == ["way/100", "way/101"]


@needs_pbf
def test_a_relation_of_an_extract_is_an_area(tmp_path):
    ways = {**WAYS, 300: ([11, 12, 13], {}), 301: ([13, 14, 11], {})}
    relations = [
        (7, [(300, "outer"), (301, "outer")], {"type": "multipolygon", "power": "substation", "name": "C"})
    ]
    found = read(pbf(tmp_path, NODES, NODE_TAGS, ways, relations))
    assert found.substations.loc["relation/7", "name"] == "C"
    assert found.substations.geometry["relation/7"].equals(Polygon([NODES[one] for one in (11, 12, 13, 14)]))


CUT = {400: ([1, 2, 99, 3, 4], {"power": "line", "voltage": "275000"})}
"""A way of which the extract lacks a node."""


@pytest.mark.skipif(not HAS_OSMIUM, reason="osmium is not installed")
def test_a_way_that_leaves_an_extract_is_cut_and_told(tmp_path):
    with pytest.warns(AssumptionWarning, match="beyond the file.*'way/400'"):
        found = read_power_map(pbf(tmp_path, NODES, {}, CUT))
    assert list(found.lines.index) == ["way/400-1", "way/400-2"]


@pytest.mark.skipif(not HAS_GDAL_OSM, reason="GDAL is without its OSM driver")
def test_what_gdal_does_not_tell_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.warns(AssumptionWarning, match=r"passed over by GDAL.*three-mismatches\[osm\]"):
        found = read_power_map(pbf(tmp_path, NODES, {}, CUT))
    assert found.lines.geometry.iloc[0].equals(LineString([NODES[one] for one in (1, 2, 3, 4)]))


def test_what_is_no_extract_is_not_shown_to_gdal(tmp_path):
    path = tmp_path / "m.osm.pbf"
    path.write_bytes(b'<OGRVRTDataSource><OGRVRTLayer name="lines"/></OGRVRTDataSource>')
    told(lambda: read_power_map(path), "is not an .osm.pbf file")


def test_a_broken_extract_is_told(tmp_path):
    path = pbf(tmp_path)
    path.write_bytes(path.read_bytes()[:60])
    told(lambda: read_power_map(path), "m")


def test_without_any_reader_of_extracts_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(pyogrio, "list_drivers", dict)
    monkeypatch.setitem(sys.modules, "osmium", None)
    error = told(lambda: read_power_map(pbf(tmp_path)), "three-mismatches[osm]")
    assert len(error.faults) == 1


@given(tags=st.dictionaries(texts(), texts(), max_size=4))
def test_hstore_is_read_back(tags):
    def spelt(text):
        return text.replace("\\", "\\\\").replace('"', '\\"')

    assert parse_hstore(",".join(f'"{spelt(key)}"=>"{spelt(value)}"' for key, value in tags.items())) == tags


@pytest.mark.parametrize("text", ['"a"', '"a"=>"b', '"a"=>"b" "c"=>"d"', "a=>b"])
def test_what_is_no_hstore_is_an_error(text):
    with pytest.raises(ValueError, match="character"):
        parse_hstore(text)


# faults of files and tables

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats(allow_nan=True) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["lat", "lon", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)
ODD_TAGS = st.dictionaries(
    st.sampled_from([
        "power", "voltage", "kv", "circuits", "cables", "frequency", "location", "kind", "line", "substation", "@id",
        "id", "osm_id", "osm_type", "name", "source", "geometry", "km",
    ]),
    JSON | st.sampled_from(["line", "cable", "substation", "way/1", "3"]),
)  # fmt: skip
ODD_ELEMENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["node", "way", "relation"]), "id": st.integers(1, 3)},
    optional={
        "tags": ODD_TAGS,
        **dict.fromkeys(("lat", "lon", "geometry", "nodes", "members", "center"), JSON),
    },
)


def survives(path):
    """Read a file that may hold anything: it is read, or refused in our words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        try:
            found = read_power_map(path)
        except LayerError:
            return
        assert found.lines.index.is_unique
        assert set(found.lines.geom_type) == {"LineString"}
        assert set(found.substations.geom_type) <= {"Point", "Polygon"}


@given(
    rows=st.lists(
        st.tuples(ODD_TAGS, st.sampled_from([SPAN, Point(139, 35), box(139, 35, 140, 36), None])), max_size=4
    )
)
def test_no_properties_crash_the_reader(rows, tmp_path_factory):
    survives(collection(tmp_path_factory.mktemp("odd") / "l.geojson", ({"voltage": 1}, SPAN), *rows))


@given(elements=st.lists(ODD_ELEMENTS | JSON, max_size=4))
def test_no_elements_crash_the_reader(elements, tmp_path_factory):
    survives(answer(tmp_path_factory.mktemp("odd"), LINE, *elements))


def test_a_missing_voltage_names_the_columns_that_are_there(tmp_path):
    path = collection(tmp_path / "l.geojson", ({"VoltageClass": "1", "b": 2}, SPAN))
    told(lambda: read_power_map(path), "voltage", "is missing", "VoltageClass, b")
    path = collection(tmp_path / "l.geojson", ({"voltage_kv": 154}, SPAN))
    told(lambda: read_power_map(path), "is not there, but 'voltage_kv' is", "rename")


def test_all_faults_of_both_files_are_raised_at_once(tmp_path):
    lines = collection(
        tmp_path / "l.geojson",
        ({"name": ["a"]}, SPAN),
        ({}, None),
        ({"power": "line"}, LineString([(35, 139), (35, 139.1)])),
        ({"power": "line"}, box(139, 35, 140, 36)),
    )
    stations = tmp_path / "s.gpkg"
    stations.write_text("no", encoding="utf-8")
    error = told(
        lambda: read_power_map(lines, substations=stations),
        "voltage", "name", "feature-1", "is a Polygon", "s.gpkg", "is not a GeoPackage",
    )  # fmt: skip
    assert len(error.faults) == 5


def test_swapped_coordinates_are_told(tmp_path):
    path = collection(tmp_path / "l.geojson", ({"voltage": "1"}, LineString([(35, 139), (35, 139.1)])))
    told(lambda: read_power_map(path), "swapped")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.geojson", "{", "is not JSON"),
        ("a.geojson", "[]", "is not an object"),
        ("a.json", '{"a": 1}', "neither GeoJSON"),
        ("a.geojson", '{"features": [{"geometry": {"type": "LineString"}}]}', "feature 0"),
        ("a.geojson", '{"features": [3]}', "feature 0"),
        ("a.geojson", '{"features": [], "crs": {"properties": {"name": "moon"}}}', "unknown crs"),
        ("a.geojson", '{"features": []}', "holds no power line"),
        ("a.shp", "", "form that is not read"),
        ("a.osm.bz2", "", "unpack"),
    ],
)
def test_what_is_no_map_is_told(name, content, said, tmp_path):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    told(lambda: read_power_map(path), said)


def test_paths_that_are_no_files_are_told(tmp_path):
    told(lambda: read_power_map(tmp_path / "no.geojson"), "does not exist")
    told(lambda: read_power_map(tmp_path), "read_network_csv")


def test_a_geopackage_of_other_layers_names_them(tmp_path):
    frame = gpd.GeoDataFrame({"voltage": ["1"]}, geometry=[SPAN], crs="EPSG:4326")
    frame.to_file(tmp_path / "g.gpkg", layer="roads")
    told(lambda: read_power_map(tmp_path / "g.gpkg"), "has: roads", "lines")
    frame.to_file(tmp_path / "g.gpkg", layer="power_lines")
    with pytest.warns(AssumptionWarning, match="'roads'"):
        assert len(read_power_map(tmp_path / "g.gpkg").lines) == 1
    frame.to_file(tmp_path / "g.gpkg", layer="lines")
    told(lambda: read_power_map(tmp_path / "g.gpkg"), "2 layers", "Keep one")


def test_a_coordinate_system_is_stated_never_guessed(tmp_path):
    frame = gpd.GeoDataFrame({"voltage": ["1"]}, geometry=[SPAN])
    path = tmp_path / "g.gpkg"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyogrio warns of the missing system that is the point here
        frame.to_file(path, layer="lines")
    error = told(lambda: read_power_map(path), 'crs="EPSG:4326"', "read_power_map", error=CRSError)
    assert [fault.column for fault in error.faults] == ["crs"]
    assert len(read_power_map(path, crs="EPSG:4326").lines) == 1
    frame.set_crs("EPSG:4326").to_crs("EPSG:6677").to_file(path, layer="lines")
    told(lambda: read_power_map(path), "reproject=True", error=CRSError)
    near = read_power_map(path, reproject=True).lines.geometry.iloc[0]
    assert near.hausdorff_distance(SPAN) < 1e-8


# CSV of PyPSA and PyPSA-Eur

BUSES = (
    "bus_id,voltage,dc,symbol,under_construction,tags,x,y,country,geometry\n"
    "A,380,f,Substation,f,way/1,10.0,50.0,DE,POINT (10 50)\n"
    "B,380,f,Substation,f,'way/2,way/3',10.5,50.0,DE,POINT (10.5 50)\n"
    "b,220,f,Substation,f,way/2,10.5,50.0,DE,POINT (10.5 50)\n"
    "D,320,t,Substation,f,way/9,11.0,50.0,DE,POINT (11 50)\n"
    "E,320,t,Substation,f,way/8,12.0,50.0,DE,POINT (12 50)\n"
)
LINES = (
    "line_id,bus0,bus1,voltage,i_nom,circuits,s_nom,r,x,b,length,underground,under_construction,type,tags,geometry\n"
    "way/5,A,B,380,2.58,2,3396.2,0.5,4.0,0.001,36000.5,f,f,Al/St,way/5,'LINESTRING (10 50, 10.2 50.1, 10.5 50)'\n"
    "way/6,A,B,380,2.58,1,1698.1,1.0,8.0,0.0005,36100,t,t,Al/St,way/6,'LINESTRING (10 50, 10.5 50)'\n"
)
LINKS = (
    "link_id,bus0,bus1,voltage,p_nom,length,underground,under_construction,tags,geometry\n"
    "relation/1,D,E,320,1000,72000,f,f,relation/1,'LINESTRING (11 50, 12 50)'\n"
)
CONVERTERS = (
    "converter_id,bus0,bus1,voltage,p_nom,geometry\nconv-1,B,D,320,1000,'LINESTRING (10.5 50, 11 50)'\n"
)
TRANSFORMERS = "transformer_id,bus0,bus1,voltage_bus0,voltage_bus1,s_nom,geometry\nway/5,b,B,220,380,2000,\n"
RELEASE = {
    "buses": BUSES, "lines": LINES, "links": LINKS, "converters": CONVERTERS, "transformers": TRANSFORMERS,
}  # fmt: skip


def csv_folder(path, files, **changed):
    path.mkdir(exist_ok=True)
    for name, text in {**files, **changed}.items():
        if text is not None:
            (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def test_a_release_of_pypsa_eur_is_read_one_row_for_each_circuit(tmp_path):
    tables = read_network_csv(csv_folder(tmp_path, RELEASE))
    lines = tables["lines"]
    assert list(lines.index) == ["way/5-1", "way/5-2", "way/6", "way/5"]
    assert list(lines.loc[["way/5-1", "way/5-2"], "corridor"]) == ["way/5", "way/5"]
    assert lines.loc["way/5-1", ["x", "r", "s_nom"]].to_list() == [8.0, 1.0, 1698.1]
    assert lines.loc["way/5-1", "length"] == pytest.approx(36.0005)
    assert lines.loc["way/6", ["kind", "in_service"]].to_list() == ["cable", False]
    assert lines.loc["way/5", ["kind", "v_nom"]].to_list() == ["transformer", 380.0]
    assert lines.geometry["way/6"].equals(LineString([(10, 50), (10.5, 50)]))
    assert tables["buses"].loc["B", "tags"] == "way/2,way/3"
    assert list(tables["buses"]["carrier"]) == ["AC", "AC", "AC", "DC", "DC"]
    links = tables["links"]
    assert list(links.index) == ["relation/1", "conv-1"]
    assert links.loc["relation/1", ["carrier", "p_nom", "length"]].to_list() == ["HVDC", 1000.0, 72.0]
    assert links["p_nom_reverse"].isna().all()  # as p_nom: PyPSA-Eur's run both ways


@given(count=st.integers(1, 6), x=st.floats(0.1, 50), s_nom=st.floats(1, 5000))
def test_parallel_circuits_together_are_the_row(count, x, s_nom, tmp_path_factory):
    lines = f"line_id,bus0,bus1,voltage,circuits,s_nom,r,x,length\n1,A,B,380,{count},{s_nom!r},{x / 9!r},{x!r},36000\n"
    folder = csv_folder(tmp_path_factory.mktemp("net"), RELEASE, lines=lines, transformers=None)
    found = read_network_csv(folder)["lines"]
    assert len(found) == count
    assert found["s_nom"].sum() == pytest.approx(s_nom)
    assert 1 / (1 / found["x"]).sum() == pytest.approx(x)
    assert 1 / (1 / found["r"]).sum() == pytest.approx(x / 9)


PYPSA = {
    "buses": "name,v_nom,x,y,carrier\nA,380,10,50,\nB,380,10.5,50,AC\nb,220,10.5,50,AC\nH,1,10,50,heat\n",
    "lines": "name,bus0,bus1,x,r,s_nom,length,type,num_parallel\n"
    "0,A,B,4.0,0.5,1000,36,,1\n1,A,B,0,0,900,36,Al/St,1.5\n",
    "transformers": "name,bus0,bus1,x,r,s_nom,tap_ratio,phase_shift\n0,B,b,0.1,0.01,2000,1.02,0\n",
    "links": "name,bus0,bus1,carrier,p_nom,p_min_pu\nl0,A,b,DC,600,-0.5\nl1,A,b,DC,600,\nl2,A,H,heat pump,5,\n",
}


def quietly(read):
    with pytest.warns(AssumptionWarning) as caught:
        found = read()
    return found, " ".join(str(one.message) for one in caught)


def test_a_network_of_pypsa_is_read_in_its_own_units(tmp_path):
    folder = csv_folder(tmp_path, PYPSA)
    tables, said = quietly(lambda: read_network_csv(folder, crs="EPSG:4326"))
    lines, links = tables["lines"], tables["links"]
    assert list(lines.index) == ["0", "1", "transformer-0"]
    assert lines.loc["0", ["x", "length", "v_nom"]].to_list() == [4.0, 36.0, 380.0]
    assert np.isnan(lines.loc["1", "x"])  # 0 is PyPSA's default: its type would give it
    assert lines.loc["transformer-0", "x_pu_100"] == pytest.approx(0.1 * 100 / 2000)
    assert lines.loc["transformer-0", "tap_ratio"] == 1.02
    assert list(links.index) == ["l0", "l1"]
    assert list(links["p_nom_reverse"]) == [300.0, 0.0]  # PyPSA's links run one way by default
    assert list(tables["buses"].index) == ["A", "B", "b"]
    assert [word for word in ("'H'", "'l2'", "no whole number", "'1'") if word not in said] == []


def test_a_voltage_of_a_users_own_is_not_taken_for_v_nom(tmp_path):
    lines = "name,bus0,bus1,x,r,length,voltage\n0,A,B,-4.0,0.5,36,380000\n"
    buses = PYPSA["buses"].replace("H,1,10,50,heat\n", "")
    row = read_network_csv(csv_folder(tmp_path, {"buses": buses, "lines": lines}), crs=4326)["lines"].loc["0"]
    assert [row["v_nom"], row["voltage"], row["x"], row["r"]] == [380.0, 380000, -4.0, 0.5]


def test_the_system_of_pypsa_is_read_or_asked_for(tmp_path):
    few = {name: PYPSA[name] for name in ("lines", "buses")}
    few["lines"] = few["lines"].replace("1.5", "1")
    few["buses"] = few["buses"].replace("H,1,10,50,heat\n", "")
    told(lambda: read_network_csv(csv_folder(tmp_path, few)), "read_network_csv", "crs", error=CRSError)
    dump(tmp_path / "crs.json", {"_crs": gpd.GeoSeries(crs="EPSG:4326").crs.to_wkt()})
    assert read_network_csv(tmp_path)["buses"].crs.to_epsg() == 4326


def test_every_missing_file_and_column_is_named_at_once(tmp_path):
    folder = csv_folder(tmp_path, {"lines": "id,bus0\n1,A\n", "links": "link_id,bus0,bus1\n1,A,B\n"})
    error = told(
        lambda: read_network_csv(folder), "buses.csv", "line_id or name", "p_nom", "link_id, bus0, bus1"
    )
    assert len(error.faults) == 3
    folder = csv_folder(tmp_path / "two", {"buses": "name,v_nom\nA,380\n", "lines": "name,bus0\n1,A\n"})
    error = told(lambda: read_network_csv(folder), "buses.csv", "lines.csv", "name, v_nom")
    assert [fault.column for fault in error.faults] == ["x", "y", "bus1"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lines": LINES.replace("2.58,2,", "2.58,1000000000,")}, "more than 100 for row: 'way/5'"),
        ({"lines": LINES.replace("way/6,A,B", "way/6,A,D")}, "is DC"),
        ({"lines": LINES.replace("way/6,A", "way/5,A")}, "given twice for row: 'way/5'"),
        ({"lines": LINES.replace(",A,B,", ",A,Z,")}, "'Z' is not in buses.csv"),
        ({"lines": LINES.replace("36000.5", "far")}, "'far' is not a number"),
        ({"lines": LINES.replace("36000.5", "36").replace("36100", "36.1")}, "metres"),
        ({"lines": LINES.replace(",f,f,", ",no,perhaps,")}, "'perhaps' is neither"),
        ({"lines": LINES.replace("LINESTRING (10 50, 10.5 50)", "LINE 1 2")}, "is not well-known text"),
        ({"lines": LINES.replace("'", "")}, "Quote fields"),
        ({"buses": BUSES.replace("10.5,50.0", "east,50.0")}, "'east' is not a number"),
        ({"buses": BUSES.replace("10.5,50.0", ",")}, "missing for 2 rows: 'B', 'b'"),
        ({"buses": BUSES.replace("b,220", "A,220")}, "given twice"),
        ({"lines": LINES.replace("way/6,A,B", "way/6,A,A")}, "begins"),
        ({"lines": LINES.replace("way/6,A,B", "way/6,A,b")}, "another voltage than bus0"),
    ],
)
def test_faults_of_a_network_are_told(changed, said, tmp_path):
    told(lambda: read_network_csv(csv_folder(tmp_path, RELEASE, **changed)), said)


CELLS = st.sampled_from(
    ["", "0", "-1", "nan", "inf", "1e400", "x", "A", "t", "'", '"', ",", "POINT (1 2)", "\n", "2.5", "9" * 30]
)


@given(
    changes=st.lists(
        st.tuples(st.sampled_from(list(RELEASE)), st.integers(0, 5), st.integers(0, 15), CELLS), max_size=4
    )
)
def test_no_cells_crash_the_reader(changes, tmp_path_factory):
    files = {name: [row.split(",") for row in text.splitlines()] for name, text in RELEASE.items()}
    for name, row, column, cell in changes:
        rows = files[name]
        rows[row % len(rows)][column % len(rows[row % len(rows)])] = cell
    texts_ = {name: "\n".join(",".join(row) for row in rows) + "\n" for name, rows in files.items()}
    folder = csv_folder(tmp_path_factory.mktemp("odd"), texts_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        try:
            tables = read_network_csv(folder)
        except LayerError:
            return
    assert all(table.index.is_unique for table in tables.values())


def test_direct_current_among_lines_is_a_fault(tmp_path):
    lines = "name,bus0,bus1,carrier,x,length\n0,A,B,DC,4,36\n"
    folder = csv_folder(tmp_path, {"buses": PYPSA["buses"], "lines": lines})
    told(lambda: read_network_csv(folder, crs="EPSG:4326"), "is DC", "links.csv")


def test_a_release_that_was_saved_with_other_quotes_is_read(tmp_path):
    files = {name: text.replace("'", '"') for name, text in RELEASE.items()}
    assert len(read_network_csv(csv_folder(tmp_path, files))["lines"]) == 4


def test_a_converter_without_a_capacity_is_told(tmp_path):
    bare = "converter_id,bus0,bus1,voltage\nconv-1,B,D,320\n"
    tables, said = quietly(lambda: read_network_csv(csv_folder(tmp_path, RELEASE, converters=bare)))
    assert tables["links"].loc["conv-1", "p_nom"] == np.inf
    assert "without a limit" in said


# the raw extract

RAW = os.environ.get("TM_RAW")


@pytest.mark.skipif(not RAW, reason="TM_RAW names no folder of raw files")
def test_the_raw_extract_of_japan_is_read_whole():
    folder = Path(str(RAW))
    found = read_power_map(
        folder / "osm_lines_ge154kv.geojson", substations=folder / "osm_substations.geojson"
    )
    assert (len(found.lines), len(found.substations)) == (9585, 5884)
    assert found.lines["voltage"].notna().all()
    assert found.substations["voltage"].notna().sum() == 3375
    assert {"src_region", "area"} <= set(found.lines.columns)
