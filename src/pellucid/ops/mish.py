"""Mish: the input times the hyperbolic tangent of softplus.

Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import Gate


@dataclass(frozen=True)
class Mish(Gate):
    """input·tanh(log(1 + exp(input))), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·t(input), t(x) = tanh(log(1 + exp(x)))",
        "grad_input": "grad_input = ⟦grad_output·⟧(t(input) + input·σ(input)·(1 − t(input)²))",
    }
    symbols: ClassVar[Mapping[str, str]] = {"output": "t"}
    notation: ClassVar[Mapping[str, str]] = {
        "grad_input": "t(x) = tanh(log(1 + exp(x))), σ(x) = 1 / (1 + exp(−x))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "mish"

    def factor(self, x: Number, a: Elementary) -> Number:
        """tanh(log(1 + eˣ))."""
        return a.tanh(a.log1p(a.exp(x)))

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """The product rule; σ is the slope of log(1 + eˣ)."""
        t = self.factor(x, a)
        return grad * (t + x * a.sigmoid(x) * (1.0 - t * t))
