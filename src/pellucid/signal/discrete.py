"""Convolution and correlation of arrays of any dimension, each number with its products.

    convolution   [f*g][x] = Σ_z f[z]·g[x−z]              g is read backwards: the flip
    correlation   [f⋆g][x] = Σ_z f[z]·g[z−x+M−1]          g, of size M, is read forwards

x runs over all positions at which the two meet ("full"), over as many as f has, from the middle ("same"), or over those
at which one lies inside the other ("valid"). With a symmetric g the two are one. Layers called convolutions compute
correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pellucid import memory
from pellucid.errors import AddressError, ArgumentError, NumericError, ShapeError, say
from pellucid.geometry import Where
from pellucid.numbers import as_array
from pellucid.ops.base import Array, Shape
from pellucid.ops.checks import choice
from pellucid.signal.explanation import Explanation, Product
from pellucid.signal.transforms import convolved, direct
from pellucid.sizes import Index, is_integer

MODES = ("full", "same", "valid")


class Convolution(np.ndarray[Any, np.dtype[Any]]):
    """An array that knows how it was made.

    Parts of it and what is computed from it are plain arrays.

    Attributes:
        method: "direct" when the products were summed as they stand, "fft" when by fast Fourier transforms, which take
            part only where each number is as good as its own sum: off by at most n·eps·Σ|products|, n products long.
    """

    method: str | None
    _operands: tuple[Array, Array] | None
    _flipped: bool
    _offset: Index

    def __array_finalize__(self, _: object) -> None:
        self.method = self._operands = None

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain

    def __getitem__(self, index: Any) -> Any:
        return self.view(np.ndarray)[index]

    def explain(self, *index: int | Sequence[int]) -> Explanation:
        """The products that were summed to the number at this index: `explain(2)`, `explain(1, 2)`, `explain((1, 2))`.

        Raises: AddressError when there is no such number; ArgumentError when this is only a copy of a result.

        Example:
            >>> print(convolve([1, 2, 3], [4, 5]).explain(1))
            [f*g][1] = Σ_z f[z]·g[1−z] = 13
              f[0]·g[1] = 1·5 = 5
              f[1]·g[0] = 2·4 = 8
            the flip: as z grows, the index of g falls
            counted from 1: [f*g]_2 = Σ_z f_z·g_(3−z) = f_1·g_2 + f_2·g_1
        """
        where = "convolve" if self._operands is None or self._flipped else "correlate"
        if self._operands is None:
            hint = "explain numbers of what convolve or correlate returned"
            raise ArgumentError(where, "this array is a copy and has no record of its products", hint=hint)
        alone = index[0] if len(index) == 1 else index
        position: Any = tuple(alone) if isinstance(alone, Sequence | np.ndarray) else (alone,)
        inside = len(position) == self.ndim and all(
            is_integer(i) and -size <= i < size for i, size in zip(position, self.shape, strict=False)
        )
        if not inside:
            got = say("{position} for shape {shape}", position=position, shape=self.shape)
            raise AddressError(where, "there is no such element", got=got)
        position = tuple(int(i) % size for i, size in zip(position, self.shape, strict=True))
        f, g = self._operands
        at = tuple(i + start for i, start in zip(position, self._offset, strict=True))
        pairs = [_meeting(x, n, m, self._flipped) for x, n, m in zip(at, f.shape, g.shape, strict=True)]
        terms = []
        for pair in product(*pairs):
            z, k = tuple(i for i, _ in pair), tuple(j for _, j in pair)
            terms.append(Product(z, f[z].item(), k, g[k].item()))
        number = self[position].item()
        value = number if self.method == "direct" else self.dtype.type(fsum(t.value for t in terms)).item()
        return Explanation(self._flipped, position, at, g.shape, value, tuple(terms), number)


def _meeting(x: int, n: int, m: int, flipped: bool) -> list[tuple[int, int]]:
    """The indices (of f, of g) that meet in number x of the full result, along one axis."""
    first, last = max(0, x - m + 1), min(n - 1, x)
    return [(z, x - z if flipped else z - x + m - 1) for z in range(first, last + 1)]


def convolve(f: ArrayLike, g: ArrayLike, mode: str = "full") -> Convolution:
    """True convolution: slide g, *flipped*, along f and sum the products.

        [f*g][x] = Σ_z f[z]·g[x−z]            counted from 1: [f*g]_x = Σ_z f_z·g_(x−z+1)

    Integers (and truth values) give exact integers, in int64, or uint64 where that is an operand's type. Numbers are
    those of scipy.signal.convolve, which keeps small integer types and wraps around in them.

    Shapes: f (N…), g (M…) with equally many axes → full N+M−1, same N, valid |N−M|+1, axis by axis.
    Raises: ShapeError when the numbers of axes differ, an operand is empty, or, in mode "valid", neither lies inside
        the other; ArgumentError for other modes and for what is not real numbers; NumericError for integers whose
        sums exceed 64 bits.

    Example:
        >>> convolve([1, 2, 3], [0, 1, 10])
        Convolution([ 0,  1, 12, 23, 30])
        >>> convolve([1, 2, 3], [0, 1, 10], mode="same").method
        'direct'
    """
    with memory.enough("convolve"):
        return _slide("convolve", f, g, mode)


def correlate(f: ArrayLike, g: ArrayLike, mode: str = "full") -> Convolution:
    """Cross-correlation: slide g, *as it is*, along f and sum the products. It is convolution with g flipped.

        [f⋆g][x] = Σ_z f[z]·g[z−x+M−1]        in mode "valid" [f⋆g][y] = Σ_k f[y+k]·g[k], which is what layers compute

    Types, shapes and errors are those of `convolve`; numbers are those of scipy.signal.correlate.

    Example:
        >>> correlate([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]], mode="valid")
        Convolution([[19, 25],
                     [37, 43]])
        >>> convolve([[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[0, 1], [2, 3]], mode="valid")   # flipped
        Convolution([[ 5, 11],
                     [23, 29]])
    """
    with memory.enough("correlate"):
        return _slide("correlate", f, g, mode)


def _slide(where: str, f: ArrayLike, g: ArrayLike, mode: str) -> Convolution:
    left, right = as_array(where, "f", f), as_array(where, "g", g)
    _check(where, left.shape, right.shape, mode)
    convolves = where == "convolve"
    dtype = _dtype(left.dtype, right.dtype)
    left, right = _working(left, dtype), _working(right, dtype)
    sliding = right if convolves else np.flip(right)
    parts = [_part(mode, n, m) for n, m in zip(left.shape, right.shape, strict=True)]
    cut: Where = (..., *parts)  # the dots keep an array without axes an array
    with np.errstate(over="ignore", invalid="ignore"):  # infinities and NaN go where they go
        if dtype.kind in "iu":
            method, full = "direct", _exact(where, left, sliding, dtype)
        else:
            method, full = convolved(left, sliding)
        result = full[cut].astype(dtype).view(Convolution)
    result.method, result._operands = method, (left, right)
    result._flipped, result._offset = convolves, tuple(part.start for part in parts)
    return result


def _check(where: str, f: Shape, g: Shape, mode: str) -> None:
    choice(where, "mode", mode, MODES)
    if len(f) != len(g):
        raise ShapeError(where, "f and g must have equally many axes", got=f"f {f}, g {g}")
    if 0 in f or 0 in g:
        raise ShapeError(where, "f and g must not be empty", got=f"f {f}, g {g}")
    pairs = list(zip(f, g, strict=True))
    if mode == "valid" and any(n < m for n, m in pairs) and any(n > m for n, m in pairs):
        rule = "mode 'valid' needs one operand to be as large as the other along every axis"
        raise ShapeError(where, rule, got=f"f {f}, g {g}", hint="use mode 'full' or 'same'")


def _dtype(f: np.dtype[Any], g: np.dtype[Any]) -> np.dtype[Any]:
    """The result's type: at least 64 bits for integers, NumPy's common type for all else."""
    if f.kind == "f" or g.kind == "f":
        return np.result_type(f, g)
    return np.dtype(np.uint64 if np.uint64 in (f, g) else np.int64)


def _working(operand: Array, dtype: np.dtype[Any]) -> Array:
    """A copy of an operand in the type that it is multiplied in; integers keep theirs until their sums are known."""
    if dtype == np.float16:
        return operand.astype(np.float32)  # half precision is for storage
    return operand.astype(operand.dtype if operand.dtype.kind in "iu" and dtype.kind in "iu" else dtype)


def _part(mode: str, n: int, m: int) -> slice:
    """Which part of the full result a mode is, along one axis."""
    if mode == "valid":
        return slice(min(n, m) - 1, max(n, m))
    start = (m - 1) // 2 if mode == "same" else 0
    return slice(start, start + (n if mode == "same" else n + m - 1))


def _exact(where: str, f: Array, g: Array, dtype: np.dtype[Any]) -> Array:
    """The full convolution of integers. Where 64 bits might not do, whole numbers of any length say if they do."""
    smallest, largest = np.iinfo(dtype).min, np.iinfo(dtype).max
    most = max(abs(int(f.min())), int(f.max())) * max(abs(int(g.min())), int(g.max())) * min(f.size, g.size)
    if most <= largest and min(int(f.min()), int(g.min())) >= smallest:
        return direct(f.astype(dtype), g.astype(dtype))
    full = direct(f.astype(object), g.astype(object))
    if full.max() > largest or full.min() < smallest:
        got, hint = say("sums from {low} to {high}", low=full.min(), high=full.max()), "convert to float64"
        raise NumericError(where, say("the sums do not fit into {dtype}", dtype=dtype), got=got, hint=hint)
    return full.astype(dtype)
