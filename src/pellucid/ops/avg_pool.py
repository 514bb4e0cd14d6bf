"""Average pooling: the mean of each window.

y, k and i stand for one, two or three coordinates. The divisor counts the window's positions: input elements
always, padding when `count_include_pad`, what ceil mode lets overhang never; `divisor_override` replaces it.
Order of summation: output k, grad_input the windows' k, each ascending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.ops.base import Array, Gradients, Shape, Terms, columns
from pellucid.ops.checks import flag
from pellucid.ops.pool import Pool, held, holding
from pellucid.ops.reduction import Reduction, spatial
from pellucid.ops.settings import pairs
from pellucid.sizes import IntOrTuple, PaddingLike, is_integer, size_of


@dataclass(frozen=True)
class AvgPool(Pool):
    """The settings of average pooling over `dims` spatial axes. Without a stride they lie side by side."""

    dims: int
    kernel_size: IntOrTuple
    stride: IntOrTuple | None = None
    padding: PaddingLike = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    is_linear: ClassVar[bool] = True
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = (Σ_k input[n,c,i]) / divisor[y], i = y·stride + k − padding",
        "grad_input": "grad_input[n,c,i] = Σ_y grad_output[n,c,y] / divisor[y] over the windows y that hold i",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(padding=pairs(self.padding, self.dims))

    @property
    def name(self) -> str:
        """avg_pool1d, avg_pool2d or avg_pool3d."""
        return f"avg_pool{self.dims}d"

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

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,…)."""
        (input,) = shapes
        assert input is not None
        override = self.divisor_override
        if override is not None and not (is_integer(override) and override != 0):
            raise ArgumentError(
                self.name, "divisor_override must be an integer other than 0", got=repr(override)
            )
        if override is not None and abs(override) >= 2**31:
            rule = "divisor_override is too large"
            raise ArgumentError(self.name, rule, expected="less than 2³¹", got=repr(override))
        flag(self.name, "count_include_pad", self.count_include_pad)
        return super().infer(input)

    def divisors(self, input: Shape) -> NDArray[np.int64]:
        """What each window's sum is divided by: an array of the output's spatial shape."""
        return np.asarray(reduce(np.multiply.outer, self.counts(input)))

    def counts(self, input: Shape) -> list[NDArray[np.int64]]:
        """For each axis and each window along it, a number; all of a window's together are its divisor."""
        counts = []
        for number, axis in enumerate(self.geometry(input).axes):
            if self.divisor_override is not None:
                counts.append(np.full(axis.output, 1 if number else self.divisor_override))
                continue
            start, first, stop = axis.table.T
            end = np.minimum(start + axis.kernel, axis.input + axis.after)
            counts.append(end - start if self.count_include_pad else stop - first)
        return counts

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """A window's mean; for an input element, its shares."""
        (input,) = shapes
        assert input is not None
        divisors = tuple(tuple(counts.tolist()) for counts in self.counts(input))
        if of == "output":
            over = spatial("i", self.dims)
            return Reduction("float64", ("input",), over, skips=over, divisors=divisors)
        over, skips = spatial("y", self.dims, descending=True), spatial("y", self.dims)
        return Reduction("float64", ("grad_output",), over, skips=skips, divisors=divisors)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the elements of the windows; grad_input: the gradients of the windows that hold an element."""
        (input,) = shapes
        assert input is not None
        axes, divisors = self.geometry(input).axes, self.divisors(input)
        if of == "output":
            rows, present = held(axes, at)
            return Terms((("input", rows),), present=present, divisors=divisors[columns(at)[2:]])
        rows, present = holding(axes, at)
        window = tuple(np.where(present, y, 0) for y in rows[2:])
        return Terms((("grad_output", rows),), present=present, divisors=divisors[window])

    def forward(self, *operands: Array) -> Array:
        """Add up the window, one kernel position after another, then divide."""
        (input,) = operands
        output = np.zeros(self.infer(input.shape), input.dtype)
        geometry = self.geometry(input.shape)
        padded = np.pad(input, ((0, 0), (0, 0), *geometry.padded))
        for _, at in geometry.kernel_slices():
            output += padded[..., *at]
        output /= self.divisors(input.shape).astype(input.dtype)
        return output

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Give every element of a window its share."""
        (input,) = operands
        geometry = self.geometry(input.shape)
        share = grad_output / self.divisors(input.shape).astype(grad_output.dtype)
        grad_padded = np.pad(np.zeros_like(input), ((0, 0), (0, 0), *geometry.padded))
        for _, at in geometry.kernel_slices():
            grad_padded[..., *at] += share
        return (grad_padded[..., *geometry.inside].copy(),)
