"""The Gaussian error linear unit: the input times the probability that a normal variable lies below it.

approximate="none":  Φ(x) = ½(1 + erf(x/√2)),  Φ′(x) = exp(−x²/2)/√(2π)
approximate="tanh":  Φ(x) = ½(1 + tanh u),     Φ′(x) = ½(1 − tanh² u)·u′,   u = √(2/π)·(x + 0.044715·x³)

Computed in float64 and rounded once.
Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions import arrays
from pellucid.ops.base import Array, Shape
from pellucid.ops.checks import choice
from pellucid.ops.pointwise import Smooth


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

    def curve(self, x: Array, bits: int) -> Array:
        """x·Φ(x)."""
        return arrays.gelu(x, bits) if self.approximate == "none" else arrays.near_gelu(x)

    def slope(self, x: Array, bits: int) -> Array:
        """The product rule."""
        return arrays.gelu_slope(x, bits) if self.approximate == "none" else arrays.near_gelu_slope(x)
