"""The rectifier: negative numbers become zero.

NaN propagates: through the output, and it lets the gradient through. At 0 the gradient is 0, whatever grad_output is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.pointwise import Pointwise


@dataclass(frozen=True)
class ReLU(Pointwise):
    """max(input, 0), element by element."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = 0 where input < 0, else input",
        "grad_input": "grad_input = ⟦grad_output·⟧(0 where output ≤ 0, else 1)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "relu"

    def result(self, x: Array) -> Array:
        """Keep what is not negative."""
        return np.where(x < 0, x.dtype.type(0), x)

    def gradient(self, grad: Array, x: Array) -> Array:
        """Pass what comes back to positive numbers, and to NaN."""
        return np.where(x <= 0, grad.dtype.type(0), grad)
