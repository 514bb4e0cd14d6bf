"""Layers that normalise each image by itself: group, instance, layer and local response normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from pellucid import functional as F
from pellucid.errors import ArgumentError, ShapeError, say
from pellucid.nn.layer import Layer, whole
from pellucid.nn.parameter import Parameter
from pellucid.ops.checks import channels_hint, flag, number


class GroupNorm(Layer):
    """Bring each group of channels of each image to mean 0 and variance 1, then scale and shift each channel.

        output = (input − mean)/√(variance + eps)·weight + bias

    Shapes: (N,C,…) → the same.

    Args:
        num_groups: how many groups of neighbouring channels there are.
        num_channels: C, a multiple of `num_groups`.
        eps: added to the variance.
        affine: whether there are weight and bias, both (C,).

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    fixed = ("num_channels", "affine")

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        self.num_groups = whole("GroupNorm", "num_groups", num_groups)
        self.num_channels = whole("GroupNorm", "num_channels", num_channels)
        if num_channels % num_groups:
            got = f"num_channels={num_channels}, num_groups={num_groups}"
            raise ArgumentError("GroupNorm", "num_channels must be a multiple of num_groups", got=got)
        self.eps = number("GroupNorm", "eps", eps, "[0, inf)")
        self.affine = flag("GroupNorm", "affine", affine)
        self.weight = Parameter(np.ones(num_channels)) if affine else None
        self.bias = Parameter(np.zeros(num_channels)) if affine else None

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        _check_channels("GroupNorm", "num_channels", self.num_channels, input)
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class LayerNorm(Layer):
    """Bring all numbers of each image to mean 0 and variance 1, then scale and shift each by numbers of its own.

        output = (input − mean)/√(variance + eps)·weight + bias

    Shapes: (N,*normalized_shape) → the same.

    Args:
        normalized_shape: the input's shape without N; one number C stands for (C,).
        eps: added to the variance.
        elementwise_affine: whether there are weight and bias, both of `normalized_shape`.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    fixed = ("elementwise_affine",)

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float = 1e-5, elementwise_affine: bool = True
    ) -> None:
        sizes = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
        if not sizes:
            rule = "normalized_shape must have at least one size"
            raise ArgumentError("LayerNorm", rule, got=f"normalized_shape={normalized_shape!r}")
        self.normalized_shape = tuple(whole("LayerNorm", "normalized_shape", size) for size in sizes)
        self.eps = number("LayerNorm", "eps", eps, "[0, inf)")
        self.elementwise_affine = flag("LayerNorm", "elementwise_affine", elementwise_affine)
        self.weight = _ones(self.normalized_shape) if elementwise_affine else None
        self.bias = Parameter.zeros(self.normalized_shape) if elementwise_affine else None

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class _InstanceNorm(Layer):
    axes: ClassVar[str]  # how the inputs it takes are written

    fixed = ("num_features", "affine", "track_running_stats")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        where = type(self).__name__
        self.num_features = whole(where, "num_features", num_features)
        self.eps = number(where, "eps", eps, "[0, inf)")
        self.momentum = number(where, "momentum", momentum, "[0, 1]")
        self.affine = flag(where, "affine", affine)
        if flag(where, "track_running_stats", track_running_stats):
            raise ArgumentError(
                where,
                "an image is normalised by its own statistics, never by running ones",
                expected="track_running_stats=False",
                got="track_running_stats=True",
            )
        self.track_running_stats = False
        self.weight = Parameter(np.ones(num_features)) if affine else None
        self.bias = Parameter(np.zeros(num_features)) if affine else None

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        where = type(self).__name__
        if input.ndim != self.axes.count(",") + 1:
            raise ShapeError(
                where, say("input must have axes {axes}", axes=self.axes), got=f"input {input.shape}"
            )
        _check_channels(where, "num_features", self.num_features, input)
        return F.instance_norm(input, weight=self.weight, bias=self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"
        return f"{text}, track_running_stats={self.track_running_stats}"


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation of (N,C,W). Settings as those of `InstanceNorm2d`."""

    axes = "(N,C,W)"


class InstanceNorm2d(_InstanceNorm):
    """Bring each channel of each image to mean 0 and variance 1; with `affine` scale and shift it by learned numbers.

        output = (input − mean)/√(variance + eps)·weight + bias

    Shapes: (N,C,H,W) → the same.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: there for PyTorch's sake; it matters for running statistics alone.
        affine: whether there are weight and bias, both (C,).
        track_running_stats: False; there are no running statistics.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    axes = "(N,C,H,W)"


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of (N,C,D,H,W). Settings as those of `InstanceNorm2d`."""

    axes = "(N,C,D,H,W)"


class LocalResponseNorm(Layer):
    """Divide every number by a measure of its neighbours across channels.

        output[n,c,…] = input[n,c,…]/(k + alpha/size·Σ_j input[n,j,…]²)^beta

    The sum goes over those of the `size` channels from c − ⌊size/2⌋ on that exist.

    Shapes: (N,C,…) → the same.

    Args:
        size: how many channels count.
        alpha: how much they count.
        beta: the exponent.
        k: what there is without them.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size = whole("LocalResponseNorm", "size", size)
        self.alpha = number("LocalResponseNorm", "alpha", alpha)
        self.beta = number("LocalResponseNorm", "beta", beta)
        self.k = number("LocalResponseNorm", "k", k)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


def _check_channels(where: str, name: str, channels: int, input: Any) -> None:
    """A layer is for one number of channels, whether it has a weight for each or not."""
    if input.ndim > 1 and input.shape[1] != channels:
        rule = say("input must have {name} channels", name=name)
        hint = channels_hint(input.shape, channels, name)
        raise ShapeError(where, rule, expected=f"C={channels}", got=f"input {input.shape}", hint=hint)


def _ones(shape: Sequence[int]) -> Parameter:
    """A parameter of ones, whose room is asked for first: an image's shape may be large."""
    parameter = Parameter.zeros(tuple(shape))
    parameter[...] = 1
    return parameter
