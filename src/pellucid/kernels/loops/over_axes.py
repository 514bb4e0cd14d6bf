"""One number of all numbers along some axes, for each place along the others.

The rows of a tensor are W pixels of C channels side by side. What is made of rows is a line of *units*, each of which
is one place along the axes that stay:

    across   units lie side by side, and rows are added to a line of them
    along    the numbers of a unit lie side by side, and go to 16 lanes, which are added as a tree

Over images there are the parts of the batch, each of which is made from nothing, and a tree of them (`batch.py`). Units
are float64 and lie one behind the other, channels last.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.functions.sums import LANES
from pellucid.kernels.functions import raised
from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.broadcast import Repeated, Strides, place
from pellucid.kernels.loops.rows import Sizes
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes

SUM, SQUARES, TIES, LARGEST, POWERS = range(5)  # what is made


class OverAxes(NamedTuple):
    """A tensor, and units that are made of it. A chunk makes some stretches of lines, in one share of the parts."""

    x: Repeated
    sizes: Sizes  # of x
    kept: Sizes  # of the units: 1 along axes that go
    edges: Reads[Integers]  # of the parts, in images
    parts: int
    shares: int  # into how many subtrees they are shared out, each with units of its own
    along: int  # whether the numbers of a unit lie side by side
    repeats: int  # across: how often a row has a line of units
    run: int  # along: how many numbers lie side by side
    width: int  # units of a line
    stretch: int  # of these, how many are made at a time
    per_chunk: int  # stretches
    setting: float  # a sign by which numbers are multiplied before the largest is taken, or an exponent
    beside: Reads[Doubles]  # for each unit what numbers are compared with
    made: Writes[Doubles]  # the units of all shares


class Finish(NamedTuple):
    """The units of all shares, and where the whole goes: to units, to a tensor, or both."""

    kept: Sizes
    made: Updates[Doubles]
    shares: int
    per_chunk: int  # lines
    factor: float
    divisor: float
    units: Writes[Doubles]
    keeps: int  # whether the whole goes to units
    y: Writes[Numbers]
    strides: Strides
    hands_out: int  # whether it goes to a tensor


@inline
def larger(x, y):
    """The larger of two numbers: NaN if one is, and of zeros the positive one."""
    return y if y > x or y != y or (y == x and math.copysign(1.0, y) > 0.0) else x


@inline
def joined(kind, x, y):
    """What two units make together."""
    return larger(x, y) if kind == LARGEST else x + y


@inline
def taken(kind, t, unit, so_far, x):
    """A unit that takes one more number."""
    if kind == LARGEST:
        return larger(so_far, t.setting * x)
    if kind == TIES:
        return so_far + (1.0 if x == t.beside[unit] else 0.0)
    if kind == POWERS:
        return so_far + raised(abs(np.float64(x)), t.setting)
    if kind == SQUARES:
        apart = x - t.beside[unit]
        return so_far + apart * apart
    return so_far + x


@inline
def take_row(kind, t, at, line, first, count, made):
    """Units `first`, … of a line take what is theirs of the row at `at`."""
    x, unit = t.x.numbers, line * t.width + first
    if t.along != 0:
        whole = t.run // LANES * LANES
        for j in range(count):
            start, lanes = at + (first + j) * t.run, j * LANES
            for k in range(0, whole, LANES):
                for lane in range(LANES):
                    made[lanes + lane] = taken(kind, t, unit + j, made[lanes + lane], x[start + k + lane])
            for k in range(whole, t.run):
                lane = lanes + k - whole
                made[lane] = taken(kind, t, unit + j, made[lane], x[start + k])
    else:
        for w in range(t.repeats):
            start = at + w * t.width + first
            for j in range(count):
                made[j] = taken(kind, t, unit + j, made[j], x[start + j])


@inline
def take_part(kind, t, part, line, first, count, made):
    """The same of all rows that a part of the batch has for a line; lanes are added at the end."""
    nothing = -math.inf if kind == LARGEST else 0.0
    for j in range(count * LANES if t.along != 0 else count):
        made[j] = nothing
    plane = t.kept.depth * t.kept.height
    image, d, h = line // plane, line % plane // t.kept.height, line % t.kept.height
    goes = t.kept.images != t.sizes.images
    images = (t.edges[part], t.edges[part + 1]) if goes else (image, image + 1)
    depths = (0, t.sizes.depth) if t.kept.depth != t.sizes.depth else (d, d + 1)
    heights = (0, t.sizes.height) if t.kept.height != t.sizes.height else (h, h + 1)
    for n in range(images[0], images[1]):
        for z in range(depths[0], depths[1]):
            for y in range(heights[0], heights[1]):
                take_row(kind, t, place(t.x.strides, n, z, y), line, first, count, made)
    if t.along != 0:
        for j in range(count):
            lanes, width = j * LANES, LANES // 2
            while width > 0:
                for i in range(lanes, lanes + width):
                    made[i] = joined(kind, made[i], made[i + width])
                width //= 2
            made[j] = made[lanes]


@inline
def take(kind, t, chunk, scratch):
    """All parts of a share, for some stretches of lines; in scratch memory sums wait for their right halves."""
    share, chunk_ = chunk % t.shares, chunk // t.shares
    parts, stretches = t.parts // t.shares, -(-t.width // t.stretch)
    lines = t.kept.images * t.kept.depth * t.kept.height
    slot = t.stretch * (LANES if t.along != 0 else 1)
    for s in range(chunk_ * t.per_chunk, min(lines * stretches, (chunk_ + 1) * t.per_chunk)):
        line, first = s // stretches, s % stretches * t.stretch
        count, top = min(t.stretch, t.width - first), 0
        for part in range(parts):
            made = float64_at(scratch + 8 * top * slot)
            take_part(kind, t, share * parts + part, line, first, count, made)
            rights = part
            while rights & 1:
                left, right = float64_at(scratch + 8 * (top - 1) * slot), float64_at(scratch + 8 * top * slot)
                for j in range(count):
                    left[j] = joined(kind, left[j], right[j])
                top -= 1
                rights >>= 1
            top += 1
        made, to = float64_at(scratch), (share * lines + line) * t.width + first
        for j in range(count):
            t.made[to + j] = made[j]


@kernel
def sums(t: OverAxes, chunk, scratch):
    """Σ x."""
    take(SUM, t, chunk, scratch)


@kernel
def squares(t: OverAxes, chunk, scratch):
    """Σ (x − beside)²."""
    take(SQUARES, t, chunk, scratch)


@kernel
def ties(t: OverAxes, chunk, scratch):
    """How many numbers are beside."""
    take(TIES, t, chunk, scratch)


@kernel
def largest(t: OverAxes, chunk, scratch):
    """max setting·x."""
    take(LARGEST, t, chunk, scratch)


@kernel
def powers(t: OverAxes, chunk, scratch):
    """Σ |x|ᵖ; the setting is p."""
    take(POWERS, t, chunk, scratch)


@inline
def finished(kind, t, chunk):
    """The tree of the shares, times factor/divisor; of powers the root, and at least the divisor."""
    lines, line_size = t.kept.images * t.kept.depth * t.kept.height, t.kept.width * t.kept.channels
    size, plane, made = lines * line_size, t.kept.depth * t.kept.height, t.made
    for line in range(chunk * t.per_chunk, min(lines, (chunk + 1) * t.per_chunk)):
        n, d, h = line // plane, line % plane // t.kept.height, line % t.kept.height
        apart = 1
        while apart < t.shares:
            for share in range(0, t.shares, 2 * apart):
                left = share * size + line * line_size
                for j in range(left, left + line_size):
                    made[j] = joined(kind, made[j], made[j + apart * size])
            apart *= 2
        for j in range(line * line_size, (line + 1) * line_size):
            whole = raised(made[j], t.factor) if kind == POWERS else made[j] * t.factor / t.divisor
            if t.keeps != 0:
                t.units[j] = whole
            made[j] = t.divisor if kind == POWERS and whole < t.divisor else whole
        if t.hands_out != 0:
            for w in range(t.kept.width):
                at, to = (
                    line * line_size + w * t.kept.channels,
                    place(t.strides, n, d, h) + w * t.strides.pixel,
                )
                for c in range(t.kept.channels):
                    t.y[to + c * t.strides.channel] = made[at + c]


@kernel
def finish(t: Finish, chunk):
    """Of sums."""
    finished(SUM, t, chunk)


@kernel
def finish_largest(t: Finish, chunk):
    """Of largest numbers."""
    finished(LARGEST, t, chunk)


@kernel
def finish_powers(t: Finish, chunk):
    """Of powers; the factor is 1/p."""
    finished(POWERS, t, chunk)
