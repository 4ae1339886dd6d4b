"""Loops, repeats, stubs and joints of a network that say nothing are taken out, and the certificate says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.repair._assemble import Network
from three_mismatches.repair._chains import label_components
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import STEADY_DIGITS, steady, to_plane
from three_mismatches.repair.rules import RepairRules

__all__ = ["component_of_bus", "simplify"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def simplify(network: Network, rules: RepairRules, log: Log) -> Network:
    """Return the network without loops, repeats, stubs and joints, in an order of its own."""
    network = _without_loops(network, log)
    while True:
        before = len(network.branches)
        network = _without_repeats(network, rules.duplicate_km, log)
        # First whole lines: a line in many short pieces is not short.
        network = _without_joints(network)
        network = _contracted(network, rules.short_km, log)
        network = _without_loops(network, log)
        if len(network.branches) == before:
            return network


def component_of_bus(network: Network) -> Ints:
    """Return the number of the component that each bus is in; transformers connect."""
    ends = network.branches[["bus0", "bus1"]].to_numpy(dtype=np.int64)
    pairs = np.concatenate([ends, network.transformers]) if len(network.transformers) else ends
    return label_components(pairs[:, 0], pairs[:, 1], len(network.buses))


def _keep(network: Network, kept: Bools) -> Network:
    return replace(network, branches=network.branches[kept].reset_index(drop=True))


def _middle(branches: pd.DataFrame) -> Floats:
    if not len(branches):
        return np.zeros((0, 2))
    shapes = branches["geometry"].to_numpy(dtype=object)
    return shapely.get_coordinates(shapely.line_interpolate_point(shapes, 0.5, normalized=True))


def _log_drop(log: Log, reason: str, branches: pd.DataFrame) -> None:
    log.add(
        "drop", reason, _label(branches), lonlat=_middle(branches), km=branches["km"].to_numpy(),
        zone=branches["zone"].to_numpy(dtype=object), value=branches["v_nom"].to_numpy(),
    )  # fmt: skip


def _label(branches: pd.DataFrame) -> NDArray[np.object_]:
    """Return what to call branches that have no name of their own yet."""
    voltage = branches["v_nom"].map("{:g} kV".format)
    named = branches["name"].fillna("") != ""
    return branches["name"].where(named, voltage).to_numpy(dtype=object)


def _without_loops(network: Network, log: Log) -> Network:
    """Return the network without branches that begin and end on one bus: the inside of a substation, or a ring."""
    loop = (network.branches["bus0"] == network.branches["bus1"]).to_numpy()
    _log_drop(log, "begins and ends on one bus", network.branches[loop])
    return _keep(network, ~loop)


def _without_repeats(network: Network, duplicate_km: float, log: Log) -> Network:
    """Return the network without branches that are drawn beside another between the same buses."""
    rows = network.branches
    low, high = rows[["bus0", "bus1"]].min(axis=1), rows[["bus0", "bus1"]].max(axis=1)
    order = np.lexsort(
        (
            *steady(_middle(rows)).T,
            rows["ref"],
            steady(rows["km"]),
            rows["ref"] == "",
            rows["bridge"],
            high,
            low,
        )
    )
    repeat = np.zeros(len(rows), dtype=bool)
    key = np.stack([low.to_numpy()[order], high.to_numpy()[order]])
    new = np.r_[True, (key[:, 1:] != key[:, :-1]).any(axis=0)] if len(order) else np.zeros(0, bool)
    for group in np.split(order, np.flatnonzero(new)[1:]) if len(order) else []:
        if len(group) > 1:
            repeat[_repeats(rows.iloc[group], duplicate_km, group)] = True
    _log_drop(log, "drawn beside another branch between the same buses", rows[repeat])
    return _keep(network, ~repeat)


def _repeats(rows: pd.DataFrame, duplicate_km: float, at: Ints) -> Ints:
    """Return which of some parallel branches lie on one before them, and are not told from it by `ref`."""
    ref = rows["ref"].to_numpy(dtype=object)
    shapes = to_plane(rows["geometry"].to_numpy(dtype=object), float(_middle(rows)[0, 1]))
    kept: list[int] = []
    found: list[int] = []
    for number, shape in enumerate(shapes):
        apart = shapely.hausdorff_distance(shapes[kept], shape) if kept else np.zeros(0)
        alike = (ref[kept] == ref[number]) | (ref[number] == "")
        (found if ((apart <= duplicate_km) & alike).any() else kept).append(number)
    return at[found]


def _degree(network: Network) -> Ints:
    ends = network.branches[["bus0", "bus1"]].to_numpy(dtype=np.int64).ravel()
    both = np.concatenate([ends, network.transformers.ravel()])
    return np.bincount(both, minlength=len(network.buses)).astype(np.int64)


def _contracted(network: Network, short_km: float, log: Log) -> Network:
    """Return the network where a branch that is short, and not between two substations, is one bus with its ends."""
    rows = network.branches
    short = np.flatnonzero((rows["km"] < short_km).to_numpy() & ~rows["bridge"].to_numpy(dtype=bool))
    order = short[np.lexsort((*steady(_middle(rows.iloc[short])).T, steady(rows["km"].to_numpy()[short])))]
    parent = np.arange(len(network.buses))
    station = network.buses["station"].to_numpy().copy()
    gone = np.zeros(len(rows), dtype=bool)
    for at in order:
        ends = [_root(parent, int(rows[end].iat[at])) for end in ("bus0", "bus1")]
        if ends[0] == ends[1] or (station[ends] >= 0).all():
            continue
        kept, merged = sorted(ends, key=lambda bus: (station[bus] < 0, bus))
        parent[merged] = kept
        gone[at] = True
    _log_drop(log, "shorter than short_km and not between two substations: its ends are one bus", rows[gone])
    root = np.array([_root(parent, bus) for bus in range(len(parent))], dtype=np.int64)
    branches = rows.assign(bus0=root[rows["bus0"]], bus1=root[rows["bus1"]])[~gone].reset_index(drop=True)
    pairs = root[network.transformers]
    return Network(network.buses, branches, np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0))


def _root(parent: Ints, bus: int) -> int:
    while parent[bus] != bus:
        parent[bus] = parent[parent[bus]]
        bus = int(parent[bus])
    return bus


def _without_joints(network: Network) -> Network:
    """Return the network with two branches strung into one where nothing else meets them."""
    rows = network.branches
    ends = rows[["bus0", "bus1"]].to_numpy(dtype=np.int64)
    order = np.argsort(ends.ravel(), kind="stable")
    bus, branch = ends.ravel()[order], order // 2
    first = np.searchsorted(bus, np.arange(len(network.buses)), "left")
    two = (_degree(network) == 2) & (network.buses["station"].to_numpy() < 0)
    two &= np.bincount(bus, minlength=len(two)) == 2
    joint = np.flatnonzero(two)
    one, other = branch[first[joint]], branch[first[joint] + 1]
    kind = rows.groupby(["kind", "circuits", "area", "bridge", "zone"], dropna=False).ngroup().to_numpy()
    alike = (one != other) & (kind[one] == kind[other])
    label = label_components(one[alike], other[alike], len(rows))
    joints = np.zeros(len(network.buses), dtype=bool)
    joints[joint[alike]] = True
    return replace(network, branches=_strung(rows, ends, label, joints))


def _strung(rows: pd.DataFrame, ends: Ints, label: Ints, joints: Bools) -> pd.DataFrame:
    """Return one row for each label; pieces in the order in which they follow each other."""
    size = np.bincount(label)
    single = size[label] == 1
    made = [rows[single]]
    order = np.argsort(label, kind="stable")
    many = order[~single[order]]
    splits = np.flatnonzero(np.diff(label[many])) + 1
    strings = [_string(rows, ends, group, joints) for group in np.split(many, splits)] if len(many) else []
    if strings:
        made.append(pd.DataFrame(strings, columns=rows.columns))
    return pd.concat(made, ignore_index=True)


def _string(rows: pd.DataFrame, ends: Ints, group: Ints, joints: Bools) -> dict[str, object]:
    """Return the row of branches that follow each other; a ring begins at its first."""
    at: dict[int, list[int]] = {}
    for member in group:
        for bus in ends[member]:
            at.setdefault(int(bus), []).append(int(member))
    tips = sorted(bus for bus, members in at.items() if not joints[bus] or len(members) == 1)
    bus = start = tips[0] if tips else int(ends[group[0], 0])
    left, path, coordinates = {int(member) for member in group}, [], []
    while left:
        member = next((name for name in sorted(at[bus]) if name in left), None)
        if member is None:
            break
        left.discard(member)
        lonlat = shapely.get_coordinates(rows["geometry"].iat[member])
        forward = int(ends[member, 0]) == bus
        coordinates.append(lonlat if forward else lonlat[::-1])
        path.append(member)
        bus = int(ends[member, 1] if forward else ends[member, 0])
    members = rows.iloc[path]
    named = members[members["name"].fillna("") != ""].groupby("name")["km"].sum().round(STEADY_DIGITS)
    row = members.iloc[0].to_dict()
    return row | {
        "bus0": start,
        "bus1": bus,
        "km": float(members["km"].sum()),
        "ref": ";".join(sorted(set(members["ref"]) - {""})),
        "name": str(named.sort_values(kind="stable").index[-1]) if len(named) else "",
        "geometry": shapely.linestrings(np.concatenate(coordinates)),
    }
