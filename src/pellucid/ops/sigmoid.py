"""The logistic function. The gradient is made of the rounded output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.ops.curve import FromOutput


@dataclass(frozen=True)
class Sigmoid(FromOutput):
    """σ(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = σ(input) = 1 / (1 + exp(−input))",
        "grad_input": "grad_input = ⟦grad_output·⟧output·(1 − output)",
    }
    symbols: ClassVar[Mapping[str, str]] = {"output": "σ"}
    slope_polynomial: ClassVar[tuple[float, ...]] = (0, 1, -1)

    @property
    def name(self) -> str:
        """The op's name."""
        return "sigmoid"

    def curve(self, x: Number, a: Elementary) -> Number:
        """σ(x)."""
        return a.last.sigmoid(x)

    def chained(self, grad: Number, y: Number, a: Elementary) -> Number:
        """σ′ = σ·(1 − σ)."""
        return grad * (y * (1.0 - y))
