"""The mean squared error, and what losses have in common.

Formulas: `ops/mse_loss.py`; the arithmetic, all of it in float64: `kernels/loops/loss.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Image, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.formula import (
    Formula,
    again,
    constant,
    grown,
    grown_notes,
    grown_replay,
    grown_terms,
    read,
)
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.parts import Tree
from pellucid.explain.question import Operand, Question
from pellucid.ops.base import Array, Rows, choices, columns
from pellucid.ops.loss import Loss
from pellucid.ops.mse_loss import MSELoss


@explains(MSELoss)
def explain_mse_loss(question: Question) -> Formula:
    """The mean squared error, or elements of its gradients."""
    input, target = question.operand("input"), question.operand("target")
    if question.source.of == "output":
        return _mean_squared(question, input, target)
    count = max(input.array.size, 1)
    sign = 2.0 if question.source.of == "grad_input" else -2.0
    share, factors = share_of(question, count, "m")
    rows = columns(question.at)
    result = sign * _difference(input, target, rows) * share
    twice = constant("2", 2.0), constant("−2", -2.0)
    plus, minus = twice if sign > 0 else twice[::-1]
    parts = Group((plus, Element(input, rows), *factors)), Group((minus, Element(target, rows), *factors))

    def replay() -> Array:
        a, b = (Element(operand, rows).gathered()[1].astype(np.float64) for operand in (input, target))
        return np.asarray(sign * (a - b) * factor_of(question, count))

    return gradient_of(question, result, parts, replay)


def _mean_squared(question: Question, input: Operand, target: Operand) -> Formula:
    rows, size, tree = choices(*input.array.shape), input.array.size, tree_of(question, input.array)
    difference = _difference(input, target, rows)
    off = Image(input, rows, "error", difference.value.astype(np.float64), target.address)
    terms = Group((off, off, constant("1/m", 1 / max(size, 1))))
    result = ((difference * difference).sum(additions=tree.additions) / size)[None].rounded(question.dtype)

    def replayed() -> NDArray[Any]:
        a, b = (np.moveaxis(x.array.astype(np.float64), 1, -1).reshape(-1) for x in (input, target))
        return (tree.sum((a - b) * (a - b)) / size).astype(question.dtype)

    return Formula((terms,), result, again(replayed), notes=lambda: [tree.note])


def _difference(input: Operand, target: Operand, rows: tuple[NDArray[np.int64], ...]) -> Enclosed:
    return read(Element(input, rows)) - read(Element(target, rows))


def tree_of(question: Question, array: NDArray[Any]) -> Tree:
    """The parts of a sum over an array's numbers, image by image."""
    return Tree.of(question, len(array), array.size // max(1, len(array)))


def share_of(
    question: Question, count: float, name: str, rows: Rows = ()
) -> tuple[Enclosed, tuple[Element | Quantity, ...]]:
    """What slopes are multiplied by, and its factors: the gradient of the loss, over the count where it is a mean.

    Args:
        question: about elements of a gradient.
        count: what a mean is divided by.
        name: what formulas call it.
        rows: where the gradient stands that belongs to each element, where nothing is reduced.
    """
    op, factors = question.source.op, tuple[Element | Quantity, ...]()
    assert isinstance(op, Loss)
    share = Enclosed(1.0)
    if "grad_output" in question.has:
        grad = Element(question.operand("grad_output"), rows if op.reduction == "none" else ())
        share, factors = read(grad), (grad,)
    if not op.is_mean:
        return share, factors
    return share / count, (*factors, constant(f"1/{name}", over(1.0, count)))


def factor_of(question: Question, count: float, rows: Rows = ()) -> Any:
    """The same as the engine has it, in float64."""
    op = question.source.op
    assert isinstance(op, Loss)
    grad: Any = np.float64(1.0)
    if "grad_output" in question.has:
        numbers = question.operand("grad_output").array.astype(np.float64)
        grad = numbers[rows] if op.reduction == "none" else numbers
    return over(grad, count) if op.is_mean else grad


def reduced_losses(
    question: Question, count: float, name: str, notes: Callable[[], list[Note]] = list
) -> Formula:
    """The sum of recorded losses, their mean, or each of them rounded."""
    op, losses = question.source.op, question.operand("losses")
    assert isinstance(op, Loss)
    if op.reduction == "none":
        each = Element(losses, columns(question.at))
        rounded = again(lambda: each.gathered()[1].astype(question.dtype)[:, 0])
        return Formula((Group((each,)),), read(each).rounded(question.dtype)[:, 0], rounded, notes=notes)
    every, tree = Element(losses, choices(*losses.array.shape)), tree_of(question, losses.array)
    result = read(every).sum(additions=tree.additions)
    factors = (constant(f"1/{name}", float(over(1.0, count))),) if op.is_mean else ()

    def replayed() -> Array:
        total = tree.sum(losses.array.reshape(-1))
        return np.asarray(over(total, count) if op.is_mean else total, question.dtype)

    whole = (result / count if op.is_mean else result)[None].rounded(question.dtype)
    return Formula((Group((every, *factors)),), whole, again(replayed), notes=lambda: [*notes(), tree.note])


def over(number: Any, count: Any) -> Any:
    """A quotient as IEEE arithmetic has it; where nothing counts it is not finite."""
    with np.errstate(all="ignore"):
        return np.float64(number) / np.float64(count)


def gradient_of(
    question: Question, result: Enclosed, terms: tuple[Group, ...], replay: Callable[[], Array]
) -> Formula:
    """Elements of a loss's gradient; numbers are (elements, 1)."""
    return Formula(
        (*grown_terms(question), *terms),
        grown(question, result.rounded(question.dtype)[:, 0]),
        again(lambda: grown_replay(question, replay().astype(question.dtype)[:, 0])),
        notes=lambda: grown_notes(question),
    )
