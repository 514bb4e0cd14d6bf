"""Half the squares of differences up to delta, and delta times the sizes of larger ones, which so count less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.checks import number
from pellucid.ops.element_loss import Difference, sign


@dataclass(frozen=True)
class HuberLoss(Difference):
    """Up to where differences are squared, besides what `Loss` has."""

    delta: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = huber(input − target)",
        "grad_input": "grad_input = ⟦grad_output·⟧huber′(input − target)/m",
        "grad_target": "grad_target = ⟦grad_output·⟧huber′(target − input)/m",
    }
    notation: ClassVar[Mapping[str, str]] = {
        "losses": "huber(x) = (½·x² where |x| ≤ delta, else delta·|x| − ½·delta²)",
        "grad_input": "huber′(x) = (x where |x| ≤ delta, else delta·x/|x|)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "huber_loss"

    def check_settings(self) -> None:
        """Some differences must be squared."""
        number(self.name, "delta", self.given("delta"), "(0, inf)")

    def of(self, a: Elementary, difference: Number) -> Number:
        """d²/2, or delta·(|d| − delta/2)."""
        size = a.size(difference)
        square = 0.5 * difference * difference
        return a.where(size <= self.delta, square, self.delta * (size - 0.5 * self.delta))

    def steepness(self, a: Elementary, difference: Number) -> Number:
        """d, or delta with its sign."""
        return a.where(a.size(difference) > self.delta, self.delta * sign(a, difference), difference)
