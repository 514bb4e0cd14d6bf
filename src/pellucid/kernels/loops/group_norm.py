"""Group normalisation, and layer normalisation as one group whose every number has a weight of its own.

A chunk of work is an image. All arithmetic is in float64; what goes to a tensor is rounded once. A group's sum is made
channel by channel, the pixels of each in order; then its channels are added, ascending. The mean's sum is around the
group's first number. A row of scratch memory has a number for each channel: sums, and then what all channels of a group
share.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import element_address, float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Sizes, Source, Target
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes


class Weights(NamedTuple):
    """How far the weights of slices, rows and pixels are apart: 0 where all have the same."""

    slice: int
    row: int
    pixel: int


class Normalise(NamedTuple):
    """Numbers, and the statistics of their groups."""

    sizes: Sizes
    channels: int  # of a group
    x: Source
    y: Target
    weights: Weights
    weight: Reads[Numbers]
    bias: Reads[Numbers]
    weighted: int
    biased: int
    mean: Writes[Doubles]
    var: Writes[Doubles]
    istd: Writes[Doubles]
    size: float  # values of a group
    eps: float


class NormaliseGradient(NamedTuple):
    """The gradients of the numbers, and of the statistics."""

    sizes: Sizes
    channels: int  # of a group
    grad_output: Source
    x: Source
    grad_input: Target
    base: Source
    weights: Weights
    weight: Reads[Numbers]
    weighted: int
    mean: Reads[Doubles]
    istd: Reads[Doubles]
    grad_istd: Writes[Doubles]
    grad_var: Writes[Doubles]
    grad_mean: Writes[Doubles]
    size: float  # values of a group


class WeightGradientParts(NamedTuple):
    """Sums over the images of each part."""

    sizes: Sizes
    channels: int  # of a group
    grad_output: Source
    x: Source
    weights: Weights
    mean: Reads[Doubles]
    istd: Reads[Doubles]
    edges: Reads[Integers]  # of the parts, in images
    parts: Writes[Doubles]  # two rows of all weights for each
    size: int  # weights


class WeightGradients(NamedTuple):
    """The gradients that the parts make."""

    parts: Updates[Doubles]
    grad_weight: Writes[Numbers]
    grad_bias: Writes[Numbers]
    weighted: int
    biased: int
    parts_count: int
    size: int  # weights
    per_chunk: int


@inline
def start_of(tensor, image, d, h):
    """Where a row of a tensor begins."""
    return image * tensor.image + d * tensor.slice + h * tensor.row


@inline
def weight_at(weights, d, h, w):
    """Where the weights of a pixel begin."""
    return d * weights.slice + h * weights.row + w * weights.pixel


@inline
def group_sum(row, first, channels):
    """The sum of a group's channels in a row."""
    total = 0.0
    for c in range(first, first + channels):
        total += row[c]
    return total


@inline
def fill(row, start, count, value):
    """Write the same number several times."""
    for c in range(start, start + count):
        row[c] = value


@kernel
def normalise(t: Normalise, chunk, scratch):
    """Mean, variance and istd = 1/√(variance + eps) of each group, then y = (x − mean)·istd·weight + bias."""
    x, y, mean, var, istd = t.x.numbers, t.y.numbers, t.mean, t.var, t.istd
    channels, depth, height, width = t.sizes.channels, t.sizes.depth, t.sizes.height, t.sizes.width
    groups, length = channels // t.channels, width * channels
    group = chunk * groups
    centre, scale = float64_at(scratch), float64_at(scratch + 8 * channels)
    weighted, biased = t.weighted != 0, t.biased != 0
    first = start_of(t.x, chunk, 0, 0)
    for k in range(groups):
        mean[group + k] = x[first + k * t.channels] if depth * height * length > 0 else 0.0
        fill(scale, k * t.channels, t.channels, mean[group + k])
    fill(centre, 0, channels, 0.0)
    for d in range(depth):
        for h in range(height):
            start = start_of(t.x, chunk, d, h)
            for at in range(start, start + length, channels):
                for c in range(channels):
                    centre[c] += x[at + c] - scale[c]
    for k in range(groups):
        mean[group + k] += group_sum(centre, k * t.channels, t.channels) / t.size
        fill(centre, k * t.channels, t.channels, mean[group + k])
    fill(scale, 0, channels, 0.0)
    for d in range(depth):
        for h in range(height):
            start = start_of(t.x, chunk, d, h)
            for at in range(start, start + length, channels):
                for c in range(channels):
                    centred = x[at + c] - centre[c]
                    scale[c] += centred * centred
    for k in range(groups):
        var[group + k] = group_sum(scale, k * t.channels, t.channels) / t.size
        istd[group + k] = 1.0 / math.sqrt(var[group + k] + t.eps)
        fill(scale, k * t.channels, t.channels, istd[group + k])
    for d in range(depth):
        for h in range(height):
            start, to = start_of(t.x, chunk, d, h), start_of(t.y, chunk, d, h)
            for w in range(width):
                here, at, out = weight_at(t.weights, d, h, w), start + w * channels, to + w * channels
                for c in range(channels):
                    value = (x[at + c] - centre[c]) * scale[c]
                    if weighted:
                        value *= t.weight[here + c]
                    if biased:
                        value += t.bias[here + c]
                    y[out + c] = value


@kernel
def normalise_gradient(t: NormaliseGradient, chunk, scratch):
    """grad_input = base + g·weight·istd + grad_mean/m + 2·grad_var/m·(x − mean), with m values in a group.

    grad_istd = Σ g·weight·(x − mean), grad_var = −½·istd³·grad_istd, grad_mean = −istd·Σ g·weight.
    """
    g, x, out, base = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers, t.base.numbers
    mean, istd, grad_istd, grad_var, grad_mean = t.mean, t.istd, t.grad_istd, t.grad_var, t.grad_mean
    channels, depth, height, width = t.sizes.channels, t.sizes.depth, t.sizes.height, t.sizes.width
    groups, weighted = channels // t.channels, t.weighted != 0
    group = chunk * groups
    centre, shift = float64_at(scratch), float64_at(scratch + 8 * channels)
    slope, scale = float64_at(scratch + 16 * channels), float64_at(scratch + 24 * channels)
    for k in range(groups):
        fill(centre, k * t.channels, t.channels, mean[group + k])
    fill(shift, 0, channels, 0.0)
    fill(slope, 0, channels, 0.0)
    for d in range(depth):
        for h in range(height):
            grads, start = start_of(t.grad_output, chunk, d, h), start_of(t.x, chunk, d, h)
            for w in range(width):
                here, by, at = weight_at(t.weights, d, h, w), grads + w * channels, start + w * channels
                for c in range(channels):
                    grad = np.float64(g[by + c])
                    if weighted:
                        grad *= t.weight[here + c]
                    shift[c] += grad
                    slope[c] += grad * (x[at + c] - centre[c])
    for k in range(groups):
        first, s = k * t.channels, group + k
        grad_mean[s] = -(group_sum(shift, first, t.channels) * istd[s])
        grad_istd[s] = group_sum(slope, first, t.channels)
        grad_var[s] = -0.5 * (istd[s] * istd[s] * istd[s] * grad_istd[s])
        fill(shift, first, t.channels, grad_mean[s] / t.size)
        fill(slope, first, t.channels, 2.0 * grad_var[s] / t.size)
        fill(scale, first, t.channels, istd[s])
    for d in range(depth):
        for h in range(height):
            grads, start = start_of(t.grad_output, chunk, d, h), start_of(t.x, chunk, d, h)
            to, before = start_of(t.grad_input, chunk, d, h), start_of(t.base, chunk, d, h)
            for w in range(width):
                here, by, at = weight_at(t.weights, d, h, w), grads + w * channels, start + w * channels
                result = to + w * channels
                for c in range(channels):
                    grad = np.float64(g[by + c])
                    if weighted:
                        grad *= t.weight[here + c]
                    through = shift[c] + slope[c] * (x[at + c] - centre[c])
                    out[result + c] = grad * scale[c] + through
            if t.base.image != 0:
                for i in range(width * channels):
                    out[to + i] += base[before + i]


@kernel
def weight_gradient_parts(t: WeightGradientParts, chunk, scratch):
    """For each weight Σ g·(x − mean)·istd and Σ g, over the images of one part."""
    g, x = t.grad_output.numbers, t.x.numbers
    channels = t.sizes.channels
    groups = channels // t.channels
    centre, scale = float64_at(scratch), float64_at(scratch + 8 * channels)
    scaled = float64_at(element_address(t.parts, 2 * chunk * t.size))
    plain = float64_at(element_address(scaled, t.size))
    fill(scaled, 0, t.size, 0.0)
    fill(plain, 0, t.size, 0.0)
    for image in range(t.edges[chunk], t.edges[chunk + 1]):
        for k in range(groups):
            fill(centre, k * t.channels, t.channels, t.mean[image * groups + k])
            fill(scale, k * t.channels, t.channels, t.istd[image * groups + k])
        for d in range(t.sizes.depth):
            for h in range(t.sizes.height):
                grads, start = start_of(t.grad_output, image, d, h), start_of(t.x, image, d, h)
                for w in range(t.sizes.width):
                    here, by, at = weight_at(t.weights, d, h, w), grads + w * channels, start + w * channels
                    for c in range(channels):
                        normal = (x[at + c] - centre[c]) * scale[c]
                        scaled[here + c] += g[by + c] * normal
                        plain[here + c] += g[by + c]


@kernel
def weight_gradients(t: WeightGradients, chunk):
    """The parts, added as a tree in their place: grad_weight and grad_bias."""
    start, stop = chunk * t.per_chunk, min(t.size, (chunk + 1) * t.per_chunk)
    apart = 1
    while apart < t.parts_count:
        for k in range(0, t.parts_count, 2 * apart):
            for row in range(2 * k, 2 * k + 2):
                left, right = row * t.size, (row + 2 * apart) * t.size
                for i in range(start, stop):
                    t.parts[left + i] += t.parts[right + i]
        apart *= 2
    for i in range(start, stop):
        if t.weighted != 0:
            t.grad_weight[i] = t.parts[i]
        if t.biased != 0:
            t.grad_bias[i] = t.parts[t.size + i]
