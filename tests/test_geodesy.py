from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from three_mismatches.geodesy import (
    distance_km,
    length_km,
    line_between,
    nearest_on_lines,
    nearest_point,
    wrap_longitude,
)

WGS84 = Geodesic.WGS84
MILLIMETRE = 1e-6
MICROMETRE = 1e-9

lonlats = st.tuples(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0))
seeds = st.integers(0, 2**32 - 1)


def oracle_km(lon0, lat0, lon1, lat1):
    return WGS84.Inverse(lat0, lon0, lat1, lon1)["s12"] / 1000.0


def oracle_edge_foot(lon, lat, vertex0, vertex1):
    """Return (km, along_km, edge_km) of the nearest place on one geodesic edge, by sampling, then search."""
    edge = WGS84.InverseLine(vertex0[1], vertex0[0], vertex1[1], vertex1[0])

    def metres(at):
        place = edge.Position(at)
        return WGS84.Inverse(lat, lon, place["lat2"], place["lon2"])["s12"]

    at = np.linspace(0.0, edge.s13, 41)
    found = [metres(value) for value in at]
    best = int(np.argmin(found))
    bounds = (at[max(best - 1, 0)], at[min(best + 1, 40)])
    search = minimize_scalar(metres, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    km, along = min((found[best], at[best]), (search.fun, search.x))
    return km / 1000.0, along / 1000.0, edge.s13 / 1000.0


def oracle_foot(lon, lat, lines):
    """Return (km, line, along_km) of the nearest place on any line."""
    feet = []
    for position, line in enumerate(lines):
        vertices = shapely.get_coordinates(line)
        before = 0.0
        for vertex0, vertex1 in pairwise(vertices):
            km, along, edge_km = oracle_edge_foot(lon, lat, vertex0, vertex1)
            feet.append((km, position, before + along))
            before += edge_km
    return min(feet)


def scattered(rng, count, *, middle, spread):
    """Return coordinates around a middle; latitudes beyond a pole are clipped to it."""
    lon = middle[0] + rng.uniform(-spread[0], spread[0], count)
    lat = np.clip(middle[1] + rng.uniform(-spread[1], spread[1], count), -90.0, 90.0)
    return np.column_stack([lon, lat])


@pytest.mark.parametrize(
    ("start", "end", "metres"),
    [
        ((-73.8, 40.6), (-0.5, 51.6), 5551759.4003),
        ((174.81, -41.32), (-5.50, 40.96), 19959679.2674),
        ((0.0, 0.0), (0.0, 90.0), 10001965.7293),
        ((0.0, 0.0), (179.5, 0.5), 19936288.5790),
    ],
    ids=["JFK-LHR", "Wellington-Salamanca", "quarter meridian", "nearly antipodal"],
)
def test_distance_of_published_pairs(start, end, metres):
    assert distance_km(*start, *end) * 1000.0 == pytest.approx(metres, abs=1e-4)


@given(lonlats, lonlats)
def test_distance_equals_geographiclib(start, end):
    assert distance_km(*start, *end) * 1000.0 == pytest.approx(oracle_km(*start, *end) * 1000.0, abs=1e-4)


def test_distance_broadcasts_and_keeps_nan():
    km = distance_km(139.7, 35.7, [[135.5], [np.nan]], [[34.7], [34.7]])
    assert km.shape == (2, 1)
    assert km[0, 0] == pytest.approx(oracle_km(139.7, 35.7, 135.5, 34.7), abs=1e-7)
    assert np.isnan(km[1, 0])


def test_latitude_beyond_a_pole_raises():
    with pytest.raises(ValueError, match=r"latitudes in \[-90, 90\] degrees; 1 of 1"):
        distance_km(35.7, 139.7, 0.0, 0.0)
    with pytest.raises(ValueError, match="1 of 2 are not"):
        nearest_point([0.0, np.nan], [0.0, 0.0], [0.0], [0.0])


def test_longitudes_are_wrapped_only_when_outside():
    assert wrap_longitude([190.0, 360.0, -190.0, 180.0, -180.0]).tolist() == [
        -170.0,
        0.0,
        170.0,
        180.0,
        -180.0,
    ]


def test_length_sums_the_edges_and_skips_gaps():
    bent = shapely.LineString([(179.0, 10.0), (-179.0, 11.0), (-178.0, 11.0)])
    two_parts = shapely.MultiLineString([[(0.0, 0.0), (1.0, 0.0)], [(5.0, 0.0), (6.0, 0.0)]])
    expected = oracle_km(179.0, 10.0, -179.0, 11.0) + oracle_km(-179.0, 11.0, -178.0, 11.0)
    km = length_km([bent, None, two_parts, shapely.LineString()])
    assert km == pytest.approx([expected, 0.0, 2 * oracle_km(0.0, 0.0, 1.0, 0.0), 0.0], abs=1e-7)


@pytest.mark.parametrize("middle", [(180.0, 10.0), (0.0, 89.0), (140.0, 40.0), (20.0, -75.0)])
def test_nearest_point_equals_brute_force(middle):
    rng = np.random.default_rng(1)
    points = scattered(rng, 40, middle=middle, spread=(30.0, 8.0))
    targets = scattered(rng, 60, middle=middle, spread=(30.0, 8.0))
    expected = [[oracle_km(*point, *target) for target in targets] for point in points]
    target_idx, km = nearest_point(*points.T, *targets.T)
    assert target_idx.tolist() == np.argmin(expected, axis=1).tolist()
    assert km == pytest.approx(np.min(expected, axis=1), abs=1e-7)


def test_nearest_point_is_ellipsoidal_where_the_sphere_errs():
    # From (0, 0), 1 degree of latitude is 110.574 km and 0.997 degrees of longitude 110.985 km: a sphere
    # would take the second.
    target_idx, km = nearest_point([0.0], [0.0], [0.997, 0.0], [0.0, 1.0])
    assert target_idx.tolist() == [1]
    assert km == pytest.approx([oracle_km(0.0, 0.0, 0.0, 1.0)], abs=1e-7)


def test_nearest_point_takes_the_first_of_equals():
    target_idx, _ = nearest_point([0.0, 0.0], [0.0, 0.0], [5.0, 1.0, -1.0, 1.0, 361.0], [0.0] * 5)
    assert target_idx.tolist() == [1, 1]


@given(lonlats, st.lists(lonlats, min_size=1, max_size=20))
def test_no_target_is_nearer_than_the_nearest(point, targets):
    lon, lat = np.array(targets).T
    _, km = nearest_point([point[0]], [point[1]], lon, lat)
    assert km[0] <= min(oracle_km(*point, *target) for target in targets) + 1e-7


@given(seeds)
@settings(max_examples=25)
def test_permuting_targets_permutes_the_answer(seed):
    rng = np.random.default_rng(seed)
    points = scattered(rng, 20, middle=(0.0, 0.0), spread=(180.0, 90.0))
    targets = scattered(rng, 30, middle=(0.0, 0.0), spread=(180.0, 90.0))
    order = rng.permutation(len(targets))
    target_idx, km = nearest_point(*points.T, *targets.T)
    shuffled_idx, shuffled_km = nearest_point(*points.T, *targets[order].T)
    assert order[shuffled_idx].tolist() == target_idx.tolist()
    assert shuffled_km.tolist() == km.tolist()


@pytest.mark.parametrize(
    ("middle", "spread"),
    [
        ((180.0, 30.0), (6.0, 6.0)),
        ((0.0, 89.0), (180.0, 1.0)),
        ((0.0, -89.0), (180.0, 1.0)),
        ((140.0, 38.0), (20.0, 20.0)),
        ((0.0, 0.0), (180.0, 90.0)),
    ],
    ids=["antimeridian", "north pole", "south pole", "2000 km edges", "whole Earth"],
)
def test_foot_equals_dense_search(middle, spread):
    rng = np.random.default_rng(5)
    for _ in range(3):
        lines = [shapely.LineString(scattered(rng, 3, middle=middle, spread=spread)) for _ in range(3)]
        points = scattered(rng, 2, middle=middle, spread=spread)
        foot = nearest_on_lines(*points.T, lines)
        expected = [oracle_foot(*point, lines) for point in points]
        assert foot.km == pytest.approx([row[0] for row in expected], abs=MILLIMETRE)
        assert foot.line_idx.tolist() == [row[1] for row in expected]
        assert foot.along_km == pytest.approx([row[2] for row in expected], abs=1e-3)


def test_foot_seen_from_the_other_side_of_the_earth():
    # There a short line's nearest place is an end, and the place abreast of the point the farthest.
    line = shapely.LineString([(10.0, 10.0), (10.05, 10.04)])
    edge = WGS84.InverseLine(10.0, 10.0, 10.04, 10.05)
    abreast = [edge.Position(share * edge.s13) for share in np.linspace(0.1, 0.9, 20)]
    far = [WGS84.Direct(place["lat2"], place["lon2"], place["azi2"] + 90.0, 17.5e6) for place in abreast]
    points = np.array([(place["lon2"], place["lat2"]) for place in far])
    expected = [min(oracle_km(*point, *end) for end in line.coords) for point in points]
    assert nearest_on_lines(*points.T, [line]).km == pytest.approx(expected, abs=MILLIMETRE)


def test_foot_lies_where_it_says():
    line = shapely.LineString([(170.0, 50.0), (-170.0, 52.0), (-150.0, 40.0)])
    foot = nearest_on_lines([179.0, -160.0], [45.0, 55.0], [line])
    assert distance_km([179.0, -160.0], [45.0, 55.0], foot.lon, foot.lat) == pytest.approx(foot.km, abs=1e-7)
    first = WGS84.InverseLine(50.0, 170.0, 52.0, -170.0).Position(foot.along_km[0] * 1000.0)
    assert distance_km(foot.lon[0], foot.lat[0], first["lon2"], first["lat2"]) < MILLIMETRE


@given(seeds)
@settings(max_examples=25)
def test_no_sampled_place_is_nearer_than_the_foot(seed):
    rng = np.random.default_rng(seed)
    lines = [
        shapely.LineString(scattered(rng, 3, middle=(180.0, 0.0), spread=(15.0, 90.0))) for _ in range(3)
    ]
    point = scattered(rng, 1, middle=(180.0, 0.0), spread=(15.0, 90.0))[0]
    foot = nearest_on_lines(*point[:, None], lines)
    for line in lines:
        for (lon0, lat0), (lon1, lat1) in pairwise(line.coords):
            edge = WGS84.InverseLine(lat0, lon0, lat1, lon1)
            places = [edge.Position(share * edge.s13) for share in np.linspace(0.0, 1.0, 9)]
            sampled = min(oracle_km(*point, place["lon2"], place["lat2"]) for place in places)
            assert foot.km[0] <= sampled + MILLIMETRE


def test_permuting_lines_permutes_the_answer():
    rng = np.random.default_rng(9)
    lines = np.array(
        [shapely.LineString(scattered(rng, 4, middle=(135, 35), spread=(3, 3))) for _ in range(40)]
    )
    points = scattered(rng, 200, middle=(135.0, 35.0), spread=(6.0, 6.0))
    order = rng.permutation(len(lines))
    foot = nearest_on_lines(*points.T, lines)
    shuffled = nearest_on_lines(*points.T, lines[order])
    assert order[shuffled.line_idx].tolist() == foot.line_idx.tolist()
    assert shuffled.km == pytest.approx(foot.km, abs=MICROMETRE)
    assert shuffled.along_km == pytest.approx(foot.along_km, abs=MILLIMETRE)


@pytest.mark.parametrize(("turn_points", "turn_lines"), [(360.0, 0.0), (0.0, -360.0), (-360.0, 360.0)])
def test_a_full_turn_of_longitude_changes_nothing(turn_points, turn_lines):
    rng = np.random.default_rng(11)
    vertices = [scattered(rng, 3, middle=(175.0, 60.0), spread=(10.0, 5.0)) for _ in range(10)]
    lon, lat = scattered(rng, 50, middle=(175.0, 60.0), spread=(10.0, 10.0)).T
    foot = nearest_on_lines(lon, lat, [shapely.LineString(line) for line in vertices])
    turned_lines = [shapely.LineString(line + np.array([turn_lines, 0.0])) for line in vertices]
    turned = nearest_on_lines(lon + turn_points, lat, turned_lines)
    assert turned.line_idx.tolist() == foot.line_idx.tolist()
    assert turned.km == pytest.approx(foot.km, abs=MICROMETRE)


def test_one_street_among_sea_cables_is_found():
    cable = shapely.LineString([(140.0, 35.0), (-125.0, 45.0)])
    street = shapely.LineString([(139.7000, 35.7000), (139.7001, 35.7001)])
    foot = nearest_on_lines([139.7, 170.0], [35.701, 45.0], [cable, street])
    assert foot.line_idx.tolist() == [1, 0]


def test_equal_lines_give_the_first_even_when_drawn_backwards():
    line = shapely.LineString([(140.0, 35.0), (141.0, 35.5), (141.5, 36.5)])
    foot = nearest_on_lines([140.5, 141.5], [36.0, 35.0], [line.reverse(), line, line])
    assert foot.line_idx.tolist() == [0, 0]


def test_missing_lines_are_never_the_answer():
    line = shapely.LineString([(0.0, 0.0), (1.0, 0.0)])
    foot = nearest_on_lines([0.5], [0.0], [None, shapely.LineString(), line])
    assert foot.line_idx.tolist() == [2]
    assert foot.km == pytest.approx([0.0], abs=MICROMETRE)
    with pytest.raises(ValueError, match="no lines"):
        nearest_on_lines([0.5], [0.0], [None])
    with pytest.raises(ValueError, match="no targets"):
        nearest_point([0.5], [0.0], [], [])


def test_a_line_without_extent_is_a_point():
    foot = nearest_on_lines([0.0], [1.0], [shapely.LineString([(0.0, 0.0), (0.0, 0.0)])])
    assert foot.km == pytest.approx([oracle_km(0.0, 0.0, 0.0, 1.0)], abs=1e-7)
    assert foot.along_km.tolist() == [0.0]


def test_no_points_give_no_answers():
    foot = nearest_on_lines([], [], [shapely.LineString([(0.0, 0.0), (1.0, 0.0)])])
    target_idx, km = nearest_point([], [], [0.0], [0.0])
    assert [part.size for part in foot] == [0] * 5
    assert target_idx.size == km.size == 0


def test_work_split_into_blocks_gives_the_same_answer(monkeypatch):
    rng = np.random.default_rng(13)
    lines = [shapely.LineString(scattered(rng, 4, middle=(135, 35), spread=(5, 5))) for _ in range(20)]
    points = scattered(rng, 100, middle=(135.0, 35.0), spread=(8.0, 8.0))
    whole = nearest_on_lines(*points.T, lines)
    monkeypatch.setattr("three_mismatches.geodesy.BLOCK_PAIRS", 10)
    for part, expected in zip(nearest_on_lines(*points.T, lines), whole, strict=True):
        assert part.tolist() == expected.tolist()


def test_a_part_of_a_line_keeps_the_vertices_between():
    line = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
    np.testing.assert_allclose(line_between(line, 0.5, 1.0), [[1.5, 0], [2, 0], [3, 0]])
    np.testing.assert_allclose(line_between(line, 1.0, 0.5), [[3, 0], [2, 0], [1.5, 0]])
    np.testing.assert_allclose(line_between(line, 0.0, 1.0), line)
    np.testing.assert_allclose(line_between(line, 0.4, 0.4), [[1.2, 0], [1.2, 0]])


def test_a_part_of_a_line_across_the_antimeridian_goes_the_short_way():
    line = np.array([[178.0, 0.0], [-178.0, 0.0]])
    np.testing.assert_allclose(line_between(line, 0.25, 0.75), [[179, 0], [-179, 0]])


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 1))
def test_a_part_is_as_long_as_its_share(seed, share0, share1):
    # On long edges a cut that is straight on the map and one by geodesic length part.
    line = np.random.default_rng(seed).uniform([135, 35], [136, 36], (5, 2))
    whole = length_km([shapely.LineString(line)])[0]
    part = length_km([shapely.LineString(line_between(line, share0, share1))])[0]
    assert part == pytest.approx(abs(share1 - share0) * whole, rel=2e-3, abs=whole * 1e-3)
