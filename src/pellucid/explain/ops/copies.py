"""Ops that move numbers and change none: reshape, slices, concatenation, …."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pellucid.explain.accounts.account import Element, Filled, Group
from pellucid.explain.accounts.chain import Chain, chain_of
from pellucid.explain.accounts.choice import Choice
from pellucid.explain.accounts.formula import grown_notes
from pellucid.explain.ops.explainers import explains
from pellucid.explain.question import Operand, Question
from pellucid.ops.rearranging import Rearranging


@dataclass(frozen=True, eq=False)
class _Mixed(Element):
    """Elements of several operands: which one each is of says `members`."""

    operands: tuple[Operand, ...]
    members: NDArray[np.int64]

    def gathered(self) -> tuple[NDArray[np.bool_], NDArray[Any]]:
        """As of `Element`."""
        values = np.empty((len(self.members), 1), self.operand.array.dtype)
        for number, operand in enumerate(self.operands):
            mine = self.members == number
            values[mine] = operand.array[tuple(row[mine] for row in self.rows)]
        return np.broadcast_to(np.True_, values.shape), values


@explains(Rearranging)
def explain_copy(question: Question) -> Chain | Choice:
    """Elements of a rearranged array, and of its gradients: copies, unless there is something to add to.

    The gradient of an element that went nowhere is 0, or what it had grown to before.
    """
    op, of = question.source.op, question.source.of
    assert isinstance(op, Rearranging)
    if of == "output":
        return _copied(_origin(question, op), "note.copy")
    terms = op.terms(of, question.at, *question.shapes)
    assert terms.present is not None
    ((name, rows),) = terms.factors
    if question.base is not None or not rows:
        return chain_of(question, terms, notes=lambda: grown_notes(question))
    return _copied(
        Filled(question.operand(name), rows, 0.0), "note.copy" if terms.present[0, 0] else "note.unread"
    )


def _copied(source: Element, note: str) -> Choice:
    first = np.zeros(source.shape[0], np.int64)
    return Choice((Group((source,)),), first, notes=lambda: [(note, {})])


def _origin(question: Question, op: Rearranging) -> Element:
    members, rows = op.origins(question.at, *question.shapes)
    rows = tuple(row[:, None] for row in rows)
    names = op.names(len(question.shapes))
    if (members == members[0]).all():
        return Element(question.operand(names[members[0]]), rows)
    operands = tuple(map(question.operand, names))
    return _Mixed(operands[0], rows, operands, members)
