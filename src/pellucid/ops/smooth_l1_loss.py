"""Squares of small differences, and the sizes of those from beta on: the absolute error with a rounded bend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.checks import number
from pellucid.ops.element_loss import Difference, sign


@dataclass(frozen=True)
class SmoothL1Loss(Difference):
    """From where on differences count by their size, besides what `Loss` has; with 0 all do."""

    beta: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = smooth_l1(input − target)",
        "grad_input": "grad_input = ⟦grad_output·⟧smooth_l1′(input − target)/m",
        "grad_target": "grad_target = ⟦grad_output·⟧smooth_l1′(target − input)/m",
    }
    notation: ClassVar[Mapping[str, str]] = {
        "losses": "smooth_l1(x) = (½·x²/beta where |x| < beta, else |x| − ½·beta)",
        "grad_input": "smooth_l1′(x) = (x/beta where |x| < beta, else x/|x|)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "smooth_l1_loss"

    def check_settings(self) -> None:
        """No size is below 0."""
        number(self.name, "beta", self.given("beta"), "[0, inf)")

    def of(self, a: Elementary, difference: Number) -> Number:
        """d²/(2·beta), or |d| − beta/2."""
        size = a.size(difference)
        if not self.beta:
            return size
        square = 0.5 * difference * difference / self.beta
        return a.where(size < self.beta, square, size - 0.5 * self.beta)

    def steepness(self, a: Elementary, difference: Number) -> Number:
        """d/beta, or the sign."""
        if not self.beta:
            return sign(a, difference)
        return a.where(a.size(difference) >= self.beta, sign(a, difference), difference / self.beta)
