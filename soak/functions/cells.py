"""Cells: intervals that together hold every float64 argument of a function, each with the k of its reduction.

x = k·ln 2 + r      k is what is nearest to x/ln 2 as rounded, so |r| ≤ ln 2/2 + 2^−40
x = 2ᵏ·m            √½ ≤ m < √2
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pellucid.functions import exponential, logarithm
from soak.functions.bounded import Array

LN2 = 0.6931471805599453
LEAST, MOST = 2.0**-1020, float(np.finfo(np.float64).max)
NEAR = 2.0**-10  # below that a cell reaches down to LEAST
_R = LN2 / 2 + 2.0**-40


@dataclass(frozen=True)
class Cells:
    """From lo to hi, with k."""

    lo: Array
    hi: Array
    k: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lo)

    def __getitem__(self, at: NDArray[np.bool_]) -> Cells:
        return Cells(self.lo[at], self.hi[at], self.k[at])

    @staticmethod
    def together(parts: Sequence[Cells]) -> Cells:
        """Several of them."""
        return Cells(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("lo", "hi", "k")))

    def within(self, low: float, high: float) -> Cells:
        """The parts between two arguments."""
        some = self[(self.hi >= low) & (self.lo <= high)]
        return Cells(np.maximum(some.lo, low), np.minimum(some.hi, high), some.k)


def around(ends: Array, k: int) -> Cells:
    """Between neighbours of a list, each of them in both cells."""
    return Cells(ends[:-1], ends[1:], np.full(len(ends) - 1, k))


def both_sides(top: float, count: int, k: int) -> Cells:
    """From −top to top; the innermost two reach from 2^−1020 to 2^−10 on either side of 0."""
    ends = np.concatenate([[LEAST, NEAR], np.linspace(0, top, count + 1)[1:]])
    return Cells.together([around(-ends[::-1], k), around(ends, k)])


def reduced(pieces: int, first: int, last: int) -> Cells:
    """Arguments of eˣ for these k; where k is 0, both sides of 0."""
    parts: list[Cells] = []
    for k in range(first, last + 1):
        if k == 0:
            parts.append(both_sides(_R, pieces // 2, 0))
            continue
        ends = k * LN2 + np.linspace(-_R, _R, pieces + 1)
        # what rounding the ends may leave out
        parts.append(Cells(ends[:-1] - 2.0**-43, ends[1:] + 2.0**-43, np.full(pieces, k)))
    return Cells.together(parts)


def exponential_cells(pieces: int, first: float = -1020 * LN2, last: float = exponential.MOST) -> Cells:
    """Of eˣ from 2^−1020 to the largest number, or between two other arguments."""
    return reduced(pieces, -1022, 1024).within(first, last)


def tail_cells(pieces: int, last: float) -> Cells:
    """t of Φ(−t), from LEAST to some last one: −t²/2 = k·ln 2 + r."""
    parts, k = list[Cells](), 0
    while not parts or parts[-1].hi[-1] < last:
        r = np.linspace(_R, -_R, 2 * pieces + 1) if k else np.linspace(0, -_R, pieces + 1)
        ends = np.sqrt(np.maximum(-2 * (k * LN2 + r), 0.0))
        cells = around(ends * (1 + 2.0**-50), k)
        parts.append(Cells(np.maximum(cells.lo * (1 - 2.0**-49), LEAST), cells.hi, cells.k))
        k -= 1
    return Cells.together(parts).within(LEAST, last)


def logarithm_cells(pieces: int) -> Cells:
    """Of log x; around 1 the distance from it halves from cell to cell."""
    root = np.ldexp(np.float64(np.sqrt(0.5)), 0)
    assert root.view(np.int64) == logarithm.ROOT_HALF_BITS
    top = np.nextafter(2 * root, 0)
    m = np.concatenate([np.linspace(root, top, pieces + 1)])
    parts = [
        Cells(np.ldexp(m[:-1], k), np.ldexp(m[1:], k), np.full(pieces, k)) for k in range(-1022, 1024) if k
    ]
    halves = np.concatenate([2.0**-j * np.linspace(1, 2, pieces, endpoint=False) for j in range(52, 2, -1)])
    f = np.concatenate([halves, np.linspace(0.25, 1, 8 * pieces)])
    above = around(1 + f, 0).within(1 + 2.0**-52, top)
    below = around(1 - f[::-1], 0).within(root, 1 - 2.0**-52)
    at_last = Cells(np.array([1 - 2.0**-53]), np.array([1 - 2.0**-53]), np.array([0]))
    return Cells.together([*parts, above, below, at_last]).within(2.0**-1022, MOST)
