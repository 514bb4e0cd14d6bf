"""Batch normalisation: statistics of every channel in float64, then one scale and shift for each.

The loops over numbers are emitted (`kernels/simd/norm.py`); here is the walk that calls them row by row, and what is
done once for each channel. A row of a tensor is walked in steps of `lanes` numbers, a whole number of pixels side by
side, so that few channels still fill vectors: lane l belongs to channel l mod C. What such loops need of a channel is
repeated over its lanes.

The walk's tables are p: A, B, out, start, table. n: as in pointwise.py for the first four; steps in a row,
steps that are done with one block of columns before the next, numbers in a step, lanes, C, blocks of columns, and for
each of them its code and its first column.
"""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.intrinsics import call_tile, element_address, float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.pointwise import last_row, row_at


@inline
def walk(p, n, chunk, numbers, table):
    """Call the code of every block of columns along every row of a chunk; the table is `numbers` from `table` on."""
    for r in range(chunk * n[0], last_row(n, chunk)):
        a, b, out, start = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2), row_at(r, n, 3)
        for first in range(0, n[17], n[18]):
            for block in range(n[22]):
                column = n[24 + 2 * block]
                at = first * n[19] + column
                call_tile(
                    n[23 + 2 * block],
                    element_address(p[0], a + at),
                    element_address(p[1], b + at),
                    element_address(p[2], out + at),
                    element_address(p[3], start + at),
                    element_address(numbers, table + column),
                    min(n[18], n[17] - first),
                )


@kernel
def walk_rows(p, n, f, chunk):
    """The walk with one table for all chunks."""
    walk(p, n, chunk, p[4], 0)


@kernel
def moments(p, n, f, chunk):
    """The walk that sums, lane by lane: centre = the first number of a channel in A, Σ (A − centre), Σ (A − centre)².

    The table (float64) has these three rows for each chunk.
    """
    parts, lanes = float64_at(p[4]), n[20]
    table = chunk * 3 * lanes
    for i in range(lanes):
        parts[table + i] = p[0][i % n[21]]
    for i in range(table + lanes, table + 3 * lanes):
        parts[i] = 0.0
    walk(p, n, chunk, parts, table)


@kernel
def gradient_sums(p, n, f, chunk):
    """The walk that sums, lane by lane: centre = mean, Σ g, Σ g·(B − centre), three rows for each chunk.

    p: one more, the mean (float64).
    """
    parts, mean, lanes = float64_at(p[4]), float64_at(p[5]), n[20]
    table = chunk * 3 * lanes
    for i in range(lanes):
        parts[table + i] = mean[i % n[21]]
    for i in range(table + lanes, table + 3 * lanes):
        parts[i] = 0.0
    walk(p, n, chunk, parts, table)


@inline
def total(parts, n, c):
    """Both sums of a channel over every part and its lanes, in order. n: parts, their lanes, C."""
    first, second = 0.0, 0.0
    for k in range(n[0]):
        start = 3 * k * n[1]
        for i in range(start + c, start + n[1], n[2]):
            first += parts[i + n[1]]
            second += parts[i + 2 * n[1]]
    return first, second


@inline
def total_around_first(parts, n, c, size):
    """The same around the first part's centre, where parts of `size` numbers may have centres of their own.

    Σ (x − a) = Σ (x − b) + size·(b − a), and Σ (x − a)² = Σ (x − b)² + (b − a)·(2·Σ (x − b) + size·(b − a)).
    """
    first, second = 0.0, 0.0
    for k in range(n[0]):
        start = 3 * k * n[1]
        for i in range(start + c, start + n[1], n[2]):
            apart = parts[i] - parts[c]
            by_apart = size * apart
            first += parts[i + n[1]] + by_apart
            second += parts[i + 2 * n[1]] + apart * (2.0 * parts[i + n[1]] + by_apart)
    return first, second


@inline
def spread(values, row, n, c, value):
    """Repeat a channel's number over n[3] lanes."""
    for i in range(row * n[3] + c, (row + 1) * n[3], n[2]):
        values[i] = value


@kernel
def batch_statistics(p, n, f, chunk):
    """From the moments' parts, added in order: mean, istd = 1/√(variance + eps), and the next running statistics.

    p: parts, weight, bias, running mean and variance, mean, istd (float64), coefficients, variance (float64), next
    running mean and variance.
    coefficients: mean, istd·weight, bias, each repeated over the lanes. What the mean loses when it is rounded to the
    network's type goes to the bias.
    n: parts, their lanes, C, lanes, whether there are weight, bias, running statistics. f: values of a channel, eps,
    momentum.
    """
    parts, mean, istd, var = float64_at(p[0]), float64_at(p[5]), float64_at(p[6]), float64_at(p[8])
    count = max(f[0], 1.0)
    for c in range(n[2]):
        # parts with centres of their own are images, all of a size; other parts have one centre
        first, second = total_around_first(parts, n, c, count / n[0])
        variance = (second - first * (first / count)) / count
        if variance < 0.0:  # by rounding only
            variance = 0.0
        mean[c] = (parts[c] if f[0] > 0.0 else 0.0) + first / count
        var[c] = variance
        istd[c] = 1.0 / math.sqrt(variance + f[1])
        normal_coefficients(p[1], p[2], mean[c], istd[c], p[7], n, c)
        if n[6] != 0:
            p[9][c], p[10][c] = p[3][c], p[4][c]
            if f[0] > 0.0:
                p[9][c] = (1.0 - f[2]) * p[3][c] + f[2] * mean[c]
                p[10][c] = (1.0 - f[2]) * p[4][c] + f[2] * (variance * count / (count - 1.0))


@inline
def normal_coefficients(weight, bias, mean, istd, coefficients, n, c):
    """What the loop over numbers needs of channel `c`."""
    scale = istd * weight[c] if n[4] != 0 else istd
    shift = np.float64(bias[c]) if n[5] != 0 else 0.0
    spread(coefficients, 0, n, c, mean)
    spread(coefficients, 1, n, c, scale)
    spread(coefficients, 2, n, c, less_lost(shift, mean, coefficients[c], scale))


@inline
def less_lost(shift, mean, rounded, slope):
    """The shift with which (x − rounded)·slope + shift is what (x − mean)·slope and the one given would be."""
    lost = mean - rounded
    return shift - lost * slope if abs(lost) > 0.0 else shift  # an infinite mean loses nothing


@kernel
def running_statistics(p, n, f, chunk):
    """What `batch_statistics` gives, from the running mean and variance. Tables as there, without what it adds."""
    mean, istd = float64_at(p[5]), float64_at(p[6])
    for c in range(n[2]):
        mean[c] = p[3][c]
        istd[c] = 1.0 / math.sqrt(p[4][c] + f[1])
        normal_coefficients(p[1], p[2], mean[c], istd[c], p[7], n, c)


@kernel
def running_coefficients(p, n, f, chunk):
    """The coefficients alone, for loops that need each channel's once.

    p: running mean and variance, weight, bias, coefficients. n: channels in a chunk, unused, C, C again (the lanes),
    whether there are weight, bias. f: eps.
    """
    for c in range(chunk * n[0], min(n[2], (chunk + 1) * n[0])):
        normal_coefficients(p[2], p[3], p[0][c], 1.0 / math.sqrt(p[1][c] + f[0]), p[4], n, c)


@kernel
def gradient_statistics(p, n, f, chunk):
    """From the sums' parts, added in order: grad_weight, grad_bias and what `NormalGradient` needs.

    p: parts, weight, mean, istd (float64), slopes, grad_weight, grad_bias, grad_istd, grad_var, grad_mean (float64).
    grad_istd = Σg·(x − mean)·weight, grad_var = −½·istd³·grad_istd, grad_mean = −Σg·scale, scale = istd·weight; in
    inference all three are 0.
    slopes: mean, 2·grad_var/M, scale, grad_mean/M, each repeated over the lanes. What the mean loses when it is rounded
    goes to the last.
    n: parts, their lanes, C, lanes, whether there are weight, bias, batch statistics. f: M, the values of a channel.
    """
    parts, mean, istd, slopes = float64_at(p[0]), float64_at(p[2]), float64_at(p[3]), p[4]
    grad_istd, grad_var, grad_mean = float64_at(p[7]), float64_at(p[8]), float64_at(p[9])
    count = max(f[0], 1.0)
    for c in range(n[2]):
        first, second = total(parts, n, c)
        if n[4] != 0:
            p[5][c] = second * istd[c]
        if n[5] != 0:
            p[6][c] = first
        if n[6] == 0:
            first, second = 0.0, 0.0
        weight = np.float64(p[1][c]) if n[4] != 0 else 1.0
        scale = istd[c] * weight
        grad_istd[c] = second * weight
        grad_var[c] = -0.5 * (istd[c] * istd[c] * istd[c] * grad_istd[c])
        grad_mean[c] = -(first * scale)
        slope = 2.0 * grad_var[c] / count
        spread(slopes, 0, n, c, mean[c])
        spread(slopes, 1, n, c, slope)
        spread(slopes, 2, n, c, scale)
        spread(slopes, 3, n, c, less_lost(grad_mean[c] / count, mean[c], slopes[c], slope))
