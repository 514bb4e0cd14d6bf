"""Unfold lays the windows of an image out as columns (im2col); fold adds such columns up to an image (col2im).

    unfold: output[n, (c,k), y] = input[n,c,i],                  i = y·stride + k·dilation − padding, 0 in padding
    fold:   output[n,c,i]       = Σ_{(y,k) at i} input[n, (c,k), y]

(c,k) and y are row-major in one axis each. Each is the gradient of the other, and
conv2d(x, w) = w.reshape(O, C·K) @ unfold(x).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.errors import ShapeError
from pellucid.geometry import Geometry, IntOrTuple, PaddingLike, padding_pairs, per_axis, size_of, window
from pellucid.ops.base import Array, Gradients, Op, Shape


@dataclass(frozen=True)
class _Windows(Op):
    """The settings of windows over an image, in PyTorch's order."""

    kernel_size: IntOrTuple
    dilation: IntOrTuple = 1
    padding: PaddingLike = 0
    stride: IntOrTuple = 1

    dims = 2

    def geometry(self, image: Shape) -> Geometry:
        """The relation between windows and positions of an image of these spatial sizes."""
        kernel = per_axis(self.name, "kernel_size", self.kernel_size, 2)
        stride, dilation = (per_axis(self.name, n, getattr(self, n), 2) for n in ("stride", "dilation"))
        padding = padding_pairs(self.name, self.padding, kernel, stride, dilation)
        return window(self.name, image, kernel, stride, padding, dilation)

    def _unfolded(self, image: Array) -> Array:
        geometry = self.geometry(image.shape[2:])
        padded = np.pad(image, ((0, 0), (0, 0), *geometry.padded))
        columns = [padded[..., *at] for _, at in geometry.kernel_slices()]
        n, c, length = image.shape[0], image.shape[1], size_of(geometry.output)
        return np.stack(columns, axis=2).reshape(n, c * size_of(geometry.kernel), length)

    def _folded(self, columns: Array, image: Shape) -> Array:
        geometry = self.geometry(image[2:])
        padded = np.pad(np.zeros(image, columns.dtype), ((0, 0), (0, 0), *geometry.padded))
        windows = columns.reshape(*image[:2], size_of(geometry.kernel), *geometry.output)
        for k, (_, at) in enumerate(geometry.kernel_slices()):
            padded[..., *at] += windows[:, :, k]
        return padded[..., *geometry.inside].copy()


@dataclass(frozen=True)
class Unfold(_Windows):
    """im2col."""

    @property
    def name(self) -> str:
        """The op's name."""
        return "unfold"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,H,W) → (N, C·Kh·Kw, Ho·Wo)."""
        (input,) = shapes
        assert input is not None
        if len(input) != 4:
            raise ShapeError(self.name, "input must have 4 axes, or 3 without a batch", got=f"input {input}")
        if input[1] == 0:
            raise ShapeError(self.name, "input must have channels", got=f"input {input}")
        geometry = self.geometry(input[2:])
        return input[0], input[1] * size_of(geometry.kernel), size_of(geometry.output)

    def forward(self, *operands: Array) -> Array:
        """One kernel position after another."""
        (input,) = operands
        self.infer(input.shape)
        return self._unfolded(input)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Fold."""
        (input,) = operands
        return (self._folded(grad_output, input.shape),)


@dataclass(frozen=True)
class Fold(_Windows):
    """col2im; `output_size` is the image's height and width."""

    output_size: IntOrTuple = 1

    dims = 1  # of the columns' one axis of positions

    @property
    def name(self) -> str:
        """The op's name."""
        return "fold"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N, C·Kh·Kw, L) → (N,C,H,W)."""
        (input,) = shapes
        assert input is not None
        if len(input) != 3:
            raise ShapeError(self.name, "input must have 3 axes, or 2 without a batch", got=f"input {input}")
        image = per_axis(self.name, "output_size", self.output_size, 2)
        geometry = self.geometry(image)
        taps, length = size_of(geometry.kernel), size_of(geometry.output)
        if input[1] % taps or input[2] != length:
            raise ShapeError(
                self.name,
                "columns must be the windows of the output",
                expected=f"a multiple of {taps} rows and {length} columns",
                got=f"input {input}",
            )
        return (input[0], input[1] // taps, *image)

    def forward(self, *operands: Array) -> Array:
        """Add every row of the columns to the positions it was read from."""
        (input,) = operands
        return self._folded(input, self.infer(input.shape))

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Unfold."""
        return (self._unfolded(grad_output),)
