"""One year of a study: upgrades, phases, outlook, and readings of the ties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from conftest import radial_layers, tables_of
from three_mismatches.assumptions import resolve
from three_mismatches.errors import AssumptionWarning, LayerError
from three_mismatches.layers.at_year import at_year, new_load_mw

VALUES = resolve()


def study(**layers: dict[str, dict[str, object]]):
    sites = layers.pop("sites", {"s": {"geometry": Point(0.5, 0.5), "request_mw": 10.0}})
    return tables_of({**radial_layers(), "sites": sites, **layers})


def site(**columns: object) -> dict[str, dict[str, object]]:
    return {"s": {"geometry": Point(0.5, 0.5), **columns}}


@pytest.mark.parametrize(
    ("date", "year", "expected"),
    [
        ("2027-06-30", 2027, 99.0),
        ("2027-07-02", 2027, 30.0),
        ("2027-11", 2028, 99.0),
        ("2027", 2027, 30.0),
        (None, 2050, 30.0),
    ],
)
def test_an_upgrade_counts_once_it_is_in_service_before_the_peak(date, year, expected):
    upgrade = {"u": {"element": "ab", "attribute": "p_nom", "value": 99.0, "date": date}}
    found = at_year(study(upgrades=upgrade), year, "outlook", VALUES)
    assert found.grid.links.loc["ab", "p_nom"] == expected


def test_upgrades_are_added_and_set_in_the_order_of_their_dates():
    upgrades = {
        "later": {"element": "ab", "attribute": "p_nom", "value": 5.0, "mode": "add", "date": "2029"},
        "sooner": {"element": "ab", "attribute": "p_nom", "value": 50.0, "mode": "set", "date": "2028"},
    }
    tables = study(upgrades=upgrades)
    assert at_year(tables, 2031, "outlook", VALUES).grid.links.loc["ab", "p_nom"] == 55.0
    assert tables.grid.links.loc["ab", "p_nom"] == 30.0  # the study itself is as it was


def test_a_site_asks_what_its_last_phase_begun_asks():
    phases = {
        "p1": {"site": "s", "year": 2028, "mw": 20.0},
        "p2": {"site": "s", "year": 2031, "mw": 70.0},
    }
    tables = study(sites=site(request_mw=70.0, in_base_mw=5.0), phases=phases)
    asked = {
        year: at_year(tables, year, "outlook", VALUES).sites.loc["s", "request_mw"]
        for year in (2027, 2029, 2031)
    }
    assert asked == {2027: 5.0, 2029: 20.0, 2031: 70.0}


def test_a_site_without_a_phase_begun_is_flagged_not_left_out():
    tables = study(sites=site(request_mw=70.0), phases={"p": {"site": "s", "year": 2031, "mw": 70.0}})
    row = at_year(tables, 2030, "outlook", VALUES).sites.loc["s"]
    assert row["request_mw"] == 0.0
    assert row["flags"] == "not_yet_built"


def test_it_power_becomes_receiving_power_by_pue_or_by_the_stated_ratio():
    by_ratio = at_year(study(sites=site(it_mw=100.0)), 2030, "outlook", VALUES).sites.loc["s"]
    assert by_ratio["request_mw"] == pytest.approx(130.0)
    assert by_ratio["flags"] == "mw_kind_converted"
    by_pue = at_year(study(sites=site(it_mw=100.0, pue=1.2)), 2030, "outlook", VALUES).sites.loc["s"]
    assert by_pue["request_mw"] == pytest.approx(120.0)


def test_another_ratio_scales_the_phases_and_the_base_draw_too():
    sites = site(it_mw=100.0, request_mw=130.0, in_base_mw=26.0, mw_kind="IT")
    tables = study(sites=sites, phases={"p": {"site": "s", "year": 2028, "mw": 65.0}})
    found = at_year(tables, 2030, "outlook", resolve({"receiving_per_it": 1.04})).sites.loc["s"]
    assert (found["request_mw"], found["in_base_mw"]) == (pytest.approx(52.0), pytest.approx(20.8))


def test_an_operating_site_drew_its_request_in_the_base_year_unless_it_says_otherwise():
    found = at_year(study(sites=site(request_mw=10.0, status="operating")), 2030, "outlook", VALUES)
    assert new_load_mw(found.sites)["s"] == 0.0


def outlook(**columns: float) -> dict[str, dict[str, object]]:
    rows = {}
    for area, share in (("a", 0.75), ("b", 0.25)):
        for year, growth in ((2026, 0.0), (2034, 80.0)):
            rows[f"{area}-{year}"] = {
                "area": area, "year": year, "demand": "outlook", "peak_mw": 100.0 + (year - 2026),
                "new_dc_mw": share * growth, **columns,
            }  # fmt: skip
    return rows


def test_demand_is_counted_once_sites_first_the_rest_by_the_outlooks_shares():
    found = at_year(study(outlook=outlook()), 2030, "outlook", VALUES).grid.areas
    assert list(found["peak_mw"]) == [104.0, 104.0, 10.0]  # c is not in the outlook
    assert list(found["unsited_mw"]) == [22.5, 7.5, 0.0]  # (40 - the listed 10) by 3 to 1


def test_listed_sites_beyond_the_scenario_leave_no_unsited_load_and_a_flag():
    tables = study(sites=site(request_mw=500.0), outlook=outlook())
    found = at_year(tables, 2030, "outlook", VALUES)
    assert found.grid.areas["unsited_mw"].sum() == 0.0
    assert "listed_exceed_scenario" in found.sites.loc["s", "flags"]


def test_an_unknown_scenario_is_refused_by_name():
    with pytest.raises(LayerError, match="There are: outlook"):
        at_year(study(outlook=outlook()), 2030, "hihg", VALUES)


def test_the_tie_level_moves_limits_between_the_lowest_and_the_highest_seen():
    interfaces = {
        "i": {
            "limit_forward": 50.0,
            "limit_forward_low": 20.0,
            "limit_forward_high": 90.0,
            "limit_reverse": 10.0,
        }
    }
    tables = study(interfaces=interfaces)
    seen = {
        level: at_year(tables, 2026, "outlook", resolve({"tie_level": level})).grid.interfaces.loc["i"]
        for level in (-1.0, -0.5, 0.0, 1.0)
    }
    assert [seen[level]["limit_forward"] for level in seen] == [20.0, 35.0, 50.0, 90.0]
    assert {seen[level]["limit_reverse"] for level in seen} == {10.0}  # no range is known


def test_the_pocket_level_moves_local_limits_towards_what_other_sources_print():
    layers = radial_layers()
    layers["pockets"]["p"]["limit_mw_low"] = 9.0
    tables = tables_of({**layers, "sites": site(request_mw=1.0)})
    seen = [
        at_year(tables, 2026, "outlook", resolve({"pocket_level": level})).grid.pockets.loc["p", "limit_mw"]
        for level in (-1.0, -0.5, 0.0, 1.0)
    ]
    assert seen == [9.0, 12.0, 15.0, 15.0]


@pytest.mark.parametrize(("share", "own"), [(1.0, 100.0), (0.5, 110.0), (0.0, 120.0)])
def test_the_imports_that_the_supply_holds_come_over_the_ties_again(share, own):
    areas = {"a": {"peak_mw": 100.0, "firm_mw": 120.0, "net_import_mw": 20.0, "geometry": box(0, 0, 1, 1)}}
    tables = tables_of({"areas": areas, "sites": site(request_mw=1.0)})
    found = at_year(tables, 2026, "outlook", resolve({"import_share_in_supply": share})).grid.areas
    assert found.loc["a", "firm_mw"] == own


def test_an_area_that_exports_has_more_of_its_own_than_its_supply_says():
    areas = {"a": {"peak_mw": 100.0, "firm_mw": 120.0, "net_import_mw": -30.0, "geometry": box(0, 0, 1, 1)}}
    found = at_year(tables_of({"areas": areas, "sites": site(request_mw=1.0)}), 2026, "outlook", VALUES)
    assert found.grid.areas.loc["a", "firm_mw"] == 150.0


def test_an_end_of_a_range_that_an_upgrade_has_passed_is_no_end_any_more():
    pockets = {
        "p": {"limit_mw": 15.0, "limit_mw_high": 20.0, "load_mw": 3.0, "geometry": box(0, 0, 0.5, 0.5)}
    }
    upgrade = {"u": {"element": "p", "attribute": "limit_mw", "value": 50.0, "date": "2027"}}
    tables = study(pockets=pockets, upgrades=upgrade)
    limit = at_year(tables, 2030, "outlook", resolve({"pocket_level": 1.0})).grid.pockets["limit_mw"]
    assert limit["p"] == 50.0


def test_inputs_stay_as_they_are():
    tables = study(outlook=outlook())
    before = {name: frame.copy() for name, frame in tables.frames().items()}
    at_year(tables, 2034, "outlook", resolve({"tie_level": 1.0}))
    for name, frame in tables.frames().items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))


def test_a_year_beyond_the_outlook_is_held_at_its_end_with_a_warning():
    with pytest.warns(AssumptionWarning, match="held at that of 2034"):
        found = at_year(study(outlook=outlook()), 2040, "outlook", VALUES).grid.areas
    assert found.loc["a", "peak_mw"] == 108.0


def test_an_operating_site_drew_its_phase_of_the_base_year_not_its_full_plan():
    phases = {"p1": {"site": "s", "year": 2025, "mw": 20.0}, "p2": {"site": "s", "year": 2030, "mw": 100.0}}
    tables = study(sites=site(request_mw=100.0, status="operating"), phases=phases)
    assert new_load_mw(at_year(tables, 2034, "outlook", VALUES, base_year=2026).sites)["s"] == 80.0


def test_phases_alone_say_what_a_site_asks():
    tables = study(sites=site(), phases={"p": {"site": "s", "year": 2028, "mw": 60.0}})
    assert at_year(tables, 2030, "outlook", VALUES).sites.loc["s", "request_mw"] == 60.0


def test_a_retired_site_asks_for_nothing():
    tables = study(sites=site(request_mw=100.0, status="retired"))
    assert at_year(tables, 2030, "outlook", VALUES).sites.loc["s", "request_mw"] == 0.0


def test_a_whole_without_a_request_asks_what_its_parts_ask():
    point = Point(0.5, 0.5)
    sites = {
        "whole": {"geometry": point},
        "one": {"geometry": point, "request_mw": 20.0, "part_of": "whole"},
        "two": {"geometry": point, "request_mw": 30.0, "part_of": "whole"},
    }
    assert at_year(study(sites=sites), 2030, "outlook", VALUES).sites.loc["whole", "request_mw"] == 50.0


def test_parts_are_not_counted_beside_their_whole_in_what_is_listed():
    point = Point(0.5, 0.5)
    sites = {
        "whole": {"geometry": point, "request_mw": 10.0},
        "part": {"geometry": point, "request_mw": 10.0, "part_of": "whole"},
    }
    found = at_year(study(sites=sites, outlook=outlook()), 2030, "outlook", VALUES).grid.areas
    assert found["unsited_mw"].sum() == pytest.approx(30.0)


def test_unsited_load_of_the_study_itself_is_kept():
    layers = radial_layers()
    layers["areas"]["c"]["unsited_mw"] = 7.0
    tables = tables_of({**layers, "sites": site(request_mw=10.0), "outlook": outlook()})
    found = at_year(tables, 2030, "outlook", VALUES).grid.areas["unsited_mw"]
    assert list(found) == [22.5, 7.5, 7.0]


def test_the_load_factor_turns_the_scenarios_energy_into_power():
    rows = {name: {**row, "new_dc_twh": 0.876} for name, row in outlook().items()}
    tables = study(sites=site(request_mw=0.5), outlook=rows)
    found = {
        factor: at_year(tables, 2030, "outlook", resolve({"load_factor": factor}))
        .grid.areas["unsited_mw"]
        .sum()
        for factor in (0.8, 1.0)
    }
    assert found == {0.8: pytest.approx(249.5), 1.0: pytest.approx(199.5)}


def test_an_undated_phase_comes_in_the_year_that_the_study_assumes():
    phases = {"p": {"site": "s", "year": 2034, "mw": 60.0, "imputed": True}}
    tables = study(sites=site(request_mw=60.0), phases=phases)
    asked = {
        year: at_year(tables, 2031, "outlook", resolve({"undated_phase_year": year})).sites.loc[
            "s", "request_mw"
        ]
        for year in (2030.0, 2034.0)
    }
    assert asked == {2030.0: 60.0, 2034.0: 0.0}


def test_only_units_that_run_at_the_peak_can_be_lost():
    units = {
        "runs": {"p_nom": 1.0, "area": "a", "build_year": 2020},
        "retired": {"p_nom": 2.0, "area": "a", "retire_year": 2028},
        "later": {"p_nom": 3.0, "area": "a", "build_year": 2050},
        "built": {"p_nom": 4.0, "area": "a", "status": "planned", "build_year": 2030},
        "dream": {"p_nom": 5.0, "area": "a", "status": "planned"},
    }
    found = at_year(study(generators=units), 2031, "outlook", VALUES).grid.generators
    assert sorted(found.index) == ["built", "runs"]


def test_an_upgrade_that_leaves_less_than_nothing_is_refused():
    upgrade = {"u": {"element": "ab", "attribute": "p_nom", "value": -99.0, "mode": "add", "date": "2027"}}
    with pytest.raises(LayerError, match="leaves less than 0 for row: 'ab'"):
        at_year(study(upgrades=upgrade), 2030, "outlook", VALUES)


def test_totals_of_a_day_come_before_its_additions_whatever_the_rows_order():
    rows = {
        "a-add": {"element": "ab", "attribute": "p_nom", "value": 5.0, "mode": "add", "date": "2027"},
        "b-set": {"element": "ab", "attribute": "p_nom", "value": 50.0, "mode": "set", "date": "2027"},
    }
    for upgrades in (rows, dict(reversed(rows.items()))):
        assert (
            at_year(study(upgrades=upgrades), 2030, "outlook", VALUES).grid.links.loc["ab", "p_nom"] == 55.0
        )


def test_an_upgrade_of_an_areas_peak_comes_on_top_of_the_outlook():
    upgrade = {"u": {"element": "a", "attribute": "peak_mw", "value": 9.0, "mode": "add", "date": "2027"}}
    found = at_year(study(outlook=outlook(), upgrades=upgrade), 2030, "outlook", VALUES)
    assert found.grid.areas.loc["a", "peak_mw"] == 113.0


@pytest.mark.parametrize(("level", "expected"), [(-1.0, 90.0), (-0.5, 105.0), (0.0, 120.0), (1.0, 140.0)])
def test_the_supply_level_moves_supply_towards_what_other_sources_support(level, expected):
    areas = {
        "a": {
            "peak_mw": 100.0,
            "firm_mw": 120.0,
            "firm_mw_low": 90.0,
            "firm_mw_high": 140.0,
            "geometry": box(0, 0, 1, 1),
        }
    }
    tables = tables_of({"areas": areas, "sites": site(request_mw=1.0)})
    found = at_year(tables, 2030, "outlook", resolve({"supply_level": level}))
    assert found.grid.areas.loc["a", "firm_mw"] == expected


def test_a_plant_that_closes_takes_its_supply_with_it():
    upgrade = {
        "u": {"element": "a", "attribute": "firm_mw", "value": -20.0, "mode": "add", "date": "2029-03"}
    }
    tables = study(upgrades=upgrade)
    years = {
        year: at_year(tables, year, "outlook", VALUES).grid.areas.loc["a", "firm_mw"] for year in (2028, 2029)
    }
    assert years == {2028: 120.0, 2029: 100.0}


def test_an_unknown_request_stays_unknown_unless_the_study_assumes_one():
    rows = {
        "new": {"geometry": Point(0.5, 0.5), "status": "planned", "flags": "request_unknown"},
        "old": {"geometry": Point(0.5, 0.5), "status": "operating"},
        "gone": {"geometry": Point(0.5, 0.5), "status": "retired"},
        "told": {"geometry": Point(0.5, 0.5), "request_mw": 7.0},
    }
    tables = study(sites=rows)
    assert at_year(tables, 2030, "outlook", VALUES).sites["request_mw"].isna().tolist() == [
        True,
        True,
        False,
        False,
    ]
    found = at_year(tables, 2030, "outlook", resolve({"unknown_request_mw": 60.0})).sites
    assert found["request_mw"].tolist() == [60.0, 60.0, 0.0, 7.0]
    assert new_load_mw(found).tolist() == [60.0, 0.0, 0.0, 7.0]
    assert found["flags"].tolist() == ["request_assumed", "request_assumed", "", ""]


def test_supply_without_imports_is_never_less_than_nothing_and_levels_keep_their_side():
    areas = {
        "a": {
            "peak_mw": 10.0, "firm_mw": 20.0, "firm_mw_low": 25.0, "net_import_mw": 50.0, "geometry": box(0, 0, 1, 1),
        }
    }  # fmt: skip
    tables = tables_of({"areas": areas, "sites": site(request_mw=1.0)})
    assert at_year(tables, 2030, "outlook", VALUES).grid.areas.loc["a", "firm_mw"] == 0.0
    low = resolve({"supply_level": -1.0, "import_share_in_supply": 0.0})
    assert at_year(tables, 2030, "outlook", low).grid.areas.loc["a", "firm_mw"] == 20.0  # 25 is no lower end


def test_an_unlimited_tie_stays_unlimited_at_every_level():
    interfaces = {"i": {"limit_forward": np.inf, "limit_forward_low": 5.0, "limit_forward_high": np.inf}}
    members = {"m": {"interface": "i", "element": "ab"}}
    tables = study(interfaces=interfaces, interface_members=members)
    for level in (-1.0, 1.0):
        found = at_year(tables, 2030, "outlook", resolve({"tie_level": level})).grid.interfaces
        assert found.loc["i", "limit_forward"] == np.inf


def test_an_assumed_request_takes_away_one_flag_only():
    rows = {"s": {"geometry": Point(0.5, 0.5), "flags": "location_prefecture;request_unknown"}}
    found = at_year(study(sites=rows), 2030, "outlook", resolve({"unknown_request_mw": 5.0})).sites
    assert found.loc["s", "flags"] == "location_prefecture;request_assumed"
