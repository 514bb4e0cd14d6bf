"""DenseNet: each layer reads what all layers before it in its block have made, one behind the other."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d
from pellucid.nn.pooling import AvgPool2d, MaxPool2d

_GROWTH, _NARROW = 32, 4  # channels that a layer adds; as many times as many has its first convolution


class DenseLayer(Module):
    """Norm, ReLU, 1×1, norm, ReLU, 3×3: some channels more, made of all that are there."""

    def __init__(self, channels: int) -> None:
        self.norm1 = BatchNorm2d(channels)
        self.conv1 = Conv2d(channels, _NARROW * _GROWTH, 1, bias=False)
        self.norm2 = BatchNorm2d(_NARROW * _GROWTH)
        self.conv2 = Conv2d(_NARROW * _GROWTH, _GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,growth,H,W)."""
        x = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(x)))


class DenseBlock(Module):
    """Layers named denselayer1, denselayer2, …, each of which reads the block's input and all layers before it."""

    def __init__(self, channels: int, layers: int) -> None:
        for i in range(layers):
            setattr(self, f"denselayer{i + 1}", DenseLayer(channels + i * _GROWTH))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,C + layers·growth,H,W)."""
        made = [x]
        for _, layer in self._children():
            made.append(layer(F.cat(made, 1)))
        return F.cat(made, 1)


class Transition(Module):
    """Half the channels, and half the size."""

    def __init__(self, channels: int) -> None:
        self.norm = BatchNorm2d(channels)
        self.relu = ReLU()
        self.conv = Conv2d(channels, channels // 2, 1, bias=False)
        self.pool = AvgPool2d(2)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,C/2,H/2,W/2)."""
        return self.pool(self.conv(self.relu(self.norm(x))))


class Features(Module):
    """All before the average, under torchvision's names."""

    def __init__(self, in_channels: int, width: int, blocks: tuple[int, ...]) -> None:
        self.conv0 = Conv2d(in_channels, width, 7, stride=2, padding=3, bias=False)
        self.norm0 = BatchNorm2d(width)
        self.relu0 = ReLU()
        self.pool0 = MaxPool2d(3, stride=2, padding=1)
        self.channels = width
        for i, layers in enumerate(blocks, 1):
            setattr(self, f"denseblock{i}", DenseBlock(self.channels, layers))
            self.channels += layers * _GROWTH
            if i < len(blocks):
                setattr(self, f"transition{i}", Transition(self.channels))
                self.channels //= 2
        self.norm5 = BatchNorm2d(self.channels)

    def forward(self, x: Any) -> Any:
        """One after the other."""
        for _, layer in self._children():
            x = layer(x)
        return x


class DenseNet(Module):
    """Dense blocks with transitions between them in `features`, an average, and the linear `classifier`."""

    def __init__(self, in_channels: int, num_classes: int, width: int, blocks: tuple[int, ...]) -> None:
        self.features = Features(in_channels, width, blocks)
        self.classifier = Linear(self.features.channels, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = F.adaptive_avg_pool2d(F.relu(self.features(x)), 1)
        return self.classifier(F.flatten(x, 1))


def densenet121(in_channels: int = 3, num_classes: int = 1000) -> DenseNet:
    """DenseNet with 121 layers for images of 224×224; others fit too. 7,978,856 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's densenet121, so weights copy one to one.

    Source: Huang, Liu, van der Maaten, Weinberger, "Densely connected convolutional networks" (2017), table 1.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return DenseNet(in_channels, num_classes, 64, (6, 12, 24, 16))
