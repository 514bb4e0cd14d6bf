"""The exponential linear unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class ELU(Curve):
    """What the exponential function is multiplied by."""

    alpha: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input where input > 0, else alpha·(exp(input) − 1)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where input > 0, else alpha·exp(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "elu"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x, or alpha·(eˣ − 1)."""
        return a.where(x <= 0.0, self.alpha * a.expm1(x), x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad, or grad·alpha·eˣ."""
        return a.where(x > 0.0, grad, grad * (self.alpha * a.exp(x)))
