"""Average pooling, forward and backward: every position of one tensor gathers from positions of another.

Which ones is a relation along each axis, written down as two tables: the pairs of position `i` are numbers
`bounds[i]` to `bounds[i+1]` of `pairs`, two integers each: where the other tensor's number lies (elements) and where
its divisor lies. Every kernel here takes n: rows in a chunk, N, D, H, W, C; image, depth and row stride of the
result; image stride of the source; addresses of bounds and of pairs for D, H, W; then image, depth and row stride of
a base, zero when there is none.
"""

from __future__ import annotations

import numpy as np

from pellucid.kernels.intrinsics import float64_at, int64_at
from pellucid.kernels.jit import inline, kernel


@inline
def row_at(r, n, first):
    """Where row `r` of a tensor begins, given where its strides stand in n."""
    d, h = r // n[3] % n[2], r % n[3]
    return r // (n[2] * n[3]) * n[first] + d * n[first + 1] + h * n[first + 2]


@inline
def last_row(n, chunk):
    """The row after the last one of a chunk."""
    return min(n[1] * n[2] * n[3], (chunk + 1) * n[0])


@kernel
def average(p, n, f, chunk):
    """y = (Σ x over the window) / divisor, in float64, rounded once.

    p: x, y, sums (float64, C for each chunk), divisors (float64, one for each position of y).
    """
    x, y, sums, divisors = p[0], p[1], float64_at(p[2]), float64_at(p[3])
    bounds_d, bounds_h, bounds_w = int64_at(n[10]), int64_at(n[11]), int64_at(n[12])
    pairs_d, pairs_h, pairs_w = int64_at(n[13]), int64_at(n[14]), int64_at(n[15])
    channels = n[5]
    total = chunk * channels
    for r in range(chunk * n[0], last_row(n, chunk)):
        d, h, source = r // n[3] % n[2], r % n[3], r // (n[2] * n[3]) * n[9]
        first_d, last_d, first_h, last_h = bounds_d[d], bounds_d[d + 1], bounds_h[h], bounds_h[h + 1]
        to = row_at(r, n, 6)
        for w in range(n[4]):
            for c in range(channels):
                sums[total + c] = 0.0
            first_w, last_w = bounds_w[w], bounds_w[w + 1]
            for a in range(first_d, last_d):
                for b in range(first_h, last_h):
                    row = source + pairs_d[2 * a] + pairs_h[2 * b]
                    for e in range(first_w, last_w):
                        at = row + pairs_w[2 * e]
                        for c in range(channels):
                            sums[total + c] += x[at + c]
            divisor = divisors[(d * n[3] + h) * n[4] + w]
            for c in range(channels):
                y[to + c] = sums[total + c] / divisor
            to += channels


@kernel
def average_gradient(p, n, f, chunk):
    """grad_input = base + Σ grad_output / divisor over the windows that hold it, in float64, rounded once.

    p: grad_output, grad_input, sums (float64, C for each chunk), base, divisors (float64).
    """
    g, out, sums, base, divisors = p[0], p[1], float64_at(p[2]), p[3], float64_at(p[4])
    bounds_d, bounds_h, bounds_w = int64_at(n[10]), int64_at(n[11]), int64_at(n[12])
    pairs_d, pairs_h, pairs_w = int64_at(n[13]), int64_at(n[14]), int64_at(n[15])
    channels = n[5]
    total = chunk * channels
    for r in range(chunk * n[0], last_row(n, chunk)):
        d, h, source = r // n[3] % n[2], r % n[3], r // (n[2] * n[3]) * n[9]
        first_d, last_d, first_h, last_h = bounds_d[d], bounds_d[d + 1], bounds_h[h], bounds_h[h + 1]
        to, before = row_at(r, n, 6), row_at(r, n, 16)
        for w in range(n[4]):
            for c in range(channels):
                sums[total + c] = 0.0
            first_w, last_w = bounds_w[w], bounds_w[w + 1]
            for a in range(first_d, last_d):
                for b in range(first_h, last_h):
                    row = source + pairs_d[2 * a] + pairs_h[2 * b]
                    row_divisor = pairs_d[2 * a + 1] + pairs_h[2 * b + 1]
                    for e in range(first_w, last_w):
                        at, divisor = row + pairs_w[2 * e], divisors[row_divisor + pairs_w[2 * e + 1]]
                        for c in range(channels):
                            sums[total + c] += np.float64(g[at + c]) / divisor
            if n[16] != 0:
                for c in range(channels):
                    sums[total + c] += base[before + c]
            for c in range(channels):
                out[to + c] = sums[total + c]
            to += channels
            before += channels
