"""Dropout of whole slices: a factor for each, 0 or the scale, and then its product with the slice's numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import rounded
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.philox import block_words
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, place_of, row_at
from pellucid.kernels.table import Integers, Numbers, Reads, Writes


class Factors(NamedTuple):
    """What decides which slices stay, and by what they grow."""

    size: int  # how many slices there are
    last_word: int  # of the stream: which of the network's dropouts it is
    threshold: int
    counters: Reads[Integers]  # seed and step
    scale: float  # a number of the factors' type
    factors: Writes[Numbers]


class Slices(NamedTuple):
    """A tensor, and how far apart the factors of its images and of its channels are."""

    rows: Rows
    channels: int
    x: Source
    factors: Reads[Numbers]
    image: int
    channel: int
    y: Target
    base: Source


@kernel
def factors(t: Factors, chunk):
    """The scale where a slice's draw reaches the threshold, else 0."""
    seed, step, scale = t.counters[0], t.counters[1], rounded(t.scale, t.factors)
    for first in range(0, t.size, 4):
        words = block_words(first >> 2, seed, step, t.last_word)
        for i in range(min(4, t.size - first)):
            t.factors[first + i] = scale if np.int64(words[i]) >= t.threshold else 0.0


@kernel
def slices(t: Slices, chunk):
    """y = base + (x·factor where the factor is not 0, else 0)."""
    x, y, by = t.x.numbers, t.y.numbers, t.factors
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        image, _, _ = place_of(t.rows, r)
        at, to, first = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r), image * t.image
        if t.channel == 0:
            factor = by[first]
            for i in range(t.rows.length):
                y[to + i] = x[at + i] * factor if factor != 0 else 0.0
        else:
            for w in range(0, t.rows.length, t.channels):
                for c in range(t.channels):
                    y[to + w + c] = x[at + w + c] * by[first + c] if by[first + c] != 0 else 0.0
        add_base(t.rows, t.y, t.base, r)
