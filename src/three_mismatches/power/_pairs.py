"""Pairs of a line and an outage, and as many of them as memory allows: those with the least keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kept", "Pairs"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a line and an outage, with what the line carries after it and its factors."""

    key: Floats
    line: Ints
    outage: Ints
    after: Floats
    factor: Floats

    @classmethod
    def room_for(cls, size: int, width: int) -> Pairs:
        """Return arrays that a kernel can fill."""
        line, outage = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        return cls(np.empty(size), line, outage, np.empty(size), np.zeros((size, width)))

    def arrays(self) -> tuple[Floats, Ints, Ints, Floats, Floats]:
        """Return the columns."""
        return self.key, self.line, self.outage, self.after, self.factor

    def at(self, rows: slice | Bools | Ints) -> Pairs:
        """Return some of them."""
        whole = self.line[rows].copy(), self.outage[rows].copy()
        return Pairs(self.key[rows].copy(), *whole, self.after[rows].copy(), self.factor[rows].copy())

    @classmethod
    def joined(cls, some: Sequence[Pairs]) -> Pairs:
        """Return all of several."""
        return cls(
            np.concatenate([pairs.key for pairs in some]),
            np.concatenate([pairs.line for pairs in some]),
            np.concatenate([pairs.outage for pairs in some]),
            np.concatenate([pairs.after for pairs in some]),
            np.concatenate([pairs.factor for pairs in some]),
        )


class Kept:
    """The pairs with the least keys so far, no more than fit; keys of `bound` or more are left out."""

    def __init__(self, width: int, most: int) -> None:
        self.bound = 1.0
        self._some, self._count, self._most = [Pairs.room_for(0, width)], 0, most

    def add(self, pairs: Pairs) -> None:
        """Keep pairs; if they are too many, leave out those with the largest keys."""
        self._some.append(pairs)
        self._count += len(pairs.key)
        if self._count > 2 * self._most:
            key = np.concatenate([some.key for some in self._some])
            # Equal keys stay together, so that the next bound is above this one.
            last = float(np.nextafter(np.partition(key, self._most)[self._most], np.inf))
            self.bound = min(self.bound, last)
            self._some = [self.joined()]
            self._count = len(self._some[0].key)

    def joined(self) -> Pairs:
        """Return the pairs, the least keys first."""
        pairs = Pairs.joined(self._some)
        order = np.argsort(pairs.key, kind="stable")
        return pairs.at(order[: np.searchsorted(pairs.key[order], self.bound)])
