"""Sums in lanes, whose order is the same whatever vectors a processor has.

Lane l adds the numbers l, l + 16, l + 32, … to 0. Then lanes are added as a tree: l and l + 8, l and l + 4, l and
l + 2, the last two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LANES = 16


def in_lanes(numbers: NDArray[Any], axis: int) -> NDArray[Any]:
    """The sum along an axis, which stays with one number.

    Example:
        >>> in_lanes(np.arange(20.0), 0)
        array([190.])
    """
    along = np.moveaxis(numbers, axis, -1)
    lanes = np.zeros((*along.shape[:-1], LANES), along.dtype)
    for start in range(0, along.shape[-1], LANES):
        some = along[..., start : start + LANES]
        lanes[..., : some.shape[-1]] += some
    while lanes.shape[-1] > 1:
        half = lanes.shape[-1] // 2
        lanes = lanes[..., :half] + lanes[..., half:]
    return np.moveaxis(lanes, -1, axis)
