"""Max pooling: the largest element of each window.

y, k and i stand for one, two or three coordinates. Among equals the first in row-major order of k wins. NaN
is larger than any number, and the last NaN of a window wins, as in PyTorch.
Order of summation in grad_input: y ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array, Gradients, Shape, Terms
from pellucid.ops.pool import Pool, held, holding, routes
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import Copies
from pellucid.ops.settings import each, pairs
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
class MaxPool(Pool):
    """The settings of max pooling over `dims` spatial axes. Without a stride, windows lie side by side."""

    leaves: ClassVar[tuple[str, ...]] = ("routes",)

    dims: int
    kernel_size: IntOrTuple
    stride: IntOrTuple | None = None
    padding: PaddingLike = 0
    dilation: IntOrTuple = 1
    ceil_mode: bool = False

    selects: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = max_k input[n,c,i], i = y·stride + k·dilation − padding, padding left out",
        "grad_input": "grad_input[n,c,i] = Σ_y grad_output[n,c,y] over the windows y that i won",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(padding=pairs(self.padding, self.dims), dilation=each(self.dilation, self.dims))

    @property
    def name(self) -> str:
        """max_pool1d, max_pool2d or max_pool3d."""
        return f"max_pool{self.dims}d"

    def effort(self, *shapes: Shape | None) -> int:
        """Every output looks at its whole window."""
        (input,) = shapes
        assert input is not None
        geometry = self.geometry(input)
        return 16 * size_of(self.infer(input)) * size_of(geometry.kernel)

    def listed(self, *shapes: Shape | None) -> int:
        """The taps of each window's position."""
        (input,) = shapes
        assert input is not None
        return sum(axis.output * axis.kernel for axis in self.geometry(input).axes)

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The winner of a window; for an input element, the gradients of the windows that it won."""
        if of == "output":
            over = spatial("i", self.dims)
            return Reduction("largest", ("input",), over, skips=over)
        over = spatial("y", self.dims)
        return Reduction("fma", ("grad_output",), over, skips=over, chosen_by="input")

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

    def selected(self, read: Callable[[str], Array]) -> Copies:
        """Each output is its window's winner."""
        input = read("input")
        return routes(self.indices(input), input.shape)

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
