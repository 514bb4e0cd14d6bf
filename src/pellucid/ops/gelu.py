"""The Gaussian error linear unit: the input times the probability that a normal variable lies below it.

approximate="none":  Φ(x) = ½(1 + erf(x/√2)),  Φ′(x) = exp(−x²/2)/√(2π)
approximate="tanh":  Φ(x) = ½(1 + tanh u),     Φ′(x) = ½(1 − tanh² u)·u′,   u = √(2/π)·(x + 0.044715·x³)

Source: Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.base import Shape
from pellucid.ops.checks import choice
from pellucid.ops.curve import Gate

TWICE_ROOT = float.fromhex("0x1.9884533d43651p+0")  # 2·√(2/π)
CUBE = 0.044715


@dataclass(frozen=True)
class GELU(Gate):
    """`approximate` is "none" for the error function or "tanh" for its approximation."""

    approximate: str = "none"

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·Φ(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(Φ(input) + input·Φ′(input))",
    }

    symbols: ClassVar[Mapping[str, str]] = {"output": "Φ"}

    @property
    def name(self) -> str:
        """The op's name."""
        return "gelu"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → the same shape."""
        choice(self.name, "approximate", self.approximate, ("none", "tanh"))
        return super().infer(*shapes)

    @property
    def notation(self) -> Mapping[str, str]:  # type: ignore[override]
        """Φ and its slope."""
        if self.approximate == "tanh":
            phi = "Φ(x) = ½(1 + tanh(√(2/π)·(x + 0.044715·x³)))"
            return {"output": phi, "grad_input": f"{phi}, Φ′(x) = 2·Φ(x)·(1 − Φ(x))·√(2/π)·(1 + 0.134145·x²)"}
        phi = "Φ(x) = ½(1 + erf(x/√2))"
        return {"output": phi, "grad_input": f"{phi}, Φ′(x) = exp(−x²/2)/√(2·π)"}

    def factor(self, x: Number, a: Elementary) -> Number:
        """Φ(x), or σ(2u) = ½(1 + tanh u)."""
        return a.normal(x) if self.approximate == "none" else a.sigmoid(_twice(x, a))

    def chained(self, grad: Number, x: Number, a: Elementary) -> Number:
        """The product rule: Φ(x) + x·Φ′(x), or σ(2u)·(1 + x·σ(−2u)·(2u)′)."""
        if self.approximate == "none":
            return grad * a.normal_slope(x)
        up, down = a.sigmoids(_twice(x, a))
        steepness = a.fma(x * x, 3 * CUBE * TWICE_ROOT, TWICE_ROOT)
        return grad * (up * a.fma(x * steepness, down, 1.0))


def _twice(x: Number, a: Elementary) -> Number:
    """2u."""
    return x * a.fma(x * x, CUBE * TWICE_ROOT, TWICE_ROOT)
