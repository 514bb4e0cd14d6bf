"""The fully connected layer."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn import init
from pellucid.nn.layer import Layer, whole
from pellucid.ops.checks import flag


class Linear(Layer):
    """Every output is a weighted sum of all inputs.

        output[n,o] = bias[o] + Σ_i input[n,i]·weight[o,i]

    n stands for any number of leading axes.

    Shapes: input (…,in_features), weight (out_features,in_features), bias (out_features,) → (…,out_features).

    Args:
        in_features: how many numbers go in.
        out_features: how many come out.
        bias: whether a learned number is added to each output.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    fixed = ("in_features", "out_features")

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        self.in_features = whole("Linear", "in_features", in_features)
        self.out_features = whole("Linear", "out_features", out_features)
        self.weight = init.uniform((out_features, in_features), in_features)
        self.bias = init.uniform((out_features,), in_features) if flag("Linear", "bias", bias) else None

    def forward(self, input: Any) -> Any:
        """(…,in_features) → (…,out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The settings."""
        bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={bias}"
