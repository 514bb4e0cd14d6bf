"""Augmentation's interpolation: parts of images stretched to the whole, and turned and shifted images.

Both read frames: images with a row and a column of zeros before them and two behind, so that no neighbour is missing.
"""

from __future__ import annotations

from math import floor
from typing import NamedTuple

from pellucid.kernels.intrinsics import rounded
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.augment_copy import Layout, Parts, Sizes
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes

BORDER = 3  # rows and columns of zeros in all


class Room(NamedTuple):
    """Room for stretched rows, and of one row for its pixels' neighbours and their shares, two for each pixel."""

    rows: Updates[Numbers]
    neighbours: Updates[Integers]
    shares: Updates[Numbers]


class Stretch(NamedTuple):
    """Parts of images, by corner and size."""

    images: int
    sizes: Sizes
    parts: Parts
    heights: Reads[Integers]
    widths: Reads[Integers]
    room: Room
    frames: Reads[Numbers]
    lying: Layout  # of frames
    out: Writes[Numbers]
    layout: Layout


class Turn(NamedTuple):
    """Images with the cosines and sines of angles, and shifts in pixels."""

    images: int
    sizes: Sizes
    cosine: Reads[Doubles]
    sine: Reads[Doubles]
    down: Reads[Doubles]
    across: Reads[Doubles]
    reflect: int
    room: Room
    frames: Reads[Numbers]
    lying: Layout
    out: Writes[Numbers]
    layout: Layout


@inline
def between(a, b, share):
    """a + share·(b − a)."""
    return a + share * (b - a)


@inline
def source_of(i, size, whole):
    """Where result i of `whole` lies among `size` pixels: pixels are areas, and beyond its centre an edge is itself."""
    return max((i + 0.5) * (size / whole) - 0.5, 0.0)


@kernel
def stretch(t: Stretch, chunk):
    """Parts of all images, bilinear, first along rows, then along columns."""
    rows, shares, near, far = t.room.rows, t.room.shares, t.room.neighbours, t.sizes.width
    for k in range(t.images):
        tall, wide, mirrored = t.heights[k], t.widths[k], t.parts.mirrored[k]
        for i in range(t.sizes.width):
            x = source_of(i, wide, t.sizes.width)
            to = t.sizes.width - 1 - i if mirrored else i
            near[to], near[far + to] = int(x), min(int(x) + 1, wide - 1)
            shares[to] = rounded(x - int(x), t.out)
        for c in range(t.sizes.channels):
            corner = t.lying.first + k * t.lying.image + c * t.lying.channel + t.parts.left[k]
            for y in range(tall):
                line = corner + (t.parts.top[k] + y) * t.lying.row
                for x in range(t.sizes.width):
                    a, b = t.frames[line + near[x]], t.frames[line + near[far + x]]
                    rows[y * t.sizes.width + x] = between(a, b, shares[x])
            first = t.layout.first + k * t.layout.image + c * t.layout.channel
            for i in range(t.sizes.height):
                y = source_of(i, tall, t.sizes.height)
                upper, lower = int(y) * t.sizes.width, min(int(y) + 1, tall - 1) * t.sizes.width
                share = rounded(y - int(y), t.out)
                line = first + (t.sizes.height - 1 - i if t.parts.upside_down[k] else i) * t.layout.row
                for x in range(t.sizes.width):
                    t.out[line + x] = between(rows[upper + x], rows[lower + x], share)


@kernel
def turn(t: Turn, chunk):
    """All images turned and shifted, bilinear: each pixel looks where it came from."""
    near, shares, frames, row, width = t.room.neighbours, t.room.shares, t.frames, t.lying.row, t.sizes.width
    middle_x, middle_y = (t.sizes.width - 1) / 2, (t.sizes.height - 1) / 2
    for k in range(t.images):
        cosine, sine = t.cosine[k], t.sine[k]
        for y in range(t.sizes.height):
            v = y - middle_y - t.down[k]
            for x in range(width):
                u = x - middle_x - t.across[k]
                left = inside(u * cosine - v * sine + middle_x, t.sizes.width, t.reflect)
                top = inside(u * sine + v * cosine + middle_y, t.sizes.height, t.reflect)
                near[x] = floor(top) * row + floor(left)
                shares[x] = rounded(left - floor(left), t.out)
                shares[width + x] = rounded(top - floor(top), t.out)
            for c in range(t.sizes.channels):
                first = t.lying.first + k * t.lying.image + c * t.lying.channel
                line = t.layout.first + k * t.layout.image + c * t.layout.channel + y * t.layout.row
                for x in range(width):
                    at = first + near[x]
                    upper = between(frames[at], frames[at + 1], shares[x])
                    lower = between(frames[at + row], frames[at + row + 1], shares[x])
                    t.out[line + x] = between(upper, lower, shares[width + x])


@inline
def inside(x, size, reflect):
    """Where a place lies in the frame: reflected, or at most one pixel beside the image, where all is 0."""
    if not reflect:
        return min(max(x, -1.0), float(size))
    period = 2.0 * (size - 1)
    x = abs(x) - period * floor(abs(x) / period)
    return x if x <= size - 1 else period - x
