"""The logarithm of softmax, without the detour through numbers that underflow.

The sums are along dim, of exp(input − max input). Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array, Gradients, Op, Shape
from pellucid.ops.checks import axis
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of


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

    keeps_positions: ClassVar[bool] = True

    def mixed(self, rank: int) -> tuple[int, ...]:
        """The axis itself."""
        return (self.dim % rank,)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Everything along the axis goes into each probability."""
        shape = shapes["input"]
        (dim,) = self.mixed(len(shape))
        sizes = {"a": size_of(shape[:dim]), "d": shape[dim], "e": shape[dim], "b": size_of(shape[dim + 1 :])}
        labels: dict[str, Labels] = {"input": ("a", "d", "b"), "output": ("a", "e", "b")}
        return IndexPattern(labels, sizes, through="output")

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape with an axis `dim` → the same shape."""
        (input,) = shapes
        assert input is not None
        axis(self.name, "dim", self.dim, len(input))
        return input


@dataclass(frozen=True)
class LogSoftmax(AlongAxis):
    """The logarithms of the probabilities."""

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = input − log Σ exp(input)",
        "grad_input": "grad_input = grad_output − softmax(input)·Σ grad_output",
    }

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
