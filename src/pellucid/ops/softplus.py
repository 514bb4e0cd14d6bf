"""Softplus: a rectifier without a bend. Where beta·input is above the threshold, it is the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Curve


@dataclass(frozen=True)
class Softplus(Curve):
    """How steep, and where it becomes straight."""

    beta: float = 1.0
    threshold: float = 20.0

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input where threshold < beta·input, else log(1 + exp(beta·input))/beta",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 where threshold < beta·input, else 1/(1 + exp(−beta·input)))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "softplus"

    def curve(self, x: Number, a: Elementary) -> Number:
        """x, or log(1 + e^(beta·x))/beta."""
        t = self.beta * x
        return a.where(t > self.threshold, x, a.log1p(a.exp(t)) / self.beta)

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """grad, or grad·σ(beta·x)."""
        t = self.beta * x
        return a.where(t > self.threshold, grad, grad * a.sigmoid(t))
