"""Group normalisation, and layer normalisation as one group whose every number has a weight of its own.

A chunk of work is an image. All arithmetic is in float64; what goes to a tensor is rounded once. A group's sum is made
channel by channel, the pixels of each in order; then its channels are added, ascending. The mean's sum is around the
group's first number. A row of scratch memory has a number for each channel: sums, and then what all channels of a group
share.

Every kernel here takes n: C, D, H, W, channels in a group; depth, row and pixel stride of the weight, 0 where all
pixels have the same; then image, depth and row stride of each tensor.
"""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.intrinsics import element_address, float64_at
from pellucid.kernels.jit import inline, kernel


@inline
def row_at(n, tensor, image, d, h):
    """Where a row of the tensor-th tensor begins."""
    at = 8 + 3 * tensor
    return image * n[at] + d * n[at + 1] + h * n[at + 2]


@inline
def weight_at(n, d, h, w):
    """Where the weights of a pixel begin."""
    return d * n[5] + h * n[6] + w * n[7]


@inline
def group_sum(row, first, n):
    """The sum of a group's channels in a row."""
    total = 0.0
    for c in range(first, first + n[4]):
        total += row[c]
    return total


@inline
def fill(row, start, count, value):
    """Write the same number several times."""
    for c in range(start, start + count):
        row[c] = value


@kernel
def normalise(p, n, f, chunk, scratch):
    """Mean, variance and istd = 1/√(variance + eps) of each group, then y = (x − mean)·istd·weight + bias.

    p: x, y, weight, bias, mean, var, istd (float64). n: x, y; whether there are weight, bias.
    f: values of a group, eps.
    """
    x, y, weight, bias = p[0], p[1], p[2], p[3]
    mean, var, istd = float64_at(p[4]), float64_at(p[5]), float64_at(p[6])
    channels, width, group = n[0], n[3] * n[0], chunk * (n[0] // n[4])
    centre, scale = float64_at(scratch), float64_at(scratch + 8 * channels)
    weighted, biased = n[14] != 0, n[15] != 0
    first = row_at(n, 0, chunk, 0, 0)
    for k in range(channels // n[4]):
        mean[group + k] = x[first + k * n[4]] if n[1] * n[2] * width > 0 else 0.0
        fill(scale, k * n[4], n[4], mean[group + k])
    fill(centre, 0, channels, 0.0)
    for d in range(n[1]):
        for h in range(n[2]):
            start = row_at(n, 0, chunk, d, h)
            for at in range(start, start + width, channels):
                for c in range(channels):
                    centre[c] += x[at + c] - scale[c]
    for k in range(channels // n[4]):
        mean[group + k] += group_sum(centre, k * n[4], n) / f[0]
        fill(centre, k * n[4], n[4], mean[group + k])
    fill(scale, 0, channels, 0.0)
    for d in range(n[1]):
        for h in range(n[2]):
            start = row_at(n, 0, chunk, d, h)
            for at in range(start, start + width, channels):
                for c in range(channels):
                    centred = x[at + c] - centre[c]
                    scale[c] += centred * centred
    for k in range(channels // n[4]):
        var[group + k] = group_sum(scale, k * n[4], n) / f[0]
        istd[group + k] = 1.0 / math.sqrt(var[group + k] + f[1])
        fill(scale, k * n[4], n[4], istd[group + k])
    for d in range(n[1]):
        for h in range(n[2]):
            start, to = row_at(n, 0, chunk, d, h), row_at(n, 1, chunk, d, h)
            for w in range(n[3]):
                here, at, out = weight_at(n, d, h, w), start + w * channels, to + w * channels
                for c in range(channels):
                    value = (x[at + c] - centre[c]) * scale[c]
                    if weighted:
                        value *= weight[here + c]
                    if biased:
                        value += bias[here + c]
                    y[out + c] = value


@kernel
def normalise_gradient(p, n, f, chunk, scratch):
    """grad_input = base + g·weight·istd + grad_mean/m + 2·grad_var/m·(x − mean).

    grad_istd = Σ g·weight·(x − mean), grad_var = −½·istd³·grad_istd, grad_mean = −istd·Σ g·weight.
    p: g = grad_output, x, grad_input, base, weight, mean, istd, grad_istd, grad_var, grad_mean (float64).
    n: the first four; whether there are base, weight. f: m, the values of a group.
    """
    g, x, out, base, weight = p[0], p[1], p[2], p[3], p[4]
    mean, istd = float64_at(p[5]), float64_at(p[6])
    grad_istd, grad_var, grad_mean = float64_at(p[7]), float64_at(p[8]), float64_at(p[9])
    channels, group, weighted, based = n[0], chunk * (n[0] // n[4]), n[21] != 0, n[20] != 0
    centre, shift = float64_at(scratch), float64_at(scratch + 8 * channels)
    slope, scale = float64_at(scratch + 16 * channels), float64_at(scratch + 24 * channels)
    for k in range(channels // n[4]):
        fill(centre, k * n[4], n[4], mean[group + k])
    fill(shift, 0, channels, 0.0)
    fill(slope, 0, channels, 0.0)
    for d in range(n[1]):
        for h in range(n[2]):
            grads, start = row_at(n, 0, chunk, d, h), row_at(n, 1, chunk, d, h)
            for w in range(n[3]):
                here, by, at = weight_at(n, d, h, w), grads + w * channels, start + w * channels
                for c in range(channels):
                    grad = np.float64(g[by + c])
                    if weighted:
                        grad *= weight[here + c]
                    shift[c] += grad
                    slope[c] += grad * (x[at + c] - centre[c])
    for k in range(channels // n[4]):
        first, s = k * n[4], group + k
        grad_mean[s] = -(group_sum(shift, first, n) * istd[s])
        grad_istd[s] = group_sum(slope, first, n)
        grad_var[s] = -0.5 * (istd[s] * istd[s] * istd[s] * grad_istd[s])
        fill(shift, first, n[4], grad_mean[s] / f[0])
        fill(slope, first, n[4], 2.0 * grad_var[s] / f[0])
        fill(scale, first, n[4], istd[s])
    for d in range(n[1]):
        for h in range(n[2]):
            grads, start = row_at(n, 0, chunk, d, h), row_at(n, 1, chunk, d, h)
            to, before = row_at(n, 2, chunk, d, h), row_at(n, 3, chunk, d, h)
            for w in range(n[3]):
                here, by, at = weight_at(n, d, h, w), grads + w * channels, start + w * channels
                result = to + w * channels
                for c in range(channels):
                    grad = np.float64(g[by + c])
                    if weighted:
                        grad *= weight[here + c]
                    through = shift[c] + slope[c] * (x[at + c] - centre[c])
                    out[result + c] = grad * scale[c] + through
            if based:
                for i in range(n[3] * channels):
                    out[to + i] += base[before + i]


@kernel
def weight_gradient_parts(p, n, f, chunk, scratch):
    """For each weight Σ g·(x − mean)·istd and Σ g, over the images of one part.

    p: g = grad_output, x, mean, istd, parts (float64), with two rows of all weights for each part.
    n: the first two; images in a part, N, weights.
    """
    g, x, mean, istd = p[0], p[1], float64_at(p[2]), float64_at(p[3])
    channels, groups = n[0], n[0] // n[4]
    centre, scale = float64_at(scratch), float64_at(scratch + 8 * channels)
    scaled = float64_at(element_address(float64_at(p[4]), 2 * chunk * n[16]))
    plain = float64_at(element_address(scaled, n[16]))
    fill(scaled, 0, n[16], 0.0)
    fill(plain, 0, n[16], 0.0)
    for image in range(chunk * n[14], min(n[15], (chunk + 1) * n[14])):
        for k in range(groups):
            fill(centre, k * n[4], n[4], mean[image * groups + k])
            fill(scale, k * n[4], n[4], istd[image * groups + k])
        for d in range(n[1]):
            for h in range(n[2]):
                grads, start = row_at(n, 0, image, d, h), row_at(n, 1, image, d, h)
                for w in range(n[3]):
                    here, by, at = weight_at(n, d, h, w), grads + w * channels, start + w * channels
                    for c in range(channels):
                        normal = (x[at + c] - centre[c]) * scale[c]
                        scaled[here + c] += g[by + c] * normal
                        plain[here + c] += g[by + c]


@kernel
def weight_gradients(p, n, f, chunk):
    """The parts, added in order: grad_weight and grad_bias.

    p: parts (float64), grad_weight, grad_bias. n: weights in a chunk, weights, parts, whether there are weight, bias.
    """
    parts = float64_at(p[0])
    for i in range(chunk * n[0], min(n[1], (chunk + 1) * n[0])):
        scaled, plain = 0.0, 0.0
        for k in range(n[2]):
            scaled += parts[2 * k * n[1] + i]
            plain += parts[(2 * k + 1) * n[1] + i]
        if n[3] != 0:
            p[1][i] = scaled
        if n[4] != 0:
            p[2][i] = plain
