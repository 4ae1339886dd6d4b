"""Hosting by DC power flow, checked in AC: PYPOWER's power flow is the oracle, and a line with its answer on paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypower.api
import pytest
from pypower.idx_brch import PF, PT, QF, QT, RATE_A
from pypower.idx_bus import BUS_I, PD, QD, VM
from pypower.idx_gen import PG, PMAX

from conftest import table
from pypower_grids import case
from three_mismatches.convert import from_pandapower, to_pandapower
from three_mismatches.errors import AssumptionWarning, NetworkError
from three_mismatches.inputs.matpower import read_matpower
from three_mismatches.layers import Grid, empty
from three_mismatches.power import ac_check, dc_flow

RTS = "case24_ieee_rts"
QUIET = pypower.api.ppoption(VERBOSE=0, OUT_ALL=0)
MVAR_PER_MW = 0.2
FACTOR = 1.0 / np.hypot(1.0, MVAR_PER_MW)

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of pandapower's own imports
]


@pytest.fixture
def pandapower() -> Any:
    return pytest.importorskip("pandapower")


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Return what reads a case of PYPOWER as MATPOWER would write it."""

    def of(name: str) -> Grid:
        ppc, path = case(name), tmp_path_factory.mktemp("case") / f"{name}.m"
        rows = {
            key: "\n".join(" ".join(map(repr, map(float, row))) + ";" for row in ppc[key])
            for key in ("bus", "gen", "branch")
        }
        text = "".join(f"mpc.{key} = [\n{text}\n];\n" for key, text in rows.items())
        path.write_text(
            f"function mpc = written\nmpc.version = '2';\nmpc.baseMVA = {ppc['baseMVA']};\n{text}"
        )
        return read_matpower(path)

    return of


@pytest.fixture(scope="module")
def limits() -> pd.DataFrame:
    """Return the N-0 limits of RTS-24 by DC, generators answering by Pmax - Pg."""
    golden = json.loads((Path(__file__).parent / "data" / "power_golden.json").read_text(encoding="utf-8"))
    mw = golden["rts24_hosting"]["H_N0"]
    return pd.DataFrame(
        {"hosting_mw": mw}, index=pd.Index([str(at + 1) for at in range(len(mw))], name="bus")
    )


def loaded(bus: int, mw: float) -> dict[str, Any]:
    """Return PYPOWER's AC power flow of RTS-24 with a load, generators answering by Pmax - Pg."""
    ppc = case(RTS)
    row = list(ppc["bus"][:, BUS_I]).index(bus)
    ppc["bus"][row, [PD, QD]] += mw, MVAR_PER_MW * mw
    room = ppc["gen"][:, PMAX] - ppc["gen"][:, PG]
    ppc["gen"][:, PG] += mw * room / room.sum()
    found, converged = pypower.api.runpf(ppc, QUIET)
    branch, voltage = found["branch"], found["bus"][:, VM]
    power = np.fmax(np.hypot(branch[:, PF], branch[:, QF]), np.hypot(branch[:, PT], branch[:, QT]))
    loading = power / np.where(branch[:, RATE_A] > 0.0, branch[:, RATE_A], np.inf)
    return {
        "ac_loading": loading.max(), "ac_line": str(loading.argmax() + 1), "min_vm_pu": voltage.min(),
        "min_vm_bus": str(int(found["bus"][voltage.argmin(), BUS_I])), "converged": bool(converged),
    }  # fmt: skip


@pytest.fixture(scope="module")
def checked(read, limits) -> pd.DataFrame:
    pytest.importorskip("pandapower")
    return ac_check(read(RTS), limits, top=None, power_factor=FACTOR)


@pytest.mark.parametrize("bus", [3, 4, 6, 8, 14])
def test_loading_and_voltage_are_those_of_pypower(checked, limits, bus):
    theirs, ours = loaded(bus, limits.at[str(bus), "hosting_mw"]), checked.loc[str(bus)]
    for name in ("ac_loading", "min_vm_pu"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-6)
    for name in ("ac_line", "min_vm_bus", "converged"):
        assert ours[name] == theirs[name]


def test_before_anything_is_added_ac_loads_lines_more_than_dc(checked):
    base = loaded(3, 0.0)
    assert checked["base_ac_loading"].to_numpy() == pytest.approx(base["ac_loading"], abs=1e-6)
    assert checked["base_min_vm_pu"].to_numpy() == pytest.approx(base["min_vm_pu"], abs=1e-6)


def test_the_table_of_the_documentation_is_what_is_measured(checked):
    page = (Path(__file__).parents[1] / "docs" / "dc_power_flow.md").read_text(encoding="utf-8")
    branches = {"6": "3-9", "8": "4-9", "10": "6-10", "11": "7-8", "23": "14-16"}
    for bus in ("3", "4", "6", "8", "14"):
        row = checked.loc[bus]
        percent = " | ".join(f"{100.0 * row[name]:.1f}" for name in ("dc_loading", "ac_loading"))
        shown = f"| {bus} | {row['hosting_mw']:.1f} | {percent} | {branches[row['ac_line']]} | {row['min_vm_pu']:.3f}"
        assert shown in page


def test_in_dc_the_limit_is_just_met(checked):
    assert checked["dc_loading"].to_numpy() == pytest.approx(1.0, abs=1e-3)


def test_the_largest_are_checked_first_and_only_as_many_as_asked(read, limits, pandapower):
    found = ac_check(read(RTS), limits.loc[["4", "14", "6", "5"]], top=2)
    assert list(found.index) == ["14", "5"]


@pytest.mark.parametrize("name", ["case9", "case14", "case30", "case57", RTS])
def test_a_case_has_the_ac_voltages_of_pypower(read, name, pandapower):
    net = to_pandapower(with_kv(read(name)))
    pandapower.runpp(net, trafo_model="pi", numba=False)
    theirs, _ = pypower.api.runpf(case(name), QUIET)
    np.testing.assert_allclose(net.res_bus["vm_pu"], theirs["bus"][:, VM], rtol=0.0, atol=1e-7)


def with_kv(grid: Grid) -> Grid:
    """Return a grid with 110 kV where a case has no voltages; per unit does not care."""
    return replace(grid, buses=grid.buses.assign(v_nom=grid.buses["v_nom"].fillna(110.0)))


def test_what_ac_needs_comes_back_from_pandapower(read, pandapower):
    grid = read(RTS)
    back = from_pandapower(to_pandapower(grid))
    for table_name, name in (
        ("lines", "b_pu_100"),
        ("buses", "shunt_mvar"),
        ("buses", "v_mag_pu_set"),
        ("loads", "q_set"),
    ):
        ours = getattr(grid, table_name)[name]
        theirs = getattr(back, table_name)[name].reindex(ours.index)
        np.testing.assert_allclose(theirs.fillna(0.0), ours.fillna(0.0), rtol=1e-12, err_msg=name)
        assert ours.fillna(0.0).ne(0.0).any()
    assert (dc_flow(grid) - dc_flow(back).reindex(grid.lines.index)).abs().max() < 1e-6


def one_line(**changes: Any) -> Grid:
    """
    Return a generator, a line of 0.1 p.u. on 100 MVA without losses, and a bus that takes nothing yet.

    For P at unity power factor behind x, the voltage is V² = (1 + sqrt(1 - (2 x P)²)) / 2, and S at the generator
    is sqrt(P² + (x (P / V)²)²). There is no answer beyond P = 500 MW.
    """
    layers: dict[str, Any] = {
        "buses": {"g": {"v_nom": 110.0, "slack": True}, "d": {"v_nom": 110.0}, "far": {"v_nom": 110.0}},
        "generators": {"gg": {"bus": "g", "p_nom": 900.0, "p_set": 0.0}},
        "lines": {"gd": {"bus0": "g", "bus1": "d", "x_pu_100": 0.1, "v_nom": 110.0, "s_nom": 400.0}},
    }
    tables = {name: table(name, rows) for name, rows in {**layers, **changes}.items()}
    return Grid(**{name: tables.get(name, empty(name)) for name in Grid.__dataclass_fields__})


def hosting(**mw: float) -> pd.DataFrame:
    return pd.DataFrame({"hosting_mw": mw})


def test_one_line_by_hand(pandapower):
    found = ac_check(one_line(), hosting(d=400.0), power_factor=1.0).loc["d"]
    square = (1.0 + np.sqrt(1.0 - 0.8**2)) / 2.0
    sent = np.hypot(4.0, 0.1 * 16.0 / square) * 100.0
    assert found["min_vm_pu"] == pytest.approx(np.sqrt(square), abs=1e-8)
    assert found["ac_loading"] == pytest.approx(sent / 400.0, abs=1e-8)
    assert (found["dc_loading"], found["base_ac_loading"]) == (
        pytest.approx(1.0),
        pytest.approx(0.0, abs=1e-9),
    )


def test_a_load_beyond_what_the_line_can_carry_does_not_converge(pandapower):
    found = ac_check(one_line(), hosting(d=520.0), power_factor=1.0).loc["d"]
    assert not found["converged"]
    assert np.isnan([found["ac_loading"], found["min_vm_pu"]]).all()
    assert found["dc_loading"] == pytest.approx(1.3)


def test_only_generators_of_the_same_part_answer(pandapower):
    weights = pd.Series({"g": 1.0, "far": 99.0})
    hosted = hosting(d=100.0)
    hosted.attrs["participation"] = weights
    found = ac_check(one_line(), hosted, power_factor=1.0)
    pd.testing.assert_frame_equal(found, ac_check(one_line(), hosting(d=100.0), power_factor=1.0))


@pytest.mark.parametrize(
    ("bus", "weights", "told"),
    [
        ("nowhere", {"g": 1.0}, "is no bus of the grid for row: 'nowhere'"),
        ("d", {"elsewhere": 1.0}, "is no bus of the grid for row: 'elsewhere'"),
        ("d", {"far": 1.0}, "where nobody answers for row: 'd'"),
        ("far", {"far": 1.0}, "without a slack bus for row: 'far'"),
    ],
)
def test_what_cannot_be_checked_is_refused_by_name(bus, weights, told, pandapower):
    with pytest.raises(NetworkError, match=told):
        ac_check(one_line(), hosting(**{bus: 1.0}), participation=pd.Series(weights))


def test_a_power_factor_beyond_one_is_refused(pandapower):
    with pytest.raises(ValueError, match="power_factor must be above 0"):
        ac_check(one_line(), hosting(d=1.0), power_factor=1.2)


def test_charging_of_a_transformer_is_left_out_and_told(pandapower):
    grid = one_line()
    lines = grid.lines.assign(kind="transformer", b_pu_100=0.1)
    with pytest.warns(AssumptionWarning, match="b_pu_100 of transformers has no place"):
        to_pandapower(replace(grid, lines=lines))


def test_a_missing_pandapower_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandapower", None)
    with pytest.raises(ImportError, match=r"pip install three-mismatches\[oracles\]"):
        ac_check(one_line(), hosting(d=1.0))
