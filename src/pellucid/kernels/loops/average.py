"""The shares of average pooling's gradient, which `kernels/simd/average.py` gathers."""

from __future__ import annotations

from typing import NamedTuple

from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.rows import Rows, Source, first_row, last_row, row_at
from pellucid.kernels.table import Doubles, Reads, Writes


class Shares(NamedTuple):
    """Windows' gradients, and a divisor for each position."""

    rows: Rows
    grad_output: Source
    shares: Writes[Doubles]  # without halo
    divisors: Reads[Doubles]
    channels: int


@kernel
def shares(t: Shares, chunk):
    """shares = grad_output / divisor of its window, in float64."""
    g, out, length = t.grad_output.numbers, t.shares, t.rows.length
    width = length // t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.grad_output, r), r * length
        window = r % (t.rows.depth * t.rows.height) * width
        for w in range(width):
            divisor = t.divisors[window + w]
            for i in range(w * t.channels, (w + 1) * t.channels):
                out[to + i] = g[at + i] / divisor
