"""Spare power: of areas, of carriers, of plants and of buses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

import three_mismatches as tm
from power_and_fibre import in_year, layers, study
from three_mismatches.errors import NetworkError


def changed(table: str, **rows: dict[str, object]) -> dict[str, object]:
    """Return the layers with more columns in some rows of one table."""
    whole = layers()
    return {**whole, table: {name: {**row, **rows.get(name, {})} for name, row in whole[table].items()}}


def with_buses() -> dict[str, object]:
    """Return the layers with three buses: b's 50 MW to spare stand where its supply is not used."""
    buses = {"a1": (0.5, "a"), "b1": (1.5, "b"), "b2": (1.8, "b"), "c1": (5.5, "c")}
    return layers() | {
        "buses": {n: {"v_nom": 275.0, "area": area, "geometry": Point(lon, 0)} for n, (lon, area) in buses.items()},
        "generators": {
            "g1": {"p_nom": 90.0, "p_set": 60.0, "bus": "b1", "area": "b"},
            "g2": {"p_nom": 60.0, "p_set": 40.0, "bus": "b2", "area": "b"},
        },
        "capacity": {},
        "links": {},
    }  # fmt: skip


def test_spare_is_supply_less_peak_less_what_is_owed_to_neighbours():
    found = tm.mismatch.spare_power(study(), by="area")
    assert found["spare_mw"].tolist() == [20.0, 50.0, 2.0]
    assert found["committed_export_mw"].tolist() == [5.0, 0.0, 0.0]


def test_an_exporter_has_the_same_to_spare_however_its_published_supply_is_read():
    read = [study(import_share_in_supply=share) for share in (0.0, 0.5, 1.0)]
    assert [tm.mismatch.spare_power(each, by="area")["spare_mw"]["a"] for each in read] == [20.0] * 3


def test_exports_that_are_not_owed_are_spare():
    found = tm.mismatch.spare_power(study(committed_export_share=0.0), by="area")
    assert found["spare_mw"].tolist() == [25.0, 50.0, 2.0]


def test_a_plant_has_its_share_of_firm_output_in_the_area_that_it_feeds():
    found = tm.mismatch.spare_power(study())
    assert found["spare_mw"].to_dict() == pytest.approx(
        {
            "gas-a": 12.0,
            "gas-hill": 4.0,
            "unlisted a solar": 4.0,
            "hydro-b": 12.5,
            "gas-ab": 37.5,
            "unlisted c": 2.0,
        }
    )
    assert found.loc["gas-ab", "area"] == "b"
    assert found["placed"].eq("").sum() == 2


def test_a_plant_that_has_closed_has_nothing_to_spare():
    found = tm.mismatch.spare_power(study(changed("generators", **{"gas-hill": {"p_unit": 0.0}})))
    assert found["spare_mw"][["gas-a", "gas-hill", "unlisted a solar"]].tolist() == pytest.approx(
        [15.0, 0.0, 5.0]
    )


def test_plants_share_by_rated_output_where_none_is_firm():
    off = changed("generators", **{"hydro-b": {"firm_factor": 0.0}, "gas-ab": {"firm_factor": 0.0}})
    found = tm.mismatch.spare_power(study(off))["spare_mw"]
    assert found[["hydro-b", "gas-ab"]].tolist() == pytest.approx([20.0, 30.0])


def test_wind_at_sea_stands_where_land_is_nearest():
    at_sea = {"carrier": "wind", "geometry": Point(0.25, 1.5)}
    row = tm.mismatch.spare_power(study(changed("generators", **{"gas-hill": at_sea}))).loc["gas-hill"]
    assert (row["placed"], row.geometry.x, row.geometry.y) == ("landing", 0.25, 1.0)


def test_an_area_without_enough_supply_has_nothing_to_spare():
    found = tm.mismatch.spare_power(study(changed("areas", b={"firm_mw": 90.0})))
    assert found["spare_mw"][found["area"] == "b"].tolist() == [0.0, 0.0]


@given(st.lists(st.floats(0.0, 1e3), min_size=4, max_size=4))
def test_what_plants_have_to_spare_adds_up_to_that_of_their_area(p_nom):
    rows = layers()["generators"]
    rows = {name: {**row, "p_nom": mw} for (name, row), mw in zip(rows.items(), p_nom, strict=True)}
    units = tm.mismatch.spare_units(in_year(generators=rows)[0])
    assert units.groupby("area")["spare_mw"].sum().to_dict() == pytest.approx(
        {"a": 20.0, "b": 50.0, "c": 2.0}
    )
    assert (units["spare_mw"] >= 0.0).all()


def test_carriers_add_up_their_plants():
    found = tm.mismatch.spare_power(study(), by="carrier")["spare_mw"]
    assert found["a"].to_dict() == pytest.approx({"gas": 16.0, "solar": 4.0})
    assert found["b"].to_dict() == pytest.approx({"gas": 37.5, "hydro": 12.5})


def test_spare_power_of_a_bus_is_what_its_dispatch_leaves():
    found = tm.mismatch.spare_power(study(with_buses()), by="bus")
    assert found["spare_mw"].to_dict() == pytest.approx({"a1": 20.0, "b1": 30.0, "b2": 20.0, "c1": 2.0})


def test_without_a_dispatch_buses_share_by_firm_output():
    rows = with_buses()
    rows["generators"] = {name: {**row, "p_set": 0.0} for name, row in rows["generators"].items()}
    assert tm.mismatch.spare_power(study(rows), by="bus")["spare_mw"]["b1"] == pytest.approx(30.0)


def test_where_there_are_no_buses_none_has_spare_power():
    with pytest.raises(NetworkError, match='resolution="line"'):
        tm.mismatch.spare_power(study(), by="bus")
    with pytest.raises(ValueError, match="'carrier'"):
        tm.mismatch.spare_power(study(), by="site")


def test_japan_has_as_much_to_spare_in_every_way(japan_study, japan):
    whole = japan.areas["spare_mw"]
    parts = tm.mismatch.spare_power(japan_study, by="carrier").groupby("area")["spare_mw"].sum()
    assert parts.to_dict() == pytest.approx(whole.to_dict())
