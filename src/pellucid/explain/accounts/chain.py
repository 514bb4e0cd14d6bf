"""Sums of products: their exact value, how far a chain of fused multiply–adds can lie from it, and the replay.

The engine starts from s₀ (a bias, an earlier gradient, or 0) and makes sᵢ = fl(sᵢ₋₁ + pᵢ), pᵢ = aᵢ·bᵢ, one rounding
each. With u the unit roundoff (2⁻²⁴ or 2⁻⁵³) and λ the least normal number, and no overflow,

    sᵢ = (sᵢ₋₁ + pᵢ)·(1 + δᵢ) + ηᵢ,     |δᵢ| ≤ u,  |ηᵢ| ≤ λ

where ηᵢ is a denormal result that was flushed to zero. Unrolled, every pᵢ and s₀ meets at most T factors (1 + δ), whose
product is 1 + θ with |θ| ≤ γ = T·u/(1 − T·u) (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1), and
every ηᵢ is carried on with a factor of at most 1 + γ. Denormal *operands* count as zero: what they would have given is
lost, at most D = Σ|pᵢ| over the products with a denormal factor (and |s₀| if that is one). With S = |s₀| + Σ|pᵢ|,

    |value − Σ| ≤ γ·S + (1 + γ)·n·λ + D + 2⁻⁵³·S

n counts the additions; the last term lets `exact` be Σ rounded to float64. When the products are summed in parts of a
batch which are then added as a tree (`batch.py` of the package), T is the longest part's length and one more for each
level of the tree: no product meets more roundings. Products with padding are left out: adding an exact zero rounds
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pellucid.batch import added, depth
from pellucid.explain.accounts.account import (
    Account,
    Element,
    Exact,
    Group,
    Kind,
    Note,
    Quantity,
    Verdict,
    same,
)
from pellucid.explain.accounts.enclosed import WIDE
from pellucid.explain.question import Question
from pellucid.ops.base import Terms

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Chain(Account):
    """Sums of products of one or two factors.

    Attributes:
        start: what the sums begin with, one number an element; None for zero.
        edges: where the parts of a batch begin, each of which the engine sums from 0 before it adds them as a tree, and
            the end of the last one; None for one part of all terms.
        bound: how far the engine's number can lie from the sum, where another algorithm than a chain made it.
        replay: that algorithm's numbers once more; None where there is no replay of it.
    """

    kind: ClassVar[Kind] = "sum"

    start: Element | None = None
    edges: Sequence[int] | None = None
    bound: NDArray[np.float64] | None = None
    replay: Array | None = None

    def judge(self, question: Question) -> Verdict:
        """The exact sums, the bounds of their order, and the replay."""
        counts, left, right = self.columns(len(question.at), question.dtype)
        start = np.zeros(len(left), question.dtype)
        if self.start is not None:
            start[:] = self.start.gathered()[1]
        finite = np.isfinite(start) & np.isfinite(left).all(axis=1) & np.isfinite(right).all(axis=1)
        edges = self._edges(left.shape[1])
        replay = self.replay if self.bound is not None else self._replayed(left, right, edges, start)
        sums = np.where(counts, left, 0), np.where(counts, right, 0), start
        with np.errstate(all="ignore"):
            exact = _exact_sums(*sums)
            for e in np.flatnonzero(~finite):
                exact[e] = float(np.sum(left[e].astype(np.float64) * right[e], initial=start[e]))
            bound = _bounds(*sums, _lengths(counts, edges)) if self.bound is None else self.bound
        bound = np.where(finite, bound, 0.0)
        if self.bound is not None:
            nearest_ = np.array([nearest(x) for x in exact])
            bound = np.where(finite, np.nextafter(bound + abs(nearest_) * 2.0**-53, np.inf), 0.0)
        within = _within(question.value, exact, bound)
        if self.bound is not None and replay is None:  # what is not finite spreads in a tile
            within |= ~finite & np.isnan(question.value)
        certified = within if replay is None else within & same(question.value, replay)
        return Verdict(exact, bound, certified, replay)

    def columns(self, elements: int, dtype: Any) -> tuple[NDArray[np.bool_], Array, Array]:
        """Which terms count (neither padding nor absent), and both factors, all (elements, terms).

        An absent term is −0·1, which no sum notices.
        """
        (group,) = self.terms
        found = [factor.gathered() for factor in group.factors]
        present = np.True_ if group.present is None else group.present
        shape = np.broadcast_shapes((elements, 1), np.shape(present), *(v.shape for _, v in found))
        counts = _and(shape, present, *(inside for inside, _ in found))
        left = np.broadcast_to(found[0][1], shape)
        right = np.broadcast_to(found[1][1] if len(found) > 1 else dtype.type(1), shape)
        if group.present is not None:
            left = np.where(present, left, dtype.type(-0.0))
            right = np.where(present, right, dtype.type(1))
        return counts, np.ascontiguousarray(left), np.ascontiguousarray(right)

    def padding(self) -> list[Note]:
        """How many products of the only element meet padding."""
        counts, present = self._counted()
        padding = int(np.count_nonzero(present & ~counts))
        return [("note.padding", {"padding": padding, "count": int(present.sum())})] if padding else []

    def order(self, order: str) -> Note:
        """In which order all products of the only element are summed."""
        _, present = self._counted()
        edges = self._edges(present.size)
        parts = len(edges) - 1
        start = "0"
        if self.start is not None:
            start = self.start.operand.address(int(np.ravel(row)[0]) for row in self.start.rows)
        values: dict[str, Any] = {"start": start, "order": (order, {})}
        (group,) = self.terms
        products = len(group.factors) > 1
        if parts == 1:
            return "note.order" if products else "note.order_of_additions", values
        key = "note.order_in_parts" if products else "note.order_of_additions_in_parts"
        return key, {**values, "parts": parts, "size": int(np.diff(edges).max())}

    def _counted(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which terms of the only element count, and which are there."""
        (group,) = self.terms
        counts, _, _ = self.columns(1, np.dtype(np.float64))
        present = True if group.present is None else group.present
        return counts, np.broadcast_to(np.asarray(present), counts.shape)

    def _replayed(self, left: Array, right: Array, edges: NDArray[np.int64], start: Array) -> Array:
        """The engine's numbers, operation by operation; where there is none, the start itself."""
        from pellucid.kernels.flushing import flushed  # imports LLVM: only when it is needed
        from pellucid.kernels.loops.replay import replay

        sums = np.zeros((len(left), len(edges) - 1), left.dtype)
        sums[:, 0] = start
        replay(left, right, edges, sums)
        total = flushed(lambda: added(list(sums.T), np.add))
        (group,) = self.terms
        if group.present is None:
            return total
        some = np.broadcast_to(group.present, left.shape).any(axis=1)
        return np.where(some, total, start)

    def _edges(self, terms: int) -> NDArray[np.int64]:
        """The edges of one part at least."""
        return np.array([0, terms] if self.edges is None else self.edges, np.int64)


def chain_of(question: Question, terms: Terms, *, weight: str = "weight", **settings: Any) -> Chain:
    """The chain of an op's terms, from its bias, or from what a gradient had grown to before.

    Where numbers multiply the terms, `weight` is what they are called.
    """
    factors: tuple[Element | Quantity, ...]
    factors = tuple(Element(question.operand(name), rows) for name, rows in terms.factors)
    if terms.weights is not None:
        factors = (*factors, Quantity(weight, terms.weights.astype(question.dtype)))
    start = None
    if terms.start is not None:
        start = Element(question.operand(terms.start[0]), terms.start[1])
    elif question.base is not None:
        start = Element(question.base, tuple(question.at.T))
    return Chain((Group(factors, terms.present),), start=start, **settings)


def _and(shape: tuple[int, ...], *conditions: Any) -> NDArray[np.bool_]:
    """Where all conditions hold."""
    result: Any = np.True_
    for condition in conditions:
        result = result & condition
    return np.broadcast_to(result, shape)


def exact_sum(left: Array, right: Array) -> Exact:
    """Σ left·right: correctly rounded to float64 for float32 numbers, a fraction for float64 numbers."""
    if left.dtype == np.float32:
        return math.fsum((left.astype(np.float64) * right.astype(np.float64)).tolist())
    total = product_sum((left, right))
    assert total is not None
    return total


def product_sum(factors: Sequence[Array]) -> Fraction | None:
    """Σ of the products of several columns, exactly; None when a factor is not finite."""
    if not all(np.isfinite(column).all() for column in factors):
        return None
    numbers, exponents = zip(*(_whole(column.astype(np.float64)) for column in factors), strict=True)
    powers = np.sum(exponents, axis=0)
    lowest = int(powers.min(initial=0))
    shifts = (powers - lowest).tolist()
    products = (math.prod(row) for row in zip(*(column.tolist() for column in numbers), strict=True))
    total: int = sum(product << shift for product, shift in zip(products, shifts, strict=True))
    return total * Fraction(2) ** lowest


def nearest(value: Exact) -> float:
    """The float nearest to an exact number; infinite when there is none so large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _exact_sums(left: Array, right: Array, start: Array) -> list[Exact]:
    """The same for each element, from its start; sums that are not finite are NaN."""
    lefts = np.concatenate([left, start[:, None]], axis=1)
    rights = np.concatenate([right, np.ones_like(start)[:, None]], axis=1)
    finite = np.isfinite(lefts).all(axis=1) & np.isfinite(rights).all(axis=1)
    if left.dtype == np.float32:
        rows = (lefts.astype(np.float64) * rights).tolist()
        return [math.fsum(row) if known else math.nan for row, known in zip(rows, finite, strict=True)]
    return [exact_sum(x, y) if known else math.nan for x, y, known in zip(lefts, rights, finite, strict=True)]


def _whole(numbers: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Float64 numbers as whole numbers times powers of two."""
    mantissas, exponents = np.frexp(numbers)
    return np.ldexp(mantissas, 53).astype(np.int64), exponents.astype(np.int64) - 53


def _lengths(counts: NDArray[np.bool_], edges: NDArray[np.int64]) -> tuple[Array, Array]:
    """For each element, the roundings that a product can meet at most, and all additions. See the top of the file."""
    before = np.concatenate([np.zeros((len(counts), 1), np.int64), np.cumsum(counts, axis=1)], axis=1)
    lengths, parts = np.diff(before[:, edges], axis=1), len(edges) - 1
    return lengths.max(axis=1) + depth(parts), lengths.sum(axis=1) + parts - 1


def _bounds(left: Array, right: Array, start: Array, lengths: tuple[Array, Array]) -> NDArray[np.float64]:
    """How far the engine's numbers can lie from the exact sums; what does not count is 0."""
    info = np.finfo(left.dtype)
    u, least = WIDE(info.eps) / 2, WIDE(info.tiny)
    most, additions = (x.astype(WIDE) for x in lengths)
    gamma = np.where(most * u < 1, most * u / (1 - most * u), np.inf)
    products = abs(left.astype(WIDE) * right)
    denormal = ((abs(left) < info.tiny) & (left != 0)) | ((abs(right) < info.tiny) & (right != 0))
    size = abs(start.astype(WIDE))
    total = products.sum(axis=1) + size
    lost = (products * denormal).sum(axis=1) + np.where(size < least, size, 0)
    limit = gamma * total + (1 + gamma) * additions * least + lost + total / WIDE(2) ** 53
    # What these sums themselves are rounded by.
    slack = 1 + 4 * (left.shape[1] + 8) * WIDE(np.finfo(WIDE).eps)
    rounded_up = np.nextafter((limit * slack).astype(np.float64), np.inf)
    return np.where(limit == 0, 0.0, rounded_up)


def _within(values: Array, exact: list[Exact], bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """|value − exact| ≤ bound; what is not finite has no distance: it must be the same."""
    near, finite = np.array([nearest(x) for x in exact]), np.isfinite(values)
    known = np.array([isinstance(x, Fraction) or math.isfinite(x) for x in exact])
    with np.errstate(all="ignore"):
        gap = (abs(values.astype(WIDE) - near) + abs(near) * WIDE(2) ** -53) * (1 + WIDE(2) ** -40)
        alike = (values == near) | (np.isnan(values) & np.isnan(near))
    within: NDArray[np.bool_] = np.where(known, finite & (gap <= bounds), alike)
    for e in np.flatnonzero(known & finite & ~within):  # by fractions where it is close
        within[e] = abs(Fraction(float(values[e])) - Fraction(exact[e])) <= Fraction(float(bounds[e]))
    return within
