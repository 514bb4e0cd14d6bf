"""U-Net: down to small maps and up again, where each step up reads the map of its size from the way down."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.container import Sequential
from pellucid.nn.conv import Conv2d
from pellucid.nn.conv_transpose import ConvTranspose2d
from pellucid.nn.models.blocks import conv_norm
from pellucid.nn.module import Module


class UNet(Module):
    """Double convolutions `down1`, … and, behind transposed ones `up1`, …, `merge1`, …; a 1×1 `head`."""

    def __init__(self, in_channels: int, num_classes: int, width: int, depth: int) -> None:
        widths = [width << i for i in range(depth)]
        channels = in_channels
        for i, size in enumerate(widths, 1):
            setattr(self, f"down{i}", _double(channels, size))
            channels = size
        for i, size in enumerate(reversed(widths[:-1]), 1):
            setattr(self, f"up{i}", ConvTranspose2d(channels, size, 2, stride=2))
            setattr(self, f"merge{i}", _double(2 * size, size))
            channels = size
        self.head = Conv2d(channels, num_classes, 1)
        self._steps = depth - 1

    def forward(self, x: Any) -> Any:
        """(N,C,H,W) → logits for each pixel (N,num_classes,H,W); H and W are multiples of 2^(depth−1)."""
        kept = []
        for i in range(1, self._steps + 1):
            x = getattr(self, f"down{i}")(x)
            kept.append(x)
            x = F.max_pool2d(x, 2)
        x = getattr(self, f"down{self._steps + 1}")(x)
        for i in range(1, self._steps + 1):
            x = getattr(self, f"up{i}")(x)
            x = getattr(self, f"merge{i}")(F.cat([kept.pop(), x], 1))
        return self.head(x)


def unet(in_channels: int = 3, num_classes: int = 2, width: int = 64, depth: int = 5) -> UNet:
    """A U-Net whose convolutions are padded, with batch norm, for images whose sides are multiples of 2^(depth−1).

    Source: Ronneberger, Fischer, Brox, "U-Net: convolutional networks for biomedical image segmentation" (2015), where
    convolutions have neither padding nor norms.

    Shapes: (N,in_channels,H,W) → logits (N,num_classes,H,W).
    """
    return UNet(in_channels, num_classes, width, depth)


def _double(in_channels: int, out_channels: int) -> Sequential:
    return Sequential(conv_norm(in_channels, out_channels, 3), conv_norm(out_channels, out_channels, 3))
