"""Layers that pass numbers on: Flatten and back, Identity and, in inference, dropout of all kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.errors import ArgumentError, say
from pellucid.nn.layer import Layer
from pellucid.ops.checks import choice, flag, number
from pellucid.sizes import is_integer


class Flatten(Layer):
    """The axes from `start_dim` to `end_dim` become one, in the order of the public axes: (N,C,H,W) → (N,C·H·W).

    Raises: ArgumentError when one of the two is no whole number.
    """

    start_dim, end_dim = 1, -1

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = (
            _axis("Flatten", "start_dim", start_dim),
            _axis("Flatten", "end_dim", end_dim),
        )

    def forward(self, input: Any) -> Any:
        """(N,…) → (N,product of the rest), with the default settings."""
        return F.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The settings, where they are others than usual."""
        usual = (self.start_dim, self.end_dim) == (1, -1)
        return "" if usual else f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Layer):
    """The axis `dim` becomes several, of the sizes `unflattened_size`, one of which may be −1: (N,C·H) → (N,C,H).

    Raises: ArgumentError when `dim` is no whole number, or a size is none.
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.dim = _axis("Unflatten", "dim", dim)
        if not isinstance(unflattened_size, Sequence) or not all(map(is_integer, unflattened_size)):
            got = repr(unflattened_size)[:80]
            raise ArgumentError("Unflatten", "unflattened_size holds whole numbers", got=got)
        self.unflattened_size = tuple(map(int, unflattened_size))

    def forward(self, input: Any) -> Any:
        """One axis more for each size but one."""
        return F.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The settings."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Identity(Layer):
    """The input itself."""

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return input


class _Dropping(Layer):
    _function: ClassVar[Callable[..., Any]]
    inplace = False

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        where = type(self).__name__
        self.p = number(where, "p", p, "[0, 1]")
        self.inplace = flag(where, "inplace", inplace)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return type(self)._function(input, self.p) if self.training and self.p > 0 else input

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}{', inplace=True' if self.inplace else ''}"


class Dropout(_Dropping):
    """In training, each number becomes 0 with probability p and the others grow by 1/(1−p). `inplace` as in `ReLU`.

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    _function = staticmethod(F.dropout)


class Dropout1d(_Dropping):
    """In training, whole channels of (N,C,L) or (C,L) become 0 with probability p and the others grow by 1/(1−p).

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    _function = staticmethod(F.dropout1d)


class Dropout2d(_Dropping):
    """In training, whole channels of (N,C,H,W) or (N,C,L) become 0 with probability p and the others grow by 1/(1−p).

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    _function = staticmethod(F.dropout2d)


class Dropout3d(_Dropping):
    """In training, whole channels of (N,C,D,H,W) or (C,D,H,W) become 0 with probability p, others grow by 1/(1−p).

    Raises: ArgumentError when `p` is not a number from 0 to 1.
    """

    _function = staticmethod(F.dropout3d)


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


def _axis(where: str, name: str, value: int) -> int:
    """The number of an axis."""
    if not is_integer(value):
        raise ArgumentError(where, say("{name} must be a whole number", name=name), got=repr(value))
    return int(value)
