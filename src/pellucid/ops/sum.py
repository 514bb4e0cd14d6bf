"""The sum over axes. Summed in the order of `over_axes.py`, in float64, and rounded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array, Gradients, Shape, Terms
from pellucid.ops.over_axes import OverAxes
from pellucid.ops.reduction import Reduction


@dataclass(frozen=True)
class Sum(OverAxes):
    """The axes."""

    is_linear: ClassVar[bool] = True
    factors: ClassVar[Mapping[str, tuple[str, ...]]] = {"output": ("input",)}
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ input",
        "grad_input": "grad_input = grad_output",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "sum"

    def divisor(self, shape: Shape) -> int:
        """What the sum is divided by."""
        return 1

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Output: all inputs along the axes; grad_input: the gradient of the output that the element is part of."""
        (input,) = shapes
        assert input is not None
        if of == "output":
            return Terms((("input", self.met_by(at, input)),))
        return Terms((("grad_output", self.place(at, input)),))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """The same."""
        (input,) = shapes
        assert input is not None
        return self.summed(of, input) if of == "output" else Reduction("copy", ("grad_output",))

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        with np.errstate(all="ignore"):
            sums = self.total(input) / self.divisor(input.shape)
        return self.shaped(sums, input.shape, input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Each input's share of its output's gradient."""
        (input,) = operands
        with np.errstate(all="ignore"):
            shares = grad_output.astype(np.float64) / self.divisor(input.shape)
        shared = self.spread(shares.astype(input.dtype), input.shape)
        return (np.broadcast_to(shared, input.shape).copy(),)
