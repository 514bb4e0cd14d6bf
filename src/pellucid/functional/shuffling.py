"""Channels that become positions, positions that become channels, and channels that change places."""

from __future__ import annotations

from pellucid.functional._call import Call, Tensor, function, gradient
from pellucid.ops.channel_shuffle import ChannelShuffle
from pellucid.ops.pixel_shuffle import PixelShuffle
from pellucid.ops.pixel_unshuffle import PixelUnshuffle


@function
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Call:
    """Channels become positions: (…,C·r²,H,W) → (…,C,H·r,W·r), r = upscale_factor.

    Raises: ShapeError when the channels are no multiple of r², ArgumentError for a factor below 1.

    Example:
        >>> pixel_shuffle([[[1.0]], [[2.0]], [[3.0]], [[4.0]]], 2)
        array([[[1., 2.],
                [3., 4.]]])
    """
    return Call(PixelShuffle(upscale_factor), (input,))


pixel_shuffle_backward = gradient(pixel_shuffle)


@function
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Call:
    """Positions become channels: (…,C,H·r,W·r) → (…,C·r²,H,W), r = downscale_factor.

    Raises: ShapeError when height or width is no multiple of r, ArgumentError for a factor below 1.

    Example:
        >>> pixel_unshuffle([[[1.0, 2.0], [3.0, 4.0]]], 2).ravel()
        array([1., 2., 3., 4.])
    """
    return Call(PixelUnshuffle(downscale_factor), (input,))


pixel_unshuffle_backward = gradient(pixel_unshuffle)


@function
def channel_shuffle(input: Tensor, groups: int) -> Call:
    """Channels of all groups in turn: output[n,(c,g),…] = input[n,(g,c),…].

    Raises: ShapeError when the channels are no multiple of `groups`, ArgumentError for groups below 1.

    Example:
        >>> channel_shuffle([[[1.0], [2.0], [3.0], [4.0]]], 2).ravel()
        array([1., 3., 2., 4.])
    """
    return Call(ChannelShuffle(groups), (input,))


channel_shuffle_backward = gradient(channel_shuffle)
