"""Sums and means over axes, and each number's share of their gradients.

The order of sums: `ops/over_axes.py`; float64, rounded once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid import batch
from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.enclosed import WIDE, Enclosed, normal
from pellucid.explain.accounts.formula import Formula, again, before, grown_notes, grown_terms
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import edges_of, in_order
from pellucid.explain.question import Question
from pellucid.functions.sums import LANES
from pellucid.ops.mean import Mean
from pellucid.ops.over_axes import OverAxes
from pellucid.ops.sum import Sum
from pellucid.sizes import size_of

Array = NDArray[Any]


@dataclass(frozen=True)
class Order:
    """In which order the terms of a sum over axes are added.

    Attributes:
        edges: where the parts of the batch begin, in terms, and the end of the last one.
        run: how many terms are spread over lanes together; 0 where there are no lanes.
    """

    edges: Sequence[int]
    run: int

    @classmethod
    def of(cls, question: Question) -> Order:
        """That of the sums that made some numbers."""
        op, shape = question.source.op, question.shapes[0]
        assert isinstance(op, OverAxes)
        assert shape is not None
        count, lanes = op.count(shape), op.lanes(shape)
        edges = edges_of(question, shape[0], count // max(1, shape[0])) if shape else None
        return cls(
            [0, count] if edges is None else edges, size_of([shape[axis] for axis in lanes]) if lanes else 0
        )

    @property
    def additions(self) -> int:
        """The most that a term meets."""
        longest, levels = int(max(np.diff(self.edges))), batch.depth(len(self.edges) - 1)
        if self.run:
            longest = longest // self.run * -(-self.run // LANES) + 4
        return longest + levels

    def sum(self, terms: Array) -> Array:
        """Σ of each row of float64 terms, (elements, terms)."""
        return batch.added([self._part(terms[:, start:stop]) for start, stop in pairwise(self.edges)], np.add)

    def _part(self, terms: Array) -> Array:
        if not self.run:
            return in_order(terms)[:, 0]
        rows = terms.reshape(len(terms), -1, self.run)
        rows = np.pad(rows, ((0, 0), (0, 0), (0, -self.run % LANES)))  # no lane notices zeros
        lanes = in_order(rows.reshape(len(terms), -1, LANES).swapaxes(1, 2))[..., 0]
        while lanes.shape[1] > 1:
            half = lanes.shape[1] // 2
            lanes = lanes[:, :half] + lanes[:, half:]
        return lanes[:, 0]

    @property
    def notes(self) -> list[Note]:
        """The same in words."""
        parts, size = len(self.edges) - 1, int(max(np.diff(self.edges)))
        key = "note.order_of_additions_in_parts" if parts > 1 else "note.order_of_additions"
        values = {"start": "0", "order": ("order.repeated", {}), "parts": parts, "size": size}
        return [(key, values), *([("note.rows_in_lanes", {"run": self.run})] if self.run else [])]


@explains(Sum)
def explain_sum(question: Question) -> Chain | Choice | Formula:
    """Sums and means, and their gradients."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Sum)
    terms = op.terms(of, question.at, *question.shapes)
    if isinstance(op, Mean):
        return explain_mean(question, op) if of == "output" else _share(question, op)
    if of == "output":
        return _sum(question, op)
    if question.base is not None:
        return chain_of(question, terms, notes=lambda: grown_notes(question))
    ((name, rows),) = terms.factors
    copied = Element(question.operand(name), rows)
    return Choice(
        (Group((copied,)),), np.zeros(len(question.at), np.int64), notes=lambda: [("note.copy", {})]
    )


def _sum(question: Question, op: Sum) -> Chain:
    element, numbers = all_of(question, op, question.at)
    order = Order.of(question)
    with np.errstate(all="ignore"):
        size = abs(numbers.astype(WIDE)).sum(axis=1)
        most = order.additions * WIDE(2.0) ** -53
        lost = (abs(numbers) * (normal(numbers) == 0)).astype(WIDE).sum(axis=1)
        radius = most / (1 - most) * size * (1 + WIDE(2.0) ** -40) + lost
        if question.dtype != np.float64:
            radius = Enclosed(numbers.astype(WIDE).sum(axis=1), radius).rounded(question.dtype).radius
    bound = np.nextafter(radius.astype(np.float64), np.inf)
    replay = again(lambda: order.sum(numbers.astype(np.float64)).astype(question.dtype))
    return Chain((Group((element,)),), bound=bound, replay=replay, notes=lambda: order.notes)


def explain_mean(question: Question, op: OverAxes) -> Formula:
    """A mean: of a sum's op, or on the way to a variance."""
    (shape,) = question.shapes
    assert shape is not None
    count, order = np.float64(op.count(shape)), Order.of(question)
    element, numbers = all_of(question, op, question.at)
    with np.errstate(all="ignore"):
        result = Enclosed.of(numbers).sum(axis=1, additions=order.additions) / count
        share = Quantity("1/size", np.full((1, 1), 1 / count))
    replay = again(lambda: (order.sum(numbers.astype(np.float64)) / count).astype(question.dtype))
    return Formula(
        (Group((element, share)),), result.rounded(question.dtype), replay, notes=lambda: order.notes
    )


def _share(question: Question, op: Mean) -> Formula:
    (shape,) = question.shapes
    assert shape is not None
    count = np.float64(op.count(shape))
    element = Element(question.operand("grad_output"), op.place(question.at, shape))
    grad = one_of(question, element)
    with np.errstate(all="ignore"):
        result = Enclosed.of(grad) / count
        share = Quantity("1/size", np.full((1, 1), 1 / count))
    notes = partial(grown_notes, question)
    return shared(
        question, (Group((element, share)),), result, lambda: grad.astype(np.float64) / count, notes
    )


def shared(
    question: Question,
    terms: tuple[Group, ...],
    result: Enclosed,
    replay: Callable[[], Array],
    notes: Callable[[], Sequence[Note]],
) -> Formula:
    """A number's share of a gradient, to which is added, before it is rounded, what there was."""
    base = question.base

    def again_() -> Array:
        made = replay()
        return (made if base is None else before(question).astype(np.float64) + made).astype(question.dtype)

    if base is not None:
        result = Enclosed.of(before(question)) + result
    return Formula(
        (*grown_terms(question), *terms),
        result.rounded(question.dtype),
        again(again_),
        notes=notes,
    )


def all_of(question: Question, op: OverAxes, at: NDArray[np.int64]) -> tuple[Element, Array]:
    """What outputs are made of, (outputs, terms)."""
    (shape,) = question.shapes
    assert shape is not None
    element = Element(question.operand("input"), op.met_by(at, shape))
    return element, np.broadcast_to(element.gathered()[1], (len(at), op.count(shape)))


def one_of(question: Question, element: Element) -> Array:
    """One number for each of the elements."""
    return np.broadcast_to(element.gathered()[1], (len(question.at), 1))[:, 0]
