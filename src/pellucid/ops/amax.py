"""The largest and the smallest number over axes. NaN is larger, and smaller, than all; among zeros the sign decides.

Numbers that tie share the gradient evenly: among NaN, which equal nothing, that is 0/0. Computed without rounding, the
gradient in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.over_axes import OverAxes
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Amax(OverAxes):
    """The axes."""

    sign: ClassVar[int] = 1  # by which numbers are multiplied before the largest is taken
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = max input",
        "grad_input": "grad_input = grad_output·mask/ties",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "amax"

    def reads(self, of: str) -> tuple[str, ...]:
        """The gradient compares the inputs with the output."""
        return ("grad_output", "input", "output") if of == "grad_input" else super().reads(of)

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape with some number along these axes → without these axes, or with size 1 there."""
        (input,) = shapes
        assert input is not None
        output = super().infer(input)
        if 0 in (input[axis] for axis in self.axes(input)):
            rule = "there must be numbers along the axes of which one is chosen"
            raise ShapeError(self.name, rule, got=say("input {input}, dim={dim}", input=input, dim=self.dim))
        return output

    def winner(self, candidates: Array) -> NDArray[np.int64]:
        """Which column wins each row: the first NaN, or the first of the largest, among zeros the first of that sign.

        Example:
            >>> Amax().winner(np.array([[1.0, 3.0, 3.0], [-0.0, 0.0, 0.0], [np.nan, 9.0, np.nan]]))
            array([1, 1, 0])
        """
        numbers = self.sign * candidates
        best = numbers.max(axis=1, keepdims=True)
        found = np.isnan(numbers) | (numbers == best)
        positive = found & ~np.signbit(numbers)
        preferred = np.where((best == 0) & positive.any(axis=1, keepdims=True), positive, found)
        wins: NDArray[np.int64] = np.argmax(preferred, axis=1)
        return wins

    def forward(self, *operands: Array) -> Array:
        """Choose."""
        (input,) = operands
        self.infer(input.shape)
        gone = self.axes(input.shape)
        last = np.moveaxis(input, gone, range(input.ndim - len(gone), input.ndim))
        table = last.reshape(size_of(self.kept(input.shape)), self.count(input.shape))
        chosen = np.take_along_axis(table, self.winner(table)[:, None], axis=1)
        return chosen.reshape(self.infer(input.shape))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Shared among ties."""
        (input,) = operands
        with np.errstate(all="ignore"):
            mask = (input == self.spread(self.forward(input), input.shape)).astype(np.float64)
            shares = self.spread(grad_output.astype(np.float64), input.shape) / self.total(mask)
            return ((shares * mask).astype(input.dtype),)
