"""Losses between numbers for each class and what the class is: what labels and class probabilities have in common.

`Smoothed` is what cross-entropies share. With class weights and label smoothing ε a target h is spread over the C
classes, and log softmax is weighted by it:

    q[n,c] = slope[c]·h[n,c] + even[c],   slope[c] = (1 − ε)·weight[c],   even[c] = ε/C·weight[c]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from pellucid.errors import ShapeError
from pellucid.functions.sums import in_lanes, total
from pellucid.ops.base import FUNCTION_EFFORT, Array, Shape
from pellucid.ops.checks import number
from pellucid.ops.log_softmax import Shares
from pellucid.ops.loss import Loss
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of


@dataclass(frozen=True)
class ClassLoss(Loss):
    """A loss for each position of inputs (N,C,…), with a weight for each class."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "target", "weight")
    optional: ClassVar[tuple[str, ...]] = ("weight",)
    owned: ClassVar[tuple[str, ...]] = ("weight",)
    divisors: ClassVar[tuple[str, ...]] = ("count", "m")

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Every number of a position goes into its loss, and by way of that into the gradients of all of them.

        A target's classes t are apart from the input's c: the gradient of each number reads all of them, too.
        """
        input = shapes["input"]
        n, c, *space = input if len(input) > 1 else (1, *input)
        position = ("n", "s")
        target = position if self.integers else ("n", "t", "s")
        labels: dict[str, Labels] = {"input": ("n", "c", "s"), "target": target, "weight": ("t",)}
        labels |= {"losses": position, "count": (), "output": position if self.reduction == "none" else ()}
        return IndexPattern(labels, {"n": n, "c": c, "t": c, "s": size_of(space)}, through="losses")

    def check_classes(self, input: Shape, weight: Shape | None) -> None:
        """What holds whatever the target is: an axis of classes, a weight for each, settings that there are."""
        if not input or 0 in input[class_axis(input) :]:
            raise ShapeError(
                self.name, "input must have an axis of classes, and no empty one", got=f"input {input}"
            )
        C = input[class_axis(input)]
        if weight is not None and weight != (C,):
            rule = "weight must have one value per class"
            raise ShapeError(self.name, rule, expected=f"({C},)", got=f"weight {weight}")
        self.check_reduction()

    def formula_of(self, result: str) -> str:
        """Without reduction each position has a gradient of its own."""
        formula = super().formula_of(result)
        return formula.replace("grad_output·", "grad_output[n]·") if self.reduction == "none" else formula


class Spread(NamedTuple):
    """What label smoothing makes of a target: the factor of what it was, and what each class is given."""

    slope: float
    even: float


@dataclass(frozen=True)
class Smoothed(ClassLoss):
    """How much of a target is spread evenly over all classes."""

    label_smoothing: float = 0.0

    leaves: ClassVar[tuple[str, ...]] = ("sums",)

    @property
    def name(self) -> str:
        """The op's name."""
        return "cross_entropy"

    def effort(self, *shapes: Shape | None) -> int:
        """Each logit goes through memory some hundred times, in float64; kernels have batches alone."""
        input = shapes[0]
        assert input is not None
        return FUNCTION_EFFORT * size_of(input) if 2 <= len(input) <= 5 else 0

    def check_classes(self, input: Shape, weight: Shape | None) -> None:
        """The smoothing as well."""
        super().check_classes(input, weight)
        number(self.name, "label_smoothing", self.label_smoothing, "[0, 1]")

    def spread(self, classes: int) -> Spread:
        """The factors of q, for a weight of 1."""
        return Spread(1.0 - self.label_smoothing, self.label_smoothing / classes)

    def spread_over(self, target: Array, weight: Array | None, dim: int) -> Array:
        """q of targets that are 1 or a probability at each class."""
        C = target.shape[dim]
        factors, weights = self.spread(C), along(np.ones(C) if weight is None else weight, target.ndim, dim)
        q: Array = (factors.slope * weights) * target + factors.even * weights
        return q


def losses_of(q: Array, shares: Shares, dim: int) -> Array:
    """−Σ_c q·log softmax for each position."""
    return total(q * shares.surprises, (dim,))


def gradient_of(q: Array, shares: Shares, dim: int) -> Array:
    """The gradient of that: what softmax has of all that is spread, less what is spread."""
    gradient: Array = shares.probabilities * in_lanes(q, dim) - q
    return gradient


def class_axis(input: Shape) -> int:
    """The classes' axis: the second one, or the only one of a single sample."""
    return min(len(input) - 1, 1)


def without_classes(input: Shape) -> Shape:
    """The shape of one number for each position."""
    axis = class_axis(input)
    return input[:axis] + input[axis + 1 :]


def along(numbers: Array, rank: int, dim: int) -> Array:
    """One number for each class, shaped to meet logits."""
    return numbers.reshape(-1, *(1,) * (rank - dim - 1))


def as_read(weight: Array | None, dtype: np.dtype) -> Array | None:
    """Class weights as a network of this float type reads them, in float64."""
    return None if weight is None else weight.astype(dtype).astype(np.float64)
