"""What an overview says of an array's numbers, from one reading: mean, spread, norm, and whether all are finite.

Chunks that stay in the cache are summed in float64, after a number near the mean is taken away:

    std² = Σ(x − c)²/n − (Σ(x − c)/n)²        ‖x‖² = Σx²

NaN and infinity stay in such sums, so that a finite sum says that all numbers are finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 13


@dataclass(frozen=True)
class Measured:
    """An array in a few numbers; mean and std of no numbers are NaN."""

    mean: float
    std: float
    norm: float
    finite: bool


def measured(array: NDArray[Any]) -> Measured:
    """Measure an array.

    Example:
        >>> measured(np.array([[3.0, 4.0], [0.0, 5.0]], np.float32)).mean
        3.0
        >>> measured(np.array([1.0, np.inf])).finite
        False
    """
    flat = array.reshape(-1)
    if not flat.size:
        return Measured(nan, nan, 0.0, True)
    with np.errstate(all="ignore"):
        centre = float(flat[:_CHUNK].mean(dtype=np.float64))
        total = squares = own = 0.0
        for start in range(0, flat.size, _CHUNK):
            chunk = flat[start : start + _CHUNK].astype(np.float64)
            own += float(chunk @ chunk)
            chunk -= centre
            total += float(chunk.sum())
            squares += float(chunk @ chunk)
        if not isfinite(own + squares):
            return _slowly(flat.astype(np.float64))
    off = total / flat.size
    return Measured(centre + off, sqrt(max(0.0, squares / flat.size - off * off)), sqrt(own), True)


def _slowly(flat: NDArray[np.float64]) -> Measured:
    """With numbers that are not finite, or whose squares are not."""
    mean, std = float(flat.mean()), float(flat.std())
    return Measured(mean, std, float(np.linalg.norm(flat)), bool(np.isfinite(flat).all()))
