"""The optimisers' updates, in place.

A chunk is a stretch of one parameter. Every operation is rounded to the parameter's type, in the order that
`ops/sgd.py` and `ops/adam.py` write down.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from pellucid.kernels.intrinsics import int64_at, record, rounded
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.table import Address, Doubles, Many, Numbers, Reads, Records, Updates


class Stretch(NamedTuple):
    """What a chunk updates: elements of one of the parameters, from the first to the one before the last."""

    parameter: int
    first: int
    last: int


class Clip(NamedTuple):
    """What gradients are multiplied by first, if they are."""

    factor: Reads[Doubles]
    clips: int


class Velocity(NamedTuple):
    """A parameter, its gradient and, with momentum, its velocity; whether weight decay joins the gradient."""

    gradient: Reads[Numbers]
    parameter: Updates[Numbers]
    velocity: Updates[Numbers]
    decays: int


class SGDFactors(NamedTuple):
    """The numbers of the formula, other ones in each step."""

    lr: float
    momentum: float
    decay: float


class SGD(NamedTuple):
    """Stochastic gradient descent, of which momentum and Nesterov's step are parts or not."""

    stretches: Many[Stretch]
    parameters: Many[Velocity]
    factors: Reads[Address]  # of `SGDFactors`
    clip: Clip
    moves: int
    nesterov: int


class Moments(NamedTuple):
    """A parameter, its gradient, and the running mean and variance of that.

    Weight decay shrinks the parameter by itself (AdamW), joins the gradient, or leaves it alone.
    """

    gradient: Reads[Numbers]
    parameter: Updates[Numbers]
    mean: Updates[Numbers]
    variance: Updates[Numbers]
    shrinks: int
    decays: int


class AdamFactors(NamedTuple):
    """size = lr/(1 − β₁ᵗ), root = √(1 − β₂ᵗ), keep = 1 − lr·weight_decay, 1 − β₁, β₂, 1 − β₂, eps, weight_decay."""

    size: float
    root: float
    keep: float
    alpha1: float
    beta2: float
    alpha2: float
    eps: float
    decay: float


class Adam(NamedTuple):
    """Adam."""

    stretches: Many[Stretch]
    parameters: Many[Moments]
    factors: Reads[Address]  # of `AdamFactors`
    clip: Clip


class Counter(NamedTuple):
    """A whole number that counts."""

    number: Updates[Address]


class Counters(NamedTuple):
    """Counters of what has been done."""

    counters: Many[Counter]


@kernel
def count(t: Counters, chunk):
    """Each counter is one more."""
    for i in range(t.counters.length):
        int64_at(record(Counter, t.counters, i).number)[0] += 1


@inline
def clip_of(clip, parameter):
    """The factor in the parameter's type."""
    return rounded(clip.factor[0] if clip.clips != 0 else 1.0, parameter)


@kernel
def sgd(t: SGD, chunk):
    """velocity = momentum·velocity + g; parameter −= lr·velocity, where g = gradient + weight_decay·parameter."""
    stretch = record(Stretch, t.stretches, chunk)
    numbers = record(Velocity, t.parameters, stretch.parameter)
    factors = record(SGDFactors, Records(t.factors, 1), 0)
    gradients, parameter, velocity = numbers.gradient, numbers.parameter, numbers.velocity
    lr, momentum = rounded(factors.lr, parameter), rounded(factors.momentum, parameter)
    decay = rounded(factors.decay, parameter)
    clip, clips = clip_of(t.clip, parameter), t.clip.clips != 0
    decays, moves, nesterov = numbers.decays != 0, t.moves != 0, t.nesterov != 0
    for i in range(stretch.first, stretch.last):
        g = gradients[i]
        if clips:
            g = g * clip
        if decays:
            g = g + decay * parameter[i]
        if moves:
            v = momentum * velocity[i] + g
            velocity[i] = v
            g = g + momentum * v if nesterov else v
        parameter[i] = parameter[i] - lr * g


@kernel
def adam(t: Adam, chunk):
    """mean += (g − mean)·(1 − β₁); variance = variance·β₂ + (1 − β₂)·g·g; w −= size·mean/(√variance/root + eps)."""
    stretch = record(Stretch, t.stretches, chunk)
    numbers = record(Moments, t.parameters, stretch.parameter)
    factors = record(AdamFactors, Records(t.factors, 1), 0)
    gradients, parameter = numbers.gradient, numbers.parameter
    mean, variance = numbers.mean, numbers.variance
    size, root = rounded(factors.size, parameter), rounded(factors.root, parameter)
    keep, alpha1 = rounded(factors.keep, parameter), rounded(factors.alpha1, parameter)
    beta2, alpha2 = rounded(factors.beta2, parameter), rounded(factors.alpha2, parameter)
    eps, decay = rounded(factors.eps, parameter), rounded(factors.decay, parameter)
    clip, clips = clip_of(t.clip, parameter), t.clip.clips != 0
    shrinks, decays = numbers.shrinks != 0, numbers.decays != 0
    for i in range(stretch.first, stretch.last):
        w, g = parameter[i], gradients[i]
        if clips:
            g = g * clip
        if shrinks:
            w = w * keep
        if decays:
            g = g + decay * w
        m = mean[i] + (g - mean[i]) * alpha1
        v = variance[i] * beta2 + alpha2 * g * g
        mean[i] = m
        variance[i] = v
        parameter[i] = w - size * m / (math.sqrt(v) / root + eps)
