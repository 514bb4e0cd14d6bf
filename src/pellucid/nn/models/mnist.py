"""The small convolutional network of many first tutorials."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.conv import Conv2d
from pellucid.nn.layer import whole
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module


class MnistCNN(Module):
    """Two 3×3 convolutions, one pooling, two linear layers."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        self.image_size = whole("mnist_cnn", "image_size", image_size, minimum=6)
        self.conv1 = Conv2d(in_channels, 32, 3)
        self.conv2 = Conv2d(32, 64, 3)
        self.fc1 = Linear(64 * ((image_size - 4) // 2) ** 2, 128)
        self.fc2 = Linear(128, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.flatten(x, 1)
        return self.fc2(F.relu(self.fc1(x)))


def mnist_cnn(in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> MnistCNN:
    """A network with 32 and 64 3×3 filters for square images of at least 6×6; about 99 % of MNIST's test images.

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return MnistCNN(in_channels, num_classes, image_size)
