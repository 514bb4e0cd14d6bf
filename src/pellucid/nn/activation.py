"""Activation layers: a curve applied to every number, and softmax."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.errors import ArgumentError, ShapeError
from pellucid.nn.layer import Layer
from pellucid.ops.checks import choice, flag, number
from pellucid.sizes import is_integer


class ReLU(Layer):
    """max(x, 0); NaN stays NaN.

    `inplace` is PyTorch's and changes no number: which memory results take, the plan decides, and a caller's array
    stays as it is.

    Raises: ArgumentError when `inplace` is neither True nor False.
    """

    inplace = False

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = flag("ReLU", "inplace", inplace)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.relu(input)

    def extra_repr(self) -> str:
        """The setting, if it is there."""
        return "inplace=True" if self.inplace else ""


class LeakyReLU(Layer):
    """x where x > 0, else negative_slope·x. `inplace` as in `ReLU`.

    Raises: ArgumentError when `negative_slope` is not a finite number.
    """

    inplace = False

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)
        self.inplace = flag("LeakyReLU", "inplace", inplace)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """The settings."""
        return f"negative_slope={self.negative_slope}{', inplace=True' if self.inplace else ''}"


class Sigmoid(Layer):
    """1/(1 + e⁻ˣ)."""

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.sigmoid(input)


class Tanh(Layer):
    """The hyperbolic tangent."""

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.tanh(input)


class GELU(Layer):
    """x·Φ(x), with Φ the distribution function of the normal distribution; "tanh" approximates it.

    Raises: ArgumentError when `approximate` is neither "none" nor "tanh".
    """

    def __init__(self, approximate: str = "none") -> None:
        choice("GELU", "approximate", approximate, ("none", "tanh"))
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The formula used."""
        return f"approximate={self.approximate!r}"


class SiLU(Layer):
    """x·sigmoid(x). `inplace` as in `ReLU`."""

    inplace = False

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = flag("SiLU", "inplace", inplace)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.silu(input)

    def extra_repr(self) -> str:
        """The setting, if it is there."""
        return "inplace=True" if self.inplace else ""


class _AlongOneAxis(Layer):
    def __init__(self, dim: int = 1) -> None:
        where = type(self).__name__
        if not is_integer(dim):
            raise ArgumentError(where, "dim must be the number of an axis", got=f"dim={dim!r}")
        self.dim = int(dim)

    def extra_repr(self) -> str:
        """The axis."""
        return f"dim={self.dim}"


class Softmax(_AlongOneAxis):
    """eˣ/Σeˣ along the axis `dim`, the channels or classes unless said otherwise.

    Raises: ArgumentError when `dim` is not a whole number.
    """

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.softmax(input, self.dim)


class GLU(_AlongOneAxis):
    """The first half of x along the axis `dim` times σ of the second half.

    Raises: ArgumentError when `dim` is not a whole number.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)

    def forward(self, input: Any) -> Any:
        """The axis `dim` is halved."""
        return F.glu(input, self.dim)


class LogSoftmax(_AlongOneAxis):
    """x − log Σeˣ along the axis `dim`, the channels or classes unless said otherwise.

    Raises: ArgumentError when `dim` is not a whole number.
    """

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.log_softmax(input, self.dim)


class Softmin(_AlongOneAxis):
    """The softmax of −x along the axis `dim`, the channels or classes unless said otherwise.

    Raises: ArgumentError when `dim` is not a whole number.
    """

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.softmin(input, self.dim)


class Softmax2d(Layer):
    """The softmax over the channels of (N,C,H,W) or (C,H,W), at each position."""

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        if input.ndim not in (3, 4):
            raise ShapeError("Softmax2d", "input must be (N,C,H,W) or (C,H,W)", got=f"input {input.shape}")
        return F.softmax(input, -3)
