"""Sums in lanes, whose order is the same whatever vectors a processor has.

Lane l adds the numbers l, l + 16, l + 32, … to 0. Then lanes are added as a tree: l and l + 8, l and l + 4, l and
l + 2, the last two.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LANES = 16
# A share of Σ (x − centre)². If more of it is due to the distance between centre and mean, a variance loses digits.
OFF_CENTRE = 1.0 - 2.0**-10
_AT_ONCE = 1 << 18  # numbers of an intermediate array


def in_lanes(numbers: Array, axis: int) -> Array:
    """The sum along an axis, which stays with one number.

    Example:
        >>> in_lanes(np.arange(20.0), 0)
        array([190.])
    """
    along = np.moveaxis(numbers, axis, -1)
    lanes = np.zeros((*along.shape[:-1], LANES), along.dtype)
    rows = along.shape[-1] // LANES
    step = max(1, _AT_ONCE // max(1, lanes.size))
    for first in range(0, rows, step):
        last = min(rows, first + step)
        some = along[..., first * LANES : last * LANES].reshape(*along.shape[:-1], last - first, LANES)
        beside = np.concatenate([lanes[..., None, :], some], axis=-2)
        lanes = np.add.accumulate(beside, axis=-2)[..., -1, :]
    rest = along[..., rows * LANES :]
    lanes[..., : rest.shape[-1]] += rest
    return np.moveaxis(_tree(lanes), -1, axis)


def total(numbers: Array, axes: tuple[int, ...] | None = None) -> Array:
    """The sum over axes, the last of which is the first to go on; over all without any. They are gone then.

    Example:
        >>> total(np.ones((2, 3, 4)), (0, 2))
        array([8., 8., 8.])
    """
    axes = tuple(range(numbers.ndim)) if axes is None else axes
    last = np.moveaxis(numbers, axes, range(numbers.ndim - len(axes), numbers.ndim))
    kept, gone = last.shape[: numbers.ndim - len(axes)], last.shape[numbers.ndim - len(axes) :]
    return in_lanes(last.reshape(*kept, prod(gone)), -1)[..., 0]


def products(left: Array, right: Array) -> Array:
    """Σ left·right along the last axis, which goes; the axes before are broadcast.

    Example:
        >>> products(np.array([[1, 2, 3]]), np.array([[1, 0, 1], [0, 1, 0]]))
        array([4, 2])
    """
    rank, shape = max(left.ndim, right.ndim), np.broadcast_shapes(left.shape[:-1], right.shape[:-1])
    sides = (np.moveaxis(x.reshape(*(1,) * (rank - x.ndim), *x.shape), -1, 0) for x in (left, right))
    left, right = (
        np.ascontiguousarray(side) for side in sides
    )  # the axis of the sum first: long loops inside
    result = np.zeros(shape, np.result_type(left, right))
    step = max(1, _AT_ONCE * len(result) // max(1, LANES * result.size))
    for start in range(0, len(result), step):
        a, b = (x if x.shape[1] == 1 else x[:, start : start + step] for x in (left, right))
        lanes = np.zeros((LANES, *result[start : start + step].shape), result.dtype)
        for first in range(0, len(left), LANES):
            product = a[first : first + LANES] * b[first : first + LANES]
            lanes[: len(product)] += product
        result[start : start + step] = _tree(np.moveaxis(lanes, 0, -1))[..., 0]
    return result


def _tree(lanes: Array) -> Array:
    """All lanes in one, which stays as an axis."""
    while lanes.shape[-1] > 1:
        half = lanes.shape[-1] // 2
        lanes = lanes[..., :half] + lanes[..., half:]
    return lanes
