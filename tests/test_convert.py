"""Grids to PyPSA and pandapower and back: their own DC power flows are the oracle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_series_equal
from shapely.geometry import Point

from conftest import table
from pypower_grids import CASES, case, grid_of
from three_mismatches.convert import from_pandapower, from_pypsa, to_pandapower, to_pypsa
from three_mismatches.errors import AssumptionWarning, NetworkError
from three_mismatches.layers import Grid, empty
from three_mismatches.layers.schemas import LAYERS
from three_mismatches.power import dc_flow

TOLERANCE_MW = 1e-6

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of PyPSA, on the pandas to come
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of pandapower's own imports
]


@pytest.fixture
def pypsa() -> Any:
    return pytest.importorskip("pypsa")


@pytest.fixture
def pandapower() -> Any:
    return pytest.importorskip("pandapower")


def with_voltages(name: str) -> Grid:
    """Return a case of PYPOWER with the voltages that it states, 110 kV where it states none."""
    ppc = case(name)
    grid = grid_of(ppc)
    kv = pd.Series(ppc["bus"][:, 9], index=[str(int(one)) for one in ppc["bus"][:, 0]]).replace(0.0, 110.0)
    ends = pd.concat([grid.lines[end].map(kv) for end in ("bus0", "bus1")], axis="columns")
    return replace(
        grid, buses=grid.buses.assign(v_nom=kv), lines=grid.lines.assign(v_nom=ends.max(axis="columns"))
    )


def of(**layers: Any) -> Grid:
    """Return a grid of `{layer: {id: {column: value}}}`."""
    tables = {name: table(name, rows) for name, rows in layers.items()}
    return Grid(
        **{name: tables.get(name, empty(name)) for name in Grid.__dataclass_fields__ if name in LAYERS}
    )


def ring(**changes: Any) -> Grid:
    """
    Return a triangle of 220 kV and a bus of 66 kV behind a transformer with a tap and a phase shift.

    50 MW leave at d by the transformer alone; the 100 MW of a and those 50 MW split over the triangle.
    """
    layers: dict[str, Any] = {
        "buses": {
            "a": {"v_nom": 220.0, "slack": True, "geometry": Point(139.0, 35.0), "substation": "north"},
            "b": {"v_nom": 220.0, "geometry": Point(139.5, 35.5)},
            "c": {"v_nom": 220.0},
            "d": {"v_nom": 66.0},
        },
        "loads": {"lc": {"bus": "c", "p_set": 100.0}, "ld": {"bus": "d", "p_set": 50.0}},
        "generators": {
            "ga": {"bus": "a", "p_nom": 300.0, "p_set": 90.0, "carrier": "lng", "p_min": 30.0},
            "gb": {"bus": "b", "p_nom": 80.0, "p_set": 60.0, "carrier": "solar", "build_year": 2015},
            "gx": {"bus": "b", "p_nom": 80.0, "carrier": "coal", "status": "planned"},
        },
        "lines": {
            "ab": {"bus0": "a", "bus1": "b", "x": 20.0, "r": 2.0, "v_nom": 220.0, "s_nom": 200.0, "length": 50.0},
            "bc": {"bus0": "b", "bus1": "c", "x_pu_100": 0.05, "v_nom": 220.0, "s_nom": np.inf, "kind": "cable"},
            "ca": {"bus0": "c", "bus1": "a", "x_pu_100": -0.2, "v_nom": 220.0, "corridor": "west"},
            "ps": {"bus0": "a", "bus1": "c", "x_pu_100": 0.1, "v_nom": 220.0, "phase_shift": -7.0, "s_nom": 90.0},
            "cd": {"bus0": "c", "bus1": "d", "x_pu_100": 0.08, "v_nom": 220.0, "kind": "transformer",
                   "tap_ratio": 0.95, "phase_shift": 30.0, "s_nom": np.inf, "s_nom_emergency": 120.0},
            "db": {"bus0": "d", "bus1": "b", "x_pu_100": 0.3, "v_nom": 220.0, "kind": "transformer",
                   "tap_ratio": 1.1, "phase_shift": -30.0},
            "off": {"bus0": "a", "bus1": "b", "x_pu_100": 0.1, "v_nom": 220.0, "in_service": False},
        },
    }  # fmt: skip
    return of(**{**layers, **changes})


def lpf(network: Any) -> pd.Series:
    """Return what PyPSA's linear power flow sends through lines and transformers. [MW]"""
    network.lpf()
    found = pd.concat([network.lines_t.p0.iloc[0], network.transformers_t.p0.iloc[0]])
    return found.groupby(level=0).sum()


def solved(pandapower: Any, net: Any) -> dict[str, pd.Series]:
    """
    Return what pandapower's DC power flow sends through the rows of each table, leaving its first bus. [MW]

    Read from the solved matrices: on pandas 3, releases of pandapower solve the net and then cannot fill their tables.
    """
    try:
        pandapower.rundcpp(net)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
    flow = net._ppc["branch"][:, 13].real
    return {
        name: pd.Series(flow[start:stop], index=net[name].index if stop - start == len(net[name]) else None)
        for name, (start, stop) in net._pd2ppc_lookups["branch"].items()
    }


def rundcpp(pandapower: Any, net: Any) -> pd.Series:
    """Return what pandapower's DC power flow sends through lines and transformers of ours, leaving bus0. [MW]"""
    flows = solved(pandapower, net)
    parts = [flows["line"].set_axis(net.line["name"])]
    if "trafo" in flows:
        back = np.where(net.trafo["bus0_is_hv"].astype(bool), 1.0, -1.0)
        parts.append((flows["trafo"] * back).set_axis(net.trafo["name"]))
    return pd.concat(parts)


def apart(one: pd.Series, other: pd.Series) -> float:
    """Return the largest difference of flows, line by line. [MW]"""
    assert set(other.index) == set(one.index)
    return float((one - other.reindex(one.index).fillna(0.0)).abs().max())


def check_same(grid: Grid, back: Grid) -> None:
    """Check what a round trip keeps, whatever the order of the rows."""
    assert apart(dc_flow(grid), dc_flow(back)) < TOLERANCE_MW
    lines = back.lines.reindex(grid.lines.index)
    for name in ("bus0", "bus1", "kind", "in_service"):
        assert_series_equal(lines[name], grid.lines[name], check_dtype=False)
    for name in ("s_nom", "s_nom_emergency", "tap_ratio", "phase_shift"):
        np.testing.assert_allclose(lines[name], grid.lines[name], rtol=1e-12, err_msg=name)
    plants = back.generators.reindex(grid.generators.index)
    on = grid.generators["status"] == "operating"
    np.testing.assert_allclose(plants["p_set"][on], grid.generators["p_set"][on])
    assert list(plants["status"] == "operating") == list(on)
    assert_series_equal(plants["carrier"], grid.generators["carrier"], check_dtype=False)
    drawn = back.loads["p_set"].reindex(grid.loads.index)
    np.testing.assert_allclose(drawn, grid.loads["p_set"])
    assert_series_equal(back.buses["slack"].reindex(grid.buses.index), grid.buses["slack"], check_dtype=False)


# PyPSA


@pytest.mark.parametrize("name", CASES)
def test_pypsa_gives_our_flows_and_takes_the_grid_back(pypsa, name):
    grid = with_voltages(name)
    network = to_pypsa(grid)
    assert apart(dc_flow(grid), lpf(network)) < TOLERANCE_MW
    check_same(grid, from_pypsa(to_pypsa(grid)))


def test_pypsa_gives_our_flows_with_tap_shift_and_negative_reactance(pypsa):
    grid = ring()
    assert apart(dc_flow(grid), lpf(to_pypsa(grid))) < TOLERANCE_MW
    check_same(grid, from_pypsa(to_pypsa(grid)))


def test_pypsa_keeps_what_it_has_no_word_for(pypsa):
    back = from_pypsa(to_pypsa(ring()))
    assert back.lines.at["ca", "corridor"] == "west"
    assert back.buses.at["a", "substation"] == "north"
    assert back.buses.geometry["b"].equals(Point(139.5, 35.5))
    assert back.buses.geometry["c"] is None
    assert back.generators.at["gx", "status"] == "planned"
    assert back.generators.at["ga", "p_min"] == pytest.approx(30.0)


def test_what_is_out_of_service_is_inactive_in_pypsa(pypsa):
    network = to_pypsa(ring())
    assert not network.lines.at["off", "active"]
    assert not network.generators.at["gx", "active"]
    assert set(network.transformers.index) == {"ps", "cd", "db"}


def test_pypsa_slack_is_a_generator_of_its_own_where_the_bus_has_none(pypsa):
    network = to_pypsa(ring(generators={"gb": {"bus": "b", "p_nom": 200.0, "p_set": 150.0}}))
    assert network.generators.at["slack a", "control"] == "Slack"
    assert network.generators.at["gb", "control"] == "PQ"


def hand_built(pypsa: Any) -> Any:
    """Return two lines in parallel, a phase-shifting transformer and a link with losses, made by hand."""
    network = pypsa.Network(snapshots=[0, 1])
    network.add("Carrier", ["AC", "onwind", "CCGT", "magic", "DC"])
    network.add("Bus", ["a", "b", "c"], v_nom=[380.0, 380.0, 110.0], carrier="AC")
    network.add("Line", "ab", bus0="a", bus1="b", type="Al/St 240/40 4-bundle 380.0", length=80.0,
                num_parallel=2, s_nom=3000.0)  # fmt: skip
    network.add("Line", "ab2", bus0="a", bus1="b", x=25.0, r=2.0)
    network.add(
        "Transformer", "bc", bus0="b", bus1="c", x=0.12, r=0.01, s_nom=400.0, tap_ratio=0.95, phase_shift=12.0
    )
    network.add("Transformer", "typed", bus0="b", bus1="c", type="160 MVA 380/110 kV", tap_position=-3)
    network.add("Transformer", "ac", bus0="a", bus1="c", x=0.2, s_nom=200.0, model="pi")
    network.add("Link", "dc", bus0="a", bus1="c", p_nom=100.0, efficiency=0.95, p_set=40.0, carrier="DC")
    network.add("Generator", "wind", bus="b", p_nom=500.0, p_set=[90.0, 300.0], carrier="onwind")
    network.add("Generator", "gas", bus="a", p_nom=500.0, control="Slack", carrier="CCGT", p_min_pu=0.4)
    network.add("Generator", "odd", bus="a", p_nom=10.0, carrier="magic", p_set=5.0)
    network.add("Load", "town", bus="c", p_set=[250.0, 310.0])
    network.add("StorageUnit", "lake", bus="b", p_nom=50.0, p_min_pu=-1.0, p_set=-20.0)
    network.add("ShuntImpedance", "reactor", bus="c", g=0.001, b=0.01)
    return network


@pytest.mark.parametrize("snapshot", [0, 1])
def test_a_network_made_by_hand_flows_as_pypsa_says(pypsa, snapshot):
    network = hand_built(pypsa)
    flow = dc_flow(from_pypsa(network, snapshot))
    network.lpf()
    theirs = pd.concat([network.lines_t.p0.loc[snapshot], network.transformers_t.p0.loc[snapshot]])
    ours = flow.groupby(flow.index.str.replace(r"^ab-\d$", "ab", regex=True)).sum()
    assert apart(theirs, ours) < TOLERANCE_MW


def test_circuits_become_rows_and_carriers_ours(pypsa):
    grid = from_pypsa(hand_built(pypsa), 1)
    assert list(grid.lines.index) == ["ab-1", "ab-2", "ab2", "bc", "typed", "ac"]
    assert list(grid.lines["s_nom"][:2]) == [1500.0, 1500.0]
    assert list(grid.lines["corridor"][:2]) == ["ab", "ab"]
    assert np.isnan(grid.lines.at["ab2", "s_nom"])
    assert list(grid.generators["carrier"]) == ["wind", "gas", "other", "other"]
    assert grid.generators.at["odd", "carrier_in_source"] == "magic"
    assert grid.generators.at["wind", "p_set"] == 300.0
    assert list(grid.buses.index[grid.buses["slack"]]) == ["a"]
    assert grid.links.at["dc", "p_nom_reverse"] == 0.0


def test_series_without_a_snapshot_are_told(pypsa):
    with pytest.warns(AssumptionWarning, match="pass snapshot="):
        from_pypsa(hand_built(pypsa))
    with pytest.raises(KeyError, match="no snapshot 7"):
        from_pypsa(hand_built(pypsa), 7)


def test_from_pypsa_leaves_the_network_as_it_was(pypsa):
    network = hand_built(pypsa)
    before = network.lines.copy()
    from_pypsa(network, 0)
    pd.testing.assert_frame_equal(network.lines, before)


def test_an_optimised_network_is_taken_too(pypsa):
    network = pypsa.Network()
    network.add("Carrier", "AC")
    network.add("Bus", "a", carrier="AC")
    network.add("Generator", "g", bus="a", p_nom=10.0, marginal_cost=1.0)
    network.add("Load", "l", bus="a", p_set=4.0)
    network.optimize(log_to_console=False)
    assert from_pypsa(network).loads.at["l", "p_set"] == 4.0


LINKS = {
    "fwd": {"bus0": "a", "bus1": "c", "p_nom": 60.0, "p_nom_reverse": 0.0, "efficiency": 0.9, "p_set": 30.0},
    "back": {
        "bus0": "a",
        "bus1": "d",
        "p_nom": 80.0,
        "p_nom_reverse": 40.0,
        "efficiency": 0.95,
        "p_set": -20.0,
    },
    "free": {"bus0": "b", "bus1": "d", "p_set": -5.0, "carrier": "FC", "poles": 2},
    "idle": {"bus0": "b", "bus1": "a", "p_nom": 10.0, "p_nom_reverse": 25.0},
}


def test_links_bring_to_pypsa_what_they_bring_to_us(pypsa):
    grid = ring(links=LINKS)
    network = to_pypsa(grid)
    assert apart(dc_flow(grid), lpf(network)) < TOLERANCE_MW
    back = from_pypsa(to_pypsa(grid)).links
    assert back.at["back reverse", "p_nom"] == 40.0
    assert (back.at["free", "p_nom"], back.at["free", "p_nom_reverse"]) == (np.inf, np.inf)
    assert (back.at["idle", "p_nom"], back.at["idle", "p_nom_reverse"]) == (10.0, 25.0)
    assert (back.at["free", "carrier"], back.at["free", "poles"]) == ("FC", 2.0)
    assert apart(dc_flow(grid), dc_flow(from_pypsa(network))) < TOLERANCE_MW


def test_what_a_grid_cannot_hold_is_refused_by_name(pypsa):
    network = hand_built(pypsa)
    network.add("Store", "tank", bus="a", e_nom=10.0)
    with pytest.raises(NetworkError, match="cannot be held by a grid for row: 'tank'"):
        from_pypsa(network, 0)


def test_a_link_that_creates_power_is_refused(pypsa):
    network = hand_built(pypsa)
    network.links.loc["dc", "p_set"] = -10.0
    with pytest.raises(NetworkError, match="creates power for row: 'dc'"):
        from_pypsa(network, 0)


def test_buses_without_electricity_are_left_out_and_told(pypsa):
    network = hand_built(pypsa)
    network.add("Carrier", "gas")
    network.add("Bus", "well", carrier="gas")
    network.add("Link", "plant", bus0="well", bus1="a", p_nom=10.0, efficiency=0.5)
    with pytest.warns(AssumptionWarning, match="'well'|'plant'"):
        grid = from_pypsa(network, 0)
    assert "well" not in grid.buses.index
    assert list(grid.links.index) == ["dc"]


# pandapower


@pytest.mark.parametrize("name", CASES)
def test_pandapower_gives_our_flows_and_takes_the_grid_back(pandapower, name):
    grid = with_voltages(name)
    net = to_pandapower(grid)
    check_same(grid, from_pandapower(net))
    assert apart(dc_flow(grid), rundcpp(pandapower, net)) < TOLERANCE_MW


def test_pandapower_gives_our_flows_with_tap_shift_and_negative_reactance(pandapower):
    grid = ring()
    net = to_pandapower(grid)
    check_same(grid, from_pandapower(net))
    assert apart(dc_flow(grid), rundcpp(pandapower, net)) < TOLERANCE_MW


def test_pandapower_keeps_what_it_has_no_word_for(pandapower):
    back = from_pandapower(to_pandapower(ring()))
    assert back.lines.at["ca", "corridor"] == "west"
    assert back.lines.at["ab", "length"] == 50.0
    assert back.buses.at["a", "substation"] == "north"
    assert back.buses.geometry["b"].equals(Point(139.5, 35.5))
    assert back.generators.at["gx", "status"] == "planned"
    assert back.generators.at["slack a", "p_set"] == 0.0


def test_the_higher_voltage_is_the_hv_bus(pandapower):
    net = to_pandapower(ring())
    kv = net.bus["vn_kv"]
    assert (kv[net.trafo["hv_bus"]].to_numpy() >= kv[net.trafo["lv_bus"]].to_numpy()).all()
    row = net.trafo.set_index("name").loc["db"]
    assert (row["vn_lv_kv"], row["shift_degree"]) == (pytest.approx(66.0 * 1.1), 30.0)


def test_links_bring_to_pandapower_what_they_bring_to_us(pandapower):
    grid = ring(links=LINKS)
    net = to_pandapower(grid)
    back = from_pandapower(net)
    assert apart(dc_flow(grid), dc_flow(back)) < TOLERANCE_MW
    assert (back.links.at["back", "bus0"], back.links.at["back", "p_set"]) == ("d", 20.0)
    assert (back.links.at["free", "p_nom"], back.links.at["free", "carrier"]) == (np.inf, "FC")
    assert not back.loads.index.str.startswith("rest").any()


def check_against(pandapower: Any, net: Any) -> Grid:
    """Check that a net flows as pandapower says, row by row of each of its tables; return it as a grid."""
    grid = from_pandapower(net)
    flow, of_table = dc_flow(grid), grid.lines["pandapower_table"]
    for name, theirs in solved(pandapower, net).items():
        ours = flow[of_table == name]
        rows = grid.lines.loc[ours.index, "pandapower_index"]
        if len(ours) != len(theirs):
            ours = ours.groupby(rows.to_numpy()).sum()
        assert np.abs(ours.to_numpy() - theirs.fillna(0.0).to_numpy()).max() < TOLERANCE_MW, name
    return grid


@pytest.mark.filterwarnings("ignore::three_mismatches.errors.AssumptionWarning")
@pytest.mark.parametrize(
    "name",
    [
        "case118",
        "case300",
        "case1354pegase",
        pytest.param("case2869pegase", marks=pytest.mark.slow),
        pytest.param("case9241pegase", marks=pytest.mark.slow),
    ],
)
def test_a_net_of_pandapower_flows_as_it_says(pandapower, name):
    pytest.importorskip("pandapower.networks")
    net = getattr(pandapower.networks, name)()
    grid = check_against(pandapower, net)
    assert len(grid.lines) == len(net.line) + len(net.trafo) + len(net.impedance)
    assert len(grid.buses) == len(net.bus)


def test_shunts_wards_impedances_switches_and_parallels_count(pandapower):
    net = to_pandapower(ring())
    bus = {name: at for at, name in net.bus["name"].items()}
    extra = pandapower.create_buses(net, 2, vn_kv=220.0, name=["e", "f"])
    pandapower.create_shunts(net, [bus["c"]], q_mvar=[5.0], p_mw=[7.0], step=[2])
    pandapower.create_wards(net, [bus["b"]], [3.0], [0.0], [4.0], [0.0])
    pandapower.create_storages(net, [bus["d"]], [6.0], [10.0], name=["cell"])
    pandapower.create_sgens(net, [bus["d"]], [11.0], name=["pv"], scaling=0.5)
    pandapower.create_impedances(net, [bus["b"]], [extra[0]], [0.0], [0.02], [100.0], name=["imp"])
    pandapower.create_loads(net, [extra[1]], [9.0], name=["le"])
    pandapower.create_switches(net, [extra[0], bus["b"]], [extra[1], int(net.line.index[0])], ["b", "l"],
                               closed=[True, True])  # fmt: skip
    net.line.loc[net.line["name"] == "bc", "parallel"] = 2
    net.trafo = net.trafo.drop(columns="bus0_is_hv")  # so that bus0 is hv_bus, as in any net
    grid = check_against(pandapower, net)
    assert {"bc-1", "bc-2", "imp"} <= set(grid.lines.index)
    assert grid.buses.at["e", "merged_buses"] == "e; f"
    assert grid.loads.at["rest at c", "p_set"] == pytest.approx(14.0)
    assert grid.loads.at["rest at b", "p_set"] == pytest.approx(7.0)
    assert (grid.generators.at["cell", "p_set"], grid.generators.at["pv", "p_set"]) == (-6.0, 5.5)


def test_from_pandapower_leaves_the_net_as_it_was(pandapower):
    net = to_pandapower(ring())
    before = net.trafo.copy()
    from_pandapower(net)
    pd.testing.assert_frame_equal(net.trafo, before)


def test_a_net_without_balance_is_refused(pandapower):
    net = to_pandapower(ring())
    net.ext_grid["in_service"] = False
    with pytest.raises(NetworkError, match="has no row in service"):
        from_pandapower(net)


def test_two_external_grids_in_one_part_are_refused_by_name(pandapower):
    net = to_pandapower(ring())
    net.gen.loc[net.gen["name"] == "gb", "slack"] = True
    with pytest.raises(NetworkError, match="several buses of one part of the network for 2 rows: 'a', 'b'"):
        from_pandapower(net)


def test_three_windings_extended_wards_and_open_ends_count(pandapower):
    pytest.importorskip("pandapower.networks")
    try:
        net = pandapower.networks.example_multivoltage()
    except TypeError:
        pytest.skip("this release of pandapower cannot add rows on this release of pandas")
    grid = check_against(pandapower, net)
    assert {"trafo3w", "xward", "impedance"} <= set(grid.lines["pandapower_table"])


def test_what_no_external_grid_reaches_is_out_of_service_and_told(pandapower):
    net = to_pandapower(ring())
    far = pandapower.create_buses(net, 1, vn_kv=66.0, name=["far"])
    pandapower.create_loads(net, far, [5.0], name=["lost"])
    with pytest.warns(AssumptionWarning, match="no external grid reaches"):
        grid = from_pandapower(net)
    assert "lost" not in grid.loads.index
    assert apart(dc_flow(ring()), dc_flow(grid)) < TOLERANCE_MW


# Both


@pytest.fixture(params=["pypsa", "pandapower"])
def converted(request) -> Any:
    """Return the function that converts a grid, for each library that is installed."""
    pytest.importorskip(request.param)
    return {"pypsa": to_pypsa, "pandapower": to_pandapower}[request.param]


def test_the_area_end_of_a_link_is_refused_by_name(converted):
    areas = {"south": {"name": "South", "geometry": Point(139.0, 34.0).buffer(0.1)}}
    links = {"tie": {"bus0": "a", "bus1": "south", "p_nom": 10.0}, "odd": {"bus0": "a", "bus1": "nowhere"}}
    with pytest.raises(NetworkError) as raised:
        converted(ring(areas=areas, links=links))
    assert "is an area, no bus for row: 'tie'" in str(raised.value)
    assert "is no bus for row: 'odd'" in str(raised.value)


def test_missing_voltages_reactances_and_second_slacks_are_refused(converted):
    grid = ring()
    v_nom = grid.buses["v_nom"].where(grid.buses.index != "b")
    x = grid.lines["x_pu_100"].where(grid.lines.index != "bc")
    with pytest.raises(NetworkError) as raised:
        converted(replace(grid, buses=grid.buses.assign(v_nom=v_nom), lines=grid.lines.assign(x_pu_100=x)))
    assert "is missing for row: 'b'" in str(raised.value)
    assert "is missing, 0 or infinite for row: 'bc'" in str(raised.value)
    with pytest.raises(NetworkError, match="is named for several buses"):
        converted(replace(grid, buses=grid.buses.assign(slack=True)))
    with pytest.raises(NetworkError, match="has no rows"):
        converted(of())


def test_a_missing_library_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pypsa", None)
    monkeypatch.setitem(__import__("sys").modules, "pandapower", None)
    for convert in (to_pypsa, to_pandapower, from_pypsa, from_pandapower):
        with pytest.raises(ImportError, match=r"pip install three-mismatches\[oracles\]"):
            convert(ring())


def test_a_generator_at_no_bus_is_left_out_and_told(converted):
    plants = {"ga": {"bus": "a", "p_nom": 300.0, "p_set": 150.0}, "lost": {"p_nom": 10.0, "p_set": 1.0}}
    with pytest.warns(AssumptionWarning, match="bus is missing for 'lost'"):
        converted(ring(generators=plants))
