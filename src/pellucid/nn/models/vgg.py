"""VGGs: 3×3 convolutions, one to three of them before each pooling."""

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

WIDTHS = (64, 128, 256)  # channels of the small one's three stages; each halves the image
_VGG11 = ((64,), (128,), (256, 256), (512, 512), (512, 512))
_VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGGSmall(Module):
    """Six 3×3 convolutions in `features`, two linear layers in `classifier`."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        self.image_size = whole("vgg_small", "image_size", image_size, minimum=8)
        layers: list[Module] = []
        channels = in_channels
        for width in WIDTHS:
            layers += [Conv2d(channels, width, 3, padding=1), ReLU()]
            layers += [Conv2d(width, width, 3, padding=1), ReLU(), MaxPool2d(2)]
            channels = width
        self.features = Sequential(*layers)
        numbers = channels * (image_size // 8) ** 2
        self.classifier = Sequential(Linear(numbers, 256), ReLU(), Linear(256, num_classes))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.features(x), 1))


def vgg_small(in_channels: int = 3, num_classes: int = 10, image_size: int = 32) -> VGGSmall:
    """A small VGG without batch normalisation for square images of at least 8×8.

    Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015).

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return VGGSmall(in_channels, num_classes, image_size)


class VGG(Module):
    """Stages of 3×3 convolutions in `features`, three linear layers, with dropout between them, in `classifier`."""

    def __init__(
        self,
        name: str,
        stages: tuple[tuple[int, ...], ...],
        in_channels: int,
        num_classes: int,
        image_size: int,
    ) -> None:
        self.image_size = whole(name, "image_size", image_size, minimum=32)
        layers: list[Module] = []
        channels = in_channels
        for stage in stages:
            for width in stage:
                layers += [Conv2d(channels, width, 3, padding=1), ReLU()]
                channels = width
            layers.append(MaxPool2d(2))
        self.features = Sequential(*layers)
        self.classifier = Sequential(
            Linear(channels * (image_size // 32) ** 2, 4096),
            ReLU(),
            Dropout(0.5),
            Linear(4096, 4096),
            ReLU(),
            Dropout(0.5),
            Linear(4096, num_classes),
        )

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.features(x), 1))


def vgg11(in_channels: int = 3, num_classes: int = 1000, image_size: int = 224) -> VGG:
    """VGG with 11 layers for square images of at least 32×32, 132,863,336 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's vgg11, so weights copy one to one. Its adaptive pooling
    to 7×7 is left out: at 224×224 it does nothing.

    Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015), column A.

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return VGG("vgg11", _VGG11, in_channels, num_classes, image_size)


def vgg16(in_channels: int = 3, num_classes: int = 1000, image_size: int = 224) -> VGG:
    """VGG with 16 layers for square images of at least 32×32, 138,357,544 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's vgg16, as in `vgg11`.

    Source: the same, column D.

    Shapes: (N,in_channels,image_size,image_size) → logits (N,num_classes).
    """
    return VGG("vgg16", _VGG16, in_channels, num_classes, image_size)
