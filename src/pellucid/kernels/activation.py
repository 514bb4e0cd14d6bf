"""Activations of transcendental functions, in float64 and rounded once, and dropout.

Tables are those of pointwise.py; p is x, y forward and grad_output, x, grad_input, base backward.
"""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.jit import inline, int64_at, kernel
from pellucid.kernels.pointwise import add_base, last_row, row_at

_HALF_ROOT = math.sqrt(0.5)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
_SCALE = math.sqrt(2.0 / math.pi)


@inline
def logistic(x):
    """1/(1 + exp(−x)) from exp(−|x|), which cannot overflow."""
    small = math.exp(-abs(x))
    return (1.0 if x >= 0.0 else small) / (1.0 + small)


@kernel
def sigmoid(p, n, f, chunk):
    """y = σ(x)."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            y[to + i] = logistic(np.float64(x[at + i]))


@kernel
def sigmoid_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·σ(x)·σ(−x)."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            out[to + i] = g[grads + i] * logistic(value) * logistic(-value)
        add_base(p, n, r, 2, 3)


@kernel
def silu(p, n, f, chunk):
    """y = x·σ(x)."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            y[to + i] = value * logistic(value)


@kernel
def silu_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·σ(x)·(1 + x·σ(−x))."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            out[to + i] = g[grads + i] * logistic(value) * (1.0 + value * logistic(-value))
        add_base(p, n, r, 2, 3)


@kernel
def tanh(p, n, f, chunk):
    """y = tanh(x)."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            y[to + i] = math.tanh(np.float64(x[at + i]))


@kernel
def tanh_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·(1 − tanh²(x))."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = math.tanh(np.float64(x[at + i]))
            out[to + i] = g[grads + i] * (1.0 - value * value)
        add_base(p, n, r, 2, 3)


@inline
def normal(x, approximate):
    """Φ(x), or its approximation by tanh, and the derivative."""
    if approximate:
        t = math.tanh(_SCALE * (x + 0.044715 * (x * x * x)))
        return 0.5 * (1.0 + t), 0.5 * (1.0 - t * t) * _SCALE * (1.0 + 3 * 0.044715 * x * x)
    return 0.5 * (1.0 + math.erf(x * _HALF_ROOT)), math.exp(-0.5 * x * x) * _DENSITY


@kernel
def gelu(p, n, f, chunk):
    """y = x·Φ(x). n, behind the strides: whether Φ is approximated."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            y[to + i] = value * normal(value, n[11] != 0)[0]


@kernel
def gelu_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·(Φ(x) + x·φ(x)). n, behind the strides: whether Φ is approximated."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            probability, density = normal(value, n[17] != 0)
            out[to + i] = g[grads + i] * (probability + value * density)
        add_base(p, n, r, 2, 3)


_GOLDEN, _FIRST, _SECOND = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xBF58476D1CE4E5B9),
    np.uint64(0x94D049BB133111EB),
)
_27, _30, _31, _32, _ONE = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32), np.uint64(1)


@inline
def mix(x):
    """Scramble 64 bits, as `ops/random.py` does."""
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


@kernel
def dropout(p, n, f, chunk):
    """y = base + (x·scale where the element's draw reaches the threshold, else 0). Forward and backward are the same.

    p: x, y, base. n: as in pointwise.py for all three; C, numbers of a channel's plane, layer, threshold, address of
    seed and step. f: scale, which is a number of x's type. An element's draw has the number of its N C D H W place.
    """
    x, y, counters = p[0], p[1], int64_at(n[18])
    channels, plane, width = n[14], np.uint64(n[15]), n[4] // n[14]
    key = mix(np.uint64(counters[0]) + _GOLDEN)
    key = mix((key ^ np.uint64(counters[1])) + _GOLDEN)
    key = mix((key ^ np.uint64(n[16])) + _GOLDEN)
    threshold = np.uint64(n[17])
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        first = r // (n[2] * n[3]) * channels * n[15] + r % (n[2] * n[3]) * width
        for w in range(width):
            number = np.uint64(first + w + 1)
            for c in range(channels):
                draw = mix(key + (number + np.uint64(c) * plane) * _GOLDEN) >> _32
                y[to + w * channels + c] = x[at + w * channels + c] * f[0] if draw >= threshold else 0.0
        add_base(p, n, r, 1, 2)
