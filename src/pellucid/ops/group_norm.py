"""Group normalisation: the numbers of a group of channels of one image are brought to mean 0 and variance 1.

g is the group of channel c, y stands for all coordinates in space, m is the count
of a group's values in one image.
With as many groups as channels this is instance normalisation. Computed in float64 and rounded once.
Sources: Wu and He, Group Normalization, 2018; Ulyanov and others, Instance Normalization, 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.functions.sums import LANES, total
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Shape
from pellucid.ops.checks import number
from pellucid.ops.norm import Norm
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.ops.standardise import standardised, standardised_gradient
from pellucid.sizes import is_integer, size_of


@dataclass(frozen=True)
class GroupNorm(Norm):
    """The number of groups; None for one group a channel (instance normalisation)."""

    num_groups: int | None
    eps: float = 1e-5

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,c,y] = (input[n,c,y] − mean[n,g])·istd[n,g]⟦·weight[c]⟧⟦ + bias[c]⟧",
        "mean": "mean[n,g] = Σ_{c,y} input[n,c,y]/m",
        "var": "var[n,g] = Σ_{c,y} (input[n,c,y] − mean[n,g])²/m",
        "istd": "istd[n,g] = 1/√(var[n,g] + eps)",
        "grad_bias": "grad_bias[c] = Σ_{n,y} grad_output[n,c,y]",
        "grad_weight": "grad_weight[c] = Σ_{n,y} grad_output[n,c,y]·(input[n,c,y] − mean[n,g])·istd[n,g]",
        "grad_istd": "grad_istd[n,g] = Σ_{c,y} grad_output[n,c,y]·(input[n,c,y] − mean[n,g])⟦·weight[c]⟧",
        "grad_var": "grad_var[n,g] = −½·istd[n,g]³·grad_istd[n,g]",
        "grad_mean": "grad_mean[n,g] = −Σ_{c,y} grad_output[n,c,y]·istd[n,g]⟦·weight[c]⟧",
        "grad_input": "grad_input[n,c,y] = grad_output[n,c,y]·istd[n,g]⟦·weight[c]⟧ + grad_mean[n,g]/m"
        " + grad_var[n,g]·2·(input[n,c,y] − mean[n,g])/m",
    }

    @property
    def name(self) -> str:
        """The op's name."""
        return "instance_norm" if self.num_groups is None else "group_norm"

    def sets(self, input: Shape) -> Shape:
        """(N, groups)."""
        return (*input[:1], *map(self.groups, input[1:2]))

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Every number with the statistics of its group, and the weights of its channel."""
        n, c, *space = shapes["input"]
        labels: dict[str, Labels] = dict.fromkeys(self.statistics({}), ("n", "g"))
        labels |= dict.fromkeys(("input", "output"), ("n", "g", "c", "s"))
        labels |= dict.fromkeys(("weight", "bias"), ("g", "c"))
        groups = self.groups(c)
        return IndexPattern(labels, {"n": n, "g": groups, "c": c // groups, "s": size_of(space)})

    def effort(self, *shapes: Shape | None) -> int:
        """As any norm's; rows of some pixels are read as they lie in memory."""
        input = shapes[0] or ()
        return FUNCTION_EFFORT * size_of(input) if size_of(input[2:]) >= LANES else super().effort(*shapes)

    def infer(self, *shapes: Shape | None) -> Shape:
        """(N,C,…) and twice (C,) or None → (N,C,…)."""
        input, *channels = shapes
        assert input is not None
        if len(input) < 2:
            raise ShapeError(self.name, "input must have at least 2 axes (N, C)", got=f"input {input}")
        groups = self.num_groups
        if groups is not None and (not is_integer(groups) or groups < 1 or input[1] % groups):
            rule = "channels must be a multiple of num_groups"
            raise ArgumentError(self.name, rule, got=f"input {input}, num_groups={groups!r}")
        if groups is not None and input[0] * (input[1] // groups) * size_of(input[2:]) == 1:
            rule = "a group needs more than 1 value"
            raise ShapeError(self.name, rule, got=f"input {input}, num_groups={groups}")
        for label, shape in zip(("weight", "bias"), channels, strict=True):
            if shape is not None and shape != input[1:2]:
                rule = say("{name} must have one value per channel", name=label)
                got = say("{name} {shape} for input {input}", name=label, shape=shape, input=input)
                raise ShapeError(self.name, rule, expected=f"{input[1:2]}", got=got)
        number(self.name, "eps", self.eps, "[0, inf)")
        return input

    def groups(self, channels: int) -> int:
        """How many groups so many channels make."""
        return channels if self.num_groups is None else self.num_groups

    def forward(self, *operands: Array | None) -> Array:
        """Normalise, scale, shift."""
        input, weight, bias = operands
        assert input is not None
        self.infer(*(None if x is None else x.shape for x in operands))
        output = standardised(self._sets(input), self.eps)[0].reshape(input.shape)
        if weight is not None:
            output = output * _along(weight, input)
        if bias is not None:
            output = output + _along(bias, input)
        return output.astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """First to x̂, then through the statistics."""
        input, weight, bias = operands
        assert input is not None
        normalised, scale = standardised(self._sets(input), self.eps)
        grad, over = grad_output.astype(np.float64), (0, *range(2, input.ndim))
        grad_weight = total(grad * normalised.reshape(input.shape), over)
        inner = grad if weight is None else grad * _along(weight, input)
        grad_input = standardised_gradient(self._sets(inner), normalised, scale).reshape(input.shape)
        return (
            grad_input.astype(input.dtype),
            None if weight is None else grad_weight.astype(weight.dtype),
            None if bias is None else total(grad, over).astype(bias.dtype),
        )

    def _sets(self, array: Array) -> Array:
        """(N, groups, the numbers of a group)."""
        groups = self.groups(array.shape[1])
        size = array[:1, : array.shape[1] // max(groups, 1)].size if len(array) else 0
        return array.reshape(array.shape[0], groups, size)


def _along(values: Array, input: Array) -> Array:
    """One float64 value per channel, shaped to meet the input."""
    return values.astype(np.float64).reshape(-1, *(1,) * (input.ndim - 2))
