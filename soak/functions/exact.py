"""The functions' exact twins: MPFR's numbers of as many bits as are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gmpy2

_BITS = 500


def _logistic(x: Any) -> Any:
    return 1 / (1 + gmpy2.exp(-x))


TWINS: Mapping[str, Callable[[Any], Any]] = {
    "exp": gmpy2.exp,
    "expm1": gmpy2.expm1,
    "sigmoid": _logistic,
    "tanh": gmpy2.tanh,
    "log": gmpy2.log,
    "log1p": gmpy2.log1p,
    "erf": gmpy2.erf,
    "rsqrt": gmpy2.rec_sqrt,
}


def exact(name: str, x: float, bits: int = _BITS) -> Any:
    """f(x) to so many bits."""
    with gmpy2.context(precision=bits):
        return TWINS[name](gmpy2.mpfr(x))


def nearest(name: str, x: float) -> tuple[float, float]:
    """f(x) as float32, and how far it is from the middle between two float32 numbers, in units of the last place.

    The number of many bits must be so far from that middle that its own rounding does not matter.
    """
    y = exact(name, x)
    result = gmpy2.mpfr(y, 24)
    unit = gmpy2.exp2(result.as_mantissa_exp()[1] + result.as_mantissa_exp()[0].bit_length() - 24)
    away = 0.5 - float(abs(y - result) / unit)
    assert away > 2.0**-50 or abs(y - result) * 2 != unit
    return float(result), away
