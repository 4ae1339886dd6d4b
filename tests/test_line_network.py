"""Buses as arrays, buses gathered into areas, and what a study at line resolution adds to one of areas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

import three_mismatches as tm
from bus_grids import drawn, graph_of, grid_of, random_layers, rungs_of
from conftest import tables_of
from three_mismatches import power
from three_mismatches.errors import NetworkError
from three_mismatches.layers.settings import Settings
from three_mismatches.mismatch import SITE_COLUMNS
from three_mismatches.network import (
    bus_graph,
    crossing_lines,
    demand_at_buses,
    power_graph,
    requests,
    supply_at_buses,
    to_areas,
)
from three_mismatches.power import Group, base_dispatch

OF_LINES = (
    "n0_mw", "n1_mw", "hosting_mw", "power_gap_mw", "power_gap_frac", "limiting_element", "limiting_outage",
    "dominant_mismatch", "model", "bound", "flags", "bus", "bus_km",
)  # fmt: skip
"""Columns of sites that the line model may change."""


def three_areas() -> dict:
    """
    Return areas a (a1, a2), b (b1, b2) and c (c1), each with 100 MW of demand; supply 160, 120 and 60.

    Two circuits join a and b, 70 and 50 MW, one drawn each way; the interface ab lets 80 MW pass to b and 30 back. A
    transformer of 25 MW and a line of 15 join b and c. One line of 999 MW is out of service, links join a to c and
    a1 to a2. The largest units have 40, 20 and 10 MW.
    """
    buses = {"a1": (30, 100), "a2": (70, 60), "b1": (100, 120), "b2": (0, 0), "c1": (100, 60)}
    lines = {
        "a": ("a1", "a2", 0.1, 300.0), "ab 1": ("a1", "b1", 0.1, 70.0), "ba 2": ("b1", "a2", 0.1, 50.0),
        "b": ("b1", "b2", 0.1, 300.0), "bank": ("c1", "b2", 0.1, 25.0), "bc": ("b1", "c1", 0.1, 15.0),
        "out": ("a1", "c1", 0.1, 999.0),
    }  # fmt: skip
    layers = drawn(buses, lines, areas={bus: bus[0] for bus in buses})
    layers["lines"]["out"]["in_service"] = False
    layers["lines"]["bank"]["kind"] = "transformer"
    layers["links"] = {
        "dc": {"bus0": "c1", "bus1": "a1", "carrier": "HVDC", "p_nom": 20.0, "poles": 2.0},
        "inner": {"bus0": "a1", "bus1": "a2", "carrier": "HVDC", "p_nom": 40.0},
    }
    layers["interfaces"] = {
        "ab": {"limit_forward": 80.0, "limit_reverse": 30.0},
        "south": {"limit_forward": 35.0},
    }
    layers["interface_members"] = {
        "ab 1": {"interface": "ab", "element": "ab 1", "sign": 1.0},
        "ab 2": {"interface": "ab", "element": "ba 2", "sign": -1.0},
        "dc": {"interface": "south", "element": "dc", "sign": -1.0},
        "inner": {"interface": "south", "element": "inner", "sign": 1.0},
    }
    for unit, mw in (("plant a1", 40.0), ("plant b1", 20.0), ("plant c1", 10.0)):
        layers["generators"][unit]["p_unit"] = mw
    layers["generators"]["plant a2"]["p_unit"] = 1.0
    return layers


def three_areas_by_hand() -> dict:
    """Return what `three_areas` is seen from afar, drawn by hand: ties for lines, areas for buses."""
    layers = three_areas()
    del layers["buses"], layers["loads"], layers["lines"]
    for row in layers["generators"].values():
        del row["bus"]
    layers["links"] = {
        "a - b": {"bus0": "a", "bus1": "b", "carrier": "tie", "p_nom": np.inf},
        "b - c": {"bus0": "b", "bus1": "c", "carrier": "tie", "p_nom": 40.0},
        "dc": layers["links"]["dc"] | {"bus0": "c", "bus1": "a"},
    }
    layers["interface_members"] = {
        "ab": {"interface": "ab", "element": "a - b", "sign": 1.0},
        "dc": layers["interface_members"]["dc"],
    }
    return layers


def test_lines_between_areas_are_found_with_the_tie_they_belong_to():
    layers = three_areas()
    for name, row in layers["lines"].items():
        row["tie"] = {"bc": "mountain line"}.get(name, "")
    found = crossing_lines(grid_of(layers))
    assert set(found.index) == {"ab 1", "ba 2", "bank", "bc"}
    assert dict(found["tie"]) == {"ab 1": "a - b", "ba 2": "a - b", "bank": "b - c", "bc": "mountain line"}
    assert list(found.loc["ba 2", ["area0", "area1"]]) == ["b", "a"]


def test_a_grid_of_buses_seen_from_afar_is_the_one_drawn_by_hand():
    """A tie in no interface carries what its lines are rated for, 25 + 15; one that an interface limits anything."""
    seen, hand = to_areas(grid_of(three_areas())), grid_of(three_areas_by_hand())
    columns = ["bus0", "bus1", "carrier", "p_nom", "p_nom_reverse", "margin_mw", "poles", "efficiency"]
    pd.testing.assert_frame_equal(seen.links[columns].sort_index(), hand.links[columns].sort_index())
    members = seen.interface_members.set_index("element").sort_index()
    assert dict(members["sign"]) == {"a - b": 1.0, "dc": -1.0}
    assert dict(members["interface"]) == {"a - b": "ab", "dc": "south"}
    assert seen.buses.empty
    assert seen.lines.empty
    assert seen.loads.empty
    assert seen.generators["bus"].isna().all()


@pytest.mark.parametrize("turned", [[], ["ab 1"], ["ba 2"], ["ab 1", "ba 2"]])
def test_a_tie_has_its_sign_whichever_way_its_lines_are_drawn(turned):
    layers = three_areas()
    for line in turned:
        row = layers["lines"][line]
        row["bus0"], row["bus1"] = row["bus1"], row["bus0"]
    for row in layers["interface_members"].values():
        row["sign"] *= -1.0 if row["element"] in turned else 1.0
    seen = to_areas(grid_of(layers))
    assert tuple(seen.links.loc["a - b", ["bus0", "bus1"]]) == ("a", "b")
    assert list(seen.interface_members.set_index("element").loc[["a - b"], "sign"]) == [1.0]


def test_an_interface_that_runs_against_the_alphabet_keeps_its_direction():
    layers = three_areas()
    for row in layers["interface_members"].values():
        row["sign"] *= -1.0
    members = to_areas(grid_of(layers)).interface_members.set_index("element")
    assert members["sign"]["a - b"] == -1.0


def test_an_area_grid_is_returned_as_it_is():
    grid = grid_of(three_areas_by_hand())
    assert to_areas(grid) is grid


def test_ties_without_links_and_links_without_ties():
    layers = drawn({"a": (10, 20), "b": (10, 20)}, {"l": ("a", "b", 0.1, 7.0)})
    assert list(to_areas(grid_of(layers)).links["p_nom"]) == [7.0]
    layers["lines"]["l"]["s_nom"] = np.nan
    assert list(to_areas(grid_of(layers)).links["p_nom"]) == [np.inf]
    layers["lines"]["l"]["in_service"] = False
    layers["links"] = {"dc": {"bus0": "a", "bus1": "b", "p_nom": 3.0}}
    assert list(to_areas(grid_of(layers)).links.index) == ["dc"]


def test_area_hosting_and_joint_delivery_are_those_of_the_grid_drawn_by_hand():
    new = pd.Series({"s": 50.0, "t": 60.0})
    sites = pd.DataFrame({"area": ["a", "b"], "pocket": None, "in_base_mw": 0.0}, index=new.index)
    found = []
    for layers in (three_areas(), three_areas_by_hand()):
        graph = power_graph(grid_of(layers))
        alone = power.area_hosting(graph, [Group(0), Group(1), Group(2)])
        joint = power.area_joint(graph, requests(graph, sites, new))
        found.append((alone, joint))
    pd.testing.assert_frame_equal(found[0][0], found[1][0])
    pd.testing.assert_frame_equal(found[0][1].sites, found[1][1].sites)
    pd.testing.assert_frame_equal(found[0][1].ties, found[1][1].ties)
    assert found[0][1].total_mw == found[1][1].total_mw
    assert found[0][0]["adequacy_mw"].tolist() == pytest.approx([40.0] * 3)


def test_demand_is_divided_as_loads_are_and_scaled_to_the_peak_of_its_area():
    """a: 30 and 70 of 100 drawn, 200 at the peak. b: nothing drawn, 90 in halves."""
    layers = three_areas()
    layers["areas"]["a"]["peak_mw"], layers["areas"]["b"]["peak_mw"] = 200.0, 90.0
    layers["loads"]["b1"]["p_set"] = 0.0
    found = demand_at_buses(grid_of(layers))
    assert dict(found) == pytest.approx({"a1": 60.0, "a2": 140.0, "b1": 45.0, "b2": 45.0, "c1": 100.0})


def test_supply_stands_where_plants_are_and_the_rest_where_demand_is():
    """
    a: 100 MW of solar at a1 count 0.2 each, 60 of gas at a2 their own 0.5: 20 and 30. Rooftops: 50 at 0.2, 10, as
    demand lies: 3 and 7. So 23 and 37 of 60, scaled to 160 firm.
    """
    layers = three_areas()
    layers["generators"]["plant a1"] |= {"carrier": "solar", "firm_factor": np.nan}
    layers["generators"]["plant a2"] |= {"carrier": "lng", "firm_factor": 0.5}
    layers["capacity"] = {
        "a solar": {
            "area": "a", "carrier": "solar", "p_nom": 150.0, "residual_mw": 50.0, "firm_factor": 0.2
        }
    }  # fmt: skip
    found = supply_at_buses(grid_of(layers))
    np.testing.assert_allclose(found, np.array([23, 37, 0, 0, 0]) / 60 * 160 + [0, 0, 120, 0, 60])


@pytest.mark.parametrize("seed", range(5))
def test_buses_have_all_of_their_areas_demand_and_supply(seed):
    grid = grid_of(random_layers(seed))
    for found, column in ((demand_at_buses(grid), "peak_mw"), (supply_at_buses(grid), "firm_mw")):
        sums = found.groupby(grid.buses["area"]).sum()
        np.testing.assert_allclose(sums, grid.areas[column].loc[sums.index], rtol=1e-9)
        assert (found >= 0.0).all()


def test_a_plant_counts_in_the_area_of_its_bus():
    """The plant at a2 feeds b: it is connected to b2, which then has a third of b's 120 MW."""
    layers = three_areas()
    layers["generators"]["plant a2"] |= {"bus": "b2", "feeds_area": "b"}
    found = supply_at_buses(grid_of(layers))
    assert dict(found) == pytest.approx({"a1": 160.0, "a2": 0.0, "b1": 80.0, "b2": 40.0, "c1": 60.0})


def test_arrays_are_in_the_order_of_ids_and_leave_out_what_is_not_in_service():
    graph = graph_of(three_areas())
    assert graph.buses == ("a1", "a2", "b1", "b2", "c1")
    assert graph.branches == ("a", "ab 1", "b", "ba 2", "bank", "bc")
    assert [graph.buses[at] for at in graph.branch_from] == ["a1", "a1", "b1", "b1", "c1", "b1"]
    np.testing.assert_allclose(graph.susceptance, 1000.0)
    assert graph.component.max() == 0
    # The members, by interface and element: lines 1 and 3, then links 0 and 1 after the six lines.
    assert list(graph.member_element) == [1, 3, 6, 7]
    assert list(graph.member_sign) == [1.0, -1.0, -1.0, 1.0]


def test_reactance_in_ohm_and_taps_are_brought_to_one_base():
    """30.25 ohm at 275 kV are 0.04 on 100 MVA; a tap of 1.25 makes that 0.05."""
    layers = three_areas()
    layers["lines"]["a"] |= {"x_pu_100": np.nan, "x": 30.25, "v_nom": 275.0, "tap_ratio": 1.25}
    layers["lines"]["a"] |= {"phase_shift": 90.0, "s_nom": np.nan, "s_nom_emergency": 400.0}
    graph = graph_of(layers)
    assert graph.susceptance[0] == pytest.approx(100.0 / 0.05)
    assert graph.shift_rad[0] == pytest.approx(np.pi / 2)
    assert graph.rating_mw[0] == np.inf
    assert list(graph.emergency_mw[:2]) == [400.0, 70.0]


def test_a_link_to_an_area_is_spread_by_demand():
    """30 and 70 of 100 MW; what arrives in b, which draws nothing, in halves."""
    layers = three_areas()
    layers["links"]["dc"] |= {"bus0": "a", "bus1": "b"}
    layers["areas"]["b"]["peak_mw"] = layers["loads"]["b1"]["p_set"] = 0.0
    graph = graph_of(layers)
    np.testing.assert_allclose(graph.link_from.toarray()[:, 0], [0.3, 0.7, 0, 0, 0])
    np.testing.assert_allclose(graph.link_to.toarray()[:, 0], [0, 0, 0.5, 0.5, 0])


def test_a_link_of_nothing_waits_and_its_membership_with_it():
    layers = three_areas()
    layers["links"]["dc"]["p_nom"] = 0.0
    graph = graph_of(layers)
    assert graph.links == ("inner",)
    assert list(graph.member_element) == [1, 3, 6]


def test_margins_are_held_back_in_both_directions():
    layers = three_areas()
    layers["links"]["dc"] |= {"p_nom_reverse": 5.0, "margin_mw": 8.0}
    layers["interfaces"]["ab"]["margin_mw"] = 10.0
    graph = graph_of(layers)
    assert (graph.link_forward[0], graph.link_reverse[0]) == (12.0, 0.0)
    assert (graph.interface_forward[0], graph.interface_reverse[0]) == (70.0, 20.0)
    assert (graph.interface_forward[1], graph.interface_reverse[1]) == (35.0, 35.0)


def test_every_fault_of_a_grid_of_buses_is_named_at_once():
    layers = three_areas()
    layers["areas"] |= {
        "x": {"peak_mw": 5.0, "firm_mw": 0.0, "geometry": box(8, 0, 9, 1)},
        "y": {"peak_mw": 0.0, "firm_mw": 5.0, "geometry": box(9, 0, 10, 1)},
        "z": {"firm_mw": 0.0, "geometry": box(10, 0, 11, 1)},
    }
    layers["lines"]["a"]["x_pu_100"] = np.nan
    layers["lines"]["b"]["x_pu_100"] = 0.0
    layers["lines"]["out"]["x_pu_100"] = np.nan
    layers["buses"]["b2"]["area"] = None
    layers["links"]["dc"]["bus0"] = "y"
    layers["interface_members"]["dc"]["element"] = "nothing"
    with pytest.raises(NetworkError) as caught:
        graph_of(layers)
    faults = {(fault.table, fault.column, fault.problem): fault.rows for fault in caught.value.faults}
    assert faults == {
        ("buses", "area", "is no area"): ("b2",),
        ("areas", "peak_mw", "has no bus to be drawn at"): ("x",),
        ("areas", "firm_mw", "has no bus to be fed in at"): ("y",),
        ("areas", "peak_mw", "missing"): ("z",),
        ("links", "bus0, bus1", "is neither bus nor area with buses"): ("dc",),
        ("lines", "x_pu_100", "is missing or 0"): ("a", "b"),
        ("interface_members", "element", "is neither line nor link"): ("dc",),
    }


def test_a_grid_without_buses_is_no_grid_of_buses():
    with pytest.raises(NetworkError, match="has no rows"):
        bus_graph(grid_of(three_areas_by_hand()))


def studies(**sites: dict[str, object]) -> tuple[dict, dict]:
    """Return `three_areas` with sites, at line resolution and by hand at area resolution."""
    rows = {
        name: {"status": "planned", "use": "cloud", "request_mw": 30.0} | site for name, site in sites.items()
    }
    return three_areas() | {"sites": rows}, three_areas_by_hand() | {"sites": rows}


def solved(layers: dict, **assume: float) -> tm.Result:
    return tm.Study(tables_of(layers), Settings(assume=assume)).solve()


SITES = {
    "at a2": {"geometry": Point(0.6, 0.5), "area": "a", "in_base_mw": 5.0},
    "at b": {"geometry": Point(2.0, 0.5), "area": "b"},
    "at c": {"geometry": Point(4.0, 0.5), "area": "c", "request_mw": 90.0},
}


def test_the_area_models_columns_are_the_same_at_both_resolutions():
    line, area = (solved(layers) for layers in studies(**SITES))
    same = [column for column in SITE_COLUMNS if column not in OF_LINES]
    pd.testing.assert_frame_equal(line.sites[same], area.sites[same], rtol=1e-9)
    # Where no plant is placed power stands at candidate places, and buses are some of them.
    kept = area.areas.columns.difference(["unplaced_mw", "nowhere_mw"], sort=False)
    pd.testing.assert_frame_equal(line.areas[kept], area.areas[kept])
    shared = area.fleet.index.difference(["power_gap_mw"])
    pd.testing.assert_series_equal(line.fleet["value"][shared], area.fleet["value"][shared])


def test_hosting_is_the_least_of_what_both_models_allow():
    """Between c1 and the rest lie 25 + 15 + 20 MW, of which c's own shortage of 40 takes all but 20 at most."""
    layers = studies(**SITES)[0]
    result, rungs = solved(layers), rungs_of(layers, ["a2", "b1", "c1"])
    rows, n0 = result.sites, rungs["n0_mw"].to_numpy()
    assert list(rows["bus"]) == ["a2", "b1", "c1"]
    np.testing.assert_allclose(rows["n0_mw"], n0 + np.array([5.0, 0.0, 0.0]))
    np.testing.assert_allclose(rows["n1_mw"], rungs["n1_mw"].to_numpy() + np.array([5.0, 0.0, 0.0]))
    np.testing.assert_allclose(rows["hosting_mw"], np.minimum(rows["n1_mw"], rows["secure_mw"]))
    np.testing.assert_allclose(rows["power_gap_mw"], np.maximum(rows["request_mw"] - rows["hosting_mw"], 0.0))
    assert n0[2] <= 20.0 + 1e-4
    assert set(rows["model"]) == {"line"}
    assert set(rows["bound"]) == {"upper"}
    assert rows["flags"].str.contains("indicative").all()


def test_what_the_line_model_binds_is_named_and_the_outage_with_it():
    """
    A line of 3 MW in the way to a2, where 70 are drawn and 71.1 supplied: 3 and what supply there is spare.

    Without the line, the supply alone.
    """
    layers, _ = studies(**SITES)
    layers["generators"]["plant a1"]["p_unit"] = 1.0
    layers["lines"] = {"a": layers["lines"]["a"] | {"s_nom": 3.0}}
    layers["interface_members"] = {"dc": layers["interface_members"]["dc"]}
    del layers["links"]["inner"]
    layers["generators"]["plant a2"]["p_nom"] = 80.0
    row = solved(layers).sites.loc["at a2"]
    # a has 160 MW, 100 at a1 and 80 at a2 of 180: 71.1 at a2 less 70 drawn, and 3 by the line.
    assert row["n0_mw"] == pytest.approx(5.0 + 160.0 * 80.0 / 180.0 - 70.0 + 3.0, abs=1e-4)
    assert row["n1_mw"] == pytest.approx(row["n0_mw"] - 3.0, abs=1e-4)
    assert row["hosting_mw"] == row["n1_mw"]
    assert (row["limiting_element"], row["limiting_outage"]) == ("capacity", "a")


def test_a_study_keeps_the_rungs_of_buses_and_what_all_get_together():
    result = solved(studies(**SITES)[0])
    together = result.hosting["joint_mw"]
    assert (together <= result.hosting[["request_mw", "n1_mw"]].min(axis=1) + 1e-3).all()
    assert result.fleet["value"]["line_joint_mw"] == pytest.approx(together.sum())
    assert result.fleet["value"]["line_double_count"] >= 1.0
    asked = power.hosting(result.grid, result.hosting.index, cutoff=0.0, preexisting="ignore")
    np.testing.assert_allclose(asked["hosting_mw"], result.hosting["screening_mw"])
    assert solved(studies(**SITES)[1]).hosting.empty


def test_a_site_in_an_area_without_buses_keeps_the_area_models_answer():
    layers, _ = studies(**SITES, far={"geometry": Point(9.0, 0.5)})
    layers["areas"]["d"] = {"peak_mw": 0.0, "firm_mw": 0.0, "geometry": box(8.5, 0, 9.5, 1)}
    row = solved(layers).sites.loc["far"]
    assert row["model"] == "area"
    assert pd.isna(row["bus"])
    assert np.isnan(row["n0_mw"])
    assert row["hosting_mw"] == row["secure_mw"]
    assert "indicative" not in row["flags"]
    assert solved({**layers, "sites": {"far": layers["sites"]["far"]}}).sites["n0_mw"].isna().all()


def test_a_line_that_is_overloaded_before_is_said_at_the_sites_at_its_ends():
    """a2 lacks 10 MW of its 70 and its line is cut to 3."""
    layers, _ = studies(**SITES)
    layers["lines"] = {"a": layers["lines"]["a"] | {"s_nom": 3.0}, "b": layers["lines"]["b"]}
    layers["interface_members"] = {"dc": layers["interface_members"]["dc"]}
    del layers["links"]["inner"]
    layers["generators"]["plant a2"]["p_nom"] = 50.0
    result = solved(layers)
    assert list(result.sites["flags"].str.contains("line_overloaded")) == [True, False, False]
    over = 70.0 - 160.0 * 50.0 / 150.0 - 3.0
    assert result.lines["overload_mw"]["a"] == pytest.approx(over, abs=1e-4)
    fleet = result.fleet["value"]
    assert fleet["line_overload_mw"] == pytest.approx(over, abs=1e-4)
    # c has 60 and 20 by the link of its 100 MW, and a's line is 3 MW wide.
    assert fleet["line_least_shed_mw"] == pytest.approx(20.0 + over, abs=1e-4)
    assert fleet["line_least_shed_share"] == pytest.approx((20.0 + over) / 300.0)


def test_the_fleet_counts_what_the_line_model_takes_away():
    """Rows that are part of another are in no sum."""
    layers, _ = studies(**SITES, part={"geometry": Point(4.0, 0.5), "area": "c", "part_of": "at c"})
    result = solved(layers)
    top = result.sites.drop(index="part")
    gap = (top["request_mw"] - top["secure_mw"]).clip(lower=0.0)
    fleet = result.fleet["value"]
    assert fleet["line_power_gap_mw"] == pytest.approx(top["power_gap_mw"].sum())
    assert fleet["power_gap_mw"] == pytest.approx(gap.sum())
    assert fleet["line_sites_short"] == ((top["power_gap_mw"] - gap) > 1e-3).sum()


def test_a_plant_without_a_bus_is_given_one_of_its_area():
    layers, _ = studies(**SITES)
    layers["generators"]["plant b1"] |= {"bus": None, "geometry": Point(2.9, 0.5)}
    plants = solved(layers).tables.tables.grid.generators
    assert plants["bus"]["plant b1"] == "b2"
    assert plants["bus"]["plant a1"] == "a1"


def test_factors_move_what_a_class_filled_in_and_nothing_that_was_given():
    layers, _ = studies(**SITES)
    for row in layers["lines"].values():
        row |= {"imputed": True, "s_nom_emergency": 2.0 * row["s_nom"], "x": 5.0}
    layers["lines"]["a"]["imputed"] = False
    before = tables_of(layers).grid.lines
    assume = {"line_rating_factor": 0.5, "transformer_rating_factor": 0.8, "line_reactance_factor": 1.25}
    moved = solved(layers, **assume).tables.tables.grid.lines
    for column, line, bank in (
        ("s_nom", 0.5, 0.8), ("s_nom_emergency", 0.5, 0.8), ("x", 1.25, 1.0), ("x_pu_100", 1.25, 1.0)
    ):  # fmt: skip
        ratio = (moved[column] / before[column]).round(12)
        assert dict(ratio[["a", "ab 1", "bank"]]) == {"a": 1.0, "ab 1": line, "bank": bank}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_study_at_line_resolution_does_not_depend_on_the_order_of_rows(seed):
    layers, shuffler = studies(**SITES)[0], np.random.default_rng(seed)
    mixed = {
        name: {str(key): rows[key] for key in shuffler.permutation(list(rows))}
        for name, rows in layers.items()
    }
    one, other = solved(layers), solved(mixed)
    pd.testing.assert_frame_equal(other.sites.loc[one.sites.index], one.sites)
    pd.testing.assert_frame_equal(
        base_dispatch(bus_graph(tables_of(mixed).grid)).buses, base_dispatch(graph_of(layers)).buses
    )


@pytest.mark.slow
def test_japans_area_answer_is_the_same_at_line_resolution(japan):
    line = tm.japan(resolution="line").solve()
    same = [column for column in SITE_COLUMNS if column not in OF_LINES]
    pd.testing.assert_frame_equal(line.sites[same], japan.sites[same], rtol=1e-9, atol=1e-9)
    assert (line.sites["hosting_mw"] <= japan.sites["hosting_mw"] + 1e-9).all()
    assert line.sites["n0_mw"].notna().mean() > 0.9
    shared = japan.fleet.index.difference(["power_gap_mw"])
    for column in ("value", "low", "high"):
        pd.testing.assert_series_equal(
            line.fleet[column][shared], japan.fleet[column][shared], rtol=1e-9, atol=1e-9
        )


@pytest.mark.slow
def test_japans_buses_have_its_demand_and_supply():
    grid = tm.japan(resolution="line").solve().tables.tables.grid
    for found, column in ((demand_at_buses(grid), "peak_mw"), (supply_at_buses(grid), "firm_mw")):
        sums = found.groupby(grid.buses["area"]).sum()
        np.testing.assert_allclose(sums, grid.areas[column].loc[sums.index], rtol=1e-9)
