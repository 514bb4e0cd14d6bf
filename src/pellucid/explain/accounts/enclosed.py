"""Numbers with a proven distance: what an engine that rounds can have computed where a formula is exact.

An enclosure is a number v, computed here in the widest float of the machine, and a radius r: what the engine computed
lies within r of v, and so does the exact value of the formula, of operands that are taken as they are. Every operation
carries the radii of its operands on and adds one rounding of the engine's float64 and one of ours:

    x ± y:  r = rx + ry + U·|v|                    x·y:  r = |x|·ry + |y|·rx + rx·ry + U·|v|
    x / y:  r = (rx + |v|·ry)/(|y| − ry) + U·|v|   f(x): r = (how far f can move within rx) + n·U·|v|

with U = 2⁻⁵² for a rounding of each kind. n·U is more than the bound of the engine's function, which is proved
(docs/internals/functions.md), and that of ours here: library functions are taken to err by less than two units of the
last place.

Where the engine rounds to float32, the explanation says `rounded(float32)`: r grows by half a unit of the last place
of |v| + r, and by the least normal number where the result can be smaller, since that counts as zero. (Running error
analysis: Higham, Accuracy and Stability of Numerical Algorithms, section 3.3.)
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
WIDE = np.longdouble  # 64 bits of mantissa where the processor has them
_U = WIDE(2.0**-52)
_LEAST = WIDE(np.finfo(np.float64).tiny)
_MOST = WIDE(np.finfo(np.float64).max)
_erf = np.vectorize(math.erf, otypes=[np.float64])


class Enclosed:
    """Numbers (an array of any shape) and how far each can lie from what the engine has."""

    __array_ufunc__ = None  # so that NumPy's arrays leave the arithmetic to this class

    def __init__(self, value: Any, radius: Any = 0.0) -> None:
        self.value = np.asarray(value, WIDE)
        self.radius = np.broadcast_to(np.asarray(radius, WIDE), self.value.shape)

    @staticmethod
    def of(x: Any) -> Enclosed:
        """Recorded numbers: they are what they are, but denormal ones may count as zero."""
        if isinstance(x, Enclosed):
            return x
        size = abs(np.asarray(x))
        return Enclosed(x, np.where(size < _least(size.dtype), size, 0))

    def __add__(self, other: Any) -> Enclosed:
        y = Enclosed.of(other)
        return _operation(self.value + y.value, self.radius + y.radius)

    def __sub__(self, other: Any) -> Enclosed:
        y = Enclosed.of(other)
        return _operation(self.value - y.value, self.radius + y.radius)

    def __mul__(self, other: Any) -> Enclosed:
        y = Enclosed.of(other)
        radius = abs(self.value) * y.radius + abs(y.value) * self.radius + self.radius * y.radius
        return _operation(self.value * y.value, radius)

    def __truediv__(self, other: Any) -> Enclosed:
        y = Enclosed.of(other)
        with np.errstate(all="ignore"):
            value = self.value / y.value
            room = abs(y.value) - y.radius
            radius = np.where(room > 0, (self.radius + abs(value) * y.radius) / room, np.inf)
        return _operation(value, radius)

    def __radd__(self, other: Any) -> Enclosed:
        return Enclosed.of(other) + self

    def __rsub__(self, other: Any) -> Enclosed:
        return Enclosed.of(other) - self

    def __rmul__(self, other: Any) -> Enclosed:
        return Enclosed.of(other) * self

    def __rtruediv__(self, other: Any) -> Enclosed:
        return Enclosed.of(other) / self

    def __lt__(self, other: Any) -> Condition:
        y = Enclosed.of(other)
        return _compared(self, y, self.value < y.value)

    def __le__(self, other: Any) -> Condition:
        y = Enclosed.of(other)
        return _compared(self, y, self.value <= y.value)

    def __gt__(self, other: Any) -> Condition:
        return Enclosed.of(other) < self

    def __ge__(self, other: Any) -> Condition:
        return Enclosed.of(other) <= self

    def __eq__(self, other: object) -> Any:
        y = Enclosed.of(other)
        return _compared(self, y, self.value == y.value)

    __hash__ = None  # type: ignore[assignment]  # equality is a condition of each number

    def __neg__(self) -> Enclosed:
        return Enclosed(0 - self.value, self.radius)  # no zero gets a sign

    def __abs__(self) -> Enclosed:
        return Enclosed(abs(self.value), self.radius)

    def __getitem__(self, at: Any) -> Enclosed:
        return Enclosed(self.value[at], self.radius[at])

    def sqrt(self) -> Enclosed:
        """√x."""
        with np.errstate(all="ignore"):
            value = np.sqrt(self.value)
            moved = np.where(value > 0, self.radius / value, np.sqrt(self.radius))
        return _operation(value, np.fmin(moved, np.sqrt(self.radius)))

    def power(self, exponent: float | Enclosed) -> Enclosed:
        """x to a power, whose size grows or falls with that of x."""
        p = Enclosed.of(exponent)
        with np.errstate(all="ignore"):
            value = np.power(self.value, p.value)
            ends = (abs(self.value) + self.radius, np.maximum(abs(self.value) - self.radius, 0))
            moved = [abs(np.power(end, p.value) - abs(value)) for end in ends]
            by_base = np.where(self.radius > 0, np.maximum(*moved), 0)
            by_exponent = abs(value) * np.expm1(abs(np.log(abs(self.value))) * p.radius)
            # the error of the engine's logarithm counts as often as the power's logarithm says
            often = np.where(abs(value) > 0, abs(np.log(abs(value))), 0)
            return _operation(
                value, by_base + np.where(p.radius > 0, by_exponent, 0), roundings=4 + often / 24
            )

    def exp(self) -> Enclosed:
        """eˣ."""
        with np.errstate(all="ignore"):
            value = np.exp(self.value)
            moved = np.exp(self.value + self.radius) * -np.expm1(-self.radius)
            return _operation(value, moved, roundings=5)

    def expm1(self) -> Enclosed:
        """eˣ − 1."""
        with np.errstate(all="ignore"):
            value = np.expm1(self.value)
            moved = np.exp(self.value + self.radius) * -np.expm1(-self.radius)
            return _operation(value, moved, roundings=6)

    def log1p(self) -> Enclosed:
        """log(1 + x)."""
        with np.errstate(all="ignore"):
            value = np.log1p(self.value)
            return _operation(value, -np.log1p(-self.radius / (1 + self.value)), roundings=4)

    def log(self) -> Enclosed:
        """The natural logarithm."""
        with np.errstate(all="ignore"):
            value = np.log(self.value)
            return _operation(value, -np.log1p(-self.radius / self.value), roundings=4)

    def tanh(self) -> Enclosed:
        """The hyperbolic tangent, whose slope is at most 1."""
        return _operation(np.tanh(self.value), self.radius, roundings=8)

    def erf(self) -> Enclosed:
        """The error function, whose slope is at most 2/√π. Python computes it in float64."""
        return _operation(_erf(self.value.astype(np.float64)), self.radius * WIDE(1.13), roundings=8)

    def logistic(self) -> Enclosed:
        """1/(1 + e⁻ˣ), which grows less than eˣ, relative to its size."""
        with np.errstate(all="ignore"):
            value, above = (1 / (1 + np.exp(-x)) for x in (self.value, self.value + self.radius))
            return _operation(value, above * -np.expm1(-self.radius), roundings=8)

    def sum(self, axis: int = -1, additions: int | None = None) -> Enclosed:
        """The sum along an axis, in an order where no number meets more additions; None for any order."""
        count = self.value.shape[axis]
        depth = count if additions is None else additions
        with np.errstate(invalid="ignore"):
            radius = self.radius.sum(axis=axis)
            size = abs(self.value).sum(axis=axis) + radius
            return Enclosed(self.value.sum(axis=axis), radius + depth * _U * size + count * _LEAST)

    def rounded(self, dtype: Any) -> Enclosed:
        """When the engine rounds to a type: half a unit of the last place, or all of what is denormal there."""
        info = np.finfo(dtype)
        with np.errstate(all="ignore"):
            largest = np.minimum(abs(self.value) + self.radius, WIDE(info.max))
            half = np.spacing(largest.astype(dtype)).astype(WIDE) / 2
            flushed = np.where(abs(self.value) - self.radius < WIDE(info.tiny), WIDE(info.tiny), 0)
        return Enclosed(self.value, self.radius + half + flushed)


def _operation(value: Array, radius: Array, roundings: Any = 1) -> Enclosed:
    """The result of an operation: one rounding more, in the range of float64. What is infinite has no distance."""
    with np.errstate(invalid="ignore"):
        size = abs(value)
        radius = np.where(size > _MOST, 0, radius + roundings * _U * (size + radius) + _LEAST)
        value = np.where(
            size > _MOST,
            np.copysign(WIDE(np.inf), value),
            np.where(size < _LEAST, np.copysign(WIDE(0), value), value),
        )
        return Enclosed(value, radius)


def _least(dtype: np.dtype[Any]) -> float:
    """The least normal number of a float type; of whole numbers none is denormal."""
    return float(np.finfo(dtype).tiny) if dtype.kind == "f" else 0.0


class Condition(NamedTuple):
    """Whether a relation holds of numbers, and where the engine may have found otherwise."""

    holds: Array
    doubtful: Array

    def __and__(self, other: Condition) -> Condition:
        return Condition(self.holds & other.holds, self.doubtful | other.doubtful)

    def __or__(self, other: Condition) -> Condition:
        return Condition(self.holds | other.holds, self.doubtful | other.doubtful)


def _compared(x: Enclosed, y: Enclosed, holds: Array) -> Condition:
    """A relation of numbers whose enclosures may overlap."""
    radius = x.radius + y.radius
    with np.errstate(invalid="ignore"):
        return Condition(holds, (radius > 0) & (abs(x.value - y.value) <= radius))


def where(condition: Array | Condition, x: Any, y: Any) -> Enclosed:
    """x where the condition holds, else y; where that is in doubt, it may be either."""
    a, b = Enclosed.of(x), Enclosed.of(y)
    holds, doubtful = condition if isinstance(condition, Condition) else (condition, np.False_)
    value, radius = np.where(holds, a.value, b.value), np.where(holds, a.radius, b.radius)
    if np.any(doubtful):
        with np.errstate(invalid="ignore"):
            other = abs(a.value - b.value) + np.maximum(a.radius, b.radius)
        radius = np.where(doubtful, other, radius)
    return Enclosed(value, radius)


def normal(values: Array) -> Array:
    """Numbers as the engine reads them: zeros with their signs in the place of denormal ones.

    Example:
        >>> normal(np.array([1.0, -1e-40], np.float32))
        array([ 1., -0.], dtype=float32)
    """
    return np.where(abs(values) < _least(values.dtype), np.copysign(values.dtype.type(0), values), values)
