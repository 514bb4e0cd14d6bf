"""The mean squared error.

m is the count of elements. The reduction "sum" leaves the division out, "none" the sum as well. Where there are no
elements, the mean is NaN. Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ShapeError
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.loss import Loss
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of


@dataclass(frozen=True)
class MSELoss(Loss):
    """How the squares become one number."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "target")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "target")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ (input − target)²/m",
        "grad_input": "grad_input = 2·(input − target)⟦·grad_output⟧/m",
        "grad_target": "grad_target = −2·(input − target)⟦·grad_output⟧/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "mse_loss"

    def infer(self, *shapes: Shape | None) -> Shape:
        """Two equal shapes → () or, without reduction, the same shape."""
        input, target = shapes
        assert input is not None
        if input != target:
            rule = "input and target must have the same shape"
            raise ShapeError(self.name, rule, expected=f"target {input}", got=f"target {target}")
        self.check_reduction()
        return self.reduced_shape(input)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element, unless all are added up."""
        labels: dict[str, Labels] = {"input": ("j",), "target": ("j",)}
        labels["output"] = ("j",) if self.reduction == "none" else ()
        return IndexPattern(labels, {"j": size_of(shapes["input"])})

    def forward(self, *operands: Array) -> Array:
        """Square, then reduce."""
        input, target = operands
        self.infer(input.shape, target.shape)
        squares = (input.astype(np.float64) - target) ** 2
        if self.reduction == "none":
            return squares.astype(input.dtype)
        with np.errstate(invalid="ignore"):
            return np.asarray(total(squares) / (input.size if self.reduction == "mean" else 1), input.dtype)

    def backward(self, grad_output: Array, *operands: Array) -> Gradients:
        """Twice the difference, once with each sign."""
        input, target = operands
        share = max(input.size, 1) if self.reduction == "mean" else 1
        grad = 2.0 * (input.astype(np.float64) - target) * (grad_output.astype(np.float64) / share)
        return grad.astype(input.dtype), -grad.astype(target.dtype)
