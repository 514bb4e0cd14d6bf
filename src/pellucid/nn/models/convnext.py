"""ConvNeXt: a depthwise 7×7 convolution, then a layer norm and two linear layers for each pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid import functional as F
from pellucid.nn.activation import GELU
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.group_norm import LayerNorm
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.parameter import Parameter
from pellucid.nn.shape import Flatten, StochasticDepth

_TINY = ((96, 3), (192, 3), (384, 9), (768, 3))  # channels, blocks
_DROPPED = 0.1  # the chance that the last block is left out; that of the others grows towards it
_SCALE = 1e-6
_EPS = 1e-6


class LayerNorm2d(LayerNorm):
    """A layer norm over the channels of each pixel."""

    def forward(self, input: Any) -> Any:
        """(N,C,H,W) → the same shape."""
        last = F.permute(input, (0, 2, 3, 1))
        return F.permute(super().forward(last), (0, 3, 1, 2))


class Permute(Module):
    """The axes in another order."""

    def __init__(self, *dims: int) -> None:
        self.dims = dims

    def forward(self, x: Any) -> Any:
        """Axis i of the output is axis dims[i]."""
        return F.permute(x, self.dims)


class CNBlock(Module):
    """The branch in `block`, whose channels `layer_scale` multiplies, and a shortcut past it."""

    def __init__(self, channels: int, dropped: float) -> None:
        self.layer_scale = Parameter(np.full((channels, 1, 1), _SCALE))
        self.block = Sequential(
            Conv2d(channels, channels, 7, padding=3, groups=channels),
            Permute(0, 2, 3, 1),
            LayerNorm(channels, eps=_EPS),
            Linear(channels, 4 * channels),
            GELU(),
            Linear(4 * channels, channels),
            Permute(0, 3, 1, 2),
        )
        self.stochastic_depth = StochasticDepth(dropped, "row")

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → the same shape."""
        return self.stochastic_depth(self.layer_scale * self.block(x)) + x


class ConvNeXt(Module):
    """Stages of blocks with convolutions of stride 2 between them in `features`, an average, the `classifier`."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        channels = _TINY[0][0]
        layers: list[Module] = [
            Sequential(Conv2d(in_channels, channels, 4, stride=4), LayerNorm2d(channels, eps=_EPS))
        ]
        made, last = 0, sum(count for _, count in _TINY) - 1
        for width, count in _TINY:
            if width != channels:
                down = Conv2d(channels, width, 2, stride=2)
                layers.append(Sequential(LayerNorm2d(channels, eps=_EPS), down))
            layers.append(Sequential(*(CNBlock(width, _DROPPED * (made + i) / last) for i in range(count))))
            channels, made = width, made + count
        self.features = Sequential(*layers)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.classifier = Sequential(
            LayerNorm2d(channels, eps=_EPS), Flatten(1), Linear(channels, num_classes)
        )

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(self.avgpool(self.features(x)))


def convnext_tiny(in_channels: int = 3, num_classes: int = 1000) -> ConvNeXt:
    """The tiny ConvNeXt for images of 224×224; others fit too. 28,589,128 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's convnext_tiny, so weights copy one to one.

    Source: Liu and others, "A ConvNet for the 2020s" (2022).

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return ConvNeXt(in_channels, num_classes)
