"""The full convolution of floats: by fast Fourier transforms where each number is then as good as its own sum.

A sum of n products, one after the other, is off by at most about n·eps·Σ|products|. Transforms share their error out
evenly: every number is off by some roundings of ‖f‖·‖g‖, which is more than that at the borders, where few products
meet, and far more where small numbers meet. So float64 is split, f = f₁ + f₂ with few bits in f₁, and likewise g:

    f∗g = f₁∗g₁ + (f₁∗g₂ + f₂∗g)          the first is a sum of whole numbers, and exact once it is rounded to one

What transforms err by is then a part of f₂ and g₂. Numbers to which even that might matter are summed directly; where
these are many, all are.
"""

from __future__ import annotations

from math import floor, log2
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pellucid.ops.base import Array, Shape
from pellucid.sizes import size_of

Mask: TypeAlias = NDArray[np.bool_]

_PRODUCTS = 2**16  # below this many the plain sum is quick enough
_PRODUCTS_PER_STEP = 10  # products summed directly in the time of one step of the transforms, measured
_PRODUCTS_PER_NUMBER = 2**13  # and in the time that it takes to look at one number by itself
_ROUNDINGS = 0.5  # of ‖f‖·‖g‖, times log₂ of the size: 2.5 times the largest error seen (of ones)


def convolved(f: Array, g: Array) -> tuple[str, Array]:
    """How the numbers were made, "fft" or "direct", and the full convolution.

    Example:
        >>> convolved(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 10.0]))
        ('direct', array([ 0.,  1., 12., 23., 30.]))
    """
    if not _faster(f, g) or not _transformable(f, g):
        return "direct", direct(f, g)
    values, error = _transformed(f, g)
    terms, eps = _terms(f.shape, g.shape), float(np.finfo(f.dtype).eps)

    def doubtful(sizes: Array) -> Mask:
        """Where Σ|products| may be so small that the error matters; half a unit goes into the last rounding."""
        found: Mask = ~((terms - 0.5) * sizes * eps >= error)
        return found

    doubts = doubtful(np.abs(values) - error)
    if not _few(doubts, terms, f, g):
        doubts &= doubtful(_sizes(f, g))
        nothing = doubts & (_counts(f, g) == 0)
        values[nothing] = 0
        doubts &= ~nothing
        if not _few(doubts, terms, f, g):
            return "direct", direct(f, g)
    full = values.astype(f.dtype)
    for x in np.argwhere(doubts).tolist():
        full[tuple(x)] = _sum(f, g, x)
    return "fft", full


def direct(f: Array, g: Array) -> Array:
    """The full convolution, one shifted copy of the larger operand per number of the smaller one."""
    if f.size < g.size:
        f, g = g, f
    full = np.zeros([n + m - 1 for n, m in zip(f.shape, g.shape, strict=True)], f.dtype)
    for k in np.ndindex(*g.shape):
        full[tuple(slice(j, j + n) for j, n in zip(k, f.shape, strict=True))] += f * g[k]
    return full


def _faster(f: Array, g: Array) -> bool:
    """Whether transforms are the faster way, if all goes well."""
    return f.size * g.size > max(_PRODUCTS, _PRODUCTS_PER_STEP * _steps(f, g) * size_of(_padded(f, g)))


def _transformable(f: Array, g: Array) -> bool:
    """Whether there are transforms of this type; numbers that are not finite they would spread."""
    return f.dtype in (np.float32, np.float64) and bool(np.isfinite(f).all() and np.isfinite(g).all())


def _few(doubts: Mask, terms: Array, f: Array, g: Array) -> bool:
    """Whether summing these numbers one by one is quicker than summing all of them."""
    count = np.count_nonzero(doubts)
    return bool(max(count * _PRODUCTS_PER_NUMBER, 2 * terms[doubts].sum()) < f.size * g.size)


def _sum(f: Array, g: Array, x: list[int]) -> Any:
    """One number: the part of f that meets g there, times that part of g, backwards."""
    each = list(zip(x, f.shape, g.shape, strict=True))
    there = f[tuple(slice(max(0, i - m + 1), min(i + 1, n)) for i, n, m in each)]
    return (there * np.flip(g[tuple(slice(max(0, i - n + 1), min(i + 1, m)) for i, n, m in each)])).sum()


def _terms(f: Shape, g: Shape) -> Array:
    """How many products each number is the sum of."""
    counts: Array = np.ones((1,) * len(f))
    for axis, (n, m) in enumerate(zip(f, g, strict=True)):
        x = np.arange(n + m - 1)
        along = np.minimum(x, n - 1) - np.maximum(0, x - m + 1) + 1
        counts = counts * along.reshape(-1, *(1,) * (len(f) - axis - 1))
    return counts


def _sizes(f: Array, g: Array) -> Array:
    """No more than Σ|products|."""
    (f, f_scale), (g, g_scale) = (_scaled(np.abs(each).astype(np.float64)) for each in (f, g))
    sizes: Array = _times(_plain(f, g) - _error(f, g), f_scale + g_scale)
    return sizes


def _counts(f: Array, g: Array) -> Array:
    """How many products are not 0."""
    return np.rint(_plain((f != 0).astype(np.float64), (g != 0).astype(np.float64)))


def _transformed(f: Array, g: Array) -> tuple[Array, float]:
    """The full convolution in float64, and what its numbers may be off by, apart from their last rounding.

    Operands are scaled by powers of two, which changes no digit, so that nothing over- or underflows that matters.
    """
    single = f.dtype == np.float32
    (f, f_scale), (g, g_scale) = (_scaled(each.astype(np.float64)) for each in (f, g))
    error = _error(f, g)
    values, error = (_plain(f, g), error) if single or not error else _split(f, g, error)
    scale = f_scale + g_scale
    return _times(values, scale), float(_times(np.float64(error), scale))


def _split(f: Array, g: Array, error: float) -> tuple[Array, float]:
    """The same of operands up to 1: the large parts as whole numbers, of as many bits as come out exact."""
    unit = 2.0 ** -max(0, floor(-log2(4 * error) / 2))
    first, second = np.rint(f / unit), np.rint(g / unit)
    rest, other = f - first * unit, g - second * unit
    whole, wide, beyond = (_spectrum(each, f, g) for each in (first, second, other))
    small = _spectrum(rest, f, g) * (wide * unit + beyond)
    small += whole * (beyond * unit)
    values = np.rint(_inverse(whole * wide, f, g))
    values *= unit**2
    values += _inverse(small, f, g)
    return values, _error(first * unit, other) + _error(rest, g)


def _plain(f: Array, g: Array) -> Array:
    return _inverse(_spectrum(f, f, g) * _spectrum(g, f, g), f, g)


def _scaled(operand: Array) -> tuple[Array, int]:
    """The operand times a power of two, so that its largest number lies between ½ and 1; and what undoes that."""
    _, exponent = np.frexp(np.abs(operand).max())
    return _times(operand, -int(exponent)), int(exponent)


def _times(numbers: Any, exponent: int) -> Any:
    """Times 2 to a power, which itself may be no float."""
    half = exponent // 2
    return numbers * 2.0**half * 2.0 ** (exponent - half)


def _error(f: Array, g: Array) -> float:
    """What a number of their convolution by plain transforms may be off by."""
    size = float(np.sqrt(np.square(f).sum()) * np.sqrt(np.square(g).sum()))
    return _ROUNDINGS * float(np.finfo(np.float64).eps) * _steps(f, g) * size


def _steps(f: Array, g: Array) -> float:
    return log2(size_of(_padded(f, g)) + 1)


def _spectrum(operand: Array, f: Array, g: Array) -> Array:
    """Of an operand with zeros behind it, as far as the convolution of f and g reaches."""
    return np.fft.rfftn(operand, _padded(f, g), range(f.ndim))


def _inverse(spectrum: Array, f: Array, g: Array) -> Array:
    """The convolution of f and g that has this spectrum."""
    full: Array = np.fft.irfftn(spectrum, _padded(f, g), range(f.ndim))
    return full[tuple(slice(n + m - 1) for n, m in zip(f.shape, g.shape, strict=True))]


def _padded(f: Array, g: Array) -> list[int]:
    """The sizes that are transformed: along each axis the next one without a prime factor above 5 is fast."""
    return [_smooth(n + m - 1) for n, m in zip(f.shape, g.shape, strict=True)]


def _smooth(size: int) -> int:
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1
