"""The logistic function.

Computed in float64 and rounded once; the gradient from the rounded output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions import arrays
from pellucid.ops.base import Array
from pellucid.ops.pointwise import FromOutput


@dataclass(frozen=True)
class Sigmoid(FromOutput):
    """σ(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = σ(input) = 1 / (1 + exp(−input))",
        "grad_input": "grad_input = ⟦grad_output·⟧output·(1 − output)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "sigmoid"

    def curve(self, x: Array, bits: int) -> Array:
        """σ(x)."""
        return arrays.sigmoid(x, bits)

    def slope(self, y: Array, bits: int) -> Array:
        """σ′ = σ·(1 − σ)."""
        return y * (1.0 - y)
