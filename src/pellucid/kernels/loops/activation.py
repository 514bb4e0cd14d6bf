"""Activations of transcendental functions, in float64 and rounded once."""

from __future__ import annotations

import math

import numpy as np

from pellucid.kernels.intrinsics import bits_of, from_bits
from pellucid.kernels.jit import inline, kernel
from pellucid.kernels.loops.pointwise import Pointwise, PointwiseGradient
from pellucid.kernels.loops.rows import add_base, first_row, last_row, row_at

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
def sigmoid(t: Pointwise, chunk):
    """y = σ(x)."""
    x, y = t.x.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            y[to + i] = logistic(np.float64(x[at + i]))


@kernel
def sigmoid_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + grad_output·σ(x)·σ(−x)."""
    g, x, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            out[to + i] = g[grads + i] * logistic(value) * logistic(-value)
        add_base(t.rows, t.grad_input, t.base, r)


@kernel
def silu(t: Pointwise, chunk):
    """y = x·σ(x)."""
    x, y = t.x.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            y[to + i] = value * logistic(value)


@kernel
def silu_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + grad_output·σ(x)·(1 + x·σ(−x))."""
    g, x, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            out[to + i] = g[grads + i] * logistic(value) * (1.0 + value * logistic(-value))
        add_base(t.rows, t.grad_input, t.base, r)


@kernel
def tanh(t: Pointwise, chunk):
    """y = tanh(x)."""
    x, y = t.x.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            y[to + i] = hyperbolic_tangent(np.float64(x[at + i]))


@kernel
def tanh_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + grad_output·(1 − tanh²(x))."""
    g, x, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            value = hyperbolic_tangent(np.float64(x[at + i]))
            out[to + i] = g[grads + i] * (1.0 - value * value)
        add_base(t.rows, t.grad_input, t.base, r)


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
def gelu(t: Pointwise, chunk):
    """y = x·Φ(x)."""
    x, y = t.x.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            probability, _ = normal(value)
            y[to + i] = value * probability


@kernel
def gelu_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + grad_output·(Φ(x) + x·φ(x))."""
    g, x, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            probability, density = normal(value)
            out[to + i] = g[grads + i] * (probability + value * density)
        add_base(t.rows, t.grad_input, t.base, r)


@kernel
def gelu_tanh(t: Pointwise, chunk):
    """y = x·Φ(x), Φ approximated."""
    x, y = t.x.numbers, t.y.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        at, to = row_at(t.rows, t.x, r), row_at(t.rows, t.y, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            probability, _ = near_normal(value)
            y[to + i] = value * probability


@kernel
def gelu_tanh_gradient(t: PointwiseGradient, chunk):
    """grad_input = base + grad_output·(Φ(x) + x·Φ′(x)), Φ approximated."""
    g, x, out = t.grad_output.numbers, t.x.numbers, t.grad_input.numbers
    for r in range(first_row(t.rows, chunk), last_row(t.rows, chunk)):
        grads, at = row_at(t.rows, t.grad_output, r), row_at(t.rows, t.x, r)
        to = row_at(t.rows, t.grad_input, r)
        for i in range(t.rows.length):
            value = np.float64(x[at + i])
            probability, density = near_normal(value)
            out[to + i] = g[grads + i] * (probability + value * density)
        add_base(t.rows, t.grad_input, t.base, r)
