"""Batch normalisation layers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from pellucid import functional as F
from pellucid.errors import ShapeError, either, say
from pellucid.nn.init import claim
from pellucid.nn.layer import Layer, whole
from pellucid.nn.parameter import Buffer, Parameter
from pellucid.ops.checks import flag, number


class _BatchNorm(Layer):
    affine = True
    fixed = ("num_features", "affine", "track_running_stats")
    layouts: ClassVar[dict[int, str]]  # the inputs it takes: number of axes and how they are written

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        where = type(self).__name__
        self.num_features = whole(where, "num_features", num_features)
        self.eps = number(where, "eps", eps, "[0, inf)")
        self.momentum = number(where, "momentum", momentum, "[0, 1]")
        self.affine = flag(where, "affine", affine)
        self.track_running_stats = flag(where, "track_running_stats", track_running_stats)
        claim((4, num_features))
        self.weight = Parameter(np.ones(num_features)) if affine else None
        self.bias = Parameter(np.zeros(num_features)) if affine else None
        tracks = self.track_running_stats
        self.running_mean = Buffer(np.zeros(num_features)) if tracks else None
        self.running_var = Buffer(np.ones(num_features)) if tracks else None
        self.num_batches_tracked = Buffer(0, np.int64) if tracks else None

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        if input.ndim not in self.layouts:
            rule = say("input must have axes {names}", names=either(self.layouts.values()))
            raise ShapeError(type(self).__name__, rule, got=f"input {input.shape}")
        return F.batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=not self.track_running_stats or self.training,
            momentum=self.momentum,
            eps=self.eps,
        )

    def extra_repr(self) -> str:
        """The settings."""
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        text = text if self.affine else f"{text}, affine=False"
        return text if self.track_running_stats else f"{text}, track_running_stats=False"


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N,C) or (N,C,W). Settings as those of `BatchNorm2d`."""

    layouts: ClassVar[dict[int, str]] = {2: "(N,C)", 3: "(N,C,W)"}


class BatchNorm2d(_BatchNorm):
    """Bring each channel to mean 0 and variance 1, then scale and shift it by learned numbers.

        output = (input − mean)/√(variance + eps)·weight + bias

    In training, mean and variance are those of the batch, and the running statistics move towards them by
    `momentum`; in inference they are the running statistics.

    Shapes: (N,C,H,W) → the same.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: how far a running statistic moves, 0 to 1.
        affine: whether numbers are scaled and shifted.
        track_running_stats: False for a batch norm without running statistics: in inference, too, mean and variance are
            those of the batch, and an image's result depends on the others.

    Raises: ArgumentError for a setting outside its range; ShapeError when an input does not fit.
    """

    layouts: ClassVar[dict[int, str]] = {4: "(N,C,H,W)"}


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N,C,D,H,W). Settings as those of `BatchNorm2d`."""

    layouts: ClassVar[dict[int, str]] = {5: "(N,C,D,H,W)"}
