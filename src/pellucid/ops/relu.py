"""The rectifier: negative numbers become zero.

    output     = 0 where input < 0, else input
    grad_input = grad_output·(1 where output > 0, else 0)

NaN propagates through the output; at 0 and at NaN the gradient is 0, whatever grad_output is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.ops.base import Array
from pellucid.ops.pointwise import Pointwise


@dataclass(frozen=True)
class ReLU(Pointwise):
    """max(input, 0), element by element."""

    @property
    def name(self) -> str:
        """The op's name."""
        return "relu"

    def value(self, x: Array) -> Array:
        """Keep what is not negative."""
        return np.where(x < 0, x.dtype.type(0), x)

    def gradient(self, grad: Array, x: Array) -> Array:
        """Pass where the output is positive."""
        return np.where(x > 0, grad, grad.dtype.type(0))
