"""The piecewise linear tangent: numbers are kept between two limits."""

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
class Hardtanh(Curve):
    """The limits."""

    min_val: float = -1.0
    max_val: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = min(max(input, min_val), max_val)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where min_val < input < max_val, else 0)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "hardtanh"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        self.check_settings()
        if self.min_val > self.max_val:
            raise ArgumentError(
                self.name,
                "min_val must not be above max_val",
                got=f"min_val={self.given('min_val')!r}, max_val={self.given('max_val')!r}",
            )
        return super().infer(*shapes)

    def curve(self, x: Number, a: Elementary) -> Number:
        """x between the limits; NaN stays."""
        return a.between(x, self.min_val, self.max_val)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad between the limits."""
        return a.where((x > self.min_val) & (x < self.max_val), grad, 0.0)
