"""The variance over axes, its mean, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import Formula, again, constant, grown_notes, shortest
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.over_axes import Order, all_of, explain_mean, one_of, shared
from pellucid.explain.question import Question
from pellucid.ops.base import Rows, columns
from pellucid.ops.var import Var

Array = NDArray[Any]


@explains(Var)
def explain_var(question: Question) -> Formula:
    """The mean, the variance, and an input's share of the gradient."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, Var)
    if of == "mean":
        return explain_mean(question, op)
    return _variance(question, op) if of == "output" else _gradient(question, op)


def _variance(question: Question, op: Var) -> Formula:
    (shape,) = question.shapes
    assert shape is not None
    element, numbers = all_of(question, op, question.at)
    around = _means(question, op)
    distance = Enclosed.of(numbers) - Enclosed.of(around)
    m, order = op.divisor(shape), Order.of(question)
    apart = _apart(question, op, element.rows, distance)
    with np.errstate(all="ignore"):
        result = (distance * distance).sum(axis=1, additions=order.additions) / m

    def replay() -> Array:
        squares = (numbers.astype(np.float64) - around) ** 2
        return (order.sum(squares) / np.float64(m)).astype(question.dtype)

    return Formula(
        (Group((apart, apart, _one_over(m))),),
        result.rounded(question.dtype),
        again(replay),
        notes=lambda: [_freedom(op, shape), *order.notes],
    )


def _gradient(question: Question, op: Var) -> Formula:
    (shape,) = question.shapes
    assert shape is not None
    place, at = op.place(question.at, shape), columns(question.at)
    grad = Element(question.operand("grad_output"), place)
    mean = Element(question.operand("mean"), op.place(question.at, shape, keepdim=True))
    own, g, around = (
        one_of(question, element) for element in (Element(question.operand("input"), at), grad, mean)
    )
    m = op.divisor(shape)
    with np.errstate(all="ignore"):
        distance = Enclosed.of(own) - around
        result = Enclosed.of(g) * 2.0 / m * distance
    apart = _apart(question, op, at, distance[:, None])

    def notes() -> Sequence[Note]:
        return [_freedom(op, shape), *grown_notes(question)]

    return shared(
        question,
        (Group((grad, constant("2", 2.0), apart, _one_over(m))),),
        result,
        lambda: g.astype(np.float64) * 2.0 / np.float64(m) * (own.astype(np.float64) - around),
        notes,
    )


def _means(question: Question, op: Var) -> Array:
    """The mean that goes with each variance, (variances, 1)."""
    (shape,) = question.shapes
    assert shape is not None
    given, mean = iter(columns(question.at)), question.operand("mean")
    gone = op.axes(shape)
    rows = tuple(
        np.zeros((1, 1), int) if axis in gone and not op.keepdim else next(given)
        for axis in range(len(shape))
    )
    return np.broadcast_to(Element(mean, rows).gathered()[1], (len(question.at), 1))


def _apart(question: Question, op: Var, rows: Rows, distance: Enclosed) -> Image:
    """input − mean as a factor."""
    (shape,) = question.shapes
    assert shape is not None
    mean = question.operand("mean")

    def address(index: Sequence[int]) -> str:
        return mean.address(int(np.ravel(row)[0]) for row in op.place(np.array([index]), shape, keepdim=True))

    return Image(question.operand("input"), rows, "centred", distance.value.astype(np.float64), address)


def _one_over(m: float) -> Quantity:
    with np.errstate(all="ignore"):
        return Quantity("1/m", np.full((1, 1), 1 / np.float64(m)))


def _freedom(op: Var, shape: tuple[int, ...]) -> Note:
    values = {
        "m": shortest(op.divisor(shape)),
        "count": op.count(shape),
        "correction": shortest(op.correction),
    }
    return "note.freedom", values
