"""Two tensors that meet element by element, one or both repeated along some axes; and sums over such axes.

Repeated numbers lie in memory once: along such an axis a tensor's stride is 0.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.intrinsics import fma, rounded
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Rows, Sizes, first_row, last_row, place_of
from pellucid.kernels.table import Integers, Numbers, Reads, Updates, Writes


class Strides(NamedTuple):
    """How far apart a tensor's images, slices, rows, pixels and channels are; 0 along axes where it is repeated."""

    image: int
    slice: int
    row: int
    pixel: int
    channel: int


class Repeated(NamedTuple):
    """A tensor that is read."""

    numbers: Reads[Numbers]
    strides: Strides


class Binary(NamedTuple):
    """Two tensors, and a third one made of them. A row has `width` pixels of `rows.length` channels."""

    rows: Rows
    width: int
    a: Repeated
    b: Repeated
    y: Writes[Numbers]
    strides: Strides  # of y


class Summed(NamedTuple):
    """The gradient of an operand: sign·grad_output·slope, summed where the operand is repeated.

    A chunk takes some images. Where the operand is repeated from image to image, they are a part of the batch.
    """

    sizes: Sizes  # of grad_output
    own: Sizes  # of out: 1 along the axes that are summed over
    edges: Reads[Integers]  # of the chunks, in images
    sign: float
    grad_output: Repeated
    slope: Repeated
    base: Repeated  # what the sum begins with, of several parts the first
    begins: int  # whether there is a base
    out: Writes[Numbers]
    strides: Strides  # of out
    part: int  # how far parts are apart


class Parts(NamedTuple):
    """Parts of such a sum, and where the whole goes. A row has `width` pixels of `rows.length` channels."""

    rows: Rows
    width: int
    parts: Updates[Numbers]
    strides: Strides
    parts_count: int
    y: Writes[Numbers]
    y_strides: Strides


@inline
def place(strides, n, d, h):
    """Where a row begins."""
    return n * strides.image + d * strides.slice + h * strides.row


@inline
def starts(t, r, w):
    """Where pixel w of row r begins in a, b and y."""
    n, d, h = place_of(t.rows, r)
    i = place(t.a.strides, n, d, h) + w * t.a.strides.pixel
    j = place(t.b.strides, n, d, h) + w * t.b.strides.pixel
    return i, j, place(t.strides, n, d, h) + w * t.strides.pixel


@kernel
def add(t: Binary, chunk):
    """y = a + b."""
    a, b, y, step, other = t.a.numbers, t.b.numbers, t.y, t.a.strides.channel, t.b.strides.channel
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        for w in range(t.width):
            i, j, k = starts(t, r, w)
            if step == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i] + b[j + c * other]
            elif other == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] + b[j]
            else:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] + b[j + c * other]


@kernel
def subtract(t: Binary, chunk):
    """y = a − b."""
    a, b, y, step, other = t.a.numbers, t.b.numbers, t.y, t.a.strides.channel, t.b.strides.channel
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        for w in range(t.width):
            i, j, k = starts(t, r, w)
            if step == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i] - b[j + c * other]
            elif other == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] - b[j]
            else:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] - b[j + c * other]


@kernel
def multiply(t: Binary, chunk):
    """y = a·b."""
    a, b, y, step, other = t.a.numbers, t.b.numbers, t.y, t.a.strides.channel, t.b.strides.channel
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        for w in range(t.width):
            i, j, k = starts(t, r, w)
            if step == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i] * b[j + c * other]
            elif other == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] * b[j]
            else:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] * b[j + c * other]


@kernel
def divide(t: Binary, chunk):
    """y = a/b."""
    a, b, y, step, other = t.a.numbers, t.b.numbers, t.y, t.a.strides.channel, t.b.strides.channel
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        for w in range(t.width):
            i, j, k = starts(t, r, w)
            if step == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i] / b[j + c * other]
            elif other == 0:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] / b[j]
            else:
                for c in range(t.rows.length):
                    y[k + c] = a[i + c * step] / b[j + c * other]


@inline
def begin(t, chunk, n):
    """out = base, or 0."""
    out, base, zero = t.out, t.base.numbers, rounded(0.0, t.out)
    begins = t.begins != 0 and (t.strides.image != 0 or chunk == 0)
    for d in range(t.own.depth):
        for h in range(t.own.height):
            for w in range(t.own.width):
                i = place(t.base.strides, n, d, h) + w * t.base.strides.pixel
                k = chunk * t.part + place(t.strides, n, d, h) + w * t.strides.pixel
                for c in range(t.own.channels):
                    out[k + c * t.strides.channel] = base[i + c * t.base.strides.channel] if begins else zero


@inline
def add_pixel(t, i, j, k):
    """Add what one pixel contributes; it begins at i in grad_output, at j in slope and at k in out."""
    g, s, out, sign = t.grad_output.numbers, t.slope.numbers, t.out, rounded(t.sign, t.out)
    by_g, by_s, to = t.grad_output.strides.channel, t.slope.strides.channel, t.strides.channel
    if to == 0:
        total = out[k]
        for c in range(t.sizes.channels):
            total = fma(sign * g[i + c * by_g], s[j + c * by_s], total)
        out[k] = total
    elif by_s == 0:
        slope = sign * s[j]
        for c in range(t.sizes.channels):
            out[k + c * to] = fma(g[i + c * by_g], slope, out[k + c * to])
    else:
        for c in range(t.sizes.channels):
            out[k + c * to] = fma(sign * g[i + c * by_g], s[j + c * by_s], out[k + c * to])


@kernel
def gradient(t: Summed, chunk):
    """out = base + Σ sign·grad_output·slope by fused multiply–adds; images, then positions, then channels ascending."""
    first, last = t.edges[chunk], t.edges[chunk + 1]
    if t.strides.image == 0:
        begin(t, chunk, 0)
    for n in range(first, last):
        if t.strides.image != 0:
            begin(t, chunk, n)
        for d in range(t.sizes.depth):
            for h in range(t.sizes.height):
                for w in range(t.sizes.width):
                    i = place(t.grad_output.strides, n, d, h) + w * t.grad_output.strides.pixel
                    j = place(t.slope.strides, n, d, h) + w * t.slope.strides.pixel
                    add_pixel(t, i, j, chunk * t.part + place(t.strides, n, d, h) + w * t.strides.pixel)


@kernel
def add_parts(t: Parts, chunk):
    """y = the parts, added as a tree in their place."""
    parts, y, step, to, part = t.parts, t.y, t.strides.channel, t.y_strides.channel, t.strides.image
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        _, d, h = place_of(t.rows, r)
        for w in range(t.width):
            i = place(t.strides, 0, d, h) + w * t.strides.pixel
            k = place(t.y_strides, 0, d, h) + w * t.y_strides.pixel
            apart = 1
            while apart < t.parts_count:
                for left in range(i, i + t.parts_count * part, 2 * apart * part):
                    for c in range(t.rows.length):
                        parts[left + c * step] += parts[left + apart * part + c * step]
                apart *= 2
            for c in range(t.rows.length):
                y[k + c * to] = parts[i + c * step]
