"""Losses, in float64 and rounded once. A position is one pixel of one image; its C numbers lie together.

What is done with all of these is emitted (`kernels/simd/softmax.py`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pellucid.kernels.functions import log
from pellucid.kernels.intrinsics import call_tile, element_address, float64_at, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.broadcast import Repeated, Strides, place
from pellucid.kernels.loops.parts import add_in_pairs
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, place_of, row_at
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Writes


class Labels(NamedTuple):
    """The class of each position, the class that stands for none, and a weight for each class."""

    are_given: int  # else targets are probabilities
    classes: Reads[Integers]
    ignored: int
    are_weighted: int  # else each class weighs 1
    weight: Reads[Numbers]


class Incoming(NamedTuple):
    """The gradient of the loss, or of each position's, and what a mean has divided by."""

    grad_output: Repeated
    is_root: int  # there is no grad_output: it is 1
    size: Reads[Doubles]
    is_mean: int  # else nothing is divided


class CrossEntropy(NamedTuple):
    """A loss for each position, and what `code` makes on the way: the largest logit and the sum of exponentials."""

    rows: Rows
    x: Source
    sums: Writes[Doubles]
    losses: Writes[Doubles]
    channels: int
    labels: Labels
    code: int  # the address of `simd.Softmax`


class Likelihoods(NamedTuple):
    """A loss for each position, made of its class's number."""

    rows: Rows
    x: Source
    losses: Writes[Doubles]
    channels: int
    labels: Labels


class EachLoss(NamedTuple):
    """The losses, rounded. A row has `rows.length` positions."""

    rows: Rows
    losses: Reads[Doubles]
    y: Writes[Numbers]
    strides: Strides


class ReducedLoss(NamedTuple):
    """The sum of these losses or their mean, and the weight of all that count."""

    losses: Reads[Doubles]
    size: Writes[Doubles]
    is_mean: int
    loss: Writes[Numbers]
    edges: Reads[Integers]  # of the batch's parts, in positions
    parts_count: int
    labels: Labels


class CrossEntropyGradient(NamedTuple):
    """The gradient of that."""

    rows: Rows
    x: Source
    grad_input: Target
    base: Source
    incoming: Incoming
    sums: Reads[Doubles]
    channels: int
    labels: Labels
    code: int


class LikelihoodsGradient(NamedTuple):
    """The gradient of such a sum of likelihoods."""

    rows: Rows
    grad_input: Target
    base: Source
    incoming: Incoming
    channels: int
    labels: Labels


@inline
def class_at(labels, position):
    """The class of a position, below 0 where it does not count; where targets are probabilities all count."""
    if labels.are_given == 0:
        return np.int64(0)
    target = labels.classes[position]
    return np.int64(-1) if target == labels.ignored else target


@inline
def weight_at(labels, target):
    """The weight of a class."""
    return np.float64(labels.weight[target]) if labels.are_weighted != 0 else 1.0


@kernel
def cross_entropy(t: CrossEntropy, chunk):
    """losses[i] = weight·(log Σ exp(x − m) − (x[class[i]] − m)) for each position i, 0 where it does not count."""
    x, sums, channels = t.x.numbers, t.sums, t.channels
    positions = t.rows.length // channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        row, first = row_at(t.rows, t.x, r), r * positions
        start = element_address(x, row)
        call_tile(t.code, start, start, start, start, element_address(sums, 2 * first), positions)
        for i in range(positions):
            target, at = class_at(t.labels, first + i), 2 * (first + i)
            t.losses[first + i] = 0.0
            if target >= 0:
                loss = log(sums[at + 1]) - (x[row + i * channels + target] - sums[at])
                t.losses[first + i] = weight_at(t.labels, target) * loss


@kernel
def likelihoods(t: Likelihoods, chunk):
    """losses[i] = weight·(−x[class[i]]) for each position i, 0 where it does not count."""
    positions = t.rows.length // t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        row, first = row_at(t.rows, t.x, r), r * positions
        for i in range(positions):
            target = class_at(t.labels, first + i)
            t.losses[first + i] = 0.0
            if target >= 0:
                loss = 0.0 - np.float64(t.x.numbers[row + i * t.channels + target])
                t.losses[first + i] = weight_at(t.labels, target) * loss


@kernel
def each_loss(t: EachLoss, chunk):
    """y = losses, each in its place."""
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        n, d, h = place_of(t.rows, r)
        to = place(t.strides, n, d, h)
        for i in range(t.rows.length):
            t.y[to + i * t.strides.pixel] = t.losses[r * t.rows.length + i]


@kernel
def reduced_loss(t: ReducedLoss, chunk, scratch):
    """loss = Σ losses, over the size if that is the mean, part by part of the batch; size = Σ weights that count."""
    sums, sizes = float64_at(scratch), float64_at(scratch + 8 * t.parts_count)
    for part in range(t.parts_count):
        total = size = 0.0
        for i in range(t.edges[part], t.edges[part + 1]):
            target = class_at(t.labels, i)
            total += t.losses[i]
            size += weight_at(t.labels, target) if target >= 0 else 0.0
        sums[part], sizes[part] = total, size
    add_in_pairs(sums, t.parts_count)
    add_in_pairs(sizes, t.parts_count)
    t.size[0] = sizes[0]
    t.loss[0] = sums[0] / sizes[0] if t.is_mean != 0 else sums[0]


@inline
def share_of(incoming, n, d, h, w):
    """What a position's slope is multiplied by."""
    strides = incoming.grad_output.strides
    at = place(strides, n, d, h) + w * strides.pixel
    grad = 1.0 if incoming.is_root != 0 else np.float64(incoming.grad_output.numbers[at])
    return grad / incoming.size[0] if incoming.is_mean != 0 else grad


@kernel
def cross_entropy_gradient(t: CrossEntropyGradient, chunk, scratch):
    """grad_input = base + share·weight·(softmax(x) − 1 at the class), 0 where a position does not count."""
    factors, classes = float64_at(scratch), int64_at(scratch)
    positions = t.rows.length // t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        n, d, h = place_of(t.rows, r)
        for i in range(positions):
            position = r * positions + i
            target = class_at(t.labels, position)
            factors[3 * i] = share_of(t.incoming, n, d, h, i) * weight_at(t.labels, max(target, 0))
            factors[3 * i + 1] = t.sums[2 * position + 1]
            classes[3 * i + 2] = target
        at = element_address(t.x.numbers, row_at(t.rows, t.x, r))
        out = element_address(t.grad_input.numbers, row_at(t.rows, t.grad_input, r))
        base = element_address(t.base.numbers, row_at(t.rows, t.base, r))
        call_tile(t.code, at, at, out, base, scratch, positions)


@kernel
def likelihoods_gradient(t: LikelihoodsGradient, chunk):
    """grad_input = base − share·weight at the class of a position that counts."""
    out, positions = t.grad_input.numbers, t.rows.length // t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        n, d, h = place_of(t.rows, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            out[to + i] = 0.0
        for i in range(positions):
            target = class_at(t.labels, r * positions + i)
            if target >= 0:
                share = share_of(t.incoming, n, d, h, i) * weight_at(t.labels, target)
                out[to + i * t.channels + target] = 0.0 - share
        add_base(t.rows, t.grad_input, t.base, r)
