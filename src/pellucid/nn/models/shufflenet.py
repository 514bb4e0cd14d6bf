"""ShuffleNet version 2: half the channels pass, half go through convolutions, and the halves are shuffled."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.models.blocks import conv_norm
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d
from pellucid.nn.pooling import MaxPool2d

_REPEATS, _CHANNELS = (4, 8, 4), (116, 232, 464)  # of the version with as many channels as the paper's 1×


class InvertedResidual(Module):
    """`branch2` of one half; with stride 2 of all channels, beside `branch1`."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        half, self._halves = outputs // 2, stride == 1
        first = half if self._halves else inputs
        other = () if self._halves else (*_depthwise(inputs, stride), *_narrow(inputs, half))
        self.branch1 = Sequential(*other)
        self.branch2 = Sequential(*_narrow(first, half), *_depthwise(half, stride), *_narrow(half, half))

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → (N,O,H/stride,W/stride)."""
        if self._halves:
            kept, x = F.chunk(x, 2, 1)
        else:
            kept = self.branch1(x)
        return F.channel_shuffle(F.cat([kept, self.branch2(x)], 1), 2)


class ShuffleNet(Module):
    """A convolution and a pooling, three stages, a convolution, an average, a linear layer."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        self.conv1 = conv_norm(in_channels, 24, 3, stride=2)
        self.maxpool = MaxPool2d(3, stride=2, padding=1)
        channels = 24
        for stage, (repeats, outputs) in enumerate(zip(_REPEATS, _CHANNELS, strict=True), 2):
            later = (InvertedResidual(outputs, outputs, 1) for _ in range(repeats - 1))
            setattr(self, f"stage{stage}", Sequential(InvertedResidual(channels, outputs, 2), *later))
            channels = outputs
        self.conv5 = conv_norm(channels, 1024)
        self.fc = Linear(1024, num_classes)

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits (N,num_classes)."""
        x = self.maxpool(self.conv1(x))
        x = self.conv5(self.stage4(self.stage3(self.stage2(x))))
        return self.fc(F.mean(x, (2, 3)))


def shufflenet_v2(in_channels: int = 3, num_classes: int = 1000) -> ShuffleNet:
    """ShuffleNet version 2 for images of 224×224; others fit too. 2,278,604 parameters as it comes.

    Layers and keys of the state dict are those of torchvision's shufflenet_v2_x1_0, so weights copy one to one.

    Source: Ma, Zhang, Zheng, Sun, "ShuffleNet V2: practical guidelines for efficient CNN architecture design" (2018).

    Shapes: (N,in_channels,H,W) → logits (N,num_classes).
    """
    return ShuffleNet(in_channels, num_classes)


def _narrow(inputs: int, outputs: int) -> tuple[Module, ...]:
    return Conv2d(inputs, outputs, 1, bias=False), BatchNorm2d(outputs), ReLU()


def _depthwise(channels: int, stride: int) -> tuple[Module, ...]:
    conv = Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return conv, BatchNorm2d(channels)
