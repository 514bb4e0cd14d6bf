"""A small VGG: pairs of 3×3 convolutions, each followed by a pooling."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.layer import whole
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.pooling import MaxPool2d

WIDTHS = (64, 128, 256)  # channels of the three stages; each halves the image


class VGGSmall(Module):
    """Six 3×3 convolutions in `features`, two linear layers in `classifier`."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        self.image_size = whole("vgg_small", "image_size", image_size, minimum=8)
        layers: list[Module] = []
        channels = in_channels
        for width in WIDTHS:
            layers += [Conv2d(channels, width, 3, padding=1), ReLU()]
            layers += [Conv2d(width, width, 3, padding=1), ReLU(), MaxPool2d(2)]
            channels = width
        self.features = Sequential(*layers)
        numbers = channels * (image_size // 8) ** 2
        self.classifier = Sequential(Linear(numbers, 256), ReLU(), Linear(256, num_classes))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.features(x), 1))


def vgg_small(in_channels: int = 3, num_classes: int = 10, image_size: int = 32) -> VGGSmall:
    """A small VGG without batch normalisation for square images of at least 8×8.

    Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015).

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return VGGSmall(in_channels, num_classes, image_size)
