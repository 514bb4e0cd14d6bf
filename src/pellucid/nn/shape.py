"""Layers that pass numbers on: Flatten, Identity and, in inference, dropout of all kinds."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.layer import Layer
from pellucid.ops.checks import choice, flag, number


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


class _Dropping(Layer):
    inplace = False

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        where = type(self).__name__
        self.p = number(where, "p", p, "[0, 1]")
        self.inplace = flag(where, "inplace", inplace)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return self._dropped(input) if self.training and self.p > 0 else input

    def _dropped(self, input: Any) -> Any:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}{', inplace=True' if self.inplace else ''}"


class Dropout(_Dropping):
    """In training, each number becomes 0 with probability p and the others grow by 1/(1−p). `inplace` as in `ReLU`.

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    def _dropped(self, input: Any) -> Any:
        return F.dropout(input, self.p)


class Dropout1d(_Dropping):
    """In training, whole channels of (N,C,L) or (C,L) become 0 with probability p and the others grow by 1/(1−p).

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    def _dropped(self, input: Any) -> Any:
        return F.dropout1d(input, self.p)


class Dropout2d(_Dropping):
    """In training, whole channels of (N,C,H,W) or (N,C,L) become 0 with probability p and the others grow by 1/(1−p).

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    def _dropped(self, input: Any) -> Any:
        return F.dropout2d(input, self.p)


class Dropout3d(_Dropping):
    """In training, whole channels of (N,C,D,H,W) or (C,D,H,W) become 0 with probability p, others grow by 1/(1−p).

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    def _dropped(self, input: Any) -> Any:
        return F.dropout3d(input, self.p)


class StochasticDepth(Layer):
    """In training, each image (mode "row") or the whole batch ("batch") becomes 0 with probability p, else grows.

    What stays is multiplied by 1/(1−p). It stands at the end of a residual branch, as in torchvision.

    Raises: ArgumentError when `p` is not a number from 0 to 1, or for another mode.
    """

    def __init__(self, p: float, mode: str) -> None:
        self.p = number("StochasticDepth", "p", p, "[0, 1]")
        choice("StochasticDepth", "mode", mode, ("batch", "row"))
        self.mode = mode

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.stochastic_depth(input, self.p, self.mode) if self.training and self.p > 0 else input

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, mode={self.mode}"
