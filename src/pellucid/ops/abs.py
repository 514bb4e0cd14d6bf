"""The absolute value. At 0 and at NaN its slope is 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Abs(Curve):
    """|input|, element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = −input where input < 0, else input",
        "grad_input": "grad_input = ⟦grad_output·⟧((1 where input > 0, else 0) − (1 where input < 0, else 0))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "abs"

    def curve(self, x: Number, a: Elementary) -> Number:
        """|x|."""
        return a.size(x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad times the sign of x."""
        return grad * a.where(x > 0.0, 1.0, a.where(x < 0.0, -1.0, 0.0))
