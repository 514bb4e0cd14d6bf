"""The mean squared error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.element_loss import Difference


@dataclass(frozen=True)
class MSELoss(Difference):
    """How the squares become one number."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = (input − target)²",
        "grad_input": "grad_input = ⟦grad_output·⟧2·(input − target)/m",
        "grad_target": "grad_target = ⟦grad_output·⟧2·(target − input)/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "mse_loss"

    def of(self, a: Elementary, difference: Number) -> Number:
        """The square."""
        return difference * difference

    def steepness(self, a: Elementary, difference: Number) -> Number:
        """Twice the difference."""
        return difference * 2.0
