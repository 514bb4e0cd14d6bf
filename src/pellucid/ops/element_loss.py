"""Losses between numbers: a loss for each element of arrays of one shape, then what they are reduced to.

A loss and its slopes are texts over `Elementary` (`functions/elementary.py`), as curves are. m is the count of elements
and N that of the batch:

    losses     = f(input, target)
    output     = Σ losses/m, or Σ losses/N with the reduction "batchmean"
    grad_input = grad_output·∂f/∂input/m

The reduction "sum" leaves the division out, "none" the sum as well. The mean of nothing is NaN. Weights are repeated
along axes that they lack; without one, 1 stands there. Computed in float64 and rounded once; so is each gradient.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ShapeError, say
from pellucid.functions import arrays
from pellucid.functions.arithmetic import Number
from pellucid.functions.elementary import Elementary
from pellucid.functions.sums import total
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Shape
from pellucid.ops.curve import Written, settled
from pellucid.ops.loss import Loss
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of


@dataclass(frozen=True)
class ElementLoss(Written, Loss):
    """The loss of each element. Operands that may be None are weights."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "target")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "target")

    @abstractmethod
    def value(self, a: Elementary, *numbers: Number) -> Number:
        """The loss of one element, for a number of each operand."""

    @abstractmethod
    def slope(self, argument: str, a: Elementary, *numbers: Number) -> Number:
        """Its slope in one of the differentiable operands."""

    def made(self, of: str, a: Elementary, *numbers: Number) -> Number:
        """The loss, or of "slope_input", … that slope, with settings of the results' type."""
        op = settled(self, a.width)
        return op.value(a, *numbers) if of == "losses" else op.slope(of.removeprefix("slope_"), a, *numbers)

    def exact(self, of: str, *operands: Array | None) -> Array:
        """The same on arrays that broadcast, in float64."""
        input = operands[0]
        assert input is not None
        a, full = arrays.elementary(8 * input.itemsize), []
        for operand in operands:
            given = np.ones((), input.dtype) if operand is None else operand.astype(input.dtype, copy=False)
            full.append(np.broadcast_to(given, input.shape))
        return arrays.elementwise(lambda *numbers: self.made(of, a, *numbers), *full)

    def reads(self, of: str) -> tuple[str, ...]:
        """The output reads the losses, where they are reduced."""
        if of == "output" and self.is_reduced:
            return ("losses",)
        return ("grad_output", *self.arguments) if of.startswith("grad_") else self.arguments

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The losses, where they are reduced."""
        return {"losses": shapes.get("input", ())} if self.is_reduced else {}

    def mean_formula(self, result: str) -> str:
        """What is not reduced is the loss itself."""
        if result == "output" and not self.is_reduced:
            return super().mean_formula("losses").replace("losses", "output", 1)
        return super().mean_formula(result)

    def divisor(self, shape: Shape) -> int:
        """What a mean over operands of this shape divides by."""
        return size_of(shape[:1]) if self.reduction == "batchmean" else size_of(shape)

    def effort(self, *shapes: Shape | None) -> int:
        """Each number goes through memory some times, in float64."""
        input = shapes[0]
        assert input is not None
        return FUNCTION_EFFORT * size_of(input) if len(input) <= 5 else 0

    def infer(self, *shapes: Shape | None) -> Shape:
        """Equal shapes, and weights that broadcast to them → () or, without reduction, the same shape."""
        input = shapes[0]
        assert input is not None
        for name, shape in self.named(shapes).items():
            expected, got = f"{name} {input}", f"{name} {shape}"
            if name not in self.optional and shape != input:
                rule = "input and target must have the same shape"
                raise ShapeError(self.name, rule, expected=expected, got=got)
            if shape is not None and not _reaches(shape, input):
                rule = say("{name} must broadcast to the input's shape", name=name)
                raise ShapeError(self.name, rule, expected=expected, got=got)
        self.check_reduction()
        self.check_settings()
        return self.reduced_shape(input)

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Element by element, unless all are added up; where a weight is repeated, it has an axis of its own."""
        input = shapes["input"]
        every: Labels = tuple(f"r{axis}" for axis in range(len(input)))
        sizes = dict(zip(every, input, strict=True))
        labels: dict[str, Labels] = {"losses": every, "output": () if self.is_reduced else every}
        for name, shape in shapes.items():
            own = list(enumerate(shape, len(input) - len(shape)))
            labels[name] = tuple(f"r{axis}" if size == input[axis] else f"{name}{axis}" for axis, size in own)
            sizes |= {f"{name}{axis}": 1 for axis, size in own if size != input[axis]}
        return IndexPattern(labels, sizes)

    def forward(self, *operands: Array | None) -> Array:
        """The loss of each, then reduce."""
        input = self._checked(*operands)
        losses = self.exact("losses", *operands)
        with np.errstate(all="ignore"):
            if not self.is_reduced:
                return losses.astype(input.dtype)
            whole = total(losses)
            return np.asarray(whole / self.divisor(input.shape) if self.is_mean else whole, input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """Each slope times the gradient's share."""
        input = self._checked(*operands)
        with np.errstate(all="ignore"):
            share = grad_output.astype(np.float64)
            share = share / self.divisor(input.shape) if self.is_mean else share
            slopes = [self.exact(f"slope_{name}", *operands) for name in self.differentiable]
            return tuple((slope * share).astype(input.dtype) for slope in slopes)

    def _checked(self, *operands: Array | None) -> Array:
        """The input, when all have been checked."""
        self.infer(*(None if operand is None else operand.shape for operand in operands))
        self.check_numbers(*operands)
        input = operands[0]
        assert input is not None
        return input


class Difference(ElementLoss):
    """A loss of input − target alone, even or not: the slopes are each other's opposites."""

    @abstractmethod
    def of(self, a: Elementary, difference: Number) -> Number:
        """The loss."""

    @abstractmethod
    def steepness(self, a: Elementary, difference: Number) -> Number:
        """Its slope in the difference."""

    def value(self, a: Elementary, *numbers: Number) -> Number:
        """Of the difference."""
        input, target = numbers
        return self.of(a, input - target)

    def slope(self, argument: str, a: Elementary, *numbers: Number) -> Number:
        """In the input that of the difference, in the target its opposite."""
        input, target = numbers
        return (
            self.steepness(a, input - target)
            if argument == "input"
            else self.steepness(a, input - target) * -1.0
        )


def sign(a: Elementary, x: Number) -> Number:
    """1 or −1; 0 for 0 and NaN."""
    return a.where(x > 0.0, 1.0, a.where(x < 0.0, -1.0, 0.0))


def _reaches(shape: Shape, whole: Shape) -> bool:
    """Whether an array of a shape can be repeated to another one."""
    met = whole[len(whole) - len(shape) :] if len(shape) <= len(whole) else None
    return met is not None and all(own in (1, size) for own, size in zip(shape, met, strict=True))
