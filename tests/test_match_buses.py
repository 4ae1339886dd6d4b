"""Demand and plants to buses by hand, and a study of areas brought to line resolution."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from conftest import table, tables_of
from three_mismatches.errors import MatchError
from three_mismatches.geodesy import distance_km
from three_mismatches.inputs.japan_grid import GridPack
from three_mismatches.line_classes import line_class
from three_mismatches.match import capacity_at_buses, demand_shares, generators_to_buses, load_buses
from three_mismatches.network import crossing_lines
from three_mismatches.refine import at_line_resolution


def buses_of(**rows: tuple[float, float, str, str | None]) -> gpd.GeoDataFrame:
    """Return buses from name=(longitude on the equator, kV, area, substation)."""
    return table(
        "buses",
        {
            name: {"v_nom": kv, "area": area, "substation": substation, "geometry": Point(lon, 0.0)}
            for name, (lon, kv, area, substation) in rows.items()
        },
    )


def units_of(**rows: dict[str, object]) -> gpd.GeoDataFrame:
    """Return generators of area a at longitude 0 unless said otherwise."""
    return table(
        "generators", {name: {"area": "a", "geometry": Point(0, 0)} | row for name, row in rows.items()}
    )


def people_of(*rows: tuple[float | None, str, float]) -> gpd.GeoDataFrame:
    """Return people from (longitude on the equator, area, population)."""
    index = [f"p{i}" for i in range(len(rows))]
    places = [None if lon is None else Point(lon, 0.0) for lon, _, _ in rows]
    columns = {"area": [area for _, area, _ in rows], "population": [count for _, _, count in rows]}
    return gpd.GeoDataFrame(
        columns, geometry=gpd.GeoSeries(places, index=index, crs="EPSG:4326"), index=index
    )


def test_what_branches_at_a_bus_carry_is_summed_over_those_in_service():
    rows = {
        "1": {"bus0": "a", "bus1": "b", "s_nom": 10.0},
        "2": {"bus0": "b", "bus1": "a", "s_nom": 20.0},
        "3": {"bus0": "b", "bus1": "c", "s_nom": np.nan},
        "4": {"bus0": "c", "bus1": "a", "s_nom": 40.0, "in_service": False},
    }
    assert dict(capacity_at_buses(table("lines", rows))) == {"a": 30.0, "b": 30.0, "c": 0.0}


def test_demand_is_drawn_at_the_highest_level_up_to_300_kv_of_each_substation():
    """s: 275 of 500, 275, 154. t: its lowest, 500. Junctions draw nothing, but for an area that has nothing else."""
    buses = buses_of(
        s1=(0, 500, "a", "s"), s2=(0, 275, "a", "s"), s3=(0, 154, "a", "s"), t1=(1, 765, "a", "t"),
        t2=(1, 500, "a", "t"), u=(2, 66, "a", "u"), j=(3, 275, "a", None), k=(4, 275, "b", None), e=(5, 66, "b", ""),
    )  # fmt: skip
    assert list(load_buses(buses).index) == ["s2", "t2", "u", "k", "e"]
    assert set(load_buses(buses[::-1]).index) == {"s2", "t2", "u", "k", "e"}


def test_a_substation_of_two_zones_draws_in_both():
    buses = buses_of(e=(0, 275, "a", "s"), w=(0, 154, "a", "s"), n=(0, 500, "a", "s"))
    buses["zone"] = ["east", "west", None]
    assert set(load_buses(buses).index) == {"e", "w", "n"}


def test_of_two_sections_of_one_level_the_first_id_draws():
    buses = buses_of(s2=(0, 154, "a", "s"), s1=(0, 154, "a", "s"))
    assert list(load_buses(buses).index) == ["s1"]
    assert list(load_buses(buses[::-1]).index) == ["s1"]


def test_people_are_divided_by_distance_and_five_km():
    """1,000 at the first bus: in the ratio of 1/5 to 1/(d + 5); 0.1 degrees are 11.13 km."""
    buses = buses_of(near=(0, 66, "a", "n"), far=(0.1, 66, "a", "f"))
    share = demand_shares(people_of((0.0, "a", 1000.0)), buses)
    km = float(distance_km(0.0, 0.0, 0.1, 0.0))
    assert km == pytest.approx(11.132, abs=1e-3)
    assert share["near"] / share["far"] == pytest.approx((km + 5.0) / 5.0)
    assert share.sum() == pytest.approx(1.0)


def test_a_station_with_more_capacity_takes_more():
    """Midway, so by capacity alone: 1 to 3; one without any takes nothing, one without a limit everything."""
    buses = buses_of(w=(0, 66, "a", "w"), e=(0.2, 66, "a", "e"))
    people = people_of((0.1, "a", 10.0))
    for capacity, expected in (
        ([100.0, 300.0], [0.25, 0.75]), ([0.0, 300.0], [0.0, 1.0]), ([0.0, 0.0], [0.5, 0.5]),
        ([np.nan, 300.0], [0.0, 1.0]), ([100.0, np.inf], [0.0, 1.0]), ([np.inf, np.inf], [0.5, 0.5]),
    ):  # fmt: skip
        share = demand_shares(people, buses, capacity_mw=pd.Series(capacity, index=["w", "e"]))
        np.testing.assert_allclose(share, expected, atol=1e-6)


def test_people_are_served_in_their_own_area_alone_and_by_eight_buses():
    many = {f"n{i}": (0.01 * i, 66.0, "a", f"n{i}") for i in range(9)}
    buses = buses_of(other=(0, 66, "b", "o"), also=(5, 66, "b", "p"), **many)
    share = demand_shares(people_of((0.0, "a", 7.0), (0.0, "elsewhere", 9.0)), buses)
    np.testing.assert_allclose(share.groupby(buses["area"]).sum(), 1.0)
    assert share["n8"] == 0.0
    assert share["n7"] > 0.0
    # Nobody is listed in b: halves.
    assert (share["other"], share["also"]) == (0.5, 0.5)


def test_shares_do_not_depend_on_the_order_of_rows():
    buses = buses_of(**{f"n{i}": (0.01 * (i % 4), 66.0, "a", f"n{i}") for i in range(12)})
    people = people_of((0.0, "a", 7.0), (0.03, "a", 9.0))
    share = demand_shares(people, buses)
    mixed = demand_shares(people[::-1], buses.sample(frac=1.0, random_state=1))
    pd.testing.assert_series_equal(mixed.loc[share.index], share)


def test_every_fault_of_people_and_buses_is_named():
    buses = buses_of(x=(0, 66, None, "x"))
    with pytest.raises(MatchError) as caught:
        demand_shares(people_of((0.0, "a", -1.0), (0.0, "a", np.nan), (None, "a", 1.0)), buses)
    faults = {(fault.table, fault.column): fault.rows for fault in caught.value.faults}
    assert faults == {
        ("buses", "area"): ("x",),
        ("people", "population"): ("p0", "p1"),
        ("people", "geometry"): ("p2",),
    }


LEVELS = {"low": (0.0, 66.0, "a", "l"), "mid": (0.1, 275.0, "a", "m"), "high": (0.2, 500.0, "a", "h")}


def test_a_unit_takes_the_nearest_bus_whose_voltage_carries_it():
    """One that no class carries takes the highest voltage of its area."""
    low, mid, high = (line_class("line", kv).s_nom for kv in (66.0, 275.0, 500.0))
    units = units_of(
        small={"p_nom": low}, middle={"p_nom": low + 1.0}, large={"p_nom": mid + 1.0},
        huge={"p_nom": high + 1.0}, unknown={"p_nom": np.nan},
    )  # fmt: skip
    found = generators_to_buses(units, buses_of(**LEVELS))
    assert list(found["bus"]) == ["low", "mid", "high", "high", "low"]
    assert found["fits"].all()
    assert found["bus_km"]["middle"] == pytest.approx(11.132, abs=1e-3)


def test_room_that_is_used_up_sends_the_next_unit_to_the_next_bus():
    """Half of 200 and of 300 MW: the largest first takes 90 of 100, the second goes on, the third fits beside."""
    buses = buses_of(near=(0.06, 275, "a", "n"), next=(0.1, 275, "a", "x"))
    units = units_of(a1={"p_nom": 80.0}, a2={"p_nom": 90.0}, a3={"p_nom": 10.0})
    capacity = pd.Series({"near": 200.0, "next": 300.0})
    found = generators_to_buses(units, buses, capacity_mw=capacity)
    assert dict(found["bus"]) == {"a2": "near", "a1": "next", "a3": "near"}
    assert set(generators_to_buses(units, buses)["bus"]) == {"near"}


def test_the_bus_in_a_plants_own_yard_may_be_filled():
    """205 MW at 1.1 km take 90, 80 and 30; the last, of 10, goes on."""
    buses = buses_of(yard=(0.01, 275, "a", "n"), next=(0.1, 275, "a", "x"))
    units = units_of(a1={"p_nom": 80.0}, a2={"p_nom": 90.0}, a3={"p_nom": 10.0}, a4={"p_nom": 30.0})
    found = generators_to_buses(units, buses, capacity_mw=pd.Series({"yard": 205.0, "next": 300.0}))
    assert dict(found["bus"]) == {"a2": "yard", "a1": "yard", "a4": "yard", "a3": "next"}


def test_a_yard_above_300_kv_without_a_lower_level_takes_its_own_units_only():
    """The 500 kV yard of C switches, 6.7 km away; M, with 275 kV too, is 11 km away. At 3.3 km C is the unit's own."""
    stations = {"m": (0.1, 500, "a", "M"), "lower": (0.1, 275, "a", "M")}
    unit = units_of(u={"p_nom": 2000.0})
    assert generators_to_buses(unit, buses_of(c=(0.06, 500, "a", "C"), **stations))["bus"]["u"] == "m"
    assert generators_to_buses(unit, buses_of(c=(0.03, 500, "a", "C"), **stations))["bus"]["u"] == "c"
    assert generators_to_buses(unit, buses_of(c=(0.06, 500, "a", "C")))["bus"]["u"] == "c"


def test_without_room_within_50_km_it_is_the_nearest_that_fits_and_said():
    """The bus with room is 111 km away; one that fits stands 11 km away."""
    buses = buses_of(near=(0.1, 275, "a", "n"), far=(1.0, 275, "a", "f"))
    capacity = pd.Series({"near": 20.0, "far": 2000.0})
    found = generators_to_buses(units_of(u={"p_nom": 100.0}, v={"p_nom": 5.0}), buses, capacity_mw=capacity)
    assert list(found["bus"]) == ["near", "near"]
    # u has left no room at all, so v has none either.
    assert list(found["fits"]) == [False, False]
    assert not generators_to_buses(units_of(u={"p_nom": 1.0}), buses_of(far=(1.0, 275, "a", "f")))["fits"][
        "u"
    ]


def test_a_unit_is_connected_in_the_area_that_it_feeds():
    buses = buses_of(here=(0, 275, "a", "h"), there=(0.3, 275, "b", "t"))
    found = generators_to_buses(units_of(u={"p_nom": 9.0, "feeds_area": "b"}, v={"p_nom": 9.0}), buses)
    assert list(found["bus"]) == ["there", "here"]


def test_a_given_bus_is_kept_and_nowhere_is_nan():
    buses = buses_of(**LEVELS)
    units = units_of(
        given={"p_nom": 9.0, "bus": "high"}, lost={"p_nom": 9.0, "geometry": None},
        strange={"p_nom": 9.0, "area": "c"}, homeless={"p_nom": 9.0, "area": None},
    )  # fmt: skip
    found = generators_to_buses(units, buses)
    assert found["bus"]["given"] == "high"
    assert found["bus"].drop("given").isna().all()
    assert found["bus_km"].isna().all()


def test_a_bus_of_unknown_voltage_is_taken_only_where_none_is_known():
    buses = buses_of(unknown=(0, np.nan, "a", "u"), known=(0.1, 66, "a", "k"), alone=(0.2, np.nan, "b", "b"))
    units = units_of(u={"p_nom": 1.0}, v={"p_nom": 1.0, "area": "b"})
    assert list(generators_to_buses(units, buses)["bus"]) == ["known", "alone"]


def test_connections_do_not_depend_on_the_order_of_rows():
    draw = np.random.default_rng(5)
    buses = buses_of(**{f"n{i}": (0.02 * i, (66.0, 154.0, 275.0)[i % 3], "a", f"n{i}") for i in range(9)})
    units = units_of(
        **{
            f"u{i}": {"p_nom": float(draw.choice([20.0, 40.0, 300.0])), "geometry": Point(0.01 * i, 0)}
            for i in range(20)
        }
    )
    capacity = pd.Series(200.0, index=buses.index)
    found = generators_to_buses(units, buses, capacity_mw=capacity)
    mixed = generators_to_buses(
        units.sample(frac=1.0, random_state=2), buses[::-1], capacity_mw=capacity[::-1]
    )
    pd.testing.assert_frame_equal(mixed.loc[found.index], found)


PROVENANCE = {"source": "a map", "source_date": "2026-04", "licence": "ODbL 1.0", "confidence": "medium"}


def pack_of() -> GridPack:
    """
    Return a map of two areas: a1 (500 kV) and a2 (275 kV, the same station) in a, b1 (500 kV) in b.

    Two circuits join b1 to a1, drawn from b to a; a line from a1 to b1 is out of service. The link dc ends at a2; its
    other end is not on the map.
    """
    buses = buses_of(
        a1=(0.5, 500, "a", "station a"), a2=(0.5, 275, "a", "station a"), b1=(1.5, 500, "b", "station b")
    ).assign(**PROVENANCE)
    branches = gpd.GeoDataFrame(
        {
            "bus0": ["b1", "a1"], "bus1": ["a1", "b1"], "kind": "line", "v_nom": 500.0, "length": [120.0, 130.0],
            "circuits": [2.0, np.nan], "name": ["main", "old"], "in_service": [True, False], "tie": ["a-b trunk", ""],
            **PROVENANCE,
        },
        geometry=[LineString([(1.5, 0), (0.5, 0)])] * 2, index=pd.Index(["main", "old"], name="branch"),
        crs="EPSG:4326",
    )  # fmt: skip
    return GridPack(
        buses=buses,
        branches=branches,
        transformers=pd.DataFrame({"bus0": ["a1"], "bus1": ["a2"]}),
        link_ends=pd.DataFrame({"bus0": ["a2"], "bus1": [None]}, index=pd.Index(["dc"], name="link")),
        interface_members=pd.DataFrame({"interface": ["ab"], "branch": ["main"], "sign": [-1.0]}),
        loads=table("loads", {"a2": {"bus": "a2", "p_set": 5.0}}).assign(**PROVENANCE),
        certificate=table("certificate", {"0": {"action": "keep", "reason": "as drawn", "element": "main"}}),
    )


@pytest.fixture(scope="module")
def refined():
    """Return a study of two areas on a tie and a link, and the same on the map of `pack_of`."""
    tables = tables_of(
        {
            "areas": {
                "a": {"peak_mw": 90.0, "firm_mw": 100.0, "geometry": box(0, -1, 1, 1)},
                "b": {"peak_mw": 50.0, "firm_mw": 70.0, "geometry": box(1, -1, 2, 1)},
            },
            "links": {
                "tie": {"bus0": "a", "bus1": "b", "carrier": "tie"},
                "dc": {"bus0": "a", "bus1": "b", "carrier": "HVDC", "p_nom": 30.0},
                "fc": {"bus0": "b", "bus1": "a", "carrier": "FC", "p_nom": 10.0},
            },
            "interfaces": {"ab": {"limit_forward": 40.0}, "all dc": {"limit_forward": 35.0}},
            "interface_members": {
                "ab:tie": {"interface": "ab", "element": "tie", "sign": 1.0, **PROVENANCE},
                "dc": {"interface": "all dc", "element": "dc", "sign": 1.0},
            },
            "generators": {"u": {"p_nom": 9.0, "area": "b", "geometry": Point(1.4, 0)}},
        }
    )
    return tables, at_line_resolution(tables, pack_of())


def test_links_end_at_buses_and_branches_replace_ties(refined):
    links = refined[1].grid.links
    assert list(links.index) == ["dc", "fc"]
    assert tuple(links.loc["dc", ["bus0", "bus1"]]) == ("a2", "b")
    assert tuple(links.loc["fc", ["bus0", "bus1"]]) == ("b", "a")


def test_every_circuit_is_a_row_with_the_maps_licence_and_its_class(refined):
    lines = refined[1].grid.lines
    assert {"main #1", "main #2"} <= set(lines.index)
    assert lines["in_service"]["main #1"]
    assert not lines.loc[lines["corridor"] == "old", "in_service"].any()
    assert set(lines["licence"]) == {"ODbL 1.0"}
    assert set(lines["confidence"]) == {"low"}
    assert lines["source"]["main #1"].startswith("a map; ")
    banks = lines[lines["kind"] == "transformer"]
    assert len(banks) > 0
    assert set(zip(banks["bus0"], banks["bus1"], strict=True)) == {("a1", "a2")}
    crossing = crossing_lines(refined[1].grid)
    assert dict(crossing["tie"]) == {"main #1": "a-b trunk", "main #2": "a-b trunk"}


def test_an_interface_has_each_circuit_of_its_lines_with_the_maps_sign(refined):
    """The line is drawn from b to a, the interface runs from a to b."""
    members = refined[1].grid.interface_members
    of_lines = members[members["interface"] == "ab"]
    assert dict(zip(of_lines["element"], of_lines["sign"], strict=True)) == {"main #1": -1.0, "main #2": -1.0}
    assert set(of_lines["source"]) == {"a map"}
    assert list(members[members["interface"] == "all dc"]["element"]) == ["dc"]


def test_plants_get_buses_and_what_was_imputed_is_in_the_certificate(refined):
    before, after = (tables.grid for tables in refined)
    assert after.generators["bus"]["u"] == "b1"
    assert after.generators["bus_km"]["u"] == pytest.approx(11.132, abs=1e-3)
    imputed = after.certificate[after.certificate["action"] == "impute"]
    assert {"main", "old"} <= set(imputed["element"])
    circuits = imputed[imputed["reason"].str.startswith("circuits")]
    assert "main" not in set(circuits["element"])
    assert (after.certificate["action"] == "keep").sum() == 1
    pd.testing.assert_frame_equal(after.areas, before.areas)
    pd.testing.assert_frame_equal(after.interfaces, before.interfaces)
    assert before.buses.empty
    assert before.links["bus0"]["dc"] == "a"
