"""Years until sites run, on studies whose delays are worked out by hand."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

import three_mismatches as tm
from conftest import radial_layers, tables_of
from three_mismatches import match
from three_mismatches.assumptions import resolve
from three_mismatches.delay.calendar import DAYS_PER_YEAR, works_calendar
from three_mismatches.delay.leads import Span, pert, span_of
from three_mismatches.delay.summary import Streams
from three_mismatches.layers.at_year import at_year, is_top_level, work_day
from three_mismatches.layers.settings import Settings
from three_mismatches.network import power_graph

HERE = Point(0.5, 0.5)
CERTAIN = {"realisation": 1.0, "slip_unknown": 0.0}


def one_area(**changed: dict[str, dict[str, object]]) -> dict[str, dict[str, dict[str, object]]]:
    """
    Return one area with 40 MW to spare, 60 more at the peak of 2033, and a site of 100 MW that stands in 2028.

    Counted from 2026 the site is built after 2 years and waits for 60 MW until year 7: 60 MW x 5 years are lost.
    """
    return {
        "areas": {"a": {"peak_mw": 100.0, "firm_mw": 140.0, "geometry": box(0, 0, 1, 1)}},
        "upgrades": {
            "more": {
                "element": "a",
                "attribute": "firm_mw",
                "value": 60.0,
                "mode": "add",
                "date": "2033-01-01",
            }
        },
        "sites": {"s": {"geometry": HERE, "request_mw": 100.0, "status": "under construction"}},
        "phases": {"s-1": {"site": "s", "year": 2028.0, "mw": 100.0}},
        **changed,
    }


def simulated(
    layers: dict[str, dict[str, dict[str, object]]], *, discipline: str = "first come", **assume: float
) -> tm.delay.Delay:
    settings = Settings(year=2034, assume={**CERTAIN, **assume})
    return tm.delay.simulate(tm.Study(tables_of(layers), settings), draws=40, discipline=discipline)


def lead(stream: str, low: float, mode: float, high: float, **more: object) -> dict[str, object]:
    return {"stream": stream, "low_y": low, "mode_y": mode, "high_y": high, **more}


def test_capacity_that_waits_for_a_work_is_lost_until_it_comes():
    found = simulated(one_area())
    assert found.fleet.loc["lost_mw_y", ["value", "p10", "p90"]].tolist() == pytest.approx([300.0] * 3)
    assert found.fleet.at["years_lost", "value"] == pytest.approx(3.0)
    assert found.fleet.at["lost_twh", "value"] == pytest.approx(300.0 * 8.76 * 0.8 / 1000.0)
    assert found.sites.loc["s", ["time_p50_y", "delay_y_p50", "time_to_power_y"]].tolist() == [7.0, 5.0, 7.0]


def test_a_ramp_of_four_years_leaves_132_of_the_300_mw_years():
    """100 MW in 4 years from year 2 pass 40 MW at 3.6: 60 x 2.4 / 2 to year 6, then 60 for one year."""
    found = simulated(one_area(), ramp_y=4.0)
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(132.0)
    assert found.sites.at["s", "time_p50_y"] == 7.0


def test_what_is_lost_is_told_by_year_and_area():
    lost = simulated(one_area()).years["lost_mw"].xs("a", level="area")
    assert lost.loc[2027] == 0.0
    assert lost.loc[2028:2032].tolist() == pytest.approx([60.0] * 5)
    assert lost.loc[2033:].sum() == pytest.approx(0.0)


def test_supply_is_the_critical_stream_where_no_network_limits():
    found = simulated(one_area())
    assert found.sites.at["s", "critical_stream"] == "generation"
    streams = found.streams.loc["s"]
    assert streams["criticality"].to_dict() == {
        "building": 0.0, "generation": 1.0, "power": 0.0, "fibre": 0.0, "connection": 0.0, "network": 0.0,
    }  # fmt: skip
    assert streams.at["generation", "relief_y"] == pytest.approx(5.0)


def test_a_pocket_makes_the_network_the_critical_one():
    pocket = {"p": {"limit_mw": 10.0, "load_mw": 0.0, "geometry": box(0, 0, 1, 1)}}
    works = {
        "p-1": {"element": "p", "attribute": "limit_mw", "value": 200.0, "mode": "set", "date": "2035"},
        "a-1": {"element": "a", "attribute": "firm_mw", "value": 60.0, "mode": "add", "date": "2027"},
    }
    found = simulated(one_area(pockets=pocket, upgrades=works))
    assert found.sites.loc["s", ["critical_stream", "time_p50_y"]].tolist() == ["power", 10.0]
    assert found.streams.at[("s", "network"), "criticality"] == 1.0


def test_a_plant_of_its_own_ends_the_wait_for_supply():
    found = simulated(one_area(upgrades={}, lead_times={"g": lead("generation", 4.5, 4.5, 4.5)}))
    assert found.sites.at["s", "time_p50_y"] == pytest.approx(4.5)
    assert simulated(one_area(upgrades={})).sites.at["s", "never_share"] == 1.0


def test_what_never_comes_counts_to_the_horizon():
    found = simulated(one_area(upgrades={}))
    assert np.isinf(found.sites.at["s", "time_p50_y"])
    assert found.sites.at["s", "delay_y_mean"] == pytest.approx(found.horizon_y - 2.0)
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(60.0 * (found.horizon_y - 2.0))


def test_the_connection_counts_from_the_application_and_never_below_zero():
    sites = {
        "early": {"geometry": HERE, "request_mw": 5.0, "status": "planned", "applied": "2020-01-01"},
        "late": {"geometry": HERE, "request_mw": 5.0, "status": "planned", "applied": "2026-01-01"},
    }
    leads = {"c": lead("connection", 3.0, 3.0, 3.0)}
    found = simulated(one_area(sites=sites, phases={}, lead_times=leads)).streams["p50_y"].unstack()
    assert found.at["early", "connection"] == 0.0
    assert found.at["late", "connection"] == pytest.approx(3.0, abs=0.01)


def test_the_nearest_place_has_the_word_on_lead_times():
    leads = tables_of(
        one_area(
            lead_times={
                "all": lead("connection", 1.0, 2.0, 3.0),
                "a": lead("connection", 4.0, 5.0, 6.0, place="a"),
                "seen": lead("connection", 9.0, 9.0, 9.0, what="evidence"),
            }
        )
    ).lead_times
    assert span_of(leads, "connection", ("p", "a")) == Span(4.0, 5.0, 6.0)
    assert span_of(leads, "connection", ("p", "b")) == Span(1.0, 2.0, 3.0)
    assert span_of(leads, "fibre") is None


def test_what_is_being_built_has_its_connection():
    found = simulated(one_area(lead_times={"c": lead("connection", 9.0, 9.0, 9.0)}))
    assert found.streams.at[("s", "connection"), "p50_y"] == 2.0


def test_a_building_not_begun_takes_its_own_time():
    sites = {"s": {"geometry": HERE, "request_mw": 10.0, "status": "planned", "applied": "2027-01-01"}}
    leads = {"b": lead("building", 3.0, 3.0, 3.0)}
    found = simulated(one_area(sites=sites, phases={}, lead_times=leads))
    assert found.streams.at[("s", "building"), "p50_y"] == pytest.approx(4.0, abs=0.01)
    assert found.sites.at["s", "critical_stream"] == "building"


def two_sites() -> dict[str, dict[str, dict[str, object]]]:
    """Return 40 MW that two sites ask for: `first` applied in 2020 for 2036, `ready` in 2025 for 2027."""
    sites = {
        "first": {"geometry": HERE, "request_mw": 40.0, "status": "planned", "applied": "2020"},
        "ready": {"geometry": HERE, "request_mw": 40.0, "status": "planned", "applied": "2025"},
    }
    phases = {
        "f": {"site": "first", "year": 2032.0, "mw": 40.0},
        "r": {"site": "ready", "year": 2027.0, "mw": 40.0},
    }
    return one_area(sites=sites, phases=phases, upgrades={})


def test_who_came_first_holds_room_that_it_cannot_use():
    found = simulated(two_sites())
    assert found.sites["time_p50_y"].to_dict() == {"first": 6.0, "ready": np.inf}
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(40.0 * 19.0)


def test_ready_first_gives_room_to_whoever_can_use_it():
    found = simulated(two_sites(), discipline="ready first")
    assert found.sites["time_p50_y"].to_dict() == {"first": np.inf, "ready": 1.0}
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(40.0 * 14.0)


def test_a_request_that_never_comes_holds_its_place_until_it_lapses():
    """Neither comes; `first` applied in mid-2020 and holds for ten years, so `ready` would have room from 2031 on."""
    held = simulated(two_sites(), realisation=0.0, phantom_hold_y=10.0)
    assert held.sites.at["ready", "time_p50_y"] == 5.0
    assert held.fleet.at["new_mw_realised", "value"] == 0.0
    assert held.fleet.at["years_lost", "value"] == 0.0
    free = simulated(two_sites(), realisation=0.0, phantom_hold_y=10.0, discipline="ready first")
    assert free.sites["delay_y_p50"].tolist() == [0.0, 0.0]


def test_a_work_that_slips_is_late_for_all_who_wait_for_it():
    sites = {
        key: {"geometry": HERE, "request_mw": 50.0, "status": "under construction"} for key in ("s", "t")
    }
    phases = {key: {"site": key, "year": 2028.0, "mw": 50.0} for key in sites}
    leads = {"slip": lead("slip", 1.0, 3.0, 5.0)}
    found = simulated(one_area(sites=sites, phases=phases, lead_times=leads), slip_unknown=0.5)
    time = found.samples.time
    assert (time[:, 0] == time[:, 1]).all()
    assert 7.0 in time
    assert set(time[:, 0]) <= {7.0, 8.0, 9.0, 10.0, 11.0, 12.0}
    assert len(set(time[:, 0])) > 2


def test_load_that_no_site_stands_for_asks_last_and_is_told_apart():
    outlook = {
        f"a-{year}": {
            "area": "a",
            "year": float(year),
            "demand": "outlook",
            "peak_mw": 100.0,
            "new_dc_mw": mw,
        }
        for year, mw in ((2026, 0.0), (2034, 160.0))
    }
    found = simulated(one_area(outlook=outlook))
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(300.0)
    assert found.years.at[(2033, "a"), "unsited_lost_mw"] == pytest.approx(40.0)
    assert found.years.at[(2035, "a"), "unsited_lost_mw"] == pytest.approx(60.0)


def test_a_pert_distribution_has_its_mean_and_its_ends():
    drawn = pert(np.random.default_rng(0), 3.0, 7.0, 10.0, 200_000)
    assert drawn.mean() == pytest.approx((3.0 + 4.0 * 7.0 + 10.0) / 6.0, abs=0.01)
    assert drawn.min() >= 3.0
    assert drawn.max() <= 10.0
    assert set(pert(np.random.default_rng(0), 4.0, 4.0, 4.0, 5)) == {4.0}


def test_a_level_moves_draws_to_an_end():
    span, rng = Span(1.0, 2.0, 6.0), np.random.default_rng(0)
    assert set(span.draw(rng, 9, level=-1.0)) == {1.0}
    assert set(span.draw(rng, 9, level=1.0)) == {6.0}


def test_the_slower_of_two_exponential_streams_has_the_known_mean_and_share():
    """E max of means 3 and 2 is 3 + 2 - 1 / (1/3 + 1/2) = 3.8; the first is the slower in 3 of 5 draws."""
    rng, count = np.random.default_rng(0), 400_000
    slow, fast = rng.exponential(3.0, (count, 1)), rng.exponential(2.0, (count, 1))
    nothing = np.zeros((count, 1))
    found = Streams(building=nothing, connection=slow, network=nothing, generation=nothing, fibre=fast)
    assert found.time.mean() == pytest.approx(3.8, abs=0.02)
    assert (found.power >= found.fibre).mean() == pytest.approx(0.6, abs=0.005)
    assert (found.time - found.without("power")).mean() == pytest.approx(1.8, abs=0.02)


@pytest.mark.slow
def test_same_seed_same_answer_whatever_the_workers(japan_study):
    one, two = (tm.delay.simulate(japan_study, draws=600, seed=7, workers=count) for count in (1, 2))
    pd.testing.assert_frame_equal(one.sites, two.sites)
    pd.testing.assert_frame_equal(one.fleet, two.fleet)
    first = tm.delay.simulate(japan_study, draws=100, seed=7)
    np.testing.assert_array_equal(first.samples.time, one.samples.time[:100])


def test_permuted_rows_change_nothing():
    layers = two_sites()
    turned = {name: dict(reversed(rows.items())) for name, rows in layers.items()}
    one, two = simulated(layers), simulated(turned)
    pd.testing.assert_frame_equal(one.sites, two.sites.loc[one.sites.index])
    pd.testing.assert_frame_equal(one.fleet, two.fleet)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"draws": 0}, "draws and workers must be at least 1"),
        ({"discipline": "lottery"}, "there are 'first come' and 'ready first'"),
    ],
)
def test_an_option_that_is_none_says_what_there_is(options, said):
    with pytest.raises(ValueError, match=said):
        tm.delay.simulate(tm.Study(tables_of(one_area()), Settings()), **options)


def test_the_calendar_is_the_year_of_the_study(japan_study):
    assert_calendar_is_at_year(japan_study, {}, draws=1)


@pytest.mark.slow
@pytest.mark.parametrize("assume", [{}, {"tie_level": -1.0, "supply_level": -0.5, "pocket_level": 1.0}])
def test_the_calendar_is_the_year_of_the_study_with_works_late(japan_study, assume):
    assert_calendar_is_at_year(japan_study, assume, draws=8)


def assert_calendar_is_at_year(study: tm.Study, assume: dict[str, float], *, draws: int) -> None:
    """Hold arrays of all years against the tables of each: upgrades re-dated by what their works are late."""
    tables, values, rng = study.tables, resolve(assume), np.random.default_rng(1)
    _, sites, _ = match.in_its_year(tables, study.settings, values)
    drawn = sites[is_top_level(sites)].groupby("pocket")["in_base_mw"].sum()
    calendar = works_calendar(tables, study.settings, values, years=range(2026, 2046), in_base_mw=drawn)
    late = np.where(rng.random((draws, len(calendar.works))) < 0.4, rng.uniform(0.0, 6.0), 0.0)
    states = calendar.states(late)
    for draw in range(draws):
        moved = tables.with_frames(upgrades=redated(tables.upgrades, calendar.works, late[draw]))
        for year in (2026, 2029, 2034):
            then = at_year(moved, year, "outlook", values, base_year=2026)
            graph, at = power_graph(then.grid, drawn), (draw, year - 2026)
            links = [calendar.graph.links.index(link) for link in graph.links]
            state = states.grid.one(*at)
            np.testing.assert_allclose(state.firm_mw, graph.firm_mw)
            np.testing.assert_allclose(state.peak_mw, graph.peak_mw)
            np.testing.assert_allclose(state.link_forward[links], graph.link_forward)
            np.testing.assert_allclose(state.interface_forward, graph.interface_forward)
            np.testing.assert_allclose(state.interface_reverse, graph.interface_reverse)
            np.testing.assert_allclose(states.pole_share[at][links], graph.link_pole_share)
            unit = np.zeros(len(graph.nodes))
            unit[graph.unit_node] = graph.unit_mw
            np.testing.assert_allclose(states.unit_mw[at], np.minimum(unit, graph.firm_mw))
            room = np.maximum(graph.pocket_limit - graph.pocket_load, 0.0)
            np.testing.assert_allclose(states.pocket_mw[at], room)


def redated(upgrades: pd.DataFrame, works: tuple[str, ...], late: np.ndarray) -> pd.DataFrame:
    """Return upgrades with their dates moved by what their works are late."""
    of_row = late[[works.index(work) for work in upgrades["work"]]]
    moved = []
    for date, value in zip(upgrades["date"], of_row, strict=True):
        day = work_day(date) + round(value * DAYS_PER_YEAR)
        moved.append(datetime.date.fromordinal(day).isoformat() if isinstance(date, str) else None)
    return upgrades.assign(date=moved)


def test_the_result_names_how_long_each_site_waits(japan):
    sites = japan.sites
    shares = sites[[f"critical_{stream}" for stream in tm.delay.STREAMS]].sum(axis=1)
    waiting = sites["critical_stream"].notna()
    assert shares[waiting].to_numpy() == pytest.approx(1.0)
    assert (sites["delay_y_p10"] <= sites["delay_y_p90"]).where(waiting, other=True).all()
    assert japan.fleet.at["years_lost", "p10"] < japan.fleet.at["years_lost", "p90"]
    lost = japan.areas["lost_mw_y"].sum()
    assert lost == pytest.approx(japan.fleet.at["lost_mw_y", "value"])


def test_a_solve_without_draws_leaves_the_years_out():
    result = tm.Study(tables_of(radial_layers() | {"sites": one_area()["sites"]}), Settings()).solve(draws=0)
    assert result.delay is None
    assert result.sites["delay_y_p50"].isna().all()
    assert "years_lost" not in result.fleet.index


def test_a_study_in_which_nobody_asks_is_answered():
    sites = {"s": {"geometry": HERE, "request_mw": 5.0, "status": "operating"}}
    found = simulated(one_area(sites=sites, phases={}))
    assert found.sites.loc["s", ["time_p50_y", "lost_mw_y", "critical_building"]].tolist() == [0.0, 0.0, 0.0]
    assert found.fleet["value"].eq(0.0).all()
    assert len(simulated(one_area(sites={}, phases={})).sites) == 0


def test_a_year_before_the_base_year_asks_what_was_there_then():
    outlook = {
        f"a-{year}": {"area": "a", "year": float(year), "peak_mw": 100.0, "new_dc_mw": mw}
        for year, mw in ((2024, 0.0), (2034, 200.0))
    }
    study = tm.Study(tables_of(one_area(outlook=outlook)), Settings(year=2024))
    found = tm.delay.simulate(study, draws=1)
    assert found.fleet.at["unsited_lost_mw_y", "value"] == pytest.approx(0.0)


def test_an_area_whose_peak_only_the_scenario_knows_is_drawn():
    areas = {"a": {"firm_mw": 140.0, "peak_mw": np.nan, "geometry": box(0, 0, 1, 1)}}
    outlook = {f"a-{year}": {"area": "a", "year": float(year), "peak_mw": 100.0} for year in (2026, 2045)}
    found = simulated(one_area(areas=areas, outlook=outlook))
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(300.0)


def test_a_plant_within_a_year_counts_from_its_day():
    """60 MW are short from year 2 on; the plant comes at 4.5."""
    found = simulated(one_area(upgrades={}, lead_times={"g": lead("generation", 4.5, 4.5, 4.5)}))
    assert found.fleet.at["lost_mw_y", "value"] == pytest.approx(60.0 * 2.5)
    assert found.fleet.at["relief_generation_y", "value"] == pytest.approx(2.5)


def test_areas_without_a_row_of_their_own_do_not_share_a_draw():
    areas = {
        name: {"peak_mw": 10.0, "firm_mw": 200.0, "geometry": box(at, 0, at + 1, 1)}
        for at, name in enumerate("ab")
    }
    sites = {
        name: {"geometry": Point(x, 0.5), "request_mw": 5.0, "status": "planned", "applied": "2026-01-01"}
        for name, x in (("here", 0.3), ("near", 0.6), ("far", 1.5))
    }
    layers = {"areas": areas, "sites": sites, "lead_times": {"c": lead("connection", 1.0, 3.0, 6.0)}}
    drawn = simulated(layers).samples.connection
    far, here, near = drawn.T
    np.testing.assert_array_equal(here, near)
    assert (far != here).all()


def test_a_whole_without_phases_asks_as_its_parts_are_phased():
    """Parts of 30 MW in 2029 and 2031, and 40 MW to spare: the second waits 20 MW from year 5 to 7."""
    of = {"geometry": HERE, "status": "planned", "request_mw": 30.0, "part_of": "whole"}
    sites = {"whole": {"geometry": HERE, "status": "planned"}, "one": of, "two": of}
    phases = {
        "one-1": {"site": "one", "year": 2029.0, "mw": 30.0},
        "two-1": {"site": "two", "year": 2031.0, "mw": 30.0, "imputed": True},
    }
    found = simulated(one_area(sites=sites, phases=phases))
    assert found.fleet.loc[["lost_mw_y", "dated_mw"], "value"].tolist() == pytest.approx([40.0, 30.0])
    assert found.sites.loc[["one", "two"], "time_p50_y"].isna().all()


def test_only_the_steps_that_are_late_count_as_late():
    """40 MW in 2028 have room; 60 more in 2029 wait from year 3 to year 7."""
    phases = {
        "s-1": {"site": "s", "year": 2028.0, "mw": 40.0},
        "s-2": {"site": "s", "year": 2029.0, "mw": 100.0},
    }
    fleet = simulated(one_area(phases=phases)).fleet["value"]
    assert fleet[["late_3y_mw", "late_5y_mw"]].tolist() == [60.0, 0.0]
    assert fleet["relief_generation_y"] == pytest.approx(fleet["years_lost"])


def test_a_late_total_does_not_undo_what_comes_on_top_of_it():
    """A total of 180 dated 2028 comes in 2032; 20 on top come in 2030 all the same."""
    total = {
        "element": "a",
        "attribute": "firm_mw",
        "mode": "set",
        "value": 180.0,
        "date": "2028",
        "p_slip": 1.0,
    }
    more = {
        "element": "a",
        "attribute": "firm_mw",
        "mode": "add",
        "value": 20.0,
        "date": "2030-01",
        "p_slip": 0.0,
    }
    layers = one_area(upgrades={"x": total, "y": more}, lead_times={"s": lead("slip", 4.0, 4.0, 4.0)})
    lost = simulated(layers).years["lost_mw"].xs("a", level="area")
    assert lost.loc[[2029, 2030, 2032, 2033]].tolist() == pytest.approx([60.0, 40.0, 40.0, 0.0])


@given(seed=st.integers(0, 1000), ramp=st.sampled_from([0.0, 3.0]))
def test_what_draws_say_is_consistent(seed, ramp):
    found = simulated(random_sites(seed), realisation=0.7, slip_unknown=0.5, ramp_y=ramp)
    samples, asking = found.samples, found.sites["critical_stream"].notna()
    assert (samples.delay >= 0.0).all()
    assert found.sites.filter(regex="^critical_(?!stream)")[asking].sum(axis=1).to_numpy() == pytest.approx(
        1.0
    )
    assert (found.streams["relief_y"] >= 0.0).all()
    by_year = found.years["lost_mw"].sum()
    assert by_year == pytest.approx(found.sites["lost_mw_y"].sum())
    assert by_year == pytest.approx(found.fleet.at["lost_mw_y", "value"])


@pytest.mark.slow
@given(seed=st.integers(0, 1000))
def test_longer_lead_times_are_never_earlier_on_the_mean(seed):
    layers = random_sites(seed)
    levels = [simulated(layers, lead_time_level=level).samples for level in (-1.0, 0.0, 1.0)]
    alone = np.array([np.minimum(each.connection, 20.0).mean(axis=0) for each in levels])
    assert (np.diff(alone, axis=0) >= -1e-9).all()
    together = [np.minimum(each.time, 20.0).mean() for each in levels]
    assert together[0] <= together[2] + 1e-9


@given(late=st.lists(st.integers(0, 9), min_size=2, max_size=2), size=st.floats(41.0, 120.0))
def test_a_work_that_comes_later_never_gives_a_single_site_more(late, size):
    def lost(years: int) -> float:
        sites = {"s": {"geometry": HERE, "request_mw": size, "status": "under construction"}}
        phases = {"s": {"site": "s", "year": 2028.0, "mw": size}}
        upgrades = {"more": one_area()["upgrades"]["more"] | {"p_slip": 1.0}}
        slip = {"slip": lead("slip", years, years, years)}
        layers = one_area(sites=sites, phases=phases, upgrades=upgrades, lead_times=slip)
        return float(simulated(layers).fleet.at["lost_mw_y", "value"])

    sooner, later = sorted(late)
    assert lost(sooner) <= lost(later) + 1e-9


def test_the_disciplines_agree_where_nothing_is_short():
    areas = {"a": {"peak_mw": 100.0, "firm_mw": 9000.0, "geometry": box(0, 0, 1, 1)}}
    layers = random_sites(3) | {"areas": areas, "pockets": {}}
    one, two = (simulated(layers, discipline=each) for each in tm.delay.DISCIPLINES)
    pd.testing.assert_frame_equal(one.sites, two.sites)


def random_sites(seed: int) -> dict[str, dict[str, dict[str, object]]]:
    """Return one area with a pocket, and six sites of some size and date."""
    rng = np.random.default_rng(seed)
    sites = {
        f"s{at}": {
            "geometry": Point(0.1 + 0.15 * at, 0.5), "status": str(rng.choice(["planned", "under construction"])),
            "request_mw": float(rng.uniform(1.0, 60.0)), "applied": str(rng.integers(2022, 2027)),
        }
        for at in range(6)
    }  # fmt: skip
    phases = {
        site: {"site": site, "year": float(rng.integers(2026, 2034)), "mw": row["request_mw"]}
        for site, row in sites.items()
        if rng.random() < 0.7
    }
    leads = {
        "c": lead("connection", 1.0, 3.0, 8.0),
        "b": lead("building", 1.0, 2.0, 4.0),
        "f": lead("fibre", 0.5, 1.0, 1.5),
        "s": lead("slip", 1.0, 2.0, 5.0),
    }
    pocket = {"p": {"limit_mw": 40.0, "load_mw": 0.0, "geometry": box(0, 0, 0.5, 1)}}
    return one_area(sites=sites, phases=phases, lead_times=leads, pockets=pocket)


def test_a_study_without_lead_times_says_that_its_years_are_a_lower_bound():
    bare = tm.Study(tables_of(one_area()), Settings(year=2034)).solve()
    assert bare.delay.untimed == ("connection", "building", "fibre")
    assert "no lead times of connection, building, fibre" in bare.summary()[3]
    leads = {key: lead(key, 1.0, 1.0, 1.0) for key in ("connection", "building", "fibre")}
    timed = tm.Study(tables_of(one_area(lead_times=leads)), Settings(year=2034)).solve()
    assert timed.delay.untimed == ()
    assert "lower bound" not in timed.summary()[3]
