"""Layers that pass numbers on: Flatten, Identity and, in inference, Dropout."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.engine.graph import is_training
from pellucid.nn.layer import Layer
from pellucid.ops.checks import flag, number


class Flatten(Layer):
    """All axes but the first become one, in the order of the public axes: (N,C,H,W) → (N,C·H·W)."""

    def forward(self, input: Any) -> Any:
        """(N,…) → (N,product of the rest)."""
        return F.flatten(input, 1)


class Identity(Layer):
    """The input itself."""

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return input


class Dropout(Layer):
    """In training, each number becomes 0 with probability p and the others grow by 1/(1−p). `inplace` as in `ReLU`.

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    inplace = False

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p = number("Dropout", "p", p, "[0, 1]")
        self.inplace = flag("Dropout", "inplace", inplace)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.dropout(input, self.p) if is_training() and self.training and self.p > 0 else input

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}{', inplace=True' if self.inplace else ''}"
