"""Residual networks, for CIFAR's small images and for ImageNet's, with torchvision's names."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d
from pellucid.nn.pooling import MaxPool2d


class BasicBlock(Module):
    """Two 3×3 convolutions and a shortcut past them, 1×1 where size or channels change (option B)."""

    expansion = 1  # output channels for each of `width`

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        self.conv1 = Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = BatchNorm2d(width)
        self.conv2 = Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = BatchNorm2d(width)
        self.downsample = _shortcut(in_channels, width, stride)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H/stride,W/stride)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(out + shortcut)


class Bottleneck(Module):
    """A 3×3 convolution between two of 1×1, which make the channels fewer and more again, and a shortcut past them."""

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        self.conv1 = Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = BatchNorm2d(width)
        self.conv2 = Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = BatchNorm2d(width)
        self.conv3 = Conv2d(width, self.expansion * width, 1, bias=False)
        self.bn3 = BatchNorm2d(self.expansion * width)
        self.downsample = _shortcut(in_channels, self.expansion * width, stride)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,4·width,H/stride,W/stride)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(out + shortcut)


class ResNet(Module):
    """A convolution, stages of residual blocks, an average, a linear layer.

    The stages have `blocks` blocks each, or as many as it says for each, of the widths in `widths`; each but the first
    halves the image. `large` images are made smaller before: by a 7×7 convolution and a pooling, both of stride 2.
    """

    def __init__(
        self,
        widths: tuple[int, ...],
        blocks: int | tuple[int, ...],
        in_channels: int,
        num_classes: int,
        *,
        block: type[BasicBlock | Bottleneck] = BasicBlock,
        large: bool = False,
    ) -> None:
        channels = widths[0]
        if large:
            self.conv1 = Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False)
        else:
            self.conv1 = Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn1 = BatchNorm2d(channels)
        self.maxpool = MaxPool2d(3, stride=2, padding=1) if large else None
        self._stages = tuple(f"layer{i + 1}" for i in range(len(widths)))
        counts = blocks if isinstance(blocks, tuple) else (blocks,) * len(widths)
        for name, width, count in zip(self._stages, widths, counts, strict=True):
            setattr(self, name, _stage(block, channels, width, 1 if name == "layer1" else 2, count))
            channels = block.expansion * width
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc = Linear(channels, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.relu(self.bn1(self.conv1(x)))
        if self.maxpool is not None:
            x = self.maxpool(x)
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


def resnet50(in_channels: int = 3, num_classes: int = 1000) -> ResNet:
    """ResNet-50 for images of 224×224; others fit too. 25,557,032 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's resnet50, so weights copy one to one. As there, a
    block's 3×3 convolution has the stride.

    Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), table 1.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    widths, blocks = (64, 128, 256, 512), (3, 4, 6, 3)
    return ResNet(widths, blocks, in_channels, num_classes, block=Bottleneck, large=True)


def _stage(
    block: type[BasicBlock | Bottleneck], in_channels: int, width: int, stride: int, count: int
) -> Sequential:
    later = (block(block.expansion * width, width, 1) for _ in range(count - 1))
    return Sequential(block(in_channels, width, stride), *later)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> Sequential | None:
    """1×1 where size or channels change."""
    if stride == 1 and in_channels == out_channels:
        return None
    conv = Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
    return Sequential(conv, BatchNorm2d(out_channels))
