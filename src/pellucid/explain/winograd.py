"""How far a number computed by Winograd's algorithm can lie from the sum of its products.

The algorithm (see `winograd.py` of the package) is bilinear: result = Aᵀ[Σ (L·l·Lᵀ) ⊙ (R·r·Rᵀ)]A with fixed matrices.
In what is computed, every path from two factors to the result meets a bounded number T of roundings, each a factor
(1 + δ) with |δ| ≤ u, so with γ = T·u/(1 − T·u) and absolute values taken of everything,

    |value − result| ≤ γ·(|A|ᵀ[Σ (|L||l||L|ᵀ) ⊙ (|R||r||R|ᵀ)]|A| + |start|)

(Higham, Accuracy and Stability of Numerical Algorithms, section 3.5, applied to each path.) Numbers below λ, the least
normal one, count as zero on their way: a transformed factor can be wrong by ≤ 512·λ because of that (a row's absolute
sum is at most 15, so at most 225 in two passes, and each pass flushes a few results of its own), each product and
addition by λ. Infinite and NaN factors spread over a tile; then there is no bound.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.question import Question
from pellucid.ops.conv import Conv
from pellucid.winograd import MATRICES, POINTS, SCALED, SCALES, SIDE

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
    op, (n, channel, y, x) = question.node.op, question.index
    assert isinstance(op, Conv)
    before = _before(question)
    weight = question.operand("weight").array
    if question.of == "output":
        source, kernels = question.operand("input").array[n], weight[channel]
        begin = [-b for b in before]
        start = question.operand("bias").array[channel] if question.node.operands[2] is not None else 0.0
    else:
        source, kernels = question.operand("grad_output").array[n], weight[:, channel, ::-1, ::-1]
        begin = [b - 2 for b in before]
        start = 0.0 if question.base is None else question.base.array[question.index]
    tile = [at // SIDE * SIDE for at in (y, x)]
    window = _window(source, [t + b for t, b in zip(tile, begin, strict=True)], POINTS)
    left, right = _absolute("weight", kernels), _absolute("input", window)
    back = np.abs(np.array(MATRICES["output"], float))
    magnitude = _at(back, (left * right).sum(0), y - tile[0], x - tile[1]) + abs(float(start))
    flushed = (_FLUSHED * (left + right) + 4).sum(0) + 8
    lost = _at(back, flushed, y - tile[0], x - tile[1]) + 4
    return magnitude, lost, len(kernels) + 2


def _grad_weight(question: Question) -> tuple[float, float, int]:
    """The same for a weight gradient."""
    o, c, ky, kx = question.index
    before = _before(question)
    input, grad_output = (question.operand(name).array for name in ("input", "grad_output"))
    tiles = [
        (n, y, x)
        for n in range(len(input))
        for y in range(0, input.shape[2], SIDE)
        for x in range(0, input.shape[3], SIDE)
    ]
    inputs = np.stack([_window(input[n, c], [y, x], SIDE) for n, y, x in tiles])
    begin = [b - 2 for b in before]
    windows = np.stack(
        [_window(grad_output[n, o], [y + begin[0], x + begin[1]], POINTS) for n, y, x in tiles]
    )
    left, right = _absolute("tile", inputs), _absolute("input", windows)
    back = np.abs(np.array(MATRICES["grad_weight"], float))
    magnitude = _at(back, (left * right).sum(0), 2 - ky, 2 - kx)
    lost = _at(back, (_FLUSHED * (left + right) + 12).sum(0), 2 - ky, 2 - kx) + len(tiles)
    assert question.winograd is not None
    return magnitude, lost, question.winograd


def _before(question: Question) -> list[int]:
    """The padding before the first row and column."""
    op, (input, weight, *_) = question.node.op, question.shapes
    assert isinstance(op, Conv)
    assert input is not None
    assert weight is not None
    return [axis.before for axis in op.geometry(input, weight).axes]


def _window(array: Array, begin: list[int], size: int) -> Array:
    """A square of the last two axes as float64; zeros outside of the array."""
    window = np.zeros((*array.shape[:-2], size, size))
    (y, x), (height, width) = begin, array.shape[-2:]
    y0, y1, x0, x1 = max(y, 0), min(y + size, height), max(x, 0), min(x + size, width)
    if y0 < y1 and x0 < x1:
        window[..., y0 - y : y1 - y, x0 - x : x1 - x] = array[..., y0:y1, x0:x1]
    return window


def _absolute(kind: str, factors: Array) -> Array:
    """|M||x||M|ᵀ of factors (…, i, j)."""
    matrix = np.abs(np.array(MATRICES[kind], float))
    if kind in SCALED:
        matrix *= np.abs(SCALES)[:, None]
    transformed: Array = np.einsum("pi,...ij,qj->...pq", matrix, np.abs(factors.astype(float)), matrix)
    return transformed


def _at(back: Array, points: Array, i: int, j: int) -> float:
    """One result of |A|ᵀ·points·|A|."""
    return float(back[i] @ points @ back[j])
