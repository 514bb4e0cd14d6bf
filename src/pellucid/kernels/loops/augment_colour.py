"""Augmentation's colours: brightness, contrast and saturation, as torchvision defines them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import rounded
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates

BRIGHTNESS, CONTRAST, SATURATION, NOTHING = range(4)
GREY = tuple(np.float32(weight) for weight in (0.2989, 0.587, 0.114))  # of red, green and blue
_RED, _GREEN, _BLUE = GREY
_ZERO, _ONE = np.float32(0), np.float32(1)
_LANES = 16  # as in functions/sums.py


class Colour(NamedTuple):
    """Images one behind the other, their factors, and the order of steps: two bits for each."""

    images: int
    channels: int
    plane: int  # pixels
    order: Reads[Integers]
    brightness: Reads[Numbers]
    contrast: Reads[Numbers]
    saturation: Reads[Numbers]
    grey: Updates[Numbers]  # of one image
    lanes: Updates[Doubles]
    out: Updates[Numbers]


@kernel
def colour(t: Colour, chunk):
    """All images, each in its own order."""
    out = t.out
    for k in range(t.images):
        first, end, order = k * t.channels * t.plane, (k + 1) * t.channels * t.plane, t.order[k]
        for _ in range(3):
            step, order = order & 3, order >> 2
            factor, rest = t.brightness[k], _ZERO
            if step in (CONTRAST, SATURATION):
                factor = t.contrast[k] if step == CONTRAST else t.saturation[k]
                to_grey(t, first)
            if step == CONTRAST:
                rest = (_ONE - factor) * mean(t)
            if step in (BRIGHTNESS, CONTRAST):
                for i in range(first, end):
                    out[i] = limited(out[i] * factor + rest)
            elif step == SATURATION:
                for c in range(t.channels):
                    line = first + c * t.plane
                    for i in range(t.plane):
                        out[line + i] = limited(out[line + i] * factor + (_ONE - factor) * t.grey[i])


@inline
def limited(x):
    """x between 0 and 1; NaN stays."""
    x = _ONE if x > _ONE else x
    return _ZERO if x < _ZERO else x


@inline
def to_grey(t, first):
    """The grey of an image's pixels: its one channel, or a mixture of three."""
    out, red, green, blue = t.out, first, first + t.plane, first + 2 * t.plane
    if t.channels == 1:
        for i in range(t.plane):
            t.grey[i] = out[red + i]
    else:
        for i in range(t.plane):
            t.grey[i] = out[red + i] * _RED + out[green + i] * _GREEN + out[blue + i] * _BLUE


@inline
def mean(t):
    """The mean grey: a sum in float64, in lanes, rounded once it is divided."""
    whole, lanes = t.plane // _LANES * _LANES, t.lanes
    for lane in range(_LANES):
        lanes[lane] = 0.0
    for i in range(0, whole, _LANES):
        for lane in range(_LANES):
            lanes[lane] += t.grey[i + lane]
    for lane in range(t.plane - whole):
        lanes[lane] += t.grey[whole + lane]
    width = _LANES // 2
    while width > 0:
        for lane in range(width):
            lanes[lane] += lanes[lane + width]
        width //= 2
    return rounded(lanes[0] / t.plane, t.grey)
