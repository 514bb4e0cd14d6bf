"""Numbers as sums of what they are made of: added up as fractions, and with roundings in the order that is named."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, isnan, prod
from typing import Any

import numpy as np

Place = tuple[str, tuple[int, ...]]  # an array, and an index of it


@dataclass(frozen=True)
class Factor:
    """A number, and which one it is; None for what stands outside of an array, and for a weight."""

    value: Any
    place: Place | None = None


@dataclass(frozen=True)
class Term:
    """Factors to be multiplied and a whole number to divide by; in which part of the sum it is, and in which lane."""

    factors: tuple[Factor, ...]
    divisor: int = 1
    part: int = 0
    lane: int = 0


@dataclass(frozen=True)
class Sum:
    """What a number is made of."""

    kind: str
    terms: tuple[Term, ...]
    start: Factor | None
    dtype: np.dtype[Any]
    divisor: int = 1
    plane: tuple[int, ...] = ()
    parts: int = 1

    @property
    def places(self) -> list[list[Place]]:
        """Of every term, the numbers of arrays that it is a product of."""
        return [[factor.place for factor in term.factors if factor.place] for term in self.terms]

    @property
    def products(self) -> list[Fraction]:
        """Of every term, exactly, the divisor of all included."""
        return [
            prod((Fraction(float(f.value)) for f in term.factors), start=Fraction(1))
            / term.divisor
            / self.divisor
            for term in self.terms
        ]

    @property
    def exact(self) -> Fraction:
        """The sum without rounding, or the term that is chosen."""
        if self.kind in ("largest", "position"):
            return Fraction(float(self.chosen))
        return sum(self.products, start=Fraction(float(self.start.value)) if self.start else Fraction(0))

    @property
    def chosen(self) -> Any:
        """The first of the largest terms, the last NaN before all; or where that lies in its plane."""
        term = self.terms[largest([term.factors[0].value for term in self.terms])]
        if self.kind == "largest":
            return term.factors[0].value
        place = term.factors[0].place
        assert place is not None
        return np.ravel_multi_index(place[1][2:], self.plane)

    @property
    def bound(self) -> Fraction:
        """How far the number may lie from `exact`: roundings of a sum in any order of parts, and what is flushed."""
        if self.kind in ("largest", "position"):
            return Fraction(0)
        info = np.finfo(self.dtype)
        size = sum(
            map(abs, self.products),
            start=abs(Fraction(float(self.start.value))) if self.start else Fraction(0),
        )
        count = len(self.terms) + 2
        if (
            self.kind == "winograd"
        ):  # whose tiles hold larger numbers than one sum; certificates have the true bound
            largest_ = max([abs(p) for p in self.products], default=Fraction(0))
            return 512 * count * Fraction(float(info.eps)) * (largest_ + size / count)
        return count * Fraction(float(info.eps)) * size + count * Fraction(float(info.tiny))

    def replayed(self) -> Any:
        """The number again, operation by operation; None where the reduction does not say which ones."""
        if self.kind == "winograd":
            return None
        if self.kind in ("largest", "position"):
            return self.dtype.type(self.chosen)
        if self.kind == "copy":
            if not self.terms:
                return self.dtype.type(0)
            (term,) = self.terms
            value = Fraction(float(term.factors[0].value))
            return rounded(
                value if self.start is None else value + Fraction(float(self.start.value)), self.dtype
            )
        if self.kind == "float64":
            lanes = np.zeros((self.parts, 16))
            for term in self.terms:
                lanes[term.part, term.lane] += np.float64(term.factors[0].value) / term.divisor
            while lanes.shape[1] > 1:
                half = lanes.shape[1] // 2
                lanes = lanes[:, :half] + lanes[:, half:]
            while len(lanes) > 1:
                lanes = lanes[::2] + lanes[1::2]
            total = lanes[0, 0] / self.divisor
            return self.dtype.type(total if self.start is None else total + np.float64(self.start.value))
        start = self.dtype.type(0) if self.start is None else self.start.value
        sums = [start] + [self.dtype.type(0)] * (self.parts - 1)
        for term, product in zip(self.terms, self.products, strict=True):  # fl(s + a·b), one rounding
            sums[term.part] = rounded(Fraction(float(sums[term.part])) + product, self.dtype)
        while len(sums) > 1:  # neighbours, again and again
            sums = [
                rounded(Fraction(float(left)) + Fraction(float(right)), self.dtype)
                for left, right in zip(sums[::2], sums[1::2], strict=True)
            ]
        return sums[0]


def largest(values: list[Any]) -> int:
    """Which is the first of the largest, or else the last NaN; numbers below the least normal one count as 0."""
    nan = [at for at, value in enumerate(values) if isnan(value)]
    if nan:
        return nan[-1]
    tiny = float(np.finfo(values[0].dtype).tiny)
    compared = [0.0 if abs(float(value)) < tiny else float(value) for value in values]
    return compared.index(max(compared))


def rounded(number: Fraction, dtype: np.dtype[Any]) -> Any:
    """The nearest number of a type, of two the even one; below the least normal one 0."""
    info = np.finfo(dtype)
    if number == 0:
        return dtype.type(0)
    size = abs(number)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    exponent = max(exponent, int(info.minexp))
    unit = Fraction(2) ** (exponent - int(info.nmant))
    found = round(size / unit) * unit  # Python's rounding goes to the even one
    value = dtype.type(float(found))
    assert isfinite(value)
    return dtype.type(0) if found < Fraction(float(info.tiny)) else value if number > 0 else -value
