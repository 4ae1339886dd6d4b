"""A small valid study, and the ways in which people break one: each function writes a broken folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
from shapely import LineString, MultiPolygon, Point, Polygon, box

Frames = dict[str, Any]


CRS = pyproj.CRS("EPSG:4326")  # parsed once
POINTS = [Point(141.0, 41.0), Point(139.5, 35.5), Point(138.5, 36.0)]


def valid_frames() -> Frames:
    """
    Return a study of two areas joined by one tie, three sites and a fibre line of two routes.

    North is the box 140-142 E, 40-42 N, south the box 138-140 E, 35-37 N.
    """
    return {
        **_places(),
        **_fibre(),
        "links": _plain("link", ["tie"], bus0=["north"], bus1=["south"], carrier=["HVDC"], p_nom=[900.0]),
        "interfaces": _plain("interface", ["kitahon"], limit_forward=[900.0], limit_reverse=[float("inf")]),
        "interface_members": _plain("member", ["m0"], interface=["kitahon"], element=["tie"]),
        "upgrades": _plain(
            "upgrade", ["u0"], element=["tie"], attribute=["p_nom"], value=[1200.0], date=["2028-03"]
        ),
        "budgets": _plain("use", ["training", "cloud"], statistic=["nearest", "all"], rtt_ms=[20.0, 5.0]),
    }


def _places() -> Frames:
    areas = gpd.GeoDataFrame(
        {"zone": ["n", "s"], "peak_mw": [5000.0, 50000.0], "firm_mw": [5500.0, 52000.0]},
        index=pd.Index(["north", "south"], name="area"),
        geometry=[box(140, 40, 142, 42), MultiPolygon([box(138, 35, 140, 37)])],
        crs=CRS,
    )
    sites = gpd.GeoDataFrame(
        {
            "name": ["Ishikari", "Chiba", "Nagano"],
            "request_mw": [300.0, 1200.0, None],
            "pue": [1.1, 1.3, None],
            "use": ["training", "cloud", "unspecified"],
            "area": ["north", "south", None],
            "applied": ["2025-11", None, None],
        },
        index=pd.Index(["ishi", "chiba", "naga"], name="site"),
        geometry=POINTS,
        crs=CRS,
    )
    generators = gpd.GeoDataFrame(
        {"carrier": ["lng", "solar"], "p_nom": [1500.0, 30.0], "area": ["south", "north"]},
        index=pd.Index(["futtsu", "tomato"], name="generator"),
        geometry=[Point(139.8, 35.3), None],
        crs=CRS,
    )
    return {"areas": areas, "sites": sites, "generators": generators}


def _fibre() -> Frames:
    names = pd.Index(["n0", "n1", "n2"], name="fibre_node")
    routes = gpd.GeoDataFrame(
        {"node0": ["n0", "n1"], "node1": ["n1", "n2"], "length": [800.0, 150.0]},
        index=pd.Index(["r0", "r1"], name="fibre_route"),
        geometry=[LineString(POINTS[:2]), None],
        crs=CRS,
    )
    hubs = gpd.GeoDataFrame(
        {"kind": ["ix", "cloud"], "node": ["n1", None]},
        index=pd.Index(["otemachi", "inzai"], name="hub"),
        geometry=[Point(139.7, 35.7), Point(140.1, 35.8)],
        crs=CRS,
    )
    nodes = gpd.GeoDataFrame({"name": ["a", "b", "c"]}, index=names, geometry=POINTS, crs=CRS)
    return {"fibre_nodes": nodes, "fibre_routes": routes, "hubs": hubs}


def _plain(index: str, names: list[str], **columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.Index(names, name=index))


def dump(frames: Frames, folder: Path) -> None:
    """Write tables as they are, broken or not."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        if isinstance(frame, gpd.GeoDataFrame):
            frame.reset_index().to_parquet(folder / f"{name}.parquet", index=False)
        else:
            frame.reset_index().to_csv(folder / f"{name}.csv", index=False)


BROKEN: dict[str, Callable[[Path], None]] = {}
"""For each fault, what writes a study with it."""

TOLD: dict[str, tuple[str, ...]] = {}
"""For each fault, what its message must hold: the table, the row and the cure."""


def _breaks(*told: str) -> Callable[[Callable[[Frames], None]], Callable[[Frames], None]]:
    """Enter a function that spoils the valid tables."""

    def enter(spoil: Callable[[Frames], None]) -> Callable[[Frames], None]:
        def make(folder: Path) -> None:
            frames = valid_frames()
            spoil(frames)
            dump(frames, folder)

        BROKEN[spoil.__name__] = make
        TOLD[spoil.__name__] = told
        return spoil

    return enter


def _breaks_files(*told: str) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Enter a function that spoils the files of the valid study."""

    def enter(spoil: Callable[[Path], None]) -> Callable[[Path], None]:
        def make(folder: Path) -> None:
            dump(valid_frames(), folder)
            spoil(folder)

        BROKEN[spoil.__name__] = make
        TOLD[spoil.__name__] = told
        return spoil

    return enter


@_breaks("sites", "'chiba'", "swapped", "longitude first")
def swapped_lonlat(frames: Frames) -> None:
    frames["sites"].loc["chiba", "geometry"] = Point(35.5, 139.5)


@_breaks("links", "'tie'", "p_nom", "missing", "inf for unlimited")
def unknown_capacity(frames: Frames) -> None:
    frames["links"]["p_nom"] = [None]


@_breaks("sites", "part_of", "'chiba'", "'ishi'", "back to the site itself")
def ring_of_parts(frames: Frames) -> None:
    frames["sites"]["part_of"] = ["chiba", "ishi", None]


@_breaks("interface_members", "'m1'", "a member of the interface already", "Drop the row")
def member_counted_twice(frames: Frames) -> None:
    frames["interface_members"] = _plain(
        "member", ["m0", "m1"], interface=["kitahon"] * 2, element=["tie"] * 2
    )


@_breaks("interface_members", "sign", "'m0'", "one of")
def sign_that_is_none(frames: Frames) -> None:
    frames["interface_members"]["sign"] = [0.0]


@_breaks("links", "'tie'", "an id of interfaces too", "differently")
def one_id_for_two_elements(frames: Frames) -> None:
    frames["interfaces"] = _plain("interface", ["tie"], limit_forward=[900.0])
    frames["interface_members"]["interface"] = ["tie"]


@_breaks("pockets", "'inner'", "overlaps another pocket", "Cut the shapes apart")
def overlapping_pockets(frames: Frames) -> None:
    frames["pockets"] = gpd.GeoDataFrame(
        {"limit_mw": [15.0, 1.0]},
        index=pd.Index(["outer", "inner"], name="pocket"),
        geometry=[box(138, 35, 139, 36), box(138.5, 35.5, 138.6, 35.6)],
        crs=CRS,
    )


@_breaks("hubs", "'otemachi'", "among them as (lat, lon)", "longitude first")
def swapped_inside_the_globe(frames: Frames) -> None:
    for name in ("areas", "sites", "hubs", "generators", "fibre_nodes", "fibre_routes"):
        frames[name]["geometry"] = frames[name].translate(
            -130.0, 0.0
        )  # to 8-12 E: swapping stays on the globe
    frames["hubs"].loc["otemachi", "geometry"] = Point(35.7, 9.7)


@_breaks("areas", "crs", "not set", 'set_crs("EPSG:4326")')
def missing_crs(frames: Frames) -> None:
    frames["areas"] = frames["areas"].set_crs(None, allow_override=True)


@_breaks("sites", "EPSG:6677", 'to_crs("EPSG:4326")', "reproject=True")
def metric_crs(frames: Frames) -> None:
    frames["sites"] = frames["sites"].to_crs("EPSG:6677")


@_breaks("sites", "'ishi'", "not degrees", "Metres?", "to_crs")
def metres_called_degrees(frames: Frames) -> None:
    frames["sites"] = frames["sites"].to_crs("EPSG:32654").set_crs("EPSG:4326", allow_override=True)


@_breaks("sites", "request_mw", "'chiba'", "Is this kW? Divide by 1000")
def kilowatts(frames: Frames) -> None:
    frames["sites"].loc["chiba", "request_mw"] = 1_200_000.0


@_breaks("sites", "request_mw", "'ishi'", "peak of the whole area, 5000 MW", "Is this kW? Divide by 1000")
def more_than_the_area(frames: Frames) -> None:
    frames["sites"].loc["ishi", "request_mw"] = 9_000.0


@_breaks("sites", "'chiba'", "given twice", "differently")
def duplicate_ids(frames: Frames) -> None:
    frames["sites"] = frames["sites"].rename(index={"naga": "chiba"})


@_breaks("links", "bus0", "'tie'", "refers to 'nort'", "Did you mean 'north'?")
def dangling_bus0(frames: Frames) -> None:
    frames["links"]["bus0"] = ["nort"]


@_breaks("fibre_routes", "node1", "'r1'", "refers to 'n9'", "Did you mean 'n")
def dangling_node1(frames: Frames) -> None:
    frames["fibre_routes"]["node1"] = ["n1", "n9"]


@_breaks("links", "bus1", "'tie'", "missing", "Fill it or drop the rows")
def nan_in_required(frames: Frames) -> None:
    frames["links"]["bus1"] = [None]


@_breaks("links", "bus1", "is missing", "Add a column 'bus1'", "to_bus")
def required_column_missing(frames: Frames) -> None:
    del frames["links"]["bus1"]


@_breaks("fibre_routes", "node0", "'u' is", "rename it")
def foreign_column_name(frames: Frames) -> None:
    frames["fibre_routes"] = frames["fibre_routes"].rename(columns={"node0": "u"})


@_breaks("generators", "p_nom", "'futtsu'", "must be >= 0 MW", "Correct it")
def negative_capacity(frames: Frames) -> None:
    frames["generators"].loc["futtsu", "p_nom"] = -1500.0


@_breaks("sites", "has no rows", "add at least one row")
def empty_layer(frames: Frames) -> None:
    frames["sites"] = frames["sites"].iloc[:0]


@_breaks("generators", "carrier", "'tomato'", "'soler' is not one of", "Did you mean 'solar'?")
def unknown_carrier(frames: Frames) -> None:
    frames["generators"].loc["tomato", "carrier"] = "soler"


@_breaks("sites", "status", "'ishi'", "Did you mean 'operating'?")
def unknown_status(frames: Frames) -> None:
    frames["sites"]["status"] = ["in operation", "planned", "operating"]


@_breaks("sites", "geometry", "'naga'", "missing", "Fill it or drop the rows")
def missing_geometry(frames: Frames) -> None:
    frames["sites"].loc["naga", "geometry"] = None


@_breaks("hubs", "geometry", "'inzai'", "is a Polygon, not a Point", "representative_point")
def polygon_for_point(frames: Frames) -> None:
    frames["hubs"].loc["inzai", "geometry"] = box(140, 35, 141, 36)


@_breaks("sites", "area", "'ishi'", "refers to 'nörth'", "Did you mean 'north'?")
def unknown_area(frames: Frames) -> None:
    frames["sites"].loc["ishi", "area"] = "nörth"


@_breaks("upgrades", "element", "'u0'", "refers to 'tye'", "Did you mean 'tie'?")
def upgrade_of_unknown_element(frames: Frames) -> None:
    frames["upgrades"]["element"] = ["tye"]


@_breaks("upgrades", "attribute", "'u0'", "'p_nm'", "Did you mean 'p_nom'?")
def upgrade_of_unknown_attribute(frames: Frames) -> None:
    frames["upgrades"]["attribute"] = ["p_nm"]


def _lead_times(frames: Frames, **changed: list[Any]) -> None:
    columns = {
        "stream": ["fibre"],
        "place": [None],
        "low_y": [1.0],
        "mode_y": [2.0],
        "high_y": [3.0],
    } | changed
    names = [f"t{row}" for row in range(len(columns["stream"]))]
    frames["lead_times"] = _plain("lead_time", names, **columns)


@_breaks("lead_times", "mode_y", "'t0'", "is not low_y <= mode_y <= high_y", "Put the least time first")
def lead_time_out_of_order(frames: Frames) -> None:
    _lead_times(frames, high_y=[1.5])


@_breaks("lead_times", "place", "'t0'", "refers to 'sooth'", "Did you mean 'south'?")
def lead_time_of_unknown_place(frames: Frames) -> None:
    _lead_times(frames, place=["sooth"])


@_breaks("lead_times", "stream", "'t0'", "'fiber' is not one of", "Did you mean 'fibre'?")
def lead_time_of_unknown_stream(frames: Frames) -> None:
    _lead_times(frames, stream=["fiber"])


@_breaks("lead_times", "what", "'t1'", "has a default for this place already", "Keep one")
def two_lead_times_to_draw_from(frames: Frames) -> None:
    pair = {name: [1.0, 1.0] for name in ("low_y", "mode_y", "high_y")}
    _lead_times(frames, stream=["fibre", "fibre"], place=[None, None], **pair)


@_breaks("lead_times", "high_y", "'t0'", "missing", "Fill it")
def lead_time_without_an_end(frames: Frames) -> None:
    _lead_times(frames, high_y=[None])


@_breaks("sites", "applied", "'ishi'", "'Nov 2025' is not a date", "Write an ISO date")
def bad_date(frames: Frames) -> None:
    frames["sites"].loc["ishi", "applied"] = "Nov 2025"


@_breaks("sites", "pue", "'chiba'", "must be >= 1", "Correct it")
def pue_below_one(frames: Frames) -> None:
    frames["sites"].loc["chiba", "pue"] = 0.9


@_breaks("sites", "use", "'chiba'", "'clowd' is no row of budgets", "Did you mean 'cloud'?")
def unknown_use(frames: Frames) -> None:
    frames["sites"].loc["chiba", "use"] = "clowd"


@_breaks("areas", "geometry", "'north'", "not a valid polygon", "make_valid")
def crossed_polygon(frames: Frames) -> None:
    frames["areas"].loc["north", "geometry"] = Polygon([(140, 40), (142, 42), (142, 40), (140, 42)])


@_breaks("sites", "imputed", "'naga'", "'perhaps' is neither true nor false", "Write true or false")
def doubtful_bool(frames: Frames) -> None:
    frames["sites"]["imputed"] = ["yes", "0", "perhaps"]


@_breaks_files("links", "p_nom", "'tie'", "'900 MW' is not a number", "without a unit")
def text_in_number_column(folder: Path) -> None:
    (folder / "links.csv").write_text("link,bus0,bus1,p_nom\ntie,north,south,900 MW\n", encoding="utf-8")


@_breaks_files("sites", "is missing", "add at least one row")
def missing_sites(folder: Path) -> None:
    (folder / "sites.parquet").unlink()


@_breaks_files("hubs", "is not there, but 'hub.parquet' is", "Name it hubs")
def misspelt_file(folder: Path) -> None:
    (folder / "hubs.parquet").rename(folder / "hub.parquet")


@_breaks_files("areas", "areas.parquet", "cannot be read as Parquet", "Write the file again")
def corrupt_parquet(folder: Path) -> None:
    path = folder / "areas.parquet"
    path.write_bytes(path.read_bytes()[:200])


@_breaks_files("study.json", "is not JSON (line 2", "Correct it")
def bad_json(folder: Path) -> None:
    (folder / "study.json").write_text('{"year": 2034,\n "demand": high}', encoding="utf-8")


@_breaks_files("study.json", "yeer", "Did you mean 'year'?", "route_facto", "'route_factor'")
def bad_settings(folder: Path) -> None:
    text = '{"yeer": 2034, "assume": {"route_facto": 1.5}}'
    (folder / "study.json").write_text(text, encoding="utf-8")


@_breaks_files("budgets", "budgets.json, budgets.csv", "Keep one")
def two_files_for_one_table(folder: Path) -> None:
    (folder / "budgets.json").write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")


@_breaks_files("links", "links.csv", "is not UTF-8", "Save it as CSV UTF-8")
def shift_jis(folder: Path) -> None:
    (folder / "links.csv").write_bytes("link,bus0,bus1,name\ntie,north,south,北本連系\n".encode("shift_jis"))


@_breaks_files("links", "links.csv", "comma-separated values", "Quote fields")
def row_longer_than_header(folder: Path) -> None:
    (folder / "links.csv").write_text("link,bus0,bus1\ntie,north,south,900\n", encoding="utf-8")
