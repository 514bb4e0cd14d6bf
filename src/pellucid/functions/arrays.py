"""The functions on NumPy's arrays of float64: for definitions and replays."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.functions import exponential, logarithm, normal, power
from pellucid.functions.arithmetic import Number, Whole
from pellucid.functions.elementary import Elementary

Array = NDArray[np.float64]
_AT_A_TIME = 1 << 12
_HALVES = 2.0**27 + 1  # splits a number into two of half the length


class Arrays:
    """An `Arithmetic` on arrays."""

    def fma(self, x: Number, y: Number, z: Number) -> Number:
        """x·y + z, rounded once: with the errors of product and sums, which are numbers as well.

        The sum of the two errors is rounded to odd, so that the last rounding is that of the exact result.
        Source: Boldo and Melquiond, Emulation of FMA and correctly rounded sums, 2008.
        """
        product, lost = _multiplied(x, y)
        high, low = _added(z, lost)
        total, rest = _added(product, high)
        once = total + _to_odd(rest, low)
        plain = x * y + z
        return np.where(np.isfinite(once), once, plain)

    def root(self, x: Number) -> Number:
        """√x, rounded once."""
        return np.sqrt(x)

    def where(self, condition: Any, x: Number, y: Number) -> Number:
        """x where the condition holds, else y."""
        return np.where(condition, x, y)

    def signed(self, size: Number, sign: Number) -> Number:
        """A number with the sign of another one."""
        return np.copysign(size, sign)

    def bits(self, x: Number) -> Whole:
        """The 64 bits of a float64 number."""
        return np.asarray(x, np.float64).view(np.int64)

    def floating(self, bits: Whole) -> Number:
        """The float64 number of these bits."""
        return np.asarray(bits, np.int64).view(np.float64)


def _added(x: Number, y: Number) -> tuple[Number, Number]:
    """x + y rounded, and what is lost in that. (Knuth.)"""
    total = x + y
    other = total - x
    return total, (x - (total - other)) + (y - other)


def _multiplied(x: Number, y: Number) -> tuple[Number, Number]:
    """x·y rounded, and what is lost in that. (Dekker, Veltkamp.)"""
    product = x * y
    (a, b), (c, d) = _halves(x), _halves(y)
    return product, ((a * c - product) + a * d + b * c) + b * d


def _halves(x: Number) -> tuple[Number, Number]:
    scaled = _HALVES * x
    high = scaled - (scaled - x)
    return high, x - high


def _to_odd(x: Number, y: Number) -> Number:
    """x + y; where that is no number, the one of its two neighbours whose last bit is 1."""
    total, lost = _added(x, y)
    bits = np.asarray(total, np.float64).view(np.int64)
    away = np.where((lost > 0) == (total > 0), 1, -1)
    return np.where((lost != 0) & (bits & 1 == 0), bits + away, bits).view(np.float64)


def elementwise(function: Callable[..., Number], *operands: Any) -> Array:
    """A function of numbers on arrays of one shape, some at a time: what is made meanwhile stays in the cache."""
    numbers = [np.asarray(x, np.float64) for x in operands]
    flat, result = [x.reshape(-1) for x in numbers], np.empty(numbers[0].size)
    with np.errstate(all="ignore"):  # infinities give what IEEE arithmetic gives
        for start in range(0, result.size, _AT_A_TIME):
            some = slice(start, start + _AT_A_TIME)
            result[some] = function(*(x[some] for x in flat))
    return result.reshape(numbers[0].shape)


def _on_arrays(function: Callable[..., Number]) -> Callable[..., Array]:
    @wraps(function)
    def on_arrays(x: Any, *settings: float) -> Array:
        return elementwise(lambda some: function(some, *settings, a=_ARRAYS), x)

    return on_arrays


def elementary(width: int) -> Elementary:
    """What curves are made of, for results of so many bits."""
    return Elementary(_ARRAYS, width)


_ARRAYS = Arrays()
exp = _on_arrays(exponential.exp)
expm1 = _on_arrays(exponential.expm1)
sigmoid = _on_arrays(exponential.sigmoid)
tanh = _on_arrays(exponential.tanh)
log = _on_arrays(logarithm.log)
log1p = _on_arrays(logarithm.log1p)
erf = _on_arrays(normal.erf)
rsqrt = _on_arrays(power.rsqrt)
raised = _on_arrays(power.raised)
