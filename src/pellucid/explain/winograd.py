"""How far a number computed by Winograd's algorithm can lie from the sum of its products.

The algorithm (see `winograd.py` of the package) is bilinear: result = A[Σ (L·l·Lᵀ) ⊙ (R·r·Rᵀ)]Aᵀ with fixed matrices,
where a point of the result may sum several products of points. In what is computed, every path from two factors to the
result meets a bounded number T of roundings, each a factor (1 + δ) with |δ| ≤ u, so with γ = T·u/(1 − T·u) and absolute
values taken of everything,

    |value − result| ≤ γ·(|A|[Σ (|L||l||L|ᵀ) ⊙ (|R||r||R|ᵀ)]|A|ᵀ + |start|)

(Higham, Accuracy and Stability of Numerical Algorithms, section 3.5, applied to each path.) Numbers below λ, the least
normal one, count as zero on their way: a transformed factor can be wrong by ≤ 512·λ because of that (a row's absolute
sum is at most 15, so at most 225 in two passes, and each pass flushes a few results of its own), each product and
addition by λ, and what is lost on the way back is no more than 8·λ at each point and 8·λ at the end would be. Infinite
and NaN factors spread over a tile; then there is no bound.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.question import Question
from pellucid.geometry import Axis
from pellucid.ops.conv import Conv
from pellucid.winograd import (
    MATRICES,
    SIDE,
    Along,
    Phase,
    Phases,
    Scheme,
    divisors,
    grad_input,
    grad_weight,
    output,
)

_TRANSFORM_ROUNDINGS = 12  # two passes of at most five each, the scale and its constant
_FLUSHED = 512
Array = NDArray[Any]


def error_bound(question: Question) -> float:
    """The bound for one element of an output, an input gradient or a weight gradient."""
    with np.errstate(all="ignore"):
        if question.of == "grad_weight":
            magnitude, lost, additions = _grad_weight(question)
        else:
            magnitude, lost, additions = _convolved(question)
    if not math.isfinite(magnitude):
        return math.inf
    info = np.finfo(question.value.dtype)
    gamma_roundings = 3 * _TRANSFORM_ROUNDINGS + additions
    u = Fraction(float(info.eps)) / 2
    gamma = gamma_roundings * u / (1 - gamma_roundings * u)
    # the magnitudes are sums in float64: one part in 2³⁰ covers their own roundings
    limit = (gamma * Fraction(magnitude) + Fraction(lost) * Fraction(float(info.tiny))) * (
        1 + Fraction(1, 2**30)
    )
    return math.nextafter(float(limit), math.inf)


def _convolved(question: Question) -> tuple[float, float, int]:
    """Magnitude, flushed numbers and additions of an output or an input gradient."""
    n, channel, *at = question.index
    weight = question.operand("weight").array
    if question.of == "output":
        source, kernels, direction = question.operand("input").array[n], weight[channel], output
        start = question.operand("bias").array[channel] if question.node.operands[2] is not None else 0.0
    else:
        source, kernels, direction = question.operand("grad_output").array[n], weight[:, channel], grad_input
        start = 0.0 if question.base is None else question.base.array[question.index]
    scheme = Scheme(*(direction(axis.stride, axis.before) for axis in _axes(question)))
    alongs = (scheme.h, scheme.w)
    tiles = [i // (SIDE * along.strides[1]) for i, along in zip(at, alongs, strict=True)]
    window = _window(source, [_begin(along, tile) for along, tile in zip(alongs, tiles, strict=True)], scheme)
    place = [i - tile * SIDE * along.strides[1] for i, tile, along in zip(at, tiles, alongs, strict=True)]
    magnitude, lost = _back(scheme, window, kernels, place)
    return magnitude + abs(float(start)), lost, len(kernels) * _most_terms(scheme) + 2


def _grad_weight(question: Question) -> tuple[float, float, int]:
    """The same for a weight gradient."""
    o, c, *at = question.index
    input, grad_output = (question.operand(name).array for name in ("input", "grad_output"))
    scheme = Scheme(*(grad_weight(axis.stride, axis.before) for axis in _axes(question)))
    rows, columns = (range(-(-size // SIDE)) for size in grad_output.shape[2:])
    tiles = [(n, y, x) for n in range(len(input)) for y in rows for x in columns]
    windows = [_window(input[n, c], [_begin(scheme.h, y), _begin(scheme.w, x)], scheme) for n, y, x in tiles]
    gradients = [_square(grad_output[n, o], [SIDE * y, SIDE * x], [SIDE, SIDE]) for n, y, x in tiles]
    magnitude, lost = _back(scheme, np.stack(windows), np.stack(gradients), at)
    assert question.winograd is not None
    return magnitude, lost + len(tiles), question.winograd


def _axes(question: Question) -> tuple[Axis, ...]:
    """The convolution along H and W."""
    op, (input, weight, *_) = question.node.op, question.shapes
    assert isinstance(op, Conv)
    assert input is not None
    assert weight is not None
    return op.geometry(input, weight).axes


def _begin(along: Along, tile: int) -> int:
    """Where a tile of the left factor begins."""
    return along.corner + tile * SIDE * along.strides[0]


def _window(array: Array, begin: list[int], scheme: Scheme) -> Array:
    """The positions that a tile of the left factor reads."""
    return _square(array, begin, [_reach(along.left) for along in (scheme.h, scheme.w)])


def _square(array: Array, begin: list[int], sizes: list[int]) -> Array:
    """A part of the last two axes as float64; zeros outside of the array."""
    window = np.zeros((*array.shape[:-2], *sizes))
    (y, x), (height, width) = begin, array.shape[-2:]
    y0, y1, x0, x1 = max(y, 0), min(y + sizes[0], height), max(x, 0), min(x + sizes[1], width)
    if y0 < y1 and x0 < x1:
        window[..., y0 - y : y1 - y, x0 - x : x1 - x] = array[..., y0:y1, x0:x1]
    return window


def _back(scheme: Scheme, left: Array, right: Array, place: list[int]) -> tuple[float, float]:
    """Magnitude and flushed numbers of the result at one place of a tile, from what is summed over."""
    lefts = _absolute(scheme.h.left, scheme.w.left, left)
    rights = _absolute(scheme.h.right, scheme.w.right, right)
    sums, flushed = [], []
    for factors in scheme.products:
        pairs = [(lefts[:, i], rights[:, j]) for i, j in factors]
        sums.append(sum(float(x @ y) for x, y in pairs))
        flushed.append(sum(float((_FLUSHED * (x + y) + 4).sum()) for x, y in pairs) + 8)
    rows, columns = (
        _matrix(phases)[:, i] for phases, i in zip((scheme.h.result, scheme.w.result), place, strict=True)
    )
    magnitude, lost = (
        float(rows @ np.reshape(points, (len(rows), -1)) @ columns) for points in (sums, flushed)
    )
    return magnitude, lost + 8


def _absolute(rows: Phases, columns: Phases, factors: Array) -> Array:
    """|M||x||N|ᵀ of factors (…, i, j), their points side by side."""
    points: Array = np.einsum(
        "pi,cij,qj->cpq", _matrix(rows), np.abs(factors.astype(float)), _matrix(columns)
    )
    return points.reshape(len(factors), -1)


def _matrix(phases: Phases) -> Array:
    """|M| of all phases: points × positions of a tile."""
    matrix, point = np.zeros((sum(phase.points for phase in phases), _reach(phases))), 0
    for phase in phases:
        matrix[point : point + phase.points, list(phase.positions)] = _of_phase(phase)
        point += phase.points
    return matrix


def _of_phase(phase: Phase) -> Array:
    matrix: Array = np.abs(np.array(MATRICES[phase.kind], float) / np.array(divisors(phase.kind))[:, None])
    return matrix.T if phase.transposed else matrix


def _reach(phases: Phases) -> int:
    """How many positions a tile has."""
    return 1 + max(max(phase.positions) for phase in phases)


def _most_terms(scheme: Scheme) -> int:
    """How many products of points one point sums at most."""
    return max(map(len, scheme.products))
