"""What losses have in common: what they are reduced to, and the share of a gradient that each has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
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
from pellucid.explain.ops.parts import Tree
from pellucid.explain.question import Question
from pellucid.ops.base import Array, Rows, choices, columns
from pellucid.ops.loss import Loss


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
    question: Question, count: float, name: str, notes: Callable[[], list[Note]] = list, axis: int = -1
) -> Formula:
    """The sum of recorded losses, their mean, or each of them rounded; the axis is the one that is summed first."""
    op, losses = question.source.op, question.operand("losses")
    assert isinstance(op, Loss)
    if op.reduction == "none":
        each = Element(losses, columns(question.at))
        rounded = again(lambda: each.gathered()[1].astype(question.dtype)[:, 0])
        return Formula((Group((each,)),), read(each).rounded(question.dtype)[:, 0], rounded, notes=notes)
    every, numbers = Element(losses, choices(*losses.array.shape)), np.atleast_1d(losses.array)
    tree = tree_of(question, numbers)
    result = read(every).sum(additions=tree.additions)
    factors = (constant(f"1/{name}", float(over(1.0, count))),) if op.is_mean else ()

    def replayed() -> Array:
        total = tree.sum(
            numbers.reshape(-1) if numbers.ndim < 2 else np.moveaxis(numbers, axis, -1).reshape(-1)
        )
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
