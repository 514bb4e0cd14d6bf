"""AlexNet in one tower, with torchvision's names."""

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
from pellucid.nn.shape import Dropout


class AlexNet(Module):
    """Five convolutions in `features`, three linear layers with dropout before the first two in `classifier`."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        self.image_size = whole("alexnet", "image_size", image_size, minimum=63)
        side = (image_size - 7) // 4 + 1  # after the first convolution; three poolings follow
        for _ in range(3):
            side = (side - 3) // 2 + 1
        self.features = Sequential(
            Conv2d(in_channels, 64, 11, stride=4, padding=2),
            ReLU(),
            MaxPool2d(3, stride=2),
            Conv2d(64, 192, 5, padding=2),
            ReLU(),
            MaxPool2d(3, stride=2),
            Conv2d(192, 384, 3, padding=1),
            ReLU(),
            Conv2d(384, 256, 3, padding=1),
            ReLU(),
            Conv2d(256, 256, 3, padding=1),
            ReLU(),
            MaxPool2d(3, stride=2),
        )
        self.classifier = Sequential(
            Dropout(0.5),
            Linear(256 * side * side, 4096),
            ReLU(),
            Dropout(0.5),
            Linear(4096, 4096),
            ReLU(),
            Linear(4096, num_classes),
        )

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.features(x), 1))


def alexnet(in_channels: int = 3, num_classes: int = 1000, image_size: int = 224) -> AlexNet:
    """AlexNet in its one-tower form for square images of at least 63×63, 61,100,840 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's alexnet, so weights copy one to one. Its adaptive
    pooling to 6×6 is left out: at 224×224 it does nothing.

    Source: Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014).

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return AlexNet(in_channels, num_classes, image_size)
