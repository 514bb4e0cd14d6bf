"""Local response normalisation, pixel by pixel, in float64 and rounded once.

Scratch memory holds rows of one number for each of a pixel's C channels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.functions import raised
from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, row_at


class Measure(NamedTuple):
    """s[c] = k + scale·Σ x², over the `size` channels that begin at c − ⌊size/2⌋; scale = alpha/size."""

    channels: int
    size: int
    scale: float
    beta: float
    k: float


class Normalise(NamedTuple):
    """The numbers, and by what they are divided."""

    rows: Rows
    x: Source
    y: Target
    measure: Measure


class Gradient(NamedTuple):
    """The gradient, of the input and its measure again; slope = 2·alpha·beta/size."""

    rows: Rows
    grad_output: Source
    x: Source
    grad_input: Target
    base: Source
    measure: Measure
    slope: float


@inline
def measures(x, at, row, m):
    """row[c] = s[c], for the pixel that begins at `at`."""
    channels, size = m.channels, m.size
    for c in range(channels):
        row[c] = 0.0
    for j in range(max(-(size // 2), 1 - channels), min(size - size // 2, channels)):
        for c in range(max(0, -j), min(channels, channels - j)):
            value = np.float64(x[at + c + j])
            row[c] += value * value
    for c in range(channels):
        row[c] = m.k + m.scale * row[c]


@kernel
def local_response_norm(t: Normalise, chunk, scratch):
    """y = x·s^(−beta), with s = k + alpha/size·Σ x² over neighbouring channels."""
    x, y, row = t.x.numbers, t.y.numbers, float64_at(scratch)
    channels = t.measure.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(0, t.rows.length, channels):
            measures(x, at + i, row, t.measure)
            for c in range(channels):
                y[to + i + c] = x[at + i + c] * raised(row[c], -t.measure.beta)


@kernel
def local_response_norm_gradient(t: Gradient, chunk, scratch):
    """grad_input = base + g·s^(−beta) − slope·x·Σ g·x·s^(−beta − 1), over the channels whose neighbourhood holds c."""
    g, x, out, row = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers, float64_at(scratch)
    channels, size = t.measure.channels, t.measure.size
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(0, t.rows.length, channels):
            measures(x, at + i, row, t.measure)
            for c in range(channels):
                power = raised(row[c], -t.measure.beta)
                row[channels + c] = np.float64(g[grads + i + c]) * x[at + i + c] * (power / row[c])
                row[c] = g[grads + i + c] * power
                row[2 * channels + c] = 0.0
            for j in range(max(size // 2 + 1 - size, 1 - channels), min(size // 2 + 1, channels)):
                for c in range(max(0, -j), min(channels, channels - j)):
                    row[2 * channels + c] += row[channels + c + j]
            for c in range(channels):
                out[to + i + c] = row[c] - t.slope * x[at + i + c] * row[2 * channels + c]
        add_base(t.rows, t.grad_input, t.base, r)
