"""Adaptive max pooling: the largest element of each of `output_size` windows that together cover the input.

y and i stand for one, two or three coordinates, I and O for the input's and the output's size along an axis. Among
equals the first in row-major order wins. NaN is larger than any number, and the last NaN of a window wins, as in
PyTorch. Order of summation in grad_input: y ascending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.base import Array, Gradients, Shape, Terms
from pellucid.ops.pool import routes
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.relation import Copies
from pellucid.sizes import size_of


@dataclass(frozen=True)
class AdaptiveMaxPool(AdaptivePool):
    """The largest element of each window."""

    leaves: ClassVar[tuple[str, ...]] = ("routes",)
    selects: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = max_i input[n,c,i], floor(y·I/O) ≤ i < ceil((y+1)·I/O)",
        "grad_input": "grad_input[n,c,i] = Σ_y grad_output[n,c,y] over the windows y that i won",
    }

    @property
    def name(self) -> str:
        """adaptive_max_pool1d, adaptive_max_pool2d or adaptive_max_pool3d."""
        return f"adaptive_max_pool{self.dims}d"

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The winner of a window; for an input element, the gradients of the windows that it won."""
        if of == "output":
            over = spatial("i", self.dims)
            return Reduction("largest", ("input",), over, skips=over)
        over = spatial("y", self.dims)
        return Reduction("fma", ("grad_output",), over, skips=over, chosen_by="input")

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the candidates, in row-major order; grad_input: the windows that hold an element, y ascending.

        Of these windows those count which the element wins (see `max_pool.winner`).
        """
        (input,) = shapes
        assert input is not None
        name, find = ("input", self.held) if of == "output" else ("grad_output", self.holding)
        rows, present = find(at, input)
        return Terms(((name, rows),), present=present)

    def selected(self, read: Callable[[str], Array]) -> Copies:
        """Each output is its window's winner."""
        input = read("input")
        return routes(self.indices(input), input.shape)

    def indices(self, input: Array) -> NDArray[np.int64]:
        """Where each output comes from: the winner's flat index in its channel's plane, as in PyTorch."""
        winners = np.empty(self.infer(input.shape), np.int64)
        positions = np.arange(size_of(input.shape[2:])).reshape(input.shape[2:])
        for y, window in self.slices(input.shape):
            values = input[..., *window].reshape(*input.shape[:2], positions[window].size)
            last = values.shape[-1] - 1 - np.argmax(np.isnan(values[..., ::-1]), axis=-1)
            best = np.where(np.isnan(values).any(axis=-1), last, np.argmax(values, axis=-1))
            winners[..., *y] = positions[window].ravel()[best]
        return winners

    def forward(self, *operands: Array) -> Array:
        """Read the winners."""
        (input,) = operands
        return self._planes(input)[self._rows(input), self.indices(input)]

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Send every gradient to its winner; where windows overlap, gradients add."""
        (input,) = operands
        grad_input = np.zeros_like(self._planes(input), dtype=grad_output.dtype)
        np.add.at(grad_input, (self._rows(input), self.indices(input)), grad_output)
        return (grad_input.reshape(input.shape),)

    def _planes(self, input: Array) -> Array:
        return input.reshape(size_of(input.shape[:2]), size_of(input.shape[2:]))

    def _rows(self, input: Array) -> NDArray[np.int64]:
        """Each output's plane, shaped to meet the winners."""
        return np.arange(size_of(input.shape[:2])).reshape(*input.shape[:2], *(1,) * self.dims)
