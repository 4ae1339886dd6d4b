"""How the fleet's figures move with each doubtful input, on a study whose answers are known by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from shapely.geometry import Point

import three_mismatches as tm
from conftest import radial_layers, tables_of
from three_mismatches.layers.settings import Settings
from three_mismatches.sensitivity import SHOWN
from three_mismatches.solve import FLEET_POWER, fleet_power


def layers(**changed: dict[str, dict[str, object]]) -> dict[str, dict[str, dict[str, object]]]:
    """Return one site of 40 MW in a (see radial_layers): 25 MW are secure there, so 15 are short."""
    sites = {"s": {"geometry": Point(0.2, 0.7), "request_mw": 40.0, "status": "planned"}}
    return {**radial_layers(), "sites": sites, **changed}


def moved(rows: dict[str, dict[str, dict[str, object]]], **settings: object) -> pd.DataFrame:
    return tm.Study(tables_of(rows), Settings(**settings)).sensitivity()


def test_the_first_row_is_the_study_as_it_is():
    table = moved(layers())
    assert table.index[0] == ("study", "as it is")
    assert list(table.columns) == [*SHOWN, "change_mw"]
    assert table.iloc[0]["joint_gap_mw"] == pytest.approx(15.0, abs=1e-4)
    assert table.iloc[0]["change_mw"] == 0.0
    assert table.iloc[0]["joint_multiple"] == pytest.approx(25.0 / 40.0, abs=1e-6)


def test_supply_moves_between_the_ends_that_its_sources_support():
    """With 5 MW less in a, 10 MW less can be had: 5 of its own, and the unit lost (5) stays lost."""
    areas = {**radial_layers()["areas"]}
    areas["a"] = {**areas["a"], "firm_mw_low": 115.0, "firm_mw_high": 135.0}
    table = moved(layers(areas=areas))["joint_gap_mw"]
    assert table["supply of areas", "lowest of the sources"] == pytest.approx(20.0, abs=1e-4)
    assert table["supply of areas", "highest of the sources"] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.slow
def test_the_capacity_table_stands_in_for_the_published_supply():
    capacity = {
        "a-gas": {"area": "a", "carrier": "gas", "p_nom": 100.0, "firm_factor": 0.9, "firm_factor_low": 0.85},
        "a-solar": {"area": "a", "carrier": "solar", "p_nom": 100.0, "firm_factor": 0.25},
    }
    table = moved(layers(capacity=capacity))["joint_gap_mw"]
    assert table["capacity source", "rated output x default firm factors"] == pytest.approx(20.0, abs=1e-4)
    assert table["capacity source", "rated output x low firm factors"] == pytest.approx(25.0, abs=1e-4)
    assert table["capacity source", "rated output x high firm factors"] == pytest.approx(20.0, abs=1e-4)


@pytest.mark.slow
def test_another_half_hour_brings_its_own_demand_and_supply_in_every_year():
    """Demand grows by 1 % as in the outlook, to 202; of 225 MW of supply 10 are imported: 13 to spare."""
    balances = {
        "w": {"area": "a", "balance": "winter", "peak_mw": 200.0, "firm_mw": 225.0, "net_import_mw": 10.0}
    }
    outlook = {"o": {"area": "a", "year": 2030, "peak_mw": 101.0}}
    table = moved(layers(balances=balances, outlook=outlook), year=2030)["joint_gap_mw"]
    assert table["study", "as it is"] == pytest.approx(16.0, abs=1e-4)
    assert table["half-hour", "winter"] == pytest.approx(40.0 - (13.0 - 5.0 + 10.0), abs=1e-4)


@pytest.mark.slow
def test_works_of_the_grid_and_of_supply_are_left_out_apart():
    upgrades = {
        "tie": {"element": "ab", "attribute": "p_nom_reverse", "value": 20.0, "date": "2027", "p_slip": 0.5},
        "plant": {"element": "a", "attribute": "firm_mw", "value": 3.0, "mode": "add", "date": "2027"},
    }
    table = moved(layers(upgrades=upgrades), year=2030)["joint_gap_mw"]
    # All works: 23 of its own less the worst loss, a pole (half of 20) or the unit of b (20 left of b): 33.
    assert table["study", "as it is"] == pytest.approx(40.0 - 33.0, abs=1e-4)
    assert table["dated works", "no plant comes or goes"] == pytest.approx(40.0 - 30.0, abs=1e-4)
    assert table["dated works", "no reinforcement comes"] == pytest.approx(40.0 - 28.0, abs=1e-4)
    assert table["dated works", "what may slip does not come, closures do"] == pytest.approx(
        40.0 - 28.0, abs=1e-4
    )


def test_without_its_pocket_a_site_has_what_its_area_has():
    sites = {"s": {"geometry": Point(0.2, 0.2), "request_mw": 40.0, "status": "planned"}}
    table = moved(layers(sites=sites))["joint_gap_mw"]
    assert table["study", "as it is"] == pytest.approx(28.0, abs=1e-4)
    assert table["local limits", "none"] == pytest.approx(15.0, abs=1e-4)


@pytest.mark.slow
def test_sites_of_unknown_size_ask_for_the_median_of_the_others():
    sites = {
        "s": {"geometry": Point(0.2, 0.7), "request_mw": 40.0, "status": "planned"},
        "unknown": {"geometry": Point(0.2, 0.7), "status": "planned"},
    }
    table = moved(layers(sites=sites))
    row = table.loc[("sites without a published MW", "at the median of the others, 40 MW")]
    assert row["new_load_mw"] == 80.0
    assert row["change_mw"] == pytest.approx(40.0, abs=1e-4)


@pytest.mark.slow
def test_phases_and_scenarios_are_read_otherwise_where_there_are_any():
    phases = {"p": {"site": "s", "year": 2027, "mw": 10.0}}
    outlook = {
        "now": {"area": "a", "year": 2030, "peak_mw": 100.0, "demand": "outlook"},
        "more": {"area": "a", "year": 2030, "peak_mw": 110.0, "demand": "high"},
    }
    table = moved(layers(phases=phases, outlook=outlook), year=2030)
    assert table["new_load_mw"]["phases", "every site at its full plan"] == 40.0
    assert table["joint_gap_mw"]["study", "as it is"] == 0.0
    assert table["spare_mw"]["demand scenario", "high"] == table["spare_mw"]["study", "as it is"] - 10.0


def test_a_range_that_no_table_knows_makes_no_row():
    table = moved(layers())
    inputs = set(table.index.get_level_values("input"))
    assert not inputs & {"supply of areas", "capacity source", "half-hour", "dated works", "demand scenario"}


@pytest.mark.slow
def test_what_may_slip_stays_away_while_closures_come():
    """In a 3 MW come, if they do not slip, and 4 MW go; so may the tie's 10 MW more. Its own unit closes."""
    upgrades = {
        "tie": {"element": "ab", "attribute": "p_nom_reverse", "value": 20.0, "date": "2027", "p_slip": 0.5},
        "new": {
            "element": "a", "attribute": "firm_mw", "value": 3.0, "mode": "add", "date": "2027", "p_slip": 0.2,
        },
        "gone": {
            "element": "a", "attribute": "firm_mw", "value": -4.0, "mode": "add", "date": "2027", "p_slip": 0.2,
        },
        "gone-unit": {"element": "unit-a", "attribute": "p_unit", "value": 0.0, "date": "2027", "p_slip": 0.2},
    }  # fmt: skip
    rows = layers(upgrades=upgrades)
    rows["links"] = {"ab": {**rows["links"]["ab"], "poles": 1.0, "carrier": "tie"}}
    table = moved(rows, year=2030)["joint_gap_mw"]
    # The lost unit of b (40) leaves it 10 to send; a's own unit is closed, so no longer the one to be lost.
    assert table["study", "as it is"] == pytest.approx(40.0 - (20.0 + 3.0 - 4.0 + 10.0), abs=1e-4)
    late = table["dated works", "what may slip does not come, closures do"]
    assert late == pytest.approx(40.0 - (20.0 - 4.0 + 10.0), abs=1e-4)


@pytest.mark.slow
def test_unsited_load_can_follow_each_areas_own_share():
    """The scenario adds 30 to each of a and b; 40 are listed in a. By the nation 20 are left, by area 30, all in b."""
    outlook = {
        name: {"area": area, "year": 2030, "peak_mw": 100.0, "new_dc_mw": 30.0}
        for name, area in (("oa", "a"), ("ob", "b"))
    }
    table = moved(layers(outlook=outlook), year=2030)
    assert table["unsited_mw"]["study", "as it is"] == pytest.approx(20.0)
    assert table["unsited_mw"]["unsited load", "by each area's own share"] == pytest.approx(30.0)


def test_mw_of_an_unknown_kind_can_be_it_power():
    sites = {
        "s": {"geometry": Point(0.2, 0.7), "request_mw": 10.0, "status": "planned", "mw_kind": "unspecified"}
    }
    table = moved(layers(sites=sites))["new_load_mw"]
    assert table["MW of an unknown kind", "taken for IT power"] == pytest.approx(13.0)


def test_a_draw_that_is_not_printed_can_be_none():
    sites = {
        "old": {"geometry": Point(0.2, 0.7), "request_mw": 10.0, "in_base_mw": 10.0, "status": "operating"},
        "told": {"geometry": Point(0.2, 0.7), "request_mw": 8.0, "in_base_mw": 6.0, "status": "operating"},
    }
    tables = tables_of(layers(sites=sites))
    printed = tables.sites.assign(mw_now=[float("nan"), 6.0])
    table = tm.Study(tables.with_frames(sites=printed), Settings()).sensitivity()["new_load_mw"]
    assert table["study", "as it is"] == 2.0
    assert table["drawn already", "only what is printed"] == 12.0


def test_a_users_own_text_in_a_printed_column_is_left_alone():
    tables = tables_of(layers())
    strange = tables.sites.assign(mw_full=["much"], mw_now=["some"], flags=["powered_land_first_phase"])
    table = tm.Study(tables.with_frames(sites=strange), Settings()).sensitivity()
    assert "powered land" not in table.index.get_level_values("input")


@pytest.mark.slow
def test_the_sensitivity_of_japan_has_every_input_that_its_headline_doubts(japan):
    table = tm.japan().sensitivity()
    inputs = set(table.index.get_level_values("input"))
    assert inputs >= {
        "capacity source", "supply of areas", "capacity of ties", "local limits", "half-hour", "dated works",
        "receiving power per IT power", "MW of an unknown kind", "phases", "undated phases", "powered land",
        "drawn already", "unsited load", "sites without a published MW", "imports in the published supply",
    }  # fmt: skip
    assert table.iloc[0]["joint_gap_mw"] == pytest.approx(japan.fleet["value"]["joint_gap_mw"], abs=1e-3)
    ends = japan.fleet.loc["joint_gap_mw", ["low", "high"]]
    ranged = table["joint_gap_mw"].drop("all ranges at once", level="input")
    assert ranged.min() >= ends["low"] - 1e-3
    assert ends["high"] in ranged.round(6).to_numpy() or ends["high"] == pytest.approx(
        ranged.loc["capacity of ties"].max(), abs=1e-3
    )
    assert table["joint_multiple"].gt(1.0).any()
    assert table["joint_multiple"].lt(1.0).any()


@pytest.mark.slow
def test_the_capacity_table_holds_no_imports():
    areas = {**radial_layers()["areas"]}
    areas["a"] = {**areas["a"], "firm_mw": 130.0, "net_import_mw": 10.0}
    capacity = {"a-gas": {"area": "a", "carrier": "gas", "p_nom": 120.0, "firm_factor": 1.0}}
    table = moved(layers(areas=areas, capacity=capacity))["joint_gap_mw"]
    assert table["study", "as it is"] == pytest.approx(15.0, abs=1e-4)
    assert table["capacity source", "rated output x default firm factors"] == pytest.approx(15.0, abs=1e-4)
    assert table["imports in the published supply", "none"] == pytest.approx(5.0, abs=1e-4)


@pytest.mark.slow
def test_all_worst_ends_are_worse_than_any_one_and_all_best_ends_better():
    rows = layers()
    rows["areas"]["a"] |= {"firm_mw_low": 118.0, "firm_mw_high": 122.0}
    rows["pockets"]["p"] |= {"limit_mw_low": 10.0, "limit_mw_high": 18.0}
    table = moved(rows)["joint_gap_mw"]
    one = table.drop(["all ranges at once", "MW of an unknown kind"], level="input")
    assert table["all ranges at once", "worst end of each"] >= one.max() - 1e-6
    assert table["all ranges at once", "best end of each"] <= one.min() + 1e-6
    assert table["all ranges at once", "worst end of each"] == pytest.approx(17.0, abs=1e-4)


@pytest.mark.slow
def test_an_offer_of_powered_land_can_come_whole():
    sites = {
        "s": {
            "geometry": Point(0.2, 0.7), "request_mw": 10.0, "status": "planned", "flags": "powered_land_first_phase",
        }
    }  # fmt: skip
    phases = {"p": {"site": "s", "year": 2028, "mw": 10.0}}
    tables = tables_of(layers(sites=sites, phases=phases))
    offered = tables.with_frames(sites=tables.sites.assign(mw_full=90.0))
    table = tm.Study(offered, Settings(year=2030)).sensitivity()["new_load_mw"]
    assert table["study", "as it is"] == 10.0
    assert table["powered land", "full plan at once"] == 90.0


@pytest.mark.slow
def test_undated_phases_come_sooner_or_later():
    phases = {"p": {"site": "s", "year": 2034, "mw": 40.0, "imputed": True}}
    table = moved(layers(phases=phases), year=2036)["new_load_mw"]
    assert table["undated phases", "in 2030"] == 40.0
    assert table["undated phases", "in 2040"] == 0.0


@pytest.mark.slow
def test_it_power_needs_less_or_more_of_the_grid():
    sites = {"s": {"geometry": Point(0.2, 0.7), "it_mw": 10.0, "mw_kind": "IT", "status": "planned"}}
    table = moved(layers(sites=sites))["new_load_mw"]
    assert table["receiving power per IT power", "1.04"] == pytest.approx(10.4)
    assert table["receiving power per IT power", "1.43"] == pytest.approx(14.3)


def test_the_figures_of_a_reading_are_those_of_a_solve(japan):
    rows = japan.sites[["area", "pocket"]]
    found = fleet_power(japan.tables.inputs, japan.settings, japan.tables.values, rows)
    assert list(found.index) == list(FLEET_POWER)
    assert found.to_numpy() == pytest.approx(
        japan.fleet["value"][list(FLEET_POWER)].to_numpy(dtype=float), abs=1e-3
    )
