"""Upsampling (or downsampling): a grid of another size over the same picture.

    output[n,c,y]     = Σ_i weight[y,i]·input[n,c,i]
    grad_input[n,c,i] = Σ_y weight[y,i]·grad_output[n,c,y]

y and i stand for one, two or three coordinates, whose weights multiply. Along an axis of I positions, output y of Y
lies at s = y·I/Y ("nearest": weight 1 at floor s), or at s = (y + ½)·I/Y − ½, not below 0 ("linear": weights 1 − f and
f at floor s and the position after it, f = s − floor s); with `align_corners` at s = y·(I − 1)/(Y − 1). A scale that
is given takes the place of Y/I, but, as in PyTorch, not where Y = I (linear, and nearest in two dimensions) nor where
Y = 2·I (nearest in two dimensions).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

from pellucid.errors import ShapeError
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.resampling import Resampling, Spread


@dataclass(frozen=True)
class Interpolate(Resampling):
    """The output's spatial sizes, whether weights are linear or nearest, and the scale where one was given."""

    dims: int
    size: tuple[int, ...]
    linear: bool = False
    align_corners: bool = False
    scale: tuple[float, ...] | None = None

    @property
    def name(self) -> str:
        """The op's name."""
        return "interpolate"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,size)."""
        (input,) = shapes
        assert input is not None
        if len(input) != self.dims + 2 or 0 in input[1:]:
            rule = f"input must have {self.dims + 2} axes, and only the batch may be empty"
            raise ShapeError(self.name, rule, got=f"input {input}")
        return (*input[:2], *self.size)

    def matrices(self, input: Shape) -> list[Array]:
        """The weights along each axis: (output positions, input positions), in float64."""
        scales = self.scale or tuple(y / i for y, i in zip(self.size, input[2:], strict=True))
        each = zip(self.size, input[2:], scales, strict=True)
        return [self._matrix(outputs, inputs, scale) for outputs, inputs, scale in each]

    def spreads(self, input: Shape) -> list[Spread]:
        """The weights along each axis that are not 0."""
        found = []
        for matrix in self.matrices(input):
            rows = (tuple((int(i), float(row[i])) for i in np.flatnonzero(row)) for row in matrix)
            found.append(Spread(tuple(rows), matrix.shape[1]))
        return found

    def _matrix(self, outputs: int, inputs: int, scale: float) -> Array:
        y, weights = np.arange(outputs), np.zeros((outputs, inputs))
        if not self.linear:
            exact = self.scale is None or (self.dims == 2 and outputs in (inputs, 2 * inputs))
            nearest = y * inputs // outputs if exact else (y / scale).astype(np.int64)
            weights[y, np.minimum(nearest, inputs - 1)] = 1
            return weights
        if outputs == inputs:
            return np.eye(inputs)
        if self.align_corners:
            at = y * ((inputs - 1) / (outputs - 1)) if outputs > 1 else np.zeros(1)
        else:
            at = np.maximum((y + 0.5) / scale - 0.5, 0)
        low = np.minimum(at.astype(np.int64), inputs - 1)
        np.add.at(weights, (y, low), 1 - (at - low))
        np.add.at(weights, (y, np.minimum(low + 1, inputs - 1)), at - low)
        return weights

    def forward(self, *operands: Array) -> Array:
        """Copies of the nearest elements, or sums along one axis after another."""
        (input,) = operands
        self.infer(input.shape)
        matrices = self.matrices(input.shape)
        if not self.linear:
            nearest = np.ix_(*(matrix.argmax(axis=1) for matrix in matrices))
            return np.ascontiguousarray(input[:, :, *nearest])
        return self._applied(input, matrices)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The same with the weights turned."""
        (input,) = operands
        return (self._applied(grad_output, [matrix.T for matrix in self.matrices(input.shape)]),)

    def _applied(self, array: Array, matrices: list[Array]) -> Array:
        def along(values: Array, at: tuple[int, Array]) -> Array:
            axis, matrix = at
            turned = np.tensordot(values, matrix.astype(values.dtype), (axis, 1))
            return np.moveaxis(turned, -1, axis)

        return np.ascontiguousarray(reduce(along, enumerate(matrices, 2), array))
