"""Convolution layers."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

from pellucid import functional as F
from pellucid.engine import graph
from pellucid.nn import init
from pellucid.nn.layer import Layer, check_groups, whole
from pellucid.ops.checks import choice, flag
from pellucid.ops.conv import Conv
from pellucid.sizes import IntOrTuple, PaddingLike, padding_pairs, per_axis

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Layer):
    """A convolution over `dims` spatial axes."""

    dims: ClassVar[int]
    function: ClassVar[Callable[..., Any]]

    fixed = ("in_channels", "out_channels", "kernel_size")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrTuple,
        stride: IntOrTuple = 1,
        padding: PaddingLike = 0,
        dilation: IntOrTuple = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        flip: bool = False,
    ) -> None:
        where = type(self).__name__
        self.in_channels = whole(where, "in_channels", in_channels)
        self.out_channels = whole(where, "out_channels", out_channels)
        self.kernel_size = per_axis(where, "kernel_size", kernel_size, self.dims)
        self.stride = per_axis(where, "stride", stride, self.dims)
        self.dilation = per_axis(where, "dilation", dilation, self.dims)
        self.groups = whole(where, "groups", groups)
        pairs = padding_pairs(where, padding, self.kernel_size, self.stride, self.dilation)
        symmetric = all(before == after for before, after in pairs)
        self.padding: PaddingLike = tuple(before for before, _ in pairs) if symmetric else pairs
        choice(where, "padding_mode", padding_mode, PADDING_MODES)
        self.padding_mode = padding_mode
        self.flip = flag(where, "flip", flip)
        check_groups(where, self.groups, in_channels=self.in_channels, out_channels=self.out_channels)
        per_group = in_channels // groups
        fan_in = per_group * prod(self.kernel_size)
        self.weight = init.uniform((out_channels, per_group, *self.kernel_size), fan_in)
        self.bias = init.uniform((out_channels,), fan_in) if flag(where, "bias", bias) else None

    def forward(self, input: Any) -> Any:
        """(N,C,…) → (N,O,…)."""
        padding = self.padding
        if self.padding_mode != "zeros":
            # What does not fit is told of the input that was given, not of the wider one.
            op = Conv(self.dims, self.stride, padding, self.dilation, self.groups, self.flip)
            op.infer(input.shape, self.weight.shape, None)
            with graph.part("pad"):
                input = F.pad(input, self._widths(), self.padding_mode)
            padding = 0
        settings = self.stride, padding, self.dilation, self.groups
        return type(self).function(input, self.weight, self.bias, *settings, flip=self.flip)

    def _widths(self) -> tuple[int, ...]:
        """The padding as `pad` takes it: (before, after) of the last axis first."""
        pairs = padding_pairs(type(self).__name__, self.padding, self.kernel_size, self.stride, self.dilation)
        return tuple(width for pair in reversed(pairs) for width in pair)

    def extra_repr(self) -> str:
        """Channels and window; of the rest what is not the default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        if self.padding != (0,) * self.dims:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        if self.flip:
            text += ", flip=True"
        return text


class Conv1d(_Conv):
    """Slide learned weights along one axis: (N,C,W) → (N,O,Wo). Settings as those of `Conv2d`."""

    dims = 1
    function = staticmethod(F.conv1d)


class Conv2d(_Conv):
    """Slide learned weights over an image and sum the products (cross-correlation).

        output[n,o,y,x] = bias[o] + Σ_{c,ky,kx} input[n,c,iy,ix]·weight[o,c,ky,kx]
        iy = y·stride + ky·dilation − padding,  ix likewise

    Shapes: input (N,C,H,W), weight (O,C/groups,Kh,Kw), bias (O,) → (N,O,Ho,Wo).

    Args:
        in_channels: C, a multiple of `groups`.
        out_channels: O, a multiple of `groups`.
        kernel_size: (Kh, Kw), or one number for both.
        stride: step between windows, one number or (rows, columns).
        padding: zeros around the input: one number, (rows, columns), ((top, bottom), (left, right)), "valid"
            or "same".
        dilation: distance between taps of the kernel.
        groups: channels are split into so many groups that do not mix.
        bias: whether a learned number is added to each output channel.
        padding_mode: what stands in the padding: "zeros", or the input once more as the layers `ReflectionPad2d`
            ("reflect"), `ReplicationPad2d` ("replicate") and `CircularPad2d` ("circular") have it.
        flip: True for true convolution, iy = y·stride + (Kh−1−ky)·dilation − padding, ix likewise. The weight is kept
            as it is, so a state dict says nothing of it. (A transposed layer of stride 1 is a full true convolution
            as it stands: it has no such setting.)

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.

    Example:
        >>> Conv2d(3, 8, 5, padding="same")
        Conv2d(3, 8, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
    """

    dims = 2
    function = staticmethod(F.conv2d)


class Conv3d(_Conv):
    """Slide learned weights through a volume: (N,C,D,H,W) → (N,O,Do,Ho,Wo). Settings as those of `Conv2d`."""

    dims = 3
    function = staticmethod(F.conv3d)
