"""How a kernel's sums are computed: in one pass or two, in float32 or float64, and how far float32 may be off.

A kernel of rank r is a sum of r products of a column and a row, and each of these needs Kh + Kw products for a pixel
instead of Kh·Kw: Gaussian and box have rank 1, unsharp 2. A chain of fused multiply–adds rounds once a step, each time
by at most u = 2⁻²⁴ of the sum so far, and each weight is rounded once, so that

    |sum − exact| ≤ u·Σ_k (m_k + Σ_{i≤k} m_i),   m_k = |weight k|·(largest pixel)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.signal.kernels import Kernel

Factors: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]  # columns (T,Kh) and rows (T,Kw)

_STEP = 2.0**-24  # a float32 result is off by at most this part of itself
_EXACT = 2.0**24  # whole numbers up to here are float32 numbers
_PASS = 8  # products in whose time a pass over the image is made
# Either side of a half, a sum makes its whole vector be summed again, at three times the price.
_AGAIN = 2 * 16 * 3


@dataclass(frozen=True)
class Passes:
    """Sums in floats of `bits` bits; in two passes where there are factors.

    `error` is how far a sum may be off; 0 where it is exact, or as good as float64 gets.
    """

    bits: int
    factors: Factors | None = None
    error: float = 0.0


def passes_of(kernels: Sequence[Kernel], dtype: np.dtype[Any]) -> Passes:
    """The fastest way to the float64 result, rounded to the image's type.

    float32 does where its sums are exact, and for 8 bits where sums near a half, which are done again, are rare.
    """
    if len(kernels) == 2:  # a magnitude: squares below 2¹⁶ are exact, too, and larger ones are cut off
        whole = all(_unit(kernel) >= 1 and _mass(kernel) * 255 < _EXACT for kernel in kernels)
        return Passes(32 if whole and dtype == np.uint8 else 64)
    (kernel,) = kernels
    factors = _factors(kernel)
    if dtype.kind == "f":
        return Passes(64, factors)
    largest = float(np.iinfo(dtype).max)
    if _mass(kernel) * largest < _EXACT * _unit(kernel):
        return Passes(32, factors if _stay_exact(factors, largest) else None)
    error = _error(kernel, factors, largest)
    products = sum(part.size for part in factors) if factors else kernel.size
    rare = dtype == np.uint8 and error < 0.1 and error * _AGAIN * kernel.size < products
    return Passes(32, factors, error) if rare else Passes(64, factors)


def _factors(kernel: Kernel) -> Factors | None:
    """Columns and rows whose products add up to the kernel; None where that is no gain.

    Elimination with the largest element left as pivot; whole numbers mostly stay whole.
    """
    rest, columns, rows = kernel.copy(), [], []
    while np.abs(rest).max() > 1e-15 * np.abs(kernel).max():
        y, x = np.unravel_index(np.abs(rest).argmax(), rest.shape)
        columns.append(rest[:, x].copy())
        rows.append(rest[y] / rest[y, x])
        rest -= np.outer(columns[-1], rows[-1])
        if len(rows) * sum(kernel.shape) + _PASS >= kernel.size:
            return None
    return (np.array(columns), np.array(rows)) if rows else None


def _mass(weights: NDArray[np.float64]) -> float:
    return float(np.abs(weights).sum())


def _unit(weights: NDArray[np.float64]) -> float:
    """The largest power of two, up to 1, of which all weights are multiples; 0 for none that float32 could use."""
    for power in range(25):
        scaled = np.ldexp(weights, power)
        if (scaled == np.rint(scaled)).all():
            return 2.0**-power
    return 0.0


def _stay_exact(factors: Factors | None, largest: float) -> bool:
    """Whether whole pixels up to the largest have exact sums after the columns and after the rows."""
    if factors is None:
        return False
    columns, rows = factors
    masses = [_mass(column) * largest for column in columns]
    total = sum(mass * _mass(row) for mass, row in zip(masses, rows, strict=True))
    unit = _unit(columns)
    return max(masses) < _EXACT * unit and total < _EXACT * unit * _unit(rows)


def _error(kernel: Kernel, factors: Factors | None, largest: float) -> float:
    """How far float32 sums may be from exact ones."""
    if factors is None:
        return _chain_error(np.abs(kernel) * largest)
    before = [_chain_error(np.abs(column) * largest) for column in factors[0]]
    sums = [_mass(column) * largest + error for column, error in zip(factors[0], before, strict=True)]
    handed_on = sum(error * _mass(row) for error, row in zip(before, factors[1], strict=True))
    return handed_on + _chain_error(np.abs(factors[1]) * np.array(sums)[:, None])


def _chain_error(products: NDArray[np.float64]) -> float:
    """Of one chain of fused multiply–adds with so large products; see above. The hundredth covers errors of errors."""
    return 1.01 * _STEP * float(products.sum() + products.cumsum().sum())
