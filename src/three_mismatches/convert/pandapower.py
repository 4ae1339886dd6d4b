"""Grids as nets of pandapower, and back."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.convert._tables import (
    BASE_MVA,
    UNLIMITED,
    as_grid,
    carried,
    check_convertible,
    chosen_ids,
    is_transformer,
    library,
    note,
    our_carrier,
    parts_of,
    per_circuit,
    reactance,
    resistance,
)
from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.layers.schemas import CRS

__all__ = ["from_pandapower", "to_pandapower"]

ROOT3 = 3.0**0.5
NANO = 1e9
UNLIMITED_KA = 99_999.0
"""Current without limit, as pandapower's own converters write it."""

OWN = {
    "buses": frozenset({"v_nom", "slack", "zone", "v_mag_pu_set", "shunt_mvar"}),
    "lines": frozenset({
        "bus0", "bus1", "v_nom", "x", "r", "x_pu_100", "b_pu_100", "tap_ratio", "phase_shift", "s_nom", "in_service",
    }),
    "generators": frozenset({"name", "bus", "carrier", "p_nom", "p_min", "p_set"}),
    "loads": frozenset({"bus", "p_set", "q_set"}),
    "links": frozenset({"name", "bus0", "bus1", "p_nom", "efficiency"}),
}  # fmt: skip
"""Columns that pandapower states in its own words."""

REFUSED = (
    "bus_dc",
    "line_dc",
    "load_dc",
    "source_dc",
    "vsc",
    "b2b_vsc",
    "vsc_stacked",
    "vsc_bipolar",
    "tcsc",
    "ssc",
)

# Columns of pandapower's matrices, which are those of MATPOWER's version 2.
BUS_TYPE, BUS_PD, BUS_QD, BUS_GS, BUS_BS, BUS_KV = 1, 2, 3, 4, 5, 9
F_BUS, T_BUS, BR_R, BR_X, BR_B, BR_TAP, BR_SHIFT, BR_STATUS = 0, 1, 2, 3, 4, 8, 9, 10
GEN_BUS, GEN_PG, GEN_VG, GEN_STATUS = 0, 1, 5, 7
REFERENCE, ISOLATED = 3, 4
LIMITS = ("max_p_mw", "min_p_mw", "sn_mva")
ZERO_MW = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def to_pandapower(grid: Grid) -> Any:  # noqa: ANN401 - a pandapowerNet, which may not be installed
    """
    Return a grid at line resolution as a net of pandapower.

    `pandapower.rundcpp` gives the flows of `dc_flow` in each part of the network that has a slack bus; it takes the
    others out of service. `pandapower.runpp(net, trafo_model="pi")` gives MATPOWER's AC power flow of `read_matpower`.

    Parameters
    ----------
    grid
        With `buses` that have `v_nom`, and links between buses.

    Returns
    -------
    net
        A `pandapowerNet` of 100 MVA. Ids are in the column `name`. What is a transformer by its kind, the voltages of
        its buses, its tap or its phase shift is in `trafo`, its higher voltage as `hv_bus`; the others are in `line`,
        1 km long where no length is known. A slack bus has an `ext_grid`, a link is a `dcline` that runs the way its
        `p_set` does. Columns that pandapower has no word for are further columns of its tables.

    Raises
    ------
    ImportError
        If pandapower is not installed.
    NetworkError
        If a bus has no voltage, a line has no reactance, an end is no bus, or a part of the network has several slack
        buses, with every such fault.

    Warns
    -----
    AssumptionWarning
        For generators that are at no bus (left out) or without `p_set` (taken as 0 MW), and for the charging of
        transformers (left out).

    Notes
    -----
    An unlimited rating of a line becomes 99,999 kA, as in pandapower's own converters. A transformer's impedance is per
    cent of its rating: one that is unlimited or unknown becomes 1,000,000 MVA, and `s_nom_known` tells them apart.
    For AC power flow, `loads.q_set`, `lines.b_pu_100` and `buses.shunt_mvar` are taken as 0 where they are unknown,
    and `buses.v_mag_pu_set` as 1: every generator and both ends of a link hold the voltage of their bus, without limit.

    Examples
    --------
    >>> pandapower.rundcpp(to_pandapower(grid))  # doctest: +SKIP
    """
    pandapower = library("pandapower")
    check_convertible(grid)
    net = pandapower.create_empty_network(sn_mva=BASE_MVA)
    at = _write_buses(pandapower, net, grid)
    transformer = is_transformer(grid)
    _write_lines(pandapower, net, grid, at, ~transformer)
    _write_transformers(pandapower, net, grid, at, transformer)
    _write_generators(pandapower, net, grid, at)
    if len(grid.loads):
        loads = grid.loads
        pandapower.create_loads(
            net,
            at[loads["bus"]].to_numpy(),
            loads["p_set"].to_numpy(),
            loads["q_set"].fillna(0.0).to_numpy(),
            name=_names(loads),
        )
    _write_links(net, grid, at)
    return net


def _names(frame: pd.DataFrame) -> list[str]:
    return [str(one) for one in frame.index]


def _keep(net: Any, table: str, further: pd.DataFrame) -> None:  # noqa: ANN401
    """Add further columns to a table, whose rows are ours; pandapower adds no row where flags would be missing."""
    for name in further:
        net[table][name] = (
            further[name].astype(object).to_numpy()
            if further[name].dtype == bool
            else further[name].to_numpy()
        )


def _write_buses(pandapower: Any, net: Any, grid: Grid) -> pd.Series:  # noqa: ANN401
    """Write the buses; return the number of each."""
    buses = grid.buses
    zone = [None if pd.isna(one) else str(one) for one in buses["zone"]]
    at = pandapower.create_buses(
        net, len(buses), vn_kv=buses["v_nom"].to_numpy(), name=_names(buses), zone=zone
    )
    points = buses.geometry.to_numpy()
    geo = [None if one is None or one.is_empty else shapely.to_geojson(one) for one in points]
    net.bus["geo"] = pd.Series(geo, index=net.bus.index, dtype=object)
    _keep(net, "bus", carried(buses, "buses", OWN["buses"]))
    slack = buses["slack"].to_numpy(dtype=bool)
    _append(net, "ext_grid", {
        "name": [f"slack {bus}" for bus in buses.index[slack]], "bus": np.asarray(at)[slack],
        "vm_pu": _held(buses)[slack].to_numpy(), "va_degree": 0.0, "slack_weight": 1.0, "in_service": True,
    })  # fmt: skip
    shunts = buses["shunt_mvar"].fillna(0.0).to_numpy()
    if shunts.any():
        given = shunts != 0.0
        names = [f"shunt {bus}" for bus in buses.index[given]]
        pandapower.create_shunts(net, np.asarray(at)[given], q_mvar=-shunts[given], name=names)
    return pd.Series(np.asarray(at, dtype=np.int64), index=buses.index)


def _held(buses: pd.DataFrame) -> pd.Series:
    """Return the voltage that generators hold at each bus. [p.u.]"""
    found: pd.Series = buses["v_mag_pu_set"].astype(float).fillna(1.0)
    return found


def _append(net: Any, table: str, columns: dict[str, Any]) -> None:  # noqa: ANN401
    """Fill an empty table, which pandapower itself fills row by row, and not on every pandas."""
    kinds = net[table].dtypes
    rows = pd.DataFrame(columns)
    rows.index = pd.RangeIndex(len(rows))
    every = rows.reindex(columns=[*kinds.index, *rows.columns.difference(kinds.index, sort=False)])
    net[table] = every.astype({name: kinds[name] for name in kinds.index if name in rows})


def _write_lines(pandapower: Any, net: Any, grid: Grid, at: pd.Series, chosen: pd.Series) -> None:  # noqa: ANN401
    lines = grid.lines[chosen]
    if not len(lines):
        return
    kv = lines["bus0"].map(grid.buses["v_nom"]).astype(float)
    base, length = kv**2 / BASE_MVA, lines["length"].where(lines["length"] > 0.0, 1.0)
    charging = lines["b_pu_100"].astype(float).fillna(0.0) / base / (2.0 * np.pi * net.f_hz) * NANO
    pandapower.create_lines_from_parameters(
        net,
        at[lines["bus0"]].to_numpy(),
        at[lines["bus1"]].to_numpy(),
        length_km=length.to_numpy(),
        r_ohm_per_km=(resistance(lines) * base / length).to_numpy(),
        x_ohm_per_km=(reactance(lines).fillna(0.0) * base / length).to_numpy(),
        c_nf_per_km=(charging / length).to_numpy(),
        max_i_ka=(lines["s_nom"] / (ROOT3 * kv)).clip(upper=UNLIMITED_KA).to_numpy(),
        name=_names(lines),
        type=["cs" if kind == "cable" else "ol" for kind in lines["kind"]],
        in_service=lines["in_service"].to_numpy(dtype=bool),
    )
    _keep(net, "line", carried(lines, "lines", OWN["lines"]))


def _write_transformers(pandapower: Any, net: Any, grid: Grid, at: pd.Series, chosen: pd.Series) -> None:  # noqa: ANN401
    """Write transformers, the tap on the side of bus0, be it the higher voltage or the lower."""
    lines = grid.lines[chosen]
    if not len(lines):
        return
    kv0, kv1 = (lines[end].map(grid.buses["v_nom"]).astype(float) for end in ("bus0", "bus1"))
    up = kv0 < kv1  # bus0 is the lower voltage
    tap, shift = lines["tap_ratio"].fillna(1.0), lines["phase_shift"].fillna(0.0)
    rating = lines["s_nom"].replace(np.inf, UNLIMITED).fillna(UNLIMITED)
    x, r = reactance(lines).fillna(0.0), resistance(lines)
    percent = rating / BASE_MVA * 100.0
    charged = lines["b_pu_100"].fillna(0.0).ne(0.0)
    if charged.any():
        note(
            f"lines: b_pu_100 of transformers has no place in pandapower: left out for {chosen_ids(charged)}"
        )
    pandapower.create_transformers_from_parameters(
        net,
        at[lines["bus0"].where(~up, lines["bus1"])].to_numpy(),
        at[lines["bus1"].where(~up, lines["bus0"])].to_numpy(),
        sn_mva=rating.to_numpy(),
        vn_hv_kv=(kv0 * tap).where(~up, kv1).to_numpy(),
        vn_lv_kv=kv1.where(~up, kv0 * tap).to_numpy(),
        vkr_percent=(r * percent).to_numpy(),
        vk_percent=(np.where(x < 0.0, -1.0, 1.0) * np.hypot(r, x) * percent).to_numpy(),
        pfe_kw=0.0,
        i0_percent=0.0,
        shift_degree=shift.where(~up, -shift).to_numpy(),
        name=_names(lines),
        in_service=lines["in_service"].to_numpy(dtype=bool),
    )
    further = carried(lines, "lines", OWN["lines"])
    _keep(net, "trafo", further.assign(s_nom_known=lines["s_nom"].notna(), bus0_is_hv=~up))


def _write_generators(pandapower: Any, net: Any, grid: Grid, at: pd.Series) -> None:  # noqa: ANN401
    away = grid.generators["bus"].isna()
    if away.any():
        note(f"generators: bus is missing for {chosen_ids(away)}: left out; match them to buses first")
    plants = grid.generators[~away]
    if not len(plants):
        return
    working = plants["status"].eq("operating")
    untold = working & plants["p_set"].isna()
    if untold.any():
        note(
            f"generators: p_set is missing for {chosen_ids(untold)}: taken as 0 MW; base_dispatch() finds one"
        )
    pandapower.create_gens(
        net,
        at[plants["bus"]].to_numpy(),
        plants["p_set"].fillna(0.0).to_numpy(),
        vm_pu=plants["bus"].map(_held(grid.buses)).to_numpy(),
        name=_names(plants),
        min_p_mw=plants["p_min"].to_numpy(),
        max_p_mw=plants["p_nom"].to_numpy(),
        type=plants["carrier"].astype(str).to_list(),
        in_service=working.to_numpy(),
    )
    _keep(net, "gen", carried(plants, "generators", OWN["generators"]))


def _write_links(net: Any, grid: Grid, at: pd.Series) -> None:  # noqa: ANN401
    """Write the links, each in the direction in which it runs."""
    links = grid.links
    if not len(links):
        return
    power = (
        links["p_set"].astype(float).fillna(0.0) if "p_set" in links else pd.Series(0.0, index=links.index)
    )
    ends = [at[links[end]].to_numpy() for end in ("bus0", "bus1")]
    held = [links[end].map(_held(grid.buses)).to_numpy() for end in ("bus0", "bus1")]
    limits = [links["p_nom"].to_numpy(), links["p_nom_reverse"].fillna(links["p_nom"]).to_numpy()]
    back = power.to_numpy() < 0.0
    _append(net, "dcline", {
        "name": _names(links), "from_bus": np.where(back, ends[1], ends[0]), "to_bus": np.where(back, ends[0], ends[1]),
        "p_mw": power.abs().to_numpy(), "loss_percent": (1.0 - links["efficiency"].to_numpy()) * 100.0, "loss_mw": 0.0,
        "vm_from_pu": np.where(back, held[1], held[0]), "vm_to_pu": np.where(back, held[0], held[1]),
        "in_service": True,
        "max_p_mw": np.minimum(np.where(back, limits[1], limits[0]), UNLIMITED),
        "p_nom_reverse": np.minimum(np.where(back, limits[0], limits[1]), UNLIMITED),
    })  # fmt: skip
    _keep(net, "dcline", carried(links, "links", OWN["links"] | {"p_nom_reverse"}))


def from_pandapower(net: Any) -> Grid:  # noqa: ANN401 - a pandapowerNet
    """
    Return a net of pandapower as a grid; the net itself is not changed.

    `dc_flow` of it gives what `pandapower.rundcpp` gives.

    Parameters
    ----------
    net
        A `pandapowerNet` with an external grid or a slack generator in service.

    Returns
    -------
    grid
        `buses` are what remains where closed switches join buses (`merged_buses` lists them), with the inner nodes that
        pandapower adds for three-winding transformers, extended wards and open ends. `lines` holds lines, transformers
        (three-winding ones as three rows to a star), impedances, extended wards and switches with an impedance; one
        with `parallel` above 1 becomes as many rows, "<id>-1" and so on, with `corridor` <id>. `generators` holds
        generators, static ones, storage and external grids, these with a `p_set` of 0: as slack they take what is left.
        `loads` holds loads, and as "rest at <bus>" what shunts, wards, motors and others draw at nominal voltage. Of
        reactive power it holds that of loads, `buses.shunt_mvar` and the charging of lines; the rest is left out.
        Each table has `pandapower_table` and `pandapower_index`. Ids are the column `name` where it is given everywhere
        and names each row differently, else the table and the index, "line 3"; a bus is its index alone.

    Raises
    ------
    ImportError
        If pandapower is not installed.
    NetworkError
        If the net holds direct-current grids or converters that a grid cannot hold, no external grid or slack
        generator is in service, several hold the angle in one part of the network, or pandapower cannot convert it.
    LayerError
        If a table breaks its schema.

    Warns
    -----
    AssumptionWarning
        For loads and generators in service that no external grid reaches (pandapower takes them out of service, and so
        do we), and for coordinates that are no longitudes and latitudes.

    Examples
    --------
    >>> from_pandapower(pandapower.networks.case118())  # doctest: +SKIP
    """
    library("pandapower")
    _refuse(net)
    case = _converted(net)
    _refuse_several_slacks(case)
    buses = _read_buses(case)
    frames = {
        "buses": buses,
        "lines": _read_lines(case),
        "generators": _read_generators(case),
        "links": _read_links(case),
    }
    loads = _read_loads(case)
    drawn = [loads, _rest(case, frames["generators"], loads, frames["links"])]
    frames["loads"] = pd.concat([one for one in drawn if len(one)] or drawn[:1])
    _warn_of_dead(case)
    return as_grid(frames, f"pandapower net {net.name or ''}".strip())


def _refuse(net: Any) -> None:  # noqa: ANN401
    """Raise for what a grid cannot hold, and where nobody balances."""
    faults = [
        Fault(table, "table", "cannot be held by a grid", "Remove them, or replace them by dclines or loads",
              tuple(str(one) for one in net[table].index))
        for table in REFUSED
        if table in net and len(net[table])
    ]  # fmt: skip
    if not (net.ext_grid["in_service"].any() or (net.gen["slack"] & net.gen["in_service"]).any()):
        faults.append(
            Fault("ext_grid", "table", "has no row in service", "Add one, or a generator with slack=True")
        )
    lines = net.dcline[net.dcline["in_service"].astype(bool)]
    wrong = (lines["p_mw"] < 0.0) & (lines["loss_percent"] != 0.0)
    if wrong.any():
        cure = "Exchange its buses and give the power as positive"
        rows = tuple(str(one) for one in lines.index[wrong])
        faults.append(Fault("dcline", "p_mw", "is negative, and losses would create power", cure, rows))
    if faults:
        raise NetworkError(faults)


def _converted(net: Any) -> _Case:  # noqa: ANN401
    """Return a copy of a net, and the matrices that pandapower makes of it for a power flow."""
    copy = deepcopy(net)
    convert = library("pandapower.converter.pypower.to_ppc").to_ppc  # where every release has it
    beneath = library("pandapower.pd2ppc")._pd2ppc
    try:
        # The public converter leaves out what is out of service, but sets the options of the one beneath it.
        convert(copy, calculate_voltage_angles=True, init="flat", mode="pf")
        matrices, _ = beneath(copy)
    except Exception as error:  # it raises whatever comes up, warnings among them
        msg = f"pandapower cannot convert the net: {error or type(error).__name__}. Its diagnostic() may say why"
        raise NetworkError(msg) from error
    return _Case(copy, matrices)


class _Case:
    """A net, its matrices, and where its buses are in them."""

    def __init__(self, net: Any, matrices: dict[str, Any]) -> None:  # noqa: ANN401
        self.net = net
        self.bus, self.branch, self.gen = (np.asarray(matrices[one].real) for one in ("bus", "branch", "gen"))
        self.lookup: Ints = np.asarray(net._pd2ppc_lookups["bus"], dtype=np.int64)
        self.ranges: dict[str, tuple[int, int]] = net._pd2ppc_lookups["branch"]
        self.dead: Bools = self.bus[:, BUS_TYPE] == ISOLATED
        self.shared = pd.Series(_ids(net, ("bus",))["bus"], index=self.at(net.bus.index))
        inner = pd.Series([f"inner {one}" for one in range(len(self.bus))], dtype=object)
        self.ids = pd.Index(
            self.shared.groupby(level=0).first().reindex(inner.index).fillna(inner), dtype=object
        )

    def at(self, buses: Any) -> Ints:  # noqa: ANN401 - any sequence of bus numbers
        """Return the rows of the bus matrix at which buses are."""
        found: Ints = self.lookup[np.asarray(buses, dtype=np.int64)]
        return found


def _ids(net: Any, tables: tuple[str, ...]) -> dict[str, pd.Index]:  # noqa: ANN401
    """Return the ids of tables that are one table of ours: their names if these tell all rows apart."""
    given = [one for table in tables for one in net[table]["name"]]
    texts = ["" if pd.isna(one) else str(one) for one in given]
    if all(texts) and len(set(texts)) == len(texts):
        return {table: pd.Index(net[table]["name"].astype(str), dtype=object) for table in tables}
    before = {table: "" if table == "bus" else f"{table} " for table in tables}
    return {
        table: pd.Index([f"{before[table]}{one}" for one in net[table].index], dtype=object)
        for table in tables
    }


def _source(table: str, frame: pd.DataFrame) -> dict[str, Any]:
    return {"pandapower_table": table, "pandapower_index": frame.index.to_numpy(dtype=float)}


def _refuse_several_slacks(case: _Case) -> None:
    """Raise where external grids fix the angles of several buses of one part of the network."""
    buses = np.flatnonzero(case.bus[:, BUS_TYPE] == REFERENCE)
    part = pd.Series(_parts(case)[buses], index=case.ids[buses])
    twice = part[part.duplicated(keep=False)]
    if len(twice):
        problem = "or a slack generator holds the angle of several buses of one part of the network"
        cure = "Keep one, and make the others generators with a p_mw"
        raise NetworkError([Fault("ext_grid", "bus", problem, cure, tuple(twice.index))])


def _parts(case: _Case) -> Ints:
    """Return which buses of the matrix hang together."""
    branch = case.branch[case.branch[:, BR_STATUS] > 0]
    return parts_of(branch[:, F_BUS].astype(np.int64), branch[:, T_BUS].astype(np.int64), len(case.bus))


def _read_buses(case: _Case) -> gpd.GeoDataFrame:
    net, count = case.net, len(case.bus)
    first = (
        pd.Series(net.bus.index, index=case.at(net.bus.index)).groupby(level=0).first().reindex(range(count))
    )
    every = case.shared.groupby(level=0)
    merged = every.agg("; ".join).where(every.size() > 1).reindex(range(count))
    rows = net.bus.reindex(first)
    frame = pd.DataFrame(
        {
            "v_nom": case.bus[:, BUS_KV],
            "zone": [None if pd.isna(one) else str(one) for one in rows["zone"]],
            "slack": case.bus[:, BUS_TYPE] == REFERENCE,
            "v_mag_pu_set": _set_points(case),
            "shunt_mvar": np.where(case.bus[:, BUS_BS] != 0.0, case.bus[:, BUS_BS], np.nan),
            "merged_buses": merged.astype(object).where(merged.notna(), None).to_numpy(),
            "pandapower_index": first.to_numpy(dtype=float),
        },
        index=case.ids,
    ).join(carried(rows.set_axis(case.ids), "buses", OWN["buses"]))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(_points(rows), index=case.ids, crs=CRS))


def _set_points(case: _Case) -> Floats:
    """Return the voltages that generators, external grids and links in service hold, NaN at other buses. [p.u.]"""
    gen = case.gen[case.gen[:, GEN_STATUS] > 0]
    found = np.full(len(case.bus), np.nan)
    found[gen[:, GEN_BUS].astype(np.int64)] = gen[:, GEN_VG]
    return found


def _points(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Return the positions of buses, as far as they are longitudes and latitudes."""
    texts = rows["geo"] if "geo" in rows else pd.Series(None, index=rows.index, dtype=object)
    points = np.array([shapely.from_geojson(one) if isinstance(one, str) and one else None for one in texts])
    given = np.array(
        [one is not None and one.geom_type == "Point" and not one.is_empty for one in points], dtype=bool
    )
    far = given & ((np.abs(shapely.get_x(points)) > 180.0) | (np.abs(shapely.get_y(points)) > 90.0))
    if far.any():
        note(
            f"buses: geo is no longitude and latitude for {far.sum()} of {given.sum()}: all positions were left out"
        )
    found = np.full(len(points), None, dtype=object)
    if not far.any():
        found[given] = points[given]
    return found


def _read_lines(case: _Case) -> pd.DataFrame:
    """Return the rows of the branch matrix, under the ids of what they stand for."""
    every = pd.concat([_named_branches(case, table) for table in case.ranges] or [pd.DataFrame()])
    if not len(every):
        return every
    branch = case.branch[every.pop("row").to_numpy(dtype=np.int64)]
    ends = [branch[:, one].astype(np.int64) for one in (F_BUS, T_BUS)]
    v_nom = np.maximum(*(case.bus[end, BUS_KV] for end in ends))
    x, r = (branch[:, one] * BASE_MVA / float(case.net.sn_mva) for one in (BR_X, BR_R))
    charging = branch[:, BR_B] * float(case.net.sn_mva) / BASE_MVA
    tap = np.where(branch[:, BR_TAP] == 0.0, 1.0, branch[:, BR_TAP])
    alive = ~case.dead[ends[0]] & ~case.dead[ends[1]]
    back = every.pop("backwards").to_numpy(dtype=bool)  # bus0 is the lower voltage
    x, r, tap, shift = (
        np.where(back, x * tap**2, x),
        np.where(back, r * tap**2, r),
        np.where(back, 1.0 / tap, tap),
        np.where(back, -branch[:, BR_SHIFT], branch[:, BR_SHIFT]),
    )
    frame = every.assign(
        bus0=case.ids[np.where(back, ends[1], ends[0])],
        bus1=case.ids[np.where(back, ends[0], ends[1])],
        v_nom=v_nom,
        x=x * v_nom**2 / BASE_MVA,
        r=r * v_nom**2 / BASE_MVA,
        x_pu_100=x,
        r_pu_100=r,
        b_pu_100=np.where(every["pandapower_table"].eq("line"), charging, np.nan),
        tap_ratio=tap,
        phase_shift=shift,
        in_service=(branch[:, BR_STATUS] > 0) & alive,
    )
    return per_circuit(frame, frame.pop("circuits"))


def _named_branches(case: _Case, table: str) -> pd.DataFrame:
    """Return, for the branches that stand for one table, what the matrix does not tell, and their rows."""
    net, (start, stop) = case.net, case.ranges[table]
    frame = net["switch"][net._impedance_bb_switches] if table == "switch" else net[table]
    shared = tuple(one for one in case.ranges if one != "switch")
    ids = (
        _ids(net, shared)[table] if table != "switch" else pd.Index([f"switch {one}" for one in frame.index])
    )
    copies = (stop - start) // max(len(frame), 1)  # three for a three-winding transformer: hv, mv and lv
    if copies > 1:
        ids = pd.Index([f"{one} {side}" for side in ("hv", "mv", "lv") for one in ids])
    rows = pd.concat([frame] * copies).set_axis(ids)
    found = carried(rows, "lines", OWN["lines"]) if table in ("line", "trafo") else pd.DataFrame(index=ids)
    kinds = {"trafo": "transformer", "trafo3w": "transformer"}
    kind = rows["type"].map({"cs": "cable"}) if table == "line" else pd.Series(None, index=ids, dtype=object)
    further = found.pop("kind") if "kind" in found else kind
    if table == "line":
        found["length"] = rows["length_km"]
    backwards = ~rows["bus0_is_hv"].eq(True) & rows["bus0_is_hv"].notna() if "bus0_is_hv" in rows else False
    return found.assign(
        kind=further.fillna(kinds.get(table, "line")),
        s_nom=_ratings(case, table, rows),
        circuits=rows["parallel"].astype(int) if "parallel" in rows else 1,
        backwards=backwards,
        row=np.arange(start, stop),
        **_source(table, pd.concat([frame] * copies)),
    )


def _ratings(case: _Case, table: str, rows: pd.DataFrame) -> Floats:
    """Return the ratings of branches; NaN where pandapower has none. [MVA]"""
    if table == "line":
        kv = case.bus[case.at(rows["from_bus"]), BUS_KV]
        current = rows["max_i_ka"].mask(rows["max_i_ka"] >= UNLIMITED_KA, np.inf)
        return np.asarray(current * rows["df"] * rows["parallel"] * ROOT3 * kv, dtype=np.float64)
    if table == "trafo":
        rating = rows["sn_mva"].mask(rows["sn_mva"] >= UNLIMITED, np.inf)
        if "s_nom_known" in rows:
            rating = rating.mask(np.isinf(rating) & rows["s_nom_known"].eq(False))
        return np.asarray(rating * rows["df"] * rows["parallel"], dtype=np.float64)
    if table == "trafo3w":
        third = len(rows) // 3
        sides = [rows[f"sn_{side}_mva"].iloc[:third] for side in ("hv", "mv", "lv")]
        return np.concatenate(sides).astype(np.float64)
    return np.asarray(
        rows["sn_mva"] if table == "impedance" else np.full(len(rows), np.nan), dtype=np.float64
    )


def _power(frame: pd.DataFrame) -> Floats:
    """Return the power that is set; 0 for an external grid, which takes what is left. [MW]"""
    if "p_mw" not in frame:
        return np.zeros(len(frame))
    return (frame["p_mw"] * frame["scaling"]).fillna(0.0).to_numpy(dtype=np.float64)


def _read_generators(case: _Case) -> pd.DataFrame:
    net = case.net
    tables = tuple(one for one in ("gen", "sgen", "storage", "ext_grid") if len(net[one]))
    ids, found = _ids(net, tables), []
    for table in tables:
        frame = net[table]
        at, sign = case.at(frame["bus"]), -1.0 if table == "storage" else 1.0
        working = frame["in_service"].to_numpy(dtype=bool) & ~case.dead[at]
        power = sign * _power(frame)
        limits = {name: frame.get(name, pd.Series(np.nan, index=frame.index)) for name in LIMITS}
        high, low = (limits["max_p_mw"], limits["min_p_mw"])
        if table == "storage":
            high, low = -low, -high
        kind = frame["type"] if "type" in frame else pd.Series("", index=frame.index)
        own = pd.DataFrame(
            {
                "bus": case.ids[at],
                "carrier": our_carrier(kind).to_numpy() if table != "storage" else "battery",
                "p_nom": high.fillna(limits["sn_mva"]).clip(lower=0.0).to_numpy(),
                "p_min": low.fillna(0.0).to_numpy(),
                "p_set": np.where(working, power, 0.0),
                "status": np.where(working, "operating", "retired"),
                **_source(table, frame),
            },
            index=ids[table],
        )
        further = carried(frame.set_axis(ids[table]), "generators", OWN["generators"])
        if "status" in further:
            before = further.pop("status").fillna("retired").replace("operating", "retired")
            own["status"] = np.where(working, "operating", before)
        found.append(own.join(further))
    return pd.concat(found) if found else pd.DataFrame()


def _read_loads(case: _Case) -> pd.DataFrame:
    """Return the loads that are served."""
    frame = case.net.load
    at = case.at(frame["bus"])
    reactive = (frame["q_mvar"] * frame["scaling"]).fillna(0.0).to_numpy(dtype=np.float64)
    own = pd.DataFrame(
        {"bus": case.ids[at], "p_set": _power(frame), "q_set": reactive, **_source("load", frame)},
        index=_ids(case.net, ("load",))["load"],
    )
    found: pd.DataFrame = own[frame["in_service"].to_numpy(dtype=bool) & ~case.dead[at]]
    return found


def _read_links(case: _Case) -> pd.DataFrame:
    """Return the direct-current lines in service between buses that are."""
    frame = case.net.dcline
    at = [case.at(frame[end]) for end in ("from_bus", "to_bus")]
    limit = frame["max_p_mw"].mask(frame["max_p_mw"] >= UNLIMITED, np.inf).fillna(np.inf)
    back = frame["p_nom_reverse"] if "p_nom_reverse" in frame else pd.Series(0.0, index=frame.index)
    ids = _ids(case.net, ("dcline",))["dcline"]
    own = pd.DataFrame(
        {
            "bus0": case.ids[at[0]],
            "bus1": case.ids[at[1]],
            "carrier": "HVDC",
            "p_nom": limit.to_numpy(),
            "p_nom_reverse": back.mask(back >= UNLIMITED, np.inf).fillna(0.0).to_numpy(),
            "efficiency": 1.0 - frame["loss_percent"].to_numpy(dtype=float) / 100.0,
            "p_set": frame["p_mw"].to_numpy(dtype=float),
            **_source("dcline", frame),
        },
        index=ids,
    )
    further = carried(frame.set_axis(ids), "links", OWN["links"] | {"p_nom_reverse"})
    if "carrier" in further:
        own["carrier"] = further.pop("carrier").fillna("HVDC")
    found: pd.DataFrame = own.join(further)[
        frame["in_service"].to_numpy(dtype=bool) & ~case.dead[at[0]] & ~case.dead[at[1]]
    ]
    return found


def _rest(case: _Case, plants: pd.DataFrame, loads: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Return as loads what the matrices inject beyond the tables: shunts, wards, motors and what else there is."""
    gen = case.gen[case.gen[:, GEN_STATUS] > 0]
    count = len(case.bus)
    total = np.bincount(gen[:, GEN_BUS].astype(np.int64), weights=gen[:, GEN_PG], minlength=count)
    total = total - case.bus[:, BUS_PD] - case.bus[:, BUS_GS] + _by_dclines(case)
    known = pd.Series(0.0, index=case.ids)
    flows = [frame.set_index(end)["p_set"] * sign for frame, end, sign in
             ((loads, "bus", -1.0), (plants, "bus", 1.0), (links, "bus0", -1.0)) if len(frame)]  # fmt: skip
    if len(links):
        flows.append((links["p_set"] * links["efficiency"]).set_axis(links["bus1"]))
    if flows:
        known = known.add(pd.concat(flows).groupby(level=0).sum(), fill_value=0.0)
    left = known.reindex(case.ids).to_numpy() - total
    kept = (np.abs(left) > ZERO_MW * np.maximum(np.abs(total), 1.0)) & ~case.dead
    ids = case.ids[kept]
    return pd.DataFrame(
        {"bus": ids, "p_set": left[kept]}, index=pd.Index([f"rest at {one}" for one in ids], dtype=object)
    )


def _by_dclines(case: _Case) -> Floats:
    """Return what direct-current lines bring to each bus, be the other end reached or not. [MW]"""
    lines = case.net.dcline[case.net.dcline["in_service"].astype(bool)]
    sent = lines["p_mw"].to_numpy(dtype=float)
    share, fixed = (lines[one].to_numpy(dtype=float) for one in ("loss_percent", "loss_mw"))
    brought = sent * (1.0 - share / 100.0) - fixed
    start, end = (case.at(lines[one]) for one in ("from_bus", "to_bus"))
    count = len(case.bus)
    return np.asarray(np.bincount(end, brought, count) - np.bincount(start, sent, count), dtype=np.float64)


def _warn_of_dead(case: _Case) -> None:
    """Warn of what is in service at buses that nobody feeds."""
    for table in ("load", "gen", "sgen"):
        frame = case.net[table]
        lost = frame["in_service"].astype(bool) & case.dead[case.at(frame["bus"])]
        if lost.any():
            note(f"{table}: no external grid reaches {chosen_ids(lost)}: taken out of service")
