"""A tensor to a constant power, element by element.

Computed in float64 and rounded once; so is p·x^(p − 1), which gradients are multiples of. A negative number has no
power with an exponent that is not whole: it gives NaN. An exponent below the least normal number counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.functions import arrays
from pellucid.ops.base import FUNCTION_EFFORT, Array, Shape
from pellucid.ops.checks import number
from pellucid.ops.pointwise import Pointwise
from pellucid.sizes import size_of


@dataclass(frozen=True)
class Pow(Pointwise):
    """The exponent."""

    exponent: float

    broadcast: ClassVar[tuple[str, ...]] = ("input",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = inputᵖ",
        "grad_input": "grad_input = grad_output·p·input^(p − 1)",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.exponent) is int and abs(self.exponent) < 2**1023:
            self.settle(exponent=float(self.exponent))
        if isinstance(self.exponent, float) and abs(self.exponent) < np.finfo(np.float64).tiny:
            self.settle(exponent=0.0)

    @property
    def name(self) -> str:
        """The op's name."""
        return "pow"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        number(self.name, "exponent", self.exponent)
        return super().infer(*shapes)

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some hundred times, in float64."""
        (input,) = shapes
        assert input is not None
        return FUNCTION_EFFORT * size_of(input)

    def result(self, x: Array) -> Array:
        """xᵖ in float64, rounded once."""
        with np.errstate(all="ignore"):
            return arrays.raised(x, self.exponent).astype(x.dtype)

    def slope(self, x: Array) -> Array:
        """p·x^(p − 1) in float64, rounded once; 0 for p = 0."""
        p = self.exponent
        if p == 0:
            return np.zeros_like(x)
        with np.errstate(all="ignore"):
            return (p * arrays.raised(x, p - 1)).astype(x.dtype)

    def gradient(self, grad: Array, x: Array) -> Array:
        """The rounded slope times grad."""
        with np.errstate(all="ignore"):
            return np.asarray(grad * self.slope(x) + 0, x.dtype)  # no −0: the kernels add the product to 0
