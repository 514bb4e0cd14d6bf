"""LeNet-5, with today's ReLU and max pooling."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.conv import Conv2d
from pellucid.nn.layer import whole
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module


class LeNet5(Module):
    """Two convolutions and three linear layers."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        self.image_size = whole("lenet5", "image_size", image_size, minimum=12)
        self.conv1 = Conv2d(in_channels, 6, 5, padding=2)
        self.conv2 = Conv2d(6, 16, 5)
        self.fc1 = Linear(16 * ((image_size // 2 - 4) // 2) ** 2, 120)
        self.fc2 = Linear(120, 84)
        self.fc3 = Linear(84, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def lenet5(in_channels: int = 1, num_classes: int = 10, image_size: int = 28) -> LeNet5:
    """LeNet-5 for square images of at least 12×12, 61,706 parameters as it comes.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998);
    ReLU, max pooling and full connections between the convolutions are today's choices.

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return LeNet5(in_channels, num_classes, image_size)
