"""What curves are written with, carried out on enclosures: see `functions/elementary.py`.

Functions are those of mathematics; where the engine's are 0 or infinite by decision, these are, too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.explain.accounts.enclosed import WIDE, Enclosed, where
from pellucid.functions.elementary import Elementary
from pellucid.functions.exponential import FAR, LEAST
from pellucid.functions.normal import FAR as NORMAL_FAR
from pellucid.functions.normal import quotient

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


class Enclosures(Elementary):
    """For results of so many bits."""

    def __init__(self, width: int) -> None:
        self.width = width

    @property
    def last(self) -> Enclosures:
        """The same functions."""
        return self

    def where(self, condition: Any, x: Any, y: Any) -> Enclosed:
        """x where the condition holds, else y."""
        return where(condition, x, y)

    def fma(self, x: Any, y: Any, z: Any) -> Enclosed:
        """x·y + z."""
        result: Enclosed = Enclosed.of(x) * y + z
        return result

    def size(self, x: Any) -> Enclosed:
        """|x|."""
        return abs(Enclosed.of(x))

    def signed(self, size: Any, sign: Any) -> Enclosed:
        """A number with the sign of another one."""
        return where(Enclosed.of(sign) < 0.0, -self.size(size), self.size(size))

    def root(self, x: Any) -> Enclosed:
        """√x."""
        return Enclosed.of(x).sqrt()

    def exp(self, x: Any) -> Enclosed:
        """eˣ."""
        return Enclosed.of(x).exp()

    def expm1(self, x: Any) -> Enclosed:
        """eˣ − 1."""
        return Enclosed.of(x).expm1()

    def log(self, x: Any) -> Enclosed:
        """The natural logarithm."""
        return Enclosed.of(x).log()

    def log1p(self, x: Any) -> Enclosed:
        """log(1 + x)."""
        return Enclosed.of(x).log1p()

    def sigmoid(self, x: Any) -> Enclosed:
        """σ(x)."""
        return _logistic(Enclosed.of(x), LEAST)

    def sigmoids(self, x: Any) -> tuple[Enclosed, Enclosed]:
        """σ(x) and σ(−x)."""
        number = Enclosed.of(x)
        return _logistic(number, -FAR), _logistic(-number, -FAR)

    def tanh(self, x: Any) -> Enclosed:
        """The hyperbolic tangent."""
        return Enclosed.of(x).tanh()

    def erf(self, x: Any) -> Enclosed:
        """The error function."""
        return Enclosed.of(x).erf()

    def rsqrt(self, x: Any) -> Enclosed:
        """1/√x."""
        return 1.0 / self.root(x)

    def power(self, x: Any, p: Any) -> Enclosed:
        """xᵖ of a number that is known."""
        return Enclosed.of(x).power(Enclosed.of(p))

    def normal(self, x: Any) -> Enclosed:
        """Φ(x)."""
        number = Enclosed.of(x)
        beyond, _ = self._beyond(abs(number))
        return where(number.value > 0, 1.0 - beyond, beyond)

    def normal_slope(self, x: Any) -> Enclosed:
        """Φ(x) + x·Φ′(x)."""
        number = Enclosed.of(x)
        beyond, product = self._beyond(abs(number))
        return where(number.value > 0, 1.0 - (beyond - product), beyond - product)

    def _beyond(self, t: Enclosed) -> tuple[Enclosed, Enclosed]:
        """Φ(−t) and t·Φ′(t) for t ≥ 0, as good as the engine's quotients are (`functions/normal.py`)."""
        far, squared = t.value > NORMAL_FAR, t.value * t.value
        made_of = quotient(self.width)
        share = np.where(t.value > made_of.reach, made_of.beyond, made_of.share) + squared * WIDE(2.0) ** -52
        beyond = Enclosed(_erfc((t.value * math.sqrt(0.5)).astype(np.float64)) / 2)
        density = (-0.5 * t * t).exp() * (1.0 / math.sqrt(2.0 * math.pi))
        beyond, product = where(far, 0.0, beyond), t * where(far, 0.0, density)
        wider = [Enclosed(e.value, e.radius + share * abs(e.value)) for e in (beyond, product)]
        return wider[0], wider[1]


def _logistic(x: Enclosed, least: float) -> Enclosed:
    """σ(x), which is 0 below the least exponent: infinity times it is NaN then."""
    result = x.logistic()
    with np.errstate(all="ignore"):
        cut, maybe = x.value + x.radius < least, x.value - x.radius < least
    return Enclosed(
        np.where(cut, 0, result.value), np.where(cut, 0, result.radius + np.where(maybe, result.value, 0))
    )
