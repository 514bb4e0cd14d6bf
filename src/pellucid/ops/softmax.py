"""Softmax: numbers become probabilities.

The sums are along dim. Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array, Gradients
from pellucid.ops.log_softmax import AlongAxis, log_probabilities


@dataclass(frozen=True)
class Softmax(AlongAxis):
    """The probabilities."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = exp(input)/Σ exp(input)",
        "grad_input": "grad_input = softmax(input)·(grad_output − Σ ⟦grad_output·⟧softmax(input))",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "softmax"

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        return np.exp(log_probabilities(input, self.dim)).astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """From the probabilities."""
        (input,) = operands
        grad, output = grad_output.astype(np.float64), np.exp(log_probabilities(input, self.dim))
        inner = (grad * output).sum(axis=self.dim, keepdims=True)
        return ((output * (grad - inner)).astype(input.dtype),)
