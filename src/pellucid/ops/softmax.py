"""Softmax: numbers become probabilities.

The sums are along dim, in the lanes of `functions/sums.py`. Computed in float64 and rounded once; the gradient from the
rounded output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.functions.sums import in_lanes
from pellucid.ops.base import Array
from pellucid.ops.log_softmax import AlongAxis, Shares


@dataclass(frozen=True)
class Softmax(AlongAxis):
    """The probabilities."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = exp(input)/Σ exp(input)",
        "grad_input": "grad_input = output·(grad_output − Σ ⟦grad_output·⟧output)",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "softmax"

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        return Shares(input, self.dim).probabilities.astype(input.dtype)

    def gradient(self, grad_output: Array, output: Array) -> Array:
        """In float64, rounded once."""
        grad, share = grad_output.astype(np.float64), output.astype(np.float64)
        return np.asarray(share * (grad - in_lanes(grad * share, self.dim)), output.dtype)
