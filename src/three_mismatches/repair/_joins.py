"""
Which ends of lines are joined to what.

Whether two things are joined may hang on the tolerance; whether they may be joined at all never does: that is
asked of the map alone, and of what is nearer than they are to each other. So a wider tolerance only ever adds
joins. What may be joined to connect an island does not know the tolerance either. So a component once whole
stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from three_mismatches.repair._chains import Chains, label_components, spanning_forest
from three_mismatches.repair._ends import Ends
from three_mismatches.repair._gaps import DETOUR, FACING_KM, beside, detours, same_side
from three_mismatches.repair._log import Log
from three_mismatches.repair._near import feet_within, km_per_degree, pairs_within, straight
from three_mismatches.repair._order import SAME_KM, STEADY_DIGITS, firsts, numbered, steady
from three_mismatches.repair._stations import OTHER, STATES, Stations
from three_mismatches.repair._zones import Land
from three_mismatches.repair.rules import RepairRules

__all__ = ["PASSING", "STATIONS", "TO_END", "TO_LINE", "TO_STATION", "Joins", "find_joins"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOUCH_KM = 0.012
"""An end this near to a line touches it: coordinates of the fourth decimal are rounded as far."""

BRANCHES_OFF_DEG = 15.0
"""A line that ends beside another and more nearly parallel than this does not branch off from it."""

YARD_KV = 300.0
"""Substations of this voltage fill a square of some hundred metres; the map may mark them by a point."""

TO_STATION, TO_END, TO_LINE, PASSING, STATIONS = "station", "end", "line", "passing", "stations"


@dataclass(frozen=True, eq=False)
class Joins:
    """Joins that are made: `kind`, `a` and `b` (positions by kind), km, place, share of the chain, and a word."""

    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Edges:
    """Every edge of every chain, and where along the chain it lies. [share of the chain in degrees]"""

    start: Floats
    end: Floats
    chain: Ints
    before: Floats
    length: Floats
    total: Floats

    def place(self, edge: Ints, share: Floats) -> Floats:
        """Return places on edges as shares of their chains."""
        return np.clip(
            (self.before[edge] + share * self.length[edge]) / self.total[self.chain[edge]], 0.0, 1.0
        )

    def foot(self, edge: Ints, share: Floats) -> Floats:
        """Return places on edges. [degrees]"""
        return self.start[edge] + share[:, None] * (self.end[edge] - self.start[edge])


def _edges(chains: Chains) -> _Edges:
    lonlat, owner = shapely.get_coordinates(chains.geometry, return_index=True)
    same = owner[1:] == owner[:-1]
    start, end, chain = lonlat[:-1][same], lonlat[1:][same], owner[:-1][same].astype(np.int64)
    length = np.hypot(*(end - start).T)
    total = np.bincount(chain, weights=length, minlength=len(chains.km))
    running = np.cumsum(length) - length
    before = running - running[np.searchsorted(chain, chain, side="left")]
    return _Edges(start, end, chain, before, length, np.asarray(total, dtype=np.float64))


def find_joins(
    chains: Chains,
    ends: Ends,
    stations: Stations,
    land: Land,
    tolerance_km: float,
    rules: RepairRules,
    log: Log,
) -> Joins:
    """
    Return the joins that a tolerance allows, and the shortest that connect what is left apart.

    Parameters
    ----------
    chains, ends, stations
        What there is to be joined.
    land
        The areas; outside them is water.
    tolerance_km
        Largest gap that is closed wherever it is found. [km]
    rules
        Largest gap that is closed to connect an island, and others. [km]
    log
        Certificate, to which joins and refusals are added.
    """
    reach = max(tolerance_km, rules.island_km, rules.yard_km, rules.name_km)
    edges = _edges(chains)
    network = _network_of(ends)
    found = [
        _to_stations(ends, stations, reach, rules.yard_km),
        _to_ends(ends, chains, network, reach, tolerance_km),
        _to_lines(ends, chains, edges, network, reach),
        _passing(chains, edges, stations, min(rules.passing_km, reach)),
        _between_stations(stations, reach, rules.name_km),
    ]
    table = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    # What is wider than the tolerance is asked only if it would connect an island.
    table = table[_over_land(table, land, rules.water_km, up_to_km=tolerance_km)]
    allowed = table[table["allowed"] & _first_choice(table)]
    now = allowed[allowed["km"] <= np.maximum(allowed["always_km"], tolerance_km)]
    _log_refused(table, ends, stations, tolerance_km, log)
    later = table[table["allowed"] & table["bridges"] & (table["km"] <= rules.island_km)]
    bridges = _bridges(chains, ends, stations, now, later, land, rules.water_km)
    joins = pd.concat([now.assign(bridge=False), bridges.assign(bridge=True)], ignore_index=True)
    return Joins(joins.assign(word=_words(joins, ends, stations)))


def _words(joins: pd.DataFrame, ends: Ends, stations: Stations) -> list[str]:
    """Return what the certificate calls each join by: the names of both substations, or the voltage of the end."""
    names = [name or at for name, at in zip(stations.names, stations.ids, strict=True)]
    return [
        f"{names[a]}, {names[b]}"
        if kind == STATIONS
        else ("" if kind == PASSING else f"{ends.v_nom[a]:g} kV")
        for kind, a, b in zip(joins["kind"], joins["a"], joins["b"], strict=True)
    ]


def _table(
    kind: str,
    a: Ints,
    b: Ints,
    km: Floats,
    *,
    place: Floats,
    other: Floats,
    zone: NDArray[np.object_],
    at: Floats | float = np.nan,
    choice: NDArray[np.bool_] | bool = True,
    bridges: Bools | bool = True,
    allowed: Bools | bool = True,
    explains: Bools | bool = True,
    along: Bools | bool = False,
    always_km: Floats | float = 0.0,
) -> pd.DataFrame:
    """
    Return candidates of one kind.

    `choice`: it may be made for its nearness alone; `bridges`: to connect an island; `allowed`: it stays in a zone;
    `explains`: it says why a line ends here, so that it branches off from nothing farther away; `along`: the line that
    it ends on runs along it; `always_km`: up to here it is made whatever the tolerance is.
    """
    return pd.DataFrame(
        {
            "kind": kind, "a": a, "b": b, "km": km, "at": at, "choice": choice, "bridges": bridges, "allowed": allowed,
            "explains": explains, "along": along, "always_km": always_km,
            "lon": place[:, 0], "lat": place[:, 1], "lon1": other[:, 0], "lat1": other[:, 1], "zone": zone,
        }
    )  # fmt: skip


def _to_stations(ends: Ends, stations: Stations, reach: float, yard_km: float) -> pd.DataFrame:
    """
    Return pairs of an end and a station.

    Chosen is, going outwards, each station that fits better than all nearer ones: so the nearest that states
    the voltage is always joined, and one that does not only where none that does is nearer. The yard of a station
    that states 300 kV or more reaches out to `yard_km` from its point.
    """
    end, station, km = stations.near(ends.lonlat, reach)
    admitted = stations.admits(station, ends.zone[end])
    fit = stations.fit(station, ends.v_nom[end])
    order = np.lexsort((station, steady(km), ~admitted, end))
    end, station, km, admitted, fit = end[order], station[order], km[order], admitted[order], fit[order]
    best = _least_before(end, np.where(admitted, fit, OTHER + 1))
    choice = admitted & (fit < best)
    bridges = (fit == STATES) & ends.dangling[end]
    return _table(
        TO_STATION, end, station, km,
        place=ends.lonlat[end], other=stations.lonlat[station], zone=ends.zone[end],
        choice=choice, bridges=bridges, allowed=admitted,
        always_km=np.where((fit == STATES) & (ends.v_nom[end] >= YARD_KV), yard_km, 0.0),
    )  # fmt: skip


def _least_before(group: Ints, value: Ints) -> Ints:
    """Return, for each row, the least value of the rows before it in its group."""
    frame = pd.DataFrame({"group": group, "value": value})
    least = frame.groupby("group")["value"].cummin().groupby(frame["group"]).shift(1)
    return least.fillna(OTHER + 1).to_numpy()


def _to_ends(ends: Ends, chains: Chains, network: Ints, reach: float, tolerance_km: float) -> pd.DataFrame:
    """
    Return pairs of dangling ends of one voltage; those of two zones are candidates that are refused.

    Chosen is every pair but those that lie beside each other and those that a line between them connects.
    """
    loose = np.flatnonzero(ends.dangling)
    a, b, km = pairs_within(ends.lonlat[loose], max(reach, FACING_KM))
    a, b = loose[a], loose[b]
    alike = (ends.v_nom[a] == ends.v_nom[b]) & (ends.dc[a] == ends.dc[b])
    a, b, km = a[alike], b[alike], km[alike]
    same_zone = network[a] == network[b]
    choice = np.ones(len(a), dtype=bool)
    near = np.flatnonzero(same_zone & (km <= FACING_KM))
    choice[near] = ~beside(a[near], b[near], km[near], ends.lonlat, ends.bearing)
    bridges = choice.copy()
    # Of wider gaps nobody asks, and a detour over them is too long.
    near = np.flatnonzero(same_zone & choice & (km <= tolerance_km))
    choice[near] = ~detours(a[near], b[near], km[near], ends.far, chains.km[ends.chain])
    kept = km <= reach
    a, b, km, same_zone, choice, bridges = (part[kept] for part in (a, b, km, same_zone, choice, bridges))
    return _table(
        TO_END, a, b, km, place=ends.lonlat[a], other=ends.lonlat[b], zone=ends.zone[a],
        choice=choice, bridges=bridges, allowed=same_zone, explains=~same_side(ends.bearing[a], ends.bearing[b]),
    )  # fmt: skip


def _to_lines(ends: Ends, chains: Chains, edges: _Edges, network: Ints, reach: float) -> pd.DataFrame:
    """
    Return, for each dangling end, the nearest place on each other line of its voltage from which it may branch off.

    An end that touches a line along which it runs is joined to it too. That says why it ends, if the line goes on.
    """
    loose = np.flatnonzero(ends.dangling)
    feet = feet_within(ends.lonlat[loose], edges.start, edges.end, reach)
    end, chain = loose[feet.point], edges.chain[feet.segment]
    node = ends.of_start[chain]
    alike = (ends.v_nom[end] == ends.v_nom[node]) & (ends.dc[end] == ends.dc[node])
    off = _branches_off(ends, edges, end, feet.segment)
    good = np.flatnonzero(alike & (chain != ends.chain[end]) & ((feet.km <= TOUCH_KM) | off))
    order = good[np.lexsort((feet.segment[good], steady(feet.km[good]), chain[good], end[good]))]
    first = order[firsts(end[order], chain[order])]
    end, chain, node, along, km = end[first], chain[first], node[first], ~off[first], feet.km[first]
    edge, share = feet.segment[first], feet.share[first]
    at = edges.place(edge, share)
    goes_on = np.minimum(at, 1.0 - at) * chains.km[chain] > 2.0 * TOUCH_KM
    return _table(
        TO_LINE, end, chain, km,
        place=ends.lonlat[end], other=edges.foot(edge, share), zone=ends.zone[end], at=at,
        choice=~_hangs_on(ends, chains, end, chain, at, km), allowed=network[end] == network[node],
        explains=along & goes_on, along=along,
    )  # fmt: skip


def _hangs_on(ends: Ends, chains: Chains, end: Ints, chain: Ints, at: Floats, km: Floats) -> Bools:
    """Return which ends are those of a stub whose other end the line, or its end, already is, hardly farther away."""
    own, far = chains.km[ends.chain[end]], ends.far[end]
    along = np.minimum(
        np.where(ends.of_start[chain] == far, at, np.inf),
        np.where(ends.of_end[chain] == far, 1.0 - at, np.inf),
    )
    hangs: Bools = own + along * chains.km[chain] <= DETOUR * km
    return hangs


def _branches_off(ends: Ends, edges: _Edges, end: Ints, edge: Ints) -> Bools:
    """Return where an end's line comes at an angle to the edge that it may branch off from."""
    scale = np.stack(km_per_degree(edges.start[edge][:, 1]), axis=1)
    way = (edges.end[edge] - edges.start[edge]) * scale
    turn = np.abs(np.degrees(np.arctan2(way[:, 1], way[:, 0])) - ends.bearing[end]) % 180.0
    off: Bools = np.minimum(turn, 180.0 - turn) >= BRANCHES_OFF_DEG
    return off


def _passing(chains: Chains, edges: _Edges, stations: Stations, reach: float) -> pd.DataFrame:
    """Return pairs of a chain and a station of its voltage that it passes: one place, the nearest."""
    widest = reach + float(stations.radius_km.max(initial=0.0))
    feet = feet_within(stations.lonlat, edges.start, edges.end, widest)
    station, chain = feet.point, edges.chain[feet.segment]
    v_nom = chains.table["v_nom"].to_numpy()[chain]
    zone = chains.table["zone"].to_numpy(dtype=object)[chain]
    ac = ~chains.table["dc"].to_numpy(dtype=bool)[chain]
    near = feet.km <= reach + stations.radius_km[station]
    good = near & ac & (stations.fit(station, v_nom) == STATES)
    order = np.lexsort((feet.segment, steady(feet.km), chain, station))
    order = order[good[order]]
    station, chain = station[order], chain[order]
    first = firsts(station, chain)
    order = order[first]
    station, chain, edge, share = (
        feet.point[order],
        edges.chain[feet.segment[order]],
        feet.segment[order],
        feet.share[order],
    )
    foot = edges.start[edge] + share[:, None] * (edges.end[edge] - edges.start[edge])
    return _table(
        PASSING, chain, station, np.maximum(feet.km[order] - stations.radius_km[station], 0.0),
        place=foot, other=stations.lonlat[station], zone=zone[order], at=edges.place(edge, share), bridges=False,
        allowed=stations.admits(station, zone[order]),
    )  # fmt: skip


def _between_stations(stations: Stations, reach: float, name_km: float) -> pd.DataFrame:
    """Return pairs of stations that are one: of one name, or of a common voltage."""
    a, b, km = pairs_within(stations.lonlat, reach)
    zones = [sorted(set(stations.zones[i]) & set(stations.zones[j])) for i, j in zip(a, b, strict=True)]
    common = [bool(set(stations.levels[i]) & set(stations.levels[j])) for i, j in zip(a, b, strict=True)]
    named = (stations.names[a] == stations.names[b]) & (stations.names[a] != "")
    one = np.array([bool(zone) for zone in zones], dtype=bool) & (named | np.array(common, dtype=bool))
    first_zone = np.array([zone[0] if zone else "" for zone in zones], dtype=object)
    return _table(
        STATIONS, a[one], b[one], km[one],
        place=stations.lonlat[a[one]], other=stations.lonlat[b[one]], zone=first_zone[one], bridges=False,
        always_km=np.where(named[one], name_km, 0.0),
    )  # fmt: skip


def _first_choice(table: pd.DataFrame) -> Bools:
    """
    Return which candidates may be made for their nearness alone.

    A branch off a line is only made off the nearest, and where nothing nearer says why the line ends: no station, no
    end of a line that goes on from there, no line along which it runs.
    """
    choice = (table["choice"] & table["allowed"]).to_numpy(dtype=bool)
    km, along = table["km"].to_numpy(), table["along"].to_numpy(dtype=bool)
    kind = table["kind"].to_numpy(dtype=object)
    on_line = choice & (kind == TO_LINE)
    other = choice & np.isin(kind, [TO_STATION, TO_END])
    explains = choice & table["explains"].to_numpy(dtype=bool)
    off, beside = on_line & ~along, on_line & along
    off &= (km < _least_km(table, explains & (other | beside))) & (km <= _least_km(table, off) + SAME_KM)
    beside &= (km < _least_km(table, other)) & (km <= _least_km(table, beside) + SAME_KM)
    return np.asarray((choice & (kind != TO_LINE)) | off | beside)


def _least_km(table: pd.DataFrame, chosen: Bools) -> Floats:
    """Return, for the end of each row, how near the nearest of some rows is. [km]"""
    rows = table[chosen]
    both = rows["kind"] == TO_END
    end = np.concatenate([rows["a"], rows.loc[both, "b"]]).astype(np.int64)
    km = np.concatenate([rows["km"], rows.loc[both, "km"]])
    least = np.full(int(max(table["a"].max(), end.max(initial=0))) + 1 if len(table) else 0, np.inf)
    np.minimum.at(least, end, km)
    return np.asarray(least[table["a"].to_numpy(dtype=np.int64)])


def _network_of(ends: Ends) -> Ints:
    """Return a number for each voltage, current and zone."""
    frame = pd.DataFrame({"v_nom": ends.v_nom, "dc": ends.dc, "zone": ends.zone})
    return numbered(frame, ["v_nom", "dc", "zone"])


def _over_land(table: pd.DataFrame, land: Land, water_km: float, up_to_km: float = np.inf) -> Bools:
    """Return which candidates have no more than `water_km` of their way outside the areas; wider ones are not asked."""
    dry = np.ones(len(table), dtype=bool)
    long = np.flatnonzero(((table["km"] > water_km) & (table["km"] <= up_to_km)).to_numpy())
    if not len(long):
        return dry
    part = table.iloc[long]
    ways = straight(part[["lon", "lat"]].to_numpy(), part[["lon1", "lat1"]].to_numpy())
    wet_km = land.outside_share(ways) * part["km"].to_numpy()
    dry[long] = wet_km <= water_km
    return dry


def _log_refused(table: pd.DataFrame, ends: Ends, stations: Stations, tolerance_km: float, log: Log) -> None:
    """Add a row for each join within the tolerance that would have crossed zones."""
    refused = table[~table["allowed"] & (table["km"] <= tolerance_km)]
    refused = refused[refused["kind"].isin([TO_STATION, TO_END, TO_LINE])]
    # One row for each end: the nearest thing that it was not joined to.
    refused = refused.sort_values(["a", "km", "kind", "b"], kind="stable").groupby("a").head(1)
    end = refused["a"].to_numpy(dtype=np.int64)
    label = [f"{kv:g} kV" for kv in ends.v_nom[end]]
    log.add(
        "refuse", "a join within the tolerance would have crossed synchronous zones", label,
        lonlat=refused[["lon", "lat"]].to_numpy(), km=refused["km"].to_numpy(),
        zone=refused["zone"].to_numpy(), suspicious=True,
    )  # fmt: skip
    passed = table[~table["allowed"] & (table["kind"] == PASSING)]
    names = stations.names[passed["b"].to_numpy(dtype=np.int64)] if len(passed) else []
    log.add(
        "refuse", "a line passes a substation of its voltage in another synchronous zone", names,
        lonlat=passed[["lon", "lat"]].to_numpy(), km=passed["km"].to_numpy(),
        zone=passed["zone"].to_numpy(), suspicious=True,
    )  # fmt: skip


def _bridges(
    chains: Chains,
    ends: Ends,
    stations: Stations,
    now: pd.DataFrame,
    later: pd.DataFrame,
    land: Land,
    water_km: float,
) -> pd.DataFrame:
    """Return the shortest candidates over land that connect what the joins leave apart."""
    count = len(chains.km)
    zones = sorted(set(ends.zone) | {zone for station in stations.zones for zone in station})
    size = count + len(stations.ids) * len(zones)
    touching = _touching(ends, count)
    first, second = _members(now, ends, count, zones)
    label = label_components(
        np.concatenate([touching[0], first]), np.concatenate([touching[1], second]), max(size, 1)
    )
    first, second = (label[part] for part in _members(later, ends, count, zones))
    later = later[first != second]
    later = later[_over_land(later, land, water_km)]
    places = ["km", "lon", "lat", "lon1", "lat1"]
    rank = later[places].round(STEADY_DIGITS).assign(kind=later["kind"]).reset_index(drop=True)
    later = later.iloc[rank.sort_values(["km", "kind", *places[1:]], kind="stable").index]
    first, second = (label[part] for part in _members(later, ends, count, zones))
    return later[spanning_forest(first, second, max(size, 1))]


def _members(table: pd.DataFrame, ends: Ends, count: int, zones: list[str]) -> tuple[Ints, Ints]:
    """Return the two things that each candidate would connect: a chain, or a zone's side of a station after them."""
    kind = table["kind"].to_numpy(dtype=object)
    a, b = table["a"].to_numpy(dtype=np.int64), table["b"].to_numpy(dtype=np.int64)
    number = (
        np.searchsorted(np.array(zones, dtype=object), table["zone"].to_numpy(dtype=object)) if zones else a
    )
    from_end = np.isin(kind, [TO_STATION, TO_END, TO_LINE])
    first = np.where(from_end, ends.chain[np.where(from_end, a, 0)], a) if len(ends.chain) else a
    first = np.where(kind == STATIONS, count + a * len(zones) + number, first)
    to_end = kind == TO_END
    second = np.where(to_end, ends.chain[np.where(to_end, b, 0)], b) if len(ends.chain) else b
    at_station = np.isin(kind, [TO_STATION, PASSING, STATIONS])
    second = np.where(at_station, count + b * len(zones) + number, second)
    return first.astype(np.int64), second.astype(np.int64)


def _touching(ends: Ends, count: int) -> tuple[Ints, Ints]:
    """Return pairs of chains that share an end."""
    end = np.concatenate([ends.of_start, ends.of_end])
    chain = np.tile(np.arange(count), 2)
    return chain.astype(np.int64), ends.chain[end]
