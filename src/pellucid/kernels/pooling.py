"""Pooling, forward and backward: every position of one tensor gathers from positions of another.

Which ones is a relation along each axis, written down as two tables: the pairs of position `i` are numbers
`bounds[i]` to `bounds[i+1]` of `pairs`, three integers each: where the other tensor's number lies (elements),
where its route or divisor lies, and its kernel position times the kernel's stride. Every kernel here takes n: rows
in a chunk, N, D, H, W, C; image, depth and row stride of the result; image stride of the source and of its routes;
addresses of bounds and of pairs for D, H, W; then image, depth and row stride of a base, zero when there is none.
"""

from __future__ import annotations

import numpy as np

from pellucid.kernels.jit import float64_at, inline, int32_at, int64_at, kernel


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
def max_pool(p, n, f, chunk):
    """y = the largest x of the window, route = its kernel position; ties go to the first, NaN to the last.

    p: x, y, routes (int32, without halo).
    """
    x, y, routes = p[0], p[1], int32_at(p[2])
    bounds_d, bounds_h, bounds_w = int64_at(n[11]), int64_at(n[12]), int64_at(n[13])
    pairs_d, pairs_h, pairs_w = int64_at(n[14]), int64_at(n[15]), int64_at(n[16])
    channels = n[5]
    for r in range(chunk * n[0], last_row(n, chunk)):
        d, h, source = r // n[3] % n[2], r % n[3], r // (n[2] * n[3]) * n[9]
        out, route = row_at(r, n, 6), r * n[4] * channels
        for w in range(n[4]):
            first = True
            for a in range(bounds_d[d], bounds_d[d + 1]):
                for b in range(bounds_h[h], bounds_h[h + 1]):
                    for e in range(bounds_w[w], bounds_w[w + 1]):
                        at = source + pairs_d[3 * a] + pairs_h[3 * b] + pairs_w[3 * e]
                        tap = np.int32(pairs_d[3 * a + 2] + pairs_h[3 * b + 2] + pairs_w[3 * e + 2])
                        if first:
                            for c in range(channels):
                                y[out + c] = x[at + c]
                                routes[route + c] = tap
                        else:
                            for c in range(channels):
                                value, best = x[at + c], y[out + c]
                                wins = (value > best) | (value != value)
                                y[out + c] = value if wins else best
                                routes[route + c] = tap if wins else routes[route + c]
                        first = False
            out += channels
            route += channels


@kernel
def max_pool_gradient(p, n, f, chunk):
    """grad_input = base + Σ grad_output over the windows that this position won, windows ascending.

    p: grad_output, grad_input, routes (int32), base.
    """
    g, out, routes = p[0], p[1], int32_at(p[2])
    bounds_d, bounds_h, bounds_w = int64_at(n[11]), int64_at(n[12]), int64_at(n[13])
    pairs_d, pairs_h, pairs_w = int64_at(n[14]), int64_at(n[15]), int64_at(n[16])
    channels = n[5]
    for r in range(chunk * n[0], last_row(n, chunk)):
        d, h, image = r // n[3] % n[2], r % n[3], r // (n[2] * n[3])
        to = row_at(r, n, 6)
        start_row(p, n, r, to)
        for w in range(n[4]):
            for a in range(bounds_d[d], bounds_d[d + 1]):
                for b in range(bounds_h[h], bounds_h[h + 1]):
                    for e in range(bounds_w[w], bounds_w[w + 1]):
                        at = image * n[9] + pairs_d[3 * a] + pairs_h[3 * b] + pairs_w[3 * e]
                        route = image * n[10] + pairs_d[3 * a + 1] + pairs_h[3 * b + 1] + pairs_w[3 * e + 1]
                        tap = np.int32(pairs_d[3 * a + 2] + pairs_h[3 * b + 2] + pairs_w[3 * e + 2])
                        for c in range(channels):
                            grad, so_far = g[at + c], out[to + c]
                            out[to + c] = so_far + grad if routes[route + c] == tap else so_far
            to += channels


@inline
def start_row(p, n, r, to):
    """A row of a gradient begins as base, or as zero."""
    out, base = p[1], p[3]
    if n[17] != 0:
        at = row_at(r, n, 17)
        for i in range(n[4] * n[5]):
            out[to + i] = base[at + i]
    else:
        for i in range(n[4] * n[5]):
            out[to + i] = 0


@kernel
def average(p, n, f, chunk):
    """y = (Σ x over the window) / divisor, in float64, rounded once.

    p: x, y, sums (float64, C for each chunk), divisors (float64, one for each position of y).
    """
    x, y, sums, divisors = p[0], p[1], float64_at(p[2]), float64_at(p[3])
    bounds_d, bounds_h, bounds_w = int64_at(n[11]), int64_at(n[12]), int64_at(n[13])
    pairs_d, pairs_h, pairs_w = int64_at(n[14]), int64_at(n[15]), int64_at(n[16])
    channels = n[5]
    total = chunk * channels
    for r in range(chunk * n[0], last_row(n, chunk)):
        d, h, source = r // n[3] % n[2], r % n[3], r // (n[2] * n[3]) * n[9]
        out = row_at(r, n, 6)
        for w in range(n[4]):
            for c in range(channels):
                sums[total + c] = 0.0
            for a in range(bounds_d[d], bounds_d[d + 1]):
                for b in range(bounds_h[h], bounds_h[h + 1]):
                    for e in range(bounds_w[w], bounds_w[w + 1]):
                        at = source + pairs_d[3 * a] + pairs_h[3 * b] + pairs_w[3 * e]
                        for c in range(channels):
                            sums[total + c] += x[at + c]
            divisor = divisors[(d * n[3] + h) * n[4] + w]
            for c in range(channels):
                y[out + c] = sums[total + c] / divisor
            out += channels


@kernel
def average_gradient(p, n, f, chunk):
    """grad_input = base + Σ grad_output / divisor over the windows that hold the position, in float64, rounded once.

    p: grad_output, grad_input, sums (float64, C for each chunk), base, divisors (float64).
    """
    g, out, sums, base, divisors = p[0], p[1], float64_at(p[2]), p[3], float64_at(p[4])
    bounds_d, bounds_h, bounds_w = int64_at(n[11]), int64_at(n[12]), int64_at(n[13])
    pairs_d, pairs_h, pairs_w = int64_at(n[14]), int64_at(n[15]), int64_at(n[16])
    channels = n[5]
    total = chunk * channels
    for r in range(chunk * n[0], last_row(n, chunk)):
        d, h, source = r // n[3] % n[2], r % n[3], r // (n[2] * n[3]) * n[9]
        to, before = row_at(r, n, 6), row_at(r, n, 17)
        for w in range(n[4]):
            for c in range(channels):
                sums[total + c] = 0.0
            for a in range(bounds_d[d], bounds_d[d + 1]):
                for b in range(bounds_h[h], bounds_h[h + 1]):
                    for e in range(bounds_w[w], bounds_w[w + 1]):
                        at = source + pairs_d[3 * a] + pairs_h[3 * b] + pairs_w[3 * e]
                        divisor = divisors[pairs_d[3 * a + 1] + pairs_h[3 * b + 1] + pairs_w[3 * e + 1]]
                        for c in range(channels):
                            sums[total + c] += np.float64(g[at + c]) / divisor
            if n[17] != 0:
                for c in range(channels):
                    sums[total + c] += base[before + c]
            for c in range(channels):
                out[to + c] = sums[total + c]
            to += channels
            before += channels
