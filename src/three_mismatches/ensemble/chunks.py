"""A chunk of draws: each is solved, and what comes of them becomes the bytes of one Parquet file."""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from three_mismatches.assumptions import resolve
from three_mismatches.ensemble.marginals import STUDY_INPUTS
from three_mismatches.layers import StudyTables
from three_mismatches.layers.settings import Settings
from three_mismatches.match import to_area, to_pocket
from three_mismatches.mismatch.fleet import MEANING
from three_mismatches.solve import fleet_power, solve

__all__ = [
    "AS_IT_IS",
    "SITE_COLUMNS",
    "Answer",
    "Evaluate",
    "Job",
    "Values",
    "drawn",
    "power_only",
    "solved",
    "unpacked",
    "whole",
    "work",
]

SITE_COLUMNS = (
    "power_gap_mw", "joint_gap_mw", "rtt_ms", "rtt_gap_ms", "regret_mw", "dominant_mismatch", "time_to_power_y",
    "delay_y_p50", "critical_stream",
)  # fmt: skip
"""What is kept of each site in each draw, of the columns that an answer has."""

AS_IT_IS = -1
"""Number of the draw that replaces nothing."""


class Answer(Protocol):
    """What an evaluation gives: `solve.ResultTables` is one."""

    @property
    def fleet(self) -> pd.DataFrame:
        """One row per quantity, with `value` and `unit`."""

    @property
    def sites(self) -> pd.DataFrame:
        """One row per site."""


Evaluate = Callable[[StudyTables, Settings], Answer]
"""What is done with each draw. Workers in other processes must be able to import it: no lambda."""


@dataclass(frozen=True, eq=False)
class Values:
    """
    What some draws gave.

    Attributes
    ----------
    inputs
        Index draw, a column for each input.
    fleet
        Index draw, a column for each quantity; no row for a draw that failed.
    sites
        Index draw, site; the columns that were kept.
    errors
        Index draw: why those failed that did.
    units
        Unit of each quantity.
    """

    inputs: pd.DataFrame
    fleet: pd.DataFrame
    sites: pd.DataFrame
    errors: pd.Series
    units: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class _Answer:
    """An answer of tables at hand."""

    fleet: pd.DataFrame
    sites: pd.DataFrame


def whole(tables: StudyTables, settings: Settings) -> Answer:
    """
    Return the whole answer: power, fibre, regret and years, of the fleet and of each site.

    Ranges over readings, stress and losses of fibre are left out: the draws stand for the first, and nothing that is
    kept needs the others.
    """
    return solve(tables, settings, readings=False)


def power_only(tables: StudyTables, settings: Settings) -> Answer:
    """Return the fleet's power figures alone, without sites, round trips and regret: several times as fast."""
    values = resolve(settings.assume)
    area = to_area(tables.sites, tables.grid.areas)["area"]
    places = pd.DataFrame({"area": area, "pocket": to_pocket(tables.sites, tables.grid.pockets)})
    found = fleet_power(tables, settings, values, places)
    units = [MEANING[name][0] for name in found.index]
    return _Answer(pd.DataFrame({"value": found, "unit": units}), places.iloc[:0][[]])


def drawn(settings: Settings, draw: Mapping[str, Any]) -> Settings:
    """Return the settings with what a draw replaces; an assumption of the study's own is replaced too."""
    assume = {name: float(value) for name, value in draw.items() if name not in STUDY_INPUTS}
    year, demand = int(draw.get("year", settings.year)), str(draw.get("demand", settings.demand))
    return replace(settings, year=year, demand=demand, assume={**settings.assume, **assume})


@dataclass(frozen=True, eq=False)
class Job:
    """What is done with every draw: to which study, by which evaluation, and what is kept of its sites."""

    tables: StudyTables
    settings: Settings
    evaluate: Evaluate
    site_columns: tuple[str, ...]

    def packed(self) -> bytes:
        """Return the job as bytes, made once for all workers."""
        return zlib.compress(pickle.dumps(self), level=1)


@lru_cache(maxsize=1)
def _unpack(packed: bytes) -> Job:
    """Return the job that was packed; a worker unpacks it once for all its chunks."""
    job: Job = pickle.loads(zlib.decompress(packed))  # noqa: S301
    return job


def work(packed: bytes, draws: pd.DataFrame) -> bytes:
    """Return the Parquet file of some draws of a packed job."""
    return solved(_unpack(packed), draws)


def solved(job: Job, draws: pd.DataFrame) -> bytes:
    """
    Return the Parquet file of some draws.

    A draw that fails is a row with its error. What is the machine's fault and not the draw's, a lack of memory or of
    files, is raised.

    Parameters
    ----------
    job
        What is done with each.
    draws
        Index draw, a column for each input.
    """
    rows = []
    for number, draw in zip(draws.index, draws.to_dict("records"), strict=True):
        asked = {str(name): value for name, value in draw.items()} if number != AS_IT_IS else {}
        try:
            answer = job.evaluate(job.tables, drawn(job.settings, asked))
            rows.append(_Row(int(number), asked, _fleet(answer), _sites(answer, job.site_columns)))
        except (MemoryError, OSError):
            raise
        except Exception as error:
            rows.append(_Row(int(number), asked, error=f"{type(error).__name__}: {error}"))
    return _file(rows, draws)


@dataclass(frozen=True, eq=False)
class _Row:
    """What came of one draw."""

    draw: int
    inputs: Mapping[str, object]
    fleet: pd.DataFrame | None = None
    sites: pd.DataFrame | None = None
    error: str | None = None


def _fleet(answer: Answer) -> pd.DataFrame:
    return answer.fleet[["value", "unit"]]


def _sites(answer: Answer, columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(answer.sites[[name for name in columns if name in answer.sites]])


def _file(rows: Sequence[_Row], draws: pd.DataFrame) -> bytes:
    """Return rows as Parquet: the same bytes for the same values."""
    fields: list[pa.Field] = [pa.field("draw", pa.int64()), pa.field("error", pa.string())]
    data: list[pa.Array] = [pa.array([row.draw for row in rows], pa.int64())]
    data.append(pa.array([row.error for row in rows], pa.string()))
    for name in draws.columns:
        kind = {"year": pa.int64(), "demand": pa.string()}.get(name, pa.float64())
        fields.append(pa.field(INPUT + name, kind))
        data.append(pa.array([row.inputs.get(name) for row in rows], kind))
    units = {
        str(name): unit for row in rows if row.fleet is not None for name, unit in row.fleet["unit"].items()
    }
    for name, unit in units.items():
        fields.append(pa.field(FLEET + str(name), pa.float64(), metadata={UNIT: str(unit)}))
        values = [None if row.fleet is None else row.fleet["value"].get(name) for row in rows]
        data.append(pa.array(values, pa.float64(), from_pandas=False))
    if any(row.sites is not None and len(row.sites) for row in rows):
        _add_sites([row.sites for row in rows], fields, data)
    sink = io.BytesIO()
    table = pa.Table.from_arrays(data, schema=pa.schema(fields))
    pq.write_table(table, sink, compression="zstd", compression_level=3, version="2.6")
    return sink.getvalue()


INPUT, FLEET, SITES, SITE_IDS = "input.", "fleet.", "sites.", "site"
UNIT = b"unit"


def _add_sites(frames: Sequence[pd.DataFrame | None], fields: list[pa.Field], data: list[pa.Array]) -> None:
    """Add one column of lists for the ids of the sites, and one for each column that is kept of them."""
    ids = [None if frame is None else list(map(str, frame.index)) for frame in frames]
    fields.append(pa.field(SITE_IDS, pa.list_(pa.string())))
    data.append(pa.array(ids, pa.list_(pa.string())))
    kept = dict.fromkeys(name for frame in frames if frame is not None for name in frame)
    for name in kept:
        parts = [None if frame is None else frame[name] for frame in frames]
        text = not all(part is None or pd.api.types.is_numeric_dtype(part) for part in parts)
        kind = pa.list_(pa.string() if text else pa.float64())
        lists = [None if part is None else _plain(part, text=text) for part in parts]
        fields.append(pa.field(SITES + str(name), kind))
        data.append(pa.array(lists, kind, from_pandas=False))


def _plain(column: pd.Series, *, text: bool) -> list[object]:
    if text:
        return [None if pd.isna(value) else str(value) for value in column]
    return list(column.to_numpy(dtype=np.float64, na_value=np.nan))


def unpacked(files: Iterable[bytes]) -> Values:
    """Return what the draws of some files gave, in the order of the files."""
    tables = [pq.read_table(pa.BufferReader(content)) for content in files]
    draw = np.concatenate([table["draw"].to_numpy() for table in tables])
    heights = [len(table) for table in tables]
    index = pd.Index(draw, name="draw")
    errors = pd.Series(_joined(tables, "error", heights), index, dtype=object, name="error").dropna()
    names = dict.fromkeys(name for table in tables for name in table.column_names if name.startswith(INPUT))
    inputs = {name.removeprefix(INPUT): _joined(tables, name, heights) for name in names}
    units = {
        field.name.removeprefix(FLEET): field.metadata[UNIT].decode()
        for table in tables
        for field in table.schema
        if field.name.startswith(FLEET)
    }
    columns = {name: _joined(tables, FLEET + name, heights) for name in units}
    fleet = pd.DataFrame(columns, index=index, dtype=np.float64).drop(index=errors.index)
    return Values(pd.DataFrame(inputs, index=index), fleet, _site_values(tables), errors, units)


def _joined(tables: Sequence[pa.Table], name: str, heights: Sequence[int]) -> np.ndarray:
    """Return one column of several files; NaN where a file has none."""
    parts = [
        table[name].to_numpy() if name in table.column_names else np.full(height, np.nan)
        for table, height in zip(tables, heights, strict=True)
    ]
    return np.concatenate(parts)


def _site_values(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Return what is kept of sites, by draw and site."""
    some = [table for table in tables if SITE_IDS in table.column_names]
    if not some:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=["draw", SITE_IDS]))
    names = dict.fromkeys(name for table in some for name in table.column_names if name.startswith(SITES))
    flat = [_flat(table, [SITE_IDS, *names]) for table in some]
    heights = [len(table) for table in flat]
    data = {name.removeprefix(SITES): _joined(flat, name, heights) for name in ["draw", SITE_IDS, *names]}
    return pd.DataFrame(data).set_index(["draw", SITE_IDS])


def _flat(table: pa.Table, names: Iterable[str]) -> pa.Table:
    """Return a row for each draw and site of one file."""
    counts = table[SITE_IDS].combine_chunks().value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    columns = {"draw": np.repeat(table["draw"].to_numpy(), counts)}
    columns |= {name: table[name].combine_chunks().flatten() for name in names if name in table.column_names}
    return pa.table(columns)
