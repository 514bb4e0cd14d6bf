"""Augmentation's first pass: pixels become floats, shifted, mirrored and scaled as they are read.

Rows are read whole, whatever of them lies beside the image: these are numbers of other rows or images, and the columns
that they come to are written again. So all rows have one length, and many become one loop.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import fma, mirrored_eight, prefetch
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Bytes, Integers, Numbers, Reads, Updates

_255, _REST = np.float32(1 / 255), np.float32(1 / 255 - float(np.float32(1 / 255)))  # 1/255 as two numbers
_ZERO = np.float32(0)
_LINE = 64  # bytes


class Sizes(NamedTuple):
    """C, H and W of an image."""

    channels: int
    height: int
    width: int


class Pixels(NamedTuple):
    """A dataset's images, of bytes or of numbers: from one to the next, in all, and which are wanted."""

    octets: Reads[Bytes]
    numbers: Reads[Numbers]
    eight_bits: int
    apart: int
    size: int
    places: Reads[Integers]


class Parts(NamedTuple):
    """Of each image: which row and column come first, and whether columns and rows are in reverse order."""

    top: Reads[Integers]
    left: Reads[Integers]
    mirrored: Reads[Integers]
    upside_down: Reads[Integers]


class Layout(NamedTuple):
    """How images lie: where the first one's first number is; from image to image, channel to channel, row to row."""

    first: int
    image: int
    channel: int
    row: int


class Cuts(NamedTuple):
    """Of each image the first row and column of a rectangle of zeros, and those behind it; used: 0 without any."""

    used: int
    top: Reads[Integers]
    bottom: Reads[Integers]
    left: Reads[Integers]
    right: Reads[Integers]


class Crop(NamedTuple):
    """What becomes of images: parts of them, where beside an image it is reflected or 0, ·scale + shift, cut."""

    images: int
    sizes: Sizes
    pixels: Pixels
    parts: Parts
    reflect: int
    scale: Reads[Numbers]
    shift: Reads[Numbers]
    cuts: Cuts
    out: Updates[Numbers]
    layout: Layout


class Cut(NamedTuple):
    """Images of which rectangles become zeros."""

    images: int
    sizes: Sizes
    cuts: Cuts
    out: Updates[Numbers]
    layout: Layout


@kernel
def crop(t: Crop, chunk):
    """All images."""
    for k in range(t.images):
        copy_image(t, k, t.parts.top[k], t.parts.left[k], t.parts.mirrored[k], t.parts.upside_down[k])
        if t.cuts.used:
            cut_image(t, k)


@kernel
def cut(t: Cut, chunk):
    """All images."""
    for k in range(t.images):
        cut_image(t, k)


@inline
def cut_image(t, k):
    """Zeros in one image."""
    for c in range(t.sizes.channels):
        for y in range(t.cuts.top[k], t.cuts.bottom[k]):
            line = t.layout.first + k * t.layout.image + c * t.layout.channel + y * t.layout.row
            for x in range(line + t.cuts.left[k], line + t.cuts.right[k]):
                t.out[x] = _ZERO


@inline
def unit(octet):
    """octet/255, rounded as the division is."""
    x = np.float32(octet)
    return fma(x, _255, x * _REST)


@inline
def copy_image(t, k, top, left, mirrored, upside_down):
    """One image: first what is seen of it, then rows that are reflected, then columns and rows beside it."""
    pixels, out, row, height, width = t.pixels, t.out, t.layout.row, t.sizes.height, t.sizes.width
    line, lines, step = max(0, -top), height - abs(top), -row if upside_down else row
    together = not mirrored and step == width
    edge, edges = 0 if top < 0 else lines, abs(top) if t.reflect else 0
    after = pixels.places[min(k + 1, t.images - 1)] * pixels.apart
    for c in range(t.sizes.channels):
        scale, shift, plane = t.scale[c], t.shift[c], pixels.places[k] * pixels.apart + c * height * width
        first = t.layout.first + k * t.layout.image + c * t.layout.channel
        start = first + (height - 1) * row if upside_down else first
        ask(pixels, after + c * height * width, height * width)
        at, runs = plane + (line + top) * width + left, 1 if together else lines
        if mirrored and pixels.eight_bits and at >= 0 and at + lines * width <= pixels.size:
            mirror_rows(pixels.octets, at, lines, width, out, start + line * step, step, scale, shift)
            runs = 0
        for i in range(runs + edges):
            y = line + i if i < runs else edge + i - runs
            count = lines * width if together and i < runs else width
            at = plane + folded(y + top, height) * width + left
            copy_run(pixels, at, out, start + y * step, count, mirrored, scale, shift)
        for x in range(0 if left < 0 else width - left, -left if left < 0 else width):
            to, inner = first + (width - 1 - x if mirrored else x), plane + folded(x + left, width)
            for y in range(height):
                value = _ZERO
                if t.reflect:
                    at = inner + folded((height - 1 - y if upside_down else y) + top, height) * width
                    value = unit(pixels.octets[at]) if pixels.eight_bits else pixels.numbers[at]
                out[to + y * row] = value * scale + shift
        for y in range(edge, edge + abs(top) - edges):
            for x in range(start + y * step, start + y * step + width):
                out[x] = _ZERO * scale + shift


@inline
def ask(pixels, first, count):
    """Ask for numbers of the next image: a dataset's images are far apart."""
    if pixels.eight_bits:
        for i in range(first, first + count, _LINE):
            prefetch(pixels.octets, i)
    else:
        for i in range(first, first + count, _LINE // 4):
            prefetch(pixels.numbers, i)


@inline
def copy_run(pixels, at, out, to, count, mirrored, scale, shift):
    """Numbers that lie side by side, without those that are in front of the first image or behind the last one."""
    octets, numbers = pixels.octets, pixels.numbers
    over, rest = max(0, -at), max(0, at + count - pixels.size)
    at, count = at + over, count - over - rest
    to = to + rest if mirrored else to + over
    last = at + count - 1
    if pixels.eight_bits and mirrored:
        for x in range(count):
            out[to + x] = unit(octets[last - x]) * scale + shift
    elif pixels.eight_bits:
        for x in range(count):
            out[to + x] = unit(octets[at + x]) * scale + shift
    elif mirrored:
        for x in range(count):
            out[to + x] = numbers[last - x] * scale + shift
    else:
        for x in range(count):
            out[to + x] = numbers[at + x] * scale + shift


@inline
def mirror_rows(octets, at, lines, width, out, to, step, scale, shift):
    """Rows of bytes, the last column first."""
    eights, last = width // 8, at + width - 1
    for _ in range(lines):
        for x in range(eights):
            mirrored_eight(octets, last - 7 - 8 * x, out, to + 8 * x, (_255, _REST, scale, shift))
        for x in range(8 * eights, width):
            out[to + x] = unit(octets[last - x]) * scale + shift
        last, to = last + width, to + step


@inline
def folded(i, size):
    """The place inside that is seen at a place outside, where edges are not repeated."""
    i = abs(i)
    return i if i < size else 2 * (size - 1) - i
