"""Layer normalisation: all numbers along the last axes are brought to mean 0 and variance 1.

j stands for all coordinates along the last axes, n for those before, m is the count of values along the last axes.
weight and bias have the shape of the normalised axes. Computed in float64 and rounded once.
Source: Ba, Kiros and Hinton, Layer Normalization, 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pellucid.errors import ShapeError, say
from pellucid.functions.sums import total
from pellucid.ops.base import FUNCTION_EFFORT, Array, Gradients, Shape
from pellucid.ops.checks import number
from pellucid.ops.norm import Norm
from pellucid.ops.relation import IndexPattern, Labels
from pellucid.ops.settings import listed
from pellucid.ops.standardise import standardised, standardised_gradient
from pellucid.sizes import size_of


@dataclass(frozen=True)
class LayerNorm(Norm):
    """The sizes of the axes that are normalised together."""

    normalized_shape: tuple[int, ...]
    eps: float = 1e-5

    formulas: ClassVar[Mapping[str, str]] = {
        "output": "output[n,j] = (input[n,j] − mean[n])·istd[n]⟦·weight[j]⟧⟦ + bias[j]⟧",
        "mean": "mean[n] = Σ_j input[n,j]/m",
        "var": "var[n] = Σ_j (input[n,j] − mean[n])²/m",
        "istd": "istd[n] = 1/√(var[n] + eps)",
        "grad_bias": "grad_bias[j] = Σ_n grad_output[n,j]",
        "grad_weight": "grad_weight[j] = Σ_n grad_output[n,j]·(input[n,j] − mean[n])·istd[n]",
        "grad_istd": "grad_istd[n] = Σ_j grad_output[n,j]·(input[n,j] − mean[n])⟦·weight[j]⟧",
        "grad_var": "grad_var[n] = −½·istd[n]³·grad_istd[n]",
        "grad_mean": "grad_mean[n] = −Σ_j grad_output[n,j]·istd[n]⟦·weight[j]⟧",
        "grad_input": "grad_input[n,j] = grad_output[n,j]·istd[n]⟦·weight[j]⟧ + grad_mean[n]/m"
        " + grad_var[n]·2·(input[n,j] − mean[n])/m",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        self.settle(normalized_shape=listed(self.normalized_shape))

    @property
    def name(self) -> str:
        """The op's name."""
        return "layer_norm"

    def sets(self, input: Shape) -> Shape:
        """The axes before those that are normalised together."""
        return input[: len(input) - len(self.normalized_shape)]

    def relation(self, shapes: Mapping[str, Shape], read: Callable[[str], Array]) -> IndexPattern:
        """Every number with the statistics of its set, and the weights of its place in the set."""
        labels: dict[str, Labels] = dict.fromkeys(self.statistics({}), ("n",))
        labels |= dict.fromkeys(("input", "output"), ("n", "j"))
        labels |= dict.fromkeys(("weight", "bias"), ("j",))
        sets, set_size = size_of(self.sets(shapes["input"])), size_of(self.normalized_shape)
        return IndexPattern(labels, {"n": sets, "j": set_size})

    def effort(self, *shapes: Shape | None) -> int:
        """As any norm's; the numbers are read as they lie in memory."""
        return FUNCTION_EFFORT * size_of(shapes[0] or ())

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…, normalized_shape) and twice normalized_shape or None → (…, normalized_shape)."""
        input, *others = shapes
        assert input is not None
        last = tuple(self.normalized_shape)
        if not last or input[max(len(input) - len(last), 0) :] != last:
            rule = "the input's last axes must be normalized_shape"
            raise ShapeError(
                self.name,
                rule,
                expected=f"(…, {', '.join(map(str, last))})" if last else "at least one axis",
                got=f"input {input}",
            )
        for label, shape in zip(("weight", "bias"), others, strict=True):
            if shape is not None and shape != last:
                rule = say("{name} must have the shape normalized_shape", name=label)
                raise ShapeError(self.name, rule, expected=f"{last}", got=f"{shape}")
        number(self.name, "eps", self.eps, "[0, inf)")
        return input

    def forward(self, *operands: Array | None) -> Array:
        """Normalise, scale, shift."""
        input, weight, bias = operands
        assert input is not None
        self.infer(*(None if x is None else x.shape for x in operands))
        output = standardised(self._sets(input), self.eps)[0].reshape(input.shape)
        if weight is not None:
            output = output * weight.astype(np.float64)
        if bias is not None:
            output = output + bias.astype(np.float64)
        return output.astype(input.dtype)

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """First to x̂, then through the statistics."""
        input, weight, bias = operands
        assert input is not None
        normalised, scale = standardised(self._sets(input), self.eps)
        grad = grad_output.astype(np.float64)
        inner = grad if weight is None else grad * weight.astype(np.float64)
        grad_input = standardised_gradient(self._sets(inner), normalised, scale).reshape(input.shape)
        over = tuple(range(input.ndim - len(self.normalized_shape)))
        grad_weight = total(grad * normalised.reshape(input.shape), over)
        return (
            grad_input.astype(input.dtype),
            None if weight is None else grad_weight.astype(weight.dtype),
            None if bias is None else total(grad, over).astype(bias.dtype),
        )

    def _sets(self, array: Array) -> Array:
        """(the axes before, the numbers that are normalised together)."""
        before = array.shape[: array.ndim - len(self.normalized_shape)]
        return array.reshape(*before, size_of(self.normalized_shape))
