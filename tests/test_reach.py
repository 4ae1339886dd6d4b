"""Whom a site reaches: people within some ms, pairs for mirroring, and groups that could work as one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibres import BARE, MS_PER_KM, in_one_place, points_of, random_fibre
from three_mismatches import latency
from three_mismatches.errors import LayerError

seeds = st.integers(0, 2**32 - 1)


def ring():
    """Return the ring a-b-c-d of 100 km each, c-d shared with d-a as one risk, and e and f joined to each other."""
    routes = {
        "ab": ("a", "b", 100.0), "bc": ("b", "c", 100.0), "cd": ("c", "d", 100.0), "da": ("d", "a", 100.0),
        "ef": ("e", "f", 10.0),
    }  # fmt: skip
    return in_one_place(routes, srlg={"cd": "bridge", "da": "bridge"})


def people(**at):
    return points_of(dict.fromkeys(at, (0, 0)), node=list(at), weight=[float(n) for n in at.values()])


def test_people_are_counted_by_the_time_that_light_takes_to_them():
    found = latency.population_reach(
        ring(), ["a", "e"], people(a=10, b=20, c=30, e=40), within_ms=(0.99, 2), **BARE
    )
    assert found["within_0.99_ms"].tolist() == [30.0, 40.0]
    assert found["within_2_ms"].tolist() == [60.0, 40.0]
    assert found["share_within_2_ms"].tolist() == [0.6, 0.4]
    assert found["unreached_share"].tolist() == pytest.approx([0.4, 0.6])
    # From a: 20 people at 100 km and 30 at 200 km, 60 in all.
    assert found["rtt_ms"].tolist() == pytest.approx([(20 * 100 + 30 * 200) / 60 * MS_PER_KM, 0.0], abs=1e-3)


def test_a_site_that_reaches_nobody_is_infinitely_far():
    found = latency.population_reach(ring(), ["e"], people(a=10)).loc["e"]
    assert [found["rtt_ms"], found["unreached_share"], found["within_20_ms"]] == [np.inf, 1.0, 0.0]


@pytest.mark.parametrize("weight", [np.nan, -1.0, np.inf, 0.0, "many"])
def test_people_must_be_a_number(weight):
    with pytest.raises(LayerError, match="weight"):
        latency.population_reach(ring(), ["a"], people(b=1).assign(weight=[weight]))


def test_pairs_within_the_budget_and_whether_they_hold_after_a_loss():
    found = latency.backup_pairs(ring(), ["a", "b", "c", "d", "e"], within_ms=100.5 * MS_PER_KM, **BARE)
    assert set(found.index) == {("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")}
    assert found["rtt_ms"].tolist() == pytest.approx([100 * MS_PER_KM] * 4)
    assert not found["holds"].any()
    wider = latency.backup_pairs(ring(), ["a", "b", "c", "d"], within_ms=300.5 * MS_PER_KM, **BARE)
    assert wider.loc[("a", "b"), ["n1_kind", "n1_loss", "holds"]].tolist() == ["route", "ab", True]
    assert wider.loc[("a", "d"), ["n1_rtt_ms", "n1_loss", "holds"]].tolist() == [np.inf, "bridge", False]


def test_pairs_too_near_for_one_event_are_left_out():
    places = points_of({"s": (0, 0), "t": (0, 0.1), "u": (0, 0.5)}, node=["a", "a", "a"])
    found = latency.backup_pairs(ring(), places, within_ms=5.0, apart_km=20.0)
    assert set(found.index) == {("s", "u"), ("t", "u")}
    assert (found["apart_km"] > 20).all()
    assert latency.backup_pairs(ring(), places, within_ms=1e-6).empty


def test_campuses_are_the_groups_in_which_all_are_near_each_other():
    index = pd.MultiIndex.from_tuples([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    pairs = pd.DataFrame({"rtt_ms": [1.0, 1.5, 0.5, 1.9]}, index=index)
    found = latency.virtual_campuses(pairs, mw=pd.Series({"a": 10.0, "c": 5.0, "d": 100.0, "b": np.nan}))
    assert found["sites"].tolist() == [("c", "d"), ("a", "b", "c")]
    assert found["mw"].tolist() == [105.0, 15.0]
    assert found["rtt_ms"].tolist() == [1.9, 1.5]
    with pytest.raises(ValueError, match="more than 1 groups"):
        latency.virtual_campuses(pairs, most=1)
    assert latency.virtual_campuses(pairs.iloc[:0]).empty


@given(seeds, st.floats(0.5, 8.0))
def test_campuses_hold_every_pair_and_no_one_could_join_them(seed, within):
    fibre = random_fibre(seed)
    pairs = latency.backup_pairs(fibre, list(fibre.fibre_nodes.index), within_ms=within)
    near = {frozenset(pair) for pair in pairs.index}
    campuses = latency.virtual_campuses(pairs)
    members = [set(sites) for sites in campuses["sites"]]
    assert all(any(pair <= group for group in members) for pair in near)
    for group in members:
        others = set(fibre.fibre_nodes.index) - group
        assert all(frozenset((a, b)) in near for a in group for b in group if a < b)
        assert not any(all(frozenset((new, one)) in near for one in group) for new in others)


@given(seeds)
def test_more_people_are_reached_the_longer_one_waits(seed):
    fibre = random_fibre(seed)
    rng = np.random.default_rng(seed)
    crowd = fibre.fibre_nodes.assign(weight=rng.uniform(0, 9, len(fibre.fibre_nodes)))
    found = latency.population_reach(fibre, ["n0", "n1"], crowd, within_ms=(1, 3, 9, 1000))
    shares = found[[f"share_within_{ms}_ms" for ms in (1, 3, 9, 1000)]].to_numpy()
    assert (np.diff(shares, axis=1) >= 0).all()
    np.testing.assert_allclose(shares[:, -1], 1.0)


def test_sites_of_one_name_are_no_pair():
    places = points_of({"s": (0, 0), "t": (0, 0)}, node=["a", "b"]).rename(index={"t": "s"})
    with pytest.raises(LayerError, match=r"twice.*'s'"):
        latency.backup_pairs(ring(), places)
