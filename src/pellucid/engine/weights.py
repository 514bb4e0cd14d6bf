"""How a weight lies in memory: one vector of output channels per tap.

A weight's public axes are (O,C/groups,Kd,Kh,Kw), its memory is (Kd,Kh,Kw,C/groups,O); a linear weight (out,in) lies as
(in,out), vectors and scalars lie as they are. Gradients and states of the optimiser lie as their parameter does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Shape
from pellucid.sizes import size_of

Array = NDArray[Any]


def memory_shape(shape: Shape) -> Shape:
    """The sizes in the order in which they lie in memory.

    Example:
        >>> memory_shape((32, 16, 3, 5)), memory_shape((10, 84)), memory_shape((7,))
        ((3, 5, 16, 32), (84, 10), (7,))
    """
    return tuple(shape[axis] for axis in _order(len(shape)))


def strides(shape: Shape) -> tuple[int, ...]:
    """How far apart neighbours along each public axis are.

    Example:
        >>> strides((32, 16, 3, 5)), strides((7,))
        ((1, 32, 2560, 512), (1,))
    """
    order, sizes = _order(len(shape)), memory_shape(shape)
    steps = {axis: size_of(sizes[place + 1 :]) for place, axis in enumerate(order)}
    return tuple(steps[axis] for axis in range(len(shape)))


def row_major(shape: Shape) -> NDArray[np.int64]:
    """Where the numbers lie, in row-major order.

    Example:
        >>> row_major((2, 3)), row_major((3,))
        (array([0, 2, 4, 1, 3, 5]), array([0, 1, 2]))
    """
    found: NDArray[np.int64] = np.tensordot(
        np.array(strides(shape), np.int64), np.indices(shape, np.int64), 1
    )
    return found.ravel()


def in_memory(public: Array) -> Array:
    """The same numbers, not copied, with the axes in memory's order."""
    return public.transpose(_order(public.ndim))


def public(memory: Array) -> Array:
    """The same numbers, not copied, with public axes."""
    return memory.transpose(np.argsort(_order(memory.ndim)))


class Owned(np.ndarray[Any, np.dtype[Any]]):
    """An array with public axes over memory of its own in that order, such as a program keeps of a caller's weight."""

    memory: Array

    @classmethod
    def like(cls, shape: Shape, dtype: np.dtype[Any]) -> Owned:
        """Zeros."""
        memory = np.zeros(memory_shape(shape), dtype)
        owned = public(memory).view(cls)
        owned.memory = memory
        return owned


def _order(axes: int) -> tuple[int, ...]:
    """The public axes as they lie in memory."""
    return (*range(2, axes), 1, 0) if axes >= 2 else tuple(range(axes))
