"""Power-average pooling: the p-norm of each window.

y, k and i stand for one, two or three coordinates; p = 1 is the sum of a window. A window has count[y] elements, K of
them unless it overhangs in ceil mode: as in PyTorch its sum is scaled up then. A window of zeros has no gradient. p = ∞
stands for the largest of a window's absolute values, −∞ for the smallest, whose gradients go to the first element that
has it. A negative sum has no root: NaN. Computed in float64 and rounded once. Order of summation: output k, grad_input
y, each ascending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import copysign, isinf
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError
from pellucid.functions import arrays
from pellucid.ops.avg_pool import AvgPool
from pellucid.ops.base import Array, Gradients, Shape, Terms
from pellucid.ops.checks import number
from pellucid.ops.max_pool import MaxPool
from pellucid.ops.pool import Pool, held, holding
from pellucid.sizes import IntOrTuple, per_axis, size_of


@dataclass(frozen=True)
class LpPool(Pool):
    """The norm's p and the windows. Without a stride they lie side by side."""

    dims: int
    norm_type: float
    kernel_size: IntOrTuple
    stride: IntOrTuple | None = None
    ceil_mode: bool = False

    leaves: ClassVar[tuple[str, ...]] = ("sums",)
    no_place: ClassVar[Mapping[str, str]] = {"reduction": "a number is the root of a sum of powers"}
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = (Σ_k input[n,c,i]ᵖ·K/count[y])^(1/p), i = y·stride + k",
        "grad_input": "grad_input[n,c,i] = "
        "Σ_y grad_output[n,c,y]·(input[n,c,i]/output[n,c,y])^(p−1)·K/count[y] over the windows y with i",
    }

    @property
    def name(self) -> str:
        """lp_pool1d, lp_pool2d or lp_pool3d."""
        return f"lp_pool{self.dims}d"

    @property
    def mean(self) -> AvgPool:
        """The means of the same windows."""
        return AvgPool(self.dims, self.kernel_size, self.stride, 0, self.ceil_mode)

    @property
    def extreme(self) -> MaxPool | None:
        """With an infinite p the maxima of the same windows."""
        windows = self.kernel_size, self.stride, 0, 1, self.ceil_mode
        return MaxPool(self.dims, *windows) if isinf(self.norm_type) else None

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) → (N,C,…)."""
        if number(self.name, "norm_type", self.norm_type, "[-inf, inf]") == 0:
            raise ArgumentError(self.name, "norm_type must not be 0", got="norm_type=0")
        return super().infer(*shapes)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: the elements of the windows; grad_input: the windows that hold an element, y ascending."""
        (input,) = shapes
        assert input is not None
        axes = self.geometry(input).axes
        if of == "output":
            rows, present = held(axes, at)
            return Terms((("input", rows),), present=present)
        rows, present = holding(axes, at)  # k ascending, so y descending
        return Terms((("grad_output", tuple(row[:, ::-1] for row in rows)),), present=present[:, ::-1])

    def forward(self, *operands: Array) -> Array:
        """A root of a mean, times the window's size."""
        (input,) = operands
        self.infer(input.shape)
        if self.extreme:
            sign = input.dtype.type(copysign(1, self.norm_type))
            extremes: Array = sign * self.extreme.forward(sign * abs(input))
            return extremes
        with np.errstate(all="ignore"):
            return arrays.raised(self._sums(input), 1 / self.norm_type).astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """The chain rule: root, sum, power."""
        (input,) = operands
        p = self.norm_type
        if self.extreme:
            (gradient,) = self.extreme.backward(grad_output, input.dtype.type(copysign(1, p)) * abs(input))
            return (np.sign(input) * gradient,)
        sums = self._sums(input)
        with np.errstate(all="ignore"):
            slope = np.where(sums == 0, 0.0, 1 / p * arrays.raised(sums, 1 / p - 1))
            wide = input.astype(np.float64)
            (shared,) = self.mean.backward(grad_output * slope * self.window, wide)
            assert shared is not None
            return ((shared * p * arrays.raised(wide, p - 1)).astype(input.dtype),)

    @property
    def window(self) -> int:
        """How many elements a window has that does not overhang."""
        return size_of(per_axis(self.name, "kernel_size", self.kernel_size, self.dims))

    def _sums(self, input: Array) -> Array:
        """Σ inputᵖ of each window, in float64."""
        with np.errstate(all="ignore"):
            sums: Array = (
                self.mean.forward(arrays.raised(input.astype(np.float64), self.norm_type)) * self.window
            )
        return sums
