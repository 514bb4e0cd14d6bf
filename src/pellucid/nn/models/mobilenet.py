"""MobileNets: a depthwise convolution between two of 1×1, whose shortcut joins the narrow ends."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.models.blocks import SqueezeExcitation, conv_norm, divisible
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d
from pellucid.nn.piecewise import Hardsigmoid, Hardswish, ReLU6
from pellucid.nn.shape import Dropout

_V2 = (  # times the channels, channels, blocks, stride
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
_V3_SMALL = (  # kernel, wide, channels, whether there is a gate, activation, stride
    (3, 16, 16, True, ReLU, 2),
    (3, 72, 24, False, ReLU, 2),
    (3, 88, 24, False, ReLU, 1),
    (5, 96, 40, True, Hardswish, 2),
    (5, 240, 40, True, Hardswish, 1),
    (5, 240, 40, True, Hardswish, 1),
    (5, 120, 48, True, Hardswish, 1),
    (5, 144, 48, True, Hardswish, 1),
    (5, 288, 96, True, Hardswish, 2),
    (5, 576, 96, True, Hardswish, 1),
    (5, 576, 96, True, Hardswish, 1),
)
_V3_NORM = (0.001, 0.01)  # eps and momentum of version 3


class InvertedResidual(Module):
    """Version 2: more channels, depthwise, fewer channels without an activation; a shortcut where the shape stays."""

    def __init__(self, inputs: int, expansion: int, outputs: int, stride: int) -> None:
        wide = expansion * inputs
        widen = () if expansion == 1 else (conv_norm(inputs, wide, activation=ReLU6),)
        self.conv = Sequential(
            *widen,
            conv_norm(wide, wide, 3, stride, groups=wide, activation=ReLU6),
            Conv2d(wide, outputs, 1, bias=False),
            BatchNorm2d(outputs),
        )
        self._adds = stride == 1 and inputs == outputs

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H/stride,W/stride)."""
        return x + self.conv(x) if self._adds else self.conv(x)


class GatedResidual(Module):
    """Version 3: the same with its own activation and, in some blocks, a gate."""

    def __init__(
        self,
        inputs: int,
        kernel: int,
        wide: int,
        outputs: int,
        gated: bool,
        activation: type[Module],
        stride: int,
    ) -> None:
        widen = () if wide == inputs else (conv_norm(inputs, wide, 1, 1, 1, activation, *_V3_NORM),)
        gate = (SqueezeExcitation(wide, divisible(wide // 4), gate=Hardsigmoid),) if gated else ()
        self.block = Sequential(
            *widen,
            conv_norm(wide, wide, kernel, stride, wide, activation, *_V3_NORM),
            *gate,
            conv_norm(wide, outputs, 1, 1, 1, None, *_V3_NORM),
        )
        self._adds = stride == 1 and inputs == outputs

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H/stride,W/stride)."""
        return self.block(x) + x if self._adds else self.block(x)


class MobileNet(Module):
    """Blocks in `features`, an average, linear layers in `classifier`."""

    def __init__(self, features: Sequential, classifier: Sequential) -> None:
        self.features = features
        self.avgpool = AdaptiveAvgPool2d(1)
        self.classifier = classifier

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        return self.classifier(F.flatten(self.avgpool(self.features(x)), 1))


def mobilenet_v2(in_channels: int = 3, num_classes: int = 1000) -> MobileNet:
    """MobileNet version 2 for images of 224×224; others fit too. 3,504,872 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's mobilenet_v2, so weights copy one to one.

    Source: Sandler, Howard, Zhu, Zhmoginov, Chen, "MobileNetV2: inverted residuals and linear bottlenecks" (2018).

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    layers: list[Module] = [conv_norm(in_channels, 32, 3, stride=2, activation=ReLU6)]
    channels = 32
    for expansion, outputs, count, stride in _V2:
        for i in range(count):
            layers.append(InvertedResidual(channels, expansion, outputs, 1 if i else stride))
            channels = outputs
    features = Sequential(*layers, conv_norm(channels, 1280, activation=ReLU6))
    return MobileNet(features, Sequential(Dropout(0.2), Linear(1280, num_classes)))


def mobilenet_v3_small(in_channels: int = 3, num_classes: int = 1000) -> MobileNet:
    """The small MobileNet version 3 for images of 224×224; others fit too. 2,542,856 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's mobilenet_v3_small, so weights copy one to one.

    Source: Howard and others, "Searching for MobileNetV3" (2019), table 2.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    layers: list[Module] = [conv_norm(in_channels, 16, 3, 2, 1, Hardswish, *_V3_NORM)]
    channels = 16
    for kernel, wide, outputs, gated, activation, stride in _V3_SMALL:
        layers.append(GatedResidual(channels, kernel, wide, outputs, gated, activation, stride))
        channels = outputs
    features = Sequential(*layers, conv_norm(channels, 576, 1, 1, 1, Hardswish, *_V3_NORM))
    classifier = Sequential(Linear(576, 1024), Hardswish(), Dropout(0.2), Linear(1024, num_classes))
    return MobileNet(features, classifier)
