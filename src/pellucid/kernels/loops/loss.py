"""Losses and softmax, in float64 and rounded once. A position is one pixel of one image; its C numbers lie together."""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.intrinsics import float64_at, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.pointwise import add_base, last_row, row_at


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
def softmax(p, n, f, chunk):
    """y = exp(x) / Σ exp(x) over the channels, or its logarithm.

    p: x, y. n: as in pointwise.py for both; C, whether the logarithm is wanted.
    """
    x, y = p[0], p[1]
    channels = n[11]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(0, n[4], channels):
            largest, log_sum = log_normaliser(x, at + i, channels)
            for c in range(i, i + channels):
                value = x[at + c] - largest - log_sum
                y[to + c] = value if n[12] != 0 else math.exp(value)


@kernel
def softmax_gradient(p, n, f, chunk):
    """grad_input = base + s·(g − Σ g·s), or for the logarithm base + g − s·Σ g, with s = softmax of x.

    p: grad_output, x, grad_input, base. n: as in pointwise.py for all; C, whether it was the logarithm.
    """
    g, x, out = p[0], p[1], p[2]
    channels = n[17]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(0, n[4], channels):
            largest, log_sum = log_normaliser(x, at + i, channels)
            total = 0.0
            for c in range(i, i + channels):
                total += g[grads + c] * (1.0 if n[18] != 0 else math.exp(x[at + c] - largest - log_sum))
            for c in range(i, i + channels):
                share = math.exp(x[at + c] - largest - log_sum)
                grad = np.float64(g[grads + c])
                out[to + c] = grad - share * total if n[18] != 0 else share * (grad - total)
        add_base(p, n, r, 2, 3)


@kernel
def cross_entropy(p, n, f, chunk):
    """losses[i] = −log softmax(x)[target[i]] for each position i, 0 where the target is to be ignored.

    p: x, losses (float64). n: as in pointwise.py for x; C, address of targets (int64), the target to ignore.
    """
    x, losses, targets = p[0], float64_at(p[1]), int64_at(n[9])
    channels = n[8]
    for r in range(chunk * n[0], last_row(n, chunk)):
        row, position = row_at(r, n, 0), r * (n[4] // channels)
        for at in range(row, row + n[4], channels):
            target = targets[position]
            losses[position] = 0.0
            if target != n[10]:
                largest, log_sum = log_normaliser(x, at, channels)
                losses[position] = log_sum - (x[at + target] - largest)
            position += 1


@kernel
def mean_loss(p, n, f, chunk):
    """loss = Σ losses / count, positions ascending; count = the targets that are not ignored.

    p: losses (float64), count (float64), loss. n: positions, address of targets (int64), the target to ignore.
    """
    losses, targets = float64_at(p[0]), int64_at(n[1])
    total, count = 0.0, 0.0
    for i in range(n[0]):
        total += losses[i]
        count += 0.0 if targets[i] == n[2] else 1.0
    float64_at(p[1])[0] = count
    p[2][0] = total / count


@kernel
def cross_entropy_gradient(p, n, f, chunk):
    """grad_input = base + grad_output/count·(softmax(x) − 1 at the target), 0 where the target is to be ignored.

    p: x, grad_input, base, count (float64), grad_output. n: as in pointwise.py for the first three; C, address of
    targets (int64), the target to ignore, whether there is a grad_output (else it is 1).
    """
    x, out, targets = p[0], p[1], int64_at(n[15])
    channels = n[14]
    share = (p[4][0] if n[17] != 0 else 1.0) / max(float64_at(p[3])[0], 1.0)
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to, position = row_at(r, n, 0), row_at(r, n, 1), r * (n[4] // channels)
        for i in range(0, n[4], channels):
            target = targets[position]
            largest, log_sum = log_normaliser(x, at + i, channels)
            for c in range(channels):
                probability = math.exp(x[at + i + c] - largest - log_sum)
                grad = share * (probability - 1.0 if c == target else probability)
                out[to + i + c] = 0.0 if target == n[16] else grad
            position += 1
        add_base(p, n, r, 1, 2)


@kernel
def squared_error(p, n, f, chunk):
    """parts[chunk] = Σ (x − target)². p: x, target, parts (float64). n: images in a chunk, N, D, H, length of a row,
    strides of x and target: image, depth, row.
    """
    x, target = p[0], p[1]
    total = 0.0
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, other = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            difference = np.float64(x[at + i]) - target[other + i]
            total += difference * difference
    float64_at(p[2])[chunk] = total


@kernel
def mean_parts(p, n, f, chunk):
    """loss = Σ parts / count, parts ascending. p: parts (float64), loss. n: parts. f: count."""
    parts = float64_at(p[0])
    total = 0.0
    for k in range(n[0]):
        total += parts[k]
    p[1][0] = total / f[0]


@kernel
def squared_error_gradient(p, n, f, chunk):
    """grad = base + sign·2·(x − target)·(grad_output/count).

    p: x, target, grad, base, grad_output. n: as in pointwise.py for the first four; whether there is a grad_output
    (else it is 1). f: sign·2, count.
    """
    x, target, out = p[0], p[1], p[2]
    share = (p[4][0] if n[17] != 0 else 1.0) / max(f[1], 1.0)
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, other, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            out[to + i] = f[0] * (np.float64(x[at + i]) - target[other + i]) * share
        add_base(p, n, r, 2, 3)
