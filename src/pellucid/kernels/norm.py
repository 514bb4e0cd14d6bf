"""Batch normalisation: statistics of every channel in float64, then one scale and shift for each.

A row of a tensor is walked in steps of `lanes` numbers, a whole number of pixels side by side, so that few
channels still make long loops: lane l belongs to channel l mod C. What such loops need of a channel is repeated
over its lanes.
"""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.pointwise import add_base, last_row, row_at


@kernel
def moments(p, n, f, chunk):
    """Of a chunk's images, lane by lane: shift = the channel's first number, Σ (x − shift), Σ (x − shift)².

    p: x, parts (float64: three times `lanes` for each chunk).
    n: images in a chunk, N, D, H, length of a row, lanes, C, strides of x: image, depth, row.
    """
    x, parts = p[0], float64_at(p[1])
    length, lanes = n[4], n[5]
    shift = chunk * 3 * lanes
    first, second = shift + lanes, shift + 2 * lanes
    for i in range(lanes):
        parts[shift + i] = x[i % n[6]]
        parts[first + i] = 0.0
        parts[second + i] = 0.0
    for image in range(chunk * n[0], min(n[1], (chunk + 1) * n[0])):
        for d in range(n[2]):
            for h in range(n[3]):
                row = image * n[7] + d * n[8] + h * n[9]
                for at in range(row, row + length, lanes):
                    for i in range(lanes):
                        value = x[at + i] - parts[shift + i]
                        parts[first + i] += value
                        parts[second + i] += value * value


@inline
def spread(values, start, lanes, channels, c, value):
    """Repeat a channel's number over its lanes."""
    for i in range(start + c, start + lanes, channels):
        values[i] = value


@kernel
def batch_statistics(p, n, f, chunk):
    """From the moments' parts, added in order: mean, istd = 1/√(variance + eps), and the next running statistics.

    p: parts, weight, bias, running mean and variance, mean, istd (float64), coefficients, next mean and variance.
    coefficients (float64): mean, istd·weight, bias, each repeated over the lanes.
    n: parts, lanes, C, whether there are weight, bias, running statistics. f: values of a channel, eps, momentum.
    """
    parts, mean, istd, coefficients = float64_at(p[0]), float64_at(p[5]), float64_at(p[6]), float64_at(p[7])
    lanes, channels, count = n[1], n[2], max(f[0], 1.0)
    for c in range(channels):
        first, second = 0.0, 0.0
        for k in range(n[0]):
            for i in range(c, lanes, channels):
                first += parts[(3 * k + 1) * lanes + i]
                second += parts[(3 * k + 2) * lanes + i]
        variance = (second - first * (first / count)) / count
        if variance < 0.0:  # by rounding only
            variance = 0.0
        mean[c] = parts[c] + first / count
        istd[c] = 1.0 / math.sqrt(variance + f[1])
        normal_coefficients(p[1], p[2], mean[c], istd[c], coefficients, n, c)
        if n[5] != 0:
            p[8][c], p[9][c] = p[3][c], p[4][c]
            if f[0] > 0.0:
                p[8][c] = (1.0 - f[2]) * p[3][c] + f[2] * mean[c]
                p[9][c] = (1.0 - f[2]) * p[4][c] + f[2] * (variance * count / (count - 1.0))


@inline
def normal_coefficients(weight, bias, mean, istd, coefficients, n, c):
    """What the loop over numbers needs of channel `c`."""
    lanes, channels = n[1], n[2]
    spread(coefficients, 0, lanes, channels, c, mean)
    spread(coefficients, lanes, lanes, channels, c, istd * weight[c] if n[3] != 0 else istd)
    spread(coefficients, 2 * lanes, lanes, channels, c, np.float64(bias[c]) if n[4] != 0 else 0.0)


@kernel
def running_statistics(p, n, f, chunk):
    """What `batch_statistics` gives, from the running mean and variance. Tables as there, without what it adds."""
    mean, istd, coefficients = float64_at(p[5]), float64_at(p[6]), float64_at(p[7])
    for c in range(n[2]):
        mean[c] = p[3][c]
        istd[c] = 1.0 / math.sqrt(p[4][c] + f[1])
        normal_coefficients(p[1], p[2], mean[c], istd[c], coefficients, n, c)


@kernel
def normalise(p, n, f, chunk):
    """y = (x − mean)·(istd·weight) + bias in float64, rounded once; then its ReLU when asked.

    p: x, y, coefficients. n: as in pointwise.py for x, y; then lanes, whether ReLU follows.
    """
    x, y, coefficients = p[0], p[1], float64_at(p[2])
    length, lanes = n[4], n[11]
    for r in range(chunk * n[0], last_row(n, chunk)):
        start, out = row_at(r, n, 0), row_at(r, n, 1)
        for at in range(0, length, lanes):
            for i in range(lanes):
                centred = x[start + at + i] - coefficients[i]
                y[out + at + i] = centred * coefficients[lanes + i] + coefficients[2 * lanes + i]
            if n[12] != 0:
                for i in range(out + at, out + at + lanes):
                    y[i] = 0 if y[i] < 0 else y[i]


@kernel
def gradient_sums(p, n, f, chunk):
    """Of a chunk's images, lane by lane: Σ g, Σ g·(x − mean).

    p: grad_output, x, coefficients, parts (float64: twice `lanes` for each chunk).
    n: images in a chunk, N, D, H, length of a row, lanes, C, strides of grad_output and x: image, depth, row.
    """
    g, x, coefficients, parts = p[0], p[1], float64_at(p[2]), float64_at(p[3])
    length, lanes = n[4], n[5]
    first, second = chunk * 2 * lanes, chunk * 2 * lanes + lanes
    for i in range(lanes):
        parts[first + i] = 0.0
        parts[second + i] = 0.0
    for image in range(chunk * n[0], min(n[1], (chunk + 1) * n[0])):
        for d in range(n[2]):
            for h in range(n[3]):
                grads, values = image * n[7] + d * n[8] + h * n[9], image * n[10] + d * n[11] + h * n[12]
                for at in range(0, length, lanes):
                    for i in range(lanes):
                        grad = np.float64(g[grads + at + i])
                        parts[first + i] += grad
                        parts[second + i] += grad * (x[values + at + i] - coefficients[i])


@kernel
def gradient_statistics(p, n, f, chunk):
    """From the sums' parts, added in order: grad_weight, grad_bias and what `normal_gradient` needs.

    p: parts, weight, istd (float64), slopes (float64), grad_weight, grad_bias.
    slopes: istd·weight, Σg/M, istd²·Σg·(x − mean)/M, each repeated over the lanes; the last two are 0 in inference.
    n: parts, lanes, C, whether there are weight, bias, batch statistics. f: M, the values of a channel.
    """
    parts, istd, slopes = float64_at(p[0]), float64_at(p[2]), float64_at(p[3])
    lanes, channels, count = n[1], n[2], max(f[0], 1.0)
    for c in range(channels):
        first, second = 0.0, 0.0
        for k in range(n[0]):
            for i in range(c, lanes, channels):
                first += parts[2 * k * lanes + i]
                second += parts[(2 * k + 1) * lanes + i]
        if n[3] != 0:
            p[4][c] = second * istd[c]
        if n[4] != 0:
            p[5][c] = first
        if n[5] == 0:
            first, second = 0.0, 0.0
        spread(slopes, 0, lanes, channels, c, istd[c] * p[1][c] if n[3] != 0 else istd[c])
        spread(slopes, lanes, lanes, channels, c, first / count)
        spread(slopes, 2 * lanes, lanes, channels, c, istd[c] * istd[c] * (second / count))


@kernel
def normal_gradient(p, n, f, chunk):
    """grad_input = base + istd·weight·(g − Σg/M − (x − mean)·(istd²·Σg·(x − mean)/M)), the product rounded once.

    p: grad_output, x, grad_input, base, coefficients, slopes. n: as in pointwise.py for the first four; lanes.
    """
    g, x, out, coefficients, slopes = p[0], p[1], p[2], float64_at(p[4]), float64_at(p[5])
    length, lanes = n[4], n[17]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, values, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for at in range(0, length, lanes):
            for i in range(lanes):
                centred = x[values + at + i] - coefficients[i]
                grad = g[grads + at + i] - slopes[lanes + i] - centred * slopes[2 * lanes + i]
                out[to + at + i] = slopes[i] * grad
        add_base(p, n, r, 2, 3)
