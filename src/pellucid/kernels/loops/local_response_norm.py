"""Local response normalisation, pixel by pixel, in float64 and rounded once.

Scratch memory holds rows of one number for each of a pixel's C channels.
"""

from __future__ import annotations

import numpy as np

from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.pointwise import add_base, last_row, row_at


@inline
def measures(x, at, row, channels, size, scale, k):
    """row[c] = k + scale·Σ x², over the `size` channels that begin at c − ⌊size/2⌋."""
    for c in range(channels):
        row[c] = 0.0
    for j in range(max(-(size // 2), 1 - channels), min(size - size // 2, channels)):
        for c in range(max(0, -j), min(channels, channels - j)):
            value = np.float64(x[at + c + j])
            row[c] += value * value
    for c in range(channels):
        row[c] = k + scale * row[c]


@kernel
def local_response_norm(p, n, f, chunk, scratch):
    """y = x·s^(−beta), with s = k + alpha/size·Σ x² over neighbouring channels.

    p: x, y. n: as in pointwise.py for both; C, size. f: alpha/size, beta, k.
    """
    x, y, row = p[0], p[1], float64_at(scratch)
    channels = n[11]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(0, n[4], channels):
            measures(x, at + i, row, channels, n[12], f[0], f[2])
            for c in range(channels):
                y[to + i + c] = x[at + i + c] * row[c] ** -f[1]


@kernel
def local_response_norm_gradient(p, n, f, chunk, scratch):
    """grad_input = base + g·s^(−beta) − slope·x·Σ g·x·s^(−beta − 1), over the channels whose neighbourhood holds c.

    p: g = grad_output, x, grad_input, base. n: as in pointwise.py for all; C, size. f: alpha/size, beta, k, slope.
    """
    g, x, out, row = p[0], p[1], p[2], float64_at(scratch)
    channels, size = n[17], n[18]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(0, n[4], channels):
            measures(x, at + i, row, channels, size, f[0], f[2])
            for c in range(channels):
                power = row[c] ** -f[1]
                row[channels + c] = np.float64(g[grads + i + c]) * x[at + i + c] * (power / row[c])
                row[c] = g[grads + i + c] * power
                row[2 * channels + c] = 0.0
            for j in range(max(size // 2 + 1 - size, 1 - channels), min(size // 2 + 1, channels)):
                for c in range(max(0, -j), min(channels, channels - j)):
                    row[2 * channels + c] += row[channels + c + j]
            for c in range(channels):
                out[to + i + c] = row[c] - f[3] * x[at + i + c] * row[2 * channels + c]
        add_base(p, n, r, 2, 3)
