"""Cross-entropy between logits and target classes.

n stands for the batch and any axes behind the classes; without a batch it is a single number. With class weights and
label smoothing ε a target is spread over the classes, and count is the sum of the targets' weights:

    q[n,c]          = weight[c]·((1 − ε)·[c = target[n]] + ε/C),     0 where target[n] is to be ignored
    losses[n]       = −Σ_c q[n,c]·log softmax(input)[n,c]
    grad_input[n,c] = grad_output·(softmax(input)[n,c]·Σ_c q[n,c] − q[n,c])/count

The reduction "sum" leaves the division out, "none" the sum as well. Where every target is ignored, or the batch is
empty, the mean is NaN. Computed in float64 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import in_lanes, total
from pellucid.numbers import are_whole
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Op, Shape
from pellucid.ops.checks import choice, number
from pellucid.ops.log_softmax import Shares
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import is_integer, size_of

_READS = {
    "output": ("losses", "count"),
    "losses": ("input", "target"),
    "count": ("target",),
    "grad_input": ("grad_output", "input", "target", "count"),
}


@dataclass(frozen=True)
class CrossEntropy(Op):
    """The target that does not count, how losses become one number, what of a target is spread evenly."""

    ignore_index: int = -100
    reduction: str = "mean"
    label_smoothing: float = 0.0

    arguments: ClassVar[tuple[str, ...]] = ("input", "target", "weight")
    optional: ClassVar[tuple[str, ...]] = ("weight",)
    integers: ClassVar[tuple[str, ...]] = ("target",)
    owned: ClassVar[tuple[str, ...]] = ("weight",)
    leaves: ClassVar[tuple[str, ...]] = ("sums",)
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output = Σ_n losses[n]/count",
        "losses": "losses[n] = −log softmax(input)[n,target[n]], 0 where target[n] is to be ignored",
        "count": "count = Σ_n 1 over the targets that are not ignored",
        "grad_input": "grad_input[n,c] = ⟦grad_output·⟧(softmax(input)[n,c] − [c = target[n]])/count",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "cross_entropy"

    def reads(self, of: str) -> tuple[str, ...]:
        """The loss is made of every sample's and their number."""
        return _READS[of]

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Every logit of a position goes into its loss, and by way of that into the gradients of all of them."""
        input = shapes["input"]
        n, c, *space = input if len(input) > 1 else (1, *input)
        position = ("n", "s")
        labels: dict[str, Labels] = {
            "input": ("n", "c", "s"),
            "target": position,
            "losses": position,
            "count": (),
        }
        labels["output"] = position if self.reduction == "none" else ()
        return IndexPattern(labels, {"n": n, "c": c, "s": size_of(space)}, through="losses")

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """The loss of every sample, and how many count."""
        return {"losses": shapes.get("target", ()), "count": ()}

    def effort(self, *shapes: Shape | None) -> int:
        """Each logit goes through memory some hundred times, in float64; kernels have the plain mean alone."""
        input, _, weight = shapes
        assert input is not None
        plain = self.reduction == "mean" and self.label_smoothing == 0 and weight is None
        return FUNCTION_EFFORT * size_of(input) if plain and 2 <= len(input) <= 5 else 0

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…), (N,…), (C,) or None → () or, without reduction, (N,…). A single sample is (C,) and ()."""
        input, target, weight = shapes
        assert input is not None
        if not input or 0 in input[_class_axis(input) :]:
            raise ShapeError(
                self.name, "input must have an axis of classes, and no empty one", got=f"input {input}"
            )
        C, expected = input[_class_axis(input)], input[: _class_axis(input)] + input[2:]
        if target != expected:
            raise ShapeError(
                self.name,
                "target must have the input's shape without the classes",
                expected=say("target {expected} for input {input}", expected=expected, input=input),
                got=f"target {target}",
                hint=_shape_hint(input, target),
            )
        if weight is not None and weight != (C,):
            rule = "weight must have one value per class"
            raise ShapeError(self.name, rule, expected=f"({C},)", got=f"weight {weight}")
        if not is_integer(self.ignore_index):
            raise ArgumentError(self.name, "ignore_index must be an integer", got=repr(self.ignore_index))
        choice(self.name, "reduction", self.reduction, ("mean", "sum", "none"))
        number(self.name, "label_smoothing", self.label_smoothing, "[0, 1]")
        return expected if self.reduction == "none" else ()

    def forward(self, *operands: Array | None) -> Array:
        """Sum over the classes, then reduce."""
        input, target, weight = operands
        assert input is not None
        q, share = self._probabilities(input, target, weight)
        dim = _class_axis(input.shape)
        surprise = -np.multiply(q, Shares(input, dim).logarithms, out=np.zeros_like(q), where=q != 0)
        loss = total(surprise, (dim,))
        if self.reduction == "none":
            return np.asarray(loss, input.dtype)
        with np.errstate(invalid="ignore"):
            return np.asarray(total(loss) / share, input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """The softmax's share minus the target's."""
        input, target, weight = operands
        assert input is not None
        q, share = self._probabilities(input, target, weight)
        dim = _class_axis(input.shape)
        grad = grad_output.astype(np.float64)
        grad = np.expand_dims(grad, dim) if self.reduction == "none" else grad / (share or 1.0)
        softmax = Shares(input, dim).probabilities
        return ((grad * (softmax * in_lanes(q, dim) - q)).astype(input.dtype),)

    def _probabilities(
        self, input: Array, target: Array | None, weight: Array | None
    ) -> tuple[Array, Array | np.float64]:
        """The weighted target probabilities q, shaped as the input, and what the reduction divides by."""
        assert target is not None
        self.infer(input.shape, target.shape, None if weight is None else weight.shape)
        dim = _class_axis(input.shape)
        C = input.shape[dim]
        counts = target != self.ignore_index
        self._check_targets(target, input.shape)
        weights = np.ones(C) if weight is None else weight.astype(np.float64)
        classes = np.arange(C).reshape(C, *(1,) * (input.ndim - dim - 1))
        hit = np.expand_dims(target, dim) == classes
        q = weights.reshape(classes.shape) * ((1 - self.label_smoothing) * hit + self.label_smoothing / C)
        share = total(weights[target[counts]]) if self.reduction == "mean" else np.float64(1.0)
        return np.where(np.expand_dims(counts, dim), q, 0.0), share

    def out_of_range(self, integers: Array, *shapes: Shape | None) -> tuple[NDArray[np.bool_], str]:
        """Targets that count and are no class."""
        input = shapes[0]
        assert input is not None
        wrong = (integers < 0) | (integers >= input[_class_axis(input)])
        rule = say("targets are class numbers, or {ignored}", ignored=self.ignore_index)
        return (integers != self.ignore_index) & wrong, rule

    def _check_targets(self, target: Array, input: Shape) -> None:
        """Every target that counts must be a class."""
        if target.dtype.kind not in "iu":
            raise ArgumentError(
                self.name,
                "target must hold integer class numbers",
                expected="an integer dtype",
                got=f"{target.dtype}",
                hint="use target.astype(np.int64)" if are_whole(target) else None,
            )
        wrong, _ = self.out_of_range(target, input)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise ArgumentError(
                self.name,
                "every target must be a class number or ignore_index",
                expected=say(
                    "0 ≤ target < {classes}, or {ignore_index}",
                    classes=input[_class_axis(input)],
                    ignore_index=self.ignore_index,
                ),
                got=f"target{list(at) if at else ''} = {target[at]}",
            )


def _class_axis(input: Shape) -> int:
    """The classes' axis: the second one, or the only one of a single sample."""
    return min(len(input) - 1, 1)


def _shape_hint(input: Shape, target: Shape | None) -> str | None:
    """What to do about a target that has not the input's shape without the classes."""
    if len(input) > 2 and target == input[:1]:  # feature maps, but one label per image
        return "end the network in logits (N, classes), for example with Flatten and Linear"
    axis = _class_axis(input)
    if target == input and input[axis] > 1:
        return say("use target.argmax(axis={axis}) for one-hot targets", axis=axis)
    return "use target.reshape(-1)" if len(input) == 2 and target == (input[0], 1) else None
