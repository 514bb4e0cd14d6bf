"""Numbers of two parts: an `Arithmetic` with 2^−100, over another one that computes the parts.

Each operation errs by less than 2^−100 of its result. (Joldes, Muller and Popescu, Tight and rigorous error bounds for
basic building blocks of double-word arithmetic, 2017: at most 15·2^−106 for each of those used here.)
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import Any

from pellucid.functions.exponential import LOG2_E, WHOLE
from pellucid.functions.logarithm import split


class Twofold:
    """high + low, where high is the sum rounded."""

    def __init__(self, a: Any, high: Any, low: Any = 0.0) -> None:
        self.a, self.high, self.low = a, high, low

    def of(self, x: Any) -> Twofold:
        """A number of two parts."""
        return x if isinstance(x, Twofold) else Twofold(self.a, x)

    def __add__(self, other: Any) -> Twofold:
        y = self.of(other)
        (high, lost), (low, rest) = _added(self.high, y.high), _added(self.low, y.low)
        high, lost = _added(high, lost + low)
        return Twofold(self.a, *_added(high, lost + rest))

    def __sub__(self, other: Any) -> Twofold:
        return self + -self.of(other)

    def __neg__(self) -> Twofold:
        return Twofold(self.a, -1.0 * self.high, -1.0 * self.low)

    def __mul__(self, other: Any) -> Twofold:
        y = self.of(other)
        product = self.high * y.high
        lost = self.a.fma(self.high, y.high, -1.0 * product)
        rest = self.a.fma(self.high, y.low, self.low * y.high)
        return Twofold(self.a, *_added(product, lost + rest))

    def __truediv__(self, other: Any) -> Twofold:
        y = self.of(other)
        first = self.high / y.high
        rest = self - y * first
        second = rest.high / y.high
        third = (rest - y * second).high / y.high
        return Twofold(self.a, *_added(first, second)) + third

    def __radd__(self, other: Any) -> Twofold:
        return self + other

    def __rsub__(self, other: Any) -> Twofold:
        return self.of(other) - self

    def __rmul__(self, other: Any) -> Twofold:
        return self * other

    def __rtruediv__(self, other: Any) -> Twofold:
        return self.of(other) / self

    def __lt__(self, other: Any) -> Any:
        return self.high < other

    def __le__(self, other: Any) -> Any:
        return self.high <= other

    def __gt__(self, other: Any) -> Any:
        return self.high > other

    def __ge__(self, other: Any) -> Any:
        return self.high >= other

    def __eq__(self, other: object) -> Any:
        return (self.high - other) + self.low == 0.0

    __hash__ = None  # type: ignore[assignment]  # equality is a condition of each number

    def scaled(self, k: Any) -> Twofold:
        """x·2ᵏ, k in the place of the exponent's bits."""
        part = self.a.floating(self.a.bits(1.0) + k)
        high = self.a.floating(self.a.bits(self.high) + k)
        return Twofold(self.a, high, self.low * part)


class Bits:
    """The bits of a number of two parts."""

    def __init__(self, number: Twofold) -> None:
        self.number = number

    def __add__(self, k: Any) -> Bits:
        return Bits(self.number.scaled(k))

    def __sub__(self, k: Any) -> Any:
        number = self.number
        return number.a.bits(number.high) - k if isinstance(k, int) else Bits(number.scaled(k - k - k))


class TwofoldNumbers:
    """The `Arithmetic`."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def number(self, x: Any) -> Twofold:
        """A number of two parts."""
        return x if isinstance(x, Twofold) else Twofold(self.a, x)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x·y + z; a whole number is found as the functions themselves find it."""
        if isinstance(y, float) and (y, z) == (LOG2_E, WHOLE):
            return self.a.fma(self.number(x).high, y, z)
        return self.number(x) * y + z

    def root(self, x: Twofold) -> Twofold:
        """√x, by one step of Newton's."""
        root = self.number(self.a.root(x.high))
        return root + (x - root * root) / (2.0 * root)

    def where(self, condition: Any, x: Any, y: Any) -> Twofold:
        """x where the condition holds, else y."""
        x, y = self.number(x), self.number(y)
        return Twofold(
            self.a, *(self.a.where(condition, *parts) for parts in ((x.high, y.high), (x.low, y.low)))
        )

    def signed(self, size: Any, sign: Any) -> Twofold:
        """A number with the sign of another one."""
        x = self.number(size)
        turn = self.a.signed(1.0, x.high) * self.a.signed(1.0, self.number(sign).high)
        return Twofold(self.a, x.high * turn, x.low * turn)

    def bits(self, x: Any) -> Any:
        """The bits."""
        return Bits(x) if isinstance(x, Twofold) else self.a.bits(x)

    def floating(self, bits: Any) -> Twofold:
        """The number of these bits."""
        return bits.number if isinstance(bits, Bits) else self.number(self.a.floating(bits))


def power_twin(x: Twofold, p: Twofold, a: TwofoldNumbers) -> Twofold:
    """xᵖ for x > 0 whose results are normal: log x = k·ln 2 + 2·artanh s, and eʳ, each by its series."""
    k, f = split(x, a)
    s = f / (2.0 + f)
    z = s * s
    product = p * (k * _ln2(a.a) + s * _horner(z, [Fraction(2, 2 * i + 1) for i in range(17)], a.a))
    shifted = a.fma(product, LOG2_E, WHOLE)
    r = product - _ln2(a.a) * (shifted - WHOLE)
    y = _horner(r, [Fraction(1, factorial(i)) for i in range(22)], a.a)
    return y.scaled(a.a.bits(shifted) << 52)


def _horner(x: Twofold, coefficients: list[Fraction], a: Any) -> Twofold:
    """A polynomial."""
    result = _number(coefficients[-1], a)
    for coefficient in coefficients[-2::-1]:
        result = result * x + _number(coefficient, a)
    return result


def _number(x: Fraction, a: Any) -> Twofold:
    high = float(x)
    return Twofold(a, high, float(x - Fraction(high)))


def _ln2(a: Any) -> Twofold:
    return Twofold(a, float.fromhex("0x1.62e42fefa39efp-1"), float.fromhex("0x1.abc9e3b39803fp-56"))


def _added(x: Any, y: Any) -> tuple[Any, Any]:
    """x + y rounded, and what is lost in that. (Knuth.)"""
    total = x + y
    other = total - x
    return total, (x - (total - other)) + (y - other)
