"""The natural logarithm.

    x = 2ᵏ·m,  √½ ≤ m < √2,   f = m − 1,   s = f/(2 + f),   log m = 2·artanh s = 2·s + s³·L(s²)

and 2·s = f − s·f, whose first part is exact, so that little is left to round: log x = k·ln 2 + f − s·(f − s²·L(s²)).
The largest error of L makes 2^−59.5 of log m.
"""

from __future__ import annotations

from pellucid.functions.arithmetic import Arithmetic, Number, polynomial
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


def log(x: Number, a: Arithmetic) -> Number:
    """log x; what is less than the least normal number counts as 0."""
    k, f = split(x, a)
    s = f / (2.0 + f)
    z = s * s
    rest = s * a.fma(z, polynomial(z, ARTANH, a), 0.0 - f)
    y = a.fma(k, LN2, f) + a.fma(k, LN2_REST, rest)
    below = a.where(x > -LEAST, -INFINITY, NAN)
    return a.where(x >= LEAST, a.where(x < INFINITY, y, x), below)


def log1p(x: Number, a: Arithmetic) -> Number:
    """log(1 + x) = log u + (x − (u − 1))/u, where u is 1 + x rounded."""
    u = 1.0 + x
    y = log(u, a)
    inside = a.signed(y + (x - (u - 1.0)) / u, x)
    return a.where(u > 0.0, a.where(u < INFINITY, inside, u), y)
