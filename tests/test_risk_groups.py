"""Shared-risk groups from hazard zones and landing places."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from fibres import fibre_of, in_one_place
from three_mismatches import latency
from three_mismatches.errors import CRSError, LayerError


def two_ways():
    """Return a(0) to b(4) on the equator straight, and bent by 2 N."""
    routes = {"straight": ("a", "b", 450.0, "schematic"), "bent": ("a", "b", 900.0, "surveyed")}
    lines = {"bent": LineString([(0, 0), (2, 2), (4, 0)])}
    return fibre_of({"a": (0, 0), "b": (4, 0)}, routes, lines=lines, srlg={"bent": "own"})


def hazards(**shapes):
    return gpd.GeoDataFrame(index=list(shapes), geometry=list(shapes.values()), crs="EPSG:4326")


def test_routes_through_one_zone_fail_together():
    apart = hazards(north=box(1.8, 1.5, 2.2, 2.5), south=box(1.9, -0.5, 2.1, 0.5))
    found = latency.with_risk_groups(two_ways(), hazards=apart)
    assert found.fibre_routes["srlg"].to_dict() == {"straight": "hazard:south", "bent": "hazard:north;own"}
    both = latency.with_risk_groups(two_ways(), hazards=hazards(quake=box(1.9, -1, 2.1, 3)))
    assert latency.disjoint_pairs(found, ["a"], ["b"], by="group").iloc[0]["reason"] == ""
    row = latency.disjoint_pairs(both, ["a"], ["b"], by="group").iloc[0]
    assert row["reason"] == "every path takes group 'hazard:quake'"
    assert latency.n1_rtt(both, ["a"], ["b"]).iloc[0]["n1_loss"] == "hazard:quake"


def test_cables_that_land_at_one_place_fail_together():
    fibre = in_one_place({"x": ("a", "b", 1.0), "y": ("a", "c", 1.0), "z": ("a", "b", 2.0)})
    fibre.fibre_routes["medium"] = ["submarine", "submarine", "terrestrial"]
    found = latency.with_risk_groups(fibre, landings=True).fibre_routes["srlg"]
    assert found.fillna("").tolist() == ["landing:a;landing:b", "landing:a;landing:c", ""]
    assert fibre.fibre_routes["srlg"].isna().all()


def test_a_chord_across_the_antimeridian_meets_what_lies_on_it_and_nothing_on_the_other_side():
    fibre = fibre_of({"w": (179, 0), "e": (-179, 0)}, {"we": ("w", "e", np.nan, "schematic")})
    zones = hazards(on=box(179.5, -1, 180, 1), greenwich=box(-1, -1, 1, 1))
    assert latency.with_risk_groups(fibre, hazards=zones).fibre_routes["srlg"].tolist() == ["hazard:on"]
    drawn = {"we": LineString([(179, 0), (-179, 0)])}
    same = fibre_of({"w": (179, 0), "e": (-179, 0)}, {"we": ("w", "e", np.nan, "surveyed")}, lines=drawn)
    assert latency.with_risk_groups(same, hazards=zones).fibre_routes["srlg"].tolist() == ["hazard:on"]


def test_zones_must_be_polygons_in_degrees():
    with pytest.raises(LayerError, match="'p'"):
        latency.with_risk_groups(two_ways(), hazards=hazards(p=Point(0, 0)))
    with pytest.raises(CRSError, match="EPSG:4326"):
        latency.with_risk_groups(two_ways(), hazards=hazards(p=box(0, 0, 1, 1)).to_crs(3857))
    with pytest.raises(LayerError):
        latency.with_risk_groups(two_ways(), hazards=hazards(p=shapely.Polygon()).assign(geometry=None))


def test_zones_may_be_drawn_beyond_180_and_named_with_a_semicolon():
    fibre = fibre_of({"w": (-179, 0), "e": (-178, 0)}, {"we": ("w", "e", np.nan, "schematic")})
    zones = hazards(**{"a;b": box(175, -5, 185, 5)})
    assert latency.with_risk_groups(fibre, hazards=zones).fibre_routes["srlg"].tolist() == ["hazard:a,b"]
