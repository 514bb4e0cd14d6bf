"""Activations and their slopes, in float64."""

from __future__ import annotations

from pellucid.functions.arithmetic import Arithmetic, Number, at_least, at_most
from pellucid.functions.exponential import fraction, scaled, sigmoid
from pellucid.functions.normal import gelu_slope as normal_slope
from pellucid.functions.normal import probability, quotient

_hex = float.fromhex
TWICE_ROOT = _hex("0x1.9884533d43651p+0")  # 2·√(2/π)
CUBE = 0.044715
FAR = 700.0


def silu(x: Number, a: Arithmetic) -> Number:
    """x·σ(x)."""
    return x * sigmoid(x, 64, a)


def silu_slope(x: Number, a: Arithmetic) -> Number:
    """σ(x)·(1 + x·σ(−x))."""
    up, down = both_sigmoids(x, a)
    return up * a.fma(x, down, 1.0)


def gelu(x: Number, bits: int, a: Arithmetic) -> Number:
    """x·Φ(x), as good as a result needs that is rounded to so many bits."""
    return x * probability(x, quotient(bits), a)


def gelu_slope(x: Number, bits: int, a: Arithmetic) -> Number:
    """Φ(x) + x·Φ′(x), as good as that."""
    return normal_slope(x, quotient(bits), a)


def near_gelu(x: Number, a: Arithmetic) -> Number:
    """x·σ(2u) = x·½(1 + tanh u), u = √(2/π)·(x + 0.044715·x³)."""
    return x * sigmoid(_twice(x, a), 64, a)


def near_gelu_slope(x: Number, a: Arithmetic) -> Number:
    """σ(2u)·(1 + x·σ(−2u)·(2u)′)."""
    up, down = both_sigmoids(_twice(x, a), a)
    steepness = a.fma(x * x, 3 * CUBE * TWICE_ROOT, TWICE_ROOT)
    return up * a.fma(x * steepness, down, 1.0)


def both_sigmoids(x: Number, a: Arithmetic) -> tuple[Number, Number]:
    """σ(x) and σ(−x), from one division; 0 beyond FAR, where the quotient would be no normal number."""
    e = fraction(at_least(at_most(x, FAR, a), -FAR, a), a)
    over = scaled(e.over, e.k, a)
    share = 1.0 / (e.under + over)
    return a.where(x < -FAR, 0.0, over * share), a.where(x > FAR, 0.0, e.under * share)


def _twice(x: Number, a: Arithmetic) -> Number:
    return x * a.fma(x * x, CUBE * TWICE_ROOT, TWICE_ROOT)
