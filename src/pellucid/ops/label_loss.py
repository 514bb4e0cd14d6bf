"""Losses whose targets are class numbers: a class for each position, some of which may be ignored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import total
from pellucid.numbers import are_whole
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.class_loss import ClassLoss, as_read, class_axis, without_classes
from pellucid.sizes import is_integer


@dataclass(frozen=True)
class LabelLoss(ClassLoss):
    """The target that does not count, besides what `ClassLoss` has."""

    ignore_index: int = -100

    integers: ClassVar[tuple[str, ...]] = ("target",)

    @abstractmethod
    def losses(self, input: Array, own: Array, weight: Array | None) -> Array:
        """The loss of each position, whose class `own` says along the axis of classes."""

    @abstractmethod
    def slopes(self, input: Array, own: Array, weight: Array | None, share: Array) -> Array:
        """`share` times the slope of a position's loss in each number of the input."""

    def reads(self, of: str) -> tuple[str, ...]:
        """The loss is made of every position's, a mean of what counts as well."""
        count = ("count",) if self.is_mean else ()
        return {
            "output": ("losses", *count),
            "losses": ("input", "target", "weight"),
            "count": ("target", "weight"),
            "grad_input": ("grad_output", "input", "target", "weight", *count),
        }[of]

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The loss of every position, and how much counts."""
        return {"losses": shapes.get("target", ())} | ({"count": ()} if self.is_mean else {})

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
        return self.reduced_shape(expected)

    def forward(self, *operands: Array | None) -> Array:
        """The losses of all positions, then reduce."""
        input, target, weight = self._checked(*operands)
        losses = self.losses(input, self._own(target, input.shape), weight)
        losses = np.where(target != self.ignore_index, losses, 0.0)
        if self.reduction == "none":
            return np.asarray(losses, input.dtype)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total(losses) / self._share(target, weight), input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """The slopes of those that count."""
        input, target, weight = self._checked(*operands)
        dim = class_axis(input.shape)
        counts = np.expand_dims(target != self.ignore_index, dim)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = grad_output.astype(np.float64) / self._share(target, weight)
            share = np.expand_dims(share, dim) if self.reduction == "none" else share
            slopes = self.slopes(input, self._own(target, input.shape), weight, share)
        return (np.where(counts, slopes, 0.0).astype(input.dtype),)

    def _own(self, target: Array, input: Shape) -> Array:
        """Each position's class along the axis of classes; the first one where the target does not count."""
        return np.expand_dims(np.where(target == self.ignore_index, 0, target), class_axis(input))

    def _share(self, target: Array, weight: Array | None) -> Any:
        """What the reduction divides by."""
        if not self.is_mean:
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


def one_hot(own: Array, input: Shape) -> Array:
    """1 at each position's class, 0 at the others."""
    hot = np.zeros(input)
    np.put_along_axis(hot, own, 1.0, class_axis(input))
    return hot


def _shape_hint(input: Shape, target: Shape | None) -> str | None:
    """What to do about a target that has not the input's shape without the classes."""
    if len(input) > 2 and target == input[:1]:  # feature maps, but one label per image
        return "end the network in logits (N, classes), for example with Flatten and Linear"
    axis = class_axis(input)
    if target == input and input[axis] > 1:
        return say("use target.argmax(axis={axis}) for one-hot targets", axis=axis)
    return "use target.reshape(-1)" if len(input) == 2 and target == (input[0], 1) else None
