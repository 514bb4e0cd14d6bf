"""The piecewise linear logistic function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve

SIXTH = 1.0 / 6.0  # rounded; multiplying is faster than dividing


@dataclass(frozen=True)
class Hardsigmoid(Curve):
    """min(max(input + 3, 0), 6)/6, element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = min(max(input + 3, 0), 6)/6",
        "grad_input": "grad_input = ⟦grad_output·⟧(1/6 where −3 < input < 3, else 0)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "hardsigmoid"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x + 3 between 0 and 6, of 6."""
        return a.between(x + 3.0, 0.0, 6.0) * SIXTH

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad/6 between −3 and 3."""
        return a.where((x > -3.0) & (x < 3.0), grad * SIXTH, 0.0)
