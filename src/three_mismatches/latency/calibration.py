"""Which route factor and equipment make the model agree with measured round trips."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from three_mismatches.assumptions import ASSUMPTIONS
from three_mismatches.errors import Fault, LayerError
from three_mismatches.latency.light import Light, light_of, timed_graph
from three_mismatches.latency.paths import distance_matrix
from three_mismatches.latency.round_trip import Points, Trip, named_points, trip, trip_ms
from three_mismatches.layers import Fibre

__all__ = ["Calibration", "calibrate"]

Floats = NDArray[np.float64]

FITTED = ("route_factor", "equipment_ms")
BOUNDS: Mapping[str, tuple[float, float]] = {"route_factor": (1.0, 4.0), "equipment_ms": (0.0, 1.0)}
STARTS = (
    0.1,
    0.4,
    0.8,
)  # where between its bounds each value starts: the sum of squares may have several valleys
STEP = 1e-5
COLLINEAR = 1e-6
ROUNDING = 1e-9
LISTED = 5


@dataclass(frozen=True, eq=False)
class Calibration:
    """
    What measured round trips say of the model's two factors.

    Attributes
    ----------
    assume
        The fitted values by name, as `japan(assume=...)` takes them.
    low, high
        The least and the most of each value when one measurement after another is left out; the fitted value itself
        where there is only one.
    residuals
        One row for each measurement: `measured_ms`, `predicted_ms`, `residual_ms` (measured less predicted), `glass_ms`
        along the geodesic, `bare_ms` along the quickest route at factor 1 without equipment, `fibre_stretch` (measured
        over glass), and `route_factor`, that which alone would explain the measurement, NaN where none between the
        bounds does. [ms, -]
    rmse_ms
        Root of the mean square of the residuals. [ms]
    at_bound
        Names of values that stand at one of their bounds: the measurements ask for more than was allowed.
    undetermined
        Names of values that the measurements cannot tell apart.
    """

    assume: Mapping[str, float]
    low: Mapping[str, float]
    high: Mapping[str, float]
    residuals: pd.DataFrame
    rmse_ms: float
    at_bound: tuple[str, ...]
    undetermined: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the values with their ranges."""
        told = ", ".join(
            f"{name}={value:.4g} [{self.low[name]:.4g}-{self.high[name]:.4g}]"
            for name, value in self.assume.items()
        )
        told += f", undetermined: {', '.join(self.undetermined)}" if self.undetermined else ""
        return f"Calibration({told}, rmse {self.rmse_ms:.3g} ms over {len(self.residuals)} measurements)"


def calibrate(
    fibre: Fibre,
    measured: pd.DataFrame,
    *,
    points: gpd.GeoDataFrame | None = None,
    fit: Collection[str] = FITTED,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    via: Points | None = None,
) -> Calibration:
    """
    Return the route factor and the equipment of each node that fit measured round trips best, in least squares.

    Parameters
    ----------
    fibre
        The network.
    measured
        `node0`, `node1`: ids of fibre nodes, or of `points`; `rtt_ms`, the round trip measured between them [ms];
        optionally `weight` of its square [-].
    points
        Where the measurements were taken, if not at fibre nodes.
    fit
        Which of "route_factor" and "equipment_ms" are fitted; the other keeps its assumption.
    bounds
        Least and most of each; by default 1 to 4, and 0 to 1 ms.
    via
        As for `rtt`.

    Returns
    -------
    calibration
        Values, their ranges, and how far each measurement lies from the model.

    Raises
    ------
    LayerError
        If a measurement is faster than light in glass along the geodesic, has no number, or names an end that is not
        there, with every such row; or if none is left.
    ValueError
        If `fit` or `bounds` name something else, or bounds are crossed.
    NetworkError
        If the fibre is no network, or does not join the two ends of a measurement.

    Notes
    -----
    Minima of many pings tell of fibre; means hold queues as well. The two values grow together along a path, so pairs
    with many and with few nodes on their way are needed to tell them apart: `undetermined` says where they cannot be.
    A cable slack of surveyed routes is kept at its assumption.
    """
    asked = _Asked.of(fibre, measured, points, via)
    limits = _limits(fit, bounds)
    at = asked.fitted(limits, np.ones(len(measured), dtype=np.bool_))
    names = list(limits)
    kept = ~np.eye(len(measured), dtype=np.bool_)
    others = [asked.fitted(limits, rows, start=at) for rows in kept] if len(measured) > 1 else []
    spread = np.array([at, *others])
    predicted = asked.predicted(dict(zip(names, at, strict=True)))
    residual = asked.measured_ms - predicted
    edges = {name: limits[name] for name in names}
    return Calibration(
        assume=dict(zip(names, at.tolist(), strict=True)),
        low=dict(zip(names, spread.min(axis=0).tolist(), strict=True)),
        high=dict(zip(names, spread.max(axis=0).tolist(), strict=True)),
        residuals=_residuals(asked, predicted, limits.get("route_factor", BOUNDS["route_factor"])),
        rmse_ms=float(np.sqrt((residual**2).mean())),
        at_bound=tuple(n for n, value in zip(names, at, strict=True) if np.isclose(value, edges[n]).any()),
        undetermined=_undetermined(asked, names, at),
    )


@dataclass(frozen=True, eq=False)
class _Asked:
    """The measurements over the network: their ends, what was measured, and what each may at least be. [ms]"""

    trip: Trip
    rows: tuple[NDArray[np.int64], NDArray[np.int64]]
    index: pd.Index
    measured_ms: Floats
    weight: Floats
    glass_ms: Floats

    @classmethod
    def of(
        cls, fibre: Fibre, measured: pd.DataFrame, points: gpd.GeoDataFrame | None, via: Points | None
    ) -> _Asked:
        """Return the measurements, checked."""
        places = named_points(fibre, list(fibre.fibre_nodes.index)) if points is None else points
        _check(measured, places)
        places = places[~places.index.duplicated()]
        used = places.loc[pd.unique(pd.concat([measured["node0"], measured["node1"]]))]
        asked = trip(fibre, used, used, light_of(route_factor=1.0, cable_slack=None, equipment=True), via=via)
        rows = (used.index.get_indexer(measured["node0"]), used.index.get_indexer(measured["node1"]))
        glass = asked.timed.light.glass_ms(distance_matrix(used, used))[rows]
        rtt = measured["rtt_ms"].to_numpy(float)
        weight = measured["weight"].to_numpy(float) if "weight" in measured else np.ones(len(measured))
        found = cls(asked, rows, measured.index, rtt, weight, glass)
        found.refuse()
        return found

    def refuse(self) -> None:
        """Raise for measurements that no fibre between their ends could give."""
        fast = self.measured_ms < self.glass_ms * (1.0 - ROUNDING)
        faults = [
            Fault(
                "measured",
                "rtt_ms",
                f"{rtt:.4g} ms is less than light takes in glass along the geodesic, {floor:.4g} ms",
                "Correct the ends, or is it one way, not a round trip",
                (str(row),),
            )
            for row, rtt, floor in zip(
                self.index[fast], self.measured_ms[fast], self.glass_ms[fast], strict=True
            )
        ]
        cut = np.isinf(self.predicted({}))
        cure = "Add the routes between them, or leave the rows out"
        if cut.any():
            faults.append(
                Fault(
                    "measured",
                    "node1",
                    "no fibre joins it with node0",
                    cure,
                    tuple(map(str, self.index[cut])),
                )
            )
        if faults:
            raise LayerError(faults)

    def bare(self) -> Floats:
        """Return the round trip of each measurement in bare glass, whatever routes and nodes state. [ms]"""
        return self._at(light_of(route_factor=1.0, cable_slack=None, equipment=False))

    def predicted(self, values: Mapping[str, float]) -> Floats:
        """Return the model's round trip of each measurement with some values. [ms]"""
        assumed = {name: ASSUMPTIONS[name].value for name in FITTED} | dict(values)
        slack = ASSUMPTIONS["cable_slack"].value
        light = Light(
            route_factor=assumed["route_factor"],
            equipment_ms=assumed["equipment_ms"],
            cable_slack=min(slack, assumed["route_factor"]),
        )
        return self._at(light)

    def _at(self, light: Light) -> Floats:
        """Return the model's round trip of each measurement in some light. [ms]"""
        timed = timed_graph(self.trip.timed.graph, light)
        return np.asarray(trip_ms(replace(self.trip, timed=timed))[self.rows])

    def fitted(
        self,
        limits: Mapping[str, tuple[float, float]],
        rows: NDArray[np.bool_],
        *,
        start: Floats | None = None,
    ) -> Floats:
        """Return the values of least squares over some measurements, from several starts or from one."""
        from scipy.optimize import least_squares

        low, high = np.array(list(limits.values())).T
        root = np.sqrt(self.weight[rows])

        def residual(values: Floats) -> Floats:
            predicted = self.predicted(dict(zip(limits, values, strict=True)))
            return np.asarray((predicted - self.measured_ms)[rows] * root)

        starts = [low + share * (high - low) for share in map(np.array, product(STARTS, repeat=low.size))]
        found = [
            least_squares(residual, np.clip(each, low, high), bounds=(low, high), diff_step=[STEP] * low.size)
            for each in (starts if start is None else [start])
        ]
        return np.asarray(min(found, key=lambda answer: float(answer.cost)).x)


def _check(measured: pd.DataFrame, places: gpd.GeoDataFrame) -> None:
    """Raise one error for everything that is wrong with the table of measurements."""
    missing = [name for name in ("node0", "node1", "rtt_ms") if name not in measured]
    faults = [Fault("measured", name, "no such column", "Add it") for name in missing]
    if not missing:
        rtt = pd.to_numeric(measured["rtt_ms"], errors="coerce")
        faults += [
            _wrong(
                measured, "rtt_ms", ~((rtt > 0.0) & np.isfinite(rtt)), "not a time > 0 ms", "Drop the rows"
            )
        ]
        cure = "Name a fibre node, or a row of points"
        for end in ("node0", "node1"):
            lost = ~measured[end].isin(places.index)
            named = ", ".join(map(repr, measured.loc[lost, end].unique()[:LISTED]))
            faults += [_wrong(measured, end, lost, f"no such place as {named}", cure)]
    if "weight" in measured:
        weight = pd.to_numeric(measured["weight"], errors="coerce")
        wrong = ~((weight >= 0.0) & np.isfinite(weight))
        if not (weight > 0.0).any():
            wrong[:] = True
        faults += [_wrong(measured, "weight", wrong, "not a number >= 0, or all of them 0", "Fill it")]
    found = [fault for fault in faults if fault.rows or fault.column in missing]
    if not found and measured.empty:
        found = [Fault("measured", "rtt_ms", "no row", "Give at least one measured pair")]
    if found:
        raise LayerError(found)


def _wrong(measured: pd.DataFrame, column: str, where: pd.Series, problem: str, cure: str) -> Fault:
    """Return what is wrong with some rows; a fault without rows is none."""
    return Fault("measured", column, problem, cure, tuple(map(str, measured.index[where])))


def _limits(
    fit: Collection[str], bounds: Mapping[str, tuple[float, float]] | None
) -> dict[str, tuple[float, float]]:
    """Return the bounds of each value that is fitted."""
    asked = [fit] if isinstance(fit, str) else list(fit)
    unknown = {*asked, *(bounds or {})} - set(FITTED)
    if unknown or not asked:
        msg = f"{', '.join(sorted(unknown)) or 'nothing'} cannot be fitted; there are {' and '.join(FITTED)}"
        raise ValueError(msg)
    limits = {name: (dict(BOUNDS) | dict(bounds or {}))[name] for name in FITTED if name in asked}
    wrong = [
        f"{name} {limit}"
        for name, limit in limits.items()
        if not BOUNDS[name][0] <= limit[0] < limit[1] < np.inf
    ]
    if wrong:
        msg = f"bounds must be (low, high) with low < high, from {dict(BOUNDS)}: {'; '.join(wrong)}"
        raise ValueError(msg)
    return limits


def _residuals(asked: _Asked, predicted: Floats, limits: tuple[float, float]) -> pd.DataFrame:
    """Return what is said of each measurement."""
    return pd.DataFrame(
        {
            "measured_ms": asked.measured_ms,
            "predicted_ms": predicted,
            "residual_ms": asked.measured_ms - predicted,
            "glass_ms": asked.glass_ms,
            "bare_ms": asked.bare(),
            "fibre_stretch": asked.measured_ms / np.where(asked.glass_ms > 0.0, asked.glass_ms, np.nan),
            "route_factor": [_implied(asked, row, limits) for row in range(len(asked.index))],
        },
        index=asked.index,
    )


def _implied(asked: _Asked, row: int, limits: tuple[float, float]) -> float:
    """Return the route factor that explains one measurement without equipment; NaN where none within limits does."""
    from scipy.optimize import brentq

    def over(factor: float) -> float:
        return float(
            asked.predicted({"route_factor": factor, "equipment_ms": 0.0})[row] - asked.measured_ms[row]
        )

    if not over(limits[0]) <= 0.0 <= over(limits[1]):
        return np.nan
    return float(brentq(over, *limits, xtol=1e-9))


def _undetermined(asked: _Asked, names: list[str], at: Floats) -> tuple[str, ...]:
    """Return the values that can change together without changing any prediction."""

    def predicted(values: Floats) -> Floats:
        return asked.predicted(dict(zip(names, values, strict=True)))

    slope = np.stack(
        [(predicted(at + step) - predicted(at)) / STEP for step in np.eye(len(names)) * STEP], axis=1
    )
    slope = slope * np.sqrt(asked.weight)[:, None]
    size = np.linalg.norm(slope, axis=0)
    if (size <= COLLINEAR).any():
        return tuple(name for name, length in zip(names, size, strict=True) if length <= COLLINEAR)
    least = np.linalg.svd(slope / size, compute_uv=False).min() if len(asked.index) >= len(names) else 0.0
    return tuple(names) if least <= COLLINEAR else ()
