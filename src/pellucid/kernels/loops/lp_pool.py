"""Power-average pooling and its gradient, in float64, each result rounded once.

Which positions a result reads along an axis, tables say as in `resample.py`, without runs and weights. All kernels here
take n: rows in a chunk, N, D, H, W, C of the result, strides of source and result (image, depth, row each), addresses
of the lists' begins and of the lists for D, H and W, the elements of a whole window; f: p.
"""

from __future__ import annotations

import math

from pellucid.kernels.intrinsics import float64_at, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.pointwise import last_row


@inline
def raised(x, p):
    """x, in float64, to the power p."""
    if p == 0:
        return 1.0
    if p == 1:
        return x
    if p == 2:
        return x * x
    return math.pow(x, p)


@inline
def root(x, p):
    """x to the power 1/p."""
    if p == 1:
        return x
    if p == 2:
        return math.sqrt(x)
    return math.pow(x, 1 / p)


@kernel
def lp_pool(p, n, f, chunk):
    """out = (Σ sourceᵖ)^(1/p); the sums are left for the gradient. p: source, out, sums (float64, without halo)."""
    source, out, sums = p[0], p[1], float64_at(p[2])
    deep, high, wide = int64_at(n[12]), int64_at(n[14]), int64_at(n[16])
    slices, rows, pixels = int64_at(n[13]), int64_at(n[15]), int64_at(n[17])
    channels, power = n[5], f[0]
    for r in range(chunk * n[0], last_row(n, chunk)):
        image, d, h = r // (n[2] * n[3]), r // n[3] % n[2], r % n[3]
        to = image * n[9] + d * n[10] + h * n[11]
        for w in range(n[4]):
            total = (r * n[4] + w) * channels
            for i in range(channels):
                sums[total + i] = 0
            for a in range(deep[d], deep[d + 1]):
                for b in range(high[h], high[h + 1]):
                    line = image * n[6] + slices[a] * n[7] + rows[b] * n[8]
                    for c in range(wide[w], wide[w + 1]):
                        at = line + pixels[c] * channels
                        for i in range(channels):
                            sums[total + i] += raised(1.0 * source[at + i], power)
            count = (deep[d + 1] - deep[d]) * (high[h + 1] - high[h]) * (wide[w + 1] - wide[w])
            for i in range(channels):
                if count < n[18]:
                    sums[total + i] = sums[total + i] * n[18] / count
                out[to + w * channels + i] = root(sums[total + i], power)


@kernel
def lp_shares(p, n, f, chunk):
    """shares = grad_output·sum^(1/p − 1), times the whole window over what there is of it; 0 where the sum is 0.

    p: grad_output, sums, shares (both float64, without halo). The strides in n are those of grad_output.
    """
    g, sums, shares = p[0], float64_at(p[1]), float64_at(p[2])
    deep, high, wide = int64_at(n[12]), int64_at(n[14]), int64_at(n[16])
    channels, power = n[5], f[0]
    for r in range(chunk * n[0], last_row(n, chunk)):
        image, d, h = r // (n[2] * n[3]), r // n[3] % n[2], r % n[3]
        at = image * n[9] + d * n[10] + h * n[11]
        for w in range(n[4]):
            to = (r * n[4] + w) * channels
            count = (deep[d + 1] - deep[d]) * (high[h + 1] - high[h]) * (wide[w + 1] - wide[w])
            for i in range(channels):
                total = sums[to + i]
                slope = 0.0 if total == 0 else raised(root(total, power), 1 - power)
                shares[to + i] = g[at + w * channels + i] * slope * n[18] / count


@kernel
def lp_gradient(p, n, f, chunk, scratch):
    """grad_input = base + x^(p − 1)·Σ shares of the windows that hold it, ascending.

    p: shares, x, grad_input, base. The source's strides in n are those of x; behind the tables stand D, H, W of the
    shares and the strides of the base, or 0.
    """
    shares, x, out, base, sums = float64_at(p[0]), p[1], p[2], p[3], float64_at(scratch)
    deep, high, wide = int64_at(n[12]), int64_at(n[14]), int64_at(n[16])
    slices, rows, pixels = int64_at(n[13]), int64_at(n[15]), int64_at(n[17])
    channels, power = n[5], f[0]
    for r in range(chunk * n[0], last_row(n, chunk)):
        image, d, h = r // (n[2] * n[3]), r // n[3] % n[2], r % n[3]
        from_, to = image * n[6] + d * n[7] + h * n[8], image * n[9] + d * n[10] + h * n[11]
        before = image * n[22] + d * n[23] + h * n[24]
        for w in range(n[4]):
            for i in range(channels):
                sums[i] = 0
            for a in range(deep[d], deep[d + 1]):
                for b in range(high[h], high[h + 1]):
                    line = ((image * n[19] + slices[a]) * n[20] + rows[b]) * n[21]
                    for c in range(wide[w], wide[w + 1]):
                        at = (line + pixels[c]) * channels
                        for i in range(channels):
                            sums[i] += shares[at + i]
            for i in range(channels):
                k = w * channels + i
                gradient = raised(1.0 * x[from_ + k], power - 1) * sums[i]
                if n[22] != 0:
                    gradient += base[before + k]
                out[to + k] = gradient
