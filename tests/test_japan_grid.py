"""
The shipped line-level grid of Japan, checked against published text and its own promises.

Nothing here is a copy of what the repair made: connections, ties, lengths and sums are recomputed from the pack and
held against what grid operators publish, with margins that a better repair does not break.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection
from functools import cache
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

import three_mismatches as tm
from three_mismatches import repair
from three_mismatches.geodesy import distance_km, length_km
from three_mismatches.inputs import read_japan_grid
from three_mismatches.report import table_hash

ROOT = Path(__file__).parent.parent
PACK = Path(tm.__file__).parent / "data" / "japan_grid"
TABLES = (
    "buses.csv", "branches.csv", "transformers.csv", "links.csv", "interface_members.csv", "loads.csv",
    "certificate.csv.gz",
)  # fmt: skip
ZONES = ("east", "west", "hokkaido")
"""Synchronous zones with a grid on the map; Okinawa's, of 132 kV, is a single bus that stands for the area."""

BACKBONE = pd.read_csv(Path(__file__).parent / "data" / "backbone_500kv.csv")
"""Published connections; `passes` is a station on the way, `missing` why the map cannot show the connection."""

HIGH = BACKBONE[BACKBONE["confidence"] == "high"].set_index("line")
EXPECTED = HIGH[HIGH["missing"].isna()]

NEAR_KM = 1.5
"""An end without a name on the map is the bus this near to its place; places are given to the third decimal."""

PUBLISHED_KM = {500.0: (2453.0, 40.0), 275.0: (1179.0, 421.0), 154.0: (2949.0, 309.0)}
"""TEPCO, FY2015: km of overhead and of cable route (www4.tepco.co.jp, 2016)."""

KM_MARGIN = {500.0: (0.90, 1.05), 275.0: (0.80, 1.10), 154.0: (0.75, 1.05)}
"""
Of overhead and cable together. The map lacks much of the cable under central Tokyo, and some of the 154 kV grid; it
has lines built since 2015, and J-POWER's and the railway's beside TEPCO's own.
"""

TIES = pd.read_csv(ROOT / "data" / "japan" / "tie_lines.csv")
AC_TIES = TIES[(TIES["current"] == "AC") & (TIES["status"] == "in service")].set_index("line")
LINKS = TIES[(TIES["current"] == "DC") & (TIES["status"] == "in service")].set_index("link")

NAMED_OTHERWISE = {
    "智頭変電所": (134.188, 35.208),
    "函館変換所": "電源開発株式会社北地域制御所",
    # The station on the Chubu side is one bus with its neighbour, 50 m away: the line from Chubu is the tie.
    "南福光連系所": "Gifu Substation",
}
"""Stations of ties by another name on the map, or by their place."""

ON_THE_WAY = ("菰池二丁目変電所", "福江町三丁目変電所", "飛騨変換所")
"""Where a tie changes from line to cable, or another line branches off: named on the map, but no end of the tie."""


class Backbone:
    """Buses and branches of one voltage, to walk along."""

    def __init__(self, v_nom: float):
        pack = read_japan_grid()
        self.buses = pack.buses[pack.buses["v_nom"] == v_nom]
        branches = pack.branches[pack.branches["v_nom"] == v_nom]
        self.graph = nx.Graph()
        self.graph.add_nodes_from(self.buses.index)
        ends = zip(branches["bus0"], branches["bus1"], branches["length"], branches["tie"], strict=True)
        # The shortest of parallel branches is walked along.
        for bus0, bus1, length, tie in sorted(ends, key=lambda row: -row[2]):
            self.graph.add_edge(bus0, bus1, length=length, tie=tie)

    def at(self, name: object, lon: float = np.nan, lat: float = np.nan) -> list[str]:
        """Return the buses of a station: by its name on the map, or else the nearest to its place."""
        if isinstance(name, str):
            return list(self.buses.index[self.buses["name"] == name])
        if not np.isfinite(lon):
            return []
        km = distance_km(self.buses.geometry.x, self.buses.geometry.y, lon, lat)
        return [str(self.buses.index[km.argmin()])] if km.min() < NEAR_KM else []

    def way(self, ends: tuple[list[str], list[str]], passing: Collection[str] = ()) -> list[str] | None:
        """Return the shortest way between two stations that enters no third one, junctions aside."""
        third = self.buses["name"].ne("") & ~self.buses["name"].isin(list(passing))
        third &= ~self.buses.index.isin([*ends[0], *ends[1]])
        open_to = self.graph.subgraph([bus for bus in self.graph if not third[bus]])
        ways = [
            nx.shortest_path(open_to, start, end, weight="length")
            for start in ends[0]
            for end in ends[1]
            if nx.has_path(open_to, start, end)
        ]
        return min(ways, key=self.km, default=None)

    def km(self, way: list[str]) -> float:
        return float(nx.path_weight(self.graph, way, "length"))


@cache
def backbone(v_nom: float) -> Backbone:
    return Backbone(v_nom)


def published_way(row: pd.Series) -> tuple[Backbone, list[str] | None]:
    grid = backbone(row["v_nom"])
    ends = [grid.at(row[f"map_name{end}"], row[f"lon{end}"], row[f"lat{end}"]) for end in "01"]
    passing = [row["passes"]] if isinstance(row["passes"], str) else []
    return grid, grid.way((ends[0], ends[1]), passing)


def component_of(buses: pd.Index, *edges: pd.DataFrame) -> pd.Series:
    """Return a number for each bus that all buses share that edges connect."""
    graph = nx.Graph()
    graph.add_nodes_from(buses)
    for table in edges:
        graph.add_edges_from(zip(table["bus0"], table["bus1"], strict=True))
    return pd.Series({bus: at for at, part in enumerate(nx.connected_components(graph)) for bus in part})


@pytest.fixture(scope="module")
def pack():
    return read_japan_grid()


@pytest.fixture(scope="module")
def branches(pack) -> pd.DataFrame:
    """Return the branches with the area and zone of both ends."""
    ends = {
        f"{column}{end}": pack.buses[column].loc[pack.branches[f"bus{end}"]].to_numpy()
        for column in ("area", "zone", "v_nom")
        for end in "01"
    }
    return pack.branches.assign(**{("kv" + key[-1] if "v_nom" in key else key): ends[key] for key in ends})


# --- the backbone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", list(EXPECTED.index))
def test_published_connection_is_in_the_network(line):
    row = EXPECTED.loc[line]
    grid, way = published_way(row)
    assert way is not None, f"{row['map_name0']} - {row['map_name1']}"
    assert way[0] != way[-1]
    straight = straight_km(grid.buses, way[0], way[-1])
    # Short ends are drawn into their stations. No line of these wanders more: a longer way is not this line.
    assert straight - 1.5 <= grid.km(way) <= 1.8 * straight + 5.0, f"{line}: {grid.km(way):.1f} km"


def straight_km(buses: pd.DataFrame, start: str, end: str) -> float:
    one, other = buses.geometry[start], buses.geometry[end]
    return float(distance_km(one.x, one.y, other.x, other.y))


def test_backbone_is_published_for_every_area_that_has_one_and_gaps_are_explained():
    assert len(EXPECTED) >= 100
    assert (HIGH["missing"].isna() | HIGH["missing"].str.len().gt(20)).all()
    least = {
        "hokkaido": 6, "tohoku": 3, "tokyo": 30, "chubu": 15, "hokuriku": 4, "kansai": 20, "chugoku": 10,
        "shikoku": 3, "kyushu": 10,
    }  # fmt: skip
    assert (EXPECTED.groupby("area").size().reindex(list(least)) >= pd.Series(least)).all()


@pytest.mark.parametrize("line", list(HIGH.index[HIGH["km"].notna()]))
def test_connection_is_as_long_as_published(line):
    row = HIGH.loc[line]
    grid, way = published_way(row)
    assert grid.km(way) == pytest.approx(row["km"], rel=0.15)


# --- ties -------------------------------------------------------------------------------------------------------


def tie_way(line: str) -> tuple[Backbone, list[str] | None]:
    """Return the way of a published tie between its published stations."""
    row = AC_TIES.loc[line]
    grid = backbone(row["v_nom"])
    names = [NAMED_OTHERWISE.get(row[f"substation{end}"], row[f"substation{end}"]) for end in "01"]
    ends = [grid.at(None, *name) if isinstance(name, tuple) else grid.at(name) for name in names]
    return grid, grid.way((ends[0], ends[1]), ON_THE_WAY)


@pytest.mark.parametrize("line", list(AC_TIES.index))
def test_tie_is_a_line_between_its_stations_and_areas(line, branches):
    row = AC_TIES.loc[line]
    grid, way = tie_way(line)
    assert way is not None
    marked = [grid.graph.edges[pair]["tie"] for pair in pairwise(way)]
    assert [tie for tie in marked if tie] == [row["link"]]
    here = branches[branches["tie"] == row["link"]]
    assert (here["v_nom"] == row["v_nom"]).all()
    assert {frozenset(pair) for pair in zip(here["area0"], here["area1"], strict=True)} == {
        frozenset((row["area0"], row["area1"]))
    }
    if np.isfinite(row["km"]):
        assert grid.km(way) == pytest.approx(row["km"], rel=0.15)


def test_every_branch_of_a_tie_is_a_member_of_its_interfaces_with_the_right_sign(pack, branches):
    published = pd.read_csv(ROOT / "data" / "japan" / "interface_members.csv")
    of_link = published[published["element"].isin(AC_TIES["link"])]
    expected = {
        (row.interface, branch)
        for row in of_link.itertuples()
        for branch in branches.index[branches["tie"] == row.element]
    }
    members = pack.interface_members
    assert set(zip(members["interface"], members["branch"], strict=True)) == expected
    assert set(members["interface"]) == set(of_link["interface"])
    interfaces = pd.read_csv(ROOT / "data" / "japan" / "interfaces.csv").set_index("interface")
    for member in members.itertuples():
        sides = branches.loc[member.branch, ["area0", "area1"]].tolist()
        start, end = sides if member.sign > 0 else sides[::-1]
        assert start in interfaces.loc[member.interface, "from_area"].split("|"), member
        assert end in interfaces.loc[member.interface, "to_area"].split("|"), member
        assert abs(member.sign) == 1.0


@pytest.mark.parametrize("link", list(LINKS.index))
def test_link_ends_at_its_real_stations(link, pack):
    row, ends = LINKS.loc[link], pack.link_ends.loc[link]
    for end in "01":
        bus = pack.buses.loc[ends[f"bus{end}"]]
        name = row[f"substation{end}"]
        assert bus["area"] == row[f"area{end}"]
        assert bus["name"] == NAMED_OTHERWISE.get(name, name)
        assert bus["v_nom"] == row[f"bus_v_nom{end}"] or np.isnan(row[f"bus_v_nom{end}"])
    zones = set(pack.buses["zone"].loc[[ends["bus0"], ends["bus1"]]])
    assert (len(zones) == 1) == (link == "anan-kihoku-hvdc")


def test_nothing_else_joins_two_areas(pack, branches):
    across = branches["area0"] != branches["area1"]
    assert (branches["tie"].ne("") <= across).all()
    closed = branches["in_service"].astype(str) == "True"
    assert set(branches.loc[across & closed, "tie"]) == set(AC_TIES["link"])
    area = pack.buses["area"]
    banks = pack.transformers
    assert (area.loc[banks["bus0"]].to_numpy() == area.loc[banks["bus1"]].to_numpy()).all()
    certificate = pack.certificate
    opened = certificate.loc[certificate["reason"].str.endswith("taken as open"), "element"]
    assert set(branches.index[~closed]) <= set(opened)
    assert (branches[~closed]["area0"] != branches[~closed]["area1"]).all()


def test_no_line_and_no_transformer_joins_two_zones(pack, branches):
    zone = pack.buses["zone"]
    banks = pack.transformers
    assert (branches["zone0"] == branches["zone1"]).all()
    assert (zone.loc[banks["bus0"]].to_numpy() == zone.loc[banks["bus1"]].to_numpy()).all()
    areas = pack.buses.groupby("zone")["area"].unique().map(set)
    assert areas["hokkaido"] == {"hokkaido"}
    assert areas["east"] == {"tohoku", "tokyo"}
    assert areas["okinawa"] == {"okinawa"}
    assert areas["west"] == {"chubu", "hokuriku", "kansai", "chugoku", "shikoku", "kyushu"}


@pytest.mark.parametrize(
    ("area", "lines", "links"),
    [
        ("shikoku", {"chugoku-shikoku-ac"}, {"anan-kihoku-hvdc"}),
        ("kyushu", {"chugoku-kyushu-ac"}, set()),
        ("hokkaido", set(), {"hokkaido-honshu-hvdc", "new-hokkaido-honshu-hvdc"}),
        ("okinawa", set(), set()),
    ],
)
def test_island_hangs_on_its_published_ties_only(area, lines, links, pack, branches):
    across = branches[(branches["area0"] == area) != (branches["area1"] == area)]
    assert set(across["tie"]) == lines
    ends = pack.link_ends
    homes = [pack.buses["area"].loc[ends[end]].to_numpy() for end in ("bus0", "bus1")]
    assert set(ends.index[(homes[0] == area) != (homes[1] == area)]) == links


# --- lengths, transformers, components --------------------------------------------------------------------------


@pytest.mark.parametrize("v_nom", PUBLISHED_KM)
def test_route_lengths_of_tokyo_are_near_the_published(v_nom, branches):
    here = branches[(branches["area0"] == "tokyo") & (branches["area1"] == "tokyo")]
    low, high = KM_MARGIN[v_nom]
    share = here.loc[here["v_nom"] == v_nom, "length"].sum() / sum(PUBLISHED_KM[v_nom])
    assert low <= share <= high, f"{share:.3f} of {sum(PUBLISHED_KM[v_nom]):,.0f} km"


def test_transformers_join_two_levels_of_one_place(pack):
    high, low = (pack.buses.loc[pack.transformers[end]] for end in ("bus0", "bus1"))
    assert (high["v_nom"].to_numpy() > low["v_nom"].to_numpy()).all()
    one, other = (shapely.get_coordinates(side.geometry.to_numpy()) for side in (high, low))
    assert distance_km(*one.T, *other.T).max() < 1.5
    assert not pack.transformers.duplicated().any()


def test_certificate_says_that_the_largest_component_is_nearly_all_of_its_zone(pack):
    measures = repair.measures(pack.certificate)["value"]
    assert measures["branches across zones"].max() == 0.0
    for zone in ZONES:
        assert measures["share of km in the largest component repaired", zone] >= 0.97
        assert measures["components as drawn", zone] > 10 * measures["components repaired", zone]


def test_recomputed_components_agree_with_the_certificate(pack, branches):
    label = component_of(pack.buses.index, branches, pack.transformers)
    apart = pack.certificate[pack.certificate["reason"].str.startswith("apart from the largest component")]
    for zone in ZONES:
        here = branches[branches["zone0"] == zone]
        km = here.groupby(label.loc[here["bus0"]].to_numpy())["length"].sum()
        outside = apart.loc[(apart["zone"] == zone) & (apart["action"] == "drop"), "km"].sum()
        assert km.max() / (km.sum() + outside) >= 0.97
        share = repair.measures(pack.certificate)["value"][
            "share of km in the largest component repaired", zone
        ]
        assert km.max() / (km.sum() + outside) == pytest.approx(share, abs=0.01)


def test_what_stays_apart_is_listed_with_its_place(pack):
    apart = pack.certificate[pack.certificate["reason"].str.startswith("apart from the largest component")]
    assert len(apart) > 0
    assert apart["suspicious"].astype(str).eq("True").all()
    assert (apart["km"] > 0.0).all()
    assert not shapely.is_missing(apart.geometry.to_numpy()).any()


def test_lines_in_service_leave_no_demand_without_a_way_to_the_rest(pack, branches):
    closed = branches[branches["in_service"].astype(str) == "True"]
    label = component_of(pack.buses.index, closed, pack.transformers)
    served = pack.loads.merge(label.rename("label"), left_on="bus", right_index=True)
    served["zone"] = pack.buses["zone"].loc[served["bus"]].to_numpy()
    for _, rows in served.groupby("zone"):
        by_part = rows.groupby("label")["p_set"].sum()
        assert by_part.max() >= 0.999 * by_part.sum()


def test_levels_of_a_station_are_joined_by_its_transformers(pack):
    label = component_of(pack.buses.index, pack.transformers)
    named = pack.buses[pack.buses["name"] != ""]
    xy = shapely.get_coordinates(named.geometry.to_numpy())
    place = pd.Series(list(map(tuple, xy)), index=named.index)
    parts = label.loc[named.index].groupby([named["zone"], named["area"], place]).nunique()
    assert not (parts > 1).any(), parts[parts > 1].index.tolist()


# --- the pack ---------------------------------------------------------------------------------------------------


def test_pack_is_small_and_holds_its_tables_and_no_more_of_the_map_than_names():
    files = {path.name: path for path in PACK.iterdir()}
    assert set(files) == {*TABLES, "LICENSE", "README.md"}
    assert sum(path.stat().st_size for path in files.values()) < 2_000_000
    columns = {
        "buses.csv": {"bus", "lon", "lat", "v_nom", "zone", "area", "name"},
        "branches.csv": {
            "branch", "bus0", "bus1", "kind", "v_nom", "length", "circuits", "name", "bridge", "in_service",
            "tie", "path",
        },
        "transformers.csv": {"bus0", "bus1"},
        "certificate.csv.gz": {
            "action", "reason", "element", "zone", "km", "value", "suspicious", "lon", "lat",
        },
    }  # fmt: skip
    for name, allowed in columns.items():
        assert set(pd.read_csv(PACK / name, nrows=0).columns) <= allowed


@pytest.mark.parametrize("name", ["LICENSE", "README.md"])
def test_pack_says_whose_map_it_comes_from_and_under_which_licence(name):
    text = (PACK / name).read_text(encoding="utf-8")
    assert "ODbL" in text
    assert "OpenStreetMap" in text


def test_ids_are_unique_and_references_hold(pack):
    for table in (pack.buses, pack.branches, pack.link_ends, pack.loads):
        assert table.index.is_unique
        assert not table.index.hasnans
    for table in (pack.branches, pack.transformers, pack.link_ends):
        assert set(table["bus0"]) | set(table["bus1"]) <= set(pack.buses.index)
        assert (table["bus0"] != table["bus1"]).all()
    assert set(pack.loads["bus"]) <= set(pack.buses.index)
    assert set(pack.interface_members["branch"]) <= set(pack.branches.index)


def test_buses_lie_in_japan_at_levels_that_it_has(pack, japan_study):
    x, y = pack.buses.geometry.x, pack.buses.geometry.y
    assert x.between(122.0, 146.0).all()
    assert y.between(24.0, 46.0).all()
    assert set(pack.buses["v_nom"]) <= {500.0, 275.0, 220.0, 187.0, 154.0, 132.0, 110.0}
    assert set(pack.buses["area"]) == set(japan_study.grid.areas.index)


def test_branches_run_at_the_voltage_of_their_buses(branches):
    assert (branches["v_nom"] == branches["kv0"]).all()
    assert (branches["v_nom"] == branches["kv1"]).all()
    assert branches["kind"].isin(["line", "cable"]).all()
    assert (branches["circuits"].isna() | branches["circuits"].between(1, 8)).all()


def test_branch_is_drawn_from_bus_to_bus(pack, branches):
    drawn = branches.geometry.to_numpy()
    for end, at in (("bus0", 0), ("bus1", -1)):
        place = shapely.get_coordinates(pack.buses.geometry.loc[branches[end]].to_numpy())
        first = shapely.get_coordinates(shapely.get_point(drawn, at))
        assert distance_km(*first.T, *place.T).max() < 1.0
    # Drawn lines are simplified, lengths are the map's.
    long = branches["length"] > 5.0
    ratio = length_km(drawn)[long] / branches.loc[long, "length"]
    assert ratio.between(0.9, 1.05).all()
    assert ratio.median() > 0.98


def test_loads_sum_to_the_peaks_of_the_areas(pack, japan_study):
    area = pack.buses["area"].loc[pack.loads["bus"]].to_numpy()
    assert (pack.loads["p_set"] > 0.0).all()
    peaks = japan_study.grid.areas["peak_mw"]
    assert np.allclose(pack.loads.groupby(area)["p_set"].sum().reindex(peaks.index), peaks, atol=1.0)


def test_certificate_reads_as_table_measures_and_markdown(pack):
    table = repair.summary(pack.certificate)
    assert set(table.index.get_level_values("action")) >= {
        "join",
        "split",
        "drop",
        "refuse",
        "keep",
        "set aside",
    }
    assert table["rows"].sum() + len(repair.measures(pack.certificate)) == len(pack.certificate)
    text = repair.markdown(pack.certificate)
    assert "## What stays apart" in text
    assert "## Suspicious places" in text


# --- the study --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study():
    return tm.japan(resolution="line")


@pytest.fixture(scope="module")
def solved(study):
    return study.solve()


def hashes(result) -> dict[str, str]:
    names = ("sites", "latency", "areas", "ties", "fleet", "places", "buses", "lines", "certificate")
    return {name: table_hash(getattr(result, name)) for name in names}


def test_study_brings_buses_lines_and_certificate_and_keeps_what_the_area_study_says(
    study, pack, japan_study
):
    assert len(study.grid.buses) == len(pack.buses)
    assert set(study.grid.lines["corridor"]) >= set(pack.branches.index)
    assert len(study.grid.certificate) > len(pack.certificate)
    area = japan_study
    for name in ("areas", "interfaces", "pockets"):
        assert table_hash(getattr(study.grid, name)) == table_hash(getattr(area.grid, name))
    assert set(study.grid.links.index) == set(area.grid.links.index[area.grid.links["carrier"] != "tie"])
    study.check()


@pytest.mark.slow
def test_result_is_marked_indicative_and_stands_beside_the_area_result(solved, japan):
    sites = solved.sites
    assert (sites["model"] == "line").all()
    assert (sites["bound"] == "upper").all()
    assert sites["flags"].str.split(";").map(lambda flags: "indicative" in flags).all()
    pd.testing.assert_series_equal(sites["secure_mw"], japan.sites["secure_mw"])
    assert np.allclose(sites["hosting_mw"], np.fmin(sites["secure_mw"], sites["n1_mw"]))
    assert (sites["hosting_mw"] <= japan.sites["hosting_mw"] + 1e-6).all()
    assert set(sites["bus"]) <= set(solved.buses.index)
    assert (solved.buses["area"].loc[sites["bus"]].to_numpy() == sites["area"].to_numpy()).all()


@pytest.mark.slow
def test_fleet_keeps_the_figures_of_the_area_study(solved, japan):
    shared = [name for name in japan.fleet.index if not name.startswith("dominant_")]
    columns = ["value", "unit"]
    pd.testing.assert_frame_equal(solved.fleet.loc[shared, columns], japan.fleet.loc[shared, columns])


@pytest.mark.slow
def test_base_dispatch_meets_demand_or_says_by_how_much_it_does_not(solved, study):
    buses, lines = solved.buses, solved.lines
    assert len(buses) == len(study.grid.buses)
    assert len(lines) == len(study.grid.lines)
    assert lines.loc[lines["in_service"].astype(bool), ["p0", "loading"]].notna().all(axis=None)
    peaks = solved.areas["peak_mw"]
    assert np.allclose(buses.groupby("area")["demand_mw"].sum().reindex(peaks.index), peaks, atol=1.0)
    assert buses["supply_mw"].sum() + buses["shed_mw"].sum() == pytest.approx(peaks.sum(), abs=1.0)
    assert (lines["overload_mw"].dropna() >= 0.0).all()
    assert len(solved.certificate) == len(study.grid.certificate)


@pytest.mark.slow
def test_study_survives_a_folder_and_solves_to_the_same_bytes(study, solved, tmp_path):
    again = tm.read_study(study.write(tmp_path / "study")).solve()
    assert hashes(again) == hashes(solved)


# --- the extract ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("TM_RAW"), reason="TM_RAW names no folder with the extract")
def test_pack_is_what_the_script_makes_of_the_extract():
    raw = Path(os.environ["TM_RAW"])
    files = [str(raw / "osm_lines_ge154kv.geojson"), str(raw / "osm_substations.geojson")]
    script = ROOT / "scripts" / "build_japan_grid.py"
    done = subprocess.run([sys.executable, str(script), *files, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_dispatched_flows_are_those_of_the_dc_power_flow(solved):
    """The programme's angles and the factorised equations, at the same injections, in every zone of Japan."""
    grid, base = solved.tables.tables.grid, solved.tables.base
    buses, links = base.buses, base.links.join(grid.links[["bus0", "bus1", "efficiency"]])
    links = links[links["p0"] != 0.0]
    injected = buses["supply_mw"] - buses["demand_mw"] + buses["shed_mw"]
    arriving = links["p0"].where(links["p0"] < 0.0, links["p0"] * links["efficiency"])
    leaving = links["p0"].where(links["p0"] >= 0.0, links["p0"] * links["efficiency"])
    injected = injected.sub(leaving.groupby(links["bus0"]).sum(), fill_value=0.0)
    injected = injected.add(arriving.groupby(links["bus1"]).sum(), fill_value=0.0)
    flow = tm.power.dc_flow(grid, injections=injected)
    assert flow.index.equals(grid.lines.index)
    assert flow.attrs["balance"].abs().max() < 1e-3
    np.testing.assert_allclose(flow.loc[base.lines.index], base.lines["p0"], atol=0.05)
