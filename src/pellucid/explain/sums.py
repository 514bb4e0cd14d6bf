"""Sums of products: their exact value, how far a chain of fused multiply–adds can lie from it, and the replay.

The engine starts from s₀ (a bias, an earlier gradient, or 0) and makes sᵢ = fl(sᵢ₋₁ + pᵢ), pᵢ = aᵢ·bᵢ, one rounding
each. With u the unit roundoff (2⁻²⁴ or 2⁻⁵³) and λ the least normal number, and no overflow,

    sᵢ = (sᵢ₋₁ + pᵢ)·(1 + δᵢ) + ηᵢ,     |δᵢ| ≤ u,  |ηᵢ| ≤ λ

where ηᵢ is a denormal result that was flushed to zero. Unrolled, every pᵢ and s₀ meets at most T factors (1 + δ), whose
product is 1 + θ with |θ| ≤ γ = T·u/(1 − T·u) (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1), and
every ηᵢ is carried on with a factor of at most 1 + γ. Denormal *operands* count as zero: what they would have given is
lost, at most D = Σ|pᵢ| over the products with a denormal factor (and |s₀| if that is one). With S = |s₀| + Σ|pᵢ|,

    |value − Σ| ≤ γ·S + (1 + γ)·n·λ + D + 2⁻⁵³·S

n counts the additions; the last term lets `exact` be Σ rounded to float64. When the products are summed in parts which
are then added, T is the longest part's length and one more for each part after the first: no product meets more
roundings. Products with padding are left out: adding an exact zero rounds nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.question import Operand, Question
from pellucid.explain.trace import Exact, Products, Term, Trace, nearest, product_of
from pellucid.geometry import Index
from pellucid.ops.base import Terms

Column = NDArray[Any]


def trace_of(
    question: Question,
    terms: Terms,
    *,
    formula: str,
    order: str = "",
    notes: Sequence[str] = (),
    per_part: int | None = None,
    bound: float | None = None,
) -> Trace:
    """The explanation of a number that is a sum of products, with its certificate.

    The factors' indices may lie outside their arrays: zeros stand there. With `per_part` the engine sums that many
    rows at a time, each part from 0, and then adds the parts. With a `bound` it is not a chain of additions in this
    order; there is no replay then.
    """
    value, dtype = question.value, question.value.dtype
    operands = [question.operand(name) for name, _ in terms.factors]
    indices = [rows for _, rows in terms.factors]
    inside, columns = _gathered([operand.array for operand in operands], indices)
    first = _first(question, terms)
    start = dtype.type(0) if first is None else first[0].array[first[1]]
    begin = None if first is None else first[0].address(first[1])
    left, right = columns[0], columns[1] if len(columns) > 1 else np.ones_like(columns[0])
    bounds = _bounds(len(left), per_part)
    replayed = _replayed(left, right, bounds, start) if bound is None else None

    finite = bool(np.isfinite(start)) and all(np.isfinite(column).all() for column in columns)
    if finite:
        a, b = np.append(left[inside], start), np.append(right[inside], dtype.type(1))
        exact = exact_sum(a, b)
        limit = error_bound(a, b, _lengths(inside, bounds)) if bound is None else _with_rounding(bound, exact)
        within = bool(np.isfinite(value)) and abs(Fraction(float(value)) - Fraction(exact)) <= limit
    else:  # NaN and infinity have no distance: the sum must give the same in any precision
        with np.errstate(all="ignore"):
            exact, limit = float(np.sum(left.astype(np.float64) * right, initial=start)), 0.0
        within = _same(float(value), exact) or (bound is not None and bool(np.isnan(value)))
    return Trace(
        kind="sum",
        address=question.address,
        dtype=str(dtype),
        value=float(value),
        formula=formula,
        terms=Products(
            [operand.address for operand in operands],
            [rows[inside] for rows in indices],
            [column[inside] for column in columns],
        ),
        start=None if begin is None else Term(((begin, float(start)),), product_of([start])),
        exact=exact,
        error_bound=limit,
        replay=None if replayed is None else float(replayed),
        certified=within and (replayed is None or _same_bits(value, replayed)),
        note="; ".join(
            [*notes, *_padding(inside), *([_order(bounds, begin, order)] if bound is None else [])]
        ),
    )


def exact_sum(left: Column, right: Column) -> Exact:
    """Σ left·right: correctly rounded to float64 for float32 numbers, a fraction for float64 numbers."""
    if left.dtype == np.float32:
        return math.fsum((left.astype(np.float64) * right.astype(np.float64)).tolist())
    (a, a_exponents), (b, b_exponents) = _whole(left), _whole(right)
    exponents = a_exponents + b_exponents
    lowest = int(exponents.min(initial=0))
    shifts = (exponents - lowest).tolist()
    total: int = sum((x * y) << shift for x, y, shift in zip(a.tolist(), b.tolist(), shifts, strict=True))
    return total * Fraction(2) ** lowest


def _whole(numbers: Column) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Float64 numbers as whole numbers times powers of two."""
    mantissas, exponents = np.frexp(numbers)
    return np.ldexp(mantissas, 53).astype(np.int64), exponents.astype(np.int64) - 53


def error_bound(left: Column, right: Column, lengths: Sequence[int]) -> float:
    """How far the engine's number can lie from the exact sum; the last pair is (start, 1). See the top of the file."""
    info = np.finfo(left.dtype)
    u, least = Fraction(float(info.eps)) / 2, Fraction(float(info.tiny))
    depth, additions = max(lengths) + len(lengths) - 1, sum(lengths) + len(lengths) - 1
    if depth * u >= 1:
        return math.inf
    gamma = depth * u / (1 - depth * u)
    left, right = np.abs(left), np.abs(right)
    denormal = ((left < info.tiny) & (left > 0)) | ((right < info.tiny) & (right > 0))
    total, lost = _at_least(exact_sum(left, right)), _at_least(exact_sum(left[denormal], right[denormal]))
    limit = gamma * total + (1 + gamma) * additions * least + lost + total / 2**53
    try:
        return math.nextafter(float(limit), math.inf)
    except OverflowError:
        return math.inf


def _with_rounding(bound: float, exact: Exact) -> float:
    """A bound that also lets `exact` be rounded to float64."""
    return math.nextafter(bound + abs(nearest(exact)) * 2**-53, math.inf)


def _at_least(value: Exact) -> Fraction:
    """No less than a sum of which `value` may be the rounding."""
    return value if isinstance(value, Fraction) else Fraction(math.nextafter(value, math.inf))


def _first(question: Question, terms: Terms) -> tuple[Operand, Index] | None:
    """What the sum begins with: a bias, or what a gradient had grown to before."""
    if terms.start is not None:
        return question.operand(terms.start[0]), terms.start[1]
    return None if question.base is None else (question.base, question.index)


def _gathered(
    arrays: Sequence[Column], indices: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.bool_], list[Column]]:
    """Which rows lie inside all the arrays, and each array's column, with zeros for what lies outside."""
    found = [
        ((rows >= 0) & (rows < np.array(array.shape, np.int64))).all(axis=1)
        for array, rows in zip(arrays, indices, strict=True)
    ]
    columns = []
    for array, rows, here in zip(arrays, indices, found, strict=True):
        column = np.zeros(len(rows), array.dtype)
        column[here] = array[tuple(rows[here].T)]
        columns.append(column)
    return np.logical_and.reduce(found), columns


def _bounds(rows: int, per_part: int | None) -> NDArray[np.int64]:
    """Where parts begin, and the end of the last one; there is one part at least."""
    starts = range(0, rows, per_part) if per_part and rows else [0]
    return np.array([*starts, rows], np.int64)


def _lengths(inside: NDArray[np.bool_], bounds: NDArray[np.int64]) -> list[int]:
    """How many products of each part are not with padding."""
    counts = np.concatenate([[0], np.cumsum(inside)])
    return [int(n) for n in np.diff(counts[bounds])]


def _replayed(left: Column, right: Column, bounds: NDArray[np.int64], start: np.floating[Any]) -> Any:
    from pellucid.kernels.replay import replay  # imports LLVM: only when it is needed

    sums = np.zeros(len(bounds) - 1, left.dtype)
    sums[0] = start
    replay(np.ascontiguousarray(left), np.ascontiguousarray(right), bounds, sums)
    return sums[0]


def _padding(inside: NDArray[np.bool_]) -> list[str]:
    """How many products meet padding."""
    padding = int(np.count_nonzero(~inside))
    return [f"{padding:,} of {len(inside):,} products meet padding and add exact zeros"] if padding else []


def _order(bounds: NDArray[np.int64], begin: str | None, order: str) -> str:
    """In which order all products are summed."""
    parts = len(bounds) - 1
    text = f"order: from {begin or 0}, {order}, one fused multiply–add each"
    if parts > 1:
        text += (
            f", in {parts} parts of up to {bounds[1]:,} products, each from 0, which are then added in order"
        )
    return text


def _same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def _same_bits(x: np.floating[Any], y: np.floating[Any]) -> bool:
    """Equal down to the sign of zero; one NaN is as good as another."""
    return _same(float(x), float(y)) and bool(np.signbit(x) == np.signbit(y) or np.isnan(x))
