"""Soft shrinkage: numbers move towards 0 by lambd, and those within it become 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Shape
from pellucid.ops.checks import number
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Softshrink(Curve):
    """By how much."""

    lambd: float = 0.5

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = max(input − lambd, 0) + min(input + lambd, 0)",
        "grad_input": "grad_input = ⟦grad_output·⟧((1 where lambd < input, else 0) + (1 where input < −lambd, else 0))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "softshrink"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        number(self.name, "lambd", self.given("lambd"), "[0, inf)")
        return super().infer(*shapes)

    def curve(self, x: Number, a: Elementary) -> Number:
        """x ∓ lambd, or 0; NaN stays."""
        far = a.where(x > self.lambd, x - self.lambd, a.where(x < -self.lambd, x + self.lambd, 0.0))
        return a.where(x == x, far, x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad where the output is not 0."""
        return a.where((x < -self.lambd) | (x > self.lambd), grad, 0.0)
