"""What curves are written with: comparisons, roots and the functions of this package, for results of one type.

A curve is one text that is carried out in three ways: on NumPy's arrays, in registers, and, by explanations, on
enclosures (`explain/accounts/enclosures.py`).
"""

from __future__ import annotations

from typing import Any

from pellucid.functions import exponential, logarithm, normal, power
from pellucid.functions.arithmetic import Arithmetic, Number
from pellucid.functions.arithmetic import size as absolute


class Elementary:
    """The functions, carried out by an arithmetic.

    Attributes:
        arithmetic: what carries them out.
        width: bits of the type that results are rounded to.
    """

    def __init__(self, arithmetic: Arithmetic, width: int) -> None:
        self.arithmetic, self.width, self._bits = arithmetic, width, 64

    @property
    def last(self) -> Elementary:
        """The functions where they are the last operation: they see to it that their results are rounded rightly."""
        found = Elementary(self.arithmetic, self.width)
        found._bits = self.width
        return found

    def where(self, condition: Any, x: Number, y: Number) -> Number:
        """x where the condition holds, else y."""
        return self.arithmetic.where(condition, x, y)

    def fma(self, x: Number, y: Number, z: Number) -> Number:
        """x·y + z, rounded once."""
        return self.arithmetic.fma(x, y, z)

    def size(self, x: Number) -> Number:
        """|x|."""
        return absolute(x, self.arithmetic)

    def between(self, x: Number, low: float, high: float) -> Number:
        """x, or the limit that it is beyond; NaN stays."""
        above = self.where(low > x, low, x)
        return self.where(high < above, high, above)

    def signed(self, size: Number, sign: Number) -> Number:
        """A number with the sign of another one."""
        return self.arithmetic.signed(size, sign)

    def root(self, x: Number) -> Number:
        """√x."""
        return self.arithmetic.root(x)

    def exp(self, x: Number) -> Number:
        """eˣ."""
        return exponential.exp(x, self.arithmetic)

    def expm1(self, x: Number) -> Number:
        """eˣ − 1."""
        return exponential.expm1(x, self.arithmetic)

    def log(self, x: Number) -> Number:
        """The natural logarithm."""
        return logarithm.log(x, self._bits, self.arithmetic)

    def log1p(self, x: Number) -> Number:
        """log(1 + x)."""
        return logarithm.log1p(x, self._bits, self.arithmetic)

    def sigmoid(self, x: Number) -> Number:
        """σ(x)."""
        return exponential.sigmoid(x, self._bits, self.arithmetic)

    def sigmoids(self, x: Number) -> tuple[Number, Number]:
        """σ(x) and σ(−x)."""
        return exponential.both_sigmoids(x, self.arithmetic)

    def tanh(self, x: Number) -> Number:
        """The hyperbolic tangent."""
        return exponential.tanh(x, self.arithmetic)

    def normal(self, x: Number) -> Number:
        """Φ(x), as good as a result of this type needs."""
        return normal.probability(x, normal.quotient(self.width), self.arithmetic)

    def normal_slope(self, x: Number) -> Number:
        """Φ(x) + x·Φ′(x), as good as that."""
        return normal.gelu_slope(x, normal.quotient(self.width), self.arithmetic)

    def erf(self, x: Number) -> Number:
        """The error function."""
        return normal.erf(x, self.arithmetic)

    def rsqrt(self, x: Number) -> Number:
        """1/√x."""
        return power.rsqrt(x, self.arithmetic)

    def power(self, x: Number, p: Number) -> Number:
        """xᵖ, as C's pow."""
        return power.power(x, p, self.arithmetic)
