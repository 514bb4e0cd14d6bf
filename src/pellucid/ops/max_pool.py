"""Max pooling: the largest element of each window.

    output[n,c,y]     = max_k input[n,c,i],     i = y·stride + k·dilation − padding, padding left out
    grad_input[n,c,i] = Σ_y grad_output[n,c,y]  over the windows y that i won

y, k and i stand for one, two or three coordinates. Among equals the first in row-major order of k wins. NaN
is larger than any number, and the last NaN of a window wins, as in PyTorch.
Order of summation in grad_input: y ascending.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.geometry import Geometry
from pellucid.ops.base import Array, Gradients, Op, Shape, Terms
from pellucid.ops.pool import held, holding, pool_geometry
from pellucid.sizes import IntOrTuple, PaddingLike, size_of


def winner(candidates: Array, present: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Which column wins each row among those that are there, at least one: the last NaN, or the first of the largest.

    Example:
        >>> rows = np.array([[1.0, 3.0, 3.0], [np.nan, 9.0, np.nan], [7.0, 5.0, 6.0]])
        >>> winner(rows, np.array([[True, True, True], [True, True, True], [False, True, True]]))
        array([1, 2, 2])
    """
    nan = present & np.isnan(candidates)
    best = np.where(present & ~nan, candidates, -np.inf).max(axis=1, keepdims=True)
    first = np.argmax(present & (candidates == best), axis=1)
    last = nan.shape[1] - 1 - np.argmax(nan[:, ::-1], axis=1)
    wins: NDArray[np.int64] = np.where(nan.any(axis=1), last, first)
    return wins


@dataclass(frozen=True)
class MaxPool(Op):
    """The settings of max pooling over `dims` spatial axes. Without a stride, windows lie side by side."""

    dims: int
    kernel_size: IntOrTuple
    stride: IntOrTuple | None = None
    padding: PaddingLike = 0
    dilation: IntOrTuple = 1
    ceil_mode: bool = False

    @property
    def name(self) -> str:
        """max_pool1d, max_pool2d or max_pool3d."""
        return f"max_pool{self.dims}d"

    def geometry(self, input: Shape) -> Geometry:
        """The relation between output, kernel and input positions for this shape."""
        return pool_geometry(
            self.name,
            input,
            self.dims,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
        )

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,…)."""
        (input,) = shapes
        assert input is not None
        return (*input[:2], *self.geometry(input).output)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the candidates, in row-major order of k; grad_input: the windows that hold an element, y ascending.

        Of these windows those count which the element wins (see `winner`).
        """
        (input,) = shapes
        assert input is not None
        axes = self.geometry(input).axes
        if of == "output":
            rows, present = held(axes, at)
            return Terms((("input", rows),), present=present)
        rows, present = holding(axes, at)  # k ascending, so y descending
        return Terms((("grad_output", tuple(row[:, ::-1] for row in rows)),), present=present[:, ::-1])

    def indices(self, input: Array) -> NDArray[np.int64]:
        """Where each output comes from: the winner's flat index in its channel's plane, as in PyTorch."""
        return self._winners(input)[1]

    def forward(self, *operands: Array) -> Array:
        """Keep the best of each window, one kernel position after another."""
        (input,) = operands
        return self._winners(input)[0]

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Send every gradient to its winner; where windows overlap, gradients add."""
        (input,) = operands
        planes = np.arange(size_of(input.shape[:2])).reshape(*input.shape[:2], *(1,) * self.dims)
        grad_input = np.zeros((planes.size, size_of(input.shape[2:])), grad_output.dtype)
        np.add.at(grad_input, (planes, self.indices(input)), grad_output)
        return (grad_input.reshape(input.shape),)

    def _winners(self, input: Array) -> tuple[Array, NDArray[np.int64]]:
        """The largest value of each window and its flat index; −1 marks padding, which never wins."""
        geometry = self.geometry(input.shape)
        padded = np.pad(input, ((0, 0), (0, 0), *geometry.padded))
        plane = np.arange(size_of(geometry.input)).reshape(geometry.input)
        positions = np.pad(plane, geometry.padded, constant_values=-1)
        shape = (*input.shape[:2], *geometry.output)
        best, winner = np.zeros(shape, input.dtype), np.full(shape, -1)
        for _, at in geometry.kernel_slices():
            value, index = padded[..., *at], positions[at]
            wins = (index >= 0) & ((winner < 0) | (value > best) | np.isnan(value))
            best, winner = np.where(wins, value, best), np.where(wins, index, winner)
        return best, winner
