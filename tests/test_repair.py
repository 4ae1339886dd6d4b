"""Maps of three to eight lines with the answer worked out: what `repair` joins, splits, drops and leaves."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, MultiLineString, Point, Polygon, box

from maps_of_lines import (
    graph,
    line,
    lonlat,
    pairs,
    pieces,
    repaired,
    rows_of,
    same_lines,
    station,
    table,
    two_zones,
    yard,
)
from three_mismatches.errors import LayerError
from three_mismatches.repair import (
    RepairRules,
    build_grid,
    build_network,
    circuits_of,
    markdown,
    measures,
    summary,
    transformers_of,
)

ENDS = {"A": station(5, 0), "B": station(25, 0)}


# Gaps


def test_a_gap_within_the_tolerance_is_closed():
    """A 5 km, then 0.2 km of nothing, then on to B: one branch of 19.8 km drawn, named by its ends."""
    found = repaired({"a": line((5, 0), (10, 0)), "b": line((10.2, 0), (25, 0))}, ENDS)
    assert pairs(found) == [("A 275", "B 275")]
    assert found.branches["length"].iloc[0] == pytest.approx(19.8, rel=1e-3)
    assert rows_of(found, "join", "two lines' ends")["km"].tolist() == pytest.approx([0.2], rel=1e-3)


def test_a_gap_beyond_the_tolerance_is_left():
    """0.3 km of nothing, a tolerance of 0.25 km and no joining of islands: two pieces with a dead end each."""
    lines = {"a": line((5, 0), (10, 0)), "b": line((10.3, 0), (25, 0))}
    assert pieces(repaired(lines, ENDS, island_km=0.0)) == 2
    assert pieces(repaired(lines, ENDS, island_km=0.0, tolerance_km=0.31)) == 1


def test_an_island_is_joined_within_island_km_and_not_beyond():
    """1.5 km of nothing: a bridge, a branch of its own, if islands may be 2 km away; none at 1 km."""
    lines = {"a": line((5, 0), (10, 0)), "b": line((11.5, 0), (25, 0))}
    found = repaired(lines, ENDS, island_km=2.0)
    bridge = found.branches[found.branches["bridge"]]
    assert pieces(found) == 1
    assert bridge["length"].tolist() == pytest.approx([1.5], rel=1e-3)
    assert rows_of(found, "join", "to connect an island")["suspicious"].all()
    assert pieces(repaired(lines, ENDS, island_km=1.0)) == 2


def test_what_hangs_together_needs_no_bridge():
    """Two ways from A to B; one has a gap of 1 km. Nothing is an island, so the gap stays: two dead ends."""
    lines = {
        "a": line((5, 0), (15, 3), (25, 0)),
        "b": line((5, 0), (10, -3)),
        "c": line((11, -3), (25, 0)),
    }
    found = repaired(lines, ENDS)
    assert not found.branches["bridge"].any()
    assert len(found.branches) == 3
    assert sorted(dict(graph(found).degree).values()) == [1, 1, 2, 2]


def sea() -> gpd.GeoDataFrame:
    """Return one zone on two islands: 0 to 10 km and 12 to 40 km east, with a strait of 2 km."""
    shapes = [two_zones().geometry["e"].intersection(strip) for strip in (_strip(0, 10), _strip(12, 40))]
    frame = {"zone": ["z", "z"], "frequency": [50.0, 50.0]}
    index = pd.Index(["i", "j"], name="area")
    return gpd.GeoDataFrame(frame, index=index, geometry=shapes, crs="EPSG:4326")


def _strip(low: float, high: float) -> Polygon:
    return box(139.0 + low / 90.16322, 35.0, 139.0 + high / 90.16322, 37.0)


def test_no_join_crosses_wide_water_but_a_drawn_line_does():
    """The gap of 2 km is a strait, wider than water_km: no bridge. A cable drawn across it is a branch."""
    apart = {"a": line((5, 0), (10, 0)), "b": line((12, 0), (25, 0))}
    assert pieces(repaired(apart, ENDS, sea(), island_km=3.0)) == 2
    assert pieces(repaired(apart, ENDS, sea(), island_km=3.0, water_km=2.5)) == 1
    assert pieces(repaired(apart | {"c": line((10, 0), (12, 0))}, ENDS, sea())) == 1


def test_islands_stay_or_are_dropped_by_rule():
    """5 km by themselves, 10 km from anything: listed as apart, and kept, or dropped if the rules say so."""
    lines = {"a": line((5, 0), (25, 0)), "b": line((5, 20), (10, 20))}
    kept, dropped = repaired(lines, ENDS), repaired(lines, ENDS, islands="drop")
    assert (len(kept.branches), len(dropped.branches)) == (2, 1)
    assert rows_of(kept, "keep", "apart from the largest")["km"].tolist() == pytest.approx([5.0], rel=5e-3)
    assert rows_of(dropped, "drop", "apart from the largest")["km"].sum() == pytest.approx(5.0, rel=5e-3)
    assert measures(kept.certificate)["value"][("components repaired", "east")] == 2.0


# Junctions and crossings


def test_a_line_that_ends_on_another_splits_it():
    """C's line ends 0.1 km short of the middle of A-B: three branches that meet at one bus on A-B."""
    lines = {"a": line((5, 0), (25, 0)), "b": line((15, 0.1), (15, 8))}
    found = repaired(lines, ENDS | {"C": station(15, 8)})
    middle = [bus for bus, degree in graph(found).degree if degree == 3]
    assert len(found.branches) == 3
    assert found.buses.geometry[middle[0]].x == pytest.approx(139.0 + 15 / 90.16322, abs=1e-5)
    assert len(rows_of(found, "split")) == 1


def test_lines_that_cross_at_a_shared_tower_are_not_joined():
    """Both lines have a vertex at (15, 0) and go straight on: two branches and no bus between."""
    stations = ENDS | {"C": station(15, -8), "D": station(15, 8)}
    lines = {"a": line((5, 0), (15, 0), (25, 0)), "b": line((15, -8), (15, 0), (15, 8))}
    assert pairs(repaired(lines, stations)) == [("A 275", "B 275"), ("C 275", "D 275")]


def test_lines_that_cross_without_a_shared_vertex_are_not_joined():
    stations = ENDS | {"C": station(15, -8), "D": station(15, 8)}
    lines = {"a": line((5, 0), (25, 0)), "b": line((15, -8), (15, 8))}
    assert pairs(repaired(lines, stations)) == [("A 275", "B 275"), ("C 275", "D 275")]


def test_three_lines_that_share_a_vertex_are_joined():
    """A branch to C from a tower of A-B, drawn from that tower: a bus of degree 3."""
    lines = {"a": line((5, 0), (15, 0), (25, 0)), "b": line((15, 0), (15, 8))}
    found = repaired(lines, ENDS | {"C": station(15, 8)})
    assert sorted(dict(graph(found).degree).values()) == [1, 1, 1, 3]


def test_a_gap_beside_a_parallel_line_is_not_joined_to_it():
    """Two lines 0.04 km apart; one has a gap of 0.1 km. The gap closes; the neighbour stays whole."""
    stations = {"A": station(5, 0), "B": station(25, 0), "C": station(5, 3), "D": station(25, 3)}
    lines = {
        "a": line((5, 0), (8, 0.02), (22, 0.02), (25, 0)),
        "b": line((5, 3), (8, 0.06), (15, 0.06)),
        "c": line((15.1, 0.06), (22, 0.06), (25, 3)),
    }
    assert pairs(repaired(lines, stations)) == [("A 275", "B 275"), ("C 275", "D 275")]


def test_gaps_side_by_side_are_closed_each_for_itself():
    """Both lines of a corridor are cut over the same 0.1 km: each goes on to its own other end."""
    stations = {"A": station(5, 0), "B": station(25, 0), "C": station(5, 3), "D": station(25, 3)}
    lines = {
        "a": line((5, 0), (8, 0.02), (15, 0.02)),
        "b": line((15.1, 0.02), (22, 0.02), (25, 0)),
        "c": line((5, 3), (8, 0.06), (15, 0.06)),
        "d": line((15.1, 0.06), (22, 0.06), (25, 3)),
    }
    assert pairs(repaired(lines, stations)) == [("A 275", "B 275"), ("C 275", "D 275")]


def test_two_lines_that_end_side_by_side_both_branch_off():
    """Circuits 4 m apart come from C and end 0.1 km before A-B: each is the other's neighbour, not its going on."""
    lines = {
        "a": line((5, 0), (25, 0)),
        "b": line((15, 0.1), (15, 8)),
        "c": line((15.004, 0.1), (15.5, 4), (15, 8)),
    }
    found = repaired(lines, ENDS | {"C": station(15, 8)})
    assert pieces(found) == 1
    assert dict(graph(found).degree)["C 275"] == 1
    assert len(found.branches) == 4


def test_two_lines_that_end_at_one_point_end_there():
    """Both come from A's side and end at (25, 0.14), 0.14 km before B: two ends, not one line that turns back."""
    lines = {"a": line((5, 0), (25, 0.14)), "b": line((5, 0), (15, 0.6), (25, 0.14))}
    assert pairs(repaired(lines, ENDS)) == [("A 275", "B 275")] * 2


def test_an_end_is_not_joined_to_its_own_other_end():
    """A line of 0.2 km in the open is no point: both its ends are within the tolerance, and it stays a branch."""
    lines = {"a": line((5, 0), (25, 0)), "b": line((15, 20), (15.2, 20))}
    found = repaired(lines, ENDS, short_km=0.1)
    assert len(found.branches) == 2


# Duplicates


DUPLICATES = {
    "exact": line((5, 0), (15, 1), (25, 0)),
    "reversed": line((25, 0), (15, 1), (5, 0)),
    "overlapping": line((10, 0.5), (15, 1), (20, 0.5)),
    "with another vertex": line((5, 0), (10, 0.5), (15, 1), (25, 0)),
    "8 m beside it": line((5, 0.008), (15, 1.008), (25, 0.008)),
    "partly, 8 m beside it": line((10, 0.508), (15, 1.008), (18, 0.708)),
}


@pytest.mark.parametrize("twice", DUPLICATES.values(), ids=DUPLICATES)
def test_what_is_drawn_twice_is_one_branch(twice):
    """A-B by (15, 1): 20.1 km once, whatever lies on it again; the certificate says what went."""
    found = repaired({"a": line((5, 0), (15, 1), (25, 0)), "b": twice}, ENDS)
    assert pairs(found) == [("A 275", "B 275")]
    assert found.branches["length"].sum() == pytest.approx(20.1, rel=1e-3)
    assert rows_of(found, "drop", "drawn")["km"].sum() > 5.0


def test_circuits_told_apart_by_ref_are_kept():
    """One way drawn three times with refs 1, 2 and none: two branches; that without a ref says nothing new."""
    way = ((5, 0), (15, 1), (25, 0))
    lines = {"a": line(*way, ref="1"), "b": line(*way, ref="2"), "c": line(*way)}
    assert pairs(repaired(lines, ENDS)) == [("A 275", "B 275")] * 2


def test_circuits_that_part_on_the_way_do_not_touch():
    """Circuits 1 and 2 share towers from A to (15, 0); then 1 goes to B and 2 to C. No bus where they part."""
    lines = {
        "a": line((5, 0), (15, 0), (25, 0), ref="1"),
        "b": line((5, 0), (15, 0), (25, 8), ref="2"),
    }
    found = repaired(lines, ENDS | {"C": station(25, 8)})
    assert pairs(found) == [("A 275", "B 275"), ("A 275", "C 275")]


def test_two_ways_between_the_same_buses_are_two_branches():
    lines = {"a": line((5, 0), (25, 0)), "b": line((5, 0), (15, 0.1), (25, 0))}
    assert pairs(repaired(lines, ENDS)) == [("A 275", "B 275")] * 2


# Voltages


def test_one_line_of_two_levels_is_two_branches():
    """ "500000;275000" from A to B, both of which have both levels: a branch each, and a transformer each."""
    stations = {name: row | {"voltage": "500000;275000"} for name, row in ENDS.items()}
    found = repaired({"a": line((5, 0), (25, 0), voltage="500000;275000")}, stations)
    assert pairs(found) == [("A 275", "B 275"), ("A 500", "B 500")]
    assert found.transformers.to_numpy().tolist() == [["A 500", "A 275"], ["B 500", "B 275"]]


@pytest.mark.parametrize("text", ["275000", "275", "275 kV", "275.0", 275, 275000.0, "275000 V"])
def test_volts_and_kilovolts_are_told_apart(text):
    found = repaired({"a": line((5, 0), (25, 0), voltage=text)}, ENDS)
    assert found.branches["v_nom"].tolist() == [275.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("99000000", "impossible"),
        ("-5", "impossible"),
        ("high", "not a number"),
        (None, "not on the map"),
        ("nan", ""),
    ],
)
def test_a_voltage_that_cannot_be_is_set_aside_with_its_reason(text, reason):
    lines = {"a": line((5, 0), (25, 0)), "b": line((5, 5), (25, 5), voltage=text)}
    found = repaired(lines, ENDS)
    aside = rows_of(found, "set aside", reason)
    assert aside["element"].tolist() == ["b"]
    assert aside.geometry.notna().all()
    assert len(found.branches) == 1


def test_a_level_is_taken_as_the_nearest_of_the_region():
    """270 kV is 275 kV within 5 %; 660 kV is no level and set aside."""
    lines = {"a": line((5, 0), (25, 0), voltage="270000"), "b": line((5, 5), (25, 5), voltage="660")}
    found = repaired(lines, ENDS, classes=(500.0, 275.0))
    assert found.branches["v_nom"].tolist() == [275.0]
    assert rows_of(found, "set aside", "no level of the region")["element"].tolist() == ["b"]


def test_lines_below_the_least_level_are_set_aside():
    lines = {"a": line((5, 0), (25, 0)), "b": line((5, 5), (25, 5), voltage="66000")}
    found = repaired(lines, ENDS, least_kv=154.0)
    assert rows_of(found, "set aside", "below 154 kV")["element"].tolist() == ["b"]


# Substations


def test_a_substation_of_two_levels_is_two_buses_and_a_transformer():
    """500 kV from A to M, 275 kV from M on to B; M states both."""
    stations = {"A": station(5, 0, "500000"), "M": station(15, 0, "500000;275000"), "B": station(25, 0)}
    found = repaired({"a": line((5, 0), (15, 0), voltage="500000"), "b": line((15, 0), (25, 0))}, stations)
    assert pairs(found) == [("A 500", "M 500"), ("M 275", "B 275")]
    assert found.transformers.to_numpy().tolist() == [["M 500", "M 275"]]
    assert pieces(found) == 1


def test_levels_without_a_substation_are_not_joined():
    lines = {"a": line((5, 0), (15, 0), voltage="500000"), "b": line((15, 0), (25, 0))}
    assert pieces(repaired(lines, ENDS)) == 2


def test_a_line_that_passes_a_substation_of_its_level_is_connected_to_it():
    """M stands 0.08 km beside A-B and states 275 kV: two branches. N, of 66 kV, changes nothing."""
    lines = {"a": line((5, 0), (25, 0))}
    found = repaired(lines, ENDS | {"M": station(15, 0.08), "N": station(20, 0.08, "66000")})
    assert pairs(found) == [("A 275", "M 275"), ("M 275", "B 275")]
    assert pairs(repaired(lines, ENDS | {"M": station(15, 0.12)})) == [("A 275", "B 275")]


def test_near_substations_of_one_name_are_one():
    """Two yards called M, 0.2 km apart, each with a line: A-M-B. Called otherwise and of other levels: apart."""
    lines = {"a": line((5, 0), (15, 0), voltage="500000"), "b": line((15.2, 0), (25, 0))}
    ends = {"A": station(5, 0, "500000"), "B": station(25, 0)}
    one = {"M": station(15, 0, "500000", name="M"), "M2": station(15.2, 0, name="M")}
    assert pieces(repaired(lines, ends | one)) == 1
    two = {"M": station(15, 0, "500000"), "M2": station(15.2, 0)}
    assert pieces(repaired(lines, ends | two)) == 2


def test_substations_of_one_name_are_one_within_name_km():
    """Two parts of M, 0.9 km apart and each with lines of its own level: one; at 1.1 km two, whatever the tolerance."""
    ends = {"A": station(5, 0, "500000"), "B": station(25, 0)}
    for apart, count in ((0.9, 1), (1.1, 2)):
        lines = {"a": line((5, 0), (15, 0), voltage="500000"), "b": line((15 + apart, 0), (25, 0))}
        parts = {"M": station(15, 0, "500000", name="M"), "M2": station(15 + apart, 0, name="M")}
        assert pieces(repaired(lines, ends | parts, tolerance_km=0.25, island_km=0.0)) == count
        assert pieces(repaired(lines, ends | parts, name_km=1.2, island_km=0.0)) == 1


def test_the_yard_of_a_large_substation_reaches_beyond_its_point():
    """
    Lines end 0.7 km from the point of M on both sides: joined at 500 kV, which it states; not at 275 kV.

    At 500 kV the way is A-M-B also where the tolerance is a tenth of that.
    """
    for voltage, expected in (("500000", [("A 500", "M 500"), ("M 500", "B 500")]), ("275000", 2)):
        lines = {
            "a": line((5, 0), (14.3, 0), voltage=voltage),
            "b": line((15.7, 0), (25, 0), voltage=voltage),
        }
        stations = {"A": station(5, 0, voltage), "M": station(15, 0, voltage), "B": station(25, 0, voltage)}
        found = repaired(lines, stations, tolerance_km=0.07, island_km=0.0)
        assert (pieces(found) if voltage == "275000" else pairs(found)) == expected
        assert pieces(repaired(lines, stations, tolerance_km=0.07, island_km=0.0, yard_km=0.6)) == 2


def test_a_line_of_large_voltage_that_passes_a_yard_is_not_drawn_into_it():
    """A line that goes on 0.5 km beside M has no end there: `yard_km` is for ends."""
    lines = {"a": line((5, 0), (25, 0), voltage="500000")}
    stations = {"A": station(5, 0, "500000"), "M": station(15, 0.5, "500000"), "B": station(25, 0, "500000")}
    assert pairs(repaired(lines, stations)) == [("A 500", "B 500")]


def test_a_level_without_a_line_is_bridged_by_a_transformer():
    """M states 500, 275 and 154 kV, and no line of 275 kV reaches it: one bank from 500 to 154 kV."""
    stations = {
        "A": station(5, 0, "500000"),
        "M": station(15, 0, "500000;275000;154000"),
        "B": station(25, 0, "154000"),
    }
    lines = {"a": line((5, 0), (15, 0), voltage="500000"), "b": line((15, 0), (25, 0), voltage="154000")}
    found = repaired(lines, stations)
    assert found.transformers.to_numpy().tolist() == [["M 500", "M 154"]]
    assert pieces(found) == 1


def test_circuits_that_end_together_in_the_open_are_two_branches_and_no_ring():
    """Two ways from A, one of them 0.5 km to the north, meet in the open: both stay, each from A to that place."""
    lines = {"a": line((5, 0), (25, 0)), "b": line((5, 0), (8, 0.5), (22, 0.5), (25, 0))}
    found = repaired(lines, {"A": station(5, 0)})
    assert len(found.branches) == 2
    assert len(set(pairs(found))) == 1
    assert found.branches["length"].sum() == pytest.approx(20.0 + 14.0 + 2 * np.hypot(3, 0.5), rel=1e-3)


def test_lines_end_at_the_fence_of_a_substation_drawn_as_an_area():
    """M is 1 km wide; both lines end 0.1 km before its fence, 0.6 km from its middle."""
    lines = {"a": line((5, 0), (14.4, 0)), "b": line((15.6, 0), (25, 0))}
    found = repaired(lines, ENDS | {"M": yard(15, 0, 0.5)}, island_km=0.0)
    assert pairs(found) == [("A 275", "M 275"), ("M 275", "B 275")]


def test_an_end_goes_to_the_substation_of_its_level():
    """Nearest is N of 66 kV, at 0.05 km; M at 0.2 km states 275 kV. The bus is M's."""
    stations = ENDS | {"N": station(25, 0.05, "66000"), "B": station(25, -0.2)}
    found = repaired({"a": line((5, 0), (25, 0))}, stations)
    assert pairs(found) == [("A 275", "B 275")]


def test_dead_ends_are_kept():
    """A line of 5 km that ends in the open: a branch to a bus named after its place."""
    found = repaired({"a": line((5, 0), (25, 0)), "b": line((25, 0), (25, 5))}, ENDS)
    assert len(found.branches) == 2
    assert "139.2773,36.0451 275" in found.buses.index


def test_a_short_stub_is_one_bus_with_what_it_hangs_on():
    """0.2 km from the middle of A-B into the open: dropped, A-B is one branch again; 0.3 km are kept."""
    lines = {"a": line((5, 0), (15, 0), (25, 0)), "b": line((15, 0), (15, 0.2))}
    found = repaired(lines, ENDS, tolerance_km=0.1)
    assert pairs(found) == [("A 275", "B 275")] == pairs(repaired(lines, ENDS))
    assert rows_of(found, "drop", "shorter than short_km")["km"].tolist() == pytest.approx([0.2], rel=1e-3)
    assert len(repaired(lines, ENDS, short_km=0.1).branches) == 3


def test_a_short_line_between_two_substations_is_kept():
    found = repaired(
        {"a": line((5, 0), (5.2, 0))}, {"A": station(5, 0), "B": station(5.2, 0, "275000;66000")}
    )
    assert len(found.branches) == 0 or pairs(found) == [("A 275", "B 275")]


def test_a_line_in_many_short_pieces_keeps_its_length():
    """20 km in pieces of 0.19 km with gaps of 0.01 km: one branch, less what is nearer to A or B than the tolerance."""
    lines = {f"p{i:03d}": line((5 + 0.2 * i, 0), (5 + 0.2 * i + 0.19, 0)) for i in range(100)}
    found = repaired(lines, ENDS)
    assert pairs(found) == [("A 275", "B 275")]
    assert found.branches["length"].sum() == pytest.approx(18.62, rel=0.01)


# Zones


def test_nothing_is_joined_across_zones():
    """A line from the west ends at 0.05 km before the border, one from the east as near: two pieces and a refusal."""
    lines = {"a": line((-20, 0), (-0.05, 0)), "b": line((0.05, 0), (20, 0))}
    found = repaired(lines, {"A": station(-20, 0), "B": station(20, 0)})
    assert pieces(found) == 2
    assert rows_of(found, "refuse", "would have crossed synchronous zones")["km"].tolist() == pytest.approx(
        [0.1], rel=1e-3
    )
    assert measures(found.certificate)["value"][("branches across zones", "all zones")] == 0.0


def test_a_converter_station_keeps_its_sides_apart():
    """C stands in both zones. Both lines end in it: two buses of 275 kV, no transformer, no branch between."""
    lines = {"a": line((-20, 0), (0, 0), zone="west"), "b": line((0, 0), (20, 0), zone="east")}
    stations = {"A": station(-20, 0), "B": station(20, 0), "C": station(0, 0, zone="east;west")}
    found = repaired(lines, stations)
    sides = found.buses[found.buses["name"] == "C"]
    assert sides["zone"].tolist() == ["east", "west"]
    assert len(found.transformers) == 0
    assert pieces(found) == 2


def test_the_frequency_of_a_line_decides_its_zone():
    """60 Hz drawn in the east's area is the west's: it does not touch the east's line that it ends on."""
    lines = {
        "a": line((5, 0), (25, 0), frequency="50"),
        "b": line((15, 0), (15, 8), frequency="60"),
    }
    found = repaired(lines, ENDS)
    assert pieces(found) == 2
    assert sorted(found.buses["zone"]) == ["east", "east", "west", "west"]


def test_the_frequency_of_a_line_decides_wherever_it_is_cut():
    """60 Hz from 30 km in the west to 10 km in the east, in one piece and in four: the west's, and all of it."""
    whole = {"a": line((-30, 0), (10, 0), frequency="60"), "b": line((10, 0), (40, 0), frequency="50")}
    cut = {f"p{n}": line((-30 + 10 * n, 0), (-20 + 10 * n, 0), frequency="60") for n in range(4)}
    first, second = repaired(whole, {}), repaired(cut | {"b": whole["b"]}, {})
    same_lines(first, second, km=1e-4)
    assert sorted(first.buses["zone"]) == ["east", "east", "west", "west"]


def test_a_line_over_a_border_is_where_most_of_it_stands():
    """From 3 km in the west to 5 km in the east with one tower 2 km in the east: the east's, however its edges lie."""
    found = repaired({"a": line((-3, 0), (2, 0), (5, 0))}, {})
    assert set(found.buses["zone"]) == {"east"}
    assert rows_of(found, "keep", "stands in another zone").empty


def test_a_railway_line_of_16_7_hz_is_set_aside():
    lines = {"a": line((5, 0), (25, 0)), "b": line((5, 5), (25, 5), frequency="16.7")}
    found = repaired(lines, ENDS)
    assert rows_of(found, "set aside", "frequency of no area")["element"].tolist() == ["b"]


DIRECT = {
    "frequency": {"frequency": "0"},
    "a name": {"name": "HVDC X"},
    "another name": {"name": "X直流幹線"},
}


@pytest.mark.parametrize("told", DIRECT.values(), ids=DIRECT)
def test_direct_current_is_a_link_between_ac_buses(told):
    """A-P in the west, Q-B in the east, P-Q is DC of 275 kV: two AC pieces and one link of 0 MW."""
    lines = {
        "a": line((-20, 0), (-5, 0)),
        "b": line((5, 0), (20, 0)),
        "d": line((-5, 0), (5, 0), **told),
        "e": line((0, 0), (0, 9), (20, 9)),
    }
    stations = {"A": station(-20, 0), "P": station(-5, 0), "Q": station(5, 0), "B": station(20, 0)}
    found = repaired(lines, stations)
    assert found.links[["bus0", "bus1", "p_nom"]].to_numpy().tolist() == [["P 275", "Q 275", 0.0]]
    assert pairs(found)[0][0].startswith("139.0000,36.0000") or len(found.branches) == 3
    assert not nx.has_path(graph(found), "A 275", "B 275")


def test_a_dc_line_ends_in_the_yard_beside_the_converter():
    """The converter K has no AC line; its yard Q, 0.15 km on and of one name, has: the link ends there."""
    lines = {
        "a": line((-20, 0), (-5, 0)),
        "b": line((5.15, 0), (20, 0)),
        "d": line((-5, 0), (5, 0), voltage="250000", frequency="0"),
    }
    stations = {
        "A": station(-20, 0),
        "P": station(-5, 0),
        "K": station(5, 0, "250000", name="Q"),
        "Q": station(5.15, 0),
        "B": station(20, 0),
    }
    found = repaired(lines, stations)
    assert found.links[["bus0", "bus1"]].to_numpy().tolist() == [["P 275", "Q 275"]]


def test_direct_current_joins_two_zones_where_it_can():
    """C has 500 kV of the west and 275 kV of the east; the line to P, in the west, leaves from the east's side."""
    lines = {
        "a": line((-20, 0), (0, 0), zone="west", voltage="500000"),
        "b": line((0, 0), (20, 0), zone="east"),
        "d": line((0, 0), (-20, 9), voltage="200000", frequency="0"),
        "e": line((-20, 9), (-30, 9), voltage="500000"),
    }
    stations = {
        "C": station(0, 0, "500000;275000", zone="east;west"),
        "P": station(-20, 9, "500000"),
        "A": station(-20, 0, "500000"),
        "B": station(20, 0),
    }
    assert repaired(lines, stations).links[["bus0", "bus1"]].to_numpy().tolist() == [["C 275", "P 500"]]


def test_direct_current_that_ends_nowhere_is_set_aside():
    lines = {"a": line((5, 0), (25, 0)), "d": line((5, 0), (5, 20), frequency="0", name="HVDC X")}
    found = repaired(lines, ENDS)
    assert found.links.empty
    assert rows_of(found, "set aside", "with 1 ends")["element"].tolist() == ["HVDC X"]


# Names and order


def test_equal_names_are_counted_in_an_order_of_their_own():
    """Three substations called M in a row: M 275, M 275 (2), M 275 (3) from west to east, however listed."""
    lines = {"a": line((5, 0), (15, 0)), "b": line((15, 0), (25, 0))}
    rows = {"p": station(25, 0, name="M"), "q": station(5, 0, name="M"), "r": station(15, 0, name="M")}
    first = repaired(lines, rows)
    again = repaired(lines, dict(reversed(rows.items())))
    assert first.buses.index.tolist() == ["M 275", "M 275 (2)", "M 275 (3)"]
    assert again.buses["substation"].tolist() == first.buses["substation"].tolist() == ["q", "r", "p"]


# Bad input


def _bad_lines() -> gpd.GeoDataFrame:
    shapes = [
        Point(139.1, 36.0),
        LineString([(139.1, 36.0), (200.0, 36.0)]),
        LineString([(139, 36), (139.1, 36)]),
    ]
    return gpd.GeoDataFrame(
        {"name": ["a", "b", "c"]}, index=["x", "y", "y"], geometry=shapes, crs="EPSG:4326"
    )


def test_one_error_names_every_fault():
    """No voltage, a point among lines, an id twice, a place beyond 180; no zone; a tolerance that is no number."""
    areas = two_zones().drop(columns="zone")
    stations = table({"A": station(5, 0)}, "substation").to_crs("EPSG:3857")
    with pytest.raises(LayerError) as caught:
        build_network(_bad_lines(), stations, areas, tolerance_km=float("nan"))
    text = str(caught.value)
    for words in (
        "voltage",
        "another kind",
        "'x'",
        "given twice",
        "longitude 180",
        "substations",
        "crs",
        "zone",
        "nan",
    ):
        assert words in text


@pytest.mark.parametrize(
    "broken",
    [lambda t: t.iloc[:0], lambda t: pd.DataFrame(t), lambda t: t.set_crs(None, allow_override=True)],
    ids=["no rows", "no geometry", "no crs"],
)
def test_areas_that_cannot_be_used_are_refused(broken):
    lines = table({"a": line((5, 0), (25, 0))}, "line")
    with pytest.raises(LayerError, match="areas"):
        build_network(lines, table(ENDS, "substation"), broken(two_zones()))


@pytest.mark.parametrize(
    "name", ["passing_km", "island_km", "duplicate_km", "short_km", "water_km", "least_kv"]
)
@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_rules_that_mean_nothing_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        RepairRules(**{name: value})


def test_an_unknown_rule_for_islands_is_refused():
    with pytest.raises(ValueError, match="islands"):
        RepairRules(islands="sink")


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_a_tolerance_that_means_nothing_is_refused(tolerance):
    with pytest.raises(LayerError, match="tolerance_km"):
        repaired({"a": line((5, 0), (25, 0))}, ENDS, tolerance_km=tolerance)


def test_zones_that_are_missing_are_named():
    areas = two_zones().assign(zone=["west", None])
    with pytest.raises(LayerError, match="'e'"):
        repaired({"a": line((5, 0), (25, 0))}, ENDS, areas)


def test_a_map_without_lines_is_an_empty_grid():
    found = repaired({}, ENDS)
    assert len(found.buses) == len(found.branches) == len(found.links) == 0
    assert found.grid(two_zones()).lines.empty
    assert "Nothing." in markdown(found.certificate)


def test_a_map_without_substations_is_joined_by_its_ends():
    found = repaired({"a": line((5, 0), (15, 0)), "b": line((15.1, 0), (25, 0))}, {})
    assert len(found.branches) == 1
    assert (found.buses["substation"] == "").all()


def test_lines_in_parts_with_heights_and_without_length_are_read():
    """A MultiLineString of two parts, heights, a line without length, one without a shape: one branch from A to B."""
    way = np.array([[139 + 15 / 90.16322, 36.0, 30.0], [139 + 25 / 90.16322, 36.0, 40.0]])
    rows = {
        "a": line((5, 0), (15, 0))
        | {
            "geometry": MultiLineString(
                [line((5, 0), (10, 0))["geometry"], line((10, 0), (15, 0))["geometry"]]
            )
        },
        "b": line((15, 0), (25, 0)) | {"geometry": LineString(way)},
        "c": line((12, 0), (12, 0)),
        "d": {"geometry": None, "voltage": "275000"},
        "e": {"geometry": LineString(), "voltage": "275000"},
    }
    found = repaired(rows, ENDS)
    assert pairs(found) == [("A 275", "B 275")]
    assert rows_of(found, "set aside", "without a geometry")["element"].tolist() == ["d", "e"]
    assert rows_of(found, "set aside", "without length")["element"].tolist() == ["c"]


def test_coordinates_that_are_no_numbers_are_refused():
    with np.errstate(invalid="ignore"):
        broken = {"a": {"geometry": LineString([(139.0, np.nan), (139.2, 36.0)]), "voltage": "275000"}}
    with pytest.raises(LayerError, match="longitude 180"):
        repaired(broken, ENDS)


def test_lines_beyond_all_areas_belong_to_the_nearest_and_are_told():
    """10 km off in the east and in the west, each told with its distance; a line 0.5 km off is the coast's."""
    lines = {"in": line((5, 0), (25, 0)), "off": line((50.5, 0), (50.5, 9)), "far": line((60, 20), (80, 20))}
    found = repaired(lines | {"west": line((-70, 20), (-60, 20), name="west")}, ENDS)
    assert sorted(set(found.buses["zone"])) == ["east", "west"]
    assert sorted(set(found.buses["area"])) == ["e", "w"]
    told = rows_of(found, "keep", "outside every area")
    assert sorted(told["element"]) == ["far", "west"]
    assert told["km"].tolist() == pytest.approx([10.0, 10.0], rel=1e-2)
    assert told["suspicious"].all()


def test_a_map_that_lies_in_no_area_is_refused():
    """Latitude for longitude: nothing is where the areas are."""
    swapped = table({"a": line((5, 0), (25, 0))}, "line")
    swapped = swapped.set_geometry(
        swapped.geometry.map(lambda way: LineString([(y, x - 80) for x, y in way.coords]))
    )
    with pytest.raises(LayerError, match="swapped"):
        build_network(swapped, table({}, "substation"), two_zones())


def test_a_line_over_a_border_that_stands_partly_in_the_other_zone_is_told():
    """20 km in the east, 8 km in the west: of the east, and those 8 km are told. So is the station it passes."""
    found = repaired({"a": line((-8, 0), (20, 0))}, {"W": station(-5, 0.01), "B": station(20, 0)})
    told = rows_of(found, "keep", "stands partly in another zone")
    assert told["km"].tolist() == pytest.approx([8.0], rel=1e-2)
    assert told["suspicious"].all()
    assert rows_of(found, "refuse", "a line passes a substation")["element"].tolist() == ["W"]


def test_a_substation_to_which_no_line_comes_is_told():
    """LONE states 275 kV, 10 km off; of 66 kV the map has no line, so that L says nothing of the map."""
    found = repaired(
        {"a": line((5, 0), (25, 0))}, ENDS | {"LONE": station(15, 10), "L": station(15, 20, "66000")}
    )
    told = rows_of(found, "set aside", "substation to which no line")
    assert told["element"].tolist() == ["LONE, 275 kV"]
    assert told["value"].tolist() == pytest.approx([10.0], rel=1e-2)


def test_what_stays_apart_says_how_far_it_is_and_why():
    """3 km off, beyond 2 km; and 0.5 km beside A-B, where no end meets anything."""
    lines = {
        "a": line((5, 0), (25, 0)),
        "far": line((5, 3), (15, 3), name="far"),
        "beside": line((8, -0.5), (14, -0.5), name="beside"),
    }
    found = repaired(lines, ENDS)
    told = found.certificate[found.certificate["reason"].str.startswith("apart from the largest")]
    gap = dict(zip(told["element"], told["value"], strict=True))
    assert gap["far"] == pytest.approx(3.0, rel=1e-2)
    assert told[told["element"] == "far"]["reason"].str.contains("within island_km").all()


@pytest.mark.parametrize(
    "frequency", [[0.0, np.nan], ["0", None], ["0.0", ""], ["DC", pd.NA], ["0 Hz", "50"]], ids=str
)
def test_direct_current_is_told_by_any_way_to_write_zero(frequency):
    """A link of 20 km between two AC lines of 10 km: never a line."""
    lines = table({"dc": line((5, 0), (25, 0)), "ac": line((25, 0), (35, 0))}, "line")
    stations = table(ENDS | {"C": station(35, 0)}, "substation")
    found = build_network(lines.assign(frequency=frequency), stations, two_zones())
    assert found.branches["length"].tolist() == pytest.approx([10.0], rel=1e-3)


def test_a_line_of_two_frequencies_is_taken_as_unknown_and_told():
    found = repaired(
        {"a": line((5, 0), (25, 0), frequency="50;16.7"), "b": line((5, 9), (25, 9), frequency="fast")}
    )
    told = rows_of(found, "keep", "frequency of a line")
    assert sorted(told["element"]) == ["a", "b"]
    assert len(found.branches) == 2


def test_frequencies_that_no_area_tells_apart_are_refused():
    areas = two_zones().drop(columns="frequency")
    lines = {"a": line((5, 0), (15, 0), frequency="50"), "b": line((15, 0), (25, 0), frequency="16.7")}
    with pytest.raises(LayerError, match=r"16\.7, 50 Hz"):
        repaired(lines, ENDS, areas)
    assert len(repaired({"a": lines["a"]}, ENDS, areas).branches) == 1


def test_zones_that_no_area_has_are_refused_and_several_may_have_spaces():
    with pytest.raises(LayerError, match="zone of no area"):
        repaired({"a": line((5, 0), (25, 0), zone="nowhere")}, ENDS)
    with pytest.raises(LayerError, match="'A'"):
        repaired({"a": line((5, 0), (25, 0))}, ENDS | {"A": station(5, 0, zone="East")})
    lines = {"a": line((-20, 0), (-0.1, 0)), "b": line((0.1, 0), (20, 0))}
    found = repaired(lines, {"K": station(0, 0, zone="east; west")})
    assert sorted(found.buses.loc[found.buses["substation"] == "K", "zone"]) == ["east", "west"]


@pytest.mark.parametrize(
    ("text", "levels"),
    [("400 V", [0.4]), ("750V", [0.75]), ("400", []), ("380000;400", [380.0]), ("110 kV", [110.0])],
)
def test_voltages_of_openstreetmap_are_volts(text, levels):
    """A row with an OSM id: a bare number below 1,500 is no level of transmission, and never kilovolts."""
    lines = {
        "a": line((5, 0), (25, 0), voltage=text, osm_id="way/1"),
        "b": line((5, 9), (25, 9), osm_id="way/2"),
    }
    found = repaired(lines)
    assert sorted(set(found.branches["v_nom"]) - {275.0}) == levels
    told = rows_of(found, "set aside", "voltage of a line")
    assert len(told) == ("400" in text.split(";"))


def test_gaps_of_one_voltage_column_are_filled_from_the_next():
    found = repaired({"a": line((5, 0), (25, 0), voltage=None, kv=275.0), "b": line((5, 9), (25, 9))})
    assert found.branches["v_nom"].tolist() == [275.0, 275.0]


@pytest.mark.parametrize("circuits", [1e5, np.inf, 2.5, 0, "many"])
def test_circuits_that_are_no_count_are_set_aside(circuits):
    lines = {"a": line((5, 0), (25, 0), circuits=circuits)}
    found = repaired(lines, ENDS)
    assert found.branches["circuits"].isna().all()
    assert len(rows_of(found, "set aside", "circuits of a line")) == 1


def test_circuits_told_apart_by_the_number_in_their_names_are_kept():
    """Two lines on one course, called by their circuits; a third with other circuits in its name; a copy of one."""
    way = (5, 0), (25, 0)
    lines = {
        "a": line(*way, name="X線1号線"),
        "b": line(*way, name="X線２号線"),
        "c": line(*way, name="X線3・4L"),
    }
    assert len(repaired(lines, ENDS).branches) == 3
    assert len(repaired(lines | {"d": line(*way, name="X線 1号線")}, ENDS).branches) == 3


def test_of_lines_drawn_twice_the_one_with_most_circuits_is_kept():
    way = (5, 0), (25, 0)
    lines = {"a": line(*way, circuits=1, name="X"), "b": line(*way, circuits=2)}
    found = repaired(lines, ENDS)
    assert found.branches["circuits"].tolist() == [2.0]
    assert rows_of(found, "drop", "drawn twice")["value"].tolist() == [1.0]


def test_a_map_with_a_source_and_no_usable_line_is_an_empty_grid():
    drawn = table({"a": line((5, 0), (25, 0), voltage="low", source="survey")}, "line")
    grid = build_grid(drawn, table(ENDS, "substation"), two_zones())
    assert len(grid.lines) == 0
    assert (grid.certificate["action"] == "set aside").any()


def test_tables_that_cannot_be_used_are_told_in_one_error():
    """A station without a place, a frequency in words, an area that crosses itself, one without a zone."""
    areas = two_zones().astype({"frequency": object})
    areas.loc["w", "frequency"] = "60 Hz"
    areas.loc["e", "zone"] = " "
    bow = Polygon(lonlat([(0, 0), (40, 40), (40, 0), (0, 40)]))
    areas = areas.set_geometry([bow, areas.geometry["e"]], crs="EPSG:4326")
    stations = table(ENDS | {"C": {"geometry": None}}, "substation")
    with pytest.raises(LayerError) as caught:
        build_network(table({"a": line((5, 0), (25, 0))}, "line"), stations, areas, tolerance_km="1")
    for words in ("'C'", "no number", "crosses itself", "Name the area's synchronous zone", "tolerance_km"):
        assert words in str(caught.value)
    with pytest.raises(LayerError, match="substations"):
        build_network(table({"a": line((5, 0), (25, 0))}, "line"), None, two_zones())


def test_areas_may_have_ids_of_any_kind():
    areas = two_zones().set_axis(pd.Index(["A", 1], name="area"))
    assert set(repaired({"a": line((5, 0), (25, 0))}, ENDS, areas).buses["area"]) == {"1"}


def test_overlapping_areas_give_each_line_one_zone():
    """Both areas cover everything: a touching net is of one zone, and listing the areas otherwise changes nothing."""
    areas = two_zones()
    areas = areas.set_geometry([areas.union_all()] * 2, crs="EPSG:4326")
    lines = {"a": line((5, 0), (15, 0)), "b": line((15, 0), (25, 0))}
    found, again = repaired(lines, ENDS, areas), repaired(lines, ENDS, areas.iloc[::-1])
    assert len(set(found.buses["zone"])) == 1
    assert found.buses["zone"].tolist() == again.buses["zone"].tolist()


def test_a_line_on_the_antimeridian_stays_on_its_side():
    """Coordinates may be +-180; a gap over the antimeridian is as narrow as any other."""
    areas = gpd.GeoDataFrame(
        {"zone": ["z", "z"]},
        index=["p", "q"],
        geometry=[box(170, -5, 180, 5), box(-180, -5, -170, 5)],
        crs=4326,
    )
    shapes = [LineString([(179.8, 0), (179.9995, 0)]), LineString([(-179.9995, 0), (-179.8, 0)])]
    lines = gpd.GeoDataFrame({"voltage": "275000"}, index=["a", "b"], geometry=shapes, crs=4326)
    found = build_network(lines, table({}, "substation"), areas)
    assert len(found.branches) == 1
    assert found.branches["length"].iloc[0] < 50.0


def test_inputs_are_not_changed():
    lines, stations, areas = (
        table({"a": line((5, 0), (25, 0))}, "line"),
        table(ENDS, "substation"),
        two_zones(),
    )
    copies = [frame.copy(deep=True) for frame in (lines, stations, areas)]
    build_grid(lines, stations, areas)
    for frame, copy in zip((lines, stations, areas), copies, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


# What comes out


def test_a_grid_has_a_row_for_each_circuit_and_bank():
    """275 kV with two circuits stated and a transformer 500/275: ids, ends and imputed values that are positive."""
    stations = {"A": station(5, 0, "500000;275000"), "B": station(25, 0), "C": station(5, 9, "500000")}
    lines = table(
        {"a": line((5, 0), (25, 0), circuits=2), "b": line((5, 0), (5, 9), voltage="500000")}, "line"
    )
    grid = build_grid(lines, table(stations, "substation"), two_zones())
    rows = grid.lines[grid.lines["v_nom"] == 275.0]
    assert rows["kind"].tolist() == ["line", "line"]
    assert (grid.lines["kind"] == "transformer").any()
    assert (grid.lines[["x", "s_nom", "x_pu_100"]] > 0.0).all(axis=None)
    assert set(grid.lines["bus0"]) | set(grid.lines["bus1"]) == set(grid.buses.index)


def test_every_imputed_figure_has_a_range_around_it():
    stations = {"A": station(5, 0, "500000;275000"), "B": station(25, 0), "C": station(5, 9, "500000")}
    lines = table({"a": line((5, 0), (25, 0)), "b": line((5, 0), (5, 9), voltage="500000")}, "line")
    rows = build_grid(lines, table(stations, "substation"), two_zones()).lines
    for name in ("x", "r", "s_nom", "s_nom_emergency", "circuits"):
        low, high = rows[f"{name}_low"], rows[f"{name}_high"]
        assert ((low <= rows[name]) & (rows[name] <= high)).all(), name
        assert (low < high).any(), name


def test_a_grid_says_whose_map_it_was_made_from():
    """Source and licence of the map stand on every bus and line that came of it; a map without any gives none."""
    stated = {"source": "survey of 2026", "licence": "ODbL-1.0"}
    drawn = {"a": line((5, 0), (25, 0), **stated)}
    stations = {name: row | stated for name, row in ENDS.items()}
    grid = build_grid(table(drawn, "line"), table(stations, "substation"), two_zones())
    for rows in (grid.buses, grid.lines):
        assert (rows["licence"] == "ODbL-1.0").all()
        assert rows["source"].str.startswith("survey of 2026").all()
    bare = build_grid(table({"a": line((5, 0), (25, 0))}, "line"), table(ENDS, "substation"), two_zones())
    assert bare.buses["licence"].isna().all()


def test_parameters_of_no_branches_are_no_rows():
    found = repaired({"a": line((5, 0), (25, 0))}, ENDS)
    assert circuits_of(found.branches.iloc[:0]).empty
    assert transformers_of(np.zeros((0, 2), dtype=object), found.buses).empty


def test_parameters_grow_with_length():
    """Twice the length, twice the reactance; ratings do not change."""
    found = repaired(
        {"a": line((5, 0), (15, 0)), "b": line((15, 0), (35, 0))},
        ENDS | {"B": station(15, 0), "C": station(35, 0)},
    )
    rows = circuits_of(found.branches).groupby("corridor")[["x", "s_nom"]].first()
    assert rows["x"].iloc[1] == pytest.approx(2 * rows["x"].iloc[0], rel=1e-3)
    assert len(set(rows["s_nom"])) == 1


def test_the_certificate_is_a_table_with_measures_and_a_summary():
    found = repaired({"a": line((5, 0), (10, 0)), "b": line((10.2, 0), (25, 0))}, ENDS)
    value = measures(found.certificate)["value"]
    assert (value[("components as drawn", "east")], value[("components repaired", "east")]) == (2.0, 1.0)
    assert summary(found.certificate).loc[("join", "two lines' ends"), "rows"] == 1
    places = found.certificate[~found.certificate["action"].isin(["measure"])]
    assert places.geometry.notna().all()


def test_text_of_a_map_is_harmless_in_markdown():
    lines = {
        "a": line((5, 0), (25, 0)),
        "b|<script>": line((5, 20), (9, 20), name="| <script>alert(1)</script>\n# x"),
    }
    text = markdown(repaired(lines, ENDS | {"<b>|": station(5, 20)}).certificate)
    assert "<" not in text
    cells = [row.replace("\\|", "").count("|") for row in text.splitlines() if "script" in row]
    assert set(cells) == {7}


def test_markdown_prints_places_to_ten_metres_and_large_numbers_whole():
    """A piece of 20 km from 139.0555 E that stays apart; 12,345.6 is printed as 12,346."""
    found = repaired(
        {"a": line((5, 0), (25, 0)), "b": line((5, 9), (25, 9)), "c": line((5, 9), (5, 12))}, ENDS
    )
    apart = found.certificate[found.certificate["reason"].str.startswith("apart from the largest")]
    assert len(apart) > 0
    text = markdown(found.certificate.assign(value=12345.6))
    assert f"| {apart.geometry.x.iloc[0]:.4f} | {apart.geometry.y.iloc[0]:.4f} |" in text
    assert "| 12,346 |" in text


def test_markdown_says_how_many_places_it_leaves_out():
    lines = {"a": line((5, 0), (25, 0))} | {
        f"i{n}": line((5, 5.0 * n + 9), (9, 5.0 * n + 9)) for n in range(5)
    }
    text = markdown(repaired(lines, ENDS).certificate, longest=2)
    assert "... and 3 more." in text
