"""The shares of average pooling's gradient, which `kernels/simd/average.py` gathers."""

from __future__ import annotations

from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.pointwise import last_row, row_at


@kernel
def shares(p, n, f, chunk):
    """shares = grad_output / divisor of its window, in float64, without halo.

    p: grad_output, shares (float64), divisors (float64, one for each position). n: as in pointwise.py for the first;
    C.
    """
    g, out, divisors = p[0], float64_at(p[1]), float64_at(p[2])
    channels = n[8]
    width = n[4] // channels
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to, window = row_at(r, n, 0), r * n[4], r % (n[2] * n[3]) * width
        for w in range(width):
            divisor = divisors[window + w]
            for i in range(w * channels, (w + 1) * channels):
                out[to + i] = g[at + i] / divisor
