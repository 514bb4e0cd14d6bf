"""The variance over axes: the squared distances to the mean, summed and divided by m = size − correction.

With correction 1 that is the estimate without bias, of numbers that are a sample. Where m is not above 0 it is NaN, or
infinite. The mean and the sum go in the order of `over_axes.py`, in float64, and the result is rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.checks import number
from pellucid.ops.over_axes import OverAxes


@dataclass(frozen=True)
class Var(OverAxes):
    """The axes, and what is taken off the number of terms."""

    correction: float = 1.0

    formulas: ClassVar[Mapping[str, str]] = {
        "mean": "mean = Σ input/size",
        "output": "output = Σ (input − mean)²/m",
        "grad_input": "grad_input = grad_output·2·(input − mean)/m",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.correction) is int and abs(self.correction) < 2**53:
            self.settle(correction=float(self.correction))

    @property
    def name(self) -> str:
        """The op's name."""
        return "var"

    def reads(self, of: str) -> tuple[str, ...]:
        """All but the mean read the mean."""
        if of == "mean":
            return ("input",)
        return ("input", "mean") if of == "output" else ("grad_output", "input", "mean")

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The mean of each variance, with size 1 along the axes that go."""
        return {"mean": self.kept(shapes["input"]) if shapes else ()}

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → without these axes, or with size 1 there."""
        number(self.name, "correction", self.correction)
        return super().infer(*shapes)

    def divisor(self, shape: Shape) -> float:
        """m."""
        return max(0.0, self.count(shape) - self.correction)

    def centred(self, input: Array) -> Array:
        """input − mean, in float64."""
        with np.errstate(all="ignore"):
            return np.asarray(input.astype(np.float64) - self.total(input) / self.count(input.shape))

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        with np.errstate(all="ignore"):
            squares = self.total(self.centred(input) ** 2) / np.float64(self.divisor(input.shape))
        return self.shaped(squares, input.shape, input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """In float64, rounded once."""
        (input,) = operands
        with np.errstate(all="ignore"):
            shares = grad_output.astype(np.float64) * 2.0 / np.float64(self.divisor(input.shape))
            return ((self.spread(shares, input.shape) * self.centred(input)).astype(input.dtype),)
