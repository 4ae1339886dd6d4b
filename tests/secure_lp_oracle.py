"""
New load within ratings before and after every outage, as one explicit programme: every angle of every state is in it.

Written from the definitions alone (METHODS A.2-A.7) and solved by scipy. Nothing here knows of factors, of rows that
are added later, or of prices. One dispatch serves all states. After an outage that splits the network each piece is
balanced by those of it that answer; pieces in which nobody answers are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from conftest import table
from three_mismatches.layers import LAYERS, Grid, empty

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Lost = tuple[int, ...]
"""Numbers of lines in service that are lost together."""

NONE: Mapping[str, Any] = {}

EXACT = 1e-7
"""What a phase may give up for the next. [MW]"""

LOOSE = 1e-6
"""The same where many phases follow each other. [MW]"""


@dataclass(frozen=True)
class Plain:
    """A grid as arrays, lines in service only. MW, MW/rad, rad."""

    buses: tuple[str, ...]
    lines: tuple[str, ...]
    start: Ints
    end: Ints
    b: Floats
    shift: Floats
    normal: Floats
    emergency: Floats
    demand: Floats
    given: Floats
    least: Floats
    most: Floats
    ends: Ints
    efficiency: Floats
    forward: Floats
    reverse: Floats
    sums: Floats
    low: Floats
    high: Floats


def plain_of(grid: Grid) -> Plain:
    """Return what the tables of a grid say; its dispatch must be balanced."""
    number = {bus: at for at, bus in enumerate(grid.buses.index)}
    lines, links = grid.lines[grid.lines["in_service"]], grid.links
    demand, given, least, most = np.zeros((4, len(number)))
    for row in grid.loads.itertuples():
        demand[number[row.bus]] += row.p_set
    for row in grid.generators.itertuples():
        at = number[row.bus]
        given[at] += row.p_set
        least[at] += min(row.p_set, row.p_min)
        most[at] += max(row.p_set, row.p_nom)
    element = {name: at for at, name in enumerate([*lines.index, *links.index])}
    sums = np.zeros((len(grid.interfaces), len(element)))
    for row in grid.interface_members.itertuples():
        if row.element in element:
            sums[grid.interfaces.index.get_loc(row.interface), element[row.element]] += row.sign
    high = grid.interfaces["limit_forward"].to_numpy(float)
    back = grid.interfaces["limit_reverse"].to_numpy(float)
    normal = lines["s_nom"].to_numpy(float)
    emergency = lines["s_nom_emergency"].to_numpy(float)
    forward, reverse = links["p_nom"].to_numpy(float), links["p_nom_reverse"].to_numpy(float)
    return Plain(
        tuple(number), tuple(lines.index), *_ends(lines, number),
        100.0 / (lines["x_pu_100"] * lines["tap_ratio"]).to_numpy(float),
        np.radians(lines["phase_shift"].to_numpy(float)),
        normal, np.where(np.isnan(emergency), normal, emergency), demand, given, least, most,
        _ends(links, number), links["efficiency"].to_numpy(float),
        forward, np.where(np.isnan(reverse), forward, reverse),
        sums, -np.where(np.isnan(back), high, back), high,
    )  # fmt: skip


def _ends(rows: pd.DataFrame, number: Mapping[str, int]) -> Ints:
    return np.array([[number[bus] for bus in rows[end]] for end in ("bus0", "bus1")], dtype=np.int64)


def pieces_of(count: int, start: Ints, end: Ints) -> Ints:
    """Return a number for each bus, the same for those that lines join."""
    label = np.arange(count)
    while True:
        before = label.copy()
        np.minimum.at(label, start, before[end])
        np.minimum.at(label, end, before[start])
        if (label == before).all():
            return label


def answering(plain: Plain, participation: Mapping[str, float] | None = None) -> Floats:
    """
    Return who answers for what its part lacks, as shares of each part.

    Those given; else generators by what they can still give and ends of links from other parts by what they can bring:
    all links from one part no more than its generators can give.
    """
    part = pieces_of(len(plain.buses), plain.start, plain.end)
    room = plain.most - plain.given
    weight = room if participation is None else np.array([participation.get(bus, 0.0) for bus in plain.buses])
    total = weight.copy()
    if participation is None:
        for here in np.unique(part):
            into = [
                (one, other, spare * gain)
                for two, gain, *ways in zip(
                    plain.ends.T, plain.efficiency, plain.forward, plain.reverse, strict=True
                )
                for one, other, spare in ((two[0], two[1], ways[0]), (two[1], two[0], ways[1]))
                if part[other] == here and part[one] != here
            ]
            for far in {part[one] for one, _, _ in into}:
                some = [(other, brings) for one, other, brings in into if part[one] == far]
                asked = sum(
                    spare
                    for two, *ways in zip(plain.ends.T, plain.forward, plain.reverse, strict=True)
                    for one, other, spare in ((two[0], two[1], ways[0]), (two[1], two[0], ways[1]))
                    if part[one] == far and part[other] == here
                )
                scale = min(1.0, room[part == far].sum() / asked) if asked > 0.0 else 0.0
                for other, brings in some:
                    total[other] += scale * brings
    for here in np.unique(part):
        total[part == here] /= total[part == here].sum() or 1.0
    return total


class State:
    """The grid without some lines: its equations, who is balanced by whom, and which lines are looked at."""

    def __init__(self, plain: Plain, share: Floats, lost: Lost) -> None:
        count = len(plain.buses)
        self.alive = np.setdiff1d(np.arange(len(plain.b)), np.array(lost, dtype=np.int64))
        start, end, b = plain.start[self.alive], plain.end[self.alive], plain.b[self.alive]
        part, piece = pieces_of(count, plain.start, plain.end), pieces_of(count, start, end)
        self.splits = len(np.unique(piece)) > len(np.unique(part))
        incidence = np.zeros((len(self.alive), count))
        incidence[np.arange(len(start)), start] += 1.0
        incidence[np.arange(len(end)), end] -= 1.0
        self.drives, self.turns = b[:, None] * incidence, b * plain.shift[self.alive]
        self.matrix, self.pushed = incidence.T @ self.drives, incidence.T @ self.turns
        self.first, self.balance = np.unique(piece), np.eye(count)
        dark, self.apart = np.zeros(count, dtype=bool), []
        for one in np.unique(part):
            own = np.unique(piece[part == one])
            total = {each: share[piece == each].sum() for each in own}
            main = max(own, key=lambda each: (total[each], (piece == each).sum(), -each))
            for each in own if len(own) > 1 else ():
                here = piece == each
                if each != main:
                    self.apart.append(np.flatnonzero(here))
                if total[each] > 1e-12:
                    self.balance[np.ix_(here, here)] -= share[here, None] / total[each]
                else:
                    dark |= here
        self.dark, self.seen = dark, ~dark[start]

    def flows(self, injected: Floats) -> Floats:
        """Return what lines that are left carry; NaN where nobody looks."""
        angle = np.linalg.lstsq(self.matrix, self.balance @ injected + self.pushed, rcond=None)[0]
        return np.where(self.seen, self.drives @ angle - self.turns, np.nan)


class Oracle:
    """
    New load at some buses under "transport", "n0" or "n1", with any outages.

    Columns: supply, shed, spilt, links there and back, new load, and the angles of each state (or flows).
    """

    def __init__(
        self, plain: Plain, places: Sequence[str], rung: str, *, outages: Sequence[Lost] | None = None,
        participation: Mapping[str, float] | None = None, islanding: str = "redistribute",
    ) -> None:  # fmt: skip
        self.plain, self.rung = plain, rung
        self.places = np.array([plain.buses.index(bus) for bus in places], dtype=np.int64)
        share = answering(plain, participation)
        lost = [(line,) for line in range(len(plain.b))] if outages is None else list(outages)
        states = [State(plain, share, one) for one in ([(), *lost] if rung == "n1" else [()])]
        self.states = [one for one in states if islanding == "redistribute" or not one.splits]
        sizes = [len(plain.buses)] * 3 + [len(plain.forward)] * 2 + [len(places)]
        self._at = np.cumsum([0, *sizes])
        self.new = slice(int(self._at[5]), int(self._at[6]))
        self._equal: list[tuple[Floats, Floats]] = []
        self._below: list[tuple[Floats, Floats]] = []
        self._bounds: list[tuple[float, float]] = []
        self._write()

    def _write(self) -> None:
        plain, count = self.plain, len(self.plain.buses)
        width = int(self._at[-1])
        wide = len(plain.b) if self.rung == "transport" else count * len(self.states)
        self.size = width + wide
        injected = self._injected(width)
        self._bounds = [(None, None)] * self.size
        fixed = np.stack([
            np.concatenate([plain.least, np.zeros(width - count)]),
            np.concatenate([
                plain.most, np.maximum(plain.demand, 0.0),
                np.maximum(plain.least, 0.0) + np.maximum(-plain.demand, 0.0),
                plain.forward, plain.reverse, np.zeros(len(self.places)),
            ]),
        ])  # fmt: skip
        self._bounds[:width] = [tuple(each) for each in fixed.T]
        if self.rung == "transport":
            self._transport(injected, width)
            return
        for number, state in enumerate(self.states):
            angles = slice(width + number * count, width + (number + 1) * count)
            rating = (plain.emergency if number else plain.normal)[state.alive]
            self._state(state, injected, angles, np.where(np.isfinite(rating) & state.seen, rating, np.nan))
            if number == 0 and self.rung == "n1":
                self._interfaces(state, angles)

    def _injected(self, width: int) -> Floats:
        """Return what columns bring to each bus, beside what it demands."""
        plain, count = self.plain, len(self.plain.buses)
        found = np.zeros((count, width))
        bus = np.arange(count)
        found[bus, bus], found[bus, count + bus], found[bus, 2 * count + bus] = 1.0, 1.0, -1.0
        for link, (one, other) in enumerate(plain.ends.T):
            gain = plain.efficiency[link]
            found[[one, other], self._at[3] + link] += [-1.0, gain]
            found[[other, one], self._at[4] + link] += [-1.0, gain]
        for at, place in enumerate(self.places):
            found[place, self._at[5] + at] -= 1.0
        return found

    def _transport(self, injected: Floats, width: int) -> None:
        plain, lines = self.plain, np.arange(len(self.plain.b))
        block = np.zeros((len(plain.buses), self.size))
        block[:, :width] = injected
        np.add.at(block, (plain.start, width + lines), -1.0)
        np.add.at(block, (plain.end, width + lines), 1.0)
        self._equal.append((block, plain.demand))
        for at, rating in enumerate(plain.normal):
            self._bounds[width + at] = (-rating, rating) if np.isfinite(rating) else (None, None)

    def _state(self, state: State, injected: Floats, angles: slice, rating: Floats) -> None:
        """Write balance, ratings and what pieces can feed of one state."""
        plain = self.plain
        block = np.zeros((len(plain.buses), self.size))
        block[:, : injected.shape[1]] = -state.balance @ injected
        block[:, angles] = state.matrix
        right = state.pushed - state.balance @ plain.demand
        self._equal.append((block[~state.dark], right[~state.dark]))
        for one in state.first:
            self._bounds[angles.start + int(one)] = (0.0, 0.0)
        limited = ~np.isnan(rating)
        for sign in (1.0, -1.0):
            over = np.zeros((int(limited.sum()), self.size))
            over[:, angles] = sign * state.drives[limited]
            self._below.append((over, rating[limited] + sign * state.turns[limited]))
        for piece in state.apart:
            row = np.zeros((1, self.size))
            row[0, self.new] = np.isin(self.places, piece)
            self._below.append((row, np.array([max(0.0, self._left_in(piece))])))

    def _left_in(self, piece: Ints) -> float:
        """Return what generators and links can feed in a piece beside its demand."""
        plain = self.plain
        found = float((plain.most - plain.demand)[piece].sum())
        for (one, other), gain, there, back in zip(
            plain.ends.T, plain.efficiency, plain.forward, plain.reverse, strict=True
        ):
            found += gain * there * (other in piece and one not in piece)
            found += gain * back * (one in piece and other not in piece)
        return found

    def _interfaces(self, state: State, angles: slice) -> None:
        plain = self.plain
        row = np.zeros((len(plain.low), self.size))
        lines = len(plain.b)
        row[:, angles] = plain.sums[:, :lines] @ state.drives
        row[:, self._at[3] : self._at[4]] = plain.sums[:, lines:]
        row[:, self._at[4] : self._at[5]] = -plain.sums[:, lines:]
        turned = plain.sums[:, :lines] @ state.turns
        self._below += [(row, plain.high + turned), (-row, -plain.low - turned)]

    # Solving

    def _best(
        self, cost: Floats, new: Sequence[tuple[float, float]], *more: tuple[Floats, float]
    ) -> tuple[float, Floats]:
        """Return the least cost and where it is; `more` are rows at most a figure."""
        bounds = list(self._bounds)
        bounds[self.new] = [(low, None if np.isinf(high) else high) for low, high in new]
        width = len(cost)
        below = [*self._below, *((row[None, : self.size], np.array([right])) for row, right in more)]
        matrices = [np.vstack([rows for rows, _ in some]) for some in (below, self._equal) if some]
        extra = [np.zeros((len(each), width - self.size)) for each in matrices]
        for at, (row, _) in enumerate(more):
            extra[0][len(matrices[0]) - len(more) + at] = row[self.size :]
        equal = csr_array(np.hstack([matrices[-1], extra[-1]]))
        right = [np.concatenate([each for _, each in some]) for some in (below, self._equal) if some]
        found = linprog(
            cost, A_eq=equal, b_eq=right[-1],
            A_ub=csr_array(np.hstack([matrices[0], extra[0]])) if below else None, b_ub=right[0] if below else None,
            bounds=bounds + [(0.0, 1.0)] * (width - self.size),
        )  # fmt: skip
        if found.status != 0:
            raise ValueError(found.message)
        return float(found.fun), found.x

    def _shed(self) -> Floats:
        row = np.zeros(self.size)
        row[self._at[1] : self._at[3]] = 1.0
        return row

    def base_shed(self) -> float:
        """Return the least that is shed or spilt before anything is added."""
        return self._best(self._shed(), [(0.0, 0.0)] * len(self.places))[0]

    def most(self, upper: Sequence[float]) -> float:
        """Return the most new load in all, beside the least that is shed."""
        new = [(0.0, high) for high in upper]
        least = self._best(self._shed(), new)[0]
        cost = np.zeros(self.size)
        cost[self.new] = -1.0
        return -self._best(cost, new, (self._shed(), least + EXACT))[0]

    def alone(self, requests: Sequence[float]) -> Floats:
        """Return what each place gets if nobody else asks."""
        size = len(requests)
        return np.array(
            [self.most([mw if one == at else 0.0 for one in range(size)]) for at, mw in enumerate(requests)]
        )

    def fair(self, ask: Floats, upper: Floats, total: float = 0.0) -> Floats:
        """Return the lexicographically largest shares, one LP for each question that the definition asks."""
        try:
            return self._fair(ask, upper, total, LOOSE)
        except ValueError:
            return self._fair(ask, upper, total, 10.0 * LOOSE)

    def _fair(self, ask: Floats, upper: Floats, total: float, loose: float) -> Floats:
        fixed, shed = np.full(len(ask), np.nan), self._shed()
        least = self._best(shed, [(0.0, high) for high in upper])[0]
        sum_ = np.zeros(self.size)
        sum_[self.new] = -1.0
        while np.isnan(fixed).any():
            open_ = np.flatnonzero(np.isnan(fixed))
            new = [
                (0.0, high) if np.isnan(at) else (at - loose, at)
                for at, high in zip(fixed, upper, strict=True)
            ]
            new = [(max(low, 0.0), max(high, 0.0)) for low, high in new]
            rows = [(shed, least + loose), (sum_, -total + loose)]
            level = -self._best(
                np.append(np.zeros(self.size), -1.0), new,
                *((np.append(row, 0.0), right) for row, right in rows), *(self._above(ask, at) for at in open_),
            )[0]  # fmt: skip
            held = [
                (max(low, ask[at] * level - loose) if at in open_ else low, high)
                for at, (low, high) in enumerate(new)
            ]
            for at in open_:
                cost = np.zeros(self.size)
                cost[self.new.start + at] = -1.0
                if -self._best(cost, held, *rows)[0] <= ask[at] * level + 1e-4 * max(ask[at], 1.0):
                    fixed[at] = ask[at] * level
        return fixed

    def _above(self, ask: Floats, at: int) -> tuple[Floats, float]:
        """Return the row that a place gets the common share of what it asks."""
        row = np.zeros(self.size + 1)
        row[self.new.start + at], row[-1] = -1.0, ask[at]
        return row, 0.0


# Grids


@cache
def template(name: str) -> pd.DataFrame:
    """Return a valid row of a layer."""
    some = {
        "lines": {"bus0": "a", "bus1": "b", "x_pu_100": 0.1}, "links": {"bus0": "a", "bus1": "b", "p_nom": 1.0},
        "generators": {"bus": "a", "p_nom": 1.0, "p_set": 0.0}, "loads": {"bus": "a"}, "buses": {},
        "interfaces": {"limit_forward": 1.0}, "interface_members": {"interface": "i", "element": "l"},
    }  # fmt: skip
    return table(name, {"x": some[name]})


def quick_grid(**frames: Mapping[str, Mapping[str, Any]]) -> Grid:
    """Return a grid from `{id: {column: value}}` by layer; nothing checks it, so it takes no time."""
    tables = {}
    for name, rows in frames.items():
        one = template(name)
        frame = one.iloc[np.zeros(len(rows), dtype=int)].set_axis(pd.Index(list(rows), dtype=str), axis=0)
        frame.index.name = one.index.name
        given = pd.DataFrame.from_dict(dict(rows), orient="index")
        for column in given:
            blank = one[column].iloc[0] if column in one else np.nan
            values = given[column].set_axis(frame.index)
            frame[column] = values.where(values.notna(), blank) if isinstance(blank, float) else values
        tables[name] = frame
    fields = [field for field in Grid.__dataclass_fields__ if field in LAYERS]
    return Grid(**{field: tables.get(field, empty(field)) for field in fields})


def drawn(
    buses: Sequence[str] | Mapping[str, Any], lines: Mapping[str, Any], generators: Mapping[str, Any] = NONE,
    loads: Mapping[str, Any] = NONE, links: Mapping[str, Any] = NONE,
) -> Grid:  # fmt: skip
    """Return a hand-drawn grid: lines and links are named after their ends, plants and loads after their bus."""
    own = dict(buses) if isinstance(buses, Mapping) else {bus: {} for bus in buses}
    between = {
        name: {one: {"bus0": one[0], "bus1": one[1]} | dict(row) for one, row in rows.items()}
        for name, rows in (("lines", lines), ("links", links))
    }
    beside = {
        "generators": {one: {"bus": one[0], "p_nom": 1e3} | dict(row) for one, row in generators.items()},
        "loads": {one: {"bus": one[0]} | dict(row) for one, row in loads.items()},
    }
    return quick_grid(buses=own, **{name: rows for name, rows in (between | beside).items() if rows})


def random_grid(seed: int) -> Grid:
    """
    Return a grid of one to three parts: meshes, bridges, double circuits, taps, shifters, capacitors in series.

    Parts are joined by links that lose power. Ratings leave something most times and too little now and then.
    """
    rng = np.random.default_rng(seed)
    parts = int(rng.choice([1, 1, 2, 3]))
    lines: dict[str, Any] = {}
    plants: dict[str, Any] = {}
    loads: dict[str, Any] = {}
    members: list[list[str]] = []
    for part in range(parts):
        size = int(rng.integers(3, 8 if parts == 1 else 5))
        buses = [f"{'abc'[part]}{at}" for at in range(size)]
        members.append(buses)
        ends = [(at, int(rng.integers(max(0, at - 2), at))) for at in range(1, size)]
        ends += [tuple(rng.choice(size, 2, replace=False)) for _ in range(int(rng.integers(0, size)))]
        ends += [ends[at] for at in rng.integers(0, len(ends), int(rng.integers(0, 3)))]
        for one, other in ends:
            x = float(rng.uniform(0.02, 0.4)) * (-0.1 if rng.random() < 0.03 else 1.0)
            lines[f"line {len(lines)}"] = {
                "bus0": buses[one], "bus1": buses[other], "x_pu_100": x, "corridor": f"{min(one, other)}-{part}",
                "tap_ratio": float(rng.uniform(0.9, 1.1)) if rng.random() < 0.3 else 1.0,
                "phase_shift": float(rng.uniform(-2.0, 2.0)) if rng.random() < 0.15 else 0.0,
                "in_service": bool(rng.random() > 0.05 or len(ends) < size),
            }  # fmt: skip
        demand = rng.uniform(0.0, 60.0, size) * (rng.random(size) < 0.7)
        demand[-1] += 5.0
        output = rng.uniform(0.0, 1.0, size) * (rng.random(size) < 0.5)
        output[0] += 0.1
        loads |= {f"load {bus}": {"bus": bus, "p_set": mw} for bus, mw in zip(buses, demand, strict=True)}
        plants |= {bus: mw for bus, mw in zip(buses, output / output.sum(), strict=True) if mw > 0.0}
    links = {
        f"link {at}": {
            "bus0": str(rng.choice(members[at])), "bus1": str(rng.choice(members[at + 1])),
            "p_nom": float(rng.uniform(10.0, 60.0)), "p_nom_reverse": float(rng.choice([0.0, 20.0, np.nan])),
            "efficiency": float(rng.choice([1.0, 0.97])),
        }
        for at in range(parts - 1)
    }  # fmt: skip
    grid = quick_grid(buses={bus: {} for part in members for bus in part}, lines=lines, loads=loads)
    generators = _balanced(grid, plants, rng)
    frames = {"links": links} if links else {}
    if rng.random() < 0.3:
        some = [*rng.choice(list(lines), 2, replace=False), *links]
        frames |= {
            "interfaces": {"i": {"limit_forward": 80.0, "limit_reverse": float(rng.choice([60.0, np.nan]))}},
            "interface_members": {
                str(at): {"interface": "i", "element": name, "sign": float(rng.choice([-1.0, 1.0]))}
                for at, name in enumerate(some)
            },
        }  # fmt: skip
    whole = quick_grid(
        buses={bus: {} for part in members for bus in part},
        lines=lines,
        loads=loads,
        generators=generators,
        **frames,
    )
    return rated(whole, rng)


def _balanced(grid: Grid, plants: Mapping[str, float], rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Return generators that serve the demand of each part as it hangs together."""
    lines = grid.lines[grid.lines["in_service"]]
    number = {bus: at for at, bus in enumerate(grid.buses.index)}
    part = pieces_of(len(number), *_ends(lines, number))
    demand = np.zeros(len(number))
    for row in grid.loads.itertuples():
        demand[number[row.bus]] += row.p_set
    weight = np.array([plants.get(bus, 0.0) for bus in number])
    for one in np.unique(part):
        here = part == one
        weight[here] = weight[here] + (0.1 if not weight[here].sum() > 0.0 else 0.0)
        weight[here] *= demand[here].sum() / weight[here].sum()
    found = {}
    for bus, at in number.items():
        if weight[at] > 0.0 or plants.get(bus, 0.0) > 0.0:
            room = float(rng.uniform(20.0, 120.0)) * (rng.random() < 0.9)
            least = weight[at] * float(rng.choice([0.0, 0.0, 0.5]))
            found[f"plant {bus}"] = {
                "bus": bus,
                "p_set": weight[at],
                "p_nom": weight[at] + room,
                "p_min": least,
            }
    return found


def rated(grid: Grid, rng: np.random.Generator) -> Grid:
    """Return a grid whose ratings are what lines carry at worst, and some more or now and then less."""
    lines = {"s_nom": np.inf, "s_nom_emergency": np.inf}
    plain = plain_of(with_lines(grid, **lines))
    injected, share = plain.given - plain.demand, answering(plain)
    flow = State(plain, share, ()).flows(injected)
    before, across = np.abs(flow), np.abs(plain.sums[:, : len(flow)] @ flow)
    after = np.zeros((len(plain.b), len(plain.b)))
    for lost in range(len(plain.b)):
        state = State(plain, share, (lost,))
        after[lost, state.alive] = np.nan_to_num(np.abs(state.flows(injected)))
    # Shifters alone could exceed ratings that are too small: then there is nothing to solve.
    size, tight = len(plain.b), rng.random() < 0.5 and not plain.shift.any()
    least, extra = (0.4, 8.0) if tight else (1.0, 50.0)
    normal = before * rng.uniform(least, 1.5, size) + rng.uniform(1.0, extra, size)
    emergency = after.max(axis=0) * rng.uniform(least, 1.3, size) + rng.uniform(0.5, extra, size)
    emergency = np.where(rng.random(size) < 0.1, np.inf, np.maximum(emergency, normal * 0.8))
    working = grid.lines["in_service"].to_numpy()
    ratings = {name: np.full(len(working), 50.0) for name in lines}
    ratings["s_nom"][working], ratings["s_nom_emergency"][working] = normal, emergency
    limits = {name: np.maximum(grid.interfaces[name], across) for name in ("limit_forward", "limit_reverse")}
    fields: dict[str, Any] = {**vars(grid), "interfaces": grid.interfaces.assign(**limits)}
    return with_lines(Grid(**fields), **ratings)


def with_lines(grid: Grid, **columns: Any) -> Grid:
    """Return a grid with other columns of its lines."""
    fields: dict[str, Any] = {**vars(grid), "lines": grid.lines.assign(**columns)}
    return Grid(**fields)
