"""Where quadrature needs help with a function that its samples show: at kinks, and where it changes quickly.

QUADPACK looks at 21 places of a piece and takes a polynomial through them for the function. So pieces are cut until the
samples themselves lie on polynomials of a low degree; a product of two such functions then is one of twice the degree,
which 21 places tell. Kinks (of the function or of its slope) are no polynomials at any size, so they are found first.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DEGREE = 8
_FITTED = 32  # samples of a piece through which the polynomial is laid; all of them are compared with it
_FEWEST = 12  # samples of a piece that can still be told from a polynomial
_MOST = 200  # pieces; a function that needs more is a wave or noise
_EXACT = 1e-13  # of the peak
_NOISE = 64 * np.finfo(np.float64).eps
_NARROWEST = 1e-25  # around zero floats go on for ever
_POINTS = 9  # places in which a kink is looked for at a time
_SMOOTH = (
    2.5  # the power of the step by which third differences fall: 3 where all is smooth, 2 where a slope kinks
)
_TRIED = 1000  # places, those of the largest third differences, at which a kink is looked for
_ROUGH = 1e-9  # of the peak: third differences of samples that are looked into


def kinks(values_at: Callable[[Floats], Floats], places: Floats, values: Floats) -> list[float]:
    """Where the function or its slope has a kink, seen in third differences that fall too slowly with the step."""
    size = float(np.abs(values).max(initial=0))
    third = np.abs(np.diff(values, 3))
    # the largest of its neighbours: each kink shows in three differences
    beside = np.maximum(np.append(0, third[:-1]), np.append(third[1:], 0))
    (found,) = np.nonzero((third > _ROUGH * size) & (third >= beside))
    found = found[np.argsort(-third[found])][:_TRIED]
    located = (_kink(values_at, places[i], places[i + 3], size) for i in found.tolist())
    return sorted({kink for kink in located if kink is not None})


def _kink(values_at: Callable[[Floats], Floats], low: float, high: float, size: float) -> float | None:
    """The kink between two places, to within the noise of the function, or None where there is none."""
    widths, thirds = [], []
    while high - low > max(_NARROWEST, _NOISE * max(abs(low), abs(high))):
        places = np.linspace(low, high, _POINTS)
        third = np.abs(np.diff(values_at(places), 3))
        at = int(third.argmax())
        if third[at] <= _NOISE * size:
            break
        widths.append(high - low)
        thirds.append(float(third[at]))
        low, high = float(places[at]), float(places[at + 3])
        if len(widths) > 2 and thirds[-1] < thirds[0] * (widths[-1] / widths[0]) ** _SMOOTH:
            return None
    return (low + high) / 2 if len(widths) > 2 else None


def pieces(places: Floats, values: Floats, cuts: list[float]) -> list[float]:
    """Cuts between the given ones, after which the samples of each piece lie on a polynomial.

    Where they would be too many, the samples need not lie so close to it.
    """
    size = float(np.abs(values).max(initial=0))
    ends = [0, *np.searchsorted(places, cuts).tolist(), len(places)]
    for tolerance in (_EXACT, 1e-10, 1e-7, 1e-4, 1e-2):
        open_, found = list(pairwise(ends)), list[int]()
        while open_ and len(found) <= _MOST:
            first, end = open_.pop()
            if end - first < _FEWEST or _is_polynomial(
                places[first:end], values[first:end], tolerance * size
            ):
                continue
            middle = (first + end) // 2
            found.append(middle)
            open_ += [(first, middle), (middle, end)]
        if len(found) <= _MOST:
            return sorted(float(places[i]) for i in found)
    return []


def _is_polynomial(places: Floats, values: Floats, tolerance: float) -> bool:
    middle, half = (places[0] + places[-1]) / 2, (places[-1] - places[0]) / 2
    basis = chebvander((places - middle) / half, _DEGREE)
    angles = np.linspace(0, np.pi, _FITTED)
    chosen = np.unique(np.round((1 - np.cos(angles)) / 2 * (len(places) - 1)).astype(int))
    fitted = np.linalg.lstsq(basis[chosen], values[chosen], rcond=None)[0]
    return bool(np.abs(basis @ fitted - values).max() <= tolerance)
