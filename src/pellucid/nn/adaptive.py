"""Adaptive pooling layers: one number for each of as many windows as the output is to have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.nn.layer import Layer
from pellucid.ops.adaptive_pool import OutputSize, output_sizes
from pellucid.ops.checks import flag


class _AdaptivePool(Layer):
    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: OutputSize) -> None:
        self.output_size = output_sizes(type(self).__name__, output_size, self.dims)

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,*output_size)."""
        return type(self).function(input, self.output_size)

    def extra_repr(self) -> str:
        """The size of the output."""
        return f"output_size={self.output_size}"


class _AdaptiveMaxPool(_AdaptivePool):
    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = flag(type(self).__name__, "return_indices", return_indices)

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,*output_size), and with `return_indices` where in the input it comes from."""
        return type(self).function(input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_AdaptivePool):
    """Means of windows so spread that the output has `output_size`: (N,C,W) → (N,C,output_size)."""

    dims = 1
    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptivePool):
    """Means of windows so spread that the output has `output_size`; 1 is the mean of the whole image.

    None keeps the input's size along an axis: `AdaptiveAvgPool2d((None, 2))`.

    Shapes: (N,C,H,W) → (N,C,*output_size).
    Raises: ArgumentError when a size is neither None nor a whole number ≥ 1.
    """

    dims = 2
    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptivePool):
    """Means of windows so spread that the output has `output_size`: (N,C,D,H,W) → (N,C,*output_size)."""

    dims = 3
    function = staticmethod(F.adaptive_avg_pool3d)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest number of windows so spread that the output has `output_size`: (N,C,W) → (N,C,output_size)."""

    dims = 1
    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest number of windows so spread that the output has `output_size`; the first wins a tie.

    None keeps the input's size along an axis: `AdaptiveMaxPool2d((None, 2))`.

    Shapes: (N,C,H,W) → (N,C,*output_size).
    Raises: ArgumentError when a size is neither None nor a whole number ≥ 1.
    """

    dims = 2
    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest number of windows so spread that the output has `output_size`: (N,C,D,H,W) → (N,C,*output_size)."""

    dims = 3
    function = staticmethod(F.adaptive_max_pool3d)
