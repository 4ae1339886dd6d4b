"""The whole line, on a study small enough to check by hand and on the embedded Japan."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

import three_mismatches as tm
from conftest import radial_layers, tables_of
from three_mismatches.geodesy import distance_km
from three_mismatches.layers.settings import Settings
from three_mismatches.mismatch import SITE_COLUMNS

FIBRE = {
    "fibre_nodes": {"west": {"geometry": Point(0.5, 0.5)}, "east": {"geometry": Point(1.5, 0.5)}},
    "fibre_routes": {"we": {"node0": "west", "node1": "east", "length": 150.0, "geometry_kind": "schematic"}},
    "hubs": {"cloud-east": {"geometry": Point(1.5, 0.5), "kind": "cloud", "node": "east"}},
    "budgets": {
        "cloud": {"hub_kind": "cloud", "rtt_ms": 2.0},
        "batch": {"hub_kind": "cloud", "rtt_ms": 50.0},
    },
}


def layers(**sites: dict[str, object]) -> dict[str, dict[str, dict[str, object]]]:
    return {**radial_layers(), **FIBRE, "sites": sites}


def solve(rows: dict[str, dict[str, dict[str, object]]], **assume: float) -> tm.Result:
    return tm.Study(tables_of(rows), Settings(assume=assume)).solve()


def site(lon: float, lat: float = 0.7, **columns: object) -> dict[str, object]:
    return {"geometry": Point(lon, lat), "use": "cloud", "status": "planned", **columns}


def test_a_site_row_is_the_hand_calculation():
    """25 MW are secure in a (see radial_layers), 150 km of route are 2 * 1.468 * 150 * 1.65 / c ms."""
    row = solve(layers(s=site(0.5, 0.5, request_mw=40.0, use="cloud"))).sites.loc["s"]
    assert row["area"] == "a"
    assert row["pocket"] == "p"
    assert row["hosting_mw"] == pytest.approx(12.0)
    assert row["power_gap_mw"] == pytest.approx(28.0)
    assert row["rtt_ms"] == pytest.approx(2 * 1.468 * 150.0 * 1.65 / 299.792458)
    assert row["rtt_gap_ms"] == pytest.approx(row["rtt_ms"] - 2.0)


def test_what_the_site_drew_already_is_part_of_what_it_can_have():
    row = solve(layers(s=site(0.2, request_mw=40.0, in_base_mw=30.0))).sites.loc["s"]
    assert row["hosting_mw"] == pytest.approx(30.0 + 25.0)
    assert row["power_gap_mw"] == 0.0
    assert row["joint_mw"] == pytest.approx(40.0)


def test_regret_is_the_part_of_the_gap_that_moving_cures():
    """West hosts 12 (its pocket), east 30: of 40 MW, moving from the pocket to the east cures 18."""
    row = solve(layers(s=site(0.5, 0.5, request_mw=40.0, use="batch"))).sites.loc["s"]
    assert row["regret_mw"] == pytest.approx(18.0)
    assert row["regret_place"] == "east"
    assert row["regret_mw"] <= row["power_gap_mw"]


def test_sites_together_get_less_than_the_sum_of_what_each_could_have():
    """25 + 30 alone; 30 together, by the lost unit in b. Pro rata: 3 to 5."""
    result = solve(layers(s=site(0.2, request_mw=30.0), t=site(1.2, request_mw=50.0)))
    assert result.sites["joint_mw"].tolist() == pytest.approx([11.25, 18.75], abs=1e-4)
    assert result.fleet["value"]["double_count"] == pytest.approx(55.0 / 30.0, rel=1e-5)
    assert result.fleet["value"]["joint_gap_mw"] == pytest.approx(50.0, abs=1e-3)


def test_a_nested_row_is_in_no_sum_but_has_its_own_answer():
    result = solve(layers(s=site(0.2, request_mw=20.0), part=site(0.2, request_mw=15.0, part_of="s")))
    assert result.fleet["value"]["request_mw"] == 20.0
    assert result.sites.loc["part", "hosting_mw"] == pytest.approx(25.0)
    assert np.isnan(result.sites.loc["part", "joint_mw"])
    assert "nested" in result.sites.loc["part", "flags"]


def test_an_unknown_request_has_no_gap_and_says_so():
    row = solve(layers(s=site(1.4))).sites.loc["s"]
    assert np.isnan(row["power_gap_mw"])
    assert "request_unknown" in row["flags"]
    assert row["dominant_mismatch"] == "unknown"


def test_where_no_local_limit_is_published_hosting_is_an_upper_bound():
    result = solve(layers(s=site(0.2, request_mw=1.0), t=site(0.4, 0.4, request_mw=1.0)))
    assert result.sites["bound"].tolist() == ["upper", "exact"]
    assert "local_grid_unknown" in result.sites.loc["s", "flags"]
    assert "local_grid_unknown" not in result.sites.loc["t", "flags"]


def test_a_study_without_fibre_is_solved_for_power():
    rows = {name: rows for name, rows in layers(s=site(0.2, request_mw=40.0)).items() if name not in FIBRE}
    row = solve(rows).sites.loc["s"]
    assert row["power_gap_mw"] == pytest.approx(15.0)
    assert np.isnan(row["rtt_ms"])


def test_columns_are_those_of_the_design_in_order():
    assert (
        tuple(solve(layers(s=site(0.2, request_mw=1.0))).sites.columns[: len(SITE_COLUMNS)]) == SITE_COLUMNS
    )


@pytest.mark.slow
@given(st.floats(0.1, 200.0), st.floats(0.0, 100.0))
def test_the_power_gap_never_falls_when_the_request_rises(request, more):
    def gap(mw: float) -> float:
        return solve(layers(s=site(0.2, request_mw=mw))).sites.loc["s", "power_gap_mw"]

    assert gap(request + more) >= gap(request) - 1e-9


@pytest.mark.slow
@given(st.lists(st.floats(0.1, 80.0), min_size=3, max_size=4), st.randoms())
def test_permuting_rows_permutes_the_answer(wanted, rng):
    rows = layers(**{f"s{i}": site(0.2 + 0.4 * i, request_mw=mw) for i, mw in enumerate(wanted)})
    shuffled = {name: dict(rng.sample(list(table.items()), len(table))) for name, table in rows.items()}
    first, second = solve(rows).sites, solve(shuffled).sites
    numbers = first.select_dtypes("number").columns
    pd.testing.assert_frame_equal(
        pd.DataFrame(first[numbers]), pd.DataFrame(second.loc[first.index, numbers]), atol=1e-4, rtol=0
    )


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes(tmp_path):
    study = tm.Study(
        tables_of(layers(s=site(0.2, request_mw=30.0), t=site(1.2, request_mw=50.0))), Settings()
    )
    for name in ("one", "two"):
        study.solve().write(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_japan_gives_a_row_for_each_site_and_a_latency_for_each_use(japan, japan_study):
    assert len(japan.sites) == len(japan_study.sites)
    assert len(japan.latency) == len(japan.sites) * len(japan.tables.tables.budgets)
    assert japan.sites.crs.to_epsg() == 4326


def test_japan_keeps_every_promise_on_its_rows(japan):
    sites = japan.sites
    assert (sites["adequacy_mw"] >= sites["transport_mw"]).all()
    assert (sites["transport_mw"] >= sites["secure_mw"]).all()
    assert (sites["hosting_mw"] == sites["secure_mw"]).all()
    known = sites[sites["regret_mw"].notna()]
    assert ((known["regret_mw"] >= 0.0) & (known["regret_mw"] <= known["power_gap_mw"] + 1e-6)).all()
    assert (sites["rtt_low_ms"] <= sites["rtt_ms"]).all()
    assert (sites["rtt_ms"] <= sites["rtt_high_ms"]).all()
    parts = ["rtt_vacuum_ms", "rtt_glass_ms", "rtt_route_ms", "rtt_policy_ms", "rtt_equipment_ms"]
    np.testing.assert_allclose(sites[parts].sum(axis=1), sites["rtt_ms"], atol=1e-9)
    assert japan.fleet["value"]["double_count"] >= 1.0


def test_no_round_trip_is_faster_than_light_in_glass(japan):
    hubs = japan.hubs
    row = japan.latency[(japan.latency["statistic"] == "nearest") & japan.latency["nearest_hub"].notna()]
    where = japan.sites.geometry.loc[row.index.get_level_values("site")]
    hub = hubs.geometry.loc[row["nearest_hub"]]
    km = distance_km(where.x.to_numpy(), where.y.to_numpy(), hub.x.to_numpy(), hub.y.to_numpy())
    assert (row["rtt_low_ms"].to_numpy() >= 2 * 1.468 * km / 299.792458 - 1e-9).all()


def test_okinawa_is_an_island(japan):
    row = japan.sites[japan.sites["area"] == "okinawa"].iloc[0]
    spare = japan.areas.loc["okinawa", "spare_mw"]
    assert row["adequacy_mw"] - row["in_base_mw"] == pytest.approx(spare)
    assert row["limiting_element"] == "capacity:okinawa"


@pytest.mark.parametrize(
    ("pair", "measured_ms"),
    [(("tokyo", "osaka"), 7.98), (("tokyo", "osaka"), 9.0), (("tokyo", "sapporo"), 16.96)],
)
def test_measured_round_trips_lie_in_the_predicted_range(pair, measured_ms, japan_study):
    """WonderNetwork minima of November 2018, and IBM Cloud's table of August 2026 (Tokyo-Osaka 9 ms)."""
    fibre = japan_study.fibre
    ends = [fibre.fibre_nodes.loc[[name]] for name in pair]
    low, high = (
        tm.latency.rtt(fibre, *ends, route_factor=factor).iloc[0, 0]
        for factor in (
            tm.assumptions.ASSUMPTIONS["route_factor"].low,
            tm.assumptions.ASSUMPTIONS["route_factor"].high,
        )
    )
    assert low <= measured_ms <= high


def test_the_range_of_the_shortfall_holds_the_value(japan):
    row = japan.fleet.loc["joint_gap_mw"]
    assert row["low"] <= row["value"] < row["high"]
    request = japan.fleet.loc["request_mw"]  # moved by the receiving power per IT power alone
    assert request["low"] < request["value"] < request["high"]
    assert np.isnan(japan.fleet.loc["regret_mw", "low"])  # no reading asks what moving would cure


@pytest.mark.slow
def test_an_assumption_changes_the_answer(japan):
    faster = tm.japan(assume={"route_factor": 1.5}).solve()
    assert (faster.sites["rtt_ms"] < japan.sites["rtt_ms"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": "bus"}, "there are 'area' and 'line'"),
        ({"demand": "hihg"}, "there are high, low, outlook"),
        ({"backbone": 13}, "there are 12, 25, 48 nodes"),
        ({"year": 2020}, "before the base year 2026"),
        ({"assume": {"route_facto": 1.5}}, "nearest name is 'route_factor'"),
        ({"assume": {"route_factor": "fast"}}, "must be a number"),
    ],
)
def test_an_unknown_option_is_refused_with_what_there_is(options, message):
    with pytest.raises(ValueError, match=message):
        tm.japan(**options)


def test_sites_get_the_flags_of_their_place_and_of_the_grid():
    rows = layers(s=site(9.0, request_mw=1.0, area=None), t=site(5.5, request_mw=1.0))
    rows["areas"]["c"]["peak_mw"] = 15.0
    flags = solve(rows).sites["flags"]
    assert "area_nearest" in flags["s"]
    assert "area_nearest" not in flags["t"]
    assert "base_infeasible" in flags["t"]


def test_a_site_far_from_every_area_is_refused_and_a_far_island_is_not():
    assert solve(layers(s=site(15.0, request_mw=1.0))).sites.loc["s", "area"] == "c"
    with pytest.raises(tm.errors.MatchError, match="km from the nearest area for row: 'lost'"):
        solve(layers(s=site(0.2), lost=site(120.0, request_mw=1.0)))


def test_a_pocket_whose_load_nobody_knows_leaves_an_upper_bound():
    rows = layers(s=site(0.2, 0.2, request_mw=1.0, use="batch"))
    assert solve(rows).sites.loc["s", ["bound", "dominant_mismatch"]].tolist() == ["exact", "none"]
    rows["pockets"]["p"]["load_mw"] = np.nan
    row = solve(rows).sites.loc["s"]
    assert row[["bound", "dominant_mismatch"]].tolist() == ["upper", "unknown"]
    assert "pocket_load_unknown" in row["flags"]


def test_the_fleet_sums_what_rows_lack():
    result = solve(layers(s=site(0.2, request_mw=30.0), t=site(1.2, request_mw=50.0)))
    assert result.fleet["value"]["joint_gap_listed_mw"] == pytest.approx(result.sites["joint_gap_mw"].sum())
    assert result.areas["joint_gap_mw"].sum() == pytest.approx(50.0, abs=1e-3)
    assert result.fleet["value"]["joint_gap_intact_mw"] == pytest.approx(10.0)


def test_unsited_load_is_on_both_sides_of_the_double_count():
    """25 MW for one site of 20 and for 20 unsited, both in a: each could have its 20 alone."""
    rows = layers(s=site(0.6, request_mw=20.0))
    rows["areas"]["a"]["unsited_mw"] = 20.0
    assert solve(rows).fleet["value"]["double_count"] == pytest.approx(40.0 / 25.0, rel=1e-5)


def test_the_mean_excess_is_weighted_by_request_and_unknown_without_one():
    far, near = site(0.2, request_mw=1.0), site(0.9, request_mw=3.0)
    result = solve(layers(s=far, t=near))
    gap = result.sites["rtt_gap_ms"]
    assert result.fleet["value"]["rtt_gap_ms"] == pytest.approx((gap["s"] + 3 * gap["t"]) / 4)
    assert np.isnan(solve(layers(s=site(0.2))).fleet["value"]["rtt_gap_ms"])


def test_sentences_say_what_a_study_cannot_answer():
    bare = {name: rows for name, rows in layers(s=site(0.2)).items() if name not in FIBRE}
    power, fibre, _, years = solve(bare).summary()
    assert "nothing can be said of power" in power
    assert "nothing can be said of latency" in fibre
    assert "nothing can be said of years" in years


def test_a_sentence_for_each_use_says_what_is_known_of_light():
    uses = {
        "cloud": {"hub_kind": "cloud", "statistic": "nearest", "rtt_ms": 0.5},
        "easy": {"hub_kind": "cloud", "statistic": "all", "rtt_ms": 500.0},
        "mean": {"hub_kind": "cloud", "statistic": "weighted", "rtt_ms": 500.0},
        "none": {"hub_kind": "landing", "statistic": "nearest", "rtt_ms": 1.0},
        "open": {"hub_kind": "cloud", "statistic": "nearest", "rtt_ms": np.nan},
    }
    result = solve(layers(s=site(0.2)) | {"budgets": uses})
    told = dict(zip(uses, tm.report.latency_sentences(result, "s"), strict=True))
    assert "beyond the 0.5 ms budget" in told["cloud"]
    assert "within the 500 ms budget, by" in told["easy"]
    assert "the cloud regions, on the mean" in told["mean"]
    assert told["none"] == "For none, s is joined by no fibre of the model with the nearest landing point."
    assert "no budget is published" in told["open"]


def test_sentences_name_the_condition_and_the_site_without_a_name():
    told = solve(layers(s=site(0.2, request_mw=40.0))).summary()
    assert "if the worst single unit or converter pole were lost" in told[0]
    assert "most of all s (cloud)" in told[1]


def test_check_finds_what_solving_would():
    rows = layers(s=site(0.2, request_mw=1.0))
    rows["areas"]["a"]["firm_mw"] = np.nan
    with pytest.raises(tm.errors.NetworkError, match="firm_mw"):
        tm.Study(tables_of(rows), Settings()).check()


def test_the_range_of_the_headline_holds_the_ends_of_supply_and_the_reading_of_imports():
    """25 MW are secure; supply of 115 to 130 in a makes it 20 to 35; its 4 MW of imports come on top once more."""
    rows = layers(s=site(0.2, request_mw=60.0))
    rows["areas"]["a"] |= {
        "firm_mw": 124.0,
        "firm_mw_low": 119.0,
        "firm_mw_high": 134.0,
        "net_import_mw": 4.0,
    }
    gap = solve(rows).fleet.loc["joint_gap_mw"]
    assert gap[["value", "low", "high"]].tolist() == pytest.approx([35.0, 25.0, 40.0], abs=1e-3)
    rows["areas"]["a"] |= {"firm_mw_low": np.nan, "firm_mw_high": np.nan}
    gap = solve(rows).fleet.loc["joint_gap_mw"]
    assert gap[["value", "low", "high"]].tolist() == pytest.approx([35.0, 31.0, 35.0], abs=1e-3)


def test_standing_load_that_no_row_covers_has_a_range_of_its_own():
    rows = layers(s=site(0.2, request_mw=5.0))
    assert np.isnan(solve(rows).fleet.loc["unlisted_mw", "value"])
    rows["areas"]["a"] |= {"unlisted_mw": 7.0, "unlisted_mw_low": 3.0, "unlisted_mw_high": 9.0}
    rows["areas"]["b"] |= {"unlisted_mw": 1.0, "unlisted_mw_low": 1.0, "unlisted_mw_high": 2.0}
    found = solve(rows).fleet.loc["unlisted_mw", ["value", "low", "high"]]
    assert found.tolist() == [8.0, 4.0, 11.0]


@pytest.mark.slow
def test_the_sentence_says_how_far_the_load_could_grow_and_what_stops_it():
    rows = layers(s=site(0.5, 0.5, request_mw=6.0))
    text = solve(rows).summary()[0]
    assert "could be 2 times as large before the first limit, p, is met" in text
    rows["pockets"]["p"] |= {"limit_mw_low": 9.0}
    assert "could be 2 times as large (1 to 2) before" in solve(rows).summary()[0]


@pytest.mark.parametrize("nodes", [12, 25])
def test_hubs_of_a_smaller_backbone_stand_at_its_own_cities(nodes):
    study = tm.japan(backbone=nodes)
    cities = set(study.fibre.fibre_nodes.index)
    assert len(cities) == nodes
    assert set(study.tables.hubs["node"].dropna()) <= cities
    assert study.tables.hubs["node"].isna().any()  # cities that the smaller model leaves out
