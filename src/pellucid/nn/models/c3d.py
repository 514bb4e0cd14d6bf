"""C3D: 3×3×3 convolutions over films."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv3d
from pellucid.nn.layer import whole
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.pooling import MaxPool3d
from pellucid.nn.shape import Dropout

_STAGES = ((64,), (128,), (256, 256), (512, 512), (512, 512))
_FRAMES = 16


class C3D(Module):
    """Eight 3×3×3 convolutions in `features`, three linear layers in `classifier`."""

    def __init__(self, in_channels: int, num_classes: int, image_size: int) -> None:
        self.image_size = whole("c3d", "image_size", image_size, minimum=16)
        layers: list[Module] = []
        channels, side = in_channels, image_size
        for stage, widths in enumerate(_STAGES):
            for width in widths:
                layers += [Conv3d(channels, width, 3, padding=1), ReLU()]
                channels = width
            last = stage == len(_STAGES) - 1
            depth = 1 if stage == 0 else 2  # early stages keep the frames apart
            layers.append(MaxPool3d((depth, 2, 2), padding=(0, 1, 1) if last else 0))
            side = side // 2 + last
        self.features = Sequential(*layers)
        self.classifier = Sequential(
            Linear(channels * side * side, 4096),
            ReLU(),
            Dropout(0.5),
            Linear(4096, 4096),
            ReLU(),
            Dropout(0.5),
            Linear(4096, num_classes),
        )

    def forward(self, x: Any) -> Any:
        """(N,C,16,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.features(x), 1))


def c3d(in_channels: int = 3, num_classes: int = 487, image_size: int = 112) -> C3D:
    """C3D for films of 16 square frames, of at least 16×16. 79,965,543 parameters as it comes.

    Source: Tran, Bourdev, Fergus, Torresani, Paluri, "Learning spatiotemporal features with 3D convolutional networks"
    (2015), figure 3.

    Shapes: (N,in_channels,16,image_size,image_size) → logits (N,num_classes).
    """
    return C3D(in_channels, num_classes, image_size)
