"""Copies: into channels-last tensors from N C D H W order; copies and sums of plain memory; zeros around a tensor.

Copies of plain memory are as it is, or with its rows in the opposite order.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.rows import Sizes, Target
from pellucid.kernels.table import Bytes, Numbers, Reads, Writes


class Copy(NamedTuple):
    """Plain memory and its copy."""

    source: Reads[Numbers]
    out: Writes[Numbers]
    size: int
    per_chunk: int


class Reverse(NamedTuple):
    """Rows of so many numbers."""

    source: Reads[Numbers]
    out: Writes[Numbers]
    rows: int
    length: int


class FromPublic(NamedTuple):
    """An array in N C D H W order, and the tensor of these sizes that it becomes."""

    source: Reads[Numbers]
    out: Target
    sizes: Sizes
    per_chunk: int  # images


class Sum(NamedTuple):
    """Two stretches of plain memory and their sum."""

    first: Reads[Numbers]
    second: Reads[Numbers]
    out: Writes[Numbers]
    size: int
    per_chunk: int


class Sides(NamedTuple):
    """How wide a halo is on either side along D, H and W."""

    front: int
    back: int
    top: int
    bottom: int
    left: int
    right: int


class Strides(NamedTuple):
    """Bytes from image to image, slice to slice, row to row, pixel to pixel."""

    image: int
    slice: int
    row: int
    pixel: int


class Halo(NamedTuple):
    """A tensor of any type and its halo."""

    tensor: Writes[Bytes]
    per_chunk: int  # images
    sizes: Sizes
    pixel_bytes: int  # of its channels
    sides: Sides
    strides: Strides


@kernel
def copy(t: Copy, chunk):
    """out = source."""
    for i in range(chunk * t.per_chunk, min(t.size, (chunk + 1) * t.per_chunk)):
        t.out[i] = t.source[i]


@kernel
def reverse(t: Reverse, chunk):
    """The rows in the opposite order; a chunk is a row."""
    source, out = chunk * t.length, (t.rows - 1 - chunk) * t.length
    for i in range(t.length):
        t.out[out + i] = t.source[source + i]


@kernel
def from_public(t: FromPublic, chunk):
    """out[n,d,h,w,c] = source[n,c,d,h,w]."""
    out, source = t.out.numbers, t.source
    depth, height, width, channels = t.sizes.depth, t.sizes.height, t.sizes.width, t.sizes.channels
    slices = depth * height
    plane = slices * width
    for r in range(chunk * t.per_chunk * slices, min(t.sizes.images, (chunk + 1) * t.per_chunk) * slices):
        image, d, h = r // slices, r // height % depth, r % height
        to = image * t.out.image + d * t.out.slice + h * t.out.row
        start = image * channels * plane + (d * height + h) * width
        if channels <= 4:  # images: long loops along the row
            for c in range(channels):
                for w in range(width):
                    out[to + w * channels + c] = source[start + c * plane + w]
        else:
            for w in range(width):
                for c in range(channels):
                    out[to + w * channels + c] = source[start + c * plane + w]


@kernel
def add(t: Sum, chunk):
    """out = first + second."""
    for i in range(chunk * t.per_chunk, min(t.size, (chunk + 1) * t.per_chunk)):
        t.out[i] = t.first[i] + t.second[i]


@kernel
def clear_halo(t: Halo, chunk):
    """Zeros before and behind the inner numbers of a tensor along D, H, W."""
    tensor, sizes, sides, strides = t.tensor, t.sizes, t.sides, t.strides
    width = sizes.width * t.pixel_bytes
    before, behind = sides.left * strides.pixel, sides.right * strides.pixel
    for image in range(chunk * t.per_chunk, min(sizes.images, (chunk + 1) * t.per_chunk)):
        for d in range(-sides.front, sizes.depth + sides.back):
            for h in range(-sides.top, sizes.height + sides.bottom):
                row = image * strides.image + d * strides.slice + h * strides.row
                if 0 <= d < sizes.depth and 0 <= h < sizes.height:
                    for i in range(row - before, row):
                        tensor[i] = 0
                    for i in range(row + width, row + width + behind):
                        tensor[i] = 0
                else:
                    for i in range(row - before, row + width + behind):
                        tensor[i] = 0
