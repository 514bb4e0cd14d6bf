"""The small convolutional network of many first tutorials."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module


class MnistCNN(Module):
    """Two 3×3 convolutions, one pooling, two linear layers for 28×28 images."""

    image_size = 28

    def __init__(self, in_channels: int, num_classes: int) -> None:
        self.conv1 = Conv2d(in_channels, 32, 3)
        self.conv2 = Conv2d(32, 64, 3)
        self.fc1 = Linear(64 * 12 * 12, 128)
        self.fc2 = Linear(128, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,28,28) → logits (N,num_classes)."""
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.flatten(x, 1)
        return self.fc2(F.relu(self.fc1(x)))


def mnist_cnn(in_channels: int = 1, num_classes: int = 10) -> MnistCNN:
    """A network with 32 and 64 3×3 filters for 28×28 images; about 99 % of MNIST's test images.

    Shapes: (N,in_channels,28,28) → logits (N,num_classes).
    """
    return MnistCNN(in_channels, num_classes)
