"""The logarithm of softmax, without the detour through numbers that underflow.

    output     = input − log Σ exp(input)
    grad_input = grad_output − softmax(input)·Σ grad_output

The sums are along dim, of exp(input − max input). Computed in float64 and rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.checks import axis


def log_probabilities(logits: Array, dim: int) -> Array:
    """log softmax in float64. Taking off the maximum first keeps exp from overflowing.

    Example:
        >>> np.exp(log_probabilities(np.array([0.0, np.log(3.0)]), 0)).round(6)
        array([0.25, 0.75])
    """
    logits = logits.astype(np.float64)
    if logits.size == 0:
        return logits
    with np.errstate(invalid="ignore"):  # a row with an infinite maximum has no softmax: NaN
        shifted = logits - logits.max(axis=dim, keepdims=True, initial=-np.inf)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True)))


@dataclass(frozen=True)
class AlongAxis(Op):
    """The axis along which the probabilities sum to 1."""

    dim: int

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape with an axis `dim` → the same shape."""
        (input,) = shapes
        assert input is not None
        axis(self.name, "dim", self.dim, len(input))
        return input


@dataclass(frozen=True)
class LogSoftmax(AlongAxis):
    """The logarithms of the probabilities."""

    @property
    def name(self) -> str:
        """The op's name."""
        return "log_softmax"

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        return log_probabilities(input, self.dim).astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Every output holds its own input and, through the sum, all of them."""
        (input,) = operands
        grad = grad_output.astype(np.float64)
        total = grad.sum(axis=self.dim, keepdims=True)
        return ((grad - np.exp(log_probabilities(input, self.dim)) * total).astype(input.dtype),)
