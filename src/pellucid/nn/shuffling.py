"""Layers that bring channels to other channels or positions."""

from __future__ import annotations

from typing import Any

from pellucid import functional as F
from pellucid.nn.layer import Layer, whole


class PixelShuffle(Layer):
    """Channels become positions: (N,C·r²,H,W) → (N,C,H·r,W·r), r = `upscale_factor`.

    Source: Shi and others, "Real-time single image and video super-resolution using an efficient sub-pixel
    convolutional neural network" (2016).

    Raises: ArgumentError when the factor is not a whole number ≥ 1.
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = whole("PixelShuffle", "upscale_factor", upscale_factor)

    def forward(self, input: Any) -> Any:
        """(N,C·r²,H,W) → (N,C,H·r,W·r)."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The setting."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Layer):
    """Positions become channels: (N,C,H·r,W·r) → (N,C·r²,H,W), r = `downscale_factor`.

    Raises: ArgumentError when the factor is not a whole number ≥ 1.
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = whole("PixelUnshuffle", "downscale_factor", downscale_factor)

    def forward(self, input: Any) -> Any:
        """(N,C,H·r,W·r) → (N,C·r²,H,W)."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The setting."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Layer):
    """Channels of all groups in turn: output[n,(c,g),…] = input[n,(g,c),…].

    Raises: ArgumentError when the number of groups is not a whole number ≥ 1.
    """

    def __init__(self, groups: int) -> None:
        self.groups = whole("ChannelShuffle", "groups", groups)

    def forward(self, input: Any) -> Any:
        """The input's shape stays."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """The setting."""
        return f"groups={self.groups}"
