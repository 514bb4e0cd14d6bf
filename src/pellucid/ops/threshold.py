"""A threshold: numbers that are not above it become one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Threshold(Curve):
    """The threshold, and what stands for numbers up to there."""

    threshold: float
    value: float

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = value where input ≤ threshold, else input",
        "grad_input": "grad_input = ⟦grad_output·⟧(0 where input ≤ threshold, else 1)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "threshold"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x above the threshold; NaN stays."""
        return a.where(x <= self.threshold, self.value, x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad above the threshold."""
        return a.where(x <= self.threshold, 0.0, grad)
