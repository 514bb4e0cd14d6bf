"""The normal distribution: what lies beyond t, Φ(x), and the error function.

    Φ(−t) = e^(−t²/2)·h(t),   h(t) ≈ P(t)/Q(t)   for t ≥ 0

h falls slowly and has no bend, so one quotient of polynomials does for all t, and Φ keeps its digits far from 0. There
are two such quotients, both with the least largest relative error: 2^−38.8 up to t = 14 for what is rounded to float32,
2^−58.2 up to t = 38 for what stays float64; as its coefficients are rounded to float64, too, that becomes 2^−54.2.

    erf x = x·E(x²)                 where |x| < 1, the largest relative error of E being 2^−56.9, or 2^−55.2 as rounded
    erf x = 1 − 2·Φ(−√2·x)          where x ≥ 1
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.functions.arithmetic import Arithmetic, Number, polynomial, size
from pellucid.functions.exponential import COTH, fraction, scaled

_hex = float.fromhex
FAR = 37.5  # where Φ(−t) is hardly above the least normal number
ROOT_2 = _hex("0x1.6a09e667f3bcdp+0")
DENSITY = _hex("0x1.9884533d43651p-2")  # 1/√(2π)


class Quotient(NamedTuple):
    """Coefficients of P, Q and of what e^(−t²/2) is made of.

    All in all Φ(−t) and t·Φ′(t) err by less than s + t²·2^−52 of their size, where s is `share` up to t = `reach` and
    `beyond` from there on: for SHORT that is where Φ is no float32 number, but its product with a gradient may be.
    """

    over: tuple[float, ...]
    under: tuple[float, ...]
    coth: tuple[float, ...]
    share: float
    reach: float
    beyond: float


SHORT = Quotient(
    (
        0.5,
        _hex("0x1.22261f0d2830fp-1"),
        _hex("0x1.438d8879dbeb3p-2"),
        _hex("0x1.b20dc9d2f138bp-4"),
        _hex("0x1.6d6fdbf156451p-6"),
        _hex("0x1.6ea8e238be19ap-9"),
        _hex("0x1.5bd5811ac074cp-13"),
    ),
    (
        1.0,
        _hex("0x1.ee6848ac009f1p+0"),
        _hex("0x1.ac41a564ebb0bp+0"),
        _hex("0x1.b1ad428f3c5b9p-1"),
        _hex("0x1.1730265128af2p-2"),
        _hex("0x1.cd694da73af53p-5"),
        _hex("0x1.cb8a496afb970p-8"),
        _hex("0x1.b3f1f80fc2436p-12"),
    ),
    (2.0, _hex("0x1.5555553cca0afp-3"), _hex("-0x1.6c15b70754164p-9"), _hex("0x1.13b339a764028p-14")),
    2.0**-38,
    14.0,
    2.0**-26,
)
LONG = Quotient(
    (
        0.5,
        _hex("0x1.a6383d8590652p-1"),
        _hex("0x1.594c1a941c333p-1"),
        _hex("0x1.69bfdb9b66c81p-2"),
        _hex("0x1.0a46f72d0d237p-3"),
        _hex("0x1.1e733c9999bf7p-5"),
        _hex("0x1.c76b766eb7748p-8"),
        _hex("0x1.0872eea9e4192p-10"),
        _hex("0x1.aef0cb71c9cb3p-14"),
        _hex("0x1.bfe1ff21e728dp-18"),
        _hex("0x1.c82118f3741c1p-23"),
    ),
    (
        1.0,
        _hex("0x1.393d3392190bdp+1"),
        _hex("0x1.6693c716ac9b6p+1"),
        _hex("0x1.fbeda631a98e8p+0"),
        _hex("0x1.efc231b51cca0p-1"),
        _hex("0x1.5f0b42f523cd6p-2"),
        _hex("0x1.713b7e49e7051p-4"),
        _hex("0x1.219819678168fp-6"),
        _hex("0x1.4da15de3f0e0fp-9"),
        _hex("0x1.0e9c39615bf69p-12"),
        _hex("0x1.18ab3e7a5cde8p-16"),
        _hex("0x1.1dd62e29ea7b7p-21"),
    ),
    COTH,
    2.0**-47,
    FAR,
    0.0,
)
ERF = (
    _hex("0x1.20dd750429b6dp+0"),
    _hex("-0x1.812746b0379bdp-2"),
    _hex("0x1.ce2f21a040d16p-4"),
    _hex("-0x1.b82ce311fa93bp-6"),
    _hex("0x1.565bccf92b298p-8"),
    _hex("-0x1.c02db03dd640cp-11"),
    _hex("0x1.f9a2baa8ebc50p-14"),
    _hex("-0x1.f4ca4d6e30e7ep-17"),
    _hex("0x1.b97fd3d012e8fp-20"),
    _hex("-0x1.5c0726bb10454p-23"),
    _hex("0x1.d71b0dc96f611p-27"),
    _hex("-0x1.abae457e0730cp-31"),
)


def quotient(bits: int) -> Quotient:
    """What does for results that are rounded to so many bits."""
    return SHORT if bits == 32 else LONG


def tail(t: Number, quotient: Quotient, a: Arithmetic) -> Number:
    """Φ(−t) for t ≥ 0."""
    e = fraction(t * t * -0.5, a, quotient.coth)
    p, q = polynomial(t, quotient.over, a), polynomial(t, quotient.under, a)
    return a.where(t > FAR, 0.0, scaled(e.over * p, e.k, a) / (e.under * q))


def probability(x: Number, quotient: Quotient, a: Arithmetic) -> Number:
    """Φ(x)."""
    beyond = tail(size(x, a), quotient, a)
    return a.where(x > 0.0, 1.0 - beyond, beyond)


def gelu_slope(x: Number, quotient: Quotient, a: Arithmetic) -> Number:
    """Φ(x) + x·Φ′(x), with Φ′(x) = e^(−x²/2)/√(2π): for −t it is e^(−t²/2)·(P − t/√(2π)·Q)/Q."""
    t = size(x, a)
    e = fraction(t * t * -0.5, a, quotient.coth)
    p, q = polynomial(t, quotient.over, a), polynomial(t, quotient.under, a)
    over = scaled(e.over, e.k, a) * a.fma(t * -DENSITY, q, p)
    left = a.where(t > FAR, t * 0.0, over / (e.under * q))
    return a.where(x > 0.0, 1.0 - left, left)


def erf(x: Number, a: Arithmetic) -> Number:
    """2/√π·∫₀ˣ e^(−t²) dt."""
    t = size(x, a)
    near = t * polynomial(t * t, ERF, a)
    return a.signed(a.where(t < 1.0, near, 1.0 - 2.0 * tail(ROOT_2 * t, LONG, a)), x)
