"""The hyperbolic tangent.

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
class Tanh(FromOutput):
    """tanh(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = tanh(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 − output·output)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "tanh"

    def curve(self, x: Array, bits: int) -> Array:
        """tanh(x)."""
        return arrays.tanh(x)

    def slope(self, y: Array, bits: int) -> Array:
        """tanh′ = 1 − tanh²."""
        return 1.0 - y * y
