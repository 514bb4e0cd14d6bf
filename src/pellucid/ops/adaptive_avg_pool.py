"""Adaptive average pooling: the mean of each of `output_size` windows that together cover the input.

y and i stand for one, two or three coordinates, I and O for the input's and the output's size along an axis;
size[y] counts the window's elements. Order of summation: output i, grad_input y, each ascending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.functions.sums import total
from pellucid.ops.adaptive_pool import AdaptivePool
from pellucid.ops.base import Array, Gradients, Shape, Terms, columns
from pellucid.ops.reduction import Reduction, spatial


@dataclass(frozen=True)
class AdaptiveAvgPool(AdaptivePool):
    """The mean of each window."""

    is_linear: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = (Σ_i input[n,c,i]) / size[y], floor(y·I/O) ≤ i < ceil((y+1)·I/O)",
        "grad_input": "grad_input[n,c,i] = Σ_y grad_output[n,c,y] / size[y] over the windows y that hold i",
    }

    @property
    def name(self) -> str:
        """adaptive_avg_pool1d, adaptive_avg_pool2d or adaptive_avg_pool3d."""
        return f"adaptive_avg_pool{self.dims}d"

    def divisors(self, input: Shape) -> NDArray[np.int64]:
        """How many elements each window holds: an array of the output's spatial shape."""
        return np.asarray(reduce(np.multiply.outer, self.counts(input)))

    def counts(self, input: Shape) -> list[NDArray[np.int64]]:
        """For each axis how many positions each window along it holds."""
        return [stop - start for start, stop in (table.T for table in self.windows(input))]

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """A window's mean; for an input element, its shares."""
        (input,) = shapes
        assert input is not None
        divisors = tuple(tuple(counts.tolist()) for counts in self.counts(input))
        if of == "output":
            over = spatial("i", self.dims)
            return Reduction("float64", ("input",), over, skips=over, divisors=divisors)
        over, skips = spatial("y", self.dims), spatial("y", self.dims)
        return Reduction("float64", ("grad_output",), over, skips=skips, divisors=divisors)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the elements of the windows; grad_input: the gradients of the windows that hold an element."""
        (input,) = shapes
        assert input is not None
        divisors = self.divisors(input)
        if of == "output":
            rows, present = self.held(at, input)
            return Terms((("input", rows),), present=present, divisors=divisors[columns(at)[2:]])
        rows, present = self.holding(at, input)
        return Terms((("grad_output", rows),), present=present, divisors=divisors[rows[2:]])

    def forward(self, *operands: Array) -> Array:
        """Add up each window, then divide."""
        (input,) = operands
        output = np.empty(self.infer(input.shape), input.dtype)
        for y, window in self.slices(input.shape):
            output[..., *y] = total(input[..., *window], tuple(range(2, input.ndim)))
        output /= self.divisors(input.shape).astype(input.dtype)
        return output

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Give every element of a window its share."""
        (input,) = operands
        share = grad_output / self.divisors(input.shape).astype(grad_output.dtype)
        grad_input = np.zeros_like(input)
        for y, window in self.slices(input.shape):
            grad_input[..., *window] += share[..., *(slice(p, p + 1) for p in y)]
        return (grad_input,)
