"""SqueezeNet: few channels between layers of 1×1 and 3×3 side by side."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.module import Module
from pellucid.nn.pooling import MaxPool2d
from pellucid.nn.shape import Dropout

_FIRES = (
    (16, 64),
    (16, 64),
    "pool",
    (32, 128),
    (32, 128),
    "pool",
    (48, 192),
    (48, 192),
    (64, 256),
    (64, 256),
)


class Fire(Module):
    """`squeeze` to few channels, then `expand1x1` and `expand3x3`, one behind the other."""

    def __init__(self, in_channels: int, squeezed: int, expanded: int) -> None:
        self.squeeze = Conv2d(in_channels, squeezed, 1)
        self.expand1x1 = Conv2d(squeezed, expanded, 1)
        self.expand3x3 = Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,2·expanded,H,W)."""
        x = F.relu(self.squeeze(x))
        return F.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeNet(Module):
    """A convolution and fire modules in `features`; a convolution to the classes and an average in `classifier`."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        layers: list[Module] = [Conv2d(in_channels, 64, 3, stride=2), ReLU(), _pool()]
        channels = 64
        for fire in _FIRES:
            if isinstance(fire, str):
                layers.append(_pool())
                continue
            layers.append(Fire(channels, *fire))
            channels = 2 * fire[1]
        self.features = Sequential(*layers)
        scores = Conv2d(channels, num_classes, 1)
        self.classifier = Sequential(Dropout(0.5), scores, ReLU(), AdaptiveAvgPool2d(1))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return F.flatten(self.classifier(self.features(x)), 1)


def squeezenet(in_channels: int = 3, num_classes: int = 1000) -> SqueezeNet:
    """SqueezeNet 1.1 for images of 224×224; others of at least 17×17 fit too. 1,235,496 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's squeezenet1_1, so weights copy one to one.

    Source: Iandola and others, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size"
    (2016); 1.1 is the authors' later version.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return SqueezeNet(in_channels, num_classes)


def _pool() -> MaxPool2d:
    return MaxPool2d(3, stride=2, ceil_mode=True)
