"""The walk row by row: a row is W·C numbers side by side, and the rows of a padded tensor are apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.jit import inline
from pellucid.kernels.table import Numbers, Reads, Writes


class Sizes(NamedTuple):
    """N, D, H, W and C of a tensor."""

    images: int
    depth: int
    height: int
    width: int
    channels: int


class Rows(NamedTuple):
    """The rows of tensors of one size, and how many of them a chunk takes."""

    per_chunk: int
    images: int
    depth: int
    height: int
    length: int


class Source(NamedTuple):
    """A tensor that is read: its numbers, and how far apart its images, slices and rows are."""

    numbers: Reads[Numbers]
    image: int
    slice: int
    row: int


class Target(NamedTuple):
    """A tensor that is written."""

    numbers: Writes[Numbers]
    image: int
    slice: int
    row: int


@inline
def first_row(rows, chunk):
    """The first row of a chunk."""
    return chunk * rows.per_chunk


@inline
def last_row(rows, chunk):
    """The row after the last one of a chunk."""
    return min(rows.images * rows.depth * rows.height, (chunk + 1) * rows.per_chunk)


@inline
def place_of(rows, r):
    """The image of row `r`, and where it lies along D and H."""
    height, depth = np.uint64(rows.height), np.uint64(rows.depth)  # without signs divisions are shorter
    line = np.uint64(r) // height
    image = line // depth
    return np.int64(image), np.int64(line - image * depth), np.int64(np.uint64(r) - line * height)


@inline
def row_of(tensor, image, d, h):
    """Where the row at this place of a tensor begins."""
    return image * tensor.image + d * tensor.slice + h * tensor.row


@inline
def row_at(rows, tensor, r):
    """Where row `r` of a tensor begins."""
    image, d, h = place_of(rows, r)
    return row_of(tensor, image, d, h)


@inline
def add_base(rows, out, base, r):
    """Add row `r` of a gradient so far to that of a gradient, if there is one; an absent base has no strides."""
    if base.image != 0:
        to, at = row_at(rows, out, r), row_at(rows, base, r)
        for i in range(rows.length):
            out.numbers[to + i] += base.numbers[at + i]
