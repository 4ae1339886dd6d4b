"""How far it is in light when the worst single route, node or shared-risk group is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.latency.light import light_of
from three_mismatches.latency.losses import KINDS, Element, Rounds, elements, rounds
from three_mismatches.latency.paths import Loss
from three_mismatches.latency.round_trip import Points, trip
from three_mismatches.layers import Fibre
from three_mismatches.network import FibreAttach

__all__ = ["Worst", "known_kinds", "n1_rtt", "tables_after"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SAME_MS = 1e-9  # a loss that is worse by less than this is not worse: rounding
SINGLE_HOMED = "single_homed"


def n1_rtt(
    fibre: Fibre,
    sources: Points,
    targets: Points,
    *,
    of: Collection[str] = KINDS,
    route_factor: float | None = None,
    cable_slack: float | None = None,
    equipment: bool | float = True,
    via: Points | None = None,
    progress: bool = False,
) -> pd.DataFrame:
    """
    Return the round trip between each two points when the worst single element of the fibre is lost.

    Parameters
    ----------
    fibre, sources, targets, route_factor, cable_slack, equipment, via
        As for `rtt`.
    of
        What can be lost: "route", "node", "group" (what `srlg` of the routes names: one conduit, strait, landing
        station or hazard zone).
    progress
        Whether a bar is shown: a large network has many routes to lose.

    Returns
    -------
    rounds
        One row for each source and target. `rtt_ms` with everything in service; `after_route_ms`, `after_node_ms`,
        `after_group_ms` at the worst loss of each kind and `lost_route`, `lost_node`, `lost_group`, which one that is
        (none where no loss lengthens the path); `n1_rtt_ms` the largest of them, `n1_kind` and `n1_loss`;
        `single_homed`, whether it is inf though a path was there. [ms]

    Raises
    ------
    ValueError
        As for `rtt`, or if `of` names something else.
    NetworkError
        As for `rtt`.

    Notes
    -----
    Exact: what a loss cuts off from each tree of quickest paths is searched again. A route is cut at one place, so a
    point within it keeps one end; a group takes its routes from end to end. The node at which a point itself meets the
    fibre is not taken out, as that is no question of paths. The way between a point and the fibre is not lost either.
    """
    kinds = known_kinds(of)
    light = light_of(route_factor=route_factor, cable_slack=cable_slack, equipment=equipment)
    asked = trip(fibre, sources, targets, light, via=via)
    whole = rounds(asked.timed, asked.sources_at, asked.targets_at, asked.via_at)
    base = whole.whole()
    worst = {kind: Worst(base) for kind in kinds}
    for kind, name, rows, ms in tables_after(whole, base, kinds, progress=progress):
        worst[kind].meet(name, rows, ms)
    index = pd.MultiIndex.from_product([asked.sources.index, asked.targets.index], names=["source", "target"])

    def text(values: NDArray[np.object_]) -> pd.Series:
        return pd.Series(values.ravel(), index=index, dtype=object)

    columns: dict[str, NDArray[Any] | pd.Series] = {"rtt_ms": base.ravel()}
    last, last_kind = Worst(base), np.full(base.shape, None, dtype=object)
    for kind, found in worst.items():
        columns |= {f"after_{kind}_ms": found.ms.ravel(), f"lost_{kind}": text(found.name)}
        last_kind[last.take(found)] = kind
    columns |= {"n1_rtt_ms": last.ms.ravel(), "n1_kind": text(last_kind), "n1_loss": text(last.name)}
    columns[SINGLE_HOMED] = (np.isinf(last.ms) & np.isfinite(base)).ravel()
    return pd.DataFrame(columns, index=index)


@dataclass(eq=False)
class Worst:
    """The longest round trip met so far and what was lost then; starts with nothing lost."""

    ms: Floats
    name: NDArray[np.object_]

    def __init__(self, base: Floats) -> None:
        self.ms = base.copy()
        self.name = np.full(base.shape, None, dtype=object)

    def meet(self, name: str, rows: Ints, ms: Floats) -> NDArray[np.bool_]:
        """Take the round trips of some rows after the loss of `name` where they are longer, and return where."""
        longer = ms > self.ms[rows] + SAME_MS
        self.ms[rows] = np.where(longer, ms, self.ms[rows])
        self.name[rows] = np.where(longer, name, self.name[rows])
        return longer

    def take(self, other: Worst) -> NDArray[np.bool_]:
        """Take what another has met where it is longer, and return where that is."""
        longer = other.ms > self.ms + SAME_MS
        self.ms, self.name = np.where(longer, other.ms, self.ms), np.where(longer, other.name, self.name)
        return longer


def tables_after(
    whole: Rounds,
    base: Floats,
    kinds: Collection[str] = KINDS,
    *,
    keep_targets: bool = True,
    progress: bool = False,
) -> Iterator[tuple[str, str, Ints, Floats]]:
    """
    Yield the round trips after each loss that can change any: kind, id, rows of sources, ms of shape (rows, targets).

    A source at a lost node keeps its round trips; so does a target, unless `keep_targets` is false: then it is lost.
    """
    lost: Iterable[Element] = elements(whole, kinds)
    if progress:
        from rich.progress import track

        lost = track(list(lost), "Losses")
    for element in lost:
        for loss in element.losses:
            rows, ms = whole.after(loss)
            if not rows.size:
                continue
            ms = np.where(_stands_at(whole.sources.part(rows), loss)[:, None], base[rows], ms)
            if keep_targets:
                ms = np.where(_stands_at(whole.targets, loss)[None, :], base[rows], ms)
            yield element.kind, element.name, rows, ms


def _stands_at(points: FibreAttach, loss: Loss) -> NDArray[np.bool_]:
    """Return which points meet the fibre at the node that is lost."""
    return np.asarray((points.route < 0) & (points.door[:, 0] == loss.node))


def known_kinds(of: Collection[str]) -> list[str]:
    """Return the kinds asked for, in their own order."""
    asked = {of} if isinstance(of, str) else set(of)
    if not asked or asked - set(KINDS):
        msg = f"of={of!r} is not known; there are {', '.join(map(repr, KINDS))}"
        raise ValueError(msg)
    return [kind for kind in KINDS if kind in asked]
