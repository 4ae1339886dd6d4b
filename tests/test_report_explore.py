"""The map in a browser: what is on it, what is said of each thing, and that what users wrote stays text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from three_mismatches.report.explore import explore

NASTY = "</script><script>alert(1)</script> `${alert(2)}` \"quoted' {{ 7*7 }} 🚀 \u202eabc"
PLACES = {"north": (4.0, 53.0), "south": (4.2, 50.2)}


def make_sites(count: int = 3, **columns: object) -> gpd.GeoDataFrame:
    rows = {
        "name": [f"Site {at}" for at in range(count)], "name_ja": [f"地点{at}" for at in range(count)],
        "request_mw": 100.0, "joint_gap_mw": 30.0, "power_gap_mw": 0.0, "hosting_mw": 70.0, "bound": "upper",
        "limiting_element": "tie; capacity:north", "limiting_outage": "unit:7", "use": "cloud", "status": "planned",
        "nearest_hub": "ix", "rtt_ms": 12.0, "rtt_low_ms": 10.0, "rtt_high_ms": 14.0, "budget_ms": 2.0,
        "rtt_gap_ms": 10.0, "delay_y_p10": 1.0, "delay_y_p50": 2.5, "delay_y_p90": 4.0, "critical_stream": "power",
        "dominant_mismatch": "sites-fibre", "flags": "fibre_schematic;local_grid_unknown", "part_of": None,
        "source": "https://example.org", "licence": "facts",
    }  # fmt: skip
    index = pd.Index([f"s{at}" for at in range(count)], name="site")
    points = [Point(4.0 + 0.01 * at, 51.0) for at in range(count)]
    return gpd.GeoDataFrame({**rows, **columns}, index=index, geometry=points, crs="EPSG:4326")


def make_result(sites: gpd.GeoDataFrame | None = None, *, fibre: bool = True) -> SimpleNamespace:
    place = [Point(at) for at in PLACES.values()]
    names = {"name": ["North", "South"], "name_ja": ["北", "南"]}
    power = {"spare_mw": [900.0, 0.0], "joint_gap_mw": [0.0, 90.0], "hub_rtt_ms": [3.0, np.nan]}
    index = pd.Index(list(PLACES), name="area")
    areas = gpd.GeoDataFrame(
        {**names, **power}, index=index, geometry=[box(2, 52, 6, 54), box(2, 50, 6, 52)], crs=4326
    )
    tie = {"name": ["Tie"], "area0": ["north"], "area1": ["south"], "flow_mw": [-50.0], "binding": [True]}
    limits = {"limit_forward": [80.0], "limit_reverse": [50.0]}
    nodes = gpd.GeoDataFrame(names, index=index, geometry=place, crs=4326)
    routes = pd.DataFrame(
        {"node0": ["north"], "node1": ["south"], "length": [170.0], "geometry_kind": ["schematic"]}
    )
    hubs = gpd.GeoDataFrame(
        {"name": ["Exchange", "People"], "kind": ["ix", "population"]},
        index=["ix", "p"],
        geometry=place,
        crs=4326,
    )
    pockets = gpd.GeoDataFrame(
        {"name": ["Pocket"], "limit_mw": [300.0]},
        index=["pocket"],
        geometry=[box(4, 51, 4.2, 51.2)],
        crs=4326,
    )
    ties = pd.DataFrame({**tie, **limits}, index=["tie"])
    frames = {
        "pockets": pockets,
        "interfaces": ties[["name"]],
        "links": ties[["name"]].iloc[:0],
        "areas": areas,
        "generators": pd.DataFrame({"name": ["Great plant"], "name_ja": ["大発電所"]}, index=["7"]),
    }
    return SimpleNamespace(
        sites=make_sites() if sites is None else sites, areas=areas, ties=ties,
        hubs=hubs if fibre else hubs.iloc[:0], lines=areas.iloc[:0][["name", "geometry"]],
        fibre=SimpleNamespace(fibre_nodes=nodes, fibre_routes=routes if fibre else routes.iloc[:0]),
        grid=SimpleNamespace(pockets=pockets), settings=SimpleNamespace(name="Testland", year=2034),
        tables=SimpleNamespace(inputs=SimpleNamespace(frames=lambda: frames)),
    )  # fmt: skip


class Scripts(HTMLParser):
    """Gathers the inline scripts and all other text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.scripts, self.texts = "", [], []

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        if tag == "script" and "src" not in dict(attrs):
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside != "style":
            self.texts.append(data)


def read(page: folium.Map) -> Scripts:
    found = Scripts()
    found.feed(page.get_root().render())
    return found


def drawn(page: folium.Map) -> dict[str, list[dict]]:
    """Return the features of each layer by its key."""
    layers = [child for child in page._children.values() if hasattr(child, "key")]
    return {layer.key: layer.data["features"] for layer in layers}


def tip(feature: dict) -> dict:
    return feature["properties"]["tip"]


def rows(feature: dict) -> dict[str, str]:
    return dict(tip(feature)["rows"])


@pytest.fixture(scope="module")
def page() -> folium.Map:
    return explore(make_result())


def test_every_layer_can_be_switched_and_one_of_the_sites_is_shown(page):
    layers = [child for child in page._children.values() if hasattr(child, "key")]
    assert {layer.key for layer in layers} == {
        "area-spare_mw", "area-joint_gap_mw", "pockets", "fibre", "ties", "hubs", "joint_gap_mw", "rtt_gap_ms",
        "delay_y_p50",
    }  # fmt: skip
    assert all(layer.control for layer in layers)
    assert [layer.key for layer in layers if not layer.overlay and layer.show] == ["joint_gap_mw"]


def test_a_site_tells_its_names_its_gap_and_the_reason(page):
    site = drawn(page)["joint_gap_mw"][0]
    assert (tip(site)["head"], tip(site)["sub"]) == ("Site 0", "地点0")
    told = rows(site)
    assert told["Asks"] == "100 MW"
    assert told["Short, all at once"] == "30 MW"
    assert told["What limits it"] == "Tie, supply of North"
    assert told["Could have alone"] == "70 MW (upper bound)"
    assert told["Round trip"] == "12 ms [10 to 14] to Exchange"
    assert told["After the loss of"] == "unit Great plant"
    assert told["Budget"] == "2 ms"
    assert told["Slowest"] == "power"
    assert told["Waits"] == "2.5 years [1 to 4]"
    assert "fibre is a sketch of the backbone: round trips are estimates" in tip(site)["notes"]


def test_a_tie_tells_which_way_it_flows_and_that_it_binds(page):
    tie = drawn(page)["ties"][0]
    assert rows(tie)["Flow at the peak"] == "50 MW, South to North"
    assert rows(tie)["Limit that way"] == "50 MW"
    assert rows(tie)["Binds"] == "yes"
    assert tie["properties"]["style"]["weight"] == 5.0


def test_people_are_no_hubs_and_routes_are_said_to_be_sketches(page):
    assert [tip(hub)["head"] for hub in drawn(page)["hubs"]] == ["Exchange"]
    route = drawn(page)["fibre"][0]
    assert tip(route)["head"] == "North – South"
    assert tip(route)["notes"] == ("a sketch: the route on the ground is not known",)


def test_the_legend_names_units_and_the_page_its_sources(page):
    script = "".join(read(page).scripts)
    for words in (
        "all sites at once [MW]",
        "its budget [ms]",
        "median [years]",
        "Request [MW]",
        "Power to spare [MW]",
    ):
        assert words in script
    assert "addAttribution" in script
    assert "example.org (facts)" in script


def test_the_page_says_in_plain_text_that_it_needs_a_network(page):
    assert "It needs a network" in " ".join(read(page).texts)


def test_japanese_words_and_names():
    page = explore(make_result(), lang="ja")
    site = drawn(page)["rtt_gap_ms"][0]
    assert (tip(site)["head"], tip(site)["sub"]) == ("地点0", "Site 0")
    assert rows(site)["制約となるもの"] == "Tie、北エリアの供給力"
    assert rows(site)["想定する脱落"] == "電源「大発電所」"
    assert rows(site)["往復遅延"] == "12 ms［10～14］（Exchangeまで）"
    assert "ネットワーク接続が必要です" in " ".join(read(page).texts)


def test_user_text_ends_no_script_and_is_never_markup_nor_a_template():
    columns = {
        "name": NASTY,
        "source": NASTY,
        "limiting_element": NASTY,
        "licence": NASTY,
        "nearest_hub": NASTY,
    }
    result = make_result(make_sites(2, **columns))
    result.settings.name = NASTY
    result.hubs["kind"] = NASTY
    clean = read(explore(make_result(make_sites(2))))
    found = read(explore(result))
    assert len(found.scripts) == len(clean.scripts)
    assert not [script for script in found.scripts if "<script" in script or "</script" in script]
    assert "49" not in " ".join(found.texts)
    # What is set as markup holds none of the user's; everything else is set as text.
    legend = re.search(r"threeMismatches\.legend\(\s*\w+, (\".*?\"), \{", found.scripts[-1], re.DOTALL)
    assert "<script" not in json.loads(legend[1])
    assert "alert(1)" in json.loads(legend[1])


def test_names_are_set_as_text_and_lose_what_turns_their_direction():
    page = explore(make_result(make_sites(1, name=[NASTY])))
    assert "\u202e" not in tip(drawn(page)["joint_gap_mw"][0])["head"]
    script = "".join(read(page).scripts)
    assert script.count("innerHTML") == 1
    assert "textContent" in script


def test_what_is_not_known_is_said_to_be_and_drawn_hollow():
    unknown = {
        "request_mw": np.nan,
        "joint_gap_mw": np.nan,
        "rtt_ms": np.nan,
        "budget_ms": np.nan,
        "delay_y_p50": np.nan,
    }
    page = explore(make_result(make_sites(2, **unknown)))
    site = drawn(page)["joint_gap_mw"][0]
    assert rows(site)["Asks"] == rows(site)["Short, all at once"] == "unknown"
    assert site["properties"]["style"]["fillOpacity"] < 0.5


def test_a_wait_without_end_is_no_number_of_years():
    sites = make_sites(delay_y_p50=np.inf, delay_y_p90=np.inf)
    assert (
        rows(drawn(explore(make_result(sites)))["joint_gap_mw"][0])["Waits"]
        == "no end in sight [1.0 years or more]"
    )
    sites = make_sites(delay_y_p90=np.inf)
    assert (
        rows(drawn(explore(make_result(sites)))["joint_gap_mw"][0])["Waits"]
        == "2.5 years [1 to no end in sight]"
    )


@pytest.mark.parametrize("count", [0, 1])
def test_few_sites_and_no_fibre_still_draw(count):
    page = explore(make_result(make_sites(3).iloc[:count], fibre=False))
    found = drawn(page)
    assert len(found.get("joint_gap_mw", [])) == count
    assert not {"fibre", "hubs"} & set(found)
    assert read(page).scripts


def test_sites_at_one_point_are_drawn_apart():
    sites = make_sites(3).set_geometry([Point(4.0, 51.0)] * 3, crs=4326)
    places = {
        feature["geometry"]["coordinates"] for feature in drawn(explore(make_result(sites)))["joint_gap_mw"]
    }
    assert len(places) == 3


def test_lines_are_a_layer_of_their_own_by_voltage():
    result = make_result()
    rows = {"name": ["L"], "v_nom": [500.0], "s_nom": [900.0], "p0": [-90.0], "loading": [0.1]}
    result.lines = gpd.GeoDataFrame(rows, geometry=[LineString([(3, 51), (4, 52)])], crs=4326)
    line = drawn(explore(result))["lines"][0]
    assert dict(tip(line)["rows"]) == {
        "Voltage": "500 kV",
        "Rating": "900 MVA",
        "Flow at the peak": "90 MW",
        "Loading": "10%",
    }


def test_without_folium_the_cure_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "folium", None)
    with pytest.raises(ImportError, match=re.escape('pip install "three-mismatches[explore]"')):
        explore(make_result())


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_every_inline_script_is_valid(tmp_path):
    for at, script in enumerate(read(explore(make_result(make_sites(2, name=NASTY)))).scripts):
        path = tmp_path / f"{at}.js"
        path.write_text(script, encoding="utf-8")
        subprocess.run(["node", "--check", str(path)], check=True)
