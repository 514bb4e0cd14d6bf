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
from pellucid.ops.base import Array, Shape
from pellucid.ops.checks import number
from pellucid.ops.pointwise import Smooth


@dataclass(frozen=True)
class Pow(Smooth):
    """The exponent."""

    exponent: float

    operator: ClassVar[str] = "**"
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

    def curve(self, x: Array, bits: int) -> Array:
        """xᵖ."""
        return arrays.raised(x, self.exponent)

    def slope(self, x: Array, bits: int) -> Array:
        """p·x^(p − 1), which is 0 for p = 0."""
        p = self.exponent
        return np.zeros_like(x) if p == 0 else p * arrays.raised(x, p - 1)

    def gradient(self, grad: Array, x: Array) -> Array:
        """The rounded slope times grad."""
        with np.errstate(all="ignore"):
            slope = self.slope(x.astype(np.float64), 8 * x.itemsize).astype(x.dtype)
            return np.asarray(grad * slope + 0, x.dtype)  # no −0: the kernels add the product to 0
