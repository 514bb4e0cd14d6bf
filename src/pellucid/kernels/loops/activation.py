"""Dropout."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, row_at
from pellucid.kernels.table import Integers, Reads

_GOLDEN, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
_27, _30, _31, _32, _ONE = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32), np.uint64(1)


class Dropout(NamedTuple):
    """What decides which numbers stay, and by what they grow."""

    rows: Rows
    x: Source
    y: Target
    base: Source
    channels: int
    plane: int  # numbers of a channel
    layer: int  # which of the network's dropouts it is
    threshold: int
    counters: Reads[Integers]  # seed and step
    scale: float  # a number of x's type


@inline
def mix(x):
    """Scramble 64 bits, as `ops/random.py` does."""
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


@kernel
def dropout(t: Dropout, chunk):
    """y = base + (x·scale where the element's draw reaches the threshold, else 0). Forward and backward are the same.

    An element's draw has the number of its N C D H W place.
    """
    x, y = t.x.numbers, t.y.numbers
    channels, plane, width = t.channels, np.uint64(t.plane), t.rows.length // t.channels
    key = mix(np.uint64(t.counters[0]) + _GOLDEN)
    key = mix((key ^ np.uint64(t.counters[1])) + _GOLDEN)
    key = mix((key ^ np.uint64(t.layer)) + _GOLDEN)
    threshold = np.uint64(t.threshold)
    slices = t.rows.depth * t.rows.height
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        first = r // slices * channels * t.plane + r % slices * width
        for w in range(width):
            number = np.uint64(first + w + 1)
            for c in range(channels):
                draw = mix(key + (number + np.uint64(c) * plane) * _GOLDEN) >> _32
                y[to + w * channels + c] = x[at + w * channels + c] * t.scale if draw >= threshold else 0.0
        add_base(t.rows, t.y, t.base, r)
