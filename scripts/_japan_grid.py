"""The line-level grid of Japan: which lines count, which zone and area they belong to, and which of them are ties."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from three_mismatches import match, repair
from three_mismatches.inputs.power_map import read_power_map
from three_mismatches.repair import RepairRules

CLASSES = (500.0, 275.0, 220.0, 187.0, 154.0, 132.0, 110.0, 100.0, 77.0, 66.0, 33.0, 22.0)
"""Voltage levels of Japan. [kV]"""

RULES = RepairRules(classes=CLASSES, least_kv=110.0, islands="drop")

BARE_KV = 132.0
"""Okinawa's highest voltage, for the one bus of an area without lines on the map."""

DIRECT_KV = ("250", "200")
"""No AC line of Japan runs at these: Hokkaido-Honshu and Hida-Shinano."""

UNBUILT = r"建設中|^[^;]*（廃線）$"
"""Words in a line's name for one that is not built yet, or not used any more."""

INSIDE = ("佐久間周波数変換所連絡線",)
"""Lines of both frequencies inside a converter station."""

NO_DEMAND = r"開閉所|変換所|発電所|Kaiheisho|Power Station|Power Plant|Switching|Converter"
"""Words in the name of a station that serves nobody: it switches, converts or generates."""

TWIN_RATIO = 1.03
"""Lines of one name between the same places whose lengths differ by no more are the circuits of one line."""

SERVING = ("新豊洲変電所",)
"""
Stations above 300 kV that serve a city though the map has nothing below them; any other such station switches,
belongs to a plant, or changes a line to a cable. Shin-Toyosu feeds central Tokyo: TEPCO, 2000-11-21,
www4.tepco.co.jp/cc/press/00112101-j.html.
"""

SIMPLIFIED_DEG = 0.002
"""How far a drawn line may stray from the map's, some 200 m: the pack is to be drawn, not to be measured."""

PLACE_DIGITS = 4
AC = "AC"


def pack_files(lines: Path, substations: Path, data: Path, root: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of the pack by file name."""
    areas = gpd.read_file(root / "src" / "three_mismatches" / "data" / "japan" / "areas.geojson").set_index(
        "area"
    )
    electrical = pd.read_csv(root / "data" / "japan_grid" / "electrical_areas.csv")
    ties = pd.read_csv(data / "tie_lines.csv")
    drawn = read_power_map(lines, substations=substations)
    aside, kept = _usable(drawn.lines)
    network = repair.build_network(
        _lines_with_areas(kept, electrical),
        _stations_with_areas(drawn.substations, electrical),
        areas,
        rules=RULES,
    )
    buses, branches, transformers, opened = _ties_only(
        network.buses, _with_twins(network.branches), network.transformers, ties
    )
    buses = _with_bare_areas(buses, areas)
    members = _members(buses, branches, data)
    certificate = pd.concat([network.certificate, aside, opened, _bare_rows(buses)], ignore_index=True)
    return {
        "buses.csv": _bus_file(buses),
        "branches.csv": _branch_file(branches),
        "transformers.csv": transformers,
        "links.csv": _link_file(buses, ties),
        "interface_members.csv": members.drop(columns="tie"),
        "loads.csv": _load_file(buses, areas, data, _capacity(buses, branches, transformers)),
        "certificate.csv.gz": _certificate_file(certificate),
    }


def _usable(lines: gpd.GeoDataFrame) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Return rows of the certificate for lines that are not in use, and the lines that are."""
    name = lines["name"].fillna("")
    unbuilt, inside = name.str.contains(UNBUILT), name.isin(INSIDE)
    middle = shapely.line_interpolate_point(lines.geometry.to_numpy(), 0.5, normalized=True)
    rows = pd.DataFrame(
        {
            "action": "set aside",
            "reason": np.where(inside, "inside a converter station", "not built yet, or out of use, by its name"),
            "element": name, "zone": "", "km": np.nan, "value": np.nan, "suspicious": False, "geometry": middle,
        }
    )  # fmt: skip
    kept = lines[~(unbuilt | inside)].copy()
    kept["frequency"] = np.where(kept["voltage"].isin(DIRECT_KV), "0", kept["frequency"])
    return rows[unbuilt | inside], kept


def _lines_with_areas(lines: gpd.GeoDataFrame, electrical: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the lines with the zone and area that published text gives them, where that is not where they stand."""
    name = lines["name"].fillna("")
    bounds = lines.geometry.bounds
    zone, area = pd.Series("", index=lines.index), pd.Series("", index=lines.index)
    for row in electrical[electrical["kind"] == "line"].itertuples():
        named = name.isin([part.strip() for part in row.name_ja.split(";")]) | (name == row.name_ja)
        if not np.isnan(row.v_nom):
            named &= pd.to_numeric(lines["voltage"], errors="coerce") == row.v_nom
        box = re.search(r"box lon ([\d.]+) to ([\d.]+), lat ([\d.]+) to ([\d.]+)", str(row.note))
        if box:
            west, east, south, north = (float(value) for value in box.groups())
            pad = SIMPLIFIED_DEG
            named &= (bounds["minx"] >= west - pad) & (bounds["maxx"] <= east + pad)
            named &= (bounds["miny"] >= south - pad) & (bounds["maxy"] <= north + pad)
        zone[named], area[named] = row.zone, row.area
    return lines.assign(zone=zone, area=area)


def _stations_with_areas(stations: gpd.GeoDataFrame, electrical: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the substations with every zone that they have lines of, and their area if it is one."""
    zones: dict[str, set[str]] = {}
    areas: dict[str, set[str]] = {}
    x, y = stations.geometry.x.to_numpy(), stations.geometry.y.to_numpy()
    for row in electrical[electrical["kind"] == "substation"].itertuples():
        named = stations["name"].isin([part.strip() for part in row.name_ja.split(";")]).to_numpy()
        places = re.findall(r"lon ([\d.]+), lat ([\d.]+)", str(row.note))
        if places:
            apart = [np.hypot(x - float(lon), y - float(lat)) for lon, lat in places]
            named = named & (np.min(apart, axis=0) < 5 * SIMPLIFIED_DEG)
        for station in stations.index[named]:
            zones.setdefault(station, set()).add(row.zone)
            areas.setdefault(station, set()).add(row.area)
    one = {station: names.copy().pop() for station, names in areas.items() if len(names) == 1}
    return stations.assign(
        zone=[";".join(sorted(zones.get(station, ()))) for station in stations.index],
        area=[one.get(station, "") for station in stations.index],
    )


def _with_twins(branches: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the branches, where lines of one name beside each other are one circuit each: so the map draws them."""
    named = branches["name"].fillna("").ne("")
    alike = branches.groupby(["bus0", "bus1", "v_nom", "name"])["length"]
    beside = (
        named
        & alike.transform("size").gt(1)
        & (alike.transform("max") <= TWIN_RATIO * alike.transform("min"))
    )
    return branches.assign(circuits=branches["circuits"].mask(branches["circuits"].isna() & beside, 1.0))


def _is_tie(across: pd.DataFrame, ties: pd.DataFrame) -> pd.Series:
    """Return the published tie that each branch between areas is part of, "" where it is none."""
    published = ties[(ties["current"] == AC) & (ties["status"] == "in service")]
    names = {(*sorted((row.area0, row.area1)), float(row.v_nom)): row.link for row in published.itertuples()}
    keys = [(*sorted((row.area0, row.area1)), float(row.v_nom)) for row in across.itertuples()]
    return pd.Series([names.get(key, "") for key in keys], index=across.index)


def _across(buses: gpd.GeoDataFrame, branches: pd.DataFrame) -> pd.DataFrame:
    """Return the branches between two areas."""
    area = buses["area"]
    ends = branches.assign(
        area0=area.loc[branches["bus0"]].to_numpy(), area1=area.loc[branches["bus1"]].to_numpy()
    )
    return ends[ends["area0"] != ends["area1"]]


def _ties_only(
    buses: gpd.GeoDataFrame, branches: gpd.GeoDataFrame, transformers: pd.DataFrame, ties: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """
    Return buses, branches and transformers of which only published ties join areas, and rows for those that are open.

    Where two areas meet, the map shows lines that are no published tie. If what lies behind them would be cut off
    from its area, it belongs to the other; every other such line is taken as open, as it must be for the published
    capacities to be all there is.
    """
    buses = _with_fragments_given(buses, branches, transformers, ties)
    across = _across(buses, branches)
    tie = _is_tie(across, ties).reindex(branches.index).fillna("")
    opened = branches.index.isin(across.index) & tie.eq("").to_numpy()
    lost = branches[opened]
    rows = pd.DataFrame(
        {
            "action": "keep", "reason": "between two areas, but no published tie: taken as open", "element": lost.index,
            "zone": buses["zone"].loc[lost["bus0"]].to_numpy(), "km": lost["length"].to_numpy(),
            "value": lost["v_nom"].to_numpy(), "suspicious": True,
            "geometry": shapely.line_interpolate_point(lost.geometry.to_numpy(), 0.5, normalized=True),
        }
    )  # fmt: skip
    area = buses["area"]
    closed = area.loc[transformers["bus0"]].to_numpy() == area.loc[transformers["bus1"]].to_numpy()
    bank = transformers[~closed]
    banks = pd.DataFrame(
        {
            "action": "keep", "reason": "transformer between two areas: taken as open",
            "element": (bank["bus0"] + " / " + bank["bus1"]).to_numpy(),
            "zone": buses["zone"].loc[bank["bus0"]].to_numpy(), "km": np.nan, "value": np.nan,
            "suspicious": True, "geometry": buses.geometry.loc[bank["bus0"]].to_numpy(),
        }
    )  # fmt: skip
    return (
        buses,
        branches.assign(in_service=~opened, tie=tie.to_numpy()),
        transformers[closed],
        pd.concat([rows, banks]),
    )


def _with_fragments_given(
    buses: gpd.GeoDataFrame, branches: gpd.GeoDataFrame, transformers: pd.DataFrame, ties: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Return the buses, where a piece that hangs on another area's lines only belongs to that area."""
    edges = pd.concat(
        [branches[["bus0", "bus1", "v_nom"]], transformers.assign(v_nom=0.0)], ignore_index=True
    )
    while True:
        across = _across(buses, edges)
        loose = across[_is_tie(across, ties) == ""]
        whole = edges.drop(index=loose.index)
        pairs = [buses.index.get_indexer(whole[end]) for end in ("bus0", "bus1")]
        label = _components(*pairs, len(buses))
        size = pd.Series(label).groupby([buses["zone"].to_numpy(), label]).size()
        main = set(size.groupby(level=0).idxmax().map(lambda key: key[1]))
        apart = pd.Series(~np.isin(label, list(main)), index=buses.index)
        of_bus = pd.Series(label, index=buses.index)
        moves = _moves(loose, apart, of_bus)
        if not moves:
            return buses
        given = of_bus.map(moves)
        buses = buses.assign(area=given.where(given.notna(), buses["area"]))


def _components(first: np.ndarray, second: np.ndarray, size: int) -> np.ndarray:
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    return connected_components(graph, directed=False)[1]


def _moves(loose: pd.DataFrame, apart: pd.Series, label: pd.Series) -> dict[int, str]:
    """Return the area to which each cut-off piece goes: that across the most lines; outermost pieces later."""
    votes = []
    for inner, outer in (("0", "1"), ("1", "0")):
        cut = apart.loc[loose[f"bus{inner}"]].to_numpy() & ~apart.loc[loose[f"bus{outer}"]].to_numpy()
        rows = loose[cut]
        votes.append(
            pd.DataFrame(
                {"piece": label.loc[rows[f"bus{inner}"]].to_numpy(), "area": rows[f"area{outer}"].to_numpy()}
            )
        )
    table = pd.concat(votes)
    if table.empty:
        return {}
    counted = table.groupby(["piece", "area"]).size().reset_index(name="lines")
    best = (
        counted.sort_values(["piece", "lines", "area"], ascending=[True, False, True])
        .groupby("piece")
        .first()
    )
    return {int(piece): str(area) for piece, area in best["area"].items()}


def _with_bare_areas(buses: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the buses with one for each area that has none on the map: its demand must be drawn somewhere."""
    bare = areas[~areas.index.isin(buses["area"])]
    largest = [max(shapely.get_parts(shape), key=shapely.area) for shape in bare.geometry]
    place = shapely.point_on_surface(np.array(largest, dtype=object))
    more = gpd.GeoDataFrame(
        {
            "v_nom": BARE_KV, "zone": bare["zone"].to_numpy(), "area": bare.index,
            "name": bare["name"].to_numpy(), "substation": "", "bare": True,
        },
        index=pd.Index([f"{name} (area)" for name in bare["name"]], name="bus"), geometry=place, crs="EPSG:4326",
    )  # fmt: skip
    return pd.concat([buses.assign(bare=False), more])


def _bare_rows(buses: gpd.GeoDataFrame) -> pd.DataFrame:
    bare = buses[buses["bare"]]
    return pd.DataFrame(
        {
            "action": "impute", "reason": "an area without lines at this voltage: one bus stands for it",
            "element": bare.index, "zone": bare["zone"].to_numpy(), "km": np.nan, "value": bare["v_nom"].to_numpy(),
            "suspicious": True, "geometry": bare.geometry.to_numpy(),
        }
    )  # fmt: skip


def _members(buses: gpd.GeoDataFrame, branches: gpd.GeoDataFrame, data: Path) -> pd.DataFrame:
    """Return the members of interfaces that are AC ties: interface, branch, sign and tie."""
    published = pd.read_csv(data / "interface_members.csv")
    links = pd.read_csv(data / "links.csv").set_index("link")
    across = _across(buses, branches[branches["tie"] != ""])
    rows = []
    for row in across.itertuples():
        forward = 1.0 if row.area0 == links.loc[row.tie, "bus0"] else -1.0
        rows += [
            {
                "interface": member.interface,
                "branch": row.Index,
                "sign": member.sign * forward,
                "tie": row.tie,
            }
            for member in published[published["element"] == row.tie].itertuples()
        ]
    return pd.DataFrame(rows, columns=["interface", "branch", "sign", "tie"])


def _link_file(buses: gpd.GeoDataFrame, ties: pd.DataFrame) -> pd.DataFrame:
    """Return the buses at the ends of converters and lines of direct current."""
    rows = ties[(ties["current"] != AC) & (ties["status"] == "in service")]
    return pd.DataFrame(
        [
            {"link": row.link, "bus0": _end(buses, row, "0"), "bus1": _end(buses, row, "1")}
            for row in rows.itertuples()
        ]
    )


def _end(buses: gpd.GeoDataFrame, row: object, side: str) -> str:
    """Return the bus of one end: by the station's name or its place; of the published voltage, else the highest."""
    area = getattr(row, f"area{side}")
    here = buses[buses["area"] == area]
    level = getattr(row, f"bus_v_nom{side}")
    named = here[here["name"] == getattr(row, f"substation{side}")]
    if named.empty:
        lon, lat = getattr(row, f"lon{side}"), getattr(row, f"lat{side}")
        if np.isnan(lon):
            msg = f"{row.link}: no bus is called {getattr(row, f'substation{side}')}, and its place is not given"
            raise ValueError(msg)
        same = here if np.isnan(level) else here[here["v_nom"] == level]
        return str(np.hypot(same.geometry.x - lon, same.geometry.y - lat).idxmin())
    fits = named if np.isnan(level) else named[named["v_nom"] == level]
    return str((named if fits.empty else fits)["v_nom"].idxmax())


def _capacity(buses: gpd.GeoDataFrame, branches: gpd.GeoDataFrame, transformers: pd.DataFrame) -> pd.Series:
    """Return what the branches at each bus can carry. [MW]"""
    pairs = transformers[["bus0", "bus1"]].to_numpy(dtype=object)
    rows = pd.concat(
        [repair.circuits_of(branches[branches["in_service"]]), repair.transformers_of(pairs, buses)]
    )
    return match.capacity_at_buses(rows)


def _load_file(
    buses: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, data: Path, capacity_mw: pd.Series
) -> pd.DataFrame:
    """Return the demand of the base year at each bus, area totals to the MW. [MW]"""
    people = pd.read_csv(data / "municipality_population.csv", dtype={"lgcode": str})
    points = gpd.GeoDataFrame(
        people[["population"]], geometry=gpd.points_from_xy(people["lon"], people["lat"]), crs="EPSG:4326"
    )
    points["area"] = match.to_area(points, areas, respect_given=False)["area"]
    serving = match.load_buses(buses[~buses["name"].fillna("").str.contains(NO_DEMAND)])
    serving = serving[(serving["v_nom"] <= match.BULK_KV) | serving["name"].isin(SERVING)]
    share = match.demand_shares(points, serving, capacity_mw=capacity_mw)
    mw = share * serving["area"].map(areas["peak_mw"])
    return pd.DataFrame({"bus": mw.index, "p_set": mw.to_numpy().round(3)}).query("p_set > 0")


def _bus_file(buses: gpd.GeoDataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bus": buses.index,
            "lon": buses.geometry.x.round(PLACE_DIGITS), "lat": buses.geometry.y.round(PLACE_DIGITS),
            "v_nom": buses["v_nom"], "zone": buses["zone"], "area": buses["area"], "name": buses["name"],
        }
    )  # fmt: skip


def _branch_file(branches: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the branches, their lines simplified and written as "lon lat, lon lat"."""
    drawn = shapely.simplify(branches.geometry.to_numpy(), SIMPLIFIED_DEG)
    text = [
        ",".join(f"{x:.{PLACE_DIGITS}f} {y:.{PLACE_DIGITS}f}" for x, y in shapely.get_coordinates(line))
        for line in drawn
    ]
    table = pd.DataFrame(branches.drop(columns="geometry")).reset_index()
    return table.assign(length=table["length"].round(3), path=text)


def _certificate_file(certificate: pd.DataFrame) -> pd.DataFrame:
    point = certificate["geometry"].to_numpy()
    known = ~(shapely.is_missing(point) | shapely.is_empty(point))
    lonlat = np.full((len(point), 2), np.nan)
    lonlat[known] = shapely.get_coordinates(point[known])
    table = pd.DataFrame(certificate.drop(columns="geometry"))
    table = table.assign(
        km=table["km"].round(3), lon=lonlat[:, 0].round(PLACE_DIGITS), lat=lonlat[:, 1].round(PLACE_DIGITS)
    )
    return table.sort_values(["action", "reason", "element", "lon", "lat", "km"], kind="stable")


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, or as gzip of it that is the same for the same table."""
    text = table.to_csv(index=False, lineterminator="\n").encode()
    if path.suffix != ".gz":
        path.write_bytes(text)
        return
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        stream.write(text)
    path.write_bytes(packed.getvalue())


def read(path: Path) -> bytes:
    """Return what a file of the pack holds: two releases of zlib pack the same text differently."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
