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
_WIDE = 128  # numbers in all lanes


def in_lanes(numbers: Array, axis: int) -> Array:
    """The sum along an axis, which stays with one number.

    Example:
        >>> in_lanes(np.arange(20.0), 0)
        array([190.])
    """
    along = np.moveaxis(numbers, axis, 0)
    return np.moveaxis(_in_lanes(np.ascontiguousarray(along))[None], 0, axis)


def total(numbers: Array, axes: tuple[int, ...] | None = None) -> Array:
    """The sum over axes, the last of which is the first to go on; over all without any. They are gone then.

    Example:
        >>> total(np.ones((2, 3, 4)), (0, 2))
        array([8., 8., 8.])
    """
    axes = tuple(range(numbers.ndim)) if axes is None else axes
    last = np.moveaxis(numbers, axes, range(numbers.ndim - len(axes), numbers.ndim))
    kept, gone = last.shape[: numbers.ndim - len(axes)], last.shape[numbers.ndim - len(axes) :]
    return np.asarray(in_lanes(last.reshape(*kept, prod(gone)), -1)[..., 0])


def products(left: Array, right: Array) -> Array:
    """Σ left·right along the last axis, which goes; the axes before are broadcast.

    Example:
        >>> products(np.array([[1, 2, 3]]), np.array([[1, 0, 1], [0, 1, 0]]))
        array([4, 2])
    """
    rank, shape = max(left.ndim, right.ndim), np.broadcast_shapes(left.shape[:-1], right.shape[:-1])
    sides = (np.moveaxis(x.reshape(*(1,) * (rank - x.ndim), *x.shape), -1, 0) for x in (left, right))
    left, right = map(np.ascontiguousarray, sides)  # the axis of the sum first: long loops inside
    result = np.zeros(shape, np.result_type(left, right))
    step = max(1, _AT_ONCE * len(result) // max(1, len(left) * result.size))
    for start in range(0, len(result), step):
        a, b = (x if x.shape[1] == 1 else x[:, start : start + step] for x in (left, right))
        result[start : start + step] = _in_lanes(a * b)
    return result


def _in_lanes(numbers: Array) -> Array:
    """The sum along the first axis, which goes."""
    whole, rest = divmod(len(numbers), LANES)
    rows = numbers[: whole * LANES].reshape(whole, LANES, *numbers.shape[1:])
    lanes = np.zeros((LANES, *numbers.shape[1:]), numbers.dtype)
    if lanes.size >= _WIDE:
        for row in rows:
            lanes += row
    else:  # few numbers: a call for each row would take longer than writing down all sums on the way
        step = max(1, _AT_ONCE // _WIDE)
        for first in range(0, whole, step):
            lanes = np.add.accumulate(np.concatenate([lanes[None], rows[first : first + step]]))[-1]
    lanes[:rest] += numbers[whole * LANES :]
    width = LANES // 2
    while width:
        lanes = lanes[:width] + lanes[width:]
        width //= 2
    result: Array = lanes[0]
    return result
