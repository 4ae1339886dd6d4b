"""Waterfalls: steps add up to what is missing, parts to the round trip, and what is not known is said."""

from __future__ import annotations

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from shapely.geometry import Point, box

from text_boxes import outside, overlaps
from three_mismatches import maps
from three_mismatches.errors import LayerError

SHORT = {
    "name": "Nanto Campus", "name_ja": "南砺キャンパス", "area": "north", "use": "cloud", "status": "planned",
    "request_mw": 400.0, "in_base_mw": 60.0, "hosting_mw": 260.0, "bound": "upper",
    "adequacy_mw": 380.0, "transport_mw": 300.0, "secure_mw": 260.0, "joint_mw": 180.0,
    "limiting_element": "north-south; capacity:north", "limiting_outage": "unit:u7",
    "rtt_vacuum_ms": 1.5, "rtt_glass_ms": 0.7, "rtt_route_ms": 2.4, "rtt_policy_ms": 0.0,
    "rtt_equipment_ms": 0.1, "rtt_ms": 4.7, "rtt_low_ms": 3.9, "rtt_high_ms": 5.7,
    "budget_ms": 2.0, "nearest_hub": "ix", "source": "a.example", "licence": "facts",
}  # fmt: skip
"""Asks for 400 MW and gets 180: generation takes 20, transport 80, the worst loss 40, the others 80."""

PLENTY = {
    "adequacy_mw": 9000.0,
    "transport_mw": 3000.0,
    "secure_mw": 1000.0,
    "joint_mw": 400.0,
    "hosting_mw": 1000.0,
}


def row_of(**changes: object) -> pd.Series:
    return pd.Series({**SHORT, **changes}, name="nanto-campus")


def make_result(**changes: object) -> SimpleNamespace:
    table = pd.DataFrame([row_of(**changes)])
    sites = gpd.GeoDataFrame(table, geometry=[Point(137, 36)], crs="EPSG:4326")
    sites.index = pd.Index(["nanto-campus"], name="site")
    area = {"name": ["North"], "name_ja": ["北"]}
    areas = gpd.GeoDataFrame(area, index=["north"], geometry=[box(0, 0, 1, 1)], crs="EPSG:4326")
    hub = {"name": ["Great exchange"]}
    hubs = gpd.GeoDataFrame(hub, index=["ix"], geometry=[Point(0, 0)], crs="EPSG:4326")
    ties = pd.DataFrame({"name": ["The only tie"]}, index=["north-south"])
    return SimpleNamespace(sites=sites, areas=areas, hubs=hubs, ties=ties)


def bars(ax, label: str) -> list[Rectangle]:
    return [bar for group in ax.containers if group.get_label() == label for bar in group]


def words(artist) -> list[str]:
    return [text.get_text() for text in artist.findobj(Text) if text.get_text()]


def test_steps_are_what_each_rung_takes_away():
    ax = maps.power_waterfall(row_of())
    assert [bar.get_width() for bar in bars(ax, "lost")] == pytest.approx([20.0, 80.0, 40.0, 80.0])
    assert bars(ax, "missing")[0].get_width() == pytest.approx(220.0)
    assert {"−20 MW", "−80 MW", "−40 MW", "180 MW; 220 MW short"} <= set(words(ax))


@given(
    st.lists(st.one_of(st.just(np.nan), st.floats(0.0, 900.0)), min_size=6, max_size=6), st.floats(1.0, 500.0)
)
def test_steps_add_up_to_the_request_less_what_is_delivered(rungs, request):
    names = ("adequacy_mw", "transport_mw", "secure_mw", "n0_mw", "n1_mw", "joint_mw")
    ax = maps.power_waterfall(row_of(**dict(zip(names, rungs, strict=True)), request_mw=request))
    delivered = min(request, np.nanmin([*rungs, request]))
    lost = sum(bar.get_width() for bar in bars(ax, "lost"))
    assert lost == pytest.approx(request - delivered, abs=0.01)


def test_rungs_that_the_model_lacks_have_no_row():
    assert "Loss of any one line" not in words(maps.power_waterfall(row_of()))
    both = words(maps.power_waterfall(row_of(n0_mw=250.0, n1_mw=150.0, hosting_mw=150.0)))
    assert {"Lines, all of them in service", "Loss of any one line", "−100 MW"} <= set(both)


def test_where_nothing_is_lost_each_rung_tells_its_room():
    found = words(maps.power_waterfall(row_of(**PLENTY)))
    assert "room for 3,000 MW, 7.5 × the request" in found
    assert {"takes nothing", "nothing is missing", "400 MW"} <= set(found)
    assert "Alone it could draw at most 1,000 MW (an upper bound): 600 MW more than it asks for" in found


def test_an_unknown_request_is_said_and_the_room_drawn():
    ax = maps.power_waterfall(row_of(request_mw=np.nan, joint_mw=np.nan))
    assert {"not known", "room for 300 MW"} <= set(words(ax))
    assert [bar.get_width() for bar in bars(ax, "bar")] == pytest.approx([380.0, 300.0, 260.0])


def test_what_binds_is_named_where_it_binds():
    figure = maps.waterfall(make_result(), "nanto-campus")
    assert "bound by The only tie, the supply of North, with unit u7 lost" in words(figure)


def test_parts_are_stacked_to_the_round_trip():
    ax = maps.latency_waterfall(row_of())
    *parts, whole = bars(ax, "bar")
    assert sum(bar.get_width() for bar in parts) == pytest.approx(4.7)
    assert parts[2].get_x() == pytest.approx(2.2)
    assert whole.get_width() == pytest.approx(4.7)


def test_the_budget_is_a_line_and_what_is_beyond_it_hatched():
    ax = maps.latency_waterfall(row_of())
    assert next(line for line in ax.lines if line.get_label() == "budget").get_xdata()[0] == 2.0
    assert bars(ax, "beyond")[0].get_width() == pytest.approx(2.7)
    assert {"4.70 ms (3.90 to 5.70)", "2.70 ms beyond the budget of 2 ms"} <= set(words(ax))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"rtt_ms": np.inf}, "no path along the fibre"),
        ({"rtt_ms": np.nan}, "not known"),
        ({"budget_ms": np.nan}, "no budget is known for this use"),
        ({"budget_ms": 100.0}, "Budget for cloud: 100 ms, farther than is drawn"),
    ],
)
def test_what_cannot_be_drawn_is_said(changes, text):
    assert text in words(maps.latency_waterfall(row_of(**changes)))


def test_the_heading_names_site_area_use_and_status_in_both_languages():
    assert {"Nanto Campus", "North · cloud · planned"} <= set(
        words(maps.waterfall(make_result(), "nanto-campus"))
    )
    told = words(maps.waterfall(make_result(), "nanto-campus", lang="ja"))
    assert {"南砺キャンパス", "北 · クラウド · 計画中"} <= set(told)


def test_a_site_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(LayerError, match=r"has no 'nanto'.*Did you mean 'nanto-campus'"):
        maps.waterfall(make_result(), "nanto")


def test_a_missing_column_is_named():
    with pytest.raises(LayerError, match="rtt_route_ms"):
        maps.latency_waterfall(row_of().drop("rtt_route_ms"))


@pytest.mark.parametrize(
    ("lang", "changes"), [("en", PLENTY), ("ja", {"n0_mw": 250.0, "n1_mw": 150.0, "hosting_mw": 150.0})]
)
def test_no_words_overlap_and_none_leave_the_page(lang, changes):
    figure = maps.waterfall(make_result(**changes), "nanto-campus", lang=lang)
    assert overlaps(figure) == []
    assert outside(figure) == []


@pytest.mark.parametrize("name", ["<script> $x$ \u202eabc 😀😀 a\nb", "long " * 60])
def test_any_name_is_drawn_as_text(name):
    changes = {"name": name, "use": name, "status": name, "limiting_element": name, "nearest_hub": name}
    figure = maps.waterfall(make_result(**changes), "nanto-campus")
    assert overlaps(figure) == []
    assert outside(figure) == []


def test_it_draws_on_the_axes_that_it_is_given():
    ax = maps.power_waterfall(row_of())
    ax.clear()
    assert maps.power_waterfall(row_of(), ax=ax) is ax
