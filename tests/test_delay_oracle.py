"""Years until sites run, held against a slow simulation that asks the area model anew for every request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, box

import three_mismatches as tm
from conftest import tables_of
from test_delay import lead, simulated
from three_mismatches.assumptions import resolve
from three_mismatches.layers.at_year import at_year
from three_mismatches.network import PowerGraph, power_graph
from three_mismatches.power import Group, area_hosting

BASE, HORIZON, HOLD_Y = 2026, 20, 3.0
LAST = 9
"""Year after the base year in which the last work comes, late or not."""

AREAS = ("a", "b")
Layers = dict[str, dict[str, dict[str, object]]]


@st.composite
def random_studies(draw: st.DrawFn) -> Layers:
    """Return two areas on a link of two poles, a pocket in a, works of several kinds, and up to five sites."""
    mw = st.floats(5.0, 80.0).map(lambda value: round(value, 1))
    dates = st.integers(2026, 2032).map(lambda year: f"{year}-01-01")
    layers: Layers = {
        "areas": {
            name: {"peak_mw": 100.0, "firm_mw": draw(st.floats(90.0, 180.0)), "geometry": box(at, 0, at + 1, 1)}
            for at, name in enumerate(AREAS)
        },
        "generators": {"unit": {"p_nom": draw(mw), "area": "b"}},
        "links": {
            "ab": {"bus0": "a", "bus1": "b", "carrier": "HVDC", "poles": 2.0, "p_nom": draw(mw), "efficiency": 0.97},
            "new": {"bus0": "a", "bus1": "b", "carrier": "tie", "p_nom": 0.0},
        },
        "pockets": {"p": {"limit_mw": draw(mw), "load_mw": 2.0, "geometry": box(0.0, 0.0, 0.5, 1.0)}},
        "upgrades": {
            "firm": {"element": "a", "attribute": "firm_mw", "value": draw(mw), "mode": "add"},
            "pocket": {"element": "p", "attribute": "limit_mw", "value": 200.0, "mode": "set", "work": "both"},
            "tie": {"element": "new", "attribute": "p_nom", "value": draw(mw), "mode": "set", "work": "both"},
        },
    }  # fmt: skip
    if draw(st.booleans()):
        layers["upgrades"]["less"] = {
            "element": "b",
            "attribute": "firm_mw",
            "value": -draw(mw),
            "mode": "add",
        }
    for row in layers["upgrades"].values():
        row |= {"date": draw(dates), "p_slip": draw(st.sampled_from([0.0, 1.0]))}
    layers["upgrades"]["tie"] |= {key: layers["upgrades"]["pocket"][key] for key in ("date", "p_slip")}
    layers["lead_times"] = {
        "c": lead("connection", 2.5, 2.5, 2.5),
        "p": lead("connection", 5.0, 5.0, 5.0, place="p"),
        "b": lead("building", 1.5, 1.5, 1.5),
        "f": lead("fibre", 2.0, 2.0, 2.0),
        "s": lead("slip", 3.0, 3.0, 3.0),
    }
    layers["sites"], layers["phases"] = {}, {}
    for at in range(draw(st.integers(1, 5))):
        place = Point(draw(st.sampled_from([0.25, 0.75, 1.5])), 0.5)
        status = draw(st.sampled_from(["planned", "under construction"]))
        applied = f"{draw(st.integers(2020, 2027))}-0{at + 1}"
        size = draw(mw)
        layers["sites"][f"s{at}"] = {
            "geometry": place, "status": status, "request_mw": 2.0 * size, "applied": applied,
        }  # fmt: skip
        year = float(draw(st.integers(2026, 2032)))
        for step in (1, 2):
            layers["phases"][f"s{at}-{step}"] = {
                "site": f"s{at}",
                "year": year + 2 * step - 2,
                "mw": step * size,
            }
    return layers


def requests_of(layers: Layers) -> list[dict[str, object]]:
    """Return each step: site, MW, whether it comes, when it opens, is ready, applied and lapses; first served first."""
    steps = []
    for site, row in layers["sites"].items():
        begun = row["status"] == "under construction"
        year, month = row["applied"].split("-")
        applied = int(year) + (int(month) - 0.5) / 12.0 - BASE
        x = row["geometry"].x
        connected = max(0.0, applied + (5.0 if x < 0.5 else 2.5))
        for at, phase in enumerate(p for p in layers["phases"].values() if p["site"] == site):
            plan = max(0.0, phase["year"] - BASE)
            first = begun and at == 0
            opens = plan if first else max(plan, applied + 1.5)
            ready = opens if first else max(opens, applied + 2.0, connected)
            steps.append(
                {
                    "site": site, "mw": phase["mw"] / (at + 1), "comes": begun, "opens": opens, "ready": ready,
                    "applied": applied, "lapses": np.inf if begun else applied + HOLD_Y, "area": int(x > 1.0),
                    "pocket": 0 if x < 0.5 else -1, "wait": not first, "plan": plan,
                }
            )  # fmt: skip
    return sorted(steps, key=lambda row: (row["wait"], row["applied"], row["plan"], row["site"]))


def graphs_of(layers: Layers) -> list[PowerGraph]:
    """Return the grid of each planning year, what slips being three years late."""
    moved = {
        key: row | {"date": f"{int(row['date'][:4]) + 3 * int(row['p_slip'])}-01-01"}
        for key, row in layers["upgrades"].items()
    }
    tables = tables_of(layers | {"upgrades": moved})
    # Nothing is dated later: the last of these years stands for all that follow.
    years = range(BASE, BASE + LAST + 1)
    found = [power_graph(at_year(tables, year, "outlook", resolve(), base_year=BASE).grid) for year in years]
    return found + found[-1:] * (HORIZON - len(found))


class Hosting:
    """What the area model says of one place, each question asked once."""

    def __init__(self) -> None:
        self.known: dict[object, float] = {}

    def mw(self, graph: PowerGraph, peak: np.ndarray, load: np.ndarray, group: Group) -> float:
        state = (graph.firm_mw, graph.link_forward, graph.pocket_limit, peak, load)
        key = (tuple(part.tobytes() for part in state), group)
        if key not in self.known:
            now = replace(graph, peak_mw=peak, pocket_load=load)
            self.known[key] = float(area_hosting(now, [group], stress=False)["secure_mw"].iloc[0])
        return self.known[key]


def served(
    hosting: Hosting, graph: PowerGraph, steps: list[dict[str, object]], year: int, discipline: str
) -> list[float]:
    """Return what each step gets, or would, in one year, what those before it got being part of the base."""
    peak, load = graph.peak_mw.copy(), graph.pocket_load.copy()
    found = dict.fromkeys(range(len(steps)), 0.0)
    order = sorted(found, key=lambda at: steps[at]["ready"]) if discipline == "ready first" else list(found)
    for at in order:
        step = steps[at]
        ready = step["ready"] < year + 1
        holds = discipline == "first come" and step["applied"] < year + 1 and step["lapses"] > year
        if ready or holds:
            room = hosting.mw(graph, peak, load, Group(step["area"], step["pocket"]))
            found[at] = min(step["mw"], room)
        if holds or (step["comes"] and ready):
            peak[step["area"]] += found[at]
            if step["pocket"] >= 0:
                load[step["pocket"]] += found[at]
    return list(found.values())


def slowly(layers: Layers, discipline: str, ramp_y: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return when each site runs and what it loses, by a sum over short steps of time."""
    steps, graphs, hosting = requests_of(layers), graphs_of(layers), Hosting()
    runs, lost = dict.fromkeys(layers["sites"], 0.0), dict.fromkeys(layers["sites"], 0.0)
    first = [np.inf] * len(steps)
    for year, graph in enumerate(graphs):
        middle = year + (np.arange(500) + 0.5) / 500
        for at, got in enumerate(served(hosting, graph, steps, year, discipline)):
            step = steps[at]
            if step["ready"] < year + 1 and got > step["mw"] - 1e-4:
                first[at] = min(first[at], max(float(year), step["ready"]))
            wants = step["mw"] * np.clip((middle - step["opens"]) / max(ramp_y, 1e-9), 0.0, 1.0)
            has = np.where(middle >= step["ready"], got, 0.0)
            lost[step["site"]] += step["comes"] * float(np.maximum(wants - has, 0.0).mean())
    for at, step in enumerate(steps):
        runs[step["site"]] = max(runs[step["site"]], first[at])
    return runs, lost


@pytest.mark.slow
@given(
    layers=random_studies(),
    discipline=st.sampled_from(tm.delay.DISCIPLINES),
    ramp_y=st.sampled_from([0.0, 2.0]),
)
def test_the_queue_gives_what_a_programme_for_each_request_gives(layers, discipline, ramp_y):
    assumed = {"realisation": 0.0, "phantom_hold_y": HOLD_Y, "ramp_y": ramp_y}
    found = simulated(layers, discipline=discipline, **assumed)
    runs, lost = slowly(layers, discipline, ramp_y)
    assert found.sites["lost_mw_y"].to_dict() == pytest.approx(lost, abs=0.2, rel=1e-3)
    # Room that goes again may come to the network in one year and to supply in another.
    if "less" not in layers["upgrades"]:
        assert found.sites["time_p50_y"].to_dict() == pytest.approx(runs, abs=1e-6)
