"""The p-norm over axes: the length, what does not fall below the least, and a number's share of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed, normal, where
from pellucid.explain.accounts.formula import Formula, again, grown_notes, shortest
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.over_axes import Order, all_of, one_of, shared
from pellucid.explain.question import Question
from pellucid.functions import arrays
from pellucid.ops.base import columns
from pellucid.ops.vector_norm import VectorNorm

Array = NDArray[Any]


@explains(VectorNorm)
def explain_norm(question: Question) -> Formula:
    """The length, the output, and an input's share of the gradient."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, VectorNorm)
    if of == "length":
        return _length(question, op)
    return _output(question, op) if of == "output" else _share(question, op)


def _length(question: Question, op: VectorNorm) -> Formula:
    element, numbers = all_of(question, op, question.at)
    order = Order.of(question)
    powers = _power(abs(numbers), op.p)
    result = powers.sum(axis=1, additions=order.additions).power(1 / op.p)
    size = Image(element.operand, element.rows, f"power {shortest(op.p)}", powers.value.astype(np.float64))
    terms = Group((element, element) if op.p == 2 else (size,))

    def replay() -> Array:
        made = arrays.raised(abs(numbers.astype(np.float64)), op.p)
        return arrays.raised(order.sum(made), 1 / op.p).astype(question.dtype)

    return Formula((terms,), result, again(replay), root=op.p, notes=lambda: order.notes)


def _output(question: Question, op: VectorNorm) -> Formula:
    (shape,) = question.shapes
    assert shape is not None
    gone, rows = op.axes(shape), iter(columns(question.at))
    at = tuple(
        next(rows) if op.keepdim or axis not in gone else np.zeros((1, 1), int) for axis in range(len(shape))
    )
    length = Element(question.operand("length"), at)
    numbers = one_of(question, length)
    short = (numbers < op.least)[:, None]
    least = Group((Quantity("least", np.full((1, 1), op.least)),), short)
    terms = (Group((length,), ~short), least) if op.least else (Group((length,)),)
    result = where(short[:, 0], op.least, Enclosed.of(numbers)).rounded(question.dtype)
    replay = again(lambda: np.where(short[:, 0], op.least, numbers).astype(question.dtype))
    notes: list[Note] = (
        [("note.least", {"least": shortest(op.least), "length": str(numbers[0])})] if op.least else []
    )
    return Formula(terms, result, replay, notes=lambda: notes)


def _share(question: Question, op: VectorNorm) -> Formula:
    (shape,) = question.shapes
    assert shape is not None
    grad = Element(question.operand("grad_output"), op.place(question.at, shape))
    length = Element(question.operand("length"), op.place(question.at, shape, keepdim=True))
    x = Element(question.operand("input"), columns(question.at))
    g, size, own = (one_of(question, element) for element in (grad, length, x))
    there = (size != 0) & ~((size < op.least) & (not op.follows))
    with np.errstate(all="ignore"):
        slope = _power(abs(own), op.p - 1) * np.where(np.signbit(own), -1.0, 1.0)
        below = Enclosed.of(size).power(op.p - 1)
        result = where(there & (normal(own) != 0), Enclosed.of(g) / below * slope, 0.0)
        inverse = np.where(size == 0, 0.0, (1.0 / below).value).astype(np.float64)
    over = Quantity("1/length" if op.p == 2 else "1/lengthᵖ⁻¹", inverse[:, None])
    mask = Quantity("mask", there.astype(np.float64)[:, None])
    image = x if op.p == 2 else Image(x.operand, x.rows, "slope", slope.value.astype(np.float64)[:, None])

    def replay() -> Array:
        shares = op.shares(g.astype(np.float64), size)
        return np.where(own == 0, 0.0, shares * op.slope(own.astype(np.float64)))

    def notes() -> Sequence[Note]:
        values = {"length": str(size[0]), "mask": str(int(there[0]))}
        return [("note.length", values), *grown_notes(question)]

    return shared(question, (Group((grad, mask, image, over)),), result, replay, notes)


def _power(sizes: Array, p: float) -> Enclosed:
    """Powers of absolute values, of which denormal ones count as 0 or as they are."""
    return Enclosed.of(sizes).power(p)
