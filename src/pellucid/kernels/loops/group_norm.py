"""Group normalisation, and layer normalisation as one group whose every number has a weight of its own.

A chunk of work is an image. All arithmetic is in float64; what goes to a tensor is rounded once. A group's sum is made
channel by channel, the pixels of each in order; then its channels are added in lanes (`functions/sums.py`). The mean's
sum is around the group's first number. The loops over numbers are emitted (`kernels/simd/channels.py`). They take
tables in scratch memory, with a number for each channel, of sums, and then of what all channels of a group share.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from pellucid.functions.sums import LANES
from pellucid.kernels.intrinsics import call_tile, element_address, float64_at, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.rows import Sizes, Source, Target
from pellucid.kernels.simd.channels import HEADER
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes


class Weights(NamedTuple):
    """How far the weights of slices, rows and pixels are apart: 0 where all have the same."""

    slice: int
    row: int
    pixel: int


class Codes(NamedTuple):
    """Addresses of vector code (`simd.Channels`): for the sums, for their squares, for what is written."""

    sums: int
    squares: int
    write: int


class Normalise(NamedTuple):
    """Numbers, and the statistics of their groups."""

    sizes: Sizes
    channels: int  # of a group
    x: Source
    y: Target
    weights: Weights
    weight: Reads[Numbers]
    bias: Reads[Numbers]
    codes: Codes
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
    codes: Codes
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
    code: int


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
def group_sum(row, first, channels, lanes):
    """The sum of a group's channels in a row, in the lanes of `functions/sums.py`, which lie in scratch memory."""
    whole = channels // LANES * LANES
    for i in range(LANES):
        lanes[i] = 0.0
    for at in range(first, first + whole, LANES):
        for i in range(LANES):
            lanes[i] += row[at + i]
    for i in range(channels - whole):
        lanes[i] += row[first + whole + i]
    width = LANES // 2
    while width > 0:
        for i in range(width):
            lanes[i] += lanes[width + i]
        width //= 2
    return lanes[width]


@inline
def fill(row, start, count, value):
    """Write the same number several times."""
    for c in range(start, start + count):
        row[c] = value


@inline
def begin(scratch, weight, bias):
    """Write down where weights and biases of a row begin, at the head of a table for `simd.Channels`."""
    header = int64_at(scratch)
    header[0], header[1] = weight, bias


@inline
def lines(sizes):
    """The rows of a slice in which there is something."""
    return sizes.height if sizes.width > 0 else 0


@inline
def walk(t, code, image, scratch):
    """The code along all rows of an image's x."""
    for d in range(t.sizes.depth):
        for h in range(lines(t.sizes)):
            x = element_address(t.x.numbers, start_of(t.x, image, d, h))
            call_tile(code, x, x, x, x, scratch, t.sizes.width)


@kernel
def normalise(t: Normalise, chunk, scratch):
    """Mean, variance and istd = 1/√(variance + eps) of each group, then y = (x − mean)·istd·weight + bias."""
    mean, var, istd, channels = t.mean, t.var, t.istd, t.sizes.channels
    groups, numbers = channels // t.channels, t.sizes.depth * t.sizes.height * t.sizes.width * channels
    group, first = chunk * groups, start_of(t.x, chunk, 0, 0)
    centre, sums = float64_at(scratch + 8 * HEADER), float64_at(scratch + 8 * (HEADER + channels))
    lanes = float64_at(scratch + 8 * (HEADER + 2 * channels))
    for k in range(groups):
        mean[group + k] = t.x.numbers[first + k * t.channels] if numbers > 0 else 0.0
        fill(centre, k * t.channels, t.channels, mean[group + k])
    fill(sums, 0, channels, 0.0)
    walk(t, t.codes.sums, chunk, scratch)
    for k in range(groups):
        mean[group + k] += group_sum(sums, k * t.channels, t.channels, lanes) / t.size
        fill(centre, k * t.channels, t.channels, mean[group + k])
    fill(sums, 0, channels, 0.0)
    walk(t, t.codes.squares, chunk, scratch)
    for k in range(groups):
        var[group + k] = group_sum(sums, k * t.channels, t.channels, lanes) / t.size
        istd[group + k] = 1.0 / math.sqrt(var[group + k] + t.eps)
        fill(sums, k * t.channels, t.channels, istd[group + k])
    for d in range(t.sizes.depth):
        for h in range(lines(t.sizes)):
            here = weight_at(t.weights, d, h, 0)
            begin(scratch, element_address(t.weight, here), element_address(t.bias, here))
            x = element_address(t.x.numbers, start_of(t.x, chunk, d, h))
            y = element_address(t.y.numbers, start_of(t.y, chunk, d, h))
            call_tile(t.codes.write, x, x, y, y, scratch, t.sizes.width)


@kernel
def normalise_gradient(t: NormaliseGradient, chunk, scratch):
    """grad_input = base + g·weight·istd + grad_mean/m + 2·grad_var/m·(x − mean), with m values in a group.

    grad_istd = Σ g·weight·(x − mean), grad_var = −½·istd³·grad_istd, grad_mean = −istd·Σ g·weight.
    """
    mean, istd, grad_istd, grad_var, grad_mean = t.mean, t.istd, t.grad_istd, t.grad_var, t.grad_mean
    channels = t.sizes.channels
    groups = channels // t.channels
    group, rows = chunk * groups, scratch + 8 * HEADER
    centre, shift = float64_at(rows), float64_at(rows + 8 * channels)
    slope, scale = float64_at(rows + 16 * channels), float64_at(rows + 24 * channels)
    lanes = float64_at(rows + 32 * channels)
    for k in range(groups):
        fill(centre, k * t.channels, t.channels, mean[group + k])
    fill(shift, 0, channels, 0.0)
    fill(slope, 0, channels, 0.0)
    for d in range(t.sizes.depth):
        for h in range(lines(t.sizes)):
            begin(scratch, element_address(t.weight, weight_at(t.weights, d, h, 0)), 0)
            g = element_address(t.grad_output.numbers, start_of(t.grad_output, chunk, d, h))
            x = element_address(t.x.numbers, start_of(t.x, chunk, d, h))
            call_tile(t.codes.sums, g, x, g, g, scratch, t.sizes.width)
    for k in range(groups):
        first, s = k * t.channels, group + k
        grad_mean[s] = -(group_sum(shift, first, t.channels, lanes) * istd[s])
        grad_istd[s] = group_sum(slope, first, t.channels, lanes)
        grad_var[s] = -0.5 * (istd[s] * istd[s] * istd[s] * grad_istd[s])
        fill(shift, first, t.channels, grad_mean[s] / t.size)
        fill(slope, first, t.channels, 2.0 * grad_var[s] / t.size)
        fill(scale, first, t.channels, istd[s])
    for d in range(t.sizes.depth):
        for h in range(lines(t.sizes)):
            begin(scratch, element_address(t.weight, weight_at(t.weights, d, h, 0)), 0)
            g = element_address(t.grad_output.numbers, start_of(t.grad_output, chunk, d, h))
            x = element_address(t.x.numbers, start_of(t.x, chunk, d, h))
            out = element_address(t.grad_input.numbers, start_of(t.grad_input, chunk, d, h))
            base = element_address(t.base.numbers, start_of(t.base, chunk, d, h))
            call_tile(t.codes.write, g, x, out, base, scratch, t.sizes.width)


@kernel
def weight_gradient_parts(t: WeightGradientParts, chunk, scratch):
    """For each weight Σ g·(x − mean)·istd and Σ g, over the images of one part."""
    channels = t.sizes.channels
    groups = channels // t.channels
    centre, scale = float64_at(scratch + 8 * HEADER), float64_at(scratch + 8 * (HEADER + channels))
    start = element_address(t.parts, 2 * chunk * t.size)
    fill(float64_at(start), 0, 2 * t.size, 0.0)
    for image in range(t.edges[chunk], t.edges[chunk + 1]):
        for k in range(groups):
            fill(centre, k * t.channels, t.channels, t.mean[image * groups + k])
            fill(scale, k * t.channels, t.channels, t.istd[image * groups + k])
        for d in range(t.sizes.depth):
            for h in range(lines(t.sizes)):
                here = start + 8 * weight_at(t.weights, d, h, 0)
                begin(scratch, here, here + 8 * t.size)
                g = element_address(t.grad_output.numbers, start_of(t.grad_output, image, d, h))
                x = element_address(t.x.numbers, start_of(t.x, image, d, h))
                call_tile(t.code, g, x, g, g, scratch, t.sizes.width)


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
