"""
What a load may be before and after outages, in the plainest way: dense matrices, everything solved again.

Written from the definitions alone (METHODS A.2-A.7). An outage takes its lines away; what is left falls into pieces;
each piece has its own matrix, and is balanced by those of it that answer. Nothing here knows of factors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely import Point

from conftest import table
from three_mismatches.layers import LAYERS, Grid, empty

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CAPACITY = -1
"""Instead of a line: what can be generated."""

BEYOND = 1e-6
"""A flow is beyond its rating by more than this. [MW]"""


@dataclass(frozen=True)
class Plain:
    """
    Lines, what enters at each bus, what its generators can still give, and who answers for a new load.

    `b` is MW/rad; `shift` rad; `injection`, `room`, `normal` and `emergency` MW; `weight` of any unit.
    """

    start: Ints
    end: Ints
    b: Floats
    shift: Floats
    normal: Floats
    emergency: Floats
    injection: Floats
    room: Floats
    weight: Floats
    lines: tuple[str, ...]
    buses: tuple[str, ...]

    @cached_property
    def part(self) -> Ints:
        """Number of the part of the network that each bus is in."""
        return pieces_of(len(self.buses), self.start, self.end)


class Found(NamedTuple):
    """A limit of a bus: MW, number of the line or `CAPACITY`, number of the outage, -1 before any."""

    mw: float
    line: int
    outage: int


def pieces_of(count: int, start: Ints, end: Ints) -> Ints:
    """Return a number for each bus, the same for those that lines join."""
    label = np.arange(count)
    while True:
        before = label.copy()
        np.minimum.at(label, start, before[end])
        np.minimum.at(label, end, before[start])
        if (label == before).all():
            return label


def plain_of(grid: Grid, participation: Mapping[str, float] | None = None) -> Plain:
    """Return a grid whose lines in service matter only, its dispatch balanced by its slack, else by room."""
    lines = grid.lines[grid.lines["in_service"].to_numpy(dtype=bool)]
    buses = tuple(grid.buses.index)
    number = {bus: at for at, bus in enumerate(buses)}
    start, end = (np.array([number[bus] for bus in lines[one]], dtype=np.int64) for one in ("bus0", "bus1"))
    injection, up, down, slack = np.zeros((4, len(buses)))
    for row in grid.generators.itertuples():
        if row.status == "operating" and isinstance(row.bus, str):
            injection[number[row.bus]] += row.p_set
            up[number[row.bus]] += max(row.p_nom - row.p_set, 0.0)
            down[number[row.bus]] += max(row.p_set - (0.0 if np.isnan(row.p_min) else row.p_min), 0.0)
    for row in grid.loads.itertuples():
        injection[number[row.bus]] -= row.p_set
    if "slack" in grid.buses:
        slack = grid.buses["slack"].to_numpy(dtype=float)
    part = pieces_of(len(buses), start, end)
    for one in np.unique(part):
        here = part == one
        lacking = -injection[here].sum()
        if abs(lacking) < 1e-9:
            continue
        by = next(each[here] for each in (slack, up if lacking > 0.0 else down) if each[here].sum() > 0.0)
        added = lacking * by / by.sum()
        injection[here] += added
        up[here] = np.maximum(up[here] - added, 0.0)
    weight = up if participation is None else np.array([participation.get(bus, 0.0) for bus in buses])
    normal = lines["s_nom"].to_numpy(dtype=float)
    return Plain(
        start, end, 100.0 / (lines["x_pu_100"] * lines["tap_ratio"]).to_numpy(dtype=float),
        np.radians(lines["phase_shift"].to_numpy(dtype=float)), normal,
        lines["s_nom_emergency"].fillna(lines["s_nom"]).to_numpy(dtype=float),
        injection, up, weight, tuple(lines.index), buses,
    )  # fmt: skip


class Left:
    """What an outage leaves: pieces, each with its own matrix."""

    def __init__(self, plain: Plain, lost: Sequence[int]) -> None:
        count, self.plain = len(plain.buses), plain
        self.alive = np.setdiff1d(np.arange(len(plain.b)), np.asarray(lost, dtype=np.int64))
        self.whole = plain.part
        self.piece = pieces_of(count, plain.start[self.alive], plain.end[self.alive])
        self.total = {one: plain.weight[self.piece == one].sum() for one in np.unique(self.piece)}
        b, start, end = plain.b[self.alive], plain.start[self.alive], plain.end[self.alive]
        matrix = np.zeros((count, count))
        for weight, one, other in zip(b, start, end, strict=True):
            ends = [one, other, one, other], [one, other, other, one]
            np.add.at(matrix, ends, [weight, weight, -weight, -weight])
        self.inverse = {}
        for one in np.unique(self.piece):
            own = np.flatnonzero(self.piece == one)[1:]
            self.inverse[one] = own, np.linalg.inv(matrix[np.ix_(own, own)])
        pushed = b * plain.shift[self.alive]
        self.pushed = np.zeros(count)
        np.add.at(self.pushed, start, pushed)
        np.add.at(self.pushed, end, -pushed)

    @property
    def splits(self) -> bool:
        """Whether there are more pieces than there were parts."""
        return len(np.unique(self.piece)) > len(np.unique(self.whole))

    def main(self, bus: int) -> bool:
        """Return whether a bus is in the piece with most participation, then buses, of its part; none if two are."""
        here = self.whole == self.whole[bus]
        sum_of = self.plain.weight[here].sum()
        own = self.piece[bus]
        rivals = [one for one in np.unique(self.piece[here]) if one != own]

        def size(one: int) -> tuple[float, int]:
            return round(self.total[one] / sum_of, 9) if sum_of else 0.0, int((self.piece == one).sum())

        return all(size(own) > size(one) for one in rivals)

    def balanced(self, injection: Floats) -> Floats:
        """Return injections of shape (buses, cases) with what each piece lacks given by those of it that answer."""
        found = injection.copy()
        for one, total in self.total.items():
            here = self.piece == one
            if total > 0.0:
                share = plain_share(self.plain.weight, here)
                found[here] -= share[here][:, None] * injection[here].sum(axis=0)
        return found

    def flows(self, injection: Floats) -> Floats:
        """Return what each line carries, shape (lines, cases): 0 if lost, NaN where nothing answers."""
        plain, entering = self.plain, self.balanced(injection) + self.pushed[:, None]
        angle = np.zeros(entering.shape)
        for own, inverse in self.inverse.values():
            angle[own] = inverse @ entering[own]
        found = np.zeros((len(plain.b), injection.shape[1]))
        start, end = plain.start[self.alive], plain.end[self.alive]
        found[self.alive] = plain.b[self.alive][:, None] * (
            angle[start] - angle[end] - plain.shift[self.alive][:, None]
        )
        dark = np.array([not self.total[self.piece[bus]] > 0.0 for bus in start], dtype=bool)
        found[self.alive[dark]] = np.nan
        return found


def plain_share(weight: Floats, here: Bools) -> Floats:
    """Return participation as it counts among some buses: its sum is 1 there, 0 without any."""
    inside = np.where(here, weight, 0.0)
    return inside / inside.sum() if inside.any() else inside


def loaded(plain: Plain, bus: int, mw: float) -> tuple[Floats, Floats]:
    """Return what enters at each bus with a load at one of them, and what its generators give for it."""
    part = plain.part
    given = mw * plain_share(plain.weight, part == part[bus])
    entering = plain.injection + given
    entering[bus] -= mw
    return entering, given


def excess(plain: Plain, left: Left, rating: Floats, bus: int, mw: float) -> Floats:
    """Return by how much each line, and each generator that must feed a piece split off, is beyond its limit. [MW]"""
    entering, given = loaded(plain, bus, mw)
    flow = left.flows(entering[:, None])[:, 0]
    over = np.nan_to_num(np.abs(flow) - np.where(np.isnan(rating), np.inf, rating), nan=-np.inf)
    over[np.setdiff1d(np.arange(len(plain.b)), left.alive)] = -np.inf
    here = left.piece == left.piece[bus]
    more = given + (left.balanced(entering[:, None])[:, 0] - entering)
    lacking = np.where(here & (plain.weight > 0.0), more - plain.room, -np.inf)
    if left.splits and left.main(bus):
        lacking[:] = -np.inf
    elif not plain.weight[here].sum() > 0.0:
        lacking[bus] = mw
    return np.maximum(np.concatenate([over, lacking]), 0.0)


def most_load(plain: Plain, bus: int, lost: Sequence[int]) -> float:
    """
    Return the largest load that is secure before and after one outage.

    Where none is secure at 0: 0 if the load worsens what is violated, else NaN.
    """
    whole, left = Left(plain, ()), Left(plain, lost)

    def beyond(mw: float) -> Floats:
        before = excess(plain, whole, plain.normal, bus, mw)
        return np.concatenate([before, excess(plain, left, plain.emergency, bus, mw)])

    violated = beyond(0.0)
    if (violated > BEYOND).any():
        return 0.0 if (beyond(1.0) > violated + 1e-9)[violated > BEYOND].any() else np.nan
    return bisected(lambda mw: bool((beyond(mw) <= 1e-9).all()), capacity(plain, bus))


def bisected(holds: Callable[[float], bool], high: float) -> float:
    """Return where a property that holds at 0 ends, or `high`."""
    if holds(high):
        return high
    low = 0.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def capacity(plain: Plain, bus: int) -> float:
    """Return the load at which the first that answers can give no more."""
    part = plain.part
    share = plain_share(plain.weight, part == part[bus])
    return float((plain.room[share > 0.0] / share[share > 0.0]).min(initial=np.inf if share.any() else 0.0))


def every_limit(
    plain: Plain,
    outages: Sequence[Sequence[int]],
    *,
    cutoff: float = 0.0,
    preexisting: str = "count",
    islanding: str = "redistribute",
    top: int = 5,
    answer: tuple[Floats, Floats] | None = None,
) -> list[list[Found]]:
    """
    Return the least limits of each bus from every pair of a line and an outage, all of them looked at.

    `answer` is what enters where for 1 MW at each bus, shape (buses, buses), and the load at which that ends.
    """
    part = plain.part
    share = np.array([plain_share(plain.weight, part == one) for one in part])
    entering = share.T if answer is None else answer[0]
    one_more = plain.injection[:, None] + entering - np.eye(len(plain.buses))
    cap = np.array([capacity(plain, bus) for bus in range(len(plain.buses))]) if answer is None else answer[1]
    rows = [[Found(cap[bus], CAPACITY, -1)] for bus in range(len(plain.buses))]
    for outage, lost in enumerate([(), *outages], start=-1):
        left = Left(plain, lost)
        if left.splits and islanding == "skip":
            continue
        rating = plain.normal if outage < 0 else plain.emergency
        before = left.flows(plain.injection[:, None])
        change = left.flows(one_more) - before
        room = np.where(change > 0.0, rating[:, None] - before, rating[:, None] + before)
        tolerance = np.maximum(1e-9 * np.where(np.isfinite(rating), rating, 0.0), BEYOND)
        violated = (np.abs(before[:, 0]) > rating + tolerance)[:, None]
        counts = np.abs(change) >= max(cutoff, 1e-9)
        counts[list(lost)] = False
        if preexisting == "ignore":
            counts &= ~violated
        elif preexisting == "count_if_worsened":
            counts &= ~(violated & (room > 0.0))
        limit = np.where(counts, np.maximum(room, 0.0), np.inf) / np.where(counts, np.abs(change), 1.0)
        for line, bus in zip(*_least(limit, cap, top), strict=True):
            rows[bus].append(Found(float(limit[line, bus]), line, outage))
        for bus in range(len(plain.buses)):
            if left.splits and not left.main(bus):
                rows[bus].append(Found(_fed(plain, left, bus), CAPACITY, outage))
    for bus, found in enumerate(rows):
        found[1:] = [one for one in found[1:] if one.mw < cap[bus]]
        found.sort(key=lambda one: (one.mw, one.outage, one.line))
    return [found[:top] for found in rows]


def _least(limit: Floats, cap: Floats, top: int) -> tuple[list[int], list[int]]:
    """Return rows and columns of the least limits of each column, some of each."""
    row = np.argsort(limit, axis=0, kind="stable")[:top]
    column = np.broadcast_to(np.arange(limit.shape[1]), row.shape)
    below = limit[row, column] < cap
    return row[below].tolist(), column[below].tolist()


def _fed(plain: Plain, left: Left, bus: int) -> float:
    """Return the load that a piece which is split off can feed at a bus: the rise of its generators is linear."""
    here = (left.piece == left.piece[bus]) & (plain.weight > 0.0)
    if not here.any():
        return 0.0

    def rise(mw: float) -> Floats:
        entering, given = loaded(plain, bus, mw)
        more: Floats = (given + left.balanced(entering[:, None])[:, 0] - entering)[here]
        return more

    start, slope = rise(0.0), rise(1.0) - rise(0.0)
    return max(0.0, float(((plain.room[here] - start) / slope).min()))


def golden_of(grid: Grid) -> dict[str, Any]:
    """Return hosting of a grid with the options that `hosting` has by default, every pair looked at."""
    plain = plain_of(grid)
    rows = every_limit(plain, singles(plain), cutoff=0.05, preexisting="ignore")
    names = [*plain.lines, "capacity"]
    return {
        "note": "Every line after every single outage, by dense matrices solved anew: golden_of in security_oracle.py. "
        "Participation by room in the balanced dispatch, redistribute, cutoff 0.05, violated pairs left out.",
        "hosting_mw": [round(found[0].mw, 6) for found in rows],
        "limits": [
            [[round(one.mw, 6), names[one.line], [*plain.lines, ""][one.outage]] for one in found] for found in rows
        ],
    }  # fmt: skip


def singles(plain: Plain) -> list[tuple[int, ...]]:
    """Return the outages of each line alone."""
    return [(line,) for line in range(len(plain.b))]


def carried(plain: Plain, outages: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
    """Return the most that each line carries, either way, before and after outages. [MW]"""
    before = np.abs(Left(plain, ()).flows(plain.injection[:, None])[:, 0])
    after = [np.abs(Left(plain, lost).flows(plain.injection[:, None])[:, 0]) for lost in outages]
    worst: Floats = np.nanmax([before, *after], axis=0)
    return before, worst


def with_ratings(plain: Plain, most: tuple[Floats, Floats], spare: Floats, extra: Floats) -> Plain:
    """Return ratings that are what each line carries, times `spare`, and `extra` more. [MW]"""
    return replace(plain, normal=most[0] * spare + extra, emergency=most[1] * spare + extra)


def rated(grid: Grid, plain: Plain) -> Grid:
    """Return a grid with the ratings of a plain network; lines out of service keep their own."""
    ratings = {"s_nom": plain.normal, "s_nom_emergency": plain.emergency}
    new = {name: pd.Series(each, index=list(plain.lines)) for name, each in ratings.items()}
    lines = grid.lines.assign(
        **{name: each.reindex(grid.lines.index).fillna(grid.lines[name]) for name, each in new.items()}
    )
    fields: dict[str, Any] = {**vars(grid), "lines": lines}
    return Grid(**fields)


def grid_of(
    buses: Sequence[str],
    lines: Mapping[str, Any],
    plants: Mapping[str, Any],
    loads: Mapping[str, float],
    **more: Mapping[str, Mapping[str, Any]],
) -> Grid:
    """
    Return a grid from lines {id: {...}} whose first two letters are their ends, unless they say where they end.

    `plants` is {bus: (output, most)} in MW, `loads` {bus: MW}; `more` are rows of other tables.
    """
    frames = {
        "buses": {name: {"geometry": Point(at / 10.0, 0.0)} for at, name in enumerate(buses)},
        "lines": {name: {"bus0": name[0], "bus1": name[1]} | dict(row) for name, row in lines.items()},
        "generators": {
            f"plant {bus}": {"bus": bus, "p_set": given, "p_nom": most} for bus, (given, most) in plants.items()
        },
        "loads": {f"load {bus}": {"bus": bus, "p_set": mw} for bus, mw in loads.items()},
        **more,
    }  # fmt: skip
    tables = {name: _quickly(name, rows) for name, rows in frames.items()}
    fields = [field for field in Grid.__dataclass_fields__ if field in LAYERS]
    return Grid(**{field: tables.get(field, empty(field)) for field in fields})


_FIRST: dict[tuple[str, ...], pd.DataFrame] = {}


def _quickly(name: str, rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return what `table` does; of tables with the same columns only the first row of the first is validated."""
    given = {tuple(row) for row in rows.values()}
    if len(given) != 1:
        return table(name, rows)
    columns = next(iter(given))
    if (name, *columns) not in _FIRST:
        _FIRST[(name, *columns)] = table(name, dict([next(iter(rows.items()))]))
    first = _FIRST[(name, *columns)]
    many = first.iloc[[0] * len(rows)].set_axis(pd.Index(list(rows), name=first.index.name))
    return many.assign(**{column: [row[column] for row in rows.values()] for column in columns})


def random_grid(seed: int, *, parts: int = 1) -> Grid:
    """
    Return a balanced grid of one or two parts with bridges, double circuits, taps, shifters and capacitors in series.

    Some buses have nothing that answers; no line has a rating.
    """
    rng = np.random.default_rng(seed)
    lines: dict[str, Any] = {}
    plants, loads, names = {}, {}, []
    for part in range(parts):
        size = int(rng.integers(3, 13))
        buses = [f"{part}{at:02d}" for at in range(size)]
        ends = [(at, int(rng.integers(max(0, at - 3), at))) for at in range(1, size)]
        ends += [tuple(rng.choice(size, 2, replace=False)) for _ in range(int(rng.integers(0, size)))]
        ends += [ends[at] for at in rng.integers(0, len(ends), int(rng.integers(0, 1 + size // 2)))]
        for one, other in ends:
            x = float(rng.uniform(0.02, 0.4)) * (-0.1 if rng.random() < 0.05 else 1.0)
            lines[f"line {len(lines)}"] = {
                "bus0": buses[one], "bus1": buses[other], "x_pu_100": x,
                "tap_ratio": float(rng.uniform(0.9, 1.1)) if rng.random() < 0.3 else 1.0,
                "phase_shift": float(rng.uniform(-3.0, 3.0)) if rng.random() < 0.15 else 0.0,
            }  # fmt: skip
        demand = rng.uniform(0.0, 60.0, size) * (rng.random(size) < 0.7)
        given = rng.uniform(0.0, 1.0, size) * (rng.random(size) < 0.5)
        given[0] += 0.1
        given *= demand.sum() / given.sum()
        loads |= dict(zip(buses, demand.tolist(), strict=True))
        plants |= {
            bus: (mw, mw + float(rng.uniform(20.0, 90.0)))
            for bus, mw in zip(buses, given.tolist(), strict=True)
            if mw > 0.0
        }
        names += buses
    return grid_of(names, lines, plants, loads)


def random_outages(seed: int, plain: Plain, count: int) -> list[tuple[int, ...]]:
    """Return outages of one to four lines: any, those of one bus, and double circuits."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        size = min(int(rng.integers(1, 5)), len(plain.b))
        near = rng.integers(0, len(plain.buses))
        at_bus = np.flatnonzero((plain.start == near) | (plain.end == near))
        pool = at_bus if rng.random() < 0.4 and len(at_bus) else np.arange(len(plain.b))
        lost = rng.choice(pool, min(size, len(pool)), replace=False)
        if rng.random() < 0.3:
            same = (plain.start == plain.start[lost[0]]) & (plain.end == plain.end[lost[0]])
            lost = np.flatnonzero(same)
        found.append(tuple(sorted(set(lost.tolist()))))
    return found
