"""Errors of approximation: an `Arithmetic` without rounding, whose numbers are power series in the argument.

D = (what the operations of a function make in exact arithmetic) − (the function) is expanded around the middle of a
cell, in balls of Arb that enclose each coefficient. The first terms are those of the middle, the last one is enclosed
for all expansions around points of the cell, so that (Taylor, with Lagrange's remainder)

    |D| ≤ Σ |dᵢ|·hⁱ + |d_N|·h^N       for all arguments within h of the middle
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from flint import arb, arb_series, ctx

from pellucid.functions.exponential import LOG2_E, WHOLE
from pellucid.functions.logarithm import ROOT_HALF_BITS
from soak.functions.words import Bits

BITS, TERMS = 240, 16
Cell: TypeAlias = tuple[float, float, int]  # from, to, and k


class Series:
    """A power series; what its constant term says of its size decides comparisons and exponents."""

    def __init__(self, series: Any) -> None:
        self.series = series

    @staticmethod
    def of(x: Any) -> Series:
        """A number, or the same one everywhere."""
        return x if isinstance(x, Series) else Series(arb_series([arb(float(x))]))

    @property
    def size(self) -> float:
        """About what the number is."""
        return float(self.series[0].mid())

    def __add__(self, other: Any) -> Series:
        return Series(self.series + Series.of(other).series)

    def __sub__(self, other: Any) -> Series:
        return Series(self.series - Series.of(other).series)

    def __mul__(self, other: Any) -> Series:
        return Series(self.series * Series.of(other).series)

    def __truediv__(self, other: Any) -> Series:
        return Series(self.series / Series.of(other).series)

    def __radd__(self, other: Any) -> Series:
        return self + other

    def __rsub__(self, other: Any) -> Series:
        return Series.of(other) - self

    def __rmul__(self, other: Any) -> Series:
        return self * other

    def __rtruediv__(self, other: Any) -> Series:
        return Series.of(other) / self

    def __eq__(self, other: object) -> bool:
        return self.size == other

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: float) -> bool:
        return self.size < other

    def __le__(self, other: float) -> bool:
        return self.size <= other

    def __gt__(self, other: float) -> bool:
        return self.size > other

    def __ge__(self, other: float) -> bool:
        return self.size >= other

    def scaled(self, k: Any) -> Series:
        """x·2ᵏ."""
        return Series(self.series * arb(2) ** int(k))

    def exponent(self) -> Any:
        """k of √½ ≤ x·2⁻ᵏ < √2."""
        return (np.float64(self.size).view(np.int64) - ROOT_HALF_BITS) >> 52


class PowerSeries:
    """The `Arithmetic`. What is nearest to x/ln 2 is the whole number k."""

    def __init__(self, k: int) -> None:
        self.k = k

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x·y + z."""
        if isinstance(y, float) and (y, z) == (LOG2_E, WHOLE):
            return np.float64(self.k + WHOLE)
        return Series.of(x) * y + z

    def root(self, x: Series) -> Series:
        """√x."""
        return Series(x.series.sqrt())

    def where(self, condition: bool, x: Any, y: Any) -> Any:
        """x where the condition holds, else y."""
        return x if condition else y

    def signed(self, size: Any, sign: Any) -> Series:
        """A number with the sign of another one."""
        x, negative = Series.of(size), np.signbit(Series.of(sign).size)
        return x if np.signbit(x.size) == negative else 0.0 - x

    def bits(self, x: Any) -> Any:
        """Bits: themselves where the number is known."""
        return x.view(np.int64) if isinstance(x, np.float64) else Bits(x)

    def floating(self, bits: Any) -> Any:
        """The number of these bits."""
        return bits.number if isinstance(bits, Bits) else Series.of(bits.view(np.float64))


Function: TypeAlias = Callable[[Any], Any]


def below_1(function: Function, x: float) -> float:
    """1 − F(x), not less."""
    ctx.prec = BITS
    return _above(1 - function(arb_series([arb(x)]))[0])


def share(
    program: Callable[..., Any], function: Function, cell: Cell, root: float | None
) -> tuple[float, float]:
    """A bound of |D| in a cell, relative to the function, and what it is in the middle.

    Around the function's root both are expanded there and divided by the distance from it.
    """
    ctx.prec = BITS
    lo, hi, k = cell
    around_root = root is not None and lo < root < hi
    middle = arb(root) if around_root else (arb(lo) + arb(hi)) / 2
    h = (middle - arb(lo)).max(arb(hi) - middle).upper()
    ctx.cap = TERMS
    difference, value = _expanded(program, function, middle, k)
    ctx.cap = TERMS + 1
    last, everywhere = _expanded(program, function, arb(lo).union(arb(hi)), k)
    first = int(around_root)
    assert not around_root or difference[0] == value[0] == 0
    total = sum((abs(difference[i]) * h ** (i - first) for i in range(first, TERMS)), arb(0))
    total += abs(last[TERMS]) * h ** (TERMS - first)
    least = _slope(value, everywhere, h) if around_root else everywhere[0].abs_lower()
    inside = abs(difference[first]) / abs(value[first])
    return _above(total / least), float(inside.mid())


def _above(x: Any) -> float:
    """A float that is not less."""
    bound = float(x.upper()) * (1 + 2.0**-50)
    return bound if bound >= 0 else math.inf  # what could not be divided


def _expanded(program: Callable[..., Any], function: Function, x: Any, k: int) -> tuple[Any, Any]:
    argument = arb_series([x, 1])
    exact = function(argument)
    return program(Series(argument), PowerSeries(k)).series - exact, exact


def _slope(value: Any, everywhere: Any, h: Any) -> Any:
    """The least |F|/(distance from the root)."""
    rest = sum((abs(value[i]) * h ** (i - 1) for i in range(2, TERMS)), arb(0))
    return (abs(value[1]) - rest - abs(everywhere[TERMS]) * h ** (TERMS - 1)).lower()
