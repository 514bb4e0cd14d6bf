"""The hyperbolic tangent.

Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.pointwise import Smooth


@dataclass(frozen=True)
class Tanh(Smooth):
    """tanh(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = tanh(input)",
        "grad_input": "grad_input = ⟦grad_output·⟧(1 − tanh²(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "tanh"

    def value(self, x: Array) -> Array:
        """tanh(x)."""
        return np.tanh(x)

    def gradient(self, grad: Array, x: Array) -> Array:
        """The slope from the value."""
        return grad * (1.0 - np.tanh(x) ** 2)
