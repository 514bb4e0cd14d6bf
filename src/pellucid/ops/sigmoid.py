"""The logistic function.

Computed in float64 from exp(−|input|), which cannot overflow, and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.pointwise import Smooth


def logistic(x: Array) -> Array:
    """σ(x): 1/(1 + e^−x) where x ≥ 0, and the same fraction times e^x elsewhere.

    Example:
        >>> float(logistic(np.array(0.0)))
        0.5
    """
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


@dataclass(frozen=True)
class Sigmoid(Smooth):
    """σ(input), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = σ(input) = 1 / (1 + exp(−input))",
        "grad_input": "grad_input = ⟦grad_output·⟧σ(input)·(1 − σ(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "sigmoid"

    def value(self, x: Array) -> Array:
        """σ(x)."""
        return logistic(x)

    def gradient(self, grad: Array, x: Array) -> Array:
        """1 − σ(x) is σ(−x), which keeps its digits where σ(x) is near 1."""
        return grad * logistic(x) * logistic(-x)
