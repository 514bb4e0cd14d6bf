"""The residual network for CIFAR images, with torchvision's names."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d
from pellucid.nn.pooling import AdaptiveAvgPool2d


class BasicBlock(Module):
    """Two 3×3 convolutions and a shortcut past them, 1×1 where size or channels change (option B)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        self.conv1 = Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(out_channels)
        self.conv2 = Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(out_channels)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            shortcut = Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.downsample = Sequential(shortcut, BatchNorm2d(out_channels))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H/stride,W/stride)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(out + shortcut)


class ResNet(Module):
    """A convolution, three stages of `blocks` residual blocks with 16, 32 and 64 channels, a linear layer."""

    def __init__(self, blocks: int, in_channels: int, num_classes: int) -> None:
        self.conv1 = Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(16)
        self.layer1 = _stage(16, 16, 1, blocks)
        self.layer2 = _stage(16, 32, 2, blocks)
        self.layer3 = _stage(32, 64, 2, blocks)
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc = Linear(64, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.flatten(self.avgpool(x), 1))


def resnet20(in_channels: int = 3, num_classes: int = 10) -> ResNet:
    """ResNet-20 for 32×32 images; others fit too.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), section 4.2, with the
    1×1 shortcuts of option B.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return ResNet(3, in_channels, num_classes)


def _stage(in_channels: int, out_channels: int, stride: int, blocks: int) -> Sequential:
    first = BasicBlock(in_channels, out_channels, stride)
    return Sequential(first, *(BasicBlock(out_channels, out_channels, 1) for _ in range(blocks - 1)))
