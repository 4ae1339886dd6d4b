"""The error tree: what was wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = [
    "AssumptionWarning",
    "CRSError",
    "Fault",
    "LayerError",
    "MatchError",
    "NetworkError",
    "SolverError",
    "ThreeMismatchesError",
]

SHOWN_IDS = 5


@dataclass(frozen=True)
class Fault:
    """One problem of one column of one table, with the rows it was seen in and the cure."""

    table: str
    column: str
    problem: str
    cure: str = ""
    rows: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """Return the fault as one line: what, where (at most five rows), and what to do."""
        where = ""
        if self.rows:
            shown = ", ".join(repr(row) for row in self.rows[:SHOWN_IDS])
            more = f" and {len(self.rows) - SHOWN_IDS} more" if len(self.rows) > SHOWN_IDS else ""
            count = f" for {len(self.rows)} rows" if len(self.rows) > 1 else " for row"
            where = f"{count}: {shown}{more}"
        cure = f". {self.cure}" if self.cure else ""
        return f"{self.problem}{where}{cure}"


class ThreeMismatchesError(Exception):
    """Base of every error that this library raises on purpose."""


class _FaultError(ThreeMismatchesError, ValueError):
    """An error that gathers faults and says them all at once."""

    def __init__(self, faults: Sequence[Fault] | str) -> None:
        self.faults: tuple[Fault, ...] = () if isinstance(faults, str) else tuple(faults)
        super().__init__(faults if isinstance(faults, str) else _report(self.faults))


class LayerError(_FaultError):
    """A table breaks its schema, or refers to rows that are not there."""


class CRSError(LayerError):
    """A layer has no coordinate reference system, or one that cannot be read as WGS 84."""


class MatchError(_FaultError):
    """A point belongs to no area, bus or fibre."""


class NetworkError(_FaultError):
    """Tables do not make a network."""


class SolverError(ThreeMismatchesError):
    """A solver stopped without an answer."""


class AssumptionWarning(UserWarning):
    """The library had to guess; the message says what it took and how to state it instead."""


def _report(faults: Iterable[Fault]) -> str:
    """Return the message of STYLE: a heading for each table, then one line for each of its faults."""
    tables: dict[str, list[Fault]] = {}
    for fault in faults:
        tables.setdefault(fault.table, []).append(fault)
    blocks = []
    for table, found in tables.items():
        noun = "problem" if len(found) == 1 else "problems"
        width = max(len(fault.column) for fault in found)
        lines = [f"  {fault.column.ljust(width)}  {fault}" for fault in found]
        blocks.append("\n".join([f"{table} has {len(found)} {noun}", *lines]))
    return "\n".join(blocks)
