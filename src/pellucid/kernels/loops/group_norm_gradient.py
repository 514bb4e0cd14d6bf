"""The gradients of group and layer normalisation: of the numbers, of the statistics, of weights and biases.

What is true of the loops of `group_norm.py` is true of these. The sums that weights' gradients go on with are those of
an image's channels; where every number has a weight of its own, they go over the images number by number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import call_tile, element_address, float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.group_norm import (
    Codes,
    Sets,
    Weights,
    begin,
    fill,
    group_sum,
    last_image,
    row_weight,
    table_row,
    weight_at,
)
from pellucid.kernels.loops.rows import Source, Target, row_of
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes


class NormaliseGradient(NamedTuple):
    """The gradients of the numbers, and of the statistics."""

    sets: Sets
    grad_output: Source
    x: Source
    grad_input: Target
    base: Source
    weights: Weights
    weight: Reads[Numbers]
    weighted: int  # whether there are weights of channels or rows
    codes: Codes
    mean: Reads[Doubles]
    istd: Reads[Doubles]
    grad_istd: Writes[Doubles]
    grad_var: Writes[Doubles]
    grad_mean: Writes[Doubles]
    sums: Writes[Doubles]  # Σ g and Σ g·(x − mean) of the channels of each image, in two rows
    kept: int  # whether these are wanted
    written: int  # whether grad_input is wanted


class ChannelParts(NamedTuple):
    """The sums of each part's images."""

    sums: Reads[Doubles]
    istd: Reads[Doubles]
    edges: Reads[Integers]  # of the parts, in images
    parts: Writes[Doubles]  # two rows of all channels for each
    channels: int
    group: int  # channels of a group


class NumberParts(NamedTuple):
    """The same where every number of an image has weights of its own."""

    sets: Sets
    grad_output: Source
    x: Source
    weights: Weights
    mean: Reads[Doubles]
    istd: Reads[Doubles]
    edges: Reads[Integers]  # of the parts, in images
    parts: Writes[Doubles]  # two rows of all weights for each
    weight_count: int
    code: int


class WeightGradients(NamedTuple):
    """The gradients that the parts make."""

    parts: Updates[Doubles]
    grad_weight: Writes[Numbers]
    grad_bias: Writes[Numbers]
    weighted: int
    biased: int
    parts_count: int
    weight_count: int
    per_chunk: int


@kernel
def normalise_gradient(t: NormaliseGradient, chunk, scratch):
    """grad_input = base + g·weight·istd + grad_mean/m + 2·grad_var/m·(x − mean), with m values in a group.

    grad_istd = Σ g·weight·(x − mean), grad_var = −½·istd³·grad_istd, grad_mean = −istd·Σ g·weight.
    """
    for image in range(chunk * t.sets.per_chunk, last_image(t.sets, chunk)):
        if t.weights.rows > 0:
            row_sums(t, image, scratch)
        else:
            channel_sums(t, image, scratch)
        if t.written == 0:
            continue
        gradient_statistics(t, image, scratch)
        for d in range(t.sets.sizes.depth - 1, -1, -1):  # what was read last is still in the cache
            for h in range(t.sets.sizes.height - 1, -1, -1):
                begin(scratch, element_address(t.weight, weight_at(t.weights, d, h)), 0)
                if t.weights.rows > 0 and t.weighted != 0:
                    scale = t.istd[image] * t.weight[row_weight(t, image, h)]
                    fill(table_row(scratch, t.sets, 2), 0, t.sets.sizes.channels, scale)
                g = element_address(t.grad_output.numbers, row_of(t.grad_output, image, d, h))
                x = element_address(t.x.numbers, row_of(t.x, image, d, h))
                out = element_address(t.grad_input.numbers, row_of(t.grad_input, image, d, h))
                base = element_address(t.base.numbers, row_of(t.base, image, d, h))
                call_tile(t.codes.write, g, x, out, base, scratch, t.sets.sizes.width)


@inline
def channel_sums(t, image, scratch):
    """A table of the sums of an image's channels; they are kept, if they are wanted."""
    sizes, channels, s = t.sets.sizes, t.sets.channels, image * (t.sets.sizes.channels // t.sets.channels)
    mean, sums, count = table_row(scratch, t.sets, 0), table_row(scratch, t.sets, 1), 2 * sizes.channels
    for start in range(0, sizes.channels, channels):
        fill(mean, start, start + channels, t.mean[s])
        s += 1
    fill(sums, 0, count, 0.0)
    for d in range(sizes.depth):
        for h in range(sizes.height):
            add_row(t, image, d, h, scratch)
    if t.kept != 0:
        for i in range(count):
            t.sums[image * count + i] = sums[i]


@inline
def row_sums(t, image, scratch):
    """The same where rows have weights: a row's sums are kept, and the table has those of all, with their weights."""
    columns, rows = t.sets.sizes.channels, t.weights.rows
    first, second = table_row(scratch, t.sets, 1), table_row(scratch, t.sets, 2)
    lanes, total, slope = table_row(scratch, t.sets, 4), 0.0, 0.0
    fill(table_row(scratch, t.sets, 0), 0, columns, t.mean[image])
    for h in range(t.sets.sizes.height):
        fill(first, 0, 2 * columns, 0.0)
        add_row(t, image, 0, h, scratch)
        plain, centred = group_sum(first, 0, columns, lanes), group_sum(second, 0, columns, lanes)
        here = row_weight(t, image, h)
        if t.kept != 0:
            at = 2 * (image * t.sets.sizes.height + h - here) + here
            t.sums[at], t.sums[at + rows] = plain, centred
        weight = np.float64(t.weight[here]) if t.weighted != 0 else 1.0
        total += plain * weight
        slope += centred * weight
    fill(first, 0, 2 * columns, 0.0)
    first[0], second[0] = total, slope


@inline
def add_row(t, image, d, h, scratch):
    """Add the numbers of a row to the sums of a table."""
    begin(scratch, element_address(t.weight, weight_at(t.weights, d, h)), 0)
    g = element_address(t.grad_output.numbers, row_of(t.grad_output, image, d, h))
    x = element_address(t.x.numbers, row_of(t.x, image, d, h))
    call_tile(t.codes.sums, g, x, g, g, scratch, t.sets.sizes.width)


@inline
def gradient_statistics(t, image, scratch):
    """From the sums: the gradients of the statistics, and a table of mean, slope, scale and shift."""
    channels, size = t.sets.channels, max(t.sets.size, 1.0)
    s = image * (t.sets.sizes.channels // channels)
    first, second = table_row(scratch, t.sets, 1), table_row(scratch, t.sets, 2)
    shift, lanes = table_row(scratch, t.sets, 3), table_row(scratch, t.sets, 4)
    of_channels = t.weighted != 0 and t.weights.rows == 0
    if of_channels:
        for c in range(t.sets.sizes.channels):
            first[c] *= t.weight[c]
            second[c] *= t.weight[c]
    for start in range(0, t.sets.sizes.channels, channels):
        istd = t.istd[s]
        t.grad_mean[s] = -(group_sum(first, start, channels, lanes) * istd)
        t.grad_istd[s] = group_sum(second, start, channels, lanes)
        t.grad_var[s] = -0.5 * (istd * istd * istd * t.grad_istd[s])
        fill(first, start, start + channels, 2.0 * t.grad_var[s] / size)
        fill(second, start, start + channels, istd)
        fill(shift, start, start + channels, t.grad_mean[s] / size)
        s += 1
    if of_channels:
        for c in range(t.sets.sizes.channels):
            second[c] *= t.weight[c]


@kernel
def channel_parts(t: ChannelParts, chunk):
    """For each channel Σ istd·Σ g·(x − mean) and Σ Σ g, over the images of one part."""
    start = 2 * chunk * t.channels
    for i in range(start, start + 2 * t.channels):
        t.parts[i] = 0.0
    for image in range(t.edges[chunk], t.edges[chunk + 1]):
        at, s = 2 * image * t.channels, image * (t.channels // t.group)
        for c in range(t.channels):
            t.parts[start + c] += t.sums[at + t.channels + c] * t.istd[s + c // t.group]
            t.parts[start + t.channels + c] += t.sums[at + c]


@kernel
def number_parts(t: NumberParts, chunk, scratch):
    """For each weight Σ g·((x − mean)·istd) and Σ g, over the images of one part."""
    channels = t.sets.sizes.channels
    mean, scale = table_row(scratch, t.sets, 0), table_row(scratch, t.sets, 1)
    start = element_address(t.parts, 2 * chunk * t.weight_count)
    fill(float64_at(start), 0, 2 * t.weight_count, 0.0)
    for d in range(t.sets.sizes.depth):
        for h in range(
            t.sets.sizes.height
        ):  # while the sums of a row are in the cache, all images add to them
            here = start + 8 * weight_at(t.weights, d, h)
            begin(scratch, here, here + 8 * t.weight_count)
            for image in range(t.edges[chunk], t.edges[chunk + 1]):
                fill(mean, 0, channels, t.mean[image])
                fill(scale, 0, channels, t.istd[image])
                g = element_address(t.grad_output.numbers, row_of(t.grad_output, image, d, h))
                x = element_address(t.x.numbers, row_of(t.x, image, d, h))
                call_tile(t.code, g, x, g, g, scratch, t.sets.sizes.width)


@kernel
def weight_gradients(t: WeightGradients, chunk):
    """The parts, added as a tree in their place: grad_weight and grad_bias."""
    start, stop = chunk * t.per_chunk, min(t.weight_count, (chunk + 1) * t.per_chunk)
    apart = 1
    while apart < t.parts_count:
        for k in range(0, t.parts_count, 2 * apart):
            for row in range(2 * k, 2 * k + 2):
                left, right = row * t.weight_count, (row + 2 * apart) * t.weight_count
                for i in range(start, stop):
                    t.parts[left + i] += t.parts[right + i]
        apart *= 2
    for i in range(start, stop):
        if t.weighted != 0:
            t.grad_weight[i] = t.parts[i]
        if t.biased != 0:
            t.grad_bias[i] = t.parts[t.weight_count + i]
