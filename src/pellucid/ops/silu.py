"""The sigmoid linear unit (swish).

Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pellucid.functions import arrays
from pellucid.ops.base import Array
from pellucid.ops.pointwise import Smooth


@dataclass(frozen=True)
class SiLU(Smooth):
    """input·σ(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input·σ(input), σ(x) = 1 / (1 + exp(−x))",
        "grad_input": "grad_input = ⟦grad_output·⟧σ(input)·(1 + input·(1 − σ(input)))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "silu"

    def curve(self, x: Array, bits: int) -> Array:
        """x·σ(x)."""
        return arrays.silu(x)

    def slope(self, x: Array, bits: int) -> Array:
        """The product rule, with 1 − σ(x) = σ(−x)."""
        return arrays.silu_slope(x)
