"""
Small indices of how things crowd and whether two maps go together, each with its known limits.

They describe; the triangle measures. Hoover, Gini and location quotients depend on how areas are cut and do not see
distance; Moran's bivariate form mixes how a map clusters with how two maps go together. With ten areas none of them
supports inference.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

__all__ = ["bivariate_moran", "cross_k", "gini", "hoover", "location_quotient", "moran"]

Floats = NDArray[np.float64]


def gini(amounts: ArrayLike) -> float:
    """
    Return Gini's coefficient of some amounts: 0 if all are equal, (n - 1) / n if one of n holds all. [-]

    Parameters
    ----------
    amounts
        At least 0, in any unit.

    Raises
    ------
    ValueError
        If an amount is negative or not known, or all are 0.

    Examples
    --------
    >>> gini([0, 0, 0, 0, 7])
    0.8
    """
    ordered = np.sort(_measure(amounts, "amounts"))
    rank = np.arange(1, len(ordered) + 1)
    return float((2.0 * rank - len(ordered) - 1.0) @ ordered / (len(ordered) * ordered.sum()))


def hoover(one: ArrayLike, other: ArrayLike) -> float:
    """
    Return the share of one measure that would have to change its place to be spread like the other. [-]

    Parameters
    ----------
    one, other
        Two measures of the same places, in any units: data centres and generation by area, say.

    Raises
    ------
    ValueError
        If they have not one length, a value is negative or not known, or all of one are 0.

    Examples
    --------
    >>> hoover([1, 0], [1, 1])
    0.5
    """
    first, second = _pair(one, other)
    return float(0.5 * np.abs(first / first.sum() - second / second.sum()).sum())


def location_quotient(one: ArrayLike, other: ArrayLike) -> Floats:
    """
    Return each place's share of one measure over its share of the other; NaN where it has none of either. [-]

    Parameters
    ----------
    one, other
        As in `hoover`.
    """
    first, second = _pair(one, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((first / first.sum()) / (second / second.sum()), dtype=np.float64)


def cross_k(one: ArrayLike, other: ArrayLike, radius: float, window: shapely.Polygon) -> float:
    """
    Return Ripley's cross-K with border correction: where two patterns know nothing of each other, pi radius squared.

    Only points of the first pattern that lie at least `radius` inside the window count: all that is near them is seen.

    Parameters
    ----------
    one, other
        Points, shape (n, 2), on a plane and in the units of `radius`: degrees are no plane.
    radius
        How far to look.
    window
        Where both patterns were looked for.

    Returns
    -------
    k
        In the square of these units; NaN where no point lies that far inside.

    References
    ----------
    .. [1] B. D. Ripley, Statistical Inference for Spatial Processes, Cambridge University Press, 1988.
    """
    first, second = (np.asarray(points, dtype=np.float64).reshape(-1, 2) for points in (one, other))
    inside = shapely.distance(window.exterior, shapely.points(first)) >= radius
    inside &= shapely.contains(window, shapely.points(first))
    if not inside.any() or not len(second):
        return float("nan")
    near = cKDTree(second).query_ball_point(first[inside], radius, return_length=True)
    return float(window.area / len(second) * np.mean(near))


def moran(values: ArrayLike, weights: ArrayLike) -> float:
    """
    Return Moran's I of a map: -1 where neighbours are opposites, near 0 where they know nothing of each other. [-]

    Parameters
    ----------
    values
        One for each place.
    weights
        Who neighbours whom, shape (n, n), 0 on the diagonal; each row is divided by its sum.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is not known, or all are equal.
    """
    return bivariate_moran(values, values, weights)


def bivariate_moran(one: ArrayLike, other: ArrayLike, weights: ArrayLike) -> float:
    """
    Return how one map goes with its neighbours' values in another. [-]

    Parameters
    ----------
    one, other
        Two values of each place.
    weights
        As in `moran`.

    Notes
    -----
    It rises with how either map clusters by itself: it is no measure of their mismatch alone.
    """
    first, second = (_standard(values) for values in (one, other))
    near = np.asarray(weights, dtype=np.float64)
    if near.shape != (len(first), len(second)) or np.diag(near).any() or (near < 0.0).any():
        msg = f"weights must be at least 0, of shape {(len(first), len(first))}, and 0 on the diagonal"
        raise ValueError(msg)
    sums = near.sum(axis=1, keepdims=True)
    lag = np.divide(near, sums, out=np.zeros_like(near), where=sums > 0.0) @ second
    return float(first @ lag / len(first))


def _measure(values: ArrayLike, name: str) -> Floats:
    """Return values of which none is negative or unknown, and not all are 0."""
    found = np.asarray(values, dtype=np.float64).ravel()
    if not len(found) or not (found >= 0.0).all() or found.sum() <= 0.0 or np.isinf(found).any():
        msg = f"{name} must be known, at least 0, and not all 0"
        raise ValueError(msg)
    return found


def _pair(one: ArrayLike, other: ArrayLike) -> tuple[Floats, Floats]:
    first, second = _measure(one, "one"), _measure(other, "other")
    if len(first) != len(second):
        msg = f"both measures must be of the same places; there are {len(first)} and {len(second)}"
        raise ValueError(msg)
    return first, second


def _standard(values: ArrayLike) -> Floats:
    """Return values less their mean, over their standard deviation."""
    found = np.asarray(values, dtype=np.float64).ravel()
    spread = found.std() if len(found) else 0.0
    if not np.isfinite(found).all() or spread <= 0.0:
        msg = "values must be known and must differ"
        raise ValueError(msg)
    return np.asarray((found - found.mean()) / spread, dtype=np.float64)
