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

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.question import Question
from pellucid.geometry import Axis
from pellucid.ops.conv import Conv
from pellucid.winograd import MATRICES, SIDE, Plane, Scheme, Side, divisors, grad_input, grad_weight, output

_TRANSFORM_ROUNDINGS = 12  # two passes of at most five each, the scale and its constant
_FLUSHED = 2048
_FLUSHED_BACK = 8
Array = NDArray[Any]


def error_bounds(question: Question) -> NDArray[np.float64]:
    """The bounds for elements of an output, an input gradient or a weight gradient."""
    count = _grad_weight if question.source.of == "grad_weight" else _convolved
    with np.errstate(all="ignore"):
        return np.array([_bound(*count(question, index.tolist()), question.dtype) for index in question.at])


def _bound(magnitude: float, lost: float, additions: int, dtype: np.dtype[Any]) -> float:
    """The bound from the sums of absolute values, the flushed numbers and the additions in between."""
    if not math.isfinite(magnitude):
        return math.inf
    info = np.finfo(dtype)
    gamma_roundings = 3 * _TRANSFORM_ROUNDINGS + additions
    u = Fraction(float(info.eps)) / 2
    gamma = gamma_roundings * u / (1 - gamma_roundings * u)
    # the magnitudes are sums in float64: one part in 2³⁰ covers their own roundings
    limit = (gamma * Fraction(magnitude) + Fraction(lost) * Fraction(float(info.tiny))) * (
        1 + Fraction(1, 2**30)
    )
    return math.nextafter(float(limit), math.inf)


def _convolved(question: Question, index: Sequence[int]) -> tuple[float, float, int]:
    """Magnitude, flushed numbers and additions of an output or an input gradient."""
    n, channel, *at = index
    weight = question.operand("weight").array
    if question.source.of == "output":
        source, kernels, direction = question.operand("input").array[n], weight[channel], output
        start = question.operand("bias").array[channel] if "bias" in question.has else 0.0
    else:
        source, kernels, direction = question.operand("grad_output").array[n], weight[:, channel], grad_input
        start = 0.0 if question.base is None else question.base.array[tuple(index)]
    scheme = Scheme(*(direction(axis.stride, axis.before) for axis in _axes(question)))
    tiles, place = zip(
        *(divmod(i, SIDE * along.result.stride) for i, along in zip(at, (scheme.h, scheme.w), strict=True)),
        strict=True,
    )
    magnitude, lost = _back(scheme, _window(source, scheme.left, tiles), kernels, place)
    return magnitude + abs(float(start)), lost, len(kernels) * max(map(len, scheme.products)) + 2


def _grad_weight(question: Question, index: Sequence[int]) -> tuple[float, float, int]:
    """The same for a weight gradient."""
    o, c, *at = index
    input, grad_output = (question.operand(name).array for name in ("input", "grad_output"))
    scheme = Scheme(*(grad_weight(axis.stride, axis.before) for axis in _axes(question)))
    sides = zip(input.shape[2:], (scheme.h.left, scheme.w.left), strict=True)
    rows, columns = (range(-(-size // (SIDE * side.stride))) for size, side in sides)
    tiles = [(n, (y, x)) for n in range(len(input)) for y in rows for x in columns]
    inputs = np.stack([_window(input[n, c], scheme.left, tile) for n, tile in tiles])
    windows = np.stack([_window(grad_output[n, o], scheme.right, tile) for n, tile in tiles])
    magnitude, lost = _back(scheme, inputs, windows, at)
    return magnitude, lost, int(question.source.facts["winograd_additions"])


def _axes(question: Question) -> tuple[Axis, ...]:
    """The convolution along H and W."""
    op, (input, weight, *_) = question.source.op, question.shapes
    assert isinstance(op, Conv)
    assert input is not None
    assert weight is not None
    return op.geometry(input, weight).axes


def _window(array: Array, plane: Plane, tile: Sequence[int]) -> Array:
    """The positions of a tile, which are on the last two axes, as float64; zeros outside of the array."""
    window = np.zeros((*array.shape[:-2], plane.h.reach, plane.w.reach))
    (y, x), (height, width) = _begin(plane, tile), array.shape[-2:]
    y0, y1, x0, x1 = max(y, 0), min(y + plane.h.reach, height), max(x, 0), min(x + plane.w.reach, width)
    if y0 < y1 and x0 < x1:
        window[..., y0 - y : y1 - y, x0 - x : x1 - x] = array[..., y0:y1, x0:x1]
    return window


def _begin(plane: Plane, tile: Sequence[int]) -> list[int]:
    """The first position of a tile."""
    sides = zip(tile, (plane.h, plane.w), strict=True)
    return [side.corner + number * SIDE * side.stride for number, side in sides]


def _back(scheme: Scheme, left: Array, right: Array, place: Sequence[int]) -> tuple[float, float]:
    """Magnitude and flushed numbers of the result at one place of a tile, from what is summed over."""
    lefts, rights = _absolute(scheme.left, left), _absolute(scheme.right, right)
    sums, flushed = [], []
    for factors in scheme.products:
        pairs = [(lefts[:, i], rights[:, j]) for i, j in factors]
        sums.append(sum(float(x @ y) for x, y in pairs))
        flushed.append(sum(float((_FLUSHED * (x + y) + 4 + _FLUSHED_BACK).sum()) for x, y in pairs))
    rows, columns = _matrix(scheme.h.result)[:, place[0]], _matrix(scheme.w.result)[:, place[1]]
    magnitude, lost = (
        float(rows @ np.reshape(points, (len(rows), -1)) @ columns) for points in (sums, flushed)
    )
    return magnitude, lost + _FLUSHED_BACK * len(left)


def _absolute(plane: Plane, factors: Array) -> Array:
    """|M||x||N|ᵀ of factors (…, i, j), their points side by side."""
    m, n = _matrix(plane.h), _matrix(plane.w)
    points: Array = np.einsum("pi,cij,qj->cpq", m, np.abs(factors.astype(float)), n)
    return points.reshape(len(factors), -1)


def _matrix(side: Side) -> Array:
    """|M| of all phases: points × positions of a tile."""
    matrix, point = np.zeros((side.points, side.reach)), 0
    for phase in side.phases:
        part = np.abs(np.array(MATRICES[phase.kind]) / np.array(divisors(phase.kind))[:, None])
        matrix[point : point + phase.points, list(phase.positions)] = part.T if phase.back else part
        point += phase.points
    return matrix
