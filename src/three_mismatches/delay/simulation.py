"""Years until each site runs: the slowest of its building, connection, network, supply and fibre, drawn many times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import geopandas as gpd
import numpy as np
from rich.progress import track

from three_mismatches import match
from three_mismatches.assumptions import resolve
from three_mismatches.delay.draws import CHUNK, FIRST_COME, READY_FIRST, Part, draw_chunk
from three_mismatches.delay.model import Model, model_of, with_broken_cuts
from three_mismatches.delay.summary import Delay, Samples, Told, summarise
from three_mismatches.layers.question import Question
from three_mismatches.layers.settings import Settings
from three_mismatches.layers.tables import StudyTables

__all__ = ["DISCIPLINES", "READINGS", "refuse", "sampled", "simulate", "simulate_matched"]

READINGS: tuple[Mapping[str, float], ...] = (
    {"lead_time_level": -1.0},
    {"lead_time_level": 1.0},
    {"tie_level": -1.0},
    {"supply_level": -1.0},
)
"""Other readings of what sources leave open, one at a time, in which waits are shortest or longest."""

CHECKED, CHECKED_OF_CHUNK = 200, 50
"""States in which what was given out is held against the whole programme: in all, and of each chunk, at least."""

WAITED_FOR = ("connection", "building", "fibre")
"""Streams that take no time where the study has no lead time of them."""

DISCIPLINES = (FIRST_COME, READY_FIRST)
"""Who gets room: who applied first, and holds it while nothing is built; or who can use it first."""


def simulate(
    study: Question,
    *,
    draws: int = 10_000,
    seed: int = 0,
    discipline: str = FIRST_COME,
    workers: int = 1,
    progress: bool = False,
) -> Delay:
    """
    Return how long each site waits for its power, its supply and its fibre beyond its building.

    Time 0 is 1 January of the study's base year; sites ask for what they plan up to the study year. In each planning
    year the grid carries what it can with the works then in force and any one unit or pole lost, by the area model
    (its linear programme written as cuts, `power.cuts`), for the sites in the order of the queue.

    Parameters
    ----------
    study
        Tables and settings.
    draws
        Number of draws.
    seed
        Same seed, same answer, whatever the number of workers.
    discipline
        "first come": a request holds its place from its application on, also one that never comes
        (`phantom_hold_y`). "ready first": room goes to whoever can use it first.
    workers
        Threads.
    progress
        Whether a bar is shown.

    Returns
    -------
    delay
        Per site, per stream, for the fleet, and by year and area. [years, MW, MW years]

    Raises
    ------
    ValueError
        If `draws` or `workers` is below 1, or the discipline is not known.
    MatchError, NetworkError
        As `solve` would.

    Examples
    --------
    >>> import three_mismatches as tm
    >>> tm.delay.simulate(tm.japan(), draws=500).sites.loc["stack-tky01", "critical_stream"]
    'power'
    """
    values = resolve(study.settings.assume)
    now, sites, _ = match.in_its_year(study.tables, study.settings, values)
    return simulate_matched(
        study.tables,
        study.settings,
        values,
        now,
        sites,
        draws=draws,
        seed=seed,
        discipline=discipline,
        workers=workers,
        progress=progress,
    )


def simulate_matched(
    tables: StudyTables,
    settings: Settings,
    values: Mapping[str, float],
    now: StudyTables,
    sites: gpd.GeoDataFrame,
    *,
    draws: int,
    seed: int = 0,
    discipline: str = FIRST_COME,
    workers: int = 1,
    progress: bool = False,
    readings: Sequence[Mapping[str, float]] = READINGS,
) -> Delay:
    """
    Return what `simulate` does, for a study that `match.in_its_year` has seen already.

    Parameters
    ----------
    tables, settings, values
        The study as it was given; value of every assumption.
    now, sites
        From `match.in_its_year`.
    draws, seed, discipline, workers, progress
        As in `simulate`.
    readings
        Assumptions to replace, one set at a time: the least and the most of their means are the fleet's low and high.
        One that no row of the tables knows a range for is left out.
    """
    refuse(draws, workers, discipline)
    chance = np.random.SeedSequence(seed)
    pilot, check, *chunks = chance.spawn(2 + -(-draws // CHUNK))
    model = model_of(tables, settings, values, now, sites, rng=np.random.default_rng(pilot))
    rng = np.random.default_rng(check)
    samples, model = sampled(model, chunks, rng, discipline=discipline, workers=workers, progress=progress)
    samples = samples.first(draws)
    other = {
        ", ".join(f"{name}={value:g}" for name, value in reading.items()): _read(
            model, reading, chunks[0], discipline
        )
        for reading in readings
        if _is_open(now, reading)
    }
    leads = now.lead_times
    untimed = tuple(stream for stream in WAITED_FOR if not leads["stream"].eq(stream).any())
    how = Told(values["load_factor"], discipline, seed, untimed)
    return summarise(samples, model.queue, sites, model.calendar, how, other)


def sampled(
    model: Model,
    chunks: list[np.random.SeedSequence],
    check: np.random.Generator,
    *,
    discipline: str = FIRST_COME,
    workers: int = 1,
    progress: bool = False,
) -> tuple[Samples, Model]:
    """
    Return the draws of all chunks, and the model with every cut that they needed.

    Parameters
    ----------
    model
        What is the same in every draw.
    chunks
        The source of chance of each.
    check
        Chooses in which states what was given out is held against the whole programme.
    discipline, workers, progress
        As in `simulate`.
    """
    while True:
        drawn = _parts(model, chunks, discipline, workers)
        told = track(drawn, "Draws", len(chunks), disable=not progress)
        samples, better = _checked(model, told, len(chunks), check)
        # Rarely more than once: the pilot has seen more works slip at a time than the draws have.
        if len(better.cuts.node) == len(model.cuts.node):
            return samples, model
        model = better


def _is_open(now: StudyTables, reading: Mapping[str, float]) -> bool:
    """Return whether a row knows a range for anything that a reading moves."""
    leads, grid = now.lead_times, now.grid
    moved = {
        "lead_time_level": leads["low_y"] < leads["high_y"],
        "tie_level": grid.interfaces[["limit_forward_low", "limit_reverse_low"]].notna().any(axis=1),
        "supply_level": grid.areas["firm_mw_low"].notna(),
    }
    return any(name not in moved or bool(moved[name].any()) for name in reading)


def _read(
    model: Model, reading: Mapping[str, float], chunk: np.random.SeedSequence, discipline: str
) -> Samples:
    """Return samples of one chunk under another reading: enough for a mean."""
    values = {**model.values, **reading}
    moved = replace(model, values=values, calendar=model.calendar.under(values))
    while True:
        part = draw_chunk(moved, chunk, discipline=discipline)
        rng = np.random.default_rng(0)
        better = with_broken_cuts(moved, part.states, part.served_mw, rng, count=CHECKED_OF_CHUNK)
        if len(better.cuts.node) == len(moved.cuts.node):
            return part.samples
        moved = better


def _checked(
    model: Model, parts: Iterable[Part], chunks: int, rng: np.random.Generator
) -> tuple[Samples, Model]:
    """Return the samples of all parts, and the model with the cuts that they lacked; a part's states are let go."""
    states = max(CHECKED_OF_CHUNK, CHECKED // chunks)
    samples, better = [], model
    for part in parts:
        better = with_broken_cuts(better, part.states, part.served_mw, rng, count=states)
        samples.append(part.samples)
    return Samples.joined(samples), better


def _parts(
    model: Model, chunks: list[np.random.SeedSequence], discipline: str, workers: int
) -> Iterator[Part]:
    """Return the chunks in order, drawn by as many threads."""
    if workers == 1:
        yield from (draw_chunk(model, chunk, discipline=discipline) for chunk in chunks)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(lambda chunk: draw_chunk(model, chunk, discipline=discipline), chunks)
    finally:
        # An interrupt must not wait for chunks that nobody will read.
        pool.shutdown(cancel_futures=True)


def refuse(draws: int, workers: int, discipline: str) -> None:
    """Raise `ValueError` for numbers and disciplines that are none."""
    if draws < 1 or workers < 1:
        msg = f"draws and workers must be at least 1, not {draws} and {workers}"
        raise ValueError(msg)
    if discipline not in DISCIPLINES:
        msg = f"discipline={discipline!r} is not known; there are {' and '.join(map(repr, DISCIPLINES))}"
        raise ValueError(msg)
