"""Upsampling (or downsampling): a grid of another size over the same picture.

y and i stand for one, two or three coordinates, whose weights multiply. Along an axis of I positions, output y of Y
lies at s = y·I/Y ("nearest": weight 1 at floor s), or at s = (y + ½)·I/Y − ½, not below 0 ("linear": weights 1 − f and
f at floor s and the position after it, f = s − floor s); with `align_corners` at s = y·(I − 1)/(Y − 1). A scale that
is given takes the place of Y/I, but, as in PyTorch, not where Y = I (linear, and nearest in two dimensions) nor where
Y = 2·I (nearest in two dimensions).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError, say
from pellucid.geometry import Axis
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.relation import Sliding
from pellucid.ops.resampling import Resampling, Spread
from pellucid.ops.settings import listed
from pellucid.sizes import size_of


class Taps(NamedTuple):
    """The two input positions that each output position reads along an axis; `share` is the weight of the second."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    share: NDArray[np.float64]

    def along(self, axis: int, array: Array) -> Array:
        """The shares, shaped and typed to meet an array."""
        return self.share.astype(array.dtype).reshape(-1, *(1,) * (array.ndim - axis - 1))


@dataclass(frozen=True)
class Interpolate(Resampling):
    """The output's spatial sizes, whether weights are linear or nearest, and the scale where one was given."""

    dims: int
    size: tuple[int, ...]
    linear: bool = False
    align_corners: bool = False
    scale: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(size=listed(self.size), scale=listed(self.scale))

    @property
    def name(self) -> str:
        """The op's name."""
        return "interpolate"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,size)."""
        (input,) = shapes
        assert input is not None
        if len(input) != self.dims + 2 or 0 in input[1:]:
            rule = say("input must have {rank} axes, and only the batch may be empty", rank=self.dims + 2)
            raise ShapeError(self.name, rule, got=f"input {input}")
        return (*input[:2], *self.size)

    def effort(self, *shapes: Shape | None) -> int:
        """Weighted sums; copies NumPy makes as fast."""
        return 16 * size_of(self.infer(*shapes)) if self.linear else 0

    def sliding(self, *shapes: Shape | None) -> Sliding | None:
        """Upsampling by whole factors, read backwards: a transposed convolution whose kernel is a box or a tent."""
        (input,) = shapes
        assert input is not None
        factors = [y // i for y, i in zip(self.size, input[2:], strict=True)]
        whole = all(y == i * factor for y, i, factor in zip(self.size, input[2:], factors, strict=True))
        if not whole or self.align_corners or self.scale not in (None, tuple(factors)):
            return None
        if self.linear:
            pairs = [(2 * factor - factor % 2, factor // 2) for factor in factors]
        else:
            pairs = [(factor, 0) for factor in factors]
        axes = tuple(
            Axis(y, kernel, factor, before=cropped, after=cropped)
            for y, factor, (kernel, cropped) in zip(self.size, factors, pairs, strict=True)
        )
        return Sliding(axes, backwards=True)

    def size_formulas(self, *shapes: Shape | None) -> tuple[str, ...]:
        """Sizes times factors, where these are whole."""
        (input,) = shapes
        assert input is not None
        each = zip(input[2:], self.size, strict=True)
        return tuple(f"{i}·{y // i} = {y}" for i, y in each) if self.sliding(input) else ()

    def taps(self, input: Shape) -> list[Taps]:
        """What each output position reads along each axis."""
        scales = self.scale or tuple(y / i for y, i in zip(self.size, input[2:], strict=True))
        each = zip(self.size, input[2:], scales, strict=True)
        return [self._taps(outputs, inputs, scale) for outputs, inputs, scale in each]

    def spreads(self, input: Shape) -> list[Spread]:
        """The weights along each axis that are not 0."""
        found = []
        for taps, inputs in zip(self.taps(input), input[2:], strict=True):
            pairs = zip(taps.low.tolist(), taps.high.tolist(), taps.share.tolist(), strict=True)
            rows = (((i, 1 - f), (j, f)) if 0 < f < 1 else ((j if f else i, 1.0),) for i, j, f in pairs)
            found.append(Spread(tuple(rows), inputs))
        return found

    def _taps(self, outputs: int, inputs: int, scale: float) -> Taps:
        y = np.arange(outputs)
        if not self.linear:
            exact = self.scale is None or (self.dims == 2 and outputs in (inputs, 2 * inputs))
            nearest = y * inputs // outputs if exact else (y / scale).astype(np.int64)
            nearest = np.minimum(nearest, inputs - 1)
            return Taps(nearest, nearest, np.zeros(outputs))
        if outputs == inputs:
            return Taps(y, y, np.zeros(outputs))
        if self.align_corners:
            at = y * ((inputs - 1) / (outputs - 1)) if outputs > 1 else np.zeros(1)
        else:
            at = np.maximum((y + 0.5) / scale - 0.5, 0)
        low = np.minimum(at.astype(np.int64), inputs - 1)
        high = np.minimum(low + 1, inputs - 1)
        return Taps(low, high, np.where(low < high, at - low, 0))

    def forward(self, *operands: Array) -> Array:
        """Copies of the nearest elements, or weighted sums of two along one axis after another."""
        (output,) = operands
        self.infer(output.shape)
        for axis, taps in enumerate(self.taps(output.shape), 2):
            low = np.take(output, taps.low, axis)
            if self.linear:
                share = taps.along(axis, output)
                low *= 1 - share
                low += np.take(output, taps.high, axis) * share
            output = low
        return output

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Every gradient goes back to what was read, in the same shares."""
        (input,) = operands
        grad = grad_output
        for axis, taps in enumerate(self.taps(input.shape), 2):
            inputs = input.shape[axis]
            if self.linear:
                share = taps.along(axis, grad)
                low = _gathered(grad * (1 - share), taps.low, inputs, axis)
                grad = low + _gathered(grad * share, taps.high, inputs, axis)
            else:
                grad = _gathered(grad, taps.low, inputs, axis)
        return (grad,)


def _gathered(grad: Array, positions: NDArray[np.int64], inputs: int, axis: int) -> Array:
    """The sums, y ascending, of what belongs to each of the input positions, which ascend."""
    begins = np.searchsorted(positions, np.arange(inputs))
    counts = np.diff(begins, append=len(positions))
    sums: Array = np.zeros((*grad.shape[:axis], inputs, *grad.shape[axis + 1 :]), grad.dtype)
    for k in range(counts.max(initial=0)):  # the k-th of each
        has = np.flatnonzero(counts > k)
        together = has[-1] - has[0] == len(has) - 1
        place = slice(has[0], has[-1] + 1) if together else has
        sums[(slice(None),) * axis + (place,)] += np.take(grad, begins[has] + k, axis)
    return sums
