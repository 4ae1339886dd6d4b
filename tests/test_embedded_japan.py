"""The shipped Japan: a source on every row, sums and references that hold, the same bytes again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import three_mismatches
from three_mismatches.layers import LAYERS, Flag

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "data" / "japan"
PACK = Path(three_mismatches.__file__).parent / "data" / "japan"
SHAPES = ("areas", "pockets")
TABLES = (
    "areas", "pockets", "sites", "phases", "generators", "links", "interfaces", "interface_members",
    "upgrades", "outlook", "fibre_nodes", "fibre_routes", "hubs", "budgets",
)  # fmt: skip
AREAS = {
    "hokkaido", "tohoku", "tokyo", "chubu", "hokuriku", "kansai", "chugoku", "shikoku", "kyushu", "okinawa",
}  # fmt: skip
FORBIDDEN = (
    "openstreetmap", "odbl", "non-commercial", "noncommercial", "cc by-nc", "from memory",
)  # fmt: skip


def read(name: str) -> pd.DataFrame:
    if name in SHAPES:
        return gpd.read_file(PACK / f"{name}.geojson").set_index(LAYERS[name].index)
    return pd.read_csv(PACK / f"{name}.csv").set_index(LAYERS[name].index)


@pytest.fixture(scope="module")
def pack() -> dict[str, pd.DataFrame]:
    return {name: read(name) for name in TABLES}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_says_source_date_licence_and_confidence(pack, name):
    table = pack[name]
    for column in ("source", "source_date", "licence", "confidence"):
        assert table[column].notna().all(), table.index[table[column].isna()].tolist()
    assert table["source_date"].astype(str).str.fullmatch(r"\d{4}(-\d{2}){0,2}").all()
    assert table["imputed"].isin([True, False]).all()


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
    files = [path for folder in (PACK, SOURCES) for path in folder.iterdir() if path.name != "LICENSE"]
    for path in files:
        text = path.read_text(encoding="utf-8").lower()
        assert not [word for word in FORBIDDEN if word in text], path.name
    assert sum(path.stat().st_size for path in PACK.iterdir()) < 1_000_000


def test_the_script_builds_the_shipped_bytes_again(tmp_path):
    script = ROOT / "scripts" / "build_japan.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True)
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert built == {path.name: path.read_bytes() for path in PACK.iterdir() if path.name != "LICENSE"}


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
    assert np.allclose(from_it["request_mw"], from_it["it_mw"] * from_it["pue"].fillna(1.30))
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


def test_upgrades_change_columns_that_are_there_and_undated_ones_have_no_date(pack):
    for row in pack["upgrades"].itertuples():
        owners = [
            pack[name] for name in ("links", "interfaces", "pockets") if row.element in pack[name].index
        ]
        assert len(owners) == 1
        assert row.attribute in owners[0].columns
    dated = pack["upgrades"]["date"].notna()
    assert set(pack["upgrades"].loc[~dated, "element"]) == {"hokkaido-tokyo-hvdc"}


def test_range_follows_the_limit_that_an_upgrade_replaces(pack):
    upgrades = pack["upgrades"]
    limits = upgrades[upgrades["attribute"].str.fullmatch("limit_(forward|reverse)")]
    keys = set(zip(upgrades["element"], upgrades["attribute"], upgrades["date"], strict=True))
    for row in limits.itertuples():
        assert {(row.element, row.attribute + end, row.date) for end in ("_low", "_high")} <= keys


def test_area_peaks_and_people_add_up_to_the_published_nation(pack):
    areas = pack["areas"]
    coincident = 164_031  # OCCTO, 2026-07-23
    assert coincident <= areas["peak_mw"].sum() <= 1.03 * coincident
    assert areas["population"].sum() == 126_146_099
    reserve = areas["firm_mw"] / areas["peak_mw"] - 1
    assert reserve["tokyo"] == pytest.approx(0.0375, abs=1e-3)


def test_outlook_starts_at_todays_peak_and_adds_the_published_load(pack):
    outlook, areas = pack["outlook"], pack["areas"]
    start = outlook[outlook["year"] == 2026]
    assert (start["new_dc_mw"] == 0).all()
    assert np.allclose(start["peak_mw"], areas["peak_mw"].loc[start["area"]], atol=0.1)
    end = outlook[outlook["year"] == 2034].groupby("demand")["new_dc_mw"].sum()
    assert end["outlook"] == pytest.approx(6160 - (470 + (4400 - 470) / 5), abs=1)
    assert end["low"] == pytest.approx((57 - 26.6) / (8.76 * 0.80) * 1000, abs=1)
    assert end["high"] == pytest.approx((66 - 28.4) / (8.76 * 0.80) * 1000, abs=1)


def test_fibre_sketch_is_one_network_of_48_cities(pack):
    routes, nodes = pack["fibre_routes"], pack["fibre_nodes"]
    assert (len(nodes), len(routes)) == (48, 82)
    assert set(routes["node0"]) | set(routes["node1"]) == set(nodes.index)
    assert (routes["geometry_kind"] == "schematic").all()


def test_hubs_weigh_every_prefecture_by_its_people(pack):
    people = pack["hubs"][pack["hubs"]["kind"] == "population"]
    assert len(people) == people["node"].nunique() == 47
    assert people["weight"].sum() == pack["areas"]["population"].sum()


def test_every_use_of_a_site_has_a_budget_row(pack):
    assert set(pack["sites"]["use"]) <= set(pack["budgets"].index)
    assert pack["budgets"]["rtt_ms"].isna().sum() == 1


def test_readme_names_every_source_table():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`japan/([a-z_]+\.(?:csv|geojson))`", text))
    assert named == {path.name for path in SOURCES.iterdir()}
