"""The natural logarithm.

    x = 2ᵏ·m,  √½ ≤ m < √2,   f = m − 1,   s = f/(2 + f),   log m = 2·artanh s = 2·s + s³·L(s²)

and 2·s = f − s·f, whose first part is exact, so that little is left to round: log x = k·ln 2 + f − s·(f − s²·L(s²)).
What k·ln 2 + f loses when it is rounded is a number as well, and is added to the small parts.
The largest error of L makes 2^−59.5 of log m.
"""

from __future__ import annotations

from pellucid.functions.arithmetic import Arithmetic, Number, polynomial, to_odd
from pellucid.functions.exponential import INFINITY, LN2, LN2_REST, WHOLE

_hex = float.fromhex
ARTANH = (
    _hex("0x1.5555555555592p-1"),
    _hex("0x1.999999997fee9p-2"),
    _hex("0x1.24924941e0c08p-2"),
    _hex("0x1.c71c52164d6e0p-3"),
    _hex("0x1.74663c536fa7ep-3"),
    _hex("0x1.39a1fb9b854eap-3"),
    _hex("0x1.2f02e5cfa3bffp-3"),
)
ROOT_HALF_BITS, WHOLE_BITS = 0x3FE6A09E667F3BCD, 0x4338000000000000  # of √½ and of WHOLE
LEAST = 2.0**-1022  # the least normal number
NAN = float("nan")


def split(x: Number, a: Arithmetic) -> tuple[Number, Number]:
    """k and f, for normal x > 0."""
    k = (a.bits(x) - ROOT_HALF_BITS) >> 52
    m = a.floating(a.bits(x) - (k << 52))
    return a.floating(k + WHOLE_BITS) - WHOLE, m - 1.0


def parts(x: Number, a: Arithmetic) -> tuple[Number, Number]:
    """log x as the sum of two numbers, for normal x > 0."""
    k, f = split(x, a)
    s = f / (2.0 + f)
    z = s * s
    rest = s * a.fma(z, polynomial(z, ARTANH, a), 0.0 - f)
    high = a.fma(k, LN2, f)
    lost = a.fma(k, LN2, 0.0 - high) + f
    return high, lost + a.fma(k, LN2_REST, rest)


def log(x: Number, bits: int, a: Arithmetic) -> Number:
    """log x, to be rounded to so many bits; what is less than the least normal number counts as 0."""
    return _ends(x, _sum(*parts(x, a), bits, a), a)


def log1p(x: Number, bits: int, a: Arithmetic) -> Number:
    """log(1 + x) = log u + (x − (u − 1))/u, where u is 1 + x rounded."""
    u = 1.0 + x
    high, low = parts(u, a)
    y = _sum(high, low + (x - (u - 1.0)) / u, bits, a)
    return a.where(u == 1.0, x, _ends(u, y, a))


def _sum(high: Number, low: Number, bits: int, a: Arithmetic) -> Number:
    """Two numbers as one that is then rounded to so many bits.

    float64 may be the very middle between two float32 numbers where the logarithm only lies next to it. So what is to
    be rounded to float32 is rounded to odd before.
    """
    y = high + low
    return to_odd(y, low - (y - high), a) if bits == 32 else y


def _ends(x: Number, y: Number, a: Arithmetic) -> Number:
    """The logarithm where x is no normal number above 0; NaN stays."""
    below = a.where(x > -LEAST, -INFINITY, NAN)
    return a.where(x >= LEAST, a.where(x < INFINITY, y, x), below)
