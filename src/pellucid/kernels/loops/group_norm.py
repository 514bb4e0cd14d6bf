"""Group normalisation, and layer normalisation as one group whose every number has a weight of its own.

All arithmetic is in float64; what goes to a tensor is rounded once. An image's sums are made channel by channel, the
pixels of each in order; then the channels of a group are added in lanes (`functions/sums.py`). Moments are around the
group's first number, or around its mean if that number lies far apart. The loops over numbers are emitted
(`kernels/simd/channels.py`). They take tables in scratch memory, with a number for each channel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.functions.sums import LANES, OFF_CENTRE
from pellucid.kernels.intrinsics import call_tile, element_address, float64_at, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.lanes import tree_of
from pellucid.kernels.loops.rows import Sizes, Source, Target, row_of
from pellucid.kernels.simd.channels import HEADER
from pellucid.kernels.table import Doubles, Numbers, Reads, Writes


class Sets(NamedTuple):
    """Which numbers are normalised together, and how many images a chunk takes."""

    sizes: Sizes
    channels: int  # of a group
    per_chunk: int
    size: float  # values of a group


class Weights(NamedTuple):
    """How far the weights of slices, rows and pixels are apart: 0 where all have the same."""

    slice: int = 0
    row: int = 0
    pixel: int = 0
    rows: int = 0  # where each row has a weight of its own: of how many, which come again and again


class Codes(NamedTuple):
    """Addresses of vector code (`simd.Channels`): for the sums, and for what is written."""

    sums: int
    write: int


class Normalise(NamedTuple):
    """Numbers, and the statistics of their groups."""

    sets: Sets
    x: Source
    y: Target
    weights: Weights
    weight: Reads[Numbers]
    bias: Reads[Numbers]
    weighted: int  # whether there are weights, and biases, of channels or rows
    biased: int
    codes: Codes
    mean: Writes[Doubles]
    var: Writes[Doubles]
    istd: Writes[Doubles]
    eps: float


@inline
def weight_at(weights, d, h):
    """Where the weights of a row begin."""
    return d * weights.slice + h * weights.row


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
    return tree_of(lanes)


@inline
def fill(row, start, stop, value):
    """Write the same number several times."""
    for c in range(start, stop):
        row[c] = value


@inline
def begin(scratch, weight, bias):
    """Write down where weights and biases of a row begin, at the head of a table for `simd.Channels`."""
    header = int64_at(scratch)
    header[0], header[1] = weight, bias


@inline
def table_row(scratch, sets, i):
    """A row of the table for `simd.Channels`; those behind its own are free."""
    return float64_at(scratch + 8 * (HEADER + i * sets.sizes.channels))


@inline
def last_image(sets, chunk):
    """The image after the last one of a chunk."""
    return min(sets.sizes.images, (chunk + 1) * sets.per_chunk)


@kernel
def normalise(t: Normalise, chunk, scratch):
    """Mean, variance and istd = 1/√(variance + eps) of each group, then y = (x − mean)·istd·weight + bias."""
    for image in range(chunk * t.sets.per_chunk, last_image(t.sets, chunk)):
        statistics(t, image, scratch)
        for d in range(t.sets.sizes.depth - 1, -1, -1):  # what was read last is still in the cache
            for h in range(t.sets.sizes.height - 1, -1, -1):
                here = weight_at(t.weights, d, h)
                begin(scratch, element_address(t.weight, here), element_address(t.bias, here))
                if t.weights.rows > 0:
                    scale_row(t, image, h, scratch)
                x = element_address(t.x.numbers, row_of(t.x, image, d, h))
                y = element_address(t.y.numbers, row_of(t.y, image, d, h))
                call_tile(t.codes.write, x, x, y, y, scratch, t.sets.sizes.width)


@kernel
def standardise(t: Normalise, chunk, scratch):
    """The statistics alone."""
    for image in range(chunk * t.sets.per_chunk, last_image(t.sets, chunk)):
        statistics(t, image, scratch)


@inline
def row_weight(t, image, h):
    """Which weight a row has, where each has one of its own."""
    return (image * t.sets.sizes.height + h) % t.weights.rows


@inline
def scale_row(t, image, h, scratch):
    """Scale and bias of a row's own."""
    here, columns = row_weight(t, image, h), t.sets.sizes.channels
    scale = t.istd[image] * t.weight[here] if t.weighted != 0 else t.istd[image]
    fill(table_row(scratch, t.sets, 1), 0, columns, scale)
    fill(table_row(scratch, t.sets, 2), 0, columns, np.float64(t.bias[here]) if t.biased != 0 else 0.0)


@inline
def centre_at_first(t, image, scratch):
    """The first number of each group, in the table."""
    channels, first = t.sets.channels, row_of(t.x, image, 0, 0)
    for start in range(0, t.sets.sizes.channels, channels):
        number = np.float64(t.x.numbers[first + start]) if t.sets.size > 0.0 else 0.0
        fill(table_row(scratch, t.sets, 0), start, start + channels, number)


@inline
def moments(t, image, scratch):
    """The sums of an image's groups, in the table where their channels begin."""
    sizes, channels = t.sets.sizes, t.sets.channels
    first, second = table_row(scratch, t.sets, 1), table_row(scratch, t.sets, 2)
    fill(first, 0, 2 * sizes.channels, 0.0)
    for d in range(sizes.depth):
        for h in range(sizes.height):
            x = element_address(t.x.numbers, row_of(t.x, image, d, h))
            call_tile(t.codes.sums, x, x, x, x, scratch, sizes.width)
    lanes = table_row(scratch, t.sets, 3)
    for start in range(0, sizes.channels, channels):
        first[start] = group_sum(first, start, channels, lanes)
        second[start] = group_sum(second, start, channels, lanes)


@inline
def recentred(t, scratch):
    """How many groups have a first number so far from the others that their mean takes its place."""
    centre, channels, found = table_row(scratch, t.sets, 0), t.sets.channels, 0
    first, second = table_row(scratch, t.sets, 1), table_row(scratch, t.sets, 2)
    for start in range(0, t.sets.sizes.channels, channels):
        apart = first[start] / max(t.sets.size, 1.0)
        if first[start] * apart > OFF_CENTRE * second[start]:
            fill(centre, start, start + channels, centre[start] + apart)
            found += 1
    return found


@inline
def statistics(t, image, scratch):
    """The statistics of an image's groups, and a table of mean, scale and bias."""
    centre_at_first(t, image, scratch)
    moments(t, image, scratch)
    if recentred(t, scratch) > 0:
        moments(t, image, scratch)
    channels, size = t.sets.channels, max(t.sets.size, 1.0)
    s, mean = image * (t.sets.sizes.channels // channels), table_row(scratch, t.sets, 0)
    first, second = table_row(scratch, t.sets, 1), table_row(scratch, t.sets, 2)
    for start in range(0, t.sets.sizes.channels, channels):
        apart = first[start] / size
        variance = (second[start] - first[start] * apart) / size
        if variance < 0.0:  # by rounding only
            variance = 0.0
        t.mean[s] = mean[start] + apart
        t.var[s] = variance
        t.istd[s] = 1.0 / math.sqrt(variance + t.eps)
        fill(mean, start, start + channels, t.mean[s])
        fill(first, start, start + channels, t.istd[s])
        fill(second, start, start + channels, 0.0)
        s += 1
    if t.weighted != 0 and t.weights.rows == 0:
        for c in range(t.sets.sizes.channels):
            first[c] *= t.weight[c]
    if t.biased != 0 and t.weights.rows == 0:
        for c in range(t.sets.sizes.channels):
            second[c] = t.bias[c]
