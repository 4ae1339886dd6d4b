"""The shipped Japan: a source on every row, sums and references that hold, the same bytes again."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

import three_mismatches
from three_mismatches.layers import LAYERS, Flag
from three_mismatches.layers.schemas import STREAMS

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "data" / "japan"
PACK = Path(three_mismatches.__file__).parent / "data" / "japan"
SHAPES = ("areas", "borders", "pockets")
TABLES = (
    "areas", "balances", "borders", "capacity", "pockets", "sites", "phases", "generators", "links", "interfaces",
    "interface_members", "upgrades", "lead_times", "outlook", "fibre_nodes", "fibre_routes", "hubs", "budgets",
)  # fmt: skip
AREAS = {
    "hokkaido", "tohoku", "tokyo", "chubu", "hokuriku", "kansai", "chugoku", "shikoku", "kyushu", "okinawa",
}  # fmt: skip
PROVENANCE = ("source", "source_date", "licence", "confidence")
FORBIDDEN = (
    "openstreetmap", "odbl", "non-commercial", "noncommercial", "cc by-nc", "from memory",
)  # fmt: skip


def read(name: str) -> pd.DataFrame:
    if name in SHAPES:
        return gpd.read_file(PACK / f"{name}.geojson").set_index(LAYERS[name].index)
    return pd.read_csv(PACK / f"{name}.csv").set_index(LAYERS[name].index)


def content(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def source(name: str) -> pd.DataFrame:
    return pd.read_csv(SOURCES / f"{name}.csv")


@pytest.fixture(scope="module")
def pack() -> dict[str, pd.DataFrame]:
    return {name: read(name) for name in TABLES}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_says_source_date_licence_and_confidence(pack, name):
    table = pack[name]
    for column in PROVENANCE:
        assert table[column].notna().all(), table.index[table[column].isna()].tolist()
    assert table["source_date"].astype(str).str.fullmatch(r"\d{4}(-\d{2}){0,2}").all()
    assert table["imputed"].isin([True, False]).all()


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.csv")), ids=lambda path: path.stem)
def test_every_row_of_a_source_table_says_where_it_is_from(path):
    table = pd.read_csv(path)
    for column in PROVENANCE:
        assert table[column].notna().all(), table.index[table[column].isna()].tolist()
    assert table["confidence"].isin(["high", "medium", "low"]).all()


@pytest.mark.parametrize("nodes", [12, 25])
def test_smaller_backbones_are_connected_and_say_their_source(nodes):
    folder = PACK / "backbones" / str(nodes)
    cities, routes = pd.read_csv(folder / "fibre_nodes.csv"), pd.read_csv(folder / "fibre_routes.csv")
    network = nx.Graph(list(routes[["node0", "node1"]].itertuples(index=False, name=None)))
    assert len(cities) == nodes
    assert len(routes) == {12: 17, 25: 43}[nodes]
    assert set(network) == set(cities["fibre_node"])
    assert nx.is_connected(network)
    assert pd.concat([cities, routes])[list(PROVENANCE)].notna().all(axis=None)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_fits_its_schema_and_has_all_of_its_columns(pack, name):
    layer = LAYERS[name]
    assert set(layer.columns) <= set(pack[name].columns)
    assert len(layer.schema().validate(pd.DataFrame(pack[name]))) == len(pack[name]) > 0


@pytest.mark.parametrize("name", TABLES)
def test_every_reference_leads_to_a_row(pack, name):
    for column, targets in LAYERS[name].refers_to.items():
        known = {key for target in targets if target in pack for key in pack[target].index}
        assert set(pack[name][column].dropna()) <= known, column


def test_pack_and_its_sources_hold_nothing_that_may_not_be_shipped():
    files = [path for folder in (PACK, SOURCES) for path in folder.rglob("*") if path.is_file()]
    for path in files:
        if path.name == "LICENSE":
            continue
        held = path.read_bytes()
        text = (gzip.decompress(held) if path.suffix == ".gz" else held).decode("utf-8").lower()
        assert not [word for word in FORBIDDEN if word in text], path.name
    assert sum(path.stat().st_size for path in PACK.rglob("*")) < 1_000_000


def test_the_script_builds_the_shipped_bytes_again(tmp_path):
    script = ROOT / "scripts" / "build_japan.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True)
    beside = {"LICENSE", "profiles/solar.csv.gz", "profiles/solar.json"}
    assert content(tmp_path) == {name: held for name, held in content(PACK).items() if name not in beside}


def test_ten_areas_cover_japan_without_gap_or_overlap(pack):
    shapes = pack["areas"].geometry
    assert set(shapes.index) == AREAS
    assert shapes.is_valid.all()
    assert shapely.coverage_is_valid(shapes.to_numpy())
    assert shapely.area(shapely.union_all(shapes.to_numpy())) == pytest.approx(
        shapely.area(shapes).sum(), 1e-6
    )


def test_areas_follow_the_operators_and_not_the_prefectures(pack):
    places = {
        "fuji": (138.676, 35.161, "tokyo"),
        "shizuoka": (138.383, 34.976, "chubu"),
        "kofu": (138.568, 35.664, "tokyo"),
        "niigata": (139.024, 37.902, "tohoku"),
        "obama": (135.747, 35.496, "kansai"),
        "tsuruga": (136.055, 35.645, "hokuriku"),
        "kumano": (136.100, 33.889, "kansai"),
        "shodoshima": (134.25, 34.49, "chugoku"),
        "sado": (138.37, 38.02, "tohoku"),
        "tsushima": (129.29, 34.30, "kyushu"),
        "amami": (129.40, 28.35, "kyushu"),
        "yoron": (128.417, 27.049, "kyushu"),
        "naha": (127.70, 26.20, "okinawa"),
    }
    for name, (lon, lat, area) in places.items():
        assert pack["areas"].geometry[area].covers(shapely.Point(lon, lat)), name


def test_every_site_lies_in_its_area_and_inzai_in_its_pocket(pack):
    sites = pack["sites"]
    points = shapely.points(sites[["lon", "lat"]].to_numpy())
    home = pack["areas"].geometry.loc[sites["area"]].to_numpy()
    assert shapely.covers(home, points).all(), sites.index[~shapely.covers(home, points)].tolist()
    inside = shapely.covers(pack["pockets"].geometry["inzai-shiroi"], points)
    assert (
        set(sites.loc[inside, "municipality"])
        == {"印西市", "白井市"}
        == set(sites["municipality"].dropna()[sites["municipality"].dropna().str.contains("印西|白井")])
    )


def test_at_least_eighty_sites_count_and_nested_ones_are_marked(pack):
    sites = pack["sites"]
    nested = sites["flags"].fillna("").str.contains(Flag.NESTED)
    assert (~nested).sum() >= 80
    assert (nested == sites["part_of"].notna()).all()
    assert sites.loc[sites["part_of"].dropna(), "part_of"].isna().all()


def test_flags_are_sorted_codes_of_the_enum(pack):
    for text in pack["sites"]["flags"].dropna():
        codes = text.split(";")
        assert codes == sorted(codes)
        assert set(codes) <= {flag.value for flag in Flag}


def test_unknown_requests_stay_unknown_and_nothing_is_drawn_beyond_the_request(pack):
    sites = pack["sites"]
    unknown = sites["request_mw"].isna()
    assert (unknown == sites["flags"].fillna("").str.contains(Flag.REQUEST_UNKNOWN)).all()
    assert (unknown == sites[["mw_now", "mw_first", "mw_full"]].isna().all(axis=1)).all()
    known = sites[~unknown]
    assert (known["in_base_mw"] <= known["request_mw"]).all()


def test_it_power_is_converted_once_by_the_printed_or_the_stated_ratio(pack):
    sites = pack["sites"]
    from_it = sites[sites["mw_kind"] == "IT"]
    converted = from_it["it_mw"] * from_it["pue"].fillna(1.30)
    assert np.allclose(from_it["request_mw"], converted, equal_nan=True)
    assert sites.loc[sites["mw_kind"] != "IT", "it_mw"].isna().all()


def test_offers_of_powered_land_count_with_their_first_phase(pack):
    request = pack["sites"]["request_mw"]
    assert request["nanto-campus"] == 400
    assert request["goodman-tsukuba"] == 50


def test_phases_rise_and_end_at_the_request(pack):
    sites, phases = pack["sites"], pack["phases"].sort_values(["site", "year"])
    assert set(phases["site"]) == set(sites.index[sites["request_mw"].notna()])
    for site, stages in phases.groupby("site"):
        assert stages["year"].is_monotonic_increasing
        assert stages["year"].is_unique
        assert (stages["mw"].diff().dropna() > 0).all(), site
        assert stages["mw"].iloc[-1] == sites.loc[site, "request_mw"], site
    undated = phases.loc[phases["imputed"], "site"]
    assert set(undated) == set(sites.index[sites["flags"].fillna("").str.contains(Flag.UNDATED_PHASE)])


def test_fences_add_up_the_flows_across_the_border_of_their_area(pack):
    links, members = pack["links"], pack["interface_members"]
    into = {"chubu-fence": ("chubu", -1), "hokuriku-fence": ("hokuriku", 1), "kansai-fence": ("kansai", 1)}
    triangle = {"chubu", "hokuriku", "kansai"}
    for fence, (area, direction) in into.items():
        for member in members[members["interface"] == fence].itertuples():
            ends = links.loc[member.element, ["bus0", "bus1"]].tolist()
            assert set(ends) <= triangle
            assert member.sign == (direction if ends[1] == area else -direction)
        assert (members["interface"] == fence).sum() == 2


def test_every_link_is_bounded_by_itself_or_by_an_interface(pack):
    links, members = pack["links"], pack["interface_members"]
    free = links.index[np.isinf(links["p_nom"])]
    assert set(free) <= set(members["element"])
    converters = links[links["carrier"] == "FC"]
    assert converters["p_nom"].sum() == 2100
    assert not set(links.index) & set(pack["interfaces"].index)


def test_ranges_of_interfaces_hold_their_default(pack):
    table = pack["interfaces"]
    for side in ("forward", "reverse"):
        default, low, high = (table[f"limit_{side}{end}"] for end in ("", "_low", "_high"))
        assert ((low <= default) & (default <= high)).all()


def test_links_and_interfaces_have_japanese_names_that_differ(pack):
    names = pd.concat([pack["links"]["name_ja"], pack["interfaces"]["name_ja"]])
    assert names.notna().all()
    assert names.is_unique


def test_upgrades_change_columns_that_are_there_and_undated_ones_have_no_date(pack):
    for row in pack["upgrades"].itertuples():
        owners = [
            pack[name]
            for name in ("links", "interfaces", "pockets", "areas", "generators")
            if row.element in pack[name].index
        ]
        assert len(owners) == 1
        assert row.attribute in owners[0].columns
    dated = pack["upgrades"]["date"].notna()
    assert set(pack["upgrades"].loc[~dated, "element"]) == {"hokkaido-tokyo-hvdc"}


def test_rows_of_one_work_share_their_date_and_their_chance_to_slip(pack):
    upgrades = pack["upgrades"]
    assert upgrades["work"].notna().all()
    dated = upgrades[["work", "date", "p_slip"]].drop_duplicates()
    assert not dated["work"].duplicated().any()
    converters = upgrades[upgrades["work"] == "converters-3000"]
    assert set(converters["element"]) == {"frequency-converters", "fc-sakuma", "fc-higashi-shimizu"}
    assert set(upgrades.loc[upgrades["work"] == "sodegaura-2", "element"]) == {"tokyo", "tokyo-095"}


def test_every_stream_has_one_lead_time_that_holds_everywhere(pack):
    times = pack["lead_times"]
    drawn = times[times["what"] == "default"]
    assert set(drawn.loc[drawn["place"].isna(), "stream"]) == set(STREAMS)
    assert not drawn.duplicated(["stream", "place"]).any()
    assert (times["low_y"] <= times["mode_y"]).all()
    assert (times["mode_y"] <= times["high_y"]).all()
    assumed = times["source"].str.contains("assumption") | times["note"].fillna("").str.contains("assumption")
    assert times.loc[assumed, "imputed"].all()
    postponed = times.loc[(times["stream"] == "slip") & (times["what"] != "default"), ["low_y", "high_y"]]
    assert times.loc["slip", "high_y"] == postponed["high_y"].max()
    assert times.loc["slip", "low_y"] == postponed["low_y"].min()


def test_range_follows_the_limit_that_an_upgrade_replaces(pack):
    upgrades = pack["upgrades"]
    limits = upgrades[upgrades["attribute"].str.fullmatch("limit_(forward|reverse)")]
    keys = set(zip(upgrades["element"], upgrades["attribute"], upgrades["date"], strict=True))
    for row in limits.itertuples():
        assert {(row.element, row.attribute + end, row.date) for end in ("_low", "_high")} <= keys


def test_area_peaks_and_people_add_up_to_the_published_nation(pack):
    areas = pack["areas"]
    coincident = (
        source("area_facts").query("metric == 'peak_demand_coincident'")["value"].astype(float).iloc[0]
    )
    then = pack["balances"][pack["balances"]["balance"].str.startswith("national peak")]
    assert then["peak_mw"].sum() == coincident == 164_031
    assert coincident <= areas["peak_mw"].sum() <= 1.03 * coincident
    assert areas["population"].sum() == 126_146_099


def test_supply_over_peak_is_the_published_reserve_of_every_area(pack):
    facts = source("area_facts")
    published = facts[(facts["metric"] == "reserve_rate_at_peak_slot") & (facts["season"] == "summer")]
    published = published.set_index("area")["value"].astype(float)
    reserve = (pack["areas"]["firm_mw"] / pack["areas"]["peak_mw"] - 1.0) * 100.0
    assert len(published) == 10
    assert np.allclose(reserve, published.loc[reserve.index], atol=0.02)


def test_imports_of_all_areas_add_up_to_nothing_in_a_half_hour_that_they_share(pack):
    shared = pack["balances"].dropna(subset=["net_import_mw"])
    rest = shared.groupby("balance")["net_import_mw"].sum()
    assert len(rest) == 3
    assert (rest.abs() < 20.0).all()  # of some 10,000 MW that cross borders: losses and rounding


def test_an_area_cannot_export_what_its_supply_has_not(pack):
    """Published supply is what is left after flows: with its exports Tohoku would have less than it needs."""
    areas = pack["areas"]
    generated = areas["peak_mw"] - areas["net_import_mw"]
    assert set(areas.index[generated > areas["firm_mw"]]) == {"tohoku", "chugoku", "shikoku"}
    assert (generated <= areas["firm_mw"] - areas["net_import_mw"]).all()


def test_ranges_of_supply_and_of_unlisted_load_hold_their_default(pack):
    areas = pack["areas"]
    for column in ("firm_mw", "unlisted_mw"):
        low, high = areas[f"{column}_low"], areas[f"{column}_high"]
        assert ((low <= areas[column]) & (areas[column] <= high)).all(), column


def test_capacity_is_one_figure_per_area_and_carrier_with_the_listed_units_inside(pack):
    capacity, generators = pack["capacity"], pack["generators"]
    assert not capacity.duplicated(["area", "carrier"]).any()
    total = capacity["listed_mw"] + capacity["residual_mw"] - capacity["excess_mw"]
    assert np.allclose(total, capacity["p_nom"], atol=0.2)
    assert (capacity[["residual_mw", "excess_mw"]].min(axis=1) == 0.0).all()
    running = generators[generators["status"] == "operating"]
    assert set(generators.index) - set(running.index) == {"kansai-033"}  # Gobo 1 closed before the peak
    feeds = running["feeds_area"].fillna(running["area"])
    listed = running.groupby([feeds, "carrier"])["p_nom"].sum()
    assert listed.sum() == pytest.approx(capacity["listed_mw"].sum(), abs=5.0)
    for end, sign in (("low", -1), ("high", 1)):
        for column in ("p_nom", "firm_factor"):
            assert (sign * (capacity[f"{column}_{end}"] - capacity[column]) >= -1e-9).all(), column


def test_rated_output_agrees_with_the_published_balance_within_the_spread_of_its_factors(pack):
    """Rated output times low and high firm factors encloses the supply that each area had of its own."""
    capacity, areas = pack["capacity"], pack["areas"]
    own = areas["firm_mw"] - areas["net_import_mw"]
    low, high = (
        (capacity["p_nom"] * capacity[f"firm_factor_{end}"]).groupby(capacity["area"]).sum()[own.index]
        for end in ("low", "high")
    )
    outside = own.index[(own < low) | (own > high)]
    assert set(outside) <= {"okinawa"}  # small oil and standby units that no register lists


def test_plants_stand_in_japan_and_feed_a_known_area(pack):
    generators = pack["generators"]
    points = shapely.points(generators[["lon", "lat"]].to_numpy())
    land = shapely.union_all(pack["areas"].geometry.to_numpy())
    assert (shapely.distance(land, points) < 0.05).all()  # degrees: reclaimed land lies off the drawn coast
    feeds = set(generators["feeds_area"].dropna())
    assert feeds <= AREAS
    from_tohoku = generators[(generators["area"] == "tohoku") & generators["feeds_area"].notna()]
    assert {"kashiwazaki-kariwa", "hirono"} <= set(
        from_tohoku.loc[from_tohoku["feeds_area"] == "tokyo", "plant"]
    )
    reinan = generators[generators["plant"].isin(["takahama", "ohi", "mihama"])]
    assert set(reinan["feeds_area"].fillna(reinan["area"])) == {"kansai"}


def test_dated_plants_move_supply_and_both_ends_of_its_range(pack):
    upgrades = pack["upgrades"][pack["upgrades"]["element"].isin(AREAS)]
    changes = source("unit_changes")
    assert len(upgrades) == 3 * changes["ship"].sum() > 50
    units = pack["upgrades"][pack["upgrades"]["element"].isin(pack["generators"].index)]
    assert set(units["attribute"]) == {"p_unit"}
    assert set(units["element"]) == set(
        changes.loc[changes["ship"], "units"].dropna().str.split(";").explode()
    )
    assert set(upgrades["attribute"]) == {"firm_mw", "firm_mw_low", "firm_mw_high"}
    assert (upgrades["mode"] == "add").all()
    assert upgrades["date"].notna().all()
    closing = upgrades["status"].str.contains(", retire:|, stop:", regex=True)
    assert ((upgrades["value"] < 0) == closing).all()


def test_ties_are_equal_in_both_tables(pack):
    """Limits of interfaces are the table of ties; what links can carry covers them, before and after works."""
    ties, names = source("ties"), source("interfaces")
    for row in names.itertuples():
        for side, area in (("forward", row.from_area), ("reverse", row.to_area)):
            seen = ties[(ties["tie"] == row.interface) & (ties["from_area"] == area)].set_index("metric")[
                "value"
            ]
            default = row.forward_default if side == "forward" else "median"
            limit = pack["interfaces"].loc[row.interface]
            assert limit[f"limit_{side}"] == seen[f"operating_capacity_{default}"]
            assert limit[f"limit_{side}_low"] == seen["operating_capacity_min"]
            assert limit[f"limit_{side}_high"] >= seen["operating_capacity_max"]
    members = pack["interface_members"].merge(pack["links"], left_on="element", right_index=True)
    bounded = members[np.isfinite(members["p_nom"])].groupby("interface")["p_nom"].sum()
    assert (pack["interfaces"].loc[bounded.index, "limit_forward_high"] <= bounded).all()
    upgrades = pack["upgrades"].set_index(["element", "attribute"])["value"]
    both = pack["links"].loc["hokkaido-honshu-hvdc", "p_nom"] + upgrades["new-hokkaido-honshu-hvdc", "p_nom"]
    assert upgrades["hokkaido-honshu", "limit_forward"] == both
    grown = pack["links"]["p_nom"].filter(like="fc-").sum() + sum(
        upgrades[name, "p_nom"] - pack["links"].loc[name, "p_nom"]
        for name in ("fc-sakuma", "fc-higashi-shimizu")
    )
    assert grown == upgrades["frequency-converters", "limit_forward"] == 3000


def test_outlook_starts_at_todays_peak_and_adds_the_published_load(pack):
    outlook, areas = pack["outlook"], pack["areas"]
    assert set(outlook["year"]) == set(range(2024, 2035))
    start = outlook[outlook["year"] == 2026]
    assert (start["new_dc_mw"] == 0).all()
    assert np.allclose(start["peak_mw"], areas["peak_mw"].loc[start["area"]], atol=0.1)
    end = outlook[outlook["year"] == 2034].groupby("demand")[["new_dc_mw", "dc_twh"]].sum()
    assert end["new_dc_mw"]["outlook"] == pytest.approx(6160 - (470 + (4400 - 470) / 5), abs=1)
    assert end["new_dc_mw"]["low"] == pytest.approx((57 - 26.6) / (8.76 * 0.80) * 1000, abs=1)
    assert end["new_dc_mw"]["high"] == pytest.approx((66 - 28.4) / (8.76 * 0.80) * 1000, abs=1)
    assert end["dc_twh"][["low", "high"]].tolist() == pytest.approx([57.0, 66.0], abs=0.01)
    first = outlook[outlook["year"] == 2024].groupby("demand")["dc_twh"].sum()
    assert first[["low", "high"]].tolist() == pytest.approx([19.0, 19.0], abs=0.01)


def test_ordinary_demand_of_all_areas_follows_the_national_outlook(pack):
    outlook = pack["outlook"][pack["outlook"]["demand"] == "outlook"]
    nation = outlook.groupby("year")["peak_mw"].sum()
    ordinary = {2026: 159_200 + 5_390 / 9 - (470 + 786), 2034: 164_590 - 6_160}
    assert nation[2034] / nation[2026] == pytest.approx(ordinary[2034] / ordinary[2026], rel=1e-4)
    whole = outlook.assign(whole=outlook["peak_mw"] + outlook["new_dc_mw"]).set_index(["area", "year"])[
        "whole"
    ]
    growth = {area: (whole[area, 2034] / whole[area, 2026]) ** (9 / 8) - 1 for area in ("hokkaido", "tokyo")}
    assert growth == pytest.approx({"hokkaido": 0.105, "tokyo": 0.071}, abs=2e-3)


def test_shares_of_added_load_add_up_to_one(pack):
    end = pack["outlook"][(pack["outlook"]["year"] == 2034) & (pack["outlook"]["demand"] == "high")]
    share = end.set_index("area")["new_dc_mw"] / end["new_dc_mw"].sum()
    assert share["tokyo"] == pytest.approx(0.60, abs=1e-3)
    assert share["kansai"] == pytest.approx(0.24, abs=1e-3)
    assert share[["hokuriku", "shikoku", "okinawa"]].sum() == 0.0


def test_headroom_printed_for_chiba_and_tochigi_is_more_than_what_listed_sites_ask_there(pack):
    """So it cannot bind, and is no pocket: its border is not published."""
    sites = pack["sites"]
    inside = sites["prefecture"].isin(["千葉県", "栃木県"]) & sites["part_of"].isna()
    new = (sites["request_mw"] - sites["in_base_mw"]).clip(lower=0.0)[inside]
    assert new.sum() < 5_000


def test_fibre_sketch_is_one_network_of_48_cities(pack):
    routes, nodes = pack["fibre_routes"], pack["fibre_nodes"]
    assert (len(nodes), len(routes)) == (48, 82)
    assert set(routes["node0"]) | set(routes["node1"]) == set(nodes.index)
    assert (routes["geometry_kind"] == "schematic").all()


@pytest.mark.parametrize("folder", [".", "backbones/12", "backbones/25"])
def test_islands_are_joined_only_by_routes_that_name_their_strait(folder):
    nodes = pd.read_csv(PACK / folder / "fibre_nodes.csv").set_index("fibre_node")
    routes = pd.read_csv(PACK / folder / "fibre_routes.csv")
    dry = routes[routes["srlg"].isna()]
    network = nx.Graph(list(dry[["node0", "node1"]].itertuples(index=False, name=None)))
    network.add_nodes_from(nodes.index)
    island = {node: number for number, part in enumerate(nx.connected_components(network)) for node in part}
    cities = [city for city in ("sapporo", "tokyo", "matsuyama", "hakata", "naha") if city in island]
    assert len({island[city] for city in cities}) == len(cities)
    known = set(source("straits")["srlg"])
    assert {group for text in routes["srlg"].dropna() for group in text.split(";")} <= known


def test_landing_towns_stand_on_the_coast(pack):
    towns = pack["hubs"][pack["hubs"]["kind"] == "landing"]
    coast = shapely.union_all(pack["areas"].geometry.to_numpy()).boundary
    km = shapely.distance(coast, shapely.points(towns[["lon", "lat"]].to_numpy())) * 111.0
    assert len(towns) >= 15
    assert (km < 12.0).all(), towns.index[km >= 12.0].tolist()


def test_hubs_weigh_every_prefecture_by_its_people(pack):
    people = pack["hubs"][pack["hubs"]["kind"] == "population"]
    assert len(people) == people["node"].nunique() == 47
    assert people["weight"].sum() == pack["areas"]["population"].sum()


def test_every_use_of_a_site_has_a_budget_row(pack):
    assert set(pack["sites"]["use"]) <= set(pack["budgets"].index)
    assert pack["budgets"]["rtt_ms"].isna().sum() == 1


def test_readme_names_every_source_table_and_counts_its_rows():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    named = dict(
        re.findall(r"^\| `japan/(\w+\.(?:csv|geojson))` \| [^|]* \| (\d+) \|", text, flags=re.MULTILINE)
    )
    rows = {path.name: str(len(pd.read_csv(path))) for path in SOURCES.glob("*.csv")}
    rows |= {f"{name}.geojson": str(len(gpd.read_file(SOURCES / f"{name}.geojson"))) for name in SHAPES}
    assert named == rows


def test_borders_part_prefectures_on_land_and_leave_the_borders_of_areas_alone(pack):
    lines, areas = pack["borders"].geometry, pack["areas"].geometry
    prefectures = {str(name).lower() for name in source("prefectures")["name"]}
    assert {part for border in lines.index for part in border.split("-")} <= prefectures
    near_land = shapely.union_all(areas.to_numpy()).buffer(0.01)
    assert lines.within(near_land).all()
    rims = shapely.union_all(shapely.boundary(areas.to_numpy())).buffer(0.002)
    shared = shapely.length(shapely.intersection(lines.to_numpy(), rims)).sum()
    assert shared < 0.05 * shapely.length(lines.to_numpy()).sum()


def test_borders_are_small():
    assert (PACK / "borders.geojson").stat().st_size < 80_000
