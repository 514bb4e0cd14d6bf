"""The Gaussian error linear unit: the input times the probability that a normal variable lies below it.

approximate="none":  Φ(x) = ½(1 + erf(x/√2)),  Φ′(x) = exp(−x²/2)/√(2π)
approximate="tanh":  Φ(x) = ½(1 + tanh u),     Φ′(x) = ½(1 − tanh² u)·u′,   u = √(2/π)·(x + 0.044715·x³)

Computed in float64 and rounded once.
Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import erf, pi, sqrt
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array, Shape
from pellucid.ops.checks import choice
from pellucid.ops.pointwise import Smooth

_erf = np.vectorize(erf, otypes=[np.float64])


@dataclass(frozen=True)
class GELU(Smooth):
    """`approximate` is "none" for the error function or "tanh" for its approximation."""

    approximate: str = "none"

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·Φ(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(Φ(input) + input·Φ′(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "gelu"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        choice(self.name, "approximate", self.approximate, ("none", "tanh"))
        return super().infer(*shapes)

    def value(self, x: Array) -> Array:
        """x·Φ(x)."""
        return x * self._probability(x)[0]

    def gradient(self, grad: Array, x: Array) -> Array:
        """The product rule."""
        probability, density = self._probability(x)
        slope: Array = probability + x * density
        return grad * slope

    def _probability(self, x: Array) -> tuple[Array, Array]:
        """Φ(x) and its derivative."""
        if self.approximate == "none":
            probability: Array = 0.5 * (1.0 + _erf(x / sqrt(2.0)))
            return probability, np.exp(-0.5 * x * x) / sqrt(2.0 * pi)
        scale = sqrt(2.0 / pi)
        t = np.tanh(scale * (x + 0.044715 * x**3))
        return 0.5 * (1.0 + t), 0.5 * (1.0 - t * t) * scale * (1.0 + 3 * 0.044715 * x * x)
