"""Polynomials and quotients of them with the least largest error, by Remez' exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath

BITS = 300
_ROUNDS, _STEPS = 40, 12
Number = Any  # of mpmath's
Function = Callable[[Number], Number]


@dataclass(frozen=True)
class Problem:
    """Find P/Q with Q(0) = 1, so that weight·(function − P/Q) is small for all points.

    Attributes:
        function: what is approximated.
        weight: how much an error counts.
        degrees: of P and Q.
        points: a fine grid.
        start: the points to begin with, one more than there are coefficients.
        close: how near the largest error must come to what no other quotient is below.
    """

    function: Function
    weight: Function
    degrees: tuple[int, int]
    points: list[Number]
    start: list[Number]
    close: float

    def solved(self) -> tuple[list[Number], list[Number], Number]:
        """The coefficients of P and of Q, and the largest error."""
        count = sum(self.degrees) + 2
        values, weights = ([f(x) for x in self.points] for f in (self.function, self.weight))
        chosen = [(x, self.function(x), self.weight(x)) for x in self.start]
        level, best = mpmath.mpf(0), None
        for _ in range(_ROUNDS):
            p, q, level = self._levelled(chosen, level)
            errors = [
                w * (f - _at(p, x) / _at(q, x)) for x, f, w in zip(self.points, values, weights, strict=True)
            ]
            largest = max(map(abs, errors))
            if best is None or largest < best[2]:
                best = p, q, largest
            peaks = _peaks(errors)
            if largest < self.close * abs(level) or len(peaks) < count:
                break
            while len(peaks) > count:
                peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
            chosen = [(self.points[i], values[i], weights[i]) for i in peaks]
        assert best is not None
        return best

    def _levelled(
        self, points: list[tuple[Number, Number, Number]], level: Number
    ) -> tuple[Any, Any, Number]:
        """P and Q whose error has the same size at all of some points, and other signs at neighbours.

        That is linear but for the product of the error's size and Q; it is repeated with the last size in it.
        """
        (n, m), count = self.degrees, len(points)
        for _ in range(_STEPS if m else 1):
            left, right = mpmath.matrix(count, count), mpmath.matrix(count, 1)
            for i, (x, f, w) in enumerate(points):
                side = (-1) ** i / w
                row = [x**j for j in range(n + 1)] + [-(f - side * level) * x**j for j in range(1, m + 1)]
                for j, number in enumerate([*row, side]):
                    left[i, j] = number
                right[i] = f
            found = mpmath.lu_solve(left, right)
            last, level = level, found[count - 1]
            if abs(level - last) < abs(level) * mpmath.mpf(10) ** -20:
                break
        return list(found[: n + 1]), [mpmath.mpf(1), *found[n + 1 : count - 1]], level


def _at(coefficients: list[Number], x: Number) -> Number:
    return mpmath.polyval(coefficients[::-1], x)


def _peaks(errors: list[Number]) -> list[int]:
    """Where errors are largest between changes of their sign."""
    found, peak = [], 0
    for i in range(1, len(errors)):
        if (errors[i] > 0) != (errors[peak] > 0):
            found.append(peak)
            peak = i
        elif abs(errors[i]) > abs(errors[peak]):
            peak = i
    return [*found, peak]
