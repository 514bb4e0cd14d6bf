"""Cosines and sines for drawing: fixed sequences of operations, the same bits everywhere.

An angle is a share t of a full turn. With q = 4·t rounded and r = 2π·(t − q/4), |r| ≤ π/4, Taylor's polynomials of r
are cos r and sin r to 2⁻⁵³ of 1, and the quarters q exchange the two and change signs. Quarters of a turn are exact.
"""

from __future__ import annotations

from math import factorial, pi

import numpy as np
from numpy.typing import NDArray

_COSINE = [(-1) ** k / factorial(2 * k) for k in range(9)]
_SINE = [(-1) ** k / factorial(2 * k + 1) for k in range(9)]


def cosine_and_sine(turns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """cos 2πt and sin 2πt.

    Example:
        >>> cosine, sine = cosine_and_sine(np.array([0.25, -0.5, 1 / 12]))
        >>> cosine.round(9).tolist(), sine.round(9).tolist()
        ([0.0, -1.0, 0.866025404], [1.0, 0.0, 0.5])
    """
    quarters = np.rint(4.0 * turns)
    r = (turns - quarters / 4.0) * (2.0 * pi)
    square = r * r
    cosine, sine = np.full_like(r, _COSINE[-1]), np.full_like(r, _SINE[-1])
    for a, b in zip(_COSINE[-2::-1], _SINE[-2::-1], strict=True):
        cosine, sine = cosine * square + a, sine * square + b
    sine *= r
    quarter = quarters.astype(np.int64) & 3
    zero_or_half, late = quarter & 1 == 0, quarter >> 1 == 1
    x, y = np.where(zero_or_half, cosine, 0.0 - sine), np.where(zero_or_half, sine, cosine)
    return np.where(late, 0.0 - x, x), np.where(late, 0.0 - y, y)
