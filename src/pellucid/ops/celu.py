"""The continuously differentiable exponential linear unit.

Source: Barron, Continuously Differentiable Exponential Linear Units, 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.errors import ArgumentError
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Shape
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class CELU(Curve):
    """What the exponential function is multiplied and its argument divided by."""

    alpha: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input where input > 0, else alpha·(exp(input/alpha) − 1)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where input > 0, else exp(input/alpha))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "celu"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        self.check_settings()
        if self.alpha == 0:
            raise ArgumentError(self.name, "alpha must not be 0", got="alpha=0")
        return super().infer(*shapes)

    def curve(self, x: Number, a: Elementary) -> Number:
        """x, or alpha·(e^(x/alpha) − 1)."""
        return a.where(x <= 0.0, self.alpha * a.expm1(x / self.alpha), x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad, or grad·e^(x/alpha)."""
        return a.where(x > 0.0, grad, grad * a.exp(x / self.alpha))
