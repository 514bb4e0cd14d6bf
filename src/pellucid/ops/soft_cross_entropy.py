"""Cross-entropy between logits and class probabilities (soft targets).

n stands for the batch and any axes behind the classes, m is the count of positions. With class weights and label
smoothing q is what is made of a target (`class_loss.py`), where h is the target itself; it need not add up to 1:

    losses[n]        = −Σ_c q[n,c]·log softmax(input)[n,c]
    grad_input[n,c]  = grad_output·(softmax(input)[n,c]·Σ_j q[n,j] − q[n,c])/m
    grad_target[n,c] = −grad_output·(1 − ε)·weight[c]·log softmax(input)[n,c]/m

The reduction "sum" leaves the division out, "none" the sum as well. The mean of an empty batch is NaN. Computed in
float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ShapeError
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.class_loss import (
    Smoothed,
    along,
    as_read,
    class_axis,
    gradient_of,
    losses_of,
    without_classes,
)
from pellucid.ops.log_softmax import Shares

_READS = {
    "output": ("losses",),
    "losses": ("input", "target", "weight"),
    "grad_input": ("grad_output", "input", "target", "weight"),
    "grad_target": ("grad_output", "input", "weight"),
}
_LOSSES = "losses[n] = −Σ_c q[n,c]·log softmax(input)[n,c], q[n,c] = "
_GRADIENT = "grad_input[n,c] = ⟦grad_output·⟧(softmax(input)[n,c]·Σ_j q[n,j] − q[n,c])/m, q[n,c] = "
_PLAIN, _SMOOTHED = "⟦weight[c]·⟧target[n,c]", "⟦weight[c]·⟧((1 − ε)·target[n,c] + ε/C)"


@dataclass(frozen=True)
class SoftCrossEntropy(Smoothed):
    """As `Smoothed` says."""

    differentiable: ClassVar[tuple[str, ...]] = ("input", "target")
    leaves: ClassVar[tuple[str, ...]] = (*Smoothed.leaves, "size")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ_n losses[n]/m",
        "losses": _LOSSES + _PLAIN,
        "grad_input": _GRADIENT + _PLAIN,
        "grad_target": "grad_target[n,c] = −⟦grad_output·⟧⟦weight[c]·⟧log softmax(input)[n,c]/m",
    }

    def mean_formula(self, result: str) -> str:
        """With label smoothing targets are spread."""
        formula = super().mean_formula(result)
        if not self.label_smoothing:
            return formula
        if result == "grad_target":
            return formula.replace(" = −", " = −(1 − ε)·")
        return formula.replace(_PLAIN, _SMOOTHED)

    def reads(self, of: str) -> tuple[str, ...]:
        """The loss is made of every sample's."""
        return _READS[of]

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The loss of every sample."""
        return {"losses": without_classes(shapes["input"]) if "input" in shapes else ()}

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…), the same, (C,) or None → () or, without reduction, (N,…). A single sample is (C,) twice."""
        input, target, weight = shapes
        assert input is not None
        self.check_classes(input, weight)
        if target != input:
            rule = "input and target must have the same shape"
            raise ShapeError(self.name, rule, expected=f"target {input}", got=f"target {target}")
        return self.reduced_shape(without_classes(input))

    def forward(self, *operands: Array | None) -> Array:
        """Sum over the classes, then reduce."""
        input, target, weight = self._checked(*operands)
        dim = class_axis(input.shape)
        losses = losses_of(self.spread_over(target, weight, dim), Shares(input, dim), dim)
        if self.reduction == "none":
            return np.asarray(losses, input.dtype)
        with np.errstate(invalid="ignore"):
            return np.asarray(total(losses) / self._share(input.shape), input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """The softmax's share minus the target's; and what each logarithm counts."""
        input, target, weight = self._checked(*operands)
        dim = class_axis(input.shape)
        shares, q = Shares(input, dim), self.spread_over(target, weight, dim)
        grad = grad_output.astype(np.float64) / (self._share(input.shape) or 1.0)
        grad = np.expand_dims(grad, dim) if self.reduction == "none" else grad
        slope = self.spread(input.shape[dim]).slope
        slopes = slope if weight is None else along(slope * weight, input.ndim, dim)
        grad_target = grad * (slopes * shares.surprises)
        return (grad * gradient_of(q, shares, dim)).astype(input.dtype), grad_target.astype(input.dtype)

    def _share(self, input: Shape) -> float:
        """What the reduction divides by."""
        positions: int = int(np.prod(without_classes(input)))
        return float(positions) if self.is_mean else 1.0

    def _checked(self, *operands: Array | None) -> tuple[Array, Array, Array | None]:
        """The operands, target and weights in float64."""
        input, target, weight = operands
        assert input is not None
        assert target is not None
        self.infer(input.shape, target.shape, None if weight is None else weight.shape)
        return input, target.astype(np.float64), as_read(weight, input.dtype)
