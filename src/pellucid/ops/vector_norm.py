"""The p-norm over axes, or a number that it does not fall below: what a tensor is divided by to be normalised.

The powers are summed in the order of `over_axes.py`. Computed in float64, the length and the output rounded once. Where
all numbers are 0 there is no gradient. Where the length is below `least`, `follows` says whether the gradient is the
length's all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.functions import arrays
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.checks import number
from pellucid.ops.over_axes import OverAxes


@dataclass(frozen=True)
class VectorNorm(OverAxes):
    """The axes, the exponent, the least result, and whether the gradient goes on below it."""

    p: float = 2.0
    least: float = 0.0
    follows: bool = False

    formulas: ClassVar[Mapping[str, str]] = {
        "length": "length = (Σ |input|ᵖ)^(1/p)",
        "output": "output = length where length > least, else least",
        "grad_input": "grad_input = grad_output·mask·sign(input)·(|input|/length)^(p − 1)",
    }
    _euclidean: ClassVar[Mapping[str, str]] = {
        "length": "length = (Σ input·input)^(1/2)",
        "grad_input": "grad_input = grad_output·mask·input/length",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.p) is int and abs(self.p) < 2**53:
            self.settle(p=float(self.p))

    @property
    def name(self) -> str:
        """The op's name."""
        return "norm"

    def formula_of(self, result: str) -> str:
        """Without p where it is 2, and without a least result where there is none."""
        if result == "output" and not self.least:
            return "output = length"
        return (
            self._euclidean.get(result, self.formulas[result]) if self.p == 2 else super().formula_of(result)
        )

    def reads(self, of: str) -> tuple[str, ...]:
        """The output reads the length alone."""
        if of == "length":
            return ("input",)
        return ("length",) if of == "output" else ("grad_output", "input", "length")

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The length, with size 1 along the axes that go."""
        return {"length": self.kept(shapes["input"]) if shapes else ()}

    def infer(self, *shapes: Shape | None) -> Shape:
        """Any shape → without these axes, or with size 1 there."""
        number(self.name, "p", self.p, "(0, inf)")
        number(self.name, "eps", self.least, "[0, inf)")
        return super().infer(*shapes)

    def forward(self, *operands: Array) -> Array:
        """In float64, rounded once."""
        (input,) = operands
        self.infer(input.shape)
        with np.errstate(all="ignore"):
            return self.shaped(np.maximum(self.lengths(input), self.least), input.shape, input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """In float64, rounded once."""
        (input,) = operands
        lengths, wide = self.lengths(input), input.astype(np.float64)
        with np.errstate(all="ignore"):
            shares = self.shares(self.spread(grad_output.astype(np.float64), input.shape), lengths)
            return (np.where(wide == 0, 0.0, shares * self.slope(wide)).astype(input.dtype),)

    def lengths(self, input: Array) -> Array:
        """The p-norms in float64, with size 1 along the axes that go."""
        with np.errstate(all="ignore"):
            powers = arrays.raised(abs(input.astype(np.float64)), self.p)
            return np.asarray(arrays.raised(self.total(powers), 1 / self.p))

    def shares(self, grad: Array, lengths: Array) -> Array:
        """grad/length^(p − 1), or 0 where there is no gradient."""
        gone = (lengths == 0) | ((lengths < self.least) & (not self.follows))
        return np.where(gone, 0.0, grad / arrays.raised(lengths, self.p - 1))

    def slope(self, x: Array) -> Array:
        """sign(x)·|x|^(p − 1), of numbers that are not 0."""
        return np.copysign(arrays.raised(abs(x), self.p - 1), x)
