"""How far a number computed by Winograd's algorithm can lie from the sum of its products.

The algorithm (see `winograd.py` of the package) is bilinear: result = A[Σ (L·l·Lᵀ) ⊙ (R·r·Rᵀ)]Aᵀ with fixed matrices,
where a point of the result may sum several products of points. In what is computed, every path from two factors to the
result meets a bounded number T of roundings, each a factor (1 + δ) with |δ| ≤ u, so with γ = T·u/(1 − T·u) and absolute
values taken of everything,

    |value − result| ≤ γ·(|A|[Σ (|L||l||L|ᵀ) ⊙ (|R||r||R|ᵀ)]|A|ᵀ + |start|)

(Higham, Accuracy and Stability of Numerical Algorithms, section 3.5, applied to each path.) Numbers below λ, the least
normal one, count as zero on their way: a transformed factor can be wrong by ≤ 2048·λ because of that (a row's absolute
sum is at most 30, so at most 900 in two passes, and each pass flushes a few results of its own), each product and
addition by λ. What a transform back flushes is no more than 8·λ at each point and 8·λ in the result would be; there is
one for each tile at most. Infinite and NaN factors spread over a tile; then there is no bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.enclosed import WIDE
from pellucid.explain.question import Question
from pellucid.geometry import Axis
from pellucid.ops.conv import Conv
from pellucid.winograd import MATRICES, SIDE, Plane, Scheme, Side, divisors, grad_input, grad_weight, output

_TRANSFORM_ROUNDINGS = 12  # two passes of at most five each, the scale and its constant
_FLUSHED = 2048
_FLUSHED_BACK = 8
Array = NDArray[Any]


@dataclass(frozen=True)
class _Paths:
    """What leads to each element.

    Attributes:
        scheme: the algorithm.
        left: absolute values of left factors at their points: (which, summed over, points).
        right: the same of right factors.
        pair: for each element, which left factor and which right one.
        place: for each element, its row and its column in a tile of the result.
        start: for each element, the absolute value of what is added at the end.
        additions: the most additions that a product meets.
    """

    scheme: Scheme
    left: Array
    right: Array
    pair: tuple[Array, Array]
    place: tuple[Array, Array]
    start: Array | float
    additions: int


def error_bounds(question: Question) -> NDArray[np.float64]:
    """The bounds for elements of an output, an input gradient or a weight gradient."""
    with np.errstate(all="ignore"):
        paths = (_grad_weight if question.source.of == "grad_weight" else _convolved)(question)
        magnitude, lost = _back(paths)
        info = np.finfo(question.dtype)
        roundings = (3 * _TRANSFORM_ROUNDINGS + paths.additions) * WIDE(info.eps) / 2
        gamma = roundings / (1 - roundings)
        # the magnitudes are sums in float64: one part in 2³⁰ covers their own roundings
        limit = (gamma * (magnitude + paths.start) + lost * WIDE(info.tiny)) * (1 + WIDE(2) ** -30)
        bounds = np.nextafter(limit.astype(np.float64), np.inf)
    return np.where(np.isnan(bounds), np.inf, bounds)


def _convolved(question: Question) -> _Paths:
    """Of an output or an input gradient: sums over channels of a tile's windows and of weights."""
    n, channel, *at = question.at.T
    weight = _conv(question).laid(question.operand("weight").array)
    if question.source.of == "output":
        source, direction = question.operand("input").array, output
        start = question.operand("bias").array[channel] if "bias" in question.has else 0.0
    else:
        source, direction = question.operand("grad_output").array, grad_input
        weight = weight.swapaxes(0, 1)
        start = 0.0 if question.base is None else question.base.array[tuple(question.at.T)]
    scheme = Scheme(*(direction(axis.stride, axis.before) for axis in _axes(question)))
    sides = (scheme.h.result, scheme.w.result)
    (rows, y), (columns, x) = (np.divmod(i, SIDE * side.stride) for i, side in zip(at, sides, strict=True))
    tiles, tile = np.unique(np.stack([n, rows, columns]), axis=1, return_inverse=True)
    kernels, kernel = np.unique(channel, return_inverse=True)
    left = _absolute(scheme.left, _windows(source, scheme.left, tiles))
    right = _absolute(scheme.right, weight[kernels])
    additions = weight.shape[1] * max(map(len, scheme.products)) + 2
    pair = tile.reshape(-1), kernel
    return _Paths(scheme, left, right, pair, (y, x), abs(np.asarray(start, WIDE)), additions)


def _grad_weight(question: Question) -> _Paths:
    """Of a weight gradient: sums over all tiles of all images."""
    o, c, *place = question.at.T
    if _conv(question).flip:
        place = [2 - k for k in place]
    input, grad_output = (question.operand(name).array for name in ("input", "grad_output"))
    scheme = Scheme(*(grad_weight(axis.stride, axis.before) for axis in _axes(question)))
    sides = zip(input.shape[2:], (scheme.h.left, scheme.w.left), strict=True)
    counts = (len(input), *(-(-size // (SIDE * side.stride)) for size, side in sides))
    tiles = np.indices(counts).reshape(3, -1)
    inputs, of_input = np.unique(c, return_inverse=True)
    outputs, of_output = np.unique(o, return_inverse=True)
    left = _windows(input[:, inputs], scheme.left, tiles).swapaxes(0, 1)
    right = _windows(grad_output[:, outputs], scheme.right, tiles).swapaxes(0, 1)
    return _Paths(
        scheme,
        _absolute(scheme.left, left),
        _absolute(scheme.right, right),
        (of_input, of_output),
        (place[0], place[1]),
        0.0,
        question.source.order["winograd_additions"],
    )


def _conv(question: Question) -> Conv:
    op = question.source.op
    assert isinstance(op, Conv)
    return op


def _axes(question: Question) -> tuple[Axis, ...]:
    """The convolution along H and W."""
    input, weight, *_ = question.shapes
    assert input is not None
    assert weight is not None
    return _conv(question).geometry(input, weight).axes


def _windows(array: Array, plane: Plane, tiles: Array) -> Array:
    """What tiles (image, row and column of each) read of an array: (tiles, channels, h, w), zeros outside of it."""
    n, *begins = tiles
    at, inside = [], []
    for number, side, size in zip(begins, (plane.h, plane.w), array.shape[2:], strict=True):
        positions = side.corner + number[:, None] * SIDE * side.stride + np.arange(side.reach)
        inside.append((positions >= 0) & (positions < size))
        at.append(np.clip(positions, 0, size - 1))
    (y, x), (in_y, in_x) = at, inside
    windows = array[n[:, None, None], :, y[:, :, None], x[:, None, :]]
    return np.where((in_y[:, :, None] & in_x[:, None, :])[..., None], windows, 0).transpose(0, 3, 1, 2)


def _back(paths: _Paths) -> tuple[Array, Array]:
    """Magnitude and flushed numbers of every element."""
    scheme, (h, w) = paths.scheme, (paths.scheme.h.result, paths.scheme.w.result)
    summed = paths.left.shape[1]
    pairs, pair = np.unique(np.stack(paths.pair), axis=1, return_inverse=True)
    sums = np.zeros((2, pairs.shape[1], len(scheme.products)))  # products, and what is flushed beside them
    for point, factors in enumerate(scheme.products):
        for i, j in factors:
            left, right = paths.left[:, :, i], paths.right[:, :, j]
            sums[0, :, point] += np.einsum("es,es->e", left[pairs[0]], right[pairs[1]])
            flushed = left.sum(axis=1)[pairs[0]] + right.sum(axis=1)[pairs[1]]
            sums[1, :, point] += _FLUSHED * flushed + (4 + _FLUSHED_BACK) * summed
    sums = sums.reshape(2, -1, h.points, w.points)[:, pair.reshape(-1)]
    rows, columns = _matrix(h)[:, paths.place[0]], _matrix(w)[:, paths.place[1]]
    magnitude, lost = np.einsum("ie,keij,je->ke", rows, sums, columns, optimize=True)
    return magnitude, lost + _FLUSHED_BACK * summed


def _absolute(plane: Plane, factors: Array) -> Array:
    """|M||x||N|ᵀ of factors (…, i, j), their points side by side."""
    rows, columns = _matrix(plane.h), _matrix(plane.w)
    points: Array = rows @ abs(factors.astype(np.float64)) @ columns.T
    return points.reshape(*factors.shape[:-2], -1)


def _matrix(side: Side) -> Array:
    """|M| of all phases: points × positions of a tile."""
    matrix, point = np.zeros((side.points, side.reach)), 0
    for phase in side.phases:
        part = np.abs(np.array(MATRICES[phase.kind]) / np.array(divisors(phase.kind))[:, None])
        matrix[point : point + phase.points, list(phase.positions)] = part.T if phase.back else part
        point += phase.points
    return matrix
