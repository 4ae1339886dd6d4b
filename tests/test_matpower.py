"""Cases of MATPOWER, written here as text and as MAT-files, against the arrays that they were written from."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pypower.api
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from three_mismatches.errors import LayerError
from three_mismatches.inputs.matpower import read_matpower
from three_mismatches.layers.checks import check_table
from three_mismatches.layers.schemas import LAYERS

CASES = (
    "case9", "case6ww", "case14", "case24_ieee_rts", "case30", "case39", "case57", "case118", "case300",
)  # fmt: skip
FEW = ("case9", "case24_ieee_rts", "case300")
FOLDER = os.environ.get("TM_MATPOWER", "")  # of MATPOWER's own cases
LARGE = {
    "case1354pegase": (1354, 1991, 260), "case2869pegase": (2869, 4582, 510), "case9241pegase": (9241, 16049, 1445),
    "case_ACTIVSg2000": (2000, 3206, 544),
}  # fmt: skip
P_MIN_IS_BOUND = bool(LAYERS["generators"].columns["p_min"].checks)


def spelled(number):
    """Return a number as MATLAB writes it."""
    return repr(float(number)).replace("inf", "Inf").replace("nan", "NaN")


def matrix(rows, *, between="\t", end=";\n"):
    return "[\n" + "".join(between.join(map(spelled, row)) + end for row in rows) + "]"


def script(ppc, *, between="\t", end=";\n", version="'2'"):
    """Return a case as MATPOWER writes it as text."""
    base = f"mpc.version = {version};\nmpc.baseMVA = {spelled(ppc['baseMVA'])};\n"
    text = "function mpc = written\n%WRITTEN  A case.\n" + base
    for name in ("bus", "gen", "branch", "dcline"):
        if name in ppc:
            text += f"\n%% {name} data\nmpc.{name} = {matrix(ppc[name], between=between, end=end)};\n"
    return text


def small(**changed):
    """
    Return three buses in a row: 1 the reference at 20 kV, 2 and 3 at 110 kV; base 50 MVA.

    A transformer 1-2 with tap 0.98 and shift 30; two parallel lines 2-3, the second one written 3-2 and off.
    """
    ppc = {
        "baseMVA": 50.0,
        "bus": [
            [1, 3, 0, 0, 0, 0, 7, 1, 0, 20, 4, 1.1, 0.9],
            [2, 1, 40, 10, 2.5, 19, 7, 1, 0, 110, 4, 1.1, 0.9],
            [3, 2, 0, 5, 0, 0, 8, 1, 0, 110, 5, 1.1, 0.9],
        ],
        "gen": [
            [1, 30, 1, 60, -50, 1.02, 100, 1, 90, 10],
            [1, 20, 2, 60, -50, 1, 100, 0, 80, 0],
            [3, 15, 3, np.inf, -np.inf, 1.03, 100, 1, 40, 0],
        ],
        "branch": [
            [1, 2, 0.01, 0.1, 0.02, 100, 120, 130, 0.98, 30, 1, -360, 360],
            [2, 3, 0.02, 0.2, 0.04, 0, 0, 0, 0, 0, 1, -360, 360],
            [3, 2, 0.03, 0.3, 0.06, 70, 0, 75, 0, 0, 0, -360, 360],
        ],
    }
    return ppc | changed


def dc_line(**changed):
    """Return a DC line from bus 1 to bus 3 that carries 100 MW forward and 60 back and loses a twentieth."""
    names = (
        "f",
        "t",
        "status",
        "pf",
        "pt",
        "qf",
        "qt",
        "vf",
        "vt",
        "low",
        "high",
        "a",
        "b",
        "c",
        "d",
        "loss0",
        "loss1",
    )
    values = dict(zip(names, (1, 3, 1, 10, 9, 0, 0, 1, 1, -60, 100, -9, 9, -9, 9, 0, 0.05), strict=True))
    return list((values | changed).values())


@pytest.fixture
def read(tmp_path):
    """Return a reader of texts and of arrays."""

    def of(case, name="written.m"):
        path = tmp_path / name
        path.write_bytes((case if isinstance(case, str) else script(case)).encode())
        return read_matpower(path)

    return of


@pytest.fixture
def refuse(read):
    """Return what a reader says of a case that it refuses."""

    def of(case, name="written.m"):
        with pytest.raises(LayerError) as told:
            read(case, name)
        return str(told.value)

    return of


def edited(old, new, ppc=None):
    text = script(ppc or small())
    assert old in text
    return text.replace(old, new, 1)


def same(one, other):
    """Hold every table of a grid against those of another, but for the name of the file."""
    for name in ("buses", "loads", "generators", "lines", "links"):
        left, right = (pd.DataFrame(getattr(grid, name)).drop(columns="source") for grid in (one, other))
        pd.testing.assert_frame_equal(left, right)


# Against the arrays


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Return the arrays of a known case and the grid that is read from them, written as text."""
    folder = tmp_path_factory.mktemp("known")

    @cache
    def of(name):
        ppc = getattr(pypower.api, name)()
        (folder / f"{name}.m").write_text(script(ppc))
        return ppc, read_matpower(folder / f"{name}.m")

    return of


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
class TestKnownCases:
    @pytest.fixture
    def ppc(self, known, name):
        return known(name)[0]

    @pytest.fixture
    def grid(self, known, name):
        return known(name)[1]

    def test_every_row_is_there(self, ppc, grid):
        assert list(grid.buses.index) == [str(int(number)) for number in ppc["bus"][:, 0]]
        assert (len(grid.generators), len(grid.lines)) == (len(ppc["gen"]), len(ppc["branch"]))
        assert grid.buses["slack"].to_numpy().tolist() == (ppc["bus"][:, 1] == 3).tolist()

    def test_load_is_demand_and_shunt(self, ppc, grid):
        loads, bus = grid.loads, ppc["bus"]
        demand = loads.index.str.startswith("load ")
        assert loads["p_set"][demand].sum() == pytest.approx(bus[:, 2].sum(), abs=1e-9)
        assert loads["p_set"][~demand].sum() == pytest.approx(bus[:, 4].sum(), abs=1e-9)
        assert len(loads) == (bus[:, 2:4] != 0).any(axis=1).sum() + (bus[:, 4] != 0).sum()

    def test_generators_give_what_they_are_set_to(self, ppc, grid):
        gen, generators = ppc["gen"], grid.generators
        on = gen[:, 7] > 0
        np.testing.assert_array_equal(generators["p_set"], np.where(on, gen[:, 1], 0.0))
        np.testing.assert_array_equal(generators["p_nom"], gen[:, 8])
        np.testing.assert_array_equal(generators["status"] == "operating", on)

    def test_branches_keep_reactance_ratio_and_shift(self, ppc, grid):
        branch, lines = ppc["branch"], grid.lines
        np.testing.assert_allclose(lines["x_pu_100"], branch[:, 3] * 100.0 / ppc["baseMVA"], rtol=1e-15)
        np.testing.assert_array_equal(lines["tap_ratio"], np.where(branch[:, 8] == 0, 1.0, branch[:, 8]))
        np.testing.assert_array_equal(lines["phase_shift"], branch[:, 9])
        np.testing.assert_array_equal(lines["in_service"], branch[:, 10] > 0)

    def test_a_rating_of_zero_is_no_limit(self, ppc, grid):
        for column, name in ((5, "s_nom"), (6, "s_nom_short"), (7, "s_nom_emergency")):
            rating = ppc["branch"][:, column]
            np.testing.assert_array_equal(grid.lines[name], np.where(rating == 0, np.inf, rating))

    def test_ohms_are_per_unit_of_the_higher_voltage(self, ppc, grid):
        bus, branch = ppc["bus"], ppc["branch"]
        kv = dict(zip(bus[:, 0], np.where(bus[:, 9] == 0, np.nan, bus[:, 9]), strict=True))
        v_nom = np.array([np.fmax(kv[row[0]], kv[row[1]]) for row in branch])
        np.testing.assert_allclose(grid.lines["x"], branch[:, 3] * v_nom**2 / ppc["baseMVA"], rtol=1e-12)
        np.testing.assert_array_equal(grid.lines["v_nom"], v_nom)

    def test_parallel_branches_share_a_corridor(self, ppc, grid):
        ends = {frozenset(row) for row in ppc["branch"][:, :2].tolist()}
        assert grid.lines["corridor"].nunique() == len(ends)

    def test_a_mat_file_gives_the_same(self, ppc, grid, tmp_path):
        path = tmp_path / "written.mat"
        scipy.io.savemat(path, {"mpc": ppc})
        same(read_matpower(path), grid)

    def test_tables_are_valid(self, grid, name):
        for table in ("buses", "loads", "generators", "lines", "links"):
            frame = getattr(grid, table)
            pd.testing.assert_frame_equal(pd.DataFrame(check_table(table, frame)), pd.DataFrame(frame))
            assert (frame["source"] == f"MATPOWER case {name}.m").all()
            assert frame["licence"].isna().all()
            assert not frame["imputed"].any()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_flows_of_dc_power_flow_follow_from_the_tables(known):
    ppc, grid = known("case39")
    options = pypower.api.ppoption(VERBOSE=0, OUT_ALL=0)
    solved, _ = pypower.api.rundcpf(ppc, options)
    angle = pd.Series(np.deg2rad(solved["bus"][:, 8]), index=grid.buses.index)
    across = (
        grid.lines["bus0"].map(angle) - grid.lines["bus1"].map(angle) - np.deg2rad(grid.lines["phase_shift"])
    )
    flow = 100.0 * across / (grid.lines["x_pu_100"] * grid.lines["tap_ratio"])
    np.testing.assert_allclose(flow, solved["branch"][:, 13], atol=1e-6)


# What becomes of the columns


def test_impedances_by_hand(read):
    lines = read(small()).lines
    assert lines["x_pu_100"].tolist() == pytest.approx([0.2, 0.4, 0.6])
    assert lines["x"].tolist() == pytest.approx([0.1 * 110**2 / 50, 0.2 * 110**2 / 50, 0.3 * 110**2 / 50])
    assert lines["r"].tolist() == pytest.approx([0.01 * 242, 0.02 * 242, 0.03 * 242])
    assert lines["b_pu_100"].tolist() == pytest.approx([0.01, 0.02, 0.03])


def test_branches_by_hand(read):
    lines = read(small()).lines
    assert lines["kind"].tolist() == ["transformer", "line", "line"]
    assert lines["corridor"].tolist() == ["1-2", "2-3", "2-3"]
    assert lines["s_nom"].tolist() == [100.0, np.inf, 70.0]
    assert lines["s_nom_short"].tolist() == [120.0, np.inf, np.inf]
    assert lines["s_nom_emergency"].tolist() == [130.0, np.inf, 75.0]
    assert lines["in_service"].tolist() == [True, True, False]
    assert lines["tap_ratio"].tolist() == [0.98, 1.0, 1.0]


def test_a_corridor_sorts_buses_by_number(read):
    ppc = small()
    ppc["bus"][2][0] = ppc["gen"][2][0] = ppc["branch"][1][1] = ppc["branch"][2][0] = 10
    assert read(ppc).lines["corridor"].tolist() == ["1-2", "2-10", "2-10"]


def test_what_joins_two_voltages_is_a_transformer(read):
    ppc = small()
    ppc["branch"][0][8:10] = 0, 0
    assert read(ppc).lines["kind"].tolist() == ["transformer", "line", "line"]


def test_what_shifts_phases_is_a_transformer(read):
    ppc = small()
    ppc["branch"][1][9] = -5.0
    assert read(ppc).lines["kind"].tolist() == ["transformer", "transformer", "line"]


def test_buses_and_loads_by_hand(read):
    grid = read(small())
    assert grid.buses["v_nom"].tolist() == [20.0, 110.0, 110.0]
    assert grid.buses["matpower_area"].tolist() == [7, 7, 8]
    assert grid.buses["matpower_zone"].tolist() == [4, 4, 5]
    assert grid.buses["area"].isna().all()
    assert grid.buses["zone"].isna().all()
    assert grid.buses.geometry.isna().all()
    assert grid.buses.crs.to_epsg() == 4326
    assert grid.loads["p_set"].to_dict() == {"load 2": 40.0, "load 3": 0.0, "shunt 2": 2.5}
    assert grid.loads["q_set"].to_dict() == {"load 2": 10.0, "load 3": 5.0, "shunt 2": 0.0}
    assert grid.buses["shunt_mvar"].dropna().to_dict() == {"2": 19.0}
    assert grid.buses["v_mag_pu_set"].dropna().to_dict() == {"1": 1.02, "3": 1.03}


def test_generators_by_hand(read):
    generators = read(small()).generators
    assert generators["bus"].tolist() == ["1", "1", "3"]
    assert generators["p_set"].tolist() == [30.0, 0.0, 15.0]
    assert generators["q_set"].tolist() == [1.0, 0.0, 3.0]
    assert generators["p_min"].tolist() == [10.0, 0.0, 0.0]
    assert generators["status"].tolist() == ["operating", "retired", "operating"]
    assert generators["q_max"].tolist() == [60.0, 60.0, np.inf]
    assert set(generators["carrier"]) == {"other"}


@pytest.mark.skipif(P_MIN_IS_BOUND, reason="the schema of generators keeps p_min at 0 or above")
def test_a_dispatchable_load_is_a_generator_below_zero(read):
    ppc = small()
    ppc["gen"][2][8:10] = 0.0, -40.0
    ppc["gen"][1][8:10] = -5.0, -40.0
    generators = read(ppc).generators
    assert generators["p_nom"].tolist() == [90.0, 0.0, 0.0]
    assert generators["p_min"].tolist() == [10.0, -40.0, -40.0]


def test_an_unknown_voltage_leaves_ohms_unknown(read):
    ppc = small()
    ppc["bus"][1][9] = ppc["bus"][2][9] = 0
    grid = read(ppc)
    assert grid.buses["v_nom"].isna().tolist() == [False, True, True]
    assert grid.lines["x"].isna().tolist() == [False, True, True]
    assert grid.lines["x_pu_100"].notna().all()
    assert grid.lines["v_nom"].iloc[0] == 20.0


def test_nothing_works_at_an_isolated_bus(read):
    ppc = small(dcline=[dc_line(), dc_line(f=1, t=2)])
    ppc["bus"][2][1:6] = 4, 30, 5, 1, 1
    grid = read(ppc)
    assert list(grid.buses.index) == ["1", "2", "3"]
    assert list(grid.loads["bus"].unique()) == ["2"]
    assert grid.lines["in_service"].tolist() == [True, False, False]
    assert grid.generators["status"].tolist() == ["operating", "retired", "retired"]
    assert grid.generators["p_set"].tolist() == [30.0, 0.0, 0.0]
    assert list(grid.links.index) == ["dcline 2"]


def test_a_status_below_zero_is_out_of_service(read):
    ppc = small()
    ppc["gen"][0][7] = ppc["branch"][0][10] = -1
    grid = read(ppc)
    assert grid.generators["status"].iloc[0] == "retired"
    assert not grid.lines["in_service"].iloc[0]


def test_dc_lines_become_links(read):
    grid = read(small(dcline=[dc_line(), dc_line(status=0), dc_line(low=20), dc_line(low=-30, high=-10)]))
    assert list(grid.links.index) == ["dcline 1", "dcline 3", "dcline 4"]
    assert grid.links["p_nom"].tolist() == [100.0, 100.0, 0.0]
    assert grid.links["p_nom_reverse"].tolist() == [60.0, 0.0, 30.0]
    assert grid.links["efficiency"].tolist() == pytest.approx([0.95] * 3)
    assert grid.links[["bus0", "bus1", "carrier"]].iloc[0].tolist() == ["1", "3", "HVDC"]
    assert grid.links["p_set"].iloc[0] == 10.0


FUELS = "mpc.genfuel = {\n\t'ng';\n\t'hydrops'; % 'wind' once\n\t'syncgen';\n};\n"


def test_fuels_become_carriers(read):
    assert read(script(small()) + FUELS).generators["carrier"].tolist() == ["gas", "pumped_hydro", "other"]
    more = FUELS.replace("ng", "Coal").replace("hydrops", "DFO").replace("syncgen", "ess")
    assert read(script(small()) + more).generators["carrier"].tolist() == ["coal", "oil", "battery"]


def test_fuels_of_a_mat_file_become_carriers(tmp_path):
    fuels = np.array([["nuclear"], ["wood"], [""]], dtype=object)
    scipy.io.savemat(tmp_path / "a.mat", {"mpc": small() | {"version": "2", "genfuel": fuels}})
    assert read_matpower(tmp_path / "a.mat").generators["carrier"].tolist() == ["nuclear", "biomass", "other"]


def test_a_single_row_of_a_mat_file_is_a_row(tmp_path):
    scipy.io.savemat(tmp_path / "a.MAT", {"mpc": small(gen=small()["gen"][:1]) | {"version": 2.0}})
    assert len(read_matpower(str(tmp_path / "a.MAT")).generators) == 1


def test_the_other_tables_are_empty(read):
    grid = read(small())
    others = (
        "areas",
        "balances",
        "capacity",
        "pockets",
        "links",
        "interfaces",
        "interface_members",
        "certificate",
    )
    assert all(len(getattr(grid, name)) == 0 for name in others)


def test_a_case_may_have_no_generators_or_branches(read):
    grid = read(edited(matrix(small()["gen"]), "[]").replace(matrix(small()["branch"]), "[ ]"))
    assert (len(grid.buses), len(grid.generators), len(grid.lines)) == (3, 0, 0)


def test_columns_of_results_are_left_out(read):
    wide = [row + [0.5] * 8 for row in small()["branch"]]
    same(read(small(branch=wide)), read(small()))


# Ways to write the same


def widened(text):
    return text.replace("\n", " \t \n")


FIRST_ROW = "1.0\t3.0\t0.0"
REWRITINGS = {
    "commas": lambda text: text.replace("\t", ", "),
    "commas at row ends": lambda text: text.replace("\t", " ,").replace(";\n", ",;\n"),
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "byte-order mark": lambda text: "\ufeff" + text,
    "spaces": lambda text: widened(text.replace("\t", "   ")),
    "rows end with the line": lambda text: text.replace(";\n", "\n"),
    "rows on one line": lambda text: text.replace(";\n", "; ").replace("= [\n", "= [").replace("mpc.", "\nmpc."),
    "two semicolons": lambda text: text.replace(";\n", ";;\n"),
    "empty lines": lambda text: text.replace(";\n", ";\n\n\n"),
    "comments behind rows": lambda text: text.replace(";\n", "; % 1 ] ' ; mpc.bus = [\n"),
    "comments instead of semicolons": lambda text: text.replace("0.9;\n", "0.9 % Mvar ...\n"),
    "comments of Octave": lambda text: text.replace("%", "#"),
    "comments between rows": lambda text: text.replace(FIRST_ROW, "% 1 2 3\n%}\n" + FIRST_ROW),
    "block comments": lambda text: text.replace(FIRST_ROW, "%{\nmpc.gen = [\n %{\n %}\n1 2 3\n  %}\n" + FIRST_ROW),
    "continued rows": lambda text: text.replace(FIRST_ROW, "1 ... the ] rest\n 3 ...\n\t0"),
    "continued assignments": lambda text: text.replace("mpc.bus = [", "mpc.bus = ... [ 1\n  ["),
    "continued ends": lambda text: text.replace("'2';", "'2' ...\n;"),
    "no spaces": lambda text: text.replace(" = ", "="),
    "lower case": lambda text: text.replace("Inf", "inf"),
    "exponents": lambda text: text.replace("0.01", "1e-2").replace("110.0", "+1.1E+02").replace("0.98", "9.8d-1"),
    "bare points": lambda text: text.replace("0.02", ".02").replace("30.0", "30."),
    "version without quotes": lambda text: text.replace("'2'", "2"),
    "version in double quotes": lambda text: text.replace("'2'", '"2"'),
    "base in brackets": lambda text: text.replace("50.0;\n", "[50.0];\n", 1),
    "no version": lambda text: text.replace("mpc.version = '2';", ""),
    "no header": lambda text: text.replace("function mpc = written", ""),
    "another header": lambda text: text.replace("mpc = written", "[mpc] = written(a, b)"),
    "another struct": lambda text: text.replace("mpc", "my_case"),
    "an end": lambda text: text + "end % of the function\n",
    "a return": lambda text: text + "return;",
    "names": lambda text: text + "mpc.bus_name = {\n 'a ] % b'; 'it''s } ; {'; \"c\" % }\n};\n",
    "costs": lambda text: text + "mpc.gencost = [\n2 0 0 3 0.1 5 0; % ]\n1 0 0 2 0 0 9 9 ];\n",
    "further fields": lambda text: text + "mpc.a.b = 'x'; mpc.c = true; mpc.d = -1e3, mpc.e = {[1 2]; 'f'};",
    "several on one line": lambda text: text.replace("mpc.version = '2';\n", "mpc.version = '2', "),
}  # fmt: skip


@pytest.fixture(scope="module")
def as_written(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.m"
    path.write_text(script(small()))
    return read_matpower(path)


@pytest.mark.parametrize("way", REWRITINGS)
@pytest.mark.slow
def test_a_case_reads_the_same_however_it_is_written(way, read, as_written):
    text = script(small())
    rewritten = REWRITINGS[way](text)
    assert rewritten != text
    same(read(rewritten), as_written)


def test_a_comment_in_another_encoding_is_passed_over(tmp_path):
    path = tmp_path / "a.m"
    path.write_bytes(("% Universität\n" + script(small())).encode("latin-1"))
    assert len(read_matpower(path).buses) == 3


def test_a_file_is_left_as_it_was(tmp_path):
    path = tmp_path / "a.m"
    path.write_text(script(small()))
    read_matpower(path)
    assert path.read_text() == script(small())


# Faults


STATEMENTS = (
    "mpc.branch(:, 3) = mpc.branch(:, 3) / 100;",
    "mpc.bus(1, 3) = 5;",
    "for k = 1:3",
    "if true, mpc.baseMVA = 1; end",
    "mpc = scale_load(2, mpc);",
    "[PQ, PV] = idx_bus;",
    "Vbase = 12.66;",
    "mpc.note = sqrt(2);",
    "mpc.extra = [1 2]';",
    "mpc.extra = [1 2] / 2;",
    "mpc.extra = 100 / 3;",
    "mpc.extra == 3;",
    "x.bus = [1 2 3];",
    "mpc.version = '2' + 1;",
    "function helper",
    "return; mpc.extra = 1;",
    "disp('hello')",
    "]",
    "!ls",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_that_is_no_data_is_refused(statement, refuse):
    told = refuse(script(small()) + statement + "\n")
    assert "  statement  is not data for" in told
    assert f"line {script(small()).count(chr(10)) + 1}: " in told
    assert "nothing is run. Load the case in MATPOWER, write it with savecase, and read that file" in told


@pytest.mark.parametrize(
    "statement",
    ["system('touch {0}')", "mpc.x = system('touch {0}');", "!touch {0}", "mpc.bus(1) = eval('{0}');"],
)
def test_nothing_in_a_file_is_run(statement, refuse, tmp_path):
    made = tmp_path / "made"
    told = refuse(script(small()) + statement.format(made))
    assert "is not data" in told
    assert not made.exists()


def test_a_sum_that_is_continued_is_refused(refuse):
    assert "is not data" in refuse(script(small()) + "mpc.extra = 100 ...\n / 3;")


def test_a_comment_of_many_marks_takes_no_time(refuse):
    assert "is not data" in refuse(script(small()) + "end " + "% ' \" ... " * 3000 + "\nx")


def test_what_follows_an_open_bracket_is_not_called_missing(refuse):
    told = refuse(edited("]", ""))
    assert "mpc.bus  has no end for row: 'line 7'. Close its bracket" in told
    assert "missing" not in told


def test_a_continued_row_is_told_with_the_line_on_which_it_begins(refuse):
    assert "'line 8: one'" in refuse(edited(FIRST_ROW, "1 ...\n 3 ...\n one"))


def test_a_quote_behind_a_name_begins_no_text(read):
    text = script(small()) + "mpc.extra = [a' b]; mpc.genfuel = {'coal'; 'wind'; 'oil'};"
    assert read(text).generators["carrier"].tolist() == ["coal", "wind", "oil"]


def test_each_statement_is_told_with_its_line(refuse):
    text = script(small())
    first = text.count("\n") + 1
    told = refuse(text + "a = 1;\n% b = 2\nc = [1 ...\n 2\n 3];\nmpc.bus(2, 3) = 0;\n")
    assert f"for 3 rows: 'line {first}: a = 1', 'line {first + 2}: c = [1 ... 2 3]', " in told
    assert f"'line {first + 5}: mpc.bus(2, 3) = 0'" in told
    assert "1 problem" in told


def test_a_long_statement_is_shortened(refuse):
    told = refuse(script(small()) + "mpc.bus(:, [PD, QD]) = " + "mpc.bus(:, [PD, QD]) + " * 9 + "1;")
    assert "mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) + mpc.bus(:, ...'" in told


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "20.0\t4.0",
            "20.0/sqrt(3)\t4.0",
            "mpc.bus  holds what is no number for row: 'line 8: 20.0/sqrt(3)'",
        ),
        ("20.0\t4.0", "'20'\t4.0", "holds what is no number for row: \"line 8: '20'\""),
        ("20.0\t4.0", "20_0\t4.0", "20_0"),
        ("20.0\t4.0", "20.0 - 4.0", "'line 8: -'"),
        ("20.0\t4.0", "infinity\t4.0", "infinity"),
        ("20.0\t4.0", "２０\t4.0", "２０"),
        ("20.0\t4.0", "0x14\t4.0", "0x14"),
        ("20.0\t4.0", "20.0,,4.0", "'line 8: nothing between two commas'"),
        (
            "20.0\t4.0",
            "20.0,4.0,1",
            "has 14 columns in its first row and another number for 2 rows: 'line 9: 13'",
        ),
        ("20.0\t4.0", "20.0", "has 12 columns in its first row and another number"),
    ],
)
def test_what_is_no_number_is_told_with_its_line(old, new, told, refuse):
    said = refuse(edited(old, new))
    assert told in said
    assert said.startswith("written.m has 1 problem")


@pytest.mark.parametrize("name", ["baseMVA", "bus", "gen", "branch"])
def test_what_is_missing_is_told(name, refuse):
    told = refuse(script(small()).replace(f"mpc.{name} =", "mpc.other ="))
    assert f"mpc.{name}  is missing" in told
    assert "1 problem" in told


@pytest.mark.parametrize("name", ["bus", "gen", "branch", "dcline"])
def test_too_few_columns_are_told(name, refuse):
    ppc = small(dcline=[dc_line()])
    needed = {"bus": 13, "gen": 10, "branch": 11, "dcline": 17}[name]
    told = refuse(ppc | {name: [row[: needed - 1] for row in ppc[name]]})
    assert f"mpc.{name}  has {needed - 1} columns, and {needed} are needed. They are " in told


@pytest.mark.parametrize("name", ["bus", "gen", "branch", "dcline"])
def test_a_matrix_that_is_none_is_told(name, refuse):
    text = script(small(dcline=[dc_line()])).replace(f"mpc.{name} =", f"mpc.{name} = 5;\nmpc.other =")
    assert f"mpc.{name}  is not a matrix" in refuse(text)


def test_a_case_without_buses_is_told(refuse):
    assert "has no rows. A grid needs a bus" in refuse(edited(matrix(small()["bus"]), "[]"))


@pytest.mark.parametrize("base", ["0", "-100", "Inf", "NaN", "'100'x", "[100 100]", "{100}", "'a'"])
def test_a_base_that_is_none_is_told(base, refuse):
    assert "baseMVA" in refuse(edited("mpc.baseMVA = 50.0", f"mpc.baseMVA = {base}"))


@pytest.mark.parametrize("version", ["'1'", "1", "'3'", "'2.5'", "['1']"])
def test_another_version_is_told(version, refuse):
    assert "mpc.version  is " in refuse(script(small(), version=version))


def test_variables_of_version_1_are_told(refuse):
    text = script(small()).replace("mpc.version = '2';\n", "").replace("mpc.", "")
    header = "function [baseMVA, bus, gen, branch] = written"
    told = refuse(text.replace("function mpc = written", header))
    assert "version  is 1, where 2 is read for 5 rows" in told
    assert "missing" not in told


def test_a_matrix_that_does_not_end_is_told(refuse):
    text = script(small())
    told = refuse(text[: text.rindex("]")])
    assert (
        f"mpc.branch  has no end for row: 'line {text[: text.index('mpc.branch')].count(chr(10)) + 1}'"
        in told
    )


def test_a_block_comment_that_does_not_end_hides_the_rest(refuse):
    assert "mpc.branch  is missing" in refuse(edited("mpc.branch", "%{\nmpc.branch"))


def test_a_field_that_is_given_twice_is_told(refuse):
    text = script(small())
    told = refuse(text + "mpc.baseMVA = 50;\n")
    assert f"mpc.baseMVA  is given twice for row: 'line {text.count(chr(10)) + 1}'" in told


CHANGES = {
    "mpc.bus BUS_I is given twice for row: 'line 10: 2'": ("bus", 2, 0, 2),
    "mpc.bus BUS_I is no whole number above 0 for row: 'line 10: 3.5'": ("bus", 2, 0, 3.5),
    "mpc.bus BUS_I is no whole number above 0 for row: 'line 8: -1'": ("bus", 0, 0, -1),
    "mpc.bus BUS_I is no whole number above 0 for row: 'line 8: 1e+16'": ("bus", 0, 0, 1e16),
    "mpc.bus BUS_I is not a finite number for row: 'line 8: inf'": ("bus", 0, 0, np.inf),
    "mpc.bus BUS_TYPE is none of 1, 2, 3 and 4 for row: 'line 9: 5'": ("bus", 1, 1, 5),
    "mpc.bus PD is not a finite number for row: 'line 9: nan'": ("bus", 1, 2, np.nan),
    "mpc.gen GEN_BUS is no bus for row: 'line 16: 12'": ("gen", 1, 0, 12),
    "mpc.gen PMAX is NaN for row: 'line 15: nan'": ("gen", 0, 8, np.nan),
    "mpc.gen GEN_STATUS is not a finite number": ("gen", 0, 7, np.nan),
    "mpc.branch F_BUS is no bus for row: 'line 24: 99'": ("branch", 2, 0, 99),
    "mpc.branch T_BUS is no bus for row: 'line 24: 99'": ("branch", 2, 1, 99),
    "mpc.branch T_BUS is where the row begins, too for row: 'line 23: 2'": ("branch", 1, 1, 2),
    "mpc.branch BR_X is not a finite number for row: 'line 23: inf'": ("branch", 1, 3, np.inf),
    "mpc.branch RATE_A is NaN for row: 'line 23: nan'": ("branch", 1, 5, np.nan),
    "mpc.dcline F_BUS is no bus": ("dcline", 0, 0, 99),
    "mpc.dcline LOSS1 is not a finite number": ("dcline", 0, 16, np.nan),
    "lines has 1 problem s_nom is -5 but must be >= 0 MVA for row: '2'": ("branch", 1, 5, -5),
    "lines has 1 problem tap_ratio is -0.9 but": ("branch", 1, 8, -0.9),
    "links has 1 problem efficiency is -0.5 but": ("dcline", 0, 16, 1.5),
}


@pytest.mark.parametrize("told", CHANGES)
def test_a_value_that_no_case_can_have_is_told(told, refuse):
    name, row, column, value = CHANGES[told]
    ppc = small(dcline=[dc_line()])
    ppc[name][row][column] = value
    assert told in " ".join(refuse(ppc).split())


def test_every_fault_is_told_at_once(refuse):
    ppc = small()
    ppc["gen"][0][0] = ppc["branch"][0][0] = 77
    told = refuse(script(ppc).replace("'2'", "'1'") + "run('other')\nmpc.genfuel = {'ng'};")
    assert told.startswith("written.m has 5 problems")
    assert all(word in told for word in ("statement", "version", "GEN_BUS", "F_BUS", "1 texts for 3 rows"))


def test_a_path_that_is_no_case_is_told(tmp_path):
    (tmp_path / "case.raw").write_text("0")
    with pytest.raises(LayerError, match=r"ends with '\.raw'\. Give a case of MATPOWER: \.m or \.mat"):
        read_matpower(tmp_path / "case.raw")
    with pytest.raises(LayerError, match="does not exist"):
        read_matpower(tmp_path / "case.m")


def test_an_empty_text_lacks_everything(refuse):
    assert refuse("").startswith("written.m has 4 problems")


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"MATLAB 5.0 MAT-file" + bytes(200), bytes(range(256)) * 4]
)
def test_bytes_that_are_no_mat_file_are_told(content, tmp_path):
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(LayerError, match=r"a\.mat has 1 problem\n  file  "):
        read_matpower(tmp_path / "a.mat")


def test_a_mat_file_of_version_7_3_is_told(tmp_path):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(600))
    with pytest.raises(
        LayerError, match=r"is a MAT-file of version 7\.3\. Save it with save\(\.\.\., '-v7'\)"
    ):
        read_matpower(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"bus": [[1.0]], "branch": [[1.0]]}, "version  is 1, where 2 is read"),
        ({"case": {"bus": [[1.0]]}}, "file  has no struct 'mpc'"),
        ({"mpc": [[1.0]]}, "file  has no struct 'mpc'"),
        ({"mpc": np.array([(1.0,), (2.0,)], dtype=[("bus", object)])}, "file  has no struct 'mpc'"),
        ({"mpc": {"bus": [[1.0]]}}, "mpc.branch   is missing"),
        ({"mpc": small() | {"version": "1"}}, "mpc.version  is 1"),
        ({"mpc": small(baseMVA="many")}, "mpc.baseMVA  is not a number above 0"),
        ({"mpc": small(gen="none")}, "mpc.gen  is no matrix of real numbers"),
        ({"mpc": small(branch=np.array(small()["branch"]) * 1j)}, "mpc.branch  is no matrix of real numbers"),
        ({"mpc": small(gen=[[9.0] * 10])}, "mpc.gen GEN_BUS  is no bus for row: 'row 1: 9'"),
        (
            {"mpc": small() | {"genfuel": np.array(["ng"], dtype=object)}},
            "mpc.genfuel  has 1 texts for 3 rows",
        ),
    ],
)
def test_a_mat_file_that_is_no_case_is_told(content, told, tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", content)
    with pytest.raises(LayerError) as said:
        read_matpower(tmp_path / "a.mat")
    assert told in str(said.value)


# Any numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)
WITHIN = st.floats(0.0, 25_000.0)
SPACES = st.sampled_from(["\t", " ", ", ", " ,\t", "   ", " ...\n  "])


@given(data=st.data(), between=SPACES, end=st.sampled_from([";\n", "\n", ";", " ; % ]\n", ",\n"]))
def test_any_numbers_come_back_as_they_were(data, between, end, tmp_path_factory):
    ppc = small()
    for row in ppc["bus"]:
        row[2:4] = data.draw(st.lists(FINITE, min_size=2, max_size=2))
    for row in ppc["gen"]:
        row[1:3] = data.draw(st.lists(FINITE, min_size=2, max_size=2))
        row[8:10] = data.draw(st.lists(WITHIN, min_size=2, max_size=2))
    for row in ppc["branch"]:
        row[5:8] = data.draw(st.lists(st.floats(0.0), min_size=3, max_size=3))
        row[9] = data.draw(FINITE)
    path = tmp_path_factory.mktemp("any") / "any.m"
    path.write_text(script(ppc, between=between, end=end))
    grid = read_matpower(path)
    demand = {f"load {row[0]}": row[2] for row in ppc["bus"] if row[2] != 0}
    assert grid.loads["p_set"][grid.loads.index.str.startswith("load")].to_dict() == demand
    assert grid.generators["p_nom"].tolist() == [row[8] for row in ppc["gen"]]
    assert grid.generators["p_set"].tolist() == [row[1] if row[7] else 0.0 for row in ppc["gen"]]
    assert grid.lines["s_nom_short"].tolist() == [row[6] or np.inf for row in ppc["branch"]]
    assert grid.lines["phase_shift"].tolist() == [row[9] for row in ppc["branch"]]


@given(
    junk=st.text(alphabet="mpc.bus=[](){}'\";,%#\n .0123456789eInf+-*/:x…", max_size=40),
    cut=st.integers(0, 900),
)
def test_any_text_is_read_or_refused(junk, cut, tmp_path_factory):
    text = script(small())
    path = tmp_path_factory.mktemp("any") / "any.m"
    path.write_text(text[:cut] + junk + text[cut:])
    try:
        grid = read_matpower(path)
    except LayerError:
        return
    assert len(grid.buses) >= 1


# MATPOWER's own files


@pytest.mark.skipif(not FOLDER, reason="TM_MATPOWER names no folder of MATPOWER's cases")
@pytest.mark.parametrize("name", LARGE)
def test_large_cases_are_read_whole(name):
    path = Path(FOLDER) / f"{name}.m"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    if P_MIN_IS_BOUND:
        pytest.skip("the schema of generators keeps p_min at 0 or above")
    grid = read_matpower(path)
    assert (len(grid.buses), len(grid.lines), len(grid.generators)) == LARGE[name]
    assert set(grid.lines["bus0"]) | set(grid.lines["bus1"]) <= set(grid.buses.index)
