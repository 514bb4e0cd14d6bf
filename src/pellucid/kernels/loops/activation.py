"""Activations of transcendental functions, in float64 and rounded once, and dropout.

Tables are those of pointwise.py; p is x, y forward and grad_output, x, grad_input, base backward.
"""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.intrinsics import bits_of, from_bits, int64_at
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.pointwise import add_base, last_row, row_at

_HALF_ROOT = math.sqrt(0.5)
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
_SCALE = math.sqrt(2.0 / math.pi)
_LOG2_E = 1.0 / math.log(2.0)
_LN2, _LN2_REST = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")  # together ln 2
_WHOLE = 1.5 * 2.0**52  # added to a small number, it leaves the nearest whole number in the last bits
_LEAST = -708.0  # exp of less is no normal number


@inline
def exponential(x):
    """(s, q) with exp(x) = s + s·q, s a power of two, for −708 ≤ x ≤ 709: loops with it become vector code.

    x = k·ln 2 + r with |r| ≤ ln 2 / 2 gives s = 2ᵏ and q = exp(r) − 1, its Taylor polynomial: the first term left
    out, r¹⁴/14!, is below 5·10⁻¹⁸. Relative to its own size q is good to a few units in the last place.
    """
    shifted = x * _LOG2_E + _WHOLE
    k = shifted - _WHOLE
    r = (x - k * _LN2) - k * _LN2_REST
    q = 1 / 479001600 + r * (1 / 6227020800)
    q = 1 / 3628800 + r * (1 / 39916800 + r * q)
    q = 1 / 40320 + r * (1 / 362880 + r * q)
    q = 1 / 720 + r * (1 / 5040 + r * q)
    q = 1 / 24 + r * (1 / 120 + r * q)
    q = 0.5 + r * (1 / 6 + r * q)
    return from_bits((bits_of(shifted) + 1023) << 52), r + r * r * q


@inline
def logistic(x):
    """1/(1 + exp(−x)) from exp(−|x|), which cannot overflow."""
    argument = -abs(x)
    s, q = exponential(_LEAST if argument < _LEAST else argument)
    small = 0.0 if argument < _LEAST else s + s * q
    return (1.0 if x >= 0.0 else small) / (1.0 + small)


@inline
def hyperbolic_tangent(x):
    """−e/(e + 2) with e = exp(−2|x|) − 1 taken as q and s, so that small x lose nothing; then the sign of x."""
    argument = -2.0 * abs(x)
    s, q = exponential(_LEAST if argument < _LEAST else argument)
    e = s * q + (s - 1.0)
    return math.copysign(-e / (e + 2.0), x)


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
            y[to + i] = hyperbolic_tangent(np.float64(x[at + i]))


@kernel
def tanh_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·(1 − tanh²(x))."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = hyperbolic_tangent(np.float64(x[at + i]))
            out[to + i] = g[grads + i] * (1.0 - value * value)
        add_base(p, n, r, 2, 3)


@inline
def normal(x):
    """Φ(x) and its derivative."""
    return 0.5 * (1.0 + math.erf(x * _HALF_ROOT)), math.exp(-0.5 * x * x) * _DENSITY


@inline
def near_normal(x):
    """Φ(x) as ½(1 + tanh u) = σ(2u), u = √(2/π)·(x + 0.044715·x³), and its derivative 2·σ(2u)·σ(−2u)·u′."""
    twice = 2.0 * _SCALE * (x + 0.044715 * (x * x * x))
    probability = logistic(twice)
    return probability, 2.0 * probability * logistic(-twice) * (_SCALE * (1.0 + 3 * 0.044715 * x * x))


@kernel
def gelu(p, n, f, chunk):
    """y = x·Φ(x)."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            y[to + i] = value * normal(value)[0]


@kernel
def gelu_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·(Φ(x) + x·φ(x))."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            probability, density = normal(value)
            out[to + i] = g[grads + i] * (probability + value * density)
        add_base(p, n, r, 2, 3)


@kernel
def gelu_tanh(p, n, f, chunk):
    """y = x·Φ(x), Φ approximated."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            y[to + i] = value * near_normal(value)[0]


@kernel
def gelu_tanh_gradient(p, n, f, chunk):
    """grad_input = base + grad_output·(Φ(x) + x·Φ′(x)), Φ approximated."""
    g, x, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, at, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            value = np.float64(x[at + i])
            probability, density = near_normal(value)
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
