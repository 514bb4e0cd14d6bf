"""The windows of an image as columns, and columns added up to an image: copies that change the order of numbers.

A column is a window's numbers side by side, channel by channel: (c,k) is number c·K + k.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import rounded
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.lists import Lists
from pellucid.kernels.loops.rows import Rows, Source, Target, first_row, last_row, row_of
from pellucid.kernels.table import Integers, Reads


class Unfold(NamedTuple):
    """Windows, by how far each lies from the image's first element; taps, by how far from a window's first."""

    rows: Rows  # a column each, along one axis
    image: Source
    columns: Target
    base: Source
    windows: Reads[Integers]
    taps: Reads[Integers]
    taps_count: int
    channels: int


class Fold(NamedTuple):
    """Columns, and for each position along H and W which (y,k) lie there, by how far they are from the first (y,k)."""

    rows: Rows  # of images of one slice
    columns: Source
    image: Target
    base: Source
    height: Lists
    width: Lists
    taps_count: int
    channels: int


@kernel
def unfold(t: Unfold, chunk):
    """columns[y][c·K + k] = image[window y's first position + tap k][c], on top of the base."""
    image, columns, base = t.image.numbers, t.columns.numbers, t.base.numbers
    channels, taps = t.channels, t.taps_count
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        number, y = r // t.rows.height, r % t.rows.height
        at, to = number * t.image.image + t.windows[y], row_of(t.columns, number, 0, y)
        for c in range(channels):
            for k in range(taps):
                columns[to + c * taps + k] = image[at + t.taps[k] + c]
        if t.base.image != 0:
            start = row_of(t.base, number, 0, y)
            for i in range(channels * taps):
                columns[to + i] += base[start + i]


@kernel
def fold(t: Fold, chunk):
    """image[i][c] = base + Σ columns[y][c·K + k] over the (y,k) at position i, k ascending."""
    columns, image, base = t.columns.numbers, t.image.numbers, t.base.numbers
    channels, taps, zero = t.channels, t.taps_count, rounded(0.0, image)
    grows = t.base.image != 0
    high, lines, wide, pixels = t.height.begins, t.height.positions, t.width.begins, t.width.positions
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        number, h = r // t.rows.height, r % t.rows.height
        row, before = row_of(t.image, number, 0, h), row_of(t.base, number, 0, h)
        for w in range(t.rows.length // channels):
            to, start = row + w * channels, before + w * channels
            for c in range(0, channels - 3, 4):  # four sums at a time, which do not wait for each other
                s = number * t.columns.image + c * taps
                x0 = base[start + c] if grows else zero
                x1 = base[start + c + 1] if grows else zero
                x2 = base[start + c + 2] if grows else zero
                x3 = base[start + c + 3] if grows else zero
                for a in range(high[h], high[h + 1]):
                    for b in range(wide[w], wide[w + 1]):
                        at = s + lines[a] + pixels[b]
                        x0 += columns[at]
                        x1 += columns[at + taps]
                        x2 += columns[at + 2 * taps]
                        x3 += columns[at + 3 * taps]
                image[to + c], image[to + c + 1], image[to + c + 2], image[to + c + 3] = x0, x1, x2, x3
            for c in range(channels // 4 * 4, channels):
                s = number * t.columns.image + c * taps
                x0 = base[start + c] if grows else zero
                for a in range(high[h], high[h + 1]):
                    for b in range(wide[w], wide[w + 1]):
                        x0 += columns[s + lines[a] + pixels[b]]
                image[to + c] = x0
