"""EfficientNet: depthwise convolutions between two of 1×1, gated by squeeze-and-excitation."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import SiLU
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.linear import Linear
from pellucid.nn.models.blocks import SqueezeExcitation, conv_norm
from pellucid.nn.module import Module
from pellucid.nn.shape import Dropout, StochasticDepth

_B0 = (  # times the channels, kernel, stride, channels, blocks
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
_DROPPED = 0.2  # the chance that the last block is left out; that of the others grows towards it


class MBConv(Module):
    """1×1 to more channels, depthwise, a gate, 1×1 to fewer; a shortcut where the shape stays."""

    def __init__(
        self, inputs: int, expansion: int, kernel: int, stride: int, outputs: int, dropped: float
    ) -> None:
        wide = expansion * inputs
        widen = () if wide == inputs else (conv_norm(inputs, wide, activation=SiLU),)
        self.block = Sequential(
            *widen,
            conv_norm(wide, wide, kernel, stride, groups=wide, activation=SiLU),
            SqueezeExcitation(wide, max(1, inputs // 4), activation=SiLU),
            conv_norm(wide, outputs, activation=None),
        )
        self.stochastic_depth = StochasticDepth(dropped, "row")
        self._adds = stride == 1 and inputs == outputs

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H/stride,W/stride)."""
        made = self.block(x)
        return self.stochastic_depth(made) + x if self._adds else made


class EfficientNet(Module):
    """Stages of blocks in `features`, an average, dropout and a linear layer in `classifier`."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        layers: list[Module] = [conv_norm(in_channels, 32, 3, stride=2, activation=SiLU)]
        channels, made, total = 32, 0, sum(count for *_, count in _B0)
        for expansion, kernel, stride, outputs, count in _B0:
            blocks = []
            for i in range(count):
                dropped, made = _DROPPED * made / total, made + 1
                blocks.append(MBConv(channels, expansion, kernel, 1 if i else stride, outputs, dropped))
                channels = outputs
            layers.append(Sequential(*blocks))
        self.features = Sequential(*layers, conv_norm(channels, 4 * channels, activation=SiLU))
        self.avgpool = AdaptiveAvgPool2d(1)
        self.classifier = Sequential(Dropout(0.2), Linear(4 * channels, num_classes))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.avgpool(self.features(x)), 1))


def efficientnet_b0(in_channels: int = 3, num_classes: int = 1000) -> EfficientNet:
    """EfficientNet-B0 for images of 224×224; others fit too. 5,288,548 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's efficientnet_b0, so weights copy one to one.

    Source: Tan, Le, "EfficientNet: rethinking model scaling for convolutional neural networks" (2019), table 1.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return EfficientNet(in_channels, num_classes)
