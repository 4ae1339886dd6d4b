"""Hosting of loads, against everything solved again, printed figures and hand-worked grids."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import security_oracle as oracle
from pypower_grids import case
from pypower_grids import grid_of as case_grid
from three_mismatches.errors import NetworkError
from three_mismatches.layers import Grid
from three_mismatches.power import Limit, hosting
from three_mismatches.power._base import base_case
from three_mismatches.power._screening import Rules
from three_mismatches.power.contingencies import outages_of
from three_mismatches.power.hosting import positions_of, screened, screening_of

DATA = Path(__file__).parent / "data"
PRINTED = json.loads((DATA / "power_golden.json").read_text(encoding="utf-8"))["rts24_hosting"]
GOLDEN = json.loads((DATA / "hosting_golden.json").read_text(encoding="utf-8"))

TRIANGLE = {name: {"x_pu_100": 0.1, "s_nom": 100.0} for name in ("ab", "bc", "ac")}


@cache
def of(name):
    return case_grid(case(name))


@cache
def plain_case(name):
    return oracle.plain_of(of(name))


@cache
def carried_by(name):
    return oracle.carried(plain_case(name), oracle.singles(plain_case(name)))


def line(s_nom=100.0, **more):
    return {"x_pu_100": 0.1, "s_nom": s_nom} | more


def with_(grid, **tables):
    return Grid(**{**vars(grid), **tables})


def relined(grid, **columns):
    return with_(grid, lines=grid.lines.assign(**columns))


@cache
def triangle():
    return oracle.grid_of("abc", TRIANGLE, {"a": (0.0, 1e3)}, {})


def file_dispatch(grid):
    """Return Pmax - Pg by bus, of the dispatch that the file states and nobody has balanced."""
    plants = grid.generators[grid.generators["status"] == "operating"]
    return (plants["p_nom"] - plants["p_set"]).clip(lower=0.0).groupby(plants["bus"]).sum()


def as_printed(**options):
    grid = options.pop("grid", of("case24_ieee_rts"))
    options = {"islanding": "skip", "cutoff": 0.0} | options
    return hosting(grid, participation=file_dispatch(of("case24_ieee_rts")), **options)


def named(plain, outages):
    return {f"outage {at}": [plain.lines[one] for one in lost] for at, lost in enumerate(outages)}


def assert_limits(found, expected, lines, outages):
    """Compare lists of limits: figures all, names where no other limit is as near as rounding."""
    for (bus, row), every in zip(found.iterrows(), expected, strict=True):
        known = [one for one in every if one.mw <= 2.0 * every[0].mw]
        mw = np.array([one.mw for one in known])
        ours = np.array([one.mw for one in row["limits"]])
        # What limits at the very load at which generation ends is listed or not, as rounding has it.
        size = min(len(mw), len(ours))
        assert np.isclose(np.append(mw[size:], ours[size:]), known[-1].mw).all(), bus
        np.testing.assert_allclose(ours[:size], mw[:size], rtol=1e-9, atol=1e-7, err_msg=bus)
        apart = np.diff(np.concatenate([[-1.0], mw, [np.inf]])) > 1e-6 * np.append(mw, 1.0).clip(1.0)
        for at in np.flatnonzero((apart[:-1] & apart[1:])[: size - 1]):
            name = lines[known[at].line] if known[at].line >= 0 else "capacity"
            outage = outages[known[at].outage] if known[at].outage >= 0 else ""
            assert row["limits"][at][1:] == (name, outage), bus


# Against everything solved again


@cache
def drawn(seed, *, count=3):
    """Return a random grid with ratings that some outages exceed, and outages of one to four lines."""
    rng = np.random.default_rng(seed + 1000)
    grid = oracle.random_grid(seed, parts=1 + (seed % 3 == 2))
    plain = oracle.plain_of(grid)
    outages = oracle.random_outages(seed, plain, count)
    spare = rng.choice([0.97, 1.0, 1.1, 1.4], len(plain.b), p=[0.03, 0.07, 0.5, 0.4])
    plain = oracle.with_ratings(
        plain, oracle.carried(plain, outages), spare, rng.uniform(0.5, 25.0, len(plain.b))
    )
    endless = rng.random(len(plain.b)) < 0.1
    ratings = {
        name: np.where(endless, np.inf, getattr(plain, name)).round(9) for name in ("normal", "emergency")
    }
    plain = replace(plain, **ratings)
    return oracle.rated(grid, plain), plain, outages


def made_up(name, seed, *, least=1.0):
    """Return a case with ratings of what each line carries at worst, and more."""
    rng = np.random.default_rng(seed)
    plain = plain_case(name)
    spare, extra = rng.uniform(least, 1.5, len(plain.b)), rng.uniform(1.0, 20.0, len(plain.b))
    plain = oracle.with_ratings(plain, carried_by(name), spare, extra)
    return oracle.rated(of(name), plain), plain


def made_of_two(seed):
    """Return a random grid of two parts whose lines have some room after any outage."""
    rng = np.random.default_rng(seed)
    grid = oracle.random_grid(seed, parts=2)
    plain = oracle.plain_of(grid)
    spare, extra = rng.uniform(1.0, 1.5, len(plain.b)), rng.uniform(1.0, 30.0, len(plain.b))
    plain = oracle.with_ratings(plain, oracle.carried(plain, oracle.singles(plain)), spare, extra)
    return oracle.rated(grid, plain), plain


def assert_secure_up_to_there(grid, plain, outages, buses):
    for name, lost in named(plain, outages).items():
        options = {"cutoff": 0.0, "preexisting": "count"}
        found = hosting(grid, [plain.buses[bus] for bus in buses], contingencies={name: lost}, **options)
        positions = [plain.lines.index(one) for one in lost]
        expected = np.array([oracle.most_load(plain, bus, positions) for bus in buses])
        known = ~np.isnan(expected)
        np.testing.assert_allclose(found["hosting_mw"][known], expected[known], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(at, marks=pytest.mark.slow) for at in range(12, 60))]
)
@pytest.mark.slow
def test_a_load_is_secure_up_to_hosting_and_not_beyond(seed):
    """180 pairs of a bus and an outage: bridges, double circuits, several parts, shifters, taps, capacitors."""
    grid, plain, outages = drawn(seed, count=5)
    buses = np.random.default_rng(seed).choice(len(plain.buses), 3, replace=False)
    assert_secure_up_to_there(grid, plain, outages, buses)


@pytest.mark.parametrize("name", ["case24_ieee_rts", "case14", "case39", "case118"])
@pytest.mark.slow
def test_a_load_is_secure_up_to_hosting_in_known_grids(name):
    grid, plain = made_up(name, 7)
    if name == "case24_ieee_rts":
        grid, plain = of(name), plain_case(name)
    outages = oracle.random_outages(7, plain, 4)
    buses = np.random.default_rng(7).choice(len(plain.buses), 3, replace=False)
    assert_secure_up_to_there(grid, plain, outages, buses)


@pytest.mark.parametrize("islanding", ["redistribute", "skip"])
@pytest.mark.parametrize("preexisting", ["ignore", "count", "count_if_worsened"])
def test_every_limit_of_random_grids_is_found(preexisting, islanding):
    for seed in range(100, 104):
        grid, plain, outages = drawn(seed, count=8)
        options = {"preexisting": preexisting, "islanding": islanding, "cutoff": 0.02 * (seed % 2)}
        found = hosting(grid, contingencies=named(plain, outages), **options)
        assert_limits(
            found, oracle.every_limit(plain, outages, **options), plain.lines, [*named(plain, outages)]
        )


def budgeted(grid, contingencies, buses=None, **rules):
    """Return hosting with rules of which a caller knows nothing."""
    base = base_case(grid)
    asked = positions_of(base.network.buses, buses)
    screen = screening_of(
        grid, base, asked, outages_of(grid, contingencies), Rules(**rules), with_interfaces=True
    )
    return screened(screen, screen.limits(asked, np.full(len(asked), np.inf)), asked)


def cases(names):
    return [(name, seed, least) for name in names for seed, least in ((1, 1.0), (2, 0.95))]


@pytest.mark.parametrize(
    ("name", "seed", "least"),
    [
        *cases(["case24_ieee_rts", "case39"]),
        *(pytest.param(*row, marks=pytest.mark.slow) for row in cases(["case118"])),
    ],
)
def test_pairs_taken_by_key_find_what_all_pairs_give(name, seed, least):
    grid, plain = made_up(name, seed, least=least)
    for preexisting, cutoff in (("count", 0.0), ("ignore", 0.05)):
        rules = {"preexisting": preexisting, "cutoff": cutoff}
        expected = oracle.every_limit(plain, oracle.singles(plain), **rules)
        for pairs in (50, 2_000_000):
            found = budgeted(grid, "branches", pairs=pairs, **rules)
            assert_limits(found, expected, plain.lines, plain.lines)


def test_pairs_taken_one_by_one_find_what_all_pairs_give():
    for seed in range(200, 204):
        grid, plain, outages = drawn(seed)
        outages = [*outages, *oracle.singles(plain)]
        rules = {"preexisting": ("count", "ignore", "count_if_worsened")[seed % 3], "cutoff": 0.0, "top": 12}
        expected = oracle.every_limit(plain, outages, **rules)
        found = budgeted(grid, named(plain, outages), pairs=1, **rules)
        assert_limits(found, expected, plain.lines, [*named(plain, outages)])


@pytest.mark.parametrize(
    ("name", "pairs"),
    [("case39", 30), ("case39", 2_000_000), pytest.param("case118", 30, marks=pytest.mark.slow)],
)
def test_any_number_of_workers_answers_the_same_bit_for_bit(name, pairs):
    grid, _ = made_up(name, 3, least=0.98)
    found = [
        budgeted(grid, "branches", pairs=pairs, workers=workers, preexisting="count") for workers in (1, 2, 3)
    ]
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_buses_asked_one_by_one_get_what_they_get_together():
    grid, _ = made_up("case39", 3)
    together = hosting(grid, cutoff=0.0)
    for bus in grid.buses.index[::5]:
        alone = hosting(grid, [bus], cutoff=0.0).loc[bus]
        np.testing.assert_allclose(
            [one.mw for one in alone["limits"]], [one.mw for one in together.at[bus, "limits"]], rtol=1e-12
        )
        assert alone[["limiting_line", "limiting_outage", "flags"]].equals(
            together.loc[bus, ["limiting_line", "limiting_outage", "flags"]]
        )


# Printed figures


def test_the_linear_step_of_the_textbook():
    """Limit 10, loading 5, a tenth of what is added: 50 MW."""
    lines = {"ab": line(10.0, x_pu_100=0.9), "ab'": line(np.inf)}
    grid = oracle.grid_of("ab", lines, {"a": (50.0, 1e3)}, {"b": 50.0})
    found = hosting(grid, ["b"], security="n0", cutoff=0.0)
    assert found.at["b", "hosting_mw"] == pytest.approx(50.0, rel=1e-12)
    assert found.at["b", "limits"][0][1:] == ("ab", "")


@pytest.mark.parametrize(("security", "key"), [("n0", "H_N0"), ("n1", "H_N1")])
def test_hosting_of_rts24_is_the_printed_one(security, key):
    found = as_printed(security=security)
    np.testing.assert_allclose(found["hosting_mw"], PRINTED[key], atol=1e-4)
    assert found["hosting_mw"].max() == pytest.approx(405.7)
    if security == "n1":
        # Several limits may be equal, and rounding names one; generation ends at 405.7 MW where line 11 does.
        for limits, (at, lost) in zip(found["limits"], PRINTED["binding_line_contingency"], strict=True):
            least = [one for one in limits if one.mw <= limits[0].mw * (1.0 + 1e-9)]
            assert (str(at + 1), str(lost + 1) if lost >= 0 else "") in [one[1:] for one in least]


def test_one_violation_masks_what_most_buses_could_take():
    """After the loss of 27, or of 7 in a row with it, line 23 carries 100.34 % of its normal rating."""
    grid = relined(of("case24_ieee_rts"), s_nom_emergency=np.nan)
    counted = as_printed(grid=grid, preexisting="count")
    assert (counted["hosting_mw"] == 0.0).sum() == 13
    some = as_printed(grid=grid, preexisting="count", cutoff=0.05)
    assert some.index[some["hosting_mw"] == 0.0].tolist() == ["11", "14"]
    left_out = as_printed(grid=grid)
    np.testing.assert_allclose(
        left_out["hosting_mw"].iloc[:6], [279.5, 156.9, 82.1, 101.0, 104.0, 39.0], atol=0.05
    )
    violated = left_out.attrs["preexisting"].set_index(["line", "outage"])["loading"]
    assert violated[("23", "27")] == pytest.approx(1.0034, abs=1e-4)
    assert violated[("23", "7")] == pytest.approx(violated[("23", "27")])
    assert left_out["flags"].str.contains("base_violation").sum() >= 13


def test_a_higher_rating_can_lower_what_is_left_when_violations_are_left_out():
    grid = relined(of("case24_ieee_rts"), s_nom_emergency=np.nan)
    raised = relined(
        grid, s_nom=grid.lines["s_nom"].where(grid.lines.index != "23", grid.lines["s_nom"] * 1.01)
    )
    assert as_printed(grid=grid).at["11", "hosting_mw"] == pytest.approx(278.0, abs=0.5)
    found = as_printed(grid=raised)
    assert found.at["11", "hosting_mw"] == pytest.approx(27.0, abs=0.5)
    assert ("23", "27") in [one[1:] for one in found.at["11", "limits"][:2]]


def test_hosting_of_rts24_by_default():
    found = hosting(of("case24_ieee_rts"))
    assert found["hosting_mw"].tolist() == pytest.approx(GOLDEN["hosting_mw"], abs=1e-5)
    assert found.at["9", "hosting_mw"] == pytest.approx(555.0)
    assert found.at["7", "hosting_mw"] == pytest.approx(175.0)
    assert found.at["7", "limits"][0][1:] == ("capacity", "11")
    assert not found["flags"].str.contains("radial").any()


def test_what_is_written_down_is_what_the_oracle_says():
    again = oracle.golden_of(of("case24_ieee_rts"))
    assert again["note"] == GOLDEN["note"]
    assert again["hosting_mw"] == pytest.approx(GOLDEN["hosting_mw"], abs=1e-5)
    for ours, known in zip(again["limits"], GOLDEN["limits"], strict=True):
        # A line that limits just where generation ends is listed or not, as rounding has it: the figure stands once.
        figures = [sorted({round(one[0], 4) for one in limits}) for limits in (ours, known)]
        assert figures[0] == pytest.approx(figures[1], abs=1e-3)


def test_hosting_of_a_triangle():
    """From a to c two thirds go directly: 150 MW. Without bc or ab all do: 100 MW. A generator is its own limit."""
    found = hosting(triangle())
    assert found["hosting_mw"].tolist() == pytest.approx([1000.0, 100.0, 100.0])
    limits = found.at["c", "limits"]
    assert [one.mw for one in limits] == pytest.approx([100.0, 100.0, 100.0, 100.0, 150.0])
    assert {one[1:] for one in limits[:4]} == {("ac", "ab"), ("ac", "bc"), ("ab", "ac"), ("bc", "ac")}
    assert limits[4][1:] == ("ac", "")
    before = hosting(triangle(), security="n0")
    assert before["hosting_mw"].tolist() == pytest.approx([1000.0, 150.0, 150.0])
    assert before["limiting_line"].tolist() == ["capacity", "ab", "ac"]


# Pieces


def test_a_bus_behind_a_bridge_is_radial_and_takes_nothing_firm():
    grid = oracle.grid_of("abcd", TRIANGLE | {"cd": line(80.0)}, {"a": (0.0, 1e3)}, {})
    found = hosting(grid)
    assert found["flags"].tolist() == ["", "", "", "radial"]
    assert found.at["d", "limits"][0] == Limit(0.0, "capacity", "cd")
    skipped = hosting(grid, ["d"], islanding="skip")
    assert (skipped.at["d", "hosting_mw"], skipped.at["d", "flags"]) == (pytest.approx(80.0), "")


def test_what_hangs_on_a_bridge_feeds_itself_and_what_it_sent():
    """b has room for 40 and sends 10 over the bridge: after its loss it can give 50 to a load there."""
    grid = oracle.grid_of("ab", {"ab": line()}, {"a": (0.0, 100.0), "b": (10.0, 50.0)}, {"a": 10.0})
    found = hosting(grid, preexisting="count")
    assert found["hosting_mw"].tolist() == pytest.approx([140.0, 50.0])
    assert found.at["b", "limits"][0][1:] == ("capacity", "ab")
    assert (found["flags"] == "").all()


def test_each_piece_is_in_the_list_of_limits():
    """d hangs on two bridges in a row; either splits it off, c with it or not."""
    lines = {"ab": line(), "ab'": line(), "bc": line(), "cd": line()}
    plants = {"a": (0.0, 100.0), "c": (0.0, 12.0), "d": (0.0, 20.0)}
    found = hosting(oracle.grid_of("abcd", lines, plants, {}), ["d"], cutoff=0.0, top=20)
    firm = {one.outage: one.mw for one in found.at["d", "limits"] if one.line == "capacity"}
    # All generation, 132 MW, is more than twice the first limit: it is not looked for.
    assert firm == pytest.approx({"cd": 20.0, "bc": 32.0})


def test_of_two_pieces_that_are_alike_each_must_feed_itself():
    """Two plants of 100 on a bridge that carries 10: 110 MW where it comes from, 90 where it goes."""
    plants = {"a": (10.0, 110.0), "b": (0.0, 100.0)}
    for buses in ("ab", "ba"):
        grid = oracle.grid_of(buses, {"ab": line()}, plants, {"b": 10.0})
        found = hosting(grid, ["a", "b"])
        assert found["hosting_mw"].tolist() == pytest.approx([110.0, 90.0])
        assert found["limiting_outage"].tolist() == ["ab", "ab"]


def test_a_pieces_own_share_may_be_tiny():
    grid = oracle.grid_of("ab", {"ab": line()}, {"a": (0.0, 100.0), "b": (0.0, 1e-6)}, {})
    found = hosting(grid, ["b"])
    assert found.at["b", "hosting_mw"] == pytest.approx(1e-6)
    assert found.at["b", "flags"] == ""


@pytest.mark.parametrize("ratio", [1e3, 1e6, 1e9])
def test_a_way_round_may_be_very_long(ratio):
    """After the loss of ab all of b's load comes over the other line, however little it carried before."""
    lines = {"ab": line(1e3), "ba": line(50.0, x_pu_100=0.1 * ratio)}
    found = hosting(oracle.grid_of("ab", lines, {"a": (10.0, 500.0)}, {"b": 10.0}), ["b"], cutoff=0.0)
    assert found.at["b", "limits"][0] == Limit(pytest.approx(40.0, rel=1e-5), "ba", "ab")


def test_an_outage_may_take_everything():
    for lost in (["ac", "bc"], ["ab", "bc", "ac"]):
        found = hosting(triangle(), ["c"], contingencies={"all": lost})
        assert found.at["c", "limits"][0] == Limit(0.0, "capacity", "all")
        assert found.at["c", "flags"] == "radial"
    whole = hosting(triangle(), ["a"], contingencies={"all": ["ab", "bc", "ac"]})
    assert whole.at["a", "hosting_mw"] == pytest.approx(1000.0)


# Links


def converter(p_nom, **link):
    """Return far plant a, line ab of 60, link bc that loses 2 %, and c with room for 20 and a line to d."""
    rows = {"bc": {"bus0": "b", "bus1": "c", "p_nom": p_nom, "efficiency": 0.98} | link}
    lines = {"ab": line(60.0), "cd": line(1e4)}
    return oracle.grid_of("abcd", lines, {"a": (0.0, 500.0), "c": (0.0, 20.0)}, {}, links=rows)


@pytest.mark.parametrize("seed", range(4))
def test_limits_on_both_sides_of_a_link_are_found(seed):
    """What the link brings comes from all plants of the far part, by their room, and its lines carry it."""
    grid, plain = made_of_two(seed)
    rng = np.random.default_rng(seed)
    near, far = plain.part == plain.part[0], plain.part != plain.part[0]
    arrives, leaves = rng.choice(np.flatnonzero(near)), rng.choice(np.flatnonzero(far))
    room = plain.room
    sent = min(40.0, room[far].sum())
    whole = room[near].sum() + 0.9 * sent
    entering = np.where(near, room, room * sent / room[far].sum()) / whole
    entering[arrives] += 0.9 * sent / whole
    entering[leaves] -= sent / whole
    cap = min(whole, 40.0 * whole / sent, room[far].sum() * whole / sent)
    answer = np.repeat(entering[:, None], len(room), axis=1), np.full(len(room), cap)
    outages, rules = oracle.singles(plain), {"islanding": "skip", "preexisting": "count", "cutoff": 0.0}
    expected = oracle.every_limit(plain, outages, answer=answer, **rules)
    link = {"bus0": plain.buses[leaves], "bus1": plain.buses[arrives], "p_nom": 40.0, "efficiency": 0.9}
    found = hosting(with_(grid, links=oracle.table("links", {"link": link})), **rules)
    ours = [[one.mw for one in found["limits"].iloc[bus]] for bus in np.flatnonzero(near)]
    for limits, known in zip(ours, np.flatnonzero(near), strict=True):
        np.testing.assert_allclose(limits[0], expected[known][0].mw, rtol=1e-9, atol=1e-7)
        size = min(len(limits), len(expected[known]))
        np.testing.assert_allclose(
            limits[:size], [one.mw for one in expected[known]][:size], rtol=1e-9, atol=1e-7
        )


@pytest.mark.parametrize(("p_nom", "best"), [(0.0, 20.0), (30.0, 49.4), (60.0, 78.8), (100.0, 78.8)])
def test_links_bring_what_they_can_and_never_more(p_nom, best):
    """With free redispatch 20 + 0.98 min(p_nom, 60): exact while it is the link that ends."""
    found = hosting(converter(p_nom), ["d"], security="n0")
    assert found.at["d", "hosting_mw"] <= best + 1e-9
    if p_nom <= 60.0:
        assert found.at["d", "hosting_mw"] == pytest.approx(best, rel=1e-12)
    else:
        # Of each MW 98 / 118 come over the link, at the far end 100 / 118 over line ab.
        assert found.at["d", "hosting_mw"] == pytest.approx(60.0 * 118.0 / 100.0)
        assert found.at["d", "limiting_line"] == "ab"


def test_links_bring_what_is_not_held_back_or_sent_already_in_either_direction():
    grid = converter(40.0, margin_mw=10.0)
    assert hosting(grid, ["d"], security="n0").at["d", "hosting_mw"] == pytest.approx(49.4)
    turned = converter(5.0, bus0="c", bus1="b", p_nom_reverse=30.0)
    assert hosting(turned, ["d"], security="n0").at["d", "hosting_mw"] == pytest.approx(49.4)


def test_a_link_without_capacity_of_its_own_brings_what_the_far_side_has():
    """500 far away and 20 here: 490 of each 510 arrive over the link, 500 leave over line ab."""
    found = hosting(converter(np.inf), ["d"], security="n0")
    assert found.at["d", "hosting_mw"] == pytest.approx(60.0 * 510.0 / 500.0)
    assert np.isfinite(found.at["d", "hosting_mw"])


@pytest.mark.parametrize(("p_nom", "firm"), [(10.0, 9.8), (60.0, 19.6)])
def test_a_piece_gets_over_a_link_no_more_than_those_behind_it_have(p_nom, firm):
    """Without line ab bus b hangs on the link alone, behind which there is room for 20."""
    found = hosting(converter(p_nom), ["b"], contingencies=["ab"], cutoff=0.0)
    assert found.at["b", "limits"][0] == Limit(pytest.approx(firm), "capacity", "ab")


def test_a_part_without_plants_takes_what_its_link_brings():
    grid = converter(30.0)
    grid = with_(grid, generators=grid.generators.drop("plant c"))
    found = hosting(grid, ["d"], security="n0")
    assert found.at["d", "limits"] == (Limit(pytest.approx(29.4), "bc", ""),)


def test_participation_that_is_given_leaves_links_out():
    found = hosting(converter(30.0), ["d"], security="n0", participation=pd.Series({"c": 1.0}))
    assert found.at["d", "hosting_mw"] == pytest.approx(20.0)


# Interfaces


def interfaced(grid, members, **limits):
    rows = {
        f"member {at}": {"interface": "cut", "element": element, "sign": sign}
        for at, (element, sign) in enumerate(members.items())
    }
    tables = {"interfaces": {"cut": limits}, "interface_members": rows}
    return with_(grid, **{name: oracle.table(name, each) for name, each in tables.items()})


@pytest.mark.parametrize(("sign", "most"), [(1.0, 70.0), (-1.0, 10.0)])
def test_interfaces_limit_each_direction_for_itself(sign, most):
    members = {"ab": sign, "ac": sign}
    grid = interfaced(triangle(), members, limit_forward=75.0, limit_reverse=15.0, margin_mw=5.0)
    found = hosting(grid, ["c", "b"], contingencies=[])
    assert found["hosting_mw"].tolist() == pytest.approx([most, most])
    assert found["limiting_line"].tolist() == ["cut", "cut"]
    assert hosting(grid, ["c"], security="n0").at["c", "hosting_mw"] == pytest.approx(150.0)


def test_links_count_in_interfaces_with_what_they_carry_already():
    """10 MW are sent; of each MW more 50 / 69 leave over the link, of which the interface lets 10 more through."""
    grid = converter(60.0, p_set=10.0)
    grid = with_(
        grid,
        loads=oracle.table("loads", {"d": {"bus": "d", "p_set": 9.8}}),
        generators=grid.generators.assign(p_set=[10.0, 0.0]),
    )
    cut = interfaced(grid, {"bc": 1.0}, limit_forward=25.0, margin_mw=5.0)
    found = hosting(cut, ["d"], contingencies=[])
    assert found.at["d", "hosting_mw"] == pytest.approx(10.0 * 69.0 / 50.0)
    assert found.at["d", "limiting_line"] == "cut"
    # Where the link does not answer, what it carries still counts: 30 - 10 - 9.8 are left to line cd.
    sums = interfaced(grid, {"bc": 1.0, "cd": 1.0}, limit_forward=30.0)
    still = hosting(sums, ["d"], contingencies=[], participation=pd.Series({"c": 1.0}))
    assert still.at["d", "hosting_mw"] == pytest.approx(10.2)


def test_an_interface_that_is_violated_is_listed_as_it_is():
    grid = converter(60.0, p_set=10.0)
    grid = with_(
        grid,
        loads=oracle.table("loads", {"d": {"bus": "d", "p_set": 9.8}}),
        generators=grid.generators.assign(p_set=[10.0, 0.0]),
    )
    cut = interfaced(grid, {"bc": 1.0, "cd": 1.0}, limit_forward=15.0)
    for participation in (None, pd.Series({"c": 1.0})):
        found = hosting(cut, ["d"], contingencies=[], participation=participation)
        row = found.attrs["preexisting"].iloc[0]
        assert row[["line", "outage"]].tolist() == ["cut", ""]
        assert row[["p0_mw", "rating_mw", "loading"]].tolist() == pytest.approx([19.8, 15.0, 1.32])
        assert found.at["d", "flags"] == "base_violation"
    assert hosting(cut, ["d"], contingencies=[], preexisting="count").at["d", "hosting_mw"] == 0.0


# Flags, ratings, options


def test_a_part_in_which_nothing_answers_is_an_island():
    grid = oracle.grid_of("abcd", {"ab": line(), "cd": line()}, {"a": (0.0, 50.0)}, {})
    found = hosting(grid)
    assert found["hosting_mw"].tolist() == pytest.approx([50.0, 0.0, 0.0, 0.0])
    assert found["flags"].tolist() == ["", "radial", "island", "island"]
    assert hosting(grid, ["a"], participation=pd.Series({"a": 0.0})).at["a", "flags"] == "island"


def test_an_unknown_rating_is_no_limit_and_told_and_an_endless_one_is_none():
    lines = {"ab": line(30.0), "ab'": line(np.nan)}
    grid = oracle.grid_of("ab", lines, {"a": (0.0, 50.0)}, {})
    found = hosting(grid)
    assert found.loc["b", ["hosting_mw", "flags"]].tolist() == [pytest.approx(30.0), "rating_unknown"]
    assert found.at["a", "flags"] == ""
    endless = hosting(relined(grid, s_nom=np.inf), ["b"])
    assert endless.loc["b", ["hosting_mw", "limiting_line", "flags"]].tolist() == [50.0, "capacity", ""]


def overloaded(load):
    """Return two lines of 60 side by side that 80 MW or more use: too much for either alone."""
    lines = {"ab": line(60.0), "ab'": line(60.0), "bc": line(), "bc'": line()}
    plants = {"a": (load, load + 100.0)}
    return oracle.grid_of("abc", lines, plants, {"b": load})


@pytest.mark.parametrize(
    ("preexisting", "mw", "flags"),
    [
        ("ignore", 40.0, "base_violation"),
        ("count", 0.0, ""),
        ("count_if_worsened", 0.0, ""),
    ],
)
def test_pairs_violated_before_count_as_is_asked(preexisting, mw, flags):
    """80 MW over 2 x 60: after the loss of one the other carries 133 %; before, 40 MW more fit."""
    found = hosting(overloaded(80.0), ["c", "b"], preexisting=preexisting)
    assert found["hosting_mw"].tolist() == pytest.approx([mw, mw])
    assert found["flags"].tolist() == [flags, flags]
    assert found.attrs["preexisting"]["loading"].tolist() == pytest.approx([80.0 / 60.0] * 2)
    assert found.attrs["preexisting"]["line"].tolist() == ["ab'", "ab"]


@pytest.mark.parametrize(
    ("preexisting", "mw"), [("ignore", 100.0), ("count", 0.0), ("count_if_worsened", 0.0)]
)
def test_lines_violated_before_any_outage_count_as_is_asked(preexisting, mw):
    """130 MW over 2 x 60: left out, it is the plant that ends."""
    found = hosting(overloaded(130.0), ["c"], security="n0", preexisting=preexisting)
    assert found.at["c", "hosting_mw"] == pytest.approx(mw)
    assert found.at["c", "flags"] == ("base_violation" if preexisting == "ignore" else "")
    assert found.attrs["preexisting"][["line", "outage"]].to_numpy().tolist() == [["ab", ""], ["ab'", ""]]


def test_a_load_that_relieves_a_violation_is_limited_only_where_all_count():
    """90 MW go from b to a over 80: a load at b that a's plant feeds relieves the line until it turns round."""
    grid = oracle.grid_of("ab", {"ab": line(80.0)}, {"b": (90.0, 90.0), "a": (0.0, 300.0)}, {"a": 90.0})
    found = {
        word: hosting(grid, ["b"], security="n0", preexisting=word) for word in ("count", "count_if_worsened")
    }
    assert found["count"].at["b", "hosting_mw"] == pytest.approx(170.0)
    assert found["count_if_worsened"].at["b", "hosting_mw"] == pytest.approx(300.0)


def test_a_line_at_its_rating_is_a_limit_of_those_who_load_it_more():
    grid = oracle.grid_of("abc", {"ab": line(60.0), "bc": line()}, {"a": (60.0, 160.0)}, {"b": 60.0})
    for preexisting in ("ignore", "count", "count_if_worsened"):
        found = hosting(grid, security="n0", cutoff=0.0, preexisting=preexisting)
        assert found["hosting_mw"].tolist() == pytest.approx([100.0, 0.0, 0.0], abs=1e-6)
        assert found.attrs["preexisting"].empty


def test_a_change_that_is_rounding_is_no_limit():
    """Line de stands at its rating; a load at c changes it by nothing, or by what rounding makes of that."""
    lines = {name: line(x_pu_100=x) for name, x in (("ab", 0.07), ("bc", 0.13), ("ac", 0.11))}
    lines |= {"cd": line(np.inf), "de": line(7.3)}
    grid = oracle.grid_of("abcde", lines, {"a": (7.3, 500.0)}, {"e": 7.3})
    found = hosting(grid, ["c"], security="n0", cutoff=0.0, preexisting="count")
    assert found.at["c", "hosting_mw"] > 100.0


def test_the_most_that_may_be_asked_for_is_a_limit():
    assert hosting(triangle(), ["c"], max_mw=30.0).at["c", "limits"] == (Limit(30.0, "max_mw", ""),)
    by_bus = hosting(triangle(), ["c", "b", "a"], max_mw=pd.Series({"c": 30.0, "a": np.nan}))
    assert by_bus["hosting_mw"].tolist() == pytest.approx([30.0, 100.0, 1000.0])
    assert hosting(triangle(), ["c"], max_mw=0.0).at["c", "hosting_mw"] == 0.0


def test_buses_come_in_the_order_asked_and_as_often():
    found = hosting(triangle(), ["c", "a", "c"])
    assert found.index.tolist() == ["c", "a", "c"]
    assert found["hosting_mw"].tolist() == pytest.approx([100.0, 1000.0, 100.0])
    assert hosting(triangle(), "b").index.tolist() == ["b"]
    assert hosting(triangle(), []).empty


def test_a_bus_without_lines_takes_what_it_generates():
    found = hosting(oracle.grid_of("ab", {}, {"a": (0.0, 50.0)}, {}))
    assert found["hosting_mw"].tolist() == [50.0, 0.0]
    assert found["limiting_line"].tolist() == ["capacity", "capacity"]


def test_a_line_from_a_bus_to_itself_carries_nothing():
    lines = {"ab": line(30.0), "ab'": line(30.0), "aa": line(1.0)}
    found = hosting(oracle.grid_of("ab", lines, {"a": (0.0, 50.0)}, {}))
    assert found["hosting_mw"].tolist() == pytest.approx([50.0, 30.0])


# Outages


@pytest.mark.parametrize(
    ("contingencies", "mw", "outage"),
    [
        ("branches", 150.0, "ab1"),
        ("corridors", 0.0, "towers"),
        ("srlg", 100.0, "river"),
        (["bc1", "bc2"], 150.0, "bc1"),
        ({"both": ["ab1", "ab4"], "one": "bc1"}, 100.0, "both"),
        ([], 200.0, ""),
    ],
)
def test_outages_are_those_that_are_named(contingencies, mw, outage):
    """Four lines of 50 from a to b, two of 150 from b to c on the same towers, one out of service."""
    lines = {f"ab{at}": line(50.0) for at in range(1, 5)}
    lines |= {f"bc{at}": line(150.0, corridor="towers") for at in (1, 2)}
    lines["ab1"]["srlg"], lines["ab2"]["srlg"] = "river", "hill; river"
    lines["ac"] = line(1.0, in_service=False, srlg="sea")
    grid = oracle.grid_of("abc", lines, {"a": (0.0, 500.0)}, {})
    found = hosting(grid, ["c"], contingencies=contingencies)
    assert found.at["c", "hosting_mw"] == pytest.approx(mw)
    least = {one.outage for one in found.at["c", "limits"] if one.mw == pytest.approx(mw)}
    assert outage in least
    assert not {"ac", "sea"} & set(outages_of(grid, contingencies).names)


def test_lines_out_of_service_are_neither_lost_nor_counted():
    grid = relined(triangle(), in_service=[True, True, False])
    assert hosting(grid, ["c"], contingencies={"gone": ["ac"]}).at["c", "hosting_mw"] == pytest.approx(100.0)
    assert len(outages_of(grid, {"gone": ["ac"], "nothing": []})) == 0
    assert hosting(grid, ["c"], contingencies={"gone": ["ac"]}, security="n1").at["c", "flags"] == ""


# Errors


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"buses": ["x", "a", "y"]}, NetworkError, "'x', 'y'"),
        ({"contingencies": ["x", "ab", "y"]}, NetworkError, "'x', 'y'"),
        ({"max_mw": pd.Series({"x": 1.0, "y": 2.0})}, NetworkError, "'x', 'y'"),
        ({"participation": pd.Series({"x": 1.0})}, NetworkError, "'x'"),
        ({"participation": pd.Series({"a": -1.0})}, NetworkError, "below 0"),
        ({"participation": pd.Series({"a": np.nan})}, NetworkError, "finite"),
        ({"contingencies": "towers"}, ValueError, "'corridors'"),
        ({"security": "n2"}, ValueError, "security"),
        ({"islanding": "none"}, ValueError, "islanding"),
        ({"preexisting": "report"}, ValueError, "preexisting"),
        ({"balance": "luck"}, ValueError, "balance"),
        ({"cutoff": 1.0}, ValueError, "cutoff"),
        ({"cutoff": np.nan}, ValueError, "cutoff"),
        ({"top": 0}, ValueError, "top"),
        ({"max_mw": -1.0}, ValueError, "max_mw"),
        ({"max_mw": np.nan}, ValueError, "max_mw"),
    ],
)
def test_what_is_no_option_is_told(options, error, said):
    with pytest.raises(error, match=said):
        hosting(triangle(), **options)


@pytest.mark.parametrize("x", [0.0, np.nan])
def test_a_line_without_reactance_is_told(x):
    with pytest.raises(NetworkError, match="x_pu_100"):
        hosting(relined(triangle(), x_pu_100=[x, 0.1, 0.1]))


def test_a_dispatch_that_is_missing_is_told():
    grid = triangle()
    with pytest.raises(NetworkError, match="p_set"):
        hosting(with_(grid, generators=grid.generators.assign(p_set=np.nan)))


@pytest.mark.parametrize("lost", [["ab"], ["ab", "bc"]])
def test_an_outage_after_which_reactances_cancel_is_told(lost):
    lines = {"ab": line(), "ab'": line(), "capacitor": line(x_pu_100=-0.1, bus0="a", bus1="b"), "bc": line()}
    grid = oracle.grid_of("abc", lines, {"a": (0.0, 50.0)}, {})
    with pytest.raises(NetworkError, match="cancel"):
        hosting(grid, contingencies={"lost": lost})


# Properties

SEEDS = st.integers(0, 100_000)


def clean(seed):
    """Return a grid without violations: no outage takes a line to its rating."""
    rng = np.random.default_rng(seed)
    grid = oracle.random_grid(seed, parts=1 + seed % 2)
    plain = oracle.plain_of(grid)
    ratings = rng.uniform(1.0, 1.5, len(plain.b)), rng.uniform(0.5, 20.0, len(plain.b))
    plain = oracle.with_ratings(plain, oracle.carried(plain, oracle.singles(plain)), *ratings)
    return relined(oracle.rated(grid, plain), s_nom=plain.emergency.clip(min=plain.normal)), rng


ALL = {"preexisting": "count", "cutoff": 0.0}


@given(SEEDS)
def test_names_and_the_order_of_rows_change_nothing(seed):
    grid, rng = clean(seed)
    names = dict(
        zip(grid.buses.index, rng.permutation([f"b{at}" for at in range(len(grid.buses))]), strict=True)
    )
    moved = {
        field: getattr(grid, field).sample(frac=1.0, random_state=seed)
        for field in ("lines", "generators", "loads")
    }
    for field, column in (("lines", "bus0"), ("lines", "bus1"), ("generators", "bus"), ("loads", "bus")):
        moved[field] = moved[field].assign(**{column: moved[field][column].map(names)})
    moved["buses"] = grid.buses.rename(index=names).sample(frac=1.0, random_state=seed)
    expected = hosting(grid, **ALL)["hosting_mw"].rename(index=names)
    found = hosting(with_(grid, **moved), **ALL)["hosting_mw"]
    np.testing.assert_allclose(found.loc[expected.index], expected, rtol=1e-8, atol=1e-7)


@given(SEEDS)
def test_the_slack_changes_nothing_where_participation_is_given(seed):
    grid, rng = clean(seed)
    weight = pd.Series(rng.uniform(0.0, 1.0, len(grid.buses)), index=grid.buses.index)
    found = [
        hosting(
            with_(grid, buses=grid.buses.assign(slack=np.arange(len(grid.buses)) == at)),
            participation=weight
            * (grid.generators.groupby("bus")["p_nom"].sum().reindex(weight.index) > 0.0),
            **ALL,
        )["hosting_mw"]
        for at in rng.choice(len(grid.buses), 2, replace=False)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-9)


@given(SEEDS)
def test_a_higher_rating_never_lowers_hosting(seed):
    grid, rng = clean(seed)
    before = hosting(grid, **ALL)["hosting_mw"]
    chosen = grid.lines.index[rng.integers(len(grid.lines))]
    factor = np.where(grid.lines.index == chosen, rng.uniform(1.0, 3.0), 1.0)
    for columns in (["s_nom"], ["s_nom_emergency"], ["s_nom", "s_nom_emergency"]):
        raised = relined(grid, **{name: grid.lines[name] * factor for name in columns})
        assert (hosting(raised, **ALL)["hosting_mw"] >= before - 1e-7).all()


@given(SEEDS)
def test_scaling_every_reactance_changes_nothing(seed):
    grid, _ = clean(seed)
    grid = relined(grid, phase_shift=0.0)
    scaled = relined(grid, x_pu_100=grid.lines["x_pu_100"] * 7.0)
    np.testing.assert_allclose(
        hosting(scaled, **ALL)["hosting_mw"], hosting(grid, **ALL)["hosting_mw"], rtol=1e-8, atol=1e-7
    )


@given(SEEDS)
def test_security_never_adds(seed):
    grid, _ = clean(seed)
    grid = relined(grid, s_nom_emergency=np.nan)
    before, after = (hosting(grid, security=word, **ALL)["hosting_mw"] for word in ("n0", "n1"))
    assert (after <= before + 1e-9).all()


def test_participation_may_be_a_mapping_and_workers_are_some():
    given = hosting(triangle(), participation={"a": 1.0})["hosting_mw"]
    assert given.tolist() == hosting(triangle(), participation=pd.Series({"a": 1.0}))["hosting_mw"].tolist()
    with pytest.raises(ValueError, match="workers"):
        hosting(triangle(), workers=0)
