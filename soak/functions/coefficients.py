"""Where the coefficients in the sources come from: they are computed once more, and compared bit by bit.

    python -m soak.functions.coefficients

For each table: the largest error of the polynomial or quotient before its coefficients are rounded, and which of the
rounded ones are not those of the sources. One is not: SHORT begins with ½, so that Φ(0) is ½. Some seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import mpmath

from pellucid.functions import exponential, logarithm, normal
from soak.functions.minimax import BITS, Function, Number, Problem

_TINY = mpmath.mpf(2) ** -60


def polynomial(function: Function, weight: Function, degree: int, last: Number) -> Problem:
    """On points from almost 0 to a last one, closer together at both ends."""

    def points(count: int) -> list[Number]:
        return [
            _TINY + (last - _TINY) * (1 - mpmath.cos(mpmath.pi * i / count)) / 2 for i in range(count + 1)
        ]

    return Problem(function, weight, (degree, 0), points(2000), points(degree + 1), 1.001)


def quotient(function: Function, weight: Function, degrees: tuple[int, int], last: Number) -> Problem:
    """On points from 0 to a last one, the closer together the nearer to 0."""

    def point(u: Number) -> Number:
        share = u * last / (last + 2)
        return 2 * share / (1 - share)

    count = sum(degrees) + 2
    start = [point((1 - mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count))) / 2) for i in range(count)]
    points = [point(mpmath.mpf(i) / 4000) for i in range(4001)]
    return Problem(function, weight, degrees, points, start, 1.02)


def coth(degree: int) -> Problem:
    """(C(z) − 2)/z of z = r², where C = r·coth(r/2); what counts is the error of eʳ = (C + r)/(C − r)."""
    last = (mpmath.log(2) / 2 * (1 + mpmath.mpf(2) ** -20)) ** 2

    def c(z: Number) -> Number:
        r = mpmath.sqrt(z)
        return r * mpmath.coth(r / 2)

    return polynomial(
        lambda z: (c(z) - 2) / z if z > _TINY else mpmath.mpf(1) / 6 - z / 360,
        lambda z: z * 2 * mpmath.sqrt(z) / (c(z) ** 2 - z),
        degree,
        last,
    )


def artanh() -> Problem:
    """(2·artanh s − 2·s)/s³ of z = s², relative to log m = 2·artanh s."""
    last = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1) * (1 + mpmath.mpf(2) ** -30)) ** 2

    def series(z: Number) -> Number:
        s = mpmath.sqrt(z)
        return (2 * mpmath.atanh(s) - 2 * s) / (s * z) if z > _TINY else mpmath.mpf(2) / 3 + 2 * z / 5

    return polynomial(series, lambda z: z * mpmath.sqrt(z) / (2 * mpmath.atanh(mpmath.sqrt(z))), 6, last)


def erf() -> Problem:
    """erf(x)/x of z = x², relative to itself."""

    def mean(z: Number) -> Number:
        return mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z)

    return polynomial(mean, lambda z: 1 / mean(z), 11, mpmath.mpf(1))


def tail(degrees: tuple[int, int], last: float) -> Problem:
    """Φ(−t)·e^(t²/2), relative to itself."""

    def h(t: Number) -> Number:
        return mpmath.erfc(t / mpmath.sqrt(2)) / 2 * mpmath.exp(t * t / 2)

    return quotient(h, lambda t: 1 / h(t), degrees, mpmath.mpf(last))


TABLES: list[tuple[str, Callable[[], Problem], tuple[float, ...]]] = [
    ("COTH", lambda: coth(4), exponential.COTH[1:]),
    ("COTH of SHORT", lambda: coth(2), normal.SHORT.coth[1:]),
    ("ARTANH", artanh, logarithm.ARTANH),
    ("ERF", erf, normal.ERF),
    ("SHORT", lambda: tail((6, 7), 14.0), (*normal.SHORT.over, *normal.SHORT.under)),
    ("LONG", lambda: tail((10, 11), 38.0), (*normal.LONG.over, *normal.LONG.under)),
]


_BY_HAND = {("SHORT", 0)}


def main() -> int:
    """Compute and compare."""
    wrong: list[tuple[object, ...]] = []
    with mpmath.workprec(BITS):
        for name, make, stands in TABLES:
            start = time.perf_counter()
            over, under, error = make().solved()
            found = [float(c) for c in over] + ([float(c) for c in under] if len(under) > 1 else [])
            differ = [
                (i, *pair) for i, pair in enumerate(zip(found, stands, strict=True)) if len(set(pair)) > 1
            ]
            wrong += [(name, *some) for some in differ if (name, some[0]) not in _BY_HAND]
            others = ", ".join(f"coefficient {i} is {b.hex()} for {a.hex()}" for i, a, b in differ)
            print(
                f"{name}: error 2^{float(mpmath.log(error, 2)):.2f}, {len(found)} coefficients: "
                f"{others or 'all as they stand'}, {time.perf_counter() - start:.0f} s", flush=True
            )  # fmt: skip
    print(f"{len(wrong)} coefficients are others than they should be")
    return int(len(wrong) > 0)


if __name__ == "__main__":
    sys.exit(main())
