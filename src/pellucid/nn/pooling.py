"""Pooling layers: one number for each window of a channel. (Adaptive ones: `adaptive.py`.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.errors import ArgumentError, say
from pellucid.nn.layer import Layer
from pellucid.ops.checks import flag, number
from pellucid.sizes import IntOrTuple, is_integer, per_axis


class _Pool(Layer):
    """Windows over `dims` spatial axes; the stride is the window unless said otherwise."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def _set_window(
        self, kernel_size: IntOrTuple, stride: IntOrTuple | None, padding: IntOrTuple, dilation: IntOrTuple
    ) -> None:
        where = type(self).__name__
        self.kernel_size = per_axis(where, "kernel_size", kernel_size, self.dims)
        self.stride = self.kernel_size if stride is None else per_axis(where, "stride", stride, self.dims)
        self.padding = per_axis(where, "padding", padding, self.dims, minimum=0)
        self.dilation = per_axis(where, "dilation", dilation, self.dims)
        for pad, kernel in zip(self.padding, self.kernel_size, strict=True):
            if pad > kernel // 2:
                raise ArgumentError(
                    where,
                    "padding must be at most half of kernel_size",
                    got=say(
                        "padding={padding!r} for kernel_size={kernel_size!r}",
                        padding=padding,
                        kernel_size=kernel_size,
                    ),
                )


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: IntOrTuple,
        stride: IntOrTuple | None = None,
        padding: IntOrTuple = 0,
        dilation: IntOrTuple = 1,
        return_indices: bool = False,  # PyTorch's order, which is not that of its function
        ceil_mode: bool = False,
    ) -> None:
        self._set_window(kernel_size, stride, padding, dilation)
        self.ceil_mode = flag(type(self).__name__, "ceil_mode", ceil_mode)
        self.return_indices = flag(type(self).__name__, "return_indices", return_indices)

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,…), and with `return_indices` where in the input it comes from."""
        return type(self).function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        """The window."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: IntOrTuple,
        stride: IntOrTuple | None = None,
        padding: IntOrTuple = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._set_window(kernel_size, stride, padding, 1)
        self.ceil_mode = flag(type(self).__name__, "ceil_mode", ceil_mode)
        self.count_include_pad = flag(type(self).__name__, "count_include_pad", count_include_pad)

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,…)."""
        return type(self).function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        """The window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _DividedAvgPool(_AvgPool):
    def __init__(
        self,
        kernel_size: IntOrTuple,
        stride: IntOrTuple | None = None,
        padding: IntOrTuple = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        if divisor_override is not None and (not is_integer(divisor_override) or divisor_override == 0):
            rule = "divisor_override must be an integer other than 0"
            raise ArgumentError(type(self).__name__, rule, got=f"divisor_override={divisor_override!r}")
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,…)."""
        window = self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        return type(self).function(input, *window, self.divisor_override)

    def extra_repr(self) -> str:
        """The window, and the divisor where one is given."""
        text = super().extra_repr()
        return text if self.divisor_override is None else f"{text}, divisor_override={self.divisor_override}"


class _LpPool(Layer):
    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        norm_type: float,
        kernel_size: IntOrTuple,
        stride: IntOrTuple | None = None,
        ceil_mode: bool = False,
    ) -> None:
        where = type(self).__name__
        if number(where, "norm_type", norm_type) == 0:
            raise ArgumentError(where, "norm_type must not be 0", got="norm_type=0")
        self.norm_type = norm_type
        self.kernel_size = per_axis(where, "kernel_size", kernel_size, self.dims)
        self.stride = self.kernel_size if stride is None else per_axis(where, "stride", stride, self.dims)
        self.ceil_mode = flag(where, "ceil_mode", ceil_mode)

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,C,…)."""
        return type(self).function(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """The norm and the window."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest number of each window: (N,C,W) → (N,C,Wo). Settings as those of `MaxPool2d`."""

    dims = 1
    function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest number of each window, channel by channel; the first in row-major order wins a tie.

    Shapes: (N,C,H,W) → (N,C,Ho,Wo).

    Args:
        kernel_size: the window, one number or (rows, columns).
        stride: step between windows; None means `kernel_size`.
        padding: positions around the input that never win; at most half of `kernel_size`.
        dilation: distance between the window's elements.
        return_indices: also return which element won each window, as `MaxUnpool2d` takes it: the number of its
            position, row-major in its channel's plane.
        ceil_mode: also count windows that hang over the end.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    dims = 2
    function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest number of each window: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `MaxPool2d`."""

    dims = 3
    function = staticmethod(F.max_pool3d)


class AvgPool1d(_AvgPool):
    """The mean of each window: (N,C,W) → (N,C,Wo). Settings as those of `AvgPool2d`."""

    dims = 1
    function = staticmethod(F.avg_pool1d)


class AvgPool2d(_DividedAvgPool):
    """The mean of each window, channel by channel.

    Shapes: (N,C,H,W) → (N,C,Ho,Wo).

    Args:
        kernel_size: the window, one number or (rows, columns).
        stride: step between windows; None means `kernel_size`.
        padding: zeros around the input; at most half of `kernel_size`.
        ceil_mode: also count windows that hang over the end.
        count_include_pad: whether the padding's zeros count in the mean.
        divisor_override: what a window's sum is divided by, in place of the number of its elements.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    dims = 2
    function = staticmethod(F.avg_pool2d)


class AvgPool3d(_DividedAvgPool):
    """The mean of each window: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `AvgPool2d`."""

    dims = 3
    function = staticmethod(F.avg_pool3d)


class LPPool1d(_LpPool):
    """The p-norm of each window: (N,C,W) → (N,C,Wo). Settings as those of `LPPool2d`."""

    dims = 1
    function = staticmethod(F.lp_pool1d)


class LPPool2d(_LpPool):
    """The p-norm of each window, channel by channel: (Σ inputᵖ)^(1/p).

    Shapes: (N,C,H,W) → (N,C,Ho,Wo).

    Args:
        norm_type: p; 1 is the sum of a window, a large one comes near its maximum.
        kernel_size: the window, one number or (rows, columns).
        stride: step between windows; None means `kernel_size`.
        ceil_mode: also count windows that hang over the end; their sums are scaled up to whole windows.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    dims = 2
    function = staticmethod(F.lp_pool2d)


class LPPool3d(_LpPool):
    """The p-norm of each window: (N,C,D,H,W) → (N,C,Do,Ho,Wo). Settings as those of `LPPool2d`."""

    dims = 3
    function = staticmethod(F.lp_pool3d)
