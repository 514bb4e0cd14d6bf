"""The optimisers' updates, in place.

A chunk is a row of a table: the first of its parameter's pointers in p, and its first and past-the-last element. Every
operation is rounded to the parameter's type, in the order that `ops/sgd.py` and `ops/adam.py` write down. The gradient
lies in p, or a walk over tiles makes it for one chunk at a time, so that nobody has to write it to memory.
"""

from __future__ import annotations

import math

from pellucid.kernels.intrinsics import element_address, int64_at, numbers_at, rounded
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.tiles import walk


@inline
def gradient_of(p, row, walks, chunk, scratch):
    """A pointer from which the gradient's elements `row[1]` to `row[2]` can be read.

    walks: 0, or the bytes of a number, and behind it what a walk needs that leaves these elements in scratch memory.
    """
    if walks[0] == 0:
        return p[row[0]]
    walk(int64_at(element_address(walks, 1)), chunk, scratch)
    return numbers_at(scratch - row[1] * walks[0], p[row[0]])


@kernel
def count(p, n, f, chunk):
    """Counters of what has been done, each one more. n: their number, their addresses."""
    for i in range(n[0]):
        int64_at(n[1 + i])[0] += 1


@kernel
def sgd(p, n, f, chunk, scratch):
    """velocity = momentum·velocity + g; parameter −= lr·velocity, where g = gradient + weight_decay·parameter.

    p, for each parameter: gradient, parameter, velocity (with momentum only).
    n: address of the table, then 1 or 0 for weight decay, momentum, Nesterov's step; `walks`.
    f: lr, momentum, weight_decay.
    """
    row = int64_at(n[0] + 24 * chunk)
    gradients = gradient_of(p, row, int64_at(element_address(n, 4)), chunk, scratch)
    parameter, velocity = p[row[0] + 1], p[row[0] + 2 * n[2]]
    lr, momentum, decay = rounded(f[0], parameter), rounded(f[1], parameter), rounded(f[2], parameter)
    decays, moves, nesterov = n[1] != 0, n[2] != 0, n[3] != 0
    for i in range(row[1], row[2]):
        g = gradients[i]
        if decays:
            g = g + decay * parameter[i]
        if moves:
            v = momentum * velocity[i] + g
            velocity[i] = v
            g = g + momentum * v if nesterov else v
        parameter[i] = parameter[i] - lr * g


@kernel
def adam(p, n, f, chunk, scratch):
    """mean += (g − mean)·(1 − β₁); variance = variance·β₂ + (1 − β₂)·g·g; w −= size·mean/(√variance/root + eps).

    p, for each parameter: gradient, parameter, mean, variance.
    n: address of the table, whether the parameter shrinks by itself (AdamW), whether weight decay joins the gradient;
    `walks`.
    f: size = lr/(1 − β₁ᵗ), root = √(1 − β₂ᵗ), 1 − lr·weight_decay, 1 − β₁, β₂, 1 − β₂, eps, weight_decay.
    """
    row = int64_at(n[0] + 24 * chunk)
    gradients = gradient_of(p, row, int64_at(element_address(n, 3)), chunk, scratch)
    parameter, mean, variance = p[row[0] + 1], p[row[0] + 2], p[row[0] + 3]
    size, root, keep = rounded(f[0], parameter), rounded(f[1], parameter), rounded(f[2], parameter)
    alpha1, beta2, alpha2 = rounded(f[3], parameter), rounded(f[4], parameter), rounded(f[5], parameter)
    eps, decay = rounded(f[6], parameter), rounded(f[7], parameter)
    decoupled, decays = n[1] != 0, n[2] != 0
    for i in range(row[1], row[2]):
        w, g = parameter[i], gradients[i]
        if decoupled:
            w = w * keep
        if decays:
            g = g + decay * w
        m = mean[i] + (g - mean[i]) * alpha1
        v = variance[i] * beta2 + alpha2 * g * g
        mean[i] = m
        variance[i] = v
        parameter[i] = w - size * m / (math.sqrt(v) / root + eps)
