"""The way back from units (`over_axes.py`) to all the numbers that they are made of."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.kernels.functions import raised
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.broadcast import Repeated, Strides, place
from pellucid.kernels.loops.over_axes import POWERS, SQUARES, SUM, TIES
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.table import Doubles, Numbers, Reads, Writes


class Shares(NamedTuple):
    """A tensor whose numbers are to be units: multiplied and divided."""

    kept: Sizes
    x: Repeated
    per_chunk: int  # lines
    factor: float
    divisor: float
    divisors: Reads[Doubles]  # one for each unit
    divides: int  # whether there are these
    units: Writes[Doubles]


class LengthShares(NamedTuple):
    """What each unit gets of the gradient of its length."""

    kept: Sizes
    grad_output: Repeated
    lengths: Reads[Doubles]
    per_chunk: int  # lines
    exponent: float  # p − 1
    least: float  # a shorter one has no gradient
    units: Writes[Doubles]


class Spread(NamedTuple):
    """Units, and the tensor to whose numbers they go. A row has `width` pixels of `sizes.channels` channels."""

    sizes: Sizes
    per_chunk: int  # rows
    units: Reads[Doubles]
    beside: Reads[Doubles]
    by: Strides  # of both, 0 along axes that go
    x: Repeated
    exponent: float
    base: Repeated
    begins: int  # whether there is a base
    out: Writes[Numbers]
    strides: Strides


@kernel
def shares(t: Shares, chunk):
    """units = x·factor/divisor."""
    lines, plane = t.kept.images * t.kept.depth * t.kept.height, t.kept.depth * t.kept.height
    for line in range(chunk * t.per_chunk, min(lines, (chunk + 1) * t.per_chunk)):
        n, d, h = line // plane, line % plane // t.kept.height, line % t.kept.height
        for w in range(t.kept.width):
            at = place(t.x.strides, n, d, h) + w * t.x.strides.pixel
            to = (line * t.kept.width + w) * t.kept.channels
            for c in range(t.kept.channels):
                divisor = t.divisors[to + c] if t.divides != 0 else t.divisor
                t.units[to + c] = t.x.numbers[at + c * t.x.strides.channel] * t.factor / divisor


@inline
def shared(kind, t, unit, x, at):
    """What one number gets: its unit's share, as it is, where the number is one of several, or as far as it is away."""
    if kind == TIES:
        return t.units[unit] * (1.0 if x[at] == t.beside[unit] else 0.0)
    if kind == SQUARES:
        return t.units[unit] * (x[at] - t.beside[unit])
    if kind == POWERS:
        number = np.float64(x[at])
        return t.units[unit] * math.copysign(raised(abs(number), t.exponent), number) if number != 0 else 0.0
    return t.units[unit]


@inline
def spread(kind, t, chunk):
    """out = base + what each number gets."""
    x, out, base, step = t.x.numbers, t.out, t.base.numbers, t.by.channel
    rows, plane = t.sizes.images * t.sizes.depth * t.sizes.height, t.sizes.depth * t.sizes.height
    for r in range(chunk * t.per_chunk, min(rows, (chunk + 1) * t.per_chunk)):
        n, d, h = r // plane, r % plane // t.sizes.height, r % t.sizes.height
        for w in range(t.sizes.width):
            unit = place(t.by, n, d, h) + w * t.by.pixel
            at = place(t.x.strides, n, d, h) + w * t.x.strides.pixel
            begin = place(t.base.strides, n, d, h) + w * t.base.strides.pixel
            to = place(t.strides, n, d, h) + w * t.strides.pixel
            if t.begins != 0:
                for c in range(t.sizes.channels):
                    out[to + c] = base[begin + c] + shared(kind, t, unit + c * step, x, at + c)
            elif step == 0:
                for c in range(t.sizes.channels):
                    out[to + c] = shared(kind, t, unit, x, at + c)
            else:
                for c in range(t.sizes.channels):
                    out[to + c] = shared(kind, t, unit + c, x, at + c)


@kernel
def spread_sums(t: Spread, chunk):
    """The share."""
    spread(SUM, t, chunk)


@kernel
def spread_among_ties(t: Spread, chunk):
    """The share, where a number is beside."""
    spread(TIES, t, chunk)


@kernel
def spread_from_means(t: Spread, chunk):
    """The share times x − beside."""
    spread(SQUARES, t, chunk)


@kernel
def length_shares(t: LengthShares, chunk):
    """units = grad_output/length^(p − 1), 0 where the length is 0 or too short."""
    lines, plane = t.kept.images * t.kept.depth * t.kept.height, t.kept.depth * t.kept.height
    for line in range(chunk * t.per_chunk, min(lines, (chunk + 1) * t.per_chunk)):
        n, d, h = line // plane, line % plane // t.kept.height, line % t.kept.height
        for w in range(t.kept.width):
            at = place(t.grad_output.strides, n, d, h) + w * t.grad_output.strides.pixel
            to = (line * t.kept.width + w) * t.kept.channels
            for c in range(t.kept.channels):
                length, grad = (
                    t.lengths[to + c],
                    t.grad_output.numbers[at + c * t.grad_output.strides.channel],
                )
                gone = length == 0 or length < t.least
                t.units[to + c] = 0.0 if gone else grad / raised(length, t.exponent)


@kernel
def spread_lengths(t: Spread, chunk):
    """The share times sign(x)·|x|^exponent."""
    spread(POWERS, t, chunk)
