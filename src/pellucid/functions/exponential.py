"""eˣ and what is made of it: eˣ − 1, the logistic function and the hyperbolic tangent.

    x = k·ln 2 + r,  |r| ≤ ln 2 / 2,    eˣ = 2ᵏ·eʳ,    eʳ = (c + r)/(c − r),   c = r·coth(r/2) = 2 + r²/6 − r⁴/360 + …

c is even in r, so that a few terms do: the polynomial's coefficients are those of the least largest error, 2^−62.3
relative to eʳ. ln 2 has two parts, of which the first is so short that its product with k is exact. What is to be
divided at last is divided once, together with c + r and c − r.
"""

from __future__ import annotations

from typing import NamedTuple

from pellucid.functions.arithmetic import Arithmetic, Number, Whole, at_least, at_most, polynomial, size

_hex = float.fromhex
LOG2_E = _hex("0x1.71547652b82fep+0")
LN2, LN2_REST = _hex("0x1.62e42fefa3800p-1"), _hex("0x1.ef35793c76730p-45")  # together ln 2
WHOLE = 1.5 * 2.0**52  # what is added to it leaves the nearest whole number in its last bits
INFINITY = float("inf")
COTH = (
    2.0,
    _hex("0x1.555555555552dp-3"),
    _hex("-0x1.6c16c16bd9e8dp-9"),
    _hex("0x1.1566aac04a2d0p-14"),
    _hex("-0x1.bbd3aa3423f18p-20"),
    _hex("0x1.6348c3dc2371bp-25"),
)
DRAWN = 1.25 * 2.0**-53
FAR = 700.0
LEAST, MOST = _hex("-0x1.6232bdd7abcd2p+9"), _hex("0x1.62e42fefa39efp+9")  # between them eˣ is normal


class Fraction(NamedTuple):
    """eˣ = 2ᵏ·over/under."""

    k: Whole  # in the last bits
    over: Number
    under: Number
    c: Number
    r: Number


def fraction(x: Number, a: Arithmetic, coth: tuple[float, ...] = COTH) -> Fraction:
    """eˣ as a fraction, for LEAST ≤ x ≤ MOST. Elsewhere k is of no use; NaN stays NaN in both others."""
    shifted = a.fma(x, LOG2_E, WHOLE)
    k = shifted - WHOLE
    r = a.fma(k, -LN2_REST, a.fma(k, -LN2, x))
    c = polynomial(r * r, coth, a)
    return Fraction(a.bits(shifted), c + r, c - r, c, r)


def scaled(x: Number, k: Whole, a: Arithmetic) -> Number:
    """x·2ᵏ, where both it and x are normal."""
    return a.floating(a.bits(x) + (k << 52))


def exp(x: Number, a: Arithmetic) -> Number:
    """eˣ; what is less than the least normal number is 0."""
    e = fraction(x, a)
    y = scaled(e.over / e.under, e.k, a)
    return a.where(x <= MOST, a.where(x >= LEAST, y, 0.0), x + INFINITY)


def share(x: Number, a: Arithmetic) -> Number:
    """eˣ for x ≤ 0."""
    e = fraction(x, a)
    return a.where(x < LEAST, 0.0, scaled(e.over, e.k, a) / e.under)


def expm1(x: Number, a: Arithmetic) -> Number:
    """eˣ − 1 = 2·(h·q + (h − ½)) with h = 2ᵏ/2 and q = eʳ − 1 = 2·r/(c − r)."""
    e = fraction(at_least(x, LEAST, a), a)
    half = a.floating((e.k + 1022) << 52)
    y = 2.0 * a.fma(half, (e.r + e.r) / e.under, half - 0.5)
    return a.where(x <= MOST, a.signed(y, x), x + INFINITY)


def sigmoid(x: Number, bits: int, a: Arithmetic) -> Number:
    """1/(1 + e⁻ˣ) = eˣ/(1 + eˣ) = 2ᵏ·over/(under + 2ᵏ·over); 0 where eˣ is.

    Near 0 it is ½ + x/4 − x³/48. The first two terms can make the middle between two float32 numbers, and the third one
    less than half a unit of float64's last place. So what is then to be rounded to float32 is drawn towards ½, by about
    such a unit: less would not do there, and more would be wrong elsewhere.
    """
    e = fraction(at_most(x, -LEAST, a), a)
    over = scaled(e.over, e.k, a)
    y = over / (e.under + over)
    if bits == 32:
        y = a.fma(y, a.signed(DRAWN, 0.0 - x), y)
    return a.where(x < LEAST, 0.0, y)


def both_sigmoids(x: Number, a: Arithmetic) -> tuple[Number, Number]:
    """σ(x) and σ(−x), from one division; 0 beyond FAR, where the quotient would be no normal number."""
    e = fraction(at_least(at_most(x, FAR, a), -FAR, a), a)
    over = scaled(e.over, e.k, a)
    share = 1.0 / (e.under + over)
    return a.where(x < -FAR, 0.0, over * share), a.where(x > FAR, 0.0, e.under * share)


def tanh(x: Number, a: Arithmetic) -> Number:
    """(e²ˣ − 1)/(e²ˣ + 1) = ((s − 1)·c + (s + 1)·r)/((s + 1)·c + (s − 1)·r) with s = 2ᵏ and c, r of 2·|x|.

    So nothing is lost where e²ˣ is near 1: s − 1 is 0 there.
    """
    e = fraction(at_most(2.0 * size(x, a), 44.0, a), a)
    s = a.floating((e.k + 1023) << 52)
    less, more = s - 1.0, s + 1.0
    return a.signed(a.fma(less, e.c, more * e.r) / a.fma(more, e.c, less * e.r), x)
