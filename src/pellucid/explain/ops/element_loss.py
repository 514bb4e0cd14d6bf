"""Losses of elements: the definition's own text, carried out once more on enclosures and with the engine's arithmetic.

    losses     = f(input, target)             one term: f's number
    grad_input = slope·grad_output/m          one term, after what the gradient had grown to before

A factor is called by what the formula says of it, with the addresses of the numbers that it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pellucid.explain.accounts.account import Element, Group, Note, Quantity
from pellucid.explain.accounts.enclosed import Enclosed
from pellucid.explain.accounts.enclosures import Enclosures
from pellucid.explain.accounts.formula import Formula, again, defined, first_of, grown_notes, read
from pellucid.explain.ops.curve import settings
from pellucid.explain.ops.explainers import explains
from pellucid.explain.ops.loss import factor_of, gradient_of, reduced_losses, share_of
from pellucid.explain.question import Question
from pellucid.ops.base import Array, Rows, columns
from pellucid.ops.element_loss import ElementLoss

_NAMES = re.compile(r"(?<![\w.])(input|target|weight|pos_weight)(?![\w.])")


@explains(ElementLoss)
def explain_element_loss(question: Question) -> Formula:
    """What losses come to, the losses, or elements of the gradients."""
    op, of = question.source.op, question.source.of
    assert isinstance(op, ElementLoss)
    if of == "output" and op.is_reduced:
        shape = question.operand("losses").array.shape
        return reduced_losses(question, float(op.divisor(shape)), _divisor(op), axis=1)
    return _gradient(question, op) if of.startswith("grad_") else _loss(question, op)


@dataclass(frozen=True, eq=False)
class _Read:
    """The operands of some elements, None where 1 stands for a weight."""

    question: Question
    op: ElementLoss
    elements: Sequence[Element | None]

    @classmethod
    def of(cls, question: Question, op: ElementLoss) -> _Read:
        rows, found = columns(question.at), list[Element | None]()
        for name in op.arguments:
            operand = question.operand(name) if name in question.has else None
            found.append(None if operand is None else Element(operand, _met(rows, operand.array.shape)))
        return cls(question, op, found)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """The network's float type."""
        return self.question.operand("input").array.dtype

    def enclosed(self, of: str) -> Enclosed:
        """A loss or a slope of each element, (elements, 1)."""
        a = Enclosures(8 * self.dtype.itemsize)
        numbers = [Enclosed(1.0) if one is None else read(one) for one in self.elements]
        found = Enclosed.of(self.op.made(of, a, *numbers))
        shape = (len(self.question.at), 1)
        return Enclosed(np.broadcast_to(found.value, shape), np.broadcast_to(found.radius, shape))

    def again(self, of: str) -> Array:
        """The same with the engine's arithmetic."""
        numbers = [None if one is None else one.gathered()[1] for one in self.elements]
        return self.op.exact(of, *numbers)

    def called(self, formula: str) -> str:
        """A part of the formula with addresses of the first element in the place of operands."""
        addresses = {
            name: first_of(one)["address"]
            for name, one in zip(self.op.arguments, self.elements, strict=True)
            if one is not None
        }
        return _NAMES.sub(lambda name: addresses.get(name[1], name[1]), formula)

    def notes(self, *equations: str) -> list[Note]:
        """What names in the formula stand for."""
        numbers = ["{address} = {value}".format(**first_of(one)) for one in self.elements if one is not None]
        of, notation = self.question.source.of, self.op.notation
        said = notation.get("grad_input" if of.startswith("grad_") else "losses", "")
        return [defined(said, *settings(self.op, self.dtype), *numbers, *equations)]


def _loss(question: Question, op: ElementLoss) -> Formula:
    """The loss of elements, rounded where it is the output."""
    found = _Read.of(question, op)
    result = found.enclosed("losses")
    term = Quantity(found.called(question.formula.partition(" = ")[2]), result.value.astype(np.float64))
    rounded = result.rounded(question.dtype) if question.source.of == "output" else result
    replay = again(lambda: found.again("losses").astype(question.dtype)[:, 0])
    return Formula((Group((term,)),), rounded[:, 0], replay, notes=found.notes)


def _gradient(question: Question, op: ElementLoss) -> Formula:
    """The slope, as often as the gradient of its loss says."""
    found, of = _Read.of(question, op), question.source.of.replace("grad_", "slope_")
    count, name = float(op.divisor(question.operand("input").array.shape)), _divisor(op)
    place = columns(question.at)
    share, factors = share_of(question, count, name, place)
    slope = found.enclosed(of)
    said = op.formula(question.source.of, question.has).partition(" = ")[2]
    said = said.removeprefix("grad_output·").removesuffix(f"/{name}" if op.is_mean else "")
    term = Group((Quantity(found.called(said), slope.value.astype(np.float64)), *factors))

    def replay() -> Array:
        return np.asarray(found.again(of) * factor_of(question, count, place))

    def notes() -> list[Note]:
        counted = (f"{name} = {int(count)}",) if op.is_mean else ()
        return [*grown_notes(question), *found.notes(*counted)]

    return replace(gradient_of(question, slope * share, (term,), replay), notes=notes)


def _divisor(op: ElementLoss) -> str:
    """What formulas call what a mean is divided by."""
    return "N" if op.reduction == "batchmean" else "m"


def _met(rows: Rows, shape: tuple[int, ...]) -> Rows:
    """Where the numbers of an operand of this shape stand that elements read."""
    own = rows[len(rows) - len(shape) :]
    return tuple(row if size > 1 else np.zeros_like(row) for row, size in zip(own, shape, strict=True))
