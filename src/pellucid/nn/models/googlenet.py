"""GoogLeNet: four branches side by side, their channels one behind the other."""

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
from pellucid.nn.shape import Dropout

_INCEPTIONS = {  # channels of 1×1; of the two of 3×3; of the two of the third branch; behind the pooling
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class BasicConv2d(Module):
    """A convolution, batch norm, ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
    ) -> None:
        self.conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,Ho,Wo)."""
        return F.relu(self.bn(self.conv(x)))


class Inception(Module):
    """1×1; 1×1 and 3×3; the same narrower; a pooling and 1×1. In the paper the third branch has 5×5."""

    def __init__(self, in_channels: int, widths: tuple[int, int, int, int, int, int]) -> None:
        one, before3, three, before5, five, pooled = widths
        self.branch1 = BasicConv2d(in_channels, one, 1)
        self.branch2 = Sequential(
            BasicConv2d(in_channels, before3, 1), BasicConv2d(before3, three, 3, padding=1)
        )
        self.branch3 = Sequential(
            BasicConv2d(in_channels, before5, 1), BasicConv2d(before5, five, 3, padding=1)
        )
        pool = MaxPool2d(3, stride=1, padding=1, ceil_mode=True)
        self.branch4 = Sequential(pool, BasicConv2d(in_channels, pooled, 1))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H,W)."""
        return F.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNet(Module):
    """Three convolutions, nine inception modules, an average, a linear layer."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        self.conv1 = BasicConv2d(in_channels, 64, 7, stride=2, padding=3)
        self.maxpool1 = MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, 1)
        self.conv3 = BasicConv2d(64, 192, 3, padding=1)
        self.maxpool2 = MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool3 = MaxPool2d(3, stride=2, ceil_mode=True)
        self.maxpool4 = MaxPool2d(2, stride=2, ceil_mode=True)
        channels = 192
        for name, widths in _INCEPTIONS.items():
            setattr(self, f"inception{name}", Inception(channels, widths))
            one, _, three, _, five, pooled = widths
            channels = one + three + five + pooled
        self.avgpool = AdaptiveAvgPool2d(1)
        self.dropout = Dropout(0.2)
        self.fc = Linear(channels, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))
        for name in _INCEPTIONS:
            if name == "4a":
                x = self.maxpool3(x)
            if name == "5a":
                x = self.maxpool4(x)
            x = getattr(self, f"inception{name}")(x)
        return self.fc(self.dropout(F.flatten(self.avgpool(x), 1)))


def googlenet(in_channels: int = 3, num_classes: int = 1000) -> GoogLeNet:
    """GoogLeNet with batch norm for images of 224×224; others fit too. 6,624,904 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's googlenet without its auxiliary heads and without
    `transform_input`; as there, the third branch has 3×3.

    Source: Szegedy and others, "Going deeper with convolutions" (2015), table 1.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return GoogLeNet(in_channels, num_classes)
