"""How long things take: which row of `lead_times` holds for whom, and draws from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Span", "pert", "span_of", "spans_of"]

Floats = NDArray[np.float64]

SHAPE = 4.0
"""Weight of the mode in a PERT distribution: its mean is (low + 4 mode + high) / 6."""

DEFAULT = "default"


@dataclass(frozen=True)
class Span:
    """Least, most likely and longest time. [years]"""

    low: float = 0.0
    mode: float = 0.0
    high: float = 0.0

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...], *, level: float = 0.0) -> Floats:
        """
        Return draws of a PERT distribution, moved towards an end of the span.

        Parameters
        ----------
        rng
            Source of chance.
        size
            Shape of the answer.
        level
            0 leaves the draws, -1 puts all at `low`, +1 all at `high`, linear between. [-]
        """
        drawn = pert(rng, self.low, self.mode, self.high, size)
        return drawn + abs(level) * ((self.low if level < 0.0 else self.high) - drawn)


def pert(
    rng: np.random.Generator, low: float, mode: float, high: float, size: int | tuple[int, ...]
) -> Floats:
    """
    Return draws of the PERT distribution: a beta distribution over [low, high] with its peak at the mode.

    Parameters
    ----------
    rng
        Source of chance.
    low, mode, high
        Ends and peak.
    size
        Shape of the answer.

    References
    ----------
    .. [1] D. G. Malcolm et al., Application of a technique for research and development program evaluation, Operations
       Research 7 (1959), doi 10.1287/opre.7.5.646.
    """
    width = high - low
    if width <= 0.0:
        return np.full(size, low)
    rise = 1.0 + SHAPE * (mode - low) / width
    fall = 1.0 + SHAPE * (high - mode) / width
    return low + width * rng.beta(rise, fall, size)


def span_of(lead_times: pd.DataFrame, stream: str, places: Iterable[object] = ()) -> Span | None:
    """
    Return the span of a stream: that of the first place with a row of its own, else of the row for everywhere.

    Parameters
    ----------
    lead_times
        The study's table; rows whose `what` is not "default" are evidence and are not drawn from.
    stream
        connection, generation, fibre, building or slip.
    places
        Ids of pocket and area, the nearer first.

    Returns
    -------
    span
        None if the table has no row for it.
    """
    return _nearest(_by_place(lead_times, stream), places)


def spans_of(
    lead_times: pd.DataFrame, stream: str, places: Sequence[tuple[object, ...]]
) -> tuple[tuple[Span, ...], NDArray[np.int64]]:
    """
    Return the span of each zone that sites lie in, and each site's zone; what has no row takes no time.

    A zone is the nearest of a site's places with a row of its own, else the last of its places: two areas that draw
    from the row for everywhere are two zones.

    Parameters
    ----------
    lead_times, stream
        As in `span_of`.
    places
        Pocket and area of each site, the nearer first.
    """
    by_place = _by_place(lead_times, stream)
    zones = [str(next((place for place in own if place in by_place), own[-1])) for own in places]
    names = sorted(set(zones))
    spans = tuple(_nearest(by_place, [name]) or Span() for name in names)
    return spans, np.array([names.index(zone) for zone in zones], dtype=np.int64)


def _by_place(lead_times: pd.DataFrame, stream: str) -> dict[object, Span]:
    """Return the spans that a stream draws from by place, None standing for everywhere."""
    rows = lead_times[(lead_times["stream"] == stream) & (lead_times["what"] == DEFAULT)].sort_index()
    columns = (rows[name] for name in ("place", "low_y", "mode_y", "high_y"))
    found: dict[object, Span] = {}
    for place, low, mode, high in zip(*columns, strict=True):
        found.setdefault(place if isinstance(place, str) else None, Span(low, mode, high))
    return found


def _nearest(by_place: dict[object, Span], places: Iterable[object]) -> Span | None:
    for place in (*places, None):
        if place in by_place:
            return by_place[place]
    return None
