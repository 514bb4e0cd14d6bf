"""Powers: x to any p, and 1/√x.

    xᵖ = e^(p·log x)

with log x as the sum of two numbers, since its error is multiplied with p·log x: 2·s = 2·f/(2 + f) with what is lost in
its rounding, the rest of the series of `logarithm.py`, and k·ln 2 in two parts. Some powers
are products, quotients and roots (`PLAIN`), rounded at each step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pellucid.functions.arithmetic import Arithmetic, Number, polynomial, size
from pellucid.functions.exponential import INFINITY, LEAST, LN2, LN2_REST, MOST, WHOLE, fraction, scaled
from pellucid.functions.logarithm import ARTANH, NAN, split
from pellucid.functions.logarithm import LEAST as TINY


def rsqrt(x: Number, a: Arithmetic) -> Number:
    """1/√x."""
    return 1.0 / a.root(x)


PLAIN: Mapping[float, Callable[[Number, Arithmetic], Number]] = {
    -2.0: lambda x, _: 1.0 / (x * x),
    -1.0: lambda x, _: 1.0 / x,
    -0.5: rsqrt,
    0.0: lambda x, a: a.where(x == x, 1.0, 1.0),
    0.5: lambda x, a: a.root(x),
    1.0: lambda x, _: x,
    2.0: lambda x, _: x * x,
    3.0: lambda x, _: x * x * x,
}


def whole(x: float, n: int) -> float:
    """xⁿ for n ≥ 0, by squaring.

    Example:
        >>> whole(0.5, 10)
        0.0009765625
    """
    result = 1.0
    while n:
        result, x, n = result * x if n & 1 else result, x * x, n >> 1
    return result


def raised(x: Number, p: float, a: Arithmetic) -> Number:
    """x to a power that is known beforehand."""
    return PLAIN[p](x, a) if p in PLAIN else power(x, p, a)


def added(x: Number, y: Number) -> tuple[Number, Number]:
    """x + y rounded, and what is lost in that, for |x| ≥ |y|."""
    total = x + y
    return total, y - (total - x)


def two_logs(x: Number, a: Arithmetic) -> tuple[Number, Number]:
    """log x as the sum of two numbers, for normal x > 0."""
    k, f = split(x, a)
    below = 2.0 + f
    s = f / below
    lost = a.fma(0.0 - s, f - (below - 2.0), a.fma(0.0 - s, below, f)) / below
    z = s * s
    rest = a.fma(s * z, polynomial(z, ARTANH, a), a.fma(k, LN2_REST, lost + lost))
    high, low = added(k * LN2, s + s)
    return added(high, low + rest)


def power(x: Number, p: Number, a: Arithmetic) -> Number:
    """x to the power p, as C's pow: of x < 0 for whole p alone."""
    high, low = two_logs(size(x, a), a)
    product = p * high
    rest = a.fma(p, low, a.fma(p, high, 0.0 - product))
    e = fraction(product, a)
    y = e.over / e.under
    y = scaled(a.fma(y, rest, y), e.k, a)
    y = a.where(product > MOST, INFINITY, a.where(product < LEAST, 0.0, y))
    return _ends(x, p, y, a)


def _ends(x: Number, p: Number, y: Number, a: Arithmetic) -> Number:
    """The power where x is 0, infinite or has a sign, or p is 0."""
    t, rest = size(x, a), _beyond_fours(p, a)
    rounded = rest + WHOLE
    odd = a.floating(a.bits(rounded) << 63)  # −0 where p is odd
    y = a.where(t == 1.0, 1.0, y)
    y = a.where(t < TINY, a.where(p > 0.0, 0.0, INFINITY), y)
    y = a.where(t == INFINITY, a.where(p > 0.0, INFINITY, 0.0), y)
    numberless = a.where(t < TINY, y, a.where(t == INFINITY, y, NAN))
    negative = a.where(rounded - WHOLE == rest, a.signed(y, odd), numberless)
    y = a.where(a.signed(1.0, x) < 0.0, negative, y)
    return a.where(p == 0.0, 1.0, a.where(x == x, y, NAN))


def _beyond_fours(p: Number, a: Arithmetic) -> Number:
    """What is left of p beside a multiple of 4, from −2 to 2: it is whole and odd where p is."""
    fours = (p * 0.25 + WHOLE) - WHOLE
    return a.where(size(p, a) < 2.0**53, p - 4.0 * fours, 0.0)  # all numbers beyond are even
