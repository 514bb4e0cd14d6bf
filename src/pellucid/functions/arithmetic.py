"""What the functions of this package are made of: operations that every processor does alike.

A function is written once, as a fixed sequence of the operators + − × ÷, of comparisons and of what an `Arithmetic`
has. It is carried out on NumPy's arrays for definitions and replays (`arrays.py`), and written as vector code by the
kernels (`kernels/simd/numbers.py`). Every operation is rounded once, to nearest.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

Number: TypeAlias = Any  # float64 numbers with the operators + − × ÷ and comparisons
Whole: TypeAlias = Any  # int64 numbers with the operators + − << >>, which drop what does not fit


class Arithmetic(Protocol):
    """What functions do with numbers beside the operators. Python's floats are numbers, too."""

    def fma(self, x: Number, y: Number, z: Number) -> Number:
        """x·y + z, rounded once."""

    def root(self, x: Number) -> Number:
        """√x, rounded once."""

    def where(self, condition: Any, x: Number, y: Number) -> Number:
        """x where the condition holds, else y."""

    def signed(self, size: Number, sign: Number) -> Number:
        """A number with the sign of another one."""

    def bits(self, x: Number) -> Whole:
        """The 64 bits of a float64 number."""

    def floating(self, bits: Whole) -> Number:
        """The float64 number of these bits."""


def polynomial(x: Number, coefficients: tuple[float, ...], a: Arithmetic) -> Number:
    """c₀ + c₁·x + c₂·x² + …, by Horner's rule."""
    *others, last = coefficients
    result: Number = last
    for coefficient in reversed(others):
        result = a.fma(x, result, coefficient)
    return result


def size(x: Number, a: Arithmetic) -> Number:
    """|x|."""
    return a.signed(x, 1.0)


def at_most(x: Number, limit: float, a: Arithmetic) -> Number:
    """The lesser of two numbers; NaN stays."""
    return a.where(limit < x, limit, x)


def at_least(x: Number, limit: float, a: Arithmetic) -> Number:
    """The larger of two numbers; NaN stays."""
    return a.where(limit > x, limit, x)


def to_odd(x: Number, lost: Number, a: Arithmetic) -> Number:
    """x + lost, where x is that rounded: the one of the two numbers next to it whose last bit is 1.

    Rounded further, to a shorter type, that gives what x + lost itself gives.
    """
    below = a.bits(x) + (a.bits(x * lost) >> 63)  # towards 0 where the signs differ
    return a.floating(((below >> 1) << 1) + 1)
