"""The mean over axes: their sum, in the order of `over_axes.py`, divided by the number of terms. Float64, rounded once.

The mean of nothing is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Shape, Terms
from pellucid.ops.reduction import Reduction
from pellucid.ops.sum import Sum


@dataclass(frozen=True)
class Mean(Sum):
    """The axes."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ input/size",
        "grad_input": "grad_input = grad_output/size",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "mean"

    def divisor(self, shape: Shape) -> int:
        """How many numbers there are."""
        return self.count(shape)

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """Those of the sum, each divided."""
        (input,) = shapes
        assert input is not None
        return replace(super().terms(of, at, input), divisors=np.full((1, 1), self.divisor(input)))

    def reduced(self, of: str, *shapes: Shape | None) -> Reduction:
        """A sum that is divided, and a quotient."""
        (input,) = shapes
        assert input is not None
        whole = replace(super().reduced(of, input), kind="float64")
        return replace(whole, divisor=self.divisor(input))
