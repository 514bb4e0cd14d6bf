"""Batch normalisation: every channel is brought to mean 0 and variance 1, then scaled and shifted.

y stands for all coordinates in space, m is the count of a channel's values. In training mean and var depend on every
value, and so have gradients. The definition computes all of it in float64 and rounds once; kernels round weight·istd
and what is added to it to the input's type, which must hold them.
Source: Ioffe and Szegedy, Batch Normalization, 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import total
from pellucid.ops.base import Array, Gradients, Shape
from pellucid.ops.checks import channels_hint, flag, number
from pellucid.ops.norm import Norm
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.sizes import size_of

_RUNNING = {"running_mean": ("running_mean", "mean"), "running_var": ("running_var", "var")}
_INFERENCE_FORMULAS = {
    "mean": "mean[c] = running_mean[c] in inference",
    "istd": "istd[c] = 1/√(running_var[c] + eps) in inference",
    "grad_input": "grad_input[n,c,y] = grad_output[n,c,y]·istd[c]⟦·weight[c]⟧ in inference",
}
_INFERENCE = {
    "mean": ("running_mean",),
    "istd": ("running_var",),
    "grad_input": ("grad_output", "istd", "weight"),
}


@dataclass(frozen=True)
class BatchNorm(Norm):
    """Whether the batch's own statistics count, how fast the running ones follow, what is added to var."""

    training: bool
    momentum: float = 0.1
    eps: float = 1e-5

    arguments: ClassVar[tuple[str, ...]] = ("input", "running_mean", "running_var", "weight", "bias")
    optional: ClassVar[tuple[str, ...]] = ("running_mean", "running_var", "weight", "bias")
    owned: ClassVar[tuple[str, ...]] = ("running_mean", "running_var", "weight", "bias")
    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = (input[n,c,y] − mean[c])·istd[c]⟦·weight[c]⟧⟦ + bias[c]⟧",
        "mean": "mean[c] = Σ_{n,y} input[n,c,y]/m in training",
        "var": "var[c] = Σ_{n,y} (input[n,c,y] − mean[c])²/m in training",
        "istd": "istd[c] = 1/√(var[c] + eps) in training",
        "running_mean": "running_mean[c] = (1 − momentum)·running_mean[c] + momentum·mean[c] after training",
        "running_var": "running_var[c] = (1 − momentum)·running_var[c] + momentum·var[c]·m/(m − 1)",
        "grad_bias": "grad_bias[c] = Σ_{n,y} grad_output[n,c,y]",
        "grad_weight": "grad_weight[c] = Σ_{n,y} grad_output[n,c,y]·(input[n,c,y] − mean[c])·istd[c]",
        "grad_istd": "grad_istd[c] = Σ_{n,y} grad_output[n,c,y]·(input[n,c,y] − mean[c])⟦·weight[c]⟧",
        "grad_var": "grad_var[c] = −½·istd[c]³·grad_istd[c]",
        "grad_mean": "grad_mean[c] = −Σ_{n,y} grad_output[n,c,y]·istd[c]⟦·weight[c]⟧",
        "grad_input": "grad_input[n,c,y] = grad_output[n,c,y]·istd[c]⟦·weight[c]⟧ + grad_mean[c]/m"
        " + grad_var[c]·2·(input[n,c,y] − mean[c])/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "batch_norm"

    def mixed(self, rank: int) -> tuple[int, ...]:
        """The images, where their own statistics count; positions in space keep their places."""
        return (0,) if self.training and rank else ()

    @property
    def mutates(self) -> tuple[str, ...]:
        """The running statistics follow the batch's."""
        return ("running_mean", "running_var") if self.training else ()

    @property
    def mixes(self) -> bool:
        """In training."""
        return self.training

    def statistics(self, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
        """In inference the running statistics are given: what is left are the mean and 1/√(variance + eps)."""
        found = super().statistics(shapes)
        return found if self.training else {name: found[name] for name in ("mean", "istd")}

    def sets(self, input: Shape) -> Shape:
        """A channel each."""
        return input[1:2]

    def formula_of(self, result: str) -> str:
        """In inference the running statistics take the place of the batch's."""
        return (self.formulas if self.training else {**self.formulas, **_INFERENCE_FORMULAS})[result]

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Every number with its channel's statistics."""
        n, c, *space = shapes["input"]
        labels: dict[str, Labels] = dict.fromkeys((*self.arguments, *self.statistics({})), ("c",))
        labels |= dict.fromkeys(("input", "output"), ("n", "c", "s"))
        return IndexPattern(labels, {"n": n, "c": c, "s": size_of(space)})

    def reads(self, of: str) -> tuple[str, ...]:
        """In inference the running statistics; in training they become means of themselves and the batch's."""
        if not self.training and of in _INFERENCE:
            return _INFERENCE[of]
        return _RUNNING[of] if of in _RUNNING else super().reads(of)

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) and four times (C,) or None → (N,C,…)."""
        input, *channels = shapes
        assert input is not None
        flag(self.name, "training", self.training)
        if len(input) < 2:
            raise ShapeError(self.name, "input must have at least 2 axes (N, C)", got=f"input {input}")
        for label, shape in zip(self.arguments[1:], channels, strict=True):
            if shape is not None and shape != input[1:2]:
                rule = say("{name} must have one value per channel", name=label)
                got = say("{name} {shape} for input {input}", name=label, shape=shape, input=input)
                misplaced = label == "running_mean"
                hint = channels_hint(input, size_of(shape), "num_features") if misplaced else None
                raise ShapeError(self.name, rule, expected=f"{input[1:2]}", got=got, hint=hint)
        present = [shape is not None for shape in channels[:2]]
        if not all(present) and (any(present) or not self.training):
            raise ArgumentError(
                self.name,
                "running_mean and running_var are given together, and always in inference",
                got=say(
                    "running_mean={mean} and running_var={var}",
                    mean=say("an array") if present[0] else None,
                    var=say("an array") if present[1] else None,
                ),
            )
        if self.training and input[0] * size_of(input[2:]) == 1:
            raise ShapeError(
                self.name,
                "training needs more than 1 value per channel",
                got=f"input {input}",
                hint="use a larger batch, or inference mode",
            )
        number(self.name, "momentum", self.momentum)
        number(self.name, "eps", self.eps, "(0, inf)")
        return input

    def moments(self, input: Array) -> tuple[Array, Array]:
        """The batch's mean and biased variance per channel, in float64 (zeros for an empty batch)."""
        over, values = _over(input), input.astype(np.float64)
        count = max(_count(input), 1)
        mean = total(values, over) / count
        return mean, total((values - _along(mean, input)) ** 2, over) / count

    def updated_statistics(
        self, input: Array, running_mean: Array, running_var: Array
    ) -> tuple[Array, Array]:
        """The running statistics after training on this batch; an empty batch leaves them as they are."""
        count = _count(input)
        if count == 0:
            return running_mean.copy(), running_var.copy()
        mean, var = self.moments(input)
        updates = (running_mean, mean), (running_var, var * count / (count - 1))
        new_mean, new_var = (
            ((1 - self.momentum) * old.astype(np.float64) + self.momentum * new).astype(old.dtype)
            for old, new in updates
        )
        return new_mean, new_var

    def forward(self, *operands: Array | None) -> Array:
        """Normalise, scale, shift."""
        input, _, _, weight, bias = operands
        assert input is not None
        self.infer(*(None if operand is None else operand.shape for operand in operands))
        output, _ = self._normalised(operands)
        if weight is not None:
            output = output * _along(weight, input)
        if bias is not None:
            output = output + _along(bias, input)
        return output.astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """In training, mean and variance depend on each value, hence the two corrections."""
        input, _, _, weight, bias = operands
        assert input is not None
        normalised, scale = self._normalised(operands)
        grad = grad_output.astype(np.float64)
        grad_weight, grad_bias = (total(x, _over(input)) for x in (grad * normalised, grad))
        if self.training:
            count = max(_count(input), 1)
            grad = grad - _along(grad_bias / count, input) - normalised * _along(grad_weight / count, input)
        grad_input = grad * scale * (1.0 if weight is None else _along(weight, input))
        return (
            grad_input.astype(input.dtype),
            None if weight is None else grad_weight.astype(weight.dtype),
            None if bias is None else grad_bias.astype(bias.dtype),
        )

    def _normalised(self, operands: tuple[Array | None, ...]) -> tuple[Array, Array]:
        """x̂ and 1/√(var + eps), both in float64."""
        input, mean, var, _, _ = operands
        assert input is not None
        if self.training:
            mean, var = self.moments(input)
        assert mean is not None
        assert var is not None
        scale = 1.0 / np.sqrt(_along(var, input) + self.eps)
        return (input - _along(mean, input)) * scale, scale


def _over(input: Array) -> Shape:
    """The axes that a channel's statistics sum over: all but C."""
    return (0, *range(2, input.ndim))


def _count(input: Array) -> int:
    """How many values a channel has."""
    return size_of((input.shape[0], *input.shape[2:]))


def _along(values: Array, input: Array) -> Array:
    """One float64 value per channel, shaped to meet the input."""
    return values.astype(np.float64).reshape(-1, *(1,) * (input.ndim - 2))
