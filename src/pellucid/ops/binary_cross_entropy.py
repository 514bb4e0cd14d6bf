"""Cross-entropy between probabilities of yes and targets from 0 to 1.

In a loss logarithms of numbers near 0 count as −100, in its slope x·(1 − x) below 1e-12 as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ArgumentError
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Array
from pellucid.ops.element_loss import ElementLoss

_LEAST_LOGARITHM, _LEAST_PRODUCT = -100.0, 1e-12


@dataclass(frozen=True)
class BinaryCrossEntropy(ElementLoss):
    """How losses become one number."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "target", "weight")
    broadcast: ClassVar[tuple[str, ...]] = ("weight",)
    optional: ClassVar[tuple[str, ...]] = ("weight",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ losses/m",
        "losses": "losses = −⟦weight·⟧(target·log(input) + (1 − target)·log(1 − input))",
        "grad_input": "grad_input = ⟦grad_output·⟧⟦weight·⟧(input − target)/(input·(1 − input))/m",
        "grad_target": "grad_target = ⟦grad_output·⟧⟦weight·⟧(log(1 − input) − log(input))/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "binary_cross_entropy"

    def check_numbers(self, *operands: Array | None) -> None:
        """Inputs must be probabilities."""
        input = operands[0]
        assert input is not None
        wrong = np.argwhere(~((input >= 0) & (input <= 1)))
        if len(wrong):
            at = tuple(map(int, wrong[0]))
            raise ArgumentError(
                self.name,
                "inputs must be probabilities",
                expected="0 ≤ input ≤ 1",
                got=f"input{list(at) if at else ''} = {input[at]}",
                hint="binary_cross_entropy_with_logits takes logits",
            )

    def value(self, a: Elementary, *numbers: Number) -> Number:
        """−weight·(t·log x + (1 − t)·log(1 − x))."""
        input, target, weight = numbers
        yes, no = _above(a, a.log(input)), _above(a, a.log1p(input * -1.0))
        return weight * ((target - 1.0) * no - target * yes)

    def slope(self, argument: str, a: Elementary, *numbers: Number) -> Number:
        """weight·(x − t)/(x·(1 − x)); of the target the difference of the logarithms."""
        input, target, weight = numbers
        if argument == "target":
            return weight * (a.log1p(input * -1.0) - a.log(input))
        product = (1.0 - input) * input
        return weight * ((input - target) / a.where(product < _LEAST_PRODUCT, _LEAST_PRODUCT, product))


def _above(a: Elementary, logarithm: Number) -> Number:
    return a.where(logarithm < _LEAST_LOGARITHM, _LEAST_LOGARITHM, logarithm)
