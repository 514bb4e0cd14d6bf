"""The linear (fully connected) layer.

    output[n,o]      = bias[o] + Σ_i input[n,i]·weight[o,i]
    grad_input[n,i]  = Σ_o grad_output[n,o]·weight[o,i]
    grad_weight[o,i] = Σ_n grad_output[n,o]·input[n,i]
    grad_bias[o]     = Σ_n grad_output[n,o]

n stands for any number of leading axes, also none. Order of summation: the summed index ascending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.errors import ShapeError
from pellucid.ops.base import Array, Gradients, Op, Shape, Terms, choices, columns


@dataclass(frozen=True)
class Linear(Op):
    """A product with a matrix of weights, plus a bias. Its sizes are the weight's, so it has no settings."""

    arguments: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")
    differentiable: ClassVar[tuple[str, ...]] = ("input", "weight", "bias")

    @property
    def name(self) -> str:
        """The op's name."""
        return "linear"

    def infer(self, *shapes: Shape | None) -> Shape:
        """(…,in_features), (out_features,in_features), (out_features,) or None → (…,out_features)."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        if len(weight) != 2:
            rule = "weight must have 2 axes (out_features, in_features)"
            raise ShapeError(self.name, rule, got=f"weight {weight}")
        if not input or input[-1] != weight[1]:
            hint = f"set in_features={input[-1]}" if input else None
            raise ShapeError(
                self.name,
                "the input's last axis must equal in_features",
                expected=f"{weight[1]} from weight {weight}",
                got=f"{input[-1] if input else 'no axis'} from input {input}",
                hint="put Flatten before the layer" if len(input) > 2 else hint,
            )
        if bias is not None and bias != weight[:1]:
            rule = "bias must have one value per output feature"
            raise ShapeError(self.name, rule, expected=f"{weight[:1]}", got=f"{bias}")
        return (*input[:-1], weight[0])

    def terms(self, of: str, at: NDArray[np.int64], *shapes: Shape | None) -> Terms:
        """The products of elements of output, grad_input, grad_weight or grad_bias."""
        input, weight, bias = shapes
        assert input is not None
        assert weight is not None
        *n, last = columns(at)
        if of == "output":
            (i,) = choices(weight[1])
            start = None if bias is None else ("bias", (at[:, -1],))
            return Terms((("input", (*n, i)), ("weight", (last, i))), start)
        if of == "grad_input":
            (o,) = choices(weight[0])
            return Terms((("grad_output", (*n, o)), ("weight", (o, last))))
        batch = choices(*input[:-1])
        if of == "grad_weight":
            return Terms((("grad_output", (*batch, *n)), ("input", (*batch, last))))
        return Terms((("grad_output", (*batch, last)),))

    def forward(self, *operands: Array | None) -> Array:
        """One product of matrices."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        self.infer(input.shape, weight.shape, None if bias is None else bias.shape)
        output: Array = input @ weight.T
        return output if bias is None else output + bias

    def backward(self, grad_output: Array, *operands: Array | None) -> Gradients:
        """Send every product back to both of its factors."""
        input, weight, bias = operands
        assert input is not None
        assert weight is not None
        batch = tuple(range(input.ndim - 1))
        grad_weight = np.tensordot(grad_output, input, (batch, batch))
        return grad_output @ weight, grad_weight, None if bias is None else grad_output.sum(axis=batch)
