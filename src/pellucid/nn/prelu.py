"""The leaky rectifier whose slope is learned, as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid import functional as F
from pellucid.nn.layer import Layer, whole
from pellucid.nn.parameter import Parameter
from pellucid.ops.checks import number


class PReLU(Layer):
    """x where x > 0, else weight·x, with one weight for all channels or one for each.

    Shapes: (N,C,…) → the same; the weight is (num_parameters,).

    Args:
        num_parameters: 1 or C.
        init: the weight's first values.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input has other channels.
    """

    fixed = ("num_parameters",)

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.num_parameters = whole("PReLU", "num_parameters", num_parameters)
        self.init = number("PReLU", "init", init)
        self.weight = Parameter(np.full(num_parameters, self.init))

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The settings."""
        return f"num_parameters={self.num_parameters}"
