"""Losses and softmax, in float64 and rounded once. A position is one pixel of one image; its C numbers lie together."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pellucid.kernels.intrinsics import float64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.parts import add_in_pairs
from pellucid.kernels.loops.rows import Rows, Source, Target, add_base, first_row, last_row, row_at
from pellucid.kernels.table import Doubles, Integers, Numbers, Reads, Updates, Writes


class Softmax(NamedTuple):
    """Softmax over the channels, or its logarithm."""

    rows: Rows
    x: Source
    y: Target
    channels: int
    log: int


class SoftmaxGradient(NamedTuple):
    """The gradient of either."""

    rows: Rows
    grad_output: Source
    x: Source
    grad_input: Target
    base: Source
    channels: int
    log: int


class Labels(NamedTuple):
    """The class of each position, and the class that stands for none."""

    classes: Reads[Integers]
    ignored: int


class CrossEntropy(NamedTuple):
    """A loss for each position."""

    rows: Rows
    x: Source
    losses: Writes[Doubles]
    channels: int
    labels: Labels


class MeanLoss(NamedTuple):
    """The mean of these losses, and of how many it is."""

    losses: Reads[Doubles]
    size: Writes[Doubles]
    loss: Writes[Numbers]
    edges: Reads[Integers]  # of the batch's parts, in positions
    parts_count: int
    labels: Labels


class CrossEntropyGradient(NamedTuple):
    """The gradient of that mean."""

    rows: Rows
    x: Source
    grad_input: Target
    base: Source
    size: Reads[Doubles]
    grad_output: Reads[Numbers]
    is_root: int  # there is no grad_output: it is 1
    channels: int
    labels: Labels


class SquaredError(NamedTuple):
    """A sum of squares for each part of the batch."""

    rows: Rows
    x: Source
    target: Source
    edges: Reads[Integers]  # of the parts, in images
    parts: Writes[Doubles]


class MeanParts(NamedTuple):
    """The mean that the parts make."""

    parts: Updates[Doubles]
    loss: Writes[Numbers]
    parts_count: int
    size: float  # of how many numbers it is the mean


class SquaredErrorGradient(NamedTuple):
    """The gradient of input or target."""

    rows: Rows
    x: Source
    target: Source
    grad: Target
    base: Source
    grad_output: Reads[Numbers]
    is_root: int  # there is no grad_output: it is 1
    factor: float  # 2, or −2 for the target
    size: float  # of how many numbers the loss is the mean


@inline
def log_normaliser(x, at, channels):
    """The largest of C numbers, and the logarithm of Σ exp(x − largest)."""
    largest = -np.inf
    for c in range(channels):
        if x[at + c] > largest:
            largest = np.float64(x[at + c])
    total = 0.0
    for c in range(channels):
        total += math.exp(x[at + c] - largest)
    return largest, math.log(total)


@kernel
def softmax(t: Softmax, chunk):
    """y = exp(x) / Σ exp(x) over the channels, or its logarithm."""
    x, y, channels = t.x.numbers, t.y.numbers, t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(0, t.rows.length, channels):
            largest, log_sum = log_normaliser(x, at + i, channels)
            for c in range(i, i + channels):
                value = x[at + c] - largest - log_sum
                y[to + c] = value if t.log != 0 else math.exp(value)


@kernel
def softmax_gradient(t: SoftmaxGradient, chunk):
    """grad_input = base + s·(g − Σ g·s), or for the logarithm base + g − s·Σ g, with s = softmax of x."""
    g, x, out, channels = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers, t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(0, t.rows.length, channels):
            largest, log_sum = log_normaliser(x, at + i, channels)
            total = 0.0
            for c in range(i, i + channels):
                total += g[grads + c] * (1.0 if t.log != 0 else math.exp(x[at + c] - largest - log_sum))
            for c in range(i, i + channels):
                share = math.exp(x[at + c] - largest - log_sum)
                grad = np.float64(g[grads + c])
                out[to + c] = grad - share * total if t.log != 0 else share * (grad - total)
        add_base(t.rows, t.grad_input, t.base, r)


@kernel
def cross_entropy(t: CrossEntropy, chunk):
    """losses[i] = −log softmax(x)[class[i]] for each position i, 0 where the class is to be ignored."""
    x, losses, channels = t.x.numbers, t.losses, t.channels
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        row, position = row_at(t.rows, t.x, r), r * (t.rows.length // channels)
        for at in range(row, row + t.rows.length, channels):
            target = t.labels.classes[position]
            losses[position] = 0.0
            if target != t.labels.ignored:
                largest, log_sum = log_normaliser(x, at, channels)
                losses[position] = log_sum - (x[at + target] - largest)
            position += 1


@kernel
def mean_loss(t: MeanLoss, chunk, scratch):
    """loss = Σ losses / size, part by part of the batch; size = the classes that are not ignored."""
    sums, size = float64_at(scratch), 0.0
    for part in range(t.parts_count):
        sums[part] = 0.0
        for i in range(t.edges[part], t.edges[part + 1]):
            sums[part] += t.losses[i]
            size += 0.0 if t.labels.classes[i] == t.labels.ignored else 1.0
    add_in_pairs(sums, t.parts_count)
    t.size[0] = size
    t.loss[0] = sums[0] / size


@kernel
def cross_entropy_gradient(t: CrossEntropyGradient, chunk):
    """grad_input = base + grad_output/size·(softmax(x) − 1 at the class), 0 where the class is to be ignored."""
    x, out, channels = t.x.numbers, t.grad_input.numbers, t.channels
    share = (1.0 if t.is_root != 0 else t.grad_output[0]) / max(t.size[0], 1.0)
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.grad_input, r)
        position = r * (t.rows.length // channels)
        for i in range(0, t.rows.length, channels):
            target = t.labels.classes[position]
            largest, log_sum = log_normaliser(x, at + i, channels)
            for c in range(channels):
                probability = math.exp(x[at + i + c] - largest - log_sum)
                grad = share * (probability - 1.0 if c == target else probability)
                out[to + i + c] = 0.0 if target == t.labels.ignored else grad
            position += 1
        add_base(t.rows, t.grad_input, t.base, r)


@kernel
def squared_error(t: SquaredError, chunk):
    """parts[chunk] = Σ (x − target)²."""
    x, target = t.x.numbers, t.target.numbers
    total, per_image = 0.0, t.rows.depth * t.rows.height
    for r in range(t.edges[chunk] * per_image, t.edges[chunk + 1] * per_image):
        at, other = row_at(t.rows, t.x, r), row_at(t.rows, t.target, r)
        for i in range(t.rows.length):
            difference = np.float64(x[at + i]) - target[other + i]
            total += difference * difference
    t.parts[chunk] = total


@kernel
def mean_parts(t: MeanParts, chunk):
    """loss = Σ parts / size, the parts added as a tree in their place."""
    add_in_pairs(t.parts, t.parts_count)
    t.loss[0] = t.parts[0] / t.size


@kernel
def squared_error_gradient(t: SquaredErrorGradient, chunk):
    """grad = base + factor·(x − target)·(grad_output/size)."""
    x, target, out = t.x.numbers, t.target.numbers, t.grad.numbers
    share = (1.0 if t.is_root != 0 else t.grad_output[0]) / max(t.size, 1.0)
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, other = row_at(t.rows, t.x, r), row_at(t.rows, t.target, r)
        to = row_at(t.rows, t.grad, r)
        for i in range(t.rows.length):
            out[to + i] = t.factor * (np.float64(x[at + i]) - target[other + i]) * share
        add_base(t.rows, t.grad, t.base, r)
