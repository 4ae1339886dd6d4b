"""Chains and joins -> buses and branches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.geodesy import length_km, wrap_longitude
from three_mismatches.repair._chains import Chains, label_components
from three_mismatches.repair._ends import Ends
from three_mismatches.repair._joins import PASSING, STATIONS, TO_END, TO_LINE, TO_STATION, Joins
from three_mismatches.repair._near import straight
from three_mismatches.repair._order import firsts, steady
from three_mismatches.repair._stations import Stations

__all__ = ["Merges", "Network", "assemble", "complexes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Objects = NDArray[np.object_]

AT_END_KM = 0.03
"""A place on a chain this near to its end is the end."""


@dataclass(frozen=True, eq=False)
class Network:
    """
    Buses and branches, before they are simplified and named.

    Attributes
    ----------
    buses
        One row for each: v_nom, zone, dc, lon, lat, station (position, -1: none), complex (stations that are one).
    branches
        One row for each: bus0, bus1 (positions), v_nom, dc, zone, kind, circuits, name, area, km, bridge, geometry.
    transformers
        Pairs of buses that stand in one substation on neighbouring levels.
    """

    buses: pd.DataFrame
    branches: pd.DataFrame
    transformers: Ints


@dataclass(frozen=True, eq=False)
class Merges:
    """
    The joins that make two nodes one bus.

    The nodes of each, how many nodes there are, a word for each join, and whether it splits a line.
    """

    table: pd.DataFrame
    first: Ints
    second: Ints
    nodes: int
    words: Objects
    splits: Bools


def assemble(chains: Chains, ends: Ends, stations: Stations, joins: Joins) -> tuple[Network, Merges]:
    """Return the network that the joins make of the chains, and what was merged."""
    complex_of = complexes(stations, joins.table)
    nodes = _Nodes(chains, ends, stations, joins.table[joins.table["kind"] != STATIONS], complex_of)
    label = nodes.classes()
    buses = nodes.buses(label)
    branches = nodes.branches(label)
    return Network(buses, branches, _transformers(nodes, label)), nodes.merges(label, buses)


def complexes(stations: Stations, joins: pd.DataFrame) -> Ints:
    """Return the number of the complex that each station is part of."""
    pairs = joins[joins["kind"] == STATIONS]
    return label_components(
        pairs["a"].to_numpy(dtype=np.int64), pairs["b"].to_numpy(dtype=np.int64), len(stations.ids)
    )


class _Nodes:
    """Ends of chains, places on chains and levels of stations, and which of them are one bus."""

    def __init__(
        self, chains: Chains, ends: Ends, stations: Stations, joins: pd.DataFrame, complex_of: Ints
    ) -> None:
        self.chains, self.ends, self.stations, self.complex_of = chains, ends, stations, complex_of
        self.joins = joins.reset_index(drop=True)
        self.cut_chain, self.cut_at, self.cut_node = self._cuts()
        self.station_key, self.station_node = self._station_levels()

    def _cuts(self) -> tuple[Ints, Floats, Ints]:
        """Return the places on chains where something is joined, and the node of each: an end, if one is near."""
        kind = self.joins["kind"].to_numpy(dtype=object)
        on_chain = np.isin(kind, [TO_LINE, PASSING])
        chain = np.where(kind == TO_LINE, self.joins["b"], self.joins["a"]).astype(np.int64)
        at, km = self.joins["at"].to_numpy(), self.chains.km[np.where(on_chain, chain, 0)]
        count = len(self.ends.v_nom)
        node = np.full(len(kind), -1, dtype=np.int64)
        node[on_chain] = count + np.arange(on_chain.sum())
        first = on_chain & (at * km <= AT_END_KM)
        last = on_chain & ~first & ((1.0 - at) * km <= AT_END_KM)
        node[first] = self.ends.of_start[chain[first]]
        node[last] = self.ends.of_end[chain[last]]
        self.first_station = count + int(on_chain.sum())
        return chain, at, node

    def _station_levels(self) -> tuple[pd.DataFrame, Ints]:
        """Return the levels at which complexes have lines, and the node of each join that ends in one."""
        kind = self.joins["kind"].to_numpy(dtype=object)
        at_station = np.isin(kind, [TO_STATION, PASSING])
        station = np.where(at_station, self.joins["b"], 0).astype(np.int64)
        a = self.joins["a"].to_numpy(dtype=np.int64)
        to_station = kind == TO_STATION
        v_nom = np.where(
            to_station,
            self.ends.v_nom[np.where(to_station, a, 0)],
            self.chains.table["v_nom"].to_numpy()[np.where(kind == PASSING, a, 0)],
        )
        dc = np.where(to_station, self.ends.dc[np.where(to_station, a, 0)], False)
        frame = pd.DataFrame(
            {
                "complex": self.complex_of[station] if len(self.complex_of) else -1,
                "v_nom": v_nom,
                "zone": self.joins["zone"],
                "dc": dc,
            }
        )[at_station]
        number = np.full(len(kind), -1, dtype=np.int64)
        number[at_station] = (
            self.first_station + frame.groupby(["complex", "v_nom", "zone", "dc"]).ngroup().to_numpy()
        )
        keys = frame.drop_duplicates().sort_values(["complex", "v_nom", "zone", "dc"]).reset_index(drop=True)
        return keys, number

    def classes(self) -> Ints:
        """Return the bus that each node is."""
        kind = self.joins["kind"].to_numpy(dtype=object)
        a, b = self.joins["a"].to_numpy(dtype=np.int64), self.joins["b"].to_numpy(dtype=np.int64)
        first = np.where(kind == PASSING, self.cut_node, a)
        second = np.where(kind == TO_END, b, np.where(kind == TO_LINE, self.cut_node, self.station_node))
        merged = ~self.joins["bridge"].to_numpy(dtype=bool)
        self.bridge_ends = np.stack([first[~merged], second[~merged]])
        return label_components(first[merged], second[merged], self.first_station + len(self.station_key))

    def merges(self, label: Ints, buses: pd.DataFrame) -> Merges:
        """Return the joins that made buses; each is called by the bus's substation and voltage."""
        merged = ~self.joins["bridge"].to_numpy(dtype=bool)
        kind = self.joins["kind"].to_numpy(dtype=object)
        a, b = self.joins["a"].to_numpy(dtype=np.int64), self.joins["b"].to_numpy(dtype=np.int64)
        first = np.where(kind == PASSING, self.cut_node, a)[merged]
        second = np.where(kind == TO_END, b, np.where(kind == TO_LINE, self.cut_node, self.station_node))[
            merged
        ]
        bus = buses.iloc[label[first]]
        station = bus["station"].to_numpy(dtype=np.int64)
        named = np.where(station >= 0, self.stations.names[station] if len(self.stations.names) else "", "")
        words = [f"{name} {kv:g} kV".strip() for name, kv in zip(named, bus["v_nom"], strict=True)]
        nodes = self.first_station + len(self.station_key)
        splits = (self.cut_node >= len(self.ends.v_nom))[merged]
        return Merges(self.joins[merged], first, second, nodes, np.array(words, dtype=object), splits)

    def _lonlat(self) -> Floats:
        """Return the place of each node. [degrees]"""
        on_chain = np.isin(self.joins["kind"].to_numpy(dtype=object), [TO_LINE, PASSING])
        line = (self.joins["kind"] == TO_LINE).to_numpy()[on_chain]
        table = self.joins[on_chain]
        cut = np.where(line[:, None], table[["lon1", "lat1"]].to_numpy(), table[["lon", "lat"]].to_numpy())
        station = np.full((len(self.station_key), 2), np.nan)
        return np.concatenate([self.ends.lonlat, cut, station])

    def buses(self, label: Ints) -> pd.DataFrame:
        """Return one row for each bus."""
        count = int(label.max(initial=-1)) + 1
        on_chain = np.isin(self.joins["kind"].to_numpy(dtype=object), [TO_LINE, PASSING])
        chain = self.cut_chain[on_chain]
        v_nom = np.concatenate(
            [self.ends.v_nom, self.chains.table["v_nom"].to_numpy()[chain], self.station_key["v_nom"]]
        )
        dc = np.concatenate(
            [self.ends.dc, self.chains.table["dc"].to_numpy(dtype=bool)[chain], self.station_key["dc"]]
        )
        zone = np.concatenate(
            [
                self.ends.zone,
                self.chains.table["zone"].to_numpy(dtype=object)[chain],
                self.station_key["zone"],
            ]
        )
        lonlat = self._lonlat()
        frame = pd.DataFrame(
            {
                "bus": label,
                "v_nom": v_nom,
                "dc": dc.astype(bool),
                "zone": zone,
                "lon": lonlat[:, 0],
                "lat": lonlat[:, 1],
            }
        )
        first = frame.groupby("bus").first().reindex(range(count))
        # Around the first place, so that a bus on the antimeridian stays there.
        frame["lon"] = first["lon"].to_numpy()[label] + wrap_longitude(
            frame["lon"] - first["lon"].to_numpy()[label]
        )
        middle = frame.groupby("bus")[["lon", "lat"]].mean().reindex(range(count))
        station = self._station_of_bus(label, count, first["v_nom"].to_numpy())
        placed = station >= 0
        middle.loc[placed, ["lon", "lat"]] = self.stations.lonlat[station[placed]]
        complex_of = np.append(self.complex_of, -1)[station]
        return first.assign(
            lon=wrap_longitude(middle["lon"]), lat=middle["lat"], station=station, complex=complex_of
        )

    def _station_of_bus(self, label: Ints, count: int, v_nom: Floats) -> Ints:
        """Return the station that a bus is named after: one that states its voltage, else the nearest joined."""
        kind = self.joins["kind"].to_numpy(dtype=object)
        at_station = np.isin(kind, [TO_STATION, PASSING])
        rows = self.joins[at_station]
        station = rows["b"].to_numpy(dtype=np.int64)
        bus = label[self.station_node[at_station]]
        fit = self.stations.fit(station, v_nom[bus]) if len(bus) else np.zeros(0, dtype=np.int64)
        order = np.lexsort((station, steady(rows["km"].to_numpy()), fit, bus))
        found = np.full(count, -1, dtype=np.int64)
        found[bus[order][::-1]] = station[order][::-1]
        return found

    def branches(self, label: Ints) -> pd.DataFrame:
        """Return one row for each piece of a chain between two places, and for each bridge."""
        chain, first, second, geometry = self._pieces()
        table = self.chains.table.iloc[chain].reset_index(drop=True)
        rows = table[["v_nom", "dc", "zone", "area", "kind", "circuits", "ref", "name"]].assign(
            bus0=label[first], bus1=label[second], bridge=False, geometry=geometry
        )
        whole = np.bincount(chain, minlength=len(self.chains.km))[chain] == 1
        km = np.where(whole, self.chains.km[chain], 0.0)
        km[~whole] = length_km(geometry[~whole])
        return pd.concat([rows.assign(km=km), self._bridge_rows(label)], ignore_index=True)

    def _bridge_rows(self, label: Ints) -> pd.DataFrame:
        bridges = self.joins[self.joins["bridge"].to_numpy(dtype=bool)]
        a = bridges["a"].to_numpy(dtype=np.int64)
        return pd.DataFrame(
            {
                "v_nom": self.ends.v_nom[a], "dc": self.ends.dc[a], "zone": self.ends.zone[a], "area": "",
                "kind": "line", "circuits": np.nan, "ref": "", "name": "", "bus0": label[self.bridge_ends[0]],
                "bus1": label[self.bridge_ends[1]], "bridge": True, "km": bridges["km"].to_numpy(),
                "geometry": straight(bridges[["lon", "lat"]].to_numpy(), bridges[["lon1", "lat1"]].to_numpy()),
            }
        )  # fmt: skip

    def _pieces(self) -> tuple[Ints, Ints, Ints, Objects]:
        """Return the chain, both nodes and the geometry of each piece."""
        cut = np.flatnonzero((self.cut_node >= len(self.ends.v_nom)) & (self.cut_node < self.first_station))
        order = cut[np.lexsort((self.cut_node[cut], self.cut_at[cut], self.cut_chain[cut]))]
        untouched = np.ones(len(self.chains.km), dtype=bool)
        untouched[self.cut_chain[order]] = False
        plain = np.flatnonzero(untouched)
        chain, first, second = [plain], [self.ends.of_start[plain]], [self.ends.of_end[plain]]
        shapes = [self.chains.geometry[plain]]
        starts = np.flatnonzero(firsts(self.cut_chain[order]))
        for group in np.split(order, starts[1:]) if len(order) else []:
            at = int(self.cut_chain[group[0]])
            node = np.concatenate([[self.ends.of_start[at]], self.cut_node[group], [self.ends.of_end[at]]])
            pieces = _cut_line(self.chains.geometry[at], self.cut_at[group])
            chain.append(np.full(len(pieces), at))
            first.append(node[:-1])
            second.append(node[1:])
            shapes.append(pieces)
        return (
            np.concatenate(chain).astype(np.int64),
            np.concatenate(first).astype(np.int64),
            np.concatenate(second).astype(np.int64),
            np.concatenate(shapes),
        )


def _cut_line(line: shapely.Geometry, shares: Floats) -> Objects:
    """Return the pieces of a line between places along it, given as shares of its length in degrees."""
    lonlat = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(lonlat, axis=0).T))])
    cuts = np.concatenate([[0.0], shares * along[-1], [along[-1]]])
    place = np.stack([np.interp(cuts, along, lonlat[:, axis]) for axis in (0, 1)], axis=1)
    pieces = np.empty(len(cuts) - 1, dtype=object)
    for number, (low, high) in enumerate(pairwise(cuts)):
        inner = lonlat[(along > low) & (along < high)]
        pieces[number] = shapely.linestrings(np.concatenate([place[[number]], inner, place[[number + 1]]]))
    return pieces


def _transformers(nodes: _Nodes, label: Ints) -> Ints:
    """Return pairs of buses on neighbouring levels of one complex and zone, shape (pairs, 2)."""
    keys = nodes.station_key
    bus = label[nodes.first_station + np.arange(len(keys))]
    ac = ~keys["dc"].to_numpy(dtype=bool)
    rows = keys.assign(bus=bus)[ac].sort_values(["complex", "zone", "v_nom"], kind="stable")
    same = (rows["complex"].to_numpy()[1:] == rows["complex"].to_numpy()[:-1]) & (
        rows["zone"].to_numpy()[1:] == rows["zone"].to_numpy()[:-1]
    )
    lower, upper = rows["bus"].to_numpy()[:-1][same], rows["bus"].to_numpy()[1:][same]
    pairs = np.stack([upper, lower], axis=1) if same.any() else np.zeros((0, 2), dtype=np.int64)
    return np.unique(pairs, axis=0).astype(np.int64)
