"""Loops, repeats, stubs and joints of a network that say nothing are taken out, and the certificate says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.geodesy import length_km
from three_mismatches.repair._assemble import Network
from three_mismatches.repair._chains import label_components
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import km_per_degree, middles
from three_mismatches.repair._order import STEADY_DIGITS, firsts, steady
from three_mismatches.repair.rules import RepairRules

__all__ = ["component_of_bus", "gap_km", "simplify"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]
_Path = tuple[list[int], list[bool], int, int]


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


def gap_km(branches: pd.DataFrame, component: Ints, apart: Bools) -> Floats:
    """
    Return, for each branch that is apart, how far its component is from the branches of its voltage that are not. [km]

    Infinite where the rest of its zone has none.
    """
    sort = branches.groupby(["zone", "v_nom", "dc"]).ngroup().to_numpy()
    shapes = branches["geometry"].to_numpy(dtype=object)
    gap = np.full(len(branches), np.inf)
    for kind in np.unique(sort[apart]):
        own, rest = np.flatnonzero(apart & (sort == kind)), shapes[~apart & (sort == kind)]
        if len(rest):
            nearest = rest[shapely.STRtree(rest).nearest(shapes[own])]
            gap[own] = length_km(shapely.shortest_line(shapes[own], nearest))
    least = pd.Series(gap[apart]).groupby(component[apart]).transform("min")
    return least.to_numpy(dtype=np.float64)


def _keep(network: Network, kept: Bools) -> Network:
    return replace(network, branches=network.branches[kept].reset_index(drop=True))


def _middle(branches: pd.DataFrame) -> Floats:
    return middles(branches["geometry"].to_numpy(dtype=object))


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
    ends = rows[["bus0", "bus1"]].to_numpy(dtype=np.int64)
    low, high = ends.min(axis=1), ends.max(axis=1)
    ref, km = rows["ref"].to_numpy(dtype=object), steady(rows["km"].to_numpy(dtype=np.float64))
    told = np.unique(ref.astype(str), return_inverse=True)[1]
    middle = _middle(rows)
    order = np.lexsort((*steady(middle).T, told, km, ref == "", rows["bridge"], high, low))
    one, other = _parallel(order, firsts(low[order], high[order]))
    apart = _apart(rows["geometry"].to_numpy(dtype=object), middle[:, 1], one, other)
    alike = (apart <= duplicate_km) & ((ref[one] == ref[other]) | (ref[other] == ""))
    repeat = np.zeros(len(rows), dtype=bool)
    # In order, so that what a branch repeats is itself known to be kept or not.
    for first, second in zip(one[alike], other[alike], strict=True):
        repeat[second] |= not repeat[first]
    _log_drop(log, "drawn beside another branch between the same buses", rows[repeat])
    return _keep(network, ~repeat)


def _parallel(order: Ints, begins: Bools) -> tuple[Ints, Ints]:
    """Return each pair of branches between the same buses, the one that is before the other in order first."""
    start = np.flatnonzero(begins)
    size = np.diff(np.r_[start, len(order)])
    place = np.arange(len(order)) - np.repeat(start, size)
    other = np.repeat(np.arange(len(order)), place)
    back = np.arange(len(other)) - np.repeat(np.cumsum(place) - place, place)
    return order[other - place[other] + back], order[other]


def _apart(shapes: Objects, lat: Floats, one: Ints, other: Ints) -> Floats:
    """Return how far apart two lines are at most, on the plane of the first. [km]"""
    east, north = km_per_degree(lat[one])
    planes = []
    for which in (one, other):
        lonlat, row = shapely.get_coordinates(shapes[which], return_index=True)
        planes.append(shapely.linestrings(lonlat * np.stack([east, north], axis=1)[row], indices=row))
    return np.asarray(shapely.hausdorff_distance(planes[0], planes[1]), dtype=np.float64)


def _degree(network: Network) -> Ints:
    ends = network.branches[["bus0", "bus1"]].to_numpy(dtype=np.int64).ravel()
    both = np.concatenate([ends, network.transformers.ravel()])
    return np.bincount(both, minlength=len(network.buses)).astype(np.int64)


def _contracted(network: Network, short_km: float, log: Log) -> Network:
    """Return the network where a branch that is short, and not between two substations, is one bus with its ends."""
    rows = network.branches
    ends, km = rows[["bus0", "bus1"]].to_numpy(dtype=np.int64), rows["km"].to_numpy(dtype=np.float64)
    short = np.flatnonzero((km < short_km) & ~rows["bridge"].to_numpy(dtype=bool))
    parent = np.arange(len(network.buses))
    named = network.buses["station"].to_numpy() >= 0
    gone = np.zeros(len(rows), dtype=bool)
    for at in short[np.lexsort((*steady(_middle(rows.iloc[short])).T, steady(km[short])))]:
        one, other = sorted((_root(parent, bus) for bus in ends[at]), key=lambda bus: (not named[bus], bus))
        if one != other and not (named[one] and named[other]):
            parent[other] = one
            gone[at] = True
    _log_drop(log, "shorter than short_km and not between two substations: its ends are one bus", rows[gone])
    root = np.array([_root(parent, bus) for bus in range(len(parent))], dtype=np.int64)
    branches = rows.assign(bus0=root[ends[:, 0]], bus1=root[ends[:, 1]])[~gone].reset_index(drop=True)
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
    # Two circuits that end together without a substation are no ring.
    beyond = [ends[which].sum(axis=1) - joint for which in (one, other)]
    alike = (one != other) & (kind[one] == kind[other]) & (beyond[0] != beyond[1])
    label = label_components(one[alike], other[alike], len(rows))
    joints = np.zeros(len(network.buses), dtype=bool)
    joints[joint[alike]] = True
    return replace(network, branches=_strung(rows, ends, label, joints))


def _strung(rows: pd.DataFrame, ends: Ints, label: Ints, joints: Bools) -> pd.DataFrame:
    """Return one row for each label; pieces in the order in which they follow each other."""
    size = np.bincount(label)
    single = size[label] == 1
    order = np.argsort(label, kind="stable")
    many = order[~single[order]]
    if not len(many):
        return rows.reset_index(drop=True)
    paths = [_path(ends, group, joints) for group in np.split(many, np.flatnonzero(np.diff(label[many])) + 1)]
    strung = _summed(rows, paths)
    alike = rows.drop(columns=strung.columns).iloc[[path[0][0] for path in paths]].reset_index(drop=True)
    strings = pd.concat([alike, strung], axis=1)[rows.columns]
    found: pd.DataFrame = pd.concat([rows[single], strings], ignore_index=True)
    return found


def _summed(rows: pd.DataFrame, paths: list[_Path]) -> pd.DataFrame:
    """Return ends, km, ref, name and geometry of branches that follow each other."""
    km, shapes = rows["km"].to_numpy(dtype=np.float64), rows["geometry"].to_numpy(dtype=object)
    name, ref = rows["name"].fillna("").to_numpy(dtype=object), rows["ref"].to_numpy(dtype=object)
    geometry = np.empty(len(paths), dtype=object)
    for number, (path, forward, _, _) in enumerate(paths):
        ways = [
            shapely.get_coordinates(shapes[at])[:: 1 if on else -1]
            for at, on in zip(path, forward, strict=True)
        ]
        geometry[number] = shapely.linestrings(np.concatenate(ways))
    members = [path for path, *_ in paths]
    return pd.DataFrame(
        {
            "bus0": [start for _, _, start, _ in paths],
            "bus1": [end for _, _, _, end in paths],
            "km": [km[path].sum() for path in members],
            "ref": [";".join(sorted(set(ref[path]) - {""})) for path in members],
            "name": [_longest_name(name[path], km[path]) for path in members],
            "geometry": geometry,
        }
    )


def _longest_name(names: Objects, km: Floats) -> str:
    """Return the name that most km carry, the last of equals; "" where none has one."""
    total: dict[str, float] = {}
    for name, length in zip(names, km, strict=True):
        total[name] = total.get(name, 0.0) + length
    total.pop("", None)
    return max(total, key=lambda name: (round(total[name], STEADY_DIGITS), name), default="")


def _path(ends: Ints, group: Ints, joints: Bools) -> _Path:
    """Return branches as they follow each other, which are drawn forward, and both buses; rings begin at the first."""
    at: dict[int, list[int]] = {}
    for member in group.tolist():
        for end in ends[member].tolist():
            at.setdefault(end, []).append(member)
    tips = sorted(bus for bus, members in at.items() if not joints[bus] or len(members) == 1)
    start = bus = tips[0] if tips else int(ends[group[0], 0])
    left, path, forward = set(group.tolist()), [], []
    while left:
        member = next((name for name in sorted(at[bus]) if name in left), None)
        if member is None:
            break
        left.discard(member)
        path.append(member)
        forward.append(bool(ends[member, 0] == bus))
        bus = int(ends[member, 1] if forward[-1] else ends[member, 0])
    return path, forward, start, bus
