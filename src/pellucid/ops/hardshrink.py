"""Hard shrinkage: numbers within lambd become 0, others stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Hardshrink(Curve):
    """Within which distance from 0."""

    lambd: float = 0.5

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = 0 where −lambd ≤ input ≤ lambd, else input",
        "grad_input": "grad_input = ⟦grad_output·⟧((1 where lambd < input, else 0) + (1 where input < −lambd, else 0))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "hardshrink"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x, or 0."""
        return a.where((x >= -self.lambd) & (x <= self.lambd), 0.0, x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad where x stays."""
        return a.where((x < -self.lambd) | (x > self.lambd), grad, 0.0)
