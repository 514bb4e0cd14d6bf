"""Transposed convolution layers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.nn import init
from pellucid.nn.layer import Layer, check_groups, whole
from pellucid.ops.checks import choice, flag
from pellucid.sizes import IntOrTuple, per_axis


class _ConvTranspose(Layer):
    """A transposed convolution over `dims` spatial axes."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    fixed = ("in_channels", "out_channels", "kernel_size")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrTuple,
        stride: IntOrTuple = 1,
        padding: IntOrTuple = 0,
        output_padding: IntOrTuple = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: IntOrTuple = 1,
        padding_mode: str = "zeros",
    ) -> None:
        where = type(self).__name__
        self.in_channels = whole(where, "in_channels", in_channels)
        self.out_channels = whole(where, "out_channels", out_channels)
        self.kernel_size = per_axis(where, "kernel_size", kernel_size, self.dims)
        self.stride = per_axis(where, "stride", stride, self.dims)
        self.padding = per_axis(where, "padding", padding, self.dims, minimum=0)
        self.output_padding = per_axis(where, "output_padding", output_padding, self.dims, minimum=0)
        self.dilation = per_axis(where, "dilation", dilation, self.dims)
        choice(where, "padding_mode", padding_mode, ("zeros",))
        self.padding_mode = padding_mode
        self.groups = whole(where, "groups", groups)
        check_groups(where, self.groups, in_channels=self.in_channels, out_channels=self.out_channels)
        per_group = out_channels // groups
        fan_in = per_group * prod(self.kernel_size)  # PyTorch's: of the weight as it lies, not of an output
        self.weight = init.uniform((in_channels, per_group, *self.kernel_size), fan_in)
        self.bias = init.uniform((out_channels,), fan_in) if flag(where, "bias", bias) else None

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,O,…)."""
        settings = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return type(self).function(input, self.weight, self.bias, *settings)

    def extra_repr(self) -> str:
        """Channels and window; of the rest what is not the default."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        )
        for name, usual in (("padding", 0), ("output_padding", 0), ("dilation", 1)):
            if getattr(self, name) != (usual,) * self.dims:
                text += f", {name}={getattr(self, name)}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else f"{text}, bias=False"


class ConvTranspose1d(_ConvTranspose):
    """A convolution read backwards, along one axis: (N,C,W) → (N,O,Wo). Settings as those of `ConvTranspose2d`."""

    dims = 1
    function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """A convolution read backwards: each input element's products with the weight go to the outputs that it meets.

        output[n,o,i] = bias[o] + Σ_{c,k} input[n,c,y]·weight[c,o,k]   where i = y·stride + k·dilation − padding

    Shapes: input (N,C,H,W), weight (C,O/groups,Kh,Kw), bias (O,) → (N,O,Ho,Wo), where
    Ho = (H − 1)·stride − 2·padding + dilation·(Kh − 1) + output_padding + 1, Wo likewise.

    Args:
        in_channels: C, a multiple of `groups`.
        out_channels: O, a multiple of `groups`.
        kernel_size: (Kh, Kw), or one number for both.
        stride: how far apart neighbouring input elements come to lie.
        padding: how many outputs are left out at each side.
        output_padding: how many outputs are added behind, fewer than stride or dilation.
        groups: channels are split into so many groups that do not mix.
        bias: whether a learned number is added to each output channel.
        dilation: distance between taps of the kernel.
        padding_mode: "zeros", as in PyTorch, whose layer knows no other.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.

    Example:
        >>> ConvTranspose2d(8, 3, 4, stride=2, padding=1)
        ConvTranspose2d(8, 3, kernel_size=(4, 4), stride=(2, 2), padding=(1, 1))
    """

    dims = 2
    function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTranspose):
    """A convolution read backwards, in a volume: (N,C,D,H,W) → (N,O,Do,Ho,Wo). Settings as of `ConvTranspose2d`."""

    dims = 3
    function = staticmethod(F.conv_transpose3d)
