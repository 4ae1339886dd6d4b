"""Isochrones: discs by hand, and random points on random fibres held against `rtt`."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString

from fibres import BARE, MS_PER_KM, fibre_of, points_of, random_fibre
from three_mismatches import geodesy
from three_mismatches.errors import LayerError
from three_mismatches.latency import isochrones, rtt

OVERLAP_KM = 0.02
"""By how far a cell reaches beyond its side, as the docstring says, so that no gap is left between cells."""


def two_nodes(**more):
    """Return a at 0 E and b at 2 E on the equator, joined by a sketched route of 400 km."""
    return fibre_of({"a": (0, 0), "b": (2, 0)}, {"ab": ("a", "b", 400.0, "schematic")}, **more)


def distance_of_corners(shape, lon, lat):
    return geodesy.distance_km(lon, lat, *shapely.get_coordinates(shape).T)


def test_what_is_near_the_hub_is_a_geodesic_disc():
    found = isochrones(two_nodes(), ["a"], ms=[100 * MS_PER_KM], **BARE)
    assert distance_of_corners(found.geometry[0], 0, 0).max() == pytest.approx(100.0, abs=1e-3)
    assert found.at[0, "km2"] == pytest.approx(np.pi * 100.0**2, rel=2e-4)


def test_a_far_node_has_a_disc_of_what_the_route_leaves():
    east = isochrones(two_nodes(), ["a"], ms=[430 * MS_PER_KM], **BARE).geometry[0]
    # 30 km around b; around a 430 km, but only as far as b is not nearer: 1 degree east.
    assert shapely.get_num_geometries(east) == 2
    assert east.contains_properly(shapely.Point(2.2, 0))
    assert not east.intersects(shapely.Point(2.3, 0))
    assert not east.intersects(shapely.Point(1.1, 0))
    assert east.contains(shapely.Point(0.95, 0))


def test_the_way_to_the_fibre_takes_the_route_factor_and_the_node_its_equipment():
    found = isochrones(two_nodes(), ["a"], ms=[1.0], route_factor=2.0, equipment=0.4)
    reach = distance_of_corners(found.geometry[0], 0, 0).max()
    assert reach == pytest.approx((1.0 - 0.4) / (2.0 * MS_PER_KM), abs=1e-3)


def test_nothing_is_in_time_where_equipment_takes_longer():
    found = isochrones(two_nodes(), ["a"], ms=[0.0, 0.1], equipment=0.5)
    assert found.geometry.is_empty.all()
    assert found["km2"].tolist() == [0.0, 0.0]


def test_a_surveyed_route_is_joined_along_it():
    line = LineString([(0, 0), (2, 0)])
    fibre = fibre_of({"a": (0, 0), "b": (2, 0)}, {"ab": ("a", "b", np.nan, "surveyed")}, lines={"ab": line})
    shape = isochrones(fibre, ["a"], ms=[150 * MS_PER_KM], step_km=5.0, **BARE).geometry[0]
    lean = shapely.bounds(shape)
    assert lean[2] == pytest.approx(150 / 111.3195, abs=0.01)
    # Beside 1 E, 111 km along, 38 km are left to the north.
    assert shape.contains(shapely.Point(1.0, 0.33))
    assert not shape.contains(shapely.Point(1.0, 0.38))


def test_only_hubs_of_the_kind_count():
    hubs = points_of({"x": (0, 0), "y": (2, 0)}, kind=["ix", "cloud"])
    found = isochrones(two_nodes(), hubs, ms=[1.0], kind="cloud", **BARE).geometry[0]
    assert found.contains(shapely.Point(2.5, 0))
    assert not found.intersects(shapely.Point(0, 0))
    with pytest.raises(LayerError, match=r"none is 'sea'.*cloud, ix"):
        isochrones(two_nodes(), hubs, kind="sea")


def test_an_isochrone_is_split_at_the_antimeridian_and_holds_its_pole():
    across = fibre_of({"a": (179.5, 0), "b": (-179, 0)}, {"ab": ("a", "b", 200.0, "schematic")})
    shape = isochrones(across, ["a"], ms=[500 * MS_PER_KM], **BARE).geometry[0]
    assert shape.bounds[0] == -180.0
    assert shape.bounds[2] == 180.0
    assert shape.contains(shapely.Point(-179.5, 0.5))
    assert not shape.intersects(shapely.Point(0, 0))
    north = fibre_of({"a": (20, 85), "b": (40, 84)}, {"ab": ("a", "b", 500.0, "schematic")})
    shape = isochrones(north, ["a"], ms=[700 * MS_PER_KM], **BARE).geometry[0]
    assert shape.intersects(shapely.box(-180, 89.9, 180, 90))
    assert shape.contains(shapely.Point(-160, 89.5))


@pytest.mark.parametrize("ms", [[], [-1.0], [np.nan], [np.inf]])
def test_round_trips_that_are_none_raise(ms):
    with pytest.raises(ValueError, match="ms must hold round trips"):
        isochrones(two_nodes(), ["a"], ms=ms)


def test_a_reach_round_the_earth_raises():
    with pytest.raises(ValueError, match=r"beyond 9,000 km no ground can be drawn"):
        isochrones(two_nodes(), ["a"], ms=[100.0], **BARE)


def between_two(fibre, lonlat):
    """Return which points are as near to two nodes as the overlap of cells can tell."""
    nodes = fibre.fibre_nodes.geometry
    km = geodesy.distance_km(lonlat[:, :1], lonlat[:, 1:], nodes.x.to_numpy(), nodes.y.to_numpy())
    return np.diff(np.partition(km, 1, axis=1)[:, :2], axis=1)[:, 0] < 2 * OVERLAP_KM


def disagreements(fibre, seed, *, points, **options):
    """Return by how much round trips of points on the wrong side of a border miss it. [ms]"""
    rng = np.random.default_rng(seed)
    lonlat = rng.uniform([131, 29], [145, 42], (points, 2))
    lonlat = lonlat[~between_two(fibre, lonlat)]
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*lonlat.T), crs=4326)
    hubs = list(fibre.fibre_nodes.index[:2])
    found = isochrones(fibre, hubs, ms=(9.0, 3.0, 6.0), **options)
    least = rtt(fibre, places, hubs).min(axis=1).to_numpy()
    missed = [np.zeros(0)]
    for budget, shape in zip(found["rtt_ms"], found.geometry, strict=True):
        wrong = shapely.contains_xy(shape, *lonlat.T) != (least <= budget)
        missed.append(np.abs(least[wrong] - budget))
    return found, np.concatenate(missed)


def sketched(seed, nodes):
    fibre = random_fibre(seed, nodes=nodes)
    return type(fibre)(fibre.fibre_nodes, fibre.fibre_routes.assign(geometry_kind="schematic"))


@pytest.mark.parametrize("seed", [1, 2])
def test_points_inside_are_in_time_and_points_outside_are_not(seed):
    found, missed = disagreements(sketched(seed, 6), seed, points=2000)
    assert missed.size <= 2
    assert missed.max(initial=0.0) < 0.002
    assert found["rtt_ms"].tolist() == [3.0, 6.0, 9.0]
    assert found["km2"].is_monotonic_increasing
    nested = [found.geometry[at].difference(found.geometry[at + 1]).area for at in (0, 1)]
    assert max(nested) < 1e-9


@pytest.mark.slow
@given(st.integers(0, 2**32 - 1), st.integers(3, 60))
def test_sketched_fibres_agree_with_rtt(seed, nodes):
    _, missed = disagreements(sketched(seed, nodes), seed, points=5000)
    assert missed.max(initial=0.0) < 0.003, np.sort(missed)[-5:]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_surveyed_fibres_agree_with_rtt_the_better_the_shorter_the_step(seed):
    fibre = random_fibre(seed, nodes=3, extra=1)
    _, coarse = disagreements(fibre, seed, points=3000, step_km=60.0)
    _, fine = disagreements(fibre, seed, points=3000, step_km=6.0)
    # Round trips jump where the nearest of two routes changes: what counts is how many points are astray.
    assert fine.size <= min(15, max(coarse.size / 3, 3)), coarse.size
