"""Elements that are made of few others, axis by axis: padding and interpolation, and the gradients of both.

Which positions a result reads along an axis, a table of int64 says: where each result's list begins in it, one more for
the end of the last, then the lists; the weights lie beside them in float64. Results that lie side by side along W and
read sources side by side with the same weights are one *run* of that table: its lists are those of its first result.

Both kernels take n: rows in a chunk, N, D, H of the result, strides of source and result (image, depth, row each), C,
the number of runs, addresses of the runs (the first result and how many, for each) and, for D, H and W, of the lists'
begins, of the lists and of their weights.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import float64_at, fma, int64_at, rounded
from pellucid.kernels.jit import kernel
from pellucid.kernels.loops.pointwise import last_row


@kernel
def pick(p, n, f, chunk):
    """out = the one source element that each reads, or a constant where there is none.

    p: source, out. f: the constant.
    """
    source, out = p[0], p[1]
    constant, channels, runs = rounded(f[0], out), n[10], int64_at(n[12])
    deep, high, wide = int64_at(n[13]), int64_at(n[16]), int64_at(n[19])
    slices, rows, pixels = int64_at(n[14]), int64_at(n[17]), int64_at(n[20])
    for r in range(chunk * n[0], last_row(n, chunk)):
        image, d, h = r // (n[2] * n[3]), r // n[3] % n[2], r % n[3]
        to = image * n[7] + d * n[8] + h * n[9]
        there = deep[d] < deep[d + 1] and high[h] < high[h + 1]
        line = 0
        if there:
            line = image * n[4] + slices[deep[d]] * n[5] + rows[high[h]] * n[6]
        for run in range(n[11]):
            first, count = to + runs[2 * run] * channels, runs[2 * run + 1] * channels
            if there and wide[run] < wide[run + 1]:
                at = line + pixels[wide[run]] * channels
                for i in range(count):
                    out[first + i] = source[at + i]
            else:
                for i in range(count):
                    out[first + i] = constant


@kernel
def spread(p, n, f, chunk):
    """out = base + Σ weight·source, or from 0; one fused multiply–add each, positions in row-major order.

    p: source, out, base. n, behind the tables: strides of the base, or 0.
    """
    source, out, base = p[0], p[1], p[2]
    channels, runs = n[10], int64_at(n[12])
    deep, high, wide = int64_at(n[13]), int64_at(n[16]), int64_at(n[19])
    slices, rows, pixels = int64_at(n[14]), int64_at(n[17]), int64_at(n[20])
    by_slice, by_row, by_pixel = float64_at(n[15]), float64_at(n[18]), float64_at(n[21])
    for r in range(chunk * n[0], last_row(n, chunk)):
        image, d, h = r // (n[2] * n[3]), r // n[3] % n[2], r % n[3]
        to = image * n[7] + d * n[8] + h * n[9]
        before = image * n[22] + d * n[23] + h * n[24]
        for run in range(n[11]):
            first, count = to + runs[2 * run] * channels, runs[2 * run + 1] * channels
            if n[22] != 0:
                start = before + runs[2 * run] * channels
                for i in range(count):
                    out[first + i] = base[start + i]
            else:
                for i in range(count):
                    out[first + i] = 0
            for a in range(deep[d], deep[d + 1]):
                for b in range(high[h], high[h + 1]):
                    line = image * n[4] + slices[a] * n[5] + rows[b] * n[6]
                    for c in range(wide[run], wide[run + 1]):
                        weight = rounded(by_slice[a] * by_row[b] * by_pixel[c], out)
                        at = line + pixels[c] * channels
                        for i in range(count):
                            out[first + i] = fma(weight, source[at + i], out[first + i])
