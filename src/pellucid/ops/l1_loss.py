"""The mean absolute error. At a difference of 0 the gradient is 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.element_loss import Difference, sign


@dataclass(frozen=True)
class L1Loss(Difference):
    """How the absolute differences become one number."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = |input − target|",
        "grad_input": "grad_input = ⟦grad_output·⟧sign(input − target)/m",
        "grad_target": "grad_target = ⟦grad_output·⟧sign(target − input)/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "l1_loss"

    def of(self, a: Elementary, difference: Number) -> Number:
        """The size."""
        return a.size(difference)

    def steepness(self, a: Elementary, difference: Number) -> Number:
        """The sign."""
        return sign(a, difference)
