"""A network for a few hundred pictures."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d
from pellucid.nn.pooling import MaxPool2d
from pellucid.nn.shape import Dropout

WIDTHS = (16, 32, 64)  # channels of the three stages


class Tiny(Module):
    """Three 3×3 convolutions in `features`, each with batch norm and a pooling; an average; one linear layer."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        layers: list[Module] = []
        channels = in_channels
        for width in WIDTHS:
            layers += [
                Conv2d(channels, width, 3, padding=1, bias=False),
                BatchNorm2d(width),
                ReLU(),
                MaxPool2d(2),
            ]
            channels = width
        self.features = Sequential(*layers)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.dropout = Dropout(0.1)
        self.fc = Linear(channels, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.flatten(self.avgpool(self.features(x)), 1)
        return self.fc(self.dropout(x))


def tiny(in_channels: int = 3, num_classes: int = 10) -> Tiny:
    """A network of some 24,000 parameters for images of at least 8×8: what a few hundred pictures can teach.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return Tiny(in_channels, num_classes)
