"""What batch normalisation does once for each channel: from sums to statistics, their gradients and coefficients.

The sums are those of `norm.py`. What its loops over numbers need of a channel is broadcast over its lanes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.parts import add_in_pairs
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Writes


class Parts(NamedTuple):
    """Sums as these loops leave them, of the batch's parts or of each image."""

    numbers: Reads[Doubles]
    lanes: int
    edges: Reads[Integers]  # of the parts, in images
    parts_count: int  # 0 for an empty batch
    by_images: int  # whether each image has sums of its own
    per_image: float  # numbers of a lane in an image


class Coefficients(NamedTuple):
    """What the loop over numbers needs of each channel (mean, istd·weight, bias), and what it is made of."""

    weight: Reads[Numbers]
    bias: Reads[Numbers]
    weighted: int
    biased: int
    out: Writes[Numbers]
    channels: int
    lanes: int


class BatchStatistics(NamedTuple):
    """The statistics of a batch and, where `tracked`, of all batches so far."""

    parts: Parts
    coefficients: Coefficients
    running_mean: Reads[Numbers]
    running_var: Reads[Numbers]
    tracked: int
    mean: Writes[Doubles]
    var: Writes[Doubles]
    istd: Writes[Doubles]
    next_mean: Writes[Numbers]
    next_var: Writes[Numbers]
    size: float  # values of a channel
    eps: float
    momentum: float


class RunningStatistics(NamedTuple):
    """The statistics of all batches so far, in place of those of one."""

    coefficients: Coefficients
    running_mean: Reads[Numbers]
    running_var: Reads[Numbers]
    mean: Writes[Doubles]
    istd: Writes[Doubles]
    eps: float


class RunningCoefficients(NamedTuple):
    """The coefficients that those give."""

    coefficients: Coefficients
    running_mean: Reads[Numbers]
    running_var: Reads[Numbers]
    per_chunk: int  # channels
    eps: float


class GradientStatistics(NamedTuple):
    """The gradients of a channel's parameters and statistics, and the slopes, which `simd.NormalGradient` needs."""

    parts: Parts
    weight: Reads[Numbers]
    mean: Reads[Doubles]
    istd: Reads[Doubles]
    slopes: Writes[Numbers]
    grad_weight: Writes[Numbers]
    grad_bias: Writes[Numbers]
    grad_istd: Writes[Doubles]
    grad_var: Writes[Doubles]
    grad_mean: Writes[Doubles]
    channels: int
    lanes: int
    weighted: int
    biased: int
    trains: int  # whether the statistics are the batch's
    size: float  # values of a channel


@inline
def total(parts, channels, c, shifts, scratch):
    """Both sums of a channel: of a part over its images and lanes, in order; then the parts as a tree.

    With `shifts` they are around the batch's first centre; other parts, or images, have centres of their own:
    Σ (x − a) = Σ (x − b) + size·(b − a), and Σ (x − a)² = Σ (x − b)² + (b − a)·(2·Σ (x − b) + size·(b − a)).
    """
    numbers, lanes = parts.numbers, parts.lanes
    firsts, seconds = float64_at(scratch), float64_at(scratch + 8 * parts.parts_count)
    firsts[0], seconds[0] = 0.0, 0.0
    for part in range(parts.parts_count):
        start, stop, size = part, part + 1, parts.per_image
        if parts.by_images != 0:
            start, stop = parts.edges[part], parts.edges[part + 1]
        else:
            size *= parts.edges[part + 1] - parts.edges[part]
        firsts[part], seconds[part] = 0.0, 0.0
        for k in range(start, stop):
            for i in range(3 * k * lanes + c, (3 * k + 1) * lanes, channels):
                first, second = numbers[i + lanes], numbers[i + 2 * lanes]
                if shifts:
                    apart = numbers[i] - numbers[c]
                    by_apart = size * apart
                    second += apart * (2.0 * first + by_apart)
                    first += by_apart
                firsts[part] += first
                seconds[part] += second
    add_in_pairs(firsts, parts.parts_count)
    add_in_pairs(seconds, parts.parts_count)
    return firsts[0], seconds[0]


@inline
def broadcast(t, values, row, c, value):
    """Repeat a channel's number over its lanes of a row."""
    for i in range(row * t.lanes + c, (row + 1) * t.lanes, t.channels):
        values[i] = value


@kernel
def batch_statistics(t: BatchStatistics, chunk, scratch):
    """From the moments' parts, added as a tree: mean, istd = 1/√(variance + eps), and the next running statistics."""
    parts, mean, istd, channels = t.parts.numbers, t.mean, t.istd, t.coefficients.channels
    size = max(t.size, 1.0)
    for c in range(channels):
        first, second = total(t.parts, channels, c, True, scratch)
        variance = (second - first * (first / size)) / size
        if variance < 0.0:  # by rounding only
            variance = 0.0
        mean[c] = (parts[c] if t.size > 0.0 else 0.0) + first / size
        t.var[c] = variance
        istd[c] = 1.0 / math.sqrt(variance + t.eps)
        normal_coefficients(t.coefficients, c, mean[c], istd[c])
        if t.tracked != 0:
            t.next_mean[c], t.next_var[c] = t.running_mean[c], t.running_var[c]
            if t.size > 0.0:
                unbiased = variance * size / (size - 1.0)
                t.next_mean[c] = (1.0 - t.momentum) * t.running_mean[c] + t.momentum * mean[c]
                t.next_var[c] = (1.0 - t.momentum) * t.running_var[c] + t.momentum * unbiased


@inline
def normal_coefficients(t, c, mean, istd):
    """What the loop over numbers needs of channel `c`: mean, scale, bias, each broadcast over the lanes.

    What the mean loses when it is rounded to the network's type goes to the bias.
    """
    scale = istd * t.weight[c] if t.weighted != 0 else istd
    shift = np.float64(t.bias[c]) if t.biased != 0 else 0.0
    broadcast(t, t.out, 0, c, mean)
    broadcast(t, t.out, 1, c, scale)
    broadcast(t, t.out, 2, c, less_lost(shift, mean, t.out[c], scale))


@inline
def less_lost(shift, mean, rounded, slope):
    """The shift with which (x − rounded)·slope + shift is what (x − mean)·slope and the one given would be."""
    lost = mean - rounded
    return shift - lost * slope if abs(lost) > 0.0 else shift  # an infinite mean loses nothing


@kernel
def running_statistics(t: RunningStatistics, chunk):
    """What `batch_statistics` gives, from the running mean and variance."""
    for c in range(t.coefficients.channels):
        t.mean[c] = t.running_mean[c]
        t.istd[c] = 1.0 / math.sqrt(t.running_var[c] + t.eps)
        normal_coefficients(t.coefficients, c, t.mean[c], t.istd[c])


@kernel
def running_coefficients(t: RunningCoefficients, chunk):
    """The coefficients alone, for loops that need each channel's once."""
    for c in range(chunk * t.per_chunk, min(t.coefficients.channels, (chunk + 1) * t.per_chunk)):
        istd = 1.0 / math.sqrt(t.running_var[c] + t.eps)
        normal_coefficients(t.coefficients, c, t.running_mean[c], istd)


@kernel
def gradient_statistics(t: GradientStatistics, chunk, scratch):
    """From the sums' parts, added as a tree: grad_weight, grad_bias and what `simd.NormalGradient` needs.

    grad_istd = Σg·(x − mean)·weight, grad_var = −½·istd³·grad_istd, grad_mean = −Σg·scale, scale = istd·weight; in
    inference all three are 0.
    slopes: mean, 2·grad_var/M, scale, grad_mean/M, each broadcast over the lanes, M the size. What the mean loses when
    it is rounded goes to the last.
    """
    mean, istd, slopes = t.mean, t.istd, t.slopes
    grad_istd, grad_var, grad_mean = t.grad_istd, t.grad_var, t.grad_mean
    size = max(t.size, 1.0)
    for c in range(t.channels):
        first, second = total(t.parts, t.channels, c, False, scratch)
        if t.weighted != 0:
            t.grad_weight[c] = second * istd[c]
        if t.biased != 0:
            t.grad_bias[c] = first
        if t.trains == 0:
            first, second = 0.0, 0.0
        weight = np.float64(t.weight[c]) if t.weighted != 0 else 1.0
        scale = istd[c] * weight
        grad_istd[c] = second * weight
        grad_var[c] = -0.5 * (istd[c] * istd[c] * istd[c] * grad_istd[c])
        grad_mean[c] = -(first * scale)
        slope = 2.0 * grad_var[c] / size
        broadcast(t, slopes, 0, c, mean[c])
        broadcast(t, slopes, 1, c, slope)
        broadcast(t, slopes, 2, c, scale)
        broadcast(t, slopes, 3, c, less_lost(grad_mean[c] / size, mean[c], slopes[c], slope))
