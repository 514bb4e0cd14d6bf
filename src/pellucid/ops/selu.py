"""The scaled exponential linear unit: numbers of mean 0 and variance 1 stay so from layer to layer.

Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772


@dataclass(frozen=True)
class SELU(Curve):
    """Without settings: both numbers follow from mean and variance."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = scale·(input where input > 0, else alpha·(exp(input) − 1))",
        "grad_input": "grad_input = ⟦grad_output·⟧scale·(1 where input > 0, else alpha·exp(input))",
    }
    notation: ClassVar[Mapping[str, str]] = dict.fromkeys(formulas, f"scale = {SCALE}, alpha = {ALPHA}")

    @property
    def name(self) -> str:
        """The op's name."""
        return "selu"

    def curve(self, x: Number, a: Elementary) -> Number:
        """scale·x, or scale·alpha·(eˣ − 1)."""
        return a.where(x <= 0.0, SCALE * ALPHA * a.expm1(x), SCALE * x)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad·scale, or that times alpha·eˣ."""
        return a.where(x > 0.0, grad * SCALE, grad * (SCALE * ALPHA * a.exp(x)))
