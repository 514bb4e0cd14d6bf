"""The logarithm of softmax, without the detour through numbers that underflow.

The sums are along dim, of exp(input − max input), in the lanes of `functions/sums.py`. Computed in float64 and rounded
once; the gradient from the rounded output.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.functions import arrays
from pellucid.functions.sums import in_lanes
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Op, Shape
from pellucid.ops.checks import axis
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of


class Shares:
    """What softmax makes of logits along an axis, in float64. Taking off the largest first keeps exp from overflowing.

    Attributes:
        shifted: the logits less the largest of them; NaN where that is infinite.
        powers: exp of these.
        total: their sum, in the lanes of `functions/sums.py`.

    Example:
        >>> Shares(np.array([0.0, np.log(3.0)]), 0).probabilities.round(6)
        array([0.25, 0.75])
    """

    def __init__(self, logits: Array, dim: int) -> None:
        logits = logits.astype(np.float64)
        with np.errstate(invalid="ignore"):
            self.shifted: Array = logits - logits.max(axis=dim, keepdims=True, initial=-np.inf)
        self.powers = arrays.exp(self.shifted)
        self.total = in_lanes(self.powers, dim)

    @property
    def probabilities(self) -> Array:
        """softmax."""
        with np.errstate(all="ignore"):  # infinite logits give what IEEE arithmetic gives
            return np.asarray(self.powers * (1.0 / self.total))

    @property
    def logarithms(self) -> Array:
        """log softmax, which never goes by way of numbers that underflow."""
        return np.asarray(self.shifted - arrays.log(self.total, 64))

    @property
    def surprises(self) -> Array:
        """−log softmax, in which no zero has a sign."""
        return np.asarray(arrays.log(self.total, 64) - self.shifted)


@dataclass(frozen=True)
class AlongAxis(Op):
    """The axis along which the probabilities sum to 1."""

    dim: int

    keeps_positions: ClassVar[bool] = True
    own: ClassVar[tuple[str, ...]] = ()  # see `IndexPattern`

    def reads(self, of: str) -> tuple[str, ...]:
        """The gradient reads the output."""
        return ("grad_output", "output") if of == "grad_input" else super().reads(of)

    def mixed(self, rank: int) -> tuple[int, ...]:
        """The axis itself."""
        return (self.dim % rank,)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Everything along the axis goes into each probability."""
        shape = shapes["input"]
        (dim,) = self.mixed(len(shape))
        sizes = {"a": size_of(shape[:dim]), "d": shape[dim], "e": shape[dim], "b": size_of(shape[dim + 1 :])}
        labels: dict[str, Labels] = {"input": ("a", "d", "b"), "output": ("a", "e", "b")}
        return IndexPattern(labels, sizes, own=self.own)

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some hundred times, in float64."""
        (input,) = shapes
        assert input is not None
        return FUNCTION_EFFORT * size_of(input)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """From the rounded output."""
        return (self.gradient(grad_output, self.forward(*operands)),)

    @abstractmethod
    def gradient(self, grad_output: Array, output: Array) -> Array:
        """The gradient of the input."""

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
        "grad_input": "grad_input = grad_output − exp(output)·Σ grad_output",
    }
    own: ClassVar[tuple[str, ...]] = ("output",)

    @property
    def name(self) -> str:
        """The op's name."""
        return "log_softmax"

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        return Shares(input, self.dim).logarithms.astype(input.dtype)

    def gradient(self, grad_output: Array, output: Array) -> Array:
        """Every output holds its own input and, through the sum, all of them. In float64, rounded once."""
        grad, share = grad_output.astype(np.float64), arrays.exp(output.astype(np.float64))
        return np.asarray(grad - share * in_lanes(grad, self.dim), output.dtype)
