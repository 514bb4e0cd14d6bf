"""What several networks are built of: a convolution with norm and activation, the gate of squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pellucid.nn.activation import ReLU, Sigmoid
from pellucid.nn.adaptive import AdaptiveAvgPool2d
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.module import Module
from pellucid.nn.norm import BatchNorm2d

Maker = Callable[[], Module]


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: Maker | None = ReLU,
    eps: float = 1e-5,
    momentum: float = 0.1,
) -> Sequential:
    """A convolution that keeps the size at stride 1, batch norm, and the activation, if there is one."""
    padding = (kernel_size - 1) // 2
    conv = Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)
    ends = () if activation is None else (activation(),)
    return Sequential(conv, BatchNorm2d(out_channels, eps, momentum), *ends)


class SqueezeExcitation(Module):
    """Scale channels by gates that are made of their averages.

    Source: Hu, Shen, Sun, "Squeeze-and-excitation networks" (2018).
    """

    def __init__(self, channels: int, squeezed: int, activation: Maker = ReLU, gate: Maker = Sigmoid) -> None:
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc1 = Conv2d(channels, squeezed, 1)
        self.fc2 = Conv2d(squeezed, channels, 1)
        self.activation = activation()
        self.scale_activation = gate()

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → the same shape."""
        scale = self.activation(self.fc1(self.avgpool(x)))
        return self.scale_activation(self.fc2(scale)) * x


def divisible(channels: float, by: int = 8) -> int:
    """The multiple that is nearest, but not below 90 % of it: numbers of channels in mobile networks.

    Example:
        >>> divisible(72), divisible(18), divisible(24 / 4)
        (72, 24, 8)
    """
    nearest = max(by, int(channels + by / 2) // by * by)
    return nearest + by if nearest < 0.9 * channels else nearest
