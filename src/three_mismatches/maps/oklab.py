"""Colours mixed as the eye does it: in OKLab, where a step of a number is a step that is seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike, NDArray

__all__ = ["lightness", "mixed"]

Floats = NDArray[np.float64]

TO_CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
TO_LAB = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip
"""Of OKLab: linear sRGB to cone responses, and their cube roots to lightness and two axes of hue."""


def mixed(weights: ArrayLike, colours: Sequence[str]) -> Floats:
    """
    Return colours mixed by weight.

    Parameters
    ----------
    weights
        Shape (n, colours), rows that sum to 1. [-]
    colours
        What is mixed.

    Returns
    -------
    rgb
        Shape (n, 3), sRGB from 0 to 1; a weight of 1 gives that colour itself.

    References
    ----------
    .. [1] B. Ottosson 2020, A perceptual color space for image processing, https://bottosson.github.io/posts/oklab/

    Examples
    --------
    >>> mixed([[0.5, 0.5]], ["#000000", "#ffffff"]).round(3)
    array([[0.389, 0.389, 0.389]])
    """
    pure = np.array([to_rgb(colour) for colour in colours])
    share = np.asarray(weights, dtype=np.float64).reshape(-1, len(pure))
    found = _to_rgb(share @ _to_lab(pure))
    # Rounding on the way must not touch a colour that is not mixed.
    exact = share.max(axis=1, initial=0.0) >= 1.0
    found[exact] = pure[share[exact].argmax(axis=1)]
    return found


def lightness(rgb: ArrayLike) -> Floats:
    """Return the lightness of sRGB colours, shape (n, 3), from 0 to 1."""
    return np.asarray(_to_lab(np.asarray(rgb, dtype=np.float64))[:, 0])


def _to_lab(rgb: Floats) -> Floats:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T)


def _to_rgb(lab: Floats) -> Floats:
    linear = np.linalg.solve(TO_CONES, np.linalg.solve(TO_LAB, lab.T) ** 3).T
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
