"""Grids as networks of PyPSA, and back."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from three_mismatches.convert._tables import (
    BASE_MVA,
    UNLIMITED,
    as_grid,
    carried,
    check_convertible,
    chosen_ids,
    distinct,
    is_transformer,
    library,
    note,
    our_carrier,
    per_circuit,
    reactance,
    resistance,
)
from three_mismatches.errors import Fault, NetworkError
from three_mismatches.layers import Grid
from three_mismatches.layers.schemas import CRS, LINE_KINDS, LINK_CARRIERS

__all__ = ["from_pypsa", "to_pypsa"]

OWN = {
    "buses": frozenset({"v_nom", "slack", "v_mag_pu_set"}),
    "lines": frozenset({
        "bus0", "bus1", "v_nom", "length", "x", "r", "x_pu_100", "b_pu_100", "tap_ratio", "phase_shift", "s_nom",
        "in_service",
    }),
    "generators": frozenset({"bus", "carrier", "p_nom", "p_min", "p_set", "build_year"}),
    "loads": frozenset({"bus", "p_set", "q_set"}),
    "links": frozenset({"bus0", "bus1", "carrier", "p_nom", "p_nom_reverse", "efficiency"}),
}  # fmt: skip
"""Columns that PyPSA states in its own words."""

RENAMED = {"name": "display_name", "status": "build_status"}
"""Columns of ours whose names mean something else to PyPSA."""

READ = frozenset({
    "Bus", "Carrier", "Line", "Transformer", "LineType", "TransformerType", "Link", "Generator", "StorageUnit", "Load",
    "ShuntImpedance", "SubNetwork", "GlobalConstraint", "Shape",
})  # fmt: skip
ELECTRIC = ("AC", "DC")
LINKS = (*LINK_CARRIERS, "DC", "B2B")


def to_pypsa(grid: Grid) -> Any:  # noqa: ANN401 - pypsa.Network, which may not be installed
    """
    Return a grid at line resolution as a network of PyPSA.

    Its `lpf()` gives the flows of `dc_flow` where each part of the network has a slack bus.

    Parameters
    ----------
    grid
        With `buses` that have `v_nom`, and links between buses.

    Returns
    -------
    network
        A `pypsa.Network`. `Line` has x and r in ohm at the voltage of bus0. What is a transformer by its kind, the
        voltages of its buses, its tap or its phase shift is a `Transformer`, x and r per unit of its s_nom, phase shift
        in degrees with our sign. What is out of service or does not operate is there, with `active` False. Columns
        that PyPSA has no word for are further columns of its tables.

    Raises
    ------
    ImportError
        If PyPSA is not installed.
    NetworkError
        If a bus has no voltage, a line has no reactance, an end is no bus, or a part of the network has several slack
        buses, with every such fault.

    Warns
    -----
    AssumptionWarning
        For generators that are at no bus: they are left out.

    Notes
    -----
    PyPSA scales a transformer's impedance by its rating, so a rating must be finite: one that is unlimited or unknown
    becomes 1,000,000 MVA, and `s_nom_known` tells them apart. The same holds for the capacity of links, in MW. A link
    with losses that runs both ways becomes two that run one way, "<id>" and "<id> reverse": in reverse a single one
    would create power. A slack bus without a generator gets one of 0 MW, "slack <bus>"; where no bus of a part is a
    slack, PyPSA takes its first generator. `buses.shunt_mvar` becomes a column of the buses, no shunt.

    Examples
    --------
    >>> to_pypsa(grid).lpf()  # doctest: +SKIP
    """
    pypsa = library("pypsa")
    check_convertible(grid)
    network = pypsa.Network()
    generators = _their_generators(grid)
    links = _their_links(grid)
    names = pd.unique(pd.concat([generators["carrier"], links["carrier"], pd.Series(["AC"])]))
    network.add("Carrier", list(names))
    transformer = is_transformer(grid)
    _add(network, "Bus", _their_buses(grid))
    _add(network, "Line", _their_lines(grid, ~transformer))
    _add(network, "Transformer", _their_transformers(grid, transformer))
    _add(network, "Generator", generators)
    _add(
        network,
        "Load",
        grid.loads[["bus", "p_set", "q_set"]].fillna({"q_set": 0.0}).join(_kept(grid.loads, "loads")),
    )
    _add(network, "Link", links)
    return network


def _add(network: Any, component: str, frame: pd.DataFrame) -> None:  # noqa: ANN401
    """Add rows to a network: attributes that it knows, and further columns."""
    if not len(frame):
        return
    table = network.components[component]
    known = [name for name in map(str, frame) if name in table.defaults.index]
    network.add(component, list(frame.index.astype(str)), **{name: frame[name].to_list() for name in known})
    for name in frame.columns.difference(known, sort=False):
        table.static[name] = frame[name].to_numpy()


def _kept(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the columns of ours that PyPSA has no word for, as it is to hold them."""
    return carried(frame, table, OWN[table]).rename(columns=RENAMED)


def _carried(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return the columns of ours that a table of PyPSA holds."""
    back = {theirs: ours for ours, theirs in RENAMED.items() if theirs in frame}
    return carried(frame.drop(columns=back.values(), errors="ignore").rename(columns=back), table, OWN[table])


def _their_buses(grid: Grid) -> pd.DataFrame:
    buses = grid.buses
    points = buses.geometry.to_numpy()
    own = pd.DataFrame(
        {
            "v_nom": buses["v_nom"],
            "v_mag_pu_set": buses["v_mag_pu_set"].fillna(1.0),
            "x": np.nan_to_num(shapely.get_x(points)),
            "y": np.nan_to_num(shapely.get_y(points)),
            "carrier": "AC",
        }
    )
    return own.join(_kept(buses, "buses"))


def _branches(grid: Grid, chosen: pd.Series) -> pd.DataFrame:
    """Return what lines and transformers share."""
    lines = grid.lines[chosen]
    rating = lines["s_nom"].replace(np.inf, UNLIMITED).fillna(UNLIMITED)
    own = pd.DataFrame(
        {
            "bus0": lines["bus0"].astype(str),
            "bus1": lines["bus1"].astype(str),
            "s_nom": rating,
            "s_nom_known": lines["s_nom"].notna(),
            "active": lines["in_service"].astype(bool),
        }
    )
    return own.join(_kept(lines, "lines"))


def _their_lines(grid: Grid, chosen: pd.Series) -> pd.DataFrame:
    lines = grid.lines[chosen]
    base = lines["bus0"].map(grid.buses["v_nom"]).astype(float) ** 2 / BASE_MVA
    return _branches(grid, chosen).assign(
        x=(reactance(lines) * base).fillna(0.0),
        r=resistance(lines) * base,
        b=lines["b_pu_100"].fillna(0.0) / base,
        length=lines["length"].fillna(0.0),
    )


def _their_transformers(grid: Grid, chosen: pd.Series) -> pd.DataFrame:
    lines, found = grid.lines[chosen], _branches(grid, chosen)
    base = found["s_nom"] / BASE_MVA
    return found.assign(
        x=(reactance(lines) * base).fillna(0.0),
        r=resistance(lines) * base,
        tap_ratio=lines["tap_ratio"].fillna(1.0),
        phase_shift=lines["phase_shift"].fillna(0.0),
        length=lines["length"],
    )


def _their_generators(grid: Grid) -> pd.DataFrame:
    """Return the generators at buses, one at each slack bus with the control "Slack"."""
    away = grid.generators["bus"].isna()
    if away.any():
        note(f"generators: bus is missing for {chosen_ids(away)}: left out; match them to buses first")
    plants = grid.generators[~away]
    operating, size = plants["status"].eq("operating"), plants["p_nom"].fillna(0.0)
    own = pd.DataFrame(
        {
            "bus": plants["bus"].astype(str),
            "carrier": plants["carrier"].astype(str),
            "p_nom": size,
            "p_min_pu": (plants["p_min"] / size.where(size > 0.0)).fillna(0.0),
            "p_set": plants["p_set"],
            "build_year": plants["build_year"].fillna(0).astype(int),
            "active": operating,
        }
    ).join(_kept(plants, "generators"))
    slack = pd.Index(grid.buses.index[grid.buses["slack"].astype(bool)].astype(str))
    first = own[operating & own["bus"].isin(slack)].drop_duplicates("bus")
    bare = slack.difference(pd.Index(first["bus"]), sort=False)
    added = pd.DataFrame(
        {"bus": bare, "carrier": "other", "p_nom": 0.0, "p_set": 0.0, "active": True, "p_min_pu": 0.0}
    )
    every = [own, added.set_axis("slack " + bare) if len(bare) else added]
    found = pd.concat([one for one in every if len(one)] or every[:1])
    balancing = found.index.isin(first.index) | found.index.isin("slack " + bare)
    return found.assign(
        control=np.where(balancing, "Slack", "PQ"), build_year=found["build_year"].fillna(0).astype(int)
    )


def _their_links(grid: Grid) -> pd.DataFrame:
    links = grid.links
    size = links["p_nom"].clip(upper=UNLIMITED)
    back = links["p_nom_reverse"].fillna(links["p_nom"]).clip(upper=UNLIMITED)
    most = size.where(size > back, back)
    p_set = links["p_set"].astype(float) if "p_set" in links else pd.Series(np.nan, index=links.index)
    own = pd.DataFrame(
        {
            "bus0": links["bus0"].astype(str),
            "bus1": links["bus1"].astype(str),
            "carrier": links["carrier"].astype(str),
            "p_nom": most,
            "p_max_pu": _share(size, most),
            "p_min_pu": -_share(back, most),
            "efficiency": links["efficiency"],
            "p_set": p_set,
        }
    ).join(_kept(links, "links"))
    lossy = own["efficiency"].lt(1.0) & back.gt(0.0)
    forward = own.assign(
        p_nom=own["p_nom"].mask(lossy, size),
        p_max_pu=own["p_max_pu"].mask(lossy, 1.0),
        p_min_pu=own["p_min_pu"].mask(lossy, 0.0),
        p_set=p_set.mask(lossy, p_set.clip(lower=0.0)),
    )
    reverse = own[lossy].assign(
        bus0=own["bus1"],
        bus1=own["bus0"],
        p_nom=back,
        p_max_pu=1.0,
        p_min_pu=0.0,
        p_set=(-p_set).clip(lower=0.0),
    )
    reverse.index = pd.Index([f"{one} reverse" for one in reverse.index], dtype=object)
    return pd.concat([forward, reverse]) if len(reverse) else forward


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole.where(whole > 0.0)).fillna(1.0)


def from_pypsa(network: Any, snapshot: Any = None) -> Grid:  # noqa: ANN401 - pypsa.Network and what indexes it
    """
    Return a network of PyPSA as a grid; the network itself is not changed.

    Parameters
    ----------
    network
        A `pypsa.Network`.
    snapshot
        Whose `p_set`, `q_set`, `p_min_pu`, `p_max_pu` and `efficiency` are taken. Without, the static ones are.

    Returns
    -------
    grid
        `lines` holds the lines and transformers, standard types resolved. A row with a whole `num_parallel` above 1
        becomes as many rows, "<id>-1" and so on, with `corridor` <id>, which together are what it was. `generators`
        holds storage units, too; `loads` the conductance of shunt impedances. `buses.slack` is where a part's first
        generator with the control "Slack" is. A carrier that we do not know is "other" in `carrier` and kept in
        `carrier_in_source`.

    Raises
    ------
    ImportError
        If PyPSA is not installed.
    KeyError
        If the network has no such snapshot.
    NetworkError
        If it has components that a grid cannot hold (stores, processes), scenarios, links with more than two ends or
        that create power, or direct-current lines, with every such fault.
    LayerError
        If a table breaks its schema.

    Warns
    -----
    AssumptionWarning
        For what is at buses that carry no electricity (it is left out), and for series where no snapshot is given.

    Notes
    -----
    A generator's `p_set` stays unknown where PyPSA has none, except for slack generators and storage, which are at 0.
    PyPSA's own defaults count as not given: a rating, a reactance, a length and a position of 0, and a year 0. Limits
    are `s_nom` and `p_nom`, not the result of an expansion, and `s_max_pu` is not applied.
    """
    library("pypsa")
    _refuse(network)
    inner = _copied(network)
    inner.calculate_dependent_values()
    inner.determine_network_topology()
    state = _State(inner, snapshot)
    buses = _our_buses(state)
    frames = {
        "buses": buses,
        "lines": _our_lines(state, buses),
        "generators": _our_generators(state, buses),
        "loads": _our_loads(state, buses),
        "links": _our_links(state, buses),
    }
    return as_grid(frames, f"PyPSA network {network.name}".strip())


def _copied(network: Any) -> Any:  # noqa: ANN401
    """Return a copy of a network without the model of an optimisation, which cannot be copied once it is solved."""
    model = getattr(network, "_model", None)
    return deepcopy(network, {} if model is None else {id(model): False})


class _State:
    """A network at one snapshot."""

    def __init__(self, network: Any, snapshot: Any) -> None:  # noqa: ANN401
        if snapshot is not None and snapshot not in network.snapshots:
            msg = f"the network has no snapshot {snapshot!r}; it has {len(network.snapshots)}"
            raise KeyError(msg)
        self.network, self.snapshot = network, snapshot

    def table(self, component: str) -> pd.DataFrame:
        """Return a component's static table, what varies as at the snapshot."""
        held = self.network.components[component]
        found: pd.DataFrame = held.static.copy()
        found.index = found.index.astype(str)
        for name in ("p_set", "q_set", "p_min_pu", "p_max_pu", "efficiency"):
            series = held.dynamic.get(name)
            if series is None or series.empty:
                continue
            if self.snapshot is None:
                text = (
                    f"{component}: {name} varies for {len(series.columns)} rows: the static values were taken"
                )
                note(f"{text}; pass snapshot= to choose one")
            else:
                row = series.loc[self.snapshot]
                found.loc[row.index.astype(str), name] = row.to_numpy()
        return found


def _refuse(network: Any) -> None:  # noqa: ANN401
    """Raise for what a grid cannot hold."""
    faults = [
        Fault(held.list_name, "table", "cannot be held by a grid", "Replace them by generators and loads",
              tuple(map(str, held.static.index)))
        for held in network.components
        if held.name not in READ and len(held.static)
    ]  # fmt: skip
    links = network.components["Link"].static
    for end in (name for name in links if name.startswith("bus") and name not in ("bus0", "bus1")):
        many = links[end].notna() & links[end].ne("")
        if many.any():
            cure = "Split it into links between two buses"
            faults.append(Fault("links", end, "is a further end", cure, tuple(map(str, links.index[many]))))
    if getattr(network, "has_scenarios", False):
        faults.append(Fault("network", "scenarios", "are given", "Take one: network.get_scenario(name)"))
    if faults:
        raise NetworkError(faults)


def _text(frame: pd.DataFrame, name: str) -> pd.Series:
    found = frame[name].astype(object)
    return found.where(found.notna(), "").astype(str)


def _our_buses(state: _State) -> gpd.GeoDataFrame:
    """Return the buses that carry electricity."""
    frame = state.table("Bus")
    carrier = _text(frame, "carrier")
    others = ~carrier.isin((*ELECTRIC, ""))
    if others.any():
        note(f"buses: carrier is not electricity for {chosen_ids(others)}: left out, with what is there")
    frame = frame[~others]
    plants = state.table("Generator")
    slack = plants[plants["control"].eq("Slack") & plants["active"] & plants["bus"].isin(frame.index)]
    slack = slack[~slack["bus"].map(frame["sub_network"]).duplicated()]
    given = (frame["x"].ne(0.0) | frame["y"].ne(0.0)) & frame[["x", "y"]].notna().all(axis="columns")
    points = np.full(len(frame), None, dtype=object)
    points[given] = shapely.points(frame["x"][given], frame["y"][given])
    own = pd.DataFrame(
        {
            "v_nom": frame["v_nom"],
            "v_mag_pu_set": frame["v_mag_pu_set"].where(frame["v_mag_pu_set"].ne(1.0)),
            "slack": frame.index.isin(slack["bus"]),
            "carrier": carrier[~others].replace("", "AC"),
        }
    ).join(_carried(frame, "buses"))
    shapes = gpd.GeoSeries(points, index=frame.index, crs=state.network.crs or CRS)
    return gpd.GeoDataFrame(own, geometry=shapes.to_crs(CRS))


def _at_buses(frame: pd.DataFrame, buses: pd.DataFrame, ends: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows whose ends are all buses of the grid."""
    return frame[np.logical_and.reduce([frame[end].isin(buses.index) for end in ends])]


def _our_lines(state: _State, buses: pd.DataFrame) -> pd.DataFrame:
    ends = ("bus0", "bus1")
    lines = _at_buses(state.table("Line"), buses, ends)
    direct = np.logical_or.reduce([lines[end].map(buses["carrier"]).eq("DC") for end in ends])
    if direct.any():
        cure = "Make it a link, with its capacity as p_nom"
        problem = "is DC, and lines are passive AC branches"
        raise NetworkError([Fault("lines", "carrier", problem, cure, tuple(lines.index[direct]))])
    v_nom = lines["bus0"].map(buses["v_nom"]).astype(float)
    known = lines["x"].ne(0.0)
    own = _our_branches(lines, "line").assign(
        v_nom=v_nom,
        x=lines["x"].where(known),
        r=lines["r"].where(known),
        x_pu_100=(lines["x"] * BASE_MVA / v_nom**2).where(known),
        b_pu_100=(lines["b"] * v_nom**2 / BASE_MVA).where(lines["b"].ne(0.0)),
        length=lines["length"].where(lines["length"].ne(0.0)),
    )
    units = _at_buses(state.table("Transformer"), buses, ends)
    known = units["x"].ne(0.0) & units["s_nom"].ne(0.0)
    high = pd.concat([units[end].map(buses["v_nom"]).astype(float) for end in ends], axis="columns").max(
        axis="columns"
    )
    x, r = ((units[name] / units["s_nom"].where(known) * BASE_MVA).where(known) for name in ("x", "r"))
    other = _our_branches(units, "transformer").assign(
        v_nom=high,
        x=x * high**2 / BASE_MVA,
        r=r * high**2 / BASE_MVA,
        x_pu_100=x,
        tap_ratio=units["tap_ratio"],
        phase_shift=units["phase_shift"],
    )
    if "length" in units:
        other["length"] = units["length"]
    return distinct({"line": _split(own, lines), "transformer": _split(other, units)})


def _split(own: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each circuit where their number is whole."""
    count = theirs["num_parallel"].astype(float)
    return per_circuit(own, count.where((count >= 1) & (count % 1 == 0), 1.0))


def _our_branches(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return what lines and transformers share."""
    known = frame["s_nom_known"].eq(True) if "s_nom_known" in frame else pd.Series(False, index=frame.index)
    untold = frame["s_nom"].eq(0.0) & ~known
    if "s_nom_known" in frame:
        untold |= frame["s_nom"].eq(UNLIMITED) & ~known
    rating = frame["s_nom"].mask(frame["s_nom"] >= UNLIMITED, np.inf).mask(untold)
    further = _carried(frame, "lines")
    kinds = further.pop("kind") if "kind" in further else pd.Series(kind, index=frame.index)
    own = pd.DataFrame(
        {
            "bus0": frame["bus0"],
            "bus1": frame["bus1"],
            "kind": kinds.where(kinds.isin(LINE_KINDS), kind),
            "s_nom": rating,
            "in_service": frame["active"].astype(bool),
        }
    )
    return own.join(further)


def _our_generators(state: _State, buses: pd.DataFrame) -> pd.DataFrame:
    found = {}
    for component, name in (("Generator", "generator"), ("StorageUnit", "storage")):
        frame = _at_buses(state.table(component), buses, ("bus",))
        sign = frame["sign"]
        p_set = frame["p_set"].astype(float) * sign
        idle = frame["control"].eq("Slack") if name == "generator" else pd.Series(True, index=frame.index)
        further = _carried(frame, "generators")
        before = _text(further, "status") if "status" in further else pd.Series("", index=frame.index)
        own = pd.DataFrame(
            {
                "bus": frame["bus"],
                "carrier": our_carrier(frame["carrier"]),
                "carrier_in_source": _text(frame, "carrier"),
                "p_nom": frame["p_nom"].where(frame["p_nom"] < UNLIMITED),
                "p_min": (frame["p_min_pu"] * frame["p_nom"]).where(frame["p_nom"] < UNLIMITED, 0.0),
                "p_set": p_set.mask(idle & p_set.isna(), 0.0),
                "build_year": frame["build_year"].astype(float).where(frame["build_year"] > 0),
                "status": np.where(
                    frame["active"], "operating", before.where(~before.isin(("", "operating")), "retired")
                ),
            }
        )
        found[name] = own.join(further.drop(columns="status", errors="ignore"))
    return distinct(found)


def _our_loads(state: _State, buses: pd.DataFrame) -> pd.DataFrame:
    loads = _at_buses(state.table("Load"), buses, ("bus",))
    loads = loads[loads["active"].astype(bool)]
    own = pd.DataFrame(
        {
            "bus": loads["bus"],
            **{name: -loads["sign"] * loads[name].astype(float).fillna(0.0) for name in ("p_set", "q_set")},
        }
    )
    shunts = _at_buses(state.table("ShuntImpedance"), buses, ("bus",))
    shunts = shunts[shunts["active"].astype(bool) & shunts["g"].ne(0.0)]
    drawn = pd.DataFrame({"bus": shunts["bus"], "p_set": -shunts["sign"] * shunts["g_pu"]})
    return distinct({"load": own.join(_carried(loads, "loads")), "shunt": drawn})


def _our_links(state: _State, buses: pd.DataFrame) -> pd.DataFrame:
    every = state.table("Link")
    every = every[every["active"].astype(bool)]
    links = _at_buses(every, buses, ("bus0", "bus1"))
    if len(links) < len(every):
        away = ~every.index.to_series().isin(links.index)
        note(f"links: an end carries no electricity for {chosen_ids(away)}: left out")
    size = links["p_nom"].where(links["p_nom"] < UNLIMITED, np.inf)
    p_set = links["p_set"].astype(float)
    wrong = (links["efficiency"].gt(1.0)) | (p_set.lt(0.0) & links["efficiency"].ne(1.0))
    if wrong.any():
        cure = "Model each direction as a link of its own, with an efficiency of at most 1"
        raise NetworkError([Fault("links", "efficiency", "creates power", cure, tuple(links.index[wrong]))])
    carrier = _text(links, "carrier")
    own = pd.DataFrame(
        {
            "bus0": links["bus0"],
            "bus1": links["bus1"],
            "carrier": carrier.replace({"DC": "HVDC", "B2B": "HVDC"}).where(carrier.isin(LINKS), "tie"),
            "carrier_in_source": carrier,
            "p_nom": _limit(size, links["p_max_pu"]),
            "p_nom_reverse": _limit(size, -links["p_min_pu"]),
            "efficiency": links["efficiency"],
            "p_set": p_set,
        }
    )
    return own.join(_carried(links, "links"))


def _limit(size: pd.Series, share: pd.Series) -> pd.Series:
    """Return a capacity by a share of it; of an unlimited one, all or nothing."""
    found = size.where(np.isfinite(size), UNLIMITED) * share.clip(lower=0.0)
    return found.mask(np.isinf(size) & share.ge(1.0), np.inf)
