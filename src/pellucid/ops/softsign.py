"""Softsign: between −1 and 1, more slowly than a tangent. Infinity gives NaN, as inf/inf does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Softsign(Curve):
    """input/(1 + |input|), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input/(1 + (−input where input < 0, else input))",
        "grad_input": "grad_input = ⟦grad_output·⟧1/(1 + (−input where input < 0, else input))²",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "softsign"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x/(1 + |x|)."""
        return x / (1.0 + a.size(x))

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad/(1 + |x|)²; NaN where the output is. PyTorch adds two numbers: no zero gets a sign."""
        d = 1.0 + a.size(x)
        y = x / d
        return grad * a.where(y == y, 1.0 / (d * d), y) + 0.0
