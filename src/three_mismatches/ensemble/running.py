"""Draws are handed out in chunks to any executor, and what comes back is kept in their order."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Protocol

import pandas as pd
from rich.progress import Progress

from three_mismatches.ensemble.checkpoint import identity, opened
from three_mismatches.ensemble.chunks import AS_IT_IS, SITE_COLUMNS, Evaluate, Job, solved, whole, work
from three_mismatches.ensemble.marginals import checked
from three_mismatches.ensemble.result import Ensemble, ensemble_of
from three_mismatches.ensemble.samplers import Saltelli, Sampler
from three_mismatches.errors import Fault, LayerError
from three_mismatches.layers.question import Question

__all__ = ["processes", "run"]

logger = logging.getLogger(__name__)


def run(
    study: Question,
    sampler: Sampler,
    *,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    chunk: int = 25,
    evaluate: Evaluate = whole,
    site_columns: Sequence[str] = SITE_COLUMNS,
    ahead: int = 256,
    progress: bool = False,
) -> Ensemble:
    """
    Solve a study once for each draw of its inputs.

    Parameters
    ----------
    study
        The study; its own assumptions hold for what a draw does not replace.
    sampler
        `Ranges`, `Saltelli`, `Table`, or anything with `frame()` and `describe()`.
    executor
        Any `concurrent.futures.Executor`; without, this process does the work. The caller shuts it down.
    checkpoint
        Folder in which each chunk is kept as soon as it is done. The same call with the same folder goes on where a run
        was that was stopped or killed, and ends in the same bytes.
    chunk
        Draws that a worker gets at once, and that one file holds.
    evaluate
        What is done with each draw: `whole`, `power_only`, or a function of one's own that workers can import.
    site_columns
        What is kept of each site of each draw; () for nothing.
    ahead
        Chunks that are handed out before the first of them is back: at least as many as there are workers.
    progress
        Whether to show how far it is.

    Raises
    ------
    FileExistsError
        If the folder holds what is not ours, or another run is writing to it.
    LayerError
        If the folder belongs to another study, sampler or version; if a draw asks for a scenario that the study lacks.
    SolverError
        If every draw failed. One that fails alone is in `errors` of the answer, and is logged.
    MemoryError, OSError
        If a worker lacks memory or files: that is not the draw's fault, and the run can be resumed.
    """
    if chunk < 1 or ahead < 1:
        msg = f"chunk and ahead must be at least 1, not {chunk!r} and {ahead!r}"
        raise ValueError(msg)
    draws = checked(sampler.frame(), where="draws")
    _check_scenarios(study, draws)
    job = Job(study.tables, study.settings, evaluate, tuple(site_columns))
    count = -(-len(draws) // chunk)
    with _store(checkpoint, job, sampler, draws, chunk) as store:
        missing = [number for number in range(-1, count) if not store.has(number)]
        parts = ((number, _part(draws, chunk, number)) for number in missing)
        with Progress(disable=not progress) as shown:
            task = shown.add_task("Chunks of draws", total=count + 1, completed=count + 1 - len(missing))
            for number, content in _answers(job, parts, executor, ahead):
                store.keep(number, content)
                shown.advance(task)
        found = ensemble_of(store.files(), sampler.base if isinstance(sampler, Saltelli) else None)
    if len(found.errors):
        first = f"draw {found.errors.index[0]}: {found.errors.iloc[0]}"
        logger.warning("%d of %d draws failed; the first is %s", len(found.errors), len(draws), first)
    return found


class _Store(Protocol):
    """Where chunks are kept."""

    def has(self, chunk: int) -> bool:
        """Return whether a chunk is there."""

    def keep(self, chunk: int, content: bytes) -> None:
        """Keep a chunk."""

    def files(self) -> Iterator[bytes]:
        """Return the bytes of every chunk in order."""


class _Memory:
    """Chunks in memory."""

    def __init__(self) -> None:
        self._kept: dict[int, bytes] = {}

    def has(self, chunk: int) -> bool:
        return chunk in self._kept

    def keep(self, chunk: int, content: bytes) -> None:
        self._kept[chunk] = content

    def files(self) -> Iterator[bytes]:
        return (self._kept[chunk] for chunk in sorted(self._kept))


@contextmanager
def _store(
    checkpoint: str | Path | None, job: Job, sampler: Sampler, draws: pd.DataFrame, chunk: int
) -> Iterator[_Store]:
    """Yield where chunks are kept: a folder, or memory without one."""
    if checkpoint is None:
        yield _Memory()
        return
    with opened(checkpoint, identity(job, sampler, draws, chunk), -(-len(draws) // chunk)) as folder:
        yield folder


def _part(draws: pd.DataFrame, chunk: int, number: int) -> pd.DataFrame:
    """Return the draws of a chunk; those of the chunk before the first replace nothing."""
    if number < 0:
        return draws.iloc[:1].set_axis(pd.Index([AS_IT_IS], name="draw"))
    return draws.iloc[number * chunk : (number + 1) * chunk]


def _check_scenarios(study: Question, draws: pd.DataFrame) -> None:
    """Raise if draws name a demand scenario that the study lacks."""
    known = study.tables.outlook["demand"].unique()
    if "demand" not in draws or not len(known):
        return
    strange = draws["demand"][~draws["demand"].isin(known)].unique()
    if len(strange):
        problem = f"has {', '.join(map(repr, strange))}"
        raise LayerError([Fault("draws", "demand", problem, f"The study has {', '.join(known)}")])


def _answers(
    job: Job, parts: Iterator[tuple[int, pd.DataFrame]], executor: Executor | None, ahead: int
) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the file of each chunk, in the order in which they are done."""
    if executor is None:
        for number, draws in parts:
            yield number, solved(job, draws)
        return
    packed = job.packed()
    pending: dict[Future[bytes], int] = {}
    try:
        while True:
            for number, draws in islice(parts, ahead - len(pending)):
                pending[executor.submit(work, packed, draws)] = number
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            # What is done is kept before what failed is raised.
            for future in sorted(done, key=_failed):
                yield pending.pop(future), future.result()
    finally:
        for future in pending:
            future.cancel()


def _failed(future: Future[bytes]) -> bool:
    return future.cancelled() or future.exception() is not None


def processes(workers: int | None = None) -> ProcessPoolExecutor:
    """
    Return processes of this machine, for `run(..., executor=...)` in a `with` block.

    They are started anew (spawn): a fork would copy the threads of numeric libraries, which do not survive it. An
    interrupt from the keyboard stops the run and not the chunks in work. They end when their parent does, however
    that ends.

    Parameters
    ----------
    workers
        How many; all processors without.
    """
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
    )


def _end_with_parent() -> None:
    """Leave interrupts to the parent process, and end when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    """End this process as soon as its parent is gone: a killed parent cannot tell its pool to stop."""
    wait_for([sentinel])
    os._exit(1)
