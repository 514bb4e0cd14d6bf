"""Cross-entropy between logits and target classes.

n stands for the batch and any axes behind the classes; without a batch it is a single number. The count is the sum of
the targets' weights. With label smoothing a target is spread over the classes (`class_loss.py`), where h[n,c] is
[c = target[n]]:

    losses[n]       = −Σ_c q[n,c]·log softmax(input)[n,c],     0 where target[n] is to be ignored
    grad_input[n,c] = grad_output·(softmax(input)[n,c]·Σ_j q[n,j] − q[n,c])/count

The reduction "sum" leaves the division out, "none" the sum as well. Where every target is ignored, or the batch is
empty, the mean is NaN. Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import total
from pellucid.numbers import are_whole
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.class_loss import (
    ClassLoss,
    as_read,
    class_axis,
    gradient_of,
    losses_of,
    without_classes,
)
from pellucid.ops.log_softmax import Shares
from pellucid.sizes import is_integer

_READS = {
    "output": ("losses", "count"),
    "losses": ("input", "target", "weight"),
    "count": ("target", "weight"),
    "grad_input": ("grad_output", "input", "target", "weight", "count"),
}
_SPREAD = "q[n,c] = ⟦weight[c]·⟧((1 − ε)·[c = target[n]] + ε/C), 0 where target[n] is to be ignored"
_SMOOTHED = {
    "losses": f"losses[n] = −Σ_c q[n,c]·log softmax(input)[n,c], {_SPREAD}",
    "grad_input": "grad_input[n,c] = ⟦grad_output·⟧(softmax(input)[n,c]·Σ_j q[n,j] − q[n,c])/count, "
    + _SPREAD,
}


@dataclass(frozen=True)
class CrossEntropy(ClassLoss):
    """The target that does not count, besides what `ClassLoss` has."""

    ignore_index: int = -100

    integers: ClassVar[tuple[str, ...]] = ("target",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ_n losses[n]/count",
        "losses": "losses[n] = −⟦weight[target[n]]·⟧log softmax(input)[n,target[n]], "
        "0 where target[n] is to be ignored",
        "count": "count = Σ_n ⟦weight[target[n]]·⟧1 over the targets that are not ignored",
        "grad_input": "grad_input[n,c] = ⟦grad_output·⟧⟦weight[target[n]]·⟧(softmax(input)[n,c] − [c = target[n]])"
        "/count",
    }

    def formula_of(self, result: str) -> str:
        """With label smoothing targets are spread."""
        smoothed = _SMOOTHED if self.label_smoothing else {}
        return smoothed.get(result) or super().formula_of(result)

    def reads(self, of: str) -> tuple[str, ...]:
        """The loss is made of every sample's and of what counts."""
        return _READS[of]

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The loss of every sample, and how much counts."""
        return {"losses": shapes.get("target", ()), "count": ()}

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…), (N,…), (C,) or None → () or, without reduction, (N,…). A single sample is (C,) and ()."""
        input, target, weight = shapes
        assert input is not None
        self.check_classes(input, weight)
        expected = without_classes(input)
        if target != expected:
            raise ShapeError(
                self.name,
                "target must have the input's shape without the classes",
                expected=say("target {expected} for input {input}", expected=expected, input=input),
                got=f"target {target}",
                hint=_shape_hint(input, target),
            )
        if not is_integer(self.ignore_index):
            raise ArgumentError(self.name, "ignore_index must be an integer", got=repr(self.ignore_index))
        return expected if self.reduction == "none" else ()

    def forward(self, *operands: Array | None) -> Array:
        """Sum over the classes, then reduce."""
        input, target, weight = self._checked(*operands)
        counts, dim = target != self.ignore_index, class_axis(input.shape)
        shares, own = Shares(input, dim), self._own(target, input.shape)
        if self.label_smoothing:
            losses = losses_of(self._spread(target, weight, input), shares, dim)
        else:  # the other classes take no part, not even impossible ones
            losses = np.take_along_axis(shares.surprises, own, dim).squeeze(dim)
            losses = losses if weight is None else weight[own.squeeze(dim)] * losses
        losses = np.where(counts, losses, 0.0)
        if self.reduction == "none":
            return np.asarray(losses, input.dtype)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total(losses) / self._share(target, weight), input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """The softmax's share minus the target's."""
        input, target, weight = self._checked(*operands)
        counts, dim = (
            np.expand_dims(target != self.ignore_index, class_axis(input.shape)),
            class_axis(input.shape),
        )
        shares, own = Shares(input, dim), self._own(target, input.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            grad = grad_output.astype(np.float64) / self._share(target, weight)
            grad = np.expand_dims(grad, dim) if self.reduction == "none" else grad
            if self.label_smoothing:
                grad = grad * gradient_of(self._spread(target, weight, input), shares, dim)
            else:
                grad = grad if weight is None else grad * weight[own]
                grad = grad * (shares.probabilities - _one_hot(own, input.shape, dim))
        return (np.where(counts, grad, 0.0).astype(input.dtype),)

    def _own(self, target: Array, input: Shape) -> Array:
        """Each position's class along the axis of classes; the first one where the target does not count."""
        return np.expand_dims(np.where(target == self.ignore_index, 0, target), class_axis(input))

    def _spread(self, target: Array, weight: Array | None, input: Array) -> Array:
        """q of all targets, of those that do not count as well."""
        dim = class_axis(input.shape)
        return self.spread_over(_one_hot(self._own(target, input.shape), input.shape, dim), weight, dim)

    def _share(self, target: Array, weight: Array | None) -> Any:
        """What the reduction divides by."""
        if self.reduction != "mean":
            return 1.0
        counted = target[target != self.ignore_index]
        return np.float64(counted.size) if weight is None else total(weight[counted])

    def _checked(self, *operands: Array | None) -> tuple[Array, Array, Array | None]:
        """The operands, the weights in float64."""
        input, target, weight = operands
        assert input is not None
        assert target is not None
        self.infer(input.shape, target.shape, None if weight is None else weight.shape)
        self.check_numbers(*operands)
        return input, target, as_read(weight, input.dtype)

    def out_of_range(self, integers: Array, *shapes: Shape | None) -> tuple[NDArray[np.bool_], str]:
        """Targets that count and are no class."""
        input = shapes[0]
        assert input is not None
        wrong = (integers < 0) | (integers >= input[class_axis(input)])
        rule = say("targets are class numbers, or {ignored}", ignored=self.ignore_index)
        return (integers != self.ignore_index) & wrong, rule

    def check_numbers(self, *operands: Array | None) -> None:
        """Every target that counts must be a class."""
        input, target, _ = operands
        assert input is not None
        assert target is not None
        if target.dtype.kind not in "iu":
            raise ArgumentError(
                self.name,
                "target must hold integer class numbers",
                expected="an integer dtype",
                got=f"{target.dtype}",
                hint="use target.astype(np.int64)" if are_whole(target) else None,
            )
        wrong, _ = self.out_of_range(target, input.shape)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise ArgumentError(
                self.name,
                "every target must be a class number or ignore_index",
                expected=say(
                    "0 ≤ target < {classes}, or {ignore_index}",
                    classes=input.shape[class_axis(input.shape)],
                    ignore_index=self.ignore_index,
                ),
                got=f"target{list(at) if at else ''} = {target[at]}",
            )


def _one_hot(own: Array, input: Shape, dim: int) -> Array:
    """1 at each position's class, 0 at the others."""
    hot = np.zeros(input)
    np.put_along_axis(hot, own, 1.0, dim)
    return hot


def _shape_hint(input: Shape, target: Shape | None) -> str | None:
    """What to do about a target that has not the input's shape without the classes."""
    if len(input) > 2 and target == input[:1]:  # feature maps, but one label per image
        return "end the network in logits (N, classes), for example with Flatten and Linear"
    axis = class_axis(input)
    if target == input and input[axis] > 1:
        return say("use target.argmax(axis={axis}) for one-hot targets", axis=axis)
    return "use target.reshape(-1)" if len(input) == 2 and target == (input[0], 1) else None
