"""Residual networks for CIFAR images, with torchvision's names."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d


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
    """A 3×3 convolution, stages of `blocks` residual blocks each, an average, a linear layer.

    The stages have as many channels as `widths` says; each but the first halves the image.
    """

    def __init__(self, widths: tuple[int, ...], blocks: int, in_channels: int, num_classes: int) -> None:
        channels = widths[0]
        self.conv1 = Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(channels)
        self._stages = tuple(f"layer{i + 1}" for i in range(len(widths)))
        for name, width in zip(self._stages, widths, strict=True):
            setattr(self, name, _stage(channels, width, 1 if name == "layer1" else 2, blocks))
            channels = width
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc = Linear(channels, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.relu(self.bn1(self.conv1(x)))
        for name in self._stages:
            x = getattr(self, name)(x)
        return self.fc(F.flatten(self.avgpool(x), 1))


def resnet20(in_channels: int = 3, num_classes: int = 10) -> ResNet:
    """ResNet-20 for 32×32 images; others fit too.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), section 4.2, with the
    1×1 shortcuts of option B.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return ResNet((16, 32, 64), 3, in_channels, num_classes)


def resnet18(in_channels: int = 3, num_classes: int = 10) -> ResNet:
    """ResNet-18 as it is used for 32×32 images; others fit too.

    The first convolution is 3×3 with stride 1, and there is no pooling after it; all else is torchvision's resnet18,
    keys of the state dict included, so all weights but conv1's copy one to one.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), table 1.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return ResNet((64, 128, 256, 512), 2, in_channels, num_classes)


def _stage(in_channels: int, out_channels: int, stride: int, blocks: int) -> Sequential:
    first = BasicBlock(in_channels, out_channels, stride)
    return Sequential(first, *(BasicBlock(out_channels, out_channels, 1) for _ in range(blocks - 1)))
